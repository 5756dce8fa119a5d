/* SPDX-License-Identifier: Apache-2.0 */

/*
 * What the broker refuses, for a while or as too large: it comes again, in order, or in a shorter form.
 */

#include "tests/support/cmocka.h"
#include "tests/support/feeder_scene.h"

static void a_refused_event_comes_again_after_a_pause_and_the_other_lane_goes_on(void **state) {
    (void)state;
    struct scene *scene = scene_new(10);
    scene_connect(scene);
    scene_happen(scene, LANE_ALARM);
    scene->messages[0].in_flight = false;
    feeder_refused(&scene->feeder, scene->messages[0].ticket, false);
    (void)feeder_pump(&scene->feeder);
    assert_int_equal(scene->count, 1);
    scene_happen(scene, LANE_ACTIVITY);
    assert_int_equal(scene->count, 2);
    feeder_tick(&scene->feeder, clock_instant(), clock_real_ns());
    (void)feeder_pump(&scene->feeder);
    assert_int_equal(scene->count, 2); /* not yet */
    feeder_tick(&scene->feeder, clock_instant(), clock_real_ns() + FEEDER_PAUSE_NS);
    (void)feeder_pump(&scene->feeder);
    assert_int_equal(scene->count, 3);
    assert_int_equal(message_seq(scene_message(scene, 2)), 1);
    scene_free(scene);
}

/* The broker refuses all that is in flight; what follows is sent. */
static void scene_refuse(struct scene *scene) {
    uint32_t count = scene->count;
    for (uint32_t i = 0; i < count; i++) {
        if (scene->messages[i].in_flight) {
            scene->messages[i].in_flight = false;
            feeder_refused(&scene->feeder, scene->messages[i].ticket, false);
        }
    }
    (void)feeder_pump(&scene->feeder);
}

static void scene_resume(struct scene *scene) {
    feeder_tick(&scene->feeder, clock_instant(), scene->feeder.resume_real_ns);
    (void)feeder_pump(&scene->feeder);
}

/* A quota that is used up, or rights that are given later: raised … cleared arrive in that order. */
static void what_a_broker_refused_for_a_while_it_has_in_the_order_of_each_alarm(void **state) {
    (void)state;
    struct scene *scene = scene_new(10);
    scene_connect(scene);
    for (uint32_t i = 0; i < 6; i++) {
        scene_happen(scene, LANE_ALARM);
        scene_refuse(scene);
    }
    scene_resume(scene);
    scene_record(scene, LANE_ALARM); /* the broker takes again; another alarm does not wait */
    scene->journal[7].alarm = CONSOLE_SITE_FIRE;
    scene_tell(scene, 7);
    uint32_t before = scene->count - 2;
    scene_happen(scene, LANE_ALARM);
    scene_take_everything(scene);
    assert_int_equal(scene->count, before + 8);
    static const uint64_t order[] = {1, 7, 2, 3, 4, 5, 6, 8};
    for (uint32_t i = 0; i < 8; i++) {
        assert_int_equal(message_seq(scene_message(scene, before + i)), order[i]);
    }
    assert_int_equal(outbox_confirmed(&scene->feeder.outbox, LANE_ALARM), 8);
    scene_free(scene);
}

static void until_the_broker_takes_what_it_refused_the_feeder_does_not_deliver(void **state) {
    (void)state;
    struct scene *scene = scene_new(10);
    scene_connect(scene);
    scene_happen(scene, LANE_ALARM);
    scene_happen(scene, LANE_ACTIVITY);
    assert_true(feeder_delivers(&scene->feeder)); /* what is in flight is under way */
    scene_refuse(scene);
    assert_false(feeder_delivers(&scene->feeder));
    assert_int_equal(outbox_unheard(&scene->feeder.outbox), 2);
    scene_happen(scene, LANE_ALARM); /* waits behind the first, which is tried at once */
    assert_int_equal(outbox_unheard(&scene->feeder.outbox), 2);
    assert_false(feeder_delivers(&scene->feeder));
    scene_take_everything(scene);
    assert_int_equal(outbox_unheard(&scene->feeder.outbox), 1);
    scene_resume(scene);
    assert_false(feeder_delivers(&scene->feeder));
    scene_take_everything(scene);
    assert_true(feeder_delivers(&scene->feeder));
    scene_free(scene);
}

/* An alarm that the broker holds as open for ever, or never, misleads whoever looks there. */
static void a_refused_state_is_told_as_it_stands_then(void **state) {
    (void)state;
    struct scene *scene = scene_new(10);
    scene_connect(scene);
    scene_alarm(scene, 0, false, 2);
    scene_alarm(scene, CONSOLE_SITE_CALL, true, 0);
    scene_refuse(scene);
    assert_int_equal(scene->count, 1);
    assert_int_equal(alarm_board_unheard(&scene->feeder.alarms), 1);
    assert_false(feeder_delivers(&scene->feeder));
    scene_resume(scene);
    assert_int_equal(scene->count, 2);
    assert_string_equal(scene_message(scene, 1)->topic, scene_message(scene, 0)->topic);
    assert_string_not_equal(scene_message(scene, 1)->payload, "");
    assert_false(feeder_delivers(&scene->feeder));
    scene_take_everything(scene);
    assert_true(feeder_delivers(&scene->feeder));
    scene_free(scene);
}

/* A broker with little room still hears that something happened, and where to ask for the rest. */
static void what_fits_when_it_is_bare_is_sent_and_confirmed_by_the_broker_alone(void **state) {
    (void)state;
    struct scene *scene = scene_new(10);
    scene_connect(scene);
    scene->size_max = 110;
    scene_happen(scene, LANE_ALARM);
    assert_int_equal(scene->count, 1);
    assert_string_equal(scene_message(scene, 0)->payload,
                        "{\"specversion\":\"1.0\",\"id\":\"gulou-demo.main.17.1\","
                        "\"sequence\":1,\"shortened\":true}");
    assert_int_equal(scene->feeder.counters.shortened, 1);
    assert_int_equal(scene->feeder.counters.events_left_out, 0);
    assert_int_equal(outbox_confirmed(&scene->feeder.outbox, LANE_ALARM), 0);
    assert_true(feeder_delivers(&scene->feeder));
    scene_take_everything(scene);
    assert_int_equal(outbox_confirmed(&scene->feeder.outbox, LANE_ALARM), 1);
    scene_free(scene);
}

static void what_is_refused_as_too_large_goes_at_once_in_a_shorter_form(void **state) {
    (void)state;
    struct scene *scene = scene_new(10);
    scene_connect(scene);
    scene_happen(scene, LANE_ALARM);
    scene->size_max = 110;
    scene->messages[0].in_flight = false;
    feeder_refused(&scene->feeder, scene->messages[0].ticket, true);
    (void)feeder_pump(&scene->feeder);
    assert_int_equal(scene->count, 2);
    assert_true(message_is(scene_message(scene, 1), "shortened"));
    assert_true(feeder_delivers(&scene->feeder));
    assert_int_equal(scene->feeder.resume_real_ns, 0);
    scene_take_everything(scene);
    assert_int_equal(outbox_confirmed(&scene->feeder.outbox, LANE_ALARM), 1);
    scene_free(scene);
}

static void an_event_too_large_for_the_broker_is_shortened_or_left_to_the_journal(void **state) {
    (void)state;
    struct scene *scene = scene_new(10);
    scene_connect(scene);
    /* No form of an event is as short: it is left out, counted, and nothing waits for it. */
    scene->size_max = 40;
    scene_happen(scene, LANE_ALARM);
    scene_alarm(scene, CONSOLE_SITE_CALL, true, 0);
    scene_value(scene, CONSOLE_SITE_TEMPERATURE, 21);
    (void)feeder_pump(&scene->feeder);
    assert_int_equal(scene->count, 0);
    assert_int_equal(scene->feeder.counters.left_out, 3);
    assert_int_equal(scene->feeder.counters.events_left_out, 1);
    assert_int_equal(scene->feeder.lacking_seq, 1);
    assert_false(feeder_delivers(&scene->feeder));
    assert_int_equal(outbox_confirmed(&scene->feeder.outbox, LANE_ALARM), 1);
    (void)feeder_pump(&scene->feeder); /* nothing is tried over and over */
    assert_int_equal(scene->feeder.counters.left_out, 3);
    assert_int_equal(scene->feeder.counters.shortened, 0);
    scene->size_max = 0;
    scene_happen(scene, LANE_ALARM);
    assert_int_equal(scene->count, 1);
    assert_false(feeder_delivers(&scene->feeder)); /* this session lacks one */
    scene_lose(scene);
    scene_connect(scene);
    assert_true(feeder_delivers(&scene->feeder));
    scene_free(scene);
}

static void a_refused_event_waits_twice_as_long_each_time_up_to_a_minute(void **state) {
    (void)state;
    static const uint64_t waits_s[] = {5, 10, 20, 40, 60, 60};
    struct scene *scene = scene_new(10);
    scene_connect(scene);
    scene_happen(scene, LANE_ALARM);
    for (uint32_t i = 0; i < sizeof waits_s / sizeof *waits_s; i++) {
        uint64_t before_ns = clock_real_ns();
        scene->messages[i].in_flight = false;
        feeder_refused(&scene->feeder, scene->messages[i].ticket, false);
        uint64_t resume_ns = scene->feeder.resume_real_ns;
        assert_in_range(resume_ns, before_ns + waits_s[i] * NS_PER_S,
                        clock_real_ns() + waits_s[i] * NS_PER_S);
        feeder_tick(&scene->feeder, clock_instant(), resume_ns - 1);
        (void)feeder_pump(&scene->feeder);
        assert_int_equal(scene->count, i + 1);
        feeder_tick(&scene->feeder, clock_instant(), resume_ns);
        (void)feeder_pump(&scene->feeder);
        assert_int_equal(scene->count, i + 2);
    }
    scene_free(scene);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_refused_event_comes_again_after_a_pause_and_the_other_lane_goes_on),
        cmocka_unit_test(until_the_broker_takes_what_it_refused_the_feeder_does_not_deliver),
        cmocka_unit_test(a_refused_state_is_told_as_it_stands_then),
        cmocka_unit_test(what_fits_when_it_is_bare_is_sent_and_confirmed_by_the_broker_alone),
        cmocka_unit_test(what_is_refused_as_too_large_goes_at_once_in_a_shorter_form),
        cmocka_unit_test(an_event_too_large_for_the_broker_is_shortened_or_left_to_the_journal),
        cmocka_unit_test(what_a_broker_refused_for_a_while_it_has_in_the_order_of_each_alarm),
        cmocka_unit_test(a_refused_event_waits_twice_as_long_each_time_up_to_a_minute),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
