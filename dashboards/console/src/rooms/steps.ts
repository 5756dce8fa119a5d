// SPDX-License-Identifier: Apache-2.0
// What can be done next about an alarm. The server decides; these are only the buttons worth offering.
import type { Alarm, Role } from '../types';

export type Step = 'acknowledge' | 'attend' | 'reset' | 'investigate' | 'disposition';

/**
 * Does the alarm wait for somebody of this role to say that they go? Whoever acknowledges in a role that is not called
 * has ended no calls. Before the screen on a wall anybody may stand.
 */
export function awaits({ state, calling = [] }: Alarm, role: Role): boolean {
  return !state.acked || (role === 'wall' ? calling.length > 0 : calling.includes(role));
}

export function stepsOf(alarm: Alarm, role: Role): Step[] {
  const { acked, attended, active, latched, investigated } = alarm.state;
  const steps: Step[] = [];
  if (awaits(alarm, role)) steps.push('acknowledge');
  if (acked && !attended) steps.push('attend');
  if (acked && latched && !active) steps.push('reset');
  if (acked && alarm.class.startsWith('fire.') && investigated === null) steps.push('investigate');
  if (acked) steps.push('disposition');
  return steps;
}

/** What an alarm may have been, and which of these are false alarms. */
export const DISPOSITIONS = ['genuine', 'misuse', 'equipment', 'test', 'drill', 'duplicate', 'no_answer'] as const;
export const FALSE_ALARMS = DISPOSITIONS.filter((name) => name !== 'genuine');
export type Disposition = (typeof DISPOSITIONS)[number];
