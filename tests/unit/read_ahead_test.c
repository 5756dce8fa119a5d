/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Rows of the journal that wait for room on the line: copies, in order, and no more than fit.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/uplink/read_ahead.h"
#include "tests/support/cmocka.h"

static struct read_ahead empty(void) {
    struct read_ahead ahead;
    assert_int_equal(read_ahead_init(&ahead), 0);
    return ahead;
}

/* A row as a reader hands it out: its texts are gone after the call. */
static bool add(struct read_ahead *ahead, uint64_t seq, size_t body_size) {
    char type[] = "access.granted";
    char alarm[] = "rule/entity";
    char *body = malloc(body_size + 1);
    assert_non_null(body);
    memset(body, 'a' + (int)(seq % 26), body_size + 1);
    const struct journal_row row = {
        .seq = seq,
        .early = seq + 1,
        .lane = LANE_ACTIVITY,
        .wall = {(int64_t)seq + 2},
        .type = type,
        .alarm = alarm,
        .body = body,
        .body_size = body_size,
    };
    bool added = read_ahead_add(ahead, &row);
    memset(body, '-', body_size + 1);
    memset(type, '-', sizeof type - 1);
    memset(alarm, '-', sizeof alarm - 1);
    free(body);
    return added;
}

static void rows_come_out_whole_and_in_their_order(void **state) {
    (void)state;
    struct read_ahead ahead = empty();
    assert_null(read_ahead_oldest(&ahead));
    for (uint64_t seq = 1; seq <= 3; seq++) {
        assert_true(add(&ahead, seq, 10));
    }
    for (uint64_t seq = 1; seq <= 3; seq++) {
        const struct journal_row *row = read_ahead_oldest(&ahead);
        assert_non_null(row);
        assert_int_equal(row->seq, seq);
        assert_int_equal(row->early, seq + 1);
        assert_int_equal(row->wall.ns, seq + 2);
        assert_int_equal(row->lane, LANE_ACTIVITY);
        assert_string_equal(row->type, "access.granted");
        assert_string_equal(row->alarm, "rule/entity");
        assert_int_equal(row->body_size, 10);
        for (size_t i = 0; i < 10; i++) {
            assert_int_equal(row->body[i], 'a' + (int)seq);
        }
        assert_int_equal(read_ahead_count(&ahead), 4 - seq);
        read_ahead_drop_oldest(&ahead);
    }
    assert_null(read_ahead_oldest(&ahead));
    read_ahead_deinit(&ahead);
}

static void rows_are_bounded_in_number_and_there_is_room_again_for_all_of_them(void **state) {
    (void)state;
    struct read_ahead ahead = empty();
    for (int round = 0; round < 3; round++) {
        for (uint64_t seq = 1; seq <= READ_AHEAD_ROWS_MAX; seq++) {
            assert_true(add(&ahead, seq, 10));
        }
        assert_false(add(&ahead, READ_AHEAD_ROWS_MAX + 1, 10));
        assert_int_equal(read_ahead_count(&ahead), READ_AHEAD_ROWS_MAX);
        while (read_ahead_count(&ahead) > 0) {
            read_ahead_drop_oldest(&ahead);
        }
    }
    read_ahead_deinit(&ahead);
}

static void rows_are_bounded_in_bytes(void **state) {
    (void)state;
    struct read_ahead ahead = empty();
    const size_t names_size = sizeof "access.granted" + sizeof "rule/entity";
    assert_true(add(&ahead, 1, READ_AHEAD_BYTES / 2 - names_size));
    assert_false(add(&ahead, 2, READ_AHEAD_BYTES / 2 - names_size + 1));
    assert_int_equal(read_ahead_count(&ahead), 1);
    assert_true(add(&ahead, 2, READ_AHEAD_BYTES / 2 - names_size));
    assert_false(add(&ahead, 3, 0));
    read_ahead_clear(&ahead);
    assert_null(read_ahead_oldest(&ahead));
    assert_true(add(&ahead, 3, READ_AHEAD_BYTES - names_size));
    assert_int_equal(read_ahead_oldest(&ahead)->body_size, READ_AHEAD_BYTES - names_size);
    read_ahead_deinit(&ahead);
}

/* It must neither be written past the end nor hold up for ever what follows it. */
static void a_row_larger_than_the_bound_is_handed_out_without_its_texts(void **state) {
    (void)state;
    struct read_ahead ahead = empty();
    const size_t names_size = sizeof "access.granted" + sizeof "rule/entity";
    assert_true(add(&ahead, 1, READ_AHEAD_BYTES - names_size + 1));
    assert_int_equal(read_ahead_oldest(&ahead)->seq, 1);
    assert_int_equal(read_ahead_oldest(&ahead)->body_size, 0);
    assert_string_equal(read_ahead_oldest(&ahead)->type, "");
    assert_true(add(&ahead, 2, 10));
    read_ahead_drop_oldest(&ahead);
    assert_int_equal(read_ahead_oldest(&ahead)->body_size, 10);
    read_ahead_deinit(&ahead);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_come_out_whole_and_in_their_order),
        cmocka_unit_test(rows_are_bounded_in_number_and_there_is_room_again_for_all_of_them),
        cmocka_unit_test(rows_are_bounded_in_bytes),
        cmocka_unit_test(a_row_larger_than_the_bound_is_handed_out_without_its_texts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
