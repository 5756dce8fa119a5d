/* SPDX-License-Identifier: Apache-2.0 */

/*
 * What a restart makes of a record that is older than the restart: delays and windows must neither
 * end early nor forget the time that is known to have passed.
 */
#include <stdlib.h>

#include "gateway/engine/restore.h"
#include "tests/support/cmocka.h"

#define S(seconds)    ((seconds)*NS_PER_S)
#define WALL(seconds) ((struct wall){(int64_t)S(seconds)})

enum { NEVER_SEEN = 2, HELD, HELD_FROZEN, COUNTED, MEMORIES };

static struct journal_alarm *record(void) {
    struct journal_alarm *alarm;
    assert_int_equal(journal_alarm_new(0, MEMORIES, &alarm), 0);
    alarm->at = (struct instant){S(100)};
    alarm->at_wall = WALL(5000);
    alarm->record.axes.pending = true;
    alarm->record.condition = TRUTH_TRUE;
    alarm->record.remaining_ns = S(30);
    alarm->memories[0] = (struct memory_record){.true_age_ns = S(5),
                                                .unknown_age_ns = UINT64_MAX,
                                                .now = TRUTH_FALSE,
                                                .kind = EXPR_MEMORY_WITHIN};
    alarm->memories[1] = (struct memory_record){
        .true_age_ns = 0, .unknown_age_ns = S(7), .now = TRUTH_TRUE, .kind = EXPR_MEMORY_WITHIN};
    alarm->memories[NEVER_SEEN] = (struct memory_record){.true_age_ns = UINT64_MAX,
                                                         .unknown_age_ns = 0,
                                                         .now = TRUTH_UNKNOWN,
                                                         .kind = EXPR_MEMORY_WITHIN};
    alarm->memories[HELD] = (struct memory_record){.true_age_ns = S(7),
                                                   .unknown_age_ns = UINT64_MAX,
                                                   .now = TRUTH_TRUE,
                                                   .kind = EXPR_MEMORY_HELD};
    alarm->memories[HELD_FROZEN] = alarm->memories[HELD];
    alarm->memories[HELD_FROZEN].now = TRUTH_UNKNOWN;
    alarm->memories[COUNTED] = (struct memory_record){
        .true_age_ns = S(7), .unknown_age_ns = S(3), .kind = EXPR_MEMORY_COUNTED};
    return alarm;
}

static uint64_t elapsed(struct instant at, uint64_t now_s) {
    struct journal_alarm *alarm = record();
    alarm->at = at;
    uint64_t span_ns = restore_elapsed_ns(alarm, (struct instant){S(now_s)});
    free(alarm);
    return span_ns;
}

static void instants_tell_the_time_between_while_the_machine_runs(void **state) {
    (void)state;
    assert_int_equal(elapsed((struct instant){S(100)}, 112), S(12));
    assert_int_equal(elapsed((struct instant){S(100)}, 100), 0);
}

static void nobody_knows_how_long_ago_something_was_on_another_timeline(void **state) {
    (void)state;
    assert_int_equal(elapsed(JOURNAL_INSTANT_FOREIGN, 3), 0);
    assert_int_equal(elapsed(JOURNAL_INSTANT_FOREIGN, 100 * 365 * 86400ull), 0);
}

static uint64_t remaining(bool pending, enum truth condition, bool emergency, uint64_t elapsed_s) {
    struct journal_alarm *alarm = record();
    alarm->record.axes.pending = pending;
    alarm->record.condition = (uint8_t)condition;
    restore_age(alarm, S(elapsed_s), emergency);
    uint64_t left_ns = alarm->record.remaining_ns;
    free(alarm);
    return left_ns;
}

static void a_delay_that_ran_goes_on_from_where_it_is_now(void **state) {
    (void)state;
    assert_int_equal(remaining(true, TRUTH_TRUE, false, 12), S(18));
    assert_int_equal(remaining(true, TRUTH_UNKNOWN, true, 12), S(18));
}

static void a_delay_that_stood_still_still_stands_there(void **state) {
    (void)state;
    assert_int_equal(remaining(true, TRUTH_UNKNOWN, false, 12), S(30));
    assert_int_equal(remaining(false, TRUTH_TRUE, true, 12), S(30));
}

static void a_delay_that_is_over_is_left_to_the_core_to_end(void **state) {
    (void)state;
    assert_int_equal(remaining(true, TRUTH_TRUE, false, 30), 1);
    assert_int_equal(remaining(true, TRUTH_TRUE, false, 86400), 1);
}

static void clocks_run_on_while_the_gateway_is_away_and_end_by_the_cores_hand(void **state) {
    struct journal_alarm *alarm = record();
    (void)state;
    alarm->record.left_ds[ALARM_CLOCK_SHELVE] = 121;
    alarm->record.left_ds[ALARM_CLOCK_REALARM] = 120;
    alarm->record.left_ds[ALARM_CLOCK_DISPOSITION] = UINT32_MAX - 2;
    restore_age(alarm, S(12), false);
    assert_int_equal(alarm->record.left_ds[ALARM_CLOCK_SHELVE], 1);
    assert_int_equal(alarm->record.left_ds[ALARM_CLOCK_REALARM], 1);
    assert_int_equal(alarm->record.left_ds[ALARM_CLOCK_DISPOSITION], UINT32_MAX - 122);
    assert_int_equal(alarm->record.left_ds[ALARM_CLOCK_SILENCE], 0); /* it stood */
    free(alarm);
}

/* A power cut: instants began anew. A shelf ends when people were told, a delay may end late. */
static void
a_suppression_ends_by_the_wall_clock_where_nobody_knows_the_time_that_passed(void **state) {
    (void)state;
    const struct instant now = {S(3)};
    struct journal_alarm *alarm = record();
    alarm->record.axes.pending = true;
    alarm->record.condition = TRUTH_TRUE;
    alarm->record.left_ds[ALARM_CLOCK_SHELVE] = 36000;
    alarm->record.left_ds[ALARM_CLOCK_SERVICE] = 6000;
    alarm->record.left_ds[ALARM_CLOCK_REALARM] = 3000;
    struct wall wall = {alarm->at_wall.ns + (int64_t)S(1800)};
    restore_life(alarm, now, wall, false);
    assert_int_equal(alarm->record.left_ds[ALARM_CLOCK_SHELVE], 18000);
    assert_int_equal(alarm->record.left_ds[ALARM_CLOCK_SERVICE],
                     1); /* over, and the core's to end */
    assert_int_equal(alarm->record.left_ds[ALARM_CLOCK_REALARM], 3000);
    assert_int_equal(alarm->record.remaining_ns, S(30));
    /* A clock that was set back says nothing. */
    wall.ns = alarm->at_wall.ns - (int64_t)S(1800);
    restore_life(alarm, now, wall, false);
    assert_int_equal(alarm->record.left_ds[ALARM_CLOCK_SHELVE], 18000);
    /* Where both clocks agree, the time that passed counts once. */
    wall.ns = alarm->at_wall.ns + (int64_t)S(12);
    restore_life(alarm, (struct instant){alarm->at.ns + S(12)}, wall, false);
    assert_int_equal(alarm->record.left_ds[ALARM_CLOCK_SHELVE], 17880);
    free(alarm);
}

static uint32_t test_left(uint32_t left_ds, uint64_t now_s, uint64_t wall_s) {
    const struct journal_standing recorded = {.at = {S(100)}, .at_wall = WALL(5000)};
    return restore_test_left_ds(&recorded, left_ds, (struct instant){S(now_s)}, WALL(wall_s));
}

/* As a shelf does; and one that is over is left to the core to end. */
static void a_test_ends_when_people_were_told_that_it_would(void **state) {
    (void)state;
    assert_int_equal(test_left(6000, 112, 5012), 5880);
    assert_int_equal(test_left(6000, 100, 5000), 6000);
    assert_int_equal(test_left(6000, 3, 5060), 5400);   /* instants began anew */
    assert_int_equal(test_left(6000, 112, 5300), 3000); /* the clock was set forward */
    assert_int_equal(test_left(6000, 112, 4000), 5880); /* … or back */
    assert_int_equal(test_left(6000, 100, 4000), 6000);
    assert_int_equal(test_left(6000, 99, 4999),
                     1); /* neither knows: a power cut, and no clock yet */
    assert_int_equal(test_left(120, 111, 5011), 10);
    assert_int_equal(test_left(120, 112, 5012), 1);
    assert_int_equal(test_left(120, 90000, 94900), 1);
    assert_int_equal(test_left(0, 100, 5000), 1); /* which no build of ours wrote */
}

static struct core_trip_record trip_at(struct instant recorded_at, uint64_t earnest_ns,
                                       uint64_t tested_ns, uint64_t now_s) {
    const struct journal_standing recorded = {.at = recorded_at};
    const struct core_trip_record trip = {earnest_ns, tested_ns};
    return restore_trip(&recorded, &trip, (struct instant){S(now_s)});
}

static void assert_trip(struct core_trip_record is, uint64_t earnest_ns, uint64_t tested_ns) {
    assert_int_equal(is.earnest_age_ns, earnest_ns);
    assert_int_equal(is.tested_age_ns, tested_ns);
}

/* What went on is taken to have gone on; what never was never was. */
static void a_trip_is_older_by_the_time_that_passed(void **state) {
    (void)state;
    const struct instant at = {S(100)};
    assert_trip(trip_at(at, S(5), 0, 112), S(17), S(12));
    assert_trip(trip_at(at, CORE_TRIP_NEVER, S(3), 112), CORE_TRIP_NEVER, S(15));
    assert_trip(trip_at(at, S(5), CORE_TRIP_NEVER, 112), S(17), CORE_TRIP_NEVER);
    assert_trip(trip_at(at, CORE_TRIP_LASTS, S(3), 112), CORE_TRIP_LASTS, S(15));
    assert_trip(trip_at(at, CORE_TRIP_NEVER, CORE_TRIP_LASTS, 112), CORE_TRIP_NEVER,
                CORE_TRIP_LASTS);
    assert_trip(trip_at(at, S(5), S(3), 100), S(5), S(3));
}

/* After a power cut an alarm's memory may be as young as can be, and so may be what it is of. */
static void what_was_over_last_is_over_just_now_where_nobody_knows_the_time(void **state) {
    (void)state;
    const struct instant at = JOURNAL_INSTANT_FOREIGN;
    assert_trip(trip_at(at, S(50), S(30), 3), S(20), 0);
    assert_trip(trip_at(at, S(30), S(50), 3), 0, S(20));
    assert_trip(trip_at(at, CORE_TRIP_NEVER, S(30), 3), CORE_TRIP_NEVER, 0);
    assert_trip(trip_at(at, S(50), CORE_TRIP_LASTS, 3), S(50), CORE_TRIP_LASTS);
    assert_trip(trip_at(at, CORE_TRIP_LASTS, S(50), 3), CORE_TRIP_LASTS, S(50));
}

static void an_escalation_goes_on_while_the_gateway_is_away(void **state) {
    struct journal_alarm *alarm = record();
    (void)state;
    alarm->chain = (struct chain_record){
        .state = CHAIN_RUNNING, .age_ns = S(40), .receipt_ns = S(12) + 1, .reached = 1};
    restore_age(alarm, S(12), false);
    assert_int_equal(alarm->chain.age_ns, S(52));
    assert_int_equal(alarm->chain.receipt_ns, 1);
    restore_age(alarm, S(12), false);
    assert_int_equal(alarm->chain.age_ns, S(64));
    assert_int_equal(alarm->chain.receipt_ns, 1); /* over, and the core's to end */
    alarm->chain.receipt_ns = 0;
    alarm->chain.state = CHAIN_STOPPED;
    restore_age(alarm, S(12), true);
    assert_int_equal(alarm->chain.age_ns, S(64));
    assert_int_equal(alarm->chain.receipt_ns, 0);
    free(alarm);
}

static void memories_grow_older_but_what_went_on_goes_on(void **state) {
    struct journal_alarm *alarm = record();
    (void)state;
    restore_age(alarm, S(12), false);
    assert_int_equal(alarm->memories[0].true_age_ns, S(17));
    assert_int_equal(alarm->memories[0].unknown_age_ns, UINT64_MAX);
    assert_int_equal(alarm->memories[1].true_age_ns, 0);
    assert_int_equal(alarm->memories[1].unknown_age_ns, S(19));
    assert_int_equal(alarm->memories[NEVER_SEEN].true_age_ns, UINT64_MAX);
    assert_int_equal(alarm->memories[NEVER_SEEN].unknown_age_ns, 0);
    /* What was held went on being held; what was frozen stayed so. */
    assert_int_equal(alarm->memories[HELD].true_age_ns, S(19));
    assert_int_equal(alarm->memories[HELD_FROZEN].true_age_ns, S(7));
    /* A count has no age. */
    assert_int_equal(alarm->memories[COUNTED].true_age_ns, S(7));
    assert_int_equal(alarm->memories[COUNTED].unknown_age_ns, S(3));
    free(alarm);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(instants_tell_the_time_between_while_the_machine_runs),
        cmocka_unit_test(nobody_knows_how_long_ago_something_was_on_another_timeline),
        cmocka_unit_test(a_delay_that_ran_goes_on_from_where_it_is_now),
        cmocka_unit_test(a_delay_that_stood_still_still_stands_there),
        cmocka_unit_test(a_delay_that_is_over_is_left_to_the_core_to_end),
        cmocka_unit_test(clocks_run_on_while_the_gateway_is_away_and_end_by_the_cores_hand),
        cmocka_unit_test(
            a_suppression_ends_by_the_wall_clock_where_nobody_knows_the_time_that_passed),
        cmocka_unit_test(a_test_ends_when_people_were_told_that_it_would),
        cmocka_unit_test(a_trip_is_older_by_the_time_that_passed),
        cmocka_unit_test(what_was_over_last_is_over_just_now_where_nobody_knows_the_time),
        cmocka_unit_test(an_escalation_goes_on_while_the_gateway_is_away),
        cmocka_unit_test(memories_grow_older_but_what_went_on_goes_on),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
