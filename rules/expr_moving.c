/* SPDX-License-Identifier: Apache-2.0 */
#include "rules/expr_moving.h"

/* Further away than this a turn is not waited for: no span of the language is longer. */
#define TURN_S_MAX 1e9

/* One bound of a range, and how fast it moves. */
struct bound {
    double at, slope;
};

static struct bound moving_low(const struct expr_moving *moving) {
    return (struct bound){moving->range.low, moving->slope.low};
}

static struct bound moving_high(const struct expr_moving *moving) {
    return (struct bound){moving->range.high, moving->slope.high};
}

/*
 * Is `a` less than `b` now? The answer turns when they meet, or just after, if they move towards
 * each other. The time to that is rounded to a nanosecond; a step that comes too early by one finds
 * nothing turned and waits for one more.
 */
static bool moving_before(struct bound a, struct bound b, struct instant now,
                          struct instant *deadline) {
    bool before = a.at < b.at;
    double speed = a.slope - b.slope;
    if (before ? speed > 0 : speed < 0) {
        double turn_s = (b.at - a.at) / speed;
        if (turn_s < TURN_S_MAX) {
            uint64_t turn_ns = (uint64_t)(turn_s * (double)NS_PER_S + 0.5);
            turn_ns += !before || turn_ns == 0;
            *deadline = instant_earlier(*deadline, instant_after(now, turn_ns));
        }
    }
    return before;
}

struct expr_moving expr_moving_add(struct expr_moving a, struct expr_moving b) {
    a.range = expr_range_add(a.range, b.range);
    a.slope.low += b.slope.low;
    a.slope.high += b.slope.high;
    return a;
}

struct expr_moving expr_moving_negate(struct expr_moving a) {
    struct expr_moving negated = {.range = expr_range_negate(a.range)};
    negated.slope.low = -a.slope.high;
    negated.slope.high = -a.slope.low;
    return negated;
}

/* The slope of `a` times `factor`, for a product with a number that is known and stands still. */
static void moving_scale(const struct expr_moving *a, double factor, struct expr_moving *product) {
    product->slope.low = factor * (factor < 0 ? a->slope.high : a->slope.low);
    product->slope.high = factor * (factor < 0 ? a->slope.low : a->slope.high);
}

static bool moving_is_constant(const struct expr_moving *moving) {
    return expr_moving_is_still(moving) && moving->range.low == moving->range.high;
}

static void moving_look_again(struct instant now, struct instant *deadline) {
    *deadline = instant_earlier(*deadline, instant_after(now, EXPR_MOVING_AGAIN_NS));
}

struct expr_moving expr_moving_multiply(struct expr_moving a, struct expr_moving b,
                                        struct instant now, struct instant *deadline) {
    struct expr_moving product = expr_moving_still(expr_range_multiply(a.range, b.range));
    if (expr_moving_is_still(&a) && expr_moving_is_still(&b)) {
        return product;
    } else if (moving_is_constant(&b)) {
        moving_scale(&a, b.range.low, &product);
    } else if (moving_is_constant(&a)) {
        moving_scale(&b, a.range.low, &product);
    } else {
        moving_look_again(now, deadline);
    }
    return product;
}

struct expr_moving expr_moving_divide(struct expr_moving a, struct expr_moving b,
                                      struct instant now, struct instant *deadline) {
    struct expr_moving quotient = expr_moving_still(expr_range_divide(a.range, b.range));
    if (expr_moving_is_still(&a) && expr_moving_is_still(&b)) {
        return quotient;
    } else if (moving_is_constant(&b) && b.range.low != 0) {
        moving_scale(&a, 1 / b.range.low, &quotient);
    } else {
        moving_look_again(now, deadline);
    }
    return quotient;
}

struct expr_moving expr_moving_min(struct expr_moving a, struct expr_moving b, struct instant now,
                                   struct instant *deadline) {
    struct expr_moving least = expr_moving_still(expr_range_min(a.range, b.range));
    bool low = moving_before(moving_low(&a), moving_low(&b), now, deadline);
    bool high = moving_before(moving_high(&a), moving_high(&b), now, deadline);
    least.slope.low = low ? a.slope.low : b.slope.low;
    least.slope.high = high ? a.slope.high : b.slope.high;
    return least;
}

struct expr_moving expr_moving_max(struct expr_moving a, struct expr_moving b, struct instant now,
                                   struct instant *deadline) {
    struct expr_moving greatest = expr_moving_still(expr_range_max(a.range, b.range));
    bool low = moving_before(moving_low(&a), moving_low(&b), now, deadline);
    bool high = moving_before(moving_high(&a), moving_high(&b), now, deadline);
    greatest.slope.low = low ? b.slope.low : a.slope.low;
    greatest.slope.high = high ? b.slope.high : a.slope.high;
    return greatest;
}

enum truth expr_moving_equal(const struct expr_moving *a, const struct expr_moving *b,
                             struct instant now, struct instant *deadline) {
    if (!expr_moving_is_still(a) || !expr_moving_is_still(b)) {
        (void)moving_before(moving_high(a), moving_low(b), now, deadline);
        (void)moving_before(moving_high(b), moving_low(a), now, deadline);
    }
    enum truth equal = expr_range_equal(a->range, b->range);
    double slope = a->slope.low;
    if (equal == TRUTH_TRUE &&
        (a->slope.high != slope || b->slope.low != slope || b->slope.high != slope)) {
        /* Four bounds that have met part at once. */
        *deadline = instant_earlier(*deadline, instant_after(now, 1));
    }
    return equal;
}

enum truth expr_moving_less(const struct expr_moving *a, const struct expr_moving *b,
                            struct instant now, struct instant *deadline) {
    if (!expr_moving_is_still(a) || !expr_moving_is_still(b)) {
        (void)moving_before(moving_high(a), moving_low(b), now, deadline);
        (void)moving_before(moving_low(a), moving_high(b), now, deadline);
    }
    return expr_range_less(a->range, b->range);
}
