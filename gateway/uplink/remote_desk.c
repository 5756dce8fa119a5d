/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/uplink/remote_desk.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/clock.h"

/* What is answered when the console does not: whoever asks must not take silence for a refusal. */
static const char unanswered[] =
    "{\"ok\":false,\"type\":\"tocsin:problem/console_away\",\"title\":\"No answer\",\"status\":503,"
    "\"detail\":\"控制台未应答：此命令可能已执行，也可能未执行；请先查看告警，再以新的 id 重发 / The console "
    "has not answered: the command may have been carried out or not; look at the alarm, then send it again "
    "under a new id\"}";

/* ---- where answers go ---- */

static bool topic_begins(const char *topic, const char *prefix) {
    return strncmp(topic, prefix, strlen(prefix)) == 0;
}

/* One level or more below a prefix that has no slash at its end. */
static bool topic_is_below(const char *topic, const char *prefix) {
    size_t len = strlen(prefix);
    return len > 0 && topic_begins(topic, prefix) && (topic[len] == '/' || topic[len] == '\0');
}

static bool topic_is_reply(const struct topic_root *root, const char *topic) {
    return topic_begins(topic, root->text) && topic_begins(topic + root->len, TOPIC_REPLY_PART) &&
           topic[root->len + strlen(TOPIC_REPLY_PART)] != '\0';
}

bool remote_topic_may(const struct topic_root *root, const char *announced_prefix,
                      const char *topic) {
    for (const char *at = topic; *at != '\0'; at++) {
        if ((unsigned char)*at < ' ' || *at == 0x7f || *at == '+' || *at == '#') {
            return false;
        }
    }
    if (topic[0] == '\0' || topic[0] == '$' || strlen(topic) > REMOTE_TOPIC_MAX ||
        topic_is_below(topic, announced_prefix)) {
        return false;
    }
    return !topic_is_below(topic, "tocsin") || topic_is_reply(root, topic);
}

/* The topic of this answer; `user` is "" when nobody is named. */
static void row_address(const struct remote_desk *desk, struct remote_desk_row *row, bool verified,
                        const char *user) {
    bool given = row->response[0] != '\0' && !row->is_refused;
    if (given && (verified || topic_is_reply(desk->root, row->response))) {
        memcpy(row->topic, row->response, sizeof row->topic);
    } else {
        char reply[TOPIC_SIZE];
        topic_reply(desk->root, user, reply);
        (void)snprintf(row->topic, sizeof row->topic, "%.*s", REMOTE_TOPIC_MAX, reply);
    }
}

/* ---- rows ---- */

void remote_desk_init(struct remote_desk *desk, const struct topic_root *root,
                      const char *announced_prefix, const struct remote_desk_port *port) {
    *desk = (struct remote_desk){
        .root = root, .announced_prefix = announced_prefix, .port = *port, .next_number = 1};
}

static void row_release(struct remote_desk_row *row) {
    free(row->body);
    *row = (struct remote_desk_row){.state = REMOTE_DESK_FREE};
}

void remote_desk_deinit(struct remote_desk *desk) {
    for (uint32_t i = 0; i < REMOTE_DESK_MAX; i++) {
        row_release(&desk->rows[i]);
    }
}

static struct remote_desk_row *desk_free_row(struct remote_desk *desk) {
    for (uint32_t i = 0; i < REMOTE_DESK_MAX; i++) {
        if (desk->rows[i].state == REMOTE_DESK_FREE) {
            return &desk->rows[i];
        }
    }
    return NULL;
}

static void row_due(struct remote_desk *desk, struct remote_desk_row *row, const char *body,
                    uint32_t size, uint64_t real_ns) {
    row->body = malloc(size);
    if (row->body == NULL) {
        desk->dropped++;
        row_release(row);
        return;
    }
    memcpy(row->body, body, size);
    row->body_size = size;
    row->since_ns = real_ns;
    row->state = REMOTE_DESK_DUE;
}

static void row_give_up(struct remote_desk *desk, struct remote_desk_row *row, uint64_t real_ns) {
    row_address(desk, row, false, "");
    row_due(desk, row, unanswered, sizeof unanswered - 1, real_ns);
}

void remote_desk_take(struct remote_desk *desk, const struct remote_message *message,
                      uint64_t real_ns) {
    struct remote_desk_row *row = desk_free_row(desk);
    if (row == NULL) {
        desk->dropped++;
        return;
    }
    *row = (struct remote_desk_row){
        .state = REMOTE_DESK_ASKED,
        .number = desk->next_number++,
        .since_ns = real_ns,
        .correlation_size = message->correlation_size,
    };
    memcpy(row->correlation, message->correlation, message->correlation_size);
    memcpy(row->response, message->response, sizeof row->response);
    row->is_refused = message->is_unsound ||
                      (row->response[0] != '\0' &&
                       !remote_topic_may(desk->root, desk->announced_prefix, row->response));
    struct wire_remote asked = {
        .header = wire_header_of(WIRE_REMOTE, wire_size(WIRE_REMOTE, message->size)),
        .number = row->number,
        .flaw = message->is_long  ? WIRE_REMOTE_LONG
                : row->is_refused ? WIRE_REMOTE_TOPIC
                                  : WIRE_REMOTE_SOUND,
        .size = message->size,
    };
    memcpy(asked.payload, message->payload, message->size);
    if (desk->port.ask(desk->port.context, &asked) != 0) {
        row_give_up(desk, row, real_ns);
    }
}

void remote_desk_answered(struct remote_desk *desk, const struct wire_remote_answer *answer,
                          uint64_t real_ns) {
    char user[WIRE_PERSON_SIZE];
    (void)snprintf(user, sizeof user, "%.*s", (int)sizeof answer->user - 1, answer->user);
    for (uint32_t i = 0; i < REMOTE_DESK_MAX; i++) {
        struct remote_desk_row *row = &desk->rows[i];
        if (row->state != REMOTE_DESK_ASKED || row->number != answer->number) {
            continue;
        }
        if (answer->size == 0) {
            row_give_up(desk, row, real_ns);
        } else {
            row_address(desk, row, answer->verified != 0, user);
            row_due(desk, row, answer->body, answer->size, real_ns);
        }
    }
    remote_desk_tick(desk, real_ns);
}

void remote_desk_tick(struct remote_desk *desk, uint64_t real_ns) {
    for (uint32_t i = 0; i < REMOTE_DESK_MAX; i++) {
        struct remote_desk_row *row = &desk->rows[i];
        uint64_t waited_ms = (real_ns - row->since_ns) / NS_PER_MS;
        if (row->state == REMOTE_DESK_ASKED && waited_ms >= REMOTE_DESK_WAIT_MS) {
            row_give_up(desk, row, real_ns);
            waited_ms = 0;
        }
        if (row->state != REMOTE_DESK_DUE) {
            continue;
        }
        if (desk->port.answer(desk->port.context, row)) {
            desk->answered++;
            row_release(row);
        } else if (waited_ms >= REMOTE_DESK_KEEP_MS) {
            desk->dropped++;
            row_release(row);
        }
    }
}
