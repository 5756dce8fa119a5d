/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The reminder of walk tests
 *
 * Each top-level place with buttons or detectors has a round. In it every one of them is to be tripped in a
 * test of the place, or of parts of it on several days; what was is ticked off beside what the test that
 * runs ticks off. When the last one is, the round is over and the next begins: nobody is told anything.
 * When its time is over first, people are told once how many were not tripped in it, and it begins anew
 * with nothing ticked off. So whoever tests nothing is told once each week, and never of a single point.
 *
 * The first round of a place begins when the gateway first knows it: a new site is not reminded of what
 * nobody could have done.
 */
#include <assert.h>

#include "rules/core_state.h"

/* The top-level place around `place`. */
static uint32_t walk_top(const struct core *core, uint32_t place) {
    while (core->ruleset->places[place].parent != RULESET_NONE) {
        place = core->ruleset->places[place].parent;
    }
    return place;
}

static uint64_t walk_round_ns(const struct core *core) {
    return core->ruleset->times->walk_test_reminder_s * NS_PER_S;
}

/* How many buttons and detectors of the place were not tripped in the round, or how many there are. */
static uint32_t walk_count(const struct core *core, uint32_t place, bool all) {
    const struct ruleset_place *site = &core->ruleset->places[place];
    uint32_t count = 0;
    for (uint32_t point = site->point_first; point < site->point_end; point++) {
        count += core_point_is_walked(core, point) &&
                 (all || !core_has_tripped(core, point, CORE_TRIPPED_IN_ROUND));
    }
    return count;
}

/* Let the timer run until the first round is over. */
static void walk_schedule(struct core *core) {
    struct instant first = INSTANT_NEVER;
    for (uint32_t place = 0; place < core->ruleset->place_count; place++) {
        first = instant_earlier(first, moment_instant(core->walks[place]));
    }
    timers_set(&core->timers, core_walk_timer(core), first);
}

static void walk_begin_round(struct core *core, uint32_t place, struct instant now) {
    const struct ruleset_place *site = &core->ruleset->places[place];
    core->walks[place] = moment_after(now, walk_round_ns(core));
    for (uint32_t point = site->point_first; point < site->point_end; point++) {
        core_set_tripped(core, point, CORE_TRIPPED_IN_ROUND, false);
    }
}

void core_walk_start(struct core *core, struct instant now) {
    const struct ruleset_place *places = core->ruleset->places;
    for (uint32_t top = 0; top < core->ruleset->place_count; top = places[top].end) {
        if (core->walks[top].ds == MOMENT_NEVER.ds && walk_count(core, top, true) > 0) {
            walk_begin_round(core, top, now);
        }
    }
    walk_schedule(core);
}

void core_walk_due(const struct core_turn *turn) {
    struct core *core = turn->core;
    for (uint32_t place = 0; place < core->ruleset->place_count; place++) {
        if (!instant_reached(turn->input->at, moment_instant(core->walks[place]))) {
            continue;
        }
        uint32_t untested = walk_count(core, place, false);
        if (untested > 0) { /* a changed site may have taken the last one away */
            turn->step->events[turn->step->event_count++] = (struct core_event){
                .type = EVENT_SYSTEM_WALK_TEST_DUE,
                .at = turn->input->at,
                .wall = turn->input->wall,
                .alarm = RULESET_NONE,
                .place = place,
                .point = RULESET_NONE,
                .quality = QUALITY_GOOD,
                .count = untested,
            };
        }
        walk_begin_round(core, place, turn->input->at);
    }
    walk_schedule(core);
}

void core_walk_trip(struct core *core, uint32_t point, struct instant now) {
    uint32_t top = walk_top(core, core->ruleset->points[point].place);
    core_set_tripped(core, point, CORE_TRIPPED_IN_ROUND, true);
    if (walk_count(core, top, false) == 0) {
        walk_begin_round(core, top,
                         now); /* the timer comes early, and finds nothing that is over */
    }
}

uint32_t core_walk_left_ds(const struct core *core, uint32_t place, struct instant now) {
    assert(place < core->ruleset->place_count);
    return moment_left_ds(core->walks[place], now);
}

bool core_walk_has_tripped(const struct core *core, uint32_t point) {
    return core_has_tripped(core, point, CORE_TRIPPED_IN_ROUND);
}

void core_restore_walk(struct core *core, uint32_t place, uint32_t left_ds, struct instant now) {
    assert(place < core->ruleset->place_count && left_ds > 0);
    uint64_t left_ns = left_ds * NS_PER_DS;
    uint64_t most_ns = walk_round_ns(core);
    if (core->ruleset->places[place].parent == RULESET_NONE && walk_count(core, place, true) > 0) {
        core->walks[place] = moment_after(now, left_ns < most_ns ? left_ns : most_ns);
        walk_schedule(core); /* it may be over before the start, which then takes the timer */
    }
}

void core_restore_walked(struct core *core, uint32_t point) {
    core_set_tripped(core, point, CORE_TRIPPED_IN_ROUND, true);
}
