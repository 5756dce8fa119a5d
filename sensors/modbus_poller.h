/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SENSORS_MODBUS_POLLER_H
#define SENSORS_MODBUS_POLLER_H

/*
 * Modbus poller: every TCP bus of a process, in one loop that never waits
 *
 * What is due is sent, what has come is taken, and the host is left at once; it calls again when
 * mbpoller_fd() is readable. So a device that does not answer costs the others nothing, a hundred
 * devices that are due together cost one wake-up, and a reading is handed on by the thread that
 * received it.
 *
 * The descriptor is an epoll instance: it holds the connections, a timer for the earliest of what
 * is due, and a wake-up for outputs that are wanted from another thread.
 *
 * One thread runs a poller.
 */

#include "sensors/modbus_tcp.h"

struct mbpoller;

/* `real_ns` and `context` are the sink's clock. Returns 0 or a negative errno. */
SENSORS_NODISCARD int mbpoller_new(uint64_t (*real_ns)(void *context), void *context,
                                   struct mbpoller **ret_poller);

/* Close every connection and release; the buses stay their owners'. Accepts NULL, returns NULL. */
struct mbpoller *mbpoller_free(struct mbpoller *poller);

/*
 * Carry `bus`, which must outlive the poller, over a connection to `address`, an IP literal or ""
 * until it is known. Sets `*ret_link` to its number. Returns 0 or -ENOMEM.
 */
SENSORS_NODISCARD int mbpoller_add(struct mbpoller *poller, struct mbbus *bus, const char *address,
                                   uint16_t port, uint32_t *ret_link);

/* Use this literal from the next opening of link number `link` on. */
void mbpoller_address(struct mbpoller *poller, uint32_t link, const char *address);

/* Readable when mbpoller_run() has something to do. Stays the poller's. */
int mbpoller_fd(const struct mbpoller *poller);

/* Do what is due. Never waits. The first call starts the polling. */
void mbpoller_run(struct mbpoller *poller);

#endif
