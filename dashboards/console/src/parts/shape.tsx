// SPDX-License-Identifier: Apache-2.0
// A shape for each priority, so that colour is never alone. The word beside it is what is read out.
import type { Priority } from '../types';

const PATHS: Record<Priority, string> = {
  emergency: 'M10 2h12l8 8v12l-8 8H10l-8-8V10z',
  urgent: 'M16 2l14 27H2z',
  high: 'M16 1l15 15-15 15L1 16z',
  low: 'M16 3a13 13 0 1 1 0 26a13 13 0 1 1 0-26z',
  journal: 'M16 10a6 6 0 1 1 0 12a6 6 0 1 1 0-12z',
};

interface Props {
  /** Its width in px within another drawing, where the style sheet does not reach it. */
  sizePx?: number;
}

export function Shape({ priority, sizePx }: Props & { priority: Priority }) {
  return (
    <svg class={`shape shape-${priority}`} width={sizePx} height={sizePx} viewBox="-1 -1 34 34" aria-hidden="true">
      <path d={PATHS[priority]} />
    </svg>
  );
}

/** "No data": hatched, with a question mark. */
export function Unknown({ sizePx }: Props) {
  return (
    <svg class="shape shape-fault" width={sizePx} height={sizePx} viewBox="-1 -1 34 34" aria-hidden="true">
      <rect x="2" y="2" width="28" height="28" />
      <path class="hatch" d="M2 12L12 2M2 22L22 2M2 30L30 2M10 30L30 10M20 30L30 20" />
      <text x="16" y="24">
        ?
      </text>
    </svg>
  );
}
