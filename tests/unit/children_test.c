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
        uint64_t number;
        bool is_held, is_dead, is_reaped, was_terminated;
    } list[PROCESSES_MAX];
    uint32_t count;
    uint32_t starts[PROCESS_ROLE_COUNT];
    struct losses losses; /* of the setup of the newest engine */
    struct losses heard;  /* by the first engine, last */
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
    (void)instance;
    world.losses = role == PROCESS_ENGINE ? conf->setup.losses : world.losses;
    assert_true(world.count < PROCESSES_MAX);
    assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends),
                     0);
    world.list[world.count] =
        (struct process_double){.role = role, .line = ends[1], .number = conf->setup.number};
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

static const struct children_conf conf = {
    .site_fd = -1, .retired_fd = -1, .field_count = 1, .state_directory = "/the/state"};

static int world_begin_free(void **state) {
    (void)state;
    world = (struct world){.base = event_base_new()};
    assert_non_null(world.base);
    assert_int_equal(children_new(world.base, &conf, NULL, &world.children), 0);
    children_start(world.children, world_ready, NULL);
    world_until(is_ready);
    return 0;
}

static int world_begin(void **state) {
    (void)world_begin_free(state);
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

/* ---- what was lost ---- */

enum { ENGINE, FIELD, UPLINK, CONSOLE };

/* What the engine was told last of losses; none when it was told nothing. */
static struct losses heard_by(struct process_double *engine) {
    struct process_losses said;
    struct losses losses = {0};
    ssize_t size;
    while ((size = recv(engine->line, &said, sizeof said, MSG_DONTWAIT)) > 0) {
        if (said.word == (char)PROCESS_LOSSES) {
            assert_int_equal(size, sizeof said);
            losses = said.losses;
        }
    }
    return losses;
}

static bool engine_has_heard(void) {
    world.heard = heard_by(&world.list[ENGINE]);
    return world.heard.count > 0;
}

static bool engine_is_there_again(void) {
    return world.starts[PROCESS_ENGINE] == 3;
}

static void a_running_engine_is_handed_each_loss_again_until_it_has_recorded_it(void **state) {
    const struct process_told told = {.word = PROCESS_TOLD, .serial = 1};
    (void)state;
    process_die(&world.list[UPLINK]);
    for (int i = 0; i < 3; i++) {
        world_until(engine_has_heard);
        assert_int_equal(world.heard.count, 1);
        assert_int_equal(world.heard.newest, 1);
        assert_int_equal(world.heard.list[0].role, PROCESS_UPLINK);
        assert_int_equal(world.heard.list[0].number, world.list[UPLINK].number);
    }
    assert_int_equal(send(world.list[ENGINE].line, &told, sizeof told, 0), sizeof told);
    process_die(&world.list[CONSOLE]);
    do {
        world_until(engine_has_heard);
    } while (world.heard.newest == 1);
    assert_int_equal(world.heard.count, 1);
    assert_int_equal(world.heard.list[0].role, PROCESS_CONSOLE);
}

static void what_an_engine_has_not_recorded_is_handed_to_the_next_one(void **state) {
    const struct process_told told = {.word = PROCESS_TOLD, .serial = 2};
    (void)state;
    process_die(&world.list[UPLINK]);
    world_until(engine_has_heard); /* and says that it is alive, which is no word about the loss */
    process_die(&world.list[ENGINE]);
    world_until(engine_is_back);
    assert_int_equal(world.losses.count, 2);
    assert_int_equal(world.losses.list[0].role, PROCESS_UPLINK);
    assert_int_equal(world.losses.list[1].role, PROCESS_ENGINE);

    struct process_double *second = &world.list[world.count - 1];
    while (second->role != PROCESS_ENGINE) {
        second--;
    }
    /* Its last word, which nobody has read when it is reaped. */
    assert_int_equal(send(second->line, &told, sizeof told, 0), sizeof told);
    process_die(second);
    world_until(engine_is_there_again);
    assert_int_equal(world.losses.count, 1);
    assert_int_equal(world.losses.list[0].role, PROCESS_ENGINE);
    assert_int_equal(world.losses.list[0].number, second->number);
}

static void no_two_processes_have_the_same_number_nor_any_none(void **state) {
    (void)state;
    process_die(&world.list[ENGINE]);
    world_until(engine_is_back);
    for (uint32_t i = 0; i < world.count; i++) {
        assert_int_not_equal(world.list[i].number, 0);
        for (uint32_t other = 0; other < i; other++) {
            assert_int_not_equal(world.list[i].number, world.list[other].number);
        }
    }
}

static void
one_that_is_kept_over_a_reload_and_dies_meanwhile_is_told_by_the_new_engine(void **state) {
    struct children *before = world.children;
    (void)state;
    assert_true(children_keep(before, 0));
    children_stop(before, world_stopped, NULL);
    process_die(&world.list[FIELD]);
    world_until(is_stopped);
    assert_int_equal(children_new(world.base, &conf, before, &world.children), 0);
    (void)children_free(before);
    children_start(world.children, world_ready, NULL);
    world_until(engine_is_back);
    assert_int_equal(world.losses.count, 1);
    assert_int_equal(world.losses.list[0].role, PROCESS_FIELD);
    assert_int_equal(world.losses.list[0].number, world.list[FIELD].number);
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
#define FREE(test)  cmocka_unit_test_setup_teardown(test, world_begin_free, world_end)

int main(void) {
    const struct CMUnitTest tests[] = {
        WORLD(whoever_cannot_be_killed_is_told_and_none_is_started_beside_it),
        WORLD(an_end_leaves_whoever_cannot_be_killed_and_stops_the_others),
        WORLD(a_reload_waits_for_whoever_cannot_be_killed),
        WORLD(an_end_that_comes_while_a_reload_waits_leaves_it),
        FREE(a_running_engine_is_handed_each_loss_again_until_it_has_recorded_it),
        FREE(what_an_engine_has_not_recorded_is_handed_to_the_next_one),
        FREE(no_two_processes_have_the_same_number_nor_any_none),
        FREE(one_that_is_kept_over_a_reload_and_dies_meanwhile_is_told_by_the_new_engine),
        cmocka_unit_test(one_counts_as_held_two_seconds_after_it_was_killed_and_is_told_each_ten),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
