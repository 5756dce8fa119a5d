// SPDX-License-Identifier: Apache-2.0
// Words in the reader's language. Both files have the same keys; a key that is missing does not compile.
import type { Text } from '../types';
import en from './en.json';
import { phrase, type Phrase, type Values } from './phrase';
import zh from './zh-CN.json';

export type Language = 'zh-CN' | 'en';
export type Key = keyof typeof en & keyof typeof zh;

const KEPT = 'tocsin.language';

let language: Language = initial();

function initial(): Language {
  const kept = localStorage.getItem(KEPT);
  if (kept === 'zh-CN' || kept === 'en') return kept;
  return navigator.language.startsWith('zh') ? 'zh-CN' : 'en';
}

export const currentLanguage = (): Language => language;

export function setLanguage(next: Language): void {
  language = next;
  localStorage.setItem(KEPT, next);
}

/**
 * The two files of a page. `tAny` is for keys that are made of what the server says: undefined when there is no
 * such word.
 */
export function vocabulary<Name extends string>(chinese: Record<Name, Phrase>, english: Record<Name, Phrase>) {
  const files: Record<Language, Record<string, Phrase>> = { 'zh-CN': chinese, en: english };
  const tAny = (key: string, values: Values = {}): string | undefined => {
    const found = files[language][key];
    return found === undefined ? undefined : phrase(found, values, language);
  };
  const t = (key: Name, values: Values = {}): string => tAny(key, values) ?? key;
  return { t, tAny };
}

export const { t, tAny } = vocabulary<Key>(zh, en);

export const pick = (text: Text | null): string => (text === null ? '' : language === 'en' ? text.en : text.zh);

/** "42 s", "3 min", "2 h 5 min", "3 days". */
export function span(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  const unit = (value: number, name: string) =>
    new Intl.NumberFormat(language, { style: 'unit', unit: name, unitDisplay: 'short' }).format(value);
  if (seconds < 60) return unit(seconds, 'second');
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return unit(minutes, 'minute');
  const hours = Math.floor(minutes / 60);
  if (hours >= 48) return unit(Math.floor(hours / 24), 'day');
  return minutes % 60 === 0 ? unit(hours, 'hour') : `${unit(hours, 'hour')} ${unit(minutes % 60, 'minute')}`;
}

/** The time of day at the site, 24 hours. */
export function clockTime(ms: number, timeZone: string): string {
  return new Intl.DateTimeFormat(language, { timeStyle: 'medium', hourCycle: 'h23', timeZone }).format(ms);
}

export function dateTime(ms: number, timeZone: string): string {
  const format = { dateStyle: 'medium', timeStyle: 'medium', hourCycle: 'h23', timeZone } as const;
  return new Intl.DateTimeFormat(language, format).format(ms);
}
