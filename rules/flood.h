/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RULES_FLOOD_H
#define RULES_FLOOD_H

/*
 * Floods: more alarms than people can follow
 *
 * A flood begins with the raise that is one too many within the window, and ends when few enough are
 * left in it (ISA-18.2: more than 10 in 10 minutes, until fewer than 5). Each has a number, the
 * incident into which the lesser alarms are folded.
 */

#include "rules/alarm.h"

/* Raises that are remembered; times->flood_begin is less. */
enum { FLOOD_RAISES = 32 };

struct flood {
    struct instant raises[FLOOD_RAISES]; /* a ring of the newest; INSTANT_NEVER: none yet */
    uint32_t next;
    uint32_t incident; /* of the present or the last flood; 0: there was none */
    uint32_t runs;     /* 0 or 1 */
    uint32_t reserved;
};

void flood_init(struct flood *flood);

/*
 * Give a fresh one its newest incident back, and whether that still runs: then as if as many alarms
 * as keep it going had been raised at `now`, for when they were raised is not known any more.
 */
void flood_restore(struct flood *flood, const struct alarm_times *times, uint32_t incident,
                   bool runs, struct instant now);

/* An alarm is raised at `now`; true when that begins a flood. */
bool flood_raise(struct flood *flood, const struct alarm_times *times, struct instant now);

/* When a flood that runs will end if nothing more is raised; INSTANT_NEVER when none runs. */
struct instant flood_due(const struct flood *flood, const struct alarm_times *times);

/* Time has passed; true when that ends the flood. */
bool flood_end(struct flood *flood, const struct alarm_times *times, struct instant now);

#endif
