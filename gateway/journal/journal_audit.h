/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_JOURNAL_JOURNAL_AUDIT_H
#define GATEWAY_JOURNAL_JOURNAL_AUDIT_H

/*
 * Auditing a journal: is everything in it still what was recorded?
 *
 * Walks the whole digest chain (journal_chain.h) and looks for what a chain alone cannot show: that
 * the newest rows were taken away, which a sink has confirmed nevertheless. Reads in short
 * transactions, so that a journal may be audited while its gateway records.
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
    SEAL_ABSENT,     /* there is none where one should be: for the events after the newest */
};

/* The longest that events go without a seal; the gateway may have been off in between. */
enum { AUDIT_SEAL_DAYS = 2 };

struct audit_seals {
    uint64_t count;
    uint64_t covered; /* events that follow one from another up to a sound seal */
    enum audit_seal_fault fault;
    uint64_t expected;        /* SEAL_MISSING: the number of the first that is missing */
    struct journal_seal seal; /* the first that is wrong; without a fault, the newest */
    /* The event of the first sound seal that the events are not what was signed with; 0: none. */
    uint64_t contradicted;
    bool keys_known;
};

struct journal_audit {
    struct audit_seals seals;
    uint64_t first_seq, newest_seq, events;
    uint64_t let_go; /* numbers between the first and the newest that were let go of, and proven */
    uint64_t unproven;   /* rows whose predecessor was lost with a damaged file */
    uint64_t broken_seq; /* the first row that does not follow from what was before; 0: none */
    uint64_t confirmed;  /* the highest seq that a sink has taken */
    unsigned char digest[JOURNAL_DIGEST_SIZE]; /* of the newest row */
};

/*
 * Audit the file at `path`. `keys` are those whose seals count; NULL: nobody knows, and each seal is
 * only held against its own key. With keys a journal without seals is not sound. Returns 0 and what was found, JOURNAL_E_DAMAGED or JOURNAL_E_FAILED with
 * the reason when it cannot be read to its end, or <0.
 */
NODISCARD int journal_audit(const char *path, const struct seal_keys *keys,
                            struct journal_audit *ret_audit, char reason[JOURNAL_REASON_SIZE]);

/*
 * Are the events what was recorded, as far as the file itself shows? A row that is unproven is: that
 * was told when it happened. So are events that a seal is missing for.
 */
bool journal_audit_is_whole(const struct journal_audit *audit);

/* … and is nothing wrong with the seals either? */
bool journal_audit_is_good(const struct journal_audit *audit);

#endif
