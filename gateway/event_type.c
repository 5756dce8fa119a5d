/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/event_type.h"

#include <assert.h>

const char *event_type_name(unsigned type) {
    static const char *const own[EVENT_TYPE_ALL_COUNT - EVENT_TYPE_COUNT] = {
        [EVENT_TYPE_USER_CHANGED - EVENT_TYPE_COUNT] = "system.user_changed",
        [EVENT_TYPE_SIGN_IN_HELD_UP - EVENT_TYPE_COUNT] = "system.sign_in_held_up",
        [EVENT_TYPE_SHIFT_TAKEN_OVER - EVENT_TYPE_COUNT] = "shift.taken_over",
    };
    assert(type < EVENT_TYPE_ALL_COUNT);
    return type < EVENT_TYPE_COUNT ? core_event_name((enum core_event_type)type)
                                   : own[type - EVENT_TYPE_COUNT];
}

enum core_lane event_type_lane(unsigned type) {
    assert(type < EVENT_TYPE_ALL_COUNT);
    return type < EVENT_TYPE_COUNT ? core_event_lane((enum core_event_type)type) : LANE_ACTIVITY;
}
