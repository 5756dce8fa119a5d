/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SENSORS_SIM_BUS_H
#define SENSORS_SIM_BUS_H

/*
 * The device's end of a bus
 *
 * One of three: a Modbus TCP server, a serial line, or a connection to the broker that sensors
 * publish to. The zero value is a bus that was not opened: it hears nothing and closes harmlessly.
 */

#include "sensors/sim/sim_conf.h"
#include "sensors/sim/sim_publisher.h"
#include "sensors/sim/sim_rtu.h"
#include "sensors/sim/sim_tcp.h"

struct sim_bus {
    struct sim_tcp *tcp;
    struct sim_rtu *rtu;
    struct sim_publisher *publisher;
};

/*
 * Open the end that `conf` asks for. A Modbus one borrows `units`' array; a broker knows us as
 * `client_id` and is heard of by `callbacks`. Returns 0 or what sim_tcp_new(), sim_tcp_open(),
 * sim_rtu_new() and sim_publisher_new() return; the bus is to be closed in any case.
 */
SIM_NODISCARD int sim_bus_open(struct sim_bus *bus, struct event_base *base,
                               const struct sim_bus_conf *conf, const struct sim_units *units,
                               const char *client_id,
                               const struct sim_publisher_callbacks *callbacks);
void sim_bus_close(struct sim_bus *bus);

/*
 * Serve, or be gone: a port refuses, sensors leave their broker; a serial line stays. Returns 0, or
 * what sim_tcp_open() returns when the port cannot be had again.
 */
SIM_NODISCARD int sim_bus_switch(struct sim_bus *bus, bool serves);

/* Is a broker there that would hear what is published now? */
bool sim_bus_hears(const struct sim_bus *bus);

/* Publish; only on a broker's bus that was opened. Returns as sim_publisher_send(). */
SIM_NODISCARD int sim_bus_publish(struct sim_bus *bus, const char *topic, const char *payload);

#endif
