/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_SUPPORT_CUT_CHAIN_H
#define TESTS_SUPPORT_CUT_CHAIN_H

/*
 * A chain of lives on one disk, each of which ends with the power
 *
 * Each life runs on what the one before it left, until the power goes at the operation whose turn it is. What
 * survives of the disk is there twice: to be checked, and for the next life.
 */

#include <assert.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "tests/support/dice.h"
#include "tests/support/fault_disk.h"
#include "tests/support/scratch.h"

struct cut_chain {
    const char *name; /* of what is cut, for the scratch directory */
    uint32_t lives;
    uint64_t first_cut;  /* operation of the first life, from 0; each life's is one more */
    uint64_t operations; /* the power goes at the first … so many-th */
    bool lying;          /* the disk confirms a sync and does nothing */
    /* One life, on the disk at `directory`. */
    void (*run)(void *context, const char *directory);
    /* Print what is wrong with what is left, if anything is, and return how much. */
    uint32_t (*check)(void *context, const char *directory);
    void *context;
};

enum { CUT_CHAIN_PATH_SIZE = 128 };

/* The directory in which a number-th life finds its disk. */
static inline void cut_chain_path(const char *root, const char *what, uint32_t life,
                                  char ret[CUT_CHAIN_PATH_SIZE]) {
    (void)snprintf(ret, CUT_CHAIN_PATH_SIZE, "%s/%s-%" PRIu32, root, what, life);
    int r = mkdir(ret, 0700);
    assert(r == 0);
}

/* Returns what was wrong; stops at the first life with something wrong, and says which. */
static inline uint32_t cut_chain_run(const struct cut_chain *chain, struct dice *dice,
                                     uint64_t seed) {
    char root[64], state[CUT_CHAIN_PATH_SIZE], checked[CUT_CHAIN_PATH_SIZE];
    uint32_t wrong = 0;
    (void)snprintf(root, sizeof root, "/tmp/tocsin-%s-XXXXXX", chain->name);
    char *made = mkdtemp(root);
    assert(made != NULL);
    *dice = (struct dice){seed};
    cut_chain_path(root, "state", 0, state);
    for (uint32_t life = 1; life <= chain->lives && wrong == 0; life++) {
        uint64_t cut = 1 + (chain->first_cut + life) % chain->operations;
        uint64_t survival = dice_next(dice);
        fault_disk_mount(state);
        fault_disk_lie(chain->lying);
        fault_disk_plan(FAULT_POWER, cut, true);
        chain->run(chain->context, state);
        cut_chain_path(root, "checked", life, checked);
        fault_disk_survive(checked, survival);
        (void)scratch_remove(state);
        cut_chain_path(root, "state", life, state);
        fault_disk_survive(state, survival);
        fault_disk_unmount();
        wrong = chain->check(chain->context, checked);
        (void)scratch_remove(checked);
        if (wrong > 0) {
            printf("… with seed=%" PRIu64 " life=%" PRIu32 " operation=%" PRIu64 "\n", seed, life,
                   cut);
        }
    }
    (void)scratch_remove(root);
    return wrong;
}

#endif
