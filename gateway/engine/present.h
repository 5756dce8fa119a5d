/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_ENGINE_PRESENT_H
#define GATEWAY_ENGINE_PRESENT_H

/*
 * The present: what the points said last, from the end of one engine to the start of the next
 *
 * A polled point is read again within a second. A door contact that publishes when it changes is not:
 * to an engine that has forgotten that it was closed, its opening would be no edge, and its silence
 * would begin anew with each reload. So an engine that ends in good order leaves in the journal what
 * each point said last and how long ago, and the next one begins with it. The broker keeps what is
 * published meanwhile (sensors/mqtt_source.h), so nothing is missed in between.
 *
 * What a point said in an engine before stays there until it says something else. So an engine that dies
 * has lost nothing: what was said to it the field process says again, and the rest is in the journal.
 *
 * What is not taken over, so that the point begins unknown:
 *
 *     another source    another address, topic, kind, scale … means another thing by the same name
 *     too old           a point with a silence of its own is stale once it is over, as in one life;
 *                       one whose device speaks for it, when the device was silent for so long
 *
 * As long as the machine runs, its instants tell how much older all of it has become, whatever was done
 * to the wall clock. Over a boot the wall clock tells; one that is behind by up to PRESENT_BACK_NS counts
 * as if no time had passed. When it is further behind, nobody knows: what was said last stays, for what
 * came meanwhile is told by the broker, but as uncertain and at least as old as it was, until it is said
 * again. Nothing is believed to be fresh, and nothing is lost to whoever waits for it.
 *
 * A point that has never said anything goes on being waited for: it is missed when its silence is over,
 * whichever engine began to wait.
 */

#include "gateway/journal/journal_event.h"
#include "gateway/site.h"
#include "rules/core.h"

struct present;

/* So far a wall clock may go back to be kept right, as core_clock.c has it. */
#define PRESENT_BACK_NS ((int64_t)(60 * NS_PER_S))

/* Begin with nothing known. Keeps `site`, and `core` with its `ruleset`. 0 or -ENOMEM. */
NODISCARD int present_new(const struct site *site, const struct ruleset *ruleset,
                          const struct core *core, struct present **ret_present);
struct present *present_free(struct present *present);

/* A digest of all that says where and how a point is read. */
uint64_t present_source(const struct site *site, uint32_t point);

/* What all points say at `now`, for the journal. NULL without memory. */
struct journal_present *present_state_new(const struct present *present, struct instant now,
                                          struct wall wall);

/* One row of what the engine before left: what may still be believed at `now` and `wall` is kept. */
void present_recall(struct present *present, const struct journal_present *taken,
                    const struct journal_point *point, struct instant now, struct wall wall);

/*
 * The readings that give it back, after the first inputs: each `*point` from 0 on that has one, which
 * is moved behind it. False when there is none.
 */
bool present_next(const struct present *present, uint32_t *point, struct input *ret_input);

/*
 * The journal's row of what the point said in an engine before this one, 0 if there is none: to be
 * forgotten there, and then spent here, once the point says something in this one.
 */
uint64_t present_row(const struct present *present, uint32_t point);
void present_spend(struct present *present, uint32_t point);

/*
 * The reading that says of a point that it is missed: an engine before this one began to wait for it, it
 * was never heard, and its silence is over at `now`. Each once, and not while its device is lost, which is
 * told by itself. False when there is none.
 */
bool present_missed(struct present *present, struct instant now, struct input *ret_input);

/* Say in the log what was taken over, and how many points are unknown until their next message. */
void present_tell(const struct present *present);

#endif
