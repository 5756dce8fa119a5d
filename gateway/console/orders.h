/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_CONSOLE_ORDERS_H
#define GATEWAY_CONSOLE_ORDERS_H

/*
 * Commands on their way
 *
 * A command goes to the engine, and its HTTP request waits here until the engine has recorded it,
 * has refused it, is gone, or ORDERS_WAIT_MS are over; so does what came by the broker (remote.h). Every one is answered exactly
 * once, and nobody is told "done" before the engine has said so. The table is small: people press
 * buttons, and one that is full says so at once.
 */

#include "gateway/console/remote.h"
#include "gateway/console/repeats.h"
#include "gateway/site.h"
#include "gateway/wire.h"

struct evhttp_request;

enum {
    ORDERS_MAX = 64,
    /* Real time. A commit is given 250 ms before the engine answers without it. */
    ORDERS_WAIT_MS = 5000,
};

struct order {
    uint64_t number; /* comes back in the result; 0: free. Those who repeat a takeover share it */
    struct evhttp_request *request; /* NULL: it came by the broker, from … */
    struct remote_sender sender;
    uint64_t deadline_real_ns;
    uint32_t alarm; /* RULESET_NONE for a command about a place */
    uint32_t place; /* both are: it is about a shift */
    enum site_language language;
};

struct orders {
    struct console *console; /* for answers to the broker */
    struct order rows[ORDERS_MAX];
    struct repeats repeats;
    uint64_t next_number;
    uint32_t waiting;
    uint64_t refused_full; /* because the table or the socket was full */
};

/*
 * Send `command` and keep `request` until its answer; takes the request in every case and answers
 * it at once when the engine cannot be reached.
 */
void orders_send(struct orders *orders, struct wire_client *engine, const struct command *command,
                 struct evhttp_request *request, enum site_language language, uint64_t real_ns);

/*
 * Likewise that somebody takes over a shift. One that is asked again is not sent again (repeats.h): it has the answer of
 * the first, or waits for it as well.
 */
void orders_send_takeover(struct orders *orders, struct wire_client *engine,
                          const struct takeover *takeover, struct evhttp_request *request,
                          enum site_language language, uint64_t real_ns);

/* Likewise a command that came by the broker, whose answer goes to `sender` by remote_answer(). */
void orders_send_remote(struct orders *orders, struct wire_client *engine,
                        const struct command *command, const struct remote_sender *sender,
                        uint64_t real_ns);

/* The engine answered. A result that nobody waits for any more is ignored. */
void orders_result(struct orders *orders, const struct site *site,
                   const struct wire_command_result *result);

/* Answer those whose time is over. */
void orders_expire(struct orders *orders, uint64_t real_ns);

/* The engine is gone, or this process ends: answer all of them. */
void orders_fail(struct orders *orders);

#endif
