/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_CONFIG_POSSIBLE_H
#define GATEWAY_CONFIG_POSSIBLE_H

/*
 * Possible: what a condition can come to at all
 *
 * A condition is run once with everything that it can read at once: a number is the range of all
 * values that its sensors can have, a truth is how long it can stay true, and how long false. What
 * cannot be so in that run cannot be so in any life of the site. The other way round nothing is
 * said: `value > 30 °C and value < 20 °C` looks possible here, for each half is
 * (config_lint_value.c has an eye for those).
 */

#include "gateway/config/config_layout.h"

/* For how long at a stretch. */
enum config_stay {
    CONFIG_STAY_NEVER,
    CONFIG_STAY_START,  /* only at first, while a `held` has not had its time */
    CONFIG_STAY_MOMENT, /* for no time, again and again */
    CONFIG_STAY_LONG,
};

/* Why something in a condition is never known. */
enum config_bar {
    CONFIG_BAR_NONE,
    CONFIG_BAR_ZERO,     /* it divides by nothing but 0 */
    CONFIG_BAR_CAPACITY, /* it reads a capacity that the place does not have */
    CONFIG_BAR_AREA,
    CONFIG_BAR_NOBODY, /* it takes the least, the most or the mean of no points */
};

struct config_possible {
    enum config_stay as_true, as_false;
    enum config_bar bar; /* with one it can also be unknown for ever, whatever the sensors say */
};

/*
 * What `program` can come to in a rule, anywhere in the site; the bar is one of those that its places
 * have. Everything is possible in a rule that is for nothing.
 */
struct config_possible config_possible(struct config *config, const struct config_layout *layout,
                                       const struct ruleset_draft_rule *rule,
                                       const struct expr_program *program);

/* The same for one place, which has an alarm of the rule. */
struct config_possible config_possible_at(const struct config *config,
                                          const struct config_layout *layout,
                                          const struct ruleset_draft_rule *rule,
                                          const struct expr_program *program, uint32_t place);

#endif
