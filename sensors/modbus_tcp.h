/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SENSORS_MODBUS_TCP_H
#define SENSORS_MODBUS_TCP_H

/*
 * Modbus over TCP: one connection, one transaction at a time, and never a wait
 *
 *              ask, closed              connected           sent
 *     CLOSED ───────────────▶ CONNECTING ─────────┐      ┌────────▶ WAITING
 *       ▲                         │               ▼      │             │
 *       │       refused, too late │             IDLE ────┘ ask         │ a right answer, or an
 *       ├─────────────────────────┘               ▲                    │ exception: IDLE again
 *       │                                         └────────────────────┤
 *       └───── wrong answer, too late, closed, bytes nobody asked for ─┘
 *
 * The connection is driven here and not by libmodbus, because libmodbus 3.1.6 waits in every call:
 * for a thousand devices that is a thousand threads, and two wake-ups for each poll that one loop
 * does not need. Besides, modbus_connect() aborts the process at descriptor 1,024, a request sent
 * raw has transaction 0, so that a late answer would pass for the right one, and the unit and
 * protocol of an answer are not looked at. A serial line has none of this and stays libmodbus's.
 *
 * After a time-out or a wrong answer nothing on the connection can be believed: it is closed, and
 * opened again by the next request. Bytes that come while nothing was asked are somebody's late
 * answer, and end it likewise. A device that closes a connection which it thinks idle has not
 * answered anything: the request is sent once more over a new one.
 *
 * A transaction, with opening the connection, takes at most 1.5 × its time-out.
 *
 * The host watches the descriptor with the epoll instance given (edge-triggered, so that a
 * connection costs one registration in its life), and calls in from one thread.
 */

#include <sys/socket.h>

#include "sensors/modbus_bus.h"

enum { MBTCP_ADDRESS_SIZE = 64 };

enum mbtcp_state { MBTCP_CLOSED, MBTCP_CONNECTING, MBTCP_IDLE, MBTCP_WAITING };

struct mbtcp {
    enum mbtcp_state state;
    int epoll_fd;
    uint64_t key; /* the host's, in its epoll events */
    int fd;       /* -1 while closed */
    uint16_t port;
    uint16_t transaction;
    uint64_t timeout_ns;  /* of the present request */
    uint64_t limit_ns;    /* when the transaction ends, whatever happens */
    uint64_t deadline_ns; /* when the present state ends; UINT64_MAX while nothing is asked */
    struct mbframe_request request;
    bool reused; /* the request went out over a connection that was open before */
    uint64_t opened;
    uint32_t late;
    size_t size; /* of the answer so far */
    struct mbbus_outcome outcome;
    char address[MBTCP_ADDRESS_SIZE];
    char detail[SENSOR_DETAIL_SIZE];
    uint8_t answer[2 * MBFRAME_ADU_MAX]; /* a frame, and what follows it */
};

/*
 * A closed connection to `address`, an IPv4 or IPv6 literal, or "" until mbtcp_address() tells it.
 * Copies the text. Its events carry `key`.
 */
void mbtcp_init(struct mbtcp *link, int epoll_fd, uint64_t key, const char *address, uint16_t port);

/* Close. Twice is harmless. */
void mbtcp_deinit(struct mbtcp *link);

/* Use this literal from the next opening on. */
void mbtcp_address(struct mbtcp *link, const char *address);

/*
 * Each of these returns true when the transaction is over: `link->outcome` then holds what came of
 * it until the next request. Between them the host waits for events, or until `deadline_ns`.
 */

/* Begin a transaction; none may be under way. `timeout_ns` is at least 1 ms. */
bool mbtcp_ask(struct mbtcp *link, const struct mbframe_request *request, uint64_t timeout_ns,
               uint64_t now_ns);

/* The descriptor has these epoll events. */
bool mbtcp_ready(struct mbtcp *link, uint32_t events, uint64_t now_ns);

/* `deadline_ns` has come. */
bool mbtcp_expire(struct mbtcp *link);

#endif
