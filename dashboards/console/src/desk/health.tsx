// SPDX-License-Identifier: Apache-2.0
// How the links are on which the page depends.
import type { Health } from '../live/present';
import type { Polled } from '../live/poll';
import { Shape, Unknown } from '../parts/shape';
import type { Alarm } from '../types';
import { span } from '../words';
import { deskWord, deskWordOf } from './words';

export interface Tile {
  name: string;
  state: string;
  isWell: boolean;
}

const WELL = ['ok', 'present', 'connected', 'none'];

const DEVICE_LOST = 'system.device_lost';

/** So many that are lost are named. */
const NAMED_MAX = 4;

const named = (lost: string[]): string =>
  lost.slice(0, NAMED_MAX).join(', ') + (lost.length > NAMED_MAX ? ' …' : '');

/** `system_device_lost/device/care-io` is about care-io. */
const deviceOf = (alarm: Alarm): string => alarm.alarm.replace(/^[^/]*\/device\//, '');

/** The devices that are lost. A device whose alarm is set aside is lost all the same. */
export const lostDevices = (alarms: Alarm[]): string[] =>
  alarms.filter((alarm) => alarm.class === DEVICE_LOST && alarm.state.active).map(deviceOf).sort();

export function tilesOf(health: Health, lost: string[]): Tile[] {
  const tile = (name: string, state: string): Tile => ({
    name,
    state: deskWordOf(`health.${state === 'lost' ? 'missing' : state}`) ?? state,
    isWell: WELL.includes(state),
  });
  const devices: Tile =
    lost.length === 0
      ? { name: deskWord('health.devices'), state: deskWord('health.present'), isWell: true }
      : {
          name: deskWord('health.devices'),
          state: deskWord('health.lost', { count: lost.length, names: named(lost) }),
          isWell: false,
        };
  const tiles = [
    tile(deskWord('health.engine'), health.engine === 'present' ? 'ok' : health.engine),
    tile(deskWord('health.journal'), health.journal.state),
    tile(deskWord('health.broker'), health.uplink.state),
    tile(deskWord('health.database'), health.database.state),
    devices,
  ];
  if (health.site.state !== 'ok') tiles.push(tile(deskWord('health.site'), health.site.state));
  if (health.door.state !== 'open') tiles.push(tile(deskWord('health.door'), health.door.state));
  for (const { name, state } of health.components) {
    if (state !== 'present') tiles.push(tile(deskWord('health.component', { name }), state));
  }
  if (health.unheard.count > 0) {
    tiles.push({ name: deskWord('health.unheard'), state: String(health.unheard.count), isWell: false });
  }
  return tiles;
}

export function HealthPanel({ health, alarms }: { health: Polled<Health>; alarms: Alarm[] }) {
  if (health.body === null || health.isStale()) {
    return (
      <p class="tile ill">
        <Unknown /> {deskWord('health.no_answer')} {span(health.ageMs())}
      </p>
    );
  }
  return (
    <ul class="tiles">
      {tilesOf(health.body, lostDevices(alarms)).map((tile) => (
        <li key={tile.name} class={tile.isWell ? 'tile' : 'tile ill'}>
          {tile.isWell ? <Shape priority="journal" /> : <Unknown />} {tile.name} <strong>{tile.state}</strong>
        </li>
      ))}
    </ul>
  );
}
