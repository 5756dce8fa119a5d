/* SPDX-License-Identifier: Apache-2.0 */
#include <assert.h>
#include <inttypes.h>
#include <string.h>

#include <event2/buffer.h>
#include <event2/http.h>

#include "gateway/console/answers.h"
#include "gateway/console/document.h"
#include "gateway/console/events_query.h"
#include "gateway/console/resend_body.h"

/* A page of events ends here, however many were asked for. */
enum { EVENTS_BYTES_MAX = 4 * 1024 * 1024 };

/* A page of events under way. */
struct events_page {
    struct evbuffer *out;
    uint32_t count;
};

static bool events_page_row(void *context, const struct journal_row *row) {
    struct events_page *page = context;
    const struct document document = {
        .body = row->body,
        .size = row->body_size,
        .early = row->early,
        .durable = true,
        .replayed = true,
    };
    if (document_is_sound(&document)) {
        (void)evbuffer_add(page->out, ",", page->count++ > 0 ? 1 : 0);
        document_add(page->out, &document);
    }
    return evbuffer_get_length(page->out) < EVENTS_BYTES_MAX;
}

void answer_events(struct call *call) {
    const struct view *view = &call->console->view;
    struct journal_filter filter;
    struct journal_query query;
    if (!events_query_read(call, &filter, &query)) {
        return;
    }
    struct events_page page = {.out = evbuffer_new()};
    assert(page.out != NULL);
    (void)evbuffer_add_printf(page.out, "{\"engine\":\"%s\",\"events\":[",
                              view_engine_name(view_engine(view, call->real_ns)));
    uint64_t last_seq = 0;
    int r = journal_read(call->console->journal, &query, events_page_row, &page, &last_seq);
    if (r != 0) {
        call_problem(call, PROBLEM_JOURNAL, NULL);
    } else {
        (void)evbuffer_add_printf(page.out,
                                  "],\"last_seq\":%" PRIu64 ",\"newest_seq\":%" PRIu64 "}",
                                  last_seq, view->newest_seq);
        reply_bytes(call->request, "application/json; charset=utf-8", page.out);
    }
    evbuffer_free(page.out);
}

void answer_stream(struct call *call) {
    struct streams *streams = &call->console->streams;
    const char *last = call_header(call, "Last-Event-ID");
    if (last != NULL) {
        (void)evhttp_remove_header(&call->query, "after");
        (void)evhttp_add_header(&call->query, "after", last);
    }
    uint64_t after = 0;
    if (!call_number(call, "after", STREAM_FROM_NOW, INT64_MAX, &after)) {
        call_problem(call, PROBLEM_PARAMETER, "after");
    } else if (evhttp_request_get_command(call->request) == EVHTTP_REQ_HEAD) {
        reply_head(call->request, STREAM_CONTENT_TYPE);
    } else if (streams->count >= STREAMS_MAX) {
        streams->refused++;
        call_problem(call, PROBLEM_BUSY, NULL);
    } else {
        streams_open(streams, call->request, call->asker.id, call->asker.session_until_real_ns,
                     after, call->real_ns);
    }
}

/* ---- is it still what was recorded? ---- */

void answer_audit(struct call *call) {
    reply_json(call->request, 200, auditor_body(&call->console->auditor));
}

void answer_audit_begin(struct call *call) {
    size_t size = 0;
    const char *body = call_body(call, &size);
    if (size > 0 && (size != strlen("{}") || memcmp(body, "{}", size) != 0)) {
        call_problem(call, PROBLEM_BODY, "{}");
        return;
    }
    const struct asker *asker = &call->asker;
    const char *by = asker->name[0] != '\0' ? asker->name : asker_role_name(asker);
    if (auditor_begin(&call->console->auditor, by) != 0) {
        call_problem(call, PROBLEM_BUSY, NULL);
    } else {
        reply_json(call->request, 202, auditor_body(&call->console->auditor));
    }
}

/* ---- events once more ---- */

static bool call_has_sink(const struct call *call, uint32_t sink) {
    const struct site *site = call->console->view.site;
    return sink == JOURNAL_SINK_MQTT ? site->broker_count > 0 : site->header->influx_url != 0;
}

struct oldest_event {
    uint64_t seq; /* 0: there is none */
    struct wall wall;
};

static bool oldest_event_row(void *context, const struct journal_row *row) {
    *(struct oldest_event *)context = (struct oldest_event){.seq = row->seq, .wall = row->wall};
    return false;
}

/* Ask the engine, and say how far back the journal goes. */
static void call_resend(struct call *call, const struct wire_resend *message) {
    const struct journal_query query = {.until_seq = UINT64_MAX, .lane = -1, .limit = 1};
    struct console *console = call->console;
    struct oldest_event oldest = {0};
    uint64_t last_seq = 0;
    if (journal_read(console->journal, &query, oldest_event_row, &oldest, &last_seq) != 0) {
        call_problem(call, PROBLEM_JOURNAL, NULL);
        return;
    }
    if (oldest.seq == 0 || message->first_seq > console->view.newest_seq ||
        message->last_seq < oldest.seq || message->until.ns < oldest.wall.ns) {
        call_problem(call, PROBLEM_NO_EVENTS, NULL);
        return;
    }
    int r = wire_client_send(console->engine, message);
    if (r != 0) {
        call_problem(call, r == WIRE_E_FULL ? PROBLEM_BUSY : PROBLEM_ENGINE_AWAY, NULL);
        return;
    }
    char time[CLOCK_TEXT_SIZE];
    clock_format(oldest.wall, time);
    bool by_time = message->since.ns != INT64_MIN;
    bool whole = oldest.seq == 1 ||
                 (by_time ? message->since.ns >= oldest.wall.ns : message->first_seq >= oldest.seq);
    reply_json(call->request, 200,
               json_pack("{s:s, s:I, s:s, s:I, s:b}", "to",
                         resends_sink_name((enum journal_sink)message->sink), "oldest_seq",
                         (json_int_t)oldest.seq, "oldest_time", time, "newest_seq",
                         (json_int_t)console->view.newest_seq, "whole", whole));
}

void answer_resend(struct call *call) {
    size_t size = 0;
    const char *bytes = call_body(call, &size);
    const char *wrong = NULL;
    struct wire_resend message;
    struct wall now = clock_wall();
    if (!resend_body_read(bytes, size, &call->asker, now, &message, &wrong)) {
        call_problem(call, message.since.ns > now.ns ? PROBLEM_RESEND_EARLY : PROBLEM_RESEND,
                     wrong);
    } else if (!call_has_sink(call, message.sink)) {
        call_problem(call, PROBLEM_NO_SINK, resends_sink_name((enum journal_sink)message.sink));
    } else {
        call_resend(call, &message);
    }
}
