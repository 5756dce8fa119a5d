/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/console/auditor.h"

#include <inttypes.h>
#include <limits.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <unistd.h>

#include <event2/event.h>

#include "gateway/clock.h"
#include "gateway/console/body.h"
#include "gateway/hex.h"
#include "gateway/journal/journal_audit_text.h"
#include "gateway/log.h"

enum { LEAST_PRIORITY = 19 };

struct auditor_job {
    atomic_uint owners; /* the thread, and the console as long as it waits */
    atomic_bool ended;
    int wake;
    char path[PATH_MAX];
    int error;
    struct journal_audit audit;
    char reason[JOURNAL_REASON_SIZE];
};

static void job_release(struct auditor_job *job) {
    if (atomic_fetch_sub(&job->owners, 1) == 1) {
        (void)close(job->wake);
        free(job);
    }
}

static void *job_run(void *context) {
    struct auditor_job *job = context;
    /* Linux gives each thread a priority of its own; where that is not permitted it works at the console's. */
    (void)setpriority(PRIO_PROCESS, (id_t)gettid(), LEAST_PRIORITY);
    job->error = journal_audit(job->path, NULL, &job->audit, job->reason);
    atomic_store(&job->ended, true);
    (void)eventfd_write(job->wake, 1);
    job_release(job);
    return NULL;
}

static struct auditor_job *job_new(const struct site *site) {
    struct auditor_job *job = calloc(1, sizeof *job);
    if (job == NULL) {
        return NULL;
    }
    int len = snprintf(job->path, sizeof job->path, "%s/journal.db",
                       site_text(site, site->header->state_directory));
    job->wake =
        len > 0 && (size_t)len < sizeof job->path ? eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC) : -1;
    if (job->wake < 0) {
        free(job);
        return NULL;
    }
    atomic_store(&job->owners, 1);
    return job;
}

static int job_start(struct auditor_job *job) {
    pthread_attr_t attributes;
    pthread_t thread;
    (void)pthread_attr_init(&attributes);
    (void)pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    atomic_fetch_add(&job->owners, 1);
    int r = -pthread_create(&thread, &attributes, job_run, job);
    (void)pthread_attr_destroy(&attributes);
    if (r != 0) {
        atomic_fetch_sub(&job->owners, 1);
        return err_origin(r);
    }
    return 0;
}

/* ---- the console's side ---- */

static bool auditor_is_good(const struct auditor *auditor) {
    return auditor->error == 0 && journal_audit_is_good(&auditor->audit);
}

static void auditor_let_go(struct auditor *auditor) {
    if (auditor->done != NULL) {
        event_free(auditor->done);
        auditor->done = NULL;
    }
    if (auditor->job != NULL) {
        job_release(auditor->job);
        auditor->job = NULL;
    }
}

static void auditor_log(const struct auditor *auditor) {
    char by[2 * AUDITOR_BY_SIZE], reason[2 * JOURNAL_REASON_SIZE];
    (void)log_quote(auditor->by, by, sizeof by);
    if (auditor->error != 0) {
        log_line(
            LOG_ERROR, "audit_failed",
            "by=%s reason=\"%s\" effect=\"whether the journal is what was recorded is not known; watching "
            "goes on\" advice=\"look at the state directory's disk, then ask again\"",
            by, log_quote(auditor->reason, reason, sizeof reason));
    } else if (auditor_is_good(auditor)) {
        log_line(LOG_NOTICE, "audit", "by=%s events=%" PRIu64 " newest_seq=%" PRIu64 " result=good",
                 by, auditor->audit.events, auditor->audit.newest_seq);
    } else {
        log_line(
            LOG_ERROR, "audit",
            "by=%s events=%" PRIu64 " newest_seq=%" PRIu64 " fault_seq=%" PRIu64
            " result=wrong effect=\"the journal is not in all parts what was recorded; watching goes on\" "
            "advice=\"`tocsin audit verify` says what is wrong; keep a copy of the state directory\"",
            by, auditor->audit.events, auditor->audit.newest_seq, auditor->audit.fault_seq);
    }
}

static void auditor_done(evutil_socket_t fd, short what, void *context) {
    (void)fd;
    (void)what;
    struct auditor *auditor = context;
    const struct auditor_job *job = auditor->job;
    if (!atomic_load(&job->ended)) {
        return;
    }
    auditor->error = job->error;
    auditor->audit = job->audit;
    memcpy(auditor->reason, job->reason, sizeof auditor->reason);
    if (job->error < 0) {
        (void)snprintf(auditor->reason, sizeof auditor->reason, "%s", strerror(-job->error));
    }
    auditor->ended = clock_wall();
    auditor_let_go(auditor);
    auditor_log(auditor);
}

void auditor_init(struct auditor *auditor, struct event_base *base, const struct site *site) {
    *auditor = (struct auditor){.base = base, .site = site};
}

void auditor_deinit(struct auditor *auditor) {
    auditor_let_go(auditor);
}

int auditor_begin(struct auditor *auditor, const char *by) {
    if (auditor->job != NULL) {
        return 0;
    }
    auditor->job = job_new(auditor->site);
    if (auditor->job == NULL) {
        return err_origin(-ENOMEM);
    }
    auditor->done = event_new(auditor->base, auditor->job->wake, EV_READ, auditor_done, auditor);
    int r = auditor->done != NULL && event_add(auditor->done, NULL) == 0 ? job_start(auditor->job)
                                                                         : err_origin(-ENOMEM);
    if (r != 0) {
        auditor_let_go(auditor);
        return err_trace(r);
    }
    auditor->begun = clock_wall();
    auditor->ended = (struct wall){0};
    (void)snprintf(auditor->by, sizeof auditor->by, "%s", by);
    return 0;
}

/* ---- what is told ---- */

static json_t *auditor_words(const struct auditor *auditor, enum site_language language) {
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    if (out == NULL) {
        return json_string("");
    }
    if (auditor->error == 0) {
        (void)journal_audit_print(&auditor->audit, language, out);
    } else {
        (void)fprintf(out,
                      language == LANGUAGE_ZH
                          ? "无法读完日志，因此不知道它是否与所记录的一致：%s\n"
                          : "the journal cannot be read to its end, so nobody knows "
                            "whether it is what was recorded: %s\n",
                      auditor->reason);
    }
    (void)fclose(out);
    json_t *words = json_stringn_nocheck(text, size);
    free(text);
    return words == NULL ? json_string("") : words;
}

json_t *auditor_body(const struct auditor *auditor) {
    bool is_over = auditor->job == NULL && auditor->ended.ns != 0;
    bool is_known = is_over && auditor->error == 0;
    const struct journal_audit *audit = &auditor->audit;
    char digest[2 * JOURNAL_DIGEST_SIZE + 1] = "";
    hex_format(audit->digest, sizeof audit->digest, digest);
    const char *state = auditor->job != NULL     ? "running"
                        : auditor->ended.ns == 0 ? "none"
                        : auditor->error != 0    ? "failed"
                                                 : "done";
    bool is_event = is_known && audit->fault != AUDIT_SOUND && audit->fault_seq > 0;
    return json_pack(
        "{s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "state", state, "begun",
        body_wall(auditor->begun), "ended", body_wall(auditor->ended), "by",
        auditor->begun.ns == 0 ? json_null() : json_string(auditor->by), "good",
        is_known ? json_boolean(auditor_is_good(auditor)) : json_null(), "events",
        is_known ? json_integer((json_int_t)audit->events) : json_null(), "first_seq",
        is_known ? json_integer((json_int_t)audit->first_seq) : json_null(), "newest_seq",
        is_known ? json_integer((json_int_t)audit->newest_seq) : json_null(), "fault_seq",
        is_event ? json_integer((json_int_t)audit->fault_seq) : json_null(), "digest",
        is_known ? json_string(digest) : json_null(), "text",
        is_over ? json_pack("{s:o, s:o}", "zh", auditor_words(auditor, LANGUAGE_ZH), "en",
                            auditor_words(auditor, LANGUAGE_EN))
                : json_null());
}
