/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/uplink/signature.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/evp.h>
#include <openssl/hmac.h>

int signature_read(const char *path, struct signature_secret *ret_secret) {
    unsigned char text[SIGNATURE_SECRET_MAX + 1];
    FILE *file = fopen(path, "rbe");
    if (file == NULL) {
        return SIGNATURE_E_ABSENT;
    }
    size_t end = fread(text, 1, sizeof text, file);
    bool readable = ferror(file) == 0;
    (void)fclose(file);
    size_t begin = 0;
    while (begin < end && isspace(text[begin])) {
        begin++;
    }
    while (end > begin && isspace(text[end - 1])) {
        end--;
    }
    size_t size = end - begin;
    int r = !readable                                                    ? SIGNATURE_E_ABSENT
            : size < SIGNATURE_SECRET_MIN || size > SIGNATURE_SECRET_MAX ? SIGNATURE_E_WEAK
                                                                         : 0;
    if (r == 0) {
        memcpy(ret_secret->bytes, text + begin, size);
        ret_secret->size = size;
    }
    OPENSSL_cleanse(text, sizeof text);
    return r;
}

int signature_header(const struct signature_secret *secret, struct wall wall, const char *body,
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
    for (unsigned i = 0; i < digest_size; i++) {
        at += snprintf(ret + at, SIGNATURE_HEADER_SIZE - (size_t)at, "%02x", digest[i]);
    }
    return 0;
}
