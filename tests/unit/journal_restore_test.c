/* SPDX-License-Identifier: Apache-2.0 */

/*
 * A backup that comes back to a directory which is not empty
 *
 * After a crash somebody moves the damaged journal.db away and restores the backup in its place. What
 * the dead gateway left beside it (its log, a change that was cut short, the file `boot`) must neither
 * get into what comes back nor be forgotten. A restore that dies on the way is done in a child, which
 * the linker's --wrap lets end at a chosen call.
 */

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "gateway/journal/journal_backup.h"
#include "gateway/journal/journal_boot.h"
#include "gateway/site.h"
#include "tests/support/cmocka.h"
#include "tests/support/database.h"
#include "tests/support/scratch.h"

enum { PATH_SIZE = 128, SAVED = 5, SINCE = 60, CALLS_MAX = 200 };

#define BOOT     UINT64_C(1000)
#define MADE     ((struct wall){INT64_C(1795611786) * (int64_t)NS_PER_S})
#define A_DAY_NS ((int64_t)86400 * (int64_t)NS_PER_S)

struct scene {
    char root[64];
    char old[PATH_SIZE], backup[PATH_SIZE], state[PATH_SIZE], database[PATH_SIZE];
    struct journal_store *store; /* the old one's, which is never closed in good order */
};

/* ---- a process that ends at a call ---- */

static uint32_t calls_left; /* 0: none is the last */

static void call_is_made(void) {
    if (calls_left > 0 && --calls_left == 0) {
        _exit(0);
    }
}

#define LAST_CALL(type, name, parameters, arguments)                                               \
    type __real_##name parameters;                                                                 \
    type __wrap_##name parameters;                                                                 \
    type __wrap_##name parameters {                                                                \
        call_is_made();                                                                            \
        return __real_##name arguments;                                                            \
    }

LAST_CALL(ssize_t, write, (int fd, const void *bytes, size_t size), (fd, bytes, size))
LAST_CALL(int, fsync, (int fd), (fd))
LAST_CALL(int, rename, (const char *from, const char *to), (from, to))
LAST_CALL(int, renameat, (int at, const char *from, int to_at, const char *to),
          (at, from, to_at, to))
LAST_CALL(int, unlinkat, (int at, const char *path, int flags), (at, path, flags))
LAST_CALL(int, sqlite3_exec,
          (sqlite3 * db, const char *sql, int (*row)(void *, int, char **, char **), void *context,
           char **error),
          (db, sql, row, context, error))

/* ---- the old journal, its backup, and what it leaves behind ---- */

static void alarm_name(const void *context, uint32_t alarm, char *ret) {
    (void)context;
    (void)snprintf(ret, SITE_ALARM_NAME_SIZE, "fire_alarm/room-%" PRIu32, alarm);
}

static const struct journal_identity identity = {"gulou-demo", "main", alarm_name, NULL};

static void scene_record(struct scene *scene, int count) {
    struct journal_gather gather;
    assert_int_equal(journal_gather_init(&gather, 1), 0);
    for (int i = 0; i < count; i++) {
        char text[1200];
        struct journal_event *event;
        int size = snprintf(text, sizeof text, ",\"data\":{\"text\":\"%01000d\"}}", i);
        assert_int_equal(journal_event_new(text, 0, (size_t)size, &event), 0);
        event->lane = LANE_ACTIVITY;
        event->type = EVENT_ACCESS_GRANTED;
        event->alarm = RULESET_NONE;
        atomic_init(&event->early, 0);
        journal_gather_add_event(&gather, event);
    }
    assert_int_equal(journal_store_commit(scene->store, &gather, "1", "gulou-demo.main.1."), 0);
    journal_gather_deinit(&gather);
}

static void scene_copy(const char *from_directory, const char *from, const struct scene *scene,
                       const char *to) {
    char command[3 * PATH_SIZE + 32];
    (void)snprintf(command, sizeof command, "cp '%s/%s' '%s/%s'", from_directory, from,
                   scene->state, to);
    assert_int_equal(system(command), 0);
}

static bool scene_has(const struct scene *scene, const char *name) {
    char path[2 * PATH_SIZE];
    (void)snprintf(path, sizeof path, "%s/%s", scene->state, name);
    return access(path, F_OK) == 0;
}

static int scene_setup(void **state) {
    struct scene *scene = calloc(1, sizeof *scene);
    char reason[JOURNAL_REASON_SIZE];
    char path[PATH_SIZE + 16];
    assert_non_null(scene);
    (void)snprintf(scene->root, sizeof scene->root, "/tmp/tocsin-restore-XXXXXX");
    assert_non_null(mkdtemp(scene->root));
    (void)snprintf(scene->old, sizeof scene->old, "%s/old", scene->root);
    (void)snprintf(scene->backup, sizeof scene->backup, "%s/backup", scene->root);
    (void)snprintf(scene->state, sizeof scene->state, "%s/state", scene->root);
    (void)snprintf(scene->database, sizeof scene->database, "%s/state/journal.db", scene->root);
    assert_int_equal(mkdir(scene->old, 0700), 0);
    assert_int_equal(mkdir(scene->state, 0700), 0);
    (void)snprintf(path, sizeof path, "%s/journal.db", scene->old);
    assert_int_equal(journal_store_open(path, &identity, &scene->store, reason), 0);
    assert_int_equal(journal_store_boot_write(scene->store, BOOT, 1), 0);
    scene_record(scene, SAVED);
    assert_int_equal(journal_backup_make(scene->old, scene->backup, NULL, MADE, reason), 0);
    scene_record(scene, SINCE); /* it stays in the log */
    *state = scene;
    return 0;
}

static int scene_teardown(void **state) {
    struct scene *scene = *state;
    (void)journal_store_free(scene->store, false);
    int r = scratch_remove(scene->root);
    free(scene);
    return r;
}

/* ---- bringing it back ---- */

static void scene_restore(const struct scene *scene, struct wall now,
                          struct journal_backup *ret_backup) {
    char reason[JOURNAL_REASON_SIZE] = "";
    int r = journal_backup_restore(scene->backup, scene->state, NULL, now, ret_backup, reason);
    assert_string_equal(reason, "");
    assert_int_equal(r, 0);
}

/* What came back is the backup, whoever opens it. */
static void restored_is_the_backup(const struct scene *scene) {
    char reason[JOURNAL_REASON_SIZE] = "";
    struct journal_audit audit;
    struct journal_store *store;
    assert_int_equal(journal_store_open(scene->database, &identity, &store, reason), 0);
    assert_int_equal(journal_store_newest(store), SAVED);
    (void)journal_store_free(store, true);
    assert_int_equal(journal_audit(scene->database, NULL, &audit, reason), 0);
    assert_true(journal_audit_is_good(&audit));
    assert_int_equal(audit.events, SAVED);
    assert_int_equal(
        database_ask(scene->database, "SELECT integrity_check='ok' FROM pragma_integrity_check"),
        1);
}

static void a_log_left_behind_is_kept_and_not_played_into_what_comes_back(void **state) {
    struct scene *scene = *state;
    struct journal_backup backup;
    char aside[JOURNAL_ASIDE_SIZE + 8];
    scene_copy(scene->old, "journal.db-wal", scene, "journal.db-wal");
    scene_copy(scene->old, "journal.db-shm", scene, "journal.db-shm");
    scene_restore(scene, MADE, &backup);
    assert_false(scene_has(scene, "journal.db-wal"));
    assert_false(scene_has(scene, "journal.db-shm"));
    (void)snprintf(aside, sizeof aside, "%s-wal", backup.log_aside);
    assert_true(scene_has(scene, aside));
    restored_is_the_backup(scene);
}

static void where_nothing_was_left_nothing_is_told_of_it(void **state) {
    struct scene *scene = *state;
    struct journal_backup backup;
    scene_restore(scene, MADE, &backup);
    assert_string_equal(backup.log_aside, "");
    restored_is_the_backup(scene);
}

/* A change to another file, cut short after its old pages had been put down to be put back. */
static void scene_leave_change(const struct scene *scene, const char *name) {
    char path[PATH_SIZE + 16];
    sqlite3 *db;
    (void)snprintf(path, sizeof path, "%s/other", scene->root);
    (void)unlink(path);
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    assert_int_equal(
        sqlite3_exec(db,
                     "PRAGMA cache_size=2; CREATE TABLE a(b); "
                     "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n WHERE i<50) "
                     "INSERT INTO a SELECT zeroblob(2000) FROM n; "
                     "BEGIN; UPDATE a SET b=randomblob(2000)",
                     NULL, NULL, NULL),
        SQLITE_OK);
    scene_copy(scene->root, "other-journal", scene, name);
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

static void a_change_that_was_cut_short_is_not_undone_in_what_comes_back(void **state) {
    static const char *const names[] = {"journal.db-journal", "journal.db.partial-journal"};
    struct scene *scene = *state;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        struct journal_backup backup;
        scene_leave_change(scene, names[i]);
        scene_restore(scene, MADE, &backup);
        assert_int_equal(backup.log_aside[0] != '\0', i == 0);
        restored_is_the_backup(scene);
        assert_int_equal(unlink(scene->database), 0);
    }
}

/* Restore in a child that ends at its `call`th call; false when it made fewer. */
static bool restore_dies(const struct scene *scene, uint32_t call) {
    char reason[JOURNAL_REASON_SIZE];
    struct journal_backup backup;
    fflush(NULL);
    pid_t child = fork();
    if (child == 0) {
        calls_left = call;
        _exit(journal_backup_restore(scene->backup, scene->state, NULL, MADE, &backup, reason) == 0
                  ? 3
                  : 4);
    }
    int status;
    assert_true(child > 0);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_int_not_equal(WEXITSTATUS(status), 4);
    return WEXITSTATUS(status) == 0;
}

static void a_restore_that_dies_leaves_no_half_of_a_journal_and_is_done_again(void **state) {
    struct scene *scene = *state;
    uint32_t without = 0;
    uint32_t with = 0;
    bool died = true;
    for (uint32_t call = 1; died; call++) {
        struct journal_backup backup;
        assert_true(call < CALLS_MAX);
        assert_int_equal(scratch_remove(scene->state), 0);
        assert_int_equal(mkdir(scene->state, 0700), 0);
        scene_copy(scene->old, "journal.db-wal", scene, "journal.db-wal");
        died = restore_dies(scene, call);
        if (scene_has(scene, "journal.db")) {
            with++;
        } else {
            without++;
            scene_restore(scene, MADE, &backup);
        }
        restored_is_the_backup(scene);
    }
    /* Not all at one end: before the last renaming, and after it. */
    assert_true(without >= 5);
    assert_true(with >= 2);
}

static void a_restore_that_fails_says_that_its_copy_is_gone(void **state) {
    struct scene *scene = *state;
    struct journal_backup backup;
    char reason[JOURNAL_REASON_SIZE] = "";
    char boot[PATH_SIZE + 16];
    (void)snprintf(boot, sizeof boot, "%s/boot", scene->state);
    assert_int_equal(mkdir(boot, 0700), 0); /* no file of that name can be written */
    assert_int_equal(
        journal_backup_restore(scene->backup, scene->state, NULL, MADE, &backup, reason),
        JOURNAL_E_FAILED);
    assert_non_null(strstr(reason, "; what had been copied was removed again"));
    assert_false(scene_has(scene, "journal.db"));
    assert_false(scene_has(scene, "journal.db.partial"));
    assert_int_equal(rmdir(boot), 0);
    scene_restore(scene, MADE, &backup);
    restored_is_the_backup(scene);
    /* One that does not begin has nothing to take away. */
    assert_int_equal(
        journal_backup_restore(scene->backup, scene->state, NULL, MADE, &backup, reason),
        JOURNAL_E_OCCUPIED);
    assert_null(strstr(reason, "removed"));
}

/* ---- the file beside the journal ---- */

static bool is_whole(const char *bytes, size_t size) {
    return size >= 5 && memcmp(bytes, "whole", 5) == 0;
}

enum { BESIDE_MAX = 12 };

static const struct journal_beside beside[] = {
    {.name = "kept", .column = JOURNAL_BESIDE_SITE, .size_max = BESIDE_MAX, .is_whole = is_whole},
    {.name = NULL}};

static void file_put(const char *directory, const char *text) {
    char path[PATH_SIZE + 16];
    (void)snprintf(path, sizeof path, "%s/kept", directory);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_int_equal(fwrite(text, 1, strlen(text), file), strlen(text));
    assert_int_equal(fclose(file), 0);
}

static void file_is(const struct scene *scene, const char *expected) {
    char path[PATH_SIZE + 16];
    char text[64] = "";
    (void)snprintf(path, sizeof path, "%s/kept", scene->state);
    FILE *file = fopen(path, "r");
    if (file != NULL) {
        assert_true(fread(text, 1, sizeof text - 1, file) > 0);
        assert_int_equal(fclose(file), 0);
    }
    assert_string_equal(text, expected);
}

/* Save with `text` beside the journal, NULL for none; `change` the backup; `there` is in the directory. */
static void beside_comes_back(const struct scene *scene, const char *text, const char *change,
                              const char *there, enum journal_beside_state in_backup,
                              enum journal_beside_state restored, const char *expected) {
    char reason[JOURNAL_REASON_SIZE] = "";
    char path[PATH_SIZE + 16];
    struct journal_backup backup;
    assert_int_equal(unlink(scene->backup), 0);
    assert_int_equal(scratch_remove(scene->state), 0);
    assert_int_equal(mkdir(scene->state, 0700), 0);
    (void)snprintf(path, sizeof path, "%s/kept", scene->old);
    (void)unlink(path);
    if (text != NULL) {
        file_put(scene->old, text);
    }
    if (there != NULL) {
        file_put(scene->state, there);
    }
    assert_int_equal(journal_backup_make(scene->old, scene->backup, beside, MADE, reason), 0);
    database_run(scene->backup, change);
    assert_int_equal(journal_backup_check(scene->backup, beside, &backup, reason), 0);
    assert_int_equal(backup.besides[0], in_backup);
    assert_int_equal(
        journal_backup_restore(scene->backup, scene->state, beside, MADE, &backup, reason), 0);
    assert_int_equal(backup.besides[0], restored);
    file_is(scene, expected);
    assert_true(scene_has(scene, "journal.db"));
}

static void the_file_beside_a_journal_is_saved_and_comes_back(void **state) {
    struct scene *scene = *state;
    beside_comes_back(scene, "whole site", "", NULL, BESIDE_WHOLE, BESIDE_WHOLE, "whole site");
    beside_comes_back(scene, NULL, "", NULL, BESIDE_NONE, BESIDE_NONE, "");
    beside_comes_back(scene, "torn site", "", NULL, BESIDE_NONE, BESIDE_NONE, "");
    beside_comes_back(scene, "", "", NULL, BESIDE_NONE, BESIDE_NONE, "");
    /* As long as it may be, and longer. */
    beside_comes_back(scene, "whole site 1", "", NULL, BESIDE_WHOLE, BESIDE_WHOLE, "whole site 1");
    beside_comes_back(scene, "whole site 12", "", NULL, BESIDE_NONE, BESIDE_NONE, "");
    /* That of a later life stays. */
    beside_comes_back(scene, "whole site", "", "whole and later", BESIDE_WHOLE, BESIDE_THERE,
                      "whole and later");
    /* Damaged in the backup, which its journal is not. */
    beside_comes_back(scene, "whole site", "UPDATE backup SET beside=x'00'", NULL, BESIDE_DAMAGED,
                      BESIDE_DAMAGED, "");
    /* A backup of before. */
    beside_comes_back(scene, "whole site", "ALTER TABLE backup DROP COLUMN beside", NULL,
                      BESIDE_NONE, BESIDE_NONE, "");
}

/* ---- numbers ---- */

static void scene_know(const struct scene *scene, struct journal_boot boot) {
    int directory = open(scene->state, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    assert_true(directory >= 0);
    assert_int_equal(journal_boot_write(directory, &boot), 0);
    assert_int_equal(close(directory), 0);
}

static struct journal_boot scene_known(const struct scene *scene) {
    struct journal_boot boot;
    int directory = open(scene->state, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    assert_true(directory >= 0);
    assert_int_equal(journal_boot_read(directory, &boot), 0);
    assert_int_equal(close(directory), 0);
    return boot;
}

static void no_life_that_the_directory_knows_of_is_lived_again(void **state) {
    struct scene *scene = *state;
    const struct wall clocks[] = {{0}, {MADE.ns - A_DAY_NS}, MADE, {MADE.ns + A_DAY_NS}};
    /* Less than the backup knows, more, and more than a beginning at any of these clocks. */
    const uint64_t boots[] = {0, BOOT - 1, BOOT + 7, UINT64_C(1) << 52};
    for (size_t i = 0; i < sizeof clocks / sizeof *clocks; i++) {
        for (size_t j = 0; j < sizeof boots / sizeof *boots; j++) {
            struct journal_backup backup;
            scene_know(scene, (struct journal_boot){boots[j], 2});
            scene_restore(scene, clocks[i], &backup);
            uint64_t boot = scene_known(scene).boot;
            assert_true(boot > BOOT && boot > boots[j]);
            assert_true(boot < UINT64_C(1) << 53);
            assert_int_equal(unlink(scene->database), 0);
        }
    }
}

/* The old box lived on after the backup, and a new one does not know its clock. */
static void lives_after_the_backup_are_not_met_where_the_clock_is_behind(void **state) {
    struct scene *scene = *state;
    struct journal_backup backup;
    scene_restore(scene, (struct wall){0}, &backup);
    assert_true(scene_known(scene).boot >= journal_boot_first(MADE) >> 22 << 22);
    assert_int_equal(unlink(scene->database), 0);
    /* Neither does a box whose own clock was never right: chance keeps them apart. */
    database_run(scene->backup, "UPDATE backup SET made=0");
    uint32_t apart = 0;
    for (int i = 0; i < 8; i++) {
        scene_know(scene, (struct journal_boot){UINT64_C(1) << 30, 0});
        scene_restore(scene, (struct wall){0}, &backup);
        apart += scene_known(scene).boot > (UINT64_C(1) << 30) + 1000;
        assert_int_equal(unlink(scene->database), 0);
    }
    assert_true(apart >= 6);
}

static void numbering_goes_on_after_the_highest_that_is_known(void **state) {
    struct scene *scene = *state;
    const uint64_t seqs[] = {0, SAVED - 1, SAVED, SAVED + 1};
    for (size_t i = 0; i < sizeof seqs / sizeof *seqs; i++) {
        struct journal_backup backup;
        scene_know(scene, (struct journal_boot){BOOT, seqs[i]});
        scene_restore(scene, MADE, &backup);
        assert_int_equal(scene_known(scene).seq, seqs[i] > SAVED ? seqs[i] : SAVED);
        assert_int_equal(unlink(scene->database), 0);
    }
}

int main(void) {
#define SCENE(test) cmocka_unit_test_setup_teardown(test, scene_setup, scene_teardown)
    const struct CMUnitTest tests[] = {
        SCENE(a_log_left_behind_is_kept_and_not_played_into_what_comes_back),
        SCENE(where_nothing_was_left_nothing_is_told_of_it),
        SCENE(a_change_that_was_cut_short_is_not_undone_in_what_comes_back),
        SCENE(a_restore_that_dies_leaves_no_half_of_a_journal_and_is_done_again),
        SCENE(a_restore_that_fails_says_that_its_copy_is_gone),
        SCENE(the_file_beside_a_journal_is_saved_and_comes_back),
        SCENE(no_life_that_the_directory_knows_of_is_lived_again),
        SCENE(lives_after_the_backup_are_not_met_where_the_clock_is_behind),
        SCENE(numbering_goes_on_after_the_highest_that_is_known),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
