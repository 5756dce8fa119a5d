/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_CONSOLE_API_H
#define GATEWAY_CONSOLE_API_H

/*
 * The addresses under /api/v1
 *
 *     GET  /alarms[?all=1&from=N]            those that are not normal, or all
 *     GET  /alarms/<rule>/<entity>           one
 *     POST /alarms/<rule>/<entity>/<verb>    acknowledge, attend, reset
 *     GET  /points[?place=ID&from=N]         with everything below the place
 *     GET  /places[?from=N]                  names, capacity and area, time zone
 *     GET  /devices[?from=N]                 who answers, and what the buses count
 *     GET  /rules[?from=N]                   what each rule says of what it is for, and why it cannot
 *     GET  /history/<point>[?since=&until=&step=60|900]      columns for a chart (charts.h)
 *     GET  /history?point=ID&point=ID…       of up to eight points at once
 *     GET  /events?after=&limit=&lane=&alarm=&newest=1
 *     GET  /stream[?after=SEQ]               server-sent events
 *     /session /claim                        signing in and out (sign_in.h)
 *     /users                                 who may sign in (users.h)
 *     GET  /push/key                         the key that a browser subscribes with
 *     GET  /push/subscriptions               whose phones are called, and when they were heard of
 *     POST /push/subscriptions               this phone is called; DELETE ?endpoint=: no more
 *     POST /push/receipts                    a phone has what it was sent
 *     GET  /version   GET /health   GET /metrics   GET /openapi
 *
 * The body of a POST is {"by": NAME, "reason": TEXT}, both optional. A stream begins after
 * `Last-Event-ID`, else after `after`, else with what is new.
 *
 * /health and /metrics are served at the top level too, where probes and scrapers look for them.
 * Headers: `Tocsin-Role` is the role to act in, or "wall" to be what a screen on a wall is, over the
 * Unix socket; `Accept-Language` is the language of the sentences. Who may use what stands in
 * routes.c, and openapi.yaml says it to programs.
 */

/* Bytes of a request; what is longer is a problem that says so. */
enum {
    API_ADDRESS_MAX = 2 * 1024, /* path and query */
    API_HEADERS_MAX = 8 * 1024, /* all of them together */
    API_BODY_MAX = 4 * 1024,
};

struct asker;
struct console;
struct evhttp_request;

/* Answer a request of the Unix socket; `context` is the struct console. For evhttp_set_gencb(). */
void api_answer(struct evhttp_request *request, void *context);

/* Answer a request of somebody who is known already. */
void api_answer_as(struct evhttp_request *request, struct console *console,
                   const struct asker *asker);

#endif
