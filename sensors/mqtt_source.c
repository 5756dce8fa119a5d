/* SPDX-License-Identifier: Apache-2.0 */
#include "sensors/mqtt_source.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sensors/mqtt_source_parts.h"
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

static uint64_t source_now_ns(const struct mqtt_source *source) {
    return source->conf.sink.real_ns(source->conf.sink.context);
}

const char *mqtt_source_topic(const struct mqtt_source *source, uint32_t place) {
    return source->conf.points[source->order[place]].topic;
}

static void source_note_all(struct mqtt_source *source, enum sensor_note_kind kind,
                            enum sensor_cause cause, const char *detail) {
    for (uint32_t i = 0; i < source->conf.device_count; i++) {
        mqtt_source_note(source, kind, cause, source->conf.devices[i], 0, detail);
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
    MQTTAsync_connectOptions options =
        paho_connect_options(false, SOURCE_IN_FLIGHT_MAX, mqtt_source_on_connected,
                             mqtt_source_on_connect_failed, source);
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
    options.onSuccess = mqtt_source_on_subscribed;
    options.onFailure = mqtt_source_on_subscribe_failed;
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
        SOURCE_FAREWELL_MS, mqtt_source_on_farewell, mqtt_source_on_farewell_failed, source);
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
        mqtt_source_read_queue(source);
        source_step(source);
        bell_sleep(&source->bell, source_sleep_ns(source));
    }
    if (source->state != SOURCE_IDLE) {
        source_farewell(source);
    }
    mqtt_source_read_queue(source);
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
        const char *topic = mqtt_source_topic(source, i);
        if (i > 0 && strcmp(topic, mqtt_source_topic(source, i - 1)) == 0) {
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
        r = paho_client_new(source->uri, conf->client_id, source, mqtt_source_on_lost,
                            mqtt_source_on_message, &source->client);
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
