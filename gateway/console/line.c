/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/console/line.h"

#include <arpa/inet.h>
#include <stddef.h>
#include <string.h>

enum { NETWORK_BYTES = 8 }; /* of the 16 of an IPv6 address */

static bool networks_are_same(const char *a, const char *b) {
    struct in6_addr a6, b6;
    if (inet_pton(AF_INET6, a, &a6) != 1 || inet_pton(AF_INET6, b, &b6) != 1 ||
        IN6_IS_ADDR_V4MAPPED(&a6) || IN6_IS_ADDR_V4MAPPED(&b6)) {
        return strcmp(a, b) == 0;
    }
    return memcmp(&a6, &b6, NETWORK_BYTES) == 0;
}

typedef bool line_shares(const struct guard_try *a, const struct guard_try *b);

static bool share_name(const struct guard_try *a, const struct guard_try *b) {
    return strcmp(a->id, b->id) == 0;
}

static bool share_network(const struct guard_try *a, const struct guard_try *b) {
    return networks_are_same(a->address, b->address);
}

static bool share_line(const struct guard_try *a, const struct guard_try *b) {
    (void)a;
    (void)b;
    return true;
}

/* The same for those who share this with the newcomer, of whom there may be `max`. */
static int line_find_among(const struct line_place *places, uint32_t count,
                           const struct line_place *newcomer, line_shares *shares, uint32_t max) {
    uint32_t taken = 0, most = newcomer->pressure;
    int worst = LINE_FULL;
    for (uint32_t i = 0; i < count; i++) {
        const struct line_place *place = &places[i];
        if (place->try.address == NULL || !shares(&place->try, &newcomer->try)) {
            continue;
        }
        taken++;
        if (place->may_go && place->pressure > most) {
            most = place->pressure;
            worst = (int)i;
        }
    }
    return taken < max ? LINE_ROOM : worst;
}

int line_find_place(const struct line_place *places, uint32_t count,
                    const struct line_place *newcomer) {
    int found = line_find_among(places, count, newcomer, share_name, LINE_NAME_MAX);
    if (found == LINE_ROOM) {
        found = line_find_among(places, count, newcomer, share_network, LINE_NETWORK_MAX);
    }
    if (found == LINE_ROOM) {
        found = line_find_among(places, count, newcomer, share_line, LINE_MAX_STRANGERS);
    }
    return found;
}
