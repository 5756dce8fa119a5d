/* SPDX-License-Identifier: Apache-2.0 */
#include "sensors/sim/sim_tcp.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <event2/event.h>

#include "sensors/sim/sim_outbox.h"

enum {
    TCP_BACKLOG = 16,
    /* Room for several requests that were sent without waiting. */
    TCP_BUFFER_SIZE = 4 * SIM_FRAME_MAX,
};

struct client {
    struct sim_tcp *tcp;
    uint32_t index; /* among the server's clients */
    int fd;
    struct event *readable;
    struct sim_outbox outbox;
    size_t size; /* of what is in the buffer */
    uint8_t buffer[TCP_BUFFER_SIZE];
};

struct sim_tcp {
    struct event_base *base;
    struct sim_units units;
    struct sockaddr_storage address;
    socklen_t address_size;
    int listener; /* -1 while closed */
    struct event *acceptable;
    struct client *clients[SIM_TCP_CLIENTS_MAX]; /* NULL: free */
    uint64_t refused;                            /* connections beyond them */
};

static void client_free(struct client *client) {
    client->tcp->clients[client->index] = NULL;
    sim_outbox_deinit(&client->outbox);
    event_free(client->readable);
    (void)close(client->fd); /* nothing is left to be written */
    free(client);
}

/* Answer every whole request in the buffer. False when the connection must end. */
static bool client_serve(struct client *client) {
    size_t done = 0;
    for (;;) {
        struct sim_request request;
        enum sim_cut cut = sim_frame_cut_tcp(client->buffer + done, client->size - done, &request);
        if (cut == SIM_CUT_NOISE) {
            return false;
        } else if (cut == SIM_CUT_MORE) {
            break;
        }
        struct sim_reply reply;
        sim_units_answer(&client->tcp->units, SIM_FRAMING_TCP, &request, &reply);
        if (reply.close) {
            return false;
        }
        if (reply.size > 0) {
            sim_outbox_send(&client->outbox, &reply);
        }
        done += request.frame_size;
    }
    client->size -= done;
    memmove(client->buffer, client->buffer + done, client->size);
    return true;
}

static void client_readable(evutil_socket_t fd, short what, void *context) {
    (void)what;
    struct client *client = context;
    /* A whole frame is shorter than the buffer, so that there is always room for another byte. */
    ssize_t got = recv(fd, client->buffer + client->size, sizeof client->buffer - client->size, 0);
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) {
        return;
    }
    if (got <= 0) {
        client_free(client);
        return;
    }
    client->size += (size_t)got;
    if (!client_serve(client)) {
        client_free(client);
    }
}

static int client_new(struct sim_tcp *tcp, uint32_t index, int fd) {
    struct client *client = calloc(1, sizeof *client);
    if (client == NULL) {
        return -ENOMEM;
    }
    client->tcp = tcp;
    client->index = index;
    client->fd = fd;
    client->readable = event_new(tcp->base, fd, EV_READ | EV_PERSIST, client_readable, client);
    int r = sim_outbox_init(&client->outbox, tcp->base, fd, SIM_FRAMING_TCP);
    if (r != 0 || client->readable == NULL || event_add(client->readable, NULL) != 0) {
        sim_outbox_deinit(&client->outbox);
        if (client->readable != NULL) {
            event_free(client->readable);
        }
        free(client);
        return -ENOMEM;
    }
    tcp->clients[index] = client;
    return 0;
}

static void tcp_acceptable(evutil_socket_t listener, short what, void *context) {
    (void)what;
    struct sim_tcp *tcp = context;
    int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0) {
        return; /* gone again; a lack of descriptors is the client's time-out */
    }
    /* Answers are small and each is waited for: nothing is gained by collecting them. */
    int one = 1;
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    uint32_t index = 0;
    while (index < SIM_TCP_CLIENTS_MAX && tcp->clients[index] != NULL) {
        index++;
    }
    if (index == SIM_TCP_CLIENTS_MAX || client_new(tcp, index, fd) != 0) {
        tcp->refused++;
        (void)close(fd);
    }
}

static int address_find(struct sim_tcp *tcp, const char *host, uint16_t port) {
    char service[8];
    (void)snprintf(service, sizeof service, "%u", port);
    const struct addrinfo hints = {.ai_family = AF_UNSPEC,
                                   .ai_socktype = SOCK_STREAM,
                                   .ai_flags = AI_PASSIVE | AI_NUMERICSERV};
    struct addrinfo *found;
    if (getaddrinfo(host, service, &hints, &found) != 0) {
        return SIM_E_ADDRESS;
    }
    memcpy(&tcp->address, found->ai_addr, found->ai_addrlen);
    tcp->address_size = found->ai_addrlen;
    freeaddrinfo(found);
    return 0;
}

int sim_tcp_new(struct event_base *base, const char *host, uint16_t port,
                const struct sim_units *units, struct sim_tcp **ret_tcp) {
    struct sim_tcp *tcp = calloc(1, sizeof *tcp);
    if (tcp == NULL) {
        return -ENOMEM;
    }
    tcp->base = base;
    tcp->units = *units;
    tcp->listener = -1;
    int r = address_find(tcp, host, port);
    if (r != 0) {
        free(tcp);
        return r;
    }
    *ret_tcp = tcp;
    return 0;
}

struct sim_tcp *sim_tcp_free(struct sim_tcp *tcp) {
    if (tcp != NULL) {
        sim_tcp_close(tcp);
        free(tcp);
    }
    return NULL;
}

/* Bind and listen. An error leaves the socket to the caller. */
static int listener_bind(const struct sim_tcp *tcp, int fd) {
    int one = 1;
    if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one) != 0) {
        return -errno;
    }
    if (bind(fd, (const struct sockaddr *)&tcp->address, tcp->address_size) != 0 ||
        listen(fd, TCP_BACKLOG) != 0) {
        switch (errno) {
        case EADDRINUSE:
            return SIM_E_IN_USE;
        case EADDRNOTAVAIL:
        case EACCES:
            return SIM_E_ADDRESS;
        default:
            return -errno;
        }
    }
    return 0;
}

int sim_tcp_open(struct sim_tcp *tcp) {
    if (tcp->listener >= 0) {
        return 0;
    }
    int fd = socket(tcp->address.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) {
        return -errno;
    }
    int r = listener_bind(tcp, fd);
    if (r == 0) {
        tcp->acceptable = event_new(tcp->base, fd, EV_READ | EV_PERSIST, tcp_acceptable, tcp);
        if (tcp->acceptable == NULL || event_add(tcp->acceptable, NULL) != 0) {
            r = -ENOMEM;
        }
    }
    if (r != 0) {
        if (tcp->acceptable != NULL) {
            event_free(tcp->acceptable);
            tcp->acceptable = NULL;
        }
        (void)close(fd);
        return r;
    }
    tcp->listener = fd;
    return 0;
}

void sim_tcp_close(struct sim_tcp *tcp) {
    for (uint32_t i = 0; i < SIM_TCP_CLIENTS_MAX; i++) {
        if (tcp->clients[i] != NULL) {
            client_free(tcp->clients[i]);
        }
    }
    if (tcp->listener >= 0) {
        event_free(tcp->acceptable);
        tcp->acceptable = NULL;
        (void)close(tcp->listener);
        tcp->listener = -1;
    }
}

uint16_t sim_tcp_port(const struct sim_tcp *tcp) {
    struct sockaddr_storage address = {0};
    socklen_t size = sizeof address;
    if (tcp->listener < 0 || getsockname(tcp->listener, (struct sockaddr *)&address, &size) != 0) {
        return 0;
    }
    if (address.ss_family == AF_INET6) {
        struct sockaddr_in6 six;
        memcpy(&six, &address, sizeof six);
        return ntohs(six.sin6_port);
    }
    struct sockaddr_in four;
    memcpy(&four, &address, sizeof four);
    return ntohs(four.sin_port);
}
