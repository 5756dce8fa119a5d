/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Test mode and walk test
 *
 * While a place is under test, alarms of the place and all below it are marked, and nobody is sent
 * there; each button and detector that is tripped is ticked off. A test ends by itself, and says
 * what was never tripped. What is still active then was no test. No two tests overlap, unless the
 * site was changed below them.
 * Which alarms are part of a test stands in core_trip.c.
 */
#include <assert.h>

#include "rules/core_state.h"

bool core_place_is_tested(const struct core *core, uint32_t place) {
    bool tested = false;
    while (core->test_count > 0 && !tested && place != RULESET_NONE) {
        tested = core->tests[place].ds != MOMENT_NEVER.ds;
        place = core->ruleset->places[place].parent;
    }
    return tested;
}

/* Does a test run at the place, around it or in it? */
static bool core_test_overlaps(const struct core *core, uint32_t place) {
    bool overlaps = core_place_is_tested(core, place);
    for (uint32_t i = place; i < core->ruleset->places[place].end && !overlaps; i++) {
        overlaps = core->tests[i].ds != MOMENT_NEVER.ds;
    }
    return overlaps;
}

static void core_tell_test(const struct core_turn *turn, enum core_event_type type, uint32_t place,
                           uint32_t point, const struct command *command) {
    const struct core *core = turn->core;
    struct moment end = core->tests[place];
    bool begins = type == EVENT_TEST_BEGUN;
    uint64_t span_ns = begins ? instant_span_ns(turn->input->at, moment_instant(end)) : 0;
    turn->step->events[turn->step->event_count++] = (struct core_event){
        .type = type,
        .at = turn->input->at,
        .wall = turn->input->wall,
        .alarm = RULESET_NONE,
        .place = point == RULESET_NONE ? place : core->ruleset->points[point].place,
        .point = point,
        .quality = QUALITY_GOOD,
        .until = {begins ? turn->input->wall.ns + (int64_t)span_ns : 0},
        .measured = point == RULESET_NONE ? (struct wall){0} : core->measured[point],
        .command = command,
    };
}

/* Let the timer run until the first test ends. */
static void core_test_schedule(struct core *core) {
    struct instant first = INSTANT_NEVER;
    for (uint32_t place = 0; place < core->ruleset->place_count; place++) {
        first = instant_earlier(first, moment_instant(core->tests[place]));
    }
    timers_set(&core->timers, core_test_timer(core), first);
}

static void core_test_finish(const struct core_turn *turn, uint32_t place,
                             const struct command *command) {
    struct core *core = turn->core;
    const struct ruleset_place *site = &core->ruleset->places[place];
    for (uint32_t point = site->point_first; point < site->point_end; point++) {
        if (core_point_is_walked(core, point) && !core_test_has_tripped(core, point)) {
            core_tell_test(turn, EVENT_TEST_UNTESTED, place, point, NULL);
        }
    }
    core->tests[place] = MOMENT_NEVER;
    core->test_count--;
    core_trip_leave(core, place, turn->input->at);
    core_tell_test(turn, EVENT_TEST_ENDED, place, RULESET_NONE, command);
    for (uint32_t i = 0; i < core->ruleset->alarm_count; i++) {
        if (core->alarms[i].axes.test) {
            index_set_add(&core->touched, i);
        }
    }
}

void core_test_due(const struct core_turn *turn) {
    struct core *core = turn->core;
    for (uint32_t place = 0; place < core->ruleset->place_count; place++) {
        if (instant_reached(turn->input->at, moment_instant(core->tests[place]))) {
            core_test_finish(turn, place, NULL);
        }
    }
    core_test_schedule(core);
}

static enum command_refusal core_test_begin(const struct core_turn *turn,
                                            const struct command *command) {
    struct core *core = turn->core;
    uint32_t place = command->place;
    const struct ruleset_place *site = &core->ruleset->places[place];
    if (core_test_overlaps(core, place)) {
        return COMMAND_REFUSED_TESTING;
    }
    enum command_refusal refusal = command_refuse_span(command, core->ruleset->times->test_max_s);
    if (refusal != COMMAND_ACCEPTED) {
        return refusal;
    }
    core->tests[place] = moment_after(turn->input->at, command->duration_s * NS_PER_S);
    core->test_count++;
    for (uint32_t point = site->point_first; point < site->point_end; point++) {
        core_set_tripped(core, point, CORE_TRIPPED_IN_TEST, false);
    }
    core_tell_test(turn, EVENT_TEST_BEGUN, place, RULESET_NONE, command);
    core_test_schedule(core);
    return COMMAND_ACCEPTED;
}

enum command_refusal core_test_command(const struct core_turn *turn,
                                       const struct command *command) {
    const struct core *core = turn->core;
    if (command->role >= ROLE_COUNT || !role_acts(command->role)) {
        return COMMAND_REFUSED_ROLE;
    } else if (command->place >= core->ruleset->place_count) {
        return COMMAND_REFUSED_UNKNOWN_PLACE;
    } else if (command->verb == COMMAND_TEST_BEGIN) {
        return core_test_begin(turn, command);
    } else if (core->tests[command->place].ds == MOMENT_NEVER.ds) {
        return COMMAND_REFUSED_NOT_TESTING;
    }
    core_test_finish(turn, command->place, command);
    core_test_schedule(turn->core);
    return COMMAND_ACCEPTED;
}

uint32_t core_test_left_ds(const struct core *core, uint32_t place, struct instant now) {
    assert(place < core->ruleset->place_count);
    return moment_left_ds(core->tests[place], now);
}

bool core_test_has_tripped(const struct core *core, uint32_t point) {
    return core_has_tripped(core, point, CORE_TRIPPED_IN_TEST);
}

void core_restore_test(struct core *core, uint32_t place, uint32_t left_ds, struct instant now) {
    assert(place < core->ruleset->place_count && left_ds > 0);
    core->test_count += core->tests[place].ds == MOMENT_NEVER.ds;
    core->tests[place] = moment_after(now, left_ds * NS_PER_DS);
    core_test_schedule(core);
}

void core_restore_tripped(struct core *core, uint32_t point) {
    core_set_tripped(core, point, CORE_TRIPPED_IN_TEST, true);
}

void core_test_trip(const struct core_turn *turn, uint32_t point) {
    struct core *core = turn->core;
    uint32_t place = core->ruleset->points[point].place;
    if (core->test_count > 0 && !core_test_has_tripped(core, point) &&
        core_point_is_walked(core, point) && core_place_is_tested(core, place)) {
        core_set_tripped(core, point, CORE_TRIPPED_IN_TEST, true);
        core_tell_test(turn, EVENT_TEST_TRIPPED, place, point, NULL);
        core_walk_trip(core, point, turn->input->at);
    }
}
