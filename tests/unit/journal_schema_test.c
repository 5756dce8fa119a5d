/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Journals of every version that there has been become one of the present version, with all they held
 */

#include <dirent.h>
#include <unistd.h>

#include "gateway/journal/journal.h"
#include "gateway/journal/journal_inspection.h"
#include "gateway/site.h"
#include "tests/support/cmocka.h"
#include "tests/support/schema_history.h"
#include "tests/support/scratch.h"

enum { PATH_SIZE = 160, FILE_MAX = 1 << 20 };

struct scene {
    char root[64];
    char database[PATH_SIZE], old[PATH_SIZE], fresh[PATH_SIZE];
};

static int scene_setup(void **state) {
    struct scene *scene = calloc(1, sizeof *scene);
    char reason[JOURNAL_REASON_SIZE];
    assert_non_null(scene);
    (void)snprintf(scene->root, sizeof scene->root, "/tmp/tocsin-schema-XXXXXX");
    assert_non_null(mkdtemp(scene->root));
    (void)snprintf(scene->database, PATH_SIZE, "%s/journal.db", scene->root);
    (void)snprintf(scene->old, PATH_SIZE, "%s/old.db", scene->root);
    (void)snprintf(scene->fresh, PATH_SIZE, "%s/fresh.db", scene->root);
    assert_int_equal(schema_open(scene->fresh, reason), 0);
    *state = scene;
    return 0;
}

static int scene_teardown(void **state) {
    struct scene *scene = *state;
    int r = scratch_remove(scene->root);
    free(scene);
    return r;
}

static void scene_make(const struct scene *scene, unsigned version) {
    (void)unlink(scene->database);
    (void)unlink(scene->old);
    schema_make(version, scene->database);
    schema_make(version, scene->old);
}

static void each_version_becomes_the_present_one_and_keeps_all_it_held(void **state) {
    const struct scene *scene = *state;
    char reason[JOURNAL_REASON_SIZE];
    for (unsigned version = 1; version < JOURNAL_SCHEMA_VERSION; version++) {
        print_message("version %u\n", version);
        scene_make(scene, version);
        assert_int_equal(schema_open(scene->database, reason), 0);
        assert_int_equal(schema_look(scene->database, scene->old, scene->fresh), SCHEMA_IS_NEW);
    }
}

static void alarm_name(const void *context, uint32_t alarm, char *ret) {
    (void)context;
    (void)alarm;
    (void)snprintf(ret, SITE_ALARM_NAME_SIZE, "emergency_call/room-1");
}

static void count_open(void *context, const char *name, struct journal_alarm *alarm) {
    unsigned *count = context;
    (void)name;
    *count += alarm->record.axes.open && alarm->record.axes.latched;
}

/* All of it is looked through, as in the background, and nothing is wrong. */
static void assert_sound(const struct scene *scene) {
    struct journal_inspection *inspection;
    enum journal_inspection_state found;
    assert_int_equal(journal_inspection_new(scene->database, &inspection), 0);
    do {
        found = journal_inspection_step(inspection, NS_PER_S);
    } while (found == INSPECTION_GOES_ON);
    assert_int_equal(found, INSPECTION_SOUND);
    assert_int_equal(journal_inspection_events(inspection), 6);
    (void)journal_inspection_free(inspection);
}

static void a_gateway_goes_on_with_a_journal_of_each_version(void **state) {
    const struct scene *scene = *state;
    const struct journal_conf conf = {
        .directory = scene->root,
        .identity = {.site = "gulou-demo", .gateway = "main", .alarm_name = alarm_name},
        .alarm_count = 1,
        .keep = {.keep_ns = JOURNAL_WEEK_NS, .size = UINT64_C(1) << 30},
    };
    for (unsigned version = 1; version < JOURNAL_SCHEMA_VERSION; version++) {
        struct journal *journal;
        unsigned open = 0;
        print_message("version %u\n", version);
        scene_make(scene, version);
        assert_int_equal(journal_new(&conf, &journal), 0);
        assert_true(journal_is_recording(journal));
        assert_false(journal_was_damaged(journal));
        assert_int_equal(journal_newest(journal), 6);
        assert_int_equal(journal_confirmed(journal, JOURNAL_SINK_MQTT, LANE_ALARM), 4);
        assert_int_equal(journal_alarms(journal, count_open, &open), 0);
        assert_int_equal(open, 2);
        (void)journal_free(journal);
        assert_sound(scene);
        char boot[PATH_SIZE];
        (void)snprintf(boot, sizeof boot, "%s/boot", scene->root);
        assert_int_equal(unlink(boot), 0); /* the next one is of another gateway */
    }
}

static size_t file_read(const char *path, char *ret) {
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    size_t size = fread(ret, 1, FILE_MAX, file);
    assert_true(size > 0 && size < FILE_MAX);
    (void)fclose(file);
    return size;
}

/* The file at `path` has the bytes that `before` had. */
static void assert_untouched(const char *path, const char *before, size_t size) {
    char *now = malloc(FILE_MAX);
    assert_non_null(now);
    assert_int_equal(file_read(path, now), size);
    assert_memory_equal(now, before, size);
    free(now);
}

static void a_newer_version_is_refused_in_words_and_not_touched(void **state) {
    const struct scene *scene = *state;
    char reason[JOURNAL_REASON_SIZE];
    char newer[64];
    char *before = malloc(FILE_MAX);
    sqlite3 *db;
    assert_non_null(before);
    scene_make(scene, JOURNAL_SCHEMA_VERSION - 1);
    assert_int_equal(sqlite3_open(scene->database, &db), SQLITE_OK);
    (void)snprintf(newer, sizeof newer, "PRAGMA user_version=%d", JOURNAL_SCHEMA_VERSION + 1);
    schema_run(db, newer);
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
    size_t size = file_read(scene->database, before);
    assert_int_equal(schema_open(scene->database, reason), JOURNAL_E_DAMAGED);
    char words[64];
    (void)snprintf(words, sizeof words,
                   "a later Tocsin wrote it: schema %d, this one reads up to %d",
                   JOURNAL_SCHEMA_VERSION + 1, JOURNAL_SCHEMA_VERSION);
    assert_string_equal(reason, words);
    assert_untouched(scene->database, before, size);

    /* A gateway sets it aside as it is, goes on in a file of its own, and knows what was open. */
    const struct journal_conf conf = {
        .directory = scene->root,
        .identity = {.site = "gulou-demo", .gateway = "main", .alarm_name = alarm_name},
        .alarm_count = 1,
        .keep = {.keep_ns = JOURNAL_WEEK_NS, .size = UINT64_C(1) << 30},
    };
    struct journal *journal;
    unsigned open = 0, aside = 0;
    assert_int_equal(journal_new(&conf, &journal), 0);
    assert_true(journal_is_recording(journal));
    assert_true(journal_was_damaged(journal));
    assert_int_equal(journal_newest(journal), 6);
    assert_int_equal(journal_alarms(journal, count_open, &open), 0);
    assert_int_equal(open, 2);
    (void)journal_free(journal);
    DIR *directory = opendir(scene->root);
    assert_non_null(directory);
    const struct dirent *entry;
    while ((entry = readdir(directory)) != NULL) {
        if (strstr(entry->d_name, ".bad-") != NULL && strstr(entry->d_name, "-wal") == NULL) {
            char path[512];
            (void)snprintf(path, sizeof path, "%s/%s", scene->root, entry->d_name);
            assert_untouched(path, before, size);
            aside++;
        }
    }
    (void)closedir(directory);
    assert_int_equal(aside, 1);
    free(before);
}

int main(void) {
#define SCENE(test) cmocka_unit_test_setup_teardown(test, scene_setup, scene_teardown)
    const struct CMUnitTest tests[] = {
        SCENE(each_version_becomes_the_present_one_and_keeps_all_it_held),
        SCENE(a_gateway_goes_on_with_a_journal_of_each_version),
        SCENE(a_newer_version_is_refused_in_words_and_not_touched),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
