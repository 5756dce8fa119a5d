/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Who depends on whom: the alarms that a reading of a point touches
 *
 * The bound alarms name their points; this is the same turned round, sorted by point.
 */
#include <assert.h>
#include <string.h>

#include "rules/ruleset_parts.h"

/* Without `dependents` count at first[point + 1]; else enter `alarm` at first[point], which moves
 * on. */
static void ruleset_depend(uint32_t point, uint32_t alarm, uint32_t *first, uint32_t *dependents) {
    if (dependents == NULL) {
        first[point + 1]++;
    } else {
        dependents[first[point]++] = alarm;
    }
}

/* Go through the points that each alarm depends on, alarms ascending. */
static void ruleset_depend_all(const struct ruleset_walk *walk, uint32_t *first,
                               uint32_t *dependents) {
    const struct ruleset_arrays *arrays = walk->arrays;
    for (uint32_t i = 0; i < walk->sizes.alarms; i++) {
        const struct ruleset_alarm *alarm = &arrays->alarms[i];
        const struct ruleset_rule *rule = &arrays->rules[alarm->rule];
        const struct expr_set *sets = &arrays->sets[rule->set_first];
        const struct ruleset_entity entity = {alarm->entity, alarm->place};
        if (rule->builtin != BUILTIN_NONE && alarm->entity_kind == ENTITY_POINT) {
            ruleset_depend(alarm->entity, i, first, dependents);
        }
        for (uint32_t s = 0; s < rule->set_count; s++) {
            struct expr_bound bound = arrays->bounds[alarm->bound_first + s];
            for (uint32_t m = bound.first; m < bound.first + bound.count; m++) {
                uint32_t point = arrays->members[m];
                if (!ruleset_is_met(walk->draft, sets, s, &entity, point)) {
                    ruleset_depend(point, i, first, dependents);
                }
            }
        }
    }
}

/* Count, sum up, enter, and move the firsts back. */
void ruleset_dependents(const struct ruleset_walk *walk) {
    uint32_t *first = walk->arrays->dependent_first;
    uint32_t count = walk->draft->point_count;
    memset(first, 0, ((size_t)count + 1) * sizeof *first);
    ruleset_depend_all(walk, first, NULL);
    for (uint32_t i = 0; i < count; i++) {
        first[i + 1] += first[i];
    }
    assert(first[count] == walk->sizes.dependents);
    ruleset_depend_all(walk, first, walk->arrays->dependents);
    for (uint32_t i = count; i > 0; i--) {
        first[i] = first[i - 1];
    }
    first[0] = 0;
}
