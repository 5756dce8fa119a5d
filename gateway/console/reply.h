/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_CONSOLE_REPLY_H
#define GATEWAY_CONSOLE_REPLY_H

/*
 * Ending a request
 *
 * An answer is JSON with status 200, or a problem (problem.h). Every function here ends the request, also one whose connection is gone already. HEAD gets the
 * length of the body and not the body.
 */

#include "gateway/console/problem.h"

struct evhttp_request;
struct evbuffer;

/* End with `status` and the object `body`, which is taken; likewise with a problem. */
void reply_json(struct evhttp_request *request, int status, json_t *body);
void reply_problem_json(struct evhttp_request *request, int status, json_t *body);

/* End with 200 and the bytes of `body`, which is drained. */
void reply_bytes(struct evhttp_request *request, const char *content_type, struct evbuffer *body);

/* End the HEAD of what has no length, with 200. */
void reply_head(struct evhttp_request *request, const char *content_type);

/* End with 304: the asker has the answer. */
void reply_not_modified(struct evhttp_request *request);

/* End with 204: it is done, and there is nothing to say. */
void reply_empty(struct evhttp_request *request);

/* What is answered says when to try again. */
void reply_retry_after(struct evhttp_request *request, uint32_t seconds);

/* End with a problem; `about` names what it is about (a parameter, a path) or is NULL. */
void reply_problem(struct evhttp_request *request, enum problem problem,
                   enum site_language language, const char *about);

/* End with 400: the address has no parameter `name`, but those of `known`, which has a space between them. */
void reply_unknown_parameter(struct evhttp_request *request, enum site_language language,
                             const char *name, const char *known);

/*
 * End with 409 (404 for what is not there): why the command did nothing; `times` are the site's, `about`
 * is "alarm" or "place".
 */
void reply_refusal(struct evhttp_request *request, enum command_refusal refusal,
                   const struct alarm_times *times, enum site_language language, const char *about,
                   const char *subject);

#endif
