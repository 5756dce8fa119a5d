/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_CONSOLE_CALL_H
#define GATEWAY_CONSOLE_CALL_H

/*
 * One request on its way to its answer
 *
 * A listener says who asks (over the Unix socket the kernel does), routes.h finds what answers and
 * whether whoever asks may have it, and the answers (answers.h) read what they need from here.
 */

#include <sys/queue.h>

#include <event2/keyvalq_struct.h>

#include "gateway/console/asker.h"
#include "gateway/console/console.h"
#include "gateway/console/reply.h"
#include "rules/core.h"

struct call {
    struct console *console;
    struct evhttp_request *request;
    const char *path; /* what follows the route's own words, without the leading slash */
    struct evkeyvalq query;
    struct asker asker;
    enum site_language language;
    bool
        body_is_foreign; /* what a page of another site could send too: it is not said to be JSON */
    uint64_t real_ns;
};

/* End it with a problem; see reply_problem(). */
void call_problem(struct call *call, enum problem problem, const char *about);

/* A parameter of the query; NULL when it is not given. */
const char *call_parameter(const struct call *call, const char *name);

/* One that is a number; `fallback` when it is not given. False when it is no number up to `max`. */
bool call_number(const struct call *call, const char *name, uint64_t fallback, uint64_t max,
                 uint64_t *ret_value);

/* One that is "1", or not given. Answers itself and returns false when it is anything else. */
bool call_flag(struct call *call, const char *name, bool *ret_given);

/* The index to continue a list from. Answers itself and returns false when it is none. */
bool call_first(struct call *call, uint32_t *ret_first);

/* A header of the request; NULL when it has none. */
const char *call_header(const struct call *call, const char *name);

/* The body as JSON without a member twice; NULL when it is none. The caller's reference. */
json_t *call_json(const struct call *call);

/* The body, valid as long as the request; "" when there is none. */
const char *call_body(const struct call *call, size_t *ret_size);

/*
 * The answer is made from `tables` (a set of 1 << enum view_table): say its ETag, and if that is one which
 * the asker has (If-None-Match, RFC 9110 13.1.2), end the call with 304 and return true. The tag is weak: an
 * answer that has it says the same, but for ages, which go on from the answer that the asker has.
 */
bool call_is_known(struct call *call, unsigned tables);

/* The same of an answer that has this tag, "\"3fa9\"" or, where it is weak, "W/\"3fa9\"". */
bool call_has(struct call *call, const char *tag);

#endif
