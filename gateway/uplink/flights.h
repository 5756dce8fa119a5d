/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_UPLINK_FLIGHTS_H
#define GATEWAY_UPLINK_FLIGHTS_H

/*
 * What has been sent over one line and is not answered yet, at most MQTT_LINK_WINDOW_MAX messages
 */

#include <stdbool.h>
#include <stdint.h>

#include "gateway/uplink/mqtt_link.h"

/* So much of a topic is kept, for people. */
enum { FLIGHT_TOPIC_SIZE = 256 };

struct flight {
    bool used;
    uint32_t key; /* the library's */
    uint64_t ticket;
    uint64_t deadline_ns;
    uint32_t size;     /* of its packet, at most */
    const char *topic; /* what is kept of it, until another is added */
};

/* Begins as zeros. */
struct flights {
    uint32_t count;
    struct flight slots[MQTT_LINK_WINDOW_MAX];
    char topics[MQTT_LINK_WINDOW_MAX][FLIGHT_TOPIC_SIZE];
};

/* Copies `flight`, and its topic. There is room: callers stay within the window. */
void flights_add(struct flights *flights, const struct flight *flight);

/* Take out the one with this key; false when there is none. */
bool flights_take(struct flights *flights, uint32_t key, struct flight *ret_flight);

void flights_forget(struct flights *flights);

/* Is one of them past its deadline? */
bool flights_overdue(const struct flights *flights, uint64_t now_ns);

/* The size of the largest; 0: there is none. */
uint32_t flights_largest(const struct flights *flights);

#endif
