/* SPDX-License-Identifier: Apache-2.0 */

/*
 * EVP and SHA256() take memory for each digest anew and fail without it (OpenSSL 3.0,
 * evp_md_init_internal()); the functions below them do not. OpenSSL 3 would rather see EVP used, unless one
 * says for which version one was written.
 */
#define OPENSSL_API_COMPAT 10101

#include "gateway/digest.h"

#include <assert.h>

#include <openssl/sha.h>

_Static_assert(sizeof(SHA256_CTX) <= sizeof(struct digest), "it has room");
_Static_assert(_Alignof(SHA256_CTX) <= _Alignof(struct digest), "it lies well");
_Static_assert((int)DIGEST_SIZE == (int)SHA256_DIGEST_LENGTH, "the whole output");

static SHA256_CTX *digest_context(struct digest *digest) {
    return (SHA256_CTX *)(void *)digest->state;
}

void digest_begin(struct digest *digest) {
    int ok = SHA256_Init(digest_context(digest));
    assert(ok == 1);
}

void digest_add(struct digest *digest, const void *bytes, size_t size) {
    int ok = SHA256_Update(digest_context(digest), bytes, size);
    assert(ok == 1);
}

void digest_end(struct digest *digest, unsigned char ret[DIGEST_SIZE]) {
    int ok = SHA256_Final(ret, digest_context(digest));
    assert(ok == 1);
}

void digest_of(const void *bytes, size_t size, unsigned char ret[DIGEST_SIZE]) {
    struct digest digest;
    digest_begin(&digest);
    digest_add(&digest, bytes, size);
    digest_end(&digest, ret);
}
