/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/console/trend/trends.h"

#include <assert.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include <event2/event.h>

#include "gateway/clock.h"
#include "gateway/log.h"

/* How long an end waits for the disk. Real time. */
#define END_WAIT_NS (2 * NS_PER_S)

struct minute {
    int64_t slot;
    struct trend_bucket *buckets;
};

/* A question, and in its place what it came to. */
struct question {
    struct trends_question asked;
    struct trend_bucket *buckets; /* NULL: not answered yet, or cannot be */
};

struct trends {
    struct trends_conf conf;
    char *directory;
    uint64_t *ids;
    trends_answered *answered;
    void *context;
    int wake;
    struct event *woken;
    pthread_t thread;

    pthread_mutex_t mutex; /* guards all up to the thread's own */
    pthread_cond_t given, ended;
    struct minute minutes[TRENDS_MINUTES_MAX];
    struct question questions[TRENDS_QUESTIONS_MAX];
    /* Counts that only grow: taken <= come, told <= done <= asked. */
    uint64_t minutes_come, minutes_taken;
    uint64_t asked, done, told;
    bool ends; /* the thread is to end … */
    bool over; /* … and uses nothing any more */
    struct trends_stats stats;
    struct log_limiter full_limiter;

    /* the thread's */
    struct trend_store *store; /* NULL while the directory cannot be used */
    uint64_t unkept;           /* minutes that came while it could not */
    struct log_limiter unusable_limiter, dropped_limiter;
};

/* ---- the thread ---- */

static void trends_tell_opened(const struct trends *trends) {
    struct trend_store_stats stats = trend_store_stats(trends->store);
    char quoted[512];
    log_line(
        stats.damaged + stats.strange > 0 ? LOG_WARNING : LOG_INFO, "history",
        "path=%s points=%" PRIu32 " size=%" PRIu64 " size_max=%" PRIu64 " damaged=%" PRIu64
        " other_versions=%" PRIu64
        " effect=\"a day of minutes and 13 months of quarters of each point are kept, as far as size_max goes%s\"",
        log_quote(trends->conf.directory, quoted, sizeof quoted), trends->conf.columns.count,
        stats.bytes, trends->conf.size_max, stats.damaged, stats.strange,
        stats.damaged > 0   ? "; what was damaged is shown as a gap"
        : stats.strange > 0 ? "; what another version wrote is not shown"
                            : "");
}

static void trends_open(struct trends *trends) {
    int r = trend_store_new(trends->conf.directory, trends->conf.columns, trends->conf.size_max,
                            &trends->store);
    const char *reason = strerror(r == -ENOMEM ? ENOMEM : errno);
    uint64_t kept_back = 0;
    char quoted[512];
    if (r == 0) {
        trends_tell_opened(trends);
    } else if (log_permit(&trends->unusable_limiter, &kept_back)) {
        log_line(LOG_WARNING, "history_unusable",
                 "path=%s error=\"%s\" kept_back=%" PRIu64
                 " effect=\"charts have a gap until it can be used; all rooms are watched\" "
                 "advice=\"make the directory writable\"",
                 log_quote(trends->conf.directory, quoted, sizeof quoted), reason, kept_back);
    }
}

static void trends_tell_dropped(struct trends *trends, int r) {
    const char *reason = strerror(r == -ENOMEM ? ENOMEM : errno);
    uint64_t kept_back = 0;
    char quoted[512];
    if (log_permit(&trends->dropped_limiter, &kept_back)) {
        log_line(
            LOG_WARNING, "history_dropped",
            "path=%s error=\"%s\" kept_back=%" PRIu64
            " effect=\"charts have a gap; all rooms are watched\" advice=\"free the disk: nothing is "
            "written here while less than %u MiB are left for the journal\"",
            log_quote(trends->conf.directory, quoted, sizeof quoted), reason, kept_back,
            (unsigned)(TREND_SPARE >> 20));
    }
}

static void trends_keep(struct trends *trends, struct minute *minute) {
    if (trends->store == NULL) {
        trends_open(trends);
    }
    if (trends->store == NULL) {
        trends->unkept++;
    } else {
        int r = trend_store_add(trends->store, minute->slot, minute->buckets);
        if (r != 0) {
            trends_tell_dropped(trends, r);
        }
    }
    free(minute->buckets);
}

static void trends_find(struct trends *trends, struct question *question) {
    const struct trends_question *asked = &question->asked;
    size_t count = (size_t)asked->id_count * asked->slots;
    if (trends->store == NULL) {
        trends_open(trends);
    }
    question->buckets = trends->store == NULL ? NULL : calloc(count, sizeof *question->buckets);
    if (question->buckets != NULL &&
        trend_store_read(trends->store, asked->step_s, asked->ids, asked->id_count, asked->first,
                         asked->slots, question->buckets) != 0) {
        free(question->buckets);
        question->buckets = NULL;
    }
}

/* Called and left with the lock held. */
static void trends_count(struct trends *trends, uint64_t *unkept) {
    if (trends->store != NULL) {
        struct trend_store_stats before = trends->stats.store;
        trends->stats.store = trend_store_stats(trends->store);
        trends->stats.dropped += trends->stats.store.dropped - before.dropped;
    }
    trends->stats.dropped += trends->unkept - *unkept;
    *unkept = trends->unkept;
}

/* Do one thing, with the lock held but for the work; false when there is nothing to do. */
static bool trends_work(struct trends *trends) {
    if (trends->minutes_taken < trends->minutes_come) {
        struct minute minute = trends->minutes[trends->minutes_taken++ % TRENDS_MINUTES_MAX];
        (void)pthread_mutex_unlock(&trends->mutex);
        trends_keep(trends, &minute);
    } else if (trends->done < trends->asked && !trends->ends) {
        struct question *question = &trends->questions[trends->done % TRENDS_QUESTIONS_MAX];
        (void)pthread_mutex_unlock(&trends->mutex);
        trends_find(trends, question); /* nobody else touches one that is asked and not done */
        (void)pthread_mutex_lock(&trends->mutex);
        trends->done++;
        (void)eventfd_write(trends->wake, 1);
        return true;
    } else {
        return false;
    }
    (void)pthread_mutex_lock(&trends->mutex);
    return true;
}

static void *trends_run(void *context) {
    struct trends *trends = context;
    uint64_t unkept = 0;
    (void)pthread_setname_np(pthread_self(), "history");
    trends_open(trends);
    (void)pthread_mutex_lock(&trends->mutex);
    trends_count(trends, &unkept);
    while (true) {
        if (trends_work(trends)) {
            trends_count(trends, &unkept);
        } else if (trends->ends) {
            break;
        } else {
            (void)pthread_cond_wait(&trends->given, &trends->mutex);
        }
    }
    trends->over = true;
    (void)pthread_cond_signal(&trends->ended);
    (void)pthread_mutex_unlock(&trends->mutex);
    return NULL;
}

/* ---- the loop ---- */

static bool trends_take(struct trends *trends, struct question *ret_question) {
    (void)pthread_mutex_lock(&trends->mutex);
    bool there = trends->told < trends->done;
    if (there) {
        struct question *question = &trends->questions[trends->told++ % TRENDS_QUESTIONS_MAX];
        *ret_question = *question;
        question->buckets = NULL;
    }
    (void)pthread_mutex_unlock(&trends->mutex);
    return there;
}

static void trends_tell(evutil_socket_t fd, short what, void *context) {
    struct trends *trends = context;
    struct question question;
    eventfd_t rings;
    (void)what;
    (void)eventfd_read(fd, &rings);
    while (trends_take(trends, &question)) {
        trends->answered(trends->context, &question.asked, question.buckets);
        free(question.buckets);
    }
}

static void trends_release(struct trends *trends) {
    struct question question;
    while (trends_take(trends, &question)) {
        free(question.buckets);
    }
    if (trends->woken != NULL) {
        event_free(trends->woken);
    }
    if (trends->wake >= 0) {
        (void)close(trends->wake);
    }
    (void)trend_store_free(trends->store);
    (void)pthread_cond_destroy(&trends->given);
    (void)pthread_cond_destroy(&trends->ended);
    (void)pthread_mutex_destroy(&trends->mutex);
    free(trends->directory);
    free(trends->ids);
    free(trends);
}

int trends_new(const struct trends_conf *conf, struct event_base *base, trends_answered *answered,
               void *context, struct trends **ret_trends) {
    struct trends *trends = calloc(1, sizeof *trends);
    if (trends == NULL) {
        return err_origin(-ENOMEM);
    }
    trends->conf = *conf;
    /* Of its own: where the disk hangs at the end, the thread outlives whoever made it. */
    trends->directory = strdup(conf->directory);
    trends->ids = malloc((conf->columns.count + 1) * sizeof *trends->ids);
    if (trends->ids != NULL) {
        memcpy(trends->ids, conf->columns.ids, conf->columns.count * sizeof *trends->ids);
    }
    trends->conf.directory = trends->directory;
    trends->conf.columns.ids = trends->ids;
    trends->answered = answered;
    trends->context = context;
    (void)pthread_mutex_init(&trends->mutex, NULL);
    (void)pthread_cond_init(&trends->given, NULL);
    pthread_condattr_t monotonic;
    (void)pthread_condattr_init(&monotonic);
    (void)pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    (void)pthread_cond_init(&trends->ended, &monotonic);
    (void)pthread_condattr_destroy(&monotonic);
    trends->wake = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    int r = trends->wake < 0 ? err_origin(-errno) : 0;
    if (r == 0 && (trends->directory == NULL || trends->ids == NULL)) {
        r = err_origin(-ENOMEM);
    }
    if (r == 0) {
        trends->woken = event_new(base, trends->wake, EV_READ | EV_PERSIST, trends_tell, trends);
        r = trends->woken == NULL || event_add(trends->woken, NULL) != 0 ? err_origin(-ENOMEM) : 0;
    }
    if (r == 0) {
        int error = pthread_create(&trends->thread, NULL, trends_run, trends);
        r = error == 0 ? 0 : err_origin(-error);
    }
    if (r != 0) {
        trends_release(trends);
        return r;
    }
    *ret_trends = trends;
    return 0;
}

struct trends *trends_free(struct trends *trends) {
    if (trends == NULL) {
        return NULL;
    }
    (void)pthread_mutex_lock(&trends->mutex);
    trends->ends = true;
    (void)pthread_cond_signal(&trends->given);
    struct timespec until = clock_real_after(END_WAIT_NS);
    while (!trends->over && pthread_cond_timedwait(&trends->ended, &trends->mutex, &until) == 0) {
    }
    bool over = trends->over;
    (void)pthread_mutex_unlock(&trends->mutex);
    if (over) {
        (void)pthread_join(trends->thread, NULL);
        trends_release(trends);
        return NULL;
    }
    /* The disk hangs: the thread keeps all it uses, and ends with the process. */
    event_free(trends->woken);
    (void)pthread_detach(trends->thread);
    log_line(LOG_WARNING, "history_hangs",
             "effect=\"its disk does not answer: charts have a gap of some minutes\"");
    return NULL;
}

/* Called with the lock held. */
static bool trends_add(struct trends *trends, int64_t slot, struct trend_bucket *buckets) {
    bool room = trends->minutes_come - trends->minutes_taken < TRENDS_MINUTES_MAX;
    if (room && buckets != NULL) {
        trends->minutes[trends->minutes_come++ % TRENDS_MINUTES_MAX] =
            (struct minute){.slot = slot, .buckets = buckets};
        (void)pthread_cond_signal(&trends->given);
        return true;
    }
    trends->stats.dropped++;
    return false;
}

void trends_give(struct trends *trends, int64_t slot, const struct trend_bucket *buckets) {
    uint64_t kept_back = 0;
    size_t size = ((size_t)trends->conf.columns.count + 1) * sizeof *buckets;
    struct trend_bucket *copy = malloc(size);
    if (copy != NULL) {
        memcpy(copy, buckets, size - sizeof *buckets);
    }
    (void)pthread_mutex_lock(&trends->mutex);
    bool added = trends_add(trends, slot, copy);
    (void)pthread_mutex_unlock(&trends->mutex);
    if (added) {
        return;
    }
    free(copy);
    if (log_permit(&trends->full_limiter, &kept_back)) {
        log_line(LOG_WARNING, "history_behind",
                 "waiting=%d kept_back=%" PRIu64
                 " effect=\"the disk does not keep up: charts have a gap; all rooms are watched\" "
                 "advice=\"look at the disk of the state directory\"",
                 TRENDS_MINUTES_MAX, kept_back);
    }
}

int trends_ask(struct trends *trends, const struct trends_question *question) {
    assert(question->id_count > 0 && question->id_count <= TRENDS_POINTS_MAX);
    assert(question->slots > 0 && question->slots <= TRENDS_SLOTS_MAX);
    assert(question->slots * question->id_count <= TRENDS_BUCKETS_MAX);
    (void)pthread_mutex_lock(&trends->mutex);
    bool full = trends->asked - trends->told == TRENDS_QUESTIONS_MAX;
    if (!full) {
        trends->questions[trends->asked++ % TRENDS_QUESTIONS_MAX] =
            (struct question){.asked = *question};
        (void)pthread_cond_signal(&trends->given);
    }
    (void)pthread_mutex_unlock(&trends->mutex);
    return full ? TRENDS_E_FULL : 0;
}

void trends_stats(struct trends *trends, struct trends_stats *ret_stats) {
    (void)pthread_mutex_lock(&trends->mutex);
    *ret_stats = trends->stats;
    (void)pthread_mutex_unlock(&trends->mutex);
}
