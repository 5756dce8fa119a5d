/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_UPLINK_SENT_H
#define GATEWAY_UPLINK_SENT_H

/*
 * What the outbox has let go and not confirmed yet
 *
 *     ring    of a lane, in order of seq: everything between `confirmed` and `examined`
 *     ahead   of the alarm lane, in order of seq: what has overtaken, all of it after `examined`
 *
 * and which of it may be sent again: the promises O1, O3, O4 and O6 of outbox.h as far as they are
 * about entries. Only the outbox calls this.
 */

#include "gateway/uplink/outbox.h"

/* ---- the ring of one lane ---- */

/* The entry at `index`, below the lane's count. */
struct outbox_sent *sent_in_ring(struct outbox_lane *lane, uint32_t index);

/* Begin again after `confirmed` with an empty ring. */
void sent_restart(struct outbox_lane *lane, uint64_t confirmed);

/* Everything up to `confirmed` is known to be taken; what is beyond it stays as it is. */
void sent_settle(struct outbox *outbox, enum core_lane lane, uint64_t confirmed);

/* Add a copy of an entry behind all others; there is room. It is examined then. */
void sent_push(struct outbox_lane *lane, const struct outbox_sent *sent);

/* O1: only the entries at the front that the broker has taken move what is confirmed. */
void sent_confirm(struct outbox_lane *lane);

/* O6: what is refused for good makes room for what is not. */
void sent_relieve(struct outbox_lane *lane);

/* ---- what has gone ahead ---- */

/* NULL when there is none. */
struct outbox_sent *sent_find_ahead(struct outbox *outbox, uint64_t seq);

/* There is room. */
void sent_insert_ahead(struct outbox *outbox, const struct outbox_sent *sent);
void sent_remove_ahead(struct outbox *outbox, struct outbox_sent *entry);

/* Keep only what the broker has taken for certain. */
void sent_keep_taken(struct outbox *outbox);

/* ---- all entries of a lane: those of its ring come first ---- */

uint32_t sent_count(const struct outbox *outbox, enum core_lane lane);
const struct outbox_sent *sent_at(const struct outbox *outbox, enum core_lane lane, uint32_t index);

/* NULL when there is none. */
struct outbox_sent *sent_find(struct outbox *outbox, enum core_lane lane, uint64_t seq);

/* How many wait. */
uint32_t sent_waiting(const struct outbox *outbox, enum core_lane lane);

/* Let an entry wait that does not; `refused_in` as in struct outbox_sent. */
void sent_wait(struct outbox *outbox, enum core_lane lane, struct outbox_sent *sent,
               uint32_t refused_in);

/* Has the broker taken an event that is newer than `seq`? */
bool sent_is_passed(const struct outbox *outbox, enum core_lane lane, uint64_t seq);

/* The seq of the next event that waits and may be sent, by turns; 0: none. */
uint64_t sent_due(const struct outbox *outbox, enum core_lane lane);

/* ---- the order of one alarm ---- */

/* The oldest event of an alarm that waits, or with `flying` is in flight; NULL when none does. */
const struct outbox_sent *sent_oldest_open(const struct outbox *outbox, enum core_lane lane,
                                           uint32_t order, bool flying);

/* An entry for an event whose turn has come: in flight, or waiting for an older one of its alarm. */
struct outbox_sent sent_entry(struct outbox *outbox, enum core_lane lane, uint64_t seq,
                              uint32_t order);

/* O8: an event goes ahead of the journal. */
void sent_count_ahead(struct outbox *outbox, uint64_t seq);

/* There is news of an alarm: what holds it up is tried at once. */
void sent_hasten(struct outbox *outbox, enum core_lane lane, uint32_t order);

/* What the broker took, or takes still, behind a refused event of its alarm is sent once more after it. */
void sent_go_back(struct outbox *outbox, enum core_lane lane, const struct outbox_sent *refused);

/* The line is lost: what was taken behind an event that was not is sent again after it, too. */
void sent_forget_behind(struct outbox *outbox, enum core_lane lane);

#endif
