/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/console/call.h"

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

bool call_flag(const struct call *call, const char *name) {
    const char *text = call_parameter(call, name);
    return text != NULL && strcmp(text, "1") == 0;
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

const char *asker_role_name(const struct asker *asker) {
    return asker->kind == ASKER_SCREEN ? ASKER_SCREEN_NAME : role_name(asker->role);
}
