/* SPDX-License-Identifier: Apache-2.0 */

/*
 * What the condition of an alarm is: the expressions of a site's rule, or the one truth that a rule of
 * the product's own looks at
 */
#include <assert.h>

#include "rules/core_state.h"
#include "rules/core_upkeep.h"
#include "rules/expr_range.h"

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
    case BUILTIN_SITE_REFUSED:
        return (enum truth)core->site_refused;
    case BUILTIN_CERTIFICATE:
        return (enum truth)core->certificates_ending[entity];
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

/* What an alarm's expressions see. */
static struct expr_view core_view(const struct core *core, uint32_t alarm, uint32_t moment) {
    const struct ruleset *ruleset = core->ruleset;
    const struct ruleset_alarm *bound = &ruleset->alarms[alarm];
    const struct ruleset_place *place = &ruleset->places[bound->place];
    return (struct expr_view){
        .now = core->newest,
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
}

enum truth core_judge_without(const struct core *core, uint32_t alarm,
                              const struct index_set *left_out, bool others) {
    const struct ruleset_alarm *bound = &core->ruleset->alarms[alarm];
    const struct ruleset_rule *rule = &core->ruleset->rules[bound->rule];
    struct expr_past past = {.memories = &core->memories[bound->memory_first],
                             .windows = &core->windows[bound->window_first]};
    struct expr_view view = core_view(core, alarm, EXPR_NO_MOMENT);
    view.left_out = left_out;
    view.others = others;
    return expr_eval(&core->ruleset->ops[rule->op_first], rule->op_count, &view, &past).truth;
}

enum truth core_judge(struct core *core, uint32_t alarm, struct instant now, uint32_t moment) {
    const struct ruleset_alarm *bound = &core->ruleset->alarms[alarm];
    const struct ruleset_rule *rule = &core->ruleset->rules[bound->rule];
    if (rule->builtin == BUILTIN_NONE) {
        const struct expr_view view = core_view(core, alarm, moment);
        return core_run(core, alarm, &view);
    }
    return core_judge_builtin(core, (enum ruleset_builtin)rule->builtin, bound->entity, now);
}
