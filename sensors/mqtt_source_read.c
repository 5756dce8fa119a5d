/* SPDX-License-Identifier: Apache-2.0 */

/*
 * What the worker makes of the messages that wait: readings and notes
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rules/limits.h"
#include "sensors/mqtt_source_parts.h"

void mqtt_source_note(struct mqtt_source *source, enum sensor_note_kind kind,
                      enum sensor_cause cause, uint32_t device, uint32_t point,
                      const char *detail) {
    struct sensor_note note = {.kind = kind, .cause = cause, .device = device, .point = point};
    (void)snprintf(note.detail, sizeof note.detail, "%s", detail);
    source->conf.sink.note(source->conf.sink.context, &note);
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
    mqtt_source_note(source, faulty ? SENSOR_VALUE_REFUSED : SENSOR_ANSWER_REFUSED, cause,
                     point->device, point->point, detail);
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
    mqtt_source_note(source, SENSOR_MOMENT_DOUBTED, SENSOR_CAUSE_NONE, point->device, point->point,
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
    const char *topic = mqtt_source_topic(source, message->topic);
    struct source_findings findings = {0};
    uint32_t end = message->topic;
    for (; end < source->conf.point_count && strcmp(mqtt_source_topic(source, end), topic) == 0;
         end++) {
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
    mqtt_source_note(source, SENSOR_TOPIC_CROWDED, SENSOR_CAUSE_NONE, point->device, point->point,
                     detail);
}

void mqtt_source_read_queue(struct mqtt_source *source) {
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
