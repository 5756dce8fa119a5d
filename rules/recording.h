/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RULES_RECORDING_H
#define RULES_RECORDING_H

/*
 * Recorded inputs, as bytes
 *
 * The inputs of a core in their order are all that it takes to let it decide again what it decided.
 * This module writes them down small and reads them back exactly, and knows nothing of files.
 *
 *     input = varint kind + 32 × which members are not zero
 *             varint span since the input before it, in ns
 *             signed how far the wall clock moved beyond that span
 *             the members that are not zero, in the order of recording_fields.def
 *
 *     reading = signed point, from the one before it
 *               varint form of the value | code changed << 2 | quality << 3
 *               value: equal to the point's last (no byte), whole (signed), or its 8 bytes
 *               code, if it changed (varint)
 *               signed when it was measured, from the one before it
 *
 * A varint has seven bits a byte, the lowest first, and the high bit on all but the last; a signed
 * one is folded (0, -1, 1, -2 …). So an equal reading takes seven to ten bytes, most of them for
 * the two times, which a replay needs to the nanosecond.
 *
 * A reader and a writer begin with the same codec and stay in step; after damage there is no way to
 * find the next input. Any bytes can be decoded: they give inputs that a core may be stepped with,
 * or end with what is wrong and where.
 */

#include "rules/core.h"

enum {
    /* Of this format, with all members of struct input and struct command. */
    RECORDING_VERSION = 6,
    /* More bytes than any input takes: a command with its texts, and all else. */
    RECORDING_INPUT_MAX = 2048,
};

/* What is remembered of one point. All zero at first. */
struct recording_point {
    double value;
    uint64_t code;
};

struct recording_codec {
    struct instant at; /* of the last input; likewise all below */
    struct wall wall;
    struct wall measured;
    uint32_t point;
    uint32_t point_count;
    struct recording_point *points;
};

/*
 * Begin where the recording begins: at the instant and wall time of its start, with `points` all
 * zero, which are borrowed.
 */
void recording_init(struct recording_codec *codec, struct instant at, struct wall wall,
                    struct recording_point *points, uint32_t point_count);

/*
 * Write `input`, which is not earlier than the one before it, into at most `room` bytes. Returns how
 * many it took; 0, and the codec as it was, if there are not enough. RECORDING_INPUT_MAX always are.
 */
size_t recording_encode(struct recording_codec *codec, const struct input *input,
                        unsigned char *ret, size_t room);

/* Why bytes are no recorded input. */
enum recording_damage {
    RECORDING_WHOLE,
    RECORDING_TORN, /* they end in the middle of an input */
    RECORDING_BAD_NUMBER,
    RECORDING_BAD_KIND,
    RECORDING_BAD_TIME, /* past the end of all time */
    RECORDING_BAD_MEMBER,
    RECORDING_BAD_VALUE,
    RECORDING_BAD_TEXT,
    RECORDING_DAMAGE_COUNT,
};

/* "the recording ends in the middle of an input" … Static storage. */
const char *recording_damage_text(enum recording_damage damage);

/* A cursor over encoded inputs. `at` stands before the first one that has not been decoded. */
struct recording_bytes {
    const unsigned char *begin;
    size_t at;
    size_t size;
    enum recording_damage damage;
};

/*
 * Decode the next input; its command, if it has one, is written to `ret_command`, which it points
 * to. Returns false at the end and at damage; `at` then says where.
 */
bool recording_decode(struct recording_codec *codec, struct recording_bytes *bytes,
                      struct input *ret_input, struct command *ret_command);

#endif
