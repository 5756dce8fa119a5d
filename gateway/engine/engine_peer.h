/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_ENGINE_ENGINE_PEER_H
#define GATEWAY_ENGINE_ENGINE_PEER_H

/*
 * The engine's end of the wire: who is connected
 *
 *     connected ──hello within 5 s──▶ known ──goodbye──▶ leaving ──▶ closed (told to stop: no
 * fault) │                             └────────────────────────▶ closed (died: a fault) └──
 * another build or configuration, a packet out of place, silence ──▶ turned away, counted
 *
 * There is one connection for each component: field processes by instance, the uplink, the console.
 * A new one replaces the old, because a process that comes back knows better than we do that it was
 * gone.
 */

#include "gateway/process.h"
#include "gateway/wire.h"

enum {
    /* Connections at once: every component, and as many that have not said who they are. */
    ENGINE_PEERS_MAX = 2 * LIMIT_COMPONENTS,
    /* Real time until a hello must have come. */
    ENGINE_HELLO_MS = 5000,
};

struct engine_peers;

struct engine_peer {
    struct engine_peers *peers; /* NULL: this slot is free */
    int fd;
    struct event *readable, *writable;
    bool known;   /* its hello was good; what follows from role on is set */
    bool leaving; /* it said goodbye */
    bool full;    /* its socket was full; writable() comes when it is not */
    enum wire_role role;
    uint32_t instance;
    uint32_t component;
    uint64_t number; /* of the process; see losses.h */
};

struct engine_peer_callbacks {
    /* It said hello: welcome it. */
    void (*joined)(void *context, struct engine_peer *peer);
    /* A message came, valid during the call. False: it has no place here, and the peer is closed.
     */
    bool (*received)(void *context, struct engine_peer *peer, const struct wire_header *message);
    void (*writable)(void *context, struct engine_peer *peer);
    /* It is gone; `clean` if it said goodbye. It must not be sent to any more. */
    void (*left)(void *context, struct engine_peer *peer, bool clean);
};

/* Listen in the run directory. Keeps `process`. */
NODISCARD int engine_peers_new(struct process *process,
                               const struct engine_peer_callbacks *callbacks, void *context,
                               struct engine_peers **ret_peers);

/*
 * Take what all peers have sent so far, and let them send no more: what they send from now on fails
 * at their end, and they keep it for the next engine. To be called before the engine ends.
 */
void engine_peers_drain(struct engine_peers *peers);

/* Close all, without callbacks. */
struct engine_peers *engine_peers_free(struct engine_peers *peers);

/* The peer that is `component`, or NULL. */
struct engine_peer *engine_peers_find(struct engine_peers *peers, uint32_t component);

/* Send one message. Returns 0, WIRE_E_FULL (writable() will be called) or WIRE_E_GONE. */
NODISCARD int engine_peer_send(struct engine_peer *peer, const void *message);

/* Connections that were turned away or cut off, ever. */
uint64_t engine_peers_strangers(const struct engine_peers *peers);

/* Index of a component, as the ruleset counts them. */
uint32_t engine_component(const struct site *site, enum wire_role role, uint32_t instance);

#endif
