/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_UPLINK_TAKEN_NOTE_H
#define GATEWAY_UPLINK_TAKEN_NOTE_H

/*
 * What the broker has beyond what is confirmed, from one uplink process to the next
 *
 * The engine knows of each lane up to where everything was taken. While a backlog drains, new alarms go
 * ahead of it, thousands of them: a process that begins with what the engine knows alone would send all
 * of these again, at each reload. So one that ends in good order leaves their numbers in
 * `uplink/taken` of the state directory (note_file.h), and the next one takes them over:
 *
 *     17               the boot of the engine that had recorded them
 *     4203 2918735     seq and order (outbox.h) of an event; at most OUTBOX_AHEAD_MAX
 *
 * The file is removed before it is believed: it is used once. A process that is killed leaves none, and what had
 * gone ahead of its backlog comes again, under the same ids.
 */

#include "gateway/err.h"
#include "gateway/uplink/outbox.h"

/*
 * Leave what `outbox`, whose session has ended, holds for taken; nothing is written when that is nothing,
 * or when `boot` has no journal. Returns 0 or a negative errno: then it will be sent again.
 */
NODISCARD int taken_note_leave(const char *state_directory, const char *boot,
                               const struct outbox *outbox);

/*
 * Give `outbox`, which the engine of `boot` has just welcomed, what the process before has left. A note of
 * a later boot than this one is of another journal, where the same numbers meant other events, and is not
 * believed. Returns how many events it was given.
 */
uint32_t taken_note_recall(const char *state_directory, const char *boot, struct outbox *outbox);

#endif
