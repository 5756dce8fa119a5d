/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/line.h"

#include <stdio.h>
#include <string.h>

#include <event2/event.h>

#include "gateway/clock.h"
#include "tests/support/cmocka.h"

static void on_connected(void *context, const char *broker) {
    struct scene *scene = context;
    scene->connected++;
    (void)snprintf(scene->broker, sizeof scene->broker, "%s", broker);
}

static void on_answered(void *context, const char *broker) {
    struct scene *scene = context;
    assert_string_equal(broker, scene->broker);
    scene->answered++;
}

static void on_unretained(void *context, const char *broker) {
    struct scene *scene = context;
    (void)broker;
    scene->unretained++;
}

static void on_unsound(void *context, const char *fault) {
    struct scene *scene = context;
    scene->unsound++;
    (void)snprintf(scene->reason, sizeof scene->reason, "%s", fault);
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

static void on_refused(void *context, const struct mqtt_link_refusal *refusal) {
    struct scene *scene = context;
    scene->refused++;
    scene->refused_number = refusal->number;
    scene->refused_as_large = refusal->too_large;
    (void)snprintf(scene->refused_topic, sizeof scene->refused_topic, "%s", refusal->topic);
    (void)snprintf(scene->reason, sizeof scene->reason, "%s", refusal->reason);
}

static void on_retained(void *context, const char *topic, const char *start) {
    struct scene *scene = context;
    (void)snprintf(scene->retained, sizeof scene->retained, "%s %s", topic, start);
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

void scene_init(struct scene *scene, uint32_t version, const char *address, const char *second) {
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

void scene_start(struct scene *scene) {
    static const struct mqtt_link_callbacks callbacks = {
        .connected = on_connected,
        .answered = on_answered,
        .unretained = on_unretained,
        .unsound = on_unsound,
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

void scene_free(struct scene *scene) {
    assert_int_equal(scene->failed, 0);
    scene->link = mqtt_link_free(scene->link);
    event_free(scene->pulse);
    event_base_free(scene->base);
}

void scene_await(struct scene *scene, const int *count, int wanted) {
    uint64_t deadline_ns = clock_real_ns() + PATIENCE_S * NS_PER_S;
    while (*count < wanted) {
        if (clock_real_ns() > deadline_ns) {
            fail_msg("waited in vain; last reason: %s", scene->reason);
        }
        assert_int_equal(event_base_loop(scene->base, EVLOOP_ONCE), 0);
    }
}

void scene_await_text(struct scene *scene, struct subscriber *subscriber, const char *wanted) {
    uint64_t deadline_ns = clock_real_ns() + PATIENCE_S * NS_PER_S;
    while (!subscriber_has(subscriber, wanted)) {
        if (clock_real_ns() > deadline_ns) {
            fail_msg("never seen: %s in: %s", wanted, subscriber->text);
        }
        assert_int_equal(event_base_loop(scene->base, EVLOOP_ONCE), 0);
    }
}

void scene_try(struct scene *scene, struct broker *broker, uint32_t version, const char *settings) {
    broker_init(broker, settings);
    broker_start(broker);
    scene_init(scene, version, broker->address, NULL);
    scene_start(scene);
}

void scene_meet(struct scene *scene, struct broker *broker, uint32_t version) {
    scene_meet_with(scene, broker, version, "");
}

void scene_meet_with(struct scene *scene, struct broker *broker, uint32_t version,
                     const char *settings) {
    scene_try(scene, broker, version, settings);
    scene_await(scene, &scene->connected, 1);
}

void scene_part(struct scene *scene, struct broker *broker) {
    scene_free(scene);
    broker_free(broker);
}

void scene_try_fake(struct scene *scene, struct fake_broker *broker, uint32_t version) {
    fake_broker_start(broker);
    scene_init(scene, version, broker->address, NULL);
    scene_start(scene);
}

void scene_part_fake(struct scene *scene, struct fake_broker *broker) {
    scene_free(scene);
    fake_broker_free(broker);
}

void scene_publish(struct scene *scene, uint64_t ticket) {
    uint64_t deadline_ns = clock_real_ns() + PATIENCE_S * NS_PER_S;
    while (mqtt_link_room(scene->link) == 0 && clock_real_ns() < deadline_ns) {
        assert_int_equal(event_base_loop(scene->base, EVLOOP_ONCE), 0);
    }
    char payload[32];
    int len = snprintf(payload, sizeof payload, "message-%llu;", (unsigned long long)ticket);
    assert_int_equal(mqtt_link_publish(scene->link, "t/event", payload, (size_t)len, false, ticket),
                     0);
}

void scene_write(const struct broker *broker, const char *name, const char *text, char ret[64]) {
    (void)snprintf(ret, 64, "%s/%s", broker->directory, name);
    FILE *file = fopen(ret, "we");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
}
