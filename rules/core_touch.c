/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Which alarms a change touches: those that are evaluated at the end of the step
 */
#include <assert.h>

#include "rules/core_state.h"
#include "rules/search.h"

void core_touch_builtin(struct core *core, enum ruleset_builtin builtin, uint32_t entity) {
    assert(entity < core->builtin_count[builtin]);
    index_set_add(&core->touched, core->builtin_first[builtin] + entity);
}

void core_touch_value(struct core *core, uint32_t point) {
    const struct ruleset *ruleset = core->ruleset;
    enum point_kind kind = (enum point_kind)ruleset->points[point].kind;
    if (point_kind_facts(kind)->form == POINT_FORM_OUTPUT) {
        core_touch_waiting(core);
    }
    uint32_t first_fault = core->builtin_first[BUILTIN_SENSOR_FAULT];
    uint32_t faults = core->builtin_count[BUILTIN_SENSOR_FAULT];
    for (uint32_t i = ruleset->dependent_first[point]; i < ruleset->dependent_first[point + 1];
         i++) {
        if (ruleset->dependents[i] - first_fault >= faults) { /* a fault is no matter of values */
            index_set_add(&core->touched, ruleset->dependents[i]);
        }
    }
}

void core_touch_point(struct core *core, uint32_t point) {
    const struct ruleset *ruleset = core->ruleset;
    core_touch_value(core, point);
    for (uint32_t i = ruleset->dependent_first[point]; i < ruleset->dependent_first[point + 1];
         i++) {
        index_set_add(&core->touched, ruleset->dependents[i]);
    }
}

void core_touch_age(struct core *core, uint32_t point) {
    const struct ruleset *ruleset = core->ruleset;
    if (!index_set_has(&core->aged, point)) {
        return;
    }
    for (uint32_t i = ruleset->dependent_first[point]; i < ruleset->dependent_first[point + 1];
         i++) {
        uint32_t alarm = ruleset->dependents[i];
        if ((core->rule_reads[ruleset->alarms[alarm].rule] & CORE_READS_AGE) != 0) {
            index_set_add(&core->touched, alarm);
        }
    }
}

void core_touch_readers(struct core *core, unsigned reads, uint32_t calendar) {
    const struct ruleset *ruleset = core->ruleset;
    for (uint32_t r = 0; r < ruleset->rule_count; r++) {
        if ((core->rule_reads[r] & reads) == 0) {
            continue;
        }
        const struct ruleset_rule *rule = &ruleset->rules[r];
        for (uint32_t i = rule->alarm_first; i < rule->alarm_first + rule->alarm_count; i++) {
            if (reads != CORE_READS_HOURS ||
                ruleset->places[ruleset->alarms[i].place].calendar == calendar) {
                index_set_add(&core->touched, i);
            }
        }
    }
}

bool core_depends(const struct ruleset *ruleset, uint32_t point, uint32_t alarm) {
    uint32_t end = ruleset->dependent_first[point + 1];
    uint32_t at = search_first(ruleset->dependents, ruleset->dependent_first[point], end, alarm,
                               search_index_is_before);
    return at < end && ruleset->dependents[at] == alarm;
}
