/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/keeper.h"

#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/apart.h"
#include "gateway/clock.h"
#include "gateway/log.h"

struct keeper {
    char *directory;
    pthread_t thread;
    pthread_mutex_t lock; /* guards what follows */
    pthread_cond_t changed;
    char *bytes; /* to be written; NULL: nothing is */
    size_t size;
    bool quits;
    bool ended;     /* the thread has nothing of this in hand any more */
    bool abandoned; /* … and frees it then itself */
};

static void keeper_release(struct keeper *keeper) {
    (void)pthread_cond_destroy(&keeper->changed);
    (void)pthread_mutex_destroy(&keeper->lock);
    free(keeper->bytes);
    free(keeper->directory);
    free(keeper);
}

/* ---- the thread ---- */

static void keeper_tell(const struct keeper *keeper, int r, bool told) {
    char quoted[512];
    (void)log_quote(keeper->directory, quoted, sizeof quoted);
    if (r == 0) {
        log_line(
            LOG_INFO, "site_kept",
            "state=%s effect=\"should the site file be wrong at a start, all rooms are watched "
            "by the site that is in force now\"",
            quoted);
    } else if (!told) {
        log_line(
            LOG_ERROR, "site_not_kept",
            "state=%s error=\"%s\" effect=\"all rooms are watched; but should the site file be wrong "
            "at the next start, an older site is used, or none\" advice=\"make room on the disk and "
            "the directory writable; it is tried every %d s\"",
            quoted, strerror(-r), KEEPER_RETRY_MS / 1000);
    }
}

/* Wait until it is time to try again, or there is something newer, or nothing to be tried at all. */
static void keeper_rest(struct keeper *keeper, const char *tried) {
    const struct timespec again = clock_real_after(KEEPER_RETRY_MS * NS_PER_MS);
    int r = 0;
    while (r == 0 && keeper->bytes == tried && !keeper->quits) {
        r = pthread_cond_timedwait(&keeper->changed, &keeper->lock, &again);
    }
}

/* Try to write what there is, without the lock. Returns whether it failed. */
static bool keeper_try(struct keeper *keeper, bool told) {
    char *bytes = keeper->bytes;
    size_t size = keeper->size;
    keeper->bytes = NULL;
    (void)pthread_mutex_unlock(&keeper->lock);
    int r = apart_write(keeper->directory, bytes, size);
    keeper_tell(keeper, r, told);
    (void)pthread_mutex_lock(&keeper->lock);
    if (r == 0 || keeper->bytes != NULL || keeper->quits) {
        free(bytes);
    } else {
        keeper->bytes = bytes;
        keeper->size = size;
    }
    return r != 0;
}

static void *keeper_run(void *context) {
    struct keeper *keeper = context;
    bool failing = false;
    (void)pthread_mutex_lock(&keeper->lock);
    while (keeper->bytes != NULL || !keeper->quits) {
        if (keeper->bytes == NULL) {
            (void)pthread_cond_wait(&keeper->changed, &keeper->lock);
            continue;
        }
        failing = keeper_try(keeper, failing);
        if (failing && keeper->bytes != NULL) {
            keeper_rest(keeper, keeper->bytes);
        }
    }
    bool abandoned = keeper->abandoned;
    keeper->ended = true;
    (void)pthread_cond_broadcast(&keeper->changed);
    (void)pthread_mutex_unlock(&keeper->lock);
    if (abandoned) {
        keeper_release(keeper);
    }
    return NULL;
}

/* ---- the others' side ---- */

static int keeper_init(struct keeper *keeper) {
    pthread_condattr_t attributes;
    int r = pthread_mutex_init(&keeper->lock, NULL);
    if (r == 0) {
        r = pthread_condattr_init(&attributes);
    }
    if (r == 0) {
        r = pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    }
    if (r == 0) {
        r = pthread_cond_init(&keeper->changed, &attributes);
        (void)pthread_condattr_destroy(&attributes);
    }
    return r == 0 ? 0 : err_origin(-r);
}

/* A thread that no signal is delivered to: they are the loop's. */
static int keeper_start(struct keeper *keeper) {
    sigset_t all;
    sigset_t before;
    (void)sigfillset(&all);
    (void)pthread_sigmask(SIG_SETMASK, &all, &before);
    int r = pthread_create(&keeper->thread, NULL, keeper_run, keeper);
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    return r == 0 ? 0 : err_origin(-r);
}

int keeper_new(const char *directory, struct keeper **ret_keeper) {
    struct keeper *keeper = calloc(1, sizeof *keeper);
    if (keeper == NULL) {
        return err_origin(-ENOMEM);
    }
    keeper->directory = strdup(directory);
    int r = keeper->directory != NULL ? keeper_init(keeper) : err_origin(-ENOMEM);
    if (r == 0) {
        r = keeper_start(keeper);
    }
    if (r != 0) {
        free(keeper->directory);
        free(keeper);
        return r;
    }
    *ret_keeper = keeper;
    return 0;
}

void keeper_keep(struct keeper *keeper, char *bytes, size_t size) {
    (void)pthread_mutex_lock(&keeper->lock);
    free(keeper->bytes);
    keeper->bytes = bytes;
    keeper->size = size;
    (void)pthread_cond_broadcast(&keeper->changed);
    (void)pthread_mutex_unlock(&keeper->lock);
}

struct keeper *keeper_free(struct keeper *keeper) {
    if (keeper == NULL) {
        return NULL;
    }
    const struct timespec until = clock_real_after(KEEPER_STOP_MS * NS_PER_MS);
    int r = 0;
    (void)pthread_mutex_lock(&keeper->lock);
    keeper->quits = true;
    (void)pthread_cond_broadcast(&keeper->changed);
    while (r == 0 && !keeper->ended) {
        r = pthread_cond_timedwait(&keeper->changed, &keeper->lock, &until);
    }
    pthread_t thread = keeper->thread;
    bool ended = keeper->ended;
    keeper->abandoned = !ended; /* a disk that hangs has the thread, and what it works on */
    (void)pthread_mutex_unlock(&keeper->lock);
    if (ended) {
        (void)pthread_join(thread, NULL);
        keeper_release(keeper);
    } else {
        (void)pthread_detach(thread);
    }
    return NULL;
}
