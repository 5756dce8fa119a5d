/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SENSORS_SIM_CONTROL_H
#define SENSORS_SIM_CONTROL_H

/*
 * The control socket
 *
 * A Unix stream socket, mode 0600, by which a test or a person acts in the field while it runs: one
 * command a line, one answer a line, in order. A line that is too long ends its connection.
 */

#include "sensors/sim/sim_command.h"

struct sim_control;

enum { SIM_CONTROL_CLIENTS_MAX = 16 };

/*
 * Listen at `path`. An old socket there is replaced; anything else is SIM_E_OCCUPIED. A path longer
 * than 107 bytes, the most a Unix socket can have, is SIM_E_ADDRESS; a directory that is not there
 * or may not be written is SIM_E_DIRECTORY. Else 0 or a negative errno. Borrows `field`.
 */
SIM_NODISCARD int sim_control_new(struct event_base *base, const char *path,
                                  struct sim_field *field, struct sim_control **ret_control);

/* End all connections and remove the socket. */
struct sim_control *sim_control_free(struct sim_control *control);

#endif
