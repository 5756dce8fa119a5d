/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/uplink/early.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

int early_init(struct early *early) {
    early->dropped = 0;
    early->events = calloc(EARLY_MAX, sizeof *early->events);
    return early->events == NULL ? err_origin(-ENOMEM) : 0;
}

void early_deinit(struct early *early) {
    free(early->events);
    early->events = NULL;
}

struct early_event *early_find(struct early *early, uint64_t number) {
    for (uint32_t i = 0; i < EARLY_MAX; i++) {
        if (early->events[i].number == number) {
            return &early->events[i];
        }
    }
    return NULL;
}

/* The place for one more of a weight; NULL when all there are weigh more. */
static struct early_event *early_place(struct early *early, uint8_t weight) {
    struct early_event *place = early_find(early, 0);
    if (place != NULL) {
        return place;
    }
    place = &early->events[0];
    for (uint32_t i = 1; i < EARLY_MAX; i++) {
        struct early_event *other = &early->events[i];
        bool older = other->number < place->number;
        if (other->weight != place->weight ? other->weight < place->weight : older) {
            place = other;
        }
    }
    early->dropped++;
    return place->weight > weight ? NULL : place;
}

void early_add(struct early *early, uint64_t number, uint8_t weight,
               const struct wire_event *event) {
    assert(number > 0);
    struct early_event *place = early_place(early, weight);
    if (place == NULL) {
        return;
    }
    place->number = number;
    place->sent = false;
    place->weight = weight;
    place->lane = event->lane;
    place->class = event->class;
    place->type = event->type;
    place->body_size = event->body_size;
    memcpy(place->body, event->body, event->body_size);
}

struct early_event *early_next(struct early *early) {
    struct early_event *next = NULL;
    for (uint32_t i = 0; i < EARLY_MAX; i++) {
        struct early_event *event = &early->events[i];
        if (event->number == 0 || event->sent) {
            continue;
        }
        if (next == NULL || event->weight > next->weight ||
            (event->weight == next->weight && event->number < next->number)) {
            next = event;
        }
    }
    return next;
}

void early_forget(struct early *early, uint64_t number) {
    struct early_event *event = early_find(early, number);
    if (event != NULL) {
        event->number = 0;
    }
}

void early_rewind(struct early *early) {
    for (uint32_t i = 0; i < EARLY_MAX; i++) {
        early->events[i].sent = false;
    }
}
