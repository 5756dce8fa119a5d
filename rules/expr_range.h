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

#include "rules/reading.h"

struct expr_range {
    double low, high;
};

struct expr_range expr_range_exact(double value);
struct expr_range expr_range_unknown(void);

/* From `low` upwards, without a bound. */
struct expr_range expr_range_at_least(double low);

/* A truth as the number 0 or 1. */
struct expr_range expr_range_truth(enum truth truth);

/* Arithmetic. Dividing by a range that contains 0 is unknown. */
struct expr_range expr_range_add(struct expr_range a, struct expr_range b);
struct expr_range expr_range_negate(struct expr_range a);
struct expr_range expr_range_multiply(struct expr_range a, struct expr_range b);
struct expr_range expr_range_divide(struct expr_range a, struct expr_range b);
struct expr_range expr_range_min(struct expr_range a, struct expr_range b);
struct expr_range expr_range_max(struct expr_range a, struct expr_range b);

/* Comparison. */
enum truth expr_range_equal(struct expr_range a, struct expr_range b);
enum truth expr_range_less(struct expr_range a, struct expr_range b);

/* Logic after Kleene. */
enum truth expr_truth_not(enum truth a);
enum truth expr_truth_and(enum truth a, enum truth b);
enum truth expr_truth_or(enum truth a, enum truth b);

#endif
