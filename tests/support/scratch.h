/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_SUPPORT_SCRATCH_H
#define TESTS_SUPPORT_SCRATCH_H

/*
 * Scratch directories: what a test leaves behind goes with it
 */

#include <ftw.h>
#include <stdio.h>
#include <sys/stat.h>

static inline int scratch_remove_one(const char *path, const struct stat *found, int kind,
                                     struct FTW *walk) {
    (void)found;
    (void)kind;
    (void)walk;
    return remove(path);
}

/* Remove a directory with all that is in it. Returns 0, or not 0 where something stayed. */
static inline int scratch_remove(const char *directory) {
    return nftw(directory, scratch_remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

#endif
