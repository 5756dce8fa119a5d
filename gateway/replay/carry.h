/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_REPLAY_CARRY_H
#define GATEWAY_REPLAY_CARRY_H

/*
 * What a core takes over a restart, in a replay under other rules
 *
 * The engine that was recorded began each boot with the records of its own alarms. Under other rules
 * there are other alarms, of which no snapshot knows; so the replay keeps the records of its own, as
 * a journal would have, and gives them back where the engine was started again.
 */

#include "gateway/replay/rehearsal.h"

struct carry {
    struct journal_alarm **alarms; /* by index in the site; NULL: nothing is carried */
    uint32_t count;
    struct wall wall; /* when they were taken */
};

/* Take the records of all alarms at `at` and `wall`, in place of older ones. Returns 0 or <0. */
NODISCARD int carry_take(struct carry *carry, const struct rehearsal *rehearsal, struct instant at,
                         struct wall wall);

/*
 * Give them to a fresh core of the same site, which begins now, at `wall`, as the engine does at a
 * start; they are not carried any further.
 */
void carry_give(struct carry *carry, struct rehearsal *rehearsal, struct wall wall);
void carry_deinit(struct carry *carry);

#endif
