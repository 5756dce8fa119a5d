/* SPDX-License-Identifier: Apache-2.0 */

/*
 * One step of the core
 *
 * A step has three parts. Time first: every timer that has come is taken, and marks what it
 * touches. Then the input: it changes the picture that the core has of the site, and marks the
 * alarms that look at what changed. Last, each touched alarm is evaluated once, by index, and told
 * where it changed. So the order of events never depends on the order of causes, and no alarm is
 * told twice in a step.
 */
#include <assert.h>
#include <float.h>

#include "rules/core_state.h"
#include "rules/core_upkeep.h"
#include "rules/expr_range.h"

/* Tell something that is no alarm's. */
static void core_tell_activity(const struct core_turn *turn, enum core_event_type type,
                               uint32_t point) {
    const struct input *input = turn->input;
    struct core_event event = {
        .type = type,
        .at = input->at,
        .wall = input->wall,
        .alarm = RULESET_NONE,
        .place = RULESET_NONE,
        .point = point,
        .quality = QUALITY_GOOD,
    };
    if (point != RULESET_NONE) {
        event.place = turn->core->ruleset->points[point].place;
        event.quality = (enum quality)turn->core->points[point].quality;
        event.value = turn->core->points[point].value;
        event.measured = turn->core->measured[point];
        event.code = input->reading.code;
    } else if (type == EVENT_SYSTEM_CLOCK_STEPPED) {
        event.step_ns = input->step_ns;
    } else if (type == EVENT_SYSTEM_CONFIG_CHANGED) {
        event.generation = input->generation;
    }
    if (type == EVENT_FLOOD_BEGUN || type == EVENT_FLOOD_ENDED) {
        event.incident = turn->core->flood.incident;
    }
    turn->step->events[turn->step->event_count++] = event;
}

/* The flood of alarms is over, if it is. */
static void core_flood_due(const struct core_turn *turn) {
    struct core *core = turn->core;
    const struct alarm_times *times = core->ruleset->times;
    if (flood_end(&core->flood, times, turn->input->at)) {
        core_tell_activity(turn, EVENT_FLOOD_ENDED, RULESET_NONE);
    }
    timers_set(&core->timers, core_flood_timer(core), flood_due(&core->flood, times));
}

/* Take all timers that have come. */
static void core_elapse(const struct core_turn *turn) {
    struct core *core = turn->core;
    struct instant now = turn->input->at;
    const struct ruleset *ruleset = core->ruleset;
    uint32_t timer;
    while (timers_take(&core->timers, now, &timer)) {
        if (timer < ruleset->alarm_count) {
            index_set_add(&core->touched, timer);
        } else if (timer < core_point_timer(core, 0)) {
            core_device_due(core, timer - core_device_timer(core, 0), now);
        } else if (timer < core_upkeep_timer(core)) {
            core_point_due(core, timer - core_point_timer(core, 0), now);
        } else if (timer == core_upkeep_timer(core)) {
            core_upkeep_round(core, now);
            timers_set(&core->timers, timer, instant_after(now, UPKEEP_ROUND_NS));
        } else if (timer == core_test_timer(core)) {
            core_test_due(turn);
        } else if (timer == core_walk_timer(core)) {
            core_walk_due(turn);
        } else if (timer == core_clock_timer(core)) {
            core_clock_due(core, now);
        } else {
            core_flood_due(turn);
        }
    }
}

/* --- what the inputs do --- */

/* The quality that a reading deserves: a value that is no number is a fault, whatever it claims. */
static enum quality core_reading_quality(const struct reading *reading) {
    if (reading->quality >= QUALITY_COUNT) {
        return QUALITY_FAULT;
    }
    bool finite = reading->value >= -DBL_MAX && reading->value <= DBL_MAX;
    enum quality quality = (enum quality)reading->quality;
    return quality_usable(quality) && !finite ? QUALITY_FAULT : quality;
}

/* Is a point at fault whose last reading had this quality? */
static enum truth core_quality_fault(enum quality quality) {
    switch (quality) {
    case QUALITY_GOOD:
    case QUALITY_UNCERTAIN:
        return TRUTH_FALSE;
    case QUALITY_STALE: /* its driver says that this one value is too old */
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
 * When was the point heard that gives this reading? A reading that is given again, because the
 * engine is new, must not count as heard now: a dead button would have a whole silence more. Of
 * points whose device speaks for them it does: their values are as told last for as long as it is
 * there.
 */
static struct instant core_reading_heard(const struct core *core, const struct input *input) {
    uint64_t age_ns = core_point_speaks(core, input->reading.point) ? input->age_ns : 0;
    return (struct instant){input->at.ns > age_ns ? input->at.ns - age_ns : 0};
}

/* Was the point missed before its reading was given again? One out of service is not missed. */
static bool core_reading_is_overdue(const struct core *core, const struct input *input) {
    uint32_t point = input->reading.point;
    return core_point_speaks(core, point) && input->reading.quality != QUALITY_OUT_OF_SERVICE &&
           input->age_ns >= core->ruleset->points[point].silence_ns;
}

/* What is shown of a point that was missed: its last value, and when it was heard. */
static void core_recall(struct core *core, const struct input *input) {
    if (quality_usable(core_reading_quality(&input->reading))) {
        struct point_state *state = &core->points[input->reading.point];
        state->value = input->reading.value;
        state->heard = core_reading_heard(core, input);
        state->known = POINT_READ;
    }
}

/*
 * Does the reading say that whoever was called has come? A button that was not seen at rest before
 * may have been pressed for another call; each card is a moment of its own, and one that was denied
 * got nobody in.
 */
static bool core_reading_attends(const struct core *core, uint32_t point, bool rested) {
    const struct ruleset_point *site = &core->ruleset->points[point];
    bool true_now = core->points[point].value != 0;
    if (site->kind == POINT_ATTEND_BUTTON) {
        return true_now && rested;
    }
    return site->attends != 0 && (true_now || site->kind == POINT_CHECKPOINT);
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
    uint8_t fault = (uint8_t)core_quality_fault(quality);
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
    struct instant heard = core_reading_heard(core, turn->input);
    if (heard.ns != now.ns || quality == QUALITY_STALE || quality == QUALITY_OUT_OF_SERVICE) {
        timers_set(&core->timers, core_point_timer(core, point), INSTANT_NEVER);
    }
    if (quality != QUALITY_STALE && quality != QUALITY_OUT_OF_SERVICE) {
        state->heard = heard;
        state->known = usable                          ? POINT_READ
                       : state->known == POINT_UNHEARD ? POINT_HEARD
                                                       : state->known;
        core_watch_point(core, point, heard);
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
    if (usable && core_reading_attends(core, point, rested)) {
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
        if (state->quality != QUALITY_STALE && state->known != POINT_UNHEARD &&
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
        core_watch_point(core, p, now);
    }
    for (uint32_t i = 0; i < core->ruleset->alarm_count; i++) {
        index_set_add(&core->touched, i);
    }
    if (core->builtin_count[BUILTIN_STUCK] > 0) {
        timers_set(&core->timers, core_upkeep_timer(core), instant_after(now, UPKEEP_ROUND_NS));
    }
    core_walk_start(core, now);
    core->receivers_turned = true; /* a chain that was restored goes on */
    core_tell_activity(turn, EVENT_SYSTEM_STARTED, RULESET_NONE);
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

/* Change the core's picture of the site. Commands wait until their alarm has been evaluated. */
static void core_apply(const struct core_turn *turn) {
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
    case INPUT_LEVEL:
        core->levelled = 1;
        core_touch_readers(core, CORE_READS_COUNTER, 0);
        return;
    case INPUT_START:
        core_start(turn);
        return;
    case INPUT_CONFIGURATION:
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

/* --- evaluating an alarm --- */

/* Is one of the listener's shifts on duty? One that belongs to none always is. */
static enum truth core_listener_duty(const struct core *core, uint32_t listener) {
    uint64_t shifts = core->ruleset->listener_shifts[listener];
    enum truth duty = shifts == 0 ? TRUTH_TRUE : TRUTH_FALSE;
    for (uint32_t shift = 0; shift < core->ruleset->shift_count; shift++) {
        if ((shifts >> shift & 1) != 0) {
            duty = expr_truth_or(duty, (enum truth)core->shifts_on[shift]);
        }
    }
    return duty;
}

/*
 * What system_nobody_listening says of a listener. Off duty nobody has to listen, and nobody knows
 * whether he would: the delay stands still, and so does an alarm that was raised.
 */
static enum truth core_judge_listener(const struct core *core, uint32_t listener) {
    enum truth lost = (enum truth)core->listeners_lost[listener];
    bool counts = core_listener_duty(core, listener) == TRUTH_TRUE;
    return lost == TRUTH_TRUE && !counts ? TRUTH_UNKNOWN : lost;
}

/* What a rule of the product's own says; it looks at one truth. */
static enum truth core_judge_builtin(struct core *core, enum ruleset_builtin builtin,
                                     uint32_t entity, struct instant now) {
    switch (builtin) {
    case BUILTIN_DEVICE_LOST:
        return (enum truth)core->devices[entity].lost;
    case BUILTIN_SENSOR_FAULT: {
        /* While the device is lost nobody can say more of its points than that. */
        bool lost = core->devices[core->ruleset->points[entity].device].lost == TRUTH_TRUE;
        return lost ? TRUTH_UNKNOWN : (enum truth)core->points[entity].fault;
    }
    case BUILTIN_STUCK:
    case BUILTIN_BATTERY_LOW:
    case BUILTIN_TAMPER:
        return core_upkeep_judge(core, builtin, entity, now);
    case BUILTIN_COMPONENT_LOST:
        return (enum truth)core->components_lost[entity];
    case BUILTIN_UPLINK_LOST:
        return (enum truth)core->uplink_lost;
    case BUILTIN_STORAGE:
        return (enum truth)core->storage_lost;
    case BUILTIN_CLOCK:
        return core->clock.lost != 0 ? TRUTH_TRUE : TRUTH_FALSE;
    case BUILTIN_NOBODY_LISTENING:
        return core_judge_listener(core, entity);
    case BUILTIN_FIRE_PROMOTED:
        return core_judge_promotion(core, entity);
    case BUILTIN_NONE:
    case BUILTIN_COUNT:
        break;
    }
    assert(false && "a rule of no kind");
    return TRUTH_UNKNOWN;
}

/*
 * Run the expressions of an alarm. With one that clears, an alarm that is active stays so until that
 * is true, unless the one that raises is true as well: raise or (active and not clear). Marks the alarm
 * if one of its memories turned.
 */
static enum truth core_run(struct core *core, uint32_t alarm, const struct expr_view *view) {
    const struct ruleset *ruleset = core->ruleset;
    const struct ruleset_alarm *bound = &ruleset->alarms[alarm];
    const struct ruleset_rule *rule = &ruleset->rules[bound->rule];
    struct expr_past past = {.memories = &core->memories[bound->memory_first],
                             .windows = &core->windows[bound->window_first]};
    struct expr_result raise =
        expr_eval(&ruleset->ops[rule->op_first], rule->op_count, view, &past);
    struct core_evaluation evaluation = {.due = raise.deadline, .value = raise.value};
    enum truth truth = raise.truth;
    if (rule->clear_op_count > 0) {
        struct expr_result clear = expr_eval(&ruleset->ops[rule->op_first + rule->op_count],
                                             rule->clear_op_count, view, &past);
        evaluation.due = instant_earlier(raise.deadline, clear.deadline);
        bool active = core->alarms[alarm].axes.active;
        truth = expr_truth_or(truth, active ? expr_truth_not(clear.truth) : TRUTH_FALSE);
    }
    core->evaluations[alarm] = evaluation;
    if (past.turned) {
        index_set_add(&core->changed, alarm);
    }
    return truth;
}

/* What an alarm's expressions say. */
static enum truth core_judge_expression(struct core *core, uint32_t alarm, struct instant now,
                                        uint32_t moment) {
    const struct ruleset *ruleset = core->ruleset;
    const struct ruleset_alarm *bound = &ruleset->alarms[alarm];
    const struct ruleset_place *place = &ruleset->places[bound->place];
    const struct expr_view view = {
        .now = now,
        .levelled = core->levelled != 0,
        .moment = moment,
        .points = core->points,
        .members = ruleset->members,
        .bounds = &ruleset->bounds[bound->bound_first],
        .between_truths = core->betweens,
        .open = (enum truth)core->calendars[place->calendar],
        .weekday = (enum truth)core->weekday,
        .capacity = place->capacity,
        .area = place->area_m2,
    };
    return core_run(core, alarm, &view);
}

/* What the alarm's condition is now. */
static enum truth core_judge(struct core *core, uint32_t alarm, struct instant now,
                             uint32_t moment) {
    const struct ruleset_alarm *bound = &core->ruleset->alarms[alarm];
    const struct ruleset_rule *rule = &core->ruleset->rules[bound->rule];
    if (rule->builtin == BUILTIN_NONE) {
        return core_judge_expression(core, alarm, now, moment);
    }
    return core_judge_builtin(core, (enum ruleset_builtin)rule->builtin, bound->entity, now);
}

double core_alarm_value(const struct core *core, uint32_t alarm) {
    const struct ruleset_alarm *bound = &core->ruleset->alarms[alarm];
    if (alarm < core->evaluation_count) {
        return core->evaluations[alarm].value;
    } else if (core->ruleset->rules[bound->rule].each == EXPR_EACH_POINT) {
        return core->points[bound->entity].value;
    }
    return core->alarms[alarm].condition == TRUTH_TRUE ? 1 : 0;
}

/* Is it an alarm of a point that nobody can rely on at present? */
static bool core_is_unsure(const struct core *core, uint32_t alarm) {
    const struct ruleset_alarm *bound = &core->ruleset->alarms[alarm];
    return bound->entity_kind == ENTITY_POINT &&
           core->points[bound->entity].quality != QUALITY_GOOD;
}

struct alarm_conf core_alarm_conf(const struct core *core, uint32_t alarm) {
    const struct ruleset_alarm *bound = &core->ruleset->alarms[alarm];
    const struct ruleset_rule *rule = &core->ruleset->rules[bound->rule];
    return (struct alarm_conf){
        .raise_after_ns = rule->raise_after_ns,
        .clear_after_ns = rule->clear_after_ns,
        .times = core->ruleset->times,
        .class = rule->class,
        .priority = bound->priority,
        .latched = rule->latched != 0,
        .test = core_alarm_is_tested(core, alarm),
        .unsure = core_is_unsure(core, alarm),
        .promoted_idly = core_promotion_is_idle(core, alarm),
    };
}

void core_schedule(struct core *core, uint32_t alarm) {
    const struct alarm *state = &core->alarms[alarm];
    struct instant due = instant_earlier(alarm_due(state), core_evaluation_due(core, alarm));
    timers_set(&core->timers, alarm, instant_earlier(due, core_chain_due(core, alarm)));
}

/* --- telling --- */

/* The point that decided: the alarm's own, or the one whose reading this step is about. */
static uint32_t core_deciding_point(const struct core_turn *turn, uint32_t alarm) {
    const struct ruleset *ruleset = turn->core->ruleset;
    uint32_t read = turn->input->reading.point;
    if (ruleset->alarms[alarm].entity_kind == ENTITY_POINT) {
        return ruleset->alarms[alarm].entity;
    } else if (turn->input->kind == INPUT_READING && read < ruleset->point_count &&
               core_depends(ruleset, read, alarm)) {
        return read;
    }
    return RULESET_NONE;
}

/* When what the change begins will end by itself. */
static struct wall core_until(const struct core_turn *turn, const struct alarm *alarm,
                              enum alarm_change change) {
    enum alarm_clock clock = change == ALARM_CHANGE_SILENCED         ? ALARM_CLOCK_SILENCE
                             : change == ALARM_CHANGE_SHELVED        ? ALARM_CLOCK_SHELVE
                             : change == ALARM_CHANGE_OUT_OF_SERVICE ? ALARM_CLOCK_SERVICE
                                                                     : ALARM_CLOCK_COUNT;
    if (clock == ALARM_CLOCK_COUNT) {
        return (struct wall){0};
    }
    uint64_t span_ns = instant_span_ns(turn->input->at, moment_instant(alarm->clocks[clock]));
    return (struct wall){turn->input->wall.ns + (int64_t)span_ns};
}

/* Count a raise that people are to hear of, and say so when there are too many. */
static void core_count_raise(const struct core_turn *turn, uint32_t alarm, unsigned changes) {
    struct core *core = turn->core;
    struct alarm_axes axes = core->alarms[alarm].axes;
    bool raised = (changes & (ALARM_CHANGE_RAISED | ALARM_CHANGE_RERAISED)) != 0;
    if (!raised || axes.test || alarm_axes_are_suppressed(axes) ||
        core->ruleset->alarms[alarm].priority == PRIORITY_JOURNAL) {
        return;
    }
    if (flood_raise(&core->flood, core->ruleset->times, turn->input->at)) {
        core_tell_activity(turn, EVENT_FLOOD_BEGUN, RULESET_NONE);
    }
    timers_set(&core->timers, core_flood_timer(core),
               flood_due(&core->flood, core->ruleset->times));
}

/* The flood that an alarm is folded into; 0: none. */
static uint32_t core_incident(const struct core *core, uint32_t alarm) {
    uint8_t priority = core->ruleset->alarms[alarm].priority;
    bool folds = priority == PRIORITY_HIGH || priority == PRIORITY_LOW;
    return folds && core->flood.runs != 0 ? core->flood.incident : 0;
}

/*
 * Who did it: the person of the command, or whoever's card says that he has come. Whose it is stays
 * with the reading.
 */
static const struct command *core_actor(const struct core_turn *turn, enum alarm_change change,
                                        const struct command *command) {
    static const struct command badge = {
        .verb = COMMAND_ATTEND, .role = ROLE_COUNT, .second_role = ROLE_COUNT, .actor = "badge"};
    bool attended = change == ALARM_CHANGE_ATTENDED && turn->core->attended != RULESET_NONE;
    return command == NULL && attended &&
                   core_point_is_moments(turn->core, turn->input->reading.point)
               ? &badge
               : command;
}

/* Tell the changes of an alarm, in the order of enum alarm_change. */
static void core_tell(const struct core_turn *turn, uint32_t alarm, unsigned changes,
                      const struct command *command) {
    const struct core *core = turn->core;
    const struct alarm *state = &core->alarms[alarm];
    uint32_t point = core_deciding_point(turn, alarm);
    for (unsigned bit = 0; bit < ALARM_CHANGES_TOLD; bit++) {
        if ((changes >> bit & 1) == 0) {
            continue;
        }
        turn->step->events[turn->step->event_count++] = (struct core_event){
            .type = (enum core_event_type)(EVENT_ALARM_RAISED + bit),
            .at = turn->input->at,
            .wall = turn->input->wall,
            .alarm = alarm,
            .place = core->ruleset->alarms[alarm].place,
            .point = point,
            .axes = state->axes,
            .occurrence = state->occurrence,
            .raises = state->raises,
            .incident = core_incident(core, alarm),
            .disposition = (enum disposition)state->disposition,
            .until = core_until(turn, state, (enum alarm_change)(1u << bit)),
            .quality =
                point == RULESET_NONE ? QUALITY_GOOD : (enum quality)core->points[point].quality,
            .value = core_alarm_value(core, alarm),
            .measured = point == RULESET_NONE ? (struct wall){0} : core->measured[point],
            .command = core_actor(turn, (enum alarm_change)(1u << bit), command),
        };
    }
}

void core_conclude(const struct core_turn *turn, uint32_t alarm, unsigned changes,
                   const struct command *command) {
    if (changes != 0) {
        index_set_add(&turn->core->changed, alarm);
        core_count_raise(turn, alarm, changes);
        core_tell(turn, alarm, changes, command);
    }
    core_escalate(turn, alarm, changes, command);
    core_schedule(turn->core, alarm);
}

/* Have an alarm evaluated that stands after the present one; RULESET_NONE is none. */
static void core_touch_later(struct core *core, uint32_t alarm) {
    if (alarm != RULESET_NONE) {
        index_set_add(&core->touched, alarm);
    }
}

/* Somebody said where the alarm is that he has come. */
static unsigned core_attend_alarm(const struct core_turn *turn, uint32_t alarm,
                                  const struct alarm_conf *conf) {
    static const struct command press = {.verb = COMMAND_ATTEND};
    const struct core *core = turn->core;
    enum command_refusal refusal;
    if (core->attended == RULESET_NONE || core->ruleset->alarms[alarm].place != core->attended) {
        return 0;
    }
    /* What is not open, or attended already, stays as it is. */
    return alarm_command(&turn->core->alarms[alarm], conf, &press, turn->input->at,
                         turn->input->wall, &refusal);
}

/*
 * Does nothing come of an evaluation? Most find what the last one found. Then no axis changes unless
 * a clock has come, a test has ended, a cause has turned or somebody attends, and no chain goes on
 * unless its time has come or a receiver has said something.
 */
static bool core_is_unmoved(const struct core_turn *turn, uint32_t alarm, enum truth condition) {
    const struct core *core = turn->core;
    const struct alarm *state = &core->alarms[alarm];
    struct instant now = turn->input->at;
    return condition == state->condition && !state->axes.test && !core->causes_turned &&
           core->attended == RULESET_NONE && now.ns < alarm_due(state).ns &&
           core_chain_rests(core, alarm, now);
}

static void core_evaluate_once(const struct core_turn *turn, uint32_t alarm, uint32_t moment) {
    struct core *core = turn->core;
    struct alarm *state = &core->alarms[alarm];
    struct instant now = turn->input->at;
    enum truth condition = core_judge(core, alarm, now, moment);
    if (core_is_unmoved(turn, alarm, condition)) {
        core_schedule(core, alarm);
        return;
    }
    const struct alarm_conf conf = core_alarm_conf(core, alarm);
    const struct alarm_axes before = state->axes;
    unsigned changes = alarm_step(state, &conf, condition, now, turn->input->wall);
    if (!conf.test) {
        changes |= alarm_test_end(state, &conf, now);
    }
    changes |= core_attend_alarm(turn, alarm, &conf);
    changes |= core_follow_cause(core, alarm, now);
    core_note_cause(core, alarm, before);
    core_touch_later(core, core_note_promotion(core, alarm, before, changes));
    core_conclude(turn, alarm, changes, NULL);
}

/* Evaluate an alarm; after the moment of an event point once more, for the moment is over. */
static void core_evaluate(const struct core_turn *turn, uint32_t alarm) {
    const struct core *core = turn->core;
    uint32_t rule = core->ruleset->alarms[alarm].rule;
    uint32_t point = turn->input->reading.point;
    bool moment = (core->rule_reads[rule] & CORE_READS_MOMENT) != 0 &&
                  turn->input->kind == INPUT_READING && point < core->ruleset->point_count &&
                  core_point_is_moments(core, point) &&
                  quality_usable(core_reading_quality(&turn->input->reading));
    core_evaluate_once(turn, alarm, moment ? point : EXPR_NO_MOMENT);
    if (moment) {
        core_evaluate_once(turn, alarm, EXPR_NO_MOMENT);
    }
}

static void core_command(const struct core_turn *turn, const struct command *command) {
    struct core *core = turn->core;
    struct alarm *state = &core->alarms[command->alarm];
    const struct alarm_conf conf = core_alarm_conf(core, command->alarm);
    const struct alarm_axes before = state->axes;
    unsigned changes = alarm_command(state, &conf, command, turn->input->at, turn->input->wall,
                                     &turn->step->refusal);
    if (turn->step->refusal == COMMAND_REFUSED_ACKED && core_chain_stops(core, command)) {
        /* Acknowledged before, and not by one whose word counts here: now it is. */
        turn->step->refusal = COMMAND_ACCEPTED;
        changes = alarm_acknowledge_again(state, &conf, command);
    }
    core_note_cause(core, command->alarm, before);
    core_touch_later(core, core_note_promotion(core, command->alarm, before, changes));
    core_conclude(turn, command->alarm, changes, command);
}

/* Evaluate what was touched, in order, and let follow what hangs on it. */
static void core_evaluate_touched(const struct core_turn *turn) {
    struct index_set *touched = &turn->core->touched;
    const struct command *command =
        turn->input->kind == INPUT_COMMAND ? turn->input->command : NULL;
    for (uint32_t alarm = index_set_next(touched, 0); alarm != INDEX_NONE;
         alarm = index_set_next(touched, alarm + 1)) {
        core_evaluate(turn, alarm);
        if (command != NULL && command->alarm == alarm && command->verb < COMMAND_VERB_COUNT &&
            !command_verb_is_about_place(command->verb)) {
            core_command(turn, command);
        }
    }
    core_spread_causes(turn);
    index_set_clear(touched);
}

void core_step(struct core *core, const struct input *input, struct step *step) {
    assert(input->at.ns >= core->newest.ns);
    assert(input->kind != INPUT_COMMAND || input->command != NULL);
    const struct core_turn turn = {core, input, step};
    core->newest = input->at;
    step->event_count = 0;
    step->refusal = input->kind == INPUT_COMMAND ? COMMAND_REFUSED_UNKNOWN : COMMAND_ACCEPTED;

    core_elapse(&turn);
    core_apply(&turn);
    if (!index_set_is_empty(&core->touched)) {
        core_evaluate_touched(&turn);
    }
    core->attended = RULESET_NONE;
    core->receivers_turned = false;
    core->levelled = 0;
    assert(step->event_count <= core->events_max);
}
