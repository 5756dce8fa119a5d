/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_SUPPORT_BUS_HOST_H
#define TESTS_SUPPORT_BUS_HOST_H

/*
 * Bus host: carries TCP buses on a thread of its own, as the field process's loop does
 */
#include "sensors/modbus_poller.h"

struct bus_host;

struct bus_host *bus_host_new(const struct sensor_sink *sink);

/* Make a bus of `count` devices at `address`; the host owns it. Before bus_host_start(). */
struct mbbus *bus_host_add(struct bus_host *host, const char *address, uint16_t port,
                           const struct mbbus_device *devices, uint32_t count);

void bus_host_start(struct bus_host *host);

/* As mbpoller_address(), between two runs of the poller. */
void bus_host_address(struct bus_host *host, uint32_t link, const char *address);

/* End the thread; twice is harmless. */
void bus_host_stop(struct bus_host *host);

/* bus_host_stop(), and release everything. */
void bus_host_free(struct bus_host *host);

#endif
