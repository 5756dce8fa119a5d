// SPDX-License-Identifier: Apache-2.0
// A floor plan as it was drawn, and on it what is not normal: the shape of the room filled, or framed, with its mark and
// words. A room that is too small for words has its mark, and the number of the block that has them.
import { h } from 'preact';
import { steady } from '../parts/steady';
import type { Place, Priority } from '../types';
import { pick } from '../words';
import type { Drawing, Shape } from './drawing';
import { chosenBy, Inscription, labelOf } from './inscription';
import type { Area, Block } from './layout';
import type { PlaceStatus } from './status';
import { FRAME_REM, isRoomy, lookOf, sayings, marked, SHAPE_REM, written, type Writing } from './writing';

const moved = (box: Area, at: Area): string => {
  const scale = at.width / box.width;
  return `translate(${at.x - box.x * scale} ${at.y - box.y * scale}) scale(${scale})`;
};

/** Drawn once: nothing of it ever changes but its size. */
const Ground = steady(function Ground({ drawing, transform }: { drawing: Drawing; transform: string }) {
  return (
    <g class="drawing" transform={transform}>
      {drawing.ground}
    </g>
  );
});

const outline = (shapes: Shape[], transform: string, more: Record<string, unknown>) =>
  shapes.map(({ name, attributes, transform: own }, index) =>
    h(name, { ...attributes, key: index, transform: `${transform} ${own}`.trim(), 'vector-effect': 'non-scaling-stroke', ...more }));

interface RoomProps {
  place: Place;
  shapes: Shape[];
  transform: string;
  x: number;
  y: number;
  width: number;
  height: number;
  rem: number;
  number: string;
  says: string[];
  look: string;
  isFilled: boolean;
  priority: Priority | null;
  isFixed: boolean;
  onChoose: (place: string) => void;
}

/** Drawn again only when it says something else. */
const Room = steady(function Room({ place, shapes, transform, rem, number, says, look, isFilled, priority, isFixed, onChoose, ...area }: RoomProps) {
  const id = place.place;
  const isAbnormal = says.length > 0;
  const hasWords = isRoomy(area, pick(place.name), rem);
  const sizePx = hasWords ? SHAPE_REM * rem : Math.min(SHAPE_REM * rem, area.width, area.height);
  const block: Block = { ...area, place, blocks: [], folded: [] };
  const writing: Writing = hasWords ? written(block, says, isFilled, rem) : marked(area, isAbnormal, number, rem);
  const name = labelOf([pick(place.name), ...says], writing);
  const clip = `room-${id.replaceAll('/', '-')}`;
  return (
    <g class={`block room block-${look}`} data-place={id} {...chosenBy(name, isAbnormal, isFixed || !hasWords, () => onChoose(id))}>
      <title>{name}</title>
      {outline(shapes, transform, { class: 'block-fill' })}
      {isAbnormal && !isFilled && (
        <>
          <clipPath id={clip}>{outline(shapes, transform, {})}</clipPath>
          <g clip-path={`url(#${clip})`}>
            {outline(shapes, transform, { class: 'block-inside', 'stroke-width': 2 * Math.min(FRAME_REM * rem, area.height / 6) })}
          </g>
        </>
      )}
      <Inscription area={area} writing={writing} priority={priority} sizePx={sizePx} rem={rem} />
    </g>
  );
});

interface Props {
  drawing: Drawing;
  at: Area;
  places: Map<string, Place>;
  /** Of the blocks beside it, by their places. */
  numbers: Map<string, string>;
  statuses: Map<string, PlaceStatus>;
  rem: number;
  isFixed: boolean;
  onChoose: (place: string) => void;
}

export function Drawn({ drawing, at, places, numbers, statuses, rem, isFixed, onChoose }: Props) {
  const transform = moved(drawing.box, at);
  const scale = at.width / drawing.box.width;
  const rooms = [...drawing.rooms].flatMap(([id, { x, y, width, height }]) => {
    const place = places.get(id);
    const area = { x: at.x + (x - drawing.box.x) * scale, y: at.y + (y - drawing.box.y) * scale, width: width * scale, height: height * scale };
    return place === undefined ? [] : [{ place, area, status: statuses.get(id) }];
  });
  // What is not normal lies over what is, and a place within a place over that.
  const rank = ({ place, status }: (typeof rooms)[number]) => (status === undefined ? 0 : 100) + place.place.split('/').length;
  rooms.sort((one, other) => rank(one) - rank(other));
  return (
    <>
      <Ground drawing={drawing} transform={transform} />
      {rooms.map(({ place, area, status }) => {
        const look = lookOf(status);
        return (
          <Room
            key={place.place}
            place={place}
            shapes={drawing.shapes.get(place.place) ?? []}
            transform={transform}
            {...area}
            rem={rem}
            number={numbers.get(place.place) ?? ''}
            says={status === undefined ? [] : sayings(status)}
            look={look.class}
            isFilled={look.isFilled && status !== undefined}
            priority={status?.kind === 'alarm' ? status.priority : null}
            isFixed={isFixed}
            onChoose={onChoose}
          />
        );
      })}
    </>
  );
}
