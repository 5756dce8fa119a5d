/* SPDX-License-Identifier: Apache-2.0 */

/* Nobody may be told that something is recorded before it is. */
#include "gateway/engine/receipts.h"
#include "tests/support/cmocka.h"

static void a_token_is_due_with_its_ticket_and_covers_those_before(void **state) {
    struct receipts_tokens tokens = {0};
    (void)state;
    receipts_expect(&tokens, 4, 11);
    receipts_expect(&tokens, 5, 12);
    receipts_expect(&tokens, 5, 13);
    receipts_expect(&tokens, 9, 14);
    receipts_settle(&tokens, 3);
    assert_int_equal(tokens.due, 0);
    receipts_settle(&tokens, 4);
    assert_int_equal(tokens.due, 11);
    receipts_settle(&tokens, 8);
    assert_int_equal(tokens.due, 13);
    receipts_settle(&tokens, 9);
    assert_int_equal(tokens.due, 14);
    assert_int_equal(tokens.count, 0);
}

static void too_many_tokens_are_confirmed_late_but_never_early(void **state) {
    struct receipts_tokens tokens = {0};
    (void)state;
    const uint64_t beyond = RECEIPTS_TOKENS_MAX + 10;
    for (uint64_t i = 1; i <= beyond; i++) {
        receipts_expect(&tokens, i, 1000 + i);
    }
    assert_int_equal(tokens.count, RECEIPTS_TOKENS_MAX);
    receipts_settle(&tokens, RECEIPTS_TOKENS_MAX - 1);
    assert_int_equal(tokens.due, 1000 + RECEIPTS_TOKENS_MAX - 1);
    receipts_settle(&tokens, beyond - 1);
    assert_int_equal(tokens.due, 1000 + RECEIPTS_TOKENS_MAX - 1);
    receipts_settle(&tokens, beyond);
    assert_int_equal(tokens.due, 1000 + beyond);
}

static void an_answer_carries_the_seq_of_its_first_event(void **state) {
    struct receipts_results results = {0};
    struct journal_event first = {0};
    struct journal_event other = {0};
    (void)state;
    assert_true(receipts_add(
        &results, &(struct receipts_result){.request = 7, .ticket = 3, .event = &first}));
    receipts_told(&results, &other, 40);
    assert_null(receipts_next(&results));
    receipts_told(&results, &first, 41);
    assert_null(receipts_next(&results));
    receipts_settle_results(&results, 3);
    const struct receipts_result *due = receipts_next(&results);
    assert_non_null(due);
    assert_int_equal(due->request, 7);
    assert_int_equal(due->seq, 41);
    assert_true(due->recorded);
    receipts_pop(&results);
    assert_null(receipts_next(&results));
}

static void an_event_that_went_out_early_is_answered_as_not_recorded(void **state) {
    struct receipts_results results = {0};
    struct journal_event event = {0};
    (void)state;
    assert_true(receipts_add(
        &results, &(struct receipts_result){.request = 8, .ticket = 3, .event = &event}));
    receipts_told(&results, &event, 0);
    const struct receipts_result *due = receipts_next(&results);
    assert_non_null(due);
    assert_false(due->recorded);
    assert_int_equal(due->seq, 0);
}

static void answers_are_bounded_and_say_so(void **state) {
    struct receipts_results results = {0};
    (void)state;
    for (uint64_t i = 0; i < RECEIPTS_RESULTS_MAX; i++) {
        assert_true(receipts_add(&results, &(struct receipts_result){.request = i, .ticket = 1}));
    }
    assert_false(receipts_add(&results, &(struct receipts_result){.request = 999, .ticket = 1}));
    receipts_settle_results(&results, 1);
    for (uint64_t i = 0; i < RECEIPTS_RESULTS_MAX; i++) {
        const struct receipts_result *due = receipts_next(&results);
        assert_non_null(due);
        assert_int_equal(due->request, i);
        receipts_pop(&results);
    }
    assert_null(receipts_next(&results));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_token_is_due_with_its_ticket_and_covers_those_before),
        cmocka_unit_test(too_many_tokens_are_confirmed_late_but_never_early),
        cmocka_unit_test(an_answer_carries_the_seq_of_its_first_event),
        cmocka_unit_test(an_event_that_went_out_early_is_answered_as_not_recorded),
        cmocka_unit_test(answers_are_bounded_and_say_so),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
