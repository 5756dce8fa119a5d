/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SENSORS_SIM_TCP_H
#define SENSORS_SIM_TCP_H

/*
 * A Modbus TCP server on one address
 *
 * Serves any number of clients up to SIM_TCP_CLIENTS_MAX at once, each in its own time; requests
 * may arrive in pieces or several at a time. What is not Modbus ends the connection. The server can
 * be closed and opened again, which is how a device is down: its port refuses.
 */

#include "sensors/sim/sim_unit.h"

struct event_base;
struct sim_tcp;

/* More masters than one gateway, its operator's tools and a test have between them. */
enum { SIM_TCP_CLIENTS_MAX = 64 };

/*
 * A server for `units`, which it borrows, at `host`:`port`; it does not listen yet. The name is
 * looked up here, once. Returns 0, SIM_E_ADDRESS or a negative errno.
 */
SIM_NODISCARD int sim_tcp_new(struct event_base *base, const char *host, uint16_t port,
                              const struct sim_units *units, struct sim_tcp **ret_tcp);
struct sim_tcp *sim_tcp_free(struct sim_tcp *tcp);

/* Listen. Returns 0, SIM_E_IN_USE, SIM_E_ADDRESS or a negative errno. Nothing if it does already.
 */
SIM_NODISCARD int sim_tcp_open(struct sim_tcp *tcp);

/* End all connections and refuse new ones. */
void sim_tcp_close(struct sim_tcp *tcp);

/* The port it listens on: useful when it was made with port 0. 0 while closed. */
uint16_t sim_tcp_port(const struct sim_tcp *tcp);

#endif
