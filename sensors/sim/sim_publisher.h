/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SENSORS_SIM_PUBLISHER_H
#define SENSORS_SIM_PUBLISHER_H

/*
 * The sensors' connection to a broker
 *
 * Paho's asynchronous client as a thin transport, trusted with as little as possible (its known
 * defects decide the shape): one client for life, no reconnecting of its own, no persistence, no
 * queue of its own. Its callbacks run on its thread under its lock; they write one fixed-size note
 * into a pipe, which is the bounded queue and the wake-up in one, and the loop does the rest.
 *
 *     queued ──▶ in flight ──▶ acknowledged: forgotten
 *       ▲            │
 *       └────────────┘  the connection broke: sent again (QoS 1: possibly twice)
 *
 * A message that is sent while the broker is away waits; SIM_PUBLISHER_QUEUE_MAX of them do.
 */

#include <stdbool.h>
#include <stdint.h>

#include "sensors/sim/sim_error.h"

struct event_base;
struct sim_publisher;

enum {
    SIM_PUBLISHER_QUEUE_MAX = 256,
    SIM_PUBLISHER_IN_FLIGHT_MAX = 20,
};

struct sim_publisher_callbacks {
    /* The broker took us: tell it the present state. */
    void (*connected)(void *context);
    /* The connection broke, or could not be made; the first time in a row only. */
    void (*lost)(void *context, const char *reason);
    void *context;
};

/*
 * A client named `client_id` of the broker at `host`:`port`, connecting at once and, with back-off
 * of 100 ms to 5 s, again for as long as it lives. Callbacks run in the loop. Returns 0 or a
 * negative errno.
 */
SIM_NODISCARD int sim_publisher_new(struct event_base *base, const char *host, uint16_t port,
                                    const char *client_id,
                                    const struct sim_publisher_callbacks *callbacks,
                                    struct sim_publisher **ret_publisher);

/* Leave the broker, waiting at most a fifth of a second, and forget what is queued. */
struct sim_publisher *sim_publisher_free(struct sim_publisher *publisher);

/* Publish at QoS 1, not retained. Copies both. Returns 0, SIM_E_FULL or -ENOMEM. */
SIM_NODISCARD int sim_publisher_send(struct sim_publisher *publisher, const char *topic,
                                     const char *payload);

/* Leave the broker and stay away, or come back. What is queued meanwhile waits. */
void sim_publisher_switch(struct sim_publisher *publisher, bool on);

bool sim_publisher_is_connected(const struct sim_publisher *publisher);

#endif
