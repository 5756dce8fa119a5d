/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_CONSOLE_LINE_H
#define GATEWAY_CONSOLE_LINE_H

/*
 * Who of the strangers finds a place in the line before the passwords
 *
 * Places are few, and whoever wants to keep others out takes them: with one name from many addresses, or with many names
 * from one. So each name has LINE_NAME_MAX of them and each network LINE_NETWORK_MAX: an address of IPv4, or the first 64
 * bits of one of IPv6, which are all one machine's to choose from. Where no place is left, the one about whom most was
 * guessed makes room for one about whom less was (guard_pressure()): a name that nobody guesses at finds a place at once,
 * however many others are guessed at.
 */

#include <stdint.h>

#include "gateway/console/guard.h"

enum {
    LINE_MAX_STRANGERS = 8,
    LINE_NETWORK_MAX = 6,
    LINE_NAME_MAX = 3,
};

struct line_place {
    struct guard_try try; /* by a stranger; of a place that is free, `address` is NULL */
    uint32_t pressure;
    bool may_go; /* it waits, and nothing of it is being done */
};

#define LINE_ROOM (-1) /* there is a place */
#define LINE_FULL (-2) /* there is none, and nobody makes room */

/* Is there a place for one more? LINE_ROOM, LINE_FULL, or the index of who makes room: then ask again. */
int line_find_place(const struct line_place *places, uint32_t count,
                    const struct line_place *newcomer);

#endif
