// SPDX-License-Identifier: Apache-2.0
// The manager's view: how many people are where, and how many alarms there are and were.
import { link } from '../live/link';
import { ReachLine } from '../reach/line';
import { useToday } from '../today/use';
import { t } from '../words';
import { AlarmCounts, Causes } from './alarms';
import './manager.css';
import { People } from './people';
import { managerWord } from './words';

export function ManagerPage() {
  const today = useToday();
  const table = link.table;
  if (table === null) return <p>{t('app.loading')}</p>;
  return (
    <>
      <h1>{managerWord('manager.title')}</h1>
      <ReachLine />
      <div class="manager">
        <section>
          <h2>{managerWord('people.title')}</h2>
          <People places={table.places} />
        </section>
        <section>
          <h2>{managerWord('alarms.now')}</h2>
          <AlarmCounts table={table} today={today} />
        </section>
        <section>
          <h2>{managerWord('alarms.today')}</h2>
          <Causes today={today} />
        </section>
      </div>
    </>
  );
}
