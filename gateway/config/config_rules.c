/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "gateway/config/config_scalar.h"
#include "rules/expr_lex.h"
#include "rules/unit.h"

/*
 * Rules: what raises an alarm
 *
 * Whom a rule is for (`each:`) decides what the words of its expression mean, so that is read
 * first; then the expression is compiled, with the caret on the offending word even inside quotes
 * and folded lines. How the rule binds to the points of this site is looked at later, in
 * config_bind.c.
 */

#define DELAY_MAX_NS (7 * CONFIG_DAY_NS)

/* `each:` while it is being read, word by word. */
struct each_reader {
    struct config *config;
    const struct config_node *node;
    uint32_t at;  /* of the present word */
    uint32_t len; /* 0 at the end */
};

/* Go to the next word: letters, or one of the signs [ ] and the comma. */
static void each_next(struct each_reader *reader) {
    const char *text = reader->node->text;
    reader->at += reader->len;
    while (text[reader->at] == ' ' || text[reader->at] == '\n') {
        reader->at++;
    }
    reader->len = (uint32_t)strcspn(text + reader->at, " \n[],");
    if (reader->len == 0 && text[reader->at] != '\0') {
        reader->len = 1;
    }
}

static bool each_is(const struct each_reader *reader, const char *word) {
    return reader->len == strlen(word) &&
           memcmp(reader->node->text + reader->at, word, reader->len) == 0;
}

static void each_refuse(const struct each_reader *reader, const char *hint, const char *what) {
    config_note(reader->config, CONFIG_ERROR,
                config_node_locate(reader->node, reader->at, reader->len), hint, "%s", what);
}

static const char each_form[] = "point KIND, place KIND, or several as [KIND, KIND], "
                                "and in PLACE to narrow it";

/* One kind, into the draft's set. */
static bool each_kind(struct each_reader *reader, struct ruleset_draft_rule *draft) {
    struct config *config = reader->config;
    const char *text = reader->node->text + reader->at;
    const char *word = config_copy(&config->arena, text, reader->len);
    if (reader->len == 0 || strchr("[],", text[0]) != NULL) {
        each_refuse(reader, each_form, "a kind is missing here");
        return false;
    }
    uint64_t *set = &draft->point_kinds;
    unsigned kind;
    const char *hint = NULL;
    if (draft->each == EXPR_EACH_POINT) {
        kind = point_kind_find(text, reader->len);
        if (kind == POINT_KIND_COUNT) {
            hint = config_point_kind_hint(config, word);
        } else if (point_kind_facts(kind)->form == POINT_FORM_OUTPUT) {
            each_refuse(reader, "a rule watches what is read",
                        config_format(&config->arena, "`%s` is an output", word));
            return false;
        }
    } else {
        set = &draft->place_kinds;
        kind = place_kind_find(text, reader->len);
        if (kind == PLACE_KIND_COUNT) {
            hint = config_place_kind_hint(config, word);
        }
    }
    if (hint != NULL) {
        each_refuse(reader, hint,
                    config_format(&config->arena, "`%s` is not a kind of %s", word,
                                  draft->each == EXPR_EACH_POINT ? "point" : "place"));
        return false;
    }
    if ((*set & 1ull << kind) != 0) {
        each_refuse(reader, "keep one of them",
                    config_format(&config->arena, "`%s` is given twice", word));
        return false;
    }
    *set |= 1ull << kind;
    each_next(reader);
    return true;
}

/* KIND, or [KIND, KIND …]. */
static bool each_kinds(struct each_reader *reader, struct ruleset_draft_rule *draft) {
    if (!each_is(reader, "[")) {
        return each_kind(reader, draft);
    }
    do {
        each_next(reader);
        if (!each_kind(reader, draft)) {
            return false;
        }
    } while (each_is(reader, ","));
    if (!each_is(reader, "]")) {
        each_refuse(reader, each_form, "the list of kinds has no end");
        return false;
    }
    each_next(reader);
    return true;
}

static bool each_place(struct each_reader *reader, struct ruleset_draft_rule *draft) {
    struct config *config = reader->config;
    each_next(reader);
    const char *id = config_copy(&config->arena, reader->node->text + reader->at, reader->len);
    draft->in_place = config_index_find(&config->place_index, id);
    if (draft->in_place == RULESET_NONE) {
        each_refuse(reader, config_place_hint(config, id),
                    reader->len == 0 ? "the place is missing after `in`"
                                     : config_format(&config->arena, "there is no place `%s`", id));
        return false;
    }
    each_next(reader);
    return true;
}

/* Read `each:` into the draft. */
static bool rule_each(struct config *config, const struct config_node *node,
                      struct ruleset_draft_rule *draft) {
    draft->in_place = RULESET_NONE;
    if (node == NULL) {
        return false;
    }
    struct each_reader reader = {.config = config, .node = node};
    each_next(&reader);
    if (each_is(&reader, "place")) {
        draft->each = EXPR_EACH_PLACE;
    } else if (each_is(&reader, "point")) {
        draft->each = EXPR_EACH_POINT;
    } else {
        each_refuse(&reader, each_form, "`each` begins with point or place");
        return false;
    }
    each_next(&reader);
    if (!each_kinds(&reader, draft) || (each_is(&reader, "in") && !each_place(&reader, draft))) {
        return false;
    }
    if (reader.len != 0) {
        each_refuse(&reader, each_form, "this is too much here");
        return false;
    }
    return true;
}

/*
 * Is there something like `2 °C/min`, which the language does not have? Returns where its unit is;
 * none stands in a sound expression.
 */
static bool rule_has_pace(const struct config_node *node, uint32_t *ret_at, uint32_t *ret_len) {
    struct expr_error ignored;
    struct expr_source source = {.text = node->text, .len = (uint32_t)node->len, .error = &ignored};
    struct expr_token tokens[4] = {{.kind = EXPR_TOKEN_END}};
    while (expr_lex(&source, &tokens[3])) {
        const struct expr_token *unit = &tokens[0];
        const struct expr_token *time = &tokens[2];
        enum unit per = time->kind == EXPR_TOKEN_WORD ? unit_find(node->text + time->at, time->len)
                                                      : UNIT_COUNT;
        if (unit->kind == EXPR_TOKEN_WORD && tokens[1].kind == EXPR_TOKEN_DIV &&
            unit_find(node->text + unit->at, unit->len) != UNIT_COUNT && per != UNIT_COUNT &&
            unit_facts(per)->dimension == DIMENSION_TIME && tokens[3].kind != EXPR_TOKEN_OPEN) {
            *ret_at = unit->at;
            *ret_len = time->at + time->len - unit->at;
            return true;
        } else if (tokens[3].kind == EXPR_TOKEN_END) {
            break;
        }
        memmove(&tokens[0], &tokens[1], 3 * sizeof tokens[0]);
    }
    return false;
}

/* Compile one expression. Returns NULL when it is wrong; that has been noted. */
static const struct expr_program *rule_expression(struct config *config,
                                                  const struct config_node *node,
                                                  const struct ruleset_draft_rule *draft) {
    if (node == NULL) {
        return NULL;
    }
    struct expr_scope scope = {.each = draft->each, .kinds = draft->point_kinds};
    struct expr_program *program = config_alloc(&config->arena, 1, sizeof *program);
    struct expr_error error = {0};
    if (expr_compile(node->text, node->len, &scope, program, &error)) {
        return program;
    }
    uint32_t at;
    uint32_t len;
    if (rule_has_pace(node, &at, &len)) {
        config_note(config, CONFIG_ERROR, config_node_locate(node, at, len),
                    "`rate(x, 10 min)` is how far x moves within those 10 min: 2 °C in each minute "
                    "are 20 °C",
                    "`%s` is not a unit", config_copy(&config->arena, node->text + at, len));
    } else {
        config_note(config, CONFIG_ERROR, config_node_locate(node, error.at, error.len), NULL, "%s",
                    error.message);
    }
    return NULL;
}

/* Templates may name what the alarm fills in, and nothing else. */
static void rule_template(struct config *config, const struct config_node *texts) {
    static const char *const words[] = {"place", "point", "value", "unit", "since"};
    for (const struct config_node *member = texts->first; member != NULL; member = member->next) {
        const char *open = member->kind == CONFIG_SCALAR ? strchr(member->text, '{') : NULL;
        for (; open != NULL; open = strchr(open + 1, '{')) {
            size_t len = strcspn(open + 1, "}");
            const char *word = config_copy(&config->arena, open + 1, len);
            bool known = false;
            for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
                known = known || (open[len + 1] == '}' && strcmp(word, words[i]) == 0);
            }
            if (!known) {
                const char *hint =
                    config_suggestion(config, word, words, sizeof words / sizeof words[0]);
                config_note(
                    config, CONFIG_ERROR,
                    config_node_locate(member, (uint32_t)(open - member->text), (uint32_t)len + 2),
                    hint != NULL ? hint
                                 : "a text can name {place}, {point}, {value}, {unit} and {since}",
                    "the alarm has nothing to put in here");
            }
        }
    }
}

static void rule_texts(struct config *config, struct config_rule *rule,
                       const struct config_node *const *fields) {
    if (config_name(config, fields[CONFIG_RULE_MESSAGE], &rule->message)) {
        rule_template(config, fields[CONFIG_RULE_MESSAGE]);
    }
    if (config_name(config, fields[CONFIG_RULE_RESPONSE], &rule->response)) {
        rule_template(config, fields[CONFIG_RULE_RESPONSE]);
    }
}

/* The class brings priority and latch; both can be made graver, never lighter. */
static bool rule_class(struct config *config, struct config_rule *rule,
                       const struct config_node *const *fields) {
    struct ruleset_draft_rule *draft = &rule->draft;
    if (!config_alarm_class(config, fields[CONFIG_RULE_CLASS], &draft->class)) {
        return false;
    }
    const struct alarm_class_facts *class = alarm_class_facts(draft->class);
    draft->priority = class->priority;
    draft->latched = class->latched;
    const char *words[PRIORITY_COUNT];
    for (enum priority i = 0; i < PRIORITY_COUNT; i++) {
        words[i] = priority_name(i);
    }
    uint32_t priority;
    if (config_word(config, fields[CONFIG_RULE_PRIORITY], "a priority", words, PRIORITY_COUNT,
                    &priority)) {
        if (priority > class->priority) {
            config_error(config, fields[CONFIG_RULE_PRIORITY], "choose a class that is less grave",
                         "%s is %s, and a rule can only raise that", class->name,
                         priority_name(class->priority));
        } else {
            draft->priority = priority;
        }
    }
    bool latch;
    if (config_truth(config, fields[CONFIG_RULE_LATCH], &latch)) {
        if (!latch && class->latched) {
            config_error(config, fields[CONFIG_RULE_LATCH], "leave `latch` out",
                         "an alarm of class %s always stays until it is reset", class->name);
        } else {
            draft->latched = latch;
        }
    }
    if ((class->needs_response || draft->priority == PRIORITY_EMERGENCY) &&
        config_node_member(rule->node, "response") == NULL) {
        config_warn(config,
                    fields[CONFIG_RULE_RULE] != NULL ? fields[CONFIG_RULE_RULE] : rule->node,
                    "add response: {zh: …, en: …}",
                    "an emergency should say what is to be done, and this one has no `response`");
    }
    return true;
}

static void rule_delays(struct config *config, struct config_rule *rule, bool class_known,
                        const struct config_node *const *fields) {
    const struct config_node *node = fields[CONFIG_RULE_RAISE_AFTER];
    (void)config_span(config, node, 0, DELAY_MAX_NS, &rule->draft.raise_after_ns);
    (void)config_span(config, fields[CONFIG_RULE_CLEAR_AFTER], 0, DELAY_MAX_NS,
                      &rule->draft.clear_after_ns);
    if (!class_known) {
        return;
    }
    const struct alarm_class_facts *class = alarm_class_facts(rule->draft.class);
    if (class->delay_capped && rule->draft.raise_after_ns > 0) {
        config_error(config, node, "leave `raise_after` out",
                     "an alarm of class %s is raised at once, without any delay", class->name);
    }
    if (rule->draft.latched && rule->draft.clear_after_ns > 0) {
        config_warn(
            config, fields[CONFIG_RULE_CLEAR_AFTER], "leave `clear_after` out",
            "a latched alarm stays until somebody resets it: `clear_after` changes nothing");
    }
}

static void rule_chain(struct config *config, struct config_rule *rule,
                       const struct config_node *node) {
    rule->draft.chain = RULESET_NONE;
    if (node == NULL) {
        return;
    }
    rule->draft.chain = config_index_find(&config->chain_index, node->text);
    if (rule->draft.chain == RULESET_NONE) {
        config_error(
            config, node,
            config_suggestion(config, node->text, config->chain_names, config->chain_index.count),
            "there is no chain `%s`", node->text);
    }
}

static void rule_expressions(struct config *config, struct config_rule *rule) {
    if (!rule_each(config, rule->each, &rule->draft)) {
        return;
    }
    rule->draft.program = rule_expression(config, rule->raise, &rule->draft);
    rule->draft.clear = rule_expression(config, rule->clear, &rule->draft);
    rule->sound = rule->draft.program != NULL && (rule->clear == NULL || rule->draft.clear != NULL);
}

static void rule_check(struct config *config, const struct config_node *node) {
    const struct config_node *fields[CONFIG_FIELDS_MAX];
    if (!config_fields(config, node, CONFIG_SHAPE_RULE, fields)) {
        return;
    }
    if (config->rule_count == LIMIT_RULES) {
        config_error(config, node, NULL, "a site has at most %d rules", LIMIT_RULES);
        return;
    }
    config->rules = config_grow(&config->arena, config->rules, config->rule_count,
                                &config->rule_room, sizeof *config->rules);
    uint32_t index = config->rule_count++;
    struct config_rule *rule = &config->rules[index];
    *rule = (struct config_rule){.node = node,
                                 .id = "?",
                                 .each = fields[CONFIG_RULE_EACH],
                                 .raise = fields[CONFIG_RULE_RAISE],
                                 .clear = fields[CONFIG_RULE_CLEAR]};
    if (config_id(config, fields[CONFIG_RULE_RULE], CONFIG_ID_RULE, &rule->id)) {
        if (strncmp(rule->id, "system_", strlen("system_")) == 0) {
            config_error(config, fields[CONFIG_RULE_RULE], NULL,
                         "rules that begin with system_ are built in");
        }
        (void)config_claim(config, &config->rule_index, fields[CONFIG_RULE_RULE], rule->id, index,
                           "rules");
    }
    bool class_known = rule_class(config, rule, fields);
    rule_delays(config, rule, class_known, fields);
    rule_texts(config, rule, fields);
    rule_chain(config, rule, fields[CONFIG_RULE_CHAIN]);
    rule_expressions(config, rule);
    rule->sound = rule->sound && class_known;
}

void config_rules_check(struct config *config, const struct config_node *rules) {
    for (const struct config_node *item = rules->first; item != NULL; item = item->next) {
        rule_check(config, item);
    }
}
