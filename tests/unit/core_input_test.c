/* SPDX-License-Identifier: Apache-2.0 */

/*
 * What an input does, and what it does not do: limits of numbers, what is not there, and timers that
 * are or are not touched. One hall with a sensor that speaks for itself and one of a device.
 */
#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "rules/core.h"
#include "tests/support/cmocka.h"
#include "tests/support/trial.h"

#define S(seconds) ((uint64_t)((seconds)*1e9))

enum { DOOR, AIR };
enum { DOORS, WIRELESS };
enum { CALENDARS = 2, COMPONENTS = 2, SHIFTS = 2, LISTENERS = 2, DEVICES = 2, POINTS = 2 };
enum { DOOR_SILENCE_S = 5, AIR_SILENCE_S = 20 };

static struct trial trial;
static void *block, *before, *after;
static struct core *core;
static struct step step;

static void *block_new(int fill) {
    size_t size = (core_size(&trial.ruleset) + 63) / 64 * 64;
    void *made = aligned_alloc(64, size);
    assert_non_null(made);
    memset(made, fill, size);
    return made;
}

static int leave(void **state) {
    (void)state;
    free(block);
    free(before);
    free(after);
    free(step.events);
    block = before = after = step.events = NULL;
    trial_deinit(&trial);
    return 0;
}

/* One rule for each point of `kind`, in a hall with hours, not yet started. Ends the stage before. */
static void stage_of(enum point_kind kind, const char *raise, enum point_kind air,
                     double silent_s) {
    if (block != NULL) {
        (void)leave(NULL);
    }
    trial_init(&trial, COMPONENTS, CALENDARS);
    trial.shift_count = SHIFTS;
    trial.draft.listener_count = LISTENERS;
    trial_place(&trial, RULESET_NONE, PLACE_SERVICE_HALL);
    trial.places[0].calendar = 1;
    (void)trial_device(&trial, S(silent_s));
    (void)trial_device(&trial, 0);
    (void)trial_point(&trial, 0, DOORS, POINT_DOOR_CONTACT);
    (void)trial_point(&trial, 0, WIRELESS, air);
    trial.points[AIR].silence_ns = S(AIR_SILENCE_S);
    trial_point_rule(&trial, TRIAL_KIND(kind), raise, CLASS_SPACE_CLIMATE);
    assert_true(trial_bind(&trial));
    block = block_new(0xAA);
    before = block_new(0);
    after = block_new(0);
    step.events = malloc(core_events_max(&trial.ruleset) * sizeof *step.events);
    assert_non_null(step.events);
    core = core_init(block, &trial.ruleset, (struct instant){0});
}

static void stage(enum point_kind kind, const char *raise) {
    stage_of(kind, raise, POINT_TEMPERATURE, DOOR_SILENCE_S);
}

static void take(struct input input) {
    uint32_t changed;
    core_step(core, &input, &step);
    core_check(core);
    while (core_changed(core, &changed, 1) > 0) {
    }
}

static void start(double at_s) {
    take((struct input){.at = {S(at_s)}, .kind = INPUT_START, .state = TRUTH_TRUE});
}

static void read_aged(double at_s, uint32_t point, double value, enum quality quality,
                      double age_s) {
    take((struct input){.at = {S(at_s)},
                        .kind = INPUT_READING,
                        .age_ns = S(age_s),
                        .reading = {.point = point, .value = value, .quality = (uint8_t)quality}});
}

static void read_good(double at_s, uint32_t point, double value) {
    read_aged(at_s, point, value, QUALITY_GOOD, 0);
}

static bool is_lost(uint32_t device) {
    return core_condition(core, trial_builtin(&trial, BUILTIN_DEVICE_LOST, device)) == TRUTH_TRUE;
}

/* The core is byte by byte what it was before. */
static void assert_changes_nothing(struct input input) {
    memset(before, 0, core_size(&trial.ruleset));
    memset(after, 0, core_size(&trial.ruleset));
    core_snapshot(core, before);
    take(input);
    core_snapshot(core, after);
    if (memcmp(before, after, core_size(&trial.ruleset)) != 0) {
        fail_msg("kind %d about %u", (int)input.kind, input.subject);
    }
}

/* --- numbers --- */

static void the_greatest_number_is_a_value_and_infinity_a_fault(void **state) {
    static const struct {
        double value;
        enum quality quality;
    } rows[] = {{DBL_MAX, QUALITY_GOOD},
                {-DBL_MAX, QUALITY_GOOD},
                {INFINITY, QUALITY_FAULT},
                {-INFINITY, QUALITY_FAULT},
                {NAN, QUALITY_FAULT}};
    (void)state;
    stage(POINT_TEMPERATURE, "value > 30 °C");
    start(0);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        read_good(1, AIR, rows[i].value);
        assert_int_equal(core_point(core, AIR)->quality, rows[i].quality);
    }
}

static void a_truth_that_is_none_counts_as_unknown(void **state) {
    (void)state;
    stage(POINT_DOOR_CONTACT, "value and weekday");
    start(0);
    read_good(1, DOOR, 1);
    take((struct input){.at = {S(1)}, .kind = INPUT_WEEKDAY, .state = TRUTH_FALSE});
    assert_int_equal(core_condition(core, 0), TRUTH_FALSE);
    take((struct input){.at = {S(1)}, .kind = INPUT_WEEKDAY, .state = TRUTH_COUNT});
    assert_int_equal(core_condition(core, 0), TRUTH_UNKNOWN);
    take((struct input){.at = {S(1)}, .kind = INPUT_WEEKDAY, .state = TRUTH_UNKNOWN});
    assert_changes_nothing(
        (struct input){.at = {S(1)}, .kind = INPUT_WEEKDAY, .state = TRUTH_COUNT});
}

/* --- what a rule is told of a point that was not heard yet --- */

static void tick(double at_s) {
    take((struct input){.at = {S(at_s)}, .kind = INPUT_TICK});
}

static void a_start_makes_no_rule_call_for_points_that_are_waited_for(void **state) {
    (void)state;
    stage(POINT_TEMPERATURE, "quality == stale");
    start(0);
    assert_int_equal(core_condition(core, 0), TRUTH_UNKNOWN);
    tick(AIR_SILENCE_S - 0.001);
    assert_int_equal(core_condition(core, 0), TRUTH_UNKNOWN);
    tick(AIR_SILENCE_S); /* missed */
    assert_int_equal(core_condition(core, 0), TRUTH_TRUE);
    read_good(30, AIR, 20);
    assert_int_equal(core_condition(core, 0), TRUTH_FALSE);
    tick(30 + AIR_SILENCE_S);
    assert_int_equal(core_condition(core, 0), TRUTH_TRUE);
}

static void a_device_that_is_lost_before_it_was_heard_has_stale_points(void **state) {
    (void)state;
    stage(POINT_DOOR_CONTACT, "quality != good");
    start(0);
    tick(DOOR_SILENCE_S - 0.001);
    assert_int_equal(core_condition(core, 0), TRUTH_UNKNOWN);
    tick(DOOR_SILENCE_S);
    assert_int_equal(core_condition(core, 0), TRUTH_TRUE);
}

static void a_first_reading_that_is_too_old_makes_its_point_stale(void **state) {
    (void)state;
    stage(POINT_DOOR_CONTACT, "quality == stale");
    start(0);
    read_aged(1, DOOR, 0, QUALITY_STALE, 0);
    assert_int_equal(core_condition(core, 0), TRUTH_TRUE);
}

static void a_point_out_of_service_is_known_to_be_it_before_it_was_heard(void **state) {
    (void)state;
    stage(POINT_DOOR_CONTACT, "quality == out_of_service");
    start(0);
    read_aged(1, DOOR, 0, QUALITY_OUT_OF_SERVICE, 0);
    assert_int_equal(core_condition(core, 0), TRUTH_TRUE);
}

/* --- a reading --- */

static void what_is_read_again_did_not_change(void **state) {
    (void)state;
    stage(POINT_TEMPERATURE, "value > 30 °C");
    start(0);
    read_good(1, AIR, 20);
    read_good(2, AIR, 20);
    assert_int_equal(core_point(core, AIR)->changed.ns, S(1));
    read_good(3, AIR, 21);
    assert_int_equal(core_point(core, AIR)->changed.ns, S(3));
    read_aged(4, AIR, 21, QUALITY_UNCERTAIN, 0);
    assert_int_equal(core_point(core, AIR)->changed.ns, S(4));
    read_aged(5, AIR, 0, QUALITY_FAULT, 0);
    read_aged(6, AIR, 1, QUALITY_FAULT, 0); /* nobody looks at the number of a fault */
    assert_int_equal(core_point(core, AIR)->changed.ns, S(5));
}

/* It is stale from the first on, but its age is known: somebody has heard it. */
static void a_point_that_is_given_again_too_late_was_heard_all_the_same(void **state) {
    (void)state;
    stage(POINT_TEMPERATURE, "age > 1 h");
    start(0);
    assert_int_equal(core_condition(core, 0), TRUTH_UNKNOWN);
    read_aged(1, AIR, 20, QUALITY_GOOD, AIR_SILENCE_S);
    assert_int_equal(core_point(core, AIR)->quality, QUALITY_STALE);
    assert_int_equal(core_condition(core, 0), TRUTH_FALSE);
}

/* --- timers --- */

static void a_reading_of_a_point_that_is_waited_for_costs_no_timer(void **state) {
    (void)state;
    stage_of(POINT_TEMPERATURE, "value > 30 °C", POINT_TEMPERATURE, 0);
    read_good(1, AIR, 20);
    uint64_t due_ns = core_deadline(core).ns;
    assert_int_equal(due_ns, S(1 + AIR_SILENCE_S));
    read_good(2, AIR, 20);
    assert_int_equal(core_deadline(core).ns, due_ns);
    /* One that is given again is older than the timer knows. */
    read_aged(3, AIR, 20, QUALITY_GOOD, 3);
    assert_int_equal(core_deadline(core).ns, S(AIR_SILENCE_S));
}

static void nobody_waits_for_a_point_that_is_stale_or_out_of_service(void **state) {
    static const enum quality qualities[] = {QUALITY_STALE, QUALITY_OUT_OF_SERVICE};
    (void)state;
    for (size_t i = 0; i < sizeof qualities / sizeof qualities[0]; i++) {
        stage_of(POINT_TEMPERATURE, "value > 30 °C", POINT_TEMPERATURE, 0);
        read_good(1, AIR, 20);
        assert_int_not_equal(core_deadline(core).ns, INSTANT_NEVER.ns);
        read_aged(2, AIR, 20, qualities[i], 0);
        assert_int_equal(core_deadline(core).ns, INSTANT_NEVER.ns);
        read_good(3, AIR, 20);
        assert_int_equal(core_deadline(core).ns, S(3 + AIR_SILENCE_S));
    }
}

static void a_start_waits_anew_for_a_device_that_was_heard_before(void **state) {
    (void)state;
    stage(POINT_DOOR_CONTACT, "value");
    read_good(1, DOOR, 0);
    start(3);
    take((struct input){.at = {S(3 + DOOR_SILENCE_S) - 1}, .kind = INPUT_TICK});
    assert_false(is_lost(DOORS));
    take((struct input){.at = {S(3 + DOOR_SILENCE_S)}, .kind = INPUT_TICK});
    assert_true(is_lost(DOORS));
}

/* A leak that is not there stands still for years. */
static void there_are_rounds_of_upkeep_only_where_something_can_be_stuck(void **state) {
    static const struct {
        enum point_kind air;
        bool rounds;
    } rows[] = {{POINT_TEMPERATURE, true}, {POINT_WATER_LEAK, false}};
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        stage_of(POINT_DOOR_CONTACT, "value", rows[i].air, 0);
        start(0);
        read_aged(0, AIR, 0, QUALITY_OUT_OF_SERVICE, 0); /* and is waited for no more */
        assert_int_equal(core_deadline(core).ns != INSTANT_NEVER.ns, rows[i].rounds);
    }
}

/* --- what is not there, and what an input is not about --- */

static void what_is_not_there_changes_nothing(void **state) {
    static const struct {
        enum input_kind kind;
        uint32_t count;
    } rows[] = {{INPUT_HEARTBEAT, DEVICES},    {INPUT_DEVICE, DEVICES},
                {INPUT_CALENDAR, CALENDARS},   {INPUT_BETWEEN, 1},
                {INPUT_COMPONENT, COMPONENTS}, {INPUT_SHIFT, SHIFTS},
                {INPUT_LISTENER, LISTENERS}};
    (void)state;
    stage(POINT_DOOR_CONTACT, "value and closed and between 22:00 and 06:00");
    start(0);
    read_good(1, DOOR, 1);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        for (unsigned truth = 0; truth < TRUTH_COUNT; truth++) {
            assert_changes_nothing((struct input){.at = {S(1)},
                                                  .kind = rows[i].kind,
                                                  .subject = rows[i].count,
                                                  .state = (enum truth)truth});
        }
    }
    assert_changes_nothing((struct input){
        .at = {S(1)}, .kind = INPUT_READING, .reading = {.point = POINTS, .value = 1}});
}

/* A site that was taken is told; nobody comes on duty by it. */
static void a_configuration_that_is_taken_is_only_told(void **state) {
    (void)state;
    stage(POINT_DOOR_CONTACT, "value");
    start(0);
    take((struct input){.at = {S(1)}, .kind = INPUT_SHIFT, .state = TRUTH_FALSE});
    assert_changes_nothing(
        (struct input){.at = {S(1)}, .kind = INPUT_CONFIGURATION, .state = TRUTH_TRUE});
    assert_int_equal(step.event_count, 1);
}

static void a_start_tells_that_it_started_and_no_more(void **state) {
    (void)state;
    stage(POINT_DOOR_CONTACT, "value");
    start(0);
    assert_int_equal(step.event_count, 1);
    assert_int_equal(step.events[0].type, EVENT_SYSTEM_STARTED);
}

static void who_is_on_duty_says_nothing_of_who_can_be_reached(void **state) {
    (void)state;
    stage(POINT_DOOR_CONTACT, "value");
    start(0);
    for (unsigned truth = 0; truth < TRUTH_COUNT; truth++) {
        take((struct input){.at = {S(1)}, .kind = INPUT_SHIFT, .state = (enum truth)truth});
        assert_int_equal(core_condition(core, trial_builtin(&trial, BUILTIN_NOBODY_LISTENING, 0)),
                         TRUTH_UNKNOWN);
    }
}

/* Whatever is told of others, a device that is silent is lost at its time. */
static void only_a_standstill_excuses_a_silent_device(void **state) {
    const uint32_t about_devices = 1u << INPUT_READING | 1u << INPUT_HEARTBEAT |
                                   1u << INPUT_DEVICE | 1u << INPUT_COMMAND | 1u << INPUT_START;
    (void)state;
    for (unsigned kind = 0; kind < INPUT_KIND_COUNT; kind++) {
        if ((about_devices >> kind & 1) != 0) {
            continue;
        }
        stage(POINT_DOOR_CONTACT, "value");
        start(0);
        read_good(0, DOOR, 0);
        take((struct input){
            .at = {S(DOOR_SILENCE_S) - 1}, .kind = (enum input_kind)kind, .state = TRUTH_TRUE});
        take((struct input){.at = {S(DOOR_SILENCE_S)}, .kind = INPUT_TICK});
        assert_int_equal(is_lost(DOORS), kind != INPUT_STANDSTILL);
    }
}

/* Its timer stands behind those of the devices, and next to the last of them. */
static void the_first_point_of_a_site_is_missed_by_its_own_silence(void **state) {
    (void)state;
    stage_of(POINT_DOOR_CONTACT, "value", POINT_TEMPERATURE, 0);
    trial.bound.points[DOOR].silence_ns = S(7);
    uint32_t fault = trial_builtin(&trial, BUILTIN_SENSOR_FAULT, DOOR);
    start(0);
    read_good(1, DOOR, 0);
    take((struct input){.at = {S(8) - 1}, .kind = INPUT_TICK});
    assert_int_equal(core_condition(core, fault), TRUTH_FALSE);
    take((struct input){.at = {S(8)}, .kind = INPUT_TICK});
    assert_int_equal(core_condition(core, fault), TRUTH_TRUE);
    assert_int_equal(core_point(core, DOOR)->quality, QUALITY_STALE);
    assert_false(is_lost(DOORS) || is_lost(WIRELESS));
}

static void a_site_without_rules_of_its_own_misses_a_device_all_the_same(void **state) {
    (void)state;
    trial_init(&trial, COMPONENTS, CALENDARS);
    (void)trial_place(&trial, RULESET_NONE, PLACE_SITE);
    (void)trial_device(&trial, S(5));
    assert_true(trial_bind(&trial));
    block = block_new(0xAA);
    step.events = malloc(core_events_max(&trial.ruleset) * sizeof *step.events);
    assert_non_null(step.events);
    core = core_init(block, &trial.ruleset, (struct instant){0});
    start(0);
    assert_false(is_lost(0));
    take((struct input){.at = {S(5)}, .kind = INPUT_TICK});
    assert_true(is_lost(0));
    assert_int_equal(step.event_count, 1);
    assert_true(step.events[0].value == 1);
}

int main(void) {
    const struct CMUnitTest tests[] = {
#define INPUT_TEST(test) cmocka_unit_test_teardown(test, leave)
        INPUT_TEST(the_greatest_number_is_a_value_and_infinity_a_fault),
        INPUT_TEST(a_truth_that_is_none_counts_as_unknown),
        INPUT_TEST(a_start_makes_no_rule_call_for_points_that_are_waited_for),
        INPUT_TEST(a_device_that_is_lost_before_it_was_heard_has_stale_points),
        INPUT_TEST(a_first_reading_that_is_too_old_makes_its_point_stale),
        INPUT_TEST(a_point_out_of_service_is_known_to_be_it_before_it_was_heard),
        INPUT_TEST(what_is_read_again_did_not_change),
        INPUT_TEST(a_point_that_is_given_again_too_late_was_heard_all_the_same),
        INPUT_TEST(a_reading_of_a_point_that_is_waited_for_costs_no_timer),
        INPUT_TEST(nobody_waits_for_a_point_that_is_stale_or_out_of_service),
        INPUT_TEST(a_start_waits_anew_for_a_device_that_was_heard_before),
        INPUT_TEST(there_are_rounds_of_upkeep_only_where_something_can_be_stuck),
        INPUT_TEST(what_is_not_there_changes_nothing),
        INPUT_TEST(a_configuration_that_is_taken_is_only_told),
        INPUT_TEST(a_start_tells_that_it_started_and_no_more),
        INPUT_TEST(who_is_on_duty_says_nothing_of_who_can_be_reached),
        INPUT_TEST(only_a_standstill_excuses_a_silent_device),
        INPUT_TEST(the_first_point_of_a_site_is_missed_by_its_own_silence),
        INPUT_TEST(a_site_without_rules_of_its_own_misses_a_device_all_the_same),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
