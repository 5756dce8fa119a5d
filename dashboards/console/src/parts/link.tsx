// SPDX-License-Identifier: Apache-2.0
import type { ComponentChildren } from 'preact';
import { go, useRoute } from '../hooks';

/** A link within the app. */
export function Link({ to, children, class: name }: { to: string; children: ComponentChildren; class?: string }) {
  const here = useRoute() === to;
  const follow = (event: MouseEvent) => {
    if (event.ctrlKey || event.metaKey || event.shiftKey || event.button !== 0) return;
    event.preventDefault();
    go(to);
  };
  return (
    <a href={to} class={name} aria-current={here ? 'page' : undefined} onClick={follow}>
      {children}
    </a>
  );
}
