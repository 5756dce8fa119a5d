/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_RESOLVER_H
#define GATEWAY_RESOLVER_H

/*
 * Resolver: keeps the addresses of host names known
 *
 * A site may name a device, a broker or whom to call by a host name. Each name is looked up by libevent's
 * resolver (hosts file, then name servers) without blocking the loop, again each RESOLVER_REFRESH_S, and
 * each RESOLVER_RETRY_S while it fails. An address once found is kept until another one is found. The
 * first IPv4 address of an answer counts, or the first of all: as the MQTT library does.
 *
 * A gateway often starts before its network does. So while a name fails, /etc/resolv.conf is read again
 * when it has changed.
 */
#include <stdbool.h>
#include <stdint.h>

#include "gateway/err.h"

struct event_base;
struct resolver;

enum { RESOLVER_REFRESH_S = 60, RESOLVER_RETRY_S = 5 };

/* Is `host` an IPv4 or IPv6 literal, which needs no resolving? */
int resolver_is_literal(const char *host);

/* What a name that fails means to whoever uses it: the effects that are logged. */
struct resolver_words {
    const char *unknown; /* it fails, and no address was ever found */
    const char *kept;    /* it fails, and the last address stays in use */
    const char *back;    /* it is found again */
};

/* Both are called in the loop. */
struct resolver_callbacks {
    /* A new address of a name, as a literal. */
    void (*found)(void *context, uint32_t tag, const char *literal);
    /* It was asked for: why that failed, or NULL when it did not. NULL: not wanted. */
    void (*asked)(void *context, uint32_t tag, const char *failure);
};

/* Copies both structs, and keeps their texts and the context. */
NODISCARD int resolver_new(struct event_base *base, const struct resolver_words *words,
                           const struct resolver_callbacks *callbacks, void *context,
                           struct resolver **ret_resolver);
struct resolver *resolver_free(struct resolver *resolver);

/*
 * Look after `host`, which is borrowed; `tag` comes back with its addresses. `kept`: its user has an address
 * from an earlier life to use until one is found, which is told so.
 */
NODISCARD int resolver_add(struct resolver *resolver, const char *host, uint32_t tag, bool kept);

/* Whoever uses the name has reason to doubt: ask again now, unless that was done within RESOLVER_RETRY_S. */
void resolver_doubt(struct resolver *resolver, uint32_t tag);

#endif
