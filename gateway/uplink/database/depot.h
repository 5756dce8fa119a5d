/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_UPLINK_DATABASE_DEPOT_H
#define GATEWAY_UPLINK_DATABASE_DEPOT_H

/*
 * The depot: lines in a spool, packed, as far as the disk allows it
 *
 * What the disk will not do is logged, at most once a minute, and the spool is tried again every
 * 10 s: to whoever has lines it only says whether they are kept.
 */

#include <stdbool.h>

#include "gateway/log.h"
#include "gateway/uplink/database/spool.h"

struct depot {
    const char *directory; /* the caller's */
    uint64_t size_max;     /* 0: nothing is ever kept */
    struct spool *spool;   /* NULL: cannot be used at present */
    uint64_t again_ns;
    uint64_t dropped_told;
    struct log_limiter unusable_limiter, full_limiter;
};

/* The spool stands in `directory`/spool. Touches no disk yet. */
void depot_init(struct depot *depot, const char *directory, uint64_t size_max);
void depot_deinit(struct depot *depot);

/* Keep lines, at most `size_max` bytes of them; false when that does not work. */
bool depot_keep(struct depot *depot, const char *text, size_t size, uint32_t lines,
                struct spool_place *ret_place);

#define DEPOT_E_EMPTY   1 /* nothing waits, or the disk does not say */
#define DEPOT_E_DAMAGED 2 /* what waited was no text of lines: it is gone, `ret_lines` of them */

/*
 * The oldest lines that wait; the text is the caller's to free. Returns 0, DEPOT_E_EMPTY,
 * DEPOT_E_DAMAGED or -ENOMEM.
 */
NODISCARD int depot_oldest(struct depot *depot, size_t text_max, char **ret_text, size_t *ret_size,
                           uint32_t *ret_lines, struct spool_place *ret_place);

/* The lines at a place need not wait any longer. */
void depot_done(struct depot *depot, struct spool_place place);

/* All zero while the spool cannot be used. */
struct spool_stats depot_stats(const struct depot *depot);

#endif
