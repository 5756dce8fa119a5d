/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Buses against devices that go wrong, over real sockets and a real line.
 *
 * Nothing here measures a time. A misbehaving device is asked until the bus says what it thinks of
 * it; then it behaves again, and the bus must find back by itself. A lie that a device told (0xDEAD
 * in a late answer) must never be reported.
 */
#include <fcntl.h>
#include <math.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "sensors/modbus_bus.h"
#include "tests/support/misbehaving_device.h"
#include "tests/support/sink_recorder.h"

#define LIE 0xDEAD

/* Points 0 to 2 are registers 0 to 2 of the device, as plain numbers. */
static const struct mbimage_point numbers[] = {
#define NUMBER(n)                                                                                  \
    {                                                                                              \
        .point = n, .table = MBFRAME_HOLDING, .address = n, .format = {                            \
            .type = REGISTER_U16,                                                                  \
            .bit = -1,                                                                             \
            .scale = 1,                                                                            \
            .min = 0,                                                                              \
            .max = 65535                                                                           \
        }                                                                                          \
    }
    NUMBER(0),
    NUMBER(1),
    NUMBER(2),
};

static struct mbbus_device plain_device(uint32_t index, uint8_t unit) {
    return (struct mbbus_device){
        .device = index,
        .unit = unit,
        .poll_ns = 20 * NS_PER_MS,
        .timeout_ns = 150 * NS_PER_MS,
        .points = numbers,
        .point_count = 3,
    };
}

static struct mbbus *bus_to(const char *address, uint16_t port, const struct mbbus_device *devices,
                            uint32_t count, struct sink_recorder *recorder) {
    const struct mbbus_conf conf = {
        .link = {.kind = MBLINK_TCP, .address = address, .port = port},
        .devices = devices,
        .device_count = count,
        .sink = recorder_sink(recorder),
    };
    struct mbbus *bus;
    assert_int_equal(mbbus_new(&conf, &bus), 0);
    assert_int_equal(mbbus_start(bus), 0);
    return bus;
}

struct fixture {
    struct misbehaving_device *device;
    struct sink_recorder *recorder;
    struct mbbus_device conf;
    struct mbbus *bus;
};

static void fixture_start(struct fixture *fixture) {
    fixture->device = device_new();
    fixture->recorder = recorder_new();
    fixture->conf = plain_device(0, 1);
    device_register(fixture->device, 0, 17);
    fixture->bus =
        bus_to("127.0.0.1", device_port(fixture->device), &fixture->conf, 1, fixture->recorder);
    (void)recorder_await_reading(fixture->recorder, 0, 0, QUALITY_GOOD, 17);
    (void)recorder_await_note(fixture->recorder, SENSOR_DEVICE_ANSWERS, 1);
}

static void fixture_end(struct fixture *fixture) {
    (void)mbbus_free(fixture->bus);
    device_free(fixture->device);
    recorder_free(fixture->recorder);
}

struct cause_wait {
    const struct mbbus *bus;
    enum sensor_cause cause;
    uint64_t at_least;
};

static bool cause_counted(void *context) {
    const struct cause_wait *wait = context;
    struct mbbus_counts counts;
    mbbus_counts(wait->bus, &counts);
    return counts.causes[wait->cause] >= wait->at_least;
}

static void await_cause(struct fixture *fixture, enum sensor_cause cause, uint64_t at_least) {
    struct cause_wait wait = {fixture->bus, cause, at_least};
    recorder_await(fixture->recorder, cause_counted, &wait, sensor_cause_text(cause));
}

static void changed_registers_are_reported_and_unchanged_ones_are_not(void **state) {
    (void)state;
    struct fixture fixture;
    fixture_start(&fixture);
    recorder_await_heartbeats(fixture.recorder, 0, 10);
    assert_int_equal(recorder_readings(fixture.recorder), 3);
    device_register(fixture.device, 2, 99);
    size_t place = recorder_await_reading(fixture.recorder, 3, 2, QUALITY_GOOD, 99);
    assert_int_equal(place, 3); /* and nothing else came before it */
    struct mbbus_counts counts;
    mbbus_counts(fixture.bus, &counts);
    assert_int_equal(counts.requests, counts.polls); /* three points, one request */
    assert_int_equal(device_connections(fixture.device), 1);
    fixture_end(&fixture);
}

/* Each misbehaviour is refused under its own cause, reports nothing, and is recovered from. */
static void every_misbehaviour_is_refused_and_recovered_from(void **state) {
    (void)state;
    static const struct {
        enum misbehaviour how;
        enum sensor_cause cause;
    } rows[] = {
        {DEVICE_WRONG_UNIT, SENSOR_CAUSE_UNIT},
        {DEVICE_WRONG_TRANSACTION, SENSOR_CAUSE_GARBLED},
        {DEVICE_WRONG_PROTOCOL, SENSOR_CAUSE_GARBLED},
        {DEVICE_WRONG_FUNCTION, SENSOR_CAUSE_GARBLED},
        {DEVICE_SHORT, SENSOR_CAUSE_SHORT},
        {DEVICE_LONG, SENSOR_CAUSE_LONG},
        {DEVICE_BABBLES, SENSOR_CAUSE_LONG},
        {DEVICE_STOPS, SENSOR_CAUSE_SHORT},
        {DEVICE_EXCEPTION, SENSOR_CAUSE_EXCEPTION},
        {DEVICE_CLOSES, SENSOR_CAUSE_CLOSED},
        {DEVICE_DRIPS, SENSOR_CAUSE_SHORT},
        {DEVICE_SILENT, SENSOR_CAUSE_TIMEOUT},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct fixture fixture;
        fixture_start(&fixture);
        device_exception(fixture.device, 4);
        device_misbehave(fixture.device, rows[i].how);
        await_cause(&fixture, rows[i].cause, 2);
        device_misbehave(fixture.device, DEVICE_BEHAVES);
        size_t from = recorder_readings(fixture.recorder);
        device_register(fixture.device, 1, 4242);
        (void)recorder_await_reading(fixture.recorder, from, 1, QUALITY_GOOD, 4242);
        fixture_end(&fixture);
    }
}

static void garbage_never_becomes_a_reading(void **state) {
    (void)state;
    struct fixture fixture;
    fixture_start(&fixture);
    device_misbehave(fixture.device, DEVICE_GARBAGE);
    (void)recorder_await_note(fixture.recorder, SENSOR_ANSWER_REFUSED, 1);
    device_misbehave(fixture.device, DEVICE_BEHAVES);
    uint64_t heartbeats = recorder_heartbeats(fixture.recorder, 0);
    recorder_await_heartbeats(fixture.recorder, 0, heartbeats + 3);
    for (size_t i = 0; i < recorder_readings(fixture.recorder); i++) {
        struct reading reading = recorder_reading(fixture.recorder, i);
        assert_true(reading.value == 17 || reading.value == 0);
    }
    fixture_end(&fixture);
}

/* The device answers each request 200 ms later, past the time-out, with registers that are lies. */
static void a_late_reply_never_answers_the_next_request(void **state) {
    (void)state;
    struct fixture fixture;
    fixture_start(&fixture);
    device_late_ms(fixture.device, 200);
    device_misbehave(fixture.device, DEVICE_LATE);
    await_cause(&fixture, SENSOR_CAUSE_TIMEOUT, 5);
    device_misbehave(fixture.device, DEVICE_BEHAVES);
    device_register(fixture.device, 0, 18);
    (void)recorder_await_reading(fixture.recorder, 0, 0, QUALITY_GOOD, 18);
    uint64_t heartbeats = recorder_heartbeats(fixture.recorder, 0);
    recorder_await_heartbeats(fixture.recorder, 0, heartbeats + 5);
    assert_false(recorder_saw_value(fixture.recorder, LIE));
    fixture_end(&fixture);
}

static uint64_t now_ns(void) {
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * NS_PER_S + (uint64_t)now.tv_nsec;
}

static uint64_t link_clock(void *context) {
    (void)context;
    return now_ns();
}

/*
 * An answer of 15 bytes at 400 ms each takes 6 s; the time-out is 700 ms, and any that is renewed
 * by a byte would hold the bus for the whole. The device counts the bytes: what is claimed is that
 * the bus let go before the fourth, not how fast the machine is.
 */
static void a_dripping_device_does_not_hold_the_bus_beyond_its_time_out(void **state) {
    (void)state;
    struct misbehaving_device *device = device_new();
    device_misbehave(device, DEVICE_DRIPS);
    const struct mblink_conf conf = {
        .kind = MBLINK_TCP, .address = "127.0.0.1", .port = device_port(device)};
    struct mblink *link;
    assert_int_equal(mblink_new(&conf, link_clock, NULL, &link), 0);
    const struct mbframe_request request = mbframe_read(1, MBFRAME_HOLDING, 0, 3);
    struct mbframe_answer answer;
    uint64_t began_ns = now_ns();
    assert_int_equal(mblink_ask(link, &request, 700 * NS_PER_MS, &answer), SENSOR_CAUSE_SHORT);
    uint64_t took_ns = now_ns() - began_ns;
    print_message("a transaction with a dripping device took %llu ms of 700\n",
                  (unsigned long long)(took_ns / NS_PER_MS));
    assert_true(took_ns < 4 * NS_PER_S); /* per byte it would be 6 s and more */
    (void)mblink_free(link);
    device_free(device);
}

static void a_device_that_is_lost_is_told_once_and_found_again(void **state) {
    (void)state;
    struct fixture fixture;
    fixture_start(&fixture);
    assert_int_equal(recorder_notes(fixture.recorder, SENSOR_DEVICE_ANSWERS), 1);
    device_vanish(fixture.device);
    struct sensor_note note = recorder_await_note(fixture.recorder, SENSOR_DEVICE_LOST, 1);
    assert_int_equal(note.cause, SENSOR_CAUSE_UNREACHABLE);
    assert_string_equal(note.detail, "connect: Connection refused");
    size_t from = recorder_readings(fixture.recorder);
    device_resume(fixture.device);
    (void)recorder_await_note(fixture.recorder, SENSOR_DEVICE_ANSWERS, 2);
    /* All points come anew, although none has changed. */
    (void)recorder_await_reading(fixture.recorder, from, 0, QUALITY_GOOD, 17);
    (void)recorder_await_reading(fixture.recorder, from, 1, QUALITY_GOOD, 0);
    (void)recorder_await_reading(fixture.recorder, from, 2, QUALITY_GOOD, 0);
    assert_int_equal(recorder_notes(fixture.recorder, SENSOR_DEVICE_LOST), 1);
    fixture_end(&fixture);
}

/*
 * Ten buses, one device each; one is silent. The others' schedules must show it nowhere: no slot is
 * skipped that would not be without it, because nothing is shared. Compared by counting polls of
 * the living between two moments that both buses see.
 */
static void a_dead_device_on_one_bus_leaves_the_others_untouched(void **state) {
    (void)state;
    enum { BUSES = 10 };
    struct misbehaving_device *devices[BUSES];
    struct sink_recorder *recorder = recorder_new();
    struct mbbus_device confs[BUSES];
    struct mbbus *buses[BUSES];
    for (uint32_t i = 0; i < BUSES; i++) {
        devices[i] = device_new();
        confs[i] = plain_device(i, 1);
        if (i == 0) {
            device_misbehave(devices[i], DEVICE_SILENT);
            confs[i].timeout_ns = 5 * NS_PER_S; /* as long as it would block the others */
        }
        buses[i] = bus_to("127.0.0.1", device_port(devices[i]), &confs[i], 1, recorder);
    }
    for (uint32_t i = 1; i < BUSES; i++) {
        recorder_await_heartbeats(recorder, i, 100); /* 2 s of polls, all within one time-out */
    }
    struct mbbus_counts dead;
    mbbus_counts(buses[0], &dead);
    assert_int_equal(dead.answers, 0);
    for (uint32_t i = 0; i < BUSES; i++) {
        struct mbbus_counts counts;
        mbbus_counts(buses[i], &counts);
        assert_true(i == 0 || counts.answers == counts.polls || counts.answers + 1 == counts.polls);
    }
    for (uint32_t i = 0; i < BUSES; i++) {
        (void)mbbus_free(buses[i]);
        device_free(devices[i]);
    }
    recorder_free(recorder);
}

static void a_dead_unit_behind_a_shared_line_does_not_starve_the_others(void **state) {
    (void)state;
    struct misbehaving_device *device = device_new();
    struct sink_recorder *recorder = recorder_new();
    device_dead_unit(device, 2);
    const struct mbbus_device confs[] = {plain_device(0, 1), plain_device(1, 2),
                                         plain_device(2, 3)};
    struct mbbus *bus = bus_to("127.0.0.1", device_port(device), confs, 3, recorder);
    struct sensor_note note = recorder_await_note(recorder, SENSOR_DEVICE_LOST, 1);
    assert_int_equal(note.device, 1);
    assert_int_equal(note.cause, SENSOR_CAUSE_TIMEOUT);
    assert_string_equal(note.detail, "no answer within 150 ms");
    uint64_t first = recorder_heartbeats(recorder, 0), third = recorder_heartbeats(recorder, 2);
    recorder_await_heartbeats(recorder, 0, first + 50);
    recorder_await_heartbeats(recorder, 2, third + 40);
    device_dead_unit(device, 0);
    recorder_await_heartbeats(recorder, 1, 5);
    assert_int_equal(recorder_notes(recorder, SENSOR_DEVICE_LOST), 1);
    (void)mbbus_free(bus);
    device_free(device);
    recorder_free(recorder);
}

static void a_value_out_of_range_or_nan_is_a_fault(void **state) {
    (void)state;
    static const struct mbimage_point points[] = {
        {.point = 0,
         .table = MBFRAME_INPUT,
         .address = 0,
         .format = {.type = REGISTER_I16, .bit = -1, .scale = 0.1, .min = -40, .max = 85}},
        {.point = 1,
         .table = MBFRAME_INPUT,
         .address = 1,
         .format = {.type = REGISTER_F32,
                    .bit = -1,
                    .scale = 1,
                    .min = -(double)INFINITY,
                    .max = (double)INFINITY}},
    };
    struct misbehaving_device *device = device_new();
    struct sink_recorder *recorder = recorder_new();
    struct mbbus_device conf = plain_device(0, 1);
    conf.points = points;
    conf.point_count = 2;
    device_register(device, 0, 0x7FFF);
    device_register(device, 1, 0x7FC0);
    struct mbbus *bus = bus_to("127.0.0.1", device_port(device), &conf, 1, recorder);
    (void)recorder_await_reading(recorder, 0, 0, QUALITY_FAULT, 0);
    (void)recorder_await_reading(recorder, 0, 1, QUALITY_FAULT, 0);
    (void)recorder_await_note(recorder, SENSOR_VALUE_REFUSED, 2);
    device_register(device, 0, 0);
    device_register(device, 1, 0x3F80);
    (void)recorder_await_reading(recorder, 0, 0, QUALITY_GOOD, 0);
    (void)recorder_await_reading(recorder, 0, 1, QUALITY_GOOD, 1);
    (void)mbbus_free(bus);
    device_free(device);
    recorder_free(recorder);
}

static void a_device_without_the_addresses_between_is_read_around_them(void **state) {
    (void)state;
    static const struct mbimage_point points[] = {NUMBER(0), NUMBER(2), NUMBER(8)};
    struct misbehaving_device *device = device_new();
    struct sink_recorder *recorder = recorder_new();
    struct mbbus_device conf = plain_device(0, 1);
    conf.points = points;
    conf.point_count = 3;
    device_misbehave(device, DEVICE_HAS_GAPS);
    device_register(device, 8, 88);
    struct mbbus *bus = bus_to("127.0.0.1", device_port(device), &conf, 1, recorder);
    (void)recorder_await_reading(recorder, 0, 8, QUALITY_GOOD, 88);
    (void)recorder_await_reading(recorder, 0, 2, QUALITY_GOOD, 0);
    (void)mbbus_free(bus);
    device_free(device);
    recorder_free(recorder);
}

static void one_refused_request_faults_its_points_and_leaves_the_others(void **state) {
    (void)state;
    static const struct mbimage_point points[] = {NUMBER(0), NUMBER(5), NUMBER(40)};
    struct misbehaving_device *device = device_new();
    struct sink_recorder *recorder = recorder_new();
    struct mbbus_device conf = plain_device(0, 1);
    conf.points = points;
    conf.point_count = 3;
    device_misbehave(device, DEVICE_HAS_GAPS); /* register 5 is in the gap */
    device_register(device, 40, 44);
    struct mbbus *bus = bus_to("127.0.0.1", device_port(device), &conf, 1, recorder);
    (void)recorder_await_reading(recorder, 0, 5, QUALITY_FAULT, 0);
    (void)recorder_await_reading(recorder, 0, 40, QUALITY_GOOD, 44);
    (void)recorder_await_note(recorder, SENSOR_DEVICE_ANSWERS, 1);
    device_register(device, 40, 45);
    (void)recorder_await_reading(recorder, 0, 40, QUALITY_GOOD, 45);
    device_misbehave(device, DEVICE_BEHAVES);
    (void)recorder_await_reading(recorder, 0, 5, QUALITY_GOOD, 0);
    assert_int_equal(recorder_notes(recorder, SENSOR_DEVICE_LOST), 0);
    (void)mbbus_free(bus);
    device_free(device);
    recorder_free(recorder);
}

struct coil_wait {
    struct misbehaving_device *device;
    bool want;
};

static bool coil_is(void *context) {
    const struct coil_wait *wait = context;
    return device_coil(wait->device, 7) == wait->want;
}

static void await_coil(struct fixture *fixture, bool want) {
    struct coil_wait wait = {fixture->device, want};
    recorder_await(fixture->recorder, coil_is, &wait, "the coil");
}

static const struct mbbus_output siren = {.point = 50, .address = 7};

static void siren_start(struct fixture *fixture) {
    fixture->device = device_new();
    fixture->recorder = recorder_new();
    fixture->conf = plain_device(0, 1);
    fixture->conf.outputs = &siren;
    fixture->conf.output_count = 1;
    fixture->bus =
        bus_to("127.0.0.1", device_port(fixture->device), &fixture->conf, 1, fixture->recorder);
}

static void an_output_is_switched_when_wanted_and_again_after_a_reconnection(void **state) {
    (void)state;
    struct fixture fixture;
    siren_start(&fixture);
    recorder_await_heartbeats(fixture.recorder, 0, 2);
    mbbus_output(fixture.bus, 50, true);
    await_coil(&fixture, true);
    mbbus_output(fixture.bus, 50, false);
    await_coil(&fixture, false);
    mbbus_output(fixture.bus, 50, true);
    mbbus_output(fixture.bus, 51, true); /* nobody's: ignored */
    await_coil(&fixture, true);
    assert_int_equal(recorder_notes(fixture.recorder, SENSOR_OUTPUT_FAILED), 0);

    device_vanish(fixture.device);
    (void)recorder_await_note(fixture.recorder, SENSOR_DEVICE_LOST, 1);
    device_reset_coils(fixture.device); /* it had lost its power: the siren is off */
    device_resume(fixture.device);
    await_coil(&fixture, true); /* wanted all the time, written again without being told */
    fixture_end(&fixture);
}

static void an_output_that_is_not_wanted_yet_is_left_as_it_is(void **state) {
    (void)state;
    struct fixture fixture;
    siren_start(&fixture);
    recorder_await_heartbeats(fixture.recorder, 0, 5);
    struct mbbus_counts counts;
    mbbus_counts(fixture.bus, &counts);
    assert_true(counts.requests <= counts.polls);
    fixture_end(&fixture);
}

static void an_output_that_does_not_obey_is_told_and_tried_again(void **state) {
    (void)state;
    struct fixture fixture;
    siren_start(&fixture);
    device_misbehave(fixture.device, DEVICE_COIL_STUCK);
    recorder_await_heartbeats(fixture.recorder, 0, 2);
    mbbus_output(fixture.bus, 50, true);
    struct sensor_note note = recorder_await_note(fixture.recorder, SENSOR_OUTPUT_FAILED, 1);
    assert_int_equal(note.point, 50);
    assert_string_equal(note.detail, "coil 7 does not go on: it reads back otherwise");
    uint64_t heartbeats = recorder_heartbeats(fixture.recorder, 0);
    recorder_await_heartbeats(fixture.recorder, 0, heartbeats + 5); /* polling goes on */
    device_misbehave(fixture.device, DEVICE_BEHAVES);
    await_coil(&fixture, true);
    fixture_end(&fixture);
}

static void a_bus_stops_while_it_waits_for_a_device(void **state) {
    (void)state;
    struct misbehaving_device *device = device_new();
    struct sink_recorder *recorder = recorder_new();
    struct mbbus_device conf = plain_device(0, 1);
    conf.timeout_ns = 3600 * NS_PER_S; /* the test's own time-out would end it first */
    device_misbehave(device, DEVICE_SILENT);
    struct mbbus *bus = bus_to("127.0.0.1", device_port(device), &conf, 1, recorder);
    while (device_requests(device) == 0) {
        (void)poll(NULL, 0, 1);
    }
    (void)mbbus_free(bus);
    device_free(device);
    recorder_free(recorder);
}

static void a_host_without_an_address_is_unreachable_until_it_has_one(void **state) {
    (void)state;
    struct misbehaving_device *device = device_new();
    struct sink_recorder *recorder = recorder_new();
    struct mbbus_device conf = plain_device(0, 1);
    struct mbbus *bus = bus_to("", device_port(device), &conf, 1, recorder);
    struct sensor_note note = recorder_await_note(recorder, SENSOR_DEVICE_LOST, 1);
    assert_string_equal(note.detail, "its host name is not resolved");
    mbbus_address(bus, "127.0.0.1");
    recorder_await_heartbeats(recorder, 0, 1);
    (void)mbbus_free(bus);
    device_free(device);
    recorder_free(recorder);
}

/* libmodbus 3.1.6 aborts the process in select() at 1,024. */
static void a_descriptor_that_select_cannot_take_is_refused_and_said(void **state) {
    (void)state;
    struct rlimit limit;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
    if (limit.rlim_max < 2100) {
        /* Only root may raise the hard limit; without the descriptors there is nothing to show. */
        skip();
    }
    limit.rlim_cur = 2100;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
    struct misbehaving_device *device = device_new();
    struct sink_recorder *recorder = recorder_new();
    struct mbbus_device conf = plain_device(0, 1);
    static int held[2000];
    for (int i = 0; i < 2000; i++) {
        held[i] = open("/dev/null", O_RDONLY | O_CLOEXEC);
        assert_true(held[i] >= 0);
    }
    struct mbbus *bus = bus_to("127.0.0.1", device_port(device), &conf, 1, recorder);
    struct sensor_note note = recorder_await_note(recorder, SENSOR_DEVICE_LOST, 1);
    assert_non_null(strstr(note.detail, "too many connections in one field process"));
    for (int i = 0; i < 2000; i++) {
        (void)close(held[i]);
    }
    recorder_await_heartbeats(recorder, 0, 1); /* and polls as soon as there is room */
    (void)mbbus_free(bus);
    device_free(device);
    recorder_free(recorder);
}

/* ---- a serial line: the device's end of a pseudo-terminal ---- */

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

static struct mbbus *line_bus(const struct line *line, const struct mbbus_device *device,
                              struct sink_recorder *recorder) {
    const struct mbbus_conf conf = {
        .link =
            {.kind = MBLINK_RTU, .line = line->path, .baud = 9600, .parity = 'N', .stop_bits = 1},
        .devices = device,
        .device_count = 1,
        .sink = recorder_sink(recorder),
    };
    struct mbbus *bus;
    assert_int_equal(mbbus_new(&conf, &bus), 0);
    assert_int_equal(mbbus_start(bus), 0);
    return bus;
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
    struct line line;
    struct fixture fixture = {.recorder = recorder_new(), .conf = plain_device(0, 11)};
    line_open(&line);
    fixture.bus = line_bus(&line, &fixture.conf, fixture.recorder);
    (void)recorder_await_reading(fixture.recorder, 0, 0, QUALITY_GOOD, 231);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        atomic_store(&line.how, rows[i].how);
        await_cause(&fixture, rows[i].cause, 2);
        atomic_store(&line.how, LINE_BEHAVES);
        size_t from = recorder_readings(fixture.recorder);
        atomic_store(&line.value, (uint16_t)(500 + i));
        (void)recorder_await_reading(fixture.recorder, from, 2, QUALITY_GOOD, 500 + (double)i);
    }
    atomic_store(&line.how, LINE_NOISE_BEFORE); /* what it spoils depends on what the bytes mean */
    struct mbbus_counts before, after;
    mbbus_counts(fixture.bus, &before);
    do {
        (void)poll(NULL, 0, 1);
        mbbus_counts(fixture.bus, &after);
    } while (after.polls < before.polls + 3);
    atomic_store(&line.how, LINE_BEHAVES);
    size_t from = recorder_readings(fixture.recorder);
    atomic_store(&line.value, 600);
    (void)recorder_await_reading(fixture.recorder, from, 1, QUALITY_GOOD, 600);
    for (size_t i = 0; i < recorder_readings(fixture.recorder); i++) {
        double value = recorder_reading(fixture.recorder, i).value;
        assert_true(value == 231 || value == 600 || (value >= 500 && value <= 502));
    }
    (void)mbbus_free(fixture.bus);
    recorder_free(fixture.recorder);
    line_close(&line);
}

static void noise_that_waits_before_a_request_is_drained_and_told(void **state) {
    (void)state;
    struct line line;
    struct fixture fixture = {.recorder = recorder_new(), .conf = plain_device(0, 11)};
    line_open(&line);
    fixture.bus = line_bus(&line, &fixture.conf, fixture.recorder);
    (void)recorder_await_reading(fixture.recorder, 0, 0, QUALITY_GOOD, 231);
    while (recorder_notes(fixture.recorder, SENSOR_ANSWER_REFUSED) == 0) {
        (void)!write(line.master, "\x0B\x03\x06\xDE\xAD\xDE\xAD", 7);
        (void)poll(NULL, 0, 7);
    }
    uint64_t heartbeats = recorder_heartbeats(fixture.recorder, 0);
    recorder_await_heartbeats(fixture.recorder, 0, heartbeats + 3);
    assert_false(recorder_saw_value(fixture.recorder, LIE));
    (void)mbbus_free(fixture.bus);
    recorder_free(fixture.recorder);
    line_close(&line);
}

static void a_line_that_does_not_open_is_unreachable(void **state) {
    (void)state;
    struct sink_recorder *recorder = recorder_new();
    struct mbbus_device conf = plain_device(0, 11);
    struct line line = {.path = "/nonexistent/tty"};
    struct mbbus *bus = line_bus(&line, &conf, recorder);
    struct sensor_note note = recorder_await_note(recorder, SENSOR_DEVICE_LOST, 1);
    assert_int_equal(note.cause, SENSOR_CAUSE_UNREACHABLE);
    assert_string_equal(note.detail, "open: No such file or directory");
    (void)mbbus_free(bus);
    recorder_free(recorder);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(changed_registers_are_reported_and_unchanged_ones_are_not),
        cmocka_unit_test(every_misbehaviour_is_refused_and_recovered_from),
        cmocka_unit_test(garbage_never_becomes_a_reading),
        cmocka_unit_test(a_late_reply_never_answers_the_next_request),
        cmocka_unit_test(a_dripping_device_does_not_hold_the_bus_beyond_its_time_out),
        cmocka_unit_test(a_device_that_is_lost_is_told_once_and_found_again),
        cmocka_unit_test(a_dead_device_on_one_bus_leaves_the_others_untouched),
        cmocka_unit_test(a_dead_unit_behind_a_shared_line_does_not_starve_the_others),
        cmocka_unit_test(a_value_out_of_range_or_nan_is_a_fault),
        cmocka_unit_test(a_device_without_the_addresses_between_is_read_around_them),
        cmocka_unit_test(one_refused_request_faults_its_points_and_leaves_the_others),
        cmocka_unit_test(an_output_is_switched_when_wanted_and_again_after_a_reconnection),
        cmocka_unit_test(an_output_that_is_not_wanted_yet_is_left_as_it_is),
        cmocka_unit_test(an_output_that_does_not_obey_is_told_and_tried_again),
        cmocka_unit_test(a_bus_stops_while_it_waits_for_a_device),
        cmocka_unit_test(a_host_without_an_address_is_unreachable_until_it_has_one),
        cmocka_unit_test(a_descriptor_that_select_cannot_take_is_refused_and_said),
        cmocka_unit_test(a_serial_line_is_read_and_survives_noise),
        cmocka_unit_test(noise_that_waits_before_a_request_is_drained_and_told),
        cmocka_unit_test(a_line_that_does_not_open_is_unreachable),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
