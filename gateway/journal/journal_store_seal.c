/* SPDX-License-Identifier: Apache-2.0 */
#include <assert.h>
#include <string.h>

#include "gateway/journal/journal_store_parts.h"

bool journal_store_wants_seal(struct journal_store *store, struct wall now,
                              struct journal_seal *ret_seal) {
    static const char sql[] =
        "SELECT seq, digest, ifnull((SELECT max(number) FROM seal), 0) + 1, "
        "ifnull((SELECT seq FROM seal WHERE ledger NOT NULL ORDER BY number DESC LIMIT 1), 0) "
        "FROM event "
        "WHERE seq > ifnull((SELECT seq FROM seal ORDER BY number DESC LIMIT 1), 0) "
        "AND NOT EXISTS(SELECT 1 FROM (SELECT day FROM seal ORDER BY number DESC LIMIT 1) "
        "WHERE day = ?1) ORDER BY seq DESC LIMIT 1";
    sqlite3_stmt *statement = NULL;
    int64_t day = seal_day(now.ns);
    bool wants = false;
    if (sqlite3_prepare_v2(store->db, sql, -1, &statement, NULL) == SQLITE_OK) {
        store_bind_int(statement, 1, (uint64_t)day);
        wants = sqlite3_step(statement) == SQLITE_ROW &&
                sqlite3_column_bytes(statement, 1) == JOURNAL_DIGEST_SIZE;
    }
    if (wants) {
        *ret_seal = (struct journal_seal){.day = day};
        ret_seal->seq = (uint64_t)sqlite3_column_int64(statement, 0);
        memcpy(ret_seal->digest, sqlite3_column_blob(statement, 1), sizeof ret_seal->digest);
        ret_seal->number = (uint64_t)sqlite3_column_int64(statement, 2);
        ret_seal->after = (uint64_t)sqlite3_column_int64(statement, 3);
    }
    (void)sqlite3_finalize(statement); /* repeats the result of the step */
    return wants;
}

int journal_store_seal(struct journal_store *store, const struct journal_seal *seal,
                       bool *ret_recorded) {
    /* Nothing, when another file has begun since: what was signed is not in it. */
    static const char sql[] = "INSERT INTO seal SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9 "
                              "WHERE ?1 = ifnull((SELECT max(number) FROM seal), 0) + 1 "
                              "AND EXISTS(SELECT 1 FROM event WHERE seq = ?3 AND digest = ?4)";
    sqlite3_stmt *statement = NULL;
    assert(seal->has_ledger);
    int result = sqlite3_prepare_v2(store->db, sql, -1, &statement, NULL);
    if (result == SQLITE_OK) {
        store_bind_int(statement, 1, seal->number);
        store_bind_int(statement, 2, (uint64_t)seal->day);
        store_bind_int(statement, 3, seal->seq);
        (void)sqlite3_bind_blob(statement, 4, seal->digest, sizeof seal->digest, SQLITE_STATIC);
        (void)sqlite3_bind_blob(statement, 5, seal->key, sizeof seal->key, SQLITE_STATIC);
        (void)sqlite3_bind_blob(statement, 6, seal->signature, sizeof seal->signature,
                                SQLITE_STATIC);
        store_bind_int(statement, 7, seal->after);
        store_bind_int(statement, 8, seal->alarms);
        (void)sqlite3_bind_blob(statement, 9, seal->ledger, sizeof seal->ledger, SQLITE_STATIC);
        result = sqlite3_step(statement);
    }
    int r = store_result(store, result);
    *ret_recorded = r == 0 && sqlite3_changes(store->db) == 1;
    (void)sqlite3_finalize(statement); /* repeats the result of the step */
    return r;
}
