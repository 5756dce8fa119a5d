/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_ENGINE_RECORDING_DIRECTORY_H
#define GATEWAY_ENGINE_RECORDING_DIRECTORY_H

/*
 * The directory of recordings: what is in it, and what goes
 *
 * It holds the segments, by number, and beside them the image of each site that one of them is of. The
 * oldest segments go first, and an image with the last of its segments.
 */

#include <stdbool.h>
#include <stdint.h>

/* Never fill the disk further than this. */
#define RECORDING_SPARE (64ull << 20)

struct recording_room {
    uint64_t size;         /* in bytes, of all that may be there */
    uint64_t segment_size; /* in bytes, of the one that is to come */
    uint64_t generation;   /* of the site that is watched; its image stays in any case */
};

/*
 * Make room for one more segment, and set its number. Returns false, with errno, if that cannot be:
 * ENOSPC if the disk would have less than RECORDING_SPARE left.
 */
bool recording_directory_prune(int directory, const struct recording_room *room,
                               uint64_t *ret_number);

#endif
