/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_UPLINK_FEEDER_PARTS_H
#define GATEWAY_UPLINK_FEEDER_PARTS_H

/*
 * The parts of the feeder, for its own files only
 *
 *     feeder.c          what comes to it, and in which turn it sends
 *     feeder_events.c   events as the engine tells them: recorded ones, and those that go out before
 *     feeder_backlog.c  events that the journal has: backlogs, what overtakes them, what is sent again
 *     feeder_states.c   what the broker retains, and what is left over of it
 *     feeder_publish.c  how a message goes out: whether there is room, and in what form
 */

#include "gateway/uplink/feeder.h"
#include "gateway/uplink/ticket.h"
#include "gateway/uplink/uplink_json.h"

/* ---- feeder_publish.c ---- */

enum feeder_rank { RANK_ALARM_EVENT, RANK_STATE, RANK_ACTIVITY_EVENT };

/* How many more messages of a rank may be sent now. */
uint32_t feeder_room(const struct feeder *feeder, enum feeder_rank rank);

/* Publish what has no shorter form. Returns 0, or what the port says when the line is down. */
int feeder_publish(struct feeder *feeder, const char *topic, const void *payload, size_t size,
                   bool retained, uint64_t ticket);

/* Publish an event, in a shorter form where the broker takes no other. Returns as feeder_publish(). */
int feeder_publish_event(struct feeder *feeder, enum core_lane lane, enum alarm_class class,
                         const char *type, const char *payload, size_t size, uint64_t ticket);

/* This session lacks an event for good, `seq` if it was recorded; else 0. */
void feeder_lack(struct feeder *feeder, uint64_t seq);

/* ---- feeder_events.c ---- */

enum feeder_rank feeder_rank_of(enum core_lane lane);

/* Send the news that waits for the journal, if that is waited for no longer. */
void feeder_send_held(struct feeder *feeder);

/* What stands for an alarm in the outbox; NULL is none. */
uint32_t feeder_order(const char *alarm);

void feeder_send_early(struct feeder *feeder);

/* ---- feeder_backlog.c ---- */

/* Send what a lane has waiting, as far as there is room. Returns true when some is left. */
bool feeder_send_lane(struct feeder *feeder, enum core_lane lane);

/* Go through what is asked for. Returns true when there is work and room left. */
bool feeder_send_again(struct feeder *feeder);

/* What was read of the journal is read anew. */
void feeder_forget_backlog(struct feeder *feeder);

/* ---- feeder_states.c: each sends as far as there is room ---- */

void feeder_send_alarms(struct feeder *feeder);
void feeder_send_leftovers(struct feeder *feeder);
void feeder_send_points(struct feeder *feeder);
void feeder_send_announcements(struct feeder *feeder);

#endif
