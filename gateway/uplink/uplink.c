/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The uplink process
 *
 * Takes what the engine tells over the wire, and what the journal holds, to the broker:
 *
 *     engine ── wire ──▶ uplink ──▶ feeder ──▶ mqtt_link ──▶ broker
 *        ▲    CONFIRMED     │         ▲ │                      │
 *        └──────────────────┘         │ └─▶ journal (reads)    │
 *                                     └──────── PUBACK ────────┘
 *
 * and calls the webhooks of roles for the steps that the engine gives it (caller).
 *
 * It owns the connection to both and decides nothing: what goes next is the feeder's matter, how it
 * travels the link's. An event is handed to the broker inside the call that brought it. While the
 * broker is away nothing piles up here, because the journal is the outbox; while the engine is away
 * what was recorded is still sent.
 */
#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "gateway/clock.h"
#include "gateway/hex.h"
#include "gateway/uplink/taken_note.h"
#include "gateway/uplink/uplink_parts.h"

void uplink_pump(struct uplink *uplink) {
    const struct timeval at_once = {0};
    const struct timeval soon = {.tv_usec = FEEDER_RETRY_NS / 1000};
    if (feeder_pump(&uplink->feeder)) {
        (void)event_add(uplink->more, &at_once);
    }
    if (feeder_is_patient(&uplink->feeder) && !event_pending(uplink->look, EV_TIMEOUT, NULL)) {
        (void)event_add(uplink->look, &soon);
    }
    uplink_tell_confirmed(uplink, UPLINK_CONFIRMED_STEP);
}

static void uplink_more(evutil_socket_t fd, short what, void *context) {
    (void)fd;
    (void)what;
    uplink_pump(context);
}

static void uplink_look(evutil_socket_t fd, short what, void *context) {
    (void)fd;
    (void)what;
    struct uplink *uplink = context;
    feeder_look_again(&uplink->feeder, clock_real_ns());
    uplink_pump(uplink);
}

/* Would nothing be interrupted, and nothing that is not on a disk be lost? */
static bool uplink_is_idle(const struct uplink *uplink, const struct shipper_stats *database) {
    uint64_t receipts_dropped;
    bool line_rests =
        uplink->link == NULL || !uplink->state.connected ||
        (outbox_is_done(&uplink->feeder.outbox) && resend_left(&uplink->feeder.resend) == 0 &&
         mqtt_link_room(uplink->link) == mqtt_link_window(uplink->link));
    return line_rests && caller_counts(uplink->caller, &receipts_dropped).waiting == 0 &&
           caller_push_counts(uplink->caller).waiting == 0 && database->handed == 0;
}

/* A process that has grown makes room for another. */
static void uplink_weigh(struct uplink *uplink, const struct shipper_stats *database) {
    if (uplink->link == NULL || uplink->process->renewed ||
        !weight_step(&uplink->weight, weight_of_process(), uplink_is_idle(uplink, database))) {
        return;
    }
    log_line(
        LOG_NOTICE, "uplink_renews",
        "bytes=%llu grown_from=%llu sessions=%llu effect=\"a new process takes over in a moment; "
        "events wait in the journal meanwhile\"",
        (unsigned long long)uplink->weight.bytes, (unsigned long long)uplink->weight.first_bytes,
        (unsigned long long)mqtt_link_counters(uplink->link)->sessions);
    uplink->process->renewed = true;
    (void)event_base_loopbreak(uplink->process->base);
}

static void uplink_tick(evutil_socket_t fd, short what, void *context) {
    (void)fd;
    (void)what;
    struct uplink *uplink = context;
    struct shipper_stats database;
    uint64_t untimed;
    feeder_tick(&uplink->feeder, clock_instant(), clock_real_ns());
    uplink_pump(uplink);
    uplink_tell_broker_limits(uplink);
    uplink_loop_resend(uplink);
    if (uplink->link != NULL) {
        certificates_tick(&uplink->certificates, uplink->link, clock_wall(), clock_real_ns());
    }
    names_tick(uplink->names);
    caller_tick(uplink->caller);
    uplink_remote_tick(uplink);
    database_tick(uplink->database, clock_instant(), clock_wall());
    database_stats(uplink->database, &database, &untimed);
    uplink_tell_engine(uplink, &database, untimed);
    uplink_weigh(uplink, &database);
}

/* ---- the feeder's port ---- */

static uint32_t port_room(void *context) {
    struct uplink *uplink = context;
    return uplink->link == NULL ? 0 : mqtt_link_room(uplink->link);
}

static uint32_t port_window(void *context) {
    struct uplink *uplink = context;
    return uplink->link == NULL ? 0 : mqtt_link_window(uplink->link);
}

static int port_publish(void *context, const char *topic, const void *payload, size_t size,
                        bool retained, uint64_t ticket) {
    struct uplink *uplink = context;
    return mqtt_link_publish(uplink->link, topic, payload, size, retained, ticket);
}

static void port_ask(void *context) {
    struct uplink *uplink = context;
    mqtt_link_ask(uplink->link);
}

static void port_ask_for(void *context, const char *filter) {
    struct uplink *uplink = context;
    mqtt_link_ask_for(uplink->link, filter);
}

static int port_read(void *context, const struct journal_query *query,
                     bool (*row)(void *context, const struct journal_row *row), void *row_context,
                     uint64_t *ret_last_seq) {
    struct uplink *uplink = context;
    return journal_read(uplink->journal, query, row, row_context, ret_last_seq);
}

/* ---- birth and death ---- */

uint64_t uplink_seed(void) {
    uint64_t seed = 0;
    if (getrandom(&seed, sizeof seed, 0) != (ssize_t)sizeof seed) {
        seed = clock_real_ns(); /* the jitter needs no secret */
    }
    return seed;
}

static int uplink_init(struct uplink *uplink, struct process *process) {
    const struct feeder_port port = {
        .context = uplink,
        .room = port_room,
        .window = port_window,
        .publish = port_publish,
        .ask = port_ask,
        .ask_for = port_ask_for,
        .read = port_read,
    };
    const struct timeval second = {.tv_sec = 1};
    uplink->process = process;
    hex_format(build_digest(), (sizeof uplink->build - 1) / 2, uplink->build);
    uplink->state = (struct wire_uplink_state){
        .header = wire_header_of(WIRE_UPLINK_STATE, sizeof uplink->state),
        .reason = "not connected yet",
    };
    int r = err_trace(feeder_init(&uplink->feeder, &process->site, &port));
    if (r == 0) {
        uplink->feeder_ready = true;
        r = err_fold(journal_reader_new(
            site_text(&process->site, process->site.header->state_directory), &uplink->journal));
    }
    if (r == 0) {
        uplink->tick = event_new(process->base, -1, EV_PERSIST, uplink_tick, uplink);
        uplink->more = event_new(process->base, -1, 0, uplink_more, uplink);
        uplink->look = event_new(process->base, -1, 0, uplink_look, uplink);
        if (uplink->tick == NULL || uplink->more == NULL || uplink->look == NULL ||
            event_add(uplink->tick, &second) != 0) {
            r = err_origin(-ENOMEM);
        }
    }
    if (r == 0) {
        r = err_trace(names_new(process->base, &process->site, &uplink->names));
    }
    if (r == 0) {
        r = uplink_make_link(uplink);
    }
    if (r == 0 && curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
        r = err_origin(-ENOMEM);
    }
    if (r == 0) {
        r = err_trace(
            caller_new(process->base, &process->site, uplink_call_engine, uplink, &uplink->caller));
    }
    if (r == 0) {
        r = err_trace(database_new(&process->site, uplink_seed(), &uplink->database));
    }
    if (r == 0) {
        r = uplink_make_wire(uplink);
    }
    return r;
}

/* The session is over in good order: what the broker has beyond what is confirmed is known still. */
static void uplink_leave_taken(struct uplink *uplink) {
    const struct site *site = &uplink->process->site;
    feeder_session_end(&uplink->feeder);
    int r = taken_note_leave(site_text(site, site->header->state_directory), uplink->boot,
                             &uplink->feeder.outbox);
    if (r != 0) {
        log_failure("taken_not_left", r,
                    "alarm events that went ahead of a backlog come again after the next start, "
                    "under the same ids");
    }
}

static void uplink_deinit(struct uplink *uplink) {
    uplink->link = mqtt_link_free(uplink->link);
    uplink->intake = remote_intake_free(uplink->intake); /* the line's threads are gone */
    remote_desk_deinit(&uplink->desk);
    uplink->caller = caller_free(uplink->caller);
    uplink->database = database_free(uplink->database);
    uplink->wire = wire_client_free(uplink->wire);
    uplink->names = names_free(uplink->names);
    uplink->journal = journal_reader_free(uplink->journal);
    if (uplink->tick != NULL) {
        event_free(uplink->tick);
    }
    if (uplink->more != NULL) {
        event_free(uplink->more);
    }
    if (uplink->look != NULL) {
        event_free(uplink->look);
    }
    if (uplink->feeder_ready) {
        feeder_deinit(&uplink->feeder);
    }
    free(uplink);
}

int uplink_run(struct process *process) {
    /* Its tables are too large for a stack. */
    struct uplink *uplink = calloc(1, sizeof *uplink);
    if (uplink == NULL) {
        return err_origin(-ENOMEM);
    }
    int r = uplink_init(uplink, process);
    if (r == 0) {
        process_ready(process);
        r = process_loop(process);
    }
    if (r == 0 && uplink->failure != 0) {
        r = err_trace(uplink->failure);
    }
    if (r == 0 && uplink->link != NULL) {
        mqtt_link_stop(uplink->link);
        uplink_tell_confirmed(uplink, 1);
        uplink_leave_taken(uplink);
    }
    /*
     * One that failed leaves everything as it stands: freeing the line would take leave of the broker, which
     * then tells nobody that this gateway is away, or would wait for a library that hangs. The process ends
     * now, and its connection with it.
     */
    if (r == 0 || uplink->link == NULL) {
        uplink_deinit(uplink);
    }
    return r;
}
