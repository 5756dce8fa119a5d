/* SPDX-License-Identifier: Apache-2.0 */

/* Commands by the broker: what is read of them, and that the example of the manual is signed as it says. */
#include <string.h>

#include <jansson.h>

#include "gateway/console/remote_text.h"
#include "tests/support/cmocka.h"

#define HOME "gulou-demo/main"
#define KEY  "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define HMAC "2c49fb7af97a3d65fb91c0d8132660830831900a59d58fc451681070c62165ea"

/* As it stands within a string of the outer JSON. */
#define Q(word)              "\\\"" word "\\\""
#define HEAD(user, id, time) Q("user") ":" Q(user) "," Q("id") ":" Q(id) "," Q("time") ":" Q(time)
#define WHAT                                                                                       \
    "," Q("command") ":" Q("acknowledge") "," Q("alarm") ":" Q(                                    \
        "emergency_call/care/day-care/button-1")
#define NOW              "2026-11-27T08:00:00+08:00"
#define OUTER(text, hex) "{\"signed\":\"{" text "}\",\"hmac\":\"" hex "\"}"
#define EXAMPLE          OUTER(HEAD("wang", "7f3a", NOW) WHAT "," Q("reason") ":" Q("on my way"), HMAC)

static bool reads(const char *message, struct remote_text *text) {
    return remote_text_read(message, strlen(message), text);
}

static void the_example_of_the_manual_is_read_and_signed(void **state) {
    (void)state;
    struct remote_text text;
    assert_true(reads(EXAMPLE, &text));
    assert_string_equal(text.user, "wang");
    assert_string_equal(text.id, "7f3a");
    assert_int_equal(text.time.ns, INT64_C(1795737600) * 1000000000);
    assert_int_equal(text.verb, COMMAND_ACKNOWLEDGE);
    assert_string_equal(text.subject, "emergency_call/care/day-care/button-1");
    assert_int_equal(json_object_size(text.inner), 1);
    assert_string_equal(json_string_value(json_object_get(text.inner, "reason")), "on my way");
    assert_true(remote_text_is_signed(&text, HOME, KEY));
    assert_false(remote_text_is_signed(&text, "gulou-demo/mai", KEY));
    assert_false(remote_text_is_signed(&text, HOME, "1" KEY));
    text.hmac[63] ^= 1;
    assert_false(remote_text_is_signed(&text, HOME, KEY));
    remote_text_release(&text);
}

static void what_lacks_something_is_no_command_and_names_who_it_can(void **state) {
    (void)state;
    static const struct {
        const char *message, *user, *id;
    } rows[] = {
        {"", "", ""},
        {"null", "", ""},
        {"{\"signed\":1,\"hmac\":\"" HMAC "\"}", "", ""},
        {"{\"signed\":\"x\"}", "", ""},
        {OUTER("", HMAC), "", ""},
        {"{\"signed\":\"[]\",\"hmac\":\"" HMAC "\"}", "", ""},
        {"{\"signed\":\"\\u0000\",\"hmac\":\"" HMAC "\"}", "", ""},
        {OUTER(HEAD("wang", "1", NOW) WHAT, "abc"), "", ""},
        {"{\"more\":1,\"signed\":\"{}\",\"hmac\":\"" HMAC "\"}", "", ""},
        {OUTER(HEAD("Wang", "1", NOW) WHAT, HMAC), "", "1"},
        {OUTER(HEAD("wang/x", "1", NOW) WHAT, HMAC), "", "1"},
        {OUTER(HEAD("wang", "a b", NOW) WHAT, HMAC), "wang", ""},
        {OUTER(HEAD("wang", "", NOW) WHAT, HMAC), "wang", ""},
        {OUTER(HEAD("wang", "1", "2026-11-27T08:00:00") WHAT, HMAC), "wang", "1"},
        {OUTER(HEAD("wang", "1", NOW), HMAC), "wang", "1"},
        {OUTER(HEAD("wang", "1", NOW) WHAT "," Q("language") ":" Q("de"), HMAC), "wang", "1"},
        {OUTER(HEAD("wang", "1", NOW) WHAT "," Q("user") ":" Q("li"), HMAC), "", ""},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct remote_text text;
        assert_false(reads(rows[i].message, &text));
        assert_string_equal(text.user, rows[i].user);
        assert_string_equal(text.id, rows[i].id);
        remote_text_release(&text);
    }
}

static void a_verb_about_a_place_names_a_place_and_one_about_an_alarm_an_alarm(void **state) {
    (void)state;
    struct remote_text text;
    assert_true(reads(OUTER(HEAD("wang", "1", NOW) "," Q("command") ":" Q("test-begin") "," Q(
                                "place") ":" Q("care") "," Q("language") ":" Q("en"),
                            HMAC),
                      &text));
    assert_string_equal(text.subject, "care");
    assert_true(text.language_given && text.language == LANGUAGE_EN);
    remote_text_release(&text);
    assert_false(reads(OUTER(HEAD("wang", "1", NOW) "," Q("command") ":" Q("test-begin") "," Q(
                                 "alarm") ":" Q("care"),
                             HMAC),
                       &text));
    remote_text_release(&text);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_example_of_the_manual_is_read_and_signed),
        cmocka_unit_test(what_lacks_something_is_no_command_and_names_who_it_can),
        cmocka_unit_test(a_verb_about_a_place_names_a_place_and_one_about_an_alarm_an_alarm),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
