/* SPDX-License-Identifier: Apache-2.0 */

/*
 * What the broker retains: states of alarms, values of points, and what is left over of either.
 */

#include <stdio.h>
#include <string.h>

#include "tests/support/cmocka.h"
#include "tests/support/feeder_scene.h"

static void alarm_states_are_retained_and_emptied(void **state) {
    (void)state;
    struct scene *scene = scene_new(10);
    scene_connect(scene);
    scene_alarm(scene, 0, false, 2);
    scene_alarm(scene, CONSOLE_SITE_CALL, true, 0);
    scene_alarm(scene, CONSOLE_SITE_UPLINK, true, 0);
    scene_take_everything(scene);
    scene_alarm(scene, CONSOLE_SITE_CALL, false, 0);
    assert_int_equal(scene->count, 3);
    const struct message *message = scene_message(scene, 0);
    assert_string_equal(message->topic, ROOT "/alarm/emergency_call/care/day-care/button-1");
    assert_true(message->retained);
    assert_non_null(strstr(message->payload, "\"place\":\"care/day-care\""));
    assert_string_equal(scene_message(scene, 1)->topic, ROOT "/alarm/system_uplink_lost/gateway");
    assert_non_null(strstr(scene_message(scene, 1)->payload, "\"place\":null"));
    assert_string_equal(scene_message(scene, 2)->topic, message->topic);
    assert_string_equal(scene_message(scene, 2)->payload, "");
    assert_true(scene_message(scene, 2)->retained);
    scene_free(scene);
}

static void states_that_nobody_would_clear_are_cleared(void **state) {
    (void)state;
    struct scene *scene = scene_new(10);
    scene_alarm(scene, CONSOLE_SITE_FIRE, true, 1);
    scene_alarm(scene, 0, false, 2);
    scene_connect(scene);
    uint32_t before = scene->count;
    feeder_retained(&scene->feeder, ROOT "/alarm/emergency_call/care/day-care/button-1", "{}");
    feeder_retained(&scene->feeder, ROOT "/alarm/fire_alarm/care/day-care/smoke-1", "{}");
    feeder_retained(&scene->feeder, ROOT "/alarm/gone_rule/care/Old Room", "{}");
    feeder_retained(&scene->feeder, "somebody/else/alarm/x/y", "{}");
    (void)feeder_pump(&scene->feeder);
    assert_int_equal(scene->count, before + 2);
    assert_string_equal(scene_message(scene, before)->topic,
                        ROOT "/alarm/emergency_call/care/day-care/button-1");
    assert_string_equal(scene_message(scene, before + 1)->topic,
                        ROOT "/alarm/gone_rule/care/Old Room");
    assert_string_equal(scene_message(scene, before)->payload, "");
    assert_string_equal(scene_message(scene, before + 1)->payload, "");
    scene_free(scene);
}

/* What is retained of a point that left the site would be "good" for ever. */
static void values_of_points_that_left_the_site_are_emptied(void **state) {
    (void)state;
    struct scene *scene = scene_new(10);
    scene_connect(scene);
    uint32_t before = scene->count;
    static const char *const kept[] = {ROOT "/point/care/day-care/button-1",
                                       ROOT "/point/care/day-care/temperature", ROOT "/status",
                                       "tocsin/v1/gulou-demo/other/point/x"};
    for (size_t i = 0; i < sizeof kept / sizeof *kept; i++) {
        feeder_retained(&scene->feeder, kept[i], "{}");
    }
    feeder_retained(&scene->feeder, ROOT "/point/care/day-care/gone", "{}");
    feeder_retained(&scene->feeder, ROOT "/point/care/day-care/reader",
                    "{}"); /* no value of ours */
    (void)feeder_pump(&scene->feeder);
    assert_int_equal(scene->count, before + 2);
    static const char *const emptied[] = {ROOT "/point/care/day-care/gone",
                                          ROOT "/point/care/day-care/reader"};
    for (uint32_t i = 0; i < 2; i++) {
        assert_string_equal(scene_message(scene, before + i)->topic, emptied[i]);
        assert_string_equal(scene_message(scene, before + i)->payload, "");
        assert_true(scene_message(scene, before + i)->retained);
    }
    scene_free(scene);
}

static void a_name_that_the_gateway_has_left_is_asked_for_and_emptied(void **state) {
    (void)state;
    static const struct note_list identities = {.texts = {"gulou-demo/main", "gulou-demo/old"},
                                                .count = 2};
    static const struct note_list none = {.count = 0};
    struct scene *scene = scene_new(10);
    struct former former;
    former_init(&former, &identities, &none);
    feeder_know_former(&scene->feeder, &former);
    memcpy(scene->feeder.boot, "17", 3);
    scene_connect(scene);
    uint32_t before = scene->count;
    feeder_retained(&scene->feeder, "tocsin/v1/gulou-demo/old/point/x", "{}");
    assert_int_equal(scene->asks_for, 0);
    feeder_retained(&scene->feeder, "tocsin/v1/gulou-demo/old/status",
                    "{\"state\":\"offline\",\"boot\":\"16\"}");
    assert_int_equal(scene->asks_for, 2); /* alarms and points */
    feeder_retained(&scene->feeder, "tocsin/v1/gulou-demo/old/point/x", "{}");
    (void)feeder_pump(&scene->feeder);
    assert_int_equal(scene->count, before + 1);
    assert_string_equal(scene_message(scene, before)->topic, "tocsin/v1/gulou-demo/old/point/x");
    assert_string_equal(scene_message(scene, before)->payload, "");
    scene_free(scene);
}

/* Tell of `count` topics of a rule that is gone, as a broker does at the start of a session. */
static void scene_leave_over(struct scene *scene, uint32_t count) {
    char topic[TOPIC_SIZE];
    for (uint32_t i = 0; i < count; i++) {
        (void)snprintf(topic, sizeof topic, ROOT "/alarm/gone_rule/care/room-%u", i);
        feeder_retained(&scene->feeder, topic, "{}");
    }
    (void)feeder_pump(&scene->feeder);
}

static uint32_t scene_emptied(const struct scene *scene) {
    uint32_t count = 0;
    for (uint32_t i = 0; i < scene->count; i++) {
        const struct message *message = &scene->messages[i];
        count += strstr(message->topic, "/alarm/gone_rule/") != NULL &&
                 message->payload[0] == '\0' && message->retained;
    }
    return count;
}

/* The window is full of values just when the broker tells of them, and holds two at once. */
static void what_is_left_over_is_emptied_when_there_is_room(void **state) {
    (void)state;
    struct scene *scene = scene_new(2);
    scene_value(scene, CONSOLE_SITE_TEMPERATURE, 20);
    scene_value(scene, CONSOLE_SITE_BUTTON, 0);
    scene_value(scene, CONSOLE_SITE_SMOKE, 0);
    scene_connect(scene);
    assert_int_equal(scene_in_flight(scene), 2);
    scene_leave_over(scene, 5);
    assert_int_equal(scene_emptied(scene), 0);
    scene_take_everything(scene);
    assert_int_equal(scene_emptied(scene), 5);
    feeder_tick(&scene->feeder, clock_instant(), LEFTOVERS_ASK_NS);
    assert_int_equal(scene->asks, 0);
    scene_free(scene);
}

/* At the bound nothing is missed; one past it the broker is asked again, once in a while. */
static void a_broker_that_holds_too_much_is_asked_again(void **state) {
    (void)state;
    for (uint32_t over = 0; over <= 1; over++) {
        struct scene *scene = scene_new(1);
        uint64_t now_ns = LEFTOVERS_ASK_NS;
        scene_connect(scene);
        scene_value(scene, CONSOLE_SITE_TEMPERATURE, 20);
        scene_leave_over(scene, LEFTOVERS_MAX + over);
        assert_int_equal(scene->feeder.leftovers.missed, over);
        feeder_tick(&scene->feeder, clock_instant(), now_ns);
        assert_int_equal(scene->asks, 0); /* not while some wait */
        scene_take_everything(scene);
        assert_int_equal(scene_emptied(scene), LEFTOVERS_MAX);
        feeder_tick(&scene->feeder, clock_instant(), now_ns);
        assert_int_equal(scene->asks, over);
        scene_leave_over(scene, LEFTOVERS_MAX + over);
        scene_take_everything(scene);
        feeder_tick(&scene->feeder, clock_instant(), now_ns + LEFTOVERS_ASK_NS - 1);
        assert_int_equal(scene->asks, over);
        feeder_tick(&scene->feeder, clock_instant(), now_ns + LEFTOVERS_ASK_NS);
        assert_int_equal(scene->asks, 2 * over);
        scene_free(scene);
    }
}

/* The next session tells of it again. */
static void what_is_left_over_ends_with_its_session(void **state) {
    (void)state;
    struct scene *scene = scene_new(1);
    scene_connect(scene);
    scene_value(scene, CONSOLE_SITE_TEMPERATURE, 20);
    scene_leave_over(scene, LEFTOVERS_MAX + 1);
    scene_lose(scene);
    scene_connect(scene);
    scene_take_everything(scene);
    assert_int_equal(scene_emptied(scene), 0);
    feeder_tick(&scene->feeder, clock_instant(), LEFTOVERS_ASK_NS);
    assert_int_equal(scene->asks, 0);
    scene_free(scene);
}

static void a_value_is_published_with_its_unit_and_a_card_reader_never(void **state) {
    (void)state;
    struct scene *scene = scene_new(10);
    scene_connect(scene);
    scene_value(scene, CONSOLE_SITE_TEMPERATURE, 21.5);
    scene_value(scene, CONSOLE_SITE_READER, 1);
    scene_value(scene, CONSOLE_SITE_BUTTON, 1);
    assert_int_equal(scene->count, 2);
    assert_string_equal(scene_message(scene, 0)->topic, ROOT "/point/care/day-care/temperature");
    assert_true(scene_message(scene, 0)->retained);
    assert_non_null(strstr(scene_message(scene, 0)->payload, "\"value\":21.5,\"unit\":\"°C\""));
    assert_string_equal(scene_message(scene, 1)->topic, ROOT "/point/care/day-care/button-1");
    scene_free(scene);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(alarm_states_are_retained_and_emptied),
        cmocka_unit_test(states_that_nobody_would_clear_are_cleared),
        cmocka_unit_test(values_of_points_that_left_the_site_are_emptied),
        cmocka_unit_test(a_name_that_the_gateway_has_left_is_asked_for_and_emptied),
        cmocka_unit_test(what_is_left_over_is_emptied_when_there_is_room),
        cmocka_unit_test(a_broker_that_holds_too_much_is_asked_again),
        cmocka_unit_test(what_is_left_over_ends_with_its_session),
        cmocka_unit_test(a_value_is_published_with_its_unit_and_a_card_reader_never),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
