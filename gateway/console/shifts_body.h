/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_CONSOLE_SHIFTS_BODY_H
#define GATEWAY_CONSOLE_SHIFTS_BODY_H

/*
 * The site's shifts, and since when their present turn
 *
 *     {"shifts": [{"shift": "care", "name": {"zh": "护理班", "en": "Care shift"}, "role": null, "on_duty": true,
 *                  "began": "2026-11-27T11:00:00.000Z", "began_before": "2026-11-26T23:00:00.000Z"}, …]}
 *
 * `role` is whose shift it is, null for nobody's in particular. `began` is when the last turn began, also of a shift that is off duty now; null for one that is always on
 * duty. `began_before` is that of the turn before: whoever takes over wants to know of that one. Who is of a shift is not said here.
 */

#include <jansson.h>

#include "gateway/site.h"

json_t *shifts_body(const struct site *site, struct wall now);

#endif
