/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Writers that are left behind by supervisors that have ended, and the one of the supervisor that runs. What a disk
 * that hangs does to the first of them its lock does here.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "gateway/apart.h"
#include "gateway/clock.h"
#include "gateway/kept.h"
#include "tests/support/cmocka.h"

enum { DEADLINE_S = 30 };

static char directory[32];

static int set_up(void **state) {
    (void)state;
    (void)snprintf(directory, sizeof directory, "/tmp/apart.XXXXXX");
    /* Writers that are left behind become ours, so that their end can be waited for. */
    return prctl(PR_SET_CHILD_SUBREAPER, 1) == 0 && mkdtemp(directory) != NULL ? 0 : -1;
}

static int tear_down(void **state) {
    (void)state;
    char command[64];
    (void)snprintf(command, sizeof command, "rm -r %s", directory);
    return system(command);
}

static int open_in(const char *name, int flags) {
    char path[64];
    (void)snprintf(path, sizeof path, "%s/%s", directory, name);
    return open(path, flags | O_CLOEXEC, 0600);
}

/* What is kept; "" when nothing is. */
static const char *kept(void) {
    static char text[64];
    int fd = open_in(KEPT_FILE_NAME, O_RDONLY);
    ssize_t got = fd < 0 ? 0 : read(fd, text, sizeof text - 1);
    assert_true(got >= 0);
    text[got] = '\0';
    if (fd >= 0) {
        (void)close(fd);
    }
    return text;
}

/* A supervisor that has `text` kept, and ends with what came of it. */
static pid_t supervisor(const char *text) {
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        _exit(apart_write(directory, text, strlen(text)) == 0 ? 0 : 1);
    }
    return pid;
}

/* How many wait for the lock, by what the kernel says. */
static unsigned waiters(int lock) {
    char line[160];
    char inode[32];
    unsigned count = 0;
    struct stat found;
    assert_int_equal(fstat(lock, &found), 0);
    (void)snprintf(inode, sizeof inode, ":%llu ", (unsigned long long)found.st_ino);
    FILE *locks = fopen("/proc/locks", "re");
    assert_non_null(locks);
    while (fgets(line, sizeof line, locks) != NULL) {
        count += strstr(line, "->") != NULL && strstr(line, inode) != NULL;
    }
    (void)fclose(locks);
    return count;
}

static void await_waiters(int lock, unsigned count) {
    uint64_t until_ns = clock_real_ns() + DEADLINE_S * NS_PER_S;
    while (waiters(lock) != count && clock_real_ns() < until_ns) {
        (void)usleep(1000);
    }
    assert_int_equal(waiters(lock), count);
}

/* Wait for the end of `pid`, or with -1 of anybody. Returns the exit code. */
static int await_end(pid_t pid) {
    int status = 0;
    assert_true(waitpid(pid, &status, 0) > 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void what_is_kept_is_written_by_a_process_of_its_own(void **state) {
    (void)state;
    assert_int_equal(apart_write(directory, "first", 5), 0);
    assert_int_equal(await_end(-1), 0);
    assert_string_equal(kept(), "first");
    assert_int_equal(apart_write("/nowhere/at/all", "first", 5), -ENOENT);
    assert_int_equal(await_end(-1), 0);
}

static void a_writer_that_was_left_behind_overwrites_nothing_newer(void **state) {
    (void)state;
    int lock = open_in(APART_LOCK_NAME, O_RDWR | O_CREAT);
    assert_int_equal(flock(lock, LOCK_EX), 0);
    pid_t old = supervisor("old");
    await_waiters(lock, 1);
    (void)kill(old, SIGKILL);
    assert_int_equal(await_end(old), -1);
    pid_t new = supervisor("new");
    await_waiters(lock, 2);
    assert_string_equal(kept(), "");
    assert_int_equal(flock(lock, LOCK_UN), 0); /* the supervisors have it open as well */
    (void)close(lock);
    assert_int_equal(await_end(new), 0);
    (void)await_end(-1); /* both writers, in whatever order */
    (void)await_end(-1);
    assert_string_equal(kept(), "new");
}

/* The one that is at it is waited for, though nobody waits for what comes of it. */
static void what_a_writer_had_begun_is_whole_before_the_next_writes(void **state) {
    (void)state;
    int lock = open_in(APART_LOCK_NAME, O_RDWR | O_CREAT);
    assert_int_equal(flock(lock, LOCK_EX), 0);
    pid_t new = supervisor("new");
    await_waiters(lock, 1);
    assert_string_equal(kept(), "");
    assert_int_equal(flock(lock, LOCK_UN), 0); /* the supervisors have it open as well */
    (void)close(lock);
    assert_int_equal(await_end(new), 0);
    assert_int_equal(await_end(-1), 0);
    assert_string_equal(kept(), "new");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_is_kept_is_written_by_a_process_of_its_own, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_writer_that_was_left_behind_overwrites_nothing_newer,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_a_writer_had_begun_is_whole_before_the_next_writes,
                                        set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
