/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_JOURNAL_JOURNAL_AUDIT_PARTS_H
#define GATEWAY_JOURNAL_JOURNAL_AUDIT_PARTS_H

/*
 * The audit's parts, for its own files only
 *
 *     journal_audit.c        the events, in slices
 *     journal_audit_seals.c  the seals, one at a time beside them
 */

#include "gateway/journal/journal_audit.h"
#include "gateway/journal/journal_store_parts.h"

/* Whose file it is, as it says itself. */
enum { AUDIT_OWNER_SIZE = 64 };

struct auditor {
    sqlite3 *db;
    sqlite3_stmt *rows;
    sqlite3_stmt *seals; /* NULL: the file is of a version without */
    struct journal_hasher *hasher;
    struct journal_chain chain;
    struct journal_audit found;
    uint64_t after_seq;
    int64_t newest_wall_ns;

    const struct seal_keys *keys; /* NULL: nobody knows */
    char site[AUDIT_OWNER_SIZE], gateway[AUDIT_OWNER_SIZE];
    uint64_t newest_number;    /* of the seals when the audit began */
    uint64_t number;           /* of the newest seal that was looked at */
    struct journal_seal seal;  /* the next one */
    bool seal_waits;           /* … which there is */
    bool seal_counts;          /* … and is signed as it should be */
    uint64_t follow;           /* events that follow one from another up to the newest row */
    int64_t uncovered_wall_ns; /* of the first event behind all seals so far, … */
    bool uncovered;            /* … if there is one */
};

/* An SQLite result; says what is wrong in `reason`. */
int audit_result(const struct auditor *auditor, int result, char reason[JOURNAL_REASON_SIZE]);

/* The first column of the only row of a question. */
int audit_ask(const struct auditor *auditor, const char *sql, uint64_t *ret,
              char reason[JOURNAL_REASON_SIZE]);

/* Begin with the first seal, before any row is read. */
int audit_seals_begin(struct auditor *auditor, char reason[JOURNAL_REASON_SIZE]);

/* Take the row `seq` of the chain, which was found to stand to what was before as `step` says. */
int audit_seals_row(struct auditor *auditor, uint64_t seq, const struct journal_chain_row *row,
                    enum journal_chain_step step, char reason[JOURNAL_REASON_SIZE]);

/* All rows have been read. */
void audit_seals_end(struct auditor *auditor);

#endif
