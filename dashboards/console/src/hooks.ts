// SPDX-License-Identifier: Apache-2.0
import { useEffect, useRef, useState } from 'preact/hooks';
import { link } from './live/link';
import { onTick } from './live/tick';

/** Show again at each change of the live table and, so that ages go on, twice a second. */
export function useLive(): void {
  const [, again] = useState(0);
  useEffect(() => {
    const show = () => again((count) => count + 1);
    const ends = [onTick(show), link.subscribe(show)];
    return () => ends.forEach((end) => end());
  }, []);
}

/** What `read` finds, looked for twice a second, and as the table changes if `isAtOnce`. Shown again only when it is something else. */
export function useNow<Value>(read: () => Value, isAtOnce = false): Value {
  const [, find] = useState(read);
  const latest = useRef(read);
  latest.current = read;
  useEffect(() => {
    const look = () => find(() => latest.current());
    const ends = [onTick(look), ...(isAtOnce ? [link.subscribe(look)] : [])];
    return () => ends.forEach((end) => end());
  }, []);
  return read();
}

const routeChanged = 'tocsin-route';

export function go(path: string): void {
  history.pushState(null, '', path);
  dispatchEvent(new Event(routeChanged));
  scrollTo(0, 0);
}

/** The same, without a way back to where one was. */
export function replace(path: string): void {
  history.replaceState(null, '', path);
  dispatchEvent(new Event(routeChanged));
}

/** The path of the page, also when people go back and forth. */
export function useRoute(): string {
  const [path, setPath] = useState(location.pathname);
  useEffect(() => {
    const show = () => setPath(location.pathname);
    addEventListener('popstate', show);
    addEventListener(routeChanged, show);
    show(); // a page that leads on to another may have done so before this
    return () => {
      removeEventListener('popstate', show);
      removeEventListener(routeChanged, show);
    };
  }, []);
  return path;
}
