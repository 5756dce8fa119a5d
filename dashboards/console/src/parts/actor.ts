// SPDX-License-Identifier: Apache-2.0
import { bracketed, tAny } from '../words';

/** "王敏 (caregiver)", as it is recorded, in the reader's words; what is of another form stays as it is. */
export function actorWords(actor: string): string {
  const [, name, role] = actor.match(/^(.*) \((\w+)(?:, \w+)?\)$/) ?? [];
  const word = tAny(`role.${role}`);
  return name === undefined || word === undefined ? actor : bracketed(name, word);
}
