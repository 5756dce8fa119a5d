/* SPDX-License-Identifier: Apache-2.0 */

/*
 * A binary heap in an array, with back-references. See timers.h for what it promises.
 */
#include "rules/timers.h"

static bool timers_is_earlier(const struct timers *timers, uint32_t a, uint32_t b) {
    struct instant x = timers->due[a];
    struct instant y = timers->due[b];
    return x.ns < y.ns || (x.ns == y.ns && a < b);
}

static void timers_put(struct timers *timers, uint32_t at, uint32_t id) {
    timers->heap[at] = id;
    timers->position[id] = at;
}

/* Move what stands at `at` towards the root while it is earlier than what stands above. */
static void timers_rise(struct timers *timers, uint32_t at) {
    uint32_t id = timers->heap[at];
    while (at > 0 && timers_is_earlier(timers, id, timers->heap[(at - 1) / 2])) {
        timers_put(timers, at, timers->heap[(at - 1) / 2]);
        at = (at - 1) / 2;
    }
    timers_put(timers, at, id);
}

/* Move what stands at `at` away from the root while one below is earlier. */
static void timers_sink(struct timers *timers, uint32_t at) {
    uint32_t id = timers->heap[at];
    for (uint32_t below = 2 * at + 1; below < timers->running; below = 2 * at + 1) {
        if (below + 1 < timers->running &&
            timers_is_earlier(timers, timers->heap[below + 1], timers->heap[below])) {
            below++;
        }
        if (!timers_is_earlier(timers, timers->heap[below], id)) {
            break;
        }
        timers_put(timers, at, timers->heap[below]);
        at = below;
    }
    timers_put(timers, at, id);
}

/* Take the timer out of the heap; the last one fills its place. */
static void timers_stop(struct timers *timers, uint32_t id) {
    uint32_t at = timers->position[id];
    uint32_t last = timers->heap[--timers->running];
    timers->due[id] = INSTANT_NEVER;
    if (last != id) {
        timers_put(timers, at, last);
        timers_rise(timers, at);
        timers_sink(timers, timers->position[last]);
    }
}

void timers_init(struct timers *timers, uint32_t count, struct instant *due, uint32_t *position,
                 uint32_t *heap) {
    *timers = (struct timers){.due = due, .position = position, .heap = heap, .count = count};
    for (uint32_t id = 0; id < count; id++) {
        due[id] = INSTANT_NEVER;
    }
}

void timers_set(struct timers *timers, uint32_t id, struct instant due) {
    assert(id < timers->count);
    if (due.ns == timers->due[id].ns) {
        return;
    } else if (due.ns == INSTANT_NEVER.ns) {
        timers_stop(timers, id);
        return;
    }
    if (!timers_is_running(timers, id)) {
        timers_put(timers, timers->running++, id);
    }
    timers->due[id] = due;
    timers_rise(timers, timers->position[id]);
    timers_sink(timers, timers->position[id]);
}

bool timers_take(struct timers *timers, struct instant now, uint32_t *ret_id) {
    if (!instant_reached(now, timers_first(timers))) {
        return false;
    }
    *ret_id = timers->heap[0];
    timers_stop(timers, *ret_id);
    return true;
}

void timers_check(const struct timers *timers) {
    assert(timers->running <= timers->count);
    for (uint32_t at = 0; at < timers->running; at++) {
        assert(timers->position[timers->heap[at]] == at);
        assert(timers_is_running(timers, timers->heap[at]));
        assert(at == 0 || !timers_is_earlier(timers, timers->heap[at], timers->heap[(at - 1) / 2]));
    }
}
