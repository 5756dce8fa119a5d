// SPDX-License-Identifier: Apache-2.0
// The points and the health of the gateway as they are now.
import { api } from '../api';
import type { Point } from './points';
import { allRows, usePoll, type Polled } from './poll';

export interface Health {
  engine: string;
  site: { state: string };
  components: { name: string; state: string }[];
  journal: { state: string; pending: number };
  uplink: { state: string; waiting: number };
  database: { state: string };
  door: { state: string };
  unheard: { count: number };
}

export interface Version {
  version: string;
  build: string;
}

export const useHealth = (everyMs: number): Polled<Health> =>
  usePoll(() => api<Health>('GET', '/api/v1/health'), everyMs);

export const usePoints = (everyMs: number): Polled<Point[]> =>
  usePoll(() => allRows<Point>('/api/v1/points', 'points'), everyMs);
