/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/journal/journal_reader.h"

#include <assert.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include <sqlite3.h>

#include "gateway/clock.h"
#include "gateway/journal/journal_schema.h"
#include "gateway/log.h"

/* Real time: how long one transaction may last, and how long we wait for a file being opened anew.
 */
#define READ_NS_MAX (100 * NS_PER_MS)

enum {
    BUSY_MS = 20,
    READ_ROWS_MAX = 1000,
    /* One prepared statement for each way to ask: by alarm, by one lane or both, either order. */
    BY_ALARM = 1,
    ALARM_LANE = 2,
    ACTIVITY_LANE = 4,
    NEWEST_FIRST = 8,
    QUERY_FORMS = 16,
};

struct journal_reader {
    char path[PATH_MAX];
    sqlite3 *db; /* NULL while closed */
    dev_t device;
    ino_t inode;
    bool still; /* opened as one that nobody writes, … */
    bool told;  /* … which was said */
    sqlite3_stmt *statements[QUERY_FORMS];
};

int journal_reader_new(const char *state_directory, struct journal_reader **ret_reader) {
    struct journal_reader *reader = calloc(1, sizeof *reader);
    if (reader == NULL) {
        return err_origin(-ENOMEM);
    }
    int len = snprintf(reader->path, sizeof reader->path, "%s/journal.db", state_directory);
    if (len < 0 || (size_t)len >= sizeof reader->path) {
        free(reader);
        return err_origin(-ENAMETOOLONG);
    }
    *ret_reader = reader;
    return 0;
}

static void reader_close(struct journal_reader *reader) {
    for (int i = 0; i < QUERY_FORMS; i++) {
        (void)sqlite3_finalize(reader->statements[i]); /* repeats an error that was seen before */
        reader->statements[i] = NULL;
    }
    (void)sqlite3_close(reader->db); /* no statement is left that could keep it open */
    reader->db = NULL;
}

struct journal_reader *journal_reader_free(struct journal_reader *reader) {
    if (reader != NULL) {
        reader_close(reader);
        free(reader);
    }
    return NULL;
}

/*
 * Are events still being taken over from a damaged file? They come in no order: who read on after
 * some of them would never see the others.
 */
static bool reader_is_salvaging(sqlite3 *db) {
    static const char sql[] = "SELECT 1 FROM meta WHERE key='salvage'";
    sqlite3_stmt *statement = NULL;
    int result = sqlite3_prepare_v2(db, sql, -1, &statement, NULL);
    if (result == SQLITE_OK) {
        result = sqlite3_step(statement);
    }
    (void)sqlite3_finalize(statement);                      /* repeats the result of the step */
    return result != SQLITE_DONE && result != SQLITE_ERROR; /* there may be no such table */
}

/* Can nobody write there? */
static bool reader_disk_is_still(const struct journal_reader *reader) {
    struct statvfs disk;
    return statvfs(reader->path, &disk) == 0 && (disk.f_flag & ST_RDONLY) != 0;
}

static int reader_open_file(struct journal_reader *reader) {
    char address[JOURNAL_ADDRESS_SIZE];
    int flags = SQLITE_OPEN_READONLY | SQLITE_OPEN_URI | SQLITE_OPEN_NOMUTEX;
    const char *how = reader->still ? journal_schema_still(reader->path) : "mode=ro";
    if (!journal_schema_address(reader->path, how, address) ||
        sqlite3_open_v2(address, &reader->db, flags, NULL) != SQLITE_OK) {
        return JOURNAL_E_ABSENT;
    }
    (void)sqlite3_busy_timeout(reader->db, BUSY_MS);
    (void)sqlite3_exec(reader->db, "PRAGMA cache_size=-256", NULL, NULL, NULL); /* only a size */
    if (reader->still) {
        (void)sqlite3_exec(reader->db, "PRAGMA locking_mode=EXCLUSIVE", NULL, NULL, NULL);
        (void)sqlite3_db_config(reader->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
    }
    return reader_is_salvaging(reader->db) ? JOURNAL_E_ABSENT : 0;
}

/* Have the file open that is at the path now, which may be another one than a moment ago. */
static int reader_open(struct journal_reader *reader) {
    struct stat found;
    bool still = reader_disk_is_still(reader);
    if (stat(reader->path, &found) != 0) {
        reader_close(reader);
        return JOURNAL_E_ABSENT;
    }
    if (reader->db != NULL && found.st_dev == reader->device && found.st_ino == reader->inode &&
        still == reader->still) {
        return 0;
    }
    reader_close(reader);
    reader->still = still;
    int r = reader_open_file(reader);
    if (r != 0) {
        reader_close(reader);
        return r;
    }
    if (still && !reader->told) {
        log_line(
            LOG_WARNING, "journal_read_only",
            "effect=\"the disk of the state directory can only be read: what was recorded before "
            "is shown, and nothing that happens now\" advice=\"see why the disk was mounted "
            "for reading only\"");
    }
    reader->told = still;
    reader->device = found.st_dev;
    reader->inode = found.st_ino;
    return 0;
}

static int reader_prepare(struct journal_reader *reader, unsigned form) {
    char sql[384];
    char lane[32] = "";
    if (reader->statements[form] != NULL) {
        return 0;
    }
    if ((form & (ALARM_LANE | ACTIVITY_LANE)) != 0) {
        /* As a number in the text: a parameter would hide from SQLite that its index fits. */
        (void)snprintf(lane, sizeof lane, " AND e.lane = %d",
                       (form & ALARM_LANE) != 0 ? (int)LANE_ALARM : (int)LANE_ACTIVITY);
    }
    (void)snprintf(sql, sizeof sql,
                   "SELECT e.seq, f.n, e.lane, e.at_wall, e.type, e.alarm, e.body, "
                   "e.place, e.point FROM event e "
                   "LEFT JOIN first_sent f ON f.seq = e.seq "
                   "WHERE e.seq > ?1 AND e.seq <= ?2%s%s ORDER BY e.seq%s LIMIT ?3",
                   (form & BY_ALARM) != 0 ? " AND e.alarm = ?4" : "", lane,
                   (form & NEWEST_FIRST) != 0 ? " DESC" : "");
    int result = sqlite3_prepare_v3(reader->db, sql, -1, SQLITE_PREPARE_PERSISTENT,
                                    &reader->statements[form], NULL);
    return result == SQLITE_OK ? 0 : JOURNAL_E_ABSENT;
}

static sqlite3_int64 reader_seq(uint64_t seq) {
    return seq > (uint64_t)INT64_MAX ? INT64_MAX : (sqlite3_int64)seq;
}

static void reader_bind(sqlite3_stmt *statement, unsigned form, const struct journal_query *query) {
    (void)sqlite3_bind_int64(statement, 1, reader_seq(query->after_seq));
    (void)sqlite3_bind_int64(statement, 2, reader_seq(query->until_seq));
    (void)sqlite3_bind_int64(statement, 3, query->filter != NULL ? JOURNAL_SCAN_MAX : query->limit);
    if ((form & BY_ALARM) != 0) {
        (void)sqlite3_bind_text(statement, 4, query->alarm, -1, SQLITE_STATIC);
    }
}

/* The row that the statement stands on; false if it is not one that an engine wrote. */
static bool reader_row(sqlite3_stmt *statement, struct journal_row *ret_row) {
    *ret_row = (struct journal_row){
        .seq = (uint64_t)sqlite3_column_int64(statement, 0),
        .early = (uint64_t)sqlite3_column_int64(statement, 1), /* NULL reads as 0 */
        .lane = sqlite3_column_int(statement, 2) == LANE_ALARM ? LANE_ALARM : LANE_ACTIVITY,
        .wall = {sqlite3_column_int64(statement, 3)},
        .type = (const char *)sqlite3_column_text(statement, 4),
        .alarm = (const char *)sqlite3_column_text(statement, 5),
        .body = (const char *)sqlite3_column_text(statement, 6),
        .body_size = (size_t)sqlite3_column_bytes(statement, 6),
        .place = (const char *)sqlite3_column_text(statement, 7),
        .point = (const char *)sqlite3_column_text(statement, 8),
    };
    return ret_row->type != NULL && ret_row->body != NULL;
}

/* Every event of an alarm is in the alarm lane, whether or not the query says so. */
static unsigned reader_form(const struct journal_query *query) {
    unsigned form = query->newest_first ? NEWEST_FIRST : 0u;
    if (query->alarm != NULL) {
        form |= BY_ALARM;
    }
    if (query->lane == LANE_ACTIVITY) {
        form |= ACTIVITY_LANE;
    } else if (query->lane == LANE_ALARM || query->alarm != NULL) {
        form |= ALARM_LANE;
    }
    return form;
}

int journal_read(struct journal_reader *reader, const struct journal_query *query,
                 bool (*row)(void *context, const struct journal_row *row), void *context,
                 uint64_t *ret_last_seq) {
    assert(query->limit >= 1 && query->limit <= READ_ROWS_MAX);
    unsigned form = reader_form(query);
    uint64_t begun_ns = clock_real_ns();
    uint64_t last_seq = 0;
    int r = reader_open(reader);
    if (r == 0) {
        r = reader_prepare(reader, form);
    }
    if (r != 0) {
        reader_close(reader);
        return r;
    }
    sqlite3_stmt *statement = reader->statements[form];
    reader_bind(statement, form, query);
    int result;
    bool more = true;
    uint32_t count = 0;
    while (more && (result = sqlite3_step(statement)) == SQLITE_ROW) {
        struct journal_row found;
        if (reader_row(statement, &found)) {
            last_seq = found.seq;
            if (query->filter == NULL || journal_filter_fits(query->filter, &found)) {
                more = row(context, &found) && ++count < query->limit;
            }
        }
        more = more && clock_real_ns() - begun_ns < READ_NS_MAX;
    }
    bool failed = more && result != SQLITE_DONE;
    (void)sqlite3_reset(statement); /* ends the transaction; repeats the result of the step */
    if (failed) {
        reader_close(reader);
        if (last_seq == 0) {
            return JOURNAL_E_ABSENT;
        }
    }
    *ret_last_seq = last_seq;
    return 0;
}
