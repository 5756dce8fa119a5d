/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Lives of an alarm, told as stories. Each line of a story is: seconds, what happens, the state
 * after it and what is told of it: changes joined by "+", "silent" for a record that changed
 * without a word, "-" for nothing, or "!" and the reason why a command was refused.
 *
 * What happens is a condition (true, false, unknown), a command (acknowledge, attend, reset) or
 * "restart": the alarm is recorded, forgotten and restored.
 */

#include <stdio.h>
#include <string.h>

#include "rules/alarm.h"
#include "tests/support/cmocka.h"
#include "tests/support/doomed.h"

#define HOUR_S 3600

static const char *const change_names[] = {
    "raised",       "reraised", "acknowledged", "realarmed",    "attended",
    "investigated", "silenced", "unsilenced",   "shelved",      "unshelved",
    "suspended",    "resumed",  "suppressed",   "unsuppressed", "cleared",
    "reset",        "disposed", "closed",       "promoted",     "silent",
};

struct life {
    struct alarm_conf conf;
    struct alarm alarm;
    unsigned seen; /* states that were visited, one bit each */
};

static void life_begin(struct life *life, enum alarm_class class, bool latched, unsigned delay_s) {
    *life = (struct life){
        .conf = {.raise_after_ns = delay_s * NS_PER_S,
                 .class = (uint8_t) class,
                 .priority = (uint8_t)alarm_class_facts(class)->priority,
                 .latched = latched,
                 .times = &alarm_times_default},
    };
    alarm_init(&life->alarm);
}

static void change_words(unsigned changes, char ret[128]) {
    ret[0] = '\0';
    for (unsigned bit = 0; bit < sizeof change_names / sizeof change_names[0]; bit++) {
        if ((changes >> bit & 1) != 0) {
            if (ret[0] != '\0') {
                strcat(ret, "+");
            }
            strcat(ret, change_names[bit]);
        }
    }
    if (ret[0] == '\0') {
        strcpy(ret, "-");
    }
}

/* Let one thing happen; writes what was told of it. */
static void life_happen(struct life *life, const char *what, struct instant now, char ret[128]) {
    static const char *const conditions[TRUTH_COUNT] = {"false", "true", "unknown"};
    struct wall wall = {(int64_t)now.ns + 1000};
    for (unsigned truth = 0; truth < TRUTH_COUNT; truth++) {
        if (strcmp(what, conditions[truth]) == 0) {
            change_words(alarm_step(&life->alarm, &life->conf, (enum truth)truth, now, wall), ret);
            return;
        }
    }
    if (strcmp(what, "unsure") == 0 || strcmp(what, "sure") == 0) {
        life->conf.unsure = what[0] == 'u';
        strcpy(ret, "-");
        return;
    }
    if (strcmp(what, "restart") == 0) {
        struct alarm_record record;
        alarm_record(&life->alarm, now, &record);
        memset(&life->alarm, 0xAA, sizeof life->alarm);
        alarm_restore(&life->alarm, &life->conf, &record, now);
        strcpy(ret, "-");
        return;
    }
    enum command_verb verb = command_verb_find(what, strlen(what));
    assert_int_not_equal(verb, COMMAND_VERB_COUNT);
    struct alarm before = life->alarm;
    enum command_refusal refusal;
    const struct command command = {.verb = verb, .actor = "nurse", .second_role = ROLE_COUNT};
    unsigned changes = alarm_command(&life->alarm, &life->conf, &command, now, wall, &refusal);
    if (refusal == COMMAND_ACCEPTED) {
        change_words(changes, ret);
        return;
    }
    /* A refused command leaves everything as it was. */
    assert_int_equal(changes, 0);
    assert_memory_equal(&before.axes, &life->alarm.axes, sizeof before.axes);
    assert_int_equal(before.raises, life->alarm.raises);
    snprintf(ret, 128, "!%s", command_refusal_name(refusal));
}

/* Tell a story in the life of an alarm. */
static void story(struct life *life, const char *script) {
    unsigned at;
    char what[24], state[32], told[64];
    int used;
    while (sscanf(script, " %u %23s %31s %63s%n", &at, what, state, told, &used) == 4) {
        char got[128];
        life_happen(life, what, (struct instant){at * NS_PER_S}, got);
        enum alarm_state is = alarm_axes_state(life->alarm.axes);
        if (strcmp(got, told) != 0 || strcmp(alarm_state_name(is), state) != 0) {
            fail_msg("%u %s: is %s %s, should be %s %s", at, what, alarm_state_name(is), got, state,
                     told);
        }
        assert_int_equal(alarm_is_normal(&life->alarm), is == ALARM_NORMAL);
        life->seen |= 1u << is;
        script += used;
    }
    assert_int_equal(strspn(script, " \n"), strlen(script)); /* the whole story was read */
}

#define PLAIN  CLASS_SPACE_CLIMATE, false
#define FIRE   CLASS_FIRE_ALARM, true
#define CALL   CLASS_CALL_EMERGENCY, true
#define ASSIST CLASS_CALL_ASSIST, false
#define FALL   CLASS_CARE_FALL, false
/* A story of its own: class, does it latch, seconds of delay, script. */
static void one(enum alarm_class class, bool latched, unsigned delay_s, const char *script) {
    struct life life;
    life_begin(&life, class, latched, delay_s);
    story(&life, script);
}

/* --- a class that does not latch --- */

static void an_alarm_acknowledged_closes_when_its_condition_ends(void **state) {
    (void)state;
    one(PLAIN, 0,
        "0 false normal -\n"
        "1 true unacknowledged raised\n"
        "2 true unacknowledged -\n"
        "3 acknowledge acknowledged acknowledged\n"
        "4 true acknowledged -\n"
        "5 false normal cleared+closed\n"
        "6 false normal -\n");
}

/* The first of three raises is at 1 s, exactly. */
static bool chatters_when_raised_again_at(uint64_t at_ns) {
    struct life life;
    char told[128];
    life_begin(&life, PLAIN, 0);
    for (unsigned i = 0; i < 2; i++) {
        life_happen(&life, "true", (struct instant){(1 + i) * NS_PER_S}, told);
        life_happen(&life, "false", (struct instant){(1 + i) * NS_PER_S + NS_PER_S / 2}, told);
        assert_false(life.alarm.axes.chattering);
    }
    life_happen(&life, "true", (struct instant){at_ns}, told);
    return life.alarm.axes.chattering;
}

static void three_raises_chatter_within_a_minute_and_not_in_more(void **state) {
    (void)state;
    assert_true(chatters_when_raised_again_at(61 * NS_PER_S));
    assert_false(chatters_when_raised_again_at(61 * NS_PER_S + 1));
}

static void an_alarm_gone_before_anyone_looked_is_still_owed(void **state) {
    (void)state;
    one(PLAIN, 0,
        "0 true unacknowledged raised\n"
        "1 false returned_unacked cleared\n"
        "2 false returned_unacked -\n"
        "9 acknowledge normal acknowledged+closed\n");
}

static void a_condition_that_comes_back_raises_the_same_occurrence_again(void **state) {
    (void)state;
    struct life life;
    life_begin(&life, PLAIN, 0);
    story(&life, "0 true unacknowledged raised\n"
                 "1 false returned_unacked cleared\n"
                 "2 true unacknowledged reraised\n");
    assert_int_equal(life.alarm.occurrence, 1);
    assert_int_equal(life.alarm.raises, 2);
    assert_int_equal(life.alarm.raised.ns, 1000);
    story(&life, "3 acknowledge acknowledged acknowledged\n"
                 "4 false normal cleared+closed\n"
                 "5 true unacknowledged raised\n");
    assert_int_equal(life.alarm.occurrence, 2);
    assert_int_equal(life.alarm.raises, 1);
    assert_int_equal(life.alarm.raised.ns, 5 * NS_PER_S + 1000);
}

static void an_open_alarm_is_raised_again_without_its_delay(void **state) {
    (void)state;
    one(PLAIN, 5,
        "0 true pending silent\n"
        "5 true unacknowledged raised\n"
        "6 false returned_unacked cleared\n"
        "7 true unacknowledged reraised\n");
}

/* --- the delay --- */

static void a_blip_shorter_than_the_delay_is_never_told(void **state) {
    (void)state;
    one(PLAIN, 5,
        "0 true pending silent\n"
        "4 true pending -\n"
        "4 false normal silent\n"
        "9 false normal -\n");
}

static void a_delay_ends_at_its_deadline_and_not_before(void **state) {
    (void)state;
    struct life life;
    life_begin(&life, PLAIN, 5);
    story(&life, "3 true pending silent\n"
                 "7 true pending -\n");
    assert_int_equal(alarm_deadline(&life.alarm).ns, 8 * NS_PER_S);
    story(&life, "8 true unacknowledged raised\n");
    assert_int_equal(alarm_deadline(&life.alarm).ns, INSTANT_NEVER.ns);
}

/* The condition was true for as long as the rule asks; that nobody looked in time is no excuse. */
static void a_delay_that_was_over_before_the_condition_ended_is_told(void **state) {
    (void)state;
    one(PLAIN, 5,
        "0 true pending silent\n"
        "9 false returned_unacked raised+cleared\n");
    one(CLASS_WATER_LEAK, true, 5,
        "0 true pending silent\n"
        "9 false latched_unacked raised+cleared\n");
}

static void a_pending_alarm_takes_no_command(void **state) {
    (void)state;
    one(PLAIN, 5,
        "0 true pending silent\n"
        "1 acknowledge pending !not_raised\n"
        "1 attend pending !not_raised\n"
        "1 reset pending !not_raised\n");
}

static void an_unknown_condition_stops_the_delay_and_the_rest_is_waited_out_later(void **state) {
    (void)state;
    one(PLAIN, 5,
        "0 true pending silent\n"
        "3 unknown pending silent\n"
        "60 unknown pending -\n"
        "100 true pending silent\n"
        "101 true pending -\n"
        "102 true unacknowledged raised\n");
    one(PLAIN, 5,
        "0 true pending silent\n"
        "3 unknown pending silent\n"
        "60 false normal silent\n"
        "100 true pending silent\n"
        "104 true pending -\n"
        "105 true unacknowledged raised\n");
}

/* All of it was waited out as the condition became unknown; only that it is over must be seen. */
static void a_delay_that_ended_as_the_condition_became_unknown_ends_when_it_is_known(void **state) {
    (void)state;
    struct life life;
    life_begin(&life, PLAIN, 0);
    life.conf.clear_after_ns = 10 * NS_PER_S;
    story(&life, "0 true unacknowledged raised\n"
                 "1 acknowledge acknowledged acknowledged\n"
                 "2 false acknowledged silent\n"
                 "12 unknown acknowledged silent\n"
                 "50 false acknowledged silent\n");
    struct instant due = alarm_due(&life.alarm);
    assert_int_equal(due.ns, 50 * NS_PER_S + 1);
    assert_int_equal(alarm_step(&life.alarm, &life.conf, TRUTH_FALSE, due, (struct wall){0}),
                     ALARM_CHANGE_CLEARED | ALARM_CHANGE_CLOSED);
}

static void an_emergency_waits_on_through_an_unknown_condition(void **state) {
    (void)state;
    one(FALL, 5,
        "0 true pending silent\n"
        "2 unknown pending silent\n"
        "4 unknown pending -\n"
        "5 unknown unacknowledged raised\n");
    one(FALL, 5,
        "0 true pending silent\n"
        "2 unknown pending silent\n"
        "4 false normal silent\n");
}

/* --- unknown --- */

/* Losing a detector must never look like the danger having passed. */
static void unknown_neither_raises_nor_clears(void **state) {
    (void)state;
    one(PLAIN, 0,
        "0 unknown normal -\n"
        "1 true unacknowledged raised\n"
        "2 unknown unacknowledged silent\n"
        "3 acknowledge acknowledged acknowledged\n"
        "4 unknown acknowledged -\n"
        "5 true acknowledged silent\n"
        "6 unknown acknowledged silent\n"
        "7 false normal cleared+closed\n"
        "8 unknown normal -\n");
    one(FIRE, 0,
        "0 true unacknowledged raised\n"
        "1 false latched_unacked cleared\n"
        "2 unknown latched_unacked silent\n"
        "3 acknowledge latched_acked acknowledged\n"
        "4 reset latched_acked !condition_unknown\n"
        "5 false latched_acked silent\n"
        "6 reset normal reset+closed\n");
}

/* A condition can be false of a sensor that is dead: `value and closed`, and the place opens. */
static void a_reset_needs_the_quality_of_its_point_besides_the_condition(void **state) {
    (void)state;
    one(FIRE, 0,
        "0 true unacknowledged raised\n"
        "1 unsure unacknowledged -\n"
        "2 false latched_unacked cleared\n"
        "3 reset latched_unacked !ack_required\n"
        "4 acknowledge latched_acked acknowledged\n"
        "5 reset latched_acked !quality_not_good\n"
        "6 unknown latched_acked silent\n"
        "7 reset latched_acked !quality_not_good\n"
        "8 sure latched_acked -\n"
        "9 reset latched_acked !condition_unknown\n"
        "10 false latched_acked silent\n"
        "11 reset normal reset+closed\n");
    one(CALL, 0,
        "0 true unacknowledged raised\n"
        "1 false latched_unacked cleared\n"
        "2 acknowledge latched_acked acknowledged\n"
        "3 unsure latched_acked -\n"
        "4 reset latched_acked !quality_not_good\n"
        "5 sure latched_acked -\n"
        "6 reset latched_acked !attend_required\n");
}

/* --- a class that latches --- */

static void a_fire_stays_until_it_is_reset(void **state) {
    (void)state;
    one(FIRE, 0,
        "0 true unacknowledged raised\n"
        "1 acknowledge acknowledged acknowledged\n"
        "2 false latched_acked cleared\n"
        "3 false latched_acked -\n"
        "4 reset normal reset+closed\n");
    one(FIRE, 0,
        "0 true unacknowledged raised\n"
        "1 false latched_unacked cleared\n"
        "2 acknowledge latched_acked acknowledged\n"
        "3 reset normal reset+closed\n");
}

static void a_reset_is_refused_with_the_first_thing_to_do(void **state) {
    (void)state;
    one(CALL, 0,
        "0 reset normal !not_raised\n"
        "1 true unacknowledged raised\n"
        "2 reset unacknowledged !still_active\n"
        "3 unknown unacknowledged silent\n"
        "4 reset unacknowledged !ack_required\n"
        "5 acknowledge acknowledged acknowledged\n"
        "6 reset acknowledged !condition_unknown\n"
        "7 true acknowledged silent\n"
        "8 reset acknowledged !still_active\n"
        "9 false latched_acked cleared\n"
        "10 reset latched_acked !attend_required\n"
        "11 attend latched_acked attended\n"
        "12 reset normal reset+closed\n");
    one(FIRE, 0,
        "0 true unacknowledged raised\n"
        "1 false latched_unacked cleared\n"
        "2 reset latched_unacked !ack_required\n");
    one(PLAIN, 0,
        "0 true unacknowledged raised\n"
        "1 reset unacknowledged !not_latched\n"
        "2 false returned_unacked cleared\n"
        "3 reset returned_unacked !not_latched\n");
}

static void a_latched_alarm_that_comes_back_must_be_seen_again(void **state) {
    (void)state;
    one(FIRE, 0,
        "0 true unacknowledged raised\n"
        "1 false latched_unacked cleared\n"
        "2 true unacknowledged reraised\n"
        "3 acknowledge acknowledged acknowledged\n"
        "4 false latched_acked cleared\n"
        "5 true unacknowledged reraised\n"
        "6 false latched_unacked cleared\n"
        "7 reset latched_unacked !ack_required\n");
}

/* --- calls close at their origin --- */

static void a_call_is_not_closed_before_somebody_was_there(void **state) {
    (void)state;
    one(CALL, 0,
        "0 true unacknowledged raised\n"
        "1 acknowledge acknowledged acknowledged\n"
        "2 attend acknowledged attended\n"
        "3 false latched_acked cleared\n"
        "4 reset normal reset+closed\n");
}

static void attending_does_not_acknowledge(void **state) {
    (void)state;
    one(CALL, 0,
        "0 true unacknowledged raised\n"
        "1 attend unacknowledged attended\n"
        "2 false latched_unacked cleared\n"
        "3 reset latched_unacked !ack_required\n"
        "4 acknowledge latched_acked acknowledged\n"
        "5 reset normal reset+closed\n");
}

static void a_new_press_must_be_attended_again(void **state) {
    (void)state;
    struct life life;
    life_begin(&life, CALL, 0);
    story(&life, "0 true unacknowledged raised\n"
                 "1 acknowledge acknowledged acknowledged\n"
                 "2 attend acknowledged attended\n"
                 "3 false latched_acked cleared\n");
    assert_int_not_equal(life.alarm.attended_at.ns, 0);
    story(&life, "4 true unacknowledged reraised\n");
    assert_int_equal(life.alarm.attended_at.ns, 0);
    assert_int_equal(life.alarm.acked_at.ns, 0);
    story(&life, "5 acknowledge acknowledged acknowledged\n"
                 "6 false latched_acked cleared\n"
                 "7 reset latched_acked !attend_required\n"
                 "8 attend latched_acked attended\n"
                 "9 reset normal reset+closed\n");
}

/* call.assist closes at its origin and does not latch: by whichever of the three is last. */
static void a_call_that_does_not_latch_waits_for_all_three(void **state) {
    (void)state;
    one(ASSIST, 0,
        "0 true unacknowledged raised\n"
        "1 acknowledge acknowledged acknowledged\n"
        "2 attend acknowledged attended\n"
        "3 false normal cleared+closed\n");
    one(ASSIST, 0,
        "0 true unacknowledged raised\n"
        "1 acknowledge acknowledged acknowledged\n"
        "2 false returned_acked cleared\n"
        "3 reset returned_acked !not_latched\n"
        "4 acknowledge returned_acked !already_acknowledged\n"
        "5 attend normal attended+closed\n");
    one(ASSIST, 0,
        "0 true unacknowledged raised\n"
        "1 attend unacknowledged attended\n"
        "2 false returned_unacked cleared\n"
        "3 acknowledge normal acknowledged+closed\n");
    one(ASSIST, 0,
        "0 true unacknowledged raised\n"
        "1 false returned_unacked cleared\n"
        "2 acknowledge returned_acked acknowledged\n"
        "3 true unacknowledged reraised\n");
}

/* --- refusals --- */

static void nothing_is_done_twice(void **state) {
    (void)state;
    one(CALL, 0,
        "0 acknowledge normal !not_raised\n"
        "0 attend normal !not_raised\n"
        "1 true unacknowledged raised\n"
        "2 acknowledge acknowledged acknowledged\n"
        "3 acknowledge acknowledged !already_acknowledged\n"
        "4 attend acknowledged attended\n"
        "5 attend acknowledged !already_attended\n"
        "6 false latched_acked cleared\n"
        "7 acknowledge latched_acked !already_acknowledged\n"
        "8 reset normal reset+closed\n"
        "9 acknowledge normal !not_raised\n");
}

/* For a day the cause may be stated; that nobody can any more is for the record alone. */
static void the_end_of_the_time_to_state_a_cause_is_recorded_and_not_told(void **state) {
    (void)state;
    one(PLAIN, 0,
        "0 true unacknowledged raised\n"
        "1 acknowledge acknowledged acknowledged\n"
        "2 false normal cleared+closed\n"
        "86401 false normal -\n"
        "86402 false normal silent\n"
        "86403 false normal -\n");
}

/* --- restart --- */

static void a_restart_loses_no_axis(void **state) {
    (void)state;
    one(CALL, 0,
        "0 true unacknowledged raised\n"
        "1 restart unacknowledged -\n"
        "2 acknowledge acknowledged acknowledged\n"
        "3 restart acknowledged -\n"
        "4 attend acknowledged attended\n"
        "5 restart acknowledged -\n"
        "6 attend acknowledged !already_attended\n"
        "7 false latched_acked cleared\n"
        "8 restart latched_acked -\n"
        "9 reset latched_acked !condition_unknown\n"
        "10 false latched_acked silent\n"
        "11 reset normal reset+closed\n"
        "12 restart normal -\n");
    one(PLAIN, 0,
        "0 true unacknowledged raised\n"
        "1 false returned_unacked cleared\n"
        "2 restart returned_unacked -\n"
        "3 acknowledge normal acknowledged+closed\n");
    one(ASSIST, 0,
        "0 true unacknowledged raised\n"
        "1 acknowledge acknowledged acknowledged\n"
        "2 false returned_acked cleared\n"
        "3 restart returned_acked -\n"
        "4 attend normal attended+closed\n");
}

static void a_delay_goes_on_with_what_was_left(void **state) {
    (void)state;
    one(PLAIN, 10,
        "0 true pending silent\n"
        "4 restart pending -\n"
        "50 true pending silent\n"
        "55 true pending -\n"
        "56 true unacknowledged raised\n");
    one(PLAIN, 10,
        "0 true pending silent\n"
        "4 unknown pending silent\n"
        "5 restart pending -\n"
        "9 restart pending -\n"
        "50 true pending silent\n"
        "56 true unacknowledged raised\n");
    one(FALL, 10,
        "0 true pending silent\n"
        "4 restart pending -\n"
        "9 unknown pending -\n"
        "10 unknown unacknowledged raised\n");
}

/* … and so does that of a condition that has ended. */
static void a_delay_to_clear_goes_on_with_what_was_left(void **state) {
    (void)state;
    struct life life;
    life_begin(&life, PLAIN, 0);
    life.conf.clear_after_ns = 10 * NS_PER_S;
    story(&life, "0 true unacknowledged raised\n"
                 "1 acknowledge acknowledged acknowledged\n"
                 "2 false acknowledged silent\n"
                 "8 restart acknowledged -\n"
                 "50 false acknowledged silent\n"
                 "53 false acknowledged -\n"
                 "54 false normal cleared+closed\n");
}

/* The clock came as the gateway stopped: it ran, and comes at the start. */
static void a_clock_that_is_due_as_it_is_recorded_is_recorded(void **state) {
    (void)state;
    struct alarm_record record;
    struct life life;
    life_begin(&life, PLAIN, 0);
    life.alarm.axes.shelved = true;
    life.alarm.clocks[ALARM_CLOCK_SHELVE] = moment_after((struct instant){0}, 60 * NS_PER_S);
    alarm_record(&life.alarm, (struct instant){60 * NS_PER_S}, &record);
    assert_int_equal(record.left_ds[ALARM_CLOCK_SHELVE], 1);
    alarm_record(&life.alarm, (struct instant){59 * NS_PER_S}, &record);
    assert_int_equal(record.left_ds[ALARM_CLOCK_SHELVE], 10);
}

static void a_record_keeps_occurrence_and_times(void **state) {
    (void)state;
    struct life life;
    life_begin(&life, CALL, 0);
    story(&life, "1 true unacknowledged raised\n"
                 "1 false latched_unacked cleared\n"
                 "1 true unacknowledged reraised\n"
                 "2 acknowledge acknowledged acknowledged\n"
                 "3 attend acknowledged attended\n"
                 "4 restart acknowledged -\n");
    assert_int_equal(life.alarm.occurrence, 1);
    assert_int_equal(life.alarm.raises, 2);
    assert_int_equal(life.alarm.raised.ns, NS_PER_S + 1000);
    assert_int_equal(life.alarm.acked_at.ns, 2 * NS_PER_S + 1000);
    assert_int_equal(life.alarm.attended_at.ns, 3 * NS_PER_S + 1000);
}

/*
 * What waits for people is not over because its clock is not recorded: nobody was given less time. What
 * only lasted for a while has lasted for long enough.
 */
static void a_clock_that_is_not_recorded_begins_anew_where_it_waits_for_people(void **state) {
    static const struct {
        enum alarm_class class;
        struct alarm_axes axes;
        uint64_t wait_s;
    } rows[] = {
        {CLASS_CALL_EMERGENCY, {.open = true, .active = true, .acked = true}, 300},
        {CLASS_WATER_LEAK, {.open = true, .active = true, .acked = true}, 900},
        {CLASS_FIRE_ALARM, {.open = true, .active = true}, 15},
        {CLASS_FIRE_ALARM, {.open = true, .active = true, .acked = true}, 180},
        {CLASS_CALL_EMERGENCY, {.open = true, .active = true, .silenced = true}, 0},
        {CLASS_SPACE_CLIMATE, {.shelved = true}, 0},
        {CLASS_SPACE_CLIMATE, {.out_of_service = true}, 0},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const struct alarm_record record = {.axes = rows[i].axes, .occurrence = 1, .raises = 1};
        struct life life;
        life_begin(&life, rows[i].class, false, 0);
        alarm_restore(&life.alarm, &life.conf, &record, (struct instant){NS_PER_S});
        assert_int_equal(alarm_due(&life.alarm).ns, (1 + rows[i].wait_s) * NS_PER_S);
    }
}

static void
the_last_tenth_of_a_second_of_a_clock_is_left_after_a_restart_and_no_more(void **state) {
    static const struct {
        enum alarm_class class;
        struct alarm_axes axes;
        enum alarm_clock clock;
    } rows[] = {
        {CLASS_CALL_EMERGENCY, {.open = true, .active = true, .acked = true}, ALARM_CLOCK_REALARM},
        {CLASS_FIRE_ALARM, {.open = true, .active = true}, ALARM_CLOCK_PROMOTION},
        {CLASS_CALL_EMERGENCY,
         {.open = true, .active = true, .silenced = true},
         ALARM_CLOCK_SILENCE},
        {CLASS_SPACE_CLIMATE, {.shelved = true}, ALARM_CLOCK_SHELVE},
        {CLASS_SPACE_CLIMATE, {.out_of_service = true}, ALARM_CLOCK_SERVICE},
        {CLASS_SPACE_CLIMATE, {.open = false}, ALARM_CLOCK_DISPOSITION},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct alarm_record record = {.axes = rows[i].axes, .occurrence = 1, .raises = 1};
        record.left_ds[rows[i].clock] = 1;
        struct life life;
        life_begin(&life, rows[i].class, false, 0);
        alarm_restore(&life.alarm, &life.conf, &record, (struct instant){NS_PER_S});
        assert_int_equal(alarm_due(&life.alarm).ns, NS_PER_S + NS_PER_DS);
    }
}

/* What was over may be annotated for a day; once it is there again, or before it ever was, nothing is. */
static void only_an_alarm_that_is_over_waits_for_what_it_turned_out_to_be(void **state) {
    static const struct {
        struct alarm_axes axes;
        uint32_t occurrence;
        bool waits;
    } rows[] = {
        {{.open = false}, 1, true},
        {{.open = false}, 0, false},
        {{.open = true, .active = true}, 1, false},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct alarm_record record = {
            .axes = rows[i].axes, .occurrence = rows[i].occurrence, .raises = rows[i].occurrence};
        record.left_ds[ALARM_CLOCK_DISPOSITION] = 10;
        struct life life;
        life_begin(&life, CLASS_SPACE_CLIMATE, false, 0);
        alarm_restore(&life.alarm, &life.conf, &record, (struct instant){NS_PER_S});
        alarm_check(&life.alarm, &life.conf);
        assert_int_equal(alarm_due(&life.alarm).ns,
                         rows[i].waits ? 2 * NS_PER_S : INSTANT_NEVER.ns);
    }
}

/* Its rule was for a first detector when it was promoted, and has another class since. */
static void only_a_first_detector_is_still_promoted_after_a_restart(void **state) {
    (void)state;
    const struct alarm_record record = {
        .axes = {.open = true, .active = true, .promoted = true}, .occurrence = 1, .raises = 1};
    static const enum alarm_class classes[] = {CLASS_FIRE_ALARM, CLASS_GAS_ALARM};
    for (unsigned i = 0; i < 2; i++) {
        struct life life;
        life_begin(&life, classes[i], false, 0);
        alarm_restore(&life.alarm, &life.conf, &record, (struct instant){NS_PER_S});
        assert_int_equal(life.alarm.axes.promoted, i == 0);
    }
}

/* Its rule was for a held door when it was shelved, and is for calls since: those are never shelved. */
static void
a_shelved_alarm_of_a_class_that_is_managed_since_calls_people_and_says_so(void **state) {
    (void)state;
    const struct alarm_record record = {
        .axes = {.open = true, .active = true, .acked = true, .shelved = true},
        .left_ds = {[ALARM_CLOCK_SHELVE] = 36000},
        .occurrence = 1,
        .raises = 1,
    };
    for (unsigned managed = 0; managed < 2; managed++) {
        struct life life;
        life_begin(&life, managed ? CLASS_CALL_EMERGENCY : CLASS_DOOR_HELD, managed != 0, 0);
        alarm_restore(&life.alarm, &life.conf, &record, (struct instant){NS_PER_S});
        assert_int_equal(life.alarm.axes.latched, managed);
        story(&life,
              managed ? "1 true unacknowledged unshelved\n" : "1 true acknowledged silent\n");
        assert_int_equal(life.alarm.axes.shelved, !managed);
        assert_int_equal(life.alarm.clocks[ALARM_CLOCK_SHELVE].ds == MOMENT_NEVER.ds, managed);
    }
}

/* Put it out of service for an hour, with a second person or ROLE_COUNT for none. */
static void put_out_of_service(struct life *life, enum role second, unsigned at_s) {
    enum command_refusal refusal;
    struct command command = {.verb = COMMAND_OUT_OF_SERVICE,
                              .actor = "li",
                              .role = ROLE_MANAGER,
                              .second_role = second,
                              .reason = "dust",
                              .duration_s = HOUR_S};
    strcpy(command.second_actor, second == ROLE_COUNT ? "" : "wang");
    (void)alarm_command(&life->alarm, &life->conf, &command, (struct instant){at_s * NS_PER_S},
                        (struct wall){0}, &refusal);
    assert_int_equal(refusal, COMMAND_ACCEPTED);
}

/* Restore it at 9 s where its rule has the class of a call, and tell what comes of that. */
static void becomes_a_call(const struct life *before, const char *script) {
    struct life life;
    struct alarm_record record;
    alarm_record(&before->alarm, (struct instant){9 * NS_PER_S}, &record);
    life_begin(&life, CALL, 0);
    alarm_restore(&life.alarm, &life.conf, &record, (struct instant){9 * NS_PER_S});
    story(&life, script);
}

/* Its rule was for a held door, which one may put out of service, and is for calls since: that takes two. */
static void what_one_put_out_of_service_is_back_when_its_class_takes_two(void **state) {
    static const struct {
        enum role second;
        const char *script;
    } rows[] = {
        {ROLE_COUNT, "9 true unacknowledged resumed\n"},
        {ROLE_MANAGER, "9 true unacknowledged resumed\n"}, /* another person of the same role */
        {ROLE_AUDITOR, "9 true unacknowledged resumed\n"}, /* … of one that looks only */
        {ROLE_SECURITY, "9 true unacknowledged silent\n"
                        "3601 true unacknowledged -\n"
                        "3602 true unacknowledged resumed\n"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct life life;
        life_begin(&life, CLASS_DOOR_HELD, false, 0);
        story(&life, "1 true unacknowledged raised\n");
        put_out_of_service(&life, rows[i].second, 2);
        becomes_a_call(&life, rows[i].script);
        /* Who agreed is known when it has closed, and been raised again, too. */
        story(&life, "3 false normal cleared+closed\n"
                     "4 restart normal -\n"
                     "5 true unacknowledged raised\n");
        becomes_a_call(&life, rows[i].script);
    }
}

static void an_agreement_ends_with_what_was_agreed_on(void **state) {
    (void)state;
    for (unsigned by_clock = 0; by_clock < 2; by_clock++) {
        struct life life;
        life_begin(&life, CLASS_DOOR_HELD, false, 0);
        put_out_of_service(&life, ROLE_SECURITY, 1);
        story(&life, by_clock ? "3601 false normal resumed\n" : "3601 in-service normal resumed\n");
        assert_false(life.alarm.axes.agreed);
        put_out_of_service(&life, ROLE_COUNT, 3602);
        assert_false(life.alarm.axes.agreed);
    }
}

/* A journal may be older than the rules: whatever it says, nothing that was raised is forgotten. */
static void a_record_that_contradicts_itself_is_mended_to_the_graver_side(void **state) {
    (void)state;
    for (unsigned bits = 0; bits < 256; bits++) {
        const struct alarm_record record = {
            .axes = {.pending = bits & 1,
                     .active = bits & 2,
                     .acked = bits & 4,
                     .latched = bits & 8,
                     .attended = bits & 16,
                     .open = bits & 32,
                     .real = bits & 64,
                     .investigated = bits & 128},
            .remaining_ns = HOUR_S * NS_PER_S,
        };
        for (unsigned kind = 0; kind < 4; kind++) {
            struct life life;
            life_begin(&life, kind < 2 ? CLASS_CALL_ASSIST : CLASS_CARE_FALL, kind % 2 != 0, 7);
            life.conf.clear_after_ns = 5 * NS_PER_S;
            alarm_restore(&life.alarm, &life.conf, &record, (struct instant){NS_PER_S});
            bool raised = (bits & (2 | 8 | 32)) != 0;
            assert_int_equal(life.alarm.axes.open, raised);
            assert_int_equal(life.alarm.axes.pending, !raised && (bits & 1) != 0);
            assert_int_equal(life.alarm.axes.real, raised && (bits & 192) == 192);
            /* What is left of a delay is never more than the rule's own, and of none nothing is. */
            const struct alarm_axes axes = life.alarm.axes;
            bool waits = axes.pending || (axes.active && !axes.latched);
            assert_true(alarm_left_ns(&life.alarm) <= (waits ? 7 * NS_PER_S : 0));
            (void)alarm_step(&life.alarm, &life.conf, TRUTH_FALSE, (struct instant){2 * NS_PER_S},
                             (struct wall){0});
        }
    }
}

/* --- names, invariants and the drawing --- */

static void every_verb_refusal_and_state_has_a_name_of_its_own(void **state) {
    (void)state;
    for (unsigned a = 0; a < COMMAND_REFUSAL_COUNT; a++) {
        for (unsigned b = 0; b < a; b++) {
            assert_string_not_equal(command_refusal_name((enum command_refusal)a),
                                    command_refusal_name((enum command_refusal)b));
        }
    }
    for (unsigned verb = 0; verb < COMMAND_VERB_COUNT; verb++) {
        const char *name = command_verb_name((enum command_verb)verb);
        assert_int_equal(command_verb_find(name, strlen(name)), verb);
        assert_int_equal(command_verb_find(name, strlen(name) - 1), COMMAND_VERB_COUNT);
    }
    assert_int_equal(command_verb_find("", 0), COMMAND_VERB_COUNT);
    for (unsigned a = 0; a < ALARM_STATE_COUNT; a++) {
        assert_true(strlen(alarm_state_name((enum alarm_state)a)) > 0);
    }
}

/* The stories of this file visit every state of the drawing. */
static void every_state_can_be_reached(void **state) {
    (void)state;
    struct life life;
    unsigned seen = 0;
    life_begin(&life, ASSIST, 1);
    story(&life, "0 false normal -\n"
                 "0 true pending silent\n"
                 "1 true unacknowledged raised\n"
                 "1 acknowledge acknowledged acknowledged\n"
                 "2 false returned_acked cleared\n"
                 "3 true unacknowledged reraised\n"
                 "4 false returned_unacked cleared\n");
    seen |= life.seen;
    life_begin(&life, CALL, 0);
    story(&life, "1 true unacknowledged raised\n"
                 "2 false latched_unacked cleared\n"
                 "3 acknowledge latched_acked acknowledged\n");
    seen |= life.seen;
    assert_int_equal(seen, (1u << ALARM_STATE_COUNT) - 1);
}

/* A site may send people sooner than it asks what they found: then both begin anew. */
static void a_fire_that_is_realarmed_is_promoted_as_a_new_one(void **state) {
    (void)state;
    struct life life;
    struct alarm_times times = alarm_times_default;
    times.realarm_emergency_s = 60;
    life_begin(&life, FIRE, 0);
    life.conf.times = &times;
    story(&life, "0 true unacknowledged raised\n"
                 "1 acknowledge acknowledged acknowledged\n"
                 "60 true acknowledged -\n"
                 "61 true unacknowledged realarmed\n"
                 "75 true unacknowledged -\n"
                 "76 true unacknowledged promoted\n");
}

/* Whoever looks at it must not believe that somebody knows. */
static void nobody_has_acknowledged_at_any_time_what_is_realarmed(void **state) {
    (void)state;
    struct life life;
    life_begin(&life, CALL, 0);
    story(&life, "1 true unacknowledged raised\n"
                 "2 acknowledge acknowledged acknowledged\n");
    assert_int_equal(life.alarm.acked_at.ns, 2 * NS_PER_S + 1000);
    story(&life, "302 true unacknowledged realarmed\n");
    assert_int_equal(life.alarm.acked_at.ns, 0);
    assert_int_equal(life.alarm.attended_at.ns, 0);
}

/* As model.md 3 has it; nothing in the rules waits for them, people are measured by them. */
static void the_graver_an_alarm_the_sooner_it_is_to_be_acknowledged(void **state) {
    (void)state;
    const uint32_t *within_s = alarm_times_default.acknowledge_s;
    assert_int_equal(within_s[PRIORITY_EMERGENCY], 60);
    assert_int_equal(within_s[PRIORITY_URGENT], 3 * 60);
    assert_int_equal(within_s[PRIORITY_HIGH], 15 * 60);
    assert_int_equal(within_s[PRIORITY_LOW], 8 * 60 * 60);
}

/* --- what cannot be --- */

/* Whoever gives an order is one of the roles, and what it was is one of the dispositions. */
static void an_order_by_no_role_or_with_no_disposition_is_refused(void **state) {
    (void)state;
    struct life life;
    enum command_refusal refusal;
    life_begin(&life, PLAIN, 0);
    story(&life, "0 true unacknowledged raised\n");
    struct command command = {
        .verb = COMMAND_ACKNOWLEDGE, .actor = "nurse", .second_role = ROLE_COUNT};
    command.role = ROLE_COUNT;
    assert_int_equal(alarm_command(&life.alarm, &life.conf, &command, (struct instant){NS_PER_S},
                                   (struct wall){0}, &refusal),
                     0);
    assert_int_equal(refusal, COMMAND_REFUSED_ROLE);
    command.role = ROLE_CAREGIVER;
    command.disposition = DISPOSITION_COUNT;
    assert_int_equal(alarm_command(&life.alarm, &life.conf, &command, (struct instant){NS_PER_S},
                                   (struct wall){0}, &refusal),
                     0);
    assert_int_equal(refusal, COMMAND_REFUSED_NO_DISPOSITION);
    command.disposition = DISPOSITION_COUNT - 1;
    assert_int_equal(alarm_command(&life.alarm, &life.conf, &command, (struct instant){NS_PER_S},
                                   (struct wall){0}, &refusal),
                     ALARM_CHANGE_ACKNOWLEDGED);
}

/* A name of one letter is one. */
static void the_second_person_may_have_a_short_name(void **state) {
    (void)state;
    struct life life;
    enum command_refusal refusal;
    life_begin(&life, CALL, 0);
    struct command command = {.verb = COMMAND_OUT_OF_SERVICE,
                              .duration_s = 60,
                              .role = ROLE_ENGINEER,
                              .second_role = ROLE_MANAGER,
                              .actor = "nurse",
                              .reason = "work"};
    (void)alarm_command(&life.alarm, &life.conf, &command, (struct instant){1}, (struct wall){0},
                        &refusal);
    assert_int_equal(refusal, COMMAND_REFUSED_SECOND_ROLE);
    command.second_actor[0] = 'w';
    (void)alarm_command(&life.alarm, &life.conf, &command, (struct instant){1}, (struct wall){0},
                        &refusal);
    assert_int_equal(refusal, COMMAND_ACCEPTED);
}

/* Open, active and a test, but raised without a number: A3 does not hold, whatever happens next. */
static void broken_begin(struct life *life) {
    life_begin(life, PLAIN, 0);
    life->conf.test = true;
    (void)alarm_step(&life->alarm, &life->conf, TRUTH_TRUE, (struct instant){0}, (struct wall){0});
    life->conf.test = false;
    life->alarm.occurrence = 0;
}

static void broken_step(void *of) {
    struct life *life = of;
    (void)alarm_step(&life->alarm, &life->conf, TRUTH_TRUE, (struct instant){1}, (struct wall){0});
}

static void broken_command(void *of) {
    struct life *life = of;
    enum command_refusal refusal;
    const struct command command = {.verb = COMMAND_ACKNOWLEDGE, .second_role = ROLE_COUNT};
    (void)alarm_command(&life->alarm, &life->conf, &command, (struct instant){1}, (struct wall){0},
                        &refusal);
}

static void broken_inhibit(void *of) {
    struct life *life = of;
    (void)alarm_inhibit(&life->alarm, &life->conf, true, (struct instant){1});
}

static void broken_test_end(void *of) {
    struct life *life = of;
    (void)alarm_test_end(&life->alarm, &life->conf, (struct instant){1});
}

static void broken_acknowledge_again(void *of) {
    struct life *life = of;
    const struct command command = {.verb = COMMAND_ACKNOWLEDGE, .second_role = ROLE_COUNT};
    life->alarm.axes.acked = true;
    (void)alarm_acknowledge_again(&life->alarm, &life->conf, &command);
}

static void broken_restore(void *of) {
    struct life *life = of;
    struct alarm_record record;
    alarm_record(&life->alarm, (struct instant){1}, &record);
    record.disposition = DISPOSITION_COUNT; /* a journal is never read so */
    alarm_restore(&life->alarm, &life->conf, &record, (struct instant){1});
}

/* A gateway that contradicts itself ends, and is started again with what its journal knows. */
static void nothing_goes_on_with_an_alarm_that_contradicts_itself(void **state) {
    (void)state;
    static void (*const goes_on[])(void *) = {broken_step,    broken_command,
                                              broken_inhibit, broken_test_end,
                                              broken_restore, broken_acknowledge_again};
    struct life life;
    broken_begin(&life);
    life.alarm.occurrence = 1;
    alarm_check(&life.alarm, &life.conf); /* nothing else is wrong with it */
    for (size_t i = 0; i < sizeof goes_on / sizeof goes_on[0]; i++) {
        broken_begin(&life);
        if (!doomed(goes_on[i], &life)) {
            fail_msg("case %zu goes on", i);
        }
    }
}

/* A5: a return that was never raised is no arrow of the drawing. */
static void broken_arrow(void *of) {
    struct life *life = of;
    life->alarm.axes.latched = false; /* latched_acked, and no longer latched: nobody reset it */
    (void)alarm_step(&life->alarm, &life->conf, TRUTH_FALSE, (struct instant){1}, (struct wall){0});
}

static void a_latched_alarm_cannot_be_found_closed(void **state) {
    (void)state;
    struct life life;
    life_begin(&life, FIRE, 0);
    story(&life, "0 true unacknowledged raised\n"
                 "0 false latched_unacked cleared\n"
                 "0 acknowledge latched_acked acknowledged\n");
    assert_true(doomed(broken_arrow, &life));
}

/* A6: nobody silenced it, and its silence would end. */
static void broken_clock(void *of) {
    struct life *life = of;
    life->alarm.clocks[ALARM_CLOCK_SILENCE] = moment_after((struct instant){0}, NS_PER_S);
    alarm_check(&life->alarm, &life->conf);
}

static void a_clock_of_an_alarm_does_not_run_without_a_cause(void **state) {
    (void)state;
    struct life life;
    life_begin(&life, PLAIN, 0);
    story(&life, "0 true unacknowledged raised\n");
    alarm_check(&life.alarm, &life.conf);
    assert_true(doomed(broken_clock, &life));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_alarm_acknowledged_closes_when_its_condition_ends),
        cmocka_unit_test(three_raises_chatter_within_a_minute_and_not_in_more),
        cmocka_unit_test(an_alarm_gone_before_anyone_looked_is_still_owed),
        cmocka_unit_test(a_condition_that_comes_back_raises_the_same_occurrence_again),
        cmocka_unit_test(an_open_alarm_is_raised_again_without_its_delay),
        cmocka_unit_test(a_blip_shorter_than_the_delay_is_never_told),
        cmocka_unit_test(a_delay_ends_at_its_deadline_and_not_before),
        cmocka_unit_test(a_delay_that_was_over_before_the_condition_ended_is_told),
        cmocka_unit_test(a_pending_alarm_takes_no_command),
        cmocka_unit_test(an_unknown_condition_stops_the_delay_and_the_rest_is_waited_out_later),
        cmocka_unit_test(a_delay_that_ended_as_the_condition_became_unknown_ends_when_it_is_known),
        cmocka_unit_test(an_emergency_waits_on_through_an_unknown_condition),
        cmocka_unit_test(unknown_neither_raises_nor_clears),
        cmocka_unit_test(a_reset_needs_the_quality_of_its_point_besides_the_condition),
        cmocka_unit_test(a_fire_stays_until_it_is_reset),
        cmocka_unit_test(a_reset_is_refused_with_the_first_thing_to_do),
        cmocka_unit_test(a_latched_alarm_that_comes_back_must_be_seen_again),
        cmocka_unit_test(a_call_is_not_closed_before_somebody_was_there),
        cmocka_unit_test(attending_does_not_acknowledge),
        cmocka_unit_test(a_new_press_must_be_attended_again),
        cmocka_unit_test(a_call_that_does_not_latch_waits_for_all_three),
        cmocka_unit_test(nothing_is_done_twice),
        cmocka_unit_test(the_end_of_the_time_to_state_a_cause_is_recorded_and_not_told),
        cmocka_unit_test(a_restart_loses_no_axis),
        cmocka_unit_test(a_delay_goes_on_with_what_was_left),
        cmocka_unit_test(a_delay_to_clear_goes_on_with_what_was_left),
        cmocka_unit_test(a_clock_that_is_due_as_it_is_recorded_is_recorded),
        cmocka_unit_test(a_record_keeps_occurrence_and_times),
        cmocka_unit_test(a_clock_that_is_not_recorded_begins_anew_where_it_waits_for_people),
        cmocka_unit_test(the_last_tenth_of_a_second_of_a_clock_is_left_after_a_restart_and_no_more),
        cmocka_unit_test(only_an_alarm_that_is_over_waits_for_what_it_turned_out_to_be),
        cmocka_unit_test(only_a_first_detector_is_still_promoted_after_a_restart),
        cmocka_unit_test(a_shelved_alarm_of_a_class_that_is_managed_since_calls_people_and_says_so),
        cmocka_unit_test(what_one_put_out_of_service_is_back_when_its_class_takes_two),
        cmocka_unit_test(an_agreement_ends_with_what_was_agreed_on),
        cmocka_unit_test(a_record_that_contradicts_itself_is_mended_to_the_graver_side),
        cmocka_unit_test(every_verb_refusal_and_state_has_a_name_of_its_own),
        cmocka_unit_test(every_state_can_be_reached),
        cmocka_unit_test(a_fire_that_is_realarmed_is_promoted_as_a_new_one),
        cmocka_unit_test(nobody_has_acknowledged_at_any_time_what_is_realarmed),
        cmocka_unit_test(the_graver_an_alarm_the_sooner_it_is_to_be_acknowledged),
        cmocka_unit_test(an_order_by_no_role_or_with_no_disposition_is_refused),
        cmocka_unit_test(the_second_person_may_have_a_short_name),
        cmocka_unit_test(nothing_goes_on_with_an_alarm_that_contradicts_itself),
        cmocka_unit_test(a_latched_alarm_cannot_be_found_closed),
        cmocka_unit_test(a_clock_of_an_alarm_does_not_run_without_a_cause),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
