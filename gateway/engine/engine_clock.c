/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The calendar and the wall clock: the core has neither, and is told what they say
 */
#include <inttypes.h>

#include "gateway/engine/engine_parts.h"

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

void engine_boundary(evutil_socket_t fd, short what, void *context) {
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
