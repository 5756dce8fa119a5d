/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Most members go from the front, or all at once: then the end of a set is found without a search.
 */
#include "rules/index_set.h"

#include <assert.h>
#include <string.h>

enum { WORD_BITS = 64 };

static uint64_t index_bit(uint32_t index) {
    return UINT64_C(1) << index % WORD_BITS;
}

/* The summary: a bit per word, which says whether the word has any. */
static uint64_t *index_set_summary(const struct index_set *set) {
    return &set->words[INDEX_WORDS(set->limit)];
}

/*
 * The place of the lowest bit that is set; there is one. Shifted to it, the constant has six bits at
 * its top that it has for no other place (C. E. Leiserson, H. Prokop, K. H. Randall, "Using de Bruijn
 * Sequences to Index a 1 in a Computer Word", 1998); compilers know it for the one instruction that
 * C17 has no word for.
 */
static uint32_t index_lowest(uint64_t word) {
    static const uint8_t places[WORD_BITS] = {
        0,  1,  48, 2,  57, 49, 28, 3,  61, 58, 50, 42, 38, 29, 17, 4,  62, 55, 59, 36, 53, 51,
        43, 22, 45, 39, 33, 30, 24, 18, 12, 5,  63, 47, 56, 27, 60, 41, 37, 16, 54, 35, 52, 21,
        44, 32, 23, 11, 46, 26, 40, 15, 34, 20, 31, 10, 25, 14, 19, 9,  13, 8,  7,  6,
    };
    return places[(word & (0 - word)) * UINT64_C(0x03f79d71b4cb0a89) >> 58];
}

size_t index_set_words(uint32_t limit) {
    return INDEX_SET_WORDS((size_t)limit);
}

void index_set_init(struct index_set *set, uint32_t limit, uint64_t *words) {
    *set = (struct index_set){.words = words, .limit = limit};
    memset(words, 0, index_set_words(limit) * sizeof *words);
}

void index_set_add(struct index_set *set, uint32_t index) {
    assert(index < set->limit);
    uint32_t word = index / WORD_BITS;
    set->words[word] |= index_bit(index);
    index_set_summary(set)[word / WORD_BITS] |= index_bit(word);
    set->end = set->end > index ? set->end : index + 1;
}

/* The first bit that is set from `from` on, in words of which one has it. */
static uint32_t index_find(const uint64_t *words, uint32_t from) {
    uint32_t word = from / WORD_BITS;
    uint64_t bits = words[word] & (UINT64_MAX << from % WORD_BITS);
    while (bits == 0) {
        bits = words[++word];
    }
    return word * WORD_BITS + index_lowest(bits);
}

uint32_t index_set_next(const struct index_set *set, uint32_t from) {
    if (from >= set->end) {
        return INDEX_NONE;
    }
    uint32_t word = from / WORD_BITS;
    uint64_t bits = set->words[word] & (UINT64_MAX << from % WORD_BITS);
    if (bits == 0) {
        word = index_find(index_set_summary(set), word + 1);
        bits = set->words[word];
    }
    return word * WORD_BITS + index_lowest(bits);
}

/* Take out a member. The greatest leaves an empty set, unless the caller knows of others before it. */
static void index_set_drop(struct index_set *set, uint32_t index) {
    uint32_t word = index / WORD_BITS;
    set->words[word] &= ~index_bit(index);
    if (set->words[word] == 0) {
        index_set_summary(set)[word / WORD_BITS] &= ~index_bit(word);
    }
    set->end = set->end == index + 1 ? 0 : set->end;
}

/* One past the place of the highest bit that is set; there is one. */
static uint32_t index_end(uint64_t word) {
    for (unsigned width = 1; width < WORD_BITS; width *= 2) {
        word |= word >> width; /* all below the highest, too */
    }
    return index_lowest(word ^ word >> 1) + 1;
}

/* One past the greatest member, which is less than `limit`; 0 if there is none. */
static uint32_t index_set_end(const struct index_set *set, uint32_t limit) {
    const uint64_t *summary = index_set_summary(set);
    uint32_t words = limit / (WORD_BITS * WORD_BITS) + 1; /* of the summary */
    while (words > 0 && summary[words - 1] == 0) {
        words--;
    }
    if (words == 0) {
        return 0;
    }
    uint32_t word = (words - 1) * WORD_BITS + index_end(summary[words - 1]) - 1;
    return word * WORD_BITS + index_end(set->words[word]);
}

void index_set_remove(struct index_set *set, uint32_t index) {
    if (index_set_has(set, index)) {
        index_set_drop(set, index);
        set->end = set->end == 0 ? index_set_end(set, index) : set->end;
    }
}

uint32_t index_set_take(struct index_set *set, uint32_t *ret_indexes, uint32_t room) {
    uint32_t taken = 0;
    uint32_t index = index_set_next(set, 0);
    for (; taken < room && index != INDEX_NONE; index = index_set_next(set, index + 1)) {
        ret_indexes[taken++] = index;
        index_set_drop(set, index);
    }
    return taken;
}

void index_set_clear(struct index_set *set) {
    uint64_t *summary = index_set_summary(set);
    for (uint32_t first = 0; first < set->end; first += WORD_BITS * WORD_BITS, summary++) {
        for (; *summary != 0; *summary &= *summary - 1) {
            set->words[first / WORD_BITS + index_lowest(*summary)] = 0;
        }
    }
    set->end = 0;
}
