/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The engine: readings in, decisions made, recorded, told
 *
 *     field ──▶ engine_receive ──▶ engine_apply ──▶ core_step ──▶ recorder ──▶ journal's writer
 *                                                                                  │ committed
 *     uplink, console ◀── teller ◀── recorder's callbacks ◀────────────────────────┘
 *
 * One loop owns all of it. Every input passes engine_apply(), which steps the core and collects
 * what it says; engine_hand_over() then gives the events, with the alarm states that follow from
 * them, to the journal in one piece, so that both are recorded in one transaction or not at all.
 * Nothing on the way from a reading to the writer waits for a timer.
 *
 * At the start the journal's alarms are given back to the core before anything else is heard.
 */
#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include <event2/event.h>

#include "gateway/engine/alarm_state.h"
#include "gateway/engine/calendar_told.h"
#include "gateway/engine/carryover.h"
#include "gateway/engine/engine_peer.h"
#include "gateway/engine/marks.h"
#include "gateway/engine/notices.h"
#include "gateway/engine/receipts.h"
#include "gateway/engine/recorder.h"
#include "gateway/engine/recording_ring.h"
#include "gateway/engine/restore.h"
#include "gateway/engine/roster.h"
#include "gateway/engine/silences.h"
#include "gateway/engine/standing.h"
#include "gateway/engine/switchboard.h"
#include "gateway/engine/teller.h"
#include "gateway/log.h"
#include "gateway/process.h"
#include "gateway/zone.h"

enum {
    /* Live values wait so long for others to go with them; events never wait. */
    ENGINE_POINTS_MS = 5,
    /* Alarms whose record changed, taken from the core at a time. */
    CHANGED_BATCH = 64,
};

/* A wall clock that moves this much against the instants has been set by somebody. */
#define ENGINE_STEP_NS ((int64_t)NS_PER_S)

struct engine {
    struct process *process;
    const struct site *site;
    struct silences silences; /* with the ruleset that the core has */
    struct core *core;
    struct recording_ring *recording;
    uint64_t event_count_recorded; /* of those whose inputs the recording has been given */
    struct core_event *events;
    struct alarm_decision *alarms;
    struct standing standing;
    struct marks unrecorded; /* alarms whose newest state the journal has not confirmed */
    struct recorder *recorder;
    struct teller *teller;
    struct engine_peers *peers;
    struct event *tick, *second, *boundary, *points;
    bool points_wait;
    struct instant newest; /* of the inputs; they never go back */
    uint64_t ticket;       /* of the newest hand-over */
    uint64_t settled;      /* everything up to here is recorded */

    struct calendar calendar;
    struct calendar_told calendar_told;
    int64_t drift_ns; /* wall minus instant, a second ago */

    struct switchboard switchboard;
    struct notices notices;
    struct roster roster;
    enum truth uplink_connected;
    struct receipts_tokens tokens[LIMIT_COMPONENTS]; /* by component; only fields use them */
    struct receipts_results results;
    uint64_t readings, readings_dropped, event_count, events_lost;
    struct log_limiter drop_limiter, memory_limiter;
};

/* ---- stepping the core ---- */

static void engine_arm(struct event *timer, uint64_t real_ns) {
    const struct timeval wait = {.tv_sec = (time_t)(real_ns / NS_PER_S),
                                 .tv_usec = (suseconds_t)(real_ns % NS_PER_S / 1000 + 1)};
    (void)event_add(timer, &wait);
}

static struct instant engine_now(struct engine *engine) {
    struct instant now = clock_instant();
    if (now.ns > engine->newest.ns) {
        engine->newest = now;
    }
    return engine->newest;
}

/*
 * The wall time at the newest instant. Both are read in one go, however long ago that instant was: a
 * record that says both is believed only as far as they agree (restore.h).
 */
static struct wall engine_wall(const struct engine *engine) {
    uint64_t since_ns = clock_instant().ns - engine->newest.ns;
    return (struct wall){clock_wall().ns - (int64_t)since_ns};
}

/* Give an event to the recorder; `ret_event` may be NULL. An event that no memory is left for is
 * told. */
static void engine_record_event(struct engine *engine, const struct core_event *event,
                                const struct journal_event **ret_event) {
    struct wall raised = event->wall;
    if (event->alarm != RULESET_NONE) {
        raised = core_alarm(engine->core, event->alarm)->raised;
        engine->alarms[event->alarm] = (struct alarm_decision){
            .value = event->value, .quality = (uint32_t)event->quality, .changed = event->wall};
    }
    uint64_t kept_back;
    engine->event_count++;
    standing_follow(&engine->standing, event);
    if (recorder_add(engine->recorder, event, raised, ret_event) == 0) {
        return;
    }
    engine->events_lost++;
    if (log_permit(&engine->memory_limiter, &kept_back)) {
        log_line(LOG_ERROR, "event_lost",
                 "type=%s effect=\"no memory: an event was neither recorded nor told\"",
                 core_event_name(event->type));
    }
}

/* Step the core with `input`; returns and sets the same as engine_apply(). */
static enum command_refusal engine_step(struct engine *engine, const struct input *input,
                                        const struct journal_event **ret_first) {
    struct step step = {.events = engine->events};
    recording_ring_add(engine->recording, input);
    core_step(engine->core, input, &step);
    switchboard_follow(&engine->switchboard, engine->peers); /* before anything is recorded */
    for (uint32_t i = 0; i < step.event_count; i++) {
        engine_record_event(engine, &step.events[i], i == 0 ? ret_first : NULL);
    }
    return step.refusal;
}

/*
 * Step the core with `input`, whose kind and contents are set, now. Returns why a command was
 * refused, and sets `ret_first`, which may be NULL, to the first event if there was one.
 *
 * What the core wanted to be woken for before now comes first, at its own instant, also when the
 * timer for it is late: what had been held for long enough must not be missed because the reading
 * that ends it was read first.
 */
static enum command_refusal engine_apply(struct engine *engine, struct input *input,
                                         const struct journal_event **ret_first) {
    struct instant now = engine_now(engine);
    struct instant due = core_deadline(engine->core);
    while (input->kind != INPUT_TICK && input->kind != INPUT_START && instant_reached(now, due)) {
        const struct input tick = {.kind = INPUT_TICK, .at = due, .wall = clock_wall()};
        (void)engine_step(engine, &tick, NULL);
        due = core_deadline(engine->core);
    }
    input->at = now;
    input->wall = clock_wall();
    return engine_step(engine, input, ret_first);
}

/* The present state of one alarm, as the journal keeps it. NULL without memory. */
static struct journal_alarm *engine_alarm_state(struct engine *engine, uint32_t alarm) {
    return alarm_state_new(engine->core, alarm, engine->site->ruleset.alarms[alarm].memory_count,
                           &engine->alarms[alarm], engine->newest, engine_wall(engine));
}

static void engine_record_alarm(struct engine *engine, uint32_t alarm) {
    struct journal_alarm *state = engine_alarm_state(engine, alarm);
    uint64_t kept_back;
    if (state != NULL) {
        marks_add(&engine->unrecorded, alarm);
        notices_follow(&engine->notices, alarm, &state->chain);
        recorder_add_alarm(engine->recorder, state);
    } else if (log_permit(&engine->memory_limiter, &kept_back)) {
        log_line(
            LOG_ERROR, "state_lost",
            "effect=\"no memory: an alarm's state is not recorded, a restart would forget it\"");
    }
}

/* Likewise what stands beside the alarms. Without memory it is tried with the next hand-over. */
static void engine_record_standing(struct engine *engine) {
    struct journal_standing *state =
        standing_state_new(&engine->standing, engine->newest, clock_wall());
    uint64_t kept_back;
    if (state != NULL) {
        engine->standing.changed = false;
        recorder_add_standing(engine->recorder, state);
    } else if (log_permit(&engine->memory_limiter, &kept_back)) {
        log_line(LOG_ERROR, "state_lost",
                 "effect=\"no memory: tests are not recorded, a restart would call people for "
                 "them\"");
    }
}

/* Let the recording begin a new segment when it wants to. The core has nothing left to report. */
static void engine_begin_recording(struct engine *engine) {
    const struct journal *journal = recorder_journal(engine->recorder);
    struct recording_moment moment = {
        .at = engine_now(engine),
        .wall = clock_wall(),
        .rate = clock_rate(),
        .boot = journal_boot(journal),
        .next_seq = journal_newest(journal) + 1,
    };
    for (const struct journal_event *event = recorder_waiting(engine->recorder); event != NULL;
         event = event->newer) {
        moment.next_seq++;
    }
    recording_ring_begin(engine->recording, engine->core, &moment);
}

/* Hand over what the last inputs brought, and wake up for what the core wants next. */
static void engine_hand_over(struct engine *engine) {
    uint32_t changed[CHANGED_BATCH];
    uint32_t count;
    while ((count = core_changed(engine->core, changed, CHANGED_BATCH)) > 0) {
        for (uint32_t i = 0; i < count; i++) {
            engine_record_alarm(engine, changed[i]);
        }
    }
    if (engine->standing.changed) {
        engine_record_standing(engine);
    }
    engine->ticket = recorder_submit(engine->recorder);
    recording_ring_flush(engine->recording, engine->event_count != engine->event_count_recorded);
    engine->event_count_recorded = engine->event_count;
    if (recording_ring_is_due(engine->recording)) {
        engine_begin_recording(engine);
    }
    struct instant deadline = core_deadline(engine->core);
    if (deadline.ns == INSTANT_NEVER.ns) {
        (void)event_del(engine->tick);
    } else {
        engine_arm(engine->tick, clock_real_span_ns(instant_span_ns(clock_instant(), deadline)));
    }
}

/* A single input of a kind that is only a subject and a state. */
static void engine_apply_state(struct engine *engine, enum input_kind kind, uint32_t subject,
                               enum truth state) {
    struct input input = {.kind = kind, .subject = subject, .state = state};
    (void)engine_apply(engine, &input, NULL);
}

static void engine_ticked(evutil_socket_t fd, short what, void *context) {
    struct engine *engine = context;
    (void)fd;
    (void)what;
    engine_apply_state(engine, INPUT_TICK, 0, TRUTH_UNKNOWN);
    engine_hand_over(engine);
}

/* ---- the calendar and the clock ---- */

static void engine_tell_calendar(void *context, enum input_kind kind, uint32_t subject,
                                 enum truth state) {
    engine_apply_state(context, kind, subject, state);
}

/* Tell the core what has changed of the calendar, and look again at the next boundary. */
static void engine_follow_calendar(struct engine *engine) {
    struct wall wall = clock_wall();
    calendar_tell(&engine->calendar, &engine->calendar_told, wall, engine_tell_calendar, engine);
    int64_t until_ns = calendar_next(&engine->calendar, wall).ns - clock_wall().ns;
    engine_arm(engine->boundary, clock_real_span_ns(until_ns > 0 ? (uint64_t)until_ns : 0));
}

static void engine_boundary(evutil_socket_t fd, short what, void *context) {
    struct engine *engine = context;
    (void)fd;
    (void)what;
    engine_follow_calendar(engine);
    engine_hand_over(engine);
}

/* Was the wall clock set? Then the core is told, and the calendar is looked at anew. */
static void engine_watch_clock(struct engine *engine) {
    int64_t drift_ns = clock_wall().ns - (int64_t)clock_instant().ns;
    int64_t step_ns = drift_ns - engine->drift_ns;
    engine->drift_ns = drift_ns;
    if (step_ns > -ENGINE_STEP_NS && step_ns < ENGINE_STEP_NS) {
        return;
    }
    struct input input = {.kind = INPUT_CLOCK_STEP, .step_ns = step_ns};
    (void)engine_apply(engine, &input, NULL);
    log_line(LOG_WARNING, "clock_stepped",
             "step_ms=%" PRId64
             " effect=\"timers and delays go on unmoved; opening hours follow the new time\"",
             step_ns / (int64_t)NS_PER_MS);
    engine_follow_calendar(engine);
}

/* ---- answers that were owed ---- */

static void engine_send_results(struct engine *engine) {
    uint32_t console = engine_component(engine->site, WIRE_ROLE_CONSOLE, 0);
    struct engine_peer *peer = engine_peers_find(engine->peers, console);
    const struct receipts_result *due;
    while ((due = receipts_next(&engine->results)) != NULL) {
        const struct wire_command_result message = {
            .header = wire_header_of(WIRE_COMMAND_RESULT, sizeof message),
            .request = due->request,
            .refusal = due->refusal,
            .recorded = due->recorded ? 1 : 0,
            .seq = due->seq,
        };
        if (peer != NULL && engine_peer_send(peer, &message) == WIRE_E_FULL) {
            return; /* goes on when it is writable */
        }
        receipts_pop(&engine->results);
    }
}

static void engine_send_recorded(struct engine *engine, struct engine_peer *peer) {
    struct receipts_tokens *tokens = &engine->tokens[peer->component];
    if (tokens->due == 0) {
        return;
    }
    const struct wire_recorded message = {.header = wire_header_of(WIRE_RECORDED, sizeof message),
                                          .token = tokens->due};
    if (engine_peer_send(peer, &message) == 0) {
        tokens->due = 0;
    }
}

/* ---- whom webhooks call ---- */

static int engine_send_notice(void *context, const void *message) {
    return engine_peer_send(context, message);
}

static void engine_send_notices(struct engine *engine) {
    uint32_t uplink = engine_component(engine->site, WIRE_ROLE_UPLINK, 0);
    struct engine_peer *peer = engine_peers_find(engine->peers, uplink);
    if (peer != NULL) {
        notices_flush(&engine->notices, engine_send_notice, peer);
    }
}

/* ---- what the recorder says ---- */

static void engine_event_told(void *context, const struct wire_event *message,
                              const struct journal_event *event) {
    struct engine *engine = context;
    teller_event(engine->teller, message);
    notices_add(&engine->notices, message, event->step, event->run);
    receipts_told(&engine->results, event, message->seq);
}

static void engine_alarm_recorded(void *context, const struct journal_alarm *alarm) {
    struct engine *engine = context;
    marks_remove(&engine->unrecorded, alarm->alarm);
    teller_alarm(engine->teller, alarm);
}

/* The disk does not answer: what is known of alarms is told as it is. */
static void engine_told_early(void *context) {
    struct engine *engine = context;
    for (uint32_t alarm = marks_next(&engine->unrecorded, 0); alarm != MARKS_NONE;
         alarm = marks_next(&engine->unrecorded, alarm + 1)) {
        struct journal_alarm *state = engine_alarm_state(engine, alarm);
        if (state != NULL) {
            state->ticket = engine->ticket;
            teller_alarm(engine->teller, state);
            free(state);
        }
    }
    teller_flush(engine->teller);
    engine_send_notices(engine);
    engine_send_results(engine);
}

static void engine_settled(void *context, uint64_t ticket) {
    struct engine *engine = context;
    engine->settled = ticket;
    receipts_settle_results(&engine->results, ticket);
    for (uint32_t i = 0; i < engine->site->header->field_count; i++) {
        struct engine_peer *peer = engine_peers_find(engine->peers, i);
        receipts_settle(&engine->tokens[i], ticket);
        if (peer != NULL) {
            engine_send_recorded(engine, peer);
        }
    }
    engine_send_results(engine);
    engine_send_notices(engine);
    teller_flush(engine->teller);
}

static void engine_storage(void *context, bool well) {
    struct engine *engine = context;
    log_line(
        well ? LOG_NOTICE : LOG_ERROR, well ? "storage_well" : "storage_unwell",
        well
            ? "effect=\"events are recorded again before they are told\""
            : "effect=\"alarms go out at once and are not recorded first; make room or mend the disk\"");
    engine_apply_state(engine, INPUT_STORAGE, 0, well ? TRUTH_TRUE : TRUTH_FALSE);
    engine_hand_over(engine);
}

/* A new journal knows nothing yet: hand over every alarm that has a life to remember. */
static void engine_renewed(void *context) {
    struct engine *engine = context;
    for (uint32_t alarm = 0; alarm < engine->site->ruleset.alarm_count; alarm++) {
        const struct alarm *state = core_alarm(engine->core, alarm);
        if (state->occurrence > 0 || !alarm_axes_are_idle(state->axes)) {
            engine_record_alarm(engine, alarm);
        }
    }
    engine->standing.changed = true;
    engine_hand_over(engine);
}

/* ---- what peers say ---- */

static bool engine_generation_is_ours(struct engine *engine, uint64_t generation, uint32_t count) {
    if (generation == engine->site->header->generation) {
        return true;
    }
    uint64_t kept_back;
    engine->readings_dropped += count;
    if (log_permit(&engine->drop_limiter, &kept_back)) {
        log_line(LOG_WARNING, "readings_dropped",
                 "dropped=%" PRIu64
                 " effect=\"they belong to another configuration and could mean another room\"",
                 engine->readings_dropped);
    }
    return false;
}

static void engine_points_due(evutil_socket_t fd, short what, void *context) {
    struct engine *engine = context;
    (void)fd;
    (void)what;
    engine->points_wait = false;
    teller_flush(engine->teller);
}

static void engine_plan_points(struct engine *engine) {
    if (!engine->points_wait && teller_has_points(engine->teller)) {
        engine->points_wait = true;
        engine_arm(engine->points, ENGINE_POINTS_MS * NS_PER_MS);
    }
}

static bool engine_take_readings(struct engine *engine, struct engine_peer *peer,
                                 const struct wire_readings *message) {
    if (!engine_generation_is_ours(engine, message->generation, message->count)) {
        return true;
    }
    uint64_t token = 0;
    for (uint32_t i = 0; i < message->count; i++) {
        const struct wire_reading *reading = &message->readings[i];
        if (reading->reading.point >= engine->site->ruleset.point_count ||
            reading->reading.quality >= QUALITY_COUNT) {
            return false;
        }
        struct input input = {.kind = INPUT_READING, .reading = reading->reading};
        (void)engine_apply(engine, &input, NULL);
        teller_reading(engine->teller, reading->reading.point, reading->reading.measured);
        token = reading->token > token ? reading->token : token;
    }
    engine->readings += message->count;
    engine_hand_over(engine);
    if (token > 0) {
        receipts_expect(&engine->tokens[peer->component], engine->ticket, token);
        /* A reading that changed nothing may be covered by what is recorded already. */
        receipts_settle(&engine->tokens[peer->component], engine->settled);
        engine_send_recorded(engine, peer);
    }
    engine_plan_points(engine);
    return true;
}

static bool engine_take_heartbeats(struct engine *engine, const struct wire_heartbeats *message) {
    if (!engine_generation_is_ours(engine, message->generation, 0)) {
        return true;
    }
    for (uint32_t i = 0; i < message->count; i++) {
        engine_apply_state(engine, INPUT_HEARTBEAT, message->devices[i], TRUTH_TRUE);
    }
    engine_hand_over(engine);
    return true;
}

static bool engine_take_device(struct engine *engine, const struct wire_device *message) {
    if (engine_generation_is_ours(engine, message->generation, 0)) {
        engine_apply_state(engine, INPUT_DEVICE, message->device,
                           message->answering != 0 ? TRUTH_TRUE : TRUTH_FALSE);
        engine_hand_over(engine);
    }
    return true;
}

static bool engine_take_confirmed(struct engine *engine, const struct wire_confirmed *message) {
    if (message->lane > LANE_ACTIVITY) {
        return false;
    }
    journal_confirm(recorder_journal(engine->recorder), JOURNAL_SINK_MQTT,
                    (enum core_lane)message->lane, message->seq);
    engine->ticket = recorder_submit(engine->recorder);
    return true;
}

static bool engine_take_uplink(struct engine *engine, const struct wire_uplink_state *message) {
    engine->uplink_connected = message->connected != 0 ? TRUTH_TRUE : TRUTH_FALSE;
    engine_apply_state(engine, INPUT_UPLINK, 0, engine->uplink_connected);
    engine_hand_over(engine);
    return true;
}

static bool engine_take_receipt(struct engine *engine, const struct wire_receipt *message) {
    struct input input = {.kind = INPUT_RECEIPT,
                          .subject = message->alarm,
                          .state = message->received != 0 ? TRUTH_TRUE : TRUTH_FALSE,
                          .step = message->step,
                          .run = message->run};
    notices_settle(&engine->notices, message->alarm, message->step, message->run);
    (void)engine_apply(engine, &input, NULL);
    engine_hand_over(engine);
    return true;
}

static bool engine_take_listener(struct engine *engine, const struct wire_listener *message) {
    if (message->webhook >= engine->site->webhook_count || message->reachable >= TRUTH_COUNT) {
        return false;
    }
    engine_apply_state(engine, INPUT_LISTENER, message->webhook, (enum truth)message->reachable);
    engine_hand_over(engine);
    return true;
}

static bool engine_take_command(struct engine *engine, const struct wire_command *message) {
    struct command command = message->command;
    command.actor[sizeof command.actor - 1] = '\0';
    command.second_actor[sizeof command.second_actor - 1] = '\0';
    command.reason[sizeof command.reason - 1] = '\0';
    if (command.verb >= COMMAND_VERB_COUNT || command.actor[0] == '\0' ||
        command.role >= ROLE_COUNT || command.second_role > ROLE_COUNT ||
        command.disposition >= DISPOSITION_COUNT) {
        return false;
    }
    struct receipts_result result = {.request = message->request};
    struct input input = {.kind = INPUT_COMMAND, .command = &command};
    result.refusal = (uint32_t)engine_apply(engine, &input, &result.event);
    result.due = result.refusal != COMMAND_ACCEPTED;
    /* The events may be told while they are handed over, so the answer must be expected before. */
    result.ticket = UINT64_MAX;
    bool expected = receipts_add(&engine->results, &result);
    engine_hand_over(engine);
    if (expected) {
        uint32_t last = (engine->results.first + engine->results.count - 1) % RECEIPTS_RESULTS_MAX;
        if (engine->results.count > 0 && engine->results.list[last].request == result.request) {
            engine->results.list[last].ticket = engine->ticket;
        }
    } else {
        log_line(LOG_WARNING, "answers_full",
                 "effect=\"a command was carried out, its answer is not kept\"");
    }
    engine_send_results(engine);
    return true;
}

/* The console, if it is there. */
static struct engine_peer *engine_console(struct engine *engine) {
    return engine_peers_find(engine->peers, engine_component(engine->site, WIRE_ROLE_CONSOLE, 0));
}

/* Figures of another process are for the console; what it cannot take it gets with the next ones. */
static bool engine_take_figures(struct engine *engine, const struct engine_peer *peer,
                                const struct wire_figures *message) {
    struct engine_peer *console = engine_console(engine);
    bool own = message->owner ==
               (peer->role == WIRE_ROLE_FIELD ? FIGURE_OWNER_FIELD : FIGURE_OWNER_UPLINK);
    if (own && console != NULL) {
        struct wire_figures figures = *message;
        figures.component = peer->component;
        (void)!engine_peer_send(console, &figures);
    }
    return own;
}

static bool engine_take_buses(struct engine *engine, const struct wire_buses *message) {
    struct engine_peer *console = engine_console(engine);
    if (console != NULL) {
        (void)!engine_peer_send(console, message);
    }
    return true;
}

static bool engine_receive(void *context, struct engine_peer *peer,
                           const struct wire_header *message) {
    struct engine *engine = context;
    bool field = peer->role == WIRE_ROLE_FIELD;
    bool uplink = peer->role == WIRE_ROLE_UPLINK;
    bool console = peer->role == WIRE_ROLE_CONSOLE;
    switch ((enum wire_kind)message->kind) {
    case WIRE_READINGS:
        return field && engine_take_readings(engine, peer, (const struct wire_readings *)message);
    case WIRE_HEARTBEATS:
        return field && engine_take_heartbeats(engine, (const struct wire_heartbeats *)message);
    case WIRE_DEVICE:
        return field && engine_take_device(engine, (const struct wire_device *)message);
    case WIRE_CONFIRMED:
        return uplink && engine_take_confirmed(engine, (const struct wire_confirmed *)message);
    case WIRE_RECEIPT:
        return uplink && engine_take_receipt(engine, (const struct wire_receipt *)message);
    case WIRE_LISTENER:
        return uplink && engine_take_listener(engine, (const struct wire_listener *)message);
    case WIRE_UPLINK_STATE:
        return uplink && engine_take_uplink(engine, (const struct wire_uplink_state *)message);
    case WIRE_FIGURES:
        return (field || uplink) &&
               engine_take_figures(engine, peer, (const struct wire_figures *)message);
    case WIRE_BUSES:
        return field && engine_take_buses(engine, (const struct wire_buses *)message);
    case WIRE_COMMAND:
        return console && engine_take_command(engine, (const struct wire_command *)message);
    case WIRE_HELLO:
    case WIRE_GOODBYE:
    case WIRE_WELCOME:
    case WIRE_OUTPUTS:
    case WIRE_RECORDED:
    case WIRE_EVENT:
    case WIRE_JOURNAL:
    case WIRE_ALARM_STATE:
    case WIRE_POINT_VALUES:
    case WIRE_COMPONENTS:
    case WIRE_TEST:
    case WIRE_COMMAND_RESULT:
    case WIRE_NOTICE:
    case WIRE_KIND_COUNT:
        break;
    }
    return false;
}

/* ---- peers coming and going ---- */

static void engine_welcome(struct engine *engine, struct engine_peer *peer) {
    const struct journal *journal = recorder_journal(engine->recorder);
    struct wire_welcome welcome = {
        .header = wire_header_of(WIRE_WELCOME, sizeof welcome),
        .generation = engine->site->header->generation,
        .newest_seq = journal_newest(journal),
    };
    strncpy(welcome.boot, journal_boot(journal), sizeof welcome.boot - 1);
    if (peer->role == WIRE_ROLE_UPLINK) {
        welcome.confirmed_alarm = journal_confirmed(journal, JOURNAL_SINK_MQTT, LANE_ALARM);
        welcome.confirmed_activity = journal_confirmed(journal, JOURNAL_SINK_MQTT, LANE_ACTIVITY);
    }
    (void)!engine_peer_send(peer,
                            &welcome); /* a fresh socket has room; one that is gone is noticed */
}

static void engine_joined(void *context, struct engine_peer *peer) {
    struct engine *engine = context;
    engine_welcome(engine, peer);
    if (peer->role == WIRE_ROLE_FIELD) {
        engine->tokens[peer->component] = (struct receipts_tokens){0}; /* of an earlier process */
        switchboard_join(&engine->switchboard, peer);
    } else {
        teller_join(engine->teller, peer);
    }
    if (peer->role == WIRE_ROLE_UPLINK) {
        notices_renew(&engine->notices);
        engine_send_notices(engine);
    }
    roster_join(&engine->roster, peer->component);
    engine_apply_state(engine, INPUT_COMPONENT, peer->component, TRUTH_TRUE);
    engine_hand_over(engine);
}

static void engine_left(void *context, struct engine_peer *peer, bool clean) {
    struct engine *engine = context;
    if (peer->role != WIRE_ROLE_FIELD) {
        teller_leave(engine->teller, peer);
    }
    if (peer->role == WIRE_ROLE_UPLINK) {
        engine->uplink_connected = TRUTH_UNKNOWN;
        engine_apply_state(engine, INPUT_UPLINK, 0, TRUTH_UNKNOWN);
        for (uint32_t i = 0; i < engine->site->webhook_count; i++) {
            engine_apply_state(engine, INPUT_LISTENER, i, TRUTH_UNKNOWN);
        }
    }
    /* One that was told to stop is no fault; one that died is, at once. */
    clean = clean || process_is_closing(engine->process);
    roster_leave(&engine->roster, peer->component, clean, clock_real_ns());
    engine_apply_state(engine, INPUT_COMPONENT, peer->component,
                       clean ? TRUTH_UNKNOWN : TRUTH_FALSE);
    engine_hand_over(engine);
}

static void engine_writable(void *context, struct engine_peer *peer) {
    struct engine *engine = context;
    if (peer->role == WIRE_ROLE_FIELD) {
        switchboard_writable(&engine->switchboard, peer);
        engine_send_recorded(engine, peer);
        return;
    }
    if (peer->role == WIRE_ROLE_CONSOLE) {
        engine_send_results(engine);
    } else {
        engine_send_notices(engine);
    }
    teller_writable(engine->teller, peer);
}

/* ---- once a second ---- */

/* Tell of each test that runs; false when one did not fit. */
static bool engine_send_tests(struct engine *engine, struct engine_peer *peer) {
    struct wire_test test;
    uint32_t place = 0;
    bool fits = true;
    while (fits &&
           standing_next(&engine->standing, &place, engine_now(engine), clock_wall(), &test)) {
        fits = engine_peer_send(peer, &test) == 0;
    }
    return fits;
}

static void engine_send_components(struct engine *engine) {
    struct engine_peer *peer = engine_console(engine);
    if (peer == NULL) {
        return;
    }
    struct journal *journal = recorder_journal(engine->recorder);
    struct journal_stats stats;
    journal_stats(journal, &stats);
    struct wire_components message = {
        .header = wire_header_of(WIRE_COMPONENTS, sizeof message),
        .count = engine->site->header->component_count,
        .journal_ok = recorder_is_well(engine->recorder) ? 1 : 0,
        .uplink_connected = (uint8_t)engine->uplink_connected,
        .uplink_confirmed_alarm = journal_confirmed(journal, JOURNAL_SINK_MQTT, LANE_ALARM),
        .uplink_confirmed_activity = journal_confirmed(journal, JOURNAL_SINK_MQTT, LANE_ACTIVITY),
        .readings = engine->readings,
        .readings_dropped = engine->readings_dropped,
        .events = engine->event_count,
        .commits = stats.commits,
        .commit_failures = stats.failures,
        .commit_ns_max = stats.commit_ns_max,
        .journal_pending = stats.pending,
    };
    memcpy(message.present, engine->roster.present, sizeof message.present);
    /* After the tests, or not at all: it says that those were all. A full socket gets the next one. */
    if (engine_send_tests(engine, peer)) {
        (void)!engine_peer_send(peer, &message);
    }
}

static void engine_send_figures(struct engine *engine) {
    struct engine_peer *peer = engine_console(engine);
    struct journal_stats journal;
    struct recording_ring_stats recording;
    if (peer == NULL) {
        return;
    }
    journal_stats(recorder_journal(engine->recorder), &journal);
    recording_ring_stats(engine->recording, &recording);
    const struct wire_figures figures = {
        .header = wire_header_of(WIRE_FIGURES, sizeof figures),
        .owner = FIGURE_OWNER_ENGINE,
        .values =
            {
                [FIGURE_ENGINE_EVENTS_LOST] = engine->events_lost,
                [FIGURE_ENGINE_JOURNAL_ALARM_DROPPED] = journal.dropped[LANE_ALARM],
                [FIGURE_ENGINE_JOURNAL_ACTIVITY_DROPPED] = journal.dropped[LANE_ACTIVITY],
                [FIGURE_ENGINE_NOTICES_WAITING] = engine->notices.count,
                [FIGURE_ENGINE_NOTICES_DISPLACED] = engine->notices.displaced,
                [FIGURE_ENGINE_RECORDING_INPUTS] = recording.inputs,
                [FIGURE_ENGINE_RECORDING_DROPPED] = recording.dropped,
                [FIGURE_ENGINE_RECORDING_FAILURES] = recording.failures,
                [FIGURE_ENGINE_STRANGERS] = engine_peers_strangers(engine->peers),
            },
    };
    (void)!engine_peer_send(peer, &figures); /* a full socket gets the next ones */
}

/* Whoever has had the time to connect and is not here is lost, unless all are being stopped. */
static void engine_miss_components(struct engine *engine) {
    uint32_t missing;
    if (process_is_closing(engine->process)) {
        return;
    }
    while ((missing = roster_expire(&engine->roster, clock_real_ns())) < engine->roster.count) {
        engine_apply_state(engine, INPUT_COMPONENT, missing, TRUTH_FALSE);
    }
}

static void engine_second(evutil_socket_t fd, short what, void *context) {
    struct engine *engine = context;
    (void)fd;
    (void)what;
    engine_watch_clock(engine);
    recorder_tick(engine->recorder);
    recording_ring_flush(engine->recording, true);
    engine_miss_components(engine);
    engine_hand_over(engine);
    teller_scan(engine->teller);
    teller_flush(engine->teller);
    engine_send_components(engine);
    engine_send_figures(engine);
}

/* ---- birth and death ---- */

struct engine_restore {
    struct engine *engine;
    struct journal_reader *reader;
    struct wall newest; /* when any state was recorded last; counters are with each count */
    struct carryover carryover;
    uint32_t restored, forgotten;
};

/* The site no longer has this alarm: if it is open it ends now, and is told to have. */
static void engine_end_alarm(struct engine *engine, const char *name,
                             const struct journal_alarm *recorded) {
    char quoted[512];
    if (!recorded->record.axes.open) {
        return;
    }
    int r = recorder_end_alarm(engine->recorder, name, &recorded->record, clock_wall());
    if (r != 0) {
        log_failure("alarm_not_ended", r, "an alarm without a rule is closed at the next start");
        return;
    }
    log_line(
        LOG_WARNING, "alarm_without_rule",
        "alarm=%s effect=\"its rule is no longer in the site: the alarm is closed, and whether "
        "the danger is over is not known\"",
        log_quote(name, quoted, sizeof quoted));
}

static void engine_restore_alarm(void *context, const char *name, struct journal_alarm *recorded) {
    struct engine_restore *restore = context;
    struct engine *engine = restore->engine;
    uint32_t alarm = site_alarm_find(engine->site, name);
    if (alarm == RULESET_NONE) {
        engine_end_alarm(engine, name, recorded);
        restore->forgotten += recorded->record.axes.open;
        return;
    }
    restore->newest.ns =
        recorded->at_wall.ns > restore->newest.ns ? recorded->at_wall.ns : restore->newest.ns;
    bool emergency = engine->site->ruleset.alarms[alarm].priority == PRIORITY_EMERGENCY;
    restore_life(recorded, engine->newest, engine_wall(engine), emergency);
    struct core_kept kept = core_restore(engine->core, alarm, &recorded->record, recorded->memories,
                                         recorded->memory_count, engine->newest);
    carryover_add(&restore->carryover, engine->site, alarm, &kept);
    core_restore_chain(engine->core, alarm, &recorded->chain, engine->newest);
    engine->alarms[alarm] = (struct alarm_decision){
        .value = recorded->value, .quality = recorded->quality, .changed = recorded->changed};
    struct journal_alarm *state = engine_alarm_state(engine, alarm);
    if (state != NULL) {
        teller_alarm(engine->teller, state);
        free(state);
    }
    notices_recover(&engine->notices, restore->reader, alarm, &recorded->chain);
    restore->restored++;
    if (kept.anew > 0 || kept.dropped > 0 || kept.delay_ended) {
        engine_record_alarm(engine, alarm); /* what was forgotten is not to be found again later */
    }
}

static bool engine_is_watched(void *context, const char *name) {
    const struct engine *engine = context;
    return site_alarm_find(engine->site, name) != RULESET_NONE;
}

/* The site no longer has the place of this test: it ends now, and is told to have. */
static void engine_end_test(struct engine *engine, const char *place) {
    char quoted[512];
    int r = recorder_end_test(engine->recorder, place, clock_wall());
    if (r != 0) {
        log_failure("test_not_ended", r, "the end of a test without a place is not told");
    }
    engine->standing.changed = true;
    log_line(LOG_WARNING, "test_without_place",
             "place=%s effect=\"it is no longer in the site, which ends its test\"",
             log_quote(place, quoted, sizeof quoted));
}

static void engine_restore_test(void *context, const struct journal_standing *recorded,
                                const struct journal_test *test) {
    struct engine *engine = context;
    uint32_t place = site_place_find(engine->site, test->place);
    if (place == RULESET_NONE) {
        engine_end_test(engine, test->place);
        return;
    }
    standing_restore_test(&engine->standing, place, recorded, test, engine->newest, clock_wall());
}

/* What stood beside the alarms; before them, for they ask whether their place is under test. */
static int engine_restore_standing(struct engine *engine) {
    struct journal *journal = recorder_journal(engine->recorder);
    struct flood_record flood;
    int r = journal_flood(journal, &flood);
    if (r == 0) {
        core_restore_flood(engine->core, &flood, engine->newest);
        r = journal_tests(journal, engine_restore_test, engine);
    }
    return r == 0 ? 0 : err_trace(r);
}

static int engine_allocate(struct engine *engine) {
    int r = silences_init(&engine->silences, &engine->site->ruleset, clock_rate());
    if (r != 0) {
        return err_trace(r);
    }
    const struct ruleset *ruleset = &engine->silences.ruleset;
    void *block = calloc(1, core_size(ruleset));
    engine->events = calloc(core_events_max(ruleset), sizeof *engine->events);
    engine->alarms = calloc((size_t)ruleset->alarm_count + 1, sizeof *engine->alarms);
    engine->calendar = calendar_of_site(engine->site, zone_east_s);
    if (block == NULL || engine->events == NULL || engine->alarms == NULL ||
        calendar_told_init(&engine->calendar_told, &engine->calendar) != 0) {
        free(block);
        return err_origin(-ENOMEM);
    }
    engine->core = core_init(block, ruleset, engine_now(engine));
    notices_init(&engine->notices, engine->site);
    r = standing_init(&engine->standing, engine->site, engine->core);
    if (r != 0) {
        return err_trace(r);
    }
    engine->uplink_connected = TRUTH_UNKNOWN;
    r = err_trace(switchboard_init(&engine->switchboard, engine->site, engine->core));
    return r == 0 ? err_trace(marks_init(&engine->unrecorded, ruleset->alarm_count)) : r;
}

static int engine_timers(struct engine *engine) {
    const struct timeval second = {.tv_sec = 1};
    struct event_base *base = engine->process->base;
    engine->tick = event_new(base, -1, 0, engine_ticked, engine);
    engine->boundary = event_new(base, -1, 0, engine_boundary, engine);
    engine->points = event_new(base, -1, 0, engine_points_due, engine);
    engine->second = event_new(base, -1, EV_PERSIST, engine_second, engine);
    if (engine->tick == NULL || engine->boundary == NULL || engine->points == NULL ||
        engine->second == NULL || event_add(engine->second, &second) != 0) {
        return err_origin(-ENOMEM);
    }
    return 0;
}

/* Give the core its recorded life back, and say what of it could not be. */
static int engine_restore(struct engine *engine, struct engine_restore *restore) {
    int r = carryover_init(&restore->carryover, engine->site);
    if (r == 0) {
        r = journal_reader_new(site_text(engine->site, engine->site->header->state_directory),
                               &restore->reader);
    }
    if (r == 0) {
        r = engine_restore_standing(engine);
    }
    if (r == 0) {
        r = journal_alarms(recorder_journal(engine->recorder), engine_restore_alarm, restore);
    }
    if (r == 0) {
        (void)carryover_tell(&restore->carryover, engine->site);
        int forgotten =
            journal_forget(recorder_journal(engine->recorder), engine_is_watched, engine);
        if (forgotten != 0) {
            log_failure("past_not_forgotten", forgotten,
                        "a rule that was removed and comes back would remember too much");
        }
    }
    (void)journal_reader_free(restore->reader);
    carryover_deinit(&restore->carryover);
    return r == 0 ? 0 : err_trace(r);
}

/* Give the core its recorded life back, then its first inputs. */
static int engine_begin(struct engine *engine) {
    struct engine_restore restore = {.engine = engine};
    struct journal *journal = recorder_journal(engine->recorder);
    int r = engine_restore(engine, &restore);
    if (r == 0) {
        r = recorder_start(engine->recorder);
    }
    if (r != 0) {
        return err_trace(r);
    }
    /* A levelling that was due while the gateway was away is made up for. */
    struct wall before_wall = restore.newest.ns > 0 ? restore.newest : clock_wall();
    calendar_told_levelled(&engine->calendar_told, &engine->calendar, before_wall);
    engine->drift_ns = clock_wall().ns - (int64_t)clock_instant().ns;
    roster_init(&engine->roster, engine->site->header->component_count, clock_real_ns());
    if (recording_ring_is_due(engine->recording)) {
        engine_begin_recording(engine);
    }
    engine_apply_state(engine, INPUT_START, 0, TRUTH_TRUE);
    uint64_t before = journal_generation_before(journal);
    if (before != 0 && before != engine->site->header->generation) {
        engine_apply_state(engine, INPUT_CONFIGURATION, 0, TRUTH_TRUE);
    }
    engine_apply_state(engine, INPUT_STORAGE, 0,
                       recorder_is_well(engine->recorder) ? TRUTH_TRUE : TRUTH_FALSE);
    engine_follow_calendar(engine);
    engine_hand_over(engine);
    log_line(LOG_NOTICE, "engine_started",
             "boot=%s newest_seq=%" PRIu64
             " restored=%u forgotten=%u memories_kept=%u memories_anew=%u memories_dropped=%u",
             journal_boot(journal), journal_newest(journal), restore.restored, restore.forgotten,
             restore.carryover.kept, restore.carryover.anew, restore.carryover.dropped);
    return 0;
}

static int engine_open(struct engine *engine) {
    static const struct recorder_callbacks recording = {
        engine_event_told, engine_alarm_recorded, engine_told_early,
        engine_settled,    engine_storage,        engine_renewed,
    };
    static const struct engine_peer_callbacks wire = {
        engine_joined,
        engine_receive,
        engine_writable,
        engine_left,
    };
    struct process *process = engine->process;
    int r = engine_allocate(engine);
    if (r == 0) {
        r = engine_timers(engine);
    }
    if (r == 0) {
        r = recorder_new(engine->site,
                         site_text(engine->site, engine->site->header->state_directory),
                         process->base, &recording, engine, &engine->recorder);
    }
    if (r == 0) {
        r = recording_ring_new(engine->site, engine->site->header->recordings_size,
                               &engine->recording);
    }
    if (r == 0) {
        r = teller_new(engine->site, engine->core, engine->recorder, &engine->teller);
    }
    if (r == 0) {
        r = engine_peers_new(process, &wire, engine, &engine->peers);
    }
    if (r == 0) {
        r = engine_begin(engine);
    }
    return r == 0 ? 0 : err_trace(r);
}

static void engine_close(struct engine *engine) {
    struct event *const timers[] = {engine->tick, engine->second, engine->boundary, engine->points};
    engine->recording = recording_ring_free(engine->recording);
    engine->recorder = recorder_free(engine->recorder);
    engine->peers = engine_peers_free(engine->peers);
    engine->teller = teller_free(engine->teller);
    for (size_t i = 0; i < sizeof timers / sizeof *timers; i++) {
        if (timers[i] != NULL) {
            event_free(timers[i]);
        }
    }
    marks_deinit(&engine->unrecorded);
    switchboard_deinit(&engine->switchboard);
    notices_deinit(&engine->notices);
    standing_deinit(&engine->standing);
    calendar_told_deinit(&engine->calendar_told);
    free(engine->alarms);
    free(engine->events);
    free(engine->core);
    silences_deinit(&engine->silences);
    free(engine);
}

int engine_run(struct process *process) {
    struct engine *engine = calloc(1, sizeof *engine);
    if (engine == NULL) {
        return err_origin(-ENOMEM);
    }
    engine->process = process;
    engine->site = &process->site;
    int r = engine_open(engine);
    if (r == 0) {
        process_ready(process);
        r = process_loop(process);
    }
    engine_close(engine);
    return r == 0 ? 0 : err_trace(r);
}
