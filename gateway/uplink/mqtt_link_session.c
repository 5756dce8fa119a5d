/* SPDX-License-Identifier: Apache-2.0 */

/*
 * From one state to the next, and what is sent
 */
#include <assert.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "gateway/descriptors.h"
#include "gateway/secret_file.h"
#include "gateway/uplink/mqtt_link_parts.h"
#include "gateway/uplink/names.h"

enum {
    /* Descriptors that are looked through for the library's socket; the process has a few dozen. */
    SOCKETS_MAX = 256,
    TICK_MS_MAX = 1000,
    TICK_MS_MIN = 20,
    /* Between two looks at whether the first answer about a name has come. */
    NAME_WAIT_MS = 50,
};

uint64_t link_ns(uint32_t ms) {
    return (uint64_t)ms * NS_PER_MS;
}

static struct timeval link_timeval(uint32_t ms) {
    return (struct timeval){.tv_sec = ms / 1000, .tv_usec = (long)(ms % 1000) * 1000};
}

struct mqtt_client *link_client(const struct mqtt_link *link) {
    return link->clients[link->reconnect.broker];
}

const char *link_broker(const struct mqtt_link *link) {
    return link->conf.brokers[link->reconnect.broker];
}

uint32_t link_tick_ms(const struct mqtt_link_conf *conf) {
    uint32_t tick_ms = conf->answer_ms / 4;
    return tick_ms > TICK_MS_MAX ? TICK_MS_MAX : tick_ms < TICK_MS_MIN ? TICK_MS_MIN : tick_ms;
}

void link_enter(struct mqtt_link *link, enum link_state state) {
    link->state = state;
    link->since_ns = clock_real_ns();
    if (state == LINK_WAITING || state == LINK_IDLE) {
        (void)event_del(link->tick);
    } else {
        struct timeval period = link_timeval(link_tick_ms(&link->conf));
        (void)event_add(link->tick, &period);
    }
}

/*
 * The library gives no way to its socket, sets no option on it, and a publish that follows another
 * would wait for Nagle's algorithm. The only TCP sockets of this process are for messages that
 * should leave at once, so all of them are set. A descriptor that is something else refuses,
 * harmlessly.
 */
static void link_hasten_sockets(void) {
    const int on = 1;
    for (int fd = 3; fd < SOCKETS_MAX; fd++) {
        int protocol = 0;
        socklen_t len = sizeof protocol;
        if (getsockopt(fd, SOL_SOCKET, SO_PROTOCOL, &protocol, &len) == 0 &&
            protocol == IPPROTO_TCP) {
            (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        }
    }
}

/* ---- how large a packet may be ---- */

struct packet_bound *link_bound(struct mqtt_link *link) {
    return &link->bounds[link->reconnect.broker];
}

uint32_t link_packet_size(const char *topic, size_t size) {
    return (uint32_t)(5 + 2 + strlen(topic) + 2 + 1 + size);
}

bool link_is_too_large(struct mqtt_link *link, uint32_t size) {
    return size > link->packet_max || packet_bound_excludes(link_bound(link), size);
}

static void link_sent(struct mqtt_link *link, const char *topic, uint32_t size, uint64_t ticket,
                      uint32_t key) {
    const struct flight flight = {
        .key = key,
        .ticket = ticket,
        .deadline_ns = clock_real_ns() + link_ns(link->conf.answer_ms),
        .size = size,
        .topic = topic,
    };
    flights_add(&link->flights, &flight);
    link->counters.published++;
}

int link_send(struct mqtt_link *link, const char *topic, const void *payload, size_t size,
              bool retained, uint64_t ticket) {
    uint32_t key = 0;
    bool keeps = !link->keeps_nothing[link->reconnect.broker];
    if (mqtt_client_publish(link_client(link), topic, payload, size, retained && keeps, &key) !=
        0) {
        return MQTT_LINK_E_DOWN; /* the note LOST is on its way, or the tick finds out */
    }
    link_sent(link, topic, link_packet_size(topic, size), ticket, key);
    return 0;
}

int link_send_answer(struct mqtt_link *link, const char *topic, const void *payload, size_t size,
                     const void *correlation, uint32_t correlation_size) {
    uint32_t key = 0;
    if (mqtt_client_answer(link_client(link), topic, payload, size, correlation, correlation_size,
                           &key) != 0) {
        return MQTT_LINK_E_DOWN;
    }
    link_sent(link, topic, link_packet_size(topic, size), TICKET_ANSWER, key);
    return 0;
}

void link_send_status(struct mqtt_link *link, const char *status) {
    if (link->state == LINK_UP && link->flights.count < link->window) {
        /* A line that is just going down needs no status: the last will tells it. */
        (void)!link_send(link, link->conf.status_topic, status, strlen(status), true,
                         TICKET_STATUS);
    }
}

/* ---- from one state to the next ---- */

void link_wait(struct mqtt_link *link, uint32_t wait_ms) {
    struct timeval wait = link_timeval(wait_ms);
    link_enter(link, LINK_WAITING);
    (void)event_add(link->retry, &wait);
}

/* A broker that welcomes and then answers nothing was good for nothing, however long it kept us. */
static uint64_t link_good_ms(const struct mqtt_link *link) {
    return link->answered_ns > link->since_ns ? (link->answered_ns - link->since_ns) / NS_PER_MS
                                              : 0;
}

void link_over(struct mqtt_link *link, const char *reason, enum link_state next) {
    bool was_up = link->state == LINK_UP;
    link->held_ms = was_up ? link_good_ms(link) : 0;
    link->counters.silent_ms = was_up ? (clock_real_ns() - link->answered_ns) / NS_PER_MS : 0;
    const char *broker = link_broker(link);
    char told[MQTT_LINK_REASON_SIZE];
    const char *seen = link->reason[0] != '\0' ? link->reason : reason;
    if (!was_up && !descriptors_are_left()) {
        seen = "this gateway's uplink has no descriptor left: it waits for one";
    }
    names_explain(broker, seen, told, sizeof told);
    link->reason[0] = '\0';
    if (!was_up) {
        names_failed(broker);
    }
    flights_forget(&link->flights);
    link_return_end(link);
    if (link->held_ms >= link->conf.steady_ms) {
        link->keeps_nothing[link->reconnect.broker] = false; /* it may be set up otherwise now */
        packet_bound_forget_guess(link_bound(link));
    }
    if (next == LINK_CLOSING) {
        link_enter(link, LINK_CLOSING);
    } else if (link->taken_over) {
        link->taken_over = false;
        link_wait(link, reconnect_taken_over(&link->reconnect, link->held_ms));
    } else {
        link_wait(link, reconnect_failed(&link->reconnect, link->held_ms));
    }
    if (!link->stopping) {
        link->callbacks.lost(link->context, broker, told, was_up);
    }
}

void link_close(struct mqtt_link *link, const char *reason) {
    assert(link->state == LINK_UP);
    bool closing = mqtt_client_disconnect(link_client(link));
    link_over(link, reason, closing ? LINK_CLOSING : LINK_WAITING);
}

void link_anew(struct mqtt_link *link, const char *reason) {
    if (link->reconnect.broker != 0) {
        link_send_status(link, link->offline);
    }
    link_close(link, reason);
}

bool link_leave(struct mqtt_link *link, const char *reason) {
    link->useless_ns = clock_real_ns();
    if (link->conf.broker_count == 1 || link->left >= link->conf.broker_count) {
        return false;
    }
    link->left++;
    link_send_status(link, link->offline); /* to whomever it passes that on */
    link->since_ns = link->useless_ns;
    link_close(link, reason);
    return true;
}

void link_closed(struct mqtt_link *link) {
    if (link->state == LINK_CLOSING) {
        link_wait(link, reconnect_failed(&link->reconnect, link->held_ms));
    }
}

static int link_new_client(struct mqtt_link *link, struct mqtt_client **ret_client) {
    const struct mqtt_client_conf conf = {
        .address = link_broker(link),
        .client_id = link->conf.client_id,
        .version = link->conf.version,
        .keep_alive_s = link->conf.keep_alive_s,
        .window = link->conf.window,
        .ca = link->conf.ca,
        .cert = link->conf.cert,
        .key = link->conf.key,
        .user = link->conf.user,
        .password_file = link->conf.password_file,
        .guarded_prefix = link->conf.guarded_prefix,
        .own_topic = link->conf.loop_topic,
        .command_topic = link->conf.command_topic,
        .intake = link->conf.intake,
        .knows = link->conf.retained_known,
        .knows_context = link->conf.retained_known_context,
    };
    return err_trace(mqtt_client_new(&conf, link->notes, ret_client));
}

static int link_make_client(struct mqtt_link *link) {
    struct mqtt_client **client = &link->clients[link->reconnect.broker];
    return *client != NULL ? 0 : err_trace(link_new_client(link, client));
}

/* The new one first: the library would end its threads with the last of them. */
bool link_replace_client(struct mqtt_link *link) {
    struct mqtt_client *next = NULL;
    struct mqtt_client **client = &link->clients[link->reconnect.broker];
    if (link_new_client(link, &next) != 0) {
        return false;
    }
    (void)mqtt_client_free(*client); /* closes whatever waits, and says nothing more */
    *client = next;
    link->counters.replaced++;
    return true;
}

void link_connect(struct mqtt_link *link) {
    char unused[NAMES_REASON_SIZE];
    enum names_state name = names_look(link_broker(link), unused);
    if (name == NAMES_ASKING) {
        link_wait(link, NAME_WAIT_MS);
        return;
    } else if (name == NAMES_UNKNOWN) {
        link->counters.attempts++;
        link_over(link, "", LINK_WAITING); /* the name says it all */
        return;
    }
    int r = link_make_client(link);
    if (r != 0) {
        link->callbacks.failed(link->context, r);
        return;
    }
    if (mqtt_client_is_connected(link_client(link)) && mqtt_client_disconnect(link_client(link))) {
        link_enter(link, LINK_CLOSING); /* left over from a connection that we gave up */
        return;
    }
    int number = 0;
    link->attempt++;
    link->counters.attempts++;
    link->reason[0] = '\0';
    link_enter(link, LINK_CONNECTING);
    link_begin_credentials(link);
    uint32_t limit_s = reconnect_limit_s(&link->reconnect, link->conf.connect_limit_s,
                                         link->conf.connect_limit_s_max);
    r = mqtt_client_connect(link_client(link), link->attempt, limit_s, link->conf.status_topic,
                            link->offline, !link->keeps_nothing[link->reconnect.broker], &number);
    if (r == MQTT_CLIENT_E_PASSWORD) {
        const char *fault = secret_file_fault(link->conf.password_file);
        link_over(link, fault != NULL ? fault : "the password file was just changed", LINK_WAITING);
    } else if (r != 0) {
        link_over(link, mqtt_client_text(link->conf.version, number), LINK_WAITING);
    }
}

void link_retry(evutil_socket_t fd, short what, void *context) {
    (void)fd;
    (void)what;
    link_connect(context);
}

/* Take what the broker has named with its CONNACK. */
static void link_take_limits(struct mqtt_link *link, const struct mqtt_note *note) {
    link->window = link->conf.window;
    if (note->number >= 1 && (uint32_t)note->number < link->window) {
        link->window = (uint32_t)note->number;
    }
    link->packet_max = note->packet_max == 0 ? UINT32_MAX : note->packet_max;
    /* It closes after one and a half times its keep alive without a word (3.1.2.10). */
    link->quiet_ms = link->conf.quiet_ms;
    if (note->keep_alive_s != 0 && note->keep_alive_s * 500 < link->quiet_ms) {
        link->quiet_ms = note->keep_alive_s * 500;
    }
    if (note->keeps_nothing) {
        link->keeps_nothing[link->reconnect.broker] = true;
    }
}

/* What QoS 0 carries is never confirmed: nothing of ours is worth sending to such a broker. */
void link_turn_down(struct mqtt_link *link) {
    bool closing = mqtt_client_disconnect(link_client(link));
    link_over(link, mqtt_client_text(link->conf.version, REASON_QOS_NOT_SUPPORTED),
              closing ? LINK_CLOSING : LINK_WAITING);
}

void link_up(struct mqtt_link *link, const struct mqtt_note *note) {
    link_take_limits(link, note);
    packet_bound_session(link_bound(link));
    link->counters.sessions++;
    names_worked(link_broker(link));
    link_enter(link, LINK_UP);
    link->answered_ns = link->since_ns;
    link->answers = false;
    link_hasten_sockets();
    mqtt_link_ask(link);
    link_send_status(link, link->online);
    link_loop_begin(link);
    if (link->conf.command_topic != NULL && link->broken_off < BROKEN_OFF_MAX) {
        mqtt_client_subscribe_commands(link_client(link)); /* else see mqtt_link_ask() */
    }
    if (link->keeps_nothing[link->reconnect.broker]) {
        link->callbacks.unretained(link->context, link_broker(link));
    }
    link->callbacks.connected(link->context, link_broker(link));
}
