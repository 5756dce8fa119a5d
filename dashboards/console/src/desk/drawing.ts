// SPDX-License-Identifier: Apache-2.0
// The floor plan of a place as somebody drew it: shapes alone, made by the server of the file that the site names. Only
// the elements and attributes below are taken of it once more, whatever the answer holds.
import { h, render, type ComponentChild } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { segments } from '../api';
import type { Place } from '../types';
import type { Area, Rooms } from './layout';
import { freeAreaOf } from './free';

const ELEMENTS = new Set(['g', 'path', 'rect', 'circle', 'ellipse', 'line', 'polyline', 'polygon']);
const ATTRIBUTES = ['d', 'points', 'x', 'y', 'width', 'height', 'rx', 'ry', 'cx', 'cy', 'r', 'x1', 'y1', 'x2', 'y2'];
const PAINTS = ['fill', 'stroke', 'stroke-width'];

type Attributes = Record<string, string>;

/** A shape of a room, with all that moves it. */
export interface Shape {
  name: string;
  attributes: Attributes;
  transform: string;
}

export interface Drawing extends Rooms {
  /** Changes with the drawing. */
  tag: string;
  /** All that was drawn. */
  ground: ComponentChild[];
  shapes: Map<string, Shape[]>;
}

const attributesOf = (element: Element, names: string[]): Attributes =>
  Object.fromEntries(names.flatMap((name) => {
    const value = element.getAttribute(name);
    return value === null ? [] : [[name, value]];
  }));

/** What is drawn in `parent`. The shapes of each room are found in `shapes` after that. */
function nodesOf(parent: Element, transform: string, room: string | null, shapes: Map<string, Shape[]>): ComponentChild[] {
  return [...parent.children].filter(({ localName }) => ELEMENTS.has(localName)).map((element) => {
    const own = element.getAttribute('transform');
    const moved = own === null ? transform : `${transform} ${own}`.trim();
    const place = element.getAttribute('data-place') ?? room;
    const attributes = element.localName === 'g' ? {} : attributesOf(element, ATTRIBUTES);
    if (place !== null && element.localName !== 'g') {
      shapes.set(place, [...(shapes.get(place) ?? []), { name: element.localName, attributes, transform: moved }]);
    }
    const isRoom = place !== null && element.localName !== 'g';
    const look = { ...attributesOf(element, PAINTS), ...(isRoom ? { class: 'drawn-room' } : {}), ...(own === null ? {} : { transform: own }) };
    return h(element.localName, { ...attributes, ...look }, nodesOf(element, moved, place, shapes));
  });
}

/** Its words are found room once, by the browser, which knows what is inside a shape. */
function measured(box: Area, shapes: Map<string, Shape[]>): Map<string, Area> {
  const frame = document.createElement('div');
  frame.className = 'measure';
  document.body.append(frame);
  try {
    const rooms = [...shapes].map(([place, each]) =>
      h('g', { 'data-room': place }, each.map(({ name, attributes, transform }) => h(name, { ...attributes, transform }))));
    render(h('svg', { viewBox: `${box.x} ${box.y} ${box.width} ${box.height}` }, rooms), frame);
    return new Map([...frame.querySelectorAll<SVGGElement>('[data-room]')].flatMap((group) => {
      const area = freeAreaOf(group, box);
      return area === null ? [] : [[group.getAttribute('data-room') as string, area]];
    }));
  } finally {
    render(null, frame);
    frame.remove();
  }
}

export function drawingOf(svg: string, tag: string): Drawing | null {
  const root = new DOMParser().parseFromString(svg, 'image/svg+xml').documentElement;
  const [x = 0, y = 0, width = 0, height = 0] = (root.getAttribute('viewBox') ?? '').split(/[\s,]+/).map(Number);
  if (root.localName !== 'svg' || !(width > 0) || !(height > 0)) return null;
  const shapes = new Map<string, Shape[]>();
  const ground = nodesOf(root, '', null, shapes);
  const box = { x, y, width, height };
  return { tag, box, ground, shapes, rooms: measured(box, shapes) };
}

const RETRY_MS = 5000;
const PATIENCE_MS = 10_000;

async function fetched({ place, plan }: Place): Promise<Drawing | null> {
  const answer = await fetch(`/api/v1/plans/${segments(place)}`, { cache: 'no-store', signal: AbortSignal.timeout(PATIENCE_MS) });
  if (!answer.ok) throw new Error(String(answer.status));
  return drawingOf(await answer.text(), plan as string);
}

/** The drawings of the places that have one, as they come; until then, and without one, a place is shown as blocks. */
export function useDrawings(places: Place[]): Map<string, Drawing> {
  const [drawings, setDrawings] = useState(new Map<string, Drawing>());
  const drawn = places.filter(({ plan }) => plan !== null);
  const wanted = drawn.map(({ place, plan }) => `${place} ${plan}`).join('\n');
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    let isOver = false;
    const has = new Map([...drawings].filter(([id, { tag }]) => drawn.some(({ place, plan }) => place === id && plan === tag)));
    setDrawings(has);
    const ask = async () => {
      const missing = drawn.filter(({ place }) => !has.has(place));
      const answers = await Promise.allSettled(missing.map(fetched));
      if (isOver) return;
      answers.forEach((answer, index) => {
        const { place } = missing[index] as Place;
        if (answer.status === 'fulfilled' && answer.value !== null) has.set(place, answer.value);
      });
      if (missing.length > 0) setDrawings(new Map(has));
      if (answers.some(({ status }) => status === 'rejected')) timer = setTimeout(() => void ask(), RETRY_MS);
    };
    void ask();
    return () => {
      isOver = true;
      clearTimeout(timer);
    };
  }, [wanted]);
  return drawings;
}
