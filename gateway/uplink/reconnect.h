/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_UPLINK_RECONNECT_H
#define GATEWAY_UPLINK_RECONNECT_H

/*
 * When to try a broker again, and which
 *
 * Brokers are tried in the order of the site file; the first is the one wanted. After each round
 * without success the longest wait doubles, from `min_ms` to `max_ms`, and the wait itself is drawn
 * evenly from `min_ms` up to it (full jitter), so that a hundred gateways do not knock together
 * when a broker comes back. Within a round the next broker follows at once. A connection that was good
 * for `steady_ms` begins the count anew, at the first broker; one that broke sooner counts as a
 * failure, or a broker that accepts and closes would be met with a busy loop.
 *
 * How long a broker may take to answer doubles with each such round too: in the first, one that is away costs
 * little before the next is tried; in later ones, one that is slow is reached.
 */

#include <stdint.h>

struct reconnect {
    uint32_t broker_count;
    uint32_t min_ms, max_ms, steady_ms;
    uint32_t broker; /* the one to try next, or that is connected */
    uint32_t rounds; /* rounds without success */
    uint32_t yields; /* times in a row that the session was taken over */
    uint64_t random; /* state of the generator; never 0 */
};

/* Start before the first attempt. `broker_count` ≥ 1, 0 < min_ms ≤ max_ms; any seed. */
void reconnect_init(struct reconnect *reconnect, uint32_t broker_count, uint32_t min_ms,
                    uint32_t max_ms, uint32_t steady_ms, uint64_t seed);

/*
 * The attempt at `broker` failed, or its connection ended, which was good for `held_ms`. Moves on to the
 * next broker and returns how many milliseconds to wait before trying it.
 */
uint32_t reconnect_failed(struct reconnect *reconnect, uint64_t held_ms);

/*
 * How long the broker may take to answer in the present round: `limit_s`, doubled with each round before it
 * without success, up to `limit_s_max` or to itself if that is longer. All in seconds.
 */
uint32_t reconnect_limit_s(const struct reconnect *reconnect, uint32_t limit_s,
                           uint32_t limit_s_max);

/* The longest wait for a session that is taken over again and again, in `max_ms`. */
enum { RECONNECT_YIELD_MAX = 8 };

/*
 * Another client has taken our session over after `held_ms`. Stays with the broker and returns how
 * many milliseconds to wait: drawn from `max_ms` to twice that; as much more each time that it
 * happens again before the session held for longer than the longest wait. So two gateways of one
 * name do not take turns every second, and the one that was right is not lost for long.
 */
uint32_t reconnect_taken_over(struct reconnect *reconnect, uint64_t held_ms);

#endif
