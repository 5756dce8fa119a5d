// SPDX-License-Identifier: Apache-2.0
// What the browser's tab says of the page: its title and its icon.
import { t } from '../words';

export type TabState = { lost: true } | { lost: false; alarms: number; awaited: number };

/** The browser takes long for each of them, and nobody counts faster than this. */
const TAB_MS = 1000;

let shown = '';
let shownMs = -TAB_MS;

/** To be called again and again: a number that changes fast is shown when its time has come. */
export function showTab(state: TabState): void {
  const name = t('app.name');
  const title = state.lost ? t('curtain.tab') : state.alarms > 0 ? `(${state.alarms}) ${name}` : name;
  const icon = state.lost ? '/favicon-lost.svg' : state.awaited > 0 ? '/favicon-alarm.svg' : '/favicon.svg';
  const kind = state.lost ? 'lost' : `${state.alarms > 0} ${state.awaited > 0}`;
  if (kind === shown && performance.now() < shownMs + TAB_MS) return;
  shown = kind;
  shownMs = performance.now();
  if (document.title !== title) document.title = title;
  const element = document.querySelector<HTMLLinkElement>('link[rel=icon]');
  if (element !== null && element.getAttribute('href') !== icon) element.href = icon;
  showBadge(state.lost ? undefined : state.alarms);
}

let badge: number | undefined = 0;

/** On the icon of the installed app; undefined is a dot that says no number. */
function showBadge(count: number | undefined): void {
  if (count === badge || !('setAppBadge' in navigator)) return;
  badge = count;
  navigator.setAppBadge(count).catch(() => {});
}
