/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_CONSOLE_REPEATS_H
#define GATEWAY_CONSOLE_REPEATS_H

/*
 * What was signed a moment ago, and may be asked once more
 *
 * A browser sends a POST again by itself when the connection closed before the answer (RFC 9112 9.3.1), and people press
 * again. Commands to alarms are refused the second time; nothing refuses that a shift is taken over twice. So the same
 * person with the same shift and note is the same takeover for REPEATS_S, and whoever repeats it hears what became of
 * the first. Kept in memory: one that comes to another console process is another takeover.
 */

#include "gateway/takeover.h"

enum {
    REPEATS_S = 60,
    /* The oldest gives way. So many people do not take over within a minute. */
    REPEATS_MAX = 16,
};

struct repeat {
    struct takeover takeover;
    uint64_t number; /* under which it went to the engine; 0: free */
    uint64_t seq;    /* of its event; 0: the engine has not answered yet */
    uint64_t taken_real_ns;
};

struct repeats {
    struct repeat rows[REPEATS_MAX];
    uint32_t next;
};

/* The takeover that this one repeats, valid until the next call; NULL: it is the first. */
const struct repeat *repeats_find(const struct repeats *repeats, const struct takeover *takeover,
                                  uint64_t real_ns);

/* It went to the engine. */
void repeats_add(struct repeats *repeats, const struct takeover *takeover, uint64_t number,
                 uint64_t real_ns);

/* The engine recorded it as `seq`, or has not (0): then it may be signed again. A number that is not known is ignored. */
void repeats_settle(struct repeats *repeats, uint64_t number, uint64_t seq);

/* The engine is gone, and does not answer any more what it has not answered. */
void repeats_fail(struct repeats *repeats);

#endif
