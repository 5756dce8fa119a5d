/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Every input through the core, and what comes of it into the journal
 *
 * Every input passes engine_apply(), which steps the core and collects what it says; engine_hand_over()
 * then gives the events, with the alarm states that follow from them, to the journal in one piece, so
 * that both are recorded in one transaction or not at all.
 */
#include "gateway/engine/engine_parts.h"

enum {
    /* Alarms whose record changed, taken from the core at a time. */
    CHANGED_BATCH = 64,
};

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
    const struct event_context context = event_context_of(engine->site, engine->core, input, event);
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
        index_set_add(&engine->unrecorded, alarm);
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

void engine_ticked(evutil_socket_t fd, short what, void *context) {
    struct engine *engine = context;
    (void)fd;
    (void)what;
    engine_apply_state(engine, INPUT_TICK, 0, TRUTH_UNKNOWN);
    engine_hand_over(engine);
}
