/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_UPLINK_EARLY_H
#define GATEWAY_UPLINK_EARLY_H

/*
 * Events told before they are recorded, until the broker has them or the journal does
 *
 * The journal has no copy of them yet. Those of graver alarms are kept and sent before others, and
 * alarms before activity.
 */

#include <stdbool.h>
#include <stdint.h>

#include "gateway/err.h"
#include "gateway/wire.h"

enum { EARLY_MAX = 32 };

struct early_event {
    uint64_t number; /* the caller's, growing; 0: the place is free */
    bool sent;       /* in this session */
    uint8_t weight;  /* 0: activity; the graver an alarm, the more */
    uint8_t lane, class;
    uint16_t type;
    uint32_t body_size;
    char body[WIRE_BODY_MAX];
};

struct early {
    struct early_event *events; /* EARLY_MAX */
    uint64_t dropped;           /* there was no room for them, or they made room for others */
};

/* Returns 0 or -ENOMEM. */
NODISCARD int early_init(struct early *early);
void early_deinit(struct early *early);

/*
 * Keep an event under a number > 0. Without room, the oldest of the least weight goes, or this one when
 * all weigh more.
 */
void early_add(struct early *early, uint64_t number, uint8_t weight,
               const struct wire_event *event);

/* NULL: there is none of that number. */
struct early_event *early_find(struct early *early, uint64_t number);

/* The oldest of the most weight that is not sent; NULL when all are. */
struct early_event *early_next(struct early *early);

/* The broker has it, or the journal; a number that is not there changes nothing. */
void early_forget(struct early *early, uint64_t number);

/* The session is over: what it sent without an answer is to be sent again. */
void early_rewind(struct early *early);

#endif
