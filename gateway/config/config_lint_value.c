/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "gateway/config/config_layout.h"

/*
 * Lint: a condition that no value makes true, or that every value does
 *
 * `value > 30 °C and value < 20 °C` is never true although each half can be, and a `clear:` that is
 * true only where `raise:` is as well never ends the alarm. Whether something is so in general nobody
 * can say; but a rule for points whose expressions compare one number (the value, or one and the
 * same window over it) with constants changes at those constants alone, so that it is enough to try
 * a value at each of them and one between any two. What else they read is unknown, so that what is
 * certain then is always so.
 */

enum { CONSTANTS_MAX = 64 };

/* The expressions of a rule, and the values to try. */
struct value_trial {
    const struct expr_program *raise, *clear; /* without their windows; NULL: no `clear:` */
    double constants[CONSTANTS_MAX];          /* sorted */
    uint32_t constant_count;
};

/* What an expression comes to at a value of the rule's point. */
static enum truth value_run(const struct expr_program *program, double value) {
    static const uint32_t members[] = {0, 1};
    const struct point_state points[] = {
        {.value = value, .quality = QUALITY_GOOD, .known = POINT_READ},
        {.quality = QUALITY_STALE}, /* any other */
    };
    struct expr_bound bounds[LIMIT_EXPR_SETS];
    uint8_t betweens[LIMIT_EXPR_SETS];
    memset(betweens, TRUTH_UNKNOWN, sizeof betweens);
    for (uint32_t s = 0; s < program->set_count; s++) {
        bounds[s] = (struct expr_bound){program->sets[s].binding == EXPR_BIND_SELF ? 0 : 1, 1};
    }
    const struct expr_view view = {.moment = EXPR_NO_MOMENT,
                                   .points = points,
                                   .members = members,
                                   .bounds = bounds,
                                   .between_truths = betweens,
                                   .open = TRUTH_UNKNOWN,
                                   .weekday = TRUTH_UNKNOWN};
    struct expr_past past = {.memories = NULL}; /* nothing that only compares keeps anything */
    return expr_eval(program->ops, program->op_count, &view, &past).truth;
}

static bool value_is_window(const struct expr_op *op) {
    return op->code == EXPR_AVG_OVER || op->code == EXPR_MIN_OVER || op->code == EXPR_MAX_OVER;
}

/* Does the expression only compare, so that it changes at its constants alone? */
static bool value_only_compares(const struct expr_op *op) {
    switch ((enum expr_opcode)op->code) {
    case EXPR_NUMBER:
    case EXPR_TRUTH:
    case EXPR_LOAD:
    case EXPR_MOMENT:
    case EXPR_SHOW_POINT:
    case EXPR_SHOW:
    case EXPR_OPEN:
    case EXPR_CLOSED:
    case EXPR_WEEKDAY:
    case EXPR_BETWEEN:
    case EXPR_NOT:
    case EXPR_AND:
    case EXPR_OR:
    case EXPR_EQ:
    case EXPR_NE:
    case EXPR_LT:
    case EXPR_LE:
    case EXPR_GT:
    case EXPR_GE:
        return true;
    case EXPR_COUNTED:
    case EXPR_QUALITY:
    case EXPR_AGE:
    case EXPR_CAPACITY:
    case EXPR_AREA:
    case EXPR_ADD:
    case EXPR_SUB:
    case EXPR_MUL:
    case EXPR_DIV:
    case EXPR_NEG:
    case EXPR_WITHIN:
    case EXPR_HELD:
    case EXPR_SINCE:
    case EXPR_CHANGES:
    case EXPR_RATE:
    case EXPR_AVG_OVER:
    case EXPR_MIN_OVER:
    case EXPR_MAX_OVER:
    case EXPR_FOLD:
    case EXPR_WALK:
    case EXPR_NEXT:
    case EXPR_END:
    case EXPR_OPCODE_COUNT:
        break;
    }
    return false;
}

/*
 * Copy the program without the window that stands over its value. `window` is the one that all
 * values of the rule's expressions must have, a LOAD for none; it is set by the first.
 */
static bool value_strip(const struct expr_program *from, struct expr_op *window, bool *is_first,
                        struct expr_program *to) {
    *to = *from;
    to->op_count = 0;
    to->own = (struct expr_keeps){0};
    for (uint32_t i = 0; i < from->op_count; i++) {
        const struct expr_op *op = &from->ops[i];
        if (!value_only_compares(op)) {
            return false;
        }
        to->ops[to->op_count++] = *op;
        if (op->code != EXPR_LOAD || from->sets[op->set].binding != EXPR_BIND_SELF) {
            continue;
        }
        bool over = i + 1 < from->op_count && value_is_window(op + 1);
        struct expr_op is = over ? op[1] : (struct expr_op){.code = EXPR_LOAD};
        if (*is_first) {
            *window = is;
            *is_first = false;
        } else if (window->code != is.code || window->span_ns != is.span_ns) {
            return false;
        }
        i += over;
    }
    return true;
}

/* Add the constants of an expression; false when there are too many to try. */
static bool value_constants(const struct expr_program *program, struct value_trial *trial) {
    for (uint32_t i = 0; i < program->op_count; i++) {
        if (program->ops[i].code == EXPR_NUMBER) {
            if (trial->constant_count == CONSTANTS_MAX) {
                return false;
            }
            uint32_t at = trial->constant_count++;
            for (; at > 0 && trial->constants[at - 1] > program->ops[i].number; at--) {
                trial->constants[at] = trial->constants[at - 1];
            }
            trial->constants[at] = program->ops[i].number;
        }
    }
    return true;
}

/* Make the trial of a rule; false when trying values says nothing about it. */
static bool value_prepare(struct config *config, const struct ruleset_draft_rule *rule,
                          struct value_trial *ret_trial) {
    struct expr_program *raise = config_alloc(&config->arena, 1, sizeof *raise);
    struct expr_program *clear = config_alloc(&config->arena, 1, sizeof *clear);
    struct expr_op window;
    bool is_first = true;
    *ret_trial = (struct value_trial){.raise = raise, .clear = rule->clear != NULL ? clear : NULL};
    return rule->each == EXPR_EACH_POINT && value_strip(rule->program, &window, &is_first, raise) &&
           (rule->clear == NULL || value_strip(rule->clear, &window, &is_first, clear)) &&
           !is_first && value_constants(raise, ret_trial) &&
           (rule->clear == NULL || value_constants(clear, ret_trial));
}

/* What is asked of each value. */
typedef bool value_question(const struct value_trial *trial, double value);

static bool value_raises_never(const struct value_trial *trial, double value) {
    return value_run(trial->raise, value) == TRUTH_FALSE;
}

static bool value_raises_always(const struct value_trial *trial, double value) {
    return value_run(trial->raise, value) == TRUTH_TRUE;
}

/* With this value, is it certain that the alarm does not clear? */
static bool value_clears_never(const struct value_trial *trial, double value) {
    return value_run(trial->clear, value) == TRUTH_FALSE ||
           value_run(trial->raise, value) == TRUTH_TRUE;
}

/* Is it so at every value? */
static bool value_is_so_at_all(const struct value_trial *trial, value_question *is_so) {
    const double *constants = trial->constants;
    bool so = is_so(trial, 0) && is_so(trial, 1);
    for (uint32_t i = 0; i < trial->constant_count && so; i++) {
        double below = i == 0 ? constants[0] - 1 : (constants[i - 1] + constants[i]) / 2;
        so = is_so(trial, below) && is_so(trial, constants[i]) &&
             (i + 1 < trial->constant_count || is_so(trial, constants[i] + 1));
    }
    return so;
}

void config_lint_value(struct config *config, const struct config_rule *rule) {
    struct value_trial trial;
    if (!value_prepare(config, &rule->draft, &trial)) {
        return;
    }
    if (value_is_so_at_all(&trial, value_raises_never)) {
        config_warn(config, rule->raise, "let it be true at some value",
                    "there is no value at which this is true: the alarm is never raised");
    } else if (value_is_so_at_all(&trial, value_raises_always)) {
        config_warn(config, rule->raise, "let it be false at some value",
                    "this is true at every value: the alarm is always there");
    } else if (trial.clear != NULL && value_is_so_at_all(&trial, value_clears_never)) {
        config_warn(config, rule->clear, "let it be true where `raise` is not",
                    "this is never true without `raise` being true as well, which wins: once "
                    "raised, the alarm would never clear");
    }
}
