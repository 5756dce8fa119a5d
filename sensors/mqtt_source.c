/* SPDX-License-Identifier: Apache-2.0 */
#include "sensors/mqtt_source.h"

#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rules/limits.h"
#include "sensors/bell.h"
#include "sensors/message_queue.h"
#include "sensors/paho.h"
#include "sensors/schedule.h"

enum {
    SOURCE_IN_FLIGHT_MAX = 10, /* subscriptions; it publishes nothing */
    /* At the end: how long the broker may take to accept the farewell. */
    SOURCE_FAREWELL_MS = 300,
};

/* Real time, in nanoseconds. */
#define SOURCE_BACKOFF_MIN_NS (NS_PER_S / 2)
#define SOURCE_BACKOFF_MAX_NS (30 * NS_PER_S)
/* Paho calls back within its own time-out; when it does not, the attempt is given up here. */
#define SOURCE_ATTEMPT_NS   (15 * NS_PER_S)
#define SOURCE_HEARTBEAT_NS (1 * NS_PER_S)

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

static uint64_t source_now_ns(const struct mqtt_source *source) {
    return source->conf.sink.real_ns(source->conf.sink.context);
}

static const char *source_topic(const struct mqtt_source *source, uint32_t place) {
    return source->conf.points[source->order[place]].topic;
}

/* ---- Paho's threads: copy, ring, return ---- */

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

static void source_on_connected(void *context, MQTTAsync_successData *data) {
    (void)data;
    struct mqtt_source *source = context;
    (void)pthread_mutex_lock(&source->lock);
    source->signals.connected = true;
    (void)pthread_mutex_unlock(&source->lock);
    bell_ring(&source->bell);
}

static void source_on_connect_failed(void *context, MQTTAsync_failureData *data) {
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

static void source_on_subscribed(void *context, MQTTAsync_successData *data) {
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

static void source_on_subscribe_failed(void *context, MQTTAsync_failureData *data) {
    source_signal_failure(context, SENSOR_CAUSE_EXCEPTION, "the broker refuses our topics",
                          data != NULL ? data->code : 0);
}

static void source_on_lost(void *context, char *cause) {
    source_signal_failure(context, SENSOR_CAUSE_CLOSED,
                          cause != NULL ? cause : "the connection was lost", 0);
}

static void source_on_farewell(void *context, MQTTAsync_successData *data) {
    (void)data;
    struct mqtt_source *source = context;
    (void)pthread_mutex_lock(&source->lock);
    source->signals.gone = true;
    (void)pthread_mutex_unlock(&source->lock);
    bell_ring(&source->bell);
}

static void source_on_farewell_failed(void *context, MQTTAsync_failureData *data) {
    (void)data;
    source_on_farewell(context, NULL);
}

/* The place in `order` of the first point with this topic, or point_count. */
static uint32_t source_find(const struct mqtt_source *source, const char *topic, size_t len) {
    uint32_t low = 0, high = source->conf.point_count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        int order = strncmp(source_topic(source, middle), topic, len);
        if (order == 0 && source_topic(source, middle)[len] != '\0') {
            order = 1;
        }
        if (order < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    bool found = low < source->conf.point_count &&
                 strncmp(source_topic(source, low), topic, len) == 0 &&
                 source_topic(source, low)[len] == '\0';
    return found ? low : source->conf.point_count;
}

/* Put a copy into the queue; called with the lock. */
static void source_enqueue(struct mqtt_source *source, uint32_t topic,
                           const MQTTAsync_message *message, struct wall arrival) {
    const struct message copied = {
        .topic = topic,
        .retained = message->retained != 0,
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

static int source_on_message(void *context, char *topic, int topic_len,
                             MQTTAsync_message *message) {
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

/* ---- the worker ---- */

static void source_note(struct mqtt_source *source, enum sensor_note_kind kind,
                        enum sensor_cause cause, uint32_t device, uint32_t point,
                        const char *detail) {
    struct sensor_note note = {.kind = kind, .cause = cause, .device = device, .point = point};
    (void)snprintf(note.detail, sizeof note.detail, "%s", detail);
    source->conf.sink.note(source->conf.sink.context, &note);
}

static void source_note_all(struct mqtt_source *source, enum sensor_note_kind kind,
                            enum sensor_cause cause, const char *detail) {
    for (uint32_t i = 0; i < source->conf.device_count; i++) {
        source_note(source, kind, cause, source->conf.devices[i], 0, detail);
    }
}

/* How a message's points have been read so far. */
struct source_findings {
    bool spoke;  /* it has a value of one of them */
    bool absent; /* … and nothing at all of another */
};

/* It has no good value of the point, which is in fault until there is one. */
static void source_refuse(struct mqtt_source *source, const struct mqtt_source_point *point,
                          const struct reading *reading, enum sensor_cause cause,
                          const char *detail) {
    bool faulty = reading->quality == QUALITY_FAULT;
    (void)pthread_mutex_lock(&source->lock);
    source->counts.refused++;
    (void)pthread_mutex_unlock(&source->lock);
    if (faulty) {
        source->conf.sink.reading(source->conf.sink.context, reading, 0);
    }
    source_note(source, faulty ? SENSOR_VALUE_REFUSED : SENSOR_ANSWER_REFUSED, cause, point->device,
                point->point, detail);
}

/*
 * Tell of a moment that nobody knows, or that is not now: the rules look back on it in vain. A guard's
 * scans may come long after theirs.
 */
static void source_doubt_moment(struct mqtt_source *source, const struct mqtt_source_point *point,
                                const struct reading *reading, struct wall arrival) {
    char detail[SENSOR_DETAIL_SIZE];
    int64_t off_ns = reading->measured.ns - arrival.ns;
    if (reading->quality == QUALITY_UNCERTAIN) {
        (void)snprintf(detail, sizeof detail, "its time at %s cannot be read", point->format.time);
    } else if ((uint64_t)llabs(off_ns) <= LIMIT_MOMENT_OFF_S * NS_PER_S ||
               (point->scan && off_ns < 0)) {
        return;
    } else {
        (void)snprintf(detail, sizeof detail, "its time is %lld s %s ours",
                       llabs(off_ns) / (int64_t)NS_PER_S, off_ns < 0 ? "behind" : "ahead of");
    }
    source_note(source, SENSOR_MOMENT_DOUBTED, SENSOR_CAUSE_NONE, point->device, point->point,
                detail);
}

/* Read one point from a message; what it leaves out waits until all others have been read. */
static void source_read_point(struct mqtt_source *source, const struct mqtt_source_point *point,
                              const struct message *message, struct source_findings *findings) {
    struct reading reading;
    char detail[SENSOR_DETAIL_SIZE];
    enum sensor_cause cause = payload_read(&point->format, message->payload, message->size,
                                           message->arrival, &reading, detail);
    reading.point = point->point;
    if (reading.quality == QUALITY_STALE) {
        findings->absent = true;
    } else if (cause != SENSOR_CAUSE_NONE) {
        source_refuse(source, point, &reading, cause, detail);
    } else {
        findings->spoke = true;
        source->conf.sink.reading(source->conf.sink.context, &reading, 0);
        if (point->event) {
            source_doubt_moment(source, point, &reading, message->arrival);
        }
    }
}

/* The same for a point that the message may leave out. */
static void source_read_absent(struct mqtt_source *source, const struct mqtt_source_point *point,
                               const struct message *message,
                               const struct source_findings *findings) {
    struct reading reading;
    char detail[SENSOR_DETAIL_SIZE];
    enum sensor_cause cause = payload_read(&point->format, message->payload, message->size,
                                           message->arrival, &reading, detail);
    if (reading.quality == QUALITY_STALE) {
        reading.point = point->point;
        reading.quality = findings->spoke ? QUALITY_STALE : QUALITY_FAULT;
        source_refuse(source, point, &reading, cause, detail);
    }
}

/* All points of the message's topic; each has its own pointers into the text. */
static void source_read_message(struct mqtt_source *source, const struct message *message) {
    const char *topic = source_topic(source, message->topic);
    struct source_findings findings = {0};
    uint32_t end = message->topic;
    for (; end < source->conf.point_count && strcmp(source_topic(source, end), topic) == 0; end++) {
        const struct mqtt_source_point *point = &source->conf.points[source->order[end]];
        if (point->event && message->retained) {
            (void)pthread_mutex_lock(&source->lock);
            source->counts.unknown++;
            (void)pthread_mutex_unlock(&source->lock);
            continue;
        }
        source_read_point(source, point, message, &findings);
    }
    for (uint32_t i = message->topic; findings.absent && i < end; i++) {
        const struct mqtt_source_point *point = &source->conf.points[source->order[i]];
        if (!point->event || !message->retained) {
            source_read_absent(source, point, message, &findings);
        }
    }
}

/* Take the oldest message that waits; and whether one found no place since, which is told but once. */
static bool source_dequeue(struct mqtt_source *source, struct message *ret_message,
                           bool *ret_crowded, uint32_t *ret_topic) {
    (void)pthread_mutex_lock(&source->lock);
    bool any = message_queue_take(source->queue, ret_message);
    *ret_crowded = source->crowded;
    *ret_topic = source->crowded_topic;
    source->crowded = false;
    (void)pthread_mutex_unlock(&source->lock);
    return any;
}

static void source_note_crowded(struct mqtt_source *source, uint32_t topic, const char *detail) {
    const struct mqtt_source_point *point = &source->conf.points[source->order[topic]];
    source_note(source, SENSOR_TOPIC_CROWDED, SENSOR_CAUSE_NONE, point->device, point->point,
                detail);
}

static void source_read_queue(struct mqtt_source *source) {
    struct message message;
    bool crowded;
    uint32_t topic;
    while (source_dequeue(source, &message, &crowded, &topic)) {
        source_read_message(source, &message);
        free(message.payload);
        if (message.passed_over > 0) {
            char detail[SENSOR_DETAIL_SIZE];
            (void)snprintf(detail, sizeof detail,
                           "faster than they are read: %" PRIu32 " messages passed over",
                           message.passed_over);
            source_note_crowded(source, message.topic, detail);
        }
        if (crowded) {
            source_note_crowded(source, topic, "thrown away: messages of others filled the queue");
        }
    }
}

/* xorshift64: spreads the reconnections of many gateways, nothing more. */
static uint64_t source_random(struct mqtt_source *source) {
    source->random ^= source->random << 13;
    source->random ^= source->random >> 7;
    source->random ^= source->random << 17;
    return source->random;
}

/* Wait a random part of a span that doubles: full jitter, and at least 50 ms. */
static void source_back_off(struct mqtt_source *source, uint64_t now_ns) {
    uint64_t span_ns = source->backoff_ns == 0 ? SOURCE_BACKOFF_MIN_NS : 2 * source->backoff_ns;
    source->backoff_ns = span_ns < SOURCE_BACKOFF_MAX_NS ? span_ns : SOURCE_BACKOFF_MAX_NS;
    uint64_t least_ns = 50 * NS_PER_MS;
    source->due_ns = now_ns + least_ns + source_random(source) % (source->backoff_ns - least_ns);
    source->state = SOURCE_IDLE;
}

/* The attempt, or the connection that stood, has failed. */
static void source_failed(struct mqtt_source *source, enum sensor_cause cause, const char *detail,
                          uint64_t now_ns) {
    if (source->state != SOURCE_IDLE && cause != SENSOR_CAUSE_CLOSED) {
        /* A half-made connection would otherwise go on beside the next one. */
        MQTTAsync_disconnectOptions farewell = MQTTAsync_disconnectOptions_initializer;
        (void)MQTTAsync_disconnect(source->client, &farewell);
    }
    source_back_off(source, now_ns);
    source->failures++;
    if (source->failures >= SCHEDULE_MISSES && !source->lost) {
        source->lost = true;
        source->heard = false;
        source_note_all(source, SENSOR_DEVICE_LOST, cause, detail);
    }
}

static void source_connect(struct mqtt_source *source, uint64_t now_ns) {
    char uri[MQTT_SOURCE_URI_SIZE];
    (void)pthread_mutex_lock(&source->lock);
    source->signals = (struct source_signals){0};
    memcpy(uri, source->uri, sizeof uri);
    (void)pthread_mutex_unlock(&source->lock);

    char *const uris[] = {uri};
    MQTTAsync_SSLOptions tls = MQTTAsync_SSLOptions_initializer;
    tls.verify = 1;
    tls.enableServerCertAuth = 1;
    tls.sslVersion = MQTT_SSL_VERSION_TLS_1_2;
    tls.trustStore = source->conf.ca;
    MQTTAsync_connectOptions options = paho_connect_options(
        false, SOURCE_IN_FLIGHT_MAX, source_on_connected, source_on_connect_failed, source);
    options.serverURIs = uris;
    options.serverURIcount = 1;
    /* Paho crashes on an ssl:// address without these (eclipse/paho.mqtt.c#1566). */
    options.ssl = source->tls ? &tls : NULL;

    source->state = SOURCE_CONNECTING;
    source->due_ns = now_ns + SOURCE_ATTEMPT_NS;
    int r = MQTTAsync_connect(source->client, &options);
    if (r != MQTTASYNC_SUCCESS) {
        source_failed(source, SENSOR_CAUSE_UNREACHABLE, MQTTAsync_strerror(r), now_ns);
    }
}

static void source_subscribe(struct mqtt_source *source, uint64_t now_ns) {
    MQTTAsync_responseOptions options = MQTTAsync_responseOptions_initializer;
    options.onSuccess = source_on_subscribed;
    options.onFailure = source_on_subscribe_failed;
    options.context = source;
    source->state = SOURCE_SUBSCRIBING;
    source->due_ns = now_ns + SOURCE_ATTEMPT_NS;
    int r = MQTTAsync_subscribeMany(source->client, source->topic_count, source->topics,
                                    source->qos, &options);
    if (r != MQTTASYNC_SUCCESS) {
        source_failed(source, SENSOR_CAUSE_UNREACHABLE, MQTTAsync_strerror(r), now_ns);
    }
}

static void source_listen(struct mqtt_source *source, uint64_t now_ns) {
    source->state = SOURCE_LISTENING;
    source->due_ns = UINT64_MAX;
    source->heartbeat_ns = now_ns;
    source->failures = 0;
    source->backoff_ns = 0;
    source->lost = false;
    (void)pthread_mutex_lock(&source->lock);
    source->counts.connections++;
    (void)pthread_mutex_unlock(&source->lock);
    if (!source->heard) {
        source->heard = true;
        source_note_all(source, SENSOR_DEVICE_ANSWERS, SENSOR_CAUSE_NONE, "");
    }
}

/* Follow the arrows of the header: first what the callbacks said, then what has become due. */
static void source_step(struct mqtt_source *source) {
    (void)pthread_mutex_lock(&source->lock);
    struct source_signals signals = source->signals;
    source->signals = (struct source_signals){0};
    (void)pthread_mutex_unlock(&source->lock);

    uint64_t now_ns = source_now_ns(source);
    if (signals.failed && source->state != SOURCE_IDLE) {
        source_failed(source, signals.cause, signals.detail, now_ns);
    } else if (signals.connected && source->state == SOURCE_CONNECTING) {
        source_subscribe(source, now_ns);
    } else if (signals.subscribed && source->state == SOURCE_SUBSCRIBING) {
        source_listen(source, now_ns);
    }

    if (now_ns >= source->due_ns) {
        if (source->state == SOURCE_IDLE) {
            source_connect(source, now_ns);
        } else {
            source_failed(source, SENSOR_CAUSE_TIMEOUT, "the broker does not answer", now_ns);
        }
    }
    if (source->state == SOURCE_LISTENING && now_ns >= source->heartbeat_ns) {
        for (uint32_t i = 0; i < source->conf.device_count; i++) {
            source->conf.sink.heartbeat(source->conf.sink.context, source->conf.devices[i]);
        }
        source->heartbeat_ns = now_ns + SOURCE_HEARTBEAT_NS;
    }
}

static uint64_t source_sleep_ns(const struct mqtt_source *source) {
    uint64_t until_ns = source->due_ns;
    if (source->state == SOURCE_LISTENING && source->heartbeat_ns < until_ns) {
        until_ns = source->heartbeat_ns;
    }
    uint64_t now_ns = source_now_ns(source);
    return until_ns > now_ns ? until_ns - now_ns : 0;
}

/* Say good-bye, so that the broker does not wait for our keep-alive; then the client can go. */
static void source_farewell(struct mqtt_source *source) {
    MQTTAsync_disconnectOptions farewell = paho_leave_options(
        SOURCE_FAREWELL_MS, source_on_farewell, source_on_farewell_failed, source);
    if (MQTTAsync_disconnect(source->client, &farewell) != MQTTASYNC_SUCCESS) {
        return;
    }
    uint64_t deadline_ns = source_now_ns(source) + SOURCE_FAREWELL_MS * NS_PER_MS;
    for (;;) {
        (void)pthread_mutex_lock(&source->lock);
        bool gone = source->signals.gone;
        (void)pthread_mutex_unlock(&source->lock);
        uint64_t now_ns = source_now_ns(source);
        if (gone || now_ns >= deadline_ns) {
            return;
        }
        bell_sleep(&source->bell, deadline_ns - now_ns);
    }
}

static void *source_run(void *context) {
    struct mqtt_source *source = context;
    source->random = source_now_ns(source) ^ (uint64_t)(uintptr_t)source;
    source->random |= 1;
    source->due_ns = source_now_ns(source);
    while (!atomic_load(&source->stopping)) {
        source_read_queue(source);
        source_step(source);
        bell_sleep(&source->bell, source_sleep_ns(source));
    }
    if (source->state != SOURCE_IDLE) {
        source_farewell(source);
    }
    source_read_queue(source);
    return NULL;
}

/* ---- birth and death ---- */

static int source_compare(const void *left, const void *right, void *context) {
    const struct mqtt_source_point *points = context;
    uint32_t a = *(const uint32_t *)left, b = *(const uint32_t *)right;
    int order = strcmp(points[a].topic, points[b].topic);
    return order != 0 ? order : (a > b) - (a < b);
}

/* Sort the points by topic, and list each topic once. */
static int source_index(struct mqtt_source *source) {
    uint32_t count = source->conf.point_count;
    source->order = calloc(count, sizeof *source->order);
    source->topics = calloc(count, sizeof *source->topics);
    source->qos = calloc(count, sizeof *source->qos);
    if (source->order == NULL || source->topics == NULL || source->qos == NULL) {
        return -ENOMEM;
    }
    for (uint32_t i = 0; i < count; i++) {
        source->order[i] = i;
    }
    qsort_r(source->order, count, sizeof *source->order, source_compare,
            (void *)(uintptr_t)source->conf.points);
    for (uint32_t i = 0; i < count; i++) {
        const char *topic = source_topic(source, i);
        if (i > 0 && strcmp(topic, source_topic(source, i - 1)) == 0) {
            continue;
        }
        source->qos[source->topic_count] = 1;
        source->topics[source->topic_count] = strdup(topic);
        if (source->topics[source->topic_count++] == NULL) {
            return -ENOMEM;
        }
    }
    return 0;
}

int mqtt_source_new(const struct mqtt_source_conf *conf, struct mqtt_source **ret_source) {
    struct mqtt_source *source = calloc(1, sizeof *source);
    if (source == NULL) {
        return -ENOMEM;
    }
    (void)pthread_mutex_init(&source->lock, NULL);
    source->conf = *conf;
    (void)snprintf(source->uri, sizeof source->uri, "%s", conf->uri);
    source->tls = strncmp(conf->uri, "ssl:", 4) == 0 || strncmp(conf->uri, "mqtts:", 6) == 0;
    source->queue = message_queue_new(conf->point_count);
    int r = source->queue == NULL ? -ENOMEM : source_index(source);
    if (r == 0) {
        r = paho_client_new(source->uri, conf->client_id, source, source_on_lost, source_on_message,
                            &source->client);
    }
    if (r != 0) {
        (void)mqtt_source_free(source);
        return r;
    }
    *ret_source = source;
    return 0;
}

int mqtt_source_start(struct mqtt_source *source) {
    int error = pthread_create(&source->thread, NULL, source_run, source);
    source->started = error == 0;
    return -error;
}

void mqtt_source_address(struct mqtt_source *source, const char *uri) {
    (void)pthread_mutex_lock(&source->lock);
    (void)snprintf(source->uri, sizeof source->uri, "%s", uri);
    (void)pthread_mutex_unlock(&source->lock);
}

void mqtt_source_counts(struct mqtt_source *source, struct mqtt_source_counts *ret_counts) {
    (void)pthread_mutex_lock(&source->lock);
    *ret_counts = source->counts;
    (void)pthread_mutex_unlock(&source->lock);
}

void mqtt_source_stop(struct mqtt_source *source) {
    atomic_store(&source->stopping, true);
    bell_ring(&source->bell);
}

struct mqtt_source *mqtt_source_free(struct mqtt_source *source) {
    if (source == NULL) {
        return NULL;
    }
    if (source->started) {
        mqtt_source_stop(source);
        (void)pthread_join(source->thread, NULL);
    }
    if (source->client != NULL) {
        MQTTAsync_destroy(&source->client);
    }
    source->queue = message_queue_free(source->queue);
    for (int i = 0; source->topics != NULL && i < source->topic_count; i++) {
        free(source->topics[i]);
    }
    free(source->topics);
    free(source->qos);
    free(source->order);
    (void)pthread_mutex_destroy(&source->lock);
    free(source);
    return NULL;
}
