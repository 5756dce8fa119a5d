// SPDX-License-Identifier: Apache-2.0
// A part of a page that is drawn again only when it is given something else, or the language is another. For what
// stands in long lists: in a storm nearly all of it is as it was.
import { Component, h, type ComponentType } from 'preact';
import { currentLanguage } from '../words';

/** The same value, or two lists of the same values. */
function isSame(a: unknown, b: unknown): boolean {
  if (!Array.isArray(a) || !Array.isArray(b)) return Object.is(a, b);
  return a.length === b.length && a.every((each, index) => Object.is(each, b[index]));
}

function areSame(a: object, b: object): boolean {
  const before = a as Record<string, unknown>;
  const after = b as Record<string, unknown>;
  const names = Object.keys(after);
  return names.length === Object.keys(before).length && names.every((name) => isSame(before[name], after[name]));
}

export function steady<Props extends object>(part: ComponentType<Props>): ComponentType<Props> {
  return class Steady extends Component<Props> {
    private language = currentLanguage();

    override shouldComponentUpdate(next: Props): boolean {
      return this.language !== currentLanguage() || !areSame(this.props, next);
    }

    override render() {
      this.language = currentLanguage();
      return h(part, this.props);
    }
  };
}
