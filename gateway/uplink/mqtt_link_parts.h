/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_UPLINK_MQTT_LINK_PARTS_H
#define GATEWAY_UPLINK_MQTT_LINK_PARTS_H

/*
 * The parts of the line to the broker, for its own files only
 *
 *     mqtt_link.c          what others ask of it
 *     mqtt_link_session.c  from one state to the next, and what is sent
 *     mqtt_link_watch.c    what is overdue, and what an examination has found
 *     mqtt_link_heard.c    what the library has noted: answers, failures, ends
 *     mqtt_link_return.c   back to the first broker
 *     mqtt_link_loop.c     whether what the broker takes arrives anywhere
 */

#include <event2/event.h>

#include "gateway/clock.h"
#include "gateway/uplink/credentials.h"
#include "gateway/uplink/examination.h"
#include "gateway/uplink/flights.h"
#include "gateway/uplink/mqtt_client.h"
#include "gateway/uplink/mqtt_link.h"
#include "gateway/uplink/packet_bound.h"
#include "gateway/uplink/reconnect.h"

enum {
    /* Reason codes of MQTT 5, 2.4. */
    REASON_TAKEN_OVER = 0x8e,
    REASON_PACKET_TOO_LARGE = 0x95,
    REASON_RETAIN_NOT_SUPPORTED = 0x9a,
    REASON_QOS_NOT_SUPPORTED = 0x9b,
    /* Connections in a row that ended soon and without a word: from here on that is no accident. */
    BROKEN_OFF_MAX = 3,
};

/* Ours, beside the tickets of the caller. */
#define TICKET_STATUS UINT64_MAX
#define TICKET_LOOP   (UINT64_MAX - 1)
#define TICKET_ANSWER (UINT64_MAX - 2)
/* The first of them. */
#define TICKET_OWN TICKET_ANSWER

enum link_state {
    LINK_IDLE, /* not started, or stopped */
    LINK_WAITING,
    LINK_CONNECTING,
    LINK_EXAMINING, /* the attempt has failed; why is being looked into */
    LINK_UP,
    LINK_CLOSING,
};

/* Words that the line says to itself through the broker. */
struct link_loop {
    enum mqtt_link_loop state; /* as it was told; outlives a session */
    bool open;                 /* words are said in this session */
    bool proven;               /* one has come back in it */
    bool awaited;              /* the last has not come back yet */
    uint32_t misses;           /* words in a row that did not come back */
    uint64_t said_ns;          /* when the last was said; 0: none was */
    uint64_t words;
};

/* The way back to the first broker, while another serves. */
struct link_return {
    int fd; /* a connection that is looked whether it comes about; -1: none is */
    uint64_t looked_ns;
    uint32_t well;    /* looks in a row that found it there */
    uint32_t returns; /* times that the line went back, and the first broker did not last */
};

struct mqtt_link {
    struct mqtt_link_conf conf;
    struct mqtt_link_callbacks callbacks;
    void *context;
    struct mqtt_notes *notes;
    struct examiner *examiner;
    uint64_t examined_ns; /* when the broker that is spoken to was; 0: never */
    int64_t certificate_until_s;
    struct credentials credentials; /* of the connection that stands */
    uint64_t looked_ns;             /* when its files were looked at last */
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
    bool keeps_nothing[MQTT_LINK_BROKERS_MAX]; /* it holds no retained messages */
    struct flights flights;
    struct link_loop loop;
    struct link_return returning;
    bool stopping;        /* what is sent now is the last */
    uint64_t since_ns;    /* when the state was entered */
    uint64_t held_ms;     /* how long the connection that is being closed was good for anything */
    uint64_t answered_ns; /* the last sign of life */
    bool answers;         /* there was one in this session */
    uint32_t left;        /* times in a row that a broker was left as being of no use */
    uint64_t useless_ns;  /* when one was found to be so last */
    char online[MQTT_LINK_STATUS_SIZE], offline[MQTT_LINK_STATUS_SIZE];
    char reason[MQTT_LINK_REASON_SIZE]; /* a hint that came before the failure itself */
    struct mqtt_link_counters counters;
};

/* --- mqtt_link_session.c --- */

uint64_t link_ns(uint32_t ms);

/* The present broker, and our client of it, which may not have been made. */
struct mqtt_client *link_client(const struct mqtt_link *link);
const char *link_broker(const struct mqtt_link *link);
struct packet_bound *link_bound(struct mqtt_link *link);

/* How often it is looked whether something is overdue. */
uint32_t link_tick_ms(const struct mqtt_link_conf *conf);

void link_enter(struct mqtt_link *link, enum link_state state);

/* What a PUBLISH of ours is at most: a fixed header of 5, two lengths, a packet id, no properties. */
uint32_t link_packet_size(const char *topic, size_t size);
bool link_is_too_large(struct mqtt_link *link, uint32_t size);

/* Send what there is room for. Returns 0 or MQTT_LINK_E_DOWN. */
NODISCARD int link_send(struct mqtt_link *link, const char *topic, const void *payload, size_t size,
                        bool retained, uint64_t ticket);
/* Likewise an answer to a command. */
NODISCARD int link_send_answer(struct mqtt_link *link, const char *topic, const void *payload,
                               size_t size, const void *correlation, uint32_t correlation_size);
/* Send the status, if the line is up and has room. */
void link_send_status(struct mqtt_link *link, const char *status);

/* Try again after so long. */
void link_wait(struct mqtt_link *link, uint32_t wait_ms);

/*
 * The connection or the attempt is over: tells why, in the words of a hint that came before `reason` where
 * there was one, and goes on to `next`, CLOSING or WAITING.
 */
void link_over(struct mqtt_link *link, const char *reason, enum link_state next);

/* End a connection that is up, for a reason of ours. */
void link_close(struct mqtt_link *link, const char *reason);

/*
 * Likewise, for a new one, which is with the first broker. Another one keeps what it retains, and the library's
 * good-bye has it tell no last will: so it is told that we are offline, where the window has room for that.
 */
void link_anew(struct mqtt_link *link, const char *reason);

/*
 * The broker of the connection that is up is of no use: end it for another, which does not count as one that
 * was good. Returns false, and goes on, where there is no other that was not left likewise.
 */
bool link_leave(struct mqtt_link *link, const char *reason);

/* CLOSING is over: what came of it was told when it began. */
void link_closed(struct mqtt_link *link);

/* Have another client take the place of one that does not close; returns false without memory. */
bool link_replace_client(struct mqtt_link *link);

void link_connect(struct mqtt_link *link);
void link_retry(evutil_socket_t fd, short what, void *context);

/* The broker has accepted us: a session begins, or is not worth to be begun. */
void link_up(struct mqtt_link *link, const struct mqtt_note *note);
void link_turn_down(struct mqtt_link *link);

/* --- mqtt_link_watch.c --- */

/* The attempt is over; when it was TLS that failed, somebody shall be able to tell why. */
void link_attempt_failed(struct mqtt_link *link, const char *reason, bool in_mqtt);
void link_examined(struct mqtt_link *link, const struct mqtt_note *note);

/* A connection by TLS is about to read its files. */
void link_begin_credentials(struct mqtt_link *link);

/* The timer of what is overdue. */
void link_tick(evutil_socket_t fd, short what, void *context);

/* --- mqtt_link_return.c --- */

/* Look after the first broker while another serves; may end the session. */
void link_return_tick(struct mqtt_link *link, uint64_t now_ns);

/* The session is over, or the line. */
void link_return_end(struct mqtt_link *link);

/* --- mqtt_link_loop.c --- */

/* A session has begun. */
void link_loop_begin(struct mqtt_link *link);

/* In this session no word can come back, by no fault of what else is sent. */
void link_loop_forbidden(struct mqtt_link *link, const char *reason);

/* Say the next word when it is time; may end the session. */
void link_loop_tick(struct mqtt_link *link, uint64_t now_ns);

/* A word has come on the line's own topic; may end the session. */
void link_loop_heard(struct mqtt_link *link, const char *word);

/* --- mqtt_link_heard.c --- */

/* Read all notes that are there. */
void link_read_notes(struct mqtt_link *link);
void link_wake(evutil_socket_t fd, short what, void *context);

#endif
