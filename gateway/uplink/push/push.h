/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_UPLINK_PUSH_PUSH_H
#define GATEWAY_UPLINK_PUSH_PUSH_H

/*
 * Web Push: calling people on their own phones (RFC 8030)
 *
 *     push_send ──▶ a parcel for each phone of the audience ──▶ its push service ──▶ phone ──▶ console ──▶ push_receive
 *                        ▲            │                      2xx: handed over                            receipt
 *                        └─ back-off ─┴── 429, 5xx, no answer
 *                                     └── 404, 410: the subscription has ended; the phone is forgotten
 *
 * That a service has taken a parcel says nothing yet: only the phone's own word is a receipt, known by a
 * token of 128 bits that stands in the parcel alone. Each is sealed anew for every attempt. It holds the
 * alarm's text in the language of its reader, and nothing that the text does not say:
 *
 *     {"token":…,"title":…,"body":…,"alarm":"<rule>/<entity>","priority":…,"lang":"zh"}
 *     {"token":…,"title":…,"body":…,"test":true,"lang":"zh"}
 *
 * Every phone is tried once a day (push_phone.h), so that one that cannot be reached is known before it is
 * needed.
 *
 * Nothing here blocks. What is under way is lost with the process; the engine gives it again.
 */

#include <stdint.h>

#include "gateway/base64.h"
#include "gateway/uplink/push/push_phones.h"
#include "gateway/uplink/webhook.h"

struct event_base;
struct push;

enum {
    /* Parcels under way, or handed over and not yet confirmed. */
    PUSH_PARCELS_MAX = 256,
    /* A token, in base64url with its NUL. */
    PUSH_TOKEN_SIZE = 23,
};

struct push_conf {
    const struct site *site;
    const char *state_directory;
    const char *contact; /* for whoever runs a push service: mailto: or https:; "": none */
    const char *ca; /* a file of who may sign a service's certificate beside the system's; "" */
};

struct push_times {
    uint32_t retry_ms_first, retry_ms_max; /* the wait after a failure doubles up to the second */
    uint32_t attempt_ms;
    uint32_t age_ms_max;     /* a parcel is not tried any more after that */
    uint32_t receipt_ms_max; /* … and its receipt not waited for */
};

/* 1 s to 60 s, 10 s, 10 min, 1 h. */
struct push_times push_times_default(void);

struct push_callbacks {
    /* A phone has confirmed; or none will, because there is none, or all have been given up. */
    void (*answered)(void *context, const struct webhook_key *key, bool received);
    /* Which audiences can be reached may have changed. */
    void (*changed)(void *context);
};

struct push_counts {
    uint64_t phones, phones_reachable; /* now */
    uint64_t waiting;                  /* parcels that are not handed over, now */
    uint64_t attempts;
    uint64_t handed; /* to their services */
    uint64_t received;
    uint64_t failures; /* attempts that failed */
    uint64_t ended;    /* subscriptions that their services have ended */
    uint64_t dropped;  /* parcels: no room or no memory */
    uint64_t given_up; /* parcels that were too old */
};

/*
 * Keeps the site and the strings of `conf`. The program has called curl_global_init(). Returns 0 or <0.
 */
NODISCARD int push_new(struct event_base *base, const struct push_conf *conf,
                       const struct push_times *times, const struct push_callbacks *callbacks,
                       void *context, struct push **ret_push);
struct push *push_free(struct push *push);

struct push_notice {
    struct webhook_key key;
    uint32_t webhook; /* index of the audience that is called */
    bool emergency;
    const char *body; /* the event, JSON */
    size_t body_size;
};

/* Send to every phone of the audience; one that has it already is not sent it again. May call back at once. */
void push_send(struct push *push, const struct push_notice *notice);

/* Nobody is to be told of this run of the alarm's chain any more: what is not handed over goes. */
void push_withdraw(struct push *push, uint32_t alarm, uint32_t run);

struct push_reach {
    uint32_t phones, reachable;
    int64_t received_s, tested_s; /* the last of them; 0: never */
};

/* How can those whom the audience `webhook` means be reached? */
struct push_reach push_reach(const struct push *push, uint32_t webhook);

/* Once a second: what is due is tried, what is too old goes, what changed is written down. */
void push_tick(struct push *push);

/* The public key that a browser subscribes with, in base64url. */
void push_public_key(const struct push *push, char ret[BASE64URL_SIZE(PUSH_PUBLIC_SIZE)]);

/* A phone comes; it is tried at once. Returns 0, PUSH_E_FULL, or <0 when it cannot be kept. */
NODISCARD int push_subscribe(struct push *push, const struct push_phone *phone);

/* As push_phones_leave() and push_phones_promote(). */
uint32_t push_leave(struct push *push, const char *person, const char *endpoint);
uint32_t push_promote(struct push *push, const char *person, enum role role, uint64_t name);

/* A phone confirms what it was sent; false when nothing is known by this token (any more). */
bool push_receive(struct push *push, const char *token);

const struct push_phones *push_phones(const struct push *push);
struct push_counts push_counts(const struct push *push);

#endif
