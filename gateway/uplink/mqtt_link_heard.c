/* SPDX-License-Identifier: Apache-2.0 */

/*
 * What the library has noted: answers, failures, ends
 */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/uplink/mqtt_link_parts.h"

/* Before a broker is met again that refused nothing but the wish to retain. */
enum { UNRETAINED_WAIT_MS = 50 };

/* A connection that ends this soon after the one before it did is part of a row. */
#define BROKEN_OFF_SOON_NS (60 * NS_PER_S)

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
    if (!link->answers) {
        link->answers = true;
        link->callbacks.answered(link->context, link_broker(link));
    }
    if (note->kind == MQTT_NOTE_TAKEN) {
        link->counters.taken++;
        packet_bound_taken(link_bound(link), flight.size);
        if (flight.ticket < TICKET_OWN) {
            link->callbacks.taken(link->context, flight.ticket);
        }
        return;
    }
    link->counters.refused++;
    if (note->number == REASON_PACKET_TOO_LARGE) {
        packet_bound_refused(link_bound(link), flight.size);
    }
    if (flight.ticket == TICKET_LOOP) {
        link_loop_forbidden(link, mqtt_client_text(link->conf.version, note->number));
    } else if (flight.ticket == TICKET_ANSWER) {
        link->counters.answers_refused++;
    } else if (flight.ticket != TICKET_STATUS) {
        const struct mqtt_link_refusal refusal = {
            .ticket = flight.ticket,
            .topic = flight.topic,
            .number = note->number,
            .reason = mqtt_client_text(link->conf.version, note->number),
            .too_large = link_is_too_large(link, flight.size),
        };
        link->callbacks.refused(link->context, &refusal);
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
    if (reason == REASON_RETAIN_NOT_SUPPORTED) {
        link->keeps_nothing[link->reconnect.broker] = true;
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
    link->counters.broken_off++;
    link_over(
        link,
        "the broker closes the connection again and again: is there a second gateway with the "
        "same site and gateway id, or does something on the way cut it?",
        LINK_WAITING);
}

/* The broker has refused a last will that is to be retained (MQTT 5, 3.2.2.3.5): it gets a plain one. */
static bool link_is_too_demanding(struct mqtt_link *link, const struct mqtt_note *note) {
    bool *keeps_nothing = &link->keeps_nothing[link->reconnect.broker];
    if (link->conf.version != 5 || note->number != REASON_RETAIN_NOT_SUPPORTED || *keeps_nothing) {
        return false;
    }
    *keeps_nothing = true;
    return true;
}

static void link_attempt_over(struct mqtt_link *link, const struct mqtt_note *note) {
    if (link_is_too_demanding(link, note)) {
        link_wait(link, UNRETAINED_WAIT_MS);
        return;
    }
    bool worded = note->text != NULL && note->number < 0;
    link_attempt_failed(link,
                        worded ? mqtt_client_reason(link->conf.version, note->text)
                               : mqtt_client_text(link->conf.version, note->number),
                        note->number > 0);
}

/* The broker holds something: `text` is a topic, and on the next line what the message begins with. */
static void link_held(struct mqtt_link *link, char *text) {
    char *start = text == NULL ? NULL : strchr(text, '\n');
    if (link->state == LINK_UP && start != NULL) {
        *start = '\0';
        link->callbacks.retained(link->context, text, start + 1);
    }
}

static void link_read_note(struct mqtt_link *link, const struct mqtt_note *note) {
    if (note->attempt != link->attempt) {
        link->counters.stale++;
        return;
    }
    switch (note->kind) {
    case MQTT_NOTE_CONNECTED:
        if (link->state == LINK_CONNECTING && note->confirms_nothing) {
            link_turn_down(link);
        } else if (link->state == LINK_CONNECTING) {
            link_up(link, note);
        }
        return;
    case MQTT_NOTE_FAILED:
        if (link->state == LINK_CONNECTING) {
            link_attempt_over(link, note);
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
    case MQTT_NOTE_OWN:
        link_loop_heard(link, note->text == NULL ? "" : note->text);
        return;
    case MQTT_NOTE_OWN_REFUSED:
        if (link->state == LINK_UP && link->loop.open) {
            link_loop_forbidden(link, "it refuses our question to hear our own topic");
        }
        return;
    case MQTT_NOTE_COMMANDS:
        link->callbacks.commanded(link->context);
        return;
    case MQTT_NOTE_COMMANDS_REFUSED:
        link->callbacks.commands_refused(link->context);
        return;
    case MQTT_NOTE_RETAINED:
        link_held(link, note->text);
        return;
    case MQTT_NOTE_OVERWRITTEN:
        if (link->state == LINK_UP && note->text != NULL) {
            link->callbacks.overwritten(link->context, note->text);
        }
        return;
    }
    assert(false && "a note of no kind");
}

void link_read_notes(struct mqtt_link *link) {
    mqtt_notes_rest(link->notes);
    struct mqtt_note note;
    bool any = false;
    while (mqtt_notes_pop(link->notes, &note)) {
        any = true;
        link_read_note(link, &note);
        free(note.text);
    }
    if (mqtt_notes_left_out(link->notes) && link->state == LINK_UP) {
        link->callbacks.retained(link->context, NULL, NULL);
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

void link_wake(evutil_socket_t fd, short what, void *context) {
    (void)fd;
    (void)what;
    link_read_notes(context);
}
