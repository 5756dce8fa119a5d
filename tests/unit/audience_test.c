/* SPDX-License-Identifier: Apache-2.0 */

/* Whom a step means: roles, shifts with and without a list, single people, everyone. */
#include <string.h>

#include "gateway/audience.h"
#include "tests/support/cmocka.h"

enum { WANG_AT = 1, LI_AT = 6, CARE_AT = 13, NAME_AT = 18 };

static const char strings[] = "\0wang\0李强\0care\0夜班";

/* Of shifts: one with a list, one of security, one of which nothing is said. */
static const struct site_shift shifts[] = {
    {.role = ROLE_MANAGER, .people_count = 2, .id = CARE_AT},
    {.role = ROLE_SECURITY, .id = CARE_AT, .name = {.zh = NAME_AT}},
    {.role = ROLE_COUNT}};
static const uint32_t shift_people[] = {WANG_AT, LI_AT};
static const struct site_webhook audiences[] = {
    {.to = CHAIN_TO_ROLE, .receiver = ROLE_CAREGIVER},
    {.to = CHAIN_TO_ROLE, .receiver = ROLE_COUNT},
    {.to = CHAIN_TO_SHIFT, .receiver = 0},
    {.to = CHAIN_TO_SHIFT, .receiver = 1},
    {.to = CHAIN_TO_SHIFT, .receiver = 2},
    {.to = CHAIN_TO_PERSON, .id = LI_AT},
    {.to = CHAIN_TO_EVERYONE},
};
enum { AUDIENCES = sizeof audiences / sizeof *audiences };

/* One letter for each audience: is the person of it? */
static void says(const char *id, const char *name, enum role role, const char *wanted) {
    const struct site site = {.strings = strings,
                              .shifts = shifts,
                              .shift_people = shift_people,
                              .webhooks = audiences,
                              .webhook_count = AUDIENCES};
    const struct audience_person person = {id, audience_name(name), role};
    char told[AUDIENCES + 1] = "";
    for (uint32_t i = 0; i < AUDIENCES; i++) {
        told[i] = audience_has(&site, i, &person) ? 'x' : '-';
    }
    assert_string_equal(told, wanted);
}

static void people_are_of_an_audience_by_role_list_name_and_id(void **state) {
    (void)state;
    says("wang", "王敏", ROLE_CAREGIVER, "x-x-x-x");
    says("li", "李强", ROLE_MANAGER, "--x-xxx");
    says("zhao", "wang", ROLE_SECURITY, "--xxx-x"); /* a name counts like an id */
    says("chen", "", ROLE_MANAGER, "----x-x"); /* a list is the whole shift, whatever its role */
    says("Wang", "李强 ", ROLE_AUDITOR, "----x-x");
}

static void only_no_name_is_nothing(void **state) {
    (void)state;
    assert_int_equal(audience_name(""), 0);
    assert_true(audience_name("a") != 0 && audience_name("a") != audience_name("b"));
}

static void an_audience_is_told_of_in_words_and_a_shift_by_the_name_that_it_has(void **state) {
    (void)state;
    static const struct {
        enum chain_to to;
        uint32_t receiver;
        const char *zh, *en;
    } wanted[] = {
        {CHAIN_TO_ROLE, ROLE_CAREGIVER, "护理员", "caregivers"},
        {CHAIN_TO_SHIFT, 0, "班次“care”", "shift care"},
        {CHAIN_TO_SHIFT, 1, "夜班", "夜班"}, /* named in one language only */
        {CHAIN_TO_PERSON, 0, "指定的一人", "one named person"},
        {CHAIN_TO_EVERYONE, 0, "所有人", "everyone"},
        {CHAIN_TO_NOBODY, 0, "", ""},
    };
    const struct site site = {.strings = strings, .shifts = shifts};
    for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++) {
        char zh[AUDIENCE_WORDS_SIZE], en[AUDIENCE_WORDS_SIZE];
        audience_words(&site, wanted[i].to, wanted[i].receiver, LANGUAGE_ZH, zh);
        audience_words(&site, wanted[i].to, wanted[i].receiver, LANGUAGE_EN, en);
        assert_string_equal(zh, wanted[i].zh);
        assert_string_equal(en, wanted[i].en);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(people_are_of_an_audience_by_role_list_name_and_id),
        cmocka_unit_test(only_no_name_is_nothing),
        cmocka_unit_test(an_audience_is_told_of_in_words_and_a_shift_by_the_name_that_it_has),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
