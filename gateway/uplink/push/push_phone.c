/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/uplink/push/push_phone.h"

#include <stdio.h>
#include <string.h>

#include "gateway/audience.h"
#include "gateway/base64.h"
#include "gateway/uplink/daily.h"

/*
 * An address as browsers give it: visible ASCII without what would need escaping in JSON or a header, and
 * no name or password before the host.
 */
static bool endpoint_is_good(const char *endpoint) {
    char origin[PUSH_ORIGIN_SIZE];
    for (const char *at = endpoint; *at != '\0'; at++) {
        if (*at <= ' ' || *at > '~' || strchr("\"\\<>^`{|}", *at) != NULL) {
            return false;
        }
    }
    return push_origin(endpoint, origin) && strchr(origin, '@') == NULL;
}

const char *push_phone_read(const char *endpoint, const char *p256dh, const char *auth,
                            struct push_phone *ret) {
    if (strlen(endpoint) >= sizeof ret->endpoint) {
        return "its endpoint is longer than 1024 bytes";
    } else if (!endpoint_is_good(endpoint)) {
        return "its endpoint is no https address";
    } else if (!base64url_read(p256dh, ret->peer.public, sizeof ret->peer.public) ||
               !push_public_is_good(ret->peer.public)) {
        return "its key p256dh is no point of P-256";
    } else if (!base64url_read(auth, ret->peer.auth, sizeof ret->peer.auth)) {
        return "its secret auth has not 16 bytes";
    }
    (void)snprintf(ret->endpoint, sizeof ret->endpoint, "%s", endpoint);
    return NULL;
}

bool push_person_is_good(const char *person) {
    static const char letters[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";
    size_t len = strlen(person);
    return len > 0 && len < PUSH_PERSON_SIZE && strspn(person, letters) == len;
}

static int64_t seconds_of(struct wall wall) {
    return wall.ns / (int64_t)NS_PER_S;
}

bool push_phone_is_of(const struct push_phone *phone, const struct site *site, uint32_t webhook) {
    const struct audience_person person = {phone->person, phone->name, phone->role};
    return audience_has(site, webhook, &person);
}

bool push_phone_is_reachable(const struct push_phone *phone, struct wall now) {
    return phone->received_s > 0 && !phone->failing &&
           seconds_of(now) - phone->received_s < PUSH_REACHABLE_S;
}

bool push_phone_is_due(const struct push_phone *phone, struct wall now) {
    return daily_is_due(phone->failing ? 0 : phone->received_s, phone->tested_s, seconds_of(now));
}
