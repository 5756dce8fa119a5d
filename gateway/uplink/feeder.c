/* SPDX-License-Identifier: Apache-2.0 */

/*
 * What comes to the feeder and in which turn it sends
 */
#include <assert.h>
#include <string.h>

#include "gateway/clock.h"
#include "gateway/uplink/feeder_parts.h"

/* ---- birth and death ---- */

int feeder_init(struct feeder *feeder, const struct site *site, const struct feeder_port *port) {
    memset(feeder, 0, sizeof *feeder);
    feeder->site = site;
    feeder->port = *port;
    topic_root_init(&feeder->root, site_text(site, site->header->site_id),
                    site_text(site, site->header->gateway_id));
    home_assistant_init(&feeder->announcements, site, &feeder->root);
    outbox_init(&feeder->outbox);
    int r = err_trace(early_init(&feeder->early));
    if (r == 0) {
        r = err_trace(held_init(&feeder->held));
    }
    if (r == 0) {
        r = err_trace(alarm_board_init(&feeder->alarms, site->ruleset.alarm_count));
    }
    if (r == 0) {
        r = err_trace(point_board_init_site(&feeder->points, site, clock_instant()));
    }
    if (r == 0) {
        r = err_trace(
            known_topics_init(&feeder->known, site, &feeder->root, &feeder->announcements));
    }
    for (int lane = 0; lane < OUTBOX_LANES && r == 0; lane++) {
        r = err_trace(read_ahead_init(&feeder->backlog[lane]));
    }
    if (r == 0) {
        r = err_trace(resend_init(&feeder->resend));
    }
    if (r != 0) {
        feeder_deinit(feeder);
    }
    return r;
}

void feeder_deinit(struct feeder *feeder) {
    early_deinit(&feeder->early);
    held_deinit(&feeder->held);
    alarm_board_deinit(&feeder->alarms);
    leftovers_clear(&feeder->leftovers);
    point_board_deinit(&feeder->points);
    known_topics_deinit(&feeder->known);
    for (int lane = 0; lane < OUTBOX_LANES; lane++) {
        read_ahead_deinit(&feeder->backlog[lane]);
    }
    resend_deinit(&feeder->resend);
}

void feeder_know_former(struct feeder *feeder, const struct former *former) {
    feeder->former = *former;
}

/* ---- from the engine ---- */

void feeder_welcome(struct feeder *feeder, const struct wire_welcome *welcome) {
    const uint64_t confirmed[OUTBOX_LANES] = {
        [LANE_ALARM] = welcome->confirmed_alarm,
        [LANE_ACTIVITY] = welcome->confirmed_activity,
    };
    if (strncmp(feeder->boot, welcome->boot, sizeof feeder->boot) != 0) {
        memcpy(feeder->boot, welcome->boot, sizeof feeder->boot);
        feeder->lives++;
    }
    /* The lanes may begin again elsewhere, and the journal may be another. */
    feeder_forget_backlog(feeder);
    if (welcome->newest_seq < feeder->outbox.newest) {
        held_clear(&feeder->held);
    }
    outbox_welcome(&feeder->outbox, welcome->newest_seq, confirmed);
    alarm_board_welcome(&feeder->alarms);
}

void feeder_journal(struct feeder *feeder, const struct wire_journal *journal) {
    outbox_grown(&feeder->outbox, journal->newest_seq);
    if (site_alarm_is_urgent(feeder->site, journal->alarm)) {
        outbox_overtake(&feeder->outbox, journal->alarm, journal->newest_seq, true);
    }
}

void feeder_alarm_state(struct feeder *feeder, const struct wire_alarm_state *state) {
    alarm_board_update(&feeder->alarms, state);
}

void feeder_point_values(struct feeder *feeder, const struct wire_point_values *values) {
    for (uint32_t i = 0; i < values->count && i < WIRE_POINT_VALUES_MAX; i++) {
        point_board_update(&feeder->points, &values->values[i]);
    }
}

/* ---- from the line ---- */

void feeder_session_begin(struct feeder *feeder) {
    feeder->connected = true;
    feeder->lacking = false;
    feeder->resume_real_ns = 0;
    feeder->pause_ns = FEEDER_PAUSE_NS;
    outbox_session_begin(&feeder->outbox);
    alarm_board_session(&feeder->alarms);
    leftovers_clear(&feeder->leftovers);
    former_session(&feeder->former);
    point_board_session(&feeder->points);
    home_assistant_session(&feeder->announcements);
}

void feeder_session_end(struct feeder *feeder) {
    if (!feeder->connected) {
        return;
    }
    feeder->connected = false;
    feeder_forget_backlog(feeder);
    held_clear(&feeder->held);
    feeder->journal_wait = false; /* the next session tries it, and waits for as long */
    feeder->unread_since_ns = 0;
    outbox_journal(&feeder->outbox, true);
    resend_session_end(&feeder->resend);
    outbox_session_end(&feeder->outbox);
    early_rewind(&feeder->early);
}

void feeder_taken(struct feeder *feeder, uint64_t ticket) {
    uint64_t number = ticket_number(ticket);
    switch (ticket_kind(ticket)) {
    case TICKET_EVENT_ALARM:
        outbox_taken(&feeder->outbox, LANE_ALARM, number);
        return;
    case TICKET_EVENT_ACTIVITY:
        outbox_taken(&feeder->outbox, LANE_ACTIVITY, number);
        return;
    case TICKET_EARLY:
        early_forget(&feeder->early, number);
        return;
    case TICKET_ALARM:
        alarm_board_taken(&feeder->alarms, (uint32_t)number);
        return;
    case TICKET_RESENT:
        resend_answered(&feeder->resend, number);
        return;
    case TICKET_POINT:
    case TICKET_CLEAR:
    case TICKET_ANNOUNCEMENT:
        return;
    }
    assert(false && "a ticket of no kind");
}

static void feeder_pause(struct feeder *feeder) {
    if (feeder->resume_real_ns == 0) {
        feeder->resume_real_ns = clock_real_ns() + feeder->pause_ns;
        feeder->pause_ns *= 2;
        if (feeder->pause_ns > FEEDER_PAUSE_NS_MAX) {
            feeder->pause_ns = FEEDER_PAUSE_NS_MAX;
        }
    }
}

static void feeder_event_refused(struct feeder *feeder, enum core_lane lane, uint64_t seq,
                                 bool too_large) {
    if (too_large) {
        outbox_refused_as_large(&feeder->outbox, lane, seq);
    } else {
        outbox_refused(&feeder->outbox, lane, seq);
        feeder_pause(feeder);
    }
}

void feeder_refused(struct feeder *feeder, uint64_t ticket, bool too_large) {
    uint64_t number = ticket_number(ticket);
    feeder->counters.refused++;
    switch (ticket_kind(ticket)) {
    case TICKET_EVENT_ALARM:
        feeder_event_refused(feeder, LANE_ALARM, number, too_large);
        return;
    case TICKET_EVENT_ACTIVITY:
        feeder_event_refused(feeder, LANE_ACTIVITY, number, too_large);
        return;
    case TICKET_EARLY:
        early_forget(&feeder->early, number);
        return;
    case TICKET_RESENT:
        resend_answered(&feeder->resend, number);
        return;
    case TICKET_ALARM:
        alarm_board_refused(&feeder->alarms, (uint32_t)number);
        feeder_pause(feeder);
        return;
    case TICKET_POINT:
    case TICKET_CLEAR:
        return; /* comes again with the next change, round or session */
    case TICKET_ANNOUNCEMENT:
        home_assistant_refused(&feeder->announcements);
        return;
    }
    assert(false && "a ticket of no kind");
}

bool feeder_is_announcement(uint64_t ticket) {
    return ticket_kind(ticket) == TICKET_ANNOUNCEMENT;
}

/* ---- the pump ---- */

bool feeder_pump(struct feeder *feeder) {
    if (!feeder->connected) {
        return false;
    }
    feeder_send_early(feeder);
    feeder_send_held(feeder);
    bool more = feeder_send_lane(feeder, LANE_ALARM);
    feeder_send_alarms(feeder);
    feeder_send_leftovers(feeder);
    more = feeder_send_lane(feeder, LANE_ACTIVITY) || more;
    feeder_send_points(feeder);
    feeder_send_announcements(feeder);
    more = feeder_send_again(feeder) || more;
    return more && feeder->connected;
}

bool feeder_delivers(const struct feeder *feeder) {
    return !feeder->lacking && outbox_unheard(&feeder->outbox) == 0 &&
           alarm_board_unheard(&feeder->alarms) == 0;
}

uint64_t feeder_passed_over(const struct feeder *feeder) {
    return feeder->outbox.lanes[LANE_ALARM].passed_over +
           feeder->outbox.lanes[LANE_ACTIVITY].passed_over;
}

bool feeder_is_patient(const struct feeder *feeder) {
    return feeder->unread_since_ns != 0 && !feeder->outbox.journal_absent;
}

void feeder_look_again(struct feeder *feeder, uint64_t real_ns) {
    feeder->journal_wait = false;
    if (feeder_is_patient(feeder) && real_ns - feeder->unread_since_ns >= FEEDER_PATIENCE_NS) {
        outbox_journal(&feeder->outbox, false);
    }
}

void feeder_tick(struct feeder *feeder, struct instant now, uint64_t real_ns) {
    point_board_tick(&feeder->points, now);
    alarm_board_mend(&feeder->alarms);
    feeder_look_again(feeder, real_ns);
    if (feeder->connected && leftovers_asks(&feeder->leftovers, real_ns)) {
        feeder->port.ask(feeder->port.context);
    }
    if (feeder->resume_real_ns != 0 && real_ns >= feeder->resume_real_ns) {
        feeder->resume_real_ns = 0;
        outbox_resume(&feeder->outbox);
        alarm_board_resume(&feeder->alarms);
    } else if (outbox_waiting(&feeder->outbox) == 0 && alarm_board_unheard(&feeder->alarms) == 0) {
        feeder->pause_ns = FEEDER_PAUSE_NS;
    }
    if (feeder_passed_over(feeder) > feeder->passed_over) {
        feeder->passed_over = feeder_passed_over(feeder);
        feeder_lack(feeder, feeder->outbox.lanes[LANE_ALARM].passed_over_seq);
    }
}
