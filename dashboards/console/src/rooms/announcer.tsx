// SPDX-License-Identifier: Apache-2.0
// What a screen reader says by itself: emergencies at once, the rest when it has time. At most once a second.
import { useEffect, useRef, useState } from 'preact/hooks';
import { inWords } from '../live/said';
import { saidOf } from '../parts/what';
import type { Alarm } from '../types';
import { t } from '../words';

const PAUSE_MS = 1000;

export function Announcer({ awaited }: { awaited: Alarm[] }) {
  const [said, setSaid] = useState<{ text: string; isCritical: boolean }>({ text: '', isCritical: false });
  const known = useRef(new Set<string>());
  const waiting = useRef<Alarm[]>([]);

  const fresh = awaited.filter((alarm) => !known.current.has(alarm.alarm));
  waiting.current.push(...fresh);
  known.current = new Set(awaited.map((alarm) => alarm.alarm));

  useEffect(() => {
    const timer = setInterval(() => {
      const next = waiting.current.splice(0);
      const first = next[0];
      if (first === undefined) return;
      const more = next.length > 1 ? ` ${t('rooms.abnormal', { count: next.length })}` : '';
      const text = t('say.raised', { text: inWords(saidOf(first)) }) + more;
      setSaid({ text, isCritical: next.some((alarm) => alarm.priority === 'emergency') });
    }, PAUSE_MS);
    return () => clearInterval(timer);
  }, []);
  return (
    <div class="unseen">
      <p aria-live="assertive">{said.isCritical ? said.text : ''}</p>
      <p aria-live="polite">{said.isCritical ? '' : said.text}</p>
    </div>
  );
}
