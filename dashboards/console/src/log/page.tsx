// SPDX-License-Identifier: Apache-2.0
import { useState } from 'preact/hooks';
import { link } from '../live/link';
import { inWords } from '../live/said';
import { ProblemLine } from '../parts/problem';
import { saidOfEvent } from '../parts/what';
import { pick, t } from '../words';
import { calledWords } from './called';
import { eventWord, useRecord } from './events';
import { type Filter, holds, LANES, type Lane, queryOf } from './filter';
import { EventTable } from './table';
import { logWord } from './words';

const PAGE_ROWS = 100;

export function LogPage() {
  const [filter, setFilter] = useState<Filter>({ lane: 'all', place: '' });
  const [words, setWords] = useState('');
  const { read, problem, readOlder } = useRecord(queryOf(filter, PAGE_ROWS), PAGE_ROWS);
  const rows = read?.events ?? [];
  const shown = rows.filter((event) => holds(`${eventWord(event)} ${inWords(saidOfEvent(event))} ${calledWords(event)}`, words));
  return (
    <>
      <h1>{logWord('log.title')}</h1>
      <form class="filters" onSubmit={(event) => event.preventDefault()}>
        <label>
          {logWord('log.kind')}
          <select
            value={filter.lane}
            onChange={(event) => setFilter({ ...filter, lane: event.currentTarget.value as Lane })}
          >
            {LANES.map((name) => (
              <option key={name} value={name}>
                {logWord(`log.kind.${name}`)}
              </option>
            ))}
          </select>
        </label>
        <label>
          {logWord('log.place')}
          <select value={filter.place} onChange={(event) => setFilter({ ...filter, place: event.currentTarget.value })}>
            <option value="">{logWord('log.place.all')}</option>
            {link.table?.places.map((each) => (
              <option key={each.place} value={each.place}>
                {pick(each.name)}
              </option>
            ))}
          </select>
        </label>
        <label>
          {logWord('log.words')}
          <input type="search" value={words} onInput={(event) => setWords(event.currentTarget.value)} />
        </label>
      </form>
      <ProblemLine text={problem} />
      {read === null ? <p>{t('app.loading')}</p> : <EventTable events={shown} />}
      {read !== null && read.before > 0 && <button onClick={readOlder}>{logWord('log.older')}</button>}
    </>
  );
}
