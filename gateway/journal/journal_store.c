/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/journal/journal_store.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>

#include "gateway/site.h"

/* How long another program may hold the file (somebody looks at it with sqlite3) before we retry.
 */
enum { BUSY_MS = 50 };

/*
 * Bytes of one memory_record in the column `past`: identity, two ages, two small numbers,
 * little-endian.
 */
enum { MEMORY_BYTES = 26 };

/*
 * Columns of the table, counted from 0: the clocks, in the order of enum alarm_clock, the chain's
 * run of five, and what remembers.
 */
enum {
    ALARM_CLOCK_COLUMN = 29,
    ALARM_CHAIN_COLUMN = ALARM_CLOCK_COLUMN + ALARM_CLOCK_COUNT,
    ALARM_PAST_COLUMN = ALARM_CHAIN_COLUMN + 5,
    ALARM_CONDITION_COLUMN,
};

enum store_statement {
    STORE_BEGIN,
    STORE_COMMIT,
    STORE_EVENT,
    STORE_FIRST_SENT,
    STORE_ALARM,
    STORE_ALARM_END,
    STORE_SINK,
    STORE_TESTS_END,
    STORE_TEST,
    STORE_FLOOD,
    STORE_WALKS_END,
    STORE_WALK,
    STORE_PRESENT_END,
    STORE_PRESENT,
    STORE_CLOCK,
    STORE_STATEMENT_COUNT,
};

static const char *const statement_sql[STORE_STATEMENT_COUNT] = {
    [STORE_BEGIN] = "BEGIN IMMEDIATE",
    [STORE_COMMIT] = "COMMIT",
    [STORE_EVENT] = "INSERT INTO event VALUES(?1,?2,?3,?4,?5,?6,?7,?8,?9,?10)",
    [STORE_FIRST_SENT] = "INSERT OR IGNORE INTO first_sent VALUES(?1,?2)",
    [STORE_ALARM] =
        ("INSERT OR REPLACE INTO alarm "
         "VALUES(?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,?13,?14,?15,?16,?17,?18,?19,?20,"
         "?21,?22,?23,?24,?25,?26,?27,?28,?29,?30,?31,?32,?33,?34,?35,?36,?37,?38,?39,?40,?41,?42)"),
    [STORE_ALARM_END] = "DELETE FROM alarm WHERE name=?1",
    [STORE_SINK] = "INSERT OR REPLACE INTO sink VALUES(?1,?2,?3)",
    [STORE_TESTS_END] = "DELETE FROM test",
    [STORE_TEST] = "INSERT INTO test VALUES(?1,?2,?3,?4,?5,?6,?7,?8,?9)",
    [STORE_FLOOD] = "INSERT OR REPLACE INTO flood VALUES(1,?1,?2)",
    [STORE_WALKS_END] = "DELETE FROM walk",
    [STORE_WALK] = "INSERT INTO walk VALUES(?1,?2,?3,?4,?5)",
    [STORE_PRESENT_END] = "DELETE FROM present",
    [STORE_PRESENT] = "INSERT INTO present VALUES(?1,?2,?3,?4,?5,?6,?7,?8)",
    [STORE_CLOCK] = "INSERT OR REPLACE INTO clock VALUES(1,?1)",
};

static const char *const sink_names[JOURNAL_SINK_COUNT] = {
    [JOURNAL_SINK_MQTT] = "mqtt",
    [JOURNAL_SINK_DATABASE] = "database",
};

struct journal_store {
    const struct journal_identity *identity;
    sqlite3 *db;
    sqlite3_stmt *statements[STORE_STATEMENT_COUNT];
    struct journal_hasher *hasher;
    unsigned char digest[JOURNAL_DIGEST_SIZE]; /* of the newest row */
    uint64_t newest_seq;
    uint32_t wal_pages;
    bool created;
    char reason[JOURNAL_REASON_SIZE];
    char body[WIRE_BODY_MAX];
};

static int store_wal_grew(void *context, sqlite3 *db, const char *name, int pages) {
    struct journal_store *store = context;
    (void)db;
    (void)name;
    store->wal_pages = (uint32_t)pages;
    return SQLITE_OK;
}

/* Sort a result, and note in words what is wrong with it. */
static int store_result(struct journal_store *store, int sqlite_result) {
    int r = journal_schema_result(sqlite_result);
    if (r != 0) {
        (void)snprintf(store->reason, sizeof store->reason, "%s", sqlite3_errmsg(store->db));
    }
    return r;
}

/* Run a bound statement that yields no rows. */
static int store_run(struct journal_store *store, enum store_statement which) {
    int result = sqlite3_step(store->statements[which]);
    int r = store_result(store, result);
    (void)sqlite3_reset(store->statements[which]); /* repeats the result of the step */
    return r;
}

static void store_bind_text(sqlite3_stmt *statement, int at, const char *text) {
    /* A NULL pointer binds NULL. The text outlives the step; binding cannot fail then. */
    (void)sqlite3_bind_text(statement, at, text, -1, SQLITE_STATIC);
}

static void store_bind_int(sqlite3_stmt *statement, int at, uint64_t value) {
    /* 64 bits are kept as they are; what reads them makes them unsigned again. */
    (void)sqlite3_bind_int64(statement, at, (sqlite3_int64)value);
}

/* ---- opening ---- */

/* Does the row that the statement stands on follow from the digest in the store? */
static bool store_follows(struct journal_store *store, sqlite3_stmt *statement,
                          const unsigned char *digest) {
    unsigned char expected[JOURNAL_DIGEST_SIZE];
    const void *body = sqlite3_column_text(statement, 1);
    if (body == NULL) {
        return false;
    }
    journal_digest_next(store->hasher, store->digest, body,
                        (size_t)sqlite3_column_bytes(statement, 1), expected);
    return memcmp(expected, digest, sizeof expected) == 0;
}

/*
 * Check the digests of the newest rows and leave the chain's end in the store. The oldest row that
 * is looked at can only be checked itself when nothing stands before it: then zeros do.
 */
static int store_verify(struct journal_store *store) {
    static const char sql[] = "SELECT seq, body, digest FROM (SELECT seq, body, digest FROM event "
                              "ORDER BY seq DESC LIMIT ?1) ORDER BY seq";
    sqlite3_stmt *statement = NULL;
    int result = sqlite3_prepare_v2(store->db, sql, -1, &statement, NULL);
    if (result == SQLITE_OK) {
        store_bind_int(statement, 1, JOURNAL_VERIFY_ROWS + 1);
    }
    int r = store_result(store, result);
    uint32_t rows = 0;
    uint64_t wrong_seq = 0;
    bool begins_chain = true;
    while (r == 0 && wrong_seq == 0 && (result = sqlite3_step(statement)) == SQLITE_ROW) {
        uint64_t seq = (uint64_t)sqlite3_column_int64(statement, 0);
        const unsigned char *digest = sqlite3_column_blob(statement, 2);
        bool sound = digest != NULL && sqlite3_column_bytes(statement, 2) == JOURNAL_DIGEST_SIZE;
        bool follows = sound && store_follows(store, statement, digest);
        if (!sound || (rows > 0 && !follows)) {
            wrong_seq = seq;
            break;
        }
        begins_chain = begins_chain && (rows > 0 || follows);
        memcpy(store->digest, digest, JOURNAL_DIGEST_SIZE);
        store->newest_seq = seq;
        rows++;
    }
    if (r == 0 && wrong_seq == 0) {
        r = store_result(store, result);
    }
    if (r == 0 && wrong_seq == 0 && rows <= JOURNAL_VERIFY_ROWS && !begins_chain) {
        wrong_seq = store->newest_seq - rows + 1;
    }
    if (wrong_seq != 0) {
        (void)snprintf(store->reason, sizeof store->reason,
                       "the digest of event %" PRIu64 " does not match", wrong_seq);
        r = JOURNAL_E_DAMAGED;
    }
    (void)sqlite3_finalize(statement); /* repeats the result of the step */
    return r;
}

static int store_prepare(struct journal_store *store) {
    int r = 0;
    for (int i = 0; r == 0 && i < STORE_STATEMENT_COUNT; i++) {
        r = store_result(store, sqlite3_prepare_v3(store->db, statement_sql[i], -1,
                                                   SQLITE_PREPARE_PERSISTENT, &store->statements[i],
                                                   NULL));
    }
    return r;
}

static int store_open(struct journal_store *store, const char *path) {
    int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX;
    int result = sqlite3_open_v2(path, &store->db, flags, NULL);
    if (store->db == NULL) {
        return err_origin(-ENOMEM);
    }
    int r = store_result(store, result);
    if (r != 0) {
        return r;
    }
    (void)sqlite3_busy_timeout(store->db, BUSY_MS);
    r = journal_schema_open(store->db, store->identity->site, store->identity->gateway,
                            &store->created, store->reason);
    /* After the schema's pragmas: switching automatic checkpoints off takes any hook away. */
    (void)sqlite3_wal_hook(store->db, store_wal_grew, store);
    if (r == 0) {
        r = store_verify(store);
    }
    return r == 0 ? store_prepare(store) : r;
}

int journal_store_open(const char *path, const struct journal_identity *identity,
                       struct journal_store **ret_store, char reason[JOURNAL_REASON_SIZE]) {
    struct journal_store *store = calloc(1, sizeof *store);
    if (store == NULL) {
        return err_origin(-ENOMEM);
    }
    store->identity = identity;
    int r = journal_hasher_new(&store->hasher);
    if (r == 0) {
        r = store_open(store, path);
    }
    if (r != 0) {
        (void)snprintf(reason, JOURNAL_REASON_SIZE, "%s", store->reason);
        (void)journal_store_free(store, false);
        return r;
    }
    *ret_store = store;
    return 0;
}

struct journal_store *journal_store_free(struct journal_store *store, bool tidy) {
    if (store == NULL) {
        return NULL;
    }
    if (store->db != NULL && !tidy) {
        (void)sqlite3_db_config(store->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
    }
    for (int i = 0; i < STORE_STATEMENT_COUNT; i++) {
        (void)sqlite3_finalize(store->statements[i]); /* repeats an error that was seen before */
    }
    (void)sqlite3_close(store->db); /* no statement is left that could keep it open */
    (void)journal_hasher_free(store->hasher);
    free(store);
    return NULL;
}

/* ---- recording ---- */

static int store_add_first_sent(struct journal_store *store, uint64_t seq, uint64_t early) {
    sqlite3_stmt *statement = store->statements[STORE_FIRST_SENT];
    store_bind_int(statement, 1, seq);
    store_bind_int(statement, 2, early);
    return store_run(store, STORE_FIRST_SENT);
}

/* The alarm that the event is about: one of the site, one that it no longer has, or none. */
static const char *store_alarm_name(const struct journal_store *store,
                                    const struct journal_event *event,
                                    char ret[SITE_ALARM_NAME_SIZE]) {
    if (event->alarm == RULESET_NONE) {
        return event->ended;
    }
    store->identity->alarm_name(store->identity->context, event->alarm, ret);
    return ret;
}

static int store_end_alarm(struct journal_store *store, const char *name) {
    store_bind_text(store->statements[STORE_ALARM_END], 1, name);
    return store_run(store, STORE_ALARM_END);
}

static int store_add_event(struct journal_store *store, struct journal_event *event,
                           const char *boot, const char *id_prefix) {
    char alarm[SITE_ALARM_NAME_SIZE];
    sqlite3_stmt *statement = store->statements[STORE_EVENT];
    event->seq = store->newest_seq + 1;
    size_t size = journal_event_body(event, id_prefix, event->seq, 0, store->body);
    journal_digest_next(store->hasher, store->digest, store->body, size, store->digest);
    store_bind_int(statement, 1, event->seq);
    store_bind_text(statement, 2, boot);
    store_bind_int(statement, 3, (uint64_t)event->wall.ns);
    store_bind_int(statement, 4, event->lane);
    store_bind_text(statement, 5, core_event_name((enum core_event_type)event->type));
    store_bind_text(statement, 6, store_alarm_name(store, event, alarm));
    store_bind_text(statement, 7, event->place);
    store_bind_text(statement, 8, event->point);
    (void)sqlite3_bind_text(statement, 9, store->body, (int)size, SQLITE_STATIC);
    (void)sqlite3_bind_blob(statement, 10, store->digest, sizeof store->digest, SQLITE_STATIC);
    int r = store_run(store, STORE_EVENT);
    if (r == 0 && event->ended != NULL) {
        r = store_end_alarm(store, event->ended);
    }
    if (r == 0) {
        store->newest_seq = event->seq;
        event->early_linked = atomic_load(&event->early);
        if (event->early_linked != 0) {
            r = store_add_first_sent(store, event->seq, event->early_linked);
        }
    }
    return r;
}

static void store_put_u64(unsigned char *at, uint64_t value) {
    for (int i = 0; i < 8; i++) {
        at[i] = (unsigned char)(value >> (8 * i));
    }
}

static uint64_t store_take_u64(const unsigned char *at) {
    uint64_t value = 0;
    for (int i = 7; i >= 0; i--) {
        value = value << 8 | at[i];
    }
    return value;
}

static void store_put_memory(unsigned char at[MEMORY_BYTES], const struct memory_record *memory) {
    store_put_u64(at, memory->identity);
    store_put_u64(at + 8, memory->true_age_ns);
    store_put_u64(at + 16, memory->unknown_age_ns);
    at[24] = memory->now;
    at[25] = memory->kind;
}

static struct memory_record store_take_memory(const unsigned char at[MEMORY_BYTES]) {
    return (struct memory_record){
        .identity = store_take_u64(at),
        .true_age_ns = store_take_u64(at + 8),
        .unknown_age_ns = store_take_u64(at + 16),
        .now = (uint8_t)(at[24] % TRUTH_COUNT),
        .kind = at[25],
    };
}

static int store_add_alarm(struct journal_store *store, const struct journal_alarm *alarm) {
    char name[SITE_ALARM_NAME_SIZE];
    sqlite3_stmt *statement = store->statements[STORE_ALARM];
    const struct alarm_record *record = &alarm->record;
    size_t size = (size_t)alarm->memory_count * MEMORY_BYTES;
    unsigned char *past = malloc(size + 1);
    if (past == NULL) {
        return JOURNAL_E_FAILED;
    }
    for (uint32_t i = 0; i < alarm->memory_count; i++) {
        store_put_memory(past + (size_t)i * MEMORY_BYTES, &alarm->memories[i]);
    }
    store->identity->alarm_name(store->identity->context, alarm->alarm, name);
    store_bind_text(statement, 1, name);
    store_bind_int(statement, 2, record->axes.pending);
    store_bind_int(statement, 3, record->axes.active);
    store_bind_int(statement, 4, record->axes.acked);
    store_bind_int(statement, 5, record->axes.latched);
    store_bind_int(statement, 6, record->axes.attended);
    store_bind_int(statement, 7, record->axes.open);
    store_bind_int(statement, 8, record->occurrence);
    store_bind_int(statement, 9, record->raises);
    store_bind_int(statement, 10, record->condition);
    store_bind_int(statement, 11, record->remaining_ns);
    store_bind_int(statement, 12, (uint64_t)record->raised.ns);
    store_bind_int(statement, 13, (uint64_t)record->acked_at.ns);
    store_bind_int(statement, 14, (uint64_t)record->attended_at.ns);
    store_bind_int(statement, 15, alarm->at.ns);
    store_bind_int(statement, 16, (uint64_t)alarm->at_wall.ns);
    store_bind_int(statement, 17, (uint64_t)alarm->changed.ns);
    (void)sqlite3_bind_double(statement, 18, alarm->value);
    store_bind_int(statement, 19, alarm->quality);
    store_bind_int(statement, 20, record->axes.silenced);
    store_bind_int(statement, 21, record->axes.test);
    store_bind_int(statement, 22, record->axes.shelved);
    store_bind_int(statement, 23, record->axes.by_design);
    store_bind_int(statement, 24, record->axes.out_of_service);
    store_bind_int(statement, 25, record->axes.investigated);
    store_bind_int(statement, 26, record->axes.real);
    store_bind_int(statement, 27, record->axes.promoted);
    store_bind_int(statement, 28, record->axes.chattering);
    store_bind_int(statement, 29, record->disposition);
    for (int i = 0; i < ALARM_CLOCK_COUNT; i++) {
        store_bind_int(statement, ALARM_CLOCK_COLUMN + 1 + i, record->left_ds[i]);
    }
    store_bind_int(statement, ALARM_CHAIN_COLUMN + 1, alarm->chain.state);
    store_bind_int(statement, ALARM_CHAIN_COLUMN + 2, alarm->chain.run);
    store_bind_int(statement, ALARM_CHAIN_COLUMN + 3, alarm->chain.reached);
    store_bind_int(statement, ALARM_CHAIN_COLUMN + 4, alarm->chain.age_ns);
    store_bind_int(statement, ALARM_CHAIN_COLUMN + 5, alarm->chain.receipt_ns);
    (void)sqlite3_bind_blob(statement, ALARM_PAST_COLUMN + 1, past, (int)size, SQLITE_STATIC);
    store_bind_int(statement, ALARM_CONDITION_COLUMN + 1, record->condition_identity);
    int r = store_run(store, STORE_ALARM);
    free(past);
    return r;
}

static int store_add_confirmed(struct journal_store *store, const struct journal_gather *gather) {
    int r = 0;
    for (int sink = 0; r == 0 && sink < JOURNAL_SINK_COUNT; sink++) {
        for (int lane = 0; r == 0 && lane < JOURNAL_LANE_COUNT; lane++) {
            if (gather->confirmed[sink][lane] == 0) {
                continue;
            }
            sqlite3_stmt *statement = store->statements[STORE_SINK];
            store_bind_text(statement, 1, sink_names[sink]);
            store_bind_int(statement, 2, (uint64_t)lane);
            store_bind_int(statement, 3, gather->confirmed[sink][lane]);
            r = store_run(store, STORE_SINK);
        }
    }
    return r;
}

static int store_add_test(struct journal_store *store, const struct journal_standing *standing,
                          const struct journal_test *test) {
    sqlite3_stmt *statement = store->statements[STORE_TEST];
    store_bind_text(statement, 1, test->place);
    store_bind_int(statement, 2, (uint64_t)test->begun.ns);
    store_bind_int(statement, 3, test->left_ds);
    store_bind_text(statement, 4, test->actor);
    store_bind_text(statement, 5, test->role);
    store_bind_text(statement, 6, test->reason);
    store_bind_text(statement, 7, test->tripped);
    store_bind_int(statement, 8, standing->at.ns);
    store_bind_int(statement, 9, (uint64_t)standing->at_wall.ns);
    return store_run(store, STORE_TEST);
}

static int store_add_walk(struct journal_store *store, const struct journal_standing *standing,
                          const struct journal_walk *walk) {
    sqlite3_stmt *statement = store->statements[STORE_WALK];
    store_bind_text(statement, 1, walk->place);
    store_bind_int(statement, 2, walk->left_ds);
    store_bind_text(statement, 3, walk->tripped);
    store_bind_int(statement, 4, standing->at.ns);
    store_bind_int(statement, 5, (uint64_t)standing->at_wall.ns);
    return store_run(store, STORE_WALK);
}

static int store_add_walks(struct journal_store *store, const struct journal_standing *standing) {
    int r = store_run(store, STORE_WALKS_END);
    for (const struct journal_walk *walk = standing->walks; r == 0 && walk != NULL;
         walk = walk->next) {
        r = store_add_walk(store, standing, walk);
    }
    return r;
}

/* All that stands beside the alarms takes the place of what stood there before. */
static int store_add_standing(struct journal_store *store,
                              const struct journal_standing *standing) {
    int r = store_run(store, STORE_TESTS_END);
    for (const struct journal_test *test = standing->tests; r == 0 && test != NULL;
         test = test->next) {
        r = store_add_test(store, standing, test);
    }
    store_bind_int(store->statements[STORE_FLOOD], 1, standing->flood.incident);
    store_bind_int(store->statements[STORE_FLOOD], 2, standing->flood.runs);
    store_bind_int(store->statements[STORE_CLOCK], 1, (uint64_t)standing->clock_good.ns);
    if (r == 0) {
        r = store_add_walks(store, standing);
    }
    if (r == 0) {
        r = store_run(store, STORE_CLOCK);
    }
    return r == 0 ? store_run(store, STORE_FLOOD) : r;
}

static int store_add_point(struct journal_store *store, const struct journal_present *present,
                           const struct journal_point *point) {
    sqlite3_stmt *statement = store->statements[STORE_PRESENT];
    store_bind_text(statement, 1, point->point);
    store_bind_int(statement, 2, point->source);
    (void)sqlite3_bind_double(statement, 3, point->value);
    store_bind_int(statement, 4, point->quality);
    store_bind_int(statement, 5, (uint64_t)point->measured.ns);
    store_bind_int(statement, 6, point->age_ns);
    store_bind_int(statement, 7, present->at.ns);
    store_bind_int(statement, 8, (uint64_t)present->at_wall.ns);
    return store_run(store, STORE_PRESENT);
}

/* Likewise what all points said last. */
static int store_add_present(struct journal_store *store, const struct journal_present *present) {
    int r = store_run(store, STORE_PRESENT_END);
    for (uint32_t i = 0; r == 0 && i < present->count; i++) {
        r = store_add_point(store, present, &present->points[i]);
    }
    return r;
}

/* Everything of the gather, inside the transaction. */
static int store_add(struct journal_store *store, const struct journal_gather *gather,
                     const char *boot, const char *id_prefix) {
    int r = 0;
    uint64_t recorded = store->newest_seq;
    for (struct journal_event *event = gather->first; r == 0 && event != NULL;
         event = event->next) {
        /* A commit may report an error and have reached the disk all the same; then the event is
         * here. */
        if (event->seq == 0 || event->seq > recorded) {
            r = store_add_event(store, event, boot, id_prefix);
        }
    }
    for (const struct journal_alarm *alarm = gather->alarms; r == 0 && alarm != NULL;
         alarm = alarm->next) {
        r = store_add_alarm(store, alarm);
    }
    if (r == 0 && gather->standing != NULL) {
        r = store_add_standing(store, gather->standing);
    }
    if (r == 0 && gather->present != NULL) {
        r = store_add_present(store, gather->present);
    }
    for (const struct journal_link *link = gather->links; r == 0 && link != NULL;
         link = link->next) {
        r = store_add_first_sent(store, link->seq, link->early);
    }
    return r == 0 ? store_add_confirmed(store, gather) : r;
}

int journal_store_commit(struct journal_store *store, const struct journal_gather *gather,
                         const char *boot, const char *id_prefix) {
    unsigned char digest[JOURNAL_DIGEST_SIZE];
    uint64_t newest_seq = store->newest_seq;
    memcpy(digest, store->digest, sizeof digest);
    int r = store_run(store, STORE_BEGIN);
    if (r == 0) {
        r = store_add(store, gather, boot, id_prefix);
    }
    if (r == 0) {
        r = store_run(store, STORE_COMMIT);
    }
    if (r != 0) {
        if (sqlite3_get_autocommit(store->db) == 0) {
            /* If even this fails, the connection is closed next and the transaction dies with it.
             */
            (void)sqlite3_exec(store->db, "ROLLBACK", NULL, NULL, NULL);
        }
        store->newest_seq = newest_seq;
        memcpy(store->digest, digest, sizeof digest);
    }
    return r;
}

/* ---- loading ---- */

/* The highest seq that `sql` finds; 0 if it finds none or cannot look. */
static uint64_t store_ask(struct journal_store *store, const char *sql) {
    sqlite3_stmt *statement = NULL;
    uint64_t value = 0;
    if (sqlite3_prepare_v2(store->db, sql, -1, &statement, NULL) == SQLITE_OK &&
        sqlite3_step(statement) == SQLITE_ROW) {
        value = (uint64_t)sqlite3_column_int64(statement, 0);
    }
    (void)sqlite3_finalize(statement); /* repeats the result of the step */
    return value;
}

uint64_t journal_store_boot(struct journal_store *store) {
    return store_ask(store, "SELECT CAST(value AS INTEGER) FROM meta WHERE key='boot'");
}

uint64_t journal_store_generation(struct journal_store *store) {
    /* All 64 bits, in SQLite's signed numbers. */
    return store_ask(store, "SELECT CAST(value AS INTEGER) FROM meta WHERE key='generation'");
}

int journal_store_boot_write(struct journal_store *store, uint64_t boot, uint64_t generation) {
    char sql[160];
    (void)snprintf(sql, sizeof sql,
                   "INSERT OR REPLACE INTO meta VALUES('boot','%" PRIu64 "'),"
                   "('generation','%" PRId64 "')",
                   boot, (int64_t)generation);
    return store_result(store, sqlite3_exec(store->db, sql, NULL, NULL, NULL));
}

/* Make an alarm of the present row; its memories are as many as the row has. */
static int store_alarm_of_row(sqlite3_stmt *statement, struct journal_alarm **ret_alarm) {
    const unsigned char *past = sqlite3_column_blob(statement, ALARM_PAST_COLUMN);
    uint32_t count = (uint32_t)sqlite3_column_bytes(statement, ALARM_PAST_COLUMN) / MEMORY_BYTES;
    struct journal_alarm *alarm;
    int r = journal_alarm_new(RULESET_NONE, count, &alarm);
    if (r != 0) {
        return err_trace(r);
    }
    alarm->record = (struct alarm_record){
        .axes = {.pending = sqlite3_column_int(statement, 1) != 0,
                 .active = sqlite3_column_int(statement, 2) != 0,
                 .acked = sqlite3_column_int(statement, 3) != 0,
                 .latched = sqlite3_column_int(statement, 4) != 0,
                 .attended = sqlite3_column_int(statement, 5) != 0,
                 .open = sqlite3_column_int(statement, 6) != 0,
                 .silenced = sqlite3_column_int(statement, 19) != 0,
                 .test = sqlite3_column_int(statement, 20) != 0,
                 .shelved = sqlite3_column_int(statement, 21) != 0,
                 .by_design = sqlite3_column_int(statement, 22) != 0,
                 .out_of_service = sqlite3_column_int(statement, 23) != 0,
                 .investigated = sqlite3_column_int(statement, 24) != 0,
                 .real = sqlite3_column_int(statement, 25) != 0,
                 .promoted = sqlite3_column_int(statement, 26) != 0,
                 .chattering = sqlite3_column_int(statement, 27) != 0},
        .disposition = (uint8_t)((unsigned)sqlite3_column_int(statement, 28) % DISPOSITION_COUNT),
        .occurrence = (uint32_t)sqlite3_column_int64(statement, 7),
        .raises = (uint32_t)sqlite3_column_int64(statement, 8),
        .condition = (uint8_t)((unsigned)sqlite3_column_int(statement, 9) % TRUTH_COUNT),
        .remaining_ns = (uint64_t)sqlite3_column_int64(statement, 10),
        .raised = {sqlite3_column_int64(statement, 11)},
        .acked_at = {sqlite3_column_int64(statement, 12)},
        .attended_at = {sqlite3_column_int64(statement, 13)},
        .condition_identity = (uint64_t)sqlite3_column_int64(statement, ALARM_CONDITION_COLUMN),
    };
    for (int i = 0; i < ALARM_CLOCK_COUNT; i++) {
        alarm->record.left_ds[i] =
            (uint32_t)sqlite3_column_int64(statement, ALARM_CLOCK_COLUMN + i);
    }
    alarm->chain = (struct chain_record){
        .state = (uint8_t)((unsigned)sqlite3_column_int(statement, ALARM_CHAIN_COLUMN) %
                           CHAIN_STATE_COUNT),
        .run = (uint32_t)sqlite3_column_int64(statement, ALARM_CHAIN_COLUMN + 1),
        .reached = (uint8_t)sqlite3_column_int(statement, ALARM_CHAIN_COLUMN + 2),
        .age_ns = (uint64_t)sqlite3_column_int64(statement, ALARM_CHAIN_COLUMN + 3),
        .receipt_ns = (uint64_t)sqlite3_column_int64(statement, ALARM_CHAIN_COLUMN + 4),
    };
    alarm->at = (struct instant){(uint64_t)sqlite3_column_int64(statement, 14)};
    alarm->at_wall = (struct wall){sqlite3_column_int64(statement, 15)};
    alarm->changed = (struct wall){sqlite3_column_int64(statement, 16)};
    alarm->value = sqlite3_column_double(statement, 17);
    alarm->quality = (uint32_t)sqlite3_column_int(statement, 18) % QUALITY_COUNT;
    for (uint32_t i = 0; i < count; i++) {
        alarm->memories[i] = store_take_memory(past + (size_t)i * MEMORY_BYTES);
    }
    *ret_alarm = alarm;
    return 0;
}

int journal_store_alarms(struct journal_store *store,
                         void (*alarm)(void *context, const char *name,
                                       struct journal_alarm *alarm),
                         void *context) {
    sqlite3_stmt *statement = NULL;
    int result = sqlite3_prepare_v2(store->db, "SELECT * FROM alarm", -1, &statement, NULL);
    int r = 0;
    while (r == 0 && (result == SQLITE_OK || result == SQLITE_ROW)) {
        result = sqlite3_step(statement);
        struct journal_alarm *found = NULL;
        if (result == SQLITE_ROW) {
            r = store_alarm_of_row(statement, &found);
        }
        if (found != NULL) {
            alarm(context, (const char *)sqlite3_column_text(statement, 0), found);
            free(found);
        }
    }
    if (r == 0) {
        r = store_result(store, result);
    }
    (void)sqlite3_finalize(statement); /* repeats the result of the step */
    return r;
}

/* Who is asked, in SQL, whether an alarm is watched. */
struct store_watch {
    bool (*is_watched)(void *context, const char *name);
    void *context;
};

static void store_is_watched(sqlite3_context *call, int count, sqlite3_value **values) {
    const struct store_watch *watch = sqlite3_user_data(call);
    const char *name = (const char *)sqlite3_value_text(values[0]);
    assert(count == 1);
    sqlite3_result_int(call, name != NULL && watch->is_watched(watch->context, name));
}

int journal_store_forget(struct journal_store *store,
                         bool (*is_watched)(void *context, const char *name), void *context) {
    static const char forget[] = "UPDATE alarm SET past=x'', condition_identity=0 "
                                 "WHERE (past<>x'' OR condition_identity<>0) AND NOT watched(name)";
    struct store_watch watch = {is_watched, context};
    int result =
        sqlite3_create_function_v2(store->db, "watched", 1, SQLITE_UTF8 | SQLITE_DIRECTONLY, &watch,
                                   store_is_watched, NULL, NULL, NULL);
    if (result == SQLITE_OK) {
        result = sqlite3_exec(store->db, forget, NULL, NULL, NULL);
    }
    int r = store_result(store, result);
    /* It must not outlive what it asks. */
    (void)sqlite3_create_function_v2(store->db, "watched", 1, SQLITE_UTF8, NULL, NULL, NULL, NULL,
                                     NULL);
    return r;
}

/* The text of a column; "" where there is none. */
static const char *store_text(sqlite3_stmt *statement, int column) {
    const char *text = (const char *)sqlite3_column_text(statement, column);
    return text != NULL ? text : "";
}

static void store_test_of_row(sqlite3_stmt *statement, struct journal_standing *ret_standing,
                              struct journal_test *ret_test) {
    *ret_test = (struct journal_test){
        .place = store_text(statement, 0),
        .begun = {sqlite3_column_int64(statement, 1)},
        .left_ds = (uint32_t)sqlite3_column_int64(statement, 2),
        .tripped = store_text(statement, 6),
    };
    (void)snprintf(ret_test->actor, sizeof ret_test->actor, "%s", store_text(statement, 3));
    (void)snprintf(ret_test->role, sizeof ret_test->role, "%s", store_text(statement, 4));
    (void)snprintf(ret_test->reason, sizeof ret_test->reason, "%s", store_text(statement, 5));
    *ret_standing = (struct journal_standing){
        .at = {(uint64_t)sqlite3_column_int64(statement, 7)},
        .at_wall = {sqlite3_column_int64(statement, 8)},
    };
}

int journal_store_tests(struct journal_store *store,
                        void (*test)(void *context, const struct journal_standing *standing,
                                     const struct journal_test *test),
                        void *context) {
    sqlite3_stmt *statement = NULL;
    int result = sqlite3_prepare_v2(store->db, "SELECT * FROM test", -1, &statement, NULL);
    while (result == SQLITE_OK || result == SQLITE_ROW) {
        struct journal_standing standing;
        struct journal_test found;
        result = sqlite3_step(statement);
        if (result == SQLITE_ROW) {
            store_test_of_row(statement, &standing, &found);
            test(context, &standing, &found);
        }
    }
    int r = store_result(store, result);
    (void)sqlite3_finalize(statement); /* repeats the result of the step */
    return r;
}

int journal_store_flood(struct journal_store *store, struct flood_record *ret_flood) {
    static const char sql[] = "SELECT incident, runs FROM flood";
    sqlite3_stmt *statement = NULL;
    *ret_flood = (struct flood_record){0};
    int result = sqlite3_prepare_v2(store->db, sql, -1, &statement, NULL);
    if (result == SQLITE_OK && (result = sqlite3_step(statement)) == SQLITE_ROW) {
        ret_flood->incident = (uint32_t)sqlite3_column_int64(statement, 0);
        ret_flood->runs = sqlite3_column_int(statement, 1) != 0;
    }
    int r = store_result(store, result);
    (void)sqlite3_finalize(statement); /* repeats the result of the step */
    return r;
}

int journal_store_walks(struct journal_store *store,
                        void (*walk)(void *context, const struct journal_standing *standing,
                                     const struct journal_walk *walk),
                        void *context) {
    static const char sql[] = "SELECT place, left, tripped, at_instant, at_wall FROM walk";
    sqlite3_stmt *statement = NULL;
    int result = sqlite3_prepare_v2(store->db, sql, -1, &statement, NULL);
    while (result == SQLITE_OK || result == SQLITE_ROW) {
        result = sqlite3_step(statement);
        if (result == SQLITE_ROW) {
            const struct journal_walk found = {
                .place = store_text(statement, 0),
                .left_ds = (uint32_t)sqlite3_column_int64(statement, 1),
                .tripped = store_text(statement, 2),
            };
            const struct journal_standing standing = {
                .at = {(uint64_t)sqlite3_column_int64(statement, 3)},
                .at_wall = {sqlite3_column_int64(statement, 4)},
            };
            walk(context, &standing, &found);
        }
    }
    int r = store_result(store, result);
    (void)sqlite3_finalize(statement); /* repeats the result of the step */
    return r;
}

int journal_store_clock(struct journal_store *store, struct wall *ret_good) {
    sqlite3_stmt *statement = NULL;
    *ret_good = (struct wall){0};
    int result = sqlite3_prepare_v2(store->db, "SELECT good FROM clock", -1, &statement, NULL);
    if (result == SQLITE_OK && (result = sqlite3_step(statement)) == SQLITE_ROW) {
        ret_good->ns = sqlite3_column_int64(statement, 0);
    }
    int r = store_result(store, result);
    (void)sqlite3_finalize(statement); /* repeats the result of the step */
    return r;
}

static int store_points(struct journal_store *store, journal_point_taker *take, void *context) {
    static const char sql[] = "SELECT point, source, value, quality, measured, age_ns, at_instant, "
                              "at_wall FROM present ORDER BY rowid";
    sqlite3_stmt *statement = NULL;
    int result = sqlite3_prepare_v2(store->db, sql, -1, &statement, NULL);
    while (result == SQLITE_OK || result == SQLITE_ROW) {
        result = sqlite3_step(statement);
        if (result == SQLITE_ROW) {
            const struct journal_present taken = {
                .at = {(uint64_t)sqlite3_column_int64(statement, 6)},
                .at_wall = {sqlite3_column_int64(statement, 7)},
            };
            const struct journal_point point = {
                .point = store_text(statement, 0),
                .source = (uint64_t)sqlite3_column_int64(statement, 1),
                .value = sqlite3_column_double(statement, 2),
                .quality = (uint32_t)sqlite3_column_int(statement, 3) % QUALITY_COUNT,
                .measured = {sqlite3_column_int64(statement, 4)},
                .age_ns = (uint64_t)sqlite3_column_int64(statement, 5),
            };
            take(context, &taken, &point);
        }
    }
    int r = store_result(store, result);
    (void)sqlite3_finalize(statement); /* repeats the result of the step */
    return r;
}

int journal_store_points(struct journal_store *store, journal_point_taker *take, void *context) {
    int r = store_points(store, take, context);
    return r == 0 ? store_run(store, STORE_PRESENT_END) : r;
}

size_t journal_store_last(struct journal_store *store, const char *alarm, char ret[WIRE_BODY_MAX]) {
    static const char sql[] = "SELECT body FROM event WHERE alarm=?1 ORDER BY seq DESC LIMIT 1";
    sqlite3_stmt *statement = NULL;
    size_t size = 0;
    if (sqlite3_prepare_v2(store->db, sql, -1, &statement, NULL) == SQLITE_OK) {
        store_bind_text(statement, 1, alarm);
        if (sqlite3_step(statement) == SQLITE_ROW) {
            const unsigned char *body = sqlite3_column_text(statement, 0);
            size_t len = body != NULL ? (size_t)sqlite3_column_bytes(statement, 0) : 0;
            if (len <= WIRE_BODY_MAX && len > 0) {
                memcpy(ret, body, len);
                size = len;
            }
        }
    }
    (void)sqlite3_finalize(statement); /* what cannot be read is as good as not there */
    return size;
}

void journal_store_confirmed(struct journal_store *store,
                             uint64_t ret[JOURNAL_SINK_COUNT][JOURNAL_LANE_COUNT]) {
    for (int sink = 0; sink < JOURNAL_SINK_COUNT; sink++) {
        for (int lane = 0; lane < JOURNAL_LANE_COUNT; lane++) {
            char sql[96];
            (void)snprintf(sql, sizeof sql, "SELECT seq FROM sink WHERE sink='%s' AND lane=%d",
                           sink_names[sink], lane);
            ret[sink][lane] = store_ask(store, sql);
        }
    }
}

/*
 * Copy the alarms of the attached file, of whatever version it is: the columns that both have. What
 * an older one lacks is as it is at the beginning.
 */
static void store_salvage_alarms(struct journal_store *store) {
    static const char ask[] =
        "SELECT 'INSERT OR IGNORE INTO main.alarm(' || group_concat(name) || ') SELECT ' || "
        "group_concat(name) || ' FROM bad.alarm' FROM pragma_table_info('alarm', 'bad') "
        "WHERE name IN (SELECT name FROM pragma_table_info('alarm', 'main'))";
    sqlite3_stmt *statement = NULL;
    char *copy = NULL;
    if (sqlite3_prepare_v2(store->db, ask, -1, &statement, NULL) == SQLITE_OK &&
        sqlite3_step(statement) == SQLITE_ROW) {
        copy = sqlite3_mprintf("%s", sqlite3_column_text(statement, 0));
    }
    (void)sqlite3_finalize(statement); /* repeats the result of the step */
    if (copy != NULL) {
        (void)sqlite3_exec(store->db, copy, NULL, NULL, NULL);
    }
    sqlite3_free(copy);
}

uint64_t journal_store_salvage(struct journal_store *store, const char *path) {
    static const char *const others[] = {
        "INSERT OR IGNORE INTO main.sink SELECT * FROM bad.sink",
        "INSERT OR IGNORE INTO main.test SELECT * FROM bad.test",
        "INSERT OR IGNORE INTO main.flood SELECT * FROM bad.flood",
        "INSERT OR IGNORE INTO main.walk SELECT * FROM bad.walk",
        "INSERT OR IGNORE INTO main.clock SELECT * FROM bad.clock",
    };
    char *attach = sqlite3_mprintf("ATTACH %Q AS bad", path);
    uint64_t newest = 0;
    if (attach != NULL && sqlite3_exec(store->db, attach, NULL, NULL, NULL) == SQLITE_OK) {
        char *owner = sqlite3_mprintf("SELECT count(*) = 2 FROM bad.meta WHERE (key='site' AND "
                                      "value=%Q) OR (key='gateway' AND value=%Q)",
                                      store->identity->site, store->identity->gateway);
        bool ours = owner != NULL && store_ask(store, owner) == 1;
        sqlite3_free(owner);
        if (ours) {
            /* Each by itself: one broken table must not cost another. What fails is not there. */
            store_salvage_alarms(store);
            for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
                (void)sqlite3_exec(store->db, others[i], NULL, NULL, NULL);
            }
            newest = store_ask(store, "SELECT max(seq) FROM bad.event");
        }
        (void)sqlite3_exec(store->db, "DETACH bad", NULL, NULL, NULL);
    }
    sqlite3_free(attach);
    return newest;
}

/* ---- the rest ---- */

const char *journal_store_reason(const struct journal_store *store) {
    return store->reason;
}

bool journal_store_is_new(const struct journal_store *store) {
    return store->created;
}

uint64_t journal_store_newest(const struct journal_store *store) {
    return store->newest_seq;
}

void journal_store_continue(struct journal_store *store, uint64_t seq) {
    if (seq > store->newest_seq) {
        store->newest_seq = seq;
    }
}

/* Is there so much room that the log does not take it from the events? */
static bool store_has_room(const struct journal_store *store) {
    struct statvfs disk;
    const char *path = sqlite3_db_filename(store->db, "main");
    return path != NULL && statvfs(path, &disk) == 0 &&
           (uint64_t)disk.f_bavail * disk.f_frsize >=
               (uint64_t)JOURNAL_LOG_ROOM * JOURNAL_LOG_BYTES;
}

void journal_store_reserve(struct journal_store *store) {
    static const unsigned char zeros[64 * 1024];
    sqlite3_file *log = NULL;
    sqlite3_int64 size = 0;
    if (!store_has_room(store)) {
        return;
    }
    /* The first commit has opened the file; before it there is none. */
    if (sqlite3_file_control(store->db, "main", SQLITE_FCNTL_JOURNAL_POINTER, &log) != SQLITE_OK ||
        log == NULL || log->pMethods == NULL || log->pMethods->xFileSize(log, &size) != SQLITE_OK) {
        return;
    }
    int result = SQLITE_OK;
    while (result == SQLITE_OK && size < JOURNAL_LOG_BYTES) {
        result = log->pMethods->xWrite(log, zeros, sizeof zeros, size);
        size += (sqlite3_int64)sizeof zeros;
    }
    if (result == SQLITE_OK) {
        (void)log->pMethods->xSync(log, SQLITE_SYNC_DATAONLY); /* only to have it done by now */
    }
}

uint32_t journal_store_wal_pages(const struct journal_store *store) {
    return store->wal_pages;
}

void journal_store_checkpoint(struct journal_store *store) {
    int pages = 0;
    int done = 0;
    /* A reader in the middle of a transaction leaves some behind; the next time takes those. */
    if (sqlite3_wal_checkpoint_v2(store->db, NULL, SQLITE_CHECKPOINT_PASSIVE, &pages, &done) ==
            SQLITE_OK &&
        pages >= done) {
        store->wal_pages = (uint32_t)(pages - done);
    }
}
