/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/uplink/feeder.h"

#include <assert.h>
#include <string.h>

#include "gateway/clock.h"
#include "gateway/uplink/mqtt_link.h"
#include "gateway/uplink/uplink_json.h"

/* What a message in flight is, in the upper bits of its ticket; the rest is its number. */
enum ticket_kind {
    TICKET_EVENT_ALARM = 1,
    TICKET_EVENT_ACTIVITY,
    TICKET_EARLY,
    TICKET_ALARM,
    TICKET_POINT,
    TICKET_CLEAR,
    TICKET_RESENT,
    TICKET_ANNOUNCEMENT,
};

enum { TICKET_SHIFT = 56 };

static uint64_t ticket_of(enum ticket_kind kind, uint64_t number) {
    assert(number < UINT64_C(1) << TICKET_SHIFT);
    return (uint64_t)kind << TICKET_SHIFT | number;
}

static uint64_t ticket_number(uint64_t ticket) {
    return ticket & ((UINT64_C(1) << TICKET_SHIFT) - 1);
}

static uint64_t ticket_of_event(enum core_lane lane, uint64_t seq) {
    return ticket_of(lane == LANE_ALARM ? TICKET_EVENT_ALARM : TICKET_EVENT_ACTIVITY, seq);
}

/* ---- room ---- */

enum feeder_rank { RANK_ALARM_EVENT, RANK_STATE, RANK_ACTIVITY_EVENT };

/* How many more messages of a rank may be sent now. */
static uint32_t feeder_room(const struct feeder *feeder, enum feeder_rank rank) {
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

/*
 * May a lane's backlog be read? At once when it is long. Otherwise when half the window is free: a
 * query for each single event that has just been added would cost more than all else.
 */
static bool feeder_may_read(const struct feeder *feeder, const struct outbox_read *read) {
    return read->until_seq - read->after_seq >= READ_AHEAD_ROWS_MAX ||
           feeder->port.room(feeder->port.context) * 2 >= feeder->port.window(feeder->port.context);
}

/* ---- events ---- */

/* Publish; what is too large for this broker stays in the journal, and nothing waits for it. */
static int feeder_publish(struct feeder *feeder, const char *topic, const void *payload,
                          size_t size, bool retained, uint64_t ticket) {
    int r = feeder->port.publish(feeder->port.context, topic, payload, size, retained, ticket);
    if (r != MQTT_LINK_E_LARGE) {
        return r;
    }
    feeder->counters.left_out++;
    feeder_taken(feeder, ticket);
    return 0;
}

static int feeder_publish_event(struct feeder *feeder, enum core_lane lane, enum alarm_class class,
                                const char *type, const char *payload, size_t size,
                                uint64_t ticket) {
    char topic[TOPIC_SIZE];
    topic_event(&feeder->root, lane, class, type, topic);
    int r = feeder->port.publish(feeder->port.context, topic, payload, size, false, ticket);
    if (r != MQTT_LINK_E_LARGE) {
        return r;
    }
    char shortened[UPLINK_JSON_SIZE];
    size = uplink_json_shorten(payload, size, shortened);
    uint64_t left_out = feeder->counters.left_out;
    r = feeder_publish(feeder, topic, shortened, size, false, ticket);
    feeder->counters.shortened += r == 0 && feeder->counters.left_out == left_out;
    return r;
}

static enum core_lane feeder_lane(uint8_t lane) {
    return lane == LANE_ALARM ? LANE_ALARM : LANE_ACTIVITY;
}

static enum feeder_rank feeder_rank_of(enum core_lane lane) {
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

static void feeder_send_early(struct feeder *feeder) {
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
                                        core_event_name((enum core_event_type)event->type), payload,
                                        size, ticket_of(TICKET_EARLY, event->number)) != 0) {
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
    return event->body_size <= WIRE_BODY_MAX && event->type < EVENT_TYPE_COUNT &&
           event->class <= ALARM_CLASS_COUNT && event->lane <= LANE_ACTIVITY;
}

static void feeder_live(struct feeder *feeder, const struct wire_event *event) {
    enum core_lane lane = feeder_lane(event->lane);
    const struct uplink_json_marks marks = {
        .durable = true,
        .first_sent_as = feeder_early_recorded(feeder, event->early),
    };
    bool room = feeder_room(feeder, feeder_rank_of(lane)) > 0;
    bool urgent = site_alarm_is_urgent(feeder->site, event->alarm);
    if (!outbox_live(&feeder->outbox, lane, event->seq, event->alarm, urgent, room)) {
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
                               core_event_name((enum core_event_type)event->type), payload, size,
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

/* ---- the backlog ---- */

/* Rows of one read of the journal on their way to the broker. */
struct feeder_reading {
    struct feeder *feeder;
    struct outbox_read read;
    uint32_t room;
    bool any;
    int64_t now_ns; /* wall */
};

/* A row is input from a disk: its type becomes part of a topic only if it looks like one. */
static bool feeder_type_is_sound(const char *type) {
    size_t len = strlen(type);
    return len > 0 && len < 64 && strspn(type, "abcdefghijklmnopqrstuvwxyz_.") == len;
}

/* How a row went out. */
enum feeder_way { WAY_SENT, WAY_DAMAGED, WAY_DOWN };

static enum feeder_way feeder_send_row(struct feeder *feeder, const struct journal_row *row,
                                       enum core_lane lane, bool replayed, uint64_t ticket) {
    const struct uplink_json_marks marks = {
        .durable = true,
        .replayed = replayed,
        .first_sent_as = row->early,
    };
    char payload[UPLINK_JSON_SIZE];
    size_t size = uplink_json_event(row->body, row->body_size, &marks, payload);
    if (size == 0 || !feeder_type_is_sound(row->type)) {
        feeder->counters.damaged++;
        return WAY_DAMAGED;
    }
    int r = feeder_publish_event(feeder, lane, uplink_json_class(row->body, row->body_size),
                                 row->type, payload, size, ticket);
    return r == 0 ? WAY_SENT : WAY_DOWN;
}

/* Send a row if it is its turn. Returns false when the next one has to wait. */
static bool feeder_row(void *context, const struct journal_row *row) {
    struct feeder_reading *reading = context;
    struct feeder *feeder = reading->feeder;
    enum core_lane lane = reading->read.lane;
    reading->any = true;
    enum outbox_verdict verdict = outbox_offer(&feeder->outbox, &reading->read, row->seq);
    if (verdict != OUTBOX_SEND) {
        feeder->counters.skipped += verdict == OUTBOX_SKIP;
        return verdict == OUTBOX_SKIP;
    }
    int64_t age_ns = reading->now_ns > row->wall.ns ? reading->now_ns - row->wall.ns : 0;
    bool replayed = outbox_is_replay(&feeder->outbox, &reading->read, row->seq, (uint64_t)age_ns);
    enum feeder_way way =
        feeder_send_row(feeder, row, lane, replayed, ticket_of_event(lane, row->seq));
    if (way == WAY_DAMAGED) {
        /* It stays in the journal as it is; the lane must not stand still for ever before it. */
        outbox_taken(&feeder->outbox, lane, row->seq);
        return true;
    }
    feeder->counters.replayed += replayed;
    reading->room--;
    return way == WAY_SENT && reading->room > 0;
}

/* Ask the journal. Returns false when it cannot be read: it is not asked again before the next tick. */
static bool feeder_ask(struct feeder *feeder, const struct journal_query *query,
                       bool (*row)(void *context, const struct journal_row *row), void *context) {
    uint64_t last_seq = 0;
    int r = feeder->port.read(feeder->port.context, query, row, context, &last_seq);
    outbox_journal(&feeder->outbox, r == 0);
    feeder->journal_wait = r != 0;
    feeder->counters.journal_absent += r != 0;
    return r == 0;
}

static bool feeder_keep_row(void *context, const struct journal_row *row) {
    return read_ahead_add(context, row);
}

/* Read on in a lane's backlog. Returns false when the journal cannot be read. */
static bool feeder_read_backlog(struct feeder *feeder, const struct outbox_read *read) {
    struct read_ahead *backlog = &feeder->backlog[read->lane];
    const struct journal_query query = {
        .after_seq = read->after_seq,
        .until_seq = read->until_seq,
        .lane = (int)read->lane,
        .limit = READ_AHEAD_ROWS_MAX,
    };
    read_ahead_clear(backlog);
    feeder->counters.backlog_reads++;
    if (!feeder_ask(feeder, &query, feeder_keep_row, backlog)) {
        read_ahead_clear(backlog); /* a part of it would do, but is nothing to count on */
        return false;
    }
    if (read_ahead_count(backlog) == 0) {
        outbox_read_done(&feeder->outbox, read, false);
    }
    return true;
}

/* Send what there is room for of a lane's backlog. Returns false when nothing goes on. */
static bool feeder_send_backlog(struct feeder *feeder, const struct outbox_read *read,
                                uint32_t room) {
    struct read_ahead *backlog = &feeder->backlog[read->lane];
    const struct outbox_lane *lane = &feeder->outbox.lanes[read->lane];
    if (read_ahead_count(backlog) == 0 &&
        (!feeder_may_read(feeder, read) || !feeder_read_backlog(feeder, read))) {
        return false;
    }
    struct feeder_reading reading = {
        .feeder = feeder, .read = *read, .room = room, .now_ns = clock_wall().ns};
    const struct journal_row *row;
    bool on = true;
    while ((row = read_ahead_oldest(backlog)) != NULL && (on || row->seq <= lane->examined)) {
        if (row->seq <= lane->examined) {
            read_ahead_drop_oldest(backlog);
        } else {
            on = feeder_row(&reading, row);
        }
    }
    outbox_read_done(&feeder->outbox, read, true);
    return true;
}

/* Send the one event that was refused, or an alarm's that overtakes. Returns false when nothing goes on. */
static bool feeder_send_chosen(struct feeder *feeder, const struct outbox_read *read,
                               uint32_t room) {
    char alarm[SITE_ALARM_NAME_SIZE];
    struct feeder_reading reading = {
        .feeder = feeder, .read = *read, .room = room, .now_ns = clock_wall().ns};
    struct journal_query query = {
        .after_seq = read->after_seq,
        .until_seq = read->until_seq,
        .lane = (int)read->lane,
        /* What went ahead before is among the rows, and uses up the limit without being sent. */
        .limit = FEEDER_ROWS_MAX,
    };
    if (read->alarm != RULESET_NONE) {
        assert(read->alarm < feeder->site->ruleset.alarm_count);
        site_alarm_format(feeder->site, read->alarm, alarm);
        query.alarm = alarm;
    }
    if (!feeder_ask(feeder, &query, feeder_row, &reading)) {
        return false;
    }
    outbox_read_done(&feeder->outbox, read, reading.any);
    return true;
}

/* Send what a lane has waiting, as far as there is room. Returns true when some is left. */
static bool feeder_send_lane(struct feeder *feeder, enum core_lane lane) {
    struct outbox_read read;
    for (int i = 0; i < FEEDER_READS_MAX; i++) {
        uint32_t room = feeder_room(feeder, feeder_rank_of(lane));
        if (room == 0 || feeder->journal_wait || !outbox_next(&feeder->outbox, lane, &read)) {
            return false;
        }
        bool backlog = read.alarm == RULESET_NONE && !read.again;
        if (backlog ? !feeder_send_backlog(feeder, &read, room)
                    : !feeder_send_chosen(feeder, &read, room)) {
            return false;
        }
    }
    return outbox_next(&feeder->outbox, lane, &read);
}

/* ---- what is sent again ---- */

struct feeder_search {
    struct resend *resend;
    bool any;
};

static bool feeder_search_row(void *context, const struct journal_row *row) {
    struct feeder_search *search = context;
    search->any = true;
    return resend_row(search->resend, row);
}

/* Send what is asked for and was read, as far as there is room. Returns the room that is left. */
static uint32_t feeder_send_asked(struct feeder *feeder) {
    struct resend *resend = &feeder->resend;
    uint32_t room = feeder_room(feeder, RANK_ACTIVITY_EVENT);
    const struct journal_row *row;
    while (room > 0 && (row = resend_next(resend)) != NULL) {
        /* What its lane has not come to yet is sent by itself, and must not come before its time. */
        if (row->seq <= feeder->outbox.lanes[row->lane].examined) {
            resend_sent(resend);
            enum feeder_way way =
                feeder_send_row(feeder, row, row->lane, true, ticket_of(TICKET_RESENT, row->seq));
            if (way == WAY_DOWN) {
                return 0;
            } else if (way == WAY_DAMAGED) {
                resend_answered(resend, row->seq);
            } else {
                feeder->counters.resent++;
                room--;
            }
        }
        resend_drop(resend);
    }
    return room;
}

/* Go through what is asked for. Returns true when there is work and room left. */
static bool feeder_send_again(struct feeder *feeder) {
    struct journal_query query;
    for (int i = 0; i < FEEDER_READS_MAX; i++) {
        if (feeder->journal_wait || feeder_send_asked(feeder) == 0 ||
            !resend_wants(&feeder->resend, &query)) {
            return false;
        }
        struct feeder_search search = {.resend = &feeder->resend};
        if (!feeder_ask(feeder, &query, feeder_search_row, &search)) {
            return false;
        }
        resend_read_done(&feeder->resend, search.any);
    }
    return feeder_send_asked(feeder) > 0 && resend_wants(&feeder->resend, &query);
}

static void feeder_forget_backlog(struct feeder *feeder) {
    for (int lane = 0; lane < OUTBOX_LANES; lane++) {
        read_ahead_clear(&feeder->backlog[lane]);
    }
}

/* ---- states and values ---- */

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

static void feeder_send_alarms(struct feeder *feeder) {
    uint32_t alarm;
    while (feeder_room(feeder, RANK_STATE) > 0 && alarm_board_next(&feeder->alarms, &alarm)) {
        if (feeder_publish_alarm(feeder, alarm) != 0) {
            alarm_board_again(&feeder->alarms, alarm);
            return;
        }
    }
}

/* Nobody else would ever empty them. */
static void feeder_send_leftovers(struct feeder *feeder) {
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

static void feeder_send_points(struct feeder *feeder) {
    uint32_t point;
    while (feeder_room(feeder, RANK_STATE) > 0 && point_board_next(&feeder->points, &point)) {
        if (feeder_publish_point(feeder, point) != 0) {
            point_board_again(&feeder->points, point);
            return;
        }
    }
}

static void feeder_send_announcements(struct feeder *feeder) {
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
        r = err_trace(alarm_board_init(&feeder->alarms, site->ruleset.alarm_count));
    }
    if (r == 0) {
        r = err_trace(point_board_init_site(&feeder->points, site, clock_instant()));
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
    alarm_board_deinit(&feeder->alarms);
    leftovers_clear(&feeder->leftovers);
    point_board_deinit(&feeder->points);
    for (int lane = 0; lane < OUTBOX_LANES; lane++) {
        read_ahead_deinit(&feeder->backlog[lane]);
    }
    resend_deinit(&feeder->resend);
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
    feeder->resume_real_ns = 0;
    feeder->pause_ns = FEEDER_PAUSE_NS;
    outbox_session_begin(&feeder->outbox);
    alarm_board_session(&feeder->alarms);
    leftovers_clear(&feeder->leftovers);
    point_board_session(&feeder->points);
    home_assistant_session(&feeder->announcements);
}

void feeder_session_end(struct feeder *feeder) {
    if (!feeder->connected) {
        return;
    }
    feeder->connected = false;
    feeder_forget_backlog(feeder);
    resend_session_end(&feeder->resend);
    outbox_session_end(&feeder->outbox);
    early_rewind(&feeder->early);
}

void feeder_taken(struct feeder *feeder, uint64_t ticket) {
    uint64_t number = ticket_number(ticket);
    switch ((enum ticket_kind)(ticket >> TICKET_SHIFT)) {
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

void feeder_refused(struct feeder *feeder, uint64_t ticket) {
    uint64_t number = ticket_number(ticket);
    feeder->counters.refused++;
    switch ((enum ticket_kind)(ticket >> TICKET_SHIFT)) {
    case TICKET_EVENT_ALARM:
    case TICKET_EVENT_ACTIVITY:
        outbox_refused(&feeder->outbox,
                       ticket >> TICKET_SHIFT == TICKET_EVENT_ALARM ? LANE_ALARM : LANE_ACTIVITY,
                       number);
        feeder_pause(feeder);
        return;
    case TICKET_EARLY:
        early_forget(&feeder->early, number);
        return;
    case TICKET_RESENT:
        resend_answered(&feeder->resend, number);
        return;
    case TICKET_ALARM:
    case TICKET_POINT:
    case TICKET_CLEAR:
        return; /* comes again with the next change or session */
    case TICKET_ANNOUNCEMENT:
        home_assistant_refused(&feeder->announcements);
        return;
    }
    assert(false && "a ticket of no kind");
}

bool feeder_is_announcement(uint64_t ticket) {
    return ticket >> TICKET_SHIFT == TICKET_ANNOUNCEMENT;
}

void feeder_retained(struct feeder *feeder, const char *topic) {
    const char *name = topic_alarm_name(&feeder->root, topic);
    if (name == NULL) {
        if (home_assistant_topic(&feeder->announcements, topic) == HOME_ASSISTANT_STALE) {
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

/* ---- the pump ---- */

bool feeder_pump(struct feeder *feeder) {
    if (!feeder->connected) {
        return false;
    }
    feeder_send_early(feeder);
    bool more = feeder_send_lane(feeder, LANE_ALARM);
    feeder_send_alarms(feeder);
    feeder_send_leftovers(feeder);
    more = feeder_send_lane(feeder, LANE_ACTIVITY) || more;
    feeder_send_points(feeder);
    feeder_send_announcements(feeder);
    more = feeder_send_again(feeder) || more;
    return more && feeder->connected;
}

uint32_t feeder_read_ahead(const struct feeder *feeder) {
    uint32_t count = 0;
    for (int lane = 0; lane < OUTBOX_LANES; lane++) {
        count += read_ahead_count(&feeder->backlog[lane]);
    }
    return count;
}

void feeder_tick(struct feeder *feeder, struct instant now, uint64_t real_ns) {
    point_board_tick(&feeder->points, now);
    feeder->journal_wait = false;
    if (feeder->connected && leftovers_asks(&feeder->leftovers, real_ns)) {
        feeder->port.ask(feeder->port.context);
    }
    if (feeder->resume_real_ns != 0 && real_ns >= feeder->resume_real_ns) {
        feeder->resume_real_ns = 0;
        outbox_resume(&feeder->outbox);
    } else if (outbox_refusals(&feeder->outbox) == 0) {
        feeder->pause_ns = FEEDER_PAUSE_NS;
    }
}
