/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_UPLINK_CALLER_H
#define GATEWAY_UPLINK_CALLER_H

/*
 * The caller: between the engine and the webhooks
 *
 *     engine ── NOTICE ──▶ caller ──▶ webhooks ──▶ receivers
 *        ▲                   │
 *        └─ RECEIPT, LISTENER┘
 *
 * What the engine cannot be told at once, because the socket is full, is kept and told when it can
 * be written again; there is never more of it than notices and webhooks. What it cannot be told
 * because it is away it asks for by itself: it gives every notice that is still due again.
 */

#include "gateway/site.h"
#include "gateway/uplink/webhook.h"
#include "gateway/wire.h"

struct event_base;
struct caller;

/* Make it for the webhooks of the site; keeps `site`. `send` is wire_client_send() of `client`. */
NODISCARD int caller_new(struct event_base *base, const struct site *site,
                         int (*send)(void *client, const void *message), void *client,
                         struct caller **ret_caller);
struct caller *caller_free(struct caller *caller);

/* The engine has welcomed us: tell it which webhooks can be reached. */
void caller_welcome(struct caller *caller);

/* A notice came: call, or call no longer. One that no webhook of the site is for is ignored. */
void caller_notice(struct caller *caller, const struct wire_notice *message);

/* What was counted of the calls, and receipts that went because the engine did not listen. */
struct webhook_counts caller_counts(const struct caller *caller, uint64_t *ret_receipts_dropped);

/* The socket can take messages again. */
void caller_writable(struct caller *caller);

#endif
