/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/uplink/push/push_desk.h"

#include <stdio.h>
#include <string.h>

#include "gateway/clock.h"
#include "gateway/log.h"

_Static_assert((int)WIRE_PHONES_MAX >= (int)PUSH_PHONES_MAX, "all phones fit one list");
_Static_assert(sizeof((struct wire_push_result *)0)->key >= BASE64URL_SIZE(PUSH_PUBLIC_SIZE),
               "a key fits its answer");

static bool text_ends(const char *text, size_t size) {
    return memchr(text, '\0', size) != NULL;
}

static bool message_is_good(const struct wire_push *message) {
    return message->act < WIRE_PUSH_ACT_COUNT && message->role < ROLE_COUNT &&
           message->language <= LANGUAGE_EN && text_ends(message->person, sizeof message->person) &&
           text_ends(message->endpoint, sizeof message->endpoint) &&
           text_ends(message->p256dh, sizeof message->p256dh) &&
           text_ends(message->auth, sizeof message->auth) &&
           text_ends(message->token, sizeof message->token);
}

static enum wire_push_outcome desk_subscribe(struct push *push, const struct wire_push *message) {
    struct push_phone phone = {
        .role = (enum role)message->role,
        .language = (enum site_language)message->language,
        .name = message->name,
        .since_s = clock_wall().ns / (int64_t)NS_PER_S,
    };
    const char *fault = push_phone_read(message->endpoint, message->p256dh, message->auth, &phone);
    if (fault != NULL || !push_person_is_good(message->person)) {
        return WIRE_PUSH_REFUSED;
    }
    (void)snprintf(phone.person, sizeof phone.person, "%.32s", message->person);
    int r = push_subscribe(push, &phone);
    if (r == PUSH_E_FULL) {
        return WIRE_PUSH_FULL;
    } else if (r != 0) {
        log_failure("phone_not_kept", r, "this phone is not known after the next start");
        return WIRE_PUSH_FAILED;
    }
    return WIRE_PUSH_DONE;
}

static void desk_list(const struct push *push, struct wire_push_result *ret) {
    const struct push_phones *phones = push_phones(push);
    struct wall now = clock_wall();
    for (uint32_t i = 0; i < phones->count; i++) {
        const struct push_phone *phone = &phones->list[i];
        struct wire_phone *row = &ret->phones[i];
        char origin[PUSH_ORIGIN_SIZE] = "https://";
        (void)push_origin(phone->endpoint, origin);
        *row = (struct wire_phone){
            .role = (uint32_t)phone->role,
            .reachable = push_phone_is_reachable(phone, now),
            .name = phone->name,
            .since_s = phone->since_s,
            .received_s = phone->received_s,
        };
        (void)snprintf(row->person, sizeof row->person, "%s", phone->person);
        (void)snprintf(row->service, sizeof row->service, "%.39s", origin + strlen("https://"));
    }
    ret->count = phones->count;
}

static enum wire_push_outcome desk_do(struct push *push, const struct wire_push *message,
                                      struct wire_push_result *ret) {
    const char *endpoint = message->endpoint[0] != '\0' ? message->endpoint : NULL;
    switch ((enum wire_push_act)message->act) {
    case WIRE_PUSH_KEY: {
        char key[BASE64URL_SIZE(PUSH_PUBLIC_SIZE)];
        push_public_key(push, key);
        memcpy(ret->key, key, sizeof key);
        return WIRE_PUSH_DONE;
    }
    case WIRE_PUSH_SUBSCRIBE:
        return desk_subscribe(push, message);
    case WIRE_PUSH_LEAVE:
        return push_leave(push, message->person, endpoint) > 0 ? WIRE_PUSH_DONE : WIRE_PUSH_UNKNOWN;
    case WIRE_PUSH_PROMOTE:
        (void)push_promote(push, message->person, (enum role)message->role, message->name);
        return WIRE_PUSH_DONE;
    case WIRE_PUSH_RECEIVE:
        return push_receive(push, message->token) ? WIRE_PUSH_DONE : WIRE_PUSH_UNKNOWN;
    case WIRE_PUSH_LIST:
        desk_list(push, ret);
        return WIRE_PUSH_DONE;
    case WIRE_PUSH_ACT_COUNT:
        break;
    }
    return WIRE_PUSH_REFUSED;
}

void push_answer(struct push *push, const struct wire_push *message, struct wire_push_result *ret) {
    memset(ret, 0, sizeof *ret);
    ret->request = message->request;
    ret->outcome = WIRE_PUSH_REFUSED;
    if (message_is_good(message)) {
        ret->outcome = desk_do(push, message, ret);
    }
    ret->header = wire_header_of(WIRE_PUSH_RESULT, wire_size(WIRE_PUSH_RESULT, ret->count));
}
