/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/console/remote_text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "gateway/clock.h"
#include "gateway/digest.h"
#include "gateway/hex.h"

/* ---- reading ---- */

/* Take a member out of `object`; false when it is no text of 1…size-1 bytes, all of them of `letters` unless that is NULL. */
static bool member_take(json_t *object, const char *key, const char *letters, char *ret,
                        size_t size) {
    const json_t *value = json_object_get(object, key);
    size_t len = json_string_length(value);
    const char *text = json_string_value(value);
    bool sound =
        text != NULL && len > 0 && len < size && (letters == NULL || strspn(text, letters) == len);
    if (sound) {
        memcpy(ret, text, len + 1);
        (void)json_object_del(object, key);
    }
    return sound;
}

static bool remote_read_time(struct remote_text *remote) {
    char text[CLOCK_TEXT_SIZE + 16];
    return member_take(remote->inner, "time", NULL, text, sizeof text) &&
           clock_parse_wall(text, &remote->time) == 0;
}

static bool remote_read_command(struct remote_text *remote) {
    char verb[32];
    if (!member_take(remote->inner, "command", NULL, verb, sizeof verb)) {
        return false;
    }
    remote->verb = command_verb_find(verb, strlen(verb));
    return remote->verb != COMMAND_VERB_COUNT &&
           member_take(remote->inner, command_verb_is_about_place(remote->verb) ? "place" : "alarm",
                       NULL, remote->subject, sizeof remote->subject);
}

static bool remote_read_language(struct remote_text *remote) {
    char text[sizeof "zh"];
    if (json_object_get(remote->inner, "language") == NULL) {
        return true;
    }
    bool sound = member_take(remote->inner, "language", NULL, text, sizeof text) &&
                 (strcmp(text, "zh") == 0 || strcmp(text, "en") == 0);
    if (sound) {
        remote->language_given = true;
        remote->language = strcmp(text, "zh") == 0 ? LANGUAGE_ZH : LANGUAGE_EN;
    }
    return sound;
}

bool remote_text_read(const char *bytes, size_t size, struct remote_text *ret) {
    static const char id_letters[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._:-";
    const char *hmac = NULL;
    *ret = (struct remote_text){.verb = COMMAND_VERB_COUNT};
    ret->outer = json_loadb(bytes, size, JSON_REJECT_DUPLICATES, NULL);
    if (json_unpack(ret->outer, "{s:s, s:s!}", "signed", &ret->text, "hmac", &hmac) != 0 ||
        strlen(hmac) != REMOTE_HMAC_SIZE - 1) {
        return false;
    }
    memcpy(ret->hmac, hmac, strlen(hmac) + 1);
    ret->inner = json_loads(ret->text, JSON_REJECT_DUPLICATES, NULL);
    /* First what an answer names, then the rest. */
    bool user = member_take(ret->inner, "user", PEOPLE_ID_LETTERS, ret->user, sizeof ret->user);
    bool id = member_take(ret->inner, "id", id_letters, ret->id, sizeof ret->id);
    bool language = remote_read_language(ret);
    return user && id && language && remote_read_time(ret) && remote_read_command(ret);
}

void remote_text_release(struct remote_text *text) {
    json_decref(text->inner);
    json_decref(text->outer);
    *text = (struct remote_text){.verb = COMMAND_VERB_COUNT};
}

/* ---- the signature ---- */

bool remote_text_is_signed(const struct remote_text *text, const char *home, const char *key) {
    size_t size = strlen(home) + 1 + strlen(text->text);
    unsigned char digest[EVP_MAX_MD_SIZE];
    char hex[REMOTE_HMAC_SIZE];
    unsigned digest_size = 0;
    char *bytes = malloc(size + 1);
    if (bytes == NULL) {
        return false;
    }
    (void)snprintf(bytes, size + 1, "%s\n%s", home, text->text);
    bool made = HMAC(EVP_sha256(), key, (int)strlen(key), (const unsigned char *)bytes, size,
                     digest, &digest_size) != NULL &&
                digest_size == DIGEST_SIZE;
    free(bytes);
    if (!made) {
        return false;
    }
    hex_format(digest, digest_size, hex);
    return CRYPTO_memcmp(hex, text->hmac, sizeof hex) == 0;
}
