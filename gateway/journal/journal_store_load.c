/* SPDX-License-Identifier: Apache-2.0 */
#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/journal/journal_store_parts.h"

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

int journal_store_timeline_write(struct journal_store *store, uint64_t timeline) {
    static const char *const tables[] = {"alarm", "test", "walk", "trip", "present"};
    char sql[128];
    if (store_ask(store, "SELECT CAST(value AS INTEGER) FROM meta WHERE key='timeline'") ==
        timeline) {
        return 0;
    }
    int r = store_run(store, STORE_BEGIN);
    for (size_t i = 0; r == 0 && i < sizeof tables / sizeof *tables; i++) {
        (void)snprintf(sql, sizeof sql, "UPDATE %s SET at_instant=%" PRIu64, tables[i],
                       JOURNAL_INSTANT_FOREIGN.ns);
        r = store_result(store, sqlite3_exec(store->db, sql, NULL, NULL, NULL));
    }
    (void)snprintf(sql, sizeof sql, "INSERT OR REPLACE INTO meta VALUES('timeline','%" PRId64 "')",
                   (int64_t)timeline);
    if (r == 0) {
        r = store_result(store, sqlite3_exec(store->db, sql, NULL, NULL, NULL));
    }
    if (r == 0) {
        r = store_run(store, STORE_COMMIT);
    }
    if (r != 0) {
        store_roll_back(store);
    }
    return r;
}

static uint64_t store_take_u64(const unsigned char *at) {
    uint64_t value = 0;
    for (int i = 7; i >= 0; i--) {
        value = value << 8 | at[i];
    }
    return value;
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
                 .chattering = sqlite3_column_int(statement, 27) != 0,
                 .agreed = sqlite3_column_int(statement, ALARM_AGREED_COLUMN) != 0},
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
        .steps = (uint64_t)sqlite3_column_int64(statement, ALARM_CHAIN_STEPS_COLUMN),
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

int journal_store_trips(struct journal_store *store,
                        void (*trip)(void *context, const struct journal_standing *standing,
                                     const struct journal_trip *trip),
                        void *context) {
    static const char sql[] = "SELECT point, earnest, tested, at_instant, at_wall FROM trip";
    sqlite3_stmt *statement = NULL;
    int result = sqlite3_prepare_v2(store->db, sql, -1, &statement, NULL);
    while (result == SQLITE_OK || result == SQLITE_ROW) {
        result = sqlite3_step(statement);
        if (result == SQLITE_ROW) {
            const struct journal_trip found = {
                .point = store_text(statement, 0),
                .record = {.earnest_age_ns = (uint64_t)sqlite3_column_int64(statement, 1),
                           .tested_age_ns = (uint64_t)sqlite3_column_int64(statement, 2)},
            };
            const struct journal_standing standing = {
                .at = {(uint64_t)sqlite3_column_int64(statement, 3)},
                .at_wall = {sqlite3_column_int64(statement, 4)},
            };
            trip(context, &standing, &found);
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

int journal_store_points(struct journal_store *store, journal_point_taker *take, void *context) {
    static const char sql[] = "SELECT point, source, value, quality, measured, age_ns, at_instant, "
                              "at_wall, rowid FROM present ORDER BY rowid";
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
                .row = (uint64_t)sqlite3_column_int64(statement, 8),
            };
            take(context, &taken, &point);
        }
    }
    int r = store_result(store, result);
    (void)sqlite3_finalize(statement); /* repeats the result of the step */
    return r;
}

size_t journal_store_last(struct journal_store *store, const char *alarm, char ret[WIRE_BODY_MAX]) {
    static const char sql[] =
        "SELECT body FROM event WHERE lane=0 AND alarm=?1 ORDER BY seq DESC LIMIT 1";
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

void journal_store_tokens(struct journal_store *store, uint64_t ret[JOURNAL_FIELD_MAX]) {
    for (uint32_t field = 0; field < JOURNAL_FIELD_MAX; field++) {
        char sql[96];
        (void)snprintf(sql, sizeof sql,
                       "SELECT CAST(value AS INTEGER) FROM meta WHERE key='token-%" PRIu32 "'",
                       field);
        ret[field] = store_ask(store, sql);
    }
}

void journal_store_confirmed(struct journal_store *store,
                             uint64_t ret[JOURNAL_SINK_COUNT][JOURNAL_LANE_COUNT]) {
    for (int sink = 0; sink < JOURNAL_SINK_COUNT; sink++) {
        for (int lane = 0; lane < JOURNAL_LANE_COUNT; lane++) {
            char sql[96];
            (void)snprintf(sql, sizeof sql, "SELECT seq FROM sink WHERE sink='%s' AND lane=%d",
                           store_sink_names[sink], lane);
            ret[sink][lane] = store_ask(store, sql);
        }
    }
}
