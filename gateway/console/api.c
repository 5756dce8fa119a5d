/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/console/api.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <event2/bufferevent.h>
#include <event2/http.h>

#include "gateway/console/routes.h"

/* What the path and the query say. False when they cannot be read. `ret_path` is freed by the caller. */
static bool api_read_address(struct call *call, char **ret_path) {
    const struct evhttp_uri *uri = evhttp_request_get_evhttp_uri(call->request);
    const char *query = evhttp_uri_get_query(uri);
    const char *raw = evhttp_uri_get_path(uri);
    size_t len = 0;
    *ret_path = evhttp_uridecode(raw == NULL ? "" : raw, 0, &len);
    return *ret_path != NULL && strlen(*ret_path) == len &&
           (query == NULL || evhttp_parse_query_str(query, &call->query) == 0);
}

static enum site_language api_language(const struct call *call) {
    const char *wanted = call_header(call, "Accept-Language");
    if (wanted == NULL) {
        return call->console->process->language;
    }
    return strncmp(wanted, "zh", 2) == 0 ? LANGUAGE_ZH : LANGUAGE_EN;
}

static struct call api_call(struct evhttp_request *request, struct console *console) {
    struct call call = {
        .console = console,
        .request = request,
        .real_ns = clock_real_ns(),
    };
    call.language = api_language(&call);
    console->requests++;
    return call;
}

static size_t api_headers_size(const struct call *call) {
    const struct evkeyval *header = NULL;
    size_t size = 0;
    TAILQ_FOREACH(header, evhttp_request_get_input_headers(call->request), next) {
        size += strlen(header->key) + strlen(header->value) + sizeof ": \r\n" - 1;
    }
    return size;
}

/* Is any part of it too long? Answers itself then. */
static bool api_is_long(struct call *call) {
    size_t body_size = 0;
    (void)call_body(call, &body_size);
    if (strlen(evhttp_request_get_uri(call->request)) > API_ADDRESS_MAX) {
        call_problem(call, PROBLEM_ADDRESS_LONG, NULL);
    } else if (api_headers_size(call) > API_HEADERS_MAX) {
        call_problem(call, PROBLEM_HEADERS_LONG, NULL);
    } else if (body_size > API_BODY_MAX) {
        call_problem(call, PROBLEM_BODY_LONG, NULL);
    } else {
        return false;
    }
    return true;
}

static void api_route(struct call *call) {
    char *path = NULL;
    if (api_is_long(call)) {
        return;
    }
    TAILQ_INIT(&call->query);
    if (api_read_address(call, &path)) {
        routes_answer(call, path);
    } else {
        call_problem(call, PROBLEM_PARAMETER, NULL);
    }
    evhttp_clear_headers(&call->query);
    free(path);
}

/* Who asks over the Unix socket, and as what? Answers the request itself when he may not. */
static bool api_admit(struct call *call) {
    struct bufferevent *bev =
        evhttp_connection_get_bufferevent(evhttp_request_get_connection(call->request));
    struct peer peer;
    if (peer_identify(bufferevent_getfd(bev), call->console->group, &peer) != 0) {
        call->console->strangers++;
        call_problem(call, PROBLEM_STRANGER, NULL);
        return false;
    }
    const char *role = call_header(call, "Tocsin-Role");
    bool is_screen = role != NULL && strcmp(role, PEOPLE_ROLE_WALL) == 0;
    call->asker = (struct asker){
        .kind = is_screen ? ASKER_SCREEN : ASKER_LOCAL,
        .role = is_screen      ? ROLE_AUDITOR
                : role == NULL ? ROLE_ENGINEER
                               : role_find(role, strlen(role)),
    };
    (void)snprintf(call->asker.name, sizeof call->asker.name, "%s", peer.name);
    if (call->asker.role == ROLE_COUNT) {
        call_problem(call, PROBLEM_ROLE_UNKNOWN, role);
        return false;
    }
    return true;
}

/* A form of another site's page cannot say that it sends JSON: what changes something has to (ASVS 5.0, 3.5.1). */
static bool api_body_is_foreign(const struct call *call) {
    static const char json[] = "application/json";
    const char *type = call_header(call, "Content-Type");
    enum evhttp_cmd_type method = evhttp_request_get_command(call->request);
    return method != EVHTTP_REQ_GET && method != EVHTTP_REQ_HEAD &&
           (type == NULL || strncasecmp(type, json, sizeof json - 1) != 0);
}

void api_answer(struct evhttp_request *request, void *context) {
    struct call call = api_call(request, context);
    if (api_admit(&call)) {
        api_route(&call);
    }
}

void api_answer_as(struct evhttp_request *request, struct console *console,
                   const struct asker *asker) {
    struct call call = api_call(request, console);
    call.asker = *asker;
    call.body_is_foreign = api_body_is_foreign(&call);
    api_route(&call);
}
