/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_ENGINE_ROSTER_H
#define GATEWAY_ENGINE_ROSTER_H

/*
 * The roster: which processes of the gateway are there
 *
 *     UNKNOWN ──hello──▶ TRUE ──dies──▶ FALSE            a process that dies is lost at once
 *        ▲  └─ 5 s ─▶ FALSE  └─goodbye─▶ UNKNOWN         one that was told to stop, if it stays away
 *        └── start of the engine
 *
 * Real time: how long a process takes to start has nothing to do with `--clock`.
 */

#include "rules/limits.h"
#include "rules/reading.h"

/* How long a component that should be there may be unknown. */
#define ROSTER_PATIENCE_NS (5 * NS_PER_S)

struct roster {
    uint32_t count;
    uint8_t present[LIMIT_COMPONENTS];   /* enum truth */
    uint64_t doubt_ns[LIMIT_COMPONENTS]; /* since when an unknown one has been missing */
};

/* All are unknown from `now_ns` on. */
void roster_init(struct roster *roster, uint32_t count, uint64_t now_ns);

void roster_join(struct roster *roster, uint32_t component);
void roster_leave(struct roster *roster, uint32_t component, bool clean, uint64_t now_ns);

/* One component that has been unknown for too long becomes missing and is returned; else `count`. */
uint32_t roster_expire(struct roster *roster, uint64_t now_ns);

#endif
