/* SPDX-License-Identifier: Apache-2.0 */

/* Which pages count, for how long, and how many. What is told of them: unit.open_pages and e2e test_receivers. */
#include <stdio.h>
#include <string.h>

#include "gateway/console/pages.h"
#include "tests/support/cmocka.h"

static void an_id_of_a_page_is_16_to_40_plain_letters(void **state) {
    (void)state;
    assert_true(pages_is_id("0123456789abcdef"));
    assert_true(pages_is_id("550e8400-e29b-41d4-a716-446655440000"));
    assert_true(pages_is_id("0123456789012345678901234567890123456789"));
    assert_false(pages_is_id(""));
    assert_false(pages_is_id("0123456789abcde"));
    assert_false(pages_is_id("01234567890123456789012345678901234567890"));
    assert_false(pages_is_id("0123456789abcde/"));
}

static void eight_pages_of_a_person_and_256_of_all_have_a_place(void **state) {
    (void)state;
    static struct pages pages;
    char page[PAGES_ID_SIZE], person[PEOPLE_ID_SIZE];
    for (unsigned i = 0; i < PAGES_MAX; i++) {
        (void)snprintf(page, sizeof page, "the-open-page-%u", i);
        (void)snprintf(person, sizeof person, "p%u", i / PAGES_PER_PERSON);
        assert_true(pages_say(&pages, page, person, 1));
        assert_true(pages_say(&pages, page, person, 2)); /* the same once more */
    }
    assert_false(pages_say(&pages, "one-page-too-many", "somebody", 3));
    pages_leave(&pages, "the-open-page-0", "p1"); /* nobody takes another's page away */
    assert_false(pages_say(&pages, "one-page-too-many", "somebody", 3));
    pages_leave(&pages, "the-open-page-0", "p0");
    assert_false(pages_say(&pages, "the-open-page-0", "p1", 3)); /* he has eight */
    assert_true(pages_say(&pages, "one-page-too-many", "somebody", 3));
    assert_int_equal(pages.refused_full, 3);
}

static void calls_shown_are_bounded_by_the_second(void **state) {
    (void)state;
    static struct pages pages;
    for (uint32_t i = 0; i < PAGES_SHOWN_PER_S / PAGES_SHOWN_MAX; i++) {
        assert_true(pages_may_show(&pages, PAGES_SHOWN_MAX, 5 * NS_PER_S));
    }
    assert_false(pages_may_show(&pages, PAGES_SHOWN_MAX, 6 * NS_PER_S - 1));
    assert_true(pages_may_show(&pages, PAGES_SHOWN_MAX, 6 * NS_PER_S));
    assert_int_equal(pages.refused_full, 1);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_id_of_a_page_is_16_to_40_plain_letters),
        cmocka_unit_test(eight_pages_of_a_person_and_256_of_all_have_a_place),
        cmocka_unit_test(calls_shown_are_bounded_by_the_second),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
