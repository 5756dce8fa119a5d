/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_CONFIG_ARENA_H
#define GATEWAY_CONFIG_ARENA_H

/*
 * Memory of a load
 *
 * A load makes thousands of small things, trees, names and messages, that all die together. They
 * come from one arena. When memory ends there is nothing that any of the checkers could do about
 * it, so the arena leaves them all at once: config_load() sets the landing place with setjmp, and
 * an allocation that fails jumps there. Nothing in between holds anything but arena memory, except
 * the YAML parser and an open file, which config_source keeps where the landing place finds them.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

struct config_block;

struct config_arena {
    struct config_block *blocks;
    size_t used; /* bytes of the newest block */
    jmp_buf exhausted;
};

/* Return `count` × `size` zeroed bytes, aligned for any type; jumps when there are none. */
void *config_alloc(struct config_arena *arena, size_t count, size_t size);

/*
 * Make room for one more row after `count` rows. Returns the rows, perhaps elsewhere, with the new
 * one zeroed; `room` is how many there is space for and begins at 0.
 */
void *config_grow(struct config_arena *arena, void *rows, uint32_t count, uint32_t *room,
                  size_t row_size);

/* Copy `len` bytes and end them with NUL. */
char *config_copy(struct config_arena *arena, const char *text, size_t len);

/* Format a text. */
char *config_format(struct config_arena *arena, const char *format, ...)
    __attribute__((format(printf, 2, 3), nonnull(2)));
char *config_vformat(struct config_arena *arena, const char *format, va_list arguments)
    __attribute__((format(printf, 2, 0), nonnull(2)));

void config_arena_deinit(struct config_arena *arena);

/*
 * Names to numbers: finds one of many ids without looking at each. The zero value is empty. Names
 * are borrowed.
 */
struct config_index {
    struct config_slot {
        const char *name; /* NULL: free */
        uint32_t value;
    } * slots;
    uint32_t count, room;
};

/* Add `name`, which must not be in the index. */
void config_index_add(struct config_arena *arena, struct config_index *index, const char *name,
                      uint32_t value);

/* Find `name`; UINT32_MAX when it is not there. */
uint32_t config_index_find(const struct config_index *index, const char *name);

#endif
