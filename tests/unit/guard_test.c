/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Guessing is slowed, from an address and at a person, and nobody is kept out by it for good
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/console/guard.h"
#include "rules/instant.h"
#include "tests/support/cmocka.h"

static const struct guard_try stranger = {.address = "192.168.1.7", .id = "wang", .device = ""};
static const struct guard_try neighbour = {.address = "192.168.1.8", .id = "li", .device = ""};
static const struct guard_try phone = {
    .address = "192.168.1.9", .id = "wang", .device = "0123456789abcdef"};

static int begin(void **state) {
    *state = calloc(1, sizeof(struct guard));
    return *state == NULL ? -1 : 0;
}

static int end(void **state) {
    free(*state);
    return 0;
}

static uint64_t s(uint64_t seconds) {
    return (1000 + seconds) * NS_PER_S;
}

static void guess(struct guard *guard, struct guard_try try, uint32_t times, uint64_t seconds) {
    for (uint32_t i = 0; i < times; i++) {
        guard_failed(guard, &try, s(seconds));
    }
}

static uint32_t wait_s(struct guard *guard, struct guard_try try, uint64_t seconds) {
    return guard_wait_s(guard, &try, s(seconds));
}

/* So many failures at `id`, each from another address. */
static void fail_from_everywhere(struct guard *guard, const char *id, uint32_t times,
                                 uint64_t seconds) {
    for (uint32_t i = 0; i < times; i++) {
        char address[24];
        (void)snprintf(address, sizeof address, "10.%u.%u.%u", i >> 16, i >> 8 & 255, i & 255);
        const struct guard_try try = {.address = address, .id = id, .device = ""};
        guard_failed(guard, &try, s(seconds));
    }
}

static void the_first_failures_of_a_name_are_free_and_each_more_costs_eight_seconds(void **state) {
    struct guard *guard = *state;
    for (uint32_t i = 0; i < 1000; i++) {
        assert_int_equal(wait_s(guard, stranger, 0), i < GUARD_FREE ? 0 : GUARD_WAIT_S);
        guard_failed(guard, &stranger, s(0));
    }
    assert_int_equal(wait_s(guard, neighbour, 0), 0);
}

static void what_is_left_of_a_wait_is_rounded_up_and_ends(void **state) {
    struct guard *guard = *state;
    guess(guard, stranger, GUARD_FREE, 0);
    assert_int_equal(guard_wait_s(guard, &stranger, s(0) + 1), 8);
    assert_int_equal(wait_s(guard, stranger, 1), 7);
    assert_int_equal(guard_wait_s(guard, &stranger, s(8) - 1), 1);
    assert_int_equal(wait_s(guard, stranger, 8), 0);
    assert_int_equal(wait_s(guard, stranger, 3000), 0);
}

/* The house has one address, and somebody in it guesses: at her, at one after the other, at names that nobody has. */
static void nobody_else_behind_the_address_of_a_guesser_waits(void **state) {
    struct guard *guard = *state;
    struct guard_try try = stranger;
    guess(guard, stranger, 1000, 0);
    try.id = GUARD_NOBODY;
    guess(guard, try, 1000, 0);
    for (int person = 0; person < 100; person++) {
        char id[16];
        (void)snprintf(id, sizeof id, "person-%d", person);
        try.id = id;
        assert_int_equal(wait_s(guard, try, 0), 0);
        guard_failed(guard, &try, s(0));
    }
    try.id = "li";
    assert_int_equal(wait_s(guard, try, 0), 0);
    /* If she mistypes once, she is one of many who try again there. */
    guard_failed(guard, &try, s(0));
    assert_int_equal(wait_s(guard, try, 0), GUARD_ADDRESS_WAIT_S);
    assert_int_equal(wait_s(guard, try, GUARD_ADDRESS_WAIT_S), 0);
}

/* Tries that are made as soon as they may be, for an hour: `tries` go round. Returns how many failed. */
static uint32_t guess_for_an_hour(struct guard *guard, const struct guard_try *tries,
                                  size_t count) {
    uint32_t failed = 0;
    for (uint64_t now_s = 0; now_s < 3600; now_s++) {
        bool another = true;
        while (another) {
            another = false;
            for (size_t i = 0; i < count; i++) {
                if (wait_s(guard, tries[i], now_s) == 0) {
                    guard_failed(guard, &tries[i], s(now_s));
                    failed++;
                    another = true;
                }
            }
        }
    }
    return failed;
}

static void an_hour_of_guesses_at_a_name_is_bounded_by_count(void **state) {
    struct guard *guard = *state;
    assert_in_range(guess_for_an_hour(guard, &stranger, 1), 400, GUARD_FREE + 450);
    struct guard_try tries[40];
    char addresses[40][24];
    memset(guard, 0, sizeof *guard);
    for (int i = 0; i < 40; i++) {
        (void)snprintf(addresses[i], sizeof addresses[i], "10.0.0.%d", i);
        tries[i] = (struct guard_try){.address = addresses[i], .id = "wang", .device = ""};
    }
    assert_in_range(guess_for_an_hour(guard, tries, 40), 400, GUARD_PERSON_FREE + 450);
}

static void an_hour_of_guesses_from_an_address_is_bounded_by_count(void **state) {
    struct guard *guard = *state;
    struct guard_try tries[100];
    char ids[100][16];
    for (int i = 0; i < 100; i++) {
        (void)snprintf(ids[i], sizeof ids[i], "person-%d", i);
        tries[i] = (struct guard_try){.address = "192.168.1.7", .id = ids[i], .device = ""};
    }
    assert_in_range(guess_for_an_hour(guard, tries, 100), 1500, GUARD_ADDRESS_FREE + 100 + 1800);
}

/* Names that nobody has are one: a flood of them is as slow as guessing at one person. */
static void an_hour_of_names_that_nobody_has_is_bounded_by_count(void **state) {
    const struct guard_try nobody = {.address = "192.168.1.7", .id = GUARD_NOBODY, .device = ""};
    assert_in_range(guess_for_an_hour(*state, &nobody, 1), 400, GUARD_FREE + 450);
    const struct guard_try elsewhere = {.address = "192.168.1.8", .id = GUARD_NOBODY, .device = ""};
    assert_int_equal(wait_s(*state, elsewhere, 3599), 0);
}

static void
a_person_who_is_guessed_at_from_everywhere_is_tried_once_in_eight_seconds(void **state) {
    struct guard *guard = *state;
    fail_from_everywhere(guard, "wang", GUARD_PERSON_FREE - 1, 0);
    assert_int_equal(wait_s(guard, stranger, 0), 0);
    guard_failed(guard, &stranger, s(0));
    assert_int_equal(wait_s(guard, stranger, 0), GUARD_WAIT_S);
    assert_int_equal(wait_s(guard, neighbour, 0), 0); /* others are not meant */
    assert_int_equal(wait_s(guard, stranger, GUARD_WAIT_S), 0);
}

static void a_device_that_the_person_has_signed_in_with_waits_for_no_stranger(void **state) {
    struct guard *guard = *state;
    fail_from_everywhere(guard, "wang", 10000, 0);
    struct guard_try same_address = stranger;
    guess(guard, same_address, 100, 0);
    assert_int_equal(wait_s(guard, stranger, 0), GUARD_WAIT_S);
    assert_int_equal(wait_s(guard, phone, 0), 0);
    same_address.device = phone.device;
    assert_int_equal(wait_s(guard, same_address, 0), 0);
}

/* It may have been stolen. */
static void a_known_device_that_guesses_waits_itself_and_nobody_else(void **state) {
    struct guard *guard = *state;
    guess(guard, phone, 100, 0);
    assert_int_equal(wait_s(guard, phone, 0), GUARD_WAIT_S);
    struct guard_try without = phone;
    without.device = "";
    assert_int_equal(wait_s(guard, without, 0), 0);
    assert_int_equal(wait_s(guard, stranger, 0), 0);
}

static void an_hour_without_a_failure_is_forgotten(void **state) {
    struct guard *guard = *state;
    guess(guard, stranger, 30, 0);
    guard_failed(guard, &stranger, s(GUARD_FORGET_S - 1));
    assert_int_equal(guard_failures(guard, &stranger, s(GUARD_FORGET_S - 1)), 31);
    assert_int_equal(guard_failures(guard, &stranger, s(2 * GUARD_FORGET_S - 1)), 0);
    guess(guard, stranger, GUARD_FREE - 1, 2 * GUARD_FORGET_S - 1);
    assert_int_equal(wait_s(guard, stranger, 2 * GUARD_FORGET_S - 1), 0);
    guard_failed(guard, &stranger, s(2 * GUARD_FORGET_S - 1));
    assert_int_equal(wait_s(guard, stranger, 2 * GUARD_FORGET_S - 1), GUARD_WAIT_S);
}

/* Or who has an account could guess at another, and sign in in between. */
static void a_success_clears_what_the_same_did_and_nothing_else(void **state) {
    struct guard *guard = *state;
    fail_from_everywhere(guard, "wang", GUARD_PERSON_FREE, 0);
    guess(guard, stranger, 100, 0);
    struct guard_try other_person = stranger;
    other_person.id = "li";
    guess(guard, other_person, 3, 0);
    guard_succeeded(guard, &stranger);
    assert_int_equal(guard_failures(guard, &stranger, s(0)), 0);
    assert_int_equal(guard_failures(guard, &other_person, s(0)), 3);
    assert_int_equal(wait_s(guard, stranger, 0), GUARD_WAIT_S);
    assert_int_equal(wait_s(guard, other_person, 0), GUARD_ADDRESS_WAIT_S);
    guard_succeeded(guard, &neighbour); /* one that never failed */
    assert_int_equal(wait_s(guard, neighbour, 0), 0);
}

static void a_success_of_a_device_clears_its_own_failures(void **state) {
    struct guard *guard = *state;
    guess(guard, phone, 12, 0);
    guard_succeeded(guard, &phone);
    assert_int_equal(wait_s(guard, phone, 0), 0);
}

static void in_a_full_table_what_failed_longest_ago_makes_room(void **state) {
    struct guard *guard = *state;
    guess(guard, stranger, 12, 0);
    guess(guard, neighbour, 12, 1);
    fail_from_everywhere(guard, "zhao", GUARD_ROWS - 2, 2);
    assert_int_equal(guard_failures(guard, &stranger, s(2)), 12);
    assert_int_equal(guard_failures(guard, &neighbour, s(2)), 12);
    const struct guard_try another = {.address = "192.168.1.10", .id = "", .device = ""};
    guard_failed(guard, &another, s(3));
    assert_int_equal(guard_failures(guard, &stranger, s(3)), 0);
    assert_int_equal(guard_failures(guard, &neighbour, s(3)), 12);
}

static void a_full_table_counts_whoever_fails_now(void **state) {
    struct guard *guard = *state;
    fail_from_everywhere(guard, "zhao", 3 * GUARD_ROWS, 0);
    guess(guard, stranger, GUARD_FREE, 1);
    assert_int_equal(wait_s(guard, stranger, 1), GUARD_WAIT_S);
}

/* Who tries on the socket of this machine has no address. */
static void failures_without_an_address_are_counted_like_others(void **state) {
    struct guard *guard = *state;
    const struct guard_try local = {.address = "", .id = "", .device = ""};
    guard_failed(guard, &stranger, s(0));
    guess(guard, local, 5, 0);
    assert_int_equal(wait_s(guard, local, 0), GUARD_WAIT_S);
    guard_succeeded(guard, &stranger); /* whose row is free again, before that of the other */
    assert_int_equal(wait_s(guard, local, 0), GUARD_WAIT_S);
    guess(guard, neighbour, 1, 0);
    assert_int_equal(wait_s(guard, local, 0), GUARD_WAIT_S);
    assert_int_equal(wait_s(guard, neighbour, 0), 0);
    guard_succeeded(guard, &local);
    assert_int_equal(wait_s(guard, local, 0), 0);
}

/* In a building all share one network: who guesses there makes no neighbour wait. */
static void each_address_of_ipv6_counts_for_itself(void **state) {
    struct guard *guard = *state;
    const struct guard_try one = {.address = "2001:db8:1:2::1", .id = "", .device = ""};
    const struct guard_try next = {.address = "2001:db8:1:2::2", .id = "", .device = ""};
    guess(guard, one, 5, 0);
    assert_int_equal(wait_s(guard, one, 0), GUARD_WAIT_S);
    assert_int_equal(wait_s(guard, next, 0), 0);
}

/* The longest address and the longest id, which have to be told apart to the last letter. */
static void the_longest_names_are_told_apart(void **state) {
    struct guard *guard = *state;
    const struct guard_try one = {.address = "1111:2222:3333:4444:5555:6666:255.255.255.255",
                                  .id = "abcdefghijklmnopqrstuvwxyz01234a",
                                  .device = ""};
    struct guard_try other = one;
    other.id = "abcdefghijklmnopqrstuvwxyz01234b";
    guess(guard, one, 3, 0);
    assert_int_equal(guard_failures(guard, &one, s(0)), 3);
    assert_int_equal(guard_failures(guard, &other, s(0)), 0);
}

/* The machine's time since its start; nobody waits because it is short, or was long. */
static void a_clock_that_jumps_makes_nobody_wait_for_good(void **state) {
    struct guard *guard = *state;
    assert_int_equal(guard_wait_s(guard, &stranger, 0), 0);
    guess(guard, stranger, 30, 1000000);
    assert_int_equal(wait_s(guard, stranger, 1000000), GUARD_WAIT_S);
    assert_int_equal(wait_s(guard, stranger, 0), 0);
    assert_int_equal(guard_wait_s(guard, &stranger, UINT64_MAX), 0);
    guard_failed(guard, &stranger, s(0));
    assert_true(wait_s(guard, stranger, 0) <= GUARD_WAIT_S);
    assert_int_equal(wait_s(guard, stranger, GUARD_WAIT_S), 0);
}

int main(void) {
#define GUARD_TEST(test) cmocka_unit_test_setup_teardown(test, begin, end)
    const struct CMUnitTest tests[] = {
        GUARD_TEST(the_first_failures_of_a_name_are_free_and_each_more_costs_eight_seconds),
        GUARD_TEST(what_is_left_of_a_wait_is_rounded_up_and_ends),
        GUARD_TEST(nobody_else_behind_the_address_of_a_guesser_waits),
        GUARD_TEST(an_hour_of_guesses_at_a_name_is_bounded_by_count),
        GUARD_TEST(an_hour_of_guesses_from_an_address_is_bounded_by_count),
        GUARD_TEST(an_hour_of_names_that_nobody_has_is_bounded_by_count),
        GUARD_TEST(a_person_who_is_guessed_at_from_everywhere_is_tried_once_in_eight_seconds),
        GUARD_TEST(a_device_that_the_person_has_signed_in_with_waits_for_no_stranger),
        GUARD_TEST(a_known_device_that_guesses_waits_itself_and_nobody_else),
        GUARD_TEST(an_hour_without_a_failure_is_forgotten),
        GUARD_TEST(a_success_clears_what_the_same_did_and_nothing_else),
        GUARD_TEST(a_success_of_a_device_clears_its_own_failures),
        GUARD_TEST(in_a_full_table_what_failed_longest_ago_makes_room),
        GUARD_TEST(a_full_table_counts_whoever_fails_now),
        GUARD_TEST(failures_without_an_address_are_counted_like_others),
        GUARD_TEST(each_address_of_ipv6_counts_for_itself),
        GUARD_TEST(the_longest_names_are_told_apart),
        GUARD_TEST(a_clock_that_jumps_makes_nobody_wait_for_good),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
