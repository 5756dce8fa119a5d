/* SPDX-License-Identifier: Apache-2.0 */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "gateway/clock.h"
#include "gateway/journal/journal_parts.h"

enum { THREAD_STACK_BYTES = 256 * 1024 };

/* How long a confirmation waits for an event to share its commit with, real. */
#define LAZY_NS (200 * NS_PER_MS)

/* ---- birth and death ---- */

static int journal_init_gathers(struct journal *journal) {
    struct journal_gather *const gathers[] = {&journal->staged, &journal->gathered,
                                              &journal->in_flight, &journal->done};
    int r = 0;
    for (size_t i = 0; r == 0 && i < sizeof gathers / sizeof gathers[0]; i++) {
        r = journal_gather_init(gathers[i], journal->conf.alarm_count);
    }
    return r;
}

static int journal_init_lock(struct journal *journal) {
    pthread_condattr_t attributes;
    int r = pthread_mutex_init(&journal->lock, NULL);
    if (r == 0) {
        r = pthread_condattr_init(&attributes);
    }
    if (r == 0) {
        r = pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    }
    if (r == 0) {
        r = pthread_cond_init(&journal->changed, &attributes);
    }
    if (r == 0) {
        r = pthread_cond_init(&journal->sign, &attributes);
    }
    if (r == 0) {
        r = pthread_cond_init(&journal->inspect, &attributes);
        (void)pthread_condattr_destroy(&attributes);
    }
    return r == 0 ? 0 : err_origin(-r);
}

int journal_new(const struct journal_conf *conf, struct journal **ret_journal) {
    struct journal *journal = calloc(1, sizeof *journal);
    if (journal == NULL) {
        return err_origin(-ENOMEM);
    }
    journal->conf = *conf;
    journal->chores_at[CHORE_TIDY] =
        JOURNAL_AT_ONCE; /* the log is laid out before the first commit */
    journal->chores_at[CHORE_KEEP] = JOURNAL_NEVER;
    journal->chores_at[CHORE_RESERVE] = clock_real_ns();
    journal->chores_at[CHORE_SEAL] = conf->signing_key != NULL ? clock_real_ns() : JOURNAL_NEVER;
    journal->directory.fd = -1;
    journal->wake = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    int r = journal->wake < 0 ? err_origin(-errno) : 0;
    if (r == 0) {
        r = journal_init_lock(journal);
    }
    if (r == 0) {
        r = journal_init_gathers(journal);
    }
    if (r == 0) {
        r = journal_directory_init(&journal->directory, conf->directory, conf->timeline);
    }
    if (r != 0) {
        (void)journal_free(journal);
        return err_trace(r);
    }
    journal_begin(journal);
    *ret_journal = journal;
    return 0;
}

int journal_start(struct journal *journal) {
    pthread_attr_t attributes;
    if (!journal->recording) {
        /* What was read has been handed out; the writer tries the file itself. */
        journal->store = journal_store_free(journal->store, false);
    }
    if (pthread_attr_init(&attributes) != 0) {
        return err_origin(-ENOMEM);
    }
    int r = pthread_attr_setstacksize(&attributes, THREAD_STACK_BYTES);
    if (r == 0) {
        r = pthread_create(&journal->writer, &attributes, journal_write, journal);
        journal->writer_runs = r == 0;
    }
    if (r == 0 && journal->conf.inspect_after_ns > 0) {
        r = pthread_create(&journal->inspector, &attributes, journal_inspect, journal);
        journal->inspector_runs = r == 0;
    }
    if (r == 0 && journal->conf.signing_key != NULL) {
        r = pthread_create(&journal->signer, &attributes, journal_sign, journal);
        journal->signer_runs = r == 0;
    }
    (void)pthread_attr_destroy(&attributes);
    return r == 0 ? 0 : err_origin(-r);
}

struct journal *journal_free(struct journal *journal) {
    if (journal == NULL) {
        return NULL;
    }
    if (journal->writer_runs) {
        (void)pthread_mutex_lock(&journal->lock);
        journal->stop = true;
        (void)pthread_cond_signal(&journal->changed);
        (void)pthread_cond_signal(&journal->inspect);
        (void)pthread_cond_signal(&journal->sign);
        (void)pthread_mutex_unlock(&journal->lock);
        (void)pthread_join(journal->writer, NULL);
        if (journal->inspector_runs) {
            (void)pthread_join(journal->inspector, NULL);
        }
        if (journal->signer_runs) {
            (void)pthread_join(journal->signer, NULL);
        }
    }
    journal->store = journal_store_free(journal->store, true);
    journal_directory_deinit(&journal->directory);
    journal_gather_deinit(&journal->staged);
    journal_gather_deinit(&journal->gathered);
    journal_gather_deinit(&journal->in_flight);
    journal_gather_deinit(&journal->done);
    while (journal->dropped != NULL) {
        struct journal_event *event = journal->dropped;
        journal->dropped = event->next;
        (void)journal_event_free(event);
    }
    if (journal->wake >= 0) {
        (void)close(journal->wake);
    }
    free(journal);
    return NULL;
}

/* ---- the loop's side ---- */

const char *journal_boot(const struct journal *journal) {
    return journal->boot;
}

const char *journal_id_prefix(const struct journal *journal) {
    return journal->id_prefix;
}

bool journal_is_recording(const struct journal *journal) {
    return journal->recording;
}

uint64_t journal_generation_before(const struct journal *journal) {
    return journal->generation_before;
}

bool journal_was_damaged(const struct journal *journal) {
    return journal->damaged_at_start;
}

uint64_t journal_newest(const struct journal *journal) {
    return journal->told_seq;
}

int journal_alarms(struct journal *journal,
                   void (*alarm)(void *context, const char *name, struct journal_alarm *alarm),
                   void *context) {
    assert(!journal->writer_runs);
    if (journal->store == NULL) {
        return 0;
    }
    int r = journal_store_alarms(journal->store, alarm, context);
    return r == 0 ? 0 : err_fold(r);
}

int journal_forget(struct journal *journal, bool (*is_watched)(void *context, const char *name),
                   void *context) {
    assert(!journal->writer_runs);
    if (journal->store == NULL) {
        return 0;
    }
    int r = journal_store_forget(journal->store, is_watched, context);
    return r == 0 ? 0 : err_fold(r);
}

int journal_tests(struct journal *journal,
                  void (*test)(void *context, const struct journal_standing *standing,
                               const struct journal_test *test),
                  void *context) {
    assert(!journal->writer_runs);
    if (journal->store == NULL) {
        return 0;
    }
    int r = journal_store_tests(journal->store, test, context);
    return r == 0 ? 0 : err_fold(r);
}

int journal_flood(struct journal *journal, struct flood_record *ret_flood) {
    assert(!journal->writer_runs);
    *ret_flood = (struct flood_record){0};
    if (journal->store == NULL) {
        return 0;
    }
    int r = journal_store_flood(journal->store, ret_flood);
    return r == 0 ? 0 : err_fold(r);
}

int journal_walks(struct journal *journal,
                  void (*walk)(void *context, const struct journal_standing *standing,
                               const struct journal_walk *walk),
                  void *context) {
    assert(!journal->writer_runs);
    if (journal->store == NULL) {
        return 0;
    }
    int r = journal_store_walks(journal->store, walk, context);
    return r == 0 ? 0 : err_fold(r);
}

int journal_trips(struct journal *journal,
                  void (*trip)(void *context, const struct journal_standing *standing,
                               const struct journal_trip *trip),
                  void *context) {
    assert(!journal->writer_runs);
    if (journal->store == NULL) {
        return 0;
    }
    int r = journal_store_trips(journal->store, trip, context);
    return r == 0 ? 0 : err_fold(r);
}

int journal_clock(struct journal *journal, struct wall *ret_good) {
    assert(!journal->writer_runs);
    *ret_good = (struct wall){0};
    if (journal->store == NULL) {
        return 0;
    }
    int r = journal_store_clock(journal->store, ret_good);
    return r == 0 ? 0 : err_fold(r);
}

int journal_points(struct journal *journal, journal_point_taker *take, void *context) {
    assert(!journal->writer_runs);
    if (journal->store == NULL) {
        return 0;
    }
    int r = journal_store_points(journal->store, take, context);
    return r == 0 ? 0 : err_fold(r);
}

size_t journal_last(struct journal *journal, const char *alarm, char ret[WIRE_BODY_MAX]) {
    assert(!journal->writer_runs);
    return journal->store == NULL ? 0 : journal_store_last(journal->store, alarm, ret);
}

uint64_t journal_confirmed(const struct journal *journal, enum journal_sink sink,
                           enum core_lane lane) {
    return journal->confirmed[sink][lane];
}

uint64_t journal_token(const struct journal *journal, uint32_t field) {
    assert(field < JOURNAL_FIELD_MAX);
    return journal->tokens[field];
}

void journal_add_token(struct journal *journal, uint32_t field, uint64_t token) {
    assert(field < JOURNAL_FIELD_MAX);
    journal->tokens[field] = token;
    journal_gather_add_token(&journal->staged, field, token);
}

int journal_fd(const struct journal *journal) {
    return journal->wake;
}

void journal_add_event(struct journal *journal, struct journal_event *event) {
    journal_gather_add_event(&journal->staged, event);
}

void journal_add_alarm(struct journal *journal, struct journal_alarm *alarm) {
    journal_gather_add_alarm(&journal->staged, alarm);
}

void journal_add_standing(struct journal *journal, struct journal_standing *standing) {
    journal_gather_add_standing(&journal->staged, standing);
}

void journal_add_present(struct journal *journal, struct journal_present *present) {
    journal_gather_add_present(&journal->staged, present);
}

int journal_forget_point(struct journal *journal, uint64_t row) {
    struct journal_spent *spent = malloc(sizeof *spent);
    if (spent == NULL) {
        return err_origin(-ENOMEM);
    }
    *spent = (struct journal_spent){.row = row};
    journal_gather_add_spent(&journal->staged, spent);
    return 0;
}

int journal_add_link(struct journal *journal, uint64_t seq, uint64_t early) {
    struct journal_link *link = malloc(sizeof *link);
    if (link == NULL) {
        return err_origin(-ENOMEM);
    }
    *link = (struct journal_link){.seq = seq, .early = early};
    journal_gather_add_link(&journal->staged, link);
    return 0;
}

void journal_confirm(struct journal *journal, enum journal_sink sink, enum core_lane lane,
                     uint64_t seq) {
    if (seq > journal->confirmed[sink][lane]) {
        journal->confirmed[sink][lane] = seq;
        journal_gather_confirm(&journal->staged, sink, lane, seq);
    }
}

/* With the lock held: let the oldest of a lane go that is over its bound. */
static void journal_enforce(struct journal *journal, enum core_lane lane, uint32_t most) {
    while (journal->gathered.lane_counts[lane] > most) {
        struct journal_event *event = journal_gather_oldest(&journal->gathered, lane);
        event->next = journal->dropped;
        journal->dropped = event;
        journal->dropped_counts[lane]++;
        journal_wake(journal);
    }
}

uint64_t journal_submit(struct journal *journal) {
    if (journal_gather_is_empty(&journal->staged)) {
        return journal->ticket;
    }
    bool urgent = journal_gather_is_urgent(&journal->staged);
    (void)pthread_mutex_lock(&journal->lock);
    uint64_t ticket = ++journal->ticket;
    journal->staged.ticket = ticket;
    for (struct journal_alarm *alarm = journal->staged.alarms; alarm != NULL; alarm = alarm->next) {
        alarm->ticket = ticket;
    }
    journal_gather_append(&journal->gathered, &journal->staged);
    journal_enforce(journal, LANE_ACTIVITY, JOURNAL_ACTIVITY_EVENTS_MAX);
    journal_enforce(journal, LANE_ALARM, JOURNAL_ALARM_EVENTS_MAX);
    bool signal = urgent || journal->lazy_at == 0;
    if (journal->lazy_at == 0) {
        journal->lazy_at = clock_real_ns() + LAZY_NS;
    }
    (void)pthread_mutex_unlock(&journal->lock);
    if (signal) {
        (void)pthread_cond_signal(&journal->changed);
    }
    return ticket;
}

void journal_take(struct journal *journal, struct journal_report *ret_report) {
    uint64_t count;
    ssize_t got =
        read(journal->wake, &count, sizeof count); /* EAGAIN: nothing new, which is fine */
    (void)got;
    (void)pthread_mutex_lock(&journal->lock);
    *ret_report = (struct journal_report){
        .events = journal->done.first,
        .dropped = journal->dropped,
        .alarms = journal->done.alarms,
        .ticket = journal->done_ticket,
        .newest_seq = journal->newest_seq,
        .recording = journal->recording,
        .renewed = journal->renewed,
        .crowded = journal->crowded,
        .unsealed = journal->seal_failures >= JOURNAL_SEAL_FAILURES,
    };
    for (struct journal_alarm *alarm = journal->done.alarms; alarm != NULL; alarm = alarm->next) {
        journal->done.by_alarm[alarm->alarm] = NULL;
    }
    journal->done.first = journal->done.last = NULL;
    journal->done.alarms = NULL;
    journal->done.lane_counts[LANE_ALARM] = journal->done.lane_counts[LANE_ACTIVITY] = 0;
    journal_gather_settle(&journal->done);
    journal->renewed = false;
    (void)pthread_mutex_unlock(&journal->lock);
    journal->dropped = NULL;
    journal->told_seq = ret_report->newest_seq;
}

void journal_stats(struct journal *journal, struct journal_stats *ret_stats) {
    (void)pthread_mutex_lock(&journal->lock);
    *ret_stats = journal->stats;
    ret_stats->pending = (uint64_t)journal->gathered.lane_counts[LANE_ALARM] +
                         journal->gathered.lane_counts[LANE_ACTIVITY] + journal->in_flight_count;
    (void)pthread_mutex_unlock(&journal->lock);
    for (int lane = 0; lane < JOURNAL_LANE_COUNT; lane++) {
        ret_stats->dropped[lane] = journal->dropped_counts[lane];
    }
}
