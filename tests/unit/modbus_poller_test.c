/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Buses against devices that go wrong, over real sockets.
 *
 * Nothing here measures a time, and a device that is to answer is waited for longer than any
 * machine holds it up: only a test that wants a time-out has a short one. A misbehaving device is asked until the bus says what it thinks of
 * it; then it behaves again, and the bus must find back by itself. A lie that a device told (0xDEAD
 * in a late answer) must never be reported.
 */
#include <math.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/support/bus_host.h"
#include "tests/support/misbehaving_device.h"
#include "tests/support/plain_device.h"

/* A host with one bus, started. */
static struct bus_host *host_of(const char *address, uint16_t port,
                                const struct mbbus_device *devices, uint32_t count,
                                struct sink_recorder *recorder) {
    const struct sensor_sink sink = recorder_sink(recorder);
    struct bus_host *host = bus_host_new(&sink);
    (void)bus_host_add(host, address, port, devices, count);
    bus_host_start(host);
    return host;
}

struct fixture {
    struct misbehaving_device *device;
    struct sink_recorder *recorder;
    struct mbbus_device conf;
    struct bus_host *host;
    struct mbbus *bus;
};

static void fixture_host(struct fixture *fixture) {
    const struct sensor_sink sink = recorder_sink(fixture->recorder);
    fixture->host = bus_host_new(&sink);
    fixture->bus =
        bus_host_add(fixture->host, "127.0.0.1", device_port(fixture->device), &fixture->conf, 1);
    bus_host_start(fixture->host);
}

static void fixture_make(struct fixture *fixture) {
    fixture->device = device_new();
    fixture->recorder = recorder_new();
    fixture->conf = plain_device(0, 1);
}

/* Waits at most `timeout_ns` for each answer. */
static void fixture_start_with(struct fixture *fixture, uint64_t timeout_ns) {
    fixture_make(fixture);
    fixture->conf.timeout_ns = timeout_ns;
    device_register(fixture->device, 0, 17);
    fixture_host(fixture);
    (void)recorder_await_reading(fixture->recorder, 0, 0, QUALITY_GOOD, 17);
    (void)recorder_await_note(fixture->recorder, SENSOR_DEVICE_ANSWERS, 1);
}

static void fixture_start(struct fixture *fixture) {
    fixture_start_with(fixture, PATIENT_NS);
}

/* End the conversation, so that what was counted agrees with itself. */
static struct mbbus_counts fixture_counts(struct fixture *fixture) {
    struct mbbus_counts counts;
    bus_host_stop(fixture->host);
    mbbus_counts(fixture->bus, &counts);
    return counts;
}

static void fixture_end(struct fixture *fixture) {
    bus_host_free(fixture->host);
    device_free(fixture->device);
    recorder_free(fixture->recorder);
}

static void changes_come_over_one_connection(void **state) {
    (void)state;
    struct fixture fixture;
    fixture_start(&fixture);
    recorder_await_heartbeats(fixture.recorder, 0, 10);
    device_register(fixture.device, 2, 99);
    (void)recorder_await_reading(fixture.recorder, 3, 2, QUALITY_GOOD, 99);
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
        fixture_start_with(&fixture, CURT_NS);
        device_exception(fixture.device, 4);
        device_misbehave(fixture.device, rows[i].how);
        await_cause(fixture.bus, fixture.recorder, rows[i].cause, 2);
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

/* The device keeps each answer until the bus has given it up, and then tells lies. */
static void a_late_reply_never_answers_the_next_request(void **state) {
    (void)state;
    struct fixture fixture;
    fixture_start_with(&fixture, CURT_NS);
    device_misbehave(fixture.device, DEVICE_LATE);
    await_cause(fixture.bus, fixture.recorder, SENSOR_CAUSE_TIMEOUT, 5);
    device_misbehave(fixture.device, DEVICE_BEHAVES);
    device_register(fixture.device, 0, 18);
    (void)recorder_await_reading(fixture.recorder, 0, 0, QUALITY_GOOD, 18);
    uint64_t heartbeats = recorder_heartbeats(fixture.recorder, 0);
    recorder_await_heartbeats(fixture.recorder, 0, heartbeats + 5);
    assert_false(recorder_saw_value(fixture.recorder, LIE));
    fixture_end(&fixture);
}

/*
 * A byte each 400 ms, and the last one never; the time-out is 700 ms, and any that is renewed by a
 * byte would hold the bus for ever. The device counts its connections: what is claimed is that the
 * bus let go and came back, not how fast the machine is.
 */
static void a_dripping_device_does_not_hold_the_bus_beyond_its_time_out(void **state) {
    (void)state;
    struct fixture fixture;
    fixture_make(&fixture);
    device_misbehave(fixture.device, DEVICE_DRIPS);
    fixture.conf.timeout_ns = 700 * NS_PER_MS;
    fixture_host(&fixture);
    await_cause(fixture.bus, fixture.recorder, SENSOR_CAUSE_SHORT, 3);
    assert_int_equal(fixture_counts(&fixture).answers, 0);
    assert_true(device_connections(fixture.device) >= 3);
    fixture_end(&fixture);
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
 * Ten buses, one device each; one is silent, and would block the others for an hour if they shared
 * anything with it. Compared by counting polls of the living while one of the dead is under way.
 */
static void a_dead_device_on_one_bus_leaves_the_others_untouched(void **state) {
    (void)state;
    enum { BUSES = 10 };
    struct misbehaving_device *devices[BUSES];
    struct sink_recorder *recorder = recorder_new();
    struct mbbus_device confs[BUSES];
    struct mbbus *buses[BUSES];
    const struct sensor_sink sink = recorder_sink(recorder);
    struct bus_host *host = bus_host_new(&sink);
    for (uint32_t i = 0; i < BUSES; i++) {
        devices[i] = device_new();
        confs[i] = plain_device(i, 1);
        if (i == 0) {
            device_misbehave(devices[i], DEVICE_SILENT);
            confs[i].timeout_ns = 3600 * NS_PER_S;
        }
        buses[i] = bus_host_add(host, "127.0.0.1", device_port(devices[i]), &confs[i], 1);
    }
    bus_host_start(host);
    for (uint32_t i = 1; i < BUSES; i++) {
        recorder_await_heartbeats(recorder, i, 100);
    }
    bus_host_stop(host);
    for (uint32_t i = 0; i < BUSES; i++) {
        struct mbbus_counts counts;
        mbbus_counts(buses[i], &counts);
        if (i == 0) {
            assert_int_equal(counts.polls, 1);
            assert_int_equal(counts.requests, 0); /* none has come to anything yet */
        } else {
            assert_in_range(counts.polls - counts.answers, 0, 1); /* the one under way */
        }
    }
    bus_host_free(host);
    for (uint32_t i = 0; i < BUSES; i++) {
        device_free(devices[i]);
    }
    recorder_free(recorder);
}

static void a_dead_unit_behind_a_shared_line_does_not_starve_the_others(void **state) {
    (void)state;
    struct misbehaving_device *device = device_new();
    struct sink_recorder *recorder = recorder_new();
    device_dead_unit(device, 2);
    struct mbbus_device confs[] = {plain_device(0, 1), plain_device(1, 2), plain_device(2, 3)};
    confs[1].timeout_ns = CURT_NS;
    struct bus_host *host = host_of("127.0.0.1", device_port(device), confs, 3, recorder);
    struct sensor_note note = recorder_await_note(recorder, SENSOR_DEVICE_LOST, 1);
    assert_int_equal(note.device, 1);
    assert_int_equal(note.cause, SENSOR_CAUSE_TIMEOUT);
    assert_string_equal(note.detail, "no answer within 150 ms");
    uint64_t first = recorder_heartbeats(recorder, 0), third = recorder_heartbeats(recorder, 2);
    recorder_await_heartbeats(recorder, 0, first + 50);
    recorder_await_heartbeats(recorder, 2, third + 40);
    assert_int_equal(recorder_notes(recorder, SENSOR_DEVICE_LOST), 1);
    device_dead_unit(device, 0);
    recorder_await_heartbeats(recorder, 1, 5);
    bus_host_free(host);
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
    struct bus_host *host = host_of("127.0.0.1", device_port(device), &conf, 1, recorder);
    (void)recorder_await_reading(recorder, 0, 0, QUALITY_FAULT, 0);
    (void)recorder_await_reading(recorder, 0, 1, QUALITY_FAULT, 0);
    (void)recorder_await_note(recorder, SENSOR_VALUE_REFUSED, 2);
    device_register(device, 0, 0);
    device_register(device, 1, 0x3F80);
    (void)recorder_await_reading(recorder, 0, 0, QUALITY_GOOD, 0);
    (void)recorder_await_reading(recorder, 0, 1, QUALITY_GOOD, 1);
    bus_host_free(host);
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
    struct bus_host *host = host_of("127.0.0.1", device_port(device), &conf, 1, recorder);
    (void)recorder_await_reading(recorder, 0, 8, QUALITY_GOOD, 88);
    (void)recorder_await_reading(recorder, 0, 2, QUALITY_GOOD, 0);
    bus_host_free(host);
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
    struct bus_host *host = host_of("127.0.0.1", device_port(device), &conf, 1, recorder);
    (void)recorder_await_reading(recorder, 0, 5, QUALITY_FAULT, 0);
    (void)recorder_await_reading(recorder, 0, 40, QUALITY_GOOD, 44);
    (void)recorder_await_note(recorder, SENSOR_DEVICE_ANSWERS, 1);
    device_register(device, 40, 45);
    (void)recorder_await_reading(recorder, 0, 40, QUALITY_GOOD, 45);
    device_misbehave(device, DEVICE_BEHAVES);
    (void)recorder_await_reading(recorder, 0, 5, QUALITY_GOOD, 0);
    assert_int_equal(recorder_notes(recorder, SENSOR_DEVICE_LOST), 0);
    bus_host_free(host);
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

static void siren_make(struct fixture *fixture) {
    fixture_make(fixture);
    fixture->conf.outputs = &siren;
    fixture->conf.output_count = 1;
}

static void siren_start(struct fixture *fixture) {
    siren_make(fixture);
    fixture_host(fixture);
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
    size_t on = recorder_await_reading(fixture.recorder, 0, 50, QUALITY_GOOD, 1);
    size_t off = recorder_await_reading(fixture.recorder, on, 50, QUALITY_GOOD, 0);
    on = recorder_await_reading(fixture.recorder, off, 50, QUALITY_GOOD, 1);

    device_vanish(fixture.device);
    (void)recorder_await_note(fixture.recorder, SENSOR_DEVICE_LOST, 1);
    device_reset_coils(fixture.device); /* it had lost its power: the siren is off */
    device_resume(fixture.device);
    await_coil(&fixture, true); /* wanted all the time, written again without being told */
    (void)recorder_await_reading(fixture.recorder, on + 1, 50, QUALITY_GOOD, 1);
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
    size_t fault = recorder_await_reading(fixture.recorder, 0, 50, QUALITY_FAULT, 0);
    uint64_t heartbeats = recorder_heartbeats(fixture.recorder, 0);
    recorder_await_heartbeats(fixture.recorder, 0, heartbeats + 5); /* polling goes on */
    device_misbehave(fixture.device, DEVICE_BEHAVES);
    await_coil(&fixture, true);
    (void)recorder_await_reading(fixture.recorder, fault, 50, QUALITY_GOOD, 1);
    fixture_end(&fixture);
}

static void an_output_that_does_not_obey_holds_up_no_other(void **state) {
    (void)state;
    static const struct mbbus_output outputs[] = {{.point = 50, .address = 7},
                                                  {.point = 51, .address = 8}};
    struct fixture fixture;
    siren_make(&fixture);
    fixture.conf.outputs = outputs;
    fixture.conf.output_count = 2;
    fixture_host(&fixture);
    device_misbehave(fixture.device, DEVICE_COIL_STUCK);
    mbbus_output(fixture.bus, 50, true);
    (void)recorder_await_note(fixture.recorder, SENSOR_OUTPUT_FAILED, 1);
    mbbus_output(fixture.bus, 51, true);
    (void)recorder_await_reading(fixture.recorder, 0, 51, QUALITY_GOOD, 1);
    assert_true(device_coil(fixture.device, 8));
    assert_false(device_coil(fixture.device, 7));
    fixture_end(&fixture);
}

static void a_device_that_does_not_answer_has_no_broken_output(void **state) {
    (void)state;
    struct fixture fixture;
    siren_make(&fixture);
    fixture.conf.timeout_ns = CURT_NS;
    fixture_host(&fixture);
    recorder_await_heartbeats(fixture.recorder, 0, 2);
    device_misbehave(fixture.device, DEVICE_SILENT);
    mbbus_output(fixture.bus, 50, true);
    (void)recorder_await_note(fixture.recorder, SENSOR_DEVICE_LOST, 1);
    size_t count = recorder_readings(fixture.recorder);
    for (size_t i = 0; i < count; i++) {
        assert_int_not_equal(recorder_reading(fixture.recorder, i).point, 50);
    }
    fixture_end(&fixture);
}

static void a_bus_stops_while_it_waits_for_a_device(void **state) {
    (void)state;
    struct misbehaving_device *device = device_new();
    struct sink_recorder *recorder = recorder_new();
    struct mbbus_device conf = plain_device(0, 1);
    conf.timeout_ns = 3600 * NS_PER_S; /* the test's own time-out would end it first */
    device_misbehave(device, DEVICE_SILENT);
    struct bus_host *host = host_of("127.0.0.1", device_port(device), &conf, 1, recorder);
    while (device_requests(device) == 0) {
        (void)poll(NULL, 0, 1);
    }
    bus_host_free(host);
    device_free(device);
    recorder_free(recorder);
}

static void a_host_without_an_address_is_unreachable_until_it_has_one(void **state) {
    (void)state;
    struct misbehaving_device *device = device_new();
    struct sink_recorder *recorder = recorder_new();
    struct mbbus_device conf = plain_device(0, 1);
    struct bus_host *host = host_of("", device_port(device), &conf, 1, recorder);
    struct sensor_note note = recorder_await_note(recorder, SENSOR_DEVICE_LOST, 1);
    assert_string_equal(note.detail, "its host name is not resolved");
    bus_host_address(host, 0, "127.0.0.1");
    recorder_await_heartbeats(recorder, 0, 1);
    bus_host_free(host);
    device_free(device);
    recorder_free(recorder);
}

static void a_connection_works_at_any_descriptor(void **state) {
    (void)state;
    static int held[DESCRIPTORS_HELD];
    if (!descriptors_hold(held)) {
        /* Only root may raise the hard limit; without the descriptors there is nothing to show. */
        skip();
    }
    struct fixture fixture;
    fixture_start(&fixture);
    recorder_await_heartbeats(fixture.recorder, 0, 3);
    fixture_end(&fixture);
    descriptors_release(held);
}

/* Many devices close a connection that they think idle: the next request opens another. */
static void a_device_that_hangs_up_after_each_answer_misses_no_poll(void **state) {
    (void)state;
    struct fixture fixture;
    fixture_start(&fixture);
    device_misbehave(fixture.device, DEVICE_HANGS_UP);
    uint64_t connections = device_connections(fixture.device);
    uint64_t heartbeats = recorder_heartbeats(fixture.recorder, 0);
    recorder_await_heartbeats(fixture.recorder, 0, heartbeats + 10);
    struct mbbus_counts counts = fixture_counts(&fixture);
    assert_in_range(counts.polls - counts.answers, 0, 1); /* the one under way */
    assert_true(device_connections(fixture.device) >= connections + 9);
    assert_int_equal(recorder_notes(fixture.recorder, SENSOR_ANSWER_REFUSED), 0);
    fixture_end(&fixture);
}

static void bytes_that_nobody_asked_for_end_the_connection_and_are_told(void **state) {
    (void)state;
    struct fixture fixture;
    fixture_start(&fixture);
    uint64_t connections = device_connections(fixture.device);
    device_misbehave(fixture.device, DEVICE_BLURTS);
    await_cause(fixture.bus, fixture.recorder, SENSOR_CAUSE_LONG, 2);
    device_misbehave(fixture.device, DEVICE_BEHAVES);
    (void)recorder_await_note(fixture.recorder, SENSOR_ANSWER_REFUSED, 1);
    uint64_t heartbeats = recorder_heartbeats(fixture.recorder, 0);
    recorder_await_heartbeats(fixture.recorder, 0, heartbeats + 3);
    assert_true(device_connections(fixture.device) >= connections + 2);
    assert_int_equal(recorder_notes(fixture.recorder, SENSOR_DEVICE_LOST), 0);
    fixture_end(&fixture);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(changes_come_over_one_connection),
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
        cmocka_unit_test(an_output_that_does_not_obey_is_told_and_tried_again),
        cmocka_unit_test(an_output_that_does_not_obey_holds_up_no_other),
        cmocka_unit_test(a_device_that_does_not_answer_has_no_broken_output),
        cmocka_unit_test(a_bus_stops_while_it_waits_for_a_device),
        cmocka_unit_test(a_host_without_an_address_is_unreachable_until_it_has_one),
        cmocka_unit_test(a_connection_works_at_any_descriptor),
        cmocka_unit_test(a_device_that_hangs_up_after_each_answer_misses_no_poll),
        cmocka_unit_test(bytes_that_nobody_asked_for_end_the_connection_and_are_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
