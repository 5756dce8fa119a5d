/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_CONSOLE_TREND_TREND_BLOCK_H
#define GATEWAY_CONSOLE_TREND_TREND_BLOCK_H

/*
 * A block: one bucket of each point, all of one span of time
 *
 *     head 40 bytes | form of each row, two bits, from the lowest on | rows, one after the other
 *
 * What a minute costs the disk is one block. Its head has a sum of its own, so that damage to one does
 * not hide those behind it. The slot says which span it is: seconds since 1970 by the length of the span.
 * Pure.
 */

#include "gateway/console/trend/trend_row.h"

/* Up to where the blocks of minutes have been added up that a quarter of an hour was made of. */
struct trend_source {
    uint64_t serial; /* of their segment; 0: none */
    uint32_t offset; /* in its file */
};

struct trend_block_head {
    uint32_t magic;
    uint32_t size; /* of the body */
    int64_t slot;
    uint64_t source_serial;
    uint32_t source_offset;
    uint32_t rows;
    uint32_t body_sum; /* CRC-32 */
    uint32_t head_sum; /* of all before it */
};
_Static_assert(sizeof(struct trend_block_head) == 40, "no padding: it is a format");

/* The longest block of so many rows. */
size_t trend_block_size_max(uint32_t rows);

/* Write a block of `rows` buckets. Returns its size. */
size_t trend_block_write(int64_t slot, struct trend_source source,
                         const struct trend_bucket *buckets, uint32_t rows, uint32_t step_s,
                         unsigned char *ret);

/* Is it the head of a block of so many rows, as far as it can say? */
bool trend_block_head_is_sound(const struct trend_block_head *head, uint32_t rows);

/* Is `body`, of head->size bytes, what was written behind the head? */
bool trend_block_is_sound(const struct trend_block_head *head, const unsigned char *body);

/* Going through the rows of a sound block. */
struct trend_rows {
    const unsigned char *forms, *at;
    uint32_t next, step_s;
};

void trend_rows_begin(struct trend_rows *rows, const struct trend_block_head *head,
                      const unsigned char *body, uint32_t step_s);

/* Read the row `index`, not before the next one. False when it is no bucket. */
bool trend_rows_read(struct trend_rows *rows, uint32_t index, struct trend_bucket *ret_bucket);

#endif
