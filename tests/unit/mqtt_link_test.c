/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The line to the broker, against a real mosquitto: what is taken, what is lost, what a broker can
 * do to us, and that the line always comes back. Time-outs are short here; nothing is measured.
 */

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <MQTTAsync.h>
#include <event2/event.h>

#include "gateway/clock.h"
#include "tests/support/cmocka.h"
#include "tests/support/line.h"

/* ---- one session ---- */

static void messages_are_taken_and_reach_a_subscriber_in_order(uint32_t version) {
    struct broker broker;
    struct subscriber subscriber;
    struct scene scene;
    broker_init(&broker, "");
    broker_start(&broker);
    subscriber_start(&subscriber, &broker, "t/event");
    scene_init(&scene, version, broker.address, NULL);
    scene_start(&scene);
    scene_await(&scene, &scene.connected, 1);
    for (uint64_t ticket = 1; ticket <= 20; ticket++) {
        scene_publish(&scene, ticket);
    }
    scene_await(&scene, &scene.taken, 20);
    scene_await_text(&scene, &subscriber, "0 t/event message-20;");
    const char *at = subscriber.text;
    for (int i = 1; i <= 20; i++) {
        char want[40];
        (void)snprintf(want, sizeof want, "0 t/event message-%d;", i);
        at = strstr(at, want);
        assert_non_null(at);
    }
    assert_int_equal(scene.lost_up, 0);
    scene_free(&scene);
    subscriber_stop(&subscriber);
    broker_free(&broker);
}

static void mqtt_5_messages_are_taken_and_reach_a_subscriber_in_order(void **state) {
    (void)state;
    messages_are_taken_and_reach_a_subscriber_in_order(5);
}

static void mqtt_3_1_1_messages_are_taken_and_reach_a_subscriber_in_order(void **state) {
    (void)state;
    messages_are_taken_and_reach_a_subscriber_in_order(3);
}

static void the_window_is_never_exceeded_and_opens_again(void **state) {
    (void)state;
    struct broker broker;
    struct scene scene;
    broker_init(&broker, "");
    broker_start(&broker);
    scene_init(&scene, 5, broker.address, NULL);
    scene.conf.window = 10;
    scene_start(&scene);
    assert_int_equal(mqtt_link_publish(scene.link, "t/event", "x", 1, false, 0), MQTT_LINK_E_DOWN);
    assert_int_equal(mqtt_link_room(scene.link), 0);
    scene_await(&scene, &scene.connected, 1);
    uint64_t ticket = 0;
    while (mqtt_link_room(scene.link) > 0) {
        scene_publish(&scene, ++ticket);
    }
    assert_in_range(ticket, 9, 10); /* the status may have one place */
    assert_int_equal(mqtt_link_publish(scene.link, "t/event", "x", 1, false, 99), MQTT_LINK_E_FULL);
    scene_await(&scene, &scene.taken, (int)ticket);
    assert_in_range(mqtt_link_room(scene.link), 9, 10);
    scene_part(&scene, &broker);
}

static void the_receive_maximum_of_the_broker_narrows_the_window(void **state) {
    (void)state;
    struct broker broker;
    struct scene scene;
    scene_meet_with(&scene, &broker, 5, "max_inflight_messages 7");
    assert_int_equal(mqtt_link_window(scene.link), 7);
    for (uint64_t ticket = 1; ticket <= 50; ticket++) {
        scene_publish(&scene, ticket);
    }
    scene_await(&scene, &scene.taken, 50);
    assert_int_equal(scene.lost_up, 0); /* a broker closes when its maximum is exceeded */
    scene_part(&scene, &broker);
}

static atomic_int traced;

static void count_trace(enum MQTTASYNC_TRACE_LEVELS level, char *message) {
    (void)level;
    (void)message;
    atomic_fetch_add(&traced, 1);
}

static void a_message_is_not_written_into_a_trace_that_nobody_asked_for(void **state) {
    (void)state;
    struct broker broker;
    struct scene scene;
    scene_meet(&scene, &broker, 5);
    MQTTAsync_setTraceCallback(count_trace);
    for (uint64_t ticket = 1; ticket <= 20; ticket++) {
        scene_publish(&scene, ticket);
    }
    scene_await(&scene, &scene.taken, 20);
    assert_int_equal(traced, 0);
    /* It would have been seen. */
    MQTTAsync_setTraceLevel(MQTTASYNC_TRACE_PROTOCOL);
    scene_publish(&scene, 21);
    scene_await(&scene, &scene.taken, 21);
    assert_true(traced > 0);
    MQTTAsync_setTraceLevel(MQTTASYNC_TRACE_ERROR);
    MQTTAsync_setTraceCallback(NULL);
    scene_part(&scene, &broker);
}

static void small_messages_do_not_wait_for_nagle(void **state) {
    (void)state;
    struct broker broker;
    struct scene scene;
    scene_meet(&scene, &broker, 5);
    int found = 0;
    for (int fd = 3; fd < 256; fd++) {
        struct sockaddr_in peer;
        socklen_t len = sizeof peer;
        int on = 0;
        socklen_t on_len = sizeof on;
        if (getpeername(fd, (struct sockaddr *)&peer, &len) == 0 && peer.sin_family == AF_INET &&
            ntohs(peer.sin_port) == broker.port) {
            assert_int_equal(getsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, &on_len), 0);
            assert_int_not_equal(on, 0);
            found++;
        }
    }
    assert_int_equal(found, 1);
    scene_part(&scene, &broker);
}

static void what_the_broker_holds_under_the_filter_is_reported(void **state) {
    (void)state;
    struct broker broker;
    struct scene first;
    struct scene second;
    broker_init(&broker, "");
    broker_start(&broker);
    scene_init(&first, 3, broker.address, NULL);
    scene_start(&first);
    scene_await(&first, &first.connected, 1);
    assert_int_equal(mqtt_link_publish(first.link, "t/alarm/old/one", "{}", 2, true, 1), 0);
    scene_await(&first, &first.taken, 1);
    scene_free(&first);

    scene_init(&second, 3, broker.address, NULL);
    static const char *const filters[] = {"t/alarm/#"};
    second.conf.retained_filters = filters;
    second.conf.retained_filter_count = 1;
    scene_start(&second);
    uint64_t deadline_ns = clock_real_ns() + PATIENCE_S * NS_PER_S;
    while (second.retained[0] == '\0' && clock_real_ns() < deadline_ns) {
        assert_int_equal(event_base_loop(second.base, EVLOOP_ONCE), 0);
    }
    assert_string_equal(second.retained, "t/alarm/old/one {}");
    /* What we publish ourselves is an echo, not something that was there. */
    second.retained[0] = '\0';
    assert_int_equal(mqtt_link_publish(second.link, "t/alarm/new/two", "{}", 2, true, 1), 0);
    assert_int_equal(mqtt_link_publish(second.link, "t/event", "", 0, false, 2), 0);
    scene_await(&second, &second.taken, 2);
    assert_string_equal(second.retained, "");
    scene_free(&second);
    broker_free(&broker);
}

/* ---- the status ---- */

static void a_killed_gateway_is_reported_offline_by_its_last_will(void **state) {
    (void)state;
    struct broker broker;
    struct subscriber subscriber;
    struct scene scene;
    broker_init(&broker, "");
    broker_start(&broker);
    subscriber_start(&subscriber, &broker, "t/status");
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
        scene_init(&scene, 5, broker.address, NULL);
        scene_start(&scene);
        (void)event_base_dispatch(scene.base);
        _exit(0);
    }
    scene_init(&scene, 5, broker.address, NULL); /* only its loop is used here */
    scene_await_text(&scene, &subscriber, "0 t/status online");
    assert_false(subscriber_has(&subscriber, "offline"));
    assert_int_equal(kill(pid, SIGKILL), 0);
    assert_int_equal(waitpid(pid, NULL, 0), pid);
    scene_await_text(&scene, &subscriber, "0 t/status offline");
    subscriber_stop(&subscriber);
    subscriber_start(&subscriber, &broker, "t/status");
    scene_await_text(&scene, &subscriber, "1 t/status offline"); /* retained */
    scene_free(&scene);
    subscriber_stop(&subscriber);
    broker_free(&broker);
}

static void a_clean_stop_says_offline_itself_after_all_else(void **state) {
    (void)state;
    struct broker broker;
    struct subscriber subscriber;
    struct scene scene;
    broker_init(&broker, "");
    broker_start(&broker);
    subscriber_start(&subscriber, &broker, "t/#");
    scene_init(&scene, 5, broker.address, NULL);
    scene.conf.window = 4;
    scene_start(&scene);
    scene_await(&scene, &scene.connected, 1);
    uint64_t ticket = 0;
    while (mqtt_link_room(scene.link) > 0) {
        scene_publish(&scene, ++ticket); /* the window is full when the stop comes */
    }
    mqtt_link_stop(scene.link);
    assert_int_equal(scene.taken, (int)ticket);
    assert_int_equal(mqtt_link_room(scene.link), 0);
    scene_await_text(&scene, &subscriber, "0 t/status offline");
    assert_non_null(strstr(strstr(subscriber.text, "message-"), "t/status offline"));
    scene_free(&scene);
    /* One offline, ours: the broker told no last will on top. */
    const char *at = strstr(subscriber.text, "t/status offline");
    assert_null(strstr(at + 1, "t/status offline"));
    subscriber_stop(&subscriber);
    broker_free(&broker);
}

/* The library takes leave by itself: whoever frees a line that stands has to say offline before. */
static void a_line_that_is_freed_takes_leave_and_no_last_will_is_told(void **state) {
    (void)state;
    for (uint32_t version = 3; version <= 5; version += 2) {
        struct broker broker;
        struct subscriber subscriber;
        struct scene first, second;
        broker_init(&broker, "");
        broker_start(&broker);
        subscriber_start(&subscriber, &broker, "t/#");
        scene_init(&first, version, broker.address, NULL);
        scene_start(&first);
        scene_await_text(&first, &subscriber, "0 t/status online");
        scene_free(&first);
        /* The broker would tell a last will before anything that comes later. */
        scene_init(&second, version, broker.address, NULL);
        scene_start(&second);
        scene_await(&second, &second.connected, 1);
        scene_publish(&second, 1);
        scene_await_text(&second, &subscriber, "message-");
        assert_false(subscriber_has(&subscriber, "offline"));
        scene_part(&second, &broker);
        subscriber_stop(&subscriber);
    }
}

static void the_status_is_told_again_when_it_changes(void **state) {
    (void)state;
    struct broker broker;
    struct subscriber subscriber;
    struct scene scene;
    broker_init(&broker, "");
    broker_start(&broker);
    subscriber_start(&subscriber, &broker, "t/status");
    scene_init(&scene, 5, broker.address, NULL);
    scene_start(&scene);
    scene_await_text(&scene, &subscriber, "0 t/status online");
    mqtt_link_status(scene.link, "online again", "offline");
    scene_await_text(&scene, &subscriber, "0 t/status online again");
    scene_free(&scene);
    subscriber_stop(&subscriber);
    broker_free(&broker);
}

/* ---- brokers that fail ---- */

static void a_killed_broker_loses_what_was_in_flight_and_the_line_comes_back(uint32_t version) {
    struct broker broker;
    struct scene scene;
    scene_meet(&scene, &broker, version);
    for (int round = 1; round <= 3; round++) {
        broker_signal(&broker, SIGSTOP);
        for (uint64_t i = 1; i <= 5; i++) {
            scene_publish(&scene, (uint64_t)round * 100 + i);
        }
        broker_signal(&broker, SIGKILL);
        scene_await(&scene, &scene.lost_up, round);
        assert_int_equal(mqtt_link_room(scene.link), 0);
        int taken = scene.taken;
        broker_start(&broker);
        scene_await(&scene, &scene.connected, round + 1);
        assert_int_equal(scene.taken, taken); /* nobody has promised to keep those five */
        for (uint64_t i = 1; i <= 5; i++) {
            scene_publish(&scene, (uint64_t)round * 100 + i);
        }
        scene_await(&scene, &scene.taken, taken + 5);
    }
    scene_part(&scene, &broker);
}

static void mqtt_5_a_killed_broker_loses_what_was_in_flight_and_the_line_comes_back(void **state) {
    (void)state;
    a_killed_broker_loses_what_was_in_flight_and_the_line_comes_back(5);
}

static void
mqtt_3_1_1_a_killed_broker_loses_what_was_in_flight_and_the_line_comes_back(void **state) {
    (void)state;
    a_killed_broker_loses_what_was_in_flight_and_the_line_comes_back(3);
}

static void a_broker_that_comes_later_is_found(void **state) {
    (void)state;
    struct broker broker;
    struct scene scene;
    broker_init(&broker, "");
    scene_init(&scene, 5, broker.address, NULL);
    scene_start(&scene);
    scene_await(&scene, &scene.lost_trying, 3);
    assert_int_equal(scene.connected, 0);
    assert_true(scene.reason[0] != '\0');
    broker_start(&broker);
    scene_await(&scene, &scene.connected, 1);
    scene_part(&scene, &broker);
}

static void a_broker_that_refuses_us_says_why(uint32_t version, const char *why) {
    struct broker broker;
    struct scene scene;
    scene_try(&scene, &broker, version, "allow_anonymous false");
    scene_await(&scene, &scene.lost_trying, 3);
    assert_int_equal(scene.connected, 0);
    assert_string_equal(scene.reason, why);
    scene_part(&scene, &broker);
}

static void an_mqtt_5_broker_that_refuses_us_says_why(void **state) {
    (void)state;
    a_broker_that_refuses_us_says_why(5, "Not authorized");
}

static void an_mqtt_3_1_1_broker_that_refuses_us_says_why(void **state) {
    (void)state;
    a_broker_that_refuses_us_says_why(3, "the broker does not authorize us");
}

static void
a_message_that_the_broker_does_not_allow_is_refused_and_the_others_are_not(void **state) {
    (void)state;
    struct broker broker;
    struct scene scene;
    char path[64];
    broker_init(&broker, "");
    scene_write(&broker, "acl", "topic write t/status\ntopic write t/event\n", path);
    (void)snprintf(broker.extra, sizeof broker.extra, "acl_file %s\n", path);
    broker_start(&broker);
    scene_init(&scene, 5, broker.address, NULL);
    scene_start(&scene);
    scene_await(&scene, &scene.connected, 1);
    assert_int_equal(mqtt_link_publish(scene.link, "t/forbidden", "x", 1, false, 1), 0);
    scene_publish(&scene, 2);
    scene_await(&scene, &scene.refused, 1);
    scene_await(&scene, &scene.taken, 1);
    assert_false(scene.took[1]);
    assert_string_equal(scene.reason, "Not authorized");
    assert_int_equal(scene.lost_up, 0);
    scene_part(&scene, &broker);
}

/* Attempts go on until one fails for this reason. */
static void await_reason(struct scene *scene, const char *wanted) {
    while (strcmp(scene->reason, wanted) != 0) {
        scene_await(scene, &scene->lost_trying, scene->lost_trying + 1);
    }
}

static void user_and_password_open_the_door_and_a_changed_file_needs_no_restart(void **state) {
    (void)state;
    struct broker broker;
    struct scene scene;
    char path[64];
    char secret[64];
    char command[160];
    broker_init(&broker, "");
    scene_write(&broker, "passwd", "gateway:right\n", path);
    (void)snprintf(command, sizeof command, "/usr/bin/mosquitto_passwd -U %s", path);
    assert_int_equal(system(command), 0);
    (void)snprintf(broker.extra, sizeof broker.extra, "allow_anonymous false\npassword_file %s\n",
                   path);
    broker_start(&broker);
    scene_write(&broker, "secret", "wrong\n", secret);
    scene_init(&scene, 5, broker.address, NULL);
    scene.conf.user = "gateway";
    scene.conf.password_file = secret;
    scene_start(&scene);
    scene_await(&scene, &scene.lost_trying, 1);
    assert_int_equal(scene.connected, 0);
    assert_int_equal(unlink(secret), 0);
    scene.reason[0] = '\0';
    await_reason(&scene, "the file with its password or token cannot be read");
    scene_write(&broker, "secret", "\n", secret);
    await_reason(&scene, "the file with its password or token has nothing in its first line");
    scene_write(&broker, "secret", "right\n", secret);
    scene_await(&scene, &scene.connected, 1);
    scene_part(&scene, &broker);
}

/* A listener that accepts and never says a word. */
static int silent_listener(char ret_address[48]) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t len = sizeof address;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(listen(fd, 16), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &len), 0);
    (void)snprintf(ret_address, 48, "tcp://127.0.0.1:%u", ntohs(address.sin_port));
    return fd;
}

static void a_broker_that_accepts_and_says_nothing_is_given_up_for_the_next(void **state) {
    (void)state;
    struct broker broker;
    struct scene scene;
    char address[48];
    int silent = silent_listener(address);
    broker_init(&broker, "");
    broker_start(&broker);
    scene_init(&scene, 5, address, broker.address);
    scene.conf.connect_limit_s = 1;
    scene_start(&scene);
    scene_await(&scene, &scene.connected, 1);
    assert_int_equal(scene.lost_trying, 1);
    assert_string_equal(scene.broker, broker.address);
    scene_publish(&scene, 1);
    scene_await(&scene, &scene.taken, 1);
    scene_part(&scene, &broker);
    (void)close(silent);
}

static void a_library_that_does_not_come_back_is_reported_once(void **state) {
    (void)state;
    struct scene scene;
    char address[48];
    int silent = silent_listener(address);
    scene_init(&scene, 5, address, NULL);
    scene.conf.connect_limit_s = 3600; /* as good as never */
    scene.conf.answer_ms = 400;
    scene.conf.stuck_ms = 300;
    scene_start(&scene);
    scene_await(&scene, &scene.failed, 1);
    assert_int_equal(scene.lost_trying, 0);
    uint64_t deadline_ns = clock_real_ns() + NS_PER_S;
    while (clock_real_ns() < deadline_ns) {
        assert_int_equal(event_base_loop(scene.base, EVLOOP_ONCE), 0);
    }
    assert_int_equal(scene.failed, 1);
    scene.failed = 0;
    scene_free(&scene);
    (void)close(silent);
}

static void a_broker_that_stops_answering_is_noticed(uint32_t version, bool in_flight) {
    struct broker broker;
    struct scene scene;
    broker_init(&broker, "");
    broker_start(&broker);
    scene_init(&scene, version, broker.address, NULL);
    scene.conf.answer_ms = 400;
    scene.conf.quiet_ms = 200;
    scene_start(&scene);
    scene_await(&scene, &scene.answered, 1);
    broker_signal(&broker, SIGSTOP);
    if (in_flight) {
        scene_publish(&scene, 1);
    }
    scene_await(&scene, &scene.lost_up, 1);
    assert_string_equal(scene.reason, "the broker no longer answers");
    assert_int_equal(mqtt_link_counters(scene.link)->deadlines_missed, 1);
    broker_signal(&broker, SIGCONT);
    scene_await(&scene, &scene.connected, 2);
    assert_int_equal(scene.taken, 0);
    scene_part(&scene, &broker);
}

static void a_broker_that_stops_answering_a_message_is_noticed(void **state) {
    (void)state;
    a_broker_that_stops_answering_is_noticed(5, true);
    a_broker_that_stops_answering_is_noticed(3, true);
}

static void a_broker_that_dies_in_silence_is_noticed_without_any_traffic(void **state) {
    (void)state;
    a_broker_that_stops_answering_is_noticed(5, false);
}

static void a_quiet_line_to_a_living_broker_stays_up(void **state) {
    (void)state;
    struct broker broker;
    struct scene scene;
    broker_init(&broker, "");
    broker_start(&broker);
    scene_init(&scene, 5, broker.address, NULL);
    scene.conf.quiet_ms = 50;
    scene_start(&scene);
    scene_await(&scene, &scene.connected, 1);
    uint64_t deadline_ns = clock_real_ns() + PATIENCE_S * NS_PER_S;
    while (mqtt_link_counters(scene.link)->taken < 8 && clock_real_ns() < deadline_ns) {
        assert_int_equal(event_base_loop(scene.base, EVLOOP_ONCE), 0);
    }
    assert_int_equal(mqtt_link_counters(scene.link)->taken, 8); /* each silence was broken by us */
    assert_int_equal(scene.lost_up, 0);
    scene_part(&scene, &broker);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        /* First, because it forks: the library has no threads yet. */
        cmocka_unit_test(a_killed_gateway_is_reported_offline_by_its_last_will),
        cmocka_unit_test(mqtt_5_messages_are_taken_and_reach_a_subscriber_in_order),
        cmocka_unit_test(mqtt_3_1_1_messages_are_taken_and_reach_a_subscriber_in_order),
        cmocka_unit_test(the_window_is_never_exceeded_and_opens_again),
        cmocka_unit_test(the_receive_maximum_of_the_broker_narrows_the_window),
        cmocka_unit_test(a_message_is_not_written_into_a_trace_that_nobody_asked_for),
        cmocka_unit_test(small_messages_do_not_wait_for_nagle),
        cmocka_unit_test(what_the_broker_holds_under_the_filter_is_reported),
        cmocka_unit_test(a_clean_stop_says_offline_itself_after_all_else),
        cmocka_unit_test(a_line_that_is_freed_takes_leave_and_no_last_will_is_told),
        cmocka_unit_test(the_status_is_told_again_when_it_changes),
        cmocka_unit_test(mqtt_5_a_killed_broker_loses_what_was_in_flight_and_the_line_comes_back),
        cmocka_unit_test(
            mqtt_3_1_1_a_killed_broker_loses_what_was_in_flight_and_the_line_comes_back),
        cmocka_unit_test(a_broker_that_comes_later_is_found),
        cmocka_unit_test(an_mqtt_5_broker_that_refuses_us_says_why),
        cmocka_unit_test(an_mqtt_3_1_1_broker_that_refuses_us_says_why),
        cmocka_unit_test(
            a_message_that_the_broker_does_not_allow_is_refused_and_the_others_are_not),
        cmocka_unit_test(user_and_password_open_the_door_and_a_changed_file_needs_no_restart),
        cmocka_unit_test(a_broker_that_accepts_and_says_nothing_is_given_up_for_the_next),
        cmocka_unit_test(a_library_that_does_not_come_back_is_reported_once),
        cmocka_unit_test(a_broker_that_stops_answering_a_message_is_noticed),
        cmocka_unit_test(a_broker_that_dies_in_silence_is_noticed_without_any_traffic),
        cmocka_unit_test(a_quiet_line_to_a_living_broker_stays_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
