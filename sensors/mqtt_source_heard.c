/* SPDX-License-Identifier: Apache-2.0 */

/*
 * What Paho's threads call: copy, ring, return
 */
#include <stdio.h>
#include <string.h>

#include "sensors/mqtt_source_parts.h"

static void source_signal_failure(struct mqtt_source *source, enum sensor_cause cause,
                                  const char *detail, int code) {
    (void)pthread_mutex_lock(&source->lock);
    source->signals.failed = true;
    source->signals.cause = cause;
    (void)snprintf(source->signals.detail, sizeof source->signals.detail, "%s (%d)",
                   detail != NULL ? detail : "no reason given", code);
    (void)pthread_mutex_unlock(&source->lock);
    bell_ring(&source->bell);
}

void mqtt_source_on_connected(void *context, MQTTAsync_successData *data) {
    (void)data;
    struct mqtt_source *source = context;
    (void)pthread_mutex_lock(&source->lock);
    source->signals.connected = true;
    (void)pthread_mutex_unlock(&source->lock);
    bell_ring(&source->bell);
}

void mqtt_source_on_connect_failed(void *context, MQTTAsync_failureData *data) {
    source_signal_failure(context, SENSOR_CAUSE_UNREACHABLE,
                          data != NULL && data->message != NULL ? data->message : "no connection",
                          data != NULL ? data->code : 0);
}

/* The broker may grant a SUBSCRIBE and refuse single topics of it. */
static bool source_all_granted(const struct mqtt_source *source,
                               const MQTTAsync_successData *data) {
    if (source->topic_count == 1) {
        return data->alt.qos <= 2;
    }
    for (int i = 0; i < source->topic_count; i++) {
        if (data->alt.qosList[i] > 2) {
            return false;
        }
    }
    return true;
}

void mqtt_source_on_subscribed(void *context, MQTTAsync_successData *data) {
    struct mqtt_source *source = context;
    if (data != NULL && !source_all_granted(source, data)) {
        source_signal_failure(source, SENSOR_CAUSE_EXCEPTION,
                              "the broker does not let us read a topic", 128);
        return;
    }
    (void)pthread_mutex_lock(&source->lock);
    source->signals.subscribed = true;
    (void)pthread_mutex_unlock(&source->lock);
    bell_ring(&source->bell);
}

void mqtt_source_on_subscribe_failed(void *context, MQTTAsync_failureData *data) {
    source_signal_failure(context, SENSOR_CAUSE_EXCEPTION, "the broker refuses our topics",
                          data != NULL ? data->code : 0);
}

void mqtt_source_on_lost(void *context, char *cause) {
    source_signal_failure(context, SENSOR_CAUSE_CLOSED,
                          cause != NULL ? cause : "the connection was lost", 0);
}

void mqtt_source_on_farewell(void *context, MQTTAsync_successData *data) {
    (void)data;
    struct mqtt_source *source = context;
    (void)pthread_mutex_lock(&source->lock);
    source->signals.gone = true;
    (void)pthread_mutex_unlock(&source->lock);
    bell_ring(&source->bell);
}

void mqtt_source_on_farewell_failed(void *context, MQTTAsync_failureData *data) {
    (void)data;
    mqtt_source_on_farewell(context, NULL);
}

/* The place in `order` of the first point with this topic, or point_count. */
static uint32_t source_find(const struct mqtt_source *source, const char *topic, size_t len) {
    uint32_t low = 0, high = source->conf.point_count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        int order = strncmp(mqtt_source_topic(source, middle), topic, len);
        if (order == 0 && mqtt_source_topic(source, middle)[len] != '\0') {
            order = 1;
        }
        if (order < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    bool found = low < source->conf.point_count &&
                 strncmp(mqtt_source_topic(source, low), topic, len) == 0 &&
                 mqtt_source_topic(source, low)[len] == '\0';
    return found ? low : source->conf.point_count;
}

/* Is what comes on a topic, by its first point, a moment for one of its points? */
static bool source_tells_moments(const struct mqtt_source *source, uint32_t topic) {
    const char *text = mqtt_source_topic(source, topic);
    for (uint32_t i = topic;
         i < source->conf.point_count && strcmp(mqtt_source_topic(source, i), text) == 0; i++) {
        if (source->conf.points[source->order[i]].event) {
            return true;
        }
    }
    return false;
}

/* Put a copy into the queue; called with the lock. */
static void source_enqueue(struct mqtt_source *source, uint32_t topic,
                           const MQTTAsync_message *message, struct wall arrival) {
    const struct message copied = {
        .topic = topic,
        .retained = message->retained != 0,
        .moment = source_tells_moments(source, topic),
        .arrival = arrival,
        .size = message->payloadlen > 0 ? (size_t)message->payloadlen : 0,
        .payload = message->payload,
    };
    enum message_fate fate = message_queue_add(source->queue, &copied, PAYLOAD_SIZE_MAX);
    source->counts.overflowed += fate != MESSAGE_QUEUED;
    if (fate == MESSAGE_LOST) {
        source->crowded = true;
        source->crowded_topic = topic;
    }
}

int mqtt_source_on_message(void *context, char *topic, int topic_len, MQTTAsync_message *message) {
    struct mqtt_source *source = context;
    struct wall arrival = source->conf.sink.wall(source->conf.sink.context);
    size_t len = topic_len > 0 ? (size_t)topic_len : strlen(topic);
    uint32_t first = source_find(source, topic, len);
    (void)pthread_mutex_lock(&source->lock);
    source->counts.messages++;
    if (first == source->conf.point_count) {
        source->counts.unknown++;
    } else {
        source_enqueue(source, first, message, arrival);
    }
    (void)pthread_mutex_unlock(&source->lock);
    MQTTAsync_freeMessage(&message);
    MQTTAsync_free(topic);
    bell_ring(&source->bell);
    return 1;
}
