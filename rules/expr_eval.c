/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Expressions: the evaluator
 *
 * A stack machine with one case per operation. A truth is kept as a truth and as the number 0, 1 or
 * something between, so that == compares it like any number; a number is a range (expr_range.h).
 * There is no short cut: `a or within(b, 60 s)` steps the memory of `within` whatever `a` is,
 * because its past must be right when `a` no longer decides.
 */

#include <assert.h>

#include "rules/expr.h"
#include "rules/expr_range.h"

/* One value on the stack. */
struct cell {
    struct expr_range range;
    uint32_t count; /* an accumulator's members so far */
    uint8_t truth;  /* enum truth; means nothing for a number */
};

struct machine {
    const struct expr_view *view;
    struct expr_memory *memory; /* the one that the next operation with a memory steps */
    uint32_t member;            /* of the set that is walked; 0 outside an aggregate */
    uint32_t depth;
    struct expr_result result;
    struct cell stack[LIMIT_EXPR_STACK];
};

static struct cell cell_truth(enum truth truth) {
    return (struct cell){.range = expr_range_truth(truth), .truth = (uint8_t)truth};
}

static struct cell cell_number(struct expr_range range) {
    return (struct cell){.range = range, .truth = TRUTH_UNKNOWN};
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

static const struct point_state *eval_point(const struct machine *machine,
                                            const struct expr_op *op) {
    const struct expr_bound *bound = &machine->view->bounds[op->set];
    assert(machine->member < bound->count);
    return &machine->view->points[machine->view->members[bound->first + machine->member]];
}

/* A point's value, both as a truth and as a number: the checker knows which of them is meant. */
static struct cell eval_load(const struct point_state *point) {
    if (!quality_usable((enum quality)point->quality)) {
        return cell_number(expr_range_unknown());
    }
    return (struct cell){.range = expr_range_exact(point->value),
                         .truth = point->value != 0 ? TRUTH_TRUE : TRUTH_FALSE};
}

/* Did a stretch that ended at `until` touch the last `span_ns`? Then the answer changes when it no
 * longer does. */
static bool eval_is_recent(struct machine *machine, struct instant until, uint64_t span_ns) {
    struct instant over = instant_after(until, span_ns);
    if (until.ns == INSTANT_NEVER.ns || over.ns <= machine->view->now.ns) {
        return false;
    }
    machine->result.deadline = instant_earlier(machine->result.deadline, over);
    return true;
}

/* Step a memory of `within` and give its answer; expr.h says what it means. */
static enum truth eval_within(struct machine *machine, uint64_t span_ns, enum truth now) {
    struct expr_memory *memory = machine->memory++;
    if (!memory->started) {
        if (now == TRUTH_UNKNOWN) {
            return TRUTH_UNKNOWN;
        }
        *memory = (struct expr_memory){
            .true_until = INSTANT_NEVER, .unknown_until = INSTANT_NEVER, .started = 1};
    } else if (memory->now == TRUTH_TRUE) {
        memory->true_until = machine->view->now;
    } else if (memory->now == TRUTH_UNKNOWN) {
        memory->unknown_until = machine->view->now;
    }
    memory->now = (uint8_t)now;
    if (now == TRUTH_TRUE || eval_is_recent(machine, memory->true_until, span_ns)) {
        return TRUTH_TRUE;
    }
    if (now == TRUTH_UNKNOWN || eval_is_recent(machine, memory->unknown_until, span_ns)) {
        return TRUTH_UNKNOWN;
    }
    return TRUTH_FALSE;
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
static void eval_fold(enum expr_fold fold, struct cell *sum, struct cell member) {
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
        sum->range = expr_range_add(sum->range, expr_range_truth((enum truth)member.truth));
        break;
    case EXPR_FOLD_SUM:
    case EXPR_FOLD_AVG:
        sum->range = expr_range_add(sum->range, member.range);
        break;
    case EXPR_FOLD_MIN:
        sum->range = first ? member.range : expr_range_min(sum->range, member.range);
        break;
    case EXPR_FOLD_MAX:
        sum->range = first ? member.range : expr_range_max(sum->range, member.range);
        break;
    case EXPR_FOLD_KIND_COUNT:
        assert(false && "fold out of range");
    }
}

/* What the accumulator amounts to. */
static struct cell eval_fold_end(enum expr_fold fold, struct cell sum) {
    if (fold == EXPR_FOLD_ANY || fold == EXPR_FOLD_ALL) {
        return cell_truth((enum truth)sum.truth);
    }
    if (fold == EXPR_FOLD_AVG) {
        /* Of none: 0 ÷ 0, which is unknown. */
        return cell_number(expr_range_divide(sum.range, expr_range_exact(sum.count)));
    }
    return cell_number(sum.range);
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
    struct expr_range right = eval_pop(machine).range;
    struct expr_range left = eval_pop(machine).range;
    bool swap = code == EXPR_GT || code == EXPR_LE;
    bool negate = code == EXPR_NE || code == EXPR_LE || code == EXPR_GE;
    enum truth truth = code == EXPR_EQ || code == EXPR_NE ? expr_range_equal(left, right)
                       : swap                             ? expr_range_less(right, left)
                                                          : expr_range_less(left, right);
    eval_push_truth(machine, negate ? expr_truth_not(truth) : truth);
}

static void eval_combine(struct machine *machine, enum expr_opcode code) {
    struct expr_range right = eval_pop(machine).range;
    struct expr_range left = eval_pop(machine).range;
    struct expr_range range = code == EXPR_MUL   ? expr_range_multiply(left, right)
                              : code == EXPR_DIV ? expr_range_divide(left, right)
                              : code == EXPR_SUB ? expr_range_add(left, expr_range_negate(right))
                                                 : expr_range_add(left, right);
    eval_push_number(machine, range);
}

static void eval_join(struct machine *machine, enum expr_opcode code) {
    enum truth right = (enum truth)eval_pop(machine).truth;
    enum truth left = (enum truth)eval_pop(machine).truth;
    eval_push_truth(machine,
                    code == EXPR_AND ? expr_truth_and(left, right) : expr_truth_or(left, right));
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
    case EXPR_QUALITY:
        eval_push_number(machine, expr_range_exact(eval_point(machine, op)->quality));
        break;
    case EXPR_CAPACITY:
        eval_push_number(machine, eval_place(view->capacity));
        break;
    case EXPR_AREA:
        eval_push_number(machine, eval_place(view->area));
        break;
    case EXPR_SHOW_POINT:
        machine->result.value = eval_shown(eval_load(eval_point(machine, op)).range);
        break;
    case EXPR_SHOW:
        assert(machine->depth > 0);
        machine->result.value = eval_shown(machine->stack[machine->depth - 1].range);
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
        eval_push_number(machine, expr_range_negate(eval_pop(machine).range));
        break;
    case EXPR_WITHIN:
        eval_push_truth(machine,
                        eval_within(machine, op->span_ns, (enum truth)eval_pop(machine).truth));
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
        eval_fold((enum expr_fold)op->slot, &machine->stack[machine->depth - 1], member);
        machine->member++;
        if (machine->member < view->bounds[op->set].count) {
            return op->target;
        }
        machine->member = 0;
        break;
    }
    case EXPR_END:
        eval_push(machine, eval_fold_end((enum expr_fold)op->slot, eval_pop(machine)));
        break;
    case EXPR_AGE:
    case EXPR_MOMENT:
    case EXPR_HELD:
    case EXPR_SINCE:
    case EXPR_CHANGES:
    case EXPR_RATE:
    case EXPR_AVG_OVER:
    case EXPR_MIN_OVER:
    case EXPR_MAX_OVER:
    case EXPR_OPCODE_COUNT:
        assert(false && "only programs that are `evaluated` run");
        break;
    }
    return index + 1;
}

struct expr_result expr_eval(const struct expr_op *ops, uint32_t op_count,
                             const struct expr_view *view, struct expr_memory *memory) {
    struct machine machine;
    machine.view = view;
    machine.memory = memory;
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
