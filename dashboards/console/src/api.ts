// SPDX-License-Identifier: Apache-2.0
// Questions and commands to the server. What it refuses comes back as a sentence for people.
import type { Person } from './types';
import { currentLanguage, t } from './words';

const PATIENCE_MS = 10_000;

export class Problem extends Error {
  constructor(
    readonly status: number,
    readonly name: string,
    readonly sentence: string,
    /** After how many seconds it may be tried again; 0: the server does not say. */
    readonly retryS = 0,
  ) {
    super(retryS > 0 ? t('problem.later', { sentence: sentence.replace(/[.。]$/, ''), count: retryS }) : sentence);
  }
}

interface ProblemBody {
  type?: string;
  detail?: string;
}

export interface Session {
  user: Person;
}

export async function api<Answer>(method: string, path: string, body?: object, patienceMs = PATIENCE_MS): Promise<Answer> {
  const headers: Record<string, string> = { 'Accept-Language': currentLanguage() };
  if (method !== 'GET') headers['Content-Type'] = 'application/json';
  const init: RequestInit = { method, headers, cache: 'no-store', signal: AbortSignal.timeout(patienceMs) };
  if (body !== undefined) init.body = JSON.stringify(body);
  let answer: Response;
  try {
    answer = await fetch(path, init);
  } catch {
    throw new Problem(0, 'network', t(method === 'GET' ? 'problem.network' : 'problem.unanswered'));
  }
  if (!answer.ok) throw await problemOf(answer);
  return (answer.status === 204 ? undefined : await answer.json()) as Answer;
}

async function problemOf(answer: Response): Promise<Problem> {
  const body = (await answer.json().catch(() => ({}))) as ProblemBody;
  const name = body.type?.replace('tocsin:problem/', '') ?? '';
  const sentence = body.detail || t('problem.status', { status: answer.status });
  return new Problem(answer.status, name, sentence, Number(answer.headers.get('Retry-After')) || 0);
}

export const segments = (id: string): string => id.split('/').map(encodeURIComponent).join('/');

/** Give a command about an alarm. The page changes when the server's event comes, not before. */
export const command = (alarm: string, verb: string, body: object = {}): Promise<void> =>
  api('POST', `/api/v1/alarms/${segments(alarm)}/${verb}`, body);

export const acts = (person: Person): boolean => person.role !== 'auditor' && person.role !== 'wall';
