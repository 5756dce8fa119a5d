/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Expressions: the evaluator
 *
 * A stack machine with one case per operation. A truth is kept as a truth and as the number 0, 1 or
 * something between, so that == compares it like any number; a number is a range that may move with
 * time (expr_moving.h).
 * There is no short cut: `a or within(b, 60 s)` steps the memory of `within` whatever `a` is,
 * because its past must be right when `a` no longer decides.
 */

#include <assert.h>

#include "rules/expr.h"
#include "rules/expr_past.h"
#include "rules/expr_window.h"

/* One value on the stack. */
struct cell {
    struct expr_moving number;
    uint32_t count; /* an accumulator's members so far */
    uint8_t truth;  /* enum truth; means nothing for a number */
};

struct machine {
    const struct expr_view *view;
    struct expr_past *past; /* what the next operation over time steps */
    uint32_t member;        /* of the set that is walked; 0 outside an aggregate */
    uint32_t depth;
    struct expr_result result;
    struct cell stack[LIMIT_EXPR_STACK];
};

static struct cell cell_truth(enum truth truth) {
    return (struct cell){.number = expr_moving_still(expr_range_truth(truth)),
                         .truth = (uint8_t)truth};
}

static struct cell cell_number(struct expr_range range) {
    return (struct cell){.number = expr_moving_still(range), .truth = TRUTH_UNKNOWN};
}

static void eval_push(struct machine *machine, struct cell cell) {
    assert(machine->depth < LIMIT_EXPR_STACK);
    machine->stack[machine->depth++] = cell;
}

static struct cell eval_pop(struct machine *machine) {
    assert(machine->depth > 0);
    return machine->stack[--machine->depth];
}

static void eval_push_truth(struct machine *machine, enum truth truth) {
    eval_push(machine, cell_truth(truth));
}

static void eval_push_number(struct machine *machine, struct expr_range range) {
    eval_push(machine, cell_number(range));
}

static void eval_push_moving(struct machine *machine, struct expr_moving number) {
    eval_push(machine, (struct cell){.number = number, .truth = TRUTH_UNKNOWN});
}

/* The point that an operation loads: its set's only one, or the walk's present one. */
static uint32_t eval_index(const struct machine *machine, const struct expr_op *op) {
    const struct expr_bound *bound = &machine->view->bounds[op->set];
    assert(machine->member < bound->count);
    return machine->view->members[bound->first + machine->member];
}

static const struct point_state *eval_point(const struct machine *machine,
                                            const struct expr_op *op) {
    return &machine->view->points[eval_index(machine, op)];
}

/* A point's value, both as a truth and as a number: the checker knows which of them is meant. */
static struct cell eval_load(const struct point_state *point) {
    if (!quality_usable((enum quality)point->quality)) {
        return cell_number(expr_range_unknown());
    }
    return (struct cell){.number = expr_moving_still(expr_range_exact(point->value)),
                         .truth = point->value != 0 ? TRUTH_TRUE : TRUTH_FALSE};
}

/* The time since a point was last confirmed; a lower bound before it ever was. */
static struct expr_moving eval_age(const struct point_state *point, struct instant now) {
    double age_s = (double)instant_span_ns(point->heard, now) / (double)NS_PER_S;
    struct expr_moving age = expr_moving_still(expr_range_at_least(age_s));
    age.slope.low = 1;
    if (point->known) {
        age.range.high = age_s;
        age.slope.high = 1;
    }
    return age;
}

/* Is this the moment of a reading with the word `moment`? */
static enum truth eval_moment(const struct machine *machine, const struct expr_op *op) {
    const struct point_state *point = eval_point(machine, op);
    if (!quality_usable((enum quality)point->quality)) {
        return TRUTH_UNKNOWN;
    }
    bool granted = point->value != 0;
    return machine->view->moment == eval_index(machine, op) &&
                   granted == (op->slot == EXPR_MOMENT_GRANTED)
               ? TRUTH_TRUE
               : TRUTH_FALSE;
}

/* The accumulator of an aggregate over no members. */
static struct cell eval_fold_begin(enum expr_fold fold) {
    switch (fold) {
    case EXPR_FOLD_ANY:
        return cell_truth(TRUTH_FALSE);
    case EXPR_FOLD_ALL:
        return cell_truth(TRUTH_TRUE);
    case EXPR_FOLD_COUNT:
    case EXPR_FOLD_SUM:
    case EXPR_FOLD_AVG:
        return cell_number(expr_range_exact(0));
    case EXPR_FOLD_MIN:
    case EXPR_FOLD_MAX:
        return cell_number(expr_range_unknown());
    case EXPR_FOLD_KIND_COUNT:
        break;
    }
    assert(false && "fold out of range");
    return cell_truth(TRUTH_UNKNOWN);
}

/* Fold one member's result into the accumulator. */
static void eval_fold(struct machine *machine, enum expr_fold fold, struct cell *sum,
                      struct cell member) {
    struct instant now = machine->view->now;
    struct instant *deadline = &machine->result.deadline;
    bool first = sum->count == 0;
    sum->count++;
    switch (fold) {
    case EXPR_FOLD_ANY:
        sum->truth = (uint8_t)expr_truth_or((enum truth)sum->truth, (enum truth)member.truth);
        break;
    case EXPR_FOLD_ALL:
        sum->truth = (uint8_t)expr_truth_and((enum truth)sum->truth, (enum truth)member.truth);
        break;
    case EXPR_FOLD_COUNT:
        sum->number.range =
            expr_range_add(sum->number.range, expr_range_truth((enum truth)member.truth));
        break;
    case EXPR_FOLD_SUM:
    case EXPR_FOLD_AVG:
        sum->number = expr_moving_add(sum->number, member.number);
        break;
    case EXPR_FOLD_MIN:
        sum->number =
            first ? member.number : expr_moving_min(sum->number, member.number, now, deadline);
        break;
    case EXPR_FOLD_MAX:
        sum->number =
            first ? member.number : expr_moving_max(sum->number, member.number, now, deadline);
        break;
    case EXPR_FOLD_KIND_COUNT:
        assert(false && "fold out of range");
    }
}

/* What the accumulator amounts to. */
static struct cell eval_fold_end(struct machine *machine, enum expr_fold fold, struct cell sum) {
    if (fold == EXPR_FOLD_ANY || fold == EXPR_FOLD_ALL) {
        return cell_truth((enum truth)sum.truth);
    }
    if (fold == EXPR_FOLD_AVG) {
        /* Of none: 0 ÷ 0, which is unknown. */
        struct expr_moving count = expr_moving_still(expr_range_exact(sum.count));
        sum.number =
            expr_moving_divide(sum.number, count, machine->view->now, &machine->result.deadline);
    }
    return (struct cell){.number = sum.number, .truth = TRUTH_UNKNOWN};
}

/* What {value} shows of a number: what is certain of it. */
static double eval_shown(struct expr_range range) {
    const struct expr_range unknown = expr_range_unknown();
    return range.low > unknown.low ? range.low : range.high < unknown.high ? range.high : 0;
}

/* A place's own number; negative when the site does not say. */
static struct expr_range eval_place(double number) {
    return number < 0 ? expr_range_unknown() : expr_range_exact(number);
}

static void eval_compare(struct machine *machine, enum expr_opcode code) {
    struct expr_moving right = eval_pop(machine).number;
    struct expr_moving left = eval_pop(machine).number;
    struct instant now = machine->view->now;
    struct instant *deadline = &machine->result.deadline;
    bool swap = code == EXPR_GT || code == EXPR_LE;
    bool negate = code == EXPR_NE || code == EXPR_LE || code == EXPR_GE;
    enum truth truth = code == EXPR_EQ || code == EXPR_NE
                           ? expr_moving_equal(&left, &right, now, deadline)
                       : swap ? expr_moving_less(&right, &left, now, deadline)
                              : expr_moving_less(&left, &right, now, deadline);
    eval_push_truth(machine, negate ? expr_truth_not(truth) : truth);
}

static void eval_combine(struct machine *machine, enum expr_opcode code) {
    struct expr_moving right = eval_pop(machine).number;
    struct expr_moving left = eval_pop(machine).number;
    struct instant now = machine->view->now;
    struct instant *deadline = &machine->result.deadline;
    struct expr_moving result = code == EXPR_MUL ? expr_moving_multiply(left, right, now, deadline)
                                : code == EXPR_DIV ? expr_moving_divide(left, right, now, deadline)
                                : code == EXPR_SUB
                                    ? expr_moving_add(left, expr_moving_negate(right))
                                    : expr_moving_add(left, right);
    eval_push_moving(machine, result);
}

static void eval_join(struct machine *machine, enum expr_opcode code) {
    enum truth right = (enum truth)eval_pop(machine).truth;
    enum truth left = (enum truth)eval_pop(machine).truth;
    eval_push_truth(machine,
                    code == EXPR_AND ? expr_truth_and(left, right) : expr_truth_or(left, right));
}

/* What a window is given: the condition, or the number if it is known exactly. */
static struct expr_sample eval_sample(const struct cell *cell, enum expr_opcode code) {
    if (code == EXPR_CHANGES) {
        return (struct expr_sample){.value = cell->truth == TRUTH_TRUE ? 1 : 0,
                                    .known = cell->truth != TRUTH_UNKNOWN};
    }
    const struct expr_moving *number = &cell->number;
    return (struct expr_sample){.value = number->range.low,
                                .known = number->range.low == number->range.high,
                                .moving = !expr_moving_is_still(number)};
}

static void eval_window(struct machine *machine, const struct expr_op *op) {
    struct cell argument = eval_pop(machine);
    enum expr_opcode code = (enum expr_opcode)op->code;
    eval_push_number(machine, expr_window_step(machine->past->windows++, code, op->span_ns,
                                               eval_sample(&argument, code), machine->view->now,
                                               &machine->result.deadline));
}

/* Carry out the operation at `index` and return the index of the next one. */
static uint32_t eval_step(struct machine *machine, const struct expr_op *ops, uint32_t index) {
    const struct expr_op *op = &ops[index];
    const struct expr_view *view = machine->view;
    switch ((enum expr_opcode)op->code) {
    case EXPR_NUMBER:
        eval_push_number(machine, expr_range_exact(op->number));
        break;
    case EXPR_TRUTH:
        eval_push_truth(machine, op->number != 0 ? TRUTH_TRUE : TRUTH_FALSE);
        break;
    case EXPR_LOAD:
        eval_push(machine, eval_load(eval_point(machine, op)));
        break;
    case EXPR_COUNTED:
        eval_push_number(machine, expr_past_counted(machine->past->memories++,
                                                    eval_point(machine, op), view->levelled));
        break;
    case EXPR_QUALITY:
        eval_push_number(machine, expr_range_exact(eval_point(machine, op)->quality));
        break;
    case EXPR_AGE:
        eval_push_moving(machine, eval_age(eval_point(machine, op), view->now));
        break;
    case EXPR_MOMENT:
        eval_push_truth(machine, eval_moment(machine, op));
        break;
    case EXPR_CAPACITY:
        eval_push_number(machine, eval_place(view->capacity));
        break;
    case EXPR_AREA:
        eval_push_number(machine, eval_place(view->area));
        break;
    case EXPR_SHOW_POINT:
        machine->result.value = eval_shown(eval_load(eval_point(machine, op)).number.range);
        break;
    case EXPR_SHOW:
        assert(machine->depth > 0);
        machine->result.value = eval_shown(machine->stack[machine->depth - 1].number.range);
        break;
    case EXPR_OPEN:
        eval_push_truth(machine, view->open);
        break;
    case EXPR_CLOSED:
        eval_push_truth(machine, expr_truth_not(view->open));
        break;
    case EXPR_WEEKDAY:
        eval_push_truth(machine, view->weekday);
        break;
    case EXPR_BETWEEN:
        eval_push_truth(machine, (enum truth)view->between_truths[op->slot]);
        break;
    case EXPR_NOT:
        eval_push_truth(machine, expr_truth_not((enum truth)eval_pop(machine).truth));
        break;
    case EXPR_AND:
    case EXPR_OR:
        eval_join(machine, (enum expr_opcode)op->code);
        break;
    case EXPR_EQ:
    case EXPR_NE:
    case EXPR_LT:
    case EXPR_LE:
    case EXPR_GT:
    case EXPR_GE:
        eval_compare(machine, (enum expr_opcode)op->code);
        break;
    case EXPR_ADD:
    case EXPR_SUB:
    case EXPR_MUL:
    case EXPR_DIV:
        eval_combine(machine, (enum expr_opcode)op->code);
        break;
    case EXPR_NEG:
        eval_push_moving(machine, expr_moving_negate(eval_pop(machine).number));
        break;
    case EXPR_WITHIN:
        eval_push_truth(machine, expr_past_within(machine->past->memories++, op->span_ns,
                                                  (enum truth)eval_pop(machine).truth, view->now,
                                                  &machine->result.deadline));
        break;
    case EXPR_HELD:
        eval_push_truth(machine, expr_past_held(machine->past->memories++, op->span_ns,
                                                (enum truth)eval_pop(machine).truth, view->now,
                                                &machine->result.deadline));
        break;
    case EXPR_SINCE:
        eval_push_moving(machine, expr_past_since(machine->past->memories++,
                                                  (enum truth)eval_pop(machine).truth, view->now));
        break;
    case EXPR_FOLD:
        eval_push(machine, eval_fold_begin((enum expr_fold)op->slot));
        break;
    case EXPR_WALK:
        assert(machine->member == 0);
        return view->bounds[op->set].count > 0 ? index + 1 : op->target;
    case EXPR_NEXT: {
        struct cell member = eval_pop(machine);
        assert(machine->depth > 0);
        eval_fold(machine, (enum expr_fold)op->slot, &machine->stack[machine->depth - 1], member);
        machine->member++;
        if (machine->member < view->bounds[op->set].count) {
            return op->target;
        }
        machine->member = 0;
        break;
    }
    case EXPR_END:
        eval_push(machine, eval_fold_end(machine, (enum expr_fold)op->slot, eval_pop(machine)));
        break;
    case EXPR_CHANGES:
    case EXPR_RATE:
    case EXPR_AVG_OVER:
    case EXPR_MIN_OVER:
    case EXPR_MAX_OVER:
        eval_window(machine, op);
        break;
    case EXPR_OPCODE_COUNT:
        assert(false && "an operation that the compiler never wrote");
        break;
    }
    return index + 1;
}

struct expr_result expr_eval(const struct expr_op *ops, uint32_t op_count,
                             const struct expr_view *view, struct expr_past *past) {
    struct machine machine;
    machine.view = view;
    machine.past = past;
    machine.member = 0;
    machine.depth = 0;
    machine.result = (struct expr_result){.truth = TRUTH_UNKNOWN, .deadline = INSTANT_NEVER};
    for (uint32_t index = 0; index < op_count;) {
        index = eval_step(&machine, ops, index);
    }
    assert(machine.depth == 1);
    machine.result.truth = (enum truth)eval_pop(&machine).truth;
    return machine.result;
}
