/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/engine/notices.h"

#include <stdlib.h>
#include <string.h>

#include "gateway/clock.h"

void notices_init(struct notices *notices, const struct site *site) {
    *notices = (struct notices){.site = site};
}

static void notices_remove(struct notices *notices, uint32_t index) {
    free(notices->list[index].message);
    notices->count--;
    memmove(&notices->list[index], &notices->list[index + 1],
            (notices->count - index) * sizeof notices->list[0]);
}

void notices_deinit(struct notices *notices) {
    while (notices->count > 0) {
        notices_remove(notices, notices->count - 1);
    }
}

/* The webhook that a step of the alarm's chain calls; CHAIN_NO_WEBHOOK if it calls none. */
static uint32_t notices_webhook(const struct notices *notices, uint32_t alarm, uint32_t step) {
    const struct ruleset *ruleset = &notices->site->ruleset;
    if (alarm >= ruleset->alarm_count) {
        return CHAIN_NO_WEBHOOK;
    }
    uint32_t chain = ruleset->rules[ruleset->alarms[alarm].rule].chain;
    if (chain >= ruleset->chain_count || step == 0 || step > ruleset->chains[chain].step_count) {
        return CHAIN_NO_WEBHOOK;
    }
    return ruleset->steps[ruleset->chains[chain].step_first + step - 1].webhook;
}

static uint32_t notices_find(const struct notices *notices, uint32_t alarm, uint32_t step,
                             uint32_t run) {
    uint32_t i = 0;
    while (i < notices->count && (notices->list[i].alarm != alarm || notices->list[i].run != run ||
                                  notices->list[i].step != step)) {
        i++;
    }
    return i;
}

static struct wire_notice *notice_message(const struct ruleset *ruleset,
                                          const struct notice *notice, uint32_t webhook,
                                          bool durable, const char *body, size_t size) {
    struct wire_notice *message = calloc(1, sizeof *message);
    if (message != NULL) {
        message->header = wire_header_of(WIRE_NOTICE, wire_size(WIRE_NOTICE, (uint32_t)size));
        message->alarm = notice->alarm;
        message->step = notice->step;
        message->run = notice->run;
        message->webhook = webhook;
        message->durable = durable;
        message->place = ruleset->alarms[notice->alarm].place;
        message->emergency = ruleset->alarms[notice->alarm].priority == PRIORITY_EMERGENCY;
        message->gather_ms =
            (uint32_t)(clock_real_span_ns(ruleset_gather_ns(ruleset, notice->alarm)) / NS_PER_MS);
        message->body_size = (uint32_t)size;
        memcpy(message->body, body, size);
    }
    return message;
}

/*
 * Make room for a new one: the oldest goes that is no emergency. Where all are, the oldest of them
 * goes for another emergency, and for nothing less. Returns whether there is room; one is lost
 * either way.
 */
static bool notices_displace(struct notices *notices, const struct notice *given) {
    uint32_t i = 0;
    while (i < notices->count && notices->list[i].message->emergency != 0) {
        i++;
    }
    bool all = i == notices->count;
    bool room = !all || given->message->emergency != 0;
    if (room) {
        notices_remove(notices, all ? 0 : i);
    }
    notices->displaced++;
    return room;
}

static void notices_enter(struct notices *notices, struct notice notice, uint32_t webhook,
                          bool durable, const char *body, size_t size) {
    notice.message = notice_message(&notices->site->ruleset, &notice, webhook, durable, body, size);
    if (notice.message == NULL) {
        return;
    }
    if (notices->count == NOTICES_MAX && !notices_displace(notices, &notice)) {
        free(notice.message);
        return;
    }
    notices->list[notices->count++] = notice;
}

void notices_add(struct notices *notices, const struct wire_event *event, uint32_t step,
                 uint32_t run) {
    uint32_t webhook = event->type == EVENT_ALARM_ESCALATED
                           ? notices_webhook(notices, event->alarm, step)
                           : CHAIN_NO_WEBHOOK;
    bool again = event->seq > 0 && event->early > 0;
    if (webhook == CHAIN_NO_WEBHOOK || again ||
        notices_find(notices, event->alarm, step, run) < notices->count) {
        return;
    }
    notices_enter(notices, (struct notice){.alarm = event->alarm, .step = step, .run = run},
                  webhook, event->seq > 0, event->body, event->body_size);
}

void notices_follow(struct notices *notices, uint32_t alarm, const struct chain_record *chain) {
    for (uint32_t i = notices->count; i-- > 0;) {
        struct notice *notice = &notices->list[i];
        bool goes_on = chain->state == CHAIN_RUNNING && chain->run == notice->run;
        if (notice->alarm != alarm || goes_on || notice->withdrawn) {
            continue;
        }
        if (!notice->sent) {
            notices_remove(notices, i);
            continue;
        }
        notice->withdrawn = true;
        notice->sent = false;
        notice->message->body_size = 0;
        notice->message->header = wire_header_of(WIRE_NOTICE, wire_size(WIRE_NOTICE, 0));
    }
}

void notices_settle(struct notices *notices, uint32_t alarm, uint32_t step, uint32_t run) {
    uint32_t i = notices_find(notices, alarm, step, run);
    if (i < notices->count) {
        notices_remove(notices, i);
    }
}

void notices_renew(struct notices *notices) {
    for (uint32_t i = notices->count; i-- > 0;) {
        notices->list[i].sent = false;
        if (notices->list[i].withdrawn) {
            notices_remove(notices, i); /* it has forgotten the notice as well */
        }
    }
}

void notices_flush(struct notices *notices, int (*send)(void *context, const void *message),
                   void *context) {
    uint32_t i = 0;
    while (i < notices->count) {
        struct notice *notice = &notices->list[i];
        if (!notice->sent && send(context, notice->message) != 0) {
            return;
        }
        notice->sent = true;
        if (notice->withdrawn) {
            notices_remove(notices, i);
        } else {
            i++;
        }
    }
}

/* ---- after a restart ---- */

struct notices_search {
    struct notices *notices;
    uint32_t alarm;
    const struct chain_record *chain;
};

/* The number that a key of the body has; in a JSON string each quote is escaped, so that the bytes
 * `"step":` can only be that key. 0 where there is none. */
static uint32_t notices_number(const char *body, size_t size, const char *key) {
    const char *at = memmem(body, size, key, strlen(key));
    const char *end = body + size;
    uint32_t number = 0;
    if (at == NULL) {
        return 0;
    }
    for (at += strlen(key); at < end && *at >= '0' && *at <= '9'; at++) {
        number = number * 10 + (uint32_t)(*at - '0');
    }
    return number;
}

static bool notices_row(void *context, const struct journal_row *row) {
    const struct notices_search *search = context;
    if (strcmp(row->type, core_event_name(EVENT_ALARM_ESCALATED)) != 0) {
        return true;
    }
    uint32_t step = notices_number(row->body, row->body_size, "\"step\":");
    uint32_t run = notices_number(row->body, row->body_size, "\"run\":");
    uint32_t webhook = notices_webhook(search->notices, search->alarm, step);
    bool received = step == search->chain->reached && search->chain->receipt_ns == 0;
    if (run == search->chain->run && webhook != CHAIN_NO_WEBHOOK && !received &&
        row->body_size <= WIRE_BODY_MAX) {
        notices_enter(search->notices,
                      (struct notice){.alarm = search->alarm, .step = step, .run = run}, webhook,
                      true, row->body, row->body_size);
    }
    return run == search->chain->run && step > 1;
}

void notices_recover(struct notices *notices, struct journal_reader *reader, uint32_t alarm,
                     const struct chain_record *chain) {
    char name[SITE_ALARM_NAME_SIZE];
    bool calls = false;
    for (uint32_t step = 1; step <= chain->reached; step++) {
        calls = calls || notices_webhook(notices, alarm, step) != CHAIN_NO_WEBHOOK;
    }
    if (chain->state != CHAIN_RUNNING || !calls) {
        return;
    }
    site_alarm_format(notices->site, alarm, name);
    const struct journal_query query = {
        .until_seq = UINT64_MAX,
        .lane = LANE_ALARM,
        .alarm = name,
        .newest_first = true,
        .limit = NOTICES_EVENTS_MAX,
    };
    struct notices_search search = {notices, alarm, chain};
    uint64_t last_seq;
    /* Without a journal there is nothing to find, and the chain's next step comes all the same. */
    (void)!journal_read(reader, &query, notices_row, &search, &last_seq);
}
