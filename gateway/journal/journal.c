/* SPDX-License-Identifier: Apache-2.0 */

/*
 * One lock guards the three gathers between the threads, and is held for pointer moves only, never
 * across a system call of SQLite's. The fourth, `staged`, is the loop's alone: what one input
 * caused becomes visible to the writer in one piece.
 */
#include "gateway/journal/journal.h"

#include <assert.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#include "gateway/clock.h"
#include "gateway/journal/journal_directory.h"
#include "gateway/log.h"

/* Real time. */
#define RETRY_NS_FIRST (100 * NS_PER_MS)
#define RETRY_NS_MAX   (5 * NS_PER_S)
/* How often an unusable directory is tried. */
#define DIRECTORY_NS (10 * NS_PER_S)
/* How long a confirmation waits for an event to share its commit with. */
#define LAZY_NS (200 * NS_PER_MS)
/* What need not be kept is looked for so often, and after so long a pause where there is more. */
#define KEEP_NS       (60 * NS_PER_S)
#define KEEP_PAUSE_NS (20 * NS_PER_MS)
/* How long the want of room is told after activity had to go for it. */
#define CROWDED_NS (600 * NS_PER_S)
/* The write-ahead log is tidied after so long a silence … */
#define TIDY_NS (1 * NS_PER_S)

enum {
    /* … when it has grown to so many pages; beyond the second bound silence is not waited for. */
    TIDY_PAGES = 200,
    TIDY_PAGES_MAX = 1000, /* all that the log was laid out for */
    /* A file so much larger than it may be, one part of these, does not wait for silence to let go. */
    KEEP_EXCESS = 16,
    WRITER_STACK_BYTES = 256 * 1024,
};

struct journal {
    struct journal_conf conf;
    char boot[JOURNAL_BOOT_SIZE];
    char id_prefix[JOURNAL_ID_PREFIX_SIZE];
    uint64_t boot_number; /* 0: it is random */
    uint64_t generation_before;
    bool damaged_at_start;
    int wake;
    pthread_t writer;
    bool writer_runs;

    /* the loop's */
    struct journal_gather staged;
    struct journal_event *dropped;
    uint64_t confirmed[JOURNAL_SINK_COUNT][JOURNAL_LANE_COUNT];
    uint64_t told_seq;
    uint64_t dropped_counts[JOURNAL_LANE_COUNT];

    /* the writer's */
    struct journal_directory directory;
    struct journal_store *store; /* NULL while there is none */
    struct journal_gather in_flight;
    uint64_t committed_seq;
    uint64_t boot_file_seq;
    uint64_t retry_ns; /* the present back-off; 0 while all is well */
    uint64_t retry_at;
    uint64_t tidy_at;    /* UINT64_MAX: nothing to tidy */
    uint64_t keep_at;    /* when to look for what may go; 0: before the next commit */
    bool keep_is_urgent; /* the file is too large to wait for silence */
    char distrust[JOURNAL_REASON_SIZE]; /* why the present file is to be given up; "": it is not */
    bool salvaging;                     /* events are still to be taken over */
    uint64_t crowded_until;             /* activity had to go for want of room before that */
    struct log_limiter failure_limiter, crowded_limiter;

    pthread_mutex_t lock; /* guards everything below */
    pthread_cond_t changed;
    struct journal_gather gathered;
    struct journal_gather done;
    uint64_t ticket; /* the last one given out */
    uint64_t done_ticket;
    uint64_t in_flight_count;
    uint64_t lazy_at; /* when what is not urgent is due; 0: nothing waits */
    struct journal_stats stats;
    uint64_t newest_seq;
    bool recording;
    bool renewed;
    bool crowded;
    bool stop;
};

/* ---- opening, and opening again ---- */

static void journal_log_finding(const struct journal *journal,
                                const struct journal_finding *finding) {
    char reason[JOURNAL_REASON_SIZE + 8];
    char aside[JOURNAL_PATH_SIZE];
    if (finding->damaged) {
        log_line(
            LOG_ERROR, "journal_damaged",
            "reason=%s kept_as=%s effect=\"a new journal begins, open alarms are taken over as "
            "far as they can be read; all rooms are watched\"",
            log_quote(finding->reason, reason, sizeof reason),
            log_quote(finding->aside, aside, sizeof aside));
    } else if (finding->missing) {
        log_line(LOG_ERROR, "journal_missing",
                 "path=%s effect=\"a new journal begins after event %" PRIu64
                 "; alarms that were open are only known again when their sensors say so\"",
                 log_quote(journal->directory.database, aside, sizeof aside),
                 journal->directory.boot.seq);
    }
}

/* Number this life, in both places, before anything carries the number. */
static int journal_number(struct journal *journal, struct journal_store *store,
                          struct journal_finding *finding) {
    uint64_t boot = journal_store_boot(store);
    if (journal->directory.boot.boot > boot) {
        boot = journal->directory.boot.boot;
    }
    boot = boot == 0 ? journal_boot_first(clock_wall()) : boot + 1;
    journal->generation_before = journal_store_generation(store);
    int r = journal_directory_boot(&journal->directory, store, boot, journal->conf.generation,
                                   finding->reason);
    if (r == 0) {
        (void)snprintf(journal->boot, sizeof journal->boot, "%" PRIu64, boot);
        journal->boot_number = boot;
    }
    return r;
}

/* A boot without a journal is random, so that it never meets a number of a journal. */
static void journal_name_boot(struct journal *journal) {
    uint64_t bits = 0;
    ssize_t got = getrandom(&bits, sizeof bits, 0);
    assert(got ==
           (ssize_t)sizeof bits); /* small requests are never cut short once the pool is up */
    (void)snprintf(journal->boot, sizeof journal->boot, "r%016" PRIx64, bits);
}

/* Open the directory and the file. On the first time of all also number the boot. */
static int journal_open(struct journal *journal, bool first, struct journal_finding *finding) {
    struct journal_store *store = NULL;
    int r = journal_directory_open(&journal->directory, &journal->conf.identity, journal->distrust,
                                   &store, finding);
    if (r == 0) {
        journal->distrust[0] = '\0'; /* it is another file now */
    }
    if (r == 0 && first) {
        r = journal_number(journal, store, finding);
    }
    if (r != 0) {
        (void)journal_store_free(store, false);
        return r;
    }
    journal_store_continue(store, journal->committed_seq);
    journal->store = store;
    journal->salvaging = journal_store_is_salvaging(store);
    journal_log_finding(journal, finding);
    return 0;
}

/* The writer opens the journal again after it had to let it go. */
static int journal_reopen(struct journal *journal, struct journal_finding *finding) {
    int r = journal_open(journal, false, finding);
    if (r != 0 || !finding->created) {
        return r;
    }
    /* Numbers tried in the lost file mean nothing in this one. */
    for (struct journal_event *event = journal->in_flight.first; event != NULL;
         event = event->next) {
        event->seq = 0;
    }
    if (journal->boot_number > 0) {
        r = journal_directory_boot(&journal->directory, journal->store, journal->boot_number,
                                   journal->conf.generation, finding->reason);
    }
    (void)pthread_mutex_lock(&journal->lock);
    journal->renewed = true;
    (void)pthread_mutex_unlock(&journal->lock);
    return r;
}

static void journal_begin(struct journal *journal) {
    char reason[JOURNAL_REASON_SIZE + 8];
    char path[JOURNAL_PATH_SIZE];
    struct journal_finding finding;
    int r = journal_open(journal, true, &finding);
    if (r == 0) {
        journal->damaged_at_start = finding.damaged || finding.missing;
        journal->committed_seq = journal_store_newest(journal->store);
        journal->boot_file_seq = journal->committed_seq;
        journal_store_confirmed(journal->store, journal->confirmed);
    } else {
        journal_name_boot(journal);
        journal->retry_ns = DIRECTORY_NS;
        journal->retry_at = clock_real_ns() + DIRECTORY_NS;
        log_line(LOG_ERROR, "journal_unusable",
                 "directory=%s reason=%s effect=\"nothing is recorded; all rooms are watched and "
                 "alarms are told at once, but a restart forgets them\" "
                 "advice=\"make the directory writable; it is tried every 10 s\"",
                 log_quote(journal->directory.path, path, sizeof path),
                 log_quote(finding.reason, reason, sizeof reason));
    }
    journal->newest_seq = journal->told_seq = journal->committed_seq;
    journal->recording = r == 0;
    (void)snprintf(journal->id_prefix, sizeof journal->id_prefix, "%s.%s.%s.",
                   journal->conf.identity.site, journal->conf.identity.gateway, journal->boot);
}

/* ---- the writer thread ---- */

static void journal_wake(struct journal *journal) {
    uint64_t one = 1;
    /* It only fails when the counter is full, and then it is readable already. */
    ssize_t written = write(journal->wake, &one, sizeof one);
    (void)written;
}

static void journal_log_failure(struct journal *journal, const char *why) {
    char reason[JOURNAL_REASON_SIZE + 8];
    uint64_t kept_back;
    if (log_permit(&journal->failure_limiter, &kept_back)) {
        log_line(
            LOG_ERROR, "journal_failed",
            "reason=%s not_printed=%" PRIu64
            " effect=\"events are told before they are recorded, and recorded later; all rooms "
            "are watched\" advice=\"look at the disk: space, errors, permissions\"",
            log_quote(why, reason, sizeof reason), kept_back);
    }
}

/* Take the events of the damaged file over. Until that is done nothing else is recorded. */
static int journal_salvage(struct journal *journal, struct journal_finding *finding) {
    struct journal_salvaged salvaged;
    int r = journal_store_salvage_events(journal->store, &salvaged);
    if (r != 0) {
        (void)snprintf(finding->reason, sizeof finding->reason, "%s",
                       journal_store_reason(journal->store));
        return r;
    }
    journal->salvaging = false;
    (void)pthread_mutex_lock(&journal->lock);
    journal->stats.salvaged += salvaged.kept;
    journal->stats.damaged += salvaged.lost;
    (void)pthread_mutex_unlock(&journal->lock);
    log_line(salvaged.lost > 0 ? LOG_ERROR : LOG_NOTICE, "journal_salvaged",
             "kept=%" PRIu64 " lost=%" PRIu64
             " effect=\"events of the damaged journal are kept under their numbers; those that are "
             "lost cannot be sent or shown again\"",
             salvaged.kept, salvaged.lost);
    return 0;
}

/* Try to record what is in flight. Says how long the commit took. */
static int journal_attempt(struct journal *journal, uint64_t *ret_commit_ns) {
    struct journal_finding finding = {0};
    int r = 0;
    *ret_commit_ns = 0;
    if (journal->store != NULL && !journal_directory_is_same(&journal->directory)) {
        journal->store = journal_store_free(journal->store, false);
    }
    if (journal->store == NULL) {
        r = journal_reopen(journal, &finding);
    }
    if (r == 0 && journal->salvaging) {
        r = journal_salvage(journal, &finding);
    }
    if (r == 0 && !journal_gather_is_empty(&journal->in_flight)) {
        uint64_t begun_ns = clock_real_ns();
        r = journal_store_commit(journal->store, &journal->in_flight, journal->boot,
                                 journal->id_prefix);
        *ret_commit_ns = clock_real_ns() - begun_ns;
        if (r != 0) {
            (void)snprintf(finding.reason, sizeof finding.reason, "%s",
                           journal_store_reason(journal->store));
        }
    }
    if (r != 0) {
        journal_log_failure(journal, finding.reason);
        if (r == JOURNAL_E_DAMAGED) {
            /* What a commit meets may lie where opening does not look. */
            (void)memcpy(journal->distrust, finding.reason, sizeof journal->distrust);
        }
        /* A connection that has met an error is not trusted again; opening also finds damage. */
        journal->store = journal_store_free(journal->store, false);
    } else {
        journal->committed_seq = journal_store_newest(journal->store);
    }
    return r;
}

/* With the lock held: what came of the attempt. */
static void journal_settle(struct journal *journal, int r, uint64_t commit_ns) {
    bool was_recording = journal->recording;
    journal->recording = r == 0;
    journal->in_flight_count = 0;
    if (r == 0) {
        journal->done_ticket = journal->in_flight.ticket;
        journal->newest_seq = journal->committed_seq;
        journal->stats.commits += commit_ns > 0;
        if (commit_ns > journal->stats.commit_ns_max) {
            journal->stats.commit_ns_max = commit_ns;
        }
        journal_gather_append(&journal->done, &journal->in_flight);
        journal->retry_ns = 0;
        if (!was_recording) {
            log_line(LOG_NOTICE, "journal_records",
                     "newest_seq=%" PRIu64 " effect=\"everything that "
                     "was kept in memory is recorded\"",
                     journal->newest_seq);
        }
    } else {
        journal->stats.failures++;
        journal_gather_append(&journal->in_flight, &journal->gathered);
        struct journal_gather merged = journal->in_flight;
        journal->in_flight = journal->gathered;
        journal->gathered = merged;
        uint64_t longest = journal->boot_number > 0 ? RETRY_NS_MAX : DIRECTORY_NS;
        journal->retry_ns = journal->retry_ns == 0 ? RETRY_NS_FIRST : journal->retry_ns * 2;
        journal->retry_ns = journal->retry_ns < longest ? journal->retry_ns : longest;
        journal->retry_at = clock_real_ns() + journal->retry_ns;
    }
    journal_wake(journal);
}

/* With the lock held, and given back while the disk works. */
static void journal_commit(struct journal *journal) {
    struct journal_gather taken = journal->gathered;
    journal->gathered = journal->in_flight;
    journal->in_flight = taken;
    journal->in_flight_count =
        (uint64_t)taken.lane_counts[LANE_ALARM] + taken.lane_counts[LANE_ACTIVITY];
    journal->gathered.ticket = taken.ticket;
    journal->lazy_at = 0;
    (void)pthread_mutex_unlock(&journal->lock);
    uint64_t commit_ns;
    int r = journal_attempt(journal, &commit_ns);
    (void)pthread_mutex_lock(&journal->lock);
    journal_settle(journal, r, commit_ns);
    uint32_t pages = journal->store != NULL ? journal_store_wal_pages(journal->store) : 0;
    journal->tidy_at = pages >= TIDY_PAGES_MAX ? 0
                       : pages >= TIDY_PAGES   ? clock_real_ns() + TIDY_NS
                                               : UINT64_MAX;
    if (journal->keep_is_urgent) {
        journal->keep_at = 0;
    }
}

/* Move the log into the file, and note how far we are beside it. */
static void journal_tidy(struct journal *journal) {
    uint64_t soon = clock_real_ns() + KEEP_PAUSE_NS;
    journal->tidy_at = UINT64_MAX;
    journal->keep_at = soon < journal->keep_at ? soon : journal->keep_at; /* it may have grown */
    if (journal->store == NULL) {
        return;
    }
    journal_store_checkpoint(journal->store);
    journal_store_lay_out_log(journal->store);
    if (journal->boot_number > 0 && journal->committed_seq > journal->boot_file_seq) {
        struct journal_boot boot = {journal->boot_number, journal->committed_seq};
        /* If it fails, so does the next commit, which tells. */
        if (journal_boot_write(journal->directory.fd, &boot) == 0) {
            journal->boot_file_seq = boot.seq;
        }
    }
}

static void journal_log_crowded(struct journal *journal, const struct journal_keep_turn *turn) {
    uint64_t kept_back;
    if (log_permit(&journal->crowded_limiter, &kept_back)) {
        log_line(LOG_ERROR, "journal_crowded",
                 "bytes=%" PRIu64 " size=%" PRIu64 " activity_shortened=%u activity_lost=%u "
                 "not_printed=%" PRIu64
                 " effect=\"%s; all rooms are watched\" advice=\"see why the broker or the "
                 "database does not confirm, or give `gateway.journal.size` more\"",
                 turn->bytes, journal->conf.keep.size, turn->shortened, turn->lost, kept_back,
                 turn->crowded ? "alarms that must be kept make the journal larger than it may be"
                               : "the oldest activity is let go of before its time");
    }
}

/* Let go of what need not be kept, one turn of it. */
static void journal_keep_turn(struct journal *journal) {
    struct journal_keep_turn turn;
    uint64_t now_ns = clock_real_ns();
    journal->keep_at = now_ns + KEEP_NS;
    journal->keep_is_urgent = false;
    /* What fails here fails the next commit as well, which tells. */
    if (journal->store == NULL ||
        journal_store_keep(journal->store, &journal->conf.keep, clock_wall(), &turn) != 0) {
        return;
    }
    if (turn.shortened + turn.lost > 0 || turn.crowded) {
        journal->crowded_until = now_ns + CROWDED_NS;
        journal_log_crowded(journal, &turn);
    }
    if (turn.more) {
        journal->keep_at = now_ns + KEEP_PAUSE_NS;
        journal->keep_is_urgent =
            turn.bytes > journal->conf.keep.size + journal->conf.keep.size / KEEP_EXCESS;
    }
    bool crowded = now_ns < journal->crowded_until;
    (void)pthread_mutex_lock(&journal->lock);
    journal->stats.bytes = turn.bytes;
    journal->stats.expired += turn.expired;
    journal->stats.shortened += turn.shortened;
    journal->stats.lost += turn.lost;
    if (journal->crowded != crowded) {
        journal->crowded = crowded;
        journal_wake(journal);
    }
    (void)pthread_mutex_unlock(&journal->lock);
}

/* With the lock held: when is something to be done? UINT64_MAX: when somebody says so. */
static uint64_t journal_due_at(const struct journal *journal) {
    if (journal->retry_ns > 0) {
        return journal->retry_at;
    }
    if (journal_gather_is_urgent(&journal->gathered) || journal->salvaging) {
        return 0;
    }
    return journal->lazy_at != 0 ? journal->lazy_at : UINT64_MAX;
}

/* With the lock held: sleep until `until_ns` or until something changes. */
static void journal_rest(struct journal *journal, uint64_t now_ns, uint64_t until_ns) {
    if (until_ns == UINT64_MAX) {
        (void)pthread_cond_wait(&journal->changed, &journal->lock);
        return;
    }
    struct timespec until;
    (void)clock_gettime(CLOCK_MONOTONIC, &until); /* the condition's clock, set up so below */
    uint64_t span_ns = until_ns - now_ns;
    until.tv_sec += (time_t)(span_ns / NS_PER_S);
    until.tv_nsec += (long)(span_ns % NS_PER_S);
    if (until.tv_nsec >= (long)NS_PER_S) {
        until.tv_sec++;
        until.tv_nsec -= (long)NS_PER_S;
    }
    (void)pthread_cond_timedwait(&journal->changed, &journal->lock, &until);
}

static void *journal_write(void *context) {
    struct journal *journal = context;
    (void)pthread_setname_np(pthread_self(), "journal");
    (void)pthread_mutex_lock(&journal->lock);
    while (!journal->stop) {
        uint64_t now_ns = clock_real_ns();
        uint64_t due_at = journal_due_at(journal);
        uint64_t chore_at =
            journal->tidy_at < journal->keep_at ? journal->tidy_at : journal->keep_at;
        if (due_at <= now_ns && chore_at != 0) {
            journal_commit(journal);
        } else if (chore_at <= now_ns) {
            (void)pthread_mutex_unlock(&journal->lock);
            if (journal->tidy_at == chore_at) {
                journal_tidy(journal);
            } else {
                journal_keep_turn(journal);
            }
            (void)pthread_mutex_lock(&journal->lock);
        } else {
            journal_rest(journal, now_ns, due_at < chore_at ? due_at : chore_at);
        }
    }
    if (!journal_gather_is_empty(&journal->gathered)) {
        journal_commit(journal);
    }
    (void)pthread_mutex_unlock(&journal->lock);
    journal_tidy(journal);
    return NULL;
}

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
    journal->tidy_at = 0; /* the log is laid out before the first commit */
    journal->keep_at = UINT64_MAX;
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
        r = journal_directory_init(&journal->directory, conf->directory);
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
    if (pthread_attr_init(&attributes) != 0) {
        return err_origin(-ENOMEM);
    }
    int r = pthread_attr_setstacksize(&attributes, WRITER_STACK_BYTES);
    if (r == 0) {
        r = pthread_create(&journal->writer, &attributes, journal_write, journal);
    }
    (void)pthread_attr_destroy(&attributes);
    journal->writer_runs = r == 0;
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
        (void)pthread_mutex_unlock(&journal->lock);
        (void)pthread_join(journal->writer, NULL);
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
