/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Escalation and outputs of a small care centre, told as stories. Each line is
 *
 *     seconds  who what  :  events  [| outputs that are on]
 *
 * who is a point (on, off, or a quality; uncertain is on), a device (gone, back), a role that acts on the alarm of
 * `call/one` (ack, attend, silence, reset …), `shift`, `hook` (yes, no), `receipt` (step.run) or
 * tick. Events are `raised call/one`, shortened to change:alarm; a step is its number, with `!` when
 * nobody received the one before it. Whatever is not written must not happen.
 *
 *     care (home_care_centre)    sounder siren, desk (panic_button)
 *       floor                    lamp
 *         room                   one two (emergency_button), smoke, release (door_release)
 *       hall                     panic, haze (smoke)
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rules/core.h"
#include "tests/support/cmocka.h"
#include "tests/support/trial.h"

enum { CARE, FLOOR, ROOM, HALL };
enum { SIREN, DESK, LAMP, ONE, TWO, SMOKE, RELEASE, PANIC, HAZE, POINTS };
enum { LAMPS, IO };
enum { CALL, FIRE, DURESS, RULES };

static const char *const point_names[POINTS] = {"siren", "desk",    "lamp",  "one", "two",
                                                "smoke", "release", "panic", "haze"};

#define OUTPUT(kind) (UINT64_C(1) << POINT_##kind)

static const struct chain_step call_steps[] = {
    {0,
     OUTPUT(CALL_LAMP),
     ROLE_CAREGIVER,
     CHAIN_NO_WEBHOOK,
     CHAIN_TO_ROLE,
     CHAIN_REACH_OWN,
     {0},
     0},
    {60 * NS_PER_S, 0, 0, CHAIN_NO_WEBHOOK, CHAIN_TO_SHIFT, CHAIN_REACH_OWN, {0}, 0},
    {180 * NS_PER_S, 0, ROLE_MANAGER, 0, CHAIN_TO_ROLE, CHAIN_REACH_OWN, {0}, 0},
};
static const struct chain_step fire_steps[] = {
    {0, OUTPUT(SOUNDER), 0, CHAIN_NO_WEBHOOK, CHAIN_TO_EVERYONE, CHAIN_REACH_ZONE, {0}, 0},
    {15 * NS_PER_S,
     OUTPUT(SOUNDER) | OUTPUT(DOOR_RELEASE),
     ROLE_SECURITY,
     CHAIN_NO_WEBHOOK,
     CHAIN_TO_ROLE,
     CHAIN_REACH_SITE,
     {0},
     0},
};

struct stage {
    struct trial trial;
    void *block;
    struct core *core;
    struct step step;
    struct command command;
    bool on[POINTS]; /* as core_outputs_changed() told */
};

static struct stage stage;

static void core_new(void) {
    const struct ruleset *ruleset = &stage.trial.ruleset;
    size_t size = core_size(ruleset);
    stage.block = aligned_alloc(64, (size + 63) / 64 * 64);
    stage.step.events = malloc(core_events_max(ruleset) * sizeof *stage.step.events);
    assert_non_null(stage.block);
    assert_non_null(stage.step.events);
    memset(stage.block, 0xAA, size);
    stage.core = core_init(stage.block, ruleset, (struct instant){0});
    memset(stage.on, 0, sizeof stage.on);
}

static void core_end(void) {
    free(stage.step.events);
    free(stage.block);
}

static const struct alarm_times *site_times = &alarm_times_default; /* of the next site */

/* `duress` is a rule of the whole centre. */
static void site_build_with(uint32_t call_chain_steps, bool duress) {
    struct trial *trial = &stage.trial;
    trial_init(trial, 1, 1);
    trial_place(trial, RULESET_NONE, PLACE_HOME_CARE_CENTRE);
    trial_place(trial, CARE, PLACE_FLOOR);
    trial_place(trial, FLOOR, PLACE_DAY_CARE_ROOM);
    trial_place(trial, CARE, PLACE_SERVICE_HALL);
    trial_device(trial, 0);
    trial_device(trial, 0);
    trial_point(trial, CARE, LAMPS, POINT_SOUNDER);
    trial_point(trial, CARE, IO, POINT_PANIC_BUTTON);
    trial_point(trial, FLOOR, LAMPS, POINT_CALL_LAMP);
    trial_point(trial, ROOM, IO, POINT_EMERGENCY_BUTTON);
    trial_point(trial, ROOM, IO, POINT_EMERGENCY_BUTTON);
    trial_point(trial, ROOM, IO, POINT_SMOKE);
    trial_point(trial, ROOM, LAMPS, POINT_DOOR_RELEASE);
    trial_point(trial, HALL, IO, POINT_PANIC_BUTTON);
    trial_point(trial, HALL, IO, POINT_SMOKE);
    uint32_t calls = trial_chain(trial, call_steps, call_chain_steps);
    uint32_t fires = trial_chain(trial, fire_steps, 2);
    trial_point_rule(trial, TRIAL_KIND(POINT_EMERGENCY_BUTTON), "value", CLASS_CALL_EMERGENCY)
        ->chain = calls;
    trial_point_rule(trial, TRIAL_KIND(POINT_SMOKE), "value", CLASS_FIRE_ALARM)->chain = fires;
    trial_point_rule(trial, TRIAL_KIND(POINT_PANIC_BUTTON), "value", CLASS_CALL_DURESS)->chain =
        fires;
    if (duress) {
        trial_place_rule(trial, TRIAL_KIND(PLACE_HOME_CARE_CENTRE),
                         "any(panic_button, emergency_button)", CLASS_CALL_DURESS)
            ->chain = fires;
    }
    trial->shift_count = 1;
    trial->listener_shifts[0] = 0;
    trial->draft.listener_count = 1;
    trial->draft.times = site_times;
    assert_true(trial_bind(trial));
    core_new();
}

static void site_build(uint32_t call_chain_steps) {
    site_build_with(call_chain_steps, false);
}

static int build(void **state) {
    (void)state;
    site_build(3);
    return 0;
}

static int tear_down(void **state) {
    (void)state;
    core_end();
    trial_deinit(&stage.trial);
    return 0;
}

/* --- what a line says --- */

static uint32_t point_find(const char *name) {
    uint32_t point = 0;
    while (point < POINTS && strcmp(point_names[point], name) != 0) {
        point++;
    }
    return point;
}

static uint32_t alarm_of(const char *point) {
    static const uint32_t rules[POINTS] = {
        [SMOKE] = FIRE, [PANIC] = DURESS, [DESK] = DURESS, [HAZE] = FIRE};
    uint32_t index = point_find(point);
    return trial_alarm(&stage.trial, rules[index], index);
}

static void input_of_point(struct input *input, uint32_t point, const char *what) {
    static const char *const words[] = {"good", "uncertain", "stale", "fault"};
    input->kind = INPUT_READING;
    bool on = strcmp(what, "on") == 0 || strcmp(what, "uncertain") == 0;
    input->reading = (struct reading){.point = point, .value = on};
    for (uint8_t quality = QUALITY_UNCERTAIN; quality <= QUALITY_FAULT; quality++) {
        if (strcmp(what, words[quality]) == 0) {
            input->reading.quality = quality;
        }
    }
}

static void input_of_command(struct input *input, enum role role, const char *what) {
    static const struct {
        const char *word;
        enum command_verb verb;
    } verbs[] = {
        {"ack", COMMAND_ACKNOWLEDGE}, {"attend", COMMAND_ATTEND},      {"reset", COMMAND_RESET},
        {"silence", COMMAND_SILENCE}, {"out", COMMAND_OUT_OF_SERVICE}, {"in", COMMAND_IN_SERVICE},
        {"test", COMMAND_TEST_BEGIN},
    };
    char verb[16];
    char point[16] = "one";
    (void)sscanf(what, "%15[^:]:%15s", verb, point);
    stage.command = (struct command){
        .alarm = alarm_of(point),
        .place = RULESET_NONE,
        .role = role,
        .second_role = ROLE_MANAGER,
        .duration_s = 60,
        .actor = "li",
        .second_actor = "wu",
        .reason = "work",
    };
    for (size_t i = 0; i < sizeof verbs / sizeof *verbs; i++) {
        if (strcmp(verb, verbs[i].word) == 0) {
            stage.command.verb = verbs[i].verb;
            stage.command.place = verbs[i].verb == COMMAND_TEST_BEGIN ? ROOM : RULESET_NONE;
        }
    }
    input->kind = INPUT_COMMAND;
    input->command = &stage.command;
}

static struct input input_read(double at_s, const char *who, const char *what) {
    struct input input = {.at = {(uint64_t)(at_s * 1e3 + 0.5) * NS_PER_MS}, .kind = INPUT_TICK};
    bool yes = strcmp(what, "yes") == 0 || strcmp(what, "back") == 0;
    input.state = yes ? TRUTH_TRUE : TRUTH_FALSE;
    uint32_t point = point_find(who);
    enum role role = role_find(who, strlen(who));
    if (point < POINTS) {
        input_of_point(&input, point, what);
    } else if (role < ROLE_COUNT) {
        input_of_command(&input, role, what);
    } else if (strcmp(who, "start") == 0) {
        input.kind = INPUT_START;
        input.state = TRUTH_TRUE;
    } else if (strcmp(who, "lamps") == 0) {
        input.kind = INPUT_DEVICE;
        input.subject = LAMPS;
    } else if (strcmp(who, "hook") == 0) {
        input.kind = INPUT_LISTENER;
    } else if (strcmp(who, "shift") == 0) {
        input.kind = INPUT_SHIFT;
    } else if (strcmp(who, "receipt") == 0 || strcmp(who, "refusal") == 0) {
        input.kind = INPUT_RECEIPT;
        input.subject = alarm_of("one");
        input.state = who[2] == 'c' ? TRUTH_TRUE : TRUTH_FALSE;
        assert_int_equal(sscanf(what, "%u.%u", &input.step, &input.run), 2);
    } else {
        assert_string_equal(who, "tick");
    }
    return input;
}

/* --- what happened --- */

static void event_write(const struct core_event *event, char *ret, size_t size) {
    const struct ruleset_alarm *bound = &stage.trial.ruleset.alarms[event->alarm];
    const char *entity = bound->entity_kind == ENTITY_POINT      ? point_names[bound->entity]
                         : bound->entity_kind == ENTITY_LISTENER ? "role"
                         : bound->entity_kind == ENTITY_PLACE    ? "zone"
                                                                 : "device";
    if (event->type == EVENT_ALARM_ESCALATED) {
        (void)snprintf(ret, size, "%u%s:%s", event->escalation.step,
                       event->escalation.reason == CHAIN_REASON_NO_RECEIVER ? "!" : "", entity);
    } else {
        (void)snprintf(ret, size, "%s:%s", core_event_name(event->type) + strlen("alarm."), entity);
    }
}

static void found_write(char *ret, size_t size) {
    size_t at = 0;
    ret[0] = '\0';
    for (uint32_t i = 0; i < stage.step.event_count; i++) {
        char event[64];
        if (stage.step.events[i].alarm == RULESET_NONE) {
            continue;
        }
        event_write(&stage.step.events[i], event, sizeof event);
        at += (size_t)snprintf(ret + at, size - at, "%s%s", at > 0 ? "," : "", event);
    }
    if (stage.step.refusal != COMMAND_ACCEPTED) {
        (void)snprintf(ret, size, "%s", command_refusal_name(stage.step.refusal));
    } else if (at == 0) {
        (void)snprintf(ret, size, "-");
    }
}

static void outputs_write(char *ret, size_t size) {
    uint32_t changed[POINTS];
    uint32_t count = core_outputs_changed(stage.core, changed, POINTS);
    for (uint32_t i = 0; i < count; i++) {
        stage.on[changed[i]] = core_output(stage.core, changed[i]);
    }
    size_t at = 0;
    ret[0] = '\0';
    for (uint32_t p = 0; p < POINTS; p++) {
        assert_int_equal(stage.on[p], core_output(stage.core, p));
        if (stage.on[p]) {
            at += (size_t)snprintf(ret + at, size - at, "%s%s", at > 0 ? "," : "", point_names[p]);
        }
    }
    if (at == 0) {
        (void)snprintf(ret, size, "dark");
    }
}

/* Play lines `seconds who what : events | outputs`. */
static void story(const char *lines) {
    for (const char *line = lines; *line != '\0'; line = strchr(line, '\n') + 1) {
        double at_s;
        char who[16], what[24], wanted[96], lit[48], found[256], outputs[64];
        assert_int_equal(sscanf(line, "%lf %15s %23s : %95s | %47s", &at_s, who, what, wanted, lit),
                         5);
        struct input input = input_read(at_s, who, what);
        core_step(stage.core, &input, &stage.step);
        core_check(stage.core);
        found_write(found, sizeof found);
        outputs_write(outputs, sizeof outputs);
        if (strcmp(found, wanted) != 0 || strcmp(outputs, lit) != 0) {
            fail_msg("at %g s, %s %s: found %s | %s, wanted %s | %s", at_s, who, what, found,
                     outputs, wanted, lit);
        }
    }
}

/* --- the stories --- */

static void a_call_lights_its_lamp_until_somebody_is_there(void **state) {
    (void)state;
    story("0 start yes : - | dark\n"
          "1 one on : raised:one,1:one | lamp\n"
          "2 lamp on : - | lamp\n"
          "3 caregiver ack : acknowledged:one | lamp\n"
          "4 one off : cleared:one | lamp\n"
          "5 caregiver attend : attended:one | dark\n"
          "6 lamp off : - | dark\n"
          "7 caregiver reset : reset:one,closed:one | dark\n"
          "999 tick - : - | dark\n");
}

/* What a restart would have to wait for again is journalled when it is no longer waited for. */
static void a_receipt_changes_what_is_kept_of_the_call(void **state) {
    (void)state;
    uint32_t changed[POINTS];
    story("0 start yes : - | dark\n"
          "1 one on : raised:one,1:one | lamp\n");
    while (core_changed(stage.core, changed, POINTS) > 0) {
    }
    story("2 lamp on : - | lamp\n");
    assert_int_equal(core_changed(stage.core, changed, POINTS), 1);
    assert_int_equal(changed[0], alarm_of("one"));
}

/* A start looks at every alarm; of those that rest nothing is new that would have to be journalled. */
static void a_start_changes_nothing_of_a_call_that_nobody_made(void **state) {
    (void)state;
    uint32_t changed[POINTS];
    story("0 start yes : - | dark\n");
    assert_int_equal(core_changed(stage.core, changed, POINTS), 0);
}

/* Who resumes a snapshot asks every output once, and hears of those only that change afterwards. */
static void a_snapshot_is_taken_without_the_outputs_that_are_yet_to_be_reported(void **state) {
    (void)state;
    uint32_t changed[POINTS];
    const struct input press = input_read(1, "one", "on"),
                       attend = input_read(2, "caregiver", "attend");
    core_step(stage.core, &press, &stage.step);
    assert_int_equal(core_changed(stage.core, changed, POINTS), 1);
    size_t size = core_size(&stage.trial.ruleset);
    void *block = aligned_alloc(64, (size + 63) / 64 * 64);
    assert_non_null(block);
    core_snapshot(stage.core, block);
    struct core *resumed = core_resume(block, &stage.trial.ruleset);
    assert_true(core_output(resumed, LAMP));
    assert_int_equal(core_outputs_changed(resumed, changed, POINTS), 0);
    core_step(resumed, &attend, &stage.step);
    assert_int_equal(core_outputs_changed(resumed, changed, POINTS), 1);
    assert_int_equal(changed[0], LAMP);
    assert_false(core_output(resumed, LAMP));
    free(block);
    assert_int_equal(core_outputs_changed(stage.core, changed, POINTS), 1);
    assert_int_equal(changed[0], LAMP);
}

/* Give the picture of a core to a fresh one, and see that the picture of that is the same. */
static void a_picture_says_who_is_on_duty_and_who_can_be_reached(void **state) {
    (void)state;
    const struct ruleset *ruleset = &stage.trial.ruleset;
    const struct input told[] = {
        {.kind = INPUT_SHIFT, .state = TRUTH_TRUE},
        {.kind = INPUT_LISTENER, .state = TRUTH_FALSE},
    };
    size_t size = core_size(ruleset);
    for (unsigned i = 0; i < 2; i++) {
        core_step(stage.core, &told[i], &stage.step);
    }
    void *block = aligned_alloc(64, (size + 63) / 64 * 64);
    assert_non_null(block);
    struct core *fresh = core_init(block, ruleset, (struct instant){0});
    struct input input, again;
    unsigned found = 0;
    for (uint32_t i = 0; core_picture(stage.core, i, (struct wall){0}, &input); i++) {
        for (unsigned t = 0; t < 2; t++) {
            found +=
                input.kind == told[t].kind && input.subject == 0 && input.state == told[t].state;
        }
        core_step(fresh, &input, &stage.step);
    }
    assert_int_equal(found, 2);
    for (uint32_t i = 0; core_picture(stage.core, i, (struct wall){0}, &input); i++) {
        assert_true(core_picture(fresh, i, (struct wall){0}, &again));
        assert_int_equal(again.kind, input.kind);
        assert_int_equal(again.subject, input.subject);
        assert_int_equal(again.state, input.state);
    }
    free(block);
}

static void a_step_for_a_place_says_of_no_measurement_when_it_was(void **state) {
    tear_down(state);
    site_build_with(3, true);
    unsigned steps = 0;
    struct input press = input_read(1, "one", "on");
    press.reading.measured.ns = 77;
    core_step(stage.core, &press, &stage.step);
    for (uint32_t i = 0; i < stage.step.event_count; i++) {
        const struct core_event *event = &stage.step.events[i];
        if (event->type == EVENT_ALARM_ESCALATED) {
            assert_int_equal(event->measured.ns, event->point == RULESET_NONE ? 0 : 77);
            steps |= event->point == RULESET_NONE ? 2 : 1;
        }
    }
    assert_int_equal(steps, 3);
}

/* Two rooms side by side, each with a lamp and a button. */
static void a_call_leaves_the_lamp_next_door_dark(void **state) {
    (void)state;
    enum { LAMP_HERE, BUTTON_HERE, LAMP_THERE };
    core_end();
    trial_deinit(&stage.trial);
    struct trial *trial = &stage.trial;
    trial_init(trial, 0, 1);
    uint32_t home = trial_place(trial, RULESET_NONE, PLACE_HOME_CARE_CENTRE);
    uint32_t device = trial_device(trial, 0);
    uint32_t rooms[] = {trial_place(trial, home, PLACE_BEDROOM),
                        trial_place(trial, home, PLACE_BEDROOM)};
    for (unsigned i = 0; i < 2; i++) {
        trial_point(trial, rooms[i], device, POINT_CALL_LAMP);
        trial_point(trial, rooms[i], device, POINT_EMERGENCY_BUTTON);
    }
    trial_point_rule(trial, TRIAL_KIND(POINT_EMERGENCY_BUTTON), "value", CLASS_CALL_EMERGENCY)
        ->chain = trial_chain(trial, call_steps, 1);
    assert_true(trial_bind(trial));
    for (unsigned i = 0; i < 2; i++) {
        if (i > 0) {
            core_end();
        }
        core_new();
        const struct input press = {.kind = INPUT_READING,
                                    .reading = {.point = 2 * i + BUTTON_HERE, .value = 1}};
        core_step(stage.core, &press, &stage.step);
        core_check(stage.core);
        assert_int_equal(core_output(stage.core, LAMP_HERE), i == 0);
        assert_int_equal(core_output(stage.core, LAMP_THERE), i == 1);
    }
}

static void a_lamp_is_lit_as_long_as_one_call_wants_it(void **state) {
    (void)state;
    story("0 start yes : - | dark\n"
          "1 one on : raised:one,1:one | lamp\n"
          "2 two on : raised:two,1:two | lamp\n"
          "3 caregiver attend:one : attended:one | lamp\n"
          "4 caregiver attend:two : attended:two | dark\n"
          "5 one off : cleared:one | dark\n"
          "6 one on : reraised:one | lamp\n"
          "7 caregiver attend:one : attended:one | dark\n");
}

static void a_call_escalates_until_the_right_role_acknowledges(void **state) {
    (void)state;
    story("0 start yes : - | dark\n"
          "1 one on : raised:one,1:one | lamp\n"
          "1.5 lamp on : - | lamp\n"
          "60.999 tick - : - | lamp\n"
          "61 tick - : 2:one | lamp\n"
          "61.5 tick - : 3!:one | lamp\n" /* no people's devices yet: the shift hears nothing */
          "62 receipt 3.1 : - | lamp\n"
          "63 security ack : acknowledged:one | lamp\n"
          "64 engineer ack : already_acknowledged | lamp\n"
          "65 manager ack : acknowledged:one | lamp\n"
          "66 manager ack : already_acknowledged | lamp\n");
}

static void an_acknowledgement_by_a_wrong_role_stops_nothing(void **state) {
    (void)state;
    story("0 start yes : - | dark\n"
          "1 one on : raised:one,1:one | lamp\n"
          "1 lamp on : - | lamp\n"
          "2 security ack : acknowledged:one | lamp\n"
          "61 tick - : 2:one | lamp\n");
}

/* All steps are over and nobody came: whoever calls again is not told that everybody was called. */
/* Whoever silences it, or has been there, has not said that he will see to it. */
static void nothing_but_an_acknowledgement_stops_a_call(void **state) {
    (void)state;
    story("0 start yes : - | dark\n"
          "1 one on : raised:one,1:one | lamp\n"
          "2 lamp on : - | lamp\n"
          "3 caregiver silence : silenced:one | lamp\n"
          "4 caregiver attend : attended:one | dark\n"
          "60.9 tick - : - | dark\n"
          "61 tick - : 2:one | dark\n");
}

/* A shift that goes home takes its people along, and no webhook. */
static void a_shift_that_ends_leaves_the_webhooks_be(void **state) {
    (void)state;
    story("0 start yes : - | dark\n"
          "1 shift no : - | dark\n"
          "999 tick - : - | dark\n");
}

static void a_new_call_after_the_last_step_calls_everybody_anew(void **state) {
    (void)state;
    story("0 start yes : - | dark\n"
          "1 one on : raised:one,1:one | lamp\n"
          "1 lamp on : - | lamp\n"
          "2 one off : cleared:one | lamp\n"
          "3 one on : reraised:one | lamp\n" /* the chain runs: it goes on */
          "4 one off : cleared:one | lamp\n"
          "61 tick - : 2:one | lamp\n"
          "181 tick - : 3:one | lamp\n"
          "1000 one on : reraised:one,1:one | lamp\n");
}

static void an_acknowledged_call_goes_no_further(void **state) {
    (void)state;
    story("0 start yes : - | dark\n"
          "1 one on : raised:one,1:one | lamp\n"
          "1 lamp on : - | lamp\n"
          "60 caregiver ack : acknowledged:one | lamp\n"
          "100 caregiver attend : attended:one | dark\n"
          "999 tick - : - | dark\n");
}

static void a_lamp_that_is_broken_or_lost_is_no_receiver(void **state) {
    (void)state;
    story("0 start yes : - | dark\n"
          "1 one on : raised:one,1:one | lamp\n"
          "2 lamp fault : 2!:one,raised:lamp | lamp\n"
          "2.1 tick - : 3!:one | lamp\n"
          "3 lamp on : cleared:lamp | lamp\n"
          "4 lamps gone : raised:device,suppressed:lamp | lamp\n"
          "5 two on : raised:two,1:two | lamp\n"
          "5.1 tick - : 2!:two | lamp\n"
          "5.2 tick - : 3!:two | lamp\n");
}

static void a_lamp_that_does_not_read_back_is_waited_for_fifteen_seconds(void **state) {
    (void)state;
    story("0 start yes : - | dark\n"
          "1 one on : raised:one,1:one | lamp\n"
          "15.999 tick - : - | lamp\n"
          "16 tick - : 2!:one | lamp\n"
          "16.1 tick - : 3!:one | lamp\n");
}

/* A receipt stays: the second call was seen by whoever the lamp called first. */
static void a_lamp_that_is_lit_already_is_a_receiver_and_may_go_dark(void **state) {
    (void)state;
    story("0 start yes : - | dark\n"
          "1 one on : raised:one,1:one | lamp\n"
          "2 lamp on : - | lamp\n"
          "3 two on : raised:two,1:two | lamp\n"
          "4 two uncertain : - | lamp\n"
          "5 lamp off : - | lamp\n"
          "19 tick - : - | lamp\n");
}

static void what_comes_at_once_comes_with_the_next_input_of_the_same_instant(void **state) {
    (void)state;
    story("0 start yes : - | dark\n"
          "1 lamps gone : raised:device | dark\n"
          "2 one on : raised:one,1:one | lamp\n"
          "2 one uncertain : 2!:one | lamp\n"
          "2 one on : 3!:one | lamp\n");
}

/* A chain whose second step is a webhook has come to it, at second 61: its receipt is waited for. */
static void story_calls_webhook(void) {
    core_end();
    trial_deinit(&stage.trial);
    site_build(3);
    stage.trial.steps[1].webhook = 0;
    story("0 start yes : - | dark\n"
          "1 one on : raised:one,1:one | lamp\n"
          "1 lamp on : - | lamp\n"
          "61 tick - : 2:one | lamp\n");
}

static void a_webhook_that_confirms_is_a_receiver(void **state) {
    (void)state;
    story_calls_webhook();
    story("70 receipt 1.1 : - | lamp\n" /* of an earlier step */
          "70 receipt 2.7 : - | lamp\n" /* of another run */
          "75.999 receipt 2.1 : - | lamp\n"
          "180.999 tick - : - | lamp\n"
          "181 tick - : 3:one | lamp\n");
}

/* … and what it says of another step, or of a call that was before, is none of this one. */
static void a_receipt_of_another_call_holds_nobody_up(void **state) {
    (void)state;
    core_end();
    trial_deinit(&stage.trial);
    site_build(3);
    stage.trial.steps[1].webhook = 0;
    story("0 start yes : - | dark\n"
          "1 one on : raised:one,1:one | lamp\n"
          "1 lamp on : - | lamp\n"
          "61 tick - : 2:one | lamp\n"
          "70 receipt 1.1 : - | lamp\n"
          "71 receipt 2.7 : - | lamp\n"
          "75.999 tick - : - | lamp\n"
          "76 tick - : 3!:one | lamp\n"); /* nobody has it: the next one, long before his turn */
}

/* Of a webhook there is nothing but its receipt: what comes of it is journalled at once. */
static void a_webhook_that_confirms_changes_what_is_kept_of_the_call(void **state) {
    (void)state;
    uint32_t changed[POINTS];
    story_calls_webhook();
    while (core_changed(stage.core, changed, POINTS) > 0) {
    }
    story("62 receipt 2.1 : - | lamp\n");
    assert_int_equal(core_changed(stage.core, changed, POINTS), 1);
    assert_int_equal(changed[0], alarm_of("one"));
}

static void
a_walk_through_one_room_calls_nobody_for_the_whole_centre_until_it_is_in_earnest(void **state) {
    (void)state;
    core_end();
    trial_deinit(&stage.trial);
    site_build_with(3, true);
    story("0 start yes : - | dark\n"
          "1 two off : - | dark\n"
          "1 panic off : - | dark\n"
          "1 desk off : - | dark\n"
          "1 caregiver test : - | dark\n"
          "2 one on : raised:one,raised:zone | dark\n"
          "3 one off : cleared:one,cleared:zone | dark\n"
          "4 two on : raised:two,reraised:zone | dark\n"
          "5 panic off : - | dark\n" /* it speaks, and has not tripped */
          "6 panic on : raised:panic,1:panic,realarmed:zone,1:zone | dark\n");
    core_end();
    core_new();
    story("0 start yes : - | dark\n"
          "1 two off : - | dark\n"
          "1 panic off : - | dark\n"
          "1 desk off : - | dark\n"
          "1 caregiver test : - | dark\n"
          "2 panic on : raised:panic,1:panic,raised:zone,1:zone | dark\n"
          "3 one on : raised:one,2!:panic,2!:zone | release\n");
    core_end();
    core_new();
    story(
        "0 start yes : - | dark\n"
        "1 caregiver test : - | dark\n"
        "2 one on : raised:one,raised:zone | dark\n"
        "2.5 haze on : raised:haze,1:haze | siren\n" /* which the alarm does not read */
        "2.7 two on : raised:two | siren\n"
        "3 desk on : raised:desk,1:desk,realarmed:zone,1:zone | siren\n"); /* of the place itself */
}

static void who_chatters_calls_everybody_once_a_minute(void **state) {
    (void)state;
    core_end();
    trial_deinit(&stage.trial);
    site_build(1);
    story("0 start yes : - | dark\n"
          "1 one on : raised:one,1:one | lamp\n"
          "2 one off : cleared:one | lamp\n"
          "3 one on : reraised:one,1:one | lamp\n"
          "4 one off : cleared:one | lamp\n"
          "5 one on : reraised:one | lamp\n" /* the third within a minute */
          "6 one off : cleared:one | lamp\n"
          "7 one on : reraised:one | lamp\n"
          "8 caregiver ack : acknowledged:one | lamp\n"
          "9 one off : cleared:one | lamp\n"
          "10 one on : reraised:one,1:one | lamp\n"
          "11 one off : cleared:one | lamp\n"
          "12 one on : reraised:one | lamp\n"
          "13 one off : cleared:one | lamp\n"
          "80 one on : reraised:one,1:one | lamp\n"); /* it has been quiet for a minute */
    core_end();
    core_new();
    story("0 start yes : - | dark\n"
          "1 one on : raised:one,1:one | lamp\n"
          "11 one off : cleared:one | lamp\n"
          "21 one on : reraised:one,1:one | lamp\n"
          "31 one off : cleared:one | lamp\n"
          "41 one on : reraised:one | lamp\n"
          "61 one off : cleared:one | lamp\n"
          "80.999 one on : reraised:one | lamp\n"
          "80.999 one off : cleared:one | lamp\n"
          "81 one on : reraised:one,1:one | lamp\n"); /* nobody has come for a minute */
}

static void who_is_no_emergency_has_half_a_minute_more_to_be_called(void **state) {
    (void)state;
    stage.trial.arrays.rules[CALL].priority = PRIORITY_HIGH;
    stage.trial.steps[1].webhook = 0;
    story(
        "0 start yes : - | dark\n"
        "1 one on : raised:one,1:one | lamp\n" /* the lamp does not wait, nor is it waited for longer */
        "15.999 tick - : - | lamp\n"
        "16 tick - : 2!:one | lamp\n"
        "60.999 tick - : - | lamp\n"
        "61 tick - : 3!:one | lamp\n");
    core_end();
    core_new();
    story("0 start yes : - | dark\n"
          "1 one on : raised:one,1:one | lamp\n"
          "1 lamp on : - | lamp\n"
          "61 tick - : 2:one | lamp\n"
          "105.999 receipt 2.1 : - | lamp\n"
          "180.999 tick - : - | lamp\n"
          "181 tick - : 3:one | lamp\n");
    core_end();
    core_new();
    story("0 start yes : - | dark\n"
          "0.5 hook no : - | dark\n"
          "1 one on : raised:one,1:one | lamp\n"
          "1 lamp on : - | lamp\n"
          "61 tick - : 2:one | lamp\n"
          "106 tick - : 3!:one | lamp\n");
}

static void a_webhook_that_is_off_or_known_to_be_down_is_none(void **state) {
    (void)state;
    story_calls_webhook();
    story("61 hook no : - | lamp\n" /* one attempt that failed: it is tried again */
          "75 tick - : - | lamp\n"
          "76 tick - : 3!:one | lamp\n"
          "80 two on : raised:two,1:two | lamp\n"
          "140 tick - : 2:two | lamp\n"
          "140.1 tick - : 3!:two | lamp\n");
    core_end();
    core_new();
    story("0 start yes : - | dark\n"
          "1 one on : raised:one,1:one | lamp\n"
          "1 lamp on : - | lamp\n"
          "61 tick - : 2:one | lamp\n"
          "62 refusal 2.1 : 3!:one | lamp\n");
}

/* He is no listener: what is known of those says nothing of him. */
static void a_single_person_is_waited_for_until_nothing_is_said_to_reach_him(void **state) {
    (void)state;
    core_end();
    trial_deinit(&stage.trial);
    site_build(3);
    stage.trial.steps[1].webhook = stage.trial.ruleset.listener_count;
    story("0 start yes : - | dark\n"
          "0 hook no : - | dark\n"
          "1 one on : raised:one,1:one | lamp\n"
          "1 lamp on : - | lamp\n"
          "61 tick - : 2:one | lamp\n"
          "61 hook no : - | lamp\n"
          "62 refusal 2.1 : 3!:one | lamp\n");
}

static void a_sounder_is_off_while_silenced(void **state) {
    (void)state;
    story("0 start yes : - | dark\n"
          "1 smoke on : raised:smoke,1:smoke | siren\n"
          "1 siren on : - | siren\n"
          "15 security ack:smoke : acknowledged:smoke | siren\n"
          "17 security silence:smoke : silenced:smoke | dark\n"
          "77 tick - : unsilenced:smoke | siren\n"
          "79 smoke off : cleared:smoke | siren\n"
          "80 security reset:smoke : reset:smoke,closed:smoke | dark\n");
}

/* No rule of the site confirms a fire: those who were told of the first detector are called again. */
static void a_promoted_fire_calls_again_whom_the_first_detector_called(void **state) {
    (void)state;
    story("0 start yes : - | dark\n"
          "1 smoke on : raised:smoke,1:smoke | siren\n"
          "1 siren on : - | siren\n"
          "16 tick - : 2:smoke,raised:zone,1:zone | siren,release\n"
          "17 security silence:smoke : silenced:smoke | siren,release\n"
          "31 tick - : 2:zone | siren,release\n");
}

static void the_doors_stay_released_while_the_sounder_is_silenced(void **state) {
    (void)state;
    story("0 start yes : - | dark\n"
          "1 panic on : raised:panic,1:panic | dark\n"
          "2 tick - : 2!:panic | release\n"
          "3 security silence:panic : silenced:panic | release\n");
}

static void a_silent_class_sounds_nothing_at_the_place(void **state) {
    (void)state;
    story("0 start yes : - | dark\n"
          "1 panic on : raised:panic,1:panic | dark\n"
          "2 tick - : 2!:panic | release\n");
}

static void nobody_is_told_of_what_is_out_of_service(void **state) {
    (void)state;
    story("0 start yes : - | dark\n"
          "1 one on : raised:one,1:one | lamp\n"
          "2 engineer out : out_of_service:one | dark\n"
          "61 tick - : - | dark\n"
          "62 tick - : in_service:one,1:one | lamp\n"
          "63 lamp on : - | lamp\n"
          "122 tick - : 2:one | lamp\n");
}

static void a_call_that_nobody_went_to_begins_anew(void **state) {
    (void)state;
    story("0 start yes : - | dark\n"
          "1 one on : raised:one,1:one | lamp\n"
          "1 lamp on : - | lamp\n"
          "10 caregiver ack : acknowledged:one | lamp\n"
          "309.999 tick - : - | lamp\n"
          "310 tick - : realarmed:one,1:one | lamp\n"
          "370 tick - : 2:one | lamp\n");
}

/* What its later steps had switched is off until they are reached again, and may go off then. */
static void what_begins_anew_holds_nothing_of_the_steps_that_are_yet_to_come(void **state) {
    (void)state;
    story("0 start yes : - | dark\n"
          "1 panic on : raised:panic,1:panic | dark\n"
          "1.1 tick - : 2!:panic | release\n"
          "2 security ack:panic : acknowledged:panic | release\n"
          "302 tick - : realarmed:panic,1:panic | dark\n"
          "302.1 tick - : 2!:panic | release\n"
          "303 panic off : cleared:panic | release\n"
          "304 security ack:panic : acknowledged:panic | release\n"
          "305 security attend:panic : attended:panic | release\n"
          "306 security reset:panic : reset:panic,closed:panic | dark\n");
}

static void a_press_after_the_acknowledgement_tells_everybody_again(void **state) {
    (void)state;
    story("0 start yes : - | dark\n"
          "1 one on : raised:one,1:one | lamp\n"
          "1 lamp on : - | lamp\n"
          "2 caregiver ack : acknowledged:one | lamp\n"
          "3 one off : cleared:one | lamp\n"
          "4 one on : reraised:one,1:one | lamp\n"
          "5 one off : cleared:one | lamp\n"
          "6 one on : reraised:one | lamp\n" /* it runs already */
          "64 tick - : 2:one | lamp\n");
}

static void who_is_on_duty_is_told_with_the_step(void **state) {
    (void)state;
    static const struct {
        const char *shift;
        enum truth on_duty;
    } rows[] = {{"yes", TRUTH_TRUE}, {"no", TRUTH_FALSE}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char lines[128];
        (void)snprintf(lines, sizeof lines,
                       "0 start yes : - | dark\n"
                       "0 shift %s : - | dark\n"
                       "1 one on : raised:one,1:one | lamp\n"
                       "1 lamp on : - | lamp\n",
                       rows[i].shift);
        core_end();
        core_new();
        story(lines);
        story("61 tick - : 2:one | lamp\n");
        assert_int_equal(stage.step.events[0].escalation.on_duty, rows[i].on_duty);
        assert_int_equal(stage.step.events[0].escalation.run, 1);
    }
}

static void a_role_without_a_receiver_for_ten_minutes_is_an_alarm(void **state) {
    (void)state;
    story("0 start yes : - | dark\n"
          "1 hook no : - | dark\n"
          "600.999 tick - : - | dark\n"
          "601 tick - : raised:role | dark\n"
          "602 hook yes : cleared:role | dark\n"
          "603 hook no : reraised:role | dark\n");
}

/* The first webhook's role is in the first shift from now on. */
static void role_of_shift(void) {
    stage.trial.listener_shifts[0] = 1;
}

static void the_ten_minutes_of_a_role_are_of_its_shift(void **state) {
    (void)state;
    role_of_shift();
    story("0 start yes : - | dark\n"
          "1 hook no : - | dark\n"
          "900 tick - : - | dark\n" /* nobody knows yet who is on duty */
          "1000 shift no : - | dark\n"
          "2000 tick - : - | dark\n"
          "3000 shift yes : - | dark\n"
          "3400 shift no : - | dark\n" /* 400 s of duty are over, the rest waits for the next one */
          "9000 tick - : - | dark\n"
          "10000 shift yes : - | dark\n"
          "10199.999 tick - : - | dark\n"
          "10200 tick - : raised:role | dark\n");
}

/* As many shifts as there may be, and the role is in the last of them. */
static void the_last_of_the_most_shifts_is_one(void **state) {
    (void)state;
    core_end();
    trial_deinit(&stage.trial);
    site_build(3);
    core_end();
    stage.trial.shift_count = LIMIT_SHIFTS;
    stage.trial.listener_shifts[0] = UINT64_C(1) << (LIMIT_SHIFTS - 1);
    assert_true(trial_bind(&stage.trial));
    core_new();
    struct input last = {
        .kind = INPUT_SHIFT, .subject = LIMIT_SHIFTS - 1, .state = TRUTH_TRUE, .at = {NS_PER_S}};
    story("0 start yes : - | dark\n"
          "0 shift no : - | dark\n"
          "1 hook no : - | dark\n");
    core_step(stage.core, &last, &stage.step);
    story("600.999 tick - : - | dark\n"
          "601 tick - : raised:role | dark\n");
}

static void a_receiver_that_can_be_reached_off_duty_begins_the_ten_minutes_anew(void **state) {
    (void)state;
    role_of_shift();
    story("0 start yes : - | dark\n"
          "0 shift yes : - | dark\n"
          "1 hook no : - | dark\n"
          "501 shift no : - | dark\n"
          "510 hook yes : - | dark\n"
          "520 hook no : - | dark\n"
          "1000 shift yes : - | dark\n"
          "1599.999 tick - : - | dark\n"
          "1600 tick - : raised:role | dark\n");
}

static void the_end_of_a_shift_does_not_clear_that_nobody_listens(void **state) {
    (void)state;
    role_of_shift();
    story("0 start yes : - | dark\n"
          "0 shift yes : - | dark\n"
          "1 hook no : - | dark\n"
          "601 tick - : raised:role | dark\n"
          "700 shift no : - | dark\n"
          "800 shift yes : - | dark\n"
          "900 shift no : - | dark\n"
          "901 hook yes : cleared:role | dark\n");
}

/* Both are the site's: 40 s to confirm a receipt, and two minutes for a role without a receiver. */
static void a_site_says_how_long_receivers_have(void **state) {
    (void)state;
    struct alarm_times times = alarm_times_default;
    times.receipt_s = 40;
    times.nobody_listening_s = 120;
    stage.trial.ruleset.times = &times;
    story("0 start yes : - | dark\n"
          "1 one on : raised:one,1:one | lamp\n"
          "40.999 tick - : - | lamp\n"
          "41 tick - : 2!:one | lamp\n");
    core_end();
    trial_deinit(&stage.trial);
    site_times = &times;
    site_build(3);
    site_times = &alarm_times_default;
    story("0 start yes : - | dark\n"
          "1 hook no : - | dark\n"
          "120.999 tick - : - | dark\n"
          "121 tick - : raised:role | dark\n");
}

/* --- restarts --- */

/*
 * Put everything that is recorded of the alarm of `point` into a new core that begins at `now`, with
 * whom the first step tells.
 */
static void restart_telling(const char *point, uint64_t from_s, uint64_t now_s, enum chain_to to) {
    uint32_t alarm = alarm_of(point);
    struct alarm_record record;
    struct chain_record chain;
    struct instant from = {from_s * NS_PER_S};
    struct instant now = {now_s * NS_PER_S};
    core_record(stage.core, alarm, from, &record);
    core_record_chain(stage.core, alarm, from, &chain);
    core_end();
    stage.trial.steps[0].to = (uint8_t)to;
    core_new();
    (void)core_restore(stage.core, alarm, &record, NULL, 0, now);
    core_restore_chain(stage.core, alarm, &chain, now);
    core_check(stage.core);
}

static void restart(const char *point, uint64_t from_s, uint64_t now_s) {
    restart_telling(point, from_s, now_s, (enum chain_to)stage.trial.steps[0].to);
}

static void a_restart_lights_the_lamp_again_and_goes_on_counting(void **state) {
    (void)state;
    story("0 start yes : - | dark\n"
          "1 one on : raised:one,1:one | lamp\n"
          "2 lamp on : - | lamp\n");
    restart("one", 41, 5); /* 20 s are left */
    story("5 start yes : - | lamp\n"
          "6 one on : - | lamp\n"
          "24.999 tick - : - | lamp\n"
          "25 tick - : 2:one | lamp\n");
}

/* That of a webhook may still come, and is waited for as long as it was before. */
static void a_restart_goes_on_waiting_for_a_webhook(void **state) {
    (void)state;
    story_calls_webhook();
    restart("one", 66, 5); /* ten seconds are left */
    story("5 start yes : - | lamp\n"
          "6 one on : - | lamp\n"
          "14.999 tick - : - | lamp\n"
          "15 tick - : 3!:one | lamp\n");
}

static void a_restart_does_not_tell_again_what_was_acknowledged(void **state) {
    (void)state;
    story("0 start yes : - | dark\n"
          "1 one on : raised:one,1:one | lamp\n"
          "2 caregiver ack : acknowledged:one | lamp\n");
    restart("one", 3, 5);
    story("5 start yes : - | lamp\n"
          "6 one on : - | lamp\n"
          "90 caregiver attend : attended:one | dark\n");
}

/* A site that gives a rule its first chain while an alarm is open. */
static void an_open_call_without_a_run_begins_one_at_the_start(void **state) {
    (void)state;
    story("0 start yes : - | dark\n"
          "1 one on : raised:one,1:one | lamp\n");
    uint32_t alarm = alarm_of("one");
    struct alarm_record record;
    core_record(stage.core, alarm, (struct instant){NS_PER_S}, &record);
    core_end();
    core_new();
    (void)core_restore(stage.core, alarm, &record, NULL, 0, (struct instant){0});
    story("0 start yes : 1:one | lamp\n");
}

static void a_chain_that_has_become_shorter_is_told_once_more(void **state) {
    (void)state;
    story("0 start yes : - | dark\n"
          "1 one on : raised:one,1:one | lamp\n"
          "1 lamp fault : 2!:one,raised:lamp | lamp\n"
          "1.1 tick - : 3!:one | lamp\n");
    stage.trial.chains[0].step_count = 1;
    restart("one", 2, 2);
    story("2 start yes : 1:one | lamp\n"
          "999 tick - : - | lamp\n");
}

/* A step stands before the others now: its people are told, and after them everybody once more. */
static void nobody_is_left_out_who_comes_into_a_chain_that_runs(void **state) {
    (void)state;
    story("0 start yes : - | dark\n"
          "1 one on : raised:one,1:one | lamp\n");
    restart_telling("one", 2, 2, CHAIN_TO_EVERYONE);
    story("2 start yes : 1:one | lamp\n");
}

/* --- the bound on events --- */

static void the_most_events_of_a_step_are_foreseen(void **state) {
    (void)state;
    const struct ruleset *ruleset = &stage.trial.ruleset;
    /* Each alarm, the one that is acted on twice, and each may follow its cause. */
    uint32_t alarms = ALARM_TOLD_MAX * (ruleset->alarm_count + 1) + ruleset->alarm_count;
    /* What was never tested, tests that end or are due, a start or a reading, both ends of a flood. */
    uint32_t activity = ruleset->point_count + 2 * ruleset->place_count + 5;
    assert_int_equal(core_events_max(ruleset), alarms + 2 * 7 + activity);
}

int main(void) {
#define STORY(test) cmocka_unit_test_setup_teardown(test, build, tear_down)
    const struct CMUnitTest tests[] = {
        STORY(a_call_lights_its_lamp_until_somebody_is_there),
        STORY(a_receipt_changes_what_is_kept_of_the_call),
        STORY(a_start_changes_nothing_of_a_call_that_nobody_made),
        STORY(a_snapshot_is_taken_without_the_outputs_that_are_yet_to_be_reported),
        STORY(a_picture_says_who_is_on_duty_and_who_can_be_reached),
        STORY(a_step_for_a_place_says_of_no_measurement_when_it_was),
        STORY(a_call_leaves_the_lamp_next_door_dark),
        STORY(a_lamp_is_lit_as_long_as_one_call_wants_it),
        STORY(a_call_escalates_until_the_right_role_acknowledges),
        STORY(an_acknowledgement_by_a_wrong_role_stops_nothing),
        STORY(nothing_but_an_acknowledgement_stops_a_call),
        STORY(a_shift_that_ends_leaves_the_webhooks_be),
        STORY(a_new_call_after_the_last_step_calls_everybody_anew),
        STORY(an_acknowledged_call_goes_no_further),
        STORY(a_lamp_that_is_broken_or_lost_is_no_receiver),
        STORY(a_lamp_that_is_lit_already_is_a_receiver_and_may_go_dark),
        STORY(what_comes_at_once_comes_with_the_next_input_of_the_same_instant),
        STORY(a_lamp_that_does_not_read_back_is_waited_for_fifteen_seconds),
        STORY(a_webhook_that_confirms_is_a_receiver),
        STORY(a_receipt_of_another_call_holds_nobody_up),
        STORY(a_webhook_that_confirms_changes_what_is_kept_of_the_call),
        STORY(a_walk_through_one_room_calls_nobody_for_the_whole_centre_until_it_is_in_earnest),
        STORY(who_chatters_calls_everybody_once_a_minute),
        STORY(who_is_no_emergency_has_half_a_minute_more_to_be_called),
        STORY(a_webhook_that_is_off_or_known_to_be_down_is_none),
        STORY(a_single_person_is_waited_for_until_nothing_is_said_to_reach_him),
        STORY(a_sounder_is_off_while_silenced),
        STORY(the_doors_stay_released_while_the_sounder_is_silenced),
        STORY(a_promoted_fire_calls_again_whom_the_first_detector_called),
        STORY(a_silent_class_sounds_nothing_at_the_place),
        STORY(nobody_is_told_of_what_is_out_of_service),
        STORY(a_call_that_nobody_went_to_begins_anew),
        STORY(what_begins_anew_holds_nothing_of_the_steps_that_are_yet_to_come),
        STORY(a_press_after_the_acknowledgement_tells_everybody_again),
        STORY(who_is_on_duty_is_told_with_the_step),
        STORY(a_role_without_a_receiver_for_ten_minutes_is_an_alarm),
        STORY(the_ten_minutes_of_a_role_are_of_its_shift),
        STORY(the_last_of_the_most_shifts_is_one),
        STORY(a_receiver_that_can_be_reached_off_duty_begins_the_ten_minutes_anew),
        STORY(the_end_of_a_shift_does_not_clear_that_nobody_listens),
        STORY(a_site_says_how_long_receivers_have),
        STORY(a_restart_lights_the_lamp_again_and_goes_on_counting),
        STORY(a_restart_goes_on_waiting_for_a_webhook),
        STORY(a_restart_does_not_tell_again_what_was_acknowledged),
        STORY(an_open_call_without_a_run_begins_one_at_the_start),
        STORY(a_chain_that_has_become_shorter_is_told_once_more),
        STORY(nobody_is_left_out_who_comes_into_a_chain_that_runs),
        STORY(the_most_events_of_a_step_are_foreseen),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
