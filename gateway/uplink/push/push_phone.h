/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_UPLINK_PUSH_PUSH_PHONE_H
#define GATEWAY_UPLINK_PUSH_PUSH_PHONE_H

/*
 * A phone: what a browser gives us so that we can reach its owner (a PushSubscription), whose it is, and
 * when it was last heard of
 *
 * What comes from a browser is checked here, and nothing else of it is kept. A phone counts as reachable
 * for a day after it has confirmed a message, unless the last one could not be handed to its service.
 */

#include <stdbool.h>
#include <stdint.h>

#include "gateway/site.h"
#include "gateway/uplink/push/push_seal.h"
#include "rules/role.h"

enum {
    PUSH_PERSON_SIZE = 33,
    PUSH_ENDPOINT_SIZE = 1025,
    PUSH_REACHABLE_S = 24 * 3600,
};

struct push_phone {
    char person[PUSH_PERSON_SIZE];
    char endpoint[PUSH_ENDPOINT_SIZE]; /* https */
    struct push_peer peer;
    enum role role;
    enum site_language language;
    uint64_t name;      /* of the person, audience_name(); 0: not known */
    int64_t since_s;    /* seconds since 1970: when it came */
    int64_t received_s; /* when it last confirmed; 0: never */
    int64_t tested_s;   /* when it was last tried; 0: never */
    bool failing;       /* its service did not take the last message */
};

/*
 * Read what a browser says of itself: `endpoint` and the two keys in base64url. Sets these of `ret` alone.
 * Returns NULL, or what is wrong with it, in words for a log.
 */
const char *push_phone_read(const char *endpoint, const char *p256dh, const char *auth,
                            struct push_phone *ret);

/* Is it a name by which a person can be known here: 1 to 32 of a-z, A-Z, 0-9, '.', '_', '-'? */
bool push_person_is_good(const char *person);

/* Is its owner one of those whom the audience `webhook` of the site means? */
bool push_phone_is_of(const struct push_phone *phone, const struct site *site, uint32_t webhook);

bool push_phone_is_reachable(const struct push_phone *phone, struct wall now);

/*
 * Is a test due (daily.h)? One is made at once, then once a day and in any case an hour before it counts
 * as unreachable; and again each hour until it answers.
 */
bool push_phone_is_due(const struct push_phone *phone, struct wall now);

#endif
