// SPDX-License-Identifier: Apache-2.0
import { logWordOf } from '../log/words';
import { useToday } from '../today/use';
import { ranked } from '../today/tally';
import { classWord } from '../words/terms';
import { deskWord } from './words';

/** So many kinds are named; the others are counted together. */
const KINDS_MAX = 8;

/** What happened today, by class; the most frequent first. */
export function Bulletin() {
  const today = useToday();
  if (today === null) return <p class="muted">{deskWord('today.reading')}</p>;
  const rows = [
    ...ranked(today.tally.alarms).map(([name, count]) => [classWord(name), count] as const),
    ...ranked(today.tally.events).map(([type, count]) => [logWordOf(`event.${type}`) ?? type, count] as const),
  ];
  if (rows.length === 0) return <p class="muted">{deskWord('today.none')}</p>;
  const others = rows.slice(KINDS_MAX).reduce((sum, [, count]) => sum + count, 0);
  if (others > 0) rows.splice(KINDS_MAX, rows.length, [deskWord('today.others'), others]);
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
