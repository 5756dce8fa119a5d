/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SENSORS_MODBUS_LINE_H
#define SENSORS_MODBUS_LINE_H

/*
 * Modbus line: the thread that carries the bus of one serial line
 *
 * libmodbus waits in every call, so a line has a thread of its own, which sleeps until its bus
 * wants something. A transaction that hangs holds nobody but the devices of this line.
 */

#include "sensors/modbus_rtu.h"

struct mbline;

/*
 * Carry `bus`, which must outlive the line; nothing is done yet. `sink` is the bus's. Returns 0 or
 * -ENOMEM.
 */
SENSORS_NODISCARD int mbline_new(struct mbbus *bus, const struct mbrtu_conf *conf,
                                 const struct sensor_sink *sink, struct mbline **ret_line);

/* Start the thread. Returns 0 or the negative errno of pthread_create(). At most once. */
SENSORS_NODISCARD int mbline_start(struct mbline *line);

/* Ask the thread to end, and cut what it waits for. Returns at once; the sink may still be called.
 */
void mbline_stop(struct mbline *line);

/* Stop, wait for the thread, release. Accepts NULL, returns NULL. */
struct mbline *mbline_free(struct mbline *line);

#endif
