/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_UPLINK_READ_AHEAD_H
#define GATEWAY_UPLINK_READ_AHEAD_H

/*
 * Rows of the journal, read before there is room for them
 *
 * A broker's answers come one by one, and the window has to be filled again with each: a window that
 * runs half empty makes the broker wait for us, and TCP's delayed acknowledgements turn each such wait
 * into 40 ms. A query for each single place that becomes free would cost more than all else, so a
 * lane's backlog is read in one go and handed out row by row.
 *
 * The rows are copies, in order of seq, and bounded in number and in bytes. They are of no use once the
 * lane begins again somewhere else: then they are cleared and read anew.
 */

#include <stdbool.h>

#include "gateway/err.h"
#include "gateway/journal/journal_reader.h"

enum {
    /* A few windows: what is read at once takes about a millisecond, less than a window lasts. */
    READ_AHEAD_ROWS_MAX = 256,
    /* For so many events of common size, or for some dozens of the largest. */
    READ_AHEAD_BYTES = 192 * 1024,
};

struct read_ahead {
    uint32_t next, count; /* rows[next] is the oldest; as many as `count` were added */
    size_t used;          /* bytes of `texts` */
    struct journal_row *rows;
    char *texts;
};

/* An empty one. Returns 0 or <0; read_ahead_deinit() is allowed then too. */
NODISCARD int read_ahead_init(struct read_ahead *ahead);
void read_ahead_deinit(struct read_ahead *ahead);

void read_ahead_clear(struct read_ahead *ahead);

/*
 * Add a copy of a row, newer than all in it. Returns false, and adds nothing, when it does not fit. In an empty one each does: what is larger than the bound, which no engine
 * writes, is added without its texts, and is seen to be damaged.
 */
bool read_ahead_add(struct read_ahead *ahead, const struct journal_row *row);

/* The oldest row, valid until it is dropped; NULL when there is none. */
const struct journal_row *read_ahead_oldest(const struct read_ahead *ahead);

/* Of one that has a row. */
void read_ahead_drop_oldest(struct read_ahead *ahead);

/* How many rows wait. */
uint32_t read_ahead_count(const struct read_ahead *ahead);

#endif
