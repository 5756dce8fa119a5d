/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/uplink/ticket.h"

#include <assert.h>

enum { TICKET_SHIFT = 56 };

uint64_t ticket_of(enum ticket_kind kind, uint64_t number) {
    assert(number < UINT64_C(1) << TICKET_SHIFT);
    return (uint64_t)kind << TICKET_SHIFT | number;
}

enum ticket_kind ticket_kind(uint64_t ticket) {
    return (enum ticket_kind)(ticket >> TICKET_SHIFT);
}

uint64_t ticket_number(uint64_t ticket) {
    return ticket & ((UINT64_C(1) << TICKET_SHIFT) - 1);
}

uint64_t ticket_of_event(enum core_lane lane, uint64_t seq) {
    return ticket_of(lane == LANE_ALARM ? TICKET_EVENT_ALARM : TICKET_EVENT_ACTIVITY, seq);
}
