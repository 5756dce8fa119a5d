/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The thread that hashes: answers come from the loop and in order, a full ring refuses, and the end waits for no more
 * than the job that is being worked on
 */
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include <event2/event.h>

#include "gateway/clock.h"
#include "gateway/console/hasher.h"
#include "tests/support/cmocka.h"

enum { DEADLINE_S = 60 };

/* A password's work, replaced by the test: a job waits until it is let go. */
static struct {
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    unsigned let_go, begun, ended;
} work = {.mutex = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER};

static void work_do(void) {
    assert_int_equal(pthread_mutex_lock(&work.mutex), 0);
    work.begun++;
    (void)pthread_cond_broadcast(&work.changed);
    while (work.ended >= work.let_go) {
        (void)pthread_cond_wait(&work.changed, &work.mutex);
    }
    work.ended++;
    (void)pthread_mutex_unlock(&work.mutex);
}

static void work_let_go(unsigned jobs) {
    (void)pthread_mutex_lock(&work.mutex);
    work.let_go += jobs;
    (void)pthread_cond_broadcast(&work.changed);
    (void)pthread_mutex_unlock(&work.mutex);
}

static void work_await_begun(unsigned jobs) {
    (void)pthread_mutex_lock(&work.mutex);
    while (work.begun < jobs) {
        (void)pthread_cond_wait(&work.changed, &work.mutex);
    }
    (void)pthread_mutex_unlock(&work.mutex);
}

int __wrap_password_hash(const char *password, size_t len, char ret[PASSWORD_HASH_SIZE]);
bool __wrap_password_is(const char *password, size_t len, const char *hash);

int __wrap_password_hash(const char *password, size_t len, char ret[PASSWORD_HASH_SIZE]) {
    work_do();
    (void)snprintf(ret, PASSWORD_HASH_SIZE, "hash of %.*s", (int)(len < 64 ? len : 64), password);
    return strcmp(password, "no memory") == 0 ? -1 : 0;
}

bool __wrap_password_is(const char *password, size_t len, const char *hash) {
    work_do();
    return strlen(hash) == len && memcmp(password, hash, len) == 0;
}

int __real_pthread_join(pthread_t thread, void **ret);
int __wrap_pthread_join(pthread_t thread, void **ret);

/* Whoever ends the thread has told it so, and waits for it now. */
int __wrap_pthread_join(pthread_t thread, void **ret) {
    work_let_go(1000);
    return __real_pthread_join(thread, ret);
}

/* ---- the loop ---- */

struct answer {
    uint64_t number;
    bool same;
    char hash[PASSWORD_HASH_SIZE];
};

struct loop {
    struct event_base *base;
    struct hasher *hasher;
    struct answer answers[64];
    unsigned count;
    pthread_t thread;
    const struct hasher_job *next; /* to be asked from within an answer */
};

static void answered(void *context, uint64_t number, bool same, const char *hash) {
    struct loop *loop = context;
    assert_true(pthread_equal(pthread_self(), loop->thread));
    assert_true(loop->count < sizeof loop->answers / sizeof *loop->answers);
    struct answer *answer = &loop->answers[loop->count++];
    *answer = (struct answer){.number = number, .same = same};
    (void)snprintf(answer->hash, sizeof answer->hash, "%s", hash);
    if (loop->next != NULL) {
        assert_int_equal(hasher_ask(loop->hasher, loop->next), 0);
        loop->next = NULL;
    }
}

static int begin(void **state) {
    static struct loop loop;
    work.let_go = work.begun = work.ended = 0;
    loop = (struct loop){.base = event_base_new(), .thread = pthread_self()};
    assert_non_null(loop.base);
    assert_int_equal(hasher_new(loop.base, answered, &loop, &loop.hasher), 0);
    *state = &loop;
    return 0;
}

static int end(void **state) {
    struct loop *loop = *state;
    loop->hasher = hasher_free(loop->hasher);
    event_base_free(loop->base);
    return 0;
}

static void await(struct loop *loop, unsigned answers) {
    const struct timeval step = {.tv_usec = 5000};
    uint64_t deadline_ns = clock_real_ns() + DEADLINE_S * NS_PER_S;
    while (loop->count < answers) {
        assert_true(clock_real_ns() < deadline_ns);
        (void)event_base_loopexit(loop->base, &step);
        (void)event_base_loop(loop->base, EVLOOP_ONCE);
    }
}

static int ask(struct loop *loop, uint64_t number, const char *password, const char *hash) {
    struct hasher_job job = {.number = number, .compares = hash != NULL};
    (void)snprintf(job.password, sizeof job.password, "%s", password);
    (void)snprintf(job.hash, sizeof job.hash, "%s", hash == NULL ? "" : hash);
    int r = hasher_ask(loop->hasher, &job);
    memset(&job, 'x', sizeof job); /* it was copied */
    return r;
}

static void what_is_asked_is_answered_from_the_loop_and_in_order(void **state) {
    struct loop *loop = *state;
    work_let_go(100);
    for (uint64_t i = 0; i < HASHER_JOBS_MAX; i++) {
        assert_int_equal(ask(loop, 100 + i, "secret", i % 2 == 0 ? NULL : "secret"), 0);
    }
    await(loop, HASHER_JOBS_MAX);
    for (uint64_t i = 0; i < HASHER_JOBS_MAX; i++) {
        assert_int_equal(loop->answers[i].number, 100 + i);
        assert_int_equal(loop->answers[i].same, i % 2 == 1);
        assert_true(i % 2 == 1 || strcmp(loop->answers[i].hash, "hash of secret") == 0);
    }
}

static void another_password_is_not_the_same(void **state) {
    struct loop *loop = *state;
    work_let_go(100);
    assert_int_equal(ask(loop, 1, "secret", "secreT"), 0);
    assert_int_equal(ask(loop, 2, "secret", "secret"), 0);
    assert_int_equal(ask(loop, 3, "secret", ""), 0);
    await(loop, 3);
    assert_false(loop->answers[0].same);
    assert_true(loop->answers[1].same);
    assert_false(loop->answers[2].same);
}

static void a_hash_that_cannot_be_made_is_empty(void **state) {
    struct loop *loop = *state;
    work_let_go(100);
    assert_int_equal(ask(loop, 1, "no memory", NULL), 0);
    await(loop, 1);
    assert_string_equal(loop->answers[0].hash, "");
    assert_false(loop->answers[0].same);
}

/* One that is worked on takes a place, and so does one that is done and not told. */
static void a_full_ring_refuses_and_takes_again_what_was_told(void **state) {
    struct loop *loop = *state;
    for (uint64_t i = 0; i < HASHER_JOBS_MAX; i++) {
        assert_int_equal(ask(loop, i, "secret", NULL), 0);
    }
    work_await_begun(1);
    assert_int_equal(ask(loop, 99, "secret", NULL), HASHER_E_FULL);
    work_let_go(1);
    work_await_begun(2);
    assert_int_equal(ask(loop, 99, "secret", NULL), HASHER_E_FULL);
    await(loop, 1);
    assert_int_equal(ask(loop, 50, "secret", NULL), 0);
    assert_int_equal(ask(loop, 99, "secret", NULL), HASHER_E_FULL);
    work_let_go(100);
    await(loop, HASHER_JOBS_MAX + 1);
    for (uint64_t i = 0; i < HASHER_JOBS_MAX; i++) {
        assert_int_equal(loop->answers[i].number, i);
    }
    assert_int_equal(loop->answers[HASHER_JOBS_MAX].number, 50);
}

static void one_is_worked_on_at_a_time(void **state) {
    struct loop *loop = *state;
    for (uint64_t i = 0; i < 4; i++) {
        assert_int_equal(ask(loop, i, "secret", NULL), 0);
    }
    for (unsigned i = 1; i <= 4; i++) {
        work_await_begun(i);
        assert_int_equal(work.begun, i);
        work_let_go(1);
    }
    await(loop, 4);
}

static void an_answer_may_ask_again(void **state) {
    struct loop *loop = *state;
    static const struct hasher_job next = {.number = 7, .password = "another"};
    work_let_go(100);
    loop->next = &next;
    assert_int_equal(ask(loop, 6, "secret", "secret"), 0);
    await(loop, 2);
    assert_int_equal(loop->answers[1].number, 7);
    assert_string_equal(loop->answers[1].hash, "hash of another");
}

static void an_end_while_it_is_busy_waits_for_one_job_and_answers_none(void **state) {
    struct loop *loop = *state;
    for (uint64_t i = 0; i < HASHER_JOBS_MAX; i++) {
        assert_int_equal(ask(loop, i, "secret", NULL), 0);
    }
    work_await_begun(1);
    loop->hasher = hasher_free(loop->hasher); /* lets it go: see __wrap_pthread_join() */
    assert_int_equal(work.begun, 1);
    assert_int_equal(work.ended, 1);
    (void)event_base_loop(loop->base, EVLOOP_NONBLOCK);
    assert_int_equal(loop->count, 0);
}

static void an_end_while_it_waits_is_an_end(void **state) {
    struct loop *loop = *state;
    loop->hasher = hasher_free(loop->hasher);
    assert_null(loop->hasher);
    assert_null(hasher_free(NULL));
}

static void the_longest_password_is_not_cut(void **state) {
    struct loop *loop = *state;
    char longest[PEOPLE_PASSWORD_MAX + 1];
    work_let_go(100);
    memset(longest, 'p', sizeof longest - 1);
    longest[sizeof longest - 1] = '\0';
    assert_int_equal(ask(loop, 1, longest, "p"), 0);
    assert_int_equal(ask(loop, 2, longest, NULL), 0);
    await(loop, 2);
    assert_false(loop->answers[0].same);
}

int main(void) {
#define HASHER_TEST(test) cmocka_unit_test_setup_teardown(test, begin, end)
    const struct CMUnitTest tests[] = {
        HASHER_TEST(what_is_asked_is_answered_from_the_loop_and_in_order),
        HASHER_TEST(another_password_is_not_the_same),
        HASHER_TEST(a_hash_that_cannot_be_made_is_empty),
        HASHER_TEST(a_full_ring_refuses_and_takes_again_what_was_told),
        HASHER_TEST(one_is_worked_on_at_a_time),
        HASHER_TEST(an_answer_may_ask_again),
        HASHER_TEST(an_end_while_it_is_busy_waits_for_one_job_and_answers_none),
        HASHER_TEST(an_end_while_it_waits_is_an_end),
        HASHER_TEST(the_longest_password_is_not_cut),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
