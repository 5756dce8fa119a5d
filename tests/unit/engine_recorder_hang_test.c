/* SPDX-License-Identifier: Apache-2.0 */

/*
 * A disk that hangs: nothing fails and nothing is done
 *
 * The commit waits at a gate that the test closes, and the real clock stands still but for what the test
 * puts it forward, so that minutes of hanging take no time. Log lines are counted by their event.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <event2/event.h>

#include "gateway/clock.h"
#include "gateway/engine/recorder.h"
#include "gateway/log.h"
#include "tests/support/cmocka.h"
#include "tests/support/console_site.h"
#include "tests/support/recorder_press.h"
#include "tests/support/scratch.h"

enum { DEADLINE_S = 20, MINUTE_MS = 60000 };

static _Atomic uint64_t now_ns = 1000 * NS_PER_S;
static atomic_uint late_lines, hang_lines;
static char hang_text[2048];

static struct gate {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    bool closed;
    uint32_t waiting;
} gate = {.lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER};

uint64_t __real_clock_real_ns(void);
uint64_t __wrap_clock_real_ns(void);
int __real_journal_store_commit(struct journal_store *store, const struct journal_gather *gather,
                                const char *boot, const char *id_prefix);
int __wrap_journal_store_commit(struct journal_store *store, const struct journal_gather *gather,
                                const char *boot, const char *id_prefix);
void __wrap_log_line(enum log_level level, const char *event, const char *fields, ...)
    __attribute__((format(printf, 3, 4)));

uint64_t __wrap_clock_real_ns(void) {
    return atomic_load(&now_ns);
}

int __wrap_journal_store_commit(struct journal_store *store, const struct journal_gather *gather,
                                const char *boot, const char *id_prefix) {
    (void)pthread_mutex_lock(&gate.lock);
    gate.waiting++;
    while (gate.closed) {
        (void)pthread_cond_wait(&gate.changed, &gate.lock);
    }
    gate.waiting--;
    (void)pthread_mutex_unlock(&gate.lock);
    return __real_journal_store_commit(store, gather, boot, id_prefix);
}

/* Both lines that are looked at come from the loop, which is the test's own thread. */
void __wrap_log_line(enum log_level level, const char *event, const char *fields, ...) {
    if (strcmp(event, "journal_late") == 0) {
        assert_int_equal(level, LOG_WARNING);
        late_lines++;
    } else if (strcmp(event, "journal_hangs") == 0) {
        va_list arguments;
        assert_int_equal(level, LOG_ERROR);
        va_start(arguments, fields);
        (void)vsnprintf(hang_text, sizeof hang_text, fields, arguments);
        va_end(arguments);
        hang_lines++;
    }
}

static void gate_move(bool closed) {
    (void)pthread_mutex_lock(&gate.lock);
    gate.closed = closed;
    (void)pthread_cond_broadcast(&gate.changed);
    (void)pthread_mutex_unlock(&gate.lock);
}

struct trial {
    char directory[64];
    char path[128];
    struct site site;
    struct event_base *base;
    struct recorder *recorder;
    uint32_t pressed, early, recorded;
    uint64_t settled, ticket;
    int storage; /* -1: not said yet */
    uint32_t storage_calls;
};

static void trial_event(void *context, const struct wire_event *message,
                        const struct journal_event *event) {
    struct trial *trial = context;
    (void)event;
    trial->early += message->seq == 0;
    trial->recorded += message->seq > 0;
}

static void trial_alarm(void *context, const struct journal_alarm *alarm) {
    (void)context;
    (void)alarm;
}

static void trial_early(void *context) {
    (void)context;
}

static void trial_settled(void *context, uint64_t ticket) {
    struct trial *trial = context;
    trial->settled = ticket;
}

static void trial_storage(void *context, bool well) {
    struct trial *trial = context;
    trial->storage = well ? 1 : 0;
    trial->storage_calls++;
    /* The line that says why comes first. */
    assert_true(well || late_lines + hang_lines > 0);
}

static void trial_renewed(void *context) {
    (void)context;
}

/* Run the loop once more, `ahead_ms` later. */
static void trial_step(struct trial *trial, uint64_t ahead_ms) {
    const struct timeval step = {.tv_usec = 5000};
    atomic_fetch_add(&now_ns, ahead_ms * NS_PER_MS);
    assert_int_equal(event_base_loopexit(trial->base, &step), 0);
    assert_true(event_base_loop(trial->base, EVLOOP_ONCE) >= 0);
    recorder_tick(trial->recorder);
}

static void trial_until(struct trial *trial, bool (*done)(const struct trial *trial)) {
    uint64_t deadline_ns = __real_clock_real_ns() + DEADLINE_S * NS_PER_S;
    while (!done(trial)) {
        assert_true(__real_clock_real_ns() < deadline_ns);
        trial_step(trial, 0);
    }
}

static void trial_begin(struct trial *trial) {
    static const struct recorder_callbacks callbacks = {
        trial_event, trial_alarm, trial_early, trial_settled, trial_storage, trial_renewed,
    };
    *trial = (struct trial){.storage = -1};
    late_lines = 0;
    hang_lines = 0;
    const char *root = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp";
    (void)snprintf(trial->directory, sizeof trial->directory, "%s/tocsin-hang-XXXXXX", root);
    assert_non_null(mkdtemp(trial->directory));
    (void)snprintf(trial->path, sizeof trial->path, "%s/state", trial->directory);
    trial->site = console_site(trial->path);
    trial->base = event_base_new();
    assert_non_null(trial->base);
    assert_int_equal(
        recorder_new(&trial->site, trial->path, trial->base, &callbacks, trial, &trial->recorder),
        0);
    assert_int_equal(recorder_start(trial->recorder), 0);
}

static void trial_end(struct trial *trial) {
    trial->recorder = recorder_free(trial->recorder);
    event_base_free(trial->base);
    assert_int_equal(scratch_remove(trial->directory), 0);
}

static void trial_press(struct trial *trial, uint32_t occurrence) {
    trial->ticket = recorder_press(trial->recorder, occurrence);
    trial->pressed++;
}

static bool one_early(const struct trial *trial) {
    return trial->early >= 1;
}

static bool all_early(const struct trial *trial) {
    return trial->early == trial->pressed;
}

static bool is_unwell(const struct trial *trial) {
    return trial->storage == 0;
}

static bool is_settled(const struct trial *trial) {
    return trial->settled == trial->ticket;
}

static bool is_at_gate(const struct trial *trial) {
    (void)trial;
    (void)pthread_mutex_lock(&gate.lock);
    bool waits = gate.waiting > 0;
    (void)pthread_mutex_unlock(&gate.lock);
    return waits;
}

static void a_disk_that_hangs_is_unwell_once_until_a_commit_has_succeeded(void **state) {
    struct trial trial;
    (void)state;
    trial_begin(&trial);
    gate_move(true);
    trial_press(&trial, 1);
    trial_step(&trial, RECORDER_LIMIT_MS - 1);
    assert_int_equal(trial.early, 0);
    trial_step(&trial, 1);
    trial_until(&trial, one_early);
    trial_until(&trial, is_unwell);
    assert_int_equal(late_lines, 1);

    /* Silence for three minutes: nobody says anything about the disk being well. */
    for (uint32_t i = 0; i < 60; i++) {
        trial_step(&trial, RECORDER_WELL_MS);
        assert_false(recorder_is_well(trial.recorder));
    }
    /* More to record does not change that, and goes out at once. */
    for (uint32_t i = 2; i <= 4; i++) {
        trial_press(&trial, i);
        trial_step(&trial, RECORDER_LIMIT_MS);
        trial_until(&trial, all_early);
        trial_step(&trial, RECORDER_WELL_MS);
        assert_false(recorder_is_well(trial.recorder));
    }
    assert_int_equal(trial.storage_calls, 1);
    assert_int_equal(trial.recorded, 0);

    gate_move(false);
    trial_until(&trial, is_settled);
    assert_int_equal(trial.recorded, 4);
    trial_step(&trial, RECORDER_WELL_MS - 1);
    assert_false(recorder_is_well(trial.recorder));
    trial_step(&trial, 1);
    assert_true(recorder_is_well(trial.recorder));
    assert_int_equal(trial.storage, 1);
    assert_int_equal(trial.storage_calls, 2);
    trial_end(&trial);
}

/* Late, but not for so long that it hangs. */
static void a_disk_that_was_late_is_well_three_seconds_after_it_has_recorded(void **state) {
    struct trial trial;
    (void)state;
    trial_begin(&trial);
    gate_move(true);
    trial_press(&trial, 1);
    trial_step(&trial, RECORDER_LIMIT_MS);
    trial_until(&trial, is_unwell);
    trial_step(&trial, RECORDER_HANG_MS - RECORDER_LIMIT_MS - 1);
    gate_move(false);
    trial_until(&trial, is_settled);
    trial_step(&trial, RECORDER_WELL_MS - 1);
    assert_false(recorder_is_well(trial.recorder));
    trial_step(&trial, 1);
    assert_true(recorder_is_well(trial.recorder));
    assert_int_equal(trial.storage_calls, 2);
    assert_int_equal(hang_lines, 0);
    trial_end(&trial);
}

static void a_disk_that_hangs_is_named_in_the_log_once_a_minute(void **state) {
    struct trial trial;
    (void)state;
    trial_begin(&trial);
    gate_move(true);
    trial_press(&trial, 1);
    trial_step(&trial, RECORDER_HANG_MS - 1);
    trial_until(&trial, is_unwell);
    assert_int_equal(hang_lines, 0);
    trial_step(&trial, 1);
    assert_int_equal(hang_lines, 1);
    assert_non_null(strstr(hang_text, trial.path));
    assert_non_null(strstr(hang_text, "waited_s=3 "));
    assert_non_null(strstr(hang_text, "effect="));
    assert_non_null(strstr(hang_text, "advice="));
    trial_step(&trial, MINUTE_MS - 1);
    assert_int_equal(hang_lines, 1);
    trial_step(&trial, 1);
    assert_int_equal(hang_lines, 2);
    assert_non_null(strstr(hang_text, "waited_s=63 "));
    gate_move(false);
    trial_until(&trial, is_settled);
    trial_step(&trial, MINUTE_MS);
    assert_int_equal(hang_lines, 2);
    trial_end(&trial);
}

/* Nothing happens in the rooms: that nothing is recorded any more is known all the same. */
static void a_commit_that_hangs_without_an_event_is_unwell_too(void **state) {
    struct trial trial;
    (void)state;
    trial_begin(&trial);
    struct journal_standing *standing = calloc(1, sizeof *standing);
    assert_non_null(standing);
    standing->at_wall = clock_wall();
    gate_move(true);
    recorder_add_standing(trial.recorder, standing);
    trial.ticket = recorder_submit(trial.recorder);
    trial_until(&trial, is_at_gate);
    trial_step(&trial, RECORDER_HANG_MS - 1);
    assert_true(recorder_is_well(trial.recorder));
    assert_int_equal(hang_lines, 0);
    trial_step(&trial, 1);
    assert_false(recorder_is_well(trial.recorder));
    assert_int_equal(hang_lines, 1);
    assert_int_equal(trial.storage_calls, 1);
    gate_move(false);
    trial_until(&trial, is_settled);
    assert_false(recorder_is_well(trial.recorder));
    trial_step(&trial, RECORDER_WELL_MS);
    assert_true(recorder_is_well(trial.recorder));
    assert_int_equal(trial.storage_calls, 2);
    trial_end(&trial);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_disk_that_hangs_is_unwell_once_until_a_commit_has_succeeded),
        cmocka_unit_test(a_disk_that_was_late_is_well_three_seconds_after_it_has_recorded),
        cmocka_unit_test(a_disk_that_hangs_is_named_in_the_log_once_a_minute),
        cmocka_unit_test(a_commit_that_hangs_without_an_event_is_unwell_too),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
