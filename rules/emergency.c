/* SPDX-License-Identifier: Apache-2.0 */
#include "rules/emergency.h"

#include <assert.h>

/* The kinds that an expression names in sets of one binding. */
static point_kind_set emergency_kinds(const struct expr_program *program,
                                      enum expr_binding binding) {
    point_kind_set kinds = 0;
    for (uint32_t s = 0; program != NULL && s < program->set_count; s++) {
        if (program->sets[s].binding == binding) {
            kinds |= (point_kind_set)1 << program->sets[s].kind;
        }
    }
    return kinds;
}

static point_kind_set emergency_kinds_of(const struct ruleset_draft_rule *rule,
                                         enum expr_binding binding) {
    return emergency_kinds(rule->program, binding) | emergency_kinds(rule->clear, binding);
}

/* Is the place within what the rule is narrowed to? */
static bool emergency_is_inside(const struct ruleset_draft *draft,
                                const struct ruleset_draft_rule *rule, uint32_t place) {
    return rule->in_place == RULESET_NONE ||
           (place >= rule->in_place && place < draft->places[rule->in_place].end);
}

/* Is the rule for this point? */
static bool emergency_is_for(const struct ruleset_draft *draft,
                             const struct ruleset_draft_rule *rule, uint32_t point) {
    const struct ruleset_point *row = &draft->points[point];
    return (rule->point_kinds >> row->kind & 1) != 0 &&
           emergency_is_inside(draft, rule, row->place);
}

/* Is the rule for a point in the same place? */
static bool emergency_is_beside(const struct ruleset_draft *draft,
                                const struct ruleset_draft_rule *rule, uint32_t point) {
    uint32_t place = draft->points[point].place;
    for (uint32_t p = draft->places[place].point_first;
         p < draft->point_count && draft->points[p].place == place; p++) {
        if (emergency_is_for(draft, rule, p)) {
            return true;
        }
    }
    return false;
}

/* Is the rule for the place, or for one around it? */
static bool emergency_is_around(const struct ruleset_draft *draft,
                                const struct ruleset_draft_rule *rule, uint32_t place) {
    for (; place != RULESET_NONE; place = draft->places[place].parent) {
        if ((rule->place_kinds >> draft->places[place].kind & 1) != 0 &&
            emergency_is_inside(draft, rule, place)) {
            return true;
        }
    }
    return false;
}

static void emergency_mark_rule(const struct ruleset_draft *draft,
                                const struct ruleset_draft_rule *rule,
                                struct ruleset_point *points) {
    bool is_point = rule->each == EXPR_EACH_POINT;
    point_kind_set kinds =
        emergency_kinds_of(rule, is_point ? EXPR_BIND_SIBLING : EXPR_BIND_SUBTREE);
    for (uint32_t p = 0; p < draft->point_count; p++) {
        bool named = (kinds >> points[p].kind & 1) != 0;
        bool reads = is_point ? emergency_is_for(draft, rule, p) ||
                                    (named && emergency_is_beside(draft, rule, p))
                              : named && emergency_is_around(draft, rule, points[p].place);
        if (reads) {
            points[p].serves_emergency = 1;
        }
    }
}

void emergency_mark(const struct ruleset_draft *draft, struct ruleset_point *points,
                    struct ruleset_device *devices) {
    assert(draft->points == points && draft->devices == devices);
    for (uint32_t r = 0; r < draft->rule_count; r++) {
        if (draft->rules[r].priority == PRIORITY_EMERGENCY) {
            emergency_mark_rule(draft, &draft->rules[r], points);
        }
    }
    for (uint32_t p = 0; p < draft->point_count; p++) {
        if (point_kind_facts((enum point_kind)points[p].kind)->serves_emergency) {
            points[p].serves_emergency = 1;
        }
        if (points[p].serves_emergency != 0) {
            devices[points[p].device].serves_emergency = 1;
        }
    }
}
