// SPDX-License-Identifier: Apache-2.0
// What /api/v1 says, as far as the pages use it.

export interface Text {
  zh: string;
  en: string;
}

export type Priority = 'emergency' | 'urgent' | 'high' | 'low' | 'journal';
export type Role = 'caregiver' | 'security' | 'manager' | 'engineer' | 'auditor' | 'wall';
export type Engine = 'away' | 'syncing' | 'present' | 'silent';

export interface AlarmState {
  active: boolean;
  acked: boolean;
  latched: boolean;
  attended: boolean;
  suppression: string;
  silenced: boolean;
  test: boolean;
}

export interface Alarm {
  alarm: string;
  class: string;
  priority: Priority;
  place: string | null;
  place_name: Text | null;
  state: AlarmState & { open: boolean; investigated: string | null };
  raised: string | null;
  /** How often, in this occurrence; only the lists of the API say it. */
  raises?: number;
  changed: string | null;
  quality: string;
  text: Text;
  response: Text;
  disposition: string;
  /**
   * The roles of which one must acknowledge for its calls to end; none while nobody is called. Only told of one that
   * is acknowledged: for any other nobody is going. What an older version of the page kept has none.
   */
  calling?: Role[];
  /** Who acknowledged it and who is there; the lists of the API do not say, the events do. */
  going?: string[];
  there?: string | null;
  /** When it called once more in this occurrence, and whether it was raised again or nobody had gone; null: it did not. */
  again?: { time: string; isRaised: boolean } | null;
}

export interface Place {
  place: string;
  kind: string;
  name: Text;
  /** For how many people it is, and how large; null where the site does not say. */
  capacity: number | null;
  area_m2: number | null;
  /** Changes with its drawn floor plan; null where none is drawn. */
  plan: string | null;
}

export interface Site {
  name: Text;
  timezone: string;
}

/** The places under test: nobody is called there. */
export interface Test {
  place: string;
  place_name: Text;
  until: string;
  by: string;
}

export interface EventData {
  /** Of an escalation. */
  step?: number;
  run?: number;
  rule?: string;
  class?: string;
  priority?: Priority;
  place?: string | null;
  state?: AlarmState;
  quality?: string;
  text?: Text;
  response?: Text;
  actor?: string | null;
  reason?: string;
  disposition?: string;
  investigated?: string;
  to?: string | null;
  /** Of an acknowledgement and an escalation. */
  calling?: Role[];
  /** The same in words. */
  to_name?: Text | null;
  /** By which way a step calls. */
  by?: string | null;
  outputs?: string[];
  steps?: number;
  on_duty?: boolean;
  /** How long its receivers have to confirm. */
  receipt_s?: number;
  occurrence?: number;
  until?: string | null;
}

export interface ConsoleEvent {
  type: string;
  subject: string;
  time: string;
  sequence: number;
  data: EventData;
}

export interface Person {
  id: string;
  name: string;
  role: Role;
}
