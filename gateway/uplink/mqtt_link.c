/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/uplink/mqtt_link.h"

#include <assert.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include <event2/event.h>

#include "gateway/clock.h"
#include "gateway/descriptors.h"
#include "gateway/uplink/examination.h"
#include "gateway/uplink/flights.h"
#include "gateway/uplink/mqtt_client.h"
#include "gateway/uplink/names.h"
#include "gateway/uplink/packet_bound.h"
#include "gateway/uplink/reconnect.h"

enum {
    /* Descriptors that are looked through for the library's socket; the process has a few dozen. */
    SOCKETS_MAX = 256,
    STOP_WAIT_MS = 1000,
    TICK_MS_MAX = 1000,
    TICK_MS_MIN = 20,
    /* A broker's name, both waits of the examination and some more. */
    EXAMINING_MS_MAX = 20000,
    /* Reason codes of MQTT 5, 2.4. */
    REASON_TAKEN_OVER = 0x8e,
    REASON_PACKET_TOO_LARGE = 0x95,
    /* Between two looks at whether the first answer about a name has come. */
    NAME_WAIT_MS = 50,
    BROKEN_OFF_MAX = 3,
};

/* A connection that ends this soon after the one before it did is part of a row. */
#define BROKEN_OFF_SOON_NS (60 * NS_PER_S)

/* How often the certificate of a broker that is spoken to is looked at. */
#define EXAMINE_AGAIN_NS (24 * 3600 * NS_PER_S)

/* Ours, beside the tickets of the caller. */
#define TICKET_STATUS UINT64_MAX

enum link_state {
    LINK_IDLE, /* not started, or stopped */
    LINK_WAITING,
    LINK_CONNECTING,
    LINK_EXAMINING, /* the attempt has failed; why is being looked into */
    LINK_UP,
    LINK_CLOSING,
};

struct mqtt_link {
    struct mqtt_link_conf conf;
    struct mqtt_link_callbacks callbacks;
    void *context;
    struct mqtt_notes *notes;
    struct examiner *examiner;
    uint64_t examined_ns; /* when the broker that is spoken to was; 0: never */
    int64_t certificate_until_s;
    struct event *wake, *retry, *tick;
    struct mqtt_client *clients[MQTT_LINK_BROKERS_MAX]; /* made when first needed, kept for life */
    struct reconnect reconnect;
    enum link_state state;
    uint32_t attempt;
    uint32_t window;     /* of this session */
    uint32_t packet_max; /* likewise, as the broker has named it; UINT32_MAX: it has not */
    uint32_t quiet_ms;   /* likewise */
    uint32_t broken_off; /* times in a row that a connection ended soon and without a word */
    bool taken_over;     /* another client has come by our name */
    struct packet_bound bounds[MQTT_LINK_BROKERS_MAX];
    struct flights flights;
    bool stopping;        /* what is sent now is the last */
    uint64_t since_ns;    /* when the state was entered */
    uint64_t held_ms;     /* how long the connection stood that is being closed */
    uint64_t answered_ns; /* the last sign of life */
    char online[MQTT_LINK_STATUS_SIZE], offline[MQTT_LINK_STATUS_SIZE];
    char reason[MQTT_LINK_REASON_SIZE]; /* a hint that came before the failure itself */
    struct mqtt_link_counters counters;
};

static uint64_t link_ns(uint32_t ms) {
    return (uint64_t)ms * NS_PER_MS;
}

static struct timeval link_timeval(uint32_t ms) {
    return (struct timeval){.tv_sec = ms / 1000, .tv_usec = (long)(ms % 1000) * 1000};
}

static struct mqtt_client *link_client(const struct mqtt_link *link) {
    return link->clients[link->reconnect.broker];
}

static const char *link_broker(const struct mqtt_link *link) {
    return link->conf.brokers[link->reconnect.broker];
}

/* How often it is looked whether something is overdue. */
static uint32_t link_tick_ms(const struct mqtt_link_conf *conf) {
    uint32_t tick_ms = conf->answer_ms / 4;
    return tick_ms > TICK_MS_MAX ? TICK_MS_MAX : tick_ms < TICK_MS_MIN ? TICK_MS_MIN : tick_ms;
}

static void link_enter(struct mqtt_link *link, enum link_state state) {
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

static struct packet_bound *link_bound(struct mqtt_link *link) {
    return &link->bounds[link->reconnect.broker];
}

/* What a PUBLISH of ours is at most: a fixed header of 5, two lengths, a packet id, no properties. */
static uint32_t link_packet_size(const char *topic, size_t size) {
    return (uint32_t)(5 + 2 + strlen(topic) + 2 + 1 + size);
}

static bool link_is_too_large(struct mqtt_link *link, uint32_t size) {
    return size > link->packet_max || packet_bound_excludes(link_bound(link), size);
}

static int link_send(struct mqtt_link *link, const char *topic, const void *payload, size_t size,
                     bool retained, uint64_t ticket) {
    uint32_t key = 0;
    if (mqtt_client_publish(link_client(link), topic, payload, size, retained, &key) != 0) {
        return MQTT_LINK_E_DOWN; /* the note LOST is on its way, or the tick finds out */
    }
    flights_add(&link->flights, key, ticket, clock_real_ns() + link_ns(link->conf.answer_ms),
                link_packet_size(topic, size));
    link->counters.published++;
    return 0;
}

static void link_send_status(struct mqtt_link *link, const char *status) {
    if (link->state == LINK_UP && link->flights.count < link->window) {
        /* A line that is just going down needs no status: the last will tells it. */
        (void)!link_send(link, link->conf.status_topic, status, strlen(status), true,
                         TICKET_STATUS);
    }
}

/* ---- from one state to the next ---- */

static void link_wait(struct mqtt_link *link, uint32_t wait_ms) {
    struct timeval wait = link_timeval(wait_ms);
    link_enter(link, LINK_WAITING);
    (void)event_add(link->retry, &wait);
}

/* The connection or the attempt is over. Tells, and waits. */
static void link_over(struct mqtt_link *link, const char *reason, enum link_state next) {
    bool was_up = link->state == LINK_UP;
    link->held_ms = was_up ? (clock_real_ns() - link->since_ns) / NS_PER_MS : 0;
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

/* End a connection that is up, for a reason of ours. */
static void link_close(struct mqtt_link *link, const char *reason) {
    assert(link->state == LINK_UP);
    bool closing = mqtt_client_disconnect(link_client(link));
    link_over(link, reason, closing ? LINK_CLOSING : LINK_WAITING);
}

static int link_make_client(struct mqtt_link *link) {
    uint32_t broker = link->reconnect.broker;
    if (link->clients[broker] != NULL) {
        return 0;
    }
    const struct mqtt_client_conf conf = {
        .address = link->conf.brokers[broker],
        .client_id = link->conf.client_id,
        .version = link->conf.version,
        .keep_alive_s = link->conf.keep_alive_s,
        .connect_limit_s = link->conf.connect_limit_s,
        .window = link->conf.window,
        .ca = link->conf.ca,
        .cert = link->conf.cert,
        .key = link->conf.key,
        .user = link->conf.user,
        .password_file = link->conf.password_file,
    };
    return err_trace(mqtt_client_new(&conf, link->notes, &link->clients[broker]));
}

static void link_connect(struct mqtt_link *link) {
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
    r = mqtt_client_connect(link_client(link), link->attempt, link->conf.status_topic,
                            link->offline, &number);
    if (r == MQTT_CLIENT_E_PASSWORD) {
        link_over(link, "the password file cannot be read", LINK_WAITING);
    } else if (r != 0) {
        link_over(link, mqtt_client_text(link->conf.version, number), LINK_WAITING);
    }
}

static void link_retry(evutil_socket_t fd, short what, void *context) {
    (void)fd;
    (void)what;
    link_connect(context);
}

void mqtt_link_ask(struct mqtt_link *link) {
    for (uint32_t i = 0; link->state == LINK_UP && i < link->conf.retained_filter_count; i++) {
        mqtt_client_subscribe(link_client(link), link->conf.retained_filters[i]);
    }
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
}

static void link_up(struct mqtt_link *link, const struct mqtt_note *note) {
    link_take_limits(link, note);
    link->counters.sessions++;
    names_worked(link_broker(link));
    link_enter(link, LINK_UP);
    link->answered_ns = link->since_ns;
    link_hasten_sockets();
    mqtt_link_ask(link);
    link_send_status(link, link->online);
    link->callbacks.connected(link->context, link_broker(link));
}

/* ---- examinations ---- */

static bool link_examine(struct mqtt_link *link) {
    const struct examination_conf conf = {
        .address = link_broker(link),
        .ca = link->conf.ca,
        .cert = link->conf.cert,
        .key = link->conf.key,
    };
    return strncmp(conf.address, "ssl://", 6) == 0 &&
           examiner_start(link->examiner, &conf, link->attempt);
}

/* The attempt is over; when it was TLS that failed, somebody shall be able to tell why. */
static void link_attempt_failed(struct mqtt_link *link, const char *reason, bool in_mqtt) {
    if (!in_mqtt && link_examine(link)) {
        if (link->reason[0] == '\0') {
            (void)snprintf(link->reason, sizeof link->reason, "%s", reason);
        }
        link_enter(link, LINK_EXAMINING);
    } else {
        link_over(link, reason, LINK_WAITING);
    }
}

static void link_examined(struct mqtt_link *link, const struct mqtt_note *note) {
    if (note->until_s != 0) {
        link->certificate_until_s = note->until_s;
    }
    if (link->state == LINK_EXAMINING) {
        if (note->text != NULL) {
            (void)snprintf(link->reason, sizeof link->reason, "%s", note->text);
        }
        link_over(link, "no TLS with it", LINK_WAITING);
    }
}

/* Has the time come to look at the certificate of the broker that is spoken to? */
static void link_examine_daily(struct mqtt_link *link, uint64_t now_ns) {
    if ((link->examined_ns == 0 || now_ns - link->examined_ns >= EXAMINE_AGAIN_NS) &&
        link_examine(link)) {
        link->examined_ns = now_ns;
    }
}

/* ---- time ---- */

static void link_tick(evutil_socket_t fd, short what, void *context) {
    (void)fd;
    (void)what;
    struct mqtt_link *link = context;
    uint64_t now_ns = clock_real_ns();
    if (link->state == LINK_UP) {
        if (flights_overdue(&link->flights, now_ns)) {
            link->counters.deadlines_missed++;
            link_close(link, "the broker no longer answers");
        } else if (!mqtt_client_is_connected(link_client(link))) {
            link_over(link, "the connection has ended", LINK_WAITING);
        } else {
            link_examine_daily(link, now_ns);
        }
        if (link->state == LINK_UP && link->flights.count == 0 &&
            now_ns - link->answered_ns >= link_ns(link->quiet_ms)) {
            link_send_status(link, link->online);
        }
    } else if (link->state == LINK_EXAMINING) {
        if (now_ns - link->since_ns >= link_ns(EXAMINING_MS_MAX)) {
            link_over(link, "no TLS with it", LINK_WAITING);
        }
    } else if (now_ns - link->since_ns >= link_ns(link->conf.stuck_ms)) {
        link_enter(link, LINK_IDLE); /* told once */
        link->callbacks.failed(link->context, err_origin(-ETIMEDOUT));
    }
}

/* ---- notes ---- */

static void link_flight_over(struct mqtt_link *link, const struct mqtt_note *note) {
    struct flight flight;
    uint32_t largest = flights_largest(&link->flights);
    if (link->state != LINK_UP || !flights_take(&link->flights, note->key, &flight)) {
        link->counters.stale++;
        return;
    }
    if (note->number < 0) {
        packet_bound_suspect(link_bound(link), largest);
        link_close(link, "the connection broke off");
        return;
    }
    link->answered_ns = clock_real_ns();
    if (note->kind == MQTT_NOTE_TAKEN) {
        link->counters.taken++;
        if (flight.ticket != TICKET_STATUS) {
            link->callbacks.taken(link->context, flight.ticket);
        }
        return;
    }
    link->counters.refused++;
    if (note->number == REASON_PACKET_TOO_LARGE) {
        packet_bound_learn(link_bound(link), flight.size);
    }
    if (flight.ticket != TICKET_STATUS) {
        link->callbacks.refused(link->context, flight.ticket,
                                mqtt_client_text(link->conf.version, note->number));
    }
}

/* CLOSING is over: what came of it was told when it began. */
static void link_closed(struct mqtt_link *link) {
    if (link->state == LINK_CLOSING) {
        link_wait(link, reconnect_failed(&link->reconnect, link->held_ms));
    }
}

static void link_hint(struct mqtt_link *link, const char *text) {
    (void)snprintf(link->reason, sizeof link->reason, "%s", text);
}

/* The broker says why it will close (MQTT 5, 3.14.2.1). */
static void link_turned_away(struct mqtt_link *link, int reason) {
    if (reason == REASON_TAKEN_OVER) {
        char text[MQTT_LINK_REASON_SIZE];
        (void)snprintf(
            text, sizeof text,
            "another client has connected as %.60s: is there a second gateway with the "
            "same site and gateway id? This one does not fight; it waits, and tries again",
            link->conf.client_id);
        link_hint(link, text);
        link->taken_over = true;
        link->counters.taken_over++;
        return;
    }
    if (reason == REASON_PACKET_TOO_LARGE) {
        packet_bound_learn(link_bound(link), flights_largest(&link->flights));
    }
    link_hint(link, mqtt_client_text(link->conf.version, reason));
}

/*
 * The connection ended without a word. A broker may tell nobody that another client came by the same
 * name (mosquitto 2.0.11 does not), and then each of the two throws out the other again and again: so
 * it is asked, and such a connection does not count as one that was good.
 */
static void link_broken_off(struct mqtt_link *link) {
    bool soon = clock_real_ns() - link->since_ns < BROKEN_OFF_SOON_NS;
    link->broken_off = soon ? link->broken_off + 1 : 1;
    if (link->broken_off < BROKEN_OFF_MAX) {
        link_over(link, "the broker has closed the connection", LINK_WAITING);
        return;
    }
    link->since_ns = clock_real_ns();
    link_over(
        link,
        "the broker closes the connection again and again: is there a second gateway with the "
        "same site and gateway id, or does something on the way cut it?",
        LINK_WAITING);
}

static void link_read_note(struct mqtt_link *link, const struct mqtt_note *note) {
    if (note->attempt != link->attempt) {
        link->counters.stale++;
        return;
    }
    switch (note->kind) {
    case MQTT_NOTE_CONNECTED:
        if (link->state == LINK_CONNECTING) {
            link_up(link, note);
        }
        return;
    case MQTT_NOTE_FAILED:
        if (link->state == LINK_CONNECTING) {
            bool worded = note->text != NULL && note->number < 0;
            link_attempt_failed(link,
                                worded ? mqtt_client_reason(note->text)
                                       : mqtt_client_text(link->conf.version, note->number),
                                note->number > 0);
        }
        return;
    case MQTT_NOTE_LOST:
        if (link->state == LINK_UP) {
            packet_bound_suspect(link_bound(link), flights_largest(&link->flights));
            link_broken_off(link);
        } else {
            link_closed(link);
        }
        return;
    case MQTT_NOTE_CLOSED:
        link_closed(link);
        return;
    case MQTT_NOTE_TLS:
        link_hint(link, note->text == NULL ? "TLS failure" : note->text);
        return;
    case MQTT_NOTE_TURNED_AWAY:
        link_turned_away(link, note->number);
        return;
    case MQTT_NOTE_TAKEN:
    case MQTT_NOTE_REFUSED:
        link_flight_over(link, note);
        return;
    case MQTT_NOTE_EXAMINED:
        link_examined(link, note);
        return;
    case MQTT_NOTE_RETAINED:
        if (link->state == LINK_UP && note->text != NULL) {
            link->callbacks.retained(link->context, note->text);
        }
        return;
    }
    assert(false && "a note of no kind");
}

/* Read all notes that are there. */
static void link_read_notes(struct mqtt_link *link) {
    mqtt_notes_rest(link->notes);
    struct mqtt_note note;
    bool any = false;
    while (mqtt_notes_pop(link->notes, &note)) {
        any = true;
        link_read_note(link, &note);
        free(note.text);
    }
    uint64_t lost = mqtt_notes_lost(link->notes);
    link->counters.notes_lost += lost;
    if (lost > 0 && link->state == LINK_UP) {
        link_close(link, "more answers than could be read");
    }
    if (any) {
        link->callbacks.settled(link->context);
    }
}

static void link_wake(evutil_socket_t fd, short what, void *context) {
    (void)fd;
    (void)what;
    link_read_notes(context);
}

/* ---- the interface ---- */

struct mqtt_link_conf mqtt_link_defaults(void) {
    return (struct mqtt_link_conf){
        .ca = "",
        .cert = "",
        .key = "",
        .user = "",
        .password_file = "",
        .version = 5,
        .window = MQTT_LINK_WINDOW_MAX,
        .keep_alive_s = 10,
        .connect_limit_s = 5,
        .answer_ms = 15000,
        .quiet_ms = 10000,
        .stuck_ms = 60000,
        .retry_ms_min = 500,
        .retry_ms_max = 30000,
        .steady_ms = 10000,
    };
}

uint32_t mqtt_link_notice_ms(const struct mqtt_link_conf *conf) {
    return conf->quiet_ms + conf->answer_ms + 2 * link_tick_ms(conf);
}

int mqtt_link_new(struct event_base *base, const struct mqtt_link_conf *conf,
                  const struct mqtt_link_callbacks *callbacks, void *context,
                  struct mqtt_link **ret_link) {
    assert(conf->broker_count >= 1 && conf->broker_count <= MQTT_LINK_BROKERS_MAX);
    assert(conf->retained_filter_count <= MQTT_LINK_FILTERS_MAX);
    assert(conf->window >= 1 && conf->window <= MQTT_LINK_WINDOW_MAX);
    struct mqtt_link *link = calloc(1, sizeof *link);
    if (link == NULL) {
        return err_origin(-ENOMEM);
    }
    link->conf = *conf;
    link->callbacks = *callbacks;
    link->context = context;
    reconnect_init(&link->reconnect, conf->broker_count, conf->retry_ms_min, conf->retry_ms_max,
                   conf->steady_ms, conf->seed);
    int r = err_trace(mqtt_notes_new(&link->notes));
    if (r == 0) {
        r = err_trace(examiner_new(link->notes, &link->examiner));
    }
    if (r == 0) {
        mqtt_client_library_init();
        link->wake =
            event_new(base, mqtt_notes_fd(link->notes), EV_READ | EV_PERSIST, link_wake, link);
        link->retry = event_new(base, -1, 0, link_retry, link);
        link->tick = event_new(base, -1, EV_PERSIST, link_tick, link);
        if (link->wake == NULL || link->retry == NULL || link->tick == NULL ||
            event_add(link->wake, NULL) != 0) {
            r = err_origin(-ENOMEM);
        }
    }
    if (r != 0) {
        (void)mqtt_link_free(link);
        return r;
    }
    *ret_link = link;
    return 0;
}

struct mqtt_link *mqtt_link_free(struct mqtt_link *link) {
    if (link == NULL) {
        return NULL;
    }
    struct event *const events[] = {link->wake, link->retry, link->tick};
    for (size_t i = 0; i < sizeof events / sizeof *events; i++) {
        if (events[i] != NULL) {
            event_free(events[i]);
        }
    }
    for (uint32_t i = 0; i < MQTT_LINK_BROKERS_MAX; i++) {
        (void)mqtt_client_free(link->clients[i]);
    }
    (void)examiner_free(link->examiner);
    (void)mqtt_notes_free(link->notes);
    free(link);
    return NULL;
}

void mqtt_link_status(struct mqtt_link *link, const char *online, const char *offline) {
    (void)snprintf(link->online, sizeof link->online, "%s", online);
    (void)snprintf(link->offline, sizeof link->offline, "%s", offline);
    link_send_status(link, link->online);
}

void mqtt_link_start(struct mqtt_link *link) {
    assert(link->state == LINK_IDLE);
    link_connect(link);
}

/* Wait for notes outside the loop, which has ended, until `link` reaches a condition or time is up.
 */
static void link_await(struct mqtt_link *link, bool (*reached)(const struct mqtt_link *link)) {
    uint64_t deadline_ns = clock_real_ns() + link_ns(STOP_WAIT_MS);
    uint64_t now_ns = clock_real_ns();
    while (!reached(link) && now_ns < deadline_ns) {
        struct pollfd wake = {.fd = mqtt_notes_fd(link->notes), .events = POLLIN};
        (void)poll(&wake, 1, (int)((deadline_ns - now_ns) / NS_PER_MS) + 1);
        link_read_notes(link);
        now_ns = clock_real_ns();
    }
}

static bool link_is_answered(const struct mqtt_link *link) {
    return link->state != LINK_UP || link->flights.count == 0;
}

static bool link_is_closed(const struct mqtt_link *link) {
    return link->state != LINK_CLOSING;
}

void mqtt_link_stop(struct mqtt_link *link) {
    if (link->state == LINK_UP) {
        link->stopping = true;
        if (link->flights.count >= link->window) {
            link_await(link, link_is_answered);
        }
        link_send_status(link, link->offline);
        link_await(link, link_is_answered);
    }
    if (link->state == LINK_UP) {
        link_close(link, "the gateway stops");
        link_await(link, link_is_closed);
    }
    (void)event_del(link->retry);
    link_enter(link, LINK_IDLE);
}

uint32_t mqtt_link_room(const struct mqtt_link *link) {
    bool open = link->state == LINK_UP && !link->stopping;
    return open && link->flights.count < link->window ? link->window - link->flights.count : 0;
}

uint32_t mqtt_link_window(const struct mqtt_link *link) {
    return link->window;
}

int mqtt_link_publish(struct mqtt_link *link, const char *topic, const void *payload, size_t size,
                      bool retained, uint64_t ticket) {
    assert(ticket != TICKET_STATUS);
    if (link->state != LINK_UP) {
        return MQTT_LINK_E_DOWN;
    }
    if (mqtt_link_room(link) == 0) {
        return MQTT_LINK_E_FULL;
    }
    if (link_is_too_large(link, link_packet_size(topic, size))) {
        return MQTT_LINK_E_LARGE;
    }
    return link_send(link, topic, payload, size, retained, ticket);
}

int64_t mqtt_link_certificate_until_s(const struct mqtt_link *link) {
    return link->certificate_until_s;
}

const struct mqtt_link_counters *mqtt_link_counters(const struct mqtt_link *link) {
    return &link->counters;
}
