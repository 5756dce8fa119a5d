/* SPDX-License-Identifier: Apache-2.0 */
#include "sensors/message_queue.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

/* What waits of a topic. */
struct queue_topic {
    uint32_t waiting;
    uint32_t newest; /* its place, while one waits */
};

enum { RING_SIZE = MESSAGE_QUEUE_MAX + MESSAGE_QUEUE_MOMENTS_MAX };

/* States, or moments. */
struct queue_kind {
    uint32_t count;
    size_t bytes;
};

static const struct {
    uint32_t max, kept, share;
    size_t bytes;
} bounds[] = {
    [false] = {MESSAGE_QUEUE_MAX, MESSAGE_QUEUE_KEPT, MESSAGE_QUEUE_SHARE, SIZE_MAX},
    [true] = {MESSAGE_QUEUE_MOMENTS_MAX, MESSAGE_QUEUE_MOMENTS_KEPT, MESSAGE_QUEUE_MOMENTS_SHARE,
              MESSAGE_QUEUE_MOMENTS_BYTES},
};

struct message_queue {
    struct message ring[RING_SIZE];
    uint32_t first, count;
    struct queue_kind kinds[2];
    uint32_t topic_count;
    struct queue_topic topics[];
};

struct message_queue *message_queue_new(uint32_t topic_count) {
    struct message_queue *queue = calloc(1, sizeof *queue + topic_count * sizeof queue->topics[0]);
    if (queue != NULL) {
        queue->topic_count = topic_count;
    }
    return queue;
}

struct message_queue *message_queue_free(struct message_queue *queue) {
    struct message message;
    while (queue != NULL && message_queue_take(queue, &message)) {
        free(message.payload);
    }
    free(queue);
    return NULL;
}

static bool queue_has_place(const struct message_queue *queue, const struct queue_topic *topic,
                            bool moment, size_t size) {
    const struct queue_kind *kind = &queue->kinds[moment];
    uint32_t kept = topic->waiting == 0 ? 0 : bounds[moment].kept;
    return kind->count < bounds[moment].max - kept && topic->waiting < bounds[moment].share &&
           size <= bounds[moment].bytes - kind->bytes;
}

enum message_fate message_queue_add(struct message_queue *queue, const struct message *message,
                                    size_t kept_max) {
    assert(message->topic < queue->topic_count);
    struct queue_topic *topic = &queue->topics[message->topic];
    struct queue_kind *kind = &queue->kinds[message->moment];
    size_t held = message->size <= kept_max ? message->size : 0;
    bool place = queue_has_place(queue, topic, message->moment, held);
    char *payload = place || topic->waiting > 0 ? malloc(held + 1) : NULL;
    if (payload == NULL) {
        return MESSAGE_LOST;
    }
    if (held > 0) {
        memcpy(payload, message->payload, held);
    }
    uint32_t passed_over = 0;
    if (place) {
        topic->newest = (queue->first + queue->count++) % RING_SIZE;
        topic->waiting++;
        kind->count++;
    } else {
        passed_over = queue->ring[topic->newest].passed_over + 1;
        kind->bytes -= queue->ring[topic->newest].held;
        free(queue->ring[topic->newest].payload);
    }
    kind->bytes += held;
    queue->ring[topic->newest] = *message;
    queue->ring[topic->newest].held = held;
    queue->ring[topic->newest].payload = payload;
    queue->ring[topic->newest].passed_over = passed_over;
    return place ? MESSAGE_QUEUED : MESSAGE_IN_PLACE;
}

bool message_queue_take(struct message_queue *queue, struct message *ret_message) {
    if (queue->count == 0) {
        return false;
    }
    *ret_message = queue->ring[queue->first];
    queue->first = (queue->first + 1) % RING_SIZE;
    queue->count--;
    queue->kinds[ret_message->moment].count--;
    queue->kinds[ret_message->moment].bytes -= ret_message->held;
    queue->topics[ret_message->topic].waiting--;
    return true;
}
