/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SENSORS_SIM_COMMAND_H
#define SENSORS_SIM_COMMAND_H

/*
 * One line of the control socket
 *
 *     set POINT VALUE      a number, true or false, or nan    ok
 *     mqtt TOPIC JSON      as a sensor would publish it       ok
 *     device ID down|up    or an answer: garbage, drip …;     ok
 *                          `up` is answering, and rightly
 *     coil POINT           is the output on?                  ok 0 | ok 1
 *     polls ID             requests that reached the device   ok N
 *
 * Anything else, or what the site does not have, is answered with `error` and a reason. When the
 * answer is there, the command has taken effect: the very next request to the device sees it.
 */

#include "sensors/sim/sim_field.h"

/* An MQTT payload of 8 KiB and what stands before it. */
enum { SIM_COMMAND_SIZE = 9216, SIM_COMMAND_REPLY_SIZE = 256 };

/* Carry out `line`, which is changed on the way, and write the answer without a line end. */
void sim_command_run(struct sim_field *field, char *line, char reply[SIM_COMMAND_REPLY_SIZE]);

#endif
