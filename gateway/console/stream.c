/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/console/stream.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <event2/http.h>

#include "gateway/console/document.h"
#include "gateway/console/people.h"

enum stream_state { STREAM_BACKLOG, STREAM_LIVE, STREAM_CLOSING };

struct stream {
    struct streams *owner;
    struct stream *next;
    struct evhttp_request *request;
    struct evhttp_connection *connection;
    enum stream_state state;
    bool placed;           /* sent_seq is meaningful; else the stream begins at the next welcome */
    uint64_t sent_seq;     /* everything up to it was sent, or was before the client's time */
    uint64_t replayed_seq; /* what was committed when the client came: `replayed` up to here */
    enum view_engine engine; /* as last told to the client */
    char id[PEOPLE_ID_SIZE]; /* of who is signed in; "" */
    uint64_t until_real_ns;  /* UINT64_MAX: it has no end */
    uint64_t close_real_ns;  /* CLOSING: when patience ends */
};

static void stream_drained(struct evhttp_connection *connection, void *context);

/* What waits for the client in this process. */
static size_t stream_waiting_bytes(const struct stream *stream) {
    struct bufferevent *bev = evhttp_connection_get_bufferevent(stream->connection);
    return evbuffer_get_length(bufferevent_get_output(bev));
}

static void stream_send(struct stream *stream, struct evbuffer *chunk) {
    evhttp_send_reply_chunk_with_cb(stream->request, chunk, stream_drained, stream);
}

static void stream_say(struct stream *stream, const char *text) {
    struct evbuffer *chunk = evbuffer_new();
    assert(chunk != NULL);
    (void)evbuffer_add(chunk, text, strlen(text));
    stream_send(stream, chunk);
    evbuffer_free(chunk);
}

static void stream_unlink(struct stream *stream) {
    struct stream **at = &stream->owner->first;
    while (*at != stream) {
        at = &(*at)->next;
    }
    *at = stream->next;
    stream->owner->count--;
    free(stream);
}

/* The client went away. The library leaves the request to us once it has let go of the connection.
 */
static void stream_closed(struct evhttp_connection *connection, void *context) {
    (void)connection;
    struct stream *stream = context;
    if (evhttp_request_get_connection(stream->request) == NULL) {
        evhttp_request_free(stream->request);
    }
    stream_unlink(stream);
}

/* Send the last chunk; the library closes the connection when it has been taken. */
static void stream_finish(struct stream *stream) {
    evhttp_connection_set_closecb(stream->connection, NULL, NULL);
    evhttp_send_reply_end(stream->request);
    stream_unlink(stream);
}

/* End a client that does not even take the end. Not for use within a call-back of its connection.
 */
static void stream_abandon(struct stream *stream) {
    evhttp_connection_set_closecb(stream->connection, NULL, NULL);
    evhttp_connection_free(stream->connection);
    stream_unlink(stream);
}

/* Too much waits: what the client would still read is the past. Let it fetch the present instead.
 */
static void stream_cut(struct stream *stream, uint64_t real_ns) {
    stream->owner->cut++;
    stream->state = STREAM_CLOSING;
    stream->close_real_ns = real_ns + STREAM_WRITE_MS * NS_PER_MS;
    stream_say(stream, "event: resync\ndata: {\"reason\":\"slow\"}\n\n");
}

static void stream_document(struct stream *stream, uint64_t seq, const struct document *document) {
    if (!document_is_sound(document)) {
        stream->owner->unframed++;
        return;
    }
    struct evbuffer *chunk = evbuffer_new();
    assert(chunk != NULL);
    if (seq != 0) {
        (void)evbuffer_add_printf(chunk, "id: %" PRIu64 "\n", seq);
    }
    (void)evbuffer_add(chunk, "data: ", 6);
    document_add(chunk, document);
    (void)evbuffer_add(chunk, "\n\n", 2);
    stream_send(stream, chunk);
    evbuffer_free(chunk);
}

/* The journal no longer has what the client asks for: say so, so that it does not trust its count.
 */
static void stream_gap(struct stream *stream, uint64_t next_seq) {
    struct evbuffer *chunk = evbuffer_new();
    assert(chunk != NULL);
    (void)evbuffer_add_printf(chunk,
                              "event: gap\ndata: {\"after\":%" PRIu64 ",\"next\":%" PRIu64 "}\n\n",
                              stream->sent_seq, next_seq);
    stream_send(stream, chunk);
    evbuffer_free(chunk);
}

static bool stream_row(void *context, const struct journal_row *row) {
    struct stream *stream = context;
    if (row->seq > stream->sent_seq + 1) {
        stream_gap(stream, row->seq);
    }
    const struct document document = {
        .body = row->body,
        .size = row->body_size,
        .early = row->early,
        .durable = true,
        .replayed = row->seq <= stream->replayed_seq,
    };
    stream_document(stream, row->seq, &document);
    stream->sent_seq = row->seq;
    return stream_waiting_bytes(stream) < STREAM_BACKLOG_BYTES;
}

/* A client that names a seq nobody has committed comes from another life of the journal. */
static void stream_return_to_present(struct stream *stream) {
    const struct view *view = stream->owner->view;
    if (view->heard_ever && stream->sent_seq > view->newest_seq) {
        stream_gap(stream, view->newest_seq + 1);
        stream->sent_seq = view->newest_seq;
    }
}

/*
 * Send the next rows of the backlog if there is room, and go live when none is left. A journal that
 * cannot be read now is tried again by the tick.
 */
static void stream_pump(struct stream *stream) {
    const struct view *view = stream->owner->view;
    if (stream->state != STREAM_BACKLOG || !stream->placed ||
        stream_waiting_bytes(stream) >= STREAM_BACKLOG_BYTES) {
        return;
    }
    stream_return_to_present(stream);
    if (stream->sent_seq < view->newest_seq) {
        const struct journal_query query = {
            .after_seq = stream->sent_seq,
            .until_seq = view->newest_seq,
            .lane = -1,
            .limit = STREAM_BACKLOG_ROWS,
        };
        uint64_t last_seq = 0;
        if (journal_read(stream->owner->journal, &query, stream_row, stream, &last_seq) != 0) {
            return;
        }
    }
    if (stream->sent_seq >= view->newest_seq && view->heard_ever) {
        stream->state = STREAM_LIVE;
    }
}

/* The client has taken all that was sent. */
static void stream_drained(struct evhttp_connection *connection, void *context) {
    (void)connection;
    struct stream *stream = context;
    if (stream->state == STREAM_CLOSING) {
        stream_finish(stream);
    } else {
        stream_pump(stream);
    }
}

/* Begin once it is known what is new: a stream from now on waits for the first welcome. */
static void stream_place(struct stream *stream) {
    const struct view *view = stream->owner->view;
    if (!stream->placed && view->heard_ever) {
        stream->placed = true;
        stream->sent_seq = view->newest_seq;
        stream->replayed_seq = view->newest_seq;
    }
}

static void stream_tell_engine(struct stream *stream, uint64_t real_ns) {
    enum view_engine engine = view_engine(stream->owner->view, real_ns);
    if (engine == stream->engine || stream->state == STREAM_CLOSING) {
        return;
    }
    stream->engine = engine;
    struct evbuffer *chunk = evbuffer_new();
    assert(chunk != NULL);
    (void)evbuffer_add_printf(chunk, "event: engine\ndata: {\"engine\":\"%s\"}\n\n",
                              view_engine_name(engine));
    stream_send(stream, chunk);
    evbuffer_free(chunk);
}

/* The library's own time-outs are for requests: here the client says nothing for days. */
static void stream_limits(struct stream *stream) {
    const struct timeval write_wait = {.tv_sec = STREAM_WRITE_MS / 1000};
    struct bufferevent *bev = evhttp_connection_get_bufferevent(stream->connection);
    (void)bufferevent_set_timeouts(bev, NULL, &write_wait);
    bufferevent_setwatermark(bev, EV_READ, 0, 4096);
    evhttp_connection_set_closecb(stream->connection, stream_closed, stream);
}

void streams_init(struct streams *streams, const struct view *view,
                  struct journal_reader *journal) {
    *streams = (struct streams){.view = view, .journal = journal};
}

void streams_deinit(struct streams *streams) {
    while (streams->first != NULL) {
        stream_finish(streams->first);
    }
}

static uint64_t stream_until(const char *id, uint64_t session_until_real_ns, uint64_t real_ns) {
    uint64_t until = real_ns + STREAM_SIGNED_IN_S * NS_PER_S;
    if (id[0] == '\0') {
        return UINT64_MAX;
    }
    return session_until_real_ns != 0 && session_until_real_ns < until ? session_until_real_ns
                                                                       : until;
}

void streams_open(struct streams *streams, struct evhttp_request *request, const char *id,
                  uint64_t session_until_real_ns, uint64_t after_seq, uint64_t real_ns) {
    assert(streams->count < STREAMS_MAX);
    struct stream *stream = calloc(1, sizeof *stream);
    assert(stream != NULL);
    *stream = (struct stream){
        .owner = streams,
        .next = streams->first,
        .request = request,
        .connection = evhttp_request_get_connection(request),
        .placed = after_seq != STREAM_FROM_NOW,
        .sent_seq = after_seq == STREAM_FROM_NOW ? 0 : after_seq,
        .replayed_seq = streams->view->newest_seq,
        .engine = view_engine(streams->view, real_ns),
        .until_real_ns = stream_until(id, session_until_real_ns, real_ns),
    };
    (void)snprintf(stream->id, sizeof stream->id, "%s", id);
    streams->first = stream;
    streams->count++;

    struct evkeyvalq *headers = evhttp_request_get_output_headers(request);
    (void)evhttp_add_header(headers, "Content-Type", STREAM_CONTENT_TYPE);
    (void)evhttp_add_header(headers, "Cache-Control", "no-store");
    (void)evhttp_add_header(headers, "Connection", "close");
    evhttp_send_reply_start(request, 200, NULL);
    stream_limits(stream);
    stream_place(stream);
    struct evbuffer *hello = evbuffer_new();
    assert(hello != NULL);
    (void)evbuffer_add_printf(
        hello,
        "retry: 1000\nevent: hello\ndata: {\"engine\":\"%s\",\"newest_seq\":%" PRIu64 "}\n\n",
        view_engine_name(stream->engine), streams->view->newest_seq);
    stream_send(stream, hello);
    evbuffer_free(hello);
    stream_pump(stream);
}

void streams_end_of(struct streams *streams, const char *id) {
    struct stream *next = NULL;
    for (struct stream *stream = streams->first; stream != NULL; stream = next) {
        next = stream->next;
        if (strcmp(stream->id, id) == 0) {
            stream_finish(stream);
        }
    }
}

bool streams_has(const struct streams *streams, const char *id) {
    const struct stream *stream = streams->first;
    while (stream != NULL && (stream->state == STREAM_CLOSING || strcmp(stream->id, id) != 0)) {
        stream = stream->next;
    }
    return stream != NULL;
}

static void stream_event(struct stream *stream, const struct wire_event *event, uint64_t real_ns) {
    if (stream->state == STREAM_CLOSING || !stream->placed) {
        return;
    }
    bool follows = event->seq == 0 || event->seq == stream->sent_seq + 1;
    if (event->seq != 0 && event->seq <= stream->sent_seq) {
        return;
    }
    if (stream->state == STREAM_LIVE && !follows) {
        stream->state = STREAM_BACKLOG;
    }
    if (stream->state == STREAM_BACKLOG && event->seq != 0) {
        stream_pump(stream);
        return;
    }
    if (stream_waiting_bytes(stream) + event->body_size > STREAM_BYTES_MAX) {
        stream_cut(stream, real_ns);
        return;
    }
    const struct document document = {
        .body = event->body,
        .size = event->body_size,
        .early = event->early,
        .durable = event->seq != 0,
    };
    stream_document(stream, event->seq, &document);
    if (event->seq != 0) {
        stream->sent_seq = event->seq;
    }
}

void streams_event(struct streams *streams, const struct wire_event *event, uint64_t real_ns) {
    for (struct stream *stream = streams->first; stream != NULL; stream = stream->next) {
        stream_event(stream, event, real_ns);
    }
}

void streams_engine(struct streams *streams, uint64_t real_ns) {
    for (struct stream *stream = streams->first; stream != NULL; stream = stream->next) {
        stream_place(stream);
        stream_tell_engine(stream, real_ns);
        if (stream->state == STREAM_LIVE && stream->sent_seq < streams->view->newest_seq) {
            stream->state = STREAM_BACKLOG;
        }
        stream_pump(stream);
    }
}

void streams_tick(struct streams *streams, uint64_t real_ns) {
    bool ping = real_ns >= streams->next_ping_real_ns;
    if (ping) {
        streams->next_ping_real_ns = real_ns + STREAM_PING_MS * NS_PER_MS;
    }
    struct stream *next = NULL;
    for (struct stream *stream = streams->first; stream != NULL; stream = next) {
        next = stream->next;
        if (stream->state == STREAM_CLOSING) {
            if (real_ns >= stream->close_real_ns) {
                stream_abandon(stream);
            }
            continue;
        } else if (real_ns >= stream->until_real_ns) {
            streams->over++;
            stream_finish(stream);
            continue;
        }
        stream_tell_engine(stream, real_ns);
        if (ping && stream_waiting_bytes(stream) < STREAM_BACKLOG_BYTES) {
            stream_say(stream, ": ping\n\n");
        }
        stream_pump(stream);
    }
}
