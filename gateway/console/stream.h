/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_CONSOLE_STREAM_H
#define GATEWAY_CONSOLE_STREAM_H

/*
 * The live stream (server-sent events)
 *
 * A client that connects gets every event after the one it names in `Last-Event-ID`, without a gap
 * and without one twice, however long it was away:
 *
 *     BACKLOG   rows are read from the journal, no faster than the client takes them
 *        │ all that is committed was sent
 *        ▼
 *     LIVE      events are passed on as the engine tells them; one that does not follow
 *        │      the last sent (the wire was full) leads back to BACKLOG
 *        │ STREAM_BYTES_MAX wait for a client that does not read
 *        ▼
 *     CLOSING   `event: resync`, then the end: the client asks for the present state
 *               and comes back
 *
 * `id:` is the seq. An event that the journal could not take in time is passed on at once without
 * an id; it comes again when it is recorded. `event: engine` says when the engine comes or goes, so
 * that silence is never mistaken for calm, and a comment each STREAM_PING_MS keeps the line alive.
 */

#include "gateway/console/view.h"
#include "gateway/journal/journal_reader.h"

struct evhttp_request;

enum {
    STREAMS_MAX = 512,
    STREAM_BYTES_MAX = 256 * 1024,
    /* The backlog goes on when no more than this waits to be sent. */
    STREAM_BACKLOG_BYTES = 64 * 1024,
    STREAM_BACKLOG_ROWS = 200,
    STREAM_PING_MS = 5000,
    /* A client that takes nothing at all for so long is gone; so is one that is closing. Real time.
     */
    STREAM_WRITE_MS = 10000,
    /*
     * So long one of who is signed in lasts at most, and never longer than the session: then it ends, and the client
     * comes back by itself with the seq it has, if it still may. Real time.
     */
    STREAM_SIGNED_IN_S = 12 * 3600,
};

#define STREAM_CONTENT_TYPE "text/event-stream"

/* Where to begin: at what is new from now on. */
#define STREAM_FROM_NOW UINT64_MAX

struct stream;

struct streams {
    const struct view *view;
    struct journal_reader *journal;
    struct stream *first;
    uint32_t count;
    uint64_t next_ping_real_ns;
    uint64_t over;     /* ended after STREAM_SIGNED_IN_S, or with their session */
    uint64_t cut;      /* clients that did not read fast enough */
    uint64_t refused;  /* because there are STREAMS_MAX already */
    uint64_t unframed; /* events whose body could not be framed */
};

/* Keeps `view` and `journal`. */
void streams_init(struct streams *streams, const struct view *view, struct journal_reader *journal);

/* End every stream. */
void streams_deinit(struct streams *streams);

/*
 * Answer `request` with the stream of events after `after_seq` (or STREAM_FROM_NOW). Takes the
 * request; `id` is of who is signed in, or "", and `session_until_real_ns` the end of their session, 0 if it has none.
 * The caller has checked that there are fewer than STREAMS_MAX.
 */
void streams_open(struct streams *streams, struct evhttp_request *request, const char *id,
                  uint64_t session_until_real_ns, uint64_t after_seq, uint64_t real_ns);

/* Whoever `id` is must sign in anew: end their streams. */
void streams_end_of(struct streams *streams, const char *id);

/* Has who is signed in as `id` a stream open? */
bool streams_has(const struct streams *streams, const char *id);

/* The engine told an event; the view knows it already. */
void streams_event(struct streams *streams, const struct wire_event *event, uint64_t real_ns);

/* The engine came or went, or more is committed than was told event by event. */
void streams_engine(struct streams *streams, uint64_t real_ns);

/* Each second: pings, the backlog that could not be read before, clients that are over their time.
 */
void streams_tick(struct streams *streams, uint64_t real_ns);

#endif
