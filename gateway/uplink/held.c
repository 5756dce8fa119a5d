/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/uplink/held.h"

#include <assert.h>
#include <stdlib.h>

int held_init(struct held *held) {
    *held = (struct held){.events = calloc(HELD_MAX, sizeof *held->events)};
    return held->events == NULL ? err_origin(-ENOMEM) : 0;
}

void held_deinit(struct held *held) {
    free(held->events);
    *held = (struct held){0};
}

struct held_event *held_add(struct held *held) {
    assert(held->count < HELD_MAX);
    return &held->events[(held->first + held->count++) % HELD_MAX];
}

const struct held_event *held_oldest(const struct held *held) {
    return held->count > 0 ? &held->events[held->first] : NULL;
}

void held_drop_oldest(struct held *held) {
    assert(held->count > 0);
    held->first = (held->first + 1) % HELD_MAX;
    held->count--;
}

void held_clear(struct held *held) {
    held->first = held->count = 0;
}
