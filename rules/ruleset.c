/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Binding: from a draft of a site to the arrays that the core runs on
 *
 * One walk over all rules and the entities they are for does both steps. ruleset_measure() runs it
 * without arrays, so that it only counts and finds faults; ruleset_bind() runs it again and writes.
 * What was measured is therefore what is written, by construction, and no scratch memory is needed.
 */
#include <assert.h>
#include <string.h>

#include "rules/ruleset_parts.h"

void ruleset_find(struct ruleset_walk *walk, enum ruleset_finding_kind kind, uint32_t rule,
                  uint32_t set, uint32_t entity) {
    if (walk->finding_count < walk->finding_room) {
        walk->findings[walk->finding_count] =
            (struct ruleset_finding){.kind = kind, .rule = rule, .set = set, .entity = entity};
    }
    walk->finding_count++;
}

void ruleset_stop(struct ruleset_walk *walk, enum ruleset_finding_kind kind, uint32_t rule) {
    if (!walk->full) {
        ruleset_find(walk, kind, rule, RULESET_NONE, RULESET_NONE);
    }
    walk->full = true;
}

void ruleset_add_alarm(struct ruleset_walk *walk, const struct ruleset_alarm *alarm) {
    if (walk->arrays != NULL) {
        walk->arrays->alarms[walk->sizes.alarms] = *alarm;
    }
    walk->sizes.alarms++;
}

void ruleset_add_rule(struct ruleset_walk *walk, const struct ruleset_rule *rule) {
    if (walk->arrays != NULL) {
        walk->arrays->rules[walk->sizes.rules] = *rule;
    }
    walk->sizes.rules++;
}

static void ruleset_walk_all(struct ruleset_walk *walk) {
    for (uint32_t i = 0; i < walk->draft->rule_count && !walk->full; i++) {
        ruleset_bind_rule(walk, i);
    }
    ruleset_bind_builtins(walk);
}

bool ruleset_finding_is_error(enum ruleset_finding_kind kind) {
    return kind != RULESET_SET_EMPTY_HERE;
}

uint32_t ruleset_measure(const struct ruleset_draft *draft, struct ruleset_sizes *ret_sizes,
                         struct ruleset_finding *findings, uint32_t finding_room) {
    struct ruleset_walk walk = {
        .draft = draft,
        .findings = findings,
        .finding_room = finding_room,
    };
    ruleset_walk_all(&walk);
    *ret_sizes = walk.sizes;
    return walk.finding_count;
}

void ruleset_bind(const struct ruleset_draft *draft, const struct ruleset_sizes *sizes,
                  const struct ruleset_arrays *arrays) {
    struct ruleset_walk walk = {.draft = draft, .arrays = arrays};
    ruleset_walk_all(&walk);
    assert(!walk.full);
    assert(memcmp(&walk.sizes, sizes, sizeof *sizes) == 0);
    ruleset_dependents(&walk);
}

uint64_t ruleset_gather_ns(const struct ruleset *ruleset, uint32_t alarm) {
    assert(alarm < ruleset->alarm_count);
    const struct ruleset_rule *rule = &ruleset->rules[ruleset->alarms[alarm].rule];
    return rule->priority == PRIORITY_EMERGENCY ? 0 : ruleset->times->gather_s * NS_PER_S;
}
