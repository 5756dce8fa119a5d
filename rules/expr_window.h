/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RULES_EXPR_WINDOW_H
#define RULES_EXPR_WINDOW_H

/*
 * Expressions: windows, operations that look back over a time by slices
 *
 *     changes(c, d)   how often c became true; the first value after unknown is no change
 *     rate(x, d)      how far x moved over the window, in x's own unit
 *     avg(x, d)       of x, each value weighted with the time that it stood
 *     min, max(x, d)  of x
 *
 * A window keeps WINDOW_SLICES slices of d / WINDOW_SLICES each, the newest of them not over yet, so
 * that it looks back over d or up to one slice less. Slices begin at multiples of their length, so
 * that they are the same in a replay.
 *
 *      begin                                              now
 *     ──┼─────┼─────┼─────┼── ··· ──┼─────┼─────┼─────┼──▶│
 *        oldest                                    newest
 *
 * Every answer is unknown until the argument was known for three quarters of d within the window,
 * and then is of that time alone. A window is not journalled: after a restart it begins empty, so
 * that it says nothing for three quarters of its time. What may be missed meanwhile is a change in a
 * trend; what must not be missed is written with `held` or `within`.
 */

#include "rules/expr.h"
#include "rules/expr_range.h"

/* What a window's argument is from now until the next step. */
struct expr_sample {
    double value; /* 0 or 1 of a condition */
    bool known;
    bool moving; /* it will not stand still until then: good to one slice all the same */
};

/*
 * Step a window of the operation `code` over `span_ns` to `now`, and give its answer. Takes the
 * instant at which that may change by itself into `deadline`.
 */
struct expr_range expr_window_step(struct expr_window *window, enum expr_opcode code,
                                   uint64_t span_ns, struct expr_sample sample, struct instant now,
                                   struct instant *deadline);

#endif
