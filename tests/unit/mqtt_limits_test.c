/* SPDX-License-Identifier: Apache-2.0 */

/*
 * What a broker allows, and what it does to those who ask more: against mosquitto where it can, and
 * against a broker of the test's own where it cannot.
 */

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <event2/event.h>

#include "gateway/clock.h"
#include "tests/support/cmocka.h"
#include "tests/support/fake_broker.h"
#include "tests/support/line.h"

enum { LARGE = 2000 };

/* Publish `size` bytes under t/event. */
static int publish_bytes(struct scene *scene, size_t size, uint64_t ticket) {
    char *payload = malloc(size);
    assert_non_null(payload);
    memset(payload, 'x', size);
    int r = mqtt_link_publish(scene->link, "t/event", payload, size, false, ticket);
    free(payload);
    return r;
}

/* Run the loop until the counter of the fake broker is at least `wanted`. */
static void await_counter(struct scene *scene, atomic_uint *counter, unsigned wanted) {
    uint64_t deadline_ns = clock_real_ns() + PATIENCE_S * NS_PER_S;
    while (atomic_load(counter) < wanted) {
        if (clock_real_ns() > deadline_ns) {
            fail_msg("waited in vain; last reason: %s", scene->reason);
        }
        assert_int_equal(event_base_loop(scene->base, EVLOOP_ONCE), 0);
    }
}

static void a_packet_above_the_brokers_maximum_is_not_sent_and_one_at_it_is(void **state) {
    (void)state;
    struct broker broker;
    struct scene scene;
    scene_meet_with(&scene, &broker, 5, "max_packet_size 1000");
    const size_t head = 5 + 2 + sizeof "t/event" - 1 + 2 + 1;
    assert_int_equal(publish_bytes(&scene, 1000 - head + 1, 1), MQTT_LINK_E_LARGE);
    assert_int_equal(publish_bytes(&scene, 1000 - head, 2), 0);
    scene_await(&scene, &scene.taken, 1);
    assert_true(scene.took[2]);
    assert_int_equal(scene.lost_up, 0);
    scene_part(&scene, &broker);
}

static void a_size_that_the_broker_refuses_is_learned_and_not_tried_again(void **state) {
    (void)state;
    struct broker broker;
    struct scene scene;
    scene_meet_with(&scene, &broker, 5, "message_size_limit 1000");
    assert_int_equal(publish_bytes(&scene, LARGE, 1), 0);
    scene_await(&scene, &scene.refused, 1);
    assert_string_equal(scene.reason, "Packet too large");
    assert_true(scene.refused_as_large);
    assert_int_equal(publish_bytes(&scene, LARGE, 2), MQTT_LINK_E_LARGE);
    assert_int_equal(publish_bytes(&scene, LARGE - 1, 3), 0); /* only what was seen is believed */
    scene_await(&scene, &scene.refused, 2);
    assert_int_equal(publish_bytes(&scene, 900, 4), 0);
    scene_await(&scene, &scene.taken, 1);
    assert_int_equal(scene.lost_up, 0);
    scene_part(&scene, &broker);
}

/* It may have been raised meanwhile, which nothing else tells. */
static void a_size_that_was_refused_is_tried_again_in_the_next_session(void **state) {
    (void)state;
    struct broker broker;
    struct scene scene;
    scene_meet_with(&scene, &broker, 5, "message_size_limit 1000");
    assert_int_equal(publish_bytes(&scene, LARGE, 1), 0);
    scene_await(&scene, &scene.refused, 1);
    assert_int_equal(publish_bytes(&scene, LARGE, 2), MQTT_LINK_E_LARGE);
    broker_signal(&broker, SIGTERM);
    scene_await(&scene, &scene.lost_up, 1);
    broker_start(&broker);
    scene_await(&scene, &scene.connected, 2);
    assert_int_equal(publish_bytes(&scene, LARGE, 3), 0);
    scene_await(&scene, &scene.refused, 2);
    scene_part(&scene, &broker);
}

/* A broker that ends the connection for what is too large is not met with it for ever. */
static void a_large_message_does_not_end_every_session(uint32_t version, uint8_t goodbye,
                                                       unsigned attempts) {
    struct fake_broker broker;
    struct scene scene;
    fake_broker_init(&broker);
    broker.size_max = 1000;
    broker.goodbye = goodbye;
    scene_try_fake(&scene, &broker, version);
    unsigned tried = 0;
    for (int session = 1; session <= 5; session++) {
        scene_await(&scene, &scene.connected, session);
        int r = publish_bytes(&scene, LARGE, (uint64_t)session);
        if (r == MQTT_LINK_E_LARGE) {
            break;
        }
        assert_int_equal(r, 0);
        tried++;
        scene_await(&scene, &scene.lost_up, session);
    }
    assert_int_equal(tried, attempts);
    assert_int_equal(atomic_load(&broker.too_large), attempts);
    assert_int_equal(publish_bytes(&scene, 900, 9), 0);
    scene_await(&scene, &scene.taken, 1);
    assert_true(scene.took[9]);
    scene_part_fake(&scene, &broker);
}

static void a_broker_that_says_why_it_closes_is_believed_at_once(void **state) {
    (void)state;
    a_large_message_does_not_end_every_session(5, 0x95, 1);
}

static void a_broker_that_closes_three_times_over_one_message_is_believed(void **state) {
    (void)state;
    a_large_message_does_not_end_every_session(3, 0, 3);
}

static void a_server_that_wants_to_hear_us_more_often_does(void **state) {
    (void)state;
    static const unsigned char properties[] = {0x13, 0, 2}; /* server keep alive: 2 s */
    struct fake_broker broker;
    struct scene scene;
    fake_broker_init_with(&broker, properties, sizeof properties);
    fake_broker_start(&broker);
    scene_init(&scene, 5, broker.address, NULL);
    scene.conf.quiet_ms = 3600 * 1000;
    scene.conf.answer_ms = 1000;
    scene_start(&scene);
    scene_await(&scene, &scene.connected, 1);
    uint64_t deadline_ns = clock_real_ns() + PATIENCE_S * NS_PER_S;
    while (mqtt_link_counters(scene.link)->taken < 4 && clock_real_ns() < deadline_ns) {
        assert_int_equal(event_base_loop(scene.base, EVLOOP_ONCE), 0);
    }
    assert_int_equal(mqtt_link_counters(scene.link)->taken, 4); /* the status, once a second */
    assert_int_equal(scene.lost_up, 0);
    scene_part_fake(&scene, &broker);
}

static void a_session_that_another_client_takes_over_is_not_fought_for(void **state) {
    (void)state;
    struct fake_broker broker;
    struct scene scene;
    fake_broker_init(&broker);
    broker.after_connack = 0x8e;
    fake_broker_start(&broker);
    scene_init(&scene, 5, broker.address, NULL);
    scene.conf.retry_ms_min = 1; /* what another failure would wait at first */
    scene.conf.retry_ms_max = 1000;
    scene_start(&scene);
    uint64_t begin_ns = clock_real_ns();
    scene_await(&scene, &scene.connected, 3);
    scene_await(&scene, &scene.lost_up, 3);
    assert_true(clock_real_ns() - begin_ns >= 3 * NS_PER_S); /* 1 s at least, then 2 s */
    assert_non_null(strstr(scene.reason,
                           "another client has connected as tocsin-test-line: is there "
                           "a second gateway"));
    assert_int_equal(mqtt_link_counters(scene.link)->taken_over, 3);
    scene_part_fake(&scene, &broker);
}

/* mosquitto does not say that somebody else came by our name. */
static void two_gateways_of_one_name_are_suspected_where_the_broker_says_nothing(void **state) {
    (void)state;
    struct broker broker;
    struct scene first;
    struct scene second;
    broker_init(&broker, "");
    broker_start(&broker);
    scene_init(&first, 5, broker.address, NULL);
    scene_init(&second, 5, broker.address, NULL);
    scene_start(&first);
    scene_start(&second);
    uint64_t deadline_ns = clock_real_ns() + PATIENCE_S * NS_PER_S;
    while (strstr(first.reason, "a second gateway with the same site") == NULL) {
        if (clock_real_ns() > deadline_ns) {
            fail_msg("never suspected: %s", first.reason);
        }
        assert_int_equal(event_base_loop(first.base, EVLOOP_ONCE), 0);
        assert_int_equal(event_base_loop(second.base, EVLOOP_ONCE), 0);
    }
    assert_true(first.lost_up >= 3);
    assert_true(mqtt_link_counters(first.link)->broken_off >= 1);
    assert_int_equal(mqtt_link_counters(first.link)->taken_over, 0); /* nobody said so */
    scene_free(&first);
    scene_part(&second, &broker);
}

static void a_quota_that_is_exceeded_is_told_and_ends_no_session(void **state) {
    (void)state;
    struct fake_broker broker;
    struct scene scene;
    fake_broker_init(&broker);
    broker.refusal = 0x97;
    broker.refusals = 2;
    scene_try_fake(&scene, &broker, 5);
    scene_await(&scene, &scene.connected, 1);
    for (uint64_t ticket = 1; ticket <= 3; ticket++) {
        scene_publish(&scene, ticket);
    }
    scene_await(&scene, &scene.taken, 1);
    assert_int_equal(scene.refused, 2);
    assert_string_equal(scene.reason, "Quota exceeded");
    assert_string_equal(scene.refused_topic, "t/event");
    assert_int_equal(scene.refused_number, 0x97);
    assert_false(scene.refused_as_large);
    assert_true(scene.took[3]);
    assert_int_equal(scene.lost_up, 0);
    scene_part_fake(&scene, &broker);
}

static void a_broker_that_closes_after_its_welcome_is_met_with_longer_waits(void **state) {
    (void)state;
    struct fake_broker broker;
    struct scene scene;
    fake_broker_init(&broker);
    broker.after_connack = 0x8b; /* server shutting down */
    scene_try_fake(&scene, &broker, 5);
    await_counter(&scene, &broker.sessions, 4);
    assert_string_equal(scene.reason, "Server shutting down");
    scene_part_fake(&scene, &broker);
}

/* A hostile CONNACK names impossible limits; the line lives with the least that makes sense. */
static void a_receive_maximum_of_one_still_carries_everything(void **state) {
    (void)state;
    static const unsigned char properties[] = {0x21, 0, 1, 0x27, 0, 0, 1, 0, 0x13, 0, 1};
    struct fake_broker broker;
    struct scene scene;
    fake_broker_init_with(&broker, properties, sizeof properties);
    scene_try_fake(&scene, &broker, 5);
    scene_await(&scene, &scene.connected, 1);
    assert_int_equal(mqtt_link_window(scene.link), 1);
    for (uint64_t ticket = 1; ticket <= 5; ticket++) {
        scene_publish(&scene, ticket);
    }
    scene_await(&scene, &scene.taken, 5);
    assert_int_equal(publish_bytes(&scene, 256, 6), MQTT_LINK_E_LARGE);
    scene_part_fake(&scene, &broker);
}

static void a_broker_that_holds_no_retained_messages_gets_them_as_plain_ones(void **state) {
    (void)state;
    struct broker broker;
    struct scene scene;
    struct subscriber subscriber;
    scene_meet_with(&scene, &broker, 5, "retain_available false");
    assert_int_equal(scene.unretained, 1);
    assert_int_equal(scene.lost_trying, 0); /* nobody is told of a broker that is away */
    subscriber_start(&subscriber, &broker, "t/#");
    scene_publish(&scene, 1);
    assert_int_equal(mqtt_link_publish(scene.link, "t/alarm/a", "open;", 5, true, 2), 0);
    scene_await(&scene, &scene.taken, 2);
    scene_await_text(&scene, &subscriber, "0 t/alarm/a open;");
    assert_int_equal(scene.lost_up, 0);
    mqtt_link_stop(scene.link);
    scene_await_text(&scene, &subscriber, "0 t/status offline");
    subscriber_stop(&subscriber);
    scene_part(&scene, &broker);
}

/* Set up as advised and started anew, it gets what it can keep again. */
static void a_broker_that_has_learned_to_retain_is_used_for_it(void **state) {
    (void)state;
    struct broker broker;
    struct scene scene;
    struct subscriber subscriber;
    broker_init(&broker, "retain_available false\n");
    broker_start(&broker);
    scene_init(&scene, 5, broker.address, NULL);
    scene.conf.steady_ms = 0; /* the session below was long enough */
    scene_start(&scene);
    scene_await(&scene, &scene.connected, 1);
    scene_publish(&scene, 1);
    scene_await(&scene, &scene.taken, 1);
    broker_signal(&broker, SIGKILL);
    broker.extra[0] = '\0';
    broker_start(&broker);
    scene_await(&scene, &scene.connected, 2);
    assert_int_equal(scene.unretained, 1);
    assert_int_equal(mqtt_link_publish(scene.link, "t/alarm/a", "open;", 5, true, 2), 0);
    scene_await(&scene, &scene.taken, 2);
    subscriber_start(&subscriber, &broker, "t/#");
    scene_await_text(&scene, &subscriber, "1 t/alarm/a open;");
    subscriber_stop(&subscriber);
    scene_part(&scene, &broker);
}

/* A server may take the last will and name its limit only with the CONNACK (MQTT 5, 3.2.2.3.5). */
static void a_broker_that_says_with_its_welcome_that_it_retains_nothing_is_told_of(void **state) {
    (void)state;
    static const unsigned char properties[] = {0x25, 0};
    struct fake_broker broker;
    struct scene scene;
    fake_broker_init_with(&broker, properties, sizeof properties);
    scene_try_fake(&scene, &broker, 5);
    scene_await(&scene, &scene.connected, 1);
    assert_int_equal(scene.unretained, 1);
    assert_int_equal(mqtt_link_publish(scene.link, "t/event", "open;", 5, true, 1), 0);
    scene_await(&scene, &scene.taken, 1);
    assert_int_equal(atomic_load(&broker.retained), 0);
    scene_part_fake(&scene, &broker);
}

/* QoS 0 has no PUBACK: what was sent so would count as delivered, or never be. */
static void nothing_is_sent_to_a_broker_that_confirms_nothing(struct scene *scene) {
    scene_await(scene, &scene->lost_trying, 2);
    assert_int_equal(scene->connected, 0);
    assert_non_null(strstr(scene->reason, "never confirms that it has an event"));
    assert_non_null(strstr(scene->reason, "or name another broker"));
    assert_int_equal(mqtt_link_counters(scene->link)->published, 0);
    assert_int_equal(mqtt_link_publish(scene->link, "t/event", "x", 1, false, 1), MQTT_LINK_E_DOWN);
}

static void a_broker_of_qos_0_is_no_broker_for_alarms(void **state) {
    (void)state;
    struct broker broker;
    struct scene scene;
    scene_try(&scene, &broker, 5, "max_qos 0");
    nothing_is_sent_to_a_broker_that_confirms_nothing(&scene);
    scene_part(&scene, &broker);
}

static void nor_is_one_that_takes_the_last_will_and_says_so_with_its_welcome(void **state) {
    (void)state;
    static const unsigned char properties[] = {0x24, 0};
    struct fake_broker broker;
    struct scene scene;
    fake_broker_init_with(&broker, properties, sizeof properties);
    scene_try_fake(&scene, &broker, 5);
    nothing_is_sent_to_a_broker_that_confirms_nothing(&scene);
    assert_int_equal(atomic_load(&broker.events), 0);
    scene_part_fake(&scene, &broker);
}

static void the_next_broker_is_used_when_the_first_confirms_nothing(void **state) {
    (void)state;
    struct broker first;
    struct broker second;
    struct scene scene;
    broker_init(&first, "max_qos 0\n");
    broker_start(&first);
    broker_init(&second, "max_qos 1\n");
    broker_start(&second);
    scene_init(&scene, 5, first.address, second.address);
    scene_start(&scene);
    scene_await(&scene, &scene.connected, 1);
    assert_string_equal(scene.broker, second.address);
    scene_publish(&scene, 1);
    scene_await(&scene, &scene.taken, 1);
    broker_free(&first);
    scene_part(&scene, &second);
}

static void mqtt_3_cannot_say_why_and_the_reason_names_what_it_may_be(void **state) {
    (void)state;
    struct broker broker;
    struct scene scene;
    scene_try(&scene, &broker, 3, "retain_available false");
    scene_await(&scene, &scene.lost_trying, 1);
    assert_non_null(strstr(scene.reason, "holds no retained messages, or takes QoS 0 alone"));
    assert_non_null(strstr(scene.reason, "with `version: 5` in the site's `mqtt` it says which"));
    scene_part(&scene, &broker);
}

/*
 * All that may be in flight is, so that a question waits in the library for ever, and what closes the
 * connection waits behind it.
 */
static void a_connection_that_the_library_does_not_close_is_left_to_itself(void **state) {
    (void)state;
    static const char *const filters[] = {"t/#"};
    static const unsigned char properties[] = {0x21, 0, 4}; /* receive maximum 4 */
    struct fake_broker broker;
    struct scene scene;
    fake_broker_init_with(&broker, properties, sizeof properties);
    fake_broker_start(&broker);
    scene_init(&scene, 5, broker.address, NULL);
    scene.conf.answer_ms = 4000;
    scene.conf.closing_ms = 500;
    scene.conf.retained_filters = filters;
    scene.conf.retained_filter_count = 1;
    scene_start(&scene);
    scene_await(&scene, &scene.connected, 1);
    scene_publish(&scene, 1);
    scene_await(&scene, &scene.taken, 1);
    atomic_store(&broker.mute, true);
    for (uint64_t ticket = 2; ticket <= 5; ticket++) {
        scene_publish(&scene, ticket);
    }
    mqtt_link_ask(scene.link);
    scene_await(&scene, &scene.lost_up, 1);
    assert_string_equal(scene.reason, "the broker no longer answers");
    atomic_store(&broker.mute, false);
    scene_await(&scene, &scene.connected, 2);
    assert_int_equal(mqtt_link_counters(scene.link)->replaced, 1);
    scene_publish(&scene, 6);
    scene_await(&scene, &scene.taken, 2);
    assert_true(scene.took[6]);
    assert_int_equal(scene.lost_trying, 0);
    scene_part_fake(&scene, &broker);
}

/* What the gateway promises, and that each of the three waits counts. */
static void a_broker_that_is_gone_is_noticed_within_half_a_minute(void **state) {
    (void)state;
    struct mqtt_link_conf conf = mqtt_link_defaults();
    assert_int_equal(mqtt_link_notice_ms(&conf), 10000 + 15000 + 2 * 1000);
    assert_true(mqtt_link_notice_ms(&conf) <= 30000);
    conf.quiet_ms += 3001;
    assert_true(mqtt_link_notice_ms(&conf) > 30000);
    conf.quiet_ms = 200;
    conf.answer_ms = 400;
    assert_int_equal(mqtt_link_notice_ms(&conf), 200 + 400 + 2 * 100);
    conf.answer_ms = 4;
    assert_int_equal(mqtt_link_notice_ms(&conf), 200 + 4 + 2 * 20);
}

static void brokers_of_no_use_give_way_to_each_other_in_turn_and_not_for_ever(void **state) {
    (void)state;
    struct broker first;
    struct broker second;
    struct scene scene;
    broker_init(&first, "");
    broker_init(&second, "");
    broker_start(&first);
    broker_start(&second);
    scene_init(&scene, 5, first.address, second.address);
    scene.conf.return_ms = 1000;
    scene_start(&scene);
    const char *const order[] = {first.address, second.address, first.address};
    for (int i = 0; i < 3; i++) {
        scene_await(&scene, &scene.answered, i + 1);
        assert_string_equal(scene.broker, order[i]);
        mqtt_link_leave(scene.link, "it is of no use");
    }
    assert_int_equal(scene.lost_up, 2); /* both were left in a row: the line stays */
    assert_string_equal(scene.reason, "it is of no use");
    uint64_t deadline_ns = clock_real_ns() + PATIENCE_S * NS_PER_S;
    while (scene.lost_up < 3 && clock_real_ns() < deadline_ns) { /* until both may have changed */
        mqtt_link_leave(scene.link, "it still is");
        assert_int_equal(event_base_loop(scene.base, EVLOOP_ONCE), 0);
    }
    assert_int_equal(scene.lost_up, 3);
    scene_await(&scene, &scene.answered, 4);
    assert_string_equal(scene.broker, second.address);
    scene_part(&scene, &second);
    broker_free(&first);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_broker_that_holds_no_retained_messages_gets_them_as_plain_ones),
        cmocka_unit_test(a_broker_that_has_learned_to_retain_is_used_for_it),
        cmocka_unit_test(a_broker_that_says_with_its_welcome_that_it_retains_nothing_is_told_of),
        cmocka_unit_test(a_broker_of_qos_0_is_no_broker_for_alarms),
        cmocka_unit_test(nor_is_one_that_takes_the_last_will_and_says_so_with_its_welcome),
        cmocka_unit_test(the_next_broker_is_used_when_the_first_confirms_nothing),
        cmocka_unit_test(mqtt_3_cannot_say_why_and_the_reason_names_what_it_may_be),
        cmocka_unit_test(a_connection_that_the_library_does_not_close_is_left_to_itself),
        cmocka_unit_test(a_broker_that_is_gone_is_noticed_within_half_a_minute),
        cmocka_unit_test(a_packet_above_the_brokers_maximum_is_not_sent_and_one_at_it_is),
        cmocka_unit_test(a_size_that_the_broker_refuses_is_learned_and_not_tried_again),
        cmocka_unit_test(a_size_that_was_refused_is_tried_again_in_the_next_session),
        cmocka_unit_test(a_broker_that_says_why_it_closes_is_believed_at_once),
        cmocka_unit_test(a_broker_that_closes_three_times_over_one_message_is_believed),
        cmocka_unit_test(a_server_that_wants_to_hear_us_more_often_does),
        cmocka_unit_test(a_session_that_another_client_takes_over_is_not_fought_for),
        cmocka_unit_test(two_gateways_of_one_name_are_suspected_where_the_broker_says_nothing),
        cmocka_unit_test(a_quota_that_is_exceeded_is_told_and_ends_no_session),
        cmocka_unit_test(a_broker_that_closes_after_its_welcome_is_met_with_longer_waits),
        cmocka_unit_test(a_receive_maximum_of_one_still_carries_everything),
        cmocka_unit_test(brokers_of_no_use_give_way_to_each_other_in_turn_and_not_for_ever),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
