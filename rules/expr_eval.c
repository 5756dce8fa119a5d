/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Expressions: the evaluator
 *
 * A stack machine with one case per operation. A number is a range that may move with time
 * (expr_moving.h). A truth becomes one, 0, 1 or something between, only where it is taken for a
 * number, so that == compares it like any.
 * There is no short cut: `a or within(b, 60 s)` steps the memory of `within` whatever `a` is,
 * because its past must be right when `a` no longer decides.
 *
 * A run that leaves points out takes them as at rest, and changes nothing. What an operation over time
 * remembers of them is left out with them; all else it looks at in a copy.
 */

#include <assert.h>
#include <string.h>

#include "rules/expr.h"
#include "rules/expr_past.h"
#include "rules/expr_window.h"

/* Of what points something is: such as this run leaves out, others, or both. */
enum source { SOURCE_LEFT_OUT = 1, SOURCE_STAYS = 2 };

/* One value on the stack. */
struct cell {
    struct expr_moving number; /* means nothing while it is only a truth */
    uint32_t count;            /* an accumulator's members so far */
    uint8_t truth;             /* enum truth; means nothing for a number */
    bool only_truth;
    uint8_t sources; /* enum source, by bit */
};

struct machine {
    const struct expr_view *view;
    struct expr_past *past; /* what the next operation over time steps */
    uint32_t member;        /* of the set that is walked; 0 outside an aggregate */
    uint32_t depth;
    struct expr_result result;
    struct cell stack[LIMIT_EXPR_STACK];
};

static struct cell *eval_push(struct machine *machine) {
    assert(machine->depth < LIMIT_EXPR_STACK);
    struct cell *cell = &machine->stack[machine->depth++];
    cell->sources = 0;
    return cell;
}

static struct cell *eval_top(struct machine *machine) {
    assert(machine->depth > 0);
    return &machine->stack[machine->depth - 1];
}

/* The popped cell stays as it is until the next push. */
static struct cell *eval_pop(struct machine *machine) {
    assert(machine->depth > 0);
    return &machine->stack[--machine->depth];
}

static void cell_make_truth(struct cell *cell, enum truth truth) {
    cell->truth = (uint8_t)truth;
    cell->only_truth = true;
}

static void cell_make_moving(struct cell *cell, struct expr_moving number) {
    cell->number = number;
    cell->truth = TRUTH_UNKNOWN;
    cell->only_truth = false;
}

static void cell_make_number(struct cell *cell, struct expr_range range) {
    cell_make_moving(cell, expr_moving_still(range));
}

/* What the cell is as a number. */
static struct expr_moving *cell_number(struct cell *cell) {
    if (cell->only_truth) {
        cell->number = expr_moving_still(expr_range_truth((enum truth)cell->truth));
        cell->only_truth = false;
    }
    return &cell->number;
}

static void eval_push_truth(struct machine *machine, enum truth truth) {
    cell_make_truth(eval_push(machine), truth);
}

static void eval_push_number(struct machine *machine, struct expr_range range) {
    cell_make_number(eval_push(machine), range);
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

static enum truth eval_point_truth(const struct point_state *point) {
    return !quality_usable((enum quality)point->quality) ? TRUTH_UNKNOWN
           : point->value != 0                           ? TRUTH_TRUE
                                                         : TRUTH_FALSE;
}

static struct expr_range eval_point_number(const struct point_state *point) {
    return quality_usable((enum quality)point->quality) ? expr_range_exact(point->value)
                                                        : expr_range_unknown();
}

/* A point's value, both as a truth and as a number: the checker knows which of them is meant. */
static void eval_load(struct machine *machine, const struct expr_op *op) {
    static const struct point_state at_rest = {.quality = QUALITY_GOOD, .known = POINT_READ};
    const struct index_set *left_out = machine->view->left_out;
    struct cell *cell = eval_push(machine);
    bool stays = left_out == NULL || !index_set_has(left_out, eval_index(machine, op));
    const struct point_state *point = stays ? eval_point(machine, op) : &at_rest;
    cell->sources = stays ? SOURCE_STAYS : SOURCE_LEFT_OUT;
    cell_make_number(cell, eval_point_number(point));
    cell->truth = (uint8_t)eval_point_truth(point);
}

/*
 * Unknown of a point that is still waited for: after each start nothing was heard yet, and a rule that calls for
 * what is stale must not call for all of the site then.
 */
static struct expr_range eval_quality(const struct point_state *point) {
    bool awaited = point->known == POINT_UNHEARD && point->quality == QUALITY_STALE;
    return awaited ? expr_range_unknown() : expr_range_exact(point->quality);
}

/* The time since a point was last confirmed; a lower bound before it ever was. */
static struct expr_moving eval_age(const struct point_state *point, struct instant now) {
    double age_s = (double)point_age_ns(point, now) / (double)NS_PER_S;
    struct expr_moving age = expr_moving_still(expr_range_at_least(age_s));
    age.slope.low = 1;
    if (point->known >= POINT_HEARD) {
        age.range.high = age_s;
        age.slope.high = 1;
    }
    return age;
}

/*
 * Is this the moment of a reading with the word `moment`? A reader that said what nobody can read was
 * heard, and said neither: else a single spoilt card would keep a forced door silent until the next.
 */
static enum truth eval_moment(const struct machine *machine, const struct expr_op *op) {
    const struct point_state *point = eval_point(machine, op);
    if (point->quality == QUALITY_FAULT) {
        return TRUTH_FALSE;
    } else if (!quality_usable((enum quality)point->quality)) {
        return TRUTH_UNKNOWN;
    }
    bool granted = point->value != 0;
    return machine->view->moment == eval_index(machine, op) &&
                   granted == (op->slot == EXPR_MOMENT_GRANTED)
               ? TRUTH_TRUE
               : TRUTH_FALSE;
}

/* Make the accumulator of an aggregate over no members. */
static void eval_fold_begin(struct cell *sum, enum expr_fold fold) {
    sum->count = 0;
    switch (fold) {
    case EXPR_FOLD_ANY:
        cell_make_truth(sum, TRUTH_FALSE);
        return;
    case EXPR_FOLD_ALL:
        cell_make_truth(sum, TRUTH_TRUE);
        return;
    case EXPR_FOLD_COUNT:
    case EXPR_FOLD_SUM:
    case EXPR_FOLD_AVG:
        cell_make_number(sum, expr_range_exact(0));
        return;
    case EXPR_FOLD_MIN:
    case EXPR_FOLD_MAX:
        cell_make_number(sum, expr_range_unknown());
        return;
    case EXPR_FOLD_KIND_COUNT:
        break;
    }
    assert(false && "fold out of range");
}

/* Fold one member's truth into an accumulator of truths. */
static void eval_fold_truth(enum expr_fold fold, struct cell *sum, enum truth member) {
    if (fold == EXPR_FOLD_ANY) {
        sum->truth = (uint8_t)expr_truth_or((enum truth)sum->truth, member);
    } else if (fold == EXPR_FOLD_ALL) {
        sum->truth = (uint8_t)expr_truth_and((enum truth)sum->truth, member);
    } else {
        sum->number.range = expr_range_add(sum->number.range, expr_range_truth(member));
    }
}

/* Fold one member's result into the accumulator. */
static void eval_fold(struct machine *machine, enum expr_fold fold, struct cell *sum,
                      struct cell *member) {
    struct instant now = machine->view->now;
    struct instant *deadline = &machine->result.deadline;
    bool first = sum->count == 0;
    sum->count++;
    sum->sources |= member->sources;
    switch (fold) {
    case EXPR_FOLD_ANY:
    case EXPR_FOLD_ALL:
    case EXPR_FOLD_COUNT:
        eval_fold_truth(fold, sum, (enum truth)member->truth);
        break;
    case EXPR_FOLD_SUM:
    case EXPR_FOLD_AVG:
        sum->number = expr_moving_add(sum->number, *cell_number(member));
        break;
    case EXPR_FOLD_MIN:
        sum->number = first ? *cell_number(member)
                            : expr_moving_min(sum->number, *cell_number(member), now, deadline);
        break;
    case EXPR_FOLD_MAX:
        sum->number = first ? *cell_number(member)
                            : expr_moving_max(sum->number, *cell_number(member), now, deadline);
        break;
    case EXPR_FOLD_KIND_COUNT:
        assert(false && "fold out of range");
    }
}

/* Make of the accumulator what it amounts to. */
static void eval_fold_end(struct machine *machine, enum expr_fold fold, struct cell *sum) {
    if (fold == EXPR_FOLD_AVG) {
        /*
         * Of none: 0 ÷ 0, which is unknown. That each END has a FOLD before it, which made the
         * accumulator, is the compiler's word.
         */
        /* NOLINTBEGIN(clang-analyzer-core.CallAndMessage) */
        struct expr_moving count = expr_moving_still(expr_range_exact(sum->count));
        sum->number =
            expr_moving_divide(sum->number, count, machine->view->now, &machine->result.deadline);
        /* NOLINTEND(clang-analyzer-core.CallAndMessage) */
    }
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
    struct cell *popped = eval_pop(machine);
    const struct expr_moving *right = cell_number(popped);
    struct cell *cell = eval_top(machine);
    const struct expr_moving *left = cell_number(cell);
    cell->sources |= popped->sources;
    struct instant now = machine->view->now;
    struct instant *deadline = &machine->result.deadline;
    bool swap = code == EXPR_GT || code == EXPR_LE;
    bool negate = code == EXPR_NE || code == EXPR_LE || code == EXPR_GE;
    enum truth truth = code == EXPR_EQ || code == EXPR_NE
                           ? expr_moving_equal(left, right, now, deadline)
                       : swap ? expr_moving_less(right, left, now, deadline)
                              : expr_moving_less(left, right, now, deadline);
    cell_make_truth(cell, negate ? expr_truth_not(truth) : truth);
}

static void eval_combine(struct machine *machine, enum expr_opcode code) {
    struct cell *popped = eval_pop(machine);
    struct expr_moving right = *cell_number(popped);
    struct cell *cell = eval_top(machine);
    cell->sources |= popped->sources;
    struct expr_moving left = *cell_number(cell);
    struct instant now = machine->view->now;
    struct instant *deadline = &machine->result.deadline;
    cell_make_moving(cell, code == EXPR_MUL   ? expr_moving_multiply(left, right, now, deadline)
                           : code == EXPR_DIV ? expr_moving_divide(left, right, now, deadline)
                           : code == EXPR_SUB ? expr_moving_add(left, expr_moving_negate(right))
                                              : expr_moving_add(left, right));
}

static void eval_join(struct machine *machine, enum expr_opcode code) {
    const struct cell *popped = eval_pop(machine);
    enum truth right = (enum truth)popped->truth;
    struct cell *cell = eval_top(machine);
    cell->sources |= popped->sources;
    enum truth left = (enum truth)cell->truth;
    cell_make_truth(cell,
                    code == EXPR_AND ? expr_truth_and(left, right) : expr_truth_or(left, right));
}

/* What a window is given: the condition, or the number if it is known exactly. */
static struct expr_sample eval_sample(struct cell *cell, enum expr_opcode code) {
    if (code == EXPR_CHANGES) {
        return (struct expr_sample){.value = cell->truth == TRUTH_TRUE ? 1 : 0,
                                    .known = cell->truth != TRUTH_UNKNOWN};
    }
    const struct expr_moving *number = cell_number(cell);
    return (struct expr_sample){.value = number->range.low,
                                .known = number->range.low == number->range.high,
                                .moving = !expr_moving_is_still(number)};
}

/* The next memory, or in `room` what a run that leaves points out may know of it. */
static struct expr_memory *eval_memory(struct machine *machine, bool forget,
                                       struct expr_memory *room) {
    struct expr_memory *memory = machine->past->memories++;
    if (machine->view->left_out == NULL) {
        return memory;
    }
    *room = forget ? (struct expr_memory){0} : *memory;
    return room;
}

/* Is what is remembered of a truth to be forgotten, in a run that leaves something of it out? */
static bool eval_forgets(enum truth truth, unsigned sources) {
    return (sources & SOURCE_LEFT_OUT) != 0 && truth != TRUTH_TRUE;
}

/* Step the next memory of `within` or `held`, to what its condition is now. */
static enum truth eval_past(struct machine *machine, const struct expr_op *op, enum truth truth,
                            unsigned sources) {
    struct expr_memory room;
    struct expr_memory *memory = eval_memory(machine, eval_forgets(truth, sources), &room);
    struct instant now = machine->view->now;
    struct instant *deadline = &machine->result.deadline;
    uint8_t was = memory->now;
    enum truth past = op->code == EXPR_WITHIN
                          ? expr_past_within(memory, op->span_ns, truth, now, deadline)
                          : expr_past_held(memory, op->span_ns, truth, now, deadline);
    machine->past->turned |= memory->now != was;
    return past;
}

static struct expr_moving eval_since(struct machine *machine, enum truth truth, unsigned sources) {
    struct expr_memory room;
    struct expr_memory *memory = eval_memory(machine, eval_forgets(truth, sources), &room);
    uint8_t was = memory->now;
    struct expr_moving since = expr_past_since(memory, truth, machine->view->now);
    machine->past->turned |= memory->now != was;
    return since;
}

static struct expr_range eval_counted(struct machine *machine, const struct point_state *point) {
    struct expr_memory room;
    struct expr_memory *memory = eval_memory(machine, false, &room);
    uint8_t was = memory->now;
    struct expr_range counted = expr_past_counted(memory, point, machine->view->levelled);
    machine->past->turned |= memory->now != was;
    return counted;
}

static void eval_window(struct machine *machine, const struct expr_op *op) {
    struct cell *cell = eval_top(machine);
    enum expr_opcode code = (enum expr_opcode)op->code;
    struct expr_window *window = machine->past->windows++;
    struct expr_window room;
    if (machine->view->left_out != NULL) {
        bool others = (cell->sources & SOURCE_STAYS) != 0 && machine->view->others;
        if ((cell->sources & SOURCE_LEFT_OUT) != 0 && !others) {
            memset(&room, 0, sizeof room);
        } else {
            room = *window;
        }
        window = &room;
    }
    cell_make_number(cell, expr_window_step(window, code, op->span_ns, eval_sample(cell, code),
                                            machine->view->now, &machine->result.deadline));
}

/*
 * Most walks are over the truths of points, as they are or within a time, and their members are most
 * of what is evaluated: those need no stack. Does the walk at `walk`, whose accumulator is on top, if
 * it is such a one; returns whether it was.
 */
static bool eval_walk_truths(struct machine *machine, const struct expr_op *walk) {
    const struct expr_op *load = walk + 1;
    const struct expr_op *within = walk[2].code == EXPR_WITHIN ? walk + 2 : NULL;
    const struct expr_op *next = within == NULL ? walk + 2 : walk + 3;
    enum expr_fold fold = (enum expr_fold)next->slot;
    if (machine->view->left_out != NULL || load->code != EXPR_LOAD || next->code != EXPR_NEXT ||
        (fold != EXPR_FOLD_ANY && fold != EXPR_FOLD_ALL && fold != EXPR_FOLD_COUNT)) {
        return false;
    }
    struct expr_bound bound = machine->view->bounds[load->set];
    const uint32_t *members = &machine->view->members[bound.first];
    struct cell *sum = eval_top(machine);
    sum->count += bound.count;
    for (uint32_t i = 0; i < bound.count; i++) {
        enum truth truth = eval_point_truth(&machine->view->points[members[i]]);
        eval_fold_truth(fold, sum,
                        within == NULL ? truth : eval_past(machine, within, truth, SOURCE_STAYS));
    }
    return true;
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
        eval_load(machine, op);
        break;
    case EXPR_COUNTED:
        eval_push_number(machine, eval_counted(machine, eval_point(machine, op)));
        break;
    case EXPR_QUALITY:
        eval_push_number(machine, eval_quality(eval_point(machine, op)));
        break;
    case EXPR_AGE:
        cell_make_moving(eval_push(machine), eval_age(eval_point(machine, op), view->now));
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
        machine->result.value = eval_shown(eval_point_number(eval_point(machine, op)));
        break;
    case EXPR_SHOW:
        machine->result.value = eval_shown(cell_number(eval_top(machine))->range);
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
        cell_make_truth(eval_top(machine), expr_truth_not((enum truth)eval_top(machine)->truth));
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
        cell_make_moving(eval_top(machine), expr_moving_negate(*cell_number(eval_top(machine))));
        break;
    case EXPR_WITHIN:
    case EXPR_HELD:
        cell_make_truth(eval_top(machine),
                        eval_past(machine, op, (enum truth)eval_top(machine)->truth,
                                  eval_top(machine)->sources));
        break;
    case EXPR_SINCE:
        cell_make_moving(
            eval_top(machine),
            eval_since(machine, (enum truth)eval_top(machine)->truth, eval_top(machine)->sources));
        break;
    case EXPR_FOLD:
        eval_fold_begin(eval_push(machine), (enum expr_fold)op->slot);
        break;
    case EXPR_WALK:
        assert(machine->member == 0);
        if (view->bounds[op->set].count == 0 || eval_walk_truths(machine, op)) {
            return op->target;
        }
        break;
    case EXPR_NEXT: {
        struct cell *member = eval_pop(machine);
        eval_fold(machine, (enum expr_fold)op->slot, eval_top(machine), member);
        machine->member++;
        if (machine->member < view->bounds[op->set].count) {
            return op->target;
        }
        machine->member = 0;
        break;
    }
    case EXPR_END:
        eval_fold_end(machine, (enum expr_fold)op->slot, eval_top(machine));
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
    machine.result.truth = (enum truth)eval_pop(&machine)->truth;
    return machine.result;
}
