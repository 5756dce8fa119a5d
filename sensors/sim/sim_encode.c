/* SPDX-License-Identifier: Apache-2.0 */
#include "sensors/sim/sim_encode.h"

#include <assert.h>
#include <math.h>
#include <string.h>

enum type_form { FORM_UNSIGNED, FORM_SIGNED, FORM_FLOAT, FORM_BCD };

static const struct {
    uint32_t words;
    enum type_form form;
} types[SIM_TYPE_COUNT] = {
    [SIM_TYPE_U16] = {1, FORM_UNSIGNED}, [SIM_TYPE_I16] = {1, FORM_SIGNED},
    [SIM_TYPE_U32] = {2, FORM_UNSIGNED}, [SIM_TYPE_I32] = {2, FORM_SIGNED},
    [SIM_TYPE_U64] = {4, FORM_UNSIGNED}, [SIM_TYPE_I64] = {4, FORM_SIGNED},
    [SIM_TYPE_F32] = {2, FORM_FLOAT},    [SIM_TYPE_F64] = {4, FORM_FLOAT},
    [SIM_TYPE_BCD16] = {1, FORM_BCD},    [SIM_TYPE_BCD32] = {2, FORM_BCD},
};

static bool table_has_bits(enum sim_table table) {
    return table == SIM_TABLE_COIL || table == SIM_TABLE_DISCRETE;
}

uint32_t sim_encode_width(const struct sim_encoding *encoding) {
    assert(encoding->type < SIM_TYPE_COUNT);
    return table_has_bits(encoding->table) ? 1 : types[encoding->type].words;
}

/* Round to the nearest whole number within [low, high]; `*exact` turns false when that was not
 * near. */
static double number_bound(double raw, double low, double high, bool *exact) {
    if (isnan(raw)) {
        *exact = false;
        return 0;
    }
    double whole = round(raw);
    if (whole < low || whole > high) {
        *exact = false;
        return whole < low ? low : high;
    }
    return whole;
}

static uint64_t raw_unsigned(double raw, uint32_t bits, bool *exact) {
    /* 2^64 - 1 is no double; the largest below 2^64 is taken in its place. */
    double high = bits == 64 ? 0x1.fffffffffffffp63 : ldexp(1, (int)bits) - 1;
    return (uint64_t)number_bound(raw, 0, high, exact);
}

static uint64_t raw_signed(double raw, uint32_t bits, bool *exact) {
    double limit = ldexp(1, (int)bits - 1);
    double high = bits == 64 ? 0x1.fffffffffffffp62 : limit - 1;
    return (uint64_t)(int64_t)number_bound(raw, -limit, high, exact);
}

static uint64_t raw_float(double raw, uint32_t bits, bool *exact) {
    if (bits == 32) {
        float narrow = (float)raw;
        if (isinf(narrow) && !isinf(raw)) {
            *exact = false;
        }
        uint32_t image;
        memcpy(&image, &narrow, sizeof image);
        return image;
    }
    uint64_t image;
    memcpy(&image, &raw, sizeof image);
    return image;
}

static uint64_t raw_bcd(double raw, uint32_t bits, bool *exact) {
    uint64_t rest = (uint64_t)number_bound(raw, 0, bits == 16 ? 9999 : 99999999, exact);
    uint64_t image = 0;
    for (uint32_t shift = 0; shift < bits; shift += 4) {
        image |= (rest % 10) << shift;
        rest /= 10;
    }
    return image;
}

static uint64_t raw_image(enum sim_type type, double raw, bool *exact) {
    uint32_t bits = types[type].words * 16;
    switch (types[type].form) {
    case FORM_UNSIGNED:
        return raw_unsigned(raw, bits, exact);
    case FORM_SIGNED:
        return raw_signed(raw, bits, exact);
    case FORM_FLOAT:
        return raw_float(raw, bits, exact);
    case FORM_BCD:
        return raw_bcd(raw, bits, exact);
    }
    assert(false && "type without a form");
    return 0;
}

/* Which word of the wire holds 16 bits of the number, counted from the least significant. */
static uint32_t word_position(uint32_t from_low, uint32_t count, enum sim_order order) {
    bool words_reversed = order == SIM_ORDER_CDAB || order == SIM_ORDER_DCBA;
    return words_reversed ? from_low : count - 1 - from_low;
}

static uint16_t word_turn(uint16_t word, enum sim_order order) {
    bool bytes_swapped = order == SIM_ORDER_BADC || order == SIM_ORDER_DCBA;
    uint16_t turned = (uint16_t)(word << 8 | word >> 8);
    return bytes_swapped ? turned : word;
}

static void words_write(uint64_t image, uint32_t count, enum sim_order order, uint16_t *words) {
    for (uint32_t i = 0; i < count; i++) {
        words[word_position(i, count, order)] = word_turn((uint16_t)(image >> (16 * i)), order);
    }
}

static uint64_t words_read(const uint16_t *words, uint32_t count, enum sim_order order) {
    uint64_t image = 0;
    for (uint32_t i = 0; i < count; i++) {
        image |= (uint64_t)word_turn(words[word_position(i, count, order)], order) << (16 * i);
    }
    return image;
}

bool sim_encode(const struct sim_encoding *encoding, double value, uint16_t *words) {
    bool on = (value != 0) != (encoding->truth && encoding->invert);
    if (table_has_bits(encoding->table)) {
        words[0] = on ? 1 : 0;
        return !isnan(value);
    }
    uint32_t count = types[encoding->type].words;
    if (encoding->bit >= 0) {
        uint64_t image = words_read(words, count, encoding->order);
        uint64_t mask = (uint64_t)1 << encoding->bit;
        words_write(on ? image | mask : image & ~mask, count, encoding->order, words);
        return !isnan(value);
    }
    assert(encoding->scale != 0);
    bool exact = true;
    double raw = encoding->truth ? on : (value - encoding->offset) / encoding->scale;
    if (encoding->supervised) {
        exact = value >= 0 && value < 4;
        raw = encoding->states[exact ? (unsigned)value : 0];
    }
    words_write(raw_image(encoding->type, raw, &exact), count, encoding->order, words);
    return exact;
}

bool sim_encode_is_on(const struct sim_encoding *encoding, const uint16_t *words) {
    bool on = words[0] != 0;
    if (!table_has_bits(encoding->table)) {
        uint64_t image = words_read(words, types[encoding->type].words, encoding->order);
        on = encoding->bit >= 0 ? (image >> encoding->bit & 1) != 0 : image != 0;
    }
    return on != (encoding->truth && encoding->invert);
}
