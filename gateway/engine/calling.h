/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_ENGINE_CALLING_H
#define GATEWAY_ENGINE_CALLING_H

/*
 * Who is called still
 *
 * Whoever acknowledges in a role that is not called has ended no calls (rules/chain.h). One set says so wherever it is
 * told: in the answer to the acknowledgement, in its event and in that of each step, and in the state of the alarm.
 */

#include "rules/chain.h"
#include "rules/ruleset.h"

/*
 * The roles whose acknowledgement would end the calls for `alarm`, whose chain is as recorded: a set of
 * 1 << enum role; 0 while nobody is called.
 */
uint32_t calling_roles(const struct ruleset *ruleset, uint32_t alarm,
                       const struct chain_record *record);

#endif
