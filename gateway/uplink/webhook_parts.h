/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_UPLINK_WEBHOOK_PARTS_H
#define GATEWAY_UPLINK_WEBHOOK_PARTS_H

/*
 * The parts of the webhooks, for their own files only
 *
 *     webhook.c       all calls: which notices go together, which are known, and which makes room
 *     webhook_call.c  one call: its attempts, from the first to the one that is taken or the last
 */

#include <event2/event.h>

#include "gateway/uplink/batch.h"
#include "gateway/uplink/receiver.h"
#include "rules/limits.h"

struct call {
    struct call *older, *newer;
    struct webhooks *webhooks;
    uint32_t webhook;
    uint32_t group;
    bool gathers;   /* others of its group may still join */
    bool queued;    /* it waits for its turn in a chat, and anything like it may join */
    bool emergency; /* all of it, or none */
    bool several;   /* as it was sent last: an array */
    struct batch batch;
    uint64_t born_ns;      /* real time */
    uint32_t wait_ms;      /* after the next failure */
    struct event *attempt; /* the next one */
    CURL *transfer;        /* while under way */
    struct curl_slist *headers;
    char *text; /* what is under way, as it was when it began */
    size_t text_size;
    char *answer; /* of a chat, so far; else NULL */
    size_t answer_size;
};

struct webhooks {
    struct receiver_host host;
    struct receiver receivers[LIMIT_AUDIENCES];
    uint32_t count;
    struct webhook_callbacks callbacks;
    void *context;
    struct call *oldest, *newest;
    uint32_t notice_count;                                  /* of all calls */
    char delivered[WEBHOOK_DELIVERED_MAX][WEBHOOK_ID_SIZE]; /* a ring */
    uint32_t delivered_next;
    struct webhook_counts counts;
};

/* ---- webhook_call.c ---- */

/* An empty call, between `older` and the one that comes after that; NULL without memory. */
struct call *call_new(struct webhooks *webhooks, uint32_t webhook, struct call *older);

/* Free a call; what it still holds goes with it, and nobody is told. */
void call_free(struct webhooks *webhooks, struct call *call);

/* Attempt it after so much real time. */
void call_plan(struct call *call, uint32_t wait_ms);

/* Does a message of its chat hold the notice beside what it has? Always true where it is no chat. */
bool call_has_room(const struct call *call, const struct webhook_notice *notice);

/* Attempt it now, or when it is its turn. What fails is planned again, or given up. */
void call_attempt(struct call *call);

/* Its attempt has ended; the call may be gone afterwards. */
void call_ended(struct call *call, CURLcode result);

#endif
