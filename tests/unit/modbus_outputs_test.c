/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Which output of a bus is served next, second by second.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "sensors/modbus_outputs.h"

enum { LAMP, SIREN, DOOR, COUNT };

static struct mboutputs outputs;
static bool reachable[COUNT];

static int begin(void **state) {
    (void)state;
    for (int i = 0; i < COUNT; i++) {
        reachable[i] = true;
    }
    return mboutputs_init(&outputs, COUNT);
}

static int end(void **state) {
    (void)state;
    mboutputs_deinit(&outputs);
    return 0;
}

static bool is_reachable(void *context, uint32_t index) {
    (void)context;
    return reachable[index];
}

static void expect_rest(double now_s, double until_s) {
    uint32_t index;
    bool on;
    uint64_t due_ns;
    assert_int_equal(
        mboutputs_next(&outputs, is_reachable, NULL, (uint64_t)(now_s * 1e9), &index, &on, &due_ns),
        MBOUTPUT_REST);
    assert_int_equal(due_ns, until_s < 0 ? UINT64_MAX : (uint64_t)(until_s * 1e9));
}

static void expect_act(double now_s, enum mboutput_act act, uint32_t index, bool on) {
    uint32_t found;
    bool found_on;
    uint64_t due_ns;
    assert_int_equal(mboutputs_next(&outputs, is_reachable, NULL, (uint64_t)(now_s * 1e9), &found,
                                    &found_on, &due_ns),
                     act);
    assert_int_equal(found, index);
    assert_int_equal(found_on, on);
}

static void seen(double now_s, uint32_t index, bool on) {
    mboutputs_seen(&outputs, index, on, (uint64_t)(now_s * 1e9));
}

static void failed(double began_s, double now_s, uint32_t index, bool on) {
    mboutputs_failed(&outputs, index, on, (uint64_t)(began_s * 1e9), (uint64_t)(now_s * 1e9));
}

static void nothing_is_done_before_something_is_wanted(void **state) {
    (void)state;
    expect_rest(1, -1);
    mboutputs_forget(&outputs, LAMP);
    mboutputs_regained(&outputs, LAMP);
    mboutputs_reopened(&outputs);
    expect_rest(2, -1);
}

static void a_wish_is_written_at_once_and_looked_at_every_half_minute(void **state) {
    (void)state;
    mboutputs_want(&outputs, SIREN, true);
    expect_act(1, MBOUTPUT_WRITE, SIREN, true);
    seen(1, SIREN, true);
    expect_rest(1, 31);
    expect_act(31, MBOUTPUT_LOOK, SIREN, true);
    seen(31, SIREN, true);
    mboutputs_want(&outputs, SIREN, false);
    expect_act(32, MBOUTPUT_WRITE, SIREN, false);
}

static void one_that_lost_its_state_is_written_again(void **state) {
    (void)state;
    mboutputs_want(&outputs, LAMP, true);
    expect_act(1, MBOUTPUT_WRITE, LAMP, true);
    seen(1, LAMP, true);
    expect_act(31, MBOUTPUT_LOOK, LAMP, true);
    seen(31, LAMP, false);
    expect_act(31, MBOUTPUT_WRITE, LAMP, true);
}

static void
a_new_connection_is_a_reason_to_look_but_not_more_than_every_five_seconds(void **state) {
    (void)state;
    mboutputs_want(&outputs, LAMP, true);
    expect_act(1, MBOUTPUT_WRITE, LAMP, true);
    seen(1, LAMP, true);
    mboutputs_reopened(&outputs);
    expect_rest(2, 6);
    mboutputs_reopened(&outputs); /* again and again moves nothing */
    expect_rest(5, 6);
    expect_act(6, MBOUTPUT_LOOK, LAMP, true);
    seen(6, LAMP, true);
    mboutputs_reopened(&outputs);
    expect_rest(7, 11);
}

static void a_failing_output_is_tried_less_and_less_and_a_new_wish_at_once(void **state) {
    (void)state;
    static const double waits_s[] = {1, 2, 4, 8, 16, 30, 30};
    double now_s = 1;
    mboutputs_want(&outputs, LAMP, true);
    for (unsigned i = 0; i < sizeof waits_s / sizeof waits_s[0]; i++) {
        expect_act(now_s, MBOUTPUT_WRITE, LAMP, true);
        failed(now_s, now_s, LAMP, true);
        expect_rest(now_s, now_s + waits_s[i]);
        now_s += waits_s[i];
    }
    expect_act(now_s, MBOUTPUT_WRITE, LAMP, true);
    failed(now_s, now_s, LAMP, true);
    mboutputs_want(&outputs, LAMP, false);
    expect_act(now_s, MBOUTPUT_WRITE, LAMP, false);
    failed(now_s, now_s, LAMP, false);
    expect_rest(now_s, now_s + 30);
    mboutputs_regained(&outputs, LAMP); /* its device was lost, and is back */
    expect_act(now_s, MBOUTPUT_WRITE, LAMP, false);
    seen(now_s, LAMP, false);
    failed(now_s, now_s, LAMP, false); /* what worked once begins anew */
    expect_rest(now_s, now_s + 1);
}

/* A silence may come from the failing output itself: it must not bring it back at once. */
static void a_silence_rewrites_what_worked_and_not_what_fails(void **state) {
    (void)state;
    mboutputs_want(&outputs, LAMP, true);
    mboutputs_want(&outputs, SIREN, true);
    expect_act(1, MBOUTPUT_WRITE, LAMP, true);
    seen(1, LAMP, true);
    expect_act(1, MBOUTPUT_WRITE, SIREN, true);
    failed(1, 1, SIREN, true);
    mboutputs_forget(&outputs, LAMP);
    mboutputs_forget(&outputs, SIREN);
    expect_act(1.5, MBOUTPUT_WRITE, LAMP, true);
    seen(1.5, LAMP, true);
    expect_rest(1.5, 2);
}

static void
failed_attempts_take_a_tenth_of_the_bus_and_new_wishes_do_not_wait_for_them(void **state) {
    (void)state;
    mboutputs_want(&outputs, LAMP, true);
    expect_act(1, MBOUTPUT_WRITE, LAMP, true);
    failed(1, 1.5, LAMP, true); /* half a second: 4.5 s of rest */
    expect_rest(2.5, 6);
    mboutputs_want(&outputs, SIREN, true);
    expect_act(3, MBOUTPUT_WRITE, SIREN, true);
    seen(3, SIREN, true);
    expect_act(6, MBOUTPUT_WRITE, LAMP, true);
}

static void a_broken_output_does_not_stand_before_the_others(void **state) {
    (void)state;
    for (uint32_t i = 0; i < COUNT; i++) {
        mboutputs_want(&outputs, i, true);
    }
    expect_act(1, MBOUTPUT_WRITE, LAMP, true);
    failed(1, 1, LAMP, true);
    expect_act(1, MBOUTPUT_WRITE, SIREN, true);
    seen(1, SIREN, true);
    expect_act(1, MBOUTPUT_WRITE, DOOR, true);
    seen(1, DOOR, true);
    expect_rest(1, 2);
}

static void what_cannot_be_reached_waits_and_holds_nobody(void **state) {
    (void)state;
    mboutputs_want(&outputs, LAMP, true);
    mboutputs_want(&outputs, DOOR, true);
    reachable[LAMP] = false;
    expect_act(1, MBOUTPUT_WRITE, DOOR, true);
    seen(1, DOOR, true);
    expect_rest(1, 31);
    reachable[LAMP] = true;
    expect_act(2, MBOUTPUT_WRITE, LAMP, true);
}

static void a_retired_output_is_written_off_once_more_and_then_left_alone(void **state) {
    (void)state;
    mboutputs_want(&outputs, SIREN, true);
    expect_act(1, MBOUTPUT_WRITE, SIREN, true);
    seen(1, SIREN, true);
    mboutputs_retire(&outputs, SIREN);
    mboutputs_want(&outputs, SIREN, true); /* whoever wants it on still is not heard */
    assert_true(mboutputs_is_retired(&outputs, SIREN));
    expect_act(2, MBOUTPUT_WRITE, SIREN, false);
    assert_false(mboutputs_is_rested(&outputs, SIREN));
    seen(2, SIREN, false);
    assert_true(mboutputs_is_rested(&outputs, SIREN));
    mboutputs_forget(&outputs, SIREN);
    mboutputs_regained(&outputs, SIREN);
    mboutputs_reopened(&outputs);
    expect_rest(100, -1);
}

static void an_output_that_is_known_to_be_off_is_written_when_it_retires(void **state) {
    (void)state;
    mboutputs_want(&outputs, LAMP, false);
    expect_act(1, MBOUTPUT_WRITE, LAMP, false);
    seen(1, LAMP, false);
    expect_rest(2, 31);
    mboutputs_retire(&outputs, LAMP);
    expect_act(2, MBOUTPUT_WRITE, LAMP, false);
}

static void a_retired_output_that_stays_on_is_tried_less_and_less_until_it_is_left(void **state) {
    (void)state;
    mboutputs_retire(&outputs, DOOR);
    expect_act(1, MBOUTPUT_WRITE, DOOR, false);
    failed(1, 1, DOOR, false);
    expect_rest(1, 2);
    expect_act(2, MBOUTPUT_WRITE, DOOR, false);
    failed(2, 2, DOOR, false);
    expect_rest(2, 4);
    mboutputs_leave(&outputs, DOOR);
    expect_rest(4, -1);
    assert_false(mboutputs_is_rested(&outputs, DOOR));
    mboutputs_retire(&outputs, DOOR); /* it was given up for good */
    expect_rest(5, -1);
}

static void an_output_in_service_is_not_left_by_mistake(void **state) {
    (void)state;
    mboutputs_want(&outputs, DOOR, true);
    mboutputs_leave(&outputs, DOOR);
    assert_false(mboutputs_is_retired(&outputs, DOOR));
    expect_act(1, MBOUTPUT_WRITE, DOOR, true);
}

static void a_bus_without_outputs_wants_nothing(void **state) {
    (void)state;
    struct mboutputs none;
    uint32_t index;
    bool on;
    uint64_t due_ns;
    assert_int_equal(mboutputs_init(&none, 0), 0);
    assert_int_equal(mboutputs_next(&none, is_reachable, NULL, 1, &index, &on, &due_ns),
                     MBOUTPUT_REST);
    assert_int_equal(due_ns, UINT64_MAX);
    mboutputs_reopened(&none);
    mboutputs_deinit(&none);
}

int main(void) {
#define OUTPUTS_TEST(test) cmocka_unit_test_setup_teardown(test, begin, end)
    const struct CMUnitTest tests[] = {
        OUTPUTS_TEST(nothing_is_done_before_something_is_wanted),
        OUTPUTS_TEST(a_wish_is_written_at_once_and_looked_at_every_half_minute),
        OUTPUTS_TEST(one_that_lost_its_state_is_written_again),
        OUTPUTS_TEST(a_new_connection_is_a_reason_to_look_but_not_more_than_every_five_seconds),
        OUTPUTS_TEST(a_failing_output_is_tried_less_and_less_and_a_new_wish_at_once),
        OUTPUTS_TEST(a_silence_rewrites_what_worked_and_not_what_fails),
        OUTPUTS_TEST(failed_attempts_take_a_tenth_of_the_bus_and_new_wishes_do_not_wait_for_them),
        OUTPUTS_TEST(a_broken_output_does_not_stand_before_the_others),
        OUTPUTS_TEST(what_cannot_be_reached_waits_and_holds_nobody),
        OUTPUTS_TEST(a_retired_output_is_written_off_once_more_and_then_left_alone),
        OUTPUTS_TEST(an_output_that_is_known_to_be_off_is_written_when_it_retires),
        OUTPUTS_TEST(a_retired_output_that_stays_on_is_tried_less_and_less_until_it_is_left),
        OUTPUTS_TEST(an_output_in_service_is_not_left_by_mistake),
        OUTPUTS_TEST(a_bus_without_outputs_wants_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
