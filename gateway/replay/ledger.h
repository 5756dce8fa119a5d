/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_REPLAY_LEDGER_H
#define GATEWAY_REPLAY_LEDGER_H

/*
 * A ledger: a replay's events in a journal of their own
 *
 * The same recorder and journal as the engine's, without anybody who is told: months of a building's
 * life can be had in a state directory within minutes, and be looked at with the same tools.
 */

#include "gateway/replay/rehearsal.h"

struct ledger;

#define LEDGER_E_EXISTS 1 /* there is a journal in that directory already */

/*
 * Begin a journal in `directory`, which is made where it is missing, for `site`; keeps both. Returns
 * 0, LEDGER_E_EXISTS or <0.
 */
NODISCARD int ledger_new(const struct site *site, const char *directory,
                         struct ledger **ret_ledger);

/* Record what has not been yet. Returns 0 or <0: the first failure of all. */
NODISCARD int ledger_finish(struct ledger *ledger);
struct ledger *ledger_free(struct ledger *ledger);

/* An event was told; an alarm's state has changed. A failure is kept for ledger_finish(). */
void ledger_event(struct ledger *ledger, const struct rehearsal *rehearsal,
                  const struct core_event *event);
void ledger_alarm(struct ledger *ledger, const struct rehearsal *rehearsal, uint32_t alarm,
                  struct wall wall);

#endif
