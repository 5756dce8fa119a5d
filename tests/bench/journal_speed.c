/* SPDX-License-Identifier: Apache-2.0 */

/*
 * How fast the journal records, and how soon one with many events is open
 *
 *     journal_speed DIRECTORY EVENTS
 *
 * Records EVENTS in batches of a thousand, each one transaction, beside bare rows of the same size in
 * transactions of as many; then opens the journal again beside one that is empty.
 */

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sqlite3.h>

#include "gateway/clock.h"
#include "gateway/journal/journal_store.h"
#include "gateway/site.h"

enum { BATCH = 1000, FILLING = 600 };

static void fail(const char *what) {
    (void)fprintf(stderr, "journal_speed: %s failed\n", what);
    exit(1);
}

static void alarm_name(const void *context, uint32_t alarm, char *ret) {
    (void)context;
    (void)snprintf(ret, SITE_ALARM_NAME_SIZE, "fire_alarm/room-%" PRIu32, alarm);
}

static const struct journal_identity identity = {"bench", "main", alarm_name, NULL};

static struct journal_store *open_store(const char *directory, const char *name, double *ret_ms) {
    char path[512];
    char reason[JOURNAL_REASON_SIZE];
    struct journal_store *store;
    (void)snprintf(path, sizeof path, "%s/%s", directory, name);
    uint64_t begun_ns = clock_real_ns();
    if (journal_store_open(path, &identity, &store, reason) != 0) {
        fail("opening");
    }
    *ret_ms = (double)(clock_real_ns() - begun_ns) / 1e6;
    return store;
}

static void record_batch(struct journal_store *store) {
    char text[FILLING];
    struct journal_gather gather;
    memset(text, '.', sizeof text);
    if (journal_gather_init(&gather, 1) != 0) {
        fail("memory");
    }
    for (int i = 0; i < BATCH; i++) {
        struct journal_event *event;
        if (journal_event_new(text, 0, sizeof text, &event) != 0) {
            fail("memory");
        }
        event->lane = i % 2 == 0 ? LANE_ALARM : LANE_ACTIVITY;
        event->type = i % 2 == 0 ? EVENT_ALARM_RAISED : EVENT_ACCESS_GRANTED;
        event->alarm = i % 2 == 0 ? 0 : RULESET_NONE;
        atomic_init(&event->early, 0);
        journal_gather_add_event(&gather, event);
    }
    if (journal_store_commit(store, &gather, "1", "bench.main.1.") != 0) {
        fail("a commit");
    }
    journal_gather_deinit(&gather);
    if (journal_store_wal_pages(store) >= 1000) {
        journal_store_checkpoint(store);
    }
}

static double bare_per_s(const char *directory, uint32_t events) {
    char path[512];
    char body[FILLING + 100];
    sqlite3 *db;
    sqlite3_stmt *insert;
    memset(body, '.', sizeof body);
    (void)snprintf(path, sizeof path, "%s/bare.db", directory);
    if (sqlite3_open(path, &db) != SQLITE_OK ||
        sqlite3_exec(db,
                     "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; "
                     "CREATE TABLE row(seq INTEGER PRIMARY KEY, body TEXT)",
                     NULL, NULL, NULL) != SQLITE_OK ||
        sqlite3_prepare_v2(db, "INSERT INTO row(body) VALUES(?1)", -1, &insert, NULL) !=
            SQLITE_OK) {
        fail("the bare database");
    }
    uint64_t begun_ns = clock_real_ns();
    for (uint32_t done = 0; done < events; done++) {
        if (done % BATCH == 0) {
            (void)sqlite3_exec(db, done == 0 ? "BEGIN" : "COMMIT; BEGIN", NULL, NULL, NULL);
        }
        (void)sqlite3_bind_text(insert, 1, body, sizeof body, SQLITE_STATIC);
        if (sqlite3_step(insert) != SQLITE_DONE || sqlite3_reset(insert) != SQLITE_OK) {
            fail("a bare row");
        }
    }
    (void)sqlite3_exec(db, "COMMIT", NULL, NULL, NULL);
    double per_s = events * 1e9 / (double)(clock_real_ns() - begun_ns);
    (void)sqlite3_finalize(insert);
    (void)sqlite3_close(db);
    return per_s;
}

int main(int argc, char **argv) {
    double empty_ms, full_ms;
    if (argc != 3) {
        (void)fprintf(stderr, "usage: journal_speed DIRECTORY EVENTS\n");
        return 2;
    }
    uint32_t events = (uint32_t)strtoul(argv[2], NULL, 10);
    struct journal_store *store = open_store(argv[1], "journal.db", &full_ms);
    uint64_t begun_ns = clock_real_ns();
    for (uint32_t done = 0; done < events; done += BATCH) {
        record_batch(store);
    }
    double per_s = events * 1e9 / (double)(clock_real_ns() - begun_ns);
    (void)journal_store_free(store, true);
    double bare = bare_per_s(argv[1], events);
    store = open_store(argv[1], "journal.db", &full_ms);
    (void)journal_store_free(store, true);
    store = open_store(argv[1], "empty.db", &empty_ms);
    (void)journal_store_free(store, true);
    store = open_store(argv[1], "empty.db", &empty_ms);
    (void)journal_store_free(store, true);
    printf("journal events=%" PRIu32 " per_s=%.0f bare_per_s=%.0f ratio=%.2f (aim >= 50000)\n",
           events, per_s, bare, per_s / bare);
    printf("journal_open events=%" PRIu32 " ms=%.1f empty_ms=%.1f\n", events, full_ms, empty_ms);
    return 0;
}
