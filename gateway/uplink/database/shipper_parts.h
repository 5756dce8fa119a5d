/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_UPLINK_DATABASE_SHIPPER_PARTS_H
#define GATEWAY_UPLINK_DATABASE_SHIPPER_PARTS_H

/*
 * The parts of the shipper, for its own files only
 *
 *     shipper.c            the loop's side: birth, death, and what is handed over
 *     shipper_thread.c     the thread: when which ship sails, and its exchange with the loop
 *     shipper_load.c       what goes into a ship
 *     shipper_send.c       a ship under way, and what comes of the answers
 *     shipper_condition.c  whether the database takes anything, and how long to wait if not
 */

#include <pthread.h>

#include <event2/event.h>

#include "gateway/uplink/database/depot.h"
#include "gateway/uplink/database/handed.h"
#include "gateway/uplink/database/shipment.h"
#include "gateway/uplink/database/shipper.h"
#include "gateway/uplink/reconnect.h"
#include "gateway/uplink/transfers.h"

/* Of a text for people. */
enum { SHIPPER_REASON_SIZE = 320 };

/* In order of importance. */
enum ship_kind { SHIP_LIVE, SHIP_EVENTS, SHIP_SPOOLED, SHIP_COUNT };

struct ship {
    struct shipper *shipper;
    enum ship_kind kind;
    char *text; /* NULL: empty */
    uint32_t lines;
    struct shipment shipment;
    bool on_disk; /* `place` is where */
    struct spool_place place;
    uint64_t last_seq; /* of the events */
    struct request request;
};

/* What both threads look at, under the lock. */
struct shipper_mailbox {
    struct handed handed;
    uint64_t lost_lines;
    struct log_limiter lost_limiter;
    uint64_t journal_newest, journal_confirmed;
    bool welcomed, stopping;
    bool again; /* after `again_after`, since `again_since` */
    uint64_t again_after;
    struct wall again_since;
    struct shipper_stats stats;
};

struct shipper {
    struct shipper_conf conf;
    pthread_t thread;
    pthread_mutex_t lock;
    int wake;
    struct shipper_mailbox mailbox;
    /* all below is the thread's */
    struct event_base *base;
    struct event *woken, *retry, *slow, *stop;
    struct transfers *transfers;
    struct journal_reader *journal;
    struct depot depot;
    struct ship ships[SHIP_COUNT];
    struct reconnect backoff;
    bool answered;         /* the last request was: what failed is that it was not taken */
    bool waiting;          /* after a failure */
    bool late;             /* what is under way has no answer for longer than it should */
    bool well;             /* the last answer was good */
    bool proven;           /* it has taken something since it last failed */
    uint64_t well_real_ns; /* since when */
    size_t bytes_max;      /* that the database is known to take at once */
    uint64_t journal_newest;
    uint32_t event_tries;    /* in which the next event could not be read */
    uint64_t again_until;    /* what is written again ends here */
    struct wall again_since; /* until one of then or later is found, events are passed over */
    bool welcomed, stopping;
    struct shipper_stats stats;
    struct log_reasons lost_reasons;
    struct log_limiter back_limiter, refused_limiter;
};

struct timeval shipper_timeval(uint64_t ms);

/* ---- shipper_thread.c ---- */

/* The oldest batch that was handed over, for the caller to free; NULL when there is none. */
struct batch *shipper_take_batch(struct shipper *shipper);

/* Put one back in front of the others, or drop it where there is no room. */
void shipper_return_batch(struct shipper *shipper, struct batch *batch);

/* Exchange with the loop, and let sail what can. */
void shipper_pump(struct shipper *shipper);

/* What wakes the thread. */
void shipper_woken(evutil_socket_t fd, short what, void *context);
void shipper_retry(evutil_socket_t fd, short what, void *context);
void shipper_slow(evutil_socket_t fd, short what, void *context);
void shipper_stop(evutil_socket_t fd, short what, void *context);

/* The thread itself, for pthread_create(). */
void *shipper_run(void *context);

/* ---- shipper_load.c ---- */

/* Load an empty ship with what there is for it. */
void ship_load(struct ship *ship);
void ship_clear(struct ship *ship);

/* ---- shipper_send.c ---- */

/* Send what a ship holds, which it loads when it is empty, unless it is under way. */
void ship_begin(struct ship *ship);

/* How many are under way. */
uint32_t shipper_under_way(const struct shipper *shipper);

/* Write to the disk what of a ship is not taken yet. Returns false when that cannot be done. */
bool ship_spool_rest(struct ship *ship);

/* The live ship gives its lines up, to the disk or back to the mailbox. */
void ship_unload_live(struct ship *ship);

/* A request has its answer, or none will come. */
void ship_transfer_ended(void *context, CURL *transfer, CURLcode result);

/* ---- shipper_condition.c ---- */

/* The database has taken something. */
void shipper_is_well(struct shipper *shipper);

/*
 * So many lines went, or none, because neither the database nor the disk takes any; tells it. Either
 * thread may call it: the one whose disk hangs cannot. Takes the lock.
 */
void shipper_lose(struct shipper *shipper, uint64_t lines);

/* It has not, for `reason`: all ships wait, `wait_ms` at least. */
void shipper_is_down(struct shipper *shipper, const char *reason, uint64_t wait_ms);

#endif
