/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Events as the engine tells them: recorded ones, and those that go out before they are
 */
#include "gateway/event_type.h"
#include "gateway/uplink/feeder_parts.h"

/*
 * What stands for an alarm in the outbox: a hash of its name (FNV-1a), because the journal may hold
 * events of rules that the site has no more. Two alarms that share one are kept in one order.
 */
uint32_t feeder_order(const char *alarm) {
    uint32_t hash = 2166136261U;
    for (const char *at = alarm; at != NULL && *at != '\0'; at++) {
        hash = (hash ^ (unsigned char)*at) * 16777619U;
    }
    return alarm == NULL ? OUTBOX_NO_ORDER : hash | 1; /* which is no OUTBOX_NO_ORDER */
}

static uint32_t feeder_order_of(const struct feeder *feeder, uint32_t alarm) {
    char name[SITE_ALARM_NAME_SIZE];
    if (alarm >= feeder->site->ruleset.alarm_count) {
        return OUTBOX_NO_ORDER;
    }
    site_alarm_format(feeder->site, alarm, name);
    return feeder_order(name);
}

static enum core_lane feeder_lane(uint8_t lane) {
    return lane == LANE_ALARM ? LANE_ALARM : LANE_ACTIVITY;
}

enum feeder_rank feeder_rank_of(enum core_lane lane) {
    return lane == LANE_ALARM ? RANK_ALARM_EVENT : RANK_ACTIVITY_EVENT;
}

/* The number of u<n> in the table: unlike n, it is not used again after the engine's restart. */
static uint64_t feeder_early_number(const struct feeder *feeder, uint64_t n) {
    enum { N_BITS = 40 };
    return (uint64_t)feeder->lives << N_BITS | (n & ((UINT64_C(1) << N_BITS) - 1));
}

/* What matters more when there is not room or time for all: the graver the alarm; 0 is activity. */
static uint8_t feeder_weight(const struct feeder *feeder, const struct wire_event *event) {
    const struct ruleset *ruleset = &feeder->site->ruleset;
    if (event->lane != LANE_ALARM) {
        return 0;
    }
    return event->alarm < ruleset->alarm_count
               ? (uint8_t)(PRIORITY_COUNT - ruleset->alarms[event->alarm].priority)
               : 1;
}

void feeder_send_early(struct feeder *feeder) {
    struct early_event *event = early_next(&feeder->early);
    while (event != NULL && feeder_room(feeder, RANK_ALARM_EVENT) > 0) {
        const struct uplink_json_marks marks = {.durable = false};
        char payload[UPLINK_JSON_SIZE];
        size_t size = uplink_json_event(event->body, event->body_size, &marks, payload);
        event->sent = true;
        if (size == 0) {
            feeder->counters.damaged++;
            event->number = 0;
        } else if (feeder_publish_event(feeder, feeder_lane(event->lane),
                                        (enum alarm_class)event->class,
                                        event_type_name(event->type), payload, size,
                                        ticket_of(TICKET_EARLY, event->number)) != 0) {
            return;
        }
        event = early_next(&feeder->early);
    }
}

/* An early event has been recorded. Returns its n if it did go out as u<n>, else 0. */
static uint64_t feeder_early_recorded(struct feeder *feeder, uint64_t n) {
    struct early_event *event =
        n == 0 ? NULL : early_find(&feeder->early, feeder_early_number(feeder, n));
    bool waits = event != NULL && !event->sent;
    if (waits) {
        event->number = 0; /* the recorded one says it all */
    }
    return waits ? 0 : n;
}

static bool feeder_is_sound(const struct wire_event *event) {
    return event->body_size <= WIRE_BODY_MAX && event->type < EVENT_TYPE_ALL_COUNT &&
           event->class <= ALARM_CLASS_COUNT && event->lane <= LANE_ACTIVITY;
}

void feeder_send_held(struct feeder *feeder) {
    const struct held_event *event = NULL;
    while (feeder->outbox.journal_absent && (event = held_oldest(&feeder->held)) != NULL &&
           feeder_room(feeder, RANK_ALARM_EVENT) > 0) {
        if (event->size > 0 && outbox_go_ahead(&feeder->outbox, event->seq, event->order)) {
            feeder->counters.live++;
            (void)feeder_publish_event(feeder, LANE_ALARM, (enum alarm_class)event->class,
                                       event_type_name(event->type), event->payload, event->size,
                                       ticket_of_event(LANE_ALARM, event->seq));
        }
        held_drop_oldest(&feeder->held);
    }
}

/* The turn of this news comes from the journal: should that be away for the moment, it is kept. */
static void feeder_hold(struct feeder *feeder, const struct wire_event *event, uint32_t order,
                        const struct uplink_json_marks *marks) {
    if (!feeder->connected || event->lane != LANE_ALARM || feeder->held.count == HELD_MAX) {
        return;
    }
    (void)feeder_send_lane(feeder, LANE_ALARM); /* what is left to do is left to the pump */
    if (!feeder_is_patient(feeder)) {
        return;
    }
    struct held_event *held = held_add(&feeder->held);
    held->seq = event->seq;
    held->order = order;
    held->class = event->class;
    held->type = event->type;
    held->size = uplink_json_event(event->body, event->body_size, marks, held->payload);
}

static void feeder_live(struct feeder *feeder, const struct wire_event *event) {
    enum core_lane lane = feeder_lane(event->lane);
    const struct uplink_json_marks marks = {
        .durable = true,
        .first_sent_as = feeder_early_recorded(feeder, event->early),
    };
    const struct outbox_news news = {
        .lane = lane,
        .seq = event->seq,
        .alarm = event->alarm,
        .order = feeder_order_of(feeder, event->alarm),
        .urgent = site_alarm_is_urgent(feeder->site, event->alarm),
    };
    if (feeder->held.count == HELD_MAX) {
        outbox_journal(&feeder->outbox, false);
    }
    feeder_send_held(feeder);
    if (!outbox_live(&feeder->outbox, &news, feeder_room(feeder, feeder_rank_of(lane)) > 0)) {
        feeder_hold(feeder, event, news.order, &marks);
        return;
    }
    char payload[UPLINK_JSON_SIZE];
    size_t size = uplink_json_event(event->body, event->body_size, &marks, payload);
    if (size == 0) {
        feeder->counters.damaged++;
        outbox_taken(&feeder->outbox, lane, event->seq);
        return;
    }
    feeder->counters.live++;
    /* When the line is just down, its session ends and the event's turn comes again. */
    (void)feeder_publish_event(feeder, lane, (enum alarm_class)event->class,
                               event_type_name(event->type), payload, size,
                               ticket_of_event(lane, event->seq));
}

void feeder_event(struct feeder *feeder, const struct wire_event *event) {
    if (!feeder_is_sound(event)) {
        feeder->counters.damaged++;
    } else if (event->seq > 0) {
        feeder_live(feeder, event);
    } else if (event->early > 0) {
        early_add(&feeder->early, feeder_early_number(feeder, event->early),
                  feeder_weight(feeder, event), event);
        feeder_send_early(feeder);
    }
}
