/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/uplink/reconnect.h"

#include <assert.h>

/* Doubling more often would only overflow; the longest wait is long reached. */
enum { RECONNECT_DOUBLINGS_MAX = 16 };

void reconnect_init(struct reconnect *reconnect, uint32_t broker_count, uint32_t min_ms,
                    uint32_t max_ms, uint32_t steady_ms, uint64_t seed) {
    assert(broker_count > 0);
    assert(min_ms > 0 && min_ms <= max_ms);
    *reconnect = (struct reconnect){
        .broker_count = broker_count,
        .min_ms = min_ms,
        .max_ms = max_ms,
        .steady_ms = steady_ms,
        .random = seed | 1,
    };
}

/* xorshift64*: good enough to spread gateways, and the same everywhere for a test. */
static uint64_t reconnect_random(struct reconnect *reconnect) {
    uint64_t x = reconnect->random;
    x ^= x >> 12;
    x ^= x << 25;
    x ^= x >> 27;
    reconnect->random = x;
    return (x * 0x2545f4914f6cdd1dull) >> 16;
}

uint32_t reconnect_failed(struct reconnect *reconnect, uint64_t held_ms) {
    if (held_ms >= reconnect->steady_ms) {
        reconnect->broker = 0;
        reconnect->rounds = 0;
    } else {
        reconnect->broker = (reconnect->broker + 1) % reconnect->broker_count;
        if (reconnect->broker != 0) {
            return 0;
        }
        if (reconnect->rounds < RECONNECT_DOUBLINGS_MAX) {
            reconnect->rounds++;
        }
    }
    uint64_t longest_ms = (uint64_t)reconnect->min_ms << reconnect->rounds;
    if (longest_ms > reconnect->max_ms) {
        longest_ms = reconnect->max_ms;
    }
    uint64_t spread_ms = longest_ms - reconnect->min_ms + 1;
    return (uint32_t)(reconnect->min_ms + reconnect_random(reconnect) % spread_ms);
}

uint32_t reconnect_limit_s(const struct reconnect *reconnect, uint32_t limit_s,
                           uint32_t limit_s_max) {
    uint64_t limit = (uint64_t)limit_s << reconnect->rounds;
    uint32_t longest = limit_s > limit_s_max ? limit_s : limit_s_max;
    return limit < longest ? (uint32_t)limit : longest;
}

uint32_t reconnect_taken_over(struct reconnect *reconnect, uint64_t held_ms) {
    if (held_ms > (uint64_t)reconnect->max_ms * RECONNECT_YIELD_MAX) {
        reconnect->yields = 0;
    }
    if (reconnect->yields < RECONNECT_YIELD_MAX - 1) {
        reconnect->yields++;
    }
    uint64_t wait_ms = (uint64_t)reconnect->max_ms * reconnect->yields;
    return (uint32_t)(wait_ms + reconnect_random(reconnect) % ((uint64_t)reconnect->max_ms + 1));
}
