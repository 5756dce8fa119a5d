/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RULES_EXPR_RANGE_H
#define RULES_EXPR_RANGE_H

/*
 * Expressions: numbers that are not known exactly
 *
 * A number is a range: from `low` to `high`, both included. One that is known has both equal; one
 * that is unknown reaches from minus to plus infinity. In between lies what is partly known: three
 * of five detectors report, two are silent, so that between 1 and 3 have tripped. A comparison is
 * true or false when it is so for every number in the range, and unknown otherwise; so one formula
 * serves Kleene's `count(…) >= 2` and `max(temperature) > 60 °C` alike.
 *
 * Infinities stand only for "no bound": a result too large for a double is unknown, and no
 * operation makes a NaN.
 */

#include <float.h>

#include "rules/reading.h"

#define EXPR_UNBOUNDED (DBL_MAX * 2) /* plus infinity, without a library */

struct expr_range {
    double low, high;
};

static inline struct expr_range expr_range_exact(double value) {
    return (struct expr_range){value, value};
}

static inline struct expr_range expr_range_unknown(void) {
    return (struct expr_range){-EXPR_UNBOUNDED, EXPR_UNBOUNDED};
}

/* From `low` upwards, without a bound. */
static inline struct expr_range expr_range_at_least(double low) {
    return (struct expr_range){low, EXPR_UNBOUNDED};
}

/* A truth as the number 0 or 1. */
static inline struct expr_range expr_range_truth(enum truth truth) {
    return (struct expr_range){truth == TRUTH_TRUE ? 1 : 0, truth == TRUTH_FALSE ? 0 : 1};
}

/* Bounds as they were computed; those that left the finite numbers on the wrong side bound nothing. */
static inline struct expr_range expr_range_of(double low, double high) {
    return low > DBL_MAX || high < -DBL_MAX ? expr_range_unknown() : (struct expr_range){low, high};
}

/* Arithmetic. Dividing by a range that contains 0 is unknown. */
static inline struct expr_range expr_range_add(struct expr_range a, struct expr_range b) {
    return expr_range_of(a.low + b.low, a.high + b.high);
}

struct expr_range expr_range_negate(struct expr_range a);
struct expr_range expr_range_multiply(struct expr_range a, struct expr_range b);
struct expr_range expr_range_divide(struct expr_range a, struct expr_range b);
struct expr_range expr_range_min(struct expr_range a, struct expr_range b);
struct expr_range expr_range_max(struct expr_range a, struct expr_range b);

/* Comparison. */
static inline enum truth expr_range_equal(struct expr_range a, struct expr_range b) {
    if (a.high < b.low || b.high < a.low) {
        return TRUTH_FALSE;
    }
    return a.low == a.high && b.low == b.high ? TRUTH_TRUE : TRUTH_UNKNOWN;
}

static inline enum truth expr_range_less(struct expr_range a, struct expr_range b) {
    if (a.high < b.low) {
        return TRUTH_TRUE;
    }
    return a.low >= b.high ? TRUTH_FALSE : TRUTH_UNKNOWN;
}

/* Logic after Kleene. */
static inline enum truth expr_truth_not(enum truth a) {
    return a == TRUTH_UNKNOWN ? TRUTH_UNKNOWN : a == TRUTH_TRUE ? TRUTH_FALSE : TRUTH_TRUE;
}

static inline enum truth expr_truth_and(enum truth a, enum truth b) {
    if (a == TRUTH_FALSE || b == TRUTH_FALSE) {
        return TRUTH_FALSE;
    }
    return a == TRUTH_TRUE && b == TRUTH_TRUE ? TRUTH_TRUE : TRUTH_UNKNOWN;
}

static inline enum truth expr_truth_or(enum truth a, enum truth b) {
    return expr_truth_not(expr_truth_and(expr_truth_not(a), expr_truth_not(b)));
}

#endif
