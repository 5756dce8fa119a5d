/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/console/unreadable.h"

#include <event2/http.h>
#include <event2/http_struct.h>

#include "gateway/console/reply.h"
#include "gateway/console/security_headers.h"

/* The library's function has no context. */
static enum site_language unreadable_language;

void unreadable_speak(enum site_language language) {
    unreadable_language = language;
}

static enum problem unreadable_problem(int status) {
    switch (status) {
    case HTTP_ENTITYTOOLARGE:
        return PROBLEM_BODY_LONG;
    case HTTP_EXPECTATIONFAILED:
        return PROBLEM_EXPECTATION;
    case HTTP_NOTFOUND:
        return PROBLEM_NOT_FOUND;
    case HTTP_SERVUNAVAIL:
        return PROBLEM_BUSY;
    default:
        return PROBLEM_UNREADABLE;
    }
}

void evhttp_send_error(struct evhttp_request *request, int status, const char *reason) {
    (void)reason;
    if (request->major != 1) {
        request->major = 1; /* of what could not be read, or is of another protocol */
        request->minor = 1;
    }
    security_headers_add(request);
    /* Where the next request begins is not known. */
    (void)evhttp_add_header(evhttp_request_get_output_headers(request), "Connection", "close");
    reply_problem(request, unreadable_problem(status), unreadable_language, NULL);
}
