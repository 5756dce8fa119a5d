/* SPDX-License-Identifier: Apache-2.0 */

/*
 * When a flood begins and ends, to the instant
 */

#include "rules/flood.h"
#include "tests/support/cmocka.h"

static const struct alarm_times times = {.flood_window_s = 60, .flood_begin = 3, .flood_end = 2};

static struct instant at_s(uint64_t s) {
    return (struct instant){s * NS_PER_S};
}

/* More than three within a minute begin one; it goes on while two are within a minute. */
static void a_flood_ends_when_too_few_are_left_in_the_window_and_not_before(void **state) {
    (void)state;
    struct flood flood;
    flood_init(&flood);
    assert_int_equal(flood_due(&flood, &times).ns, INSTANT_NEVER.ns);
    assert_false(flood_end(&flood, &times, at_s(1000)));
    for (uint64_t s = 1000; s < 1003; s++) {
        assert_false(flood_raise(&flood, &times, at_s(s)));
    }
    assert_true(flood_raise(&flood, &times, at_s(1003)));
    assert_false(flood_raise(&flood, &times, at_s(1010)));
    assert_int_equal(flood.incident, 1);
    struct instant due = flood_due(&flood, &times);
    assert_int_equal(due.ns, at_s(1063).ns);
    assert_false(flood_end(&flood, &times, (struct instant){due.ns - 1}));
    assert_int_equal(flood.runs, 1);
    assert_true(flood_end(&flood, &times, due));
    assert_int_equal(flood.runs, 0);
    assert_false(flood_end(&flood, &times, due));
    assert_int_equal(flood.incident, 1);
}

/* The fourth within the window begins one; a window later it is the first of the next. */
static void raises_that_are_a_whole_window_apart_are_no_flood(void **state) {
    (void)state;
    struct flood flood;
    flood_init(&flood);
    for (uint64_t s = 0; s < 3; s++) {
        assert_false(flood_raise(&flood, &times, at_s(s)));
    }
    assert_false(flood_raise(&flood, &times, at_s(60)));
    assert_true(flood_raise(&flood, &times, (struct instant){at_s(61).ns - 1}));
}

/* … and the one after it is another. */
static void a_flood_keeps_its_number_over_a_restart(void **state) {
    (void)state;
    struct flood flood;
    flood_restore(&flood, &times, 41, true, at_s(100));
    assert_int_equal(flood.incident, 41);
    assert_int_equal(flood_due(&flood, &times).ns, at_s(160).ns);
    assert_false(flood_raise(&flood, &times, at_s(159)));
    assert_true(flood_end(&flood, &times, at_s(160)));
    flood_restore(&flood, &times, 41, false, at_s(200));
    assert_int_equal(flood_due(&flood, &times).ns, INSTANT_NEVER.ns);
    for (uint64_t s = 200; s < 203; s++) {
        assert_false(flood_raise(&flood, &times, at_s(s)));
    }
    assert_true(flood_raise(&flood, &times, at_s(203)));
    assert_int_equal(flood.incident, 42);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_flood_ends_when_too_few_are_left_in_the_window_and_not_before),
        cmocka_unit_test(raises_that_are_a_whole_window_apart_are_no_flood),
        cmocka_unit_test(a_flood_keeps_its_number_over_a_restart),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
