/* SPDX-License-Identifier: Apache-2.0 */

/*
 * A bus over a serial line, against the other end of a pseudo-terminal that goes wrong.
 *
 * Nothing here measures a time. A lie that the line told (0xDEAD) must never be reported.
 */
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include <cmocka.h>

#include "sensors/modbus_line.h"
#include "tests/support/plain_device.h"

enum line_behaviour {
    LINE_BEHAVES,
    LINE_NOISE_BEFORE,
    LINE_BAD_CHECKSUM,
    LINE_WRONG_UNIT,
    LINE_SILENT
};

struct line {
    int master;
    char path[64];
    pthread_t thread;
    atomic_bool stopping;
    atomic_int how;
    _Atomic uint16_t value;
};

static uint16_t line_checksum(const uint8_t *bytes, size_t size) {
    uint16_t crc = 0xFFFF;
    for (size_t i = 0; i < size; i++) {
        crc ^= bytes[i];
        for (int bit = 0; bit < 8; bit++) {
            crc = (uint16_t)((crc & 1) != 0 ? crc >> 1 ^ 0xA001 : crc >> 1);
        }
    }
    return crc;
}

static void line_answer(struct line *line, const uint8_t *request) {
    uint8_t answer[64] = {request[0], request[1], (uint8_t)(2 * request[5])};
    size_t size = 3 + (size_t)answer[2];
    for (size_t i = 0; i < request[5]; i++) {
        answer[3 + 2 * i] = (uint8_t)(atomic_load(&line->value) >> 8);
        answer[4 + 2 * i] = (uint8_t)atomic_load(&line->value);
    }
    int how = atomic_load(&line->how);
    answer[0] = (uint8_t)(answer[0] + (how == LINE_WRONG_UNIT));
    uint16_t crc = line_checksum(answer, size);
    answer[size++] = (uint8_t)(crc ^ (how == LINE_BAD_CHECKSUM));
    answer[size++] = (uint8_t)(crc >> 8);
    if (how == LINE_NOISE_BEFORE) {
        (void)!write(line->master, "\xFF\x00\x55", 3);
    }
    if (how != LINE_SILENT) {
        (void)!write(line->master, answer, size);
    }
}

static void *line_serve(void *context) {
    struct line *line = context;
    uint8_t request[8];
    size_t have = 0;
    while (!atomic_load(&line->stopping)) {
        struct pollfd readable = {.fd = line->master, .events = POLLIN};
        /* A pause ends a frame, as on a real line: what is incomplete then is thrown away. */
        if (poll(&readable, 1, 20) <= 0 || (readable.revents & POLLIN) == 0) {
            have = 0;
            continue;
        }
        ssize_t got = read(line->master, request + have, sizeof request - have);
        have += got > 0 ? (size_t)got : 0;
        if (have == sizeof request) {
            have = 0;
            line_answer(line, request);
        }
    }
    return NULL;
}

static void line_open(struct line *line) {
    *line = (struct line){.master = posix_openpt(O_RDWR | O_NOCTTY)};
    assert_true(line->master >= 0);
    assert_int_equal(grantpt(line->master), 0);
    assert_int_equal(unlockpt(line->master), 0);
    assert_int_equal(ptsname_r(line->master, line->path, sizeof line->path), 0);
    struct termios raw;
    assert_int_equal(tcgetattr(line->master, &raw), 0);
    cfmakeraw(&raw);
    assert_int_equal(tcsetattr(line->master, TCSANOW, &raw), 0);
    atomic_store(&line->value, 231);
    assert_int_equal(pthread_create(&line->thread, NULL, line_serve, line), 0);
}

static void line_close(struct line *line) {
    atomic_store(&line->stopping, true);
    (void)pthread_join(line->thread, NULL);
    (void)close(line->master);
}

struct fixture {
    struct line line;
    struct sink_recorder *recorder;
    struct mbbus_device conf;
    struct mbbus *bus;
    struct mbline *carrier;
};

/* A bus with one device over the line of this path, started. */
static void fixture_carry(struct fixture *fixture, const char *path) {
    fixture->recorder = recorder_new();
    fixture->conf = plain_device(0, 11);
    fixture->conf.timeout_ns = CURT_NS;
    const struct sensor_sink sink = recorder_sink(fixture->recorder);
    const struct mbbus_conf conf = {.devices = &fixture->conf, .device_count = 1, .sink = sink};
    const struct mbrtu_conf line = {.line = path, .baud = 9600, .parity = 'N', .stop_bits = 1};
    assert_int_equal(mbbus_new(&conf, &fixture->bus), 0);
    assert_int_equal(mbline_new(fixture->bus, &line, &sink, &fixture->carrier), 0);
    assert_int_equal(mbline_start(fixture->carrier), 0);
}

static void fixture_drop(struct fixture *fixture) {
    (void)mbline_free(fixture->carrier);
    (void)mbbus_free(fixture->bus);
    recorder_free(fixture->recorder);
}

static void fixture_start(struct fixture *fixture) {
    line_open(&fixture->line);
    fixture_carry(fixture, fixture->line.path);
    (void)recorder_await_reading(fixture->recorder, 0, 0, QUALITY_GOOD, 231);
}

static void fixture_end(struct fixture *fixture) {
    fixture_drop(fixture);
    line_close(&fixture->line);
}

static void a_serial_line_is_read_and_survives_noise(void **state) {
    (void)state;
    static const struct {
        enum line_behaviour how;
        enum sensor_cause cause;
    } rows[] = {
        {LINE_BAD_CHECKSUM, SENSOR_CAUSE_GARBLED},
        {LINE_WRONG_UNIT, SENSOR_CAUSE_UNIT},
        {LINE_SILENT, SENSOR_CAUSE_TIMEOUT},
    };
    struct fixture fixture;
    fixture_start(&fixture);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        atomic_store(&fixture.line.how, rows[i].how);
        await_cause(fixture.bus, fixture.recorder, rows[i].cause, 2);
        atomic_store(&fixture.line.how, LINE_BEHAVES);
        size_t from = recorder_readings(fixture.recorder);
        atomic_store(&fixture.line.value, (uint16_t)(500 + i));
        (void)recorder_await_reading(fixture.recorder, from, 2, QUALITY_GOOD, 500 + (double)i);
    }
    atomic_store(&fixture.line.how,
                 LINE_NOISE_BEFORE); /* what it spoils depends on what the bytes mean */
    struct mbbus_counts before, after;
    mbbus_counts(fixture.bus, &before);
    do {
        (void)poll(NULL, 0, 1);
        mbbus_counts(fixture.bus, &after);
    } while (after.polls < before.polls + 3);
    atomic_store(&fixture.line.how, LINE_BEHAVES);
    size_t from = recorder_readings(fixture.recorder);
    atomic_store(&fixture.line.value, 600);
    (void)recorder_await_reading(fixture.recorder, from, 1, QUALITY_GOOD, 600);
    for (size_t i = 0; i < recorder_readings(fixture.recorder); i++) {
        double value = recorder_reading(fixture.recorder, i).value;
        assert_true(value == 231 || value == 600 || (value >= 500 && value <= 502));
    }
    fixture_end(&fixture);
}

static void noise_that_waits_before_a_request_is_drained_and_told(void **state) {
    (void)state;
    struct fixture fixture;
    fixture_start(&fixture);
    while (recorder_notes(fixture.recorder, SENSOR_ANSWER_REFUSED) == 0) {
        (void)!write(fixture.line.master, "\x0B\x03\x06\xDE\xAD\xDE\xAD", 7);
        (void)poll(NULL, 0, 7);
    }
    uint64_t heartbeats = recorder_heartbeats(fixture.recorder, 0);
    recorder_await_heartbeats(fixture.recorder, 0, heartbeats + 3);
    assert_false(recorder_saw_value(fixture.recorder, LIE));
    fixture_end(&fixture);
}

static void a_line_that_does_not_open_is_unreachable(void **state) {
    (void)state;
    struct fixture fixture;
    fixture_carry(&fixture, "/nonexistent/tty");
    struct sensor_note note = recorder_await_note(fixture.recorder, SENSOR_DEVICE_LOST, 1);
    assert_int_equal(note.cause, SENSOR_CAUSE_UNREACHABLE);
    assert_string_equal(note.detail, "open: No such file or directory");
    fixture_drop(&fixture);
}

static void a_line_stops_while_it_waits_for_a_device(void **state) {
    (void)state;
    struct fixture fixture;
    fixture_start(&fixture);
    atomic_store(&fixture.line.how, LINE_SILENT);
    await_cause(fixture.bus, fixture.recorder, SENSOR_CAUSE_TIMEOUT, 1);
    fixture_end(&fixture);
}

/* libmodbus 3.1.6 aborts the process in select() at 1,024. */
static void a_descriptor_that_select_cannot_take_is_refused_and_said(void **state) {
    (void)state;
    static int held[DESCRIPTORS_HELD];
    if (!descriptors_hold(held)) {
        /* Only root may raise the hard limit; without the descriptors there is nothing to show. */
        skip();
    }
    struct fixture fixture;
    line_open(&fixture.line);
    fixture_carry(&fixture, fixture.line.path);
    struct sensor_note note = recorder_await_note(fixture.recorder, SENSOR_DEVICE_LOST, 1);
    assert_non_null(strstr(note.detail, "too many connections in one field process"));
    descriptors_release(held);
    recorder_await_heartbeats(fixture.recorder, 0, 1); /* and polls as soon as there is room */
    fixture_end(&fixture);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_serial_line_is_read_and_survives_noise),
        cmocka_unit_test(noise_that_waits_before_a_request_is_drained_and_told),
        cmocka_unit_test(a_line_that_does_not_open_is_unreachable),
        cmocka_unit_test(a_line_stops_while_it_waits_for_a_device),
        cmocka_unit_test(a_descriptor_that_select_cannot_take_is_refused_and_said),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
