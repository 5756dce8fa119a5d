/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/journal/journal_digest.h"

#include <assert.h>
#include <stdlib.h>

#include <openssl/evp.h>

/* The algorithm is fetched once: a look-up by name for each event costs more than the hash itself.
 */
struct journal_hasher {
    EVP_MD *algorithm;
    EVP_MD_CTX *context;
};

int journal_hasher_new(struct journal_hasher **ret_hasher) {
    struct journal_hasher *hasher = calloc(1, sizeof *hasher);
    if (hasher == NULL) {
        return err_origin(-ENOMEM);
    }
    hasher->algorithm = EVP_MD_fetch(NULL, "SHA256", NULL);
    hasher->context = EVP_MD_CTX_new();
    if (hasher->algorithm == NULL || hasher->context == NULL) {
        (void)journal_hasher_free(hasher);
        return err_origin(-ENOMEM);
    }
    *ret_hasher = hasher;
    return 0;
}

struct journal_hasher *journal_hasher_free(struct journal_hasher *hasher) {
    if (hasher != NULL) {
        EVP_MD_CTX_free(hasher->context);
        EVP_MD_free(hasher->algorithm);
        free(hasher);
    }
    return NULL;
}

void journal_digest_next(struct journal_hasher *hasher,
                         const unsigned char previous[JOURNAL_DIGEST_SIZE], const void *body,
                         size_t body_size, unsigned char ret[JOURNAL_DIGEST_SIZE]) {
    unsigned size = 0;
    int ok = EVP_DigestInit_ex2(hasher->context, hasher->algorithm, NULL) == 1 &&
             EVP_DigestUpdate(hasher->context, previous, JOURNAL_DIGEST_SIZE) == 1 &&
             EVP_DigestUpdate(hasher->context, body, body_size) == 1 &&
             EVP_DigestFinal_ex(hasher->context, ret, &size) == 1;
    assert(ok && size == JOURNAL_DIGEST_SIZE);
}
