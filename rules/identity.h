/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RULES_IDENTITY_H
#define RULES_IDENTITY_H

/*
 * Identities: what a memory is of
 *
 * A memory may outlive the rules that it was made under: the journal keeps it through a reload with
 * edited rules and another site. It then goes on only as the memory of the same thing. Its identity
 * is a digest of that thing:
 *
 *     the operation    `held` of X is another memory than `within` of X
 *     its operand      operations, constants, durations and times of day inside it, the place's
 *                      capacity and area where it names them
 *     its points       each by struct ruleset_point.identity, never by its index: a member of a set
 *                      is itself wherever it stands, and an aggregate is one of just those points,
 *                      in whatever order
 *
 * What is kept does not depend on the operation's own duration, so neither does the identity:
 * `held(X, 20 min)` and `held(X, 30 min)` share the past of X. Inside another operand it counts:
 * `held(within(X, 5 min), 1 h)` is of `within(X, 5 min)`. `open` and `closed` are the words alone:
 * while the place was open under the hours of then it was open.
 *
 * Operations count by their names, so that the numbers of another build do not matter; a test pins
 * what comes out. Two things have the same digest by chance once in 2^64.
 */

#include "rules/ruleset.h"

/* A walk over one alarm's memories, in the order in which they stand. */
struct identity_walk {
    const struct ruleset *ruleset;
    const struct ruleset_alarm *alarm;
    uint32_t program; /* 0: `raise`, 1: `clear`, 2: the end */
    uint32_t index;   /* of the next operation in it */
    uint32_t member;  /* of the set that is walked */
    uint32_t depth;
    uint64_t condition; /* of the programs before */
    uint64_t stack[LIMIT_EXPR_STACK];
};

struct identity {
    uint64_t digest;
    enum expr_memory_kind kind; /* of the operation */
};

/* Mix a number into a digest; the order counts. A digest begins as 0. */
uint64_t identity_mix(uint64_t digest, uint64_t number);

/* Begin at the first memory of `alarm`. Borrows `ruleset` for as long as the walk goes on. */
void identity_begin(struct identity_walk *walk, const struct ruleset *ruleset, uint32_t alarm);

/* The next memory's identity; false when there is none. All together take as long as one run. */
bool identity_next(struct identity_walk *walk, struct identity *ret);

/*
 * What the alarm's delays wait on: the whole of `raise` and `clear`, with all their durations. 0 for
 * the product's own rules, whose conditions never change.
 */
uint64_t identity_of_condition(const struct ruleset *ruleset, uint32_t alarm);

#endif
