/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RULES_CORE_UPKEEP_H
#define RULES_CORE_UPKEEP_H

/*
 * Upkeep: what a sensor that still answers says about its own end
 *
 *   battery   low from the site's per cent down (times->battery_low_percent), well again from
 *             UPKEEP_BATTERY_RISE more on; between them nothing changes. A percentage is all that such devices tell: of a
 *             battery that lasts a year, a tenth is the month that is left to change it.
 *   tamper    the contact in the case is open.
 *   stuck     a measured value has not moved for UPKEEP_STUCK_AFTER_NS while another point of its
 *             kind in the same top-level place has: a real room is never that still. A sensor in
 *             another building is no measure, it may be outdoors. If nothing of its kind moves, or
 *             there is no other, nobody can say, and what was said stands. Looked at every UPKEEP_ROUND_NS, because nobody needs
 *             to know it sooner, and so that no reading costs anything for it.
 */

#include "rules/core_state.h"

#define UPKEEP_STUCK_AFTER_NS (24 * 3600 * NS_PER_S)
#define UPKEEP_ROUND_NS       (3600 * NS_PER_S)

enum { UPKEEP_BATTERY_RISE = 5 };

/* Look at every point once: which have become stuck? Marks them for evaluation. */
void core_upkeep_round(struct core *core, struct instant now);

/* What an alarm of a rule about upkeep is to think of `point` at `now`. */
enum truth core_upkeep_judge(const struct core *core, enum ruleset_builtin builtin, uint32_t point,
                             struct instant now);

#endif
