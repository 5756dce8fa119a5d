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

static void the_first_failures_of_an_address_are_free_and_each_more_waits_longer(void **state) {
    struct guard *guard = *state;
    static const uint32_t waits[] = {0, 0, 0, 0, 0, 5, 10, 20, 40, 80, 160, 320, 640, 900, 900};
    const struct guard_try no_id = {.address = "192.168.1.7", .id = "", .device = ""};
    for (size_t i = 0; i < sizeof waits / sizeof *waits; i++) {
        assert_int_equal(wait_s(guard, no_id, 0), waits[i]);
        guard_failed(guard, &no_id, s(0));
    }
    guess(guard, no_id, 100000, 0);
    assert_int_equal(wait_s(guard, no_id, 0), GUARD_WAIT_S_MAX);
    assert_int_equal(wait_s(guard, neighbour, 0), 0);
}

static void what_is_left_of_a_wait_is_rounded_up_and_ends(void **state) {
    struct guard *guard = *state;
    guess(guard, stranger, 5, 0);
    assert_int_equal(wait_s(guard, stranger, 0), 5);
    assert_int_equal(guard_wait_s(guard, &stranger, s(0) + 1), 5);
    assert_int_equal(wait_s(guard, stranger, 1), 4);
    assert_int_equal(guard_wait_s(guard, &stranger, s(5) - 1), 1);
    assert_int_equal(wait_s(guard, stranger, 5), 0);
    assert_int_equal(wait_s(guard, stranger, 3000), 0);
}

static void a_try_that_is_to_wait_is_counted_and_makes_nobody_wait_longer(void **state) {
    struct guard *guard = *state;
    guess(guard, stranger, 5, 0);
    for (int i = 0; i < 1000; i++) {
        assert_int_equal(wait_s(guard, stranger, 0), 5);
    }
    assert_int_equal(guard->held_up, 1000);
    assert_int_equal(wait_s(guard, stranger, 5), 0);
    assert_int_equal(guard->held_up, 1000);
}

static void a_person_who_is_guessed_at_from_everywhere_is_tried_once_a_minute(void **state) {
    struct guard *guard = *state;
    fail_from_everywhere(guard, "wang", GUARD_PERSON_FREE - 1, 0);
    assert_int_equal(wait_s(guard, stranger, 0), 0);
    guard_failed(guard, &stranger, s(0));
    assert_int_equal(wait_s(guard, stranger, 0), GUARD_PERSON_WAIT_S);
    assert_int_equal(wait_s(guard, neighbour, 0), 0); /* others are not meant */
    assert_int_equal(wait_s(guard, stranger, GUARD_PERSON_WAIT_S), 0);
    fail_from_everywhere(guard, "wang", 100, GUARD_PERSON_WAIT_S);
    assert_int_equal(wait_s(guard, stranger, GUARD_PERSON_WAIT_S), GUARD_PERSON_WAIT_S);
    assert_int_equal(wait_s(guard, stranger, 2 * GUARD_PERSON_WAIT_S), 0);
}

static void the_longer_of_two_waits_counts(void **state) {
    struct guard *guard = *state;
    fail_from_everywhere(guard, "wang", GUARD_PERSON_FREE, 0);
    guess(guard, stranger, 6, 0);
    assert_int_equal(wait_s(guard, stranger, 0), 60);
    guess(guard, stranger, 6, 0);
    assert_int_equal(wait_s(guard, stranger, 0), 640);
}

static void a_device_that_the_person_has_signed_in_with_waits_for_no_stranger(void **state) {
    struct guard *guard = *state;
    fail_from_everywhere(guard, "wang", 10000, 0);
    struct guard_try same_address = stranger;
    guess(guard, same_address, 100, 0);
    assert_int_equal(wait_s(guard, stranger, 0), GUARD_WAIT_S_MAX);
    assert_int_equal(wait_s(guard, phone, 0), 0);
    same_address.device = phone.device;
    assert_int_equal(wait_s(guard, same_address, 0), 0);
}

/* It may have been stolen. */
static void a_known_device_that_guesses_waits_itself_and_nobody_else(void **state) {
    struct guard *guard = *state;
    guess(guard, phone, 5, 0);
    assert_int_equal(wait_s(guard, phone, 0), 5);
    guess(guard, phone, 100, 0);
    assert_int_equal(wait_s(guard, phone, 0), GUARD_WAIT_S_MAX);
    struct guard_try without = phone;
    without.device = "";
    assert_int_equal(wait_s(guard, without, 0), 0);
    assert_int_equal(wait_s(guard, stranger, 0), 0);
}

static void an_hour_without_a_failure_is_forgotten(void **state) {
    struct guard *guard = *state;
    guess(guard, stranger, 30, 0);
    guard_failed(guard, &stranger, s(GUARD_FORGET_S - 1));
    assert_int_equal(wait_s(guard, stranger, GUARD_FORGET_S - 1), GUARD_WAIT_S_MAX);
    guard_failed(guard, &stranger, s(2 * GUARD_FORGET_S - 1));
    assert_int_equal(wait_s(guard, stranger, 2 * GUARD_FORGET_S - 1), 0);
    guess(guard, stranger, GUARD_ADDRESS_FREE - 2, 2 * GUARD_FORGET_S - 1);
    assert_int_equal(wait_s(guard, stranger, 2 * GUARD_FORGET_S - 1), 0);
    guard_failed(guard, &stranger, s(2 * GUARD_FORGET_S - 1));
    assert_int_equal(wait_s(guard, stranger, 2 * GUARD_FORGET_S - 1), 5);
}

static void a_success_clears_the_address_and_not_what_others_did_to_the_person(void **state) {
    struct guard *guard = *state;
    fail_from_everywhere(guard, "wang", GUARD_PERSON_FREE, 0);
    guess(guard, stranger, 12, 0);
    guard_succeeded(guard, &stranger);
    assert_int_equal(wait_s(guard, stranger, 0), GUARD_PERSON_WAIT_S);
    struct guard_try other_person = stranger;
    other_person.id = "li";
    assert_int_equal(wait_s(guard, other_person, 0), 0);
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
    assert_true(wait_s(guard, stranger, 2) > 0);
    assert_true(wait_s(guard, neighbour, 2) > 0);
    const struct guard_try another = {.address = "192.168.1.10", .id = "", .device = ""};
    guard_failed(guard, &another, s(3));
    assert_int_equal(wait_s(guard, stranger, 3), 0);
    assert_true(wait_s(guard, neighbour, 3) > 0);
}

static void a_full_table_counts_whoever_fails_now(void **state) {
    struct guard *guard = *state;
    fail_from_everywhere(guard, "zhao", 3 * GUARD_ROWS, 0);
    guess(guard, stranger, GUARD_ADDRESS_FREE, 1);
    assert_int_equal(wait_s(guard, stranger, 1), 5);
}

/* Who tries on the socket of this machine has no address. */
static void failures_without_an_address_are_counted_like_others(void **state) {
    struct guard *guard = *state;
    const struct guard_try local = {.address = "", .id = "", .device = ""};
    guard_failed(guard, &stranger, s(0));
    guess(guard, local, 5, 0);
    assert_int_equal(wait_s(guard, local, 0), 5);
    guard_succeeded(guard, &stranger); /* whose row is free again, before that of the other */
    assert_int_equal(wait_s(guard, local, 0), 5);
    guess(guard, neighbour, 1, 0);
    assert_int_equal(wait_s(guard, local, 0), 5);
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
    assert_int_equal(wait_s(guard, one, 0), 5);
    assert_int_equal(wait_s(guard, next, 0), 0);
}

/* The machine's time since its start; nobody waits because it is short, or was long. */
static void a_clock_that_jumps_makes_nobody_wait_for_good(void **state) {
    struct guard *guard = *state;
    assert_int_equal(guard_wait_s(guard, &stranger, 0), 0);
    guess(guard, stranger, 30, 1000000);
    assert_int_equal(wait_s(guard, stranger, 1000000), GUARD_WAIT_S_MAX);
    assert_int_equal(wait_s(guard, stranger, 0), 0);
    assert_int_equal(guard_wait_s(guard, &stranger, UINT64_MAX), 0);
    guard_failed(guard, &stranger, s(0));
    assert_true(wait_s(guard, stranger, 0) <= GUARD_WAIT_S_MAX);
    assert_int_equal(wait_s(guard, stranger, GUARD_WAIT_S_MAX), 0);
}

/* Whatever strangers do, and however long: a try from there can be made within a quarter of an hour. */
static void nobody_is_barred_for_good(void **state) {
    struct guard *guard = *state;
    uint64_t now_s = 0;
    for (int tries = 0; tries < 2000; tries++) {
        uint32_t wait = wait_s(guard, stranger, now_s);
        assert_true(wait <= GUARD_WAIT_S_MAX);
        now_s += wait;
        assert_int_equal(wait_s(guard, stranger, now_s), 0);
        guard_failed(guard, &stranger, s(now_s));
    }
}

int main(void) {
#define GUARD_TEST(test) cmocka_unit_test_setup_teardown(test, begin, end)
    const struct CMUnitTest tests[] = {
        GUARD_TEST(the_first_failures_of_an_address_are_free_and_each_more_waits_longer),
        GUARD_TEST(what_is_left_of_a_wait_is_rounded_up_and_ends),
        GUARD_TEST(a_try_that_is_to_wait_is_counted_and_makes_nobody_wait_longer),
        GUARD_TEST(a_person_who_is_guessed_at_from_everywhere_is_tried_once_a_minute),
        GUARD_TEST(the_longer_of_two_waits_counts),
        GUARD_TEST(a_device_that_the_person_has_signed_in_with_waits_for_no_stranger),
        GUARD_TEST(a_known_device_that_guesses_waits_itself_and_nobody_else),
        GUARD_TEST(an_hour_without_a_failure_is_forgotten),
        GUARD_TEST(a_success_clears_the_address_and_not_what_others_did_to_the_person),
        GUARD_TEST(a_success_of_a_device_clears_its_own_failures),
        GUARD_TEST(in_a_full_table_what_failed_longest_ago_makes_room),
        GUARD_TEST(a_full_table_counts_whoever_fails_now),
        GUARD_TEST(failures_without_an_address_are_counted_like_others),
        GUARD_TEST(each_address_of_ipv6_counts_for_itself),
        GUARD_TEST(a_clock_that_jumps_makes_nobody_wait_for_good),
        GUARD_TEST(nobody_is_barred_for_good),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
