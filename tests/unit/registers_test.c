/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Decoding registers, by tables. The bytes are as they stand on the wire; the values were worked
 * out by hand, and the floating-point patterns are those of IEEE 754: 123.456 as f32 is 42 F6 E9
 * 79; the f64 BF D5 55 55 55 55 55 56 is the one next to -1/3, so that its bytes are not all alike.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "sensors/registers.h"

static struct register_format plain(enum register_type type, enum register_order order) {
    return (struct register_format){
        .type = type,
        .order = order,
        .bit = -1,
        .scale = 1,
        .min = -(double)INFINITY,
        .max = (double)INFINITY,
    };
}

#define GOOD(number)                                                                               \
    { QUALITY_GOOD, number }
#define FAULT                                                                                      \
    { QUALITY_FAULT, 0 }

struct outcome {
    enum quality quality;
    double value;
};

static void assert_decodes(const struct register_format *format, const uint8_t *bytes,
                           struct outcome want) {
    double value = 99;
    enum quality quality = register_decode(format, bytes, &value);
    if (quality != want.quality || value != want.value) {
        fail_msg("type %d order %d: got %s %.17g, want %s %.17g", (int)format->type,
                 (int)format->order, quality_name(quality), value, quality_name(want.quality),
                 want.value);
    }
}

static void every_type_decodes_in_every_order(void **state) {
    (void)state;
    static const struct {
        enum register_type type;
        uint8_t bytes[REGISTER_ORDER_COUNT][8]; /* in the order of enum register_order */
        struct outcome want;
    } rows[] = {
        {REGISTER_U16, {{0xFE, 0xDC}, {0xFE, 0xDC}, {0xDC, 0xFE}, {0xDC, 0xFE}}, GOOD(65244)},
        {REGISTER_I16, {{0xFE, 0xDC}, {0xFE, 0xDC}, {0xDC, 0xFE}, {0xDC, 0xFE}}, GOOD(-292)},
        {REGISTER_BCD16, {{0x12, 0x34}, {0x12, 0x34}, {0x34, 0x12}, {0x34, 0x12}}, GOOD(1234)},
        {REGISTER_U32,
         {{0x89, 0xAB, 0xCD, 0xEF},
          {0xCD, 0xEF, 0x89, 0xAB},
          {0xAB, 0x89, 0xEF, 0xCD},
          {0xEF, 0xCD, 0xAB, 0x89}},
         GOOD(2309737967.0)},
        {REGISTER_I32,
         {{0x89, 0xAB, 0xCD, 0xEF},
          {0xCD, 0xEF, 0x89, 0xAB},
          {0xAB, 0x89, 0xEF, 0xCD},
          {0xEF, 0xCD, 0xAB, 0x89}},
         GOOD(-1985229329.0)},
        {REGISTER_BCD32,
         {{0x12, 0x34, 0x56, 0x78},
          {0x56, 0x78, 0x12, 0x34},
          {0x34, 0x12, 0x78, 0x56},
          {0x78, 0x56, 0x34, 0x12}},
         GOOD(12345678)},
        {REGISTER_F32,
         {{0x42, 0xF6, 0xE9, 0x79},
          {0xE9, 0x79, 0x42, 0xF6},
          {0xF6, 0x42, 0x79, 0xE9},
          {0x79, 0xE9, 0xF6, 0x42}},
         GOOD((double)123.456f)},
        {REGISTER_U64,
         {{0x00, 0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07},
          {0x06, 0x07, 0x04, 0x05, 0x02, 0x03, 0x00, 0x01},
          {0x01, 0x00, 0x03, 0x02, 0x05, 0x04, 0x07, 0x06},
          {0x07, 0x06, 0x05, 0x04, 0x03, 0x02, 0x01, 0x00}},
         GOOD(283686952306183.0)},
        {REGISTER_I64,
         {{0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFE, 0x1D, 0xC0},
          {0x1D, 0xC0, 0xFF, 0xFE, 0xFF, 0xFF, 0xFF, 0xFF},
          {0xFF, 0xFF, 0xFF, 0xFF, 0xFE, 0xFF, 0xC0, 0x1D},
          {0xC0, 0x1D, 0xFE, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF}},
         GOOD(-123456)},
        {REGISTER_F64,
         {{0xBF, 0xD5, 0x55, 0x55, 0x55, 0x55, 0x55, 0x56},
          {0x55, 0x56, 0x55, 0x55, 0x55, 0x55, 0xBF, 0xD5},
          {0xD5, 0xBF, 0x55, 0x55, 0x55, 0x55, 0x56, 0x55},
          {0x56, 0x55, 0x55, 0x55, 0x55, 0x55, 0xD5, 0xBF}},
         GOOD(-0x1.5555555555556p-2)},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        for (int order = 0; order < REGISTER_ORDER_COUNT; order++) {
            struct register_format format = plain(rows[i].type, (enum register_order)order);
            assert_decodes(&format, rows[i].bytes[order], rows[i].want);
        }
    }
    assert_int_equal(sizeof rows / sizeof *rows, REGISTER_TYPE_COUNT);
}

static void what_is_no_number_is_a_fault_and_never_a_value(void **state) {
    (void)state;
    static const struct {
        enum register_type type;
        uint8_t bytes[8];
        struct outcome want;
    } rows[] = {
        {REGISTER_F32, {0x7F, 0xC0, 0x00, 0x00}, FAULT}, /* quiet NaN */
        {REGISTER_F32, {0x7F, 0x80, 0x00, 0x01}, FAULT}, /* signalling NaN */
        {REGISTER_F32, {0xFF, 0xFF, 0xFF, 0xFF}, FAULT}, /* what a dead sensor reads */
        {REGISTER_F32, {0x7F, 0x80, 0x00, 0x00}, FAULT}, /* +inf */
        {REGISTER_F32, {0xFF, 0x80, 0x00, 0x00}, FAULT}, /* -inf */
        {REGISTER_F32, {0x7F, 0x7F, 0xFF, 0xFF}, GOOD(0x1.fffffep127)}, /* the largest is good */
        {REGISTER_F32, {0x80, 0x00, 0x00, 0x00}, GOOD(0)},              /* -0 is 0 */
        {REGISTER_F64, {0x7F, 0xF8, 0, 0, 0, 0, 0, 0}, FAULT},
        {REGISTER_F64, {0x7F, 0xF0, 0, 0, 0, 0, 0, 0}, FAULT},
        {REGISTER_F64, {0xFF, 0xF0, 0, 0, 0, 0, 0, 0}, FAULT},
        {REGISTER_BCD16, {0x99, 0x99}, GOOD(9999)},
        {REGISTER_BCD16, {0x9A, 0x00}, FAULT},
        {REGISTER_BCD16, {0x00, 0x0A}, FAULT},
        {REGISTER_BCD32, {0x99, 0x99, 0x99, 0x99}, GOOD(99999999)},
        {REGISTER_BCD32, {0xF0, 0x00, 0x00, 0x00}, FAULT},
        {REGISTER_BCD32, {0x00, 0x00, 0x00, 0x0F}, FAULT},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct register_format format = plain(rows[i].type, REGISTER_ABCD);
        assert_decodes(&format, rows[i].bytes, rows[i].want);
    }
}

static void scale_and_offset_apply_before_the_range(void **state) {
    (void)state;
    static const uint8_t raw_250[] = {0x00, 0xFA};
    static const uint8_t raw_251[] = {0x00, 0xFB};
    static const uint8_t raw_minus_10[] = {0xFF, 0xF6};
    struct register_format format = plain(REGISTER_I16, REGISTER_ABCD);
    format.scale = 0.5;
    format.offset = -40;
    assert_decodes(&format, raw_250, (struct outcome)GOOD(85));
    format.max = 85;
    assert_decodes(&format, raw_250, (struct outcome)GOOD(85)); /* the limit itself is good */
    assert_decodes(&format, raw_251, (struct outcome)FAULT);
    format.min = -45;
    assert_decodes(&format, raw_minus_10, (struct outcome)GOOD(-45));
    format.min = -44.5;
    assert_decodes(&format, raw_minus_10, (struct outcome)FAULT);
}

static void a_scale_that_overflows_is_a_fault(void **state) {
    (void)state;
    static const uint8_t largest[] = {0x7F, 0xEF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF};
    struct register_format format = plain(REGISTER_F64, REGISTER_ABCD);
    format.scale = 2;
    assert_decodes(&format, largest, (struct outcome)FAULT);
}

static void a_bit_is_counted_from_the_lowest_of_the_joined_number(void **state) {
    (void)state;
    static const uint8_t bytes[] = {0x80, 0x01, 0x40, 0x00};
    struct register_format format = plain(REGISTER_U16, REGISTER_ABCD);
    format.truth = true;
    const struct {
        int bit;
        enum register_order order;
        double want;
    } rows[] = {
        {0, REGISTER_ABCD, 1}, {1, REGISTER_ABCD, 0}, {15, REGISTER_ABCD, 1},
        {7, REGISTER_BADC, 1}, {8, REGISTER_BADC, 1}, {0, REGISTER_BADC, 0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        format.bit = rows[i].bit;
        format.order = rows[i].order;
        assert_decodes(&format, bytes, (struct outcome)GOOD(rows[i].want));
    }
    format = plain(REGISTER_U32, REGISTER_ABCD);
    format.truth = true;
    format.bit = 31;
    assert_decodes(&format, bytes, (struct outcome)GOOD(1));
    format.bit = 14;
    assert_decodes(&format, bytes, (struct outcome)GOOD(1));
    format.bit = 13;
    assert_decodes(&format, bytes, (struct outcome)GOOD(0));
}

static void a_truth_is_one_or_zero_whatever_the_raw_value_and_scale(void **state) {
    (void)state;
    static const uint8_t five[] = {0x00, 0x05}, zero[] = {0x00, 0x00};
    struct register_format format = plain(REGISTER_U16, REGISTER_ABCD);
    format.truth = true;
    format.scale = 0.1;
    format.max = 0.2;
    assert_decodes(&format, five, (struct outcome)GOOD(1));
    assert_decodes(&format, zero, (struct outcome)GOOD(0));
    format.invert = true;
    assert_decodes(&format, five, (struct outcome)GOOD(0));
    assert_decodes(&format, zero, (struct outcome)GOOD(1));
}

static void a_truth_from_a_nan_is_a_fault_and_not_true(void **state) {
    (void)state;
    static const uint8_t nan_bytes[] = {0x7F, 0xC0, 0x00, 0x00};
    struct register_format format = plain(REGISTER_F32, REGISTER_ABCD);
    format.truth = true;
    assert_decodes(&format, nan_bytes, (struct outcome)FAULT);
}

static void a_discrete_input_inverts_and_scales_like_a_register(void **state) {
    (void)state;
    struct register_format format = plain(REGISTER_U16, REGISTER_ABCD);
    format.truth = true;
    format.invert = true;
    double value;
    assert_int_equal(register_decode_bit(&format, false, &value), QUALITY_GOOD);
    assert_true(value == 1);
    format = plain(REGISTER_U16, REGISTER_ABCD);
    format.scale = 100;
    assert_int_equal(register_decode_bit(&format, true, &value), QUALITY_GOOD);
    assert_true(value == 100);
}

/* A cut or shorted line is a fault and never "at rest", whatever its number. */
static void a_supervised_input_tells_its_line_from_its_contact(void **state) {
    (void)state;
    struct register_format format = plain(REGISTER_U16, REGISTER_ABCD);
    format.truth = true;
    format.states = 1 << REGISTER_STATE_NORMAL | 1 << REGISTER_STATE_ALARM |
                    1 << REGISTER_STATE_OPEN | 1 << REGISTER_STATE_SHORT;
    const uint16_t raw[] = {5, 0, 700, 65535};
    memcpy(format.state_raw, raw, sizeof raw);
    static const struct {
        uint8_t bytes[2];
        struct outcome want;
        const char *why;
    } rows[] = {
        {{0x00, 0x05}, GOOD(0), NULL},
        {{0x00, 0x00}, GOOD(1), NULL},
        {{0x02, 0xBC}, FAULT, "the line is cut"},
        {{0xFF, 0xFF}, FAULT, "the line is shorted"},
        {{0x00, 0x01}, FAULT, "none of the states that the site names"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        assert_decodes(&format, rows[i].bytes, rows[i].want);
        if (rows[i].why != NULL) {
            assert_string_equal(register_fault_text(&format, rows[i].bytes), rows[i].why);
        }
    }
    /* One that only knows rest and alarm has no number for a cut line. */
    format.states = 1 << REGISTER_STATE_NORMAL | 1 << REGISTER_STATE_ALARM;
    assert_decodes(&format, rows[2].bytes, rows[4].want);
    assert_string_equal(register_fault_text(&format, rows[2].bytes), rows[4].why);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_type_decodes_in_every_order),
        cmocka_unit_test(what_is_no_number_is_a_fault_and_never_a_value),
        cmocka_unit_test(scale_and_offset_apply_before_the_range),
        cmocka_unit_test(a_scale_that_overflows_is_a_fault),
        cmocka_unit_test(a_bit_is_counted_from_the_lowest_of_the_joined_number),
        cmocka_unit_test(a_truth_is_one_or_zero_whatever_the_raw_value_and_scale),
        cmocka_unit_test(a_truth_from_a_nan_is_a_fault_and_not_true),
        cmocka_unit_test(a_discrete_input_inverts_and_scales_like_a_register),
        cmocka_unit_test(a_supervised_input_tells_its_line_from_its_contact),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
