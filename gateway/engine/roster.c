/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/engine/roster.h"

#include <assert.h>

void roster_init(struct roster *roster, uint32_t count, uint64_t now_ns) {
    assert(count <= LIMIT_COMPONENTS);
    *roster = (struct roster){.count = count};
    for (uint32_t i = 0; i < count; i++) {
        roster->present[i] = TRUTH_UNKNOWN;
        roster->doubt_ns[i] = now_ns;
    }
}

void roster_join(struct roster *roster, uint32_t component) {
    assert(component < roster->count);
    roster->present[component] = TRUTH_TRUE;
}

void roster_leave(struct roster *roster, uint32_t component, bool clean, uint64_t now_ns) {
    assert(component < roster->count);
    roster->present[component] = clean ? TRUTH_UNKNOWN : TRUTH_FALSE;
    roster->doubt_ns[component] = now_ns;
}

uint32_t roster_expire(struct roster *roster, uint64_t now_ns) {
    for (uint32_t i = 0; i < roster->count; i++) {
        if (roster->present[i] == TRUTH_UNKNOWN &&
            now_ns - roster->doubt_ns[i] >= ROSTER_PATIENCE_NS) {
            roster->present[i] = TRUTH_FALSE;
            return i;
        }
    }
    return roster->count;
}
