// SPDX-License-Identifier: Apache-2.0
// Whether somebody means to be signed in on this browser: from signing in until signing out by hand. Who is signed
// out in any other way does not know it, and believes that alarms still come.
const KEPT = 'tocsin.stays';

export const stay = (): void => localStorage.setItem(KEPT, '1');
export const leave = (): void => localStorage.removeItem(KEPT);
export const meansToStay = (): boolean => localStorage.getItem(KEPT) !== null;
