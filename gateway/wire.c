/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Packets are read with recvmsg() and plain events: a libevent bufferevent would cut a packet of
 * more than 4,096 bytes in silence. What a packet says of its own size is held against what
 * arrived, and each kind's count against its size, before anybody looks at it.
 */
#include "gateway/wire.h"

#include <assert.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <event2/event.h>
#include <openssl/evp.h>

#include "gateway/clock.h"
#include "gateway/log.h"

enum {
    /* Room for a burst of some hundred packets; beyond it the sender keeps its own. */
    SEND_BUFFER_BYTES = 256 * 1024,
    LISTEN_BACKLOG = 64,
    /* Packets handled before the loop looks at its other sockets and timers. */
    RECEIVE_BURST = 64,
    RETRY_MS_FIRST = 100,
    RETRY_MS_MAX = 500, /* a try costs nothing, and what it waits for is the one that decides */
};

_Static_assert(sizeof(struct wire_readings) <= WIRE_SIZE_MAX, "a message fits one packet");
_Static_assert(sizeof(struct wire_heartbeats) <= WIRE_SIZE_MAX, "a message fits one packet");
_Static_assert(sizeof(struct wire_outputs) <= WIRE_SIZE_MAX, "a message fits one packet");
_Static_assert(sizeof(struct wire_event) <= WIRE_SIZE_MAX, "a message fits one packet");
_Static_assert(sizeof(struct wire_notice) <= WIRE_SIZE_MAX, "a message fits one packet");
_Static_assert(sizeof(struct wire_point_values) <= WIRE_SIZE_MAX, "a message fits one packet");
_Static_assert(sizeof(struct wire_truths) <= WIRE_SIZE_MAX, "a message fits one packet");
_Static_assert(sizeof(struct wire_buses) <= WIRE_SIZE_MAX, "a message fits one packet");
_Static_assert(sizeof(struct wire_remote_answer) <= WIRE_SIZE_MAX, "a message fits one packet");

/* The packets whose length follows from a count: where the count stands, and what is counted. */
static const struct {
    size_t fixed; /* the whole size, or that of the part before the rows */
    size_t count_at;
    size_t row_size; /* 0: no rows */
    uint32_t count_max;
} shapes[WIRE_KIND_COUNT] = {
    [WIRE_HELLO] = {.fixed = sizeof(struct wire_hello)},
    [WIRE_WELCOME] = {.fixed = sizeof(struct wire_welcome)},
    [WIRE_READINGS] = {offsetof(struct wire_readings, readings),
                       offsetof(struct wire_readings, count), sizeof(struct wire_reading),
                       WIRE_READINGS_MAX},
    [WIRE_HEARTBEATS] = {offsetof(struct wire_heartbeats, devices),
                         offsetof(struct wire_heartbeats, count), sizeof(uint32_t),
                         WIRE_HEARTBEATS_MAX},
    [WIRE_DEVICE] = {.fixed = sizeof(struct wire_device)},
    [WIRE_OUTPUTS] = {offsetof(struct wire_outputs, outputs), offsetof(struct wire_outputs, count),
                      sizeof(struct wire_output), WIRE_OUTPUTS_MAX},
    [WIRE_RECORDED] = {.fixed = sizeof(struct wire_recorded)},
    [WIRE_EVENT] = {offsetof(struct wire_event, body), offsetof(struct wire_event, body_size), 1,
                    WIRE_BODY_MAX},
    [WIRE_JOURNAL] = {.fixed = sizeof(struct wire_journal)},
    [WIRE_ALARM_STATE] = {.fixed = sizeof(struct wire_alarm_state)},
    [WIRE_POINT_VALUES] = {offsetof(struct wire_point_values, values),
                           offsetof(struct wire_point_values, count),
                           sizeof(struct wire_point_value), WIRE_POINT_VALUES_MAX},
    [WIRE_COMPONENTS] = {.fixed = sizeof(struct wire_components)},
    [WIRE_CONFIRMED] = {.fixed = sizeof(struct wire_confirmed)},
    [WIRE_UPLINK_STATE] = {.fixed = sizeof(struct wire_uplink_state)},
    [WIRE_COMMAND] = {.fixed = sizeof(struct wire_command)},
    [WIRE_COMMAND_RESULT] = {.fixed = sizeof(struct wire_command_result)},
    [WIRE_GOODBYE] = {.fixed = sizeof(struct wire_goodbye)},
    [WIRE_NOTICE] = {offsetof(struct wire_notice, body), offsetof(struct wire_notice, body_size), 1,
                     WIRE_BODY_MAX},
    [WIRE_RECEIPT] = {.fixed = sizeof(struct wire_receipt)},
    [WIRE_LISTENER] = {.fixed = sizeof(struct wire_listener)},
    [WIRE_CERTIFICATE] = {.fixed = sizeof(struct wire_certificate)},
    [WIRE_PUSH] = {.fixed = sizeof(struct wire_push)},
    [WIRE_PUSH_RESULT] = {offsetof(struct wire_push_result, phones),
                          offsetof(struct wire_push_result, count), sizeof(struct wire_phone),
                          WIRE_PHONES_MAX},
    [WIRE_REMOTE] = {offsetof(struct wire_remote, payload), offsetof(struct wire_remote, size), 1,
                     WIRE_REMOTE_MAX},
    [WIRE_REMOTE_ANSWER] = {offsetof(struct wire_remote_answer, body),
                            offsetof(struct wire_remote_answer, size), 1, WIRE_BODY_MAX},
    [WIRE_PAGES] = {offsetof(struct wire_pages, people), offsetof(struct wire_pages, count),
                    sizeof(struct wire_page), WIRE_PAGES_MAX},
    [WIRE_SHOWN] = {.fixed = sizeof(struct wire_shown)},
    [WIRE_REACH] = {offsetof(struct wire_reach, rows), offsetof(struct wire_reach, count),
                    sizeof(struct wire_reach_row), LIMIT_AUDIENCES},
    [WIRE_DEED] = {.fixed = sizeof(struct wire_deed)},
    [WIRE_TAKEOVER] = {.fixed = sizeof(struct wire_takeover)},
    [WIRE_RESEND] = {.fixed = sizeof(struct wire_resend)},
    [WIRE_RESENT] = {.fixed = sizeof(struct wire_resent)},
    [WIRE_TEST] = {.fixed = sizeof(struct wire_test)},
    [WIRE_TRUTHS] = {offsetof(struct wire_truths, rows), offsetof(struct wire_truths, count), 1,
                     WIRE_TRUTHS_MAX},
    [WIRE_FIGURES] = {.fixed = sizeof(struct wire_figures)},
    [WIRE_BUSES] = {offsetof(struct wire_buses, buses), offsetof(struct wire_buses, count),
                    sizeof(struct wire_bus), WIRE_BUSES_MAX},
};

/* Is the packet of `len` bytes at `message` one that this build sends? */
static bool wire_is_sound(const void *message, size_t len) {
    const struct wire_header *header = message;
    if (len < sizeof *header || header->size != len || header->kind == 0 ||
        header->kind >= WIRE_KIND_COUNT || len < shapes[header->kind].fixed) {
        return false;
    }
    uint32_t count = 0;
    if (shapes[header->kind].row_size > 0) {
        memcpy(&count, (const unsigned char *)message + shapes[header->kind].count_at,
               sizeof count);
    }
    return count <= shapes[header->kind].count_max &&
           len == shapes[header->kind].fixed + count * shapes[header->kind].row_size;
}

uint32_t wire_size(enum wire_kind kind, uint32_t count) {
    assert(count <= shapes[kind].count_max);
    return (uint32_t)(shapes[kind].fixed + count * shapes[kind].row_size);
}

static int wire_address(const char *path, struct sockaddr_un *ret_address) {
    *ret_address = (struct sockaddr_un){.sun_family = AF_UNIX};
    if (strlen(path) >= sizeof ret_address->sun_path) {
        return err_origin(-ENAMETOOLONG);
    }
    memcpy(ret_address->sun_path, path, strlen(path) + 1);
    return 0;
}

static int wire_socket(int *ret_fd) {
    int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0) {
        return err_origin(-errno);
    }
    *ret_fd = fd;
    return 0;
}

/* The kernel may give less than asked for; a smaller buffer only means WIRE_E_FULL sooner. */
static void wire_widen(int fd) {
    int bytes = SEND_BUFFER_BYTES;
    (void)setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &bytes, sizeof bytes);
}

int wire_listen(const char *path, int *ret_fd) {
    struct sockaddr_un address;
    int fd = -1;
    int r = wire_address(path, &address);
    if (r == 0) {
        r = wire_socket(&fd);
    }
    if (r != 0) {
        return err_trace(r);
    }
    (void)unlink(path); /* of an earlier life; the state directory's lock keeps a second one away */
    mode_t mask = umask(0177);
    int bound = bind(fd, (const struct sockaddr *)&address, sizeof address);
    int bind_errno = errno;
    (void)umask(mask);
    if (bound != 0) {
        r = err_origin(-bind_errno);
    } else if (listen(fd, LISTEN_BACKLOG) != 0) {
        r = err_origin(-errno);
    }
    if (r != 0) {
        (void)close(fd);
        return r;
    }
    *ret_fd = fd;
    return 0;
}

int wire_accept(int listener, int *ret_fd) {
    int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (fd < 0) {
        return errno == EAGAIN || errno == EINTR ? WIRE_E_EMPTY : err_origin(-errno);
    }
    struct ucred peer;
    socklen_t len = sizeof peer;
    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) != 0 ||
        (peer.uid != 0 && peer.uid != geteuid())) {
        (void)close(fd);
        return WIRE_E_FAULT;
    }
    wire_widen(fd);
    *ret_fd = fd;
    return 0;
}

int wire_send(int fd, const void *message) {
    const struct wire_header *header = message;
    assert(wire_is_sound(message, header->size));
    for (;;) {
        ssize_t sent = send(fd, message, header->size, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (sent == (ssize_t)header->size) {
            return 0;
        }
        if (sent < 0 && errno == EINTR) {
            continue;
        }
        return sent < 0 && (errno == EAGAIN || errno == ENOBUFS) ? WIRE_E_FULL : WIRE_E_GONE;
    }
}

int wire_receive(int fd, void *ret) {
    struct iovec part = {.iov_base = ret, .iov_len = WIRE_SIZE_MAX};
    struct msghdr packet = {.msg_iov = &part, .msg_iovlen = 1};
    ssize_t len;
    /*
     * An end that goes without having read all leaves ECONNRESET here, once, in front of what it
     * said last: a reading, or that it was told to stop.
     */
    do {
        len = recvmsg(fd, &packet, MSG_DONTWAIT);
    } while (len < 0 && (errno == EINTR || errno == ECONNRESET));
    if (len < 0) {
        return errno == EAGAIN ? WIRE_E_EMPTY : WIRE_E_GONE;
    }
    if (len == 0) {
        return WIRE_E_GONE;
    }
    if ((packet.msg_flags & MSG_TRUNC) != 0 || !wire_is_sound(ret, (size_t)len)) {
        return WIRE_E_FAULT;
    }
    return 0;
}

const unsigned char *build_digest(void) {
    static unsigned char digest[32];
    static bool known;
    if (known) {
        return digest;
    }
    /* Both ends read the file they run, so that two builds of one version are still two builds. */
    FILE *file = fopen("/proc/self/exe", "rbe");
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    unsigned char chunk[4096];
    size_t len = 0;
    if (file != NULL && context != NULL && EVP_DigestInit_ex(context, EVP_sha256(), NULL) == 1) {
        while ((len = fread(chunk, 1, sizeof chunk, file)) > 0) {
            (void)EVP_DigestUpdate(context, chunk, len);
        }
        (void)EVP_DigestFinal_ex(context, digest, NULL);
    }
    EVP_MD_CTX_free(context);
    if (file != NULL) {
        (void)fclose(file);
    }
    known = true;
    return digest;
}

/* ---- the client's side ---- */

struct wire_client {
    struct event_base *base;
    struct sockaddr_un address;
    struct wire_hello hello;
    struct wire_client_callbacks callbacks;
    void *context;
    int fd; /* -1 while not connected */
    bool welcomed;
    bool refused_told;
    uint32_t retry_ms;
    struct event *retry;
    struct event *readable;
    struct event *writable;
    _Alignas(8) unsigned char packet[WIRE_SIZE_MAX];
};

static void wire_client_connect(struct wire_client *client);

static void wire_client_schedule(struct wire_client *client, uint32_t wait_ms) {
    struct timeval wait = {.tv_sec = wait_ms / 1000, .tv_usec = (wait_ms % 1000) * 1000};
    (void)event_add(client->retry, &wait);
}

static void wire_client_close(struct wire_client *client) {
    if (client->fd < 0) {
        return;
    }
    event_free(client->readable);
    event_free(client->writable);
    (void)close(client->fd);
    client->fd = -1;
    client->readable = NULL;
    client->writable = NULL;
    client->welcomed = false;
}

/* The connection has ended. The first try to come back is prompt; only failures space them out. */
static void wire_client_drop(struct wire_client *client) {
    bool was_welcomed = client->welcomed;
    wire_client_close(client);
    if (was_welcomed) {
        client->retry_ms = RETRY_MS_FIRST;
        wire_client_schedule(client, 10);
        client->callbacks.lost(client->context);
        return;
    }
    wire_client_schedule(client, client->retry_ms);
    client->retry_ms = client->retry_ms * 2 < RETRY_MS_MAX ? client->retry_ms * 2 : RETRY_MS_MAX;
}

static void wire_client_welcome(struct wire_client *client, const struct wire_header *message) {
    if (message->kind != WIRE_WELCOME) {
        log_line(LOG_ERROR, "wire_fault", "kind=%u effect=\"the connection is made anew\"",
                 message->kind);
        wire_client_drop(client);
        return;
    }
    client->welcomed = true;
    client->callbacks.welcomed(client->context, (const struct wire_welcome *)message);
}

static void wire_client_read(evutil_socket_t fd, short what, void *context) {
    struct wire_client *client = context;
    (void)fd;
    (void)what;
    const struct wire_header *message = (const struct wire_header *)client->packet;
    for (int i = 0; i < RECEIVE_BURST && client->fd >= 0; i++) {
        int r = wire_receive(client->fd, client->packet);
        if (r == WIRE_E_EMPTY) {
            return;
        }
        if (r != 0) {
            if (r == WIRE_E_FAULT) {
                log_line(LOG_ERROR, "wire_fault", "effect=\"the connection is made anew\"");
            } else if (!client->welcomed && !client->refused_told) {
                client->refused_told = true;
                log_line(LOG_WARNING, "engine_refuses",
                         "effect=\"another build or configuration runs; trying again\"");
            }
            wire_client_drop(client);
            return;
        }
        if (!client->welcomed) {
            wire_client_welcome(client, message);
        } else {
            client->callbacks.received(client->context, message);
        }
    }
}

static void wire_client_write(evutil_socket_t fd, short what, void *context) {
    struct wire_client *client = context;
    (void)fd;
    (void)what;
    client->callbacks.writable(client->context);
}

static void wire_client_retry(evutil_socket_t fd, short what, void *context) {
    (void)fd;
    (void)what;
    wire_client_connect(context);
}

static void wire_client_connect(struct wire_client *client) {
    int fd = -1;
    if (wire_socket(&fd) != 0) {
        wire_client_drop(client);
        return;
    }
    wire_widen(fd);
    if (connect(fd, (const struct sockaddr *)&client->address, sizeof client->address) != 0 ||
        wire_send(fd, &client->hello) != 0) {
        (void)close(fd);
        wire_client_drop(client);
        return;
    }
    client->fd = fd;
    client->readable = event_new(client->base, fd, EV_READ | EV_PERSIST, wire_client_read, client);
    client->writable = event_new(client->base, fd, EV_WRITE, wire_client_write, client);
    assert(client->readable != NULL && client->writable != NULL);
    (void)event_add(client->readable, NULL);
}

int wire_client_new(struct event_base *base, const char *run_directory,
                    const struct wire_hello *hello, const struct wire_client_callbacks *callbacks,
                    void *context, struct wire_client **ret_client) {
    char path[sizeof((struct sockaddr_un *)0)->sun_path];
    int len = snprintf(path, sizeof path, "%s/engine.sock", run_directory);
    if (len < 0 || (size_t)len >= sizeof path) {
        return err_origin(-ENAMETOOLONG);
    }
    struct wire_client *client = calloc(1, sizeof *client);
    if (client == NULL) {
        return err_origin(-ENOMEM);
    }
    client->base = base;
    client->hello = *hello;
    client->hello.header = wire_header_of(WIRE_HELLO, sizeof *hello);
    memcpy(client->hello.build, build_digest(), sizeof client->hello.build);
    client->callbacks = *callbacks;
    client->context = context;
    client->fd = -1;
    client->retry_ms = RETRY_MS_FIRST;
    client->retry = event_new(base, -1, 0, wire_client_retry, client);
    int r = client->retry == NULL ? err_origin(-ENOMEM) : wire_address(path, &client->address);
    if (r != 0) {
        (void)wire_client_free(client);
        return r;
    }
    wire_client_schedule(client, 0);
    *ret_client = client;
    return 0;
}

struct wire_client *wire_client_free(struct wire_client *client) {
    if (client != NULL) {
        const struct wire_goodbye goodbye = {.header =
                                                 wire_header_of(WIRE_GOODBYE, sizeof goodbye)};
        (void)!wire_client_send(client, &goodbye); /* without it we only count as lost */
        wire_client_close(client);
        if (client->retry != NULL) {
            event_free(client->retry);
        }
        free(client);
    }
    return NULL;
}

void wire_client_generation(struct wire_client *client, uint64_t generation) {
    client->hello.generation = generation;
    if (client->fd < 0) {
        client->retry_ms = RETRY_MS_FIRST;
        wire_client_schedule(client, 0);
    }
}

int wire_client_send(struct wire_client *client, const void *message) {
    if (client->fd < 0 || !client->welcomed) {
        return WIRE_E_GONE;
    }
    int r = wire_send(client->fd, message);
    if (r == WIRE_E_FULL) {
        (void)event_add(client->writable, NULL);
    }
    /* A connection that is gone is noticed by the reading side, which also tells the owner. */
    return r;
}
