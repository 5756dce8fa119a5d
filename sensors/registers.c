/* SPDX-License-Identifier: Apache-2.0 */
#include "sensors/registers.h"

#include <assert.h>
#include <math.h>
#include <string.h>

#include "sensors/value_range.h"

static const uint16_t counts[REGISTER_TYPE_COUNT] = {
    [REGISTER_U16] = 1,   [REGISTER_I16] = 1,   [REGISTER_U32] = 2, [REGISTER_I32] = 2,
    [REGISTER_U64] = 4,   [REGISTER_I64] = 4,   [REGISTER_F32] = 2, [REGISTER_F64] = 4,
    [REGISTER_BCD16] = 1, [REGISTER_BCD32] = 2,
};

uint16_t register_count(enum register_type type) {
    assert(type < REGISTER_TYPE_COUNT);
    return counts[type];
}

/* Join the registers to one number; the types differ only in how they read it. */
static uint64_t register_join(const uint8_t *bytes, uint16_t count, enum register_order order) {
    bool words_reversed = order == REGISTER_CDAB || order == REGISTER_DCBA;
    bool bytes_swapped = order == REGISTER_BADC || order == REGISTER_DCBA;
    uint64_t joined = 0;
    for (uint16_t i = 0; i < count; i++) {
        const uint8_t *word = bytes + 2 * (words_reversed ? count - 1 - i : i);
        joined =
            joined << 16 | (uint64_t)word[bytes_swapped ? 1 : 0] << 8 | word[bytes_swapped ? 0 : 1];
    }
    return joined;
}

static double register_f32(uint64_t joined) {
    uint32_t bits = (uint32_t)joined;
    float value;
    memcpy(&value, &bits, sizeof value);
    return (double)value;
}

static double register_f64(uint64_t joined) {
    double value;
    memcpy(&value, &joined, sizeof value);
    return value;
}

/* Binary-coded decimal; NaN when one of the digits is none. */
static double register_bcd(uint64_t joined, int digits) {
    double value = 0;
    for (int i = digits - 1; i >= 0; i--) {
        unsigned digit = (unsigned)(joined >> (4 * i)) & 15;
        if (digit > 9) {
            return (double)NAN;
        }
        value = value * 10 + digit;
    }
    return value;
}

/* Read the joined number as its type says; NaN when that is no number. */
static double register_number(enum register_type type, uint64_t joined) {
    switch (type) {
    case REGISTER_U16:
    case REGISTER_U32:
    case REGISTER_U64:
        return (double)joined;
    case REGISTER_I16:
        return (double)(int16_t)joined;
    case REGISTER_I32:
        return (double)(int32_t)joined;
    case REGISTER_I64:
        return (double)(int64_t)joined;
    case REGISTER_F32:
        return register_f32(joined);
    case REGISTER_F64:
        return register_f64(joined);
    case REGISTER_BCD16:
        return register_bcd(joined, 4);
    case REGISTER_BCD32:
        return register_bcd(joined, 8);
    case REGISTER_TYPE_COUNT:
        break;
    }
    assert(false && "register type out of range");
    return 0;
}

/* The state that the number means; REGISTER_STATE_COUNT when it means none. */
static enum register_state register_state(const struct register_format *format, double raw) {
    enum register_state state = REGISTER_STATE_NORMAL;
    while (state < REGISTER_STATE_COUNT &&
           ((format->states & 1u << state) == 0 || raw != format->state_raw[state])) {
        state++;
    }
    return state;
}

enum quality register_finish(const struct register_format *format, double raw, double *ret_value) {
    *ret_value = 0;
    if (!isfinite(raw)) {
        return QUALITY_FAULT;
    }
    if (format->states != 0) {
        enum register_state state = register_state(format, raw);
        *ret_value = state == REGISTER_STATE_ALARM ? 1 : 0;
        return state <= REGISTER_STATE_ALARM ? QUALITY_GOOD : QUALITY_FAULT;
    }
    if (format->truth) {
        *ret_value = (raw != 0) != format->invert ? 1 : 0;
        return QUALITY_GOOD;
    }
    double value = raw * format->scale + format->offset;
    if (!value_is_possible(value, format->min, format->max)) {
        return QUALITY_FAULT;
    }
    *ret_value = value;
    return QUALITY_GOOD;
}

enum quality register_decode(const struct register_format *format, const uint8_t *bytes,
                             double *ret_value) {
    uint64_t joined = register_join(bytes, register_count(format->type), format->order);
    if (format->bit >= 0) {
        assert(format->bit < 64);
        return register_finish(format, (double)(joined >> format->bit & 1), ret_value);
    }
    return register_finish(format, register_number(format->type, joined), ret_value);
}

enum quality register_decode_bit(const struct register_format *format, bool bit,
                                 double *ret_value) {
    return register_finish(format, bit ? 1 : 0, ret_value);
}

const char *register_fault_text(const struct register_format *format, const uint8_t *bytes) {
    if (format->states == 0) {
        return "not a number, or out of range";
    }
    uint64_t joined = register_join(bytes, register_count(format->type), format->order);
    switch (register_state(format, register_number(format->type, joined))) {
    case REGISTER_STATE_OPEN:
        return "the line is cut";
    case REGISTER_STATE_SHORT:
        return "the line is shorted";
    case REGISTER_STATE_NORMAL:
    case REGISTER_STATE_ALARM:
    case REGISTER_STATE_COUNT:
        break;
    }
    return "none of the states that the site names";
}
