// SPDX-License-Identifier: Apache-2.0
// The largest upright rectangle in a room of any shape, where its words can stand.
import type { Area } from './layout';

/** So finely a room is looked at. */
const COLUMNS = 24;
const ROWS = 16;

/** The largest rectangle of cells that are all free; null where none is. */
export function largestFree(free: boolean[][]): { column: number; row: number; columns: number; rows: number } | null {
  const width = free[0]?.length ?? 0;
  const heights = Array.from({ length: width }, () => 0);
  let best: ReturnType<typeof largestFree> = null;
  free.forEach((cells, row) => {
    cells.forEach((isFree, column) => (heights[column] = isFree ? (heights[column] as number) + 1 : 0));
    for (let left = 0; left < width; left++) {
      let rows = Infinity;
      for (let right = left; right < width; right++) {
        rows = Math.min(rows, heights[right] as number);
        if (rows === 0) break;
        const columns = right - left + 1;
        if (best === null || columns * rows > best.columns * best.rows) {
          best = { column: left, row: row - rows + 1, columns, rows };
        }
      }
    }
  });
  return best;
}

/** From a shape's own measure to that of the drawing. */
function matrixOf(shape: SVGGraphicsElement, drawing: DOMMatrix): DOMMatrix {
  const own = shape.getCTM();
  return own === null ? new DOMMatrix() : drawing.inverse().multiply(DOMMatrix.fromMatrix(own));
}

interface Outline {
  shape: SVGGeometryElement;
  toDrawing: DOMMatrix;
  fromDrawing: DOMMatrix;
}

function boundsOf(outlines: Outline[]): Area {
  const corners = outlines.flatMap(({ shape, toDrawing }) => {
    const { x, y, width, height } = shape.getBBox();
    return [[x, y], [x + width, y], [x, y + height], [x + width, y + height]].map(([cx, cy]) => new DOMPoint(cx, cy).matrixTransform(toDrawing));
  });
  const xs = corners.map(({ x }) => x);
  const ys = corners.map(({ y }) => y);
  const x = Math.min(...xs);
  const y = Math.min(...ys);
  return { x, y, width: Math.max(...xs) - x, height: Math.max(...ys) - y };
}

/** Of the shapes in `group`, which is drawn in a `box`; null when nothing of them is in it. */
export function freeAreaOf(group: SVGGElement, box: Area): Area | null {
  const whole = group.getCTM();
  if (whole === null) return null;
  const outlines = [...group.children].map((each) => {
    const shape = each as SVGGeometryElement;
    const toDrawing = matrixOf(shape, DOMMatrix.fromMatrix(whole));
    return { shape, toDrawing, fromDrawing: toDrawing.inverse() };
  });
  const bounds = boundsOf(outlines);
  if (!(bounds.width > 0 && bounds.height > 0)) return null;
  const cell = { width: bounds.width / COLUMNS, height: bounds.height / ROWS };
  const isFree = (x: number, y: number) =>
    x >= box.x && x <= box.x + box.width && y >= box.y && y <= box.y + box.height &&
    outlines.some(({ shape, fromDrawing }) => shape.isPointInFill(new DOMPoint(x, y).matrixTransform(fromDrawing)));
  const free = Array.from({ length: ROWS }, (_, row) =>
    Array.from({ length: COLUMNS }, (__, column) => isFree(bounds.x + (column + 0.5) * cell.width, bounds.y + (row + 0.5) * cell.height)));
  const found = largestFree(free);
  if (found === null) return null;
  return {
    x: bounds.x + found.column * cell.width,
    y: bounds.y + found.row * cell.height,
    width: found.columns * cell.width,
    height: found.rows * cell.height,
  };
}
