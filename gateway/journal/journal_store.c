/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>

#include "gateway/journal/journal_store_parts.h"
#include "gateway/journal/journal_table.h"

/* How long another program may hold the file (somebody looks at it with sqlite3) before we retry.
 */
enum { BUSY_MS = 50 };

static const char *const statement_sql[STORE_STATEMENT_COUNT] = {
    [STORE_BEGIN] = "BEGIN IMMEDIATE",
    [STORE_COMMIT] = "COMMIT",
    [STORE_EVENT] = "INSERT INTO event VALUES(?1,?2,?3,?4,?5,?6,?7,?8,?9,?10)",
    [STORE_FIRST_SENT] = "INSERT OR IGNORE INTO first_sent VALUES(?1,?2)",
    [STORE_ALARM] =
        ("INSERT OR REPLACE INTO alarm "
         "VALUES(?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,?13,?14,?15,?16,?17,?18,?19,?20,"
         "?21,?22,?23,?24,?25,?26,?27,?28,?29,?30,?31,?32,?33,?34,?35,?36,?37,?38,?39,?40,?41,?42,?43,"
         "?44)"),
    [STORE_ALARM_END] = "DELETE FROM alarm WHERE name=?1",
    [STORE_SINK] = "INSERT OR REPLACE INTO sink VALUES(?1,?2,?3)",
    [STORE_TOKEN] = "INSERT OR REPLACE INTO meta VALUES('token-'||?1,?2)",
    [STORE_TESTS_END] = "DELETE FROM test",
    [STORE_TEST] = "INSERT INTO test VALUES(?1,?2,?3,?4,?5,?6,?7,?8,?9)",
    [STORE_FLOOD] = "INSERT OR REPLACE INTO flood VALUES(1,?1,?2)",
    [STORE_WALKS_END] = "DELETE FROM walk",
    [STORE_WALK] = "INSERT INTO walk VALUES(?1,?2,?3,?4,?5)",
    [STORE_TRIPS_END] = "DELETE FROM trip",
    [STORE_TRIP] = "INSERT INTO trip VALUES(?1,?2,?3,?4,?5)",
    [STORE_PRESENT_END] = "DELETE FROM present",
    [STORE_PRESENT] = "INSERT INTO present VALUES(?1,?2,?3,?4,?5,?6,?7,?8)",
    [STORE_PRESENT_SPENT] = "DELETE FROM present WHERE rowid=?1",
    [STORE_CLOCK] = "INSERT OR REPLACE INTO clock VALUES(1,?1)",
    [STORE_LET_GO_NEXT] = "SELECT seq FROM event WHERE seq>?1 ORDER BY seq LIMIT 1",
    [STORE_LET_GO_RUN] = "INSERT OR IGNORE INTO run SELECT ?1, digest FROM event WHERE seq=?2",
    [STORE_LET_GO_RUN_END] = "DELETE FROM run WHERE first=?1",
    [STORE_LET_GO_FIRST_SENT] = "DELETE FROM first_sent WHERE seq=?1",
    [STORE_LET_GO_LOOK] = ("SELECT lane, " LEDGER_COLUMNS " FROM event WHERE seq=?1"),
    [STORE_LET_GO_LEAVE] = "INSERT OR REPLACE INTO gone VALUES(?1,?2,?3)",
    [STORE_LET_GO_EVENT] = "DELETE FROM event WHERE seq=?1",
    [STORE_LET_GO_STRETCH] =
        ("SELECT after, seq FROM seal WHERE ledger NOT NULL "
         "AND EXISTS(SELECT 1 FROM gone g WHERE g.seq>seal.after AND g.seq<=seal.seq) "
         "AND NOT EXISTS(SELECT 1 FROM event e WHERE e.seq>seal.after AND e.seq<=seal.seq) "
         "ORDER BY number LIMIT 1"),
    [STORE_LET_GO_LEAVES] =
        ("DELETE FROM gone WHERE seq IN (SELECT seq FROM gone WHERE seq>?1 AND seq<=?2 "
         "ORDER BY seq LIMIT ?3)"),
};

const char *const store_sink_names[JOURNAL_SINK_COUNT] = {
    [JOURNAL_SINK_MQTT] = "mqtt",
    [JOURNAL_SINK_DATABASE] = "database",
};

static int store_wal_grew(void *context, sqlite3 *db, const char *name, int pages) {
    struct journal_store *store = context;
    (void)db;
    (void)name;
    store->wal_pages = (uint32_t)pages;
    return SQLITE_OK;
}

int store_result(struct journal_store *store, int sqlite_result) {
    int r = journal_schema_result(sqlite_result);
    if (r != 0) {
        int kind = sqlite_result & 0xff;
        store->met_damage = store->met_damage || kind == SQLITE_CORRUPT || kind == SQLITE_NOTADB ||
                            sqlite_result == SQLITE_IOERR_SHORT_READ;
        (void)snprintf(store->reason, sizeof store->reason, "%s", sqlite3_errmsg(store->db));
    }
    return r;
}

int store_run(struct journal_store *store, enum store_statement which) {
    int result = sqlite3_step(store->statements[which]);
    int r = store_result(store, result);
    (void)sqlite3_reset(store->statements[which]); /* repeats the result of the step */
    return r;
}

void store_bind_text(sqlite3_stmt *statement, int at, const char *text) {
    /* A NULL pointer binds NULL. The text outlives the step; binding cannot fail then. */
    (void)sqlite3_bind_text(statement, at, text, -1, SQLITE_STATIC);
}

void store_bind_int(sqlite3_stmt *statement, int at, uint64_t value) {
    /* 64 bits are kept as they are; what reads them makes them unsigned again. */
    (void)sqlite3_bind_int64(statement, at, (sqlite3_int64)value);
}

uint64_t store_ask(struct journal_store *store, const char *sql) {
    sqlite3_stmt *statement = NULL;
    uint64_t value = 0;
    if (sqlite3_prepare_v2(store->db, sql, -1, &statement, NULL) == SQLITE_OK &&
        sqlite3_step(statement) == SQLITE_ROW) {
        value = (uint64_t)sqlite3_column_int64(statement, 0);
    }
    (void)sqlite3_finalize(statement); /* repeats the result of the step */
    return value;
}

int store_count(struct journal_store *store, const char *key, uint64_t count) {
    char sql[160];
    (void)snprintf(sql, sizeof sql,
                   "INSERT INTO meta VALUES('%s','%" PRIu64 "') ON CONFLICT(key) DO UPDATE SET "
                   "value=value+excluded.value",
                   key, count);
    return store_result(store, sqlite3_exec(store->db, sql, NULL, NULL, NULL));
}

/* ---- opening ---- */

/* Check the digests of the newest rows and leave the chain's end in the store. */
static int store_verify(struct journal_store *store) {
    static const char sql[] =
        "SELECT seq, body, digest, first, before FROM (SELECT seq, body, digest FROM event "
        "ORDER BY seq DESC LIMIT ?1) LEFT JOIN run ON first = seq ORDER BY seq";
    sqlite3_stmt *statement = NULL;
    struct journal_chain chain;
    uint64_t wrong_seq = 0;
    char count[96];
    (void)snprintf(count, sizeof count,
                   "SELECT count(*) FROM (SELECT 1 FROM event ORDER BY seq DESC LIMIT %d)",
                   (int)JOURNAL_VERIFY_ROWS + 1);
    bool all = store_ask(store, count) <= JOURNAL_VERIFY_ROWS;
    int result = sqlite3_prepare_v2(store->db, sql, -1, &statement, NULL);
    if (result == SQLITE_OK) {
        store_bind_int(statement, 1, JOURNAL_VERIFY_ROWS + 1);
    }
    int r = store_result(store, result);
    /* The oldest row that is looked at can only be checked when nothing stands before it. */
    journal_chain_init(&chain, store->hasher, !all);
    while (r == 0 && wrong_seq == 0 && (result = sqlite3_step(statement)) == SQLITE_ROW) {
        struct journal_chain_row row;
        store->newest_seq = (uint64_t)sqlite3_column_int64(statement, 0);
        if (!journal_chain_row_of(statement, 1, &row) ||
            journal_chain_next(&chain, &row) == CHAIN_BROKEN) {
            wrong_seq = store->newest_seq;
        }
    }
    memcpy(store->digest, chain.digest, sizeof store->digest);
    if (r == 0 && wrong_seq == 0) {
        r = store_result(store, result);
    }
    if (wrong_seq != 0) {
        (void)snprintf(store->reason, sizeof store->reason,
                       "the digest of event %" PRIu64 " does not match", wrong_seq);
        r = JOURNAL_E_DAMAGED;
    }
    (void)sqlite3_finalize(statement); /* repeats the result of the step */
    return r;
}

/*
 * Look at every page of the tables that a start reads. What is damaged in them must be known before
 * anybody begins with it, for then the file can still be set aside and read as far as it goes.
 */
static int store_check_standing(struct journal_store *store) {
    static const char *const tables[] = {"meta", "sink",  "alarm", "test",    "walk",
                                         "trip", "clock", "flood", "present", "seal"};
    int r = 0;
    for (size_t i = 0; r == 0 && i < sizeof tables / sizeof *tables; i++) {
        char found[JOURNAL_REASON_SIZE];
        r = store_result(store, journal_table_check(store->db, tables[i], found));
        if (r == 0 && found[0] != '\0') {
            (void)memcpy(store->reason, found, sizeof found);
            r = JOURNAL_E_DAMAGED;
        }
    }
    return r;
}

static int store_prepare(struct journal_store *store) {
    int r = 0;
    for (int i = 0; r == 0 && i < STORE_STATEMENT_COUNT; i++) {
        r = store_result(store, sqlite3_prepare_v3(store->db, statement_sql[i], -1,
                                                   SQLITE_PREPARE_PERSISTENT, &store->statements[i],
                                                   NULL));
    }
    return r;
}

static int store_open(struct journal_store *store, const char *path, int more_flags) {
    int flags =
        SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
    int result = sqlite3_open_v2(path, &store->db, flags | more_flags, NULL);
    if (store->db == NULL) {
        return err_origin(-ENOMEM);
    }
    int r = store_result(store, result);
    if (r != 0) {
        return r;
    }
    (void)sqlite3_busy_timeout(store->db, BUSY_MS);
    r = journal_schema_open(store->db, store->identity->site, store->identity->gateway,
                            &store->created, store->reason);
    /* After the schema's pragmas: switching automatic checkpoints off takes any hook away. */
    (void)sqlite3_wal_hook(store->db, store_wal_grew, store);
    if (r == 0) {
        r = store_verify(store);
    }
    if (r == 0) {
        r = store_check_standing(store);
    }
    return r == 0 ? store_prepare(store) : r;
}

int store_new(const char *path, int more_flags, const struct journal_identity *identity,
              struct journal_store **ret_store, char reason[JOURNAL_REASON_SIZE]) {
    struct journal_store *store = calloc(1, sizeof *store);
    if (store == NULL) {
        return err_origin(-ENOMEM);
    }
    store->identity = identity;
    int r = journal_hasher_new(&store->hasher);
    if (r == 0) {
        r = store_open(store, path, more_flags);
    }
    if (r != 0) {
        (void)snprintf(reason, JOURNAL_REASON_SIZE, "%s", store->reason);
        (void)journal_store_free(store, false);
        return r;
    }
    *ret_store = store;
    return 0;
}

int journal_store_open(const char *path, const struct journal_identity *identity,
                       struct journal_store **ret_store, char reason[JOURNAL_REASON_SIZE]) {
    return store_new(path, 0, identity, ret_store, reason);
}

struct journal_store *journal_store_free(struct journal_store *store, bool tidy) {
    if (store == NULL) {
        return NULL;
    }
    if (store->db != NULL && !tidy) {
        (void)sqlite3_db_config(store->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
    }
    for (int i = 0; i < STORE_STATEMENT_COUNT; i++) {
        (void)sqlite3_finalize(store->statements[i]); /* repeats an error that was seen before */
    }
    (void)sqlite3_close(store->db); /* no statement is left that could keep it open */
    (void)journal_hasher_free(store->hasher);
    free(store);
    return NULL;
}

/* ---- a transaction ---- */

void store_roll_back(struct journal_store *store) {
    if (sqlite3_get_autocommit(store->db) == 0) {
        (void)sqlite3_exec(store->db, "ROLLBACK", NULL, NULL, NULL);
    }
}

int journal_store_commit(struct journal_store *store, const struct journal_gather *gather,
                         const char *boot, const char *id_prefix) {
    unsigned char digest[JOURNAL_DIGEST_SIZE];
    uint64_t newest_seq = store->newest_seq;
    memcpy(digest, store->digest, sizeof digest);
    int r = store_run(store, STORE_BEGIN);
    if (r == 0) {
        r = store_add(store, gather, boot, id_prefix);
    }
    if (r == 0) {
        r = store_run(store, STORE_COMMIT);
    }
    if (r != 0) {
        store_roll_back(store);
        store->newest_seq = newest_seq;
        memcpy(store->digest, digest, sizeof digest);
    }
    return r;
}

/* ---- the rest ---- */

const char *journal_store_reason(const struct journal_store *store) {
    return store->reason;
}

bool journal_store_met_damage(const struct journal_store *store) {
    return store->met_damage;
}

bool journal_store_is_new(const struct journal_store *store) {
    return store->created;
}

uint64_t journal_store_newest(const struct journal_store *store) {
    return store->newest_seq;
}

void journal_store_continue(struct journal_store *store, uint64_t seq) {
    if (seq > store->known_seq) {
        store->known_seq = seq;
    }
    journal_store_skip(store, seq);
}

void journal_store_skip(struct journal_store *store, uint64_t seq) {
    if (seq > store->newest_seq) {
        store->newest_seq = seq;
    }
}

int journal_store_note_lost(struct journal_store *store) {
    char sql[80];
    (void)snprintf(sql, sizeof sql, "INSERT OR IGNORE INTO run VALUES(%" PRIu64 ", NULL)",
                   store->newest_seq + 1);
    int r = store_result(store, sqlite3_exec(store->db, sql, NULL, NULL, NULL));
    /* Once retention lets go of what stands before it, nothing proves the next one. */
    return r == 0 && sqlite3_changes(store->db) == 1 ? store_count(store, STORE_META_UNPROVEN, 1)
                                                     : r;
}

/* Is there so much room that the log does not take it from the events? */
static bool store_has_room(const struct journal_store *store) {
    struct statvfs disk;
    const char *path = sqlite3_db_filename(store->db, "main");
    return path != NULL && statvfs(path, &disk) == 0 &&
           (uint64_t)disk.f_bavail * disk.f_frsize >=
               (uint64_t)JOURNAL_LOG_ROOM * JOURNAL_LOG_BYTES;
}

void journal_store_lay_out_log(struct journal_store *store) {
    static const unsigned char zeros[64 * 1024];
    sqlite3_file *log = NULL;
    sqlite3_int64 size = 0;
    if (!store_has_room(store)) {
        return;
    }
    /* The first commit has opened the file; before it there is none. */
    if (sqlite3_file_control(store->db, "main", SQLITE_FCNTL_JOURNAL_POINTER, &log) != SQLITE_OK ||
        log == NULL || log->pMethods == NULL || log->pMethods->xFileSize(log, &size) != SQLITE_OK) {
        return;
    }
    int result = SQLITE_OK;
    while (result == SQLITE_OK && size < JOURNAL_LOG_BYTES) {
        result = log->pMethods->xWrite(log, zeros, sizeof zeros, size);
        size += (sqlite3_int64)sizeof zeros;
    }
    if (result == SQLITE_OK) {
        (void)log->pMethods->xSync(log, SQLITE_SYNC_DATAONLY); /* only to have it done by now */
    }
}

uint32_t journal_store_wal_pages(const struct journal_store *store) {
    return store->wal_pages;
}

void journal_store_checkpoint(struct journal_store *store) {
    int pages = 0;
    int done = 0;
    /* A reader in the middle of a transaction leaves some behind; the next time takes those. */
    if (sqlite3_wal_checkpoint_v2(store->db, NULL, SQLITE_CHECKPOINT_PASSIVE, &pages, &done) ==
            SQLITE_OK &&
        pages >= done) {
        store->wal_pages = (uint32_t)(pages - done);
    }
}
