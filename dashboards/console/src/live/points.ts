// SPDX-License-Identifier: Apache-2.0
export type Quality = 'good' | 'uncertain' | 'stale' | 'fault' | 'out_of_service' | 'unknown';

export interface Point {
  point: string;
  kind: string;
  device: string;
  place: string;
  value: number | null;
  unit: string | null;
  quality: Quality;
  measured: string | null;
  age_ms: number | null;
}

/** Nothing is known of it at present. */
export const isUnseen = (point: Point): boolean => point.quality === 'stale' || point.quality === 'fault';
