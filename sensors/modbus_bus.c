/* SPDX-License-Identifier: Apache-2.0 */
#include "sensors/modbus_bus.h"

#include <assert.h>
#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include "sensors/modbus_outputs.h"
#include "sensors/schedule.h"

/* What is kept of one device. */
struct mbbus_unit {
    const struct mbbus_device *conf;
    struct mbimage image;
    uint32_t output_first;    /* number of its first output in the bus's list */
    enum sensor_cause missed; /* why its last poll failed; NONE after a good one */
    bool heard;               /* it has answered since the start or since it was lost */
};

struct mbbus_counters {
    _Atomic uint64_t polls, answers, requests, readings, skipped;
    _Atomic uint64_t causes[SENSOR_CAUSE_COUNT];
};

/* What the next request is for. */
enum mbbus_stage {
    STAGE_REST,      /* nothing is asked */
    STAGE_READ,      /* request `step` of the unit's plan */
    STAGE_KNOCK,     /* a device with nothing to read: is it there? */
    STAGE_WRITE,     /* output `step` of the unit */
    STAGE_READ_BACK, /* output `step`, as it is after that */
    STAGE_LOOK,      /* output `step`, which should be as it is wanted */
};

/* How the present poll went so far. */
struct mbbus_poll {
    uint64_t began_ns;
    uint32_t answered;
    enum sensor_cause cause; /* of the last failure, if any */
    uint8_t exception;
};

struct mbbus {
    struct sensor_sink sink;
    struct mbbus_bell bell;
    struct mbbus_unit *units;
    struct schedule_entry *entries;
    struct schedule schedule;
    uint32_t count;
    struct mboutputs outputs; /* of all units, one behind the other */
    uint32_t *output_units;   /* the unit of each */
    bool output_turn;         /* a poll has been made since the last output was served */
    uint64_t output_began_ns;
    uint64_t opened; /* of the link, when outputs were last looked at */
    enum mbbus_stage stage;
    uint32_t unit; /* whose turn it is, unless at rest */
    uint32_t step;
    bool on; /* what the output is to be, or should be */
    struct mbbus_poll poll;
    struct mbbus_counters counters;
};

/* One writer per counter, so that a plain store will do where an atomic addition would lock the
 * bus. */
static void mbbus_count(_Atomic uint64_t *counter, uint64_t more) {
    uint64_t value = atomic_load_explicit(counter, memory_order_relaxed);
    atomic_store_explicit(counter, value + more, memory_order_relaxed);
}

static int mbbus_unit_init(struct mbbus_unit *unit, const struct mbbus_device *conf,
                           uint32_t output_first) {
    assert(conf->poll_ns >= MBBUS_POLL_MIN_NS && conf->timeout_ns >= MBBUS_TIMEOUT_MIN_NS);
    unit->conf = conf;
    unit->output_first = output_first;
    return mbimage_init(&unit->image, conf->points, conf->point_count);
}

/* Number the outputs of all units. */
static int mbbus_outputs_init(struct mbbus *bus) {
    uint32_t count = 0;
    for (uint32_t i = 0; i < bus->count; i++) {
        count += bus->units[i].conf->output_count;
    }
    bus->output_units = calloc((size_t)count + 1, sizeof *bus->output_units);
    if (bus->output_units == NULL) {
        return -ENOMEM;
    }
    for (uint32_t i = 0; i < bus->count; i++) {
        const struct mbbus_unit *unit = &bus->units[i];
        for (uint32_t j = 0; j < unit->conf->output_count; j++) {
            bus->output_units[unit->output_first + j] = i;
        }
    }
    return mboutputs_init(&bus->outputs, count);
}

int mbbus_new(const struct mbbus_conf *conf, struct mbbus **ret_bus) {
    assert(conf->device_count > 0);
    struct mbbus *bus = calloc(1, sizeof *bus);
    if (bus == NULL) {
        return -ENOMEM;
    }
    bus->sink = conf->sink;
    bus->units = calloc(conf->device_count, sizeof *bus->units);
    bus->entries = calloc(conf->device_count, sizeof *bus->entries);
    int r = bus->units == NULL || bus->entries == NULL ? -ENOMEM : 0;
    uint32_t output_first = 0;
    for (uint32_t i = 0; r == 0 && i < conf->device_count; i++) {
        bus->entries[i].period_ns = conf->devices[i].poll_ns;
        bus->count = i + 1;
        r = mbbus_unit_init(&bus->units[i], &conf->devices[i], output_first);
        output_first += conf->devices[i].output_count;
    }
    if (r == 0) {
        r = mbbus_outputs_init(bus);
    }
    if (r != 0) {
        (void)mbbus_free(bus);
        return r;
    }
    schedule_init(&bus->schedule, bus->entries, bus->count, bus->sink.real_ns(bus->sink.context));
    *ret_bus = bus;
    return 0;
}

struct mbbus *mbbus_free(struct mbbus *bus) {
    if (bus == NULL) {
        return NULL;
    }
    for (uint32_t i = 0; bus->units != NULL && i < bus->count; i++) {
        mbimage_deinit(&bus->units[i].image);
    }
    mboutputs_deinit(&bus->outputs);
    free(bus->output_units);
    free(bus->units);
    free(bus->entries);
    free(bus);
    return NULL;
}

void mbbus_host(struct mbbus *bus, struct mbbus_bell bell) {
    bus->bell = bell;
}

/* ---- notes ---- */

/* A note with the outcome's explanation, or with the words for an exception. */
static void mbbus_note(struct mbbus *bus, const struct mbbus_unit *unit, enum sensor_note_kind kind,
                       enum sensor_cause cause, uint8_t exception, const char *detail) {
    struct sensor_note note = {
        .kind = kind,
        .cause = cause,
        .exception = exception,
        .device = unit->conf->device,
    };
    if (cause == SENSOR_CAUSE_EXCEPTION) {
        (void)snprintf(note.detail, sizeof note.detail, "exception %u, %s", (unsigned)exception,
                       mbframe_exception_text(exception));
    } else if (cause == SENSOR_CAUSE_TIMEOUT) {
        (void)snprintf(note.detail, sizeof note.detail, "no answer within %llu ms",
                       (unsigned long long)(unit->conf->timeout_ns / NS_PER_MS));
    } else {
        (void)snprintf(note.detail, sizeof note.detail, "%s", detail);
    }
    bus->sink.note(bus->sink.context, &note);
}

/* Was there an answer, and a wrong one? Silence is told by SENSOR_DEVICE_LOST alone. */
static bool mbbus_is_refusal(enum sensor_cause cause) {
    switch (cause) {
    case SENSOR_CAUSE_UNIT:
    case SENSOR_CAUSE_SHORT:
    case SENSOR_CAUSE_LONG:
    case SENSOR_CAUSE_EXCEPTION:
    case SENSOR_CAUSE_GARBLED:
        return true;
    case SENSOR_CAUSE_NONE:
    case SENSOR_CAUSE_UNREACHABLE:
    case SENSOR_CAUSE_TIMEOUT:
    case SENSOR_CAUSE_CLOSED:
    case SENSOR_CAUSE_VALUE:
    case SENSOR_CAUSE_COUNT:
        break;
    }
    return false;
}

/* Count an outcome, and note what is wrong with it. */
static void mbbus_account(struct mbbus *bus, const struct mbbus_unit *unit,
                          const struct mbbus_outcome *outcome) {
    mbbus_count(&bus->counters.requests, 1);
    if (outcome->late > 0) {
        mbbus_count(&bus->counters.causes[SENSOR_CAUSE_LONG], outcome->late);
        mbbus_note(bus, unit, SENSOR_ANSWER_REFUSED, SENSOR_CAUSE_LONG, 0,
                   "bytes were there before anything was asked: a late answer, or noise");
    }
    if (outcome->cause != SENSOR_CAUSE_NONE) {
        mbbus_count(&bus->counters.causes[outcome->cause], 1);
        if (mbbus_is_refusal(outcome->cause)) {
            mbbus_note(bus, unit, SENSOR_ANSWER_REFUSED, outcome->cause, outcome->answer.exception,
                       outcome->detail);
        }
    }
}

/* ---- polling ---- */

/*
 * Has the device not been heard for so long that its listeners may have taken its values for stale?
 * A device may be silent for 3 polls and at least 2 s, and word of it travels once a second. Then
 * the next answer reports every point again, changed or not, and outputs are written and read back.
 */
static bool mbbus_was_silent(const struct schedule_entry *entry, uint64_t now_ns) {
    uint64_t span_ns = entry->period_ns + entry->period_ns / 2;
    return now_ns - entry->heard_ns >= (span_ns > NS_PER_S ? span_ns : NS_PER_S);
}

static void mbbus_poll_begin(struct mbbus *bus, uint32_t index, uint64_t now_ns) {
    struct mbbus_unit *unit = &bus->units[index];
    mbbus_count(&bus->counters.polls, 1);
    if (mbbus_was_silent(&bus->entries[index], now_ns)) {
        mbimage_forget(&unit->image);
        for (uint32_t i = 0; i < unit->conf->output_count; i++) {
            mboutputs_forget(&bus->outputs, unit->output_first + i);
        }
    }
    bus->poll = (struct mbbus_poll){.began_ns = now_ns};
    bus->unit = index;
    bus->step = 0;
    bus->stage = unit->image.request_count > 0 ? STAGE_READ : STAGE_KNOCK;
}

/* The line itself was away and is back: whoever was missing for that reason alone is tried at once.
 */
static void mbbus_prompt_all(struct mbbus *bus, uint64_t now_ns) {
    for (uint32_t i = 0; i < bus->count; i++) {
        if (bus->units[i].missed == SENSOR_CAUSE_UNREACHABLE) {
            bus->units[i].missed = SENSOR_CAUSE_NONE;
            schedule_prompt(&bus->schedule, i, now_ns);
        }
    }
}

static void mbbus_answered(struct mbbus *bus, struct mbbus_unit *unit, uint64_t now_ns) {
    bus->sink.heartbeat(bus->sink.context, unit->conf->device);
    mbbus_count(&bus->counters.answers, 1);
    if (!unit->heard) {
        unit->heard = true;
        for (uint32_t i = 0; i < unit->conf->output_count; i++) {
            mboutputs_regained(&bus->outputs, unit->output_first + i);
        }
        mbbus_note(bus, unit, SENSOR_DEVICE_ANSWERS, SENSOR_CAUSE_NONE, 0, "");
    }
    bool line_was_away = unit->missed == SENSOR_CAUSE_UNREACHABLE;
    unit->missed = SENSOR_CAUSE_NONE;
    uint64_t skipped = bus->entries[bus->unit].skipped;
    schedule_answered(&bus->schedule, bus->unit, now_ns);
    mbbus_count(&bus->counters.skipped, bus->entries[bus->unit].skipped - skipped);
    if (line_was_away) {
        mbbus_prompt_all(bus, now_ns);
    }
}

static void mbbus_poll_end(struct mbbus *bus, struct mbbus_unit *unit, const char *detail,
                           uint64_t now_ns) {
    const struct mbbus_poll *poll = &bus->poll;
    bus->stage = STAGE_REST;
    if (poll->answered > 0 &&
        (poll->cause == SENSOR_CAUSE_NONE || poll->cause == SENSOR_CAUSE_EXCEPTION)) {
        mbbus_answered(bus, unit, now_ns);
        return;
    }
    unit->missed = poll->cause;
    if (schedule_missed(&bus->schedule, bus->unit, poll->began_ns, now_ns)) {
        unit->heard = false;
        mbbus_note(bus, unit, SENSOR_DEVICE_LOST, poll->cause, poll->exception, detail);
    }
}

/* One request of the plan came to this. Returns false when asking on is useless in this poll. */
static bool mbbus_take_read(struct mbbus *bus, struct mbbus_unit *unit,
                            const struct mbbus_outcome *outcome) {
    struct mbbus_poll *poll = &bus->poll;
    if (outcome->cause == SENSOR_CAUSE_NONE) {
        poll->answered++;
        uint32_t readings = mbimage_update(&unit->image, bus->step, outcome->answer.data,
                                           unit->conf->device, &bus->sink);
        mbbus_count(&bus->counters.readings, readings);
    } else {
        poll->cause = outcome->cause;
        if (outcome->cause != SENSOR_CAUSE_EXCEPTION) {
            return false;
        }
        poll->exception = outcome->answer.exception;
        if ((poll->exception == MBFRAME_ILLEGAL_ADDRESS ||
             poll->exception == MBFRAME_ILLEGAL_VALUE) &&
            unit->image.requests[bus->step].bridges_gap) {
            /* It does not have the addresses between: plan around them, and begin this poll anew. */
            mbimage_without_gaps(&unit->image);
            *poll = (struct mbbus_poll){.began_ns = poll->began_ns};
            bus->step = 0;
            return true;
        }
        mbimage_refused(&unit->image, bus->step, &bus->sink);
    }
    bus->step++;
    return bus->step < unit->image.request_count;
}

/* ---- outputs ---- */

static void mbbus_note_output(struct mbbus *bus, const struct mbbus_unit *unit,
                              enum sensor_cause cause) {
    const struct mbbus_output *output = &unit->conf->outputs[bus->step];
    bool retired = mboutputs_is_retired(&bus->outputs, unit->output_first + bus->step);
    struct sensor_note note = {
        .kind = retired ? SENSOR_RETIRED_FAILED : SENSOR_OUTPUT_FAILED,
        .cause = cause,
        .device = unit->conf->device,
        .point = output->point,
    };
    (void)snprintf(note.detail, sizeof note.detail, "coil %u does not go %s: %s",
                   (unsigned)output->address, bus->on ? "on" : "off",
                   cause == SENSOR_CAUSE_NONE ? "it reads back otherwise"
                                              : sensor_cause_text(cause));
    bus->sink.note(bus->sink.context, &note);
}

/* It is served no more once it has come to rest, so that this is said once. */
static void mbbus_note_rested(struct mbbus *bus, const struct mbbus_unit *unit, uint32_t index) {
    if (mboutputs_is_rested(&bus->outputs, index)) {
        mbbus_note(bus, unit, SENSOR_RETIRED_RESTED, SENSOR_CAUSE_NONE, 0, "");
    }
}

/* Tell what an output is like, as it was read back. */
static void mbbus_report_output(struct mbbus *bus, const struct mbbus_unit *unit,
                                enum quality quality, bool on) {
    if (unit->conf->outputs[bus->step].point == MBBUS_NO_POINT) {
        return;
    }
    const struct reading reading = {
        .point = unit->conf->outputs[bus->step].point,
        .quality = (uint8_t)quality,
        .value = on ? 1 : 0,
        .measured = bus->sink.wall(bus->sink.context),
    };
    bus->sink.reading(bus->sink.context, &reading, 0);
    mbbus_count(&bus->counters.readings, 1);
}

/* Outputs of the devices that answer; those of the others wait for their next good answer. */
static bool mbbus_output_reachable(void *context, uint32_t index) {
    const struct mbbus *bus = context;
    const struct mbbus_unit *unit = &bus->units[bus->output_units[index]];
    return unit->heard && unit->missed == SENSOR_CAUSE_NONE;
}

/* Begin to serve an output; false when none is due before `*ret_due_ns`. */
static bool mbbus_output_begin(struct mbbus *bus, uint64_t now_ns, uint64_t *ret_due_ns) {
    uint32_t index;
    enum mboutput_act act = mboutputs_next(&bus->outputs, mbbus_output_reachable, bus, now_ns,
                                           &index, &bus->on, ret_due_ns);
    if (act == MBOUTPUT_REST) {
        return false;
    }
    bus->unit = bus->output_units[index];
    bus->step = index - bus->units[bus->unit].output_first;
    bus->stage = act == MBOUTPUT_WRITE ? STAGE_WRITE : STAGE_LOOK;
    bus->output_began_ns = now_ns;
    bus->output_turn = false;
    return true;
}

static void mbbus_take_output(struct mbbus *bus, const struct mbbus_unit *unit,
                              const struct mbbus_outcome *outcome, uint64_t now_ns) {
    uint32_t index = unit->output_first + bus->step;
    enum mbbus_stage stage = bus->stage;
    bool answered = outcome->cause == SENSOR_CAUSE_NONE;
    if (answered && stage == STAGE_WRITE) {
        bus->stage = STAGE_READ_BACK;
        return;
    }
    bus->stage = STAGE_REST;
    if (answered) {
        bool coil = (outcome->answer.data[0] & 1) != 0;
        bool on = coil != unit->conf->outputs[bus->step].invert;
        if (stage == STAGE_LOOK) {
            mboutputs_seen(&bus->outputs, index, on, now_ns); /* nothing new, or written next */
            mbbus_note_rested(bus, unit, index);
            return;
        } else if (on == bus->on) {
            mboutputs_seen(&bus->outputs, index, on, now_ns);
            mbbus_report_output(bus, unit, QUALITY_GOOD, on);
            mbbus_note_rested(bus, unit, index);
            return;
        }
    }
    mboutputs_failed(&bus->outputs, index, bus->on, bus->output_began_ns, now_ns);
    /* A device that does not answer is missed as a whole; one that answers has a broken output. */
    if (answered || outcome->cause == SENSOR_CAUSE_EXCEPTION) {
        mbbus_report_output(bus, unit, QUALITY_FAULT, false);
    }
    mbbus_note_output(bus, unit, outcome->cause);
}

void mbbus_output(struct mbbus *bus, uint32_t point, bool on) {
    for (uint32_t i = 0; i < bus->count; i++) {
        const struct mbbus_device *conf = bus->units[i].conf;
        for (uint32_t j = 0; j < conf->output_count; j++) {
            if (conf->outputs[j].point == point) {
                mboutputs_want(&bus->outputs, bus->units[i].output_first + j, on);
                bus->bell.ring(bus->bell.context);
                return;
            }
        }
    }
}

/* The number of the output that is coil `address` of `unit`; UINT32_MAX: none of ours. */
static uint32_t mbbus_output_find(const struct mbbus *bus, uint8_t unit, uint16_t address) {
    for (uint32_t i = 0; i < bus->count; i++) {
        const struct mbbus_device *conf = bus->units[i].conf;
        for (uint32_t j = 0; conf->unit == unit && j < conf->output_count; j++) {
            if (conf->outputs[j].address == address) {
                return bus->units[i].output_first + j;
            }
        }
    }
    return UINT32_MAX;
}

bool mbbus_retire(struct mbbus *bus, uint8_t unit, uint16_t address) {
    uint32_t index = mbbus_output_find(bus, unit, address);
    if (index == UINT32_MAX) {
        return false;
    }
    mboutputs_retire(&bus->outputs, index);
    bus->bell.ring(bus->bell.context);
    return true;
}

void mbbus_leave(struct mbbus *bus, uint8_t unit, uint16_t address) {
    uint32_t index = mbbus_output_find(bus, unit, address);
    if (index != UINT32_MAX) {
        mboutputs_leave(&bus->outputs, index);
    }
}

bool mbbus_is_rested(const struct mbbus *bus, uint8_t unit, uint16_t address) {
    uint32_t index = mbbus_output_find(bus, unit, address);
    return index != UINT32_MAX && mboutputs_is_rested(&bus->outputs, index);
}

/* ---- the conversation ---- */

static struct mbframe_request mbbus_request(const struct mbbus *bus) {
    const struct mbbus_unit *unit = &bus->units[bus->unit];
    const struct mbbus_device *conf = unit->conf;
    const struct mbplan_request *plan;
    switch (bus->stage) {
    case STAGE_READ:
        plan = &unit->image.requests[bus->step];
        return mbframe_read(conf->unit, plan->table, plan->address, plan->count);
    case STAGE_KNOCK: /* a device with nothing to read is asked for its first output */
        return mbframe_read(conf->unit, MBFRAME_COIL,
                            conf->output_count > 0 ? conf->outputs[0].address : 0, 1);
    case STAGE_WRITE:
        return mbframe_write_coil(conf->unit, conf->outputs[bus->step].address,
                                  bus->on != conf->outputs[bus->step].invert);
    case STAGE_READ_BACK:
    case STAGE_LOOK:
        return mbframe_read(conf->unit, MBFRAME_COIL, conf->outputs[bus->step].address, 1);
    case STAGE_REST:
        break;
    }
    assert(false && "a bus at rest asks nothing");
    return (struct mbframe_request){0};
}

/* At rest: begin what is due, a poll and an output in turn. False before `*ret_wake_ns`. */
static bool mbbus_begin(struct mbbus *bus, uint64_t now_ns, uint64_t *ret_wake_ns) {
    uint64_t due_ns;
    uint64_t output_ns = UINT64_MAX;
    uint32_t next = schedule_next(&bus->schedule, &due_ns);
    if ((due_ns > now_ns || bus->output_turn) && mbbus_output_begin(bus, now_ns, &output_ns)) {
        return true;
    }
    if (due_ns > now_ns) {
        *ret_wake_ns = due_ns < output_ns ? due_ns : output_ns;
        return false;
    }
    mbbus_poll_begin(bus, next, now_ns);
    bus->output_turn = true;
    return true;
}

bool mbbus_next(struct mbbus *bus, uint64_t now_ns, struct mbbus_ask *ret_ask,
                uint64_t *ret_wake_ns) {
    if (bus->stage == STAGE_REST && !mbbus_begin(bus, now_ns, ret_wake_ns)) {
        return false;
    }
    ret_ask->request = mbbus_request(bus);
    ret_ask->timeout_ns = bus->units[bus->unit].conf->timeout_ns;
    return true;
}

void mbbus_take(struct mbbus *bus, const struct mbbus_outcome *outcome, uint64_t now_ns) {
    struct mbbus_unit *unit = &bus->units[bus->unit];
    mbbus_account(bus, unit, outcome);
    if (outcome->opened != bus->opened) {
        bus->opened = outcome->opened;
        mboutputs_reopened(&bus->outputs);
    }
    switch (bus->stage) {
    case STAGE_READ:
        if (!mbbus_take_read(bus, unit, outcome)) {
            mbbus_poll_end(bus, unit, outcome->detail, now_ns);
        }
        return;
    case STAGE_KNOCK:
        bus->poll.answered = outcome->cause == SENSOR_CAUSE_NONE;
        bus->poll.cause = outcome->cause;
        bus->poll.exception = outcome->answer.exception;
        mbbus_poll_end(bus, unit, outcome->detail, now_ns);
        return;
    case STAGE_WRITE:
    case STAGE_READ_BACK:
    case STAGE_LOOK:
        mbbus_take_output(bus, unit, outcome, now_ns);
        return;
    case STAGE_REST:
        break;
    }
    assert(false && "nothing was asked");
}

void mbbus_counts(const struct mbbus *bus, struct mbbus_counts *ret_counts) {
    const struct mbbus_counters *counters = &bus->counters;
    *ret_counts = (struct mbbus_counts){
        .polls = atomic_load(&counters->polls),
        .answers = atomic_load(&counters->answers),
        .requests = atomic_load(&counters->requests),
        .readings = atomic_load(&counters->readings),
        .skipped = atomic_load(&counters->skipped),
    };
    for (int i = 0; i < SENSOR_CAUSE_COUNT; i++) {
        ret_counts->causes[i] = atomic_load(&counters->causes[i]);
    }
}
