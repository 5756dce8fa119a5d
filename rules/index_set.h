/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RULES_INDEX_SET_H
#define RULES_INDEX_SET_H

/*
 * Index sets: which alarms or points, each once, in ascending order
 *
 * A bit per index, and above them a bit per word of those that says whether it has any: an eighth of
 * a byte for an index, whatever is in the set. Adding is constant time, and so is going from one
 * member to the next but for a look at each summary word in between, one for 4,096 indexes.
 */

#include <assert.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* No index. */
#define INDEX_NONE UINT32_MAX

struct index_set {
    uint64_t *words; /* a bit per index; behind them the summary */
    uint32_t limit;  /* every index is less */
    uint32_t end;    /* one past the greatest member; 0: there is none */
};

/* How many words hold a bit per index; there is one even when `limit` is 0. */
#define INDEX_WORDS(limit) ((limit) / 64 + 1)

/* How many words a set of indexes less than `limit` needs: a constant, or asked at run time. */
#define INDEX_SET_WORDS(limit) (INDEX_WORDS(limit) + INDEX_WORDS(INDEX_WORDS(limit)))
size_t index_set_words(uint32_t limit);

/* Make an empty set of indexes less than `limit`. Borrows index_set_words() `words`. */
void index_set_init(struct index_set *set, uint32_t limit, uint64_t *words);

/* Add an index; one that is in the set already changes nothing. */
void index_set_add(struct index_set *set, uint32_t index);

/*
 * Remove an index; one that is not in the set changes nothing. Constant time, but for the greatest member:
 * the one before it is looked for as the next one is.
 */
void index_set_remove(struct index_set *set, uint32_t index);

static inline bool index_set_has(const struct index_set *set, uint32_t index) {
    assert(index < set->limit);
    return (set->words[index / 64] >> index % 64 & 1) != 0;
}

static inline bool index_set_is_empty(const struct index_set *set) {
    return set->end == 0;
}

/* The first member that is not less than `from`, or INDEX_NONE. */
uint32_t index_set_next(const struct index_set *set, uint32_t from);

/* Move the first members, at most `room`, to `ret_indexes` in ascending order; returns how many. */
uint32_t index_set_take(struct index_set *set, uint32_t *ret_indexes, uint32_t room);

void index_set_clear(struct index_set *set);

#endif
