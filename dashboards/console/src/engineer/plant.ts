// SPDX-License-Identifier: Apache-2.0
// What /api/v1 says of devices, buses, rules and the past, as far as these pages use it.
import type { Quality } from '../live/points';
import type { Alarm, Priority, Text } from '../types';

export type DeviceState = 'answering' | 'lost' | 'unheard' | 'silent' | 'unknown';

export interface Device {
  device: string;
  bus: string;
  unit: number | null;
  poll_ms: number | null;
  timeout_ms: number | null;
  point_count: number;
  unheard_count: number;
  state: DeviceState;
  lost_since: string | null;
  age_ms: number | null;
}

export interface Bus {
  bus: string;
  protocol: string;
  component: string;
  counts: { polls: number; answers: number; skipped: number; failures: Record<string, number> } | null;
}

export type Truth = 'true' | 'false' | 'unknown';

export interface Reason {
  cause: 'engine' | 'points' | 'site' | 'past' | 'waiting';
  point_count: number;
  points: { point: string; quality: Quality; why: string }[];
}

export interface Instance {
  alarm: string;
  entity: string;
  place: string | null;
  truth: Truth;
  reason: Reason | null;
}

export interface Rule {
  rule: string;
  class: string;
  priority: Priority;
  builtin: boolean;
  expression: string | null;
  message: Text;
  latched: boolean;
  instances: Instance[];
}

/** An alarm as the list of all says it. */
export interface AnyAlarm extends Alarm {
  state: Alarm['state'] & { shelved: boolean; out_of_service: boolean };
  /** Never shelved, and out of service only by two people. */
  managed: boolean;
  shelved_until: string | null;
  out_of_service_until: string | null;
}

export interface History {
  step: number;
  from: number;
  points: {
    point: string;
    unit: string | null;
    min: (number | null)[];
    max: (number | null)[];
    mean: (number | null)[];
    changes: number[];
    good_s: number[];
  }[];
}

/** A rule whose instances are on several pages is one rule. */
export function joined(pages: Rule[]): Rule[] {
  const rules = new Map<string, Rule>();
  for (const rule of pages) {
    const known = rules.get(rule.rule);
    if (known === undefined) rules.set(rule.rule, { ...rule, instances: [...rule.instances] });
    else known.instances.push(...rule.instances);
  }
  return [...rules.values()];
}

export interface Summary {
  least: number;
  most: number;
  mean: number;
  changes: number;
  goodS: number;
}

/** The past in a few numbers; null where nothing is known of it. The mean is weighted by the time of good values. */
export function summaryOf(row: History['points'][number]): Summary | null {
  const known = <Value>(values: (Value | null)[]) => values.filter((value): value is Value => value !== null);
  const least = known(row.min);
  if (least.length === 0) return null;
  const goodS = row.good_s.reduce((sum, seconds) => sum + seconds, 0);
  const weighted = row.mean.reduce<number>((sum, mean, index) => sum + (mean ?? 0) * (row.good_s[index] ?? 0), 0);
  return {
    least: Math.min(...least),
    most: Math.max(...known(row.max)),
    mean: goodS > 0 ? weighted / goodS : Number.NaN,
    changes: row.changes.reduce((sum, count) => sum + count, 0),
    goodS,
  };
}
