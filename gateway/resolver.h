/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_RESOLVER_H
#define GATEWAY_RESOLVER_H

/*
 * Resolver: keeps the addresses of host names known
 *
 * A site may name a device by its host name. Each name is looked up by libevent's resolver (hosts
 * file, then name servers) without blocking the loop, again each RESOLVER_REFRESH_S, and each
 * RESOLVER_RETRY_S while it fails. An address once found is kept until another one is found.
 */
#include <stdint.h>

#include "gateway/err.h"

struct event_base;
struct resolver;

enum { RESOLVER_REFRESH_S = 60, RESOLVER_RETRY_S = 5 };

/* Is `host` an IPv4 or IPv6 literal, which needs no resolving? */
int resolver_is_literal(const char *host);

/* `found` is called in the loop with each new address of a name, as a literal. */
NODISCARD int resolver_new(struct event_base *base,
                           void (*found)(void *context, uint32_t tag, const char *literal),
                           void *context, struct resolver **ret_resolver);
struct resolver *resolver_free(struct resolver *resolver);

/* Look after `host`, which is borrowed; `tag` comes back with its addresses. */
NODISCARD int resolver_add(struct resolver *resolver, const char *host, uint32_t tag);

#endif
