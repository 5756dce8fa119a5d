/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/uplink/caller.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/audience.h"
#include "gateway/clock.h"
#include "gateway/uplink/awaited.h"
#include "gateway/uplink/chat.h"
#include "gateway/uplink/daily.h"
#include "gateway/uplink/notice_text.h"
#include "gateway/uplink/open_pages.h"
#include "gateway/uplink/push/push_desk.h"
#include "gateway/uplink/uplink_json.h"
#include "gateway/uplink/webhook.h"

enum {
    RECEIPTS_MAX = WEBHOOK_NOTICES_MAX,
    /* Real time; the console believes it for three times as long. */
    REACH_EVERY_S = 5,
};

struct caller {
    const struct site *site;
    struct webhooks *webhooks;
    struct push *push;
    int (*send)(void *client, const void *message);
    void *client;
    struct wire_receipt receipts[RECEIPTS_MAX]; /* untold, oldest first */
    uint32_t receipt_count;
    uint64_t receipts_dropped;
    enum truth webhook_reachable[LIMIT_AUDIENCES];
    struct wire_listener listeners[LIMIT_AUDIENCES]; /* as they are now */
    bool untold[LIMIT_AUDIENCES];
    struct awaited awaited;
    struct daily daily;
    struct open_pages pages;
    int64_t since_s[LIMIT_AUDIENCES]; /* when `listeners` became what they are; 0: not known */
    struct wire_reach told;
    uint64_t told_real_ns;
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
    for (uint32_t i = 0; i < caller->site->ruleset.listener_count; i++) {
        if (caller->untold[i]) {
            caller->untold[i] = caller->send(caller->client, &caller->listeners[i]) != 0;
        }
    }
}

static void caller_receipt(struct caller *caller, const struct webhook_key *key, bool received) {
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

/* All ways are to be asked, or asked again. Where there is no room the oldest is told as not received. */
static void caller_await(struct caller *caller, const struct webhook_key *key, uint32_t webhook) {
    struct webhook_key displaced;
    const struct awaited_notice notice = {
        .key = *key,
        .audience = webhook,
        .awaits = {[AWAITED_WEBHOOK] = caller->site->webhooks[webhook].url != 0,
                   [AWAITED_PHONES] = true,
                   [AWAITED_PAGES] = open_pages_count(&caller->pages, caller->site, webhook) > 0}};
    if (awaited_add(&caller->awaited, &notice, &displaced)) {
        caller_receipt(caller, &displaced, false);
    }
}

/* One way has an answer. What was told before is told once. */
static void caller_answered(struct caller *caller, const struct webhook_key *key, bool received,
                            enum awaited_way way) {
    if (awaited_answer(&caller->awaited, key, way, received)) {
        caller_receipt(caller, key, received);
    }
}

static void caller_webhook_answered(void *context, const struct webhook_key *key, bool received) {
    caller_answered(context, key, received, AWAITED_WEBHOOK);
}

static void caller_phones_answered(void *context, const struct webhook_key *key, bool received) {
    caller_answered(context, key, received, AWAITED_PHONES);
}

/* ---- who can be reached ---- */

static enum truth caller_reaches(const struct caller *caller, uint32_t webhook) {
    if (push_reach(caller->push, webhook).reachable > 0 ||
        open_pages_count(&caller->pages, caller->site, webhook) > 0) {
        return TRUTH_TRUE;
    }
    return caller->site->webhooks[webhook].url != 0 ? caller->webhook_reachable[webhook]
                                                    : TRUTH_FALSE;
}

/* `again`: tell it though it is as it was. */
static void caller_review(struct caller *caller, uint32_t webhook, bool again) {
    struct wire_listener *listener = &caller->listeners[webhook];
    uint32_t reachable = (uint32_t)caller_reaches(caller, webhook);
    if (reachable != listener->reachable) {
        caller->since_s[webhook] = clock_wall().ns / (int64_t)NS_PER_S;
    }
    if (again || reachable != listener->reachable) {
        *listener = (struct wire_listener){
            .header = wire_header_of(WIRE_LISTENER, sizeof *listener),
            .webhook = webhook,
            .reachable = reachable,
        };
        caller->untold[webhook] = true;
    }
}

static void caller_reachable(void *context, uint32_t webhook, enum truth reachable) {
    struct caller *caller = context;
    caller->webhook_reachable[webhook] = reachable;
    caller_review(caller, webhook, true);
    caller_tell(caller);
}

static void caller_phones_changed(void *context) {
    struct caller *caller = context;
    for (uint32_t i = 0; i < caller->site->webhook_count; i++) {
        caller_review(caller, i, false);
    }
    caller_tell(caller);
}

/* Whoever waits for a page of an audience that has none any more waits in vain. */
static void caller_pages_changed(struct caller *caller) {
    for (uint32_t i = caller->awaited.count; i-- > 0;) {
        const struct awaited_notice *notice = &caller->awaited.notices[i];
        if (notice->awaits[AWAITED_PAGES] &&
            open_pages_count(&caller->pages, caller->site, notice->audience) == 0) {
            const struct webhook_key key = notice->key;
            caller_answered(caller, &key, false, AWAITED_PAGES);
        }
    }
}

/* Tell people who can be reached, if that is another or REACH_EVERY_S are over. */
static void caller_tell_reach(struct caller *caller) {
    uint64_t now_ns = clock_real_ns();
    struct wire_reach reach;
    memset(&reach, 0, sizeof reach);
    reach.count = caller->site->webhook_count;
    reach.header = wire_header_of(WIRE_REACH, wire_size(WIRE_REACH, reach.count));
    for (uint32_t i = 0; i < reach.count; i++) {
        const struct push_reach phones = push_reach(caller->push, i);
        reach.rows[i] = (struct wire_reach_row){
            .reachable = caller->listeners[i].reachable,
            .webhook = (uint32_t)caller->webhook_reachable[i],
            .phones = phones.phones,
            .phones_reachable = phones.reachable,
            .pages = open_pages_count(&caller->pages, caller->site, i),
            .received_s = phones.received_s,
            .tested_s = phones.tested_s,
            .since_s = caller->since_s[i],
        };
    }
    bool due = now_ns - caller->told_real_ns >= REACH_EVERY_S * NS_PER_S;
    if ((due || memcmp(&reach, &caller->told, sizeof reach) != 0) &&
        caller->send(caller->client, &reach) == 0) {
        caller->told = reach;
        caller->told_real_ns = now_ns;
    }
}

/* No notice has this key, so that nobody hears of a receipt; what comes of it, the webhook's reachability tells. */
static void caller_test_webhook(struct caller *caller, uint32_t webhook) {
    char id[WEBHOOK_ID_SIZE];
    char body[DAILY_BODY_SIZE];
    (void)snprintf(id, sizeof id, "test.%u.%lld", webhook,
                   (long long)caller->daily.tested_s[webhook]);
    webhooks_send(caller->webhooks,
                  &(struct webhook_notice){.webhook = webhook,
                                           .key = {UINT32_MAX, 0, webhook},
                                           .id = id,
                                           .body = body,
                                           .body_size = daily_body(&caller->daily, webhook, body)});
}

void caller_tick(struct caller *caller) {
    push_tick(caller->push);
    for (uint32_t i = 0; i < caller->site->webhook_count; i++) {
        if (caller->site->webhooks[i].url != 0 && daily_take(&caller->daily, i, clock_wall())) {
            caller_test_webhook(caller, i);
        }
    }
    open_pages_expire(&caller->pages, clock_real_ns());
    caller_pages_changed(caller);
    caller_phones_changed(caller); /* a phone's day may be over */
    caller_tell_reach(caller);
}

void caller_pages(struct caller *caller, const struct wire_pages *message) {
    open_pages_take(&caller->pages, message, clock_real_ns());
    caller_pages_changed(caller);
    caller_phones_changed(caller);
    caller_tell_reach(caller);
}

void caller_shown(struct caller *caller, const struct wire_shown *message) {
    const struct webhook_key key = {message->alarm, message->step, message->run};
    const struct awaited_notice *notice = awaited_find(&caller->awaited, &key);
    const struct audience_person person = {message->person, message->name,
                                           (enum role)message->role};
    bool ends = memchr(message->person, '\0', sizeof message->person) != NULL;
    if (notice != NULL && ends && audience_has(caller->site, notice->audience, &person)) {
        caller_answered(caller, &key, true, AWAITED_PAGES);
    }
}

void caller_push(struct caller *caller, const struct wire_push *message) {
    struct wire_push_result result;
    push_answer(caller->push, message, &result);
    (void)!caller->send(caller->client, &result); /* whoever asked asks again */
}

struct push_counts caller_push_counts(const struct caller *caller) {
    return push_counts(caller->push);
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

static void caller_withdraw(struct caller *caller, uint32_t alarm, uint32_t run) {
    webhooks_withdraw(caller->webhooks, alarm, run);
    push_withdraw(caller->push, alarm, run);
    awaited_withdraw(&caller->awaited, alarm, run);
}

/*
 * Does the step call a shift that is off duty? It is nobody then. In a JSON string each quote is escaped, so
 * that these bytes can only be that member.
 */
static bool notice_is_off_duty(const struct wire_notice *message) {
    static const char member[] = "\"on_duty\":false";
    return memmem(message->body, message->body_size, member, sizeof member - 1) != NULL;
}

void caller_notice(struct caller *caller, const struct wire_notice *message) {
    if (message->webhook >= caller->site->webhook_count) {
        return;
    } else if (message->body_size == 0) {
        caller_withdraw(caller, message->alarm, message->run);
        return;
    }
    const struct webhook_key key = {message->alarm, message->step, message->run};
    const struct site_webhook *webhook = &caller->site->webhooks[message->webhook];
    char body[UPLINK_JSON_SIZE];
    char id[WEBHOOK_ID_SIZE];
    size_t size = caller_body(webhook, message, body);
    bool sound = size > 0 && uplink_json_id(message->body, message->body_size, id, sizeof id);
    if (!sound || notice_is_off_duty(message)) {
        caller_receipt(caller, &key, false); /* a damaged row of the journal, or nobody */
        return;
    }
    caller_await(caller, &key, message->webhook);
    push_send(caller->push, &(struct push_notice){.key = key,
                                                  .webhook = message->webhook,
                                                  .emergency = message->emergency != 0,
                                                  .body = message->body,
                                                  .body_size = message->body_size});
    if (webhook->url != 0) {
        webhooks_send(caller->webhooks,
                      &(struct webhook_notice){.webhook = message->webhook,
                                               .key = key,
                                               .gather_ms = message->gather_ms,
                                               .emergency = message->emergency != 0,
                                               .group = message->place,
                                               .id = id,
                                               .body = body,
                                               .body_size = size});
    }
    /* The engine knows of listeners; of a person it hears here that nobody waits for his phones. */
    if (message->webhook >= caller->site->ruleset.listener_count &&
        caller_reaches(caller, message->webhook) == TRUTH_FALSE) {
        caller_receipt(caller, &key, false);
    }
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
    static const struct webhook_callbacks callbacks = {caller_webhook_answered, caller_reachable};
    static const struct push_callbacks push_callbacks = {caller_phones_answered,
                                                         caller_phones_changed};
    struct webhook_conf conf[LIMIT_AUDIENCES];
    struct caller *caller = calloc(1, sizeof *caller);
    if (caller == NULL) {
        return err_origin(-ENOMEM);
    }
    caller->site = site;
    daily_init(&caller->daily, site);
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
    const struct push_times push_times = push_times_default();
    const struct push_conf push_conf = {
        .site = site,
        .state_directory = site_text(site, site->header->state_directory),
        .contact = site_text(site, site->header->push_contact),
        .ca = site_text(site, site->header->push_ca),
    };
    for (uint32_t i = 0; i < LIMIT_AUDIENCES; i++) {
        caller->webhook_reachable[i] = TRUTH_UNKNOWN;
        caller->listeners[i].reachable = TRUTH_UNKNOWN;
    }
    int r =
        err_trace(push_new(base, &push_conf, &push_times, &push_callbacks, caller, &caller->push));
    if (r == 0) {
        r = err_trace(webhooks_new(base, conf, site->webhook_count, &times, &callbacks, caller,
                                   &caller->webhooks));
    }
    if (r != 0) {
        (void)caller_free(caller);
        return r;
    }
    *ret_caller = caller;
    return 0;
}

struct caller *caller_free(struct caller *caller) {
    if (caller != NULL) {
        caller->webhooks = webhooks_free(caller->webhooks);
        caller->push = push_free(caller->push);
        free(caller);
    }
    return NULL;
}
