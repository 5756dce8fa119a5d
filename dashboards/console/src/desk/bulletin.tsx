// SPDX-License-Identifier: Apache-2.0
import { useToday } from '../today/use';
import { ranked } from '../today/tally';
import { tAny } from '../words';
import { classWord } from '../words/terms';
import { deskWord } from './words';

/** What happened today, by class; the most frequent first. */
export function Bulletin() {
  const today = useToday();
  if (today === null) return <p class="muted">{deskWord('today.reading')}</p>;
  const rows = [
    ...ranked(today.tally.alarms).map(([name, count]) => [classWord(name), count] as const),
    ...ranked(today.tally.events).map(([type, count]) => [tAny(`event.${type}`) ?? type, count] as const),
  ];
  if (rows.length === 0) return <p class="muted">{deskWord('today.none')}</p>;
  return (
    <ul class="tiles counts">
      {rows.map(([name, count]) => (
        <li key={name} class="tile">
          {name} {today.isCut && deskWord('today.cut')} <strong>{count}</strong>
        </li>
      ))}
    </ul>
  );
}
