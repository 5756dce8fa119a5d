/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The shipper's thread: when which ship sails, and its exchange with the loop
 */
#include <unistd.h>

#include "gateway/uplink/database/shipper_parts.h"

/* ---- the mailbox ---- */

struct batch *shipper_take_batch(struct shipper *shipper) {
    (void)pthread_mutex_lock(&shipper->lock);
    struct batch *batch = handed_take(&shipper->mailbox.handed);
    (void)pthread_mutex_unlock(&shipper->lock);
    return batch;
}

void shipper_return_batch(struct shipper *shipper, struct batch *batch) {
    (void)pthread_mutex_lock(&shipper->lock);
    struct batch *dropped = handed_return(&shipper->mailbox.handed, batch);
    (void)pthread_mutex_unlock(&shipper->lock);
    shipper_lose(shipper, dropped == NULL ? 0 : dropped->lines);
    (void)batch_free(dropped);
}

/* Everything handed over goes to the disk, as far as that works. */
static void shipper_spool_handed(struct shipper *shipper) {
    struct batch *batch;
    struct spool_place place;
    while ((batch = shipper_take_batch(shipper)) != NULL) {
        if (!depot_keep(&shipper->depot, batch->text, batch->size, batch->lines, &place)) {
            shipper_return_batch(shipper, batch);
            return;
        }
        (void)batch_free(batch);
    }
}

/* ---- the thread ---- */

/* Go back to `after_seq`. What is under way is written again too, for it says nothing of what is before. */
static void shipper_begin_again(struct shipper *shipper, uint64_t after_seq, struct wall since) {
    uint64_t confirmed = shipper->stats.events_confirmed;
    if (!shipper->stats.again || confirmed > shipper->again_until) {
        shipper->again_until = confirmed;
    }
    shipper->again_since = since;
    shipper->stats.again = true;
    shipper->stats.events_confirmed = after_seq < confirmed ? after_seq : confirmed;
    shipper->ships[SHIP_EVENTS].last_seq = 0;
}

/* Exchange with the loop: what it says, and what we know. */
static void shipper_exchange(struct shipper *shipper) {
    struct shipper_mailbox *mailbox = &shipper->mailbox;
    shipper->stats.spool = depot_stats(&shipper->depot);
    (void)pthread_mutex_lock(&shipper->lock);
    shipper->stats.lines_lost += mailbox->lost_lines;
    mailbox->lost_lines = 0;
    shipper->stopping = mailbox->stopping;
    if (mailbox->welcomed) {
        bool other = mailbox->journal_newest < shipper->stats.events_confirmed;
        shipper->stats.again = shipper->stats.again && !other;
        if (other || (!shipper->stats.again &&
                      mailbox->journal_confirmed > shipper->stats.events_confirmed)) {
            shipper->stats.events_confirmed = mailbox->journal_confirmed;
        }
        shipper->welcomed = true;
        mailbox->welcomed = false;
    }
    shipper->journal_newest = mailbox->journal_newest;
    if (mailbox->again && shipper->welcomed) {
        shipper_begin_again(shipper, mailbox->again_after, mailbox->again_since);
        mailbox->again = false;
    }
    bool again = mailbox->again ||
                 (shipper->stats.again && shipper->stats.events_confirmed < shipper->again_until);
    shipper->stats.again = again;
    mailbox->stats = shipper->stats;
    (void)pthread_mutex_unlock(&shipper->lock);
}

/* Is nothing new left to send? */
static bool shipper_is_empty(struct shipper *shipper) {
    (void)pthread_mutex_lock(&shipper->lock);
    bool empty = shipper->mailbox.handed.count == 0;
    (void)pthread_mutex_unlock(&shipper->lock);
    return empty && shipper->ships[SHIP_LIVE].text == NULL;
}

void shipper_pump(struct shipper *shipper) {
    const struct ship *live = &shipper->ships[SHIP_LIVE];
    shipper_exchange(shipper);
    if (shipper->waiting || (live->on_disk && live->text != NULL) ||
        (shipper->late && !shipper->well)) {
        shipper_spool_handed(shipper);
    }
    for (uint32_t i = 0; i < SHIP_COUNT; i++) {
        if (!shipper->waiting && (shipper->well || shipper_under_way(shipper) == 0)) {
            ship_begin(&shipper->ships[i]);
        }
    }
    shipper_exchange(shipper);
    if (shipper->stopping && (shipper->waiting || shipper_is_empty(shipper))) {
        (void)event_base_loopbreak(shipper->base);
    }
}

void shipper_woken(evutil_socket_t fd, short what, void *context) {
    struct shipper *shipper = context;
    uint64_t count;
    (void)what;
    (void)!read(fd, &count, sizeof count); /* only to make it silent again */
    (void)pthread_mutex_lock(&shipper->lock);
    bool stopping = shipper->mailbox.stopping;
    (void)pthread_mutex_unlock(&shipper->lock);
    if (stopping) {
        const struct timeval stop = shipper_timeval(shipper->conf.stop_ms);
        (void)event_add(shipper->stop, &stop);
    }
    shipper_pump(shipper);
}

void shipper_retry(evutil_socket_t fd, short what, void *context) {
    struct shipper *shipper = context;
    (void)fd;
    (void)what;
    shipper->waiting = false;
    shipper_pump(shipper);
}

/* There is no answer yet: a copy of the newest lines on the disk, and what comes after them too. */
void shipper_slow(evutil_socket_t fd, short what, void *context) {
    struct shipper *shipper = context;
    struct ship *live = &shipper->ships[SHIP_LIVE];
    (void)fd;
    (void)what;
    if (live->request.transfer != NULL && !live->on_disk) {
        live->on_disk = ship_spool_rest(live);
    }
    shipper->late = true;
    shipper_pump(shipper);
}

void shipper_stop(evutil_socket_t fd, short what, void *context) {
    struct shipper *shipper = context;
    (void)fd;
    (void)what;
    (void)event_base_loopbreak(shipper->base);
}

void *shipper_run(void *context) {
    struct shipper *shipper = context;
    shipper_pump(shipper);
    (void)event_base_dispatch(shipper->base);
    for (uint32_t i = 0; i < SHIP_COUNT; i++) {
        struct ship *ship = &shipper->ships[i];
        if (ship->request.transfer != NULL) {
            transfers_end(shipper->transfers, ship->request.transfer);
            ship->request.transfer = NULL;
            request_clear(&ship->request);
        }
        if (ship->kind == SHIP_LIVE && ship->text != NULL) {
            ship_unload_live(ship);
        }
        ship_clear(ship);
    }
    shipper_spool_handed(shipper);
    shipper_exchange(shipper);
    return NULL;
}
