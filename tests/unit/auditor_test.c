/* SPDX-License-Identifier: Apache-2.0 */

/* An audit on its thread: one at a time, and nobody waits for one that a disk holds. */

#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <event2/event.h>

#include "gateway/console/auditor.h"
#include "tests/support/cmocka.h"
#include "tests/support/console_site.h"
#include "tests/support/quiet_log.h"

int __wrap_journal_audit(const char *path, const struct seal_keys *keys,
                         struct journal_audit *ret_audit, char reason[JOURNAL_REASON_SIZE]);

/* An audit says that it has begun, waits to be let go, ends with `answer`, and says that, too. */
static sem_t begun, let_go, ended;
static int answer;
static char asked_path[256];
static int calls;

int __wrap_journal_audit(const char *path, const struct seal_keys *keys,
                         struct journal_audit *ret_audit, char reason[JOURNAL_REASON_SIZE]) {
    assert_null(keys);
    (void)snprintf(asked_path, sizeof asked_path, "%s", path);
    calls++;
    (void)sem_post(&begun);
    (void)sem_wait(&let_go);
    *ret_audit = (struct journal_audit){.events = 7, .first_seq = 1, .newest_seq = 7};
    if (answer > 0) {
        (void)snprintf(reason, JOURNAL_REASON_SIZE, "torn \"page\"");
    }
    int r = answer;
    (void)sem_post(&ended);
    return r;
}

struct scene {
    struct event_base *base;
    struct site site;
    struct auditor auditor;
};

static int begin(void **state) {
    struct scene *scene = calloc(1, sizeof *scene);
    assert_non_null(scene);
    answer = 0;
    calls = 0;
    scene->site = console_site("/var/lib/somewhere");
    scene->base = event_base_new();
    assert_non_null(scene->base);
    auditor_init(&scene->auditor, scene->base, &scene->site);
    *state = scene;
    return 0;
}

static int end(void **state) {
    struct scene *scene = *state;
    auditor_deinit(&scene->auditor);
    event_base_free(scene->base);
    free(scene);
    return 0;
}

/* All of it that uses what tests share is over then. */
static void let_one_end(void) {
    (void)sem_wait(&begun);
    (void)sem_post(&let_go);
    (void)sem_wait(&ended);
}

/* A member of the body as text; "null" without one. */
static bool body_has(const struct auditor *auditor, const char *member, const char *expected) {
    json_t *body = auditor_body(auditor);
    assert_non_null(body);
    char *text = json_dumps(json_object_get(body, member), JSON_ENCODE_ANY);
    assert_non_null(text);
    bool same = strcmp(text, expected) == 0;
    free(text);
    json_decref(body);
    return same;
}

static void until_over(struct scene *scene) {
    while (scene->auditor.job != NULL) {
        assert_int_equal(event_base_loop(scene->base, EVLOOP_ONCE), 0);
    }
}

static void before_the_first_nothing_is_said_to_be_good(void **state) {
    const struct scene *scene = *state;
    assert_true(body_has(&scene->auditor, "state", "\"none\""));
    static const char *const unknown[] = {"begun",  "ended", "by",     "good",
                                          "events", "text",  "digest", "fault_seq"};
    for (size_t i = 0; i < sizeof unknown / sizeof *unknown; i++) {
        assert_true(body_has(&scene->auditor, unknown[i], "null"));
    }
}

static void whoever_asks_while_one_runs_gets_that_one(void **state) {
    struct scene *scene = *state;
    assert_int_equal(auditor_begin(&scene->auditor, "wang"), 0);
    assert_int_equal(auditor_begin(&scene->auditor, "li"), 0);
    assert_true(body_has(&scene->auditor, "state", "\"running\""));
    assert_true(body_has(&scene->auditor, "by", "\"wang\""));
    assert_true(body_has(&scene->auditor, "good", "null"));
    let_one_end();
    until_over(scene);
    assert_int_equal(calls, 1);
    assert_string_equal(asked_path, "/var/lib/somewhere/journal.db");
    assert_true(body_has(&scene->auditor, "state", "\"done\""));
    assert_true(body_has(&scene->auditor, "good", "true"));
    assert_true(body_has(&scene->auditor, "newest_seq", "7"));
    assert_true(body_has(&scene->auditor, "fault_seq", "null"));
}

static void the_next_one_forgets_what_the_last_has_found(void **state) {
    struct scene *scene = *state;
    assert_int_equal(auditor_begin(&scene->auditor, "wang"), 0);
    let_one_end();
    until_over(scene);
    assert_int_equal(auditor_begin(&scene->auditor, "li"), 0);
    assert_true(body_has(&scene->auditor, "good", "null"));
    assert_true(body_has(&scene->auditor, "ended", "null"));
    let_one_end();
    until_over(scene);
    assert_true(body_has(&scene->auditor, "by", "\"li\""));
    assert_int_equal(calls, 2);
}

static void one_that_cannot_read_the_journal_calls_nothing_good(void **state) {
    struct scene *scene = *state;
    answer = JOURNAL_E_DAMAGED;
    assert_int_equal(auditor_begin(&scene->auditor, "wang"), 0);
    let_one_end();
    until_over(scene);
    assert_true(body_has(&scene->auditor, "state", "\"failed\""));
    assert_true(body_has(&scene->auditor, "good", "null"));
    json_t *body = auditor_body(&scene->auditor);
    const char *text = json_string_value(json_object_get(json_object_get(body, "text"), "en"));
    assert_non_null(strstr(text, "torn \"page\""));
    json_decref(body);
}

static void a_console_that_ends_waits_for_no_disk(void **state) {
    struct scene *scene = *state;
    assert_int_equal(auditor_begin(&scene->auditor, "wang"), 0);
    auditor_deinit(&scene->auditor); /* while it runs */
    assert_null(scene->auditor.job);
    let_one_end();
}

int main(void) {
    (void)sem_init(&begun, 0, 0);
    (void)sem_init(&let_go, 0, 0);
    (void)sem_init(&ended, 0, 0);
#define AUDITOR(test) cmocka_unit_test_setup_teardown(test, begin, end)
    const struct CMUnitTest tests[] = {
        AUDITOR(before_the_first_nothing_is_said_to_be_good),
        AUDITOR(whoever_asks_while_one_runs_gets_that_one),
        AUDITOR(the_next_one_forgets_what_the_last_has_found),
        AUDITOR(one_that_cannot_read_the_journal_calls_nothing_good),
        AUDITOR(a_console_that_ends_waits_for_no_disk),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
