// SPDX-License-Identifier: Apache-2.0
import { useState } from 'preact/hooks';
import { link } from '../live/link';
import { ProblemLine } from '../parts/problem';
import type { ConsoleEvent } from '../types';
import { pick, t } from '../words';
import { eventText, eventWord, newestEvents, useNewest } from './events';
import { fits } from './filter';
import { EventTable } from './table';

const LANES = ['all', 'alarm', 'activity'] as const;
type Lane = (typeof LANES)[number];

const PAGE_ROWS = 100;

export function LogPage() {
  const [lane, setLane] = useState<Lane>('all');
  const [place, setPlace] = useState('');
  const [words, setWords] = useState('');
  const [older, setOlder] = useState<ConsoleEvent[]>([]);
  const [refused, setRefused] = useState<string | null>(null);
  const query = `limit=${PAGE_ROWS}${lane === 'all' ? '' : `&lane=${lane}`}`;
  const { page, problem } = useNewest(query);

  const events = new Map([...(page?.events ?? []), ...older].map((event) => [event.sequence, event]));
  const rows = [...events.values()].sort((a, b) => b.sequence - a.sequence);
  const shown = rows.filter((event) => fits(event, { place, words }, `${eventWord(event)} ${eventText(event)}`));
  const oldest = rows.at(-1)?.sequence ?? 1;

  const chooseLane = (next: Lane) => {
    setOlder([]);
    setLane(next);
  };
  const readOlder = async () => {
    try {
      const next = await newestEvents(`${query}&before=${oldest}`);
      setOlder([...older, ...next.events]);
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
          <select value={lane} onChange={(event) => chooseLane(event.currentTarget.value as Lane)}>
            {LANES.map((name) => (
              <option key={name} value={name}>
                {t(`log.kind.${name}`)}
              </option>
            ))}
          </select>
        </label>
        <label>
          {t('log.place')}
          <select value={place} onChange={(event) => setPlace(event.currentTarget.value)}>
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
      {oldest > 1 && <button onClick={readOlder}>{t('log.older')}</button>}
    </>
  );
}
