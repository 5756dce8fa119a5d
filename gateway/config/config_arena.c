/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/config/config_arena.h"

#include <assert.h>
#include <stdalign.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BLOCK_SIZE = 64 * 1024, INDEX_ROOM_FIRST = 64, GROW_FIRST = 8 };

struct config_block {
    struct config_block *older;
    size_t size;
    alignas(max_align_t) unsigned char bytes[];
};

static void arena_block_add(struct config_arena *arena, size_t size) {
    if (size < BLOCK_SIZE) {
        size = BLOCK_SIZE;
    }
    struct config_block *block = calloc(1, sizeof *block + size);
    if (block == NULL) {
        longjmp(arena->exhausted, 1);
    }
    block->older = arena->blocks;
    block->size = size;
    arena->blocks = block;
    arena->used = 0;
}

void *config_alloc(struct config_arena *arena, size_t count, size_t size) {
    size_t bytes;
    if (__builtin_mul_overflow(count, size, &bytes) || bytes > SIZE_MAX / 2) {
        longjmp(arena->exhausted, 1);
    }
    bytes = (bytes + alignof(max_align_t) - 1) & ~(alignof(max_align_t) - 1);
    if (arena->blocks == NULL || bytes > arena->blocks->size - arena->used) {
        arena_block_add(arena, bytes);
    }
    void *result = arena->blocks->bytes + arena->used;
    arena->used += bytes;
    return result;
}

void *config_grow(struct config_arena *arena, void *rows, uint32_t count, uint32_t *room,
                  size_t row_size) {
    if (count < *room) {
        return rows;
    }
    uint32_t larger = *room == 0 ? GROW_FIRST : *room * 2;
    void *moved = config_alloc(arena, larger, row_size);
    if (count > 0) {
        memcpy(moved, rows, count * row_size);
    }
    *room = larger;
    return moved;
}

char *config_copy(struct config_arena *arena, const char *text, size_t len) {
    char *copy = config_alloc(arena, len + 1, 1);
    if (len > 0) {
        memcpy(copy, text, len);
    }
    return copy;
}

char *config_vformat(struct config_arena *arena, const char *format, va_list arguments) {
    va_list measured;
    va_copy(measured, arguments);
    int len = vsnprintf(NULL, 0, format, measured);
    va_end(measured);
    size_t size = len > 0 ? (size_t)len + 1 : 1;
    char *text = config_alloc(arena, size, 1);
    (void)vsnprintf(text, size, format, arguments);
    return text;
}

char *config_format(struct config_arena *arena, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    char *text = config_vformat(arena, format, arguments);
    va_end(arguments);
    return text;
}

void config_arena_deinit(struct config_arena *arena) {
    while (arena->blocks != NULL) {
        struct config_block *older = arena->blocks->older;
        free(arena->blocks);
        arena->blocks = older;
    }
}

/* FNV-1a; the names come from a file that its owner wrote, so nobody gains by making them collide.
 */
static uint32_t index_hash(const char *name) {
    uint32_t hash = 2166136261u;
    for (; *name != '\0'; name++) {
        hash = (hash ^ (unsigned char)*name) * 16777619u;
    }
    return hash;
}

/* Where `name` stands, or the free slot where it would. */
static struct config_slot *index_slot(const struct config_index *index, const char *name) {
    uint32_t mask = index->room - 1;
    uint32_t at = index_hash(name) & mask;
    while (index->slots[at].name != NULL && strcmp(index->slots[at].name, name) != 0) {
        at = (at + 1) & mask;
    }
    return &index->slots[at];
}

void config_index_add(struct config_arena *arena, struct config_index *index, const char *name,
                      uint32_t value) {
    if (index->count * 2 >= index->room) {
        struct config_index larger = {.room = index->room == 0 ? INDEX_ROOM_FIRST : index->room * 2,
                                      .count = index->count};
        larger.slots = config_alloc(arena, larger.room, sizeof *larger.slots);
        for (uint32_t i = 0; i < index->room; i++) {
            if (index->slots[i].name != NULL) {
                *index_slot(&larger, index->slots[i].name) = index->slots[i];
            }
        }
        *index = larger;
    }
    struct config_slot *slot = index_slot(index, name);
    assert(slot->name == NULL && "a name is added once");
    *slot = (struct config_slot){name, value};
    index->count++;
}

uint32_t config_index_find(const struct config_index *index, const char *name) {
    if (index->count == 0) {
        return UINT32_MAX;
    }
    const struct config_slot *slot = index_slot(index, name);
    return slot->name != NULL ? slot->value : UINT32_MAX;
}
