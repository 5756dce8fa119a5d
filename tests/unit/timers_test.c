/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The heap of deadlines and the sets of alarms, each beside the plainest thing that does the same: a
 * search through all deadlines, and a row of marks.
 */

#include <string.h>

#include "rules/index_set.h"
#include "rules/timers.h"
#include "tests/support/cmocka.h"

enum { COUNT = 40, ROUNDS = 20000 };

struct clockwork {
    struct timers timers;
    struct instant due[COUNT];
    uint32_t position[COUNT];
    uint32_t heap[COUNT];
};

static void clockwork_init(struct clockwork *clockwork) {
    memset(clockwork, 0xAA, sizeof *clockwork); /* nothing may rely on what was there before */
    timers_init(&clockwork->timers, COUNT, clockwork->due, clockwork->position, clockwork->heap);
}

/* The earliest of plain deadlines, the lowest number first among equals. */
static uint32_t plain_first(const uint64_t due_ns[COUNT]) {
    uint32_t first = 0;
    for (uint32_t id = 1; id < COUNT; id++) {
        if (due_ns[id] < due_ns[first]) {
            first = id;
        }
    }
    return first;
}

static uint32_t draw_below(uint64_t *state, uint32_t limit) {
    *state = *state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (uint32_t)(*state >> 33) % limit;
}

static void timers_come_in_the_order_of_their_deadlines_then_of_their_numbers(void **state) {
    (void)state;
    static struct clockwork clockwork;
    clockwork_init(&clockwork);
    struct timers *timers = &clockwork.timers;
    uint64_t due_ns[COUNT];
    for (uint32_t id = 0; id < COUNT; id++) {
        due_ns[id] = UINT64_MAX;
    }
    uint64_t random = 1;
    uint32_t taken = 0;
    uint32_t ties = 0;
    for (uint32_t round = 0; round < ROUNDS; round++) {
        uint32_t id = draw_below(&random, COUNT);
        uint32_t draw = draw_below(&random, 64);
        if (draw < 40) {
            due_ns[id] = round + draw_below(&random, 20); /* few values: many are equal */
        } else if (draw < 48) {
            due_ns[id] = UINT64_MAX;
        }
        timers_set(timers, id, (struct instant){due_ns[id]});
        timers_check(timers);
        assert_int_equal(timers_is_running(timers, id), due_ns[id] != UINT64_MAX);

        uint32_t came;
        uint64_t last_ns = UINT64_MAX;
        while (timers_take(timers, (struct instant){round}, &came)) {
            assert_int_equal(came, plain_first(due_ns));
            assert_true(due_ns[came] <= round);
            assert_false(timers_is_running(timers, came));
            ties += due_ns[came] == last_ns;
            last_ns = due_ns[came];
            due_ns[came] = UINT64_MAX;
            taken++;
        }
        timers_check(timers);
        assert_true(timers_first(timers).ns == due_ns[plain_first(due_ns)]);
    }
    assert_true(taken > ROUNDS / 10);
    assert_true(ties > ROUNDS / 100);
}

static void a_timer_that_does_not_run_never_comes(void **state) {
    (void)state;
    static struct clockwork clockwork;
    clockwork_init(&clockwork);
    uint32_t came;
    assert_int_equal(timers_first(&clockwork.timers).ns, INSTANT_NEVER.ns);
    assert_false(timers_take(&clockwork.timers, INSTANT_NEVER, &came));
    timers_set(&clockwork.timers, 3, (struct instant){10});
    assert_false(timers_take(&clockwork.timers, (struct instant){9}, &came));
    timers_set(&clockwork.timers, 3, INSTANT_NEVER);
    timers_set(&clockwork.timers, 3, INSTANT_NEVER);
    assert_false(timers_take(&clockwork.timers, (struct instant){11}, &came));
}

static void a_set_gives_each_index_once_and_in_order(void **state) {
    (void)state;
    uint32_t indexes[COUNT];
    uint8_t marks[COUNT];
    struct index_set set;
    memset(marks, 0xAA, sizeof marks);
    index_set_init(&set, COUNT, indexes, marks);
    uint64_t random = 1;
    for (uint32_t round = 0; round < ROUNDS / 10; round++) {
        bool plain[COUNT] = {false};
        uint32_t adds = draw_below(&random, 2 * COUNT);
        for (uint32_t i = 0; i < adds; i++) {
            uint32_t index = draw_below(&random, COUNT);
            plain[index] = true;
            index_set_add(&set, index);
        }
        uint32_t room = 1 + draw_below(&random, COUNT);
        uint32_t next = 0;
        uint32_t taken[COUNT];
        uint32_t count;
        while ((count = index_set_take(&set, taken, room)) > 0) {
            assert_true(count <= room);
            for (uint32_t i = 0; i < count; i++) {
                while (!plain[next]) {
                    next++;
                }
                assert_int_equal(taken[i], next);
                next++;
            }
        }
        while (next < COUNT) {
            assert_false(plain[next]);
            next++;
        }
    }
}

static void any_number_of_indexes_is_sorted_equal_ones_too(void **state) {
    (void)state;
    uint64_t random = 2;
    for (uint32_t count = 0; count <= COUNT; count++) {
        uint32_t indexes[COUNT + 1];
        uint32_t sum = 0;
        indexes[count] = COUNT; /* not to be touched */
        for (uint32_t i = 0; i < count; i++) {
            indexes[i] = draw_below(&random, COUNT / 2);
            sum += indexes[i];
        }
        index_sort(indexes, count);
        for (uint32_t i = 0; i < count; i++) {
            assert_true(i == 0 || indexes[i - 1] <= indexes[i]);
            sum -= indexes[i];
        }
        assert_int_equal(sum, 0);
        assert_int_equal(indexes[count], COUNT);
    }
}

static void a_cleared_set_takes_everything_again(void **state) {
    (void)state;
    uint32_t indexes[COUNT];
    uint8_t marks[COUNT];
    struct index_set set;
    index_set_init(&set, COUNT, indexes, marks);
    for (uint32_t round = 0; round < 3; round++) {
        for (uint32_t i = COUNT; i-- > 0;) {
            index_set_add(&set, i);
        }
        assert_int_equal(set.count, COUNT);
        index_set_sort(&set);
        for (uint32_t i = 0; i < COUNT; i++) {
            assert_int_equal(set.indexes[i], i);
        }
        index_set_clear(&set);
        assert_int_equal(set.count, 0);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(timers_come_in_the_order_of_their_deadlines_then_of_their_numbers),
        cmocka_unit_test(a_timer_that_does_not_run_never_comes),
        cmocka_unit_test(a_set_gives_each_index_once_and_in_order),
        cmocka_unit_test(any_number_of_indexes_is_sorted_equal_ones_too),
        cmocka_unit_test(a_cleared_set_takes_everything_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
