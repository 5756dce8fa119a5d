/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_FIELD_HOLDING_H
#define GATEWAY_FIELD_HOLDING_H

/*
 * Holding: the readings that wait for the engine
 *
 * It stands between the drivers and the engine and is the only queue there. In peace it holds
 * one reading for some microseconds; while the engine is away it keeps what must not be lost,
 * within bounds that are known at the start:
 *
 *     a plain point      its newest reading; an older one that waits is replaced
 *     a call or fire     every edge, so that a button pressed and released meanwhile is still seen;
 *                        HOLDING_EDGES_MAX together, then its newest reading like a plain point
 *     an event point     every reading, HOLDING_EVENTS_MAX together, then new ones are refused; each
 *                        until the engine says that it is recorded, so that one which was on its way to
 *                        an engine that died, or hung, goes to the next one as well
 *
 * What waits goes out in the order in which it came; a reading that replaces an older one goes to
 * the end, so that a door's opening never overtakes the card that was shown before it.
 *
 * An event reading gets a token of the holding's own, by which the engine says what is recorded, and
 * knows one that it has recorded already. They count up within the life of a holding, and no two lives
 * share one.
 *
 * After the engine was away it knows nothing, so holding_restart() puts the present value of every
 * point first, with when it was heard, and what was kept behind it.
 *
 * Not thread-safe, reads no clock, allocates at the start only.
 */
#include "gateway/wire.h"

enum {
    HOLDING_EVENTS_MAX = 4096,
    /* A button that flutters at 10 Hz fills this in half an hour. */
    HOLDING_EDGES_MAX = 16384,
};

enum holding_manner {
    HOLDING_NEWEST,
    HOLDING_EDGES,
    HOLDING_EVENTS,
};

struct holding_counts {
    uint64_t waiting;      /* edges and event readings, now */
    uint64_t replaced;     /* readings that a newer one of their point replaced */
    uint64_t edges_merged; /* edges that were not kept because HOLDING_EDGES_MAX waited */
    /* Event readings that were not kept because HOLDING_EVENTS_MAX waited. */
    uint64_t events_refused;
    /* … that made room for newer ones: told, but not known as recorded. */
    uint64_t events_forgotten;
};

struct holding;

/*
 * `manners` says for each point how it is held (enum holding_manner); copied. `life`, not 0, is of this
 * holding alone. Returns 0 or -ENOMEM.
 */
NODISCARD int holding_new(const uint8_t *manners, uint32_t point_count, uint32_t life,
                          struct holding **ret_holding);
struct holding *holding_free(struct holding *holding);

/* Take in a reading, which comes `now`, of a point below `point_count`. Constant time. */
void holding_put(struct holding *holding, const struct reading *reading, uint64_t token,
                 struct instant now);

/* Move up to `room` readings out, oldest first. Returns how many. Events are kept beside. */
uint32_t holding_take(struct holding *holding, struct wire_reading *ret, uint32_t room);

/* All events up to this token are recorded. */
void holding_confirm(struct holding *holding, uint64_t token);

/*
 * Begin anew for an engine that knows nothing: the present values of all points come first, then
 * the edges and events that wait. `unsent` are `count` readings that were taken and not delivered:
 * their edges and events go back to the head of the line, behind the events that were delivered and are
 * not known to be recorded.
 */
void holding_restart(struct holding *holding, const struct wire_reading *unsent, uint32_t count);

/* The point has no present value any more: its device is lost. What waits goes out all the same. */
void holding_forget(struct holding *holding, uint32_t point);

struct holding_counts holding_counts(const struct holding *holding);

#endif
