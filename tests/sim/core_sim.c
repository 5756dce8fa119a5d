/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Random lives of the core
 *
 *     core_sim SEED [STEPS]
 *     core_sim FIRST-LAST [STEPS]
 *     core_sim SEED|FIRST-LAST [STEPS] CONTROL
 *
 * live one seed, or each of a batch; the seed is printed first, so that a life that ends badly can be
 * lived again. A control plants a defect, which the claims have to find: only then is all well.
 *
 *     forget_trips     a restart no longer knows what was tripped, in tests and in earnest
 *     forget_earnest   … and takes what was tripped in earnest for a test
 *
 * A seed decides a site (some centres with rooms, devices and points) and what happens there: good
 * readings, faults, readings from devices that are lost already, silence, calendars, commands at
 * the wrong time, ticks that come late or not at all, and restarts out of a journal that holds
 * nothing but what core_changed() asked for.
 *
 * Beside the core goes a shadow, which knows only what went in. It does not decide alarms; it says
 * what may lower one, and that is little:
 *
 *   S1  An alarm is lowered (cleared, or its delay ended early) only by news that says the danger
 *       is over: a usable reading of its own point, the calendar, or the end of a window. Bad
 *       quality, silence, a start and time by itself lower nothing else.
 *   S2  An alarm is closed only as it is cleared or attended, or by a command for it; reset only by a command,
 *       with a last reading that is good and at rest.
 *   S3  A call or a fire is raised by the very reading that shows it; so is a confirmed fire by the
 *       second detector in the window, whatever restarts lie between the two.
 *   S4  A restart keeps every axis of every alarm, and its occurrence; every test, what it has
 *       ticked off, and the flood. Of a delay the journal knows whether it runs or stands, so that the
 *       next restart takes no time off that did not count.
 *   S5  No axis but `pending` changes without an event that says so.
 *   S6  After the site is well again and people have done their work, every alarm is normal and every
 *       lamp is dark.
 *   S7  What is still active when its last suppression, or its test, ends is unacknowledged, and
 *       keeps the time at which it was raised.
 *   S8  The same seed gives the same events, whatever was in the core's block before.
 *   S8  Steps of an escalation tell of open alarms only, and come one after the other, each once in
 *       its run, over restarts too. (That an output is on exactly while an alarm holds it is looked
 *       at by core_check() after every step.)
 *   S9  Tests and floods run from the event that begins them to the one that ends them, over
 *       restarts too.
 *   T1  A fire that two detectors confirm, neither of which is under test, is told: its alarm is no
 *       test and its chain calls, whatever tests run elsewhere, begin, end, or are restarted. (What was in
 *       earnest before a restart is not known of a detector that is tripped again in a test of its room.)
 *   T2  What was tripped in tests alone calls nobody: a call or a fire is raised in earnest only by a
 *       point that was tripped in earnest, a confirmed fire by two detectors or a call point. Restarts
 *       make memories younger, as after a power cut: a detector that had been at rest for longer than
 *       the window may count again as anything; what was tripped in it counts as what it was.
 *
 * A batch in which one of these was never put to the test has failed as well. Of a single life that is
 * not asked: what is rare, as that two people say of the same fire whether it is real, passes by one life
 * in some hundreds, and says nothing about the core.
 */

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rules/core.h"
#include "tests/support/trial.h"

enum { STEPS = 40000, WINDOW_S = 60, POINTS_PER_ROOM = 6, NORMAL_TRIES = 24, DAY_S = 86400 };
enum { CALL, FIRE, CONFIRMED, HELD, ASSIST, HOT, FALL, NIGHT, WEEKEND, RULES };
enum { COMPONENTS = 2, CALENDARS = 2, CALENDAR = 1 };

static const enum point_kind kinds[] = {
    POINT_EMERGENCY_BUTTON, POINT_SMOKE,         POINT_HEAT,      POINT_MANUAL_CALL_POINT,
    POINT_DOOR_CONTACT,     POINT_ASSIST_BUTTON, POINT_FALL,      POINT_TEMPERATURE,
    POINT_ACCESS_READER,    POINT_CHECKPOINT,    POINT_CALL_LAMP, POINT_SOUNDER,
    POINT_ATTEND_BUTTON,
};
enum { KINDS = sizeof kinds / sizeof kinds[0] };

/* What the journal would hold of one alarm. */
struct row {
    bool written;
    struct alarm_record record;
    struct chain_record chain;
};

/*
 * How a point that is true, by its last word, has become so. Either: it was lost, and its test ended, between
 * two inputs, and what came first is not to be seen from outside; or a restart does not know of it.
 */
enum trip { TRIP_NONE, TRIP_EARNEST, TRIP_TESTED, TRIP_EITHER };

/* What went in about one point. */
struct shadow {
    bool usable; /* the last reading was */
    double value;
    struct instant true_until; /* when it was last known to be true; 0 when never */
    enum trip trip;
    bool known_true;              /* it was, after the last step */
    struct instant tripped_until; /* when it was last tripped, in whatever way; 0 when never */
    struct instant earnest_until; /* … and seen true in earnest */
    struct instant maybe_until;   /* … and may have been in earnest, as far as is remembered */
    bool unrecorded;              /* a restart does not know that it was */
};

enum control { CONTROL_NONE, CONTROL_FORGET_TRIPS, CONTROL_FORGET_EARNEST, CONTROL_COUNT };

/* How often each thing that the claims are about has happened. */
struct tally {
    uint64_t events[EVENT_TYPE_COUNT];
    uint64_t refusals[COMMAND_REFUSAL_COUNT];
    uint64_t resumed;          /* suppressions and tests that ended while the alarm was active */
    uint64_t restarts_open;    /* restarts with an open alarm */
    uint64_t restarts_pending; /* … and with a delay that ran or stood still */
    uint64_t threatened;       /* bad readings of points with an active alarm */
    uint64_t windows_ended;    /* alarms that were cleared by the end of a window */
    uint64_t chains_resumed;   /* restarts in the middle of an escalation */
    uint64_t tests_resumed;    /* … and of a test */
    uint64_t floods_resumed;   /* … and of a flood */
    uint64_t unheard;          /* steps that came because nobody received the one before */
    uint64_t confirmed_beside; /* fires confirmed in earnest while something is under test */
    uint64_t confirmed_tests;  /* … and in tests alone */
    uint64_t trips_resumed;    /* restarts in a window with what was tripped in a test alone */
};

struct life {
    uint64_t seed;
    uint64_t random;
    uint64_t digest;
    uint32_t steps;
    unsigned char poison; /* fills the block before the core is built */
    struct trial trial;
    void *block;
    struct core *core;
    struct step step;
    struct instant now;
    struct alarm *before; /* by alarm: how it was before the step */
    bool *told;           /* by alarm: the step said something of it */
    struct row *rows;
    struct memory_record *memories;
    uint32_t *changed;
    struct core_escalation *escalations; /* by alarm: the last step that was told */
    struct shadow shadows[TRIAL_POINTS];
    struct core_trip_record trips[TRIAL_POINTS]; /* as recorded last, at `trips_at` */
    bool trips_count[TRIAL_POINTS];
    struct instant trips_at;
    enum control control;
    bool testing[TRIAL_PLACES]; /* by what was told; likewise the flood */
    bool flooded;
    struct command command;
    struct tally tally;
};

/* --- claims --- */

/* A claim that does not hold ends the life, with all that is needed to come back to it. */
static void claim(const struct life *life, bool holds, const char *what, uint32_t alarm) {
    if (holds) {
        return;
    }
    printf("seed %" PRIu64 ", step %u, %" PRIu64 " ns: not so: %s", life->seed,
           (unsigned)life->steps, life->now.ns, what);
    if (alarm != RULESET_NONE) {
        const struct ruleset_alarm *bound = &life->trial.ruleset.alarms[alarm];
        printf(" (alarm %u: rule %u, entity %u)", (unsigned)alarm, (unsigned)bound->rule,
               (unsigned)bound->entity);
    }
    bool found = life->control != CONTROL_NONE && what[0] == 'T';
    printf("%s\n", found ? ": the control is found out" : "");
    exit(found ? 0 : 1);
}

static void *life_array(size_t count, size_t size) {
    void *array = calloc(count + 1, size);
    if (array == NULL) {
        abort();
    }
    return array;
}

/* --- chance --- */

/* Steele, Lea, Flood: Fast Splittable Pseudorandom Number Generators, 2014. */
static uint64_t chance(struct life *life) {
    uint64_t z = life->random += UINT64_C(0x9E3779B97F4A7C15);
    z = (z ^ z >> 30) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ z >> 27) * UINT64_C(0x94D049BB133111EB);
    return z ^ z >> 31;
}

/* A number less than `limit`; the slight preference for small ones does not matter here. */
static uint32_t chance_below(struct life *life, uint32_t limit) {
    return (uint32_t)(chance(life) % limit);
}

static bool chance_percent(struct life *life, uint32_t percent) {
    return chance_below(life, 100) < percent;
}

static enum truth chance_truth(struct life *life) {
    uint32_t draw = chance_below(life, 10);
    return draw == 0 ? TRUTH_UNKNOWN : draw < 4 ? TRUTH_FALSE : TRUTH_TRUE;
}

/* --- the site --- */

static void life_place_rooms(struct life *life, uint32_t centre, bool first) {
    struct trial *trial = &life->trial;
    uint32_t rooms = 2 + chance_below(life, 4);
    for (uint32_t i = 0; i < rooms; i++) {
        uint32_t room = trial_place(trial, centre, PLACE_DAY_CARE_ROOM);
        trial->places[room].calendar = CALENDAR;
        /* The first room has a point of each kind, so that every rule is for something. */
        uint32_t points = first && i == 0 ? KINDS : 1 + chance_below(life, POINTS_PER_ROOM);
        for (uint32_t p = 0; p < points; p++) {
            uint32_t device = chance_below(life, trial->draft.device_count);
            uint32_t kind = points == KINDS ? p : chance_below(life, KINDS);
            uint32_t point = trial_point(trial, room, device, kinds[kind]);
            if (chance_percent(life, 20)) {
                trial->points[point].silence_ns = (5 + chance_below(life, 30)) * NS_PER_S;
            }
        }
    }
}

static const struct chain_step call_steps[] = {
    {.outputs = UINT64_C(1) << POINT_CALL_LAMP,
     .to = CHAIN_TO_ROLE,
     .receiver = ROLE_CAREGIVER,
     .webhook = CHAIN_NO_WEBHOOK},
    {.after_ns = 4 * NS_PER_S, .to = CHAIN_TO_SHIFT, .webhook = CHAIN_NO_WEBHOOK},
    {.after_ns = 9 * NS_PER_S, .to = CHAIN_TO_ROLE, .receiver = ROLE_MANAGER, .webhook = 0},
};
static const struct chain_step fire_steps[] = {
    {.outputs = UINT64_C(1) << POINT_SOUNDER,
     .to = CHAIN_TO_EVERYONE,
     .reach = CHAIN_REACH_ZONE,
     .webhook = CHAIN_NO_WEBHOOK},
    {.after_ns = 500 * NS_PER_MS,
     .outputs = UINT64_C(1) << POINT_SOUNDER | UINT64_C(1) << POINT_CALL_LAMP,
     .to = CHAIN_TO_ROLE,
     .receiver = ROLE_SECURITY,
     .reach = CHAIN_REACH_SITE,
     .webhook = CHAIN_NO_WEBHOOK},
};

static void life_write_rules(struct trial *trial) {
    uint32_t calls = trial_chain(trial, call_steps, sizeof call_steps / sizeof *call_steps);
    uint32_t fires = trial_chain(trial, fire_steps, sizeof fire_steps / sizeof *fire_steps);
    trial->shift_count = 1;
    trial->draft.listener_count = 1;
    trial->draft.certificate_count = CERTIFICATE_COUNT;
    trial_point_rule(trial, TRIAL_KIND(POINT_EMERGENCY_BUTTON), "value", CLASS_CALL_EMERGENCY)
        ->chain = calls;
    trial_point_rule(trial, TRIAL_KIND(POINT_SMOKE) | TRIAL_KIND(POINT_HEAT), "value",
                     CLASS_FIRE_ALARM)
        ->chain = fires;
    trial_place_rule(trial, TRIAL_KIND(PLACE_HOME_CARE_CENTRE),
                     "count(within(smoke, 60 s), within(heat, 60 s)) >= 2 or "
                     "any(manual_call_point)",
                     CLASS_FIRE_CONFIRMED)
        ->chain = fires;
    trial_point_rule(trial, TRIAL_KIND(POINT_DOOR_CONTACT), "value and closed", CLASS_DOOR_HELD)
        ->raise_after_ns = 20 * NS_PER_S;
    trial_point_rule(trial, TRIAL_KIND(POINT_ASSIST_BUTTON), "value", CLASS_CALL_ASSIST);
    struct ruleset_draft_rule *hot = trial_point_rule(trial, TRIAL_KIND(POINT_TEMPERATURE),
                                                      "value > 30 °C", CLASS_SPACE_CLIMATE);
    hot->raise_after_ns = 10 * NS_PER_S;
    hot->clear_after_ns = 7 * NS_PER_S;
    trial_point_rule(trial, TRIAL_KIND(POINT_FALL), "value", CLASS_CARE_FALL)->raise_after_ns =
        5 * NS_PER_S;
    trial_point_rule(trial, TRIAL_KIND(POINT_DOOR_CONTACT), "value and between 22:00 and 06:00",
                     CLASS_INTRUSION);
    trial_point_rule(trial, TRIAL_KIND(POINT_DOOR_CONTACT), "value and not weekday",
                     CLASS_INTRUSION);
}

/* Build a core in a block that was something else before. */
static void life_build_core(struct life *life) {
    memset(life->block, life->poison, core_size(&life->trial.ruleset));
    life->core = core_init(life->block, &life->trial.ruleset, life->now);
    core_check(life->core);
}

static void life_begin(struct life *life, uint64_t seed, unsigned char poison,
                       enum control control) {
    *life = (struct life){
        .seed = seed,
        .control = control,
        .random = seed,
        .digest = UINT64_C(0xCBF29CE484222325),
        .poison = poison,
        .now = {NS_PER_S},
    };
    struct trial *trial = &life->trial;
    trial_init(trial, COMPONENTS, CALENDARS);
    uint32_t devices = 3 + chance_below(life, 6);
    for (uint32_t i = 0; i < devices; i++) {
        (void)trial_device(trial, i == 0 ? 0 : (3 + chance_below(life, 10)) * NS_PER_S);
    }
    uint32_t centres = 1 + chance_below(life, 3);
    for (uint32_t i = 0; i < centres; i++) {
        uint32_t centre = trial_place(trial, RULESET_NONE, PLACE_HOME_CARE_CENTRE);
        trial->places[centre].calendar = CALENDAR;
        life_place_rooms(life, centre, i == 0);
    }
    life_write_rules(trial);
    claim(life, trial_bind(trial), "the site can be bound", RULESET_NONE);

    const struct ruleset *ruleset = &trial->ruleset;
    life->block = life_array(core_size(ruleset), 1);
    life->step.events = life_array(core_events_max(ruleset), sizeof *life->step.events);
    life->before = life_array(ruleset->alarm_count, sizeof *life->before);
    life->told = life_array(ruleset->alarm_count, sizeof *life->told);
    life->rows = life_array(ruleset->alarm_count, sizeof *life->rows);
    life->memories = life_array(ruleset->memory_count, sizeof *life->memories);
    life->changed = life_array(ruleset->alarm_count, sizeof *life->changed);
    life->escalations = life_array(ruleset->alarm_count, sizeof *life->escalations);
    life_build_core(life);
}

static void life_end(struct life *life) {
    free(life->escalations);
    free(life->changed);
    free(life->memories);
    free(life->rows);
    free(life->told);
    free(life->before);
    free(life->step.events);
    free(life->block);
    trial_deinit(&life->trial);
}

/* --- the shadow: what may lower an alarm --- */

static bool input_is_usable_reading(const struct input *input) {
    return input->kind == INPUT_READING && quality_usable((enum quality)input->reading.quality);
}

/* A usable reading of `point` whose value is at rest. */
static bool input_is_relief(const struct input *input, uint32_t point, double at_rest) {
    return input_is_usable_reading(input) && input->reading.point == point &&
           input->reading.value <= at_rest;
}

/* Was the point seen true in the window that ends now? */
static bool life_is_recent(const struct life *life, uint32_t point) {
    struct instant until = life->shadows[point].true_until;
    return until.ns != 0 && life->now.ns < until.ns + WINDOW_S * NS_PER_S;
}

static bool point_is_detector(const struct ruleset_point *point) {
    return point->kind == POINT_SMOKE || point->kind == POINT_HEAT;
}

/*
 * May a confirmed fire be over? Not while two detectors of its zone, or a call point, were true in
 * the window, nor while so many cannot say that they may have been.
 */
static bool life_zone_may_be_over(const struct life *life, uint32_t zone) {
    const struct ruleset *ruleset = &life->trial.ruleset;
    uint32_t detectors = 0;
    bool call_points_at_rest = true;
    for (uint32_t p = ruleset->places[zone].point_first; p < ruleset->places[zone].point_end; p++) {
        const struct shadow *shadow = &life->shadows[p];
        bool known = quality_usable((enum quality)core_point(life->core, p)->quality);
        if (ruleset->points[p].kind == POINT_MANUAL_CALL_POINT) {
            call_points_at_rest &= known && shadow->usable && shadow->value == 0;
        } else if (point_is_detector(&ruleset->points[p])) {
            detectors += life_is_recent(life, p) || !known;
        }
    }
    return call_points_at_rest && detectors < 2;
}

/* Is there a detector in the zone whose alarm was promoted and is not closed? */
static bool life_zone_is_promoted(const struct life *life, uint32_t zone) {
    const struct ruleset *ruleset = &life->trial.ruleset;
    bool promoted = false;
    for (uint32_t i = 0; i < ruleset->alarm_count && !promoted; i++) {
        uint32_t place = ruleset->alarms[i].place;
        promoted = core_alarm(life->core, i)->axes.promoted && place >= zone &&
                   place < ruleset->places[zone].end;
    }
    return promoted;
}

static bool life_builtin_may_lower(const struct life *life, const struct ruleset_alarm *bound,
                                   enum ruleset_builtin builtin, const struct input *input) {
    bool well = input->state == TRUTH_TRUE && input->subject == bound->entity;
    switch (builtin) {
    case BUILTIN_DEVICE_LOST:
        return (input->kind == INPUT_HEARTBEAT && input->subject == bound->entity) ||
               (input->kind == INPUT_DEVICE && well) ||
               (input_is_usable_reading(input) &&
                life->trial.ruleset.points[input->reading.point].device == bound->entity);
    case BUILTIN_SENSOR_FAULT:
    case BUILTIN_STUCK:
    case BUILTIN_BATTERY_LOW:
    case BUILTIN_TAMPER:
        return input_is_usable_reading(input) && input->reading.point == bound->entity;
    case BUILTIN_COMPONENT_LOST:
        return input->kind == INPUT_COMPONENT && well;
    case BUILTIN_UPLINK_LOST:
        return input->kind == INPUT_UPLINK && well;
    case BUILTIN_STORAGE:
        return input->kind == INPUT_STORAGE && well;
    case BUILTIN_NOBODY_LISTENING:
        return input->kind == INPUT_LISTENER && well;
    case BUILTIN_FIRE_PROMOTED: /* its detectors' alarms have been reset */
        return !life_zone_is_promoted(life, bound->entity);
    case BUILTIN_CLOCK: /* by a step forward, or when it has caught up */
        return core_clock_behind_ns(life->core, input->at) == 0;
    case BUILTIN_SITE_REFUSED:
        return (input->kind == INPUT_CONFIGURATION || input->kind == INPUT_START) && well;
    case BUILTIN_CERTIFICATE:
        return input->kind == INPUT_CERTIFICATE && well;
    case BUILTIN_NONE:
    case BUILTIN_COUNT:
        break;
    }
    return false;
}

/* S1: is this input news that may lower this alarm? */
static bool life_may_lower(const struct life *life, uint32_t alarm, const struct input *input) {
    const struct ruleset_alarm *bound = &life->trial.ruleset.alarms[alarm];
    const struct ruleset_rule *rule = &life->trial.ruleset.rules[bound->rule];
    if (rule->builtin != BUILTIN_NONE) {
        return life_builtin_may_lower(life, bound, (enum ruleset_builtin)rule->builtin, input);
    } else if (bound->rule == CONFIRMED) {
        return life_zone_may_be_over(life, bound->entity);
    } else if (bound->rule == HOT) {
        /* Its delay of clearing ends by itself, while the last that was heard is good. */
        return life->shadows[bound->entity].usable && life->shadows[bound->entity].value <= 30 &&
               quality_usable((enum quality)core_point(life->core, bound->entity)->quality);
    } else if (input_is_relief(input, bound->entity, 0)) {
        return true;
    }
    return (bound->rule == HELD && input->kind == INPUT_CALENDAR && input->state == TRUTH_TRUE) ||
           (bound->rule == NIGHT && input->kind == INPUT_BETWEEN && input->state == TRUTH_FALSE) ||
           (bound->rule == WEEKEND && input->kind == INPUT_WEEKDAY && input->state == TRUTH_TRUE);
}

/* Note what goes in. */
static void life_shade(struct life *life, const struct input *input) {
    if (input->kind != INPUT_READING || input->reading.point >= life->trial.ruleset.point_count) {
        return;
    }
    struct shadow *shadow = &life->shadows[input->reading.point];
    shadow->usable = input_is_usable_reading(input);
    if (shadow->usable) {
        shadow->value = input->reading.value;
    }
    if (shadow->usable && shadow->value > 0) {
        shadow->true_until = life->now;
    }
}

/* --- one step, and everything that holds after each --- */

static void life_digest(struct life *life, uint64_t word) {
    for (unsigned i = 0; i < 64; i += 8) { /* FNV-1a */
        life->digest = (life->digest ^ (word >> i & 0xFF)) * UINT64_C(0x100000001B3);
    }
}

static void life_digest_event(struct life *life, const struct core_event *event) {
    const struct alarm_axes *axes = &event->axes;
    uint64_t value;
    memcpy(&value, &event->value, sizeof value);
    const uint64_t words[] = {
        event->type,
        event->at.ns,
        (uint64_t)event->wall.ns,
        event->alarm,
        event->place,
        event->point,
        event->occurrence,
        event->raises,
        event->quality,
        value,
        event->code,
        (uint64_t)event->step_ns,
        (uint64_t)event->measured.ns,
        event->escalation.step,
        event->escalation.run,
        event->escalation.reason,
        event->escalation.on_duty,
        event->command != NULL,
        (uint64_t)axes->pending | (uint64_t)axes->active << 1 | (uint64_t)axes->acked << 2 |
            (uint64_t)axes->latched << 3 | (uint64_t)axes->attended << 4 |
            (uint64_t)axes->open << 5,
    };
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        life_digest(life, words[i]);
    }
}

/* S2: a reset needs a good last reading at rest; the zone of a confirmed fire likewise. */
static bool life_may_reset(const struct life *life, uint32_t alarm) {
    const struct ruleset_alarm *bound = &life->trial.ruleset.alarms[alarm];
    if (bound->rule == CONFIRMED) {
        return life_zone_may_be_over(life, bound->entity);
    } else if (life->trial.ruleset.rules[bound->rule].builtin == BUILTIN_FIRE_PROMOTED) {
        return !life_zone_is_promoted(life, bound->entity);
    }
    const struct shadow *shadow = &life->shadows[bound->entity];
    return bound->entity_kind == ENTITY_POINT && shadow->usable && shadow->value == 0 &&
           core_point(life->core, bound->entity)->quality == QUALITY_GOOD;
}

/* S8: a step tells of what people are to hear, and the steps of a run come one after the other. */
static void life_judge_step(struct life *life, const struct core_event *event) {
    struct core_escalation *last = &life->escalations[event->alarm];
    const struct core_escalation *now = &event->escalation;
    claim(life, event->axes.open && !event->axes.test && !alarm_axes_are_suppressed(event->axes),
          "S8: nobody is told of what is closed, suppressed or under test", event->alarm);
    claim(life, now->run == last->run ? now->step == last->step + 1 : now->step == 1,
          "S8: steps come one after the other", event->alarm);
    claim(life, now->run >= last->run, "S8: runs count up", event->alarm);
    life->tally.unheard += now->reason == CHAIN_REASON_NO_RECEIVER;
    *last = *now;
}

/* Was the attend button pressed where the alarm is? */
static bool life_is_attended(const struct life *life, const struct core_event *event,
                             const struct input *input) {
    const struct ruleset_point *points = life->trial.ruleset.points;
    return input_is_usable_reading(input) && input->reading.value > 0 &&
           points[input->reading.point].kind == POINT_ATTEND_BUTTON &&
           points[input->reading.point].place == event->place;
}

/* S1 and S2, for one thing that was told. */
static void life_judge_event(struct life *life, const struct core_event *event,
                             const struct input *input) {
    bool commanded = input->kind == INPUT_COMMAND && input->command->alarm == event->alarm &&
                     event->command == input->command;
    life->tally.events[event->type]++;
    switch (event->type) {
    case EVENT_ALARM_CLEARED:
        claim(life, life_may_lower(life, event->alarm, input), "S1: only good news clears an alarm",
              event->alarm);
        life->tally.windows_ended += !input_is_usable_reading(input) &&
                                     life->trial.ruleset.alarms[event->alarm].rule == CONFIRMED;
        break;
    case EVENT_ALARM_CLOSED:
        claim(life,
              commanded || life_may_lower(life, event->alarm, input) ||
                  life_is_attended(life, event, input),
              "S2: an alarm closes by good news, a command or who has come", event->alarm);
        break;
    case EVENT_ALARM_RESET:
        claim(life, commanded && life_may_reset(life, event->alarm),
              "S2: only a command resets, and only what is at rest", event->alarm);
        break;
    case EVENT_ALARM_ACKNOWLEDGED:
    case EVENT_ALARM_INVESTIGATED:
    case EVENT_ALARM_SILENCED:
    case EVENT_ALARM_SHELVED:
    case EVENT_ALARM_OUT_OF_SERVICE:
    case EVENT_ALARM_DISPOSED:
        claim(life, commanded, "S2: only people do what people do", event->alarm);
        break;
    case EVENT_ALARM_ATTENDED:
        claim(life, commanded || life_is_attended(life, event, input),
              "S2: only somebody at the place attends", event->alarm);
        break;
    case EVENT_ALARM_ESCALATED:
        life_judge_step(life, event);
        break;
    case EVENT_ALARM_RAISED:
    case EVENT_ALARM_RERAISED:
    case EVENT_ALARM_REALARMED:
    case EVENT_ALARM_UNSILENCED:
    case EVENT_ALARM_UNSHELVED:
    case EVENT_ALARM_IN_SERVICE:
    case EVENT_ALARM_SUPPRESSED:
    case EVENT_ALARM_UNSUPPRESSED:
    case EVENT_TEST_BEGUN:
    case EVENT_TEST_TRIPPED:
    case EVENT_TEST_UNTESTED:
    case EVENT_TEST_ENDED:
    case EVENT_FLOOD_BEGUN:
    case EVENT_FLOOD_ENDED:
    case EVENT_ACCESS_GRANTED:
    case EVENT_ACCESS_DENIED:
    case EVENT_PATROL_CHECKPOINT:
    case EVENT_SYSTEM_STARTED:
    case EVENT_SYSTEM_CLOCK_STEPPED:
    case EVENT_SYSTEM_CONFIG_CHANGED:
    case EVENT_SYSTEM_CONFIG_REFUSED:
    case EVENT_SYSTEM_WALK_TEST_DUE:
    case EVENT_TYPE_COUNT:
        break;
    }
}

/* --- what was tripped in earnest, and what in a test --- */

static bool life_is_recent_at(const struct life *life, struct instant until) {
    return until.ns != 0 && life->now.ns < until.ns + WINDOW_S * NS_PER_S;
}

static bool life_is_tested(const struct life *life, uint32_t place) {
    bool tested = false;
    while (!tested && place != RULESET_NONE) {
        tested = life->testing[place];
        place = life->trial.ruleset.places[place].parent;
    }
    return tested;
}

/* Follow what the point is now: a test that ended in this step did so before what was read in it. */
static void life_shade_trip(struct life *life, uint32_t point) {
    struct shadow *shadow = &life->shadows[point];
    const struct point_state *state = core_point(life->core, point);
    bool usable = quality_usable((enum quality)state->quality);
    bool is_true = usable && state->value != 0;
    bool tested = life_is_tested(life, life->trial.ruleset.points[point].place);
    if (shadow->trip == TRIP_TESTED && !tested && shadow->known_true && !usable) {
        shadow->trip = TRIP_EITHER;
    }
    if (!tested && (shadow->trip == TRIP_TESTED || shadow->trip == TRIP_EITHER) &&
        (shadow->known_true || is_true) && usable) {
        shadow->trip = TRIP_EARNEST; /* one that is lost is of its test until it is back */
    }
    if (shadow->trip == TRIP_EARNEST || shadow->trip == TRIP_EITHER) {
        shadow->maybe_until = life->now;
    }
    if (is_true && tested && shadow->unrecorded && shadow->trip != TRIP_EARNEST) {
        shadow->earnest_until = (struct instant){0}; /* of the test alone, as far as is known */
    }
    if (shadow->trip == TRIP_NONE && is_true) {
        shadow->trip = tested ? TRIP_TESTED : TRIP_EARNEST;
    }
    if (shadow->trip != TRIP_NONE) {
        shadow->tripped_until = life->now;
    }
    if (usable && !is_true) {
        shadow->trip = TRIP_NONE;
    } else if (shadow->trip == TRIP_EARNEST) {
        shadow->maybe_until = life->now;
        shadow->earnest_until = is_true ? life->now : shadow->earnest_until;
        shadow->unrecorded &= !is_true;
    }
    shadow->known_true = is_true;
}

/* What the engine journals of them when a step says that it must. */
static void life_write_trips(struct life *life) {
    bool turned = core_trips_turned(life->core);
    for (uint32_t i = 0; i < life->step.event_count && !turned; i++) {
        enum core_event_type type = life->step.events[i].type;
        turned = type == EVENT_TEST_BEGUN || type == EVENT_TEST_TRIPPED || type == EVENT_TEST_ENDED;
    }
    for (uint32_t point = 0; point < life->trial.ruleset.point_count && turned; point++) {
        life->trips_at = life->now;
        life->trips_count[point] =
            core_record_trip(life->core, point, life->now, &life->trips[point]);
    }
}

/* A trip as it was `elapsed_ns` later, moved so that what was over last is over just now. */
static struct core_trip_record trip_later(struct core_trip_record trip, uint64_t elapsed_ns) {
    uint64_t *ages[] = {&trip.earnest_age_ns, &trip.tested_age_ns};
    bool lasts = false;
    uint64_t youngest_ns = CORE_TRIP_LASTS;
    for (unsigned i = 0; i < 2; i++) {
        lasts |= *ages[i] == CORE_TRIP_LASTS;
        *ages[i] += *ages[i] < CORE_TRIP_LASTS ? elapsed_ns : 0;
        youngest_ns = *ages[i] < youngest_ns ? *ages[i] : youngest_ns;
    }
    for (unsigned i = 0; i < 2 && !lasts; i++) {
        *ages[i] -= *ages[i] < CORE_TRIP_LASTS ? youngest_ns : 0;
    }
    return trip;
}

static bool life_has_test(const struct life *life) {
    bool has = false;
    for (uint32_t place = 0; place < life->trial.ruleset.place_count; place++) {
        has |= life->testing[place];
    }
    return has;
}

/* A restart at `died`: give the trips back, or what a control leaves of them. */
static void life_read_trips(struct life *life, struct instant died) {
    bool remembers = false;
    for (uint32_t point = 0; point < life->trial.ruleset.point_count; point++) {
        struct shadow *shadow = &life->shadows[point];
        struct core_trip_record trip = trip_later(life->trips[point], died.ns - life->trips_at.ns);
        if (life->control == CONTROL_FORGET_EARNEST && trip.earnest_age_ns != CORE_TRIP_NEVER) {
            trip = (struct core_trip_record){CORE_TRIP_NEVER, trip.earnest_age_ns};
        }
        if (life->trips_count[point] && life->control != CONTROL_FORGET_TRIPS) {
            core_restore_trip(life->core, point, &trip, life->now);
        }
        struct instant window = {WINDOW_S * NS_PER_S};
        bool recent =
            shadow->tripped_until.ns != 0 && died.ns < shadow->tripped_until.ns + window.ns;
        bool maybe = shadow->maybe_until.ns != 0 && died.ns < shadow->maybe_until.ns + window.ns;
        remembers |= recent && !maybe && point_is_detector(&life->trial.ruleset.points[point]);
        shadow->known_true = false;
        /* While nothing is tested nothing is written. */
        shadow->unrecorded |= !life->trips_count[point] || !life_has_test(life);
        if (shadow->trip == TRIP_EARNEST && shadow->unrecorded) {
            shadow->trip = TRIP_EITHER;
        }
        if (shadow->tripped_until.ns != 0 && (maybe || !recent)) {
            shadow->maybe_until = life->now;
        }
    }
    life->tally.trips_resumed += remembers;
}

/* T2: may the zone be on fire, as far as two detectors or a call point say so in earnest? */
static bool life_zone_may_burn(const struct life *life, uint32_t zone) {
    const struct ruleset *ruleset = &life->trial.ruleset;
    uint32_t detectors = 0;
    bool call_point = false;
    for (uint32_t p = ruleset->places[zone].point_first; p < ruleset->places[zone].point_end; p++) {
        bool maybe = life_is_recent_at(life, life->shadows[p].maybe_until);
        detectors += point_is_detector(&ruleset->points[p]) && maybe;
        call_point |= ruleset->points[p].kind == POINT_MANUAL_CALL_POINT && maybe;
    }
    return call_point || detectors >= 2;
}

static void life_judge_test(struct life *life, uint32_t alarm) {
    const struct ruleset_alarm *bound = &life->trial.ruleset.alarms[alarm];
    struct alarm_axes before = life->before[alarm].axes;
    struct alarm_axes after = core_alarm(life->core, alarm)->axes;
    if (bound->rule == CONFIRMED) {
        /* One that was in earnest does not become a test because it is raised again. */
        bool begins = after.active && !after.test && (!before.open || before.test);
        claim(life, !begins || life_zone_may_burn(life, bound->entity),
              "T2: what was tripped in tests confirms no fire", alarm);
        life->tally.confirmed_tests += after.active && after.test && !before.active;
    } else if (bound->rule == CALL || bound->rule == FIRE) {
        bool begins = after.open && !after.test && !before.open;
        enum trip trip = life->shadows[bound->entity].trip;
        claim(life, !begins || trip == TRIP_EARNEST || trip == TRIP_EITHER,
              "T2: what is tripped in a test is raised as one", alarm);
    }
}

/* S1, S5 and S7, for one alarm. */
static void life_judge_alarm(struct life *life, uint32_t alarm, bool told,
                             const struct input *input) {
    struct alarm_axes before = life->before[alarm].axes;
    struct alarm_axes after = core_alarm(life->core, alarm)->axes;
    struct alarm_axes quiet = before;
    quiet.pending = after.pending;
    quiet.promoted = after.promoted; /* which its zone tells */
    claim(life, told || memcmp(&quiet, &after, sizeof after) == 0,
          "S5: an alarm changes with an event", alarm);
    bool heard = alarm_axes_are_suppressed(before) && !alarm_axes_are_suppressed(after);
    bool earnest = before.test && !after.test;
    if (before.active && after.active && (heard || earnest)) {
        claim(life,
              !after.acked || (input->kind == INPUT_COMMAND && input->command->alarm == alarm),
              "S7: what is active after its suppression is new", alarm);
        claim(life, life->before[alarm].raised.ns == core_alarm(life->core, alarm)->raised.ns,
              "S7: … with its old beginning", alarm);
        life->tally.resumed++;
    }
    if (before.pending && !after.pending && !after.open && !told) {
        claim(life, life_may_lower(life, alarm, input), "S1: only good news ends a delay early",
              alarm);
    }
}

/* T1: a fire that is confirmed in earnest calls until somebody has taken notice. */
static void life_judge_earnest(struct life *life, uint32_t zone, uint32_t alarm) {
    const struct ruleset *ruleset = &life->trial.ruleset;
    uint32_t earnest = 0;
    bool testing = false;
    for (uint32_t p = ruleset->places[zone].point_first; p < ruleset->places[zone].point_end; p++) {
        bool tested = life_is_tested(life, ruleset->points[p].place);
        testing |= tested;
        earnest += point_is_detector(&ruleset->points[p]) && !tested &&
                   life_is_recent_at(life, life->shadows[p].earnest_until);
    }
    if (earnest < 2) {
        return;
    }
    struct alarm_axes axes = core_alarm(life->core, alarm)->axes;
    struct chain_record chain;
    core_record_chain(life->core, alarm, life->now, &chain);
    claim(life, axes.active && !axes.test, "T1: a test hides no fire that is confirmed elsewhere",
          alarm);
    claim(life, axes.acked || alarm_axes_are_suppressed(axes) || chain.state == CHAIN_RUNNING,
          "T1: … and it is told", alarm);
    life->tally.confirmed_beside += testing;
}

/* S3: has the zone of a detector that was just seen true a confirmed fire, if it must? */
static void life_judge_zone(struct life *life, uint32_t detector) {
    const struct ruleset *ruleset = &life->trial.ruleset;
    uint32_t zone = ruleset->places[ruleset->points[detector].place].parent;
    uint32_t alarm = trial_alarm(&life->trial, CONFIRMED, zone);
    uint32_t recent = 0;
    for (uint32_t p = ruleset->places[zone].point_first; p < ruleset->places[zone].point_end; p++) {
        recent += point_is_detector(&ruleset->points[p]) && life_is_recent(life, p);
    }
    claim(life, recent < 2 || core_alarm(life->core, alarm)->axes.active,
          "S3: two detectors in the window confirm a fire", alarm);
    life_judge_earnest(life, zone, alarm);
}

/* S3: what a reading shows is raised by it. */
static void life_judge_reading(struct life *life, const struct input *input) {
    const struct ruleset *ruleset = &life->trial.ruleset;
    if (input->kind != INPUT_READING || input->reading.point >= ruleset->point_count) {
        return;
    }
    uint32_t point = input->reading.point;
    bool shows = input_is_usable_reading(input) && input->reading.value > 0;
    for (uint32_t rule = CALL; rule <= FIRE; rule++) {
        uint32_t alarm = trial_alarm(&life->trial, rule, point);
        if (alarm != RULESET_NONE) {
            bool active = core_alarm(life->core, alarm)->axes.active;
            claim(life, !shows || active, "S3: a call or a fire is raised at once", alarm);
            life->tally.threatened += active && !input_is_usable_reading(input);
        }
    }
    if (shows && point_is_detector(&ruleset->points[point])) {
        life_judge_zone(life, point);
    }
}

/* Write what core_changed() asks for, a few at a time. */
static void life_journal(struct life *life) {
    const struct ruleset *ruleset = &life->trial.ruleset;
    uint32_t count;
    while ((count = core_changed(life->core, life->changed, 3)) > 0) {
        for (uint32_t i = 0; i < count; i++) {
            uint32_t alarm = life->changed[i];
            life->rows[alarm].written = true;
            core_record(life->core, alarm, life->now, &life->rows[alarm].record);
            core_record_chain(life->core, alarm, life->now, &life->rows[alarm].chain);
            core_record_memories(life->core, alarm, life->now,
                                 &life->memories[ruleset->alarms[alarm].memory_first]);
        }
    }
    for (uint32_t i = 0; i < ruleset->alarm_count; i++) {
        const struct alarm *alarm = core_alarm(life->core, i);
        /* The delay of an emergency runs, whatever is known. */
        bool runs = alarm->delay_runs && ruleset->alarms[i].priority != PRIORITY_EMERGENCY;
        claim(life,
              (!runs && alarm_left_ns(alarm) == 0) ||
                  life->rows[i].record.condition == alarm->condition,
              "S4: the journal knows whether a delay runs or stands", i);
    }
}

/* S9: tests and floods begin once, end once, and run as long as that was not told. */
static void life_judge_standing(struct life *life) {
    struct flood_record flood;
    for (uint32_t i = 0; i < life->step.event_count; i++) {
        const struct core_event *event = &life->step.events[i];
        bool test = event->type == EVENT_TEST_BEGUN || event->type == EVENT_TEST_ENDED;
        if (test) {
            bool begins = event->type == EVENT_TEST_BEGUN;
            claim(life, life->testing[event->place] != begins, "S9: tests begin and end in turn",
                  RULESET_NONE);
            life->testing[event->place] = begins;
        } else if (event->type == EVENT_FLOOD_BEGUN || event->type == EVENT_FLOOD_ENDED) {
            bool begins = event->type == EVENT_FLOOD_BEGUN;
            claim(life, life->flooded != begins, "S9: floods begin and end in turn", RULESET_NONE);
            life->flooded = begins;
        }
    }
    for (uint32_t place = 0; place < life->trial.ruleset.place_count; place++) {
        bool runs = core_test_left_ds(life->core, place, life->now) > 0;
        claim(life, runs == life->testing[place], "S9: a test runs until its end is told",
              RULESET_NONE);
    }
    core_record_flood(life->core, &flood);
    claim(life, (flood.runs != 0) == life->flooded, "S9: a flood runs until its end is told",
          RULESET_NONE);
}

/* Each alarm by its index; then what those meant for others. */
static void life_judge_order(const struct life *life) {
    uint32_t last = 0;
    bool caused = false;
    for (uint32_t i = 0; i < life->step.event_count; i++) {
        const struct core_event *event = &life->step.events[i];
        bool follows = event->type == EVENT_ALARM_SUPPRESSED ||
                       event->type == EVENT_ALARM_UNSUPPRESSED ||
                       (event->type == EVENT_ALARM_ESCALATED && caused);
        if (event->alarm == RULESET_NONE) {
            continue;
        }
        caused |= follows && event->alarm < last;
        claim(life, caused ? follows : event->alarm >= last,
              "events stand in the order of the alarms", event->alarm);
        last = event->alarm;
    }
}

static void life_take(struct life *life, struct input *input) {
    const struct ruleset *ruleset = &life->trial.ruleset;
    input->at = life->now;
    input->wall = (struct wall){(int64_t)life->now.ns};
    for (uint32_t i = 0; i < ruleset->alarm_count; i++) {
        life->before[i] = *core_alarm(life->core, i);
    }
    life->steps++;
    life_shade(life, input);
    core_step(life->core, input, &life->step);
    core_check(life->core);
    claim(life, core_deadline(life->core).ns > life->now.ns, "a deadline lies ahead", RULESET_NONE);

    life_digest(life, life->step.refusal);
    life->tally.refusals[life->step.refusal]++;
    memset(life->told, 0, ruleset->alarm_count * sizeof *life->told);
    for (uint32_t i = 0; i < life->step.event_count; i++) {
        const struct core_event *event = &life->step.events[i];
        if (event->alarm != RULESET_NONE) {
            life->told[event->alarm] = true;
        }
        life_digest_event(life, event);
        life_judge_event(life, event, input);
    }
    life_judge_order(life);
    life_judge_standing(life);
    for (uint32_t point = 0; point < ruleset->point_count; point++) {
        life_shade_trip(life, point);
    }
    for (uint32_t alarm = 0; alarm < ruleset->alarm_count; alarm++) {
        life_judge_alarm(life, alarm, life->told[alarm], input);
        life_judge_test(life, alarm);
    }
    life_judge_reading(life, input);
    life_journal(life);
    life_write_trips(life);
}

/* --- what happens --- */

static void life_read(struct life *life, uint32_t point, enum quality quality, double value) {
    struct input input = {.kind = INPUT_READING};
    input.reading = (struct reading){
        .point = point,
        .quality = (uint8_t)quality,
        .value = value,
        .code = point * UINT64_C(1000),
        .measured = {(int64_t)life->now.ns - (int64_t)chance_below(life, 5) * (int64_t)NS_PER_S},
    };
    life_take(life, &input);
}

static void life_read_something(struct life *life) {
    const struct ruleset *ruleset = &life->trial.ruleset;
    /* Now and then a point that the site does not have. */
    uint32_t point = chance_below(life, ruleset->point_count + (chance_percent(life, 2) ? 1 : 0));
    enum quality quality = QUALITY_GOOD;
    if (chance_percent(life, 20)) {
        quality = (enum quality)chance_below(life, QUALITY_COUNT);
    }
    bool high = chance_percent(life, 35);
    double value = high ? 1 : 0;
    if (point < ruleset->point_count && ruleset->points[point].kind == POINT_TEMPERATURE) {
        value = high ? 31.5 : 21;
    }
    life_read(life, point, quality, value);
}

static void life_state(struct life *life, enum input_kind kind, uint32_t subject,
                       enum truth state) {
    struct input input = {.kind = kind, .subject = subject, .state = state};
    if (kind == INPUT_CLOCK_STEP) {
        input.step_ns = ((int64_t)chance_below(life, 7200) - 3600) * (int64_t)NS_PER_S;
    }
    life_take(life, &input);
}

static void life_order(struct life *life, uint32_t alarm, enum command_verb verb) {
    life->command = (struct command){.verb = verb,
                                     .alarm = alarm,
                                     .role = life->command.role,
                                     .second_role = ROLE_COUNT,
                                     .actor = "nurse"};
    struct input input = {.kind = INPUT_COMMAND, .command = &life->command};
    life_take(life, &input);
}

/* Any verb, with what goes with it: mostly enough, sometimes too much or nothing. */
static void life_order_anything(struct life *life, uint32_t alarm) {
    uint32_t most_s = chance_percent(life, 3) ? 400 * DAY_S : chance_percent(life, 50) ? 150 : 900;
    enum command_verb verb = (enum command_verb)chance_below(life, COMMAND_VERB_COUNT);
    uint32_t place = chance_below(life, life->trial.ruleset.place_count + 1);
    uint32_t any = chance_below(life, life->trial.ruleset.alarm_count + 1);
    uint32_t duration_s = chance_below(life, most_s);
    enum role role = (enum role)chance_below(life, ROLE_COUNT);
    enum role second_role = (enum role)chance_below(life, ROLE_COUNT + 1);
    enum disposition disposition = (enum disposition)chance_below(life, DISPOSITION_COUNT);
    bool of_test = chance_percent(life, 12);
    life->command = (struct command){
        .verb = verb,
        /* What an alarm was is mostly said when it is over. */
        .alarm = verb == COMMAND_DISPOSITION ? any : alarm,
        .place = place,
        .duration_s = chance_percent(life, 10) ? 0 : duration_s,
        .role = role == ROLE_AUDITOR && chance_percent(life, 80) ? ROLE_ENGINEER : role,
        .second_role = second_role,
        .disposition = disposition,
        .real = (uint8_t)chance_below(life, 2),
        .of_test = of_test,
        .actor = "nurse",
        .second_actor = "manager",
    };
    life->command.reason[0] = chance_percent(life, 90) ? 'r' : '\0';
    struct input input = {.kind = INPUT_COMMAND, .command = &life->command};
    life_take(life, &input);
    if (chance_percent(life, 30)) { /* somebody else does the same */
        life_take(life, &input);
    }
}

/* Mostly an alarm that somebody would act on, sometimes any, sometimes one that is not there. */
static void life_order_something(struct life *life) {
    uint32_t count = life->trial.ruleset.alarm_count;
    uint32_t alarm = chance_below(life, count + 1);
    for (unsigned i = 0; i < NORMAL_TRIES && chance_percent(life, 95); i++) {
        if (alarm < count && !alarm_is_normal(core_alarm(life->core, alarm))) {
            break;
        }
        alarm = chance_below(life, count + 1);
    }
    static const enum command_verb verbs[] = {COMMAND_ACKNOWLEDGE, COMMAND_ATTEND, COMMAND_RESET};
    life->command.role = (enum role)chance_below(life, ROLE_AUDITOR);
    if (chance_percent(life, 75)) {
        life_order(life, alarm, verbs[chance_below(life, 3)]);
    } else {
        life_order_anything(life, alarm);
    }
}

/* What the journal would hold beside the alarms. */
struct standing {
    uint32_t tests_left_ds[TRIAL_PLACES];
    bool tripped[TRIAL_POINTS];
    uint32_t walks_left_ds[TRIAL_PLACES];
    bool walked[TRIAL_POINTS];
    struct flood_record flood;
    uint64_t clock_behind_ns;
};

static void life_write_standing(const struct life *life, struct standing *ret) {
    *ret = (struct standing){0};
    for (uint32_t place = 0; place < life->trial.ruleset.place_count; place++) {
        ret->tests_left_ds[place] = core_test_left_ds(life->core, place, life->now);
        ret->walks_left_ds[place] = core_walk_left_ds(life->core, place, life->now);
    }
    for (uint32_t point = 0; point < life->trial.ruleset.point_count; point++) {
        ret->tripped[point] = core_test_has_tripped(life->core, point);
        ret->walked[point] = core_walk_has_tripped(life->core, point);
    }
    ret->clock_behind_ns = core_clock_behind_ns(life->core, life->now);
    core_record_flood(life->core, &ret->flood);
}

static void life_read_standing(struct life *life, const struct standing *standing) {
    struct standing again;
    for (uint32_t place = 0; place < life->trial.ruleset.place_count; place++) {
        if (standing->tests_left_ds[place] > 0) {
            core_restore_test(life->core, place, standing->tests_left_ds[place], life->now);
            life->tally.tests_resumed++;
        }
        if (standing->walks_left_ds[place] > 0) {
            core_restore_walk(life->core, place, standing->walks_left_ds[place], life->now);
        }
    }
    for (uint32_t point = 0; point < life->trial.ruleset.point_count; point++) {
        if (standing->tripped[point]) {
            core_restore_tripped(life->core, point);
        }
        if (standing->walked[point]) {
            core_restore_walked(life->core, point);
        }
    }
    core_restore_clock(life->core, standing->clock_behind_ns, life->now);
    core_restore_flood(life->core, &standing->flood, life->now);
    life->tally.floods_resumed += standing->flood.runs;
    life_write_standing(life, &again);
    for (uint32_t place = 0; place < life->trial.ruleset.place_count; place++) {
        /* An instant between two tenths of a second is rounded up. */
        uint32_t more_ds = again.tests_left_ds[place] - standing->tests_left_ds[place];
        claim(life, more_ds <= 1, "S4: a restart keeps what is left of a test", RULESET_NONE);
        more_ds = again.walks_left_ds[place] - standing->walks_left_ds[place];
        claim(life, more_ds <= 1, "S4: a restart keeps what is left of a round", RULESET_NONE);
    }
    claim(life, memcmp(again.walked, standing->walked, sizeof again.walked) == 0,
          "S4: a restart keeps what a round has ticked off", RULESET_NONE);
    claim(life, again.clock_behind_ns == standing->clock_behind_ns,
          "S4: a restart keeps how far the clock is behind", RULESET_NONE);
    claim(life, memcmp(again.tripped, standing->tripped, sizeof again.tripped) == 0,
          "S4: a restart keeps what a test has ticked off", RULESET_NONE);
    claim(life, memcmp(&again.flood, &standing->flood, sizeof again.flood) == 0,
          "S4: a restart keeps the flood", RULESET_NONE);
}

/* Die here, and come back later with what the journal holds. */
static void life_restart(struct life *life) {
    const struct ruleset *ruleset = &life->trial.ruleset;
    struct standing standing;
    bool open = false;
    bool pending = false;
    life_write_standing(life, &standing);
    for (uint32_t i = 0; i < ruleset->alarm_count; i++) {
        life->before[i] = *core_alarm(life->core, i);
        open |= life->before[i].axes.open;
        pending |= life->before[i].axes.pending;
    }
    life->tally.restarts_open += open;
    life->tally.restarts_pending += pending;
    const struct instant died = life->now;
    life->now = instant_after(life->now, chance_below(life, 30) * NS_PER_S);
    life_build_core(life);
    life_read_standing(life, &standing);
    life_read_trips(life, died);
    for (uint32_t i = 0; i < ruleset->alarm_count; i++) {
        if (life->rows[i].written) {
            (void)core_restore(life->core, i, &life->rows[i].record,
                               &life->memories[ruleset->alarms[i].memory_first],
                               ruleset->alarms[i].memory_count, life->now);
            core_restore_chain(life->core, i, &life->rows[i].chain, life->now);
            life->tally.chains_resumed += life->rows[i].chain.state == CHAIN_RUNNING;
        }
    }
    for (uint32_t i = 0; i < ruleset->alarm_count; i++) {
        const struct alarm *alarm = core_alarm(life->core, i);
        const struct alarm *before = &life->before[i];
        claim(life, memcmp(&alarm->axes, &before->axes, sizeof alarm->axes) == 0,
              "S4: a restart keeps every axis", i);
        claim(life, alarm->occurrence == before->occurrence && alarm->raises == before->raises,
              "S4: a restart keeps the occurrence", i);
        claim(life, alarm->raised.ns == before->raised.ns, "S4: a restart keeps the time", i);
    }
    core_check(life->core);
    struct input start = {
        .kind = INPUT_START,
        .state = TRUTH_UNKNOWN,
        .step = life->steps % 2 == 0 ? CORE_START_RELOAD : CORE_START_GATEWAY,
    };
    life_take(life, &start);
}

/* Let some time pass; a tick that is due comes in time, late, or not at all. */
static void life_wait(struct life *life) {
    uint64_t span_ns = chance_below(life, 1500) * NS_PER_MS;
    if (chance_percent(life, 2)) {
        span_ns = chance_below(life, 70) * NS_PER_S;
    }
    uint32_t pause = chance_below(life, 10000);
    if (pause < 8) {
        span_ns = (DAY_S + chance_below(life, 3600)) * NS_PER_S;
    } else if (pause < 25) {
        span_ns = chance_below(life, 1800) * NS_PER_S;
    }
    struct instant until = instant_after(life->now, span_ns);
    while (core_deadline(life->core).ns <= until.ns && chance_percent(life, 80)) {
        life->now = core_deadline(life->core);
        life_state(life, INPUT_TICK, 0, TRUTH_UNKNOWN);
    }
    life->now = until;
}

/* A webhook answers: for a step that was told, or for one that is long over. */
static void life_confirm(struct life *life, enum truth received) {
    uint32_t alarm = chance_below(life, life->trial.ruleset.alarm_count + 1);
    for (unsigned i = 0; i < NORMAL_TRIES && chance_percent(life, 95); i++) {
        if (alarm < life->trial.ruleset.alarm_count && life->escalations[alarm].step > 0) {
            break;
        }
        alarm = chance_below(life, life->trial.ruleset.alarm_count + 1);
    }
    struct input input = {.kind = INPUT_RECEIPT, .subject = alarm, .state = received};
    if (alarm < life->trial.ruleset.alarm_count) {
        input.step = life->escalations[alarm].step + chance_below(life, 2);
        input.run = life->escalations[alarm].run;
    }
    life_take(life, &input);
}

static void life_order_test(struct life *life, enum command_verb verb, uint32_t place) {
    life->command = (struct command){.verb = verb,
                                     .alarm = RULESET_NONE,
                                     .place = place,
                                     .duration_s = 600,
                                     .role = ROLE_ENGINEER,
                                     .second_role = ROLE_COUNT,
                                     .actor = "nurse",
                                     .reason = "weekly"};
    struct input input = {.kind = INPUT_COMMAND, .command = &life->command};
    life_take(life, &input);
}

/* A detector is tripped and comes to rest; or it is lost, or stays as it is. */
static void life_trip(struct life *life, uint32_t point) {
    life_read(life, point, QUALITY_GOOD, 1);
    life->now = instant_after(life->now, chance_below(life, 3) * NS_PER_S);
    uint32_t draw = chance_below(life, 10);
    if (draw < 8) {
        life_read(life, point, draw < 7 ? QUALITY_GOOD : QUALITY_FAULT, 0);
    }
}

/* What detects fire in the place has been at rest for longer than any rule looks back. */
static void life_calm(struct life *life, const struct ruleset_place *place) {
    for (uint32_t p = place->point_first; p < place->point_end; p++) {
        const struct ruleset_point *point = &life->trial.ruleset.points[p];
        if (point_is_detector(point) || point->kind == POINT_MANUAL_CALL_POINT) {
            life_read(life, p, QUALITY_GOOD, 0);
        }
    }
    life->now = instant_after(life->now, (WINDOW_S + 1) * NS_PER_S);
    life_state(life, INPUT_TICK, 0, TRUTH_UNKNOWN);
}

/*
 * Somebody walks through the rooms of a centre, tests each by itself and trips what is in it. In half of
 * the walks all was calm before; in the others something burns meanwhile in any of them. Now and then the
 * gateway is restarted. People put away what is left before.
 */
static void life_walk(struct life *life) {
    const struct ruleset *ruleset = &life->trial.ruleset;
    uint32_t first = ruleset->places[chance_below(life, ruleset->place_count)].parent;
    if (first == RULESET_NONE) {
        return;
    }
    bool burns = chance_percent(life, 50);
    if (!burns) {
        life_calm(life, &ruleset->places[first]);
    }
    life->command.role = ROLE_ENGINEER;
    uint32_t confirmed = trial_alarm(&life->trial, CONFIRMED, first);
    life_order(life, confirmed, COMMAND_ACKNOWLEDGE);
    life_order(life, confirmed, COMMAND_RESET);
    for (uint32_t room = first + 1; room < ruleset->places[first].end; room++) {
        life_order_test(life, COMMAND_TEST_BEGIN, room);
        for (uint32_t p = ruleset->places[room].point_first; p < ruleset->places[room].point_end;
             p++) {
            if (point_is_detector(&ruleset->points[p])) {
                life_trip(life, p);
            }
        }
        if (chance_percent(life, 20)) {
            life_restart(life);
        }
        if (chance_percent(life, 90)) {
            life_order_test(life, COMMAND_TEST_END, room);
        }
        if (chance_percent(life, 20)) {
            life_restart(life);
        }
        uint32_t points = ruleset->places[first].point_end - ruleset->places[first].point_first;
        for (uint32_t i = 0; burns && i < 4; i++) {
            uint32_t burning = ruleset->places[first].point_first + chance_below(life, points);
            if (point_is_detector(&ruleset->points[burning])) {
                life_trip(life, burning);
            }
        }
    }
}

static void life_go_on(struct life *life) {
    life_wait(life);
    /* Drawn one by one, for C does not say in which order the arguments of a call are evaluated. */
    uint32_t draw = chance_below(life, 1000);
    enum truth state = chance_truth(life);
    uint32_t device = chance_below(life, life->trial.ruleset.device_count + 1);
    uint32_t few = chance_below(life, COMPONENTS + 1); /* one past the last, now and then */
    if (draw < 450) {
        life_read_something(life);
    } else if (draw < 640) {
        life_state(life, INPUT_HEARTBEAT, device, TRUTH_UNKNOWN);
    } else if (draw < 660) {
        life_state(life, INPUT_DEVICE, device, state);
    } else if (draw < 900) {
        life_order_something(life);
    } else if (draw < 920) {
        life_state(life, INPUT_CALENDAR, few, state);
    } else if (draw < 935) {
        life_state(life, INPUT_BETWEEN, few, state);
    } else if (draw < 950) {
        life_state(life, INPUT_WEEKDAY, 0, state);
    } else if (draw < 962) {
        life_state(life, INPUT_COMPONENT, few, state);
    } else if (draw < 965) {
        life_state(life, INPUT_CERTIFICATE, few, state);
    } else if (draw < 975) {
        life_state(life, INPUT_UPLINK, 0, state);
    } else if (draw < 985) {
        life_state(life, INPUT_STORAGE, 0, state);
    } else if (draw < 987) {
        life_state(life, INPUT_CLOCK_STEP, 0, TRUTH_UNKNOWN);
    } else if (draw < 990) {
        life_state(life, chance_percent(life, 50) ? INPUT_SHIFT : INPUT_LISTENER, few, state);
    } else if (draw < 992) {
        life_confirm(life, state);
    } else if (draw < 994) {
        life_walk(life);
    } else {
        life_restart(life);
    }
}

/* Everything is well: the clock is right, each device answers and each point is at rest. */
static void life_heal(struct life *life) {
    struct input set = {.kind = INPUT_CLOCK_STEP,
                        .step_ns = (int64_t)core_clock_behind_ns(life->core, life->now)};
    life_take(life, &set);
    life_state(life, INPUT_CALENDAR, CALENDAR, TRUTH_TRUE);
    life_state(life, INPUT_BETWEEN, 0, TRUTH_FALSE);
    life_state(life, INPUT_WEEKDAY, 0, TRUTH_TRUE);
    life_state(life, INPUT_UPLINK, 0, TRUTH_TRUE);
    life_state(life, INPUT_STORAGE, 0, TRUTH_TRUE);
    life_state(life, INPUT_LISTENER, 0, TRUTH_TRUE);
    for (uint32_t i = 0; i < CERTIFICATE_COUNT; i++) {
        life_state(life, INPUT_CERTIFICATE, i, TRUTH_TRUE);
    }
    for (uint32_t i = 0; i < COMPONENTS; i++) {
        life_state(life, INPUT_COMPONENT, i, TRUTH_TRUE);
    }
    for (uint32_t i = 0; i < life->trial.ruleset.device_count; i++) {
        life_state(life, INPUT_HEARTBEAT, i, TRUTH_UNKNOWN);
    }
    for (uint32_t i = 0; i < life->trial.ruleset.point_count; i++) {
        life_read(life, i, QUALITY_GOOD, 0);
    }
}

/*
 * S6: after that has lasted longer than any window, people can bring everything to its end, though
 * they try the last thing first.
 */
static void life_rest(struct life *life) {
    life_heal(life);
    for (uint32_t i = 0; i < life->trial.ruleset.point_count; i++) {
        if (life->trial.ruleset.points[i].kind != POINT_ATTEND_BUTTON) {
            life_read(life, i, QUALITY_GOOD, 1); /* so that there is much to bring to an end */
        }
    }
    for (uint32_t s = 0; s <= WINDOW_S; s++) {
        life_heal(life);
        life->now = instant_after(life->now, NS_PER_S);
    }
    life->command.role = ROLE_ENGINEER;
    for (uint32_t place = 0; place < life->trial.ruleset.place_count; place++) {
        life->command = (struct command){
            .verb = COMMAND_TEST_END, .place = place, .role = ROLE_ENGINEER, .actor = "nurse"};
        struct input input = {.kind = INPUT_COMMAND, .command = &life->command};
        life_take(life, &input);
    }
    for (uint32_t i = 0; i < life->trial.ruleset.alarm_count; i++) {
        life_order(life, i, COMMAND_UNSHELVE);
        life_order(life, i, COMMAND_IN_SERVICE);
    }
    life_order(life, life->trial.ruleset.alarm_count, COMMAND_RESET); /* there is none */
    for (uint32_t i = 0; i < life->trial.ruleset.alarm_count; i++) {
        life_order(life, i, COMMAND_RESET);
        life_order(life, i, COMMAND_ACKNOWLEDGE);
        life_order(life, i, COMMAND_RESET);
        life_order(life, i, COMMAND_ATTEND);
        life_order(life, i, COMMAND_RESET);
        claim(life, alarm_is_normal(core_alarm(life->core, i)), "S6: every alarm can be ended", i);
        claim(life, alarm_axes_are_idle(core_alarm(life->core, i)->axes), "S6: and is in service",
              i);
    }
    for (uint32_t p = 0; p < life->trial.ruleset.point_count; p++) {
        claim(life, !core_output(life->core, p), "S6: then every lamp is dark", RULESET_NONE);
    }
}

/* Add what a life has met to what its batch has. */
static void tally_add(struct tally *whole, const struct tally *part) {
    for (unsigned i = 0; i < EVENT_TYPE_COUNT; i++) {
        whole->events[i] += part->events[i];
    }
    for (unsigned i = 0; i < COMMAND_REFUSAL_COUNT; i++) {
        whole->refusals[i] += part->refusals[i];
    }
    whole->resumed += part->resumed;
    whole->restarts_open += part->restarts_open;
    whole->restarts_pending += part->restarts_pending;
    whole->threatened += part->threatened;
    whole->windows_ended += part->windows_ended;
    whole->chains_resumed += part->chains_resumed;
    whole->tests_resumed += part->tests_resumed;
    whole->floods_resumed += part->floods_resumed;
    whole->unheard += part->unheard;
    whole->confirmed_beside += part->confirmed_beside;
    whole->confirmed_tests += part->confirmed_tests;
    whole->trips_resumed += part->trips_resumed;
}

/* Has it happened? Says so when it has not. */
static bool tally_has(uint64_t count, const char *what) {
    if (count == 0) {
        printf("no life of the batch has met: %s\n", what);
    }
    return count > 0;
}

/* The batch was worth living: everything that the claims are about has happened in it. */
static bool tally_is_whole(const struct tally *tally) {
    bool whole = true;
    for (unsigned i = 0; i < EVENT_TYPE_COUNT; i++) {
        /* Only a new configuration is told so, or one that was refused, and a life has one. */
        whole &= i == EVENT_SYSTEM_CONFIG_CHANGED || i == EVENT_SYSTEM_CONFIG_REFUSED ||
                 tally_has(tally->events[i], core_event_name((enum core_event_type)i));
    }
    for (unsigned i = 0; i < COMMAND_REFUSAL_COUNT; i++) {
        whole &= tally_has(tally->refusals[i], command_refusal_name((enum command_refusal)i));
    }
    whole &= tally_has(tally->resumed, "a suppression that ends while its alarm is active");
    whole &= tally_has(tally->restarts_open, "a restart with an open alarm");
    whole &= tally_has(tally->restarts_pending, "a restart with a delay");
    whole &= tally_has(tally->threatened, "an active alarm that loses its detector");
    whole &= tally_has(tally->windows_ended, "a window that ends by itself");
    whole &= tally_has(tally->chains_resumed, "a restart with an escalation");
    whole &= tally_has(tally->tests_resumed, "a restart with a test");
    whole &= tally_has(tally->floods_resumed, "a restart with a flood");
    whole &= tally_has(tally->unheard, "a step that nobody receives");
    whole &= tally_has(tally->confirmed_beside, "a fire confirmed beside a test");
    whole &= tally_has(tally->confirmed_tests, "a fire confirmed by tests alone");
    whole &= tally_has(tally->trips_resumed, "a restart that must know of a test that is over");
    return whole;
}

static struct life life;

static uint64_t life_live_once(uint64_t seed, uint64_t steps, unsigned char poison,
                               enum control control) {
    life_begin(&life, seed, poison, control);
    life_state(&life, INPUT_START, 0, TRUTH_UNKNOWN);
    while (life.steps < steps) {
        life_go_on(&life);
    }
    life_rest(&life);
    life_end(&life);
    return life.digest;
}

static void life_live(uint64_t seed, uint64_t steps, enum control control) {
    printf("seed %" PRIu64 "\n", seed);
    fflush(stdout);
    uint64_t digest = life_live_once(seed, steps, 0xAA, control);
    uint64_t again = life_live_once(seed, steps, 0x55, control);
    claim(&life, digest == again, "S8: the same seed gives the same events", RULESET_NONE);
    printf("%u steps, %" PRIu64 " raised, %" PRIu64 " restarts with open alarms\n",
           (unsigned)life.steps, life.tally.events[EVENT_ALARM_RAISED], life.tally.restarts_open);
    printf("digest %016" PRIx64 "\n", digest);
}

/* Read a number that goes on to `end`; false when it is none. */
static bool number_read(const char *text, const char *end, uint64_t *ret_number) {
    char *stopped;
    *ret_number = strtoull(text, &stopped, 10);
    return text < end && stopped == end;
}

/* "7" or "7-12"; false when it is neither. */
static bool seeds_read(const char *text, uint64_t *ret_first, uint64_t *ret_last) {
    const char *end = text + strlen(text);
    const char *dash = strchr(text, '-');
    if (dash == NULL) {
        bool good = number_read(text, end, ret_first);
        *ret_last = *ret_first;
        return good;
    }
    return number_read(text, dash, ret_first) && number_read(dash + 1, end, ret_last) &&
           *ret_first <= *ret_last;
}

/* The control of that name; CONTROL_NONE when there is none. */
static enum control control_find(const char *name) {
    static const char *const names[CONTROL_COUNT] = {
        [CONTROL_NONE] = "",
        [CONTROL_FORGET_TRIPS] = "forget_trips",
        [CONTROL_FORGET_EARNEST] = "forget_earnest",
    };
    enum control control = CONTROL_COUNT;
    while (control > CONTROL_NONE + 1 && strcmp(names[control - 1], name) != 0) {
        control--;
    }
    return control - 1;
}

int main(int argc, char **argv) {
    static struct tally whole;
    uint64_t first, last;
    uint64_t steps = STEPS;
    enum control control = argc > 2 ? control_find(argv[argc - 1]) : CONTROL_NONE;
    argc -= control != CONTROL_NONE;
    if (argc < 2 || argc > 3 || !seeds_read(argv[1], &first, &last) ||
        (argc == 3 &&
         (!number_read(argv[2], argv[2] + strlen(argv[2]), &steps) || steps > UINT32_MAX / 2))) {
        fprintf(stderr, "usage: core_sim SEED|FIRST-LAST [STEPS] [CONTROL]\n");
        return 2;
    }
    for (uint64_t seed = first; seed <= last; seed++) {
        life_live(seed, steps, control);
        tally_add(&whole, &life.tally);
    }
    if (control != CONTROL_NONE) {
        printf("nobody has found out the control\n");
        return 1;
    }
    return strchr(argv[1], '-') == NULL || tally_is_whole(&whole) ? 0 : 1;
}
