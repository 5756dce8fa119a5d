/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/field/holding.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define NONE UINT32_MAX

/* A token: the life of its holding, and a number in it. */
enum { LIFE_SHIFT = 32 };

/*
 * Nodes 0 … point_count-1 belong to the points: each holds its newest reading, and is in the line
 * while that reading waits merged. The nodes behind them hold single edges and events.
 */
struct holding_node {
    uint32_t previous, next; /* in the line; `next` also chains free nodes */
    bool queued;
    bool known;           /* of a point's node: `reading` is its present value, … */
    struct instant heard; /* … which came then */
    struct wire_reading reading;
};

struct holding {
    struct holding_node *nodes;
    uint8_t *manners;
    uint32_t point_count;
    uint32_t first, last;           /* the line, oldest first */
    uint32_t free_first;            /* single nodes that were used and are free again */
    uint32_t fresh;                 /* the first single node that was never used */
    uint32_t edges, events;         /* single nodes in the line, and events that were told */
    uint32_t told_first, told_last; /* events that were taken, and are not known to be recorded */
    uint32_t told;
    uint64_t token;         /* the newest */
    uint32_t snapshot_next; /* point whose present value goes out next; point_count: none */
    struct holding_counts counts;
};

int holding_new(const uint8_t *manners, uint32_t point_count, uint32_t life,
                struct holding **ret_holding) {
    assert(life != 0);
    struct holding *holding = calloc(1, sizeof *holding);
    if (holding == NULL) {
        return err_origin(-ENOMEM);
    }
    size_t count = (size_t)point_count + HOLDING_EDGES_MAX + HOLDING_EVENTS_MAX;
    holding->nodes = calloc(count, sizeof *holding->nodes);
    holding->manners = calloc((size_t)point_count + 1, 1);
    if (holding->nodes == NULL || holding->manners == NULL) {
        (void)holding_free(holding);
        return err_origin(-ENOMEM);
    }
    if (point_count > 0) {
        memcpy(holding->manners, manners, point_count);
    }
    holding->point_count = point_count;
    holding->first = holding->last = holding->free_first = NONE;
    holding->told_first = holding->told_last = NONE;
    holding->token = (uint64_t)life << LIFE_SHIFT;
    holding->fresh = point_count;
    holding->snapshot_next = point_count;
    *ret_holding = holding;
    return 0;
}

struct holding *holding_free(struct holding *holding) {
    if (holding != NULL) {
        free(holding->nodes);
        free(holding->manners);
        free(holding);
    }
    return NULL;
}

static void holding_unlink(struct holding *holding, uint32_t index) {
    struct holding_node *node = &holding->nodes[index];
    assert(node->queued);
    *(node->previous == NONE ? &holding->first : &holding->nodes[node->previous].next) = node->next;
    *(node->next == NONE ? &holding->last : &holding->nodes[node->next].previous) = node->previous;
    node->queued = false;
}

static void holding_append(struct holding *holding, uint32_t index) {
    struct holding_node *node = &holding->nodes[index];
    assert(!node->queued);
    node->previous = holding->last;
    node->next = NONE;
    *(holding->last == NONE ? &holding->first : &holding->nodes[holding->last].next) = index;
    holding->last = index;
    node->queued = true;
}

static void holding_prepend(struct holding *holding, uint32_t index) {
    struct holding_node *node = &holding->nodes[index];
    assert(!node->queued);
    node->previous = NONE;
    node->next = holding->first;
    *(holding->first == NONE ? &holding->last : &holding->nodes[holding->first].previous) = index;
    holding->first = index;
    node->queued = true;
}

/* How many single nodes of this manner wait, and how many may. */
static uint32_t *holding_waiting(struct holding *holding, enum holding_manner manner) {
    return manner == HOLDING_EVENTS ? &holding->events : &holding->edges;
}

static uint32_t holding_max(enum holding_manner manner) {
    return manner == HOLDING_EVENTS ? HOLDING_EVENTS_MAX : HOLDING_EDGES_MAX;
}

static void holding_single_free(struct holding *holding, uint32_t index);

/* ---- events that were told and are not known to be recorded ---- */

static void told_append(struct holding *holding, uint32_t index) {
    struct holding_node *node = &holding->nodes[index];
    node->previous = holding->told_last;
    node->next = NONE;
    *(holding->told_last == NONE ? &holding->told_first
                                 : &holding->nodes[holding->told_last].next) = index;
    holding->told_last = index;
    holding->told++;
}

/* Take the oldest or the newest out; there is one. */
static uint32_t told_take_oldest(struct holding *holding) {
    uint32_t index = holding->told_first;
    holding->told_first = holding->nodes[index].next;
    *(holding->told_first == NONE ? &holding->told_last
                                  : &holding->nodes[holding->told_first].previous) = NONE;
    holding->told--;
    return index;
}

static uint32_t told_take_newest(struct holding *holding) {
    uint32_t index = holding->told_last;
    holding->told_last = holding->nodes[index].previous;
    *(holding->told_last == NONE ? &holding->told_first
                                 : &holding->nodes[holding->told_last].next) = NONE;
    holding->told--;
    return index;
}

void holding_confirm(struct holding *holding, uint64_t token) {
    while (holding->told > 0 && holding->nodes[holding->told_first].reading.token <= token) {
        holding_single_free(holding, told_take_oldest(holding));
    }
}

/* A single node for an edge or event, or NONE when as many as may wait do. */
static uint32_t holding_single(struct holding *holding, enum holding_manner manner,
                               const struct wire_reading *reading) {
    uint32_t *waiting = holding_waiting(holding, manner);
    /* An engine that records nothing for long must not keep new ones out: it has been told of the old. */
    if (manner == HOLDING_EVENTS && *waiting >= HOLDING_EVENTS_MAX && holding->told > 0) {
        holding->counts.events_forgotten++;
        holding_single_free(holding, told_take_oldest(holding));
    }
    if (*waiting >= holding_max(manner)) {
        return NONE;
    }
    (*waiting)++;
    uint32_t index = holding->free_first;
    if (index != NONE) {
        holding->free_first = holding->nodes[index].next;
    } else {
        index = holding->fresh++;
    }
    holding->nodes[index].reading = *reading;
    return index;
}

static void holding_single_free(struct holding *holding, uint32_t index) {
    uint32_t point = holding->nodes[index].reading.reading.point;
    (*holding_waiting(holding, (enum holding_manner)holding->manners[point]))--;
    holding->nodes[index].next = holding->free_first;
    holding->free_first = index;
}

/* Let the point's own node wait at the end of the line, with its newest reading. */
static void holding_put_newest(struct holding *holding, uint32_t point) {
    if (holding->nodes[point].queued) {
        holding_unlink(holding, point);
        holding->counts.replaced++;
    }
    holding_append(holding, point);
}

/* Does this reading of a call or fire point say anything that the one before did not? */
static bool holding_is_edge(const struct holding_node *node, const struct reading *reading) {
    const struct reading *before = &node->reading.reading;
    return !node->known || before->value != reading->value || before->quality != reading->quality;
}

void holding_put(struct holding *holding, const struct reading *reading, uint64_t token,
                 struct instant now) {
    assert(reading->point < holding->point_count);
    const struct wire_reading incoming = {.reading = *reading, .token = token};
    struct holding_node *own = &holding->nodes[reading->point];
    enum holding_manner manner = (enum holding_manner)holding->manners[reading->point];

    bool single =
        manner == HOLDING_EVENTS || (manner == HOLDING_EDGES && holding_is_edge(own, reading));
    uint32_t index = single ? holding_single(holding, manner, &incoming) : NONE;
    if (manner != HOLDING_EVENTS) {
        own->reading = incoming;
        own->known = true;
        own->heard = now;
    }
    if (index != NONE) {
        if (manner == HOLDING_EVENTS) {
            holding->nodes[index].reading.token = ++holding->token;
        }
        if (own->queued) { /* an edge says all that an older merged reading of its point does */
            holding_unlink(holding, reading->point);
            holding->counts.replaced++;
        }
        holding_append(holding, index);
        return;
    }
    if (manner == HOLDING_EVENTS) {
        holding->counts.events_refused++;
        return;
    }
    holding->counts.edges_merged += single;
    holding_put_newest(holding, reading->point);
}

static bool holding_is_event(const struct holding *holding, const struct wire_reading *reading) {
    return holding->manners[reading->reading.point] == HOLDING_EVENTS;
}

static uint32_t holding_take_snapshot(struct holding *holding, struct wire_reading *ret,
                                      uint32_t room) {
    uint32_t taken = 0;
    while (taken < room && holding->snapshot_next < holding->point_count) {
        const struct holding_node *node = &holding->nodes[holding->snapshot_next++];
        if (node->known) {
            ret[taken] = node->reading;
            ret[taken].heard = node->heard; /* it is not heard again by being given again */
            ret[taken++].token = 0; /* a present value is state: nobody waits for its recording */
        }
    }
    return taken;
}

uint32_t holding_take(struct holding *holding, struct wire_reading *ret, uint32_t room) {
    uint32_t taken = holding_take_snapshot(holding, ret, room);
    while (taken < room && holding->first != NONE) {
        uint32_t index = holding->first;
        ret[taken++] = holding->nodes[index].reading;
        holding_unlink(holding, index);
        if (index < holding->point_count) {
            continue;
        }
        if (holding_is_event(holding, &holding->nodes[index].reading)) {
            told_append(holding, index);
        } else {
            holding_single_free(holding, index);
        }
    }
    return taken;
}

/* Merged readings that wait are present values, which the snapshot brings. */
static void holding_drop_merged(struct holding *holding) {
    uint32_t index = holding->first;
    while (index != NONE) {
        uint32_t next = holding->nodes[index].next;
        if (index < holding->point_count) {
            holding_unlink(holding, index);
        }
        index = next;
    }
}

/* Put the events that were told, from this token on, back to the head of the line. */
static void holding_go_back(struct holding *holding, uint64_t token) {
    while (holding->told > 0 && holding->nodes[holding->told_last].reading.token >= token) {
        holding_prepend(holding, told_take_newest(holding));
    }
}

void holding_restart(struct holding *holding, const struct wire_reading *unsent, uint32_t count) {
    for (uint32_t i = count; i > 0; i--) {
        const struct wire_reading *reading = &unsent[i - 1];
        enum holding_manner manner = (enum holding_manner)holding->manners[reading->reading.point];
        if (manner == HOLDING_EVENTS) {
            holding_go_back(holding, reading->token);
            continue;
        }
        if (manner == HOLDING_NEWEST) {
            continue;
        }
        uint32_t index = holding_single(holding, manner, reading);
        if (index != NONE) {
            holding_prepend(holding, index);
        } else {
            holding->counts.edges_merged++;
        }
    }
    holding_go_back(holding, 0);
    holding_drop_merged(holding);
    holding->snapshot_next = 0;
}

void holding_forget(struct holding *holding, uint32_t point) {
    assert(point < holding->point_count);
    holding->nodes[point].known = false;
}

struct holding_counts holding_counts(const struct holding *holding) {
    struct holding_counts counts = holding->counts;
    counts.waiting = (uint64_t)holding->edges + holding->events - holding->told;
    return counts;
}
