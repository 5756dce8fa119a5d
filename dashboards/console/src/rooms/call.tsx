// SPDX-License-Identifier: Apache-2.0
import { t } from '../words';
import { numbersIn } from './numbers';

/** Calls to the emergency services that the response names. The phone itself asks before it dials. */
export function Calls({ response }: { response: string }) {
  return (
    <>
      {numbersIn(response).map((number) => (
        <a key={number} class="call" href={`tel:${number}`}>
          {t('card.call', { number })}
        </a>
      ))}
    </>
  );
}
