// SPDX-License-Identifier: Apache-2.0
import { useEffect } from 'preact/hooks';

/**
 * J and K go through the alarms, A presses "I'm going" of the one in focus. A is pressed for each alarm: a key that is
 * held, by a book that lies on it, answers for nobody.
 */
export function useCardKeys(): void {
  useEffect(() => {
    const press = (event: KeyboardEvent) => {
      if (event.ctrlKey || event.metaKey || event.altKey || event.target instanceof HTMLInputElement) return;
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
