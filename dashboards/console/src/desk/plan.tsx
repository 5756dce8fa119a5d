// SPDX-License-Identifier: Apache-2.0
// The places of the site as blocks. Only what is abnormal has a colour, and never a colour alone.
import { useCallback, useMemo, useRef, useState } from 'preact/hooks';
import { link } from '../live/link';
import type { LiveTable } from '../live/messages';
import { Shape, Unknown } from '../parts/shape';
import { isWide, useSize, type Size } from '../parts/size';
import { steady } from '../parts/steady';
import { namesOf } from '../parts/where';
import type { Place, Priority } from '../types';
import { pick, span, t, tAny } from '../words';
import { BOLD, widthEm, wrap } from './label';
import { flat, floorPlan, type Block } from './layout';
import { together, type PlaceStatus } from './status';
import { deskWord } from './words';

const LINE_REM = 1.3;
const PAD_REM = 0.4;
const SHAPE_REM = 1.3;
const FRAME_REM = 0.45;
const FRAMED_PAD_REM = 0.55;
const TITLE_REM = LINE_REM + 2 * PAD_REM;

/** What is written of a place beside its name, in two lines or in one, and what does in the end. */
function sayings(status: PlaceStatus): string[] {
  if (status.kind === 'alarm') {
    const word = t(`priority.${status.priority}`);
    const age = status.sinceMs === null ? '' : span(link.serverNow() - status.sinceMs);
    if (status.isTest) return [t('card.test'), `${word} ${age}`, age];
    if (status.isInTest === true) return [word, `${deskWord('list.in_test')} ${age}`, deskWord('list.in_test')];
    return status.count > 1 ? [word, `×${status.count} ${age}`, age] : [word, age];
  }
  if (status.kind === 'no-data') {
    const part = status.count < status.of ? ` ${status.count}/${status.of}` : '';
    return [deskWord('plan.no_data') + part, status.ageMs === null ? '' : span(status.ageMs)];
  }
  if (status.kind === 'aside') return [tAny(`suppression.${status.suppression}`) ?? status.suppression];
  return [t('card.test')];
}

/** Filled: nobody has acknowledged it. A frame: somebody has, or it is a test or no alarm. */
function lookOf(status: PlaceStatus | undefined): { class: string; isFilled: boolean } {
  if (status === undefined) return { class: 'calm', isFilled: true };
  if (status.kind !== 'alarm') return { class: status.kind, isFilled: false };
  if (status.isTest) return { class: 'test', isFilled: false };
  return { class: `${status.priority}${status.isUnacked ? ' unacked' : ''}`, isFilled: status.isUnacked };
}

interface Saying {
  text: string;
  x: number;
  y: number;
  isStatus: boolean;
}

interface Writing {
  texts: Saying[];
  /** The upper left corner of the shape. */
  mark: { x: number; y: number } | null;
}

/** The first of the texts that fits. */
const fitting = (texts: string[], maxEm: number): string =>
  texts.find((text) => text !== '' && widthEm(text) * BOLD <= maxEm) ?? '';

/** Where the words go: the name above, the status in the lines below it, or beside it where there is one line. */
function written(block: Block, says: string[], isFilled: boolean, rem: number): Writing {
  const pad = (isFilled || block.blocks.length > 0 ? PAD_REM : FRAMED_PAD_REM) * rem;
  const line = LINE_REM * rem;
  const lines = block.blocks.length > 0 ? 1 : Math.max(1, Math.floor((block.height - 2 * pad) / line));
  const roomEm = (block.width - 2 * pad) / rem;
  const x = block.x + pad;
  const lineY = (index: number) => block.y + pad + index * line + line * 0.77;
  const markY = (index: number) => block.y + pad + index * line;
  const nameIn = (maxEm: number, count: number, left: number): Saying[] => {
    const names = wrap(pick(block.place.name), block.blocks.length > 0 ? maxEm / BOLD : maxEm, count);
    return names.map((text, index) => ({ text, x: left, y: lineY(index), isStatus: false }));
  };
  if (says.length === 0) return { texts: nameIn(roomEm, lines, x), mark: null };

  const [first = '', second = '', last = ''] = says;
  const whole = second === '' ? first : `${first} ${second}`;
  const markEm = SHAPE_REM + 0.3;
  const besideEm = Math.max(roomEm - markEm, 0);
  if (lines === 1) {
    const names = nameIn(besideEm, 1, x + markEm * rem);
    const leftEm = besideEm - widthEm(names[0]?.text ?? '') * BOLD - 1;
    const said = fitting([whole, first, last], leftEm);
    const right = { text: said, x: block.x + block.width - pad, y: lineY(0), isStatus: true };
    return { texts: said === '' ? names : [...names, right], mark: { x, y: markY(0) } };
  }
  const shown = statusLines([whole, first, second, last], lines, { besideEm, roomEm });
  const names = nameIn(roomEm, lines - shown.length, x);
  const said = shown.map(({ text, isBeside }, index) => {
    const left = isBeside ? x + markEm * rem : x;
    return { text, x: left, y: lineY(names.length + index), isStatus: true };
  });
  return { texts: [...names, ...said.filter(({ text }) => text !== '')], mark: { x, y: markY(names.length) } };
}

interface StatusLine {
  text: string;
  /** It stands beside the shape; else in a line of its own. */
  isBeside: boolean;
}

/**
 * The status in one line or two, the first of which is beside the shape. A word that does not fit is left out, never
 * cut: the shape says it too, and so does the title.
 */
function statusLines(
  [whole, first, second, last]: [string, string, string, string],
  lines: number,
  { besideEm, roomEm }: { besideEm: number; roomEm: number },
): StatusLine[] {
  const beside = (texts: string[]): StatusLine => ({ text: fitting(texts, besideEm), isBeside: true });
  if (lines === 2 || fitting([whole], besideEm) !== '') return [beside([whole, first, second, last])];
  if (fitting([first], besideEm) !== '') return [beside([first]), beside([second, last])];
  const below = fitting([first], roomEm);
  const age = beside([second, last]);
  return below === '' ? [age] : [age, { text: below, isBeside: false }];
}

interface CellProps {
  block: Block;
  rem: number;
  /** What is said beside the name: nothing of what is normal. */
  says: string[];
  look: string;
  isFilled: boolean;
  /** Of the shape; null for the mark of what is not known. */
  priority: Priority | null;
  onChoose: (block: Block) => void;
}

/** Drawn again only when it says something else: in a large house nearly all of them are as they were. */
const Cell = steady(function Cell({ block, rem, says, look, isFilled, priority, onChoose }: CellProps) {
  const { texts, mark } = written(block, says, isFilled, rem);
  const frame = Math.min(FRAME_REM * rem, block.height / 6);
  const isAround = block.blocks.length > 0;
  // The colour of a block with places in it stays in its title.
  const height = isAround && isFilled ? Math.min(TITLE_REM * rem, block.height) : block.height;
  return (
    <g class={`block block-${look}`} data-place={block.place.place} onClick={() => onChoose(block)}>
      <title>{[pick(block.place.name), ...says].join(' ')}</title>
      {isAround && (
        <rect class="block-ground" x={block.x} y={block.y} width={block.width} height={block.height} rx={rem / 4} />
      )}
      {!(isAround && says.length === 0) && (
        <rect class="block-fill" x={block.x} y={block.y} width={block.width} height={height} rx={rem / 4} />
      )}
      {!isFilled && (
        <rect
          class="block-inside"
          x={block.x + frame}
          y={block.y + frame}
          width={Math.max(block.width - 2 * frame, 0)}
          height={Math.max(block.height - 2 * frame, 0)}
          rx={rem / 8}
        />
      )}
      {mark !== null && (
        <g transform={`translate(${mark.x} ${mark.y})`}>
          {priority === null ? <Unknown sizePx={SHAPE_REM * rem} /> : <Shape priority={priority} sizePx={SHAPE_REM * rem} />}
        </g>
      )}
      {texts.map((each) => (
        <text
          key={`${each.y} ${each.x}`}
          class={each.isStatus ? 'block-status' : 'block-name'}
          text-anchor={each.x > block.x + block.width / 2 ? 'end' : 'start'}
          x={each.x}
          y={each.y}
        >
          {each.text}
        </text>
      ))}
    </g>
  );
});

/** On a narrow page the drawing is as high as its places need, up to so many; else it fills what the page has for it. */
const PLACE_REM = 3.6;
const PLACES_MAX = 40;

const heightOf = (size: Size, places: number): number =>
  isWide() ? size.height : Math.min(places, PLACES_MAX) * PLACE_REM * size.rem;

/** The least block in which a short name and a shape can be read. */
const LEAST = { width: 4, height: 1.9 };

const isEmergency = (status: PlaceStatus): boolean =>
  status.kind === 'alarm' && status.priority === 'emergency' && !status.isTest;

interface DrawingProps {
  size: Size;
  places: Place[];
  statuses: Map<string, PlaceStatus>;
  onChoose: (block: Block) => void;
}

function Drawing({ size, places, statuses, onChoose }: DrawingProps) {
  const { width, rem } = size;
  const height = heightOf(size, places.length);
  const marked = [...statuses].flatMap(([place, status]) => (isEmergency(status) ? [place] : []));
  const blocks = useMemo(() => {
    const least = { width: LEAST.width * rem, height: LEAST.height * rem };
    return flat(floorPlan(places, { width, height }, { titlePx: TITLE_REM * rem, least, marked: new Set(marked) }));
  }, [places, width, height, rem, marked.join(' ')]);
  const count = statuses.size;
  const says = count === 0 ? deskWord('plan.calm') : deskWord('plan.abnormal', { count });
  const statusOf = ({ place, folded }: Block) =>
    folded.length === 0
      ? statuses.get(place.place)
      : together([place.place, ...folded].flatMap((id) => statuses.get(id) ?? []));
  return (
    <svg width={width} height={height} role="img" aria-label={`${deskWord('plan.title')}: ${says}`}>
      <defs>
        <pattern id="hatch" width="10" height="10" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">
          <rect class="hatch-ground" width="10" height="10" />
          <rect class="hatch-line" width="5" height="10" />
        </pattern>
      </defs>
      {blocks.map((block) => {
        const status = statusOf(block);
        const look = lookOf(status);
        return (
          <Cell
            key={block.place.place}
            block={block}
            rem={rem}
            says={status === undefined ? [] : sayings(status)}
            look={look.class}
            isFilled={look.isFilled}
            priority={status?.kind === 'alarm' ? status.priority : null}
            onChoose={onChoose}
          />
        );
      })}
    </svg>
  );
}

const isWithin = (place: string, area: string): boolean => place === area || place.startsWith(`${area}/`);

interface PlanProps {
  table: LiveTable;
  statuses: Map<string, PlaceStatus>;
  /** Is there somebody who may look at a part of it? */
  isFixed: boolean;
  onChoose: (place: string) => void;
}

/** Which part is shown. A site whose places are all drawn has no need of it. */
function AreaChoice({ places, area, onArea }: { places: Place[]; area: string; onArea: (area: string) => void }) {
  const names = namesOf(places);
  const areas = places.filter(({ place }) => !place.includes('/') || isWithin(area, place));
  return (
    <select
      class="plan-area"
      aria-label={deskWord('plan.area')}
      value={area}
      onChange={(event) => onArea(event.currentTarget.value)}
    >
      <option value="">{deskWord('plan.whole')}</option>
      {areas.map(({ place }) => (
        <option key={place} value={place}>
          {names.get(place)}
        </option>
      ))}
    </select>
  );
}

/** So many places are drawn on any page; of more a part can be chosen. */
const AREAS_FROM = 40;

export function Plan({ table, statuses, isFixed, onChoose }: PlanProps) {
  const frame = useRef<HTMLDivElement>(null);
  const size = useSize(frame);
  const [area, setArea] = useState('');
  const places = useMemo(
    () => (area === '' ? table.places : table.places.filter(({ place }) => isWithin(place, area))),
    [table.places, area],
  );
  const latest = useRef(onChoose);
  latest.current = onChoose;
  const choose = useCallback(({ place, folded }: Block) => {
    if (folded.length > 0) setArea(place.place);
    latest.current(place.place);
  }, []);
  return (
    <>
      {!isFixed && table.places.length > AREAS_FROM && (
        <AreaChoice places={table.places} area={area} onArea={setArea} />
      )}
      <div class="plan" ref={frame}>
        {size !== null && size.width > 0 && (
          <Drawing size={size} places={places} statuses={statuses} onChoose={choose} />
        )}
      </div>
    </>
  );
}
