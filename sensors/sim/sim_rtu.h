/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SENSORS_SIM_RTU_H
#define SENSORS_SIM_RTU_H

/*
 * A Modbus serial line on a pseudo-terminal
 *
 * Opens a pair of terminals, answers on one end, and lays a symbolic link to the other where the
 * site expects its line, so that the gateway opens it like /dev/ttyUSB0. Bytes travel at once: the
 * speed of a real line is not imitated. Frames may come in pieces. After noise everything is
 * skipped until the line has been silent.
 */

#include "sensors/sim/sim_unit.h"

struct event_base;
struct sim_rtu;

/* The usual silence, in real time: longer than a busy machine holds back the second half of a
 * frame, shorter than any time-out. */
enum { SIM_RTU_SILENCE_MS = 20 };

/*
 * Serve `units`, which it borrows, on a line named `path` (absolute). A missing directory is made,
 * an old symbolic link is replaced; anything else that stands there is SIM_E_OCCUPIED. `silence_ms`
 * (at least 1) without a byte end a frame, and noise. Returns 0, SIM_E_OCCUPIED, SIM_E_DIRECTORY or
 * a negative errno.
 */
SIM_NODISCARD int sim_rtu_new(struct event_base *base, const char *path,
                              const struct sim_units *units, uint32_t silence_ms,
                              struct sim_rtu **ret_rtu);

/* Hang up, and remove the link if it is still the one that was laid. */
struct sim_rtu *sim_rtu_free(struct sim_rtu *rtu);

#endif
