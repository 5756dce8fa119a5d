/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_CONSOLE_TREND_TREND_STORE_H
#define GATEWAY_CONSOLE_TREND_TREND_STORE_H

/*
 * The history on the disk: minutes of a day, quarters of an hour of 13 months
 *
 *     a minute ──▶ minutes-…           25 hours
 *         └─ added up ──▶ quarters-…   397 days
 *
 * A quarter is written when it ends, and says up to which minute it was added up: so after a crash the minutes
 * that follow are added up again, each of them once. Together the files take at most the size that is
 * given; beyond it the oldest quarters go. Nothing is written while the disk has less than TREND_SPARE to
 * spare: the journal is worth more.
 *
 * Waits for the disk: one thread of its own uses it.
 */

#include "gateway/console/trend/trend_shelf.h"

enum {
    TREND_MINUTE_S = 60,
    TREND_QUARTER_S = 900,
    TREND_MINUTES = TREND_QUARTER_S / TREND_MINUTE_S, /* of a quarter */
};

/* Never fill the disk further than this. */
#define TREND_SPARE (64ull << 20)

struct trend_store;

struct trend_store_stats {
    uint64_t bytes;            /* on the disk */
    uint64_t minutes_written;  /* blocks */
    uint64_t quarters_written; /* likewise */
    uint64_t dropped;          /* blocks that the disk did not take: they are gaps */
    uint64_t damaged;          /* see struct trend_shelf */
    uint64_t strange;          /* files of another version */
};

/*
 * Use `directory`, which is made if it is missing. Keeps `columns`. Returns 0, -ENOMEM or TREND_E_DISK.
 */
NODISCARD int trend_store_new(const char *directory, struct trend_columns columns,
                              uint64_t size_max, struct trend_store **ret_store);
struct trend_store *trend_store_free(struct trend_store *store);

/*
 * Add the minute `slot`. Returns 0, -ENOMEM or TREND_E_DISK: the minute is missing, or the quarter
 * that it ends.
 */
NODISCARD int trend_store_add(struct trend_store *store, int64_t slot,
                              const struct trend_bucket *buckets);

/*
 * Add what is known of the points to ret_buckets[point × slots + slot]; `step_s` is one of the two.
 * Of a quarter that has not ended, what is known so far. Returns 0 or -ENOMEM.
 */
NODISCARD int trend_store_read(struct trend_store *store, uint32_t step_s, const uint64_t *ids,
                               uint32_t id_count, int64_t first, uint32_t slots,
                               struct trend_bucket *ret_buckets);

struct trend_store_stats trend_store_stats(const struct trend_store *store);

#endif
