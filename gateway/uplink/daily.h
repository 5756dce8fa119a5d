/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_UPLINK_DAILY_H
#define GATEWAY_UPLINK_DAILY_H

/*
 * Daily tests: that nobody can be called is known before somebody has to be
 *
 * That a webhook's address can be connected to says nothing of its token, its secret, the robot that was
 * thrown out of the group, or the program behind it: only a call does. So each gets one when it is new or its address
 * has changed, and then once a day. When each was made stands in `uplink/tested`, so that a restart makes none.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "gateway/site.h"
#include "rules/limits.h"

/*
 * Is a test due, after something was heard at `heard_s` and tried at `tested_s` (seconds since 1970; 0:
 * never)? From 20 hours after it was heard when it is day at the place, from 23 in any case, and again each hour.
 */
bool daily_is_due(int64_t heard_s, int64_t tested_s, int64_t now_s);

struct daily {
    const struct site *site;
    int64_t tested_s[LIMIT_AUDIENCES]; /* 0: never, as it is now */
};

/* Keeps `site`. What cannot be read was never tested. */
void daily_init(struct daily *daily, const struct site *site);

/* Is a test of the webhook due? It is noted as made then. */
bool daily_take(struct daily *daily, uint32_t webhook, struct wall now);

/*
 * What it gets: of a chat what the group reads, in its language; else a CloudEvent of type DAILY_TYPE, signed and sent like
 * a call. Returns its length.
 */
enum { DAILY_BODY_SIZE = 1024 };
#define DAILY_TYPE "tocsin.webhook.test"
size_t daily_body(const struct daily *daily, uint32_t webhook, char ret[DAILY_BODY_SIZE]);

#endif
