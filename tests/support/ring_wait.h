/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_SUPPORT_RING_WAIT_H
#define TESTS_SUPPORT_RING_WAIT_H

/*
 * Waiting for the writer of a ring of recordings
 */

#include <sched.h>

#include "gateway/clock.h"
#include "gateway/engine/recording_ring.h"
#include "tests/support/cmocka.h"

/* Until the segment that was handed over last stands in its file. */
static inline void ring_await_written(struct recording_ring *ring) {
    uint64_t end_ns = clock_real_ns() + 60 * NS_PER_S;
    struct recording_ring_stats stats;
    do {
        assert_true(clock_real_ns() < end_ns);
        recording_ring_stats(ring, &stats);
        sched_yield();
    } while (stats.writing);
}

#endif
