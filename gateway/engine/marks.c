/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/engine/marks.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

enum { WORD_BITS = 64 };

static size_t marks_words(const struct marks *marks) {
    return ((size_t)marks->size + WORD_BITS - 1) / WORD_BITS;
}

int marks_init(struct marks *marks, uint32_t size) {
    *marks = (struct marks){.size = size};
    marks->words = calloc(marks_words(marks) + 1, sizeof *marks->words);
    return marks->words != NULL ? 0 : err_origin(-ENOMEM);
}

void marks_deinit(struct marks *marks) {
    free(marks->words);
    *marks = (struct marks){0};
}

bool marks_has(const struct marks *marks, uint32_t index) {
    assert(index < marks->size);
    return (marks->words[index / WORD_BITS] >> (index % WORD_BITS) & 1) != 0;
}

void marks_add(struct marks *marks, uint32_t index) {
    if (!marks_has(marks, index)) {
        marks->words[index / WORD_BITS] |= 1ull << (index % WORD_BITS);
        marks->count++;
    }
}

void marks_remove(struct marks *marks, uint32_t index) {
    if (marks_has(marks, index)) {
        marks->words[index / WORD_BITS] &= ~(1ull << (index % WORD_BITS));
        marks->count--;
    }
}

void marks_clear(struct marks *marks) {
    memset(marks->words, 0, marks_words(marks) * sizeof *marks->words);
    marks->count = 0;
}

uint32_t marks_next(const struct marks *marks, uint32_t from) {
    if (marks->count == 0 || from >= marks->size) {
        return MARKS_NONE;
    }
    size_t word = from / WORD_BITS;
    uint64_t bits = marks->words[word] >> (from % WORD_BITS) << (from % WORD_BITS);
    while (bits == 0 && ++word < marks_words(marks)) {
        bits = marks->words[word];
    }
    if (bits == 0) {
        return MARKS_NONE;
    }
    return (uint32_t)(word * WORD_BITS + (size_t)__builtin_ctzll(bits));
}
