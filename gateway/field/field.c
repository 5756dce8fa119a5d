/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The field process: hosts the drivers and passes on what they say
 *
 *     drivers' threads ──▶ inbox ──▶ loop ──▶ READINGS, DEVICE, HEARTBEATS ──▶ engine
 *                                         ◀── OUTPUTS ◀──
 *
 * The loop sends what the inbox holds as soon as it is rung for, one message for all that has
 * gathered. When the socket is full or the engine away, the inbox keeps what must not be lost;
 * after a welcome all present values go first, then the devices' states, then what was kept.
 */
#include <stdlib.h>
#include <string.h>

#include <event2/event.h>

#include "gateway/field/drivers.h"
#include "gateway/field/inbox.h"
#include "gateway/field/report.h"
#include "gateway/field/retirement.h"
#include "gateway/log.h"
#include "gateway/process.h"

enum { FIELD_HEARTBEAT_S = 1 };

/* What the engine is to know of a device. */
struct field_device {
    bool told; /* a driver has said something of it */
    bool answering;
    bool unsent;
    char reason[REPORT_REASON_SIZE];
};

struct field {
    struct process *process;
    uint64_t generation;
    struct inbox *inbox;
    struct retired *retired; /* shared with the supervisor and the other field processes */
    struct drivers *drivers;
    struct report *report;
    struct wire_client *client;
    struct event *rung;
    struct event *heartbeat;
    struct field_device *devices; /* of the whole site; only ours are ever told */
    uint32_t device_count;
    uint32_t unsent_devices;
    bool welcomed;
    bool blocked;        /* the socket is full; writable() comes */
    bool heartbeat_lost; /* one could not be sent: the engine may have taken values for stale */
    struct log_limiter full_limiter;
    struct holding_counts counts;  /* as last logged */
    uint32_t buses_next;           /* whose counts are told next */
    struct wire_readings readings; /* being sent; count 0 when there are none */
};

/* Send, or note that the socket is full. Returns whether it was sent. */
static bool field_send(struct field *field, const void *message) {
    if (!field->welcomed || field->blocked) {
        return false;
    }
    int r = wire_client_send(field->client, message);
    field->blocked = r == WIRE_E_FULL;
    return r == 0;
}

/* Send readings until none is left or the socket is full. */
static bool field_send_readings(struct field *field) {
    struct wire_readings *message = &field->readings;
    while (field->welcomed && !field->blocked) {
        if (message->count == 0) {
            message->count = inbox_readings(field->inbox, message->readings, WIRE_READINGS_MAX);
        }
        if (message->count == 0) {
            return true;
        }
        message->header = wire_header_of(WIRE_READINGS, wire_size(WIRE_READINGS, message->count));
        message->generation = field->generation;
        if (!field_send(field, message)) {
            return false;
        }
        message->count = 0;
    }
    return false;
}

static void field_send_devices(struct field *field) {
    for (uint32_t i = 0; i < field->device_count && field->unsent_devices > 0; i++) {
        struct field_device *device = &field->devices[i];
        if (!device->unsent) {
            continue;
        }
        struct wire_device message = {
            .header = wire_header_of(WIRE_DEVICE, sizeof message),
            .generation = field->generation,
            .device = i,
            .answering = device->answering,
        };
        memcpy(message.reason, device->reason, sizeof message.reason);
        if (!field_send(field, &message)) {
            return;
        }
        device->unsent = false;
        field->unsent_devices--;
    }
}
_Static_assert(sizeof((struct wire_device *)0)->reason == REPORT_REASON_SIZE, "reasons fit");

static void field_device_unsent(struct field *field, struct field_device *device) {
    field->unsent_devices += !device->unsent;
    device->unsent = true;
}

/* The supervisor has added to the list, or something of it is done. */
static void field_on_retired(void *context) {
    struct field *field = context;
    retirement_look(field->retired, field->drivers, clock_real_ns());
}

/* Log the drivers' notes, and keep what the engine must know of devices. */
static void field_take_notes(struct field *field) {
    struct sensor_note note;
    uint64_t replaced;
    while (inbox_note(field->inbox, &note, &replaced)) {
        report_note(field->report, &note, replaced);
        if (note.kind == SENSOR_RETIRED_RESTED) {
            field_on_retired(field);
        }
        if (note.kind != SENSOR_DEVICE_LOST && note.kind != SENSOR_DEVICE_ANSWERS) {
            continue;
        }
        struct field_device *device = &field->devices[note.device];
        device->told = true;
        device->answering = note.kind == SENSOR_DEVICE_ANSWERS;
        device->reason[0] = '\0';
        if (!device->answering) {
            report_reason(&note, device->reason);
        }
        field_device_unsent(field, device);
    }
}

/* Readings first: a device's loss then also ends the values that came before it. */
static void field_flush(struct field *field) {
    if (field_send_readings(field)) {
        field_send_devices(field);
    }
}

static void field_on_ring(evutil_socket_t fd, short what, void *context) {
    (void)fd;
    (void)what;
    struct field *field = context;
    inbox_hush(field->inbox);
    field_send_readings(field); /* before the log: an alarm's way is short */
    field_take_notes(field);
    field_flush(field);
}

/* What was not kept is counted, and said at most once a minute. */
static void field_tell_losses(struct field *field) {
    struct holding_counts counts = inbox_counts(field->inbox);
    if (counts.edges_merged == field->counts.edges_merged &&
        counts.events_refused == field->counts.events_refused) {
        return;
    }
    uint64_t kept_back;
    if (log_permit(&field->full_limiter, &kept_back)) {
        log_line(LOG_ERROR, "holding_full",
                 "edges_merged=%llu events_refused=%llu effect=\"presses and cards are being lost "
                 "until the engine is back; present states are kept\"",
                 (unsigned long long)counts.edges_merged,
                 (unsigned long long)counts.events_refused);
        field->counts = counts;
    }
}

/* Figures for people; what is not sent is in the next ones, for they count from the start. */
static void field_tell_figures(struct field *field) {
    struct holding_counts counts = inbox_counts(field->inbox);
    struct mqtt_source_counts messages = drivers_messages(field->drivers);
    struct wire_figures figures = {
        .header = wire_header_of(WIRE_FIGURES, sizeof figures),
        .owner = FIGURE_OWNER_FIELD,
        .values =
            {
                [FIGURE_FIELD_READINGS_WAITING] = counts.waiting,
                [FIGURE_FIELD_READINGS_REPLACED] = counts.replaced,
                [FIGURE_FIELD_EDGES_MERGED] = counts.edges_merged,
                [FIGURE_FIELD_EVENTS_REFUSED] = counts.events_refused,
                [FIGURE_FIELD_NOTES_REPLACED] = inbox_notes_replaced(field->inbox),
                [FIGURE_FIELD_MESSAGES] = messages.messages,
                [FIGURE_FIELD_MESSAGES_UNKNOWN] = messages.unknown,
                [FIGURE_FIELD_MESSAGES_REFUSED] = messages.refused,
                [FIGURE_FIELD_MESSAGES_OVERFLOWED] = messages.overflowed,
                [FIGURE_FIELD_BROKER_CONNECTIONS] = messages.connections,
            },
    };
    struct wire_buses buses = {0};
    if (field_send(field, &figures)) {
        buses.count =
            drivers_buses(field->drivers, &field->buses_next, buses.buses, WIRE_BUSES_MAX);
        buses.header = wire_header_of(WIRE_BUSES, wire_size(WIRE_BUSES, buses.count));
        (void)field_send(field, &buses);
    }
}

static void field_on_heartbeat(evutil_socket_t fd, short what, void *context) {
    (void)fd;
    (void)what;
    struct field *field = context;
    struct wire_heartbeats message = {.generation = field->generation};
    do {
        message.count = inbox_heartbeats(field->inbox, message.devices, WIRE_HEARTBEATS_MAX);
        message.header = wire_header_of(WIRE_HEARTBEATS, wire_size(WIRE_HEARTBEATS, message.count));
        if (message.count > 0 && !field_send(field, &message)) {
            field->heartbeat_lost = true;
        }
    } while (message.count == WIRE_HEARTBEATS_MAX);
    field_on_retired(field);
    field_tell_losses(field);
    field_tell_figures(field);
}

/* The engine knows nothing: everything from the start. */
static void field_restart(struct field *field) {
    inbox_restart(field->inbox, field->readings.readings, field->readings.count);
    field->readings.count = 0;
    field->heartbeat_lost = false;
    for (uint32_t i = 0; i < field->device_count; i++) {
        if (field->devices[i].told) {
            field_device_unsent(field, &field->devices[i]);
        }
    }
}

static void field_on_welcome(void *context, const struct wire_welcome *welcome) {
    (void)welcome;
    struct field *field = context;
    field->welcomed = true;
    field->blocked = false;
    field_restart(field);
    field_flush(field);
}

static void field_on_lost(void *context) {
    struct field *field = context;
    field->welcomed = false;
    log_line(LOG_WARNING, "engine_gone",
             "effect=\"polling goes on; readings are kept until it is back\"");
}

static void field_on_writable(void *context) {
    struct field *field = context;
    field->blocked = false;
    if (field->heartbeat_lost) {
        field_restart(field);
    }
    field_flush(field);
}

/*
 * Another site is in force, in which everything that we look at is the same (field_part.h): only what
 * we say of it bears another number. The image stays the old one.
 */
static void field_on_generation(void *context) {
    struct field *field = context;
    field->generation = process_generation(field->process);
    wire_client_generation(field->client, field->generation);
}

static void field_on_message(void *context, const struct wire_header *message) {
    struct field *field = context;
    if (message->kind == WIRE_RECORDED) {
        inbox_confirm(field->inbox, ((const struct wire_recorded *)message)->token);
        return;
    }
    if (message->kind != WIRE_OUTPUTS) {
        return;
    }
    const struct wire_outputs *outputs = (const struct wire_outputs *)message;
    if (outputs->generation != field->generation) {
        return;
    }
    for (uint32_t i = 0; i < outputs->count; i++) {
        uint32_t point = outputs->outputs[i].point;
        if (point < field->process->site.ruleset.point_count) {
            drivers_output(field->drivers, point, outputs->outputs[i].on != 0);
        }
    }
}

static int field_open(struct field *field) {
    struct process *process = field->process;
    const struct site *site = &process->site;
    field->generation = site->header->generation;
    field->device_count = site->ruleset.device_count;
    field->devices = calloc((size_t)field->device_count + 1, sizeof *field->devices);
    if (field->devices == NULL) {
        return err_origin(-ENOMEM);
    }
    int r = err_trace(report_new(site, &field->report));
    if (r == 0) {
        r = err_trace(inbox_new(site, &field->inbox));
    }
    if (r == 0) {
        r = err_trace(retired_map(PROCESS_FD_RETIRED, &field->retired));
    }
    if (r == 0) {
        const struct sensor_sink sink = inbox_sink(field->inbox);
        r = err_trace(drivers_new(site, process->instance, field->retired, process->base, &sink,
                                  &field->drivers));
    }
    if (r != 0) {
        return r;
    }
    process_on_word(process, PROCESS_RETIRED, field_on_retired, field);
    field_on_retired(field);
    field->rung = event_new(process->base, inbox_fd(field->inbox), EV_READ | EV_PERSIST,
                            field_on_ring, field);
    field->heartbeat = event_new(process->base, -1, EV_PERSIST, field_on_heartbeat, field);
    const struct timeval second = {.tv_sec = FIELD_HEARTBEAT_S};
    if (field->rung == NULL || field->heartbeat == NULL || event_add(field->rung, NULL) != 0 ||
        event_add(field->heartbeat, &second) != 0) {
        return err_origin(-ENOMEM);
    }
    const struct wire_hello hello = {
        .generation = field->generation,
        .role = WIRE_ROLE_FIELD,
        .instance = process->instance,
        .number = process->number,
    };
    const struct wire_client_callbacks callbacks = {
        .welcomed = field_on_welcome,
        .received = field_on_message,
        .writable = field_on_writable,
        .lost = field_on_lost,
    };
    r = err_trace(wire_client_new(process->base, process->run_directory, &hello, &callbacks, field,
                                  &field->client));
    if (r == 0) {
        process_on_word(process, PROCESS_GENERATION, field_on_generation, field);
    }
    return r;
}

static void field_close(struct field *field) {
    (void)drivers_free(field->drivers); /* first: its threads use the inbox */
    if (field->client != NULL) {
        field_flush(field); /* what was seen last may be over when the next one looks */
    }
    (void)wire_client_free(field->client);
    if (field->rung != NULL) {
        event_free(field->rung);
    }
    if (field->heartbeat != NULL) {
        event_free(field->heartbeat);
    }
    (void)inbox_free(field->inbox);
    (void)report_free(field->report);
    retired_unmap(field->retired);
    free(field->devices);
    free(field);
}

int field_run(struct process *process) {
    struct field *field = calloc(1, sizeof *field);
    if (field == NULL) {
        return err_origin(-ENOMEM);
    }
    field->process = process;
    int r = err_trace(field_open(field));
    if (r == 0) {
        r = err_trace(drivers_start(field->drivers));
    }
    if (r == 0) {
        log_line(LOG_INFO, "field_started", "buses=%u effect=\"polling\"",
                 drivers_count(field->drivers));
        process_ready(process);
        r = err_trace(process_loop(process));
    }
    field_close(field);
    return r;
}
