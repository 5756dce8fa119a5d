/* SPDX-License-Identifier: Apache-2.0 */
#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "gateway/clock.h"
#include "gateway/journal/journal_parts.h"

/* Real time. */
#define RETRY_NS_FIRST (100 * NS_PER_MS)
#define RETRY_NS_MAX   (5 * NS_PER_S)
/* What may go is looked for so soon after the log has been moved into the file. */
#define KEEP_SOON_NS (20 * NS_PER_MS)
/* The write-ahead log is tidied after so long a silence … */
#define TIDY_NS (1 * NS_PER_S)

enum {
    /* … when it has grown to so many pages; beyond the second bound silence is not waited for. */
    TIDY_PAGES = 200,
    TIDY_PAGES_MAX = 1000, /* all that the log was laid out for */
};

void journal_wake(struct journal *journal) {
    uint64_t one = 1;
    /* It only fails when the counter is full, and then it is readable already. */
    ssize_t written = write(journal->wake, &one, sizeof one);
    (void)written;
}

static void journal_log_failure(struct journal *journal, const struct journal_finding *finding) {
    char reason[JOURNAL_REASON_SIZE + 8];
    uint64_t kept_back;
    if (log_permit(&journal->failure_limiter, &kept_back)) {
        log_line(
            LOG_ERROR, "journal_failed",
            "reason=%s not_printed=%" PRIu64
            " effect=\"events are told before they are recorded, and recorded later; all rooms "
            "are watched\" advice=\"%s\"",
            log_quote(finding->reason, reason, sizeof reason), kept_back,
            finding->denied ? "put the state directory back that was moved away, or restart the "
                              "gateway: it then works in the one that is there"
                            : "look at the disk: space, errors, permissions");
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
             "kept=%" PRIu64 " lost=%" PRIu64 " unproven=%" PRIu64 " mended=%" PRIu64
             " effect=\"events of the damaged journal are kept under their numbers; those that are "
             "lost cannot be sent or shown again; nothing is left that could prove what those say "
             "that are unproven\"",
             salvaged.kept, salvaged.lost, salvaged.unproven, salvaged.mended);
    return 0;
}

/* Let the file go that is not to be trusted, has been replaced, or cannot be. */
static void journal_doubt(struct journal *journal) {
    (void)pthread_mutex_lock(&journal->lock);
    if (journal->inspection[0] != '\0') {
        (void)memcpy(journal->distrust, journal->inspection, sizeof journal->distrust);
        journal->inspection[0] = '\0';
    }
    (void)pthread_mutex_unlock(&journal->lock);
    if (journal->store != NULL &&
        (journal->distrust[0] != '\0' || !journal_directory_is_same(&journal->directory))) {
        journal->store = journal_store_free(journal->store, false);
    }
}

/* Try to record what is in flight, once. Says how long the commit took, or in `ret_finding` why not. */
static int journal_try(struct journal *journal, uint64_t *ret_commit_ns,
                       struct journal_finding *ret_finding) {
    int r = 0;
    *ret_commit_ns = 0;
    *ret_finding = (struct journal_finding){0};
    journal_doubt(journal);
    if (journal->store == NULL) {
        r = journal_reopen(journal, ret_finding);
    }
    if (r == 0 && journal->salvaging) {
        r = journal_salvage(journal, ret_finding);
    }
    if (r == 0 && !journal_gather_is_empty(&journal->in_flight)) {
        uint64_t begun_ns = clock_real_ns();
        journal_directory_expect(&journal->directory,
                                 journal_store_newest(journal->store) + journal->in_flight_count);
        r = journal_store_commit(journal->store, &journal->in_flight, journal->boot,
                                 journal->id_prefix);
        *ret_commit_ns = clock_real_ns() - begun_ns;
        if (r != 0) {
            (void)snprintf(ret_finding->reason, sizeof ret_finding->reason, "%s",
                           journal_store_reason(journal->store));
        }
    }
    if (r != 0) {
        if (journal->store != NULL && journal_store_met_damage(journal->store)) {
            /* What a commit meets may lie where opening does not look. */
            (void)memcpy(journal->distrust, ret_finding->reason, sizeof journal->distrust);
        }
        /* A connection that has met an error is not trusted again; opening also finds damage. */
        journal->store = journal_store_free(journal->store, false);
    } else {
        journal->committed_seq = journal_store_newest(journal->store);
        journal_directory_witness(&journal->directory, journal->committed_seq);
    }
    return r;
}

/* Try to record what is in flight, again if there is a reserve to make room with. */
static int journal_attempt(struct journal *journal, uint64_t *ret_commit_ns) {
    struct journal_finding finding;
    int r = journal_try(journal, ret_commit_ns, &finding);
    if (r != 0 && journal_make_room(journal)) {
        r = journal_try(journal, ret_commit_ns, &finding);
    }
    if (r != 0) {
        journal_log_failure(journal, &finding);
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
        uint64_t longest = journal->boot_number > 0 ? RETRY_NS_MAX : JOURNAL_DIRECTORY_NS;
        journal->retry_ns = journal->retry_ns == 0 ? RETRY_NS_FIRST : journal->retry_ns * 2;
        journal->retry_ns = journal->retry_ns < longest ? journal->retry_ns : longest;
        journal->retry_at = clock_real_ns() + journal->retry_ns;
    }
    journal_wake(journal);
}

static void journal_bring_forward(struct journal *journal, enum journal_chore chore,
                                  uint64_t span_ns) {
    uint64_t at = clock_real_ns() + span_ns;
    if (at < journal->chores_at[chore]) {
        journal->chores_at[chore] = at;
    }
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
    journal->stats.commit_begun_ns = clock_real_ns();
    (void)pthread_mutex_unlock(&journal->lock);
    uint64_t commit_ns;
    int r = journal_attempt(journal, &commit_ns);
    (void)pthread_mutex_lock(&journal->lock);
    journal->stats.commit_begun_ns = 0;
    journal_settle(journal, r, commit_ns);
    uint32_t pages = journal->store != NULL ? journal_store_wal_pages(journal->store) : 0;
    journal->chores_at[CHORE_TIDY] = pages >= TIDY_PAGES_MAX ? JOURNAL_AT_ONCE
                                     : pages >= TIDY_PAGES   ? clock_real_ns() + TIDY_NS
                                                             : JOURNAL_NEVER;
    /* On a full disk each commit is to find the room that the turn before it made: a second of them
     * could use up what the reserve gave. */
    if (journal->keep_is_urgent || journal->spent) {
        journal->chores_at[CHORE_KEEP] = JOURNAL_AT_ONCE;
    }
}

/* Move the log into the file. */
static void journal_tidy(struct journal *journal) {
    journal->chores_at[CHORE_TIDY] = JOURNAL_NEVER;
    journal_bring_forward(journal, CHORE_KEEP, KEEP_SOON_NS); /* it may have grown */
    if (journal->store == NULL) {
        return;
    }
    journal_store_checkpoint(journal->store);
    journal_store_lay_out_log(journal->store);
}

/* With the lock held: when is something to be done? JOURNAL_NEVER: when somebody says so. */
static uint64_t journal_due_at(const struct journal *journal) {
    if (journal->retry_ns > 0) {
        return journal->retry_at;
    }
    if (journal_gather_is_urgent(&journal->gathered) || journal->salvaging ||
        journal->inspection[0] != '\0') {
        return 0;
    }
    return journal->lazy_at != 0 ? journal->lazy_at : JOURNAL_NEVER;
}

void journal_rest(struct journal *journal, pthread_cond_t *condition, uint64_t until_ns) {
    if (until_ns == JOURNAL_NEVER) {
        (void)pthread_cond_wait(condition, &journal->lock);
        return;
    }
    uint64_t now_ns = clock_real_ns();
    const struct timespec until = clock_real_after(until_ns > now_ns ? until_ns - now_ns : 0);
    (void)pthread_cond_timedwait(condition, &journal->lock, &until);
}

static enum journal_chore journal_next_chore(const struct journal *journal) {
    enum journal_chore next = CHORE_TIDY;
    for (int chore = 1; chore < JOURNAL_CHORE_COUNT; chore++) {
        if (journal->chores_at[chore] < journal->chores_at[next]) {
            next = (enum journal_chore)chore;
        }
    }
    return next;
}

static void journal_see_to(struct journal *journal, enum journal_chore chore) {
    switch (chore) {
    case CHORE_TIDY:
        journal_tidy(journal);
        return;
    case CHORE_KEEP:
        journal_keep_turn(journal);
        return;
    case CHORE_RESERVE:
        journal_reserve_turn(journal);
        return;
    case CHORE_SEAL:
        journal_seal_turn(journal);
        return;
    case JOURNAL_CHORE_COUNT:
        break;
    }
    assert(false && "a chore that there is not");
}

void *journal_write(void *context) {
    struct journal *journal = context;
    (void)pthread_setname_np(pthread_self(), "journal");
    (void)pthread_mutex_lock(&journal->lock);
    while (!journal->stop) {
        uint64_t now_ns = clock_real_ns();
        uint64_t due_at = journal_due_at(journal);
        enum journal_chore chore = journal_next_chore(journal);
        uint64_t chore_at = journal->chores_at[chore];
        if (due_at <= now_ns && chore_at != JOURNAL_AT_ONCE) {
            journal_commit(journal);
        } else if (chore_at <= now_ns) {
            (void)pthread_mutex_unlock(&journal->lock);
            journal_see_to(journal, chore);
            (void)pthread_mutex_lock(&journal->lock);
        } else {
            journal_rest(journal, &journal->changed, due_at < chore_at ? due_at : chore_at);
        }
    }
    if (!journal_gather_is_empty(&journal->gathered)) {
        journal_commit(journal);
    }
    (void)pthread_mutex_unlock(&journal->lock);
    journal_tidy(journal);
    return NULL;
}
