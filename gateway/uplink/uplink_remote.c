/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Commands that people give by the broker: to the console, and its answers back
 */
#include <inttypes.h>

#include "gateway/clock.h"
#include "gateway/uplink/uplink_parts.h"

static int remote_ask(void *context, const struct wire_remote *message) {
    struct uplink *uplink = context;
    return wire_client_send(uplink->wire, message);
}

/* One that this broker takes in no size is gone like one that has been sent. */
static bool remote_answer(void *context, const struct remote_desk_row *row) {
    struct uplink *uplink = context;
    int r = mqtt_link_answer(uplink->link, row->topic, row->body, row->body_size, row->correlation,
                             row->correlation_size);
    return r == 0 || r == MQTT_LINK_E_LARGE;
}

int uplink_make_remote(struct uplink *uplink, struct mqtt_link_conf *conf) {
    const char *prefix = uplink->feeder.announcements.prefix;
    const struct remote_desk_port port = {
        .context = uplink, .ask = remote_ask, .answer = remote_answer};
    if (uplink->process->site.header->mqtt_commands == 0) {
        return 0;
    }
    remote_desk_init(&uplink->desk, &uplink->feeder.root, prefix == NULL ? "" : prefix, &port);
    topic_command(&uplink->feeder.root, uplink->command_topic);
    conf->command_topic = uplink->command_topic;
    int r = remote_intake_new(&uplink->intake);
    conf->intake = uplink->intake;
    return err_trace(r);
}

/* What is dropped is told, a line a minute at most. */
static void remote_tell_dropped(struct uplink *uplink) {
    uint64_t dropped = remote_intake_counts(uplink->intake).dropped + uplink->desk.dropped;
    uint64_t kept_back = 0;
    if (dropped != uplink->remote_dropped_told && log_permit(&uplink->remote_limiter, &kept_back)) {
        log_line(
            LOG_WARNING, "commands_dropped",
            "count=%" PRIu64
            " effect=\"more messages came to the command topic than are looked at: some "
            "were passed over, alarms and events are not touched\" advice=\"let the broker allow "
            "nobody to write there but those who give commands\"",
            dropped - uplink->remote_dropped_told);
        uplink->remote_dropped_told = dropped;
    }
}

void uplink_remote_tick(struct uplink *uplink) {
    if (uplink->intake != NULL) {
        uplink_commanded(uplink);
        remote_desk_tick(&uplink->desk, clock_real_ns());
        remote_tell_dropped(uplink);
    }
}

void uplink_commanded(void *context) {
    struct uplink *uplink = context;
    struct remote_message message;
    while (remote_intake_take(uplink->intake, &message)) {
        remote_desk_take(&uplink->desk, &message, clock_real_ns());
    }
}

void uplink_commands_refused(void *context) {
    struct uplink *uplink = context;
    uint64_t kept_back = 0;
    if (log_permit(&uplink->remote_refused_limiter, &kept_back)) {
        log_line(
            LOG_WARNING, "commands_unheard",
            "topic=%s kept_back=%" PRIu64
            " effect=\"the broker does not let this gateway hear the commands that the site lets people give: "
            "none is carried out\" advice=\"let it read this topic\"",
            uplink->command_topic, kept_back);
    }
}
