/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_JOURNAL_JOURNAL_AUDIT_PARTS_H
#define GATEWAY_JOURNAL_JOURNAL_AUDIT_PARTS_H

/*
 * The audit's parts, for its own files only
 *
 *     journal_audit.c          the events, and what is left of those that are gone, in slices
 *     journal_audit_gaps.c     what is missing, and whether retention may have let go of it
 *     journal_audit_ledger.c   the ledgers, each over its stretch of events
 *     journal_audit_seals.c    the seals, one at a time beside them
 */

#include "gateway/journal/journal_audit.h"
#include "gateway/journal/journal_store_parts.h"

/* Whose file it is, as it says itself. */
enum { AUDIT_OWNER_SIZE = 64 };

/* The newest alarm event that is known to be gone. */
struct audit_gone {
    uint64_t seq;    /* 0: none */
    int64_t wall_ns; /* it happened no earlier, as far as what stands around it shows */
};

struct audit_gaps {
    bool kept[JOURNAL_LANE_COUNT]; /* something of the lane stands before */
    struct audit_gone gone;
    uint64_t removed; /* the first that is missing in the present stretch; 0: none */
    uint64_t after;   /* the newest event, here or gone, and … */
    bool after_gone;  /* … that it is gone */
};

struct audit_ledger {
    sqlite3_stmt *seals; /* NULL: the file is of a version without */
    struct journal_seal seal;
    bool waits;      /* the seal is one whose stretch is not over yet, … */
    bool counts;     /* … and signed as it should be */
    uint64_t number; /* of the newest that was looked at */
    /* The newest sound seal was made no earlier; INT64_MIN: there is none. */
    int64_t newest_wall_ns;
    struct journal_ledger head;
    uint64_t kept, unproven; /* rows of the stretch, and those that only its seal proves */
    uint64_t covered;        /* rows of sound stretches */
    bool any;
};

struct auditor {
    sqlite3 *db;
    sqlite3_stmt *rows;
    sqlite3_stmt *seals; /* NULL: the file is of a version without */
    struct journal_hasher *hasher;
    struct journal_chain chain;
    struct journal_audit found;
    uint64_t after_seq;
    int64_t newest_wall_ns;
    int64_t told_wall_ns; /* it has been at least so late, by what else stands in the file */
    struct audit_gaps gaps;
    struct audit_ledger ledger;

    const struct seal_keys *keys; /* NULL: nobody knows */
    char site[AUDIT_OWNER_SIZE], gateway[AUDIT_OWNER_SIZE];
    struct journal_seal note;  /* the newest seal by the word of `checkpoint`, … */
    bool has_note;             /* … if there is one */
    uint64_t newest_number;    /* of the seals when the audit began */
    uint64_t number;           /* of the newest seal that was looked at */
    struct journal_seal seal;  /* the next one */
    bool seal_waits;           /* … which there is */
    bool seal_counts;          /* … and is signed as it should be */
    uint64_t follow;           /* events that follow one from another up to the newest row */
    uint64_t follow_covered;   /* … and did so up to a sound seal */
    int64_t sealed_day;        /* of the newest sound seal, … */
    uint64_t sealed_seq;       /* … and its event; 0: there is none */
    int64_t uncovered_wall_ns; /* of the first event behind all seals that is of a later day, … */
    bool uncovered;            /* … if there is one */
};

/* An SQLite result; says what is wrong in `reason`. */
int audit_result(const struct auditor *auditor, int result, char reason[JOURNAL_REASON_SIZE]);

/* The first column of the only row of a question. */
int audit_ask(const struct auditor *auditor, const char *sql, uint64_t *ret,
              char reason[JOURNAL_REASON_SIZE]);

/* Note what is wrong with the events, if nothing was before. */
void audit_blame(struct auditor *auditor, enum audit_fault fault, uint64_t seq, uint64_t last);

/* --- journal_audit_gaps.c --- */

/* A row is here, … */
void audit_gaps_row(struct auditor *auditor, uint64_t seq, int64_t lane, int64_t wall_ns,
                    enum journal_chain_step step);

/* … what is left of one is, … */
void audit_gaps_leaf(struct auditor *auditor, uint64_t seq, int64_t lane);

/* … or a whole stretch is gone, which had so many of the alarm lane. */
void audit_gaps_stretch(struct auditor *auditor, const struct journal_seal *seal,
                        int64_t before_wall_ns);

/* All has been read. */
void audit_gaps_end(struct auditor *auditor);

/* --- journal_audit_ledger.c --- */

int audit_ledger_begin(struct auditor *auditor, char reason[JOURNAL_REASON_SIZE]);

/* Before an event `seq`, here or gone, is looked at: stretches that end before it are over. */
int audit_ledger_reach(struct auditor *auditor, uint64_t seq, char reason[JOURNAL_REASON_SIZE]);

/* Is it in the stretch of a sound seal? */
bool audit_ledger_has(const struct auditor *auditor, uint64_t seq);

/* Take it. `kept`: it is here, and `unproven` by the chain. */
void audit_ledger_take(struct auditor *auditor, uint64_t seq, int64_t lane,
                       const unsigned char leaf[JOURNAL_DIGEST_SIZE], bool kept, bool unproven);
int audit_ledger_end(struct auditor *auditor, char reason[JOURNAL_REASON_SIZE]);

/* --- journal_audit_seals.c --- */

/* Copy bytes of a column into `ret`; false when there are not so many. */
bool audit_seals_copy(sqlite3_stmt *statement, int column, unsigned char *ret, int size);

/* Read the seal that a statement stands on: number, day, seq, digest, key, signature, after, alarms,
 * ledger. Says whether it is signed, with a key that is known. */
bool audit_seals_read(const struct auditor *auditor, sqlite3_stmt *statement,
                      struct journal_seal *ret_seal, bool *ret_known);

/* Begin with the first seal, before any row is read; those of later versions have ledgers. */
int audit_seals_begin(struct auditor *auditor, bool have_ledgers, char reason[JOURNAL_REASON_SIZE]);

/* Take the row `seq` of the chain, which was found to stand to what was before as `step` says. */
int audit_seals_row(struct auditor *auditor, uint64_t seq, const struct journal_chain_row *row,
                    enum journal_chain_step step, char reason[JOURNAL_REASON_SIZE]);

/* All rows have been read. */
void audit_seals_end(struct auditor *auditor);

#endif
