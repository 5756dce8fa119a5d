/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_KEEPER_H
#define GATEWAY_KEEPER_H

/*
 * The keeper: puts the site that was accepted into the state directory (kept.h)
 *
 * A disk that is full or hangs must stop nobody who supervises, so a thread has it written by a process
 * of its own (apart.h), which is left behind when the disk hangs at the end. It tells how it ended, and tries again every KEEPER_RETRY_MS until it has succeeded or a newer site is to be kept.
 */

#include <stddef.h>

#include "gateway/err.h"

enum {
    KEEPER_RETRY_MS = 10000,
    /* How long the end of the keeper waits for what it has to write. */
    KEEPER_STOP_MS = 2000,
};

struct keeper;

/* Make a keeper for a state directory, whose path it copies. */
NODISCARD int keeper_new(const char *directory, struct keeper **ret_keeper);

/* Keep these bytes of kept_encode(), which the keeper frees, instead of all before. */
void keeper_keep(struct keeper *keeper, char *bytes, size_t size);

/* What could not be written within KEEPER_STOP_MS is given up. Accepts NULL, returns NULL. */
struct keeper *keeper_free(struct keeper *keeper);

#endif
