/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/engine/engine_peer.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <event2/event.h>

#include "gateway/log.h"

enum {
    /* Packets of one peer handled before the loop looks at the others and its timers. */
    RECEIVE_BURST = 64,
    /* How long accepting pauses when there is no descriptor left; real time. */
    ACCEPT_PAUSE_MS = 1000,
};

struct engine_peers {
    struct process *process;
    struct engine_peer_callbacks callbacks;
    void *context;
    int listener;
    struct event *acceptable;
    struct event *resume; /* accepting, after a pause */
    uint64_t strangers;
    struct log_limiter stranger_limiter;
    struct engine_peer list[ENGINE_PEERS_MAX];
    _Alignas(8) unsigned char packet[WIRE_SIZE_MAX];
};

uint64_t engine_peers_strangers(const struct engine_peers *peers) {
    return peers->strangers;
}

uint32_t engine_component(const struct site *site, enum wire_role role, uint32_t instance) {
    uint32_t fields = site->header->field_count;
    switch (role) {
    case WIRE_ROLE_FIELD:
        return instance;
    case WIRE_ROLE_UPLINK:
        return fields;
    case WIRE_ROLE_CONSOLE:
        return fields + 1;
    case WIRE_ROLE_COUNT:
        break;
    }
    assert(false && "a role of no kind");
    return 0;
}

struct engine_peer *engine_peers_find(struct engine_peers *peers, uint32_t component) {
    for (size_t i = 0; i < ENGINE_PEERS_MAX; i++) {
        struct engine_peer *peer = &peers->list[i];
        if (peer->peers != NULL && peer->known && peer->component == component) {
            return peer;
        }
    }
    return NULL;
}

static void engine_peer_close(struct engine_peer *peer) {
    if (peer->peers == NULL) {
        return;
    }
    event_free(peer->readable);
    event_free(peer->writable);
    (void)close(peer->fd);
    *peer = (struct engine_peer){.fd = -1};
}

/* Close it and say so, if anybody knew it. */
static void engine_peer_drop(struct engine_peer *peer) {
    struct engine_peers *peers = peer->peers;
    if (peer->known) {
        peers->callbacks.left(peers->context, peer, peer->leaving);
    }
    engine_peer_close(peer);
}

static void engine_peer_refuse(struct engine_peer *peer, const char *reason) {
    struct engine_peers *peers = peer->peers;
    uint64_t kept_back;
    peers->strangers++;
    if (log_permit(&peers->stranger_limiter, &kept_back)) {
        log_line(LOG_WARNING, "stranger",
                 "reason=\"%s\" strangers=%" PRIu64 " not_printed=%" PRIu64
                 " effect=\"it is turned away and nothing it says is used\"",
                 reason, peers->strangers, kept_back);
    }
    engine_peer_drop(peer);
}

/* Why a hello is not good, or NULL. */
static const char *engine_hello_fault(const struct engine_peers *peers,
                                      const struct wire_header *message) {
    const struct wire_hello *hello = (const struct wire_hello *)message;
    const struct site_header *site = peers->process->site.header;
    if (message->kind != WIRE_HELLO) {
        return "it did not say hello";
    }
    if (memcmp(hello->build, build_digest(), sizeof hello->build) != 0) {
        return "it is another build";
    }
    if (hello->generation != site->generation) {
        return "it has another configuration";
    }
    uint32_t instances = hello->role == WIRE_ROLE_FIELD ? site->field_count : 1;
    if (hello->role >= WIRE_ROLE_COUNT || hello->instance >= instances) {
        return "it has no place in this gateway";
    }
    return NULL;
}

static void engine_peer_greet(struct engine_peer *peer, const struct wire_header *message) {
    struct engine_peers *peers = peer->peers;
    const char *fault = engine_hello_fault(peers, message);
    if (fault != NULL) {
        engine_peer_refuse(peer, fault);
        return;
    }
    const struct wire_hello *hello = (const struct wire_hello *)message;
    enum wire_role role = (enum wire_role)hello->role;
    uint32_t component = engine_component(&peers->process->site, role, hello->instance);
    struct engine_peer *before = engine_peers_find(peers, component);
    if (before != NULL) {
        engine_peer_drop(before);
    }
    peer->known = true;
    peer->role = role;
    peer->instance = hello->instance;
    peer->number = hello->number;
    peer->component = component;
    (void)event_remove_timer(peer->readable); /* it never fails on an event that is pending */
    peers->callbacks.joined(peers->context, peer);
}

static void engine_peer_take(struct engine_peer *peer, const struct wire_header *message) {
    struct engine_peers *peers = peer->peers;
    if (!peer->known) {
        engine_peer_greet(peer, message);
    } else if (message->kind == WIRE_GOODBYE) {
        peer->leaving = true;
    } else if (!peers->callbacks.received(peers->context, peer, message)) {
        engine_peer_refuse(peer, "a message that has no place here");
    }
}

static void engine_peer_read(evutil_socket_t fd, short what, void *context) {
    struct engine_peer *peer = context;
    struct engine_peers *peers = peer->peers;
    (void)fd;
    if ((what & EV_TIMEOUT) != 0) {
        engine_peer_refuse(peer, "it did not say hello");
        return;
    }
    for (int i = 0; i < RECEIVE_BURST && peer->peers != NULL; i++) {
        int r = wire_receive(peer->fd, peers->packet);
        if (r == WIRE_E_EMPTY) {
            return;
        }
        if (r == WIRE_E_FAULT) {
            engine_peer_refuse(peer, "a packet that no build of ours sends");
        } else if (r != 0) {
            engine_peer_drop(peer);
        } else {
            engine_peer_take(peer, (const struct wire_header *)peers->packet);
        }
    }
}

/* What was queued is still received after the shutdown; a peer is not dropped for it. */
void engine_peers_drain(struct engine_peers *peers) {
    for (size_t i = 0; i < ENGINE_PEERS_MAX; i++) {
        struct engine_peer *peer = &peers->list[i];
        if (peer->peers == NULL || !peer->known || shutdown(peer->fd, SHUT_RD) != 0) {
            continue;
        }
        while (peer->peers != NULL && wire_receive(peer->fd, peers->packet) == 0) {
            engine_peer_take(peer, (const struct wire_header *)peers->packet);
        }
    }
}

static void engine_peer_write(evutil_socket_t fd, short what, void *context) {
    struct engine_peer *peer = context;
    (void)fd;
    (void)what;
    peer->full = false;
    if (peer->known) {
        peer->peers->callbacks.writable(peer->peers->context, peer);
    }
}

int engine_peer_send(struct engine_peer *peer, const void *message) {
    if (peer->full) {
        return WIRE_E_FULL;
    }
    int r = wire_send(peer->fd, message);
    if (r == WIRE_E_FULL) {
        peer->full = true;
        (void)event_add(peer->writable,
                        NULL); /* it only fails without memory: writable never comes,
                                  and the supervisor restarts a peer that starves */
    }
    /* A peer that is gone is noticed by the reading side. */
    return r;
}

/* ---- accepting ---- */

static struct engine_peer *engine_peers_free_slot(struct engine_peers *peers) {
    for (size_t i = 0; i < ENGINE_PEERS_MAX; i++) {
        if (peers->list[i].peers == NULL) {
            return &peers->list[i];
        }
    }
    return NULL;
}

static void engine_peers_admit(struct engine_peers *peers, int fd) {
    const struct timeval patience = {.tv_sec = ENGINE_HELLO_MS / 1000};
    struct event_base *base = peers->process->base;
    struct engine_peer *peer = engine_peers_free_slot(peers);
    if (peer == NULL) {
        (void)close(fd); /* it tries again; those without a hello are gone by then */
        return;
    }
    *peer = (struct engine_peer){.peers = peers, .fd = fd};
    peer->readable = event_new(base, fd, EV_READ | EV_PERSIST, engine_peer_read, peer);
    peer->writable = event_new(base, fd, EV_WRITE, engine_peer_write, peer);
    if (peer->readable == NULL || peer->writable == NULL ||
        event_add(peer->readable, &patience) != 0) {
        if (peer->readable != NULL) {
            event_free(peer->readable);
        }
        if (peer->writable != NULL) {
            event_free(peer->writable);
        }
        (void)close(fd);
        *peer = (struct engine_peer){.fd = -1};
    }
}

static void engine_peers_accept(evutil_socket_t fd, short what, void *context) {
    struct engine_peers *peers = context;
    (void)what;
    for (;;) {
        int accepted = -1;
        int r = wire_accept(fd, &accepted);
        if (r == WIRE_E_EMPTY) {
            return;
        }
        if (r == WIRE_E_FAULT) {
            peers->strangers++; /* another user's process */
        } else if (r != 0) {
            /* No descriptor is left: without a pause the loop would spin on a listener it cannot
             * empty. */
            const struct timeval pause = {.tv_sec = ACCEPT_PAUSE_MS / 1000};
            log_failure("accept_failed", r, "a process that was restarted waits a second");
            (void)event_del(peers->acceptable);
            (void)event_add(peers->resume, &pause);
            return;
        } else {
            engine_peers_admit(peers, accepted);
        }
    }
}

static void engine_peers_resume(evutil_socket_t fd, short what, void *context) {
    struct engine_peers *peers = context;
    (void)fd;
    (void)what;
    (void)event_add(peers->acceptable, NULL);
}

int engine_peers_new(struct process *process, const struct engine_peer_callbacks *callbacks,
                     void *context, struct engine_peers **ret_peers) {
    char path[256];
    struct engine_peers *peers = calloc(1, sizeof *peers);
    if (peers == NULL) {
        return err_origin(-ENOMEM);
    }
    peers->process = process;
    peers->callbacks = *callbacks;
    peers->context = context;
    peers->listener = -1;
    int len = snprintf(path, sizeof path, "%s/engine.sock", process->run_directory);
    int r = len < 0 || (size_t)len >= sizeof path ? err_origin(-ENAMETOOLONG)
                                                  : wire_listen(path, &peers->listener);
    if (r == 0) {
        peers->acceptable = event_new(process->base, peers->listener, EV_READ | EV_PERSIST,
                                      engine_peers_accept, peers);
        peers->resume = event_new(process->base, -1, 0, engine_peers_resume, peers);
        if (peers->acceptable == NULL || peers->resume == NULL ||
            event_add(peers->acceptable, NULL) != 0) {
            r = err_origin(-ENOMEM);
        }
    }
    if (r != 0) {
        (void)engine_peers_free(peers);
        return err_trace(r);
    }
    *ret_peers = peers;
    return 0;
}

struct engine_peers *engine_peers_free(struct engine_peers *peers) {
    if (peers == NULL) {
        return NULL;
    }
    for (size_t i = 0; i < ENGINE_PEERS_MAX; i++) {
        engine_peer_close(&peers->list[i]);
    }
    if (peers->acceptable != NULL) {
        event_free(peers->acceptable);
    }
    if (peers->resume != NULL) {
        event_free(peers->resume);
    }
    if (peers->listener >= 0) {
        (void)close(peers->listener);
    }
    free(peers);
    return NULL;
}
