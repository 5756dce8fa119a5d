/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_UPLINK_PUSH_PUSH_PARTS_H
#define GATEWAY_UPLINK_PUSH_PUSH_PARTS_H

/*
 * The parts of Web Push, for their own files only
 *
 *     push.c         which parcels there are, and what becomes of them
 *     push_parcel.c  one parcel: its text, its seal, its attempts
 */

#include "gateway/base64.h"
#include "gateway/log.h"
#include "gateway/uplink/push/push.h"
#include "gateway/uplink/transfers.h"

enum parcel_state {
    PARCEL_FREE,
    PARCEL_WAITS,     /* for its next attempt */
    PARCEL_UNDER_WAY, /* to its service */
    PARCEL_HANDED,    /* over, and not yet confirmed */
};

struct parcel {
    enum parcel_state state;
    struct webhook_key key;
    uint32_t phone; /* its id */
    bool test;
    bool emergency;
    char token[PUSH_TOKEN_SIZE];
    char topic[PUSH_TOKEN_SIZE]; /* a newer parcel of the same takes its place at the service */
    char *text;                  /* JSON, until it is handed over */
    uint64_t born_ns, due_ns;    /* real time */
    uint32_t wait_ms;            /* after the next failure */
    CURL *transfer;
    struct curl_slist *headers;
    unsigned char *sealed;
};

struct push {
    struct event_base *base;
    struct push_conf conf;
    struct push_times times;
    struct push_callbacks callbacks;
    void *context;
    struct transfers *transfers;
    struct push_phones phones;
    struct parcel parcels[PUSH_PARCELS_MAX];
    struct push_counts counts;
    struct log_limiter failures, ended;
    uint64_t written_ns; /* real time, when the phones last were */
};

/* What a parcel says. Both return NULL without memory, or when the event is none. */
char *parcel_text(const char *token, const struct push_phone *phone, const char *body, size_t size);
char *parcel_test_text(const char *token, enum site_language language);

/* Begin the attempt that is due; returns false when it cannot be. */
bool parcel_begin(struct push *push, struct parcel *parcel, const struct push_phone *phone);

/* End an attempt, whatever came of it. */
void parcel_stop(struct push *push, struct parcel *parcel);

/* How its service answered. */
enum parcel_answer {
    PARCEL_TAKEN,
    PARCEL_LATER, /* and when, if the service says so */
    PARCEL_ENDED, /* there is no such subscription any more */
    PARCEL_WRONG, /* it will not take this parcel, however often it is sent */
};
enum parcel_answer parcel_judge(const struct parcel *parcel, CURLcode result, char *ret_reason,
                                size_t size);

#endif
