/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RULES_RULESET_PARTS_H
#define RULES_RULESET_PARTS_H

/* What the parts of the binding share: for ruleset.c and ruleset_*.c only. */

#include "rules/ruleset.h"

/* One walk: counts into `sizes`, and writes where `arrays` is not NULL. */
struct ruleset_walk {
    const struct ruleset_draft *draft;
    const struct ruleset_arrays *arrays;
    struct ruleset_sizes sizes;
    struct expr_between betweens[LIMIT_BETWEENS]; /* met so far */
    /* Of the present rule: those of `raise`, then those of `clear`. */
    struct expr_set sets[2 * LIMIT_EXPR_SETS];
    uint32_t set_count;
    struct expr_keeps own;
    struct ruleset_finding *findings;
    uint32_t finding_room;
    uint32_t finding_count;
    bool full; /* a bound was reached: nothing more is counted or written */
};

/* What a rule is for, one at a time. */
struct ruleset_entity {
    uint32_t index; /* point or place, by the rule's each */
    uint32_t place;
};

/* --- ruleset.c --- */

/* Note something odd, if there is room for it. */
void ruleset_find(struct ruleset_walk *walk, enum ruleset_finding_kind kind, uint32_t rule,
                  uint32_t set, uint32_t entity);

/* A bound was passed: say so once, at the rule that did it. */
void ruleset_stop(struct ruleset_walk *walk, enum ruleset_finding_kind kind, uint32_t rule);

void ruleset_add_alarm(struct ruleset_walk *walk, const struct ruleset_alarm *alarm);
void ruleset_add_rule(struct ruleset_walk *walk, const struct ruleset_rule *rule);

/* --- ruleset_members.c: which entities, and which points --- */

/* Find the rule's first entity at or after `from`; false when there is none. */
bool ruleset_entity_next(const struct ruleset_draft *draft, const struct ruleset_draft_rule *rule,
                         uint32_t from, struct ruleset_entity *ret_entity);

/*
 * Does one of the first `count` sets mean `point`? A set asks it about those before it, so that an
 * alarm that names a point twice depends on it once.
 */
bool ruleset_is_met(const struct ruleset_draft *draft, const struct expr_set *sets, uint32_t count,
                    const struct ruleset_entity *entity, uint32_t point);

/*
 * Count the points that set `s` means for `entity`, and write them to `members` unless that is
 * NULL. Adds to `fresh` how many of them no set before it means.
 */
uint32_t ruleset_members(const struct ruleset_draft *draft, const struct expr_set *sets, uint32_t s,
                         const struct ruleset_entity *entity, uint32_t *members, uint32_t *fresh);

/* --- ruleset_rule.c: a rule of the site --- */

/* Bind rule `index` of the draft: its program, and an alarm for each of its entities. */
void ruleset_bind_rule(struct ruleset_walk *walk, uint32_t index);

/* --- ruleset_builtin.c: the product's own rules --- */

/* Bind them all, in the order of enum ruleset_builtin. */
void ruleset_bind_builtins(struct ruleset_walk *walk);

/* --- ruleset_dependents.c: who depends on whom --- */

/* Fill the arrays of dependents once the alarms and their members are written. */
void ruleset_dependents(const struct ruleset_walk *walk);

#endif
