/* SPDX-License-Identifier: Apache-2.0 */

/*
 * One call: its attempts, from the first to the one that is taken or the last
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/crypto.h>

#include "gateway/clock.h"
#include "gateway/uplink/webhook_parts.h"

enum { STATUS_OK_FIRST = 200, STATUS_OK_LAST = 299 };

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

void call_free(struct webhooks *webhooks, struct call *call) {
    *(call != webhooks->oldest ? &call->older->newer : &webhooks->oldest) = call->newer;
    *(call != webhooks->newest ? &call->newer->older : &webhooks->newest) = call->older;
    webhooks->notice_count -= call->batch.count;
    batch_deinit(&call->batch);
    call_stop(call);
    event_free(call->attempt);
    free(call);
}

static void call_due(evutil_socket_t fd, short what, void *context) {
    (void)fd;
    (void)what;
    call_attempt(context);
}

void call_plan(struct call *call, uint32_t wait_ms) {
    const struct timeval wait = {.tv_sec = (time_t)(wait_ms / 1000),
                                 .tv_usec = (suseconds_t)(wait_ms % 1000 * 1000)};
    (void)event_add(call->attempt, &wait);
}

struct call *call_new(struct webhooks *webhooks, uint32_t webhook, struct call *older) {
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

void call_attempt(struct call *call) {
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

void call_ended(struct call *call, CURLcode result) {
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
