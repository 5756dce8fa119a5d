// SPDX-License-Identifier: Apache-2.0
import { t } from '../words';
import { SILENCE_S, siren } from './siren';

/** Says whether the sound is on, and silences it. It is always there: what comes and goes would move the buttons below. */
export function SoundBar() {
  const left = siren.silentS();
  if (siren.isBlocked()) {
    return (
      <p class="sound-bar">
        <button class="sound-blocked" onClick={siren.allow}>
          {t('sound.blocked')}
        </button>
      </p>
    );
  }
  if (!siren.sounds()) return <p class="sound-bar muted">{t('sound.ready')}</p>;
  return left > 0 ? (
    <p class="sound-bar">
      {t('sound.silenced', { count: left })}
      <button onClick={() => siren.unsilence()}>{t('sound.on')}</button>
    </p>
  ) : (
    <p class="sound-bar">
      <button onClick={() => siren.silence()}>{t('sound.silence', { count: SILENCE_S })}</button>
    </p>
  );
}
