/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The boards of alarm states and point values: what is published, how often, and what never is.
 */

#include <stdio.h>
#include <string.h>

#include "gateway/uplink/alarm_board.h"
#include "gateway/uplink/point_board.h"
#include "tests/support/cmocka.h"

/* ---- alarms ---- */

static void alarm_tell(struct alarm_board *board, uint32_t alarm, bool open, uint32_t snapshot) {
    struct wire_alarm_state state = {.alarm = alarm, .snapshot = snapshot};
    state.record.axes.open = open;
    state.record.axes.active = open;
    alarm_board_update(board, &state);
}

/* Publish all that waits: "1+" a state, "1-" an empty payload; the broker takes each. */
static const char *alarm_publish(struct alarm_board *board, char ret[256]) {
    uint32_t alarm;
    size_t len = 0;
    ret[0] = '\0';
    while (alarm_board_next(board, &alarm)) {
        bool open = alarm_board_is_open(board, alarm);
        len += (size_t)snprintf(ret + len, 256 - len, "%s%u%c", len == 0 ? "" : " ", alarm,
                                open ? '+' : '-');
        alarm_board_taken(board, alarm);
    }
    return ret;
}

static void a_state_is_published_while_it_is_not_normal_and_emptied_after(void **state) {
    (void)state;
    struct alarm_board board;
    char said[256];
    assert_int_equal(alarm_board_init(&board, 4), 0);
    alarm_tell(&board, 0, false, 2);
    alarm_tell(&board, 2, true, 0);
    assert_string_equal(alarm_publish(&board, said), "2+");
    alarm_tell(&board, 2, false, 0);
    assert_string_equal(alarm_publish(&board, said), "2-");
    alarm_tell(&board, 2, false, 0);
    assert_string_equal(alarm_publish(&board, said), "");
    alarm_board_deinit(&board);
}

static void changes_that_wait_are_published_once_as_they_stand_then(void **state) {
    (void)state;
    struct alarm_board board;
    char said[256];
    assert_int_equal(alarm_board_init(&board, 4), 0);
    for (int i = 0; i < 1000; i++) {
        alarm_tell(&board, 1, true, 0);
        alarm_tell(&board, 3, i % 2 == 0, 0);
        alarm_tell(&board, 1, false, 0);
    }
    alarm_tell(&board, 1, true, 0);
    assert_string_equal(alarm_publish(&board, said), "1+ 3-");
    alarm_board_deinit(&board);
}

static void a_delay_that_runs_is_not_told(void **state) {
    (void)state;
    struct alarm_board board;
    char said[256];
    assert_int_equal(alarm_board_init(&board, 4), 0);
    struct wire_alarm_state pending = {.alarm = 1};
    pending.record.axes.pending = true;
    alarm_board_update(&board, &pending);
    assert_string_equal(alarm_publish(&board, said), "");
    alarm_board_deinit(&board);
}

static void a_new_session_publishes_again_what_is_open(void **state) {
    (void)state;
    struct alarm_board board;
    char said[256];
    assert_int_equal(alarm_board_init(&board, 4), 0);
    alarm_tell(&board, 1, true, 1);
    alarm_tell(&board, 3, true, 1);
    alarm_tell(&board, 0, false, 2);
    (void)alarm_publish(&board, said);
    alarm_board_session(&board);
    assert_string_equal(alarm_publish(&board, said), "1+ 3+");
    alarm_board_deinit(&board);
}

static void
a_state_that_somebody_overwrites_is_published_once_for_all_that_he_writes(void **state) {
    (void)state;
    struct alarm_board board;
    char said[256];
    assert_int_equal(alarm_board_init(&board, 4), 0);
    alarm_tell(&board, 0, false, 2);
    alarm_tell(&board, 1, true, 0);
    (void)alarm_publish(&board, said);
    for (int i = 0; i < 1000; i++) {
        alarm_board_overwritten(&board, 1);
        alarm_board_overwritten(&board, 3);
    }
    assert_string_equal(alarm_publish(&board, said), "");
    alarm_board_mend(&board);
    assert_string_equal(alarm_publish(&board, said), "1+ 3-");
    alarm_board_mend(&board);
    assert_string_equal(alarm_publish(&board, said), "");
    alarm_board_deinit(&board);
}

static void an_empty_payload_that_was_lost_is_sent_in_the_next_session(void **state) {
    (void)state;
    struct alarm_board board;
    char said[256];
    uint32_t alarm;
    assert_int_equal(alarm_board_init(&board, 4), 0);
    alarm_tell(&board, 0, false, 2);
    alarm_tell(&board, 1, true, 0);
    (void)alarm_publish(&board, said);
    alarm_tell(&board, 1, false, 0);
    assert_true(alarm_board_next(&board, &alarm)); /* in flight when the line broke: never taken */
    alarm_board_session(&board);
    assert_string_equal(alarm_publish(&board, said), "1-");
    alarm_board_session(&board);
    assert_string_equal(alarm_publish(&board, said), "");
    alarm_board_deinit(&board);
}

/* A state that another life of this process left on the broker would stand there for ever. */
static void what_the_broker_still_holds_of_a_normal_alarm_is_emptied(void **state) {
    (void)state;
    struct alarm_board board;
    char said[256];
    assert_int_equal(alarm_board_init(&board, 4), 0);
    alarm_tell(&board, 1, true, 1);
    alarm_board_held(&board, 1);
    alarm_board_held(&board, 2);
    assert_string_equal(alarm_publish(&board, said), "1+"); /* 2 is not known to be normal yet */
    alarm_tell(&board, 0, false, 2);
    assert_string_equal(alarm_publish(&board, said), "2-");
    alarm_board_held(&board, 3);
    assert_string_equal(alarm_publish(&board, said), "3-");
    alarm_board_deinit(&board);
}

static void what_a_restarted_engine_no_longer_lists_is_normal(void **state) {
    (void)state;
    struct alarm_board board;
    char said[256];
    assert_int_equal(alarm_board_init(&board, 4), 0);
    alarm_tell(&board, 1, true, 1);
    alarm_tell(&board, 2, true, 1);
    alarm_tell(&board, 0, false, 2);
    (void)alarm_publish(&board, said);
    alarm_board_welcome(&board);
    alarm_tell(&board, 2, true, 1);
    assert_string_equal(alarm_publish(&board, said), "2+");
    alarm_tell(&board, 0, false, 2);
    assert_string_equal(alarm_publish(&board, said), "1-");
    alarm_board_deinit(&board);
}

static void an_alarm_that_the_site_does_not_have_is_ignored(void **state) {
    (void)state;
    struct alarm_board board;
    char said[256];
    assert_int_equal(alarm_board_init(&board, 4), 0);
    alarm_tell(&board, 4, true, 0);
    alarm_tell(&board, UINT32_MAX, true, 0);
    assert_string_equal(alarm_publish(&board, said), "");
    alarm_board_deinit(&board);
    assert_int_equal(alarm_board_init(&board, 0), 0);
    alarm_tell(&board, 0, true, 0);
    alarm_tell(&board, 0, true, 2);
    assert_string_equal(alarm_publish(&board, said), "");
    alarm_board_deinit(&board);
}

/* ---- points ---- */

enum { TEMPERATURE, MOTION, READER, CHECKPOINT, POINTS };

static const struct ruleset_point points[POINTS] = {
    [TEMPERATURE] = {.kind = POINT_TEMPERATURE},
    [MOTION] = {.kind = POINT_MOTION},
    [READER] = {.kind = POINT_ACCESS_READER},
    [CHECKPOINT] = {.kind = POINT_CHECKPOINT},
};
static const double deadbands[POINTS] = {[TEMPERATURE] = 0.5};

static struct point_board point_make(void) {
    struct point_board board;
    assert_int_equal(point_board_init(&board, POINTS, points, deadbands, (struct instant){0}), 0);
    return board;
}

static void point_tell(struct point_board *board, uint32_t point, double value,
                       enum quality quality) {
    const struct wire_point_value message = {.point = point, .quality = quality, .value = value};
    point_board_update(board, &message);
}

static uint32_t point_publish(struct point_board *board) {
    uint32_t point;
    uint32_t count = 0;
    while (point_board_next(board, &point)) {
        assert_true(point == TEMPERATURE || point == MOTION);
        count++;
    }
    return count;
}

static void a_value_is_published_when_it_has_moved_by_its_deadband(void **state) {
    (void)state;
    static const struct {
        double value;
        uint32_t published;
    } table[] = {{20, 1}, {20.25, 0}, {20.375, 0}, {20.5, 1}, {20.25, 0}, {20, 1}, {30, 1}};
    struct point_board board = point_make();
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        point_tell(&board, TEMPERATURE, table[i].value, QUALITY_GOOD);
        assert_int_equal(point_publish(&board), table[i].published);
    }
    point_board_deinit(&board);
}

static void a_slow_drift_is_measured_from_what_was_published(void **state) {
    (void)state;
    struct point_board board = point_make();
    uint32_t published = 0;
    for (int i = 0; i <= 100; i++) {
        point_tell(&board, TEMPERATURE, 20 + i * 0.125, QUALITY_GOOD);
        published += point_publish(&board);
    }
    assert_int_equal(published, 26); /* 12.5 degrees in steps of 0.5, and the first */
    point_board_deinit(&board);
}

static void a_truth_is_published_at_each_change_and_not_between(void **state) {
    (void)state;
    struct point_board board = point_make();
    point_tell(&board, MOTION, 0, QUALITY_GOOD);
    assert_int_equal(point_publish(&board), 1);
    point_tell(&board, MOTION, 0, QUALITY_GOOD);
    assert_int_equal(point_publish(&board), 0);
    point_tell(&board, MOTION, 1, QUALITY_GOOD);
    assert_int_equal(point_publish(&board), 1);
    point_board_deinit(&board);
}

static void a_change_of_quality_is_always_published(void **state) {
    (void)state;
    struct point_board board = point_make();
    point_tell(&board, TEMPERATURE, 20, QUALITY_GOOD);
    assert_int_equal(point_publish(&board), 1);
    point_tell(&board, TEMPERATURE, 20, QUALITY_STALE);
    assert_int_equal(point_publish(&board), 1);
    point_tell(&board, TEMPERATURE, 20, QUALITY_GOOD);
    assert_int_equal(point_publish(&board), 1);
    point_board_deinit(&board);
}

static void an_event_point_is_never_published(void **state) {
    (void)state;
    struct point_board board = point_make();
    point_tell(&board, READER, 1, QUALITY_GOOD);
    point_tell(&board, CHECKPOINT, 1, QUALITY_GOOD);
    point_board_session(&board);
    point_board_tick(&board, (struct instant){2 * POINT_BOARD_ROUND_NS});
    assert_int_equal(point_publish(&board), 0);
    point_board_deinit(&board);
}

static void while_the_line_is_down_a_point_takes_one_place(void **state) {
    (void)state;
    struct point_board board = point_make();
    for (int i = 0; i < 100000; i++) {
        point_tell(&board, MOTION, i % 2, QUALITY_GOOD);
        point_tell(&board, TEMPERATURE, i, QUALITY_GOOD);
    }
    assert_int_equal(board.queued, 2);
    assert_int_equal(point_publish(&board), 2);
    point_board_deinit(&board);
}

static void each_point_is_repeated_every_ten_minutes_and_not_all_at_once(void **state) {
    (void)state;
    struct point_board board = point_make();
    point_tell(&board, MOTION, 1, QUALITY_GOOD);
    point_tell(&board, TEMPERATURE, 20, QUALITY_GOOD);
    assert_int_equal(point_publish(&board), 2);
    uint32_t published = 0;
    for (uint64_t s = 1; s <= 3600; s++) {
        point_board_tick(&board, (struct instant){s * NS_PER_S});
        uint32_t now = point_publish(&board);
        assert_true(now <= 1);
        published += now;
    }
    assert_int_equal(published, 12); /* two points, six times in the hour */
    point_board_deinit(&board);
}

static void a_new_session_repeats_every_known_value(void **state) {
    (void)state;
    struct point_board board = point_make();
    point_tell(&board, MOTION, 1, QUALITY_GOOD);
    (void)point_publish(&board);
    point_board_session(&board);
    assert_int_equal(point_publish(&board), 1); /* the temperature is not known yet */
    point_board_deinit(&board);
}

static void a_point_that_the_site_does_not_have_is_ignored(void **state) {
    (void)state;
    struct point_board board = point_make();
    point_tell(&board, POINTS, 1, QUALITY_GOOD);
    assert_int_equal(point_publish(&board), 0);
    point_board_deinit(&board);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_state_is_published_while_it_is_not_normal_and_emptied_after),
        cmocka_unit_test(changes_that_wait_are_published_once_as_they_stand_then),
        cmocka_unit_test(a_delay_that_runs_is_not_told),
        cmocka_unit_test(a_new_session_publishes_again_what_is_open),
        cmocka_unit_test(a_state_that_somebody_overwrites_is_published_once_for_all_that_he_writes),
        cmocka_unit_test(an_empty_payload_that_was_lost_is_sent_in_the_next_session),
        cmocka_unit_test(what_the_broker_still_holds_of_a_normal_alarm_is_emptied),
        cmocka_unit_test(what_a_restarted_engine_no_longer_lists_is_normal),
        cmocka_unit_test(an_alarm_that_the_site_does_not_have_is_ignored),
        cmocka_unit_test(a_value_is_published_when_it_has_moved_by_its_deadband),
        cmocka_unit_test(a_slow_drift_is_measured_from_what_was_published),
        cmocka_unit_test(a_truth_is_published_at_each_change_and_not_between),
        cmocka_unit_test(a_change_of_quality_is_always_published),
        cmocka_unit_test(an_event_point_is_never_published),
        cmocka_unit_test(while_the_line_is_down_a_point_takes_one_place),
        cmocka_unit_test(each_point_is_repeated_every_ten_minutes_and_not_all_at_once),
        cmocka_unit_test(a_new_session_repeats_every_known_value),
        cmocka_unit_test(a_point_that_the_site_does_not_have_is_ignored),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
