/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SENSORS_MODBUS_LINK_H
#define SENSORS_MODBUS_LINK_H

/*
 * Modbus link: one connection or line, one transaction at a time
 *
 * A serial line is libmodbus's: it opens it, frames what comes and guards it by the checksum; unit
 * and function are checked here once more. Its byte time-out is 0, so that the response time-out
 * governs the whole answer.
 *
 * A TCP connection is driven here, because libmodbus 3.1.6 does each part of it wrong for us:
 *
 *   - modbus_connect() uses select() on the new descriptor before anybody can look at it, and
 * aborts the process at 1,024; it cannot be interrupted, and takes every failure for a refusal.
 *   - A request sent raw has transaction 0, so that a late answer would pass for the right one; and
 * the unit and protocol of an answer are not looked at.
 *   - An answer costs it six system calls. Here a request and its answer are two, a send() and a
 * recv() that waits by the socket's own time-out. Beside a thread's sleep for each device that is
 * what keeps a poll at the price of a bare libmodbus loop, which sleeps once for all.
 *
 * After a time-out or a wrong answer nothing on the link can be believed: a TCP connection is
 * closed and opened again by the next request; a serial line is drained until it was silent for 3.5
 * characters. Bytes that wait before a request are somebody's late answer, and are refused
 * likewise.
 *
 * A transaction, with opening the connection, takes at most 1.5 × its time-out.
 *
 * One thread uses a link; only mblink_cut() and mblink_address() may be called from others.
 */

#include "sensors/modbus_frame.h"

/* select() in libmodbus cannot take 1,024 or more; some room is left for the descriptors of others.
 */
enum { MBLINK_DESCRIPTOR_MAX = 1000 };

enum { MBLINK_ADDRESS_SIZE = 64 };

enum mblink_kind { MBLINK_TCP, MBLINK_RTU };

struct mblink_conf {
    enum mblink_kind kind;
    const char *address; /* TCP: IPv4 or IPv6 literal, or "" until mblink_address() tells it */
    uint16_t port;
    const char *line; /* RTU: path of the line */
    uint32_t baud;
    char parity; /* 'N', 'E', 'O' */
    uint8_t stop_bits;
};

struct mblink;

/* `real_ns` and `context` are the sink's clock. Copies the texts of `conf`. Returns 0 or -ENOMEM.
 */
SENSORS_NODISCARD int mblink_new(const struct mblink_conf *conf, uint64_t (*real_ns)(void *context),
                                 void *context, struct mblink **ret_link);

/* Close and release. Accepts NULL, returns NULL. */
struct mblink *mblink_free(struct mblink *link);

/*
 * One transaction: open the link if it is closed, send, wait, check. Returns SENSOR_CAUSE_NONE with
 * the answer, SENSOR_CAUSE_EXCEPTION with its code, or why there is none. The answer's data stays
 * valid until the next request. `timeout_ns` is at least 1 ms.
 */
enum sensor_cause mblink_ask(struct mblink *link, const struct mbframe_request *request,
                             uint64_t timeout_ns, struct mbframe_answer *ret_answer);

/*
 * Stale bytes that were thrown away before requests, since the last call. The transaction that
 * found them went on, over a new connection or a drained line.
 */
uint32_t mblink_late(struct mblink *link);

/* How often the link has been opened: a change means that what was written before may be forgotten.
 */
uint64_t mblink_opened(const struct mblink *link);

/* More about the last failure, for people: "Connection refused". May be empty. */
const char *mblink_detail(const struct mblink *link);

/* Use this literal from the next opening on. Any thread. */
void mblink_address(struct mblink *link, const char *address);

/*
 * End the present transaction at once (a serial one within 100 ms or its frame's length) and refuse
 * every later one. Any thread.
 */
void mblink_cut(struct mblink *link);

#endif
