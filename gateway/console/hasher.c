/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/console/hasher.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <event2/event.h>
#include <openssl/crypto.h>

/* A job, and in its place what it came to. */
struct slot {
    struct hasher_job job;
    bool same;
};

struct hasher {
    pthread_t thread;
    pthread_mutex_t mutex;
    pthread_cond_t asked_one;
    struct slot slots[HASHER_JOBS_MAX];
    /* Counts that only grow: told <= done <= asked <= told + HASHER_JOBS_MAX. */
    uint64_t asked, done, told;
    bool ends;
    int wake;
    struct event *woken;
    hasher_answered *answered;
    void *context;
};

static void slot_work(struct slot *slot) {
    struct hasher_job *job = &slot->job;
    size_t len = strlen(job->password);
    if (job->compares) {
        slot->same = password_is(job->password, len, job->hash);
    } else if (password_hash(job->password, len, job->hash) != 0) {
        job->hash[0] = '\0';
    }
    OPENSSL_cleanse(job->password, sizeof job->password);
}

static void *hasher_run(void *context) {
    struct hasher *hasher = context;
    (void)pthread_mutex_lock(&hasher->mutex);
    while (!hasher->ends) {
        if (hasher->done == hasher->asked) {
            (void)pthread_cond_wait(&hasher->asked_one, &hasher->mutex);
            continue;
        }
        struct slot *slot = &hasher->slots[hasher->done % HASHER_JOBS_MAX];
        (void)pthread_mutex_unlock(&hasher->mutex);
        slot_work(slot); /* nobody else touches a slot that is asked and not done */
        (void)pthread_mutex_lock(&hasher->mutex);
        hasher->done++;
        (void)eventfd_write(hasher->wake, 1);
    }
    (void)pthread_mutex_unlock(&hasher->mutex);
    return NULL;
}

/* Take the oldest that is done and not told. */
static bool hasher_take(struct hasher *hasher, struct slot *ret_slot) {
    (void)pthread_mutex_lock(&hasher->mutex);
    bool there = hasher->told < hasher->done;
    if (there) {
        struct slot *slot = &hasher->slots[hasher->told++ % HASHER_JOBS_MAX];
        *ret_slot = *slot;
        OPENSSL_cleanse(slot, sizeof *slot);
    }
    (void)pthread_mutex_unlock(&hasher->mutex);
    return there;
}

static void hasher_tell(evutil_socket_t fd, short what, void *context) {
    (void)what;
    struct hasher *hasher = context;
    struct slot slot;
    eventfd_t rings;
    (void)eventfd_read(fd, &rings);
    while (hasher_take(hasher, &slot)) {
        hasher->answered(hasher->context, slot.job.number, slot.same, slot.job.hash);
    }
    OPENSSL_cleanse(&slot, sizeof slot);
}

int hasher_new(struct event_base *base, hasher_answered *answered, void *context,
               struct hasher **ret_hasher) {
    struct hasher *hasher = calloc(1, sizeof *hasher);
    if (hasher == NULL) {
        return err_origin(-ENOMEM);
    }
    hasher->answered = answered;
    hasher->context = context;
    (void)pthread_mutex_init(&hasher->mutex, NULL);
    (void)pthread_cond_init(&hasher->asked_one, NULL);
    hasher->wake = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    int r = hasher->wake < 0 ? err_origin(-errno) : 0;
    if (r == 0) {
        hasher->woken = event_new(base, hasher->wake, EV_READ | EV_PERSIST, hasher_tell, hasher);
        r = hasher->woken == NULL || event_add(hasher->woken, NULL) != 0 ? err_origin(-ENOMEM) : 0;
    }
    if (r == 0) {
        r = -pthread_create(&hasher->thread, NULL, hasher_run, hasher);
    }
    if (r == 0) {
        *ret_hasher = hasher;
        return 0;
    }
    if (hasher->woken != NULL) {
        event_free(hasher->woken);
    }
    if (hasher->wake >= 0) {
        (void)close(hasher->wake);
    }
    free(hasher);
    return err_trace(r);
}

struct hasher *hasher_free(struct hasher *hasher) {
    if (hasher == NULL) {
        return NULL;
    }
    (void)pthread_mutex_lock(&hasher->mutex);
    hasher->ends = true;
    (void)pthread_cond_signal(&hasher->asked_one);
    (void)pthread_mutex_unlock(&hasher->mutex);
    (void)pthread_join(hasher->thread, NULL);
    event_free(hasher->woken);
    (void)close(hasher->wake);
    (void)pthread_cond_destroy(&hasher->asked_one);
    (void)pthread_mutex_destroy(&hasher->mutex);
    OPENSSL_cleanse(hasher->slots, sizeof hasher->slots);
    free(hasher);
    return NULL;
}

int hasher_ask(struct hasher *hasher, const struct hasher_job *job) {
    (void)pthread_mutex_lock(&hasher->mutex);
    bool full = hasher->asked - hasher->told == HASHER_JOBS_MAX;
    if (!full) {
        hasher->slots[hasher->asked++ % HASHER_JOBS_MAX] = (struct slot){.job = *job};
        (void)pthread_cond_signal(&hasher->asked_one);
    }
    (void)pthread_mutex_unlock(&hasher->mutex);
    return full ? HASHER_E_FULL : 0;
}
