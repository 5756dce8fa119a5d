/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_CONSOLE_TREND_TREND_BLOCKS_H
#define GATEWAY_CONSOLE_TREND_TREND_BLOCKS_H

/*
 * A segment that grows, or grew: blocks in the order in which they came
 *
 * A block is on the disk, synced, when trend_blocks_append() returns. A power cut leaves a last block that
 * is not whole: it ends what can be read, and the next block takes its place. One that is damaged in the
 * middle is passed over. The clock may have been set back: then two blocks have one slot.
 */

#include "gateway/console/trend/trend_file.h"
#include "gateway/err.h"

struct trend_blocks {
    int fd;
    struct trend_file_head head;
    uint64_t *ids;
    unsigned char *block; /* room for one */
    uint64_t begin;       /* where the first block is */
};

#define TREND_BLOCKS_NULL ((struct trend_blocks){.fd = -1})

#define TREND_E_DISK      1 /* the disk would not; errno says why */
#define TREND_E_STRANGE   2 /* no such file of this version */

/*
 * Make the file of a serial, or open it for reading, or for `writing` too. `head` gives span and serial.
 * Returns 0, -ENOMEM, TREND_E_DISK or TREND_E_STRANGE.
 */
NODISCARD int trend_blocks_create(int directory, const struct trend_tier *tier,
                                  struct trend_file_head *head, const uint64_t *ids,
                                  struct trend_blocks *ret_blocks);
NODISCARD int trend_blocks_open(int directory, const struct trend_tier *tier, uint64_t serial,
                                bool writing, struct trend_blocks *ret_blocks);
void trend_blocks_close(struct trend_blocks *blocks);

/*
 * Add a block at `*offset`, where the last one ended, and move that. Returns 0, or TREND_E_DISK; then
 * nothing of it is left.
 */
NODISCARD int trend_blocks_append(struct trend_blocks *blocks, int64_t slot,
                                  struct trend_source source, const struct trend_bucket *buckets,
                                  uint64_t *offset);

/* A sound block, in the order of the file; `end` is where the next one is. False ends the visit. */
typedef bool trend_blocks_visitor(void *context, const struct trend_block_head *head,
                                  const unsigned char *body, uint64_t end);

/* What of a file is visited: blocks from `offset` (0: the first) with slots from `first` until before `end`. */
struct trend_blocks_part {
    uint64_t offset;
    int64_t first, end;
};

/*
 * Visit blocks. Returns where the last whole one ends. Adds to `damaged` how many were not sound: what
 * follows the end counts as one.
 */
uint64_t trend_blocks_visit(const struct trend_blocks *blocks, const struct trend_blocks_part *part,
                            trend_blocks_visitor *visitor, void *context, uint64_t *damaged);

#endif
