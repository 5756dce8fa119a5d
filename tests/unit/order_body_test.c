/* SPDX-License-Identifier: Apache-2.0 */

/* What people may send with a command: both sides of each limit, and what is not taken at all. */
#include <stdio.h>
#include <string.h>

#include "gateway/console/order_body.h"
#include "tests/support/cmocka.h"

/* 2026-11-22T07:17:00Z */
#define NOW ((struct wall){INT64_C(1795331820000000000)})

static struct command command;
static struct order_second second;
static const char *wrong;

static bool read_of(const struct asker *asker, enum command_verb verb, const char *body) {
    command = (struct command){.verb = verb, .role = asker->role, .second_role = ROLE_COUNT};
    return order_body_read(body, strlen(body), asker, NOW, &command, &second, &wrong);
}

static bool read_as(enum command_verb verb, const char *body) {
    return read_of(&(struct asker){.kind = ASKER_LOCAL, .role = ROLE_ENGINEER, .name = "root"},
                   verb, body);
}

static bool taken(const char *body) {
    return read_as(COMMAND_SHELVE, body);
}

static void nothing_at_all_is_the_login_name(void **state) {
    (void)state;
    assert_true(taken(""));
    assert_string_equal(command.actor, "root (engineer, local)");
    assert_true(taken("{}"));
    assert_int_equal(command.duration_s, 0);
    assert_int_equal(command.disposition, DISPOSITION_UNSTATED);
    assert_int_equal(command.second_role, ROLE_COUNT);
}

/* ---- from a browser ---- */

static bool taken_afar(const char *body) {
    return read_of(
        &(struct asker){.kind = ASKER_PERSON, .role = ROLE_CAREGIVER, .id = "wang", .name = "王敏"},
        COMMAND_SHELVE, body);
}

static void who_is_signed_in_acts_under_no_other_name(void **state) {
    (void)state;
    assert_true(taken_afar(""));
    assert_string_equal(command.actor, "王敏 (caregiver)");
    assert_true(taken_afar("{\"by\":\"somebody else\"}"));
    assert_string_equal(command.actor, "王敏 (caregiver)");
    assert_false(taken_afar("{\"by\":\"\"}"));
    assert_string_equal(wrong, "by");
}

static void from_afar_the_second_person_signs_and_is_not_named(void **state) {
    (void)state;
    assert_false(taken_afar("{\"second_by\":\"li\",\"second_role\":\"engineer\"}"));
    assert_string_equal(wrong, "second_by");
    assert_true(taken_afar("{\"second_id\":\"li\",\"second_password\":\"correct horse\"}"));
    assert_string_equal(second.id, "li");
    assert_string_equal(second.password, "correct horse");
    assert_string_equal(command.second_actor, "");
    assert_true(taken_afar("{}"));
    assert_string_equal(second.id, "");
    assert_false(taken("{\"second_id\":\"li\"}"));
    assert_string_equal(wrong, "second_id");
    assert_false(taken("{\"second_password\":\"correct horse\"}"));
}

static void how_long_is_said_in_one_of_three_ways(void **state) {
    (void)state;
    assert_true(taken("{\"minutes\":1}"));
    assert_int_equal(command.duration_s, 60);
    assert_true(taken("{\"minutes\":527040}")); /* 366 days */
    assert_int_equal(command.duration_s, 366 * 24 * 3600);
    assert_false(taken("{\"minutes\":527041}"));
    assert_false(taken("{\"minutes\":0}"));
    assert_false(taken("{\"minutes\":-1}"));
    assert_false(taken("{\"minutes\":1.5}"));
    assert_false(taken("{\"minutes\":\"5\"}"));
    assert_true(taken("{\"seconds\":31622400}"));
    assert_false(taken("{\"seconds\":31622401}"));
    assert_true(taken("{\"until\":\"2026-11-22T15:17:01+08:00\"}"));
    assert_int_equal(command.duration_s, 1);
    assert_false(taken("{\"until\":\"2026-11-22T07:17:00Z\"}")); /* it is over */
    assert_false(taken("{\"until\":\"2026-11-22T08:17:00\"}"));  /* where? */
    assert_false(taken("{\"until\":\"1714-09-22T07:17:00Z\"}")); /* no difference of 64 bits */
    assert_true(taken("{\"until\":\"2027-11-23T07:17:00Z\"}"));
    assert_false(taken("{\"until\":\"2027-11-23T07:17:01Z\"}"));
    assert_false(taken("{\"minutes\":1,\"seconds\":1}"));
    assert_false(taken("{\"minutes\":1,\"until\":\"2026-11-22T15:18:00+08:00\"}"));
}

static void a_second_person_is_another_person_in_a_role(void **state) {
    (void)state;
    assert_true(taken("{\"by\":\"wang\",\"second_by\":\"li\",\"second_role\":\"manager\"}"));
    assert_string_equal(command.second_actor, "li (manager, local)");
    assert_int_equal(command.second_role, ROLE_MANAGER);
    assert_true(taken("{\"by\":\"li\",\"second_by\":\"li\",\"second_role\":\"manager\"}"));
    assert_string_equal(command.second_actor, "");
    assert_true(taken("{\"second_by\":\"li\"}"));
    assert_string_equal(command.second_actor, "");
    assert_false(taken("{\"second_role\":\"god\"}"));
    assert_false(taken("{\"second_role\":1}"));
    assert_false(taken("{\"second_by\":\"\"}"));
}

static void which_member_will_not_do_is_told(void **state) {
    (void)state;
    assert_false(taken("{\"by\":\"wang\",\"until\":\"2026-11-22T07:17:00Z\",\"reason\":\"r\"}"));
    assert_string_equal(wrong, "until");
    assert_false(taken("{\"by\":\"wang\",\"colour\":1}"));
    assert_null(wrong);
    assert_false(taken("[]"));
    assert_null(wrong);
    assert_false(read_as(COMMAND_INVESTIGATE, "{\"by\":\"wang\"}"));
    assert_string_equal(wrong, "result");
}

static void whether_it_was_seen_as_a_test_is_true_or_false(void **state) {
    (void)state;
    assert_true(taken("{\"by\":\"wang\"}"));
    assert_int_equal(command.of_test, 0);
    assert_true(taken("{\"of_test\":true}"));
    assert_int_equal(command.of_test, 1);
    assert_true(taken("{\"of_test\":false}"));
    assert_int_equal(command.of_test, 0);
    assert_false(taken("{\"of_test\":1}"));
    assert_string_equal(wrong, "of_test");
}

static void what_it_was_is_one_of_the_words(void **state) {
    (void)state;
    assert_true(taken("{\"disposition\":\"no_answer\"}"));
    assert_int_equal(command.disposition, DISPOSITION_NO_ANSWER);
    assert_false(taken("{\"disposition\":\"unstated\"}"));
    assert_false(taken("{\"disposition\":\"\"}"));
    assert_false(taken("{\"disposition\":7}"));
}

static void an_investigation_says_what_was_found(void **state) {
    (void)state;
    assert_true(read_as(COMMAND_INVESTIGATE, "{\"result\":\"real\"}"));
    assert_int_equal(command.real, 1);
    assert_true(read_as(COMMAND_INVESTIGATE, "{\"result\":\"false\"}"));
    assert_int_equal(command.real, 0);
    assert_false(read_as(COMMAND_INVESTIGATE, "{\"result\":false}"));
    assert_false(read_as(COMMAND_INVESTIGATE, "{\"result\":\"maybe\"}"));
    assert_false(read_as(COMMAND_INVESTIGATE, "{}"));
    assert_false(read_as(COMMAND_INVESTIGATE, ""));
}

static void names_and_reasons_have_their_limits(void **state) {
    (void)state;
    char body[512];
    char text[300];
    for (int over = 0; over <= 1; over++) {
        memset(text, 'n', sizeof text);
        text[PEER_BY_MAX + over] = '\0';
        (void)snprintf(body, sizeof body, "{\"by\":\"%s\"}", text);
        assert_int_equal(taken(body), over == 0);
        (void)snprintf(body, sizeof body, "{\"second_by\":\"%s\"}", text);
        assert_int_equal(taken(body), over == 0);
        memset(text, 'r', sizeof text);
        text[LIMIT_REASON - 1 + over] = '\0';
        (void)snprintf(body, sizeof body, "{\"reason\":\"%s\"}", text);
        assert_int_equal(taken(body), over == 0);
    }
    assert_false(taken("{\"by\":\"\"}"));
    assert_false(taken("{\"reason\":\"a\\nb\"}"));
    assert_false(taken("{\"reason\":\"a\\u007fb\"}"));
}

static void anything_else_is_not_taken(void **state) {
    (void)state;
    assert_false(taken("[]"));
    assert_false(taken("{\"by\":\"a\",\"by\":\"b\"}"));
    assert_false(taken("{\"minute\":5}"));
    assert_false(taken("{\"reason\":\"r\"} x"));
    assert_false(taken("{"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_at_all_is_the_login_name),
        cmocka_unit_test(who_is_signed_in_acts_under_no_other_name),
        cmocka_unit_test(from_afar_the_second_person_signs_and_is_not_named),
        cmocka_unit_test(how_long_is_said_in_one_of_three_ways),
        cmocka_unit_test(a_second_person_is_another_person_in_a_role),
        cmocka_unit_test(which_member_will_not_do_is_told),
        cmocka_unit_test(what_it_was_is_one_of_the_words),
        cmocka_unit_test(an_investigation_says_what_was_found),
        cmocka_unit_test(whether_it_was_seen_as_a_test_is_true_or_false),
        cmocka_unit_test(names_and_reasons_have_their_limits),
        cmocka_unit_test(anything_else_is_not_taken),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
