// SPDX-License-Identifier: Apache-2.0
import { useRef, useState } from 'preact/hooks';
import { command } from '../api';
import { ProblemLine } from '../parts/problem';
import { siren } from '../sound/siren';
import type { Alarm, Role } from '../types';
import { t } from '../words';
import { Chips } from './chips';
import { ConfirmButton } from './confirm';
import { DISPOSITIONS, FALSE_ALARMS, stepsOf, type Disposition } from './steps';

type Question = 'close' | 'false' | 'silence' | null;

/**
 * May it sound in the building? Nothing less grave has a sounder. Which of these have one only the server knows, so the
 * words promise none.
 */
const maySound = ({ priority, state }: Alarm): boolean => priority === 'emergency' && state.open && !state.test;

/** The buttons of a card. Nothing is shown as done until the server says so. */
export function Actions({ alarm, role }: { alarm: Alarm; role: Role }) {
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<string | null>(null);
  const [question, setQuestion] = useState<Question>(null);
  const steps = stepsOf(alarm, role);
  const place = useRef<HTMLDivElement>(null);

  const send = async (verb: string, body: object = {}) => {
    siren.allow();
    // The button goes away with what it did; whoever works by the keyboard stays with the alarm.
    place.current?.closest<HTMLElement>('[data-alarm]')?.focus();
    setBusy(true);
    setProblem(null);
    setQuestion(null);
    try {
      await command(alarm.alarm, verb, body);
    } catch (reason) {
      setProblem((reason as Error).message);
    } finally {
      setBusy(false);
    }
  };
  const close = (disposition: Disposition) => send('reset', { disposition });
  const markFalse = (disposition: Disposition) => send('disposition', { disposition });

  return (
    <div class="actions" aria-busy={busy} ref={place}>
      <ProblemLine text={problem} />
      {steps.includes('acknowledge') && (
        <ConfirmButton disabled={busy} onConfirm={() => send('acknowledge')}>
          {t('card.going_button')}
        </ConfirmButton>
      )}
      {steps.includes('attend') && (
        <button class="primary" data-action="attend" disabled={busy} onClick={() => send('attend')}>
          {t('card.attend')}
        </button>
      )}
      {steps.includes('investigate') && (
        <div class="pair">
          <button data-action="real" disabled={busy} onClick={() => send('investigate', { result: 'real' })}>
            {t('card.real_fire')}
          </button>
          <button data-action="no-fire" disabled={busy} onClick={() => send('investigate', { result: 'false' })}>
            {t('card.no_fire')}
          </button>
        </div>
      )}
      {question === null && (
        <div class="pair">
          {steps.includes('reset') && (
            <button data-action="close" disabled={busy} onClick={() => setQuestion('close')}>
              {t('card.close')}
            </button>
          )}
          {steps.includes('disposition') && (
            <button data-action="false" disabled={busy} onClick={() => setQuestion('false')}>
              {t('card.false')}
            </button>
          )}
          {maySound(alarm) && !alarm.state.silenced && (
            <button data-action="silence" disabled={busy} onClick={() => setQuestion('silence')}>
              {t('card.silence')}
            </button>
          )}
        </div>
      )}
      {question === 'close' && (
        <Chips title={t('card.what')} choices={DISPOSITIONS} onChoose={close} onCancel={() => setQuestion(null)} />
      )}
      {question === 'false' && (
        <Chips title={t('card.false')} choices={FALSE_ALARMS} onChoose={markFalse} onCancel={() => setQuestion(null)} />
      )}
      {question === 'silence' && (
        <div class="chips" role="group" aria-label={t('card.silence')}>
          <p>{t('card.silence_about')}</p>
          <button data-action="silence-now" onClick={() => send('silence')}>
            {t('card.silence')}
          </button>
          <button class="quiet" onClick={() => setQuestion(null)}>
            {t('card.cancel')}
          </button>
        </div>
      )}
      {alarm.state.silenced && <p class="muted">{t('card.silenced')}</p>}
      {busy && <p class="muted">{t('card.sent')}</p>}
    </div>
  );
}
