/* SPDX-License-Identifier: Apache-2.0 */
#include <assert.h>

#include "gateway/config/config_layout.h"
#include "gateway/site.h"

/*
 * Lint: calls and detectors that no rule reads
 *
 * A button that is wired, polled and shown looks like one that calls. Where no rule of the site reads
 * it nobody is ever told, and who finds that out is whoever presses it. The image knows which alarms
 * a point touches. Those of the product's own rules tell that it is lost or at fault and not that it
 * was pressed, and so does a rule that looks at its quality alone.
 */

/* A button by which somebody says that he has come calls nobody, and needs no rule. */
static bool unread_must_be_read(enum point_kind kind) {
    return point_kind_facts(kind)->serves_emergency && kind != POINT_ATTEND_BUTTON;
}

/* Is the point's value part of what raises the alarm? */
static bool unread_raises(const struct ruleset *ruleset, const struct ruleset_alarm *alarm,
                          uint32_t point) {
    const struct ruleset_rule *rule = &ruleset->rules[alarm->rule];
    for (uint32_t i = 0; i < rule->op_count; i++) {
        const struct expr_op *op = &ruleset->ops[rule->op_first + i];
        const struct expr_set *set = &ruleset->sets[rule->set_first + op->set];
        if (op->code == EXPR_LOAD &&
            (set->binding == EXPR_BIND_SELF ? alarm->entity == point
                                            : set->kind == ruleset->points[point].kind)) {
            return true;
        }
    }
    return false;
}

static bool unread_is_read(const struct ruleset *ruleset, uint32_t point) {
    for (uint32_t i = ruleset->dependent_first[point]; i < ruleset->dependent_first[point + 1];
         i++) {
        const struct ruleset_alarm *alarm = &ruleset->alarms[ruleset->dependents[i]];
        if (ruleset->rules[alarm->rule].builtin == BUILTIN_NONE &&
            unread_raises(ruleset, alarm, point)) {
            return true;
        }
    }
    return false;
}

static const char *unread_meaning(enum point_kind kind) {
    if (kind == POINT_PULL_CORD) {
        return "whoever pulls it calls nobody";
    }
    bool pressed = kind == POINT_EMERGENCY_BUTTON || kind == POINT_PENDANT ||
                   kind == POINT_ASSIST_BUTTON || kind == POINT_PANIC_BUTTON ||
                   kind == POINT_MANUAL_CALL_POINT;
    return pressed ? "whoever presses it calls nobody" : "nobody is called when it reports";
}

/* One warning for all points of a kind, at the first of them; points stand by place. */
static void unread_lint_kind(struct config *config, const struct config_layout *layout,
                             const struct ruleset *ruleset, enum point_kind kind) {
    const struct config_node *first = NULL;
    struct config_names places = {0};
    uint32_t named = RULESET_NONE;
    for (uint32_t i = 0; i < ruleset->point_count; i++) {
        const struct ruleset_point *point = &ruleset->points[i];
        if (point->kind != kind || unread_is_read(ruleset, i)) {
            continue;
        }
        if (first == NULL) {
            first = config->points[layout->point_at[i]].node;
        }
        if (point->place != named) {
            named = point->place;
            config_names_add(config, &places, config->places[named].id);
        }
    }
    if (first != NULL) {
        const char *name = point_kind_facts(kind)->name;
        config_warn(config, config_node_member(first, "kind"),
                    config_format(&config->arena,
                                  "add a rule `each: point %s` with a `chain`, or take `in PLACE` "
                                  "out of the one that there is",
                                  name),
                    "no rule reads `%s` in %s: %s", name, config_names_text(config, &places),
                    unread_meaning(kind));
    }
}

void config_lint_unread(struct config *config, const struct config_layout *layout) {
    struct site site;
    int r = site_view(config->image, config->image_size, &site);
    assert(r == 0); /* it was made a moment ago */
    for (enum point_kind kind = 0; kind < POINT_KIND_COUNT; kind++) {
        if (unread_must_be_read(kind)) {
            unread_lint_kind(config, layout, &site.ruleset, kind);
        }
    }
}
