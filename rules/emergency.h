/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RULES_EMERGENCY_H
#define RULES_EMERGENCY_H

/*
 * Emergency: what an emergency depends on
 *
 * A fault is `high` where it leaves people without the alarm that may save them, and `low` elsewhere
 * (model.md 3). A point serves an emergency
 *
 *     by its kind   it calls for help, or detects fire or gas
 *     by a rule     a rule of priority emergency looks at it, to raise or to clear: a presence
 *                   sensor by which somebody is found to have fallen is a detector of falls
 *     as an output  an emergency switches it; who binds the chains says so before
 *
 * and a device does when one of its points does.
 */

#include "rules/ruleset.h"

/*
 * Mark the points and the devices of a draft that serve an emergency; marks that stand already stay.
 * The arrays are the draft's own, its rules are compiled. Takes time in proportion to the points, for
 * each rule of an emergency.
 */
void emergency_mark(const struct ruleset_draft *draft, struct ruleset_point *points,
                    struct ruleset_device *devices);

#endif
