/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RULES_EXPR_MOVING_H
#define RULES_EXPR_MOVING_H

/*
 * Expressions: numbers that grow with time
 *
 * `age` and `since(…)` grow by one second in each second, and so do their sums and multiples. Such
 * a number is a range at one instant and the speed of each of its bounds, so that a comparison knows
 * when it will turn: `since(value) > 1 h` needs to be looked at once, an hour later, and not again
 * and again until then.
 *
 * Only straight lines are followed. Where two moving numbers are multiplied, or something is divided
 * by one, the result is looked at again after EXPR_MOVING_AGAIN_NS.
 */

#include "rules/expr_range.h"

/* Fine enough for people, and rare enough to cost nothing. */
#define EXPR_MOVING_AGAIN_NS NS_PER_S

struct expr_moving {
    struct expr_range range; /* now */
    struct {
        double low, high; /* per second; an unbounded bound does not move */
    } slope;
};

static inline struct expr_moving expr_moving_still(struct expr_range range) {
    return (struct expr_moving){.range = range};
}

/* Does it change with time alone? */
static inline bool expr_moving_is_still(const struct expr_moving *moving) {
    return moving->slope.low == 0 && moving->slope.high == 0;
}

/* Arithmetic at `now`; takes the instant to look again into `deadline` where that is needed. */
struct expr_moving expr_moving_add(struct expr_moving a, struct expr_moving b);
struct expr_moving expr_moving_negate(struct expr_moving a);
struct expr_moving expr_moving_multiply(struct expr_moving a, struct expr_moving b,
                                        struct instant now, struct instant *deadline);
struct expr_moving expr_moving_divide(struct expr_moving a, struct expr_moving b,
                                      struct instant now, struct instant *deadline);
struct expr_moving expr_moving_min(struct expr_moving a, struct expr_moving b, struct instant now,
                                   struct instant *deadline);
struct expr_moving expr_moving_max(struct expr_moving a, struct expr_moving b, struct instant now,
                                   struct instant *deadline);

/* Comparison at `now`; takes the instant at which the answer turns into `deadline`. */
enum truth expr_moving_equal(const struct expr_moving *a, const struct expr_moving *b,
                             struct instant now, struct instant *deadline);
enum truth expr_moving_less(const struct expr_moving *a, const struct expr_moving *b,
                            struct instant now, struct instant *deadline);

#endif
