/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "gateway/config/config_layout.h"

/*
 * Lints: what is legal and yet odd
 *
 * Each is a warning with a consequence. What concerns one key alone is warned of where that key is
 * read; here stands what only shows once rules, chains and points are all known.
 */

static uint32_t lint_top_place(const struct config *config, uint32_t place) {
    while (config->places[place].parent != RULESET_NONE) {
        place = config->places[place].parent;
    }
    return place;
}

static point_kind_set lint_kinds_below(const struct config_layout *layout, uint32_t place) {
    point_kind_set kinds = 0;
    for (uint32_t i = layout->places[place].point_first; i < layout->places[place].point_end; i++) {
        kinds |= (point_kind_set)1 << layout->points[i].kind;
    }
    return kinds;
}

/* Does the rule raise alarms at the top-level place `top` or below it? */
static bool lint_rule_is_at(const struct config *config, const struct config_layout *layout,
                            const struct ruleset_draft_rule *rule, uint32_t top) {
    uint32_t begin = top;
    uint32_t end = layout->places[top].end;
    if (rule->in_place != RULESET_NONE) {
        if (lint_top_place(config, rule->in_place) != top) {
            return false;
        }
        begin = rule->in_place;
        end = layout->places[begin].end;
    }
    for (uint32_t place = begin; place < end; place++) {
        if (rule->each == EXPR_EACH_PLACE &&
            (rule->place_kinds & 1ull << layout->places[place].kind) != 0) {
            return true;
        }
    }
    return rule->each == EXPR_EACH_POINT &&
           (lint_kinds_below(layout, begin) & rule->point_kinds) != 0;
}

/*
 * A step whose output is nowhere: the way up from an alarm's place ends at its top-level place, so
 * there is one answer for each of those.
 */
static void lint_step(struct config *config, const struct config_layout *layout,
                      const struct config_chain *chain, uint32_t chain_index,
                      const struct config_step *step) {
    for (uint32_t top = 0; top < config->place_count; top = layout->places[top].end) {
        bool used = false;
        for (uint32_t i = 0; i < config->rule_count && !used; i++) {
            const struct config_rule *rule = &config->rules[i];
            used = rule->sound && rule->draft.chain == chain_index &&
                   lint_rule_is_at(config, layout, &rule->draft, top);
        }
        point_kind_set kinds = lint_kinds_below(layout, top);
        for (enum point_kind kind = 0; kind < POINT_KIND_COUNT && used; kind++) {
            point_kind_set bit = (point_kind_set)1 << kind;
            if ((step->row.outputs & bit) != 0 && (kinds & bit) == 0) {
                config_warn(config, step->node, NULL,
                            "%s has no `%s`: chain `%s` switches nothing for an alarm there",
                            config->places[top].id, point_kind_facts(kind)->name, chain->id);
            }
        }
    }
}

static void lint_chains(struct config *config, const struct config_layout *layout) {
    for (uint32_t i = 0; i < config->chain_count; i++) {
        for (uint32_t j = 0; j < config->chains[i].step_count; j++) {
            const struct config_step *step = &config->chains[i].steps[j];
            if (step->row.outputs != 0 && step->row.reach != CHAIN_REACH_SITE) {
                lint_step(config, layout, &config->chains[i], i, step);
            }
        }
    }
}

/*
 * Coincidence for fire is for outward actions only: the first detector has to tell people at once
 * (model.md 3), which takes a rule for the single detector.
 */
static void lint_coincidence(struct config *config, const struct config_rule *rule) {
    point_kind_set told = 0;
    for (uint32_t i = 0; i < config->rule_count; i++) {
        const struct config_rule *other = &config->rules[i];
        if (other->sound && other->draft.each == EXPR_EACH_POINT &&
            other->draft.class == CLASS_FIRE_ALARM) {
            told |= other->draft.point_kinds;
        }
    }
    const struct expr_program *program = rule->draft.program;
    point_kind_set warned = 0;
    for (uint32_t i = 0; i < program->set_count; i++) {
        const struct expr_set *set = &program->sets[i];
        point_kind_set bit = (point_kind_set)1 << set->kind;
        if (set->binding == EXPR_BIND_SUBTREE && (told & bit) == 0 && (warned & bit) == 0) {
            const char *kind = point_kind_facts(set->kind)->name;
            config_note(config, CONFIG_WARNING,
                        config_node_locate(rule->raise, set->text_at, set->text_len),
                        config_format(&config->arena,
                                      "add a rule `each: point %s` of class fire.alarm", kind),
                        "the first `%s` that trips tells nobody until fire is confirmed", kind);
            warned |= bit;
        }
    }
}

/* Something must tell the alarm: an output, or an audience that is called. */
static void lint_heard(struct config *config, const struct config_chain *chain) {
    bool heard = chain->step_count == 0;
    for (uint32_t i = 0; i < chain->step_count; i++) {
        const struct chain_step *step = &chain->steps[i].row;
        heard = heard || step->outputs != 0 || step->webhook != CHAIN_NO_WEBHOOK;
    }
    if (!heard) {
        config_warn(config, chain->node->key, "add `output: KIND`, or leave out `by: none`",
                    "chain `%s` reaches nobody: none of its steps has an output or calls anybody",
                    chain->id);
    }
}

/* What a class forbids at the place, and what one detector alone must not do outside. */
static void lint_class(struct config *config, const struct config_rule *rule) {
    const point_kind_set sounder = (point_kind_set)1 << POINT_SOUNDER;
    const point_kind_set door_release = (point_kind_set)1 << POINT_DOOR_RELEASE;
    const struct config_chain *chain = &config->chains[rule->draft.chain];
    const struct config_node *node = config_node_member(rule->node, "chain");
    bool sounds = false;
    bool outward = false;
    for (uint32_t i = 0; i < chain->step_count; i++) {
        const struct chain_step *step = &chain->steps[i].row;
        sounds = sounds || (step->outputs & sounder) != 0;
        outward = outward || (step->outputs & door_release) != 0 ||
                  (step->outputs != 0 && step->reach == CHAIN_REACH_SITE);
    }
    const struct alarm_class_facts *class = alarm_class_facts(rule->draft.class);
    if (class->silent && sounds) {
        config_warn(config, node, "give it a chain without `sounder`",
                    "an alarm of class %s is silent at the place: no sounder of chain `%s` sounds",
                    class->name, chain->id);
    }
    if (rule->draft.class == CLASS_FIRE_ALARM && outward) {
        config_warn(config, node, "leave that to the chain of a rule of class fire.confirmed",
                    "one detector alone releases doors or alarms the whole site");
    }
}

/* Of an emergency people are to be told, and not only those who happen to look. */
static void lint_told(struct config *config, const struct config_rule *rule) {
    if (rule->draft.priority == PRIORITY_EMERGENCY && rule->draft.chain == RULESET_NONE &&
        config_node_member(rule->node, "chain") == NULL) {
        config_warn(config, config_node_member(rule->node, "rule"),
                    "add `chain: CHAIN`, one of those under `chains:`",
                    "nobody is called for this emergency: it has no `chain`");
    }
}

/* What confirms a fire is what its outward actions wait for. */
static void lint_unconfirmed(struct config *config) {
    const struct config_rule *first = NULL;
    for (uint32_t i = config->rule_count; i > 0; i--) {
        const struct config_rule *rule = &config->rules[i - 1];
        if (rule->draft.class == CLASS_FIRE_CONFIRMED) {
            return;
        } else if (rule->sound && rule->draft.class == CLASS_FIRE_ALARM) {
            first = rule;
        }
    }
    if (first != NULL) {
        config_warn(
            config, config_node_member(first->node, "class"),
            "add a rule of class fire.confirmed for each place that is cleared as one",
            "no rule confirms a fire: two detectors or a call point release no doors, and a "
            "fire that nobody looks after calls again the same people");
    }
}

/*
 * Can `{unit}` ever be anything? It is that of the number which the expression shows, and where it shows
 * none, as `any(smoke)`, that of a point which decided.
 */
static bool lint_has_unit(const struct expr_program *program) {
    bool has_unit = false;
    for (uint32_t i = 0; i < program->set_count; i++) {
        const struct point_kind_facts *kind =
            point_kind_facts((enum point_kind)program->sets[i].kind);
        has_unit = has_unit || *unit_facts(kind->unit)->name != '\0';
    }
    for (uint32_t i = program->op_count; i > 0; i--) {
        const struct expr_op *op = &program->ops[i - 1];
        if (op->code == EXPR_SHOW) { /* the first one counts */
            has_unit = *unit_facts(dimension_base((enum dimension)op->slot))->name != '\0';
        }
    }
    return has_unit;
}

/* The texts of a rule for places, which is of no one point. */
static void lint_unit(struct config *config, const struct config_rule *rule, const char *field) {
    const struct config_node *texts = config_node_member(rule->node, field);
    if (rule->draft.each != EXPR_EACH_PLACE || texts == NULL ||
        lint_has_unit(rule->draft.program)) {
        return;
    }
    for (const struct config_node *text = texts->first; text != NULL; text = text->next) {
        const char *named = text->kind == CONFIG_SCALAR ? strstr(text->text, "{unit}") : NULL;
        if (named != NULL) {
            config_note(config, CONFIG_WARNING,
                        config_node_locate(text, (uint32_t)(named - text->text),
                                           (uint32_t)strlen("{unit}")),
                        "leave it out, or write the unit as a word",
                        "what this rule shows has no unit: nothing stands here");
        }
    }
}

/* A condition that takes its time is a delay by another name. */
static void lint_delay(struct config *config, const struct config_rule *rule) {
    const struct alarm_class_facts *class = alarm_class_facts(rule->draft.class);
    const struct expr_program *program = rule->draft.program;
    bool delays = false;
    for (uint32_t i = 0; i < program->op_count; i++) {
        uint8_t code = program->ops[i].code;
        delays = delays || code == EXPR_HELD || code == EXPR_CHANGES || code == EXPR_RATE ||
                 code == EXPR_AVG_OVER || code == EXPR_MIN_OVER;
    }
    if (class->delay_capped && delays) {
        config_warn(config, rule->raise, "let it be true as soon as the sensor says so",
                    "an alarm of class %s is raised at once, and this condition waits",
                    class->name);
    }
}

/*
 * Can it be, and can it end? What is said of a part of a condition is not said of its whole again;
 * and what a mistake elsewhere makes impossible, such as a point that is missing, is not said at all.
 */
static void lint_condition(struct config *config, const struct config_layout *layout,
                           const struct config_rule *rule) {
    if (config->notes.errors > 0) {
        return;
    }
    bool told = config_lint_truth(config, layout, rule, rule->raise);
    if (rule->clear != NULL && config_lint_truth(config, layout, rule, rule->clear)) {
        told = true;
    }
    if (!told) {
        config_lint_value(config, rule);
        config_lint_hours(config, layout, rule);
    }
}

/* Points are shown and recorded without any rule; only their own faults are told. */
static void lint_unwatched(struct config *config) {
    if (config->rule_count == 0 && config->point_count > 0 && config->notes.errors == 0) {
        config_warn(config, config_node_member(config->points[0].node, "point"),
                    "add `rules: [FILE]` to the site, and rules to the file",
                    "the site has no rules: nobody is called, whatever its %u points say",
                    config->point_count);
    }
}

void config_lint(struct config *config, const struct config_layout *layout) {
    lint_unwatched(config);
    config_lint_plans(config);
    lint_chains(config, layout);
    for (uint32_t i = 0; i < config->chain_count; i++) {
        lint_heard(config, &config->chains[i]);
        config_lint_shifts(config, &config->chains[i]);
    }
    lint_unconfirmed(config);
    for (uint32_t i = 0; i < config->rule_count; i++) {
        const struct config_rule *rule = &config->rules[i];
        if (rule->sound) {
            lint_told(config, rule);
        }
        if (rule->sound && rule->draft.class == CLASS_FIRE_CONFIRMED) {
            lint_coincidence(config, rule);
        }
        if (rule->sound) {
            lint_delay(config, rule);
            lint_unit(config, rule, "message");
            lint_unit(config, rule, "response");
        }
        if (rule->sound) {
            lint_condition(config, layout, rule);
        }
        if (rule->sound && rule->draft.chain != RULESET_NONE) {
            lint_class(config, rule);
        }
    }
}
