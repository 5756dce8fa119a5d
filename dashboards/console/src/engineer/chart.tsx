// SPDX-License-Identifier: Apache-2.0
// A point's past: the mean of each minute as a line, from the least to the most as a band. A gap stays a gap.
import { useEffect, useRef, useState } from 'preact/hooks';
import UPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';
import { link } from '../live/link';
import { clockTime, currentLanguage } from '../words';
import { valueText } from './parts';
import type { History } from './plant';
import { rangeOf, shortRuns } from './runs';
import { engineerWord } from './words';

const HEIGHT_REM = 16;

const token = (name: string): string => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

function optionsOf(unit: string | null, width: number, rem: number): UPlot.Options {
  const zone = link.table?.site.timezone ?? 'UTC';
  const axis: UPlot.Axis = {
    stroke: token('--ink'),
    grid: { stroke: token('--line'), width: 0.5 },
    ticks: { stroke: token('--line'), width: 0.5 },
    font: `${rem * 0.875}px system-ui`,
  };
  const shown = (_: UPlot, value: number | null) => valueText(value, unit);
  const hours = new Intl.DateTimeFormat(currentLanguage(), { hour: '2-digit', minute: '2-digit', hourCycle: 'h23', timeZone: zone });
  const marks: UPlot.Series.Points = {
    show: false,
    size: rem / 2,
    fill: token('--ink'),
    filter: (chart, series) => shortRuns(chart.data[series] as (number | null)[]),
  };
  const edge = { stroke: 'transparent', points: { show: false } };
  return {
    width,
    height: HEIGHT_REM * rem,
    tzDate: (seconds) => UPlot.tzDate(new Date(seconds * 1000), zone),
    scales: { y: { range: (_, least, most) => rangeOf(least, most) } },
    axes: [
      { ...axis, values: (_, times) => times.map((time) => hours.format(time * 1000)) },
      { ...axis, size: rem * 4, values: (_, values) => values.map((value) => valueText(value, null)) },
    ],
    series: [
      { label: engineerWord('point.time'), value: (_, time) => (time === null ? '–' : clockTime(time * 1000, zone)) },
      { ...edge, label: engineerWord('point.least', { value: '' }).trim(), value: shown },
      { ...edge, label: engineerWord('point.most', { value: '' }).trim(), value: shown },
      { label: engineerWord('point.value'), stroke: token('--ink'), width: 2, value: shown, spanGaps: false, points: marks },
    ],
    bands: [{ series: [2, 1], fill: `${token('--normal')}66` }],
  };
}

/** Is the theme dark? A canvas does not follow the style sheet by itself. */
function useDark(): boolean {
  const media = matchMedia('(prefers-color-scheme: dark)');
  const [isDark, setDark] = useState(media.matches);
  useEffect(() => {
    const follow = () => setDark(media.matches);
    media.addEventListener('change', follow);
    return () => media.removeEventListener('change', follow);
  }, []);
  return isDark;
}

export function Chart({ history }: { history: History }) {
  const frame = useRef<HTMLDivElement>(null);
  const isDark = useDark();
  const row = history.points[0];
  useEffect(() => {
    const element = frame.current;
    if (element === null || row === undefined) return undefined;
    const rem = parseFloat(getComputedStyle(document.documentElement).fontSize);
    const times = row.mean.map((_, index) => history.from + index * history.step);
    const chart = new UPlot(optionsOf(row.unit, element.clientWidth, rem), [times, row.min, row.max, row.mean], element);
    const observer = new ResizeObserver(() => chart.setSize({ width: element.clientWidth, height: HEIGHT_REM * rem }));
    observer.observe(element);
    return () => {
      observer.disconnect();
      chart.destroy();
    };
  }, [history, isDark, currentLanguage()]);
  return (
    <div
      class="chart"
      role="img"
      aria-label={engineerWord('point.chart', { point: row?.point ?? '' })}
      ref={frame}
    />
  );
}
