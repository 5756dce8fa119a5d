/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "gateway/journal/journal_pages.h"
#include "gateway/journal/journal_store_parts.h"

/* The columns of a table that both files have, as "a,b" and "?,?"; to be freed. */
struct salvage_columns {
    char *names, *places;
};

static struct salvage_columns salvage_columns_of(struct journal_store *store, const char *table) {
    static const char ask[] =
        "SELECT group_concat(name), group_concat('?') FROM pragma_table_info(?1, 'bad') "
        "WHERE name IN (SELECT name FROM pragma_table_info(?1, 'main'))";
    struct salvage_columns columns = {.names = NULL};
    sqlite3_stmt *statement = NULL;
    int result = sqlite3_prepare_v2(store->db, ask, -1, &statement, NULL);
    if (result == SQLITE_OK) {
        store_bind_text(statement, 1, table);
        result = sqlite3_step(statement);
    }
    if (result == SQLITE_ROW && sqlite3_column_type(statement, 0) != SQLITE_NULL) {
        columns.names = sqlite3_mprintf("%s", sqlite3_column_text(statement, 0));
        columns.places = sqlite3_mprintf("%s", sqlite3_column_text(statement, 1));
    }
    (void)sqlite3_finalize(statement); /* repeats the result of the step */
    return columns;
}

/*
 * Has what was to be written found no room? What cannot be read of the damaged file is not there; what can
 * be read and has no place here yet must not be given up for that.
 */
static bool salvage_is_refused(int sqlite_result) {
    switch (sqlite_result) {
    case SQLITE_IOERR_WRITE:
    case SQLITE_IOERR_FSYNC:
    case SQLITE_IOERR_DIR_FSYNC:
    case SQLITE_IOERR_TRUNCATE:
    case SQLITE_IOERR_SHMSIZE:
        return true;
    default:
        break;
    }
    switch (sqlite_result & 0xff) {
    case SQLITE_FULL:
    case SQLITE_NOMEM:
    case SQLITE_READONLY:
        return true;
    default:
        return false;
    }
}

/* Run it. Returns 0, also where there was nothing to be read, or JOURNAL_E_FAILED with the store's reason. */
static int salvage_run(struct journal_store *store, const char *sql) {
    int result = sql != NULL ? sqlite3_exec(store->db, sql, NULL, NULL, NULL) : SQLITE_NOMEM;
    if (!salvage_is_refused(result)) {
        return 0;
    }
    (void)snprintf(store->reason, sizeof store->reason,
                   "what was open cannot be taken over from the damaged journal: %s",
                   sqlite3_errstr(result));
    return JOURNAL_E_FAILED;
}

static void salvage_row(sqlite3_stmt *from, sqlite3_stmt *to) {
    for (int i = 0; i < sqlite3_column_count(from); i++) {
        (void)sqlite3_bind_value(to, i + 1, sqlite3_column_value(from, i));
    }
    (void)sqlite3_step(to); /* into memory; what cannot be taken is not there */
    (void)sqlite3_reset(to);
}

/* Take rows in an order until one cannot be read. Says whether all could be. */
static bool salvage_rows(struct journal_store *store, const char *table, const char *order,
                         const struct salvage_columns *columns) {
    sqlite3_stmt *from = NULL;
    sqlite3_stmt *to = NULL;
    char *read =
        sqlite3_mprintf("SELECT %s FROM bad.%s ORDER BY 1 %s", columns->names, table, order);
    char *write = sqlite3_mprintf("INSERT INTO temp.taken VALUES(%s)", columns->places);
    int result = SQLITE_NOMEM;
    if (read != NULL && write != NULL) {
        result = sqlite3_prepare_v2(store->db, read, -1, &from, NULL);
    }
    if (result == SQLITE_OK) {
        result = sqlite3_prepare_v2(store->db, write, -1, &to, NULL);
    }
    if (result == SQLITE_OK) {
        while ((result = sqlite3_step(from)) == SQLITE_ROW) {
            salvage_row(from, to);
        }
    }
    (void)sqlite3_finalize(from); /* these repeat what was seen before */
    (void)sqlite3_finalize(to);
    sqlite3_free(read);
    sqlite3_free(write);
    return result == SQLITE_DONE;
}

int store_salvage_table(struct journal_store *store, const char *table) {
    int r = 0;
    struct salvage_columns columns = salvage_columns_of(store, table);
    char *begin = sqlite3_mprintf("DROP TABLE IF EXISTS temp.taken;"
                                  "CREATE TEMP TABLE taken AS SELECT %s FROM main.%s WHERE 0;",
                                  columns.names, table);
    char *end = sqlite3_mprintf("INSERT OR IGNORE INTO main.%s(%s) SELECT * FROM temp.taken;"
                                "DROP TABLE temp.taken;",
                                table, columns.names);
    if (columns.names != NULL && columns.places != NULL) {
        r = salvage_run(store, begin);
        if (r == 0 && !salvage_rows(store, table, "ASC", &columns)) {
            (void)salvage_rows(store, table, "DESC", &columns);
        }
        r = r == 0 ? salvage_run(store, end) : r;
    }
    sqlite3_free(begin);
    sqlite3_free(end);
    sqlite3_free(columns.names);
    sqlite3_free(columns.places);
    return r;
}

bool store_salvage_may_be_ours(struct journal_store *store) {
    const struct journal_identity *identity = store->identity;
    char *stranger = sqlite3_mprintf("SELECT count(*) FROM bad.meta WHERE (key='site' AND "
                                     "value<>%Q) OR (key='gateway' AND value<>%Q)",
                                     identity->site, identity->gateway);
    char *ours =
        sqlite3_mprintf("SELECT count(*) FROM (SELECT body FROM bad.event ORDER BY seq DESC "
                        "LIMIT 10) WHERE instr(body, '\"id\":\"%q.%q.') > 0",
                        identity->site, identity->gateway);
    bool may_be = stranger != NULL && ours != NULL &&
                  (store_ask(store, stranger) == 0 || store_ask(store, ours) > 0);
    sqlite3_free(stranger);
    sqlite3_free(ours);
    return may_be;
}

/* Note that events are still to be taken over from the file of this name beside ours. */
static int salvage_mark(struct journal_store *store, const char *path) {
    const char *slash = strrchr(path, '/');
    char *mark = sqlite3_mprintf("INSERT OR REPLACE INTO meta VALUES('salvage',%Q)",
                                 slash != NULL ? slash + 1 : path);
    int r = salvage_run(store, mark);
    sqlite3_free(mark);
    return r;
}

/* Each by itself: one broken table must not cost another. */
static int salvage_standing(struct journal_store *store) {
    static const char *const tables[] = {"alarm", "sink", "test", "flood", "walk", "trip",
                                         "clock", "mark", "seal", "run",   "gone", "first_sent"};
    int r =
        salvage_run(store, "INSERT OR IGNORE INTO main.meta SELECT * FROM bad.meta WHERE key IN "
                           "('timeline','" STORE_META_LOST "','" STORE_META_UNPROVEN "')");
    for (size_t i = 0; r == 0 && i < sizeof tables / sizeof tables[0]; i++) {
        r = store_salvage_table(store, tables[i]);
    }
    return r != 0
               ? r
               : salvage_run(store,
                             "INSERT OR REPLACE INTO main.meta SELECT 'salvage_oldest', min(seq) "
                             "FROM bad.event HAVING min(seq) IS NOT NULL");
}

/*
 * Of a file that is gone or empty SQLite would delete the log, in which there may be all that is
 * needed. One page of zeros in its place lets it read the log.
 */
static void salvage_make_readable(const char *path) {
    struct stat found;
    if (stat(path, &found) == 0 ? found.st_size > 0 : errno != ENOENT) {
        return;
    }
    int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    if (fd >= 0) {
        (void)ftruncate(fd, JOURNAL_PAGE_BYTES); /* without it nothing is read of the log here */
        (void)close(fd);
    }
}

int journal_store_salvage(struct journal_store *store, const char *path, bool *ret_foreign,
                          uint64_t *ret_newest) {
    int r = 0;
    salvage_make_readable(path);
    char *attach = sqlite3_mprintf("ATTACH %Q AS bad", path);
    *ret_newest = 0;
    bool attached =
        attach != NULL && sqlite3_exec(store->db, attach, NULL, NULL, NULL) == SQLITE_OK;
    sqlite3_free(attach);
    *ret_foreign = attached && !store_salvage_may_be_ours(store);
    if (!*ret_foreign) {
        r = salvage_mark(store, path);
    }
    if (!attached) {
        return r;
    }
    if (r == 0 && !*ret_foreign) {
        r = salvage_standing(store);
        *ret_newest = store_ask(store, "SELECT max(seq) FROM bad.event");
    }
    /* Whoever looks into the file later finds it, and the log beside it, as they were. */
    (void)sqlite3_db_config(store->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
    (void)sqlite3_exec(store->db, "DETACH bad", NULL, NULL, NULL);
    (void)sqlite3_db_config(store->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 0, NULL);
    return r;
}
