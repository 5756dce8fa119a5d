/* SPDX-License-Identifier: Apache-2.0 */
#include "sensors/modbus_link.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include <modbus.h>

#define RTU_SILENCE_MIN_NS                                                                         \
    1750000ull /* above 19,200 baud: Modbus over Serial Line V1.02, 2.5.1.1 */
#define RTU_CUT_SLICE_NS (100 * NS_PER_MS) /* how long a cut may go unnoticed on a serial line */

struct mblink {
    enum mblink_kind kind;
    modbus_t *modbus; /* RTU only */
    uint64_t (*real_ns)(void *context);
    void *context;
    int fd; /* -1 while closed; changed under `lock`, read freely by the owner */
    uint16_t transaction;
    uint16_t port;
    uint64_t receive_ns;  /* TCP: the socket's present time-out for receiving */
    uint64_t silence_ns;  /* RTU: 3.5 characters */
    uint64_t frame_ns;    /* RTU: the longest frame */
    uint64_t activity_ns; /* RTU: when the line was last busy */
    uint64_t opened;
    uint32_t late;
    atomic_bool cut;
    pthread_mutex_t lock; /* guards fd against mblink_cut(), and address */
    char address[MBLINK_ADDRESS_SIZE];
    char detail[SENSOR_DETAIL_SIZE];
    uint8_t answer[MODBUS_RTU_MAX_ADU_LENGTH + MBFRAME_ADU_MAX]; /* a frame, and what follows it */
};

static uint64_t mblink_now_ns(const struct mblink *link) {
    return link->real_ns(link->context);
}

static uint64_t mblink_left_ns(const struct mblink *link, uint64_t deadline_ns) {
    uint64_t now_ns = mblink_now_ns(link);
    return deadline_ns > now_ns ? deadline_ns - now_ns : 0;
}

static void mblink_explain(struct mblink *link, const char *what, int error) {
    char text[64];
    (void)snprintf(link->detail, sizeof link->detail, "%s: %s", what,
                   strerror_r(error, text, sizeof text));
}

static int mblink_init_rtu(struct mblink *link, const struct mblink_conf *conf) {
    link->modbus = modbus_new_rtu(conf->line, (int)conf->baud, conf->parity, 8, conf->stop_bits);
    if (link->modbus == NULL) {
        return -ENOMEM;
    }
    (void)modbus_set_error_recovery(link->modbus, MODBUS_ERROR_RECOVERY_NONE);
    (void)modbus_set_byte_timeout(link->modbus, 0, 0);
    uint64_t character_ns = 11 * NS_PER_S / conf->baud;
    link->silence_ns = character_ns * 7 / 2;
    if (link->silence_ns < RTU_SILENCE_MIN_NS) {
        link->silence_ns = RTU_SILENCE_MIN_NS;
    }
    link->frame_ns = character_ns * MODBUS_RTU_MAX_ADU_LENGTH;
    return 0;
}

int mblink_new(const struct mblink_conf *conf, uint64_t (*real_ns)(void *context), void *context,
               struct mblink **ret_link) {
    struct mblink *link = calloc(1, sizeof *link);
    if (link == NULL) {
        return -ENOMEM;
    }
    link->kind = conf->kind;
    link->real_ns = real_ns;
    link->context = context;
    link->fd = -1;
    link->port = conf->port;
    if (conf->kind == MBLINK_RTU) {
        int r = mblink_init_rtu(link, conf);
        if (r != 0) {
            free(link);
            return r;
        }
    } else {
        (void)snprintf(link->address, sizeof link->address, "%s", conf->address);
    }
    (void)pthread_mutex_init(&link->lock, NULL);
    *ret_link = link;
    return 0;
}

static void mblink_close(struct mblink *link) {
    (void)pthread_mutex_lock(&link->lock);
    if (link->fd >= 0) {
        if (link->kind == MBLINK_RTU) {
            modbus_close(link->modbus); /* gives the line its settings back */
        } else {
            (void)close(link->fd);
        }
        link->fd = -1;
    }
    (void)pthread_mutex_unlock(&link->lock);
}

struct mblink *mblink_free(struct mblink *link) {
    if (link != NULL) {
        mblink_close(link);
        if (link->modbus != NULL) {
            modbus_free(link->modbus);
        }
        (void)pthread_mutex_destroy(&link->lock);
        free(link);
    }
    return NULL;
}

void mblink_address(struct mblink *link, const char *address) {
    (void)pthread_mutex_lock(&link->lock);
    (void)snprintf(link->address, sizeof link->address, "%s", address);
    (void)pthread_mutex_unlock(&link->lock);
}

void mblink_cut(struct mblink *link) {
    (void)pthread_mutex_lock(&link->lock);
    atomic_store(&link->cut, true);
    if (link->fd >= 0 && link->kind == MBLINK_TCP) {
        (void)shutdown(link->fd, SHUT_RDWR);
    }
    (void)pthread_mutex_unlock(&link->lock);
}

uint32_t mblink_late(struct mblink *link) {
    uint32_t late = link->late;
    link->late = 0;
    return late;
}

uint64_t mblink_opened(const struct mblink *link) {
    return link->opened;
}

const char *mblink_detail(const struct mblink *link) {
    return link->detail;
}

/* Wait until the descriptor is ready for `events`. Returns 1, 0 after the deadline, or -errno. */
static int mblink_wait(struct mblink *link, short events, uint64_t span_ns) {
    struct pollfd ready = {.fd = link->fd, .events = events};
    struct timespec span = {
        .tv_sec = (time_t)(span_ns / NS_PER_S),
        .tv_nsec = (long)(span_ns % NS_PER_S),
    };
    int r = ppoll(&ready, 1, &span, NULL);
    if (r < 0) {
        return errno == EINTR ? 0 : -errno;
    }
    return r;
}

/* Own the descriptor from here on, so that a cut reaches it. */
static void mblink_adopt(struct mblink *link, int fd) {
    (void)pthread_mutex_lock(&link->lock);
    link->fd = fd;
    if (atomic_load(&link->cut) && link->kind == MBLINK_TCP) {
        (void)shutdown(fd, SHUT_RDWR);
    }
    (void)pthread_mutex_unlock(&link->lock);
}

/* The socket address of the literal; 0 when there is none yet, or it is none. */
static socklen_t mblink_socket_address(struct mblink *link, struct sockaddr_storage *ret) {
    char literal[MBLINK_ADDRESS_SIZE];
    (void)pthread_mutex_lock(&link->lock);
    memcpy(literal, link->address, sizeof literal);
    (void)pthread_mutex_unlock(&link->lock);

    memset(ret, 0, sizeof *ret);
    struct sockaddr_in *v4 = (struct sockaddr_in *)ret;
    struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)ret;
    if (inet_pton(AF_INET, literal, &v4->sin_addr) == 1) {
        v4->sin_family = AF_INET;
        v4->sin_port = htons(link->port);
        return sizeof *v4;
    }
    if (inet_pton(AF_INET6, literal, &v6->sin6_addr) == 1) {
        v6->sin6_family = AF_INET6;
        v6->sin6_port = htons(link->port);
        return sizeof *v6;
    }
    return 0;
}

/* The outcome of a connection that was begun: 0, or -errno. */
static int mblink_connected(struct mblink *link, uint64_t timeout_ns) {
    int r = mblink_wait(link, POLLOUT, timeout_ns);
    if (r <= 0) {
        return r == 0 ? -ETIMEDOUT : r;
    }
    int error = 0;
    socklen_t size = sizeof error;
    if (getsockopt(link->fd, SOL_SOCKET, SO_ERROR, &error, &size) != 0) {
        return -errno;
    }
    return -error;
}

static enum sensor_cause mblink_open_tcp(struct mblink *link, uint64_t timeout_ns) {
    struct sockaddr_storage address;
    socklen_t size = mblink_socket_address(link, &address);
    if (size == 0) {
        (void)snprintf(link->detail, sizeof link->detail, "its host name is not resolved");
        return SENSOR_CAUSE_UNREACHABLE;
    }
    int fd = socket(address.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) {
        mblink_explain(link, "socket", errno);
        return SENSOR_CAUSE_UNREACHABLE;
    }
    if (fd >= MBLINK_DESCRIPTOR_MAX) {
        (void)close(fd);
        (void)snprintf(link->detail, sizeof link->detail,
                       "descriptor %d is above %d: too many connections in one field process", fd,
                       MBLINK_DESCRIPTOR_MAX - 1);
        return SENSOR_CAUSE_UNREACHABLE;
    }
    int on = 1;
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    int r = connect(fd, (struct sockaddr *)&address, size) == 0 ? 0 : -errno;
    mblink_adopt(link, fd);
    if (r == -EINPROGRESS) {
        r = mblink_connected(link, timeout_ns);
    }
    /* From here on it blocks, up to its time-out: one call then waits and receives. */
    if (r == 0 && fcntl(fd, F_SETFL, 0) != 0) {
        r = -errno;
    }
    link->receive_ns = 0;
    if (r != 0) {
        mblink_explain(link, "connect", -r);
        mblink_close(link);
        return SENSOR_CAUSE_UNREACHABLE;
    }
    return SENSOR_CAUSE_NONE;
}

static enum sensor_cause mblink_open_rtu(struct mblink *link) {
    if (modbus_connect(link->modbus) != 0) {
        mblink_explain(link, "open", errno);
        return SENSOR_CAUSE_UNREACHABLE;
    }
    int fd = modbus_get_socket(link->modbus);
    if (fd >= MBLINK_DESCRIPTOR_MAX) {
        modbus_close(link->modbus);
        (void)snprintf(link->detail, sizeof link->detail,
                       "descriptor %d is above %d: too many connections in one field process", fd,
                       MBLINK_DESCRIPTOR_MAX - 1);
        return SENSOR_CAUSE_UNREACHABLE;
    }
    mblink_adopt(link, fd);
    return SENSOR_CAUSE_NONE;
}

static enum sensor_cause mblink_open(struct mblink *link, uint64_t timeout_ns) {
    enum sensor_cause cause =
        link->kind == MBLINK_TCP ? mblink_open_tcp(link, timeout_ns) : mblink_open_rtu(link);
    if (cause == SENSOR_CAUSE_NONE) {
        link->opened++;
    }
    return cause;
}

/* Read the line empty until it has been silent for 3.5 characters. */
static enum sensor_cause mblink_settle_rtu(struct mblink *link, uint64_t timeout_ns) {
    uint64_t deadline_ns = mblink_now_ns(link) + timeout_ns;
    uint64_t silence_ns = mblink_left_ns(link, link->activity_ns + link->silence_ns);
    while (!atomic_load(&link->cut)) {
        int r = mblink_wait(link, POLLIN, silence_ns);
        if (r == 0) {
            return SENSOR_CAUSE_NONE;
        }
        uint8_t noise[MODBUS_RTU_MAX_ADU_LENGTH];
        ssize_t size = r > 0 ? read(link->fd, noise, sizeof noise) : -1;
        if (size <= 0 && !(size < 0 && errno == EAGAIN)) {
            mblink_explain(link, "the line", size == 0 ? EIO : errno);
            mblink_close(link);
            return SENSOR_CAUSE_UNREACHABLE;
        }
        link->late += size > 0;
        silence_ns = link->silence_ns;
        if (mblink_left_ns(link, deadline_ns) == 0) {
            (void)snprintf(link->detail, sizeof link->detail, "the line is never silent");
            return SENSOR_CAUSE_LONG;
        }
    }
    return SENSOR_CAUSE_UNREACHABLE;
}

/* Why the socket has no more bytes, `size` of an answer being there. */
static enum sensor_cause mblink_cause_tcp(ssize_t received, size_t size) {
    if (received < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR)) {
        return size > 0 ? SENSOR_CAUSE_SHORT : SENSOR_CAUSE_TIMEOUT;
    }
    return SENSOR_CAUSE_CLOSED;
}

/* Let the socket wait for at most `span_ns`; a system call only when that is another span. */
static void mblink_patience(struct mblink *link, uint64_t span_ns) {
    if (span_ns != link->receive_ns) {
        uint64_t span_us = span_ns / 1000 > 0 ? span_ns / 1000 : 1; /* 0 would wait for ever */
        const struct timeval span = {
            .tv_sec = (time_t)(span_us / 1000000),
            .tv_usec = (suseconds_t)(span_us % 1000000),
        };
        (void)setsockopt(link->fd, SOL_SOCKET, SO_RCVTIMEO, &span, sizeof span);
        link->receive_ns = span_ns;
    }
}

/*
 * Receive one frame, and all that is there with it, until `deadline_ns`; `span_ns` is the time
 * until then. Most answers come in one piece: then this is one system call.
 */
static enum sensor_cause mblink_receive_tcp(struct mblink *link, uint64_t span_ns,
                                            uint64_t deadline_ns, size_t *ret_size) {
    size_t size = 0;
    for (;;) {
        mblink_patience(link, span_ns);
        ssize_t received = recv(link->fd, link->answer + size, sizeof link->answer - size, 0);
        if (received <= 0) {
            return mblink_cause_tcp(received, size);
        }
        size += (size_t)received;
        if (mbframe_is_complete_tcp(link->answer, size)) {
            *ret_size = size;
            return SENSOR_CAUSE_NONE;
        }
        span_ns = mblink_left_ns(link, deadline_ns);
        if (span_ns == 0) {
            return SENSOR_CAUSE_SHORT;
        }
    }
}

/* Ask over a connection that is open; on any failure it is closed. */
static enum sensor_cause mblink_ask_tcp(struct mblink *link, const struct mbframe_request *request,
                                        uint64_t span_ns, struct mbframe_answer *ret_answer) {
    uint8_t adu[MBFRAME_TCP_SIZE];
    mbframe_encode_tcp(request, ++link->transaction, adu);
    uint64_t deadline_ns = mblink_now_ns(link) + span_ns;
    enum sensor_cause cause = SENSOR_CAUSE_CLOSED;
    size_t size = 0;
    /* The socket is idle before each request: its buffer takes twelve bytes, or the peer is dead.
     */
    if (send(link->fd, adu, sizeof adu, MSG_NOSIGNAL | MSG_DONTWAIT) == (ssize_t)sizeof adu) {
        cause = mblink_receive_tcp(link, span_ns, deadline_ns, &size);
    }
    if (cause == SENSOR_CAUSE_NONE) {
        cause = mbframe_check_tcp(request, link->transaction, link->answer, size, ret_answer);
    }
    if (cause != SENSOR_CAUSE_NONE && cause != SENSOR_CAUSE_EXCEPTION) {
        mblink_close(link);
    }
    return cause;
}

static enum sensor_cause mblink_send_rtu(struct mblink *link,
                                         const struct mbframe_request *request) {
    uint8_t adu[MBFRAME_RTU_SIZE];
    mbframe_encode_rtu(request, adu);
    /* libmodbus verifies the checksum of an answer only when it comes from the unit that is set. */
    if (modbus_set_slave(link->modbus, request->unit) != 0 ||
        modbus_send_raw_request(link->modbus, adu, sizeof adu) < 0) {
        mblink_explain(link, "send", errno);
        return SENSOR_CAUSE_CLOSED;
    }
    return SENSOR_CAUSE_NONE;
}

/* Why libmodbus had no answer, in our words; the first byte of one had come. */
static enum sensor_cause mblink_cause_rtu(int error) {
    switch (error) {
    case ETIMEDOUT:
        return SENSOR_CAUSE_SHORT;
    case ECONNRESET:
    case EBADF:
    case EIO: /* a serial adapter that was unplugged */
        return SENSOR_CAUSE_CLOSED;
    default:
        return SENSOR_CAUSE_GARBLED; /* EMBBADDATA, EMBBADCRC: neither a frame nor its checksum */
    }
}

/* Let libmodbus read one frame within `span_ns`. Sets `*ret_size` on SENSOR_CAUSE_NONE. */
static enum sensor_cause mblink_receive_rtu(struct mblink *link, uint64_t span_ns,
                                            size_t *ret_size) {
    uint32_t span_us = (uint32_t)(span_ns % NS_PER_S / 1000);
    uint32_t span_s = (uint32_t)(span_ns / NS_PER_S);
    (void)modbus_set_response_timeout(link->modbus, span_s, span_s + span_us > 0 ? span_us : 1);
    int size = modbus_receive_confirmation(link->modbus, link->answer);
    if (size < 0) {
        return mblink_cause_rtu(errno);
    }
    /* 0: libmodbus saw another unit and stopped before the checksum. */
    if (size == 0) {
        return SENSOR_CAUSE_UNIT;
    }
    *ret_size = (size_t)size;
    return SENSOR_CAUSE_NONE;
}

/* Wait for the first byte in slices that notice a cut: a line cannot be shut down like a socket. */
static enum sensor_cause mblink_await_rtu(struct mblink *link, uint64_t deadline_ns) {
    for (;;) {
        uint64_t left_ns = mblink_left_ns(link, deadline_ns);
        if (left_ns == 0 || atomic_load(&link->cut)) {
            return SENSOR_CAUSE_TIMEOUT;
        }
        int r = mblink_wait(link, POLLIN, left_ns < RTU_CUT_SLICE_NS ? left_ns : RTU_CUT_SLICE_NS);
        if (r != 0) {
            return r > 0 ? SENSOR_CAUSE_NONE : SENSOR_CAUSE_CLOSED;
        }
    }
}

static enum sensor_cause mblink_ask_rtu(struct mblink *link, const struct mbframe_request *request,
                                        uint64_t span_ns, struct mbframe_answer *ret_answer) {
    uint64_t deadline_ns = mblink_now_ns(link) + span_ns;
    enum sensor_cause cause = mblink_send_rtu(link, request);
    size_t size = 0;
    if (cause == SENSOR_CAUSE_NONE) {
        cause = mblink_await_rtu(link, deadline_ns);
    }
    if (cause == SENSOR_CAUSE_NONE) {
        uint64_t left_ns = mblink_left_ns(link, deadline_ns);
        uint64_t frame_ns = link->frame_ns + RTU_CUT_SLICE_NS;
        cause = mblink_receive_rtu(link, left_ns < frame_ns ? left_ns : frame_ns, &size);
    }
    if (cause == SENSOR_CAUSE_NONE) {
        cause = mbframe_check_rtu(request, link->answer, size, ret_answer);
    }
    link->activity_ns = mblink_now_ns(link);
    if (cause == SENSOR_CAUSE_CLOSED) {
        mblink_close(link);
    }
    return cause;
}

/* One attempt over TCP, with opening the connection when it is closed, until the deadline. */
static enum sensor_cause mblink_try_tcp(struct mblink *link, const struct mbframe_request *request,
                                        uint64_t timeout_ns, uint64_t deadline_ns,
                                        struct mbframe_answer *ret_answer) {
    if (link->fd < 0) {
        uint64_t left_ns = mblink_left_ns(link, deadline_ns);
        enum sensor_cause cause = mblink_open(link, left_ns < timeout_ns ? left_ns : timeout_ns);
        if (cause != SENSOR_CAUSE_NONE) {
            return cause;
        }
        left_ns = mblink_left_ns(link, deadline_ns);
        timeout_ns = left_ns < timeout_ns ? left_ns : timeout_ns;
    }
    return mblink_ask_tcp(link, request, timeout_ns, ret_answer);
}

/* Open the line if it is closed, make it silent, ask. */
static enum sensor_cause mblink_try_rtu(struct mblink *link, const struct mbframe_request *request,
                                        uint64_t timeout_ns, struct mbframe_answer *ret_answer) {
    enum sensor_cause cause = link->fd < 0 ? mblink_open(link, timeout_ns) : SENSOR_CAUSE_NONE;
    if (cause == SENSOR_CAUSE_NONE) {
        cause = mblink_settle_rtu(link, timeout_ns / 2);
    }
    return cause == SENSOR_CAUSE_NONE ? mblink_ask_rtu(link, request, timeout_ns, ret_answer)
                                      : cause;
}

enum sensor_cause mblink_ask(struct mblink *link, const struct mbframe_request *request,
                             uint64_t timeout_ns, struct mbframe_answer *ret_answer) {
    if (atomic_load(&link->cut)) {
        return SENSOR_CAUSE_UNREACHABLE;
    }
    link->detail[0] = '\0';
    if (link->kind == MBLINK_RTU) {
        return mblink_try_rtu(link, request, timeout_ns, ret_answer);
    }
    bool was_open = link->fd >= 0;
    uint64_t deadline_ns = mblink_now_ns(link) + timeout_ns + timeout_ns / 2;
    enum sensor_cause cause = mblink_try_tcp(link, request, timeout_ns, deadline_ns, ret_answer);
    if (cause == SENSOR_CAUSE_CLOSED && was_open && !atomic_load(&link->cut)) {
        /* Many devices close a connection that they think idle: that is no answer of theirs. */
        cause = mblink_try_tcp(link, request, timeout_ns, deadline_ns, ret_answer);
    }
    return cause;
}
