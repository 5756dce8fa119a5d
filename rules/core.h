/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RULES_CORE_H
#define RULES_CORE_H

/*
 * Decision core
 *
 * Turns a stream of inputs into a stream of events. It reads no clock, does no I/O, owns no thread
 * and allocates nothing: all it will ever use is the block given to core_init(). The same inputs in
 * the same order give the same events, byte for byte, on every machine; so one recorded stream
 * serves the live engine, a replay of last night and a simulated fault.
 *
 *     input -> core_step -> events (to be recorded and told)
 *                        -> wanted outputs
 *                        -> the alarms whose record changed (to be journalled with the events)
 *     core_deadline -> when to come back with INPUT_TICK
 *
 * A restart gives each alarm its last record back by core_restore(), before the first input; delays
 * then run on for what was left of them, and conditions are unknown until readings come.
 *
 * A lost input is never good news and never silent. A device that is not heard for its silence, or
 * that its driver gives up, makes all its points stale and raises system_device_lost, once: its
 * points' own faults are not raised beside it. A heartbeat, a usable reading or its driver's word
 * ends that; its points stay stale until each is read again. A heartbeat confirms all values of its
 * device that are not stale, but for points with a silence of their own: those speak for themselves,
 * and go stale when they have not for so long, though their device is there. A reading of theirs that
 * is given again to a new core counts from when it was heard: one as old as their silence is stale at
 * once. A gateway that itself stood still could hear nobody: INPUT_STANDSTILL makes that no silence of the
 * devices that were there. A point whose reading is a fault keeps its last good value beside that quality; either raises
 * its system_sensor_fault.
 *
 * Somebody who was called says at the place that he has come: at an attend button, or with his card at
 * a reader or checkpoint that `attends` (access granted). Either attends all that is open there.
 *
 * Buttons and detectors are to be walked through each week (times->walk_test_reminder_s): a top-level
 * place in which one was not tripped under test for that long is told, and again after as long. See
 * core_walk.c.
 *
 * A wall clock that was set back by more than a minute is system_clock, until it is past the newest
 * time that it had shown. See core_clock.c.
 *
 * A role that cannot be reached is system_nobody_listening after its time of duty: while none of its
 * shifts is on, the time stands still, and it goes on with what was left when one is. It begins anew
 * only when a receiver was reachable meanwhile, whether on duty or not; and only that ends the alarm.
 * A role that is in no shift is always on duty.
 */

#include "rules/alarm.h"
#include "rules/ruleset.h"

enum input_kind {
    INPUT_READING,
    INPUT_HEARTBEAT, /* a device answered within the last second, unchanged values and all */
    INPUT_DEVICE,    /* a driver gives a device up, or has it back */
    INPUT_COMMAND,
    INPUT_TICK,     /* core_deadline() has come */
    INPUT_CALENDAR, /* a calendar opens or closes */
    INPUT_BETWEEN,  /* a `between` clause becomes true or false */
    INPUT_WEEKDAY,
    INPUT_CLOCK_STEP, /* the wall clock was set; `step_ns` is by how much */
    INPUT_COMPONENT,  /* a process of the gateway is there, gone, or not known yet */
    INPUT_UPLINK,     /* the broker connection as the uplink sees it */
    INPUT_STORAGE,    /* does the journal record? */
    INPUT_START, /* first input after core_init and core_restore; false: the site file is wrong */
    INPUT_CONFIGURATION, /* the site is another than in the life before; false: one was refused */
    INPUT_SHIFT,         /* a shift goes on or off duty */
    INPUT_LISTENER,      /* a role's receiver can be reached, cannot, or nobody knows */
    INPUT_RECEIPT,       /* a step of an alarm's chain was received, or will not be */
    INPUT_LEVEL,         /* the hour has come at which all counters count from 0 again */
    INPUT_STANDSTILL,    /* the gateway itself stood still at this instant, and could hear nobody */
    INPUT_CERTIFICATE, /* one that the line outside needs is good for long, ends soon, or nobody knows */
    INPUT_KIND_COUNT,
};

/* What begins with an INPUT_START. */
enum core_start {
    CORE_START_GATEWAY,
    CORE_START_RELOAD, /* another site, in a gateway that goes on: INPUT_CONFIGURATION is to follow */
};

struct input {
    struct instant at; /* not earlier than the input before it */
    struct wall wall;  /* carried into the events */
    enum input_kind kind;
    /* HEARTBEAT, DEVICE: device; CALENDAR, BETWEEN, COMPONENT, SHIFT, LISTENER: index;
       RECEIPT: alarm; CERTIFICATE: enum certificate; else 0 */
    uint32_t subject;
    /* DEVICE, COMPONENT, UPLINK, STORAGE, LISTENER, CERTIFICATE: well; CALENDAR, BETWEEN, WEEKDAY, SHIFT: now;
       START, CONFIGURATION: taken; RECEIPT: received */
    enum truth state;
    int64_t step_ns;               /* CLOCK_STEP */
    struct reading reading;        /* READING */
    const struct command *command; /* COMMAND; borrowed for the step */
    /* RECEIPT: of the alarm's chain, counted from 1; COMPONENT: how it ended, only carried; START: enum
       core_start */
    uint32_t step;
    uint32_t run; /* RECEIPT: of the chain; COMPONENT: its signal or exit code, only carried */
    /* CONFIGURATION: of the site in the life before; CERTIFICATE: the wall second of its end; 0: not known */
    uint64_t generation;
    /* READING: how long ago it was heard; 0: now. Not 0 if it is given again. COMPONENT: for how long it
       has been gone, only carried */
    uint64_t age_ns;
};

enum core_event_type {
    EVENT_ALARM_RAISED,
    EVENT_ALARM_RERAISED,
    EVENT_ALARM_ACKNOWLEDGED,
    EVENT_ALARM_REALARMED,
    EVENT_ALARM_ATTENDED,
    EVENT_ALARM_INVESTIGATED,
    EVENT_ALARM_SILENCED,
    EVENT_ALARM_UNSILENCED,
    EVENT_ALARM_SHELVED,
    EVENT_ALARM_UNSHELVED,
    EVENT_ALARM_OUT_OF_SERVICE,
    EVENT_ALARM_IN_SERVICE,
    EVENT_ALARM_SUPPRESSED,
    EVENT_ALARM_UNSUPPRESSED,
    EVENT_ALARM_CLEARED,
    EVENT_ALARM_RESET,
    EVENT_ALARM_DISPOSED, /* it was said what it turned out to be */
    EVENT_ALARM_CLOSED,
    EVENT_ALARM_ESCALATED,
    /* activity lane */
    EVENT_TEST_BEGUN,
    EVENT_TEST_TRIPPED,  /* a button or detector that was not tripped before in this test */
    EVENT_TEST_UNTESTED, /* … that was never tripped, as the test ends */
    EVENT_TEST_ENDED,
    EVENT_FLOOD_BEGUN,
    EVENT_FLOOD_ENDED,
    EVENT_ACCESS_GRANTED,
    EVENT_ACCESS_DENIED,
    EVENT_PATROL_CHECKPOINT,
    EVENT_SYSTEM_STARTED,
    EVENT_SYSTEM_CLOCK_STEPPED,
    EVENT_SYSTEM_CONFIG_CHANGED,
    EVENT_SYSTEM_CONFIG_REFUSED, /* a changed site is wrong: the one before stays in force */
    EVENT_SYSTEM_WALK_TEST_DUE,  /* not all of a top-level place was tested in time */
    EVENT_TYPE_COUNT,
};

_Static_assert(EVENT_ALARM_CLOSED - EVENT_ALARM_RAISED + 1 == ALARM_CHANGES_TOLD,
               "the events of an alarm stand in the order of enum alarm_change");

enum core_lane { LANE_ALARM, LANE_ACTIVITY };

/* A step of an alarm's chain has come: EVENT_ALARM_ESCALATED. */
struct core_escalation {
    uint32_t step; /* counted from 1 */
    uint32_t run;
    enum chain_reason reason;
    enum truth on_duty; /* of a step to a shift: is it on duty? */
};

/* One thing that happened. */
struct core_event {
    enum core_event_type type;
    struct instant at;
    struct wall wall;
    uint32_t alarm;         /* RULESET_NONE for activity */
    uint32_t place;         /* RULESET_NONE where it has none */
    uint32_t point;         /* the point whose reading decided, or RULESET_NONE */
    struct alarm_axes axes; /* after the step */
    uint32_t occurrence;
    uint32_t raises;   /* within the occurrence: 1 when raised, more when reraised */
    uint32_t incident; /* number of the flood that it is folded into; 0: told by itself */
    enum disposition disposition;
    enum quality quality; /* of the deciding point; QUALITY_GOOD where there is none */
    /* Of the point or the expression at the alarm's last evaluation; of a certificate, when it ends, in wall
       seconds, 0 if that is not known */
    double value;
    uint64_t code;
    int64_t step_ns;
    uint64_t generation;           /* CONFIG_CHANGED: of the site before; 0: not known */
    uint32_t count;                /* WALK_TEST_DUE: buttons and detectors that were not tested */
    struct wall until;             /* when what begins here ends by itself; 0 where it does not */
    struct wall measured;          /* of the deciding point's last reading; 0 where there is none */
    const struct command *command; /* who and why, or NULL; borrowed from the input. A card that was
                                      read is the actor "badge", in no role (ROLE_COUNT) */
    struct core_escalation escalation;
};

/* "alarm.raised", "access.granted" … Static storage. */
const char *core_event_name(enum core_event_type type);
enum core_lane core_event_lane(enum core_event_type type);

/* What a step caused. The caller provides `events` with room for core_events_max(). */
struct step {
    struct core_event *events;
    uint32_t event_count;
    enum command_refusal refusal; /* of the command, or COMMAND_ACCEPTED */
};

struct core;

/* Bytes that core_init() needs, aligned for any type. */
size_t core_size(const struct ruleset *ruleset);

/* The most events that one input can cause. */
uint32_t core_events_max(const struct ruleset *ruleset);

/*
 * Build a core at the start of `block`. Borrows `block` and `ruleset` until the core is no longer
 * used; there is nothing to release. Every point is stale and every condition unknown at first.
 */
struct core *core_init(void *block, const struct ruleset *ruleset, struct instant now);

/*
 * Apply one input. Cannot fail; an input that names no known point, device or alarm changes nothing
 * (a command for one is refused), and a reading whose value is not finite is a fault of its point.
 * `step->events` is overwritten: what a reading or a start is by itself comes first, then the
 * alarms by index, and the events of each in the order of enum alarm_change, then a step of its
 * chain. Of several steps that come at once each takes an input, the next being a tick. Alarms that
 * are inhibited, or no longer, by what happened in this step come last, by their causes.
 *
 * Delays that ended before `input->at` are told whether or not a tick came. An expression is judged
 * once, as things are after the input: whoever must not miss what was true only until then brings a
 * tick at core_deadline() first, as the engine and a replay do.
 */
void core_step(struct core *core, const struct input *input, struct step *step);

/*
 * When the core next wants an INPUT_TICK, or INSTANT_NEVER. Later than the last input. It is exact
 * for delays and expressions; for silences it may be early, so that a heartbeat need not move a
 * timer, and the tick then finds nothing due and asks again.
 */
struct instant core_deadline(const struct core *core);

/*
 * The alarms whose record or memories differ from what core_changed() last reported: writes up to
 * `room` indexes in order, marks those as reported and returns how many it wrote. Call until it
 * returns 0. That time passed is no difference: a record holds what is left of a delay when it is
 * taken.
 */
uint32_t core_changed(struct core *core, uint32_t *alarms, uint32_t room);

/* The record of one alarm, to be journalled; see alarm.h for what it holds. */
void core_record(const struct core *core, uint32_t alarm, struct instant now,
                 struct alarm_record *ret_record);

/*
 * One memory of an alarm's expression: ages instead of instants, which mean nothing to the next
 * boot. A memory of `held` has the time that it has been held as its true age, and one of a counter
 * the bits of what it was read at and was levelled at.
 */
struct memory_record {
    uint64_t identity;       /* what it is a memory of; see identity.h */
    uint64_t true_age_ns;    /* UINT64_MAX: never */
    uint64_t unknown_age_ns; /* UINT64_MAX: never */
    uint8_t now;             /* enum truth */
    uint8_t kind;            /* enum expr_memory_kind */
    uint8_t taken;           /* for core_restore() alone; 0 before */
    uint8_t reserved[5];
};

/* The memories of one alarm at `now`; `ret` has room for the alarm's memory_count. */
void core_record_memories(const struct core *core, uint32_t alarm, struct instant now,
                          struct memory_record *ret);

/* What of an alarm's recorded past could be given back. */
struct core_kept {
    uint32_t kept;       /* memories that go on */
    uint32_t anew;       /* memories that no record is of: they know nothing yet */
    uint32_t dropped;    /* records that know something, of what this alarm does not remember */
    uint32_t anew_kinds; /* of those that begin anew: a set of 1 << enum expr_memory_kind */
    bool delay_ended;    /* a delay ran, or stood, on another condition than the alarm has */
};

/*
 * Give alarm `alarm` its recorded life back, before the first core_step(). Each of its memories goes
 * on from the record of the same identity, wherever that stands; one without a record is left fresh,
 * as at a first start, and so is one whose record no build of ours wrote. A delay goes on only when
 * the record's condition is the alarm's own, in all its parts; else it is forgotten, and begins anew
 * when the condition says so. Ages are kept exactly, also those from before the origin of the
 * instants. Reorders `memories`.
 */
struct core_kept core_restore(struct core *core, uint32_t alarm, const struct alarm_record *record,
                              struct memory_record *memories, uint32_t memory_count,
                              struct instant now);

/* The run of an alarm's escalation chain, to be journalled with it; all zero without one. */
void core_record_chain(const struct core *core, uint32_t alarm, struct instant now,
                       struct chain_record *ret_record);

/* Give it back, after core_restore() of the alarm and before the first core_step(). */
void core_restore_chain(struct core *core, uint32_t alarm, const struct chain_record *record,
                        struct instant now);

/*
 * What is left of the test of `place` at `now`, in tenths of a second and never nothing; 0 while no
 * test of this very place runs. What a test has ticked off is by point, and stays until the next.
 */
uint32_t core_test_left_ds(const struct core *core, uint32_t place, struct instant now);
bool core_test_has_tripped(const struct core *core, uint32_t point);

/*
 * Give a test back that ran, with `left_ds` > 0 left of it, and the points that it had ticked off,
 * before the first core_step(). It ends by the core's own hand. On another site a test may lie in
 * another: then each ends by itself.
 */
void core_restore_test(struct core *core, uint32_t place, uint32_t left_ds, struct instant now);
void core_restore_tripped(struct core *core, uint32_t point);

/*
 * Until when a button or detector was true in earnest, and until when in a test, as ages: what the alarms
 * still say because of it is in earnest, or of the test, after a restart as well.
 */
struct core_trip_record {
    uint64_t earnest_age_ns;
    uint64_t tested_age_ns;
};

#define CORE_TRIP_NEVER UINT64_MAX       /* the age of what never was, … */
#define CORE_TRIP_LASTS (UINT64_MAX - 1) /* … and of what still is, as far as is known */

/* The record of one point at `now`; false, and of no use, where no alarm looks back so far. */
bool core_record_trip(const struct core *core, uint32_t point, struct instant now,
                      struct core_trip_record *ret_record);

/*
 * Has a trip begun or ended in the last step of which a restart must know? Of one in earnest it need not
 * where nothing is tested.
 */
bool core_trips_turned(const struct core *core);

/*
 * Give a trip back, before the first core_step() and after the tests that run: where there is none, one in
 * earnest that lasted may have ended since, and counts as over.
 */
void core_restore_trip(struct core *core, uint32_t point, const struct core_trip_record *record,
                       struct instant now);

/*
 * What is left of the round of walk tests of a top-level place, likewise; 0 for a place that has none:
 * one inside another, or without buttons and detectors. And what was tripped in it.
 */
uint32_t core_walk_left_ds(const struct core *core, uint32_t place, struct instant now);
bool core_walk_has_tripped(const struct core *core, uint32_t point);

/*
 * Give a round back, with `left_ds` > 0 left of it, and the points that were tripped in it, before the
 * first core_step(). A place that has no round on this site gets none, and none is longer than the site
 * says.
 */
void core_restore_walk(struct core *core, uint32_t place, uint32_t left_ds, struct instant now);
void core_restore_walked(struct core *core, uint32_t point);

/* A clock that was set ahead and is set back within this time was wrong in between, and is right again. */
#define CORE_CLOCK_AHEAD_NS (24 * 3600 * NS_PER_S)

/* How far the wall clock is behind the newest time that it had shown; 0 while it is to be trusted. */
uint64_t core_clock_behind_ns(const struct core *core, struct instant now);

/* The clock is still behind as far, before the first core_step(). */
void core_restore_clock(struct core *core, uint64_t behind_ns, struct instant now);

/*
 * It shows a time that is later by so much than the newest one known from before, which may be wrong: a clock
 * without a battery shows anything. Before the first core_step().
 */
void core_restore_clock_ahead(struct core *core, uint64_t ahead_ns, struct instant now);

/* The number of the present or the last flood, 0 when there was none, and whether it still runs. */
struct flood_record {
    uint32_t incident;
    uint32_t runs; /* 0 or 1 */
};

void core_record_flood(const struct core *core, struct flood_record *ret_record);

/*
 * Give a flood back, before the first core_step(). When its alarms were raised is not recorded: one
 * that runs goes on as if enough had been raised just now, and so ends late, never early.
 */
void core_restore_flood(struct core *core, const struct flood_record *record, struct instant now);

/* Is this output to be on? Of an input never. */
bool core_output(const struct core *core, uint32_t point);

/*
 * The outputs whose wanted state has changed since this last reported, perhaps back again: writes up
 * to `room` points in order, marks those as reported and returns how many it wrote. Call until it
 * returns 0. All are off at first; restoring alarms may switch some on.
 */
uint32_t core_outputs_changed(struct core *core, uint32_t *points, uint32_t room);

/*
 * Copy all that the core will ever remember to `ret`, core_size() bytes aligned as a block is. The
 * same core gives the same bytes wherever it lies, for there is no address in them. Only while
 * core_changed() has nothing to report. What core_outputs_changed() has yet to report is not in it:
 * whoever goes on says the state of all outputs anyway.
 *
 * The copy is the core's own memory and no format: it goes on only in the same build and with the
 * same ruleset, and whoever keeps it has to know both (a digest of the program and of the ruleset).
 * Anybody else begins from core_record() and core_picture().
 */
void core_snapshot(const struct core *core, void *ret);

/* Go on from a snapshot that was read back into `block`; else as core_init(). */
struct core *core_resume(void *block, const struct ruleset *ruleset);

/*
 * The picture that the core has of the site, as inputs that give it to a fresh one: INPUT_START
 * first, then what it knows of storage, uplink, calendars, components, devices, and each point's
 * last reading. Writes number `index` of them, with the core's newest instant and `wall`, and returns
 * false past the last. What it leaves out: readings of event points, which are moments and over, but
 * for whether the point is at fault; for how long a value has stood. Where nothing is known the input says so, or is an INPUT_TICK.
 */
bool core_picture(const struct core *core, uint32_t index, struct wall wall,
                  struct input *ret_input);

/* How many inputs a picture has. */
uint32_t core_picture_count(const struct ruleset *ruleset);

const struct point_state *core_point(const struct core *core, uint32_t point);
const struct alarm *core_alarm(const struct core *core, uint32_t alarm);
enum truth core_condition(const struct core *core, uint32_t alarm);

/*
 * Abort if an invariant does not hold: every alarm's own; that each has a timer for what it waits
 * for, and none lies in the past; that no point of a lost device has a usable value. Takes time in
 * proportion to the site: for tests.
 */
void core_check(const struct core *core);

#endif
