/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/console/password.h"

#include <stdint.h>
#include <stdio.h>
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
    for (size_t i = 0; i < size; i++) {
        unsigned byte = 0;
        if (strspn(text + 2 * i, "0123456789abcdef") < 2 ||
            sscanf(text + 2 * i, "%2x", &byte) != 1) {
            return false;
        }
        ret[i] = (unsigned char)byte;
    }
    return true;
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
    int at = 0;
    struct parameters parameters = {.cost = 0};
    if (sscanf(hash, "scrypt$%2u$%2u$%n", &parameters.cost, &parameters.lanes, &at) != 2 ||
        at == 0 || parameters.cost < 1 || parameters.cost > COST_MAX || parameters.lanes < 1 ||
        parameters.lanes > LANES_MAX ||
        strlen(hash + at) != 2 * (size_t)SALT_SIZE + 1 + 2 * (size_t)KEY_SIZE ||
        !hex_read(hash + at, SALT_SIZE, parameters.salt) || hash[at + 2 * SALT_SIZE] != '$' ||
        !hex_read(hash + at + 2 * SALT_SIZE + 1, KEY_SIZE, parameters.key)) {
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
