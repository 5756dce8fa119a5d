/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_SUPPORT_FAKE_BROKER_H
#define TESTS_SUPPORT_FAKE_BROKER_H

/*
 * A broker that misbehaves as told, where mosquitto cannot
 *
 * Speaks as much of MQTT 3.1.1 and 5 as one client needs: it takes what is published and keeps
 * nothing. It serves one connection at a time in a thread of its own, until it is freed.
 */

#include <pthread.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

struct fake_broker {
    char address[48]; /* "tcp://127.0.0.1:<port>" */
    /* Set before fake_broker_start(). */
    unsigned char properties[32]; /* of its CONNACK, in MQTT 5 */
    uint8_t properties_size;
    uint8_t refusal;       /* the reason it refuses t/event… with; 0: takes it */
    atomic_uint refusals;  /* … so many times; may be changed while it runs */
    atomic_bool mute;      /* answers nothing that is published; likewise */
    uint32_t size_max;     /* ends the connection at a larger packet; 0: takes it */
    uint8_t goodbye;       /* the reason that it says then (MQTT 5); 0: says nothing */
    uint8_t after_connack; /* says this reason and closes when it has welcomed; 0: does not */
    /* What happened so far. */
    atomic_uint sessions, events, too_large, retained; /* retained: messages that it is to hold */
    pthread_t thread;
    int listener;
    atomic_int connection;
    atomic_bool ending;
};

/* Prepare one that takes everything. */
void fake_broker_init(struct fake_broker *broker);

/* The same with `size` bytes of properties in its CONNACK. */
void fake_broker_init_with(struct fake_broker *broker, const void *properties, size_t size);

void fake_broker_start(struct fake_broker *broker);
void fake_broker_free(struct fake_broker *broker);

#endif
