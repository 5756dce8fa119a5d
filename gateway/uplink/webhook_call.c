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

enum {
    STATUS_OK_FIRST = 200,
    STATUS_OK_LAST = 299,
    LIMITED_S_MAX = 600, /* a chat that asks for more is tried all the same */
};
_Static_assert((int)RECEIVER_REASON_SIZE >= (int)CHAT_REASON_SIZE, "a chat's reason is one");

static void call_stop(struct call *call) {
    if (call->transfer != NULL) {
        transfers_end(call->webhooks->host.transfers, call->transfer);
        call->transfer = NULL;
    }
    curl_slist_free_all(call->headers);
    call->headers = NULL;
    free(call->text);
    call->text = NULL;
    free(call->answer);
    call->answer = NULL;
    call->answer_size = 0;
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

/* What a receiver says beside its status is nobody's business; what a chat says is kept for chat_judge(). */
static size_t call_answered(char *bytes, size_t size, size_t count, void *context) {
    struct call *call = context;
    size_t room = call->answer != NULL ? CHAT_ANSWER_MAX - call->answer_size : 0;
    size_t kept = size * count < room ? size * count : room;
    if (kept > 0) {
        memcpy(call->answer + call->answer_size, bytes, kept);
        call->answer_size += kept;
    }
    return size * count;
}

static struct receiver *call_receiver(const struct call *call) {
    return &call->webhooks->receivers[call->webhook];
}

static bool call_is_chat(const struct call *call) {
    return chat_is(call_receiver(call)->conf.format);
}

bool call_has_room(const struct call *call, const struct webhook_notice *notice) {
    enum { PARAGRAPH_SIZE = 2 };
    return !call_is_chat(call) ||
           batch_text_size(&call->batch) + PARAGRAPH_SIZE + notice->body_size <= CHAT_TEXT_MAX;
}

static void call_options(struct call *call, CURL *transfer) {
    receiver_options(call_receiver(call), transfer);
    (void)curl_easy_setopt(transfer, CURLOPT_HTTPHEADER, call->headers);
    (void)curl_easy_setopt(transfer, CURLOPT_POSTFIELDS, (const char *)call->text);
    (void)curl_easy_setopt(transfer, CURLOPT_POSTFIELDSIZE, (long)call->text_size);
    (void)curl_easy_setopt(transfer, CURLOPT_WRITEFUNCTION, call_answered);
    (void)curl_easy_setopt(transfer, CURLOPT_WRITEDATA, (void *)call);
    (void)curl_easy_setopt(transfer, CURLOPT_PRIVATE, (char *)call);
}

static bool call_header(struct call *call, const char *line) {
    struct curl_slist *longer = curl_slist_append(call->headers, line);
    if (longer != NULL) {
        call->headers = longer;
    }
    return longer != NULL;
}

/*
 * What is sent to a chat, and where: its address has the token, and may have the signature. Returns the
 * transfer, or NULL if there can be none.
 */
static CURL *call_dress_chat(struct call *call) {
    struct receiver *receiver = call_receiver(call);
    enum site_format format = receiver->conf.format;
    bool is_signed = format != SITE_FORMAT_WECOM && receiver_is_signed(receiver);
    struct wall wall = clock_wall();
    char token[SECRET_SIZE];
    struct secret_shared secret;
    char *url = NULL, *text = NULL;
    if (receiver_token(receiver, token) &&
        (!is_signed || receiver_secret(receiver, &secret) == 0)) {
        url = chat_url(format, receiver->conf.url, token, is_signed ? &secret : NULL, wall);
        text = batch_write_text(&call->batch);
        call->text =
            text != NULL ? chat_body(format, text, is_signed ? &secret : NULL, wall) : NULL;
        call->text_size = call->text != NULL ? strlen(call->text) : 0;
        call->answer = malloc(CHAT_ANSWER_MAX);
    }
    bool dressed = url != NULL && call->text != NULL && call->answer != NULL &&
                   call_header(call, "Content-Type: application/json; charset=utf-8") &&
                   call_header(call, "Expect:");
    CURL *transfer = dressed ? curl_easy_init() : NULL;
    if (transfer != NULL) {
        call_options(call, transfer);
        (void)curl_easy_setopt(transfer, CURLOPT_URL, url);
    }
    if (url != NULL) {
        OPENSSL_cleanse(url, strlen(url));
    }
    OPENSSL_cleanse(token, sizeof token);
    OPENSSL_cleanse(&secret, sizeof secret);
    free(text);
    free(url);
    return transfer;
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
    struct receiver *receiver = call_receiver(call);
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

/* What is sent to any other receiver; NULL if it cannot be. */
static CURL *call_dress(struct call *call) {
    call->text = batch_write(&call->batch, &call->text_size);
    CURL *transfer = call->text != NULL && call_headers(call) ? curl_easy_init() : NULL;
    if (transfer != NULL) {
        call_options(call, transfer);
    }
    return transfer;
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

/* Is it its turn? One that has to wait for it is planned. */
static bool call_has_turn(struct call *call) {
    uint32_t turn_ms = call->webhooks->host.times.turn_ms;
    uint32_t wait_ms = 0;
    if (call_is_chat(call)) {
        wait_ms =
            turns_take(&call_receiver(call)->turns, turn_ms, call->emergency, clock_real_ns());
    }
    call->queued = wait_ms > 0;
    if (wait_ms > 0) {
        call_plan(call, wait_ms);
    }
    return wait_ms == 0;
}

void call_attempt(struct call *call) {
    struct webhooks *webhooks = call->webhooks;
    if (!call_has_turn(call)) {
        return;
    }
    webhooks->counts.attempts++;
    call->gathers = false;
    call->several = call->batch.count > 1;
    (void)event_del(call->attempt);
    CURL *transfer = call_is_chat(call) ? call_dress_chat(call) : call_dress(call);
    if (transfer == NULL) {
        call_failed(call);
        return;
    }
    call->transfer = transfer;
    if (!transfers_begin(webhooks->host.transfers, transfer)) {
        call_failed(call);
    }
}

/* The receiver has taken what still stands in the call. */
static void call_delivered(struct call *call) {
    struct webhooks *webhooks = call->webhooks;
    const struct call_keys keys = call_keys(call);
    struct receiver *receiver = call_receiver(call);
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

/* A chat was sent too much: it gets nothing for as long as it says, or a while. */
static void call_limited(struct call *call) {
    curl_off_t said_s = 0;
    uint64_t wait_ms = call->webhooks->host.times.limited_ms;
    (void)curl_easy_getinfo(call->transfer, CURLINFO_RETRY_AFTER, &said_s);
    if (said_s > 0) {
        wait_ms = said_s < LIMITED_S_MAX ? (uint64_t)said_s * 1000 : LIMITED_S_MAX * 1000;
    }
    turns_shut(&call_receiver(call)->turns, clock_real_ns() + wait_ms * NS_PER_MS);
    call_failed(call);
}

/* Was it taken? If not, `ret_reason` says why. */
static enum chat_verdict call_judge(const struct call *call, CURLcode result,
                                    char ret_reason[RECEIVER_REASON_SIZE]) {
    long status = 0;
    (void)curl_easy_getinfo(call->transfer, CURLINFO_RESPONSE_CODE, &status);
    if (result != CURLE_OK) {
        receiver_reason(call->transfer, result, ret_reason);
        return CHAT_REFUSED;
    } else if (call_is_chat(call)) {
        return chat_judge(call_receiver(call)->conf.format, status, call->answer, call->answer_size,
                          ret_reason);
    }
    (void)snprintf(ret_reason, RECEIVER_REASON_SIZE, "it answers with HTTP status %ld", status);
    return status >= STATUS_OK_FIRST && status <= STATUS_OK_LAST ? CHAT_TAKEN : CHAT_REFUSED;
}

void call_ended(struct call *call, CURLcode result) {
    long asked_size = 0; /* of what the receiver was sent; nothing if it was not connected to */
    char reason[RECEIVER_REASON_SIZE];
    (void)curl_easy_getinfo(call->transfer, CURLINFO_REQUEST_SIZE, &asked_size);
    enum chat_verdict verdict = call_judge(call, result, reason);
    struct receiver *receiver = call_receiver(call);
    if (verdict == CHAT_TAKEN) {
        call_delivered(call);
    } else if (verdict == CHAT_LIMITED) {
        receiver_note(receiver, TRUTH_FALSE, reason);
        call_limited(call);
    } else if (call->several && asked_size > 0) {
        receiver_note_split(receiver, reason);
        call_split(call);
    } else {
        receiver_note(receiver, TRUTH_FALSE, reason);
        call_failed(call);
    }
}
