// SPDX-License-Identifier: Apache-2.0
import { useEffect } from 'preact/hooks';

/** Where keys are letters, or choose: an alarm key pressed there is none. */
const TYPING = 'input, select, textarea, [contenteditable], form';

/** Is a key meant for an alarm, and not for the browser or for what somebody writes or chooses? */
export function isForAlarms({ ctrlKey, metaKey, altKey, target }: KeyboardEvent): boolean {
  const at = target as Partial<Element> | null;
  return !ctrlKey && !metaKey && !altKey && !at?.closest?.(TYPING);
}

/**
 * J and K go through the alarms, A presses "I'm going" of the one in focus. A is pressed for each alarm: a key that is
 * held, by a book that lies on it, answers for nobody.
 */
export function useCardKeys(): void {
  useEffect(() => {
    const press = (event: KeyboardEvent) => {
      if (!isForAlarms(event)) return;
      const cards = [...document.querySelectorAll<HTMLElement>('[data-alarm]')];
      const at = cards.findIndex((card) => card.contains(document.activeElement));
      const key = event.key.toLowerCase();
      if (key === 'j' && at === cards.length - 1) document.querySelector<HTMLElement>('[data-more]')?.click();
      if (key === 'j') cards[Math.min(at + 1, cards.length - 1)]?.focus();
      else if (key === 'k') cards[Math.max(at - 1, 0)]?.focus();
      else if (key === 'a' && !event.repeat) cards[Math.max(at, 0)]?.querySelector<HTMLElement>('[data-action=going]')?.click();
    };
    addEventListener('keydown', press);
    return () => removeEventListener('keydown', press);
  }, []);
}
