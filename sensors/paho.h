/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SENSORS_PAHO_H
#define SENSORS_PAHO_H

/*
 * A client of Paho as every part of sensors/ wants it
 *
 * Paho is a thin transport here: it keeps nothing, repeats nothing and never comes back by itself,
 * because its own ways of doing so lose messages or stop for good (eclipse/paho.mqtt.c#1202, #1210,
 * #1215). Its callbacks come on its thread, while it holds its lock; they only leave word.
 */

#include <stdbool.h>
#include <stdint.h>

#include <MQTTAsync.h>

enum {
    /* A link that is dead without saying so is noticed after two and a half times this. */
    PAHO_KEEPALIVE_S = 10,
    PAHO_CONNECT_S = 5,
};

/* Make a client that keeps nothing on disk. Returns 0 or -ENOMEM; `*ret_client` is NULL then. */
int paho_client_new(const char *uri, const char *client_id, void *context,
                    MQTTAsync_connectionLost *lost, MQTTAsync_messageArrived *arrived,
                    MQTTAsync *ret_client);

/*
 * Options of one attempt to connect by MQTT 3.1.1, with `context` for both callbacks.
 * `clean`: the broker forgets an earlier session. `in_flight`: messages without PUBACK at once.
 */
MQTTAsync_connectOptions paho_connect_options(bool clean, int in_flight,
                                              MQTTAsync_onSuccess *connected,
                                              MQTTAsync_onFailure *refused, void *context);

/* Options of a good-bye that takes at most `wait_ms`; see paho_connect_options(). */
MQTTAsync_disconnectOptions paho_leave_options(int wait_ms, MQTTAsync_onSuccess *left,
                                               MQTTAsync_onFailure *not_left, void *context);

#endif
