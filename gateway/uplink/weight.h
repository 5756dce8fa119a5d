/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_UPLINK_WEIGHT_H
#define GATEWAY_UPLINK_WEIGHT_H

/*
 * The weight of this process, which the MQTT library lets grow
 *
 * The library loses some memory at each connection that breaks (its issue 1689). A new process has
 * none of it, and nothing is lost by one: what waits is in the journal. So when this one has grown
 * by WEIGHT_GROWTH_MAX since its first minute it ends at the next moment at which nothing is under
 * way, and by twice that it ends in any case; the supervisor starts another at once.
 */

#include <stdbool.h>
#include <stdint.h>

/* Some 24 MiB: far more than the tables and windows of a busy process take, far below a harm. */
#define WEIGHT_GROWTH_MAX (UINT64_C(24) << 20)

struct weight {
    uint64_t first_bytes; /* at the first look */
    uint64_t bytes;       /* at the last */
};

/* Bytes of this process that are in memory and its own; 0 when the system does not say. */
uint64_t weight_of_process(void);

/* Look at what it weighs now. Returns true when it shall end; `idle`: nothing is under way. */
bool weight_step(struct weight *weight, uint64_t bytes, bool idle);

#endif
