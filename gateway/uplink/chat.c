/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/uplink/chat.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "gateway/base64.h"
#include "gateway/uplink/notice_text.h"

enum { DIGEST_SIZE = 32, SIGN_SIZE = BASE64_SIZE(DIGEST_SIZE), STATUS_TOO_MANY = 429 };

bool chat_is(enum site_format format) {
    return format != SITE_FORMAT_CLOUDEVENTS;
}

/* ---- signatures ---- */

/* "<time>\n<secret>": what one of them signs, and the other takes as its key. */
struct chat_seal {
    unsigned char bytes[24 + SECRET_SHARED_SIZE_MAX];
    size_t size;
};

static void seal_make(const char *time, const struct secret_shared *secret, struct chat_seal *ret) {
    size_t len = strlen(time);
    memcpy(ret->bytes, time, len);
    ret->bytes[len] = '\n';
    memcpy(ret->bytes + len + 1, secret->bytes, secret->size);
    ret->size = len + 1 + secret->size;
}

static bool sign(const void *key, size_t key_size, const unsigned char *text, size_t size,
                 char ret[SIGN_SIZE]) {
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned digest_size = 0;
    bool made = HMAC(EVP_sha256(), key, (int)key_size, text, size, digest, &digest_size) != NULL;
    if (made) {
        assert(digest_size == DIGEST_SIZE);
        base64_write(digest, digest_size, ret);
    }
    return made;
}

static bool sign_dingtalk(const char *time, const struct secret_shared *secret,
                          char ret[SIGN_SIZE]) {
    struct chat_seal seal;
    seal_make(time, secret, &seal);
    bool made = sign(secret->bytes, secret->size, seal.bytes, seal.size, ret);
    OPENSSL_cleanse(&seal, sizeof seal);
    return made;
}

static bool sign_feishu(const char *time, const struct secret_shared *secret, char ret[SIGN_SIZE]) {
    struct chat_seal seal;
    seal_make(time, secret, &seal);
    bool made = sign(seal.bytes, seal.size, (const unsigned char *)"", 0, ret);
    OPENSSL_cleanse(&seal, sizeof seal);
    return made;
}

/* ---- where it goes ---- */

/* Append as RFC 3986 has it in a part of an address: three bytes for each that is not unreserved. */
static char *escape(char *at, const char *text) {
    static const char plain[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";
    static const char digits[] = "0123456789ABCDEF";
    for (; *text != '\0'; text++) {
        if (strchr(plain, *text) != NULL) {
            *at++ = *text;
        } else {
            *at++ = '%';
            *at++ = digits[(unsigned char)*text >> 4];
            *at++ = digits[(unsigned char)*text & 15];
        }
    }
    *at = '\0';
    return at;
}

char *chat_url(enum site_format format, const char *url, const char *token,
               const struct secret_shared *secret, struct wall wall) {
    static const char *const joints[] = {[SITE_FORMAT_WECOM] = "?key=",
                                         [SITE_FORMAT_DINGTALK] = "?access_token=",
                                         [SITE_FORMAT_FEISHU] = "/"};
    assert(chat_is(format));
    char time[24], signature[SIGN_SIZE];
    (void)snprintf(time, sizeof time, "%" PRId64, wall.ns / (int64_t)NS_PER_MS);
    bool is_signed = format == SITE_FORMAT_DINGTALK && secret != NULL;
    size_t size = strlen(url) + 3 * (strlen(token) + SIGN_SIZE) + 96;
    char *made = malloc(size);
    if (made == NULL || (is_signed && !sign_dingtalk(time, secret, signature))) {
        free(made);
        return NULL;
    }
    char *at = made + snprintf(made, size, "%s%s", url, joints[format]);
    at = escape(at, token);
    if (is_signed) {
        at += snprintf(at, size - (size_t)(at - made), "&timestamp=%s&sign=", time);
        (void)escape(at, signature);
    }
    return made;
}

/* ---- what goes there ---- */

char *chat_body(enum site_format format, const char *text, const struct secret_shared *secret,
                struct wall wall) {
    json_t *message;
    if (format == SITE_FORMAT_FEISHU) {
        message = json_pack("{s:s, s:{s:s}}", "msg_type", "text", "content", "text", text);
    } else {
        message = json_pack("{s:s, s:{s:s}}", "msgtype", "text", "text", "content", text);
    }
    if (message != NULL && format == SITE_FORMAT_FEISHU && secret != NULL) {
        char time[24], signature[SIGN_SIZE];
        (void)snprintf(time, sizeof time, "%" PRId64, wall.ns / (int64_t)NS_PER_S);
        if (!sign_feishu(time, secret, signature) ||
            json_object_set_new(message, "timestamp", json_string(time)) != 0 ||
            json_object_set_new(message, "sign", json_string(signature)) != 0) {
            json_decref(message);
            return NULL;
        }
    }
    char *made = message != NULL ? json_dumps(message, JSON_COMPACT) : NULL;
    json_decref(message);
    return made;
}

/* ---- what became of it ---- */

/* The number by which the answer says so; NULL when it is none of theirs. */
static const json_t *answer_code(enum site_format format, const json_t *answer) {
    static const char *const keys[SITE_FORMAT_COUNT][2] = {
        [SITE_FORMAT_WECOM] = {"errcode", "errcode"},
        [SITE_FORMAT_DINGTALK] = {"errcode", "errcode"},
        [SITE_FORMAT_FEISHU] = {"code", "StatusCode"},
    };
    const json_t *code = json_object_get(answer, keys[format][0]);
    code = code != NULL ? code : json_object_get(answer, keys[format][1]);
    return json_is_integer(code) ? code : NULL;
}

static bool code_is_limit(json_int_t code) {
    static const json_int_t limits[] = {45009, 130101, 90030, 11232, 99991400};
    for (size_t i = 0; i < sizeof limits / sizeof limits[0]; i++) {
        if (code == limits[i]) {
            return true;
        }
    }
    return false;
}

enum chat_verdict chat_judge(enum site_format format, long status, const char *answer, size_t size,
                             char ret_reason[CHAT_REASON_SIZE]) {
    assert(chat_is(format));
    json_t *json = json_loadb(answer, size, JSON_REJECT_DUPLICATES, NULL);
    const json_t *code = answer_code(format, json);
    json_int_t number = json_integer_value(code);
    bool well = status >= 200 && status <= 299;
    enum chat_verdict verdict = CHAT_REFUSED;
    if (status == STATUS_TOO_MANY || (code != NULL && code_is_limit(number))) {
        verdict = CHAT_LIMITED;
        (void)snprintf(ret_reason, CHAT_REASON_SIZE,
                       "it takes no more messages for now (HTTP status %ld, code %lld)", status,
                       (long long)number);
    } else if (!well) {
        (void)snprintf(ret_reason, CHAT_REASON_SIZE, "it answers with HTTP status %ld", status);
    } else if (code == NULL) {
        (void)snprintf(ret_reason, CHAT_REASON_SIZE,
                       "it answers, and not as a chat of this format does");
    } else if (number == 0) {
        verdict = CHAT_TAKEN;
    } else {
        char said[CHAT_REASON_SIZE - 60];
        const char *words = json_string_value(
            json_object_get(json, format == SITE_FORMAT_FEISHU ? "msg" : "errmsg"));
        notice_text_cut(words != NULL ? words : "", said, sizeof said);
        (void)snprintf(ret_reason, CHAT_REASON_SIZE, "it refuses the message with code %lld: %s",
                       (long long)number, said);
    }
    json_decref(json);
    return verdict;
}
