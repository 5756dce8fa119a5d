/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/journal/journal_backup.h"

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
#include "gateway/journal/journal_boot.h"

enum { COPY_ROWS = 1000, COPY_BUSY_MS = 5000, COPY_BYTES = 64 * 1024 };

static int backup_result(sqlite3 *db, int result, char reason[JOURNAL_REASON_SIZE]) {
    int r = journal_schema_result(result);
    if (r != 0) {
        (void)snprintf(reason, JOURNAL_REASON_SIZE, "%s", sqlite3_errmsg(db));
    }
    return r;
}

static int backup_run(sqlite3 *db, const char *sql, char reason[JOURNAL_REASON_SIZE]) {
    return backup_result(db, sqlite3_exec(db, sql, NULL, NULL, NULL), reason);
}

/* A failure of the system's, in its words. */
static int backup_failed(const char *what, char reason[JOURNAL_REASON_SIZE]) {
    (void)snprintf(reason, JOURNAL_REASON_SIZE, "%.60s: %s", what, strerror(errno));
    return JOURNAL_E_FAILED;
}

/* The first column of the only row of a question, as a string or a number. */
static int backup_ask(sqlite3 *db, const char *sql, char *ret_text, size_t size,
                      int64_t *ret_number, char reason[JOURNAL_REASON_SIZE]) {
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

/* In one transaction: the events since, and all that changes. */
static int backup_copy_rest(sqlite3 *db, int64_t after, struct wall now,
                            char reason[JOURNAL_REASON_SIZE]) {
    char sql[300];
    (void)snprintf(sql, sizeof sql,
                   "BEGIN; INSERT INTO main.event SELECT * FROM source.event WHERE seq > %" PRId64
                   " ORDER BY seq; CREATE TABLE main.backup(made INTEGER NOT NULL); "
                   "INSERT INTO main.backup VALUES(%" PRId64 ")",
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
    return r == 0 ? backup_run(db, "COMMIT", reason) : r;
}

/* Write `path` as the address of a file that is only read (RFC 3986, 2.1, for what has a meaning). */
static bool backup_address(const char *path, char *ret, size_t size) {
    size_t len = (size_t)snprintf(ret, size, "file:");
    for (const char *c = path; *c != '\0' && len < size; c++) {
        bool plain = *c != '%' && *c != '?' && *c != '#';
        len += (size_t)snprintf(ret + len, size - len, plain ? "%c" : "%%%02x", (unsigned char)*c);
    }
    return len < size && len + (size_t)snprintf(ret + len, size - len, "?mode=ro") < size;
}

static int backup_attach(sqlite3 *db, const char *directory, char reason[JOURNAL_REASON_SIZE]) {
    sqlite3_stmt *statement = NULL;
    char path[PATH_MAX];
    char address[3 * PATH_MAX + 32];
    int len = snprintf(path, sizeof path, "%s/journal.db", directory);
    if (len < 0 || (size_t)len >= sizeof path || !backup_address(path, address, sizeof address)) {
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

static int backup_write(const char *directory, const char *path, struct wall now,
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
    (void)sqlite3_close(db); /* rolls back what was not committed */
    return r;
}

/* The directory of a path, "." where it names none. */
static void directory_of(const char *path, char ret[PATH_MAX]) {
    const char *slash = strrchr(path, '/');
    int len = slash == NULL ? 1 : slash == path ? 1 : (int)(slash - path);
    (void)snprintf(ret, PATH_MAX, "%.*s", len, slash == NULL ? "." : path);
}

/* Give the finished file its name, on the disk when this returns. */
static int backup_publish(const char *partial, const char *path, char reason[JOURNAL_REASON_SIZE]) {
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

int journal_backup_make(const char *directory, const char *path, struct wall now,
                        char reason[JOURNAL_REASON_SIZE]) {
    char partial[PATH_MAX];
    int len = snprintf(partial, sizeof partial, "%s.partial", path);
    if (len < 0 || (size_t)len >= sizeof partial) {
        return err_origin(-ENAMETOOLONG);
    }
    if (access(path, F_OK) == 0) {
        errno = EEXIST;
        return backup_failed(path, reason);
    }
    /* What people said and where they were is in there: nobody else's business. */
    int fd = open(partial, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd < 0) {
        return backup_failed(partial, reason);
    }
    (void)close(fd);
    int r = backup_write(directory, partial, now, reason);
    if (r == 0) {
        r = backup_publish(partial, path, reason);
    }
    if (r != 0) {
        (void)unlink(partial);
    }
    return r;
}

/* ---- checking ---- */

/* Look at every page, and say whose backup it is. */
static int backup_look(sqlite3 *db, struct journal_backup *backup,
                       char reason[JOURNAL_REASON_SIZE]) {
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
    return r;
}

int journal_backup_check(const char *path, struct journal_backup *ret_backup,
                         char reason[JOURNAL_REASON_SIZE]) {
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
        r = backup_look(db, &backup, reason);
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

/* ---- bringing back ---- */

/* Copy a file; the new one is on the disk when this is true. */
static bool copy_file(const char *from, const char *to) {
    static unsigned char bytes[COPY_BYTES];
    int source = open(from, O_RDONLY | O_CLOEXEC);
    int target = open(to, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    bool good = source >= 0 && target >= 0;
    ssize_t got = 1;
    while (good && (got = read(source, bytes, sizeof bytes)) > 0) {
        good = disk_write(target, bytes, (size_t)got);
    }
    good = good && got == 0 && fsync(target) == 0;
    int error = errno;
    if (source >= 0) {
        (void)close(source);
    }
    if (target >= 0) {
        (void)close(target);
    }
    errno = error;
    return good;
}

/* The copy is a journal again, not a backup. */
static int restore_open(const char *path, uint64_t *ret_boot, char reason[JOURNAL_REASON_SIZE]) {
    sqlite3 *db = NULL;
    int64_t boot = 0;
    int result = sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL);
    if (db == NULL) {
        return err_origin(-ENOMEM);
    }
    int r = backup_result(db, result, reason);
    if (r == 0) {
        r = backup_run(db, "PRAGMA synchronous=FULL; DROP TABLE backup", reason);
    }
    if (r == 0) {
        r = backup_ask(db, "SELECT CAST(value AS INTEGER) FROM meta WHERE key='boot'", NULL, 0,
                       &boot, reason);
    }
    (void)sqlite3_close(db);
    *ret_boot = (uint64_t)boot;
    return r;
}

/* Root restores for whoever has the directory, or the gateway that is started as a user of its own could
 * not use what is in it. */
static bool restore_give(int directory_fd) {
    struct stat owner;
    return geteuid() != 0 ||
           (fstat(directory_fd, &owner) == 0 &&
            fchownat(directory_fd, "journal.db.partial", owner.st_uid, owner.st_gid, 0) == 0 &&
            fchownat(directory_fd, "boot", owner.st_uid, owner.st_gid, 0) == 0);
}

static int restore_into(const char *path, int directory_fd, const char *directory,
                        const struct journal_backup *backup, struct wall now,
                        char reason[JOURNAL_REASON_SIZE]) {
    char partial[PATH_MAX];
    char whole[PATH_MAX];
    struct journal_boot boot = {.seq = backup->audit.newest_seq};
    int len = snprintf(partial, sizeof partial, "%s/journal.db.partial", directory);
    if (len < 0 || (size_t)len >= sizeof partial) {
        return err_origin(-ENAMETOOLONG);
    }
    (void)snprintf(whole, sizeof whole, "%s/journal.db", directory);
    if (!copy_file(path, partial)) {
        return backup_failed(partial, reason);
    }
    int r = restore_open(partial, &boot.boot, reason);
    /* Later than every life that the gateway may have had since. */
    uint64_t first = journal_boot_first(now);
    boot.boot = boot.boot > first ? boot.boot : first;
    if (r == 0) {
        r = err_trace(journal_boot_write(directory_fd, &boot));
    }
    if (r == 0 && !restore_give(directory_fd)) {
        r = backup_failed(directory, reason);
    }
    return r == 0 ? backup_publish(partial, whole, reason) : r;
}

int journal_backup_restore(const char *path, const char *directory, struct wall now,
                           struct journal_backup *ret_backup, char reason[JOURNAL_REASON_SIZE]) {
    struct journal_backup backup = {.made = {0}};
    int r = journal_backup_check(path, &backup, reason);
    if (r != 0) {
        return r;
    }
    if (!journal_audit_is_whole(&backup.audit)) {
        bool known = backup.audit.broken_seq != 0;
        (void)snprintf(reason, JOURNAL_REASON_SIZE, "event %" PRIu64 " is not what was recorded%s",
                       known ? backup.audit.broken_seq : backup.audit.seals.contradicted,
                       known ? "" : ", or the end is missing");
        return JOURNAL_E_DAMAGED;
    }
    if (mkdir(directory, 0700) != 0 && errno != EEXIST) {
        return backup_failed(directory, reason);
    }
    int fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) {
        return backup_failed(directory, reason);
    }
    /* As a gateway that runs holds it (premises.h). */
    if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
        (void)snprintf(reason, JOURNAL_REASON_SIZE, "a gateway runs with it");
        r = JOURNAL_E_OCCUPIED;
    } else if (faccessat(fd, "journal.db", F_OK, 0) == 0) {
        (void)snprintf(reason, JOURNAL_REASON_SIZE, "it has a journal already");
        r = JOURNAL_E_OCCUPIED;
    } else {
        r = restore_into(path, fd, directory, &backup, now, reason);
    }
    (void)close(fd);
    if (r == 0) {
        *ret_backup = backup;
    }
    return r;
}
