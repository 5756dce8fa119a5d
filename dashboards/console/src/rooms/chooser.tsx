// SPDX-License-Identifier: Apache-2.0
// Somebody says which places are theirs this shift.
import { useMemo, useState } from 'preact/hooks';
import { isWithin } from '../live/within';
import { namesOf } from '../parts/where';
import type { Person, Place } from '../types';
import { listed, pick, t } from '../words';
import { choose, chosenBy } from './choice';

/** The chosen places, and how to choose others. */
export function useChoice(person: Person, places: Place[]): [string[], (chosen: string[]) => void] {
  const [changes, change] = useState(0);
  const chosen = useMemo(() => chosenBy(person, places), [person.id, places, changes]);
  const choosePlaces = (next: string[]) => {
    choose(person, next);
    change((count) => count + 1);
  };
  return [chosen, choosePlaces];
}

interface Props {
  places: Place[];
  chosen: string[];
  onChoose: (chosen: string[]) => void;
}

/** The places as they lie in one another; what lies in a chosen one is chosen with it. */
function Tree({ places, chosen, onChoose }: Props) {
  return (
    <ul>
      {places.map(({ place, name }) => {
        const isOne = chosen.includes(place);
        const isIn = chosen.some((id) => id !== place && isWithin(place, id));
        return (
          <li key={place} style={{ paddingInlineStart: `${place.split('/').length - 1}rem` }}>
            <label>
              <input
                type="checkbox"
                name={place}
                checked={isOne || isIn}
                disabled={isIn}
                onChange={() => onChoose(isOne ? chosen.filter((id) => id !== place) : [...chosen, place])}
              />
              {pick(name)}
            </label>
          </li>
        );
      })}
    </ul>
  );
}

/** So many are called by their names in the line that opens. */
const NAMES_MAX = 4;

export function Chooser(props: Props) {
  const { places, chosen, onChoose } = props;
  const [isOpen, setOpen] = useState(false);
  const names = namesOf(places);
  const rooms = listed(chosen.slice(0, NAMES_MAX).map((id) => names.get(id) ?? id));
  const count = chosen.length - NAMES_MAX;
  const said = count > 0 ? t('rooms.choice_more', { rooms, count }) : t('rooms.choice', { rooms });
  return (
    <details class="rest chooser" onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>{chosen.length === 0 ? t('rooms.choice_all') : said}</summary>
      {isOpen && (
        <fieldset>
          <legend>{t('rooms.choice_title')}</legend>
          <p class="muted">{t('rooms.choice_about')}</p>
          <Tree {...props} />
          <button disabled={chosen.length === 0} onClick={() => onChoose([])}>
            {t('rooms.choice_clear')}
          </button>
        </fieldset>
      )}
    </details>
  );
}
