/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_UPLINK_DATABASE_SHIPPER_H
#define GATEWAY_UPLINK_DATABASE_SHIPPER_H

/*
 * The shipper: a thread that brings lines into a database, whatever that takes
 *
 *     uplink's loop ── hand ──▶ mailbox ──▶ live ─────┐
 *                                  │                   ├──▶ POST /write ──▶ database
 *                                  ▼ away or slow      │
 *                                spool ──▶ back-fill ──┤
 *                              journal ──▶ events ─────┘
 *
 * Three ships, each with one request at a time, so that what is new never waits for what is old: the
 * newest lines, the spool from its oldest record on, and the events of the journal after the last
 * that was taken. A thread of its own, because it waits for the disk and for name servers, and an
 * alarm on its way to the broker must wait for neither.
 *
 *   - While the database does not answer, new lines go into the spool at once; so do those that it
 *     takes longer than `slow_ms` to answer for, so that whatever happens to the process, no more
 *     than the lines of two seconds are lost.
 *   - Events are never spooled: the journal has them. They are confirmed once the database has them.
 *   - After a failure all ships wait, 0.5 s to 30 s with jitter or as long as `Retry-After` says (at
 *     most SHIPPER_RETRY_AFTER_MAX_S); then a single request tries, and the others follow when it was
 *     taken.
 *   - Lines that are found wrong are looked for by halves (shipment.h) and kept in the quarantine.
 *     New ones go into the spool for that, so that the search holds up nothing.
 *   - Without a disk, HANDED_MAX batches wait in memory; then the oldest go, counted.
 *
 * All functions are the loop's. What they say is what the thread knew a moment ago.
 */

#include "gateway/uplink/database/event_line.h"
#include "gateway/uplink/database/handed.h"
#include "gateway/uplink/database/request.h"
#include "gateway/uplink/database/spool.h"

enum {
    /* Bytes of a batch, which goes in one request if the database takes so much. */
    SHIPPER_BATCH_BYTES_MAX = 1 << 20,
    SHIPPER_EVENTS_MAX = 500, /* in one request */
    SHIPPER_RETRY_AFTER_MAX_S = 600,
};

/* Texts are kept. */
struct shipper_conf {
    struct request_target target;
    struct event_line_source source;
    const char *directory;               /* for the spool and the quarantine */
    const char *state_directory;         /* where the journal is */
    uint64_t spool_size;                 /* 0: none */
    uint32_t slow_ms;                    /* 1,000 */
    uint32_t retry_ms_min, retry_ms_max; /* 500 and 30,000 */
    uint32_t stop_ms;                    /* 1,000 */
    uint64_t seed;                       /* of the jitter */
};

struct shipper_stats {
    enum truth reachable; /* unknown before the first answer */
    bool refusing;        /* not reachable: it answers, and takes nothing */
    struct wall since;    /* when that became so; 0: before the first answer */
    uint64_t lines_written, events_written;
    uint64_t lines_refused; /* by the database: in the quarantine, or older than it keeps */
    uint64_t lines_lost;    /* because neither memory nor disk had room */
    uint64_t requests, failures;
    uint64_t handed;           /* batches in memory */
    uint64_t events_confirmed; /* everything in the journal up to this seq is in the database */
    bool again;                /* events are written once more, as shipper_again() wants it */
    struct spool_stats spool;
};

struct shipper;

/* The program has called curl_global_init(). Copies the struct. Returns 0 or <0. */
NODISCARD int shipper_new(const struct shipper_conf *conf, struct shipper **ret_shipper);

/* Stop: what the database does not take within `stop_ms` goes into the spool. */
struct shipper *shipper_free(struct shipper *shipper);

/*
 * Hand over `size` bytes of whole lines, at most SHIPPER_BATCH_BYTES_MAX; takes `text`, which comes
 * from malloc().
 */
void shipper_hand(struct shipper *shipper, char *text, size_t size, uint32_t lines);

/*
 * The engine says how far its journal goes and what it knows as confirmed. The thread's own number
 * stands if it is higher, unless the journal now ends before it: then it is another journal. No event
 * is written before this was said once.
 */
void shipper_welcome(struct shipper *shipper, uint64_t newest, uint64_t confirmed);

/* The journal has grown up to `newest`. */
void shipper_journal(struct shipper *shipper, uint64_t newest);

/*
 * Write the events after `after_seq` once more, from the first of `since` or later on, up to those that
 * are new. A database that has them keeps each once.
 */
void shipper_again(struct shipper *shipper, uint64_t after_seq, struct wall since);

void shipper_stats(struct shipper *shipper, struct shipper_stats *ret_stats);

#endif
