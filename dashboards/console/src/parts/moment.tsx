// SPDX-License-Identifier: Apache-2.0
import { link } from '../live/link';
import { dateTime } from '../words';

/** When something was, by the site's clock. As long as the site's zone is not known no time is shown: it would be wrong. */
export function Moment({ time }: { time: string }) {
  const zone = link.table?.site.timezone;
  return <time dateTime={time}>{zone === undefined ? '…' : dateTime(Date.parse(time), zone)}</time>;
}
