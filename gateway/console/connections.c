/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/console/connections.h"

#include <assert.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <sys/socket.h>

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/bufferevent_ssl.h>
#include <event2/event.h>
#include <event2/http.h>
#include <openssl/ssl.h>

#include "gateway/clock.h"

enum connection_state {
    CONNECTION_OPENED,
    CONNECTION_READING,
    CONNECTION_ANSWERING,
    CONNECTION_IDLE
};

struct connection {
    TAILQ_ENTRY(connection) link;
    struct connections *connections;
    SSL *ssl;
    struct bufferevent *bev; /* whose end is that of the SSL object */
    struct in6_addr address; /* of IPv4 as ::ffff:a.b.c.d */
    enum connection_state state;
    bool admitted; /* it has a socket, and was counted */
    bool ended;    /* its socket was shut down */
    uint64_t deadline_real_ns;
};

TAILQ_HEAD(connection_list, connection);

struct connections {
    struct connection_list list;
    struct event *admit; /* soon after new ones were accepted, when they have their sockets */
    SSL_CTX *context;
    struct connections_counts counts;
};

/* Where an SSL object has its row. */
static int connection_index = -1;

static void connection_gone(void *parent, void *row, CRYPTO_EX_DATA *data, int index, long number,
                            void *pointer) {
    (void)parent;
    (void)data;
    (void)index;
    (void)number;
    (void)pointer;
    struct connection *connection = row;
    if (connection != NULL) {
        TAILQ_REMOVE(&connection->connections->list, connection, link);
        connection->connections->counts.open -= connection->admitted;
        free(connection);
    }
}

/* Evhttp finds the end of it and frees all. */
static void connection_end(struct connection *connection) {
    if (!connection->ended) {
        connection->ended = true;
        (void)shutdown(SSL_get_fd(connection->ssl), SHUT_RDWR);
    }
}

static void connection_enter(struct connection *connection, enum connection_state state) {
    static const uint64_t spans_ms[] = {
        [CONNECTION_OPENED] = CONNECTIONS_REQUEST_MS,
        [CONNECTION_READING] = CONNECTIONS_REQUEST_MS,
        [CONNECTION_ANSWERING] = 0,
        [CONNECTION_IDLE] = CONNECTIONS_IDLE_MS,
    };
    connection->state = state;
    connection->deadline_real_ns =
        spans_ms[state] == 0 ? UINT64_MAX : clock_real_ns() + spans_ms[state] * NS_PER_MS;
}

/* The first byte of a request, as it is after TLS. */
static void connection_read(struct evbuffer *input, const struct evbuffer_cb_info *info,
                            void *context) {
    (void)input;
    struct connection *connection = context;
    if (info->n_added > 0 && connection->state == CONNECTION_IDLE) {
        connection_enter(connection, CONNECTION_READING);
    }
}

/* ---- admission ---- */

static bool connection_find_address(struct connection *connection) {
    struct sockaddr_storage storage = {.ss_family = AF_UNSPEC};
    socklen_t size = sizeof storage;
    if (getpeername(SSL_get_fd(connection->ssl), (struct sockaddr *)&storage, &size) != 0) {
        return false;
    }
    if (storage.ss_family == AF_INET6) {
        connection->address = ((const struct sockaddr_in6 *)(const void *)&storage)->sin6_addr;
        return true;
    }
    static const unsigned char mapped[12] = {[10] = 0xff, [11] = 0xff};
    memcpy(&connection->address, mapped, sizeof mapped);
    memcpy((unsigned char *)&connection->address + sizeof mapped,
           &((const struct sockaddr_in *)(const void *)&storage)->sin_addr, 4);
    return storage.ss_family == AF_INET;
}

static uint32_t connections_of_address(const struct connections *connections,
                                       const struct in6_addr *address) {
    uint32_t count = 0;
    const struct connection *at;
    TAILQ_FOREACH(at, &connections->list, link) {
        count += at->admitted && memcmp(&at->address, address, sizeof *address) == 0;
    }
    return count;
}

static void connection_admit(struct connection *connection) {
    struct connections *connections = connection->connections;
    struct connections_counts *counts = &connections->counts;
    const int one = 1, kernel_bytes = CONNECTIONS_KERNEL_BYTES;
    counts->accepted++;
    if (!connection_find_address(connection)) {
        connection_end(connection);
    } else if (counts->open >= CONNECTIONS_MAX) {
        counts->refused_full++;
        connection_end(connection);
    } else if (connections_of_address(connections, &connection->address) >=
               CONNECTIONS_PER_ADDRESS) {
        counts->refused_address++;
        connection_end(connection);
    } else {
        connection->admitted = true;
        counts->open++;
        (void)setsockopt(SSL_get_fd(connection->ssl), IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
        (void)setsockopt(SSL_get_fd(connection->ssl), SOL_SOCKET, SO_SNDBUF, &kernel_bytes,
                         sizeof kernel_bytes);
    }
}

/* New ones stand at the head of the list. */
static void connections_admit(evutil_socket_t fd, short what, void *context) {
    (void)fd;
    (void)what;
    struct connections *connections = context;
    struct connection *at;
    TAILQ_FOREACH(at, &connections->list, link) {
        if (at->admitted || at->ended) {
            break;
        }
        connection_admit(at);
    }
}

struct bufferevent *connections_accept(struct event_base *base, void *context) {
    struct connections *connections = context;
    assert(connections->context != NULL);
    struct connection *connection = calloc(1, sizeof *connection);
    SSL *ssl = SSL_new(connections->context);
    struct bufferevent *bev = NULL;
    if (connection != NULL && ssl != NULL &&
        SSL_set_ex_data(ssl, connection_index, connection) == 1) {
        *connection = (struct connection){.connections = connections, .ssl = ssl};
        TAILQ_INSERT_HEAD(&connections->list, connection, link);
        connection_enter(connection, CONNECTION_OPENED);
        /* From here on the row goes with the SSL object, and that with the bufferevent. */
        bev = bufferevent_openssl_socket_new(base, -1, ssl, BUFFEREVENT_SSL_ACCEPTING,
                                             BEV_OPT_CLOSE_ON_FREE);
    } else {
        free(connection);
    }
    if (bev == NULL) {
        SSL_free(ssl);
        /* Evhttp then makes one without TLS, and nobody answers what comes from there (door.c). */
        return NULL;
    }
    connection->bev = bev;
    bufferevent_openssl_set_allow_dirty_shutdown(bev, 1);
    (void)evbuffer_add_cb(bufferevent_get_input(bev), connection_read, connection);
    event_active(connections->admit, EV_TIMEOUT, 0);
    return bev;
}

/* ---- the rest ---- */

int connections_new(struct event_base *base, struct connections **ret_connections) {
    if (connection_index < 0) {
        connection_index = SSL_get_ex_new_index(0, NULL, NULL, NULL, connection_gone);
    }
    struct connections *connections = calloc(1, sizeof *connections);
    if (connections == NULL || connection_index < 0) {
        free(connections);
        return err_origin(-ENOMEM);
    }
    TAILQ_INIT(&connections->list);
    connections->admit = event_new(base, -1, 0, connections_admit, connections);
    if (connections->admit == NULL) {
        free(connections);
        return err_origin(-ENOMEM);
    }
    *ret_connections = connections;
    return 0;
}

struct connections *connections_free(struct connections *connections) {
    if (connections != NULL) {
        assert(TAILQ_EMPTY(&connections->list));
        event_free(connections->admit);
        SSL_CTX_free(connections->context);
        free(connections);
    }
    return NULL;
}

void connections_use(struct connections *connections, SSL_CTX *context) {
    (void)SSL_CTX_up_ref(context);
    SSL_CTX_free(connections->context);
    connections->context = context;
}

static struct bufferevent *request_bufferevent(struct evhttp_request *request) {
    return evhttp_connection_get_bufferevent(evhttp_request_get_connection(request));
}

/* The answer is out; the client may have begun its next request already. */
static void connection_answered(struct evhttp_request *request, void *context) {
    struct bufferevent *bev = request_bufferevent(request);
    bool more = evbuffer_get_length(bufferevent_get_input(bev)) > 0;
    connection_enter(context, more ? CONNECTION_READING : CONNECTION_IDLE);
}

/* NULL where it did not come by TLS. */
static struct connection *request_connection(struct evhttp_request *request) {
    SSL *ssl = bufferevent_openssl_get_ssl(request_bufferevent(request));
    return ssl == NULL ? NULL : SSL_get_ex_data(ssl, connection_index);
}

bool connections_request(struct evhttp_request *request) {
    struct connection *connection = request_connection(request);
    if (connection == NULL) {
        return false;
    }
    connection_enter(connection, CONNECTION_ANSWERING);
    evhttp_request_set_on_complete_cb(request, connection_answered, connection);
    return true;
}

bool connections_admit_answer(struct evhttp_request *request) {
    const struct connection *connection = request_connection(request);
    struct connections *connections = connection->connections;
    size_t waiting = 0;
    const struct connection *at;
    TAILQ_FOREACH(at, &connections->list, link) {
        if (at->admitted && memcmp(&at->address, &connection->address, sizeof at->address) == 0) {
            waiting += evbuffer_get_length(bufferevent_get_output(at->bev));
        }
    }
    bool admitted = waiting < CONNECTIONS_WAITING_BYTES;
    connections->counts.refused_waiting += !admitted;
    return admitted;
}

void connections_address(struct evhttp_request *request, char ret[CONNECTIONS_ADDRESS_SIZE]) {
    char *address = NULL;
    uint16_t port = 0;
    evhttp_connection_get_peer(evhttp_request_get_connection(request), &address, &port);
    size_t len = address == NULL ? 0 : strnlen(address, CONNECTIONS_ADDRESS_SIZE - 1);
    memcpy(ret, address == NULL ? "" : address, len);
    ret[len] = '\0';
}

void connections_tick(struct connections *connections, uint64_t real_ns) {
    struct connection *at;
    TAILQ_FOREACH(at, &connections->list, link) {
        if (!at->ended && real_ns >= at->deadline_real_ns) {
            connections->counts.too_slow += at->state != CONNECTION_IDLE;
            connection_end(at);
        }
    }
}

const struct connections_counts *connections_counts(const struct connections *connections) {
    return &connections->counts;
}
