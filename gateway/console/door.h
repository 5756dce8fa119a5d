/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_CONSOLE_DOOR_H
#define GATEWAY_CONSOLE_DOOR_H

/*
 * The door for people: HTTPS on gateway.console.listen
 *
 *     browser ──TLS──▶ connections ──▶ door ──▶ assets              the app's files, for everybody
 *                                        ├────▶ authority.crt       the site's authority, to be installed
 *                                        └────▶ api, as staff says  who is signed in, or nobody
 *
 * Nothing is said without TLS, on loopback neither. A body is taken as application/json only: a page of another site
 * cannot send that without asking first, and nobody answers such a question (Fetch, CORS protocol). An address that
 * another program has is tried again each second. Watching needs no door: whatever fails here is told, and ends nothing.
 */

#include "gateway/console/assets.h"
#include "gateway/console/connections.h"
#include "gateway/console/tls.h"
#include "gateway/log.h"

struct console;
struct evconnlistener;
struct evhttp;

/* What people's browsers find. */
enum door_state {
    DOOR_NONE, /* the site has no address for them */
    DOOR_OPEN,
    DOOR_ENDING_CERTIFICATE, /* what they are shown has two weeks left at most, or has ended */
    DOOR_OLD_CERTIFICATE, /* the site's new certificate cannot be used: the one before is shown */
    DOOR_UNKNOWN_CERTIFICATE, /* they warn of one that they do not know, in place of what was meant */
    DOOR_CLOSED,              /* the address cannot be had, or there is nothing to show there */
};

struct door {
    struct console *console;
    bool wanted; /* the site has an address for it */
    struct tls tls;
    struct connections *connections;
    struct evhttp *http; /* NULL while the address cannot be had */
    struct evconnlistener *listener;
    struct assets *assets; /* NULL: there is no app */
    struct log_limiter refused;
    uint64_t plain; /* requests that came without TLS, for want of memory */
};

/* Returns 0 or a negative errno. Opens the address now if that can be, and else with a later tick. */
NODISCARD int door_open(struct door *door, struct console *console);
void door_close(struct door *door);

enum door_state door_state(const struct door *door);

/* All 0 where the site has no address for it. */
struct connections_counts door_counts(const struct door *door);

/* Each second. */
void door_tick(struct door *door, struct wall now, uint64_t real_ns);

#endif
