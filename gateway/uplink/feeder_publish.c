/* SPDX-License-Identifier: Apache-2.0 */

/*
 * How a message goes out: whether there is room for it, and in what form the broker takes it
 */
#include "gateway/uplink/feeder_parts.h"
#include "gateway/uplink/mqtt_link.h"

uint32_t feeder_room(const struct feeder *feeder, enum feeder_rank rank) {
    if (!feeder->connected) {
        return 0;
    }
    static const uint32_t left_free[] = {
        [RANK_ALARM_EVENT] = 0, [RANK_STATE] = 8, [RANK_ACTIVITY_EVENT] = 4};
    uint32_t window = feeder->port.window(feeder->port.context);
    uint32_t reserve = left_free[rank] == 0 ? 0 : window / left_free[rank];
    uint32_t room = feeder->port.room(feeder->port.context);
    return room > reserve ? room - reserve : 0;
}

void feeder_lack(struct feeder *feeder, uint64_t seq) {
    feeder->lacking = true;
    if (feeder->lacking_seq == 0) {
        feeder->lacking_seq = seq;
    }
}

/* What is too large for this broker in any form: it is counted, and nothing waits for it. */
static void feeder_leave_out(struct feeder *feeder, uint64_t ticket) {
    switch (ticket_kind(ticket)) {
    case TICKET_EVENT_ALARM:
    case TICKET_EVENT_ACTIVITY:
    case TICKET_RESENT:
        feeder_lack(feeder, ticket_number(ticket));
        break;
    case TICKET_EARLY:
    case TICKET_ALARM: /* whoever subscribes later does not see that it is open */
        feeder_lack(feeder, 0);
        break;
    case TICKET_POINT:
    case TICKET_CLEAR:
    case TICKET_ANNOUNCEMENT:
        break;
    }
    feeder->counters.left_out++;
    feeder_taken(feeder, ticket);
}

int feeder_publish(struct feeder *feeder, const char *topic, const void *payload, size_t size,
                   bool retained, uint64_t ticket) {
    int r = feeder->port.publish(feeder->port.context, topic, payload, size, retained, ticket);
    if (r == MQTT_LINK_E_LARGE) {
        feeder_leave_out(feeder, ticket);
        return 0;
    }
    return r;
}

int feeder_publish_event(struct feeder *feeder, enum core_lane lane, enum alarm_class class,
                         const char *type, const char *payload, size_t size, uint64_t ticket) {
    char topic[TOPIC_SIZE];
    topic_event(&feeder->root, lane, class, type, topic);
    int r = feeder->port.publish(feeder->port.context, topic, payload, size, false, ticket);
    for (int form = 0; form < UPLINK_JSON_FORM_COUNT && r == MQTT_LINK_E_LARGE; form++) {
        char shortened[UPLINK_JSON_SIZE];
        size_t shorter = uplink_json_shorten(payload, size, (enum uplink_json_form)form, shortened);
        r = feeder->port.publish(feeder->port.context, topic, shortened, shorter, false, ticket);
        feeder->counters.shortened += r == 0;
    }
    if (r != MQTT_LINK_E_LARGE) {
        return r;
    }
    feeder->counters.events_left_out++;
    feeder_leave_out(feeder, ticket);
    return 0;
}
