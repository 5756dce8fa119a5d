/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_UPLINK_RECEIVER_H
#define GATEWAY_UPLINK_RECEIVER_H

/*
 * A receiver: who answers at a webhook's address, and whether he can be reached
 *
 * What holds for everything that goes there: its address, its secret, whose certificates count for
 * it. Each attempt tells whether it can be reached; while nothing is to be sent, it is connected to
 * now and then, without a request:
 *
 *     due ──▶ probe ──▶ reachable or not: told when it changes, and logged
 *      ▲                    │
 *      └── probe_ms, or sooner while it cannot be reached
 */

#include <curl/curl.h>

#include "gateway/log.h"
#include "gateway/uplink/chat.h"
#include "gateway/uplink/signature.h"
#include "gateway/uplink/transfers.h"
#include "gateway/uplink/turns.h"
#include "gateway/uplink/webhook.h"

enum { RECEIVER_REASON_SIZE = 160 };

/* What all receivers have in common; outlives them. */
struct receiver_host {
    struct event_base *base;
    struct transfers *transfers;
    struct webhook_times times;
    void (*reachable)(void *context, uint32_t webhook, enum truth reachable);
    void *context;                                        /* of `reachable` */
    bool (*is_called)(const void *calls, uint32_t index); /* an attempt will tell, or tells now */
    const void *calls;                                    /* of `is_called` */
};

/* All zeros is one that was never made, and deinit is right for it. */
struct receiver {
    const struct receiver_host *host;
    struct webhook_conf conf;
    uint32_t index;
    uint8_t reachable;  /* enum truth */
    struct event *due;  /* the next probe */
    CURL *probe;        /* while under way */
    struct turns turns; /* of a chat */
    struct log_limiter failures, splits;
};

/* Begin to probe at once. Keeps `host` and the strings of `conf`. Returns 0 or <0. */
NODISCARD int receiver_init(struct receiver *receiver, const struct receiver_host *host,
                            uint32_t index, const struct webhook_conf *conf);
void receiver_deinit(struct receiver *receiver);

/* An attempt has told whether it can be reached; `reason` says why not. */
void receiver_note(struct receiver *receiver, enum truth reachable, const char *reason);

/* It refused several at once: that says nothing yet of whether people are reached by it. */
void receiver_note_split(struct receiver *receiver, const char *reason);

bool receiver_is_signed(const struct receiver *receiver);

/*
 * Read the secret anew, so that a file that comes later or is changed counts. One that cannot be
 * had makes the receiver one that cannot be reached. Returns 0 or SECRET_E_…; the caller wipes it.
 */
NODISCARD int receiver_secret(struct receiver *receiver, struct secret_shared *ret_secret);

/* Likewise of the token that tells a robot from others. */
NODISCARD bool receiver_token(struct receiver *receiver, char ret_token[SECRET_SIZE]);

/* Set what holds for all that goes to it. */
void receiver_options(const struct receiver *receiver, CURL *transfer);

/* Why a transfer failed, in words: of a certificate, what is wrong with it. */
void receiver_reason(CURL *transfer, CURLcode result, char ret[RECEIVER_REASON_SIZE]);

/* A transfer has ended: note what it tells if it is this one's probe. */
void receiver_probed(struct receiver *receiver, const CURL *transfer, CURLcode result);

#endif
