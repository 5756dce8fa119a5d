/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/replay/rehearsal.h"

#include <stdlib.h>
#include <string.h>

#include "gateway/engine/zone.h"

enum { CHANGED_BATCH = 64 };

static int rehearsal_allocate(struct rehearsal *rehearsal) {
    const struct ruleset *ruleset = &rehearsal->silences.ruleset;
    rehearsal->block = calloc(1, core_size(ruleset));
    rehearsal->step.events = calloc(core_events_max(ruleset), sizeof *rehearsal->step.events);
    rehearsal->open_told = calloc((size_t)ruleset->calendar_count + 1, 1);
    rehearsal->between_told = calloc((size_t)ruleset->between_count + 1, 1);
    rehearsal->duty_told = calloc((size_t)ruleset->shift_count + 1, 1);
    return rehearsal->block != NULL && rehearsal->step.events != NULL &&
                   rehearsal->open_told != NULL && rehearsal->between_told != NULL &&
                   rehearsal->duty_told != NULL
               ? 0
               : err_origin(-ENOMEM);
}

int rehearsal_init(struct rehearsal *rehearsal, const struct site *site, uint32_t rate,
                   struct instant now, rehearsal_told *told, void *context) {
    *rehearsal = (struct rehearsal){.site = site, .told = told, .context = context, .newest = now};
    int r = rate == REHEARSAL_NO_SILENCE
                ? silences_lift(&rehearsal->silences, &site->ruleset)
                : silences_init(&rehearsal->silences, &site->ruleset, rate);
    if (r == 0) {
        r = rehearsal_allocate(rehearsal);
    }
    if (r != 0) {
        rehearsal_deinit(rehearsal);
        return err_trace(r);
    }
    const struct ruleset *ruleset = &rehearsal->silences.ruleset;
    rehearsal->core = core_init(rehearsal->block, ruleset, now);
    memset(rehearsal->open_told, TRUTH_UNKNOWN, ruleset->calendar_count);
    memset(rehearsal->between_told, TRUTH_UNKNOWN, ruleset->between_count);
    memset(rehearsal->duty_told, TRUTH_UNKNOWN, ruleset->shift_count);
    rehearsal->weekday_told = TRUTH_UNKNOWN;
    rehearsal->calendar = calendar_of_site(site, zone_east_s);
    return 0;
}

void rehearsal_deinit(struct rehearsal *rehearsal) {
    free(rehearsal->duty_told);
    free(rehearsal->between_told);
    free(rehearsal->open_told);
    free(rehearsal->step.events);
    free(rehearsal->block);
    silences_deinit(&rehearsal->silences);
    *rehearsal = (struct rehearsal){.site = NULL};
}

bool rehearsal_resume(struct rehearsal *rehearsal, const void *core, size_t size) {
    const struct ruleset *ruleset = &rehearsal->silences.ruleset;
    if (core == NULL || size != core_size(ruleset)) {
        return false;
    }
    memcpy(rehearsal->block, core, size);
    rehearsal->core = core_resume(rehearsal->block, ruleset);
    return true;
}

bool rehearsal_is_at(const struct rehearsal *rehearsal, const void *core, size_t size) {
    if (core == NULL || size != core_size(&rehearsal->silences.ruleset)) {
        return false;
    }
    void *snapshot = malloc(size);
    if (snapshot == NULL) {
        return false;
    }
    core_snapshot(rehearsal->core, snapshot);
    bool same = memcmp(snapshot, core, size) == 0;
    free(snapshot);
    return same;
}

static void rehearsal_tell(struct rehearsal *rehearsal, const struct core_event *event) {
    struct event_json json;
    struct wall raised = event->alarm == RULESET_NONE
                             ? event->wall
                             : core_alarm(rehearsal->core, event->alarm)->raised;
    event_json_format(rehearsal->site, event, raised, &json);
    rehearsal->told(rehearsal->context, rehearsal, event, &json);
}

void rehearsal_take(struct rehearsal *rehearsal, const struct input *input) {
    uint32_t changed[CHANGED_BATCH];
    core_step(rehearsal->core, input, &rehearsal->step);
    rehearsal->newest = input->at;
    rehearsal->refusal = rehearsal->step.refusal;
    for (uint32_t i = 0; i < rehearsal->step.event_count; i++) {
        rehearsal_tell(rehearsal, &rehearsal->step.events[i]);
    }
    uint32_t count;
    while ((count = core_changed(rehearsal->core, changed, CHANGED_BATCH)) > 0) {
        for (uint32_t i = 0; rehearsal->changed != NULL && i < count; i++) {
            rehearsal->changed(rehearsal->context, rehearsal, changed[i], input->wall);
        }
    }
}

static void rehearsal_state(struct rehearsal *rehearsal, struct instant at, struct wall wall,
                            enum input_kind kind, uint32_t subject, uint8_t state) {
    const struct input input = {
        .at = at, .wall = wall, .kind = kind, .subject = subject, .state = (enum truth)state};
    rehearsal_take(rehearsal, &input);
}

void rehearsal_look(struct rehearsal *rehearsal, struct instant at, struct wall wall) {
    const struct calendar *calendar = &rehearsal->calendar;
    struct calendar_moment moment = calendar_moment(calendar, wall);
    for (uint32_t i = 0; i < calendar->calendar_count; i++) {
        uint8_t open = calendar_is_open(calendar, i, moment) ? TRUTH_TRUE : TRUTH_FALSE;
        if (rehearsal->open_told[i] != open) {
            rehearsal->open_told[i] = open;
            rehearsal_state(rehearsal, at, wall, INPUT_CALENDAR, i, open);
        }
    }
    for (uint32_t i = 0; i < calendar->between_count; i++) {
        uint8_t now = calendar_is_between(calendar, i, moment) ? TRUTH_TRUE : TRUTH_FALSE;
        if (rehearsal->between_told[i] != now) {
            rehearsal->between_told[i] = now;
            rehearsal_state(rehearsal, at, wall, INPUT_BETWEEN, i, now);
        }
    }
    for (uint32_t i = 0; i < calendar->shift_count; i++) {
        uint8_t duty = calendar_is_on_duty(calendar, i, moment) ? TRUTH_TRUE : TRUTH_FALSE;
        if (rehearsal->duty_told[i] != duty) {
            rehearsal->duty_told[i] = duty;
            rehearsal_state(rehearsal, at, wall, INPUT_SHIFT, i, duty);
        }
    }
    uint8_t weekday = calendar_is_weekday(moment) ? TRUTH_TRUE : TRUTH_FALSE;
    if (rehearsal->weekday_told != weekday) {
        rehearsal->weekday_told = weekday;
        rehearsal_state(rehearsal, at, wall, INPUT_WEEKDAY, 0, weekday);
    }
    rehearsal->boundary = calendar_next(calendar, wall);
}

/* The instant of the next boundary, seen from `at` where it is `wall`; never one that is past. */
static struct instant rehearsal_boundary_at(const struct rehearsal *rehearsal, struct instant at,
                                            struct wall wall) {
    if (rehearsal->boundary.ns > wall.ns) {
        return INSTANT_NEVER;
    }
    uint64_t ago_ns = (uint64_t)wall.ns - (uint64_t)rehearsal->boundary.ns;
    uint64_t room_ns = at.ns - rehearsal->newest.ns;
    return (struct instant){at.ns - (ago_ns < room_ns ? ago_ns : room_ns)};
}

void rehearsal_follow(struct rehearsal *rehearsal, struct instant at, struct wall wall) {
    for (;;) {
        struct instant tick = core_deadline(rehearsal->core);
        struct instant boundary = rehearsal_boundary_at(rehearsal, at, wall);
        struct instant next = instant_earlier(tick, boundary);
        if (next.ns > at.ns) {
            return;
        }
        struct wall then = {wall.ns - (int64_t)(at.ns - next.ns)};
        if (boundary.ns == next.ns) {
            struct wall look = {then.ns > rehearsal->boundary.ns ? then.ns
                                                                 : rehearsal->boundary.ns};
            rehearsal_look(rehearsal, next, look);
        } else {
            rehearsal_state(rehearsal, next, then, INPUT_TICK, 0, TRUTH_UNKNOWN);
        }
    }
}
