/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RULES_EXPR_EMIT_H
#define RULES_EXPR_EMIT_H

/*
 * Expressions: the program that is being written
 *
 * Appends operations, sets and `between` clauses to a program, keeps count of the values that will
 * be on the evaluator's stack, and refuses what exceeds a limit. An aggregate becomes a loop:
 *
 *     any(within(smoke, 60 s), heat)
 *
 *     0  FOLD any                      the accumulator
 *     1  WALK set 0  -> 5              past the loop when the set is empty
 *     2  LOAD set 0
 *     3  WITHIN 60 s
 *     4  NEXT set 0  -> 2
 *     5  WALK set 1  -> 8
 *     6  LOAD set 1
 *     7  NEXT set 1  -> 6
 *     8  END any
 */

#include "rules/expr_lex.h"

struct expr_emitter {
    struct expr_program *program;
    const struct expr_source *source;
    uint32_t depth;   /* values on the stack after the last operation */
    bool walking;     /* inside an aggregate's argument */
    uint32_t walk_op; /* its WALK */
    uint8_t walk_set; /* its set, whose kind is not known until the argument names one */
    bool walk_named;
    bool shown; /* something has been chosen for {value} */
};

/* Begin an empty program; `source` is where errors are reported. */
void expr_emit_begin(struct expr_emitter *emitter, struct expr_program *program,
                     const struct expr_source *source);

/*
 * Append an operation that stands for the `len` bytes at `at` of the source. False, with the error
 * set, past LIMIT_EXPR_OPS or LIMIT_EXPR_STACK.
 */
bool expr_emit(struct expr_emitter *emitter, struct expr_op op, uint32_t at, uint32_t len);

/* Add a set, or find the same sibling again. False past LIMIT_EXPR_SETS. */
bool expr_emit_set(struct expr_emitter *emitter, enum expr_binding binding, enum point_kind kind,
                   uint32_t at, uint32_t len, uint8_t *ret_set);

/* Append BETWEEN for a clause. False past LIMIT_EXPR_SETS different clauses. */
bool expr_emit_between(struct expr_emitter *emitter, struct expr_between between, uint32_t at,
                       uint32_t len);

/* Begin and end the walk over one argument of an aggregate that starts at `at`. */
bool expr_emit_walk(struct expr_emitter *emitter, uint32_t at);
bool expr_emit_next(struct expr_emitter *emitter, enum expr_fold fold, uint32_t at, uint32_t len);

#endif
