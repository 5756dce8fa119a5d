/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SENSORS_SIM_ENCODE_H
#define SENSORS_SIM_ENCODE_H

/*
 * From a point's value to the words that a device would hold
 *
 * The inverse of the driver's decoding, written from the description of the site format and not
 * from the decoder, so that a mistake in one does not hide in the other:
 *
 *     value = raw × scale + offset        raw = (value - offset) / scale
 *
 * A word is what travels in one Modbus register; a coil or discrete input is one word of 0 or 1.
 * Wider types take two or four words, in one of four orders, shown for the 32-bit number
 * 0x0A0B0C0D:
 *
 *     ABCD   0A0B 0C0D   as the protocol's own big-endian registers
 *     CDAB   0C0D 0A0B   words the other way round
 *     BADC   0B0A 0D0C   bytes swapped in each word
 *     DCBA   0D0C 0B0A   both
 */

#include <stdbool.h>
#include <stdint.h>

enum sim_table {
    SIM_TABLE_COIL,
    SIM_TABLE_DISCRETE,
    SIM_TABLE_INPUT,
    SIM_TABLE_HOLDING,
    SIM_TABLE_COUNT,
};

enum sim_type {
    SIM_TYPE_U16,
    SIM_TYPE_I16,
    SIM_TYPE_U32,
    SIM_TYPE_I32,
    SIM_TYPE_U64,
    SIM_TYPE_I64,
    SIM_TYPE_F32,
    SIM_TYPE_F64,
    SIM_TYPE_BCD16,
    SIM_TYPE_BCD32,
    SIM_TYPE_COUNT,
};

enum sim_order { SIM_ORDER_ABCD, SIM_ORDER_CDAB, SIM_ORDER_BADC, SIM_ORDER_DCBA, SIM_ORDER_COUNT };

struct sim_encoding {
    enum sim_table table;
    enum sim_type type;   /* of registers */
    enum sim_order order; /* of registers */
    int bit;              /* of the joined number, 0 the least significant; -1: the whole */
    bool truth;           /* the point is true or false: 1 or 0, not scaled */
    bool invert;          /* true and false change places; only with `truth` */
    bool supervised;      /* the values 0 … 3 (at rest, alarm, cut, shorted) are `states` */
    uint16_t states[4];
    uint16_t address; /* from 0, as on the wire */
    double scale;     /* not 0 */
    double offset;
};

enum { SIM_ENCODE_WORDS_MAX = 4 };

/* How many words the point takes: 1, 2 or 4. */
uint32_t sim_encode_width(const struct sim_encoding *encoding);

/*
 * Write `value` into `words`, of which there are sim_encode_width(). Other bits of a register that
 * is shared by several points are left as they are. A value that the type cannot hold is written as
 * the nearest that it can, and a NaN as 0 where the type is not a floating one; the result is then
 * false.
 */
bool sim_encode(const struct sim_encoding *encoding, double value, uint16_t *words);

/* Is an output on, as the gateway last wrote it? */
bool sim_encode_is_on(const struct sim_encoding *encoding, const uint16_t *words);

#endif
