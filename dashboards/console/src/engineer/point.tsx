// SPDX-License-Identifier: Apache-2.0
// One point: as it is now, and its last 24 hours.
import { api, segments } from '../api';
import { lazily } from '../lazy';
import { usePoll } from '../live/poll';
import { usePoints } from '../live/present';
import { Link } from '../parts/link';
import { ProblemLine } from '../parts/problem';
import { span, t } from '../words';
import { valueText } from './parts';
import { summaryOf, type History, type Summary } from './plant';
import { POLL_MS, PointTable } from './points';
import { engineerWord } from './words';

const HISTORY_POLL_MS = 60_000;

const Chart = lazily<{ history: History }>(() => import('./chart').then((chunk) => chunk.Chart));

function SummaryLine({ summary, unit }: { summary: Summary; unit: string | null }) {
  const said = [
    engineerWord('point.least', { value: valueText(summary.least, unit) }),
    engineerWord('point.mean', { value: valueText(summary.mean, unit) }),
    engineerWord('point.most', { value: valueText(summary.most, unit) }),
    engineerWord('point.changes', { count: summary.changes }),
    engineerWord('point.good', { age: span(summary.goodS * 1000) }),
  ];
  return <p class="summary">{said.join(' · ')}</p>;
}

function Day({ point }: { point: string }) {
  const history = usePoll(() => api<History>('GET', `/api/v1/history/${segments(point)}`), HISTORY_POLL_MS);
  const row = history.body?.points[0];
  if (history.body === null || row === undefined) {
    return history.problem ? <ProblemLine text={history.problem} /> : <p>{t('app.loading')}</p>;
  }
  const summary = summaryOf(row);
  if (summary === null) return <p>{engineerWord('point.empty')}</p>;
  return (
    <>
      <ProblemLine text={history.problem} />
      <SummaryLine summary={summary} unit={row.unit} />
      <Chart history={history.body} />
    </>
  );
}

export function PointPart({ id }: { id: string }) {
  const polled = usePoints(POLL_MS);
  const point = polled.body?.find((each) => each.point === id);
  return (
    <>
      <p>
        <Link to="/engineer" class="story-link">
          {engineerWord('point.back')}
        </Link>
      </p>
      <h2>{engineerWord('point.now')}</h2>
      <ProblemLine text={polled.problem} />
      {polled.body !== null && point === undefined && <p>{engineerWord('point.unknown')}</p>}
      {point !== undefined && <PointTable points={[point]} lateMs={polled.ageMs()} />}
      <h2>{engineerWord('point.day')}</h2>
      <Day key={id} point={id} />
    </>
  );
}
