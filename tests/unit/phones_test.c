/* SPDX-License-Identifier: Apache-2.0 */

/* What strangers may have passed on to the engine. */
#include "gateway/console/phones.h"
#include "tests/support/cmocka.h"

static void all_phones_confirm_at_once_and_a_flood_ends_at_the_door(void **state) {
    (void)state;
    struct phones phones = {0};
    uint64_t now_ns = 77 * NS_PER_S;
    for (int i = 0; i < PHONES_CONFIRM_PER_S; i++) {
        assert_true(phones_may_confirm(&phones, now_ns + (uint64_t)i));
    }
    assert_true((int)PHONES_CONFIRM_PER_S >= (int)WIRE_PHONES_MAX);
    assert_false(phones_may_confirm(&phones, now_ns + NS_PER_S - 1));
    assert_int_equal(phones.refused_full, 1);
    assert_true(phones_may_confirm(&phones, now_ns + NS_PER_S));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_phones_confirm_at_once_and_a_flood_ends_at_the_door),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
