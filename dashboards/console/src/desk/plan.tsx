// SPDX-License-Identifier: Apache-2.0
// The places of the site as blocks. Only what is abnormal has a colour, and never a colour alone.
import { useRef } from 'preact/hooks';
import { link } from '../live/link';
import type { LiveTable } from '../live/messages';
import { Shape, Unknown } from '../parts/shape';
import { useSize, type Size } from '../parts/size';
import { pick, span, t, tAny } from '../words';
import { widthEm, wrap } from './label';
import { floorPlan, type Block } from './layout';
import type { PlaceStatus } from './status';
import { deskWord } from './words';

const LINE_REM = 1.3;
const PAD_REM = 0.4;
const SHAPE_REM = 1.3;
const FRAME_REM = 0.45;
const TITLE_REM = LINE_REM + 2 * PAD_REM;

/** What is written of a place beside its name, in two lines or in one, and what does in the end. */
function sayings(status: PlaceStatus): string[] {
  if (status.kind === 'alarm') {
    const word = t(`priority.${status.priority}`);
    const age = status.sinceMs === null ? '' : span(link.serverNow() - status.sinceMs);
    return status.count > 1 ? [word, `×${status.count} ${age}`, age] : [word, age];
  }
  if (status.kind === 'no-data') {
    const part = status.count < status.of ? ` ${status.count}/${status.of}` : '';
    return [deskWord('plan.no_data') + part, status.ageMs === null ? '' : span(status.ageMs)];
  }
  if (status.kind === 'aside') return [tAny(`suppression.${status.suppression}`) ?? status.suppression];
  return [t('card.test')];
}

function Mark({ status, sizePx }: { status: PlaceStatus; sizePx: number }) {
  return status.kind === 'alarm' ? <Shape priority={status.priority} sizePx={sizePx} /> : <Unknown sizePx={sizePx} />;
}

/** Filled: nobody has acknowledged it. A frame: somebody has, or it is no alarm. */
function lookOf(status: PlaceStatus | undefined): { class: string; isFilled: boolean } {
  if (status === undefined) return { class: 'calm', isFilled: true };
  if (status.kind !== 'alarm') return { class: status.kind, isFilled: false };
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

/** Bold text is so much wider. */
const BOLD = 1.1;

/** The first of the texts that fits. */
const fitting = (texts: string[], maxEm: number): string =>
  texts.find((text) => text !== '' && widthEm(text) * BOLD <= maxEm) ?? '';

/** Where the words go: the name above, the status in the lines below it, or beside it where there is one line. */
function written(block: Block, status: PlaceStatus | undefined, rem: number): Writing {
  const pad = PAD_REM * rem + (status === undefined || block.blocks.length > 0 ? 0 : FRAME_REM * rem * 0.7);
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
  if (status === undefined) return { texts: nameIn(roomEm, lines, x), mark: null };

  const [first = '', second = '', last = ''] = sayings(status);
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
  statuses: Map<string, PlaceStatus>;
  rem: number;
  onChoose: (place: string) => void;
}

function Cell({ block, statuses, rem, onChoose }: CellProps) {
  const status = statuses.get(block.place.place);
  const look = lookOf(status);
  const { texts, mark } = written(block, status, rem);
  const frame = Math.min(FRAME_REM * rem, block.height / 6);
  // The colour of a block with places in it stays in its title.
  const height = block.blocks.length > 0 && look.isFilled ? Math.min(TITLE_REM * rem, block.height) : block.height;
  return (
    <g class={`block block-${look.class}`} data-place={block.place.place} onClick={() => onChoose(block.place.place)}>
      <title>{[pick(block.place.name), ...(status === undefined ? [] : sayings(status))].join(' ')}</title>
      {block.blocks.length > 0 && (
        <rect class="block-ground" x={block.x} y={block.y} width={block.width} height={block.height} rx={rem / 4} />
      )}
      {!(block.blocks.length > 0 && status === undefined) && (
        <rect class="block-fill" x={block.x} y={block.y} width={block.width} height={height} rx={rem / 4} />
      )}
      {!look.isFilled && (
        <rect
          class="block-inside"
          x={block.x + frame}
          y={block.y + frame}
          width={Math.max(block.width - 2 * frame, 0)}
          height={Math.max(block.height - 2 * frame, 0)}
          rx={rem / 8}
        />
      )}
      {status !== undefined && mark !== null && (
        <g transform={`translate(${mark.x} ${mark.y})`}>
          <Mark status={status} sizePx={SHAPE_REM * rem} />
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
      {block.blocks.map((inner) => (
        <Cell key={inner.place.place} block={inner} statuses={statuses} rem={rem} onChoose={onChoose} />
      ))}
    </g>
  );
}

/** On a narrow page the drawing is as high as its places need; else it fills what the page has for it. */
const WIDE = '(min-width: 64rem)';
const PLACE_REM = 3.6;

const heightOf = (size: Size, places: number): number =>
  matchMedia(WIDE).matches ? size.height : places * PLACE_REM * size.rem;

function Drawing({ size, table, ...rest }: Omit<CellProps, 'block' | 'rem'> & { size: Size; table: LiveTable }) {
  const height = heightOf(size, table.places.length);
  const blocks = floorPlan(table.places, { width: size.width, height }, TITLE_REM * size.rem);
  const count = rest.statuses.size;
  const says = count === 0 ? deskWord('plan.calm') : deskWord('plan.abnormal', { count });
  return (
    <svg width={size.width} height={height} role="img" aria-label={`${deskWord('plan.title')}: ${says}`}>
      <defs>
        <pattern id="hatch" width="10" height="10" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">
          <rect class="hatch-ground" width="10" height="10" />
          <rect class="hatch-line" width="5" height="10" />
        </pattern>
      </defs>
      {blocks.map((block) => (
        <Cell key={block.place.place} block={block} rem={size.rem} {...rest} />
      ))}
    </svg>
  );
}

interface PlanProps {
  table: LiveTable;
  statuses: Map<string, PlaceStatus>;
  onChoose: (place: string) => void;
}

export function Plan({ table, statuses, onChoose }: PlanProps) {
  const frame = useRef<HTMLDivElement>(null);
  const size = useSize(frame);
  return (
    <div class="plan" ref={frame}>
      {size !== null && size.width > 0 && (
        <Drawing size={size} table={table} statuses={statuses} onChoose={onChoose} />
      )}
    </div>
  );
}
