/* SPDX-License-Identifier: Apache-2.0 */

/*
 * What the history costs: time for each minute, bytes on the disk, and how long a chart is waited for
 *
 *     history_speed DIRECTORY [DAYS]
 *
 * 10,000 points as a large building has them: seven in ten are contacts and buttons that change now and
 * then, three in ten are sensors that say something else each minute. Each minute is cut and added as the console
 * does it, synced, with the turning over of what is over; after a day of minutes, DAYS of one minute a
 * quarter. Beside it stands what a table of SQLite makes of the same rows, a transaction a minute, synced, which
 * is what a program without an idea of its own would do.
 */

#include <dirent.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include <sqlite3.h>

#include "gateway/console/trend/trend_board.h"
#include "gateway/console/trend/trends.h"

enum { POINTS = 10000, CONTACTS = 7000, DAY_MINUTES = 24 * 60, SQLITE_MINUTES = 10 };

#define BEGIN (INT64_C(20500) * DAY_MINUTES)

static uint64_t ids[POINTS];
static double values[POINTS];
static struct trend_bucket buckets[POINTS];
static uint64_t dice = 1;

static double us(void) {
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1e6 + (double)now.tv_nsec / 1e3;
}

static uint32_t roll(uint32_t sides) {
    dice = dice * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(dice >> 33) % sides;
}

static void must(bool good, const char *what) {
    if (!good) {
        (void)fprintf(stderr, "history_speed: %s\n", what);
        exit(1);
    }
}

/* A minute of all points on the board; returns how long the cut took. */
static double live_minute(struct trend_board *board, int64_t slot) {
    const uint64_t second_ns = NS_PER_S;
    struct instant at = {(uint64_t)(slot - BEGIN + 1) * 60 * second_ns};
    for (uint32_t p = 0; p < POINTS; p++) {
        bool contact = p < CONTACTS;
        if (contact ? roll(200) == 0 : roll(10) > 0) {
            values[p] = contact ? 1 - values[p] : round(values[p] * 10 + roll(3) - 1.0) / 10;
            at.ns += second_ns / POINTS;
            trend_board_hear(board, p, values[p], true, at);
        }
    }
    double begun = us();
    (void)trend_board_cut(board, (struct instant){(uint64_t)(slot - BEGIN + 2) * 60 * second_ns},
                          60000, buckets);
    return us() - begun;
}

static int order(const void *a, const void *b) {
    const double *one = a, *other = b;
    return (*one > *other) - (*one < *other);
}

/* ---- the other way ---- */

static void other_way(const char *directory, struct trend_board *board) {
    char path[512];
    double times[SQLITE_MINUTES];
    sqlite3 *base = NULL;
    sqlite3_stmt *row = NULL, *size = NULL;
    (void)snprintf(path, sizeof path, "%s/rows.db", directory);
    must(sqlite3_open(path, &base) == SQLITE_OK, "open");
    must(sqlite3_exec(
             base,
             "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; CREATE TABLE minute(point "
             "INTEGER, at INTEGER, min REAL, max REAL, mean REAL, last REAL, changes INTEGER, "
             "good INTEGER, watched INTEGER, PRIMARY KEY(point, at)) WITHOUT ROWID",
             NULL, NULL, NULL) == SQLITE_OK,
         "table");
    must(sqlite3_prepare_v2(base, "INSERT INTO minute VALUES(?,?,?,?,?,?,?,?,?)", -1, &row, NULL) ==
             SQLITE_OK,
         "insert");
    for (int i = 0; i < SQLITE_MINUTES; i++) {
        (void)live_minute(board, BEGIN + 100 * DAY_MINUTES + i);
        double begun = us();
        must(sqlite3_exec(base, "BEGIN", NULL, NULL, NULL) == SQLITE_OK, "begin");
        for (int p = 0; p < POINTS; p++) {
            const struct trend_bucket *bucket = &buckets[p];
            const double numbers[] = {bucket->min, bucket->max, bucket->mean, bucket->last};
            (void)sqlite3_bind_int(row, 1, p);
            (void)sqlite3_bind_int64(row, 2, BEGIN + i);
            for (int n = 0; n < 4; n++) {
                (void)sqlite3_bind_double(row, 3 + n, numbers[n]);
            }
            (void)sqlite3_bind_int64(row, 7, bucket->changes);
            (void)sqlite3_bind_int64(row, 8, bucket->good_ms);
            (void)sqlite3_bind_int64(row, 9, bucket->watched_ms);
            must(sqlite3_step(row) == SQLITE_DONE && sqlite3_reset(row) == SQLITE_OK, "row");
        }
        must(sqlite3_exec(base, "COMMIT", NULL, NULL, NULL) == SQLITE_OK, "commit");
        times[i] = us() - begun;
    }
    must(sqlite3_exec(base, "PRAGMA wal_checkpoint(TRUNCATE)", NULL, NULL, NULL) == SQLITE_OK,
         "checkpoint");
    must(sqlite3_prepare_v2(
             base, "SELECT page_count * page_size FROM pragma_page_count, pragma_page_size", -1,
             &size, NULL) == SQLITE_OK &&
             sqlite3_step(size) == SQLITE_ROW,
         "size");
    double bytes = (double)sqlite3_column_int64(size, 0) / POINTS / SQLITE_MINUTES;
    qsort(times, SQLITE_MINUTES, sizeof *times, order);
    (void)printf("history_minute_sqlite points=%d write_us_p50=%.0f bytes_per_point=%.1f\n", POINTS,
                 times[SQLITE_MINUTES / 2], bytes);
    (void)sqlite3_finalize(row);
    (void)sqlite3_finalize(size);
    (void)sqlite3_close(base);
}

/* ---- ours ---- */

static double read_ms(struct trend_store *store, uint32_t step_s, int64_t first, uint32_t slots) {
    struct trend_bucket *found = calloc(slots, sizeof *found);
    must(found != NULL, "memory");
    double begun = us();
    must(trend_store_read(store, step_s, &ids[CONTACTS + 77], 1, first, slots, found) == 0, "read");
    double ms = (us() - begun) / 1e3;
    must(found[slots / 2].good_ms > 0, "nothing read");
    free(found);
    return ms;
}

/* Bytes of the files that are over, of one tier, and how many there are. */
static double turned_over(const char *directory, const char *tier, unsigned *ret_count) {
    DIR *listing = opendir(directory);
    const struct dirent *row;
    double bytes = 0;
    *ret_count = 0;
    must(listing != NULL, "no directory");
    while ((row = readdir(listing)) != NULL) {
        struct stat found;
        if (strncmp(row->d_name, tier, strlen(tier)) == 0 && strstr(row->d_name, ".runs") != NULL &&
            fstatat(dirfd(listing), row->d_name, &found, 0) == 0) {
            bytes += (double)found.st_size;
            (*ret_count)++;
        }
    }
    (void)closedir(listing);
    return bytes;
}

static uint64_t a_day_of_minutes(struct trend_store *store, struct trend_board *board) {
    static double writes[DAY_MINUTES];
    double cuts = 0, hour_us = 0;
    for (int i = 0; i < DAY_MINUTES; i++) {
        cuts += live_minute(board, BEGIN + i);
        double begun = us();
        must(trend_store_add(store, BEGIN + i, buckets) == 0, "the disk does not take it");
        writes[i] = us() - begun;
        hour_us = i % 60 == 0 && writes[i] > hour_us ? writes[i] : hour_us;
    }
    uint64_t bytes = trend_store_stats(store).bytes;
    qsort(writes, DAY_MINUTES, sizeof *writes, order);
    (void)printf("history_minute points=%d cut_us=%.0f write_us_p50=%.0f write_us_p99=%.0f "
                 "hour_turned_over_ms=%.1f bytes_per_point=%.1f\n",
                 POINTS, cuts / DAY_MINUTES, writes[DAY_MINUTES / 2],
                 writes[DAY_MINUTES * 99 / 100], hour_us / 1e3,
                 (double)bytes / POINTS / DAY_MINUTES);
    return bytes;
}

static void days_of_quarters(struct trend_store *store, struct trend_board *board, int days,
                             uint64_t minutes_bytes, const char *directory) {
    unsigned days_over = 0;
    int64_t first = BEGIN + 2 * DAY_MINUTES;
    for (int64_t i = 0; i < days * 96 + 1; i++) {
        (void)live_minute(board, first + i * TREND_MINUTES);
        must(trend_store_add(store, first + i * TREND_MINUTES, buckets) == 0,
             "the disk does not take it");
    }
    double month = read_ms(store, TREND_QUARTER_S, first / TREND_MINUTES, (uint32_t)days * 96);
    double day = turned_over(directory, "quarters-", &days_over) / days_over / POINTS;
    double minutes = (double)minutes_bytes / POINTS;
    (void)printf(
        "history_size points=%d minutes_bytes_per_point=%.0f day_of_quarters_bytes_per_point=%.0f "
        "minutes_and_13_months_bytes_per_point=%.0f bound_bytes_per_point=%d\n",
        POINTS, minutes, day, minutes + day * 397,
        398 * (TREND_RUN_SIZE_MAX + 16) + 26 * (16 + 16 + 60 * (1 + TREND_ROW_SIZE_MAX)));
    (void)printf("history_read points=%d quarters_of_%d_days_ms=%.1f\n", POINTS, days, month);
}

int main(int argc, char **argv) {
    must(argc > 1, "DIRECTORY [DAYS]");
    int days = argc > 2 ? atoi(argv[2]) : 31;
    char directory[400];
    struct trend_board board;
    struct trend_store *store = NULL;
    (void)snprintf(directory, sizeof directory, "%s/history", argv[1]);
    for (uint32_t p = 0; p < POINTS; p++) {
        ids[p] = p * 0x9E3779B97F4A7C15u + 1;
        values[p] = p < CONTACTS ? 0 : 20 + roll(50) / 10.0;
    }
    must(trend_board_init(&board, POINTS) == 0, "memory");
    trend_board_resume(&board, (struct instant){1});
    for (uint32_t p = 0; p < POINTS; p++) {
        trend_board_hear(&board, p, values[p], true, (struct instant){1});
    }
    must(trend_store_new(directory, (struct trend_columns){ids, POINTS}, UINT64_C(64) << 30,
                         &store) == 0,
         "no store");
    uint64_t bytes = a_day_of_minutes(store, &board);
    (void)printf("history_read points=%d minutes_of_a_day_ms=%.1f\n", POINTS,
                 read_ms(store, TREND_MINUTE_S, BEGIN, DAY_MINUTES));
    days_of_quarters(store, &board, days, bytes, directory);
    other_way(argv[1], &board);
    (void)printf("history_memory points=%d board_bytes_per_point=%zu thread_bytes_per_point=%zu "
                 "waiting_minutes_at_most=%d\n",
                 POINTS, sizeof(struct trend_meter) + sizeof(struct trend_bucket),
                 sizeof(struct trend_bucket) + TREND_ROW_SIZE_MAX + sizeof *ids,
                 TRENDS_MINUTES_MAX);
    (void)trend_store_free(store);
    trend_board_deinit(&board);
    return 0;
}
