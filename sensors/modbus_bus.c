/* SPDX-License-Identifier: Apache-2.0 */
#include "sensors/modbus_bus.h"

#include <assert.h>
#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include "sensors/schedule.h"

/* A failed output is tried again this often, real time, and with the device's next good answer. */
#define MBBUS_OUTPUT_RETRY_NS (1 * NS_PER_S)

enum output_state { OUTPUT_OFF, OUTPUT_ON, OUTPUT_UNKNOWN };

struct mbbus_coil {
    _Atomic uint8_t wanted; /* enum output_state; set from any thread */
    uint8_t written;        /* enum output_state; the host's own */
    uint64_t retry_ns;      /* not tried before, after it failed */
};

/* What is kept of one device. */
struct mbbus_unit {
    const struct mbbus_device *conf;
    struct mbimage image;
    struct mbbus_coil *coils; /* one for each of its outputs */
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
    STAGE_WRITE,     /* output `step` */
    STAGE_READ_BACK, /* output `step`, as it is now */
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
    uint32_t output_count;
    uint64_t opened; /* of the link, when outputs were last taken for written */
    enum mbbus_stage stage;
    uint32_t unit; /* whose turn it is, unless at rest */
    uint32_t step;
    bool coil; /* what is being written */
    struct mbbus_poll poll;
    struct mbbus_counters counters;
};

/* One writer per counter, so that a plain store will do where an atomic addition would lock the
 * bus. */
static void mbbus_count(_Atomic uint64_t *counter, uint64_t more) {
    uint64_t value = atomic_load_explicit(counter, memory_order_relaxed);
    atomic_store_explicit(counter, value + more, memory_order_relaxed);
}

static int mbbus_unit_init(struct mbbus_unit *unit, const struct mbbus_device *conf) {
    assert(conf->poll_ns >= MBBUS_POLL_MIN_NS && conf->timeout_ns >= MBBUS_TIMEOUT_MIN_NS);
    unit->conf = conf;
    int r = mbimage_init(&unit->image, conf->points, conf->point_count);
    if (r == 0 && conf->output_count > 0) {
        unit->coils = calloc(conf->output_count, sizeof *unit->coils);
        if (unit->coils == NULL) {
            return -ENOMEM;
        }
    }
    for (uint32_t i = 0; r == 0 && i < conf->output_count; i++) {
        atomic_init(&unit->coils[i].wanted, OUTPUT_UNKNOWN);
        unit->coils[i].written = OUTPUT_UNKNOWN;
    }
    return r;
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
    for (uint32_t i = 0; r == 0 && i < conf->device_count; i++) {
        bus->entries[i].period_ns = conf->devices[i].poll_ns;
        bus->output_count += conf->devices[i].output_count;
        bus->count = i + 1;
        r = mbbus_unit_init(&bus->units[i], &conf->devices[i]);
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
        free(bus->units[i].coils);
    }
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

/* The device's own outputs may have been forgotten: write them again. */
static void mbbus_outputs_forget(struct mbbus_unit *unit) {
    for (uint32_t i = 0; i < unit->conf->output_count; i++) {
        unit->coils[i].written = OUTPUT_UNKNOWN;
        unit->coils[i].retry_ns = 0;
    }
}

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
        mbbus_outputs_forget(unit);
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
        mbbus_outputs_forget(unit);
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
        if (poll->exception == MBFRAME_ILLEGAL_ADDRESS &&
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
    struct sensor_note note = {
        .kind = SENSOR_OUTPUT_FAILED,
        .cause = cause,
        .device = unit->conf->device,
        .point = output->point,
    };
    (void)snprintf(note.detail, sizeof note.detail, "coil %u does not go %s: %s",
                   (unsigned)output->address, bus->coil != output->invert ? "on" : "off",
                   cause == SENSOR_CAUSE_NONE ? "it reads back otherwise"
                                              : sensor_cause_text(cause));
    bus->sink.note(bus->sink.context, &note);
}

/* Tell what an output is like, as it was read back. */
static void mbbus_report_output(struct mbbus *bus, const struct mbbus_unit *unit,
                                enum quality quality, bool on) {
    const struct reading reading = {
        .point = unit->conf->outputs[bus->step].point,
        .quality = (uint8_t)quality,
        .value = on ? 1 : 0,
        .measured = bus->sink.wall(bus->sink.context),
    };
    bus->sink.reading(bus->sink.context, &reading, 0);
    mbbus_count(&bus->counters.readings, 1);
}

/* Begin to switch an output of the unit that is not as wanted; false when all are. */
static bool mbbus_output_begin(struct mbbus *bus, uint32_t index, uint64_t now_ns,
                               uint64_t *retry_ns) {
    struct mbbus_unit *unit = &bus->units[index];
    for (uint32_t i = 0; i < unit->conf->output_count; i++) {
        uint8_t wanted = atomic_load(&unit->coils[i].wanted);
        if (wanted == OUTPUT_UNKNOWN || wanted == unit->coils[i].written) {
            continue;
        }
        uint64_t due_ns = unit->coils[i].retry_ns;
        if (now_ns < due_ns) {
            *retry_ns = due_ns < *retry_ns ? due_ns : *retry_ns;
            continue;
        }
        bus->unit = index;
        bus->step = i;
        bus->coil = (wanted == OUTPUT_ON) != unit->conf->outputs[i].invert;
        bus->stage = STAGE_WRITE;
        return true;
    }
    return false;
}

/*
 * Outputs of the devices that answer; those of the others wait for their next good answer. Sets
 * `*ret_retry_ns` to when one that failed is to be tried again, or UINT64_MAX.
 */
static bool mbbus_outputs_begin(struct mbbus *bus, uint64_t now_ns, uint64_t *ret_retry_ns) {
    *ret_retry_ns = UINT64_MAX;
    for (uint32_t i = 0; bus->output_count > 0 && i < bus->count; i++) {
        const struct mbbus_unit *unit = &bus->units[i];
        if (unit->heard && unit->missed == SENSOR_CAUSE_NONE &&
            mbbus_output_begin(bus, i, now_ns, ret_retry_ns)) {
            return true;
        }
    }
    return false;
}

static void mbbus_take_output(struct mbbus *bus, struct mbbus_unit *unit,
                              const struct mbbus_outcome *outcome, uint64_t now_ns) {
    bool answered = outcome->cause == SENSOR_CAUSE_NONE;
    if (answered && bus->stage == STAGE_WRITE) {
        bus->stage = STAGE_READ_BACK;
        return;
    }
    bus->stage = STAGE_REST;
    if (answered && ((outcome->answer.data[0] & 1) != 0) == bus->coil) {
        bool on = bus->coil != unit->conf->outputs[bus->step].invert;
        unit->coils[bus->step].written = on ? OUTPUT_ON : OUTPUT_OFF;
        mbbus_report_output(bus, unit, QUALITY_GOOD, on);
        return;
    }
    unit->coils[bus->step].retry_ns = now_ns + MBBUS_OUTPUT_RETRY_NS;
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
                atomic_store(&bus->units[i].coils[j].wanted, on ? OUTPUT_ON : OUTPUT_OFF);
                bus->bell.ring(bus->bell.context);
                return;
            }
        }
    }
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
        return mbframe_write_coil(conf->unit, conf->outputs[bus->step].address, bus->coil);
    case STAGE_READ_BACK:
        return mbframe_read(conf->unit, MBFRAME_COIL, conf->outputs[bus->step].address, 1);
    case STAGE_REST:
        break;
    }
    assert(false && "a bus at rest asks nothing");
    return (struct mbframe_request){0};
}

bool mbbus_next(struct mbbus *bus, uint64_t now_ns, struct mbbus_ask *ret_ask,
                uint64_t *ret_wake_ns) {
    uint64_t retry_ns;
    if (bus->stage == STAGE_REST && !mbbus_outputs_begin(bus, now_ns, &retry_ns)) {
        uint64_t due_ns;
        uint32_t next = schedule_next(&bus->schedule, &due_ns);
        if (due_ns > now_ns) {
            *ret_wake_ns = due_ns < retry_ns ? due_ns : retry_ns;
            return false;
        }
        mbbus_poll_begin(bus, next, now_ns);
    }
    ret_ask->request = mbbus_request(bus);
    ret_ask->timeout_ns = bus->units[bus->unit].conf->timeout_ns;
    return true;
}

void mbbus_take(struct mbbus *bus, const struct mbbus_outcome *outcome, uint64_t now_ns) {
    struct mbbus_unit *unit = &bus->units[bus->unit];
    mbbus_account(bus, unit, outcome);
    for (uint32_t i = 0; outcome->opened != bus->opened && i < bus->count; i++) {
        mbbus_outputs_forget(&bus->units[i]);
    }
    bus->opened = outcome->opened;
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
