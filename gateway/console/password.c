/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/console/password.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/rand.h>

#include "gateway/hex.h"

enum {
    SALT_SIZE = 16,
    KEY_SIZE = 32,
    /* What a new hash is made with, and the most that one that is read may ask for. */
    COST = 14,
    BLOCK = 8,
    LANES = 5,
    COST_MAX = 17,
    LANES_MAX = 16,
};

struct parameters {
    unsigned cost; /* binary logarithm of N */
    unsigned lanes;
    unsigned char salt[SALT_SIZE];
    unsigned char key[KEY_SIZE];
};

static bool password_derive(const char *password, size_t len, const struct parameters *parameters,
                            unsigned char ret[KEY_SIZE]) {
    uint64_t n = UINT64_C(1) << parameters->cost;
    uint64_t memory = n * BLOCK * 128 + (uint64_t)BLOCK * 128 * (parameters->lanes + 4);
    return EVP_PBE_scrypt(password, len, parameters->salt, SALT_SIZE, n, BLOCK, parameters->lanes,
                          memory, ret, KEY_SIZE) == 1;
}

static bool hex_read(const char *text, size_t size, unsigned char *ret) {
    static const char digits[] = "0123456789abcdef";
    if (strspn(text, digits) < 2 * size) {
        return false;
    }
    for (size_t i = 0; i < size; i++) {
        ret[i] = (unsigned char)((strchr(digits, text[2 * i]) - digits) << 4 |
                                 (strchr(digits, text[2 * i + 1]) - digits));
    }
    return true;
}

/* What follows a number from 1 to `max` and its `$`; NULL when that is not what stands there. */
static const char *number_read(const char *text, unsigned max, unsigned *ret) {
    size_t digits = strspn(text, "0123456789");
    if (digits < 1 || digits > 2 || text[digits] != '$') {
        return NULL;
    }
    *ret = (unsigned)strtoul(text, NULL, 10);
    return *ret >= 1 && *ret <= max ? text + digits + 1 : NULL;
}

int password_hash(const char *password, size_t len, char ret[PASSWORD_HASH_SIZE]) {
    struct parameters parameters = {.cost = COST, .lanes = LANES};
    char salt[2 * SALT_SIZE + 1];
    char key[2 * KEY_SIZE + 1];
    if (RAND_bytes(parameters.salt, SALT_SIZE) != 1 ||
        !password_derive(password, len, &parameters, parameters.key)) {
        return err_origin(-ENOMEM);
    }
    hex_format(parameters.salt, SALT_SIZE, salt);
    hex_format(parameters.key, KEY_SIZE, key);
    (void)snprintf(ret, PASSWORD_HASH_SIZE, "scrypt$%d$%d$%s$%s", COST, LANES, salt, key);
    return 0;
}

static bool password_read(const char *hash, struct parameters *ret) {
    static const char kind[] = "scrypt$";
    struct parameters parameters = {.cost = 0};
    const char *at = strncmp(hash, kind, sizeof kind - 1) == 0 ? hash + sizeof kind - 1 : NULL;
    at = at == NULL ? NULL : number_read(at, COST_MAX, &parameters.cost);
    at = at == NULL ? NULL : number_read(at, LANES_MAX, &parameters.lanes);
    if (at == NULL || strlen(at) != 2 * (size_t)SALT_SIZE + 1 + 2 * (size_t)KEY_SIZE ||
        !hex_read(at, SALT_SIZE, parameters.salt) || at[2 * SALT_SIZE] != '$' ||
        !hex_read(at + 2 * SALT_SIZE + 1, KEY_SIZE, parameters.key)) {
        return false;
    }
    *ret = parameters;
    return true;
}

bool password_is(const char *password, size_t len, const char *hash) {
    struct parameters parameters = {.cost = COST, .lanes = LANES};
    unsigned char key[KEY_SIZE] = {0};
    bool ours = password_read(hash, &parameters);
    bool derived = password_derive(password, len, &parameters, key);
    bool same = CRYPTO_memcmp(key, parameters.key, KEY_SIZE) == 0;
    OPENSSL_cleanse(key, sizeof key);
    return ours && derived && same;
}
