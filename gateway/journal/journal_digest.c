/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/journal/journal_digest.h"

#include <stdlib.h>

#include "gateway/digest.h"

_Static_assert((int)JOURNAL_DIGEST_SIZE == (int)DIGEST_SIZE, "it is SHA-256");

struct journal_hasher {
    struct digest digest;
};

int journal_hasher_new(struct journal_hasher **ret_hasher) {
    struct journal_hasher *hasher = calloc(1, sizeof *hasher);
    if (hasher == NULL) {
        return err_origin(-ENOMEM);
    }
    *ret_hasher = hasher;
    return 0;
}

struct journal_hasher *journal_hasher_free(struct journal_hasher *hasher) {
    free(hasher);
    return NULL;
}

void journal_hasher_begin(struct journal_hasher *hasher) {
    digest_begin(&hasher->digest);
}

void journal_hasher_add(struct journal_hasher *hasher, const void *bytes, size_t size) {
    digest_add(&hasher->digest, bytes, size);
}

void journal_hasher_end(struct journal_hasher *hasher, unsigned char ret[JOURNAL_DIGEST_SIZE]) {
    digest_end(&hasher->digest, ret);
}

void journal_digest_next(struct journal_hasher *hasher,
                         const unsigned char previous[JOURNAL_DIGEST_SIZE], const void *body,
                         size_t body_size, unsigned char ret[JOURNAL_DIGEST_SIZE]) {
    journal_hasher_begin(hasher);
    journal_hasher_add(hasher, previous, JOURNAL_DIGEST_SIZE);
    journal_hasher_add(hasher, body, body_size);
    journal_hasher_end(hasher, ret);
}
