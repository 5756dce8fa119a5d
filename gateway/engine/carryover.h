/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_ENGINE_CARRYOVER_H
#define GATEWAY_ENGINE_CARRYOVER_H

/*
 * The carry-over: what the rules go on remembering after a start, and what they do not
 *
 * A rule that was edited, or whose points are others, begins anew with what it can no longer
 * remember (rules/identity.h). Nothing of that shows until an alarm comes later than somebody
 * expects; so the log says it at once, rule by rule. After a restart under the same rules there is
 * nothing to say.
 */

#include "gateway/site.h"
#include "rules/core.h"

/* Rules that are named; of the others only how many they are. */
enum { CARRYOVER_RULES_TOLD = 20 };

/* What was not kept of the alarms of one rule. */
struct carryover_rule {
    uint32_t alarms; /* that something was not kept of */
    uint32_t kept, anew, dropped;
    uint32_t anew_kinds; /* a set of 1 << enum expr_memory_kind */
    uint32_t delays;     /* that ended without a raise or a clearing */
};

struct carryover {
    struct carryover_rule *rules; /* by rule */
    uint32_t kept, anew, dropped;
};

/* Begin for the rules of a site. -ENOMEM. */
NODISCARD int carryover_init(struct carryover *carryover, const struct site *site);
void carryover_deinit(struct carryover *carryover);

/* One alarm was restored. */
void carryover_add(struct carryover *carryover, const struct site *site, uint32_t alarm,
                   const struct core_kept *kept);

/* Log each rule that lost something; returns how many these are. */
uint32_t carryover_tell(const struct carryover *carryover, const struct site *site);

/* "held, counter": the operations of a set of kinds, in words for people. `ret` has room for all. */
enum { CARRYOVER_WORDS_SIZE = 40 };
void carryover_words(uint32_t kinds, char ret[CARRYOVER_WORDS_SIZE]);

#endif
