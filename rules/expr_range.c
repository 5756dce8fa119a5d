/* SPDX-License-Identifier: Apache-2.0 */
#include "rules/expr_range.h"

#include <float.h>

#define UNBOUNDED (DBL_MAX * 2) /* plus infinity, without a library */

static double range_lesser(double a, double b) {
    return a < b ? a : b;
}

static double range_greater(double a, double b) {
    return a > b ? a : b;
}

/* Bounds as they were computed; those that left the finite numbers on the wrong side bound nothing.
 */
static struct expr_range range_of(double low, double high) {
    if (low > DBL_MAX || high < -DBL_MAX) {
        return expr_range_unknown();
    }
    return (struct expr_range){low, high};
}

/* 0 × infinity and infinity ÷ infinity have the limit 0 here: another corner holds the larger
 * bound. */
static double range_corner(double corner) {
    return corner != corner ? 0 : corner;
}

static struct expr_range range_of_corners(double a, double b, double c, double d) {
    a = range_corner(a);
    b = range_corner(b);
    c = range_corner(c);
    d = range_corner(d);
    return range_of(range_lesser(range_lesser(a, b), range_lesser(c, d)),
                    range_greater(range_greater(a, b), range_greater(c, d)));
}

struct expr_range expr_range_exact(double value) {
    return (struct expr_range){value, value};
}

struct expr_range expr_range_unknown(void) {
    return (struct expr_range){-UNBOUNDED, UNBOUNDED};
}

struct expr_range expr_range_at_least(double low) {
    return (struct expr_range){low, UNBOUNDED};
}

struct expr_range expr_range_truth(enum truth truth) {
    return (struct expr_range){truth == TRUTH_TRUE ? 1 : 0, truth == TRUTH_FALSE ? 0 : 1};
}

struct expr_range expr_range_add(struct expr_range a, struct expr_range b) {
    return range_of(a.low + b.low, a.high + b.high);
}

struct expr_range expr_range_negate(struct expr_range a) {
    return (struct expr_range){-a.high, -a.low};
}

struct expr_range expr_range_multiply(struct expr_range a, struct expr_range b) {
    return range_of_corners(a.low * b.low, a.low * b.high, a.high * b.low, a.high * b.high);
}

struct expr_range expr_range_divide(struct expr_range a, struct expr_range b) {
    if (b.low <= 0 && b.high >= 0) {
        return expr_range_unknown();
    }
    return range_of_corners(a.low / b.low, a.low / b.high, a.high / b.low, a.high / b.high);
}

struct expr_range expr_range_min(struct expr_range a, struct expr_range b) {
    return (struct expr_range){range_lesser(a.low, b.low), range_lesser(a.high, b.high)};
}

struct expr_range expr_range_max(struct expr_range a, struct expr_range b) {
    return (struct expr_range){range_greater(a.low, b.low), range_greater(a.high, b.high)};
}

enum truth expr_range_equal(struct expr_range a, struct expr_range b) {
    if (a.high < b.low || b.high < a.low) {
        return TRUTH_FALSE;
    }
    return a.low == a.high && b.low == b.high ? TRUTH_TRUE : TRUTH_UNKNOWN;
}

enum truth expr_range_less(struct expr_range a, struct expr_range b) {
    if (a.high < b.low) {
        return TRUTH_TRUE;
    }
    return a.low >= b.high ? TRUTH_FALSE : TRUTH_UNKNOWN;
}

enum truth expr_truth_not(enum truth a) {
    return a == TRUTH_UNKNOWN ? TRUTH_UNKNOWN : a == TRUTH_TRUE ? TRUTH_FALSE : TRUTH_TRUE;
}

enum truth expr_truth_and(enum truth a, enum truth b) {
    if (a == TRUTH_FALSE || b == TRUTH_FALSE) {
        return TRUTH_FALSE;
    }
    return a == TRUTH_TRUE && b == TRUTH_TRUE ? TRUTH_TRUE : TRUTH_UNKNOWN;
}

enum truth expr_truth_or(enum truth a, enum truth b) {
    return expr_truth_not(expr_truth_and(expr_truth_not(a), expr_truth_not(b)));
}
