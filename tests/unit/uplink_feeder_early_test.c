/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Events that are told before their commit, because the disk does not answer: which are kept, and that
 * each comes again with its first id.
 */

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "tests/support/cmocka.h"
#include "tests/support/feeder_scene.h"

/* An event of `alarm` that is told before its commit. */
static void scene_early_of(struct scene *scene, uint64_t n, enum core_lane lane, uint32_t alarm) {
    struct wire_event event = {
        .early = n,
        .alarm = alarm,
        .type = lane == LANE_ALARM ? EVENT_ALARM_RAISED : EVENT_ACCESS_GRANTED,
        .lane = (uint8_t)lane,
        .class = lane == LANE_ALARM ? CLASS_CALL_EMERGENCY : ALARM_CLASS_COUNT,
    };
    int len =
        snprintf(event.body, sizeof event.body, "{\"id\":\"gulou-demo.main.17.u%" PRIu64 "\"}", n);
    event.body_size = (uint32_t)len;
    feeder_event(&scene->feeder, &event);
}

static void scene_early(struct scene *scene, uint64_t n, enum core_lane lane) {
    scene_early_of(scene, n, lane, CONSOLE_SITE_CALL);
}

static void an_event_before_its_commit_says_so_and_comes_again_with_its_first_id(void **state) {
    (void)state;
    struct scene *scene = scene_new(10);
    scene_connect(scene);
    scene_early(scene, 4, LANE_ALARM);
    assert_int_equal(scene->count, 1);
    assert_string_equal(scene_message(scene, 0)->topic, ROOT "/event/alarm/call/emergency");
    assert_false(message_is(scene_message(scene, 0), "durable"));
    scene_record(scene, LANE_ALARM);
    scene->journal[1].early = 4;
    scene_tell(scene, 1);
    assert_int_equal(scene->count, 2);
    assert_true(message_is(scene_message(scene, 1), "durable"));
    assert_non_null(
        strstr(scene_message(scene, 1)->payload, "\"first_sent_as\":\"gulou-demo.main.17.u4\""));
    scene_free(scene);
}

static void an_early_event_waits_for_the_line_and_is_kept_until_it_is_taken(void **state) {
    (void)state;
    struct scene *scene = scene_new(10);
    scene->down = true;
    scene_early(scene, 1, LANE_ALARM);
    scene_connect(scene);
    assert_int_equal(scene->count, 1);
    scene_lose(scene);
    scene_connect(scene);
    assert_int_equal(scene->count, 2); /* the first was never answered */
    scene_take_everything(scene);
    scene_lose(scene);
    scene_connect(scene);
    assert_int_equal(scene->count, 2);
    scene_free(scene);
}

static void an_event_recorded_before_its_early_form_could_leave_is_sent_once(void **state) {
    (void)state;
    struct scene *scene = scene_new(10);
    scene->down = true;
    scene_early(scene, 1, LANE_ALARM);
    scene_record(scene, LANE_ALARM);
    scene->journal[1].early = 1;
    scene_tell(scene, 1);
    scene_connect(scene);
    assert_int_equal(scene->count, 1);
    assert_int_equal(message_seq(scene_message(scene, 0)), 1);
    scene_free(scene);
}

static void early_events_are_bounded_and_alarms_outlive_activity(void **state) {
    (void)state;
    struct scene *scene = scene_new(100);
    scene->down = true;
    for (uint64_t n = 1; n <= EARLY_MAX; n++) {
        scene_early(scene, n, n % 2 == 0 ? LANE_ALARM : LANE_ACTIVITY);
    }
    for (uint64_t n = 1; n <= EARLY_MAX / 2; n++) {
        scene_early(scene, 1000 + n, LANE_ALARM);
    }
    assert_int_equal(scene->feeder.early.dropped, EARLY_MAX / 2);
    scene_connect(scene);
    assert_int_equal(scene->count, EARLY_MAX);
    assert_int_equal(scene_published(scene, 0, ROOT "/event/alarm/"), EARLY_MAX);
    scene_free(scene);
}

/* The numbers of the early events that were published, in order. */
static void assert_early(const struct scene *scene, uint64_t first, uint64_t last, uint32_t *at) {
    for (uint64_t n = first; n <= last; n++) {
        char id[40];
        (void)snprintf(id, sizeof id, "main.17.u%" PRIu64 "\"", n);
        assert_non_null(strstr(scene_message(scene, (*at)++)->payload, id));
    }
}

static void early_emergencies_outlive_and_overtake_other_early_alarms(void **state) {
    (void)state;
    struct scene *scene = scene_new(100);
    const uint64_t half = EARLY_MAX / 2;
    uint32_t at = 0;
    scene->down = true;
    for (uint64_t n = 1; n <= EARLY_MAX; n++) {
        scene_early_of(scene, n, LANE_ALARM, CONSOLE_SITE_UPLINK);
    }
    for (uint64_t n = 1; n <= half; n++) {
        scene_early_of(scene, 100 + n, LANE_ALARM, CONSOLE_SITE_CALL);
    }
    assert_int_equal(scene->feeder.early.dropped, half);
    scene_connect(scene);
    assert_int_equal(scene->count, EARLY_MAX);
    assert_early(scene, 101, 100 + half, &at);
    assert_early(scene, half + 1, EARLY_MAX, &at);
    scene_free(scene);
}

static void what_weighs_less_than_all_that_wait_takes_no_place(void **state) {
    (void)state;
    struct scene *scene = scene_new(100);
    uint32_t at = 0;
    scene->down = true;
    for (uint64_t n = 1; n <= EARLY_MAX; n++) {
        scene_early_of(scene, n, LANE_ALARM, CONSOLE_SITE_CALL);
    }
    scene_early_of(scene, 100, LANE_ALARM, CONSOLE_SITE_UPLINK);
    scene_early_of(scene, 101, LANE_ACTIVITY, RULESET_NONE);
    assert_int_equal(scene->feeder.early.dropped, 2);
    scene_connect(scene);
    assert_int_equal(scene->count, EARLY_MAX);
    assert_early(scene, 1, EARLY_MAX, &at);
    scene_free(scene);
}

static void a_restarted_engine_counts_its_early_events_anew(void **state) {
    (void)state;
    struct scene *scene = scene_new(10);
    scene->down = true;
    scene_early(scene, 1, LANE_ALARM);
    const struct wire_welcome welcome = {.boot = "18"};
    feeder_welcome(&scene->feeder, &welcome);
    scene_early(scene, 1, LANE_ALARM);
    scene_connect(scene);
    assert_int_equal(scene->count, 2);
    scene_free(scene);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_event_before_its_commit_says_so_and_comes_again_with_its_first_id),
        cmocka_unit_test(an_early_event_waits_for_the_line_and_is_kept_until_it_is_taken),
        cmocka_unit_test(an_event_recorded_before_its_early_form_could_leave_is_sent_once),
        cmocka_unit_test(early_events_are_bounded_and_alarms_outlive_activity),
        cmocka_unit_test(early_emergencies_outlive_and_overtake_other_early_alarms),
        cmocka_unit_test(what_weighs_less_than_all_that_wait_takes_no_place),
        cmocka_unit_test(a_restarted_engine_counts_its_early_events_anew),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
