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

#include "rules/core_state.h"
#include "rules/core_upkeep.h"

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

/* --- evaluating an alarm --- */

double core_alarm_value(const struct core *core, uint32_t alarm) {
    const struct ruleset_alarm *bound = &core->ruleset->alarms[alarm];
    if (alarm < core->evaluation_count) {
        return core->evaluations[alarm].value;
    } else if (core->ruleset->rules[bound->rule].each == EXPR_EACH_POINT) {
        return core->points[bound->entity].value;
    } else if (bound->entity_kind == ENTITY_CERTIFICATE) {
        return (double)core->certificates_until_s[bound->entity];
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

struct instant core_due(const struct core *core, uint32_t alarm) {
    const struct alarm *state = &core->alarms[alarm];
    struct instant due = instant_earlier(alarm_due(state), core_evaluation_due(core, alarm));
    due = instant_earlier(due, core_trip_due(core, alarm));
    return instant_earlier(due, core_chain_due(core, alarm));
}

void core_schedule(struct core *core, uint32_t alarm) {
    timers_set(&core->timers, alarm, core_due(core, alarm));
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
    bool again = core_promotion_comes_again(core, alarm);
    if (!again && core_is_unmoved(turn, alarm, condition)) {
        core_schedule(core, alarm);
        return;
    }
    const struct alarm_conf conf = core_alarm_conf(core, alarm);
    const struct alarm_axes before = state->axes;
    unsigned changes = alarm_step(state, &conf, condition, now, turn->input->wall);
    if (again) {
        changes |= alarm_come_again(state, &conf, now);
    }
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
                  core_reading_is_moment(core, turn->input);
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
    core->trips_turned = false;
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
