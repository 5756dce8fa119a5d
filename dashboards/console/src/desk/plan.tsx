// SPDX-License-Identifier: Apache-2.0
// The places of the site as blocks. Only what is abnormal has a colour, and never a colour alone.
import { useCallback, useMemo, useRef, useState } from 'preact/hooks';
import type { LiveTable } from '../live/messages';
import { isWide, useSize, type Size } from '../parts/size';
import { steady } from '../parts/steady';
import { namesOf } from '../parts/where';
import type { Place, Priority } from '../types';
import { currentLanguage, pick } from '../words';
import { Drawn } from './drawn';
import { useDrawings, type Drawing } from './drawing';
import { chosenBy, Inscription, labelOf } from './inscription';
import { flat, floorPlan, isAround, type Block, type Extent } from './layout';
import { together, type PlaceStatus } from './status';
import { deskWord } from './words';
import { FRAME_REM, isMarkable, isRoomy, lookOf, namesFor, sayings, SHAPE_REM, TITLE_REM, written } from './writing';

interface CellProps {
  block: Block;
  rem: number;
  /** Of its room in the drawing; '' where it has none. */
  number: string;
  /** What is said beside the name: nothing of what is normal. */
  says: string[];
  look: string;
  isFilled: boolean;
  /** Of the shape; null for the mark of what is not known. */
  priority: Priority | null;
  isFixed: boolean;
  onChoose: (block: Block) => void;
}

/** Drawn again only when it says something else: in a large house nearly all of them are as they were. */
const Cell = steady(function Cell({ block, rem, number, says, look, isFilled, priority, isFixed, onChoose }: CellProps) {
  const writing = written(block, says, isFilled, rem, number);
  // The colour of a block with places in it stays in its title, and so does its frame.
  const height = isAround(block) ? Math.min(TITLE_REM * rem, block.height) : block.height;
  const frame = Math.min(FRAME_REM * rem, height / 6);
  const name = labelOf([pick(block.place.name), ...says], writing);
  return (
    <g class={`block block-${look}`} data-place={block.place.place} {...chosenBy(name, says.length > 0, isFixed, () => onChoose(block))}>
      <title>{name}</title>
      {isAround(block) && (
        <rect class="block-ground" x={block.x} y={block.y} width={block.width} height={block.height} rx={rem / 4} />
      )}
      {!(isAround(block) && says.length === 0) && (
        <rect class="block-fill" x={block.x} y={block.y} width={block.width} height={height} rx={rem / 4} />
      )}
      {!isFilled && says.length > 0 && (
        <rect
          class="block-inside"
          x={block.x + frame}
          y={block.y + frame}
          width={Math.max(block.width - 2 * frame, 0)}
          height={Math.max(height - 2 * frame, 0)}
          rx={rem / 8}
        />
      )}
      <Inscription area={block} writing={writing} priority={priority} sizePx={SHAPE_REM * rem} rem={rem} />
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

/** Where a page is narrow a drawing has the whole width, and would not be larger for being given more height. */
const DRAWN_WEIGHT = { wide: 2, narrow: 0.7 };

const isEmergency = (status: PlaceStatus): boolean =>
  status.kind === 'alarm' && status.priority === 'emergency' && !status.isTest;

/** The blocks beside a drawing and their rooms in it are numbered, where the rooms have room for a number. */
function numbersOf(blocks: Block[], drawings: Map<string, Drawing>, rem: number): Map<string, string> {
  const numbers = new Map<string, string>();
  for (const { place, drawing: at, blocks: beside } of blocks) {
    const drawing = drawings.get(place.place);
    if (at === undefined || drawing === undefined) continue;
    const scale = at.width / drawing.box.width;
    let count = 0;
    for (const block of flat(beside)) {
      const room = drawing.rooms.get(block.place.place);
      if (room === undefined) continue;
      const number = String(count + 1);
      if (!isMarkable({ width: room.width * scale, height: room.height * scale }, number, rem)) continue;
      numbers.set(block.place.place, number);
      count += 1;
    }
  }
  return numbers;
}

interface PictureProps {
  size: Size;
  places: Place[];
  drawings: Map<string, Drawing>;
  statuses: Map<string, PlaceStatus>;
  isFixed: boolean;
  onChoose: (block: Block) => void;
  onRoom: (place: string) => void;
}

function Picture({ size, places, drawings, statuses, isFixed, onChoose, onRoom }: PictureProps) {
  const { width, rem } = size;
  const height = heightOf(size, places.length);
  const marked = [...statuses].flatMap(([place, status]) => (isEmergency(status) ? [place] : []));
  const placeOf = useMemo(() => new Map(places.map((place) => [place.place, place])), [places]);
  const blocks = useMemo(() => {
    const isRoomyFor = (extent: Extent, id: string) => {
      const place = placeOf.get(id);
      return place === undefined || isRoomy(extent, pick(place.name), rem);
    };
    const least = { width: LEAST.width * rem, height: LEAST.height * rem };
    const drawn = { drawings, drawnWeight: DRAWN_WEIGHT[isWide() ? 'wide' : 'narrow'], isRoomy: isRoomyFor };
    const needs = { titlePx: TITLE_REM * rem, least, marked: new Set(marked), ...drawn, names: namesFor(rem) };
    return flat(floorPlan(places, { width, height }, needs));
  }, [places, drawings, width, height, rem, marked.join(' '), currentLanguage()]);
  const numbers = useMemo(() => numbersOf(blocks, drawings, rem), [blocks]);
  const count = statuses.size;
  const says = count === 0 ? deskWord('plan.calm') : deskWord('plan.abnormal', { count });
  const statusOf = ({ place, folded }: Block) =>
    folded.length === 0
      ? statuses.get(place.place)
      : together([place.place, ...folded].flatMap((id) => statuses.get(id) ?? []));
  return (
    <svg width={width} height={height} role="group" aria-label={`${deskWord('plan.title')}: ${says}`}>
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
            number={numbers.get(block.place.place) ?? ''}
            says={status === undefined ? [] : sayings(status)}
            look={look.class}
            isFilled={look.isFilled}
            priority={status?.kind === 'alarm' ? status.priority : null}
            isFixed={isFixed}
            onChoose={onChoose}
          />
        );
      })}
      {blocks.map((block) => {
        const drawing = drawings.get(block.place.place);
        return (
          block.drawing !== undefined && drawing !== undefined && (
            <Drawn
              key={block.place.place}
              drawing={drawing}
              at={block.drawing}
              places={placeOf}
              numbers={numbers}
              statuses={statuses}
              rem={rem}
              isFixed={isFixed}
              onChoose={onRoom}
            />
          )
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
  const chooseRoom = useCallback((place: string) => latest.current(place), []);
  const drawings = useDrawings(places);
  return (
    <>
      {!isFixed && table.places.length > AREAS_FROM && (
        <AreaChoice places={table.places} area={area} onArea={setArea} />
      )}
      <div class="plan" ref={frame}>
        {size !== null && size.width > 0 && (
          <Picture
            size={size}
            places={places}
            drawings={drawings}
            statuses={statuses}
            isFixed={isFixed}
            onChoose={choose}
            onRoom={chooseRoom}
          />
        )}
      </div>
    </>
  );
}
