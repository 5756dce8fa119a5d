/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SENSORS_MQTT_SOURCE_H
#define SENSORS_MQTT_SOURCE_H

/*
 * MQTT source: sensors that publish to a broker
 *
 * One source is one broker connection: it subscribes to the topics of its points at QoS 1 and turns
 * what is published into readings. Its session is kept by the broker (MQTT 3.1.1, no clean session,
 * a client name that never changes), so what is published while the gateway restarts arrives
 * afterwards. 3.1.1, because every broker speaks it and a subscriber gains nothing from 5.
 *
 * Paho 1.3.12 is used as a thin transport. Its callbacks run under its own lock, so they only copy
 * into a bounded queue (message_queue.h) and ring; a worker thread of ours owns the client, parses, and reconnects by
 * itself: the library's own reconnection loses messages and stops on a clock step.
 *
 *           connect          subscribed
 *     IDLE ────────▶ CONNECTING ────▶ SUBSCRIBING ────────▶ LISTENING
 *       ▲ back-off, full jitter,  │ refused, too long │ refused   │ connection lost
 *       └── 500 ms to 30 s ───────┴───────────────────┴───────────┘
 *
 * While it is LISTENING its devices have a heartbeat each second: an event sensor that has nothing
 * to say is well as long as its broker is. After SCHEDULE_MISSES failures in a row they are lost.
 *
 * A message from which no value can be read puts its point in fault: whoever published it no longer
 * says what he said last. Where several points share a topic, one that a message leaves out while it
 * has a value of another stays as it is: many sensors publish only what has changed. An event point is
 * in fault until its next message that can be read: cards that nobody hears of open no door.
 *
 * A retained message is a state from before: taken for every point but event points, whose readings
 * are moments, and a moment happens once.
 */

#include "sensors/payload.h"

enum {
    MQTT_SOURCE_URI_SIZE = 300,
};

struct mqtt_source_point {
    uint32_t point;    /* index in the site */
    uint32_t device;   /* index in the site */
    const char *topic; /* without wildcards */
    bool event;        /* each message is a moment; retained ones are not taken */
    bool scan;         /* a moment that may be published long after it was */
    struct payload_format format;
};

struct mqtt_source_conf {
    const char *uri; /* "tcp://127.0.0.1:1883"; ssl:// with the system's authorities or `ca` */
    const char *client_id; /* unique at the broker, and always the same */
    const char *ca;        /* file of authorities, or NULL */
    const struct mqtt_source_point
        *points; /* borrowed, with their texts, until mqtt_source_free() */
    uint32_t point_count;
    const uint32_t *devices; /* indexes in the site; borrowed likewise */
    uint32_t device_count;
    struct sensor_sink sink;
};

struct mqtt_source_counts {
    uint64_t messages;    /* that arrived */
    uint64_t unknown;     /* on a topic that no point has; retained ones of event points */
    uint64_t overflowed;  /* passed over or thrown away because too many waited */
    uint64_t refused;     /* of a point: not the JSON expected, or no good value */
    uint64_t connections; /* times it was LISTENING */
};

struct mqtt_source;

/* Make a source; it does nothing yet. Copies what is not said to be borrowed. Returns 0 or -ENOMEM.
 */
SENSORS_NODISCARD int mqtt_source_new(const struct mqtt_source_conf *conf,
                                      struct mqtt_source **ret_source);

/* Start its thread. Returns 0 or the negative errno of pthread_create(). At most once. */
SENSORS_NODISCARD int mqtt_source_start(struct mqtt_source *source);

/* Connect to this URI from the next attempt on: a host name that was resolved. Any thread. */
void mqtt_source_address(struct mqtt_source *source, const char *uri);

void mqtt_source_counts(struct mqtt_source *source, struct mqtt_source_counts *ret_counts);

/* Ask the thread to end. Returns at once; the sink may still be called. */
void mqtt_source_stop(struct mqtt_source *source);

/* Stop, wait for the thread, release. Accepts NULL, returns NULL. */
struct mqtt_source *mqtt_source_free(struct mqtt_source *source);

#endif
