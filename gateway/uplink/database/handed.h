/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_UPLINK_DATABASE_HANDED_H
#define GATEWAY_UPLINK_DATABASE_HANDED_H

/*
 * Batches of lines that were handed over and wait in memory, oldest first; at most HANDED_MAX
 *
 * Takes no lock: who shares it holds one.
 */

#include <stddef.h>
#include <stdint.h>

/* Of one second each, so this is how long a disk may be stuck. */
enum { HANDED_MAX = 8 };

struct batch {
    struct batch *newer;
    char *text;
    size_t size;
    uint32_t lines;
};

/* Begins as zeros. */
struct handed {
    struct batch *oldest, *newest;
    uint32_t count;
};

/* Takes `text`, which comes from malloc(). NULL: no memory, and `text` is still the caller's. */
struct batch *batch_new(char *text, size_t size, uint32_t lines);
struct batch *batch_free(struct batch *batch);

/* Add the newest. Returns the one that had to make room, for the caller, or NULL. */
struct batch *handed_add(struct handed *handed, struct batch *batch);

/* The oldest, for the caller, or NULL. */
struct batch *handed_take(struct handed *handed);

/* Put one back as the oldest. Returns it where there is no room, else NULL. */
struct batch *handed_return(struct handed *handed, struct batch *batch);

#endif
