/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The inspector: a thread that inspects the journal in small steps, at the lowest priority, first when
 * the gateway has long begun to watch, and then once a day
 */
#include <inttypes.h>
#include <sched.h>
#include <string.h>
#include <sys/prctl.h>

#include "gateway/clock.h"
#include "gateway/journal/journal_inspection.h"
#include "gateway/journal/journal_parts.h"

/* Real time. An inspection begins so long after one has ended, or where it could not go on. */
#define INSPECT_NS       (86400 * NS_PER_S)
#define INSPECT_RETRY_NS (10 * NS_PER_S)
/* A step, and the pause after it: a tenth of one processor where nothing else wants it. */
#define INSPECT_STEP_NS  (20 * NS_PER_MS)
#define INSPECT_PAUSE_NS (180 * NS_PER_MS)

/* With the lock held: wait so long; false when the journal is to be closed. */
static bool inspector_wait(struct journal *journal, uint64_t span_ns) {
    uint64_t until_ns = clock_real_ns() + span_ns;
    while (!journal->stop && clock_real_ns() < until_ns) {
        journal_rest(journal, &journal->inspect, until_ns);
    }
    return !journal->stop;
}

/* With the lock held: what came of an inspection. Says when the next one is due. */
static uint64_t inspector_end(struct journal *journal, enum journal_inspection_state state,
                              const char *reason) {
    char quoted[JOURNAL_REASON_SIZE + 8];
    switch (state) {
    case INSPECTION_SOUND:
        journal->stats.inspection_done = true;
        log_line(LOG_NOTICE, "journal_inspected",
                 "events=%" PRIu64 " effect=\"all of it is sound\"", journal->stats.inspected);
        return INSPECT_NS;
    case INSPECTION_DAMAGED:
        log_line(LOG_ERROR, "journal_inspected",
                 "reason=%s effect=\"a new journal begins, and takes over what can be read\"",
                 log_quote(reason, quoted, sizeof quoted));
        (void)memcpy(journal->inspection, reason, sizeof journal->inspection);
        (void)pthread_cond_signal(&journal->changed);
        return INSPECT_NS;
    case INSPECTION_FAILED:
    case INSPECTION_GOES_ON: /* there was no memory to begin */
        return INSPECT_RETRY_NS;
    }
    return INSPECT_RETRY_NS;
}

/* With the lock held, given back while it works: inspect all of it. Says when the next one is due. */
static uint64_t inspector_round(struct journal *journal) {
    struct journal_inspection *inspection = NULL;
    enum journal_inspection_state state = INSPECTION_GOES_ON;
    if (!journal->recording ||
        journal_inspection_new(journal->directory.database, &inspection) != 0) {
        return INSPECT_RETRY_NS;
    }
    journal->stats.inspection_done = false;
    do {
        (void)pthread_mutex_unlock(&journal->lock);
        state = journal_inspection_step(inspection, INSPECT_STEP_NS);
        (void)pthread_mutex_lock(&journal->lock);
        journal->stats.inspected = journal_inspection_events(inspection);
    } while (state == INSPECTION_GOES_ON && inspector_wait(journal, INSPECT_PAUSE_NS));
    if (!journal->recording) {
        state = INSPECTION_FAILED; /* the disk does not serve: what it gave says nothing */
    }
    uint64_t next_ns = inspector_end(journal, state, journal_inspection_reason(inspection));
    (void)journal_inspection_free(inspection);
    return next_ns;
}

void *journal_inspect(void *context) {
    struct journal *journal = context;
    const struct sched_param lowest = {.sched_priority = 0};
    uint64_t next_ns = journal->conf.inspect_after_ns;
    (void)prctl(PR_SET_NAME, "inspector");
    /* Where that is refused it is an ordinary thread that rests most of the time. */
    (void)pthread_setschedparam(pthread_self(), SCHED_IDLE, &lowest);
    (void)pthread_mutex_lock(&journal->lock);
    while (inspector_wait(journal, next_ns)) {
        next_ns = inspector_round(journal);
    }
    (void)pthread_mutex_unlock(&journal->lock);
    return NULL;
}
