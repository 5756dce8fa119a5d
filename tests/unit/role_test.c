/* SPDX-License-Identifier: Apache-2.0 */

/* Who counts as whom when an alarm is acknowledged. */
#include <string.h>

#include "rules/role.h"
#include "tests/support/cmocka.h"

static void a_role_is_found_by_its_word_and_by_nothing_else(void **state) {
    (void)state;
    for (enum role role = 0; role < ROLE_COUNT; role++) {
        const char *name = role_name(role);
        assert_int_equal(role_find(name, strlen(name)), role);
        assert_int_equal(role_find(name, strlen(name) - 1), ROLE_COUNT);
    }
    assert_int_equal(role_find("god", 3), ROLE_COUNT);
    assert_int_equal(role_find("", 0), ROLE_COUNT);
}

static void only_a_manager_stands_above_caregivers_and_security(void **state) {
    (void)state;
    for (enum role role = 0; role < ROLE_COUNT; role++) {
        for (enum role wanted = 0; wanted < ROLE_COUNT; wanted++) {
            bool above =
                role == ROLE_MANAGER && (wanted == ROLE_CAREGIVER || wanted == ROLE_SECURITY);
            assert_int_equal(role_covers(role, wanted), role == wanted || above);
        }
    }
}

static void an_auditor_alone_acts_on_nothing(void **state) {
    (void)state;
    for (enum role role = 0; role < ROLE_COUNT; role++) {
        assert_int_equal(role_acts(role), role != ROLE_AUDITOR);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_role_is_found_by_its_word_and_by_nothing_else),
        cmocka_unit_test(only_a_manager_stands_above_caregivers_and_security),
        cmocka_unit_test(an_auditor_alone_acts_on_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
