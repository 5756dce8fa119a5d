/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The keeper: a disk that is slow, full or hangs holds nobody up
 *
 * The disk is a stand-in that takes sites when it is told to; what is waited for is waited for by a
 * condition with a deadline.
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "gateway/apart.h"
#include "gateway/clock.h"
#include "gateway/keeper.h"
#include "gateway/log.h"
#include "tests/support/cmocka.h"

enum { STORY_SIZE = 512, DEADLINE_S = 30 };

static struct {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    bool holds;   /* whoever writes waits */
    int waiting;  /* so many do */
    int failures; /* so many writes fail from now on */
    char story[STORY_SIZE];
} disk = {.lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER};

int __wrap_apart_write(const char *directory, const char *bytes, size_t size);
void __wrap_log_line(enum log_level level, const char *event, const char *fields, ...);
struct timespec __real_clock_real_after(uint64_t span_ns);
struct timespec __wrap_clock_real_after(uint64_t span_ns);

static void disk_tell(const char *word, int len) {
    size_t used = strlen(disk.story);
    (void)snprintf(disk.story + used, sizeof disk.story - used, "%.*s ", len, word);
    (void)pthread_cond_broadcast(&disk.changed);
}

int __wrap_apart_write(const char *directory, const char *bytes, size_t size) {
    (void)pthread_mutex_lock(&disk.lock);
    assert_string_equal(directory, "/state");
    disk.waiting++;
    (void)pthread_cond_broadcast(&disk.changed);
    while (disk.holds) {
        (void)pthread_cond_wait(&disk.changed, &disk.lock);
    }
    disk.waiting--;
    bool fails = disk.failures > 0;
    disk.failures -= fails;
    disk_tell(fails ? "!" : "", 1);
    disk_tell(bytes, (int)size);
    (void)pthread_mutex_unlock(&disk.lock);
    return fails ? -ENOSPC : 0;
}

void __wrap_log_line(enum log_level level, const char *event, const char *fields, ...) {
    (void)level;
    (void)fields;
    (void)pthread_mutex_lock(&disk.lock);
    disk_tell(event, (int)strlen(event));
    (void)pthread_mutex_unlock(&disk.lock);
}

/* What is only waited for so that it is tried again comes at once. */
struct timespec __wrap_clock_real_after(uint64_t span_ns) {
    return __real_clock_real_after(span_ns == KEEPER_RETRY_MS * NS_PER_MS ? 1 : span_ns);
}

static int begin(void **state) {
    disk.holds = false;
    disk.failures = 0;
    disk.waiting = 0;
    disk.story[0] = '\0';
    struct keeper *keeper = NULL;
    assert_int_equal(keeper_new("/state", &keeper), 0);
    *state = keeper;
    return 0;
}

static void keep(struct keeper *keeper, const char *site) {
    keeper_keep(keeper, strdup(site), strlen(site));
}

/* Wait, with the lock, until the condition holds. */
#define DISK_UNTIL(condition)                                                                      \
    do {                                                                                           \
        struct timespec until;                                                                     \
        (void)clock_gettime(CLOCK_REALTIME, &until);                                               \
        until.tv_sec += DEADLINE_S;                                                                \
        while (!(condition)) {                                                                     \
            assert_int_equal(pthread_cond_timedwait(&disk.changed, &disk.lock, &until), 0);        \
        }                                                                                          \
    } while (0)

static void disk_hold(bool holds) {
    (void)pthread_mutex_lock(&disk.lock);
    disk.holds = holds;
    (void)pthread_cond_broadcast(&disk.changed);
    (void)pthread_mutex_unlock(&disk.lock);
}

static void disk_until_waiting(void) {
    (void)pthread_mutex_lock(&disk.lock);
    DISK_UNTIL(disk.waiting == 1);
    (void)pthread_mutex_unlock(&disk.lock);
}

static void disk_until_told(const char *word) {
    (void)pthread_mutex_lock(&disk.lock);
    DISK_UNTIL(strstr(disk.story, word) != NULL);
    (void)pthread_mutex_unlock(&disk.lock);
}

static void what_is_to_be_kept_is_written_before_the_end(void **state) {
    keep(*state, "a");
    assert_null(keeper_free(*state));
    assert_string_equal(disk.story, " a site_kept ");
}

static void nothing_is_written_that_was_not_to_be_kept(void **state) {
    assert_null(keeper_free(*state));
    assert_null(keeper_free(NULL));
    assert_string_equal(disk.story, "");
}

static void of_those_that_come_while_the_disk_is_slow_the_newest_is_written(void **state) {
    disk_hold(true);
    keep(*state, "a");
    disk_until_waiting();
    keep(*state, "b");
    keep(*state, "c");
    disk_hold(false);
    assert_null(keeper_free(*state));
    assert_string_equal(disk.story, " a site_kept  c site_kept ");
}

static void a_failure_is_told_once_and_tried_until_it_succeeds(void **state) {
    disk.failures = 3;
    keep(*state, "a");
    disk_until_told("site_kept");
    assert_string_equal(disk.story, "! a site_not_kept ! a ! a  a site_kept ");
    disk.failures = 1;
    keep(*state, "b");
    disk_until_told(" b site_kept");
    assert_null(keeper_free(*state));
    assert_non_null(strstr(disk.story, "! b site_not_kept  b site_kept "));
}

static void one_that_could_not_be_written_gives_way_to_a_newer_one(void **state) {
    disk.failures = 1;
    disk_hold(true);
    keep(*state, "a");
    disk_until_waiting();
    keep(*state, "b");
    disk_hold(false);
    disk_until_told("site_kept");
    assert_null(keeper_free(*state));
    assert_string_equal(disk.story, "! a site_not_kept  b site_kept ");
}

static void the_end_gives_up_what_fails(void **state) {
    disk.failures = 1000000;
    keep(*state, "a");
    disk_until_told("site_not_kept");
    assert_null(keeper_free(*state));
    assert_null(strstr(disk.story, "site_kept"));
}

static void a_disk_that_hangs_does_not_hold_the_end(void **state) {
    disk_hold(true);
    keep(*state, "a");
    disk_until_waiting();
    assert_null(keeper_free(*state));
    assert_string_equal(disk.story, "");
    disk_hold(false);
    disk_until_told("site_kept");
}

int main(void) {
#define KEEPER_TEST(test) cmocka_unit_test_setup(test, begin)
    const struct CMUnitTest tests[] = {
        KEEPER_TEST(what_is_to_be_kept_is_written_before_the_end),
        KEEPER_TEST(nothing_is_written_that_was_not_to_be_kept),
        KEEPER_TEST(of_those_that_come_while_the_disk_is_slow_the_newest_is_written),
        KEEPER_TEST(a_failure_is_told_once_and_tried_until_it_succeeds),
        KEEPER_TEST(one_that_could_not_be_written_gives_way_to_a_newer_one),
        KEEPER_TEST(the_end_gives_up_what_fails),
        KEEPER_TEST(a_disk_that_hangs_does_not_hold_the_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
