// SPDX-License-Identifier: Apache-2.0
// The words of a place on the plan with their shape, and what somebody who may choose it can do.
import type { JSX } from 'preact';
import { Shape, Unknown } from '../parts/shape';
import type { Priority } from '../types';
import type { Area } from './layout';
import { LINE_REM, numberEm, type Writing } from './writing';

interface Props {
  area: Area;
  writing: Writing;
  /** Of the shape; null for the mark of what is not known. */
  priority: Priority | null;
  sizePx: number;
  rem: number;
}

export function Inscription({ area, writing: { texts, mark, number }, priority, sizePx, rem }: Props) {
  return (
    <>
      {mark !== null && (
        <g transform={`translate(${mark.x} ${mark.y})`}>
          {priority === null ? <Unknown sizePx={sizePx} /> : <Shape priority={priority} sizePx={sizePx} />}
        </g>
      )}
      {number !== undefined && (
        <>
          <rect
            class="block-ring"
            x={number.x}
            y={number.y}
            width={numberEm(number.text) * rem}
            height={LINE_REM * rem}
            rx={(LINE_REM * rem) / 2}
          />
          <text class="block-number" text-anchor="middle" x={number.x + (numberEm(number.text) * rem) / 2} y={number.y + LINE_REM * rem * 0.77}>
            {number.text}
          </text>{' '}
        </>
      )}
      {texts.map((each) => [
        <text
          key={`${each.y} ${each.x}`}
          class={each.isStatus ? 'block-status' : 'block-name'}
          text-anchor={each.x > area.x + area.width / 2 ? 'end' : 'start'}
          x={each.x}
          y={each.y}
        >
          {each.text}
        </text>,
        // Words of two lines are two words for whoever has them read out, too.
        ' ',
      ])}
    </>
  );
}

/** What is read out: all there is to say, and, where that is not so written, as it is written, for whoever speaks to a page. */
export function labelOf(all: string[], { texts, number }: Writing): string {
  const whole = all.filter((each) => each !== '').map((each) => each.trim()).join(' ');
  const shown = [...(number === undefined ? [] : [number.text]), ...texts.map(({ text }) => text)].join(' ');
  return whole.includes(shown) ? whole : `${whole}, ${shown}`;
}

/** How a place is chosen: by a click, and, where something is to be said of it, by the keyboard. */
export function chosenBy(name: string, isAbnormal: boolean, isFixed: boolean, choose: () => void): JSX.SVGAttributes<SVGGElement> {
  if (!isAbnormal) return { 'aria-hidden': true, onClick: choose };
  if (isFixed) return { role: 'img', 'aria-label': name };
  return {
    role: 'button',
    tabIndex: 0,
    'aria-label': name,
    onClick: choose,
    onKeyDown: (event: KeyboardEvent) => {
      if (event.key !== 'Enter' && event.key !== ' ') return;
      event.preventDefault();
      choose();
    },
  };
}
