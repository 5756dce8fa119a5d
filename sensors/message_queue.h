/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SENSORS_MESSAGE_QUEUE_H
#define SENSORS_MESSAGE_QUEUE_H

/*
 * Message queue: what was published, until it is read
 *
 * One sensor that publishes without end must not push out the press of a button that shares its
 * broker. So a topic has a share of the queue, and the last places are kept for topics of which
 * nothing waits yet:
 *
 *     ┌──────────────────────────────┬─────────────────┐
 *     │ any topic, up to its share   │ one per topic   │
 *     └──────────────────────────────┴─────────────────┘
 *                 MESSAGE_QUEUE_MAX - MESSAGE_QUEUE_KEPT
 *
 * A message that finds no place takes that of the newest of its own topic: where the topic tells a
 * state, what waited longest and what is so now are read, and what lay between them is passed over.
 * Only when nothing of its topic waits, and the whole queue is full of others, is it thrown away
 * itself.
 *
 * Of moments (a card that was shown) each counts, and a broker that has kept them while nobody listened hands
 * over all at once. So they have a queue of the same form and another size beside it. All are taken in the order
 * in which they came.
 *
 * Not locked: its owner does that.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sensors/driver.h"

enum {
    MESSAGE_QUEUE_MAX = 512,
    MESSAGE_QUEUE_KEPT = 128,
    MESSAGE_QUEUE_SHARE = 64, /* of one topic */
    /* As many as are held for the engine (HOLDING_EVENTS_MAX); of one topic more than brokers keep by default. */
    MESSAGE_QUEUE_MOMENTS_MAX = 4096,
    MESSAGE_QUEUE_MOMENTS_KEPT = 256,
    MESSAGE_QUEUE_MOMENTS_SHARE = 2048,
    /* Their payloads together: a card takes a hundred bytes, and a stranger may send 80 times that. */
    MESSAGE_QUEUE_MOMENTS_BYTES = 4 * 1024 * 1024,
};

struct message {
    uint32_t topic; /* below `topic_count` */
    bool retained;
    bool moment; /* the same for all of a topic */
    struct wall arrival;
    uint32_t passed_over; /* how many of its topic this one has taken the place of */
    size_t size;
    /* Of these are in `payload`: all, or none where it is too long; set by the queue. */
    size_t held;
    char *payload;
};

struct message_queue;

/* Make one for topics 0 to `topic_count` - 1. NULL without memory. */
struct message_queue *message_queue_new(uint32_t topic_count);

/* Free it and what waits. Returns NULL. */
struct message_queue *message_queue_free(struct message_queue *queue);

enum message_fate {
    MESSAGE_QUEUED,
    MESSAGE_IN_PLACE, /* of the newest one of its topic, which is gone */
    MESSAGE_LOST,     /* no place, or no memory: nothing of it is kept */
};

/*
 * Add a copy of a message, whose `payload` is borrowed; `passed_over` and `held` are not looked at. Of
 * one that has more than `kept_max` bytes only its size is kept.
 */
enum message_fate message_queue_add(struct message_queue *queue, const struct message *message,
                                    size_t kept_max);

/* Take the oldest; the caller frees its payload. False when none waits. */
bool message_queue_take(struct message_queue *queue, struct message *ret_message);

#endif
