/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_ENGINE_DEED_JSON_H
#define GATEWAY_ENGINE_DEED_JSON_H

/*
 * The event of a deed (gateway/deed.h), as event_json.h has it for others
 *
 *     "type":"tocsin.system.user_changed","subject":"gateway", …
 *     "data":{"place":null,"point":null,"actor":"boss (engineer, local)","role":"engineer","user":"wang","name":"王敏",
 *      "user_role":"manager","changes":["role","key_ended"],"role_before":"caregiver","changed":TIME,"text":{…}}
 *
 *     "type":"tocsin.system.sign_in_held_up", … "data":{…,"actor":null,"user":"wang","address":"10.0.0.7","text":{…}}
 *
 * `changed` is when it was done, which an engine that was away records later.
 */

#include "gateway/deed.h"
#include "gateway/engine/event_json.h"

/* Is it one that a console says? Its texts end, and it says of somebody what was done by whom. */
bool deed_is_sound(const struct deed *deed);

/* EVENT_TYPE_USER_CHANGED or EVENT_TYPE_SIGN_IN_HELD_UP. */
unsigned deed_event_type(const struct deed *deed);

void deed_json_format(const struct site *site, const struct deed *deed,
                      const struct event_moment *moment, struct event_json *ret);

#endif
