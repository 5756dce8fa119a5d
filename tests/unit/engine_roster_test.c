/* SPDX-License-Identifier: Apache-2.0 */

/* Which process counts as lost, and from when. */
#include "gateway/engine/roster.h"
#include "tests/support/cmocka.h"

enum { FIELD, UPLINK, CONSOLE, COMPONENTS };

#define BEGIN_NS (1000 * NS_PER_S)

static void a_component_that_never_comes_is_missed_after_five_seconds_and_once(void **state) {
    struct roster roster;
    (void)state;
    roster_init(&roster, COMPONENTS, BEGIN_NS);
    roster_join(&roster, FIELD);
    assert_int_equal(roster_expire(&roster, BEGIN_NS + ROSTER_PATIENCE_NS - 1), COMPONENTS);
    assert_int_equal(roster.present[UPLINK], TRUTH_UNKNOWN);
    assert_int_equal(roster_expire(&roster, BEGIN_NS + ROSTER_PATIENCE_NS), UPLINK);
    assert_int_equal(roster_expire(&roster, BEGIN_NS + ROSTER_PATIENCE_NS), CONSOLE);
    assert_int_equal(roster_expire(&roster, BEGIN_NS + ROSTER_PATIENCE_NS), COMPONENTS);
    assert_int_equal(roster.present[FIELD], TRUTH_TRUE);
    assert_int_equal(roster.present[UPLINK], TRUTH_FALSE);
}

static void a_component_that_dies_is_lost_at_once(void **state) {
    struct roster roster;
    (void)state;
    roster_init(&roster, COMPONENTS, BEGIN_NS);
    roster_join(&roster, UPLINK);
    roster_leave(&roster, UPLINK, false, BEGIN_NS + 1);
    assert_int_equal(roster.present[UPLINK], TRUTH_FALSE);
}

static void one_that_said_goodbye_is_missed_only_if_it_stays_away(void **state) {
    struct roster roster;
    uint64_t left_ns = BEGIN_NS + 60 * NS_PER_S;
    (void)state;
    roster_init(&roster, COMPONENTS, BEGIN_NS);
    for (uint32_t i = 0; i < COMPONENTS; i++) {
        roster_join(&roster, i);
    }
    roster_leave(&roster, CONSOLE, true, left_ns);
    assert_int_equal(roster.present[CONSOLE], TRUTH_UNKNOWN);
    assert_int_equal(roster_expire(&roster, left_ns + ROSTER_PATIENCE_NS - 1), COMPONENTS);
    assert_int_equal(roster_expire(&roster, left_ns + ROSTER_PATIENCE_NS), CONSOLE);
    roster_join(&roster, CONSOLE);
    assert_int_equal(roster_expire(&roster, left_ns + 9 * ROSTER_PATIENCE_NS), COMPONENTS);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_component_that_never_comes_is_missed_after_five_seconds_and_once),
        cmocka_unit_test(a_component_that_dies_is_lost_at_once),
        cmocka_unit_test(one_that_said_goodbye_is_missed_only_if_it_stays_away),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
