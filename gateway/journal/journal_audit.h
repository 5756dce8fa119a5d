/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_JOURNAL_JOURNAL_AUDIT_H
#define GATEWAY_JOURNAL_JOURNAL_AUDIT_H

/*
 * Auditing a journal: is everything in it still what was recorded?
 *
 * Walks the whole digest chain (journal_chain.h) and holds against it what a chain alone cannot show:
 *
 *     columns    a row's columns are those that its body speaks of; what a body does not say, only a
 *                ledger (journal_ledger.h) knows
 *     gaps       retention lets go of the oldest of a lane first, and of no alarm within a week. What
 *                is missing in the middle of both lanes, or too early, was removed
 *     seals      each is signed, none is missing, the chain and the ledger are those that were signed
 *     losses     where a journal that had lost its newest events was gone on with, that stands in it
 *     the end    the newest events are there, by what sinks have confirmed; beside the journal, by
 *                the word of `witness`, and the newest seal by that of `checkpoint`
 *     salvages   no more is unproven than was noted when a damaged file was taken over
 *
 * Reads in short transactions, so that a journal may be audited while its gateway records.
 *
 * What it cannot find: a change of events that are not signed yet, by somebody who computes the chain
 * anew; the oldest activity, or alarms older than a week, removed from the beginning as retention does
 * it; a whole older state of the directory put back. deploy/README.md says so to people.
 */

#include <stdint.h>

#include "gateway/journal/journal_seal.h"

/* The first thing that is wrong with the signed checkpoints. */
enum audit_seal_fault {
    SEAL_SOUND,      /* nothing */
    SEAL_MISSING,    /* those before `seal` were taken away */
    SEAL_FORGED,     /* its signature is not of what it says */
    SEAL_STRANGER,   /* it was signed with a key that is not one of the known */
    SEAL_OTHER_HEAD, /* the event that it is about has another digest */
    SEAL_CUT_OFF,    /* the journal ends before the event that it is about */
    SEAL_TAKEN,      /* it is the newest by the word of `checkpoint`, and not in the journal */
    SEAL_ABSENT,     /* there is none where one should be: for the events after the newest */
};

/* The longest that events of a new day are recorded before there is a seal. */
enum { AUDIT_SEAL_HOURS = 1 };

/* The first thing that is wrong with the events. */
enum audit_fault {
    AUDIT_SOUND,    /* nothing */
    AUDIT_CHANGED,  /* the event does not follow from what was before */
    AUDIT_COLUMN,   /* `column` of the event is not what its body says */
    AUDIT_REMOVED,  /* the event is gone, and older ones of its lane are here */
    AUDIT_EARLY,    /* it is an alarm's, and gone within a week */
    AUDIT_OTHER,    /* the events from it on to `fault_last` are not those that were signed */
    AUDIT_LOST,     /* those between it and `fault_last` were the newest then, and lost */
    AUDIT_UNPROVEN, /* nothing proves what stood before it, and no salvage has noted that */
    AUDIT_CUT_OFF,  /* the journal ends before it, though it had been recorded */
};

struct audit_seals {
    uint64_t count;
    uint64_t covered; /* events that sound seals prove */
    enum audit_seal_fault fault;
    uint64_t expected;        /* SEAL_MISSING: the number of the first that is missing */
    struct journal_seal seal; /* the first that is wrong; without a fault, the newest */
    /* The event of the first sound seal that the events are not what was signed with; 0: none. */
    uint64_t contradicted;
    bool keys_known;
};

struct journal_audit {
    struct audit_seals seals;
    enum audit_fault fault;
    uint64_t fault_seq, fault_last;
    const char *column; /* AUDIT_COLUMN: its name */
    uint64_t first_seq, newest_seq, events;
    uint64_t let_go;      /* events between the first and the newest that were let go of */
    uint64_t skipped;     /* … numbers that none ever had */
    uint64_t gone_alarms; /* events of alarms that are gone, of those that seals speak of */
    uint64_t lost;        /* activity that has ever gone for want of room before all sinks had it */
    uint64_t unproven; /* rows whose predecessor was lost with a damaged file, and no seal proves */
    uint64_t lost_ends;    /* rows before which the newest events of then are lost */
    uint64_t noted;        /* those of both kinds that were noted, ever */
    uint64_t unsigned_seq; /* the first event behind the newest seal; 0: none */
    uint64_t unsigned_events;
    uint64_t broken_seq; /* the first row that does not follow from what was before; 0: none */
    uint64_t confirmed;  /* the highest seq that a sink has taken */
    uint64_t witnessed;  /* … that the file `witness` beside the journal speaks of; 0: no word */
    unsigned char digest[JOURNAL_DIGEST_SIZE]; /* of the newest row */
};

/*
 * Audit the file at `path`; of a `journal.db` also what stands beside it. `keys` are those whose seals
 * count; NULL: nobody knows, and each seal is only held against its own key. With keys a journal
 * without seals is not sound. Returns 0 and what was found, JOURNAL_E_DAMAGED or JOURNAL_E_FAILED with
 * the reason when it cannot be read to its end, or <0.
 */
NODISCARD int journal_audit(const char *path, const struct seal_keys *keys,
                            struct journal_audit *ret_audit, char reason[JOURNAL_REASON_SIZE]);

/*
 * Are the events what was recorded, as far as a journal has to show that is to be gone on with? A row
 * that is unproven is: that was told when it happened. So are events that a seal is missing for, and
 * those that a damaged file has lost.
 */
bool journal_audit_is_whole(const struct journal_audit *audit);

/*
 * … and is nothing at all wrong with it? With keys what is unproven is not right either: whoever
 * removes something may say that it was lost.
 */
bool journal_audit_is_good(const struct journal_audit *audit);

#endif
