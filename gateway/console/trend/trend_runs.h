/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_CONSOLE_TREND_TREND_RUNS_H
#define GATEWAY_CONSOLE_TREND_TREND_RUNS_H

/*
 * A segment that is over: point by point
 *
 * It is written beside the blocks that it is made of, synced, and only then takes its name. Each entry of
 * the table and each run has a sum: what is damaged is a gap of one point.
 */

#include "gateway/console/trend/trend_blocks.h"
#include "gateway/console/trend/trend_run.h"

/*
 * Turn over `blocks` into the file of the same serial. Returns 0, -ENOMEM or TREND_E_DISK; then
 * there is no such file. Sets its size, and adds to `damaged` the blocks that were not sound.
 */
NODISCARD int trend_runs_write(int directory, const struct trend_tier *tier,
                               const struct trend_blocks *blocks, uint64_t *ret_size,
                               uint64_t *damaged);

struct trend_runs {
    int fd;
    struct trend_file_head head;
};

/* Open for reading. Returns 0, TREND_E_DISK or TREND_E_STRANGE. */
NODISCARD int trend_runs_open(int directory, const struct trend_tier *tier, uint64_t serial,
                              struct trend_runs *ret_runs);
void trend_runs_close(struct trend_runs *runs);

/* Read the run of `id`. False when the segment has none, or, counted in `damaged`, none that is sound. */
bool trend_runs_read(const struct trend_runs *runs, uint64_t id,
                     struct trend_bucket ret_buckets[TREND_RUN_SLOTS_MAX], uint64_t *damaged);

#endif
