/* SPDX-License-Identifier: Apache-2.0 */

/*
 * What the core adds to the language: moments of event points, ages, and memories that survive a
 * restart. One hall with a door, its reader and a thermometer; each test brings its own rule.
 */

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "rules/core.h"
#include "tests/support/cmocka.h"
#include "tests/support/trial.h"

#define S(seconds) ((uint64_t)((seconds)*1e9))

enum { DOOR, READER, WARMTH, GATE, SMOKE };
enum { DOORS, WIRELESS };

static struct trial trial;
static void *block;
static struct core *core;
static struct step step;

static void site(void) {
    trial_init(&trial, 0, 1);
    (void)trial_place(&trial, RULESET_NONE, PLACE_SERVICE_HALL);
    (void)trial_device(&trial, S(5));
    (void)trial_device(&trial, 0);
    (void)trial_point(&trial, 0, DOORS, POINT_DOOR_CONTACT);
    (void)trial_point(&trial, 0, DOORS, POINT_ACCESS_READER);
    (void)trial_point(&trial, 0, WIRELESS, POINT_TEMPERATURE);
    (void)trial_point(&trial, 0, WIRELESS, POINT_TURNSTILE);
    (void)trial_point(&trial, 0, DOORS, POINT_SMOKE);
}

static void take(struct input input) {
    core_step(core, &input, &step);
    core_check(core);
    assert_true(step.event_count <= core_events_max(&trial.ruleset));
}

static void begin(double at_s) {
    size_t size = core_size(&trial.ruleset);
    block = aligned_alloc(64, (size + 63) / 64 * 64);
    assert_non_null(block);
    memset(block, 0xAA, size);
    step.events = malloc(core_events_max(&trial.ruleset) * sizeof *step.events);
    assert_non_null(step.events);
    core = core_init(block, &trial.ruleset, (struct instant){S(at_s)});
}

static void end(void) {
    free(block);
    free(step.events);
}

static void start(double at_s) {
    take((struct input){.at = {S(at_s)}, .kind = INPUT_START, .state = TRUTH_TRUE});
}

/* A site with one rule for each point of `kind`, at 0 s. */
static void stage_rule(enum point_kind kind, const char *raise, const char *clear,
                       enum alarm_class class, double raise_after_s, double clear_after_s) {
    site();
    struct ruleset_draft_rule *rule = trial_point_rule(&trial, TRIAL_KIND(kind), raise, class);
    rule->raise_after_ns = S(raise_after_s);
    rule->clear_after_ns = S(clear_after_s);
    if (clear != NULL) {
        trial_clear(&trial, clear);
    }
    assert_true(trial_bind(&trial));
    begin(0);
    start(0);
}

static void stage_class(enum point_kind kind, const char *raise, enum alarm_class class) {
    stage_rule(kind, raise, NULL, class, 0, 0);
}

static void stage(enum point_kind kind, const char *raise) {
    stage_class(kind, raise, CLASS_SPACE_CLIMATE);
}

static void stage_clear(enum point_kind kind, const char *raise, const char *clear) {
    stage_rule(kind, raise, clear, CLASS_SPACE_CLIMATE, 0, 0);
}

static int leave(void **state) {
    (void)state;
    end();
    trial_deinit(&trial);
    return 0;
}

static void read_point(double at_s, uint32_t point, double value, enum quality quality) {
    take((struct input){.at = {S(at_s)},
                        .kind = INPUT_READING,
                        .reading = {.point = point, .value = value, .quality = (uint8_t)quality}});
}

static void read_good(double at_s, uint32_t point, double value) {
    read_point(at_s, point, value, QUALITY_GOOD);
}

static void hear(double at_s, uint32_t device) {
    take((struct input){.at = {S(at_s)}, .kind = INPUT_HEARTBEAT, .subject = device});
}

static void tick(double at_s) {
    take((struct input){.at = {S(at_s)}, .kind = INPUT_TICK});
}

/* The events of the rule's alarm in the last step, as "raised cleared". */
static const char *told(void) {
    static char words[128];
    words[0] = '\0';
    for (uint32_t i = 0; i < step.event_count; i++) {
        const struct core_event *event = &step.events[i];
        if (event->alarm != RULESET_NONE && trial.ruleset.alarms[event->alarm].rule == 0) {
            strcat(words, words[0] == '\0' ? "" : " ");
            strcat(words, core_event_name(event->type) + strlen("alarm."));
        }
    }
    return words;
}

static enum truth condition(void) {
    return core_condition(core, 0);
}

/* End the core with all that is journalled, and go on at `at_s` of the next boot. */
static void restart(double ended_s, double at_s) {
    struct alarm_record record;
    struct memory_record memories[8];
    uint32_t count = trial.ruleset.alarms[0].memory_count;
    assert_true(count <= 8);
    core_record(core, 0, (struct instant){S(ended_s)}, &record);
    core_record_memories(core, 0, (struct instant){S(ended_s)}, memories);
    end();
    begin(at_s);
    struct core_kept kept =
        core_restore(core, 0, &record, memories, count, (struct instant){S(at_s)});
    assert_int_equal(kept.kept, count);
    assert_true(kept.anew == 0 && kept.dropped == 0 && !kept.delay_ended);
    start(at_s);
}

static void what_was_held_for_seven_of_ten_seconds_fires_three_after_a_restart(void **state) {
    (void)state;
    stage(POINT_DOOR_CONTACT, "held(value, 10 s)");
    read_good(0, DOOR, 0);
    read_good(1, DOOR, 1);
    hear(5, DOORS);
    /* The machine was switched off and on: its instants begin anew. */
    restart(8, 0.5);
    assert_int_equal(condition(), TRUTH_UNKNOWN);
    read_good(2, DOOR, 1);
    assert_string_equal(told(), "");
    assert_int_equal(core_deadline(core).ns, S(5));
    tick(5);
    assert_string_equal(told(), "raised");
}

/* What a restart would have to know is journalled as it turns, and not while it stays. */
static void what_is_remembered_is_reported_as_it_turns(void **state) {
    static const char *const raises[] = {"held(value, 10 s)", "within(value, 10 s)",
                                         "since(value) > 1 h"};
    uint32_t changed[4];
    for (unsigned i = 0; i < sizeof raises / sizeof *raises; i++) {
        if (i > 0) {
            (void)leave(state);
        }
        stage(POINT_DOOR_CONTACT, raises[i]);
        read_good(0, DOOR, 0);
        while (core_changed(core, changed, 4) > 0) {
        }
        read_good(1, DOOR, 0);
        assert_int_equal(core_changed(core, changed, 4), 0);
        read_good(2, DOOR, 1);
        assert_int_equal(core_changed(core, changed, 4), 1);
        assert_int_equal(changed[0], 0);
        read_good(3, DOOR, 1);
        assert_int_equal(core_changed(core, changed, 4), 0);
    }
}

static void what_was_frozen_when_the_gateway_ended_goes_on_with_what_it_had(void **state) {
    (void)state;
    stage(POINT_DOOR_CONTACT, "held(value, 10 s)");
    read_good(0, DOOR, 0);
    read_good(1, DOOR, 1);
    read_point(5, DOOR, 0, QUALITY_FAULT);
    restart(8, 0);
    read_good(2, DOOR, 1);
    hear(6, DOORS);
    tick(7.999999999);
    assert_string_equal(told(), "");
    tick(8);
    assert_string_equal(told(), "raised");
}

static void what_was_false_when_the_gateway_ended_begins_anew(void **state) {
    (void)state;
    stage(POINT_DOOR_CONTACT, "held(value, 3 s)");
    read_good(1, DOOR, 1);
    read_good(2, DOOR, 0);
    restart(3, 0);
    read_good(1, DOOR, 1);
    tick(3.999999999);
    assert_string_equal(told(), "");
    tick(4);
    assert_string_equal(told(), "raised");
}

/* Whoever brings the reading that ends it first misses it: the engine and a replay tick first. */
static void what_was_held_long_enough_is_told_by_the_tick_before_its_end(void **state) {
    (void)state;
    stage(POINT_DOOR_CONTACT, "held(value, 4 s)");
    read_good(0, DOOR, 0);
    read_good(1, DOOR, 1);
    assert_int_equal(core_deadline(core).ns, S(5));
    read_good(6, DOOR, 0);
    assert_string_equal(told(), "");
    read_good(7, DOOR, 1);
    assert_int_equal(core_deadline(core).ns, S(11));
    tick(11);
    assert_string_equal(told(), "raised");
    read_good(12, DOOR, 0);
    assert_string_equal(told(), "cleared");
}

static void the_time_since_goes_on_through_a_restart(void **state) {
    (void)state;
    stage(POINT_DOOR_CONTACT, "since(value) > 1 h");
    read_good(0, DOOR, 1);
    read_good(10, DOOR, 0);
    restart(3000, 1);
    read_good(2, DOOR, 0);
    assert_int_equal(condition(), TRUTH_FALSE);
    restart(500, 0);
    read_good(2, DOOR, 0);
    for (double at_s = 3; at_s <= 111; at_s += 4) {
        hear(at_s, DOORS);
    }
    assert_int_equal(condition(), TRUTH_FALSE);
    assert_int_equal(core_deadline(core).ns, S(111) + 1);
    tick(111.1);
    assert_string_equal(told(), "raised");
}

/* A fire that is over could not be reset for a minute after each start, for no fault of any detector. */
static void a_start_is_no_time_to_look_back_on(void **state) {
    (void)state;
    stage_class(POINT_SMOKE, "within(value, 60 s)", CLASS_FIRE_ALARM);
    read_good(0, SMOKE, 1);
    read_good(1, SMOKE, 0);
    hear(4, DOORS);
    hear(8, DOORS);
    assert_int_equal(condition(), TRUTH_TRUE);
    restart(10, 0);
    assert_int_equal(condition(), TRUTH_TRUE); /* what it has seen it has seen */
    tick(2);
    restart(70, 0);
    assert_int_equal(condition(), TRUTH_UNKNOWN);
    read_good(3, SMOKE, 0);
    assert_string_equal(told(), "cleared");
    hear(5, DOORS);
    read_point(6, SMOKE, 0, QUALITY_FAULT); /* but this is: it was heard, and no longer is */
    read_good(7, SMOKE, 0);
    assert_int_equal(condition(), TRUTH_UNKNOWN);
    for (double at_s = 9; at_s < 67; at_s += 2) {
        hear(at_s, DOORS);
    }
    tick(66.999999999);
    assert_int_equal(condition(), TRUTH_UNKNOWN);
    tick(67);
    assert_int_equal(condition(), TRUTH_FALSE);
}

/* Two starts in a row, in the first of which nobody was heard, are one gap. */
static void what_was_not_heard_before_the_next_restart_is_as_it_was_recorded(void **state) {
    (void)state;
    stage_class(POINT_SMOKE, "within(value, 60 s)", CLASS_FIRE_ALARM);
    read_good(0, SMOKE, 0);
    restart(2, 0);
    restart(1, 0);
    assert_int_equal(condition(), TRUTH_UNKNOWN);
    read_good(1, SMOKE, 0);
    assert_int_equal(condition(), TRUTH_FALSE);
}

/* A detector that was lost before may have tripped and recovered until it is heard again. */
static void what_was_unknown_before_a_restart_stays_so_until_it_is_heard(void **state) {
    (void)state;
    stage_class(POINT_SMOKE, "within(value, 3 s)", CLASS_FIRE_ALARM);
    read_good(0, SMOKE, 0);
    read_point(1, SMOKE, 0, QUALITY_FAULT);
    restart(2, 0);
    tick(3);
    assert_int_equal(condition(), TRUTH_UNKNOWN);
    read_good(4, SMOKE, 0);
    tick(6.999999999);
    assert_int_equal(condition(), TRUTH_UNKNOWN);
    tick(7);
    assert_int_equal(condition(), TRUTH_FALSE);
}

/* It burned when the gateway ended, and nobody said that it stopped before it was heard. */
static void what_was_true_before_a_restart_was_so_until_it_is_heard(void **state) {
    (void)state;
    stage_class(POINT_SMOKE, "within(value, 3 s)", CLASS_FIRE_ALARM);
    read_good(0, SMOKE, 1);
    restart(1, 0);
    assert_int_equal(condition(), TRUTH_TRUE);
    tick(3);
    assert_int_equal(condition(), TRUTH_UNKNOWN);
    read_good(4, SMOKE, 0);
    assert_int_equal(condition(), TRUTH_TRUE);
    tick(6.999999999);
    assert_int_equal(condition(), TRUTH_TRUE);
    tick(7);
    assert_string_equal(told(), "cleared");
}

/* The hall is always open, so that the condition is known before its door is. */
static void what_was_watched_before_a_restart_counts_as_watched(void **state) {
    (void)state;
    stage(POINT_DOOR_CONTACT, "since(value and closed) > 1 h");
    restart(3000, 1);
    tick(600);
    assert_int_equal(condition(), TRUTH_UNKNOWN);
    tick(602);
    assert_int_equal(condition(), TRUTH_TRUE);
}

static void a_memory_of_another_operation_is_left_fresh(void **state) {
    (void)state;
    stage(POINT_DOOR_CONTACT, "held(value, 10 s)");
    read_good(0, DOOR, 1);
    struct alarm_record record;
    struct memory_record memory, own;
    core_record(core, 0, (struct instant){S(5)}, &record);
    core_record_memories(core, 0, (struct instant){S(5)}, &memory);
    assert_int_equal(memory.kind, EXPR_MEMORY_HELD);
    assert_int_equal(memory.true_age_ns, S(5));
    (void)leave(NULL);
    stage(POINT_DOOR_CONTACT, "within(value, 10 s)");
    core_record_memories(core, 0, (struct instant){0}, &own);
    memory.identity = own.identity; /* as no build of ours writes it */
    (void)core_restore(core, 0, &record, &memory, 1, (struct instant){0});
    read_good(0, DOOR, 0);
    assert_int_equal(condition(), TRUTH_FALSE);
}

static void a_time_since_that_no_build_of_ours_wrote_is_left_fresh(void **state) {
    (void)state;
    stage(POINT_DOOR_CONTACT, "since(value) > 1 h");
    const struct alarm_record record = {0};
    struct memory_record memory;
    core_record_memories(core, 0, (struct instant){0}, &memory);
    memory.kind = EXPR_MEMORY_SINCE;
    memory.true_age_ns = memory.unknown_age_ns = UINT64_MAX;
    assert_int_equal(core_restore(core, 0, &record, &memory, 1, (struct instant){0}).kept, 1);
    core_record_memories(core, 0, (struct instant){0}, &memory);
    assert_int_equal(memory.kind, EXPR_MEMORY_FRESH);
}

/* What a restart has to record of an alarm that was recorded while its condition was true. */
static uint32_t changed_by_a_restart(double delay_s) {
    uint32_t changed;
    struct alarm_record record;
    struct memory_record memories[1];
    stage_rule(POINT_DOOR_CONTACT, "value", NULL, CLASS_SPACE_CLIMATE, delay_s, 0);
    read_good(1, DOOR, 1);
    core_record(core, 0, (struct instant){S(3)}, &record);
    end();
    begin(3);
    while (core_changed(core, &changed, 1) > 0) {
    }
    (void)core_restore(core, 0, &record, memories, 0, (struct instant){S(3)});
    uint32_t count = core_changed(core, &changed, 1);
    (void)leave(NULL);
    return count;
}

static void a_delay_that_stands_after_a_restart_is_recorded_and_nothing_else(void **state) {
    (void)state;
    assert_int_equal(changed_by_a_restart(5), 1);
    assert_int_equal(changed_by_a_restart(0), 0);
    stage(POINT_DOOR_CONTACT, "value");
}

/* --- event points --- */

static void a_moment_raises_and_is_over_in_its_own_step(void **state) {
    (void)state;
    stage(POINT_ACCESS_READER, "value == denied");
    hear(1, DOORS);
    assert_int_equal(condition(), TRUTH_FALSE);
    read_good(2, READER, 0);
    assert_string_equal(told(), "raised cleared");
    assert_int_equal(condition(), TRUTH_FALSE);
    read_good(2, READER, 1);
    assert_string_equal(told(), "");
    read_good(2, READER, 0);
    assert_string_equal(told(), "reraised cleared");
    hear(3, DOORS);
    assert_string_equal(told(), "");
}

static void a_grant_covers_the_door_for_its_seconds_and_no_longer(void **state) {
    (void)state;
    stage_class(POINT_DOOR_CONTACT, "value and not within(access_reader == granted, 6 s)",
                CLASS_DOOR_FORCED);
    read_good(1, DOOR, 0);
    read_good(10, READER, 1);
    read_good(12, DOOR, 1);
    assert_string_equal(told(), "");
    read_good(13, DOOR, 0);
    read_good(15.999999999, DOOR, 1);
    assert_string_equal(told(), "");
    tick(16);
    assert_string_equal(told(), "raised");
}

/* Nobody can say that no card was shown while the reader cannot be heard. */
static void a_lost_reader_makes_its_moments_unknown(void **state) {
    (void)state;
    stage_class(POINT_DOOR_CONTACT, "value and not within(access_reader == granted, 6 s)",
                CLASS_DOOR_FORCED);
    read_good(0, DOOR, 0);
    tick(5);
    assert_int_equal(core_point(core, READER)->quality, QUALITY_STALE);
    read_good(6, DOOR, 1);
    assert_int_equal(core_point(core, READER)->quality, QUALITY_GOOD);
    assert_int_equal(condition(), TRUTH_UNKNOWN);
    hear(10, DOORS);
    tick(12);
    assert_string_equal(told(), "raised");
}

/* It was heard, and said neither: it excuses no door, and leaves none unwatched. */
static void a_card_that_cannot_be_read_keeps_no_forced_door_silent(void **state) {
    (void)state;
    stage_class(POINT_DOOR_CONTACT, "value and not within(access_reader == granted, 6 s)",
                CLASS_DOOR_FORCED);
    read_good(1, DOOR, 0);
    read_point(2, READER, 1, QUALITY_FAULT);
    assert_int_equal(core_point(core, READER)->quality, QUALITY_FAULT);
    read_good(3, DOOR, 1);
    assert_string_equal(told(), "raised");
}

static void a_stale_or_spoilt_reading_of_a_reader_is_no_moment(void **state) {
    (void)state;
    stage(POINT_ACCESS_READER, "value == granted");
    read_good(1, READER, 1);
    assert_string_equal(told(), "raised cleared");
    read_point(2, READER, 0, QUALITY_STALE);
    assert_string_equal(told(), "");
    assert_int_equal(step.event_count, 0);
    assert_int_equal(condition(), TRUTH_FALSE);
    read_point(3, READER, 1, QUALITY_FAULT);
    assert_int_equal(condition(), TRUTH_FALSE);
    read_good(4, READER, 1);
    assert_string_equal(told(), "reraised cleared");
}

/* --- age --- */

static void an_age_begins_anew_with_each_heartbeat(void **state) {
    (void)state;
    stage(POINT_TEMPERATURE, "age > 60 s");
    read_good(1, WARMTH, 20);
    assert_int_equal(core_deadline(core).ns, S(5)); /* the other device */
    tick(5);
    assert_int_equal(core_deadline(core).ns, S(61) + 1);
    hear(30, WIRELESS);
    assert_int_equal(core_deadline(core).ns, S(90) + 1);
    tick(90.000000001);
    assert_string_equal(told(), "raised");
    hear(100, WIRELESS);
    assert_string_equal(told(), "cleared");
    read_good(101, WARMTH, 20);
    assert_int_equal(core_deadline(core).ns, S(161) + 1);
}

static void a_heartbeat_says_nothing_of_what_was_never_read(void **state) {
    (void)state;
    stage(POINT_TEMPERATURE, "age > 60 s");
    hear(30, WIRELESS);
    tick(60.000000001);
    assert_string_equal(told(), "raised");
}

/* Rooms have numbers that no point has: whose age is read is asked of points alone. */
static void ages_are_read_beside_a_rule_of_a_place_behind_the_last_point(void **state) {
    (void)state;
    site();
    uint32_t room = 0;
    while (room <= SMOKE + 2) { /* the two that follow are points as well */
        room = trial_place(&trial, 0, PLACE_DAY_CARE_ROOM);
    }
    (void)trial_point(&trial, room, WIRELESS, POINT_SMOKE);
    uint32_t floor = trial_place(&trial, 0, PLACE_FLOOR);
    (void)trial_point(&trial, floor, WIRELESS, POINT_SMOKE);
    trial_point_rule(&trial, TRIAL_KIND(POINT_TEMPERATURE), "age > 60 s", CLASS_SPACE_CLIMATE);
    trial_place_rule(&trial, TRIAL_KIND(PLACE_FLOOR), "any(smoke)", CLASS_FIRE_CONFIRMED);
    assert_true(trial_bind(&trial));
    assert_true(floor >= trial.ruleset.point_count);
    begin(0);
    start(0);
    read_good(1, WARMTH, 20);
    tick(61.000000001);
    assert_string_equal(told(), "raised");
}

/* A card that was read at `measured_s` of the wall clock, and arrives at `at_s` of both. */
static void read_card(double at_s, double measured_s, bool granted) {
    take((struct input){
        .at = {S(at_s)},
        .wall = {(int64_t)S(at_s)},
        .kind = INPUT_READING,
        .reading = {.point = READER, .value = granted, .measured = {(int64_t)(measured_s * 1e9)}}});
}

/* An offline reader uploads what it kept; a clock that is ahead is believed no more. */
static void a_card_of_another_time_is_told_and_makes_nothing_true(void **state) {
    (void)state;
    static const struct {
        double off_s;
        bool is_now;
    } rows[] = {{-3600, false}, {-60.000000001, false}, {-60, true},    {0, true},
                {60, true},     {60.000000001, false},  {86400, false}, {-1e9, false}};
    for (unsigned i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (i > 0) {
            (void)leave(state);
        }
        stage(POINT_DOOR_CONTACT, "value and not within(access_reader == granted, 6 s)");
        hear(7200, DOORS);
        read_good(7200, DOOR, 0);
        read_card(7201, 7201 + rows[i].off_s, true);
        assert_int_equal(step.events[0].type, EVENT_ACCESS_GRANTED);
        read_good(7202, DOOR, 1);
        assert_string_equal(told(), rows[i].is_now ? "" : "raised");
    }
}

static void denials_of_different_hours_are_no_burst(void **state) {
    (void)state;
    for (unsigned late = 0; late < 2; late++) {
        if (late > 0) {
            (void)leave(state);
        }
        stage(POINT_ACCESS_READER, "changes(value == denied, 1 min) >= 3");
        hear(1, DOORS);
        for (unsigned i = 0; i < 20; i++) {
            hear(7200 + 4 * i, DOORS);
        }
        for (unsigned i = 0; i < 3; i++) {
            read_card(7280 + i, late != 0 ? 3600 * i : 7280 + i, false);
        }
        assert_int_equal(condition(), late != 0 ? TRUTH_FALSE : TRUTH_TRUE);
    }
}

/* A rule that a moment made true is evaluated once more behind it. */
static void a_step_has_room_for_what_is_told_of_an_alarm_in_and_after_a_moment(void **state) {
    static const char *const raises[] = {"value", "value and access_reader == granted"};
    uint32_t events_max[2];
    for (unsigned i = 0; i < 2; i++) {
        if (i > 0) {
            (void)leave(state);
        }
        stage(POINT_DOOR_CONTACT, raises[i]);
        events_max[i] = core_events_max(&trial.ruleset);
    }
    assert_true(events_max[1] >= events_max[0] + ALARM_TOLD_MAX);
}

/* --- what clears --- */

static void an_alarm_stays_active_between_what_raises_and_what_clears(void **state) {
    (void)state;
    stage_clear(POINT_TEMPERATURE, "value < 18 °C", "value > 19 °C");
    read_good(1, WARMTH, 18.5);
    assert_int_equal(condition(), TRUTH_FALSE);
    read_good(2, WARMTH, 17.9);
    assert_string_equal(told(), "raised");
    read_good(3, WARMTH, 18.5);
    assert_int_equal(condition(), TRUTH_TRUE);
    assert_string_equal(told(), "");
    read_good(4, WARMTH, 19);
    assert_string_equal(told(), "");
    read_good(5, WARMTH, 19.1);
    assert_string_equal(told(), "cleared");
    read_good(6, WARMTH, 18.5);
    assert_string_equal(told(), "");
}

static void one_word_is_enough_to_clear(void **state) {
    (void)state;
    site();
    trial_place_rule(&trial, TRIAL_KIND(PLACE_SERVICE_HALL), "any(door_contact)", CLASS_DOOR_HELD);
    trial_clear(&trial, "weekday");
    assert_true(trial_bind(&trial));
    begin(0);
    start(0);
    take((struct input){.kind = INPUT_WEEKDAY, .state = TRUTH_FALSE});
    read_good(1, DOOR, 1);
    assert_string_equal(told(), "raised");
    read_good(2, DOOR, 0);
    assert_string_equal(told(), "");
    take((struct input){.at = {S(3)}, .kind = INPUT_WEEKDAY, .state = TRUTH_TRUE});
    assert_string_equal(told(), "cleared");
}

static void what_raises_wins_over_what_clears(void **state) {
    (void)state;
    stage_clear(POINT_TEMPERATURE, "value < 18 °C", "value < 10 °C or value > 20 °C");
    read_good(1, WARMTH, 5);
    assert_string_equal(told(), "raised");
    read_good(2, WARMTH, 4);
    assert_int_equal(condition(), TRUTH_TRUE);
    read_good(3, WARMTH, 21);
    assert_string_equal(told(), "cleared");
}

static void unknown_neither_raises_nor_clears(void **state) {
    (void)state;
    stage_clear(POINT_TEMPERATURE, "value < 18 °C", "value > 19 °C");
    read_good(1, WARMTH, 17);
    read_point(2, WARMTH, 0, QUALITY_FAULT);
    assert_int_equal(condition(), TRUTH_UNKNOWN);
    assert_string_equal(told(), "");
    read_good(3, WARMTH, 18.5);
    assert_int_equal(condition(), TRUTH_TRUE);
    read_good(4, WARMTH, 19.5);
    assert_string_equal(told(), "cleared");
    read_point(5, WARMTH, 0, QUALITY_FAULT);
    assert_string_equal(told(), "");
}

/* What holds an alarm that is active does not keep a delay running that has not ended. */
static void a_delay_ends_when_what_raises_is_false_whatever_clears(void **state) {
    (void)state;
    stage_rule(POINT_TEMPERATURE, "value < 18 °C", "value > 19 °C", CLASS_SPACE_CLIMATE, 600, 0);
    read_good(1, WARMTH, 17);
    read_good(300, WARMTH, 18.5);
    tick(700);
    assert_string_equal(told(), "");
    read_good(701, WARMTH, 17);
    read_good(1200, WARMTH, 16);
    tick(1301);
    assert_string_equal(told(), "raised");
    read_good(1302, WARMTH, 18.5);
    assert_int_equal(condition(), TRUTH_TRUE);
}

static void what_clears_has_to_stay_true_for_its_time(void **state) {
    (void)state;
    stage_rule(POINT_TEMPERATURE, "value < 18 °C", "value > 19 °C", CLASS_SPACE_CLIMATE, 0, 60);
    read_good(1, WARMTH, 17);
    read_good(10, WARMTH, 20);
    assert_string_equal(told(), "");
    read_good(69, WARMTH, 18.5);
    tick(70);
    assert_string_equal(told(), "");
    read_good(80, WARMTH, 20);
    tick(139.999999999);
    assert_string_equal(told(), "");
    tick(140);
    assert_string_equal(told(), "cleared");
}

static void what_clears_may_look_back_and_is_journalled_as_well(void **state) {
    (void)state;
    stage_clear(POINT_TEMPERATURE, "value < 18 °C", "held(value > 19 °C, 10 s)");
    read_good(0, WARMTH, 17);
    read_good(1, WARMTH, 20);
    restart(8, 0);
    read_good(1, WARMTH, 20);
    tick(3.999999999);
    assert_string_equal(told(), "");
    tick(4);
    assert_string_equal(told(), "cleared");
}

/* --- counters --- */

static void level(double at_s) {
    take((struct input){.at = {S(at_s)}, .kind = INPUT_LEVEL});
}

static void a_counter_counts_from_the_last_levelling(void **state) {
    (void)state;
    stage(POINT_TURNSTILE, "value >= 3");
    read_good(1, GATE, 700);
    read_good(2, GATE, 702);
    assert_int_equal(condition(), TRUTH_FALSE);
    read_good(3, GATE, 703);
    assert_string_equal(told(), "raised");
    assert_true(step.events[0].value == 3);
    assert_true(core_point(core, GATE)->value == 703); /* what was read stays as it is */
    level(4);
    assert_string_equal(told(), "cleared");
    read_good(5, GATE, 705);
    assert_int_equal(condition(), TRUTH_FALSE);
    read_good(6, GATE, 706);
    assert_string_equal(told(), "reraised");
}

static void only_a_levelling_levels_a_counter(void **state) {
    (void)state;
    stage(POINT_TURNSTILE, "value >= 3");
    read_good(1, GATE, 700);
    read_good(2, GATE, 702);
    for (unsigned told_yes = 0; told_yes < 2; told_yes++) {
        for (unsigned kind = 0; kind < INPUT_KIND_COUNT; kind++) {
            if (kind != INPUT_READING && kind != INPUT_COMMAND && kind != INPUT_LEVEL) {
                take((struct input){.at = {S(3)},
                                    .kind = (enum input_kind)kind,
                                    .state = told_yes ? TRUTH_TRUE : TRUTH_FALSE});
            }
        }
    }
    read_good(4, GATE, 703);
    assert_string_equal(told(), "raised");
}

static void who_came_while_the_gateway_was_down_is_counted(void **state) {
    (void)state;
    uint32_t changed;
    stage(POINT_TURNSTILE, "value >= 3");
    read_good(1, GATE, 700);
    while (core_changed(core, &changed, 1) > 0) {
    }
    read_good(2, GATE, 701);
    assert_int_equal(core_changed(core, &changed, 1), 1); /* each count is journalled */
    read_good(3, GATE, 701);
    assert_int_equal(core_changed(core, &changed, 1), 0);
    restart(4, 0);
    assert_int_equal(condition(), TRUTH_UNKNOWN);
    read_good(1, GATE, 702);
    assert_int_equal(condition(), TRUTH_FALSE);
    read_good(2, GATE, 703);
    assert_string_equal(told(), "raised");
}

static void a_levelling_is_journalled_when_it_changes_the_count(void **state) {
    (void)state;
    uint32_t changed;
    stage(POINT_TURNSTILE, "value >= 9");
    read_good(1, GATE, 700);
    read_good(2, GATE, 702);
    while (core_changed(core, &changed, 1) > 0) {
    }
    level(3);
    assert_int_equal(core_changed(core, &changed, 1), 1);
    level(4);
    assert_int_equal(core_changed(core, &changed, 1), 0);
}

static void a_levelling_reaches_a_counter_that_is_not_read_yet(void **state) {
    (void)state;
    stage(POINT_TURNSTILE, "value >= 3");
    read_good(1, GATE, 700);
    read_good(2, GATE, 704);
    restart(3, 0);
    level(1);
    read_good(2, GATE, 706);
    assert_string_equal(told(), "cleared");
}

static void a_count_that_no_build_of_ours_wrote_is_left_fresh(void **state) {
    (void)state;
    stage(POINT_TURNSTILE, "value >= 3");
    const struct alarm_record record = {0};
    struct memory_record memory;
    core_record_memories(core, 0, (struct instant){0}, &memory);
    memory.true_age_ns = UINT64_MAX;
    memory.kind = EXPR_MEMORY_COUNTED;
    (void)core_restore(core, 0, &record, &memory, 1, (struct instant){0});
    core_record_memories(core, 0, (struct instant){0}, &memory);
    assert_int_equal(memory.kind, EXPR_MEMORY_FRESH);
}

/* Any number may be counted up to, and beyond the last there is none. */
static void the_greatest_count_is_kept_and_no_greater_one(void **state) {
    (void)state;
    static const struct {
        double count;
        enum expr_memory_kind kind;
    } rows[] = {{DBL_MAX, EXPR_MEMORY_COUNTED},
                {-DBL_MAX, EXPR_MEMORY_COUNTED},
                {INFINITY, EXPR_MEMORY_FRESH},
                {-INFINITY, EXPR_MEMORY_FRESH}};
    stage(POINT_TURNSTILE, "value >= 3");
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const struct alarm_record record = {0};
        struct memory_record memory;
        core_record_memories(core, 0, (struct instant){0}, &memory);
        memcpy(&memory.true_age_ns, &rows[i].count, sizeof memory.true_age_ns);
        memory.unknown_age_ns = 0;
        memory.kind = EXPR_MEMORY_COUNTED;
        (void)core_restore(core, 0, &record, &memory, 1, (struct instant){0});
        core_record_memories(core, 0, (struct instant){0}, &memory);
        assert_int_equal(memory.kind, rows[i].kind);
    }
}

/* --- windows --- */

static void a_window_begins_empty_after_a_restart(void **state) {
    (void)state;
    stage_clear(POINT_TEMPERATURE, "avg(value, 64 s) > 30 °C", "avg(value, 64 s) < 28 °C");
    read_good(0, WARMTH, 31);
    tick(48);
    assert_string_equal(told(), "raised");
    restart(50, 0);
    read_good(0, WARMTH, 20);
    assert_int_equal(condition(), TRUTH_UNKNOWN);
    tick(47.999999999);
    assert_string_equal(told(), "");
    tick(48);
    assert_string_equal(told(), "cleared");
}

/* The time that was unknown before the restart does not count, and neither does that behind it. */
static void a_run_that_stood_still_goes_on_after_a_restart(void **state) {
    (void)state;
    struct alarm_record record;
    struct memory_record memory;
    stage(POINT_TEMPERATURE, "held(value > 30 °C, 30 s)");
    read_good(100, WARMTH, 31);
    read_point(110, WARMTH, 0, QUALITY_FAULT); /* 10 s of it */
    core_record(core, 0, (struct instant){S(120)}, &record);
    core_record_memories(core, 0, (struct instant){S(120)}, &memory);
    end();
    begin(120);
    (void)core_restore(core, 0, &record, &memory, 1, (struct instant){S(120)});
    start(120);
    read_good(125, WARMTH, 31);
    tick(144.9);
    assert_string_equal(told(), "");
    tick(145);
    assert_string_equal(told(), "raised");
}

int main(void) {
    const struct CMUnitTest tests[] = {
#define PAST_TEST(test) cmocka_unit_test_teardown(test, leave)
        PAST_TEST(what_was_held_for_seven_of_ten_seconds_fires_three_after_a_restart),
        PAST_TEST(what_is_remembered_is_reported_as_it_turns),
        PAST_TEST(a_delay_that_stands_after_a_restart_is_recorded_and_nothing_else),
        PAST_TEST(what_was_frozen_when_the_gateway_ended_goes_on_with_what_it_had),
        PAST_TEST(what_was_false_when_the_gateway_ended_begins_anew),
        PAST_TEST(what_was_held_long_enough_is_told_by_the_tick_before_its_end),
        PAST_TEST(the_time_since_goes_on_through_a_restart),
        PAST_TEST(a_start_is_no_time_to_look_back_on),
        PAST_TEST(what_was_not_heard_before_the_next_restart_is_as_it_was_recorded),
        PAST_TEST(what_was_unknown_before_a_restart_stays_so_until_it_is_heard),
        PAST_TEST(what_was_true_before_a_restart_was_so_until_it_is_heard),
        PAST_TEST(what_was_watched_before_a_restart_counts_as_watched),
        PAST_TEST(a_memory_of_another_operation_is_left_fresh),
        PAST_TEST(a_time_since_that_no_build_of_ours_wrote_is_left_fresh),
        PAST_TEST(a_moment_raises_and_is_over_in_its_own_step),
        PAST_TEST(a_grant_covers_the_door_for_its_seconds_and_no_longer),
        PAST_TEST(a_lost_reader_makes_its_moments_unknown),
        PAST_TEST(a_card_that_cannot_be_read_keeps_no_forced_door_silent),
        PAST_TEST(a_stale_or_spoilt_reading_of_a_reader_is_no_moment),
        PAST_TEST(an_age_begins_anew_with_each_heartbeat),
        PAST_TEST(a_heartbeat_says_nothing_of_what_was_never_read),
        PAST_TEST(ages_are_read_beside_a_rule_of_a_place_behind_the_last_point),
        PAST_TEST(a_card_of_another_time_is_told_and_makes_nothing_true),
        PAST_TEST(denials_of_different_hours_are_no_burst),
        PAST_TEST(a_step_has_room_for_what_is_told_of_an_alarm_in_and_after_a_moment),
        PAST_TEST(an_alarm_stays_active_between_what_raises_and_what_clears),
        PAST_TEST(one_word_is_enough_to_clear),
        PAST_TEST(what_raises_wins_over_what_clears),
        PAST_TEST(unknown_neither_raises_nor_clears),
        PAST_TEST(a_delay_ends_when_what_raises_is_false_whatever_clears),
        PAST_TEST(what_clears_has_to_stay_true_for_its_time),
        PAST_TEST(what_clears_may_look_back_and_is_journalled_as_well),
        PAST_TEST(a_counter_counts_from_the_last_levelling),
        PAST_TEST(only_a_levelling_levels_a_counter),
        PAST_TEST(who_came_while_the_gateway_was_down_is_counted),
        PAST_TEST(a_levelling_is_journalled_when_it_changes_the_count),
        PAST_TEST(a_levelling_reaches_a_counter_that_is_not_read_yet),
        PAST_TEST(the_greatest_count_is_kept_and_no_greater_one),
        PAST_TEST(a_count_that_no_build_of_ours_wrote_is_left_fresh),
        PAST_TEST(a_run_that_stood_still_goes_on_after_a_restart),
        PAST_TEST(a_window_begins_empty_after_a_restart),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
