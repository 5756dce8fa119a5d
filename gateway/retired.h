/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_RETIRED_H
#define GATEWAY_RETIRED_H

/*
 * Retired outputs: coils that a reload took out of the site
 *
 * Nothing in the new site knows such a coil, so that a siren that howls would howl until somebody
 * pulls its fuse. The supervisor lists it; the field processes bring it to rest and read it back:
 *
 *             a reload without it         read back at rest
 *     FREE ──────────────────────▶ WANTED ─────────────────▶ RESTED ──the next reload──▶ FREE
 *                                    │
 *                                    └──RETIRED_TRY_NS, or the coil is an output again──▶ FREE
 *
 * A coil is what it is on the wire: transport, host or line, port, unit and address. An output that
 * only gets another name, room or kind is still the same coil, and two that swap their names retire
 * nothing.
 *
 * The list is memory that supervisor and field processes share, so that it outlives each of them: a
 * field process that dies and comes back finds what is still to be done, and what is done is not done
 * again. Only the supervisor writes rows, and only free ones; a field process turns WANTED into
 * RESTED or FREE.
 * Nothing but a reload adds to it: a process that is killed switches nothing off.
 */

#include "gateway/site.h"

enum {
    /* More outputs than that are not taken out at once but by a slip; the rest is told at once. */
    RETIRED_MAX = 256,
    RETIRED_ADDRESS_SIZE = 288, /* "tcp://", a host of 253 bytes in brackets, a port */
    RETIRED_HOST_SIZE = 256,
    RETIRED_DEVICE_SIZE = 64,
};

/* A device that is repaired the next morning is still found; later somebody has been there. */
#define RETIRED_TRY_NS (24 * 3600 * NS_PER_S)

enum retired_state { RETIRED_FREE, RETIRED_WANTED, RETIRED_RESTED };

struct retired_coil {
    _Atomic uint32_t state; /* enum retired_state; the rest is written while it is FREE */
    uint32_t kind;          /* enum site_bus_kind */
    uint32_t port;
    uint16_t unit, address;
    uint64_t since_ns; /* when it was taken out, clock_real_ns() */
    uint8_t invert;    /* at rest the coil is on */
    char host[RETIRED_HOST_SIZE];
    char bus[RETIRED_ADDRESS_SIZE]; /* as written, for people */
    char device[RETIRED_DEVICE_SIZE];
    char point[SITE_ENTITY_SIZE];
};

struct retired {
    struct retired_coil coils[RETIRED_MAX];
};

/* Make an empty list; sets `*ret_fd` to what retired_map() takes. Returns 0 or a negative errno. */
NODISCARD int retired_new(struct retired **ret_retired, int *ret_fd);

/* Map the list of another process. Returns 0, or -EBADF where there is none, or a negative errno. */
NODISCARD int retired_map(int fd, struct retired **ret_retired);

/* Accepts NULL. The descriptor stays open. */
void retired_unmap(struct retired *retired);

/*
 * The site `from` gives way to `to` at `now_ns`: list the outputs whose coils are no outputs any
 * more, and strike off those that are done, too old, or outputs again. What finds no room, or no
 * address that could be kept, is told in the log. Returns 0 or -ENOMEM.
 */
NODISCARD int retired_change(struct retired *retired, const struct site *from,
                             const struct site *to, uint64_t now_ns);

/* How many wait to be brought to rest that were taken out at `since_ns` or later? */
uint32_t retired_waiting(const struct retired *retired, uint64_t since_ns);

/* Is the coil one of `device` of `site`, whatever that is called? */
bool retired_is_at(const struct retired_coil *coil, const struct site *site, uint32_t device);

/* Has it been tried long enough? */
bool retired_is_old(const struct retired_coil *coil, uint64_t now_ns);

/* Say in the log, as `event`, that an output that was taken out may still be on, why, and what to do. */
void retired_tell(const struct retired_coil *coil, const char *event, const char *reason);

/* Say of all that wait that they could not be switched off yet. */
void retired_tell_waiting(const struct retired *retired, const char *reason);

#endif
