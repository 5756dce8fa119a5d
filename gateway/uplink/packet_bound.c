/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/uplink/packet_bound.h"

void packet_bound_learn(struct packet_bound *bound, uint32_t size) {
    if (size > PACKET_SURE_SIZE && (bound->learned == 0 || size <= bound->learned)) {
        bound->learned = size - 1;
        bound->cheap = false;
        bound->guessed = false;
    }
}

void packet_bound_refused(struct packet_bound *bound, uint32_t size) {
    bool known = bound->learned != 0 && !bound->cheap;
    packet_bound_learn(bound, size);
    bound->cheap = !known;
}

void packet_bound_session(struct packet_bound *bound) {
    if (bound->cheap) {
        bound->learned = 0;
    }
}

void packet_bound_suspect(struct packet_bound *bound, uint32_t largest) {
    bound->suspicions = largest > 0 && largest == bound->suspect ? bound->suspicions + 1 : 1;
    bound->suspect = largest;
    if (bound->suspicions >= PACKET_SUSPICIONS_MAX) {
        const uint32_t before = bound->learned;
        bound->suspicions = 0;
        packet_bound_learn(bound, largest);
        bound->guessed = bound->guessed || bound->learned != before;
    }
}

void packet_bound_taken(struct packet_bound *bound, uint32_t size) {
    if (size >= bound->suspect) {
        bound->suspicions = 0;
    }
}

void packet_bound_forget_guess(struct packet_bound *bound) {
    if (bound->guessed) {
        bound->learned = 0;
        bound->guessed = false;
    }
}

bool packet_bound_excludes(const struct packet_bound *bound, uint32_t size) {
    return bound->learned != 0 && size > bound->learned;
}
