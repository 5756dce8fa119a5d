/* SPDX-License-Identifier: Apache-2.0 */

/*
 * What a sensor says about its own end, hour by hour: batteries, open cases, values that stand still.
 */
#include <stdlib.h>

#include "rules/core_upkeep.h"
#include "tests/support/cmocka.h"
#include "tests/support/trial.h"

enum { PENDANT_BATTERY, CASE, NORTH, DAMP, SOUTH, OUTSIDE, POINTS };
enum { PENDANT, CLIMATE, DEVICES };

#define HOUR_NS (3600 * NS_PER_S)

struct stage {
    struct trial trial;
    struct core *core;
    void *block;
    struct core_event *events;
    struct instant now;
};

static struct stage stage;

static int stage_core(void) {
    struct trial *trial = &stage.trial;
    assert_true(trial_bind(trial));
    size_t size = core_size(&trial->ruleset);
    stage.block = aligned_alloc(64, (size + 63) / 64 * 64);
    stage.events = malloc(core_events_max(&trial->ruleset) * sizeof *stage.events);
    stage.now = (struct instant){NS_PER_S};
    stage.core = core_init(stage.block, &trial->ruleset, stage.now);
    return stage.block == NULL || stage.events == NULL;
}

static int stage_begin(void **state) {
    (void)state;
    struct trial *trial = &stage.trial;
    trial_init(trial, 1, 1);
    uint32_t house = trial_place(trial, RULESET_NONE, PLACE_BUILDING);
    uint32_t room = trial_place(trial, house, PLACE_BEDROOM);
    uint32_t cellar = trial_place(trial, house, PLACE_PLANT_ROOM);
    uint32_t yard = trial_place(trial, RULESET_NONE, PLACE_OUTDOOR);
    (void)trial_device(trial, 0);
    (void)trial_device(trial, 0);
    (void)trial_point(trial, room, PENDANT, POINT_BATTERY);
    (void)trial_point(trial, room, CLIMATE, POINT_TAMPER);
    (void)trial_point(trial, room, CLIMATE, POINT_TEMPERATURE);
    (void)trial_point(trial, room, CLIMATE, POINT_HUMIDITY);
    (void)trial_point(trial, cellar, CLIMATE, POINT_TEMPERATURE);
    (void)trial_point(trial, yard, CLIMATE, POINT_TEMPERATURE);
    trial->devices[PENDANT].serves_emergency = 1; /* as a pendant's button makes it */
    return stage_core();
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
    core_step(stage.core, &input, &step);
    core_check(stage.core);
}

static void start(void) {
    take((struct input){.kind = INPUT_START, .state = TRUTH_TRUE});
}

static void reading(uint32_t point, double value, enum quality quality) {
    take((struct input){.kind = INPUT_READING,
                        .reading = {.point = point, .value = value, .quality = (uint8_t)quality}});
}

/* Let hours pass as the engine does: a tick whenever the core wants one. */
static void pass_h(uint64_t hours) {
    struct instant until = instant_after(stage.now, hours * HOUR_NS);
    while (core_deadline(stage.core).ns <= until.ns) {
        stage.now = core_deadline(stage.core);
        take((struct input){.kind = INPUT_TICK});
    }
    stage.now = until;
}

static const struct alarm *alarm_of(enum ruleset_builtin builtin, uint32_t point) {
    uint32_t alarm = trial_builtin(&stage.trial, builtin, point);
    assert_int_not_equal(alarm, RULESET_NONE);
    return core_alarm(stage.core, alarm);
}

static void a_battery_warns_at_ten_per_cent_and_is_well_again_from_fifteen(void **state) {
    (void)state;
    const struct alarm *low = alarm_of(BUILTIN_BATTERY_LOW, PENDANT_BATTERY);
    start();
    reading(PENDANT_BATTERY, 10.5, QUALITY_GOOD);
    assert_false(low->axes.active);
    reading(PENDANT_BATTERY, 10, QUALITY_GOOD);
    assert_true(low->axes.active);
    reading(PENDANT_BATTERY, 14.9, QUALITY_GOOD); /* it is warmer: the reading creeps up */
    assert_true(low->axes.active);
    reading(PENDANT_BATTERY, 0, QUALITY_FAULT);
    assert_true(low->axes.active);
    reading(PENDANT_BATTERY, 15, QUALITY_GOOD);
    assert_false(low->axes.active);
    assert_true(low->axes.open); /* until somebody has taken notice */
}

static void a_site_says_at_how_many_per_cent_a_battery_warns(void **state) {
    (void)state;
    struct alarm_times times = alarm_times_default;
    times.battery_low_percent = 25;
    stage.trial.ruleset.times = &times;
    const struct alarm *low = alarm_of(BUILTIN_BATTERY_LOW, PENDANT_BATTERY);
    start();
    reading(PENDANT_BATTERY, 25.5, QUALITY_GOOD);
    assert_false(low->axes.active);
    reading(PENDANT_BATTERY, 25, QUALITY_GOOD);
    assert_true(low->axes.active);
    reading(PENDANT_BATTERY, 29.9, QUALITY_GOOD);
    assert_true(low->axes.active);
    reading(PENDANT_BATTERY, 30, QUALITY_GOOD);
    assert_false(low->axes.active);
}

static void upkeep_of_a_device_that_serves_an_emergency_is_high(void **state) {
    (void)state;
    const struct ruleset *ruleset = &stage.trial.ruleset;
    uint32_t battery = trial_builtin(&stage.trial, BUILTIN_BATTERY_LOW, PENDANT_BATTERY);
    uint32_t opened = trial_builtin(&stage.trial, BUILTIN_TAMPER, CASE);
    assert_int_equal(ruleset->alarms[battery].priority, PRIORITY_HIGH);
    assert_int_equal(ruleset->alarms[opened].priority, PRIORITY_LOW);
}

static void an_open_case_is_told_and_a_lost_contact_does_not_close_it(void **state) {
    (void)state;
    const struct alarm *tamper = alarm_of(BUILTIN_TAMPER, CASE);
    start();
    reading(CASE, 0, QUALITY_GOOD);
    assert_true(alarm_is_normal(tamper));
    reading(CASE, 1, QUALITY_GOOD);
    assert_true(tamper->axes.active);
    reading(CASE, 0, QUALITY_FAULT);
    assert_true(tamper->axes.active);
    reading(CASE, 0, QUALITY_GOOD);
    assert_false(tamper->axes.active);
}

static void a_value_that_stands_still_for_a_day_while_another_moves_is_stuck(void **state) {
    (void)state;
    const struct alarm *north = alarm_of(BUILTIN_STUCK, NORTH);
    const struct alarm *south = alarm_of(BUILTIN_STUCK, SOUTH);
    start();
    reading(NORTH, 21, QUALITY_GOOD);
    reading(SOUTH, 21, QUALITY_GOOD);
    pass_h(23);
    reading(SOUTH, 21.5, QUALITY_GOOD);
    assert_false(north->axes.active);
    pass_h(2);
    assert_true(north->axes.active);
    assert_false(south->axes.active);
    reading(NORTH, 21.1, QUALITY_GOOD);
    assert_false(north->axes.active);
}

/* The weather says nothing about a cellar that keeps its temperature, nor the house about the yard. */
static void what_moves_in_another_top_level_place_is_no_measure(void **state) {
    (void)state;
    start();
    reading(NORTH, 21, QUALITY_GOOD);
    reading(SOUTH, 12, QUALITY_GOOD);
    for (int hours = 0; hours < 60; hours += 10) {
        reading(OUTSIDE, hours, QUALITY_GOOD);
        pass_h(10);
    }
    assert_false(alarm_of(BUILTIN_STUCK, NORTH)->axes.active);
    assert_false(alarm_of(BUILTIN_STUCK, SOUTH)->axes.active);
    for (int hours = 0; hours < 60; hours += 10) {
        reading(NORTH, 20 + hours, QUALITY_GOOD);
        pass_h(10);
    }
    assert_false(alarm_of(BUILTIN_STUCK, OUTSIDE)->axes.active);
    assert_true(alarm_of(BUILTIN_STUCK, SOUTH)->axes.active); /* this one is in another room only */
}

/* Not for the first point of the site either, though nothing of the product's own stands between. */
static void what_moves_in_the_last_place_is_no_measure_for_the_first_point(void **state) {
    (void)stage_end(state);
    struct trial *trial = &stage.trial;
    trial_init(trial, 0, 1);
    uint32_t house = trial_place(trial, RULESET_NONE, PLACE_BUILDING);
    uint32_t yard = trial_place(trial, RULESET_NONE, PLACE_OUTDOOR);
    uint32_t device = trial_device(trial, 0);
    uint32_t inside = trial_point(trial, house, device, POINT_TEMPERATURE);
    uint32_t outside = trial_point(trial, yard, device, POINT_TEMPERATURE);
    assert_int_equal(stage_core(), 0);
    start();
    reading(inside, 21, QUALITY_GOOD);
    for (int hours = 0; hours < 60; hours += 10) {
        reading(outside, hours, QUALITY_GOOD);
        pass_h(10);
    }
    start(); /* which looks at every alarm */
    assert_false(alarm_of(BUILTIN_STUCK, inside)->axes.active);
}

/* Nobody can say whether both are dead or the house is well insulated. */
static void nothing_is_stuck_where_nothing_of_its_kind_moves(void **state) {
    (void)state;
    start();
    reading(NORTH, 21, QUALITY_GOOD);
    reading(SOUTH, 21, QUALITY_GOOD);
    pass_h(20);
    reading(DAMP, 40, QUALITY_GOOD); /* another kind is no sibling */
    pass_h(100);
    assert_false(alarm_of(BUILTIN_STUCK, NORTH)->axes.active);
    assert_false(alarm_of(BUILTIN_STUCK, SOUTH)->axes.active);
}

/* It was found stuck while another moved; that the other stands still since makes it no better. */
static void what_was_stuck_stays_so_when_its_sibling_stands_still_too(void **state) {
    (void)state;
    const struct alarm *north = alarm_of(BUILTIN_STUCK, NORTH);
    start();
    reading(NORTH, 21, QUALITY_GOOD);
    pass_h(20);
    reading(SOUTH, 22, QUALITY_GOOD);
    pass_h(5);
    assert_true(north->axes.active);
    pass_h(48);
    assert_true(north->axes.active);
    assert_false(alarm_of(BUILTIN_STUCK, SOUTH)->axes.active);
}

/* A second stand-still is judged by itself, and not by what was found before. */
static void a_point_that_moved_again_must_be_found_stuck_again(void **state) {
    (void)state;
    const struct alarm *north = alarm_of(BUILTIN_STUCK, NORTH);
    start();
    reading(NORTH, 21, QUALITY_GOOD);
    pass_h(20);
    reading(SOUTH, 22, QUALITY_GOOD);
    pass_h(5);
    assert_true(north->axes.active);
    reading(NORTH, 22, QUALITY_GOOD);
    pass_h(60); /* both stand still now, and nobody can say */
    assert_false(north->axes.active);
    start(); /* looks at every alarm */
    assert_false(north->axes.active);
}

static void a_point_without_a_value_is_not_called_stuck(void **state) {
    (void)state;
    start();
    reading(NORTH, 21, QUALITY_GOOD);
    reading(SOUTH, 22, QUALITY_GOOD);
    reading(NORTH, 0, QUALITY_FAULT);
    for (int day = 0; day < 3; day++) {
        pass_h(20);
        reading(SOUTH, 20 + day, QUALITY_GOOD);
    }
    assert_false(alarm_of(BUILTIN_STUCK, NORTH)->axes.active);
}

/* Counters, contacts and rooms without people stand still for days, and nobody is told. */
static void only_what_is_never_quite_still_can_be_stuck(void **state) {
    (void)state;
    assert_int_equal(trial_builtin(&stage.trial, BUILTIN_STUCK, CASE), RULESET_NONE);
    assert_int_equal(trial_builtin(&stage.trial, BUILTIN_STUCK, PENDANT_BATTERY), RULESET_NONE);
    assert_int_equal(trial_builtin(&stage.trial, BUILTIN_TAMPER, NORTH), RULESET_NONE);
    assert_int_equal(trial_builtin(&stage.trial, BUILTIN_BATTERY_LOW, CASE), RULESET_NONE);
}

int main(void) {
#define CASE_OF(test) cmocka_unit_test_setup_teardown(test, stage_begin, stage_end)
    const struct CMUnitTest tests[] = {
        CASE_OF(a_battery_warns_at_ten_per_cent_and_is_well_again_from_fifteen),
        CASE_OF(a_site_says_at_how_many_per_cent_a_battery_warns),
        CASE_OF(upkeep_of_a_device_that_serves_an_emergency_is_high),
        CASE_OF(an_open_case_is_told_and_a_lost_contact_does_not_close_it),
        CASE_OF(a_value_that_stands_still_for_a_day_while_another_moves_is_stuck),
        CASE_OF(what_moves_in_another_top_level_place_is_no_measure),
        CASE_OF(what_moves_in_the_last_place_is_no_measure_for_the_first_point),
        CASE_OF(nothing_is_stuck_where_nothing_of_its_kind_moves),
        CASE_OF(what_was_stuck_stays_so_when_its_sibling_stands_still_too),
        CASE_OF(a_point_that_moved_again_must_be_found_stuck_again),
        CASE_OF(a_point_without_a_value_is_not_called_stuck),
        CASE_OF(only_what_is_never_quite_still_can_be_stuck),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
