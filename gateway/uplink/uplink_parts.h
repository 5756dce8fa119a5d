/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_UPLINK_UPLINK_PARTS_H
#define GATEWAY_UPLINK_UPLINK_PARTS_H

/*
 * The parts of the uplink process, for its own files only
 *
 *     uplink.c         the process: birth, what it does each second, death
 *     uplink_engine.c  what it hears from the engine, and what it tells it
 *     uplink_broker.c  the line to the broker: how it is made, what comes from it, what people are told of it
 *     uplink_remote.c  commands that people give by the broker
 *     uplink_loop.c    what is made of it that the broker passes nothing on
 */

#include <event2/event.h>

#include "gateway/journal/journal_gather.h"
#include "gateway/log.h"
#include "gateway/process.h"
#include "gateway/uplink/caller.h"
#include "gateway/uplink/certificates.h"
#include "gateway/uplink/database/database.h"
#include "gateway/uplink/feeder.h"
#include "gateway/uplink/mqtt_link.h"
#include "gateway/uplink/names.h"
#include "gateway/uplink/refusals.h"
#include "gateway/uplink/remote_desk.h"
#include "gateway/uplink/weight.h"

/*
 * While a backlog drains the engine hears of every hundredth event that the broker has taken, and each
 * second: it writes each number down, and a process that is killed sends no more than these again.
 */
enum { UPLINK_CONFIRMED_STEP = 100 };

/* What a broker is asked for: alarms, points, announcements, and whether a former name was left. */
enum { UPLINK_FILTERS_MAX = 2 + NOTE_LIST_MAX + FORMER_MAX };
_Static_assert((int)UPLINK_FILTERS_MAX <= (int)MQTT_LINK_FILTERS_MAX, "the line takes them all");

struct uplink {
    struct process *process;
    struct wire_client *wire;
    struct mqtt_link *link; /* NULL when the site has no broker */
    struct journal_reader *journal;
    struct names *names;
    struct caller *caller;     /* of webhooks */
    struct database *database; /* NULL when the site has none */
    struct certificates certificates;
    struct weight weight;
    struct feeder feeder;
    struct event *tick, *more;
    struct event *look; /* at a journal that could not be read a moment ago */
    bool feeder_ready;
    bool link_started;
    bool state_untold;
    uint64_t told[OUTBOX_LANES]; /* confirmed numbers that the engine has */
    uint64_t told_database;
    struct wire_certificate told_certificates[CERTIFICATE_COUNT];
    uint64_t resent;    /* what was asked for and is over, and the engine does not know; 0: none */
    uint64_t rewriting; /* what was asked for the database; 0: nothing */
    struct wire_uplink_state state;
    const char *brokers[MQTT_LINK_BROKERS_MAX];
    char client_id[160];
    char status_topic[TOPIC_SIZE];
    char loop_topic[TOPIC_SIZE];
    char guarded_prefix[TOPIC_SIZE];
    const char *filters[UPLINK_FILTERS_MAX];
    char filter_texts[UPLINK_FILTERS_MAX][TOPIC_SIZE];
    char build[17]; /* the first bytes of the build's digest, in hex */
    char boot[sizeof((struct wire_welcome *)0)->boot];
    struct log_reasons lost_reasons;
    /* By address: which one serves is told, however soon after another. */
    struct log_reasons back_brokers;
    struct log_limiter announcement_limiter, delivery_limiter;
    struct log_limiter large_limiter, passed_limiter, unretained_limiter;
    struct log_limiter overwritten_limiter, ahead_limiter;
    struct refusals refusals;
    uint64_t large_told, passed_told, ahead_told;
    struct wall state_since;    /* when the broker was connected or lost */
    uint64_t refusing_since_ns; /* the broker refuses something; 0: it takes all */
    enum mqtt_link_loop loop;
    /* Events up to here were passed on; those up to there will be, when the next word comes back. */
    uint64_t proven_seq, proving_seq;
    uint64_t unproven_first_seq; /* to be sent again from here up to proven_seq; 0: nothing is */
    struct log_limiter loop_limiter;
    struct remote_intake *intake; /* of commands; NULL: the site takes none from the broker */
    struct remote_desk desk;
    char command_topic[TOPIC_SIZE];
    uint64_t remote_dropped_told;
    struct log_limiter remote_limiter, remote_refused_limiter;
    int failure;
};

/* ---- uplink.c ---- */

/* Send what can be sent, and tell the engine what has become of it. */
void uplink_pump(struct uplink *uplink);

/* For the jitter of waits. */
uint64_t uplink_seed(void);

/* ---- uplink_engine.c ---- */

NODISCARD int uplink_make_wire(struct uplink *uplink);

/* A message of the caller; as wire_client_send(). */
int uplink_call_engine(void *context, const void *message);

/* Tell what is confirmed further than was told by `step` at least, or that nothing waits any more. */
void uplink_tell_confirmed(struct uplink *uplink, uint64_t step);

/* The line is there, or gone and why. */
void uplink_note_state(struct uplink *uplink, bool connected, const char *broker,
                       const char *reason);

/* Once a second: all that the engine is told at its own pace. */
void uplink_tell_engine(struct uplink *uplink, const struct shipper_stats *database,
                        uint64_t untimed);

/* ---- uplink_loop.c ---- */

/* As mqtt_link_callbacks.looped. */
void uplink_looped(void *context, enum mqtt_link_loop state, const char *reason);

/* How many events have been recorded since the first that the broker does not have for sure. */
uint64_t uplink_waiting(const struct uplink *uplink);

/* The same since the first of an alarm; 0: the broker has all of those. */
uint64_t uplink_alarms_waiting(const struct uplink *uplink);

/* Does the broker confirm without passing on? */
bool uplink_is_unheard(const struct uplink *uplink);

/* The engine has said what is confirmed. */
void uplink_loop_welcome(struct uplink *uplink);

/* Once a second: ask for what was confirmed without having been passed on. */
void uplink_loop_resend(struct uplink *uplink);

/* A question to send again is over: was it ours, and none of the engine's? */
bool uplink_loop_resent(struct uplink *uplink, uint64_t number);

/* ---- uplink_remote.c ---- */

/* Have the line listen to commands, if the site takes any. */
NODISCARD int uplink_make_remote(struct uplink *uplink, struct mqtt_link_conf *conf);

/* Each second. */
void uplink_remote_tick(struct uplink *uplink);

/* As mqtt_link_callbacks. */
void uplink_commanded(void *context);
void uplink_commands_refused(void *context);

/* ---- uplink_broker.c ---- */

/* Make the line, if the site has a broker. */
NODISCARD int uplink_make_link(struct uplink *uplink);

/* The status that the broker keeps names the build and the engine's boot. */
void uplink_set_status(struct uplink *uplink);

/* Once a second: tell people what the broker does not take, and what came to it out of order. */
void uplink_tell_broker_limits(struct uplink *uplink);

#endif
