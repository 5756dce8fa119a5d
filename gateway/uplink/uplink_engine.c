/* SPDX-License-Identifier: Apache-2.0 */

/*
 * What the uplink hears from the engine, and what it tells it
 */
#include <stdio.h>
#include <string.h>

#include "gateway/uplink/taken_note.h"
#include "gateway/uplink/uplink_parts.h"

/* ---- to the engine ---- */

/* What is not told because the socket is full is told when it can be written again. */
static bool uplink_tell_sink(struct uplink *uplink, enum journal_sink sink, uint32_t lane,
                             uint64_t seq) {
    const struct wire_confirmed message = {
        .header = wire_header_of(WIRE_CONFIRMED, sizeof message),
        .lane = lane,
        .sink = sink,
        .seq = seq,
    };
    return wire_client_send(uplink->wire, &message) == 0;
}

void uplink_tell_confirmed(struct uplink *uplink, uint64_t step) {
    const struct outbox *outbox = &uplink->feeder.outbox;
    if (uplink_is_unheard(uplink)) {
        return;
    }
    for (uint32_t lane = 0; lane < OUTBOX_LANES; lane++) {
        uint64_t seq = outbox_confirmed(outbox, (enum core_lane)lane);
        bool far = seq < uplink->told[lane] || seq - uplink->told[lane] >= step;
        if (seq != uplink->told[lane] && (far || outbox->lanes[lane].count == 0) &&
            uplink_tell_sink(uplink, JOURNAL_SINK_MQTT, lane, seq)) {
            uplink->told[lane] = seq;
        }
    }
}

/* The database has its events of both lanes in one order. */
static void uplink_tell_database(struct uplink *uplink, uint64_t seq) {
    if (seq != uplink->told_database &&
        uplink_tell_sink(uplink, JOURNAL_SINK_DATABASE, LANE_ALARM, seq) &&
        uplink_tell_sink(uplink, JOURNAL_SINK_DATABASE, LANE_ACTIVITY, seq)) {
        uplink->told_database = seq;
    }
}

static void uplink_tell_state(struct uplink *uplink) {
    uplink->state_untold = wire_client_send(uplink->wire, &uplink->state) != 0;
}

void uplink_note_state(struct uplink *uplink, bool connected, const char *broker,
                       const char *reason) {
    struct wire_uplink_state state = {
        .header = wire_header_of(WIRE_UPLINK_STATE, sizeof state),
        .connected = connected,
        .delivers = connected && !uplink_is_unheard(uplink),
    };
    (void)snprintf(state.broker, sizeof state.broker, "%s", broker);
    (void)snprintf(state.reason, sizeof state.reason, "%s", reason);
    if (state.connected != uplink->state.connected || uplink->state_since.ns == 0) {
        uplink->state_since = clock_wall();
    }
    if (memcmp(&state, &uplink->state, sizeof state) != 0) {
        uplink->state = state;
        uplink_tell_state(uplink);
    }
}

/* One of several brokers that has refused something for so long is left for the next one. */
#define REFUSING_NS (30 * NS_PER_S)

static void uplink_leave_refusing(struct uplink *uplink, bool refuses) {
    uint64_t now_ns = clock_real_ns();
    if (!refuses) {
        uplink->refusing_since_ns = 0;
    } else if (uplink->refusing_since_ns == 0) {
        uplink->refusing_since_ns = now_ns;
    } else if (now_ns - uplink->refusing_since_ns >= REFUSING_NS) {
        uplink->refusing_since_ns = now_ns;
        mqtt_link_leave(uplink->link, "the broker refuses alarms or events: the next one is tried");
    }
}

/* Whether the broker takes what it is given; nobody outside hears of what it does not. */
static void uplink_note_delivery(struct uplink *uplink) {
    bool delivers = feeder_delivers(&uplink->feeder) && !uplink_is_unheard(uplink);
    uint64_t kept_back = 0;
    if (!uplink->state.connected || delivers == (uplink->state.delivers != 0)) {
        return;
    }
    uplink->state.delivers = delivers;
    uplink_tell_state(uplink);
    if (delivers && log_permit(&uplink->delivery_limiter, &kept_back)) {
        log_line(LOG_NOTICE, "broker_takes_all",
                 "kept_back=%llu effect=\"what it had refused it has now\"",
                 (unsigned long long)kept_back);
    }
}

/* What was not told is told in the next second. */
static void uplink_tell_certificates(struct uplink *uplink) {
    for (uint32_t i = 0; i < CERTIFICATE_COUNT; i++) {
        enum certificate certificate = (enum certificate)i;
        const struct wire_certificate message = {
            .header = wire_header_of(WIRE_CERTIFICATE, sizeof message),
            .certificate = certificate,
            .well = certificates_are_well(&uplink->certificates, certificate, clock_wall()),
            .until_s = (uint64_t)uplink->certificates.until_s[certificate],
        };
        if (memcmp(&message, &uplink->told_certificates[i], sizeof message) != 0 &&
            wire_client_send(uplink->wire, &message) == 0) {
            uplink->told_certificates[i] = message;
        }
    }
}

static uint64_t uplink_until_s(const struct uplink *uplink, enum certificate owner) {
    return (uint64_t)uplink->certificates.until_s[owner];
}

/* Figures for people; what is not sent is in the next ones, for they count from the start. */
static void uplink_tell_figures(struct uplink *uplink, const struct shipper_stats *database,
                                uint64_t untimed) {
    const struct feeder_counters *counters = &uplink->feeder.counters;
    const struct outbox *outbox = &uplink->feeder.outbox;
    const struct mqtt_link_counters line =
        uplink->link == NULL ? (struct mqtt_link_counters){0} : *mqtt_link_counters(uplink->link);
    uint64_t receipts_dropped;
    struct webhook_counts calls = caller_counts(uplink->caller, &receipts_dropped);
    struct remote_intake_counts commands = uplink->intake == NULL
                                               ? (struct remote_intake_counts){0}
                                               : remote_intake_counts(uplink->intake);
    struct push_counts phones = caller_push_counts(uplink->caller);
    const struct wire_figures figures = {
        .header = wire_header_of(WIRE_FIGURES, sizeof figures),
        .owner = FIGURE_OWNER_UPLINK,
        .values =
            {
                [FIGURE_UPLINK_WEBHOOK_WAITING] = calls.waiting,
                [FIGURE_UPLINK_WEBHOOK_ATTEMPTS] = calls.attempts,
                [FIGURE_UPLINK_WEBHOOK_DELIVERED] = calls.delivered,
                [FIGURE_UPLINK_WEBHOOK_FAILURES] = calls.failures,
                [FIGURE_UPLINK_WEBHOOK_REPEATED] = calls.repeated,
                [FIGURE_UPLINK_WEBHOOK_DISPLACED] = calls.displaced,
                [FIGURE_UPLINK_WEBHOOK_DROPPED] = calls.dropped,
                [FIGURE_UPLINK_WEBHOOK_GIVEN_UP] = calls.given_up,
                [FIGURE_UPLINK_RECEIPTS_DROPPED] = receipts_dropped,
                [FIGURE_UPLINK_PUSH_PHONES] = phones.phones,
                [FIGURE_UPLINK_PUSH_PHONES_REACHABLE] = phones.phones_reachable,
                [FIGURE_UPLINK_PUSH_WAITING] = phones.waiting,
                [FIGURE_UPLINK_PUSH_ATTEMPTS] = phones.attempts,
                [FIGURE_UPLINK_PUSH_HANDED] = phones.handed,
                [FIGURE_UPLINK_PUSH_RECEIVED] = phones.received,
                [FIGURE_UPLINK_PUSH_FAILURES] = phones.failures,
                [FIGURE_UPLINK_PUSH_ENDED] = phones.ended,
                [FIGURE_UPLINK_PUSH_DROPPED] = phones.dropped,
                [FIGURE_UPLINK_PUSH_GIVEN_UP] = phones.given_up,
                [FIGURE_UPLINK_COMMANDS] = commands.taken,
                [FIGURE_UPLINK_COMMANDS_DROPPED] = commands.dropped,
                [FIGURE_UPLINK_COMMANDS_RETAINED] = commands.retained,
                [FIGURE_UPLINK_COMMANDS_ANSWERED] = uplink->desk.answered,
                [FIGURE_UPLINK_COMMAND_ANSWERS_DROPPED] =
                    uplink->desk.dropped + line.answers_refused,
                [FIGURE_UPLINK_OUTBOX_ALARM] = outbox->lanes[LANE_ALARM].count,
                [FIGURE_UPLINK_OUTBOX_ACTIVITY] = outbox->lanes[LANE_ACTIVITY].count,
                [FIGURE_UPLINK_OUTBOX_AHEAD] = outbox->ahead_count,
                [FIGURE_UPLINK_OUTBOX_OVERTAKERS] = outbox->overtaker_count,
                [FIGURE_UPLINK_OVERTAKES_REFUSED] = outbox->overtakes_refused,
                [FIGURE_UPLINK_EVENTS_AHEAD_OF_JOURNAL] = outbox->ahead_of_journal,
                [FIGURE_UPLINK_BACKLOG_READS] = counters->backlog_reads,
                [FIGURE_UPLINK_EVENTS_READ_AHEAD] = feeder_read_ahead(&uplink->feeder),
                [FIGURE_UPLINK_EVENTS_RESENT] = counters->resent,
                [FIGURE_UPLINK_RESEND_LEFT] = resend_left(&uplink->feeder.resend),
                [FIGURE_UPLINK_EVENTS_LIVE] = counters->live,
                [FIGURE_UPLINK_EVENTS_REPLAYED] = counters->replayed,
                [FIGURE_UPLINK_EVENTS_REFUSED] = counters->refused,
                [FIGURE_UPLINK_EVENTS_UNHEARD] = outbox_unheard(outbox),
                [FIGURE_UPLINK_EVENTS_PASSED_OVER] = feeder_passed_over(&uplink->feeder),
                [FIGURE_UPLINK_EVENTS_TOO_LARGE] = counters->events_left_out,
                [FIGURE_UPLINK_EVENTS_SHORTENED] = counters->shortened,
                [FIGURE_UPLINK_EVENTS_LEFT_OUT] = counters->left_out,
                [FIGURE_UPLINK_TAKEN_OVER] = line.taken_over,
                [FIGURE_UPLINK_STATES_OVERWRITTEN] = counters->overwritten,
                [FIGURE_UPLINK_BROKEN_OFF] = line.broken_off,
                [FIGURE_UPLINK_EVENTS_DAMAGED] = counters->damaged,
                [FIGURE_UPLINK_EARLY_DROPPED] = uplink->feeder.early.dropped,
                [FIGURE_UPLINK_LEFTOVERS_MISSED] = uplink->feeder.leftovers.missed,
                [FIGURE_UPLINK_LOOP_PROVEN] = uplink->loop == MQTT_LINK_LOOP_PROVEN,
                [FIGURE_UPLINK_LOOP_BROKEN] = uplink_is_unheard(uplink),
                [FIGURE_UPLINK_LOOP_MISSED] = line.loop_missed,
                [FIGURE_UPLINK_BROKER] =
                    uplink->link == NULL ? 0 : mqtt_link_broker(uplink->link) + 1,
                [FIGURE_UPLINK_SINCE] = (uint64_t)uplink->state_since.ns / NS_PER_S,
                [FIGURE_UPLINK_EVENTS_WAITING] = uplink_waiting(uplink),
                [FIGURE_UPLINK_ALARMS_WAITING] = uplink_alarms_waiting(uplink),
                [FIGURE_UPLINK_RETURNS] = line.returns,
                [FIGURE_UPLINK_ATTEMPTS] = line.attempts,
                [FIGURE_UPLINK_SESSIONS] = line.sessions,
                [FIGURE_UPLINK_MEMORY] = uplink->weight.bytes,
                [FIGURE_UPLINK_CERTIFICATE_OURS] = uplink_until_s(uplink, CERTIFICATE_OURS),
                [FIGURE_UPLINK_CERTIFICATE_AUTHORITY] =
                    uplink_until_s(uplink, CERTIFICATE_AUTHORITY),
                [FIGURE_UPLINK_CERTIFICATE_BROKER] = uplink_until_s(uplink, CERTIFICATE_BROKER),
                [FIGURE_UPLINK_DATABASE_REACHABLE] = database->reachable == TRUTH_TRUE,
                [FIGURE_UPLINK_DATABASE_REFUSING] = database->refusing,
                [FIGURE_UPLINK_DATABASE_SINCE] = (uint64_t)database->since.ns / NS_PER_S,
                [FIGURE_UPLINK_DATABASE_LINES] = database->lines_written,
                [FIGURE_UPLINK_DATABASE_EVENTS] = database->events_written,
                [FIGURE_UPLINK_DATABASE_REFUSED] = database->lines_refused,
                [FIGURE_UPLINK_DATABASE_LOST] = database->lines_lost,
                [FIGURE_UPLINK_DATABASE_UNTIMED] = untimed,
                [FIGURE_UPLINK_DATABASE_REQUESTS] = database->requests,
                [FIGURE_UPLINK_DATABASE_FAILURES] = database->failures,
                [FIGURE_UPLINK_DATABASE_BATCHES] = database->handed,
                [FIGURE_UPLINK_SPOOL_BYTES] = database->spool.bytes,
                [FIGURE_UPLINK_SPOOL_LINES] = database->spool.lines,
                [FIGURE_UPLINK_SPOOL_DROPPED] = database->spool.dropped_lines,
                [FIGURE_UPLINK_SPOOL_DAMAGED] = database->spool.damaged,
                [FIGURE_UPLINK_SPOOL_FAILURES] = database->spool.failures,
            },
    };
    (void)!wire_client_send(uplink->wire, &figures);
}

static bool uplink_tell_resent(struct uplink *uplink, enum journal_sink sink, uint64_t number) {
    const struct wire_resent message = {
        .header = wire_header_of(WIRE_RESENT, sizeof message),
        .number = number,
        .sink = sink,
    };
    return wire_client_send(uplink->wire, &message) == 0;
}

/* Tell what has been sent again as it was asked for; until it can be told it is kept. */
static void uplink_tell_resends(struct uplink *uplink, const struct shipper_stats *database) {
    uint64_t *number = &uplink->resent;
    uint64_t over = 0;
    if (resend_is_over(&uplink->feeder.resend, &over) && !uplink_loop_resent(uplink, over)) {
        *number = over;
    }
    if (*number != 0 && uplink_tell_resent(uplink, JOURNAL_SINK_MQTT, *number)) {
        *number = 0;
    }
    number = &uplink->rewriting;
    if (*number != 0 && !database->again &&
        uplink_tell_resent(uplink, JOURNAL_SINK_DATABASE, *number)) {
        *number = 0;
    }
}

void uplink_tell_engine(struct uplink *uplink, const struct shipper_stats *database,
                        uint64_t untimed) {
    uplink_tell_confirmed(uplink, 1);
    uplink_note_delivery(uplink);
    uplink_leave_refusing(uplink,
                          uplink->state.connected != 0 && !feeder_delivers(&uplink->feeder));
    uplink_tell_database(uplink, database->events_confirmed);
    uplink_tell_resends(uplink, database);
    uplink_tell_certificates(uplink);
    uplink_tell_figures(uplink, database, untimed);
}

int uplink_call_engine(void *context, const void *message) {
    struct uplink *uplink = context;
    return wire_client_send(uplink->wire, message);
}

/* ---- from the engine ---- */

/* Once, before the line begins: what the process before this one has left of what the broker has. */
static void uplink_recall_taken(struct uplink *uplink) {
    const struct site *site = &uplink->process->site;
    uint32_t count = taken_note_recall(site_text(site, site->header->state_directory), uplink->boot,
                                       &uplink->feeder.outbox);
    if (count > 0) {
        log_line(LOG_INFO, "taken_recalled",
                 "events=%u effect=\"they went ahead of a backlog before this start, and are not "
                 "sent again with it\"",
                 count);
    }
}

static void uplink_welcomed(void *context, const struct wire_welcome *welcome) {
    struct uplink *uplink = context;
    feeder_welcome(&uplink->feeder, welcome);
    uplink->told[LANE_ALARM] = welcome->confirmed_alarm;
    uplink->told[LANE_ACTIVITY] = welcome->confirmed_activity;
    uplink->told_database = welcome->confirmed_database;
    memset(uplink->told_certificates, 0, sizeof uplink->told_certificates); /* all anew */
    uplink_loop_welcome(uplink);
    database_welcome(uplink->database, welcome);
    uplink_tell_state(uplink);
    caller_welcome(uplink->caller);
    bool rebooted = strncmp(uplink->boot, welcome->boot, sizeof uplink->boot) != 0;
    (void)snprintf(uplink->boot, sizeof uplink->boot, "%.*s", (int)sizeof welcome->boot,
                   welcome->boot);
    if (uplink->link != NULL && (rebooted || !uplink->link_started)) {
        uplink_set_status(uplink);
    }
    /* The status names the boot, so that the line waits for the engine's first word. */
    if (uplink->link != NULL && !uplink->link_started) {
        uplink->link_started = true;
        uplink_recall_taken(uplink);
        mqtt_link_start(uplink->link);
    }
    uplink_pump(uplink);
}

static void uplink_resend(struct uplink *uplink, const struct wire_resend *message) {
    const struct resend_range range = {
        .first_seq = message->first_seq,
        .last_seq = message->last_seq,
        .since = message->since,
        .until = message->until,
    };
    if (message->sink == JOURNAL_SINK_MQTT) {
        resend_ask(&uplink->feeder.resend, message->number, &range);
    } else {
        uplink->rewriting = message->number;
        database_again(uplink->database, message->first_seq - 1, message->since);
    }
}

static void uplink_received(void *context, const struct wire_header *message) {
    struct uplink *uplink = context;
    struct feeder *feeder = &uplink->feeder;
    if (message->kind == WIRE_EVENT) {
        feeder_event(feeder, (const struct wire_event *)message);
        database_journal(uplink->database, ((const struct wire_event *)message)->seq);
    } else if (message->kind == WIRE_JOURNAL) {
        feeder_journal(feeder, (const struct wire_journal *)message);
        database_journal(uplink->database, ((const struct wire_journal *)message)->newest_seq);
    } else if (message->kind == WIRE_ALARM_STATE) {
        feeder_alarm_state(feeder, (const struct wire_alarm_state *)message);
    } else if (message->kind == WIRE_POINT_VALUES) {
        feeder_point_values(feeder, (const struct wire_point_values *)message);
        database_point_values(uplink->database, (const struct wire_point_values *)message,
                              clock_wall());
    } else if (message->kind == WIRE_NOTICE) {
        caller_notice(uplink->caller, (const struct wire_notice *)message);
    } else if (message->kind == WIRE_PUSH) {
        caller_push(uplink->caller, (const struct wire_push *)message);
    } else if (message->kind == WIRE_REMOTE_ANSWER && uplink->intake != NULL) {
        remote_desk_answered(&uplink->desk, (const struct wire_remote_answer *)message,
                             clock_real_ns());
    } else if (message->kind == WIRE_PAGES) {
        caller_pages(uplink->caller, (const struct wire_pages *)message);
    } else if (message->kind == WIRE_SHOWN) {
        caller_shown(uplink->caller, (const struct wire_shown *)message);
    } else if (message->kind == WIRE_RESEND) {
        uplink_resend(uplink, (const struct wire_resend *)message);
    }
    uplink_pump(uplink);
}

static void uplink_writable(void *context) {
    struct uplink *uplink = context;
    if (uplink->state_untold) {
        uplink_tell_state(uplink);
    }
    uplink_tell_confirmed(uplink, UPLINK_CONFIRMED_STEP);
    caller_writable(uplink->caller);
}

/* The engine is gone: what it recorded is still sent, and the supervisor brings it back. */
static void uplink_engine_lost(void *context) {
    (void)context;
}

int uplink_make_wire(struct uplink *uplink) {
    static const struct wire_client_callbacks callbacks = {
        .welcomed = uplink_welcomed,
        .received = uplink_received,
        .writable = uplink_writable,
        .lost = uplink_engine_lost,
    };
    struct process *process = uplink->process;
    struct wire_hello hello = {
        .header = wire_header_of(WIRE_HELLO, sizeof hello),
        .generation = process->site.header->generation,
        .role = WIRE_ROLE_UPLINK,
        .number = process->number,
    };
    memcpy(hello.build, build_digest(), sizeof hello.build);
    return err_trace(wire_client_new(process->base, process->run_directory, &hello, &callbacks,
                                     uplink, &uplink->wire));
}
