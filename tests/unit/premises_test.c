/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Taking the state directory while its disk hangs
 *
 * Whoever makes a directory in another process than the test's waits until the log says that the disk
 * hangs for the second time. The clock goes a hundred times as fast then, and stands where
 * the disk answers.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "gateway/clock.h"
#include "gateway/log.h"
#include "gateway/premises.h"
#include "tests/support/cmocka.h"
#include "tests/support/scratch.h"

enum { RATE = 100, PATH_SIZE = 128 };

static struct scene {
    char directory[64], run[PATH_SIZE], state[PATH_SIZE];
    pid_t own;
    int gate[2]; /* -1: the disk answers */
    unsigned hang_lines, answer_lines;
    char hang_text[1024];
} scene;

uint64_t __real_clock_real_ns(void);
uint64_t __wrap_clock_real_ns(void);
int __real_mkdir(const char *path, mode_t mode);
int __wrap_mkdir(const char *path, mode_t mode);
void __wrap_log_line(enum log_level level, const char *event, const char *fields, ...)
    __attribute__((format(printf, 3, 4)));

uint64_t __wrap_clock_real_ns(void) {
    return scene.gate[0] >= 0 ? __real_clock_real_ns() * RATE : NS_PER_S;
}

int __wrap_mkdir(const char *path, mode_t mode) {
    char byte;
    if (getpid() != scene.own && scene.gate[0] >= 0) {
        (void)!read(scene.gate[0], &byte, sizeof byte); /* each at its own byte, or at the end */
    }
    return __real_mkdir(path, mode);
}

void __wrap_log_line(enum log_level level, const char *event, const char *fields, ...) {
    scene.answer_lines += strcmp(event, "state_answers") == 0;
    if (strcmp(event, "state_hangs") != 0) {
        return;
    }
    va_list arguments;
    assert_int_equal(level, LOG_ERROR);
    va_start(arguments, fields);
    (void)vsnprintf(scene.hang_text, sizeof scene.hang_text, fields, arguments);
    va_end(arguments);
    if (++scene.hang_lines == 2) {
        static const char bytes[16] = {0};
        assert_int_equal(write(scene.gate[1], bytes, sizeof bytes), sizeof bytes);
    }
}

static int scene_begin(void **state) {
    (void)state;
    scene = (struct scene){
        .directory = "/tmp/tocsin-premises-XXXXXX", .own = getpid(), .gate = {-1, -1}};
    assert_non_null(mkdtemp(scene.directory));
    (void)snprintf(scene.run, sizeof scene.run, "%s/run", scene.directory);
    (void)snprintf(scene.state, sizeof scene.state, "%s/state", scene.directory);
    return 0;
}

static int scene_end(void **state) {
    (void)state;
    for (int i = 0; i < 2 && scene.gate[i] >= 0; i++) {
        (void)close(scene.gate[i]);
    }
    return scratch_remove(scene.directory);
}

static bool is_directory(const char *path) {
    struct stat status;
    return stat(path, &status) == 0 && S_ISDIR(status.st_mode);
}

static bool scene_take(void) {
    static const struct account nobody_else = {0};
    struct process_setup setup = {0};
    return premises_take(scene.run, scene.state, &nobody_else, &setup);
}

static void a_disk_that_answers_is_not_talked_about(void **state) {
    char uplink[PATH_SIZE + 16];
    (void)state;
    assert_true(scene_take());
    assert_int_equal(scene.hang_lines + scene.answer_lines, 0);
    (void)snprintf(uplink, sizeof uplink, "%s/uplink", scene.state);
    assert_true(is_directory(uplink));
}

static void a_disk_that_hangs_is_told_again_and_again_and_the_start_goes_on_with_it(void **state) {
    (void)state;
    assert_int_equal(pipe(scene.gate), 0);
    assert_true(scene_take());
    assert_int_equal(scene.hang_lines, 2);
    assert_int_equal(scene.answer_lines, 1);
    assert_non_null(strstr(scene.hang_text, scene.state));
    assert_non_null(strstr(scene.hang_text, "no room is watched"));
    assert_non_null(strstr(scene.hang_text, "advice="));
    assert_true(is_directory(scene.state));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_disk_that_answers_is_not_talked_about, scene_begin,
                                        scene_end),
        cmocka_unit_test_setup_teardown(
            a_disk_that_hangs_is_told_again_and_again_and_the_start_goes_on_with_it, scene_begin,
            scene_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
