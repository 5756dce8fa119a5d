/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/journal/journal_gather.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

int journal_gather_init(struct journal_gather *gather, uint32_t alarm_count) {
    *gather = (struct journal_gather){0};
    gather->by_alarm = calloc((size_t)alarm_count + 1, sizeof(struct journal_alarm *));
    return gather->by_alarm != NULL ? 0 : err_origin(-ENOMEM);
}

void journal_gather_deinit(struct journal_gather *gather) {
    if (gather->by_alarm != NULL) {
        journal_gather_settle(gather);
    }
    while (gather->first != NULL) {
        struct journal_event *event = gather->first;
        gather->first = event->next;
        (void)journal_event_free(event);
    }
    free(gather->by_alarm);
    *gather = (struct journal_gather){0};
}

void journal_gather_add_event(struct journal_gather *gather, struct journal_event *event) {
    event->next = NULL;
    if (gather->last == NULL) {
        gather->first = event;
    } else {
        gather->last->next = event;
    }
    gather->last = event;
    gather->lane_counts[event->lane]++;
}

void journal_gather_add_alarm(struct journal_gather *gather, struct journal_alarm *alarm) {
    struct journal_alarm *held = gather->by_alarm[alarm->alarm];
    if (held == NULL) {
        alarm->next = gather->alarms;
        gather->alarms = alarm;
        gather->by_alarm[alarm->alarm] = alarm;
        return;
    }
    /* One site's alarm has the same number of memories always, so the newer state fits the older
     * node. */
    assert(held->memory_count == alarm->memory_count);
    struct journal_alarm *next = held->next;
    memcpy(held, alarm, sizeof *held + held->memory_count * sizeof held->memories[0]);
    held->next = next;
    free(alarm);
}

void journal_gather_add_standing(struct journal_gather *gather, struct journal_standing *standing) {
    (void)journal_standing_free(gather->standing);
    gather->standing = standing;
}

void journal_gather_add_present(struct journal_gather *gather, struct journal_present *present) {
    free(gather->present);
    gather->present = present;
}

void journal_gather_add_spent(struct journal_gather *gather, struct journal_spent *spent) {
    spent->next = gather->spent;
    gather->spent = spent;
}

void journal_gather_add_link(struct journal_gather *gather, struct journal_link *link) {
    link->next = gather->links;
    gather->links = link;
}

void journal_gather_confirm(struct journal_gather *gather, enum journal_sink sink,
                            enum core_lane lane, uint64_t seq) {
    if (seq > gather->confirmed[sink][lane]) {
        gather->confirmed[sink][lane] = seq;
        gather->confirmations = true;
    }
}

void journal_gather_add_token(struct journal_gather *gather, uint32_t field, uint64_t token) {
    assert(field < JOURNAL_FIELD_MAX);
    gather->tokens[field] = token;
    gather->confirmations = true;
}

static void journal_gather_append_confirmed(struct journal_gather *gather,
                                            struct journal_gather *newer) {
    for (int sink = 0; sink < JOURNAL_SINK_COUNT; sink++) {
        for (int lane = 0; lane < JOURNAL_LANE_COUNT; lane++) {
            journal_gather_confirm(gather, (enum journal_sink)sink, (enum core_lane)lane,
                                   newer->confirmed[sink][lane]);
            newer->confirmed[sink][lane] = 0;
        }
    }
    for (uint32_t field = 0; field < JOURNAL_FIELD_MAX; field++) {
        if (newer->tokens[field] != 0) {
            journal_gather_add_token(gather, field, newer->tokens[field]);
            newer->tokens[field] = 0;
        }
    }
    newer->confirmations = false;
}

void journal_gather_append(struct journal_gather *gather, struct journal_gather *newer) {
    if (newer->first != NULL) {
        if (gather->last == NULL) {
            gather->first = newer->first;
        } else {
            gather->last->next = newer->first;
        }
        gather->last = newer->last;
        newer->first = newer->last = NULL;
    }
    for (int lane = 0; lane < JOURNAL_LANE_COUNT; lane++) {
        gather->lane_counts[lane] += newer->lane_counts[lane];
        newer->lane_counts[lane] = 0;
    }
    while (newer->alarms != NULL) {
        struct journal_alarm *alarm = newer->alarms;
        newer->alarms = alarm->next;
        newer->by_alarm[alarm->alarm] = NULL;
        journal_gather_add_alarm(gather, alarm);
    }
    if (newer->standing != NULL) {
        journal_gather_add_standing(gather, newer->standing);
        newer->standing = NULL;
    }
    if (newer->present != NULL) {
        journal_gather_add_present(gather, newer->present);
        newer->present = NULL;
    }
    while (newer->spent != NULL) {
        struct journal_spent *spent = newer->spent;
        newer->spent = spent->next;
        journal_gather_add_spent(gather, spent);
    }
    while (newer->links != NULL) {
        struct journal_link *link = newer->links;
        newer->links = link->next;
        journal_gather_add_link(gather, link);
    }
    journal_gather_append_confirmed(gather, newer);
    if (newer->ticket > gather->ticket) {
        gather->ticket = newer->ticket;
    }
}

struct journal_event *journal_gather_oldest(struct journal_gather *gather, enum core_lane lane) {
    struct journal_event *before = NULL;
    struct journal_event *event = gather->first;
    while (event != NULL && event->lane != lane) {
        before = event;
        event = event->next;
    }
    if (event == NULL) {
        return NULL;
    }
    if (before == NULL) {
        gather->first = event->next;
    } else {
        before->next = event->next;
    }
    if (gather->last == event) {
        gather->last = before;
    }
    event->next = NULL;
    gather->lane_counts[lane]--;
    return event;
}

void journal_gather_settle(struct journal_gather *gather) {
    while (gather->alarms != NULL) {
        struct journal_alarm *alarm = gather->alarms;
        gather->alarms = alarm->next;
        gather->by_alarm[alarm->alarm] = NULL;
        free(alarm);
    }
    gather->standing = journal_standing_free(gather->standing);
    journal_gather_add_present(gather, NULL);
    while (gather->spent != NULL) {
        struct journal_spent *spent = gather->spent;
        gather->spent = spent->next;
        free(spent);
    }
    while (gather->links != NULL) {
        struct journal_link *link = gather->links;
        gather->links = link->next;
        free(link);
    }
    memset(gather->confirmed, 0, sizeof gather->confirmed);
    memset(gather->tokens, 0, sizeof gather->tokens);
    gather->confirmations = false;
}

bool journal_gather_is_urgent(const struct journal_gather *gather) {
    return gather->first != NULL || gather->alarms != NULL || gather->standing != NULL ||
           gather->present != NULL || gather->spent != NULL;
}

bool journal_gather_is_empty(const struct journal_gather *gather) {
    return !journal_gather_is_urgent(gather) && gather->links == NULL && !gather->confirmations;
}
