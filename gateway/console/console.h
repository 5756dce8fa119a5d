/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_CONSOLE_CONSOLE_H
#define GATEWAY_CONSOLE_CONSOLE_H

/*
 * The console process
 *
 * Answers people by HTTPS, and people and programs of this machine by HTTP/1.1 on a Unix socket. Behind both stand the
 * tables that the engine fills (view), the journal (read only), the live stream and the commands on
 * their way. It decides nothing. When it dies, watching goes on without it; when the engine is
 * away, it says so in every answer.
 *
 *     command line ──HTTP──▶ api ──▶ body, metrics  ◀── view ◀──wire── engine
 *                             │ ├──▶ stream         ◀── journal
 *                             │ ├──▶ orders ──────────────────wire──▶ engine
 *                             │ └──▶ charts         ◀── history ◀──── engine
 *     browser ──────HTTPS──▶ door ──▶ api, as staff says; the app's files
 *
 * Who asks, and in which role: peer says it of the Unix socket, staff of HTTPS.
 */

#include <sys/types.h>

#include "gateway/console/auditor.h"
#include "gateway/console/charts.h"
#include "gateway/console/deeds.h"
#include "gateway/console/door.h"
#include "gateway/console/orders.h"
#include "gateway/console/pages.h"
#include "gateway/console/phones.h"
#include "gateway/console/reach.h"
#include "gateway/console/remote.h"
#include "gateway/console/staff.h"
#include "gateway/console/stream.h"
#include "gateway/process.h"

struct evconnlistener;
struct evhttp;
struct evhttp_request;
struct event;

enum {
    /* Where evhttp ends it without a word of ours; what is longer than API_..._MAX is told so before. */
    CONSOLE_HEADERS_MAX = 16 * 1024,
    CONSOLE_BODY_MAX = 8 * 1024,
    /* A client that is silent for so long within a request is closed. Real time. */
    CONSOLE_REQUEST_S = 10,
    /* Connections, the journal and the rest together; a flood of clients ends at accept(). */
    CONSOLE_DESCRIPTORS_MAX = 1536,
    /* Bytes from which on memory goes back to the system as soon as it is free. */
    CONSOLE_LARGE_BLOCK = 256 * 1024,
    /* How long it waits to be ready for an engine that does not answer. Real time. */
    CONSOLE_READY_MS = 3000,
};

struct console {
    struct process *process;
    struct view view;
    struct journal_reader *journal;
    struct wire_client *engine;
    struct orders orders;
    struct deeds deeds;
    struct remote remote; /* commands by the broker */
    struct phones phones;
    struct pages pages;
    struct reach reach;
    struct streams streams;
    struct trend_feed feed;
    struct charts charts;
    struct staff staff;
    struct door door;
    struct auditor auditor;
    struct evhttp *http;
    struct event *tick;
    gid_t group; /* peer_group() */
    uint64_t opened_real_ns;
    /* With which tags of answers are told from those of a console before. */
    uint64_t opened_wall_ns;
    bool ready_untold; /* the supervisor waits to hear that we are ready */
    uint64_t requests;
    uint64_t strangers;
};

/*
 * Open everything: tables, journal, the connection to the engine (which comes when it comes) and
 * the socket at process->console_socket. Keeps `process`. On failure nothing is left open.
 */
NODISCARD int console_open(struct console *console, struct process *process);
void console_close(struct console *console);

/* What answers at a listener, with the bounds above. Takes the listener; NULL, and it is not taken, for want of memory. */
struct evhttp *console_http(struct console *console, struct evconnlistener *listener,
                            void (*answer)(struct evhttp_request *request, void *context),
                            void *context);

#endif
