/* SPDX-License-Identifier: Apache-2.0 */

/* Whom a step means: roles, shifts with and without a list, single people, everyone. */
#include <string.h>

#include "gateway/audience.h"
#include "tests/support/cmocka.h"

enum { WANG_AT = 1, LI_AT = 6 };

static const char strings[] = "\0wang\0李强";

/* Of shifts: one with a list, one of security, one of which nothing is said. */
static const struct site_shift shifts[] = {
    {.role = ROLE_MANAGER, .people_count = 2}, {.role = ROLE_SECURITY}, {.role = ROLE_COUNT}};
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

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(people_are_of_an_audience_by_role_list_name_and_id),
        cmocka_unit_test(only_no_name_is_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
