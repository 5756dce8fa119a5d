// SPDX-License-Identifier: Apache-2.0
// The floor plan that nobody has drawn: each place a block within the block of the place it lies in, in the order
// of the site file, so that a place is always found where it was.
import type { Place } from '../types';

export interface Area {
  x: number;
  y: number;
  width: number;
  height: number;
}

export type Extent = Pick<Area, 'width' | 'height'>;

/** What a drawing has room for: its whole area, and of each place in it where its words can stand, in its own measure. */
export interface Rooms {
  box: Area;
  rooms: Map<string, Area>;
}

export interface Block extends Area {
  place: Place;
  blocks: Block[];
  /** The places in it that have no blocks of their own, since with these all would be too small to be read. */
  folded: string[];
  /** Where its drawing stands, which has some of its places; the others have blocks. */
  drawing?: Area;
}

/** Does it stand around others, which leave it a title? */
export const isAround = ({ blocks, drawing }: Block): boolean => blocks.length > 0 || drawing !== undefined;

/** What a plan must keep room for. */
export interface Needs {
  /** Above the places of a block. */
  titlePx: number;
  /** The least block in which something can be read. */
  least: Extent;
  /** The ids of places that keep their blocks if those of the others can make room for them. */
  marked: Set<string>;
  /** By the place that was drawn. */
  drawings?: Map<string, Rooms>;
  /** So much more room than its blocks would need is given to a drawing, which keeps its shape. */
  drawnWeight?: number;
  /** Is there room enough for the words of this place of a drawing? Else it has a block too. */
  isRoomy?: (extent: Extent, place: string) => boolean;
  /** What the names of places need in blocks beside a drawing to be whole. */
  names?: Names;
}

export interface Names {
  /** In two lines. */
  widthOf: (place: Place) => number;
  heightPx: number;
}

interface Branch {
  place: Place;
  branches: Branch[];
  leaves: number;
}

/** A name is read best in a block that is somewhat wider than high. */
const IDEAL_RATIO = 1.7;
export const GAP = 6;

const parentOf = (id: string): string => id.split('/').slice(0, -1).join('/');

function branchesOf(places: Place[]): Branch[] {
  const known = new Map<string, Branch>();
  const roots: Branch[] = [];
  for (const place of places) {
    const branch: Branch = { place, branches: [], leaves: 1 };
    known.set(place.place, branch);
    (known.get(parentOf(place.place))?.branches ?? roots).push(branch);
  }
  const count = (branch: Branch): number => {
    branch.leaves = branch.branches.length === 0 ? 1 : branch.branches.reduce((sum, each) => sum + count(each), 0);
    return branch.leaves;
  };
  roots.forEach(count);
  return roots;
}

/** How far the blocks of one strip are from the ideal shape in the mean; 1 is ideal. */
function distortion(weights: number[], scale: number, width: number): number {
  const height = (weights.reduce((sum, each) => sum + each, 0) * scale) / width;
  const each = weights.map((weight) => (weight * scale) / height / height / IDEAL_RATIO);
  return each.reduce((sum, ratio) => sum + Math.max(ratio, 1 / ratio), 0) / weights.length;
}

/** The heights of the strips: each at least what it needs, the rest as the weights say. */
function heightsOf(natural: number[], needed: number[]): number[] {
  const total = natural.reduce((sum, each) => sum + each, 0);
  const least = needed.reduce((sum, each) => sum + each, 0);
  if (least >= total) return needed.map((each) => (each * total) / least);
  const spare = natural.map((each, index) => Math.max(each - (needed[index] ?? 0), 0));
  const share = (total - least) / spare.reduce((sum, each) => sum + each, 0);
  return needed.map((each, index) => each + (spare[index] ?? 0) * share);
}

interface Part {
  weight: number;
  /** The least height in which it can be read. */
  needs: number;
}

/** Cut `area` into one block for each part, strip below strip, left to right. */
export function strips(parts: Part[], area: Area): Area[] {
  const weightOf = (row: Part[]) => row.reduce((sum, part) => sum + part.weight, 0);
  const scale = (area.width * area.height) / weightOf(parts);
  const off = (row: Part[]) => distortion(row.map((part) => part.weight), scale, area.width);
  const rows: Part[][] = [];
  for (const part of parts) {
    const row = rows.at(-1);
    if (row !== undefined && off([...row, part]) <= off(row)) row.push(part);
    else rows.push([part]);
  }
  const heights = heightsOf(
    rows.map((row) => (weightOf(row) * scale) / area.width),
    rows.map((row) => Math.max(...row.map((part) => part.needs))),
  );
  let y = area.y;
  return rows.flatMap((row, index) => {
    const height = heights[index] ?? 0;
    let x = area.x;
    const cut = row.map(({ weight }) => {
      const width = (weight * area.width) / weightOf(row);
      const block = { x, y, width, height };
      x += width;
      return block;
    });
    y += height;
    return cut;
  });
}

/** A title takes room too: a block with places in it counts for one more, and needs its title and a line. */
const partOf = (branch: Branch, { titlePx, drawings, drawnWeight = 1 }: Needs): Part =>
  branch.branches.length === 0
    ? { weight: 1, needs: titlePx }
    : { weight: (branch.leaves + 1) * (drawings?.has(branch.place.place) === true ? drawnWeight : 1), needs: titlePx * 2 + 2 * GAP };

/** Between two blocks; less where there is hardly any room. */
const gapIn = (length: number): number => Math.min(GAP, length / 4);

const idsIn = (branch: Branch): string[] => branch.branches.flatMap((each) => [each.place.place, ...idsIn(each)]);

/** Of `branches` those that lead to a marked place. */
function onlyMarked(branches: Branch[], marked: Set<string>): Branch[] {
  return branches.flatMap((branch) => {
    const inner = onlyMarked(branch.branches, marked);
    if (inner.length === 0 && !marked.has(branch.place.place)) return [];
    return [{ ...branch, branches: inner, leaves: inner.reduce((sum, each) => sum + each.leaves, 0) || 1 }];
  });
}

/** The blocks of what lies in one of several branches: of all of it, or of what is marked, or none that can be read. */
function inside({ branches }: Branch, area: Area, needs: Needs): Block[] {
  const { least, marked } = needs;
  const isTooSmall = (block: Block) =>
    block.blocks.length === 0 && (block.width < least.width || block.height < least.height);
  const choices = [branches, onlyMarked(branches, marked)].filter((each) => each.length > 0);
  return choices.map((each) => arrange(each, area, needs)).find((blocks) => !flat(blocks).some(isTooSmall)) ?? [];
}

/** Where a drawing stands in an area: as large as it can be, in the middle. */
function fitted(box: Extent, area: Area): Area {
  const scale = Math.min(area.width / box.width, area.height / box.height);
  const width = box.width * scale;
  const height = box.height * scale;
  return { x: area.x + (area.width - width) / 2, y: area.y + (area.height - height) / 2, width, height };
}

/** A drawing that is less wide says less than blocks do, and so does one in which few rooms have room for words. */
const DRAWING_LEAST = { width: 4 };
/** A block beside it has room for its name and its state. */
const BESIDE = { width: 1.9, height: 1.3 };

interface BesideExtent extends Extent {
  /** Of the highest of them; `height` is that of the mean. */
  tallest: number;
}

/** What a block beside the drawing needs: two lines, or one where nothing is marked. */
function besideExtent(aside: Branch[], { least, names, marked, titlePx }: Needs): BesideExtent {
  const extent = { width: least.width * BESIDE.width, height: least.height * BESIDE.height };
  if (names === undefined) return { ...extent, tallest: extent.height };
  const width = Math.max(extent.width, ...aside.map(({ place }) => names.widthOf(place) + GAP));
  const heights = aside.map(({ place, branches }) => (branches.length > 0 || marked.has(place.place) ? names.heightPx + GAP : titlePx));
  return { width, height: heights.reduce((sum, each) => sum + each, 0) / heights.length, tallest: Math.max(...heights) };
}

/** Blocks beside a drawing in columns as wide as the names need. Where not all can be whole, those of marked places are. */
function columns(aside: Branch[], area: Area, needs: Needs): Block[] {
  const { names, marked, titlePx } = needs;
  if (names === undefined || aside.some(({ branches }) => branches.length > 0)) return arrange(aside, area, needs);
  const perRow = Math.max(1, Math.min(Math.floor(area.width / besideExtent(aside, needs).width), aside.length));
  const width = area.width / perRow;
  const rows = Array.from({ length: Math.ceil(aside.length / perRow) }, (_, row) => aside.slice(row * perRow, (row + 1) * perRow));
  const whole = names.heightPx + GAP;
  const isEnough = whole * rows.length <= area.height;
  const needed = rows.map((row) => (isEnough || row.some(({ place }) => marked.has(place.place)) ? whole : titlePx));
  const heights = heightsOf(rows.map(() => area.height / rows.length), needed);
  let y = area.y;
  return rows.flatMap((row, index) => {
    const height = heights[index] as number;
    const cut = row.map(({ place }, column) =>
      ({ x: area.x + column * width, y, width: width - gapIn(width), height: height - gapIn(height), place, blocks: [], folded: [] }));
    y += height;
    return cut;
  });
}

/** Of an area what the drawing has, and what blocks of an extent beside it have: to its right or below it, where it keeps more. */
function shared(area: Area, count: number, box: Extent, one: BesideExtent): [Area, Area] {
  const across = Math.ceil(count / Math.max(Math.floor(area.height / one.height), 1));
  const lines = Math.ceil(count / Math.max(Math.floor(area.width / one.width), 1));
  const width = Math.min(across * one.width, area.width);
  const height = Math.min(lines * one.tallest, area.height);
  const left = { ...area, width: area.width - width };
  const above = { ...area, height: area.height - height };
  return fitted(box, left).width >= fitted(box, above).width
    ? [left, { ...area, x: area.x + left.width, width }]
    : [above, { ...area, y: area.y + above.height, height }];
}

/** Of `branches` those that need a block beside the drawing. What is around these only, and was not drawn, is folded. */
function besides(branches: Branch[], isBeside: (id: string) => boolean): Branch[] {
  return branches.flatMap((branch) => {
    const inner = besides(branch.branches, isBeside);
    if (inner.length === 0 && (branch.branches.length > 0 || !isBeside(branch.place.place))) return [];
    return [{ ...branch, branches: inner, leaves: inner.reduce((sum, each) => sum + each.leaves, 0) || 1 }];
  });
}

/** The drawing of a place and the blocks beside it; null where it has none, or there is no room for it. */
function drawnIn(branch: Branch, area: Area, needs: Needs): { drawing: Area; blocks: Block[] } | null {
  const drawn = needs.drawings?.get(branch.place.place);
  if (drawn === undefined) return null;
  const { least, isRoomy = () => true } = needs;
  const small = new Set(idsIn(branch).filter((id) => !drawn.rooms.has(id)));
  let drawing = area;
  let beside = area;
  let aside: Branch[] = [];
  // Blocks beside it make it smaller, and a smaller one may need more of them.
  for (let before = -1; before < small.size; ) {
    before = small.size;
    aside = besides(branch.branches, (id) => small.has(id));
    const count = aside.reduce((sum, each) => sum + each.leaves, 0);
    const [left, right] = count === 0 ? [area, area] : shared(area, count, drawn.box, besideExtent(aside, needs));
    drawing = fitted(drawn.box, left);
    beside = right;
    const scale = drawing.width / drawn.box.width;
    for (const [id, { width, height }] of drawn.rooms) {
      if (!isRoomy({ width: width * scale, height: height * scale }, id)) small.add(id);
    }
  }
  const isReadable = [...drawn.rooms.keys()].filter((id) => !small.has(id)).length * 3 >= drawn.rooms.size;
  if (!isReadable || drawing.width < least.width * DRAWING_LEAST.width) return null;
  return { drawing, blocks: aside.length === 0 ? [] : columns(aside, beside, needs) };
}

function foldedIn(branch: Branch, blocks: Block[], drawn?: Rooms): string[] {
  const shown = new Set(flat(blocks).flatMap((block) => [block.place.place, ...block.folded]));
  return idsIn(branch).filter((id) => !shown.has(id) && drawn?.rooms.has(id) !== true);
}

function arrange(branches: Branch[], area: Area, needs: Needs): Block[] {
  const { titlePx } = needs;
  const parts = branches.map((branch) => partOf(branch, needs));
  return strips(parts, area).map((cut, index) => {
    const branch = branches[index] as Branch;
    const width = cut.width - gapIn(cut.width);
    const height = cut.height - gapIn(cut.height);
    const title = Math.min(titlePx, height / 2);
    const left = gapIn(width);
    const inner = { x: cut.x + left, y: cut.y + title, width: width - left, height: height - title };
    const drawn = drawnIn(branch, inner, needs);
    if (drawn !== null) {
      const folded = foldedIn(branch, drawn.blocks, needs.drawings?.get(branch.place.place));
      return { ...cut, width, height, place: branch.place, folded, ...drawn };
    }
    // A single block for all there is would say nothing of where.
    const blocks = branches.length === 1 ? arrange(branch.branches, inner, needs) : inside(branch, inner, needs);
    return { ...cut, width, height, place: branch.place, blocks, folded: foldedIn(branch, blocks) };
  });
}

/** The blocks of all places in an area of this size, or of what they lie in where they would be too small. */
export function floorPlan(places: Place[], size: Extent, needs: Needs): Block[] {
  if (places.length === 0) return [];
  return arrange(branchesOf(places), { x: 0, y: 0, width: size.width + GAP, height: size.height + GAP }, needs);
}

/** Each block, and after it those within it. */
export const flat = (blocks: Block[]): Block[] => blocks.flatMap((block) => [block, ...flat(block.blocks)]);
