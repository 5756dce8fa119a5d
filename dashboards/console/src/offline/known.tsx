// SPDX-License-Identifier: Apache-2.0
import { Shape, Unknown } from '../parts/shape';
import { saidOf, What } from '../parts/what';
import { signalOf, whoGoes } from '../rooms/who';
import type { Alarm } from '../types';
import { clockTime, span, t, tAny } from '../words';
import type { Known } from './snapshot';

function Row({ alarm, zone }: { alarm: Alarm; zone: string }) {
  const since = alarm.raised === null ? '' : t('card.raised', { time: clockTime(Date.parse(alarm.raised), zone) });
  return (
    <li>
      <Shape priority={alarm.priority} />{' '}
      <strong>
        <What {...saidOf(alarm)} />
      </strong>{' '}
      {since} {signalOf(alarm)} – {whoGoes(alarm)}
    </li>
  );
}

/** What was known when there last was contact. To be read, not to be worked with. */
export function LastKnown({ known, ageMs }: { known: Known; ageMs: number }) {
  return (
    <section class="last-known" aria-label={t('known.title')}>
      <p class="age">{t('known.age', { age: span(ageMs) })}</p>
      {known.alarms.length === 0 && <p>{t('known.none')}</p>}
      <ul>
        {known.alarms.map((alarm) => (
          <Row key={alarm.alarm} alarm={alarm} zone={known.site.timezone} />
        ))}
        {known.aside.map((alarm) => (
          <li key={alarm.alarm}>
            <Unknown /> <What {...saidOf(alarm)} /> {tAny(`suppression.${alarm.state.suppression}`) ?? alarm.state.suppression}
          </li>
        ))}
      </ul>
    </section>
  );
}
