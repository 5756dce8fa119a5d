/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RULES_EXPR_TYPE_H
#define RULES_EXPR_TYPE_H

/*
 * Expressions: what may be combined with what
 *
 * Every part of an expression has a form, and numbers have a dimension. The checks here either pass
 * and say what comes out, or complain about the part that does not fit and say what would.
 */

#include "rules/expr_lex.h"

enum expr_form {
    EXPR_FORM_TRUTH,
    EXPR_FORM_NUMBER,  /* of a dimension */
    EXPR_FORM_QUALITY, /* `quality`, or one of its words */
    EXPR_FORM_EVENT,   /* an event point: nothing by itself, a moment when compared */
    EXPR_FORM_MOMENT,  /* granted, denied */
};

/* A part of an expression that has been read. */
struct expr_term {
    uint32_t at; /* where it stands in the source */
    uint32_t len;
    enum expr_form form;
    enum dimension dimension; /* NUMBER */
    bool literal;             /* a constant that was written here */
    bool counter;             /* NUMBER: the point counts up, and is read by its count */
    uint8_t set;              /* EVENT: its points */
    uint8_t moment;           /* MOMENT: enum expr_moment */
};

/* Is it true or false? `whose` is the word that needs that, NULL for the rule as a whole. */
bool expr_type_truth(const struct expr_source *source, const struct expr_term *term,
                     const char *whose);

/* Is it a number? */
bool expr_type_number(const struct expr_source *source, const struct expr_term *term,
                      const char *whose);

/* May `left` and `right` be compared by `sign`, an EXPR_TOKEN_EQ … EXPR_TOKEN_GE? */
bool expr_type_compare(const struct expr_source *source, const struct expr_token *sign,
                       const struct expr_term *left, const struct expr_term *right);

/* May they be combined by + - * or /? Gives the dimension of the result. */
bool expr_type_arithmetic(const struct expr_source *source, const struct expr_token *sign,
                          const struct expr_term *left, const struct expr_term *right,
                          enum dimension *ret_dimension);

/* Are `first` and `term` numbers of one dimension, as the arguments of one aggregate must be? */
bool expr_type_same(const struct expr_source *source, const struct expr_term *first,
                    const struct expr_term *term);

/*
 * The form of `value` in a rule for each point of `kinds`, written at term->at; sets form and
 * dimension.
 */
bool expr_type_value(const struct expr_source *source, point_kind_set kinds,
                     struct expr_term *term);

/* The form of a point of `kind`; outputs have none. */
bool expr_type_kind(const struct expr_source *source, enum point_kind kind, struct expr_term *term);

#endif
