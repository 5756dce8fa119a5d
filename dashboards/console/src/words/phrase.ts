// SPDX-License-Identifier: Apache-2.0
export type Phrase = string | { one?: string; other: string };
export type Values = Record<string, string | number>;

/** Made once for each language: the browser takes long to make one. */
const plurals = new Map<string, Intl.PluralRules>();

function pluralOf(language: string, count: number): Intl.LDMLPluralRule {
  let rules = plurals.get(language);
  if (rules === undefined) plurals.set(language, (rules = new Intl.PluralRules(language)));
  return rules.select(count);
}

/** The phrase with `{name}` replaced; `count` chooses the plural. */
export function phrase(of: Phrase, values: Values, language: string): string {
  let text: string;
  if (typeof of === 'string') {
    text = of;
  } else {
    const rule = pluralOf(language, Number(values['count'] ?? 0));
    text = (rule === 'one' ? of.one : undefined) ?? of.other;
  }
  return text.replace(/\{(\w+)\}/g, (_, name: string) => String(values[name] ?? ''));
}
