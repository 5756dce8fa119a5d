/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_SUPPORT_SCARCE_MEMORY_H
#define TESTS_SUPPORT_SCARCE_MEMORY_H

/*
 * Scarce memory: an allocation that can fail
 *
 * In one file of a program that is linked with -Wl,--wrap=calloc: the linker sends our own calls of
 * calloc here, the libraries' stay as they are.
 */

#include <stddef.h>
#include <stdint.h>

void *__real_calloc(size_t count, size_t size);
void *__wrap_calloc(size_t count, size_t size);

/* So many more succeed; UINT32_MAX: all. */
static unsigned allocations_left = UINT32_MAX;

void *__wrap_calloc(size_t count, size_t size) {
    if (allocations_left == 0) {
        return NULL;
    }
    allocations_left -= allocations_left != UINT32_MAX;
    return __real_calloc(count, size);
}

#endif
