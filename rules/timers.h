/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RULES_TIMERS_H
#define RULES_TIMERS_H

/*
 * Timers: which of many deadlines comes first
 *
 * A binary min-heap over numbered timers, with the place of each in the heap, so that the first
 * deadline is known at once and setting or stopping any takes a logarithm of their number. Timers
 * that are due together come in the order of their numbers: the result never depends on the heap's
 * history.
 */

#include <assert.h>

#include "rules/instant.h"

struct timers {
    struct instant *due; /* by id; INSTANT_NEVER while it does not run */
    uint32_t *position;  /* by id: where it stands in `heap`; meaningless while it does not run */
    uint32_t *heap;      /* ids; each is due no later than those at twice its index + 1 and + 2 */
    uint32_t count;
    uint32_t running;
};

/* Make `count` stopped timers. Borrows the three arrays, each of that length. */
void timers_init(struct timers *timers, uint32_t count, struct instant *due, uint32_t *position,
                 uint32_t *heap);

/* Let timer `id` run until `due`, instead of whatever it did; INSTANT_NEVER stops it. */
void timers_set(struct timers *timers, uint32_t id, struct instant due);

/* Does timer `id` run? */
static inline bool timers_is_running(const struct timers *timers, uint32_t id) {
    assert(id < timers->count);
    return timers->due[id].ns != INSTANT_NEVER.ns;
}

/* When the first one is due, or INSTANT_NEVER. */
static inline struct instant timers_first(const struct timers *timers) {
    return timers->running == 0 ? INSTANT_NEVER : timers->due[timers->heap[0]];
}

/* Stop the first timer that has come at `now` and set `ret_id` to it; false when none has. */
bool timers_take(struct timers *timers, struct instant now, uint32_t *ret_id);

/* Abort if the heap is not one. Linear. */
void timers_check(const struct timers *timers);

#endif
