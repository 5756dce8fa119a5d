/* SPDX-License-Identifier: Apache-2.0 */
#include "rules/expr_range.h"

static double range_lesser(double a, double b) {
    return a < b ? a : b;
}

static double range_greater(double a, double b) {
    return a > b ? a : b;
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
    return expr_range_of(range_lesser(range_lesser(a, b), range_lesser(c, d)),
                         range_greater(range_greater(a, b), range_greater(c, d)));
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
