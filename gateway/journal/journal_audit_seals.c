/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "gateway/journal/journal_audit_parts.h"

#define SEAL_DAYS_NS ((int64_t)AUDIT_SEAL_DAYS * 86400 * (int64_t)NS_PER_S)

/* Note what is wrong with the seal that is looked at, if nothing was before. */
static void seals_blame(struct auditor *auditor, enum audit_seal_fault fault) {
    struct audit_seals *seals = &auditor->found.seals;
    if (seals->fault == SEAL_SOUND) {
        seals->fault = fault;
        seals->seal = auditor->seal;
    }
}

/* The events are not those that the seal is about. A seal that is not sound says nothing of them. */
static void seals_contradict(struct auditor *auditor, enum audit_seal_fault fault) {
    struct audit_seals *seals = &auditor->found.seals;
    seals_blame(auditor, fault);
    if (auditor->seal_counts && seals->contradicted == 0) {
        seals->contradicted = auditor->seal.seq;
    }
}

static bool seals_copy(sqlite3_stmt *statement, int column, unsigned char *ret, int size) {
    const void *blob = sqlite3_column_blob(statement, column);
    if (blob == NULL || sqlite3_column_bytes(statement, column) != size) {
        return false;
    }
    memcpy(ret, blob, (size_t)size);
    return true;
}

/* The next seal stands in `auditor->seal`: what does it say by itself? */
static void seals_look(struct auditor *auditor, bool sound) {
    struct audit_seals *seals = &auditor->found.seals;
    const struct journal_seal *seal = &auditor->seal;
    seals->count++;
    if (seal->number != auditor->number + 1) {
        seals->expected = seals->fault == SEAL_SOUND ? auditor->number + 1 : seals->expected;
        seals_blame(auditor, SEAL_MISSING);
    }
    auditor->number = seal->number;
    auditor->seal_counts = sound && seal_fits(seal, auditor->site, auditor->gateway);
    if (!auditor->seal_counts) {
        seals_blame(auditor, SEAL_FORGED);
    } else if (auditor->keys != NULL && !seal_keys_have(auditor->keys, seal->key)) {
        auditor->seal_counts = false;
        seals_blame(auditor, SEAL_STRANGER);
    }
    if (seals->fault == SEAL_SOUND) {
        seals->seal = *seal;
    }
}

/* Go on to the next seal, each in a short transaction of its own. */
static int seals_next(struct auditor *auditor, char reason[JOURNAL_REASON_SIZE]) {
    sqlite3_stmt *statement = auditor->seals;
    struct journal_seal *seal = &auditor->seal;
    store_bind_int(statement, 1, auditor->number);
    store_bind_int(statement, 2, auditor->newest_number);
    int result = sqlite3_step(statement);
    auditor->seal_waits = result == SQLITE_ROW;
    if (auditor->seal_waits) {
        *seal = (struct journal_seal){
            .number = (uint64_t)sqlite3_column_int64(statement, 0),
            .day = sqlite3_column_int64(statement, 1),
            .seq = (uint64_t)sqlite3_column_int64(statement, 2),
        };
        bool sound = seals_copy(statement, 3, seal->digest, sizeof seal->digest) &&
                     seals_copy(statement, 4, seal->key, sizeof seal->key) &&
                     seals_copy(statement, 5, seal->signature, sizeof seal->signature);
        seals_look(auditor, sound);
    }
    int r = audit_result(auditor, result, reason);
    (void)sqlite3_reset(statement); /* repeats the result of the step */
    return r;
}

static int seals_owner(struct auditor *auditor, const char *key, char ret[AUDIT_OWNER_SIZE],
                       char reason[JOURNAL_REASON_SIZE]) {
    sqlite3_stmt *statement = NULL;
    int result = sqlite3_prepare_v2(auditor->db, "SELECT value FROM meta WHERE key=?1", -1,
                                    &statement, NULL);
    if (result == SQLITE_OK) {
        store_bind_text(statement, 1, key);
        result = sqlite3_step(statement);
    }
    const char *text =
        result == SQLITE_ROW ? (const char *)sqlite3_column_text(statement, 0) : NULL;
    (void)snprintf(ret, AUDIT_OWNER_SIZE, "%s", text != NULL ? text : "");
    int r = audit_result(auditor, result, reason);
    (void)sqlite3_finalize(statement); /* repeats the result of the step */
    return r;
}

int audit_seals_begin(struct auditor *auditor, char reason[JOURNAL_REASON_SIZE]) {
    static const char sql[] = "SELECT number, day, seq, digest, key, signature FROM seal "
                              "WHERE number > ?1 AND number <= ?2 ORDER BY number LIMIT 1";
    /* Before the rows: a seal that is made meanwhile is of a row that may not be read any more. */
    int r = audit_ask(auditor, "SELECT ifnull(max(number), 0) FROM seal", &auditor->newest_number,
                      reason);
    if (r == 0) {
        r = seals_owner(auditor, "site", auditor->site, reason);
    }
    if (r == 0) {
        r = seals_owner(auditor, "gateway", auditor->gateway, reason);
    }
    if (r == 0) {
        r = audit_result(auditor, sqlite3_prepare_v2(auditor->db, sql, -1, &auditor->seals, NULL),
                         reason);
    }
    return r == 0 ? seals_next(auditor, reason) : r;
}

/* The seal is of this row, or of one before it that was let go of. */
static void seals_hold(struct auditor *auditor, uint64_t seq, const struct journal_chain_row *row) {
    const struct journal_seal *seal = &auditor->seal;
    const unsigned char *digest = seal->seq == seq       ? row->digest
                                  : seal->seq == seq - 1 ? row->before
                                                         : NULL;
    bool other = digest != NULL && memcmp(digest, seal->digest, sizeof seal->digest) != 0;
    if (other) {
        seals_contradict(auditor, SEAL_OTHER_HEAD);
    } else if (seal->seq == seq && auditor->seal_counts) {
        auditor->found.seals.covered += auditor->follow;
        auditor->follow = 0;
    }
    auditor->uncovered = seal->seq != seq;
    auditor->uncovered_wall_ns = auditor->newest_wall_ns;
}

int audit_seals_row(struct auditor *auditor, uint64_t seq, const struct journal_chain_row *row,
                    enum journal_chain_step step, char reason[JOURNAL_REASON_SIZE]) {
    int r = 0;
    auditor->follow = step == CHAIN_FOLLOWS ? auditor->follow + 1 : 1;
    if (!auditor->uncovered) {
        auditor->uncovered = true;
        auditor->uncovered_wall_ns = auditor->newest_wall_ns;
    }
    while (r == 0 && auditor->seal_waits && auditor->seal.seq <= seq) {
        seals_hold(auditor, seq, row);
        r = seals_next(auditor, reason);
    }
    return r;
}

void audit_seals_end(struct auditor *auditor) {
    struct audit_seals *seals = &auditor->found.seals;
    seals->keys_known = auditor->keys != NULL;
    if (auditor->seal_waits) {
        seals_contradict(auditor, SEAL_CUT_OFF);
    }
    bool late =
        auditor->uncovered && auditor->newest_wall_ns - auditor->uncovered_wall_ns > SEAL_DAYS_NS;
    if (auditor->keys != NULL && auditor->found.events > 0 && (seals->count == 0 || late)) {
        seals_blame(auditor, SEAL_ABSENT);
    }
}
