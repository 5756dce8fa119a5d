/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/uplink/database/shipper.h"

#include <assert.h>
#include <inttypes.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <event2/event.h>

#include "gateway/clock.h"
#include "gateway/log.h"
#include "gateway/uplink/database/depot.h"
#include "gateway/uplink/database/handed.h"
#include "gateway/uplink/database/quarantine.h"
#include "gateway/uplink/database/shipment.h"
#include "gateway/uplink/names.h"
#include "gateway/uplink/reconnect.h"
#include "gateway/uplink/transfers.h"

enum {
    REASON_SIZE = 320,
    STEADY_MS = 10000, /* a database that took lines for so long was a good one */
    BYTES_MIN = 4096,  /* of a request, however small a database wants it */
    TEXT_MAX = 2 * SHIPPER_BATCH_BYTES_MAX, /* of a record of the spool */
};

#define EFFECT_AWAY                                                                                \
    "new values wait on the disk and are written when it is back; charts end here until then; "    \
    "alarms are not affected"

/* In order of importance. */
enum ship_kind { SHIP_LIVE, SHIP_EVENTS, SHIP_SPOOLED, SHIP_COUNT };

struct ship {
    struct shipper *shipper;
    enum ship_kind kind;
    char *text; /* NULL: empty */
    uint32_t lines;
    struct shipment shipment;
    bool on_disk; /* `place` is where */
    struct spool_place place;
    uint64_t last_seq; /* of the events */
    struct request request;
};

/* What both threads look at, under the lock. */
struct shipper_mailbox {
    struct handed handed;
    uint64_t lost_lines;
    uint64_t journal_newest, journal_confirmed;
    bool welcomed, stopping;
    bool again; /* after `again_after`, since `again_since` */
    uint64_t again_after;
    struct wall again_since;
    struct shipper_stats stats;
};

struct shipper {
    struct shipper_conf conf;
    pthread_t thread;
    pthread_mutex_t lock;
    int wake;
    struct shipper_mailbox mailbox;
    /* all below is the thread's */
    struct event_base *base;
    struct event *woken, *retry, *slow, *stop;
    struct transfers *transfers;
    struct journal_reader *journal;
    struct depot depot;
    struct ship ships[SHIP_COUNT];
    struct reconnect backoff;
    bool waiting;          /* after a failure */
    bool well;             /* the last answer was good */
    bool proven;           /* it has taken something since it last failed */
    uint64_t well_real_ns; /* since when */
    size_t bytes_max;      /* that the database is known to take at once */
    uint64_t journal_newest;
    uint64_t again_until;    /* what is written again ends here */
    struct wall again_since; /* until one of then or later is found, events are passed over */
    bool welcomed, stopping;
    struct shipper_stats stats;
    struct log_limiter lost_limiter, back_limiter, refused_limiter;
};

static struct timeval timeval_of_ms(uint64_t ms) {
    return (struct timeval){.tv_sec = (time_t)(ms / 1000),
                            .tv_usec = (suseconds_t)(ms % 1000 * 1000)};
}

static uint32_t count_lines(const char *text, size_t size) {
    uint32_t lines = 0;
    for (const char *end = text + size; text < end; lines++) {
        text = (const char *)memchr(text, '\n', (size_t)(end - text)) + 1;
    }
    return lines;
}

/* ---- the mailbox ---- */

static struct batch *shipper_take_batch(struct shipper *shipper) {
    (void)pthread_mutex_lock(&shipper->lock);
    struct batch *batch = handed_take(&shipper->mailbox.handed);
    (void)pthread_mutex_unlock(&shipper->lock);
    return batch;
}

/* Put one back in front of the others, or drop it where there is no room. */
static void shipper_return_batch(struct shipper *shipper, struct batch *batch) {
    (void)pthread_mutex_lock(&shipper->lock);
    struct batch *dropped = handed_return(&shipper->mailbox.handed, batch);
    shipper->mailbox.lost_lines += dropped == NULL ? 0 : dropped->lines;
    (void)pthread_mutex_unlock(&shipper->lock);
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

/* ---- loading ---- */

static void ship_load(struct ship *ship, char *text, size_t size, uint32_t lines) {
    ship->text = text;
    ship->lines = lines;
    ship->on_disk = false;
    shipment_begin(&ship->shipment, text, size);
}

static void ship_clear(struct ship *ship) {
    free(ship->text);
    ship->text = NULL;
}

static void ship_load_live(struct ship *ship) {
    struct batch *batch = shipper_take_batch(ship->shipper);
    if (batch != NULL) {
        ship_load(ship, batch->text, batch->size, batch->lines);
        free(batch);
    }
}

static void ship_load_spooled(struct ship *ship) {
    struct shipper *shipper = ship->shipper;
    struct spool_place place;
    char *text;
    size_t size;
    uint32_t lines;
    int r = depot_oldest(&shipper->depot, TEXT_MAX, &text, &size, &lines, &place);
    if (r == 0) {
        ship_load(ship, text, size, lines);
        ship->on_disk = true;
        ship->place = place;
    } else if (r == DEPOT_E_DAMAGED) {
        shipper->stats.lines_lost += lines;
    }
}

/* Events on their way from the journal into a text. */
struct gathering {
    const struct event_line_source *source;
    struct wall *since; /* events up to `since_until` that are older are passed over */
    uint64_t since_until;
    char *text;
    size_t size, room;
    uint32_t lines;
};

static bool gather_event(void *context, const struct journal_row *row) {
    struct gathering *gathering = context;
    if (row->seq <= gathering->since_until && row->wall.ns < gathering->since->ns) {
        return true;
    }
    gathering->since->ns = INT64_MIN;
    size_t size = event_line_write(gathering->source, row, gathering->text + gathering->size);
    gathering->size += size;
    gathering->lines += size > 0;
    return gathering->room - gathering->size >= EVENT_LINE_SIZE;
}

/* Load the next events of the journal. Returns true when there were some and none can be written. */
static bool ship_load_some_events(struct ship *ship) {
    struct shipper *shipper = ship->shipper;
    uint64_t last_seq = 0;
    if (!shipper->welcomed || shipper->stats.events_confirmed >= shipper->journal_newest) {
        return false;
    }
    struct gathering gathering = {.source = &shipper->conf.source,
                                  .since = &shipper->again_since,
                                  .since_until = shipper->again_until,
                                  .text = malloc(SHIPPER_BATCH_BYTES_MAX),
                                  .room = SHIPPER_BATCH_BYTES_MAX};
    const struct journal_query query = {
        .after_seq = shipper->stats.events_confirmed,
        .until_seq = shipper->journal_newest,
        .lane = -1,
        .limit = SHIPPER_EVENTS_MAX,
    };
    int r = gathering.text == NULL
                ? JOURNAL_E_ABSENT
                : journal_read(shipper->journal, &query, gather_event, &gathering, &last_seq);
    if (r == 0 && gathering.size > 0) {
        ship_load(ship, gathering.text, gathering.size, gathering.lines);
        ship->last_seq = last_seq;
        return false;
    }
    if (r == 0 && last_seq > 0) {
        shipper->stats.events_confirmed = last_seq;
    }
    free(gathering.text); /* the rest, or all of it, when the loop says how far the journal goes */
    return r == 0 && last_seq > 0;
}

static void ship_load_events(struct ship *ship) {
    while (ship_load_some_events(ship)) {
    }
}

/* ---- the database's condition ---- */

static void shipper_is_well(struct shipper *shipper) {
    uint64_t kept_back = 0;
    if (shipper->well) {
        return;
    }
    shipper->well = true;
    names_worked(shipper->conf.target.url);
    shipper->well_real_ns = clock_real_ns();
    shipper->stats.reachable = TRUTH_TRUE;
    if (log_permit(&shipper->back_limiter, &kept_back)) {
        char quoted[REASON_SIZE];
        log_line(LOG_NOTICE, "database_takes_values",
                 "url=%s kept_back=%" PRIu64
                 " effect=\"values and events are written, what waited too\"",
                 log_quote(shipper->conf.target.url, quoted, sizeof quoted), kept_back);
    }
}

static void shipper_is_down(struct shipper *shipper, const char *reason, uint64_t wait_ms) {
    uint64_t kept_back = 0;
    shipper->stats.failures++;
    shipper->proven = false;
    if (shipper->waiting) {
        return; /* the others that were under way fail as well */
    }
    names_failed(shipper->conf.target.url);
    uint64_t held_ms = shipper->well ? (clock_real_ns() - shipper->well_real_ns) / NS_PER_MS : 0;
    uint64_t backoff_ms = reconnect_failed(&shipper->backoff, held_ms);
    const struct timeval wait = timeval_of_ms(wait_ms > backoff_ms ? wait_ms : backoff_ms);
    shipper->well = false;
    shipper->waiting = true;
    shipper->stats.reachable = TRUTH_FALSE;
    (void)event_add(shipper->retry, &wait);
    if (log_permit(&shipper->lost_limiter, &kept_back)) {
        char quoted_url[REASON_SIZE];
        char told[REASON_SIZE];
        char quoted_reason[REASON_SIZE + 16];
        names_explain(shipper->conf.target.url, reason, told, sizeof told);
        log_line(LOG_WARNING, "database_takes_nothing",
                 "url=%s reason=%s kept_back=%" PRIu64 " effect=\"" EFFECT_AWAY "\"",
                 log_quote(shipper->conf.target.url, quoted_url, sizeof quoted_url),
                 log_quote(told, quoted_reason, sizeof quoted_reason), kept_back);
    }
}

/* ---- sending ---- */

/* What of a ship is not taken yet, for the disk. */
static bool ship_spool_rest(struct ship *ship) {
    size_t begin = ship->shipment.size;
    for (uint32_t i = 0; i < ship->shipment.count; i++) {
        begin = ship->shipment.ranges[i].begin < begin ? ship->shipment.ranges[i].begin : begin;
    }
    const char *text = ship->shipment.text + begin;
    size_t size = ship->shipment.size - begin;
    return depot_keep(&ship->shipper->depot, text, size, count_lines(text, size), &ship->place);
}

/* The live ship gives its lines up, to the disk or back to the mailbox. */
static void ship_unload_live(struct ship *ship) {
    if (!ship->on_disk && !ship_spool_rest(ship)) {
        struct batch *batch = batch_new(ship->text, ship->shipment.size, ship->lines);
        if (batch != NULL) {
            ship->text = NULL;
            shipper_return_batch(ship->shipper, batch);
        } else {
            ship->shipper->stats.lines_lost += ship->lines;
        }
    }
    ship_clear(ship);
}

static void ship_over(struct ship *ship) {
    struct shipper *shipper = ship->shipper;
    if (ship->on_disk) {
        depot_done(&shipper->depot, ship->place);
    }
    if (ship->kind == SHIP_EVENTS && ship->last_seq > shipper->stats.events_confirmed) {
        shipper->stats.events_confirmed = ship->last_seq;
    }
    ship_clear(ship);
}

static void ship_failed(struct ship *ship, const char *reason, uint64_t wait_ms) {
    shipper_is_down(ship->shipper, reason, wait_ms);
    if (ship->kind == SHIP_LIVE) {
        ship_unload_live(ship);
    }
}

/* A line the database refuses, and why; shared by the callback below. */
struct refusal {
    struct shipper *shipper;
    const char *reason;
};

static void line_refused(void *context, const char *line, size_t size) {
    const struct refusal *refusal = context;
    struct shipper *shipper = refusal->shipper;
    uint64_t kept_back = 0;
    shipper->stats.lines_refused++;
    bool kept = quarantine_keep(shipper->conf.directory, clock_wall(), refusal->reason, line, size);
    if (log_permit(&shipper->refused_limiter, &kept_back)) {
        char quoted[REASON_SIZE + 16];
        log_line(LOG_WARNING, "database_refuses_line",
                 "reason=%s quarantined=%d kept_back=%" PRIu64
                 " effect=\"this value is missing in charts; it stands in uplink/refused.lines of "
                 "the state directory\"",
                 log_quote(refusal->reason, quoted, sizeof quoted), kept ? 1 : 0, kept_back);
    }
}

/* A part of a ship's lines was answered. */
static void ship_answered(struct ship *ship, struct line_range part, enum answer answer,
                          uint64_t dropped, const char *reason, uint64_t wait_ms) {
    struct shipper *shipper = ship->shipper;
    struct shipper_stats *stats = &shipper->stats;
    const char *text = ship->shipment.text + part.begin;
    size_t size = part.end - part.begin;
    if (answer == ANSWER_TAKEN || answer == ANSWER_TOO_OLD) {
        uint64_t lines = count_lines(text, size);
        shipper->proven = true;
        dropped = dropped < lines ? dropped : lines;
        stats->lines_refused += dropped;
        *(ship->kind == SHIP_EVENTS ? &stats->events_written : &stats->lines_written) +=
            lines - dropped;
    } else if (answer == ANSWER_TOO_LARGE && size / 2 >= BYTES_MIN) {
        shipper->bytes_max = size / 2 < shipper->bytes_max ? size / 2 : shipper->bytes_max;
    } else if (answer == ANSWER_LINES_WRONG && ship->kind == SHIP_LIVE && !ship->on_disk &&
               ship->lines > 1 && ship_spool_rest(ship)) {
        ship_clear(ship); /* the wrong ones are looked for behind its back */
        return;
    }
    struct refusal refusal = {.shipper = shipper, .reason = reason};
    switch (shipment_answered(&ship->shipment, answer, shipper->proven, line_refused, &refusal)) {
    case SHIPMENT_FAILED:
        ship_failed(ship, reason, wait_ms);
        return;
    case SHIPMENT_OVER:
        ship_over(ship);
        break;
    case SHIPMENT_ON:
        break;
    }
    if (shipper->proven) {
        shipper_is_well(shipper);
    }
}

static void shipper_pump(struct shipper *shipper);

static void transfer_ended(void *context, CURL *transfer, CURLcode result) {
    struct shipper *shipper = context;
    struct ship *ship = shipper->ships;
    while (ship->request.transfer != transfer) {
        ship++;
        assert(ship < shipper->ships + SHIP_COUNT);
    }
    char reason[REASON_SIZE];
    long status = 0;
    curl_off_t retry_after_s = 0;
    if (result == CURLE_OK) {
        (void)curl_easy_getinfo(transfer, CURLINFO_RESPONSE_CODE, &status);
        (void)curl_easy_getinfo(transfer, CURLINFO_RETRY_AFTER, &retry_after_s);
        answer_reason(status, ship->request.answer, reason, sizeof reason);
    } else {
        (void)snprintf(reason, sizeof reason, "%s", curl_easy_strerror(result));
    }
    enum answer answer = answer_of(status, ship->request.answer);
    uint64_t dropped = answer == ANSWER_TOO_OLD ? answer_dropped(ship->request.answer) : 0;
    transfers_end(shipper->transfers, transfer);
    ship->request.transfer = NULL;
    request_clear(&ship->request);
    if (retry_after_s > SHIPPER_RETRY_AFTER_MAX_S) {
        retry_after_s = SHIPPER_RETRY_AFTER_MAX_S;
    }
    struct line_range part = shipment_next(&ship->shipment, SIZE_MAX);
    ship_answered(ship, part, answer, dropped, reason, (uint64_t)retry_after_s * 1000);
    shipper_pump(shipper);
}

static void ship_send(struct ship *ship) {
    struct shipper *shipper = ship->shipper;
    struct line_range part = shipment_next(&ship->shipment, shipper->bytes_max);
    int r = request_make(&ship->request, &shipper->conf.target, ship->shipment.text + part.begin,
                         part.end - part.begin);
    if (r == 0 && !transfers_begin(shipper->transfers, ship->request.transfer)) {
        transfers_end(shipper->transfers, ship->request.transfer);
        ship->request.transfer = NULL;
        request_clear(&ship->request);
        r = err_origin(-ENOMEM);
    }
    if (r != 0) {
        ship_failed(ship,
                    r == REQUEST_E_SECRET ? "the file with its token or password cannot be read"
                                          : "no memory",
                    0);
        return;
    }
    shipper->stats.requests++;
    if (ship->kind == SHIP_LIVE && !ship->on_disk) {
        const struct timeval slow = timeval_of_ms(shipper->conf.slow_ms);
        (void)event_add(shipper->slow, &slow);
    }
}

static void ship_begin(struct ship *ship) {
    static void (*const load[SHIP_COUNT])(struct ship * ship) = {
        [SHIP_LIVE] = ship_load_live,
        [SHIP_EVENTS] = ship_load_events,
        [SHIP_SPOOLED] = ship_load_spooled,
    };
    if (ship->request.transfer != NULL) {
        return;
    }
    if (ship->text == NULL) {
        load[ship->kind](ship);
    }
    if (ship->text != NULL) {
        ship_send(ship);
    }
}

static uint32_t shipper_under_way(const struct shipper *shipper) {
    uint32_t count = 0;
    for (uint32_t i = 0; i < SHIP_COUNT; i++) {
        count += shipper->ships[i].request.transfer != NULL;
    }
    return count;
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

static void shipper_pump(struct shipper *shipper) {
    const struct ship *live = &shipper->ships[SHIP_LIVE];
    shipper_exchange(shipper);
    if (shipper->waiting || (live->on_disk && live->text != NULL)) {
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

static void shipper_woken(evutil_socket_t fd, short what, void *context) {
    struct shipper *shipper = context;
    uint64_t count;
    (void)what;
    (void)!read(fd, &count, sizeof count); /* only to make it silent again */
    (void)pthread_mutex_lock(&shipper->lock);
    bool stopping = shipper->mailbox.stopping;
    (void)pthread_mutex_unlock(&shipper->lock);
    if (stopping) {
        const struct timeval stop = timeval_of_ms(shipper->conf.stop_ms);
        (void)event_add(shipper->stop, &stop);
    }
    shipper_pump(shipper);
}

static void shipper_retry(evutil_socket_t fd, short what, void *context) {
    struct shipper *shipper = context;
    (void)fd;
    (void)what;
    shipper->waiting = false;
    shipper_pump(shipper);
}

/* The newest lines have no answer yet: a copy on the disk, and what comes after them too. */
static void shipper_slow(evutil_socket_t fd, short what, void *context) {
    struct shipper *shipper = context;
    struct ship *live = &shipper->ships[SHIP_LIVE];
    (void)fd;
    (void)what;
    if (live->request.transfer != NULL && !live->on_disk) {
        live->on_disk = ship_spool_rest(live);
    }
    shipper_pump(shipper);
}

static void shipper_stop(evutil_socket_t fd, short what, void *context) {
    struct shipper *shipper = context;
    (void)fd;
    (void)what;
    (void)event_base_loopbreak(shipper->base);
}

static void *shipper_run(void *context) {
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

/* ---- the loop's side ---- */

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
    return err_trace(transfers_new(base, transfer_ended, shipper, &shipper->transfers));
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
    shipper->mailbox.lost_lines += batch == NULL ? lines : dropped == NULL ? 0 : dropped->lines;
    (void)pthread_mutex_unlock(&shipper->lock);
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
