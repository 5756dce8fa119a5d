/* SPDX-License-Identifier: Apache-2.0 */
#include "rules/core_upkeep.h"

#include <assert.h>

/* Has the point a value, and kept it for as long as makes it suspicious? */
static bool upkeep_is_still(const struct point_state *state, struct instant now) {
    return quality_usable((enum quality)state->quality) &&
           instant_span_ns(state->changed, now) >= UPKEEP_STUCK_AFTER_NS;
}

/* The kinds of which a point in the place moves. */
static point_kind_set upkeep_moving(const struct core *core, const struct ruleset_place *place,
                                    struct instant now) {
    point_kind_set moves = 0;
    for (uint32_t p = place->point_first; p < place->point_end; p++) {
        const struct point_state *state = &core->points[p];
        if (quality_usable((enum quality)state->quality) && !upkeep_is_still(state, now)) {
            moves |= (point_kind_set)1 << core->ruleset->points[p].kind;
        }
    }
    return moves;
}

/* Look at one point by what moves around it. */
static void upkeep_look(struct core *core, uint32_t alarm, point_kind_set moves,
                        struct instant now) {
    uint32_t point = core->ruleset->alarms[alarm].entity;
    if (!upkeep_is_still(&core->points[point], now)) {
        core->points[point].stuck = TRUTH_FALSE;
    } else if ((moves >> core->ruleset->points[point].kind & 1) != 0) {
        core->points[point].stuck = TRUTH_TRUE;
        index_set_add(&core->touched, alarm);
    }
}

void core_upkeep_round(struct core *core, struct instant now) {
    const struct ruleset *ruleset = core->ruleset;
    uint32_t alarm = core->builtin_first[BUILTIN_STUCK];
    uint32_t end = alarm + core->builtin_count[BUILTIN_STUCK];
    /* Points stand in the order of their places, and the alarms in that of their points. */
    for (uint32_t top = 0; top < ruleset->place_count; top = ruleset->places[top].end) {
        point_kind_set moves = upkeep_moving(core, &ruleset->places[top], now);
        for (; alarm < end && ruleset->alarms[alarm].entity < ruleset->places[top].point_end;
             alarm++) {
            upkeep_look(core, alarm, moves, now);
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
