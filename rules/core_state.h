/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RULES_CORE_STATE_H
#define RULES_CORE_STATE_H

/*
 * The core's block, from inside: for core.c and core_*.c only
 *
 * Everything that the core will ever remember is in one struct and the arrays that it points to,
 * all of them in the caller's block. Truths are kept in bytes (enum truth).
 */

#include "rules/core.h"
#include "rules/flood.h"
#include "rules/index_set.h"
#include "rules/reach.h"
#include "rules/timers.h"

/* What the last evaluation of a site rule's alarm said. */
struct core_evaluation {
    struct instant due; /* when its expression may change by itself */
    double value;       /* for texts */
};

/* The escalation of one alarm whose rule has a chain, and what it switches on. */
struct core_chain {
    struct chain chain;
    struct instant due;        /* when the next step may come */
    point_kind_set held_kinds; /* outputs of these kinds are held, … */
    uint8_t held_steps;        /* … of so many steps */
    bool awaits_webhook;       /* the newest step's webhook may still confirm */
    bool heard;                /* … or an output has, which the next evaluation notes */
};

struct core_device {
    struct instant heard; /* last sign of life; the start while there was none */
    uint32_t point_first; /* of its points, which are linked by `beside`; or RULESET_NONE */
    uint8_t lost;         /* unknown until it is heard or missed */
};

/* When a button or detector was tripped under test. */
enum core_tripped {
    CORE_TRIPPED_IN_TEST = 1 << 0,  /* in the one that runs or was last */
    CORE_TRIPPED_IN_ROUND = 1 << 1, /* since the last reminder; see core_walk.c */
};

/* Until when a button or detector was true: {0} it never was, MOMENT_NEVER it is; see core_trip.c. */
struct core_trips {
    struct moment earnest, tested;
};

/* What system_fire_promoted of a zone looks at. */
struct core_promotions {
    uint32_t fires;     /* that are promoted */
    uint32_t confirmed; /* alarms of the site's rules that say so, in earnest and now, … */
    uint32_t refuted;   /* … and of these the ones that somebody has found to be no fire */
    uint32_t anew;      /* 1: a fire was promoted in this step */
};

/* What is known of the wall clock; see core_clock.c. */
struct core_clock {
    struct instant caught_up;   /* it is past the newest time again; not later than now: it is */
    uint64_t ahead_ns;          /* steps have set it ahead by so much, … */
    struct instant ahead_until; /* … and until then that may have been a mistake */
    uint64_t lost;              /* 1: it is not to be trusted */
};

/* What a site rule's expression reads besides the values of points. */
enum core_reads {
    CORE_READS_HOURS = 1 << 0,
    CORE_READS_WEEKDAY = 1 << 1,
    CORE_READS_BETWEEN = 1 << 2,
    CORE_READS_MOMENT = 1 << 3, /* what a reading of an event point is for its step alone */
    CORE_READS_AGE = 1 << 4,    /* when its own point was heard */
    CORE_READS_COUNTER = 1 << 5,
};

struct core {
    const struct ruleset *ruleset;
    struct instant newest; /* of the inputs */
    uint32_t events_max;   /* of one step */

    /* by point */
    struct point_state *points;
    struct wall *measured; /* of the last reading */
    struct index_set aged; /* those whose age an alarm reads */

    /* by device */
    struct core_device *devices;

    /* by alarm */
    struct alarm *alarms;
    struct core_evaluation *evaluations; /* of the site rules' alarms, which stand first */
    uint32_t evaluation_count;
    struct index_set touched; /* to be evaluated in this step */
    struct index_set changed; /* not reported by core_changed() yet */

    struct expr_memory *memories;
    struct expr_window *windows;

    uint8_t *rule_reads; /* by rule: a set of enum core_reads */
    uint8_t *calendars;  /* is it open? */
    uint8_t *betweens;
    uint8_t weekday;
    uint8_t levelled; /* the counters are levelled in this step */
    uint8_t *components_lost;
    uint8_t uplink_lost;
    uint8_t storage_lost;
    uint8_t site_refused;
    uint8_t certificates_ending[CERTIFICATE_COUNT];
    uint64_t certificates_until_s[CERTIFICATE_COUNT]; /* 0: not known */
    uint8_t *shifts_on;                               /* by shift: is it on duty? */
    uint8_t *listeners_lost;                          /* by listener */

    struct core_chain *chains; /* by slot: the alarms of rules with a chain, by rule */
    uint32_t *rule_slots;      /* by rule: the slot of its first alarm */
    struct reach_list outputs;
    uint32_t *output_holders; /* by place in the list: how many steps of alarms want it on */
    struct index_set outputs_changed; /* points not reported by core_outputs_changed() yet */

    /* by place */
    uint32_t *fires;      /* of a zone: fires that are active */
    uint32_t *door_first; /* alarms about its doors: doors[door_first[p] … door_first[p + 1]) */
    uint32_t *doors;
    struct index_set doors_open;        /* room for those of a zone, by alarm */
    struct core_promotions *promotions; /* of a zone */
    struct moment *tests;               /* until when it is under test; MOMENT_NEVER: it is not */
    uint32_t test_count;                /* places under test */
    struct moment *walks;           /* of a top-level place: when its round of walk tests is over */
    uint64_t *walked;               /* which points are buttons or detectors: see core_walked.c */
    uint32_t *walked_before;        /* by word of it: how many stand before */
    uint8_t *tripped;               /* by button or detector: a set of enum core_tripped */
    struct core_trips *trips;       /* likewise */
    struct moment trip_tested_last; /* when the last of them that is over was in a test, … */
    uint32_t trips_tested;          /* … and how many in a test are not */
    bool trips_turned;     /* one of them began or ended in this step, and a restart must know it */
    bool receivers_turned; /* what the chains' receivers say may be another in this step */
    bool causes_turned;    /* a cause of other alarms came or went in this step */
    /* The place to which somebody has come in this step, as a button or a card says. */
    uint32_t attended;
    struct flood flood;
    struct core_clock clock;

    /* timers: those of the alarms, then of the devices, then of the points; last those of
     * upkeep, of tests, of floods, of walk tests and of the wall clock */
    struct timers timers;

    uint32_t builtin_first[BUILTIN_COUNT]; /* first alarm of each rule of the product's own */
    uint32_t builtin_count[BUILTIN_COUNT];
};

static inline uint32_t core_device_timer(const struct core *core, uint32_t device) {
    return core->ruleset->alarm_count + device;
}

static inline uint32_t core_point_timer(const struct core *core, uint32_t point) {
    return core->ruleset->alarm_count + core->ruleset->device_count + point;
}

/* When the alarm's expression may change by itself; those of the product's own have none. */
static inline struct instant core_evaluation_due(const struct core *core, uint32_t alarm) {
    return alarm < core->evaluation_count ? core->evaluations[alarm].due : INSTANT_NEVER;
}

/* What the alarm was last decided by, for texts. */
double core_alarm_value(const struct core *core, uint32_t alarm);

static inline uint32_t core_upkeep_timer(const struct core *core) {
    return core_point_timer(core, core->ruleset->point_count);
}

static inline uint32_t core_test_timer(const struct core *core) {
    return core_upkeep_timer(core) + 1;
}

static inline uint32_t core_flood_timer(const struct core *core) {
    return core_test_timer(core) + 1;
}

static inline uint32_t core_walk_timer(const struct core *core) {
    return core_flood_timer(core) + 1;
}

static inline uint32_t core_clock_timer(const struct core *core) {
    return core_walk_timer(core) + 1;
}

static inline uint32_t core_timer_count(const struct ruleset *ruleset) {
    return ruleset->alarm_count + ruleset->device_count + ruleset->point_count + 5;
}

/* What the parts of a step share. */
struct core_turn {
    struct core *core;
    const struct input *input;
    struct step *step;
};

/* How many alarms have a chain. */
uint32_t core_chain_slots(const struct ruleset *ruleset);
void core_chain_init(struct core *core);
void core_chain_check(const struct core *core);

/* Does the alarm's chain stay as it is while the alarm does? */
bool core_chain_rests(const struct core *core, uint32_t alarm, struct instant now);

/* When the alarm's chain wants to go on; INSTANT_NEVER without one. */
struct instant core_chain_due(const struct core *core, uint32_t alarm);

/*
 * Let the chain of an alarm follow what has happened to it, tell at most one step, and count what it
 * switches. After every step of the alarm; `command` is what changed it, or NULL.
 */
void core_escalate(const struct core_turn *turn, uint32_t alarm, unsigned changes,
                   const struct command *command);

/* Would an acknowledgement by this person stop a chain that runs? */
bool core_chain_stops(const struct core *core, const struct command *command);

/* Touch the alarms whose newest step waits for a receipt: an output has said something. */
void core_touch_waiting(struct core *core);

/* A receiver of a step has confirmed, or will not. */
void core_receipt(struct core *core, const struct input *input);

/* --- core_input.c --- */

/* Change the core's picture of the site as the input says, and touch the alarms that look at it. */
void core_apply(const struct core_turn *turn);

/* The quality that a reading deserves: a value that is no number is a fault, whatever it claims. */
enum quality core_reading_quality(const struct reading *reading);

/*
 * Is the reading a moment that is now, by the time that its device gives? One that is delivered late, or
 * dated ahead, is told and makes nothing true.
 */
bool core_reading_is_moment(const struct core *core, const struct input *input);

/* --- core_judge.c --- */

/* What the alarm's condition is now; `moment` as in struct expr_view. */
enum truth core_judge(struct core *core, uint32_t alarm, struct instant now, uint32_t moment);

/* What would raise the alarm of a site's rule now without these points; as in struct expr_view. */
enum truth core_judge_without(const struct core *core, uint32_t alarm,
                              const struct index_set *left_out, bool others);

/* --- core_tell.c --- */

/* Tell something that is no alarm's; `point` may be RULESET_NONE. */
void core_tell_activity(const struct core_turn *turn, enum core_event_type type, uint32_t point);

/* Note and tell what happened to an alarm, and what follows for those who are to hear of it. */
void core_conclude(const struct core_turn *turn, uint32_t alarm, unsigned changes,
                   const struct command *command);

/* --- core_touch.c --- */

/* Touch the alarm that one of the product's own rules has for `entity`. */
void core_touch_builtin(struct core *core, enum ruleset_builtin builtin, uint32_t entity);

/* Touch the alarms that read the point's value, or wait for an output's word. */
void core_touch_value(struct core *core, uint32_t point);

/* Touch all alarms that read the point, its own fault among them, or wait for an output's word. */
void core_touch_point(struct core *core, uint32_t point);

/* The point was heard: touch its alarms that read its age. */
void core_touch_age(struct core *core, uint32_t point);

/* Touch the alarms of all rules that read any of `reads`, of hours only in places with `calendar`. */
void core_touch_readers(struct core *core, unsigned reads, uint32_t calendar);

/* Does the alarm read the point? */
bool core_depends(const struct ruleset *ruleset, uint32_t point, uint32_t alarm);

/* --- core_silence.c --- */

/*
 * Begin to wait for the point, of whose silence `age_ns` are over, or for the device, unless somebody
 * does already.
 */
void core_watch_point(struct core *core, uint32_t point, uint64_t age_ns, struct instant now);
void core_watch_device(struct core *core, uint32_t device, struct instant now);

/* The device is gone, by its silence or by its driver's word. */
void core_device_lose(struct core *core, uint32_t device, struct instant now);

/* A sign of life. Its points stay stale until they are read, and are waited for from now on. */
void core_device_hear(struct core *core, uint32_t device, struct instant now);

/* Nobody could be heard at `now`, through no fault of theirs. */
void core_excuse_devices(struct core *core, struct instant now);

/* The timer of a device or a point has come. */
void core_device_due(struct core *core, uint32_t device, struct instant now);
void core_point_due(struct core *core, uint32_t point, struct instant now);

/* Has the point a silence of its own? Moments and outputs are not missed, whatever theirs says. */
bool core_point_speaks(const struct core *core, uint32_t point);

/* Is each reading of the point a moment of its own? */
bool core_point_is_moments(const struct core *core, uint32_t point);

/* An event point whose device is there is good: it has no value that could be too old. */
void core_point_expect(struct core *core, uint32_t point, struct instant now);

/* --- core_memory.c --- */

/* core_restore() for the memories alone; `delay_ended` is left false. */
struct core_kept core_restore_memories(struct core *core, uint32_t alarm,
                                       struct memory_record *records, uint32_t count,
                                       struct instant now);

/* --- core_causes.c --- */

/* Let the alarm follow its cause, if another alarm is one. Returns a set of enum alarm_change. */
unsigned core_follow_cause(struct core *core, uint32_t alarm, struct instant now);

/* Is a fire alarm with these axes a fire in earnest, and now? */
bool core_fire_counts(struct alarm_axes axes);

/* Does it count, and has somebody found it to be no fire? */
bool core_fire_is_refuted(struct alarm_axes axes);

/* Is the alarm about a door? How many are, and which of each place. */
bool core_is_door(const struct ruleset *ruleset, uint32_t alarm);
uint32_t core_door_count(const struct ruleset *ruleset);
void core_list_doors(struct core *core);

/* The alarm was stepped, and was `before`: count it among the causes, or no longer. */
void core_note_cause(struct core *core, uint32_t alarm, struct alarm_axes before);

/* Let those follow whose causes turned in this step. */
void core_spread_causes(const struct core_turn *turn);

/* Likewise among the promoted fires and those that confirm; `changes` is what the step said. Returns
 * the alarm of its zone if that must follow, or RULESET_NONE. */
uint32_t core_note_promotion(struct core *core, uint32_t alarm, struct alarm_axes before,
                             unsigned changes);

/* Is the alarm of a fire promoted, and nothing came of it? See struct alarm_conf. */
bool core_promotion_is_idle(const struct core *core, uint32_t alarm);

/* What system_fire_promoted says of a zone. */
enum truth core_judge_promotion(const struct core *core, uint32_t zone);

/*
 * Is the alarm the system_fire_promoted of a zone, open already, of which one more fire was promoted in this
 * step? Asked once in a step, after core_judge_promotion() and before the alarm is stepped.
 */
bool core_promotion_comes_again(struct core *core, uint32_t alarm);

/* --- core_test_mode.c --- */

/* Is a place, or one around it, under test? RULESET_NONE never is. */
bool core_place_is_tested(const struct core *core, uint32_t place);

/* Tests whose time is over end. */
void core_test_due(const struct core_turn *turn);

/* One of the verbs about a place. */
enum command_refusal core_test_command(const struct core_turn *turn, const struct command *command);

/* A point has become true. */
void core_test_trip(const struct core_turn *turn, uint32_t point);

/* --- core_walked.c --- */

uint32_t core_walked_words(const struct ruleset *ruleset);
uint32_t core_walked_count(const struct ruleset *ruleset);
void core_walked_init(struct core *core);

/* Is it a button or detector that a walk test is about? */
bool core_point_is_walked(const struct core *core, uint32_t point);

/* Of a point that is one. */
struct core_trips *core_trips_of(const struct core *core, uint32_t point);

/* Of any other point: never, and nothing happens. */
bool core_has_tripped(const struct core *core, uint32_t point, enum core_tripped when);
void core_set_tripped(struct core *core, uint32_t point, enum core_tripped when, bool is);

/* --- core_trip.c --- */

/* A point's value or quality changed: it may be true now, or no longer. */
void core_trip_follow(struct core *core, uint32_t point, struct instant now);

/* The test of a place has ended: what is still true in it is in earnest from now on. */
void core_trip_leave(struct core *core, uint32_t place, struct instant now);

/* Is what the alarm says part of a test? */
bool core_alarm_is_tested(const struct core *core, uint32_t alarm);

/* When an alarm that is part of a test is one no longer, although nothing happens. */
struct instant core_trip_due(const struct core *core, uint32_t alarm);

/* --- core_walk.c --- */

/* Begin the rounds of places that have none yet. */
void core_walk_start(struct core *core, struct instant now);

/* Rounds whose time is over are told, and begin anew. */
void core_walk_due(const struct core_turn *turn);

/* A button or detector was tripped under test. */
void core_walk_trip(struct core *core, uint32_t point, struct instant now);

/* --- core_clock.c --- */

/* The wall clock was set, by so much. */
void core_clock_step(struct core *core, int64_t step_ns, struct instant now);

/* It is past the newest time that it had shown. */
void core_clock_due(struct core *core, struct instant now);

/* What alarm.h wants to know of the rule of an alarm. */
struct alarm_conf core_alarm_conf(const struct core *core, uint32_t alarm);

/* When the alarm's delay, its expression, the end of a test or its chain wants it. */
struct instant core_due(const struct core *core, uint32_t alarm);

/* Let the alarm's timer run until then. */
void core_schedule(struct core *core, uint32_t alarm);

#endif
