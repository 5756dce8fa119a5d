// SPDX-License-Identifier: Apache-2.0
// The field as a tree: each bus with what it counts, its devices, their points.
import { useState } from 'preact/hooks';
import { api } from '../api';
import { grouped } from '../live/grouped';
import { link } from '../live/link';
import type { Point } from '../live/points';
import { usePoll, type Polled } from '../live/poll';
import { usePoints } from '../live/present';
import { ProblemLine } from '../parts/problem';
import { Shape, Unknown } from '../parts/shape';
import { span, t } from '../words';
import type { Bus, Device } from './plant';
import { PointTable } from './points';
import { engineerWord, engineerWordOf } from './words';

const POLL_MS = 3000;

interface Field {
  devices: Device[];
  buses: Bus[];
}

async function readField(): Promise<Field> {
  const field: Field = { devices: [], buses: [] };
  let from: number | null = 0;
  while (from !== null) {
    const page: Field & { next: number | null } = await api('GET', `/api/v1/devices?from=${from}`);
    field.devices.push(...page.devices);
    for (const bus of page.buses) if (!field.buses.some((known) => known.bus === bus.bus)) field.buses.push(bus);
    from = page.next;
  }
  return field;
}

function Counts({ bus }: { bus: Bus }) {
  if (bus.counts === null) return <p class="muted">{engineerWord('devices.no_counts')}</p>;
  const { polls, answers, skipped, failures } = bus.counts;
  const causes = Object.entries(failures).filter(([, count]) => count > 0);
  const list = causes.map(([cause, count]) => `${engineerWordOf(`failure.${cause}`) ?? cause} ${count}`).join(', ');
  return (
    <p>
      {engineerWord('devices.polls', { polls, answers, skipped })};{' '}
      {causes.length === 0 ? engineerWord('devices.no_failures') : engineerWord('devices.failures', { list })}
    </p>
  );
}

function facts(device: Device, lateMs: number): string[] {
  const { unit, poll_ms: ms, timeout_ms: timeout, age_ms: age, lost_since: lost, unheard_count: unheard } = device;
  const said: string[] = [];
  if (lost !== null) said.push(engineerWord('devices.lost', { age: span(link.serverNow() - Date.parse(lost)) }));
  said.push(age === null ? engineerWord('devices.never') : engineerWord('devices.heard', { age: span(age + lateMs) }));
  if (unheard > 0) said.push(engineerWord('devices.unheard', { count: unheard }));
  if (unit !== null) said.push(engineerWord('devices.unit', { unit }));
  if (ms !== null && timeout !== null) said.push(engineerWord('devices.poll', { ms, timeout }));
  return said;
}

function DeviceItem({ device, points, lateMs }: { device: Device; points: Point[]; lateMs: number }) {
  const [isOpen, setOpen] = useState(false);
  return (
    <li class="device" data-device={device.device}>
      <p>
        {device.state === 'answering' ? <Shape priority="journal" /> : <Unknown />} <strong>{device.device}</strong>{' '}
        {engineerWord(`state.${device.state}`)}
      </p>
      <p class="muted">{facts(device, lateMs).join(' · ')}</p>
      <details onToggle={(event) => setOpen(event.currentTarget.open)}>
        <summary>{engineerWord('devices.points', { count: points.length })}</summary>
        {isOpen && <PointTable points={points} lateMs={lateMs} />}
      </details>
    </li>
  );
}

export function DevicesPart() {
  const field = usePoll(readField, POLL_MS);
  const points: Polled<Point[]> = usePoints(POLL_MS);
  if (field.body === null) return field.problem ? <ProblemLine text={field.problem} /> : <p>{t('app.loading')}</p>;
  const { buses, devices } = field.body;
  const byDevice = grouped(points.body ?? [], (point) => point.device);
  return (
    <>
      <ProblemLine text={field.problem} />
      <ul class="tree">
        {buses.map((bus) => (
          <li key={bus.bus} class="bus" data-bus={bus.bus}>
            <h2>{bus.bus}</h2>
            <p class="muted">
              {bus.protocol} · {engineerWord('devices.by', { component: bus.component })}
            </p>
            <Counts bus={bus} />
            <ul class="tree">
              {devices
                .filter((device) => device.bus === bus.bus)
                .map((device) => (
                  <DeviceItem
                    key={device.device}
                    device={device}
                    points={byDevice.get(device.device) ?? []}
                    lateMs={field.ageMs()}
                  />
                ))}
            </ul>
          </li>
        ))}
      </ul>
    </>
  );
}
