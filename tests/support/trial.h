/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_SUPPORT_TRIAL_H
#define TESTS_SUPPORT_TRIAL_H

/*
 * A trial: a small site built by hand, so that rules can be bound and the core can run without a
 * file
 *
 * Places are added in pre-order, points in the order of their places; then the rules; then
 * trial_bind() works out the ranges, compiles, measures and binds. A wrong use of the trial itself
 * aborts.
 */

#include "rules/ruleset.h"

enum {
    TRIAL_PLACES = 64,
    TRIAL_POINTS = 512,
    TRIAL_DEVICES = 64,
    TRIAL_RULES = 48,
    TRIAL_CHAINS = 8,
    TRIAL_STEPS = 64,
    TRIAL_FINDINGS = 64,
};

/* The site as it was bound: exactly as long as it is, so that a sanitizer sees who reads past it. */
struct trial_bound {
    struct ruleset_place *places;
    struct ruleset_point *points;
    struct ruleset_device *devices;
    struct ruleset_draft_rule *rules;
};

struct trial {
    struct ruleset_place places[TRIAL_PLACES];
    struct ruleset_point points[TRIAL_POINTS];
    struct ruleset_device devices[TRIAL_DEVICES];
    struct ruleset_draft_rule rules[TRIAL_RULES];
    const char *expressions[TRIAL_RULES];
    struct expr_program *programs[TRIAL_RULES];
    const char *clear_expressions[TRIAL_RULES];
    struct expr_program *clear_programs[TRIAL_RULES];
    struct ruleset_chain chains[TRIAL_CHAINS];
    struct chain_step steps[TRIAL_STEPS];
    uint32_t chain_count, step_count;
    uint32_t shift_count;                      /* set it before binding */
    uint64_t listener_shifts[LIMIT_AUDIENCES]; /* likewise: those in which each is to be reached */
    struct ruleset_draft draft;
    struct trial_bound bound;
    struct ruleset_sizes sizes;
    struct ruleset_arrays arrays;
    struct ruleset_finding findings[TRIAL_FINDINGS];
    uint32_t finding_count;
    struct ruleset ruleset; /* valid when trial_bind() returned true */
};

/* Begin an empty site with `components` components and `calendars` calendars, number 0 among them.
 */
void trial_init(struct trial *trial, uint32_t components, uint32_t calendars);
void trial_deinit(struct trial *trial);

/* Add something and return its index. RULESET_NONE as parent stands at the top. */
uint32_t trial_place(struct trial *trial, uint32_t parent, enum place_kind kind);
uint32_t trial_device(struct trial *trial, uint64_t silence_ns);
uint32_t trial_point(struct trial *trial, uint32_t place, uint32_t device, enum point_kind kind);

/* An emergency switches this output. */
void trial_emergency(struct trial *trial, uint32_t output);

/*
 * Add rules; `expression` outlives the trial. Class decides priority and latch; change the returned
 * rule before binding for anything else (in_place, raise_after_ns …).
 */
struct ruleset_draft_rule *trial_point_rule(struct trial *trial, point_kind_set kinds,
                                            const char *expression, enum alarm_class class);
struct ruleset_draft_rule *trial_place_rule(struct trial *trial, uint64_t kinds,
                                            const char *expression, enum alarm_class class);

/* Add a chain of `count` steps and return its index, for a rule's `chain`. */
uint32_t trial_chain(struct trial *trial, const struct chain_step *steps, uint32_t count);

/* Let the rule that was added last clear by `expression`, which outlives the trial. */
void trial_clear(struct trial *trial, const char *expression);

#define TRIAL_KIND(kind) (UINT64_C(1) << (kind))

/* Bind everything. Returns false, with the findings, when one of them is an error. */
bool trial_bind(struct trial *trial);

/* The alarm of a rule (by index) for an entity; RULESET_NONE when it has none. */
uint32_t trial_alarm(const struct trial *trial, uint32_t rule, uint32_t entity);

/* The alarm of one of the product's own rules. */
uint32_t trial_builtin(const struct trial *trial, enum ruleset_builtin builtin, uint32_t entity);

#endif
