/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The signer: a thread that signs what the writer asks it to, and nothing else
 *
 * A key may lie on another disk, or be handed over by somebody who is slow, and the ledger of a day may
 * be long; the writer therefore neither reads them nor signs. Once a seal has been made the writer adds
 * it, one small row a day, when no event waits, and leaves it in the file `checkpoint` as well.
 */
#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <sys/prctl.h>

#include "gateway/clock.h"
#include "gateway/disk.h"
#include "gateway/journal/journal_parts.h"

/* Real time. A seal is looked for so often, and one that was asked for so soon for the first time. */
#define SEAL_NS      (10 * NS_PER_S)
#define SEAL_SOON_NS (20 * NS_PER_MS)

static void signer_log_failure(struct journal *journal, int r, const char *why) {
    char reason[JOURNAL_REASON_SIZE + 8];
    uint64_t kept_back;
    if (log_permit(&journal->signer_limiter, &kept_back)) {
        log_line(LOG_ERROR, "journal_unsigned",
                 "reason=%s not_printed=%" PRIu64
                 " effect=\"the day's checkpoint is not signed; events are recorded and all rooms "
                 "are watched\" advice=\"see to the file in `gateway.journal.signing_key_file`; it "
                 "is read again every 10 s\"",
                 log_quote(r < 0 ? "no memory" : why, reason, sizeof reason), kept_back);
    }
}

static bool signer_goes_on(void *context) {
    struct journal *journal = context;
    (void)pthread_mutex_lock(&journal->lock);
    bool goes_on = !journal->stop;
    (void)pthread_mutex_unlock(&journal->lock);
    return goes_on;
}

/* Read the ledger and sign it. The file's path does not change in a journal's life. */
static int signer_make(struct journal *journal, struct journal_seal *seal) {
    const struct journal_identity *identity = &journal->conf.identity;
    char reason[JOURNAL_REASON_SIZE] = "";
    int r = journal_ledger_fill(seal, journal->directory.database, signer_goes_on, journal, reason);
    if (r == 0) {
        r = seal_sign(seal, journal->conf.signing_key, identity->site, identity->gateway, reason);
    }
    if (r != 0 && r != -ECANCELED) {
        signer_log_failure(journal, r, reason);
    }
    return r;
}

/* With the lock held: the loop is to know when it goes on failing, and when it does no more. */
static void signer_count(struct journal *journal, bool failed) {
    journal->stats.seal_failures += failed;
    journal->seal_failures = failed ? journal->seal_failures + 1 : 0;
    if (!failed || journal->seal_failures == JOURNAL_SEAL_FAILURES) {
        journal_wake(journal);
    }
}

void *journal_sign(void *context) {
    struct journal *journal = context;
    (void)prctl(PR_SET_NAME, "signer");
    (void)pthread_mutex_lock(&journal->lock);
    while (!journal->stop) {
        if (journal->sealing != SEALING_ASKED) {
            journal_rest(journal, &journal->sign, JOURNAL_NEVER);
            continue;
        }
        struct journal_seal seal = journal->seal;
        (void)pthread_mutex_unlock(&journal->lock);
        int r = signer_make(journal, &seal);
        (void)pthread_mutex_lock(&journal->lock);
        journal->seal = seal;
        signer_count(journal, r != 0);
        journal->sealing = r == 0 ? SEALING_DONE : SEALING_FAILED;
    }
    (void)pthread_mutex_unlock(&journal->lock);
    return NULL;
}

/* Ask for a seal if one is due. */
static void signer_ask(struct journal *journal) {
    struct journal_seal seal;
    if (!journal_store_wants_seal(journal->store, clock_wall(), &seal)) {
        return;
    }
    (void)pthread_mutex_lock(&journal->lock);
    journal->seal = seal;
    journal->sealing = SEALING_ASKED;
    (void)pthread_cond_signal(&journal->sign);
    (void)pthread_mutex_unlock(&journal->lock);
    journal->chores_at[CHORE_SEAL] = clock_real_ns() + SEAL_SOON_NS;
}

/* Record the seal, and leave it beside the journal: one that is taken out is missed then. */
static void signer_record(struct journal *journal, const struct journal_seal *seal) {
    const struct journal_identity *identity = &journal->conf.identity;
    char note[SEAL_NOTE_SIZE];
    bool recorded = false;
    /* What fails here fails the next commit as well, which tells; it is made again then. */
    if (journal_store_seal(journal->store, seal, &recorded) == 0 && recorded) {
        (void)seal_note_format(seal, identity->site, identity->gateway, note);
        /* Where that fails an audit does not miss the seal if it is taken out before the next. */
        bool noted = disk_replace(journal->directory.fd, SEAL_NOTE_NAME, note, strlen(note)) == 0;
        log_line(LOG_NOTICE, "journal_sealed",
                 "number=%" PRIu64 " seq=%" PRIu64
                 " noted=%s effect=\"all events up to there are under a signature\"",
                 seal->number, seal->seq, noted ? "yes" : "no");
    }
}

void journal_seal_turn(struct journal *journal) {
    journal->chores_at[CHORE_SEAL] = clock_real_ns() + SEAL_NS;
    if (journal->store == NULL || journal->salvaging) {
        return;
    }
    (void)pthread_mutex_lock(&journal->lock);
    enum journal_sealing sealing = journal->sealing;
    struct journal_seal seal = journal->seal;
    if (sealing != SEALING_ASKED) {
        journal->sealing = SEALING_IDLE;
    }
    (void)pthread_mutex_unlock(&journal->lock);
    switch (sealing) {
    case SEALING_IDLE:
        signer_ask(journal);
        return;
    case SEALING_ASKED:
    case SEALING_FAILED:
        return;
    case SEALING_DONE:
        signer_record(journal, &seal);
        return;
    }
}
