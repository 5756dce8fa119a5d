// SPDX-License-Identifier: Apache-2.0
import type { RefObject } from 'preact';
import { useEffect, useState } from 'preact/hooks';

export interface Size {
  width: number;
  height: number;
  /** One rem in px: what text takes. */
  rem: number;
}

/** Is the page one that has a height of its own, which its parts share? Else it is as long as they are. */
export const isWide = (): boolean => matchMedia('(min-width: 64rem)').matches;

/** The inner size of an element, as it changes; null before it is known. */
export function useSize(of: RefObject<Element>): Size | null {
  const [size, setSize] = useState<Size | null>(null);
  useEffect(() => {
    const element = of.current;
    if (element === null) return undefined;
    const observer = new ResizeObserver(([entry]) => {
      if (entry === undefined) return;
      const { width, height } = entry.contentRect;
      setSize({ width, height, rem: parseFloat(getComputedStyle(document.documentElement).fontSize) });
    });
    observer.observe(element);
    return () => observer.disconnect();
  }, []);
  return size;
}
