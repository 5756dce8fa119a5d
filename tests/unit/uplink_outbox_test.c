/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The outbox, told as stories. A world holds a journal, the outbox, and the line to a broker that
 * takes what we say and when. Everything sent is written into `said`: "5" sent live, "5'" as a
 * replay. At the end a random walk with losses and refusals is held against the promises of
 * outbox.h.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/uplink/outbox.h"
#include "tests/support/cmocka.h"

enum { ROWS_MAX = 20000, FLIGHT_MAX = 100 };

struct row {
    enum core_lane lane;
    uint32_t alarm;
    bool sent, delivered;
    bool refused; /* and not taken since */
};

struct world {
    struct outbox outbox;
    struct row journal[ROWS_MAX + 1]; /* by seq, from 1 */
    uint64_t newest;
    struct {
        enum core_lane lane;
        uint64_t seq;
        uint64_t sent;    /* the how manieth sending it is */
    } flight[FLIGHT_MAX]; /* oldest first */
    uint32_t in_flight, window;
    uint64_t last_first_sent[16]; /* per alarm */
    uint64_t last_heard[16];      /* by the broker, which hears in the order of sending */
    uint64_t last_heard_sent[16];
    uint64_t age_ns;
    uint64_t sends, sends_again;
    bool journal_gone;
    char said[4096];
};

static struct world *world_new(uint32_t window) {
    struct world *world = calloc(1, sizeof *world);
    assert_non_null(world);
    outbox_init(&world->outbox);
    world->window = window;
    return world;
}

static void world_say(struct world *world, uint64_t seq, const char *mark) {
    size_t len = strlen(world->said);
    if (len + 24 < sizeof world->said) {
        (void)snprintf(world->said + len, sizeof world->said - len, "%s%llu%s", len == 0 ? "" : " ",
                       (unsigned long long)seq, mark);
    }
}

static uint32_t row_order(const struct row *row) {
    return row->lane == LANE_ALARM ? 100 + row->alarm : OUTBOX_NO_ORDER;
}

/* O3: nothing is sent of an alarm while an older event of it has been refused and waits. */
static void world_check_order(const struct world *world, uint64_t seq) {
    for (uint64_t older = 1; older < seq && world->journal[seq].lane == LANE_ALARM; older++) {
        const struct row *row = &world->journal[older];
        assert_false(row->refused && row_order(row) == row_order(&world->journal[seq]));
    }
}

/* Compare what was said since the last call. */
static void world_expect(struct world *world, const char *want) {
    assert_string_equal(world->said, want);
    world->said[0] = '\0';
    outbox_check(&world->outbox);
}

static void world_send(struct world *world, uint64_t seq, const char *mark) {
    struct row *row = &world->journal[seq];
    assert_true(world->in_flight < world->window);
    if (!row->sent && row->lane == LANE_ALARM) {
        assert_true(seq > world->last_first_sent[row->alarm]); /* O3 */
        world->last_first_sent[row->alarm] = seq;
    }
    world_check_order(world, seq);
    world->sends++;
    world->sends_again += row->sent;
    row->sent = true;
    world->flight[world->in_flight].lane = row->lane;
    world->flight[world->in_flight].seq = seq;
    world->flight[world->in_flight].sent = world->sends;
    world->in_flight++;
    world_say(world, seq, mark);
}

/* The engine records an event and tells of it. */
static void world_record(struct world *world, enum core_lane lane, uint32_t alarm) {
    uint64_t seq = ++world->newest;
    assert_true(seq <= ROWS_MAX);
    world->journal[seq] = (struct row){.lane = lane, .alarm = alarm};
    const struct outbox_news news = {
        .lane = lane, .seq = seq, .alarm = alarm, .order = row_order(&world->journal[seq])};
    if (outbox_live(&world->outbox, &news, world->in_flight < world->window)) {
        world_send(world, seq, "");
    }
}

static void world_alarm(struct world *world, uint32_t alarm) {
    world_record(world, LANE_ALARM, alarm);
}

static void world_activity(struct world *world) {
    world_record(world, LANE_ACTIVITY, RULESET_NONE);
}

/* The engine records without telling each, as when its socket is full. */
static void world_record_untold(struct world *world, enum core_lane lane, uint32_t alarm) {
    uint64_t seq = ++world->newest;
    world->journal[seq] = (struct row){.lane = lane, .alarm = alarm};
    outbox_grown(&world->outbox, seq);
}

/* Answer one read, of at most `limit` rows. */
static void world_read(struct world *world, const struct outbox_read *read, uint32_t limit) {
    bool any = false;
    uint32_t most = read->most;
    for (uint64_t seq = read->after_seq + 1; seq <= read->until_seq && limit > 0; seq++) {
        const struct row *row = &world->journal[seq];
        if (row->lane != read->lane || (read->alarm != RULESET_NONE && row->alarm != read->alarm)) {
            continue;
        }
        if (world->in_flight == world->window) {
            return; /* stopped by the caller: more is left */
        }
        if (most == 0) {
            break;
        }
        any = true;
        limit--;
        enum outbox_verdict verdict = outbox_offer(&world->outbox, read, seq, row_order(row));
        if (verdict == OUTBOX_STOP) {
            break;
        }
        if (verdict == OUTBOX_SEND) {
            bool replay = outbox_is_replay(&world->outbox, read, seq, world->age_ns);
            world_send(world, seq, replay ? "'" : "");
            most--;
        }
    }
    outbox_read_done(&world->outbox, read, any);
}

/* Send from the journal while there is room, at most `reads` times. */
static void world_drain(struct world *world, int reads) {
    static const enum core_lane lanes[] = {LANE_ALARM, LANE_ACTIVITY};
    for (int i = 0; i < 2; i++) {
        struct outbox_read read;
        while (reads > 0 && world->in_flight < world->window && !world->journal_gone &&
               outbox_next(&world->outbox, lanes[i], &read)) {
            world_read(world, &read, 100);
            reads--;
        }
    }
    outbox_check(&world->outbox);
}

static void world_remove_flight(struct world *world, uint32_t index) {
    world->in_flight--;
    memmove(&world->flight[index], &world->flight[index + 1],
            (world->in_flight - index) * sizeof world->flight[0]);
}

/* The broker takes what is in flight at `index`. */
static void world_take_at(struct world *world, uint32_t index) {
    assert_true(index < world->in_flight);
    uint64_t seq = world->flight[index].seq;
    struct row *row = &world->journal[seq];
    row->delivered = true;
    row->refused = false;
    if (row->lane == LANE_ALARM && world->flight[index].sent > world->last_heard_sent[row->alarm]) {
        world->last_heard[row->alarm] = seq;
        world->last_heard_sent[row->alarm] = world->flight[index].sent;
    }
    outbox_taken(&world->outbox, world->flight[index].lane, seq);
    world_remove_flight(world, index);
}

static void world_take(struct world *world, uint64_t seq) {
    for (uint32_t i = 0; i < world->in_flight; i++) {
        if (world->flight[i].seq == seq) {
            world_take_at(world, i);
            return;
        }
    }
    fail_msg("%llu is not in flight", (unsigned long long)seq);
}

static void world_refuse_at(struct world *world, uint32_t index) {
    uint64_t seq = world->flight[index].seq;
    world->journal[seq].refused = true;
    outbox_refused(&world->outbox, world->flight[index].lane, seq);
    world_remove_flight(world, index);
}

static void world_refuse(struct world *world, uint64_t seq) {
    for (uint32_t i = 0; i < world->in_flight; i++) {
        if (world->flight[i].seq == seq) {
            world_refuse_at(world, i);
            return;
        }
    }
    fail_msg("%llu is not in flight", (unsigned long long)seq);
}

static void world_refuse_all(struct world *world) {
    while (world->in_flight > 0) {
        world_refuse_at(world, 0);
    }
}

static void world_take_all(struct world *world) {
    while (world->in_flight > 0) {
        world_take_at(world, 0);
    }
}

static void world_connect(struct world *world) {
    outbox_session_begin(&world->outbox);
}

static void world_lose(struct world *world) {
    world->in_flight = 0;
    for (uint64_t seq = 1; seq <= world->newest; seq++) {
        world->journal[seq].refused = false; /* the lanes begin again behind what is confirmed */
    }
    outbox_session_end(&world->outbox);
}

static uint64_t confirmed(const struct world *world, enum core_lane lane) {
    return outbox_confirmed(&world->outbox, lane);
}

/* ---- stories ---- */

static void an_event_is_sent_the_moment_it_is_told_when_nothing_is_older(void **state) {
    (void)state;
    struct world *world = world_new(10);
    world_connect(world);
    world_alarm(world, 1);
    world_activity(world);
    world_alarm(world, 2);
    world_activity(world);
    world_expect(world, "1 2 3 4");
    world_drain(world, 10);
    world_expect(world, "");
    free(world);
}

static void confirmed_moves_only_over_what_was_taken_without_a_gap(void **state) {
    (void)state;
    struct world *world = world_new(10);
    world_connect(world);
    world_alarm(world, 1); /* 1 */
    world_activity(world); /* 2 */
    world_alarm(world, 1); /* 3 */
    world_alarm(world, 2); /* 4 */
    world_take(world, 3);
    assert_int_equal(confirmed(world, LANE_ALARM), 0);
    world_take(world, 2);
    assert_int_equal(confirmed(world, LANE_ACTIVITY), 2);
    world_take(world, 1);
    assert_int_equal(confirmed(world, LANE_ALARM), 3);
    world_take(world, 4);
    assert_int_equal(confirmed(world, LANE_ALARM), 4);
    outbox_taken(&world->outbox, LANE_ALARM, 4); /* a second PUBACK changes nothing */
    assert_int_equal(confirmed(world, LANE_ALARM), 4);
    free(world);
}

static void a_backlog_goes_out_in_order_alarms_first_and_marked(void **state) {
    (void)state;
    struct world *world = world_new(100);
    world_activity(world);
    world_alarm(world, 1);
    world_activity(world);
    world_alarm(world, 2);
    world_expect(world, "");
    world_connect(world);
    world_drain(world, 10);
    world_expect(world, "2' 4' 1' 3'");
    world_take_all(world);
    assert_int_equal(confirmed(world, LANE_ALARM), 4);
    assert_int_equal(confirmed(world, LANE_ACTIVITY), 3);
    world_alarm(world, 1);
    world_expect(world, "5");
    free(world);
}

static void a_restarted_uplink_goes_on_after_what_the_engine_knows_as_confirmed(void **state) {
    (void)state;
    struct world *world = world_new(100);
    for (int i = 0; i < 6; i++) {
        world_record_untold(world, LANE_ALARM, 1);
    }
    outbox_init(&world->outbox);
    outbox_welcome(&world->outbox, 6, (const uint64_t[]){4, 0});
    world_connect(world);
    world_drain(world, 10);
    world_expect(world, "5' 6'");
    free(world);
}

static void a_new_alarm_overtakes_the_backlog_with_its_own_past_first(void **state) {
    (void)state;
    struct world *world = world_new(2);
    for (uint32_t i = 0; i < 8; i++) {
        world_alarm(world, i % 4); /* 1:0 2:1 3:2 4:3 5:0 6:1 7:2 8:3 */
    }
    world_connect(world);
    world_drain(world, 1);
    world_expect(world, "1' 2'");
    world_alarm(world, 3); /* 9: its past is 4 and 8 */
    world_expect(world, "");
    world_take_all(world);
    world_drain(world, 1);
    world_expect(world, "4' 8'");
    world_take_all(world);
    world_drain(world, 9);
    world_expect(world, "9 3'");
    world_take_all(world);
    world_drain(world, 9);
    world_expect(world, "5' 6'");
    world_take_all(world);
    world_drain(world, 9);
    world_expect(world, "7'"); /* 8 and 9 have gone ahead */
    assert_int_equal(confirmed(world, LANE_ALARM), 6);
    world_take_all(world);
    assert_int_equal(confirmed(world, LANE_ALARM), 9);
    assert_int_equal(world->sends_again, 0);
    free(world);
}

static void what_overtakes_does_not_move_confirmed_before_the_backlog_has_passed(void **state) {
    (void)state;
    struct world *world = world_new(1);
    world_alarm(world, 1);
    world_alarm(world, 1);
    world_connect(world);
    world_alarm(world, 2); /* 3 */
    world_drain(world, 1);
    world_expect(world, "3");
    world_take_all(world);
    assert_int_equal(confirmed(world, LANE_ALARM), 0);
    world_drain(world, 9);
    world_take_all(world);
    world_drain(world, 9);
    world_take_all(world);
    world_drain(world, 9);
    world_expect(world, "1' 2'");
    assert_int_equal(confirmed(world, LANE_ALARM), 3);
    free(world);
}

static void an_activity_event_waits_its_turn_behind_its_backlog(void **state) {
    (void)state;
    struct world *world = world_new(1);
    world_activity(world);
    world_connect(world);
    world_activity(world);
    world_expect(world, "");
    world_drain(world, 9);
    world_expect(world, "1'");
    world_take_all(world);
    world_drain(world, 9);
    world_expect(world, "2");
    free(world);
}

static void a_jam_of_the_window_does_not_mark_a_new_call_as_old(void **state) {
    (void)state;
    struct world *world = world_new(1);
    world_connect(world);
    world_alarm(world, 1);
    world_alarm(world, 2);
    world_alarm(world, 3);
    world_expect(world, "1");
    world_take_all(world);
    world_drain(world, 1);
    world_take_all(world);
    world_drain(world, 9);
    world_expect(world, "2 3");
    free(world);
}

static void what_waited_long_within_a_session_is_a_replay(void **state) {
    (void)state;
    struct world *world = world_new(1);
    world_connect(world);
    world_activity(world);
    world_activity(world);
    world_take_all(world);
    world->age_ns = OUTBOX_REPLAY_AGE_NS;
    world_drain(world, 9);
    world_expect(world, "1 2'");
    free(world);
}

static void
after_a_lost_connection_the_unconfirmed_is_sent_again_and_the_taken_is_not(void **state) {
    (void)state;
    struct world *world = world_new(10);
    world_connect(world);
    for (uint32_t i = 1; i <= 4; i++) {
        world_alarm(world, i);
    }
    world_take(world, 1);
    world_take(world, 3);
    world_expect(world, "1 2 3 4");
    world_lose(world);
    world_alarm(world, 5);
    world_connect(world);
    world_drain(world, 9);
    world_expect(world, "2' 4' 5'");
    assert_int_equal(confirmed(world, LANE_ALARM), 1);
    world_take_all(world);
    assert_int_equal(confirmed(world, LANE_ALARM), 5);
    free(world);
}

static void after_a_lost_connection_what_was_taken_behind_an_unanswered_one_of_its_alarm_follows_it(
    void **state) {
    (void)state;
    struct world *world = world_new(10);
    world_connect(world);
    world_alarm(world, 1);
    world_alarm(world, 2);
    world_alarm(world, 1);
    world_take(world, 2);
    world_take(world, 3);
    world_expect(world, "1 2 3");
    world_lose(world);
    world_connect(world);
    world_drain(world, 9);
    world_expect(world, "1' 3'");
    free(world);
}

static void events_that_were_not_told_one_by_one_are_read(void **state) {
    (void)state;
    struct world *world = world_new(10);
    world_connect(world);
    world_alarm(world, 1);
    world_record_untold(world, LANE_ALARM, 2);
    world_record_untold(world, LANE_ACTIVITY, RULESET_NONE);
    world_alarm(world, 2); /* 4 overtakes, with 2 before it */
    world_expect(world, "1");
    world_drain(world, 9);
    world_expect(world, "2 4 3");
    free(world);
}

static void a_refused_event_is_sent_again_after_a_pause_and_holds_up_its_alarm_alone(void **state) {
    (void)state;
    struct world *world = world_new(10);
    world_connect(world);
    world_alarm(world, 1); /* 1 */
    world_alarm(world, 1); /* 2 */
    world_alarm(world, 2); /* 3 */
    world_take(world, 1);
    world_take(world, 3);
    world_refuse(world, 2);
    world_alarm(world, 2); /* 4 */
    world_expect(world, "1 2 3 4");
    world_drain(world, 9);
    world_expect(world, ""); /* it is not sent before its time */
    outbox_resume(&world->outbox);
    world_drain(world, 9);
    world_expect(world, "2");
    world_take(world, 4);
    assert_int_equal(confirmed(world, LANE_ALARM), 1); /* O1: what is behind it is not confirmed */
    assert_int_equal(outbox_waiting(&world->outbox), 1);
    world_take(world, 2);
    assert_int_equal(confirmed(world, LANE_ALARM), 4);
    assert_int_equal(outbox_waiting(&world->outbox), 0);
    free(world);
}

/* A broker that refuses for a while and then takes: raised … cleared must arrive in that order. */
static void what_was_refused_comes_before_anything_newer_of_its_alarm(void **state) {
    (void)state;
    struct world *world = world_new(10);
    world_connect(world);
    for (int i = 0; i < 3; i++) {
        world_alarm(world, 1);
        world_alarm(world, 1);
        world_drain(world, 9);
        world_refuse_all(world);
        world_drain(world, 9);
    }
    world_expect(world, "1 2 1 1"); /* news of an alarm tries its oldest, and nothing else */
    outbox_resume(&world->outbox);
    world_alarm(world, 2);
    world_drain(world, 9);
    world_expect(world, "7 1");
    for (uint64_t seq = 1; seq <= 5; seq++) {
        world_take(world, seq);
        world_drain(world, 9);
    }
    world_expect(world, "2 3 4 5 6");
    world_take(world, 6);
    world_take(world, 7);
    assert_int_equal(confirmed(world, LANE_ALARM), 7);
    free(world);
}

static void what_was_taken_behind_a_refused_event_is_sent_once_more_after_it(void **state) {
    (void)state;
    struct world *world = world_new(10);
    world_connect(world);
    for (uint32_t i = 1; i <= 4; i++) {
        world_alarm(world, 1);
    }
    world_take(world, 1);
    world_take(world, 3); /* before the refusal is known */
    world_refuse(world, 2);
    world_take(world, 4); /* after it */
    world_expect(world, "1 2 3 4");
    assert_int_equal(outbox_waiting(&world->outbox), 3);
    outbox_resume(&world->outbox);
    for (uint64_t seq = 2; seq <= 4; seq++) {
        world_drain(world, 9);
        world_take(world, seq);
    }
    world_expect(world, "2 3 4");
    assert_int_equal(confirmed(world, LANE_ALARM), 4);
    free(world);
}

static void what_is_taken_late_behind_a_refused_event_is_sent_once_more_too(void **state) {
    (void)state;
    struct world *world = world_new(10);
    world_connect(world);
    world_alarm(world, 1);
    world_alarm(world, 1);
    world_refuse(world, 1);
    outbox_resume(&world->outbox);
    world_drain(world, 9);
    world_take_at(world, 1); /* 1, taken at the second try, is answered before 2 is */
    world_take(world, 2);
    world_drain(world, 9);
    world_expect(world, "1 2 1 2");
    world_take(world, 2);
    assert_int_equal(confirmed(world, LANE_ALARM), 2);
    free(world);
}

/* So that the broker cannot take the second and refuse the first again. */
static void after_a_refusal_one_event_of_an_alarm_is_in_flight_at_a_time(void **state) {
    (void)state;
    struct world *world = world_new(10);
    world_connect(world);
    world_alarm(world, 1);
    world_alarm(world, 1);
    world_expect(world, "1 2"); /* not before */
    world_take_all(world);
    world_alarm(world, 3);
    world_refuse(world, 3);
    world_alarm(world, 1); /* 4 */
    world_alarm(world, 1); /* 5 */
    world_alarm(world, 2); /* 6 */
    world_drain(world, 9);
    world_expect(world, "3 4 6");
    world_take(world, 4);
    world_drain(world, 9);
    world_expect(world, "5"); /* at once, in no round of tries */
    world_lose(world);
    world_connect(world);
    world_drain(world, 9);
    world_expect(world, "3' 5' 6'");
    world_take_all(world);
    world_alarm(world, 1);
    world_alarm(world, 1);
    world_expect(world, "7"); /* in the next session too */
    world_lose(world);
    world_connect(world);
    world_drain(world, 9);
    world_expect(world, "7' 8'"); /* the one before this was without a refusal */
    free(world);
}

static void activity_events_hold_up_no_other(void **state) {
    (void)state;
    struct world *world = world_new(10);
    world_connect(world);
    world_activity(world);
    world_activity(world);
    world_refuse(world, 1);
    world_activity(world);
    world_expect(world, "1 2 3");
    world_take(world, 2);
    world_take(world, 3);
    assert_int_equal(outbox_waiting(&world->outbox), 1);
    outbox_resume(&world->outbox);
    world_drain(world, 9);
    world_expect(world, "1");
    world_take(world, 1);
    assert_int_equal(confirmed(world, LANE_ACTIVITY), 3);
    free(world);
}

static void of_several_refused_alarms_each_is_tried_once_a_round_one_at_a_time(void **state) {
    (void)state;
    struct world *world = world_new(10);
    world_connect(world);
    for (uint32_t i = 1; i <= 4; i++) {
        world_alarm(world, i);
    }
    world_refuse_all(world);
    world_expect(world, "1 2 3 4");
    outbox_resume(&world->outbox);
    world_drain(world, 9);
    world_expect(world, "1");
    world_refuse(world, 1);
    world_drain(world, 9);
    world_expect(world, "2"); /* what is never taken stops no other */
    outbox_resume(&world->outbox);
    world_take(world, 2);
    world_drain(world, 9);
    world_expect(world, "3"); /* by turns, whatever happens meanwhile */
    world_take(world, 3);
    world_drain(world, 9);
    world_take(world, 4);
    world_drain(world, 9);
    world_expect(world, "4 1");
    world_refuse(world, 1);
    world_drain(world, 9);
    world_expect(world, "");
    world_lose(world); /* another session begins with what is not confirmed */
    world_connect(world);
    world_drain(world, 9);
    world_expect(world, "1'"); /* 2 to 4 are remembered as taken */
    world_take_all(world);
    assert_int_equal(confirmed(world, LANE_ALARM), 4);
    free(world);
}

static void a_refused_event_that_the_journal_has_lost_holds_nothing_up(void **state) {
    (void)state;
    struct world *world = world_new(10);
    world_connect(world);
    world_alarm(world, 1);
    world_alarm(world, 2);
    world_take(world, 2);
    world_refuse(world, 1);
    world->journal[1].lane = LANE_ACTIVITY; /* no row of this lane any more */
    outbox_resume(&world->outbox);
    world_drain(world, 9);
    assert_int_equal(confirmed(world, LANE_ALARM), 2);
    free(world);
}

/* The table of the alarm lane, full behind event 1, which was refused; all others were taken. */
static struct world *world_full(void) {
    struct world *world = world_new(10);
    world_connect(world);
    world_alarm(world, 1);
    world_refuse(world, 1);
    for (int i = 1; i < OUTBOX_SENT_MAX; i++) {
        world_alarm(world, 2);
        world_take_all(world);
    }
    assert_int_equal(world->outbox.lanes[LANE_ALARM].count, OUTBOX_SENT_MAX);
    world->said[0] = '\0';
    return world;
}

static void behind_a_refused_event_the_table_fills_and_new_alarms_still_overtake(void **state) {
    (void)state;
    struct world *world = world_full();
    world_alarm(world, 3); /* one past it: goes ahead */
    world_drain(world, 9);
    world_expect(world, "1025");
    assert_int_equal(confirmed(world, LANE_ALARM), 0);
    assert_int_equal(world->outbox.lanes[LANE_ALARM].passed_over, 0);
    free(world);
}

/* In each of so many rounds event 1 is tried, and refused. */
static void world_refuse_rounds(struct world *world, uint32_t rounds) {
    for (uint32_t i = 0; i < rounds; i++) {
        outbox_resume(&world->outbox);
        world_drain(world, 9);
        world_expect(world, "1");
        world_refuse(world, 1);
    }
}

/* O6 */
static void
what_is_refused_for_long_before_a_full_table_of_taken_ones_is_passed_over(void **state) {
    (void)state;
    struct world *world = world_full();
    const struct outbox_lane *lane = &world->outbox.lanes[LANE_ALARM];
    world_refuse_rounds(world, OUTBOX_ROUNDS_MIN - 1);
    assert_int_equal(lane->passed_over, 0);
    assert_int_equal(outbox_unheard(&world->outbox), 1);
    world_refuse_rounds(world, 1);
    assert_int_equal(lane->passed_over, 1);
    assert_int_equal(lane->passed_over_seq, 1);
    assert_int_equal(confirmed(world, LANE_ALARM), OUTBOX_SENT_MAX);
    assert_int_equal(outbox_waiting(&world->outbox), 0);
    assert_int_equal(outbox_unheard(&world->outbox), 0);
    world->journal[1].refused = false;
    world_alarm(world, 1); /* its alarm goes on */
    world_expect(world, "1025");
    free(world);
}

static void below_a_full_table_nothing_is_passed_over(void **state) {
    (void)state;
    struct world *world = world_new(10);
    world_connect(world);
    world_alarm(world, 1);
    world_refuse(world, 1);
    for (int i = 2; i < OUTBOX_SENT_MAX; i++) {
        world_alarm(world, 2);
        world_take_all(world);
    }
    world->said[0] = '\0';
    world_refuse_rounds(world, OUTBOX_ROUNDS_MIN);
    assert_int_equal(world->outbox.lanes[LANE_ALARM].count, OUTBOX_SENT_MAX - 1);
    assert_int_equal(world->outbox.lanes[LANE_ALARM].passed_over, 0);
    world_alarm(world, 2); /* now it is full */
    assert_int_equal(world->outbox.lanes[LANE_ALARM].passed_over, 1);
    free(world);
}

static void a_broker_that_refuses_everything_is_waited_for_and_has_it_all_in_order(void **state) {
    (void)state;
    enum { ALARMS = 8, EVENTS = OUTBOX_SENT_MAX + 200 };
    struct world *world = world_new(10);
    world_connect(world);
    for (uint32_t i = 0; i < EVENTS; i++) {
        world_alarm(world, i % ALARMS);
        world_drain(world, 2);
        world_refuse_all(world);
        if (i % 50 == 0) {
            outbox_resume(&world->outbox);
        }
    }
    assert_int_equal(world->outbox.lanes[LANE_ALARM].passed_over, 0);
    uint64_t heard[ALARMS] = {0};
    outbox_resume(&world->outbox);
    for (int i = 0; i < 4 * EVENTS; i++) {
        world_drain(world, 4);
        while (world->in_flight > 0) {
            uint64_t seq = world->flight[0].seq;
            assert_true(seq > heard[world->journal[seq].alarm]);
            heard[world->journal[seq].alarm] = seq;
            world_take_at(world, 0);
        }
    }
    assert_int_equal(confirmed(world, LANE_ALARM), EVENTS);
    free(world);
}

static void a_journal_that_cannot_be_read_does_not_silence_a_new_alarm(void **state) {
    (void)state;
    struct world *world = world_new(10);
    world_record_untold(world, LANE_ALARM, 1);
    world_connect(world);
    world->journal_gone = true;
    outbox_journal(&world->outbox, false);
    world_alarm(world, 2);
    world_expect(world, "2");
    world->journal_gone = false;
    outbox_journal(&world->outbox, true);
    world_drain(world, 9);
    world_expect(world, "1'");
    free(world);
}

/* The engine has saved by now what the uplink before this one had told it. */
static void what_is_in_flight_is_not_sent_again_when_the_engine_knows_of_more(void **state) {
    (void)state;
    struct world *world = world_new(10);
    for (uint32_t i = 0; i < 4; i++) {
        world_record_untold(world, LANE_ALARM, 1);
    }
    world_connect(world);
    world_drain(world, 9);
    world_expect(world, "1' 2' 3' 4'");
    outbox_welcome(&world->outbox, 4, (const uint64_t[]){2, 4});
    assert_int_equal(confirmed(world, LANE_ALARM), 2);
    world_drain(world, 9);
    world_expect(world, "");
    world_take_all(world);
    assert_int_equal(confirmed(world, LANE_ALARM), 4);
    assert_true(outbox_is_done(&world->outbox));
    free(world);
}

static void another_journal_is_begun_where_the_engine_says(void **state) {
    (void)state;
    struct world *world = world_new(10);
    world_connect(world);
    for (uint32_t i = 0; i < 5; i++) {
        world_alarm(world, 1);
    }
    world_take_all(world);
    world_expect(world, "1 2 3 4 5");
    outbox_welcome(&world->outbox, 2, (const uint64_t[]){1, 0});
    assert_int_equal(confirmed(world, LANE_ALARM), 1);
    world_drain(world, 9);
    world_expect(world, "2'");
    free(world);
}

static void an_engine_that_forgot_our_confirmations_does_not_bring_them_back(void **state) {
    (void)state;
    struct world *world = world_new(10);
    world_connect(world);
    world_alarm(world, 1);
    world_alarm(world, 1);
    world_take_all(world);
    outbox_welcome(&world->outbox, 2, (const uint64_t[]){1, 0});
    assert_int_equal(confirmed(world, LANE_ALARM), 2);
    world_drain(world, 9);
    world_expect(world, "1 2");
    free(world);
}

static void the_oldest_unanswered_event_bounds_what_is_sent_behind_it(void **state) {
    (void)state;
    struct world *world = world_new(2);
    world_connect(world);
    world_activity(world);
    for (int i = 0; i < OUTBOX_SENT_MAX + 10; i++) {
        world_activity(world);
        world_drain(world, 9);
        if (world->in_flight == 2) {
            world_take_at(world, 1); /* never the first */
        }
    }
    outbox_check(&world->outbox);
    assert_int_equal(world->sends, OUTBOX_SENT_MAX);
    assert_int_equal(confirmed(world, LANE_ACTIVITY), 0);
    world_take_all(world);
    world_drain(world, 9);
    world_take_all(world);
    assert_true(confirmed(world, LANE_ACTIVITY) > OUTBOX_SENT_MAX);
    free(world);
}

/* A busy alarm's past is longer than one read: each read goes on where the last one ended. */
static void a_long_past_of_one_alarm_overtakes_piece_by_piece(void **state) {
    (void)state;
    struct world *world = world_new(40);
    world_alarm(world, 2);
    for (int i = 0; i < 250; i++) {
        world_alarm(world, 1);
    }
    world_connect(world);
    world_alarm(world, 1);
    for (int i = 0; i < 20; i++) {
        world_drain(world, 1);
        world_take_all(world);
    }
    assert_int_equal(confirmed(world, LANE_ALARM), 252);
    assert_int_equal(world->sends, 252);
    free(world);
}

static void more_overtakers_than_the_table_holds_wait_for_the_backlog(void **state) {
    (void)state;
    enum { ALARMS = OUTBOX_OVERTAKERS_MAX + 5 };
    struct world *world = world_new(1);
    world_record_untold(world, LANE_ALARM, 0);
    world_connect(world);
    for (uint32_t i = 1; i <= ALARMS; i++) {
        uint64_t seq = ++world->newest;
        world->journal[seq] = (struct row){.lane = LANE_ALARM, .alarm = 1};
        const struct outbox_news news = {.lane = LANE_ALARM, .seq = seq, .alarm = 100 + i};
        assert_false(outbox_live(&world->outbox, &news, true));
    }
    assert_int_equal(world->outbox.overtaker_count, OUTBOX_OVERTAKERS_MAX);
    assert_int_equal(world->outbox.overtakes_refused, 5);
    free(world);
}

/* A table full of alarms that overtake, none of them urgent, and a backlog before them. */
static struct world *world_crowded(void) {
    struct world *world = world_new(1);
    world_record_untold(world, LANE_ALARM, 0);
    world_connect(world);
    for (uint32_t i = 1; i <= OUTBOX_OVERTAKERS_MAX; i++) {
        uint64_t seq = ++world->newest;
        world->journal[seq] = (struct row){.lane = LANE_ALARM, .alarm = 100 + i};
        const struct outbox_news news = {.lane = LANE_ALARM, .seq = seq, .alarm = 100 + i};
        assert_false(outbox_live(&world->outbox, &news, true));
    }
    return world;
}

static void assert_next_is(struct world *world, uint32_t alarm) {
    struct outbox_read read;
    assert_true(outbox_next(&world->outbox, LANE_ALARM, &read));
    assert_int_equal(read.alarm, alarm);
}

enum { SHARE_BACKLOG = 8000, SHARE_ALARMS = 10 };

/* A long backlog of one alarm; a broker that takes one event at a time. */
static struct world *world_behind(void) {
    struct world *world = world_new(1);
    for (int i = 0; i < SHARE_BACKLOG; i++) {
        world_record_untold(world, LANE_ALARM, 0);
    }
    world_connect(world);
    return world;
}

/* For each that the broker takes two more alarms come, of some few by turns. Returns how many went of the backlog. */
static uint32_t world_press(struct world *world, uint32_t takes, bool urgent) {
    uint32_t shared = 0;
    for (uint32_t i = 0; i < takes; i++) {
        for (uint32_t k = 0; k < 2; k++) {
            uint64_t seq = ++world->newest;
            assert_true(seq <= ROWS_MAX);
            uint32_t alarm = 1 + (2 * i + k) % SHARE_ALARMS;
            world->journal[seq] = (struct row){.lane = LANE_ALARM, .alarm = alarm};
            const struct outbox_news news = {.lane = LANE_ALARM,
                                             .seq = seq,
                                             .alarm = alarm,
                                             .order = row_order(&world->journal[seq]),
                                             .urgent = urgent};
            assert_false(outbox_live(&world->outbox, &news, world->in_flight < world->window));
        }
        world_drain(world, 4);
        assert_int_equal(world->in_flight, 1);
        shared += world->flight[0].seq <= SHARE_BACKLOG;
        world_take_at(world, 0);
    }
    return shared;
}

static void alarms_that_keep_coming_leave_the_oldest_a_share_of_a_backlog(void **state) {
    (void)state;
    struct world *world = world_behind();
    assert_int_equal(world_press(world, 1600, false), 400);
    assert_int_equal(world->last_heard[0], 400);
    world_take_all(world);
    outbox_check(&world->outbox);
    free(world);
}

static void calls_that_keep_coming_leave_it_a_smaller_one(void **state) {
    (void)state;
    struct world *world = world_behind();
    assert_int_equal(world_press(world, 1600, true), 100);
    free(world);
}

static void a_call_does_not_wait_for_the_rest_of_a_share(void **state) {
    (void)state;
    for (uint32_t before = 0; before < 40; before++) {
        struct world *world = world_behind();
        (void)world_press(world, before, false);
        uint64_t seq = ++world->newest;
        world->journal[seq] = (struct row){.lane = LANE_ALARM, .alarm = 15};
        const struct outbox_news news = {.lane = LANE_ALARM,
                                         .seq = seq,
                                         .alarm = 15,
                                         .order = row_order(&world->journal[seq]),
                                         .urgent = true};
        assert_false(outbox_live(&world->outbox, &news, true));
        world_drain(world, 4);
        assert_int_equal(world->flight[0].seq, seq);
        free(world);
    }
}

/* Each of them once, so that all that went ahead is remembered. */
static void alarms_that_nobody_is_called_for_leave_room_for_calls_to_overtake(void **state) {
    (void)state;
    struct world *world = world_behind();
    (void)world_press(world, 5600, false);
    assert_int_equal(world->outbox.ahead_count, OUTBOX_AHEAD_MAX - OUTBOX_AHEAD_URGENT);
    assert_next_is(world, RULESET_NONE);
    uint64_t seq = ++world->newest;
    world->journal[seq] = (struct row){.lane = LANE_ALARM, .alarm = 15};
    const struct outbox_news news = {.lane = LANE_ALARM,
                                     .seq = seq,
                                     .alarm = 15,
                                     .order = row_order(&world->journal[seq]),
                                     .urgent = true};
    assert_false(outbox_live(&world->outbox, &news, true));
    assert_next_is(world, 15);
    world_drain(world, 4);
    assert_int_equal(world->flight[0].seq, seq);
    outbox_check(&world->outbox);
    free(world);
}

static void an_urgent_alarm_goes_before_a_crowd_of_others(void **state) {
    (void)state;
    struct world *world = world_crowded();
    assert_next_is(world, 101);
    uint64_t seq = ++world->newest;
    world->journal[seq] = (struct row){.lane = LANE_ALARM, .alarm = 7};
    const struct outbox_news news = {.lane = LANE_ALARM, .seq = seq, .alarm = 7, .urgent = true};
    assert_false(outbox_live(&world->outbox, &news, true));
    assert_next_is(world, 7);
    assert_int_equal(world->outbox.overtaker_count, OUTBOX_OVERTAKERS_MAX);
    free(world);
}

static void an_urgent_alarm_that_was_only_counted_goes_before_others_too(void **state) {
    (void)state;
    struct world *world = world_crowded();
    uint64_t seq = ++world->newest;
    world->journal[seq] = (struct row){.lane = LANE_ALARM, .alarm = 7};
    outbox_overtake(&world->outbox, 7, seq + 3, true);
    assert_next_is(world, 7);
    assert_int_equal(world->outbox.newest, seq + 3);
    free(world);
}

static void urgent_alarms_do_not_displace_each_other(void **state) {
    (void)state;
    struct world *world = world_crowded();
    for (uint32_t i = 1; i <= OUTBOX_OVERTAKERS_MAX + 1; i++) {
        outbox_overtake(&world->outbox, 1000 + i, ++world->newest, true);
    }
    assert_next_is(world, 1001);
    for (uint32_t i = 0; i < OUTBOX_OVERTAKERS_MAX; i++) {
        assert_int_equal(world->outbox.overtakers[i].alarm, 1001 + i);
    }
    free(world);
}

/* ---- the walk ---- */

static uint32_t walk_random(uint64_t *seed, uint32_t bound) {
    *seed = *seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (uint32_t)(*seed >> 33) % bound;
}

static void walk_step(struct world *world, uint64_t *seed, bool *connected, bool *refused) {
    switch (walk_random(seed, 12)) {
    case 0:
    case 1:
    case 2:
        world_alarm(world, walk_random(seed, 16));
        break;
    case 3:
    case 4:
        world_activity(world);
        break;
    case 5:
        world_record_untold(world, LANE_ALARM, walk_random(seed, 16));
        break;
    case 6:
    case 7:
        world_drain(world, 1 + (int)walk_random(seed, 3));
        break;
    case 8:
    case 9:
    case 10:
        for (uint32_t i = walk_random(seed, 8); i > 0 && world->in_flight > 0; i--) {
            world_take_at(world, walk_random(seed, world->in_flight));
        }
        break;
    case 11:
        if (walk_random(seed, 4) == 0 && world->in_flight > 0) {
            world_refuse_at(world, walk_random(seed, world->in_flight));
            *refused = true;
        } else if (walk_random(seed, 3) == 0) {
            outbox_resume(&world->outbox);
        } else if (*connected && walk_random(seed, 4) == 0) {
            world_lose(world);
            *connected = false;
        } else if (!*connected) {
            world_connect(world);
            *connected = true;
        }
        break;
    default:
        break;
    }
    outbox_check(&world->outbox);
    for (uint64_t seq = 1; seq <= world->newest; seq++) { /* O1 */
        const struct row *row = &world->journal[seq];
        assert_true(row->delivered || seq > confirmed(world, row->lane));
    }
}

static void whatever_happens_everything_arrives_once_confirmed_and_in_order(void **state) {
    (void)state;
    uint64_t walked = 0;
    uint64_t again = 0;
    for (uint64_t start = 1; start <= 60; start++) {
        uint64_t seed = start;
        struct world *world = world_new(1 + walk_random(&seed, 20));
        bool connected = false;
        bool refused = false;
        for (int i = 0; i < 600; i++) {
            walk_step(world, &seed, &connected, &refused);
        }
        /* Heal: everything must come through. */
        outbox_resume(&world->outbox);
        if (!connected) {
            world_connect(world);
        }
        for (uint32_t i = 0; i < 4 * world->newest + 100; i++) {
            world_drain(world, 10);
            world_take_all(world);
        }
        for (uint64_t seq = 1; seq <= world->newest; seq++) {
            if (!world->journal[seq].delivered ||
                seq > world->outbox.lanes[world->journal[seq].lane].examined) {
                fail_msg("seed %llu: %llu was not delivered", (unsigned long long)start,
                         (unsigned long long)seq);
            }
        }
        uint64_t newest[16] = {0};
        for (uint64_t seq = 1; seq <= world->newest; seq++) {
            if (world->journal[seq].lane == LANE_ALARM) {
                newest[world->journal[seq].alarm] = seq;
            }
        }
        for (uint32_t alarm = 0; alarm < 16; alarm++) {
            assert_int_equal(world->last_heard[alarm], newest[alarm]);
        }
        walked += world->newest;
        again += world->sends_again;
        free(world);
    }
    assert_true(walked > 10000);
    assert_true(again > 0); /* losses and refusals did happen */
}

/* O2: without a loss or a refusal nothing is sent twice, however much overtakes. */
static void within_one_session_nothing_is_sent_twice(void **state) {
    (void)state;
    for (uint64_t start = 1; start <= 40; start++) {
        uint64_t seed = start;
        struct world *world = world_new(1 + walk_random(&seed, 20));
        for (int i = 0; i < 200; i++) {
            world_record_untold(world, LANE_ALARM, walk_random(&seed, 16));
        }
        world_connect(world);
        for (int i = 0; i < 500; i++) {
            if (walk_random(&seed, 2) == 0) {
                world_alarm(world, walk_random(&seed, 16));
            }
            world_drain(world, 1);
            while (world->in_flight > 0 && walk_random(&seed, 4) != 0) {
                world_take_at(world, walk_random(&seed, world->in_flight));
            }
        }
        assert_int_equal(world->sends_again, 0);
        free(world);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_event_is_sent_the_moment_it_is_told_when_nothing_is_older),
        cmocka_unit_test(confirmed_moves_only_over_what_was_taken_without_a_gap),
        cmocka_unit_test(a_backlog_goes_out_in_order_alarms_first_and_marked),
        cmocka_unit_test(a_restarted_uplink_goes_on_after_what_the_engine_knows_as_confirmed),
        cmocka_unit_test(a_new_alarm_overtakes_the_backlog_with_its_own_past_first),
        cmocka_unit_test(what_overtakes_does_not_move_confirmed_before_the_backlog_has_passed),
        cmocka_unit_test(an_activity_event_waits_its_turn_behind_its_backlog),
        cmocka_unit_test(a_jam_of_the_window_does_not_mark_a_new_call_as_old),
        cmocka_unit_test(what_waited_long_within_a_session_is_a_replay),
        cmocka_unit_test(
            after_a_lost_connection_the_unconfirmed_is_sent_again_and_the_taken_is_not),
        cmocka_unit_test(
            after_a_lost_connection_what_was_taken_behind_an_unanswered_one_of_its_alarm_follows_it),
        cmocka_unit_test(events_that_were_not_told_one_by_one_are_read),
        cmocka_unit_test(a_refused_event_is_sent_again_after_a_pause_and_holds_up_its_alarm_alone),
        cmocka_unit_test(what_was_refused_comes_before_anything_newer_of_its_alarm),
        cmocka_unit_test(what_was_taken_behind_a_refused_event_is_sent_once_more_after_it),
        cmocka_unit_test(what_is_taken_late_behind_a_refused_event_is_sent_once_more_too),
        cmocka_unit_test(after_a_refusal_one_event_of_an_alarm_is_in_flight_at_a_time),
        cmocka_unit_test(activity_events_hold_up_no_other),
        cmocka_unit_test(of_several_refused_alarms_each_is_tried_once_a_round_one_at_a_time),
        cmocka_unit_test(a_refused_event_that_the_journal_has_lost_holds_nothing_up),
        cmocka_unit_test(behind_a_refused_event_the_table_fills_and_new_alarms_still_overtake),
        cmocka_unit_test(what_is_refused_for_long_before_a_full_table_of_taken_ones_is_passed_over),
        cmocka_unit_test(below_a_full_table_nothing_is_passed_over),
        cmocka_unit_test(a_broker_that_refuses_everything_is_waited_for_and_has_it_all_in_order),
        cmocka_unit_test(a_journal_that_cannot_be_read_does_not_silence_a_new_alarm),
        cmocka_unit_test(what_is_in_flight_is_not_sent_again_when_the_engine_knows_of_more),
        cmocka_unit_test(another_journal_is_begun_where_the_engine_says),
        cmocka_unit_test(an_engine_that_forgot_our_confirmations_does_not_bring_them_back),
        cmocka_unit_test(the_oldest_unanswered_event_bounds_what_is_sent_behind_it),
        cmocka_unit_test(a_long_past_of_one_alarm_overtakes_piece_by_piece),
        cmocka_unit_test(more_overtakers_than_the_table_holds_wait_for_the_backlog),
        cmocka_unit_test(alarms_that_keep_coming_leave_the_oldest_a_share_of_a_backlog),
        cmocka_unit_test(calls_that_keep_coming_leave_it_a_smaller_one),
        cmocka_unit_test(a_call_does_not_wait_for_the_rest_of_a_share),
        cmocka_unit_test(alarms_that_nobody_is_called_for_leave_room_for_calls_to_overtake),
        cmocka_unit_test(an_urgent_alarm_goes_before_a_crowd_of_others),
        cmocka_unit_test(an_urgent_alarm_that_was_only_counted_goes_before_others_too),
        cmocka_unit_test(urgent_alarms_do_not_displace_each_other),
        cmocka_unit_test(whatever_happens_everything_arrives_once_confirmed_and_in_order),
        cmocka_unit_test(within_one_session_nothing_is_sent_twice),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
