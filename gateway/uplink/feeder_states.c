/* SPDX-License-Identifier: Apache-2.0 */

/*
 * What the broker retains: states of alarms, values of points, announcements, and what is left over of them
 */
#include "gateway/uplink/feeder_parts.h"

static int feeder_publish_alarm(struct feeder *feeder, uint32_t alarm) {
    const struct site *site = feeder->site;
    const struct ruleset_alarm *facts = &site->ruleset.alarms[alarm];
    const struct alarm_board_entry *entry = &feeder->alarms.entries[alarm];
    char name[SITE_ALARM_NAME_SIZE];
    char topic[TOPIC_SIZE];
    site_alarm_format(site, alarm, name);
    topic_alarm(&feeder->root, name, topic);
    if (!alarm_board_is_open(&feeder->alarms, alarm)) {
        return feeder_publish(feeder, topic, "", 0, true, ticket_of(TICKET_ALARM, alarm));
    }
    char entity[SITE_ENTITY_SIZE];
    char payload[UPLINK_JSON_SIZE];
    site_entity_format(site, alarm, entity);
    const struct uplink_json_alarm state = {
        .rule = site_text(site, site->rules[facts->rule].id),
        .entity = entity,
        .place =
            facts->place == RULESET_NONE ? NULL : site_text(site, site->places[facts->place].id),
        .class = (enum alarm_class)site->ruleset.rules[facts->rule].class,
        .priority = (enum priority)facts->priority,
        .record = entry->record,
        .taken = entry->taken,
        .value = entry->value,
        .quality = (enum quality)entry->quality,
        .changed = entry->changed,
    };
    size_t size = uplink_json_alarm(&state, payload);
    return feeder_publish(feeder, topic, payload, size, true, ticket_of(TICKET_ALARM, alarm));
}

void feeder_send_alarms(struct feeder *feeder) {
    uint32_t alarm;
    while (feeder_room(feeder, RANK_STATE) > 0 && alarm_board_next(&feeder->alarms, &alarm)) {
        if (feeder_publish_alarm(feeder, alarm) != 0) {
            alarm_board_again(&feeder->alarms, alarm);
            return;
        }
    }
}

/* Nobody else would ever empty them. */
void feeder_send_leftovers(struct feeder *feeder) {
    const char *topic;
    while (feeder_room(feeder, RANK_STATE) > 0 &&
           (topic = leftovers_next(&feeder->leftovers)) != NULL) {
        if (feeder_publish(feeder, topic, "", 0, true, ticket_of(TICKET_CLEAR, 0)) != 0) {
            return;
        }
        leftovers_drop(&feeder->leftovers);
    }
}

static int feeder_publish_point(struct feeder *feeder, uint32_t point) {
    const struct site *site = feeder->site;
    const struct point_board_entry *entry = &feeder->points.entries[point];
    enum point_kind kind = (enum point_kind)site->ruleset.points[point].kind;
    char topic[TOPIC_SIZE];
    char payload[UPLINK_JSON_SIZE];
    topic_point(&feeder->root, site_text(site, site->points[point].id), topic);
    size_t size =
        uplink_json_point(entry->value, (enum quality)entry->quality,
                          unit_facts(point_kind_facts(kind)->unit)->name, entry->measured, payload);
    return feeder_publish(feeder, topic, payload, size, true, ticket_of(TICKET_POINT, point));
}

void feeder_send_points(struct feeder *feeder) {
    uint32_t point;
    while (feeder_room(feeder, RANK_STATE) > 0 && point_board_next(&feeder->points, &point)) {
        if (feeder_publish_point(feeder, point) != 0) {
            point_board_again(&feeder->points, point);
            return;
        }
    }
}

void feeder_send_announcements(struct feeder *feeder) {
    char topic[TOPIC_SIZE];
    char payload[UPLINK_JSON_SIZE];
    size_t size;
    while (feeder_room(feeder, RANK_STATE) > 0 &&
           (size = home_assistant_next(&feeder->announcements, topic, payload)) > 0) {
        if (feeder_publish(feeder, topic, payload, size, true, ticket_of(TICKET_ANNOUNCEMENT, 0)) !=
            0) {
            return;
        }
        home_assistant_done(&feeder->announcements);
    }
}

/* Is it of a point that left the site, or of an announcement of one? */
static bool feeder_is_left_over(const struct feeder *feeder, const char *topic) {
    bool ours = topic_point_id(&feeder->root, topic) != NULL ||
                home_assistant_topic(&feeder->announcements, topic) == HOME_ASSISTANT_STALE;
    return ours && !known_topics_has(&feeder->known, topic);
}

/* Is it to be emptied, for the gateway had another name then? A name that was left is asked for more. */
static bool feeder_is_of_former(struct feeder *feeder, const char *topic, const char *start) {
    uint32_t name = 0;
    char filter[TOPIC_SIZE];
    enum former_topic found = former_look(&feeder->former, topic, start, feeder->boot, &name);
    for (uint32_t i = 0; found == FORMER_GONE && former_filter(&feeder->former, name, i, filter);
         i++) {
        feeder->port.ask_for(feeder->port.context, filter);
    }
    return found == FORMER_LEFT;
}

void feeder_retained(struct feeder *feeder, const char *topic, const char *start) {
    if (topic == NULL) {
        leftovers_miss(&feeder->leftovers);
        return;
    }
    const char *name = topic_alarm_name(&feeder->root, topic);
    if (name == NULL) {
        if (feeder_is_left_over(feeder, topic) || feeder_is_of_former(feeder, topic, start)) {
            leftovers_add(&feeder->leftovers, topic);
        }
        return;
    }
    uint32_t alarm = site_alarm_find(feeder->site, name);
    if (alarm != RULESET_NONE) {
        alarm_board_held(&feeder->alarms, alarm);
    } else {
        leftovers_add(&feeder->leftovers, topic);
    }
}

void feeder_overwritten(struct feeder *feeder, const char *topic) {
    const char *name = topic_alarm_name(&feeder->root, topic);
    uint32_t alarm = name == NULL ? RULESET_NONE : site_alarm_find(feeder->site, name);
    feeder->counters.overwritten++;
    if (alarm != RULESET_NONE) {
        alarm_board_overwritten(&feeder->alarms, alarm);
    } else {
        leftovers_add(&feeder->leftovers, topic);
    }
}
