// SPDX-License-Identifier: Apache-2.0
import { useState } from 'preact/hooks';
import { link } from '../live/link';
import { inWords } from '../live/said';
import { ProblemLine } from '../parts/problem';
import { saidOfEvent } from '../parts/what';
import type { ConsoleEvent } from '../types';
import { pick, t } from '../words';
import { backFrom, eventWord, useNewest } from './events';
import { type Filter, holds, LANES, type Lane, queryOf } from './filter';
import { olderEvents, olderThan } from './older';
import { EventTable } from './table';

const PAGE_ROWS = 100;

/** What was read beyond the newest page, and where the next begins. */
interface Older {
  events: ConsoleEvent[];
  before: number;
}

export function LogPage() {
  const [filter, setFilter] = useState<Filter>({ lane: 'all', place: '' });
  const [words, setWords] = useState('');
  const [older, setOlder] = useState<Older | null>(null);
  const [refused, setRefused] = useState<string | null>(null);
  const query = queryOf(filter, PAGE_ROWS);
  const { page, problem } = useNewest(query);

  const events = new Map([...(page?.events ?? []), ...(older?.events ?? [])].map((event) => [event.sequence, event]));
  const rows = [...events.values()].sort((a, b) => b.sequence - a.sequence);
  const shown = rows.filter((event) => holds(`${eventWord(event)} ${inWords(saidOfEvent(event))}`, words));
  const before = older?.before ?? (page === null ? 0 : olderThan(page));

  const choose = (next: Filter) => {
    setOlder(null);
    setFilter(next);
  };
  const readOlder = async () => {
    try {
      const next = await olderEvents(backFrom(query), before);
      setOlder({ events: [...(older?.events ?? []), ...next.events], before: olderThan(next) });
      setRefused(null);
    } catch (reason) {
      setRefused((reason as Error).message);
    }
  };
  return (
    <>
      <h1>{t('log.title')}</h1>
      <form class="filters" onSubmit={(event) => event.preventDefault()}>
        <label>
          {t('log.kind')}
          <select
            value={filter.lane}
            onChange={(event) => choose({ ...filter, lane: event.currentTarget.value as Lane })}
          >
            {LANES.map((name) => (
              <option key={name} value={name}>
                {t(`log.kind.${name}`)}
              </option>
            ))}
          </select>
        </label>
        <label>
          {t('log.place')}
          <select value={filter.place} onChange={(event) => choose({ ...filter, place: event.currentTarget.value })}>
            <option value="">{t('log.place.all')}</option>
            {link.table?.places.map((each) => (
              <option key={each.place} value={each.place}>
                {pick(each.name)}
              </option>
            ))}
          </select>
        </label>
        <label>
          {t('log.words')}
          <input type="search" value={words} onInput={(event) => setWords(event.currentTarget.value)} />
        </label>
      </form>
      <ProblemLine text={problem ?? refused} />
      <EventTable events={shown} />
      {before > 0 && <button onClick={readOlder}>{t('log.older')}</button>}
    </>
  );
}
