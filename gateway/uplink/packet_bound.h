/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_UPLINK_PACKET_BOUND_H
#define GATEWAY_UPLINK_PACKET_BOUND_H

/*
 * How large a packet one broker takes, as learned from what it refused or closed for
 *
 * A broker of MQTT 3.1.1 closes for what is too large and says nothing. One that closes again and
 * again while the same message is in flight is believed to mean it: unless it has taken one as large in
 * between, and until a connection that was a good one has ended. A line that breaks for reasons of its own
 * must not cost events their texts for good.
 */

#include <stdbool.h>
#include <stdint.h>

enum {
    /* No broker of use takes less: what is not larger is refused for something else. */
    PACKET_SURE_SIZE = 256,
    PACKET_SUSPICIONS_MAX = 3,
};

/* Begins as zeros: nothing is known. */
struct packet_bound {
    uint32_t learned; /* 0: nothing was */
    bool cheap;       /* by an answer that ended nothing: it may be learned anew */
    bool guessed;     /* nobody has said so */
    uint32_t suspect; /* the largest in flight when it last closed without a word */
    uint32_t suspicions;
};

/* The broker has said that a packet of `size` is too large, and has closed the connection for it. */
void packet_bound_learn(struct packet_bound *bound, uint32_t size);

/* It has said so, and no more. */
void packet_bound_refused(struct packet_bound *bound, uint32_t size);

/* A new session: the bound may have been raised, and what costs an answer only is learned anew. */
void packet_bound_session(struct packet_bound *bound);

/* It has closed without a word while the largest packet in flight was `largest`; 0: none was. */
void packet_bound_suspect(struct packet_bound *bound, uint32_t largest);

/* It has taken a packet of `size`. */
void packet_bound_taken(struct packet_bound *bound, uint32_t size);

/* A connection that held long has ended: what was only guessed is tried again. */
void packet_bound_forget_guess(struct packet_bound *bound);

bool packet_bound_excludes(const struct packet_bound *bound, uint32_t size);

#endif
