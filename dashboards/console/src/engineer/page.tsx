// SPDX-License-Identifier: Apache-2.0
// The engineer's view: points, devices, rules, and what is set aside.
import { link } from '../live/link';
import { Link } from '../parts/link';
import type { Person } from '../types';
import { t } from '../words';
import { DevicesPart } from './devices';
import './engineer.css';
import { PointPart } from './point';
import { PointsPart } from './points';
import { RulesPart } from './rules';
import { ShelvePart } from './shelve';
import { TestsPart } from './tests';
import { engineerWord } from './words';

const POINT = 'point/';

function Part({ person, rest }: { person: Person; rest: string }) {
  if (rest === 'devices') return <DevicesPart />;
  if (rest === 'rules') return <RulesPart />;
  if (rest === 'alarms') return <ShelvePart person={person} />;
  if (rest === 'tests' && link.table !== null) return <TestsPart person={person} table={link.table} />;
  if (rest.startsWith(POINT)) return <PointPart id={rest.slice(POINT.length)} />;
  return <PointsPart />;
}

export function EngineerPage({ person, rest }: { person: Person; rest: string }) {
  if (link.table === null) return <p>{t('app.loading')}</p>;
  return (
    <>
      <h1>{rest.startsWith(POINT) ? rest.slice(POINT.length) : engineerWord('engineer.title')}</h1>
      <nav class="tabs" aria-label={engineerWord('tab.label')}>
        <Link to="/engineer">{engineerWord('tab.points')}</Link>
        <Link to="/engineer/devices">{engineerWord('tab.devices')}</Link>
        <Link to="/engineer/rules">{engineerWord('tab.rules')}</Link>
        <Link to="/engineer/alarms">{engineerWord('tab.alarms')}</Link>
        <Link to="/engineer/tests">{engineerWord('tab.tests')}</Link>
      </nav>
      <Part person={person} rest={rest} />
    </>
  );
}
