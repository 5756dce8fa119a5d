/* SPDX-License-Identifier: Apache-2.0 */

/*
 * What is learned of how large a packet a broker takes, and what is unlearned.
 */
#include "gateway/uplink/packet_bound.h"
#include "tests/support/cmocka.h"

enum { LARGE = 2000 };

static struct packet_bound suspected(int times) {
    struct packet_bound bound = {0};
    for (int i = 0; i < times; i++) {
        packet_bound_suspect(&bound, LARGE);
    }
    return bound;
}

static void closing_three_times_over_one_size_is_believed_and_twice_is_not(void **state) {
    (void)state;
    struct packet_bound bound = suspected(PACKET_SUSPICIONS_MAX - 1);
    assert_false(packet_bound_excludes(&bound, LARGE));
    packet_bound_suspect(&bound, LARGE);
    assert_true(packet_bound_excludes(&bound, LARGE));
    assert_false(packet_bound_excludes(&bound, LARGE - 1));
}

static void nor_are_three_times_over_several(void **state) {
    (void)state;
    struct packet_bound bound = suspected(PACKET_SUSPICIONS_MAX - 1);
    packet_bound_suspect(&bound, LARGE + 1);
    packet_bound_suspect(&bound, LARGE);
    assert_false(packet_bound_excludes(&bound, LARGE));
}

/* A line that breaks again and again says nothing of a size that gets through in between. */
static void a_size_that_was_taken_meanwhile_is_above_suspicion(void **state) {
    (void)state;
    static const struct {
        uint32_t taken;
        bool is_believed;
    } cases[] = {{LARGE - 1, true}, {LARGE, false}, {LARGE + 1, false}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct packet_bound bound = suspected(PACKET_SUSPICIONS_MAX - 1);
        packet_bound_taken(&bound, cases[i].taken);
        packet_bound_suspect(&bound, LARGE);
        assert_int_equal(packet_bound_excludes(&bound, LARGE), cases[i].is_believed);
    }
}

static void
what_was_guessed_is_tried_again_after_a_good_connection_and_what_was_said_is_not(void **state) {
    (void)state;
    struct packet_bound bound = suspected(PACKET_SUSPICIONS_MAX);
    packet_bound_forget_guess(&bound);
    assert_false(packet_bound_excludes(&bound, LARGE));
    packet_bound_learn(&bound, LARGE);
    packet_bound_forget_guess(&bound);
    assert_true(packet_bound_excludes(&bound, LARGE));
    /* Not even when it is suspected of more than is known. */
    for (int i = 0; i < PACKET_SUSPICIONS_MAX; i++) {
        packet_bound_suspect(&bound, LARGE + 1);
    }
    packet_bound_forget_guess(&bound);
    assert_true(packet_bound_excludes(&bound, LARGE));
    /* Nor when it is suspected of what it has said. */
    for (int i = 0; i < PACKET_SUSPICIONS_MAX; i++) {
        packet_bound_suspect(&bound, LARGE);
    }
    packet_bound_forget_guess(&bound);
    assert_true(packet_bound_excludes(&bound, LARGE));
}

static void what_no_broker_refuses_for_its_size_is_never_excluded(void **state) {
    (void)state;
    struct packet_bound bound = {0};
    for (int i = 0; i < PACKET_SUSPICIONS_MAX; i++) {
        packet_bound_suspect(&bound, PACKET_SURE_SIZE);
    }
    assert_false(packet_bound_excludes(&bound, PACKET_SURE_SIZE));
    for (int i = 0; i < PACKET_SUSPICIONS_MAX; i++) {
        packet_bound_suspect(&bound, PACKET_SURE_SIZE + 1);
    }
    assert_true(packet_bound_excludes(&bound, PACKET_SURE_SIZE + 1));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(closing_three_times_over_one_size_is_believed_and_twice_is_not),
        cmocka_unit_test(nor_are_three_times_over_several),
        cmocka_unit_test(a_size_that_was_taken_meanwhile_is_above_suspicion),
        cmocka_unit_test(
            what_was_guessed_is_tried_again_after_a_good_connection_and_what_was_said_is_not),
        cmocka_unit_test(what_no_broker_refuses_for_its_size_is_never_excluded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
