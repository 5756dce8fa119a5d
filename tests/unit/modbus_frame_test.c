/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Frames, byte by byte. The right answers are the specification's own examples (Modbus Application
 * Protocol V1.1b3, 6.1, 6.3 and 6.5); every wrong one differs from a right one in one respect.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "sensors/modbus_frame.h"

enum { TRANSACTION = 0x1501, UNIT = 0x11 };

static void requests_are_encoded_as_specified(void **state) {
    (void)state;
    uint8_t tcp[MBFRAME_TCP_SIZE], rtu[MBFRAME_RTU_SIZE];
    struct mbframe_request read = mbframe_read(UNIT, MBFRAME_HOLDING, 107, 3);
    mbframe_encode_tcp(&read, TRANSACTION, tcp);
    assert_memory_equal(tcp, "\x15\x01\0\0\0\x06\x11\x03\0\x6B\0\x03", sizeof tcp);
    struct mbframe_request write = mbframe_write_coil(UNIT, 172, true);
    mbframe_encode_rtu(&write, rtu);
    assert_memory_equal(rtu, "\x11\x05\0\xAC\xFF\0", sizeof rtu);
    write = mbframe_write_coil(UNIT, 0xFFFF, false);
    mbframe_encode_rtu(&write, rtu);
    assert_memory_equal(rtu, "\x11\x05\xFF\xFF\0\0", sizeof rtu);
    static const uint8_t functions[] = {
        [MBFRAME_COIL] = 1, [MBFRAME_DISCRETE] = 2, [MBFRAME_INPUT] = 4, [MBFRAME_HOLDING] = 3};
    for (int table = MBFRAME_COIL; table <= MBFRAME_HOLDING; table++) {
        read = mbframe_read(1, (enum mbframe_table)table, 0, 1);
        assert_int_equal(read.pdu[0], functions[table]);
    }
}

static void a_right_answer_gives_its_data(void **state) {
    (void)state;
    static const uint8_t adu[] = "\x15\x01\0\0\0\x09\x11\x03\x06\x02\x2B\0\0\0\x64";
    struct mbframe_request read = mbframe_read(UNIT, MBFRAME_HOLDING, 107, 3);
    struct mbframe_answer answer;
    assert_int_equal(mbframe_check_tcp(&read, TRANSACTION, adu, 15, &answer), SENSOR_CAUSE_NONE);
    assert_int_equal(answer.size, 6);
    assert_memory_equal(answer.data, "\x02\x2B\0\0\0\x64", 6);
    static const uint8_t bits[] = "\x15\x01\0\0\0\x06\x11\x01\x03\xCD\x6B\x05";
    read = mbframe_read(UNIT, MBFRAME_COIL, 19, 19);
    assert_int_equal(mbframe_check_tcp(&read, TRANSACTION, bits, 12, &answer), SENSOR_CAUSE_NONE);
    assert_int_equal(answer.size, 3);
}

/* Each row spoils the right answer to "read holding 107, 3 registers" in one place. */
static void every_wrong_byte_is_refused_with_its_cause(void **state) {
    (void)state;
    static const uint8_t right[] = "\x15\x01\0\0\0\x09\x11\x03\x06\x02\x2B\0\0\0\x64";
    static const struct {
        size_t at;
        uint8_t byte;
        size_t size;
        enum sensor_cause want;
    } rows[] = {
        {0, 0x15, 15, SENSOR_CAUSE_NONE},
        {0, 0x14, 15, SENSOR_CAUSE_GARBLED}, /* transaction */
        {1, 0x00, 15, SENSOR_CAUSE_GARBLED},
        {2, 0x01, 15, SENSOR_CAUSE_GARBLED}, /* protocol */
        {3, 0x01, 15, SENSOR_CAUSE_GARBLED},
        {4, 0x01, 15, SENSOR_CAUSE_SHORT}, /* length */
        {5, 0x08, 15, SENSOR_CAUSE_LONG},
        {5, 0x0A, 15, SENSOR_CAUSE_SHORT},
        {6, 0x12, 15, SENSOR_CAUSE_UNIT},
        {6, 0x00, 15, SENSOR_CAUSE_UNIT},
        {7, 0x04, 15, SENSOR_CAUSE_GARBLED},
        {7, 0x84, 15, SENSOR_CAUSE_GARBLED}, /* function */
        {8, 0x05, 15, SENSOR_CAUSE_SHORT},
        {8, 0x08, 15, SENSOR_CAUSE_LONG}, /* byte count */
        {0, 0x15, 8, SENSOR_CAUSE_SHORT},
        {0, 0x15, 0, SENSOR_CAUSE_SHORT},
        {5, 0x08, 14, SENSOR_CAUSE_SHORT}, /* a frame that agrees with itself, one byte short */
        {5, 0x0A, 16, SENSOR_CAUSE_LONG},
        {7, 0x83, 15, SENSOR_CAUSE_LONG}, /* an exception of seven bytes is none */
    };
    struct mbframe_request read = mbframe_read(UNIT, MBFRAME_HOLDING, 107, 3);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        uint8_t adu[16];
        memcpy(adu, right, sizeof right);
        adu[rows[i].at] = rows[i].byte;
        struct mbframe_answer answer = {.size = 77};
        enum sensor_cause got = mbframe_check_tcp(&read, TRANSACTION, adu, rows[i].size, &answer);
        if (got != rows[i].want) {
            fail_msg("row %zu: %s", i, sensor_cause_text(got));
        }
        assert_int_equal(answer.size, got == SENSOR_CAUSE_NONE ? 6 : 77);
    }
}

static void an_answer_is_waited_for_as_long_as_it_announces(void **state) {
    (void)state;
    static const uint8_t adu[] = "\x15\x01\0\0\0\x09\x11\x03\x06\x02\x2B\0\0\0\x64";
    for (size_t size = 0; size <= 15; size++) {
        assert_int_equal(mbframe_is_complete_tcp(adu, size), size == 15);
    }
    assert_true(mbframe_is_complete_tcp((const uint8_t *)"HTTP/1", 6));       /* no header */
    assert_true(mbframe_is_complete_tcp((const uint8_t *)"\0\1\0\0\1\0", 6)); /* too long */
    assert_true(mbframe_is_complete_tcp((const uint8_t *)"\0\1\0\0\0\2", 6)); /* too short */
    assert_false(mbframe_is_complete_tcp((const uint8_t *)"\0\1\0\0\0\3", 6));
}

static void an_exception_carries_its_code(void **state) {
    (void)state;
    static const uint8_t adu[] = "\x15\x01\0\0\0\x03\x11\x83\x02";
    struct mbframe_request read = mbframe_read(UNIT, MBFRAME_HOLDING, 107, 3);
    struct mbframe_answer answer;
    assert_int_equal(mbframe_check_tcp(&read, TRANSACTION, adu, 9, &answer),
                     SENSOR_CAUSE_EXCEPTION);
    assert_int_equal(answer.exception, 2);
    assert_string_equal(mbframe_exception_text(2), "illegal data address");
    assert_string_equal(mbframe_exception_text(7), "unknown exception");
    assert_string_equal(mbframe_exception_text(255), "unknown exception");
}

static void a_write_is_confirmed_only_by_its_own_echo(void **state) {
    (void)state;
    static const uint8_t echo[] = "\x11\x05\0\xAC\xFF\0crc";
    struct mbframe_request write = mbframe_write_coil(UNIT, 172, true);
    struct mbframe_answer answer;
    assert_int_equal(mbframe_check_rtu(&write, echo, 8, &answer), SENSOR_CAUSE_NONE);
    assert_int_equal(mbframe_check_rtu(&write, echo, 7, &answer), SENSOR_CAUSE_SHORT);
    write = mbframe_write_coil(UNIT, 173, true); /* libmodbus 3.1.6 would take it */
    assert_int_equal(mbframe_check_rtu(&write, echo, 8, &answer), SENSOR_CAUSE_GARBLED);
    write = mbframe_write_coil(UNIT, 172, false);
    assert_int_equal(mbframe_check_rtu(&write, echo, 8, &answer), SENSOR_CAUSE_GARBLED);
}

static void a_serial_answer_of_another_unit_is_refused(void **state) {
    (void)state;
    static const uint8_t adu[] = "\x12\x04\x02\0\x01xx";
    struct mbframe_request read = mbframe_read(UNIT, MBFRAME_INPUT, 0, 1);
    struct mbframe_answer answer;
    assert_int_equal(mbframe_check_rtu(&read, adu, 7, &answer), SENSOR_CAUSE_UNIT);
    read = mbframe_read(0x12, MBFRAME_INPUT, 0, 1);
    assert_int_equal(mbframe_check_rtu(&read, adu, 7, &answer), SENSOR_CAUSE_NONE);
    assert_int_equal(mbframe_check_rtu(&read, adu, 4, &answer), SENSOR_CAUSE_SHORT);
}

/* No bytes make the check read outside them: run under the address sanitizer. */
static void any_bytes_of_any_length_are_refused_or_exactly_right(void **state) {
    (void)state;
    uint64_t random = 88172645463325252u;
    struct mbframe_request read = mbframe_read(1, MBFRAME_HOLDING, 0, 2);
    for (int round = 0; round < 200000; round++) {
        uint8_t adu[24];
        for (size_t i = 0; i < sizeof adu; i++) {
            random ^= random << 13;
            random ^= random >> 7;
            random ^= random << 17;
            adu[i] = (uint8_t)(random % 7); /* small numbers, or nothing would ever fit */
        }
        size_t size = random % (sizeof adu + 1);
        struct mbframe_answer answer;
        uint8_t *exact = test_malloc(size + 1); /* exactly as large as it says */
        memcpy(exact, adu, size);
        enum sensor_cause cause = mbframe_check_tcp(&read, 3, exact, size, &answer);
        if (cause == SENSOR_CAUSE_NONE) {
            assert_int_equal(size, 13);
            assert_memory_equal(exact, "\0\x03\0\0\0\x07\x01\x03\x04", 9);
        }
        test_free(exact);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(requests_are_encoded_as_specified),
        cmocka_unit_test(a_right_answer_gives_its_data),
        cmocka_unit_test(every_wrong_byte_is_refused_with_its_cause),
        cmocka_unit_test(an_answer_is_waited_for_as_long_as_it_announces),
        cmocka_unit_test(an_exception_carries_its_code),
        cmocka_unit_test(a_write_is_confirmed_only_by_its_own_echo),
        cmocka_unit_test(a_serial_answer_of_another_unit_is_refused),
        cmocka_unit_test(any_bytes_of_any_length_are_refused_or_exactly_right),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
