/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/uplink/turns.h"

#include "rules/instant.h"

static uint32_t until_ms(uint64_t until_ns, uint64_t now_ns) {
    return (uint32_t)((until_ns - now_ns) / NS_PER_MS + 1);
}

uint32_t turns_take(struct turns *turns, uint32_t turn_ms, bool emergency, uint64_t now_ns) {
    uint64_t turn_ns = turn_ms * NS_PER_MS;
    uint64_t back = (now_ns - turns->since_ns) / turn_ns;
    if (back >= turns->taken) {
        turns->taken = 0;
        turns->since_ns = now_ns;
    } else {
        turns->taken -= (uint32_t)back;
        turns->since_ns += back * turn_ns;
    }
    uint32_t most = emergency ? TURNS_MAX : TURNS_MAX - TURNS_FOR_EMERGENCIES;
    if (now_ns < turns->shut_until_ns) {
        return until_ms(turns->shut_until_ns, now_ns);
    } else if (turns->taken >= most) {
        return until_ms(turns->since_ns + turn_ns, now_ns);
    }
    turns->taken++;
    return 0;
}

void turns_shut(struct turns *turns, uint64_t until_ns) {
    turns->shut_until_ns = until_ns;
}
