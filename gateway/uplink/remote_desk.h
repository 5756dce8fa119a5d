/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_UPLINK_REMOTE_DESK_H
#define GATEWAY_UPLINK_REMOTE_DESK_H

/*
 * Commands by the broker on their way to the console, and their answers back
 *
 *     asked ──answer──▶ due ──room on the line──▶ sent
 *       └──REMOTE_DESK_WAIT_MS──▶ due: nobody has answered
 *
 * Here stands where each answer goes; the console knows who sent it and never sees a topic. An answer
 * goes to the response topic of MQTT 5, else to `…/reply/<user>`. Whoever has not proven who they are does not make this
 * gateway write wherever they like: what could not be verified is answered below `…/reply/` alone, and nothing goes to
 * a filter, to the broker's own topics, to Home Assistant's announcements, or below `tocsin/` elsewhere than there.
 *
 * A table that is full, like a line that stays down, costs answers: they are counted.
 */

#include "gateway/uplink/remote_intake.h"
#include "gateway/uplink/topic.h"

enum {
    REMOTE_DESK_MAX = 32,
    /* Real time. The console answers after ORDERS_WAIT_MS at the latest. */
    REMOTE_DESK_WAIT_MS = 10000,
    /* An answer that the line does not take for so long is of no use any more. */
    REMOTE_DESK_KEEP_MS = 60000,
};

enum remote_desk_state { REMOTE_DESK_FREE, REMOTE_DESK_ASKED, REMOTE_DESK_DUE };

struct remote_desk_row {
    enum remote_desk_state state;
    uint64_t number;
    uint64_t since_ns;
    bool is_refused; /* the response topic will not do */
    uint32_t correlation_size;
    unsigned char correlation[REMOTE_CORRELATION_MAX];
    char response[REMOTE_TOPIC_MAX + 1];
    /* Once it is due. */
    char topic[REMOTE_TOPIC_MAX + 1];
    uint32_t body_size;
    char *body;
};

struct remote_desk_port {
    void *context;
    /* To the engine, as wire_client_send(). */
    int (*ask)(void *context, const struct wire_remote *message);
    /* To the broker: false, and it is tried again. */
    bool (*answer)(void *context, const struct remote_desk_row *row);
};

struct remote_desk {
    const struct topic_root *root;
    const char *announced_prefix; /* of Home Assistant; "": nothing is announced */
    struct remote_desk_port port;
    uint64_t next_number;
    /* Commands for which no row was free, or that could not be asked; answers that did not go out. */
    uint64_t dropped;
    uint64_t answered;
    struct remote_desk_row rows[REMOTE_DESK_MAX];
};

/* Keeps all of it. */
void remote_desk_init(struct remote_desk *desk, const struct topic_root *root,
                      const char *announced_prefix, const struct remote_desk_port *port);
void remote_desk_deinit(struct remote_desk *desk);

/* One has come. */
void remote_desk_take(struct remote_desk *desk, const struct remote_message *message,
                      uint64_t real_ns);

/* The console has answered, or the engine that nobody is there. */
void remote_desk_answered(struct remote_desk *desk, const struct wire_remote_answer *answer,
                          uint64_t real_ns);

/* Once a second, and when the line has room. */
void remote_desk_tick(struct remote_desk *desk, uint64_t real_ns);

/* May an answer go to this topic at all? */
bool remote_topic_may(const struct topic_root *root, const char *announced_prefix,
                      const char *topic);

#endif
