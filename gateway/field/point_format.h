/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_FIELD_POINT_FORMAT_H
#define GATEWAY_FIELD_POINT_FORMAT_H

/*
 * How a point's value is read from what its device says, in the terms of sensors/
 *
 * The site's unit as published and the unit of the point's kind are made one here.
 */

#include "gateway/site.h"
#include "sensors/payload.h"
#include "sensors/registers.h"

/* From registers, a coil, or a number that came otherwise. */
struct register_format point_format(const struct site *site, uint32_t point);

/* From a published text; borrows the site's strings. */
struct payload_format point_payload_format(const struct site *site, uint32_t point);

/* How far a value must move to be told, in the unit of its kind; 0: any change. */
double point_deadband(const struct site *site, uint32_t point);

#endif
