/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/console/unheard.h"

static const struct ruleset_rule *unheard_rule(const struct ruleset *ruleset, uint32_t alarm) {
    return &ruleset->rules[ruleset->alarms[alarm].rule];
}

/*
 * Each rule of the site that reads the point, once: alarms stand in the order of their rules. Returns how
 * many there are, and adds the first to `names` unless it is NULL.
 */
static uint32_t unheard_rules(const struct site *site, uint32_t point, json_t *names) {
    const struct ruleset *ruleset = &site->ruleset;
    uint32_t before = RULESET_NONE;
    uint32_t count = 0;
    for (uint32_t i = ruleset->dependent_first[point]; i < ruleset->dependent_first[point + 1];
         i++) {
        uint32_t alarm = ruleset->dependents[i];
        uint32_t rule = ruleset->alarms[alarm].rule;
        if (unheard_rule(ruleset, alarm)->builtin != BUILTIN_NONE || rule == before) {
            continue;
        }
        if (names != NULL && count < UNHEARD_RULES_MAX) {
            (void)json_array_append_new(names, json_string(site_text(site, site->rules[rule].id)));
        }
        before = rule;
        count++;
    }
    return count;
}

static bool unheard_is(const struct view *view, uint32_t point) {
    const struct ruleset_point *facts = &view->site->ruleset.points[point];
    const struct view_point *state = &view->points[point];
    bool told = state->round != 0 && state->round == view->round;
    return told && state->heard.ns == 0 &&
           point_kind_facts((enum point_kind)facts->kind)->form != POINT_FORM_EVENT &&
           unheard_rules(view->site, point, NULL) > 0 && !view_device_is_lost(view, facts->device);
}

static json_t *unheard_row(const struct site *site, uint32_t point) {
    const struct ruleset_point *facts = &site->ruleset.points[point];
    json_t *names = json_array();
    uint32_t count = unheard_rules(site, point, names);
    return json_pack("{s:s, s:s, s:I, s:o}", "point", site_text(site, site->points[point].id),
                     "kind", point_kind_facts((enum point_kind)facts->kind)->name, "rule_count",
                     (json_int_t)count, "rules", names);
}

json_t *unheard_body(const struct view *view, bool fresh) {
    json_t *rows = json_array();
    json_int_t count = 0;
    for (uint32_t i = 0; fresh && i < view->site->ruleset.point_count; i++) {
        if (unheard_is(view, i)) {
            if (count < UNHEARD_POINTS_MAX) {
                (void)json_array_append_new(rows, unheard_row(view->site, i));
            }
            count++;
        }
    }
    return json_pack("{s:o, s:o}", "count", fresh ? json_integer(count) : json_null(), "points",
                     rows);
}
