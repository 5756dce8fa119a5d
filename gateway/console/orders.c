/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/console/orders.h"

#include <assert.h>
#include <stdio.h>

#include "gateway/console/body.h"
#include "gateway/console/reply.h"

static struct order *orders_row(struct orders *orders, uint64_t number) {
    for (int i = 0; i < ORDERS_MAX; i++) {
        if (orders->rows[i].number == number) {
            return &orders->rows[i];
        }
    }
    return NULL;
}

/* ---- whoever waits ---- */

/* Takes `body`, an answer below 400 or a problem. */
static void order_tell(const struct orders *orders, const struct order *order, int status,
                       json_t *body) {
    if (order->request == NULL) {
        remote_answer(orders->console, &order->sender, status, body);
    } else if (status < 400) {
        reply_json(order->request, status, body);
    } else {
        reply_problem_json(order->request, status, body);
    }
}

static void order_tell_problem(const struct orders *orders, const struct order *order,
                               enum problem problem) {
    order_tell(orders, order, problem_status(problem),
               problem_object(problem, order->language, NULL));
}

/* That somebody takes over is recorded as `seq`, or is not (0). */
static void order_tell_takeover(const struct orders *orders, const struct order *order,
                                uint64_t seq) {
    order_tell(orders, order, 200,
               json_pack("{s:o, s:b}", "seq",
                         seq != 0 ? json_integer((json_int_t)seq) : json_null(), "recorded",
                         seq != 0));
}

/* Take it out of its row, so that it is answered once. */
static struct order orders_take(struct orders *orders, struct order *row) {
    struct order order = *row;
    assert(order.number != 0 && orders->waiting > 0);
    row->number = 0;
    orders->waiting--;
    return order;
}

/* ---- sending ---- */

/*
 * `message` has the number of `order`, which says who waits, in which language and for what; NULL: it was sent for
 * another, whose answer is this one's too. False: it does not wait, and is answered.
 */
static bool orders_put(struct orders *orders, struct wire_client *engine, const void *message,
                       struct order order, uint64_t real_ns) {
    struct order *row = orders_row(orders, 0);
    int r = row == NULL ? WIRE_E_FULL : 0;
    if (r == 0 && message != NULL) {
        r = wire_client_send(engine, message);
    }
    if (r == WIRE_E_FULL) {
        orders->refused_full++;
        order_tell_problem(orders, &order, PROBLEM_BUSY);
    } else if (r != 0) {
        order_tell_problem(orders, &order, PROBLEM_ENGINE_AWAY);
    } else {
        order.deadline_real_ns = real_ns + ORDERS_WAIT_MS * NS_PER_MS;
        *row = order;
        orders->waiting++;
    }
    return r == 0;
}

static void orders_put_command(struct orders *orders, struct wire_client *engine,
                               const struct command *command, struct order order,
                               uint64_t real_ns) {
    const struct wire_command message = {
        .header = wire_header_of(WIRE_COMMAND, sizeof message),
        .request = ++orders->next_number,
        .command = *command,
    };
    order.number = message.request;
    order.alarm = command->alarm;
    order.place = command->place;
    (void)orders_put(orders, engine, &message, order, real_ns);
}

void orders_send_takeover(struct orders *orders, struct wire_client *engine,
                          const struct takeover *takeover, struct evhttp_request *request,
                          enum site_language language, uint64_t real_ns) {
    const struct repeat *first = repeats_find(&orders->repeats, takeover, real_ns);
    const struct wire_takeover message = {
        .header = wire_header_of(WIRE_TAKEOVER, sizeof message),
        .request = first != NULL ? first->number : ++orders->next_number,
        .takeover = *takeover,
    };
    const struct order order = {.number = message.request,
                                .request = request,
                                .language = language,
                                .alarm = RULESET_NONE,
                                .place = RULESET_NONE};
    if (first == NULL) {
        if (orders_put(orders, engine, &message, order, real_ns)) {
            repeats_add(&orders->repeats, takeover, message.request, real_ns);
        }
    } else if (first->seq != 0) {
        order_tell_takeover(orders, &order, first->seq);
    } else {
        (void)orders_put(orders, engine, NULL, order, real_ns);
    }
}

void orders_send(struct orders *orders, struct wire_client *engine, const struct command *command,
                 struct evhttp_request *request, enum site_language language, uint64_t real_ns) {
    orders_put_command(orders, engine, command,
                       (struct order){.request = request, .language = language}, real_ns);
}

void orders_send_remote(struct orders *orders, struct wire_client *engine,
                        const struct command *command, const struct remote_sender *sender,
                        uint64_t real_ns) {
    orders_put_command(orders, engine, command,
                       (struct order){.sender = *sender, .language = sender->language}, real_ns);
}

/* ---- what has become of it ---- */

/* Of its event, where that is recorded; events count from 1. */
static uint64_t order_seq(const struct wire_command_result *result) {
    return result->recorded != 0 ? result->seq : 0;
}

static void orders_answer(const struct orders *orders, const struct order *order,
                          const struct site *site, const struct wire_command_result *result) {
    if (order->alarm == RULESET_NONE && order->place == RULESET_NONE) {
        order_tell_takeover(orders, order, order_seq(result));
        return;
    }
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
        order_tell(orders, order, refusal_status(refusal),
                   refusal_object(refusal, site->ruleset.times, order->language, about, name));
        return;
    }
    bool recorded = result->recorded != 0;
    order_tell(orders, order, 200,
               json_pack("{s:s, s:o, s:b, s:o}", about, name, "seq",
                         recorded ? json_integer((json_int_t)result->seq) : json_null(), "recorded",
                         recorded, "calling", body_roles(result->calling)));
}

void orders_result(struct orders *orders, const struct site *site,
                   const struct wire_command_result *result) {
    struct order *row;
    if (result->request == 0) {
        return;
    }
    repeats_settle(&orders->repeats, result->request, order_seq(result));
    while ((row = orders_row(orders, result->request)) != NULL) {
        const struct order order = orders_take(orders, row);
        orders_answer(orders, &order, site, result);
    }
}

/* Answer all that wait, or those whose time is over at `real_ns`. */
static void orders_end(struct orders *orders, enum problem problem, uint64_t real_ns) {
    for (int i = 0; i < ORDERS_MAX; i++) {
        if (orders->rows[i].number != 0 && real_ns >= orders->rows[i].deadline_real_ns) {
            const struct order order = orders_take(orders, &orders->rows[i]);
            order_tell_problem(orders, &order, problem);
        }
    }
}

void orders_expire(struct orders *orders, uint64_t real_ns) {
    orders_end(orders, PROBLEM_ENGINE_LATE, real_ns);
}

void orders_fail(struct orders *orders) {
    repeats_fail(&orders->repeats);
    orders_end(orders, PROBLEM_ENGINE_LOST, UINT64_MAX);
}
