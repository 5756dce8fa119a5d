// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import en from '../src/words/en.json';
import { phrase, type Phrase } from '../src/words/phrase';
import zh from '../src/words/zh-CN.json';

const GATEWAY = '../../rules';
const english: Record<string, Phrase> = en;

/** Every pair of files of words: that of all pages, and those that pages have of their own. */
const PAIRS: [string, Record<string, Phrase>, Record<string, Phrase>][] = [
  ['src', en, zh],
  ...['src/words/terms', ...ownWords('src')].map((home): [string, Record<string, Phrase>, Record<string, Phrase>] => [
    home,
    JSON.parse(readFileSync(`${home}/en.json`, 'utf8')),
    JSON.parse(readFileSync(`${home}/zh-CN.json`, 'utf8')),
  ]),
];

/** Of one home, in English and Chinese. */
function wordsOf(home: string): [Record<string, Phrase>, Record<string, Phrase>] {
  const [, some, others] = PAIRS.find((pair) => pair[0] === home) ?? [home, {}, {}];
  return [some, others];
}

function ownWords(directory: string): string[] {
  return readdirSync(directory)
    .map((name) => `${directory}/${name}/words`)
    .filter((home) => existsSync(`${home}/en.json`));
}

const textOf = (of: Phrase | undefined) => (typeof of === 'object' ? Object.values(of).join(' ') : (of ?? ''));
const holes = (of: Phrase | undefined) => [...new Set(textOf(of).match(/\{\w+\}/g))].sort();

function sources(directory: string): string {
  return readdirSync(directory, { withFileTypes: true })
    .map((entry) => {
      const path = join(directory, entry.name);
      return entry.isDirectory() ? sources(path) : /\.tsx?$/.test(path) ? readFileSync(path, 'utf8') : '';
    })
    .join('\n');
}

test('both languages have the same keys with the same values to fill in', () => {
  assert.ok(PAIRS.length > 2);
  for (const [home, some, others] of PAIRS) {
    assert.deepEqual(Object.keys(others), Object.keys(some), home);
    for (const key of Object.keys(some)) assert.deepEqual(holes(others[key]), holes(some[key]), `${home}: ${key}`);
  }
});

test('every Chinese phrase is Chinese, but the name of the other language', () => {
  for (const [home, , others] of PAIRS) {
    for (const [key, of] of Object.entries(others)) {
      if (key !== 'nav.language') assert.match(textOf(of), /\p{Script=Han}/u, `${home}: ${key}`);
    }
  }
});

test('no key in the sources is missing, and none is there for nothing', () => {
  const text = sources('src');
  const used = new Set([...text.matchAll(/['"`]([a-z_]+(?:\.[a-z_]+)+)['"`]/g)].map((match) => match[1] ?? ''));
  const families = [...text.matchAll(/`([a-z_]+(?:\.[a-z]+)*\.)\$\{/g)].map((match) => match[1] ?? '');
  for (const match of text.matchAll(/\bt\('([^']+)'/g)) assert.ok((match[1] ?? '') in english, match[1]);
  for (const [home, some] of PAIRS) {
    for (const key of Object.keys(some)) {
      assert.ok(used.has(key) || families.some((family) => key.startsWith(family)), `${home}: ${key} is used`);
    }
  }
});

test('every event and every disposition of the gateway has a word', () => {
  const names = (file: string, pattern: RegExp) =>
    [...readFileSync(`${GATEWAY}/${file}`, 'utf8').matchAll(pattern)].map((match) => match[1] ?? '');
  const events = names('core_record.c', /\[EVENT_\w+\] = "([a-z._]+)"/g);
  const dispositions = names('command.c', /\[DISPOSITION_\w+\] = "([a-z_]+)"/g);
  assert.ok(events.length > 30 && dispositions.length > 7);
  const [log] = wordsOf('src/log/words');
  for (const event of events) assert.ok(`event.${event}` in log, event);
  for (const name of dispositions) if (name !== 'unstated') assert.ok(`disposition.${name}` in english, name);
});

test('every kind of point, class of alarm and quality of the gateway has a term', () => {
  const named = (file: string, pattern: RegExp, family: string) => {
    const names = [...readFileSync(`${GATEWAY}/${file}`, 'utf8').matchAll(pattern)].map((match) => `${family}.${match[1]}`);
    assert.ok(names.length > 4, family);
    for (const name of names) assert.ok(name in terms, name);
  };
  const [terms] = wordsOf('src/words/terms');
  named('kind.c', /\[POINT_\w+\] = \{"([a-z_0-9]+)"/g, 'kind');
  named('kind.c', /\.name = "([a-z._]+)"/g, 'class');
  named('reading.c', /\[QUALITY_\w+\] = "([a-z_]+)"/g, 'quality');
});

/** What the command line says, by the table of its words. */
function ofCommandLine(table: string): [string, string, string][] {
  const source = readFileSync('../../gateway/cli/words.c', 'utf8');
  const rows = source.split(`struct word ${table}[] = {`)[1]?.split('\n};')[0] ?? '';
  const words = [...rows.matchAll(/\{"([a-z._]+)",\s+"([^"]+)",\s+"([^"]+)"\}/g)];
  assert.equal(words.length, rows.split('{"').length - 1, table);
  return words.map((match) => [match[1] ?? '', match[2] ?? '', match[3] ?? '']);
}

/** The tables of the command line, the family of each here, and what only the command line has a word for. */
const SHARED: [string, string, string[]][] = [
  ['priorities', 'priority', []],
  ['events', 'event', []],
  ['roles', 'role', []],
  ['outputs', 'kind', []],
  ['dispositions', 'disposition', ['unstated', 'real', 'false']],
  ['qualities', 'quality', []],
  ['marks', 'suppression', ['silenced', 'test', 'chattering']],
];

test('the command line and the pages have the same word for the same thing, in both languages', () => {
  const pairs = ['src', 'src/words/terms', 'src/log/words'].map(wordsOf);
  const [said, chinese] = [0, 1].map((language) => Object.assign({}, ...pairs.map((pair) => pair[language])));
  for (const [table, family, alone] of SHARED) {
    const words = ofCommandLine(table);
    assert.ok(words.length > alone.length, table);
    for (const [name, zh, en] of words.filter(([name]) => !alone.includes(name))) {
      assert.equal(chinese[`${family}.${name}`], zh, `${family}.${name}`);
      assert.equal(textOf(said[`${family}.${name}`]).toLowerCase(), en.toLowerCase(), `${family}.${name}`);
    }
  }
  const events = Object.keys(said).filter((key) => key.startsWith('event.'));
  assert.equal(ofCommandLine('events').length, events.length);
});

test('English has one alarm and two alarms, Chinese has no plural', () => {
  assert.equal(phrase(en['rooms.abnormal'], { count: 1 }, 'en'), '1 alarm');
  assert.equal(phrase(en['rooms.abnormal'], { count: 2 }, 'en'), '2 alarms');
  assert.equal(phrase(zh['rooms.abnormal'], { count: 1 }, 'zh-CN'), '1 条告警');
});

test('the terms are those of the glossary', () => {
  const [, log] = wordsOf('src/log/words');
  assert.match(textOf(log['event.alarm.raised']), /告警/);
  assert.match(textOf(log['event.alarm.acknowledged']), /确认/);
  assert.match(textOf(log['event.alarm.shelved']), /搁置/);
  assert.equal(zh['card.false'], '误报');
  assert.equal(zh['role.manager'], '经理');
  assert.equal(zh['card.going_button'], '我去处理');
});
