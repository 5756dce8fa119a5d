/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_CONSOLE_REACH_H
#define GATEWAY_CONSOLE_REACH_H

/*
 * Who can be reached, for people to see before it matters
 *
 * The uplink says it of each audience that steps call, when it changes and every few seconds; what it said
 * longer than REACH_FRESH_MS ago is not believed: nobody knows then.
 */

#include <jansson.h>

#include "gateway/console/people.h"
#include "gateway/site.h"
#include "gateway/wire.h"

enum { REACH_FRESH_MS = 15000 };

struct reach {
    struct wire_reach said;
    uint64_t said_real_ns; /* 0: never */
};

/* The uplink has said it. */
void reach_take(struct reach *reach, const struct wire_reach *message, uint64_t real_ns);

/*
 * {"fresh": true, "audiences": [{"to": "role", "name": "caregiver", "on_duty": true, "reachable": true, "webhook":
 * null, "phones": 2, "phones_reachable": 1, "pages": 1, "received": TIME, "tested": TIME, "since": TIME}, …],
 * "pages": [{"person", "name", "role", "pages"}, …]}. Without `people`, single people and whose pages are open
 * are left out. `present`: the engine is there.
 */
json_t *reach_body(const struct reach *reach, const struct site *site, const struct people *people,
                   const struct wire_pages *pages, bool present, uint64_t real_ns);

#endif
