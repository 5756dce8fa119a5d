/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Rule tests: a good one passes, and what is wrong, in the file or in the rules, is shown at its place.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "gateway/replay/rule_test.h"
#include "tests/support/cmocka.h"

#define SITE "site: " TEST_SOURCE_DIR "/deploy/example/site.yaml\n"

enum { TEXT_SIZE = 16384 };

struct outcome {
    int r;
    struct rule_test_result result;
    char notes[TEXT_SIZE];
    char ran[1024]; /* "name=failures" of each test */
};

static struct outcome outcome;

static void ran(void *context, const char *name, uint32_t failures) {
    struct outcome *into = context;
    size_t len = strlen(into->ran);
    snprintf(into->ran + len, sizeof into->ran - len, "%s=%u ", name, failures);
}

/* Run the tests in `text`; FILE stands for the file's path in what is told. */
static void run(const char *text) {
    char path[] = "/tmp/tocsin-rule-test.XXXXXX";
    char told[TEXT_SIZE] = "";
    const struct rule_test_options options = {.site = NULL};
    memset(&outcome, 0, sizeof outcome);
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), strlen(text));
    assert_int_equal(close(fd), 0);
    FILE *out = fmemopen(told, sizeof told - 1, "w");
    assert_non_null(out);
    outcome.r = rule_test_file(path, &options, out, ran, &outcome, &outcome.result);
    assert_int_equal(fclose(out), 0);
    unlink(path);
    char *into = outcome.notes;
    for (const char *at = told; *at != '\0';) {
        bool is_path = strncmp(at, path, strlen(path)) == 0;
        into = is_path ? stpcpy(into, "FILE") : (*into = *at, into + 1);
        at += is_path ? strlen(path) : 1;
    }
    *into = '\0';
}

static void what_happens_as_expected_passes(void **state) {
    (void)state;
    run(SITE
        "tests:\n"
        "  - test: held\n"
        "    begin: 2026-11-23 23:00\n"
        "    steps:\n"
        "      - {at: 5 s, set: {hall/gate/door: 1}, expect: [raised door_forced/hall/gate/door]}\n"
        "      - {at: 34999 ms}\n"
        "      - {at: 35 s, expect: [raised door_held/hall/gate/door]}\n"
        "      - at: 40 s\n"
        "        do: reset door_held/hall/gate/door\n"
        "        refused: not_latched\n"
        "  - test: open by day\n"
        "    begin: 2026-11-23 10:00\n"
        "    only: [door_held]\n"
        "    steps:\n"
        "      - {at: 5 s, set: {hall/gate/door: true}}\n"
        "      - {at: 1 h}\n");
    assert_string_equal(outcome.notes, "");
    assert_int_equal(outcome.r, 0);
    assert_int_equal(outcome.result.passed, 2);
    assert_int_equal(outcome.result.failed, 0);
    assert_string_equal(outcome.ran, "held=0 open by day=0 ");
}

/* The calendar is the site's: its hours end while the test runs. */
static void opening_hours_pass_while_a_test_runs(void **state) {
    (void)state;
    run(SITE "tests:\n"
             "  - test: closing time\n"
             "    begin: 2026-11-23 19:59\n"
             "    only: [door_held]\n"
             "    steps:\n"
             "      - {at: 5 s, set: {sport/room/door: 0, hall/gate/door: 1}}\n"
             "      - {at: 8 h}\n"
             "      - at: 24 h\n"
             "        expect: []\n");
    assert_int_equal(outcome.r, 0);
    /* The hall closes at some time in these eight hours, and half a minute later the door is held. */
    assert_int_equal(outcome.result.failed, 1);
    assert_non_null(strstr(outcome.notes, "raised door_held/hall/gate/door"));
}

static void what_comes_otherwise_is_shown_at_its_place(void **state) {
    (void)state;
    run(SITE "tests:\n"
             "  - test: fails\n"
             "    steps:\n"
             "      - at: 5 s\n"
             "        set: {care/day-care/button-1: 1}\n"
             "        expect: [raised emergency_call/care/dining/button]\n"
             "      - at: 10 s\n"
             "        do: reset emergency_call/care/day-care/button-1\n"
             "      - at: 11 s\n"
             "        do: acknowledge emergency_call/care/day-care/button-1\n"
             "        refused: still_active\n");
    assert_int_equal(outcome.r, 0);
    assert_int_equal(outcome.result.failed, 1);
    assert_string_equal(outcome.ran, "fails=5 ");
    assert_string_equal(outcome.notes,
                        "FILE:5:13: error: not expected, but came at 5 s: raised "
                        "emergency_call/care/day-care/button-1\n"
                        "      - at: 5 s\n"
                        "            ^~~\n"
                        "FILE:7:18: error: expected by 5 s, but did not come\n"
                        "        expect: [raised emergency_call/care/dining/button]\n"
                        "                 ^~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~\n"
                        "FILE:9:13: error: was refused: still_active\n"
                        "        do: reset emergency_call/care/day-care/button-1\n"
                        "            ^~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~\n"
                        "FILE:10:13: error: not expected, but came at 11 s: acknowledged "
                        "emergency_call/care/day-care/button-1\n"
                        "      - at: 11 s\n"
                        "            ^~~~\n"
                        "FILE:12:18: error: should be refused so, but was accepted\n"
                        "        refused: still_active\n"
                        "                 ^~~~~~~~~~~~\n");
}

/* A step of a test, and what is said about it: the first line of the note. */
static void wrong(const char *step, const char *note) {
    char text[1024];
    snprintf(text, sizeof text, SITE "tests:\n  - test: wrong\n    steps:\n      - {at: 5 s, %s}\n",
             step);
    run(text);
    assert_int_equal(outcome.r, RULE_TEST_E_REFUSED);
    assert_string_equal(outcome.ran, "");
    char *end = strchr(outcome.notes, '\n');
    assert_non_null(end);
    *end = '\0';
    const char *error = strstr(outcome.notes, "error: ");
    assert_non_null(error);
    assert_string_equal(error + strlen("error: "), note);
}

static void a_step_that_makes_no_sense_is_refused(void **state) {
    (void)state;
    wrong("set: {care/day-care/buton-1: 1}", "no point `care/day-care/buton-1` in the site");
    wrong("set: {care/hallway/lamp: 1}", "`care/hallway/lamp` is an output");
    wrong("set: {care/dining/smoke-1: maybe}",
          "`care/dining/smoke-1` is either 0 or 1, not `maybe`");
    wrong("set: {hall/gate/reader: open}", "`hall/gate/reader` is granted or denied, not `open`");
    wrong("set: {care/day-care/co2: high}", "`care/day-care/co2` must be a number, not `high`");
    wrong("device: {fire-panl: lost}", "no device `fire-panl` in the site");
    wrong("device: {climate: away}", "`away` is not what a device can be");
    wrong("do: akcnowledge emergency_call/care/day-care/button-1",
          "`akcnowledge` is not what a person does");
    wrong("do: acknowledge", "`acknowledge` has not two words");
    wrong("do: test-begin nowhere", "no place `nowhere` in the site");
    wrong("refused: still_active", "what is refused?");
    wrong("do: reset emergency_call/care/day-care/button-1, refused: never",
          "`never` is not a reason to refuse");
    wrong("do: reset emergency_call/care/day-care/button-1, role: king", "`king` is not a role");
    wrong("expect: [risen emergency_call/care/day-care/button-1]",
          "`risen` is not what an alarm says");
    wrong("expect: [raised emergency_cal/care]", "no rule `emergency_cal` in the site");
    wrong("expect: [raised fire_confirmed/car]", "the rule has no alarm `fire_confirmed/car`");
    wrong("expect: [raised]", "`raised` has not two words");
    wrong("colour: red", "`colour` is not a key of a step of a test");
}

static void refused(const char *text, const char *note) {
    run(text);
    assert_int_equal(outcome.r, RULE_TEST_E_REFUSED);
    if (strstr(outcome.notes, note) == NULL) {
        fail_msg("%s\nis not in\n%s", note, outcome.notes);
    }
}

static void a_file_that_makes_no_sense_is_refused(void **state) {
    (void)state;
    refused(SITE "tests: []\n", "FILE:2:1: error: there are no tests in it");
    refused(SITE "tests:\n  - {test: empty, steps: []}\n",
            "FILE:3:19: error: a test without a step says nothing");
    refused(SITE "tests:\n  - {test: a, begin: 2026-02-30 10:00, steps: [{at: 1 s}]}\n",
            "`2026-02-30 10:00` is no such moment");
    refused(SITE "tests:\n  - {test: a, begin: 2026-02-03, steps: [{at: 1 s}]}\n",
            "`2026-02-03` is no such moment");
    refused(SITE "tests:\n  - {test: a, only: [fire_alram], steps: [{at: 1 s}]}\n",
            "`fire_alram` is not a rule of the site");
    refused(SITE "tests:\n  - {test: a, steps: [{at: 2 s}, {at: 1 s}]}\n",
            "the step before is later");
    refused("tests:\n  - {test: a, steps: [{at: 1 s}]}\n",
            "error: a file of rule tests needs `site`");
    refused("site: nowhere.yaml\ntests:\n  - {test: a, steps: [{at: 1 s}]}\n", "nowhere.yaml");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_happens_as_expected_passes),
        cmocka_unit_test(opening_hours_pass_while_a_test_runs),
        cmocka_unit_test(what_comes_otherwise_is_shown_at_its_place),
        cmocka_unit_test(a_step_that_makes_no_sense_is_refused),
        cmocka_unit_test(a_file_that_makes_no_sense_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
