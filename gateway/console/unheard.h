/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_CONSOLE_UNHEARD_H
#define GATEWAY_CONSOLE_UNHEARD_H

/*
 * Sensors that have never said anything
 *
 * A rule that needs such a sensor is undecided until it has spoken once: behind an exit button that reports
 * by itself and was never pressed, a gate that is forced raises no alarm. What falls silent is missed by an
 * alarm, and what never spoke only after its longest silence, which may be a day: until then somebody has to
 * be told. Not counted are
 *
 *     points that no rule of the site reads: nothing waits for them,
 *     event points: between two cards a reader has nothing to say, and its rules know that,
 *     points of a device that is lost: one cause, and its alarm tells of it.
 */

#include <jansson.h>

#include "gateway/console/view.h"

/* How many are named, and how many rules with each; the rest is counted. */
enum { UNHEARD_POINTS_MAX = 20, UNHEARD_RULES_MAX = 4 };

/*
 * {"count": 3, "points": [{"point": "hall/gate/exit", "kind": "request_to_exit", "rule_count": 1, "rules":
 * ["door_forced"]}, …]}. Unless `fresh`, nobody knows: the count is null.
 */
json_t *unheard_body(const struct view *view, bool fresh);

#endif
