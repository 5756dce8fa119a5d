/* SPDX-License-Identifier: Apache-2.0 */
#include <assert.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "gateway/disk.h"
#include "gateway/journal/journal_backup_parts.h"

enum { COPY_ROWS = 1000, COPY_BUSY_MS = 5000 };

int backup_result(sqlite3 *db, int result, char reason[JOURNAL_REASON_SIZE]) {
    int r = journal_schema_result(result);
    if (r != 0) {
        (void)snprintf(reason, JOURNAL_REASON_SIZE, "%s", sqlite3_errmsg(db));
    }
    return r;
}

int backup_run(sqlite3 *db, const char *sql, char reason[JOURNAL_REASON_SIZE]) {
    return backup_result(db, sqlite3_exec(db, sql, NULL, NULL, NULL), reason);
}

int backup_failed(const char *what, char reason[JOURNAL_REASON_SIZE]) {
    (void)snprintf(reason, JOURNAL_REASON_SIZE, "%.60s: %s", what, strerror(errno));
    return JOURNAL_E_FAILED;
}

int backup_ask(sqlite3 *db, const char *sql, char *ret_text, size_t size, int64_t *ret_number,
               char reason[JOURNAL_REASON_SIZE]) {
    sqlite3_stmt *statement = NULL;
    int result = sqlite3_prepare_v2(db, sql, -1, &statement, NULL);
    if (result == SQLITE_OK) {
        result = sqlite3_step(statement);
    }
    if (result == SQLITE_ROW && ret_text != NULL) {
        const unsigned char *text = sqlite3_column_text(statement, 0);
        (void)snprintf(ret_text, size, "%s", text != NULL ? (const char *)text : "");
    } else if (result == SQLITE_ROW) {
        *ret_number = sqlite3_column_int64(statement, 0);
    }
    int r = backup_result(db, result == SQLITE_ROW || result == SQLITE_DONE ? SQLITE_OK : result,
                          reason);
    (void)sqlite3_finalize(statement); /* repeats the result of the step */
    return r;
}

/* ---- making ---- */

/* Run each statement that `sql` gives back, in its order. */
static int backup_run_each(sqlite3 *db, const char *sql, char reason[JOURNAL_REASON_SIZE]) {
    sqlite3_stmt *statement = NULL;
    int result = sqlite3_prepare_v2(db, sql, -1, &statement, NULL);
    int r = 0;
    while (r == 0 && result == SQLITE_OK && (result = sqlite3_step(statement)) == SQLITE_ROW) {
        r = backup_run(db, (const char *)sqlite3_column_text(statement, 0), reason);
        result = SQLITE_OK;
    }
    if (r == 0) {
        r = backup_result(db, result == SQLITE_DONE ? SQLITE_OK : result, reason);
    }
    (void)sqlite3_finalize(statement); /* repeats the result of the step */
    return r;
}

/* The form of the source: its tables and indexes, what is in them, and its version. */
static int backup_copy_form(sqlite3 *db, char reason[JOURNAL_REASON_SIZE]) {
    int r =
        backup_run(db, "PRAGMA main.journal_mode=DELETE; PRAGMA main.synchronous=FULL;", reason);
    if (r == 0) {
        r = backup_run_each(db,
                            "SELECT sql FROM source.sqlite_schema WHERE sql NOT NULL "
                            "AND name NOT LIKE 'sqlite_%' ORDER BY type = 'index'",
                            reason);
    }
    static const char *const numbers[] = {"application_id", "user_version"};
    for (size_t i = 0; r == 0 && i < sizeof numbers / sizeof *numbers; i++) {
        char sql[80];
        int64_t number = 0;
        (void)snprintf(sql, sizeof sql, "PRAGMA source.%s", numbers[i]);
        r = backup_ask(db, sql, NULL, 0, &number, reason);
        (void)snprintf(sql, sizeof sql, "PRAGMA main.%s=%" PRId64, numbers[i], number);
        r = r == 0 ? backup_run(db, sql, reason) : r;
    }
    return r;
}

/* Copy events in short transactions until the newest that there was at the beginning. */
static int backup_copy_events(sqlite3 *db, int64_t *ret_after, char reason[JOURNAL_REASON_SIZE]) {
    int64_t newest = 0;
    int64_t after = 0;
    int r = backup_ask(db, "SELECT max(seq) FROM source.event", NULL, 0, &newest, reason);
    while (r == 0 && after < newest) {
        char sql[200];
        (void)snprintf(sql, sizeof sql,
                       "INSERT INTO main.event SELECT * FROM source.event WHERE seq > %" PRId64
                       " ORDER BY seq LIMIT %d",
                       after, (int)COPY_ROWS);
        r = backup_run(db, sql, reason);
        int64_t last = after;
        if (r == 0) {
            r = backup_ask(db, "SELECT max(seq) FROM main.event", NULL, 0, &last, reason);
        }
        if (last == after) {
            break; /* let go of meanwhile */
        }
        after = last;
    }
    *ret_after = after;
    return r;
}

/* What was let go of after it was copied is not in the journal any more, which its seals know. */
static int backup_drop_gone(sqlite3 *db, char reason[JOURNAL_REASON_SIZE]) {
    int64_t leaves = 0;
    int r =
        backup_ask(db, "SELECT count(*) FROM main.sqlite_schema WHERE type='table' AND name='gone'",
                   NULL, 0, &leaves, reason);
    if (r == 0 && leaves > 0) {
        r = backup_run(db, "DELETE FROM main.event WHERE seq IN (SELECT seq FROM main.gone)",
                       reason);
    }
    if (r == 0 && leaves > 0) {
        r = backup_run_each(
            db,
            "SELECT 'DELETE FROM main.event WHERE seq > ' || after || ' AND seq <= ' "
            "|| seq FROM source.seal WHERE ledger NOT NULL AND NOT EXISTS(SELECT 1 "
            "FROM source.event e WHERE e.seq > seal.after AND e.seq <= seal.seq)",
            reason);
    }
    return r;
}

/* In one transaction: the events since, and all that changes. */
static int backup_copy_rest(sqlite3 *db, int64_t after, struct wall now,
                            char reason[JOURNAL_REASON_SIZE]) {
    char sql[300];
    (void)snprintf(sql, sizeof sql,
                   "BEGIN; INSERT INTO main.event SELECT * FROM source.event WHERE seq > %" PRId64
                   " ORDER BY seq; CREATE TABLE main.backup(made INTEGER NOT NULL, "
                   "beside BLOB, people BLOB); "
                   "INSERT INTO main.backup VALUES(%" PRId64 ", NULL, NULL)",
                   after, now.ns);
    int r = backup_run(db, sql, reason);
    if (r == 0) {
        r = backup_run_each(
            db,
            "SELECT 'INSERT INTO main.' || name || ' SELECT * FROM source.' || name "
            "FROM source.sqlite_schema WHERE type = 'table' AND name != 'event' "
            "AND name NOT LIKE 'sqlite_%'",
            reason);
    }
    if (r == 0) {
        r = backup_drop_gone(db, reason);
    }
    return r == 0 ? backup_run(db, "COMMIT", reason) : r;
}

static int backup_attach(sqlite3 *db, const char *directory, char reason[JOURNAL_REASON_SIZE]) {
    sqlite3_stmt *statement = NULL;
    char path[PATH_MAX];
    char address[JOURNAL_ADDRESS_SIZE];
    int len = snprintf(path, sizeof path, "%s/journal.db", directory);
    if (len < 0 || (size_t)len >= sizeof path ||
        !journal_schema_address(path, "mode=ro", address)) {
        return err_origin(-ENAMETOOLONG);
    }
    if (access(path, R_OK) != 0) {
        return backup_failed("journal.db", reason);
    }
    int result = sqlite3_prepare_v2(db, "ATTACH ?1 AS source", -1, &statement, NULL);
    if (result == SQLITE_OK) {
        (void)sqlite3_bind_text(statement, 1, address, -1, SQLITE_STATIC);
        result = sqlite3_step(statement);
    }
    int r = backup_result(db, result == SQLITE_DONE ? SQLITE_OK : result, reason);
    (void)sqlite3_finalize(statement); /* repeats the result of the step */
    return r;
}

uint32_t backup_besides(const struct journal_beside *besides) {
    uint32_t count = 0;
    while (besides != NULL && besides[count].name != NULL) {
        count++;
    }
    assert(count <= JOURNAL_BESIDES_MAX);
    return count;
}

int backup_open_beside(int state, const struct journal_beside *beside) {
    const char *path = beside->directory != NULL ? beside->directory : ".";
    return openat(state, path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

/* Read the file beside the journal; NULL when there is none, or none that is whole. To be freed. */
static char *backup_read_beside(const char *directory, const struct journal_beside *beside,
                                size_t *ret_size) {
    char *bytes = NULL;
    struct stat found;
    int state = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int place = state < 0 ? -1 : backup_open_beside(state, beside);
    int fd = place < 0
                 ? -1
                 : openat(place, beside->name, O_RDONLY | O_NONBLOCK | O_NOFOLLOW | O_CLOEXEC);
    if (fd >= 0 && fstat(fd, &found) == 0 && S_ISREG(found.st_mode) && found.st_size > 0 &&
        (uintmax_t)found.st_size <= beside->size_max) {
        *ret_size = (size_t)found.st_size;
        bytes = malloc(*ret_size);
    }
    if (bytes != NULL &&
        (!disk_read_at(fd, bytes, *ret_size, 0) || !beside->is_whole(bytes, *ret_size))) {
        free(bytes);
        bytes = NULL;
    }
    if (fd >= 0) {
        (void)close(fd); /* only read */
    }
    if (place >= 0) {
        (void)close(place);
    }
    if (state >= 0) {
        (void)close(state);
    }
    return bytes;
}

/* It never keeps a journal from being saved. */
static int backup_copy_beside(sqlite3 *db, const char *directory,
                              const struct journal_beside *beside,
                              char reason[JOURNAL_REASON_SIZE]) {
    size_t size = 0;
    char sql[64];
    char *bytes = backup_read_beside(directory, beside, &size);
    sqlite3_stmt *statement = NULL;
    if (bytes == NULL) {
        return 0;
    }
    (void)snprintf(sql, sizeof sql, "UPDATE main.backup SET %s=?1", beside->column);
    int result = sqlite3_prepare_v2(db, sql, -1, &statement, NULL);
    if (result == SQLITE_OK) {
        (void)sqlite3_bind_blob64(statement, 1, bytes, size, SQLITE_STATIC);
        result = sqlite3_step(statement);
    }
    int r = backup_result(db, result == SQLITE_DONE ? SQLITE_OK : result, reason);
    (void)sqlite3_finalize(statement); /* repeats the result of the step */
    free(bytes);
    return r;
}

static int backup_write(const char *directory, const char *path,
                        const struct journal_beside *besides, struct wall now,
                        char reason[JOURNAL_REASON_SIZE]) {
    sqlite3 *db = NULL;
    int64_t after = 0;
    int result = sqlite3_open_v2(
        path, &db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_URI | SQLITE_OPEN_NOMUTEX, NULL);
    if (db == NULL) {
        return err_origin(-ENOMEM);
    }
    (void)sqlite3_busy_timeout(db, COPY_BUSY_MS);
    int r = backup_result(db, result, reason);
    if (r == 0) {
        r = backup_attach(db, directory, reason);
    }
    if (r == 0) {
        r = backup_copy_form(db, reason);
    }
    if (r == 0) {
        r = backup_copy_events(db, &after, reason);
    }
    if (r == 0) {
        r = backup_copy_rest(db, after, now, reason);
    }
    for (uint32_t i = 0; r == 0 && i < backup_besides(besides); i++) {
        r = backup_copy_beside(db, directory, &besides[i], reason);
    }
    (void)sqlite3_close(db); /* rolls back what was not committed */
    return r;
}

/* The directory of a path, "." where it names none. */
static void directory_of(const char *path, char ret[PATH_MAX]) {
    const char *slash = strrchr(path, '/');
    int len = slash == NULL ? 1 : slash == path ? 1 : (int)(slash - path);
    (void)snprintf(ret, PATH_MAX, "%.*s", len, slash == NULL ? "." : path);
}

int backup_publish(const char *partial, const char *path, char reason[JOURNAL_REASON_SIZE]) {
    char directory[PATH_MAX];
    directory_of(path, directory);
    int fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    bool done = fd >= 0 && rename(partial, path) == 0 && fsync(fd) == 0;
    int r = done ? 0 : backup_failed(path, reason);
    if (fd >= 0) {
        (void)close(fd);
    }
    return r;
}

/*
 * Have the file that a backup grows in for ourselves until `ret_fd` is closed. Whoever else makes one of
 * that name has it locked, or has just given it its name or removed it.
 */
static int backup_claim(const char *partial, int *ret_fd, char reason[JOURNAL_REASON_SIZE]) {
    struct stat ours;
    struct stat found;
    /* What people said and where they were is in there: nobody else's business. */
    int fd = open(partial, O_RDWR | O_CREAT | O_NONBLOCK | O_CLOEXEC, 0600);
    if (fd < 0) {
        return backup_failed(partial, reason);
    }
    if (flock(fd, LOCK_EX | LOCK_NB) != 0 || fstat(fd, &ours) != 0 || stat(partial, &found) != 0 ||
        ours.st_dev != found.st_dev || ours.st_ino != found.st_ino) {
        (void)close(fd);
        (void)snprintf(reason, JOURNAL_REASON_SIZE, "somebody else has its .partial");
        return JOURNAL_E_RIVAL;
    }
    *ret_fd = fd;
    return 0;
}

int journal_backup_make(const char *directory, const char *path,
                        const struct journal_beside *besides, struct wall now,
                        char reason[JOURNAL_REASON_SIZE]) {
    char partial[PATH_MAX];
    int len = snprintf(partial, sizeof partial, "%s.partial", path);
    if (len < 0 || (size_t)len >= sizeof partial) {
        return err_origin(-ENAMETOOLONG);
    }
    int fd = -1;
    int r = backup_claim(partial, &fd, reason);
    if (r != 0) {
        return r;
    }
    if (access(path, F_OK) == 0) {
        errno = EEXIST;
        r = backup_failed(path, reason);
    } else if (ftruncate(fd, 0) != 0) { /* one that was cut short may have left something */
        r = backup_failed(partial, reason);
    }
    if (r == 0) {
        r = backup_write(directory, partial, besides, now, reason);
    }
    if (r == 0) {
        r = backup_publish(partial, path, reason);
    }
    if (r != 0) {
        (void)unlink(partial);
    }
    (void)close(fd); /* others may have it now */
    return r;
}

/* ---- checking ---- */

int backup_look_beside(sqlite3 *db, const struct journal_beside *beside,
                       int (*take)(void *context, const void *bytes, size_t size), void *context,
                       enum journal_beside_state *ret_state, char reason[JOURNAL_REASON_SIZE]) {
    char sql[128];
    sqlite3_stmt *statement = NULL;
    int64_t is_known = 0;
    *ret_state = BESIDE_NONE;
    (void)snprintf(sql, sizeof sql,
                   "SELECT count(*) FROM pragma_table_info('backup', 'main') WHERE name='%s'",
                   beside->column);
    int r = backup_ask(db, sql, NULL, 0, &is_known, reason);
    if (r != 0 || is_known == 0) {
        return r;
    }
    (void)snprintf(sql, sizeof sql, "SELECT %s FROM main.backup WHERE %s NOT NULL", beside->column,
                   beside->column);
    int result = sqlite3_prepare_v2(db, sql, -1, &statement, NULL);
    if (result == SQLITE_OK) {
        result = sqlite3_step(statement);
    }
    if (result == SQLITE_ROW) {
        const void *bytes = sqlite3_column_blob(statement, 0);
        size_t size = (size_t)sqlite3_column_bytes(statement, 0);
        bool is_whole = bytes != NULL && size <= beside->size_max && beside->is_whole(bytes, size);
        *ret_state = is_whole ? BESIDE_WHOLE : BESIDE_DAMAGED;
        r = is_whole && take != NULL ? take(context, bytes, size) : 0;
    } else {
        r = backup_result(db, result == SQLITE_DONE ? SQLITE_OK : result, reason);
    }
    (void)sqlite3_finalize(statement); /* repeats the result of the step */
    return r;
}

/* Look at every page, and say whose backup it is. */
static int backup_look(sqlite3 *db, const struct journal_beside *besides,
                       struct journal_backup *backup, char reason[JOURNAL_REASON_SIZE]) {
    char sound[JOURNAL_REASON_SIZE] = "";
    int64_t made = 0;
    int r = backup_ask(db, "PRAGMA quick_check(1)", sound, sizeof sound, NULL, reason);
    if (r == 0 && strcmp(sound, "ok") != 0) {
        (void)snprintf(reason, JOURNAL_REASON_SIZE, "%s", sound);
        return JOURNAL_E_DAMAGED;
    }
    if (r == 0) {
        r = backup_ask(db, "SELECT made FROM backup", NULL, 0, &made, reason);
    }
    if (r == 0) {
        r = backup_ask(db, "SELECT value FROM meta WHERE key='site'", backup->site,
                       sizeof backup->site, NULL, reason);
    }
    if (r == 0) {
        r = backup_ask(db, "SELECT value FROM meta WHERE key='gateway'", backup->gateway,
                       sizeof backup->gateway, NULL, reason);
    }
    backup->made.ns = made;
    for (uint32_t i = 0; r == 0 && i < backup_besides(besides); i++) {
        r = backup_look_beside(db, &besides[i], NULL, NULL, &backup->besides[i], reason);
    }
    return r;
}

int journal_backup_check(const char *path, const struct journal_beside *besides,
                         struct journal_backup *ret_backup, char reason[JOURNAL_REASON_SIZE]) {
    struct journal_backup backup = {.made = {0}};
    sqlite3 *db = NULL;
    if (access(path, R_OK) != 0) {
        return backup_failed(path, reason);
    }
    int result = sqlite3_open_v2(path, &db, SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX, NULL);
    if (db == NULL) {
        return err_origin(-ENOMEM);
    }
    int r = backup_result(db, result, reason);
    if (r == 0) {
        r = backup_look(db, besides, &backup, reason);
    }
    (void)sqlite3_close(db);
    if (r == 0) {
        r = journal_audit(path, NULL, &backup.audit, reason);
    }
    if (r == 0) {
        *ret_backup = backup;
    }
    return r;
}
