// SPDX-License-Identifier: Apache-2.0
import { useState } from 'preact/hooks';
import { segments } from '../api';
import { isUnseen, type Point } from '../live/points';
import { usePoints } from '../live/present';
import { Link } from '../parts/link';
import { useShown } from '../parts/more';
import { ProblemLine } from '../parts/problem';
import { Unknown } from '../parts/shape';
import { span, t } from '../words';
import { kindWord, qualityWord } from '../words/terms';
import { Filter, isWanted, valueText, type Wanted } from './parts';
import { engineerWord } from './words';

export const POLL_MS = 2000;
/** So many points are shown at first, and more on demand. */
const ROWS_MAX = 100;

export function QualityCell({ point }: { point: Point }) {
  return (
    <>
      {point.quality !== 'good' && <Unknown />} {qualityWord(point.quality)}
    </>
  );
}

/** `lateMs`: so much older the answer has become meanwhile. */
export function PointRow({ point, lateMs }: { point: Point; lateMs: number }) {
  return (
    <tr data-point={point.point} class={isUnseen(point) ? 'unseen-point' : undefined}>
      <th scope="row">
        <Link to={`/engineer/point/${segments(point.point)}`} class="story-link">
          {point.point}
        </Link>
        <small>{kindWord(point.kind)}</small>
      </th>
      <td>{valueText(point.value, point.unit)}</td>
      <td>
        <QualityCell point={point} />
      </td>
      <td>{point.age_ms === null ? engineerWord('points.never') : span(point.age_ms + lateMs)}</td>
    </tr>
  );
}

export function PointTable({ points, lateMs }: { points: Point[]; lateMs: number }) {
  const { rows, more } = useShown(points, ROWS_MAX);
  return (
    <>
      <table class="plant-table">
        <thead>
          <tr>
            <th scope="col">{engineerWord('points.point')}</th>
            <th scope="col">{engineerWord('points.value')}</th>
            <th scope="col">{engineerWord('points.quality')}</th>
            <th scope="col">{engineerWord('points.age')}</th>
          </tr>
        </thead>
        <tbody>
          {rows.map((point) => (
            <PointRow key={point.point} point={point} lateMs={lateMs} />
          ))}
        </tbody>
      </table>
      {more}
    </>
  );
}

export function PointsPart() {
  const [wanted, setWanted] = useState<Wanted>({ place: '', words: '' });
  const polled = usePoints(POLL_MS);
  if (polled.body === null) return polled.problem ? <ProblemLine text={polled.problem} /> : <p>{t('app.loading')}</p>;
  const shown = polled.body.filter((point) =>
    isWanted(wanted, point.place, [point.point, kindWord(point.kind), point.device, qualityWord(point.quality)]),
  );
  return (
    <>
      <Filter wanted={wanted} onChange={setWanted} />
      <ProblemLine text={polled.problem} />
      <p class="muted">{engineerWord('points.count', { count: shown.length })}</p>
      {shown.length === 0 ? (
        <p>{engineerWord('filter.none')}</p>
      ) : (
        <PointTable points={shown} lateMs={polled.ageMs()} />
      )}
    </>
  );
}
