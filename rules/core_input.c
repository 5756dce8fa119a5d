/* SPDX-License-Identifier: Apache-2.0 */

/*
 * What an input does: it changes the picture that the core has of the site, and touches the alarms
 * that look at what changed
 *
 * Commands about an alarm wait until it has been evaluated.
 */
#include <assert.h>
#include <float.h>

#include "rules/core_state.h"
#include "rules/core_upkeep.h"
#include "rules/expr_range.h"

/* An older reading counts as so old: 146 years, for which more than as long may pass without harm. */
#define POINT_AGE_NS_MAX (UINT64_MAX / 4)

enum quality core_reading_quality(const struct reading *reading) {
    if (reading->quality >= QUALITY_COUNT) {
        return QUALITY_FAULT;
    }
    bool finite = reading->value >= -DBL_MAX && reading->value <= DBL_MAX;
    enum quality quality = (enum quality)reading->quality;
    return quality_usable(quality) && !finite ? QUALITY_FAULT : quality;
}

bool core_reading_is_moment(const struct core *core, const struct input *input) {
    const struct reading *reading = &input->reading;
    if (!core_point_is_moments(core, reading->point) ||
        core_reading_quality(reading) != QUALITY_GOOD) {
        return false; /* nobody knows when an uncertain one was */
    }
    uint64_t arrived_ns = (uint64_t)input->wall.ns;
    uint64_t measured_ns = (uint64_t)reading->measured.ns;
    uint64_t off_ns =
        input->wall.ns > reading->measured.ns ? arrived_ns - measured_ns : measured_ns - arrived_ns;
    return off_ns <= LIMIT_MOMENT_OFF_S * NS_PER_S;
}

/* A guard's reader may keep its scans until it is brought in: that they are late is no fault of it. */
static bool core_reading_is_late_scan(const struct core *core, const struct input *input) {
    const struct reading *reading = &input->reading;
    return core->ruleset->points[reading->point].kind == POINT_CHECKPOINT &&
           core_reading_quality(reading) == QUALITY_GOOD && reading->measured.ns <= input->wall.ns;
}

/*
 * Is a point at fault whose last reading was this one, and has this quality? A reader is as well whose
 * cards are of no known moment, or of another than now: they make nothing true, and somebody has to
 * set its clock.
 */
static enum truth core_reading_fault(const struct core *core, const struct input *input,
                                     enum quality quality) {
    bool moments = core_point_is_moments(core, input->reading.point);
    switch (quality) {
    case QUALITY_GOOD:
    case QUALITY_UNCERTAIN:
        return moments && !core_reading_is_moment(core, input) &&
                       !core_reading_is_late_scan(core, input)
                   ? TRUTH_TRUE
                   : TRUTH_FALSE;
    case QUALITY_STALE: /* its driver says that this one value is too old */
        if (!moments) {
            return TRUTH_TRUE;
        }
        /* A moment has none: that is no news of its reader, unless core_picture() says so. */
        return input->age_ns > 0 ? TRUTH_FALSE
                                 : (enum truth)core->points[input->reading.point].fault;
    case QUALITY_FAULT:
        return TRUTH_TRUE;
    case QUALITY_OUT_OF_SERVICE: /* nobody looks, so nobody knows */
    case QUALITY_COUNT:
        break;
    }
    return TRUTH_UNKNOWN;
}

static void core_activity_of_point(const struct core_turn *turn, uint32_t point) {
    const struct ruleset_point *site = &turn->core->ruleset->points[point];
    if (!quality_usable((enum quality)turn->core->points[point].quality)) {
        return;
    } else if (site->kind == POINT_ACCESS_READER) {
        bool granted = turn->core->points[point].value != 0;
        core_tell_activity(turn, granted ? EVENT_ACCESS_GRANTED : EVENT_ACCESS_DENIED, point);
    } else if (site->kind == POINT_CHECKPOINT) {
        core_tell_activity(turn, EVENT_PATROL_CHECKPOINT, point);
    }
}

/* Somebody is at the place, and says so there: touch what is open at it. */
static void core_attend(struct core *core, uint32_t place) {
    core->attended = place;
    for (uint32_t i = 0; i < core->ruleset->alarm_count; i++) {
        if (core->ruleset->alarms[i].place == place && core->alarms[i].axes.open) {
            index_set_add(&core->touched, i);
        }
    }
}

/*
 * How long ago was the point heard that gives this reading? A reading that is given again, because
 * the engine is new, must not count as heard now: a dead button would have a whole silence more. Of
 * points whose device speaks for them it does: their values are as told last for as long as it is
 * there.
 */
static uint64_t core_reading_age_ns(const struct core *core, const struct input *input) {
    if (!core_point_speaks(core, input->reading.point)) {
        return 0;
    }
    return input->age_ns < POINT_AGE_NS_MAX ? input->age_ns : POINT_AGE_NS_MAX;
}

/* Was the point missed before its reading was given again? One out of service is not missed. */
static bool core_reading_is_overdue(const struct core *core, const struct input *input) {
    uint32_t point = input->reading.point;
    return core_point_speaks(core, point) && input->reading.quality != QUALITY_OUT_OF_SERVICE &&
           input->age_ns >= core->ruleset->points[point].silence_ns;
}

/* The instant so long before `now`, modulo 2^64: it may lie before the origin of the instants. */
static struct instant core_instant_before(struct instant now, uint64_t age_ns) {
    return (struct instant){now.ns - age_ns};
}

/* What is shown of a point that was missed: its last value, and when it was heard. */
static void core_recall(struct core *core, const struct input *input) {
    if (quality_usable(core_reading_quality(&input->reading))) {
        struct point_state *state = &core->points[input->reading.point];
        state->value = input->reading.value;
        state->heard = core_instant_before(input->at, core_reading_age_ns(core, input));
        state->known = POINT_READ;
    }
}

/*
 * Does the reading say that whoever was called has come? A button that was not seen at rest before
 * may have been pressed for another call; each card is a moment of its own, and one that was denied
 * got nobody in, nor does one of an hour ago.
 */
static bool core_reading_attends(const struct core *core, const struct input *input, bool rested) {
    uint32_t point = input->reading.point;
    const struct ruleset_point *site = &core->ruleset->points[point];
    bool true_now = core->points[point].value != 0;
    if (site->kind == POINT_ATTEND_BUTTON) {
        return true_now && rested;
    }
    return site->attends != 0 && core_reading_is_moment(core, input) &&
           (true_now || site->kind == POINT_CHECKPOINT);
}

static void core_reading(const struct core_turn *turn) {
    struct core *core = turn->core;
    const struct reading *reading = &turn->input->reading;
    struct instant now = turn->input->at;
    uint32_t point = reading->point;
    if (point >= core->ruleset->point_count) {
        return;
    }
    struct point_state *state = &core->points[point];
    bool overdue = core_reading_is_overdue(core, turn->input);
    enum quality quality = overdue ? QUALITY_STALE : core_reading_quality(reading);
    bool usable = quality_usable(quality);
    bool rested = state->known == POINT_READ && state->value == 0; /* when it could last be read */
    bool changed = quality != state->quality || (usable && reading->value != state->value);
    uint8_t fault = (uint8_t)core_reading_fault(core, turn->input, quality);
    /* What was read already says nothing new, but that it is so still; each moment is new. */
    bool news = changed || core_point_is_moments(core, point);
    if (changed) {
        state->changed = now;
    }
    state->quality = (uint8_t)quality;
    state->value = usable ? reading->value : state->value; /* the last good one is kept */
    core->measured[point] = reading->measured;
    bool turned = state->fault != fault;
    state->fault = fault;
    if (usable) {
        core_device_hear(core, core->ruleset->points[point].device, now);
    }
    if (overdue) {
        core_recall(core, turn->input);
    }
    if (changed) {
        core_trip_follow(core, point, now);
    }
    uint64_t age_ns = core_reading_age_ns(core, turn->input);
    if (age_ns != 0 || quality == QUALITY_STALE || quality == QUALITY_OUT_OF_SERVICE) {
        timers_set(&core->timers, core_point_timer(core, point), INSTANT_NEVER);
    }
    if (quality != QUALITY_STALE && quality != QUALITY_OUT_OF_SERVICE) {
        state->heard = core_instant_before(now, age_ns);
        state->known = usable                       ? POINT_READ
                       : state->known < POINT_HEARD ? POINT_HEARD
                                                    : state->known;
        core_watch_point(core, point, age_ns, now);
    } else if (state->known == POINT_UNHEARD) {
        state->known = POINT_MISSED; /* somebody has said that it is too old */
    }
    if (turned) {
        core_touch_point(core, point);
    } else if (news) {
        core_touch_value(core, point);
    } else {
        core_touch_age(core, point);
    }
    core_activity_of_point(turn, point);
    core_point_expect(core, point, now);
    if (usable && state->value != 0) {
        core_test_trip(turn, point);
    }
    if (usable && core_reading_attends(core, turn->input, rested)) {
        core_attend(core, core->ruleset->points[point].place);
    }
}

/*
 * All values of the device are as they were told last. Those that are stale are not among them, and
 * neither are those of points with a silence of their own, which speak for themselves: that their
 * broker is well does not say that their batteries are.
 */
static void core_heartbeat(struct core *core, uint32_t device, struct instant now) {
    if (device >= core->ruleset->device_count) {
        return;
    }
    core_device_hear(core, device, now);
    for (uint32_t point = core->devices[device].point_first; point != RULESET_NONE;
         point = core->points[point].beside) {
        struct point_state *state = &core->points[point];
        if (state->quality != QUALITY_STALE && state->known >= POINT_HEARD &&
            core->ruleset->points[point].silence_ns == 0) {
            state->heard = now;
            core_touch_age(core, point);
        }
    }
}

static void core_device(struct core *core, uint32_t device, enum truth well, struct instant now) {
    if (device >= core->ruleset->device_count) {
        return;
    } else if (well == TRUTH_FALSE) {
        core_device_lose(core, device, now);
    } else if (well == TRUTH_TRUE) {
        core_device_hear(core, device, now);
    }
}

/* Begin to wait for every device and point, and look at every alarm once. */
static void core_start(const struct core_turn *turn) {
    struct core *core = turn->core;
    struct instant now = turn->input->at;
    for (uint32_t d = 0; d < core->ruleset->device_count; d++) {
        core->devices[d].heard = now;
        core_watch_device(core, d, now);
    }
    for (uint32_t p = 0; p < core->ruleset->point_count; p++) {
        core_point_expect(core, p, now);
        core_watch_point(core, p, 0, now);
    }
    for (uint32_t i = 0; i < core->ruleset->alarm_count; i++) {
        index_set_add(&core->touched, i);
    }
    if (core->builtin_count[BUILTIN_STUCK] > 0) {
        timers_set(&core->timers, core_upkeep_timer(core), instant_after(now, UPKEEP_ROUND_NS));
    }
    core_walk_start(core, now);
    core->site_refused = (uint8_t)expr_truth_not(turn->input->state);
    core->receivers_turned = true; /* a chain that was restored goes on */
    /* A reload is told by the changed site: nothing has started that was not there before. */
    if (turn->input->step != CORE_START_RELOAD) {
        core_tell_activity(turn, EVENT_SYSTEM_STARTED, RULESET_NONE);
    }
}

static void core_calendar(struct core *core, uint32_t calendar, enum truth open) {
    if (calendar == 0 || calendar >= core->ruleset->calendar_count ||
        core->calendars[calendar] == open) {
        return; /* calendar 0 is always open */
    }
    core->calendars[calendar] = (uint8_t)open;
    core_touch_readers(core, CORE_READS_HOURS, calendar);
}

/* A shift went on or off duty, and with it those who are to be reached in it. */
static void core_touch_listeners(struct core *core) {
    for (uint32_t i = 0; i < core->ruleset->listener_count; i++) {
        core_touch_builtin(core, BUILTIN_NOBODY_LISTENING, i);
    }
}

static void core_between(struct core *core, uint32_t between, enum truth now_in) {
    if (between < core->ruleset->between_count && core->betweens[between] != now_in) {
        core->betweens[between] = (uint8_t)now_in;
        core_touch_readers(core, CORE_READS_BETWEEN, 0);
    }
}

/* Commands about an alarm wait until it has been evaluated. */
static void core_take_command(const struct core_turn *turn, const struct command *command) {
    bool known = command->verb < COMMAND_VERB_COUNT;
    if (known && command_verb_is_about_place(command->verb)) {
        turn->step->refusal = core_test_command(turn, command);
    } else if (command->alarm < turn->core->ruleset->alarm_count) {
        index_set_add(&turn->core->touched, command->alarm);
    }
}

/* What was known of its end stays while nobody knows more. */
static void core_certificate(struct core *core, uint32_t certificate, enum truth state,
                             uint64_t until_s) {
    if (certificate >= core->builtin_count[BUILTIN_CERTIFICATE]) {
        return; /* the line needs none */
    }
    core->certificates_ending[certificate] = (uint8_t)expr_truth_not(state);
    if (until_s != 0) {
        core->certificates_until_s[certificate] = until_s;
    }
    core_touch_builtin(core, BUILTIN_CERTIFICATE, certificate);
}

void core_apply(const struct core_turn *turn) {
    struct core *core = turn->core;
    const struct input *input = turn->input;
    enum truth state = input->state < TRUTH_COUNT ? input->state : TRUTH_UNKNOWN;
    switch (input->kind) {
    case INPUT_READING:
        core_reading(turn);
        return;
    case INPUT_HEARTBEAT:
        core_heartbeat(core, input->subject, input->at);
        return;
    case INPUT_DEVICE:
        core_device(core, input->subject, state, input->at);
        return;
    case INPUT_COMMAND:
        core_take_command(turn, input->command);
        return;
    case INPUT_TICK:
        return;
    case INPUT_CALENDAR:
        core_calendar(core, input->subject, state);
        return;
    case INPUT_BETWEEN:
        core_between(core, input->subject, state);
        return;
    case INPUT_WEEKDAY:
        core->weekday = (uint8_t)state;
        core_touch_readers(core, CORE_READS_WEEKDAY, 0);
        return;
    case INPUT_CLOCK_STEP:
        core_tell_activity(turn, EVENT_SYSTEM_CLOCK_STEPPED, RULESET_NONE);
        core_clock_step(core, input->step_ns, input->at);
        return;
    case INPUT_COMPONENT:
        if (input->subject < core->ruleset->component_count) {
            core->components_lost[input->subject] = (uint8_t)expr_truth_not(state);
            core_touch_builtin(core, BUILTIN_COMPONENT_LOST, input->subject);
        }
        return;
    case INPUT_UPLINK:
        core->uplink_lost = (uint8_t)expr_truth_not(state);
        core_touch_builtin(core, BUILTIN_UPLINK_LOST, 0);
        return;
    case INPUT_STORAGE:
        core->storage_lost = (uint8_t)expr_truth_not(state);
        core_touch_builtin(core, BUILTIN_STORAGE, 0);
        return;
    case INPUT_CERTIFICATE:
        core_certificate(core, input->subject, state, input->generation);
        return;
    case INPUT_STANDSTILL:
        core_excuse_devices(core, input->at);
        return;
    case INPUT_LEVEL:
        core->levelled = 1;
        core_touch_readers(core, CORE_READS_COUNTER, 0);
        return;
    case INPUT_START:
        core_start(turn);
        return;
    case INPUT_CONFIGURATION:
        core->site_refused = (uint8_t)expr_truth_not(state);
        core_touch_builtin(core, BUILTIN_SITE_REFUSED, 0);
        core_tell_activity(
            turn, state == TRUTH_FALSE ? EVENT_SYSTEM_CONFIG_REFUSED : EVENT_SYSTEM_CONFIG_CHANGED,
            RULESET_NONE);
        return;
    case INPUT_SHIFT:
        if (input->subject < core->ruleset->shift_count) {
            core->shifts_on[input->subject] = (uint8_t)state;
            core_touch_listeners(core);
        }
        return;
    case INPUT_LISTENER:
        if (input->subject < core->ruleset->listener_count) {
            core->listeners_lost[input->subject] = (uint8_t)expr_truth_not(state);
            core_touch_builtin(core, BUILTIN_NOBODY_LISTENING, input->subject);
        }
        return;
    case INPUT_RECEIPT:
        core_receipt(core, input);
        return;
    case INPUT_KIND_COUNT:
        break;
    }
    assert(false && "an input of no kind");
}
