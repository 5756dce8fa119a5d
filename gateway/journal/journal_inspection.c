/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/journal/journal_inspection.h"

#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <sqlite3.h>

#include "gateway/clock.h"
#include "gateway/journal/journal_chain.h"
#include "gateway/journal/journal_columns.h"
#include "gateway/journal/journal_ledger.h"
#include "gateway/journal/journal_table.h"
#include "rules/core.h"

enum { BUSY_MS = 20 };

/* All but the events, each small enough for one step. */
static const char *const small_tables[] = {
    "sqlite_schema", "meta",    "sink",       "alarm", "test", "flood", "walk", "trip",
    "clock",         "present", "first_sent", "run",   "mark", "seal",  "gone",
};

enum { SMALL_TABLES = sizeof small_tables / sizeof small_tables[0] };

enum inspection_statement {
    INSPECTION_BEGIN,
    INSPECTION_END,
    INSPECTION_ROWS,
    INSPECTION_ENTRY,
    INSPECTION_ENTRIES,
    INSPECTION_STATEMENT_COUNT,
};

/* The lane as a number in the text: a parameter would hide from SQLite that its index fits. */
static const char *const statement_sql[INSPECTION_STATEMENT_COUNT] = {
    [INSPECTION_BEGIN] = "BEGIN",
    [INSPECTION_END] = "COMMIT",
    [INSPECTION_ROWS] = ("SELECT " LEDGER_COLUMNS ", first, before FROM event NOT INDEXED "
                         "LEFT JOIN run ON first=seq WHERE seq>?1 ORDER BY seq"),
    [INSPECTION_ENTRY] =
        "SELECT 1 FROM event INDEXED BY event_alarm WHERE lane=0 AND seq=?1 AND alarm IS ?2",
    [INSPECTION_ENTRIES] = ("SELECT count(*) FROM event INDEXED BY event_alarm WHERE lane=0 AND "
                            "seq>?1 AND seq<=?2"),
};

_Static_assert(LANE_ALARM == 0, "the statements say so");

/* Of a row, as LEDGER_COLUMNS has them. */
enum { ROW_LANE = 3, ROW_ALARM = 5, ROW_BODY = 8 };

struct journal_inspection {
    char path[PATH_MAX];
    dev_t device;
    ino_t inode;
    sqlite3 *db;
    sqlite3_stmt *statements[INSPECTION_STATEMENT_COUNT];
    struct journal_hasher *hasher;
    struct journal_chain chain;
    uint32_t tables; /* small ones that are through */
    uint64_t seq;    /* the newest event that is through */
    uint64_t events;
    char reason[JOURNAL_REASON_SIZE];
};

static bool inspection_is_same_file(struct journal_inspection *inspection) {
    struct stat found;
    return stat(inspection->path, &found) == 0 && found.st_dev == inspection->device &&
           found.st_ino == inspection->inode;
}

static enum journal_inspection_state inspection_damaged(struct journal_inspection *inspection,
                                                        uint64_t seq, const char *what) {
    (void)snprintf(inspection->reason, sizeof inspection->reason, "event %" PRIu64 ": %s", seq,
                   what);
    return INSPECTION_DAMAGED;
}

/* What to make of a result that is none of those expected. */
static enum journal_inspection_state inspection_error(struct journal_inspection *inspection,
                                                      int result) {
    if ((result & 0xff) == SQLITE_BUSY || (result & 0xff) == SQLITE_LOCKED) {
        return INSPECTION_GOES_ON;
    }
    (void)snprintf(inspection->reason, sizeof inspection->reason, "%s",
                   sqlite3_errmsg(inspection->db));
    return journal_schema_result(result) == JOURNAL_E_DAMAGED ? INSPECTION_DAMAGED
                                                              : INSPECTION_FAILED;
}

int journal_inspection_new(const char *path, struct journal_inspection **ret_inspection) {
    struct journal_inspection *inspection = calloc(1, sizeof *inspection);
    if (inspection == NULL) {
        return err_origin(-ENOMEM);
    }
    int len = snprintf(inspection->path, sizeof inspection->path, "%s", path);
    int r = len > 0 && len < PATH_MAX ? 0 : err_origin(-ENAMETOOLONG);
    if (r == 0) {
        r = journal_hasher_new(&inspection->hasher);
    }
    if (r != 0) {
        (void)journal_inspection_free(inspection);
        return err_trace(r);
    }
    *ret_inspection = inspection;
    return 0;
}

struct journal_inspection *journal_inspection_free(struct journal_inspection *inspection) {
    if (inspection != NULL) {
        for (int i = 0; i < INSPECTION_STATEMENT_COUNT; i++) {
            (void)sqlite3_finalize(inspection->statements[i]); /* repeats what was seen before */
        }
        (void)sqlite3_close(inspection->db); /* no statement is left that could keep it open */
        (void)journal_hasher_free(inspection->hasher);
        free(inspection);
    }
    return NULL;
}

/* A file that is only being made, or brought up, has not all of its tables yet. */
static bool inspection_is_complete(struct journal_inspection *inspection) {
    sqlite3_stmt *statement = NULL;
    int result = sqlite3_prepare_v2(inspection->db, "PRAGMA user_version", -1, &statement, NULL);
    bool complete = true; /* what cannot be read is for the statements to say */
    if (result == SQLITE_OK && sqlite3_step(statement) == SQLITE_ROW) {
        complete = sqlite3_column_int(statement, 0) == JOURNAL_SCHEMA_VERSION;
    }
    (void)sqlite3_finalize(statement); /* repeats the result of the step */
    return complete;
}

static enum journal_inspection_state inspection_open(struct journal_inspection *inspection) {
    struct stat found;
    if (stat(inspection->path, &found) != 0) {
        return INSPECTION_FAILED;
    }
    inspection->device = found.st_dev;
    inspection->inode = found.st_ino;
    int flags = SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX;
    int result = sqlite3_open_v2(inspection->path, &inspection->db, flags, NULL);
    if (inspection->db == NULL) {
        return INSPECTION_FAILED;
    }
    (void)sqlite3_busy_timeout(inspection->db, BUSY_MS);
    (void)sqlite3_exec(inspection->db, "PRAGMA cache_size=-256", NULL, NULL,
                       NULL); /* only a size */
    if (result == SQLITE_OK && !inspection_is_complete(inspection)) {
        return INSPECTION_FAILED;
    }
    for (int i = 0; result == SQLITE_OK && i < INSPECTION_STATEMENT_COUNT; i++) {
        result = sqlite3_prepare_v3(inspection->db, statement_sql[i], -1, SQLITE_PREPARE_PERSISTENT,
                                    &inspection->statements[i], NULL);
    }
    journal_chain_init(&inspection->chain, inspection->hasher, false);
    return result == SQLITE_OK ? INSPECTION_GOES_ON : inspection_error(inspection, result);
}

static enum journal_inspection_state inspection_small_table(struct journal_inspection *inspection) {
    char found[JOURNAL_REASON_SIZE];
    int result = journal_table_check(inspection->db, small_tables[inspection->tables], found);
    if (result != SQLITE_OK) {
        return inspection_error(inspection, result);
    }
    if (found[0] != '\0') {
        (void)memcpy(inspection->reason, found, sizeof found);
        return INSPECTION_DAMAGED;
    }
    inspection->tables++;
    return INSPECTION_GOES_ON;
}

/* The number that the statement yields with its parameters bound; 0 if none. */
static enum journal_inspection_state inspection_ask(struct journal_inspection *inspection,
                                                    enum inspection_statement which,
                                                    uint64_t *ret) {
    sqlite3_stmt *statement = inspection->statements[which];
    int result = sqlite3_step(statement);
    *ret = result == SQLITE_ROW ? (uint64_t)sqlite3_column_int64(statement, 0) : 0;
    enum journal_inspection_state state = result == SQLITE_ROW || result == SQLITE_DONE
                                              ? INSPECTION_GOES_ON
                                              : inspection_error(inspection, result);
    (void)sqlite3_reset(statement); /* repeats the result of the step */
    return state;
}

/* Does the index have the alarm of the row that the statement stands on? */
static enum journal_inspection_state inspection_entry(struct journal_inspection *inspection,
                                                      sqlite3_stmt *row, uint64_t seq) {
    sqlite3_stmt *statement = inspection->statements[INSPECTION_ENTRY];
    uint64_t found;
    (void)sqlite3_bind_int64(statement, 1, (sqlite3_int64)seq);
    (void)sqlite3_bind_value(statement, 2, sqlite3_column_value(row, ROW_ALARM));
    enum journal_inspection_state state = inspection_ask(inspection, INSPECTION_ENTRY, &found);
    return state == INSPECTION_GOES_ON && found == 0
               ? inspection_damaged(inspection, seq, "it is not in the index of alarms")
               : state;
}

static enum journal_inspection_state inspection_row(struct journal_inspection *inspection,
                                                    sqlite3_stmt *statement, uint64_t *alarms) {
    uint64_t seq = (uint64_t)sqlite3_column_int64(statement, 0);
    struct journal_chain_row row;
    bool sound = journal_chain_row_of(statement, ROW_BODY, &row);
    if (!sound || journal_chain_next(&inspection->chain, &row) == CHAIN_BROKEN) {
        return inspection_damaged(inspection, seq, "its digest does not match");
    }
    const char *wrong = journal_columns_wrong(statement, 0);
    if (wrong != NULL) {
        char what[64];
        (void)snprintf(what, sizeof what, "its column `%s` is not what its body says", wrong);
        return inspection_damaged(inspection, seq, what);
    }
    enum journal_inspection_state state = INSPECTION_GOES_ON;
    if (sqlite3_column_int(statement, ROW_LANE) == LANE_ALARM) {
        *alarms += 1;
        state = inspection_entry(inspection, statement, seq);
    }
    inspection->seq = seq;
    inspection->events++;
    return state;
}

/* Events for a while, and as many entries in the index as there are. */
static enum journal_inspection_state inspection_events(struct journal_inspection *inspection,
                                                       uint64_t until_ns) {
    sqlite3_stmt *statement = inspection->statements[INSPECTION_ROWS];
    enum journal_inspection_state state = INSPECTION_GOES_ON;
    uint64_t after = inspection->seq;
    uint64_t alarms = 0;
    uint64_t entries = 0;
    int result;
    (void)sqlite3_bind_int64(statement, 1, (sqlite3_int64)after);
    while ((result = sqlite3_step(statement)) == SQLITE_ROW && state == INSPECTION_GOES_ON) {
        state = inspection_row(inspection, statement, &alarms);
        if (clock_real_ns() >= until_ns) {
            break;
        }
    }
    if (state == INSPECTION_GOES_ON && result != SQLITE_ROW && result != SQLITE_DONE) {
        state = inspection_error(inspection, result);
    }
    (void)sqlite3_reset(statement); /* repeats the result of the step */
    if (state == INSPECTION_GOES_ON) {
        statement = inspection->statements[INSPECTION_ENTRIES];
        (void)sqlite3_bind_int64(statement, 1, (sqlite3_int64)after);
        (void)sqlite3_bind_int64(statement, 2, (sqlite3_int64)inspection->seq);
        state = inspection_ask(inspection, INSPECTION_ENTRIES, &entries);
    }
    if (state == INSPECTION_GOES_ON && entries != alarms) {
        return inspection_damaged(inspection, inspection->seq,
                                  "the index of alarms has more before it than there are");
    }
    return state == INSPECTION_GOES_ON && result == SQLITE_DONE ? INSPECTION_SOUND : state;
}

enum journal_inspection_state journal_inspection_step(struct journal_inspection *inspection,
                                                      uint64_t span_ns) {
    uint64_t until_ns = clock_real_ns() + span_ns;
    uint64_t ignored;
    enum journal_inspection_state state =
        inspection->db == NULL ? inspection_open(inspection) : INSPECTION_GOES_ON;
    if (state == INSPECTION_GOES_ON && inspection->tables < SMALL_TABLES) {
        state = inspection_small_table(inspection);
    } else if (state == INSPECTION_GOES_ON) {
        state = inspection_ask(inspection, INSPECTION_BEGIN, &ignored);
        if (state == INSPECTION_GOES_ON) {
            state = inspection_events(inspection, until_ns);
            (void)sqlite3_step(inspection->statements[INSPECTION_END]); /* nothing was written */
            (void)sqlite3_reset(inspection->statements[INSPECTION_END]);
        }
    }
    /* What was read of a file that was replaced meanwhile says nothing. */
    return inspection_is_same_file(inspection) ? state : INSPECTION_FAILED;
}

uint64_t journal_inspection_events(const struct journal_inspection *inspection) {
    return inspection->events;
}

const char *journal_inspection_reason(const struct journal_inspection *inspection) {
    return inspection->reason;
}
