/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_UPLINK_MQTT_LINK_H
#define GATEWAY_UPLINK_MQTT_LINK_H

/*
 * The line to the broker
 *
 * A thin transport over Eclipse Paho's asynchronous client (1.3.12), which is trusted with bytes
 * and little else: it buffers nothing for us, persists nothing, and never reconnects by itself.
 *
 *     WAITING ──timer──▶ CONNECTING ──CONNACK──▶ UP
 *        ▲                   │ refused,           │ lost; no answer within the deadline;
 *        │                   │ time-out           │ a note was lost
 *        ├───────────────────┴───────◀── CLOSING ◀┘
 *        └── EXAMINING ◀── no TLS
 *
 *   - Ours: the order of brokers and the back-off (reconnect.h, on a clock that never steps), what
 * is in flight and until when, and the detection of a dead peer.
 *   - One client object per broker for the life of the process, but for what is said of `closing_ms`: a
 *     destroyed one leaks its TLS context.
 *   - All calls into the library come from the loop's thread; its callbacks only write notes.
 *   - At most `window` messages are in flight, or the broker's receive maximum if that is less: the
 *     library walks lists over all that it holds, and with thousands its rate falls to a twentieth.
 *   - The status topic is the line's own: it is the last will, is set online at each connect, and
 * set offline before a clean end. When nothing was answered for `quiet_ms` it is published again: a
 *     question that a living broker answers. A message not answered within `answer_ms` ends the
 *     connection. So a peer that vanished is noticed within quiet_ms + answer_ms, whatever the
 *     library's own keep-alive does.
 *   - A PUBACK proves that the broker has a message, not that it passes it on: what access rules forbid a broker
 *     of MQTT 3.1.1 confirms and drops. So the line listens to a topic of its own and publishes a word there each
 *     `loop_ms`. Three in a row that do not come back are told by looped(); where one had come back before in
 *     the session, another is begun. A broker that refuses the question or the word by a code is told of too.
 *   - Of several brokers one that answers nothing, passes nothing on or is told to be of no use (mqtt_link_leave())
 *     gives way to the next. When all did in a row, the line stays with the first, and tries the others
 *     again after ten times `return_ms`.
 *   - While another broker than the first serves, the first is looked at (mqtt_link_return.c); when it was there for
 *     `return_ms` the line goes back to it. What is in flight then is sent again.
 *   - The library sets no TCP_NODELAY and gives no way to its socket; the line sets it on every TCP
 *     socket of the process once a connection stands.
 *   - What the broker allows is kept to: its receive maximum, its maximum packet size, and its keep
 *     alive, which the library does not look at. A size that it does not name is learned from what it
 *     refuses or closes for. No message has a topic alias.
 *   - A broker that holds no retained messages gets the last will and all else without that wish, until
 *     a session with it was long: it may have been set up otherwise meanwhile. One that takes QoS 0
 *     alone could never confirm an event: no session with it begins, and the reason says what to change.
 *   - A session that another client has taken over, by our name, is not fought for: the line waits
 *     long, and longer each time.
 *   - A broker that no TLS can be had with is examined (examination.h), so that people are told
 *     why; one that is spoken to is examined in each session, and once a day, for the end of its certificate.
 *   - Certificates, keys and the password are read anew for each connection. A connection that stands
 *     while certificate, key or authorities are renewed (credentials.h) is ended for one with the new ones;
 *     where those are not sound it goes on with the old ones, and unsound() tells why.
 *   - A broker's name that is not known yet, or cannot be resolved, is not given to the library, which
 *     would ask with its lock held (names.h).
 *   - A connection that is given up is closed by the library in the order of its queue: a question that waits
 *     there for a place in flight, which never comes, keeps it from closing (Paho 1.3.12, MQTTAsync_processCommand).
 *     After `closing_ms` another client object takes its place.
 *   - A client that does not answer at all for `stuck_ms` cannot be helped from inside: failed() is called, and the process ends to be started
 * afresh.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "gateway/err.h"

struct event_base;
struct mqtt_link;
struct remote_intake;

enum {
    MQTT_LINK_WINDOW_MAX = 100,
    MQTT_LINK_BROKERS_MAX = 8,
    MQTT_LINK_FILTERS_MAX = 16,
    MQTT_LINK_REASON_SIZE = 240,
};

struct mqtt_link_conf {
    const char *const *brokers; /* "tcp://host:port" or "ssl://host:port", in order of preference */
    uint32_t broker_count;      /* 1…MQTT_LINK_BROKERS_MAX */
    const char *client_id;
    uint32_t version; /* 5 or 3 (3.1.1) */
    const char *status_topic;
    /* What others publish below it is told by overwritten(), with MQTT 5; it is among the filters. NULL: none */
    const char *guarded_prefix;
    const char *loop_topic; /* the line's own, to hear itself on; NULL: it does not listen */
    /* Commands that come on this topic go into `intake`, and commanded() tells so; both NULL: none are asked for */
    const char *command_topic;
    struct remote_intake *intake;
    /* Report what the broker holds under these, at most MQTT_LINK_FILTERS_MAX. */
    const char *const *retained_filters;
    uint32_t retained_filter_count;
    /* … but for those that this knows, in any thread; NULL: all. */
    bool (*retained_known)(const void *context, const char *topic);
    const void *retained_known_context;
    /* paths and names, "" where not given */
    const char *ca, *cert, *key, *user, *password_file;
    uint32_t window;              /* 1…MQTT_LINK_WINDOW_MAX */
    uint32_t keep_alive_s;        /* 10 */
    uint32_t connect_limit_s;     /* for a CONNACK, in the first round: 5 */
    uint32_t connect_limit_s_max; /* … in later ones, below `stuck_ms`: 30 */
    uint32_t answer_ms;           /* 15,000 */
    uint32_t quiet_ms;            /* 10,000 */
    uint32_t loop_ms;             /* between two words of its own: 10,000 */
    /* That the first broker is well before it is used again, and longer than it takes to find one of no use: 60,000 */
    uint32_t return_ms;
    uint32_t closing_ms;                 /* 2,000 */
    uint32_t stuck_ms;                   /* 60,000 */
    uint32_t look_ms;                    /* at the files, renewed ones are taken after two: 5,000 */
    uint32_t retry_ms_min, retry_ms_max; /* 500 and 30,000 */
    uint32_t steady_ms; /* a connection that answered for this long was a good one: 10,000 */
    uint64_t seed;      /* of the jitter */
};

/* The values of the comments above, all texts empty. */
struct mqtt_link_conf mqtt_link_defaults(void);

/*
 * How long a broker that has gone without a word stays unnoticed at most, in ms of real time: until it
 * is asked, until its answer is overdue, and until both are looked at. 27 s by the values above.
 */
uint32_t mqtt_link_notice_ms(const struct mqtt_link_conf *conf);

/* A message that the broker has refused. */
struct mqtt_link_refusal {
    uint64_t ticket;
    const char *topic; /* what is kept of it (flights.h); until the next is published */
    int number;        /* the reason code of MQTT 5, 2.4 */
    const char *reason;
    bool too_large; /* as is known now: one as large will not be sent */
};

/* Whether what the broker takes is passed on. */
enum mqtt_link_loop {
    MQTT_LINK_LOOP_UNKNOWN,
    MQTT_LINK_LOOP_PROVEN,
    MQTT_LINK_LOOP_FORBIDDEN, /* the broker does not let us look */
    MQTT_LINK_LOOP_BROKEN,    /* it confirms, and passes nothing on to us */
};

/* All run in the loop's thread; each may publish. */
struct mqtt_link_callbacks {
    /* A session has begun; nothing is in flight. */
    void (*connected)(void *context, const char *broker);
    /* The broker has answered a message of this session for the first time, be it with a refusal. */
    void (*answered)(void *context, const char *broker);
    /* This broker holds no retained messages; connected() follows. */
    void (*unretained)(void *context, const char *broker);
    /* Certificate, key or authorities were changed and cannot be used; the connection stands. */
    void (*unsound)(void *context, const char *fault);
    /* The session has ended, or an attempt has failed; what was in flight is unknown. */
    void (*lost)(void *context, const char *broker, const char *reason, bool was_connected);
    /* The broker has taken the message, or refused it for good. */
    void (*taken)(void *context, uint64_t ticket);
    void (*refused)(void *context, const struct mqtt_link_refusal *refusal);
    /* The broker holds a retained message under `topic` that begins with `start`; both NULL: and more than
       can be told at once. */
    void (*retained)(void *context, const char *topic, const char *start);
    /* Somebody else has published under `topic`, below `guarded_prefix`: what it holds now is not ours. */
    void (*overwritten)(void *context, const char *topic);
    /* Each word of our own that came back is told, and each change for the worse, with its reason. Needed with
       a `loop_topic`. */
    void (*looped)(void *context, enum mqtt_link_loop state, const char *reason);
    /* Commands wait in the intake; the broker does not let us hear any. Both needed with a `command_topic`. */
    void (*commanded)(void *context);
    void (*commands_refused)(void *context);
    /* A batch of the above is over: there may be room again. */
    void (*settled)(void *context);
    /* The library hangs; the process must end. */
    void (*failed)(void *context, int r);
};

/*
 * Make a line; mqtt_link_start() begins to connect. Keeps `conf`'s texts and the callbacks'
 * context; copies both structs.
 */
NODISCARD int mqtt_link_new(struct event_base *base, const struct mqtt_link_conf *conf,
                            const struct mqtt_link_callbacks *callbacks, void *context,
                            struct mqtt_link **ret_link);

/*
 * Free. Takes up to 2 s. A connection that still stands ends in the library's own good-bye (Paho 1.3.12
 * sends a DISCONNECT when a client is destroyed), so that the broker tells no last will: call
 * mqtt_link_stop() before it, or end the process without it, which the broker takes for what it is.
 */
struct mqtt_link *mqtt_link_free(struct mqtt_link *link);

/* The longest status. */
enum { MQTT_LINK_STATUS_SIZE = 512 };

/* Set what the status topic says; published at once if connected. Before mqtt_link_start(). */
void mqtt_link_status(struct mqtt_link *link, const char *online, const char *offline);

/* Begin to connect; once. */
void mqtt_link_start(struct mqtt_link *link);

/* Say offline, wait at most a second for the answer, and disconnect. Nothing can be sent after it.
 */
void mqtt_link_stop(struct mqtt_link *link);

/* How many more messages can be published now; 0 while not connected. */
uint32_t mqtt_link_room(const struct mqtt_link *link);

/* How many may be in flight in this session. */
uint32_t mqtt_link_window(const struct mqtt_link *link);

#define MQTT_LINK_E_FULL  1 /* the window is full; settled() follows */
#define MQTT_LINK_E_DOWN  2 /* not connected; or just lost, and lost() follows */
#define MQTT_LINK_E_LARGE 3 /* larger than this broker takes */

/*
 * Hand one message of at most 8 KiB to the broker with QoS 1. Copies topic and payload. `ticket`
 * comes back in taken() or refused(); after lost() it will not. Returns 0 or MQTT_LINK_E_….
 */
NODISCARD int mqtt_link_publish(struct mqtt_link *link, const char *topic, const void *payload,
                                size_t size, bool retained, uint64_t ticket);

/*
 * Likewise the answer to a command, of which nobody hears what becomes of it; with MQTT 5 these correlation data go
 * with it.
 */
NODISCARD int mqtt_link_answer(struct mqtt_link *link, const char *topic, const void *payload,
                               size_t size, const void *correlation, uint32_t correlation_size);

/* Ask once more for what the broker holds under the filters: retained() for each. Nothing while it is down. */
void mqtt_link_ask(struct mqtt_link *link);

/* Ask in this session also for what it holds under another. */
void mqtt_link_ask_for(struct mqtt_link *link, const char *filter);

/* Does the connection that stands, or was tried last, use what the files of its certificates hold now? */
bool mqtt_link_uses_files(const struct mqtt_link *link);

/* When the first of the broker's certificates ends, in wall seconds; 0: not known. */
int64_t mqtt_link_certificate_until_s(const struct mqtt_link *link);

/* Which of the brokers is connected, or tried: from 0. */
uint32_t mqtt_link_broker(const struct mqtt_link *link);

/*
 * The connected broker is of no use, as the caller alone can know: the line goes on to the next one as after a
 * failure, unless all were left for that already. Nothing while it is down, or where there is no other.
 */
void mqtt_link_leave(struct mqtt_link *link, const char *reason);

/* For /metrics and tests. */
struct mqtt_link_counters {
    uint64_t attempts, sessions, published, taken, refused, deadlines_missed, notes_lost, stale,
        taken_over, replaced, loop_missed, broken_off, returns, answers_refused;
    uint64_t silent_ms; /* how long the broker had answered nothing when the last session ended */
};
const struct mqtt_link_counters *mqtt_link_counters(const struct mqtt_link *link);

#endif
