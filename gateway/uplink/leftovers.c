/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/uplink/leftovers.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/clock.h"

void leftovers_clear(struct leftovers *leftovers) {
    while (leftovers->count > 0) {
        leftovers_drop(leftovers);
    }
    leftovers->ask = false;
}

void leftovers_miss(struct leftovers *leftovers) {
    leftovers->missed++;
    leftovers->ask = true;
}

void leftovers_add(struct leftovers *leftovers, const char *topic) {
    char *copy = leftovers->count < LEFTOVERS_MAX ? strdup(topic) : NULL;
    if (copy == NULL) {
        leftovers_miss(leftovers);
        return;
    }
    leftovers->topics[(leftovers->first + leftovers->count++) % LEFTOVERS_MAX] = copy;
}

const char *leftovers_next(const struct leftovers *leftovers) {
    return leftovers->count > 0 ? leftovers->topics[leftovers->first] : NULL;
}

void leftovers_drop(struct leftovers *leftovers) {
    assert(leftovers->count > 0);
    free(leftovers->topics[leftovers->first]);
    leftovers->first = (leftovers->first + 1) % LEFTOVERS_MAX;
    leftovers->count--;
}

bool leftovers_asks(struct leftovers *leftovers, uint64_t real_ns) {
    if (!leftovers->ask || leftovers->count > 0 || real_ns < leftovers->ask_real_ns) {
        return false;
    }
    leftovers->ask = false;
    leftovers->ask_real_ns = real_ns + LEFTOVERS_ASK_NS;
    return true;
}
