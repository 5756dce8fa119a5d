/* SPDX-License-Identifier: Apache-2.0 */
#include <assert.h>

#include "gateway/config/config_possible.h"
#include "rules/expr_lex.h"
#include "rules/expr_word.h"

/*
 * Lint: conditions that are never true, always true, or true for a moment only
 *
 * A condition is taken apart where it is joined: at `or` and `and`, behind `not`, inside brackets,
 * and inside `held` and `within`. Each part is a condition of its own and is asked what it can come
 * to; the smallest one that is odd is pointed at, and what that means for the alarm is said of the
 * whole. Inside an aggregate a part means nothing by itself, so that there the aggregate is judged.
 */

struct truth_lint {
    struct config *config;
    const struct config_layout *layout;
    const struct config_rule *rule;
    const struct config_node *node; /* of `raise:` or `clear:` */
    struct config_possible whole;
    struct expr_token *tokens;
    uint32_t token_count;
    bool clears;
};

/* Some tokens of the condition, from `first` until before `end`. */
struct part {
    uint32_t first, end;
};

static struct expr_word truth_word(const struct truth_lint *lint, uint32_t at) {
    const struct expr_token *token = &lint->tokens[at];
    return token->kind == EXPR_TOKEN_WORD ? expr_word_find(lint->node->text + token->at, token->len)
                                          : (struct expr_word){.name = NULL};
}

static bool truth_is_operator(const struct truth_lint *lint, uint32_t at, enum expr_opcode code) {
    struct expr_word word = truth_word(lint, at);
    return word.name != NULL && word.sort == EXPR_SORT_OPERATOR && word.value == code;
}

static bool truth_is_between(const struct truth_lint *lint, uint32_t at) {
    struct expr_word word = truth_word(lint, at);
    return word.name != NULL && word.sort == EXPR_SORT_CALENDAR && word.value == EXPR_BETWEEN;
}

/*
 * The first token of the part that is outside brackets and of `kind`, or else an operator `code`;
 * the part's end if there is none. The `and` of a `between` joins nothing.
 */
static uint32_t truth_find(const struct truth_lint *lint, struct part part,
                           enum expr_token_kind kind, enum expr_opcode code) {
    uint32_t depth = 0;
    for (uint32_t at = part.first; at < part.end; at++) {
        enum expr_token_kind is = lint->tokens[at].kind;
        depth -= is == EXPR_TOKEN_CLOSE;
        if (depth == 0 &&
            (kind == EXPR_TOKEN_WORD ? truth_is_operator(lint, at, code) : is == kind)) {
            return at;
        }
        depth += is == EXPR_TOKEN_OPEN;
        at += truth_is_between(lint, at) ? 3 : 0;
    }
    return part.end;
}

static bool truth_is_told(struct truth_lint *lint, struct part part);

/* Look at what `code` joins in the part; false in `ret_joined` if it joins nothing there. */
static bool truth_is_told_joined(struct truth_lint *lint, struct part part, enum expr_opcode code,
                                 bool *ret_joined) {
    bool told = false;
    uint32_t at = truth_find(lint, part, EXPR_TOKEN_WORD, code);
    *ret_joined = at < part.end;
    while (*ret_joined) {
        told = truth_is_told(lint, (struct part){part.first, at}) || told;
        if (at == part.end) {
            break;
        }
        part.first = at + 1;
        at = truth_find(lint, part, EXPR_TOKEN_WORD, code);
    }
    return told;
}

/* Look at the parts of a part. */
static bool truth_is_told_inside(struct truth_lint *lint, struct part part) {
    static const enum expr_opcode joints[] = {EXPR_OR, EXPR_AND};
    bool joined = false;
    for (uint32_t i = 0; i < sizeof joints / sizeof joints[0] && !joined; i++) {
        bool told = truth_is_told_joined(lint, part, joints[i], &joined);
        if (joined) {
            return told;
        }
    }
    if (truth_is_operator(lint, part.first, EXPR_NOT)) {
        return truth_is_told(lint, (struct part){part.first + 1, part.end});
    }
    struct expr_word word = truth_word(lint, part.first);
    bool timed = word.name != NULL && word.sort == EXPR_SORT_TIMED &&
                 (word.value == EXPR_HELD || word.value == EXPR_WITHIN);
    uint32_t open = part.first + timed;
    if (lint->tokens[open].kind != EXPR_TOKEN_OPEN ||
        truth_find(lint, (struct part){open, part.end}, EXPR_TOKEN_CLOSE, 0) != part.end - 1) {
        return false;
    }
    struct part inner = {open + 1, part.end - 1};
    if (timed) {
        inner.end = truth_find(lint, inner, EXPR_TOKEN_COMMA, 0);
    }
    return truth_is_told(lint, inner);
}

static struct config_mark truth_mark(const struct truth_lint *lint, struct part part) {
    const struct expr_token *last = &lint->tokens[part.end - 1];
    uint32_t at = lint->tokens[part.first].at;
    return config_node_locate(lint->node, at, last->at + last->len - at);
}

/* Is it true whatever happens, once each `held` has had its time? */
static bool truth_is_constant(struct config_possible possible) {
    return possible.as_true > CONFIG_STAY_START && possible.as_false <= CONFIG_STAY_START &&
           possible.bar == CONFIG_BAR_NONE;
}

/* What an odd part means for the alarm. */
static const char *truth_consequence(const struct truth_lint *lint) {
    bool always = truth_is_constant(lint->whole);
    if (lint->clears) {
        return lint->whole.as_true == CONFIG_STAY_NEVER ? "once raised, the alarm would never clear"
               : lint->whole.as_true == CONFIG_STAY_START ? "the alarm clears at the start only"
               : always ? "the alarm clears as soon as `raise` is not true"
                        : "the rest of the condition decides alone";
    }
    return lint->whole.as_true == CONFIG_STAY_NEVER   ? "the alarm is never raised"
           : lint->whole.as_true == CONFIG_STAY_START ? "the alarm is raised at the start only"
           : always                                   ? "the alarm is always there"
                                                      : "the rest of the condition decides alone";
}

static void truth_tell_never_known(const struct truth_lint *lint, struct part part,
                                   enum config_bar bar) {
    const char *why = NULL;
    const char *hint = NULL;
    switch (bar) {
    case CONFIG_BAR_NONE:
        why = "";
        hint = "compare with something that can happen";
        break;
    case CONFIG_BAR_ZERO:
        why = ", for nothing can be divided by 0";
        hint = "divide by another number";
        break;
    case CONFIG_BAR_CAPACITY:
        why = ", for none of the rule's places has a `capacity`";
        hint = "give the places a `capacity`";
        break;
    case CONFIG_BAR_AREA:
        why = ", for none of the rule's places has an `area`";
        hint = "give the places an `area`";
        break;
    case CONFIG_BAR_NOBODY:
        return; /* that there is no such point has been said */
    }
    config_note(lint->config, CONFIG_WARNING, truth_mark(lint, part), hint,
                "this is never known%s: %s", why, truth_consequence(lint));
}

/* Can the whole condition still come true at `place`? */
static bool truth_can_come_true_at(const struct truth_lint *lint, uint32_t place) {
    const struct ruleset_draft_rule *draft = &lint->rule->draft;
    return config_possible_at(lint->config, lint->layout, draft,
                              lint->clears ? draft->clear : draft->program, place)
               .as_true > CONFIG_STAY_NEVER;
}

/*
 * A capacity or an area that some of the rule's places have and others lack. Returns whether there are
 * such.
 */
static bool truth_tell_lacking(const struct truth_lint *lint, struct part part,
                               const struct expr_program *program, enum config_bar bar) {
    struct config *config = lint->config;
    const struct ruleset_draft_rule *draft = &lint->rule->draft;
    uint8_t *is_here = config_alloc(&config->arena, config->place_count + 1, sizeof *is_here);
    struct config_names lacking = {0};
    bool may_be_true = false;
    if (bar != CONFIG_BAR_CAPACITY && bar != CONFIG_BAR_AREA) {
        return false;
    }
    config_layout_alarm_places(config, lint->layout, draft, is_here);
    for (uint32_t place = 0; place < config->place_count; place++) {
        if (is_here[place] != 0 &&
            config_possible_at(config, lint->layout, draft, program, place).bar == bar) {
            config_names_add(config, &lacking, config->places[place].id);
            may_be_true = may_be_true || truth_can_come_true_at(lint, place);
        }
    }
    const char *word = bar == CONFIG_BAR_CAPACITY ? "capacity" : "area";
    config_note(
        config, CONFIG_WARNING, truth_mark(lint, part),
        config_format(&config->arena, "give each of them its `%s`, or narrow the rule", word),
        "this is never known in %s, for want of `%s`: there %s",
        config_names_text(config, &lacking), word,
        may_be_true    ? "the rest of the condition decides alone"
        : lint->clears ? "the alarm would never clear, once raised"
                       : "the alarm is never raised");
    return true;
}

/* A comparison that holds, or fails, at one instant of a time that passes. */
static void truth_tell_passing(const struct truth_lint *lint, struct part part, bool is_true) {
    config_note(lint->config, CONFIG_WARNING, truth_mark(lint, part),
                "use `>=` or `<`, which stay so",
                "this is %s for an instant at most: a time goes on", is_true ? "true" : "false");
}

/* Say what is odd about a part none of whose own parts is. Returns whether anything is. */
static bool truth_tell(const struct truth_lint *lint, struct part part,
                       const struct expr_program *program) {
    struct config_possible possible =
        config_possible(lint->config, lint->layout, &lint->rule->draft, program);
    bool holds = truth_word(lint, part.first).value == EXPR_HELD;
    bool reads_moment = false;
    for (uint32_t i = 0; i < program->op_count; i++) {
        reads_moment = reads_moment || program->ops[i].code == EXPR_MOMENT;
    }
    if (possible.as_true == CONFIG_STAY_NEVER && possible.as_false == CONFIG_STAY_NEVER) {
        truth_tell_never_known(lint, part, possible.bar);
    } else if (possible.as_true <= CONFIG_STAY_START && holds && reads_moment) {
        config_note(lint->config, CONFIG_WARNING, truth_mark(lint, part),
                    "look back over it with `within(…)`, or count it with `changes(…)`",
                    "this is never true, for a reading of an event lasts no time: %s",
                    truth_consequence(lint));
    } else if (possible.as_true <= CONFIG_STAY_START) {
        config_note(lint->config, CONFIG_WARNING, truth_mark(lint, part),
                    "compare with something that can happen", "this is never true: %s",
                    truth_consequence(lint));
    } else if (truth_is_constant(possible)) {
        config_note(lint->config, CONFIG_WARNING, truth_mark(lint, part),
                    "compare with something that can change", "this is always true: %s",
                    truth_consequence(lint));
    } else if (!reads_moment && (possible.as_true == CONFIG_STAY_MOMENT ||
                                 possible.as_false == CONFIG_STAY_MOMENT)) {
        truth_tell_passing(lint, part, possible.as_true == CONFIG_STAY_MOMENT);
    } else {
        return truth_tell_lacking(lint, part, program, possible.bar);
    }
    return true;
}

/* Compile a part as if it stood alone; NULL when it is no condition. */
static const struct expr_program *truth_compile(const struct truth_lint *lint, struct part part) {
    const struct ruleset_draft_rule *draft = &lint->rule->draft;
    const struct expr_token *last = &lint->tokens[part.end - 1];
    uint32_t at = lint->tokens[part.first].at;
    struct expr_scope scope = {.each = draft->each, .kinds = draft->point_kinds};
    struct expr_program *program = config_alloc(&lint->config->arena, 1, sizeof *program);
    struct expr_error ignored;
    return expr_compile(lint->node->text + at, last->at + last->len - at, &scope, program, &ignored)
               ? program
               : NULL;
}

/* Is something odd about the part, or about a part of it? Says so. */
static bool truth_is_told(struct truth_lint *lint, struct part part) {
    if (truth_is_told_inside(lint, part)) {
        return true;
    }
    const struct expr_program *program = truth_compile(lint, part);
    return program != NULL && truth_tell(lint, part, program);
}

/* A delay that waits for a moment to last. */
static bool truth_is_told_delay(const struct truth_lint *lint) {
    const struct ruleset_draft_rule *draft = &lint->rule->draft;
    uint64_t delay_ns = lint->clears ? draft->clear_after_ns : draft->raise_after_ns;
    if (lint->whole.as_true != CONFIG_STAY_MOMENT || delay_ns == 0) {
        return false;
    }
    const char *key = lint->clears ? "clear_after" : "raise_after";
    config_warn(lint->config, config_node_member(lint->rule->node, key),
                config_format(&lint->config->arena, "leave `%s` out", key),
                "what this waits for is true for a moment only: %s",
                lint->clears ? "once raised, the alarm would never clear"
                             : "the alarm is never raised");
    return true;
}

/* Read the tokens of the condition, which has been compiled before. */
static void truth_lex(struct truth_lint *lint) {
    struct expr_error ignored;
    struct expr_source source = {
        .text = lint->node->text, .len = (uint32_t)lint->node->len, .error = &ignored};
    lint->tokens = config_alloc(&lint->config->arena, lint->node->len + 1, sizeof *lint->tokens);
    while (expr_lex(&source, &lint->tokens[lint->token_count]) &&
           lint->tokens[lint->token_count].kind != EXPR_TOKEN_END) {
        lint->token_count++;
    }
}

bool config_lint_truth(struct config *config, const struct config_layout *layout,
                       const struct config_rule *rule, const struct config_node *node) {
    bool clears = node == rule->clear;
    struct truth_lint lint = {
        .config = config, .layout = layout, .rule = rule, .node = node, .clears = clears};
    lint.whole = config_possible(config, layout, &rule->draft,
                                 clears ? rule->draft.clear : rule->draft.program);
    truth_lex(&lint);
    return truth_is_told(&lint, (struct part){0, lint.token_count}) || truth_is_told_delay(&lint);
}
