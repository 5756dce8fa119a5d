/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/uplink/remote_intake.h"

#include <pthread.h>
#include <stdlib.h>

#include "gateway/clock.h"

struct remote_intake {
    pthread_mutex_t lock;
    uint32_t first, count;
    uint64_t second_ns;    /* when the present second began */
    uint32_t second_count; /* let in since */
    struct remote_intake_counts counts;
    struct remote_message ring[REMOTE_INTAKE_MAX];
};

int remote_intake_new(struct remote_intake **ret_intake) {
    struct remote_intake *intake = calloc(1, sizeof *intake);
    if (intake == NULL) {
        return err_origin(-ENOMEM);
    }
    int r = pthread_mutex_init(&intake->lock, NULL);
    if (r != 0) {
        free(intake);
        return err_origin(-r);
    }
    *ret_intake = intake;
    return 0;
}

struct remote_intake *remote_intake_free(struct remote_intake *intake) {
    if (intake != NULL) {
        (void)pthread_mutex_destroy(&intake->lock);
        free(intake);
    }
    return NULL;
}

static bool intake_has_room(struct remote_intake *intake, uint64_t real_ns) {
    if (real_ns - intake->second_ns >= NS_PER_S) {
        intake->second_ns = real_ns;
        intake->second_count = 0;
    }
    return intake->count < REMOTE_INTAKE_MAX && intake->second_count < REMOTE_INTAKE_PER_S;
}

bool remote_intake_put(struct remote_intake *intake, const struct remote_message *message,
                       uint64_t real_ns) {
    (void)pthread_mutex_lock(&intake->lock);
    bool room = intake_has_room(intake, real_ns);
    bool first = room && intake->count == 0;
    if (room) {
        intake->ring[(intake->first + intake->count) % REMOTE_INTAKE_MAX] = *message;
        intake->count++;
        intake->second_count++;
        intake->counts.taken++;
    } else {
        intake->counts.dropped++;
    }
    (void)pthread_mutex_unlock(&intake->lock);
    return first;
}

void remote_intake_retained(struct remote_intake *intake) {
    (void)pthread_mutex_lock(&intake->lock);
    intake->counts.retained++;
    (void)pthread_mutex_unlock(&intake->lock);
}

bool remote_intake_take(struct remote_intake *intake, struct remote_message *ret_message) {
    (void)pthread_mutex_lock(&intake->lock);
    bool found = intake->count > 0;
    if (found) {
        *ret_message = intake->ring[intake->first];
        intake->first = (intake->first + 1) % REMOTE_INTAKE_MAX;
        intake->count--;
    }
    (void)pthread_mutex_unlock(&intake->lock);
    return found;
}

struct remote_intake_counts remote_intake_counts(struct remote_intake *intake) {
    (void)pthread_mutex_lock(&intake->lock);
    struct remote_intake_counts counts = intake->counts;
    (void)pthread_mutex_unlock(&intake->lock);
    return counts;
}
