/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/console/console.h"

#include <inttypes.h>
#include <malloc.h>
#include <sys/resource.h>
#include <unistd.h>

#include <event2/event.h>
#include <event2/http.h>
#include <event2/listener.h>

#include "gateway/console/api.h"
#include "gateway/console/health_body.h"
#include "gateway/console/listener.h"
#include "gateway/console/peer.h"
#include "gateway/console/sign_in.h"
#include "gateway/console/unreadable.h"
#include "gateway/log.h"

/* The engine's side. */

static struct trend_moment console_moment(uint64_t real_ns) {
    return (struct trend_moment){
        .instant = clock_instant(), .wall = clock_wall(), .real_ns = real_ns};
}

static void console_welcomed(void *context, const struct wire_welcome *welcome) {
    struct console *console = context;
    uint64_t now = clock_real_ns();
    const struct trend_moment moment = console_moment(now);
    view_welcome(&console->view, welcome, now);
    trend_feed_welcome(&console->feed, &moment);
    streams_engine(&console->streams, now);
    deeds_renew(&console->deeds);
    deeds_flush(&console->deeds, &console->staff.people, console->engine);
}

/*
 * Ready is a console that can say how the gateway is: who starts when systemd hears of it and asks, gets an
 * answer. An engine that is away must not keep it from being ready for long, for then people want to look.
 */
static void console_look_ready(struct console *console, uint64_t now) {
    bool waited = now - console->opened_real_ns >= CONSOLE_READY_MS * NS_PER_MS;
    if (console->ready_untold &&
        (waited || health_of(&console->view, door_state(&console->door), now) != HEALTH_FAILED)) {
        console->ready_untold = false;
        process_ready(console->process);
    }
}

static void console_received(void *context, const struct wire_header *message) {
    struct console *console = context;
    uint64_t now = clock_real_ns();
    bool was_complete = console->view.complete;
    const struct trend_moment moment = console_moment(now);
    view_receive(&console->view, message, now);
    trend_feed_receive(&console->feed, message, &moment);
    if (message->kind == WIRE_COMMAND_RESULT) {
        orders_result(&console->orders, &console->process->site,
                      (const struct wire_command_result *)message);
    } else if (message->kind == WIRE_RECORDED) {
        people_recorded(&console->staff.people, ((const struct wire_recorded *)message)->token);
    } else if (message->kind == WIRE_REMOTE) {
        remote_receive(console, (const struct wire_remote *)message);
    } else if (message->kind == WIRE_POINT_VALUES) {
        console->remote.clock_behind =
            ((const struct wire_point_values *)message)->clock_behind != 0;
    } else if (message->kind == WIRE_PUSH_RESULT) {
        phones_result(&console->phones, &console->staff.people, console->engine,
                      (const struct wire_push_result *)message);
    } else if (message->kind == WIRE_REACH) {
        reach_take(&console->reach, (const struct wire_reach *)message, now);
    } else if (message->kind == WIRE_EVENT) {
        streams_event(&console->streams, (const struct wire_event *)message, now);
    } else if (message->kind == WIRE_JOURNAL || was_complete != console->view.complete) {
        streams_engine(&console->streams, now);
    }
    console_look_ready(console, now);
}

/* Commands that find the socket full are refused at once; nothing is kept to be sent later. */
static void console_writable(void *context) {
    (void)context;
}

static void console_lost(void *context) {
    struct console *console = context;
    const struct trend_moment moment = console_moment(clock_real_ns());
    view_lost(&console->view);
    trend_feed_lost(&console->feed, &moment);
    orders_fail(&console->orders);
    phones_fail(&console->phones);
    streams_engine(&console->streams, moment.real_ns);
    log_line(LOG_WARNING, "engine_away",
             "effect=\"people see the past, marked as such, and cannot act on alarms\"");
}

static void console_tick(evutil_socket_t fd, short what, void *context) {
    (void)fd;
    (void)what;
    struct console *console = context;
    uint64_t now = clock_real_ns();
    const struct trend_moment moment = console_moment(now);
    orders_expire(&console->orders, now);
    phones_tick(&console->phones, console->engine, now);
    pages_tick(&console->pages, &console->staff.people, &console->streams, console->engine, now);
    charts_expire(&console->charts, now);
    trend_feed_tick(&console->feed, &moment);
    streams_tick(&console->streams, now);
    staff_tick(&console->staff, clock_wall(), now);
    sign_in_tick(console, now);
    deeds_flush(&console->deeds, &console->staff.people, console->engine);
    door_tick(&console->door, clock_wall(), now);
    console_look_ready(console, now);
}

static void console_charted(void *context, const struct trends_question *question,
                            struct trend_bucket *buckets) {
    struct console *console = context;
    charts_answered(&console->charts, question, buckets, clock_instant(), clock_real_ns());
}

/* The clients' side. */

static void console_resume(evutil_socket_t fd, short what, void *context) {
    (void)fd;
    (void)what;
    (void)evconnlistener_enable(context);
}

/* Out of descriptors: look again in a second instead of spinning on a connection nobody can take.
 */
static void console_accept_failed(struct evconnlistener *listener, void *context) {
    /* The library has put its own pointer where ours would be, so that this has to live here. */
    static struct log_limiter limiter;
    const struct timeval second = {.tv_sec = 1};
    uint64_t kept_back = 0;
    (void)context;
    if (log_permit(&limiter, &kept_back)) {
        log_line(LOG_WARNING, "console_full",
                 "kept_back=%" PRIu64 " effect=\"new clients wait; watching goes on\"", kept_back);
    }
    (void)evconnlistener_disable(listener);
    (void)event_base_once(evconnlistener_get_base(listener), -1, EV_TIMEOUT, console_resume,
                          listener, &second);
}

struct evhttp *console_http(struct console *console, struct evconnlistener *listener,
                            void (*answer)(struct evhttp_request *request, void *context),
                            void *context) {
    struct evhttp *http = evhttp_new(console->process->base);
    if (http == NULL || evhttp_bind_listener(http, listener) == NULL) {
        if (http != NULL) {
            evhttp_free(http);
        }
        return NULL;
    }
    evconnlistener_set_error_cb(listener, console_accept_failed);
    evhttp_set_max_headers_size(http, CONSOLE_HEADERS_MAX);
    evhttp_set_max_body_size(http, CONSOLE_BODY_MAX);
    evhttp_set_timeout(http, CONSOLE_REQUEST_S);
    /* All that evhttp knows: what we do not take is refused in our own words, not in its. */
    evhttp_set_allowed_methods(http, EVHTTP_REQ_GET | EVHTTP_REQ_POST | EVHTTP_REQ_HEAD |
                                         EVHTTP_REQ_PUT | EVHTTP_REQ_DELETE | EVHTTP_REQ_OPTIONS |
                                         EVHTTP_REQ_TRACE | EVHTTP_REQ_CONNECT | EVHTTP_REQ_PATCH);
    evhttp_set_gencb(http, answer, context);
    return http;
}

static int console_listen(struct console *console) {
    const char *path = console->process->console_socket;
    char quoted[256];
    int fd = -1;
    int r = listener_open(path, console->group, &fd);
    if (r == LISTENER_E_IN_USE) {
        log_line(LOG_ERROR, "console_socket_in_use",
                 "path=%s effect=\"another gateway answers there; this one has no console\"",
                 log_quote(path, quoted, sizeof quoted));
        return err_fold(r);
    } else if (r == LISTENER_E_PATH) {
        log_line(LOG_ERROR, "console_socket_path",
                 "path=%s effect=\"longer than 107 bytes; there is no console\"",
                 log_quote(path, quoted, sizeof quoted));
        return err_fold(r);
    } else if (r != 0) {
        return err_trace(r);
    }
    struct evconnlistener *listener = evconnlistener_new(
        console->process->base, NULL, NULL, LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC, 0, fd);
    if (listener == NULL) {
        (void)close(fd);
        return err_origin(-ENOMEM);
    }
    console->http = console_http(console, listener, api_answer, console);
    if (console->http == NULL) {
        evconnlistener_free(listener);
        return err_origin(-ENOMEM);
    }
    return 0;
}

static int console_tick_start(struct console *console) {
    const struct timeval second = {.tv_sec = 1};
    console->tick = event_new(console->process->base, -1, EV_PERSIST, console_tick, console);
    if (console->tick == NULL || event_add(console->tick, &second) != 0) {
        return err_origin(-ENOMEM);
    }
    return 0;
}

static int console_engine(struct console *console) {
    const struct wire_hello hello = {
        .generation = console->process->site.header->generation,
        .role = WIRE_ROLE_CONSOLE,
        .number = console->process->number,
    };
    const struct wire_client_callbacks callbacks = {
        .welcomed = console_welcomed,
        .received = console_received,
        .writable = console_writable,
        .lost = console_lost,
    };
    return err_trace(wire_client_new(console->process->base, console->process->run_directory,
                                     &hello, &callbacks, console, &console->engine));
}

int console_open(struct console *console, struct process *process) {
    *console = (struct console){
        .process = process,
        .group = peer_group(),
        .feed = TREND_FEED_NULL,
        .opened_real_ns = clock_real_ns(),
        .opened_wall_ns = (uint64_t)clock_wall().ns,
    };
    console->orders.console = console;
    unreadable_speak(process->language);
    const struct site *site = &process->site;
    int r = view_init(&console->view, site, clock_real_ns());
    if (r == 0) {
        r = journal_reader_new(site_text(site, site->header->state_directory), &console->journal);
    }
    streams_init(&console->streams, &console->view, console->journal);
    auditor_init(&console->auditor, process->base, site);
    charts_init(&console->charts, &console->view, &console->feed);
    if (r == 0) {
        r = trend_feed_init(&console->feed, site, process->base, console_charted, console);
    }
    if (r == 0) {
        r = console_tick_start(console);
    }
    if (r == 0) {
        r = console_listen(console);
    }
    if (r == 0) {
        r = staff_open(&console->staff, console);
    }
    if (r == 0) {
        remote_open(&console->remote, console);
        r = door_open(&console->door, console);
    }
    if (r == 0) {
        r = console_engine(console);
    }
    if (r != 0) {
        console_close(console);
        return err_trace(r);
    }
    return 0;
}

void console_close(struct console *console) {
    const struct trend_moment moment = console_moment(clock_real_ns());
    orders_fail(&console->orders);
    phones_fail(&console->phones);
    charts_fail(&console->charts);
    auditor_deinit(&console->auditor);
    staff_close(&console->staff);
    streams_deinit(&console->streams);
    door_close(&console->door);
    if (console->http != NULL) {
        evhttp_free(console->http);
        (void)unlink(console->process->console_socket);
        console->http = NULL;
    }
    if (console->tick != NULL) {
        event_free(console->tick);
        console->tick = NULL;
    }
    console->engine = wire_client_free(console->engine);
    console->journal = journal_reader_free(console->journal);
    trend_feed_deinit(&console->feed, &moment);
    view_deinit(&console->view);
}

int console_run(struct process *process) {
    /* The bound of what clients can take; the watched rooms do not depend on this process. */
    struct rlimit limit = {0};
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        bool enough = limit.rlim_max == RLIM_INFINITY || limit.rlim_max > CONSOLE_DESCRIPTORS_MAX;
        limit.rlim_cur = enough ? CONSOLE_DESCRIPTORS_MAX : limit.rlim_max;
        (void)setrlimit(RLIMIT_NOFILE, &limit);
    }
    /* A password's hash takes 16 MiB for a moment. Left to itself, malloc would keep that much at hand from then on. */
    (void)mallopt(M_MMAP_THRESHOLD, CONSOLE_LARGE_BLOCK);
    struct console console;
    int r = console_open(&console, process);
    if (r != 0) {
        return err_trace(r);
    }
    console.ready_untold = true;
    r = process_loop(process);
    console_close(&console);
    return err_trace(r);
}
