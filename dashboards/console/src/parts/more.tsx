// SPDX-License-Identifier: Apache-2.0
// A long list is shown from its beginning, and as much more of it as somebody asks for: nobody reads thousands of rows,
// and a browser that has to lay them out again and again shows the next alarm late.
import type { ComponentChildren } from 'preact';
import { useState } from 'preact/hooks';
import { t } from '../words';

interface Shown<Row> {
  rows: Row[];
  /** To be put below them; nothing when these are all. */
  more: ComponentChildren;
}

/** The first `step` of `all`, those up to the `wanted`-th in any case. */
export function useShown<Row>(all: Row[], step: number, wanted = 0): Shown<Row> {
  const [asked, setAsked] = useState(step);
  const count = Math.max(asked, wanted);
  const left = all.length - count;
  const more = left > 0 && (
    <button class="more" data-more onClick={() => setAsked(count + step)}>
      {t('list.more', { count: left })}
    </button>
  );
  return { rows: all.slice(0, count), more };
}
