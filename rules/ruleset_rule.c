/* SPDX-License-Identifier: Apache-2.0 */

/*
 * A rule of the site: its program, its alarms, and what is odd about how it binds
 *
 * Only a measuring walk looks for what is odd: a draft with an error is never written.
 */
#include <assert.h>

#include "rules/ruleset_parts.h"

/* --- its alarms --- */

/* Bind one rule for one entity: its bounds, its members, what it keeps, and the alarm itself. */
static void ruleset_bind_entity(struct ruleset_walk *walk, uint32_t index,
                                const struct ruleset_entity *entity) {
    const struct ruleset_draft_rule *rule = &walk->draft->rules[index];
    const struct ruleset_arrays *arrays = walk->arrays;
    struct expr_bound bounds[2 * LIMIT_EXPR_SETS];
    uint32_t distinct = 0;
    for (uint32_t s = 0; s < walk->set_count; s++) {
        uint32_t first = walk->sizes.members;
        uint32_t count =
            ruleset_members(walk->draft, walk->sets, s, entity,
                            arrays == NULL ? NULL : &arrays->members[first], &distinct);
        bounds[s] = (struct expr_bound){first, count};
        if (arrays != NULL) {
            arrays->bounds[walk->sizes.bounds + s] = bounds[s];
        }
        walk->sizes.members += count;
    }
    struct expr_keeps keeps = expr_keeps(walk->sets, walk->set_count, walk->own, bounds);
    ruleset_add_alarm(
        walk, &(struct ruleset_alarm){
                  .rule = index,
                  .entity = entity->index,
                  .place = entity->place,
                  .bound_first = walk->sizes.bounds,
                  .memory_first = walk->sizes.memories,
                  .memory_count = keeps.memories,
                  .window_first = walk->sizes.windows,
                  .window_count = keeps.windows,
                  .entity_kind = rule->each == EXPR_EACH_POINT ? ENTITY_POINT : ENTITY_PLACE,
                  .priority = (uint8_t)rule->priority,
              });
    walk->sizes.bounds += walk->set_count;
    walk->sizes.memories += keeps.memories;
    walk->sizes.windows += keeps.windows;
    walk->sizes.dependents += distinct;
    if (walk->sizes.alarms > LIMIT_ALARMS) {
        ruleset_stop(walk, RULESET_TOO_MANY_ALARMS, index);
    } else if (walk->sizes.members > LIMIT_BINDINGS || walk->sizes.memories > LIMIT_BINDINGS) {
        ruleset_stop(walk, RULESET_TOO_MANY_BINDINGS, index);
    } else if (walk->sizes.windows > LIMIT_WINDOWS) {
        ruleset_stop(walk, RULESET_TOO_MANY_WINDOWS, index);
    }
}

/* How one set binds for one entity: a finding's kind, or false when there is nothing to say. */
static bool ruleset_set_is_odd(enum expr_binding binding, uint32_t count,
                               enum ruleset_finding_kind *ret_kind) {
    if (binding == EXPR_BIND_SUBTREE && count == 0) {
        *ret_kind = RULESET_SET_EMPTY_HERE;
        return true;
    } else if (binding == EXPR_BIND_SIBLING && count != 1) {
        *ret_kind = count == 0 ? RULESET_SIBLING_NONE : RULESET_SIBLING_MANY;
        return true;
    }
    return false;
}

/* Report how set `s` binds over all entities of its rule. Only a measuring walk looks. */
static void ruleset_check_set(struct ruleset_walk *walk, uint32_t index, uint32_t s) {
    const struct ruleset_draft_rule *rule = &walk->draft->rules[index];
    const struct expr_set *sets = walk->sets;
    struct ruleset_entity entity;
    uint32_t all = 0;
    uint32_t fresh = 0;
    for (uint32_t i = 0; ruleset_entity_next(walk->draft, rule, i, &entity); i = entity.index + 1) {
        all += ruleset_members(walk->draft, sets, s, &entity, NULL, &fresh);
    }
    if (all == 0 && sets[s].binding == EXPR_BIND_SUBTREE) {
        ruleset_find(walk, RULESET_SET_EMPTY, index, s, RULESET_NONE);
        return;
    }
    for (uint32_t i = 0; ruleset_entity_next(walk->draft, rule, i, &entity); i = entity.index + 1) {
        uint32_t count = ruleset_members(walk->draft, sets, s, &entity, NULL, &fresh);
        enum ruleset_finding_kind kind;
        if (ruleset_set_is_odd((enum expr_binding)sets[s].binding, count, &kind)) {
            ruleset_find(walk, kind, index, s, entity.index);
        }
    }
}

/* --- the program --- */

/* Return the index of a `between` clause in the list of all rules, which it joins if it is new. */
static uint32_t ruleset_between(struct ruleset_walk *walk, uint32_t rule,
                                struct expr_between between) {
    uint32_t count = walk->sizes.betweens;
    for (uint32_t i = 0; i < count; i++) {
        if (walk->betweens[i].begin_min == between.begin_min &&
            walk->betweens[i].end_min == between.end_min) {
            return i;
        }
    }
    if (count == LIMIT_BETWEENS) {
        ruleset_stop(walk, RULESET_TOO_MANY_BETWEENS, rule);
        return 0;
    }
    walk->betweens[count] = between;
    if (walk->arrays != NULL) {
        walk->arrays->betweens[count] = between;
    }
    walk->sizes.betweens++;
    return count;
}

/*
 * Add a program to the rule's: its operations with their sets numbered on behind those that the rule
 * has already, and its `between` clauses renumbered to the list of all rules.
 */
static void ruleset_program(struct ruleset_walk *walk, uint32_t rule,
                            const struct expr_program *program) {
    assert(program->set_count <= LIMIT_EXPR_SETS && program->op_count <= LIMIT_EXPR_OPS);
    for (uint32_t i = 0; i < program->op_count; i++) {
        struct expr_op op = program->ops[i];
        op.set = (uint8_t)(op.set + walk->set_count);
        if (op.code == EXPR_BETWEEN) {
            op.slot = ruleset_between(walk, rule, program->betweens[op.slot]);
        }
        if (walk->arrays != NULL) {
            walk->arrays->ops[walk->sizes.ops + i] = op;
        }
    }
    for (uint32_t s = 0; s < program->set_count; s++) {
        walk->sets[walk->set_count++] = program->sets[s];
        if (walk->arrays != NULL) {
            walk->arrays->sets[walk->sizes.sets + s] = program->sets[s];
        }
    }
    walk->own.memories += program->own.memories;
    walk->own.windows += program->own.windows;
    walk->sizes.ops += program->op_count;
    walk->sizes.sets += program->set_count;
}

/* --- the whole --- */

void ruleset_bind_rule(struct ruleset_walk *walk, uint32_t index) {
    const struct ruleset_draft_rule *rule = &walk->draft->rules[index];
    struct ruleset_rule bound = {
        .op_first = walk->sizes.ops,
        .op_count = rule->program->op_count,
        .clear_op_count = rule->clear == NULL ? 0 : rule->clear->op_count,
        .set_first = walk->sizes.sets,
        .alarm_first = walk->sizes.alarms,
        .raise_after_ns = rule->raise_after_ns,
        .clear_after_ns = rule->clear_after_ns,
        .chain = rule->chain,
        .class = (uint8_t)rule->class,
        .priority = (uint8_t)rule->priority,
        .builtin = BUILTIN_NONE,
        .each = (uint8_t)rule->each,
        .latched = rule->latched,
    };
    walk->set_count = 0;
    walk->own = (struct expr_keeps){0};
    ruleset_program(walk, index, rule->program);
    if (rule->clear != NULL) {
        ruleset_program(walk, index, rule->clear);
    }
    bound.set_count = walk->set_count;

    struct ruleset_entity entity;
    for (uint32_t i = 0; !walk->full && ruleset_entity_next(walk->draft, rule, i, &entity);
         i = entity.index + 1) {
        ruleset_bind_entity(walk, index, &entity);
    }
    bound.alarm_count = walk->sizes.alarms - bound.alarm_first;
    ruleset_add_rule(walk, &bound);
    if (walk->arrays != NULL || walk->full) {
        return;
    } else if (bound.alarm_count == 0) {
        ruleset_find(walk, RULESET_NO_ENTITY, index, RULESET_NONE, RULESET_NONE);
        return;
    }
    for (uint32_t s = 0; s < walk->set_count; s++) {
        ruleset_check_set(walk, index, s);
    }
}
