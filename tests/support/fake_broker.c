/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/fake_broker.h"

#include <arpa/inet.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { PACKET_SIZE = 65536 };

/* Packet types, MQTT 5, 2.1.2. */
enum { CONNECT = 1, PUBLISH = 3, SUBSCRIBE = 8, PINGREQ = 12, DISCONNECT = 14 };

struct session {
    struct fake_broker *broker;
    int fd;
    bool v5;
    uint8_t flags; /* of the last packet's fixed header */
    unsigned char body[PACKET_SIZE];
    uint32_t size;
};

static void require(bool condition, const char *what) {
    if (!condition) {
        perror(what);
        abort();
    }
}

static bool session_read(struct session *session, void *ret, size_t size) {
    return size == 0 || recv(session->fd, ret, size, MSG_WAITALL) == (ssize_t)size;
}

static void session_write(struct session *session, const void *bytes, size_t size) {
    (void)!send(session->fd, bytes, size, MSG_NOSIGNAL);
}

/* Read one packet; returns its type, or 0 when there is none. */
static int session_next(struct session *session) {
    unsigned char byte;
    if (!session_read(session, &byte, 1)) {
        return 0;
    }
    int type = byte >> 4;
    session->flags = byte & 0x0f;
    session->size = 0;
    for (unsigned shift = 0; shift < 28; shift += 7) {
        if (!session_read(session, &byte, 1)) {
            return 0;
        }
        session->size |= (uint32_t)(byte & 0x7f) << shift;
        if (byte < 0x80) {
            break;
        }
    }
    return session->size <= PACKET_SIZE && session_read(session, session->body, session->size)
               ? type
               : 0;
}

static void session_say_goodbye(struct session *session, uint8_t reason) {
    const unsigned char packet[] = {DISCONNECT << 4, 2, reason, 0};
    if (session->v5 && reason != 0) {
        session_write(session, packet, sizeof packet);
    }
}

/* Closing with something unread would reset the connection, and take from the client what it has not read. */
static void session_hang_up(struct session *session) {
    (void)shutdown(session->fd, SHUT_WR);
    while (recv(session->fd, session->body, sizeof session->body, 0) > 0) {
    }
}

static bool session_welcome(struct session *session) {
    struct fake_broker *broker = session->broker;
    unsigned char packet[64] = {0x20, 2};
    session->v5 = session->body[6] == 5;
    if (session->v5) {
        packet[1] = (unsigned char)(3 + broker->properties_size);
        packet[4] = broker->properties_size;
        memcpy(packet + 5, broker->properties, broker->properties_size);
    }
    session_write(session, packet, 2u + packet[1]);
    atomic_fetch_add(&broker->sessions, 1);
    if (broker->after_connack != 0) {
        session_say_goodbye(session, broker->after_connack);
    }
    return broker->after_connack == 0;
}

/* Returns false to end the connection. */
static bool session_publish(struct session *session) {
    struct fake_broker *broker = session->broker;
    unsigned topic_len = (unsigned)session->body[0] << 8 | session->body[1];
    bool event = topic_len >= 7 && memcmp(session->body + 2, "t/event", 7) == 0;
    const unsigned char *id = session->body + 2 + topic_len;
    if (broker->size_max != 0 && session->size + 3 > broker->size_max) {
        atomic_fetch_add(&broker->too_large, 1);
        session_say_goodbye(session, broker->goodbye);
        return false;
    }
    if (atomic_load(&broker->mute)) {
        return true;
    }
    uint8_t reason = 0;
    if (event && broker->refusal != 0 && atomic_load(&broker->refusals) > 0) {
        atomic_fetch_sub(&broker->refusals, 1);
        reason = broker->refusal;
    }
    atomic_fetch_add(&broker->retained, session->flags & 1u);
    atomic_fetch_add(&broker->events, event && reason == 0);
    const unsigned char packet[] = {0x40, reason == 0 ? 2 : 3, id[0], id[1], reason};
    session_write(session, packet, 2u + packet[1]);
    return true;
}

static void session_serve(struct session *session) {
    bool more = true;
    while (more) {
        switch (session_next(session)) {
        case CONNECT:
            more = session_welcome(session);
            break;
        case PUBLISH:
            more = session_publish(session);
            break;
        case SUBSCRIBE: {
            const unsigned char packet[] = {
                0x90, session->v5 ? 4 : 3, session->body[0], session->body[1], 0, 0};
            session_write(session, packet, 2u + packet[1]);
            break;
        }
        case PINGREQ:
            session_write(session, (const unsigned char[]){0xd0, 0}, 2);
            break;
        default:
            more = false;
        }
    }
}

static void *fake_broker_work(void *context) {
    struct fake_broker *broker = context;
    struct session *session = calloc(1, sizeof *session);
    require(session != NULL, "session");
    session->broker = broker;
    while (!atomic_load(&broker->ending)) {
        session->fd = accept(broker->listener, NULL, NULL);
        if (session->fd >= 0) {
            atomic_store(&broker->connection, session->fd);
            session_serve(session);
            session_hang_up(session);
            atomic_store(&broker->connection, -1);
            (void)close(session->fd);
        }
    }
    free(session);
    return NULL;
}

void fake_broker_init(struct fake_broker *broker) {
    memset(broker, 0, sizeof *broker);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t len = sizeof address;
    broker->connection = -1;
    broker->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    require(bind(broker->listener, (struct sockaddr *)&address, len) == 0 &&
                listen(broker->listener, 16) == 0 &&
                getsockname(broker->listener, (struct sockaddr *)&address, &len) == 0,
            "fake broker");
    (void)snprintf(broker->address, sizeof broker->address, "tcp://127.0.0.1:%u",
                   ntohs(address.sin_port));
}

void fake_broker_init_with(struct fake_broker *broker, const void *properties, size_t size) {
    fake_broker_init(broker);
    require(size <= sizeof broker->properties, "properties");
    memcpy(broker->properties, properties, size);
    broker->properties_size = (uint8_t)size;
}

void fake_broker_start(struct fake_broker *broker) {
    require(pthread_create(&broker->thread, NULL, fake_broker_work, broker) == 0, "thread");
}

void fake_broker_free(struct fake_broker *broker) {
    atomic_store(&broker->ending, true);
    (void)shutdown(broker->listener, SHUT_RDWR); /* wakes accept() */
    int connection = atomic_load(&broker->connection);
    if (connection >= 0) {
        (void)shutdown(connection, SHUT_RDWR);
    }
    (void)pthread_join(broker->thread, NULL);
    (void)close(broker->listener);
}
