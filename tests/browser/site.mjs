// SPDX-License-Identifier: Apache-2.0
// A site of a test's own, where the example is too small or has other points.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Rules for emergency buttons, which call, and doors, which do not. */
export const CALLS_AND_DOORS = `  - rule: call
    each: point emergency_button
    raise: value
    class: call.emergency
    message: {zh: "{place}：紧急呼叫", en: "{place}: emergency call"}
    response: {zh: 立即到场, en: Go there at once}
  - rule: held
    each: point door_contact
    raise: value
    class: door.held
    message: {zh: "{place}：门未关闭", en: "{place}: door held open"}
`;

/** Write it into the directory of `scene`; `rules`, `places` and `devices` are the rows of these lists. */
export function writeSite(scene, broker, { id, zh, en, rules, places, devices }) {
  writeFileSync(join(scene.directory, 'rules.yaml'), `rules:\n${rules}`);
  const path = join(scene.directory, 'site.yaml');
  writeFileSync(path, `tocsin: 1
site: {id: ${id}, name: {zh: ${zh}, en: ${en}}, timezone: Asia/Shanghai}
gateway: {id: main, state: state, console: {listen: "127.0.0.1:1"}}
mqtt: {brokers: ["tcp://127.0.0.1:${broker}"], version: 5}
rules: [rules.yaml]
places:
${places}
devices:
${devices}
`);
  return { path, overrides: {} };
}
