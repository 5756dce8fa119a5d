// SPDX-License-Identifier: Apache-2.0
// Every page with its path, its name, and who finds it in the menu. A page is added by a line here.
import type { ComponentType } from 'preact';
import { LogPage } from './log/page';
import { StoryPage } from './log/story';
import { RoomsPage } from './rooms/page';
import type { Person, Role } from './types';
import type { Key } from './words';

interface Props {
  person: Person;
  /** What follows the path of the route, decoded. */
  rest: string;
}

export interface Route {
  /** One that ends with a slash is for everything below it. */
  path: string;
  page: ComponentType<Props>;
  /** Its name in the menu; without one it is reached from other pages. */
  word?: Key;
  /** Those who find it in the menu, if not everybody. What a person may do is decided by the server. */
  roles?: Role[];
}

export const ROUTES: Route[] = [
  { path: '/', page: RoomsPage, word: 'nav.rooms' },
  { path: '/events', page: LogPage, word: 'nav.events' },
  { path: '/alarm/', page: StoryPage },
];

export const isFor = (route: Route, role: Role): boolean => route.roles?.includes(role) ?? true;

const leadsTo = (route: Route, path: string): boolean =>
  route.path === path || (route.path !== '/' && route.path.endsWith('/') && path.startsWith(route.path));

/** The page at a path; the first page of all where there is none. */
export function Page({ person, path }: { person: Person; path: string }) {
  const route = ROUTES.find((each) => leadsTo(each, path)) ?? ROUTES[0];
  return route ? <route.page person={person} rest={decodeURIComponent(path.slice(route.path.length))} /> : null;
}
