/* SPDX-License-Identifier: Apache-2.0 */

/* Which losses the next engine is given, and when they are over. */
#include "gateway/losses.h"
#include "gateway/process.h"
#include "tests/support/cmocka.h"

static struct loss loss(enum process_role role, uint64_t ended_ns) {
    return (struct loss){
        .role = role, .end = LOSS_KILLED, .code = 9, .since_ns = ended_ns, .ended_ns = ended_ns};
}

static void add(struct losses *losses, enum process_role role, uint64_t ended_ns) {
    const struct loss one = loss(role, ended_ns);
    losses_add(losses, &one);
}

static void what_an_engine_has_recorded_is_not_given_to_the_next(void **state) {
    struct losses losses = {0};
    (void)state;
    add(&losses, PROCESS_ENGINE, 10);
    add(&losses, PROCESS_UPLINK, 11);
    add(&losses, PROCESS_ENGINE, 20);
    assert_int_equal(losses.newest, 3);
    losses_recorded(&losses, 2);
    assert_int_equal(losses.count, 1);
    assert_int_equal(losses.list[0].ended_ns, 20);
    losses_recorded(&losses, 2); /* said again */
    assert_int_equal(losses.count, 1);
}

static void a_serial_is_never_used_again(void **state) {
    struct losses losses = {0};
    (void)state;
    add(&losses, PROCESS_FIELD, 10);
    losses_recorded(&losses, 1);
    assert_int_equal(losses.count, 0);
    add(&losses, PROCESS_FIELD, 20);
    assert_int_equal(losses.list[0].serial, 2);
    losses_recorded(&losses, 1); /* of the one before, heard late */
    assert_int_equal(losses.count, 1);
}

static void as_many_as_there_is_room_for_are_kept(void **state) {
    struct losses losses = {0};
    (void)state;
    for (uint32_t i = 0; i < LOSSES_MAX; i++) {
        add(&losses, PROCESS_ENGINE, i + 1);
    }
    assert_int_equal(losses.count, LOSSES_MAX);
    assert_int_equal(losses.displaced, 0);
    assert_int_equal(losses.list[LOSSES_MAX - 1].ended_ns, LOSSES_MAX);
}

static void one_more_is_counted_and_costs_neither_the_first_nor_the_newest(void **state) {
    struct losses losses = {0};
    (void)state;
    for (uint32_t i = 0; i <= LOSSES_MAX; i++) {
        add(&losses, PROCESS_ENGINE, i + 1);
    }
    assert_int_equal(losses.count, LOSSES_MAX);
    assert_int_equal(losses.displaced, 1);
    assert_int_equal(losses.list[0].ended_ns, 1);
    assert_int_equal(losses.list[LOSSES_MAX - 1].ended_ns, LOSSES_MAX + 1);
    assert_int_equal(losses.list[LOSSES_MAX - 1].serial, LOSSES_MAX + 1);
    losses_recorded(&losses, LOSSES_MAX + 1);
    assert_int_equal(losses.count, 0);
    assert_int_equal(losses.displaced, 0);
}

static void an_end_is_told_in_both_languages(void **state) {
    static const struct {
        enum loss_end end;
        uint32_t code;
        const char *zh, *en;
    } rows[] = {
        {LOSS_UNKNOWN, 0, "", ""},
        {LOSS_KILLED, 9, "被信号 9 终止", "killed by signal 9"},
        {LOSS_EXITED, 127, "以代码 127 退出", "exited with 127"},
        {LOSS_HUNG, 0, "停止响应后被终止", "did not answer and was killed"},
        {LOSS_NOT_STARTED, 0, "无法启动", "could not be started"},
    };
    (void)state;
    assert_int_equal(sizeof rows / sizeof *rows, LOSS_END_COUNT);
    for (uint32_t i = 0; i < LOSS_END_COUNT; i++) {
        char text[LOSS_TEXT_SIZE];
        assert_int_equal(rows[i].end, i);
        loss_text(rows[i].end, rows[i].code, true, text);
        assert_string_equal(text, rows[i].zh);
        loss_text(rows[i].end, rows[i].code, false, text);
        assert_string_equal(text, rows[i].en);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_an_engine_has_recorded_is_not_given_to_the_next),
        cmocka_unit_test(a_serial_is_never_used_again),
        cmocka_unit_test(as_many_as_there_is_room_for_are_kept),
        cmocka_unit_test(one_more_is_counted_and_costs_neither_the_first_nor_the_newest),
        cmocka_unit_test(an_end_is_told_in_both_languages),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
