/* SPDX-License-Identifier: Apache-2.0 */

/*
 * What the broker has beyond what is confirmed, over the end of an uplink process: an outbox leaves it,
 * another takes it over, in a scratch directory.
 */

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "gateway/uplink/taken_note.h"
#include "tests/support/cmocka.h"
#include "tests/support/scratch.h"

struct life {
    char state[64];
    char path[96];
    struct outbox before, after;
};

static int life_begin(void **state) {
    char path[96];
    struct life *life = calloc(1, sizeof *life);
    assert_non_null(life);
    (void)snprintf(life->state, sizeof life->state, "/tmp/taken-XXXXXX");
    assert_non_null(mkdtemp(life->state));
    (void)snprintf(path, sizeof path, "%s/uplink", life->state);
    assert_int_equal(mkdir(path, 0700), 0);
    (void)snprintf(life->path, sizeof life->path, "%s/uplink/taken", life->state);
    *state = life;
    return 0;
}

static int life_end(void **state) {
    struct life *life = *state;
    assert_int_equal(scratch_remove(life->state), 0);
    free(life);
    return 0;
}

static void welcome(struct outbox *outbox, uint64_t newest, uint64_t confirmed) {
    outbox_init(outbox);
    outbox_welcome(outbox, newest, (const uint64_t[OUTBOX_LANES]){confirmed, 0});
}

/* An outbox with a backlog behind `confirmed`, ahead of which the broker has taken seqs `from` … `to`. */
static void go_ahead(struct life *life, uint64_t confirmed, uint64_t from, uint64_t to) {
    welcome(&life->before, to, confirmed);
    for (uint64_t seq = from; seq <= to; seq++) {
        assert_true(outbox_recall(&life->before, seq, (uint32_t)seq));
    }
}

static void leave(struct life *life, const char *boot) {
    assert_int_equal(taken_note_leave(life->state, boot, &life->before), 0);
}

static uint32_t recall(struct life *life, const char *boot) {
    uint32_t count = taken_note_recall(life->state, boot, &life->after);
    outbox_check(&life->after);
    return count;
}

static void put(const struct life *life, const char *text) {
    FILE *file = fopen(life->path, "w");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

static void what_went_ahead_is_not_sent_again_by_the_next_process(void **state) {
    struct life *life = *state;
    struct outbox_read read;
    go_ahead(life, 3, 7, 9);
    leave(life, "17");
    welcome(&life->after, 10, 3);
    assert_int_equal(recall(life, "18"), 3);
    outbox_session_begin(&life->after);
    assert_true(outbox_next(&life->after, LANE_ALARM, &read));
    for (uint64_t seq = 4; seq <= 10; seq++) {
        bool taken = seq >= 7 && seq <= 9;
        assert_int_equal(outbox_offer(&life->after, &read, seq, (uint32_t)seq),
                         taken ? OUTBOX_SKIP : OUTBOX_SEND);
    }
    for (uint64_t seq = 4; seq <= 10; seq++) {
        outbox_taken(&life->after, LANE_ALARM, seq);
    }
    assert_int_equal(outbox_confirmed(&life->after, LANE_ALARM), 10);
}

static void a_note_is_used_once(void **state) {
    struct life *life = *state;
    go_ahead(life, 3, 7, 9);
    leave(life, "17");
    welcome(&life->after, 9, 3);
    assert_int_equal(recall(life, "17"), 3);
    assert_int_not_equal(access(life->path, F_OK), 0);
    welcome(&life->after, 9, 3);
    assert_int_equal(recall(life, "17"), 0);
}

static void what_is_confirmed_or_not_recorded_is_left_out(void **state) {
    struct life *life = *state;
    go_ahead(life, 3, 4, 9);
    leave(life, "17");
    welcome(&life->after, 8, 5);
    assert_int_equal(recall(life, "17"), 3); /* 6, 7 and 8 */
}

/* A journal that began anew has no boot as late as the note's, and its numbers mean other events. */
static void a_note_of_another_journal_is_not_believed(void **state) {
    struct life *life = *state;
    static const struct {
        const char *left_by, *welcomed_by;
        uint32_t count;
    } cases[] = {{"17", "17", 3}, {"17", "18", 3}, {"17", "16", 0}, {"17", "r0123456789abcdef", 0}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        go_ahead(life, 3, 7, 9);
        leave(life, cases[i].left_by);
        welcome(&life->after, 9, 3);
        assert_int_equal(recall(life, cases[i].welcomed_by), cases[i].count);
    }
}

static void nothing_is_left_of_nothing_or_without_a_journal(void **state) {
    struct life *life = *state;
    welcome(&life->before, 9, 3);
    leave(life, "17");
    assert_int_not_equal(access(life->path, F_OK), 0);
    go_ahead(life, 3, 7, 9);
    leave(life, "r0123456789abcdef");
    assert_int_not_equal(access(life->path, F_OK), 0);
}

/* Far numbers are the longest lines. */
static void as_many_as_the_table_holds_are_left_and_taken_over(void **state) {
    struct life *life = *state;
    const uint64_t from = UINT64_C(9999999999999999999) - OUTBOX_AHEAD_MAX;
    welcome(&life->before, UINT64_MAX, 3);
    for (uint64_t i = 0; i < OUTBOX_AHEAD_MAX; i++) {
        assert_true(outbox_recall(&life->before, from + i, UINT32_MAX));
    }
    assert_false(outbox_recall(&life->before, from + OUTBOX_AHEAD_MAX, UINT32_MAX));
    leave(life, "18446744073709551615");
    welcome(&life->after, UINT64_MAX, 3);
    assert_int_equal(recall(life, "18446744073709551615"), OUTBOX_AHEAD_MAX);
}

static void a_damaged_note_is_read_as_far_as_it_is_sound(void **state) {
    struct life *life = *state;
    static const struct {
        const char *text;
        uint32_t count;
    } cases[] = {
        {"", 0},
        {"\n", 0},
        {"17", 0},
        {"17\n", 0},
        {"0\n7 1\n", 0},
        {"-1\n7 1\n", 0},
        {"99999999999999999999\n7 1\n", 0},
        {"17\n7 1", 1},
        {"17\n7 1\n8\n9 1\n", 1},
        {"17\n7 1\n8 \n9 1\n", 1},
        {"17\n7 1\n8 0\n9 1\n", 1},
        {"17\n7 1\n8 4294967295\n9 4294967296\n", 2},
        {"17\n7 1\n8 x\n9 1\n", 1},
        {"17\n7 1\n7 1\n9 1\n", 2},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        put(life, cases[i].text);
        welcome(&life->after, 9, 3);
        assert_int_equal(recall(life, "17"), cases[i].count);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_went_ahead_is_not_sent_again_by_the_next_process,
                                        life_begin, life_end),
        cmocka_unit_test_setup_teardown(a_note_is_used_once, life_begin, life_end),
        cmocka_unit_test_setup_teardown(what_is_confirmed_or_not_recorded_is_left_out, life_begin,
                                        life_end),
        cmocka_unit_test_setup_teardown(a_note_of_another_journal_is_not_believed, life_begin,
                                        life_end),
        cmocka_unit_test_setup_teardown(nothing_is_left_of_nothing_or_without_a_journal, life_begin,
                                        life_end),
        cmocka_unit_test_setup_teardown(as_many_as_the_table_holds_are_left_and_taken_over,
                                        life_begin, life_end),
        cmocka_unit_test_setup_teardown(a_damaged_note_is_read_as_far_as_it_is_sound, life_begin,
                                        life_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
