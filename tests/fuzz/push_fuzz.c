/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Fuzz target: what comes from outside on the way to people
 *
 * The first byte says as what the others are read: the answer of a group chat, an event of which people read,
 * or what a browser says of its phone, three texts parted by NUL. Whatever comes is refused, or is what
 * it has to be: a chat's message is never taken without its word for it, a text is never cut inside a character,
 * and for a phone that is accepted a message can be sealed.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "gateway/base64.h"
#include "gateway/uplink/chat.h"
#include "gateway/uplink/notice_text.h"
#include "gateway/uplink/push/push_phone.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool claim) {
    if (!claim) {
        abort();
    }
}

static bool is_utf8(const char *text) {
    json_t *string = json_string(text);
    bool is = string != NULL;
    json_decref(string);
    return is;
}

static void answer(const char *text, size_t size) {
    static const long statuses[] = {0, 200, 204, 302, 404, 429, 500};
    for (enum site_format format = SITE_FORMAT_WECOM; format < SITE_FORMAT_COUNT; format++) {
        for (size_t i = 0; i < sizeof statuses / sizeof statuses[0]; i++) {
            char reason[CHAT_REASON_SIZE] = "";
            enum chat_verdict verdict = chat_judge(format, statuses[i], text, size, reason);
            check(verdict == CHAT_TAKEN || (reason[0] != '\0' && is_utf8(reason)));
            check(verdict != CHAT_TAKEN || (statuses[i] / 100 == 2 && memchr(text, '0', size)));
        }
    }
}

static void event(const char *text, size_t size) {
    for (enum site_language language = LANGUAGE_ZH; language <= LANGUAGE_EN; language++) {
        struct notice_text words;
        if (!notice_text_read(text, size, language, &words)) {
            continue;
        }
        for (size_t room = 8; room <= CHAT_TEXT_MAX + 1; room += 97) {
            char whole[CHAT_TEXT_MAX + 1];
            notice_text_write(&words, whole, room);
            check(strlen(whole) < room && is_utf8(whole));
            char *message = chat_body(SITE_FORMAT_FEISHU, whole, NULL, (struct wall){0});
            check(message != NULL);
            free(message);
        }
    }
}

static void phone(const char *text, size_t size) {
    const char *parts[3];
    for (int i = 0; i < 3; i++) {
        size_t len = strnlen(text, size);
        parts[i] = len < size ? text : "";
        text += len < size ? len + 1 : 0;
        size -= len < size ? len + 1 : 0;
    }
    static struct push_key ours;
    static const unsigned char salt[PUSH_SALT_SIZE];
    struct push_phone read = {.role = ROLE_CAREGIVER};
    char origin[PUSH_ORIGIN_SIZE], vapid[PUSH_VAPID_SIZE];
    unsigned char sealed[5 + PUSH_SEAL_SIZE];
    check(ours.public[0] != 0 || push_key_make(&ours) == 0);
    if (push_phone_read(parts[0], parts[1], parts[2], &read) == NULL) {
        check(strcmp(read.endpoint, parts[0]) == 0 && push_origin(read.endpoint, origin));
        check(strpbrk(read.endpoint, "\r\n \"\\") == NULL);
        check(push_seal(&read.peer, &ours, salt, "hello", 5, sealed) == 0);
        check(push_vapid(&ours, read.endpoint, "", (struct wall){0}, vapid) == 0);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size == 0) {
        return 0;
    }
    const char *text = (const char *)data + 1;
    switch (data[0] % 3) {
    case 0:
        answer(text, size - 1);
        break;
    case 1:
        event(text, size - 1);
        break;
    default:
        phone(text, size - 1);
        break;
    }
    return 0;
}
