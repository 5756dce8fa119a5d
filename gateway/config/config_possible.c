/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/config/config_possible.h"

#include <assert.h>

#include "rules/expr_range.h"

/* One value on the stack: a number or a truth. */
struct cell {
    struct expr_range range; /* of a number */
    bool passing;            /* the number is a time that goes on by itself, from 0 */
    bool is_truth;
    enum config_stay as_true, as_false;
    enum config_bar bar;
};

struct machine {
    const struct config *config;
    const struct config_layout *layout;
    const struct ruleset_draft_rule *rule;
    const struct expr_program *program;
    uint32_t place; /* of the rule's entity */
    uint32_t depth;
    struct cell stack[LIMIT_EXPR_STACK];
};

static void possible_push(struct machine *machine, struct cell cell) {
    assert(machine->depth < LIMIT_EXPR_STACK);
    machine->stack[machine->depth++] = cell;
}

static struct cell possible_pop(struct machine *machine) {
    assert(machine->depth > 0);
    return machine->stack[--machine->depth];
}

static enum config_stay stay_shorter(enum config_stay a, enum config_stay b) {
    return a < b ? a : b;
}

static enum config_stay stay_longer(enum config_stay a, enum config_stay b) {
    return a > b ? a : b;
}

static struct cell cell_number(struct expr_range range) {
    return (struct cell){.range = range};
}

static struct cell cell_barred(enum config_bar bar) {
    return (struct cell){.range = expr_range_unknown(), .bar = bar};
}

static struct cell cell_truth(enum config_stay as_true, enum config_stay as_false) {
    return (struct cell){.is_truth = true, .as_true = as_true, .as_false = as_false};
}

/* A cell as a number; a truth is 1 or 0. */
static struct cell cell_as_number(const struct cell *cell) {
    if (!cell->is_truth) {
        return *cell;
    }
    struct expr_range range = {cell->as_false == CONFIG_STAY_NEVER ? 1 : 0,
                               cell->as_true == CONFIG_STAY_NEVER ? 0 : 1};
    return (struct cell){.range = range.low <= range.high ? range : expr_range_unknown(),
                         .bar = cell->bar};
}

static struct expr_range range_hull(struct expr_range a, struct expr_range b) {
    return (struct expr_range){a.low < b.low ? a.low : b.low, a.high > b.high ? a.high : b.high};
}

/* What a point can say: what its kind can be, as far as the sensor measures. */
static struct expr_range possible_point(const struct machine *machine, uint32_t row) {
    const struct config_point *point = &machine->config->points[machine->layout->point_at[row]];
    const struct point_kind_facts *facts = point_kind_facts(point->kind);
    if (facts->form != POINT_FORM_NUMBER) {
        return (struct expr_range){0, 1};
    }
    if (unit_facts((enum unit)point->row.unit)->factor != 1) {
        struct point_kind_range range = point_kind_range(point->kind);
        return (struct expr_range){range.least, range.most};
    }
    return (struct expr_range){point->row.min, point->row.max};
}

/* Is the point in row `row` one of those that `set` is for? */
static bool possible_is_member(const struct machine *machine, const struct expr_set *set,
                               uint32_t row) {
    const struct ruleset_point *point = &machine->layout->points[row];
    switch ((enum expr_binding)set->binding) {
    case EXPR_BIND_SELF:
        return point->place == machine->place &&
               (machine->rule->point_kinds >> point->kind & 1) != 0;
    case EXPR_BIND_SIBLING:
        return point->place == machine->place && point->kind == set->kind;
    case EXPR_BIND_SUBTREE:
        return point->kind == set->kind;
    }
    assert(false && "binding out of range");
    return false;
}

/* How many members a set has here, and what they can say. */
static uint32_t possible_members(const struct machine *machine, uint8_t set,
                                 struct expr_range *ret_range) {
    const struct ruleset_place *place = &machine->layout->places[machine->place];
    uint32_t count = 0;
    *ret_range = expr_range_unknown();
    for (uint32_t row = place->point_first; row < place->point_end; row++) {
        if (possible_is_member(machine, &machine->program->sets[set], row)) {
            struct expr_range range = possible_point(machine, row);
            *ret_range = count == 0 ? range : range_hull(*ret_range, range);
            count++;
        }
    }
    return count;
}

/* A point's value, both as a number and as a truth. */
static struct cell possible_load(const struct machine *machine, uint8_t set) {
    struct cell cell = {.as_true = CONFIG_STAY_LONG, .as_false = CONFIG_STAY_LONG};
    (void)possible_members(machine, set, &cell.range); /* of none nothing is claimed */
    return cell;
}

static struct cell possible_place(double number, enum config_bar bar) {
    return number < 0 ? cell_barred(bar) : cell_number(expr_range_exact(number));
}

static struct cell possible_not(struct cell a) {
    return (struct cell){
        .is_truth = true, .as_true = a.as_false, .as_false = a.as_true, .bar = a.bar};
}

static struct cell possible_and(struct cell a, struct cell b) {
    struct cell both =
        cell_truth(stay_shorter(a.as_true, b.as_true), stay_longer(a.as_false, b.as_false));
    both.bar = a.bar != CONFIG_BAR_NONE ? a.bar : b.bar;
    return both;
}

static struct cell possible_or(struct cell a, struct cell b) {
    return possible_not(possible_and(possible_not(a), possible_not(b)));
}

/* Can `a` be equal to `b`, and for how long? A time that passes does not stay, but for its 0. */
static struct cell possible_equal(const struct cell *a, const struct cell *b) {
    enum truth equal = expr_range_equal(a->range, b->range);
    const struct expr_range *still = a->passing ? &b->range : &a->range;
    bool passes = a->passing != b->passing && (still->low > 0 || still->high < 0);
    enum config_stay stay = passes ? CONFIG_STAY_MOMENT : CONFIG_STAY_LONG;
    return cell_truth(equal == TRUTH_FALSE ? CONFIG_STAY_NEVER : stay,
                      equal == TRUTH_TRUE ? CONFIG_STAY_NEVER : CONFIG_STAY_LONG);
}

static struct cell possible_less(const struct cell *a, const struct cell *b) {
    enum truth less = expr_range_less(a->range, b->range);
    return cell_truth(less == TRUTH_FALSE ? CONFIG_STAY_NEVER : CONFIG_STAY_LONG,
                      less == TRUTH_TRUE ? CONFIG_STAY_NEVER : CONFIG_STAY_LONG);
}

static struct cell possible_compare(enum expr_opcode code, const struct cell *left,
                                    const struct cell *right) {
    struct cell a = cell_as_number(left);
    struct cell b = cell_as_number(right);
    if (a.bar != CONFIG_BAR_NONE || b.bar != CONFIG_BAR_NONE) {
        struct cell never = cell_truth(CONFIG_STAY_NEVER, CONFIG_STAY_NEVER);
        never.bar = a.bar != CONFIG_BAR_NONE ? a.bar : b.bar;
        return never;
    }
    bool equal = code == EXPR_EQ || code == EXPR_NE;
    bool swap = code == EXPR_GT || code == EXPR_LE;
    bool negate = code == EXPR_NE || code == EXPR_LE || code == EXPR_GE;
    struct cell truth = equal  ? possible_equal(&a, &b)
                        : swap ? possible_less(&b, &a)
                               : possible_less(&a, &b);
    return negate ? possible_not(truth) : truth;
}

static bool range_has_zero(struct expr_range range) {
    return range.low <= 0 && range.high >= 0;
}

static struct cell possible_combine(enum expr_opcode code, const struct cell *left,
                                    const struct cell *right) {
    struct cell a = cell_as_number(left);
    struct cell b = cell_as_number(right);
    enum config_bar bar = a.bar != CONFIG_BAR_NONE ? a.bar : b.bar;
    if (code == EXPR_DIV && b.range.low == 0 && b.range.high == 0) {
        return cell_barred(CONFIG_BAR_ZERO);
    } else if (code == EXPR_MUL && ((a.bar == CONFIG_BAR_NONE && range_has_zero(a.range)) ||
                                    (b.bar == CONFIG_BAR_NONE && range_has_zero(b.range)))) {
        bar = CONFIG_BAR_NONE; /* nothing of something unknown is nothing */
    }
    struct cell cell =
        cell_number(code == EXPR_MUL   ? expr_range_multiply(a.range, b.range)
                    : code == EXPR_DIV ? expr_range_divide(a.range, b.range)
                    : code == EXPR_SUB ? expr_range_add(a.range, expr_range_negate(b.range))
                                       : expr_range_add(a.range, b.range));
    cell.bar = bar;
    return cell;
}

/* `held` wants what stays, and is false until it has stayed. */
static struct cell possible_held(const struct cell *c) {
    bool known = c->as_true != CONFIG_STAY_NEVER || c->as_false != CONFIG_STAY_NEVER;
    bool holds = c->as_true == CONFIG_STAY_LONG;
    bool breaks = c->as_false > CONFIG_STAY_START || !holds;
    struct cell held = cell_truth(c->as_true == CONFIG_STAY_MOMENT ? CONFIG_STAY_NEVER : c->as_true,
                                  !known   ? CONFIG_STAY_NEVER
                                  : breaks ? CONFIG_STAY_LONG
                                           : CONFIG_STAY_START);
    held.bar = c->bar;
    return held;
}

/* `within` makes a moment long, so that what is false for moments only is never false in it. */
static struct cell possible_within(const struct cell *c) {
    struct cell within =
        cell_truth(c->as_true == CONFIG_STAY_MOMENT ? CONFIG_STAY_LONG : c->as_true,
                   c->as_false == CONFIG_STAY_MOMENT ? CONFIG_STAY_NEVER : c->as_false);
    within.bar = c->bar;
    return within;
}

/* What `since` and `age` are. */
static struct cell possible_passing(void) {
    struct cell time = cell_number(expr_range_at_least(0));
    time.passing = true;
    return time;
}

static struct cell possible_window(enum expr_opcode code, const struct cell *cell) {
    if (code == EXPR_CHANGES && cell->as_true == CONFIG_STAY_NEVER &&
        cell->as_false == CONFIG_STAY_NEVER) {
        return cell_barred(cell->bar);
    } else if (code == EXPR_CHANGES) {
        return cell_number(cell->as_true == CONFIG_STAY_NEVER ? expr_range_exact(0)
                                                              : expr_range_at_least(0));
    }
    struct cell number = cell_as_number(cell);
    number.passing = false;
    if (code == EXPR_RATE) {
        number.range = expr_range_add(number.range, expr_range_negate(number.range));
    }
    return number;
}

static struct cell possible_fold_begin(enum expr_fold fold) {
    switch (fold) {
    case EXPR_FOLD_ANY:
        return cell_truth(CONFIG_STAY_NEVER, CONFIG_STAY_LONG);
    case EXPR_FOLD_ALL:
        return cell_truth(CONFIG_STAY_LONG, CONFIG_STAY_NEVER);
    case EXPR_FOLD_COUNT:
    case EXPR_FOLD_SUM:
        return cell_number(expr_range_exact(0));
    case EXPR_FOLD_MIN:
    case EXPR_FOLD_MAX:
    case EXPR_FOLD_AVG:
        return cell_barred(CONFIG_BAR_NOBODY);
    case EXPR_FOLD_KIND_COUNT:
        break;
    }
    assert(false && "fold out of range");
    return cell_barred(CONFIG_BAR_NOBODY);
}

/* As many times `member` as the set has members, at least one, into the accumulator. */
static struct cell possible_fold(enum expr_fold fold, struct cell sum, const struct cell *member,
                                 uint32_t count) {
    struct expr_range times = expr_range_exact(count);
    struct cell number = cell_as_number(member);
    struct cell more = sum;
    switch (fold) {
    case EXPR_FOLD_ANY:
        return possible_or(sum, *member);
    case EXPR_FOLD_ALL:
        return possible_and(sum, *member);
    case EXPR_FOLD_COUNT:
        number.range.low = member->as_false == CONFIG_STAY_NEVER ? 1 : 0;
        number.range.high = member->as_true == CONFIG_STAY_NEVER ? 0 : 1;
        if (number.range.low > number.range.high) {
            number.range = (struct expr_range){0, 1}; /* never known: any part of it */
        }
        more.range = expr_range_add(sum.range, expr_range_multiply(times, number.range));
        return more;
    case EXPR_FOLD_SUM:
        more.range = expr_range_add(sum.range, expr_range_multiply(times, number.range));
        more.bar = sum.bar != CONFIG_BAR_NONE ? sum.bar : number.bar;
        return more;
    case EXPR_FOLD_MIN:
    case EXPR_FOLD_MAX:
    case EXPR_FOLD_AVG:
        if (sum.bar != CONFIG_BAR_NOBODY) {
            number.range = fold == EXPR_FOLD_MIN   ? expr_range_min(sum.range, number.range)
                           : fold == EXPR_FOLD_MAX ? expr_range_max(sum.range, number.range)
                                                   : range_hull(sum.range, number.range);
            number.passing = sum.passing && number.passing;
            number.bar = sum.bar == CONFIG_BAR_NONE ? CONFIG_BAR_NONE : number.bar;
        }
        return number;
    case EXPR_FOLD_KIND_COUNT:
        break;
    }
    assert(false && "fold out of range");
    return more;
}

/* Carry out the operation at `index` and return the index of the next one. */
static uint32_t possible_step(struct machine *machine, uint32_t index) {
    const struct expr_op *op = &machine->program->ops[index];
    const struct ruleset_place *place = &machine->layout->places[machine->place];
    enum expr_opcode code = (enum expr_opcode)op->code;
    enum expr_fold fold = (enum expr_fold)op->slot;
    struct expr_range ignored;
    struct cell right;
    struct cell left;
    switch (code) {
    case EXPR_NUMBER:
        possible_push(machine, cell_number(expr_range_exact(op->number)));
        break;
    case EXPR_TRUTH:
        left = cell_truth(CONFIG_STAY_NEVER, CONFIG_STAY_LONG);
        possible_push(machine, op->number != 0 ? possible_not(left) : left);
        break;
    case EXPR_LOAD:
        possible_push(machine, possible_load(machine, op->set));
        break;
    case EXPR_COUNTED:
        possible_push(machine, cell_number(expr_range_at_least(0)));
        break;
    case EXPR_QUALITY:
        possible_push(machine, cell_number((struct expr_range){0, QUALITY_COUNT - 1}));
        break;
    case EXPR_MOMENT:
        possible_push(machine, cell_truth(CONFIG_STAY_MOMENT, CONFIG_STAY_LONG));
        break;
    case EXPR_CAPACITY:
        possible_push(machine, possible_place(place->capacity, CONFIG_BAR_CAPACITY));
        break;
    case EXPR_AREA:
        possible_push(machine, possible_place(place->area_m2, CONFIG_BAR_AREA));
        break;
    case EXPR_OPEN:
    case EXPR_CLOSED:
    case EXPR_WEEKDAY:
    case EXPR_BETWEEN:
        possible_push(machine, cell_truth(CONFIG_STAY_LONG, CONFIG_STAY_LONG));
        break;
    case EXPR_SHOW_POINT:
    case EXPR_SHOW:
    case EXPR_END:
        break;
    case EXPR_NOT:
        possible_push(machine, possible_not(possible_pop(machine)));
        break;
    case EXPR_AND:
    case EXPR_OR:
        right = possible_pop(machine);
        left = possible_pop(machine);
        possible_push(machine,
                      code == EXPR_AND ? possible_and(left, right) : possible_or(left, right));
        break;
    case EXPR_EQ:
    case EXPR_NE:
    case EXPR_LT:
    case EXPR_LE:
    case EXPR_GT:
    case EXPR_GE:
        right = possible_pop(machine);
        left = possible_pop(machine);
        possible_push(machine, possible_compare(code, &left, &right));
        break;
    case EXPR_ADD:
    case EXPR_SUB:
    case EXPR_MUL:
    case EXPR_DIV:
        right = possible_pop(machine);
        left = possible_pop(machine);
        possible_push(machine, possible_combine(code, &left, &right));
        break;
    case EXPR_NEG:
        right = possible_pop(machine);
        left = cell_number(expr_range_exact(0));
        possible_push(machine, possible_combine(EXPR_SUB, &left, &right));
        break;
    case EXPR_WITHIN:
        left = possible_pop(machine);
        possible_push(machine, possible_within(&left));
        break;
    case EXPR_HELD:
        left = possible_pop(machine);
        possible_push(machine, possible_held(&left));
        break;
    case EXPR_SINCE:
        (void)possible_pop(machine);
        possible_push(machine, possible_passing());
        break;
    case EXPR_AGE:
        possible_push(machine, possible_passing());
        break;
    case EXPR_CHANGES:
    case EXPR_RATE:
    case EXPR_AVG_OVER:
    case EXPR_MIN_OVER:
    case EXPR_MAX_OVER:
        left = possible_pop(machine);
        possible_push(machine, possible_window(code, &left));
        break;
    case EXPR_FOLD:
        possible_push(machine, possible_fold_begin(fold));
        break;
    case EXPR_WALK:
        if (possible_members(machine, op->set, &ignored) == 0) {
            return op->target;
        }
        break;
    case EXPR_NEXT:
        right = possible_pop(machine);
        left = possible_pop(machine);
        possible_push(machine, possible_fold(fold, left, &right,
                                             possible_members(machine, op->set, &ignored)));
        break;
    case EXPR_OPCODE_COUNT:
        assert(false && "an operation that the compiler never wrote");
        break;
    }
    return index + 1;
}

struct config_possible config_possible_at(const struct config *config,
                                          const struct config_layout *layout,
                                          const struct ruleset_draft_rule *rule,
                                          const struct expr_program *program, uint32_t place) {
    struct machine machine = {
        .config = config, .layout = layout, .rule = rule, .program = program, .place = place};
    for (uint32_t index = 0; index < program->op_count;) {
        index = possible_step(&machine, index);
    }
    assert(machine.depth == 1);
    struct cell here = possible_pop(&machine);
    return (struct config_possible){here.as_true, here.as_false, here.bar};
}

struct config_possible config_possible(struct config *config, const struct config_layout *layout,
                                       const struct ruleset_draft_rule *rule,
                                       const struct expr_program *program) {
    struct config_possible all = {CONFIG_STAY_NEVER, CONFIG_STAY_NEVER, CONFIG_BAR_NONE};
    uint8_t *is_here = config_alloc(&config->arena, config->place_count + 1, sizeof *is_here);
    bool is_anywhere = false;
    config_layout_alarm_places(config, layout, rule, is_here);
    for (uint32_t place = 0; place < config->place_count; place++) {
        if (is_here[place] != 0) {
            struct config_possible here = config_possible_at(config, layout, rule, program, place);
            all.as_true = stay_longer(all.as_true, here.as_true);
            all.as_false = stay_longer(all.as_false, here.as_false);
            all.bar = here.bar != CONFIG_BAR_NONE ? here.bar : all.bar;
            is_anywhere = true;
        }
    }
    if (!is_anywhere) {
        return (struct config_possible){CONFIG_STAY_LONG, CONFIG_STAY_LONG, CONFIG_BAR_NONE};
    }
    return all;
}
