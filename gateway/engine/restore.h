/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_ENGINE_RESTORE_H
#define GATEWAY_ENGINE_RESTORE_H

/*
 * Restoring an alarm: how much time has passed since its record was taken
 *
 * A record holds what was left of a delay and how old the memories of an expression were when it was
 * written, which may be long before the engine ended. Instants go on when only the engine was restarted,
 * and then tell exactly, whatever was done to the wall clock meanwhile. They begin anew with the machine;
 * then the record's instant is JOURNAL_INSTANT_FOREIGN, nobody knows for sure, since wall time may have
 * been set, and the record counts as taken just now: a delay may end late and a window close late, never
 * early.
 */

#include "gateway/journal/journal_event.h"

/* Time since the record was taken; 0 if nobody knows. */
uint64_t restore_elapsed_ns(const struct journal_alarm *alarm, struct instant now);

/*
 * Move the record on by `elapsed_ns`. A delay runs on while its condition was true, and for an emergency
 * always; a clock runs on always. What is left is never nothing, so that it still ends by the core's own
 * hand. A delay of clearing waits: nobody knows whether the condition was false all the while. A
 * stretch that went on when it was written is taken to have gone on until now. An escalation goes on in
 * any case: whoever called has waited all the time.
 */
void restore_age(struct journal_alarm *alarm, uint64_t elapsed_ns, bool emergency);

/*
 * What is left at `now` and `wall` of a test that had `left_ds` left when it was recorded; never
 * nothing. People were told when it ends, so it ends by the wall clock at the latest; and at once when
 * nobody knows how long ago that was, for nobody is called while it runs.
 */
uint32_t restore_test_left_ds(const struct journal_standing *recorded, uint32_t left_ds,
                              struct instant now, struct wall wall);

/*
 * When a point was true, at `now`. Where nobody knows how long ago that was recorded, what was over last
 * counts as over just now, as what the alarms remember of it does; which was first is kept.
 */
struct core_trip_record restore_trip(const struct journal_standing *recorded,
                                     const struct core_trip_record *trip, struct instant now);

/*
 * Bring the record to `now` and `wall`: what the two functions above do, and besides, shelves and
 * outages end when people were told that they would, by the wall clock, also where nobody knows how much
 * time has passed: an alarm that is heard too early does no harm.
 */
void restore_life(struct journal_alarm *alarm, struct instant now, struct wall wall,
                  bool emergency);

#endif
