/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The history on the disk, as stories over a real directory: restarts, torn ends, rotten bytes, clocks
 * that jump, disks that are full.
 */

#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "gateway/console/trend/trend_store.h"
#include "tests/support/cmocka.h"
#include "tests/support/scratch.h"
#include "tests/support/small_disk.h"

enum { POINTS = 3, PATH_SIZE = 128, HOUR = 60, QUARTERS = 4, DAY = 96 };

/* Some hour of 2026, in minutes. */
#define BEGIN      (INT64_C(29000000) / HOUR * HOUR)
#define SIZE_LARGE (1ull << 30)

static const uint64_t ids[POINTS] = {900, 100, 500};
static const uint64_t other_ids[POINTS] = {900, 101, 500};

struct scene {
    char directory[PATH_SIZE];
    struct trend_store *store;
};

static void scene_open(struct scene *scene, const uint64_t *columns, uint64_t size_max) {
    const struct trend_columns all = {.ids = columns, .count = POINTS};
    assert_int_equal(trend_store_new(scene->directory, all, size_max, &scene->store), 0);
}

static int scene_begin(void **state) {
    struct scene *scene = calloc(1, sizeof *scene);
    /* Where nothing is synced to: these are thousands of minutes. */
    (void)snprintf(scene->directory, sizeof scene->directory, "%s/trend.XXXXXX",
                   access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
    assert_non_null(mkdtemp(scene->directory));
    scene_open(scene, ids, SIZE_LARGE);
    *state = scene;
    return 0;
}

static int scene_end(void **state) {
    struct scene *scene = *state;
    (void)trend_store_free(scene->store);
    assert_int_equal(scratch_remove(scene->directory), 0);
    free(scene);
    return 0;
}

/* Nothing is written when it is closed: a restart is a kill -9. */
static void restart(struct scene *scene) {
    scene->store = trend_store_free(scene->store);
    scene_open(scene, ids, SIZE_LARGE);
}

/* What point `p` did in a minute: the second one is quiet, the third is bad now and then. */
static struct trend_bucket minute_of(int64_t slot, uint32_t p) {
    const double n = (double)(slot - BEGIN);
    if (p == 1) {
        return (struct trend_bucket){7, 7, 7, 7, 0, 60000, 60000};
    } else if (p == 2 && slot % 5 == 0) {
        return (struct trend_bucket){.watched_ms = 60000};
    }
    return (struct trend_bucket){n - 1, n + 2, n + 0.5, n + 1, 2, 50000, 60000};
}

static int add_to(struct trend_store *store, int64_t slot) {
    struct trend_bucket buckets[POINTS];
    for (uint32_t p = 0; p < POINTS; p++) {
        buckets[p] = minute_of(slot, p);
    }
    return trend_store_add(store, slot, buckets);
}

static void add(struct scene *scene, int64_t first, uint32_t count) {
    for (uint32_t i = 0; i < count; i++) {
        assert_int_equal(add_to(scene->store, first + i), 0);
    }
}

static struct trend_bucket read_one(struct scene *scene, uint32_t step_s, uint64_t id,
                                    int64_t slot) {
    struct trend_bucket bucket = {0};
    assert_int_equal(trend_store_read(scene->store, step_s, &id, 1, slot, 1, &bucket), 0);
    return bucket;
}

static bool same(const struct trend_bucket *a, const struct trend_bucket *b) {
    return a->min == b->min && a->max == b->max && a->mean == b->mean && a->last == b->last &&
           a->changes == b->changes && a->good_ms == b->good_ms && a->watched_ms == b->watched_ms;
}

static bool has_minute(struct scene *scene, int64_t slot, uint32_t p) {
    struct trend_bucket found = read_one(scene, TREND_MINUTE_S, ids[p], slot);
    struct trend_bucket wanted = minute_of(slot, p);
    return same(&found, &wanted);
}

static bool is_gap(struct scene *scene, int64_t slot, uint32_t p) {
    struct trend_bucket found = read_one(scene, TREND_MINUTE_S, ids[p], slot);
    return trend_bucket_is_empty(&found);
}

static void assert_minutes(struct scene *scene, int64_t first, uint32_t count) {
    for (uint32_t p = 0; p < POINTS; p++) {
        for (uint32_t i = 0; i < count; i++) {
            assert_true(has_minute(scene, first + i, p));
        }
    }
}

/* Whether the quarter is made of `count` minutes from `first` on, each of them once. */
static bool quarter_is(struct scene *scene, int64_t quarter, int64_t first, uint32_t count) {
    for (uint32_t p = 0; p < POINTS; p++) {
        struct trend_bucket sum = {0};
        for (uint32_t i = 0; i < count; i++) {
            struct trend_bucket minute = minute_of(first + i, p);
            trend_bucket_add(&sum, &minute);
        }
        struct trend_bucket found = read_one(scene, TREND_QUARTER_S, ids[p], quarter);
        if (found.watched_ms != sum.watched_ms || found.good_ms != sum.good_ms ||
            found.changes != sum.changes || found.last != sum.last || found.min != sum.min ||
            found.max != sum.max) {
            return false;
        }
    }
    return true;
}

static bool has_suffix(const char *name, const char *suffix) {
    size_t len = strlen(name), wanted = strlen(suffix);
    return len >= wanted && strcmp(name + len - wanted, suffix) == 0;
}

/* How many files there are whose names begin and end so, and the path of the last of them. */
static unsigned files(struct scene *scene, const char *prefix, const char *suffix,
                      char ret_path[2 * PATH_SIZE]) {
    struct dirent **rows = NULL;
    int count = scandir(scene->directory, &rows, NULL, alphasort);
    unsigned found = 0;
    for (int i = 0; i < count; i++) {
        const char *name = rows[i]->d_name;
        if (strncmp(name, prefix, strlen(prefix)) == 0 && has_suffix(name, suffix)) {
            found++;
            (void)snprintf(ret_path, 2 * PATH_SIZE, "%s/%.60s", scene->directory, name);
        }
        free(rows[i]);
    }
    free(rows);
    return found;
}

static unsigned char bytes[1 << 20];

static size_t load(const char *path) {
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    assert_true(fd >= 0);
    ssize_t size = read(fd, bytes, sizeof bytes);
    assert_true(size > 0 && (size_t)size < sizeof bytes);
    assert_int_equal(close(fd), 0);
    return (size_t)size;
}

static void store_bytes(const char *path, size_t size) {
    int fd = open(path, O_WRONLY | O_TRUNC | O_CLOEXEC);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, bytes, size), size);
    assert_int_equal(close(fd), 0);
}

/* ---- stories ---- */

static void minutes_come_back_and_what_was_not_written_is_a_gap(void **state) {
    struct scene *scene = *state;
    add(scene, BEGIN, 3);
    add(scene, BEGIN + 5, 1);
    assert_minutes(scene, BEGIN, 3);
    assert_true(is_gap(scene, BEGIN + 3, 0) && is_gap(scene, BEGIN + 4, 0));
    assert_minutes(scene, BEGIN + 5, 1);
    assert_true(is_gap(scene, BEGIN - 1, 0) && is_gap(scene, BEGIN + 6, 0));
}

static void a_killed_writer_goes_on_in_the_same_hour(void **state) {
    struct scene *scene = *state;
    char path[2 * PATH_SIZE];
    add(scene, BEGIN, 10);
    restart(scene);
    add(scene, BEGIN + 10, 10);
    assert_minutes(scene, BEGIN, 20);
    assert_int_equal(files(scene, "minutes-", "", path), 1);
}

static void an_hour_that_is_over_reads_as_it_did_while_it_grew(void **state) {
    struct scene *scene = *state;
    char path[2 * PATH_SIZE];
    add(scene, BEGIN, HOUR);
    assert_minutes(scene, BEGIN, HOUR);
    assert_int_equal(files(scene, "minutes-", ".runs", path), 0);
    add(scene, BEGIN + HOUR, 1);
    assert_int_equal(files(scene, "minutes-", ".runs", path), 1);
    assert_int_equal(files(scene, "minutes-", ".blocks", path), 1);
    assert_minutes(scene, BEGIN, HOUR + 1);
    restart(scene);
    assert_minutes(scene, BEGIN, HOUR + 1);
    assert_int_equal(trend_store_stats(scene->store).damaged, 0);
}

static void several_points_are_read_at_once_in_the_order_they_were_asked_for(void **state) {
    struct scene *scene = *state;
    const uint64_t asked[] = {ids[2], 12345, ids[0]};
    struct trend_bucket found[3 * 4] = {{0}};
    add(scene, BEGIN, HOUR + 2);
    assert_int_equal(
        trend_store_read(scene->store, TREND_MINUTE_S, asked, 3, BEGIN + HOUR - 2, 4, found), 0);
    for (uint32_t i = 0; i < 4; i++) {
        struct trend_bucket third = minute_of(BEGIN + HOUR - 2 + i, 2);
        struct trend_bucket first = minute_of(BEGIN + HOUR - 2 + i, 0);
        assert_true(same(&found[i], &third));
        assert_true(trend_bucket_is_empty(&found[4 + i]));
        assert_true(same(&found[8 + i], &first));
    }
}

static void a_quarter_is_its_minutes_also_before_it_ends(void **state) {
    struct scene *scene = *state;
    const int64_t quarter = BEGIN / TREND_MINUTES;
    add(scene, BEGIN, 7);
    assert_true(quarter_is(scene, quarter, BEGIN, 7));
    add(scene, BEGIN + 7, 8);
    assert_true(quarter_is(scene, quarter, BEGIN, TREND_MINUTES));
    assert_int_equal(trend_store_stats(scene->store).quarters_written, 1);
}

static void a_kill_after_any_minute_counts_each_minute_once(void **state) {
    struct scene *scene = *state;
    const int64_t quarter = BEGIN / TREND_MINUTES;
    for (uint32_t i = 0; i < 2 * HOUR; i++) {
        add(scene, BEGIN + i, 1);
        restart(scene);
    }
    for (uint32_t q = 0; q < 2 * QUARTERS; q++) {
        assert_true(quarter_is(scene, quarter + q, BEGIN + q * TREND_MINUTES, TREND_MINUTES));
    }
    assert_minutes(scene, BEGIN, 2 * HOUR);
}

static void a_kill_before_the_quarter_was_written_loses_nothing_of_it(void **state) {
    struct scene *scene = *state;
    char path[2 * PATH_SIZE];
    const int64_t quarter = BEGIN / TREND_MINUTES;
    add(scene, BEGIN, 2 * TREND_MINUTES);
    /* As if the power had gone after the minute: the block of the second quarter is not there. */
    assert_int_equal(files(scene, "quarters-", ".blocks", path), 1);
    size_t size = load(path);
    store_bytes(path, size - 20);
    restart(scene);
    assert_int_equal(trend_store_stats(scene->store).damaged, 1);
    assert_true(quarter_is(scene, quarter, BEGIN, TREND_MINUTES));
    assert_true(quarter_is(scene, quarter + 1, BEGIN + TREND_MINUTES, TREND_MINUTES));
}

static void a_block_torn_at_any_byte_is_dropped_and_counted(void **state) {
    struct scene *scene = *state;
    char path[2 * PATH_SIZE];
    add(scene, BEGIN, 2);
    assert_int_equal(files(scene, "minutes-", ".blocks", path), 1);
    size_t before = load(path);
    add(scene, BEGIN + 2, 1);
    size_t after = load(path);
    for (unsigned kind = 0; kind < 2; kind++) {
        for (size_t size = before; size < after; size++) {
            /* Cut off, or never written though the file had grown. */
            memset(bytes + size, 0xEE, after - size);
            store_bytes(path, kind == 0 ? size : after);
            restart(scene);
            assert_int_equal(trend_store_stats(scene->store).damaged,
                             kind == 0 && size == before ? 0 : 1);
            assert_minutes(scene, BEGIN, 2);
            assert_true(is_gap(scene, BEGIN + 2, 0));
            add(scene, BEGIN + 2, 1);
            assert_minutes(scene, BEGIN, 3);
            size_t again = load(path);
            assert_true(again == after || (kind == 1 && again == after + (after - before)));
            /* Behind a whole head the space of a torn body stays as it is: begin with what was whole. */
            memmove(bytes + before, bytes + again - (after - before), after - before);
        }
    }
}

static void a_rotten_byte_in_the_middle_costs_its_minute_alone(void **state) {
    struct scene *scene = *state;
    char path[2 * PATH_SIZE];
    add(scene, BEGIN, 2);
    assert_int_equal(files(scene, "minutes-", ".blocks", path), 1);
    size_t at = load(path) - 3;
    add(scene, BEGIN + 2, 2);
    size_t size = load(path);
    bytes[at] ^= 1;
    store_bytes(path, size);
    restart(scene);
    assert_int_equal(trend_store_stats(scene->store).damaged, 1);
    assert_minutes(scene, BEGIN, 1);
    assert_true(is_gap(scene, BEGIN + 1, 0));
    assert_minutes(scene, BEGIN + 2, 2);
    add(scene, BEGIN + 4, HOUR);
    assert_true(is_gap(scene, BEGIN + 1, 0));
    assert_minutes(scene, BEGIN + 2, HOUR);
}

static void a_rotten_byte_of_an_hour_that_is_over_costs_one_point_at_most(void **state) {
    struct scene *scene = *state;
    char path[2 * PATH_SIZE];
    add(scene, BEGIN, HOUR + 1);
    assert_int_equal(files(scene, "minutes-", ".runs", path), 1);
    size_t size = load(path);
    for (size_t at = sizeof(struct trend_file_head); at < size; at++) {
        (void)load(path);
        bytes[at] ^= 0x10;
        store_bytes(path, size);
        uint64_t damaged = trend_store_stats(scene->store).damaged;
        unsigned lost = 0;
        for (uint32_t p = 0; p < POINTS; p++) {
            bool gap = is_gap(scene, BEGIN + 7, p);
            assert_true(gap || has_minute(scene, BEGIN + 7, p));
            lost += gap;
        }
        /* The search goes by way of the middle entry; behind the table a run is one point's. */
        bool in_table = at < sizeof(struct trend_file_head) + POINTS * 16;
        assert_true(in_table ? lost >= 1 : lost == 1);
        assert_true(trend_store_stats(scene->store).damaged > damaged);
        (void)load(path);
        bytes[at] ^= 0x10;
        store_bytes(path, size);
    }
    assert_minutes(scene, BEGIN, HOUR + 1);
}

static void a_day_of_minutes_stays_and_older_ones_go(void **state) {
    struct scene *scene = *state;
    char path[2 * PATH_SIZE];
    add(scene, BEGIN, 30 * HOUR);
    assert_int_equal(files(scene, "minutes-", "", path), 26);
    assert_true(is_gap(scene, BEGIN + 3 * HOUR, 0));
    assert_minutes(scene, BEGIN + 5 * HOUR, 25 * HOUR);
    assert_true(quarter_is(scene, BEGIN / TREND_MINUTES, BEGIN, TREND_MINUTES));
}

static void thirteen_months_of_quarters_stay_and_older_ones_go(void **state) {
    struct scene *scene = *state;
    char path[2 * PATH_SIZE];
    const int64_t day = 24 * HOUR, begin = BEGIN / day * day;
    for (int64_t i = 0; i < 420; i++) {
        add(scene, begin + i * day, 1);
    }
    assert_int_equal(files(scene, "quarters-", "", path), 398);
    struct trend_bucket oldest =
        read_one(scene, TREND_QUARTER_S, ids[0], (begin + 22 * day) / TREND_MINUTES);
    assert_int_equal(oldest.watched_ms, 60000);
    restart(scene);
    assert_int_equal(files(scene, "quarters-", "", path), 398);
}

static void no_more_than_the_size_is_ever_taken(void **state) {
    struct scene *scene = *state;
    enum { SIZE = 20000 };
    char path[2 * PATH_SIZE];
    scene->store = trend_store_free(scene->store);
    scene_open(scene, ids, SIZE);
    for (int64_t i = 0; i < 60 * HOUR; i++) {
        assert_int_equal(add_to(scene->store, BEGIN + i), 0);
        assert_true(trend_store_stats(scene->store).bytes <= SIZE);
    }
    assert_minutes(scene, BEGIN + 59 * HOUR, HOUR);
    assert_int_equal(trend_store_stats(scene->store).dropped, 0);
    assert_in_range(files(scene, "minutes-", "", path), 1, 20);
}

static void the_size_that_is_counted_is_that_of_the_files(void **state) {
    struct scene *scene = *state;
    uint64_t sum = 0;
    add(scene, BEGIN, 28 * HOUR + 7);
    for (int i = 0; i < 2; i++) {
        DIR *listing = opendir(scene->directory);
        const struct dirent *row;
        struct stat found;
        sum = 0;
        while ((row = readdir(listing)) != NULL) {
            assert_int_equal(fstatat(dirfd(listing), row->d_name, &found, 0), 0);
            sum += S_ISREG(found.st_mode) ? (uint64_t)found.st_size : 0;
        }
        (void)closedir(listing);
        assert_int_equal(trend_store_stats(scene->store).bytes, sum);
        restart(scene);
    }
}

static void sites_that_change_all_the_time_do_not_fill_the_disk(void **state) {
    struct scene *scene = *state;
    char path[2 * PATH_SIZE];
    for (unsigned i = 0; i < 120; i++) {
        scene->store = trend_store_free(scene->store);
        scene_open(scene, i % 2 == 0 ? other_ids : ids, SIZE_LARGE);
        add(scene, BEGIN + i / 2, 1);
        assert_true(files(scene, "minutes-", "", path) <= 51);
    }
    assert_true(has_minute(scene, BEGIN + 59, 1));
}

static void what_stood_behind_a_torn_block_goes_with_the_next_one(void **state) {
    struct scene *scene = *state;
    char path[2 * PATH_SIZE];
    add(scene, BEGIN, 3);
    assert_int_equal(files(scene, "minutes-", ".blocks", path), 1);
    size_t size = load(path);
    memset(bytes + size, 0xEE, 5000);
    store_bytes(path, size + 5000);
    restart(scene);
    assert_int_equal(trend_store_stats(scene->store).damaged, 1);
    add(scene, BEGIN + 3, 2);
    assert_true(load(path) < size + 1000);
    restart(scene);
    assert_int_equal(trend_store_stats(scene->store).damaged, 0);
    assert_minutes(scene, BEGIN, 5);
}

static void a_clock_that_was_set_back_loses_neither_time(void **state) {
    struct scene *scene = *state;
    add(scene, BEGIN + HOUR, 10);
    add(scene, BEGIN + 55, 10); /* back by a quarter of an hour, into the hour before, and on */
    assert_minutes(scene, BEGIN + 55, 5);
    struct trend_bucket once = minute_of(BEGIN + HOUR, 0), both = once;
    trend_bucket_add(&both, &once);
    struct trend_bucket found = read_one(scene, TREND_MINUTE_S, ids[0], BEGIN + HOUR);
    assert_true(same(&found, &both));
    assert_minutes(scene, BEGIN + HOUR + 5, 5);
    restart(scene);
    found = read_one(scene, TREND_MINUTE_S, ids[0], BEGIN + HOUR);
    assert_true(same(&found, &both));
}

static void a_clock_that_jumps_ahead_by_years_takes_no_history_with_it(void **state) {
    struct scene *scene = *state;
    const int64_t years = 10 * 365 * 24 * HOUR;
    add(scene, BEGIN, 3 * HOUR);
    add(scene, BEGIN + years, 2 * HOUR);
    add(scene, BEGIN + 3 * HOUR, 3 * HOUR);
    assert_minutes(scene, BEGIN, 6 * HOUR);
    for (uint32_t q = 0; q < 6 * QUARTERS; q++) {
        assert_true(
            quarter_is(scene, BEGIN / TREND_MINUTES + q, BEGIN + q * TREND_MINUTES, TREND_MINUTES));
    }
}

static void a_gateway_that_starts_in_1970_keeps_what_it_had(void **state) {
    struct scene *scene = *state;
    add(scene, BEGIN, 2 * HOUR);
    add(scene, 0, 20);
    add(scene, BEGIN + 2 * HOUR, 10);
    assert_minutes(scene, BEGIN, 2 * HOUR + 10);
}

static void a_point_that_is_another_one_now_ends_and_the_others_go_on(void **state) {
    struct scene *scene = *state;
    add(scene, BEGIN, 10);
    scene->store = trend_store_free(scene->store);
    scene_open(scene, other_ids, SIZE_LARGE);
    add(scene, BEGIN + 10, 10);
    assert_minutes(scene, BEGIN, 10);
    assert_true(has_minute(scene, BEGIN + 10, 0) && has_minute(scene, BEGIN + 10, 2));
    assert_true(is_gap(scene, BEGIN + 10, 1));
    struct trend_bucket new_one = read_one(scene, TREND_MINUTE_S, other_ids[1], BEGIN + 10);
    assert_int_equal(new_one.good_ms, 60000);
    /* The quarter went on through it. */
    struct trend_bucket quarter = read_one(scene, TREND_QUARTER_S, ids[0], BEGIN / TREND_MINUTES);
    assert_int_equal(quarter.watched_ms, TREND_MINUTES * 60000);
    quarter = read_one(scene, TREND_QUARTER_S, other_ids[1], BEGIN / TREND_MINUTES);
    assert_int_equal(quarter.watched_ms, 5 * 60000);
}

static void a_file_of_another_version_is_left_alone_and_counted(void **state) {
    struct scene *scene = *state;
    char path[2 * PATH_SIZE];
    add(scene, BEGIN, 10);
    assert_int_equal(files(scene, "minutes-", ".blocks", path), 1);
    size_t size = load(path);
    bytes[8]++;
    store_bytes(path, size);
    restart(scene);
    assert_int_equal(trend_store_stats(scene->store).strange, 1);
    add(scene, BEGIN + 10, 10);
    assert_true(is_gap(scene, BEGIN, 0));
    assert_minutes(scene, BEGIN + 10, 10);
    assert_int_equal(load(path), size);
    /* What is no file at all neither: nobody waits for a pipe. */
    (void)snprintf(path, sizeof path, "%s/minutes-0000000077.runs", scene->directory);
    assert_int_equal(mkfifo(path, 0600), 0);
    restart(scene);
    assert_int_equal(trend_store_stats(scene->store).strange, 2);
    assert_minutes(scene, BEGIN + 10, 10);
}

static void a_crash_while_an_hour_is_turned_over_leaves_it_once(void **state) {
    struct scene *scene = *state;
    char blocks[2 * PATH_SIZE], path[2 * PATH_SIZE];
    add(scene, BEGIN, HOUR);
    assert_int_equal(files(scene, "minutes-", ".blocks", blocks), 1);
    size_t size = load(blocks);
    add(scene, BEGIN + HOUR, 1);
    /* The blocks had not been removed yet, and another one was being written. */
    assert_int_equal(access(blocks, F_OK), -1);
    int fd = open(blocks, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    assert_int_equal(write(fd, bytes, size), size);
    assert_int_equal(close(fd), 0);
    (void)snprintf(path, sizeof path, "%s/minutes-0000000009.runs.new", scene->directory);
    fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    assert_int_equal(close(fd), 0);
    restart(scene);
    assert_minutes(scene, BEGIN, HOUR + 1);
    assert_int_equal(access(blocks, F_OK), -1);
    assert_int_equal(access(path, F_OK), -1);
}

static void a_full_disk_costs_what_it_does_not_take_and_no_more(void **state) {
    (void)state;
    struct small_disk disk;
    struct scene scene = {0};
    small_disk_make(&disk, "trend", 66);
    if (!disk.mounted) {
        assert_int_equal(small_disk_remove(&disk), 0);
        skip();
    }
    (void)snprintf(scene.directory, sizeof scene.directory, "%s/history", disk.path);
    scene_open(&scene, ids, SIZE_LARGE);
    add(&scene, BEGIN, HOUR - 1);
    small_disk_fill(&disk);
    assert_int_equal(add_to(scene.store, BEGIN + HOUR - 1), TREND_E_DISK);
    assert_int_equal(add_to(scene.store, BEGIN + HOUR), TREND_E_DISK);
    assert_int_equal(trend_store_stats(scene.store).dropped, 3); /* a quarter was among them */
    assert_minutes(&scene, BEGIN, HOUR - 1);
    assert_int_equal(unlink(disk.filler), 0);
    add(&scene, BEGIN + HOUR + 1, 14);
    assert_minutes(&scene, BEGIN + HOUR + 1, 14);
    assert_true(is_gap(&scene, BEGIN + HOUR, 0));
    /* The minutes that were not written are in the quarter all the same. */
    assert_true(quarter_is(&scene, BEGIN / TREND_MINUTES + QUARTERS, BEGIN + HOUR, TREND_MINUTES));
    scene.store = trend_store_free(scene.store);
    assert_int_equal(scratch_remove(scene.directory), 0);
    assert_int_equal(small_disk_remove(&disk), 0);
}

static void a_disk_that_can_only_be_read_still_shows_what_it_has(void **state) {
    (void)state;
    struct small_disk disk;
    struct scene scene = {0};
    small_disk_make(&disk, "trend", 66);
    if (!disk.mounted) {
        assert_int_equal(small_disk_remove(&disk), 0);
        skip();
    }
    (void)snprintf(scene.directory, sizeof scene.directory, "%s/history", disk.path);
    scene_open(&scene, ids, SIZE_LARGE);
    add(&scene, BEGIN, HOUR + 5);
    scene.store = trend_store_free(scene.store);
    small_disk_close(&disk, true);
    scene_open(&scene, ids, SIZE_LARGE);
    assert_minutes(&scene, BEGIN, HOUR + 5);
    assert_int_equal(add_to(scene.store, BEGIN + HOUR + 5), TREND_E_DISK);
    scene.store = trend_store_free(scene.store);
    small_disk_close(&disk, false);
    assert_int_equal(scratch_remove(scene.directory), 0);
    assert_int_equal(small_disk_remove(&disk), 0);
}

#define STORY(name) cmocka_unit_test_setup_teardown(name, scene_begin, scene_end)

int main(void) {
    const struct CMUnitTest tests[] = {
        STORY(minutes_come_back_and_what_was_not_written_is_a_gap),
        STORY(a_killed_writer_goes_on_in_the_same_hour),
        STORY(an_hour_that_is_over_reads_as_it_did_while_it_grew),
        STORY(several_points_are_read_at_once_in_the_order_they_were_asked_for),
        STORY(a_quarter_is_its_minutes_also_before_it_ends),
        STORY(a_kill_after_any_minute_counts_each_minute_once),
        STORY(a_kill_before_the_quarter_was_written_loses_nothing_of_it),
        STORY(a_block_torn_at_any_byte_is_dropped_and_counted),
        STORY(a_rotten_byte_in_the_middle_costs_its_minute_alone),
        STORY(a_rotten_byte_of_an_hour_that_is_over_costs_one_point_at_most),
        STORY(a_day_of_minutes_stays_and_older_ones_go),
        STORY(thirteen_months_of_quarters_stay_and_older_ones_go),
        STORY(no_more_than_the_size_is_ever_taken),
        STORY(the_size_that_is_counted_is_that_of_the_files),
        STORY(sites_that_change_all_the_time_do_not_fill_the_disk),
        STORY(what_stood_behind_a_torn_block_goes_with_the_next_one),
        STORY(a_clock_that_was_set_back_loses_neither_time),
        STORY(a_clock_that_jumps_ahead_by_years_takes_no_history_with_it),
        STORY(a_gateway_that_starts_in_1970_keeps_what_it_had),
        STORY(a_point_that_is_another_one_now_ends_and_the_others_go_on),
        STORY(a_file_of_another_version_is_left_alone_and_counted),
        STORY(a_crash_while_an_hour_is_turned_over_leaves_it_once),
        cmocka_unit_test(a_full_disk_costs_what_it_does_not_take_and_no_more),
        cmocka_unit_test(a_disk_that_can_only_be_read_still_shows_what_it_has),
    };
    return cmocka_run_group_tests(tests, small_disk_group_setup, NULL);
}
