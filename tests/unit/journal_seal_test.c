/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Signed checkpoints, and whoever changes a journal knowing how it is made
 *
 * Three days of three events each, with a seal behind each day and one event more. Then somebody who
 * can write the file changes it, computes the digest chain anew where that helps, and must be found out.
 */

#include <fcntl.h>
#include <inttypes.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <openssl/sha.h>
#include <sqlite3.h>

#include "gateway/clock.h"
#include "gateway/journal/journal.h"
#include "gateway/journal/journal_audit.h"
#include "gateway/journal/journal_backup.h"
#include "gateway/journal/journal_ledger.h"
#include "gateway/site.h"
#include "tests/support/cmocka.h"
#include "tests/support/database.h"
#include "tests/support/scratch.h"

enum { PATH_SIZE = 128, DAYS = 3, EVENTS_A_DAY = 3 };

#define DAY_NS      (INT64_C(86400) * (int64_t)NS_PER_S)
#define BEGIN_NS    (20000 * DAY_NS)
#define DEADLINE_NS (60 * NS_PER_S)

struct scene {
    char root[64];
    char state[PATH_SIZE], database[PATH_SIZE], key[PATH_SIZE], stranger[PATH_SIZE];
    char pub[PATH_SIZE], backup[PATH_SIZE];
    struct journal_store *store;
    struct journal_gather gather;
    struct journal_audit audit; /* the newest */
};

static void alarm_name(const void *context, uint32_t alarm, char *ret) {
    (void)context;
    (void)snprintf(ret, SITE_ALARM_NAME_SIZE, "fire_alarm/room-%" PRIu32, alarm);
}

static const struct journal_identity identity = {"gulou-demo", "main", alarm_name, NULL};

static int scene_open(struct scene *scene) {
    char reason[JOURNAL_REASON_SIZE];
    scene->store = journal_store_free(scene->store, true);
    return journal_store_open(scene->database, &identity, &scene->store, reason);
}

static void scene_path(const struct scene *scene, const char *name, char ret[PATH_SIZE]) {
    (void)snprintf(ret, PATH_SIZE, "%s/%s", scene->root, name);
}

static void scene_keep_public(const struct scene *scene, const char *key, const char *how) {
    char reason[JOURNAL_REASON_SIZE];
    FILE *file = fopen(scene->pub, how);
    assert_non_null(file);
    assert_int_equal(seal_key_print(key, file, reason), 0);
    assert_int_equal(fclose(file), 0);
}

static void scene_record_at(struct scene *scene, int64_t wall_ns, int count) {
    for (int i = 0; i < count; i++) {
        static const char text[] = ",\"data\":{\"text\":\"it burns\"}}";
        struct journal_event *event;
        assert_int_equal(journal_event_new(text, 0, strlen(text), &event), 0);
        event->lane = LANE_ACTIVITY;
        event->type = EVENT_ACCESS_GRANTED;
        event->alarm = RULESET_NONE;
        event->wall = (struct wall){wall_ns};
        atomic_init(&event->early, 0);
        journal_gather_add_event(&scene->gather, event);
    }
    assert_int_equal(journal_store_commit(scene->store, &scene->gather, "1", "gulou-demo.main.1."),
                     0);
    journal_gather_deinit(&scene->gather);
    assert_int_equal(journal_gather_init(&scene->gather, 1), 0);
}

static bool goes_on(void *context) {
    (void)context;
    return true;
}

static void scene_record(struct scene *scene, int day, int count) {
    scene_record_at(scene, BEGIN_NS + day * DAY_NS, count);
}

/* Make the seal of a day as the journal's threads do; false: it is not due. */
static bool scene_seal(struct scene *scene, int day, const char *key) {
    char reason[JOURNAL_REASON_SIZE];
    struct journal_seal seal;
    if (!journal_store_wants_seal(scene->store, (struct wall){BEGIN_NS + day * DAY_NS}, &seal)) {
        return false;
    }
    bool recorded;
    assert_int_equal(journal_ledger_fill(&seal, scene->database, goes_on, NULL, reason), 0);
    assert_int_equal(seal_sign(&seal, key, "gulou-demo", "main", reason), 0);
    assert_int_equal(journal_store_seal(scene->store, &seal, &recorded), 0);
    assert_true(recorded);
    return true;
}

static int scene_setup(void **state) {
    char reason[JOURNAL_REASON_SIZE];
    struct scene *scene = calloc(1, sizeof *scene);
    assert_non_null(scene);
    (void)snprintf(scene->root, sizeof scene->root, "/tmp/tocsin-seal-XXXXXX");
    assert_non_null(mkdtemp(scene->root));
    scene_path(scene, "state", scene->state);
    scene_path(scene, "state/journal.db", scene->database);
    scene_path(scene, "key", scene->key);
    scene_path(scene, "stranger", scene->stranger);
    scene_path(scene, "public", scene->pub);
    scene_path(scene, "backup", scene->backup);
    assert_int_equal(mkdir(scene->state, 0700), 0);
    assert_int_equal(seal_key_make(scene->key, reason), 0);
    assert_int_equal(seal_key_make(scene->stranger, reason), 0);
    scene_keep_public(scene, scene->key, "w");
    assert_int_equal(journal_gather_init(&scene->gather, 1), 0);
    assert_int_equal(scene_open(scene), 0);
    *state = scene;
    return 0;
}

static int three_days_setup(void **state) {
    assert_int_equal(scene_setup(state), 0);
    struct scene *scene = *state;
    for (int day = 0; day < DAYS; day++) {
        scene_record(scene, day, EVENTS_A_DAY);
        assert_true(scene_seal(scene, day, scene->key));
    }
    scene_record(scene, DAYS, 1);
    return 0;
}

static int scene_teardown(void **state) {
    struct scene *scene = *state;
    (void)journal_store_free(scene->store, false);
    journal_gather_deinit(&scene->gather);
    int r = scratch_remove(scene->root);
    free(scene);
    return r;
}

/* What an audit with the public keys finds wrong with the seals. */
static enum audit_seal_fault scene_audit(struct scene *scene) {
    char reason[JOURNAL_REASON_SIZE];
    struct seal_keys keys;
    assert_int_equal(seal_keys_read(scene->pub, &keys, reason), 0);
    assert_int_equal(journal_audit(scene->database, &keys, &scene->audit, reason), 0);
    return scene->audit.seals.fault;
}

/* Compute all digests anew, as somebody would who knows how. */
static void chain_anew(const char *path) {
    sqlite3 *db;
    sqlite3_stmt *rows, *change;
    unsigned char bytes[32 + 4096] = {0};
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    assert_int_equal(
        sqlite3_prepare_v2(db, "SELECT seq, body FROM event ORDER BY seq", -1, &rows, NULL),
        SQLITE_OK);
    assert_int_equal(
        sqlite3_prepare_v2(db, "UPDATE event SET digest=?1 WHERE seq=?2", -1, &change, NULL),
        SQLITE_OK);
    while (sqlite3_step(rows) == SQLITE_ROW) {
        size_t size = (size_t)sqlite3_column_bytes(rows, 1);
        assert_in_range(size, 1, sizeof bytes - 32);
        memcpy(bytes + 32, sqlite3_column_text(rows, 1), size);
        (void)SHA256(bytes, 32 + size, bytes);
        (void)sqlite3_bind_blob(change, 1, bytes, 32, SQLITE_STATIC);
        (void)sqlite3_bind_int64(change, 2, sqlite3_column_int64(rows, 0));
        assert_int_equal(sqlite3_step(change), SQLITE_DONE);
        (void)sqlite3_reset(change);
    }
    (void)sqlite3_finalize(rows);
    (void)sqlite3_finalize(change);
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

static void an_honest_journal_is_sound(void **state) {
    struct scene *scene = *state;
    char reason[JOURNAL_REASON_SIZE];
    assert_int_equal(scene_audit(scene), SEAL_SOUND);
    assert_true(journal_audit_is_good(&scene->audit));
    assert_int_equal(scene->audit.seals.count, DAYS);
    assert_int_equal(scene->audit.seals.covered, DAYS * EVENTS_A_DAY);
    assert_int_equal(scene->audit.seals.seal.number, DAYS);
    assert_int_equal(scene->audit.seals.seal.day, 20000 + DAYS - 1);
    assert_int_equal(journal_audit(scene->database, NULL, &scene->audit, reason), 0);
    assert_true(journal_audit_is_good(&scene->audit));
    assert_false(scene->audit.seals.keys_known);
}

static const struct tampering {
    const char *what, *sql;
    bool anew; /* … and all digests are computed anew */
    enum audit_seal_fault fault;
    uint64_t number; /* of the seal that is named */
    uint64_t broken; /* the event that is named */
} tamperings[] = {
    {"an event's text", "UPDATE event SET body=replace(body,'burns','rains') WHERE seq=5", false,
     SEAL_SOUND, 3, 5},
    {"… and the chain", "UPDATE event SET body=replace(body,'burns','rains') WHERE seq=5", true,
     SEAL_OTHER_HEAD, 2, 0},
    {"the first event", "UPDATE event SET body=replace(body,'burns','rains') WHERE seq=1", true,
     SEAL_OTHER_HEAD, 1, 0},
    {"the last that is signed", "UPDATE event SET body=replace(body,'burns','rains') WHERE seq=9",
     true, SEAL_OTHER_HEAD, 3, 0},
    {"the order",
     "UPDATE event SET seq=-5 WHERE seq=5;UPDATE event SET seq=5 WHERE seq=6;"
     "UPDATE event SET seq=6 WHERE seq=-5",
     true, SEAL_OTHER_HEAD, 2, 0},
    {"an event is gone", "DELETE FROM event WHERE seq=5", true, SEAL_OTHER_HEAD, 2, 0},
    {"a signed one is gone as if let go of",
     "DELETE FROM event WHERE seq=6;INSERT INTO run SELECT 7, digest FROM event WHERE seq=5", true,
     SEAL_OTHER_HEAD, 2, 0},
    {"the end", "DELETE FROM event WHERE seq>8", false, SEAL_CUT_OFF, 3, 0},
    {"the end, over two seals", "DELETE FROM event WHERE seq>5", false, SEAL_CUT_OFF, 2, 0},
    {"a head", "UPDATE seal SET digest=zeroblob(32) WHERE number=2", false, SEAL_FORGED, 2, 0},
    {"a head that is none", "UPDATE seal SET digest=x'00' WHERE number=2", false, SEAL_FORGED, 2,
     0},
    {"a day", "UPDATE seal SET day=day+1 WHERE number=2", false, SEAL_FORGED, 2, 0},
    {"a seal's event", "UPDATE seal SET seq=seq-1 WHERE number=2", false, SEAL_FORGED, 2, 0},
    {"a signature", "UPDATE seal SET signature=zeroblob(64) WHERE number=3", false, SEAL_FORGED, 3,
     0},
    {"a seal's key", "UPDATE seal SET key=zeroblob(32) WHERE number=1", false, SEAL_FORGED, 1, 0},
    {"one seal is gone", "DELETE FROM seal WHERE number=2", false, SEAL_MISSING, 3, 0},
    {"the first seal is gone", "DELETE FROM seal WHERE number=1", false, SEAL_MISSING, 2, 0},
    {"… and the others moved up", "DELETE FROM seal WHERE number=1;UPDATE seal SET number=number-1",
     false, SEAL_FORGED, 1, 0},
    {"the newest seals are gone", "DELETE FROM seal WHERE number>1", false, SEAL_ABSENT, 1, 0},
    {"all seals are gone", "DELETE FROM seal", false, SEAL_ABSENT, 0, 0},
    {"another gateway's", "UPDATE meta SET value='other' WHERE key='gateway'", false, SEAL_FORGED,
     1, 0},
};

static void every_tampering_is_found_and_named(void **state) {
    struct scene *scene = *state;
    char sound[PATH_SIZE];
    char copy[3 * PATH_SIZE];
    scene_path(scene, "sound.db", sound);
    scene->store = journal_store_free(scene->store, true);
    assert_int_equal(rename(scene->database, sound), 0);
    for (size_t i = 0; i < sizeof tamperings / sizeof *tamperings; i++) {
        const struct tampering *tampering = &tamperings[i];
        (void)unlink(scene->database);
        (void)snprintf(copy, sizeof copy, "VACUUM INTO '%s'", scene->database);
        database_run(sound, copy);
        database_run(scene->database, tampering->sql);
        if (tampering->anew) {
            chain_anew(scene->database);
        }
        enum audit_seal_fault fault = scene_audit(scene);
        if (fault != tampering->fault || scene->audit.seals.seal.number != tampering->number ||
            scene->audit.broken_seq != tampering->broken) {
            fail_msg("%s: fault %d at %" PRIu64 ", broken %" PRIu64, tampering->what, (int)fault,
                     scene->audit.seals.seal.number, scene->audit.broken_seq);
        }
    }
}

static void whoever_signs_anew_with_another_key_is_a_stranger(void **state) {
    struct scene *scene = *state;
    char reason[JOURNAL_REASON_SIZE];
    database_run(scene->database, "DELETE FROM seal WHERE number=3");
    assert_true(scene_seal(scene, DAYS, scene->stranger));
    assert_int_equal(scene_audit(scene), SEAL_STRANGER);
    assert_int_equal(scene->audit.seals.seal.number, 3);
    assert_int_equal(scene->audit.seals.covered, 2 * EVENTS_A_DAY);
    /* Without the public key nobody can tell. */
    assert_int_equal(journal_audit(scene->database, NULL, &scene->audit, reason), 0);
    assert_true(journal_audit_is_good(&scene->audit));
    /* Once the key is known as one that the gateway has had, it is a change of keys. */
    scene_keep_public(scene, scene->stranger, "a");
    assert_int_equal(scene_audit(scene), SEAL_SOUND);
}

static void a_new_day_of_events_without_a_seal_is_missed(void **state) {
    struct scene *scene = *state;
    const int64_t hour_ns = INT64_C(3600) * (int64_t)NS_PER_S;
    /* Events of the day that is sealed may wait, and the first of a new day as long as it takes. */
    scene_record_at(scene, BEGIN_NS + DAYS * DAY_NS + AUDIT_SEAL_HOURS * hour_ns, 1);
    assert_int_equal(scene_audit(scene), SEAL_SOUND);
    assert_int_equal(scene->audit.unsigned_seq, DAYS * EVENTS_A_DAY + 1);
    assert_int_equal(scene->audit.unsigned_events, 2);
    scene_record_at(scene, BEGIN_NS + DAYS * DAY_NS + AUDIT_SEAL_HOURS * hour_ns + 1, 1);
    assert_int_equal(scene_audit(scene), SEAL_ABSENT);
    assert_true(scene_seal(scene, DAYS, scene->key));
    assert_int_equal(scene_audit(scene), SEAL_SOUND);
    scene_record_at(scene, BEGIN_NS + (DAYS + 1) * DAY_NS - 1, 1);
    assert_int_equal(scene_audit(scene), SEAL_SOUND);
    assert_int_equal(scene->audit.unsigned_events, 1);
}

static void a_seal_is_due_once_a_day_if_something_happened(void **state) {
    struct scene *scene = *state;
    assert_false(scene_seal(scene, 0, scene->key)); /* nothing is recorded */
    scene_record(scene, 0, 1);
    assert_true(scene_seal(scene, 0, scene->key));
    scene_record(scene, 0, 1);
    assert_false(scene_seal(scene, 0, scene->key));
    assert_true(scene_seal(scene, 1, scene->key));
    assert_false(scene_seal(scene, 2, scene->key)); /* nothing since */
    scene_record(scene, 2, 1);
    assert_int_equal(scene_open(scene), 0); /* the next life goes on with the numbers */
    assert_true(scene_seal(scene, 2, scene->key));
    assert_int_equal(database_ask(scene->database, "SELECT max(number) FROM seal"), 3);
    assert_int_equal(seal_day(0), 0);
    assert_int_equal(seal_day(DAY_NS - 1), 0);
    assert_int_equal(seal_day(DAY_NS), 1);
    assert_int_equal(seal_day(-1), -1);
    assert_int_equal(seal_day(-DAY_NS), -1);
}

static void a_seal_of_another_file_is_not_recorded(void **state) {
    struct scene *scene = *state;
    char reason[JOURNAL_REASON_SIZE];
    struct journal_seal seal;
    scene_record(scene, 0, 1);
    assert_true(journal_store_wants_seal(scene->store, (struct wall){BEGIN_NS}, &seal));
    bool recorded = true;
    assert_int_equal(journal_ledger_fill(&seal, scene->database, goes_on, NULL, reason), 0);
    assert_int_equal(seal_sign(&seal, scene->key, "gulou-demo", "main", reason), 0);
    struct journal_seal other = seal;
    other.digest[0] ^= 1;
    assert_int_equal(journal_store_seal(scene->store, &other, &recorded), 0);
    assert_false(recorded);
    other = seal;
    other.number++;
    recorded = true;
    assert_int_equal(journal_store_seal(scene->store, &other, &recorded), 0);
    assert_false(recorded);
    assert_int_equal(database_ask(scene->database, "SELECT count(*) FROM seal"), 0);
    assert_int_equal(journal_store_seal(scene->store, &seal, &recorded), 0);
    assert_true(recorded);
    assert_int_equal(database_ask(scene->database, "SELECT count(*) FROM seal"), 1);
}

/* What is let go of leaves its seals, and what stands is still proven by them. */
static void seals_outlive_their_events(void **state) {
    struct scene *scene = *state;
    const struct journal_keep keep = {.keep_ns = JOURNAL_WEEK_NS, .size = UINT64_C(1) << 30};
    struct journal_keep_turn turn;
    struct wall first = {BEGIN_NS + DAYS * DAY_NS};
    struct wall later = {first.ns + 8 * DAY_NS};
    assert_int_equal(journal_store_keep(scene->store, &keep, first, &turn), 0);
    scene_record(scene, DAYS, 2);
    assert_true(scene_seal(scene, DAYS, scene->key));
    assert_int_equal(journal_store_keep(scene->store, &keep, later, &turn), 0);
    assert_int_equal(turn.expired, DAYS * EVENTS_A_DAY + 1);
    assert_int_equal(scene_audit(scene), SEAL_SOUND);
    assert_int_equal(scene->audit.seals.count, DAYS + 1);
    assert_int_equal(scene->audit.events, 2);
    assert_int_equal(scene->audit.seals.covered, 2);
}

static void seals_come_back_with_a_backup(void **state) {
    struct scene *scene = *state;
    char reason[JOURNAL_REASON_SIZE];
    char clean[PATH_SIZE];
    struct journal_backup backup;
    struct wall now = {BEGIN_NS + DAYS * DAY_NS};
    scene_path(scene, "clean", clean);
    assert_int_equal(journal_backup_make(scene->state, scene->backup, NULL, now, reason), 0);
    assert_int_equal(journal_backup_restore(scene->backup, clean, NULL, now, &backup, reason), 0);
    scene_path(scene, "clean/journal.db", scene->database);
    assert_int_equal(scene_audit(scene), SEAL_SOUND);
    assert_int_equal(scene->audit.seals.count, DAYS);
    /* One that somebody has taken away is no reason not to go on with the alarms … */
    assert_int_equal(unlink(scene->database), 0);
    database_run(scene->backup, "DELETE FROM seal WHERE number=1");
    assert_int_equal(journal_backup_restore(scene->backup, clean, NULL, now, &backup, reason), 0);
    assert_int_equal(backup.audit.seals.fault, SEAL_MISSING);
    /* … events that are made up are. */
    assert_int_equal(unlink(scene->database), 0);
    database_run(scene->backup, "UPDATE event SET body=body || ' ' WHERE seq=5");
    chain_anew(scene->backup);
    assert_int_equal(journal_backup_restore(scene->backup, clean, NULL, now, &backup, reason),
                     JOURNAL_E_DAMAGED);
    assert_non_null(strstr(reason, "event 6 is not what was recorded"));
}

static void a_journal_of_before_is_audited_without_seals(void **state) {
    struct scene *scene = *state;
    char reason[JOURNAL_REASON_SIZE];
    scene->store = journal_store_free(scene->store, true);
    database_run(scene->database,
                 "DROP TABLE seal;ALTER TABLE alarm DROP COLUMN chain_steps;"
                 "ALTER TABLE alarm DROP COLUMN agreed;DROP TABLE gone;DROP TABLE trip;"
                 "PRAGMA user_version=8");
    assert_int_equal(journal_audit(scene->database, NULL, &scene->audit, reason), 0);
    assert_true(journal_audit_is_good(&scene->audit));
    assert_int_equal(scene->audit.seals.count, 0);
    assert_int_equal(scene_audit(scene), SEAL_ABSENT);
    assert_int_equal(scene_open(scene), 0); /* it is brought up, and signed from now on */
    assert_true(scene_seal(scene, DAYS, scene->key));
    assert_int_equal(scene_audit(scene), SEAL_SOUND);
}

static void a_key_that_others_can_read_or_change_is_refused(void **state) {
    static const struct {
        mode_t mode;
        bool good;
    } modes[] = {{0600, true},  {0400, true},  {0440, true},  {0640, true}, {0660, false},
                 {0604, false}, {0602, false}, {0601, false}, {0644, false}};
    struct scene *scene = *state;
    char reason[JOURNAL_REASON_SIZE];
    struct journal_seal seal = {.number = 1};
    struct stat made;
    assert_int_equal(stat(scene->key, &made), 0);
    assert_int_equal(made.st_mode & 0777, 0600);
    for (size_t i = 0; i < sizeof modes / sizeof *modes; i++) {
        assert_int_equal(chmod(scene->key, modes[i].mode), 0);
        int r = seal_sign(&seal, scene->key, "gulou-demo", "main", reason);
        assert_int_equal(r, modes[i].good ? 0 : JOURNAL_E_FAILED);
        assert_true(modes[i].good || strstr(reason, "chmod 600") != NULL);
    }
}

static void what_is_no_key_is_told(void **state) {
    struct scene *scene = *state;
    char reason[JOURNAL_REASON_SIZE];
    char fifo[PATH_SIZE];
    struct journal_seal seal = {.number = 1};
    struct seal_keys keys;
    scene_path(scene, "fifo", fifo);
    assert_int_equal(mkfifo(fifo, 0600), 0);
    assert_int_equal(seal_sign(&seal, fifo, "gulou-demo", "main", reason), JOURNAL_E_FAILED);
    assert_non_null(strstr(reason, "it is no file"));
    assert_int_equal(seal_sign(&seal, "/nonexistent", "gulou-demo", "main", reason),
                     JOURNAL_E_FAILED);
    assert_non_null(strstr(reason, "No such file"));
    assert_int_equal(chmod(scene->pub, 0600), 0);
    assert_int_equal(seal_sign(&seal, scene->pub, "gulou-demo", "main", reason), JOURNAL_E_FAILED);
    assert_non_null(strstr(reason, "no Ed25519 private key"));
    assert_int_equal(seal_keys_read(scene->key, &keys, reason), JOURNAL_E_FAILED);
    assert_non_null(strstr(reason, "no public key"));
    assert_int_equal(seal_key_make(scene->key, reason), JOURNAL_E_FAILED); /* it stays */
    assert_non_null(strstr(reason, "File exists"));
    for (int i = 1; i < SEAL_KEYS_MAX; i++) {
        scene_keep_public(scene, scene->key, "a");
    }
    assert_int_equal(seal_keys_read(scene->pub, &keys, reason), 0);
    assert_int_equal(keys.count, SEAL_KEYS_MAX);
    scene_keep_public(scene, scene->key, "a");
    assert_int_equal(seal_keys_read(scene->pub, &keys, reason), JOURNAL_E_FAILED);
    assert_non_null(strstr(reason, "too many"));
}

/* ---- with the journal's own threads ---- */

static struct journal *journal_run(const struct scene *scene, const char *key) {
    const struct journal_conf conf = {
        .directory = scene->state,
        .identity = identity,
        .alarm_count = 1,
        .keep = {.keep_ns = JOURNAL_WEEK_NS, .size = UINT64_C(1) << 30},
        .signing_key = key,
    };
    struct journal *journal;
    assert_int_equal(journal_new(&conf, &journal), 0);
    assert_int_equal(journal_start(journal), 0);
    return journal;
}

static void wait_for(const struct scene *scene, const char *question, uint64_t answer) {
    uint64_t until_ns = clock_real_ns() + DEADLINE_NS;
    while (database_ask(scene->database, question) != answer) {
        assert_true(clock_real_ns() < until_ns);
        (void)usleep(5000);
    }
}

static void a_journal_signs_what_the_life_before_it_recorded(void **state) {
    struct scene *scene = *state;
    scene_record(scene, 0, 2);
    scene->store = journal_store_free(scene->store, true);
    struct journal *journal = journal_run(scene, scene->key);
    wait_for(scene, "SELECT count(*) FROM seal WHERE seq=2", 1);
    struct journal_stats stats;
    journal_stats(journal, &stats);
    assert_int_equal(stats.seal_failures, 0);
    (void)journal_free(journal);
    assert_int_equal(scene_audit(scene), SEAL_SOUND);
}

/* Hand one more alarm over. */
static void journal_record(struct journal *journal) {
    static const char text[] = ",\"data\":{}}";
    struct journal_event *event;
    assert_int_equal(journal_event_new(text, 0, strlen(text), &event), 0);
    event->lane = LANE_ALARM;
    event->type = EVENT_ALARM_RAISED;
    atomic_init(&event->early, 0);
    journal_add_event(journal, event);
    (void)journal_submit(journal);
}

static void without_its_key_everything_is_recorded_all_the_same(void **state) {
    struct scene *scene = *state;
    scene_record(scene, 0, 2);
    scene->store = journal_store_free(scene->store, true);
    struct journal *journal = journal_run(scene, "/nonexistent");
    journal_record(journal);
    wait_for(scene, "SELECT count(*) FROM event", 3);
    struct journal_stats stats = {.seal_failures = 0};
    for (uint64_t until_ns = clock_real_ns() + DEADLINE_NS; stats.seal_failures == 0;) {
        assert_true(clock_real_ns() < until_ns);
        (void)usleep(5000);
        journal_stats(journal, &stats);
    }
    (void)journal_free(journal);
    assert_int_equal(database_ask(scene->database, "SELECT count(*) FROM seal"), 0);
}

/* ---- a ledger that takes long to read, as the first one over all of an old journal does ---- */

static atomic_bool ledger_is_held, ledger_is_read;

int __real_journal_ledger_fill(struct journal_seal *seal, const char *path,
                               bool (*go_on)(void *context), void *context,
                               char reason[JOURNAL_REASON_SIZE]);
int __wrap_journal_ledger_fill(struct journal_seal *seal, const char *path,
                               bool (*go_on)(void *context), void *context,
                               char reason[JOURNAL_REASON_SIZE]);

/* As long as the test wants, or until nobody waits for it any more. */
int __wrap_journal_ledger_fill(struct journal_seal *seal, const char *path,
                               bool (*go_on)(void *context), void *context,
                               char reason[JOURNAL_REASON_SIZE]) {
    while (atomic_load(&ledger_is_held) && go_on(context)) {
        atomic_store(&ledger_is_read, true);
        (void)usleep(1000);
    }
    return __real_journal_ledger_fill(seal, path, go_on, context, reason);
}

/* A journal with two events, whose first seal is in the making. */
static struct journal *journal_run_held(struct scene *scene) {
    atomic_store(&ledger_is_read, false);
    atomic_store(&ledger_is_held, true);
    scene_record(scene, 0, 2);
    scene->store = journal_store_free(scene->store, true);
    struct journal *journal = journal_run(scene, scene->key);
    for (uint64_t until_ns = clock_real_ns() + DEADLINE_NS; !atomic_load(&ledger_is_read);) {
        assert_true(clock_real_ns() < until_ns);
        (void)usleep(1000);
    }
    return journal;
}

static void recording_goes_on_while_a_ledger_is_read(void **state) {
    struct scene *scene = *state;
    struct journal *journal = journal_run_held(scene);
    for (uint64_t count = 3; count <= 6; count++) {
        journal_record(journal);
        wait_for(scene, "SELECT count(*) FROM event", count);
    }
    assert_int_equal(database_ask(scene->database, "SELECT count(*) FROM seal"), 0);
    atomic_store(&ledger_is_held, false);
    wait_for(scene, "SELECT count(*) FROM seal WHERE seq=2", 1);
    (void)journal_free(journal);
    assert_int_equal(scene_audit(scene), SEAL_SOUND);
}

static void a_journal_that_is_closed_does_not_wait_for_a_ledger(void **state) {
    struct scene *scene = *state;
    (void)journal_free(journal_run_held(scene));
    atomic_store(&ledger_is_held, false);
    assert_int_equal(database_ask(scene->database, "SELECT count(*) FROM seal"), 0);
}

/* Between two slices nothing is held: the log can be moved into the file, and cut off. */
struct slices {
    sqlite3 *db;
    uint32_t count;
};

static bool log_can_be_tidied(void *context) {
    struct slices *slices = context;
    int pages = -1;
    int done = -1;
    slices->count++;
    assert_int_equal(sqlite3_exec(slices->db, "INSERT OR REPLACE INTO meta VALUES('slice', 'one')",
                                  NULL, NULL, NULL),
                     SQLITE_OK);
    assert_int_equal(
        sqlite3_wal_checkpoint_v2(slices->db, NULL, SQLITE_CHECKPOINT_TRUNCATE, &pages, &done),
        SQLITE_OK);
    return true;
}

static void a_long_ledger_is_read_in_slices_that_hold_nothing_back(void **state) {
    enum { LONG = 1234, SLICE = 500 };
    struct scene *scene = *state;
    char reason[JOURNAL_REASON_SIZE];
    struct slices slices = {.count = 0};
    struct journal_seal seal;
    scene_record(scene, 0, LONG);
    assert_true(journal_store_wants_seal(scene->store, (struct wall){BEGIN_NS}, &seal));
    assert_int_equal(seal.seq, LONG);
    assert_int_equal(seal.after, 0);
    assert_int_equal(sqlite3_open(scene->database, &slices.db), SQLITE_OK);
    assert_int_equal(
        journal_ledger_fill(&seal, scene->database, log_can_be_tidied, &slices, reason), 0);
    assert_int_equal(sqlite3_close(slices.db), SQLITE_OK);
    assert_true(seal.has_ledger);
    assert_int_equal(slices.count, LONG / SLICE + 1);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(an_honest_journal_is_sound, three_days_setup,
                                        scene_teardown),
        cmocka_unit_test_setup_teardown(every_tampering_is_found_and_named, three_days_setup,
                                        scene_teardown),
        cmocka_unit_test_setup_teardown(whoever_signs_anew_with_another_key_is_a_stranger,
                                        three_days_setup, scene_teardown),
        cmocka_unit_test_setup_teardown(a_new_day_of_events_without_a_seal_is_missed,
                                        three_days_setup, scene_teardown),
        cmocka_unit_test_setup_teardown(seals_outlive_their_events, three_days_setup,
                                        scene_teardown),
        cmocka_unit_test_setup_teardown(seals_come_back_with_a_backup, three_days_setup,
                                        scene_teardown),
        cmocka_unit_test_setup_teardown(a_journal_of_before_is_audited_without_seals,
                                        three_days_setup, scene_teardown),
        cmocka_unit_test_setup_teardown(a_seal_is_due_once_a_day_if_something_happened, scene_setup,
                                        scene_teardown),
        cmocka_unit_test_setup_teardown(a_seal_of_another_file_is_not_recorded, scene_setup,
                                        scene_teardown),
        cmocka_unit_test_setup_teardown(a_key_that_others_can_read_or_change_is_refused,
                                        scene_setup, scene_teardown),
        cmocka_unit_test_setup_teardown(what_is_no_key_is_told, scene_setup, scene_teardown),
        cmocka_unit_test_setup_teardown(a_journal_signs_what_the_life_before_it_recorded,
                                        scene_setup, scene_teardown),
        cmocka_unit_test_setup_teardown(without_its_key_everything_is_recorded_all_the_same,
                                        scene_setup, scene_teardown),
        cmocka_unit_test_setup_teardown(recording_goes_on_while_a_ledger_is_read, scene_setup,
                                        scene_teardown),
        cmocka_unit_test_setup_teardown(a_journal_that_is_closed_does_not_wait_for_a_ledger,
                                        scene_setup, scene_teardown),
        cmocka_unit_test_setup_teardown(a_long_ledger_is_read_in_slices_that_hold_nothing_back,
                                        scene_setup, scene_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
