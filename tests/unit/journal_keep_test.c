/* SPDX-License-Identifier: Apache-2.0 */

/*
 * What the journal lets go of, and what it never does
 *
 * The store by itself, in a scratch directory, with a wall clock that the tests set. A story records
 * events by a pattern, one letter each: `!` of the alarm lane, `.` of the activity lane; what is left
 * is read back with SQLite as such a pattern, `_` for each that is gone.
 */

#include <ftw.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <sqlite3.h>

#include "gateway/journal/journal_audit.h"
#include "gateway/journal/journal_store.h"
#include "gateway/site.h"
#include "tests/support/cmocka.h"
#include "tests/support/database.h"

enum { PATTERN_MAX = 512 };

#define DAY_NS   (INT64_C(86400) * (int64_t)NS_PER_S)
#define BEGIN_NS (20000 * DAY_NS)

struct scene {
    char root[64];
    char database[96];
    struct journal_store *store;
    struct journal_keep keep;
    struct journal_gather gather;
    struct journal_keep_turn turn; /* the newest */
};

static void alarm_name(const void *context, uint32_t alarm, char *ret) {
    (void)context;
    (void)snprintf(ret, SITE_ALARM_NAME_SIZE, "fire_alarm/room-%" PRIu32, alarm);
}

static const struct journal_identity identity = {"gulou-demo", "main", alarm_name, NULL};

/* Open the file again, as the next life does; 0, or what is wrong. */
static int scene_open(struct scene *scene) {
    char reason[JOURNAL_REASON_SIZE];
    scene->store = journal_store_free(scene->store, true);
    return journal_store_open(scene->database, &identity, &scene->store, reason);
}

static int scene_setup(void **state) {
    struct scene *scene = calloc(1, sizeof *scene);
    assert_non_null(scene);
    (void)snprintf(scene->root, sizeof scene->root, "/tmp/tocsin-keep-XXXXXX");
    assert_non_null(mkdtemp(scene->root));
    (void)snprintf(scene->database, sizeof scene->database, "%s/journal.db", scene->root);
    scene->keep = (struct journal_keep){.keep_ns = 30 * (uint64_t)DAY_NS,
                                        .size = UINT64_C(1) << 30,
                                        .sinks = {[JOURNAL_SINK_MQTT] = true}};
    assert_int_equal(journal_gather_init(&scene->gather, 1), 0);
    assert_int_equal(scene_open(scene), 0);
    *state = scene;
    return 0;
}

static int scene_remove(const char *path, const struct stat *found, int kind, struct FTW *walk) {
    (void)found;
    (void)kind;
    (void)walk;
    return remove(path);
}

static int scene_teardown(void **state) {
    struct scene *scene = *state;
    (void)journal_store_free(scene->store, false);
    journal_gather_deinit(&scene->gather);
    int r = nftw(scene->root, scene_remove, 8, FTW_DEPTH | FTW_PHYS);
    free(scene);
    return r;
}

static void scene_commit(struct scene *scene) {
    assert_int_equal(journal_store_commit(scene->store, &scene->gather, "1", "gulou-demo.main.1."),
                     0);
    journal_gather_deinit(&scene->gather);
    assert_int_equal(journal_gather_init(&scene->gather, 1), 0);
}

static void scene_record(struct scene *scene, const char *pattern) {
    for (const char *at = pattern; *at != '\0'; at++) {
        static const char text[] = ",\"data\":{\"filling\":\"................................\"}}";
        struct journal_event *event;
        assert_int_equal(journal_event_new(text, 0, strlen(text), &event), 0);
        event->lane = *at == '!' ? LANE_ALARM : LANE_ACTIVITY;
        event->type = *at == '!' ? EVENT_ALARM_RAISED : EVENT_ACCESS_GRANTED;
        event->alarm = *at == '!' ? 0 : RULESET_NONE;
        event->wall = (struct wall){BEGIN_NS};
        atomic_init(&event->early, 0);
        journal_gather_add_event(&scene->gather, event);
    }
    scene_commit(scene);
}

static void scene_confirm(struct scene *scene, enum journal_sink sink, uint64_t alarm,
                          uint64_t activity) {
    journal_gather_confirm(&scene->gather, sink, LANE_ALARM, alarm);
    journal_gather_confirm(&scene->gather, sink, LANE_ACTIVITY, activity);
    scene_commit(scene);
}

static void scene_turn(struct scene *scene, int64_t after_ns) {
    const struct wall now = {BEGIN_NS + after_ns};
    assert_int_equal(journal_store_keep(scene->store, &scene->keep, now, &scene->turn), 0);
}

/* What is left, and that whoever opens it finds the chain whole. */
static void scene_left(struct scene *scene, const char *expected) {
    char pattern[PATTERN_MAX + 1];
    sqlite3 *db;
    sqlite3_stmt *statement;
    size_t length = strlen(expected);
    assert_true(length <= PATTERN_MAX);
    memset(pattern, '_', length);
    pattern[length] = '\0';
    assert_int_equal(sqlite3_open(scene->database, &db), SQLITE_OK);
    assert_int_equal(sqlite3_prepare_v2(db, "SELECT seq, lane FROM event", -1, &statement, NULL),
                     SQLITE_OK);
    while (sqlite3_step(statement) == SQLITE_ROW) {
        size_t seq = (size_t)sqlite3_column_int64(statement, 0);
        assert_in_range(seq, 1, length);
        pattern[seq - 1] = sqlite3_column_int(statement, 1) == LANE_ALARM ? '!' : '.';
    }
    (void)sqlite3_finalize(statement);
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
    assert_string_equal(pattern, expected);
    assert_int_equal(scene_open(scene), 0);
    assert_int_equal(journal_store_newest(scene->store), length);
}

/* ---- by age ---- */

static void what_everybody_confirmed_goes_after_its_time_and_not_before(void **state) {
    struct scene *scene = *state;
    scene_record(scene, "!..!.!..");
    scene_confirm(scene, JOURNAL_SINK_MQTT, 6, 8);
    scene_turn(scene, 0);
    scene_turn(scene, 30 * DAY_NS - 1);
    scene_left(scene, "!..!.!..");
    scene_turn(scene, 30 * DAY_NS);
    assert_int_equal(scene->turn.expired, 7);
    assert_false(scene->turn.more);
    /* The newest stays, for the chain goes on from it. */
    scene_left(scene, "_______.");
    scene_record(scene, "!.");
    scene_left(scene, "_______.!.");
}

static void nothing_goes_that_one_of_the_sinks_has_not_confirmed(void **state) {
    struct scene *scene = *state;
    scene->keep.sinks[JOURNAL_SINK_DATABASE] = true;
    scene_record(scene, "!..!.!..");
    scene_confirm(scene, JOURNAL_SINK_MQTT, 6, 8);
    scene_confirm(scene, JOURNAL_SINK_DATABASE, 1, 2);
    scene_turn(scene, 0);
    scene_turn(scene, 400 * DAY_NS);
    assert_int_equal(scene->turn.expired, 2);
    scene_left(scene, "__.!.!..");
}

static void a_sink_that_the_site_does_not_have_holds_nothing_back(void **state) {
    struct scene *scene = *state;
    scene->keep.sinks[JOURNAL_SINK_MQTT] = false;
    scene_record(scene, "!..!");
    scene_turn(scene, 0);
    scene_turn(scene, 30 * DAY_NS);
    scene_left(scene, "___!");
}

static void a_sink_that_the_site_has_only_now_is_waited_for(void **state) {
    struct scene *scene = *state;
    scene_record(scene, "!..!");
    scene_confirm(scene, JOURNAL_SINK_MQTT, 4, 3);
    scene_turn(scene, 0);
    scene->keep.sinks[JOURNAL_SINK_DATABASE] = true;
    scene_turn(scene, 60 * DAY_NS);
    scene_left(scene, "!..!");
}

/* The week begins with the receipt, however old the event is by then. */
static void the_time_runs_from_the_receipt(void **state) {
    struct scene *scene = *state;
    scene_record(scene, "!..!");
    scene_turn(scene, 0);
    scene_confirm(scene, JOURNAL_SINK_MQTT, 4, 3);
    scene_turn(scene, 50 * DAY_NS);
    scene_left(scene, "!..!");
    scene_turn(scene, 80 * DAY_NS - 1);
    scene_left(scene, "!..!");
    scene_turn(scene, 80 * DAY_NS);
    scene_left(scene, "___!");
}

static void a_clock_that_was_set_back_lets_nothing_go_early(void **state) {
    struct scene *scene = *state;
    scene_record(scene, "!..!");
    scene_confirm(scene, JOURNAL_SINK_MQTT, 4, 3);
    scene_turn(scene, 100 * DAY_NS); /* it was wrong */
    scene_turn(scene, 0);
    scene_turn(scene, 30 * DAY_NS - 1);
    scene_left(scene, "!..!");
    scene_turn(scene, 30 * DAY_NS);
    scene_left(scene, "___!");
}

static void marks_are_few_and_do_not_gather(void **state) {
    struct scene *scene = *state;
    scene_record(scene, "!");
    scene_turn(scene, 0);
    scene_turn(scene, DAY_NS / 4 - 1);
    assert_int_equal(database_ask(scene->database, "SELECT count(*) FROM mark"), 1);
    scene_turn(scene, DAY_NS / 4);
    assert_int_equal(database_ask(scene->database, "SELECT count(*) FROM mark"), 2);
    for (int day = 1; day < 200; day++) {
        scene_turn(scene, day * DAY_NS);
    }
    assert_int_equal(database_ask(scene->database, "SELECT count(*) FROM mark"), 31);
}

static void where_an_event_went_early_from_is_forgotten_with_it(void **state) {
    struct scene *scene = *state;
    scene_record(scene, "!!");
    database_run(scene->database, "INSERT INTO first_sent VALUES(1,7),(2,8)");
    scene_confirm(scene, JOURNAL_SINK_MQTT, 2, 0);
    scene_turn(scene, 0);
    scene_turn(scene, 30 * DAY_NS);
    assert_int_equal(database_ask(scene->database, "SELECT count(*) FROM first_sent"), 1);
    assert_int_equal(database_ask(scene->database, "SELECT n FROM first_sent"), 8);
}

/* ---- the chain over what is gone ---- */

static void the_chain_proves_what_stands_behind_a_gap(void **state) {
    static const char *const tampering[] = {
        "UPDATE event SET body=replace(body,'main','mein') WHERE seq=4",
        "UPDATE event SET body=replace(body,'main','mein') WHERE seq=6",
        "UPDATE run SET before=zeroblob(32) WHERE first=4",
        "UPDATE run SET before=x'11' WHERE first=6",
        "DELETE FROM run WHERE first=4",
        "DELETE FROM event WHERE seq=7",
    };
    for (size_t i = 0; i < sizeof tampering / sizeof tampering[0]; i++) {
        void *again = NULL;
        assert_int_equal(scene_setup(&again), 0);
        struct scene *scene = again;
        scene_record(scene, "!..!.!!.");
        scene_confirm(scene, JOURNAL_SINK_MQTT, 1, 8);
        scene_turn(scene, 0);
        scene_turn(scene, 30 * DAY_NS);
        scene_left(scene, "___!_!!.");
        database_run(scene->database, tampering[i]);
        assert_int_equal(scene_open(scene), JOURNAL_E_DAMAGED);
        assert_int_equal(scene_teardown(&again), 0);
    }
    (void)state;
}

/* ---- by size ---- */

static void a_file_that_is_too_large_lets_go_after_a_week(void **state) {
    struct scene *scene = *state;
    scene->keep.size = 1;
    scene_record(scene, "!!!!");
    scene_confirm(scene, JOURNAL_SINK_MQTT, 4, 0);
    scene_turn(scene, 0);
    scene_turn(scene, 7 * DAY_NS - 1);
    assert_true(scene->turn.crowded);
    scene_left(scene, "!!!!");
    scene_turn(scene, 7 * DAY_NS);
    assert_int_equal(scene->turn.expired, 3);
    assert_false(scene->turn.crowded);
    scene_left(scene, "___!");
}

/* Whoever audits the file is told what is gone between its rows, and what was lost to somebody. */
static void audit_finds(const struct scene *scene, uint64_t let_go, uint64_t lost) {
    struct journal_audit audit;
    char reason[JOURNAL_REASON_SIZE];
    assert_int_equal(journal_audit(scene->database, NULL, &audit, reason), 0);
    assert_int_equal(audit.let_go, let_go);
    assert_int_equal(audit.lost, lost);
}

static void without_room_activity_goes_and_alarms_never_do(void **state) {
    struct scene *scene = *state;
    scene->keep.size = 1;
    scene_record(scene, "..!.!!..!");
    scene_confirm(scene, JOURNAL_SINK_MQTT, 6, 2);
    scene_turn(scene, 0);
    assert_int_equal(scene->turn.expired, 0);
    assert_int_equal(scene->turn.shortened, 2);
    assert_int_equal(scene->turn.lost, 3);
    assert_false(scene->turn.crowded);
    scene_left(scene, "__!_!!__!");
    audit_finds(scene, 3, 3);
    scene_turn(scene, 60000);
    assert_int_equal(scene->turn.shortened + scene->turn.lost, 0);
    assert_true(scene->turn.crowded);
    scene_left(scene, "__!_!!__!");
}

static void a_file_of_its_size_is_not_too_large(void **state) {
    struct scene *scene = *state;
    scene_record(scene, "!..!");
    scene_turn(scene, 0);
    scene->keep.size = scene->turn.bytes;
    scene_turn(scene, 1);
    scene_left(scene, "!..!");
    scene->keep.size = scene->turn.bytes - 1;
    scene_turn(scene, 2);
    scene_left(scene, "!__!");
}

/* The oldest first, and never more than a commit can wait for. */
static void a_turn_has_its_bound(void **state) {
    struct scene *scene = *state;
    char pattern[2 * JOURNAL_KEEP_ROWS + 2];
    memset(pattern, '.', sizeof pattern - 1);
    pattern[sizeof pattern - 1] = '\0';
    scene->keep.size = 1;
    scene_record(scene, pattern);
    scene_turn(scene, 0);
    assert_int_equal(scene->turn.lost, JOURNAL_KEEP_ROWS);
    assert_true(scene->turn.more);
    memset(pattern, '_', JOURNAL_KEEP_ROWS);
    scene_left(scene, pattern);
    scene_turn(scene, 1);
    scene_turn(scene, 2);
    memset(pattern, '_', sizeof pattern - 2);
    scene_left(scene, pattern);
    assert_false(scene->turn.more);
    audit_finds(scene, 0, 2 * JOURNAL_KEEP_ROWS);
}

/* Alarms that nobody takes stand before them; they are passed over in turns as well. */
static void activity_behind_many_alarms_is_found(void **state) {
    struct scene *scene = *state;
    char pattern[JOURNAL_KEEP_ROWS + 4];
    memset(pattern, '!', sizeof pattern - 3);
    memcpy(pattern + sizeof pattern - 3, "..", 3);
    scene->keep.size = 1;
    scene_record(scene, pattern);
    scene_turn(scene, 0);
    assert_int_equal(scene->turn.lost, 0);
    assert_true(scene->turn.more);
    scene_turn(scene, 1);
    assert_int_equal(scene->turn.lost, 1);
    pattern[sizeof pattern - 3] = '_';
    scene_left(scene, pattern);
}

static void the_file_does_not_outgrow_its_size(void **state) {
    struct scene *scene = *state;
    char pattern[65];
    uint64_t largest = 0;
    memset(pattern, '.', sizeof pattern - 1);
    pattern[sizeof pattern - 1] = '\0';
    scene->keep.size = 256 * 1024;
    for (int i = 0; i < 200; i++) {
        scene_record(scene, pattern);
        scene_turn(scene, i);
        largest = scene->turn.bytes > largest ? scene->turn.bytes : largest;
    }
    journal_store_checkpoint(scene->store);
    struct stat file;
    assert_int_equal(stat(scene->database, &file), 0);
    assert_true(largest > scene->keep.size);
    assert_true((uint64_t)file.st_size < scene->keep.size + 16 * 4096);
    assert_int_equal(scene_open(scene), 0);
    assert_int_equal(journal_store_newest(scene->store), 200 * (sizeof pattern - 1));
}

int main(void) {
#define SCENE(test) cmocka_unit_test_setup_teardown(test, scene_setup, scene_teardown)
    const struct CMUnitTest tests[] = {
        SCENE(what_everybody_confirmed_goes_after_its_time_and_not_before),
        SCENE(nothing_goes_that_one_of_the_sinks_has_not_confirmed),
        SCENE(a_sink_that_the_site_does_not_have_holds_nothing_back),
        SCENE(a_sink_that_the_site_has_only_now_is_waited_for),
        SCENE(the_time_runs_from_the_receipt),
        SCENE(a_clock_that_was_set_back_lets_nothing_go_early),
        SCENE(marks_are_few_and_do_not_gather),
        SCENE(where_an_event_went_early_from_is_forgotten_with_it),
        cmocka_unit_test(the_chain_proves_what_stands_behind_a_gap),
        SCENE(a_file_that_is_too_large_lets_go_after_a_week),
        SCENE(without_room_activity_goes_and_alarms_never_do),
        SCENE(a_file_of_its_size_is_not_too_large),
        SCENE(a_turn_has_its_bound),
        SCENE(activity_behind_many_alarms_is_found),
        SCENE(the_file_does_not_outgrow_its_size),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
