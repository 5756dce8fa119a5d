/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/console/reply.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <event2/buffer.h>
#include <event2/http.h>

/* A request whose connection is gone is ours to free; to any other the bytes are sent. */
static void reply_end(struct evhttp_request *request, int status, const char *content_type,
                      struct evbuffer *body) {
    if (evhttp_request_get_connection(request) == NULL) {
        evhttp_request_free(request);
        return;
    }
    struct evkeyvalq *headers = evhttp_request_get_output_headers(request);
    if (content_type != NULL) {
        (void)evhttp_add_header(headers, "Content-Type", content_type);
    }
    (void)evhttp_add_header(headers, "Cache-Control", "no-store");
    (void)evhttp_add_header(headers, "X-Content-Type-Options", "nosniff");
    if (evhttp_request_get_command(request) == EVHTTP_REQ_HEAD && body != NULL) {
        /* evhttp would send the body too, which the next answer would be taken for. */
        char length[24];
        (void)snprintf(length, sizeof length, "%zu", evbuffer_get_length(body));
        (void)evhttp_add_header(headers, "Content-Length", length);
        body = NULL;
    }
    evhttp_send_reply(request, status, NULL, body);
}

static int reply_dump(const char *bytes, size_t size, void *body) {
    return evbuffer_add(body, bytes, size);
}

static void reply_dumped(struct evhttp_request *request, int status, const char *content_type,
                         json_t *object) {
    struct evbuffer *body = evbuffer_new();
    assert(body != NULL);
    /* Twelve digits are more than any sensor has, and keep 0.1 from being 0.1000000000000000055. */
    if (object == NULL ||
        json_dump_callback(object, reply_dump, body, JSON_COMPACT | JSON_REAL_PRECISION(12)) != 0) {
        status = 500;
        (void)evbuffer_drain(body, evbuffer_get_length(body));
    }
    reply_end(request, status, content_type, body);
    evbuffer_free(body);
    json_decref(object);
}

void reply_json(struct evhttp_request *request, int status, json_t *body) {
    reply_dumped(request, status, "application/json; charset=utf-8", body);
}

void reply_problem_json(struct evhttp_request *request, int status, json_t *body) {
    reply_dumped(request, status, "application/problem+json", body);
}

void reply_bytes(struct evhttp_request *request, const char *content_type, struct evbuffer *body) {
    reply_end(request, 200, content_type, body);
}

void reply_not_modified(struct evhttp_request *request) {
    reply_end(request, 304, NULL, NULL);
}

void reply_head(struct evhttp_request *request, const char *content_type) {
    reply_end(request, 200, content_type, NULL);
}

void reply_empty(struct evhttp_request *request) {
    if (evhttp_request_get_connection(request) == NULL) {
        evhttp_request_free(request);
        return;
    }
    evhttp_send_reply(request, 204, NULL, NULL);
}

void reply_retry_after(struct evhttp_request *request, uint32_t seconds) {
    char text[16];
    if (evhttp_request_get_connection(request) != NULL) {
        (void)snprintf(text, sizeof text, "%" PRIu32, seconds);
        (void)evhttp_add_header(evhttp_request_get_output_headers(request), "Retry-After", text);
    }
}

void reply_problem(struct evhttp_request *request, enum problem problem,
                   enum site_language language, const char *about) {
    reply_problem_json(request, problem_status(problem), problem_object(problem, language, about));
}

/* What has a space between its words, as an array of them. */
static json_t *parameters_array(const char *known) {
    json_t *array = json_array();
    size_t len = 0;
    for (const char *at = known; *at != '\0'; at += len + (at[len] == ' ')) {
        len = strcspn(at, " ");
        (void)json_array_append_new(array, json_stringn(at, len));
    }
    return array;
}

void reply_unknown_parameter(struct evhttp_request *request, enum site_language language,
                             const char *name, const char *known) {
    json_t *body = problem_object(PROBLEM_PARAMETER_UNKNOWN, language, name);
    const char *none = language == LANGUAGE_ZH ? "没有" : "none";
    const char *ours = known[0] == '\0' ? none : known;
    /* A name that is no UTF-8 is not repeated. */
    (void)json_object_set_new(
        body, "detail",
        language == LANGUAGE_ZH
            ? json_sprintf("此地址没有参数 %s；已知的参数：%s", name, ours)
            : json_sprintf("This address has no parameter %s; those that it has: %s", name, ours));
    (void)json_object_set_new(body, "known", parameters_array(known));
    reply_problem_json(request, problem_status(PROBLEM_PARAMETER_UNKNOWN), body);
}

void reply_refusal(struct evhttp_request *request, enum command_refusal refusal,
                   const struct alarm_times *times, enum site_language language, const char *about,
                   const char *subject) {
    reply_problem_json(request, refusal_status(refusal),
                       refusal_object(refusal, times, language, about, subject));
}
