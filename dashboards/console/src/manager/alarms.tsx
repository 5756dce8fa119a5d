// SPDX-License-Identifier: Apache-2.0
import type { LiveTable } from '../live/messages';
import { Shape } from '../parts/shape';
import { ranked } from '../today/tally';
import type { Today } from '../today/read';
import type { Priority } from '../types';
import { t } from '../words';
import { classWord } from '../words/terms';
import { managerWord } from './words';

const PRIORITIES: Priority[] = ['emergency', 'urgent', 'high', 'low'];

/** What is open now, and what was raised today. */
export function AlarmCounts({ table, today }: { table: LiveTable; today: Today | null }) {
  return (
    <>
      <table class="counts-table">
        <thead>
          <tr>
            <th scope="col">{managerWord('alarms.priority')}</th>
            <th scope="col">{managerWord('alarms.open')}</th>
            <th scope="col">{managerWord('alarms.unacked')}</th>
            <th scope="col">{managerWord('alarms.raised')}</th>
          </tr>
        </thead>
        <tbody>
          {PRIORITIES.map((priority) => {
            // As the counts of the day: what a test has raised is nobody's emergency.
            const open = table.alarms.filter((alarm) => alarm.priority === priority && !alarm.state.test);
            return (
              <tr key={priority} data-priority={priority}>
                <th scope="row">
                  <Shape priority={open.length > 0 ? priority : 'journal'} /> {t(`priority.${priority}`)}
                </th>
                <td>{open.length}</td>
                <td>{open.filter((alarm) => !alarm.state.acked).length}</td>
                <td>{today === null ? '…' : (today.tally.priorities.get(priority) ?? 0)}</td>
              </tr>
            );
          })}
        </tbody>
      </table>
      {table.aside.length > 0 && <p>{managerWord('alarms.aside', { count: table.aside.length })}</p>}
    </>
  );
}

export function Causes({ today }: { today: Today | null }) {
  if (today === null) return <p class="muted">{managerWord('alarms.reading')}</p>;
  const rows = ranked(today.tally.alarms);
  return (
    <>
      {rows.length === 0 ? (
        <p class="muted">{managerWord('alarms.none')}</p>
      ) : (
        <table class="counts-table">
          <thead>
            <tr>
              <th scope="col">{managerWord('alarms.cause')}</th>
              <th scope="col">{managerWord('alarms.count')}</th>
            </tr>
          </thead>
          <tbody>
            {rows.map(([name, count]) => (
              <tr key={name} data-class={name}>
                <th scope="row">{classWord(name)}</th>
                <td>{count}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
      <p>{managerWord('alarms.acknowledged', { count: today.tally.acknowledged })}</p>
      <p>{managerWord('alarms.false', { count: today.tally.falseAlarms })}</p>
      {today.isCut && <p class="muted">{managerWord('alarms.cut')}</p>}
    </>
  );
}
