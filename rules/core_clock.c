/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Whether the wall clock can be trusted
 *
 * The core reads no clock, but hears of each step that the wall clock makes. One that was set back
 * shows a time that was before: what is recorded now seems older than what happened before it, and
 * opening hours and shifts come twice. So it is not trusted until it is past the newest time that it had
 * shown. Wall time and instants run alike, so that moment is known, and a step forward brings it nearer.
 *
 * Two things are no reason. A step back of up to CLOCK_BACK_NS is how a clock is kept right; it is only
 * told. And a step back that takes back what a step forward set ahead within CORE_CLOCK_AHEAD_NS is a mistake
 * that was mended: the time in between was the wrong one. What it shows at the start counts as such a step
 * from the newest time known from before. A step forward alone is told and believed; nobody can know which of
 * both times was right, and delays count by instants all the same.
 */
#include "rules/core_state.h"

#define CLOCK_BACK_NS (60 * NS_PER_S)

/* Take `span_ns` from `*left_ns` as far as there is as much; return what is over. */
static uint64_t clock_take(uint64_t *left_ns, uint64_t span_ns) {
    uint64_t taken_ns = span_ns < *left_ns ? span_ns : *left_ns;
    *left_ns -= taken_ns;
    return span_ns - taken_ns;
}

/* It shows a time so far behind the newest that it had shown. */
static void clock_fall_behind(struct core *core, uint64_t behind_ns, struct instant now) {
    struct core_clock *clock = &core->clock;
    clock->caught_up = instant_after(now, behind_ns);
    clock->lost = behind_ns > CLOCK_BACK_NS || (behind_ns > 0 && clock->lost != 0);
    timers_set(&core->timers, core_clock_timer(core),
               behind_ns > 0 ? clock->caught_up : INSTANT_NEVER);
}

static uint64_t clock_behind_ns(const struct core *core, struct instant now) {
    return instant_span_ns(now, core->clock.caught_up);
}

void core_clock_step(struct core *core, int64_t step_ns, struct instant now) {
    struct core_clock *clock = &core->clock;
    uint64_t behind_ns = clock_behind_ns(core, now);
    uint64_t ahead_ns = instant_span_ns(now, clock->ahead_until) > 0 ? clock->ahead_ns : 0;
    if (step_ns >= 0) {
        uint64_t over_ns = clock_take(&behind_ns, (uint64_t)step_ns);
        ahead_ns += over_ns;
        clock->ahead_until =
            over_ns > 0 ? instant_after(now, CORE_CLOCK_AHEAD_NS) : clock->ahead_until;
    } else {
        behind_ns += clock_take(&ahead_ns, 0 - (uint64_t)step_ns);
    }
    clock->ahead_ns = ahead_ns;
    clock_fall_behind(core, behind_ns, now);
    core_touch_builtin(core, BUILTIN_CLOCK, 0);
}

void core_clock_due(struct core *core, struct instant now) {
    clock_fall_behind(core, clock_behind_ns(core, now), now);
    core_touch_builtin(core, BUILTIN_CLOCK, 0);
}

uint64_t core_clock_behind_ns(const struct core *core, struct instant now) {
    return core->clock.lost != 0 ? clock_behind_ns(core, now) : 0;
}

void core_restore_clock_ahead(struct core *core, uint64_t ahead_ns, struct instant now) {
    core->clock.ahead_ns = ahead_ns;
    core->clock.ahead_until = instant_after(now, CORE_CLOCK_AHEAD_NS);
}

void core_restore_clock(struct core *core, uint64_t behind_ns, struct instant now) {
    core->clock.lost = true;                 /* unless it is not behind at all */
    clock_fall_behind(core, behind_ns, now); /* the start looks at every alarm */
}
