/* SPDX-License-Identifier: Apache-2.0 */

/*
 * A journal of an older version is of the older or of the present one, whenever raising it is cut off
 *
 *     schema_cut [--seeds N] [--control loose]
 *
 * A journal of each version that there has been (tests/support/schema_history.h) is opened while its
 * disk loses its power, is full or fails at the n-th operation, for n = 1, 2 … until none is left that
 * could meet it. What is there then has to be the old journal or the new one, word by word and row by
 * row, and the next opening has to bring it to the new one. What a power cut leaves of what was not
 * synced is drawn anew for each of N seeds.
 *
 * The control takes the steps without a transaction around them, and must be found. Ends with 0 when
 * all is as it has to be; the last line has the counts.
 */

#include <inttypes.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/support/fault_disk.h"
#include "tests/support/fault_vfs.h"
#include "tests/support/quiet_log.h"
#include "tests/support/schema_history.h"
#include "tests/support/scratch.h"

enum { PATH_SIZE = 160, OPERATIONS_MAX = 10000 };

static bool is_loose;

struct counts {
    uint64_t points, cut, stayed, raised, wrong;
};

struct scene {
    char root[64];
    char old[PATH_SIZE], fresh[PATH_SIZE], disk[PATH_SIZE], left[PATH_SIZE];
};

int __real_sqlite3_exec(sqlite3 *db, const char *sql, int (*row)(void *, int, char **, char **),
                        void *context, char **ret_error);
int __wrap_sqlite3_exec(sqlite3 *db, const char *sql, int (*row)(void *, int, char **, char **),
                        void *context, char **ret_error);

int __wrap_sqlite3_exec(sqlite3 *db, const char *sql, int (*row)(void *, int, char **, char **),
                        void *context, char **ret_error) {
    bool holds_together = strcmp(sql, "BEGIN IMMEDIATE") == 0 || strcmp(sql, "COMMIT") == 0;
    return is_loose && holds_together ? SQLITE_OK
                                      : __real_sqlite3_exec(db, sql, row, context, ret_error);
}

static void directory_make(const char *path) {
    int r = mkdir(path, 0700);
    assert(r == 0);
}

/* What is in the directory is one of the two, and opening it makes it the new one. */
static void scene_judge(const struct scene *scene, const char *directory, struct counts *counts) {
    char database[PATH_SIZE + 16];
    char reason[JOURNAL_REASON_SIZE];
    (void)snprintf(database, sizeof database, "%s/journal.db", directory);
    enum schema_state state = schema_look(database, scene->old, scene->fresh);
    counts->stayed += state == SCHEMA_IS_OLD;
    counts->raised += state == SCHEMA_IS_NEW;
    bool is_well = state != SCHEMA_IS_NEITHER && schema_open(database, reason) == 0 &&
                   schema_look(database, scene->old, scene->fresh) == SCHEMA_IS_NEW;
    counts->wrong += !is_well;
}

/* Raise a journal whose disk meets the fault at that operation. False when nothing met it. */
static bool scene_raise(const struct scene *scene, unsigned version, enum fault_kind kind,
                        uint64_t at, uint64_t seed, struct counts *counts) {
    char database[PATH_SIZE + 16];
    char reason[JOURNAL_REASON_SIZE];
    directory_make(scene->disk);
    directory_make(scene->left);
    (void)snprintf(database, sizeof database, "%s/journal.db", scene->disk);
    schema_make(version, database);
    fault_disk_mount(scene->disk);
    fault_disk_plan(kind, at, true);
    int r = schema_open(database, reason);
    bool met = fault_disk_met() > 0;
    fault_disk_plan(FAULT_NONE, 0, false);
    if (kind == FAULT_POWER) {
        fault_disk_survive(scene->left, seed);
    }
    fault_disk_unmount();
    counts->points += met;
    counts->cut += met && r != 0;
    scene_judge(scene, kind == FAULT_POWER ? scene->left : scene->disk, counts);
    r = scratch_remove(scene->disk) + scratch_remove(scene->left);
    assert(r == 0);
    return met;
}

static void version_run(const struct scene *scene, unsigned version, uint64_t seeds,
                        struct counts *counts) {
    static const enum fault_kind kinds[] = {FAULT_POWER, FAULT_FULL, FAULT_IO};
    (void)unlink(scene->old);
    schema_make(version, scene->old);
    for (size_t kind = 0; kind < sizeof kinds / sizeof kinds[0]; kind++) {
        for (uint64_t seed = 1; seed <= (kinds[kind] == FAULT_POWER ? seeds : 1); seed++) {
            uint64_t at = 1;
            while (
                scene_raise(scene, version, kinds[kind], at, seed * OPERATIONS_MAX + at, counts)) {
                at++;
                assert(at < OPERATIONS_MAX);
            }
        }
    }
}

int main(int argc, char **argv) {
    struct counts counts = {0};
    struct scene scene = {.root = "/tmp/tocsin-schema-XXXXXX"};
    char reason[JOURNAL_REASON_SIZE];
    uint64_t seeds = 1;
    bool control = false;
    for (int i = 1; i + 1 < argc; i += 2) {
        if (strcmp(argv[i], "--seeds") == 0) {
            seeds = strtoumax(argv[i + 1], NULL, 10);
        } else if (strcmp(argv[i], "--control") == 0 && strcmp(argv[i + 1], "loose") == 0) {
            control = true;
        } else {
            (void)fprintf(stderr, "%s: cannot take '%s %s'\n", argv[0], argv[i], argv[i + 1]);
            return 2;
        }
    }
    assert(mkdtemp(scene.root) != NULL);
    (void)snprintf(scene.old, PATH_SIZE, "%s/old.db", scene.root);
    (void)snprintf(scene.fresh, PATH_SIZE, "%s/fresh.db", scene.root);
    (void)snprintf(scene.disk, PATH_SIZE, "%s/disk", scene.root);
    (void)snprintf(scene.left, PATH_SIZE, "%s/left", scene.root);
    int r = schema_open(scene.fresh, reason);
    assert(r == 0);
    fault_vfs_register();
    is_loose = control;
    for (unsigned version = 1; version < JOURNAL_SCHEMA_VERSION && (!control || counts.wrong == 0);
         version++) {
        version_run(&scene, version, seeds, &counts);
    }
    (void)scratch_remove(scene.root);
    printf("row: schema_cut control=%s versions=%d cut_points=%" PRIu64 " refused=%" PRIu64
           " stayed=%" PRIu64 " raised=%" PRIu64 " lost=%" PRIu64 "\n",
           control ? "loose" : "none", JOURNAL_SCHEMA_VERSION - 1, counts.points, counts.cut,
           counts.stayed, counts.raised, counts.wrong);
    /* A run in which nothing was at stake shows nothing. */
    bool at_stake = counts.cut > 0 && (control || (counts.stayed > 0 && counts.raised > 0));
    return at_stake && (counts.wrong > 0) == control ? 0 : 1;
}
