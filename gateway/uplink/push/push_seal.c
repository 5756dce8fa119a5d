/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/uplink/push/push_seal.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/ec.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/param_build.h>

#include "gateway/base64.h"

enum { DIGEST_SIZE = 32, CONTENT_KEY_SIZE = 16, NONCE_SIZE = 12, TAG_SIZE = 16, LAST_RECORD = 2 };

#define CURVE "prime256v1"

/* ---- keys ---- */

/* The key as the library has it; `private` NULL: only its public part. NULL when it is none. */
static EVP_PKEY *key_load(const unsigned char *private, const unsigned char *public) {
    OSSL_PARAM_BLD *builder = OSSL_PARAM_BLD_new();
    BIGNUM *number = private != NULL ? BN_bin2bn(private, PUSH_PRIVATE_SIZE, NULL) : NULL;
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
    OSSL_PARAM *params = NULL;
    EVP_PKEY *key = NULL;
    bool built =
        builder != NULL && context != NULL && (private == NULL || number != NULL) &&
        OSSL_PARAM_BLD_push_utf8_string(builder, OSSL_PKEY_PARAM_GROUP_NAME, CURVE, 0) == 1 &&
        OSSL_PARAM_BLD_push_octet_string(builder, OSSL_PKEY_PARAM_PUB_KEY, public,
                                         PUSH_PUBLIC_SIZE) == 1 &&
        (number == NULL || OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_PRIV_KEY, number) == 1);
    if (built) {
        params = OSSL_PARAM_BLD_to_param(builder);
    }
    int selection = private != NULL ? EVP_PKEY_KEYPAIR : EVP_PKEY_PUBLIC_KEY;
    if (params == NULL || EVP_PKEY_fromdata_init(context) != 1 ||
        EVP_PKEY_fromdata(context, &key, selection, params) != 1) {
        key = NULL;
    }
    OSSL_PARAM_free(params);
    OSSL_PARAM_BLD_free(builder);
    EVP_PKEY_CTX_free(context);
    BN_clear_free(number);
    return key;
}

bool push_public_is_good(const unsigned char public[PUSH_PUBLIC_SIZE]) {
    EVP_PKEY *key = public[0] == POINT_CONVERSION_UNCOMPRESSED ? key_load(NULL, public) : NULL;
    EVP_PKEY_free(key);
    return key != NULL;
}

bool push_key_of(const unsigned char private[PUSH_PRIVATE_SIZE], struct push_key *ret) {
    EC_GROUP *group = EC_GROUP_new_by_curve_name(NID_X9_62_prime256v1);
    EC_POINT *point = group != NULL ? EC_POINT_new(group) : NULL;
    BIGNUM *number = BN_bin2bn(private, PUSH_PRIVATE_SIZE, NULL);
    bool made = point != NULL && number != NULL && !BN_is_zero(number) &&
                BN_cmp(number, EC_GROUP_get0_order(group)) < 0 &&
                EC_POINT_mul(group, point, number, NULL, NULL, NULL) == 1 &&
                EC_POINT_point2oct(group, point, POINT_CONVERSION_UNCOMPRESSED, ret->public,
                                   sizeof ret->public, NULL) == sizeof ret->public;
    memcpy(ret->private, private, sizeof ret->private);
    BN_clear_free(number);
    EC_POINT_free(point);
    EC_GROUP_free(group);
    return made;
}

int push_key_make(struct push_key *ret) {
    EVP_PKEY *key = EVP_EC_gen(CURVE);
    BIGNUM *number = NULL;
    bool made =
        key != NULL && EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_PRIV_KEY, &number) == 1 &&
        BN_bn2binpad(number, ret->private, sizeof ret->private) == (int)sizeof ret->private &&
        push_key_of(ret->private, ret);
    BN_clear_free(number);
    EVP_PKEY_free(key);
    return made ? 0 : err_origin(-ENOMEM);
}

/* What both sides can compute, and nobody else. */
static bool key_agree(const struct push_key *ours, const struct push_peer *peer,
                      unsigned char ret[DIGEST_SIZE]) {
    EVP_PKEY *mine = key_load(ours->private, ours->public);
    EVP_PKEY *theirs = key_load(NULL, peer->public);
    EVP_PKEY_CTX *context = mine != NULL ? EVP_PKEY_CTX_new(mine, NULL) : NULL;
    size_t size = DIGEST_SIZE;
    bool agreed = theirs != NULL && context != NULL && EVP_PKEY_derive_init(context) == 1 &&
                  EVP_PKEY_derive_set_peer(context, theirs) == 1 &&
                  EVP_PKEY_derive(context, ret, &size) == 1 && size == DIGEST_SIZE;
    EVP_PKEY_CTX_free(context);
    EVP_PKEY_free(theirs);
    EVP_PKEY_free(mine);
    return agreed;
}

/* ---- sealing ---- */

static bool mac(const void *key, size_t key_size, const void *text, size_t size,
                unsigned char ret[DIGEST_SIZE]) {
    unsigned digest_size = 0;
    return HMAC(EVP_sha256(), key, (int)key_size, text, size, ret, &digest_size) != NULL &&
           digest_size == DIGEST_SIZE;
}

struct content_key {
    unsigned char key[DIGEST_SIZE];   /* of which CONTENT_KEY_SIZE are used */
    unsigned char nonce[DIGEST_SIZE]; /* … NONCE_SIZE */
};

/* HKDF twice, each step of it one HMAC: the last byte of each text is HKDF's counter. */
static bool content_key_make(const struct push_peer *peer, const struct push_key *ours,
                             const unsigned char salt[PUSH_SALT_SIZE], struct content_key *ret) {
    static const char info[] = "WebPush: info";
    static const char key_info[] = "Content-Encoding: aes128gcm\0\1";
    static const char nonce_info[] = "Content-Encoding: nonce\0\1";
    unsigned char text[sizeof info + 2 * PUSH_PUBLIC_SIZE + 1];
    unsigned char shared[DIGEST_SIZE], first[DIGEST_SIZE], input[DIGEST_SIZE], second[DIGEST_SIZE];
    memcpy(text, info, sizeof info); /* with its NUL */
    memcpy(text + sizeof info, peer->public, PUSH_PUBLIC_SIZE);
    memcpy(text + sizeof info + PUSH_PUBLIC_SIZE, ours->public, PUSH_PUBLIC_SIZE);
    text[sizeof text - 1] = 1;
    bool made = key_agree(ours, peer, shared) &&
                mac(peer->auth, PUSH_AUTH_SIZE, shared, sizeof shared, first) &&
                mac(first, sizeof first, text, sizeof text, input) &&
                mac(salt, PUSH_SALT_SIZE, input, sizeof input, second) &&
                mac(second, sizeof second, key_info, sizeof key_info - 1, ret->key) &&
                mac(second, sizeof second, nonce_info, sizeof nonce_info - 1, ret->nonce);
    OPENSSL_cleanse(shared, sizeof shared);
    OPENSSL_cleanse(first, sizeof first);
    OPENSSL_cleanse(input, sizeof input);
    OPENSSL_cleanse(second, sizeof second);
    return made;
}

static bool encrypt(const struct content_key *content, const void *text, size_t size,
                    unsigned char *ret) {
    static const unsigned char last = LAST_RECORD;
    EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
    int done = 0, more = 0, end = 0;
    bool made =
        context != NULL &&
        EVP_EncryptInit_ex2(context, EVP_aes_128_gcm(), content->key, content->nonce, NULL) == 1 &&
        EVP_EncryptUpdate(context, ret, &done, text, (int)size) == 1 &&
        EVP_EncryptUpdate(context, ret + done, &more, &last, 1) == 1 &&
        EVP_EncryptFinal_ex(context, ret + done + more, &end) == 1 &&
        EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_GET_TAG, TAG_SIZE, ret + size + 1) == 1;
    EVP_CIPHER_CTX_free(context);
    return made && done + more + end == (int)size + 1;
}

int push_seal(const struct push_peer *peer, const struct push_key *ours,
              const unsigned char salt[PUSH_SALT_SIZE], const void *text, size_t size,
              unsigned char *ret) {
    assert(size <= PUSH_TEXT_MAX);
    static const unsigned char record_size[] = {0, 0, PUSH_MESSAGE_MAX >> 8, 0};
    struct content_key content;
    unsigned char *at = ret;
    memcpy(at, salt, PUSH_SALT_SIZE);
    at += PUSH_SALT_SIZE;
    memcpy(at, record_size, sizeof record_size);
    at += sizeof record_size;
    *at++ = PUSH_PUBLIC_SIZE;
    memcpy(at, ours->public, PUSH_PUBLIC_SIZE);
    at += PUSH_PUBLIC_SIZE;
    bool made = content_key_make(peer, ours, salt, &content) && encrypt(&content, text, size, at);
    OPENSSL_cleanse(&content, sizeof content);
    return made ? 0 : err_origin(-EINVAL);
}
_Static_assert((PUSH_MESSAGE_MAX & 255) == 0 && PUSH_MESSAGE_MAX < 65536, "it fits two bytes");

/* ---- who sends ---- */

bool push_origin(const char *endpoint, char ret[PUSH_ORIGIN_SIZE]) {
    static const char scheme[] = "https://";
    size_t len = sizeof scheme - 1;
    if (strncmp(endpoint, scheme, len) != 0) {
        return false;
    }
    size_t host = strcspn(endpoint + len, "/?#");
    if (host == 0 || len + host >= PUSH_ORIGIN_SIZE) {
        return false;
    }
    memcpy(ret, endpoint, len + host);
    ret[len + host] = '\0';
    return true;
}

/* ES256: two numbers of 32 bytes, where the library makes a structure of ASN.1. */
static bool sign(const struct push_key *key, const char *text, unsigned char ret[2 * DIGEST_SIZE]) {
    EVP_PKEY *loaded = key_load(key->private, key->public);
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    unsigned char packed[128];
    size_t size = sizeof packed;
    ECDSA_SIG *signature = NULL;
    const unsigned char *at = packed;
    if (loaded != NULL && context != NULL &&
        EVP_DigestSignInit(context, NULL, EVP_sha256(), NULL, loaded) == 1 &&
        EVP_DigestSign(context, packed, &size, (const unsigned char *)text, strlen(text)) == 1) {
        signature = d2i_ECDSA_SIG(NULL, &at, (long)size);
    }
    bool made =
        signature != NULL &&
        BN_bn2binpad(ECDSA_SIG_get0_r(signature), ret, DIGEST_SIZE) == DIGEST_SIZE &&
        BN_bn2binpad(ECDSA_SIG_get0_s(signature), ret + DIGEST_SIZE, DIGEST_SIZE) == DIGEST_SIZE;
    ECDSA_SIG_free(signature);
    EVP_MD_CTX_free(context);
    EVP_PKEY_free(loaded);
    return made;
}

int push_vapid(const struct push_key *key, const char *endpoint, const char *contact,
               struct wall until, char ret[PUSH_VAPID_SIZE]) {
    static const char head[] = "{\"typ\":\"JWT\",\"alg\":\"ES256\"}";
    char origin[PUSH_ORIGIN_SIZE];
    char claims[PUSH_ORIGIN_SIZE + 256];
    char token[BASE64URL_SIZE(sizeof head) + BASE64URL_SIZE(sizeof claims) + 2];
    char signature[BASE64URL_SIZE(2 * DIGEST_SIZE)], public[BASE64URL_SIZE(PUSH_PUBLIC_SIZE)];
    unsigned char numbers[2 * DIGEST_SIZE];
    if (!push_origin(endpoint, origin)) {
        return err_origin(-EINVAL);
    }
    /* Neither an origin nor a contact that was checked has anything to escape in. */
    int len = snprintf(claims, sizeof claims, "{\"aud\":\"%s\",\"exp\":%" PRId64 "%s%s%s}", origin,
                       until.ns / (int64_t)NS_PER_S, contact[0] != '\0' ? ",\"sub\":\"" : "",
                       contact, contact[0] != '\0' ? "\"" : "");
    if (len < 0 || (size_t)len >= sizeof claims) {
        return err_origin(-EINVAL);
    }
    base64url_write((const unsigned char *)head, sizeof head - 1, token);
    size_t at = strlen(token);
    token[at++] = '.';
    base64url_write((const unsigned char *)claims, (size_t)len, token + at);
    if (!sign(key, token, numbers)) {
        return err_origin(-ENOMEM);
    }
    base64url_write(numbers, sizeof numbers, signature);
    base64url_write(key->public, PUSH_PUBLIC_SIZE, public);
    len = snprintf(ret, PUSH_VAPID_SIZE, "Authorization: vapid t=%s.%s, k=%s", token, signature,
                   public);
    return len > 0 && len < PUSH_VAPID_SIZE ? 0 : err_origin(-EINVAL);
}
