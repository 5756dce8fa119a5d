/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/uplink/webhook.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/crypto.h>

#include "gateway/uplink/webhook_parts.h"

struct webhook_times webhook_times_default(void) {
    return (struct webhook_times){.retry_ms_first = 1000,
                                  .retry_ms_max = 60000,
                                  .attempt_ms = 10000,
                                  .probe_ms = 60000,
                                  .probe_ms_lost = 10000,
                                  .age_s_max = 24 * 3600,
                                  .limited_ms = 60000,
                                  .turn_ms = TURN_MS};
}

static bool webhooks_has(const struct webhooks *webhooks, const char *id) {
    const struct call *call = webhooks->oldest;
    while (call != NULL && !batch_has(&call->batch, id)) {
        call = call->newer;
    }
    return call != NULL;
}

/* May the notice join the call? What waits for its turn in a chat is one message, of whatever place. */
static bool call_gathers(const struct call *call, const struct webhook_notice *given) {
    bool like = call->webhook == given->webhook && call->emergency == given->emergency;
    bool meets =
        call->queued || (call->gathers && given->gather_ms > 0 && call->group == given->group);
    return like && meets && call->batch.count < WEBHOOK_CALL_MAX && call_has_room(call, given);
}

/* The call that waits for more of the notice's kind; NULL if none does. */
static struct call *webhooks_gathering(const struct webhooks *webhooks,
                                       const struct webhook_notice *given) {
    struct call *call = webhooks->oldest;
    while (call != NULL && !call_gathers(call, given)) {
        call = call->newer;
    }
    return call;
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
    if (given->gather_ms == 0 && gathering == NULL) {
        call_attempt(call);
    }
    return true;
}

/* Does a call that waits for no others tell whether this webhook can be reached? */
static bool webhooks_is_called(const void *context, uint32_t webhook) {
    const struct webhooks *webhooks = context;
    const struct call *call = webhooks->oldest;
    while (call != NULL && ((call->gathers && !call->queued) || call->webhook != webhook)) {
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
    if (webhooks_has_delivered(webhooks, given->id)) {
        webhooks->counts.repeated++;
        webhooks->callbacks.answered(webhooks->context, &given->key, true);
        return;
    } else if (webhooks_has(webhooks, given->id)) {
        webhooks->counts.repeated++;
        return;
    }
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
    assert(count <= LIMIT_AUDIENCES);
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
