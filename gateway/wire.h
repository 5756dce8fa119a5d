/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_WIRE_H
#define GATEWAY_WIRE_H

/*
 * The wire between the processes
 *
 * The engine listens on `engine.sock` in the run directory, a Unix SOCK_SEQPACKET socket; field,
 * uplink and console connect to it, and again whenever it or they were restarted. A message is one
 * packet: a header and a fixed struct, at most WIRE_SIZE_MAX bytes. Both ends are the same binary:
 * the hello carries the build and the generation of the configuration, and a stranger is turned
 * away.
 *
 *     field   -> engine   HELLO  READINGS  HEARTBEATS  DEVICE  FIGURES  BUSES
 *     engine  -> field    WELCOME  OUTPUTS  RECORDED
 *     engine  -> uplink   WELCOME  EVENT  JOURNAL  ALARM_STATE  POINT_VALUES  NOTICE  RESEND
 *                         PUSH  PAGES  SHOWN  REMOTE_ANSWER
 *     uplink  -> engine   HELLO  CONFIRMED  UPLINK_STATE  RECEIPT  LISTENER  FIGURES  RESENT
 *                         PUSH_RESULT  REACH  REMOTE
 *     engine  -> console  WELCOME  EVENT  JOURNAL  ALARM_STATE  POINT_VALUES  TRUTHS  TEST
 *                         COMPONENTS  FIGURES  BUSES  COMMAND_RESULT  PUSH_RESULT  REACH  REMOTE
 *                         RECORDED
 *     console -> engine   HELLO  COMMAND  RESEND  PUSH  PAGES  SHOWN  REMOTE_ANSWER  DEED  TAKEOVER
 *
 * No end ever waits for the other: a socket that is full is WIRE_E_FULL, and the sender, who keeps
 * what must not be lost in a structure of its own (newest values, held edges, the journal), goes on
 * when the socket is writable again. A packet of the wrong size or kind is a fault, and the
 * connection ends.
 */

#include <stddef.h>

#include "gateway/deed.h"
#include "gateway/err.h"
#include "gateway/figures.h"
#include "gateway/takeover.h"
#include "rules/core.h"
#include "sensors/driver.h"

struct event_base;

enum { WIRE_SIZE_MAX = 8192, WIRE_BODY_MAX = 6656 };

enum wire_kind {
    WIRE_HELLO = 1,
    WIRE_WELCOME,
    WIRE_READINGS,
    WIRE_HEARTBEATS,
    WIRE_DEVICE,
    WIRE_OUTPUTS,
    WIRE_RECORDED,
    WIRE_EVENT,
    WIRE_JOURNAL,
    WIRE_ALARM_STATE,
    WIRE_POINT_VALUES,
    WIRE_COMPONENTS,
    WIRE_CONFIRMED,
    WIRE_UPLINK_STATE,
    WIRE_COMMAND,
    WIRE_COMMAND_RESULT,
    WIRE_GOODBYE,
    WIRE_NOTICE,
    WIRE_RECEIPT,
    WIRE_LISTENER,
    WIRE_CERTIFICATE,
    WIRE_FIGURES,
    WIRE_BUSES,
    WIRE_TEST,
    WIRE_RESEND,
    WIRE_RESENT,
    WIRE_TRUTHS,
    WIRE_PUSH,
    WIRE_PUSH_RESULT,
    WIRE_REMOTE,
    WIRE_REMOTE_ANSWER,
    WIRE_PAGES,
    WIRE_SHOWN,
    WIRE_REACH,
    WIRE_DEED,
    WIRE_TAKEOVER,
    WIRE_KIND_COUNT,
};

struct wire_header {
    uint16_t kind; /* enum wire_kind */
    uint16_t reserved;
    uint32_t size; /* of the whole message */
};

enum wire_role { WIRE_ROLE_FIELD, WIRE_ROLE_UPLINK, WIRE_ROLE_CONSOLE, WIRE_ROLE_COUNT };

/* First message of a connection, client to engine. */
struct wire_hello {
    struct wire_header header;
    unsigned char build[32]; /* build_digest() */
    uint64_t generation;
    uint32_t role; /* enum wire_role */
    uint32_t instance;
    uint64_t number; /* of the process; see losses.h */
};

/* The engine's answer. A wrong build or generation is answered by closing the connection. */
struct wire_welcome {
    struct wire_header header;
    uint64_t generation;
    char boot[24];       /* boot number in decimal, or "r" and 16 hex digits without a journal */
    uint64_t newest_seq; /* committed */
    uint64_t confirmed_alarm; /* of the broker, per lane; 0 for others than the uplink */
    uint64_t confirmed_activity;
    uint64_t confirmed_database; /* likewise, both lanes */
};

struct wire_reading {
    struct reading reading;
    uint64_t token;       /* 0: nobody waits for it to be recorded */
    struct instant heard; /* of a present value that is given again: when it came; 0: just now */
};

enum { WIRE_READINGS_MAX = 120 };

struct wire_readings {
    struct wire_header header;
    uint64_t generation;
    uint32_t count;
    uint32_t reserved;
    struct wire_reading readings[WIRE_READINGS_MAX]; /* only `count` of them are sent */
};

enum { WIRE_HEARTBEATS_MAX = 1024 };

/* Devices that answered since the last heartbeat; once a second. */
struct wire_heartbeats {
    struct wire_header header;
    uint64_t generation;
    uint32_t count;
    uint32_t devices[WIRE_HEARTBEATS_MAX];
};

/* A driver gave a device up after repeated failure, or has it back. */
struct wire_device {
    struct wire_header header;
    uint64_t generation;
    uint32_t device;
    uint32_t answering; /* 0 or 1 */
    char reason[120];   /* for people: "no answer within 500 ms" */
};

enum { WIRE_OUTPUTS_MAX = 1024 };

/* Wanted state of outputs; all of them after a hello, then those that changed. */
struct wire_outputs {
    struct wire_header header;
    uint64_t generation;
    uint32_t count;
    struct wire_output {
        uint32_t point : 31;
        uint32_t on : 1;
    } outputs[WIRE_OUTPUTS_MAX];
};

/* Everything up to `token` of this field process is committed, or needs no record; or up to this deed of the console. */
struct wire_recorded {
    struct wire_header header;
    uint64_t token;
};

/*
 * An event: after its commit (`seq` > 0), or before it when the journal does not answer (`seq` 0,
 * and `early` numbers it). An event that went out early comes again with both set.
 */
struct wire_event {
    struct wire_header header;
    uint64_t seq;
    uint64_t early; /* n of the id `<site>.<gateway>.<boot>.u<n>`; 0: was never sent early */
    uint32_t alarm; /* index, or RULESET_NONE */
    uint16_t type;  /* as event_type.h has it */
    uint8_t lane;   /* enum core_lane */
    uint8_t class;  /* enum alarm_class; ALARM_CLASS_COUNT when it has none */
    uint32_t body_size;
    uint32_t reserved;
    char body[WIRE_BODY_MAX]; /* the JSON object, not NUL-terminated; only body_size bytes are sent
                               */
};

/*
 * What has been committed, when single events were not sent one by one because the socket was full:
 * first one for each urgent alarm that has such an event, then one without an alarm.
 */
struct wire_journal {
    struct wire_header header;
    uint64_t newest_seq;
    uint32_t alarm; /* index, or RULESET_NONE */
    uint32_t reserved;
};

/* The state of one alarm: all that are not normal after a hello, then each that changed. */
struct wire_alarm_state {
    struct wire_header header;
    uint32_t alarm;
    uint32_t snapshot; /* 1: part of the snapshot; 2: the snapshot is complete, no alarm in here */
    struct alarm_record record;
    struct wall taken; /* when the record was: its clocks count from there */
    struct wall changed;
    double value;
    uint32_t quality; /* enum quality of the deciding reading */
    uint32_t
        calling; /* whose acknowledgement would end the calls for it: a set of 1 << enum role */
};

struct wire_point_value {
    uint32_t point;
    uint32_t quality; /* enum quality */
    double value;
    struct wall measured;
    struct wall heard; /* last confirmation: for the age */
};

enum { WIRE_POINT_VALUES_MAX = 200 };

/* All after a hello, then those that changed. */
struct wire_point_values {
    struct wire_header header;
    uint32_t count;
    uint32_t clock_behind; /* 1: the wall clock shows less than it had shown before */
    struct wire_point_value values[WIRE_POINT_VALUES_MAX];
};

enum { WIRE_REASON_SIZE = 240 };

/* For /health: what the engine knows of itself and the others. Sent to the console each second. */
struct wire_components {
    struct wire_header header;
    uint32_t count;
    uint32_t journal_ok;
    uint8_t present[LIMIT_COMPONENTS]; /* enum truth */
    uint8_t uplink_connected;          /* enum truth */
    uint8_t uplink_delivers;           /* enum truth: the broker takes all that it is given */
    uint8_t site_refused;     /* 1: the site file is wrong, the site before it is in force */
    uint8_t journal_unsigned; /* 1: a checkpoint of the journal cannot be signed */
    uint8_t reserved[4];
    struct wall site_accepted; /* when the site that is in force was */
    uint64_t uplink_confirmed_alarm, uplink_confirmed_activity;
    uint64_t readings, readings_dropped, events, commits, commit_failures, commit_ns_max;
    uint64_t journal_pending; /* events waiting for their commit */
    /* Why the broker is away, for people; "" while it is not. */
    char uplink_reason[WIRE_REASON_SIZE];
};

/* What a process counts of its own queues, each second; the engine passes it on to the console. */
struct wire_figures {
    struct wire_header header;
    uint32_t owner;                /* enum figure_owner */
    uint32_t component;            /* whose; set by the engine. 0 for its own */
    uint64_t values[FIGURE_COUNT]; /* only the owner's mean anything */
};

enum { WIRE_BUSES_MAX = 64 };

/* What was asked of the devices of one Modbus bus since its process began. */
struct wire_bus {
    uint32_t bus; /* index in the site */
    uint32_t reserved;
    uint64_t polls, answers, skipped;
    uint64_t failures[SENSOR_CAUSE_COUNT]; /* requests that brought no value */
};

/* The buses of a field process, WIRE_BUSES_MAX a second by turns. */
struct wire_buses {
    struct wire_header header;
    uint32_t count;
    uint32_t reserved;
    struct wire_bus buses[WIRE_BUSES_MAX]; /* only `count` of them are sent */
};

enum { WIRE_TRUTHS_EACH = 4, WIRE_TRUTHS_MAX = 4096 };

/* The present conditions of alarms, all after a hello, then a block in which one has changed. */
struct wire_truths {
    struct wire_header header;
    uint32_t first; /* alarm that the rows begin with: a multiple of WIRE_TRUTHS_EACH */
    uint32_t count; /* of rows; what is behind the site's last alarm in them is 0 */
    /* enum truth of WIRE_TRUTHS_EACH alarms in each, two bits of one, the first in the lowest */
    uint8_t rows[WIRE_TRUTHS_MAX];
};

/* How many rows so many alarms take. */
static inline uint32_t wire_truths_rows(uint32_t alarms) {
    return (alarms + WIRE_TRUTHS_EACH - 1) / WIRE_TRUTHS_EACH;
}

/* The truth of alarm first + i; it was 0 before it is put. */
static inline void wire_truths_put(struct wire_truths *message, uint32_t i, enum truth truth) {
    message->rows[i / WIRE_TRUTHS_EACH] |= (uint8_t)(truth << 2 * (i % WIRE_TRUTHS_EACH));
}

static inline unsigned wire_truths_take(const struct wire_truths *message, uint32_t i) {
    return (unsigned)message->rows[i / WIRE_TRUTHS_EACH] >> 2 * (i % WIRE_TRUTHS_EACH) & 3U;
}

/* A test that runs: people must see that nobody is called there. All before each COMPONENTS. */
struct wire_test {
    struct wire_header header;
    uint32_t place;
    uint32_t role; /* enum role, of who began it */
    struct wall begun, until;
    char actor[LIMIT_ACTOR];
    char reason[LIMIT_REASON];
};

/* A sink has taken all events of a lane up to `seq`. */
struct wire_confirmed {
    struct wire_header header;
    uint32_t lane;
    uint32_t sink; /* enum journal_sink */
    uint64_t seq;
};

struct wire_uplink_state {
    struct wire_header header;
    uint32_t connected;
    uint32_t delivers; /* 0: the broker is there, and refuses events or cannot take them */
    char broker[128];
    char reason[WIRE_REASON_SIZE]; /* why not, for people */
};

struct wire_command {
    struct wire_header header;
    uint64_t request; /* chosen by the console, comes back in the result */
    struct command command;
};

struct wire_command_result {
    struct wire_header header;
    uint64_t request;
    uint32_t refusal;  /* enum command_refusal */
    uint32_t recorded; /* 1: committed; 0: done, but the journal did not take it in time */
    uint64_t seq;      /* of the first event that it caused; 0 when refused or not recorded */
    /* an acknowledgement after which people are called still: a set of 1 << enum role, of those whose
       would end that; else 0 */
    uint32_t calling;
    uint32_t reserved;
};

/* A step of an alarm's chain that a webhook is to be called for; without a body it is withdrawn. */
struct wire_notice {
    struct wire_header header;
    uint32_t alarm;
    uint32_t step; /* counted from 1 */
    uint32_t run;
    uint32_t webhook;
    uint32_t durable;   /* 1: recorded */
    uint32_t place;     /* of the alarm */
    uint32_t gather_ms; /* real time that it may wait for others of its place; 0: none */
    uint32_t emergency; /* 1: goes last when there are too many */
    uint32_t body_size;
    char body[WIRE_BODY_MAX]; /* the event, as in WIRE_EVENT; only body_size bytes are sent */
};

/*
 * What the console asks of the uplink for the phones of people. The engine passes it on, and passes back what
 * comes of it, or says itself that nobody is there.
 */
enum wire_push_act {
    WIRE_PUSH_KEY,       /* which key do browsers subscribe with? */
    WIRE_PUSH_SUBSCRIBE, /* the person's phone comes */
    WIRE_PUSH_LEAVE,     /* the phone at `endpoint` goes; "": all of the person's */
    WIRE_PUSH_PROMOTE,   /* the person acts in this role, and has this name, from now on */
    WIRE_PUSH_RECEIVE,   /* a phone has what it was sent: `token` */
    WIRE_PUSH_LIST,      /* whose phones are there, and when were they heard of? */
    WIRE_PUSH_ACT_COUNT,
};

enum { WIRE_PERSON_SIZE = 40 };

/* Texts end with a NUL. */
struct wire_push {
    struct wire_header header;
    uint64_t request;  /* chosen by the console, comes back in the result */
    uint32_t act;      /* enum wire_push_act */
    uint32_t role;     /* enum role */
    uint32_t language; /* enum site_language */
    uint32_t reserved;
    uint64_t name; /* of the person: audience_name() */
    char person[WIRE_PERSON_SIZE];
    char endpoint[1028];
    char p256dh[96], auth[32];
    char token[32];
};

enum wire_push_outcome {
    WIRE_PUSH_DONE,
    WIRE_PUSH_UNKNOWN, /* there is no such phone, or nothing is known by this token */
    WIRE_PUSH_REFUSED, /* no browser says such a thing */
    WIRE_PUSH_FULL,    /* there are too many phones */
    WIRE_PUSH_FAILED,  /* it cannot be kept */
    WIRE_PUSH_AWAY,    /* the uplink is not there */
    WIRE_PUSH_OUTCOME_COUNT,
};

/* A phone of the list. */
struct wire_phone {
    char person[WIRE_PERSON_SIZE];
    uint32_t role;      /* enum role */
    uint32_t reachable; /* 0 or 1 */
    uint64_t name;      /* of the person: audience_name() */
    int64_t since_s;    /* seconds since 1970 */
    int64_t received_s; /* 0: it has never confirmed */
    char service[40];   /* its host, shortened */
};

enum { WIRE_PHONES_MAX = 64 };

struct wire_push_result {
    struct wire_header header;
    uint64_t request;
    uint32_t outcome; /* enum wire_push_outcome */
    uint32_t count;
    char key[96];                              /* of WIRE_PUSH_KEY */
    struct wire_phone phones[WIRE_PHONES_MAX]; /* only `count` of them are sent */
};

/*
 * What somebody has sent to the command topic of the broker, as it came: nobody has looked at it yet. The engine
 * passes it on to the console, which alone can tell who it is from, and passes back what it answers.
 */
enum { WIRE_REMOTE_MAX = 2048 };

enum wire_remote_flaw {
    WIRE_REMOTE_SOUND,
    WIRE_REMOTE_LONG,  /* it had more than WIRE_REMOTE_MAX bytes; none of them is here */
    WIRE_REMOTE_TOPIC, /* it wants its answer where none may go */
    WIRE_REMOTE_FLAW_COUNT,
};

struct wire_remote {
    struct wire_header header;
    uint64_t number; /* the uplink's, comes back in the answer */
    uint32_t flaw;   /* enum wire_remote_flaw */
    uint32_t size;
    char payload[WIRE_REMOTE_MAX]; /* only `size` bytes are sent */
};

struct wire_remote_answer {
    struct wire_header header;
    uint64_t number;
    uint32_t verified;           /* 1: it is from `user` */
    uint32_t size;               /* 0: the console is not there */
    char user[WIRE_PERSON_SIZE]; /* whom it named, or "" */
    char body[WIRE_BODY_MAX];    /* a JSON object; only `size` bytes are sent */
};

/* Whose pages of the console are open, for the uplink: all of them, when it changes and every few seconds. */
enum { WIRE_PAGES_MAX = 64 };

struct wire_pages {
    struct wire_header header;
    uint32_t count;
    uint32_t reserved;
    struct wire_page {
        char person[WIRE_PERSON_SIZE];
        uint64_t name; /* audience_name() */
        uint32_t role; /* enum role */
        uint32_t pages;
    } people[WIRE_PAGES_MAX]; /* only `count` of them are sent */
};

/* A person's page has shown a step of an alarm's chain, for the uplink. */
struct wire_shown {
    struct wire_header header;
    uint32_t alarm, step, run;
    uint32_t role; /* enum role */
    uint64_t name; /* audience_name() */
    char person[WIRE_PERSON_SIZE];
};

/* Who can be reached, for people: by audience. When it changes and every few seconds. */
struct wire_reach {
    struct wire_header header;
    uint32_t count;
    uint32_t reserved;
    struct wire_reach_row {
        uint32_t reachable; /* enum truth, of all ways together */
        uint32_t webhook;   /* enum truth, of that alone */
        uint32_t phones, phones_reachable;
        uint32_t pages;
        uint32_t reserved;
        int64_t received_s;  /* seconds since 1970: the last word of a phone; 0: none ever */
        int64_t tested_s;    /* of the last test of one; 0: none ever */
        int64_t since_s;     /* since when `reachable` is known to be so; 0: it is not known */
    } rows[LIMIT_AUDIENCES]; /* only `count` of them are sent */
};

/* Something was done to the list of those who may sign in; see deed.h. */
struct wire_deed {
    struct wire_header header;
    struct deed deed;
};

/* Somebody takes over a shift; see takeover.h. The answer is a WIRE_COMMAND_RESULT. */
struct wire_takeover {
    struct wire_header header;
    uint64_t request;
    struct takeover takeover;
};

/* A webhook has taken a step, or is off and will not. */
struct wire_receipt {
    struct wire_header header;
    uint32_t alarm;
    uint32_t step;
    uint32_t run;
    uint32_t received; /* 0 or 1 */
};

/* Can a webhook be reached? All after a welcome, then each that changed. */
struct wire_listener {
    struct wire_header header;
    uint32_t webhook;
    uint32_t reachable; /* enum truth */
};

/* Is a certificate that the line outside needs good for long? All after a welcome, then each that changed. */
struct wire_certificate {
    struct wire_header header;
    uint32_t certificate; /* enum certificate */
    uint32_t well;        /* enum truth; false: it ends soon, or has ended */
    uint64_t until_s;     /* wall second of its end; 0: not known */
};

/* Somebody wants a sink to get a part of the journal again. Kept by the engine until it is over. */
struct wire_resend {
    struct wire_header header;
    uint64_t number; /* the engine's; 0 from the console */
    uint32_t sink;   /* enum journal_sink */
    uint32_t reserved;
    uint64_t first_seq, last_seq; /* both belong to it; the console's last may lie ahead */
    struct wall since, until;     /* likewise */
    char actor[LIMIT_ACTOR];      /* who: never empty */
};

/* The sink has been given all of it, or another was asked for since. */
struct wire_resent {
    struct wire_header header;
    uint64_t number;
    uint32_t sink;
    uint32_t reserved;
};

/* Last message of a client that stops because it was told to: its absence is no fault. */
struct wire_goodbye {
    struct wire_header header;
};

#define WIRE_E_FULL  1 /* the socket is full; try again when it is writable */
#define WIRE_E_EMPTY 2 /* nothing to read at present */
#define WIRE_E_GONE  3 /* the other end is gone */
#define WIRE_E_FAULT 4 /* a packet that no build of ours sends */

/* Listen at `path` (mode 0600, an old socket there is replaced). */
NODISCARD int wire_listen(const char *path, int *ret_fd);

/* Accept a connection whose peer has our user id or is root; others are closed and WIRE_E_FAULT. */
NODISCARD int wire_accept(int listener, int *ret_fd);

/* Send one message; its header's size says how long it is. Returns 0, WIRE_E_FULL or WIRE_E_GONE.
 */
NODISCARD int wire_send(int fd, const void *message);

/* Receive one message of at most WIRE_SIZE_MAX bytes into `ret`, aligned to 8. Returns 0 or
 * WIRE_E_…: what the other end said before it went is received before WIRE_E_GONE. */
NODISCARD int wire_receive(int fd, void *ret);

/* Fill in a header. */
static inline struct wire_header wire_header_of(enum wire_kind kind, size_t size) {
    return (struct wire_header){.kind = (uint16_t)kind, .size = (uint32_t)size};
}

/* The size of a message with `count` rows (bytes, for WIRE_EVENT); fixed ones have 0. */
uint32_t wire_size(enum wire_kind kind, uint32_t count);

/*
 * A client's side: connects to the engine, says hello, and tries again with back-off (100 ms to 5
 * s, real time) for as long as the process lives. All callbacks run in the loop of `base`.
 */
struct wire_client;

struct wire_client_callbacks {
    /* The engine welcomed us: send everything it must know. */
    void (*welcomed)(void *context, const struct wire_welcome *welcome);
    /* A message came; valid during the call. */
    void (*received)(void *context, const struct wire_header *message);
    /* The socket can take messages again after WIRE_E_FULL. */
    void (*writable)(void *context);
    /* The engine is gone; reconnecting goes on by itself. */
    void (*lost)(void *context);
};

NODISCARD int wire_client_new(struct event_base *base, const char *run_directory,
                              const struct wire_hello *hello,
                              const struct wire_client_callbacks *callbacks, void *context,
                              struct wire_client **ret_client);
struct wire_client *wire_client_free(struct wire_client *client);

/*
 * Say this generation in the next hello, and try at once where there is no connection. The engine of
 * the generation before is gone, or about to go.
 */
void wire_client_generation(struct wire_client *client, uint64_t generation);

/* Send a message. Returns 0, WIRE_E_FULL (writable() will be called) or WIRE_E_GONE (not
 * connected). */
NODISCARD int wire_client_send(struct wire_client *client, const void *message);

/* The build this binary is: SHA-256 over its own file, computed once. */
const unsigned char *build_digest(void);

#endif
