/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The core of a small care centre, told as stories. Each line is
 *
 *     seconds  who what  :  events
 *
 * where who is a point (what: a value, or a quality), a device (beat, gone, back), a calendar or
 * another truth (yes, no), an alarm or a place (a verb, with seconds or a result behind a colon), or
 * one of start, tick and clock.
 * The events are `change:alarm` or the name of an activity, joined by commas, "-" for none and "!"
 * and a reason for a refused command. Whatever is not written must not happen.
 *
 *     0 care (home_care_centre), hours of calendar 1
 *     1   room (day_care_room)   button smoke heat plate on device io, missed after 3 s
 *     2   hall (service_hall)    door reader post lamp  on device doors, missed after 6 s
 *                                radio                  on device wireless, never missed;
 *                                                       silent itself after 100 s
 */

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rules/core_state.h"
#include "tests/support/cmocka.h"
#include "tests/support/doomed.h"
#include "tests/support/trial.h"

enum { CARE, ROOM, HALL, PLACES };
enum { BUTTON, SMOKE, HEAT, PLATE, DOOR, READER, POST, LAMP, RADIO, POINTS };
enum { IO, DOORS, RADIO_DEVICE, DEVICES };
enum { COMPONENTS = 2, CALENDARS = 2 };
enum { CALL, FIRE, CONFIRMED, HELD, NIGHT, WEEKEND, RULES };

static const char *const point_names[POINTS] = {"button", "smoke", "heat", "plate", "door",
                                                "reader", "post",  "lamp", "radio"};
static const char *const place_names[PLACES] = {"care", "room", "lobby"};
static const char *const device_names[DEVICES] = {"io", "doors", "wireless"};
static const char *const rule_names[RULES + BUILTIN_COUNT - 1] = {
    "call",   "fire",      "confirmed", "held",    "night",       "weekend", "lost",
    "fault",  "component", "uplink",    "storage", "listening",   "stuck",   "battery",
    "tamper", "promoted",  "clock",     "site",    "certificate",
};

struct stage {
    struct trial trial;
    struct core *core;
    void *block;
    struct step step;
    struct command command; /* of the last line that has one: its events borrow it */
};

static struct stage stage;

static void stage_core(struct instant now) {
    const struct ruleset *ruleset = &stage.trial.ruleset;
    size_t size = core_size(ruleset);
    stage.block = aligned_alloc(64, (size + 63) / 64 * 64);
    stage.step.events = malloc(core_events_max(ruleset) * sizeof *stage.step.events);
    assert_non_null(stage.block);
    assert_non_null(stage.step.events);
    memset(stage.block, 0xAA, size); /* nothing may rely on what was there before */
    stage.core = core_init(stage.block, ruleset, now);
    core_check(stage.core);
}

static void stage_core_end(void) {
    free(stage.step.events);
    free(stage.block);
}

static int build(void **state) {
    (void)state;
    struct trial *trial = &stage.trial;
    trial_init(trial, COMPONENTS, CALENDARS);
    trial->draft.certificate_count = CERTIFICATE_COUNT;
    (void)trial_place(trial, RULESET_NONE, PLACE_HOME_CARE_CENTRE);
    (void)trial_place(trial, CARE, PLACE_DAY_CARE_ROOM);
    (void)trial_place(trial, CARE, PLACE_SERVICE_HALL);
    for (unsigned i = 0; i < 3; i++) {
        trial->places[i].calendar = 1;
    }
    (void)trial_device(trial, 3 * NS_PER_S);
    (void)trial_device(trial, 6 * NS_PER_S);
    (void)trial_device(trial, 0);
    (void)trial_point(trial, ROOM, IO, POINT_EMERGENCY_BUTTON);
    (void)trial_point(trial, ROOM, IO, POINT_SMOKE);
    (void)trial_point(trial, ROOM, IO, POINT_HEAT);
    (void)trial_point(trial, ROOM, IO, POINT_ATTEND_BUTTON);
    (void)trial_point(trial, HALL, DOORS, POINT_DOOR_CONTACT);
    (void)trial_point(trial, HALL, DOORS, POINT_ACCESS_READER);
    (void)trial_point(trial, HALL, DOORS, POINT_CHECKPOINT);
    (void)trial_point(trial, HALL, DOORS, POINT_CALL_LAMP);
    (void)trial_point(trial, HALL, RADIO_DEVICE, POINT_TEMPERATURE);
    trial->points[RADIO].silence_ns = 100 * NS_PER_S;
    trial->points[READER].silence_ns = NS_PER_S; /* of no effect: moments are not missed */

    trial_point_rule(trial, TRIAL_KIND(POINT_EMERGENCY_BUTTON), "value", CLASS_CALL_EMERGENCY);
    trial_point_rule(trial, TRIAL_KIND(POINT_SMOKE) | TRIAL_KIND(POINT_HEAT), "value",
                     CLASS_FIRE_ALARM);
    trial_place_rule(trial, TRIAL_KIND(PLACE_HOME_CARE_CENTRE),
                     "count(within(smoke, 60 s), within(heat, 60 s)) >= 2", CLASS_FIRE_CONFIRMED);
    trial_point_rule(trial, TRIAL_KIND(POINT_DOOR_CONTACT), "value and closed", CLASS_DOOR_HELD)
        ->raise_after_ns = 30 * NS_PER_S;
    trial_point_rule(trial, TRIAL_KIND(POINT_DOOR_CONTACT), "value and between 22:00 and 06:00",
                     CLASS_INTRUSION);
    trial_point_rule(trial, TRIAL_KIND(POINT_DOOR_CONTACT), "value and not weekday",
                     CLASS_INTRUSION);
    assert_true(trial_bind(trial));
    stage_core((struct instant){0});
    return 0;
}

static int tear_down(void **state) {
    (void)state;
    stage_core_end();
    trial_deinit(&stage.trial);
    return 0;
}

static uint32_t name_find(const char *name, const char *const *names, uint32_t count) {
    for (uint32_t i = 0; i < count; i++) {
        if (strcmp(name, names[i]) == 0) {
            return i;
        }
    }
    return RULESET_NONE;
}

/* Write `rule/entity`. */
static void alarm_name(uint32_t alarm, char ret[48]) {
    const struct ruleset_alarm *bound = &stage.trial.ruleset.alarms[alarm];
    const char *entity = "0";
    if (bound->entity_kind == ENTITY_POINT) {
        entity = point_names[bound->entity];
    } else if (bound->entity_kind == ENTITY_DEVICE) {
        entity = device_names[bound->entity];
    } else if (bound->entity == 1 || bound->entity_kind == ENTITY_CERTIFICATE) {
        entity = bound->entity == 0 ? "0" : bound->entity == 1 ? "1" : "2";
    }
    uint8_t builtin = stage.trial.ruleset.rules[bound->rule].builtin;
    uint32_t rule = builtin == BUILTIN_NONE ? bound->rule : (uint32_t)RULES + builtin - 1;
    snprintf(ret, 48, "%s/%s", rule_names[rule], entity);
}

static uint32_t alarm_find(const char *name) {
    for (uint32_t i = 0; i < stage.trial.ruleset.alarm_count; i++) {
        char is[48];
        alarm_name(i, is);
        if (strcmp(is, name) == 0) {
            return i;
        }
    }
    return RULESET_NONE;
}

static enum alarm_state alarm_state_now(const char *name) {
    return alarm_axes_state(core_alarm(stage.core, alarm_find(name))->axes);
}

/* Take one input, check everything that holds after every step. */
static void take(const struct input *input) {
    core_step(stage.core, input, &stage.step);
    core_check(stage.core);
    struct instant next = core_deadline(stage.core);
    assert_true(next.ns > input->at.ns);
    assert_true(stage.step.event_count <= core_events_max(&stage.trial.ruleset));
    for (uint32_t i = 1; i < stage.step.event_count; i++) {
        const struct core_event *event = &stage.step.events[i];
        const struct core_event *before = event - 1;
        bool caused =
            event->type == EVENT_ALARM_SUPPRESSED || event->type == EVENT_ALARM_UNSUPPRESSED;
        assert_true(before->alarm == RULESET_NONE || before->alarm < event->alarm || caused ||
                    (before->alarm == event->alarm && before->type < event->type));
    }
}

static void told(char ret[512]) {
    ret[0] = '\0';
    if (stage.step.refusal != COMMAND_ACCEPTED) {
        snprintf(ret, 512, "!%s", command_refusal_name(stage.step.refusal));
    }
    for (uint32_t i = 0; i < stage.step.event_count; i++) {
        const struct core_event *event = &stage.step.events[i];
        const char *name = core_event_name(event->type);
        size_t len = strlen(ret);
        const char *comma = len > 0 ? "," : "";
        if (event->alarm == RULESET_NONE) {
            assert_int_equal(core_event_lane(event->type), LANE_ACTIVITY);
            snprintf(ret + len, 512 - len, "%s%s", comma, name);
        } else {
            char alarm[48];
            alarm_name(event->alarm, alarm);
            assert_int_equal(core_event_lane(event->type), LANE_ALARM);
            snprintf(ret + len, 512 - len, "%s%s:%s", comma, name + strlen("alarm."), alarm);
        }
    }
    if (ret[0] == '\0') {
        strcpy(ret, "-");
    }
}

static enum truth truth_of(const char *word) {
    return strcmp(word, "yes") == 0  ? TRUTH_TRUE
           : strcmp(word, "no") == 0 ? TRUTH_FALSE
                                     : TRUTH_UNKNOWN;
}

static void reading_of(const char *word, struct reading *ret) {
    for (unsigned quality = QUALITY_UNCERTAIN; quality < QUALITY_COUNT; quality++) {
        if (strcmp(word, quality_name((enum quality)quality)) == 0) {
            ret->quality = (uint8_t)quality;
            return;
        }
    }
    ret->quality = QUALITY_GOOD;
    ret->value = strtod(word, NULL);
}

/* "verb", "verb:seconds", "investigate:real", "investigate:false". */
static struct command command_of(uint32_t alarm, uint32_t place, const char *what) {
    size_t len = strcspn(what, ":");
    struct command command = {
        .verb = command_verb_find(what, len),
        .alarm = alarm,
        .place = place,
        .second_role = ROLE_COUNT,
        .actor = "nurse",
        .reason = "because",
    };
    assert_int_not_equal(command.verb, COMMAND_VERB_COUNT);
    const char *more = what[len] == ':' ? what + len + 1 : "";
    command.real = strcmp(more, "real") == 0;
    command.duration_s = (uint32_t)strtoul(more, NULL, 10);
    return command;
}

/* Make the input that a line names. */
static void input_of(const char *who, const char *what, struct input *ret,
                     struct command *ret_command) {
    static const struct {
        const char *who;
        enum input_kind kind;
        uint32_t subject;
    } truths[] = {
        {"open", INPUT_CALENDAR, 1},
        {"always", INPUT_CALENDAR, 0},
        {"at_night", INPUT_BETWEEN, 0},
        {"weekday", INPUT_WEEKDAY, 0},
        {"field", INPUT_COMPONENT, 0},
        {"console", INPUT_COMPONENT, 1},
        {"stranger", INPUT_COMPONENT, 2},
        {"uplink", INPUT_UPLINK, 0},
        {"storage", INPUT_STORAGE, 0},
        {"start", INPUT_START, 0},
        {"tick", INPUT_TICK, 0},
        {"configuration", INPUT_CONFIGURATION, 0},
        {"standstill", INPUT_STANDSTILL, 0},
        {"ours", INPUT_CERTIFICATE, CERTIFICATE_OURS},
        {"brokers", INPUT_CERTIFICATE, CERTIFICATE_BROKER},
    };
    for (unsigned i = 0; i < sizeof truths / sizeof truths[0]; i++) {
        if (strcmp(who, truths[i].who) == 0) {
            ret->kind = truths[i].kind;
            ret->subject = truths[i].subject;
            ret->state = truth_of(what);
            return;
        }
    }
    uint32_t point = name_find(who, point_names, POINTS);
    uint32_t device = name_find(who, device_names, DEVICES);
    uint32_t alarm = alarm_find(who);
    uint32_t place = name_find(who, place_names, PLACES);
    if (strcmp(who, "clock") == 0) {
        ret->kind = INPUT_CLOCK_STEP;
        ret->step_ns = strtoll(what, NULL, 10) * (int64_t)NS_PER_S;
    } else if (point != RULESET_NONE) {
        ret->kind = INPUT_READING;
        ret->reading.point = point;
        ret->reading.measured = (struct wall){ret->wall.ns - 1};
        reading_of(what, &ret->reading);
    } else if (device != RULESET_NONE) {
        ret->kind = strcmp(what, "beat") == 0 ? INPUT_HEARTBEAT : INPUT_DEVICE;
        ret->subject = device;
        ret->state = strcmp(what, "back") == 0 ? TRUTH_TRUE : TRUTH_FALSE;
    } else if (alarm != RULESET_NONE || place != RULESET_NONE) {
        ret->kind = INPUT_COMMAND;
        *ret_command = command_of(alarm, place, what);
        ret->command = ret_command;
    } else {
        fail_msg("nobody is called %s", who);
    }
}

static void story(const char *script) {
    double at;
    char who[24], what[24], want[512];
    int used;
    while (sscanf(script, " %lf %23s %23s : %511s%n", &at, who, what, want, &used) == 4) {
        struct input input = {.at = {(uint64_t)(at * 1000 + 0.5) * NS_PER_MS}};
        input.wall = (struct wall){(int64_t)input.at.ns + 7};
        input_of(who, what, &input, &stage.command);
        take(&input);
        char got[512];
        told(got);
        if (strcmp(got, want) != 0) {
            fail_msg("%g %s %s : is %s, should be %s", at, who, what, got, want);
        }
        script += used;
    }
    assert_int_equal(strspn(script, " \n"), strlen(script)); /* the whole story was read */
}

/* Every device is there and every point is at rest; the centre is open. */
static void rest(void) {
    story("0 start yes : system.started\n"
          "0 open yes : -\n"
          "0 at_night no : -\n"
          "0 weekday yes : -\n"
          "0 button 0 : -\n"
          "0 smoke 0 : -\n"
          "0 heat 0 : -\n"
          "0 door 0 : -\n"
          "0 radio 21 : -\n");
}

/* What of tests a restart finds again, beside the alarms. */
struct drill {
    uint32_t left_ds[PLACES];
    bool tripped[POINTS];
    bool counts[POINTS];
    struct core_trip_record trips[POINTS];
};

static struct drill drill_record(struct instant now) {
    struct drill drill = {0};
    for (uint32_t i = 0; i < stage.trial.ruleset.place_count; i++) {
        drill.left_ds[i] = core_test_left_ds(stage.core, i, now);
    }
    for (uint32_t i = 0; i < stage.trial.ruleset.point_count; i++) {
        drill.tripped[i] = core_test_has_tripped(stage.core, i);
        drill.counts[i] = core_record_trip(stage.core, i, now, &drill.trips[i]);
    }
    return drill;
}

static void drill_restore(const struct drill *drill, struct instant now) {
    for (uint32_t i = 0; i < stage.trial.ruleset.place_count; i++) {
        if (drill->left_ds[i] > 0) {
            core_restore_test(stage.core, i, drill->left_ds[i], now);
        }
    }
    for (uint32_t i = 0; i < stage.trial.ruleset.point_count; i++) {
        if (drill->tripped[i]) {
            core_restore_tripped(stage.core, i);
        }
        if (drill->counts[i]) {
            core_restore_trip(stage.core, i, &drill->trips[i], now);
        }
    }
}

/* Record all alarms, memories and tests, and begin a new core with them at `now`. */
static void restart(struct instant now) {
    const struct ruleset *ruleset = &stage.trial.ruleset;
    const struct drill drill = drill_record(now);
    struct alarm_record *records = malloc(ruleset->alarm_count * sizeof *records);
    struct memory_record *memories = malloc((ruleset->memory_count + 1) * sizeof *memories);
    assert_non_null(records);
    assert_non_null(memories);
    for (uint32_t i = 0; i < ruleset->alarm_count; i++) {
        core_record(stage.core, i, now, &records[i]);
        core_record_memories(stage.core, i, now, &memories[ruleset->alarms[i].memory_first]);
    }
    stage_core_end();
    stage_core(now);
    drill_restore(&drill, now);
    for (uint32_t i = 0; i < ruleset->alarm_count; i++) {
        (void)core_restore(stage.core, i, &records[i], &memories[ruleset->alarms[i].memory_first],
                           ruleset->alarms[i].memory_count, now);
    }
    core_check(stage.core);
    free(records);
    free(memories);
}

/* --- readings and commands --- */

static void a_press_becomes_a_call_and_is_followed_to_its_end(void **state) {
    (void)state;
    rest();
    story("1 button 1 : raised:call/button\n"
          "1.5 button 1 : -\n"
          "2 call/button acknowledge : acknowledged:call/button\n"
          "2 call/button acknowledge : !already_acknowledged\n"
          "2 call/button reset : !still_active\n"
          "2.5 button 0 : cleared:call/button\n"
          "2.5 call/button reset : !attend_required\n"
          "2.5 call/button attend : attended:call/button\n"
          "2.5 call/button reset : reset:call/button,closed:call/button\n"
          "2.5 call/button reset : !not_raised\n");
}

static void an_event_says_who_what_where_and_when(void **state) {
    (void)state;
    rest();
    story("1 button 1 : raised:call/button\n");
    const struct core_event *event = &stage.step.events[0];
    assert_int_equal(event->type, EVENT_ALARM_RAISED);
    assert_int_equal(event->at.ns, NS_PER_S);
    assert_int_equal(event->wall.ns, NS_PER_S + 7);
    assert_int_equal(event->measured.ns, NS_PER_S + 6);
    assert_int_equal(event->place, ROOM);
    assert_int_equal(event->point, BUTTON);
    assert_int_equal(event->quality, QUALITY_GOOD);
    assert_true(event->value == 1);
    assert_true(event->axes.active && event->axes.open && event->axes.latched);
    assert_int_equal(event->occurrence, 1);
    assert_int_equal(event->raises, 1);
    assert_null(event->command);
    assert_int_equal(event->until.ns, 0);

    story("1 call/button acknowledge : acknowledged:call/button\n");
    assert_string_equal(event->command->actor, "nurse");
    assert_true(event->axes.acked);
    assert_int_equal(event->point, BUTTON);
}

static void two_detectors_within_a_minute_confirm_a_fire(void **state) {
    (void)state;
    rest();
    story("1 smoke 1 : raised:fire/smoke\n"
          "2 smoke 0 : cleared:fire/smoke\n"
          "2.5 heat 1 : raised:fire/heat,raised:confirmed/0\n");
    assert_int_equal(stage.step.events[1].point, HEAT); /* the reading that decided */
    assert_int_equal(stage.step.events[1].place, CARE);
    assert_true(stage.step.events[1].value == 2);
}

static void a_window_ends_by_itself_at_its_deadline(void **state) {
    (void)state;
    rest();
    story("1 smoke 1 : raised:fire/smoke\n"
          "2 smoke 0 : cleared:fire/smoke\n"
          "2 heat 1 : raised:fire/heat,raised:confirmed/0\n"
          "2 heat 0 : cleared:fire/heat\n"
          "2 io back : -\n");
    for (unsigned s = 4; s <= 60; s += 2) {
        char line[64];
        snprintf(line, sizeof line, "%u io beat : -\n%u doors beat : -\n", s, s);
        story(line);
    }
    story("61.999 io beat : -\n"
          "62 tick - : cleared:confirmed/0\n");
    assert_int_equal(stage.step.events[0].point, RULESET_NONE);
}

static void an_open_door_is_told_after_its_delay_while_closed(void **state) {
    (void)state;
    rest();
    story("0 door 1 : -\n"
          "1 open no : -\n");
    assert_int_equal(alarm_state_now("held/door"), ALARM_PENDING);
    for (unsigned s = 2; s <= 30; s += 2) {
        char line[64];
        snprintf(line, sizeof line, "%u doors beat : -\n%u io beat : -\n", s, s);
        story(line);
    }
    story("30.999 tick - : -\n"
          "31 tick - : raised:held/door\n"
          "31.5 open yes : cleared:held/door\n"
          "31.5 held/door acknowledge : acknowledged:held/door,closed:held/door\n");
}

/* Whether or not the loop was late: what time brought is applied before the input is. */
static void a_delay_that_ended_before_the_reading_is_told_without_a_tick(void **state) {
    (void)state;
    rest();
    story("0 open no : -\n"
          "1 door 1 : -\n"
          "2 io gone : raised:lost/io\n"
          "6 doors beat : -\n"
          "11 doors beat : -\n"
          "16 doors beat : -\n"
          "21 doors beat : -\n"
          "26 doors beat : -\n"
          "30 doors beat : -\n"
          "31.5 door 0 : raised:held/door,cleared:held/door\n");
}

static void the_calendar_reaches_the_rules_that_read_it(void **state) {
    (void)state;
    rest();
    story("1 door 1 : -\n"
          "1 at_night yes : raised:night/door\n"
          "1 at_night yes : -\n"
          "1 weekday no : raised:weekend/door\n"
          "1 at_night no : cleared:night/door\n"
          "1 at_night unknown : -\n"
          "1 weekday yes : cleared:weekend/door\n"
          "1 always no : -\n"
          "1 open no : -\n");
    assert_int_equal(alarm_state_now("held/door"), ALARM_PENDING);
}

static void each_word_of_the_calendar_is_told_by_itself(void **state) {
    (void)state;
    rest();
    story("1 weekday no : -\n"
          "1 door 1 : raised:weekend/door\n"
          "1 at_night yes : raised:night/door\n" /* and it is no weekday for that */
          "1 always no : -\n"                    /* nor day */
          "1 at_night no : cleared:night/door\n");
}

/* Nobody has said yet whether it is open, night or a weekday: of none of that anything is told. */
static void before_the_calendar_is_known_it_makes_nothing_true(void **state) {
    (void)state;
    story("0 start yes : system.started\n"
          "0 door 1 : -\n");
    assert_int_equal(core_condition(stage.core, alarm_find("held/door")), TRUTH_UNKNOWN);
    assert_int_equal(core_condition(stage.core, alarm_find("night/door")), TRUTH_UNKNOWN);
    assert_int_equal(core_condition(stage.core, alarm_find("weekend/door")), TRUTH_UNKNOWN);
}

/* --- floods --- */

/* What is told with the last event of the line: the incident that it is folded into. */
static void folded(const char *line, uint32_t incident) {
    story(line);
    assert_int_equal(stage.step.events[stage.step.event_count - 1].incident, incident);
}

/* Open the door on a weekend `times` times; the flood begins with the `begins`th. */
static void open_door(unsigned times, unsigned begins) {
    for (unsigned i = 1; i <= times; i++) {
        char lines[96];
        snprintf(lines, sizeof lines,
                 "1 door 1 : %s%s:weekend/door\n"
                 "1 door 0 : cleared:weekend/door\n",
                 i == begins ? "flood.begun," : "", i == 1 ? "raised" : "reraised");
        story(lines);
    }
}

static void a_flood_folds_what_is_high_or_low_and_nothing_graver(void **state) {
    (void)state;
    rest();
    folded("1 storage no : raised:storage/0\n", 0);
    story("1 storage yes : cleared:storage/0\n"
          "1 weekday no : -\n");
    open_door(10, 10); /* with the storage's these are eleven */
    folded("1 door 1 : reraised:weekend/door\n", 0);
    folded("1 storage no : reraised:storage/0\n", 1);
    folded("1 doors gone : raised:lost/doors\n", 1);
    folded("1 button 1 : raised:call/button\n", 0);
    const struct input later = {.at = {1000 * NS_PER_S}, .kind = INPUT_TICK};
    take(&later);
    folded("1001 storage yes : cleared:storage/0\n", 0);
}

static void what_is_tested_or_shelved_makes_no_flood(void **state) {
    (void)state;
    rest();
    story("1 weekday no : -\n"
          "1 door 1 : raised:weekend/door\n"
          "1 weekend/door shelve:600 : shelved:weekend/door\n"
          "1 door 0 : cleared:weekend/door,closed:weekend/door\n"
          "1 room test-begin:600 : test.begun\n"
          "1 button 1 : test.tripped,raised:call/button\n"
          "1 button 0 : cleared:call/button\n");
    for (unsigned i = 0; i < 12; i++) {
        story("1 door 1 : raised:weekend/door\n"
              "1 door 0 : cleared:weekend/door,closed:weekend/door\n"
              "1 button 1 : reraised:call/button\n"
              "1 button 0 : cleared:call/button\n");
    }
}

/* --- activity --- */

static void readers_and_checkpoints_tell_moments(void **state) {
    (void)state;
    rest();
    struct input input = {
        .at = {NS_PER_S},
        .kind = INPUT_READING,
        .reading = {.point = READER, .value = 1, .code = 4711, .quality = QUALITY_UNCERTAIN}};
    input.reading.measured.ns = 77;
    take(&input);
    const struct core_event *event = &stage.step.events[0];
    assert_int_equal(event->type, EVENT_ACCESS_GRANTED);
    assert_int_equal(event->code, 4711);
    assert_true(event->value == 1);
    assert_int_equal(event->quality, QUALITY_UNCERTAIN);
    assert_int_equal(event->measured.ns, 77);
    assert_int_equal(event->point, READER);
    assert_int_equal(event->place, HALL);
    assert_int_equal(event->alarm, RULESET_NONE);
    story("1 reader 1 : access.granted,cleared:fault/reader\n"
          "1 reader 0 : access.denied\n"
          "1 post 1 : patrol.checkpoint\n"
          "1 post stale : -\n"
          "1 lamp 1 : -\n");
}

static void a_reader_whose_messages_cannot_be_read_is_at_fault_until_one_can(void **state) {
    (void)state;
    rest();
    story("1 reader 1 : access.granted\n"
          "1 reader fault : raised:fault/reader\n"
          "1 reader fault : -\n"
          "1 reader 0 : access.denied,cleared:fault/reader\n"
          "1 post fault : raised:fault/post\n"
          "1 post 1 : patrol.checkpoint,cleared:fault/post\n");
    assert_int_equal(core_point(stage.core, READER)->quality, QUALITY_GOOD);
}

/* A pass of the point that says it was `off_s` from its arrival; is the point at fault then? */
static bool faulty_after(uint32_t point, double off_s, enum quality quality) {
    struct input input = {
        .at = {2 * NS_PER_S},
        .wall = {3600 * (int64_t)NS_PER_S},
        .kind = INPUT_READING,
        .reading = {.point = point, .value = 1, .code = 4711, .quality = (uint8_t)quality}};
    input.reading.measured.ns = input.wall.ns + (int64_t)(off_s * 1e9);
    take(&input);
    assert_int_equal(stage.step.events[0].type,
                     point == READER ? EVENT_ACCESS_GRANTED : EVENT_PATROL_CHECKPOINT);
    return core_alarm(stage.core, alarm_find(point == READER ? "fault/reader" : "fault/post"))
        ->axes.active;
}

/* Only a guard's reader may be brought in later, with what it kept. */
static void a_reader_with_another_clock_is_at_fault_until_its_next_pass_of_now(void **state) {
    (void)state;
    static const struct {
        double off_s;
        enum quality quality;
        bool reader, post;
    } rows[] = {
        {0, QUALITY_GOOD, false, false},     {-90, QUALITY_GOOD, true, false},
        {-60, QUALITY_GOOD, false, false},   {-3600, QUALITY_GOOD, true, false},
        {60, QUALITY_GOOD, false, false},    {90, QUALITY_GOOD, true, true},
        {0, QUALITY_UNCERTAIN, true, true},  {0, QUALITY_GOOD, false, false},
        {-1, QUALITY_UNCERTAIN, true, true}, {-3600, QUALITY_GOOD, true, false},
    };
    rest();
    for (unsigned i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        assert_int_equal(faulty_after(READER, rows[i].off_s, rows[i].quality), rows[i].reader);
        assert_int_equal(faulty_after(POST, rows[i].off_s, rows[i].quality), rows[i].post);
    }
}

/* Whose card it was stays with the reading; the alarm's event says only that it was one. */
static void a_badge_attends_what_is_open_at_its_place_and_names_nobody(void **state) {
    (void)state;
    struct trial *trial = &stage.trial;
    stage_core_end();
    trial->points[READER].attends = 1;
    assert_true(trial_bind(trial));
    stage_core((struct instant){0});
    rest();
    story("1 at_night yes : -\n"
          "1 button 1 : raised:call/button\n"
          "1 door 1 : raised:night/door\n"
          "1 post 1 : patrol.checkpoint\n"); /* it says nothing of the kind */
    struct input input = {.at = {2 * NS_PER_S},
                          .wall = {3600 * (int64_t)NS_PER_S},
                          .kind = INPUT_READING,
                          .reading = {.point = READER, .value = 1, .code = 4711}};
    take(&input);
    /* A card of an hour ago brings nobody now. */
    assert_false(core_alarm(stage.core, alarm_find("night/door"))->axes.attended);
    input.reading.measured = input.wall;
    take(&input);
    const struct core_event *event = &stage.step.events[1];
    assert_int_equal(event->type, EVENT_ALARM_ATTENDED);
    assert_int_equal(event->alarm, alarm_find("night/door"));
    assert_int_equal(event->code, 0);
    assert_string_equal(event->command->actor, "badge");
    assert_int_equal(event->command->role, ROLE_COUNT);
    assert_int_equal(event->command->second_role, ROLE_COUNT);
    assert_string_equal(event->command->reason, "");
    assert_false(core_alarm(stage.core, alarm_find("call/button"))->axes.attended);
    /* A button names nobody at all. */
    story("2 plate 0 : -\n"
          "2 plate 1 : attended:call/button\n");
    assert_null(stage.step.events[0].command);
}

static const struct core_event *event_of(enum core_event_type type) {
    for (uint32_t i = 0; i < stage.step.event_count; i++) {
        if (stage.step.events[i].type == type) {
            return &stage.step.events[i];
        }
    }
    fail_msg("no such event was told");
    return NULL;
}

/* Whoever reads "raised by" in the book looks for a person who raised it. */
static void a_badge_is_the_actor_of_the_attending_and_not_of_what_it_raises(void **state) {
    (void)state;
    struct trial *trial = &stage.trial;
    stage_core_end();
    trial->points[READER].attends = 1;
    trial->expressions[WEEKEND] = "value and within(access_reader == granted, 10 s)";
    assert_true(trial_bind(trial));
    stage_core((struct instant){0});
    rest();
    story("1 door 1 : -\n"
          "2 reader 1 : access.granted,raised:weekend/door,attended:weekend/door\n");
    assert_null(event_of(EVENT_ALARM_RAISED)->command);
    assert_string_equal(event_of(EVENT_ALARM_ATTENDED)->command->actor, "badge");
}

static void a_clock_step_is_told_and_moves_nothing(void **state) {
    (void)state;
    rest();
    story("0 open no : -\n"
          "0 door 1 : -\n");
    struct instant before = alarm_deadline(core_alarm(stage.core, alarm_find("held/door")));
    story("1 clock -3600 : system.clock_stepped,raised:clock/0\n");
    assert_int_equal(stage.step.events[0].step_ns, -3600 * (int64_t)NS_PER_S);
    assert_int_equal(alarm_deadline(core_alarm(stage.core, alarm_find("held/door"))).ns, before.ns);
}

static void a_refused_site_is_an_alarm_until_one_is_taken(void **state) {
    (void)state;
    rest();
    story("1 configuration yes : system.config_changed\n"
          "2 configuration no : system.config_refused,raised:site/0\n"
          "2.1 configuration no : system.config_refused\n"
          "2.2 configuration yes : system.config_changed,cleared:site/0\n");
    const struct input input = {
        .at = {3 * NS_PER_S}, .kind = INPUT_CONFIGURATION, .state = TRUTH_TRUE, .generation = 77};
    take(&input);
    assert_int_equal(stage.step.events[0].generation, 77);
}

static void
a_certificate_that_ends_soon_is_an_alarm_until_a_good_one_takes_its_place(void **state) {
    (void)state;
    rest();
    story("1 ours yes : -\n"
          "1.1 ours no : raised:certificate/0\n"
          "1.2 brokers no : raised:certificate/2\n"
          "1.3 ours unknown : -\n"
          "1.4 ours no : -\n"
          "1.5 ours yes : cleared:certificate/0\n"
          "1.6 brokers unknown : -\n");
}

static void when_a_certificate_ends_stays_known_while_nobody_knows_more(void **state) {
    (void)state;
    rest();
    struct input input = {.at = {1 * NS_PER_S},
                          .kind = INPUT_CERTIFICATE,
                          .subject = CERTIFICATE_BROKER,
                          .state = TRUTH_FALSE,
                          .generation = 1796508000};
    take(&input);
    assert_int_equal(stage.step.event_count, 1);
    assert_true(stage.step.events[0].value == 1796508000);
    input = (struct input){
        .at = {2 * NS_PER_S}, .kind = INPUT_CERTIFICATE, .subject = CERTIFICATE_BROKER};
    input.state = TRUTH_UNKNOWN;
    take(&input);
    assert_true(core_alarm_value(stage.core, alarm_find("certificate/2")) == 1796508000);
    assert_true(core_alarm_value(stage.core, alarm_find("certificate/0")) == 0);
    struct input told = {0};
    for (uint32_t i = 0; told.generation == 0; i++) {
        assert_true(core_picture(stage.core, i, (struct wall){0}, &told));
    }
    assert_int_equal(told.kind, INPUT_CERTIFICATE);
    assert_int_equal(told.subject, CERTIFICATE_BROKER);
    assert_int_equal(told.generation, 1796508000);
}

/* Nobody is told again at a start with a file that is still wrong, and one with a mended file ends it. */
static void a_start_says_whether_the_site_is_still_refused(void **state) {
    (void)state;
    rest();
    story("1 configuration no : system.config_refused,raised:site/0\n");
    restart((struct instant){2 * NS_PER_S});
    story("2 start no : system.started\n"
          "2 configuration no : system.config_refused\n");
    assert_true(core_alarm(stage.core, alarm_find("site/0"))->axes.active);
    restart((struct instant){3 * NS_PER_S});
    story("3 start yes : system.started,cleared:site/0\n");
}

/* Who reads at night that the gateway started looks for a power cut: a reload is a changed site alone. */
static void a_reload_is_told_as_a_changed_site_and_not_as_a_start(void **state) {
    (void)state;
    rest();
    story("1 button 1 : raised:call/button\n");
    restart((struct instant){2 * NS_PER_S});
    struct input input = {
        .at = {2 * NS_PER_S}, .kind = INPUT_START, .state = TRUTH_TRUE, .step = CORE_START_RELOAD};
    take(&input);
    assert_int_equal(stage.step.event_count, 0);
    assert_true(core_alarm(stage.core, alarm_find("call/button"))->axes.active);
    story("2 configuration yes : system.config_changed\n");
    restart((struct instant){3 * NS_PER_S});
    input.at.ns = 3 * NS_PER_S;
    input.step = CORE_START_GATEWAY;
    take(&input);
    assert_int_equal(stage.step.event_count, 1);
    assert_int_equal(stage.step.events[0].type, EVENT_SYSTEM_STARTED);
}

/* --- lost inputs --- */

static void a_silent_device_is_one_alarm_and_its_return_ends_it(void **state) {
    (void)state;
    rest();
    story("1 button 1 : raised:call/button\n"
          "3.999 tick - : -\n"
          "4 tick - : raised:lost/io\n");
    assert_int_equal(core_point(stage.core, BUTTON)->quality, QUALITY_STALE);
    assert_int_equal(core_point(stage.core, SMOKE)->quality, QUALITY_STALE);
    assert_int_equal(core_point(stage.core, DOOR)->quality, QUALITY_GOOD);
    assert_int_equal(core_condition(stage.core, alarm_find("call/button")), TRUTH_UNKNOWN);
    assert_int_equal(alarm_state_now("call/button"), ALARM_UNACKNOWLEDGED);
    story("5 io beat : cleared:lost/io\n");
    /* Nothing is known of its points until each is read. */
    assert_int_equal(core_point(stage.core, BUTTON)->quality, QUALITY_STALE);
    story("5 call/button acknowledge : acknowledged:call/button\n"
          "5 call/button reset : !quality_not_good\n"
          "5 button 0 : cleared:call/button\n");
}

static void a_device_that_came_back_is_missed_again(void **state) {
    (void)state;
    rest();
    story("2 doors beat : -\n"
          "3 tick - : raised:lost/io\n"
          "4 io beat : cleared:lost/io\n"
          "5 doors beat : -\n"
          "6.9 tick - : -\n"
          "7 tick - : reraised:lost/io\n");
}

static void a_device_that_its_driver_gives_up_is_lost_at_once(void **state) {
    (void)state;
    rest();
    story("1 io gone : raised:lost/io\n"
          "1 io gone : -\n"
          "1 smoke fault : -\n" /* no news of a lost device */
          "2 smoke 0 : cleared:lost/io\n"
          "2 lost/io acknowledge : acknowledged:lost/io,closed:lost/io\n"
          "2 io gone : raised:lost/io\n"
          "2 io back : cleared:lost/io\n");
}

/* What an alarm without an expression is worth: 1 while it is so, and then 0. */
static void a_lost_device_is_told_with_a_value_of_one(void **state) {
    (void)state;
    rest();
    story("1 io gone : raised:lost/io\n");
    assert_true(stage.step.events[0].value == 1);
    story("2 io back : cleared:lost/io\n");
    assert_true(stage.step.events[0].value == 0);
}

/* What says itself that it has nothing to tell is not missed as well. */
static void nobody_waits_for_a_point_that_is_stale_or_out_of_service(void **state) {
    static const enum quality without[] = {QUALITY_STALE, QUALITY_OUT_OF_SERVICE};
    (void)state;
    for (size_t i = 0; i < sizeof without / sizeof without[0]; i++) {
        stage_core_end();
        stage_core((struct instant){0});
        rest();
        story("1 io gone : raised:lost/io\n"
              "2 doors gone : raised:lost/doors\n");
        assert_int_equal(core_deadline(stage.core).ns, 100 * NS_PER_S);
        const struct input input = {.at = {3 * NS_PER_S},
                                    .kind = INPUT_READING,
                                    .reading = {.point = RADIO, .quality = (uint8_t)without[i]}};
        take(&input);
        assert_true(core_deadline(stage.core).ns > 100 * NS_PER_S);
    }
}

/* Nothing comes any more when its silence would have been too long: the next is the radio's own. */
static void nobody_waits_for_a_device_that_is_lost(void **state) {
    (void)state;
    rest();
    story("1 io gone : raised:lost/io\n");
    assert_int_equal(core_deadline(stage.core).ns, 6 * NS_PER_S);
    story("2 doors gone : raised:lost/doors\n");
    assert_int_equal(core_deadline(stage.core).ns, 100 * NS_PER_S);
}

/* What was heard of its points since it was lost stands. */
static void a_device_is_not_lost_twice(void **state) {
    (void)state;
    rest();
    story("1 io gone : raised:lost/io\n"
          "2 smoke fault : -\n"
          "3 io gone : -\n");
    assert_int_equal(core_point(stage.core, SMOKE)->quality, QUALITY_FAULT);
    assert_int_equal(core_point(stage.core, SMOKE)->changed.ns, 2 * NS_PER_S);
    assert_int_equal(core_point(stage.core, HEAT)->quality, QUALITY_STALE);
    assert_int_equal(core_point(stage.core, HEAT)->changed.ns, NS_PER_S);
}

static void assert_reader(enum quality quality, uint64_t since_s) {
    assert_int_equal(core_point(stage.core, READER)->quality, quality);
    assert_int_equal(core_point(stage.core, READER)->changed.ns, since_s * NS_PER_S);
}

/* A reader at which nobody shows a card says nothing; that it would is known from its device. */
static void moments_are_expected_once_their_device_is_there(void **state) {
    (void)state;
    story("1 start yes : system.started\n");
    assert_reader(QUALITY_STALE, 0);
    story("2 doors beat : -\n");
    assert_reader(QUALITY_GOOD, 2);
    story("3 doors gone : raised:lost/doors\n");
    assert_reader(QUALITY_STALE, 3);
}

static void
moments_are_expected_of_a_device_that_is_never_missed_until_it_is_given_up(void **state) {
    (void)state;
    stage.trial.bound.devices[DOORS].silence_ns = 0;
    story("1 start yes : system.started\n");
    assert_reader(QUALITY_GOOD, 1);
    story("2 doors gone : raised:lost/doors\n"
          "3 reader stale : -\n");
    assert_reader(QUALITY_STALE, 2);
}

static void heartbeats_keep_a_device_from_being_missed(void **state) {
    (void)state;
    rest();
    story("2.9 io beat : -\n"
          "5.8 io beat : -\n"
          "5.9 doors beat : -\n"
          "8.7 smoke 0 : -\n"
          "11.6 doors beat : -\n"
          "11.6 tick - : -\n" /* just in time: exactly 3 s is too long */);
}

static void just_in_time_is_before_the_silence_is_over(void **state) {
    (void)state;
    rest();
    story("2.999 io beat : -\n"
          "5.999 doors beat : raised:lost/io\n");
}

/* Who is lost already stays so; who was waited for is waited for from then on, neither longer nor shorter. */
static void a_gateway_that_stood_still_blames_no_device(void **state) {
    (void)state;
    rest();
    story("1 doors gone : raised:lost/doors\n"
          "2.9 standstill - : -\n"
          "5.8 standstill - : -\n"
          "8.799 tick - : -\n"
          "8.8 tick - : raised:lost/io\n"
          "9 io beat : cleared:lost/io\n"
          "9.1 doors beat : cleared:lost/doors\n");
}

/* Also one that had not answered yet. */
static void a_standstill_after_the_start_gives_each_device_its_whole_silence(void **state) {
    (void)state;
    story("0.5 start yes : system.started\n"
          "3 standstill - : -\n"
          "5.999 tick - : -\n"
          "6 tick - : raised:lost/io\n");
}

static void a_device_never_heard_is_missed_after_the_start(void **state) {
    (void)state;
    story("0.5 start yes : system.started\n"
          "3.499 tick - : -\n"
          "3.5 tick - : raised:lost/io\n"
          "6.5 tick - : raised:lost/doors\n"
          "100.5 tick - : raised:fault/radio\n");
}

/* One cause, one alarm: its device is missed first, and its points are waited for from its return. */
static void a_point_is_not_missed_before_its_device_was_ever_heard(void **state) {
    (void)state;
    stage.trial.bound.points[DOOR].silence_ns = 2 * NS_PER_S;
    story("0 start yes : system.started\n"
          "1 io gone : raised:lost/io\n"
          "2 tick - : -\n"
          "6 tick - : raised:lost/doors\n"
          "7 doors back : cleared:lost/doors\n"
          "8.999 tick - : -\n"
          "9 tick - : raised:fault/door\n");
}

static void a_faulty_reading_is_a_fault_and_keeps_the_last_good_value(void **state) {
    (void)state;
    rest();
    story("1 radio 23.5 : -\n"
          "2 radio fault : raised:fault/radio\n");
    assert_int_equal(stage.step.events[0].quality, QUALITY_FAULT);
    assert_true(stage.step.events[0].value == 23.5);
    assert_true(core_point(stage.core, RADIO)->value == 23.5);
    story("2.5 radio uncertain : cleared:fault/radio\n"
          "2.5 fault/radio acknowledge : acknowledged:fault/radio,closed:fault/radio\n"
          "2.5 radio stale : raised:fault/radio\n"
          "2.5 radio out_of_service : -\n"
          "2.5 radio 20 : cleared:fault/radio\n");
}

static void a_value_that_is_no_number_is_a_fault_whatever_it_claims(void **state) {
    (void)state;
    static const double wrong[] = {(double)NAN, (double)INFINITY, -(double)INFINITY};
    rest();
    for (unsigned i = 0; i < 3; i++) {
        struct input input = {.at = {NS_PER_S}, .kind = INPUT_READING};
        input.reading = (struct reading){.point = SMOKE, .value = wrong[i]};
        take(&input);
        assert_int_equal(core_point(stage.core, SMOKE)->quality, QUALITY_FAULT);
        assert_true(core_point(stage.core, SMOKE)->value == 0);
        assert_int_equal(alarm_state_now("fire/smoke"), ALARM_NORMAL);
    }
    struct input input = {.at = {NS_PER_S}, .kind = INPUT_READING};
    input.reading = (struct reading){.point = SMOKE, .value = 1, .quality = QUALITY_COUNT};
    take(&input);
    assert_int_equal(core_point(stage.core, SMOKE)->quality, QUALITY_FAULT);
}

static void a_point_with_a_silence_of_its_own_goes_stale_alone(void **state) {
    (void)state;
    rest();
    for (unsigned s = 1; s < 100; s += 2) {
        char line[96];
        snprintf(line, sizeof line, "%u io beat : -\n%u doors beat : -\n%u wireless beat : -\n", s,
                 s, s);
        story(line);
    }
    /* That its broker is there says nothing of its battery. */
    story("99.999 wireless beat : -\n"
          "100 tick - : raised:fault/radio\n"
          "100 radio 20 : cleared:fault/radio\n"
          "101 io beat : -\n"
          "101 doors beat : -\n");
    assert_int_equal(core_point(stage.core, RADIO)->quality, QUALITY_GOOD);
}

/* It is waited for from its last reading on, not from the first. */
static void a_point_that_is_heard_in_time_is_waited_for_anew(void **state) {
    (void)state;
    rest();
    story("1 io gone : raised:lost/io\n"
          "1 doors gone : raised:lost/doors\n"
          "50 radio 22 : -\n"
          "100 tick - : -\n"
          "149.999 tick - : -\n"
          "150 tick - : raised:fault/radio\n");
}

/* The shortest silence is one, and none at all is none. */
static void a_silence_of_a_nanosecond_is_one(void **state) {
    (void)state;
    stage.trial.bound.points[RADIO].silence_ns = 1;
    rest();
    const struct input tick = {.at = {1}, .kind = INPUT_TICK};
    take(&tick);
    assert_int_equal(stage.step.event_count, 1);
    assert_int_equal(stage.step.events[0].point, RADIO);
}

static void a_device_may_be_missed_after_a_nanosecond(void **state) {
    (void)state;
    stage.trial.bound.devices[RADIO_DEVICE].silence_ns = 1;
    rest();
    const struct input tick = {.at = {1}, .kind = INPUT_TICK};
    take(&tick);
    assert_int_equal(stage.step.event_count, 1);
    assert_int_equal(stage.step.events[0].alarm, alarm_find("lost/wireless"));
}

/* That its broker is there is no news of a point that was missed: nothing is waited for anew. */
static void a_heartbeat_does_not_wait_anew_for_a_point_that_was_missed(void **state) {
    (void)state;
    rest();
    story("1 io gone : raised:lost/io\n"
          "1 doors gone : raised:lost/doors\n"
          "100 tick - : raised:fault/radio\n");
    struct instant next = core_deadline(stage.core);
    story("101 wireless beat : -\n");
    assert_int_equal(core_deadline(stage.core).ns, next.ns);
}

static void a_heartbeat_confirms_values_that_are_not_stale(void **state) {
    (void)state;
    rest();
    story("1 io beat : -\n"
          "1 wireless beat : -\n");
    assert_int_equal(core_point(stage.core, SMOKE)->heard.ns, NS_PER_S);
    assert_int_equal(core_point(stage.core, SMOKE)->changed.ns, 0);
    assert_int_equal(core_point(stage.core, RADIO)->heard.ns, 0); /* it has a silence of its own */
    story("2 io gone : raised:lost/io\n"
          "2.5 io beat : cleared:lost/io\n");
    assert_int_equal(core_point(stage.core, SMOKE)->heard.ns, NS_PER_S);
}

/* "At night" is over, so the rule is false whatever its contact would say: that is no word of the contact. */
static void a_latched_alarm_is_not_reset_on_the_word_of_the_clock(void **state) {
    (void)state;
    stage.trial.rules[NIGHT].latched = true;
    stage_core_end();
    assert_true(trial_bind(&stage.trial));
    stage_core((struct instant){0});
    rest();
    story("0.1 at_night yes : -\n"
          "0.2 door 1 : raised:night/door\n"
          "0.3 night/door acknowledge : acknowledged:night/door\n"
          "0.4 door fault : raised:fault/door\n"
          "0.5 at_night no : cleared:night/door\n");
    assert_int_equal(core_condition(stage.core, alarm_find("night/door")), TRUTH_FALSE);
    story("0.6 night/door reset : !quality_not_good\n"
          "0.7 door uncertain : cleared:fault/door\n"
          "0.8 night/door reset : !quality_not_good\n"
          "0.9 door 1 : -\n"
          "1 night/door reset : reset:night/door,closed:night/door\n");
}

/* One cause, one alarm: what a lost device's points say is shown only once it is back. */
static void a_points_fault_is_not_told_beside_its_lost_device(void **state) {
    (void)state;
    rest();
    story("1 wireless gone : raised:lost/wireless\n"
          "2 radio fault : -\n"
          "2.5 wireless back : cleared:lost/wireless,raised:fault/radio\n");
}

static void a_fault_is_not_cleared_by_losing_its_device(void **state) {
    (void)state;
    rest();
    story("1 radio fault : raised:fault/radio\n"
          "2 wireless gone : raised:lost/wireless,suppressed:fault/radio\n"
          "2.5 wireless back : cleared:lost/wireless,unsuppressed:fault/radio\n");
    assert_int_equal(alarm_state_now("fault/radio"), ALARM_UNACKNOWLEDGED);
    /* The point is stale, and what it said before its device was lost is no longer known. */
    assert_int_equal(core_condition(stage.core, alarm_find("fault/radio")), TRUTH_UNKNOWN);
    story("2.6 radio 20 : cleared:fault/radio\n");
}

/* Give a reading of the radio again at `at_s`, which it gave `age_s` before. */
static void give_again(uint64_t at_s, uint64_t age_s, enum quality quality, const char *want) {
    struct input input = {
        .at = {at_s * NS_PER_S}, .kind = INPUT_READING, .age_ns = age_s * NS_PER_S};
    input.reading = (struct reading){.point = RADIO, .quality = (uint8_t)quality, .value = 21};
    take(&input);
    char got[512];
    told(got);
    assert_string_equal(got, want);
}

/* What is said at `now_s` of how long ago the radio was heard. */
static uint64_t radio_age_s(uint64_t now_s) {
    struct instant now = {now_s * NS_PER_S};
    return point_age_ns(core_point(stage.core, RADIO), now) / NS_PER_S;
}

static void a_dead_sensors_fault_outlives_the_engine(void **state) {
    (void)state;
    rest();
    story("1 io gone : raised:lost/io\n"
          "1 doors gone : raised:lost/doors\n"
          "100 tick - : raised:fault/radio\n");
    restart((struct instant){130 * NS_PER_S});
    story("130 start yes : system.started\n");
    give_again(130, 130, QUALITY_GOOD, "-");
    story("131 wireless beat : -\n");
    const struct point_state *radio = core_point(stage.core, RADIO);
    assert_int_equal(alarm_state_now("fault/radio"), ALARM_UNACKNOWLEDGED);
    assert_int_equal(core_condition(stage.core, alarm_find("fault/radio")), TRUTH_TRUE);
    assert_int_equal(radio->quality, QUALITY_STALE);
    assert_int_equal(radio->known, POINT_READ);
    assert_true(radio->value == 21);
    assert_int_equal(radio_age_s(131), 131); /* as before: what is shown of it stays */
    story("132 radio 20 : cleared:fault/radio\n");
}

/* It has what is left of its silence, whether its device was heard before it or after it. */
static void a_sensor_that_is_given_again_is_missed_after_one_silence(void **state) {
    static const char *const before[] = {"130 tick - : -\n", "130 wireless beat : -\n"};
    (void)state;
    for (unsigned i = 0; i < 2; i++) {
        stage_core_end();
        stage_core((struct instant){130 * NS_PER_S});
        story("130 start yes : system.started\n"
              "130 io gone : raised:lost/io\n"
              "130 doors gone : raised:lost/doors\n");
        story(before[i]);
        give_again(130, 60, QUALITY_GOOD, "-");
        assert_int_equal(core_point(stage.core, RADIO)->quality, QUALITY_GOOD);
        assert_int_equal(core_point(stage.core, RADIO)->heard.ns, 70 * NS_PER_S);
        story("131 wireless beat : -\n"
              "169.999 tick - : -\n"
              "170 tick - : raised:fault/radio\n");
    }
}

static void a_reading_as_old_as_its_points_silence_is_missed_at_once(void **state) {
    (void)state;
    story("0 start yes : system.started\n"
          "2 tick - : -\n");
    give_again(2, 99, QUALITY_GOOD, "-"); /* it is older than the core's own time */
    assert_int_equal(core_point(stage.core, RADIO)->quality, QUALITY_GOOD);
    assert_int_equal(radio_age_s(2), 99);
    give_again(2, 100, QUALITY_GOOD, "raised:fault/radio");
    assert_int_equal(core_point(stage.core, RADIO)->quality, QUALITY_STALE);
    give_again(2, 100, QUALITY_OUT_OF_SERVICE, "-"); /* nobody misses it */
    assert_int_equal(core_point(stage.core, RADIO)->quality, QUALITY_OUT_OF_SERVICE);
}

/* When the core looks whether the radio is silent, in nanoseconds. */
static uint64_t radio_due_ns(void) {
    return stage.core->timers.due[core_point_timer(stage.core, RADIO)].ns;
}

static void radio_says(uint64_t at_ns, uint64_t age_ns, enum quality quality) {
    struct input input = {.at = {at_ns}, .kind = INPUT_READING, .age_ns = age_ns};
    input.reading = (struct reading){.point = RADIO, .quality = (uint8_t)quality, .value = 21};
    take(&input);
}

/* A reading costs no timer; only one that is older than now needs an earlier one, by a nanosecond too. */
static void what_is_read_moves_no_timer_and_what_is_given_again_does(void **state) {
    static const enum quality not_waited_for[] = {QUALITY_STALE, QUALITY_OUT_OF_SERVICE};
    (void)state;
    rest();
    story("1 io gone : raised:lost/io\n"
          "1 doors gone : raised:lost/doors\n");
    assert_int_equal(radio_due_ns(), 100 * NS_PER_S);
    story("2 wireless gone : raised:lost/wireless\n");
    assert_int_equal(radio_due_ns(), INSTANT_NEVER.ns);
    story("3 wireless back : cleared:lost/wireless\n");
    assert_int_equal(radio_due_ns(), 103 * NS_PER_S);
    radio_says(50 * NS_PER_S, 0, QUALITY_GOOD);
    assert_int_equal(radio_due_ns(), 103 * NS_PER_S);
    radio_says(50 * NS_PER_S, 1, QUALITY_GOOD);
    assert_int_equal(radio_due_ns(), 150 * NS_PER_S - 1);
    for (unsigned i = 0; i < sizeof not_waited_for / sizeof not_waited_for[0]; i++) {
        radio_says((60 + i) * NS_PER_S, 0, not_waited_for[i]);
        assert_int_equal(radio_due_ns(), INSTANT_NEVER.ns);
        radio_says((60 + i) * NS_PER_S, 0, QUALITY_GOOD);
        assert_int_equal(radio_due_ns(), (160 + i) * NS_PER_S);
    }
}

/*
 * The instants begin with the machine: one that was off for a night has run for less than its sensors
 * have been silent. What is over of their silence is over all the same.
 */
static void a_silence_goes_on_over_a_boot_of_the_machine(void **state) {
    static const uint64_t ages_s[] = {2, 3, 60, 99};
    (void)state;
    for (unsigned i = 0; i < sizeof ages_s / sizeof ages_s[0]; i++) {
        char rest_of_it[256];
        uint64_t missed_s = 102 - ages_s[i];
        stage_core_end();
        stage_core((struct instant){0});
        story("0 start yes : system.started\n"
              "0 io gone : raised:lost/io\n"
              "0 doors gone : raised:lost/doors\n"
              "1 wireless beat : -\n");
        give_again(2, ages_s[i], QUALITY_GOOD, "-");
        assert_int_equal(core_point(stage.core, RADIO)->quality, QUALITY_GOOD);
        assert_int_equal(radio_age_s(2), ages_s[i]);
        (void)snprintf(rest_of_it, sizeof rest_of_it,
                       "%" PRIu64 ".999 tick - : -\n"
                       "%" PRIu64 " tick - : raised:fault/radio\n",
                       missed_s - 1, missed_s);
        story(rest_of_it);
        assert_int_equal(radio_age_s(missed_s), 100);
    }
}

/* Nor does the longest age that can be told ever come round and look young. */
static void a_reading_of_any_age_stays_old(void **state) {
    static const uint64_t ages_ns[] = {UINT64_MAX, UINT64_MAX - 2 * NS_PER_S, UINT64_MAX / 2,
                                       300ull * 365 * 86400 * NS_PER_S};
    (void)state;
    for (unsigned i = 0; i < sizeof ages_ns / sizeof ages_ns[0]; i++) {
        stage_core_end();
        stage_core((struct instant){0});
        story("0 start yes : system.started\n"
              "1 wireless beat : -\n");
        struct input input = {.at = {2 * NS_PER_S}, .kind = INPUT_READING, .age_ns = ages_ns[i]};
        input.reading = (struct reading){.point = RADIO, .value = 21};
        take(&input);
        assert_int_equal(core_point(stage.core, RADIO)->quality, QUALITY_STALE);
        assert_true(radio_age_s(2) > 100ull * 365 * 86400);
        assert_true(radio_age_s(60) > 100ull * 365 * 86400);
    }
}

/* Its values are as told last for as long as it is there, however long ago that was. */
static void a_value_whose_device_speaks_for_it_has_no_age(void **state) {
    (void)state;
    struct input input = {.at = {2 * NS_PER_S}, .kind = INPUT_READING, .age_ns = 90 * NS_PER_S};
    input.reading = (struct reading){.point = DOOR};
    take(&input);
    assert_int_equal(core_point(stage.core, DOOR)->quality, QUALITY_GOOD);
    assert_int_equal(core_point(stage.core, DOOR)->heard.ns, 2 * NS_PER_S);
}

/* Since a return a point is waited for anew, for all of its own silence and no less. */
static void a_point_that_is_not_read_after_its_device_returns_is_a_fault(void **state) {
    (void)state;
    rest();
    story("1 io gone : raised:lost/io\n"
          "1 doors gone : raised:lost/doors\n"
          "50 wireless gone : raised:lost/wireless\n"
          "60 wireless back : cleared:lost/wireless\n"
          "159.999 tick - : -\n"
          "160 tick - : raised:fault/radio\n");
}

static void unknown_members_neither_raise_nor_clear(void **state) {
    (void)state;
    rest();
    story("1 smoke 1 : raised:fire/smoke\n"
          "1 heat 1 : raised:fire/heat,raised:confirmed/0\n"
          "2 io gone : raised:lost/io\n");
    assert_int_equal(alarm_state_now("confirmed/0"), ALARM_UNACKNOWLEDGED);
    story("2.5 smoke 0 : cleared:fire/smoke,cleared:lost/io\n");
    assert_int_equal(alarm_state_now("confirmed/0"), ALARM_UNACKNOWLEDGED);
}

/* --- the gateway's own faults --- */

static void a_lost_component_and_a_dead_disk_are_told_at_once(void **state) {
    (void)state;
    rest();
    story("1 field yes : -\n"
          "1 console yes : -\n"
          "1 console no : raised:component/1\n"
          "1 console yes : cleared:component/1\n"
          "1 stranger no : -\n"
          "1 storage yes : -\n"
          "1 storage no : raised:storage/0\n"
          "1 storage yes : cleared:storage/0\n");
}

static void a_broker_may_be_away_for_half_a_minute(void **state) {
    (void)state;
    rest();
    story("1 wireless beat : -\n"
          "1 io gone : raised:lost/io\n"
          "1 doors gone : raised:lost/doors\n"
          "1 uplink no : -\n"
          "30.9 uplink yes : -\n"
          "31 tick - : -\n"
          "32 uplink no : -\n"
          "61.999 tick - : -\n"
          "62 tick - : raised:uplink/0\n"
          "63 uplink yes : cleared:uplink/0\n");
}

/* --- what is not there --- */

static void an_input_that_names_nothing_known_changes_nothing(void **state) {
    (void)state;
    rest();
    struct instant deadline = core_deadline(stage.core);
    for (unsigned kind = 0; kind < INPUT_KIND_COUNT; kind++) {
        struct input input = {.at = {1}, .kind = (enum input_kind)kind, .subject = 4000};
        input.reading.point = 4000;
        const struct command command = {.alarm = 4000};
        input.command = kind == INPUT_COMMAND ? &command : NULL;
        if (kind == INPUT_CLOCK_STEP || kind == INPUT_START || kind == INPUT_UPLINK ||
            kind == INPUT_STORAGE || kind == INPUT_WEEKDAY || kind == INPUT_CONFIGURATION) {
            continue; /* these name nothing */
        }
        take(&input);
        assert_int_equal(stage.step.event_count, 0);
        assert_int_equal(stage.step.refusal,
                         kind == INPUT_COMMAND ? COMMAND_REFUSED_UNKNOWN : COMMAND_ACCEPTED);
    }
    assert_int_equal(core_deadline(stage.core).ns, deadline.ns);
}

/* A fire was confirmed, and its window ends as `point` is read. */
static void confirmed_ends_at_a_reading_of(uint32_t point) {
    stage_core_end();
    stage_core((struct instant){0});
    rest();
    story("1 smoke 1 : raised:fire/smoke\n"
          "1 heat 1 : raised:fire/heat,raised:confirmed/0\n"
          "2 smoke 0 : cleared:fire/smoke\n"
          "2 heat 0 : cleared:fire/heat\n");
    for (unsigned s = 4; s < 62; s += 2) { /* so that the detectors are known to be at rest */
        const struct input beat = {.at = {s * NS_PER_S}, .kind = INPUT_HEARTBEAT, .subject = IO};
        take(&beat);
    }
    const struct input input = {
        .at = {62 * NS_PER_S}, .kind = INPUT_READING, .reading = {.point = point}};
    take(&input);
    bool cleared = false;
    for (uint32_t i = 0; i < stage.step.event_count; i++) {
        const struct core_event *event = &stage.step.events[i];
        if (event->alarm == alarm_find("confirmed/0")) {
            cleared |= event->type == EVENT_ALARM_CLEARED;
            assert_int_equal(event->point, RULESET_NONE);
        }
    }
    assert_true(cleared);
}

/* One that has nothing to do with it, or is not there, lets time pass and decides nothing. */
static void a_reading_of_another_point_decides_nothing(void **state) {
    (void)state;
    confirmed_ends_at_a_reading_of(BUTTON);
    confirmed_ends_at_a_reading_of(POINTS);
}

static void a_command_of_no_known_verb_is_refused(void **state) {
    (void)state;
    rest();
    story("1 button 1 : raised:call/button\n");
    const struct command command = {.verb = COMMAND_VERB_COUNT, .alarm = alarm_find("call/button")};
    const struct input input = {.at = {NS_PER_S}, .kind = INPUT_COMMAND, .command = &command};
    take(&input);
    assert_int_equal(stage.step.refusal, COMMAND_REFUSED_UNKNOWN);
    assert_int_equal(stage.step.event_count, 0);
}

/* --- restart --- */

static void a_restart_loses_no_alarm_and_lowers_none(void **state) {
    (void)state;
    rest();
    story("1 button 1 : raised:call/button\n"
          "1 call/button attend : attended:call/button\n"
          "1 smoke 1 : raised:fire/smoke\n"
          "1 smoke 0 : cleared:fire/smoke\n"
          "1 storage no : raised:storage/0\n"
          "1 storage yes : cleared:storage/0\n");
    restart((struct instant){2 * NS_PER_S});
    assert_int_equal(alarm_state_now("call/button"), ALARM_UNACKNOWLEDGED);
    assert_int_equal(alarm_state_now("fire/smoke"), ALARM_LATCHED_UNACKED);
    assert_int_equal(alarm_state_now("storage/0"), ALARM_RETURNED_UNACKED);
    story("2 start yes : system.started\n"
          "2 call/button attend : !already_attended\n"
          "2 call/button acknowledge : acknowledged:call/button\n"
          "2 call/button reset : !quality_not_good\n"
          "2.5 button 1 : -\n"
          "2.5 button 0 : cleared:call/button\n"
          "2.5 call/button reset : reset:call/button,closed:call/button\n"
          "2.5 fire/smoke acknowledge : acknowledged:fire/smoke\n"
          "2.5 fire/smoke reset : !quality_not_good\n"
          "2.5 smoke 0 : -\n"
          "2.5 fire/smoke reset : reset:fire/smoke,closed:fire/smoke\n");
}

static void a_window_goes_on_through_a_restart(void **state) {
    (void)state;
    rest();
    story("1 smoke 1 : raised:fire/smoke\n"
          "2 smoke 0 : cleared:fire/smoke\n");
    /* The new boot counts its instants from elsewhere. */
    stage_core_end();
    stage_core((struct instant){0});
    rest();
    story("1 smoke 1 : raised:fire/smoke\n"
          "2 smoke 0 : cleared:fire/smoke\n"
          "3 fire/smoke acknowledge : acknowledged:fire/smoke\n");
    restart((struct instant){40 * NS_PER_S});
    story("40 start yes : system.started\n"
          "41 smoke 0 : -\n"
          "41.5 heat 1 : raised:fire/heat,raised:confirmed/0\n");
}

static void a_window_that_is_over_before_the_restart_counts_no_longer(void **state) {
    (void)state;
    rest();
    story("1 smoke 1 : raised:fire/smoke\n"
          "2 smoke 0 : cleared:fire/smoke\n"
          "3 fire/smoke acknowledge : acknowledged:fire/smoke\n");
    restart((struct instant){63 * NS_PER_S});
    story("63 start yes : system.started\n"
          "64 smoke 0 : -\n"
          "64 heat 1 : raised:fire/heat\n");
}

static void a_delay_goes_on_with_what_was_left_after_a_restart(void **state) {
    (void)state;
    rest();
    story("0 open no : -\n"
          "0 door 1 : -\n"
          "1 doors beat : -\n");
    restart((struct instant){10 * NS_PER_S});
    assert_int_equal(alarm_state_now("held/door"), ALARM_PENDING);
    story("10 start yes : system.started\n"
          "11 open no : -\n"
          "12 door 1 : -\n"
          "13 tick - : raised:lost/io\n"
          "17 doors beat : -\n"
          "22 doors beat : -\n"
          "27 doors beat : -\n"
          "31.999 doors beat : -\n"
          "32 tick - : raised:held/door\n");
}

/* A journal that says it ran would have the next restart take all the time off since then. */
/* What was restored is in the journal already. */
static void a_restart_has_nothing_to_journal_of_what_waits_for_nothing(void **state) {
    (void)state;
    uint32_t changed[64];
    rest();
    restart((struct instant){8 * NS_PER_S});
    assert_int_equal(core_changed(stage.core, changed, 64), 0);
}

static void a_delay_that_stands_after_a_restart_is_journalled_as_standing(void **state) {
    (void)state;
    rest();
    story("0 open no : -\n"
          "0 door 1 : -\n"
          "2 doors beat : -\n");
    restart((struct instant){8 * NS_PER_S});
    story("8 start yes : system.started\n");
    uint32_t held = alarm_find("held/door");
    uint32_t changed[64];
    uint32_t count = core_changed(stage.core, changed, 64);
    bool found = false;
    for (uint32_t i = 0; i < count; i++) {
        found |= changed[i] == held;
    }
    assert_true(found);
    struct alarm_record record;
    core_record(stage.core, held, (struct instant){9 * NS_PER_S}, &record);
    assert_int_equal(record.condition, TRUTH_UNKNOWN);
    assert_int_equal(record.remaining_ns, 22 * NS_PER_S);

    restart((struct instant){9 * NS_PER_S}); /* what stood stands on, as it is recorded */
    story("9 start yes : system.started\n");
    count = core_changed(stage.core, changed, 64);
    for (uint32_t i = 0; i < count; i++) {
        assert_int_not_equal(changed[i], held);
    }
}

static void memories_of_another_expression_are_left_fresh(void **state) {
    (void)state;
    rest();
    uint32_t alarm = alarm_find("confirmed/0");
    const struct alarm_record record = {0};
    struct memory_record memories[2], is[2];
    core_record_memories(stage.core, alarm, (struct instant){NS_PER_S}, memories);
    memories[0].identity++;
    memories[1].now = TRUTH_COUNT; /* nor is one that no build of ours wrote */
    stage_core_end();
    stage_core((struct instant){NS_PER_S});
    (void)core_restore(stage.core, alarm, &record, memories, 2, (struct instant){NS_PER_S});
    core_record_memories(stage.core, alarm, (struct instant){NS_PER_S}, is);
    assert_int_equal(is[0].kind, EXPR_MEMORY_FRESH);
    assert_int_equal(is[1].kind, EXPR_MEMORY_FRESH);
}

/* Instants begin anew with the machine; what is older than that is as old as it was. */
static void an_age_from_before_the_origin_is_kept_exactly(void **state) {
    (void)state;
    uint32_t alarm = alarm_find("confirmed/0");
    const struct alarm_record record = {0};
    struct memory_record memories[2], is[2];
    core_record_memories(stage.core, alarm, (struct instant){0}, memories);
    memories[0] = (struct memory_record){.identity = memories[0].identity,
                                         .kind = EXPR_MEMORY_WITHIN,
                                         .now = TRUTH_FALSE,
                                         .true_age_ns = 50 * NS_PER_S,
                                         .unknown_age_ns = UINT64_MAX};
    (void)core_restore(stage.core, alarm, &record, memories, 2, (struct instant){5 * NS_PER_S});
    core_record_memories(stage.core, alarm, (struct instant){5 * NS_PER_S}, is);
    assert_int_equal(is[0].true_age_ns, 50 * NS_PER_S);
    assert_int_equal(is[0].unknown_age_ns, UINT64_MAX);
}

/* --- what is journalled --- */

static void assert_changed(uint32_t count, const char *const *names) {
    uint32_t changed[64];
    assert_int_equal(core_changed(stage.core, changed, 64), count);
    for (uint32_t i = 0; i < count; i++) {
        char name[48];
        alarm_name(changed[i], name);
        assert_string_equal(name, names[i]);
    }
    assert_int_equal(core_changed(stage.core, changed, 64), 0);
}

static void each_alarm_whose_record_changed_is_reported_once_in_order(void **state) {
    (void)state;
    rest();
    uint32_t some[64];
    (void)core_changed(stage.core, some, 64);
    assert_changed(0, NULL);
    story("0 storage no : raised:storage/0\n"
          "1 storage yes : cleared:storage/0\n"
          "1 button 1 : raised:call/button\n"
          "1 button 1 : -\n");
    assert_changed(2, (const char *const[]){"call/button", "storage/0"});
    story("1 call/button reset : !still_active\n");
    assert_changed(0, NULL);
    /* A delay that begins is not told but must survive. */
    story("2 open no : -\n"
          "2 door 1 : -\n");
    assert_changed(1, (const char *const[]){"held/door"});
}

static void a_window_that_began_is_reported_although_nothing_is_told(void **state) {
    (void)state;
    rest();
    uint32_t some[64];
    (void)core_changed(stage.core, some, 64);
    story("1 smoke 1 : raised:fire/smoke\n");
    assert_changed(2, (const char *const[]){"fire/smoke", "confirmed/0"});
}

static void an_alarm_without_a_chain_has_nothing_of_one_to_record(void **state) {
    (void)state;
    static const struct chain_record nothing;
    struct chain_record record;
    memset(&record, 0xAA, sizeof record);
    core_record_chain(stage.core, alarm_find("call/button"), (struct instant){0}, &record);
    assert_memory_equal(&record, &nothing, sizeof record);
}

static void changed_alarms_come_in_portions(void **state) {
    (void)state;
    rest();
    uint32_t one;
    while (core_changed(stage.core, &one, 1) > 0) {
    }
    story("1 smoke 1 : raised:fire/smoke\n"
          "1 button 1 : raised:call/button\n");
    uint32_t last = 0;
    for (uint32_t i = 0; i < 3; i++) {
        assert_int_equal(core_changed(stage.core, &one, 1), 1);
        assert_true(i == 0 || one > last);
        last = one;
    }
    assert_int_equal(core_changed(stage.core, &one, 1), 0);
}

/* … and no other alarm with it, though its memories stand next to those of the one that changed. */
static void a_reading_that_changes_nothing_is_not_reported(void **state) {
    (void)state;
    rest();
    uint32_t some[64];
    story("1 smoke 1 : raised:fire/smoke\n");
    (void)core_changed(stage.core, some, 64);
    story("2 button uncertain : -\n"
          "3 heat uncertain : -\n"
          "5 door 0 : -\n");
    assert_changed(0, NULL);
}

static void the_end_of_a_test_is_told_where_it_begins_and_nowhere_else(void **state) {
    (void)state;
    rest();
    story("1 room test-begin:60 : test.begun\n");
    assert_int_equal(stage.step.events[0].until.ns, 61 * NS_PER_S + 7);
    story("2 button 1 : test.tripped,raised:call/button\n");
    assert_int_equal(stage.step.events[0].until.ns, 0);
    story("3 button 0 : cleared:call/button\n"
          "4 room test-end : test.untested,test.untested,test.untested,test.ended\n");
    for (uint32_t i = 0; i < stage.step.event_count; i++) {
        assert_int_equal(stage.step.events[i].until.ns, 0);
    }
}

static void
the_end_of_a_silence_and_of_a_shelving_is_told_with_it_and_with_nothing_else(void **state) {
    (void)state;
    rest();
    story("1 button 1 : raised:call/button\n"
          "1 call/button silence:1 : silenced:call/button\n");
    assert_int_equal(stage.step.events[0].until.ns, 2 * NS_PER_S + 7);
    story("1 call/button acknowledge : acknowledged:call/button\n");
    assert_int_equal(stage.step.events[0].until.ns, 0);
    story("2 tick - : unsilenced:call/button\n");
    assert_int_equal(stage.step.events[0].until.ns, 0);
    story("2 weekend/door shelve:600 : shelved:weekend/door\n");
    assert_int_equal(stage.step.events[0].until.ns, 602 * NS_PER_S + 7);
    story("2 weekend/door unshelve : unshelved:weekend/door\n");
    assert_int_equal(stage.step.events[0].until.ns, 0);
}

static void a_test_that_was_ended_by_hand_wakes_nobody_at_its_old_end(void **state) {
    (void)state;
    rest();
    uint64_t due_ns = core_deadline(stage.core).ns;
    story("0 lobby test-begin:1 : test.begun\n");
    assert_int_equal(core_deadline(stage.core).ns, NS_PER_S);
    story("0 lobby test-end : test.ended\n");
    assert_int_equal(core_deadline(stage.core).ns, due_ns);
}

static void a_test_by_no_role_or_of_no_place_is_refused(void **state) {
    (void)state;
    struct command command = {
        .verb = COMMAND_TEST_BEGIN, .place = HALL, .duration_s = 60, .reason = "yearly"};
    const struct input input = {.kind = INPUT_COMMAND, .command = &command};
    command.role = ROLE_COUNT;
    take(&input);
    assert_int_equal(stage.step.refusal, COMMAND_REFUSED_ROLE);
    command.role = ROLE_ENGINEER;
    command.place = PLACES;
    take(&input);
    assert_int_equal(stage.step.refusal, COMMAND_REFUSED_UNKNOWN_PLACE);
    command.place = PLACES - 1;
    take(&input);
    assert_int_equal(stage.step.refusal, COMMAND_ACCEPTED);
}

static void the_last_of_four_places_is_tested_and_that_ends(void **state) {
    (void)state;
    enum { WING = PLACES, FOUR };
    stage_core_end();
    trial_deinit(&stage.trial);
    struct trial *trial = &stage.trial;
    trial_init(trial, COMPONENTS, CALENDARS);
    for (uint32_t i = 0; i < FOUR; i++) {
        (void)trial_place(trial, RULESET_NONE, PLACE_DAY_CARE_ROOM);
    }
    (void)trial_device(trial, 0);
    for (uint32_t i = 0; i < FOUR; i++) {
        (void)trial_point(trial, WING, 0, POINT_EMERGENCY_BUTTON);
    }
    assert_true(trial_bind(trial));
    stage_core((struct instant){0});
    const struct command command = {
        .verb = COMMAND_TEST_BEGIN, .place = WING, .duration_s = 60, .reason = "yearly"};
    struct input input = {.kind = INPUT_COMMAND, .command = &command};
    take(&input);
    assert_int_equal(stage.step.events[0].type, EVENT_TEST_BEGUN);
    assert_int_equal(stage.step.events[0].measured.ns, 0); /* a place measures nothing */
    story("59.9 tick - : -\n"
          "60 tick - : test.untested,test.untested,test.untested,test.untested,test.ended\n");
}

/* Two zones, the second of which has the detector of the rule that stands first. */
static void zones_that_are_promoted_at_once_are_told_in_their_order(void **state) {
    (void)state;
    stage_core_end();
    trial_deinit(&stage.trial);
    struct trial *trial = &stage.trial;
    trial_init(trial, COMPONENTS, CALENDARS);
    (void)trial_place(trial, RULESET_NONE, PLACE_HOME_CARE_CENTRE);
    (void)trial_place(trial, RULESET_NONE, PLACE_SERVICE_CENTRE);
    (void)trial_device(trial, 0);
    (void)trial_point(trial, 0, 0, POINT_EMERGENCY_BUTTON);
    (void)trial_point(trial, 0, 0, POINT_SMOKE);
    (void)trial_point(trial, 1, 0, POINT_HEAT);
    trial_point_rule(trial, TRIAL_KIND(POINT_EMERGENCY_BUTTON), "value", CLASS_CALL_EMERGENCY);
    trial_point_rule(trial, TRIAL_KIND(POINT_HEAT), "value", CLASS_FIRE_ALARM);
    trial_point_rule(trial, TRIAL_KIND(POINT_SMOKE), "value", CLASS_FIRE_ALARM);
    assert_true(trial_bind(trial));
    stage_core((struct instant){0});
    for (uint32_t point = SMOKE; point <= HEAT; point++) {
        const struct input input = {
            .at = {NS_PER_S}, .kind = INPUT_READING, .reading = {.point = point, .value = 1}};
        take(&input);
    }
    const struct input tick = {.at = {16 * NS_PER_S}, .kind = INPUT_TICK};
    take(&tick);
    assert_int_equal(stage.step.event_count, 2);
    for (uint32_t zone = 0; zone < 2; zone++) {
        const struct core_event *event = &stage.step.events[zone];
        assert_int_equal(event->type, EVENT_ALARM_RAISED);
        assert_int_equal(event->alarm, trial_builtin(trial, BUILTIN_FIRE_PROMOTED, zone));
    }
}

/* A centre of a room with a button and a hall with heat, and smoke in one of them. */
static void drill_site(enum point_kind button, uint32_t smoke_place, const char *confirmed) {
    stage_core_end();
    trial_deinit(&stage.trial);
    struct trial *trial = &stage.trial;
    trial_init(trial, COMPONENTS, CALENDARS);
    (void)trial_place(trial, RULESET_NONE, PLACE_HOME_CARE_CENTRE);
    (void)trial_place(trial, CARE, PLACE_DAY_CARE_ROOM);
    (void)trial_place(trial, CARE, PLACE_SERVICE_HALL);
    (void)trial_device(trial, 0);
    (void)trial_point(trial, ROOM, 0, button);
    (void)trial_point(trial, smoke_place, 0, POINT_SMOKE);
    (void)trial_point(trial, HALL, 0, POINT_HEAT);
    trial_point_rule(trial, TRIAL_KIND(button), "value", CLASS_CALL_EMERGENCY);
    trial_point_rule(trial, TRIAL_KIND(POINT_SMOKE) | TRIAL_KIND(POINT_HEAT), "value",
                     CLASS_FIRE_ALARM);
    trial_place_rule(trial, TRIAL_KIND(PLACE_HOME_CARE_CENTRE), confirmed, CLASS_FIRE_CONFIRMED);
    assert_true(trial_bind(trial));
    stage_core((struct instant){0});
}

/* The room is under test and the hall is not, where two detectors confirm a fire. */
static void a_test_elsewhere_and_an_old_drill_keep_no_real_fire_quiet(void **state) {
    (void)state;
    drill_site(POINT_EMERGENCY_BUTTON, HALL, "count(within(smoke, 60 s), within(heat, 60 s)) >= 2");
    story("0 start yes : system.started\n"
          "0 smoke 0 : -\n"
          "0 heat 0 : -\n"
          "1 care test-begin:120 : test.begun\n"
          "2 smoke 1 : test.tripped,raised:fire/smoke\n"
          "3 heat 1 : test.tripped,raised:fire/heat,raised:confirmed/0\n"
          "4 smoke 0 : cleared:fire/smoke\n"
          "5 heat 0 : cleared:fire/heat\n"
          "64 tick - : cleared:confirmed/0\n"
          "121 tick - : test.untested,test.ended\n"
          "200 room test-begin:600 : test.begun\n");
    assert_true(core_alarm(stage.core, alarm_find("confirmed/0"))->axes.test);
    story("201 smoke 1 : reraised:fire/smoke\n"
          "202 heat 1 : reraised:fire/heat,reraised:confirmed/0\n");
    assert_false(core_alarm(stage.core, alarm_find("confirmed/0"))->axes.test);
}

/* The lobby is under test, with a detector; in the room are a call point (button) and another detector. */
static void drill_in_the_lobby(void) {
    drill_site(POINT_MANUAL_CALL_POINT, ROOM, "any(manual_call_point) or count(smoke, heat) >= 2");
    story("0 start yes : system.started\n"
          "0 button 0 : -\n"
          "0 smoke 0 : -\n"
          "0 heat 0 : -\n"
          "1 lobby test-begin:600 : test.begun\n"
          "2 heat 1 : test.tripped,raised:fire/heat\n");
}

static void a_call_point_elsewhere_makes_a_drill_earnest_and_one_detector_does_not(void **state) {
    (void)state;
    drill_in_the_lobby();
    story("3 smoke 1 : raised:fire/smoke,raised:confirmed/0\n");
    assert_true(core_alarm(stage.core, alarm_find("confirmed/0"))->axes.test);
    assert_false(core_alarm(stage.core, alarm_find("fire/smoke"))->axes.test);
    drill_in_the_lobby();
    story("3 button 1 : raised:call/button,raised:confirmed/0\n");
    assert_false(core_alarm(stage.core, alarm_find("confirmed/0"))->axes.test);
    assert_true(core_alarm(stage.core, alarm_find("fire/heat"))->axes.test);
}

static bool confirmed_is_a_test(void) {
    return core_alarm(stage.core, alarm_find("confirmed/0"))->axes.test;
}

/* Room by room, as a walk test goes: the rule still remembers both detectors when the last test ends. */
static void what_a_rule_remembers_of_tests_is_a_test_after_they_ended(void **state) {
    (void)state;
    drill_site(POINT_EMERGENCY_BUTTON, ROOM, "count(within(smoke, 60 s), within(heat, 60 s)) >= 2");
    story("0 start yes : system.started\n"
          "0 smoke 0 : -\n"
          "0 heat 0 : -\n"
          "1 room test-begin:600 : test.begun\n"
          "2 smoke 1 : test.tripped,raised:fire/smoke\n"
          "3 smoke 0 : cleared:fire/smoke\n"
          "4 room test-end : test.untested,test.ended\n"
          "5 lobby test-begin:600 : test.begun\n"
          "6 heat 1 : test.tripped,raised:fire/heat,raised:confirmed/0\n"
          "7 heat 0 : cleared:fire/heat\n"
          "8 lobby test-end : test.ended\n");
    assert_true(confirmed_is_a_test());
    story("62.9 tick - : -\n"
          "63 tick - : cleared:confirmed/0\n");
    assert_true(confirmed_is_a_test());
}

static void what_is_still_tripped_as_its_test_ends_is_in_earnest(void **state) {
    (void)state;
    drill_site(POINT_EMERGENCY_BUTTON, ROOM, "count(within(smoke, 60 s), within(heat, 60 s)) >= 2");
    story("0 start yes : system.started\n"
          "1 care test-begin:600 : test.begun\n"
          "2 smoke 1 : test.tripped,raised:fire/smoke\n"
          "3 heat 1 : test.tripped,raised:fire/heat,raised:confirmed/0\n"
          "4 care test-end : test.untested,test.ended,realarmed:fire/smoke,realarmed:fire/heat,"
          "realarmed:confirmed/0\n");
    assert_false(confirmed_is_a_test());
    assert_false(core_alarm(stage.core, alarm_find("fire/smoke"))->axes.test);
}

/* A pipe (button) in the room is under test; smoke and heat are real, and the first does not last. */
static void pipe_site(void) {
    drill_site(POINT_SPRINKLER_FLOW, HALL,
               "count(within(smoke, 60 s), within(heat, 60 s), within(sprinkler_flow, 60 s)) >= 2");
    story("0 start yes : system.started\n"
          "0 button 0 : -\n"
          "0 smoke 0 : -\n"
          "0 heat 0 : -\n"
          "1 room test-begin:1800 : test.begun\n"
          "2 button 1 : test.tripped,raised:call/button\n"
          "3 button 0 : cleared:call/button\n");
}

static void what_was_tripped_in_a_test_long_ago_hides_no_fire(void **state) {
    (void)state;
    pipe_site();
    story("70 smoke 1 : raised:fire/smoke\n"
          "71 smoke 0 : cleared:fire/smoke\n"
          "73 heat 1 : raised:fire/heat,raised:confirmed/0\n");
    assert_false(confirmed_is_a_test());
    /* Nor what was tripped just now: two that are real are enough, at rest again or not. */
    pipe_site();
    story("10 smoke 1 : raised:fire/smoke,raised:confirmed/0\n"
          "11 smoke 0 : cleared:fire/smoke\n");
    assert_true(confirmed_is_a_test());
    story("12 heat 1 : raised:fire/heat,realarmed:confirmed/0\n");
    assert_false(confirmed_is_a_test());
}

static void what_burned_before_a_test_began_is_in_earnest_all_the_time(void **state) {
    (void)state;
    drill_site(POINT_SPRINKLER_FLOW, ROOM,
               "count(within(smoke, 60 s), within(heat, 60 s), within(sprinkler_flow, 60 s)) >= 2");
    story("0 start yes : system.started\n"
          "0 button 0 : -\n"
          "1 smoke 1 : raised:fire/smoke\n"
          "2 room test-begin:1800 : test.begun\n"
          "10 button 1 : test.tripped,raised:call/button,raised:confirmed/0\n");
    assert_true(confirmed_is_a_test());
    story("11 heat 1 : raised:fire/heat,realarmed:confirmed/0\n");
    assert_false(confirmed_is_a_test());
}

/* A leak (button) in the room under test: nobody walks to what is neither button nor detector. */
static void what_is_no_button_or_detector_makes_no_test_of_the_centre(void **state) {
    (void)state;
    drill_site(POINT_WATER_LEAK, HALL, "any(water_leak)");
    story("0 start - : system.started\n"
          "0 button 0 : -\n"
          "1 room test-begin:600 : test.begun\n"
          "2 button 1 : raised:call/button,raised:confirmed/0\n");
    assert_false(confirmed_is_a_test());
    assert_true(core_alarm(stage.core, alarm_find("call/button"))->axes.test);
}

/* What is remembered of a test ends to the instant, and nobody is woken for it a second time. */
static void what_is_remembered_of_a_test_is_over_though_nobody_knows_of_the_detector(void **state) {
    (void)state;
    drill_site(POINT_EMERGENCY_BUTTON, ROOM, "any(within(smoke, 60 s))");
    story("0 start yes : system.started\n"
          "0 smoke 0 : -\n"
          "1 room test-begin:600 : test.begun\n"
          "2 smoke 1 : test.tripped,raised:fire/smoke,raised:confirmed/0\n"
          "3 smoke 0 : cleared:fire/smoke\n"
          "10 smoke out_of_service : -\n"
          "63 tick - : -\n");
    assert_true(confirmed_is_a_test());
    story("70 smoke 0 : -\n"
          "130 tick - : cleared:confirmed/0\n");
    assert_true(confirmed_is_a_test());
}

/* The alarm of a single detector is in earnest from then on, as soon as that is so. */
static void what_a_detector_says_of_a_test_wakes_it_as_the_test_is_forgotten(void **state) {
    (void)state;
    drill_site(POINT_EMERGENCY_BUTTON, ROOM, "count(smoke, heat) >= 2");
    stage_core_end();
    stage.trial.expressions[CALL] = "within(value, 60 s)";
    assert_true(trial_bind(&stage.trial));
    stage_core((struct instant){0});
    story("0 start yes : system.started\n"
          "0 smoke 0 : -\n"
          "1 room test-begin:600 : test.begun\n"
          "2 button 1 : test.tripped,raised:call/button\n"
          "3 button 0 : -\n"
          "10 button out_of_service : -\n"
          "20 room test-end : test.untested,test.ended\n"
          "62.999 tick - : -\n"
          "63 tick - : realarmed:call/button\n");
}

/* Who looks back at a drill that is over is told by his own alarm, whatever is tested elsewhere. */
static void a_point_of_its_own_is_in_earnest_though_its_rule_remembers_a_test(void **state) {
    (void)state;
    drill_site(POINT_EMERGENCY_BUTTON, ROOM, "count(smoke, heat) >= 2");
    stage_core_end();
    stage.trial.expressions[CALL] = "value and within(smoke, 60 s)";
    assert_true(trial_bind(&stage.trial));
    stage_core((struct instant){0});
    story("0 start yes : system.started\n"
          "0 button 0 : -\n"
          "1 room test-begin:600 : test.begun\n"
          "2 smoke 1 : test.tripped,raised:fire/smoke\n"
          "3 smoke 0 : cleared:fire/smoke\n"
          "4 room test-end : test.untested,test.ended\n"
          "5 lobby test-begin:600 : test.begun\n"
          "6 button 1 : raised:call/button\n");
    assert_false(core_alarm(stage.core, alarm_find("call/button"))->axes.test);
}

/* To ask what would be so without what is tested is no reason to forget what is. */
static void a_test_that_is_asked_about_counts_the_changes_of_the_tested(void **state) {
    (void)state;
    drill_site(POINT_EMERGENCY_BUTTON, HALL, "changes(any(smoke), 20 s) >= 2");
    story("0 start yes : system.started\n"
          "0 smoke 0 : -\n"
          "1 lobby test-begin:600 : test.begun\n"
          "20 smoke 1 : test.tripped,raised:fire/smoke\n"
          "21 smoke 0 : cleared:fire/smoke\n"
          "22 smoke 1 : reraised:fire/smoke,raised:confirmed/0\n");
    assert_true(confirmed_is_a_test());
    drill_site(POINT_EMERGENCY_BUTTON, HALL, "changes(any(smoke), 20 s) < 9");
    story("0 start yes : system.started\n"
          "1 lobby test-begin:600 : test.begun\n"
          "2 smoke 1 : test.tripped,raised:fire/smoke\n"
          "20 tick - : raised:confirmed/0\n");
    assert_true(confirmed_is_a_test());
}

/*
 * Smoke is tested, heat is in earnest, and the rule remembers both in one. Nobody can take them apart, so
 * it is in earnest where the one in earnest has a part in it.
 */
static void drill_with_heat(const char *confirmed, const char *then) {
    drill_site(POINT_EMERGENCY_BUTTON, ROOM, confirmed);
    story("0 start yes : system.started\n"
          "0 smoke 0 : -\n"
          "0 heat 0 : -\n"
          "1 room test-begin:600 : test.begun\n"
          "20 smoke 1 : test.tripped,raised:fire/smoke\n");
    story(then);
}

static void what_holds_without_the_tested_is_in_earnest(void **state) {
    (void)state;
    drill_with_heat("held(any(smoke) or any(heat), 10 s)", "25 heat 1 : raised:fire/heat\n"
                                                           "30 tick - : raised:confirmed/0\n");
    assert_false(confirmed_is_a_test());
    drill_with_heat("held(any(smoke) or any(heat), 10 s)", "25 heat 1 : raised:fire/heat\n"
                                                           "26 smoke 0 : cleared:fire/smoke\n"
                                                           "30 tick - : raised:confirmed/0\n");
    assert_false(confirmed_is_a_test());
    drill_with_heat("held(any(smoke) or any(heat), 10 s)", "25 heat 1 : raised:fire/heat\n"
                                                           "26 heat 0 : cleared:fire/heat\n"
                                                           "30 tick - : raised:confirmed/0\n");
    assert_true(confirmed_is_a_test());
}

static void what_counts_over_time_is_in_earnest_with_a_part_in_earnest(void **state) {
    (void)state;
    static const char again_in_earnest[] = "21 smoke 0 : cleared:fire/smoke\n"
                                           "25 heat 1 : raised:fire/heat,raised:confirmed/0\n";
    drill_with_heat("changes(any(smoke) or any(heat), 20 s) >= 2", again_in_earnest);
    assert_false(confirmed_is_a_test());
    /* Of each alone they can be told apart: one that is tested and one in earnest are not two. */
    drill_with_heat("count(changes(smoke, 20 s) >= 1, changes(heat, 20 s) >= 1) >= 2",
                    again_in_earnest);
    assert_true(confirmed_is_a_test());
    static const char by_both[] = "avg(count(smoke, heat), 20 s) >= 0.5";
    drill_with_heat(by_both, "22 heat 1 : raised:fire/heat\n"
                             "23 heat 0 : cleared:fire/heat\n"
                             "35 tick - : raised:confirmed/0\n");
    assert_false(confirmed_is_a_test());
    drill_with_heat(by_both, "35 tick - : raised:confirmed/0\n");
    assert_true(confirmed_is_a_test());
}

/* A smoke detector of the lobby is under test; in the room it is hot (button). */
static void hot_room(const char *confirmed, const char *when_hot) {
    drill_site(POINT_EMERGENCY_BUTTON, HALL, "any(smoke)");
    stage_core_end();
    stage.trial.points[0].kind = POINT_TEMPERATURE;
    stage.trial.rules[CALL].point_kinds = TRIAL_KIND(POINT_TEMPERATURE);
    stage.trial.expressions[CALL] = "value > 60 °C";
    stage.trial.expressions[CONFIRMED] = confirmed;
    assert_true(trial_bind(&stage.trial));
    stage_core((struct instant){0});
    story("0 start yes : system.started\n"
          "0 button 20 : -\n"
          "1 lobby test-begin:600 : test.begun\n"
          "2 smoke 1 : test.tripped,raised:fire/smoke,raised:confirmed/0\n");
    assert_true(confirmed_is_a_test());
    story(when_hot);
    assert_false(confirmed_is_a_test());
}

/* Whatever kind of point it is, and whether the rule looks at it now or remembers it. */
static void what_the_rule_says_without_the_test_is_in_earnest(void **state) {
    (void)state;
    static const char at_once[] = "3 button 75 : raised:call/button,realarmed:confirmed/0\n";
    static const char held[] = "3 button 75 : raised:call/button\n"
                               "7.9 tick - : -\n"
                               "8 tick - : realarmed:confirmed/0\n";
    hot_room("any(smoke) or max(temperature) > 60 °C", at_once);
    hot_room("count(within(smoke, 60 s)) + max(temperature) / 10 °C > 2.5", at_once);
    hot_room("any(smoke) or held(max(temperature) > 60 °C, 5 s)", held);
    hot_room("any(smoke) or any(held(temperature > 60 °C, 5 s))", held);
    hot_room("within(any(smoke), 60 s) or within(max(temperature) > 60 °C, 60 s)", at_once);
    hot_room("since(any(smoke)) < 60 s or since(max(temperature) > 60 °C) < 60 s", at_once);
    static const char in_a_minute[] = "3 button 75 : raised:call/button\n"
                                      "45 tick - : realarmed:confirmed/0\n";
    hot_room("any(smoke) or avg(max(temperature), 1 min) > 60 °C", in_a_minute);
}

/* Each detector's own alarm looks back, and so does one that takes its time to clear. */
static void what_an_alarm_still_says_of_a_test_is_a_test(void **state) {
    (void)state;
    static const struct {
        const char *raise;
        uint64_t clear_after_s;
        const char *last, *pressed; /* a moment before it is over */
    } rows[] = {
        {"within(value, 60 s)", 0, "62 tick - : -\n", "62.9 button 1 : realarmed:call/button\n"},
        {"value", 60, "62 tick - : -\n", "62.9 button 1 : realarmed:call/button\n"},
        {"since(value) < 60 s", 0, "62 tick - : -\n", "62.9 button 1 : realarmed:call/button\n"},
        {"since(value) < 60 s", 60, "63 tick - : -\n122 tick - : -\n",
         "122.9 button 1 : realarmed:call/button\n"},
    };
    for (unsigned i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        drill_site(POINT_EMERGENCY_BUTTON, ROOM, "count(smoke, heat) >= 2");
        stage_core_end();
        stage.trial.expressions[CALL] = rows[i].raise;
        stage.trial.rules[CALL].clear_after_ns = rows[i].clear_after_s * NS_PER_S;
        stage.trial.rules[CALL].latched = false;
        assert_true(trial_bind(&stage.trial));
        stage_core((struct instant){0});
        story("0 start yes : system.started\n"
              "1 room test-begin:600 : test.begun\n"
              "2 button 1 : test.tripped,raised:call/button\n"
              "3 button 0 : -\n"
              "4 room test-end : test.untested,test.ended\n");
        assert_true(core_alarm(stage.core, alarm_find("call/button"))->axes.test);
        story(rows[i].last);
        assert_true(core_alarm(stage.core, alarm_find("call/button"))->axes.test);
        story(rows[i].pressed);
        assert_false(core_alarm(stage.core, alarm_find("call/button"))->axes.test);
    }
}

/* Smoke of a minute ago was in earnest, and so is a rule that still looks back on it; not one later. */
static void
what_was_in_earnest_before_a_test_counts_for_just_as_long_as_the_rule_looks_back(void **state) {
    (void)state;
    static const struct {
        const char *hot;
        bool test;
    } rows[] = {{"61.9 button 75 : raised:call/button,raised:confirmed/0\n", false},
                {"62 button 75 : raised:call/button,raised:confirmed/0\n", true}};
    for (unsigned i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        drill_site(POINT_EMERGENCY_BUTTON, HALL, "any(smoke)");
        stage_core_end();
        stage.trial.points[0].kind = POINT_TEMPERATURE;
        stage.trial.rules[CALL].point_kinds = TRIAL_KIND(POINT_TEMPERATURE);
        stage.trial.expressions[CALL] = "value > 60 °C";
        stage.trial.expressions[CONFIRMED] =
            "within(any(smoke), 60 s) and max(temperature) > 60 °C";
        assert_true(trial_bind(&stage.trial));
        stage_core((struct instant){0});
        story("0 start yes : system.started\n"
              "0 button 20 : -\n"
              "0 smoke 0 : -\n"
              "1 smoke 1 : raised:fire/smoke\n"
              "2 smoke 0 : cleared:fire/smoke\n"
              "3 lobby test-begin:600 : test.begun\n"
              "4 smoke 1 : test.tripped,reraised:fire/smoke\n"
              "19 tick - : raised:promoted/0\n"); /* it was in earnest, and nobody has looked */
        story(rows[i].hot);
        assert_int_equal(confirmed_is_a_test(), rows[i].test);
    }
}

static void restart_at_s(uint64_t at_s) {
    restart((struct instant){at_s * NS_PER_S});
}

/* Smoke in the room and heat in the hall, each tested by itself, both at rest; the tests are over. */
static void walk_room_by_room(void) {
    drill_site(POINT_EMERGENCY_BUTTON, ROOM, "count(within(smoke, 60 s), within(heat, 60 s)) >= 2");
    story("0 start - : system.started\n"
          "0 smoke 0 : -\n"
          "0 heat 0 : -\n"
          "1 room test-begin:600 : test.begun\n"
          "2 smoke 1 : test.tripped,raised:fire/smoke\n"
          "3 smoke 0 : cleared:fire/smoke\n"
          "4 room test-end : test.untested,test.ended\n");
}

/* The rule remembers both, and so it must be known that both were of tests. */
static void a_restart_after_a_walk_test_evacuates_nobody(void **state) {
    (void)state;
    walk_room_by_room();
    story("5 lobby test-begin:600 : test.begun\n"
          "6 heat 1 : test.tripped,raised:fire/heat,raised:confirmed/0\n"
          "7 heat 0 : cleared:fire/heat\n"
          "8 lobby test-end : test.ended\n");
    restart_at_s(10);
    story("10 start - : system.started\n"
          "10 smoke 0 : -\n"
          "10 heat 0 : -\n");
    assert_true(confirmed_is_a_test());
    restart_at_s(20);
    story("20 start - : system.started\n"
          "20 smoke 0 : -\n"
          "20 heat 0 : -\n"
          "62.9 tick - : -\n"
          "63 tick - : cleared:confirmed/0\n");
    assert_true(confirmed_is_a_test());
}

/* … while a test runs as well, of which one has come to rest and the other has not. */
static void a_restart_in_a_test_knows_what_is_tripped_in_it(void **state) {
    (void)state;
    walk_room_by_room();
    story("5 lobby test-begin:600 : test.begun\n"
          "6 heat 1 : test.tripped,raised:fire/heat,raised:confirmed/0\n");
    restart_at_s(10);
    story("10 start - : system.started\n"
          "10 smoke 0 : -\n"
          "11 heat 1 : -\n"
          "63 tick - : cleared:confirmed/0\n"
          "70 smoke 1 : reraised:fire/smoke,reraised:confirmed/0\n");
    assert_true(confirmed_is_a_test());
    story("71 lobby test-end : test.ended,realarmed:fire/heat,realarmed:confirmed/0\n");
    assert_false(confirmed_is_a_test());
}

/* A test that is over confirms no first detector, and no restart makes it; a second real one does. */
static void one_real_detector_is_not_confirmed_by_one_of_a_test_that_is_over(void **state) {
    (void)state;
    for (unsigned restarted = 0; restarted < 2; restarted++) {
        walk_room_by_room();
        if (restarted) {
            restart_at_s(20);
            story("20 start - : system.started\n"
                  "20 smoke 0 : -\n"
                  "20 heat 0 : -\n");
        }
        story("40 heat 1 : raised:fire/heat,raised:confirmed/0\n");
        assert_true(confirmed_is_a_test());
        assert_false(core_alarm(stage.core, alarm_find("fire/heat"))->axes.test);
        story("41 smoke 1 : reraised:fire/smoke,realarmed:confirmed/0\n");
        assert_false(confirmed_is_a_test());
    }
}

/* What burns while a test begins around it burns after a restart, too, read again or not. */
static void a_restart_in_a_test_hides_no_fire_from_before_it(void **state) {
    (void)state;
    drill_site(POINT_EMERGENCY_BUTTON, ROOM, "count(within(smoke, 60 s), within(heat, 60 s)) >= 2");
    story("0 start - : system.started\n"
          "0 smoke 0 : -\n"
          "0 heat 0 : -\n"
          "1 smoke 1 : raised:fire/smoke\n"
          "2 room test-begin:600 : test.begun\n");
    restart_at_s(10);
    story("10 start - : system.started\n"
          "10 smoke 1 : test.tripped\n"
          "10 heat 0 : -\n"
          "11 smoke 0 : cleared:fire/smoke\n"
          "12 smoke 1 : reraised:fire/smoke\n"
          "13 heat 1 : raised:fire/heat,raised:confirmed/0\n");
    assert_false(confirmed_is_a_test());
}

/* Both detectors are tripped in tests and taken off their bases: nobody knows any more what they say. */
static void what_is_lost_in_a_test_confirms_no_fire(void **state) {
    (void)state;
    walk_room_by_room();
    story("5 room test-begin:600 : test.begun\n"
          "5 lobby test-begin:600 : test.begun\n"
          "6 smoke 1 : test.tripped,reraised:fire/smoke\n"
          "6 heat 1 : test.tripped,raised:fire/heat,raised:confirmed/0\n"
          "7 smoke fault : raised:fault/smoke\n"
          "8 io lost : raised:lost/io,suppressed:fault/smoke\n"
          "200 tick - : -\n");
    assert_true(confirmed_is_a_test());
    restart_at_s(210);
    story("210 start - : system.started\n"
          "300 room test-end : test.untested,test.ended,realarmed:fire/smoke,"
          "realarmed:fault/smoke\n"
          "300 lobby test-end : test.ended,realarmed:fire/heat\n"
          "301 fire/smoke acknowledge : acknowledged:fire/smoke\n"
          "301 fire/heat acknowledge : acknowledged:fire/heat\n"
          "400 tick - : -\n");
    assert_true(confirmed_is_a_test());
    /* One that is back and burns is a first detector; two confirm a fire. */
    story("410 smoke 1 : cleared:lost/io,cleared:fault/smoke,closed:fault/smoke\n");
    assert_true(confirmed_is_a_test());
    story("411 heat 1 : realarmed:confirmed/0\n");
    assert_false(confirmed_is_a_test());
}

/* Nobody knows how it goes on, and what was tripped is over: nothing is left to wait for. */
static void what_is_lost_in_a_test_wakes_nobody_when_the_trips_of_it_are_over(void **state) {
    (void)state;
    drill_site(POINT_EMERGENCY_BUTTON, ROOM, "within(any(smoke, heat), 60 s)");
    story("0 start - : system.started\n"
          "0 smoke 0 : -\n"
          "0 heat 0 : -\n"
          "1 room test-begin:600 : test.begun\n"
          "2 smoke 1 : test.tripped,raised:fire/smoke,raised:confirmed/0\n"
          "3 smoke 0 : cleared:fire/smoke\n"
          "3 button 1 : test.tripped,raised:call/button\n" /* the rule does not ask for it */
          "4 button 0 : cleared:call/button\n"
          "4 room test-end : test.ended\n"
          "5 heat fault : raised:fault/heat\n"
          "63 tick - : -\n");
    assert_true(confirmed_is_a_test());
    assert_true(core_deadline(stage.core).ns > 64 * NS_PER_S);
    story("65 heat 0 : cleared:fault/heat\n"
          "125 tick - : cleared:confirmed/0\n");
}

/* … nor is anything left to wait for when the other one is tripped in earnest in the meantime. */
static void one_in_earnest_beside_one_that_is_lost_waits_for_no_test(void **state) {
    (void)state;
    drill_site(POINT_EMERGENCY_BUTTON, ROOM, "count(within(smoke, 60 s), within(heat, 60 s)) >= 2");
    story("0 start - : system.started\n"
          "0 smoke 0 : -\n"
          "0 heat 0 : -\n"
          "1 care test-begin:600 : test.begun\n"
          "2 smoke 1 : test.tripped,raised:fire/smoke\n"
          "2 heat 1 : test.tripped,raised:fire/heat,raised:confirmed/0\n"
          "3 smoke 0 : cleared:fire/smoke\n"
          "3 heat 0 : cleared:fire/heat\n"
          "3 button 1 : test.tripped,raised:call/button\n" /* the rule does not ask for it */
          "4 button 0 : cleared:call/button\n"
          "4 care test-end : test.ended\n"
          "5 heat fault : raised:fault/heat\n"
          "50 smoke 1 : reraised:fire/smoke\n"
          "63 tick - : -\n");
    assert_true(confirmed_is_a_test());
    story("64 heat 1 : reraised:fire/heat,realarmed:confirmed/0,cleared:fault/heat\n");
    assert_false(confirmed_is_a_test());
}

/* What was lost as its test ended is in earnest from when it is read again, and not before. */
static void what_is_lost_as_its_test_ends_is_in_earnest_when_it_is_back(void **state) {
    (void)state;
    walk_room_by_room();
    story("5 room test-begin:600 : test.begun\n"
          "6 smoke 1 : test.tripped,reraised:fire/smoke\n"
          "7 smoke fault : raised:fault/smoke\n"
          "8 room test-end : test.untested,test.ended,realarmed:fire/smoke,"
          "realarmed:fault/smoke\n"
          "9 heat 1 : raised:fire/heat,raised:confirmed/0\n");
    assert_true(confirmed_is_a_test());
    story("10 smoke 1 : realarmed:confirmed/0,cleared:fault/smoke\n");
    assert_false(confirmed_is_a_test());
}

/* The site that is restored has no test of the room any more: nobody knows yet that it is true still. */
static void a_trip_of_a_test_that_is_gone_is_of_it_until_it_is_read(void **state) {
    (void)state;
    for (unsigned is_true = 0; is_true < 2; is_true++) {
        walk_room_by_room();
        const struct instant now = {10 * NS_PER_S};
        const struct core_trip_record lasts = {.earnest_age_ns = CORE_TRIP_NEVER,
                                               .tested_age_ns = CORE_TRIP_LASTS};
        struct core_trip_record record;
        stage_core_end();
        stage_core(now);
        core_restore_trip(stage.core, SMOKE, &lasts, now);
        story("11 start - : system.started\n");
        assert_true(core_record_trip(stage.core, SMOKE, (struct instant){11 * NS_PER_S}, &record));
        assert_int_equal(record.earnest_age_ns, CORE_TRIP_NEVER);
        assert_int_equal(record.tested_age_ns, CORE_TRIP_LASTS);
        story(is_true ? "12 smoke 1 : raised:fire/smoke\n" : "12 smoke 0 : -\n");
        assert_true(core_trips_turned(stage.core));
        assert_true(core_record_trip(stage.core, SMOKE, (struct instant){13 * NS_PER_S}, &record));
        assert_int_equal(record.earnest_age_ns, is_true ? CORE_TRIP_LASTS : CORE_TRIP_NEVER);
        assert_int_equal(record.tested_age_ns, NS_PER_S);
    }
}

static bool trip_is_recorded(uint32_t point, uint64_t at_ms, struct core_trip_record *ret) {
    return core_record_trip(stage.core, point, (struct instant){at_ms * NS_PER_MS}, ret);
}

/* The longest that any of its rules looks back, with what that takes to clear. */
static void a_trip_is_recorded_for_as_long_as_anything_looks_back_on_it(void **state) {
    (void)state;
    struct core_trip_record record;
    walk_room_by_room();
    assert_true(trip_is_recorded(SMOKE, 62999, &record));
    assert_int_equal(record.tested_age_ns, 59999 * NS_PER_MS);
    assert_int_equal(record.earnest_age_ns, CORE_TRIP_NEVER);
    assert_false(trip_is_recorded(SMOKE, 63000, &record));
    assert_false(trip_is_recorded(HEAT, 5000, &record)); /* it never was */
    story("70 heat 1 : raised:fire/heat\n");
    assert_true(trip_is_recorded(HEAT, 100000, &record));
    assert_int_equal(record.earnest_age_ns, CORE_TRIP_LASTS);
    story("80 heat 0 : cleared:fire/heat\n");
    assert_true(trip_is_recorded(HEAT, 139999, &record));
    assert_int_equal(record.earnest_age_ns, 59999 * NS_PER_MS);
    assert_int_equal(record.tested_age_ns, CORE_TRIP_NEVER);
    assert_false(trip_is_recorded(HEAT, 140000, &record));
    /* The button's own alarm looks back on nothing but what it still says. */
    story("150 button 1 : raised:call/button,raised:promoted/0\n");
    assert_true(trip_is_recorded(BUTTON, 150000, &record));
    story("151 button 0 : cleared:call/button\n");
    assert_false(trip_is_recorded(BUTTON, 151000, &record));
    stage_core_end();
    stage.trial.rules[CALL].clear_after_ns = 5 * NS_PER_S;
    stage.trial.rules[CALL].latched = false;
    assert_true(trial_bind(&stage.trial));
    stage_core((struct instant){0});
    story("0 start - : system.started\n"
          "1 button 1 : raised:call/button\n"
          "2 button 0 : -\n");
    assert_true(trip_is_recorded(BUTTON, 6999, &record));
    assert_false(trip_is_recorded(BUTTON, 7000, &record));
}

/* Before the origin of the instants there is nothing: there it counts for longer. */
static void a_trip_that_is_older_than_the_instants_is_as_old_as_they_are(void **state) {
    (void)state;
    walk_room_by_room();
    const struct instant now = {10 * NS_PER_S};
    const struct core_trip_record older = {.earnest_age_ns = 10 * NS_PER_S,
                                           .tested_age_ns = 10 * NS_PER_S - 1};
    struct core_trip_record record;
    stage_core_end();
    stage_core(now);
    core_restore_trip(stage.core, SMOKE, &older, now);
    assert_true(core_record_trip(stage.core, SMOKE, now, &record));
    assert_int_equal(record.earnest_age_ns, 10 * NS_PER_S - NS_PER_DS); /* as fine as it is kept */
    assert_int_equal(record.tested_age_ns, 10 * NS_PER_S - NS_PER_DS);
    const struct core_trip_record of_either[] = {
        {.earnest_age_ns = 11 * NS_PER_S, .tested_age_ns = CORE_TRIP_NEVER},
        {.earnest_age_ns = CORE_TRIP_NEVER, .tested_age_ns = 11 * NS_PER_S},
    };
    for (unsigned i = 0; i < 2; i++) {
        core_restore_trip(stage.core, SMOKE, &of_either[i], now);
        assert_true(core_record_trip(stage.core, SMOKE, now, &record));
    }
}

/* It may have ended while nothing was tested and nothing recorded. */
static void a_trip_in_earnest_lasts_over_a_restart_in_a_test_alone(void **state) {
    (void)state;
    const struct core_trip_record lasts = {.earnest_age_ns = CORE_TRIP_LASTS,
                                           .tested_age_ns = CORE_TRIP_NEVER};
    const struct instant now = {10 * NS_PER_S};
    for (unsigned tested = 0; tested < 2; tested++) {
        struct core_trip_record record;
        stage_core_end();
        stage_core(now);
        if (tested != 0) {
            core_restore_test(stage.core, ROOM, 600, now);
        }
        core_restore_trip(stage.core, SMOKE, &lasts, now);
        assert_true(core_record_trip(stage.core, SMOKE, now, &record));
        assert_int_equal(record.earnest_age_ns, tested != 0 ? CORE_TRIP_LASTS : 0);
    }
}

/* Another site had a detector there. */
static void a_trip_of_what_is_no_detector_any_more_is_forgotten(void **state) {
    (void)state;
    const struct core_trip_record lasts = {.earnest_age_ns = CORE_TRIP_LASTS,
                                           .tested_age_ns = CORE_TRIP_LASTS};
    struct core_trip_record record;
    core_restore_trip(stage.core, DOOR, &lasts, (struct instant){0});
    assert_false(trip_is_recorded(DOOR, 1, &record));
    core_restore_trip(stage.core, HEAT, &lasts, (struct instant){0});
    assert_true(trip_is_recorded(HEAT, 1, &record));
}

/* A restart must know of a trip where a test runs, or what it would count with was of one. */
static void a_trip_is_to_be_recorded_where_something_is_tested(void **state) {
    (void)state;
    walk_room_by_room();
    story("5 heat 1 : raised:fire/heat,raised:confirmed/0\n");
    assert_false(core_trips_turned(stage.core));
    story("6 smoke 1 : reraised:fire/smoke,realarmed:confirmed/0\n");
    assert_true(core_trips_turned(stage.core));
    story("7 smoke 1 : -\n");
    assert_false(core_trips_turned(stage.core));
    story("8 room test-begin:600 : test.begun\n"
          "9 heat 0 : cleared:fire/heat\n");
    assert_true(core_trips_turned(stage.core));
    story("10 heat fault : raised:fault/heat\n");
    assert_false(core_trips_turned(stage.core));
}

/* What is put away is an alarm, not its detector: a place's rule goes on to count that (LANGUAGE.md). */
static void a_detector_whose_alarm_is_out_of_service_counts_in_the_rules_of_places(void **state) {
    (void)state;
    walk_room_by_room();
    const struct command painters = {.verb = COMMAND_OUT_OF_SERVICE,
                                     .alarm = alarm_find("fire/smoke"),
                                     .role = ROLE_ENGINEER,
                                     .second_role = ROLE_MANAGER,
                                     .duration_s = 3600,
                                     .actor = "wu",
                                     .second_actor = "li",
                                     .reason = "painters"};
    const struct input input = {
        .at = {100 * NS_PER_S}, .kind = INPUT_COMMAND, .command = &painters};
    take(&input);
    assert_int_equal(stage.step.refusal, COMMAND_ACCEPTED);
    story("101 smoke 1 : reraised:fire/smoke\n"
          "102 heat 1 : raised:fire/heat,raised:confirmed/0\n");
    assert_false(confirmed_is_a_test());
    assert_true(core_alarm(stage.core, alarm_find("fire/smoke"))->axes.out_of_service);
}

static void a_place_without_hours_is_always_open(void **state) {
    (void)state;
    stage_core_end();
    trial_deinit(&stage.trial);
    struct trial *trial = &stage.trial;
    trial_init(trial, COMPONENTS, CALENDARS);
    (void)trial_place(trial, RULESET_NONE, PLACE_HOME_CARE_CENTRE);
    (void)trial_place(trial, CARE, PLACE_DAY_CARE_ROOM);
    trial->places[ROOM].calendar = 1;
    (void)trial_device(trial, 0);
    (void)trial_point(trial, CARE, 0, POINT_EMERGENCY_BUTTON);
    (void)trial_point(trial, ROOM, 0, POINT_SMOKE);
    trial_point_rule(trial, TRIAL_KIND(POINT_EMERGENCY_BUTTON) | TRIAL_KIND(POINT_SMOKE),
                     "value and open", CLASS_CALL_EMERGENCY);
    assert_true(trial_bind(trial));
    stage_core((struct instant){0});
    story("0 start yes : system.started\n"
          "1 button 1 : raised:call/button\n"
          "2 smoke 1 : -\n" /* nobody has said yet whether its room is open */
          "3 open yes : raised:call/smoke\n");
}

/* A test or a fire that nobody counts, an output that no alarm wants, a chain of what is closed. */
static void broken_tests(void *core) {
    ((struct core *)core)->fires[PLACES - 1] = 1;
    core_check(core);
}
static void broken_first_zone(void *core) {
    ((struct core *)core)->promotions[0].fires = 1;
    core_check(core);
}
static void broken_first_output(void *core) {
    ((struct core *)core)->output_holders[0] = 1;
    core_check(core);
}
static void broken_last_output(void *core) {
    ((struct core *)core)->output_holders[((struct core *)core)->outputs.first[REACH_KINDS] - 1] =
        1;
    core_check(core);
}
static void broken_first_chain(void *core) {
    ((struct core *)core)->chains[0].chain.state = CHAIN_STOPPED;
    core_check(core);
}
static void broken_idle_chain(void *core) {
    ((struct core *)core)->chains[0].chain.reached = 1;
    core_check(core);
}
static void broken_first_alarm(void *core) {
    ((struct core *)core)->alarms[0].axes.active = true;
    core_check(core);
}
static void broken_first_point(void *core) {
    ((struct core *)core)->points[0].quality = QUALITY_COUNT;
    core_check(core);
}
static void broken_lost_point(void *core) {
    ((struct core *)core)->devices[IO].lost = TRUTH_TRUE;
    core_check(core);
}
static void broken_timer(void *core) {
    ((struct core *)core)->timers.due[0] = (struct instant){NS_PER_S};
    core_check(core);
}
static void broken_heap(void *core) {
    ((struct core *)core)->timers.position[((struct core *)core)->timers.heap[0]] = 1;
    core_check(core);
}
static void broken_touched(void *core) {
    index_set_add(&((struct core *)core)->touched, 0);
    core_check(core);
}

static void a_core_that_contradicts_itself_does_not_go_on(void **state) {
    (void)state;
    static void (*const deeds[])(void *) = {
        broken_tests,       broken_first_zone, broken_first_output, broken_last_output,
        broken_first_chain, broken_idle_chain, broken_first_alarm,  broken_first_point,
        broken_lost_point,  broken_timer,      broken_heap,         broken_touched,
    };
    static const struct chain_step step = {.webhook = CHAIN_NO_WEBHOOK};
    stage_core_end();
    stage.trial.rules[CALL].chain = trial_chain(&stage.trial, &step, 1);
    assert_true(trial_bind(&stage.trial));
    stage_core((struct instant){0});
    rest();
    for (size_t i = 0; i < sizeof deeds / sizeof deeds[0]; i++) {
        if (!doomed(deeds[i], stage.core)) {
            fail_msg("case %zu goes on", i);
        }
    }
    core_check(stage.core);
}

int main(void) {
    const struct CMUnitTest tests[] = {
#define CORE_TEST(test) cmocka_unit_test_setup_teardown(test, build, tear_down)
        CORE_TEST(a_press_becomes_a_call_and_is_followed_to_its_end),
        CORE_TEST(an_event_says_who_what_where_and_when),
        CORE_TEST(two_detectors_within_a_minute_confirm_a_fire),
        CORE_TEST(a_window_ends_by_itself_at_its_deadline),
        CORE_TEST(an_open_door_is_told_after_its_delay_while_closed),
        CORE_TEST(a_delay_that_ended_before_the_reading_is_told_without_a_tick),
        CORE_TEST(the_calendar_reaches_the_rules_that_read_it),
        CORE_TEST(each_word_of_the_calendar_is_told_by_itself),
        CORE_TEST(before_the_calendar_is_known_it_makes_nothing_true),
        CORE_TEST(a_flood_folds_what_is_high_or_low_and_nothing_graver),
        CORE_TEST(what_is_tested_or_shelved_makes_no_flood),
        CORE_TEST(readers_and_checkpoints_tell_moments),
        CORE_TEST(a_reader_whose_messages_cannot_be_read_is_at_fault_until_one_can),
        CORE_TEST(a_reader_with_another_clock_is_at_fault_until_its_next_pass_of_now),
        CORE_TEST(a_badge_attends_what_is_open_at_its_place_and_names_nobody),
        CORE_TEST(a_badge_is_the_actor_of_the_attending_and_not_of_what_it_raises),
        CORE_TEST(a_clock_step_is_told_and_moves_nothing),
        CORE_TEST(a_refused_site_is_an_alarm_until_one_is_taken),
        CORE_TEST(a_certificate_that_ends_soon_is_an_alarm_until_a_good_one_takes_its_place),
        CORE_TEST(when_a_certificate_ends_stays_known_while_nobody_knows_more),
        CORE_TEST(a_start_says_whether_the_site_is_still_refused),
        CORE_TEST(a_reload_is_told_as_a_changed_site_and_not_as_a_start),
        CORE_TEST(a_silent_device_is_one_alarm_and_its_return_ends_it),
        CORE_TEST(a_device_that_came_back_is_missed_again),
        CORE_TEST(a_device_that_its_driver_gives_up_is_lost_at_once),
        CORE_TEST(a_lost_device_is_told_with_a_value_of_one),
        CORE_TEST(nobody_waits_for_a_device_that_is_lost),
        CORE_TEST(nobody_waits_for_a_point_that_is_stale_or_out_of_service),
        CORE_TEST(a_device_is_not_lost_twice),
        CORE_TEST(moments_are_expected_once_their_device_is_there),
        CORE_TEST(moments_are_expected_of_a_device_that_is_never_missed_until_it_is_given_up),
        CORE_TEST(heartbeats_keep_a_device_from_being_missed),
        CORE_TEST(just_in_time_is_before_the_silence_is_over),
        CORE_TEST(a_gateway_that_stood_still_blames_no_device),
        CORE_TEST(a_standstill_after_the_start_gives_each_device_its_whole_silence),
        CORE_TEST(a_device_never_heard_is_missed_after_the_start),
        CORE_TEST(a_point_is_not_missed_before_its_device_was_ever_heard),
        CORE_TEST(a_faulty_reading_is_a_fault_and_keeps_the_last_good_value),
        CORE_TEST(a_value_that_is_no_number_is_a_fault_whatever_it_claims),
        CORE_TEST(a_point_with_a_silence_of_its_own_goes_stale_alone),
        CORE_TEST(a_point_that_is_heard_in_time_is_waited_for_anew),
        CORE_TEST(a_silence_of_a_nanosecond_is_one),
        CORE_TEST(a_dead_sensors_fault_outlives_the_engine),
        CORE_TEST(a_sensor_that_is_given_again_is_missed_after_one_silence),
        CORE_TEST(what_is_read_moves_no_timer_and_what_is_given_again_does),
        CORE_TEST(a_silence_goes_on_over_a_boot_of_the_machine),
        CORE_TEST(a_reading_of_any_age_stays_old),
        CORE_TEST(a_reading_as_old_as_its_points_silence_is_missed_at_once),
        CORE_TEST(a_value_whose_device_speaks_for_it_has_no_age),
        CORE_TEST(a_device_may_be_missed_after_a_nanosecond),
        CORE_TEST(a_heartbeat_does_not_wait_anew_for_a_point_that_was_missed),
        CORE_TEST(a_heartbeat_confirms_values_that_are_not_stale),
        CORE_TEST(a_latched_alarm_is_not_reset_on_the_word_of_the_clock),
        CORE_TEST(a_points_fault_is_not_told_beside_its_lost_device),
        CORE_TEST(a_fault_is_not_cleared_by_losing_its_device),
        CORE_TEST(a_point_that_is_not_read_after_its_device_returns_is_a_fault),
        CORE_TEST(unknown_members_neither_raise_nor_clear),
        CORE_TEST(a_lost_component_and_a_dead_disk_are_told_at_once),
        CORE_TEST(a_broker_may_be_away_for_half_a_minute),
        CORE_TEST(an_input_that_names_nothing_known_changes_nothing),
        CORE_TEST(a_reading_of_another_point_decides_nothing),
        CORE_TEST(a_command_of_no_known_verb_is_refused),
        CORE_TEST(a_restart_loses_no_alarm_and_lowers_none),
        CORE_TEST(a_window_goes_on_through_a_restart),
        CORE_TEST(a_window_that_is_over_before_the_restart_counts_no_longer),
        CORE_TEST(a_delay_goes_on_with_what_was_left_after_a_restart),
        CORE_TEST(a_restart_has_nothing_to_journal_of_what_waits_for_nothing),
        CORE_TEST(a_delay_that_stands_after_a_restart_is_journalled_as_standing),
        CORE_TEST(memories_of_another_expression_are_left_fresh),
        CORE_TEST(an_age_from_before_the_origin_is_kept_exactly),
        CORE_TEST(each_alarm_whose_record_changed_is_reported_once_in_order),
        CORE_TEST(a_window_that_began_is_reported_although_nothing_is_told),
        CORE_TEST(an_alarm_without_a_chain_has_nothing_of_one_to_record),
        CORE_TEST(changed_alarms_come_in_portions),
        CORE_TEST(a_reading_that_changes_nothing_is_not_reported),
        CORE_TEST(the_end_of_a_test_is_told_where_it_begins_and_nowhere_else),
        CORE_TEST(the_end_of_a_silence_and_of_a_shelving_is_told_with_it_and_with_nothing_else),
        CORE_TEST(a_test_that_was_ended_by_hand_wakes_nobody_at_its_old_end),
        CORE_TEST(zones_that_are_promoted_at_once_are_told_in_their_order),
        CORE_TEST(a_test_elsewhere_and_an_old_drill_keep_no_real_fire_quiet),
        CORE_TEST(a_call_point_elsewhere_makes_a_drill_earnest_and_one_detector_does_not),
        CORE_TEST(what_a_rule_remembers_of_tests_is_a_test_after_they_ended),
        CORE_TEST(what_is_still_tripped_as_its_test_ends_is_in_earnest),
        CORE_TEST(what_was_tripped_in_a_test_long_ago_hides_no_fire),
        CORE_TEST(what_burned_before_a_test_began_is_in_earnest_all_the_time),
        CORE_TEST(what_is_no_button_or_detector_makes_no_test_of_the_centre),
        CORE_TEST(what_is_remembered_of_a_test_is_over_though_nobody_knows_of_the_detector),
        CORE_TEST(what_a_detector_says_of_a_test_wakes_it_as_the_test_is_forgotten),
        CORE_TEST(a_point_of_its_own_is_in_earnest_though_its_rule_remembers_a_test),
        CORE_TEST(a_test_that_is_asked_about_counts_the_changes_of_the_tested),
        CORE_TEST(what_holds_without_the_tested_is_in_earnest),
        CORE_TEST(what_counts_over_time_is_in_earnest_with_a_part_in_earnest),
        CORE_TEST(what_the_rule_says_without_the_test_is_in_earnest),
        CORE_TEST(what_an_alarm_still_says_of_a_test_is_a_test),
        CORE_TEST(what_was_in_earnest_before_a_test_counts_for_just_as_long_as_the_rule_looks_back),
        CORE_TEST(a_restart_after_a_walk_test_evacuates_nobody),
        CORE_TEST(a_restart_in_a_test_knows_what_is_tripped_in_it),
        CORE_TEST(one_real_detector_is_not_confirmed_by_one_of_a_test_that_is_over),
        CORE_TEST(a_restart_in_a_test_hides_no_fire_from_before_it),
        CORE_TEST(what_is_lost_in_a_test_confirms_no_fire),
        CORE_TEST(what_is_lost_in_a_test_wakes_nobody_when_the_trips_of_it_are_over),
        CORE_TEST(one_in_earnest_beside_one_that_is_lost_waits_for_no_test),
        CORE_TEST(what_is_lost_as_its_test_ends_is_in_earnest_when_it_is_back),
        CORE_TEST(a_trip_of_a_test_that_is_gone_is_of_it_until_it_is_read),
        CORE_TEST(a_trip_is_recorded_for_as_long_as_anything_looks_back_on_it),
        CORE_TEST(a_trip_that_is_older_than_the_instants_is_as_old_as_they_are),
        CORE_TEST(a_trip_in_earnest_lasts_over_a_restart_in_a_test_alone),
        CORE_TEST(a_trip_of_what_is_no_detector_any_more_is_forgotten),
        CORE_TEST(a_trip_is_to_be_recorded_where_something_is_tested),
        CORE_TEST(a_detector_whose_alarm_is_out_of_service_counts_in_the_rules_of_places),
        CORE_TEST(a_place_without_hours_is_always_open),
        CORE_TEST(a_test_by_no_role_or_of_no_place_is_refused),
        CORE_TEST(the_last_of_four_places_is_tested_and_that_ends),
        CORE_TEST(a_core_that_contradicts_itself_does_not_go_on),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
