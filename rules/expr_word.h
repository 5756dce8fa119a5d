/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RULES_EXPR_WORD_H
#define RULES_EXPR_WORD_H

/*
 * Expressions: the vocabulary
 *
 * Every word that an expression may contain, sorted by what may be done with it, and the search for
 * the word that somebody meant who misspelt one.
 */

#include <stddef.h>

#include "rules/expr.h"

/* Bits, so that a place in an expression can say which sorts it takes. */
enum expr_sort {
    EXPR_SORT_OPERATOR = 1 << 0, /* and or not: enum expr_opcode */
    EXPR_SORT_TRUTH = 1 << 1,    /* true false: 1 or 0 */
    EXPR_SORT_OWN = 1 << 2,      /* value quality age: the opcode that loads it */
    EXPR_SORT_PLACE = 1 << 3,    /* capacity area: the opcode */
    EXPR_SORT_CALENDAR = 1 << 4, /* open closed weekday between: the opcode */
    EXPR_SORT_FOLD = 1 << 5,     /* any all count sum min max avg: enum expr_fold */
    EXPR_SORT_TIMED = 1 << 6,    /* within held since changes rate: the opcode */
    EXPR_SORT_KIND = 1 << 7,     /* smoke, motion …: enum point_kind */
    EXPR_SORT_QUALITY = 1 << 8,  /* good uncertain …: enum quality */
    EXPR_SORT_MOMENT = 1 << 9,   /* granted denied: enum expr_moment */
};

/* What a place that takes a value takes. */
#define EXPR_SORTS_VALUE                                                                           \
    ((unsigned)(EXPR_SORT_TRUTH | EXPR_SORT_OWN | EXPR_SORT_PLACE | EXPR_SORT_CALENDAR |           \
                EXPR_SORT_FOLD | EXPR_SORT_TIMED | EXPR_SORT_KIND | EXPR_SORT_QUALITY |            \
                EXPR_SORT_MOMENT))

struct expr_word {
    const char *name; /* NULL when the word is none of the vocabulary */
    enum expr_sort sort;
    uint8_t value;             /* by sort */
    const char *example;       /* of a function: how it is called in a rule `each: place` */
    const char *example_point; /* likewise `each: point`; NULL where it has no place */
};

/* Look up a word of `len` bytes. */
struct expr_word expr_word_find(const char *word, size_t len);

/*
 * The word of one of the `sorts` that looks most like `word`, or NULL if none comes near: at most
 * two letters added, lost, changed or swapped, and less than half of the word.
 */
const char *expr_word_near(const char *word, size_t len, unsigned sorts);

/* The unit that was meant by a word that is not one, or NULL: "°C" for "celsius", "s" for "sec". */
const char *expr_unit_near(const char *word, size_t len);

#endif
