/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Record, then tell; and what is told when the disk does not answer. The disk is made not to answer
 * by a second connection that holds the journal's write lock, as somebody with a database tool would.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <event2/event.h>
#include <sqlite3.h>

#include "gateway/clock.h"
#include "gateway/engine/recorder.h"
#include "tests/support/cmocka.h"
#include "tests/support/console_site.h"
#include "tests/support/recorder_press.h"
#include "tests/support/scratch.h"

enum { TOLD_MAX = 64, DEADLINE_S = 20 };

struct trial {
    char directory[64];
    char path[128];
    struct site site;
    struct event_base *base;
    struct recorder *recorder;
    struct told {
        uint64_t seq, early;
        char body[WIRE_BODY_MAX + 1];
    } told[TOLD_MAX];
    uint32_t told_count;
    uint64_t settled;
    uint32_t early_calls;
    int storage; /* -1: not said yet */
};

static void trial_event(void *context, const struct wire_event *message,
                        const struct journal_event *event) {
    struct trial *trial = context;
    (void)event;
    assert_true(trial->told_count < TOLD_MAX);
    struct told *told = &trial->told[trial->told_count++];
    told->seq = message->seq;
    told->early = message->early;
    memcpy(told->body, message->body, message->body_size);
    told->body[message->body_size] = '\0';
}

static void trial_alarm(void *context, const struct journal_alarm *alarm) {
    (void)context;
    (void)alarm;
}

static void trial_early(void *context) {
    struct trial *trial = context;
    trial->early_calls++;
}

static void trial_settled(void *context, uint64_t ticket) {
    struct trial *trial = context;
    trial->settled = ticket;
}

static void trial_storage(void *context, bool well) {
    struct trial *trial = context;
    trial->storage = well ? 1 : 0;
}

static void trial_renewed(void *context) {
    (void)context;
}

static void trial_open(struct trial *trial) {
    static const struct recorder_callbacks callbacks = {
        trial_event, trial_alarm, trial_early, trial_settled, trial_storage, trial_renewed,
    };
    trial->site = console_site(trial->path);
    trial->storage = -1;
    trial->base = event_base_new();
    assert_non_null(trial->base);
    assert_int_equal(
        recorder_new(&trial->site, trial->path, trial->base, &callbacks, trial, &trial->recorder),
        0);
    assert_int_equal(recorder_start(trial->recorder), 0);
}

static void trial_begin(struct trial *trial) {
    *trial = (struct trial){.storage = -1};
    /* In memory where there is such a place: a disk that others keep busy is late by itself. */
    const char *root = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp";
    (void)snprintf(trial->directory, sizeof trial->directory, "%s/tocsin-recorder-XXXXXX", root);
    assert_non_null(mkdtemp(trial->directory));
    (void)snprintf(trial->path, sizeof trial->path, "%s/state", trial->directory);
}

static void trial_end(struct trial *trial) {
    trial->recorder = recorder_free(trial->recorder);
    event_base_free(trial->base);
    assert_int_equal(scratch_remove(trial->directory), 0);
}

/* Run the loop until `done` says so; fail at the deadline. */
static void trial_until(struct trial *trial, bool (*done)(const struct trial *trial)) {
    uint64_t deadline_ns = clock_real_ns() + DEADLINE_S * NS_PER_S;
    const struct timeval step = {.tv_usec = 10000};
    while (!done(trial)) {
        assert_true(clock_real_ns() < deadline_ns);
        assert_int_equal(event_base_loopexit(trial->base, &step), 0);
        assert_true(event_base_loop(trial->base, EVLOOP_ONCE) >= 0);
        recorder_tick(trial->recorder);
    }
}

/* Hold the write lock of the journal, or give it back. */
static sqlite3 *trial_block(const struct trial *trial) {
    char database[160];
    sqlite3 *db;
    (void)snprintf(database, sizeof database, "%s/journal.db", trial->path);
    assert_int_equal(sqlite3_open(database, &db), SQLITE_OK);
    assert_int_equal(sqlite3_busy_timeout(db, 10000), SQLITE_OK); /* the start may still write */
    assert_int_equal(sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
    return db;
}

static void trial_unblock(sqlite3 *db) {
    assert_int_equal(sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

static bool one_told(const struct trial *trial) {
    return trial->told_count >= 1;
}

static bool two_told(const struct trial *trial) {
    return trial->told_count >= 2;
}

static bool four_told(const struct trial *trial) {
    return trial->told_count >= 4;
}

static bool is_unwell(const struct trial *trial) {
    return trial->storage == 0;
}

static bool is_well(const struct trial *trial) {
    return trial->storage == 1;
}

static void an_event_is_told_once_it_is_recorded_and_not_before(void **state) {
    struct trial trial;
    (void)state;
    trial_begin(&trial);
    trial_open(&trial);
    uint64_t ticket = recorder_press(trial.recorder, 1);
    assert_int_equal(trial.told_count, 0);
    trial_until(&trial, one_told);
    assert_int_equal(trial.told[0].seq, 1);
    assert_int_equal(trial.told[0].early, 0);
    assert_int_equal(trial.settled, ticket);
    assert_non_null(strstr(trial.told[0].body, "\"sequence\":1,"));
    assert_null(recorder_waiting(trial.recorder));
    assert_true(recorder_is_well(trial.recorder));
    trial_end(&trial);
}

static void a_disk_that_does_not_answer_delays_no_alarm_and_loses_none(void **state) {
    struct trial trial;
    (void)state;
    trial_begin(&trial);
    trial_open(&trial);
    sqlite3 *blocker = trial_block(&trial);
    (void)recorder_press(trial.recorder, 1);
    trial_until(&trial, one_told);
    assert_int_equal(trial.told[0].seq, 0);
    assert_int_equal(trial.told[0].early, 1);
    assert_non_null(strstr(trial.told[0].body, ".u1\""));
    assert_null(strstr(trial.told[0].body, "\"sequence\""));
    trial_until(&trial, is_unwell);
    assert_true(trial.early_calls > 0);
    (void)recorder_press(trial.recorder, 2);
    trial_until(&trial, two_told);
    assert_int_equal(trial.told[1].early, 2);
    assert_int_equal(trial.settled, 0);
    assert_non_null(recorder_waiting(trial.recorder));

    trial_unblock(blocker);
    trial_until(&trial, four_told);
    for (uint64_t i = 0; i < 2; i++) {
        assert_int_equal(trial.told[2 + i].seq, i + 1);
        assert_int_equal(trial.told[2 + i].early, i + 1);
        assert_non_null(strstr(trial.told[2 + i].body, "\"sequence\":"));
    }
    assert_null(recorder_waiting(trial.recorder));
    trial_until(&trial, is_well);
    trial_end(&trial);
}

static void without_a_directory_every_event_is_told_at_once_and_kept(void **state) {
    struct trial trial;
    (void)state;
    trial_begin(&trial);
    FILE *file = fopen(trial.path, "w"); /* a file where the directory should be */
    assert_non_null(file);
    assert_int_equal(fclose(file), 0);
    trial_open(&trial);
    assert_false(recorder_is_well(trial.recorder));
    assert_int_equal(journal_boot(recorder_journal(trial.recorder))[0], 'r');
    (void)recorder_press(trial.recorder, 1);
    assert_int_equal(trial.told_count, 1);
    assert_int_equal(trial.told[0].seq, 0);
    assert_int_equal(trial.told[0].early, 1);
    const struct journal_event *waiting = recorder_waiting(trial.recorder);
    assert_non_null(waiting);
    struct wire_event again;
    recorder_early_message(trial.recorder, waiting, &again);
    assert_int_equal(again.body_size, strlen(trial.told[0].body));
    assert_memory_equal(again.body, trial.told[0].body, again.body_size);
    trial_end(&trial);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_event_is_told_once_it_is_recorded_and_not_before),
        cmocka_unit_test(a_disk_that_does_not_answer_delays_no_alarm_and_loses_none),
        cmocka_unit_test(without_a_directory_every_event_is_told_at_once_and_kept),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
