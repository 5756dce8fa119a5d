/* SPDX-License-Identifier: Apache-2.0 */
/* Each wrong way to answer is wrong in one thing only. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "sensors/sim/sim_answer.h"

static const uint8_t two_words[] = {0x03, 4, 0x11, 0x22, 0x33, 0x44};
static const struct sim_return over_tcp = {SIM_FRAMING_TCP, 0x0102, 5, 500};

static struct sim_reply answered(enum sim_answer answer, const struct sim_return *to) {
    struct sim_random random = {.state = 7};
    struct sim_reply reply;
    sim_answer_build(answer, to, two_words, sizeof two_words, &random, &reply);
    return reply;
}

static void assert_frame(const struct sim_reply *reply, const uint8_t *want, size_t size) {
    assert_int_equal(reply->size, size);
    assert_memory_equal(reply->frame, want, size);
}

static void a_right_answer_goes_out_at_once(void **state) {
    (void)state;
    struct sim_reply reply = answered(SIM_ANSWER_RIGHT, &over_tcp);
    const uint8_t want[] = {1, 2, 0, 0, 0, 7, 5, 3, 4, 0x11, 0x22, 0x33, 0x44};
    assert_frame(&reply, want, sizeof want);
    assert_int_equal(reply.delay_ms, 0);
    assert_int_equal(reply.drip_ms, 0);
    assert_false(reply.close);
}

static void a_wrong_unit_is_the_only_difference(void **state) {
    (void)state;
    struct sim_reply reply = answered(SIM_ANSWER_WRONG_UNIT, &over_tcp);
    const uint8_t want[] = {1, 2, 0, 0, 0, 7, 6, 3, 4, 0x11, 0x22, 0x33, 0x44};
    assert_frame(&reply, want, sizeof want);
}

static void a_short_answer_agrees_with_its_own_length(void **state) {
    (void)state;
    struct sim_reply reply = answered(SIM_ANSWER_SHORT, &over_tcp);
    const uint8_t want[] = {1, 2, 0, 0, 0, 5, 5, 3, 2, 0x11, 0x22};
    assert_frame(&reply, want, sizeof want);
}

static void a_long_answer_agrees_with_its_own_length(void **state) {
    (void)state;
    struct sim_reply reply = answered(SIM_ANSWER_LONG, &over_tcp);
    const uint8_t want[] = {1, 2, 0, 0, 0, 9, 5, 3, 6, 0x11, 0x22, 0x33, 0x44, 0, 0};
    assert_frame(&reply, want, sizeof want);
}

static void the_checksum_of_a_wrong_answer_is_right(void **state) {
    (void)state;
    const struct sim_return over_line = {SIM_FRAMING_RTU, 0, 5, 500};
    const enum sim_answer wrong[] = {SIM_ANSWER_SHORT, SIM_ANSWER_LONG, SIM_ANSWER_WRONG_UNIT,
                                     SIM_ANSWER_EXCEPTION};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        struct sim_reply reply = answered(wrong[i], &over_line);
        struct sim_request request;
        assert_int_equal(sim_frame_cut_rtu(reply.frame, reply.size, true, &request), SIM_CUT_WHOLE);
    }
    struct sim_reply garbage = answered(SIM_ANSWER_GARBAGE, &over_line);
    struct sim_request request;
    assert_int_equal(sim_frame_cut_rtu(garbage.frame, garbage.size, true, &request), SIM_CUT_NOISE);
}

static void an_exception_is_device_failure(void **state) {
    (void)state;
    struct sim_reply reply = answered(SIM_ANSWER_EXCEPTION, &over_tcp);
    const uint8_t want[] = {1, 2, 0, 0, 0, 3, 5, 0x83, 4};
    assert_frame(&reply, want, sizeof want);
}

static void a_late_answer_is_right_but_after_the_time_out(void **state) {
    (void)state;
    struct sim_reply right = answered(SIM_ANSWER_RIGHT, &over_tcp);
    struct sim_reply late = answered(SIM_ANSWER_LATE, &over_tcp);
    assert_frame(&late, right.frame, right.size);
    assert_int_equal(late.delay_ms, 750);
}

static void a_dripping_answer_is_right_byte_by_byte(void **state) {
    (void)state;
    struct sim_reply right = answered(SIM_ANSWER_RIGHT, &over_tcp);
    struct sim_reply drip = answered(SIM_ANSWER_DRIP, &over_tcp);
    assert_frame(&drip, right.frame, right.size);
    assert_int_equal(drip.drip_ms, 400);
}

static void garbage_is_as_long_as_the_answer_and_the_same_every_time(void **state) {
    (void)state;
    struct sim_reply right = answered(SIM_ANSWER_RIGHT, &over_tcp);
    struct sim_reply one = answered(SIM_ANSWER_GARBAGE, &over_tcp);
    struct sim_reply again = answered(SIM_ANSWER_GARBAGE, &over_tcp);
    assert_int_equal(one.size, right.size);
    assert_memory_not_equal(one.frame, right.frame, right.size);
    assert_memory_equal(one.frame, again.frame, one.size);
}

static void silence_and_hanging_up_send_nothing(void **state) {
    (void)state;
    struct sim_reply silent = answered(SIM_ANSWER_SILENT, &over_tcp);
    assert_int_equal(silent.size, 0);
    assert_false(silent.close);
    struct sim_reply closing = answered(SIM_ANSWER_CLOSE, &over_tcp);
    assert_int_equal(closing.size, 0);
    assert_true(closing.close);
}

static void the_longest_reply_can_still_be_too_long(void **state) {
    (void)state;
    uint8_t pdu[SIM_MODBUS_PDU_MAX] = {0x03, 250};
    struct sim_random random = {.state = 7};
    struct sim_reply reply;
    sim_answer_build(SIM_ANSWER_LONG, &over_tcp, pdu, 252, &random, &reply);
    assert_int_equal(reply.size, 7 + 254);
    assert_int_equal(reply.frame[8], 252);
}

static void every_answer_is_found_by_its_name(void **state) {
    (void)state;
    for (int i = 0; i < SIM_ANSWER_COUNT; i++) {
        assert_int_equal(sim_answer_find(sim_answer_name((enum sim_answer)i)), i);
    }
    assert_int_equal(sim_answer_find("sulks"), SIM_ANSWER_COUNT);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_right_answer_goes_out_at_once),
        cmocka_unit_test(a_wrong_unit_is_the_only_difference),
        cmocka_unit_test(a_short_answer_agrees_with_its_own_length),
        cmocka_unit_test(a_long_answer_agrees_with_its_own_length),
        cmocka_unit_test(the_checksum_of_a_wrong_answer_is_right),
        cmocka_unit_test(an_exception_is_device_failure),
        cmocka_unit_test(a_late_answer_is_right_but_after_the_time_out),
        cmocka_unit_test(a_dripping_answer_is_right_byte_by_byte),
        cmocka_unit_test(garbage_is_as_long_as_the_answer_and_the_same_every_time),
        cmocka_unit_test(silence_and_hanging_up_send_nothing),
        cmocka_unit_test(the_longest_reply_can_still_be_too_long),
        cmocka_unit_test(every_answer_is_found_by_its_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
