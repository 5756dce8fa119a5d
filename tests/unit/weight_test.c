/* SPDX-License-Identifier: Apache-2.0 */

/*
 * When a process that has grown makes room for another, and what it weighs.
 */

#include <stdlib.h>
#include <string.h>

#include "gateway/uplink/weight.h"
#include "tests/support/cmocka.h"

static void
a_process_ends_when_it_is_idle_beyond_its_growth_and_at_twice_that_in_any_case(void **state) {
    (void)state;
    const uint64_t first = UINT64_C(8) << 20;
    struct weight weight = {0};
    assert_false(weight_step(&weight, first, true));
    assert_false(weight_step(&weight, first / 2, true));
    assert_false(weight_step(&weight, first + WEIGHT_GROWTH_MAX, true));
    assert_true(weight_step(&weight, first + WEIGHT_GROWTH_MAX + 1, true));
    assert_false(weight_step(&weight, first + WEIGHT_GROWTH_MAX + 1, false));
    assert_false(weight_step(&weight, first + 2 * WEIGHT_GROWTH_MAX, false));
    assert_true(weight_step(&weight, first + 2 * WEIGHT_GROWTH_MAX + 1, false));
    struct weight unknown = {0};
    assert_false(weight_step(&unknown, 0, true)); /* a system that does not say */
}

static void what_is_taken_and_touched_is_weighed(void **state) {
    (void)state;
    enum { BLOCK = 8 << 20 };
    uint64_t before = weight_of_process();
    assert_true(before > 0);
    char *block = malloc(BLOCK);
    assert_non_null(block);
    memset(block, 1, BLOCK);
    assert_true(weight_of_process() >= before + BLOCK / 2);
    assert_int_equal(block[BLOCK - 1], 1);
    free(block);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(
            a_process_ends_when_it_is_idle_beyond_its_growth_and_at_twice_that_in_any_case),
        cmocka_unit_test(what_is_taken_and_touched_is_weighed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
