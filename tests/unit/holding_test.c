/* SPDX-License-Identifier: Apache-2.0 */

/*
 * What waits for the engine. Points 0 and 1 are plain, 2 and 3 are call buttons, 4 is a card
 * reader.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "gateway/field/holding.h"

enum { POINTS = 5, ROOM = 64, LIFE = 7 };

static const uint8_t manners[POINTS] = {HOLDING_NEWEST, HOLDING_NEWEST, HOLDING_EDGES,
                                        HOLDING_EDGES, HOLDING_EVENTS};

static struct holding *holding_of_test(void) {
    struct holding *holding;
    assert_int_equal(holding_new(manners, POINTS, LIFE, &holding), 0);
    return holding;
}

static void put_at(struct holding *holding, uint64_t at_s, uint32_t point, double value) {
    const struct reading reading = {.point = point, .value = value};
    holding_put(holding, &reading, 0, (struct instant){at_s * NS_PER_S});
}

static void put(struct holding *holding, uint32_t point, double value) {
    put_at(holding, 1, point, value);
}

/* Take everything and compare with "0=20 2=1 ": point and value, in order. */
static void assert_takes(struct holding *holding, const char *want) {
    struct wire_reading taken[ROOM];
    uint32_t count = holding_take(holding, taken, ROOM);
    char got[1024] = "";
    for (uint32_t i = 0; i < count; i++) {
        size_t len = strlen(got);
        (void)snprintf(got + len, sizeof got - len, "%s%u=%g", i == 0 ? "" : " ",
                       taken[i].reading.point, taken[i].reading.value);
    }
    assert_string_equal(got, want);
    assert_int_equal(holding_take(holding, taken, ROOM), 0);
}

static void readings_leave_in_the_order_they_came(void **state) {
    (void)state;
    struct holding *holding = holding_of_test();
    put(holding, 1, 5);
    put(holding, 2, 1);
    put(holding, 0, 20);
    put(holding, 4, 1);
    assert_takes(holding, "1=5 2=1 0=20 4=1");
    (void)holding_free(holding);
}

static void of_a_plain_point_only_the_newest_reading_waits(void **state) {
    (void)state;
    struct holding *holding = holding_of_test();
    for (int i = 0; i < 1000; i++) {
        put(holding, 0, i);
    }
    assert_int_equal(holding_counts(holding).replaced, 999);
    assert_takes(holding, "0=999");
    (void)holding_free(holding);
}

static void a_newer_reading_never_overtakes_an_event_before_it(void **state) {
    (void)state;
    struct holding *holding = holding_of_test();
    put(holding, 0, 0); /* door closed */
    put(holding, 4, 1); /* card granted */
    put(holding, 0, 1); /* door open: not before the card */
    assert_takes(holding, "4=1 0=1");
    (void)holding_free(holding);
}

static void a_press_and_release_while_the_engine_is_away_are_both_kept(void **state) {
    (void)state;
    struct holding *holding = holding_of_test();
    put(holding, 2, 0);
    assert_takes(holding, "2=0");
    put(holding, 2, 1);
    put(holding, 2, 0);
    put(holding, 2, 1);
    assert_takes(holding, "2=1 2=0 2=1");
    (void)holding_free(holding);
}

static void a_change_of_quality_is_an_edge_and_a_repetition_is_none(void **state) {
    (void)state;
    struct holding *holding = holding_of_test();
    put(holding, 2, 0);
    put(holding, 2, 0);
    put(holding, 2, 0);
    const struct reading fault = {.point = 2, .quality = QUALITY_FAULT};
    holding_put(holding, &fault, 0, (struct instant){NS_PER_S});
    put(holding, 2, 0);
    assert_takes(holding, "2=0 2=0 2=0"); /* one reading, the fault, good again */
    (void)holding_free(holding);
}

static void every_event_is_kept_with_its_code_and_a_token_of_its_own(void **state) {
    (void)state;
    struct holding *holding = holding_of_test();
    for (uint64_t i = 0; i < 100; i++) {
        const struct reading reading = {.point = 4, .value = 1, .code = 7000 + i};
        holding_put(holding, &reading, 0, (struct instant){NS_PER_S});
    }
    struct wire_reading taken[100];
    assert_int_equal(holding_take(holding, taken, 30), 30);
    assert_int_equal(holding_take(holding, taken + 30, 100), 70);
    for (uint64_t i = 0; i < 100; i++) {
        assert_int_equal(taken[i].reading.code, 7000 + i);
        assert_int_equal(taken[i].token, ((uint64_t)LIFE << 32) + i + 1);
    }
    (void)holding_free(holding);
}

static void confirm(struct holding *holding, uint64_t number) {
    holding_confirm(holding, ((uint64_t)LIFE << 32) + number);
}

static void an_event_is_told_again_until_it_is_known_to_be_recorded(void **state) {
    (void)state;
    struct holding *holding = holding_of_test();
    for (int i = 1; i <= 4; i++) {
        put(holding, 4, i);
    }
    put(holding, 2, 1);
    assert_takes(holding, "4=1 4=2 4=3 4=4 2=1");
    assert_int_equal(holding_counts(holding).waiting, 0);
    confirm(holding, 2);
    holding_restart(holding, NULL, 0);
    assert_int_equal(holding_counts(holding).waiting, 2);
    assert_takes(holding, "2=1 4=3 4=4");
    confirm(holding, 1); /* an old word changes nothing */
    put(holding, 4, 5);
    holding_restart(holding, NULL, 0);
    struct wire_reading taken[ROOM];
    assert_int_equal(holding_take(holding, taken, ROOM), 4);
    for (uint32_t i = 0; i < 3; i++) {
        assert_int_equal(taken[1 + i].token, ((uint64_t)LIFE << 32) + 3 + i);
        assert_int_equal(taken[1 + i].reading.value, 3 + i);
    }
    confirm(holding, 5);
    holding_restart(holding, NULL, 0);
    assert_takes(holding, "2=1");
    put(holding, 4, 6);
    assert_takes(holding, "4=6");
    (void)holding_free(holding);
}

static void what_was_delivered_comes_again_before_what_was_not(void **state) {
    (void)state;
    struct holding *holding = holding_of_test();
    put(holding, 4, 1);
    put(holding, 4, 2);
    assert_takes(holding, "4=1 4=2");
    put(holding, 2, 1);
    put(holding, 4, 3);
    put(holding, 2, 0);
    struct wire_reading unsent[ROOM];
    uint32_t count = holding_take(holding, unsent, ROOM);
    assert_int_equal(count, 3);
    put(holding, 4, 4);
    confirm(holding, 1);
    holding_restart(holding, unsent, count);
    assert_takes(holding, "2=0 4=2 2=1 4=3 2=0 4=4");
    (void)holding_free(holding);
}

/* An engine that records nothing for long has been told of them. */
static void events_that_were_told_make_room_for_new_ones(void **state) {
    (void)state;
    struct holding *holding = holding_of_test();
    struct wire_reading taken[ROOM];
    for (int i = 0; i < HOLDING_EVENTS_MAX; i++) {
        put(holding, 4, i);
        assert_int_equal(holding_take(holding, taken, 1), 1);
    }
    assert_int_equal(holding_counts(holding).events_forgotten, 0);
    put(holding, 4, HOLDING_EVENTS_MAX);
    assert_int_equal(holding_counts(holding).events_forgotten, 1);
    assert_int_equal(holding_counts(holding).events_refused, 0);
    assert_int_equal(holding_counts(holding).waiting, 1);
    holding_restart(holding, NULL, 0);
    for (int i = 1; i <= HOLDING_EVENTS_MAX; i++) {
        assert_int_equal(holding_take(holding, taken, 1), 1);
        assert_int_equal(taken[0].reading.value, i);
    }
    assert_int_equal(holding_take(holding, taken, 1), 0);
    (void)holding_free(holding);
}

static void events_up_to_the_bound_are_kept_and_the_next_is_counted(void **state) {
    (void)state;
    struct holding *holding = holding_of_test();
    for (int i = 0; i < HOLDING_EVENTS_MAX; i++) {
        put(holding, 4, 1);
    }
    assert_int_equal(holding_counts(holding).events_refused, 0);
    put(holding, 4, 1);
    assert_int_equal(holding_counts(holding).events_refused, 1);
    assert_int_equal(holding_counts(holding).waiting, HOLDING_EVENTS_MAX);
    put(holding, 2, 1); /* the bound of events is none of the buttons' */
    struct wire_reading taken[ROOM];
    uint32_t total = 0, count;
    while ((count = holding_take(holding, taken, ROOM)) > 0) {
        total += count;
    }
    assert_int_equal(total, HOLDING_EVENTS_MAX + 1);
    assert_int_equal(holding_counts(holding).waiting, 0);
    confirm(holding, HOLDING_EVENTS_MAX);
    put(holding, 4, 1); /* and there is room again */
    assert_int_equal(holding_counts(holding).events_refused, 1);
    (void)holding_free(holding);
}

static void edges_beyond_the_bound_still_end_in_the_newest_state(void **state) {
    (void)state;
    struct holding *holding = holding_of_test();
    for (int i = 0; i < HOLDING_EDGES_MAX; i++) {
        put(holding, 2, (i + 1) % 2);
    }
    assert_int_equal(holding_counts(holding).edges_merged, 0);
    put(holding, 2, 1);
    put(holding, 2, 0);
    put(holding, 3, 1);
    assert_int_equal(holding_counts(holding).edges_merged, 3);
    struct wire_reading taken[ROOM];
    struct reading last[POINTS] = {0};
    uint32_t count;
    while ((count = holding_take(holding, taken, ROOM)) > 0) {
        for (uint32_t i = 0; i < count; i++) {
            last[taken[i].reading.point] = taken[i].reading;
        }
    }
    assert_true(last[2].value == 0);
    assert_true(last[3].value == 1);
    (void)holding_free(holding);
}

static void after_a_restart_all_present_values_come_before_what_was_kept(void **state) {
    (void)state;
    struct holding *holding = holding_of_test();
    put(holding, 0, 20);
    put(holding, 1, 5);
    put(holding, 2, 0);
    assert_takes(holding, "0=20 1=5 2=0");
    put(holding, 2, 1);
    put(holding, 4, 1);
    put(holding, 0, 21);
    put(holding, 2, 0);
    holding_restart(holding, NULL, 0);
    assert_takes(holding, "0=21 1=5 2=0 2=1 4=1 2=0");
    assert_takes(holding, ""); /* once */
    (void)holding_free(holding);
}

static void what_was_taken_and_not_delivered_comes_again_in_order(void **state) {
    (void)state;
    struct holding *holding = holding_of_test();
    put(holding, 2, 1);
    put(holding, 0, 20);
    put(holding, 4, 1);
    struct wire_reading unsent[ROOM];
    uint32_t count = holding_take(holding, unsent, ROOM);
    assert_int_equal(count, 3);
    put(holding, 2, 0);
    put(holding, 0, 25); /* newer than the unsent one, which must not come after it */
    holding_restart(holding, unsent, count);
    assert_takes(holding, "0=25 2=0 2=1 4=1 2=0");
    (void)holding_free(holding);
}

static void a_restart_in_the_middle_of_a_restart_begins_again(void **state) {
    (void)state;
    struct holding *holding = holding_of_test();
    put(holding, 0, 20);
    put(holding, 1, 5);
    holding_restart(holding, NULL, 0);
    struct wire_reading taken[1];
    assert_int_equal(holding_take(holding, taken, 1), 1);
    put(holding, 0, 22);
    holding_restart(holding, taken, 1);
    assert_takes(holding, "0=22 1=5");
    (void)holding_free(holding);
}

static void assert_takes_heard(struct holding *holding, uint32_t point, uint64_t heard_s) {
    struct wire_reading taken;
    assert_int_equal(holding_take(holding, &taken, 1), 1);
    assert_int_equal(taken.reading.point, point);
    assert_int_equal(taken.heard.ns, heard_s * NS_PER_S);
}

/* 0 is just now: so is what comes for the first time, and what was kept for the engine. */
static void a_present_value_that_is_given_again_says_when_it_was_heard(void **state) {
    (void)state;
    struct holding *holding = holding_of_test();
    put_at(holding, 3, 0, 20);
    put_at(holding, 4, 1, 5);
    assert_takes_heard(holding, 0, 0);
    assert_takes_heard(holding, 1, 0);
    put_at(holding, 7, 1, 5);
    put_at(holding, 8, 2, 1);
    for (int again = 0; again < 2; again++) {
        holding_restart(holding, NULL, 0);
        assert_takes_heard(holding, 0, 3);
        assert_takes_heard(holding, 1, 7);
        assert_takes_heard(holding, 2, 8);
    }
    assert_takes_heard(holding, 2, 0); /* the press itself */
    (void)holding_free(holding);
}

static void a_value_that_was_given_again_in_vain_still_says_when_it_was_heard(void **state) {
    (void)state;
    struct holding *holding = holding_of_test();
    put_at(holding, 3, 2, 0);
    assert_takes(holding, "2=0");
    holding_restart(holding, NULL, 0);
    struct wire_reading unsent;
    assert_int_equal(holding_take(holding, &unsent, 1), 1);
    holding_restart(holding, &unsent, 1);
    assert_takes_heard(holding, 2, 3);
    assert_takes_heard(holding, 2, 3);
    assert_takes(holding, "");
    (void)holding_free(holding);
}

static void an_event_is_a_moment_and_never_a_present_value(void **state) {
    (void)state;
    struct holding *holding = holding_of_test();
    put(holding, 4, 1);
    assert_takes(holding, "4=1");
    confirm(holding, 1);
    holding_restart(holding, NULL, 0);
    assert_takes(holding, "");
    (void)holding_free(holding);
}

static void a_lost_devices_values_are_not_told_as_present(void **state) {
    (void)state;
    struct holding *holding = holding_of_test();
    put(holding, 0, 20);
    put(holding, 1, 5);
    assert_takes(holding, "0=20 1=5");
    holding_forget(holding, 0);
    holding_restart(holding, NULL, 0);
    assert_takes(holding, "1=5");
    put(holding, 0, 19);
    holding_restart(holding, NULL, 0);
    assert_takes(holding, "0=19 1=5");
    (void)holding_free(holding);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(readings_leave_in_the_order_they_came),
        cmocka_unit_test(of_a_plain_point_only_the_newest_reading_waits),
        cmocka_unit_test(a_newer_reading_never_overtakes_an_event_before_it),
        cmocka_unit_test(a_press_and_release_while_the_engine_is_away_are_both_kept),
        cmocka_unit_test(a_change_of_quality_is_an_edge_and_a_repetition_is_none),
        cmocka_unit_test(every_event_is_kept_with_its_code_and_a_token_of_its_own),
        cmocka_unit_test(an_event_is_told_again_until_it_is_known_to_be_recorded),
        cmocka_unit_test(what_was_delivered_comes_again_before_what_was_not),
        cmocka_unit_test(events_that_were_told_make_room_for_new_ones),
        cmocka_unit_test(events_up_to_the_bound_are_kept_and_the_next_is_counted),
        cmocka_unit_test(edges_beyond_the_bound_still_end_in_the_newest_state),
        cmocka_unit_test(after_a_restart_all_present_values_come_before_what_was_kept),
        cmocka_unit_test(what_was_taken_and_not_delivered_comes_again_in_order),
        cmocka_unit_test(a_restart_in_the_middle_of_a_restart_begins_again),
        cmocka_unit_test(a_present_value_that_is_given_again_says_when_it_was_heard),
        cmocka_unit_test(a_value_that_was_given_again_in_vain_still_says_when_it_was_heard),
        cmocka_unit_test(an_event_is_a_moment_and_never_a_present_value),
        cmocka_unit_test(a_lost_devices_values_are_not_told_as_present),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
