/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/uplink/flights.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

void flights_add(struct flights *flights, const struct flight *flight) {
    uint32_t at = 0;
    while (flights->slots[at].used) {
        at++;
        assert(at < MQTT_LINK_WINDOW_MAX);
    }
    (void)snprintf(flights->topics[at], FLIGHT_TOPIC_SIZE, "%s", flight->topic);
    flights->slots[at] = *flight;
    flights->slots[at].used = true;
    flights->slots[at].topic = flights->topics[at];
    flights->count++;
}

bool flights_take(struct flights *flights, uint32_t key, struct flight *ret_flight) {
    for (uint32_t i = 0; i < MQTT_LINK_WINDOW_MAX; i++) {
        struct flight *flight = &flights->slots[i];
        if (flight->used && flight->key == key) {
            *ret_flight = *flight;
            flight->used = false;
            flights->count--;
            return true;
        }
    }
    return false;
}

void flights_forget(struct flights *flights) {
    memset(flights, 0, sizeof *flights);
}

bool flights_overdue(const struct flights *flights, uint64_t now_ns) {
    for (uint32_t i = 0; i < MQTT_LINK_WINDOW_MAX; i++) {
        if (flights->slots[i].used && now_ns >= flights->slots[i].deadline_ns) {
            return true;
        }
    }
    return false;
}

uint32_t flights_largest(const struct flights *flights) {
    uint32_t largest = 0;
    for (uint32_t i = 0; i < MQTT_LINK_WINDOW_MAX; i++) {
        if (flights->slots[i].used && flights->slots[i].size > largest) {
            largest = flights->slots[i].size;
        }
    }
    return largest;
}
