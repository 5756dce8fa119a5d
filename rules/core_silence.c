/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Who has not been heard for too long
 *
 * A device that falls silent is lost, and its points are stale with it: one cause, one alarm. A point that
 * speaks for itself has a silence of its own. A timer is set once and looks when it comes whether it
 * was heard since, so that a reading costs no timer.
 */
#include <assert.h>

#include "rules/core_state.h"

bool core_point_speaks(const struct core *core, uint32_t point) {
    const struct ruleset_point *site = &core->ruleset->points[point];
    enum point_form form = point_kind_facts((enum point_kind)site->kind)->form;
    return site->silence_ns > 0 && form != POINT_FORM_EVENT && form != POINT_FORM_OUTPUT;
}

/*
 * Is the point's own silence watched? Not while its device is lost, or has not been heard yet and
 * will be missed itself: one cause, one alarm.
 */
static bool core_point_is_watched(const struct core *core, uint32_t point) {
    uint32_t device = core->ruleset->points[point].device;
    uint8_t lost = core->devices[device].lost;
    return core_point_speaks(core, point) &&
           core->points[point].quality != QUALITY_OUT_OF_SERVICE &&
           (lost == TRUTH_FALSE ||
            (lost == TRUTH_UNKNOWN && core->ruleset->devices[device].silence_ns == 0));
}

void core_watch_point(struct core *core, uint32_t point, uint64_t age_ns, struct instant now) {
    uint32_t timer = core_point_timer(core, point);
    if (!timers_is_running(&core->timers, timer) && core_point_is_watched(core, point)) {
        uint64_t silence_ns = core->ruleset->points[point].silence_ns;
        assert(age_ns < silence_ns); /* else it is stale, and not waited for */
        timers_set(&core->timers, timer, instant_after(now, silence_ns - age_ns));
    }
}

void core_watch_device(struct core *core, uint32_t device, struct instant now) {
    uint32_t timer = core_device_timer(core, device);
    uint64_t silence_ns = core->ruleset->devices[device].silence_ns;
    if (silence_ns > 0 && !timers_is_running(&core->timers, timer)) {
        timers_set(&core->timers, timer, instant_after(now, silence_ns));
    }
}

static void core_point_stale(struct core *core, uint32_t point, struct instant now) {
    struct point_state *state = &core->points[point];
    if (state->quality != QUALITY_STALE) {
        state->quality = QUALITY_STALE;
        state->changed = now;
    }
    if (state->known == POINT_UNHEARD) {
        state->known = POINT_MISSED;
    }
    core_touch_point(core, point);
}

void core_device_lose(struct core *core, uint32_t device, struct instant now) {
    if (core->devices[device].lost == TRUTH_TRUE) {
        return;
    }
    core->devices[device].lost = TRUTH_TRUE;
    timers_set(&core->timers, core_device_timer(core, device), INSTANT_NEVER);
    core_touch_builtin(core, BUILTIN_DEVICE_LOST, device);
    for (uint32_t point = core->devices[device].point_first; point != RULESET_NONE;
         point = core->points[point].beside) {
        timers_set(&core->timers, core_point_timer(core, point), INSTANT_NEVER);
        core->points[point].fault = TRUTH_UNKNOWN;
        core_point_stale(core, point, now);
    }
}

bool core_point_is_moments(const struct core *core, uint32_t point) {
    enum point_kind kind = (enum point_kind)core->ruleset->points[point].kind;
    return point_kind_facts(kind)->form == POINT_FORM_EVENT;
}

/*
 * An event point has no value that could be too old: while its device is there, or is one that is
 * silent until it has something to say, nothing is missed of it.
 */
void core_point_expect(struct core *core, uint32_t point, struct instant now) {
    struct point_state *state = &core->points[point];
    if (state->quality != QUALITY_STALE) {
        return;
    }
    uint32_t device = core->ruleset->points[point].device;
    uint8_t lost = core->devices[device].lost;
    bool there = lost == TRUTH_FALSE ||
                 (lost == TRUTH_UNKNOWN && core->ruleset->devices[device].silence_ns == 0);
    if (there && core_point_is_moments(core, point)) {
        state->quality = QUALITY_GOOD;
        state->changed = now;
    }
}

void core_device_hear(struct core *core, uint32_t device, struct instant now) {
    struct core_device *state = &core->devices[device];
    state->heard = now;
    core_watch_device(core, device, now);
    if (state->lost == TRUTH_FALSE) {
        return;
    }
    state->lost = TRUTH_FALSE;
    core_touch_builtin(core, BUILTIN_DEVICE_LOST, device);
    for (uint32_t point = state->point_first; point != RULESET_NONE;
         point = core->points[point].beside) {
        core_point_expect(core, point, now);
        core_watch_point(core, point, 0, now);
        core_touch_point(core, point);
    }
}

/*
 * Nobody could be heard: a device that was there is not blamed for it, and is waited for from now on. One
 * that is lost stays so until it answers.
 */
void core_excuse_devices(struct core *core, struct instant now) {
    for (uint32_t device = 0; device < core->ruleset->device_count; device++) {
        if (core->devices[device].lost != TRUTH_TRUE) {
            core->devices[device].heard = now;
        }
    }
}

/* A device's timer has come: it is lost, or was heard since the timer was set. */
void core_device_due(struct core *core, uint32_t device, struct instant now) {
    struct instant due =
        instant_after(core->devices[device].heard, core->ruleset->devices[device].silence_ns);
    if (instant_reached(now, due)) {
        core_device_lose(core, device, now);
    } else {
        timers_set(&core->timers, core_device_timer(core, device), due);
    }
}

/* Likewise a point's. One that is stale already was waited for in vain. */
void core_point_due(struct core *core, uint32_t point, struct instant now) {
    const struct point_state *state = &core->points[point];
    uint64_t silence_ns = core->ruleset->points[point].silence_ns;
    uint64_t age_ns = point_age_ns(state, now);
    if (!core_point_is_watched(core, point)) {
        return;
    } else if (state->quality != QUALITY_STALE && age_ns < silence_ns) {
        timers_set(&core->timers, core_point_timer(core, point),
                   instant_after(now, silence_ns - age_ns));
        return;
    }
    core->points[point].fault = TRUTH_TRUE;
    core_point_stale(core, point, now);
}
