/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Events as they come, and a backlog: under which topic, in which order, with which marks, and how the
 * window is shared.
 */

#include <stdlib.h>

#include "tests/support/cmocka.h"
#include "tests/support/feeder_scene.h"

static void a_live_event_is_published_inside_the_call_that_brings_it(void **state) {
    (void)state;
    struct scene *scene = scene_new(10);
    scene_connect(scene);
    scene_record(scene, LANE_ALARM);
    scene_tell(scene, 1);
    assert_int_equal(scene->count, 1);
    assert_int_equal(scene->reads, 0);
    const struct message *message = scene_message(scene, 0);
    assert_string_equal(message->topic, ROOT "/event/alarm/call/emergency");
    assert_false(message->retained);
    assert_true(message_is(message, "durable"));
    assert_false(message_is(message, "replayed"));
    scene_free(scene);
}

static void an_activity_event_goes_under_its_type(void **state) {
    (void)state;
    struct scene *scene = scene_new(10);
    scene_connect(scene);
    scene_happen(scene, LANE_ACTIVITY);
    assert_string_equal(scene_message(scene, 0)->topic, ROOT "/event/activity/access/granted");
    scene_free(scene);
}

static void a_backlog_is_marked_and_goes_out_with_alarms_first(void **state) {
    (void)state;
    struct scene *scene = scene_new(100);
    scene->down = true;
    scene_happen(scene, LANE_ACTIVITY);
    scene_happen(scene, LANE_ALARM);
    scene_happen(scene, LANE_ALARM);
    assert_int_equal(scene->count, 0);
    scene_connect(scene);
    assert_int_equal(scene->count, 3);
    assert_int_equal(message_seq(scene_message(scene, 0)), 2);
    assert_int_equal(message_seq(scene_message(scene, 1)), 3);
    assert_int_equal(message_seq(scene_message(scene, 2)), 1);
    for (uint32_t i = 0; i < 3; i++) {
        assert_true(message_is(scene_message(scene, i), "replayed"));
        assert_true(message_is(scene_message(scene, i), "durable"));
    }
    assert_string_equal(scene_message(scene, 0)->topic, ROOT "/event/alarm/call/emergency");
    assert_string_equal(scene_message(scene, 2)->topic, ROOT "/event/activity/access/granted");
    scene_take_everything(scene);
    assert_int_equal(outbox_confirmed(&scene->feeder.outbox, LANE_ALARM), 3);
    assert_int_equal(outbox_confirmed(&scene->feeder.outbox, LANE_ACTIVITY), 1);
    scene_free(scene);
}

static void a_long_backlog_arrives_whole_and_once(void **state) {
    (void)state;
    struct scene *scene = scene_new(20);
    scene->down = true;
    for (int i = 0; i < 1500; i++) {
        scene_record(scene, i % 3 == 0 ? LANE_ALARM : LANE_ACTIVITY);
    }
    const struct wire_journal journal = {.newest_seq = 1500, .alarm = RULESET_NONE};
    feeder_journal(&scene->feeder, &journal);
    scene_connect(scene);
    scene_take_everything(scene);
    assert_int_equal(scene->count, 1500);
    bool *seen = calloc(1501, sizeof *seen);
    assert_non_null(seen);
    for (uint32_t i = 0; i < scene->count; i++) {
        uint64_t seq = message_seq(scene_message(scene, i));
        assert_false(seen[seq]);
        seen[seq] = true;
    }
    free(seen);
    assert_true(scene->reads < 30); /* in batches, not one query for each event */
    scene_free(scene);
}

/* A window that is let run empty before it is filled again makes the broker wait for us. */
static void each_answer_is_followed_at_once_by_the_next_of_a_backlog(void **state) {
    (void)state;
    struct scene *scene = scene_new(100);
    scene->down = true;
    scene_record_unheard(scene, LANE_ALARM, READ_AHEAD_ROWS_MAX + 500);
    scene_connect(scene);
    assert_int_equal(scene_in_flight(scene), 100);
    for (uint32_t i = 0; i < 400; i++) {
        scene_take_oldest(scene);
        assert_int_equal(scene_in_flight(scene), 100);
        assert_int_equal(message_seq(scene_message(scene, 100 + i)), 101 + i);
    }
    assert_int_equal(scene->reads, 2);
    assert_int_equal(scene->feeder.counters.backlog_reads, 2);
    assert_int_equal(feeder_read_ahead(&scene->feeder), 2 * READ_AHEAD_ROWS_MAX - 500);
    scene_free(scene);
}

static void what_was_read_ahead_is_read_anew_in_another_session(void **state) {
    (void)state;
    struct scene *scene = scene_new(100);
    scene->down = true;
    scene_record_unheard(scene, LANE_ACTIVITY, 200);
    scene_connect(scene);
    scene_take_oldest(scene);
    scene_take_oldest(scene);
    assert_int_equal(feeder_read_ahead(&scene->feeder), 200 - 77);
    scene_lose(scene);
    assert_int_equal(feeder_read_ahead(&scene->feeder), 0);
    uint32_t before = scene->count;
    scene_connect(scene);
    scene_take_everything(scene);
    for (uint32_t i = before; i < scene->count; i++) {
        assert_int_equal(message_seq(scene_message(scene, i)), 3 + i - before);
    }
    assert_int_equal(scene->count, before + 198);
    scene_free(scene);
}

/* What follows a damaged journal has other events under the same numbers. */
static void what_was_read_ahead_of_another_journal_is_never_sent(void **state) {
    (void)state;
    struct scene *scene = scene_new(10);
    scene->down = true;
    scene_record_unheard(scene, LANE_ALARM, 50);
    scene_connect(scene);
    scene_take_everything(scene);
    scene_record_unheard(scene, LANE_ALARM, 50);
    (void)feeder_pump(&scene->feeder);
    assert_int_equal(feeder_read_ahead(&scene->feeder), 40);
    const struct wire_welcome welcome = {.boot = "18", .newest_seq = 20};
    uint32_t before = scene->count;
    scene->newest = 20;
    for (uint64_t seq = 1; seq <= 20; seq++) {
        scene->journal[seq].lane = LANE_ACTIVITY;
    }
    feeder_welcome(&scene->feeder, &welcome);
    scene_take_everything(scene);
    assert_int_equal(scene_published(scene, before, ROOT "/event/alarm/"), 0);
    assert_int_equal(scene_published(scene, before, ROOT "/event/activity/"), 20);
    scene_free(scene);
}

/* The backlog of calls has been read; a fire, and what the journal has of it, still goes first. */
static void an_alarm_overtakes_what_was_read_ahead_and_is_sent_once(void **state) {
    (void)state;
    struct scene *scene = scene_new(10);
    scene->down = true;
    scene_record_unheard(scene, LANE_ALARM, 200);
    scene->journal[150].alarm = CONSOLE_SITE_FIRE;
    scene_connect(scene);
    assert_int_equal(feeder_read_ahead(&scene->feeder), 190);
    scene_record(scene, LANE_ALARM);
    scene->journal[201].alarm = CONSOLE_SITE_FIRE;
    scene_tell(scene, 201);
    scene_take_oldest(scene);
    scene_take_oldest(scene);
    assert_int_equal(scene->count, 12);
    assert_int_equal(message_seq(scene_message(scene, 10)), 150);
    assert_int_equal(message_seq(scene_message(scene, 11)), 201);
    assert_false(message_is(scene_message(scene, 11), "replayed"));
    scene_take_everything(scene);
    assert_int_equal(scene->count, 201);
    assert_int_equal(outbox_confirmed(&scene->feeder.outbox, LANE_ALARM), 201);
    scene_free(scene);
}

/* For each message that the broker takes two more come, of an alarm that nobody is called for. */
static void alarms_that_keep_coming_leave_the_oldest_a_quarter_of_a_window_of_twenty(void **state) {
    enum { BACKLOG = 600, TAKES = 400, WINDOW = 20 };
    (void)state;
    struct scene *scene = scene_new(WINDOW);
    scene->down = true;
    scene_record_unheard(scene, LANE_ALARM, BACKLOG);
    scene_connect(scene);
    for (uint32_t i = 0; i < TAKES; i++) {
        for (int k = 0; k < 2; k++) {
            scene_record(scene, LANE_ALARM);
            scene->journal[scene->newest].alarm = CONSOLE_SITE_UPLINK;
            scene_tell(scene, scene->newest);
        }
        scene_take_oldest(scene);
    }
    assert_int_equal(scene->count, WINDOW + TAKES);
    uint32_t oldest = 0;
    for (uint32_t i = WINDOW; i < scene->count; i++) {
        oldest += message_seq(scene_message(scene, i)) <= BACKLOG;
    }
    assert_int_equal(oldest, TAKES / 4);
    scene_take_everything(scene);
    assert_int_equal(scene->count, scene->newest);
    assert_int_equal(outbox_confirmed(&scene->feeder.outbox, LANE_ALARM), scene->newest);
    scene_free(scene);
}

/* News that comes while the rest of the backlog is in memory waits its turn behind it. */
static void news_of_activity_follows_what_was_read_ahead(void **state) {
    (void)state;
    struct scene *scene = scene_new(100);
    scene->down = true;
    scene_record_unheard(scene, LANE_ACTIVITY, 100);
    scene_connect(scene);
    scene_happen(scene, LANE_ACTIVITY);
    assert_int_equal(scene_in_flight(scene), 75);
    scene_take_everything(scene);
    assert_int_equal(scene->count, 101);
    for (uint32_t i = 0; i < 101; i++) {
        assert_int_equal(message_seq(scene_message(scene, i)), i + 1);
    }
    assert_false(message_is(scene_message(scene, 100), "replayed"));
    scene_free(scene);
}

static void a_broken_line_is_taken_up_where_the_broker_left_it(void **state) {
    (void)state;
    struct scene *scene = scene_new(10);
    scene_connect(scene);
    scene_happen(scene, LANE_ALARM);
    scene_take_everything(scene);
    scene_happen(scene, LANE_ALARM); /* in flight when the line breaks */
    scene_lose(scene);
    scene_happen(scene, LANE_ALARM);
    uint32_t before = scene->count;
    scene_connect(scene);
    assert_int_equal(scene->count, before + 2);
    assert_int_equal(message_seq(scene_message(scene, before)), 2);
    assert_int_equal(message_seq(scene_message(scene, before + 1)), 3);
    scene_free(scene);
}

/* 100 places: activity may use 75, values and states 87, alarms all. */
static void lesser_things_leave_room_for_an_alarm(void **state) {
    (void)state;
    struct scene *scene = scene_new(100);
    scene_connect(scene);
    for (int i = 0; i < 200; i++) {
        scene_happen(scene, LANE_ACTIVITY);
    }
    assert_int_equal(scene_in_flight(scene), 75);
    scene_value(scene, CONSOLE_SITE_TEMPERATURE, 1);
    assert_int_equal(scene_in_flight(scene), 76);
    for (int i = 2; i < 40; i++) {
        scene_value(scene, CONSOLE_SITE_TEMPERATURE, i);
    }
    assert_int_equal(scene_in_flight(scene), 88);
    for (int i = 0; i < 12; i++) {
        scene_record(scene, LANE_ALARM);
        scene_tell(scene, scene->newest);
    }
    assert_int_equal(scene_in_flight(scene), 100);
    assert_int_equal(scene_published(scene, 0, ROOT "/event/alarm/"), 12);
    scene_free(scene);
}

static void a_window_of_one_still_carries_everything(void **state) {
    (void)state;
    struct scene *scene = scene_new(1);
    scene_connect(scene);
    scene_happen(scene, LANE_ACTIVITY);
    scene_happen(scene, LANE_ALARM);
    scene_alarm(scene, CONSOLE_SITE_CALL, true, 0);
    scene_value(scene, CONSOLE_SITE_TEMPERATURE, 1);
    scene_take_everything(scene);
    assert_int_equal(scene->count, 4);
    scene_free(scene);
}

static void a_journal_that_cannot_be_read_is_not_asked_over_and_over(void **state) {
    (void)state;
    struct scene *scene = scene_new(10);
    scene->down = true;
    scene_record(scene, LANE_ALARM);
    const struct wire_journal journal = {.newest_seq = 1, .alarm = RULESET_NONE};
    feeder_journal(&scene->feeder, &journal);
    scene->journal_gone = true;
    scene_connect(scene);
    for (int i = 0; i < 100; i++) {
        assert_false(feeder_pump(&scene->feeder));
    }
    assert_int_equal(scene->reads, 1);
    scene->journal_gone = false;
    feeder_tick(&scene->feeder, clock_instant(), clock_real_ns());
    (void)feeder_pump(&scene->feeder);
    assert_int_equal(scene->count, 1);
    assert_int_equal(message_seq(scene_message(scene, 0)), 1);
    scene_free(scene);
}

/* A session with an event of an alarm that waits in a journal which cannot be read. */
static struct scene *scene_without_journal(void) {
    struct scene *scene = scene_new(10);
    scene->down = true;
    scene_record(scene, LANE_ALARM);
    const struct wire_journal journal = {.newest_seq = 1, .alarm = RULESET_NONE};
    feeder_journal(&scene->feeder, &journal);
    scene->journal_gone = true;
    scene_connect(scene);
    assert_true(feeder_is_patient(&scene->feeder));
    return scene;
}

static void look_again(struct scene *scene, uint64_t later_ns) {
    feeder_look_again(&scene->feeder, scene->feeder.unread_since_ns + later_ns);
    (void)feeder_pump(&scene->feeder);
}

static void a_journal_that_is_away_for_a_moment_keeps_an_alarm_in_order(void **state) {
    (void)state;
    struct scene *scene = scene_without_journal();
    scene_happen(scene, LANE_ALARM);
    look_again(scene, FEEDER_PATIENCE_NS - 1);
    assert_int_equal(scene->count, 0);
    scene->journal_gone = false;
    look_again(scene, FEEDER_PATIENCE_NS - 1);
    scene_take_everything(scene);
    assert_int_equal(scene->count, 2);
    assert_int_equal(message_seq(scene_message(scene, 0)), 1);
    assert_int_equal(message_seq(scene_message(scene, 1)), 2);
    assert_int_equal(scene->feeder.outbox.ahead_of_journal, 0);
    scene_free(scene);
}

/* The first read that fails is the one for this very news. */
static void a_journal_that_goes_away_with_the_news_keeps_it_in_order_too(void **state) {
    (void)state;
    struct scene *scene = scene_new(2);
    scene_record_unheard(scene, LANE_ALARM, 5);
    scene_connect(scene); /* the window is full with the first of them */
    assert_int_equal(scene->count, 2);
    scene->journal_gone = true;
    feeder_welcome(&scene->feeder,
                   &(struct wire_welcome){.newest_seq = 5}); /* what was read is read anew */
    feeder_taken(&scene->feeder, scene_message(scene, 0)->ticket);
    scene->messages[0].in_flight = false;
    scene_happen(scene, LANE_ALARM);
    assert_int_equal(scene->count, 2);
    assert_true(feeder_is_patient(&scene->feeder));
    look_again(scene, FEEDER_PATIENCE_NS);
    assert_int_equal(scene->count, 3);
    assert_int_equal(message_seq(scene_message(scene, 2)), 6);
    scene_free(scene);
}

static void
a_journal_that_stays_away_keeps_no_alarm_waiting_and_each_that_goes_ahead_is_counted(void **state) {
    (void)state;
    struct scene *scene = scene_without_journal();
    scene_happen(scene, LANE_ALARM);
    look_again(scene, FEEDER_PATIENCE_NS);
    assert_int_equal(scene->count, 1);
    assert_int_equal(message_seq(scene_message(scene, 0)), 2);
    assert_false(message_is(scene_message(scene, 0), "replayed"));
    scene_happen(scene, LANE_ALARM); /* and from then on at once */
    assert_int_equal(scene->count, 2);
    assert_int_equal(scene->feeder.outbox.ahead_of_journal, 2);
    assert_int_equal(scene->feeder.outbox.ahead_first_seq, 2);
    assert_int_equal(scene->feeder.outbox.ahead_last_seq, 3);
    scene->journal_gone = false;
    feeder_tick(&scene->feeder, clock_instant(), clock_real_ns());
    (void)feeder_pump(&scene->feeder);
    scene_take_everything(scene);
    assert_int_equal(scene->count, 3);
    assert_int_equal(message_seq(scene_message(scene, 2)), 1);
    assert_int_equal(outbox_confirmed(&scene->feeder.outbox, LANE_ALARM), 3);
    assert_false(feeder_is_patient(&scene->feeder));
    scene_free(scene);
}

static void more_news_than_can_be_kept_ends_the_wait_for_the_journal(void **state) {
    (void)state;
    struct scene *scene = scene_without_journal();
    scene->window = HELD_MAX + 10;
    for (int i = 0; i < HELD_MAX; i++) {
        scene_happen(scene, LANE_ALARM);
    }
    assert_int_equal(scene->count, 0);
    scene_happen(scene, LANE_ALARM);
    assert_int_equal(scene->count, HELD_MAX + 1);
    for (uint32_t i = 0; i < scene->count; i++) {
        assert_int_equal(message_seq(scene_message(scene, i)), i + 2);
    }
    scene_free(scene);
}

static void what_waits_for_a_journal_is_not_kept_beyond_its_session(void **state) {
    (void)state;
    struct scene *scene = scene_without_journal();
    scene_happen(scene, LANE_ALARM);
    scene_lose(scene);
    scene->journal_gone = false;
    scene_connect(scene);
    scene_take_everything(scene);
    assert_int_equal(scene->count, 2);
    assert_int_equal(message_seq(scene_message(scene, 0)), 1);
    assert_int_equal(message_seq(scene_message(scene, 1)), 2);
    scene_free(scene);
}

static void a_damaged_row_does_not_hold_up_the_lane(void **state) {
    (void)state;
    struct scene *scene = scene_new(10);
    scene->down = true;
    for (int i = 0; i < 3; i++) {
        scene_record(scene, LANE_ALARM);
    }
    scene->journal[2].damaged = true;
    const struct wire_journal journal = {.newest_seq = 3, .alarm = RULESET_NONE};
    feeder_journal(&scene->feeder, &journal);
    scene_connect(scene);
    scene_take_everything(scene);
    assert_int_equal(scene->count, 2);
    assert_int_equal(scene->feeder.counters.damaged, 1);
    assert_int_equal(outbox_confirmed(&scene->feeder.outbox, LANE_ALARM), 3);
    scene_free(scene);
}

/* Whatever arrives while the broker is away, an hour of it takes no more memory than a minute. */
static void while_the_broker_is_away_nothing_piles_up(void **state) {
    (void)state;
    struct scene *scene = scene_new(10);
    scene->down = true;
    for (int i = 0; i < 2000; i++) {
        scene_happen(scene, i % 2 == 0 ? LANE_ALARM : LANE_ACTIVITY);
        scene_alarm(scene, CONSOLE_SITE_CALL, i % 2 == 0, 0);
        scene_value(scene, CONSOLE_SITE_TEMPERATURE, i);
    }
    assert_int_equal(scene->reads, 0);
    assert_int_equal(scene->feeder.outbox.ahead_count, 0);
    assert_int_equal(scene->feeder.outbox.overtaker_count, 0);
    assert_true(scene->feeder.alarms.queued <= CONSOLE_SITE_ALARMS);
    assert_true(scene->feeder.points.queued <= CONSOLE_SITE_POINTS);
    scene_connect(scene);
    scene_take_everything(scene);
    assert_int_equal(scene_published(scene, 0, ROOT "/event/"), 2000);
    assert_int_equal(scene_published(scene, 0, ROOT "/point/"), 1);
    scene_free(scene);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_live_event_is_published_inside_the_call_that_brings_it),
        cmocka_unit_test(an_activity_event_goes_under_its_type),
        cmocka_unit_test(a_backlog_is_marked_and_goes_out_with_alarms_first),
        cmocka_unit_test(a_long_backlog_arrives_whole_and_once),
        cmocka_unit_test(each_answer_is_followed_at_once_by_the_next_of_a_backlog),
        cmocka_unit_test(what_was_read_ahead_is_read_anew_in_another_session),
        cmocka_unit_test(what_was_read_ahead_of_another_journal_is_never_sent),
        cmocka_unit_test(an_alarm_overtakes_what_was_read_ahead_and_is_sent_once),
        cmocka_unit_test(alarms_that_keep_coming_leave_the_oldest_a_quarter_of_a_window_of_twenty),
        cmocka_unit_test(news_of_activity_follows_what_was_read_ahead),
        cmocka_unit_test(a_broken_line_is_taken_up_where_the_broker_left_it),
        cmocka_unit_test(lesser_things_leave_room_for_an_alarm),
        cmocka_unit_test(a_window_of_one_still_carries_everything),
        cmocka_unit_test(a_journal_that_cannot_be_read_is_not_asked_over_and_over),
        cmocka_unit_test(a_journal_that_is_away_for_a_moment_keeps_an_alarm_in_order),
        cmocka_unit_test(a_journal_that_goes_away_with_the_news_keeps_it_in_order_too),
        cmocka_unit_test(
            a_journal_that_stays_away_keeps_no_alarm_waiting_and_each_that_goes_ahead_is_counted),
        cmocka_unit_test(more_news_than_can_be_kept_ends_the_wait_for_the_journal),
        cmocka_unit_test(what_waits_for_a_journal_is_not_kept_beyond_its_session),
        cmocka_unit_test(a_damaged_row_does_not_hold_up_the_lane),
        cmocka_unit_test(while_the_broker_is_away_nothing_piles_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
