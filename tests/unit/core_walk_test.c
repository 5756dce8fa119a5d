/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Rounds of walk tests, day by day. Two houses: one with a button and a detector in two rooms, and a
 * panel's fault that nobody can walk to; one with a thermometer alone.
 */
#include <stdlib.h>
#include <string.h>

#include "rules/core.h"
#include "tests/support/cmocka.h"
#include "tests/support/trial.h"

enum { HOUSE, BEDROOM, HALL, YARD, PLACES };
enum { PANEL, BUTTON, SMOKE, AIR, POINTS };

#define HOUR_NS (3600 * NS_PER_S)
#define DAY_NS  (24 * HOUR_NS)

struct stage {
    struct trial trial;
    struct alarm_times times;
    struct core *core;
    void *block;
    struct core_event *events;
    struct instant now;
    unsigned due;           /* events that a walk test is due, … */
    struct core_event last; /* … and the last of them */
};

static struct stage stage;

static int stage_begin(void **state) {
    (void)state;
    struct trial *trial = &stage.trial;
    stage.due = 0;
    trial_init(trial, 0, 1);
    (void)trial_place(trial, RULESET_NONE, PLACE_BUILDING);
    (void)trial_place(trial, HOUSE, PLACE_BEDROOM);
    (void)trial_place(trial, HOUSE, PLACE_SERVICE_HALL);
    (void)trial_place(trial, RULESET_NONE, PLACE_OUTDOOR);
    (void)trial_device(trial, 0);
    (void)trial_point(trial, HOUSE, 0, POINT_FIRE_PANEL_FAULT);
    (void)trial_point(trial, BEDROOM, 0, POINT_EMERGENCY_BUTTON);
    (void)trial_point(trial, HALL, 0, POINT_SMOKE);
    (void)trial_point(trial, YARD, 0, POINT_TEMPERATURE);
    stage.times = alarm_times_default;
    trial->draft.times = &stage.times;
    assert_true(trial_bind(trial));
    size_t size = core_size(&trial->ruleset);
    stage.block = aligned_alloc(64, (size + 63) / 64 * 64);
    stage.events = malloc(core_events_max(&trial->ruleset) * sizeof *stage.events);
    assert_true(stage.block != NULL && stage.events != NULL);
    stage.now = (struct instant){NS_PER_S};
    memset(stage.block, 0xAA, size);
    stage.core = core_init(stage.block, &trial->ruleset, stage.now);
    return 0;
}

static int stage_end(void **state) {
    (void)state;
    free(stage.block);
    free(stage.events);
    trial_deinit(&stage.trial);
    return 0;
}

static void take(struct input input) {
    struct step step = {.events = stage.events};
    input.at = stage.now;
    input.wall = (struct wall){(int64_t)stage.now.ns + 7};
    core_step(stage.core, &input, &step);
    core_check(stage.core);
    assert_int_equal(step.refusal, COMMAND_ACCEPTED);
    for (uint32_t i = 0; i < step.event_count; i++) {
        if (step.events[i].type == EVENT_SYSTEM_WALK_TEST_DUE) {
            stage.due++;
            stage.last = step.events[i];
        }
    }
}

/* Let time pass as the engine does: a tick whenever the core wants one. */
static void pass(uint64_t span_ns) {
    struct instant until = instant_after(stage.now, span_ns);
    while (core_deadline(stage.core).ns <= until.ns) {
        stage.now = core_deadline(stage.core);
        take((struct input){.kind = INPUT_TICK});
    }
    stage.now = until;
}

static void start(void) {
    take((struct input){.kind = INPUT_START, .state = TRUTH_TRUE});
}

static void test(enum command_verb verb, uint32_t place) {
    const struct command command = {.verb = verb,
                                    .alarm = RULESET_NONE,
                                    .place = place,
                                    .duration_s = 600,
                                    .second_role = ROLE_COUNT,
                                    .actor = "wu",
                                    .reason = "weekly"};
    take((struct input){.kind = INPUT_COMMAND, .command = &command});
}

static void trip(uint32_t point) {
    take((struct input){.kind = INPUT_READING, .reading = {.point = point, .value = 1}});
    take((struct input){.kind = INPUT_READING, .reading = {.point = point}});
}

/* Test one room, in which `point` is tripped. */
static void walk(uint32_t place, uint32_t point) {
    test(COMMAND_TEST_BEGIN, place);
    trip(point);
    test(COMMAND_TEST_END, place);
}

/* Begin anew with what is recorded of the rounds, on the same site or one that was changed. */
static void restart(void) {
    uint32_t left_ds[PLACES];
    bool walked[POINTS];
    for (uint32_t place = 0; place < PLACES; place++) {
        left_ds[place] = core_walk_left_ds(stage.core, place, stage.now);
    }
    for (uint32_t point = 0; point < POINTS; point++) {
        walked[point] = core_walk_has_tripped(stage.core, point);
    }
    memset(stage.block, 0xAA, core_size(&stage.trial.ruleset));
    stage.core = core_init(stage.block, &stage.trial.ruleset, stage.now);
    for (uint32_t place = 0; place < PLACES; place++) {
        if (left_ds[place] > 0) {
            core_restore_walk(stage.core, place, left_ds[place], stage.now);
        }
    }
    for (uint32_t point = 0; point < POINTS; point++) {
        if (walked[point]) {
            core_restore_walked(stage.core, point);
        }
    }
    start();
}

static void whoever_tests_nothing_is_told_once_a_week(void **state) {
    (void)state;
    start();
    pass(7 * DAY_NS - 1);
    assert_int_equal(stage.due, 0);
    pass(1);
    assert_int_equal(stage.due, 1);
    assert_int_equal(stage.last.place, HOUSE);
    assert_int_equal(stage.last.point, RULESET_NONE);
    assert_int_equal(stage.last.alarm, RULESET_NONE);
    assert_int_equal(stage.last.count,
                     2); /* nobody can walk to a panel's fault, or to a thermometer */
    assert_int_equal(stage.last.at.ns, stage.now.ns);
    assert_int_equal(stage.last.wall.ns, (int64_t)stage.now.ns + 7);
    assert_int_equal(stage.last.quality, QUALITY_GOOD);
    assert_int_equal(core_event_lane(stage.last.type), LANE_ACTIVITY);
    assert_string_equal(core_event_name(stage.last.type), "system.walk_test_due");
    pass(7 * DAY_NS - 1);
    assert_int_equal(stage.due, 1);
    pass(1);
    assert_int_equal(stage.due, 2);
    pass(21 * DAY_NS);
    assert_int_equal(stage.due, 5);
}

static void a_place_that_was_walked_through_is_reminded_a_week_later(void **state) {
    (void)state;
    start();
    pass(3 * DAY_NS);
    walk(BEDROOM, BUTTON);
    assert_true(core_walk_has_tripped(stage.core, BUTTON));
    assert_false(core_walk_has_tripped(stage.core, SMOKE));
    pass(2 * DAY_NS);
    walk(HALL, SMOKE); /* the last one: the round is over */
    assert_false(core_walk_has_tripped(stage.core, BUTTON));
    assert_false(core_walk_has_tripped(stage.core, SMOKE));
    pass(7 * DAY_NS - 1);
    assert_int_equal(stage.due, 0);
    pass(1);
    assert_int_equal(stage.due, 1);
    assert_int_equal(stage.last.count, 2);
}

static void what_was_tested_in_part_is_counted_in_its_own_week(void **state) {
    (void)state;
    start();
    pass(6 * DAY_NS);
    walk(BEDROOM, BUTTON);
    pass(DAY_NS);
    assert_int_equal(stage.due, 1);
    assert_int_equal(stage.last.count, 1);
    assert_false(core_walk_has_tripped(stage.core, BUTTON));
    walk(HALL, SMOKE); /* the button is owed again: its test is of last week */
    pass(7 * DAY_NS);
    assert_int_equal(stage.due, 2);
    assert_int_equal(stage.last.count, 1);
}

static void a_press_in_earnest_is_no_test(void **state) {
    (void)state;
    start();
    trip(BUTTON);
    trip(SMOKE);
    test(COMMAND_TEST_BEGIN, BEDROOM);
    trip(SMOKE); /* not there */
    pass(7 * DAY_NS);
    assert_int_equal(stage.due, 1);
    assert_int_equal(stage.last.count, 2);
}

/* The next test of the same week ticks off by itself, and takes nothing of the round away. */
static void a_second_test_of_a_room_leaves_the_round_be(void **state) {
    (void)state;
    start();
    walk(BEDROOM, BUTTON);
    assert_true(core_test_has_tripped(stage.core, BUTTON));
    test(COMMAND_TEST_BEGIN, HOUSE);
    assert_false(core_test_has_tripped(stage.core, BUTTON));
    assert_true(core_walk_has_tripped(stage.core, BUTTON));
    trip(SMOKE);
    assert_true(core_test_has_tripped(stage.core, SMOKE));
    assert_false(core_walk_has_tripped(stage.core, BUTTON)); /* a new round */
    assert_int_equal(core_walk_left_ds(stage.core, HOUSE, stage.now), 7 * DAY_NS / NS_PER_DS);
}

static void a_round_is_of_a_top_level_place_with_something_to_walk_to(void **state) {
    (void)state;
    assert_int_equal(core_walk_left_ds(stage.core, HOUSE, stage.now), 0);
    start();
    assert_int_equal(core_walk_left_ds(stage.core, HOUSE, stage.now), 7 * DAY_NS / NS_PER_DS);
    assert_int_equal(core_walk_left_ds(stage.core, BEDROOM, stage.now), 0);
    assert_int_equal(core_walk_left_ds(stage.core, YARD, stage.now), 0);
    pass(DAY_NS + 1);
    assert_int_equal(core_walk_left_ds(stage.core, HOUSE, stage.now), 6 * DAY_NS / NS_PER_DS);
}

static void a_restart_keeps_the_round_and_what_was_tripped_in_it(void **state) {
    (void)state;
    start();
    pass(5 * DAY_NS);
    walk(BEDROOM, BUTTON);
    restart();
    assert_true(core_walk_has_tripped(stage.core, BUTTON));
    assert_false(core_test_has_tripped(stage.core, BUTTON));
    pass(2 * DAY_NS - 1);
    assert_int_equal(stage.due, 0);
    pass(1);
    assert_int_equal(stage.due, 1);
    assert_int_equal(stage.last.count, 1);
}

static void a_test_that_ran_is_kept_apart_from_the_round(void **state) {
    (void)state;
    core_restore_tripped(stage.core, SMOKE);
    core_restore_walked(stage.core, BUTTON);
    assert_true(core_test_has_tripped(stage.core, SMOKE));
    assert_false(core_walk_has_tripped(stage.core, SMOKE));
    assert_false(core_test_has_tripped(stage.core, BUTTON));
    assert_true(core_walk_has_tripped(stage.core, BUTTON));
}

static void a_site_with_another_time_keeps_no_longer_round(void **state) {
    (void)state;
    start();
    stage.times.walk_test_reminder_s = 2 * 86400;
    restart();
    assert_int_equal(core_walk_left_ds(stage.core, HOUSE, stage.now), 2 * DAY_NS / NS_PER_DS);
    pass(2 * DAY_NS);
    assert_int_equal(stage.due, 1);
    stage.times.walk_test_reminder_s = 30 * 86400;
    restart();
    assert_int_equal(core_walk_left_ds(stage.core, HOUSE, stage.now), 2 * DAY_NS / NS_PER_DS);
}

/* A place that has become a part of another, or has lost its buttons, is not reminded any more. */
static void a_round_of_what_is_no_place_to_walk_through_is_forgotten(void **state) {
    (void)state;
    core_restore_walk(stage.core, BEDROOM, 10, stage.now);
    core_restore_walk(stage.core, YARD, 10, stage.now);
    assert_int_equal(core_walk_left_ds(stage.core, BEDROOM, stage.now), 0);
    assert_int_equal(core_walk_left_ds(stage.core, YARD, stage.now), 0);
    start();
    pass(7 * DAY_NS - 1);
    assert_int_equal(stage.due, 0);
}

/* The site has lost the one detector that was left: then all was tested. */
static void a_round_in_which_nothing_is_left_is_over_without_a_word(void **state) {
    (void)state;
    core_restore_walk(stage.core, HOUSE, 10, stage.now);
    core_restore_walked(stage.core, BUTTON);
    core_restore_walked(stage.core, SMOKE);
    start();
    pass(NS_PER_S);
    assert_int_equal(stage.due, 0);
    assert_false(core_walk_has_tripped(stage.core, BUTTON));
    pass(7 * DAY_NS);
    assert_int_equal(stage.due, 1);
}

/* The engine takes its time between what it restores and the start. */
static void a_round_that_is_over_before_the_start_is_told_with_it(void **state) {
    (void)state;
    core_restore_walk(stage.core, HOUSE, 1, stage.now);
    stage.now = instant_after(stage.now, NS_PER_S);
    start();
    assert_int_equal(stage.due, 1);
    assert_true(core_deadline(stage.core).ns > stage.now.ns);
}

/* … each place by itself, in their order, and both in one step if it comes so. */
static void places_are_reminded_each_by_itself(void **state) {
    (void)state;
    struct trial *trial = &stage.trial;
    trial->points[AIR].kind = POINT_PENDANT;
    assert_true(trial_bind(trial));
    stage.core = core_init(stage.block, &trial->ruleset, stage.now);
    start();
    stage.now = instant_after(stage.now, 7 * DAY_NS);
    take((struct input){.kind = INPUT_TICK});
    assert_int_equal(stage.due, 2);
    assert_int_equal(stage.last.place, YARD);
    assert_int_equal(stage.last.count, 1);
    walk(YARD, AIR);
    pass(DAY_NS);
    walk(YARD, AIR);
    pass(6 * DAY_NS);
    assert_int_equal(stage.due, 3);
    assert_int_equal(stage.last.place, HOUSE);
    restart(); /* which keeps a place with a single button as well */
    assert_int_equal(core_walk_left_ds(stage.core, YARD, stage.now), DAY_NS / NS_PER_DS);
    pass(DAY_NS);
    assert_int_equal(stage.due, 4);
    assert_int_equal(stage.last.place, YARD);
}

#define STAGED(test) cmocka_unit_test_setup_teardown(test, stage_begin, stage_end)

/* A long corridor, in which every third point is a thermometer: two words of them, and a bit. */
static void each_of_many_detectors_is_ticked_off_by_itself(void **state) {
    enum { MANY = 130 };
    (void)stage_end(state);
    struct trial *trial = &stage.trial;
    trial_init(trial, 0, 1);
    (void)trial_place(trial, RULESET_NONE, PLACE_CORRIDOR);
    (void)trial_device(trial, 0);
    for (uint32_t point = 0; point < MANY; point++) {
        (void)trial_point(trial, 0, 0, point % 3 == 0 ? POINT_TEMPERATURE : POINT_SMOKE);
    }
    assert_true(trial_bind(trial));
    stage.block = aligned_alloc(64, (core_size(&trial->ruleset) + 63) / 64 * 64);
    stage.events = malloc(core_events_max(&trial->ruleset) * sizeof *stage.events);
    assert_non_null(stage.block);
    for (uint32_t tripped = 0; tripped < MANY; tripped++) {
        memset(stage.block, 0xAA, core_size(&trial->ruleset));
        stage.core = core_init(stage.block, &trial->ruleset, stage.now);
        core_restore_walked(stage.core, tripped);
        for (uint32_t point = 0; point < MANY; point++) {
            bool is = point == tripped && point % 3 != 0;
            assert_int_equal(core_walk_has_tripped(stage.core, point), is);
        }
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        STAGED(whoever_tests_nothing_is_told_once_a_week),
        STAGED(a_place_that_was_walked_through_is_reminded_a_week_later),
        STAGED(what_was_tested_in_part_is_counted_in_its_own_week),
        STAGED(a_press_in_earnest_is_no_test),
        STAGED(a_second_test_of_a_room_leaves_the_round_be),
        STAGED(a_round_is_of_a_top_level_place_with_something_to_walk_to),
        STAGED(a_restart_keeps_the_round_and_what_was_tripped_in_it),
        STAGED(a_test_that_ran_is_kept_apart_from_the_round),
        STAGED(a_site_with_another_time_keeps_no_longer_round),
        STAGED(a_round_of_what_is_no_place_to_walk_through_is_forgotten),
        STAGED(a_round_in_which_nothing_is_left_is_over_without_a_word),
        STAGED(a_round_that_is_over_before_the_start_is_told_with_it),
        STAGED(places_are_reminded_each_by_itself),
        STAGED(each_of_many_detectors_is_ticked_off_by_itself),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
