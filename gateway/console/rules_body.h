/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_CONSOLE_RULES_BODY_H
#define GATEWAY_CONSOLE_RULES_BODY_H

/*
 * The rules as JSON: what each says at present of what it is for
 *
 *     {…, "rules": [{"rule": "fire_alarm", "class": "fire.alarm", "priority": "emergency",
 *                    "builtin": false, "each": "point", "expression": "value", "message": {…},
 *                    "raise_after_ms": 0, "clear_after_ms": 0, "latched": true, "instance_count": 4,
 *                    "instances": [{"alarm": "fire_alarm/care/day-care/smoke-1", "entity": …,
 *                                   "place": …, "truth": "unknown", "reason": REASON,
 *                                   "state_name": "normal", "normal": true}]}], "next": null}
 *
 * A rule that does not know raises nothing, and that is what people have to see. REASON says why; it
 * is null unless the truth is unknown:
 *
 *     {"cause": "engine", …}   the engine is away, or has not said it yet: nobody knows
 *     {"cause": "points", …}   sensors that the rule reads are of no use at present; those are named, each
 *                              with `why`: "unheard" since the start, "lost" with its device, or its
 *                              quality, "stale", "fault" or "out_of_service"
 *     {"cause": "site", …}     the site does not say what the rule needs there: a capacity, an area, or a sensor
 *                              of which it takes the mean, the least or the greatest. It will never know
 *     {"cause": "past", …}     its sensors are well: it looks back over a time that is not all known
 *     {"cause": "waiting", …}  one of the product's own, and what it watches has not been heard of yet
 *
 *     … "point_count": 2, "points": [{"point": ID, "quality": "stale", "why": "lost"}]
 */

#include "gateway/console/body.h"

/* How many points a reason names; the rest is counted. */
enum { RULE_POINTS_MAX = 5 };

/*
 * The rules of at most BODY_ROWS_MAX instances, from instance `first` on. One that has more stands on the
 * next page again, with the rest of them. Rules of the product that watch nothing here are left out.
 */
json_t *rules_body(const struct view *view, uint32_t first, uint64_t real_ns);

#endif
