/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The heap of deadlines and the sets of alarms, each beside the plainest thing that does the same: a
 * search through all deadlines, and a row of marks.
 */

#include <stdlib.h>
#include <string.h>

#include "rules/index_set.h"
#include "rules/search.h"
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
    assert_int_equal(clockwork->position[0], 0xAAAAAAAA); /* and nothing is written past the end */
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

/* A set of more than one summary word, which holds 4,096 indexes. */
enum { MANY = 3 * 4096 + 70 };

static uint64_t *words_new(uint32_t limit) {
    uint64_t *words = malloc((index_set_words(limit) + 1) * sizeof *words);
    assert_non_null(words);
    memset(words, 0xAA, (index_set_words(limit) + 1) * sizeof *words);
    return words;
}

/* Nobody wrote behind them. */
static void words_free(uint64_t *words, uint32_t limit) {
    assert_int_equal(words[index_set_words(limit)], UINT64_C(0xAAAAAAAAAAAAAAAA));
    free(words);
}

static void a_set_gives_each_index_once_and_in_order(void **state) {
    (void)state;
    struct index_set set;
    uint64_t *words = words_new(COUNT);
    index_set_init(&set, COUNT, words);
    uint64_t random = 1;
    for (uint32_t round = 0; round < ROUNDS / 10; round++) {
        bool plain[COUNT] = {false};
        uint32_t adds = draw_below(&random, 2 * COUNT);
        for (uint32_t i = 0; i < adds; i++) {
            uint32_t index = draw_below(&random, COUNT);
            plain[index] = true;
            index_set_add(&set, index);
        }
        for (uint32_t i = 0; i < COUNT; i++) {
            assert_int_equal(index_set_has(&set, i), plain[i]);
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
        assert_true(index_set_is_empty(&set));
        while (next < COUNT) {
            assert_false(plain[next]);
            next++;
        }
    }
    words_free(words, COUNT);
}

/* Every pair: the same bit of another word, the last of a summary word and the first of the next. */
static void the_next_member_is_found_however_far_it_is(void **state) {
    (void)state;
    static const uint32_t steps[] = {1, 63, 64, 65, 4095, 4096, 4097, 8192, MANY - 1};
    struct index_set set;
    uint64_t *words = words_new(MANY);
    index_set_init(&set, MANY, words);
    for (uint32_t first = 0; first < MANY; first++) {
        for (unsigned i = 0; i < sizeof steps / sizeof steps[0]; i++) {
            uint32_t second = first + steps[i];
            if (second >= MANY) {
                continue;
            }
            index_set_add(&set, second);
            index_set_add(&set, first);
            assert_int_equal(index_set_next(&set, 0), first);
            assert_int_equal(index_set_next(&set, first), first);
            assert_int_equal(index_set_next(&set, first + 1), second);
            assert_int_equal(index_set_next(&set, second + 1), INDEX_NONE);
            assert_false(index_set_is_empty(&set));
            index_set_clear(&set);
            assert_true(index_set_is_empty(&set));
            assert_int_equal(index_set_next(&set, 0), INDEX_NONE);
            assert_false(index_set_has(&set, first) || index_set_has(&set, second));
        }
    }
    words_free(words, MANY);
}

/* Between two members that are taken the summary is as if the first had never been there. */
static void a_set_that_was_emptied_holds_nothing_of_what_it_held(void **state) {
    (void)state;
    static const uint32_t members[] = {5, 6, 64, 4095, 4096, MANY - 1};
    enum { MEMBERS = sizeof members / sizeof members[0] };
    struct index_set set;
    uint64_t *words = words_new(MANY);
    for (uint32_t room = 1; room <= MEMBERS + 1; room++) {
        for (unsigned cleared = 0; cleared < 2; cleared++) {
            uint32_t taken[MEMBERS + 1];
            uint32_t count = 0;
            index_set_init(&set, MANY, words);
            for (uint32_t i = MEMBERS; i-- > 0;) {
                index_set_add(&set, members[i]);
            }
            while (cleared == 0 && (count = index_set_take(&set, taken, room)) > 0) {
                assert_false(index_set_has(&set, taken[count - 1]));
            }
            index_set_clear(&set);
            for (size_t i = 0; i < index_set_words(MANY); i++) {
                assert_int_equal(words[i], 0);
            }
        }
    }
    words_free(words, MANY);
}

/* What is removed in any order leaves the others, and the words as if it had never been there. */
static void a_member_that_is_removed_leaves_the_others(void **state) {
    (void)state;
    static const uint32_t members[] = {0,   5,    63,   64,   65,   127,
                                       128, 4095, 4096, 8191, 8192, MANY - 1};
    enum { MEMBERS = sizeof members / sizeof members[0] };
    struct index_set set;
    uint64_t *words = words_new(MANY);
    uint64_t *plain = words_new(MANY);
    uint64_t random = 3;
    index_set_init(&set, MANY, words);
    for (uint32_t round = 0; round < ROUNDS; round++) {
        uint32_t left[MEMBERS];
        memcpy(left, members, sizeof left);
        for (uint32_t i = 0; i < MEMBERS; i++) {
            index_set_add(&set, members[i]);
        }
        for (uint32_t count = MEMBERS; count > 0; count--) {
            uint32_t drawn = draw_below(&random, count);
            uint32_t removed = left[drawn];
            struct index_set others;
            memmove(&left[drawn], &left[drawn + 1], (count - drawn - 1) * sizeof left[0]);
            index_set_remove(&set, removed);
            index_set_remove(&set, removed); /* which changes nothing */
            assert_false(index_set_has(&set, removed));
            index_set_init(&others, MANY, plain);
            for (uint32_t i = 0; i + 1 < count; i++) {
                index_set_add(&others, left[i]);
            }
            assert_memory_equal(words, plain, index_set_words(MANY) * sizeof *words);
            assert_int_equal(set.end, others.end);
            assert_int_equal(index_set_next(&set, 0), count > 1 ? left[0] : INDEX_NONE);
        }
        assert_true(index_set_is_empty(&set));
    }
    words_free(plain, MANY);
    words_free(words, MANY);
}

/* Whichever stands before it: the end is found in each bit of a word, and in each word of the summary. */
static void without_its_greatest_member_a_set_ends_at_the_one_before(void **state) {
    (void)state;
    struct index_set set;
    uint64_t *words = words_new(MANY);
    index_set_init(&set, MANY, words);
    for (uint32_t before = 0; before < MANY - 1; before++) {
        index_set_add(&set, before);
        index_set_add(&set, MANY - 1);
        index_set_remove(&set, MANY - 1);
        assert_int_equal(set.end, before + 1);
        index_set_remove(&set, before);
        assert_true(index_set_is_empty(&set));
    }
    words_free(words, MANY);
}

static void a_set_has_room_for_its_last_index_and_for_none(void **state) {
    (void)state;
    static const struct {
        uint32_t limit, words;
    } rooms[] = {{1, 2}, {63, 2}, {64, 3}, {65, 3}, {4095, 66}, {4096, 67}, {4097, 67}};
    struct index_set set;
    uint64_t *words = words_new(0);
    index_set_init(&set, 0, words);
    assert_true(index_set_is_empty(&set));
    assert_int_equal(index_set_next(&set, 0), INDEX_NONE);
    words_free(words, 0);
    for (unsigned i = 0; i < sizeof rooms / sizeof rooms[0]; i++) {
        uint32_t limit = rooms[i].limit;
        assert_int_equal(index_set_words(limit), rooms[i].words);
        words = words_new(limit);
        index_set_init(&set, limit, words);
        index_set_add(&set, limit - 1);
        assert_int_equal(index_set_next(&set, 0), limit - 1);
        words_free(words, limit);
    }
}

static void the_first_that_is_not_before_a_key_is_found_in_any_part(void **state) {
    (void)state;
    static const uint32_t list[] = {2, 3, 3, 5, 8, 8, 8, 13};
    enum { LENGTH = sizeof list / sizeof list[0] };
    for (uint32_t first = 0; first <= LENGTH; first++) {
        for (uint32_t end = first; end <= LENGTH; end++) {
            for (uint32_t key = 0; key <= 14; key++) {
                uint32_t plain = first;
                while (plain < end && list[plain] < key) {
                    plain++;
                }
                assert_int_equal(search_first(list, first, end, key, search_index_is_before),
                                 plain);
            }
        }
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(timers_come_in_the_order_of_their_deadlines_then_of_their_numbers),
        cmocka_unit_test(a_timer_that_does_not_run_never_comes),
        cmocka_unit_test(a_set_gives_each_index_once_and_in_order),
        cmocka_unit_test(the_next_member_is_found_however_far_it_is),
        cmocka_unit_test(a_set_that_was_emptied_holds_nothing_of_what_it_held),
        cmocka_unit_test(a_member_that_is_removed_leaves_the_others),
        cmocka_unit_test(without_its_greatest_member_a_set_ends_at_the_one_before),
        cmocka_unit_test(a_set_has_room_for_its_last_index_and_for_none),
        cmocka_unit_test(the_first_that_is_not_before_a_key_is_found_in_any_part),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
