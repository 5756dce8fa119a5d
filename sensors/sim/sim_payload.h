/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SENSORS_SIM_PAYLOAD_H
#define SENSORS_SIM_PAYLOAD_H

/*
 * What a sensor that speaks JSON says
 *
 * The site tells where in a payload the gateway finds a value, as a JSON pointer (RFC 6901). Here
 * the payload is built that has it there: "/door/open" becomes {"door": {"open": true}}. Several
 * points on one topic share one payload.
 */

#include <jansson.h>

#include "sensors/sim/sim_conf.h"

/*
 * Put the value of a point into `payload`, an object, making the objects on the way. A yes-or-no
 * kind becomes true or false, a whole number an integer. Returns 0, or -1 when something that is no
 * object stands on the way or memory is short.
 */
SIM_NODISCARD int sim_payload_put(json_t *payload, const struct sim_point_conf *point,
                                  double value);

/* The value of a point in a payload that somebody else wrote; false when there is none. */
bool sim_payload_value(const json_t *payload, const struct sim_point_conf *point,
                       double *ret_value);

#endif
