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

type Extent = Pick<Area, 'width' | 'height'>;

export interface Block extends Area {
  place: Place;
  blocks: Block[];
  /** The places in it that have no blocks of their own, since with these all would be too small to be read. */
  folded: string[];
}

/** What a plan must keep room for. */
export interface Needs {
  /** Above the places of a block. */
  titlePx: number;
  /** The least block in which something can be read. */
  least: Extent;
  /** The ids of places that keep their blocks if those of the others can make room for them. */
  marked: Set<string>;
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

/** A title takes room too: a block with places in it counts for one more, and needs its title and two lines. */
const partOf = (branch: Branch, titlePx: number): Part =>
  branch.branches.length === 0
    ? { weight: 1, needs: titlePx }
    : { weight: branch.leaves + 1, needs: titlePx * 3 };

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

function foldedIn(branch: Branch, blocks: Block[]): string[] {
  const shown = new Set(flat(blocks).flatMap((block) => [block.place.place, ...block.folded]));
  return idsIn(branch).filter((id) => !shown.has(id));
}

function arrange(branches: Branch[], area: Area, needs: Needs): Block[] {
  const { titlePx } = needs;
  const parts = branches.map((branch) => partOf(branch, titlePx));
  return strips(parts, area).map((cut, index) => {
    const branch = branches[index] as Branch;
    const width = cut.width - gapIn(cut.width);
    const height = cut.height - gapIn(cut.height);
    const title = Math.min(titlePx, height / 2);
    const left = gapIn(width);
    const inner = { x: cut.x + left, y: cut.y + title, width: width - left, height: height - title };
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
