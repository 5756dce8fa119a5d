/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RULES_EXPR_PAST_H
#define RULES_EXPR_PAST_H

/*
 * Expressions: operations that remember the past exactly
 *
 * Each function but the last steps one memory to `now`, where the condition is `truth` from now until the next
 * step, and gives its operation's answer; expr.h says what the answers mean. A deadline at which the
 * answer changes by itself is taken into `deadline` if it is earlier. A memory of another operation
 * is taken for a fresh one.
 *
 * Ages are differences of instants modulo 2^64, so that what was restored with an age from before
 * the origin of the instants is as old as it was.
 */

#include "rules/expr.h"
#include "rules/expr_moving.h"

enum truth expr_past_within(struct expr_memory *memory, uint64_t span_ns, enum truth truth,
                            struct instant now, struct instant *deadline);

enum truth expr_past_held(struct expr_memory *memory, uint64_t span_ns, enum truth truth,
                          struct instant now, struct instant *deadline);

/* In seconds; it has no deadline of its own, but moves. */
struct expr_moving expr_past_since(struct expr_memory *memory, enum truth truth,
                                   struct instant now);

/*
 * The count of the counter `point` since it was levelled last, which `levelled` says is just now. Marks
 * the memory as turned whenever it has to be journalled anew.
 */
struct expr_range expr_past_counted(struct expr_memory *memory, const struct point_state *point,
                                    bool levelled);

#endif
