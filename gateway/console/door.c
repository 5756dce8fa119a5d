/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/console/door.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <netdb.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <event2/buffer.h>
#include <event2/bufferevent_ssl.h>
#include <event2/http.h>
#include <event2/listener.h>

#include "gateway/console/api.h"
#include "gateway/console/console.h"
#include "gateway/console/framing.h"
#include "gateway/console/listener.h"
#include "gateway/console/reply.h"
#include "gateway/console/security_headers.h"
#include "gateway/log.h"
#include "gateway/state_file.h"

#define DOOR_AUTHORITY "/authority.crt"

/* Connections that the kernel holds until they are accepted; a thousand pages may come back at once. */
enum { DOOR_BACKLOG = 1024 };

/* When an address that does not read what it asked for is to ask again. */
enum { DOOR_RETRY_S = 5 };

/* ---- answering ---- */

/* The certificate that phones and desks install, so that they know the console. */
static bool door_answer_authority(const struct door *door, struct evhttp_request *request) {
    bool shown = door->tls.site->header->console_cert == 0 || door->tls.stands_in;
    int fd = shown && door->tls.directory >= 0
                 ? state_file_open(door->tls.directory, AUTHORITY_CERTIFICATE, O_RDONLY)
                 : -1;
    struct evbuffer *body = evbuffer_new();
    bool read = fd >= 0 && body != NULL && evbuffer_read(body, fd, 64 * 1024) > 0;
    if (fd >= 0) {
        (void)close(fd);
    }
    if (read) {
        (void)evhttp_add_header(evhttp_request_get_output_headers(request), "Content-Disposition",
                                "attachment; filename=\"tocsin-authority.crt\"");
        reply_bytes(request, "application/x-x509-ca-cert", body);
    }
    if (body != NULL) {
        evbuffer_free(body);
    }
    return read;
}

static bool path_is_below(const char *path, const char *words) {
    size_t len = strlen(words);
    return strncmp(path, words, len) == 0 && (path[len] == '\0' || path[len] == '/');
}

static bool path_is_api(const char *path) {
    return path_is_below(path, "/api") || path_is_below(path, "/health") ||
           path_is_below(path, "/metrics");
}

static bool method_reads(enum evhttp_cmd_type method) {
    return method == EVHTTP_REQ_GET || method == EVHTTP_REQ_HEAD;
}

static void door_answer_api(struct door *door, struct evhttp_request *request) {
    const struct asker asker = staff_asker(&door->console->staff, request);
    api_answer_as(request, door->console, &asker);
}

/* There is no such file, or no app at all. */
static void door_answer_nothing(const struct door *door, struct evhttp_request *request,
                                const char *path) {
    static const char no_app[] =
        "Tocsin 守望\n\n网页应用未安装；监测与告警不受影响。请安装 tocsin 软件包，或用 --assets 指明其目录。\n"
        "The web app is not installed; watching goes on. Install the package tocsin, or name the app's "
        "directory with --assets.\n";
    if (door->assets != NULL || strchr(path, '.') != NULL) {
        reply_problem(request, PROBLEM_NOT_FOUND, door->console->process->language, NULL);
        return;
    }
    struct evbuffer *body = evbuffer_new();
    assert(body != NULL);
    (void)evbuffer_add_reference(body, no_app, sizeof no_app - 1, NULL, NULL);
    reply_bytes(request, "text/plain; charset=utf-8", body);
    evbuffer_free(body);
}

static void door_answer(struct evhttp_request *request, void *context) {
    struct door *door = context;
    if (!connections_request(request)) {
        door->plain++;
        evhttp_send_error(request, 503, NULL);
        return;
    }
    const char *path = evhttp_uri_get_path(evhttp_request_get_evhttp_uri(request));
    path = path == NULL ? "" : path;
    security_headers_add(request);
    if (!framing_is_plain(request)) {
        /* What follows in this connection may be a part of it. */
        (void)evhttp_add_header(evhttp_request_get_output_headers(request), "Connection", "close");
        reply_problem(request, PROBLEM_FRAMING, door->console->process->language, NULL);
    } else if (!connections_admit_answer(request)) {
        reply_retry_after(request, DOOR_RETRY_S);
        reply_problem(request, PROBLEM_BUSY, door->console->process->language, NULL);
    } else if (path_is_api(path)) {
        door_answer_api(door, request);
    } else if (!method_reads(evhttp_request_get_command(request))) {
        (void)evhttp_add_header(evhttp_request_get_output_headers(request), "Allow", "GET, HEAD");
        reply_problem(request, PROBLEM_METHOD, door->console->process->language, NULL);
    } else if (strcmp(path, DOOR_AUTHORITY) == 0 && door_answer_authority(door, request)) {
        return;
    } else if (door->assets == NULL || !assets_answer(door->assets, request, path)) {
        door_answer_nothing(door, request, path);
    }
}

/* ---- listening ---- */

static void door_tell_refused(struct door *door, const char *reason) {
    uint64_t kept_back = 0;
    char quoted[300];
    const struct site *site = door->tls.site;
    if (log_permit(&door->refused, &kept_back)) {
        log_line(
            LOG_ERROR, "console_address",
            "listen=%s reason=\"%s\" kept_back=%" PRIu64
            " effect=\"nobody can open the console from a browser; watching goes on; it is tried again each second\"",
            log_quote(site_text(site, site->header->console_listen), quoted, sizeof quoted), reason,
            kept_back);
    }
}

/* The address that the site names, which check has looked at. */
static struct addrinfo *door_resolve(const char *listen) {
    char host[256];
    const char *colon = strrchr(listen, ':');
    size_t len = (size_t)(colon - listen);
    bool bracketed = listen[0] == '[';
    (void)snprintf(host, sizeof host, "%.*s", (int)(bracketed ? len - 2 : len), listen + bracketed);
    const struct addrinfo wish = {.ai_family = AF_UNSPEC,
                                  .ai_socktype = SOCK_STREAM,
                                  .ai_flags = AI_PASSIVE | AI_NUMERICSERV};
    struct addrinfo *found = NULL;
    return getaddrinfo(host, colon + 1, &wish, &found) == 0 ? found : NULL;
}

static int door_bind(struct door *door) {
    const struct site *site = door->tls.site;
    struct addrinfo *address = door_resolve(site_text(site, site->header->console_listen));
    if (address == NULL) {
        door_tell_refused(door, "no such address");
        return -EADDRNOTAVAIL;
    }
    door->listener =
        evconnlistener_new_bind(door->console->process->base, NULL, NULL,
                                LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC | LEV_OPT_REUSEABLE,
                                DOOR_BACKLOG, address->ai_addr, (int)address->ai_addrlen);
    int r = door->listener == NULL ? -errno : 0;
    freeaddrinfo(address);
    if (r != 0) {
        door_tell_refused(door, strerror(-r));
    }
    return r;
}

/* Open the address, once there is a certificate to show there. */
static void door_listen(struct door *door) {
    if (door->http != NULL || door->tls.context == NULL || door_bind(door) != 0) {
        return;
    }
    door->http = console_http(door->console, door->listener, door_answer, door);
    if (door->http == NULL) {
        evconnlistener_free(door->listener);
        door->listener = NULL;
        door_tell_refused(door, strerror(ENOMEM));
        return;
    }
    evhttp_set_bevcb(door->http, connections_accept, door->connections);
    char quoted[300];
    const struct site *site = door->tls.site;
    log_line(LOG_NOTICE, "console_open",
             "listen=%s app=%s effect=\"people can open it from a browser, by https\"",
             log_quote(site_text(site, site->header->console_listen), quoted, sizeof quoted),
             door->assets == NULL ? "no" : "yes");
}

static void door_read_assets(struct door *door) {
    const char *directory = door->console->process->assets;
    char quoted[300];
    int r = assets_read(directory, &door->assets);
    if (r != 0) {
        log_line(
            LOG_WARNING, "console_app",
            "assets=%s reason=\"%s\" effect=\"browsers find the interface for programs only, and no pages\"",
            log_quote(directory, quoted, sizeof quoted),
            r == ASSETS_E_NONE    ? "no index.html there"
            : r == ASSETS_E_LARGE ? "more files, or larger ones, than an app has"
                                  : "cannot be read");
    }
}

int door_open(struct door *door, struct console *console) {
    const struct site *site = &console->process->site;
    *door = (struct door){.console = console, .wanted = site->header->console_listen != 0};
    if (!door->wanted) {
        return 0;
    }
    tls_init(&door->tls, site);
    int r = connections_new(console->process->base, &door->connections);
    if (r != 0) {
        return err_trace(r);
    }
    door_read_assets(door);
    door_tick(door, clock_wall(), clock_real_ns());
    return 0;
}

void door_tick(struct door *door, struct wall now, uint64_t real_ns) {
    if (!door->wanted) {
        return;
    }
    if (tls_look(&door->tls, now, real_ns)) {
        connections_use(door->connections, door->tls.context);
    }
    door_listen(door);
    connections_tick(door->connections, real_ns);
}

enum door_state door_state(const struct door *door) {
    if (!door->wanted) {
        return DOOR_NONE;
    } else if (door->http == NULL) {
        return DOOR_CLOSED;
    }
    switch (tls_shown(&door->tls)) {
    case TLS_SHOWN_ENDING:
        return DOOR_ENDING_CERTIFICATE;
    case TLS_SHOWN_OLD:
        return DOOR_OLD_CERTIFICATE;
    case TLS_SHOWN_UNKNOWN:
        return DOOR_UNKNOWN_CERTIFICATE;
    case TLS_SHOWN_MEANT:
        break;
    }
    return DOOR_OPEN;
}

struct connections_counts door_counts(const struct door *door) {
    return door->connections == NULL ? (struct connections_counts){0}
                                     : *connections_counts(door->connections);
}

void door_close(struct door *door) {
    if (door->http != NULL) {
        evhttp_free(door->http); /* and its listener and connections */
    }
    door->connections = connections_free(door->connections);
    door->assets = assets_free(door->assets);
    if (door->wanted) {
        tls_deinit(&door->tls);
    }
    *door = (struct door){0};
}
