/* SPDX-License-Identifier: Apache-2.0 */

/*
 * What is overdue, and what an examination has found
 */
#include <stdio.h>
#include <string.h>

#include "gateway/certificate.h"
#include "gateway/uplink/mqtt_link_parts.h"

/* A broker's name, both waits of the examination and some more. */
enum { EXAMINING_MS_MAX = 20000 };

/* Where all brokers are of no use, the others are tried again after so many `return_ms`. */
enum { FORGIVE_ALL = 10 };

/* How often the certificate of a broker that is spoken to is looked at; that of a session which is new, for
   the broker may have another since; and one that ends soon, for an alarm stands until it is renewed. */
#define EXAMINE_AGAIN_NS  (24 * 3600 * NS_PER_S)
#define EXAMINE_NEW_NS    (60 * NS_PER_S)
#define EXAMINE_ENDING_NS (60 * NS_PER_S)

static bool link_is_tls(const struct mqtt_link *link) {
    return strncmp(link_broker(link), "ssl://", 6) == 0;
}

static struct credentials_files link_files(const struct mqtt_link *link) {
    return (struct credentials_files){
        .ca = link->conf.ca, .cert = link->conf.cert, .key = link->conf.key};
}

void link_begin_credentials(struct mqtt_link *link) {
    if (link_is_tls(link)) {
        const struct credentials_files files = link_files(link);
        credentials_begin(&link->credentials, &files);
    }
}

/* Renewed files are used at once, and not only when the old ones have ended. */
static void link_look_at_credentials(struct mqtt_link *link, uint64_t now_ns) {
    char fault[CREDENTIALS_FAULT_SIZE];
    if (!link_is_tls(link) || now_ns - link->looked_ns < link_ns(link->conf.look_ms)) {
        return;
    }
    const struct credentials_files files = link_files(link);
    link->looked_ns = now_ns;
    switch (credentials_look(&link->credentials, &files, fault)) {
    case CREDENTIALS_SAME:
        return;
    case CREDENTIALS_RENEWED:
        link_anew(link, "its certificates were renewed: a new connection uses them");
        return;
    case CREDENTIALS_FAULTY:
        link->callbacks.unsound(link->context, fault);
        return;
    }
}

bool mqtt_link_uses_files(const struct mqtt_link *link) {
    const struct credentials_files files = link_files(link);
    return !link_is_tls(link) || credentials_are_used(&link->credentials, &files);
}

static bool link_examine(struct mqtt_link *link) {
    const struct examination_conf conf = {
        .address = link_broker(link),
        .ca = link->conf.ca,
        .cert = link->conf.cert,
        .key = link->conf.key,
    };
    return link_is_tls(link) && examiner_start(link->examiner, &conf, link->attempt);
}

void link_attempt_failed(struct mqtt_link *link, const char *reason, bool in_mqtt) {
    if (!in_mqtt && link_examine(link)) {
        if (link->reason[0] == '\0') {
            (void)snprintf(link->reason, sizeof link->reason, "%s", reason);
        }
        link_enter(link, LINK_EXAMINING);
    } else {
        link_over(link, reason, LINK_WAITING);
    }
}

void link_examined(struct mqtt_link *link, const struct mqtt_note *note) {
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

/* How long after the last look the next one is due at the certificate of the broker that is spoken to. */
static uint64_t link_examine_wait_ns(const struct mqtt_link *link) {
    int64_t until_s = link->certificate_until_s;
    if (link->examined_ns < link->since_ns) {
        return EXAMINE_NEW_NS;
    }
    return until_s != 0 && certificate_ends_soon(until_s, clock_wall()) ? EXAMINE_ENDING_NS
                                                                        : EXAMINE_AGAIN_NS;
}

static void link_examine_again(struct mqtt_link *link, uint64_t now_ns) {
    uint64_t wait_ns = link_examine_wait_ns(link);
    if ((link->examined_ns == 0 || now_ns - link->examined_ns >= wait_ns) && link_examine(link)) {
        link->examined_ns = now_ns;
    }
}

/* A broker that has been of use for so long is a good one; and where none is, each may have changed. */
static void link_forgive(struct mqtt_link *link, uint64_t now_ns) {
    uint64_t since_ns = link->since_ns > link->useless_ns ? link->since_ns : link->useless_ns;
    if (now_ns - since_ns >= link_ns(link->conf.return_ms) ||
        now_ns - link->since_ns >= FORGIVE_ALL * link_ns(link->conf.return_ms)) {
        link->left = 0;
    }
}

void link_tick(evutil_socket_t fd, short what, void *context) {
    (void)fd;
    (void)what;
    struct mqtt_link *link = context;
    uint64_t now_ns = clock_real_ns();
    if (link->state == LINK_UP) {
        if (flights_overdue(&link->flights, now_ns)) {
            link->counters.deadlines_missed++;
            link_close(link, link->answers
                                 ? "the broker no longer answers"
                                 : "the broker welcomes this gateway and then answers nothing");
        } else if (!mqtt_client_is_connected(link_client(link))) {
            link_over(link, "the connection has ended", LINK_WAITING);
        } else {
            link_examine_again(link, now_ns);
        }
        if (link->state == LINK_UP) {
            link_look_at_credentials(link, now_ns);
        }
        if (link->state == LINK_UP) {
            link_forgive(link, now_ns);
            link_loop_tick(link, now_ns);
        }
        if (link->state == LINK_UP) {
            link_return_tick(link, now_ns);
        }
        if (link->state == LINK_UP && link->flights.count == 0 &&
            now_ns - link->answered_ns >= link_ns(link->quiet_ms)) {
            link_send_status(link, link->online);
        }
    } else if (link->state == LINK_EXAMINING) {
        if (now_ns - link->since_ns >= link_ns(EXAMINING_MS_MAX)) {
            link_over(link, "no TLS with it", LINK_WAITING);
        }
    } else if (link->state == LINK_CLOSING &&
               now_ns - link->since_ns >= link_ns(link->conf.closing_ms) &&
               link_replace_client(link)) {
        link_closed(link);
    } else if (now_ns - link->since_ns >= link_ns(link->conf.stuck_ms)) {
        link_enter(link, LINK_IDLE); /* told once */
        link->callbacks.failed(link->context, err_origin(-ETIMEDOUT));
    }
}
