/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_SUPPORT_SCARCE_MEMORY_H
#define TESTS_SUPPORT_SCARCE_MEMORY_H

/*
 * Scarce memory: an allocation that can fail
 *
 * In one file of a program that is linked with -Wl,--wrap=calloc: the linker sends our own calls of
 * calloc here, the libraries' stay as they are. With SCARCE_MEMORY_ALL defined, malloc, realloc and
 * strdup are wrapped likewise; and whoever gives a library its memory asks scarce_is_refused().
 */

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

void *__real_calloc(size_t count, size_t size);
void *__wrap_calloc(size_t count, size_t size);

/* So many more succeed; UINT32_MAX: all. */
static atomic_uint allocations_left = UINT32_MAX;

/* So many have failed. */
static atomic_uint allocations_refused;

/* Is the next allocation one that fails? Counts it. */
static inline bool scarce_is_refused(void) {
    unsigned left = allocations_left;
    while (left != 0 && left != UINT32_MAX &&
           !atomic_compare_exchange_weak(&allocations_left, &left, left - 1)) {
    }
    allocations_refused += left == 0;
    return left == 0;
}

void *__wrap_calloc(size_t count, size_t size) {
    return scarce_is_refused() ? NULL : __real_calloc(count, size);
}

#ifdef SCARCE_MEMORY_ALL

void *__real_malloc(size_t size);
void *__wrap_malloc(size_t size);
void *__real_realloc(void *held, size_t size);
void *__wrap_realloc(void *held, size_t size);
char *__real_strdup(const char *text);
char *__wrap_strdup(const char *text);

void *__wrap_malloc(size_t size) {
    return scarce_is_refused() ? NULL : __real_malloc(size);
}

void *__wrap_realloc(void *held, size_t size) {
    return scarce_is_refused() ? NULL : __real_realloc(held, size);
}

char *__wrap_strdup(const char *text) {
    return scarce_is_refused() ? NULL : __real_strdup(text);
}

#endif

#endif
