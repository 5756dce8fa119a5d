/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_EVENT_TYPE_H
#define GATEWAY_EVENT_TYPE_H

/*
 * The types of all events: those of the core, and those that the gateway tells of itself
 *
 * The core knows nothing of who may sign in, nor of who takes over a shift; what is done to that list, and that, is
 * recorded beside what the core says.
 */

#include "rules/core.h"

enum event_type_own {
    EVENT_TYPE_USER_CHANGED = EVENT_TYPE_COUNT,
    EVENT_TYPE_SIGN_IN_HELD_UP,
    EVENT_TYPE_SHIFT_TAKEN_OVER,
    EVENT_TYPE_ALL_COUNT,
};

/* Of an enum core_event_type or enum event_type_own, below EVENT_TYPE_ALL_COUNT. Static storage. */
const char *event_type_name(unsigned type);
enum core_lane event_type_lane(unsigned type);

#endif
