/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The phones that people are called on
 *
 * A phone belongs to who is signed in on it. A receipt needs nobody to be signed in: its token stands in the
 * message that the phone was sent, and nowhere else.
 */
#include <stdio.h>
#include <string.h>

#include "gateway/audience.h"
#include "gateway/console/answers.h"

static void push_ask(struct call *call, struct wire_push *message) {
    struct console *console = call->console;
    phones_ask(&console->phones, console->engine, message, call->request, call->language,
               call->real_ns);
}

void answer_push_key(struct call *call) {
    push_ask(call, &(struct wire_push){.act = WIRE_PUSH_KEY});
}

void answer_push_list(struct call *call) {
    push_ask(call, &(struct wire_push){.act = WIRE_PUSH_LIST});
}

/* Copy a text that has to fit. */
static bool push_copy(char *to, size_t size, const char *text) {
    size_t len = strlen(text);
    if (len >= size) {
        return false;
    }
    memcpy(to, text, len + 1);
    return true;
}

/* Whose phone is it? Answers itself when nobody is signed in: on this machine people have names, and no ids. */
static bool push_person(struct call *call, struct wire_push *message) {
    if (call->asker.kind != ASKER_PERSON) {
        call_problem(call, PROBLEM_PUSH_PERSON, NULL);
        return false;
    }
    message->role = (uint32_t)call->asker.role;
    message->name = audience_name(call->asker.name);
    (void)snprintf(message->person, sizeof message->person, "%s", call->asker.id);
    return true;
}

/* As a browser's PushSubscription says it in JSON, with more members than are needed here. */
static bool push_read(json_t *body, struct wire_push *message) {
    const char *endpoint = NULL, *p256dh = NULL, *auth = NULL, *lang = "zh";
    if (json_unpack(body, "{s:s, s:{s:s, s:s}, s?s}", "endpoint", &endpoint, "keys", "p256dh",
                    &p256dh, "auth", &auth, "lang", &lang) != 0) {
        return false;
    }
    message->language = strncmp(lang, "zh", 2) == 0 ? LANGUAGE_ZH : LANGUAGE_EN;
    return endpoint[0] != '\0' &&
           push_copy(message->endpoint, sizeof message->endpoint, endpoint) &&
           push_copy(message->p256dh, sizeof message->p256dh, p256dh) &&
           push_copy(message->auth, sizeof message->auth, auth);
}

void answer_push_subscribe(struct call *call) {
    struct wire_push message = {.act = WIRE_PUSH_SUBSCRIBE};
    json_t *body = call_json(call);
    bool read = push_read(body, &message);
    json_decref(body);
    if (!read) {
        call_problem(call, PROBLEM_PUSH_BODY, NULL);
    } else if (push_person(call, &message)) {
        push_ask(call, &message);
    }
}

void answer_push_leave(struct call *call) {
    struct wire_push message = {.act = WIRE_PUSH_LEAVE};
    const char *endpoint = call_parameter(call, "endpoint");
    if (endpoint == NULL || endpoint[0] == '\0' ||
        !push_copy(message.endpoint, sizeof message.endpoint, endpoint)) {
        call_problem(call, PROBLEM_PARAMETER, "endpoint");
    } else if (push_person(call, &message)) {
        push_ask(call, &message);
    }
}

void answer_push_receipt(struct call *call) {
    struct wire_push message = {.act = WIRE_PUSH_RECEIVE};
    const char *token = NULL;
    json_t *body = call_json(call);
    bool read = json_unpack(body, "{s:s!}", "token", &token) == 0 &&
                push_copy(message.token, sizeof message.token, token);
    json_decref(body);
    if (!read) {
        call_problem(call, PROBLEM_PUSH_BODY, NULL);
    } else if (!phones_may_confirm(&call->console->phones, call->real_ns)) {
        call_problem(call, PROBLEM_BUSY, NULL);
    } else {
        push_ask(call, &message);
    }
}
