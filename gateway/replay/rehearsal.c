/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/replay/rehearsal.h"

#include <stdlib.h>
#include <string.h>

#include "gateway/zone.h"

enum { CHANGED_BATCH = 64 };

static int rehearsal_allocate(struct rehearsal *rehearsal) {
    const struct ruleset *ruleset = &rehearsal->silences.ruleset;
    rehearsal->block = calloc(1, core_size(ruleset));
    rehearsal->step.events = calloc(core_events_max(ruleset), sizeof *rehearsal->step.events);
    rehearsal->calendar = calendar_of_site(rehearsal->site, zone_east_s);
    return rehearsal->block != NULL && rehearsal->step.events != NULL
               ? calendar_told_init(&rehearsal->calendar_told, &rehearsal->calendar)
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
    rehearsal->core = core_init(rehearsal->block, &rehearsal->silences.ruleset, now);
    return 0;
}

void rehearsal_deinit(struct rehearsal *rehearsal) {
    calendar_told_deinit(&rehearsal->calendar_told);
    free(rehearsal->step.events);
    free(rehearsal->block);
    silences_deinit(&rehearsal->silences);
    *rehearsal = (struct rehearsal){.site = NULL};
}

void rehearsal_watch_device(struct rehearsal *rehearsal, uint32_t device) {
    rehearsal->silences.devices[device].silence_ns =
        rehearsal->site->ruleset.devices[device].silence_ns;
}

void rehearsal_watch_point(struct rehearsal *rehearsal, uint32_t point) {
    rehearsal->silences.points[point].silence_ns =
        rehearsal->site->ruleset.points[point].silence_ns;
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
    const struct event_context context =
        event_context_of(rehearsal->site, rehearsal->core, rehearsal->input, event);
    event_json_format(rehearsal->site, event, &context, &json);
    rehearsal->told(rehearsal->context, rehearsal, event, &json);
}

void rehearsal_take(struct rehearsal *rehearsal, const struct input *input) {
    uint32_t changed[CHANGED_BATCH];
    if (rehearsal->heard != NULL) {
        rehearsal->heard(rehearsal->context, input);
    }
    core_step(rehearsal->core, input, &rehearsal->step);
    rehearsal->input = input;
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
                            enum input_kind kind, uint32_t subject, enum truth state) {
    const struct input input = {
        .at = at, .wall = wall, .kind = kind, .subject = subject, .state = state};
    rehearsal_take(rehearsal, &input);
}

/* A look at the calendar. */
struct rehearsal_look {
    struct rehearsal *rehearsal;
    struct instant at;
    struct wall wall;
};

static void rehearsal_tell_calendar(void *context, enum input_kind kind, uint32_t subject,
                                    enum truth state) {
    const struct rehearsal_look *look = context;
    rehearsal_state(look->rehearsal, look->at, look->wall, kind, subject, state);
}

void rehearsal_look(struct rehearsal *rehearsal, struct instant at, struct wall wall) {
    struct rehearsal_look look = {rehearsal, at, wall};
    calendar_tell(&rehearsal->calendar, &rehearsal->calendar_told, wall, rehearsal_tell_calendar,
                  &look);
    rehearsal->boundary = calendar_next(&rehearsal->calendar, wall);
}

static void rehearsal_all_well(struct rehearsal *rehearsal, struct instant at, struct wall wall,
                               enum input_kind kind, uint32_t count) {
    for (uint32_t i = 0; i < count; i++) {
        rehearsal_state(rehearsal, at, wall, kind, i, TRUTH_TRUE);
    }
}

void rehearsal_begin(struct rehearsal *rehearsal, struct instant at, struct wall wall) {
    const struct ruleset *ruleset = &rehearsal->site->ruleset;
    rehearsal_all_well(rehearsal, at, wall, INPUT_START, 1);
    rehearsal_all_well(rehearsal, at, wall, INPUT_STORAGE, 1);
    rehearsal_all_well(rehearsal, at, wall, INPUT_UPLINK, 1);
    rehearsal_all_well(rehearsal, at, wall, INPUT_CERTIFICATE, CERTIFICATE_COUNT);
    rehearsal_all_well(rehearsal, at, wall, INPUT_COMPONENT, ruleset->component_count);
    rehearsal_all_well(rehearsal, at, wall, INPUT_DEVICE, ruleset->device_count);
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
