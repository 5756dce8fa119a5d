// SPDX-License-Identifier: Apache-2.0
// More alarms than anybody reads as cards: those after the first are rows by room, each with all of its alarms in it.
import { useState } from 'preact/hooks';
import { grouped } from '../live/grouped';
import { Link } from '../parts/link';
import { useShown } from '../parts/more';
import { Shape } from '../parts/shape';
import { Since } from '../parts/since';
import { steady } from '../parts/steady';
import { saidOf, What } from '../parts/what';
import { whereOrSite } from '../parts/where';
import type { Alarm } from '../types';
import { t } from '../words';
import { storyOf } from './card';
import { signalOf, whoGoes } from './who';

/** So many are shown at first, and so many more each time that somebody asks. */
const ROWS_MAX = 50;

const Rows = ({ alarms }: { alarms: Alarm[] }) => (
  <ul>
    {alarms.map((alarm) => (
      <li key={alarm.alarm} data-row={alarm.alarm}>
        <Shape priority={alarm.priority} />{' '}
        <Link to={storyOf(alarm.alarm)}>
          <What {...saidOf(alarm)} />
        </Link>{' '}
        <Since time={alarm.raised} />{' '}
        {signalOf(alarm)} <strong>{whoGoes(alarm)}</strong>
      </li>
    ))}
  </ul>
);

const Room = steady(function Room({ place, alarms }: { place: string; alarms: Alarm[] }) {
  const [isOpen, setOpen] = useState(false);
  const first = alarms[0] as Alarm;
  const room = whereOrSite(first);
  return (
    <details class="rest" data-rest={place} onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>
        <Shape priority={first.priority} /> <strong>{room}</strong> {t(`priority.${first.priority}`)}
        <span class="muted">{t('rooms.abnormal', { count: alarms.length })}</span>
      </summary>
      {isOpen && <Rows alarms={alarms} />}
    </details>
  );
});

/** What is not told as cards is one line, which opens: how much there is of it, and how grave it is at worst. */
export const Folded = steady(function Folded({ alarms, word }: { alarms: Alarm[]; word: 'rooms.folded' | 'rooms.folded_tests' }) {
  const [isOpen, setOpen] = useState(false);
  const { rows, more } = useShown(alarms, ROWS_MAX);
  const first = alarms[0];
  if (first === undefined) return null;
  const priority = t(`priority.${first.priority}`);
  return (
    <details class="rest folded" onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>
        <Shape priority={first.priority} /> {t(word, { count: alarms.length, priority })}
      </summary>
      {isOpen && <Rows alarms={rows} />}
      {isOpen && more}
    </details>
  );
});

/** `alarms` in their order; a room stands where its gravest alarm does. */
export function Rest({ alarms }: { alarms: Alarm[] }) {
  if (alarms.length === 0) return null;
  const rooms = grouped(alarms, (alarm) => alarm.place ?? '');
  return (
    <section>
      <h2>{t('rooms.rest', { count: alarms.length })}</h2>
      {[...rooms].map(([place, members]) => (
        <Room key={place} place={place} alarms={members} />
      ))}
    </section>
  );
}
