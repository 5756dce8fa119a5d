/* SPDX-License-Identifier: Apache-2.0 */

/*
 * What a bus asks, and what it makes of the answers
 *
 * The test carries the requests itself, to a device of a few arrays, and its time passes only when
 * it says so. Sockets and devices that go wrong are in modbus_poller_test.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "sensors/modbus_outputs.h"
#include "tests/support/plain_device.h"

#define BEGIN_NS  (1000 * NS_PER_S)
#define ANSWER_NS (1 * NS_PER_MS)

enum { UNITS = 3, REGISTERS = 4, COILS = 16 };

struct talk {
    struct sink_recorder *recorder;
    struct mbbus *bus;
    uint64_t now_ns;
    uint64_t opened;
    bool reopens;    /* each answer comes over a connection of its own */
    bool coils_mute; /* a coil that is written is no answer worth */
    uint16_t registers[REGISTERS];
    bool coils[COILS];
};

static uint64_t talk_begin_ns(void *context) {
    (void)context;
    return BEGIN_NS;
}

/* Nobody sleeps who would have to be woken. */
static void talk_ring(void *context) {
    (void)context;
}

static void talk_init(struct talk *talk, const struct mbbus_device *devices, uint32_t count) {
    *talk = (struct talk){.recorder = recorder_new(), .now_ns = BEGIN_NS, .opened = 1};
    struct mbbus_conf conf = {.devices = devices, .device_count = count};
    conf.sink = recorder_sink(talk->recorder);
    conf.sink.real_ns = talk_begin_ns;
    assert_int_equal(mbbus_new(&conf, &talk->bus), 0);
    mbbus_host(talk->bus, (struct mbbus_bell){.ring = talk_ring});
}

static void talk_deinit(struct talk *talk) {
    talk->bus = mbbus_free(talk->bus);
    recorder_free(talk->recorder);
}

/* Answer a request into `data`; false when the device has none. */
static bool talk_answer(struct talk *talk, const uint8_t *pdu, uint8_t *data, size_t *ret_size) {
    unsigned address = (unsigned)pdu[1] << 8 | pdu[2], count = (unsigned)pdu[3] << 8 | pdu[4];
    *ret_size = 0;
    switch (pdu[0]) {
    case 1: /* one coil */
        assert_true(address < COILS && count == 1);
        data[(*ret_size)++] = talk->coils[address];
        return true;
    case 3: /* holding registers */
        assert_true(address + count <= REGISTERS);
        for (unsigned i = 0; i < count; i++) {
            data[(*ret_size)++] = (uint8_t)(talk->registers[address + i] >> 8);
            data[(*ret_size)++] = (uint8_t)talk->registers[address + i];
        }
        return true;
    case 5: /* write a coil */
        assert_true(address < COILS);
        if (!talk->coils_mute) {
            talk->coils[address] = count == 0xFF00;
        }
        return !talk->coils_mute;
    default:
        fail_msg("function %u is nothing that a bus asks for", (unsigned)pdu[0]);
        return false;
    }
}

/* Carry one request, or let the time pass to the next one. */
static void talk_step(struct talk *talk) {
    struct mbbus_ask ask;
    uint64_t wake_ns;
    if (!mbbus_next(talk->bus, talk->now_ns, &ask, &wake_ns)) {
        assert_true(wake_ns > talk->now_ns);
        talk->now_ns = wake_ns;
        return;
    }
    uint8_t data[2 * REGISTERS];
    size_t size;
    struct mbbus_outcome outcome = {.opened = talk->opened, .detail = ""};
    if (talk_answer(talk, ask.request.pdu, data, &size)) {
        outcome.answer = (struct mbframe_answer){.data = data, .size = size};
        talk->now_ns += ANSWER_NS;
        talk->opened += talk->reopens;
    } else {
        outcome.cause = SENSOR_CAUSE_TIMEOUT;
        talk->now_ns += ask.timeout_ns;
    }
    mbbus_take(talk->bus, &outcome, talk->now_ns);
}

/* Carry what is asked until `device` has answered `polls` more. */
static void talk_polls(struct talk *talk, uint32_t device, uint64_t polls) {
    uint64_t want = recorder_heartbeats(talk->recorder, device) + polls;
    while (recorder_heartbeats(talk->recorder, device) < want) {
        talk_step(talk);
    }
}

static struct mbbus_counts talk_counts(const struct talk *talk) {
    struct mbbus_counts counts;
    mbbus_counts(talk->bus, &counts);
    return counts;
}

static void changed_registers_are_reported_and_unchanged_ones_are_not(void **state) {
    (void)state;
    struct talk talk;
    const struct mbbus_device conf = plain_device(0, 1);
    talk_init(&talk, &conf, 1);
    talk.registers[0] = 17;
    talk_polls(&talk, 0, 10);
    assert_int_equal(recorder_readings(talk.recorder), 3);
    assert_true(recorder_reading(talk.recorder, 0).value == 17);
    talk.registers[2] = 99;
    talk_polls(&talk, 0, 10);
    assert_int_equal(recorder_readings(talk.recorder), 4);
    assert_int_equal(recorder_reading(talk.recorder, 3).point, 2);
    assert_true(recorder_reading(talk.recorder, 3).value == 99);
    assert_int_equal(talk_counts(&talk).requests, 20); /* three points, one request */
    talk_deinit(&talk);
}

/* For a second, which is longer than one and a half of its polls: its values may be stale by then. */
static void a_device_that_was_silent_tells_all_its_points_anew(void **state) {
    (void)state;
    static const struct {
        uint64_t silence_ns;
        size_t readings;
    } rows[] = {{NS_PER_S - 1, 3}, {NS_PER_S, 6}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct talk talk;
        const struct mbbus_device conf = plain_device(0, 1);
        talk_init(&talk, &conf, 1);
        talk_polls(&talk, 0, 1); /* and its time stands where the answer came */
        talk.now_ns += rows[i].silence_ns;
        talk_polls(&talk, 0, 1);
        assert_int_equal(recorder_readings(talk.recorder), rows[i].readings);
        talk_deinit(&talk);
    }
}

static const struct mbbus_output lamp_and_siren[] = {{.point = 50, .address = 7},
                                                     {.point = 51, .address = 8}};

static struct mbbus_device device_with_outputs(void) {
    struct mbbus_device conf = plain_device(0, 1);
    conf.outputs = lamp_and_siren;
    conf.output_count = 2;
    return conf;
}

static void an_output_that_is_not_wanted_yet_is_left_as_it_is(void **state) {
    (void)state;
    struct talk talk;
    const struct mbbus_device conf = device_with_outputs();
    talk_init(&talk, &conf, 1);
    talk.coils[7] = true;
    talk_polls(&talk, 0, 100);
    assert_int_equal(talk_counts(&talk).requests, 100);
    assert_true(talk.coils[7]);
    talk_deinit(&talk);
}

/* Each answer is a new connection: that must not make it write or read its outputs for ever. */
static void a_device_that_hangs_up_is_looked_at_no_more_often_for_it(void **state) {
    (void)state;
    struct talk talk;
    const struct mbbus_device conf = device_with_outputs();
    talk_init(&talk, &conf, 1);
    talk.reopens = true;
    mbbus_output(talk.bus, 50, true);
    mbbus_output(talk.bus, 51, true);
    while (talk.now_ns < BEGIN_NS + OUTPUT_RECHECK_NS) {
        talk_step(&talk);
    }
    assert_true(talk.coils[7] && talk.coils[8]);
    struct mbbus_counts counts = talk_counts(&talk);
    assert_int_equal(counts.answers, counts.polls);
    assert_int_equal(counts.requests - counts.polls, 4); /* a write and a look back each */
    while (talk.now_ns < BEGIN_NS + 2 * OUTPUT_RECHECK_NS) {
        talk_step(&talk);
    }
    counts = talk_counts(&talk);
    assert_int_equal(counts.requests - counts.polls, 6); /* and then a look each */
    talk_deinit(&talk);
}

/* Three units behind one connection, whose writes together last longer than the shortest retry. */
static void outputs_that_do_not_answer_take_no_polls_from_the_buttons(void **state) {
    (void)state;
    struct talk talk;
    struct mbbus_output outputs[UNITS];
    struct mbbus_device confs[UNITS];
    for (uint32_t i = 0; i < UNITS; i++) {
        outputs[i] = (struct mbbus_output){.point = 50 + i, .address = (uint16_t)(7 + i)};
        confs[i] = plain_device(i, (uint8_t)(i + 1));
        confs[i].timeout_ns = 500 * NS_PER_MS;
        confs[i].outputs = &outputs[i];
        confs[i].output_count = 1;
    }
    talk_init(&talk, confs, UNITS);
    talk.coils_mute = true;
    for (uint32_t i = 0; i < UNITS; i++) {
        mbbus_output(talk.bus, 50 + i, true);
    }
    while (recorder_notes(talk.recorder, SENSOR_OUTPUT_FAILED) < UNITS) {
        talk_step(&talk);
    }
    uint64_t begun_ns = talk.now_ns;
    while (talk.now_ns < begun_ns + 60 * NS_PER_S) {
        talk_step(&talk);
    }
    struct mbbus_counts counts = talk_counts(&talk);
    assert_int_equal(counts.answers, counts.polls); /* no poll failed for them */
    /* The writes after the first three took a tenth of the minute at the most. */
    uint64_t tried = counts.causes[SENSOR_CAUSE_TIMEOUT] - UNITS;
    assert_in_range(tried * 500, 1, 60 * 1000 / 10);
    talk.coils_mute = false;
    begun_ns = talk.now_ns;
    while (talk.now_ns < begun_ns + 2 * OUTPUT_RETRY_MAX_NS) {
        talk_step(&talk);
    }
    assert_true(talk.coils[7] && talk.coils[8] && talk.coils[9]);
    talk_deinit(&talk);
}

static bool talk_is_rested(const struct talk *talk, uint16_t address) {
    return mbbus_is_rested(talk->bus, 1, address);
}

static void an_output_that_is_taken_out_while_it_is_on_is_switched_off_and_told_once(void **state) {
    (void)state;
    struct talk talk;
    const struct mbbus_device conf = device_with_outputs();
    talk_init(&talk, &conf, 1);
    mbbus_output(talk.bus, 50, true);
    mbbus_output(talk.bus, 51, true);
    talk_polls(&talk, 0, 4);
    assert_true(talk.coils[7] && talk.coils[8]);
    assert_true(mbbus_retire(talk.bus, 1, 8));
    mbbus_output(talk.bus, 51, true); /* the rules that know it are still at work */
    assert_false(talk_is_rested(&talk, 8));
    talk_polls(&talk, 0, 100);
    assert_true(talk.coils[7] && !talk.coils[8]);
    assert_true(talk_is_rested(&talk, 8) && !talk_is_rested(&talk, 7));
    assert_int_equal(recorder_notes(talk.recorder, SENSOR_RETIRED_RESTED), 1);
    talk_deinit(&talk);
}

static void what_is_no_output_of_the_bus_is_not_retired(void **state) {
    (void)state;
    struct talk talk;
    const struct mbbus_device conf = device_with_outputs();
    talk_init(&talk, &conf, 1);
    assert_false(mbbus_retire(talk.bus, 1, 9));
    assert_false(mbbus_retire(talk.bus, 2, 7));
    assert_false(mbbus_is_rested(talk.bus, 1, 9));
    mbbus_leave(talk.bus, 2, 7);
    talk_polls(&talk, 0, 10);
    assert_int_equal(talk_counts(&talk).requests, 10);
    talk_deinit(&talk);
}

/* "On" is coil off: at rest the coil carries current. It is a point no more, so nothing is reported. */
static void the_rest_of_an_inverted_output_is_coil_on(void **state) {
    (void)state;
    static const struct mbbus_output door = {.point = MBBUS_NO_POINT, .address = 9, .invert = true};
    struct talk talk;
    struct mbbus_device conf = plain_device(0, 1);
    conf.outputs = &door;
    conf.output_count = 1;
    talk_init(&talk, &conf, 1);
    assert_true(mbbus_retire(talk.bus, 1, 9));
    talk_polls(&talk, 0, 10);
    assert_true(talk.coils[9]);
    assert_true(talk_is_rested(&talk, 9));
    assert_int_equal(recorder_readings(talk.recorder), 3); /* the registers' alone */
    talk_deinit(&talk);
}

static void a_retired_output_that_does_not_obey_is_told_as_such_and_tried_again(void **state) {
    (void)state;
    struct talk talk;
    const struct mbbus_device conf = device_with_outputs();
    talk_init(&talk, &conf, 1);
    talk.coils[8] = true;
    talk.coils_mute = true;
    assert_true(mbbus_retire(talk.bus, 1, 8));
    while (recorder_notes(talk.recorder, SENSOR_RETIRED_FAILED) < 2) {
        talk_step(&talk);
    }
    assert_int_equal(recorder_notes(talk.recorder, SENSOR_OUTPUT_FAILED), 0);
    talk.coils_mute = false;
    while (!talk_is_rested(&talk, 8)) {
        talk_step(&talk);
    }
    assert_false(talk.coils[8]);
    talk_deinit(&talk);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(changed_registers_are_reported_and_unchanged_ones_are_not),
        cmocka_unit_test(a_device_that_was_silent_tells_all_its_points_anew),
        cmocka_unit_test(an_output_that_is_not_wanted_yet_is_left_as_it_is),
        cmocka_unit_test(a_device_that_hangs_up_is_looked_at_no_more_often_for_it),
        cmocka_unit_test(outputs_that_do_not_answer_take_no_polls_from_the_buttons),
        cmocka_unit_test(an_output_that_is_taken_out_while_it_is_on_is_switched_off_and_told_once),
        cmocka_unit_test(what_is_no_output_of_the_bus_is_not_retired),
        cmocka_unit_test(the_rest_of_an_inverted_output_is_coil_on),
        cmocka_unit_test(a_retired_output_that_does_not_obey_is_told_as_such_and_tried_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
