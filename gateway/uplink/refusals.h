/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_UPLINK_REFUSALS_H
#define GATEWAY_UPLINK_REFUSALS_H

/*
 * What the broker refuses, as people are told of it
 *
 * Each topic is told of when it is refused first, and every ten minutes while it goes on, with the
 * reason and what to do about it. At most REFUSALS_MAX topics are told of in ten minutes: what one
 * access list forbids may be the topics of a thousand alarms, and the first few say it all.
 */

#include <stdbool.h>
#include <stdint.h>

#include "gateway/uplink/flights.h"

enum { REFUSALS_MAX = 16 };

#define REFUSALS_TELL_NS (UINT64_C(600) * 1000 * 1000 * 1000)

struct refusals_topic {
    char topic[FLIGHT_TOPIC_SIZE];
    uint64_t told_ns;
    uint64_t times; /* refused since it was told of */
};

/* Begins as zeros. */
struct refusals {
    uint32_t count;
    struct refusals_topic topics[REFUSALS_MAX];
    uint64_t kept_back; /* of other topics, since a line was told */
};

/* What is told now. */
struct refusals_line {
    uint64_t times;     /* refused since the topic was told of before, this one included */
    uint64_t kept_back; /* refusals of topics that no line was told of */
};

/* A message under `topic` was refused, now. Is it to be told? */
bool refusals_note(struct refusals *refusals, const char *topic, uint64_t now_ns,
                   struct refusals_line *ret_line);

/* What to do about a reason code of MQTT 5, 2.4. */
const char *refusals_advice(int number);

#endif
