/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_FIELD_RETIREMENT_H
#define GATEWAY_FIELD_RETIREMENT_H

/*
 * Retirement: outputs that were taken out of the site are brought to rest
 *
 * Goes over the list of retired.h: what is an output of our buses is switched off by its driver, and
 * struck off the list and told once it was read back. A device that is silent is tried when it answers
 * again, until RETIRED_TRY_NS; then people are told to switch it off, once more.
 */
#include "gateway/field/drivers.h"

/* Look through the list at `now_ns`; called when it has grown, when something came to rest, and each
 * second. */
void retirement_look(struct retired *retired, struct drivers *drivers, uint64_t now_ns);

#endif
