// SPDX-License-Identifier: Apache-2.0
import { link } from '../live/link';
import { currentLanguage, pick } from '../words';
import { engineerWord } from './words';

export interface Wanted {
  place: string;
  words: string;
}

/** Is it at the place or below it, and does one of its texts hold the words? */
export function isWanted(wanted: Wanted, place: string | null, texts: string[]): boolean {
  const isThere = wanted.place === '' || place === wanted.place || (place ?? '').startsWith(`${wanted.place}/`);
  return isThere && texts.join(' ').toLowerCase().includes(wanted.words.trim().toLowerCase());
}

export function Filter({ wanted, onChange }: { wanted: Wanted; onChange: (next: Wanted) => void }) {
  return (
    <form class="filters" onSubmit={(event) => event.preventDefault()}>
      <label>
        {engineerWord('filter.place')}
        <select value={wanted.place} onChange={(event) => onChange({ ...wanted, place: event.currentTarget.value })}>
          <option value="">{engineerWord('filter.all')}</option>
          {link.table?.places.map((each) => (
            <option key={each.place} value={each.place}>
              {pick(each.name)}
            </option>
          ))}
        </select>
      </label>
      <label>
        {engineerWord('filter.words')}
        <input
          type="search"
          value={wanted.words}
          onInput={(event) => onChange({ ...wanted, words: event.currentTarget.value })}
        />
      </label>
    </form>
  );
}

const DECIMALS = 2;

export function valueText(value: number | null, unit: string | null): string {
  if (value === null) return '–';
  const number = new Intl.NumberFormat(currentLanguage(), { maximumFractionDigits: DECIMALS }).format(value);
  return unit === null ? number : `${number} ${unit}`;
}
