// SPDX-License-Identifier: Apache-2.0
// The places under test, from where nobody is called: which they are, until when, and by whom; one more, and an end. Where
// fires are looked for it takes two people: the server says so, and the second one signs beside the first.
import { useState } from 'preact/hooks';
import { acts, api, segments } from '../api';
import { nameOf } from '../live/alarms';
import { link } from '../live/link';
import type { LiveTable } from '../live/messages';
import { ProblemLine } from '../parts/problem';
import { namesOf, whereOf } from '../parts/where';
import type { Person, Test } from '../types';
import { clockTime, listed } from '../words';
import { AsideForm, refusalOf, wantsSecond } from './aside';
import { engineerWord } from './words';

const command = (place: string, verb: 'test-begin' | 'test-end', body: object = {}): Promise<void> =>
  api('POST', `/api/v1/places/${segments(place)}/${verb}`, body);

const rowOf = (test: Test, timezone: string): string =>
  engineerWord('test.row', {
    place: whereOf(test),
    time: clockTime(Date.parse(test.until), timezone),
    by: nameOf(test.by) ?? '',
  });

/** So many are named in one line. */
const NAMED_MAX = 3;

/** Where nobody can press anything. */
export function TestsLine({ table }: { table: LiveTable }) {
  if (table.tests.length === 0) return null;
  const rows = listed(table.tests.slice(0, NAMED_MAX).map((test) => rowOf(test, table.site.timezone)));
  const count = table.tests.length - NAMED_MAX;
  const said = count > 0 ? engineerWord('test.more', { rows, count }) : rows;
  return <p class="tests tests-line">{engineerWord('test.line', { rows: said })}</p>;
}

function TestRow({ test, mayAct }: { test: Test; mayAct: boolean }) {
  const [isBusy, setBusy] = useState(false);
  const [problem, setProblem] = useState<string | null>(null);
  const end = async () => {
    setBusy(true);
    setProblem(null);
    try {
      await command(test.place, 'test-end');
    } catch (reason) {
      setProblem((reason as Error).message);
    } finally {
      setBusy(false);
    }
  };
  return (
    <li data-test={test.place}>
      {rowOf(test, link.table?.site.timezone ?? 'UTC')}{' '}
      {mayAct && (
        <button data-action="test-end" disabled={isBusy} onClick={() => void end()}>
          {engineerWord('test.end')}
        </button>
      )}
      <ProblemLine text={problem} />
    </li>
  );
}

export function TestRows({ table, person }: { table: LiveTable; person: Person }) {
  if (table.tests.length === 0) return null;
  return (
    <section class="tests">
      <h2>{engineerWord('tab.tests')}</h2>
      <ul>
        {table.tests.map((test) => (
          <TestRow key={test.place} test={test} mayAct={acts(person)} />
        ))}
      </ul>
    </section>
  );
}

export function TestForm({ table, onDone }: { table: LiveTable; onDone: () => void }) {
  const [place, setPlace] = useState(table.places[0]?.place ?? '');
  const [isBusy, setBusy] = useState(false);
  const [problem, setProblem] = useState<string | null>(null);
  const [wanting, setWanting] = useState<Error | null>(null);
  const names = namesOf(table.places);
  const begin = async (body: object) => {
    setBusy(true);
    setProblem(null);
    try {
      await command(place, 'test-begin', body);
      setWanting(null);
      onDone();
    } catch (reason) {
      const refused = reason as Error;
      setProblem(refusalOf(refused, body));
      if (wantsSecond(refused)) setWanting(refused);
    } finally {
      setBusy(false);
    }
  };
  return (
    <section class="test-form">
      <h2>{engineerWord('test.title')}</h2>
      <p>{engineerWord('test.about')}</p>
      <label>
        {engineerWord('test.place')}
        <select name="place" value={place} onChange={(event) => setPlace(event.currentTarget.value)}>
          {table.places.map((each) => (
            <option key={each.place} value={each.place}>
              {names.get(each.place)}
            </option>
          ))}
        </select>
      </label>
      <ProblemLine text={problem} />
      <AsideForm verb="test-begin" isBusy={isBusy} refused={wanting} onSend={begin} onCancel={onDone} />
    </section>
  );
}

/** What the engineer's page has of it. */
export function TestsPart({ person, table }: { person: Person; table: LiveTable }) {
  const [count, again] = useState(0);
  return (
    <>
      {table.tests.length === 0 && <p>{engineerWord('test.none')}</p>}
      <TestRows table={table} person={person} />
      {acts(person) && <TestForm key={count} table={table} onDone={() => again(count + 1)} />}
    </>
  );
}
