/* SPDX-License-Identifier: Apache-2.0 */

/*
 * What a salvage keeps of an event that has rotted in one place or another
 *
 * A journal of events with all their columns is changed, and the next one takes over what it can. What
 * it keeps is the row that was recorded, to the last column, or it says that nothing proves it.
 */

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sqlite3.h>

#include "gateway/journal/journal_audit.h"
#include "gateway/journal/journal_directory.h"
#include "gateway/journal/journal_inspection.h"
#include "gateway/site.h"
#include "tests/support/cmocka.h"
#include "tests/support/database.h"
#include "tests/support/scratch.h"
#include "tests/support/whole_event.h"

enum { PATH_SIZE = 128, EVENTS = 9 };

struct scene {
    char root[64];
    char state[PATH_SIZE], database[PATH_SIZE], sound[PATH_SIZE];
    struct journal_salvaged salvaged;
};

static void alarm_name(const void *context, uint32_t alarm, char *ret) {
    (void)context;
    (void)snprintf(ret, SITE_ALARM_NAME_SIZE, "call/room/button-%" PRIu32, alarm);
}

static const struct journal_identity identity = {"gulou-demo", "main", alarm_name, NULL};

static int scene_setup(void **state) {
    char reason[JOURNAL_REASON_SIZE];
    struct journal_store *store;
    struct journal_gather gather;
    struct scene *scene = calloc(1, sizeof *scene);
    assert_non_null(scene);
    (void)snprintf(scene->root, sizeof scene->root, "/tmp/tocsin-salvage-XXXXXX");
    assert_non_null(mkdtemp(scene->root));
    (void)snprintf(scene->state, sizeof scene->state, "%s/state", scene->root);
    (void)snprintf(scene->database, sizeof scene->database, "%s/state/journal.db", scene->root);
    (void)snprintf(scene->sound, sizeof scene->sound, "%s/sound.db", scene->root);
    assert_int_equal(mkdir(scene->state, 0700), 0);
    assert_int_equal(journal_store_open(scene->database, &identity, &store, reason), 0);
    assert_int_equal(journal_gather_init(&gather, 1), 0);
    for (unsigned number = 1; number <= EVENTS; number++) {
        struct journal_event *event = NULL;
        assert_int_equal(whole_event_make(number, 0, &event), 0);
        journal_gather_add_event(&gather, event);
    }
    assert_int_equal(journal_store_commit(store, &gather, "17", "gulou-demo.main.17."), 0);
    journal_gather_deinit(&gather);
    (void)journal_store_free(store, true);
    char copy[2 * PATH_SIZE];
    (void)snprintf(copy, sizeof copy, "VACUUM INTO '%s'", scene->sound);
    database_run(scene->database, copy);
    *state = scene;
    return 0;
}

static int scene_teardown(void **state) {
    struct scene *scene = *state;
    int r = scratch_remove(scene->root);
    free(scene);
    return r;
}

/* Change the sound journal, and nothing of it is in the file twice. */
static void scene_change(const struct scene *scene, const char *sql) {
    char copy[2 * PATH_SIZE];
    (void)scratch_remove(scene->state);
    assert_int_equal(mkdir(scene->state, 0700), 0);
    (void)snprintf(copy, sizeof copy, "VACUUM INTO '%s'", scene->database);
    database_run(scene->sound, copy);
    database_run(scene->database, sql);
    database_run(scene->database, "VACUUM");
}

static void scene_salvage(struct scene *scene) {
    struct journal_directory directory;
    struct journal_finding finding;
    struct journal_store *store;
    assert_int_equal(journal_directory_init(&directory, scene->state, 1), 0);
    assert_int_equal(journal_directory_open(&directory, &identity, "a test", &store, &finding), 0);
    assert_int_equal(journal_store_salvage_events(store, &scene->salvaged), 0);
    (void)journal_store_free(store, true);
    journal_directory_deinit(&directory);
}

/* So many rows are in one of the two journals and not in the other, in any column. */
static uint64_t scene_differs(const struct scene *scene, const char *of, const char *from) {
    char sql[512];
    (void)snprintf(
        sql, sizeof sql,
        "ATTACH '%s' AS sound; CREATE TEMP TABLE difference AS SELECT *, typeof(boot), "
        "typeof(at_wall), typeof(type), typeof(place), typeof(body) FROM %s.event EXCEPT "
        "SELECT *, typeof(boot), typeof(at_wall), typeof(type), typeof(place), "
        "typeof(body) FROM %s.event",
        scene->sound, of, from);
    sqlite3 *db;
    sqlite3_stmt *statement;
    assert_int_equal(sqlite3_open(scene->database, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(
        sqlite3_prepare_v2(db, "SELECT count(*) FROM difference", -1, &statement, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_step(statement), SQLITE_ROW);
    uint64_t count = (uint64_t)sqlite3_column_int64(statement, 0);
    (void)sqlite3_finalize(statement);
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
    return count;
}

/* All that is kept is as it was recorded, and the counts are right. */
static void scene_holds(const struct scene *scene, uint64_t lost, uint64_t unproven,
                        uint64_t mended) {
    struct journal_audit audit;
    char reason[JOURNAL_REASON_SIZE];
    assert_int_equal(scene->salvaged.lost, lost);
    assert_int_equal(scene->salvaged.unproven, unproven);
    assert_int_equal(scene->salvaged.mended, mended);
    assert_int_equal(scene->salvaged.kept, EVENTS - lost);
    assert_int_equal(database_ask(scene->database, "SELECT count(*) FROM event"), EVENTS - lost);
    assert_int_equal(scene_differs(scene, "main", "sound"), 0);
    assert_int_equal(scene_differs(scene, "sound", "main"), lost);
    /* Where the newest is lost that is noted for the one that comes next. */
    uint64_t lost_end = database_ask(scene->database, "SELECT max(seq) < 9 FROM event");
    assert_int_equal(database_ask(scene->database, "SELECT count(*) FROM run WHERE before IS NULL"),
                     unproven + lost_end);
    assert_int_equal(database_ask(scene->database, "SELECT count(*) FROM run WHERE before IS NULL "
                                                   "AND first=10"),
                     lost_end);
    assert_int_equal(journal_audit(scene->database, NULL, &audit, reason), 0);
    assert_int_equal(audit.broken_seq, 0);
    assert_true(audit.fault == AUDIT_SOUND || lost > 0); /* what is lost is missed */
    assert_int_equal(audit.noted, unproven + lost_end);
}

static void scene_inspects(const struct scene *scene, enum journal_inspection_state expected,
                           const char *reason) {
    struct journal_inspection *inspection;
    enum journal_inspection_state state;
    assert_int_equal(journal_inspection_new(scene->database, &inspection), 0);
    do {
        state = journal_inspection_step(inspection, 0);
    } while (state == INSPECTION_GOES_ON);
    assert_int_equal(state, expected);
    assert_non_null(strstr(journal_inspection_reason(inspection), reason));
    (void)journal_inspection_free(inspection);
}

static void a_column_that_has_rotted_is_found_and_taken_anew_from_the_body(void **state) {
    static const struct {
        const char *sql, *column;
        uint64_t mended; /* 0: the same bytes of another kind */
    } rots[] = {
        {"UPDATE event SET boot='16' WHERE seq=4", "boot", 1},
        {"UPDATE event SET at_wall=at_wall+(1<<40) WHERE seq=4", "at_wall", 1},
        {"UPDATE event SET type='access.grantee' WHERE seq=4", "type", 1},
        {"UPDATE event SET type='access.denied' WHERE seq=4", "type", 1},
        {"UPDATE event SET lane=0 WHERE seq=4", "lane", 1},
        {"UPDATE event SET lane=1 WHERE seq=6", "lane", 1},
        {"UPDATE event SET lane=7 WHERE seq=6", "lane", 1},
        {"UPDATE event SET alarm='call/room/button-1' WHERE seq=6", "alarm", 1},
        {"UPDATE event SET alarm='call' WHERE seq=4", "alarm", 1},
        {"UPDATE event SET place='' WHERE seq=6", "place", 1},
        {"UPDATE event SET place=CAST(place AS BLOB) WHERE seq=6", "place", 0},
        {"UPDATE event SET point='hall/doos' WHERE seq=4", "point", 1},
        {"UPDATE event SET point='room/button-2' WHERE seq=6", "point", 1},
        {"UPDATE event SET point=NULL WHERE seq=9", "point", 1}, /* the newest */
    };
    struct scene *scene = *state;
    for (size_t i = 0; i < sizeof rots / sizeof *rots; i++) {
        scene_change(scene, rots[i].sql);
        scene_inspects(scene, INSPECTION_DAMAGED, rots[i].column);
        scene_salvage(scene);
        scene_holds(scene, 0, 0, rots[i].mended);
        scene_inspects(scene, INSPECTION_SOUND, "");
    }
}

static void a_body_or_digest_of_another_kind_of_bytes_is_what_it_was(void **state) {
    struct scene *scene = *state;
    scene_change(scene,
                 "UPDATE event SET body=CAST(body AS BLOB), boot=CAST(boot AS BLOB) WHERE seq=4");
    scene_salvage(scene);
    scene_holds(scene, 0, 0, 0);
}

static void an_event_whose_digest_has_rotted_is_kept_by_the_word_of_the_next(void **state) {
    struct scene *scene = *state;
    const char *const rots[] = {"UPDATE event SET digest=zeroblob(32) WHERE seq=1",
                                "UPDATE event SET digest=zeroblob(32) WHERE seq=4",
                                "UPDATE event SET digest=zeroblob(32) WHERE seq=8"};
    for (size_t i = 0; i < sizeof rots / sizeof *rots; i++) {
        scene_change(scene, rots[i]);
        scene_salvage(scene);
        scene_holds(scene, 0, 0, 1);
    }
    /* Of the newest there is no other word. */
    scene_change(scene, "UPDATE event SET digest=zeroblob(32) WHERE seq=9");
    scene_salvage(scene);
    scene_holds(scene, 1, 0, 0);
}

static void a_body_that_has_rotted_is_lost_and_takes_nothing_along(void **state) {
    struct scene *scene = *state;
    const char *const rots[] = {
        "UPDATE event SET body=replace(body,':\"door',':\"dooq') WHERE seq=1",
        "UPDATE event SET body=replace(body,':\"door',':\"dooq') WHERE seq=4",
        "UPDATE event SET body=replace(body,':\"call',':\"\"all') WHERE seq=6",
        "UPDATE event SET body=replace(body,':\"door',':\"dooq') WHERE seq=8",
        "UPDATE event SET body=replace(body,':\"call',':\"cald') WHERE seq=9",
    };
    for (size_t i = 0; i < sizeof rots / sizeof *rots; i++) {
        scene_change(scene, rots[i]);
        scene_salvage(scene);
        scene_holds(scene, 1, 0, 0);
    }
}

/* Nothing in the file proves what came after a body and a digest that are both gone. */
static void the_event_after_one_that_is_wholly_lost_is_kept_and_told_as_unproven(void **state) {
    struct scene *scene = *state;
    const char *const rots[] = {
        "UPDATE event SET body=replace(body,':\"door',':\"dooq'), digest=zeroblob(32) WHERE seq=4",
        "DELETE FROM event WHERE seq=4",
    };
    for (size_t i = 0; i < sizeof rots / sizeof *rots; i++) {
        scene_change(scene, rots[i]);
        scene_salvage(scene);
        scene_holds(scene, 1, 1, 0);
    }
    scene_change(
        scene, "UPDATE event SET body=replace(body,':\"door',':\"dooq'), digest=zeroblob(32) WHERE "
               "seq=4; UPDATE event SET digest=zeroblob(32) WHERE seq=7");
    scene_salvage(scene);
    scene_holds(scene, 1, 1, 1);
}

static void what_nothing_proves_and_is_not_of_the_form_of_an_event_is_left_out(void **state) {
    struct scene *scene = *state;
    const char *const rots[] = {
        "DELETE FROM event WHERE seq=4; UPDATE event SET body=replace(body,'place','pl\"ce') WHERE seq=5",
        "UPDATE event SET body=replace(body,':\"door',':\"dooq'), digest=zeroblob(32) WHERE seq=4;"
        "UPDATE event SET body=replace(body,'\"data\":','\"data\",') WHERE seq=5",
    };
    for (size_t i = 0; i < sizeof rots / sizeof *rots; i++) {
        scene_change(scene, rots[i]);
        scene_salvage(scene);
        scene_holds(scene, 2, 0,
                    0); /* the one after those follows from the digest, which is there */
    }
}

/* A hole behind which neither of two can be proven costs neither of them, and both are told. */
static void neither_of_two_is_left_out_that_nobody_can_decide_between(void **state) {
    struct scene *scene = *state;
    scene_change(scene, "DELETE FROM event WHERE seq=4;"
                        "UPDATE event SET digest=zeroblob(32) WHERE seq=5");
    scene_salvage(scene);
    assert_int_equal(scene->salvaged.lost, 1);
    assert_int_equal(scene->salvaged.unproven, 2);
    assert_int_equal(database_ask(scene->database, "SELECT count(*) FROM run WHERE before IS NULL "
                                                   "AND first IN (5, 6)"),
                     2);
    assert_int_equal(scene_differs(scene, "main", "sound"), 1); /* the digest of the fifth */
    scene_inspects(scene, INSPECTION_SOUND, "");
}

/* A seal that is kept beside a row that is let go of, and rots: nobody can say which of the two did. */
static void a_hole_of_retention_whose_digest_has_rotted_loses_nothing(void **state) {
    struct scene *scene = *state;
    scene_change(scene, "DELETE FROM event WHERE seq=4; INSERT INTO run VALUES(5, zeroblob(32))");
    scene_salvage(scene);
    assert_int_equal(scene->salvaged.lost, 0);
    assert_int_equal(scene->salvaged.unproven, 1);
    assert_int_equal(scene_differs(scene, "main", "sound"), 0);
}

/* A name that has rotted makes nobody else's journal of it; that of another site is one. */
static void a_journal_whose_name_has_rotted_is_still_ours(void **state) {
    struct scene *scene = *state;
    scene_change(scene, "UPDATE meta SET value='-ain' WHERE key='gateway'");
    scene_salvage(scene);
    scene_holds(scene, 0, 0, 0);
    scene_change(scene, "UPDATE meta SET value='elsewhere' WHERE key='site';"
                        "UPDATE event SET body=replace(body,'gulou-demo','elsewhere')");
    struct journal_directory directory;
    struct journal_finding finding;
    struct journal_store *store;
    assert_int_equal(journal_directory_init(&directory, scene->state, 1), 0);
    assert_int_equal(journal_directory_open(&directory, &identity, "", &store, &finding), 0);
    assert_true(finding.foreign);
    assert_false(journal_store_is_salvaging(store));
    (void)journal_store_free(store, true);
    journal_directory_deinit(&directory);
}

/* ---- what stands beside the events ---- */

enum { ALARMS = 300 };

/* The page in the middle of those that have rows of the table. */
static long page_of(const char *path, const char *table) {
    char sql[256];
    (void)snprintf(sql, sizeof sql,
                   "SELECT pageno FROM dbstat WHERE name='%s' AND pagetype='leaf' ORDER BY path "
                   "LIMIT 1 OFFSET (SELECT count(*) / 2 FROM dbstat WHERE name='%s' AND "
                   "pagetype='leaf')",
                   table, table);
    return (long)database_ask(path, sql);
}

/* A page of the alarms is gone: those before it and behind it are taken over. */
static void a_page_of_alarms_that_is_gone_costs_what_stood_on_it(void **state) {
    struct scene *scene = *state;
    static const unsigned char zeros[4096];
    char sql[512];
    (void)snprintf(
        sql, sizeof sql,
        "WITH RECURSIVE n(i) AS (VALUES(1) UNION ALL SELECT i + 1 FROM n WHERE i < %d) "
        "INSERT INTO alarm(name, pending, active, acked, latched, attended, open, "
        "occurrence, raises, condition, remaining_ns, raised, acked_at, attended_at, "
        "at_instant, at_wall, changed, value, quality) SELECT printf('call/room/b%%04d', i), "
        "0, 1, 0, 0, 0, 1, i, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0.5, 0 FROM n",
        (int)ALARMS);
    scene_change(scene, sql);
    uint64_t on_page =
        database_ask(scene->database, "SELECT max(ncell) FROM dbstat WHERE name='alarm'");
    long page = page_of(scene->database, "alarm");
    FILE *file = fopen(scene->database, "r+b");
    assert_non_null(file);
    assert_int_equal(fseek(file, (page - 1) * (long)sizeof zeros, SEEK_SET), 0);
    assert_int_equal(fwrite(zeros, 1, sizeof zeros, file), sizeof zeros);
    assert_int_equal(fclose(file), 0);
    scene_salvage(scene);
    uint64_t kept = database_ask(scene->database, "SELECT count(*) FROM alarm");
    assert_in_range(kept, ALARMS - on_page - 1, ALARMS - 1);
    /* Both ends are there, and each is what it was. */
    assert_int_equal(database_ask(scene->database,
                                  "SELECT count(*) FROM alarm WHERE name IN ('call/room/b0001', "
                                  "'call/room/b0300') AND active=1 AND value=0.5"),
                     2);
    assert_int_equal(database_ask(scene->database, "SELECT count(*) FROM alarm WHERE occurrence <> "
                                                   "CAST(substr(name, 12) AS INTEGER)"),
                     0);
}

int main(void) {
#define SCENE(test) cmocka_unit_test_setup_teardown(test, scene_setup, scene_teardown)
    const struct CMUnitTest tests[] = {
        SCENE(a_column_that_has_rotted_is_found_and_taken_anew_from_the_body),
        SCENE(a_body_or_digest_of_another_kind_of_bytes_is_what_it_was),
        SCENE(an_event_whose_digest_has_rotted_is_kept_by_the_word_of_the_next),
        SCENE(a_body_that_has_rotted_is_lost_and_takes_nothing_along),
        SCENE(the_event_after_one_that_is_wholly_lost_is_kept_and_told_as_unproven),
        SCENE(what_nothing_proves_and_is_not_of_the_form_of_an_event_is_left_out),
        SCENE(neither_of_two_is_left_out_that_nobody_can_decide_between),
        SCENE(a_hole_of_retention_whose_digest_has_rotted_loses_nothing),
        SCENE(a_journal_whose_name_has_rotted_is_still_ours),
        SCENE(a_page_of_alarms_that_is_gone_costs_what_stood_on_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
