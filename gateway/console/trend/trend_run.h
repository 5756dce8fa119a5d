/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_CONSOLE_TREND_TREND_RUN_H
#define GATEWAY_CONSOLE_TREND_TREND_RUN_H

/*
 * A run: the buckets of one point through an hour, or through a day
 *
 *     head 16 bytes | piece piece …        piece = form in the upper two bits, count - 1 below | rows
 *
 * A piece holds up to 64 buckets of one form, which follow each other; those of a STEADY piece all have the
 * same value, and it stands there once. A point that was quiet all day takes 34 bytes. What is longer is packed
 * by zlib, where that makes it shorter: a sensor's day then takes a fifth or a third of its rows. Pure, but for
 * what zlib takes and gives back.
 */

#include "gateway/console/trend/trend_row.h"

/* The most slots that a run may have. */
enum { TREND_RUN_SLOTS_MAX = 96 };

struct trend_run_head {
    uint64_t id;
    uint16_t size;     /* of what follows */
    uint16_t unpacked; /* size of the pieces; 0: they stand there as they are */
    uint32_t sum;      /* CRC-32 of all before it, and of what follows */
};
_Static_assert(sizeof(struct trend_run_head) == 16, "no padding: it is a format");

/* The longest run: each row in a piece of its own. */
enum {
    TREND_RUN_SIZE_MAX =
        sizeof(struct trend_run_head) + TREND_RUN_SLOTS_MAX * (1 + TREND_ROW_SIZE_MAX),
};

/* Write a run of `slots` buckets. Returns its size, 0 when all of them are empty. */
size_t trend_run_write(uint64_t id, const struct trend_bucket *buckets, uint32_t slots,
                       uint32_t step_s, unsigned char ret[TREND_RUN_SIZE_MAX]);

/* Read the run of `id`; false, and nothing is to be used, when `bytes` are no such run. */
bool trend_run_read(const unsigned char *bytes, size_t size, uint64_t id, uint32_t slots,
                    uint32_t step_s, struct trend_bucket *ret_buckets);

#endif
