// SPDX-License-Identifier: Apache-2.0
export type Phrase = string | { one?: string; other: string };
export type Values = Record<string, string | number>;

/** The phrase with `{name}` replaced; `count` chooses the plural. */
export function phrase(of: Phrase, values: Values, language: string): string {
  let text: string;
  if (typeof of === 'string') {
    text = of;
  } else {
    const rule = new Intl.PluralRules(language).select(Number(values['count'] ?? 0));
    text = (rule === 'one' ? of.one : undefined) ?? of.other;
  }
  return text.replace(/\{(\w+)\}/g, (_, name: string) => String(values[name] ?? ''));
}
