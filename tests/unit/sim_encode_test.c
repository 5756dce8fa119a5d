/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the simulated device writes, the driver reads back; and both agree with literal bytes, so
 * that a mistake shared by the two would show.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "sensors/registers.h"
#include "sensors/sim/sim_encode.h"

static struct sim_encoding encoding_of(enum sim_type type, enum sim_order order) {
    return (struct sim_encoding){
        .table = SIM_TABLE_HOLDING, .type = type, .order = order, .bit = -1, .scale = 1};
}

static struct register_format format_of(const struct sim_encoding *encoding) {
    return (struct register_format){
        .type = (enum register_type)encoding->type, /* both in the order of the site format */
        .order = (enum register_order)encoding->order,
        .bit = encoding->bit,
        .truth = encoding->truth,
        .invert = encoding->invert,
        .scale = encoding->scale,
        .offset = encoding->offset,
        .min = -INFINITY,
        .max = INFINITY,
    };
}

/* Decode words with the driver. */
static enum quality decoded(const struct sim_encoding *encoding, const uint16_t *words,
                            double *ret_value) {
    struct register_format format = format_of(encoding);
    uint8_t wire[2 * SIM_ENCODE_WORDS_MAX];
    for (uint32_t i = 0; i < sim_encode_width(encoding); i++) {
        wire[2 * i] = (uint8_t)(words[i] >> 8);
        wire[2 * i + 1] = (uint8_t)words[i];
    }
    return register_decode(&format, wire, ret_value);
}

static void assert_round_trip(const struct sim_encoding *encoding, double value, double tolerance) {
    uint16_t words[SIM_ENCODE_WORDS_MAX] = {0};
    assert_true(sim_encode(encoding, value, words));
    double back = NAN;
    assert_int_equal(decoded(encoding, words, &back), QUALITY_GOOD);
    if (!(fabs(back - value) <= tolerance)) {
        fail_msg("type %d order %d: %.17g came back as %.17g", encoding->type, encoding->order,
                 value, back);
    }
}

static void every_type_and_order_comes_back(void **state) {
    (void)state;
    static const struct {
        enum sim_type type;
        double values[6];
    } cases[] = {
        {SIM_TYPE_U16, {0, 1, 258, 4660, 32768, 65535}},
        {SIM_TYPE_I16, {0, 1, -1, -2, -32768, 32767}},
        {SIM_TYPE_U32, {0, 1, 305419896, 65536, 2147483648.0, 4294967295.0}},
        {SIM_TYPE_I32, {0, -1, 305419896, -65536, -2147483648.0, 2147483647}},
        {SIM_TYPE_U64, {0, 1, 305419896, 0x1p40 + 7, 0x1p52 + 1, 0x1p53}},
        {SIM_TYPE_I64, {0, -1, 305419896, -0x1p40 - 7, -0x1p53, 0x1p53}},
        {SIM_TYPE_F32, {0, -1, 23.125, 1e10f, -1.5e-10f, 65536}},
        {SIM_TYPE_F64, {0, -1, 23.1, 1e100, -1.5e-100, 65536}},
        {SIM_TYPE_BCD16, {0, 1, 9, 10, 1234, 9999}},
        {SIM_TYPE_BCD32, {0, 1, 9999, 10000, 12345678, 99999999}},
    };
    for (size_t c = 0; c < sizeof cases / sizeof cases[0]; c++) {
        for (int order = 0; order < SIM_ORDER_COUNT; order++) {
            struct sim_encoding encoding = encoding_of(cases[c].type, (enum sim_order)order);
            for (int v = 0; v < 6; v++) {
                assert_round_trip(&encoding, cases[c].values[v], 0);
            }
        }
    }
}

static void the_orders_are_those_of_the_drawing(void **state) {
    (void)state;
    static const uint16_t want[SIM_ORDER_COUNT][2] = {
        [SIM_ORDER_ABCD] = {0x0a0b, 0x0c0d},
        [SIM_ORDER_CDAB] = {0x0c0d, 0x0a0b},
        [SIM_ORDER_BADC] = {0x0b0a, 0x0d0c},
        [SIM_ORDER_DCBA] = {0x0d0c, 0x0b0a},
    };
    for (int order = 0; order < SIM_ORDER_COUNT; order++) {
        struct sim_encoding encoding = encoding_of(SIM_TYPE_U32, (enum sim_order)order);
        uint16_t words[SIM_ENCODE_WORDS_MAX] = {0};
        assert_true(sim_encode(&encoding, 0x0a0b0c0d, words));
        assert_memory_equal(words, want[order], sizeof want[order]);
    }
    struct sim_encoding one = encoding_of(SIM_TYPE_F32, SIM_ORDER_CDAB);
    uint16_t words[SIM_ENCODE_WORDS_MAX] = {0};
    assert_true(sim_encode(&one, 1, words)); /* 3F80 0000 */
    assert_int_equal(words[0], 0x0000);
    assert_int_equal(words[1], 0x3f80);
}

static void scale_and_offset_come_back(void **state) {
    (void)state;
    struct sim_encoding encoding = encoding_of(SIM_TYPE_I16, SIM_ORDER_ABCD);
    encoding.scale = 0.1;
    assert_round_trip(&encoding, 22.5, 1e-9);
    assert_round_trip(&encoding, -40.1, 1e-9);
    encoding.offset = -50;
    assert_round_trip(&encoding, -50, 1e-9);
    uint16_t words[SIM_ENCODE_WORDS_MAX] = {0};
    assert_true(sim_encode(&encoding, 22.5, words));
    assert_int_equal(words[0], 725);
}

static void one_bit_leaves_the_others_alone(void **state) {
    (void)state;
    struct sim_encoding encoding = encoding_of(SIM_TYPE_U16, SIM_ORDER_ABCD);
    encoding.truth = true;
    encoding.bit = 5;
    uint16_t words[SIM_ENCODE_WORDS_MAX] = {0xff0f};
    assert_true(sim_encode(&encoding, 1, words));
    assert_int_equal(words[0], 0xff2f);
    assert_round_trip(&encoding, 1, 0);
    assert_true(sim_encode(&encoding, 0, words));
    assert_int_equal(words[0], 0xff0f);
    encoding.invert = true;
    assert_true(sim_encode(&encoding, 0, words));
    assert_int_equal(words[0], 0xff2f);
    assert_round_trip(&encoding, 0, 0);
    assert_round_trip(&encoding, 1, 0);

    for (int order = 0; order < SIM_ORDER_COUNT; order++) {
        struct sim_encoding wide = encoding_of(SIM_TYPE_U32, (enum sim_order)order);
        wide.truth = true;
        for (wide.bit = 0; wide.bit < 32; wide.bit++) {
            assert_round_trip(&wide, 1, 0);
        }
    }
}

static void a_truth_is_one_or_zero_and_never_scaled(void **state) {
    (void)state;
    struct sim_encoding encoding = encoding_of(SIM_TYPE_U16, SIM_ORDER_ABCD);
    encoding.truth = true;
    encoding.scale = 0.1;
    uint16_t words[SIM_ENCODE_WORDS_MAX] = {0};
    assert_true(sim_encode(&encoding, 1, words));
    assert_int_equal(words[0], 1);
    encoding.invert = true;
    assert_true(sim_encode(&encoding, 1, words));
    assert_int_equal(words[0], 0);
    assert_round_trip(&encoding, 0, 0);

    encoding.table = SIM_TABLE_DISCRETE;
    struct register_format format = format_of(&encoding);
    for (int on = 0; on < 2; on++) {
        assert_true(sim_encode(&encoding, on, words));
        double back = NAN;
        assert_int_equal(register_decode_bit(&format, words[0] != 0, &back), QUALITY_GOOD);
        assert_true(back == on);
    }
}

static void a_value_that_does_not_fit_becomes_the_nearest_and_says_so(void **state) {
    (void)state;
    uint16_t words[SIM_ENCODE_WORDS_MAX] = {0};
    struct sim_encoding encoding = encoding_of(SIM_TYPE_U16, SIM_ORDER_ABCD);
    assert_false(sim_encode(&encoding, 65536, words));
    assert_int_equal(words[0], 65535);
    assert_false(sim_encode(&encoding, -1, words));
    assert_int_equal(words[0], 0);
    assert_false(sim_encode(&encoding, NAN, words));
    assert_int_equal(words[0], 0);
    encoding.type = SIM_TYPE_I16;
    assert_false(sim_encode(&encoding, -32769, words));
    assert_int_equal(words[0], 0x8000);
    encoding.type = SIM_TYPE_BCD16;
    assert_false(sim_encode(&encoding, 10000, words));
    assert_int_equal(words[0], 0x9999);
    encoding.type = SIM_TYPE_U64;
    assert_false(sim_encode(&encoding, 0x1p64, words));
    assert_int_equal(words[0], 0xffff);
    encoding.type = SIM_TYPE_I64;
    assert_false(sim_encode(&encoding, INFINITY, words));
    assert_int_equal(words[0], 0x7fff);
}

static void a_nan_in_a_float_reaches_the_driver_as_a_fault(void **state) {
    (void)state;
    for (int type = SIM_TYPE_F32; type <= SIM_TYPE_F64; type++) {
        struct sim_encoding encoding = encoding_of((enum sim_type)type, SIM_ORDER_ABCD);
        uint16_t words[SIM_ENCODE_WORDS_MAX] = {0};
        double back;
        assert_true(sim_encode(&encoding, NAN, words));
        assert_int_equal(decoded(&encoding, words, &back), QUALITY_FAULT);
        assert_true(sim_encode(&encoding, INFINITY, words));
        assert_int_equal(decoded(&encoding, words, &back), QUALITY_FAULT);
    }
}

static void an_output_is_read_as_the_gateway_wrote_it(void **state) {
    (void)state;
    struct sim_encoding coil = {.table = SIM_TABLE_COIL, .bit = -1, .scale = 1, .truth = true};
    const uint16_t off[] = {0}, on[] = {1}, third[] = {8};
    assert_false(sim_encode_is_on(&coil, off));
    assert_true(sim_encode_is_on(&coil, on));
    coil.invert = true;
    assert_true(sim_encode_is_on(&coil, off));
    struct sim_encoding bit = encoding_of(SIM_TYPE_U16, SIM_ORDER_ABCD);
    bit.bit = 3;
    assert_true(sim_encode_is_on(&bit, third));
    assert_false(sim_encode_is_on(&bit, on));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_type_and_order_comes_back),
        cmocka_unit_test(the_orders_are_those_of_the_drawing),
        cmocka_unit_test(scale_and_offset_come_back),
        cmocka_unit_test(one_bit_leaves_the_others_alone),
        cmocka_unit_test(a_truth_is_one_or_zero_and_never_scaled),
        cmocka_unit_test(a_value_that_does_not_fit_becomes_the_nearest_and_says_so),
        cmocka_unit_test(a_nan_in_a_float_reaches_the_driver_as_a_fault),
        cmocka_unit_test(an_output_is_read_as_the_gateway_wrote_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
