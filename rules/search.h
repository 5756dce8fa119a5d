/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RULES_SEARCH_H
#define RULES_SEARCH_H

/*
 * Search: the first in a sorted list that does not stand before a key
 *
 * What the list is and how its entries compare is the caller's, in one word: does the entry at `at`
 * stand before `key`? Where that is a function of the same file the compiler puts it in place.
 */

#include <stdbool.h>
#include <stdint.h>

/*
 * The first entry in [first, end) that does not stand before `key`, or `end` if all do. Those that do
 * stand in front of those that do not.
 */
static inline uint32_t search_first(const void *list, uint32_t first, uint32_t end, uint64_t key,
                                    bool (*is_before)(const void *list, uint32_t at,
                                                      uint64_t key)) {
    while (first < end) {
        uint32_t middle = first + (end - first) / 2;
        if (is_before(list, middle, key)) {
            first = middle + 1;
        } else {
            end = middle;
        }
    }
    return first;
}

/* For a list of plain indexes, in ascending order. */
static inline bool search_index_is_before(const void *list, uint32_t at, uint64_t key) {
    return ((const uint32_t *)list)[at] < key;
}

#endif
