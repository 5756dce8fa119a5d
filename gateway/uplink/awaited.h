/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_UPLINK_AWAITED_H
#define GATEWAY_UPLINK_AWAITED_H

/*
 * One receipt for all ways
 *
 * An audience is called in several ways at once. The first that confirms is the receipt of all; that nobody has
 * received it is said when none of them may still confirm. Either is said once, and the notice forgotten then.
 */

#include <stdbool.h>
#include <stdint.h>

#include "gateway/uplink/webhook.h"

/* How an audience is called. */
enum awaited_way { AWAITED_WEBHOOK, AWAITED_PHONES, AWAITED_PAGES, AWAITED_WAYS };

/* As many as the engine gives, and some that are about to be told. */
enum { AWAITED_MAX = 2 * WEBHOOK_NOTICES_MAX };

/* A notice that none has confirmed yet. */
struct awaited_notice {
    struct webhook_key key;
    uint32_t audience;
    bool awaits[AWAITED_WAYS];
};

/* All zeros: none. */
struct awaited {
    struct awaited_notice notices[AWAITED_MAX]; /* oldest first */
    uint32_t count;
};

/* NULL: nobody waits for it. */
const struct awaited_notice *awaited_find(const struct awaited *awaited,
                                          const struct webhook_key *key);

/*
 * All ways that `notice` awaits are to be asked, or asked again. Where there is no room the oldest is forgotten: returns
 * true then, and sets `ret_displaced` to what nobody has received.
 */
bool awaited_add(struct awaited *awaited, const struct awaited_notice *notice,
                 struct webhook_key *ret_displaced);

/* One way has an answer. Returns true when that is the answer of all; the notice is forgotten then. */
bool awaited_answer(struct awaited *awaited, const struct webhook_key *key, enum awaited_way way,
                    bool received);

/* Nobody waits for this run of the alarm's chain any more. */
void awaited_withdraw(struct awaited *awaited, uint32_t alarm, uint32_t run);

#endif
