/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/uplink/signature.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "gateway/hex.h"

int signature_header(const struct secret_shared *secret, struct wall wall, const char *body,
                     size_t size, char ret[SIGNATURE_HEADER_SIZE]) {
    char time[24];
    int time_len = snprintf(time, sizeof time, "%" PRId64, wall.ns / (int64_t)NS_PER_S);
    unsigned char *text = malloc((size_t)time_len + 1 + size);
    if (text == NULL) {
        return err_origin(-ENOMEM);
    }
    memcpy(text, time, (size_t)time_len);
    text[time_len] = '.';
    memcpy(text + time_len + 1, body, size);
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned digest_size = 0;
    bool made = HMAC(EVP_sha256(), secret->bytes, (int)secret->size, text,
                     (size_t)time_len + 1 + size, digest, &digest_size) != NULL;
    free(text);
    if (!made) {
        return err_origin(-ENOMEM);
    }
    int at = snprintf(ret, SIGNATURE_HEADER_SIZE, "Tocsin-Signature: t=%s,v1=", time);
    assert(at > 0 && (size_t)at + 2 * digest_size < SIGNATURE_HEADER_SIZE);
    hex_format(digest, digest_size, ret + at);
    return 0;
}
