/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/journal/journal_ledger.h"

#include <stdio.h>
#include <string.h>

#include "rules/core.h"

enum { LEDGER_ROWS = 500, LEDGER_BUSY_MS = 5000 };

/* Bytes of what goes into the head for one event: seq, lane, leaf. */
enum { LEDGER_ENTRY_SIZE = 8 + 1 + JOURNAL_DIGEST_SIZE };

static void ledger_put(unsigned char at[8], uint64_t value) {
    for (int i = 0; i < 8; i++) {
        at[i] = (unsigned char)(value >> (8 * i));
    }
}

void journal_ledger_init(struct journal_ledger *ledger, struct journal_hasher *hasher) {
    *ledger = (struct journal_ledger){.hasher = hasher};
}

static void ledger_column(struct journal_hasher *hasher, sqlite3_stmt *statement, int column) {
    unsigned char head[9] = {(unsigned char)sqlite3_column_type(statement, column)};
    unsigned char number[8];
    const void *bytes = number;
    size_t size = 0;
    if (head[0] == SQLITE_INTEGER) {
        size = sizeof number;
        ledger_put(number, (uint64_t)sqlite3_column_int64(statement, column));
    } else if (head[0] != SQLITE_NULL) {
        bytes = sqlite3_column_blob(statement, column); /* of a text: its bytes */
        size = (size_t)sqlite3_column_bytes(statement, column);
    }
    ledger_put(head + 1, size);
    journal_hasher_add(hasher, head, sizeof head);
    if (size > 0) {
        journal_hasher_add(hasher, bytes, size);
    }
}

void journal_ledger_leaf(struct journal_hasher *hasher, sqlite3_stmt *statement, int column,
                         unsigned char ret[JOURNAL_DIGEST_SIZE]) {
    journal_hasher_begin(hasher);
    for (int i = 0; i < LEDGER_COLUMN_COUNT; i++) {
        ledger_column(hasher, statement, column + i);
    }
    journal_hasher_end(hasher, ret);
}

void journal_ledger_add(struct journal_ledger *ledger, uint64_t seq, int64_t lane,
                        const unsigned char leaf[JOURNAL_DIGEST_SIZE]) {
    unsigned char entry[LEDGER_ENTRY_SIZE];
    ledger_put(entry, seq);
    entry[8] = (unsigned char)lane;
    memcpy(entry + 9, leaf, JOURNAL_DIGEST_SIZE);
    journal_digest_next(ledger->hasher, ledger->head, entry, sizeof entry, ledger->head);
    ledger->events++;
    ledger->alarms += lane == LANE_ALARM;
}

/* Take what the statement stands on: a row, or what is left of one. */
static uint64_t ledger_take(struct journal_ledger *ledger, sqlite3_stmt *statement) {
    unsigned char made[JOURNAL_DIGEST_SIZE];
    uint64_t seq = (uint64_t)sqlite3_column_int64(statement, 0);
    const unsigned char *leaf = sqlite3_column_blob(statement, 2);
    if (leaf == NULL || sqlite3_column_bytes(statement, 2) != JOURNAL_DIGEST_SIZE) {
        journal_ledger_leaf(ledger->hasher, statement, 3, made);
        leaf = made;
    }
    journal_ledger_add(ledger, seq, sqlite3_column_int64(statement, 1), leaf);
    return seq;
}

static int ledger_read_all(struct journal_ledger *ledger, sqlite3_stmt *statement, uint64_t after,
                           bool (*go_on)(void *context), void *context) {
    int result = SQLITE_OK;
    for (uint32_t rows = LEDGER_ROWS; rows == LEDGER_ROWS && result == SQLITE_OK;) {
        rows = 0;
        if (!go_on(context)) {
            return SQLITE_INTERRUPT;
        }
        (void)sqlite3_bind_int64(statement, 1, (sqlite3_int64)after);
        while ((result = sqlite3_step(statement)) == SQLITE_ROW) {
            after = ledger_take(ledger, statement);
            rows++;
        }
        result = result == SQLITE_DONE ? SQLITE_OK : result;
        (void)sqlite3_reset(statement); /* repeats the result of the step */
    }
    return result;
}

static int ledger_read(struct journal_ledger *ledger, const char *path,
                       const struct journal_seal *seal, bool (*go_on)(void *context), void *context,
                       char reason[JOURNAL_REASON_SIZE]) {
    static const char sql[] =
        "SELECT seq, lane, NULL, " LEDGER_COLUMNS " FROM event WHERE seq > ?1 AND seq <= ?2 "
        "UNION ALL SELECT seq, lane, leaf, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, "
        "NULL FROM gone WHERE seq > ?1 AND seq <= ?2 ORDER BY 1 LIMIT ?3";
    sqlite3 *db = NULL;
    sqlite3_stmt *statement = NULL;
    int result = sqlite3_open_v2(path, &db, SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX, NULL);
    if (db == NULL) {
        return err_origin(-ENOMEM);
    }
    if (result == SQLITE_OK) {
        (void)sqlite3_busy_timeout(db, LEDGER_BUSY_MS);
        result = sqlite3_prepare_v2(db, sql, -1, &statement, NULL);
    }
    if (result == SQLITE_OK) {
        (void)sqlite3_bind_int64(statement, 2, (sqlite3_int64)seal->seq);
        (void)sqlite3_bind_int(statement, 3, LEDGER_ROWS);
        result = ledger_read_all(ledger, statement, seal->after, go_on, context);
    }
    int r = result == SQLITE_INTERRUPT ? -ECANCELED : journal_schema_result(result);
    if (r > 0) {
        (void)snprintf(reason, JOURNAL_REASON_SIZE, "%s", sqlite3_errmsg(db));
    }
    (void)sqlite3_finalize(statement); /* repeats an error that was seen before */
    (void)sqlite3_close(db);           /* no statement is left that could keep it open */
    return r;
}

int journal_ledger_fill(struct journal_seal *seal, const char *path, bool (*go_on)(void *context),
                        void *context, char reason[JOURNAL_REASON_SIZE]) {
    struct journal_hasher *hasher = NULL;
    struct journal_ledger ledger;
    int r = journal_hasher_new(&hasher);
    if (r != 0) {
        return err_trace(r);
    }
    journal_ledger_init(&ledger, hasher);
    r = ledger_read(&ledger, path, seal, go_on, context, reason);
    (void)journal_hasher_free(hasher);
    if (r == 0) {
        seal->has_ledger = true;
        seal->alarms = ledger.alarms;
        memcpy(seal->ledger, ledger.head, sizeof seal->ledger);
    }
    return r;
}
