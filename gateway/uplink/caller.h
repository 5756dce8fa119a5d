/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_UPLINK_CALLER_H
#define GATEWAY_UPLINK_CALLER_H

/*
 * The caller: between the engine, and the webhooks of roles and the phones of their people
 *
 *     engine ── NOTICE ──▶ caller ──┬──▶ webhooks ──▶ receivers
 *        ▲                   │      └──▶ push     ──▶ phones
 *        └─ RECEIPT, LISTENER┘      ◀── SHOWN ─── open pages
 *
 * An audience is called by its webhook, if it has one, and on the phones of its people at once; their open pages
 * (gateway/console/pages.h) show the alarm by themselves and say so. The first that confirms is the receipt of
 * all; that none will is told when that is true of all, of pages when the last of them has gone. An audience
 * can be reached when any of them can.
 *
 * What the engine cannot be told at once, because the socket is full, is kept and told when it can
 * be written again; there is never more of it than notices and webhooks. What it cannot be told
 * because it is away it asks for by itself: it gives every notice that is still due again.
 */

#include "gateway/site.h"
#include "gateway/uplink/push/push.h"
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

/* Somebody asks something about phones. Its answer goes to the engine, if that takes it. */
void caller_push(struct caller *caller, const struct wire_push *message);

/* The console says whose pages are open. */
void caller_pages(struct caller *caller, const struct wire_pages *message);

/* A page has shown a step: it has been received if it means the page's person. */
void caller_shown(struct caller *caller, const struct wire_shown *message);

/* Once a second. */
void caller_tick(struct caller *caller);

struct push_counts caller_push_counts(const struct caller *caller);

/* What was counted of the calls, and receipts that went because the engine did not listen. */
struct webhook_counts caller_counts(const struct caller *caller, uint64_t *ret_receipts_dropped);

/* The socket can take messages again. */
void caller_writable(struct caller *caller);

#endif
