/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/sink_recorder.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { READINGS_MAX = 65536, NOTES_MAX = 4096, DEVICES_MAX = 64 };

struct sink_recorder {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    size_t reading_count, note_count;
    struct reading readings[READINGS_MAX];
    struct sensor_note notes[NOTES_MAX];
    uint64_t heartbeats[DEVICES_MAX];
};

static uint64_t recorder_ns(clockid_t clock) {
    struct timespec now;
    (void)clock_gettime(clock, &now);
    return (uint64_t)now.tv_sec * NS_PER_S + (uint64_t)now.tv_nsec;
}

static void recorder_on_reading(void *context, const struct reading *reading, uint64_t token) {
    (void)token;
    struct sink_recorder *recorder = context;
    (void)pthread_mutex_lock(&recorder->lock);
    if (recorder->reading_count < READINGS_MAX) {
        recorder->readings[recorder->reading_count++] = *reading;
    }
    (void)pthread_cond_broadcast(&recorder->changed);
    (void)pthread_mutex_unlock(&recorder->lock);
}

static void recorder_on_heartbeat(void *context, uint32_t device) {
    struct sink_recorder *recorder = context;
    (void)pthread_mutex_lock(&recorder->lock);
    recorder->heartbeats[device]++;
    (void)pthread_cond_broadcast(&recorder->changed);
    (void)pthread_mutex_unlock(&recorder->lock);
}

static void recorder_on_note(void *context, const struct sensor_note *note) {
    struct sink_recorder *recorder = context;
    (void)pthread_mutex_lock(&recorder->lock);
    if (recorder->note_count < NOTES_MAX) {
        recorder->notes[recorder->note_count++] = *note;
    }
    (void)pthread_cond_broadcast(&recorder->changed);
    (void)pthread_mutex_unlock(&recorder->lock);
}

static struct wall recorder_wall(void *context) {
    (void)context;
    return (struct wall){(int64_t)recorder_ns(CLOCK_REALTIME)};
}

static uint64_t recorder_real_ns(void *context) {
    (void)context;
    return recorder_ns(CLOCK_MONOTONIC);
}

struct sink_recorder *recorder_new(void) {
    struct sink_recorder *recorder = calloc(1, sizeof *recorder);
    if (recorder == NULL) {
        abort();
    }
    pthread_condattr_t attributes;
    (void)pthread_condattr_init(&attributes);
    (void)pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    (void)pthread_cond_init(&recorder->changed, &attributes);
    (void)pthread_condattr_destroy(&attributes);
    (void)pthread_mutex_init(&recorder->lock, NULL);
    return recorder;
}

void recorder_free(struct sink_recorder *recorder) {
    (void)pthread_cond_destroy(&recorder->changed);
    (void)pthread_mutex_destroy(&recorder->lock);
    free(recorder);
}

struct sensor_sink recorder_sink(struct sink_recorder *recorder) {
    return (struct sensor_sink){
        .reading = recorder_on_reading,
        .heartbeat = recorder_on_heartbeat,
        .note = recorder_on_note,
        .wall = recorder_wall,
        .real_ns = recorder_real_ns,
        .context = recorder,
    };
}

size_t recorder_readings(struct sink_recorder *recorder) {
    (void)pthread_mutex_lock(&recorder->lock);
    size_t count = recorder->reading_count;
    (void)pthread_mutex_unlock(&recorder->lock);
    return count;
}

struct reading recorder_reading(struct sink_recorder *recorder, size_t index) {
    (void)pthread_mutex_lock(&recorder->lock);
    struct reading reading = recorder->readings[index];
    (void)pthread_mutex_unlock(&recorder->lock);
    return reading;
}

uint64_t recorder_heartbeats(struct sink_recorder *recorder, uint32_t device) {
    (void)pthread_mutex_lock(&recorder->lock);
    uint64_t count = recorder->heartbeats[device];
    (void)pthread_mutex_unlock(&recorder->lock);
    return count;
}

/* The place of the `count`th note of a kind, or note_count; with the lock. */
static size_t recorder_find_note(const struct sink_recorder *recorder, enum sensor_note_kind kind,
                                 size_t count) {
    for (size_t i = 0; i < recorder->note_count; i++) {
        if (recorder->notes[i].kind == kind && --count == 0) {
            return i;
        }
    }
    return recorder->note_count;
}

size_t recorder_notes(struct sink_recorder *recorder, enum sensor_note_kind kind) {
    (void)pthread_mutex_lock(&recorder->lock);
    size_t count = 0;
    for (size_t i = 0; i < recorder->note_count; i++) {
        count += recorder->notes[i].kind == kind;
    }
    (void)pthread_mutex_unlock(&recorder->lock);
    return count;
}

bool recorder_saw_value(struct sink_recorder *recorder, double value) {
    bool saw = false;
    (void)pthread_mutex_lock(&recorder->lock);
    for (size_t i = 0; i < recorder->reading_count; i++) {
        saw = saw || recorder->readings[i].value == value;
    }
    (void)pthread_mutex_unlock(&recorder->lock);
    return saw;
}

/* Wait for a change or 5 ms, with the lock; fails the test after the deadline. */
static void recorder_wait(struct sink_recorder *recorder, uint64_t began_ns, const char *what) {
    uint64_t now_ns = recorder_ns(CLOCK_MONOTONIC);
    if (now_ns - began_ns > RECORDER_DEADLINE_S * NS_PER_S) {
        (void)fprintf(stderr, "waited in vain for %s\n", what);
        abort();
    }
    uint64_t until_ns = now_ns + 5 * NS_PER_MS;
    struct timespec until = {
        .tv_sec = (time_t)(until_ns / NS_PER_S),
        .tv_nsec = (long)(until_ns % NS_PER_S),
    };
    (void)pthread_cond_timedwait(&recorder->changed, &recorder->lock, &until);
}

size_t recorder_await_reading(struct sink_recorder *recorder, size_t from, uint32_t point,
                              enum quality quality, double value) {
    char what[96];
    (void)snprintf(what, sizeof what, "point %u with %s %g", point, quality_name(quality), value);
    uint64_t began_ns = recorder_ns(CLOCK_MONOTONIC);
    (void)pthread_mutex_lock(&recorder->lock);
    for (size_t i = from;; i++) {
        while (i >= recorder->reading_count) {
            recorder_wait(recorder, began_ns, what);
        }
        const struct reading *reading = &recorder->readings[i];
        if (reading->point == point && reading->quality == quality && reading->value == value) {
            (void)pthread_mutex_unlock(&recorder->lock);
            return i;
        }
    }
}

void recorder_await_heartbeats(struct sink_recorder *recorder, uint32_t device, uint64_t count) {
    uint64_t began_ns = recorder_ns(CLOCK_MONOTONIC);
    (void)pthread_mutex_lock(&recorder->lock);
    while (recorder->heartbeats[device] < count) {
        recorder_wait(recorder, began_ns, "heartbeats");
    }
    (void)pthread_mutex_unlock(&recorder->lock);
}

struct sensor_note recorder_await_note(struct sink_recorder *recorder, enum sensor_note_kind kind,
                                       size_t count) {
    uint64_t began_ns = recorder_ns(CLOCK_MONOTONIC);
    (void)pthread_mutex_lock(&recorder->lock);
    size_t index;
    while ((index = recorder_find_note(recorder, kind, count)) == recorder->note_count) {
        recorder_wait(recorder, began_ns, "a note");
    }
    struct sensor_note note = recorder->notes[index];
    (void)pthread_mutex_unlock(&recorder->lock);
    return note;
}

void recorder_await(struct sink_recorder *recorder, bool (*holds)(void *context), void *context,
                    const char *what) {
    uint64_t began_ns = recorder_ns(CLOCK_MONOTONIC);
    while (!holds(context)) {
        (void)pthread_mutex_lock(&recorder->lock);
        recorder_wait(recorder, began_ns, what);
        (void)pthread_mutex_unlock(&recorder->lock);
    }
}
