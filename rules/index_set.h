/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RULES_INDEX_SET_H
#define RULES_INDEX_SET_H

/*
 * Index sets: which alarms, each once, in ascending order
 *
 * A list and a mark per member. Adding is constant time; what was added out of order is sorted when
 * it is looked at. Most additions come in order already (a point's dependents, a rule's alarms).
 */

#include <stdbool.h>
#include <stdint.h>

struct index_set {
    uint32_t *indexes; /* those in the set */
    uint8_t *marks;    /* by index: is it in the set? */
    uint32_t limit;    /* every index is less */
    uint32_t count;
    bool sorted;
};

/* Bring `count` indexes into ascending order. */
void index_sort(uint32_t *indexes, uint32_t count);

/* Make an empty set of indexes less than `limit`. Borrows both arrays, each of that length. */
void index_set_init(struct index_set *set, uint32_t limit, uint32_t *indexes, uint8_t *marks);

/* Add an index; one that is in the set already changes nothing. */
void index_set_add(struct index_set *set, uint32_t index);

/* Bring `indexes` into ascending order. */
void index_set_sort(struct index_set *set);

/* Move the first members, at most `room`, to `ret_indexes` in ascending order; returns how many. */
uint32_t index_set_take(struct index_set *set, uint32_t *ret_indexes, uint32_t room);

void index_set_clear(struct index_set *set);

#endif
