// SPDX-License-Identifier: Apache-2.0
// The table of a page, and what a change makes of it. An alarm that did not change stays the very same object, by
// which a part of the page knows that it has nothing to draw again.
import type { Alarm } from '../types';
import { inOrder, setAside } from './alarms';
import type { Change, LiveTable } from './messages';

export function changedTable(table: LiveTable, change: Change): LiveTable {
  const { alarms, gone, seq } = change;
  if (alarms.length === 0 && gone.length === 0) return { ...table, seq };
  const all = new Map<string, Alarm>();
  for (const alarm of [...table.alarms, ...table.aside, ...alarms]) all.set(alarm.alarm, alarm);
  for (const id of gone) all.delete(id);
  return { ...table, seq, alarms: inOrder(all.values()), aside: setAside(all.values()) };
}
