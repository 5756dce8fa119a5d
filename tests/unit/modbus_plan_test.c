/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Polling plans, told as text. Points are "table address count", the plan is the requests in order.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "sensors/modbus_plan.h"

enum { SPANS_MAX = 2100 };

static enum mbframe_table table_of(char letter) {
    switch (letter) {
    case 'c':
        return MBFRAME_COIL;
    case 'd':
        return MBFRAME_DISCRETE;
    case 'i':
        return MBFRAME_INPUT;
    default:
        return MBFRAME_HOLDING;
    }
}

/* Plan "h0+1 h1+1" and compare with "h0+2": letter, address, plus, count. */
static void assert_plan(const char *points, enum mbplan_gaps gaps, const char *want) {
    struct mbplan_span spans[64];
    uint32_t count = 0;
    unsigned address, length;
    char letter;
    int used;
    while (sscanf(points, " %c%u+%u%n", &letter, &address, &length, &used) == 3) {
        spans[count] = (struct mbplan_span){
            .table = table_of(letter),
            .address = (uint16_t)address,
            .count = (uint16_t)length,
            .tag = count,
        };
        count++;
        points += used;
    }
    struct mbplan_request requests[64];
    uint32_t request_count = mbplan_make(spans, count, gaps, requests);
    char got[512] = "";
    uint32_t covered = 0;
    for (uint32_t i = 0; i < request_count; i++) {
        size_t len = strlen(got);
        (void)snprintf(got + len, sizeof got - len, "%s%c%u+%u%s", i == 0 ? "" : " ",
                       mbframe_table_name(requests[i].table)[0], requests[i].address,
                       requests[i].count, requests[i].bridges_gap ? "~" : "");
        assert_int_equal(requests[i].span_first, covered);
        covered += requests[i].span_count;
    }
    assert_int_equal(covered, count);
    assert_string_equal(got, want);
}

static void neighbours_share_one_request(void **state) {
    (void)state;
    assert_plan("d0+1 d1+1 d2+1 d3+1", MBPLAN_BRIDGE_GAPS, "d0+4");
    assert_plan("h100+2 h102+2", MBPLAN_BRIDGE_GAPS, "h100+4");
}

static void the_order_in_which_points_are_named_does_not_matter(void **state) {
    (void)state;
    assert_plan("h102+2 h100+2 h104+1", MBPLAN_BRIDGE_GAPS, "h100+5");
    assert_plan("h104+1 h102+2 h100+2", MBPLAN_BRIDGE_GAPS, "h100+5");
}

static void points_of_one_register_share_it(void **state) {
    (void)state;
    assert_plan("h0+1 h0+1 h0+1", MBPLAN_BRIDGE_GAPS, "h0+1");
    assert_plan("h0+4 h1+1 h2+1", MBPLAN_BRIDGE_GAPS, "h0+4"); /* one inside the other */
    assert_plan("h0+4 h1+1 h4+1", MBPLAN_BRIDGE_GAPS, "h0+5");
}

static void tables_are_never_mixed(void **state) {
    (void)state;
    assert_plan("h0+1 i0+1 c0+1 d0+1", MBPLAN_BRIDGE_GAPS, "c0+1 d0+1 i0+1 h0+1");
}

static void a_small_gap_is_read_along_and_a_larger_one_is_not(void **state) {
    (void)state;
    assert_plan("h0+1 h7+1", MBPLAN_BRIDGE_GAPS, "h0+8~");
    assert_plan("h0+1 h8+1", MBPLAN_BRIDGE_GAPS, "h0+1 h8+1");
    assert_plan("d0+1 d65+1", MBPLAN_BRIDGE_GAPS, "d0+66~");
    assert_plan("d0+1 d66+1", MBPLAN_BRIDGE_GAPS, "d0+1 d66+1");
}

static void without_gaps_only_neighbours_are_joined(void **state) {
    (void)state;
    assert_plan("h0+1 h1+1 h3+1", MBPLAN_NO_GAPS, "h0+2 h3+1");
}

static void a_request_ends_at_the_protocols_limit(void **state) {
    (void)state;
    assert_plan("h0+4 h4+117 h121+4", MBPLAN_BRIDGE_GAPS, "h0+125");
    assert_plan("h0+4 h4+117 h121+4 h125+1", MBPLAN_BRIDGE_GAPS, "h0+125 h125+1");
    assert_plan("h0+123 h123+4", MBPLAN_BRIDGE_GAPS, "h0+123 h123+4"); /* no number is cut */
    assert_plan("d0+1999 d1999+1", MBPLAN_BRIDGE_GAPS, "d0+2000");
    assert_plan("d0+1999 d1999+2", MBPLAN_BRIDGE_GAPS, "d0+1999 d1999+2");
}

static void the_last_address_can_be_read(void **state) {
    (void)state;
    assert_plan("h65534+1 h65535+1", MBPLAN_BRIDGE_GAPS, "h65534+2");
    assert_plan("h65532+4", MBPLAN_BRIDGE_GAPS, "h65532+4");
}

static void no_points_need_no_request(void **state) {
    (void)state;
    assert_int_equal(mbplan_make(NULL, 0, MBPLAN_BRIDGE_GAPS, NULL), 0);
}

static void two_thousand_bits_are_one_request(void **state) {
    (void)state;
    static struct mbplan_span spans[SPANS_MAX];
    static struct mbplan_request requests[SPANS_MAX];
    for (uint16_t i = 0; i < SPANS_MAX; i++) {
        spans[i] = (struct mbplan_span){.table = MBFRAME_COIL, .address = i, .count = 1, .tag = i};
    }
    assert_int_equal(mbplan_make(spans, SPANS_MAX, MBPLAN_BRIDGE_GAPS, requests), 2);
    assert_int_equal(requests[0].count, 2000);
    assert_int_equal(requests[1].count, 100);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(neighbours_share_one_request),
        cmocka_unit_test(the_order_in_which_points_are_named_does_not_matter),
        cmocka_unit_test(points_of_one_register_share_it),
        cmocka_unit_test(tables_are_never_mixed),
        cmocka_unit_test(a_small_gap_is_read_along_and_a_larger_one_is_not),
        cmocka_unit_test(without_gaps_only_neighbours_are_joined),
        cmocka_unit_test(a_request_ends_at_the_protocols_limit),
        cmocka_unit_test(the_last_address_can_be_read),
        cmocka_unit_test(no_points_need_no_request),
        cmocka_unit_test(two_thousand_bits_are_one_request),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
