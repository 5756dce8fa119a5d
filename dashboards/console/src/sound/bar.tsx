// SPDX-License-Identifier: Apache-2.0
import { t } from '../words';
import { SILENCE_S, siren } from './siren';

/** Says when the sound is off, and silences it. */
export function SoundBar() {
  const left = siren.silentS();
  if (siren.isBlocked()) {
    return (
      <button class="sound-blocked" onClick={siren.allow}>
        {t('sound.blocked')}
      </button>
    );
  }
  if (!siren.sounds()) return null;
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
