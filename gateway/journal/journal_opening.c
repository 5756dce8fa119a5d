/* SPDX-License-Identifier: Apache-2.0 */
#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>

#include "gateway/clock.h"
#include "gateway/journal/journal_parts.h"

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
    } else if (finding->foreign) {
        log_line(
            LOG_WARNING, "journal_foreign",
            "reason=%s kept_as=%s effect=\"it is kept as it was, and a new journal begins; what "
            "is open in it is not taken over; all rooms are watched\" advice=\"if the id of the "
            "site or the gateway was not to change, stop the gateway, put the old id back and "
            "move the kept journal back to journal.db\"",
            log_quote(finding->reason, reason, sizeof reason),
            log_quote(finding->aside, aside, sizeof aside));
    } else if (finding->missing) {
        log_line(LOG_ERROR, "journal_missing",
                 "path=%s effect=\"a new journal begins after event %" PRIu64
                 "; alarms that were open are only known again when their sensors say so\"",
                 log_quote(journal->directory.database, aside, sizeof aside),
                 journal_store_newest(journal->store));
    }
}

/*
 * Say in both places which life this is, and in the file on which timeline. One that began without the
 * file, `boot` 0, leaves the number of before.
 */
static int journal_tell_life(struct journal *journal, uint64_t boot,
                             struct journal_finding *finding) {
    struct journal_store *store = journal->store;
    uint64_t generation = journal->conf.generation;
    if (boot > 0) {
        int r =
            journal_directory_boot(&journal->directory, store, boot, generation, finding->reason);
        if (r != 0) {
            return r;
        }
    }
    if ((boot == 0 &&
         journal_store_boot_write(store, journal_store_boot(store), generation) != 0) ||
        journal_store_timeline_write(store, journal->conf.timeline) != 0) {
        (void)snprintf(finding->reason, JOURNAL_REASON_SIZE, "%s", journal_store_reason(store));
        return JOURNAL_E_FAILED;
    }
    return 0;
}

/* Number this life, in both places, before anything carries the number. */
static int journal_number_once(struct journal *journal, struct journal_finding *finding) {
    struct journal_store *store = journal->store;
    uint64_t boot = journal_store_boot(store);
    if (journal->directory.boot.boot > boot) {
        boot = journal->directory.boot.boot;
    }
    boot = boot == 0 ? journal_boot_first(clock_wall()) : journal_boot_next(boot);
    journal->generation_before = journal_store_generation(store);
    int r = journal_tell_life(journal, boot, finding);
    if (r == 0) {
        (void)snprintf(journal->boot, sizeof journal->boot, "%" PRIu64, boot);
        journal->boot_number = boot;
    }
    return r;
}

/* … again on a full disk with the room of the reserve. */
static int journal_number(struct journal *journal, struct journal_finding *finding) {
    int r = journal_number_once(journal, finding);
    return r != 0 && journal_make_room(journal) ? journal_number_once(journal, finding) : r;
}

/* A boot without a journal is random, so that it never meets a number of a journal. */
static void journal_name_boot(struct journal *journal) {
    uint64_t bits = 0;
    ssize_t got = getrandom(&bits, sizeof bits, 0);
    assert(got ==
           (ssize_t)sizeof bits); /* small requests are never cut short once the pool is up */
    (void)snprintf(journal->boot, sizeof journal->boot, "r%016" PRIx64, bits);
}

/* Open the directory and the file. */
static int journal_open(struct journal *journal, struct journal_finding *finding) {
    struct journal_store *store = NULL;
    int r = journal_directory_open(&journal->directory, &journal->conf.identity, journal->distrust,
                                   &store, finding);
    if (r == 0) {
        journal->distrust[0] = '\0'; /* it is another file now */
    }
    if (r != 0) {
        return r;
    }
    journal_store_continue(store, journal->committed_seq);
    journal->store = store;
    journal->salvaging = journal_store_is_salvaging(store);
    journal_log_finding(journal, finding);
    return 0;
}

int journal_reopen(struct journal *journal, struct journal_finding *finding) {
    int r = journal_open(journal, finding);
    bool joins = journal->boot_number == 0 && !journal->joined;
    if (r != 0 || !(finding->created || joins)) {
        return r;
    }
    /* Numbers tried in the lost file mean nothing in this one. */
    for (struct journal_event *event = finding->created ? journal->in_flight.first : NULL;
         event != NULL; event = event->next) {
        event->seq = 0;
    }
    r = journal_tell_life(journal, journal->boot_number, finding);
    journal->joined = r == 0;
    (void)pthread_mutex_lock(&journal->lock);
    journal->renewed = true;
    (void)pthread_mutex_unlock(&journal->lock);
    return r;
}

/* Learn what is needed to go on of the life before. */
static void journal_learn(struct journal *journal) {
    if (journal_store_newest(journal->store) > journal->committed_seq) {
        journal->committed_seq = journal_store_newest(journal->store);
    }
    journal_store_confirmed(journal->store, journal->confirmed);
    journal_store_tokens(journal->store, journal->tokens);
}

/*
 * A file that cannot be written is still read: what was open when the disk filled up, or failed, is open.
 * Says whether it could be.
 */
static bool journal_recall(struct journal *journal) {
    char reason[JOURNAL_REASON_SIZE];
    journal->store = journal_store_free(journal->store, false);
    if (journal_store_recall(journal->directory.database, &journal->conf.identity, &journal->store,
                             reason) != 0) {
        return false;
    }
    journal_learn(journal);
    journal->generation_before = journal_store_generation(journal->store);
    return journal_store_timeline_write(journal->store, journal->conf.timeline) == 0;
}

void journal_begin(struct journal *journal) {
    char reason[JOURNAL_REASON_SIZE + 8];
    char path[JOURNAL_PATH_SIZE];
    struct journal_finding finding;
    int r = journal_open(journal, &finding);
    if (r != 0 && journal_make_room(journal)) {
        r = journal_open(journal, &finding);
    }
    if (r == 0) {
        journal->damaged_at_start = finding.damaged || finding.foreign || finding.missing;
        journal_learn(journal);
        r = journal_number(journal, &finding);
    }
    if (r != 0) {
        bool recalled = journal_recall(journal);
        journal_name_boot(journal);
        journal->retry_ns = JOURNAL_DIRECTORY_NS;
        journal->retry_at = clock_real_ns() + JOURNAL_DIRECTORY_NS;
        log_line(LOG_ERROR, "journal_unusable",
                 "directory=%s reason=%s effect=\"nothing is recorded; all rooms are watched and "
                 "alarms are told at once, but a restart forgets them; %s\" "
                 "advice=\"make the directory writable; it is tried every 10 s\"",
                 log_quote(journal->directory.path, path, sizeof path),
                 log_quote(finding.reason, reason, sizeof reason),
                 recalled ? "what was open before is taken over as far as it can be read"
                          : "what was open before cannot be read");
    }
    journal->newest_seq = journal->told_seq = journal->committed_seq;
    journal->recording = r == 0;
    (void)snprintf(journal->id_prefix, sizeof journal->id_prefix, "%s.%s.%s.",
                   journal->conf.identity.site, journal->conf.identity.gateway, journal->boot);
}
