/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The line to the broker, against a real mosquitto: what is taken, what is lost, what a broker can
 * do to us, and that the line always comes back. Time-outs are short here; nothing is measured.
 */

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <event2/event.h>

#include "gateway/clock.h"
#include "gateway/uplink/mqtt_link.h"
#include "tests/support/broker.h"
#include "tests/support/cmocka.h"

enum { PATIENCE_S = 30, TICKETS_MAX = 4096 };

struct scene {
    struct event_base *base;
    struct event *pulse; /* lets waiting look at its condition */
    struct mqtt_link *link;
    struct mqtt_link_conf conf;
    const char *addresses[2];
    int connected, lost_up, lost_trying, taken, refused, failed;
    char reason[MQTT_LINK_REASON_SIZE];
    char broker[64];
    char retained[256];
    bool took[TICKETS_MAX];
};

static void on_connected(void *context, const char *broker) {
    struct scene *scene = context;
    scene->connected++;
    (void)snprintf(scene->broker, sizeof scene->broker, "%s", broker);
}

static void on_lost(void *context, const char *broker, const char *reason, bool was_connected) {
    struct scene *scene = context;
    (void)broker;
    scene->lost_up += was_connected;
    scene->lost_trying += !was_connected;
    (void)snprintf(scene->reason, sizeof scene->reason, "%s", reason);
}

static void on_taken(void *context, uint64_t ticket) {
    struct scene *scene = context;
    assert_true(ticket < TICKETS_MAX);
    assert_false(scene->took[ticket]); /* each ticket comes back once */
    scene->took[ticket] = true;
    scene->taken++;
}

static void on_refused(void *context, uint64_t ticket, const char *reason) {
    struct scene *scene = context;
    (void)ticket;
    scene->refused++;
    (void)snprintf(scene->reason, sizeof scene->reason, "%s", reason);
}

static void on_retained(void *context, const char *topic) {
    struct scene *scene = context;
    (void)snprintf(scene->retained, sizeof scene->retained, "%s", topic);
}

static void on_settled(void *context) {
    (void)context;
}

static void on_failed(void *context, int r) {
    struct scene *scene = context;
    (void)r;
    scene->failed++;
}

static void on_pulse(evutil_socket_t fd, short what, void *context) {
    (void)fd;
    (void)what;
    (void)context;
}

/* A line to `address` (and then `second`, if any) with short time-outs; not started. */
static void scene_init(struct scene *scene, uint32_t version, const char *address,
                       const char *second) {
    const struct timeval period = {.tv_usec = 10000};
    memset(scene, 0, sizeof *scene);
    scene->base = event_base_new();
    scene->pulse = event_new(scene->base, -1, EV_PERSIST, on_pulse, scene);
    assert_int_equal(event_add(scene->pulse, &period), 0);
    scene->addresses[0] = address;
    scene->addresses[1] = second;
    scene->conf = mqtt_link_defaults();
    scene->conf.brokers = scene->addresses;
    scene->conf.broker_count = second == NULL ? 1 : 2;
    scene->conf.client_id = "tocsin-test-line";
    scene->conf.version = version;
    scene->conf.status_topic = "t/status";
    scene->conf.connect_limit_s = 10;
    scene->conf.retry_ms_min = 20;
    scene->conf.retry_ms_max = 200;
    scene->conf.answer_ms = 10000; /* the library may look away for a second or two */
    scene->conf.seed = 1;
}

static void scene_start(struct scene *scene) {
    static const struct mqtt_link_callbacks callbacks = {
        .connected = on_connected,
        .lost = on_lost,
        .taken = on_taken,
        .refused = on_refused,
        .retained = on_retained,
        .settled = on_settled,
        .failed = on_failed,
    };
    assert_int_equal(mqtt_link_new(scene->base, &scene->conf, &callbacks, scene, &scene->link), 0);
    mqtt_link_status(scene->link, "online", "offline");
    mqtt_link_start(scene->link);
}

static void scene_free(struct scene *scene) {
    assert_int_equal(scene->failed, 0);
    scene->link = mqtt_link_free(scene->link);
    event_free(scene->pulse);
    event_base_free(scene->base);
}

/* Run the loop until `*count` is at least `wanted`. */
static void scene_await(struct scene *scene, const int *count, int wanted) {
    uint64_t deadline_ns = clock_real_ns() + PATIENCE_S * NS_PER_S;
    while (*count < wanted) {
        if (clock_real_ns() > deadline_ns) {
            fail_msg("waited in vain; last reason: %s", scene->reason);
        }
        assert_int_equal(event_base_loop(scene->base, EVLOOP_ONCE), 0);
    }
}

static void scene_await_text(struct scene *scene, struct subscriber *subscriber,
                             const char *wanted) {
    uint64_t deadline_ns = clock_real_ns() + PATIENCE_S * NS_PER_S;
    while (!subscriber_has(subscriber, wanted)) {
        if (clock_real_ns() > deadline_ns) {
            fail_msg("never seen: %s in: %s", wanted, subscriber->text);
        }
        assert_int_equal(event_base_loop(scene->base, EVLOOP_ONCE), 0);
    }
}

/* A broker that lives, and a line to it that is up. */
static void scene_meet(struct scene *scene, struct broker *broker, uint32_t version) {
    broker_init(broker, "");
    broker_start(broker);
    scene_init(scene, version, broker->address, NULL);
    scene_start(scene);
    scene_await(scene, &scene->connected, 1);
}

static void scene_part(struct scene *scene, struct broker *broker) {
    scene_free(scene);
    broker_free(broker);
}

/* A broker that speaks MQTT 5 may grant few places: wait for one. */
static void scene_publish(struct scene *scene, uint64_t ticket) {
    uint64_t deadline_ns = clock_real_ns() + PATIENCE_S * NS_PER_S;
    while (mqtt_link_room(scene->link) == 0 && clock_real_ns() < deadline_ns) {
        assert_int_equal(event_base_loop(scene->base, EVLOOP_ONCE), 0);
    }
    char payload[32];
    int len = snprintf(payload, sizeof payload, "message-%llu;", (unsigned long long)ticket);
    assert_int_equal(mqtt_link_publish(scene->link, "t/event", payload, (size_t)len, false, ticket),
                     0);
}

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
    broker_init(&broker, "max_inflight_messages 7");
    broker_start(&broker);
    scene_init(&scene, 5, broker.address, NULL);
    scene_start(&scene);
    scene_await(&scene, &scene.connected, 1);
    assert_int_equal(mqtt_link_window(scene.link), 7);
    for (uint64_t ticket = 1; ticket <= 50; ticket++) {
        scene_publish(&scene, ticket);
    }
    scene_await(&scene, &scene.taken, 50);
    assert_int_equal(scene.lost_up, 0); /* a broker closes when its maximum is exceeded */
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
    second.conf.retained_filter = "t/alarm/#";
    scene_start(&second);
    uint64_t deadline_ns = clock_real_ns() + PATIENCE_S * NS_PER_S;
    while (second.retained[0] == '\0' && clock_real_ns() < deadline_ns) {
        assert_int_equal(event_base_loop(second.base, EVLOOP_ONCE), 0);
    }
    assert_string_equal(second.retained, "t/alarm/old/one");
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
    broker_init(&broker, "allow_anonymous false");
    broker_start(&broker);
    scene_init(&scene, version, broker.address, NULL);
    scene_start(&scene);
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

/* Write `text` to a file of the broker's directory and put its path into `ret`. */
static void scene_write(const struct broker *broker, const char *name, const char *text,
                        char ret[64]) {
    (void)snprintf(ret, 64, "%s/%s", broker->directory, name);
    FILE *file = fopen(ret, "we");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
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
    while (strcmp(scene.reason, "the password file cannot be read") != 0) {
        scene_await(&scene, &scene.lost_trying, scene.lost_trying + 1);
    }
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
    scene_await(&scene, &scene.connected, 1);
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

/* ---- TLS ---- */

static void tls_make(const struct broker *broker, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static void tls_make(const struct broker *broker, const char *format, ...) {
    char command[768];
    va_list arguments;
    int len = snprintf(command, sizeof command, "cd %s && openssl ", broker->directory);
    va_start(arguments, format);
    (void)vsnprintf(command + len, sizeof command - (size_t)len, format, arguments);
    va_end(arguments);
    (void)strcat(command, " >/dev/null 2>&1");
    assert_int_equal(system(command), 0);
}

/* A certificate `name`.crt with `name`.key, signed by `ca`. */
static void tls_issue(const struct broker *broker, const char *name, const char *ca,
                      const char *host) {
    char path[64];
    char text[64];
    (void)snprintf(text, sizeof text, "subjectAltName=DNS:%s\n", host);
    scene_write(broker, "ext", text, path);
    tls_make(broker,
             "req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout %s.key -out %s.csr "
             "-subj /CN=%s",
             name, name, name);
    tls_make(broker,
             "x509 -req -in %s.csr -CA %s.crt -CAkey %s.key -CAcreateserial -days 2 -extfile ext "
             "-out %s.crt",
             name, ca, ca, name);
}

static void tls_authority(const struct broker *broker, const char *name) {
    tls_make(broker,
             "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -keyout %s.key "
             "-out %s.crt -subj /CN=%s",
             name, name, name);
}

struct tls {
    char ca[64], other[64], cert[64], key[64];
};

/* A broker that shows a certificate for `host` and asks for one of ours. */
static void tls_broker(struct broker *broker, struct tls *tls, const char *host) {
    broker_init(broker, "");
    tls_authority(broker, "ca");
    tls_authority(broker, "other");
    tls_issue(broker, "server", "ca", host);
    tls_issue(broker, "client", "ca", "gateway");
    const char *directory = broker->directory;
    (void)snprintf(broker->extra, sizeof broker->extra,
                   "cafile %s/ca.crt\ncertfile %s/server.crt\nkeyfile %s/server.key\n"
                   "require_certificate true\n",
                   directory, directory, directory);
    (void)snprintf(tls->ca, sizeof tls->ca, "%s/ca.crt", directory);
    (void)snprintf(tls->other, sizeof tls->other, "%s/other.crt", directory);
    (void)snprintf(tls->cert, sizeof tls->cert, "%s/client.crt", directory);
    (void)snprintf(tls->key, sizeof tls->key, "%s/client.key", directory);
    broker_start(broker);
}

static void a_broker_with_the_right_certificate_is_trusted_and_trusts_ours(void **state) {
    (void)state;
    struct broker broker;
    struct tls tls;
    struct scene scene;
    tls_broker(&broker, &tls, "localhost");
    scene_init(&scene, 5, broker.tls_address, NULL);
    scene.conf.ca = tls.ca;
    scene.conf.cert = tls.cert;
    scene.conf.key = tls.key;
    scene_start(&scene);
    scene_await(&scene, &scene.connected, 1);
    scene_publish(&scene, 1);
    scene_await(&scene, &scene.taken, 1);
    broker_signal(&broker, SIGKILL); /* and again, with the same client object */
    scene_await(&scene, &scene.lost_up, 1);
    broker_start(&broker);
    scene_await(&scene, &scene.connected, 2);
    scene_part(&scene, &broker);
}

/* Try a TLS broker that must not be spoken to; returns after three attempts. */
static void tls_refuse(struct scene *scene, const struct broker *broker, const char *ca,
                       const char *cert, const char *key) {
    scene_init(scene, 5, broker->tls_address, NULL);
    scene->conf.ca = ca;
    scene->conf.cert = cert;
    scene->conf.key = key;
    scene_start(scene);
    scene_await(scene, &scene->lost_trying, 3);
    assert_int_equal(scene->connected, 0);
    scene_free(scene);
}

static void strangers_are_not_trusted_and_do_not_trust_us(void **state) {
    (void)state;
    struct broker broker;
    struct broker elsewhere;
    struct tls tls;
    struct tls other;
    struct scene scene;
    tls_broker(&broker, &tls, "localhost");
    tls_refuse(&scene, &broker, tls.other, tls.cert, tls.key); /* an unknown authority */
    assert_non_null(strstr(scene.reason, "certificate"));
    tls_refuse(&scene, &broker, tls.ca, "", ""); /* we show no certificate */
    broker_free(&broker);
    tls_broker(&elsewhere, &other, "elsewhere.example"); /* a certificate for another host */
    tls_refuse(&scene, &elsewhere, other.ca, other.cert, other.key);
    broker_free(&elsewhere);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        /* First, because it forks: the library has no threads yet. */
        cmocka_unit_test(a_killed_gateway_is_reported_offline_by_its_last_will),
        cmocka_unit_test(mqtt_5_messages_are_taken_and_reach_a_subscriber_in_order),
        cmocka_unit_test(mqtt_3_1_1_messages_are_taken_and_reach_a_subscriber_in_order),
        cmocka_unit_test(the_window_is_never_exceeded_and_opens_again),
        cmocka_unit_test(the_receive_maximum_of_the_broker_narrows_the_window),
        cmocka_unit_test(small_messages_do_not_wait_for_nagle),
        cmocka_unit_test(what_the_broker_holds_under_the_filter_is_reported),
        cmocka_unit_test(a_clean_stop_says_offline_itself_after_all_else),
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
        cmocka_unit_test(a_broker_with_the_right_certificate_is_trusted_and_trusts_ours),
        cmocka_unit_test(strangers_are_not_trusted_and_do_not_trust_us),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
