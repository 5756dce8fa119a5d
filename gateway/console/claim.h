/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_CONSOLE_CLAIM_H
#define GATEWAY_CONSOLE_CLAIM_H

/*
 * The claim code: how the first person comes in
 *
 * While nobody may sign in, a code of CLAIM_LETTERS letters stands in the log, where only those see it who may read
 * this machine's log. Whoever enters it becomes the first person. It is kept in claim.code of the console's directory, so that
 * one that was read stays good over a restart, and ends with its use. Sixty bits, and guesses are slowed (guard.h).
 *
 *     7GKM-2WQX-P4HD
 */

#include <stdbool.h>

#include "gateway/err.h"

enum { CLAIM_LETTERS = 12, CLAIM_SIZE = CLAIM_LETTERS + 2 + 1 };

struct claim {
    int directory;
    char code[CLAIM_SIZE]; /* "": there is none */
};

/* Read the code, or make one. `directory` may be -1. Returns 0 or a negative errno: there is no randomness. */
NODISCARD int claim_open(struct claim *claim, int directory);

/* Is it the code? Small letters and missing hyphens will do. False when there is none. */
bool claim_is(const struct claim *claim, const char *code);

/* It was used, or is not needed. */
void claim_end(struct claim *claim);

#endif
