/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "gateway/journal/journal_audit_parts.h"

enum { AUDIT_ROWS = 1000, AUDIT_BUSY_MS = 5000 };

/* Of the oldest version that still can be audited: it has the table `run`. */
enum { AUDIT_VERSION_MIN = 8 };

/* … and of the first that has the table `seal`. */
enum { AUDIT_VERSION_SEALS = 9 };

int audit_result(const struct auditor *auditor, int result, char reason[JOURNAL_REASON_SIZE]) {
    int r = journal_schema_result(result);
    if (r != 0) {
        (void)snprintf(reason, JOURNAL_REASON_SIZE, "%s", sqlite3_errmsg(auditor->db));
    }
    return r;
}

int audit_ask(const struct auditor *auditor, const char *sql, uint64_t *ret,
              char reason[JOURNAL_REASON_SIZE]) {
    sqlite3_stmt *statement = NULL;
    int result = sqlite3_prepare_v2(auditor->db, sql, -1, &statement, NULL);
    if (result == SQLITE_OK) {
        result = sqlite3_step(statement);
    }
    if (result == SQLITE_ROW) {
        *ret = (uint64_t)sqlite3_column_int64(statement, 0);
    }
    int r = audit_result(auditor, result == SQLITE_ROW ? SQLITE_OK : result, reason);
    (void)sqlite3_finalize(statement); /* repeats the result of the step */
    return r;
}

static int audit_open(struct auditor *auditor, const char *path, char reason[JOURNAL_REASON_SIZE]) {
    static const char sql[] =
        "SELECT e.seq, e.body, e.digest, r.first, r.before, e.at_wall FROM event e "
        "LEFT JOIN run r ON r.first = e.seq WHERE e.seq > ?1 ORDER BY e.seq LIMIT ?2";
    uint64_t id = 0;
    uint64_t version = 0;
    int result =
        sqlite3_open_v2(path, &auditor->db, SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX, NULL);
    if (auditor->db == NULL) {
        return err_origin(-ENOMEM);
    }
    int r = audit_result(auditor, result, reason);
    if (r == 0) {
        (void)sqlite3_busy_timeout(auditor->db, AUDIT_BUSY_MS);
        r = audit_ask(auditor, "PRAGMA application_id", &id, reason);
    }
    if (r == 0) {
        r = audit_ask(auditor, "PRAGMA user_version", &version, reason);
    }
    if (r == 0 && id != JOURNAL_APPLICATION_ID) {
        (void)snprintf(reason, JOURNAL_REASON_SIZE, "this is no journal");
        r = JOURNAL_E_DAMAGED;
    } else if (r == 0 && (version < AUDIT_VERSION_MIN || version > JOURNAL_SCHEMA_VERSION)) {
        (void)snprintf(reason, JOURNAL_REASON_SIZE,
                       "its form is version %d; this program audits %d to %d", (int)version,
                       (int)AUDIT_VERSION_MIN, (int)JOURNAL_SCHEMA_VERSION);
        r = JOURNAL_E_DAMAGED;
    }
    if (r == 0) {
        /* Before the rows: what is recorded and confirmed in the meantime must not be missed. */
        r = audit_ask(auditor, "SELECT ifnull(max(seq), 0) FROM sink", &auditor->found.confirmed,
                      reason);
    }
    if (r == 0 && version >= AUDIT_VERSION_SEALS) {
        r = audit_seals_begin(auditor, reason);
    }
    if (r == 0) {
        r = audit_result(auditor, sqlite3_prepare_v2(auditor->db, sql, -1, &auditor->rows, NULL),
                         reason);
    }
    return r;
}

/* Take the row that the statement stands on. */
static int audit_row(struct auditor *auditor, char reason[JOURNAL_REASON_SIZE]) {
    struct journal_audit *found = &auditor->found;
    struct journal_chain_row row;
    uint64_t seq = (uint64_t)sqlite3_column_int64(auditor->rows, 0);
    bool sound = journal_chain_row_of(auditor->rows, 1, &row);
    enum journal_chain_step step = sound ? journal_chain_next(&auditor->chain, &row) : CHAIN_BROKEN;
    if (found->events == 0) {
        found->first_seq = seq;
    } else {
        found->let_go += seq - found->newest_seq - 1;
    }
    found->events++;
    found->newest_seq = seq;
    found->unproven += step == CHAIN_UNPROVEN;
    if (step == CHAIN_BROKEN && found->broken_seq == 0) {
        found->broken_seq = seq;
    }
    auditor->after_seq = seq;
    auditor->newest_wall_ns = sqlite3_column_int64(auditor->rows, 5);
    return audit_seals_row(auditor, seq, &row, step, reason);
}

/* Read rows in one short transaction; `ret_count` is how many there were. */
static int audit_slice(struct auditor *auditor, uint32_t *ret_count,
                       char reason[JOURNAL_REASON_SIZE]) {
    int result = SQLITE_DONE;
    int r = 0;
    *ret_count = 0;
    store_bind_int(auditor->rows, 1, auditor->after_seq);
    store_bind_int(auditor->rows, 2, AUDIT_ROWS);
    while (r == 0 && (result = sqlite3_step(auditor->rows)) == SQLITE_ROW) {
        r = audit_row(auditor, reason);
        ++*ret_count;
    }
    r = r == 0 ? audit_result(auditor, result, reason) : r;
    (void)sqlite3_reset(auditor->rows); /* repeats the result of the step */
    return r;
}

int journal_audit(const char *path, const struct seal_keys *keys, struct journal_audit *ret_audit,
                  char reason[JOURNAL_REASON_SIZE]) {
    struct auditor auditor = {.keys = keys};
    uint32_t count = AUDIT_ROWS;
    int r = err_trace(journal_hasher_new(&auditor.hasher));
    if (r == 0) {
        r = audit_open(&auditor, path, reason);
    }
    journal_chain_init(&auditor.chain, auditor.hasher, false);
    while (r == 0 && count == AUDIT_ROWS) {
        r = audit_slice(&auditor, &count, reason);
    }
    audit_seals_end(&auditor);
    memcpy(auditor.found.digest, auditor.chain.digest, sizeof auditor.found.digest);
    (void)sqlite3_finalize(auditor.seals); /* likewise */
    (void)sqlite3_finalize(auditor.rows);  /* repeats an error that was seen before */
    (void)sqlite3_close(auditor.db);       /* no statement is left that could keep it open */
    (void)journal_hasher_free(auditor.hasher);
    if (r == 0) {
        *ret_audit = auditor.found;
    }
    return r;
}

bool journal_audit_is_whole(const struct journal_audit *audit) {
    return audit->broken_seq == 0 && audit->confirmed <= audit->newest_seq &&
           audit->seals.contradicted == 0;
}

bool journal_audit_is_good(const struct journal_audit *audit) {
    return journal_audit_is_whole(audit) && audit->seals.fault == SEAL_SOUND;
}
