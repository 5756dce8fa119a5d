/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The uplink's line to the broker: how it is made, what comes from it, and what people are told of it
 */
#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "gateway/clock.h"
#include "gateway/uplink/credentials.h"
#include "gateway/uplink/uplink_json.h"
#include "gateway/uplink/uplink_parts.h"

#define EFFECT_LOST                                                                                \
    "events are kept in the journal; nobody outside hears alarms until it is back; "               \
    "local outputs and console go on"

/* A broker that has gone without a word is noticed by then: what is promised to whoever runs the site. */
enum { NOTICE_MS_MAX = 30000 };

enum { ADVICE_SIZE = 64 };

/* ---- what people are told ---- */

/* What is missing outside for good can be had again from the first such event on. */
static void uplink_advise_resend(const struct uplink *uplink, char ret[ADVICE_SIZE]) {
    uint64_t seq = uplink->feeder.lacking_seq;
    ret[0] = '\0';
    if (seq != 0) {
        (void)snprintf(ret, ADVICE_SIZE, ", then tocsin resend --since %llu",
                       (unsigned long long)seq);
    }
}

/* What did not fit is told, a line a minute at most. */
static void uplink_tell_large(struct uplink *uplink) {
    const struct feeder_counters *counters = &uplink->feeder.counters;
    uint64_t large = counters->shortened + counters->left_out;
    uint64_t kept_back = 0;
    if (large != uplink->large_told && log_permit(&uplink->large_limiter, &kept_back)) {
        char resend[ADVICE_SIZE];
        uplink->large_told = large;
        uplink_advise_resend(uplink, resend);
        log_line(
            counters->events_left_out > 0 ? LOG_ERROR : LOG_WARNING,
            "broker_takes_no_large_messages",
            "shortened=%llu events_left_out=%llu left_out=%llu effect=\"outside, so many events "
            "lack their texts or all their data, so many are missing, and so many messages of "
            "all kinds; the journal has the events whole\" advice=\"raise the broker's maximum "
            "packet size to 8,900 bytes%s\"",
            (unsigned long long)counters->shortened, (unsigned long long)counters->events_left_out,
            (unsigned long long)counters->left_out, resend);
    }
}

/* Likewise what was given up so that others go on. */
static void uplink_tell_passed_over(struct uplink *uplink) {
    uint64_t passed_over = feeder_passed_over(&uplink->feeder);
    uint64_t kept_back = 0;
    if (passed_over != uplink->passed_told && log_permit(&uplink->passed_limiter, &kept_back)) {
        char resend[ADVICE_SIZE];
        uplink->passed_told = passed_over;
        uplink_advise_resend(uplink, resend);
        log_line(LOG_ERROR, "events_passed_over",
                 "count=%llu effect=\"the broker refuses them while it takes others: they are not "
                 "sent any more, and nobody outside hears of them; the journal has them\" "
                 "advice=\"let the broker take them%s\"",
                 (unsigned long long)passed_over, resend);
    }
}

/* Likewise what could not wait for the journal. `count` is of what this line tells. */
static void uplink_tell_ahead(struct uplink *uplink) {
    struct outbox *outbox = &uplink->feeder.outbox;
    uint64_t kept_back = 0;
    if (outbox->ahead_first_seq != 0 && log_permit(&uplink->ahead_limiter, &kept_back)) {
        log_line(
            LOG_WARNING, "alarms_ahead_of_journal",
            "count=%llu first_seq=%llu last_seq=%llu effect=\"the journal could not be read, and these events "
            "of alarms were not kept waiting for it: what had happened before them may come after them; "
            "whoever sorts by sequence sees it right\" advice=\"look at the disk: errors, permissions, load\"",
            (unsigned long long)(outbox->ahead_of_journal - uplink->ahead_told),
            (unsigned long long)outbox->ahead_first_seq,
            (unsigned long long)outbox->ahead_last_seq);
        uplink->ahead_told = outbox->ahead_of_journal;
        outbox->ahead_first_seq = 0;
    }
}

void uplink_tell_broker_limits(struct uplink *uplink) {
    uplink_tell_ahead(uplink);
    uplink_tell_large(uplink);
    uplink_tell_passed_over(uplink);
}

/* ---- from the line to the broker ---- */

static void uplink_connected(void *context, const char *broker) {
    struct uplink *uplink = context;
    (void)broker; /* that it welcomes us does not say that it takes anything */
    feeder_session_begin(&uplink->feeder);
    uplink_pump(uplink);
}

static void uplink_answered(void *context, const char *broker) {
    struct uplink *uplink = context;
    char quoted[160];
    uint64_t kept_back = 0;
    if (log_permit_reason(&uplink->back_brokers, broker, &kept_back)) {
        log_line(LOG_NOTICE, "broker_connected",
                 "broker=%s kept_back=%llu effect=\"alarms and events reach the outside\"",
                 log_quote(broker, quoted, sizeof quoted), (unsigned long long)kept_back);
    }
    uplink_note_state(uplink, true, broker, "");
}

static void uplink_unretained(void *context, const char *broker) {
    struct uplink *uplink = context;
    char quoted[160];
    uint64_t kept_back = 0;
    if (log_permit(&uplink->unretained_limiter, &kept_back)) {
        log_line(
            LOG_WARNING, "broker_retains_nothing",
            "broker=%s kept_back=%llu effect=\"events and alarms reach the outside; but who "
            "subscribes later sees neither what is open nor whether this gateway is there until "
            "it changes\" advice=\"let the broker retain messages (mosquitto: retain_available "
            "true)\"",
            log_quote(broker, quoted, sizeof quoted), (unsigned long long)kept_back);
    }
}

static void uplink_unsound(void *context, const char *fault) {
    (void)context;
    char quoted[CREDENTIALS_FAULT_SIZE + 16];
    log_line(
        LOG_ERROR, "certificates_unsound",
        "fault=%s effect=\"the connection to the broker stands with those from before, but none can be "
        "made with these\" advice=\"put certificate and key that belong together into the files, they "
        "are taken within seconds\"",
        log_quote(fault, quoted, sizeof quoted));
}

static void uplink_lost(void *context, const char *broker, const char *reason, bool was_connected) {
    struct uplink *uplink = context;
    (void)was_connected; /* to those outside it was no connection before the broker had answered */
    char quoted_broker[160];
    char quoted_reason[MQTT_LINK_REASON_SIZE + 16];
    uint64_t kept_back = 0;
    feeder_session_end(&uplink->feeder);
    if (log_permit_reason(&uplink->lost_reasons, reason, &kept_back)) {
        log_line(LOG_WARNING, uplink->state.connected != 0 ? "broker_lost" : "broker_unreachable",
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
    if (log_permit(&uplink->announcement_limiter, &kept_back)) {
        log_line(
            LOG_WARNING, "broker_refuses_announcement",
            "prefix=%s reason=%s kept_back=%llu effect=\"Home Assistant is told of no more points in "
            "this session; alarms, events and values are not touched; let the broker allow this "
            "gateway to write below the prefix\"",
            uplink->feeder.announcements.prefix, log_quote(reason, quoted, sizeof quoted),
            (unsigned long long)kept_back);
    }
}

static void uplink_refused(void *context, const struct mqtt_link_refusal *refusal) {
    struct uplink *uplink = context;
    struct refusals_line line;
    char topic[FLIGHT_TOPIC_SIZE + 16];
    char reason[160];
    bool told = refusal->too_large; /* it goes in a shorter form, which the tick tells of */
    if (feeder_is_announcement(refusal->ticket)) {
        uplink_announcement_refused(uplink, refusal->reason);
    } else if (!told && refusals_note(&uplink->refusals, refusal->topic, clock_real_ns(), &line)) {
        log_line(
            LOG_ERROR, "broker_refuses_message",
            "topic=%s code=0x%02x reason=%s times=%llu kept_back=%llu effect=\"nobody outside "
            "hears of it: events are kept in the journal, events and states of alarms sent "
            "again every 5 to 60 s; what is newer of an alarm waits behind what was refused, all "
            "else goes on\" advice=\"%s\"",
            log_quote(refusal->topic, topic, sizeof topic), (unsigned)refusal->number,
            log_quote(refusal->reason, reason, sizeof reason), (unsigned long long)line.times,
            (unsigned long long)line.kept_back, refusals_advice(refusal->number));
    }
    feeder_refused(&uplink->feeder, refusal->ticket, refusal->too_large);
}

static void uplink_retained(void *context, const char *topic, const char *start) {
    struct uplink *uplink = context;
    feeder_retained(&uplink->feeder, topic, start);
}

static void uplink_overwritten(void *context, const char *topic) {
    struct uplink *uplink = context;
    char quoted[FLIGHT_TOPIC_SIZE + 16];
    uint64_t kept_back = 0;
    if (log_permit(&uplink->overwritten_limiter, &kept_back)) {
        log_line(
            LOG_WARNING, "state_overwritten",
            "topic=%s kept_back=%llu effect=\"somebody else has published where this gateway alone "
            "says how its alarms stand; what is true is published again within a second\" "
            "advice=\"find out who it is, and let the broker allow nobody else to write there\"",
            log_quote(topic, quoted, sizeof quoted), (unsigned long long)kept_back);
    }
    feeder_overwritten(&uplink->feeder, topic);
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

void uplink_set_status(struct uplink *uplink) {
    char online[UPLINK_JSON_SIZE];
    char offline[UPLINK_JSON_SIZE];
    (void)uplink_json_status("online", uplink->build, uplink->boot, online);
    (void)uplink_json_status("offline", uplink->build, uplink->boot, offline);
    mqtt_link_status(uplink->link, online, offline);
}

/* ---- birth ---- */

/* Under which names something was retained, the present one first; what is written down for later. */
static struct note_list uplink_take_notes(const struct uplink *uplink, const char *file,
                                          const char *used, bool (*is_good)(const char *text)) {
    const struct site *site = &uplink->process->site;
    struct note_list notes;
    int r =
        note_list_take(site_text(site, site->header->state_directory), file, used, is_good, &notes);
    if (r != 0) {
        log_line(
            LOG_WARNING, "name_not_noted",
            "file=uplink/%s error=\"%s\" effect=\"if the site takes another name or prefix, or "
            "none, what the broker holds under this one stays there\"",
            file, strerror(-r));
    }
    return notes;
}

/* What this gateway was called before. */
static void uplink_know_former(struct uplink *uplink, const struct note_list *prefixes) {
    const struct site *site = &uplink->process->site;
    char identity[NOTE_LIST_TEXT_MAX + 1];
    struct former former;
    (void)snprintf(identity, sizeof identity, "%s/%s", site_text(site, site->header->site_id),
                   site_text(site, site->header->gateway_id));
    const struct note_list identities =
        uplink_take_notes(uplink, "identities", identity, former_is_identity);
    former_init(&former, &identities, prefixes);
    feeder_know_former(&uplink->feeder, &former);
}

/* What the broker is asked for at the start of a session. */
static uint32_t uplink_make_filters(struct uplink *uplink) {
    const struct feeder *feeder = &uplink->feeder;
    const struct note_list prefixes = uplink_take_notes(
        uplink, "home_assistant", feeder->announcements.prefix, site_prefix_is_good);
    uint32_t count = 0;
    uplink_know_former(uplink, &prefixes);
    topic_alarm_filter(&feeder->root, uplink->filter_texts[count++]);
    topic_point_filter(&feeder->root, uplink->filter_texts[count++]);
    for (uint32_t i = 0; i < prefixes.count; i++) {
        home_assistant_filter(feeder->announcements.node, prefixes.texts[i],
                              uplink->filter_texts[count++]);
    }
    for (uint32_t i = 0; i < feeder->former.count; i++) {
        former_status(&feeder->former, i, uplink->filter_texts[count++]);
    }
    for (uint32_t i = 0; i < count; i++) {
        uplink->filters[i] = uplink->filter_texts[i];
    }
    return count;
}

/* Called by the library's thread; what is known does not change. */
static bool uplink_knows(const void *context, const char *topic) {
    return known_topics_has(context, topic);
}

int uplink_make_link(struct uplink *uplink) {
    static const struct mqtt_link_callbacks callbacks = {
        .connected = uplink_connected,
        .answered = uplink_answered,
        .lost = uplink_lost,
        .taken = uplink_taken,
        .unretained = uplink_unretained,
        .unsound = uplink_unsound,
        .refused = uplink_refused,
        .retained = uplink_retained,
        .overwritten = uplink_overwritten,
        .looped = uplink_looped,
        .commanded = uplink_commanded,
        .commands_refused = uplink_commands_refused,
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
    topic_loopback(&uplink->feeder.root, uplink->loop_topic);
    conf.brokers = uplink->brokers;
    conf.client_id = uplink->client_id;
    conf.version = header->mqtt_version;
    conf.status_topic = uplink->status_topic;
    conf.loop_topic = uplink->loop_topic;
    topic_alarm_prefix(&uplink->feeder.root, uplink->guarded_prefix);
    conf.guarded_prefix = uplink->guarded_prefix;
    conf.retained_filters = uplink->filters;
    conf.retained_filter_count = uplink_make_filters(uplink);
    conf.retained_known = uplink_knows;
    conf.retained_known_context = &uplink->feeder.known;
    conf.ca = site_text(site, header->mqtt_ca);
    conf.cert = site_text(site, header->mqtt_cert);
    conf.key = site_text(site, header->mqtt_key);
    conf.user = site_text(site, header->mqtt_user);
    conf.password_file = site_text(site, header->mqtt_password_file);
    conf.seed = uplink_seed();
    assert(mqtt_link_notice_ms(&conf) <= NOTICE_MS_MAX);
    certificates_init(&uplink->certificates, site);
    int r = uplink_make_remote(uplink, &conf);
    if (r != 0) {
        return err_trace(r);
    }
    return err_trace(
        mqtt_link_new(uplink->process->base, &conf, &callbacks, uplink, &uplink->link));
}
