/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_UPLINK_WEBHOOK_H
#define GATEWAY_UPLINK_WEBHOOK_H

/*
 * Webhooks: calling a role by HTTP
 *
 * A notice is the JSON of an escalation, to be POSTed to one webhook until somebody takes it:
 *
 *     webhooks_send ──▶ waiting ──▶ under way ── 2xx ──▶ delivered: receipt
 *                          ▲            │
 *                          └─ back-off ─┴── anything else, or no answer in time
 *
 * A notice that may not wait is a call of its own, so that one which a receiver does not like holds
 * up no other. One that may is gathered: those of its group that come within its time go in the
 * same call, as a JSON array (CloudEvents 1.0.2, HTTP protocol binding, 3.3 batched content mode),
 * and are taken together. A receiver that was sent the array and did not take it, because it knows
 * no arrays or dislikes one of the events, gets each by itself from then on, at once; whether it
 * can be reached is told by those calls. While nobody can be connected to, they stay together.
 *
 * The robot of a group chat (chat.h) gets a text instead: those of one call are its paragraphs, as many as
 * a message holds. It is not spoken to more often than its maker allows (turns.h); what waits for its
 * turn is gathered, whatever its group.
 *
 * When too many wait, an emergency goes last: the oldest that is none makes room.
 *
 * Nothing here blocks: the transfers run in the loop, names are resolved on threads of libcurl.
 * A receiver's certificate is verified, redirections are not followed, its answer's body is thrown
 * away. Each call is signed (signature.h); without its secret a webhook is off, because a receiver
 * that cannot tell who calls must not act. That it cannot be reached is known before it is needed
 * (receiver.h).
 *
 * A notice is known by its id: one that is on its way or was delivered is not sent again, whoever
 * asks. What is under way is lost with the process; the engine gives it again.
 */

#include <stddef.h>

#include "gateway/err.h"
#include "gateway/site.h"
#include "rules/reading.h"

struct event_base;

enum {
    /* Notices that wait or are under way. More calls than anybody could answer. */
    WEBHOOK_NOTICES_MAX = 64,
    /* Notices of one call; one more begins another. */
    WEBHOOK_CALL_MAX = 16,
    /* Ids that are remembered after their delivery. */
    WEBHOOK_DELIVERED_MAX = 64,
    WEBHOOK_ID_SIZE = 128,
};

struct webhook_conf {
    const char *name;        /* of the role, for messages */
    const char *url;         /* "": nothing is sent there, nor is it probed */
    const char *secret_file; /* "": none, calls are not signed */
    const char *ca; /* "": the system's; else a file of who may sign the receiver's certificate */
    const char *token_file;  /* of a chat's robot; "" otherwise */
    enum site_format format; /* of a chat: each body is the text that people read */
};

struct webhook_times {
    uint32_t retry_ms_first, retry_ms_max; /* the wait after a failure doubles up to the second */
    uint32_t attempt_ms;                   /* longest time of one attempt */
    uint32_t probe_ms;      /* between two looks whether an idle one can be reached */
    uint32_t probe_ms_lost; /* … while it cannot */
    uint32_t age_s_max;     /* a notice is given up after that */
    uint32_t limited_ms;    /* a chat that was sent too much is left alone */
    uint32_t turn_ms;       /* … gets one more message in such a time (turns.h) */
};

/* 1 s to 60 s, 10 s, 60 s, 10 s, 24 h, 60 s, TURN_MS. */
struct webhook_times webhook_times_default(void);

/* What a receipt is for; comes back as it was given. */
struct webhook_key {
    uint32_t alarm;
    uint32_t step;
    uint32_t run;
};

struct webhook_notice {
    uint32_t webhook; /* index in the configuration */
    struct webhook_key key;
    uint32_t gather_ms; /* real time that it may wait for others of its group; 0: not at all */
    bool emergency;     /* goes for a new one only when all that wait are emergencies */
    uint32_t group;
    const char *id; /* at most WEBHOOK_ID_SIZE - 1 bytes */
    const char *body;
    size_t body_size;
};

struct webhook_callbacks {
    /*
     * It was taken (2xx), or will not be: its webhook is off, it was dropped, it went for a new one
     * or was given up. It leaves the webhooks alone.
     */
    void (*answered)(void *context, const struct webhook_key *key, bool received);
    /* A webhook can be reached or cannot, as far as the last attempt tells. */
    void (*reachable)(void *context, uint32_t webhook, enum truth reachable);
};

struct webhook_counts {
    uint64_t waiting; /* notices that wait or are under way, now */
    uint64_t attempts;
    uint64_t delivered;
    uint64_t failures;  /* attempts that failed */
    uint64_t repeated;  /* notices that were known already */
    uint64_t displaced; /* went for a new one, because WEBHOOK_NOTICES_MAX waited */
    uint64_t dropped;   /* new ones: no memory, or all that waited were emergencies */
    uint64_t given_up;  /* too old */
};

struct webhooks;

/*
 * Make the webhooks, at most LIMIT_AUDIENCES, and begin to probe them. Keeps the strings of `conf`
 * and `context`. The program has called curl_global_init(). Returns 0 or <0.
 */
NODISCARD int webhooks_new(struct event_base *base, const struct webhook_conf *conf, uint32_t count,
                           const struct webhook_times *times,
                           const struct webhook_callbacks *callbacks, void *context,
                           struct webhooks **ret_webhooks);
struct webhooks *webhooks_free(struct webhooks *webhooks);

/* Send a notice, copied. May call back at once; one that cannot be kept is not received. */
void webhooks_send(struct webhooks *webhooks, const struct webhook_notice *notice);

/* Nobody is to be told of this run of the alarm's chain any more: what still waits goes. */
void webhooks_withdraw(struct webhooks *webhooks, uint32_t alarm, uint32_t run);

/* Say again by `reachable` what is known of each webhook: the engine is new. */
void webhooks_tell(struct webhooks *webhooks);

struct webhook_counts webhooks_counts(const struct webhooks *webhooks);

#endif
