/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "gateway/journal/journal_audit_parts.h"

#define SEAL_LATE_NS ((int64_t)AUDIT_SEAL_HOURS * 3600 * (int64_t)NS_PER_S)

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

bool audit_seals_copy(sqlite3_stmt *statement, int column, unsigned char *ret, int size) {
    const void *blob = sqlite3_column_blob(statement, column);
    if (blob == NULL || sqlite3_column_bytes(statement, column) != size) {
        return false;
    }
    memcpy(ret, blob, (size_t)size);
    return true;
}

static bool seals_know(const struct auditor *auditor, const struct journal_seal *seal) {
    return auditor->keys == NULL || seal_keys_have(auditor->keys, seal->key);
}

bool audit_seals_read(const struct auditor *auditor, sqlite3_stmt *statement,
                      struct journal_seal *ret_seal, bool *ret_known) {
    *ret_seal = (struct journal_seal){
        .number = (uint64_t)sqlite3_column_int64(statement, 0),
        .day = sqlite3_column_int64(statement, 1),
        .seq = (uint64_t)sqlite3_column_int64(statement, 2),
        .has_ledger = sqlite3_column_type(statement, 8) != SQLITE_NULL ||
                      sqlite3_column_type(statement, 6) != SQLITE_NULL ||
                      sqlite3_column_type(statement, 7) != SQLITE_NULL,
        .after = (uint64_t)sqlite3_column_int64(statement, 6),
        .alarms = (uint64_t)sqlite3_column_int64(statement, 7),
    };
    bool sound = audit_seals_copy(statement, 3, ret_seal->digest, sizeof ret_seal->digest) &&
                 audit_seals_copy(statement, 4, ret_seal->key, sizeof ret_seal->key) &&
                 audit_seals_copy(statement, 5, ret_seal->signature, sizeof ret_seal->signature) &&
                 (!ret_seal->has_ledger ||
                  audit_seals_copy(statement, 8, ret_seal->ledger, sizeof ret_seal->ledger));
    *ret_known = seals_know(auditor, ret_seal);
    return sound && seal_fits(ret_seal, auditor->site, auditor->gateway);
}

/* The next seal stands in `auditor->seal`: what does it say by itself? */
static void seals_look(struct auditor *auditor, bool fits, bool known) {
    struct audit_seals *seals = &auditor->found.seals;
    const struct journal_seal *seal = &auditor->seal;
    seals->count++;
    if (seal->number != auditor->number + 1) {
        seals->expected = seals->fault == SEAL_SOUND ? auditor->number + 1 : seals->expected;
        seals_blame(auditor, SEAL_MISSING);
    }
    auditor->number = seal->number;
    auditor->seal_counts = fits && known;
    if (!fits) {
        seals_blame(auditor, SEAL_FORGED);
    } else if (!known) {
        seals_blame(auditor, SEAL_STRANGER);
    }
    if (seals->fault == SEAL_SOUND) {
        seals->seal = *seal;
    }
}

/* Go on to the next seal, each in a short transaction of its own. */
static int seals_next(struct auditor *auditor, char reason[JOURNAL_REASON_SIZE]) {
    sqlite3_stmt *statement = auditor->seals;
    bool known = false;
    store_bind_int(statement, 1, auditor->number);
    store_bind_int(statement, 2, auditor->newest_number);
    int result = sqlite3_step(statement);
    auditor->seal_waits = result == SQLITE_ROW;
    if (auditor->seal_waits) {
        bool fits = audit_seals_read(auditor, statement, &auditor->seal, &known);
        seals_look(auditor, fits, known);
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

int audit_seals_begin(struct auditor *auditor, bool have_ledgers,
                      char reason[JOURNAL_REASON_SIZE]) {
    char sql[200];
    (void)snprintf(sql, sizeof sql,
                   "SELECT number, day, seq, digest, key, signature, %s FROM seal "
                   "WHERE number > ?1 AND number <= ?2 ORDER BY number LIMIT 1",
                   have_ledgers ? "after, alarms, ledger" : "NULL, NULL, NULL");
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
    } else if (auditor->seal_counts) {
        auditor->follow_covered += seal->seq == seq ? auditor->follow : 0;
        auditor->sealed_day = seal->day;
        auditor->sealed_seq = seal->seq;
        auditor->uncovered = false;
    }
}

/* The newest row stands behind the newest sound seal: for how long now, and from what day? */
static void seals_uncover(struct auditor *auditor) {
    bool later =
        auditor->sealed_seq == 0 || seal_day(auditor->newest_wall_ns) > auditor->sealed_day;
    if (later && !auditor->uncovered) {
        auditor->uncovered = true;
        auditor->uncovered_wall_ns = auditor->newest_wall_ns;
    }
}

int audit_seals_row(struct auditor *auditor, uint64_t seq, const struct journal_chain_row *row,
                    enum journal_chain_step step, char reason[JOURNAL_REASON_SIZE]) {
    struct journal_audit *found = &auditor->found;
    int r = 0;
    auditor->follow = step == CHAIN_FOLLOWS ? auditor->follow + 1 : 1;
    while (r == 0 && auditor->seal_waits && auditor->seal.seq <= seq) {
        seals_hold(auditor, seq, row);
        auditor->follow = auditor->seal.seq == seq ? 0 : auditor->follow;
        found->unsigned_events = found->unsigned_seq = 0;
        r = seals_next(auditor, reason);
    }
    if (seq > auditor->sealed_seq) {
        found->unsigned_seq = found->unsigned_events == 0 ? seq : found->unsigned_seq;
        found->unsigned_events++;
        seals_uncover(auditor);
    }
    return r;
}

/* The seal that the file `checkpoint` keeps is one of this gateway's, and newer than all that are here. */
static bool seals_miss_note(const struct auditor *auditor) {
    return auditor->has_note && auditor->note.number > auditor->newest_number &&
           seal_fits(&auditor->note, auditor->site, auditor->gateway) &&
           seals_know(auditor, &auditor->note);
}

void audit_seals_end(struct auditor *auditor) {
    struct audit_seals *seals = &auditor->found.seals;
    seals->keys_known = auditor->keys != NULL;
    seals->covered = auditor->ledger.any ? auditor->ledger.covered : auditor->follow_covered;
    if (auditor->seal_waits) {
        seals_contradict(auditor, SEAL_CUT_OFF);
    }
    if (seals_miss_note(auditor)) {
        auditor->seal = auditor->note;
        seals_blame(auditor, SEAL_TAKEN);
    }
    bool late =
        auditor->uncovered && auditor->newest_wall_ns - auditor->uncovered_wall_ns > SEAL_LATE_NS;
    if (auditor->keys != NULL && auditor->found.events > 0 && (seals->count == 0 || late)) {
        seals_blame(auditor, SEAL_ABSENT);
    }
}
