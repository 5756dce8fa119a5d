/* SPDX-License-Identifier: Apache-2.0 */
#include "rules/flood.h"

#include <assert.h>

/* The raise that has `newer` others after it; INSTANT_NEVER when there were not so many. */
static struct instant flood_raise_before(const struct flood *flood, uint32_t newer) {
    assert(newer < FLOOD_RAISES);
    return flood->raises[(flood->next + FLOOD_RAISES - 1 - newer) % FLOOD_RAISES];
}

/* When that raise leaves the window: it counts until then, and not at that instant. */
static struct instant flood_raise_leaves(const struct flood *flood, const struct alarm_times *times,
                                         uint32_t newer) {
    struct instant raise = flood_raise_before(flood, newer);
    return raise.ns == INSTANT_NEVER.ns ? (struct instant){0}
                                        : instant_after(raise, times->flood_window_s * NS_PER_S);
}

void flood_init(struct flood *flood) {
    *flood = (struct flood){0};
    for (uint32_t i = 0; i < FLOOD_RAISES; i++) {
        flood->raises[i] = INSTANT_NEVER;
    }
}

static void flood_note(struct flood *flood, struct instant now) {
    flood->raises[flood->next] = now;
    flood->next = (flood->next + 1) % FLOOD_RAISES;
}

void flood_restore(struct flood *flood, const struct alarm_times *times, uint32_t incident,
                   bool runs, struct instant now) {
    flood_init(flood);
    flood->incident = incident;
    flood->runs = runs;
    for (uint32_t i = 0; runs && i < times->flood_end; i++) {
        flood_note(flood, now);
    }
}

bool flood_raise(struct flood *flood, const struct alarm_times *times, struct instant now) {
    assert(times->flood_begin < FLOOD_RAISES && times->flood_end <= times->flood_begin);
    flood_note(flood, now);
    if (flood->runs != 0 || now.ns >= flood_raise_leaves(flood, times, times->flood_begin).ns) {
        return false;
    }
    flood->runs = 1;
    flood->incident++;
    return true;
}

struct instant flood_due(const struct flood *flood, const struct alarm_times *times) {
    return flood->runs == 0 ? INSTANT_NEVER
                            : flood_raise_leaves(flood, times, times->flood_end - 1);
}

bool flood_end(struct flood *flood, const struct alarm_times *times, struct instant now) {
    bool ends = instant_reached(now, flood_due(flood, times));
    if (ends) {
        flood->runs = 0;
    }
    return ends;
}
