/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/misbehaving_device.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { CONNECTIONS_MAX = 512, DRIP_MS = 400, LATE_REGISTER = 0xDEAD };

struct device_connection {
    struct misbehaving_device *device;
    int fd;
    pthread_t thread;
};

struct misbehaving_device {
    int listener;
    uint16_t port;
    pthread_t acceptor;
    atomic_bool stopping;
    atomic_int how;
    _Atomic uint8_t exception, dead_unit;
    _Atomic uint16_t registers[256];
    atomic_bool bits[256], coils[256];
    _Atomic uint64_t requests, accepted;
    struct device_connection connections[CONNECTIONS_MAX];
    int connection_count; /* of this listening period; the acceptor's */
};

/* Wait as the misbehaviour demands, but not beyond the device's end. */
static bool device_pause(struct misbehaving_device *device, unsigned ms) {
    for (unsigned waited = 0; waited < ms && !atomic_load(&device->stopping); waited += 10) {
        (void)poll(NULL, 0, 10);
    }
    return !atomic_load(&device->stopping);
}

static bool device_read_all(int fd, uint8_t *bytes, size_t size) {
    while (size > 0) {
        ssize_t got = recv(fd, bytes, size, 0);
        if (got <= 0) {
            return false;
        }
        bytes += got;
        size -= (size_t)got;
    }
    return true;
}

static bool device_write(int fd, const uint8_t *bytes, size_t size) {
    return send(fd, bytes, size, MSG_NOSIGNAL) == (ssize_t)size;
}

static unsigned device_u16(const uint8_t *bytes) {
    return (unsigned)bytes[0] << 8 | bytes[1];
}

static size_t device_except(uint8_t *pdu, uint8_t function, uint8_t code) {
    pdu[0] = function | 0x80;
    pdu[1] = code;
    return 2;
}

/* The right answer to a request's PDU; `lie` makes every register LATE_REGISTER. */
static size_t device_answer(struct misbehaving_device *device, const uint8_t *request, uint8_t *pdu,
                            bool lie) {
    unsigned address = device_u16(request + 1), count = device_u16(request + 3);
    pdu[0] = request[0];
    if (request[0] == 5) {
        if (atomic_load(&device->how) != DEVICE_COIL_STUCK || address != DEVICE_STUCK_COIL) {
            atomic_store(&device->coils[address & 255], count == 0xFF00);
        }
        memcpy(pdu, request, 5);
        return 5;
    }
    if (request[0] == 1 || request[0] == 2) {
        pdu[1] = (uint8_t)((count + 7) / 8);
        memset(pdu + 2, 0, pdu[1]);
        for (unsigned i = 0; i < count; i++) {
            atomic_bool *bits = request[0] == 1 ? device->coils : device->bits;
            pdu[2 + i / 8] |= (uint8_t)(atomic_load(&bits[(address + i) & 255]) << i % 8);
        }
        return 2 + (size_t)pdu[1];
    }
    if (request[0] == 3 || request[0] == 4) {
        pdu[1] = (uint8_t)(2 * count);
        for (unsigned i = 0; i < count; i++) {
            unsigned value =
                lie ? LATE_REGISTER : atomic_load(&device->registers[(address + i) & 255]);
            pdu[2 + 2 * i] = (uint8_t)(value >> 8);
            pdu[3 + 2 * i] = (uint8_t)value;
        }
        return 2 + (size_t)pdu[1];
    }
    return device_except(pdu, request[0], 1);
}

static bool device_touches_gap(const uint8_t *request) {
    unsigned address = device_u16(request + 1), count = device_u16(request + 3);
    return (request[0] == 3 || request[0] == 4) && address <= 7 && address + count > 3;
}

/* What the misbehaviour makes of the answer's PDU of `size` bytes; its size afterwards. */
static size_t device_spoil(struct misbehaving_device *device, enum misbehaviour how,
                           const uint8_t *request, uint8_t *pdu, size_t size) {
    switch (how) {
    case DEVICE_WRONG_FUNCTION:
        pdu[0] = (uint8_t)(pdu[0] ^ 7);
        return size;
    case DEVICE_SHORT:
        pdu[1] = (uint8_t)(pdu[1] - 2);
        return size - 2;
    case DEVICE_LONG:
        pdu[1] = (uint8_t)(pdu[1] + 2);
        memset(pdu + size, 0, 2);
        return size + 2;
    case DEVICE_EXCEPTION:
        return device_except(pdu, request[0], atomic_load(&device->exception));
    case DEVICE_HAS_GAPS:
        return device_touches_gap(request) ? device_except(pdu, request[0], 2) : size;
    case DEVICE_BEHAVES:
    case DEVICE_DRIPS:
    case DEVICE_WRONG_UNIT:
    case DEVICE_WRONG_TRANSACTION:
    case DEVICE_WRONG_PROTOCOL:
    case DEVICE_BABBLES:
    case DEVICE_STOPS:
    case DEVICE_CLOSES:
    case DEVICE_LATE:
    case DEVICE_GARBAGE:
    case DEVICE_SILENT:
    case DEVICE_COIL_STUCK:
    case DEVICE_HANGS_UP:
    case DEVICE_BLURTS:
        break;
    }
    return size;
}

static bool device_drip(struct misbehaving_device *device, int fd, const uint8_t *adu,
                        size_t size) {
    for (size_t i = 0; i + 1 < size; i++) {
        if (!device_write(fd, adu + i, 1) || !device_pause(device, DRIP_MS)) {
            return false;
        }
    }
    return true;
}

/* The next request, the end of the connection or that of the device, which closes it too. */
static bool device_wait_until_given_up(int fd) {
    struct pollfd next = {.fd = fd, .events = POLLIN};
    return poll(&next, 1, -1) == 1;
}

/* Send the answer, or what the misbehaviour leaves of it. Returns false to close the connection. */
static bool device_reply(struct misbehaving_device *device, int fd, enum misbehaviour how,
                         const uint8_t *header, const uint8_t *request) {
    static const uint8_t garbage[] = "HTTP/1.1 400 Bad Request\r\n\r\n";
    uint8_t adu[7 + 260];
    size_t size = device_answer(device, request, adu + 7, how == DEVICE_LATE);
    size = device_spoil(device, how, request, adu + 7, size);
    memcpy(adu, header, 7);
    adu[4] = (uint8_t)((size + 1) >> 8);
    adu[5] = (uint8_t)(size + 1);
    adu[1] = (uint8_t)(adu[1] + (how == DEVICE_WRONG_TRANSACTION));
    adu[3] = how == DEVICE_WRONG_PROTOCOL;
    adu[6] = (uint8_t)(adu[6] + (how == DEVICE_WRONG_UNIT));
    size += 7;
    if (how == DEVICE_BABBLES) {
        memset(adu + size, 0x55, 3);
        size += 3;
    }
    switch (how) {
    case DEVICE_DRIPS:
        return device_drip(device, fd, adu, size);
    case DEVICE_STOPS:
        return device_write(fd, adu, size / 2);
    case DEVICE_CLOSES:
        return false;
    case DEVICE_SILENT:
        return true;
    case DEVICE_GARBAGE:
        return device_write(fd, garbage, sizeof garbage - 1);
    case DEVICE_LATE:
        return device_wait_until_given_up(fd) && device_write(fd, adu, size);
    case DEVICE_HANGS_UP:
        (void)device_write(fd, adu, size);
        return false;
    case DEVICE_BLURTS:
        (void)device_write(fd, adu, size);
        (void)poll(NULL, 0, 5);
        return device_write(fd, adu, size);
    case DEVICE_BEHAVES:
    case DEVICE_WRONG_UNIT:
    case DEVICE_WRONG_TRANSACTION:
    case DEVICE_WRONG_PROTOCOL:
    case DEVICE_WRONG_FUNCTION:
    case DEVICE_SHORT:
    case DEVICE_LONG:
    case DEVICE_BABBLES:
    case DEVICE_EXCEPTION:
    case DEVICE_HAS_GAPS:
    case DEVICE_COIL_STUCK:
        break;
    }
    return device_write(fd, adu, size);
}

static void *device_serve(void *context) {
    struct device_connection *connection = context;
    struct misbehaving_device *device = connection->device;
    uint8_t header[7], request[5];
    while (device_read_all(connection->fd, header, sizeof header) &&
           device_read_all(connection->fd, request, sizeof request)) {
        atomic_fetch_add(&device->requests, 1);
        enum misbehaviour how = (enum misbehaviour)atomic_load(&device->how);
        if (atomic_load(&device->dead_unit) == header[6]) {
            how = DEVICE_SILENT;
        }
        if (!device_reply(device, connection->fd, how, header, request)) {
            break;
        }
    }
    (void)shutdown(connection->fd, SHUT_RDWR);
    return NULL;
}

static void *device_accept(void *context) {
    struct misbehaving_device *device = context;
    for (;;) {
        int fd = accept(device->listener, NULL, NULL);
        if (fd < 0 || device->connection_count == CONNECTIONS_MAX) {
            return NULL;
        }
        atomic_fetch_add(&device->accepted, 1);
        struct device_connection *connection = &device->connections[device->connection_count++];
        *connection = (struct device_connection){.device = device, .fd = fd};
        if (pthread_create(&connection->thread, NULL, device_serve, connection) != 0) {
            abort();
        }
    }
}

void device_resume(struct misbehaving_device *device) {
    atomic_store(&device->stopping, false);
    device->connection_count = 0;
    device->listener = socket(AF_INET, SOCK_STREAM, 0);
    int on = 1;
    (void)setsockopt(device->listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    struct sockaddr_in address = {
        .sin_family = AF_INET,
        .sin_port = htons(device->port),
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
    };
    socklen_t size = sizeof address;
    if (bind(device->listener, (struct sockaddr *)&address, size) != 0 ||
        listen(device->listener, 64) != 0 ||
        getsockname(device->listener, (struct sockaddr *)&address, &size) != 0 ||
        pthread_create(&device->acceptor, NULL, device_accept, device) != 0) {
        perror("misbehaving device");
        abort();
    }
    device->port = ntohs(address.sin_port);
}

void device_vanish(struct misbehaving_device *device) {
    atomic_store(&device->stopping, true);
    (void)shutdown(device->listener, SHUT_RDWR);
    (void)pthread_join(device->acceptor, NULL);
    (void)close(device->listener);
    for (int i = 0; i < device->connection_count; i++) {
        (void)shutdown(device->connections[i].fd, SHUT_RDWR);
        (void)pthread_join(device->connections[i].thread, NULL);
        (void)close(device->connections[i].fd);
    }
}

struct misbehaving_device *device_new(void) {
    struct misbehaving_device *device = calloc(1, sizeof *device);
    if (device == NULL) {
        abort();
    }
    device_resume(device);
    return device;
}

void device_free(struct misbehaving_device *device) {
    device_vanish(device);
    free(device);
}

uint16_t device_port(const struct misbehaving_device *device) {
    return device->port;
}

void device_misbehave(struct misbehaving_device *device, enum misbehaviour how) {
    atomic_store(&device->how, (int)how);
}

void device_exception(struct misbehaving_device *device, uint8_t code) {
    atomic_store(&device->exception, code);
}

void device_dead_unit(struct misbehaving_device *device, uint8_t unit) {
    atomic_store(&device->dead_unit, unit);
}

void device_register(struct misbehaving_device *device, uint8_t address, uint16_t value) {
    atomic_store(&device->registers[address], value);
}

void device_bit(struct misbehaving_device *device, uint8_t address, bool value) {
    atomic_store(&device->bits[address], value);
}

bool device_coil(struct misbehaving_device *device, uint8_t address) {
    return atomic_load(&device->coils[address]);
}

void device_reset_coils(struct misbehaving_device *device) {
    for (int i = 0; i < 256; i++) {
        atomic_store(&device->coils[i], false);
    }
}

uint64_t device_requests(const struct misbehaving_device *device) {
    return atomic_load(&device->requests);
}

uint64_t device_connections(const struct misbehaving_device *device) {
    return atomic_load(&device->accepted);
}
