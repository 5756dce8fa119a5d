/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SENSORS_REGISTERS_H
#define SENSORS_REGISTERS_H

/*
 * Registers: from raw bits to a value, or to a quality
 *
 * A Modbus device hands out 16-bit registers, high byte first, and every manufacturer joins them to
 * larger numbers in an order of his own. With A the most significant byte of a number, the order
 * says what stands on the wire:
 *
 *     ABCD  high word first, high byte first: the order of the specification
 *     CDAB  low word first
 *     BADC  high word first, bytes of each word swapped
 *     DCBA  low word first, bytes swapped: a little-endian number
 *
 * Numbers of four registers follow the same two questions (words reversed? bytes swapped?), those
 * of one register only the second.
 *
 * A supervised input tells four states apart, by the resistor at the end of its line: at rest, in
 * alarm, the line cut, the line shorted. The last two are faults, and so is any number that is none
 * of the four.
 *
 * What comes out is a finite number within the point's range, or QUALITY_FAULT: a NaN, an infinity,
 * a BCD digit above 9 and a value out of range never become values.
 */

#include "rules/reading.h"

enum register_type {
    REGISTER_U16,
    REGISTER_I16,
    REGISTER_U32,
    REGISTER_I32,
    REGISTER_U64,
    REGISTER_I64,
    REGISTER_F32,
    REGISTER_F64,
    REGISTER_BCD16, /* four decimal digits */
    REGISTER_BCD32, /* eight */
    REGISTER_TYPE_COUNT,
};

enum register_order {
    REGISTER_ABCD,
    REGISTER_CDAB,
    REGISTER_BADC,
    REGISTER_DCBA,
    REGISTER_ORDER_COUNT,
};

/* What a supervised input can say. */
enum register_state {
    REGISTER_STATE_NORMAL,
    REGISTER_STATE_ALARM,
    REGISTER_STATE_OPEN,  /* the line is cut */
    REGISTER_STATE_SHORT, /* the line is shorted */
    REGISTER_STATE_COUNT,
};

/* How the raw bits of a point become its value. */
struct register_format {
    enum register_type type;
    enum register_order order;
    int bit;    /* 0 is the least significant bit of the joined number; -1: the whole number */
    bool truth; /* the point is true or false: any raw value but 0 is 1; not scaled, has no range */
    bool invert;    /* true and false change places; only with `truth` */
    uint8_t states; /* a supervised input: the set of 1 << enum register_state that it has; or 0 */
    uint16_t state_raw[REGISTER_STATE_COUNT]; /* the register's number in each of them */
    double scale;
    double offset;   /* value = raw × scale + offset */
    double min, max; /* of a good value, both inclusive; infinite when not given */
};

/* How many registers a number takes: 1, 2 or 4. */
uint16_t register_count(enum register_type type);

/*
 * Decode the registers at `bytes`, 2 × register_count() of them as they stood on the wire. Returns
 * QUALITY_GOOD with the value, or QUALITY_FAULT with 0. Integers above 2^53 lose their last bits.
 */
enum quality register_decode(const struct register_format *format, const uint8_t *bytes,
                             double *ret_value);

/* The same for a coil or discrete input, whose raw value is 0 or 1. */
enum quality register_decode_bit(const struct register_format *format, bool bit, double *ret_value);

/* The same for a raw number that came in another way: state, truth or scale, then range. */
enum quality register_finish(const struct register_format *format, double raw, double *ret_value);

/*
 * Why register_decode() found a fault in these registers, in words: "the line is cut", "not a
 * number, or out of range" … Static storage.
 */
const char *register_fault_text(const struct register_format *format, const uint8_t *bytes);

#endif
