// SPDX-License-Identifier: Apache-2.0
// A screen on a wall signs in by itself: it is opened once at /#screen=TOKEN, and keeps the token until it is signed
// out. What follows # is told to no server and stands in no log.
import { api, type Session } from '../api';

const KEPT = 'tocsin.screen';
const PREFIX = '#screen=';

export const addressOfScreen = (token: string): string => `${location.origin}/${PREFIX}${token}`;

/** Sign in as the screen that this is; null when it is none. */
export async function signInAsScreen(): Promise<Session | null> {
  if (location.hash.startsWith(PREFIX)) {
    localStorage.setItem(KEPT, location.hash.slice(PREFIX.length));
    history.replaceState(null, '', location.pathname);
  }
  const token = localStorage.getItem(KEPT);
  return token === null ? null : api<Session>('POST', '/api/v1/session', { token });
}

export const forgetScreen = (): void => localStorage.removeItem(KEPT);
