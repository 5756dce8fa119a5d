/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_CONSOLE_TREND_TREND_SHELF_H
#define GATEWAY_CONSOLE_TREND_TREND_SHELF_H

/*
 * The segments of one tier: a ring of files
 *
 *     16.runs  17.runs  18.runs … 41.blocks      serials; the last one grows
 *        ▲ goes first
 *
 * A segment is of one span of wall time (an hour, a day) and of one set of points. The next one begins when
 * either is another one. Serials say in which order they were written, whatever the clock showed: so a
 * clock that was set back makes a second segment of an hour, and reading adds the two up; one that jumps
 * ahead by years makes one segment there and removes nothing that is not due.
 *
 * `keep` spans stay beside the one that grows. More than that, when restarts and changed sites have cut
 * hours into pieces, stay while they are young enough, but never more than twice as many segments.
 *
 * Waits for the disk: one thread of its own uses it.
 */

#include "gateway/console/trend/trend_runs.h"

/* The points that are written: an id for each column, none twice. */
struct trend_columns {
    const uint64_t *ids;
    uint32_t count;
};

struct trend_segment {
    uint64_t serial;
    uint64_t size; /* of the file */
    int64_t span;
    enum trend_form form;
    uint64_t damaged; /* pieces of it that are counted already */
    bool strange;     /* of another version, or no file of ours: it only takes up room */
    struct trend_source source;
};

struct trend_shelf {
    int directory;
    const struct trend_tier *tier;
    struct trend_columns columns;
    struct trend_segment *segments; /* oldest first */
    uint32_t count, room;
    uint64_t next_serial;
    struct trend_blocks growing; /* the last segment, if it grows */
    uint64_t bytes;              /* of all files */
    uint64_t damaged;            /* blocks, ends, entries and runs that could not be read back */
    uint64_t strange;            /* files */
};

#define TREND_SHELF_NULL ((struct trend_shelf){.growing = {.fd = -1}})

/*
 * Use the files of `tier` in the directory that is open at `directory`. Keeps both, and what `columns` has.
 * Returns 0, -ENOMEM or TREND_E_DISK.
 */
NODISCARD int trend_shelf_open(int directory, const struct trend_tier *tier,
                               struct trend_columns columns, struct trend_shelf *ret_shelf);
void trend_shelf_close(struct trend_shelf *shelf);

/*
 * Add a block. The first one of a span turns the segment before over and lets old ones go. Returns 0,
 * -ENOMEM or TREND_E_DISK; then the block is not there, and everything else is as it was.
 */
NODISCARD int trend_shelf_append(struct trend_shelf *shelf, int64_t slot,
                                 struct trend_source source, const struct trend_bucket *buckets);

/* Let the oldest segment go, but not the one that grows. False when there is none. */
bool trend_shelf_drop_oldest(struct trend_shelf *shelf);

/* Where the newest block ends. */
struct trend_source trend_shelf_end(const struct trend_shelf *shelf);

/*
 * Add what is known of each of the points `ids` in `slots` slots from `first` on to ret_buckets[point ×
 * slots + slot]. Returns 0 or -ENOMEM. What cannot be read is not added.
 */
NODISCARD int trend_shelf_read(struct trend_shelf *shelf, const uint64_t *ids, uint32_t id_count,
                               int64_t first, uint32_t slots, struct trend_bucket *ret_buckets);

/* Visit the blocks behind `from` of all segments that are not turned over, in order of their writing. */
struct trend_shelf_block {
    const struct trend_blocks *blocks;
    const struct trend_block_head *head;
    const unsigned char *body;
    struct trend_source end;
};
NODISCARD int trend_shelf_visit(struct trend_shelf *shelf, struct trend_source from,
                                void (*visitor)(void *context, const struct trend_shelf_block *),
                                void *context);

#endif
