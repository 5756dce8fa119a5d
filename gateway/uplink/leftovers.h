/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_UPLINK_LEFTOVERS_H
#define GATEWAY_UPLINK_LEFTOVERS_H

/*
 * Leftovers: topics of alarms, points and announcements that are no longer
 *
 * The broker tells at the start of a session what it holds. What is of no alarm of the site would say
 * "active, unacknowledged" for ever, and what is of no point "good", so it is emptied; but just then everything else is published as
 * well, so each waits here until there is room. When more are told than may wait, the broker is to be
 * asked once more after those that do.
 *
 * Pure but for its memory: the caller publishes.
 */

#include <stdbool.h>
#include <stdint.h>

#include "gateway/err.h"

enum {
    /* A hundred bytes each; more is a site that was exchanged for another with half its alarms open. */
    LEFTOVERS_MAX = 512,
};

/* Real time between two questions: a broker that refuses to empty them is not to be asked without end. */
#define LEFTOVERS_ASK_NS (60 * NS_PER_S)

struct leftovers {
    char *topics[LEFTOVERS_MAX]; /* a ring, oldest first */
    uint32_t first, count;
    bool ask;             /* some were not kept */
    uint64_t ask_real_ns; /* not before */
    uint64_t missed;      /* that were not kept, ever */
};

/* All zero is empty. Forget those that wait: a session ends, and the next one tells of them again. */
void leftovers_clear(struct leftovers *leftovers);

/* The broker holds something under `topic`, which is copied. */
void leftovers_add(struct leftovers *leftovers, const char *topic);

/* The broker holds more than could be told. */
void leftovers_miss(struct leftovers *leftovers);

/* The one to be emptied next, until it is dropped; NULL when none waits. */
const char *leftovers_next(const struct leftovers *leftovers);
void leftovers_drop(struct leftovers *leftovers);

/* Is the broker to be asked again now? Then that counts as done. */
bool leftovers_asks(struct leftovers *leftovers, uint64_t real_ns);

#endif
