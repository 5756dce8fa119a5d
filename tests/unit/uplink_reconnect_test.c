/* SPDX-License-Identifier: Apache-2.0 */

/*
 * When a broker is tried again: never at once in a loop, never later than the longest wait, and
 * never all gateways at the same moment.
 */

#include "gateway/uplink/reconnect.h"
#include "tests/support/cmocka.h"

enum { MIN_MS = 500, MAX_MS = 30000, STEADY_MS = 10000 };

static void the_wait_stays_between_its_bounds_and_reaches_both_ends(void **state) {
    (void)state;
    struct reconnect reconnect;
    reconnect_init(&reconnect, 1, MIN_MS, MAX_MS, STEADY_MS, 7);
    uint32_t shortest = MAX_MS;
    uint32_t longest = 0;
    for (int i = 0; i < 2000; i++) {
        uint32_t wait_ms = reconnect_failed(&reconnect, 0);
        assert_in_range(wait_ms, MIN_MS, MAX_MS);
        shortest = wait_ms < shortest ? wait_ms : shortest;
        longest = wait_ms > longest ? wait_ms : longest;
    }
    assert_true(shortest < 2000);
    assert_true(longest > 28000);
}

static void the_first_waits_are_short_and_grow(void **state) {
    (void)state;
    for (uint64_t seed = 1; seed < 200; seed++) {
        struct reconnect reconnect;
        reconnect_init(&reconnect, 1, MIN_MS, MAX_MS, STEADY_MS, seed);
        assert_in_range(reconnect_failed(&reconnect, 0), MIN_MS, 1000);
        assert_in_range(reconnect_failed(&reconnect, 0), MIN_MS, 2000);
        assert_in_range(reconnect_failed(&reconnect, 0), MIN_MS, 4000);
    }
}

static void two_gateways_do_not_wait_alike(void **state) {
    (void)state;
    struct reconnect one;
    struct reconnect other;
    reconnect_init(&one, 1, MIN_MS, MAX_MS, STEADY_MS, 1);
    reconnect_init(&other, 1, MIN_MS, MAX_MS, STEADY_MS, 1000001);
    int alike = 0;
    for (int i = 0; i < 100; i++) {
        alike += reconnect_failed(&one, 0) == reconnect_failed(&other, 0);
    }
    assert_true(alike < 20);
}

/*
 * All lose their broker at one moment, and it stays away: in no tenth of a second does more than a
 * third of them knock, and after some rounds no more than a twentieth.
 */
static void a_hundred_gateways_that_lose_one_broker_do_not_knock_together(void **state) {
    (void)state;
    enum { GATEWAYS = 100, ROUNDS = 8, SLOT_MS = 100, SLOTS = 3000 };
    struct reconnect gateways[GATEWAYS];
    uint64_t at_ms[GATEWAYS] = {0};
    for (uint32_t i = 0; i < GATEWAYS; i++) {
        reconnect_init(&gateways[i], 1, MIN_MS, MAX_MS, STEADY_MS, 0x9e3779b97f4a7c15u * (i + 1));
    }
    for (uint32_t round = 0; round < ROUNDS; round++) {
        uint32_t slots[SLOTS] = {0};
        uint32_t fullest = 0;
        for (uint32_t i = 0; i < GATEWAYS; i++) {
            at_ms[i] += reconnect_failed(&gateways[i], 0);
            uint32_t slot = (uint32_t)(at_ms[i] / SLOT_MS);
            assert_true(slot < SLOTS);
            slots[slot]++;
            fullest = slots[slot] > fullest ? slots[slot] : fullest;
        }
        assert_true(fullest <= (round < 4 ? GATEWAYS / 3 : GATEWAYS / 20));
    }
}

static void brokers_are_tried_in_order_and_only_a_whole_round_waits(void **state) {
    (void)state;
    struct reconnect reconnect;
    reconnect_init(&reconnect, 3, MIN_MS, MAX_MS, STEADY_MS, 5);
    for (int round = 0; round < 4; round++) {
        assert_int_equal(reconnect.broker, 0);
        assert_int_equal(reconnect_failed(&reconnect, 0), 0);
        assert_int_equal(reconnect.broker, 1);
        assert_int_equal(reconnect_failed(&reconnect, 0), 0);
        assert_int_equal(reconnect.broker, 2);
        assert_true(reconnect_failed(&reconnect, 0) >= MIN_MS);
    }
}

static void a_steady_connection_begins_the_count_anew_at_the_first_broker(void **state) {
    (void)state;
    struct reconnect reconnect;
    reconnect_init(&reconnect, 2, MIN_MS, MAX_MS, STEADY_MS, 5);
    for (int i = 0; i < 21; i++) {
        (void)reconnect_failed(&reconnect, 0);
    }
    assert_int_equal(reconnect.broker, 1);
    assert_in_range(reconnect_failed(&reconnect, STEADY_MS), MIN_MS, 2 * MIN_MS);
    assert_int_equal(reconnect.broker, 0);
}

static void a_broker_that_accepts_and_closes_is_not_met_with_a_busy_loop(void **state) {
    (void)state;
    struct reconnect reconnect;
    reconnect_init(&reconnect, 1, MIN_MS, MAX_MS, STEADY_MS, 5);
    uint64_t waited_ms = 0;
    for (int i = 0; i < 20; i++) {
        waited_ms += reconnect_failed(&reconnect, STEADY_MS - 1);
    }
    assert_true(waited_ms > 60000);
}

static void a_broker_that_is_slow_gets_more_time_each_round_up_to_a_bound(void **state) {
    (void)state;
    enum { LIMIT_S = 5, LIMIT_S_MAX = 30 };
    static const uint32_t limits_s[] = {5, 10, 20, 30, 30};
    struct reconnect reconnect;
    reconnect_init(&reconnect, 2, MIN_MS, MAX_MS, STEADY_MS, 5);
    for (size_t round = 0; round < sizeof limits_s / sizeof *limits_s; round++) {
        assert_int_equal(reconnect_limit_s(&reconnect, LIMIT_S, LIMIT_S_MAX), limits_s[round]);
        (void)reconnect_failed(&reconnect, 0);
        assert_int_equal(reconnect_limit_s(&reconnect, LIMIT_S, LIMIT_S_MAX), limits_s[round]);
        (void)reconnect_failed(&reconnect, 0);
    }
    for (int round = 0; round < 100; round++) {
        (void)reconnect_failed(&reconnect, 0);
    }
    assert_int_equal(reconnect_limit_s(&reconnect, LIMIT_S, LIMIT_S_MAX), LIMIT_S_MAX);
    assert_int_equal(reconnect_limit_s(&reconnect, 3600, LIMIT_S_MAX), 3600);
    /* After a good session one that is away delays the next broker no longer than at first. */
    (void)reconnect_failed(&reconnect, STEADY_MS);
    assert_in_range(reconnect_limit_s(&reconnect, LIMIT_S, LIMIT_S_MAX), LIMIT_S, 2 * LIMIT_S);
}

static void a_session_taken_over_waits_longer_each_time_up_to_a_bound(void **state) {
    (void)state;
    struct reconnect reconnect;
    reconnect_init(&reconnect, 2, MIN_MS, MAX_MS, STEADY_MS, 5);
    for (uint32_t times = 1; times < 20; times++) {
        uint32_t yields = times < RECONNECT_YIELD_MAX ? times : RECONNECT_YIELD_MAX - 1;
        assert_in_range(reconnect_taken_over(&reconnect, STEADY_MS), MAX_MS * yields,
                        MAX_MS * (yields + 1));
        assert_int_equal(reconnect.broker, 0); /* the other broker would tell the same */
    }
    assert_in_range(reconnect_taken_over(&reconnect, MAX_MS * RECONNECT_YIELD_MAX),
                    MAX_MS * (RECONNECT_YIELD_MAX - 1), MAX_MS * RECONNECT_YIELD_MAX);
    assert_in_range(reconnect_taken_over(&reconnect, MAX_MS * RECONNECT_YIELD_MAX + 1), MAX_MS,
                    2 * MAX_MS);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_wait_stays_between_its_bounds_and_reaches_both_ends),
        cmocka_unit_test(the_first_waits_are_short_and_grow),
        cmocka_unit_test(two_gateways_do_not_wait_alike),
        cmocka_unit_test(a_hundred_gateways_that_lose_one_broker_do_not_knock_together),
        cmocka_unit_test(brokers_are_tried_in_order_and_only_a_whole_round_waits),
        cmocka_unit_test(a_steady_connection_begins_the_count_anew_at_the_first_broker),
        cmocka_unit_test(a_broker_that_accepts_and_closes_is_not_met_with_a_busy_loop),
        cmocka_unit_test(a_broker_that_is_slow_gets_more_time_each_round_up_to_a_bound),
        cmocka_unit_test(a_session_taken_over_waits_longer_each_time_up_to_a_bound),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
