/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_UPLINK_HELD_H
#define GATEWAY_UPLINK_HELD_H

/*
 * News of alarms whose turn comes from the journal, while that cannot be read
 *
 * A journal that is opened anew is away for some milliseconds. News that went out meanwhile would come before
 * what the journal has of its alarm, and news that was left to the journal would have to wait for as long as
 * that is away. So it is kept here, ready to be sent, until the journal is back or is waited for no longer.
 */

#include "gateway/err.h"
#include "gateway/uplink/uplink_json.h"

/* Beyond it the journal is waited for no longer. */
enum { HELD_MAX = 32 };

struct held_event {
    uint64_t seq;
    uint32_t order; /* outbox.h */
    uint8_t class;
    uint16_t type;
    size_t size;
    char payload[UPLINK_JSON_SIZE];
};

struct held {
    struct held_event *events; /* HELD_MAX; the oldest first */
    uint32_t first, count;     /* of the ring */
};

/* Returns 0 or -ENOMEM. */
NODISCARD int held_init(struct held *held);
void held_deinit(struct held *held);

/* The place for one more, which is filled by the caller; there is room. */
struct held_event *held_add(struct held *held);

/* NULL when there is none. */
const struct held_event *held_oldest(const struct held *held);
void held_drop_oldest(struct held *held);
void held_clear(struct held *held);

#endif
