/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_FIELD_PART_H
#define GATEWAY_FIELD_PART_H

/*
 * A field process's part of the site: everything that it looks at
 *
 * Its buses, their devices and points with the numbers that they have, and the few words about the
 * whole site that it needs. Where that is the same in two sites, the process need not end for the
 * second: what it polls, how it decodes and what it calls it is what the new site says, and an index
 * that it sends means the same room.
 *
 * Whatever else a field process is made to look at has to be compared here too.
 */
#include "gateway/site.h"

/* Is the part of field process `instance` the same in both? */
bool field_part_is_same(const struct site *from, const struct site *to, uint32_t instance);

#endif
