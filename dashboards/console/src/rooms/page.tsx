// SPDX-License-Identifier: Apache-2.0
// The caregiver's view: what is abnormal first, then the rooms that are not.
import { useEffect, useMemo, useRef } from 'preact/hooks';
import { acts } from '../api';
import { link } from '../live/link';
import type { LiveTable } from '../live/messages';
import { actorWords } from '../parts/actor';
import { Shape, Unknown } from '../parts/shape';
import { steady } from '../parts/steady';
import { saidOf, What } from '../parts/what';
import { namesOf, whereOf } from '../parts/where';
import type { Alarm, Person, Place } from '../types';
import { clockTime, compareWords, currentLanguage, t, tAny } from '../words';
import { Card } from './card';
import { arranged, casesOf, isChosen, isOf, type Block } from './choice';
import { Chooser, useChoice } from './chooser';
import { useCardKeys } from './keys';
import { Folded, Rest } from './rest';

function Tests({ table }: { table: LiveTable }) {
  if (table.tests.length === 0) return null;
  return (
    <section class="tests">
      <h2>{t('rooms.tests')}</h2>
      {table.tests.map((test) => {
        const time = clockTime(Date.parse(test.until), table.site.timezone);
        return <p key={test.place}>{t('rooms.test_row', { place: whereOf(test), time, by: actorWords(test.by) })}</p>;
      })}
    </section>
  );
}

function Aside({ table }: { table: LiveTable }) {
  if (table.aside.length === 0) return null;
  return (
    <section>
      <h2>{t('rooms.aside')}</h2>
      <ul class="calm">
        {table.aside.map((alarm) => (
          <li key={alarm.alarm} data-aside={alarm.alarm}>
            <Unknown /> <What {...saidOf(alarm)} />{' '}
            <strong>{tAny(`suppression.${alarm.state.suppression}`) ?? alarm.state.suppression}</strong>
          </li>
        ))}
      </ul>
    </section>
  );
}

const CalmList = steady(function CalmList({ places }: { places: Place[] }) {
  const names = namesOf(link.table?.places ?? places);
  return (
    <ul class="calm">
      {places.map((place) => (
        <li key={place.place}>
          <Shape priority="journal" /> {names.get(place.place)}
        </li>
      ))}
    </ul>
  );
});

/** The places in which no other lies, by their names. */
function roomsOf(places: Place[]): Place[] {
  const names = namesOf(places);
  const parents = new Set(places.map((place) => place.place.split('/').slice(0, -1).join('/')));
  return places
    .filter((place) => !parents.has(place.place))
    .sort((a, b) => compareWords(names.get(a.place) ?? '', names.get(b.place) ?? ''));
}

function CalmRooms({ table, chosen }: { table: LiveTable; chosen: string[] }) {
  const rooms = useMemo(() => roomsOf(table.places), [table.places, currentLanguage()]);
  const abnormal = new Set([...table.alarms, ...table.aside, ...table.tests].map((row) => row.place));
  return (
    <section>
      <h2>{t(chosen.length === 0 ? 'rooms.normal' : 'rooms.normal_mine')}</h2>
      <CalmList places={rooms.filter(({ place }) => !abnormal.has(place) && isChosen(place, chosen))} />
    </section>
  );
}

/** An alarm that has become one's own stands elsewhere now; whoever took it stays with it. */
function useFollow(own: Alarm[]): void {
  const known = useRef<Set<string> | null>(null);
  useEffect(() => {
    const taken = own.find(({ alarm }) => known.current?.has(alarm) === false);
    known.current = new Set(own.map(({ alarm }) => alarm));
    if (taken !== undefined) document.querySelector<HTMLElement>(`[data-alarm="${CSS.escape(taken.alarm)}"]`)?.focus();
  });
}

/** Cards under headings, in one list: a card that comes to stand elsewhere is still the same. */
function Cards({ blocks, own, person }: { blocks: Block[]; own: Alarm[]; person: Person }) {
  return (
    <div class="cards">
      {blocks.flatMap(({ where, alarms }, index) => {
        const heading = where === 'elsewhere' ? t('rooms.elsewhere') : index > 0 ? t('nav.rooms') : null;
        return [
          heading !== null && <h2 key={`${where} ${index}`}>{heading}</h2>,
          ...alarms.map((alarm) => (
            <Card key={alarm.alarm} alarm={alarm} person={person} isOwn={own.includes(alarm)} />
          )),
        ];
      })}
    </div>
  );
}

export function RoomsPage({ person }: { person: Person }) {
  useCardKeys();
  const table = link.table;
  const cases = casesOf(table?.alarms ?? [], person);
  const own = (table?.alarms ?? []).filter((alarm) => isOf(alarm, person));
  const [chosen, choosePlaces] = useChoice(person, table?.places ?? []);
  useFollow(own);
  if (table === null) return <p>{t('app.loading')}</p>;
  const count = table.alarms.length;
  const { blocks, rest, folded } = arranged(cases, chosen, person.role);
  return (
    <>
      <h1>{count > 0 ? t('rooms.abnormal', { count }) : t('rooms.none')}</h1>
      {count === 0 && <p class="muted">{t('rooms.none_about')}</p>}
      {!acts(person) && <p class="muted">{t('rooms.read_only')}</p>}
      <Tests table={table} />
      <Cards blocks={blocks} own={own} person={person} />
      <Rest alarms={rest} />
      <Folded alarms={folded} word="rooms.folded" />
      <Folded alarms={cases.tests} word="rooms.folded_tests" />
      <Chooser places={table.places} chosen={chosen} onChoose={choosePlaces} />
      <Aside table={table} />
      <CalmRooms table={table} chosen={chosen} />
      <p class="muted keys">{t('rooms.keys')}</p>
    </>
  );
}
