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

struct message_queue {
    struct message ring[MESSAGE_QUEUE_MAX];
    uint32_t first, count;
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

static bool queue_has_place(const struct message_queue *queue, const struct queue_topic *topic) {
    uint32_t open =
        topic->waiting == 0 ? MESSAGE_QUEUE_MAX : MESSAGE_QUEUE_MAX - MESSAGE_QUEUE_KEPT;
    return queue->count < open && topic->waiting < MESSAGE_QUEUE_SHARE;
}

enum message_fate message_queue_add(struct message_queue *queue, const struct message *message,
                                    size_t kept_max) {
    assert(message->topic < queue->topic_count);
    struct queue_topic *topic = &queue->topics[message->topic];
    bool place = queue_has_place(queue, topic);
    size_t kept = message->size <= kept_max ? message->size : 0;
    char *payload = place || topic->waiting > 0 ? malloc(kept + 1) : NULL;
    if (payload == NULL) {
        return MESSAGE_LOST;
    }
    if (kept > 0) {
        memcpy(payload, message->payload, kept);
    }
    uint32_t passed_over = 0;
    if (place) {
        topic->newest = (queue->first + queue->count++) % MESSAGE_QUEUE_MAX;
        topic->waiting++;
    } else {
        passed_over = queue->ring[topic->newest].passed_over + 1;
        free(queue->ring[topic->newest].payload);
    }
    queue->ring[topic->newest] = *message;
    queue->ring[topic->newest].payload = payload;
    queue->ring[topic->newest].passed_over = passed_over;
    return place ? MESSAGE_QUEUED : MESSAGE_IN_PLACE;
}

bool message_queue_take(struct message_queue *queue, struct message *ret_message) {
    if (queue->count == 0) {
        return false;
    }
    *ret_message = queue->ring[queue->first];
    queue->first = (queue->first + 1) % MESSAGE_QUEUE_MAX;
    queue->count--;
    queue->topics[ret_message->topic].waiting--;
    return true;
}
