/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_JOURNAL_JOURNAL_DIGEST_H
#define GATEWAY_JOURNAL_JOURNAL_DIGEST_H

/*
 * The digest chain
 *
 *     digest(n) = SHA-256( digest(n − 1) || body(n) )        digest before the first row: 32 zero
 * bytes
 *
 * A row that was changed, removed or slipped in breaks the chain at that row: whoever keeps one
 * digest can later tell whether everything before it is still what was recorded.
 */

#include <stddef.h>

#include "gateway/err.h"

enum { JOURNAL_DIGEST_SIZE = 32 };

/* A reusable hashing context; one thread uses it. */
struct journal_hasher;

NODISCARD int journal_hasher_new(struct journal_hasher **ret_hasher);
struct journal_hasher *journal_hasher_free(struct journal_hasher *hasher);

/*
 * Write the digest that follows `previous` with `body` into `ret`; both may be the same array. Nothing
 * can fail once the hasher was made: no memory is taken.
 */
void journal_digest_next(struct journal_hasher *hasher,
                         const unsigned char previous[JOURNAL_DIGEST_SIZE], const void *body,
                         size_t body_size, unsigned char ret[JOURNAL_DIGEST_SIZE]);

/* Hash what is not in one piece: begin anew, add any number of pieces, end. Cannot fail either. */
void journal_hasher_begin(struct journal_hasher *hasher);
void journal_hasher_add(struct journal_hasher *hasher, const void *bytes, size_t size);
void journal_hasher_end(struct journal_hasher *hasher, unsigned char ret[JOURNAL_DIGEST_SIZE]);

#endif
