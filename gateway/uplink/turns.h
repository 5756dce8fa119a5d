/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_UPLINK_TURNS_H
#define GATEWAY_UPLINK_TURNS_H

/*
 * Turns: how often a chat is spoken to
 *
 * Its maker shuts out for minutes who sends more than some twenty messages in one. So each message takes
 * a turn; a few are there to begin with, and one more comes every now and then. The last of them are kept
 * for emergencies. What waits for its turn goes together with what comes meanwhile.
 *
 * Between any two instants a minute apart there are at most TURNS_MAX + 60 s / TURN_MS turns: 19.
 */

#include <stdbool.h>
#include <stdint.h>

enum {
    TURNS_MAX = 9,
    TURNS_FOR_EMERGENCIES = 3, /* of them */
    TURN_MS = 6000,            /* until one more comes, outside tests */
};

/* All zeros is one that was never used: all turns are there. */
struct turns {
    uint32_t taken;
    uint64_t since_ns; /* one of those that were taken comes back a turn's time after that */
    uint64_t shut_until_ns;
};

/*
 * Take a turn at `now_ns`, where one more comes every `turn_ms`: returns 0, or takes none and returns in how
 * many ms to ask again.
 */
uint32_t turns_take(struct turns *turns, uint32_t turn_ms, bool emergency, uint64_t now_ns);

/* It takes nothing before that time. */
void turns_shut(struct turns *turns, uint64_t until_ns);

#endif
