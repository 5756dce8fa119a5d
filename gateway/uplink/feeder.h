/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_UPLINK_FEEDER_H
#define GATEWAY_UPLINK_FEEDER_H

/*
 * The feeder: what fills the window to the broker
 *
 * Brings together what waits (the outbox, the boards, events that could not be recorded) and the
 * room that the line has, most important first:
 *
 *     1  events that are told before they are recorded
 *     2  alarm events: overtakers, then the backlog
 *     3  states of alarms, then topics of alarms and points that are no longer
 *     4  activity events
 *     5  values of points, then announcements of what points there are (home_assistant.h)
 *     6  events that somebody wants sent again (resend.h)
 *
 * The window is shared, with a few places that lesser things leave free: alarm events may use all
 * of it, states and values leave an eighth, activity events leave a quarter. So a new alarm finds a
 * place at once, and a long drain of activity does not keep the values out altogether.
 *
 * An event that comes over the wire goes out inside that very call when its turn has come. All else
 * waits for feeder_pump(), which is called whenever room or work may have appeared.
 *
 * The line and the journal are reached through a port of function pointers, so that a test is both.
 */

#include "gateway/journal/journal_reader.h"
#include "gateway/site.h"
#include "gateway/uplink/alarm_board.h"
#include "gateway/uplink/early.h"
#include "gateway/uplink/former.h"
#include "gateway/uplink/held.h"
#include "gateway/uplink/home_assistant.h"
#include "gateway/uplink/known_topics.h"
#include "gateway/uplink/leftovers.h"
#include "gateway/uplink/outbox.h"
#include "gateway/uplink/point_board.h"
#include "gateway/uplink/read_ahead.h"
#include "gateway/uplink/resend.h"
#include "gateway/uplink/topic.h"
#include "gateway/wire.h"

enum {
    /* Rows asked of the journal at once for an alarm that overtakes. */
    FEEDER_ROWS_MAX = 100,
    /* Turns per pump and lane, so that the loop sees to its sockets in between. */
    FEEDER_READS_MAX = 4,
};

/* How long a refused event waits before it is sent again, at first and after further refusals. */
#define FEEDER_PAUSE_NS     (5 * NS_PER_S)
#define FEEDER_PAUSE_NS_MAX (60 * NS_PER_S)

/*
 * A journal that cannot be read is tried again so often, and waited for so long, before news of alarms goes
 * ahead of it. To open it anew after all its processes were killed takes some milliseconds, on a slow card some
 * hundreds; an emergency that overtakes a backlog is promised within a second of that.
 */
#define FEEDER_RETRY_NS    (100 * NS_PER_MS)
#define FEEDER_PATIENCE_NS NS_PER_S

struct feeder_port {
    void *context;
    /* How many messages could be sent now, and how many may be in flight at all. */
    uint32_t (*room)(void *context);
    uint32_t (*window)(void *context);
    /* Send; 0, MQTT_LINK_E_LARGE, or another when the line is down. */
    int (*publish)(void *context, const char *topic, const void *payload, size_t size,
                   bool retained, uint64_t ticket);
    /* Have the line tell once more what the broker holds: feeder_retained() for each. */
    void (*ask)(void *context);
    /* Have it tell also what the broker holds under another filter. */
    void (*ask_for)(void *context, const char *filter);
    /* As journal_read(). */
    int (*read)(void *context, const struct journal_query *query,
                bool (*row)(void *context, const struct journal_row *row), void *row_context,
                uint64_t *ret_last_seq);
};

struct feeder_counters {
    uint64_t live, replayed, skipped, refused, damaged, journal_absent;
    uint64_t backlog_reads; /* queries for what waits in a lane */
    uint64_t resent;        /* because somebody asked */
    uint64_t overwritten;   /* messages of others on the topics of alarms */
    /* too large for the broker: events without texts, events not sent at all, and all not sent */
    uint64_t shortened, events_left_out, left_out;
};

struct feeder {
    const struct site *site;
    struct feeder_port port;
    struct topic_root root;
    struct outbox outbox;
    struct read_ahead backlog[OUTBOX_LANES]; /* of each lane, what follows its `examined` */
    struct resend resend;
    struct alarm_board alarms;
    struct known_topics known;
    struct former former; /* empty until feeder_know_former() */
    struct leftovers leftovers;
    struct point_board points;
    struct home_assistant announcements;
    struct early early;
    struct held held;
    bool connected;
    char boot[24];
    uint16_t lives;    /* how many boots of the engine were seen: each counts its u<n> from 1 */
    bool journal_wait; /* could not be read: not again before feeder_look_again() */
    uint64_t unread_since_ns; /* real time, of the first try that failed; 0: the last one did not */
    bool lacking;         /* in this session an event was left out, or passed over (outbox.h, O6) */
    uint64_t lacking_seq; /* the first such event of all sessions; 0: none that was recorded */
    uint64_t passed_over; /* as far as known */
    uint64_t resume_real_ns; /* when refused events are sent again; 0: there are none */
    uint64_t pause_ns;       /* the next wait before that */
    struct feeder_counters counters;
};

/* Make a feeder for `site`, which it keeps; copies the port. */
NODISCARD int feeder_init(struct feeder *feeder, const struct site *site,
                          const struct feeder_port *port);
void feeder_deinit(struct feeder *feeder);

/* What the gateway was called before, if anything. Copied; once. */
void feeder_know_former(struct feeder *feeder, const struct former *former);

/* From the engine. */
void feeder_welcome(struct feeder *feeder, const struct wire_welcome *welcome);
void feeder_event(struct feeder *feeder, const struct wire_event *event);
void feeder_journal(struct feeder *feeder, const struct wire_journal *journal);
void feeder_alarm_state(struct feeder *feeder, const struct wire_alarm_state *state);
void feeder_point_values(struct feeder *feeder, const struct wire_point_values *values);

/* From the line. */
void feeder_session_begin(struct feeder *feeder);
void feeder_session_end(struct feeder *feeder);
void feeder_taken(struct feeder *feeder, uint64_t ticket);
/* `too_large`: one as large will not be sent again. */
void feeder_refused(struct feeder *feeder, uint64_t ticket, bool too_large);
/* Is the message one that only names topics, and tells nobody of anything that happened? */
bool feeder_is_announcement(uint64_t ticket);
/* The broker holds something under `topic` that begins with `start`; both NULL: and more than could be
   told. */
void feeder_retained(struct feeder *feeder, const char *topic, const char *start);
/* Somebody else has published under the topic of an alarm; what is true goes out again with the next tick. */
void feeder_overwritten(struct feeder *feeder, const char *topic);

/* Fill the room there is. Returns true when there is work and room left: call again soon. */
bool feeder_pump(struct feeder *feeder);

/* Has the broker, in this session, taken every event and every state of an alarm that it was given? */
bool feeder_delivers(const struct feeder *feeder);

/* How many events were passed over because the broker refuses them for good. */
uint64_t feeder_passed_over(const struct feeder *feeder);

/* How many events were read and wait for room. */
uint32_t feeder_read_ahead(const struct feeder *feeder);

/*
 * The journal could not be read a moment ago, and is waited for: call feeder_look_again() and feeder_pump()
 * after FEEDER_RETRY_NS.
 */
bool feeder_is_patient(const struct feeder *feeder);
void feeder_look_again(struct feeder *feeder, uint64_t real_ns);

/* Once a second: rounds, pauses, and another look at a journal that could not be read. */
void feeder_tick(struct feeder *feeder, struct instant now, uint64_t real_ns);

#endif
