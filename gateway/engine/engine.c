/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The engine: readings in, decisions made, recorded, told
 *
 *     field ──▶ engine_receive ──▶ engine_apply ──▶ core_step ──▶ recorder ──▶ journal's writer
 *                                                                                  │ committed
 *     uplink, console ◀── teller ◀── recorder's callbacks ◀────────────────────────┘
 *
 * One loop owns all of it; engine_parts.h says which file holds which part of the way. Nothing on the way
 * from a reading to the writer waits for a timer. Here the engine is put together and taken apart, and does
 * what the supervisor tells it.
 *
 * At the start the journal's alarms are given back to the core before anything else is heard.
 */
#include <stdlib.h>

#include "gateway/engine/engine_parts.h"
#include "gateway/zone.h"

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
        r = truths_init(&engine->truths, engine->core, engine->site->ruleset.alarm_count);
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
    truths_deinit(&engine->truths);
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
