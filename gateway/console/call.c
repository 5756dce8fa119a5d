/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/console/call.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <event2/buffer.h>
#include <event2/http.h>

void call_problem(struct call *call, enum problem problem, const char *about) {
    reply_problem(call->request, problem, call->language, about);
}

const char *call_parameter(const struct call *call, const char *name) {
    return evhttp_find_header(&call->query, name);
}

bool call_number(const struct call *call, const char *name, uint64_t fallback, uint64_t max,
                 uint64_t *ret_value) {
    const char *text = call_parameter(call, name);
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

bool call_flag(struct call *call, const char *name, bool *ret_given) {
    const char *text = call_parameter(call, name);
    *ret_given = text != NULL;
    if (text != NULL && strcmp(text, "1") != 0) {
        call_problem(call, PROBLEM_PARAMETER, name);
        return false;
    }
    return true;
}

bool call_first(struct call *call, uint32_t *ret_first) {
    uint64_t from = 0;
    if (!call_number(call, "from", 0, UINT32_MAX, &from)) {
        call_problem(call, PROBLEM_PARAMETER, "from");
        return false;
    }
    *ret_first = (uint32_t)from;
    return true;
}

const char *call_header(const struct call *call, const char *name) {
    return evhttp_find_header(evhttp_request_get_input_headers(call->request), name);
}

const char *call_body(const struct call *call, size_t *ret_size) {
    struct evbuffer *input = evhttp_request_get_input_buffer(call->request);
    *ret_size = evbuffer_get_length(input);
    return *ret_size > 0 ? (const char *)evbuffer_pullup(input, -1) : "";
}

/* Of this console, this site and what the engine has said: an answer has the same only if it says the same. */
static void call_tag_format(const struct call *call, unsigned tables, char *ret, size_t size) {
    const struct console *console = call->console;
    const struct view *view = &console->view;
    int len = snprintf(ret, size, "W/\"%" PRIx64 "-%" PRIx64 "-%s", console->opened_wall_ns,
                       view->site->header->generation,
                       view_engine_name(view_engine(view, call->real_ns)));
    for (unsigned table = 0; table < VIEW_TABLE_COUNT; table++) {
        if ((tables & 1U << table) != 0) {
            len += snprintf(ret + len, size - (size_t)len, "-%" PRIx64, view->revisions[table]);
        }
    }
    (void)snprintf(ret + len, size - (size_t)len, "\"");
}

bool call_has(struct call *call, const char *tag) {
    size_t weak = strncmp(tag, "W/", 2) == 0 ? 2 : 0;
    (void)evhttp_add_header(evhttp_request_get_output_headers(call->request), "ETag", tag);
    const char *had = call_header(call, "If-None-Match");
    /* A list of tags; they are compared without the W/, and the quotes keep them apart. */
    if (had == NULL || (strcmp(had, "*") != 0 && strstr(had, tag + weak) == NULL)) {
        return false;
    }
    reply_not_modified(call->request);
    return true;
}

bool call_is_known(struct call *call, unsigned tables) {
    char tag[64 + VIEW_TABLE_COUNT * 17];
    call_tag_format(call, tables, tag, sizeof tag);
    return call_has(call, tag);
}

json_t *call_json(const struct call *call) {
    size_t size = 0;
    const char *bytes = call_body(call, &size);
    return json_loadb(bytes, size, JSON_REJECT_DUPLICATES, NULL);
}
