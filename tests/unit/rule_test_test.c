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
#include "tests/support/notes.h"

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

/* Run the tests of a file, and write what is told into `ret_told`. */
static void run_file(const char *path, enum site_language language, char ret_told[TEXT_SIZE]) {
    const struct rule_test_options options = {.language = language};
    memset(&outcome, 0, sizeof outcome);
    memset(ret_told, 0, TEXT_SIZE);
    FILE *out = fmemopen(ret_told, TEXT_SIZE - 1, "w");
    assert_non_null(out);
    outcome.r = rule_test_file(path, &options, out, ran, &outcome, &outcome.result);
    assert_int_equal(fclose(out), 0);
}

/*
 * Run the tests in `text`; FILE stands for the file's path in what is told. Whatever is told is there in Chinese, too.
 */
static void run(const char *text) {
    char path[] = "/tmp/tocsin-rule-test.XXXXXX";
    char told[TEXT_SIZE];
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), strlen(text));
    assert_int_equal(close(fd), 0);
    run_file(path, LANGUAGE_ZH, told);
    notes_assert_chinese(told);
    run_file(path, LANGUAGE_EN, told);
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

/* Who is called, and that nobody is. */
static void a_test_can_say_who_is_called_and_that_nobody_is(void **state) {
    (void)state;
    run(SITE
        "tests:\n"
        "  - test: right\n"
        "    steps:\n"
        "      - at: 5 s\n"
        "        set: {care/club/button: 1}\n"
        "        expect: [raised emergency_call/care/club/button, escalated emergency_call/care/club/button to role caregiver,\n"
        "                 calls nobody]\n"
        "      - {at: 19 s, expect: [calls nobody]}\n"
        "      - at: 21 s\n"
        "        expect: [escalated emergency_call/care/club/button to shift care]\n");
    assert_string_equal(outcome.notes, "");
    assert_int_equal(outcome.r, 0);
    assert_string_equal(outcome.ran, "right=0 ");
    run(SITE
        "tests:\n"
        "  - test: wrong\n"
        "    steps:\n"
        "      - at: 5 s\n"
        "        set: {care/club/button: 1}\n"
        "        expect: [raised emergency_call/care/club/button, escalated emergency_call/care/club/button to role manager]\n"
        "      - {at: 20 s, expect: [calls nobody]}\n");
    assert_string_equal(outcome.ran, "wrong=2 ");
    assert_non_null(strstr(outcome.notes, "FILE:7:58: error: expected by 5 s, but did not come\n"));
    assert_non_null(strstr(outcome.notes,
                           "FILE:8:14: error: not expected, but came at 20 s: escalated "
                           "emergency_call/care/club/button\n"));
    run(SITE
        "tests:\n"
        "  - test: unknown\n"
        "    steps:\n"
        "      - {at: 5 s, expect: [escalated emergency_call/care/club/button to role managre]}\n"
        "      - {at: 6 s, expect: [escalated too_cold/care/club/temperature to role manager]}\n");
    assert_int_equal(outcome.r, RULE_TEST_E_REFUSED);
    assert_non_null(strstr(outcome.notes, "no step of the alarm's chain tells `role managre`"));
    assert_non_null(strstr(outcome.notes, "hint: did you mean `role manager`?"));
    assert_non_null(strstr(outcome.notes, "no step of the alarm's chain tells `role manager`"));
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

static void passes(const char *tests) {
    char text[4096];
    snprintf(text, sizeof text, SITE "tests:\n%s", tests);
    run(text);
    assert_string_equal(outcome.notes, "");
    assert_int_equal(outcome.r, 0);
    assert_int_equal(outcome.result.failed, 0);
}

/* What takes two people, in the words of the command line: one person in two roles is one. */
static void an_alarm_goes_out_of_service_by_two_people(void **state) {
    (void)state;
    passes(
        "  - test: two people\n"
        "    only: [fire_alarm]\n"
        "    steps:\n"
        "      - {at: 1 s, do: out-of-service fire_alarm/care/club/smoke-1, for: 2 h,\n"
        "         refused: reason_required}\n"
        "      - {at: 2 s, do: out-of-service fire_alarm/care/club/smoke-1, for: 2 h, reason: dust,\n"
        "         by: guo, role: security, refused: second_role_required}\n"
        "      - {at: 3 s, do: out-of-service fire_alarm/care/club/smoke-1, for: 2 h, reason: dust,\n"
        "         by: guo, role: security, second: guo, second_role: manager,\n"
        "         refused: second_role_required}\n"
        "      - {at: 4 s, do: out-of-service fire_alarm/care/club/smoke-1, for: 2 h, reason: dust,\n"
        "         by: guo, role: security, second: ma, second_role: security,\n"
        "         refused: second_role_required}\n"
        "      - {at: 5 s, do: out-of-service fire_alarm/care/club/smoke-1, for: 2 h, reason: dust,\n"
        "         by: guo, role: security, second: ma, second_role: manager,\n"
        "         expect: [out_of_service fire_alarm/care/club/smoke-1]}\n"
        "      - {at: 7204999 ms}\n"
        "      - {at: 7205 s, expect: [in_service fire_alarm/care/club/smoke-1]}\n");
}

static void what_was_found_and_what_it_was_is_said(void **state) {
    (void)state;
    passes(
        "  - test: toast\n"
        "    only: [fire_alarm]\n"
        "    steps:\n"
        "      - {at: 1 s, set: {care/club/smoke-1: 1}, expect: [raised fire_alarm/care/club/smoke-1]}\n"
        "      - {at: 2 s, do: investigate fire_alarm/care/club/smoke-1 false, refused: ack_required}\n"
        "      - {at: 3 s, do: ack fire_alarm/care/club/smoke-1,\n"
        "         expect: [acknowledged fire_alarm/care/club/smoke-1]}\n"
        "      - {at: 4 s, do: investigate fire_alarm/care/club/smoke-1 false,\n"
        "         expect: [investigated fire_alarm/care/club/smoke-1]}\n"
        "      - {at: 5 s, do: disposition fire_alarm/care/club/smoke-1, refused: disposition_required}\n"
        "      - {at: 6 s, do: disposition fire_alarm/care/club/smoke-1 misuse,\n"
        "         expect: [disposed fire_alarm/care/club/smoke-1]}\n"
        "      - {at: 4 min, set: {care/club/smoke-1: 0},\n"
        "         expect: [cleared fire_alarm/care/club/smoke-1]}\n"
        "      - at: 5 min\n"
        "        do: reset fire_alarm/care/club/smoke-1\n"
        "        as: genuine\n"
        "        expect: [reset fire_alarm/care/club/smoke-1, closed fire_alarm/care/club/smoke-1]\n"
        "  - test: a real one is confirmed at once\n"
        "    steps:\n"
        "      - {at: 1 s, set: {care/club/smoke-1: 1}, expect: [raised fire_alarm/care/club/smoke-1]}\n"
        "      - {at: 3 s, do: ack fire_alarm/care/club/smoke-1,\n"
        "         expect: [acknowledged fire_alarm/care/club/smoke-1]}\n"
        "      - {at: 4 s, do: investigate fire_alarm/care/club/smoke-1 real,\n"
        "         expect: [investigated fire_alarm/care/club/smoke-1, raised system_fire_promoted/care]}\n");
}

static void a_walk_test_ticks_off_and_names_what_was_left_out(void **state) {
    (void)state;
    passes(
        "  - test: walk\n"
        "    only: [fire_alarm]\n"
        "    steps:\n"
        "      - {at: 1 s, do: test begin care/club, refused: duration_required}\n"
        "      - {at: 1.5 s, do: test begin care/club, for: 10 min, refused: reason_required}\n"
        "      - {at: 2 s, do: test begin care/club, for: 10 min, reason: monthly test,\n"
        "         expect: [test.begun care/club]}\n"
        "      - {at: 3 s, set: {care/club/smoke-1: 1},\n"
        "         expect: [test.tripped care/club/smoke-1, raised fire_alarm/care/club/smoke-1]}\n"
        "      - {at: 4 s, set: {care/club/smoke-1: 0}, expect: [cleared fire_alarm/care/club/smoke-1]}\n"
        "      - at: 5 s\n"
        "        do: test end care/club\n"
        "        expect: [test.untested care/club/button, test.ended care/club]\n");
}

/* The counters begin anew at the set hour, by themselves. */
static void counters_are_levelled_at_the_set_hour(void **state) {
    (void)state;
    passes("  - test: people that were never counted out are gone in the morning\n"
           "    begin: 2026-11-23 03:50\n"
           "    only: [over_capacity]\n"
           "    steps:\n"
           "      - {at: 1 s, set: {sport/room/in: 1000, sport/room/out: 1000}}\n"
           "      - {at: 10 s, set: {sport/room/in: 1060}}\n"
           "      - {at: 40 s, expect: [raised over_capacity/sport/room]}\n"
           "      - {at: 599999 ms}\n"
           "      - {at: 10 min, expect: [cleared over_capacity/sport/room]}\n"
           "      - {at: 20 min, set: {sport/room/in: 1070}}\n"
           "      - {at: 30 min, set: {sport/room/in: 1104}}\n"
           "      - {at: 31 min, set: {sport/room/in: 1105},\n"
           "         expect: [reraised over_capacity/sport/room]}\n");
}

static void who_falls_silent_is_missed_and_nobody_else(void **state) {
    (void)state;
    passes(
        "  - test: a sensor of its own\n"
        "    only: [system_sensor_fault, system_device_lost]\n"
        "    steps:\n"
        "      - {at: 1 s, set: {hall/desk/people: 4}}\n"
        "      - {at: 1 h, set: {hall/desk/people: silent}}\n"
        "      - {at: 3899999 ms}\n"
        "      - {at: 3900 s, expect: [raised system_sensor_fault/hall/desk/people]}\n"
        "      - {at: 2 h, set: {hall/desk/people: 5}, expect: [cleared system_sensor_fault/hall/desk/people]}\n"
        "      - {at: 40 h}\n"
        "  - test: a device, at the end of its own silence\n"
        "    only: [system_device_lost]\n"
        "    steps:\n"
        "      - {at: 1 h, device: {fire-panel: silent}}\n"
        "      - {at: 3603499 ms}\n"
        "      - {at: 3603500 ms, expect: [raised system_device_lost/device/fire-panel]}\n"
        "      - {at: 4 h, device: {fire-panel: back},\n"
        "         expect: [cleared system_device_lost/device/fire-panel]}\n"
        "  - test: what is not said to fall silent is there for days\n"
        "    only: [system_sensor_fault, system_device_lost]\n"
        "    steps:\n"
        "      - {at: 1 s, set: {hall/desk/people: 4}}\n"
        "      - {at: 20 d}\n");
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
    wrong("set: {care/day-care/co2: granted}",
          "`care/day-care/co2` must be a number, not `granted`");
    static const char *const of_acts[] = {
        "as: genuine",          "by: guo",  "role: security",       "second: ma", "reason: dust",
        "second_role: manager", "for: 2 h", "refused: still_active"};
    for (unsigned i = 0; i < sizeof of_acts / sizeof *of_acts; i++) {
        char note[128];
        snprintf(note, sizeof note, "`%.*s` without `do`: nothing is done in this step",
                 (int)strcspn(of_acts[i], ":"), of_acts[i]);
        wrong(of_acts[i], note);
    }
    wrong("do: reset emergency_call/care/day-care/button-1, refused: never",
          "`never` is not a reason to refuse");
    wrong("do: reset emergency_call/care/day-care/button-1, refused: accepted",
          "`accepted` is not a reason to refuse");
    wrong("do: reset emergency_call/care/day-care/button-1, role: king", "`king` is not a role");
    wrong("expect: [risen emergency_call/care/day-care/button-1]",
          "`risen` is not what can be expected");
    wrong("expect: [raised emergency_cal/care]", "no rule `emergency_cal` in the site");
    wrong("expect: [raised fire_confirmed/car]", "the rule has no alarm `fire_confirmed/car`");
    wrong("expect: [raised]", "`raised` has not two words");
    wrong("expect: [test.begun nowhere]", "no place `nowhere` in the site");
    wrong("expect: [test.tripped care/club/smok]", "no point `care/club/smok` in the site");
    wrong("do: investigate fire_alarm/care/club/smoke-1", "what was found there is real or false");
    wrong("do: investigate fire_alarm/care/club/smoke-1 maybe",
          "what was found there is real or false");
    wrong("do: disposition fire_alarm/care/club/smoke-1 bad",
          "`bad` is not what an alarm can turn out to be");
    wrong("do: ack fire_alarm/care/club/smoke-1, as: unstated",
          "`unstated` is not what an alarm can turn out to be");
    wrong("do: ack fire_alarm/care/club/smoke-1 now", "`now` is too much here");
    wrong("do: test begin nowhere", "no place `nowhere` in the site");
    wrong("do: ack fire_alarm/care/club/smoke-1, second_role: king", "`king` is not a role");
    wrong("set: {care/club/smoke-1: silent}",
          "`care/club/smoke-1` is heard with its device, which alone can fall silent");
    wrong("colour: red", "`colour` is not a key of a step of a test");
}

static void refused(const char *text, const char *note) {
    run(text);
    assert_int_equal(outcome.r, RULE_TEST_E_REFUSED);
    if (strstr(outcome.notes, note) == NULL) {
        fail_msg("%s\nis not in\n%s", note, outcome.notes);
    }
}

/* What is offered can be written so: `test begin` for test-begin, and no reason that is none. */
static void what_is_offered_instead_can_be_written(void **state) {
    (void)state;
    refused(SITE
            "tests:\n  - {test: a, steps: [{at: 1 s, do: dance fire_alarm/care/club/smoke-1}]}\n",
            "one of: ack, attend, investigate, silence, reset, shelve, unshelve, out-of-service, "
            "in-service, disposition, test begin, test end");
    refused(SITE "tests:\n  - test: a\n    steps:\n      - at: 1 s\n"
                 "        do: ack fire_alarm/care/club/smoke-1\n        refused: nonsense\n",
            "one of: unknown_alarm, unknown_place, role_not_permitted, ");
    assert_null(strstr(outcome.notes, "accepted"));
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

/* Copy a file of the example into `directory`, or write `text` in its stead. */
static void example_put(const char *directory, const char *name, const char *text) {
    static char bytes[65536];
    char path[128];
    size_t size = strlen(text != NULL ? text : "");
    if (text == NULL) {
        snprintf(path, sizeof path, TEST_SOURCE_DIR "/deploy/example/%s", name);
        FILE *from = fopen(path, "r");
        assert_non_null(from);
        size = fread(bytes, 1, sizeof bytes, from);
        assert_true(size > 0 && size < sizeof bytes);
        assert_int_equal(fclose(from), 0);
        text = bytes;
    }
    snprintf(path, sizeof path, "%s/%s", directory, name);
    FILE *to = fopen(path, "w");
    assert_non_null(to);
    assert_int_equal(fwrite(text, 1, size, to), size);
    assert_int_equal(fclose(to), 0);
}

/* Run tests of the example's site with these rules instead of its own. */
static void run_with_rules(const char *rules, const char *tests) {
    static const char *const names[] = {"site.yaml", "tours.yaml", "xuzhou-2017.yaml", "care.svg",
                                        "rules.yaml"};
    enum { NAMES = sizeof names / sizeof *names };
    char directory[] = "/tmp/tocsin-rule-test.XXXXXX";
    char text[4096];
    assert_non_null(mkdtemp(directory));
    for (unsigned i = 0; i < NAMES; i++) {
        example_put(directory, names[i], i == NAMES - 1 ? rules : NULL);
    }
    snprintf(text, sizeof text, "site: %s/site.yaml\ntests:\n%s", directory, tests);
    run(text);
    for (unsigned i = 0; i < NAMES; i++) {
        snprintf(text, sizeof text, "%s/%s", directory, names[i]);
        assert_int_equal(unlink(text), 0);
    }
    assert_int_equal(rmdir(directory), 0);
}

static const char at_night[] = "rules:\n- rule: night\n"
                               "  each: point door_contact in hall/gate\n"
                               "  raise: between 22:00 and 06:00\n"
                               "  class: access.denied_burst\n"
                               "  message: {zh: 夜间, en: Night}\n"
                               "- rule: shut\n"
                               "  each: point door_contact in hall/gate\n"
                               "  raise: not value\n"
                               "  class: access.denied_burst\n"
                               "  message: {zh: 关, en: Shut}\n";

static void what_is_so_from_the_beginning_belongs_to_the_first_step(void **state) {
    (void)state;
    run_with_rules(at_night,
                   "  - test: expected\n"
                   "    begin: 2026-11-23 23:00\n"
                   "    steps:\n"
                   "      - at: 5 s\n"
                   "        expect: [raised night/hall/gate/door, raised shut/hall/gate/door]\n"
                   "      - {at: 12 h, expect: [cleared night/hall/gate/door]}\n"
                   "  - test: by day it is not night\n"
                   "    begin: 2026-11-23 10:00\n"
                   "    only: [night]\n"
                   "    steps:\n"
                   "      - {at: 0 s}\n"
                   "      - {at: 12 h, expect: [raised night/hall/gate/door]}\n");
    assert_string_equal(outcome.ran, "expected=0 by day it is not night=0 ");

    run_with_rules(at_night, "  - test: nobody expects it\n"
                             "    begin: 2026-11-23 23:00\n"
                             "    only: [night]\n"
                             "    steps:\n"
                             "      - {at: 0 s}\n"
                             "      - {at: 1 h}\n"
                             "  - test: nor later\n"
                             "    begin: 2026-11-23 23:00\n"
                             "    only: [shut]\n"
                             "    steps:\n"
                             "      - {at: 5 s}\n"
                             "      - {at: 6 s, expect: [raised shut/hall/gate/door]}\n");
    assert_string_equal(outcome.ran, "nobody expects it=1 nor later=2 ");
    assert_non_null(strstr(outcome.notes, "FILE:7:14: error: not expected, but came at 0 s: raised "
                                          "night/hall/gate/door\n"));
    assert_non_null(strstr(outcome.notes,
                           "FILE:13:14: error: not expected, but came at 0 s: raised "
                           "shut/hall/gate/door\n"));
    assert_non_null(
        strstr(outcome.notes, "it is so from the beginning, which belongs to the first step"));
    assert_non_null(
        strstr(outcome.notes, "FILE:14:28: error: expected by 6 s, but did not come\n"));
}

static const char at_noon[] =
    "rules:\n- rule: pressed\n"
    "  each: point emergency_button in sport/room\n"
    "  raise: value and between 12:00 and 13:00\n"
    "  class: access.denied_burst\n"
    "  message: {zh: 按下, en: Pressed}\n"
    "- rule: carded\n"
    "  each: point access_reader in hall/gate\n"
    "  raise: within(value == granted, 10 s) and between 12:00 and 13:00\n"
    "  class: access.denied_burst\n"
    "  message: {zh: 刷卡, en: Carded}\n";

/* As in the field, where the first poll that is answered says how everything is; a card is a moment. */
static void a_device_that_is_back_says_what_was_set_last(void **state) {
    (void)state;
    passes("  - test: a door that is still open goes on being held\n"
           "    begin: 2026-11-23 23:00\n"
           "    only: [door_held]\n"
           "    steps:\n"
           "      - {at: 1 s, set: {sport/room/door: 1}}\n"
           "      - {at: 20 s, device: {sport-io: lost}}\n"
           "      - {at: 60 s, device: {sport-io: back}}\n"
           "      - {at: 70999 ms}\n"
           "      - {at: 71 s, expect: [raised door_held/sport/room/door]}\n");
    run_with_rules(at_noon,
                   "  - test: still pressed\n"
                   "    begin: 2026-11-23 11:59\n"
                   "    steps:\n"
                   "      - {at: 1 s, set: {sport/room/button: 1}}\n"
                   "      - {at: 2 s, device: {sport-io: lost}}\n"
                   "      - {at: 119 s}\n"
                   "      - at: 120 s\n"
                   "        device: {sport-io: back}\n"
                   "        expect: [raised pressed/sport/room/button]\n"
                   "  - test: let go of meanwhile\n"
                   "    begin: 2026-11-23 11:59\n"
                   "    steps:\n"
                   "      - {at: 1 s, set: {sport/room/button: 1}}\n"
                   "      - {at: 2 s, device: {sport-io: lost}}\n"
                   "      - {at: 120 s, device: {sport-io: back}, set: {sport/room/button: 0}}\n"
                   "  - test: a card is not held there again\n"
                   "    begin: 2026-11-23 11:59\n"
                   "    steps:\n"
                   "      - {at: 1 s, set: {hall/gate/reader: granted}}\n"
                   "      - {at: 2 s, device: {doors: lost}}\n"
                   "      - {at: 120 s, device: {doors: back}}\n"
                   "      - {at: 121 s, set: {hall/gate/reader: granted},\n"
                   "         expect: [raised carded/hall/gate/reader]}\n");
    assert_string_equal(outcome.ran,
                        "still pressed=0 let go of meanwhile=0 a card is not held there again=0 ");
}

static const char cold[] = "rules:\n- rule: cold\n"
                           "  each: point temperature in care/day-care\n"
                           "  raise: value < 10 °C\n"
                           "  class: space.climate\n"
                           "  message: {zh: 冷, en: Cold}\n";

/* The site's range of this temperature is -40 to 85 °C; humidity has only what its kind can be. */
static void a_value_that_cannot_be_is_a_fault_as_it_is_live(void **state) {
    (void)state;
    run_with_rules(cold,
                   "  - test: the sensor is broken, the room is not cold\n"
                   "    only: [cold, system_sensor_fault]\n"
                   "    steps:\n"
                   "      - {at: 5 s, set: {care/day-care/temperature: 85}}\n"
                   "      - {at: 6 s, set: {care/day-care/temperature: -40.1},\n"
                   "         expect: [raised system_sensor_fault/care/day-care/temperature]}\n"
                   "      - at: 2 min\n"
                   "        set: {care/day-care/temperature: -40}\n"
                   "        expect:\n"
                   "          - cleared system_sensor_fault/care/day-care/temperature\n"
                   "          - raised cold/care/day-care/temperature\n"
                   "      - {at: 3 min, set: {care/day-care/temperature: 85.1},\n"
                   "         expect: [reraised system_sensor_fault/care/day-care/temperature]}\n"
                   "      - {at: 4 min, set: {care/day-care/humidity: 100}}\n"
                   "      - {at: 5 min, set: {care/day-care/humidity: 100.1},\n"
                   "         expect: [raised system_sensor_fault/care/day-care/humidity]}\n");
    assert_string_equal(outcome.notes, "");
    assert_string_equal(outcome.ran, "the sensor is broken, the room is not cold=0 ");
}

static void a_time_is_told_in_seconds_and_from_a_day_on_in_days_too(void **state) {
    (void)state;
    run_with_rules(cold,
                   "  - test: times\n"
                   "    steps:\n"
                   "      - {at: 86399500 ms, expect: [raised cold/care/day-care/temperature]}\n"
                   "      - {at: 24 h, expect: [raised cold/care/day-care/temperature]}\n"
                   "      - {at: 2120 h, expect: [raised cold/care/day-care/temperature]}\n"
                   "      - {at: 366 d, expect: [raised cold/care/day-care/temperature]}\n");
    static const char *const times[] = {"86399.5 s,", "86400 s (1 d 00:00:00),",
                                        "7632000 s (88 d 08:00:00),",
                                        "31622400 s (366 d 00:00:00),"};
    for (unsigned i = 0; i < sizeof times / sizeof *times; i++) {
        char note[96];
        snprintf(note, sizeof note, "error: expected by %s but did not come", times[i]);
        if (strstr(outcome.notes, note) == NULL) {
            fail_msg("%s\nis not in\n%s", note, outcome.notes);
        }
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_happens_as_expected_passes),
        cmocka_unit_test(opening_hours_pass_while_a_test_runs),
        cmocka_unit_test(a_test_can_say_who_is_called_and_that_nobody_is),
        cmocka_unit_test(what_comes_otherwise_is_shown_at_its_place),
        cmocka_unit_test(an_alarm_goes_out_of_service_by_two_people),
        cmocka_unit_test(what_was_found_and_what_it_was_is_said),
        cmocka_unit_test(a_walk_test_ticks_off_and_names_what_was_left_out),
        cmocka_unit_test(counters_are_levelled_at_the_set_hour),
        cmocka_unit_test(who_falls_silent_is_missed_and_nobody_else),
        cmocka_unit_test(a_device_that_is_back_says_what_was_set_last),
        cmocka_unit_test(a_step_that_makes_no_sense_is_refused),
        cmocka_unit_test(what_is_offered_instead_can_be_written),
        cmocka_unit_test(a_file_that_makes_no_sense_is_refused),
        cmocka_unit_test(what_is_so_from_the_beginning_belongs_to_the_first_step),
        cmocka_unit_test(a_value_that_cannot_be_is_a_fault_as_it_is_live),
        cmocka_unit_test(a_time_is_told_in_seconds_and_from_a_day_on_in_days_too),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
