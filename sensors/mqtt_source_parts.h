/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SENSORS_MQTT_SOURCE_PARTS_H
#define SENSORS_MQTT_SOURCE_PARTS_H

/*
 * The parts of an MQTT source, for its own files only
 *
 *     mqtt_source.c        the worker's connection: from one state to the next; birth and death
 *     mqtt_source_heard.c  what Paho's threads call: copy, ring, return
 *     mqtt_source_read.c   what the worker makes of the messages that wait: readings and notes
 */

#include <pthread.h>
#include <stdatomic.h>

#include "sensors/bell.h"
#include "sensors/message_queue.h"
#include "sensors/mqtt_source.h"
#include "sensors/paho.h"

enum source_state {
    SOURCE_IDLE,
    SOURCE_CONNECTING,
    SOURCE_SUBSCRIBING,
    SOURCE_LISTENING,
};

/* What Paho's callbacks tell the worker; set under the lock, taken and cleared by the worker. */
struct source_signals {
    bool connected;
    bool subscribed;
    bool failed; /* the connection or subscription attempt, or the connection that stood */
    bool gone;   /* the farewell is over */
    enum sensor_cause cause;
    char detail[SENSOR_DETAIL_SIZE];
};

struct mqtt_source {
    struct mqtt_source_conf conf;
    char uri[MQTT_SOURCE_URI_SIZE]; /* guarded by lock */
    bool tls;
    uint32_t *order; /* indexes of points, by topic */
    char **topics;   /* each topic once */
    int *qos;
    int topic_count;
    MQTTAsync client;

    pthread_mutex_t lock; /* guards what follows, up to the blank line */
    struct source_signals signals;
    struct message_queue *queue; /* a topic is the place of its first point in `order` */
    bool crowded;                /* a message found no place; of this topic was the last one: */
    uint32_t crowded_topic;
    struct mqtt_source_counts counts;

    /* the worker's own */
    enum source_state state;
    uint64_t due_ns;       /* next attempt, or the end of the present one */
    uint64_t heartbeat_ns; /* next heartbeat */
    uint64_t backoff_ns;
    uint64_t random;
    uint32_t failures; /* in a row */
    bool heard;        /* the devices have been told as answering */
    bool lost;         /* the devices have been told as lost */

    struct bell bell;
    atomic_bool stopping;
    bool started;
    pthread_t thread;
};

/* The topic of the point at `place` in `order`. */
const char *mqtt_source_topic(const struct mqtt_source *source, uint32_t place);

/* ---- mqtt_source_heard.c ---- */

/* For the calls of Paho that are named so; `context` is the source. */
void mqtt_source_on_connected(void *context, MQTTAsync_successData *data);
void mqtt_source_on_connect_failed(void *context, MQTTAsync_failureData *data);
void mqtt_source_on_subscribed(void *context, MQTTAsync_successData *data);
void mqtt_source_on_subscribe_failed(void *context, MQTTAsync_failureData *data);
void mqtt_source_on_lost(void *context, char *cause);
void mqtt_source_on_farewell(void *context, MQTTAsync_successData *data);
void mqtt_source_on_farewell_failed(void *context, MQTTAsync_failureData *data);
int mqtt_source_on_message(void *context, char *topic, int topic_len, MQTTAsync_message *message);

/* ---- mqtt_source_read.c ---- */

/* Read all messages that wait. By the worker, like the one below. */
void mqtt_source_read_queue(struct mqtt_source *source);

/* Note something of a device, or of a point of it. */
void mqtt_source_note(struct mqtt_source *source, enum sensor_note_kind kind,
                      enum sensor_cause cause, uint32_t device, uint32_t point, const char *detail);

#endif
