/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_ENGINE_TAKEOVER_JSON_H
#define GATEWAY_ENGINE_TAKEOVER_JSON_H

/*
 * The event of a shift that is taken over (gateway/takeover.h), as event_json.h has it for others
 *
 *     "type":"tocsin.shift.taken_over","subject":"gateway", …
 *     "data":{"place":null,"point":null,"actor":"李强 (security)","role":"security","reason":"lift is off",
 *      "shift":"security","shift_name":{…},"since":TIME,"counts":{"unacknowledged":2,"acknowledged":1,"aside":0,
 *      "out_of_service":0,"tests":0,"devices_lost":0},"text":{…}}
 *
 * `reason` is the note of whoever takes over, where there is one. Without a shift `shift` and `shift_name` are null.
 */

#include "gateway/engine/event_json.h"
#include "gateway/takeover.h"

/* Is it one that a console says? Its texts end, and somebody takes over a shift that there is. */
bool takeover_is_sound(const struct site *site, const struct takeover *takeover);

void takeover_json_format(const struct site *site, const struct takeover *takeover,
                          const struct event_moment *moment, struct event_json *ret);

#endif
