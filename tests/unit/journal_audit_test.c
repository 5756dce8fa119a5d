/* SPDX-License-Identifier: Apache-2.0 */

/*
 * What an audit makes of a journal that retention has let go of a great deal of
 *
 * Weeks go by in a few lives: events of both lanes each day, a sink that has everything, then one that
 * takes no alarms for long, then a file that is too large. Whatever retention does of it must be found
 * sound after every turn, with the key; whatever somebody does who can write the file, and knows how it
 * is made, must not.
 */

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <openssl/sha.h>
#include <sqlite3.h>

#include "gateway/journal/journal_audit.h"
#include "gateway/journal/journal_backup.h"
#include "gateway/journal/journal_directory.h"
#include "gateway/journal/journal_ledger.h"
#include "gateway/site.h"
#include "tests/support/cmocka.h"
#include "tests/support/database.h"
#include "tests/support/scratch.h"

enum { PATH_SIZE = 160, DAYS = 60 };

#define DAY_NS   (INT64_C(86400) * (int64_t)NS_PER_S)
#define BEGIN_NS (20000 * DAY_NS)

/* The third alarm that stands between two holes. */
#define ALONE                                                                                      \
    "(SELECT seq FROM event e WHERE lane=0 AND NOT EXISTS(SELECT 1 FROM event f WHERE f.seq IN "   \
    "(e.seq - 1, e.seq + 1)) ORDER BY seq LIMIT 1 OFFSET 2)"

struct scene {
    char root[64];
    char state[PATH_SIZE], database[PATH_SIZE], key[PATH_SIZE], sound[PATH_SIZE];
    struct seal_keys keys;
    struct journal_store *store;
    struct journal_gather gather;
    struct journal_keep keep;
    struct journal_audit audit; /* the newest */
    uint64_t alarms;            /* recorded */
    uint32_t let_go, rounds;
};

static void alarm_name(const void *context, uint32_t alarm, char *ret) {
    (void)context;
    (void)snprintf(ret, SITE_ALARM_NAME_SIZE, "fire_alarm/room-%" PRIu32, alarm);
}

static const struct journal_identity identity = {"gulou-demo", "main", alarm_name, NULL};

static bool goes_on(void *context) {
    (void)context;
    return true;
}

static void scene_open(struct scene *scene) {
    char reason[JOURNAL_REASON_SIZE];
    scene->store = journal_store_free(scene->store, true);
    assert_int_equal(journal_store_open(scene->database, &identity, &scene->store, reason), 0);
}

static void scene_commit(struct scene *scene) {
    assert_int_equal(journal_store_commit(scene->store, &scene->gather, "1", "gulou-demo.main.1."),
                     0);
    journal_gather_deinit(&scene->gather);
    assert_int_equal(journal_gather_init(&scene->gather, 1), 0);
}

/* A day's events: `!` of an alarm, `.` of activity. */
static void scene_record(struct scene *scene, int day, const char *pattern) {
    for (const char *at = pattern; *at != '\0'; at++) {
        static const char text[] = ",\"data\":{\"text\":\"it burns\"}}";
        struct journal_event *event;
        bool alarm = *at == '!';
        assert_int_equal(journal_event_new(text, 0, strlen(text), &event), 0);
        event->lane = alarm ? LANE_ALARM : LANE_ACTIVITY;
        event->type = alarm ? EVENT_ALARM_RAISED : EVENT_ACCESS_GRANTED;
        event->alarm = alarm ? 0 : RULESET_NONE;
        event->wall = (struct wall){BEGIN_NS + day * DAY_NS};
        atomic_init(&event->early, 0);
        journal_gather_add_event(&scene->gather, event);
        scene->alarms += alarm;
    }
    scene_commit(scene);
}

static void scene_confirm(struct scene *scene, uint64_t alarm, uint64_t activity) {
    journal_gather_confirm(&scene->gather, JOURNAL_SINK_MQTT, LANE_ALARM, alarm);
    journal_gather_confirm(&scene->gather, JOURNAL_SINK_MQTT, LANE_ACTIVITY, activity);
    scene_commit(scene);
}

static void scene_seal(struct scene *scene, int day) {
    char reason[JOURNAL_REASON_SIZE];
    struct journal_seal seal;
    bool recorded = false;
    assert_true(
        journal_store_wants_seal(scene->store, (struct wall){BEGIN_NS + day * DAY_NS}, &seal));
    assert_int_equal(journal_ledger_fill(&seal, scene->database, goes_on, NULL, reason), 0);
    assert_int_equal(seal_sign(&seal, scene->key, "gulou-demo", "main", reason), 0);
    assert_int_equal(journal_store_seal(scene->store, &seal, &recorded), 0);
    assert_true(recorded);
}

static bool scene_is_good_at(struct scene *scene, const char *path) {
    char reason[JOURNAL_REASON_SIZE];
    assert_int_equal(journal_audit(path, &scene->keys, &scene->audit, reason), 0);
    return journal_audit_is_good(&scene->audit);
}

static void scene_is_sound(struct scene *scene, int day, const char *when) {
    if (!scene_is_good_at(scene, scene->database)) {
        fail_msg("day %d, %s: fault %d at %" PRIu64 " to %" PRIu64 ", of the seals %d at %" PRIu64
                 ", unproven %" PRIu64,
                 day, when, (int)scene->audit.fault, scene->audit.fault_seq,
                 scene->audit.fault_last, (int)scene->audit.seals.fault,
                 scene->audit.seals.seal.number, scene->audit.unproven);
    }
}

static void scene_keep(struct scene *scene, int day) {
    struct journal_keep_turn turn;
    do {
        const struct wall now = {BEGIN_NS + day * DAY_NS};
        assert_int_equal(journal_store_keep(scene->store, &scene->keep, now, &turn), 0);
        scene->let_go += turn.expired + turn.shortened + turn.lost;
        scene->rounds += turn.expired + turn.shortened + turn.lost > 0;
        if (day > 0) { /* before there is any seal the key finds none */
            scene_is_sound(scene, day, "after a turn");
        }
    } while (turn.more);
}

static void scene_read_key(struct scene *scene) {
    char reason[JOURNAL_REASON_SIZE];
    char pub[PATH_SIZE];
    (void)snprintf(pub, sizeof pub, "%s/public", scene->root);
    FILE *file = fopen(pub, "w");
    assert_non_null(file);
    assert_int_equal(seal_key_print(scene->key, file, reason), 0);
    assert_int_equal(fclose(file), 0);
    assert_int_equal(seal_keys_read(pub, &scene->keys, reason), 0);
}

static struct scene *scene_new(void) {
    char reason[JOURNAL_REASON_SIZE];
    struct scene *scene = calloc(1, sizeof *scene);
    assert_non_null(scene);
    (void)snprintf(scene->root, sizeof scene->root, "/tmp/tocsin-audit-XXXXXX");
    assert_non_null(mkdtemp(scene->root));
    (void)snprintf(scene->state, PATH_SIZE, "%s/state", scene->root);
    (void)snprintf(scene->database, PATH_SIZE, "%s/state/journal.db", scene->root);
    (void)snprintf(scene->key, PATH_SIZE, "%s/key", scene->root);
    (void)snprintf(scene->sound, PATH_SIZE, "%s/sound.db", scene->root);
    assert_int_equal(mkdir(scene->state, 0700), 0);
    assert_int_equal(seal_key_make(scene->key, reason), 0);
    scene->keep = (struct journal_keep){.keep_ns = 10 * (uint64_t)DAY_NS,
                                        .size = UINT64_C(1) << 30,
                                        .sinks = {[JOURNAL_SINK_MQTT] = true},
                                        .leaves = true};
    assert_int_equal(journal_gather_init(&scene->gather, 1), 0);
    scene_read_key(scene);
    scene_open(scene);
    return scene;
}

static void scene_free(struct scene *scene) {
    (void)journal_store_free(scene->store, false);
    journal_gather_deinit(&scene->gather);
    assert_int_equal(scratch_remove(scene->root), 0);
    free(scene);
}

static int scene_teardown(void **state) {
    scene_free(*state);
    return 0;
}

/* Days on which no alarm of days 15 to 39 is taken by the sink, nor any activity of days 48 on. */
static void scene_live(struct scene *scene, int from, int until) {
    static const char *const patterns[] = {"!..!.", "....", ".!!.!...!", "!", "..!......!.."};
    for (int day = from; day < until; day++) {
        uint64_t newest = journal_store_newest(scene->store);
        uint64_t stuck = (uint64_t)database_ask(
            scene->database, "SELECT ifnull(max(seq), 0) FROM sink WHERE lane=0");
        scene_confirm(scene, day >= 15 && day < 40 ? stuck : newest, newest);
        scene_record(scene, day, patterns[(size_t)day % (sizeof patterns / sizeof *patterns)]);
        scene_keep(scene, day);
        scene_seal(scene, day);
        scene_is_sound(scene, day, "signed");
        scene_keep(scene, day);
        if (day % 7 == 0) {
            scene_open(scene);
        }
    }
}

/* Lived once, and copied for each test. */
static struct scene *weeks, *stuck;

static int lives_setup(void **state) {
    (void)state;
    /* Half way: alarms that nobody takes stand alone between activity that went. */
    stuck = scene_new();
    scene_live(stuck, 0, 38);
    weeks = scene_new();
    scene_live(weeks, 0, 45);
    /* A disk that is too small: all activity goes, whoever has it, and no alarm within a week. */
    weeks->keep.size = 1;
    scene_live(weeks, 45, 50);
    weeks->keep.size = UINT64_C(1) << 30;
    scene_live(weeks, 50, DAYS);
    scene_record(weeks, DAYS, "!.!");
    return 0;
}

static int lives_teardown(void **state) {
    (void)state;
    scene_free(stuck);
    scene_free(weeks);
    return 0;
}

static int copy_setup(void **state, const struct scene *life) {
    char sql[3 * PATH_SIZE];
    struct scene *scene = scene_new();
    scene->store = journal_store_free(scene->store, true);
    assert_int_equal(unlink(scene->database), 0);
    (void)snprintf(sql, sizeof sql, "VACUUM INTO '%s'", scene->database);
    database_run(life->database, sql);
    scene->keys = life->keys;
    (void)snprintf(scene->key, PATH_SIZE, "%s/key", life->root);
    scene->alarms = life->alarms;
    scene->let_go = life->let_go;
    scene->rounds = life->rounds;
    scene_open(scene);
    *state = scene;
    return 0;
}

static int weeks_setup(void **state) {
    return copy_setup(state, weeks);
}

static int stuck_setup(void **state) {
    return copy_setup(state, stuck);
}

static void what_retention_does_is_sound_after_every_turn(void **state) {
    struct scene *scene = *state;
    print_message("%u turns let go of %u events\n", scene->rounds, scene->let_go);
    assert_true(scene->rounds >= 20 && scene->let_go >= 200);
    scene_is_sound(scene, DAYS, "at the end");
    assert_int_equal(scene->audit.seals.count, DAYS);
    assert_int_equal(scene->audit.unsigned_events, 3);
    assert_int_equal(scene->audit.seals.covered, scene->audit.events - 3);
    /* Of those that are gone it is known how many were of alarms. */
    uint64_t here =
        (uint64_t)database_ask(scene->database, "SELECT count(*) FROM event WHERE lane=0");
    assert_int_equal(scene->audit.gone_alarms + here, scene->alarms);
    assert_true(scene->audit.lost > 0);
    /* What is left behind of it is forgotten once its stretch is gone. */
    assert_int_equal(
        database_ask(scene->database,
                     "SELECT count(*) FROM gone WHERE seq < (SELECT min(seq) FROM event) - 20"),
        0);
}

static void retention_leaves_alarms_alone_between_holes_and_proven(void **state) {
    struct scene *scene = *state;
    scene_is_sound(scene, 38, "stuck");
    assert_true(scene->audit.let_go > 50);
    assert_int_equal(scene->audit.seals.covered, scene->audit.events);
    assert_true(database_ask(scene->database, "SELECT count(*) FROM run") > 10);
}

static void a_restored_journal_is_as_sound_as_it_was(void **state) {
    struct scene *scene = *state;
    char reason[JOURNAL_REASON_SIZE];
    char backup_path[PATH_SIZE];
    char clean[PATH_SIZE];
    struct journal_backup backup;
    const struct wall now = {BEGIN_NS + DAYS * DAY_NS};
    (void)snprintf(backup_path, sizeof backup_path, "%s/backup", scene->root);
    (void)snprintf(clean, sizeof clean, "%s/clean", scene->root);
    assert_int_equal(journal_backup_make(scene->state, backup_path, NULL, now, reason), 0);
    assert_true(scene_is_good_at(scene, backup_path));
    assert_int_equal(journal_backup_restore(backup_path, clean, NULL, now, &backup, reason), 0);
    (void)snprintf(scene->database, PATH_SIZE, "%s/clean/journal.db", scene->root);
    scene_open(scene);
    scene_is_sound(scene, DAYS, "restored");
    scene_record(scene, DAYS + 1, "!.");
    scene_seal(scene, DAYS + 1);
    scene_keep(scene, DAYS + 12);
    scene_is_sound(scene, DAYS + 12, "and gone on with");
}

/* Set the journal aside as one that is not to be trusted, and take over what can be read. */
static void scene_salvage(struct scene *scene, struct journal_salvaged *ret_salvaged) {
    struct journal_directory directory;
    struct journal_finding finding;
    scene->store = journal_store_free(scene->store, true);
    assert_int_equal(journal_directory_init(&directory, scene->state, 1), 0);
    assert_int_equal(
        journal_directory_open(&directory, &identity, "a test", &scene->store, &finding), 0);
    assert_true(finding.damaged);
    assert_int_equal(journal_store_salvage_events(scene->store, ret_salvaged), 0);
    journal_directory_deinit(&directory);
}

static void a_salvage_that_loses_nothing_is_sound(void **state) {
    struct scene *scene = *state;
    struct journal_salvaged salvaged;
    uint64_t events = (uint64_t)database_ask(scene->database, "SELECT count(*) FROM event");
    scene_salvage(scene, &salvaged);
    assert_int_equal(salvaged.kept, events);
    scene_is_sound(scene, DAYS, "salvaged");
    assert_int_equal(scene->audit.noted, 0);
    scene_record(scene, DAYS, "!.");
    scene_keep(scene, DAYS);
}

static void a_salvage_that_loses_something_is_told_and_signed_as_it_is(void **state) {
    struct scene *scene = *state;
    struct journal_salvaged salvaged;
    uint64_t signed_seq = (uint64_t)database_ask(scene->database, "SELECT max(seq) FROM seal");
    /* Not signed yet, and one in the middle of it is gone with what the damage took. */
    scene_record(scene, 38, "!..!..!");
    char sql[128];
    (void)snprintf(sql, sizeof sql, "DELETE FROM event WHERE seq=%" PRIu64, signed_seq + 3);
    scene->store = journal_store_free(scene->store, true);
    database_run(scene->database, sql);
    database_run(scene->database, "VACUUM");
    scene_salvage(scene, &salvaged);
    assert_int_equal(salvaged.lost, 1);
    assert_false(scene_is_good_at(scene, scene->database));
    assert_int_equal(scene->audit.fault, AUDIT_SOUND);
    assert_int_equal(scene->audit.seals.fault, SEAL_SOUND);
    assert_int_equal(scene->audit.unproven, 1);
    assert_int_equal(scene->audit.noted, 1);
    /* The next seal says what was here then; from then on it is proven, and told as salvaged. */
    scene_record(scene, 39, "!");
    scene_seal(scene, 39);
    scene_is_sound(scene, 39, "signed again");
    assert_int_equal(scene->audit.unproven, 0);
    assert_int_equal(scene->audit.noted, 1);
}

/* The bytes of a whole file, with room for as many again. */
static unsigned char *file_read(const char *path, size_t *ret_size) {
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    assert_int_equal(fseek(file, 0, SEEK_END), 0);
    *ret_size = (size_t)ftell(file);
    unsigned char *bytes = malloc(2 * *ret_size);
    assert_non_null(bytes);
    rewind(file);
    assert_int_equal(fread(bytes, 1, *ret_size, file), *ret_size);
    assert_int_equal(fclose(file), 0);
    return bytes;
}

static void file_write(const char *path, const unsigned char *bytes, size_t size) {
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, size, file), size);
    assert_int_equal(fclose(file), 0);
}

/* Change the text of the event in the first copy of it that there is. */
static void event_damage(unsigned char *bytes, size_t size, uint64_t seq) {
    char id[64];
    int len = snprintf(id, sizeof id, "main.1.%" PRIu64 "\"", seq);
    unsigned char *at = memmem(bytes, size, id, (size_t)len);
    assert_non_null(at);
    at = memmem(at, size - (size_t)(at - bytes), "burns", 5);
    assert_non_null(at);
    memcpy(at, "rains", 5);
}

static void of_two_copies_of_an_event_the_one_that_continues_the_chain_is_kept(void **state) {
    struct scene *scene = *state;
    struct journal_salvaged salvaged;
    size_t size;
    uint64_t events = (uint64_t)database_ask(scene->database, "SELECT count(*) FROM event");
    const uint64_t seqs[] = {
        /* One that stands alone, one whose digest the next one follows from, one with a neighbour, the newest. */
        (uint64_t)database_ask(scene->database, "SELECT " ALONE),
        (uint64_t)database_ask(
            scene->database,
            "SELECT max(seq) FROM event e WHERE seq < (SELECT max(seq) FROM event) - 2 "
            "AND EXISTS(SELECT 1 FROM event f WHERE f.seq = e.seq - 1) "
            "AND EXISTS(SELECT 1 FROM event f WHERE f.seq = e.seq + 1)"),
        (uint64_t)database_ask(scene->database, "SELECT max(seq) - 1 FROM event"),
        (uint64_t)database_ask(scene->database, "SELECT max(seq) FROM event"),
    };
    scene->store = journal_store_free(scene->store, true);
    unsigned char *bytes = file_read(scene->database, &size);
    memcpy(bytes + size, bytes, size); /* what is behind the file's end is looked at as well */
    for (size_t i = 0; i < sizeof seqs / sizeof *seqs; i++) {
        event_damage(bytes, size, seqs[i]);
    }
    file_write(scene->database, bytes, 2 * size);
    free(bytes);
    scene_salvage(scene, &salvaged);
    assert_int_equal(salvaged.kept, events);
    assert_int_equal(salvaged.lost, 0);
    assert_int_equal(
        database_ask(scene->database, "SELECT count(*) FROM event WHERE body LIKE '%rains%'"), 0);
    scene_is_sound(scene, 38, "salvaged");
}

/* ---- and somebody who can write the file ---- */

static const struct tampering {
    const char *what, *sql;
    enum audit_fault fault;
} tamperings[] = {
    {"an alarm between two holes, and its digest",
     "UPDATE event SET body=replace(body,'burns','rains'), digest=made(ifnull((SELECT before FROM "
     "run WHERE first=seq), zeroblob(32)), replace(body,'burns','rains')) WHERE seq=" ALONE,
     AUDIT_OTHER},
    {"… and it begins anew",
     "INSERT OR REPLACE INTO run SELECT seq, zeroblob(32) FROM event WHERE seq=" ALONE ";"
     "UPDATE event SET body=replace(body,'burns','rains'), digest=made(zeroblob(32), "
     "replace(body,'burns','rains')) WHERE seq=" ALONE,
     AUDIT_OTHER},
    {"… and nothing is known of what was before",
     "INSERT OR REPLACE INTO run SELECT seq, NULL FROM event WHERE seq=" ALONE ";"
     "INSERT INTO meta VALUES('unproven', '1');"
     "UPDATE event SET body=replace(body,'burns','rains') WHERE seq=" ALONE,
     AUDIT_OTHER},
    {"its time", "UPDATE event SET at_wall=at_wall+1 WHERE seq=" ALONE, AUDIT_OTHER},
    {"its alarm", "UPDATE event SET alarm='call/elsewhere' WHERE seq=" ALONE, AUDIT_OTHER},
    {"its lane", "UPDATE event SET lane=1 WHERE seq=" ALONE, AUDIT_REMOVED},
    {"it is gone", "DELETE FROM event WHERE seq=" ALONE, AUDIT_OTHER},
    {"it is gone, with what is left behind",
     "INSERT INTO gone SELECT seq, lane, leaf_of(seq) FROM event WHERE seq=" ALONE ";"
     "DELETE FROM event WHERE seq=" ALONE,
     AUDIT_REMOVED},
    {"… as if it were activity",
     "INSERT INTO gone SELECT seq, 1, leaf_of(seq) FROM event WHERE seq=" ALONE ";"
     "DELETE FROM event WHERE seq=" ALONE,
     AUDIT_OTHER},
    {"what is left of one",
     "UPDATE gone SET leaf=zeroblob(32) WHERE seq=(SELECT max(seq) FROM gone)", AUDIT_OTHER},
    {"the lane of what is left", "UPDATE gone SET lane=0 WHERE seq=(SELECT max(seq) FROM gone)",
     AUDIT_REMOVED},
    {"what is left is gone, too", "DELETE FROM gone WHERE seq=(SELECT max(seq) FROM gone)",
     AUDIT_OTHER},
    {"something is left of what never was",
     "INSERT INTO gone SELECT seq, 1, leaf FROM gone WHERE 0 UNION ALL SELECT max(seq) + 1, 1, "
     "zeroblob(32) FROM event",
     AUDIT_REMOVED},
    {"a whole day in the middle, with alarms",
     "DELETE FROM event WHERE seq>(SELECT after FROM seal WHERE number=20) AND seq<=(SELECT seq "
     "FROM seal WHERE number=20);"
     "DELETE FROM gone WHERE seq>(SELECT after FROM seal WHERE number=20) AND seq<=(SELECT seq "
     "FROM seal WHERE number=20)",
     AUDIT_REMOVED},
    {"all alarms up to yesterday's, as retention would",
     "INSERT INTO gone SELECT seq, lane, leaf_of(seq) FROM event WHERE lane=0 AND seq<=(SELECT "
     "after FROM seal ORDER BY number DESC LIMIT 1);"
     "DELETE FROM event WHERE lane=0 AND seq<=(SELECT after FROM seal ORDER BY number DESC LIMIT "
     "1)",
     AUDIT_EARLY},
};

/* What somebody computes who knows how. */
static void sql_made(sqlite3_context *call, int count, sqlite3_value **values) {
    unsigned char bytes[32 + 4096];
    size_t size = (size_t)sqlite3_value_bytes(values[1]);
    assert_int_equal(count, 2);
    assert_true(sqlite3_value_bytes(values[0]) == 32 && size <= sizeof bytes - 32);
    memcpy(bytes, sqlite3_value_blob(values[0]), 32);
    memcpy(bytes + 32, sqlite3_value_text(values[1]), size);
    (void)SHA256(bytes, 32 + size, bytes);
    sqlite3_result_blob(call, bytes, 32, SQLITE_TRANSIENT);
}

static void sql_leaf_of(sqlite3_context *call, int count, sqlite3_value **values) {
    struct journal_hasher *hasher;
    sqlite3_stmt *statement;
    unsigned char leaf[JOURNAL_DIGEST_SIZE];
    assert_int_equal(count, 1);
    assert_int_equal(sqlite3_prepare_v2(sqlite3_context_db_handle(call),
                                        "SELECT " LEDGER_COLUMNS " FROM event WHERE seq=?1", -1,
                                        &statement, NULL),
                     SQLITE_OK);
    (void)sqlite3_bind_value(statement, 1, values[0]);
    assert_int_equal(sqlite3_step(statement), SQLITE_ROW);
    assert_int_equal(journal_hasher_new(&hasher), 0);
    journal_ledger_leaf(hasher, statement, 0, leaf);
    (void)journal_hasher_free(hasher);
    (void)sqlite3_finalize(statement);
    sqlite3_result_blob(call, leaf, sizeof leaf, SQLITE_TRANSIENT);
}

/* Change the file, and let the digests in `run` follow, so that the chain itself is whole. */
static void tamper(const char *path, const char *sql) {
    static const char holes[] =
        "INSERT OR IGNORE INTO run SELECT e.seq, g.digest FROM event e JOIN before.event g ON "
        "g.seq = (SELECT max(seq) FROM before.event WHERE seq < e.seq) WHERE NOT EXISTS(SELECT 1 "
        "FROM event f WHERE f.seq=g.seq)";
    sqlite3 *db;
    char *error = NULL;
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    assert_int_equal(
        sqlite3_create_function_v2(db, "made", 2, SQLITE_UTF8, NULL, sql_made, NULL, NULL, NULL),
        SQLITE_OK);
    assert_int_equal(sqlite3_create_function_v2(db, "leaf_of", 1, SQLITE_UTF8, NULL, sql_leaf_of,
                                                NULL, NULL, NULL),
                     SQLITE_OK);
    if (sqlite3_exec(db, sql, NULL, NULL, &error) != SQLITE_OK) {
        fail_msg("%s: %s", sql, error);
    }
    char attach[2 * PATH_SIZE];
    (void)snprintf(attach, sizeof attach, "ATTACH '%s.before' AS before", path);
    assert_int_equal(sqlite3_exec(db, attach, NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, holes, NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

static void whatever_retention_does_not_do_is_found(void **state) {
    struct scene *scene = *state;
    char before[PATH_SIZE + 16];
    char copy[3 * PATH_SIZE];
    scene->store = journal_store_free(scene->store, true);
    (void)snprintf(before, sizeof before, "%s.before", scene->sound);
    (void)snprintf(copy, sizeof copy, "VACUUM INTO '%s'", before);
    database_run(scene->database, copy);
    assert_true(scene_is_good_at(scene, before));
    (void)snprintf(copy, sizeof copy, "VACUUM INTO '%s'", scene->sound);
    for (size_t i = 0; i < sizeof tamperings / sizeof *tamperings; i++) {
        const struct tampering *tampering = &tamperings[i];
        (void)unlink(scene->sound);
        database_run(before, copy);
        tamper(scene->sound, tampering->sql);
        bool good = scene_is_good_at(scene, scene->sound);
        if (good || scene->audit.fault != tampering->fault) {
            fail_msg("%s: good %d, fault %d at %" PRIu64 " to %" PRIu64, tampering->what, good,
                     (int)scene->audit.fault, scene->audit.fault_seq, scene->audit.fault_last);
        }
    }
}

/* Both sides of the limit, to the day that a seal speaks of: after a week retention may do it. */
static void alarms_older_than_a_week_may_be_gone_and_are_counted(void **state) {
    struct scene *scene = *state;
    char before[PATH_SIZE + 16];
    char copy[3 * PATH_SIZE];
    scene->store = journal_store_free(scene->store, true);
    (void)snprintf(before, sizeof before, "%s.before", scene->sound);
    (void)snprintf(copy, sizeof copy, "VACUUM INTO '%s'", before);
    database_run(scene->database, copy);
    for (int days = 5; days <= 9; days += 2) {
        char sql[512];
        (void)snprintf(copy, sizeof copy, "VACUUM INTO '%s'", scene->sound);
        (void)unlink(scene->sound);
        database_run(before, copy);
        (void)snprintf(sql, sizeof sql,
                       "INSERT INTO gone SELECT seq, lane, leaf_of(seq) FROM event WHERE lane=0 "
                       "AND at_wall<=%" PRId64
                       ";DELETE FROM event WHERE lane=0 AND at_wall<=%" PRId64,
                       BEGIN_NS + (37 - days) * DAY_NS, BEGIN_NS + (37 - days) * DAY_NS);
        tamper(scene->sound, sql);
        assert_int_equal(scene_is_good_at(scene, scene->sound), days >= 7);
        assert_int_equal(scene->audit.fault, days >= 7 ? AUDIT_SOUND : AUDIT_EARLY);
        assert_true(scene->audit.gone_alarms > 0);
    }
}

int main(void) {
#define WEEKS(test) cmocka_unit_test_setup_teardown(test, weeks_setup, scene_teardown)
#define STUCK(test) cmocka_unit_test_setup_teardown(test, stuck_setup, scene_teardown)
    const struct CMUnitTest tests[] = {
        WEEKS(what_retention_does_is_sound_after_every_turn),
        STUCK(retention_leaves_alarms_alone_between_holes_and_proven),
        STUCK(a_restored_journal_is_as_sound_as_it_was),
        WEEKS(a_restored_journal_is_as_sound_as_it_was),
        STUCK(a_salvage_that_loses_nothing_is_sound),
        WEEKS(a_salvage_that_loses_nothing_is_sound),
        STUCK(a_salvage_that_loses_something_is_told_and_signed_as_it_is),
        STUCK(of_two_copies_of_an_event_the_one_that_continues_the_chain_is_kept),
        STUCK(whatever_retention_does_not_do_is_found),
        STUCK(alarms_older_than_a_week_may_be_gone_and_are_counted),
    };
    return cmocka_run_group_tests(tests, lives_setup, lives_teardown);
}
