/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Events that the journal has: a lane's backlog, alarms that overtake it, and what is sent again
 */
#include <assert.h>
#include <string.h>

#include "gateway/clock.h"
#include "gateway/uplink/feeder_parts.h"

/*
 * May a lane's backlog be read? At once when it is long. Otherwise when half the window is free: a
 * query for each single event that has just been added would cost more than all else.
 */
static bool feeder_may_read(const struct feeder *feeder, const struct outbox_read *read) {
    return read->until_seq - read->after_seq >= READ_AHEAD_ROWS_MAX ||
           feeder->port.room(feeder->port.context) * 2 >= feeder->port.window(feeder->port.context);
}

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
    enum outbox_verdict verdict =
        outbox_offer(&feeder->outbox, &reading->read, row->seq, feeder_order(row->alarm));
    if (verdict != OUTBOX_SEND) {
        feeder->counters.skipped += verdict == OUTBOX_SKIP;
        return verdict != OUTBOX_STOP;
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

/* … as it is read from the journal, which is there then: what an older event of its alarm holds up can wait. */
static bool feeder_row_read(void *context, const struct journal_row *row) {
    struct feeder_reading *reading = context;
    outbox_journal(&reading->feeder->outbox, true);
    return feeder_row(context, row);
}

/* Whether the journal could be read. What was held for it is sent from there. */
static void feeder_note_journal(struct feeder *feeder, bool read) {
    feeder->journal_wait = !read;
    feeder->counters.journal_absent += !read;
    if (read) {
        feeder->unread_since_ns = 0;
        held_clear(&feeder->held);
        outbox_journal(&feeder->outbox, true);
    } else if (feeder->unread_since_ns == 0) {
        feeder->unread_since_ns = clock_real_ns();
    }
}

/* Ask the journal. Returns false when it cannot be read: it is not asked again before feeder_look_again(). */
static bool feeder_ask(struct feeder *feeder, const struct journal_query *query,
                       bool (*row)(void *context, const struct journal_row *row), void *context) {
    uint64_t last_seq = 0;
    int r = feeder->port.read(feeder->port.context, query, row, context, &last_seq);
    feeder_note_journal(feeder, r == 0);
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

/* Send the one event that waited, or an alarm's that overtakes. Returns false when nothing goes on. */
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
    if (!feeder_ask(feeder, &query, feeder_row_read, &reading)) {
        return false;
    }
    outbox_read_done(&feeder->outbox, read, reading.any);
    return true;
}

bool feeder_send_lane(struct feeder *feeder, enum core_lane lane) {
    struct outbox_read read;
    for (int i = 0; i < FEEDER_READS_MAX; i++) {
        uint32_t room = feeder_room(feeder, feeder_rank_of(lane));
        if (room == 0 || feeder->journal_wait || !outbox_next(&feeder->outbox, lane, &read)) {
            return false;
        }
        bool backlog = read.alarm == RULESET_NONE && !read.again;
        room = room < read.most ? room : read.most;
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

bool feeder_send_again(struct feeder *feeder) {
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

void feeder_forget_backlog(struct feeder *feeder) {
    for (int lane = 0; lane < OUTBOX_LANES; lane++) {
        read_ahead_clear(&feeder->backlog[lane]);
    }
}

uint32_t feeder_read_ahead(const struct feeder *feeder) {
    uint32_t count = 0;
    for (int lane = 0; lane < OUTBOX_LANES; lane++) {
        count += read_ahead_count(&feeder->backlog[lane]);
    }
    return count;
}
