/* SPDX-License-Identifier: Apache-2.0 */

/*
 * What is made of it that the broker passes nothing on
 *
 * Until a word of our own has come back, nothing that the broker confirms counts as delivered: the engine is not
 * told of it, so that the journal keeps it. Once one comes back, all that was confirmed since the last
 * proof is published again, under the same ids.
 */
#include <stdio.h>

#include "gateway/uplink/uplink_parts.h"

/* As our own question to send events again, which the engine knows nothing of. */
#define RESEND_OURS UINT64_MAX

bool uplink_is_unheard(const struct uplink *uplink) {
    return uplink->loop == MQTT_LINK_LOOP_BROKEN;
}

/* Up to here the broker has everything. */
static uint64_t uplink_settled_seq(const struct uplink *uplink) {
    const struct outbox *outbox = &uplink->feeder.outbox;
    uint64_t alarm = outbox_confirmed(outbox, LANE_ALARM);
    uint64_t activity = outbox_confirmed(outbox, LANE_ACTIVITY);
    if (outbox_is_done(outbox)) {
        return outbox->newest;
    }
    return alarm < activity ? alarm : activity;
}

uint64_t uplink_waiting(const struct uplink *uplink) {
    uint64_t newest = uplink->feeder.outbox.newest;
    uint64_t settled = uplink_is_unheard(uplink) ? uplink->proven_seq : uplink_settled_seq(uplink);
    return newest > settled ? newest - settled : 0;
}

uint64_t uplink_alarms_waiting(const struct uplink *uplink) {
    const struct outbox *outbox = &uplink->feeder.outbox;
    const struct outbox_lane *alarms = &outbox->lanes[LANE_ALARM];
    if (uplink_is_unheard(uplink)) {
        return uplink_waiting(uplink);
    }
    return alarms->count == 0 && alarms->examined >= outbox->newest
               ? 0
               : outbox->newest - alarms->confirmed;
}

void uplink_loop_welcome(struct uplink *uplink) {
    if (uplink->loop == MQTT_LINK_LOOP_UNKNOWN) {
        uplink->proven_seq = uplink->proving_seq = uplink_settled_seq(uplink);
    }
}

static void uplink_tell_broken(struct uplink *uplink) {
    char quoted[160];
    log_line(
        LOG_ERROR, "broker_passes_nothing_on",
        "broker=%s effect=\"it confirms alarms and events, and what this gateway says to itself through it "
        "does not come back: most likely nobody outside hears of anything; the journal keeps all, and it is "
        "sent again when it does\" advice=\"let the broker's access rules allow this gateway to write "
        "below %s/ and to read %s (MQTT 5 names what is forbidden; 3.1.1 cannot)\"",
        log_quote(uplink->state.broker, quoted, sizeof quoted), uplink->feeder.root.text,
        uplink->loop_topic);
}

static void uplink_tell_forbidden(struct uplink *uplink, const char *reason) {
    char quoted[160];
    char quoted_reason[MQTT_LINK_REASON_SIZE + 16];
    uint64_t kept_back = 0;
    if (log_permit(&uplink->loop_limiter, &kept_back)) {
        log_line(
            LOG_WARNING, "delivery_unproven",
            "broker=%s reason=%s kept_back=%llu effect=\"events go out and are confirmed, but nothing proves "
            "that anybody could hear them\" advice=\"let the broker allow this gateway to write and to "
            "read %s\"",
            log_quote(uplink->state.broker, quoted, sizeof quoted),
            log_quote(reason, quoted_reason, sizeof quoted_reason), (unsigned long long)kept_back,
            uplink->loop_topic);
    }
}

void uplink_looped(void *context, enum mqtt_link_loop state, const char *reason) {
    struct uplink *uplink = context;
    bool was_unheard = uplink_is_unheard(uplink);
    uplink->loop = state;
    if (state == MQTT_LINK_LOOP_BROKEN) {
        uplink_tell_broken(uplink);
    } else if (state == MQTT_LINK_LOOP_FORBIDDEN) {
        uplink_tell_forbidden(uplink, reason);
    }
    if (was_unheard && state != MQTT_LINK_LOOP_BROKEN) {
        /* Another broker may be one that does not let us look: what the deaf one had counts no more for that. */
        uplink->unproven_first_seq = uplink->proven_seq + 1;
        uplink->proven_seq = uplink->proving_seq = uplink_settled_seq(uplink);
        log_line(
            LOG_NOTICE, "broker_passes_on",
            "again_from=%llu effect=\"what was confirmed from this event on is sent again, under the same "
            "ids\"",
            (unsigned long long)uplink->unproven_first_seq);
    } else if (state == MQTT_LINK_LOOP_PROVEN) {
        /* The word was said after the one before it came back. */
        uplink->proven_seq = uplink->proving_seq;
        uplink->proving_seq = uplink_settled_seq(uplink);
    }
}

void uplink_loop_resend(struct uplink *uplink) {
    const struct resend_range range = {
        .first_seq = uplink->unproven_first_seq,
        .last_seq = uplink->proven_seq,
        .since = {INT64_MIN},
        .until = {INT64_MAX},
    };
    if (uplink->unproven_first_seq > uplink->proven_seq) {
        uplink->unproven_first_seq = 0;
    }
    /* What somebody has asked for comes first. */
    if (uplink->unproven_first_seq != 0 && uplink->feeder.resend.number == 0) {
        resend_ask(&uplink->feeder.resend, RESEND_OURS, &range);
    }
}

bool uplink_loop_resent(struct uplink *uplink, uint64_t number) {
    if (number != RESEND_OURS) {
        return false;
    }
    uplink->unproven_first_seq = 0;
    return true;
}
