/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RULES_REACH_H
#define RULES_REACH_H

/*
 * Reach: which outputs a step of a chain means, seen from the place of an alarm
 *
 *     own   the smallest place, going up from the alarm's to its top-level place, that has an output
 *           of the kind; all of the kind in it
 *     zone  all of the kind in the zone
 *     site  all of the kind
 *
 * The zone of a place is the smallest place around it with a rule of class fire.confirmed, else its
 * top-level place. An alarm without a place, the gateway's own, reaches nothing but the site.
 */

#include "rules/ruleset.h"

/* Points that stand together; those of the kind among them are meant. */
struct reach_range {
    uint32_t first, end;
};

/* Work out the zone of every place of a draft; `places` are the draft's own. */
void reach_zones(const struct ruleset_draft *draft, struct ruleset_place *places);

/* Where the outputs of `kind` are; an empty range when there are none. */
struct reach_range reach_outputs(const struct ruleset_place *places,
                                 const struct ruleset_point *points, uint32_t point_count,
                                 uint32_t place, enum point_kind kind, enum chain_reach reach);

#endif
