/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/uplink/packet_bound.h"

void packet_bound_learn(struct packet_bound *bound, uint32_t size) {
    if (size > PACKET_SURE_SIZE && (bound->learned == 0 || size <= bound->learned)) {
        bound->learned = size - 1;
    }
}

void packet_bound_suspect(struct packet_bound *bound, uint32_t largest) {
    bound->suspicions = largest > 0 && largest == bound->suspect ? bound->suspicions + 1 : 1;
    bound->suspect = largest;
    if (bound->suspicions >= PACKET_SUSPICIONS_MAX) {
        bound->suspicions = 0;
        packet_bound_learn(bound, largest);
    }
}

bool packet_bound_excludes(const struct packet_bound *bound, uint32_t size) {
    return bound->learned != 0 && size > bound->learned;
}
