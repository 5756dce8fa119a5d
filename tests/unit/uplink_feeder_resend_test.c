/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Events that somebody asks for once more: marked as replayed, behind everything else.
 */

#include "tests/support/cmocka.h"
#include "tests/support/feeder_scene.h"

static void scene_ask_again(struct scene *scene, uint64_t first, uint64_t last) {
    const struct resend_range range = {
        .first_seq = first, .last_seq = last, .since = {INT64_MIN}, .until = {INT64_MAX}};
    resend_ask(&scene->feeder.resend, first + 1000 * last, &range);
    (void)feeder_pump(&scene->feeder);
}

static void what_is_asked_for_goes_once_more_marked_as_replayed(void **state) {
    (void)state;
    struct scene *scene = scene_new(10);
    scene_connect(scene);
    for (int i = 0; i < 30; i++) {
        scene_happen(scene, i % 3 == 0 ? LANE_ALARM : LANE_ACTIVITY);
        scene_take_everything(scene);
    }
    assert_int_equal(scene->count, 30);
    scene_ask_again(scene, 5, 28);
    assert_int_equal(scene_in_flight(scene), 8); /* leaves a quarter free, as activity does */
    assert_int_equal(resend_left(&scene->feeder.resend), 24);
    scene_take_everything(scene);
    assert_int_equal(scene->count, 30 + 24);
    for (uint32_t i = 0; i < 24; i++) {
        const struct message *again = scene_message(scene, 30 + i);
        assert_int_equal(message_seq(again), 5 + i);
        assert_string_equal(again->topic, scene_message(scene, 4 + i)->topic);
        assert_true(message_is(again, "replayed"));
        assert_true(message_is(again, "durable"));
    }
    assert_int_equal(scene->feeder.counters.resent, 24);
    assert_int_equal(scene->feeder.counters.replayed, 0);
    assert_int_equal(resend_left(&scene->feeder.resend), 0);
    assert_int_equal(outbox_confirmed(&scene->feeder.outbox, LANE_ALARM), 28);
    scene_free(scene);
}

/* A new alarm and the backlog of a new session are not kept waiting by what is asked for. */
static void what_is_asked_for_comes_after_everything_else(void **state) {
    (void)state;
    struct scene *scene = scene_new(10);
    scene->down = true;
    scene_record_unheard(scene, LANE_ACTIVITY, 40);
    scene_connect(scene);
    scene_ask_again(scene, 1, 40);
    assert_int_equal(scene_in_flight(scene), 8);
    scene_happen(scene, LANE_ALARM);
    assert_int_equal(message_seq(scene_message(scene, 8)), 41);
    scene_take_everything(scene);
    /* What its lane has not come to is sent by itself, once: nothing went ahead of its time. */
    uint64_t newest = 0;
    for (uint32_t i = 0; i < scene->count; i++) {
        const struct message *message = scene_message(scene, i);
        uint64_t seq = message_seq(message);
        if (seq != 41 && seq > newest) {
            assert_int_equal(seq, newest + 1);
            newest = seq;
        }
    }
    assert_int_equal(newest, 40);
    assert_true(scene->feeder.counters.resent > 0);
    assert_int_equal(scene->count, 41 + (uint32_t)scene->feeder.counters.resent);
    scene_free(scene);
}

static void what_is_asked_for_waits_for_the_line_and_begins_again_with_it(void **state) {
    (void)state;
    struct scene *scene = scene_new(10);
    scene_connect(scene);
    for (int i = 0; i < 20; i++) {
        scene_happen(scene, LANE_ACTIVITY);
        scene_take_everything(scene);
    }
    scene_lose(scene);
    scene_ask_again(scene, 1, 20);
    assert_int_equal(scene->count, 20);
    scene_connect(scene);
    assert_int_equal(scene->count, 28);
    scene_take_oldest(scene);
    uint32_t before = scene->count;
    scene_lose(scene);
    scene_connect(scene);
    scene_take_everything(scene);
    assert_int_equal(scene->count, before + 19);
    assert_int_equal(message_seq(scene_message(scene, before)), 2);
    scene_free(scene);
}

static void what_is_asked_for_and_refused_or_damaged_holds_up_nothing(void **state) {
    (void)state;
    struct scene *scene = scene_new(10);
    scene_connect(scene);
    for (int i = 0; i < 5; i++) {
        scene_happen(scene, LANE_ACTIVITY);
        scene_take_everything(scene);
    }
    scene->journal[2].damaged = true;
    scene_ask_again(scene, 1, 3);
    assert_int_equal(scene->count, 7);
    scene->messages[5].in_flight = false;
    feeder_refused(&scene->feeder, scene->messages[5].ticket, false);
    scene_take_everything(scene);
    assert_int_equal(resend_left(&scene->feeder.resend), 0);
    assert_int_equal(scene->count, 7);
    assert_int_equal(scene->feeder.counters.refused, 1);
    assert_int_equal(scene->feeder.counters.damaged, 1);
    scene->size_max = 10; /* too large for this broker, even shortened */
    scene_ask_again(scene, 1, 1);
    assert_int_equal(resend_left(&scene->feeder.resend), 0);
    assert_int_equal(scene->feeder.counters.left_out, 1);
    scene_free(scene);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_asked_for_goes_once_more_marked_as_replayed),
        cmocka_unit_test(what_is_asked_for_comes_after_everything_else),
        cmocka_unit_test(what_is_asked_for_waits_for_the_line_and_begins_again_with_it),
        cmocka_unit_test(what_is_asked_for_and_refused_or_damaged_holds_up_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
