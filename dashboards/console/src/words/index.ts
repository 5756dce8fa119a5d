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

/** Made once for each language and manner: the browser takes long to make one. */
const formats = new Map<string, unknown>();

function formatOf<Format>(name: string, make: () => Format): Format {
  const key = `${language} ${name}`;
  if (!formats.has(key)) formats.set(key, make());
  return formats.get(key) as Format;
}

/** By the alphabet, Chinese by pinyin. */
export const compareWords = (a: string, b: string): number =>
  formatOf('order', () => new Intl.Collator(language)).compare(a, b);

/** "a, b, c" */
export const listed = (words: string[]): string =>
  formatOf('list', () => new Intl.ListFormat(language, { type: 'conjunction', style: 'narrow' })).format(words);

const isChinese = (): boolean => language === 'zh-CN';

/** "a, b", words of a list that may go on in another line. */
export const commas = (words: string[]): string => words.join(isChinese() ? '、' : ', ');

/** "one; another", parts of a sentence of which each can stand alone. */
export const clauses = (parts: string[]): string => parts.join(isChinese() ? '；' : '; ');

/** "王敏 (caregiver)" */
export const bracketed = (words: string, more: string): string => (isChinese() ? `${words}（${more}）` : `${words} (${more})`);

function amount(value: number, unit: string): string {
  const options = { style: 'unit', unit, unitDisplay: 'short' } as const;
  return formatOf(unit, () => new Intl.NumberFormat(language, options)).format(value);
}

/** "42 s", "3 min", "2 h 5 min", "3 days". */
export function span(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  if (seconds < 60) return amount(seconds, 'second');
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return amount(minutes, 'minute');
  const hours = Math.floor(minutes / 60);
  if (hours >= 48) return amount(Math.floor(hours / 24), 'day');
  return minutes % 60 === 0 ? amount(hours, 'hour') : `${amount(hours, 'hour')} ${amount(minutes % 60, 'minute')}`;
}

function timeFormat(timeZone: string, dateStyle: 'medium' | undefined): Intl.DateTimeFormat {
  const options = { timeStyle: 'medium', hourCycle: 'h23', timeZone } as const;
  return formatOf(`${dateStyle ?? 'time'} ${timeZone}`, () => {
    return new Intl.DateTimeFormat(language, dateStyle === undefined ? options : { dateStyle, ...options });
  });
}

/** The time of day at the site, 24 hours. */
export const clockTime = (ms: number, timeZone: string): string => timeFormat(timeZone, undefined).format(ms);

export const dateTime = (ms: number, timeZone: string): string => timeFormat(timeZone, 'medium').format(ms);
