/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_DIGEST_H
#define GATEWAY_DIGEST_H

/*
 * SHA-256 that cannot fail
 *
 * It works in the memory that it is given and takes none: a digest that is not made, for want of memory,
 * would make a site or a journal look like a damaged one.
 */

#include <stddef.h>
#include <stdint.h>

enum { DIGEST_SIZE = 32 };

/* One that is being made: no more than bytes, to be copied or forgotten at any time. */
struct digest {
    uint64_t state[16];
};

/* Begin anew, add any number of pieces, end. */
void digest_begin(struct digest *digest);
void digest_add(struct digest *digest, const void *bytes, size_t size);
void digest_end(struct digest *digest, unsigned char ret[DIGEST_SIZE]);

/* Of what is in one piece. */
void digest_of(const void *bytes, size_t size, unsigned char ret[DIGEST_SIZE]);

#endif
