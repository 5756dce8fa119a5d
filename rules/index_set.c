/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The sort is a heap sort: no recursion, no memory, and no input that makes it slow.
 */
#include "rules/index_set.h"

#include <assert.h>
#include <string.h>

/* Let the index at `at` sink in the max-heap that the first `count` indexes form below it. */
static void index_sink(uint32_t *indexes, uint32_t at, uint32_t count) {
    uint32_t index = indexes[at];
    for (uint32_t below = 2 * at + 1; below < count; below = 2 * at + 1) {
        if (below + 1 < count && indexes[below + 1] > indexes[below]) {
            below++;
        }
        if (indexes[below] < index) {
            break;
        }
        indexes[at] = indexes[below];
        at = below;
    }
    indexes[at] = index;
}

void index_sort(uint32_t *indexes, uint32_t count) {
    for (uint32_t at = count / 2; at > 0; at--) {
        index_sink(indexes, at - 1, count);
    }
    for (uint32_t end = count; end > 1; end--) {
        uint32_t greatest = indexes[0];
        indexes[0] = indexes[end - 1];
        indexes[end - 1] = greatest;
        index_sink(indexes, 0, end - 1);
    }
}

void index_set_init(struct index_set *set, uint32_t limit, uint32_t *indexes, uint8_t *marks) {
    *set = (struct index_set){.indexes = indexes, .marks = marks, .limit = limit, .sorted = true};
    if (limit > 0) {
        memset(marks, 0, limit);
    }
}

void index_set_add(struct index_set *set, uint32_t index) {
    assert(index < set->limit);
    if (set->marks[index] != 0) {
        return;
    }
    set->marks[index] = 1;
    set->sorted = set->sorted && (set->count == 0 || set->indexes[set->count - 1] < index);
    set->indexes[set->count++] = index;
}

void index_set_sort(struct index_set *set) {
    if (!set->sorted) {
        index_sort(set->indexes, set->count);
        set->sorted = true;
    }
}

uint32_t index_set_take(struct index_set *set, uint32_t *ret_indexes, uint32_t room) {
    index_set_sort(set);
    uint32_t taken = set->count < room ? set->count : room;
    for (uint32_t i = 0; i < taken; i++) {
        ret_indexes[i] = set->indexes[i];
        set->marks[set->indexes[i]] = 0;
    }
    set->count -= taken;
    if (taken > 0 && set->count > 0) {
        memmove(set->indexes, set->indexes + taken, set->count * sizeof *set->indexes);
    }
    return taken;
}

void index_set_clear(struct index_set *set) {
    for (uint32_t i = 0; i < set->count; i++) {
        set->marks[set->indexes[i]] = 0;
    }
    set->count = 0;
    set->sorted = true;
}
