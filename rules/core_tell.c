/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Telling: what happened becomes events, alarms and activity alike, and counts towards a flood
 */
#include "rules/core_state.h"

void core_tell_activity(const struct core_turn *turn, enum core_event_type type, uint32_t point) {
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
