/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/engine/recorder.h"

#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include <event2/event.h>

#include "gateway/clock.h"
#include "gateway/event_type.h"
#include "gateway/log.h"

/* The first polls are long over by then. */
#define RECORDER_INSPECT_NS (10 * NS_PER_S)

struct recorder {
    const struct site *site;
    const char *directory;
    struct event_base *base;
    struct recorder_callbacks callbacks;
    void *context;
    struct journal *journal;
    struct event *reported; /* the journal has something to take */
    struct event *limit;    /* the oldest event's time is up */
    bool limit_runs;
    struct journal_event *oldest, *newest; /* all that wait for their commit */
    struct journal_event *untold;          /* the oldest of them that did not go out early */
    uint64_t early_count;                  /* n of the last `u<n>` */
    bool recording;
    bool crowded;  /* the journal has no room for all that it should keep */
    bool unsealed; /* its checkpoints cannot be signed */
    bool well;     /* events are recorded in time, and there is room for all that is to be kept */
    bool told;     /* … and they are signed: what the callback was told */
    uint64_t well_at; /* real: not well before */
    uint64_t dropped_told;
    struct log_limiter drop_limiter, late_limiter, hang_limiter;
    struct wire_event message;
};

/* ---- the list of those that wait ---- */

static void recorder_link(struct recorder *recorder, struct journal_event *event) {
    event->older = recorder->newest;
    event->newer = NULL;
    if (recorder->newest == NULL) {
        recorder->oldest = event;
    } else {
        recorder->newest->newer = event;
    }
    recorder->newest = event;
    if (recorder->untold == NULL) {
        recorder->untold = event;
    }
}

static void recorder_unlink(struct recorder *recorder, struct journal_event *event) {
    if (recorder->untold == event) {
        recorder->untold = event->newer;
    }
    if (event->older == NULL) {
        recorder->oldest = event->newer;
    } else {
        event->older->newer = event->newer;
    }
    if (event->newer == NULL) {
        recorder->newest = event->older;
    } else {
        event->newer->older = event->older;
    }
}

const struct journal_event *recorder_waiting(const struct recorder *recorder) {
    return recorder->oldest;
}

/* ---- messages ---- */

static void recorder_message(const struct recorder *recorder, const struct journal_event *event,
                             uint64_t seq, struct wire_event *ret) {
    uint64_t early = atomic_load(&event->early);
    ret->seq = seq;
    ret->early = early;
    ret->alarm = event->alarm;
    ret->type = event->type;
    ret->lane = event->lane;
    ret->class = event->class;
    ret->reserved = 0;
    ret->body_size = (uint32_t)journal_event_body(event, journal_id_prefix(recorder->journal), seq,
                                                  early, ret->body);
    ret->header = wire_header_of(WIRE_EVENT, wire_size(WIRE_EVENT, ret->body_size));
}

void recorder_early_message(const struct recorder *recorder, const struct journal_event *event,
                            struct wire_event *ret) {
    recorder_message(recorder, event, 0, ret);
}

/* ---- telling early ---- */

static void recorder_change(struct recorder *recorder, bool well) {
    recorder->well = well;
    bool all = well && !recorder->unsealed;
    if (recorder->told != all) {
        recorder->told = all;
        recorder->callbacks.storage(recorder->context, all);
    }
}

/* The storage has failed or was slow: not well now, nor for a while. */
static void recorder_worry(struct recorder *recorder) {
    recorder->well_at = clock_real_ns() + RECORDER_WELL_MS * NS_PER_MS;
}

/* How long the disk has owed something: an event that waits, or a commit of whatever. */
static uint64_t recorder_owed_ns(const struct recorder *recorder) {
    struct journal_stats stats;
    journal_stats(recorder->journal, &stats);
    uint64_t now_ns = clock_real_ns();
    uint64_t since_ns = stats.commit_begun_ns > 0 ? stats.commit_begun_ns : now_ns;
    if (recorder->oldest != NULL && recorder->oldest->born_real_ns < since_ns) {
        since_ns = recorder->oldest->born_real_ns;
    }
    return now_ns - since_ns;
}

/* Why the storage is unwell although nothing has failed: the commit takes too long. */
static void recorder_log_late(struct recorder *recorder) {
    char directory[512];
    uint64_t kept_back;
    if (log_permit(&recorder->late_limiter, &kept_back)) {
        log_line(
            LOG_WARNING, "journal_late",
            "state=%s waited_ms=%" PRIu64 " not_printed=%" PRIu64
            " effect=\"the disk has not recorded an event in time: alarms are told before they "
            "are recorded, and again once they are; all rooms are watched\" advice=\"if this "
            "comes again: is the disk busy, or wearing out?\"",
            log_quote(recorder->directory, directory, sizeof directory),
            (uint64_t)(recorder_owed_ns(recorder) / NS_PER_MS), kept_back);
    }
}

static void recorder_log_hang(struct recorder *recorder, uint64_t owed_ns) {
    char directory[512];
    uint64_t kept_back;
    if (log_permit(&recorder->hang_limiter, &kept_back)) {
        log_line(
            LOG_ERROR, "journal_hangs",
            "state=%s waited_s=%" PRIu64
            " effect=\"the disk does not answer: nothing is recorded; alarms are told at once and "
            "all rooms are watched, but events wait in memory and are lost if the power fails "
            "or the gateway ends now\" advice=\"do not restart the gateway; a reload waits by itself: first "
            "look at the disk of this directory (dmesg), unfreeze it, free it or replace it\"",
            log_quote(recorder->directory, directory, sizeof directory),
            (uint64_t)(owed_ns / NS_PER_S));
    }
}

/* Tell every event that was born before `before_ns` and has not been told. */
static void recorder_tell_early(struct recorder *recorder, uint64_t before_ns) {
    bool any = false;
    while (recorder->untold != NULL && recorder->untold->born_real_ns <= before_ns) {
        struct journal_event *event = recorder->untold;
        recorder->untold = event->newer;
        atomic_store(&event->early, ++recorder->early_count);
        recorder_message(recorder, event, 0, &recorder->message);
        recorder->callbacks.event(recorder->context, &recorder->message, event);
        any = true;
    }
    if (any) {
        recorder->callbacks.early(recorder->context);
        recorder_worry(recorder);
    }
}

static void recorder_arm_limit(struct recorder *recorder) {
    if (recorder->limit_runs || recorder->untold == NULL) {
        return;
    }
    /* Not moved with every event: it looks again when it fires, once in 250 ms at most. */
    const struct timeval span = {.tv_usec = RECORDER_LIMIT_MS * 1000};
    recorder->limit_runs = event_add(recorder->limit, &span) == 0;
}

static void recorder_limit_reached(evutil_socket_t fd, short what, void *context) {
    struct recorder *recorder = context;
    (void)fd;
    (void)what;
    recorder->limit_runs = false;
    if (recorder->untold == NULL) {
        return;
    }
    uint64_t now_ns = clock_real_ns();
    uint64_t due_ns = recorder->untold->born_real_ns + RECORDER_LIMIT_MS * NS_PER_MS;
    if (due_ns <= now_ns) {
        recorder_log_late(recorder);
        recorder_tell_early(recorder, now_ns - RECORDER_LIMIT_MS * NS_PER_MS);
        recorder_change(recorder, false);
        recorder_arm_limit(recorder);
        return;
    }
    uint64_t wait_us = (due_ns - now_ns) / 1000 + 1;
    const struct timeval span = {.tv_usec = (suseconds_t)wait_us};
    recorder->limit_runs = event_add(recorder->limit, &span) == 0;
}

/* ---- what the journal reports ---- */

static void recorder_take_events(struct recorder *recorder, struct journal_event *event) {
    while (event != NULL) {
        struct journal_event *next = event->next;
        uint64_t early = atomic_load(&event->early);
        recorder_unlink(recorder, event);
        recorder_message(recorder, event, event->seq, &recorder->message);
        recorder->callbacks.event(recorder->context, &recorder->message, event);
        if (early != event->early_linked &&
            journal_add_link(recorder->journal, event->seq, early) != 0) {
            /* Only the link is lost: both copies have been sent, and the recorded one stands. */
            log_line(LOG_WARNING, "first_sent_lost", "seq=%" PRIu64, event->seq);
        }
        (void)journal_event_free(event);
        event = next;
    }
}

static void recorder_take_dropped(struct recorder *recorder, struct journal_event *event) {
    uint64_t kept_back;
    uint64_t count = 0;
    while (event != NULL) {
        struct journal_event *next = event->next;
        recorder_unlink(recorder, event);
        (void)journal_event_free(event);
        event = next;
        count++;
    }
    recorder->dropped_told += count;
    if (count > 0 && log_permit(&recorder->drop_limiter, &kept_back)) {
        log_line(LOG_ERROR, "journal_overflow",
                 "dropped=%" PRIu64
                 " effect=\"the oldest events that wait for the disk will never be "
                 "recorded; they were told without a sequence number\"",
                 recorder->dropped_told);
    }
}

static void recorder_take_alarms(struct recorder *recorder, struct journal_alarm *alarm) {
    while (alarm != NULL) {
        struct journal_alarm *next = alarm->next;
        recorder->callbacks.alarm(recorder->context, alarm);
        free(alarm);
        alarm = next;
    }
}

static void recorder_report(evutil_socket_t fd, short what, void *context) {
    struct recorder *recorder = context;
    struct journal_report report;
    (void)fd;
    (void)what;
    journal_take(recorder->journal, &report);
    recorder_take_events(recorder, report.events);
    recorder_take_alarms(recorder, report.alarms);
    recorder_take_dropped(recorder, report.dropped);
    recorder->recording = report.recording;
    recorder->callbacks.settled(recorder->context, report.ticket);
    if (!report.recording) {
        recorder_tell_early(recorder, UINT64_MAX);
        recorder_worry(recorder);
        recorder_change(recorder, false);
    }
    recorder->crowded = report.crowded;
    if (report.crowded) {
        recorder_change(recorder, false);
    }
    if (report.renewed) {
        recorder->callbacks.renewed(recorder->context);
        recorder_worry(recorder);
        recorder_change(recorder, false);
    }
    recorder->unsealed = report.unsealed;
    recorder_change(recorder, recorder->well);
    (void)recorder_submit(recorder); /* links, if any */
}

void recorder_tick(struct recorder *recorder) {
    if (!recorder->recording) {
        return;
    }
    uint64_t owed_ns = recorder_owed_ns(recorder);
    if (owed_ns >= RECORDER_HANG_MS * NS_PER_MS) {
        recorder_log_hang(recorder, owed_ns);
        recorder_worry(recorder);
        recorder_change(recorder, false);
    } else if (owed_ns >= RECORDER_LIMIT_MS * NS_PER_MS) {
        recorder_worry(recorder);
    } else if (!recorder->well && !recorder->crowded && clock_real_ns() >= recorder->well_at) {
        recorder_change(recorder, true);
    }
}

/* ---- adding ---- */

/* It happened at `wall`; from now on it waits for its commit. */
static void recorder_take(struct recorder *recorder, struct journal_event *made, unsigned type,
                          struct wall wall) {
    made->wall = wall;
    made->born_real_ns = clock_real_ns();
    made->type = (uint16_t)type;
    made->lane = (uint8_t)event_type_lane(type);
    recorder_link(recorder, made);
    journal_add_event(recorder->journal, made);
}

int recorder_add(struct recorder *recorder, const struct core_event *event,
                 const struct event_context *context, const struct journal_event **ret_event) {
    const struct site *site = recorder->site;
    struct event_json json;
    struct journal_event *made;
    event_json_format(site, event, context, &json);
    int r = journal_event_new(json.text, json.split, json.size, &made);
    if (r != 0) {
        return err_trace(r);
    }
    made->alarm = event->alarm;
    made->step = event->escalation.step;
    made->run = event->escalation.run;
    if (event->alarm != RULESET_NONE) {
        made->class = site->ruleset.rules[site->ruleset.alarms[event->alarm].rule].class;
    }
    if (event->place != RULESET_NONE) {
        made->place = site_text(site, site->places[event->place].id);
    }
    if (event->point != RULESET_NONE) {
        made->point = site_text(site, site->points[event->point].id);
    }
    recorder_take(recorder, made, event->type, event->wall);
    if (ret_event != NULL) {
        *ret_event = made;
    }
    return 0;
}

int recorder_end_alarm(struct recorder *recorder, const char *name,
                       const struct alarm_record *recorded, const struct event_moment *moment) {
    struct event_json_ended ended = {
        .name = name,
        .moment = *moment,
        .acked = recorded->axes.acked,
        .attended = recorded->axes.attended,
        .occurrence = recorded->occurrence,
    };
    struct event_json json;
    struct journal_event *made;
    event_json_ended_learn(&ended, recorder->message.body,
                           journal_last(recorder->journal, name, recorder->message.body));
    event_json_format_ended(recorder->site, &ended, &json);
    int r = journal_event_new(json.text, json.split, json.size, &made);
    if (r == 0 && (r = journal_event_end_alarm(made, name)) != 0) {
        (void)journal_event_free(made);
    }
    if (r != 0) {
        return err_trace(r);
    }
    made->class = (uint8_t)alarm_class_find(ended.class_name, strlen(ended.class_name));
    recorder_take(recorder, made, EVENT_ALARM_CLOSED, moment->wall);
    return 0;
}

/* Add what people did of which the core knows nothing; `ret_event` may be NULL. */
static int recorder_add_own(struct recorder *recorder, const struct event_json *json, unsigned type,
                            struct wall wall, const struct journal_event **ret_event) {
    struct journal_event *made;
    int r = journal_event_new(json->text, json->split, json->size, &made);
    if (r != 0) {
        return err_trace(r);
    }
    made->alarm = RULESET_NONE;
    made->class = ALARM_CLASS_COUNT;
    recorder_take(recorder, made, type, wall);
    if (ret_event != NULL) {
        *ret_event = made;
    }
    return 0;
}

int recorder_add_deed(struct recorder *recorder, const struct deed *deed,
                      const struct event_moment *moment) {
    struct event_json json;
    deed_json_format(recorder->site, deed, moment, &json);
    return recorder_add_own(recorder, &json, deed_event_type(deed), moment->wall, NULL);
}

int recorder_add_takeover(struct recorder *recorder, const struct takeover *takeover,
                          const struct event_moment *moment,
                          const struct journal_event **ret_event) {
    struct event_json json;
    takeover_json_format(recorder->site, takeover, moment, &json);
    return recorder_add_own(recorder, &json, EVENT_TYPE_SHIFT_TAKEN_OVER, moment->wall, ret_event);
}

int recorder_end_test(struct recorder *recorder, const char *place,
                      const struct event_moment *moment) {
    struct event_json json;
    struct journal_event *made;
    event_json_format_test_ended(recorder->site, place, moment, &json);
    int r = journal_event_new(json.text, json.split, json.size, &made);
    if (r != 0) {
        return err_trace(r);
    }
    recorder_take(recorder, made, EVENT_TEST_ENDED, moment->wall);
    return 0;
}

void recorder_add_alarm(struct recorder *recorder, struct journal_alarm *alarm) {
    journal_add_alarm(recorder->journal, alarm);
}

void recorder_add_standing(struct recorder *recorder, struct journal_standing *standing) {
    journal_add_standing(recorder->journal, standing);
}

void recorder_add_present(struct recorder *recorder, struct journal_present *present) {
    journal_add_present(recorder->journal, present);
}

uint64_t recorder_submit(struct recorder *recorder) {
    uint64_t ticket = journal_submit(recorder->journal);
    if (!recorder->recording) {
        recorder_tell_early(recorder, UINT64_MAX);
    } else {
        recorder_arm_limit(recorder);
    }
    return ticket;
}

/* ---- birth and death ---- */

static void recorder_tell_unknown_boot(void) {
    log_line(
        LOG_WARNING, "boot_unknown",
        "file=" CLOCK_BOOT_FILE
        " effect=\"each start of the engine counts as one of the machine: all rooms are watched, but what "
        "was left of a delay or of a call chain begins again, later than it should, and tests end\" "
        "advice=\"let the gateway read the file: a unit of systemd must not say ProcSubset=pid\"");
}

static void recorder_alarm_name(const void *context, uint32_t alarm, char *ret) {
    site_alarm_format(context, alarm, ret);
}

int recorder_new(const struct site *site, const char *directory, struct event_base *base,
                 const struct recorder_callbacks *callbacks, void *context,
                 struct recorder **ret_recorder) {
    struct recorder *recorder = calloc(1, sizeof *recorder);
    if (recorder == NULL) {
        return err_origin(-ENOMEM);
    }
    recorder->site = site;
    recorder->directory = directory;
    recorder->base = base;
    recorder->callbacks = *callbacks;
    recorder->context = context;
    const struct journal_conf conf = {
        .directory = directory,
        .identity = {.site = site_text(site, site->header->site_id),
                     .gateway = site_text(site, site->header->gateway_id),
                     .alarm_name = recorder_alarm_name,
                     .context = site},
        .alarm_count = site->ruleset.alarm_count,
        .generation = site->header->generation,
        .timeline = clock_timeline(),
        .inspect_after_ns = RECORDER_INSPECT_NS,
        .signing_key = site->header->journal_signing_key_file != 0
                           ? site_text(site, site->header->journal_signing_key_file)
                           : NULL,
        .keep = {.keep_ns = site->header->journal_keep_ns,
                 .size = site->header->journal_size,
                 .sinks = {[JOURNAL_SINK_MQTT] = site->broker_count > 0,
                           [JOURNAL_SINK_DATABASE] = site->header->influx_url != 0}},
    };
    int r = journal_new(&conf, &recorder->journal);
    if (r != 0) {
        (void)recorder_free(recorder);
        return err_trace(r);
    }
    if (!clock_boot_is_known()) {
        recorder_tell_unknown_boot();
    }
    recorder->recording = journal_is_recording(recorder->journal);
    recorder->well = recorder->recording && !journal_was_damaged(recorder->journal);
    recorder->told = recorder->well;
    recorder_worry(recorder);
    *ret_recorder = recorder;
    return 0;
}

int recorder_start(struct recorder *recorder) {
    recorder->reported = event_new(recorder->base, journal_fd(recorder->journal),
                                   EV_READ | EV_PERSIST, recorder_report, recorder);
    recorder->limit = event_new(recorder->base, -1, 0, recorder_limit_reached, recorder);
    if (recorder->reported == NULL || recorder->limit == NULL ||
        event_add(recorder->reported, NULL) != 0) {
        return err_origin(-ENOMEM);
    }
    int r = journal_start(recorder->journal);
    return r == 0 ? 0 : err_trace(r);
}

struct recorder *recorder_free(struct recorder *recorder) {
    if (recorder == NULL) {
        return NULL;
    }
    recorder->journal = journal_free(recorder->journal); /* with the events that still wait */
    if (recorder->reported != NULL) {
        event_free(recorder->reported);
    }
    if (recorder->limit != NULL) {
        event_free(recorder->limit);
    }
    free(recorder);
    return NULL;
}

struct journal *recorder_journal(struct recorder *recorder) {
    return recorder->journal;
}

bool recorder_is_recording(const struct recorder *recorder) {
    return recorder->recording;
}

bool recorder_is_sealing(const struct recorder *recorder) {
    return !recorder->unsealed;
}

bool recorder_is_well(const struct recorder *recorder) {
    return recorder->well;
}
