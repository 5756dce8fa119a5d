/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The children of a gateway of which one cannot be killed, because it waits in the kernel for a disk
 *
 * There are no processes: starting, killing and reaping them is the test's, and one that is held takes no
 * signal. Time goes a hundred times as fast, for timers as for the clock; what is looked at is order alone.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

#include <event2/event.h>

#include "gateway/children.h"
#include "gateway/clock.h"
#include "gateway/log.h"
#include "gateway/spawn.h"
#include "gateway/stuck.h"
#include "tests/support/cmocka.h"

enum { RATE = 100, PROCESSES_MAX = 64, PID_FIRST = 1000, DEADLINE_S = 30 };

static struct world {
    struct event_base *base;
    struct children *children;
    struct process_double {
        enum process_role role;
        int line; /* its end; -1: it is gone */
        bool is_held, is_dead, is_reaped, was_terminated;
    } list[PROCESSES_MAX];
    uint32_t count;
    uint32_t starts[PROCESS_ROLE_COUNT];
    uint32_t stuck_lines, left_lines, ready, stopped;
    char stuck_text[1024], left_text[1024];
} world;

uint64_t __real_clock_real_ns(void);
uint64_t __wrap_clock_real_ns(void);
int __real_event_add(struct event *event, const struct timeval *span);
int __wrap_event_add(struct event *event, const struct timeval *span);
int __wrap_spawn_process(const struct children_conf *conf, enum process_role role,
                         uint32_t instance, pid_t *ret_pid, int *ret_line);
int __wrap_kill(pid_t pid, int number);
pid_t __wrap_waitpid(pid_t pid, int *ret_status, int options);
void __wrap_log_line(enum log_level level, const char *event, const char *fields, ...)
    __attribute__((format(printf, 3, 4)));

uint64_t __wrap_clock_real_ns(void) {
    return __real_clock_real_ns() * RATE;
}

int __wrap_event_add(struct event *event, const struct timeval *span) {
    if (span == NULL) {
        return __real_event_add(event, span);
    }
    int64_t span_us = (span->tv_sec * INT64_C(1000000) + span->tv_usec) / RATE;
    const struct timeval shorter = {.tv_sec = span_us / 1000000, .tv_usec = span_us % 1000000};
    return __real_event_add(event, &shorter);
}

int __wrap_spawn_process(const struct children_conf *conf, enum process_role role,
                         uint32_t instance, pid_t *ret_pid, int *ret_line) {
    int ends[2];
    const char ready = PROCESS_READY;
    (void)conf;
    (void)instance;
    assert_true(world.count < PROCESSES_MAX);
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends), 0);
    world.list[world.count] = (struct process_double){.role = role, .line = ends[1]};
    world.starts[role]++;
    assert_int_equal(write(ends[1], &ready, sizeof ready), 1);
    *ret_pid = PID_FIRST + (pid_t)world.count++;
    *ret_line = ends[0];
    return 0;
}

static void process_die(struct process_double *process) {
    process->is_dead = true;
    assert_int_equal(raise(SIGCHLD), 0);
}

int __wrap_kill(pid_t pid, int number) {
    struct process_double *process = &world.list[pid - PID_FIRST];
    assert_false(process->is_reaped);
    process->was_terminated = process->was_terminated || number == SIGTERM;
    if (!process->is_held && number != SIGCONT) {
        process_die(process);
    }
    return 0;
}

pid_t __wrap_waitpid(pid_t pid, int *ret_status, int options) {
    assert_int_equal(pid, -1);
    assert_int_equal(options, WNOHANG);
    for (uint32_t i = 0; i < world.count; i++) {
        if (world.list[i].is_dead && !world.list[i].is_reaped) {
            world.list[i].is_reaped = true;
            (void)close(world.list[i].line);
            world.list[i].line = -1;
            *ret_status = SIGKILL;
            return PID_FIRST + (pid_t)i;
        }
    }
    return 0;
}

void __wrap_log_line(enum log_level level, const char *event, const char *fields, ...) {
    bool stuck = strcmp(event, "component_stuck") == 0;
    if (stuck || strcmp(event, "component_left") == 0) {
        va_list arguments;
        assert_int_equal(level, LOG_ERROR);
        va_start(arguments, fields);
        (void)vsnprintf(stuck ? world.stuck_text : world.left_text, sizeof world.stuck_text, fields,
                        arguments);
        va_end(arguments);
        world.stuck_lines += stuck;
        world.left_lines += !stuck;
    }
}

static void world_ready(void *context) {
    (void)context;
    world.ready++;
}

static void world_stopped(void *context) {
    (void)context;
    world.stopped++;
}

static struct process_double *world_engine(void) {
    assert_int_equal(world.list[0].role, PROCESS_ENGINE);
    return &world.list[0];
}

/* Run the loop until `so`; all but those that are held go on saying that they are alive. */
static void world_until(bool (*so)(void)) {
    const uint64_t deadline_ns = __real_clock_real_ns() + DEADLINE_S * NS_PER_S;
    const char alive = PROCESS_ALIVE;
    while (!so()) {
        const struct timeval step = {.tv_usec = 1000};
        assert_true(__real_clock_real_ns() < deadline_ns);
        for (uint32_t i = 0; i < world.count; i++) {
            if (world.list[i].line >= 0 && !world.list[i].is_held) {
                (void)send(world.list[i].line, &alive, sizeof alive, MSG_NOSIGNAL | MSG_DONTWAIT);
            }
        }
        assert_int_equal(event_base_loopexit(world.base, &step), 0);
        assert_true(event_base_loop(world.base, EVLOOP_ONCE) >= 0);
    }
}

static bool is_ready(void) {
    return world.ready > 0;
}

static bool is_stopped(void) {
    return world.stopped > 0;
}

static bool is_told_twice(void) {
    return world.stuck_lines >= 2;
}

static bool engine_is_back(void) {
    return world.starts[PROCESS_ENGINE] == 2;
}

static int world_begin(void **state) {
    static const struct children_conf conf = {
        .site_fd = -1, .retired_fd = -1, .field_count = 1, .state_directory = "/the/state"};
    (void)state;
    world = (struct world){.base = event_base_new()};
    assert_non_null(world.base);
    assert_int_equal(children_new(world.base, &conf, NULL, &world.children), 0);
    children_start(world.children, world_ready, NULL);
    world_until(is_ready);
    world_engine()->is_held = true;
    return 0;
}

static int world_end(void **state) {
    (void)state;
    world.children = children_free(world.children);
    event_base_free(world.base);
    for (uint32_t i = 0; i < world.count; i++) {
        if (world.list[i].line >= 0) {
            (void)close(world.list[i].line);
        }
    }
    return 0;
}

static void whoever_cannot_be_killed_is_told_and_none_is_started_beside_it(void **state) {
    (void)state;
    world_until(is_told_twice);
    assert_int_equal(world.starts[PROCESS_ENGINE], 1);
    assert_string_equal(children_laggard(world.children), "engine");
    assert_true(children_is_stuck(world.children, children_laggard(world.children)));
    assert_false(children_thrive(world.children));
    assert_non_null(strstr(world.stuck_text, "component=engine pid=1000 killed_s="));
    assert_non_null(strstr(world.stuck_text, "state=\"/the/state\""));
    assert_non_null(strstr(world.stuck_text, "no room is watched"));
    assert_non_null(strstr(world.stuck_text, "advice="));

    process_die(world_engine()); /* the disk has let go of it */
    world_until(engine_is_back);
    assert_false(children_is_stuck(world.children, "engine"));
    assert_int_equal(world.left_lines, 0);
}

static void an_end_leaves_whoever_cannot_be_killed_and_stops_the_others(void **state) {
    (void)state;
    children_end(world.children, world_stopped, NULL);
    world_until(is_stopped);
    assert_int_equal(children_left(world.children), 1);
    assert_int_equal(world.left_lines, 1);
    assert_non_null(strstr(world.left_text, "component=engine pid=1000 "));
    assert_non_null(strstr(world.left_text, "state=\"/the/state\""));
    assert_true(world_engine()->was_terminated);
    for (uint32_t i = 1; i < world.count; i++) {
        assert_true(world.list[i].is_reaped);
    }
}

static void a_reload_waits_for_whoever_cannot_be_killed(void **state) {
    (void)state;
    children_stop(world.children, world_stopped, NULL);
    world_until(is_told_twice);
    assert_int_equal(world.stopped, 0);
    process_die(world_engine());
    world_until(is_stopped);
    assert_int_equal(children_left(world.children), 0);
    assert_int_equal(world.left_lines, 0);
}

static void an_end_that_comes_while_a_reload_waits_leaves_it(void **state) {
    (void)state;
    children_stop(world.children, world_stopped, NULL);
    world_until(is_told_twice);
    children_end(world.children, world_stopped, NULL);
    world_until(is_stopped);
    assert_int_equal(children_left(world.children), 1);
    assert_int_equal(world.left_lines, 1);
}

/* ---- when it counts as held, and how often that is told ---- */

static void one_counts_as_held_two_seconds_after_it_was_killed_and_is_told_each_ten(void **state) {
    const struct stuck_process who = {"uplink", PID_FIRST, PROCESS_UPLINK, "/the/state"};
    const uint64_t killed_ns = 1000 * NS_PER_S;
    struct stuck stuck = {0};
    const struct {
        uint64_t after_ms;
        bool is_held;
        uint32_t lines;
    } looks[] = {
        {0, false, 0},    {1999, false, 0}, {2000, true, 1},
        {11999, true, 1}, {12000, true, 2}, {13000, true, 2},
    };
    (void)state;
    world = (struct world){0};
    assert_false(stuck_is_held(&stuck, killed_ns));
    stuck_watch(&stuck, &who, killed_ns);
    assert_int_equal(world.stuck_lines, 0);
    stuck.killed_ns = killed_ns;
    for (size_t i = 0; i < sizeof looks / sizeof *looks; i++) {
        const uint64_t now_ns = killed_ns + looks[i].after_ms * NS_PER_MS;
        assert_int_equal(stuck_is_held(&stuck, now_ns), looks[i].is_held);
        stuck_watch(&stuck, &who, now_ns);
        assert_int_equal(world.stuck_lines, looks[i].lines);
    }
    assert_non_null(strstr(world.stuck_text, "component=uplink pid=1000 killed_s=12 "));
}

#define WORLD(test) cmocka_unit_test_setup_teardown(test, world_begin, world_end)

int main(void) {
    const struct CMUnitTest tests[] = {
        WORLD(whoever_cannot_be_killed_is_told_and_none_is_started_beside_it),
        WORLD(an_end_leaves_whoever_cannot_be_killed_and_stops_the_others),
        WORLD(a_reload_waits_for_whoever_cannot_be_killed),
        WORLD(an_end_that_comes_while_a_reload_waits_leaves_it),
        cmocka_unit_test(one_counts_as_held_two_seconds_after_it_was_killed_and_is_told_each_ten),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
