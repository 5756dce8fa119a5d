/* SPDX-License-Identifier: Apache-2.0 */

/* Which takeover is another one, and which is the same asked again. */
#include <string.h>

#include "gateway/console/repeats.h"
#include "tests/support/cmocka.h"

#define BEGIN (1000 * NS_PER_S)

static struct takeover taken(const char *actor, uint32_t shift, const char *note) {
    struct takeover takeover = {.actor_role = ROLE_CAREGIVER, .shift = shift};
    memcpy(takeover.actor, actor, strlen(actor) + 1);
    memcpy(takeover.note, note, strlen(note) + 1);
    return takeover;
}

static void the_same_person_shift_and_note_are_one_takeover(void **state) {
    (void)state;
    struct repeats repeats = {0};
    struct takeover first = taken("wang", 0, "lift");
    assert_null(repeats_find(&repeats, &first, BEGIN));
    repeats_add(&repeats, &first, 7, BEGIN);
    first.counts[TAKEOVER_TESTS] = 3; /* what is open may have changed meanwhile */
    assert_int_equal(repeats_find(&repeats, &first, BEGIN)->number, 7);
    const struct takeover others[] = {
        taken("li", 0, "lift"),
        taken("wang", 1, "lift"),
        taken("wang", TAKEOVER_NO_SHIFT, "lift"),
        taken("wang", 0, ""),
    };
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        assert_null(repeats_find(&repeats, &others[i], BEGIN));
    }
}

static void after_a_minute_it_is_another_one(void **state) {
    (void)state;
    struct repeats repeats = {0};
    const struct takeover takeover = taken("wang", 0, "");
    repeats_add(&repeats, &takeover, 7, BEGIN);
    repeats_settle(&repeats, 7, 42);
    assert_int_equal(repeats_find(&repeats, &takeover, BEGIN + REPEATS_S * NS_PER_S - 1)->seq, 42);
    assert_null(repeats_find(&repeats, &takeover, BEGIN + REPEATS_S * NS_PER_S));
}

static void what_was_not_recorded_may_be_signed_again(void **state) {
    (void)state;
    struct repeats repeats = {0};
    const struct takeover early = taken("wang", 0, ""), late = taken("li", 0, ""),
                          sure = taken("chen", 0, "");
    repeats_add(&repeats, &early, 7, BEGIN);
    repeats_add(&repeats, &late, 8, BEGIN);
    repeats_add(&repeats, &sure, 9, BEGIN);
    repeats_settle(&repeats, 7, 0);
    repeats_settle(&repeats, 9, 42);
    assert_null(repeats_find(&repeats, &early, BEGIN));
    assert_int_equal(repeats_find(&repeats, &late, BEGIN)->seq, 0);
    repeats_fail(&repeats);
    assert_null(repeats_find(&repeats, &late, BEGIN));
    assert_int_equal(repeats_find(&repeats, &sure, BEGIN)->seq, 42);
}

static void the_oldest_gives_way(void **state) {
    (void)state;
    struct repeats repeats = {0};
    for (uint32_t i = 0; i <= REPEATS_MAX; i++) {
        const struct takeover takeover = taken("wang", i, "");
        repeats_add(&repeats, &takeover, i + 1, BEGIN);
    }
    const struct takeover oldest = taken("wang", 0, ""), newest = taken("wang", REPEATS_MAX, "");
    assert_null(repeats_find(&repeats, &oldest, BEGIN));
    assert_int_equal(repeats_find(&repeats, &newest, BEGIN)->number, REPEATS_MAX + 1);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_same_person_shift_and_note_are_one_takeover),
        cmocka_unit_test(after_a_minute_it_is_another_one),
        cmocka_unit_test(what_was_not_recorded_may_be_signed_again),
        cmocka_unit_test(the_oldest_gives_way),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
