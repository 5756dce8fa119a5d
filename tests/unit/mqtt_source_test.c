/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The MQTT source against a real mosquitto, started here on a free port of the loopback. The
 * messages are published by a few lines written from the specification, so that Paho is not tested
 * with itself.
 */
#include <arpa/inet.h>
#include <math.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "sensors/message_queue.h"
#include "sensors/mqtt_source.h"
#include "tests/support/sink_recorder.h"

#define BROKER_BINARY "/usr/sbin/mosquitto"

enum { DOOR, READER, PEOPLE, TWIN, GUARD, LOCK, POINT_COUNT };
enum { DEVICE = 5 };

struct broker {
    char directory[64];
    uint16_t port;
    pid_t pid;
};

/* A port that was free a moment ago; whoever takes it meanwhile makes the broker fail to start. */
static uint16_t free_port(void) {
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    assert_int_equal(bind(fd, (struct sockaddr *)&address, size), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &size), 0);
    (void)close(fd);
    return ntohs(address.sin_port);
}

static int broker_connect(const struct broker *broker) {
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons(broker->port),
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    if (connect(fd, (struct sockaddr *)&address, sizeof address) != 0) {
        (void)close(fd);
        return -1;
    }
    return fd;
}

static void broker_start(struct broker *broker) {
    char path[96];
    (void)snprintf(path, sizeof path, "%s/mosquitto.conf", broker->directory);
    FILE *file = fopen(path, "we");
    assert_non_null(file);
    (void)fprintf(file,
                  "listener %u 127.0.0.1\nallow_anonymous true\npersistence true\n"
                  "persistence_location %s/\nlog_dest none\n",
                  broker->port, broker->directory);
    if (getuid() == 0) {
        (void)fprintf(file, "user root\n");
    }
    (void)fclose(file);
    broker->pid = fork();
    assert_true(broker->pid >= 0);
    if (broker->pid == 0) {
        (void)execl(BROKER_BINARY, "mosquitto", "-c", path, (char *)NULL);
        _exit(127);
    }
    for (int waited_ms = 0;; waited_ms += 10) {
        int fd = broker_connect(broker);
        if (fd >= 0) {
            (void)close(fd);
            return;
        }
        assert_int_equal(waitpid(broker->pid, NULL, WNOHANG), 0);
        assert_true(waited_ms < RECORDER_DEADLINE_S * 1000);
        (void)poll(NULL, 0, 10);
    }
}

static void broker_stop(struct broker *broker) {
    (void)kill(broker->pid, SIGTERM);
    (void)waitpid(broker->pid, NULL, 0);
}

static void broker_init(struct broker *broker) {
    (void)snprintf(broker->directory, sizeof broker->directory, "/tmp/mqtt_source_test.XXXXXX");
    assert_non_null(mkdtemp(broker->directory));
    broker->port = free_port();
}

static void broker_remove(struct broker *broker) {
    static const char *const files[] = {"mosquitto.conf", "mosquitto.db", "mosquitto.db.new"};
    char path[128];
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        (void)snprintf(path, sizeof path, "%s/%s", broker->directory, files[i]);
        (void)unlink(path);
    }
    (void)rmdir(broker->directory);
}

static void read_exactly(int fd, uint8_t *bytes, size_t size) {
    while (size > 0) {
        ssize_t got = recv(fd, bytes, size, 0);
        assert_true(got > 0);
        bytes += got;
        size -= (size_t)got;
    }
}

/* Publish at QoS 1 and wait for the PUBACK: CONNECT, PUBLISH, DISCONNECT of MQTT 3.1.1. */
static void publish(const struct broker *broker, const char *topic, const char *text, size_t size,
                    bool retain) {
    static const uint8_t hello[] = "\x10\x10\0\x04MQTT\x04\x02\0\x3C\0\x04test";
    int fd = broker_connect(broker);
    assert_true(fd >= 0);
    uint8_t answer[4];
    assert_int_equal(send(fd, hello, sizeof hello - 1, 0), sizeof hello - 1);
    read_exactly(fd, answer, 4);
    assert_memory_equal(answer, "\x20\x02\0\0", 4);
    size_t topic_len = strlen(topic), left = 2 + topic_len + 2 + size, at = 1;
    uint8_t *packet = malloc(left + 8);
    assert_non_null(packet);
    packet[0] = (uint8_t)(0x32 | (retain ? 1 : 0));
    for (size_t length = left; at == 1 || length > 0; length /= 128) {
        packet[at++] = (uint8_t)(length % 128 | (length >= 128 ? 128 : 0));
    }
    packet[at++] = (uint8_t)(topic_len >> 8);
    packet[at++] = (uint8_t)topic_len;
    memcpy(packet + at, topic, topic_len);
    at += topic_len;
    packet[at++] = 0;
    packet[at++] = 1;
    memcpy(packet + at, text, size);
    at += size;
    assert_int_equal(send(fd, packet, at, 0), at);
    free(packet);
    read_exactly(fd, answer, 4);
    assert_memory_equal(answer, "\x40\x02\0\x01", 4);
    (void)send(fd, "\xE0\0", 2, MSG_NOSIGNAL);
    (void)close(fd);
}

static void say(const struct broker *broker, const char *topic, const char *text) {
    publish(broker, topic, text, strlen(text), false);
}

#define NUMBER                                                                                     \
    { .bit = -1, .scale = 1, .min = -(double)INFINITY, .max = (double)INFINITY }

static const struct mqtt_source_point points[POINT_COUNT] = {
    {.point = DOOR,
     .device = DEVICE,
     .topic = "field/gate/door",
     .format = {.value = "/open", .number = {.bit = -1, .truth = true}}},
    {.point = READER,
     .device = DEVICE,
     .topic = "field/gate/reader",
     .event = true,
     .format = {.code = "/card", .result = "/granted", .number = {.bit = -1, .truth = true}}},
    {.point = PEOPLE,
     .device = DEVICE,
     .topic = "field/desk",
     .format = {.value = "/count", .number = NUMBER}},
    {.point = TWIN,
     .device = DEVICE,
     .topic = "field/desk",
     .format = {.value = "/noise", .number = NUMBER}},
    {.point = GUARD,
     .device = DEVICE,
     .topic = "field/desk",
     .event = true,
     .format = {.code = "/card", .result = "/granted", .number = {.bit = -1, .truth = true}}},
    {.point = LOCK,
     .device = DEVICE,
     .topic = "field/gate/lock",
     .event = true,
     .format = {.code = "/card",
                .result = "/granted",
                .time = "/at",
                .number = {.bit = -1, .truth = true}}},
};
static const uint32_t devices[] = {DEVICE};

struct fixture {
    struct broker broker;
    struct sink_recorder *recorder;
    struct mqtt_source *source;
};

static struct mqtt_source *source_start_into(const struct broker *broker,
                                             const struct sensor_sink *sink) {
    char uri[64];
    (void)snprintf(uri, sizeof uri, "tcp://127.0.0.1:%u", broker->port);
    const struct mqtt_source_conf conf = {
        .uri = uri,
        .client_id = "tocsin-test-main-field-doors",
        .points = points,
        .point_count = POINT_COUNT,
        .devices = devices,
        .device_count = 1,
        .sink = *sink,
    };
    struct mqtt_source *source;
    assert_int_equal(mqtt_source_new(&conf, &source), 0);
    assert_int_equal(mqtt_source_start(source), 0);
    return source;
}

static struct mqtt_source *source_start(const struct broker *broker,
                                        struct sink_recorder *recorder) {
    const struct sensor_sink sink = recorder_sink(recorder);
    return source_start_into(broker, &sink);
}

static void fixture_start(struct fixture *fixture) {
    broker_init(&fixture->broker);
    broker_start(&fixture->broker);
    fixture->recorder = recorder_new();
    fixture->source = source_start(&fixture->broker, fixture->recorder);
    (void)recorder_await_note(fixture->recorder, SENSOR_DEVICE_ANSWERS, 1);
}

static void fixture_end(struct fixture *fixture) {
    (void)mqtt_source_free(fixture->source);
    broker_stop(&fixture->broker);
    broker_remove(&fixture->broker);
    recorder_free(fixture->recorder);
}

static void published_values_become_readings(void **state) {
    (void)state;
    struct fixture fixture;
    fixture_start(&fixture);
    say(&fixture.broker, "field/gate/door", "{\"open\":true}");
    (void)recorder_await_reading(fixture.recorder, 0, DOOR, QUALITY_GOOD, 1);
    say(&fixture.broker, "field/gate/reader", "{\"card\":40213344,\"granted\":true}");
    size_t place = recorder_await_reading(fixture.recorder, 0, READER, QUALITY_GOOD, 1);
    assert_int_equal(recorder_reading(fixture.recorder, place).code, 40213344);
    assert_true(recorder_reading(fixture.recorder, place).measured.ns > 0);
    say(&fixture.broker, "field/gate/reader", "{\"card\":5,\"granted\":false}");
    (void)recorder_await_reading(fixture.recorder, 0, READER, QUALITY_GOOD, 0);
    recorder_await_heartbeats(fixture.recorder, DEVICE, 2);
    fixture_end(&fixture);
}

static void points_of_one_topic_are_all_read_from_one_message(void **state) {
    (void)state;
    struct fixture fixture;
    fixture_start(&fixture);
    say(&fixture.broker, "field/desk", "{\"count\":12,\"noise\":48.5}");
    (void)recorder_await_reading(fixture.recorder, 0, PEOPLE, QUALITY_GOOD, 12);
    (void)recorder_await_reading(fixture.recorder, 0, TWIN, QUALITY_GOOD, 48.5);
    fixture_end(&fixture);
}

/* Each message that has no value of the door puts it in fault, and is told as that. */
static void what_is_no_json_of_ours_is_a_fault_and_the_next_message_is_read(void **state) {
    (void)state;
    struct fixture fixture;
    fixture_start(&fixture);
    static char large[PAYLOAD_SIZE_MAX + 1];
    memset(large, ' ', sizeof large);
    static const char *const texts[] = {"not json",
                                        "{\"open\":null}",
                                        "{\"open\":NaN}",
                                        "{\"open\":1e400}",
                                        "{\"open\":[1]}",
                                        "{\"opened\":true}",
                                        "{\"open\":\"nan\"}",
                                        "17",
                                        "",
                                        NULL};
    size_t from = 0;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        say(&fixture.broker, "field/gate/door", "{\"open\":true}");
        from = recorder_await_reading(fixture.recorder, from, DOOR, QUALITY_GOOD, 1);
        const char *text = texts[i] != NULL ? texts[i] : large;
        publish(&fixture.broker, "field/gate/door", text,
                texts[i] != NULL ? strlen(text) : sizeof large, false);
        from = recorder_await_reading(fixture.recorder, from, DOOR, QUALITY_FAULT, 0);
        assert_true(recorder_reading(fixture.recorder, from).measured.ns > 0);
        struct sensor_note note =
            recorder_await_note(fixture.recorder, SENSOR_VALUE_REFUSED, i + 1);
        assert_int_equal(note.device, DEVICE);
        assert_int_equal(note.point, DOOR);
        assert_true(note.detail[0] != '\0');
    }
    struct mqtt_source_counts counts;
    mqtt_source_counts(fixture.source, &counts);
    assert_int_equal(counts.refused, sizeof texts / sizeof *texts);
    say(&fixture.broker, "field/gate/door", "{\"open\":false}");
    (void)recorder_await_reading(fixture.recorder, 0, DOOR, QUALITY_GOOD, 0);
    fixture_end(&fixture);
}

/* Sensors that publish only what has changed say nothing of the rest. */
static void a_point_that_a_message_leaves_out_stays_as_it_is_if_another_has_a_value(void **state) {
    (void)state;
    struct fixture fixture;
    fixture_start(&fixture);
    say(&fixture.broker, "field/desk", "{\"noise\":48.5}");
    struct sensor_note note = recorder_await_note(fixture.recorder, SENSOR_ANSWER_REFUSED, 1);
    assert_int_equal(note.point, PEOPLE);
    assert_string_equal(note.detail, "nothing at /count");
    assert_int_equal(recorder_await_reading(fixture.recorder, 0, TWIN, QUALITY_GOOD, 48.5), 0);
    say(&fixture.broker, "field/desk", "{\"battery\":80}"); /* of neither: both are in fault */
    assert_int_equal(recorder_await_reading(fixture.recorder, 0, PEOPLE, QUALITY_FAULT, 0), 1);
    assert_int_equal(recorder_await_reading(fixture.recorder, 0, TWIN, QUALITY_FAULT, 0), 2);
    say(&fixture.broker, "field/desk", "{\"count\":null,\"noise\":1}");
    size_t place = recorder_await_reading(fixture.recorder, 0, TWIN, QUALITY_GOOD, 1);
    assert_int_equal(recorder_reading(fixture.recorder, place - 1).quality, QUALITY_FAULT);
    fixture_end(&fixture);
}

static void a_reader_whose_message_cannot_be_read_is_in_fault_and_told_why(void **state) {
    (void)state;
    static const struct {
        const char *text, *detail;
    } rows[] = {
        {"{\"card\":null,\"granted\":true}", "no card number in decimal digits at /card"},
        {"{\"card\":\"04A1B2C3\",\"granted\":true}", "no card number in decimal digits at /card"},
        {"{\"card\":5,\"granted\":1}", "neither true nor false at /granted"},
        {"{\"card\":5}", "neither true nor false at /granted"},
        {"{\"granted\":true}", "no card number in decimal digits at /card"},
        {"{\"status\":\"online\"}", "nothing at /card"},
        {"no json", "no JSON at byte 2"},
    };
    struct fixture fixture;
    fixture_start(&fixture);
    size_t from = 0;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        say(&fixture.broker, "field/gate/reader", rows[i].text);
        from = recorder_await_reading(fixture.recorder, from, READER, QUALITY_FAULT, 0);
        struct sensor_note note =
            recorder_await_note(fixture.recorder, SENSOR_VALUE_REFUSED, i + 1);
        assert_int_equal(note.point, READER);
        assert_string_equal(note.detail, rows[i].detail);
        say(&fixture.broker, "field/gate/reader", "{\"card\":5,\"granted\":true}");
        from = recorder_await_reading(fixture.recorder, from, READER, QUALITY_GOOD, 1);
    }
    fixture_end(&fixture);
}

/* A desk and its reader may share a topic: how many sit there is nothing of a card. */
static void a_reader_that_a_message_leaves_out_is_well_if_another_point_has_a_value(void **state) {
    (void)state;
    struct fixture fixture;
    fixture_start(&fixture);
    say(&fixture.broker, "field/desk", "{\"count\":1,\"noise\":1}");
    size_t from = recorder_await_reading(fixture.recorder, 0, TWIN, QUALITY_GOOD, 1);
    say(&fixture.broker, "field/desk", "{\"card\":7,\"granted\":true}");
    from = recorder_await_reading(fixture.recorder, from, GUARD, QUALITY_GOOD, 1);
    for (size_t i = 0; i <= from; i++) {
        assert_int_equal(recorder_reading(fixture.recorder, i).quality, QUALITY_GOOD);
    }
    fixture_end(&fixture);
}

static void a_moment_of_no_known_time_or_not_of_now_is_told(void **state) {
    (void)state;
    struct fixture fixture;
    fixture_start(&fixture);
    say(&fixture.broker, "field/gate/lock", "{\"card\":7,\"granted\":true,\"at\":1000000}");
    struct sensor_note note = recorder_await_note(fixture.recorder, SENSOR_MOMENT_DOUBTED, 1);
    assert_int_equal(note.point, LOCK);
    assert_non_null(strstr(note.detail, " s behind ours"));
    (void)recorder_await_reading(fixture.recorder, 0, LOCK, QUALITY_GOOD, 1);
    say(&fixture.broker, "field/gate/lock", "{\"card\":7,\"granted\":true,\"at\":4000000000}");
    note = recorder_await_note(fixture.recorder, SENSOR_MOMENT_DOUBTED, 2);
    assert_non_null(strstr(note.detail, " s ahead of ours"));
    say(&fixture.broker, "field/gate/lock", "{\"card\":7,\"granted\":true,\"at\":\"noon\"}");
    note = recorder_await_note(fixture.recorder, SENSOR_MOMENT_DOUBTED, 3);
    assert_string_equal(note.detail, "its time at /at cannot be read");
    fixture_end(&fixture);
}

static void a_retained_state_is_taken_and_a_retained_event_is_not(void **state) {
    (void)state;
    struct fixture fixture;
    broker_init(&fixture.broker);
    broker_start(&fixture.broker);
    const char *event = "{\"card\":1,\"granted\":true}", *door = "{\"open\":true}";
    publish(&fixture.broker, "field/gate/reader", event, strlen(event), true);
    publish(&fixture.broker, "field/gate/door", door, strlen(door), true);
    fixture.recorder = recorder_new();
    fixture.source = source_start(&fixture.broker, fixture.recorder);
    (void)recorder_await_reading(fixture.recorder, 0, DOOR, QUALITY_GOOD, 1);
    say(&fixture.broker, "field/gate/reader", "{\"card\":2,\"granted\":true}");
    size_t place = recorder_await_reading(fixture.recorder, 0, READER, QUALITY_GOOD, 1);
    assert_int_equal(recorder_reading(fixture.recorder, place).code, 2);
    fixture_end(&fixture);
}

static void a_broker_that_restarts_is_found_again_and_topics_are_read_again(void **state) {
    (void)state;
    struct fixture fixture;
    fixture_start(&fixture);
    for (size_t round = 1; round <= 3; round++) {
        broker_stop(&fixture.broker);
        struct sensor_note note = recorder_await_note(fixture.recorder, SENSOR_DEVICE_LOST, round);
        assert_int_equal(note.device, DEVICE);
        broker_start(&fixture.broker);
        (void)recorder_await_note(fixture.recorder, SENSOR_DEVICE_ANSWERS, round + 1);
        char text[32];
        (void)snprintf(text, sizeof text, "{\"count\":%zu,\"noise\":0}", 100 + round);
        say(&fixture.broker, "field/desk", text);
        (void)recorder_await_reading(fixture.recorder, 0, PEOPLE, QUALITY_GOOD,
                                     100 + (double)round);
    }
    struct mqtt_source_counts counts;
    mqtt_source_counts(fixture.source, &counts);
    assert_int_equal(counts.connections, 4);
    assert_int_equal(counts.overflowed, 0);
    fixture_end(&fixture);
}

static void an_event_published_while_the_gateway_restarts_arrives_afterwards(void **state) {
    (void)state;
    struct fixture fixture;
    fixture_start(&fixture);
    (void)mqtt_source_free(fixture.source);
    say(&fixture.broker, "field/gate/reader", "{\"card\":77,\"granted\":true}");
    fixture.source = source_start(&fixture.broker, fixture.recorder);
    size_t place = recorder_await_reading(fixture.recorder, 0, READER, QUALITY_GOOD, 1);
    assert_int_equal(recorder_reading(fixture.recorder, place).code, 77);
    fixture_end(&fixture);
}

static void a_broker_that_is_absent_is_told_and_found_when_it_comes(void **state) {
    (void)state;
    struct fixture fixture;
    broker_init(&fixture.broker);
    fixture.recorder = recorder_new();
    fixture.source = source_start(&fixture.broker, fixture.recorder);
    struct sensor_note note = recorder_await_note(fixture.recorder, SENSOR_DEVICE_LOST, 1);
    assert_int_equal(note.cause, SENSOR_CAUSE_UNREACHABLE);
    assert_int_equal(recorder_heartbeats(fixture.recorder, DEVICE), 0);
    broker_start(&fixture.broker);
    (void)recorder_await_note(fixture.recorder, SENSOR_DEVICE_ANSWERS, 1);
    fixture_end(&fixture);
}

/* A source whose broker takes the connection and never says a word must still end. */
static void a_source_ends_while_its_broker_is_silent(void **state) {
    (void)state;
    int listener = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    assert_int_equal(bind(listener, (struct sockaddr *)&address, size), 0);
    assert_int_equal(listen(listener, 4), 0);
    assert_int_equal(getsockname(listener, (struct sockaddr *)&address, &size), 0);
    const struct broker broker = {.port = ntohs(address.sin_port)};
    struct sink_recorder *recorder = recorder_new();
    struct mqtt_source *source = source_start(&broker, recorder);
    int accepted = accept(listener, NULL, NULL);
    assert_true(accepted >= 0);
    (void)mqtt_source_free(source);
    (void)close(accepted);
    (void)close(listener);
    recorder_free(recorder);
}

/* A sink before which the worker stands still while the gate is shut. */
static pthread_mutex_t gate = PTHREAD_MUTEX_INITIALIZER;
static void (*behind_gate)(void *context, const struct reading *reading, uint64_t token);

static void gate_reading(void *context, const struct reading *reading, uint64_t token) {
    (void)pthread_mutex_lock(&gate);
    (void)pthread_mutex_unlock(&gate);
    behind_gate(context, reading, token);
}

static bool has_all_messages(void *context) {
    enum { JABBERED = 500, OTHERS = 2 };
    struct mqtt_source_counts counts;
    mqtt_source_counts(context, &counts);
    return counts.messages == JABBERED + OTHERS;
}

static void a_sensor_that_jabbers_pushes_out_nobody_elses_message(void **state) {
    (void)state;
    struct fixture fixture;
    struct mqtt_source_counts counts;
    broker_init(&fixture.broker);
    broker_start(&fixture.broker);
    fixture.recorder = recorder_new();
    struct sensor_sink sink = recorder_sink(fixture.recorder);
    behind_gate = sink.reading;
    sink.reading = gate_reading;
    fixture.source = source_start_into(&fixture.broker, &sink);
    (void)recorder_await_note(fixture.recorder, SENSOR_DEVICE_ANSWERS, 1);
    (void)pthread_mutex_lock(&gate);
    for (int i = 1; i <= 500; i++) {
        bool open = i == 1 || i == 500;
        say(&fixture.broker, "field/gate/door", open ? "{\"open\":true}" : "{\"open\":false}");
    }
    say(&fixture.broker, "field/desk", "{\"count\":7,\"noise\":1}");
    say(&fixture.broker, "field/gate/reader", "{\"card\":7,\"granted\":true}");
    recorder_await(fixture.recorder, has_all_messages, fixture.source, "all messages");
    (void)pthread_mutex_unlock(&gate);
    (void)recorder_await_reading(fixture.recorder, 0, PEOPLE, QUALITY_GOOD, 7);
    (void)recorder_await_reading(fixture.recorder, 0, READER, QUALITY_GOOD, 1);
    size_t from = recorder_await_reading(fixture.recorder, 0, DOOR, QUALITY_GOOD, 1);
    from = recorder_await_reading(fixture.recorder, from, DOOR, QUALITY_GOOD, 0);
    (void)recorder_await_reading(fixture.recorder, from, DOOR, QUALITY_GOOD, 1);
    struct sensor_note note = recorder_await_note(fixture.recorder, SENSOR_TOPIC_CROWDED, 1);
    assert_int_equal(note.point, DOOR);
    assert_int_equal(note.device, DEVICE);
    mqtt_source_counts(fixture.source, &counts);
    /* One was read already, and stood before the gate, unless the worker had not come so far. */
    assert_in_range(counts.overflowed, 500 - MESSAGE_QUEUE_SHARE - 1, 500 - MESSAGE_QUEUE_SHARE);
    fixture_end(&fixture);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(published_values_become_readings),
        cmocka_unit_test(points_of_one_topic_are_all_read_from_one_message),
        cmocka_unit_test(what_is_no_json_of_ours_is_a_fault_and_the_next_message_is_read),
        cmocka_unit_test(a_point_that_a_message_leaves_out_stays_as_it_is_if_another_has_a_value),
        cmocka_unit_test(a_reader_whose_message_cannot_be_read_is_in_fault_and_told_why),
        cmocka_unit_test(a_reader_that_a_message_leaves_out_is_well_if_another_point_has_a_value),
        cmocka_unit_test(a_moment_of_no_known_time_or_not_of_now_is_told),
        cmocka_unit_test(a_retained_state_is_taken_and_a_retained_event_is_not),
        cmocka_unit_test(a_broker_that_restarts_is_found_again_and_topics_are_read_again),
        cmocka_unit_test(an_event_published_while_the_gateway_restarts_arrives_afterwards),
        cmocka_unit_test(a_broker_that_is_absent_is_told_and_found_when_it_comes),
        cmocka_unit_test(a_sensor_that_jabbers_pushes_out_nobody_elses_message),
        cmocka_unit_test(a_source_ends_while_its_broker_is_silent),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
