/* SPDX-License-Identifier: Apache-2.0 */
/* Requests are found in bytes as they come: in pieces, several at once, after noise. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "sensors/sim/sim_frame.h"

/* Modbus over serial line, read ten registers of unit 1: a frame from the literature. */
static const uint8_t rtu_read[] = {0x01, 0x03, 0x00, 0x00, 0x00, 0x0a, 0xc5, 0xcd};

static void the_checksum_is_the_one_of_the_specification(void **state) {
    (void)state;
    assert_int_equal(sim_frame_crc(rtu_read, 6), 0xcdc5);
    assert_int_equal(sim_frame_crc((const uint8_t *)"123456789", 9), 0x4b37); /* check value */
}

static void a_request_in_pieces_is_one_request(void **state) {
    (void)state;
    const uint8_t tcp[] = {0xab, 0xcd, 0, 0, 0, 6, 0x11, 3, 0, 1, 0, 2};
    struct sim_request request;
    for (size_t size = 0; size < sizeof tcp; size++) {
        assert_int_equal(sim_frame_cut_tcp(tcp, size, &request), SIM_CUT_MORE);
    }
    assert_int_equal(sim_frame_cut_tcp(tcp, sizeof tcp, &request), SIM_CUT_WHOLE);
    assert_int_equal(request.transaction, 0xabcd);
    assert_int_equal(request.unit, 0x11);
    assert_ptr_equal(request.pdu, tcp + 7);
    assert_int_equal(request.pdu_size, 5);
    assert_int_equal(request.frame_size, 12);

    for (size_t size = 0; size < sizeof rtu_read; size++) {
        assert_int_equal(sim_frame_cut_rtu(rtu_read, size, false, &request), SIM_CUT_MORE);
    }
    assert_int_equal(sim_frame_cut_rtu(rtu_read, sizeof rtu_read, false, &request), SIM_CUT_WHOLE);
    assert_int_equal(request.unit, 1);
    assert_int_equal(request.pdu_size, 5);
}

static void bytes_after_a_request_belong_to_the_next(void **state) {
    (void)state;
    uint8_t two[2 * sizeof rtu_read];
    memcpy(two, rtu_read, sizeof rtu_read);
    memcpy(two + sizeof rtu_read, rtu_read, sizeof rtu_read);
    struct sim_request request;
    assert_int_equal(sim_frame_cut_rtu(two, sizeof two, false, &request), SIM_CUT_WHOLE);
    assert_int_equal(request.frame_size, sizeof rtu_read);
}

static void what_is_no_modbus_is_noise(void **state) {
    (void)state;
    struct sim_request request;
    const uint8_t http[] = "GET / HTTP/1.1";
    assert_int_equal(sim_frame_cut_tcp(http, sizeof http, &request), SIM_CUT_NOISE);
    const uint8_t too_short[] = {0, 1, 0, 0, 0, 1};
    assert_int_equal(sim_frame_cut_tcp(too_short, sizeof too_short, &request), SIM_CUT_NOISE);
    const uint8_t longest[] = {0, 1, 0, 0, 0, 254};
    assert_int_equal(sim_frame_cut_tcp(longest, sizeof longest, &request), SIM_CUT_MORE);
    const uint8_t too_long[] = {0, 1, 0, 0, 0, 255};
    assert_int_equal(sim_frame_cut_tcp(too_long, sizeof too_long, &request), SIM_CUT_NOISE);

    uint8_t damaged[sizeof rtu_read];
    memcpy(damaged, rtu_read, sizeof damaged);
    damaged[4] ^= 1;
    assert_int_equal(sim_frame_cut_rtu(damaged, sizeof damaged, false, &request), SIM_CUT_NOISE);
}

static void a_serial_request_of_an_unknown_function_ends_with_silence(void **state) {
    (void)state;
    uint8_t frame[SIM_FRAME_MAX];
    const uint8_t pdu[] = {0x2b, 0x0e, 0x01, 0x00};
    size_t size = sim_frame_wrap(SIM_FRAMING_RTU, 0, 7, pdu, sizeof pdu, frame);
    struct sim_request request;
    assert_int_equal(sim_frame_cut_rtu(frame, size, false, &request), SIM_CUT_MORE);
    assert_int_equal(sim_frame_cut_rtu(frame, size, true, &request), SIM_CUT_WHOLE);
    assert_int_equal(request.pdu_size, sizeof pdu);
    assert_int_equal(sim_frame_cut_rtu(frame, size - 1, true, &request), SIM_CUT_NOISE);
    assert_int_equal(sim_frame_cut_rtu(frame, 3, true, &request), SIM_CUT_NOISE);
}

static void endless_noise_on_a_line_is_noise_in_the_end(void **state) {
    (void)state;
    uint8_t noise[256];
    memset(noise, 0x55, sizeof noise); /* function 55 is unknown, so its length is, too */
    struct sim_request request;
    assert_int_equal(sim_frame_cut_rtu(noise, 255, false, &request), SIM_CUT_MORE);
    assert_int_equal(sim_frame_cut_rtu(noise, 256, false, &request), SIM_CUT_NOISE);
}

static void a_frame_that_was_wrapped_is_cut_to_the_same_pdu(void **state) {
    (void)state;
    uint8_t pdu[SIM_MODBUS_PDU_MAX] = {0x10, 0, 0, 0, 123, 246};
    size_t pdu_size = 6 + 246;
    uint8_t frame[SIM_FRAME_MAX];
    struct sim_request request;
    size_t size = sim_frame_wrap(SIM_FRAMING_TCP, 0x1234, 9, pdu, pdu_size, frame);
    assert_int_equal(sim_frame_cut_tcp(frame, size, &request), SIM_CUT_WHOLE);
    assert_int_equal(request.transaction, 0x1234);
    assert_int_equal(request.pdu_size, pdu_size);
    assert_memory_equal(request.pdu, pdu, pdu_size);
    size = sim_frame_wrap(SIM_FRAMING_RTU, 0, 9, pdu, pdu_size, frame);
    assert_int_equal(sim_frame_cut_rtu(frame, size, false, &request), SIM_CUT_WHOLE);
    assert_int_equal(request.pdu_size, pdu_size);
    assert_memory_equal(request.pdu, pdu, pdu_size);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_checksum_is_the_one_of_the_specification),
        cmocka_unit_test(a_request_in_pieces_is_one_request),
        cmocka_unit_test(bytes_after_a_request_belong_to_the_next),
        cmocka_unit_test(what_is_no_modbus_is_noise),
        cmocka_unit_test(a_serial_request_of_an_unknown_function_ends_with_silence),
        cmocka_unit_test(endless_noise_on_a_line_is_noise_in_the_end),
        cmocka_unit_test(a_frame_that_was_wrapped_is_cut_to_the_same_pdu),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
