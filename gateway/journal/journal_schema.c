/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/journal/journal_schema.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define TEXT_OF(number)          TEXT_OF_EXPANDED(number)
#define TEXT_OF_EXPANDED(number) #number

static const char connection_sql[] =
    "PRAGMA journal_mode=WAL;"
    "PRAGMA synchronous=FULL;"
    "PRAGMA wal_autocheckpoint=0;"
    "PRAGMA journal_size_limit=" TEXT_OF(JOURNAL_LOG_BYTES) ";"
                                                            "PRAGMA cache_size=-512;"
                                                            "PRAGMA temp_store=MEMORY;";

/* From version 0, which is nothing at all. What stands here once is never changed. */
static const char *const schema_steps[JOURNAL_SCHEMA_VERSION] = {
    "CREATE TABLE event("
    " seq INTEGER PRIMARY KEY,"
    " boot TEXT NOT NULL,"
    " at_wall INTEGER NOT NULL,"
    " lane INTEGER NOT NULL,"
    " type TEXT NOT NULL,"
    " alarm TEXT,"
    " place TEXT,"
    " point TEXT,"
    " body TEXT NOT NULL,"
    " digest BLOB NOT NULL);"
    /*
     * One index for both, the alarm lane and an alarm's story in it: each index is one page more
     * that every commit waits for. The activity lane needs none: little stands between its rows.
     */
    "CREATE INDEX event_alarm ON event(seq, alarm) WHERE lane = 0;"
    "CREATE TABLE first_sent(seq INTEGER PRIMARY KEY, n INTEGER NOT NULL);"
    "CREATE TABLE alarm("
    " name TEXT PRIMARY KEY,"
    " pending INTEGER NOT NULL,"
    " active INTEGER NOT NULL,"
    " acked INTEGER NOT NULL,"
    " latched INTEGER NOT NULL,"
    " attended INTEGER NOT NULL,"
    " open INTEGER NOT NULL,"
    " occurrence INTEGER NOT NULL,"
    " raises INTEGER NOT NULL,"
    " condition INTEGER NOT NULL,"
    " remaining_ns INTEGER NOT NULL,"
    " raised INTEGER NOT NULL,"
    " acked_at INTEGER NOT NULL,"
    " attended_at INTEGER NOT NULL,"
    " at_instant INTEGER NOT NULL,"
    " at_wall INTEGER NOT NULL,"
    " changed INTEGER NOT NULL,"
    " value REAL NOT NULL,"
    " quality INTEGER NOT NULL,"
    " memories BLOB NOT NULL) WITHOUT ROWID;"
    "CREATE TABLE sink(sink TEXT NOT NULL, lane INTEGER NOT NULL, seq INTEGER NOT NULL,"
    " PRIMARY KEY(sink, lane)) WITHOUT ROWID;"
    "CREATE TABLE meta(key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;",
    /* An alarm's other axes, and what is left of its clocks in tenths of a second; 0: it stands. */
    "ALTER TABLE alarm ADD COLUMN silenced INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE alarm ADD COLUMN test INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE alarm ADD COLUMN shelved INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE alarm ADD COLUMN by_design INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE alarm ADD COLUMN out_of_service INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE alarm ADD COLUMN investigated INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE alarm ADD COLUMN real INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE alarm ADD COLUMN promoted INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE alarm ADD COLUMN chattering INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE alarm ADD COLUMN disposition INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE alarm ADD COLUMN silence_left INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE alarm ADD COLUMN shelve_left INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE alarm ADD COLUMN service_left INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE alarm ADD COLUMN realarm_left INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE alarm ADD COLUMN promotion_left INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE alarm ADD COLUMN disposition_left INTEGER NOT NULL DEFAULT 0;",
    /* The run of its escalation chain: how old it is, and how long it still waits for a receipt. */
    "ALTER TABLE alarm ADD COLUMN chain_state INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE alarm ADD COLUMN chain_run INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE alarm ADD COLUMN chain_reached INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE alarm ADD COLUMN chain_age_ns INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE alarm ADD COLUMN chain_receipt_ns INTEGER NOT NULL DEFAULT 0;",
    /*
     * Of what the memories are, and on what a delay waits. Those of before do not say it: nobody can
     * know whether they are of the present rules, and a wrong past would raise or clear wrongly.
     */
    "ALTER TABLE alarm DROP COLUMN memories;"
    "ALTER TABLE alarm ADD COLUMN past BLOB NOT NULL DEFAULT x'';"
    "ALTER TABLE alarm ADD COLUMN condition_identity INTEGER NOT NULL DEFAULT 0;",
    /* Tests that run, with what is left in tenths of a second, and the flood. */
    "CREATE TABLE test("
    " place TEXT PRIMARY KEY,"
    " begun INTEGER NOT NULL,"
    " left INTEGER NOT NULL,"
    " actor TEXT NOT NULL,"
    " role TEXT NOT NULL,"
    " reason TEXT NOT NULL,"
    " tripped TEXT NOT NULL,"
    " at_instant INTEGER NOT NULL,"
    " at_wall INTEGER NOT NULL) WITHOUT ROWID;"
    "CREATE TABLE flood("
    " one INTEGER PRIMARY KEY CHECK(one = 1),"
    " incident INTEGER NOT NULL,"
    " runs INTEGER NOT NULL);",
    /* Rounds of walk tests, likewise, and whether the wall clock is to be trusted. */
    "CREATE TABLE walk("
    " place TEXT PRIMARY KEY,"
    " left INTEGER NOT NULL,"
    " tripped TEXT NOT NULL,"
    " at_instant INTEGER NOT NULL,"
    " at_wall INTEGER NOT NULL) WITHOUT ROWID;"
    "CREATE TABLE clock("
    " one INTEGER PRIMARY KEY CHECK(one = 1),"
    " good INTEGER NOT NULL);",
    /* What each point had said last when the engine ended, and how long ago that was. */
    "CREATE TABLE present("
    " point TEXT NOT NULL,"
    " source INTEGER NOT NULL,"
    " value REAL NOT NULL,"
    " quality INTEGER NOT NULL,"
    " measured INTEGER NOT NULL,"
    " age_ns INTEGER NOT NULL,"
    " at_instant INTEGER NOT NULL,"
    " at_wall INTEGER NOT NULL);",
    /* What stood before an event that has lost its predecessor, and what had been confirmed when. */
    "CREATE TABLE run(first INTEGER PRIMARY KEY, before BLOB);"
    "CREATE TABLE mark("
    " at_wall INTEGER PRIMARY KEY,"
    " alarm INTEGER NOT NULL,"
    " activity INTEGER NOT NULL);",
    /* The signed checkpoint of each day. */
    "CREATE TABLE seal("
    " number INTEGER PRIMARY KEY,"
    " day INTEGER NOT NULL,"
    " seq INTEGER NOT NULL,"
    " digest BLOB NOT NULL,"
    " key BLOB NOT NULL,"
    " signature BLOB NOT NULL);"
    /* What the steps are that an alarm's chain has reached. */
    "ALTER TABLE alarm ADD COLUMN chain_steps INTEGER NOT NULL DEFAULT 0;",
    /* Whether a second person agreed that it is out of service. Of before nobody knows: not. */
    "ALTER TABLE alarm ADD COLUMN agreed INTEGER NOT NULL DEFAULT 0;",
    /*
     * What a seal says of each event, and what is left of those that were let go of: see
     * journal_ledger.h. Seals of before have none. A salvage that left something unproven is noted.
     */
    "CREATE TABLE gone(seq INTEGER PRIMARY KEY, lane INTEGER NOT NULL, leaf BLOB NOT NULL);"
    "ALTER TABLE seal ADD COLUMN after INTEGER;"
    "ALTER TABLE seal ADD COLUMN alarms INTEGER;"
    "ALTER TABLE seal ADD COLUMN ledger BLOB;"
    "INSERT INTO meta SELECT 'unproven', count(*) FROM run WHERE before IS NULL "
    "HAVING count(*) > 0;",
    /* How long ago buttons and detectors were true, in earnest and in a test; -1: never, -2: they are. */
    "CREATE TABLE trip("
    " point TEXT PRIMARY KEY,"
    " earnest INTEGER NOT NULL,"
    " tested INTEGER NOT NULL,"
    " at_instant INTEGER NOT NULL,"
    " at_wall INTEGER NOT NULL) WITHOUT ROWID;",
};

int journal_schema_result(int sqlite_result) {
    /* The log is shorter than those say who have it open: somebody has cut it off or deleted it. */
    if (sqlite_result == SQLITE_IOERR_SHORT_READ) {
        return JOURNAL_E_DAMAGED;
    }
    switch (sqlite_result & 0xff) {
    case SQLITE_OK:
    case SQLITE_DONE:
    case SQLITE_ROW:
        return 0;
    case SQLITE_ERROR: /* a table or column that should be there is not */
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
    case SQLITE_FORMAT:
    case SQLITE_MISMATCH:
    case SQLITE_CONSTRAINT:
        return JOURNAL_E_DAMAGED;
    default:
        return JOURNAL_E_FAILED;
    }
}

bool journal_schema_address(const char *path, const char *how, char ret[JOURNAL_ADDRESS_SIZE]) {
    const size_t size = JOURNAL_ADDRESS_SIZE;
    size_t len = (size_t)snprintf(ret, size, "file:");
    for (const char *c = path; *c != '\0' && len < size; c++) {
        bool plain = *c != '%' && *c != '?' && *c != '#';
        len += (size_t)snprintf(ret + len, size - len, plain ? "%c" : "%%%02x", (unsigned char)*c);
    }
    return len < size && len + (size_t)snprintf(ret + len, size - len, "?%s", how) < size;
}

const char *journal_schema_still(const char *path) {
    char log[PATH_MAX + 8];
    struct stat found;
    (void)snprintf(log, sizeof log, "%s-wal", path);
    bool has_none = stat(log, &found) == 0 ? found.st_size == 0 : errno == ENOENT;
    return has_none ? "mode=ro&immutable=1" : "mode=ro&vfs=unix-none";
}

/* Run statements without results; says why not in `reason`. */
static int journal_schema_run(sqlite3 *db, const char *sql, char reason[JOURNAL_REASON_SIZE]) {
    int r = journal_schema_result(sqlite3_exec(db, sql, NULL, NULL, NULL));
    if (r != 0) {
        (void)snprintf(reason, JOURNAL_REASON_SIZE, "%s", sqlite3_errmsg(db));
    }
    return r;
}

/* The one number or text that `sql` yields; `ret` is "" when it yields none. */
static int journal_schema_ask(sqlite3 *db, const char *sql, char *ret, size_t size,
                              char reason[JOURNAL_REASON_SIZE]) {
    sqlite3_stmt *statement = NULL;
    int result = sqlite3_prepare_v2(db, sql, -1, &statement, NULL);
    if (result == SQLITE_OK) {
        result = sqlite3_step(statement);
    }
    const char *text =
        result == SQLITE_ROW ? (const char *)sqlite3_column_text(statement, 0) : NULL;
    (void)snprintf(ret, size, "%s", text != NULL ? text : "");
    int r = journal_schema_result(result);
    if (r != 0) {
        (void)snprintf(reason, JOURNAL_REASON_SIZE, "%s", sqlite3_errmsg(db));
    }
    (void)sqlite3_finalize(statement); /* repeats the result of the step */
    return r;
}

/*
 * Take the steps from `version` to the present one, in one transaction that ends with `last`. The
 * file stays as it was when one of them fails.
 */
static int journal_schema_raise(sqlite3 *db, unsigned version, const char *last,
                                char reason[JOURNAL_REASON_SIZE]) {
    char numbers[96];
    (void)snprintf(numbers, sizeof numbers, "PRAGMA application_id=%d;PRAGMA user_version=%d;",
                   (int)JOURNAL_APPLICATION_ID, (int)JOURNAL_SCHEMA_VERSION);
    int r = journal_schema_run(db, "BEGIN IMMEDIATE", reason);
    for (unsigned i = version; r == 0 && i < JOURNAL_SCHEMA_VERSION; i++) {
        r = journal_schema_run(db, schema_steps[i], reason);
    }
    if (r == 0) {
        r = journal_schema_run(db, numbers, reason);
    }
    if (r == 0) {
        r = journal_schema_run(db, last, reason);
    }
    if (r == 0) {
        r = journal_schema_run(db, "COMMIT", reason);
    }
    if (r != 0 && sqlite3_get_autocommit(db) == 0) {
        /* The error is already in `reason`. */
        (void)sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL);
    }
    return r;
}

static int journal_schema_create(sqlite3 *db, const char *site, const char *gateway,
                                 char reason[JOURNAL_REASON_SIZE]) {
    char *owner =
        sqlite3_mprintf("INSERT INTO meta VALUES('site',%Q),('gateway',%Q)", site, gateway);
    if (owner == NULL) {
        return err_origin(-ENOMEM);
    }
    int r = journal_schema_raise(db, 0, owner, reason);
    sqlite3_free(owner);
    return r;
}

/* Is the journal ours, and of a form that this build reads or can bring to its own? */
static int journal_schema_check(sqlite3 *db, const char *version, const char *site,
                                const char *gateway, char reason[JOURNAL_REASON_SIZE]) {
    char found_site[64];
    char found_gateway[64];
    unsigned long found = strtoul(version, NULL, 10);
    if (found == 0 || found > JOURNAL_SCHEMA_VERSION) {
        (void)snprintf(reason, JOURNAL_REASON_SIZE,
                       "a later Tocsin wrote it: schema %s, this one reads up to %d", version,
                       (int)JOURNAL_SCHEMA_VERSION);
        return JOURNAL_E_DAMAGED;
    }
    int r = journal_schema_ask(db, "SELECT value FROM meta WHERE key='site'", found_site,
                               sizeof found_site, reason);
    if (r == 0) {
        r = journal_schema_ask(db, "SELECT value FROM meta WHERE key='gateway'", found_gateway,
                               sizeof found_gateway, reason);
    }
    if (r == 0 && (strcmp(found_site, site) != 0 || strcmp(found_gateway, gateway) != 0)) {
        (void)snprintf(reason, JOURNAL_REASON_SIZE, "it belongs to %s.%s, not to %s.%s", found_site,
                       found_gateway, site, gateway);
        r = JOURNAL_E_DAMAGED;
    }
    if (r == 0 && found < JOURNAL_SCHEMA_VERSION) {
        r = journal_schema_raise(db, (unsigned)found, "", reason);
    }
    return r;
}

int journal_schema_open(sqlite3 *db, const char *site, const char *gateway, bool *ret_created,
                        char reason[JOURNAL_REASON_SIZE]) {
    char version[32];
    char tables[32];
    int r = journal_schema_run(db, connection_sql, reason);
    if (r == 0) {
        r = journal_schema_ask(db, "PRAGMA user_version", version, sizeof version, reason);
    }
    if (r == 0) {
        r = journal_schema_ask(db, "SELECT count(*) FROM sqlite_schema", tables, sizeof tables,
                               reason);
    }
    if (r != 0) {
        return r;
    }
    bool empty = strcmp(version, "0") == 0 && strcmp(tables, "0") == 0;
    r = empty ? journal_schema_create(db, site, gateway, reason)
              : journal_schema_check(db, version, site, gateway, reason);
    if (r == 0) {
        *ret_created = empty;
    }
    return r;
}
