/* SPDX-License-Identifier: Apache-2.0 */
#include "rules/core_upkeep.h"

#include <assert.h>

/* Has the point a value, and kept it for as long as makes it suspicious? */
static bool upkeep_is_still(const struct point_state *state, struct instant now) {
    return quality_usable((enum quality)state->quality) &&
           instant_span_ns(state->changed, now) >= UPKEEP_STUCK_AFTER_NS;
}

void core_upkeep_round(struct core *core, struct instant now) {
    const struct ruleset *ruleset = core->ruleset;
    bool moves[POINT_KIND_COUNT] = {false};
    for (uint32_t p = 0; p < ruleset->point_count; p++) {
        const struct point_state *state = &core->points[p];
        moves[ruleset->points[p].kind] |=
            quality_usable((enum quality)state->quality) && !upkeep_is_still(state, now);
    }
    uint32_t first = core->builtin_first[BUILTIN_STUCK];
    for (uint32_t i = first; i < first + core->builtin_count[BUILTIN_STUCK]; i++) {
        uint32_t point = ruleset->alarms[i].entity;
        if (!upkeep_is_still(&core->points[point], now)) {
            core->points[point].stuck = TRUTH_FALSE;
        } else if (moves[ruleset->points[point].kind]) {
            core->points[point].stuck = TRUTH_TRUE;
            index_set_add(&core->touched, i);
        }
    }
}

static enum truth upkeep_stuck(const struct core *core, uint32_t point, struct instant now) {
    if (!upkeep_is_still(&core->points[point], now)) {
        return TRUTH_FALSE;
    }
    return core->points[point].stuck == TRUTH_TRUE ? TRUTH_TRUE : TRUTH_UNKNOWN;
}

enum truth core_upkeep_judge(const struct core *core, enum ruleset_builtin builtin, uint32_t point,
                             struct instant now) {
    const struct point_state *state = &core->points[point];
    if (!quality_usable((enum quality)state->quality)) {
        return TRUTH_UNKNOWN;
    } else if (builtin == BUILTIN_TAMPER) {
        return state->value != 0 ? TRUTH_TRUE : TRUTH_FALSE;
    } else if (builtin == BUILTIN_STUCK) {
        return upkeep_stuck(core, point, now);
    }
    assert(builtin == BUILTIN_BATTERY_LOW);
    uint32_t low = core->ruleset->times->battery_low_percent;
    return state->value <= low                         ? TRUTH_TRUE
           : state->value >= low + UPKEEP_BATTERY_RISE ? TRUTH_FALSE
                                                       : TRUTH_UNKNOWN;
}
