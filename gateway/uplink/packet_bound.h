/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_UPLINK_PACKET_BOUND_H
#define GATEWAY_UPLINK_PACKET_BOUND_H

/*
 * How large a packet one broker takes, as learned from what it refused or closed for
 *
 * A broker of MQTT 3.1.1 closes for what is too large and says nothing. One that closes again and
 * again while the same message is in flight is believed to mean it.
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
    uint32_t suspect; /* the largest in flight when it last closed without a word */
    uint32_t suspicions;
};

/* The broker has said that a packet of `size` is too large. */
void packet_bound_learn(struct packet_bound *bound, uint32_t size);

/* It has closed without a word while the largest packet in flight was `largest`; 0: none was. */
void packet_bound_suspect(struct packet_bound *bound, uint32_t largest);

bool packet_bound_excludes(const struct packet_bound *bound, uint32_t size);

#endif
