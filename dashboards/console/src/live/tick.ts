// SPDX-License-Identifier: Apache-2.0
// Twice a second, by one timer for the whole page.

const TICK_MS = 500;

const listeners = new Set<() => void>();
let timer: ReturnType<typeof setInterval> | undefined;

/** Call `listener` at each tick, until the function that is given back is called. */
export function onTick(listener: () => void): () => void {
  if (listeners.size === 0) timer = setInterval(() => listeners.forEach((each) => each()), TICK_MS);
  listeners.add(listener);
  return () => {
    listeners.delete(listener);
    if (listeners.size === 0) clearInterval(timer);
  };
}
