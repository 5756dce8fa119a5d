/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/console/phones.h"

#include <stdio.h>
#include <string.h>

#include "gateway/audience.h"
#include "gateway/clock.h"
#include "gateway/console/reply.h"
#include "gateway/log.h"

/* ---- asking ---- */

static void message_address(struct phones *phones, struct wire_push *message) {
    message->header = wire_header_of(WIRE_PUSH, sizeof *message);
    message->request = ++phones->next_number;
}

bool phones_may_confirm(struct phones *phones, uint64_t real_ns) {
    if (real_ns - phones->confirm_real_ns >= NS_PER_S) {
        phones->confirm_real_ns = real_ns;
        phones->confirm_count = 0;
    }
    if (phones->confirm_count == PHONES_CONFIRM_PER_S) {
        phones->refused_full++;
        return false;
    }
    phones->confirm_count++;
    return true;
}

void phones_ask(struct phones *phones, struct wire_client *engine, struct wire_push *message,
                struct evhttp_request *request, enum site_language language, uint64_t real_ns) {
    struct phones_wait *row = NULL;
    for (int i = 0; i < PHONES_WAITS_MAX && row == NULL; i++) {
        row = phones->rows[i].request == NULL ? &phones->rows[i] : NULL;
    }
    message_address(phones, message);
    int r = row == NULL ? WIRE_E_FULL : wire_client_send(engine, message);
    if (r == WIRE_E_FULL) {
        phones->refused_full++;
        reply_problem(request, PROBLEM_BUSY, language, NULL);
    } else if (r != 0) {
        reply_problem(request, PROBLEM_PUSH_AWAY, language, NULL);
    } else {
        *row = (struct phones_wait){
            .request = request,
            .number = message->request,
            .deadline_real_ns = real_ns + PHONES_WAIT_MS * NS_PER_MS,
            .act = (enum wire_push_act)message->act,
            .language = language,
        };
    }
}

/* ---- answering ---- */

static json_t *phones_time(int64_t at_s) {
    char text[CLOCK_TEXT_SIZE];
    if (at_s == 0) {
        return json_null();
    }
    clock_format((struct wall){at_s * (int64_t)NS_PER_S}, text);
    return json_string(text);
}

static json_t *phones_list(const struct wire_push_result *result, const struct people *people) {
    json_t *list = json_array();
    for (uint32_t i = 0; i < result->count; i++) {
        const struct wire_phone *phone = &result->phones[i];
        const struct person *person = people_find(people, phone->person);
        json_t *row =
            json_pack("{s:s, s:s, s:s, s:b, s:o, s:o, s:s}", "person", phone->person, "name",
                      person != NULL ? person->name : phone->person, "role",
                      role_name(phone->role < ROLE_COUNT ? (enum role)phone->role : ROLE_AUDITOR),
                      "reachable", phone->reachable != 0, "since", phones_time(phone->since_s),
                      "received", phones_time(phone->received_s), "service", phone->service);
        (void)json_array_append_new(list, row);
    }
    return json_pack("{s:o}", "phones", list);
}

static void phones_answer(struct evhttp_request *request, enum wire_push_act act,
                          enum site_language language, const struct people *people,
                          const struct wire_push_result *result) {
    static const enum problem problems[WIRE_PUSH_OUTCOME_COUNT] = {
        [WIRE_PUSH_UNKNOWN] = PROBLEM_PUSH_UNKNOWN, [WIRE_PUSH_REFUSED] = PROBLEM_PUSH_BODY,
        [WIRE_PUSH_FULL] = PROBLEM_PUSH_FULL,       [WIRE_PUSH_FAILED] = PROBLEM_PUSH_KEPT,
        [WIRE_PUSH_AWAY] = PROBLEM_PUSH_AWAY,
    };
    if (result->outcome != WIRE_PUSH_DONE) {
        bool known = result->outcome < WIRE_PUSH_OUTCOME_COUNT;
        reply_problem(request, known ? problems[result->outcome] : PROBLEM_PUSH_AWAY, language,
                      NULL);
    } else if (act == WIRE_PUSH_KEY) {
        reply_json(
            request, 200,
            json_pack("{s:s%}", "key", result->key, strnlen(result->key, sizeof result->key)));
    } else if (act == WIRE_PUSH_LIST) {
        reply_json(request, 200, phones_list(result, people));
    } else {
        reply_empty(request);
    }
}

/* ---- holding the lists together ---- */

static void phones_correct(struct phones *phones, struct wire_client *engine,
                           const struct wire_phone *phone, const struct person *person) {
    bool stays = person != NULL && !person->screen;
    struct wire_push message = {.act = stays ? WIRE_PUSH_PROMOTE : WIRE_PUSH_LEAVE,
                                .role = stays ? (uint32_t)person->role : 0,
                                .name = stays ? audience_name(person->name) : 0};
    (void)snprintf(message.person, sizeof message.person, "%.39s", phone->person);
    message_address(phones, &message);
    if (wire_client_send(engine, &message) == 0) {
        log_line(LOG_NOTICE, stays ? "phone_owner_changed" : "phone_removed",
                 "person=%s effect=\"%s\"", message.person,
                 stays ? "their phones are called by the role and the name that they have now"
                       : "nobody of this id may sign in: their phones are called no more");
    }
}

static void phones_compare(struct phones *phones, const struct people *people,
                           struct wire_client *engine, const struct wire_push_result *result) {
    for (uint32_t i = 0; people->count > 0 && i < result->count; i++) {
        const struct wire_phone *phone = &result->phones[i];
        const struct person *person = people_find(people, phone->person);
        if (person == NULL || person->screen || (uint32_t)person->role != phone->role ||
            audience_name(person->name) != phone->name) {
            phones_correct(phones, engine, phone, person);
        }
    }
}

void phones_result(struct phones *phones, const struct people *people, struct wire_client *engine,
                   const struct wire_push_result *result) {
    if (result->request == phones->look_number) {
        phones_compare(phones, people, engine, result);
        return;
    }
    for (int i = 0; i < PHONES_WAITS_MAX; i++) {
        struct phones_wait *row = &phones->rows[i];
        if (row->request != NULL && row->number == result->request) {
            struct evhttp_request *request = row->request;
            row->request = NULL;
            phones_answer(request, row->act, row->language, people, result);
            return;
        }
    }
}

void phones_people_changed(struct phones *phones) {
    phones->look_real_ns = 0;
}

void phones_tick(struct phones *phones, struct wire_client *engine, uint64_t real_ns) {
    for (int i = 0; i < PHONES_WAITS_MAX; i++) {
        struct phones_wait *row = &phones->rows[i];
        if (row->request != NULL && real_ns >= row->deadline_real_ns) {
            struct evhttp_request *request = row->request;
            row->request = NULL;
            reply_problem(request, PROBLEM_PUSH_AWAY, row->language, NULL);
        }
    }
    if (real_ns >= phones->look_real_ns) {
        struct wire_push message = {.act = WIRE_PUSH_LIST};
        message_address(phones, &message);
        phones->look_number = message.request;
        phones->look_real_ns = real_ns + PHONES_LOOK_S * NS_PER_S;
        (void)!wire_client_send(engine, &message); /* or the next time */
    }
}

void phones_fail(struct phones *phones) {
    for (int i = 0; i < PHONES_WAITS_MAX; i++) {
        struct phones_wait *row = &phones->rows[i];
        if (row->request != NULL) {
            struct evhttp_request *request = row->request;
            row->request = NULL;
            reply_problem(request, PROBLEM_PUSH_AWAY, row->language, NULL);
        }
    }
}
