/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/console/api.h"

#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/http.h>
#include <event2/keyvalq_struct.h>

#include "gateway/console/body.h"
#include "gateway/console/console.h"
#include "gateway/console/document.h"
#include "gateway/console/metrics.h"
#include "gateway/console/order_body.h"
#include "gateway/console/peer.h"
#include "gateway/console/reply.h"
#include "gateway/console/resend_body.h"

enum {
    EVENTS_LIMIT_DEFAULT = 100,
    EVENTS_LIMIT_MAX = 1000,
    /* A page of events ends here, however many were asked for. */
    EVENTS_BYTES_MAX = 4 * 1024 * 1024,
};

/* One request on its way to its answer. */
struct call {
    struct console *console;
    struct evhttp_request *request;
    const char *path; /* what follows the route's own words, without the leading slash */
    struct evkeyvalq query;
    struct peer peer;
    enum role role;
    enum site_language language;
    uint64_t real_ns;
};

static void call_problem(struct call *call, enum problem problem, const char *about) {
    reply_problem(call->request, problem, call->language, about);
}

/* A number of the query; `fallback` when it is not given. False when it is no number up to `max`.
 */
static bool call_number(const struct call *call, const char *name, uint64_t fallback, uint64_t max,
                        uint64_t *ret_value) {
    const char *text = evhttp_find_header(&call->query, name);
    if (text == NULL) {
        *ret_value = fallback;
        return true;
    }
    size_t digits = strspn(text, "0123456789");
    if (digits == 0 || digits > 19 || text[digits] != '\0') {
        return false;
    }
    *ret_value = strtoull(text, NULL, 10);
    return *ret_value <= max;
}

static bool call_flag(const struct call *call, const char *name) {
    const char *text = evhttp_find_header(&call->query, name);
    return text != NULL && strcmp(text, "1") == 0;
}

/* The index to continue a list from. */
static bool call_first(struct call *call, uint32_t *ret_first) {
    uint64_t from = 0;
    if (!call_number(call, "from", 0, UINT32_MAX, &from)) {
        call_problem(call, PROBLEM_PARAMETER, "from");
        return false;
    }
    *ret_first = (uint32_t)from;
    return true;
}

static void answer_alarms(struct call *call) {
    uint32_t first = 0;
    if (call_first(call, &first)) {
        reply_json(call->request, 200,
                   body_alarms(&call->console->view, call_flag(call, "all"), first, call->real_ns));
    }
}

static void answer_alarm(struct call *call) {
    const struct view *view = &call->console->view;
    uint32_t alarm = site_alarm_find(view->site, call->path);
    if (alarm == RULESET_NONE) {
        reply_refusal(call->request, COMMAND_REFUSED_UNKNOWN, view->site->ruleset.times,
                      call->language, "alarm", call->path);
        return;
    }
    json_t *body = body_alarm(view, alarm);
    (void)json_object_set_new(body, "engine",
                              json_string(view_engine_name(view_engine(view, call->real_ns))));
    reply_json(call->request, 200, body);
}

static void answer_points(struct call *call) {
    const struct view *view = &call->console->view;
    const char *id = evhttp_find_header(&call->query, "place");
    uint32_t place = RULESET_NONE;
    uint32_t first = 0;
    if (!call_first(call, &first)) {
        return;
    }
    if (id != NULL && (place = site_place_find(view->site, id)) == RULESET_NONE) {
        call_problem(call, PROBLEM_NOT_FOUND, id);
        return;
    }
    reply_json(call->request, 200, body_points(view, place, first, clock_wall(), call->real_ns));
}

static void answer_places(struct call *call) {
    uint32_t first = 0;
    if (call_first(call, &first)) {
        reply_json(call->request, 200, body_places(&call->console->view, first));
    }
}

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

static bool events_query(struct call *call, struct journal_query *ret_query) {
    uint64_t limit = 0;
    *ret_query = (struct journal_query){.until_seq = UINT64_MAX, .lane = -1};
    if (!call_number(call, "after", 0, INT64_MAX, &ret_query->after_seq)) {
        call_problem(call, PROBLEM_PARAMETER, "after");
        return false;
    }
    if (!call_number(call, "limit", EVENTS_LIMIT_DEFAULT, EVENTS_LIMIT_MAX, &limit) || limit == 0) {
        call_problem(call, PROBLEM_PARAMETER, "limit");
        return false;
    }
    uint64_t before = 0;
    if (!call_number(call, "before", 0, INT64_MAX, &before)) {
        call_problem(call, PROBLEM_PARAMETER, "before");
        return false;
    }
    if (before > 0) {
        ret_query->until_seq = before - 1;
    }
    const char *lane = evhttp_find_header(&call->query, "lane");
    if (lane != NULL && strcmp(lane, "alarm") != 0 && strcmp(lane, "activity") != 0) {
        call_problem(call, PROBLEM_PARAMETER, "lane");
        return false;
    }
    if (lane != NULL) {
        ret_query->lane = strcmp(lane, "alarm") == 0 ? LANE_ALARM : LANE_ACTIVITY;
    }
    ret_query->limit = (uint32_t)limit;
    ret_query->alarm = evhttp_find_header(&call->query, "alarm");
    ret_query->newest_first = call_flag(call, "newest");
    return true;
}

static void answer_events(struct call *call) {
    const struct view *view = &call->console->view;
    struct journal_query query;
    if (!events_query(call, &query)) {
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

static void answer_stream(struct call *call) {
    struct streams *streams = &call->console->streams;
    const char *last =
        evhttp_find_header(evhttp_request_get_input_headers(call->request), "Last-Event-ID");
    if (last != NULL) {
        (void)evhttp_remove_header(&call->query, "after");
        (void)evhttp_add_header(&call->query, "after", last);
    }
    uint64_t after = 0;
    if (!call_number(call, "after", STREAM_FROM_NOW, INT64_MAX, &after)) {
        call_problem(call, PROBLEM_PARAMETER, "after");
    } else if (streams->count >= STREAMS_MAX) {
        streams->refused++;
        call_problem(call, PROBLEM_BUSY, NULL);
    } else {
        streams_open(streams, call->request, after, call->real_ns);
    }
}

static void answer_version(struct call *call) {
    reply_json(call->request, 200, body_version(&call->console->view));
}

static void answer_health(struct call *call) {
    const struct view *view = &call->console->view;
    int status = body_health_of(view, call->real_ns) == BODY_HEALTH_FAILED ? 503 : 200;
    reply_json(call->request, status, body_health(view, call->real_ns));
}

static void answer_metrics(struct call *call) {
    const struct console *console = call->console;
    const struct metrics_console own = {
        .requests = console->requests,
        .strangers = console->strangers,
        .streams = console->streams.count,
        .streams_cut = console->streams.cut,
        .streams_refused = console->streams.refused,
        .commands_waiting = console->orders.waiting,
        .commands_refused_full = console->orders.refused_full,
    };
    struct evbuffer *out = evbuffer_new();
    assert(out != NULL);
    metrics_write(out, &console->view, &own, clock_wall(), call->real_ns);
    reply_bytes(call->request, METRICS_CONTENT_TYPE, out);
    evbuffer_free(out);
}

/* Read the body; an absent `by` is the login name. */
static bool call_read_body(const struct call *call, struct command *command,
                           const char **ret_wrong) {
    struct evbuffer *input = evhttp_request_get_input_buffer(call->request);
    size_t size = evbuffer_get_length(input);
    const char *bytes = size > 0 ? (const char *)evbuffer_pullup(input, -1) : NULL;
    return order_body_read(bytes, size, call->peer.name, clock_wall(), command, ret_wrong);
}

enum { COMMAND_SUBJECT_SIZE = SITE_ALARM_NAME_SIZE };

/*
 * Read a command: call->path is `<subject>/<verb>`. Sets the subject, cut to its size; answers
 * itself and returns false when there is no such verb, or the role or the body will not do.
 */
static bool call_read_command(struct call *call, bool about_place, struct command *command,
                              char subject[COMMAND_SUBJECT_SIZE]) {
    const char *slash = strrchr(call->path, '/');
    enum command_verb verb =
        slash == NULL ? COMMAND_VERB_COUNT : command_verb_find(slash + 1, strlen(slash + 1));
    if (verb == COMMAND_VERB_COUNT || command_verb_is_about_place(verb) != about_place) {
        call_problem(call, PROBLEM_NOT_FOUND, call->path);
        return false;
    }
    if (!role_acts(call->role)) {
        call_problem(call, PROBLEM_ROLE, role_name(call->role));
        return false;
    }
    *command = (struct command){
        .verb = verb,
        .alarm = RULESET_NONE,
        .place = RULESET_NONE,
        .role = call->role,
        .second_role = ROLE_COUNT,
    };
    const char *wrong = NULL;
    if (!call_read_body(call, command, &wrong)) {
        call_problem(call, PROBLEM_BODY, wrong);
        return false;
    }
    size_t len = (size_t)(slash - call->path);
    len = len < COMMAND_SUBJECT_SIZE ? len : COMMAND_SUBJECT_SIZE - 1;
    memcpy(subject, call->path, len);
    subject[len] = '\0';
    return true;
}

static void call_send(struct call *call, const struct command *command) {
    struct console *console = call->console;
    orders_send(&console->orders, console->engine, command, call->request, call->language,
                call->real_ns);
}

/* call->path is `<rule>/<entity>/<verb>`. */
static void answer_command(struct call *call) {
    struct command command;
    char name[COMMAND_SUBJECT_SIZE];
    if (!call_read_command(call, false, &command, name)) {
        return;
    }
    command.alarm = site_alarm_find(call->console->view.site, name);
    if (command.alarm == RULESET_NONE) {
        reply_refusal(call->request, COMMAND_REFUSED_UNKNOWN,
                      call->console->view.site->ruleset.times, call->language, "alarm", name);
        return;
    }
    call_send(call, &command);
}

/* call->path is `<place>/<verb>`. */
static void answer_place_command(struct call *call) {
    struct command command;
    char id[COMMAND_SUBJECT_SIZE];
    if (!call_read_command(call, true, &command, id)) {
        return;
    }
    command.place = site_place_find(call->console->view.site, id);
    if (command.place == RULESET_NONE) {
        reply_refusal(call->request, COMMAND_REFUSED_UNKNOWN_PLACE,
                      call->console->view.site->ruleset.times, call->language, "place", id);
        return;
    }
    call_send(call, &command);
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

static void answer_resend(struct call *call) {
    struct evbuffer *input = evhttp_request_get_input_buffer(call->request);
    size_t size = evbuffer_get_length(input);
    const char *bytes = size > 0 ? (const char *)evbuffer_pullup(input, -1) : "";
    const char *wrong = NULL;
    struct wire_resend message;
    struct wall now = clock_wall();
    if (call->role != ROLE_ENGINEER) {
        call_problem(call, PROBLEM_RESEND_ROLE, role_name(call->role));
    } else if (!resend_body_read(bytes, size, call->peer.name, call->role, now, &message, &wrong)) {
        call_problem(call, message.since.ns > now.ns ? PROBLEM_RESEND_EARLY : PROBLEM_RESEND,
                     wrong);
    } else if (!call_has_sink(call, message.sink)) {
        call_problem(call, PROBLEM_NO_SINK, resends_sink_name((enum journal_sink)message.sink));
    } else {
        call_resend(call, &message);
    }
}

/* `below`: the path goes on after the route's words with a slash and more. */
static const struct route {
    enum evhttp_cmd_type method;
    bool below;
    const char *words;
    void (*answer)(struct call *call);
} routes[] = {
    {EVHTTP_REQ_GET, false, "/api/v1/alarms", answer_alarms},
    {EVHTTP_REQ_GET, true, "/api/v1/alarms", answer_alarm},
    {EVHTTP_REQ_POST, true, "/api/v1/alarms", answer_command},
    {EVHTTP_REQ_GET, false, "/api/v1/points", answer_points},
    {EVHTTP_REQ_GET, false, "/api/v1/places", answer_places},
    {EVHTTP_REQ_POST, true, "/api/v1/places", answer_place_command},
    {EVHTTP_REQ_GET, false, "/api/v1/events", answer_events},
    {EVHTTP_REQ_POST, false, "/api/v1/resend", answer_resend},
    {EVHTTP_REQ_GET, false, "/api/v1/stream", answer_stream},
    {EVHTTP_REQ_GET, false, "/api/v1/version", answer_version},
    {EVHTTP_REQ_GET, false, "/api/v1/health", answer_health},
    {EVHTTP_REQ_GET, false, "/api/v1/metrics", answer_metrics},
    {EVHTTP_REQ_GET, false, "/health", answer_health},
    {EVHTTP_REQ_GET, false, "/metrics", answer_metrics},
};

/* Does `path` lie at the route? Sets what follows its words. */
static bool route_matches(const struct route *route, const char *path, const char **ret_rest) {
    size_t len = strlen(route->words);
    if (strncmp(path, route->words, len) != 0) {
        return false;
    }
    if (route->below ? path[len] != '/' || path[len + 1] == '\0' : path[len] != '\0') {
        return false;
    }
    *ret_rest = route->below ? path + len + 1 : path + len;
    return true;
}

static void call_dispatch(struct call *call, const char *path) {
    const char *allowed = NULL;
    for (size_t i = 0; i < sizeof routes / sizeof *routes; i++) {
        if (!route_matches(&routes[i], path, &call->path)) {
            continue;
        }
        if (routes[i].method == evhttp_request_get_command(call->request)) {
            routes[i].answer(call);
            return;
        }
        allowed = routes[i].method == EVHTTP_REQ_GET ? "GET" : "POST";
    }
    if (allowed == NULL) {
        call_problem(call, PROBLEM_NOT_FOUND, path);
        return;
    }
    (void)evhttp_add_header(evhttp_request_get_output_headers(call->request), "Allow", allowed);
    call_problem(call, PROBLEM_METHOD, path);
}

/* Who asks, and in which role? Answers the request itself when he may not. */
static bool call_admit(struct call *call) {
    struct bufferevent *bev =
        evhttp_connection_get_bufferevent(evhttp_request_get_connection(call->request));
    if (peer_identify(bufferevent_getfd(bev), call->console->group, &call->peer) != 0) {
        call->console->strangers++;
        call_problem(call, PROBLEM_STRANGER, NULL);
        return false;
    }
    const char *role =
        evhttp_find_header(evhttp_request_get_input_headers(call->request), "Tocsin-Role");
    call->role = role == NULL ? ROLE_ENGINEER : role_find(role, strlen(role));
    if (call->role == ROLE_COUNT) {
        call_problem(call, PROBLEM_ROLE_UNKNOWN, role);
        return false;
    }
    return true;
}

static enum site_language call_language(const struct call *call) {
    const char *wanted =
        evhttp_find_header(evhttp_request_get_input_headers(call->request), "Accept-Language");
    if (wanted == NULL) {
        return call->console->process->language;
    }
    return strncmp(wanted, "zh", 2) == 0 ? LANGUAGE_ZH : LANGUAGE_EN;
}

void api_answer(struct evhttp_request *request, void *context) {
    struct call call = {
        .console = context,
        .request = request,
        .real_ns = clock_real_ns(),
    };
    call.console->requests++;
    call.language = call_language(&call);
    TAILQ_INIT(&call.query);
    const struct evhttp_uri *uri = evhttp_request_get_evhttp_uri(request);
    const char *query = evhttp_uri_get_query(uri);
    const char *raw = evhttp_uri_get_path(uri);
    size_t len = 0;
    char *path = evhttp_uridecode(raw == NULL ? "" : raw, 0, &len);
    bool sound = path != NULL && strlen(path) == len;
    if (sound && query != NULL) {
        sound = evhttp_parse_query_str(query, &call.query) == 0;
    }
    if (call_admit(&call)) {
        if (sound) {
            call_dispatch(&call, path);
        } else {
            call_problem(&call, PROBLEM_PARAMETER, NULL);
        }
    }
    evhttp_clear_headers(&call.query);
    free(path);
}
