/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/trial.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rules/emergency.h"
#include "rules/reach.h"

void trial_init(struct trial *trial, uint32_t components, uint32_t calendars) {
    memset(trial, 0, sizeof *trial);
    trial->draft = (struct ruleset_draft){
        .places = trial->places,
        .points = trial->points,
        .devices = trial->devices,
        .rules = trial->rules,
        .component_count = components,
        .calendar_count = calendars,
        .times = &alarm_times_default,
    };
}

/* Forget what was bound. */
static void trial_unbind(struct trial *trial) {
    free(trial->bound.places);
    free(trial->bound.points);
    free(trial->bound.devices);
    free(trial->bound.rules);
    free(trial->arrays.rules);
    free(trial->arrays.alarms);
    free(trial->arrays.ops);
    free(trial->arrays.sets);
    free(trial->arrays.bounds);
    free(trial->arrays.members);
    free(trial->arrays.dependent_first);
    free(trial->arrays.dependents);
    free(trial->arrays.betweens);
    trial->bound = (struct trial_bound){0};
    trial->arrays = (struct ruleset_arrays){0};
}

void trial_deinit(struct trial *trial) {
    for (uint32_t i = 0; i < trial->draft.rule_count; i++) {
        free(trial->programs[i]);
        free(trial->clear_programs[i]);
    }
    trial_unbind(trial);
    memset(trial, 0, sizeof *trial);
}

uint32_t trial_place(struct trial *trial, uint32_t parent, enum place_kind kind) {
    uint32_t index = trial->draft.place_count++;
    assert(index < TRIAL_PLACES);
    trial->places[index] = (struct ruleset_place){
        .parent = parent, .kind = (uint16_t)kind, .capacity = -1, .area_m2 = -1};
    return index;
}

uint32_t trial_device(struct trial *trial, uint64_t silence_ns) {
    uint32_t index = trial->draft.device_count++;
    assert(index < TRIAL_DEVICES);
    trial->devices[index].silence_ns = silence_ns;
    return index;
}

void trial_emergency(struct trial *trial, uint32_t output) {
    trial->points[output].serves_emergency = 1;
}

uint32_t trial_point(struct trial *trial, uint32_t place, uint32_t device, enum point_kind kind) {
    uint32_t index = trial->draft.point_count++;
    assert(index < TRIAL_POINTS);
    assert(index == 0 || trial->points[index - 1].place <= place);
    trial->points[index] = (struct ruleset_point){
        .place = place, .device = device, .kind = (uint16_t)kind, .identity = index + 1};
    return index;
}

static struct ruleset_draft_rule *trial_rule(struct trial *trial, enum expr_each each,
                                             const char *expression, enum alarm_class class) {
    uint32_t index = trial->draft.rule_count++;
    assert(index < TRIAL_RULES);
    trial->expressions[index] = expression;
    trial->programs[index] = calloc(1, sizeof *trial->programs[index]);
    assert(trial->programs[index] != NULL);
    const struct alarm_class_facts *facts = alarm_class_facts(class);
    trial->rules[index] = (struct ruleset_draft_rule){
        .each = each,
        .in_place = RULESET_NONE,
        .program = trial->programs[index],
        .class = class,
        .priority = facts->priority,
        .latched = facts->latched,
        .chain = RULESET_NONE,
    };
    return &trial->rules[index];
}

struct ruleset_draft_rule *trial_point_rule(struct trial *trial, point_kind_set kinds,
                                            const char *expression, enum alarm_class class) {
    struct ruleset_draft_rule *rule = trial_rule(trial, EXPR_EACH_POINT, expression, class);
    rule->point_kinds = kinds;
    return rule;
}

struct ruleset_draft_rule *trial_place_rule(struct trial *trial, uint64_t kinds,
                                            const char *expression, enum alarm_class class) {
    struct ruleset_draft_rule *rule = trial_rule(trial, EXPR_EACH_PLACE, expression, class);
    rule->place_kinds = kinds;
    return rule;
}

uint32_t trial_chain(struct trial *trial, const struct chain_step *steps, uint32_t count) {
    uint32_t index = trial->chain_count++;
    assert(index < TRIAL_CHAINS && trial->step_count + count <= TRIAL_STEPS);
    trial->chains[index] =
        (struct ruleset_chain){.step_first = trial->step_count, .step_count = count};
    memcpy(&trial->steps[trial->step_count], steps, count * sizeof *steps);
    trial->step_count += count;
    return index;
}

/* Work out where each place's subtree and points end. */
static void trial_ranges(struct trial *trial) {
    uint32_t point = 0;
    for (uint32_t i = 0; i < trial->draft.place_count; i++) {
        struct ruleset_place *place = &trial->places[i];
        while (point < trial->draft.point_count && trial->points[point].place < i) {
            point++;
        }
        place->point_first = point;
        place->end = i + 1;
    }
    for (uint32_t i = trial->draft.place_count; i-- > 0;) {
        uint32_t parent = trial->places[i].parent;
        if (parent != RULESET_NONE && trial->places[parent].end < trial->places[i].end) {
            trial->places[parent].end = trial->places[i].end;
        }
    }
    for (uint32_t i = 0; i < trial->draft.place_count; i++) {
        uint32_t end = trial->places[i].end;
        trial->places[i].point_end = end < trial->draft.place_count ? trial->places[end].point_first
                                                                    : trial->draft.point_count;
    }
}

void trial_clear(struct trial *trial, const char *expression) {
    uint32_t index = trial->draft.rule_count - 1;
    trial->clear_expressions[index] = expression;
    trial->clear_programs[index] = calloc(1, sizeof *trial->clear_programs[index]);
    assert(trial->clear_programs[index] != NULL);
    trial->rules[index].clear = trial->clear_programs[index];
}

static void trial_compile_one(const char *expression, const struct ruleset_draft_rule *rule,
                              struct expr_program *ret_program) {
    const struct expr_scope scope = {rule->each, rule->point_kinds};
    struct expr_error error;
    if (!expr_compile(expression, strlen(expression), &scope, ret_program, &error)) {
        fprintf(stderr, "%s\nat %u: %s\n", expression, (unsigned)error.at, error.message);
        abort();
    }
}

static void trial_compile(struct trial *trial) {
    for (uint32_t i = 0; i < trial->draft.rule_count; i++) {
        trial_compile_one(trial->expressions[i], &trial->rules[i], trial->programs[i]);
        if (trial->rules[i].clear != NULL) {
            trial_compile_one(trial->clear_expressions[i], &trial->rules[i],
                              trial->clear_programs[i]);
        }
    }
}

static void *trial_array(size_t count, size_t size) {
    size_t bytes = count > 0 ? count * size : 1;
    void *array = malloc(bytes);
    assert(array != NULL);
    memset(array, 0xAA, bytes); /* nothing may rely on what was there before */
    return array;
}

static void *trial_copy(const void *array, size_t count, size_t size) {
    void *copy = trial_array(count, size);
    memcpy(copy, array, count * size);
    return copy;
}

/* Give the draft the site as it stands now. */
static void trial_keep_site(struct trial *trial) {
    struct ruleset_draft *draft = &trial->draft;
    struct trial_bound *bound = &trial->bound;
    bound->places = trial_copy(trial->places, draft->place_count, sizeof *bound->places);
    bound->points = trial_copy(trial->points, draft->point_count, sizeof *bound->points);
    bound->devices = trial_copy(trial->devices, draft->device_count, sizeof *bound->devices);
    bound->rules = trial_copy(trial->rules, draft->rule_count, sizeof *bound->rules);
    draft->places = bound->places;
    draft->points = bound->points;
    draft->devices = bound->devices;
    draft->rules = bound->rules;
}

bool trial_bind(struct trial *trial) {
    trial_ranges(trial);
    trial_compile(trial);
    trial_unbind(trial);
    trial_keep_site(trial);
    reach_zones(&trial->draft, trial->bound.places);
    emergency_mark(&trial->draft, trial->bound.points, trial->bound.devices);
    struct ruleset_sizes *sizes = &trial->sizes;
    trial->finding_count = ruleset_measure(&trial->draft, sizes, trial->findings, TRIAL_FINDINGS);
    for (uint32_t i = 0; i < trial->finding_count && i < TRIAL_FINDINGS; i++) {
        if (ruleset_finding_is_error(trial->findings[i].kind)) {
            return false;
        }
    }
    struct ruleset_arrays *arrays = &trial->arrays;
    arrays->rules = trial_array(sizes->rules, sizeof *arrays->rules);
    arrays->alarms = trial_array(sizes->alarms, sizeof *arrays->alarms);
    arrays->ops = trial_array(sizes->ops, sizeof *arrays->ops);
    arrays->sets = trial_array(sizes->sets, sizeof *arrays->sets);
    arrays->bounds = trial_array(sizes->bounds, sizeof *arrays->bounds);
    arrays->members = trial_array(sizes->members, sizeof *arrays->members);
    arrays->dependent_first =
        trial_array(trial->draft.point_count + 1, sizeof *arrays->dependent_first);
    arrays->dependents = trial_array(sizes->dependents, sizeof *arrays->dependents);
    arrays->betweens = trial_array(sizes->betweens, sizeof *arrays->betweens);
    ruleset_bind(&trial->draft, sizes, arrays);
    trial->ruleset = (struct ruleset){
        .places = trial->bound.places,
        .points = trial->bound.points,
        .devices = trial->bound.devices,
        .rules = arrays->rules,
        .alarms = arrays->alarms,
        .ops = arrays->ops,
        .sets = arrays->sets,
        .bounds = arrays->bounds,
        .members = arrays->members,
        .dependent_first = arrays->dependent_first,
        .dependents = arrays->dependents,
        .betweens = arrays->betweens,
        .chains = trial->chains,
        .steps = trial->steps,
        .times = trial->draft.times,
        .listener_shifts = trial->listener_shifts,
        .place_count = trial->draft.place_count,
        .point_count = trial->draft.point_count,
        .device_count = trial->draft.device_count,
        .component_count = trial->draft.component_count,
        .rule_count = sizes->rules,
        .alarm_count = sizes->alarms,
        .op_count = sizes->ops,
        .set_count = sizes->sets,
        .bound_count = sizes->bounds,
        .member_count = sizes->members,
        .dependent_count = sizes->dependents,
        .between_count = sizes->betweens,
        .calendar_count = trial->draft.calendar_count,
        .memory_count = sizes->memories,
        .window_count = sizes->windows,
        .chain_count = trial->chain_count,
        .step_count = trial->step_count,
        .shift_count = trial->shift_count,
        .listener_count = trial->draft.listener_count,
    };
    return true;
}

uint32_t trial_alarm(const struct trial *trial, uint32_t rule, uint32_t entity) {
    const struct ruleset_rule *bound = &trial->ruleset.rules[rule];
    for (uint32_t i = bound->alarm_first; i < bound->alarm_first + bound->alarm_count; i++) {
        if (trial->ruleset.alarms[i].entity == entity) {
            return i;
        }
    }
    return RULESET_NONE;
}

uint32_t trial_builtin(const struct trial *trial, enum ruleset_builtin builtin, uint32_t entity) {
    return trial_alarm(trial, trial->draft.rule_count + (uint32_t)builtin - 1, entity);
}
