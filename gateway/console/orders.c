/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/console/orders.h"

#include <assert.h>
#include <stdio.h>

#include "gateway/console/reply.h"

static struct order *orders_free_row(struct orders *orders) {
    for (int i = 0; i < ORDERS_MAX; i++) {
        if (orders->rows[i].request == NULL) {
            return &orders->rows[i];
        }
    }
    return NULL;
}

/* Take the request out of its row, so that it is answered once. */
static struct evhttp_request *orders_take(struct orders *orders, struct order *order) {
    struct evhttp_request *request = order->request;
    assert(request != NULL && orders->waiting > 0);
    order->request = NULL;
    orders->waiting--;
    return request;
}

void orders_send(struct orders *orders, struct wire_client *engine, const struct command *command,
                 struct evhttp_request *request, enum site_language language, uint64_t real_ns) {
    struct order *row = orders_free_row(orders);
    if (row == NULL) {
        orders->refused_full++;
        reply_problem(request, PROBLEM_BUSY, language, NULL);
        return;
    }
    struct wire_command message = {
        .header = wire_header_of(WIRE_COMMAND, sizeof message),
        .request = ++orders->next_number,
        .command = *command,
    };
    int r = wire_client_send(engine, &message);
    if (r == WIRE_E_FULL) {
        orders->refused_full++;
        reply_problem(request, PROBLEM_BUSY, language, NULL);
    } else if (r != 0) {
        reply_problem(request, PROBLEM_ENGINE_AWAY, language, NULL);
    } else {
        *row = (struct order){
            .request = request,
            .number = message.request,
            .deadline_real_ns = real_ns + ORDERS_WAIT_MS * NS_PER_MS,
            .alarm = command->alarm,
            .place = command->place,
            .language = language,
        };
        orders->waiting++;
    }
}

/* The words of a set of roles. */
static json_t *orders_calling(uint32_t roles) {
    json_t *words = json_array();
    for (enum role role = 0; role < ROLE_COUNT; role++) {
        if ((roles >> role & 1) != 0) {
            (void)json_array_append_new(words, json_string(role_name(role)));
        }
    }
    return words;
}

static void orders_answer(struct evhttp_request *request, const struct order *order,
                          const struct site *site, const struct wire_command_result *result) {
    char name[SITE_ALARM_NAME_SIZE];
    bool about_alarm = order->alarm != RULESET_NONE;
    const char *about = about_alarm ? "alarm" : "place";
    if (about_alarm) {
        site_alarm_format(site, order->alarm, name);
    } else {
        (void)snprintf(name, sizeof name, "%s", site_text(site, site->places[order->place].id));
    }
    if (result->refusal != COMMAND_ACCEPTED) {
        enum command_refusal refusal = result->refusal < COMMAND_REFUSAL_COUNT
                                           ? (enum command_refusal)result->refusal
                                           : COMMAND_REFUSED_UNKNOWN;
        reply_refusal(request, refusal, site->ruleset.times, order->language, about, name);
        return;
    }
    bool recorded = result->recorded != 0;
    reply_json(request, 200,
               json_pack("{s:s, s:o, s:b, s:o}", about, name, "seq",
                         recorded ? json_integer((json_int_t)result->seq) : json_null(), "recorded",
                         recorded, "calling", orders_calling(result->calling)));
}

void orders_result(struct orders *orders, const struct site *site,
                   const struct wire_command_result *result) {
    for (int i = 0; i < ORDERS_MAX; i++) {
        struct order *order = &orders->rows[i];
        if (order->request != NULL && order->number == result->request) {
            struct evhttp_request *request = orders_take(orders, order);
            orders_answer(request, order, site, result);
            return;
        }
    }
}

void orders_expire(struct orders *orders, uint64_t real_ns) {
    for (int i = 0; i < ORDERS_MAX; i++) {
        struct order *order = &orders->rows[i];
        if (order->request != NULL && real_ns >= order->deadline_real_ns) {
            reply_problem(orders_take(orders, order), PROBLEM_ENGINE_LATE, order->language, NULL);
        }
    }
}

void orders_fail(struct orders *orders) {
    for (int i = 0; i < ORDERS_MAX; i++) {
        struct order *order = &orders->rows[i];
        if (order->request != NULL) {
            reply_problem(orders_take(orders, order), PROBLEM_ENGINE_LOST, order->language, NULL);
        }
    }
}
