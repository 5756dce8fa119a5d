/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/config/config_layout.h"

/*
 * Lint: a `clear:` that can never come true
 *
 * An alarm whose `clear` is never true without its `raise` stays for ever. Whether that is so in
 * general nobody can say, so two tries are made that are certain when they succeed. First the
 * expression is run with everything unknown that it reads: what is false then is always false. Then,
 * in a rule for points whose expressions compare one number (the value, or one and the same window
 * over it) with constants, it is enough to try a value at each constant and one between any two.
 */

enum { CONSTANTS_MAX = 64 };

/* What an expression is run with. */
struct clear_trial {
    const struct config_layout *layout;
    uint32_t place;               /* of the rule's entity */
    struct point_state points[2]; /* the rule's own, then any other, which is unknown */
    uint32_t *members;            /* as many of the other as the site has points */
    uint8_t betweens[LIMIT_EXPR_SETS];
};

static uint32_t clear_count_below(const struct config_layout *layout, uint32_t place,
                                  uint32_t kind) {
    uint32_t count = 0;
    for (uint32_t i = layout->places[place].point_first; i < layout->places[place].point_end; i++) {
        count += layout->points[i].kind == kind;
    }
    return count;
}

static enum truth clear_run(struct config *config, struct clear_trial *trial,
                            const struct expr_program *program) {
    struct expr_bound bounds[LIMIT_EXPR_SETS];
    for (uint32_t s = 0; s < program->set_count; s++) {
        const struct expr_set *set = &program->sets[s];
        bounds[s] = (struct expr_bound){1, 1};
        if (set->binding == EXPR_BIND_SELF) {
            bounds[s].first = 0;
        } else if (set->binding == EXPR_BIND_SUBTREE) {
            bounds[s].count = clear_count_below(trial->layout, trial->place, set->kind);
        }
    }
    struct expr_keeps keeps = expr_keeps(program->sets, program->set_count, program->own, bounds);
    struct expr_past past = {
        .memories = config_alloc(&config->arena, keeps.memories + 1, sizeof *past.memories),
        .windows = config_alloc(&config->arena, keeps.windows + 1, sizeof *past.windows),
    };
    const struct ruleset_place *place = &trial->layout->places[trial->place];
    const struct expr_view view = {.moment = EXPR_NO_MOMENT,
                                   .points = trial->points,
                                   .members = trial->members,
                                   .bounds = bounds,
                                   .between_truths = trial->betweens,
                                   .open = TRUTH_UNKNOWN,
                                   .weekday = TRUTH_UNKNOWN,
                                   .capacity = place->capacity,
                                   .area = place->area_m2};
    return expr_eval(program->ops, program->op_count, &view, &past).truth;
}

static bool clear_is_window(const struct expr_op *op) {
    return op->code == EXPR_AVG_OVER || op->code == EXPR_MIN_OVER || op->code == EXPR_MAX_OVER;
}

/* Does the expression only compare, so that it changes at its constants alone? */
static bool clear_only_compares(const struct expr_op *op) {
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
static bool clear_strip(const struct expr_program *from, struct expr_op *window, bool *is_first,
                        struct expr_program *to) {
    *to = *from;
    to->op_count = 0;
    to->own = (struct expr_keeps){0};
    for (uint32_t i = 0; i < from->op_count; i++) {
        const struct expr_op *op = &from->ops[i];
        if (!clear_only_compares(op)) {
            return false;
        }
        to->ops[to->op_count++] = *op;
        if (op->code != EXPR_LOAD || from->sets[op->set].binding != EXPR_BIND_SELF) {
            continue;
        }
        bool over = i + 1 < from->op_count && clear_is_window(op + 1);
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
static bool clear_constants(const struct expr_program *program, double *constants,
                            uint32_t *count) {
    for (uint32_t i = 0; i < program->op_count; i++) {
        if (program->ops[i].code == EXPR_NUMBER) {
            if (*count == CONSTANTS_MAX) {
                return false;
            }
            uint32_t at = (*count)++;
            for (; at > 0 && constants[at - 1] > program->ops[i].number; at--) {
                constants[at] = constants[at - 1];
            }
            constants[at] = program->ops[i].number;
        }
    }
    return true;
}

/* With this value, is it certain that the alarm does not clear? */
static bool clear_fails_at(struct config *config, struct clear_trial *trial,
                           const struct expr_program *raise, const struct expr_program *clear,
                           double value) {
    trial->points[0] = (struct point_state){.value = value, .quality = QUALITY_GOOD, .known = 1};
    return clear_run(config, trial, clear) == TRUTH_FALSE ||
           clear_run(config, trial, raise) == TRUTH_TRUE;
}

/* Does it fail at every value? */
static bool clear_fails_at_all(struct config *config, struct clear_trial *trial,
                               const struct ruleset_draft_rule *rule) {
    struct expr_program *raise = config_alloc(&config->arena, 1, sizeof *raise);
    struct expr_program *clear = config_alloc(&config->arena, 1, sizeof *clear);
    struct expr_op window;
    bool is_first = true;
    double constants[CONSTANTS_MAX];
    uint32_t count = 0;
    if (!clear_strip(rule->program, &window, &is_first, raise) ||
        !clear_strip(rule->clear, &window, &is_first, clear) || is_first ||
        !clear_constants(raise, constants, &count) || !clear_constants(clear, constants, &count)) {
        return false;
    }
    bool fails = clear_fails_at(config, trial, raise, clear, 0) &&
                 clear_fails_at(config, trial, raise, clear, 1);
    for (uint32_t i = 0; i < count && fails; i++) {
        double below = i == 0 ? constants[0] - 1 : (constants[i - 1] + constants[i]) / 2;
        double above = constants[i] + 1;
        fails = clear_fails_at(config, trial, raise, clear, below) &&
                clear_fails_at(config, trial, raise, clear, constants[i]) &&
                (i + 1 < count || clear_fails_at(config, trial, raise, clear, above));
    }
    return fails;
}

/* Is `clear` false wherever the rule is for something? */
static bool clear_is_never_true(struct config *config, struct clear_trial *trial,
                                const struct ruleset_draft_rule *rule) {
    bool never = true;
    for (uint32_t i = 0; i < config->place_count && never; i++) {
        if (rule->each == EXPR_EACH_POINT ||
            (rule->place_kinds >> trial->layout->places[i].kind & 1) != 0) {
            trial->place = i;
            never = clear_run(config, trial, rule->clear) == TRUTH_FALSE;
        }
    }
    return never;
}

void config_lint_clear(struct config *config, const struct config_layout *layout,
                       const struct config_rule *rule) {
    struct clear_trial trial = {.layout = layout};
    trial.points[0].quality = QUALITY_STALE;
    trial.points[1].quality = QUALITY_STALE;
    trial.members = config_alloc(&config->arena, config->point_count + 2, sizeof *trial.members);
    for (uint32_t i = 1; i < config->point_count + 2; i++) {
        trial.members[i] = 1;
    }
    for (uint32_t i = 0; i < LIMIT_EXPR_SETS; i++) {
        trial.betweens[i] = TRUTH_UNKNOWN;
    }
    if (config->place_count == 0) {
        return;
    }
    if (clear_is_never_true(config, &trial, &rule->draft)) {
        config_warn(config, rule->clear, "compare with something that can happen",
                    "this is never true: once raised, the alarm would never clear");
    } else if (rule->draft.each == EXPR_EACH_POINT &&
               clear_fails_at_all(config, &trial, &rule->draft)) {
        config_warn(config, rule->clear, "let it be true where `raise` is not",
                    "this is never true without `raise` being true as well, which wins: once "
                    "raised, the alarm would never clear");
    }
}
