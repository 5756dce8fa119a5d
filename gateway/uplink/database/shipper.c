/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The loop's side of the shipper: birth, death, and what is handed over
 */
#include <assert.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "gateway/uplink/database/shipper_parts.h"

enum {
    STEADY_MS = 10000, /* a database that took lines for so long was a good one */
};

struct timeval shipper_timeval(uint64_t ms) {
    return (struct timeval){.tv_sec = (time_t)(ms / 1000),
                            .tv_usec = (suseconds_t)(ms % 1000 * 1000)};
}

static void shipper_wake(struct shipper *shipper) {
    const uint64_t one = 1;
    ssize_t written = write(shipper->wake, &one, sizeof one);
    assert(written == (ssize_t)sizeof one); /* a counter of 64 bits is never full */
}

static void shipper_deinit(struct shipper *shipper) {
    struct event *const events[] = {shipper->woken, shipper->retry, shipper->slow, shipper->stop};
    struct batch *batch;
    for (size_t i = 0; i < sizeof events / sizeof *events; i++) {
        if (events[i] != NULL) {
            event_free(events[i]);
        }
    }
    while ((batch = shipper_take_batch(shipper)) != NULL) {
        (void)batch_free(batch);
    }
    shipper->transfers = transfers_free(shipper->transfers);
    shipper->journal = journal_reader_free(shipper->journal);
    depot_deinit(&shipper->depot);
    if (shipper->base != NULL) {
        event_base_free(shipper->base);
    }
    if (shipper->wake >= 0) {
        (void)close(shipper->wake);
    }
    (void)pthread_mutex_destroy(&shipper->lock);
    free(shipper);
}

static int shipper_make_events(struct shipper *shipper) {
    shipper->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    shipper->base = event_base_new();
    if (shipper->wake < 0 || shipper->base == NULL) {
        return err_origin(-ENOMEM);
    }
    struct event_base *base = shipper->base;
    shipper->woken = event_new(base, shipper->wake, EV_READ | EV_PERSIST, shipper_woken, shipper);
    shipper->retry = event_new(base, -1, 0, shipper_retry, shipper);
    shipper->slow = event_new(base, -1, 0, shipper_slow, shipper);
    shipper->stop = event_new(base, -1, 0, shipper_stop, shipper);
    if (shipper->woken == NULL || shipper->retry == NULL || shipper->slow == NULL ||
        shipper->stop == NULL || event_add(shipper->woken, NULL) != 0) {
        return err_origin(-ENOMEM);
    }
    return err_trace(transfers_new(base, ship_transfer_ended, shipper, &shipper->transfers));
}

/* A thread that no signal is delivered to: they are the loop's. */
static int shipper_start(struct shipper *shipper) {
    sigset_t all;
    sigset_t before;
    (void)sigfillset(&all);
    (void)pthread_sigmask(SIG_SETMASK, &all, &before);
    int error = pthread_create(&shipper->thread, NULL, shipper_run, shipper);
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    return error == 0 ? 0 : err_origin(-error);
}

int shipper_new(const struct shipper_conf *conf, struct shipper **ret_shipper) {
    struct shipper *shipper = calloc(1, sizeof *shipper);
    if (shipper == NULL) {
        return err_origin(-ENOMEM);
    }
    shipper->conf = *conf;
    shipper->wake = -1;
    depot_init(&shipper->depot, conf->directory, conf->spool_size);
    shipper->bytes_max = SIZE_MAX;
    shipper->stats.reachable = TRUTH_UNKNOWN;
    shipper->again_since.ns = INT64_MIN;
    (void)pthread_mutex_init(&shipper->lock, NULL);
    reconnect_init(&shipper->backoff, 1, conf->retry_ms_min, conf->retry_ms_max, STEADY_MS,
                   conf->seed);
    for (uint32_t i = 0; i < SHIP_COUNT; i++) {
        shipper->ships[i] = (struct ship){.shipper = shipper, .kind = (enum ship_kind)i};
    }
    int r = err_trace(journal_reader_new(conf->state_directory, &shipper->journal));
    if (r == 0) {
        r = shipper_make_events(shipper);
    }
    if (r == 0) {
        r = shipper_start(shipper);
    }
    if (r != 0) {
        shipper_deinit(shipper);
        return r;
    }
    *ret_shipper = shipper;
    return 0;
}

struct shipper *shipper_free(struct shipper *shipper) {
    if (shipper != NULL) {
        (void)pthread_mutex_lock(&shipper->lock);
        shipper->mailbox.stopping = true;
        (void)pthread_mutex_unlock(&shipper->lock);
        shipper_wake(shipper);
        (void)pthread_join(shipper->thread, NULL);
        shipper_deinit(shipper);
    }
    return NULL;
}

void shipper_hand(struct shipper *shipper, char *text, size_t size, uint32_t lines) {
    struct batch *batch = batch_new(text, size, lines);
    struct batch *dropped = NULL;
    assert(size > 0 && size <= SHIPPER_BATCH_BYTES_MAX);
    (void)pthread_mutex_lock(&shipper->lock);
    if (batch != NULL) {
        dropped = handed_add(&shipper->mailbox.handed, batch);
    }
    (void)pthread_mutex_unlock(&shipper->lock);
    shipper_lose(shipper, batch == NULL ? lines : dropped == NULL ? 0 : dropped->lines);
    (void)batch_free(dropped);
    if (batch == NULL) {
        free(text);
    }
    shipper_wake(shipper);
}

void shipper_welcome(struct shipper *shipper, uint64_t newest, uint64_t confirmed) {
    (void)pthread_mutex_lock(&shipper->lock);
    shipper->mailbox.journal_newest = newest;
    shipper->mailbox.journal_confirmed = confirmed;
    shipper->mailbox.welcomed = true;
    (void)pthread_mutex_unlock(&shipper->lock);
    shipper_wake(shipper);
}

void shipper_again(struct shipper *shipper, uint64_t after_seq, struct wall since) {
    (void)pthread_mutex_lock(&shipper->lock);
    shipper->mailbox.again = true;
    shipper->mailbox.again_after = after_seq;
    shipper->mailbox.again_since = since;
    shipper->mailbox.stats.again = true;
    (void)pthread_mutex_unlock(&shipper->lock);
    shipper_wake(shipper);
}

void shipper_journal(struct shipper *shipper, uint64_t newest) {
    (void)pthread_mutex_lock(&shipper->lock);
    bool grown = newest > shipper->mailbox.journal_newest;
    shipper->mailbox.journal_newest = grown ? newest : shipper->mailbox.journal_newest;
    (void)pthread_mutex_unlock(&shipper->lock);
    if (grown) {
        shipper_wake(shipper);
    }
}

void shipper_stats(struct shipper *shipper, struct shipper_stats *ret_stats) {
    (void)pthread_mutex_lock(&shipper->lock);
    *ret_stats = shipper->mailbox.stats;
    ret_stats->handed = shipper->mailbox.handed.count;
    ret_stats->lines_lost += shipper->mailbox.lost_lines;
    (void)pthread_mutex_unlock(&shipper->lock);
}
