/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>

#include "gateway/config/config_possible.h"

/*
 * Lint: emergencies that are silent at certain hours
 *
 * Whoever falls at night presses the same button. A rule of the priority emergency that reads a button, a cord or
 * a detector should be able to come true at any hour: each word of the calendar in its condition by itself is held to
 * be so, and then not to be so, and if the condition cannot be true then the alarm is silent for as long. (Of two
 * words together nobody knows here whether they ever are so at one time.) Two rules may share the hours between
 * them, with another chain for the night: where each such point has another such rule that can be true then,
 * nothing is said.
 */

static bool hours_is_calendar(const struct expr_op *op) {
    return op->code == EXPR_OPEN || op->code == EXPR_CLOSED || op->code == EXPR_WEEKDAY ||
           op->code == EXPR_BETWEEN;
}

/* A word of the calendar that is held to be so, or not to be. */
struct hours_held {
    const struct expr_op *op;
    struct expr_between between; /* of EXPR_BETWEEN */
    bool is_so;
};

/* Does an operation of `program` read the same of the calendar? */
static bool hours_is_held(const struct hours_held *held, const struct expr_program *program,
                          const struct expr_op *op) {
    uint8_t code = held->op->code;
    if (code == EXPR_OPEN || code == EXPR_CLOSED) {
        return op->code == EXPR_OPEN || op->code == EXPR_CLOSED;
    }
    return op->code == code && (code != EXPR_BETWEEN ||
                                (program->betweens[op->slot].begin_min == held->between.begin_min &&
                                 program->betweens[op->slot].end_min == held->between.end_min));
}

/* The kinds of buttons, cords and detectors whose values the rule reads. */
static point_kind_set hours_kinds(const struct config_rule *rule) {
    const struct expr_program *program = rule->draft.program;
    point_kind_set kinds = 0;
    point_kind_set calling = 0;
    for (uint32_t i = 0; i < program->op_count; i++) {
        const struct expr_set *set = &program->sets[program->ops[i].set];
        if (program->ops[i].code == EXPR_LOAD) {
            kinds |=
                set->binding == EXPR_BIND_SELF ? rule->draft.point_kinds : UINT64_C(1) << set->kind;
        }
    }
    for (enum point_kind kind = 0; kind < POINT_KIND_COUNT; kind++) {
        bool calls = point_kind_facts(kind)->serves_emergency && kind != POINT_ATTEND_BUTTON;
        calling |= calls ? UINT64_C(1) << kind : 0;
    }
    return kinds & calling;
}

static bool hours_is_emergency(const struct config_rule *rule) {
    return rule->sound && rule->draft.priority == PRIORITY_EMERGENCY;
}

/* When is what `op` reads so, or not so? */
static const char *hours_text(struct config *config, const struct expr_program *program,
                              const struct expr_op *op, bool is_so) {
    if (op->code == EXPR_OPEN || op->code == EXPR_CLOSED) {
        return (op->code == EXPR_OPEN) == is_so ? "in opening hours" : "outside opening hours";
    } else if (op->code == EXPR_WEEKDAY) {
        return is_so ? "on weekdays" : "at weekends and on holidays";
    }
    const struct expr_between *between = &program->betweens[op->slot];
    return config_format(&config->arena,
                         is_so ? "from %02d:%02d to %02d:%02d" : "outside %02d:%02d to %02d:%02d",
                         between->begin_min / 60, between->begin_min % 60, between->end_min / 60,
                         between->end_min % 60);
}

/* Can the condition be true while the word of the calendar is so, or not? */
static bool hours_can_be_true(struct config *config, const struct config_layout *layout,
                              const struct config_rule *rule, const struct hours_held *held) {
    const struct expr_program *program = rule->draft.program;
    struct expr_program *then = config_alloc(&config->arena, 1, sizeof *then);
    *then = *program;
    for (uint32_t i = 0; i < then->op_count; i++) {
        const struct expr_op *op = &program->ops[i];
        if (hours_is_held(held, program, op)) {
            bool same = op->code == held->op->code;
            then->ops[i].code = EXPR_TRUTH;
            then->ops[i].number = same == held->is_so ? 1 : 0;
        }
    }
    return config_possible(config, layout, &rule->draft, then).as_true > CONFIG_STAY_START;
}

/* Everything is below RULESET_NONE, the site. */
static bool hours_is_below(const struct config *config, uint32_t place, uint32_t top) {
    while (place != top && place != RULESET_NONE) {
        place = config->places[place].parent;
    }
    return place == top;
}

/* Has each point that the rule may call for another rule that has those hours? */
static bool hours_are_shared(struct config *config, const struct config_layout *layout,
                             const struct config_rule *rule, const struct hours_held *held) {
    point_kind_set kinds = hours_kinds(rule);
    bool *shares = config_alloc(&config->arena, config->rule_count, sizeof *shares);
    for (uint32_t i = 0; i < config->rule_count; i++) {
        const struct config_rule *other = &config->rules[i];
        shares[i] = other != rule && hours_is_emergency(other) &&
                    (hours_kinds(other) & kinds) != 0 &&
                    hours_can_be_true(config, layout, other, held);
    }
    for (uint32_t i = 0; i < config->point_count; i++) {
        const struct ruleset_point *point = &layout->points[i];
        point_kind_set kind = UINT64_C(1) << point->kind;
        bool shared =
            (kinds & kind) == 0 || !hours_is_below(config, point->place, rule->draft.in_place);
        for (uint32_t j = 0; j < config->rule_count && !shared; j++) {
            const struct config_rule *other = &config->rules[j];
            shared = shares[j] && (hours_kinds(other) & kind) != 0 &&
                     hours_is_below(config, point->place, other->draft.in_place);
        }
        if (!shared) {
            return false;
        }
    }
    return true;
}

void config_lint_hours(struct config *config, const struct config_layout *layout,
                       const struct config_rule *rule) {
    const struct expr_program *program = rule->draft.program;
    if (!hours_is_emergency(rule) || hours_kinds(rule) == 0) {
        return;
    }
    for (uint32_t i = 0; i < program->op_count; i++) {
        struct hours_held held = {.op = &program->ops[i]};
        if (held.op->code == EXPR_BETWEEN) {
            held.between = program->betweens[held.op->slot];
        }
        for (int is_so = 0; hours_is_calendar(held.op) && is_so < 2; is_so++) {
            held.is_so = is_so != 0;
            if (!hours_can_be_true(config, layout, rule, &held) &&
                !hours_are_shared(config, layout, rule, &held)) {
                config_warn(config, rule->raise,
                            "take that out of the condition, or add a rule for the other hours",
                            "nobody is called %s: this emergency cannot be raised then",
                            hours_text(config, program, held.op, held.is_so));
                return;
            }
        }
    }
}
