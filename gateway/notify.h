/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_NOTIFY_H
#define GATEWAY_NOTIFY_H

/*
 * Telling systemd (sd_notify(3))
 *
 * The protocol is a datagram of text lines to the socket named by NOTIFY_SOCKET. It is spoken here
 * because libsystemd would bring five compression and crypto libraries into every process of a
 * binary that counts its memory.
 */

#include <stdint.h>

/* Send `state`, for example "READY=1". Does nothing when not started by systemd. */
void notify_systemd(const char *state);

/* Tell that a reload begins; "READY=1" says that it is over, well or not. */
void notify_systemd_reloading(void);

/* How often systemd wants to hear WATCHDOG=1 at the least, in ns (half its limit); 0: it does not watch. */
uint64_t notify_watchdog_ns(void);

#endif
