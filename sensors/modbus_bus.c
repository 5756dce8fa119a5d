/* SPDX-License-Identifier: Apache-2.0 */
#include "sensors/modbus_bus.h"

#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sensors/bell.h"
#include "sensors/schedule.h"

/* Deep enough for libmodbus and the sink; 800 of these threads take 100 MiB of addresses only. */
#define MBBUS_STACK_SIZE (128 * 1024)

/* A failed output is tried again this often, real time, and with the device's next good answer. */
#define MBBUS_OUTPUT_RETRY_NS (1 * NS_PER_S)

enum output_state { OUTPUT_OFF, OUTPUT_ON, OUTPUT_UNKNOWN };

struct mbbus_coil {
    _Atomic uint8_t wanted; /* enum output_state; set from any thread */
    uint8_t written;        /* enum output_state; the bus thread's own */
};

/* What the thread keeps of one device. */
struct mbbus_unit {
    const struct mbbus_device *conf;
    struct mbimage image;
    struct mbbus_coil *coils; /* one for each of its outputs */
    uint64_t coil_retry_ns;   /* no output of it is tried before, after one failed */
    enum sensor_cause missed; /* why its last poll failed; NONE after a good one */
    bool heard;               /* it has answered since the start or since it was lost */
};

struct mbbus_counters {
    _Atomic uint64_t polls, answers, requests, readings, skipped;
    _Atomic uint64_t causes[SENSOR_CAUSE_COUNT];
};

struct mbbus {
    struct sensor_sink sink;
    struct mblink *link;
    struct mbbus_unit *units;
    struct schedule_entry *entries;
    struct schedule schedule;
    uint32_t count;
    uint64_t opened; /* mblink_opened() when outputs were last taken for written */
    struct mbbus_counters counters;
    struct bell bell;
    atomic_bool stopping;
    bool started;
    pthread_t thread;
};

static uint64_t mbbus_now_ns(const struct mbbus *bus) {
    return bus->sink.real_ns(bus->sink.context);
}

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
    if (r == 0) {
        r = mblink_new(&conf->link, conf->sink.real_ns, conf->sink.context, &bus->link);
    }
    for (uint32_t i = 0; r == 0 && i < conf->device_count; i++) {
        bus->entries[i].period_ns = conf->devices[i].poll_ns;
        bus->count = i + 1;
        r = mbbus_unit_init(&bus->units[i], &conf->devices[i]);
    }
    if (r != 0) {
        (void)mbbus_free(bus);
        return r;
    }
    *ret_bus = bus;
    return 0;
}

/* A note with the link's explanation, or with the words for an exception. */
static void mbbus_note(struct mbbus *bus, const struct mbbus_unit *unit, enum sensor_note_kind kind,
                       enum sensor_cause cause, uint8_t exception) {
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
    } else if (cause != SENSOR_CAUSE_NONE) {
        (void)snprintf(note.detail, sizeof note.detail, "%s", mblink_detail(bus->link));
    }
    bus->sink.note(bus->sink.context, &note);
}

static void mbbus_note_late(struct mbbus *bus, const struct mbbus_unit *unit) {
    const struct sensor_note note = {
        .kind = SENSOR_ANSWER_REFUSED,
        .cause = SENSOR_CAUSE_LONG,
        .device = unit->conf->device,
        .detail = "bytes were there before anything was asked: a late answer, or noise",
    };
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

/* One transaction; counts and notes what is wrong with it. */
static enum sensor_cause mbbus_ask(struct mbbus *bus, const struct mbbus_unit *unit,
                                   const struct mbframe_request *request,
                                   struct mbframe_answer *ret_answer) {
    struct mbframe_answer answer = {0};
    enum sensor_cause cause = mblink_ask(bus->link, request, unit->conf->timeout_ns, &answer);
    mbbus_count(&bus->counters.requests, 1);
    uint32_t late = mblink_late(bus->link);
    if (late > 0) {
        mbbus_count(&bus->counters.causes[SENSOR_CAUSE_LONG], late);
        mbbus_note_late(bus, unit);
    }
    if (cause != SENSOR_CAUSE_NONE && !atomic_load(&bus->stopping)) {
        mbbus_count(&bus->counters.causes[cause], 1);
        if (mbbus_is_refusal(cause)) {
            mbbus_note(bus, unit, SENSOR_ANSWER_REFUSED, cause, answer.exception);
        }
    }
    *ret_answer = answer;
    return cause;
}

/* The device's own outputs may have been forgotten: write them again. */
static void mbbus_outputs_forget(struct mbbus_unit *unit) {
    for (uint32_t i = 0; i < unit->conf->output_count; i++) {
        unit->coils[i].written = OUTPUT_UNKNOWN;
    }
    unit->coil_retry_ns = 0;
}

/* The result of reading all requests of a device once. */
struct mbbus_outcome {
    uint32_t answered;
    enum sensor_cause cause; /* of the last failure, if any */
    uint8_t exception;
    bool replan; /* an address that only bridges a gap is refused */
};

/* Read one request. Returns false when asking on is useless in this poll. */
static bool mbbus_read(struct mbbus *bus, struct mbbus_unit *unit, uint32_t index,
                       struct mbbus_outcome *outcome) {
    const struct mbplan_request *plan = &unit->image.requests[index];
    const struct mbframe_request request =
        mbframe_read(unit->conf->unit, plan->table, plan->address, plan->count);
    struct mbframe_answer answer;
    enum sensor_cause cause = mbbus_ask(bus, unit, &request, &answer);
    if (cause == SENSOR_CAUSE_NONE) {
        outcome->answered++;
        uint32_t readings =
            mbimage_update(&unit->image, index, answer.data, unit->conf->device, &bus->sink);
        mbbus_count(&bus->counters.readings, readings);
        return true;
    }
    outcome->cause = cause;
    if (cause != SENSOR_CAUSE_EXCEPTION) {
        return false;
    }
    outcome->exception = answer.exception;
    if (answer.exception == MBFRAME_ILLEGAL_ADDRESS && plan->bridges_gap) {
        outcome->replan = true;
        return false;
    }
    mbimage_refused(&unit->image, index, &bus->sink);
    return true;
}

/* A device with nothing to read is asked for its first output, to know that it is there. */
static void mbbus_knock(struct mbbus *bus, struct mbbus_unit *unit, struct mbbus_outcome *outcome) {
    uint16_t address = unit->conf->output_count > 0 ? unit->conf->outputs[0].address : 0;
    const struct mbframe_request request = mbframe_read(unit->conf->unit, MBFRAME_COIL, address, 1);
    struct mbframe_answer answer;
    outcome->cause = mbbus_ask(bus, unit, &request, &answer);
    if (outcome->cause == SENSOR_CAUSE_NONE) {
        outcome->answered = 1;
    }
    outcome->exception = answer.exception;
}

static struct mbbus_outcome mbbus_read_all(struct mbbus *bus, struct mbbus_unit *unit) {
    struct mbbus_outcome outcome = {0};
    if (unit->image.request_count == 0) {
        mbbus_knock(bus, unit, &outcome);
        return outcome;
    }
    for (uint32_t i = 0; i < unit->image.request_count; i++) {
        if (!mbbus_read(bus, unit, i, &outcome)) {
            break;
        }
    }
    return outcome;
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

static void mbbus_answered(struct mbbus *bus, uint32_t index, uint64_t now_ns) {
    struct mbbus_unit *unit = &bus->units[index];
    bus->sink.heartbeat(bus->sink.context, unit->conf->device);
    mbbus_count(&bus->counters.answers, 1);
    if (!unit->heard) {
        unit->heard = true;
        mbbus_outputs_forget(unit);
        mbbus_note(bus, unit, SENSOR_DEVICE_ANSWERS, SENSOR_CAUSE_NONE, 0);
    }
    bool line_was_away = unit->missed == SENSOR_CAUSE_UNREACHABLE;
    unit->missed = SENSOR_CAUSE_NONE;
    uint64_t skipped = bus->entries[index].skipped;
    schedule_answered(&bus->schedule, index, now_ns);
    mbbus_count(&bus->counters.skipped, bus->entries[index].skipped - skipped);
    if (line_was_away) {
        mbbus_prompt_all(bus, now_ns);
    }
}

static void mbbus_missed(struct mbbus *bus, uint32_t index, const struct mbbus_outcome *outcome,
                         uint64_t began_ns, uint64_t now_ns) {
    struct mbbus_unit *unit = &bus->units[index];
    unit->missed = outcome->cause;
    bool given_up = schedule_missed(&bus->schedule, index, began_ns, now_ns);
    if (given_up && !atomic_load(&bus->stopping)) {
        unit->heard = false;
        mbbus_note(bus, unit, SENSOR_DEVICE_LOST, outcome->cause, outcome->exception);
    }
}

/*
 * Has the device not been heard for so long that its listeners may have taken its values for stale?
 * A device may be silent for 3 polls and at least 2 s, and word of it travels once a second. Then
 * the next answer reports every point again, changed or not.
 */
static bool mbbus_was_silent(const struct schedule_entry *entry, uint64_t now_ns) {
    uint64_t span_ns = entry->period_ns + entry->period_ns / 2;
    return now_ns - entry->heard_ns >= (span_ns > NS_PER_S ? span_ns : NS_PER_S);
}

static void mbbus_poll(struct mbbus *bus, uint32_t index) {
    struct mbbus_unit *unit = &bus->units[index];
    uint64_t began_ns = mbbus_now_ns(bus);
    mbbus_count(&bus->counters.polls, 1);
    if (mbbus_was_silent(&bus->entries[index], began_ns)) {
        mbimage_forget(&unit->image);
    }
    struct mbbus_outcome outcome = mbbus_read_all(bus, unit);
    if (outcome.replan) {
        mbimage_without_gaps(&unit->image);
        outcome = mbbus_read_all(bus, unit);
    }
    uint64_t now_ns = mbbus_now_ns(bus);
    bool silent = outcome.cause != SENSOR_CAUSE_NONE && outcome.cause != SENSOR_CAUSE_EXCEPTION;
    if (outcome.answered > 0 && !silent) {
        mbbus_answered(bus, index, now_ns);
    } else {
        mbbus_missed(bus, index, &outcome, began_ns, now_ns);
    }
}

/* Write one coil and read it back. */
static enum sensor_cause mbbus_switch(struct mbbus *bus, struct mbbus_unit *unit, uint16_t address,
                                      bool coil, bool *ret_as_wanted) {
    const struct mbframe_request write = mbframe_write_coil(unit->conf->unit, address, coil);
    const struct mbframe_request read = mbframe_read(unit->conf->unit, MBFRAME_COIL, address, 1);
    struct mbframe_answer answer;
    enum sensor_cause cause = mbbus_ask(bus, unit, &write, &answer);
    if (cause == SENSOR_CAUSE_NONE) {
        cause = mbbus_ask(bus, unit, &read, &answer);
    }
    if (cause == SENSOR_CAUSE_NONE) {
        *ret_as_wanted = ((answer.data[0] & 1) != 0) == coil;
    }
    return cause;
}

static void mbbus_note_output(struct mbbus *bus, const struct mbbus_unit *unit, uint32_t output,
                              enum sensor_cause cause, bool on) {
    struct sensor_note note = {
        .kind = SENSOR_OUTPUT_FAILED,
        .cause = cause,
        .device = unit->conf->device,
        .point = unit->conf->outputs[output].point,
    };
    (void)snprintf(note.detail, sizeof note.detail, "coil %u does not go %s: %s",
                   (unsigned)unit->conf->outputs[output].address, on ? "on" : "off",
                   cause == SENSOR_CAUSE_NONE ? "it reads back otherwise"
                                              : sensor_cause_text(cause));
    bus->sink.note(bus->sink.context, &note);
}

/* Switch what is not as wanted. Returns when the next attempt is due, or UINT64_MAX. */
static uint64_t mbbus_outputs_step(struct mbbus *bus, struct mbbus_unit *unit, uint64_t now_ns) {
    for (uint32_t i = 0; i < unit->conf->output_count; i++) {
        struct mbbus_coil *coil = &unit->coils[i];
        uint8_t wanted = atomic_load(&coil->wanted);
        if (wanted == OUTPUT_UNKNOWN || wanted == coil->written) {
            continue;
        }
        if (now_ns < unit->coil_retry_ns) {
            return unit->coil_retry_ns;
        }
        const struct mbbus_output *output = &unit->conf->outputs[i];
        bool on = wanted == OUTPUT_ON;
        bool as_wanted = false;
        enum sensor_cause cause =
            mbbus_switch(bus, unit, output->address, on != output->invert, &as_wanted);
        if (cause == SENSOR_CAUSE_NONE && as_wanted) {
            coil->written = wanted;
            continue;
        }
        unit->coil_retry_ns = mbbus_now_ns(bus) + MBBUS_OUTPUT_RETRY_NS;
        if (!atomic_load(&bus->stopping)) {
            mbbus_note_output(bus, unit, i, cause, on);
        }
        return unit->coil_retry_ns;
    }
    return UINT64_MAX;
}

/*
 * Outputs of the devices that answer; those of the others wait for their next good answer. Returns
 * when an output that failed is to be tried again, or UINT64_MAX.
 */
static uint64_t mbbus_outputs(struct mbbus *bus, uint64_t now_ns) {
    uint64_t opened = mblink_opened(bus->link);
    uint64_t next_ns = UINT64_MAX;
    for (uint32_t i = 0; i < bus->count; i++) {
        struct mbbus_unit *unit = &bus->units[i];
        if (unit->conf->output_count == 0) {
            continue;
        }
        if (opened != bus->opened) {
            mbbus_outputs_forget(unit);
        }
        if (unit->heard && unit->missed == SENSOR_CAUSE_NONE) {
            uint64_t retry_ns = mbbus_outputs_step(bus, unit, now_ns);
            next_ns = retry_ns < next_ns ? retry_ns : next_ns;
        }
    }
    bus->opened = opened;
    return next_ns;
}

static void *mbbus_run(void *context) {
    struct mbbus *bus = context;
    uint64_t output_due_ns = UINT64_MAX;
    while (!atomic_load(&bus->stopping)) {
        uint64_t due_ns;
        uint32_t next = schedule_next(&bus->schedule, &due_ns);
        uint64_t now_ns = mbbus_now_ns(bus);
        if (due_ns <= now_ns) {
            mbbus_poll(bus, next);
        } else {
            uint64_t until_ns = due_ns < output_due_ns ? due_ns : output_due_ns;
            bell_sleep(&bus->bell, until_ns > now_ns ? until_ns - now_ns : 0);
        }
        output_due_ns = mbbus_outputs(bus, mbbus_now_ns(bus));
    }
    return NULL;
}

int mbbus_start(struct mbbus *bus) {
    assert(!bus->started);
    schedule_init(&bus->schedule, bus->entries, bus->count, mbbus_now_ns(bus));
    pthread_attr_t attributes;
    (void)pthread_attr_init(&attributes);
    (void)pthread_attr_setstacksize(&attributes, MBBUS_STACK_SIZE);
    int error = pthread_create(&bus->thread, &attributes, mbbus_run, bus);
    (void)pthread_attr_destroy(&attributes);
    bus->started = error == 0;
    return -error;
}

void mbbus_output(struct mbbus *bus, uint32_t point, bool on) {
    for (uint32_t i = 0; i < bus->count; i++) {
        const struct mbbus_device *conf = bus->units[i].conf;
        for (uint32_t j = 0; j < conf->output_count; j++) {
            if (conf->outputs[j].point == point) {
                atomic_store(&bus->units[i].coils[j].wanted, on ? OUTPUT_ON : OUTPUT_OFF);
                bell_ring(&bus->bell);
                return;
            }
        }
    }
}

void mbbus_address(struct mbbus *bus, const char *address) {
    mblink_address(bus->link, address);
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

void mbbus_stop(struct mbbus *bus) {
    atomic_store(&bus->stopping, true);
    mblink_cut(bus->link);
    bell_ring(&bus->bell);
}

struct mbbus *mbbus_free(struct mbbus *bus) {
    if (bus == NULL) {
        return NULL;
    }
    if (bus->started) {
        mbbus_stop(bus);
        (void)pthread_join(bus->thread, NULL);
    }
    for (uint32_t i = 0; bus->units != NULL && i < bus->count; i++) {
        mbimage_deinit(&bus->units[i].image);
        free(bus->units[i].coils);
    }
    (void)mblink_free(bus->link);
    free(bus->units);
    free(bus->entries);
    free(bus);
    return NULL;
}
