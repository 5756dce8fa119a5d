// SPDX-License-Identifier: Apache-2.0
// Every page with its path, its name, and who finds it in the menu. A page is added by a line here.
import type { ComponentType } from 'preact';
import { useEffect } from 'preact/hooks';
import { replace } from './hooks';
import { lazily } from './lazy';
import { RoomsPage } from './rooms/page';
import type { Person, Role } from './types';
import type { Key } from './words';

interface Props {
  person: Person;
  /** What follows the path of the route, decoded. */
  rest: string;
}

interface Route {
  /** One that ends with a slash is for everything below it. */
  path: string;
  page: ComponentType<Props>;
  /** Its name in the menu; without one it is reached from other pages. */
  word?: Key;
  /** `account`: with what concerns only oneself, and what is rarely wanted. */
  menu?: 'pages' | 'account';
  /** Those who find it in the menu, if not everybody. What a person may do is decided by the server. */
  roles?: Role[];
}

const PEOPLE: Role[] = ['caregiver', 'security', 'manager', 'engineer', 'auditor'];

/** What a role works with, in the order of its menu. To the first of them `/` leads. */
const FIRST_PAGES: Record<Role, [string, ...string[]]> = {
  caregiver: ['/rooms', '/events', '/handover'],
  security: ['/desk', '/events', '/handover'],
  manager: ['/manager', '/desk', '/events', '/handover'],
  engineer: ['/engineer', '/desk', '/events'],
  auditor: ['/events', '/audit', '/handover'],
  wall: ['/desk/wall'],
};

function FirstPage({ person }: Props) {
  useEffect(() => replace(FIRST_PAGES[person.role][0]), []);
  return null;
}

const AuditPage = lazily<Props>(() => import('./audit/page').then((chunk) => chunk.AuditPage));
const DeskPage = lazily<Props>(() => import('./desk/page').then((chunk) => chunk.DeskPage));
const EngineerPage = lazily<Props>(() => import('./engineer/page').then((chunk) => chunk.EngineerPage));
const HandoverPage = lazily<Props>(() => import('./handover/page').then((chunk) => chunk.HandoverPage));
const LogPage = lazily<Props>(() => import('./log/page').then((chunk) => chunk.LogPage));
const ManagerPage = lazily<Props>(() => import('./manager/page').then((chunk) => chunk.ManagerPage));
const PasswordPage = lazily<Props>(() => import('./users/password').then((chunk) => chunk.PasswordPage));
const PhonePage = lazily<Props>(() => import('./users/phone-page').then((chunk) => chunk.PhonePage));
const StoryPage = lazily<Props>(() => import('./log/story').then((chunk) => chunk.StoryPage));
const UsersPage = lazily<Props>(() => import('./users/page').then((chunk) => chunk.UsersPage));

const ROUTES: Route[] = [
  { path: '/', page: FirstPage },
  { path: '/rooms', page: RoomsPage, word: 'nav.rooms' },
  { path: '/desk', page: DeskPage, word: 'nav.desk' },
  { path: '/desk/', page: DeskPage },
  { path: '/manager', page: ManagerPage, word: 'nav.manager' },
  { path: '/engineer', page: EngineerPage, word: 'nav.engineer' },
  { path: '/engineer/', page: EngineerPage },
  { path: '/events', page: LogPage, word: 'nav.events' },
  { path: '/audit', page: AuditPage, word: 'nav.audit', roles: ['engineer', 'auditor'] },
  { path: '/handover', page: HandoverPage, word: 'nav.handover' },
  { path: '/alarm/', page: StoryPage },
  { path: '/password', page: PasswordPage, word: 'password.title', menu: 'account', roles: PEOPLE },
  { path: '/phone', page: PhonePage, word: 'phone.title', menu: 'account', roles: PEOPLE },
  { path: '/users', page: UsersPage, word: 'users.title', menu: 'account', roles: ['engineer'] },
];

export interface Entry {
  path: string;
  word: Key;
}

/** What somebody of the role finds in a menu. */
export const menuOf = (role: Role, menu: 'pages' | 'account'): Entry[] =>
  ROUTES.flatMap(({ path, word, menu: where = 'pages', roles }) =>
    word !== undefined && where === menu && (roles?.includes(role) ?? true) ? [{ path, word }] : [],
  );

/** The pages that a role works with, and those that it finds behind them. */
export function pagesOf(role: Role): { first: Entry[]; more: Entry[] } {
  const all = menuOf(role, 'pages');
  const first = FIRST_PAGES[role].flatMap((path) => all.find((page) => page.path === path) ?? []);
  return { first, more: all.filter((page) => !first.includes(page)) };
}

const leadsTo = (route: Route, path: string): boolean =>
  route.path === path || (route.path !== '/' && route.path.endsWith('/') && path.startsWith(route.path));

/** What follows a route; what is no text as it stands, since somebody has changed the address, is the name of nothing. */
function decoded(rest: string): string {
  try {
    return decodeURIComponent(rest);
  } catch {
    return rest;
  }
}

/** The page at a path; the first page of all where there is none. */
export function Page({ person, path }: { person: Person; path: string }) {
  const route = ROUTES.find((each) => leadsTo(each, path)) ?? ROUTES[0];
  return route ? <route.page person={person} rest={decoded(path.slice(route.path.length))} /> : null;
}
