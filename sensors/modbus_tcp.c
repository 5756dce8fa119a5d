/* SPDX-License-Identifier: Apache-2.0 */
#include "sensors/modbus_tcp.h"

#include <arpa/inet.h>
#include <assert.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

static uint64_t mbtcp_earlier(uint64_t a_ns, uint64_t b_ns) {
    return a_ns < b_ns ? a_ns : b_ns;
}

static void mbtcp_explain(struct mbtcp *link, const char *what, int error) {
    char text[64];
    (void)snprintf(link->detail, sizeof link->detail, "%s: %s", what,
                   strerror_r(error, text, sizeof text));
}

void mbtcp_init(struct mbtcp *link, int epoll_fd, uint64_t key, const char *address,
                uint16_t port) {
    *link = (struct mbtcp){
        .epoll_fd = epoll_fd,
        .key = key,
        .fd = -1,
        .port = port,
        .deadline_ns = UINT64_MAX,
    };
    mbtcp_address(link, address);
}

void mbtcp_address(struct mbtcp *link, const char *address) {
    (void)snprintf(link->address, sizeof link->address, "%s", address);
}

static void mbtcp_close(struct mbtcp *link) {
    if (link->fd >= 0) {
        (void)close(link->fd); /* leaves the epoll instance by itself */
        link->fd = -1;
    }
    link->state = MBTCP_CLOSED;
}

void mbtcp_deinit(struct mbtcp *link) {
    mbtcp_close(link);
}

/* The transaction is over. Returns true, for the caller to return. */
static bool mbtcp_finish(struct mbtcp *link, enum sensor_cause cause) {
    if (cause == SENSOR_CAUSE_NONE || cause == SENSOR_CAUSE_EXCEPTION) {
        link->state = MBTCP_IDLE;
    } else {
        mbtcp_close(link);
    }
    link->deadline_ns = UINT64_MAX;
    link->outcome.cause = cause;
    link->outcome.late = link->late;
    link->outcome.opened = link->opened;
    link->outcome.detail = link->detail;
    link->late = 0;
    return true;
}

/* The socket address of the literal; 0 when there is none yet, or it is none. */
static socklen_t mbtcp_socket_address(const struct mbtcp *link, struct sockaddr_storage *ret) {
    memset(ret, 0, sizeof *ret);
    struct sockaddr_in *v4 = (struct sockaddr_in *)ret;
    struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)ret;
    if (inet_pton(AF_INET, link->address, &v4->sin_addr) == 1) {
        v4->sin_family = AF_INET;
        v4->sin_port = htons(link->port);
        return sizeof *v4;
    }
    if (inet_pton(AF_INET6, link->address, &v6->sin6_addr) == 1) {
        v6->sin6_family = AF_INET6;
        v6->sin6_port = htons(link->port);
        return sizeof *v6;
    }
    return 0;
}

/* Begin to connect. Returns 0 with the state CONNECTING, or -errno. */
static int mbtcp_begin(struct mbtcp *link, const struct sockaddr_storage *address, socklen_t size) {
    int fd = socket(address->ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) {
        return -errno;
    }
    link->fd = fd;
    int on = 1;
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (connect(fd, (const struct sockaddr *)address, size) != 0 && errno != EINPROGRESS) {
        return -errno;
    }
    struct epoll_event event = {.events = EPOLLIN | EPOLLOUT | EPOLLET, .data.u64 = link->key};
    if (epoll_ctl(link->epoll_fd, EPOLL_CTL_ADD, fd, &event) != 0) {
        return -errno;
    }
    link->state = MBTCP_CONNECTING;
    return 0;
}

static bool mbtcp_open(struct mbtcp *link, uint64_t now_ns) {
    struct sockaddr_storage address;
    socklen_t size = mbtcp_socket_address(link, &address);
    if (size == 0) {
        (void)snprintf(link->detail, sizeof link->detail, "its host name is not resolved");
        return mbtcp_finish(link, SENSOR_CAUSE_UNREACHABLE);
    }
    link->reused = false;
    int r = mbtcp_begin(link, &address, size);
    if (r != 0) {
        mbtcp_explain(link, "connect", -r);
        return mbtcp_finish(link, SENSOR_CAUSE_UNREACHABLE);
    }
    link->deadline_ns = mbtcp_earlier(now_ns + link->timeout_ns, link->limit_ns);
    return false;
}

/* What was open is closed: an answer to nothing, so the request gets a new connection once. */
static bool mbtcp_closed(struct mbtcp *link, uint64_t now_ns) {
    if (!link->reused) {
        return mbtcp_finish(link, SENSOR_CAUSE_CLOSED);
    }
    mbtcp_close(link);
    return mbtcp_open(link, now_ns);
}

static bool mbtcp_send(struct mbtcp *link, uint64_t now_ns) {
    uint8_t adu[MBFRAME_TCP_SIZE];
    mbframe_encode_tcp(&link->request, ++link->transaction, adu);
    link->size = 0;
    /* Nothing is under way, so that the buffer takes twelve bytes, or the peer is dead. */
    if (send(link->fd, adu, sizeof adu, MSG_NOSIGNAL) != (ssize_t)sizeof adu) {
        return mbtcp_closed(link, now_ns);
    }
    link->state = MBTCP_WAITING;
    link->deadline_ns = mbtcp_earlier(now_ns + link->timeout_ns, link->limit_ns);
    return false;
}

bool mbtcp_ask(struct mbtcp *link, const struct mbframe_request *request, uint64_t timeout_ns,
               uint64_t now_ns) {
    assert(link->state == MBTCP_CLOSED || link->state == MBTCP_IDLE);
    link->request = *request;
    link->timeout_ns = timeout_ns;
    link->limit_ns = now_ns + timeout_ns + timeout_ns / 2;
    link->outcome.answer = (struct mbframe_answer){0};
    link->detail[0] = '\0';
    if (link->state == MBTCP_CLOSED) {
        return mbtcp_open(link, now_ns);
    }
    link->reused = true;
    return mbtcp_send(link, now_ns);
}

static bool mbtcp_connected(struct mbtcp *link, uint64_t now_ns) {
    int error = 0;
    socklen_t size = sizeof error;
    if (getsockopt(link->fd, SOL_SOCKET, SO_ERROR, &error, &size) != 0) {
        error = errno;
    }
    if (error != 0) {
        mbtcp_explain(link, "connect", error);
        return mbtcp_finish(link, SENSOR_CAUSE_UNREACHABLE);
    }
    link->opened++;
    return mbtcp_send(link, now_ns);
}

/* Receive until the frame is there or nothing more is. */
static bool mbtcp_receive(struct mbtcp *link, uint64_t now_ns) {
    for (;;) {
        ssize_t received =
            recv(link->fd, link->answer + link->size, sizeof link->answer - link->size, 0);
        if (received < 0 && errno == EAGAIN) {
            return false;
        }
        if (received <= 0) {
            return mbtcp_closed(link, now_ns);
        }
        link->size += (size_t)received;
        if (mbframe_is_complete_tcp(link->answer, link->size)) {
            return mbtcp_finish(link,
                                mbframe_check_tcp(&link->request, link->transaction, link->answer,
                                                  link->size, &link->outcome.answer));
        }
    }
}

/* Something came although nothing was asked: it ends the connection, and bytes count as late. */
static void mbtcp_disturbed(struct mbtcp *link) {
    uint8_t noise[MBFRAME_ADU_MAX];
    ssize_t received = recv(link->fd, noise, sizeof noise, 0);
    if (received < 0 && errno == EAGAIN) {
        return;
    }
    link->late += received > 0;
    mbtcp_close(link);
}

bool mbtcp_ready(struct mbtcp *link, uint32_t events, uint64_t now_ns) {
    switch (link->state) {
    case MBTCP_CONNECTING:
        return (events & (EPOLLOUT | EPOLLERR | EPOLLHUP)) != 0 && mbtcp_connected(link, now_ns);
    case MBTCP_WAITING:
        return mbtcp_receive(link, now_ns);
    case MBTCP_IDLE:
        mbtcp_disturbed(link);
        return false;
    case MBTCP_CLOSED:
        break;
    }
    return false;
}

bool mbtcp_expire(struct mbtcp *link) {
    if (link->state == MBTCP_CONNECTING) {
        mbtcp_explain(link, "connect", ETIMEDOUT);
        return mbtcp_finish(link, SENSOR_CAUSE_UNREACHABLE);
    }
    assert(link->state == MBTCP_WAITING);
    return mbtcp_finish(link, link->size > 0 ? SENSOR_CAUSE_SHORT : SENSOR_CAUSE_TIMEOUT);
}
