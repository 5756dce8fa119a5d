// SPDX-License-Identifier: Apache-2.0
// Is the journal still what was recorded? For who answers for it.
import { useEffect, useState } from 'preact/hooks';
import { api } from '../api';
import { link } from '../live/link';
import { newestEvents } from '../log/events';
import { EventTable } from '../log/table';
import { ProblemLine } from '../parts/problem';
import type { ConsoleEvent, Text } from '../types';
import { dateTime, pick, t } from '../words';
import './audit.css';
import { auditWord } from './words';

const AUDIT = '/api/v1/audit';
const LOOK_MS = 1000;

interface Audit {
  state: 'none' | 'running' | 'done' | 'failed';
  ended: string | null;
  by: string | null;
  good: boolean | null;
  fault_seq: number | null;
  text: Text | null;
}

/** The event that is wrong, if the journal still has one with its number. */
function Wrong({ seq }: { seq: number }) {
  const [events, setEvents] = useState<ConsoleEvent[] | null>(null);
  useEffect(() => {
    void newestEvents(`before=${seq + 1}&limit=1`)
      .then((page) => setEvents(page.events.filter((event) => event.sequence === seq)))
      .catch(() => setEvents([]));
  }, [seq]);
  if (events === null) return <p>{t('app.loading')}</p>;
  return (
    <section data-wrong={seq}>
      <h2>{auditWord('audit.wrong', { seq })}</h2>
      {events.length === 0 ? <p>{auditWord('audit.gone')}</p> : <EventTable events={events} />}
    </section>
  );
}

function Found({ audit }: { audit: Audit }) {
  const zone = link.table?.site.timezone;
  return (
    <section data-audit={audit.state} aria-live="polite">
      <p class={audit.good === true ? 'audit' : 'audit problem'}>
        <strong>
          {auditWord(audit.good === null ? 'audit.unknown' : audit.good ? 'audit.good' : 'audit.bad')}
        </strong>{' '}
        {audit.ended !== null &&
          zone !== undefined &&
          auditWord('audit.ended', { time: dateTime(Date.parse(audit.ended), zone), by: audit.by ?? '' })}
      </p>
      <pre class="audit">{pick(audit.text)}</pre>
      {audit.fault_seq !== null && <Wrong key={audit.fault_seq} seq={audit.fault_seq} />}
    </section>
  );
}

export function AuditPage() {
  const [audit, setAudit] = useState<Audit | null>(null);
  const [problem, setProblem] = useState<string | null>(null);
  const take = async (asked: Promise<Audit>) => {
    try {
      setAudit(await asked);
      setProblem(null);
    } catch (reason) {
      setProblem((reason as Error).message);
    }
  };
  const look = () => take(api<Audit>('GET', AUDIT));
  useEffect(() => void look(), []);
  const runs = audit?.state === 'running';
  useEffect(() => {
    if (!runs) return;
    const timer = setInterval(() => void look(), LOOK_MS);
    return () => clearInterval(timer);
  }, [runs]);
  return (
    <>
      <h1>{auditWord('audit.title')}</h1>
      <p>{auditWord('audit.about')}</p>
      <ProblemLine text={problem} />
      <button class="primary" data-action="audit" disabled={runs} onClick={() => void take(api<Audit>('POST', AUDIT, {}))}>
        {auditWord(runs ? 'audit.runs' : 'audit.begin')}
      </button>
      {audit !== null && audit.state !== 'none' && !runs && <Found audit={audit} />}
    </>
  );
}
