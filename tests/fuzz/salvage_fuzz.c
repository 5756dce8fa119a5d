/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Fuzz target: a journal that is damaged in any way
 *
 * The bytes are changes to a sound journal and to the log beside it, as many as there are:
 *
 *     0     where: the file, or its log; overwrite, repeat a page elsewhere, or cut off
 *     1–3   offset
 *     4     how many of the bytes that follow are written there
 *
 * Whatever comes, a new journal begins with what can be read; its chain is whole; each event in it that
 * is proven is one that was recorded, in every column (of its time the milliseconds, which is what a body
 * says); and it goes on, also for whoever opens it next. salvage_control.c plants what this has to find.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <sqlite3.h>

#include "gateway/journal/journal_audit.h"
#include "gateway/journal/journal_directory.h"
#include "gateway/journal/journal_pages.h"
#include "gateway/site.h"
#include "tests/support/scratch.h"
#include "tests/support/whole_event.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { PATH_SIZE = 128, EVENTS = 40, CHANGE_SIZE = 5, FILE_MAX = 1 << 20 };

enum change_kind { CHANGE_FILE, CHANGE_LOG, CHANGE_PAGE, CHANGE_CUT, CHANGE_KIND_COUNT };

static void check(bool claim) {
    if (!claim) {
        abort();
    }
}

static void alarm_name(const void *context, uint32_t alarm, char *ret) {
    (void)context;
    (void)snprintf(ret, SITE_ALARM_NAME_SIZE, "call/room/button-%u", (unsigned)alarm);
}

static const struct journal_identity identity = {"gulou-demo", "main", alarm_name, NULL};

struct bytes {
    unsigned char at[FILE_MAX];
    size_t size;
};

/* One directory for the whole run, on a file system in memory where there is one. */
static char root[64], state[PATH_SIZE], database[PATH_SIZE], wal[PATH_SIZE], sound[PATH_SIZE];
static struct bytes sound_file, sound_log, file, log_file;

static void root_remove(void) {
    (void)scratch_remove(root);
}

static void bytes_read(const char *path, struct bytes *ret) {
    FILE *from = fopen(path, "rb");
    check(from != NULL);
    ret->size = fread(ret->at, 1, sizeof ret->at, from);
    check(ret->size > 0 && ret->size < sizeof ret->at && fclose(from) == 0);
}

static void bytes_write(const char *path, const struct bytes *bytes) {
    FILE *to = fopen(path, "wb");
    check(to != NULL);
    check(fwrite(bytes->at, 1, bytes->size, to) == bytes->size && fclose(to) == 0);
}

/* Record an event; every ninth is longer than a page. */
static void store_record(struct journal_store *store, unsigned number) {
    struct journal_gather gather;
    struct journal_event *event;
    check(journal_gather_init(&gather, 1) == 0);
    check(whole_event_make(number, number % 9 == 4 ? 5000 : 20, &event) == 0);
    journal_gather_add_event(&gather, event);
    check(journal_store_commit(store, &gather, "1", "gulou-demo.main.1.") == 0);
    journal_gather_deinit(&gather);
}

static void sound_make(void) {
    char reason[JOURNAL_REASON_SIZE];
    struct journal_store *store;
    const struct journal_keep keep = {.keep_ns = JOURNAL_WEEK_NS, .size = 1, .leaves = true};
    struct journal_keep_turn turn;
    check(journal_store_open(sound, &identity, &store, reason) == 0);
    for (unsigned i = 1; i <= EVENTS; i++) {
        store_record(store, i);
        if (i == EVENTS / 4) { /* activity makes room for alarms: holes */
            check(journal_store_keep(store, &keep, (struct wall){0}, &turn) == 0);
        } else if (i == EVENTS / 2) {
            journal_store_checkpoint(store); /* the others stay in the log */
        }
    }
    (void)snprintf(wal, sizeof wal, "%s-wal", sound);
    bytes_read(sound, &sound_file);
    bytes_read(wal, &sound_log);
    (void)journal_store_free(store, false);
}

static void root_make(void) {
    (void)snprintf(root, sizeof root, "%s/tocsin-fuzz-XXXXXX",
                   access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
    check(mkdtemp(root) != NULL);
    (void)atexit(root_remove);
    (void)snprintf(state, sizeof state, "%s/state", root);
    (void)snprintf(database, sizeof database, "%s/state/journal.db", root);
    (void)snprintf(sound, sizeof sound, "%s/sound.db", root);
    sound_make();
    (void)snprintf(wal, sizeof wal, "%s/state/journal.db-wal", root);
}

/* Take one change off the data. */
static void change_take(const uint8_t **data, size_t *size) {
    const uint8_t *head = *data;
    enum change_kind kind = (enum change_kind)(head[0] % CHANGE_KIND_COUNT);
    struct bytes *bytes = kind == CHANGE_LOG || head[0] >= 128 ? &log_file : &file;
    size_t offset = ((size_t)head[1] << 16 | (size_t)head[2] << 8 | head[3]) % (bytes->size + 1);
    size_t count = head[4];
    *data += CHANGE_SIZE;
    *size -= CHANGE_SIZE;
    count = count < *size ? count : *size;
    if (kind == CHANGE_CUT) {
        bytes->size = offset;
        return;
    }
    if (kind == CHANGE_PAGE) {
        size_t page = offset / JOURNAL_PAGE_BYTES * JOURNAL_PAGE_BYTES;
        if (bytes->size + JOURNAL_PAGE_BYTES < sizeof bytes->at &&
            page + JOURNAL_PAGE_BYTES <= bytes->size) {
            memcpy(bytes->at + bytes->size, bytes->at + page, JOURNAL_PAGE_BYTES);
            bytes->size += JOURNAL_PAGE_BYTES;
        }
        return;
    }
    count = count < bytes->size - offset ? count : bytes->size - offset;
    memcpy(bytes->at + offset, *data, count);
    *data += count;
    *size -= count;
}

static uint64_t database_number(const char *sql) {
    sqlite3 *db;
    sqlite3_stmt *statement;
    check(sqlite3_open(database, &db) == SQLITE_OK);
    char attach[2 * PATH_SIZE];
    (void)snprintf(attach, sizeof attach, "ATTACH '%s' AS sound", sound);
    check(sqlite3_exec(db, attach, NULL, NULL, NULL) == SQLITE_OK);
    check(sqlite3_prepare_v2(db, sql, -1, &statement, NULL) == SQLITE_OK);
    check(sqlite3_step(statement) == SQLITE_ROW);
    uint64_t number = (uint64_t)sqlite3_column_int64(statement, 0);
    (void)sqlite3_finalize(statement);
    check(sqlite3_close(db) == SQLITE_OK);
    return number;
}

/* What was kept is what was recorded, wherever anything proves it. */
static void check_kept(const struct journal_salvaged *salvaged) {
    check(database_number("SELECT count(*) FROM main.event") == salvaged->kept);
    check(database_number("SELECT count(*) FROM main.event e LEFT JOIN main.run r ON r.first=e.seq "
                          "WHERE NOT (r.first NOT NULL AND r.before IS NULL) AND NOT EXISTS("
                          "SELECT 1 FROM sound.event s WHERE s.seq=e.seq AND s.body=e.body AND "
                          "s.digest=e.digest AND s.boot=e.boot AND s.type=e.type AND s.lane=e.lane "
                          "AND s.alarm IS e.alarm AND s.place=e.place AND s.point=e.point AND "
                          "s.at_wall/1000000=e.at_wall/1000000)") == 0);
}

static void check_chain(void) {
    struct journal_audit audit;
    char reason[JOURNAL_REASON_SIZE];
    check(journal_audit(database, NULL, &audit, reason) == 0);
    check(audit.broken_seq == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct journal_directory directory;
    struct journal_finding finding;
    struct journal_salvaged salvaged;
    struct journal_store *store;
    char reason[JOURNAL_REASON_SIZE];
    if (root[0] == '\0') {
        root_make();
    }
    file = sound_file;
    log_file = sound_log;
    while (size >= CHANGE_SIZE) {
        change_take(&data, &size);
    }
    check(mkdir(state, 0700) == 0);
    bytes_write(database, &file);
    bytes_write(wal, &log_file);
    check(journal_directory_init(&directory, state, 1) == 0);
    check(journal_directory_open(&directory, &identity, "it is damaged", &store, &finding) == 0);
    if (!finding.foreign) { /* the damage may have made another site's of it */
        check(journal_store_salvage_events(store, &salvaged) == 0);
        check_kept(&salvaged);
        check_chain();
    }
    store_record(store, EVENTS + 1);
    (void)journal_store_free(store, true);
    check(journal_store_open(database, &identity, &store, reason) == 0);
    (void)journal_store_free(store, false);
    check_chain();
    journal_directory_deinit(&directory);
    check(scratch_remove(state) == 0);
    return 0;
}
