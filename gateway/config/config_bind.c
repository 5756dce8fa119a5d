/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "gateway/config/config_layout.h"

/*
 * Binding: do the rules fit the points of this site?
 *
 * The core's own ruleset_measure() looks; here its findings become notes at the word of the
 * expression that they are about, be it of `raise:` or of `clear:`.
 */

enum { FINDINGS_MAX = 1000 };

/* A draft of rules, and which rule of the site each row is. */
struct bind_draft {
    struct config *config;
    const struct config_layout *layout;
    struct ruleset_draft draft;
    struct ruleset_draft_rule *rules;
    uint32_t *rule_at;
};

/* Does the line outside need certificates, with one broker at least? */
static bool bind_speaks_tls(const struct config *config) {
    for (uint32_t i = 0; i < config->broker_count; i++) {
        if (strncmp(config->brokers[i], "ssl://", 6) == 0) {
            return true;
        }
    }
    return false;
}

static struct ruleset_draft bind_site(const struct config *config,
                                      const struct config_layout *layout) {
    return (struct ruleset_draft){
        .places = layout->places,
        .points = layout->points,
        .devices = layout->devices,
        .place_count = config->place_count,
        .point_count = config->point_count,
        .device_count = config->device_count,
        .component_count = layout->field_count + CONFIG_OTHER_COMPONENTS,
        .calendar_count = config->calendar_count,
        .listener_count = config_listener_count(config),
        .certificate_count = bind_speaks_tls(config) ? CERTIFICATE_COUNT : 0,
        .times = &config->times,
    };
}

/* The set that a finding is about, and the expression that it stands in; NULL for neither. */
static const struct expr_set *bind_set(const struct bind_draft *bind,
                                       const struct ruleset_finding *finding,
                                       const struct config_node **ret_node) {
    const struct config_rule *rule = &bind->config->rules[bind->rule_at[finding->rule]];
    const struct expr_program *raise = rule->draft.program;
    if (finding->set == RULESET_NONE) {
        *ret_node = NULL;
        return NULL;
    }
    bool clears = finding->set >= raise->set_count;
    *ret_node = clears ? rule->clear : rule->raise;
    return clears ? &rule->draft.clear->sets[finding->set - raise->set_count]
                  : &raise->sets[finding->set];
}

/* Where in the file a finding is. */
static struct config_mark bind_mark(const struct bind_draft *bind,
                                    const struct ruleset_finding *finding) {
    const struct config_node *node;
    const struct expr_set *set = bind_set(bind, finding, &node);
    if (set != NULL && set->text_len > 0) {
        return config_node_locate(node, set->text_at, set->text_len);
    }
    return bind->config->rules[bind->rule_at[finding->rule]].each->mark;
}

static const char *bind_place_name(const struct bind_draft *bind,
                                   const struct ruleset_finding *finding) {
    if (finding->entity == RULESET_NONE) {
        return "the site";
    }
    uint32_t place = bind->rules[finding->rule].each == EXPR_EACH_POINT
                         ? bind->layout->points[finding->entity].place
                         : finding->entity;
    return bind->config->places[place].id;
}

static bool bind_same(const struct ruleset_finding *a, const struct ruleset_finding *b) {
    return a->kind == b->kind && a->rule == b->rule && a->set == b->set;
}

/* "hall, sport and 3 more": the places of all findings like `findings[first]`, which stand by place. */
static const char *bind_places(const struct bind_draft *bind,
                               const struct ruleset_finding *findings, uint32_t count,
                               uint32_t first) {
    struct config_names names = {0};
    const char *named = NULL;
    for (uint32_t i = first; i < count && findings[i].rule == findings[first].rule; i++) {
        const char *name = bind_place_name(bind, &findings[i]);
        if (name != named && bind_same(&findings[i], &findings[first])) {
            config_names_add(bind->config, &names, name);
            named = name;
        }
    }
    return config_names_text(bind->config, &names);
}

static void bind_note(const struct bind_draft *bind, const struct ruleset_finding *findings,
                      uint32_t count, uint32_t at) {
    struct config *config = bind->config;
    const struct ruleset_finding *finding = &findings[at];
    struct config_mark mark = bind_mark(bind, finding);
    const struct config_node *node;
    const struct expr_set *set = bind_set(bind, finding, &node);
    const char *kind = set != NULL ? point_kind_facts(set->kind)->name : "";
    switch (finding->kind) {
    case RULESET_NO_ENTITY:
        config_note(config, CONFIG_ERROR, mark, "take the rule out, or add what it is for",
                    "this rule is for nothing: the site has no such %s",
                    bind->rules[finding->rule].each == EXPR_EACH_POINT ? "point" : "place");
        return;
    case RULESET_SIBLING_NONE:
        config_note(config, CONFIG_ERROR, mark, "narrow the rule with `in PLACE`, or add the point",
                    "there is no `%s` beside the rule's point in %s", kind,
                    bind_places(bind, findings, count, at));
        return;
    case RULESET_SIBLING_MANY:
        config_note(config, CONFIG_ERROR, mark,
                    "make it a rule for each place, with any(…) or another aggregate",
                    "there is more than one `%s` beside the rule's point in %s", kind,
                    bind_places(bind, findings, count, at));
        return;
    case RULESET_SET_EMPTY_HERE:
        config_note(config, CONFIG_REMARK, mark, NULL, "there is no `%s` in %s", kind,
                    bind_places(bind, findings, count, at));
        return;
    case RULESET_SET_EMPTY:
        config_note(config, CONFIG_ERROR, mark, "take it out of the expression, or add such points",
                    "none of the rule's places has a `%s`", kind);
        return;
    case RULESET_TOO_MANY_ALARMS:
        config_note(config, CONFIG_ERROR, mark, NULL,
                    "with this rule the site has more than %d alarms", LIMIT_ALARMS);
        return;
    case RULESET_TOO_MANY_BINDINGS:
        config_note(config, CONFIG_ERROR, mark, NULL,
                    "with this rule all rules together look at more than %d points",
                    LIMIT_BINDINGS);
        return;
    case RULESET_TOO_MANY_WINDOWS:
        config_note(
            config, CONFIG_ERROR, mark, "use them in fewer rules, or for fewer places",
            "with this rule the site has more than %d windows (changes, rate, avg, min, max "
            "over a time)",
            LIMIT_WINDOWS);
        return;
    case RULESET_TOO_MANY_BETWEENS:
        config_note(config, CONFIG_ERROR, mark, NULL,
                    "with this rule the site has more than %d different `between` clauses",
                    LIMIT_BETWEENS);
        return;
    }
}

/* Measure a draft and note what was found, each thing once per rule and word. */
static bool bind_measure(struct bind_draft *bind) {
    struct config_arena *arena = &bind->config->arena;
    struct ruleset_finding *findings = config_alloc(arena, FINDINGS_MAX, sizeof *findings);
    struct ruleset_sizes sizes;
    bind->draft.rules = bind->rules;
    uint32_t found = ruleset_measure(&bind->draft, &sizes, findings, FINDINGS_MAX);
    uint32_t count = found < FINDINGS_MAX ? found : FINDINGS_MAX;
    bool sound = true;
    for (uint32_t i = 0; i < count; i++) {
        bool told = false;
        for (uint32_t j = i; j > 0 && findings[j - 1].rule == findings[i].rule && !told; j--) {
            told = bind_same(&findings[j - 1], &findings[i]);
        }
        if (!told) {
            bind_note(bind, findings, count, i);
        }
        sound = sound && !ruleset_finding_is_error(findings[i].kind);
    }
    if (found > count) {
        sound = sound && bind->config->notes.errors == 0;
    }
    return sound;
}

/* Collect the rules that could be compiled. */
static struct bind_draft bind_collect(struct config *config, const struct config_layout *layout) {
    struct bind_draft bind = {.config = config, .layout = layout};
    bind.draft = bind_site(config, layout);
    bind.rules = config_alloc(&config->arena, config->rule_count + 1, sizeof *bind.rules);
    bind.rule_at = config_alloc(&config->arena, config->rule_count + 1, sizeof *bind.rule_at);
    for (uint32_t i = 0; i < config->rule_count; i++) {
        const struct config_rule *rule = &config->rules[i];
        if (rule->sound) {
            bind.rules[bind.draft.rule_count] = rule->draft;
            bind.rule_at[bind.draft.rule_count++] = i;
        }
    }
    return bind;
}

bool config_bind_check(struct config *config, const struct config_layout *layout) {
    struct bind_draft bind = bind_collect(config, layout);
    bool sound = bind_measure(&bind);
    config->draft = bind.draft;
    return sound;
}
