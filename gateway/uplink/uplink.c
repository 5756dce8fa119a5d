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
#include <assert.h>
#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include <event2/event.h>

#include "gateway/journal/journal_gather.h"
#include "gateway/log.h"
#include "gateway/process.h"
#include "gateway/uplink/caller.h"
#include "gateway/uplink/certificates.h"
#include "gateway/uplink/database/database.h"
#include "gateway/uplink/feeder.h"
#include "gateway/uplink/mqtt_link.h"
#include "gateway/uplink/names.h"
#include "gateway/uplink/prefixes.h"
#include "gateway/uplink/uplink_json.h"
#include "gateway/uplink/weight.h"

#define EFFECT_LOST                                                                                \
    "events are kept in the journal; nobody outside hears alarms until it is back; "               \
    "local outputs and console go on"

/*
 * While a backlog drains the engine hears of every hundredth event that the broker has taken, and each
 * second: it writes each number down, and a process that is killed sends no more than these again.
 */
enum { CONFIRMED_STEP = 100 };

/* A broker that has gone without a word is noticed by then: what is promised to whoever runs the site. */
enum { NOTICE_MS_MAX = 30000 };

struct uplink {
    struct process *process;
    struct wire_client *wire;
    struct mqtt_link *link; /* NULL when the site has no broker */
    struct journal_reader *journal;
    struct names *names;
    struct caller *caller;     /* of webhooks */
    struct database *database; /* NULL when the site has none */
    struct certificates certificates;
    struct weight weight;
    struct feeder feeder;
    struct event *tick, *more;
    bool feeder_ready;
    bool link_started;
    bool state_untold;
    uint64_t told[OUTBOX_LANES]; /* confirmed numbers that the engine has */
    uint64_t told_database;
    uint64_t resent;    /* what was asked for and is over, and the engine does not know; 0: none */
    uint64_t rewriting; /* what was asked for the database; 0: nothing */
    struct wire_uplink_state state;
    const char *brokers[MQTT_LINK_BROKERS_MAX];
    char client_id[160];
    char status_topic[TOPIC_SIZE];
    const char *filters[1 + PREFIXES_MAX];
    char filter_texts[1 + PREFIXES_MAX][TOPIC_SIZE];
    char build[17]; /* the first bytes of the build's digest, in hex */
    char boot[sizeof((struct wire_welcome *)0)->boot];
    struct log_limiter lost_limiter, back_limiter, refused_limiter, large_limiter;
    uint64_t large_told;
    int failure;
};

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

/* Tell what is confirmed further than was told by `step` at least, or that nothing waits any more. */
static void uplink_tell_confirmed(struct uplink *uplink, uint64_t step) {
    const struct outbox *outbox = &uplink->feeder.outbox;
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

static void uplink_note_state(struct uplink *uplink, bool connected, const char *broker,
                              const char *reason) {
    struct wire_uplink_state state = {
        .header = wire_header_of(WIRE_UPLINK_STATE, sizeof state),
        .connected = connected,
    };
    (void)snprintf(state.broker, sizeof state.broker, "%s", broker);
    (void)snprintf(state.reason, sizeof state.reason, "%s", reason);
    if (memcmp(&state, &uplink->state, sizeof state) != 0) {
        uplink->state = state;
        uplink_tell_state(uplink);
    }
}

static uint64_t uplink_until_s(const struct uplink *uplink, enum certificate_owner owner) {
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
                [FIGURE_UPLINK_OUTBOX_ALARM] = outbox->lanes[LANE_ALARM].count,
                [FIGURE_UPLINK_OUTBOX_ACTIVITY] = outbox->lanes[LANE_ACTIVITY].count,
                [FIGURE_UPLINK_OUTBOX_AHEAD] = outbox->ahead_count,
                [FIGURE_UPLINK_OUTBOX_OVERTAKERS] = outbox->overtaker_count,
                [FIGURE_UPLINK_OVERTAKES_REFUSED] = outbox->overtakes_refused,
                [FIGURE_UPLINK_BACKLOG_READS] = counters->backlog_reads,
                [FIGURE_UPLINK_EVENTS_READ_AHEAD] = feeder_read_ahead(&uplink->feeder),
                [FIGURE_UPLINK_EVENTS_RESENT] = counters->resent,
                [FIGURE_UPLINK_RESEND_LEFT] = resend_left(&uplink->feeder.resend),
                [FIGURE_UPLINK_EVENTS_LIVE] = counters->live,
                [FIGURE_UPLINK_EVENTS_REPLAYED] = counters->replayed,
                [FIGURE_UPLINK_EVENTS_REFUSED] = counters->refused,
                [FIGURE_UPLINK_EVENTS_SHORTENED] = counters->shortened,
                [FIGURE_UPLINK_EVENTS_LEFT_OUT] = counters->left_out,
                [FIGURE_UPLINK_TAKEN_OVER] = line.taken_over,
                [FIGURE_UPLINK_EVENTS_DAMAGED] = counters->damaged,
                [FIGURE_UPLINK_EARLY_DROPPED] = uplink->feeder.early.dropped,
                [FIGURE_UPLINK_LEFTOVERS_MISSED] = uplink->feeder.leftovers.missed,
                [FIGURE_UPLINK_ATTEMPTS] = line.attempts,
                [FIGURE_UPLINK_SESSIONS] = line.sessions,
                [FIGURE_UPLINK_MEMORY] = uplink->weight.bytes,
                [FIGURE_UPLINK_CERTIFICATE_OURS] = uplink_until_s(uplink, CERTIFICATE_OURS),
                [FIGURE_UPLINK_CERTIFICATE_AUTHORITY] =
                    uplink_until_s(uplink, CERTIFICATE_AUTHORITY),
                [FIGURE_UPLINK_CERTIFICATE_BROKER] = uplink_until_s(uplink, CERTIFICATE_BROKER),
                [FIGURE_UPLINK_DATABASE_REACHABLE] = database->reachable == TRUTH_TRUE,
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
    (void)resend_is_over(&uplink->feeder.resend, number);
    if (*number != 0 && uplink_tell_resent(uplink, JOURNAL_SINK_MQTT, *number)) {
        *number = 0;
    }
    number = &uplink->rewriting;
    if (*number != 0 && !database->again &&
        uplink_tell_resent(uplink, JOURNAL_SINK_DATABASE, *number)) {
        *number = 0;
    }
}

/* ---- work ---- */

static void uplink_pump(struct uplink *uplink) {
    const struct timeval at_once = {0};
    if (feeder_pump(&uplink->feeder)) {
        (void)event_add(uplink->more, &at_once);
    }
    uplink_tell_confirmed(uplink, CONFIRMED_STEP);
}

static void uplink_more(evutil_socket_t fd, short what, void *context) {
    (void)fd;
    (void)what;
    uplink_pump(context);
}

/* What did not fit is told, a line a minute at most. */
static void uplink_tell_large(struct uplink *uplink) {
    const struct feeder_counters *counters = &uplink->feeder.counters;
    uint64_t large = counters->shortened + counters->left_out;
    uint64_t kept_back = 0;
    if (large != uplink->large_told && log_permit(&uplink->large_limiter, &kept_back)) {
        uplink->large_told = large;
        log_line(LOG_WARNING, "broker_takes_no_large_messages",
                 "shortened=%llu left_out=%llu effect=\"outside, events lack their texts, or are "
                 "missing; the journal has them whole; raise the broker's maximum packet size to "
                 "8,900 bytes\"",
                 (unsigned long long)counters->shortened, (unsigned long long)counters->left_out);
    }
}

/* Would nothing be interrupted, and nothing that is not on a disk be lost? */
static bool uplink_is_idle(const struct uplink *uplink, const struct shipper_stats *database) {
    uint64_t receipts_dropped;
    bool line_rests =
        uplink->link == NULL || !uplink->state.connected ||
        (outbox_is_done(&uplink->feeder.outbox) && resend_left(&uplink->feeder.resend) == 0 &&
         mqtt_link_room(uplink->link) == mqtt_link_window(uplink->link));
    return line_rests && caller_counts(uplink->caller, &receipts_dropped).waiting == 0 &&
           database->handed == 0;
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
    uplink_tell_confirmed(uplink, 1);
    uplink_tell_large(uplink);
    if (uplink->link != NULL) {
        certificates_tick(&uplink->certificates, mqtt_link_certificate_until_s(uplink->link),
                          clock_wall(), clock_real_ns());
    }
    names_tick(uplink->names);
    database_tick(uplink->database, clock_instant(), clock_wall());
    database_stats(uplink->database, &database, &untimed);
    uplink_tell_database(uplink, database.events_confirmed);
    uplink_tell_resends(uplink, &database);
    uplink_tell_figures(uplink, &database, untimed);
    uplink_weigh(uplink, &database);
}

/* ---- from the line to the broker ---- */

static void uplink_connected(void *context, const char *broker) {
    struct uplink *uplink = context;
    char quoted[160];
    uint64_t kept_back = 0;
    if (log_permit(&uplink->back_limiter, &kept_back)) {
        log_line(LOG_NOTICE, "broker_connected",
                 "broker=%s kept_back=%llu effect=\"alarms and events reach the outside\"",
                 log_quote(broker, quoted, sizeof quoted), (unsigned long long)kept_back);
    }
    feeder_session_begin(&uplink->feeder);
    uplink_note_state(uplink, true, broker, "");
    uplink_pump(uplink);
}

static void uplink_lost(void *context, const char *broker, const char *reason, bool was_connected) {
    struct uplink *uplink = context;
    char quoted_broker[160];
    char quoted_reason[MQTT_LINK_REASON_SIZE + 16];
    uint64_t kept_back = 0;
    feeder_session_end(&uplink->feeder);
    if (log_permit(&uplink->lost_limiter, &kept_back)) {
        log_line(LOG_WARNING, was_connected ? "broker_lost" : "broker_unreachable",
                 "broker=%s reason=%s silent_ms=%llu kept_back=%llu effect=\"" EFFECT_LOST "\"",
                 log_quote(broker, quoted_broker, sizeof quoted_broker),
                 log_quote(reason, quoted_reason, sizeof quoted_reason),
                 (unsigned long long)mqtt_link_counters(uplink->link)->silent_ms,
                 (unsigned long long)kept_back);
    }
    uplink_note_state(uplink, false, broker, reason);
}

static void uplink_taken(void *context, uint64_t ticket) {
    struct uplink *uplink = context;
    feeder_taken(&uplink->feeder, ticket);
}

static void uplink_announcement_refused(struct uplink *uplink, const char *reason) {
    char quoted[160];
    uint64_t kept_back = 0;
    if (log_permit(&uplink->refused_limiter, &kept_back)) {
        log_line(
            LOG_WARNING, "broker_refuses_announcement",
            "prefix=%s reason=%s kept_back=%llu effect=\"Home Assistant is told of no more points in "
            "this session; alarms, events and values are not touched; let the broker allow this "
            "gateway to write below the prefix\"",
            uplink->feeder.announcements.prefix, log_quote(reason, quoted, sizeof quoted),
            (unsigned long long)kept_back);
    }
}

static void uplink_refused(void *context, uint64_t ticket, const char *reason) {
    struct uplink *uplink = context;
    char quoted[160];
    uint64_t kept_back = 0;
    feeder_refused(&uplink->feeder, ticket);
    if (feeder_is_announcement(ticket)) {
        uplink_announcement_refused(uplink, reason);
        return;
    }
    if (log_permit(&uplink->refused_limiter, &kept_back)) {
        log_line(
            LOG_ERROR, "broker_refuses_message",
            "reason=%s kept_back=%llu effect=\"it is sent again every 5 to 60 s and kept in the "
            "journal; what follows goes on; check what the broker allows this gateway; until "
            "then nobody outside hears of it\"",
            log_quote(reason, quoted, sizeof quoted), (unsigned long long)kept_back);
    }
}

static void uplink_retained(void *context, const char *topic) {
    struct uplink *uplink = context;
    feeder_retained(&uplink->feeder, topic);
}

static void uplink_settled(void *context) {
    uplink_pump(context);
}

/* The library hangs for good: only a new process helps. */
static void uplink_failed(void *context, int r) {
    struct uplink *uplink = context;
    uplink->failure = r;
    (void)event_base_loopbreak(uplink->process->base);
}

/* ---- from the engine ---- */

static void uplink_set_status(struct uplink *uplink) {
    char online[UPLINK_JSON_SIZE];
    char offline[UPLINK_JSON_SIZE];
    (void)uplink_json_status("online", uplink->build, uplink->boot, online);
    (void)uplink_json_status("offline", uplink->build, uplink->boot, offline);
    mqtt_link_status(uplink->link, online, offline);
}

static void uplink_welcomed(void *context, const struct wire_welcome *welcome) {
    struct uplink *uplink = context;
    feeder_welcome(&uplink->feeder, welcome);
    uplink->told[LANE_ALARM] = welcome->confirmed_alarm;
    uplink->told[LANE_ACTIVITY] = welcome->confirmed_activity;
    uplink->told_database = welcome->confirmed_database;
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
    uplink_tell_confirmed(uplink, CONFIRMED_STEP);
    caller_writable(uplink->caller);
}

/* The engine is gone: what it recorded is still sent, and the supervisor brings it back. */
static void uplink_engine_lost(void *context) {
    (void)context;
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

static int port_read(void *context, const struct journal_query *query,
                     bool (*row)(void *context, const struct journal_row *row), void *row_context,
                     uint64_t *ret_last_seq) {
    struct uplink *uplink = context;
    return journal_read(uplink->journal, query, row, row_context, ret_last_seq);
}

/* ---- birth and death ---- */

static uint64_t uplink_seed(void) {
    uint64_t seed = 0;
    if (getrandom(&seed, sizeof seed, 0) != (ssize_t)sizeof seed) {
        seed = clock_real_ns(); /* the jitter needs no secret */
    }
    return seed;
}

/* What the broker is asked for at the start of a session. */
static uint32_t uplink_make_filters(struct uplink *uplink) {
    const struct site *site = &uplink->process->site;
    const struct home_assistant *announcements = &uplink->feeder.announcements;
    struct prefixes prefixes;
    int r = prefixes_take(site_text(site, site->header->state_directory), announcements->prefix,
                          &prefixes);
    if (r != 0) {
        log_line(
            LOG_WARNING, "prefix_not_noted",
            "file=uplink/home_assistant error=\"%s\" effect=\"if the site takes another prefix for "
            "Home Assistant, or none, what was announced under this one stays there\"",
            strerror(-r));
    }
    topic_alarm_filter(&uplink->feeder.root, uplink->filter_texts[0]);
    for (uint32_t i = 0; i < prefixes.count; i++) {
        home_assistant_filter(announcements, prefixes.texts[i], uplink->filter_texts[1 + i]);
    }
    for (uint32_t i = 0; i < 1 + prefixes.count; i++) {
        uplink->filters[i] = uplink->filter_texts[i];
    }
    return 1 + prefixes.count;
}

static int uplink_make_link(struct uplink *uplink) {
    static const struct mqtt_link_callbacks callbacks = {
        .connected = uplink_connected,
        .lost = uplink_lost,
        .taken = uplink_taken,
        .refused = uplink_refused,
        .retained = uplink_retained,
        .settled = uplink_settled,
        .failed = uplink_failed,
    };
    const struct site *site = &uplink->process->site;
    const struct site_header *header = site->header;
    struct mqtt_link_conf conf = mqtt_link_defaults();
    if (site->broker_count == 0) {
        log_line(LOG_NOTICE, "no_broker",
                 "effect=\"alarms are told at the place and the console only\"");
        return 0;
    }
    while (conf.broker_count < site->broker_count && conf.broker_count < MQTT_LINK_BROKERS_MAX) {
        uplink->brokers[conf.broker_count] = site_text(site, site->brokers[conf.broker_count]);
        conf.broker_count++;
    }
    if (conf.broker_count < site->broker_count) {
        log_line(LOG_WARNING, "brokers_ignored",
                 "configured=%u used=%u effect=\"the last ones are never tried\"",
                 site->broker_count, conf.broker_count);
    }
    (void)snprintf(uplink->client_id, sizeof uplink->client_id, "tocsin-%s-%s",
                   site_text(site, header->site_id), site_text(site, header->gateway_id));
    topic_status(&uplink->feeder.root, uplink->status_topic);
    conf.brokers = uplink->brokers;
    conf.client_id = uplink->client_id;
    conf.version = header->mqtt_version;
    conf.status_topic = uplink->status_topic;
    conf.retained_filters = uplink->filters;
    conf.retained_filter_count = uplink_make_filters(uplink);
    conf.ca = site_text(site, header->mqtt_ca);
    conf.cert = site_text(site, header->mqtt_cert);
    conf.key = site_text(site, header->mqtt_key);
    conf.user = site_text(site, header->mqtt_user);
    conf.password_file = site_text(site, header->mqtt_password_file);
    conf.seed = uplink_seed();
    assert(mqtt_link_notice_ms(&conf) <= NOTICE_MS_MAX);
    certificates_init(&uplink->certificates, site);
    return err_trace(
        mqtt_link_new(uplink->process->base, &conf, &callbacks, uplink, &uplink->link));
}

static int uplink_call_engine(void *context, const void *message) {
    struct uplink *uplink = context;
    return wire_client_send(uplink->wire, message);
}

static int uplink_make_wire(struct uplink *uplink) {
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
    };
    memcpy(hello.build, build_digest(), sizeof hello.build);
    return err_trace(wire_client_new(process->base, process->run_directory, &hello, &callbacks,
                                     uplink, &uplink->wire));
}

static int uplink_init(struct uplink *uplink, struct process *process) {
    const struct feeder_port port = {
        .context = uplink,
        .room = port_room,
        .window = port_window,
        .publish = port_publish,
        .ask = port_ask,
        .read = port_read,
    };
    const struct timeval second = {.tv_sec = 1};
    uplink->process = process;
    for (unsigned i = 0; i < (sizeof uplink->build - 1) / 2; i++) {
        (void)snprintf(uplink->build + 2 * i, 3, "%02x", build_digest()[i]);
    }
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
        if (uplink->tick == NULL || uplink->more == NULL || event_add(uplink->tick, &second) != 0) {
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

static void uplink_deinit(struct uplink *uplink) {
    uplink->link = mqtt_link_free(uplink->link);
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
    }
    uplink_deinit(uplink);
    return r;
}
