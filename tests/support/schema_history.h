/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_SUPPORT_SCHEMA_HISTORY_H
#define TESTS_SUPPORT_SCHEMA_HISTORY_H

/*
 * Journals of every schema version that there has been, and holding one file against two others
 *
 * tests/schema/N.sql makes a small journal of version N, with rows in each table. Whoever raises the
 * version sees to it that there is one of each version before it; of the present one none is needed.
 */

#include <assert.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sqlite3.h>

#include "gateway/journal/journal_schema.h"

enum { SCHEMA_SQL_MAX = 65536 };

static inline void schema_run(sqlite3 *db, const char *sql) {
    int result = sqlite3_exec(db, sql, NULL, NULL, NULL);
    assert(result == SQLITE_OK);
}

/* The number that `sql` yields. */
static inline uint64_t schema_ask(sqlite3 *db, const char *sql) {
    sqlite3_stmt *statement = NULL;
    int result = sqlite3_prepare_v2(db, sql, -1, &statement, NULL);
    assert(result == SQLITE_OK);
    result = sqlite3_step(statement);
    assert(result == SQLITE_ROW);
    uint64_t value = (uint64_t)sqlite3_column_int64(statement, 0);
    (void)sqlite3_finalize(statement);
    return value;
}

/* Make a journal of that version at `path`, in good order. */
static inline void schema_make(unsigned version, const char *path) {
    static char sql[SCHEMA_SQL_MAX];
    char source[512];
    sqlite3 *db;
    (void)snprintf(source, sizeof source, "%s/tests/schema/%u.sql", TEST_SOURCE_DIR, version);
    FILE *file = fopen(source, "r");
    if (file == NULL) {
        (void)fprintf(stderr, "%s is missing: write down what that version was\n", source);
        abort();
    }
    size_t size = fread(sql, 1, sizeof sql - 1, file);
    assert(size > 0 && size < sizeof sql - 1);
    sql[size] = '\0';
    (void)fclose(file);
    int result = sqlite3_open(path, &db);
    assert(result == SQLITE_OK);
    schema_run(db, "PRAGMA journal_mode=WAL");
    schema_run(db, sql);
    result = sqlite3_close(db);
    assert(result == SQLITE_OK);
}

/* Open the file at `path` as the journal does, and close it. Returns what that said. */
static inline int schema_open(const char *path, char reason[JOURNAL_REASON_SIZE]) {
    sqlite3 *db;
    bool created;
    int r = journal_schema_result(sqlite3_open(path, &db));
    if (r == 0) {
        r = journal_schema_open(db, "gulou-demo", "main", &created, reason);
    }
    (void)sqlite3_close(db); /* no statement is left that could keep it open */
    return r;
}

static inline void schema_attach(sqlite3 *db, const char *path, const char *name) {
    char sql[512];
    (void)snprintf(sql, sizeof sql, "ATTACH '%s' AS %s", path, name);
    schema_run(db, sql);
}

/* Rows of a query in one schema that are not in the other. */
static inline uint64_t schema_missing(sqlite3 *db, const char *columns, const char *table,
                                      const char *from, const char *in) {
    char sql[8192];
    (void)snprintf(sql, sizeof sql,
                   "SELECT count(*) FROM (SELECT %s FROM %s.%s EXCEPT SELECT %s FROM %s.%s)",
                   columns, from, table, columns, in, table);
    return schema_ask(db, sql);
}

/* Do both have the same tables and indexes, word by word? */
static inline bool schema_is(sqlite3 *db, const char *one, const char *other) {
    static const char columns[] = "type, name, tbl_name, sql";
    return schema_missing(db, columns, "sqlite_schema", one, other) == 0 &&
           schema_missing(db, columns, "sqlite_schema", other, one) == 0;
}

/* Has `main` each row of the table in `old`, in the columns that both have, and no other? */
static inline bool schema_has_rows(sqlite3 *db, const char *table) {
    char sql[512];
    char columns[2048];
    sqlite3_stmt *statement = NULL;
    (void)snprintf(sql, sizeof sql,
                   "SELECT group_concat('\"' || name || '\"') FROM pragma_table_info('%s', 'old') "
                   "WHERE name IN (SELECT name FROM pragma_table_info('%s', 'main'))",
                   table, table);
    int result = sqlite3_prepare_v2(db, sql, -1, &statement, NULL);
    assert(result == SQLITE_OK);
    result = sqlite3_step(statement);
    assert(result == SQLITE_ROW);
    const char *found = (const char *)sqlite3_column_text(statement, 0);
    (void)snprintf(columns, sizeof columns, "%s", found != NULL ? found : "");
    (void)sqlite3_finalize(statement);
    return columns[0] != '\0' && schema_missing(db, columns, table, "old", "main") == 0 &&
           schema_missing(db, columns, table, "main", "old") == 0;
}

/* Does `main` have all that stood in `old`? */
static inline bool schema_has_all(sqlite3 *db) {
    sqlite3_stmt *statement = NULL;
    bool all = true;
    uint64_t tables = 0;
    int result = sqlite3_prepare_v2(db, "SELECT name FROM old.sqlite_schema WHERE type='table'", -1,
                                    &statement, NULL);
    assert(result == SQLITE_OK);
    while ((result = sqlite3_step(statement)) == SQLITE_ROW) {
        all = all && schema_has_rows(db, (const char *)sqlite3_column_text(statement, 0));
        tables++;
    }
    assert(result == SQLITE_DONE && tables > 0);
    (void)sqlite3_finalize(statement);
    return all;
}

enum schema_state { SCHEMA_IS_OLD, SCHEMA_IS_NEW, SCHEMA_IS_NEITHER };

/* Which of the two is the file at `path`, with every row that the old one had? */
static inline enum schema_state schema_look(const char *path, const char *old, const char *fresh) {
    enum schema_state state = SCHEMA_IS_NEITHER;
    sqlite3 *db;
    int result = sqlite3_open(path, &db);
    assert(result == SQLITE_OK);
    schema_attach(db, old, "old");
    schema_attach(db, fresh, "fresh");
    uint64_t version = schema_ask(db, "PRAGMA main.user_version");
    if (!schema_has_all(db)) {
        state = SCHEMA_IS_NEITHER;
    } else if (version == schema_ask(db, "PRAGMA fresh.user_version") &&
               schema_is(db, "main", "fresh")) {
        state = SCHEMA_IS_NEW;
    } else if (version == schema_ask(db, "PRAGMA old.user_version") &&
               schema_is(db, "main", "old")) {
        state = SCHEMA_IS_OLD;
    }
    result = sqlite3_close(db);
    assert(result == SQLITE_OK);
    return state;
}

#endif
