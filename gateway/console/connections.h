/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_CONSOLE_CONNECTIONS_H
#define GATEWAY_CONSOLE_CONNECTIONS_H

/*
 * Connections of people's browsers
 *
 * TLS on the way to evhttp, and the bounds that evhttp does not have: how many connections there are, how
 * many of one address, how much may wait for one address that does not read, and how long a request may take to
 * come in, whole. A client that sends a byte
 * now and then never trips a time-out between bytes; here its time runs from the first one.
 *
 *     accept ──▶ OPENED ──▶ READING ──▶ ANSWERING ──▶ IDLE ──▶ READING …
 *                  │  no request within    │ evhttp's own time-outs: a client that
 *                  ▼  CONNECTIONS_REQUEST_MS  does not read is closed
 *               closed
 *
 * evhttp owns the bufferevents and frees them; each of them has its row here for as long as its SSL object
 * lives. To close one its socket is shut down, which evhttp sees as its client's end.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "gateway/err.h"

struct bufferevent;
struct event_base;
struct evhttp_request;
struct ssl_ctx_st;
struct connections;

enum {
    CONNECTIONS_MAX = 1100,
    /* Of one address, behind which a house may be: each browser opens six at most. */
    CONNECTIONS_PER_ADDRESS = 128,
    /*
     * Of answers that one address has not read yet. While so many wait, its further requests are told so and not
     * done; the one that goes beyond may add a whole answer of 4 MiB.
     */
    CONNECTIONS_WAITING_BYTES = 12 * 1024 * 1024,
    /* What the kernel takes of an answer that is not read, and doubles; by itself it would take 4 MiB. */
    CONNECTIONS_KERNEL_BYTES = 64 * 1024,
    /* From the first byte to the last of a request, with its TLS handshake. Real time. */
    CONNECTIONS_REQUEST_MS = 10 * 1000,
    /* Between two requests. */
    CONNECTIONS_IDLE_MS = 60 * 1000,
};

struct connections_counts {
    uint32_t open;
    uint64_t accepted;
    uint64_t refused_full;    /* there were CONNECTIONS_MAX */
    uint64_t refused_address; /* its address had CONNECTIONS_PER_ADDRESS */
    uint64_t too_slow;        /* the request did not come in in time */
    uint64_t refused_waiting; /* requests: for their address CONNECTIONS_WAITING_BYTES waited */
};

NODISCARD int connections_new(struct event_base *base, struct connections **ret_connections);

/* To be called when all connections are gone. Returns NULL. */
struct connections *connections_free(struct connections *connections);

/* What new connections speak from now on; those that are there keep theirs. Takes a reference. */
void connections_use(struct connections *connections, struct ssl_ctx_st *context);

/* For evhttp_set_bevcb(); `connections` is the struct connections. */
struct bufferevent *connections_accept(struct event_base *base, void *connections);

/*
 * A request has come in whole; until it is answered its connection has no deadline here. False when it did not come by TLS:
 * there was no memory for that, and nothing may be said to it.
 */
bool connections_request(struct evhttp_request *request);

/* May it be answered? False, and counted, while its address leaves too many bytes of answers unread. */
bool connections_admit_answer(struct evhttp_request *request);

/* Who is at the other end, as text: "192.168.1.7". */
enum { CONNECTIONS_ADDRESS_SIZE = 46 };
void connections_address(struct evhttp_request *request, char ret[CONNECTIONS_ADDRESS_SIZE]);

/* Each second: those whose time is over. */
void connections_tick(struct connections *connections, uint64_t real_ns);

const struct connections_counts *connections_counts(const struct connections *connections);

#endif
