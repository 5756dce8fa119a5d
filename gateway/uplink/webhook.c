/* SPDX-License-Identifier: Apache-2.0 */

#include "gateway/uplink/webhook.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <event2/event.h>
#include <openssl/crypto.h>

#include "gateway/clock.h"
#include "gateway/uplink/batch.h"
#include "gateway/uplink/receiver.h"
#include "rules/limits.h"

enum { STATUS_OK_FIRST = 200, STATUS_OK_LAST = 299 };

struct call {
    struct call *older, *newer;
    struct webhooks *webhooks;
    uint32_t webhook;
    uint32_t group;
    bool gathers;   /* others of its group may still join */
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
};

struct webhooks {
    struct receiver_host host;
    struct receiver receivers[LIMIT_WEBHOOKS];
    uint32_t count;
    struct webhook_callbacks callbacks;
    void *context;
    struct call *oldest, *newest;
    uint32_t notice_count;                                  /* of all calls */
    char delivered[WEBHOOK_DELIVERED_MAX][WEBHOOK_ID_SIZE]; /* a ring */
    uint32_t delivered_next;
    struct webhook_counts counts;
};

struct webhook_times webhook_times_default(void) {
    return (struct webhook_times){.retry_ms_first = 1000,
                                  .retry_ms_max = 60000,
                                  .attempt_ms = 10000,
                                  .probe_ms = 60000,
                                  .probe_ms_lost = 10000,
                                  .age_s_max = 24 * 3600};
}

/* ---- calls and their notices ---- */

static void call_stop(struct call *call) {
    if (call->transfer != NULL) {
        transfers_end(call->webhooks->host.transfers, call->transfer);
        call->transfer = NULL;
    }
    curl_slist_free_all(call->headers);
    call->headers = NULL;
    free(call->text);
    call->text = NULL;
}

/* Free a call; what it still holds goes with it. */
static void call_free(struct webhooks *webhooks, struct call *call) {
    *(call != webhooks->oldest ? &call->older->newer : &webhooks->oldest) = call->newer;
    *(call != webhooks->newest ? &call->newer->older : &webhooks->newest) = call->older;
    webhooks->notice_count -= call->batch.count;
    batch_deinit(&call->batch);
    call_stop(call);
    event_free(call->attempt);
    free(call);
}

static bool webhooks_has(const struct webhooks *webhooks, const char *id) {
    const struct call *call = webhooks->oldest;
    while (call != NULL && !batch_has(&call->batch, id)) {
        call = call->newer;
    }
    return call != NULL;
}

static void call_attempt(struct call *call);

static void call_due(evutil_socket_t fd, short what, void *context) {
    (void)fd;
    (void)what;
    call_attempt(context);
}

static void call_plan(struct call *call, uint32_t wait_ms) {
    const struct timeval wait = {.tv_sec = (time_t)(wait_ms / 1000),
                                 .tv_usec = (suseconds_t)(wait_ms % 1000 * 1000)};
    (void)event_add(call->attempt, &wait);
}

/* An empty call, between `older` and the one that comes after that; NULL without memory. */
static struct call *call_new(struct webhooks *webhooks, uint32_t webhook, struct call *older) {
    struct call *call = calloc(1, sizeof *call);
    if (call == NULL) {
        return NULL;
    }
    call->attempt = event_new(webhooks->host.base, -1, 0, call_due, call);
    if (call->attempt == NULL) {
        free(call);
        return NULL;
    }
    call->webhooks = webhooks;
    call->webhook = webhook;
    call->born_ns = clock_real_ns();
    call->wait_ms = webhooks->host.times.retry_ms_first;
    call->older = older;
    call->newer = older != NULL ? older->newer : webhooks->oldest;
    *(call->older != NULL ? &call->older->newer : &webhooks->oldest) = call;
    *(call->newer != NULL ? &call->newer->older : &webhooks->newest) = call;
    return call;
}

/* The call that waits for more of the notice's group; NULL if none does. */
static struct call *webhooks_gathering(const struct webhooks *webhooks,
                                       const struct webhook_notice *given) {
    struct call *call = webhooks->oldest;
    while (call != NULL &&
           (!call->gathers || call->webhook != given->webhook || call->group != given->group ||
            call->emergency != given->emergency || call->batch.count == WEBHOOK_CALL_MAX)) {
        call = call->newer;
    }
    return given->gather_ms > 0 ? call : NULL;
}

static struct call *call_begin(struct webhooks *webhooks, const struct webhook_notice *given) {
    struct call *call = call_new(webhooks, given->webhook, webhooks->newest);
    if (call != NULL) {
        call->group = given->group;
        call->gathers = given->gather_ms > 0;
        call->emergency = given->emergency;
        call_plan(call, given->gather_ms);
    }
    return call;
}

/* Returns false, and changes nothing, without memory. */
static bool webhooks_add(struct webhooks *webhooks, const struct webhook_notice *given) {
    struct call *gathering = webhooks_gathering(webhooks, given);
    struct call *call = gathering != NULL ? gathering : call_begin(webhooks, given);
    if (call == NULL) {
        return false;
    } else if (!batch_add(&call->batch, given)) {
        if (gathering == NULL) {
            call_free(webhooks, call);
        }
        return false;
    }
    webhooks->notice_count++;
    if (given->gather_ms == 0) {
        call_attempt(call);
    }
    return true;
}

/* ---- one attempt ---- */

/* What the receiver says beside its status is nobody's business. */
static size_t call_swallow(char *bytes, size_t size, size_t count, void *context) {
    (void)bytes;
    (void)context;
    return size * count;
}

static bool call_header(struct call *call, const char *line) {
    struct curl_slist *longer = curl_slist_append(call->headers, line);
    if (longer != NULL) {
        call->headers = longer;
    }
    return longer != NULL;
}

/* Headers of one attempt; the signature tells when it was made. Returns false if it cannot be. */
static bool call_headers(struct call *call) {
    if (!call_header(call, call->several ? "Content-Type: application/cloudevents-batch+json; "
                                           "charset=utf-8"
                                         : "Content-Type: application/cloudevents+json; "
                                           "charset=utf-8") ||
        !call_header(call, "Expect:")) {
        return false;
    }
    struct receiver *receiver = &call->webhooks->receivers[call->webhook];
    if (!receiver_is_signed(receiver)) {
        return true;
    }
    struct secret_shared secret;
    char line[SIGNATURE_HEADER_SIZE];
    int r = receiver_secret(receiver, &secret);
    if (r == 0) {
        r = signature_header(&secret, clock_wall(), call->text, call->text_size, line);
        OPENSSL_cleanse(&secret, sizeof secret);
    }
    return r == 0 && call_header(call, line);
}

static void call_options(struct call *call, CURL *transfer) {
    receiver_options(&call->webhooks->receivers[call->webhook], transfer);
    (void)curl_easy_setopt(transfer, CURLOPT_HTTPHEADER, call->headers);
    (void)curl_easy_setopt(transfer, CURLOPT_POSTFIELDS, (const char *)call->text);
    (void)curl_easy_setopt(transfer, CURLOPT_POSTFIELDSIZE, (long)call->text_size);
    (void)curl_easy_setopt(transfer, CURLOPT_WRITEFUNCTION, call_swallow);
    (void)curl_easy_setopt(transfer, CURLOPT_PRIVATE, (char *)call);
}

/* Whose receipts a call owes. */
struct call_keys {
    struct webhook_key list[WEBHOOK_CALL_MAX];
    uint32_t count;
};

static struct call_keys call_keys(const struct call *call) {
    struct call_keys keys = {.count = 0};
    for (const struct batch_notice *notice = call->batch.oldest; notice != NULL;
         notice = notice->newer) {
        keys.list[keys.count++] = notice->key;
    }
    return keys;
}

/* Tell what became of them. The call is gone by now. */
static void webhooks_answer(struct webhooks *webhooks, const struct call_keys *keys,
                            bool received) {
    for (uint32_t i = 0; i < keys->count; i++) {
        webhooks->callbacks.answered(webhooks->context, &keys->list[i], received);
    }
}

/* Try again later, or give up a call that is older than anybody wants to hear of. */
static void call_retry(struct call *call) {
    struct webhooks *webhooks = call->webhooks;
    uint64_t age_ns = clock_real_ns() - call->born_ns;
    if (age_ns >= webhooks->host.times.age_s_max * NS_PER_S) {
        const struct call_keys keys = call_keys(call);
        webhooks->counts.given_up += keys.count;
        call_free(webhooks, call);
        webhooks_answer(webhooks, &keys, false);
        return;
    }
    call_plan(call, call->wait_ms);
    call->wait_ms = call->wait_ms * 2 < webhooks->host.times.retry_ms_max
                        ? call->wait_ms * 2
                        : webhooks->host.times.retry_ms_max;
}

static void call_failed(struct call *call) {
    call->webhooks->counts.failures++;
    call_stop(call);
    call_retry(call);
}

/*
 * The receiver was asked and did not take several: each goes by itself from now on, at once. What
 * there is no memory to part stays together and is tried again like that.
 */
static void call_split(struct call *call) {
    struct webhooks *webhooks = call->webhooks;
    webhooks->counts.failures++;
    call_stop(call);
    struct call *single = call;
    while (single != NULL && call->batch.count > 1) {
        single = call_new(webhooks, call->webhook, call->older);
        if (single != NULL) {
            single->born_ns = call->born_ns;
            single->emergency = call->emergency;
            batch_move_oldest(&call->batch, &single->batch);
            call_plan(single, 0);
        }
    }
    if (single == NULL) {
        call_retry(call);
    } else {
        call->wait_ms = webhooks->host.times.retry_ms_first;
        call_plan(call, 0);
    }
}

static void call_attempt(struct call *call) {
    struct webhooks *webhooks = call->webhooks;
    webhooks->counts.attempts++;
    call->gathers = false;
    call->several = call->batch.count > 1;
    (void)event_del(call->attempt);
    call->text = batch_write(&call->batch, &call->text_size);
    CURL *transfer = call->text != NULL && call_headers(call) ? curl_easy_init() : NULL;
    if (transfer == NULL) {
        call_failed(call);
        return;
    }
    call_options(call, transfer);
    call->transfer = transfer;
    if (!transfers_begin(webhooks->host.transfers, transfer)) {
        call_failed(call);
    }
}

/* The receiver has taken what still stands in the call. */
static void call_delivered(struct call *call) {
    struct webhooks *webhooks = call->webhooks;
    const struct call_keys keys = call_keys(call);
    struct receiver *receiver = &webhooks->receivers[call->webhook];
    for (const struct batch_notice *notice = call->batch.oldest; notice != NULL;
         notice = notice->newer) {
        memcpy(webhooks->delivered[webhooks->delivered_next], notice->id, sizeof notice->id);
        webhooks->delivered_next = (webhooks->delivered_next + 1) % WEBHOOK_DELIVERED_MAX;
    }
    webhooks->counts.delivered += keys.count;
    call_free(webhooks, call);
    receiver_note(receiver, TRUTH_TRUE, "");
    webhooks_answer(webhooks, &keys, true);
}

static void call_ended(struct call *call, CURLcode result) {
    long status = 0;
    long asked_size = 0; /* of what the receiver was sent; nothing if it was not connected to */
    (void)curl_easy_getinfo(call->transfer, CURLINFO_RESPONSE_CODE, &status);
    (void)curl_easy_getinfo(call->transfer, CURLINFO_REQUEST_SIZE, &asked_size);
    if (result == CURLE_OK && status >= STATUS_OK_FIRST && status <= STATUS_OK_LAST) {
        call_delivered(call);
        return;
    }
    struct receiver *receiver = &call->webhooks->receivers[call->webhook];
    char reason[RECEIVER_REASON_SIZE];
    if (result == CURLE_OK) {
        (void)snprintf(reason, sizeof reason, "it answers with HTTP status %ld", status);
    } else {
        receiver_reason(call->transfer, result, reason);
    }
    if (call->several && asked_size > 0) {
        receiver_note_split(receiver, reason);
        call_split(call);
    } else {
        receiver_note(receiver, TRUTH_FALSE, reason);
        call_failed(call);
    }
}

/* Does a call that waits for no others tell whether this webhook can be reached? */
static bool webhooks_is_called(const void *context, uint32_t webhook) {
    const struct webhooks *webhooks = context;
    const struct call *call = webhooks->oldest;
    while (call != NULL && (call->gathers || call->webhook != webhook)) {
        call = call->newer;
    }
    return call != NULL;
}

static void webhooks_ended(void *context, CURL *transfer, CURLcode result) {
    struct webhooks *webhooks = context;
    char *call = NULL;
    (void)curl_easy_getinfo(transfer, CURLINFO_PRIVATE, &call);
    if (call != NULL) {
        call_ended((struct call *)(void *)call, result);
    } else {
        for (uint32_t i = 0; i < webhooks->count; i++) {
            receiver_probed(&webhooks->receivers[i], transfer, result);
        }
    }
}

/* ---- public ---- */

static bool webhooks_has_delivered(const struct webhooks *webhooks, const char *id) {
    for (uint32_t i = 0; i < WEBHOOK_DELIVERED_MAX; i++) {
        if (strcmp(webhooks->delivered[i], id) == 0) {
            return true;
        }
    }
    return false;
}

/* What was taken out of a call is gone, and the call with its last notice. */
static void call_shrunk(struct webhooks *webhooks, struct call *call, uint32_t removed) {
    webhooks->notice_count -= removed;
    if (call->batch.count == 0) {
        call_free(webhooks, call);
    }
}

/*
 * Make room for a new one: the oldest goes that is no emergency. Where all are, the oldest of them
 * goes for another emergency, and for nothing less. Its sender is told, so that its chain need not
 * wait for it. Returns whether there is room.
 */
static bool webhooks_displace(struct webhooks *webhooks, bool emergency) {
    struct call *call = webhooks->oldest;
    while (call != NULL && call->emergency) {
        call = call->newer;
    }
    if (call == NULL && !emergency) {
        return false;
    } else if (call == NULL) {
        call = webhooks->oldest;
    }
    assert(call != NULL);
    const struct webhook_key key = call->batch.oldest->key;
    batch_remove_oldest(&call->batch);
    call_shrunk(webhooks, call, 1);
    webhooks->counts.displaced++;
    webhooks->callbacks.answered(webhooks->context, &key, false);
    return true;
}

void webhooks_send(struct webhooks *webhooks, const struct webhook_notice *given) {
    assert(given->webhook < webhooks->count && strlen(given->id) < WEBHOOK_ID_SIZE);
    struct receiver *receiver = &webhooks->receivers[given->webhook];
    struct secret_shared secret;
    if (webhooks_has_delivered(webhooks, given->id)) {
        webhooks->counts.repeated++;
        webhooks->callbacks.answered(webhooks->context, &given->key, true);
        return;
    } else if (webhooks_has(webhooks, given->id)) {
        webhooks->counts.repeated++;
        return;
    } else if (receiver_is_signed(receiver) && receiver_secret(receiver, &secret) != 0) {
        webhooks->callbacks.answered(webhooks->context, &given->key, false);
        return;
    }
    OPENSSL_cleanse(&secret, sizeof secret);
    bool room = webhooks->notice_count < WEBHOOK_NOTICES_MAX ||
                webhooks_displace(webhooks, given->emergency);
    if (!room || !webhooks_add(webhooks, given)) {
        webhooks->counts.dropped++;
        webhooks->callbacks.answered(webhooks->context, &given->key, false);
    }
}

void webhooks_withdraw(struct webhooks *webhooks, uint32_t alarm, uint32_t run) {
    struct call *call = webhooks->oldest;
    while (call != NULL) {
        struct call *newer = call->newer;
        call_shrunk(webhooks, call, batch_withdraw(&call->batch, alarm, run));
        call = newer;
    }
}

void webhooks_tell(struct webhooks *webhooks) {
    for (uint32_t i = 0; i < webhooks->count; i++) {
        webhooks->callbacks.reachable(webhooks->context, i,
                                      (enum truth)webhooks->receivers[i].reachable);
    }
}

struct webhook_counts webhooks_counts(const struct webhooks *webhooks) {
    struct webhook_counts counts = webhooks->counts;
    counts.waiting = webhooks->notice_count;
    return counts;
}

int webhooks_new(struct event_base *base, const struct webhook_conf *conf, uint32_t count,
                 const struct webhook_times *times, const struct webhook_callbacks *callbacks,
                 void *context, struct webhooks **ret_webhooks) {
    assert(count <= LIMIT_WEBHOOKS);
    struct webhooks *webhooks = calloc(1, sizeof *webhooks);
    if (webhooks == NULL) {
        return err_origin(-ENOMEM);
    }
    webhooks->host = (struct receiver_host){
        .base = base,
        .times = *times,
        .reachable = callbacks->reachable,
        .context = context,
        .is_called = webhooks_is_called,
        .calls = webhooks,
    };
    webhooks->count = count;
    webhooks->callbacks = *callbacks;
    webhooks->context = context;
    int r = err_trace(transfers_new(base, webhooks_ended, webhooks, &webhooks->host.transfers));
    for (uint32_t i = 0; r == 0 && i < count; i++) {
        r = err_trace(receiver_init(&webhooks->receivers[i], &webhooks->host, i, &conf[i]));
    }
    if (r != 0) {
        (void)webhooks_free(webhooks);
        return r;
    }
    *ret_webhooks = webhooks;
    return 0;
}

struct webhooks *webhooks_free(struct webhooks *webhooks) {
    if (webhooks == NULL) {
        return NULL;
    }
    struct call *call = webhooks->oldest;
    while (call != NULL) {
        struct call *newer = call->newer;
        call_free(webhooks, call);
        call = newer;
    }
    for (uint32_t i = 0; i < webhooks->count; i++) {
        receiver_deinit(&webhooks->receivers[i]);
    }
    webhooks->host.transfers = transfers_free(webhooks->host.transfers);
    free(webhooks);
    return NULL;
}
