/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The spool, as stories over a real directory: restarts, torn ends, a disk that is full.
 */

#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "gateway/uplink/database/spool.h"
#include "tests/support/cmocka.h"

enum { PATH_SIZE = 128, BIG = 1 << 20 };

struct scene {
    char directory[PATH_SIZE];
    struct spool *spool;
};

static void scene_open(struct scene *scene, uint64_t size_max) {
    assert_int_equal(spool_new(scene->directory, size_max, &scene->spool), 0);
}

static int scene_begin(void **state) {
    struct scene *scene = calloc(1, sizeof *scene);
    (void)snprintf(scene->directory, sizeof scene->directory, "/tmp/spool.XXXXXX");
    assert_non_null(mkdtemp(scene->directory));
    scene_open(scene, SPOOL_SIZE_MIN);
    *state = scene;
    return 0;
}

static int scene_end(void **state) {
    struct scene *scene = *state;
    char command[2 * PATH_SIZE];
    (void)spool_free(scene->spool);
    (void)snprintf(command, sizeof command, "rm -r %s", scene->directory);
    assert_int_equal(system(command), 0);
    free(scene);
    return 0;
}

static void scene_restart(struct scene *scene) {
    scene->spool = spool_free(scene->spool);
    scene_open(scene, SPOOL_SIZE_MIN);
}

static struct spool_place append(struct scene *scene, const char *text, uint32_t lines) {
    struct spool_place place;
    assert_int_equal(spool_append(scene->spool, text, strlen(text), lines, &place), 0);
    return place;
}

/* A record of BIG bytes that begins with `number`. */
static void append_big(struct scene *scene, uint32_t number) {
    static char bytes[BIG];
    struct spool_place place;
    memcpy(bytes, &number, sizeof number);
    assert_int_equal(spool_append(scene->spool, bytes, sizeof bytes, 10, &place), 0);
}

static struct spool_record oldest_is(struct scene *scene, const char *text) {
    struct spool_record record;
    assert_int_equal(spool_oldest(scene->spool, &record), 0);
    assert_int_equal(record.size, strlen(text));
    assert_memory_equal(record.bytes, text, record.size);
    return record;
}

static void take(struct scene *scene, const char *text) {
    spool_done(scene->spool, oldest_is(scene, text).place);
}

static void nothing_waits(struct scene *scene) {
    struct spool_record record;
    assert_int_equal(spool_oldest(scene->spool, &record), SPOOL_E_EMPTY);
    assert_int_equal(spool_stats(scene->spool).lines, 0);
    assert_int_equal(spool_stats(scene->spool).bytes, 0);
}

/* How many files there are, and the name of the last of them. */
static unsigned files(struct scene *scene, char ret_last[PATH_SIZE]) {
    DIR *listing = opendir(scene->directory);
    const struct dirent *entry;
    unsigned count = 0;
    char last[64] = "";
    assert_non_null(listing);
    while ((entry = readdir(listing)) != NULL) {
        if (entry->d_name[0] != '.') {
            count++;
            if (strcmp(entry->d_name, last) > 0) {
                (void)snprintf(last, sizeof last, "%.60s", entry->d_name);
            }
        }
    }
    (void)closedir(listing);
    (void)snprintf(ret_last, PATH_SIZE, "%.60s/%.60s", scene->directory, last);
    return count;
}

static void what_waits_comes_back_in_order_and_once(void **state) {
    struct scene *scene = *state;
    char last[PATH_SIZE];
    nothing_waits(scene);
    (void)append(scene, "one", 1);
    (void)append(scene, "two", 2);
    assert_int_equal(spool_stats(scene->spool).lines, 3);
    take(scene, "one");
    (void)append(scene, "three", 3);
    (void)oldest_is(scene, "two");
    take(scene, "two");
    assert_int_equal(spool_stats(scene->spool).lines, 3);
    take(scene, "three");
    nothing_waits(scene);
    assert_int_equal(files(scene, last), 0);
}

static void a_restart_keeps_what_was_appended(void **state) {
    struct scene *scene = *state;
    (void)append(scene, "one", 1);
    (void)append(scene, "two", 2);
    scene_restart(scene);
    assert_int_equal(spool_stats(scene->spool).lines, 3);
    (void)append(scene, "three", 3);
    take(scene, "one");
    take(scene, "two");
    take(scene, "three");
    nothing_waits(scene);
    scene_restart(scene);
    nothing_waits(scene);
}

static void a_file_with_something_left_is_given_again_whole_after_a_restart(void **state) {
    struct scene *scene = *state;
    (void)append(scene, "one", 1);
    (void)append(scene, "two", 2);
    take(scene, "one");
    scene_restart(scene);
    take(scene, "one");
    take(scene, "two");
    nothing_waits(scene);
}

static void a_record_behind_others_can_be_done_first(void **state) {
    struct scene *scene = *state;
    (void)append(scene, "one", 1);
    struct spool_place two = append(scene, "two", 2);
    (void)append(scene, "three", 3);
    spool_done(scene->spool, two);
    assert_int_equal(spool_stats(scene->spool).lines, 4);
    spool_done(scene->spool, two);
    assert_int_equal(spool_stats(scene->spool).lines, 4);
    take(scene, "one");
    take(scene, "three");
    nothing_waits(scene);
    (void)append(scene, "four", 1);
    struct spool_place five = append(scene, "five", 1);
    spool_done(scene->spool, five);
    scene_restart(scene);
    take(scene, "four");
    nothing_waits(scene);
}

/* Copy a file's first `size` bytes, with one of them flipped where `flip` is one of them. */
static void write_damaged(const char *path, const unsigned char *bytes, size_t size, size_t flip) {
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    for (size_t i = 0; i < size; i++) {
        assert_int_not_equal(fputc(i == flip ? bytes[i] ^ 0x55 : bytes[i], file), EOF);
    }
    assert_int_equal(fclose(file), 0);
}

static size_t read_file(const char *path, unsigned char *ret, size_t room) {
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    size_t size = fread(ret, 1, room, file);
    assert_int_equal(fclose(file), 0);
    return size;
}

static void a_file_torn_at_any_byte_gives_its_whole_records_and_goes(void **state) {
    struct scene *scene = *state;
    unsigned char bytes[256];
    char path[PATH_SIZE];
    (void)append(scene, "one", 1);
    (void)append(scene, "two", 2);
    assert_int_equal(files(scene, path), 1);
    size_t size = read_file(path, bytes, sizeof bytes);
    size_t first = size / 2;
    for (size_t cut = 0; cut < size; cut++) {
        scene->spool = spool_free(scene->spool);
        write_damaged(path, bytes, cut, size);
        scene_open(scene, SPOOL_SIZE_MIN);
        assert_int_equal(spool_stats(scene->spool).damaged, cut != 0 && cut != first);
        if (cut >= first) {
            take(scene, "one");
        }
        nothing_waits(scene);
        (void)append(scene, "three", 3);
        take(scene, "three");
        nothing_waits(scene);
    }
}

static void a_record_with_any_byte_flipped_is_never_given_as_another(void **state) {
    struct scene *scene = *state;
    unsigned char bytes[256];
    char path[PATH_SIZE];
    (void)append(scene, "one", 1);
    (void)append(scene, "two", 2);
    assert_int_equal(files(scene, path), 1);
    size_t size = read_file(path, bytes, sizeof bytes);
    for (size_t flip = 0; flip < size; flip++) {
        struct spool_record record;
        scene->spool = spool_free(scene->spool);
        write_damaged(path, bytes, size, flip);
        scene_open(scene, SPOOL_SIZE_MIN);
        while (spool_oldest(scene->spool, &record) == 0) {
            assert_int_equal(record.size, 3);
            assert_true(memcmp(record.bytes, record.lines == 1 ? "one" : "two", 3) == 0);
            spool_done(scene->spool, record.place);
        }
        assert_true(spool_stats(scene->spool).damaged > 0);
        assert_int_equal(spool_stats(scene->spool).bytes, 0);
    }
}

/* As a power cut may leave it that came while a record was marked as done. */
static void a_record_with_any_mark_is_sent_again_and_costs_none_behind_it(void **state) {
    struct scene *scene = *state;
    unsigned char bytes[256];
    char path[PATH_SIZE];
    (void)append(scene, "one", 1);
    struct spool_place two = append(scene, "two", 2);
    (void)append(scene, "three", 3);
    spool_done(scene->spool, two);
    assert_int_equal(files(scene, path), 1);
    size_t size = read_file(path, bytes, sizeof bytes);
    for (size_t flip = two.offset; flip < two.offset + 4; flip++) {
        scene->spool = spool_free(scene->spool);
        write_damaged(path, bytes, size, flip);
        scene_open(scene, SPOOL_SIZE_MIN);
        assert_int_equal(spool_stats(scene->spool).damaged, 1);
        assert_int_equal(spool_stats(scene->spool).lines, 6);
        take(scene, "one");
        take(scene, "two");
        take(scene, "three");
        nothing_waits(scene);
    }
}

static void the_oldest_file_goes_for_want_of_room_and_is_counted(void **state) {
    struct scene *scene = *state;
    struct spool_record record;
    char last[PATH_SIZE];
    const unsigned fit = SPOOL_SIZE_MIN / (BIG + 16);
    const unsigned per_file = SPOOL_FILE_BYTES / (BIG + 16);
    for (uint32_t i = 0; i < fit; i++) {
        append_big(scene, i);
    }
    assert_int_equal(spool_stats(scene->spool).dropped_lines, 0);
    append_big(scene, fit);
    assert_int_equal(spool_stats(scene->spool).dropped_lines, 10 * per_file);
    assert_int_equal(spool_stats(scene->spool).lines, 10 * (fit + 1 - per_file));
    assert_true(spool_stats(scene->spool).bytes <= SPOOL_SIZE_MIN);
    assert_int_equal(files(scene, last), (fit + 1 - per_file + per_file - 1) / per_file);
    assert_int_equal(spool_oldest(scene->spool, &record), 0);
    uint32_t number;
    memcpy(&number, record.bytes, sizeof number);
    assert_int_equal(number, per_file);
}

static void a_record_that_went_for_want_of_room_may_still_be_done(void **state) {
    struct scene *scene = *state;
    struct spool_record record;
    struct spool_record next;
    append_big(scene, 0);
    assert_int_equal(spool_oldest(scene->spool, &record), 0);
    for (uint32_t i = 1; i < 20; i++) {
        append_big(scene, i);
    }
    assert_int_equal(spool_oldest(scene->spool, &next), 0);
    struct spool_stats before = spool_stats(scene->spool);
    spool_done(scene->spool, record.place);
    assert_int_equal(spool_stats(scene->spool).lines, before.lines);
    struct spool_record same;
    assert_int_equal(spool_oldest(scene->spool, &same), 0);
    assert_int_equal(same.place.file, next.place.file);
    assert_int_equal(same.place.offset, next.place.offset);
}

/* Its file goes while it is on its way into the database, which takes it. */
static void a_record_in_hand_is_not_counted_as_dropped_unless_it_is_given_up(void **state) {
    struct scene *scene = *state;
    struct spool_record record;
    const unsigned fit = SPOOL_SIZE_MIN / (BIG + 16);
    const unsigned per_file = SPOOL_FILE_BYTES / (BIG + 16);
    for (uint32_t i = 0; i < fit; i++) {
        append_big(scene, i);
    }
    assert_int_equal(spool_oldest(scene->spool, &record), 0);
    append_big(scene, fit);
    assert_int_equal(spool_stats(scene->spool).dropped_lines, 10 * (per_file - 1));
    spool_done(scene->spool, record.place);
    assert_int_equal(spool_oldest(scene->spool, &record), 0);
    assert_int_equal(spool_stats(scene->spool).dropped_lines, 10 * (per_file - 1));
    for (uint32_t i = 0; i < per_file; i++) {
        append_big(scene, i);
    }
    assert_int_equal(spool_stats(scene->spool).dropped_lines, 10 * (2 * per_file - 2));
    assert_int_equal(spool_oldest(scene->spool, &record), 0);
    assert_int_equal(spool_stats(scene->spool).dropped_lines, 10 * (2 * per_file - 1));
    uint64_t waiting = spool_stats(scene->spool).lines;
    assert_int_equal(spool_oldest(scene->spool, &record), 0); /* the same once more */
    spool_done(scene->spool, record.place);
    assert_int_equal(spool_stats(scene->spool).lines, waiting - 10);
    assert_int_equal(spool_stats(scene->spool).dropped_lines, 10 * (2 * per_file - 1));
}

static void the_largest_record_is_kept_and_two_make_two_files_at_most(void **state) {
    struct scene *scene = *state;
    static char bytes[SPOOL_RECORD_MAX];
    struct spool_place place;
    struct spool_record record;
    memset(bytes, 'x', sizeof bytes);
    assert_int_equal(spool_append(scene->spool, bytes, sizeof bytes, 1, &place), 0);
    assert_int_equal(spool_append(scene->spool, bytes, sizeof bytes, 1, &place), 0);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(spool_oldest(scene->spool, &record), 0);
        assert_int_equal(record.size, sizeof bytes);
        assert_memory_equal(record.bytes, bytes, sizeof bytes);
        spool_done(scene->spool, record.place);
    }
    nothing_waits(scene);
}

static void a_disk_that_refuses_leaves_nothing_of_the_record(void **state) {
    struct scene *scene = *state;
    struct rlimit before;
    struct spool_place place;
    char last[PATH_SIZE];
    static char bytes[BIG];
    (void)signal(SIGXFSZ, SIG_IGN);
    (void)append(scene, "one", 1);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    const struct rlimit small = {.rlim_cur = 4096, .rlim_max = before.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
    assert_int_equal(spool_append(scene->spool, bytes, sizeof bytes, 9, &place), SPOOL_E_FAILED);
    assert_int_equal(errno, EFBIG);
    assert_int_equal(spool_append(scene->spool, bytes, sizeof bytes, 9, &place), SPOOL_E_FAILED);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    assert_int_equal(spool_stats(scene->spool).failures, 2);
    assert_int_equal(spool_stats(scene->spool).lines, 1);
    assert_int_equal(files(scene, last),
                     1); /* else the empty ones would take the place of lines in the end */
    (void)append(scene, "two", 1);
    scene_restart(scene);
    assert_int_equal(spool_stats(scene->spool).damaged, 0);
    take(scene, "one");
    take(scene, "two");
    nothing_waits(scene);
}

static void other_files_in_the_directory_are_left_alone(void **state) {
    struct scene *scene = *state;
    char path[PATH_SIZE];
    (void)snprintf(path, sizeof path, "%.100s/7.txt", scene->directory);
    write_damaged(path, (const unsigned char *)"mine", 4, 4);
    scene_restart(scene);
    nothing_waits(scene);
    assert_int_equal(access(path, F_OK), 0);
}

static void a_directory_that_cannot_be_is_an_error(void **state) {
    (void)state;
    struct spool *spool = NULL;
    assert_true(spool_new("/proc/spool", SPOOL_SIZE_MIN, &spool) < 0);
    assert_true(spool_new("/dev/null", SPOOL_SIZE_MIN, &spool) < 0);
    assert_null(spool);
}

#define STORY(name) cmocka_unit_test_setup_teardown(name, scene_begin, scene_end)

int main(void) {
    const struct CMUnitTest tests[] = {
        STORY(what_waits_comes_back_in_order_and_once),
        STORY(a_restart_keeps_what_was_appended),
        STORY(a_file_with_something_left_is_given_again_whole_after_a_restart),
        STORY(a_record_behind_others_can_be_done_first),
        STORY(a_file_torn_at_any_byte_gives_its_whole_records_and_goes),
        STORY(a_record_with_any_byte_flipped_is_never_given_as_another),
        STORY(a_record_with_any_mark_is_sent_again_and_costs_none_behind_it),
        STORY(the_oldest_file_goes_for_want_of_room_and_is_counted),
        STORY(a_record_that_went_for_want_of_room_may_still_be_done),
        STORY(a_record_in_hand_is_not_counted_as_dropped_unless_it_is_given_up),
        STORY(the_largest_record_is_kept_and_two_make_two_files_at_most),
        STORY(a_disk_that_refuses_leaves_nothing_of_the_record),
        STORY(other_files_in_the_directory_are_left_alone),
        cmocka_unit_test(a_directory_that_cannot_be_is_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
