/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_UPLINK_TICKET_H
#define GATEWAY_UPLINK_TICKET_H

/*
 * Tickets: what a message in flight is
 *
 * The line gives each back with the broker's answer. The kind is in the upper bits, and below it a
 * number that means what its kind says.
 */

#include "rules/core.h"

enum ticket_kind {
    TICKET_EVENT_ALARM = 1, /* its seq, as with the next */
    TICKET_EVENT_ACTIVITY,
    TICKET_EARLY,        /* its number among the early events */
    TICKET_ALARM,        /* a state: the alarm's index */
    TICKET_POINT,        /* a value: the point's index */
    TICKET_CLEAR,        /* of a topic that is no longer; 0 */
    TICKET_RESENT,       /* the event's seq */
    TICKET_ANNOUNCEMENT, /* 0 */
};

/* `number` is below 2^56. */
uint64_t ticket_of(enum ticket_kind kind, uint64_t number);
uint64_t ticket_of_event(enum core_lane lane, uint64_t seq);

enum ticket_kind ticket_kind(uint64_t ticket);
uint64_t ticket_number(uint64_t ticket);

#endif
