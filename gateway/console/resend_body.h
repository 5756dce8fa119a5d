/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_CONSOLE_RESEND_BODY_H
#define GATEWAY_CONSOLE_RESEND_BODY_H

/*
 * The body of a wish that events be sent again
 *
 *     {"since": SEQ | TIME,             the first of them; to be given
 *      "until": SEQ | TIME,             the last, not before the first; else the newest
 *      "to": "broker" | "database",     else the broker
 *      "by": NAME}                      who; else the login name
 *
 * SEQ is the number of an event, TIME is RFC 3339 with a zone, or a day of the site, by its own zone
 * (zone.h): "2026-11-25" is its begin where it is the first, and its end where it is the last. Nothing
 * else is taken.
 */

#include "gateway/console/asker.h"
#include "gateway/engine/resends.h"
#include "gateway/wire.h"

/*
 * Read `size` bytes into `ret`, in which a bound that was not given is none; `asker` is
 * who asks, `now` is later than any `since`. False when it is not of the form above; `ret_wrong` is the
 * member that will not do then, or NULL when that is none of those. Where that is "since" and
 * `ret->since` is after `now`, the member is of its form and has not been yet.
 */
bool resend_body_read(const char *bytes, size_t size, const struct asker *asker, struct wall now,
                      struct wire_resend *ret, const char **ret_wrong);

#endif
