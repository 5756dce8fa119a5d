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
#include <inttypes.h>
#include <stdlib.h>

#include "gateway/engine/engine_parts.h"
#include "gateway/zone.h"

enum {
    /* Alarms whose record changed, taken from the core at a time. */
    CHANGED_BATCH = 64,
};

/* ---- stepping the core ---- */

void engine_arm(struct event *timer, uint64_t real_ns) {
    const struct timeval wait = {.tv_sec = (time_t)(real_ns / NS_PER_S),
                                 .tv_usec = (suseconds_t)(real_ns % NS_PER_S / 1000 + 1)};
    (void)event_add(timer, &wait);
}

struct instant engine_now(struct engine *engine) {
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
struct wall engine_wall(const struct engine *engine) {
    uint64_t since_ns = clock_instant().ns - engine->newest.ns;
    return (struct wall){clock_wall().ns - (int64_t)since_ns};
}

/* Give an event to the recorder; `ret_event` may be NULL. An event that no memory is left for is
 * told. */
static void engine_record_event(struct engine *engine, const struct input *input,
                                const struct core_event *event,
                                const struct journal_event **ret_event) {
    const struct event_context context = event_context_of(engine->core, input, event);
    if (event->alarm != RULESET_NONE) {
        engine->alarms[event->alarm] = (struct alarm_decision){
            .value = event->value, .quality = (uint32_t)event->quality, .changed = event->wall};
    }
    uint64_t kept_back;
    engine->event_count++;
    standing_follow(&engine->standing, event);
    if (recorder_add(engine->recorder, event, &context, ret_event) == 0) {
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
    engine->stepped = input->at;
    recording_ring_add(engine->recording, input);
    core_step(engine->core, input, &step);
    engine->standing.changed |= core_trips_turned(engine->core);
    switchboard_follow(&engine->switchboard, engine->peers); /* before anything is recorded */
    for (uint32_t i = 0; i < step.event_count; i++) {
        engine_record_event(engine, input, &step.events[i], i == 0 ? ret_first : NULL);
    }
    return step.refusal;
}

/*
 * What the core wanted to be woken for before comes first, at its own instant, also when the timer for
 * it is late: what had been held for long enough must not be missed because the reading that ends it was
 * read first.
 */
enum command_refusal engine_apply_at(struct engine *engine, struct instant at, struct input *input,
                                     const struct journal_event **ret_first) {
    struct instant due = core_deadline(engine->core);
    while (input->kind != INPUT_TICK && input->kind != INPUT_START && instant_reached(at, due)) {
        const struct input tick = {.kind = INPUT_TICK, .at = due, .wall = clock_wall()};
        (void)engine_step(engine, &tick, NULL);
        due = core_deadline(engine->core);
    }
    input->at = at;
    input->wall = clock_wall();
    return engine_step(engine, input, ret_first);
}

/*
 * Step the core with `input`, whose kind and contents are set, now. Returns why a command was
 * refused, and sets `ret_first`, which may be NULL, to the first event if there was one.
 */
enum command_refusal engine_apply(struct engine *engine, struct input *input,
                                  const struct journal_event **ret_first) {
    if (input->kind != INPUT_CLOCK_STEP && input->kind != INPUT_START) {
        engine_watch_clock(engine); /* what happens after a step is not to be told before it */
    }
    engine_bridge_standstill(engine);
    return engine_apply_at(engine, engine_now(engine), input, ret_first);
}

/* The present state of one alarm, as the journal keeps it. NULL without memory. */
struct journal_alarm *engine_alarm_state(struct engine *engine, uint32_t alarm) {
    return alarm_state_new(engine->core, alarm, engine->site->ruleset.alarms[alarm].memory_count,
                           &engine->alarms[alarm], engine->newest, engine_wall(engine));
}

void engine_record_alarm(struct engine *engine, uint32_t alarm) {
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

/*
 * Likewise what stands beside the alarms. Without memory it is tried with the next hand-over. The console
 * hears of it before the answer to the command that changed it: nobody reads of a test that is over.
 */
static void engine_record_standing(struct engine *engine) {
    struct journal_standing *state =
        standing_state_new(&engine->standing, engine->newest, engine_wall(engine));
    uint64_t kept_back;
    if (state != NULL) {
        engine->standing.changed = false;
        recorder_add_standing(engine->recorder, state);
        engine_send_components(engine);
    } else if (log_permit(&engine->memory_limiter, &kept_back)) {
        log_line(LOG_ERROR, "state_lost",
                 "effect=\"no memory: tests are not recorded, a restart would call people for "
                 "them\"");
    }
}

/* Let the recording begin a new segment when it wants to. The core has nothing left to report. */
void engine_begin_recording(struct engine *engine) {
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

void engine_record_changed(struct engine *engine) {
    uint32_t changed[CHANGED_BATCH];
    uint32_t count;
    while ((count = core_changed(engine->core, changed, CHANGED_BATCH)) > 0) {
        for (uint32_t i = 0; i < count; i++) {
            engine_record_alarm(engine, changed[i]);
        }
    }
}

/* Hand over what the last inputs brought, and wake up for what the core wants next. */
void engine_hand_over(struct engine *engine) {
    engine_record_changed(engine);
    if (engine->standing.changed) {
        engine_record_standing(engine);
    }
    engine->ticket = recorder_submit(engine->recorder);
    engine_hand_over_losses(engine);
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
void engine_apply_state(struct engine *engine, enum input_kind kind, uint32_t subject,
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
void engine_follow_calendar(struct engine *engine) {
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

void engine_tell_step(struct engine *engine, int64_t step_ns) {
    struct input input = {.kind = INPUT_CLOCK_STEP, .step_ns = step_ns};
    (void)engine_apply(engine, &input, NULL);
    if (step_ns < 0 && core_clock_behind_ns(engine->core, engine->newest) == 0) {
        standing_mend_clock(&engine->standing, (struct wall){engine_wall(engine).ns - step_ns});
    }
    log_line(LOG_WARNING, "clock_stepped",
             "step_ms=%" PRId64
             " effect=\"timers and delays go on unmoved; opening hours follow the new time\"",
             step_ns / (int64_t)NS_PER_MS);
}

/* Was the wall clock set? Then the core is told, and the calendar is looked at anew. */
void engine_watch_clock(struct engine *engine) {
    int64_t drift_ns = clock_wall().ns - (int64_t)clock_instant().ns;
    int64_t step_ns = drift_ns - engine->drift_ns;
    engine->drift_ns = drift_ns;
    if (step_ns > -ENGINE_STEP_NS && step_ns < ENGINE_STEP_NS) {
        return;
    }
    engine_tell_step(engine, step_ns);
    engine_follow_calendar(engine);
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

/* The disk has answered: it has taken what it was tried with, or failed. */
static void engine_settle_disk(struct engine *engine, uint64_t ticket) {
    if (engine->disk_ticket != 0 &&
        (ticket >= engine->disk_ticket || !recorder_is_recording(engine->recorder))) {
        engine->disk_ticket = 0;
        process_disk_answers();
    }
}

static void engine_settled(void *context, uint64_t ticket) {
    struct engine *engine = context;
    engine->settled = ticket;
    engine_settle_losses(engine, ticket);
    engine_settle_disk(engine, ticket);
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
            : "effect=\"alarms go out at once, though not recorded first, not kept long, or not signed; "
              "the lines of the journal before this one say which, and what to do\"");
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
    r = present_new(engine->site, ruleset, engine->core, &engine->present);
    if (r != 0) {
        return err_trace(r);
    }
    engine->uplink_connected = TRUTH_UNKNOWN;
    engine->uplink_delivers = TRUTH_UNKNOWN;
    r = err_trace(switchboard_init(&engine->switchboard, engine->site, engine->core));
    return r == 0 ? err_trace(marks_init(&engine->unrecorded, ruleset->alarm_count)) : r;
}

/* The recording's thread has time again: what events came of meanwhile is not to wait for a second. */
static void engine_recording_written(evutil_socket_t fd, short what, void *context) {
    struct engine *engine = context;
    (void)fd;
    (void)what;
    recording_ring_written(engine->recording);
}

static int engine_open_recording(struct engine *engine) {
    int r =
        recording_ring_new(engine->site, engine->site->header->recordings_size, &engine->recording);
    if (r != 0 || recording_ring_fd(engine->recording) < 0) {
        return r == 0 ? 0 : err_trace(r);
    }
    engine->written = event_new(engine->process->base, recording_ring_fd(engine->recording),
                                EV_READ | EV_PERSIST, engine_recording_written, engine);
    return engine->written != NULL && event_add(engine->written, NULL) == 0 ? 0
                                                                            : err_origin(-ENOMEM);
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

/*
 * The supervisor asks before it ends this engine: one that ends while the disk hangs has to wait for the
 * disk and watches nothing meanwhile. What stands beside the alarms is written once more.
 */
static void engine_try_disk(void *context) {
    struct engine *engine = context;
    if (engine->disk_ticket == 0) {
        engine->standing.changed = true;
        engine_hand_over(engine);
        engine->disk_ticket = engine->ticket;
    }
}

/* The supervisor says that a changed site is wrong. */
static void engine_refused(void *context) {
    struct engine *engine = context;
    engine->site_refused = true;
    engine_apply_state(engine, INPUT_CONFIGURATION, 0, TRUTH_FALSE);
    engine_hand_over(engine);
}

/* … and that it is right again: what it says has been in force all the time. */
static void engine_mended(void *context) {
    struct engine *engine = context;
    struct input taken = {.kind = INPUT_CONFIGURATION,
                          .state = TRUTH_TRUE,
                          .generation = engine->site->header->generation};
    engine->site_refused = false;
    (void)engine_apply(engine, &taken, NULL);
    engine_hand_over(engine);
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
        r = engine_open_recording(engine);
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
    if (r == 0) {
        process_on_word(process, PROCESS_REFUSED, engine_refused, engine);
        process_on_word(process, PROCESS_MENDED, engine_mended, engine);
        process_on_word(process, PROCESS_LOSSES, engine_hear_losses, engine);
        process_on_word(process, PROCESS_TRY_DISK, engine_try_disk, engine);
    }
    return r == 0 ? 0 : err_trace(r);
}

/* Leave what the points said last to the next engine; see present.h. */
static void engine_leave_present(struct engine *engine) {
    struct journal_present *state =
        present_state_new(engine->present, engine_now(engine), engine_wall(engine));
    if (state == NULL) {
        log_line(LOG_ERROR, "values_not_left",
                 "effect=\"no memory: points that are not polled are unknown after the next start "
                 "until their next message\"");
        return;
    }
    recorder_add_present(engine->recorder, state);
    (void)recorder_submit(engine->recorder);
}

static void engine_close(struct engine *engine) {
    struct event *const timers[] = {engine->tick, engine->second, engine->boundary, engine->points};
    if (engine->written != NULL) {
        event_free(engine->written); /* before its descriptor is closed */
    }
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
    engine->present = present_free(engine->present);
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
    engine->site_refused = process->site_refused;
    int r = engine_open(engine);
    if (r == 0) {
        process_ready(process);
        r = process_loop(process);
        engine_peers_drain(engine->peers);
        engine_leave_present(engine);
    }
    engine_close(engine);
    return r == 0 ? 0 : err_trace(r);
}
