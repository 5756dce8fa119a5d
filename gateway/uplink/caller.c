/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/uplink/caller.h"

#include <stdlib.h>
#include <string.h>

#include "gateway/uplink/chat.h"
#include "gateway/uplink/notice_text.h"
#include "gateway/uplink/uplink_json.h"
#include "gateway/uplink/webhook.h"

enum { RECEIPTS_MAX = WEBHOOK_NOTICES_MAX };

struct caller {
    const struct site *site;
    struct webhooks *webhooks;
    int (*send)(void *client, const void *message);
    void *client;
    struct wire_receipt receipts[RECEIPTS_MAX]; /* untold, oldest first */
    uint32_t receipt_count;
    uint64_t receipts_dropped;
    struct wire_listener listeners[LIMIT_WEBHOOKS]; /* as they are now */
    bool untold[LIMIT_WEBHOOKS];
};

/* Tell the engine what it has not been told, as far as its socket takes it. */
static void caller_tell(struct caller *caller) {
    while (caller->receipt_count > 0) {
        int r = caller->send(caller->client, &caller->receipts[0]);
        if (r == WIRE_E_FULL) {
            return;
        }
        /* An engine that is away gives the notice again, and gets its receipt then. */
        caller->receipt_count--;
        memmove(&caller->receipts[0], &caller->receipts[1],
                caller->receipt_count * sizeof caller->receipts[0]);
    }
    for (uint32_t i = 0; i < caller->site->webhook_count; i++) {
        if (caller->untold[i]) {
            caller->untold[i] = caller->send(caller->client, &caller->listeners[i]) != 0;
        }
    }
}

static void caller_answered(void *context, const struct webhook_key *key, bool received) {
    struct caller *caller = context;
    if (caller->receipt_count == RECEIPTS_MAX) {
        caller->receipts_dropped++;
        return; /* the engine has not listened for so long that it moves on by itself */
    }
    caller->receipts[caller->receipt_count++] = (struct wire_receipt){
        .header = wire_header_of(WIRE_RECEIPT, sizeof(struct wire_receipt)),
        .alarm = key->alarm,
        .step = key->step,
        .run = key->run,
        .received = received ? 1 : 0,
    };
    caller_tell(caller);
}

static void caller_reachable(void *context, uint32_t webhook, enum truth reachable) {
    struct caller *caller = context;
    caller->listeners[webhook] = (struct wire_listener){
        .header = wire_header_of(WIRE_LISTENER, sizeof(struct wire_listener)),
        .webhook = webhook,
        .reachable = (uint32_t)reachable,
    };
    caller->untold[webhook] = true;
    caller_tell(caller);
}

void caller_welcome(struct caller *caller) {
    webhooks_tell(caller->webhooks);
}

/* What the webhook is sent of a notice. Returns its length, or 0 when the event is damaged. */
static size_t caller_body(const struct site_webhook *webhook, const struct wire_notice *message,
                          char ret[UPLINK_JSON_SIZE]) {
    struct notice_text text;
    if (!chat_is((enum site_format)webhook->format)) {
        const struct uplink_json_marks marks = {.durable = message->durable != 0};
        return uplink_json_event(message->body, message->body_size, &marks, ret);
    } else if (!notice_text_read(message->body, message->body_size,
                                 (enum site_language)webhook->language, &text)) {
        return 0;
    }
    notice_text_write(&text, ret, CHAT_TEXT_MAX + 1);
    return strlen(ret);
}

void caller_notice(struct caller *caller, const struct wire_notice *message) {
    if (message->webhook >= caller->site->webhook_count) {
        return;
    } else if (message->body_size == 0) {
        webhooks_withdraw(caller->webhooks, message->alarm, message->run);
        return;
    }
    const struct webhook_key key = {message->alarm, message->step, message->run};
    char body[UPLINK_JSON_SIZE];
    char id[WEBHOOK_ID_SIZE];
    size_t size = caller_body(&caller->site->webhooks[message->webhook], message, body);
    if (size == 0 || !uplink_json_id(message->body, message->body_size, id, sizeof id)) {
        caller_answered(caller, &key, false); /* a damaged row of the journal */
        return;
    }
    webhooks_send(caller->webhooks, &(struct webhook_notice){.webhook = message->webhook,
                                                             .key = key,
                                                             .gather_ms = message->gather_ms,
                                                             .emergency = message->emergency != 0,
                                                             .group = message->place,
                                                             .id = id,
                                                             .body = body,
                                                             .body_size = size});
}

struct webhook_counts caller_counts(const struct caller *caller, uint64_t *ret_receipts_dropped) {
    *ret_receipts_dropped = caller->receipts_dropped;
    return webhooks_counts(caller->webhooks);
}

void caller_writable(struct caller *caller) {
    caller_tell(caller);
}

int caller_new(struct event_base *base, const struct site *site,
               int (*send)(void *client, const void *message), void *client,
               struct caller **ret_caller) {
    static const struct webhook_callbacks callbacks = {caller_answered, caller_reachable};
    struct webhook_conf conf[LIMIT_WEBHOOKS];
    struct caller *caller = calloc(1, sizeof *caller);
    if (caller == NULL) {
        return err_origin(-ENOMEM);
    }
    caller->site = site;
    caller->send = send;
    caller->client = client;
    for (uint32_t i = 0; i < site->webhook_count; i++) {
        conf[i] = (struct webhook_conf){
            .name = site_text(site, site->webhooks[i].id),
            .url = site_text(site, site->webhooks[i].url),
            .secret_file = site_text(site, site->webhooks[i].secret_file),
            .ca = site_text(site, site->webhooks[i].ca),
            .token_file = site_text(site, site->webhooks[i].token_file),
            .format = (enum site_format)site->webhooks[i].format,
        };
    }
    const struct webhook_times times = webhook_times_default();
    int r = err_trace(webhooks_new(base, conf, site->webhook_count, &times, &callbacks, caller,
                                   &caller->webhooks));
    if (r != 0) {
        free(caller);
        return r;
    }
    *ret_caller = caller;
    return 0;
}

struct caller *caller_free(struct caller *caller) {
    if (caller != NULL) {
        caller->webhooks = webhooks_free(caller->webhooks);
        free(caller);
    }
    return NULL;
}
