/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RULES_ALARM_H
#define RULES_ALARM_H

/*
 * Alarm lifecycle
 *
 * An alarm follows one condition of one entity from the first true evaluation until people have
 * seen it, somebody has been there and the condition is gone. It decides; it does not announce. Its
 * state is a set of independent axes (OPC UA Part 9):
 *
 *     pending   the condition is true, its delay still runs
 *     open      it was raised and has not been closed: an occurrence
 *     active    the condition was true for long enough and has not been seen false since
 *     acked     somebody has taken notice since it was raised last
 *     latched   a class that stays until reset, once raised (EN 54-2 for fire)
 *     attended  somebody has been at the place since then (EN 50134: a call closes at its origin)
 *
 * Those that occur together have names (enum alarm_state). A class that does not latch:
 *
 *              true, delay           delay over
 *     NORMAL ───────────────▶ PENDING ──────────────┐
 *     │ ▲ ▲◀──────── false ──────┘                  ▼           acknowledge
 *     │ │ │      true, no delay                     ▼        ┌─────────────▶
 *     └─┼─┼─────────────────────────────▶ UNACKNOWLEDGED ────┤               ACKNOWLEDGED
 *       │ │                                 │ ▲   ▲          └◀─ realarmed ──   │
 *       │ │             false for           │ │   └─────────── true ────────┐   │ false for
 *       │ │             clear_after         ▼ │ true                        │   ▼ clear_after
 *       │ └────── acknowledge ──── RETURNED_UNACKED ── acknowledge ──▶ RETURNED_ACKED
 *       └───────────────────────────────── attend ───────────────────────────┘
 *
 * RETURNED_ACKED is only for a call that nobody has gone to yet: anything else closes at once when
 * the last of false, acknowledged and (origin classes) attended comes, whichever that is.
 * `call.assist` closes at the origin and does not latch; this is how both are kept.
 *
 * A class that latches waits for a reset, and leaves NORMAL the same way:
 *
 *                         UNACKNOWLEDGED ─── acknowledge ──▶ ACKNOWLEDGED
 *                           │ ▲   ▲      ◀── realarmed ────     │
 *                     false │ │   └─────────── true ────────┐   │ false
 *                           ▼ │ true                        │   ▼
 *                         LATCHED_UNACKED ── acknowledge ──▶ LATCHED_ACKED ── reset ──▶ NORMAL
 *                                         ◀── realarmed ────
 *
 * Attending is possible wherever it is open and changes no other axis. A true condition that comes
 * back to an open alarm raises it again at once, without the delay: people were not done with it.
 * What they had done counts no longer, `acked` and `attended` fall, for it is a new press or a new
 * fire at the same place; the occurrence stays the same and `raises` counts on.
 *
 * Unknown neither raises nor clears, and a reset needs the condition known to be false: a lost
 * detector is never good news. A reset of an alarm of one point needs that point's quality to be good
 * besides: `value and closed` is false when the place opens, and a dead sensor has not said so. An
 * alarm of a place looks at many points, and its three-valued truth decides whether enough of them
 * are there. The one thing that unknown does not stop is the running delay of an
 * emergency; any other delay, and every delay of clearing, stands still and goes on with what was
 * left: the first when the condition is true again, the second when it is false.
 *
 * Axes that lie across all of that:
 *
 *     silenced        its sound is off; ends by itself, and when it is raised again or realarmed
 *     shelved         people want to hear nothing of it for a while; ends by itself
 *     out_of_service  likewise for long: its sensor is being worked on; ends by itself
 *     by_design       another alarm is its cause; only while it is open
 *     test            it was raised while its place was under test; nobody is sent there
 *     investigated    somebody looked at the fire; `real` is what he found
 *     promoted        a fire that counts as confirmed: nobody looked after it in time, or it is real
 *     chattering      its last raise was one of several within a minute
 *
 * The three in the middle are its suppression: all are kept, the highest is shown. A suppressed
 * alarm is evaluated and recorded like any other, and nobody is called. So what came and went
 * unheard closes by itself, and what is still active when the last suppression ends is
 * unacknowledged with its original start.
 *
 * An alarm that was acknowledged, and that nobody has gone to in time, is unacknowledged again
 * (realarmed). A fire that nobody acknowledges, or that nobody investigates after it was
 * acknowledged, is promoted. If nothing came of that, because its zone was a confirmed fire already,
 * what begins after it is a new fire: when it is raised again, its suppression turns, or somebody says
 * what it is.
 *
 * Invariants, checked by alarm_check() after every step:
 *   A1  a delay runs or stands exactly while pending, or while active and not true any more.
 *   A2  pending excludes open; every axis but pending, shelved and out_of_service needs open.
 *   A3  an alarm that is not normal was seen true; what is open has an occurrence number.
 *   A4  an open alarm is owed something: it is active, latched, not acknowledged or not attended.
 *   A5  a state is left only along an arrow of the table in alarm.c.
 *   A6  a clock runs exactly while its axis wants it (of the disposition: at most then); a managed
 *       alarm is not inhibited; shelved, or out of service by one person's word, it is only until
 *       its first step after a restore, at which its clock, which has come, is seen: its class was
 *       another when that was done.
 */

#include "rules/command.h"
#include "rules/kind.h"
#include "rules/limits.h"
#include "rules/reading.h"

/* The numbers that a site may change: what is marked * in model.md 3 to 5, and the caps beside them. */
struct alarm_times {
    uint32_t acknowledge_s[PRIORITY_COUNT]; /* by priority, to be acknowledged; 0: no time is set */
    uint32_t realarm_emergency_s;           /* acknowledged, and nobody has gone there */
    uint32_t realarm_urgent_s;
    uint32_t silence_max_s;
    uint32_t shelve_max_s;
    uint32_t service_max_s; /* out of service */
    uint32_t test_max_s;
    uint32_t unacknowledged_fire_s; /* a first detector, until it is promoted */
    uint32_t uninvestigated_fire_s; /* … after it was acknowledged */
    uint32_t disposition_s;         /* after closing, to say what it was */
    /* Calls to people wait so long for others of the place; never of an emergency. */
    uint32_t gather_s;
    uint32_t chatter_window_s; /* ALARM_CHATTER_RAISES raises within */
    uint32_t flood_window_s;
    /* More raises in the window than this begin a flood; below FLOOD_RAISES. */
    uint32_t flood_begin;
    uint32_t flood_end; /* fewer than this end it */
    /* For the first receiver of a step to confirm; at most CHAIN_RECEIPT_S_MAX. */
    uint32_t receipt_s;
    uint32_t nobody_listening_s; /* a role without a receiver that can be reached */
    uint32_t battery_low_percent;
    uint32_t walk_test_reminder_s; /* in which all buttons and detectors of a place are tested */
};

extern const struct alarm_times alarm_times_default;

enum { ALARM_CHATTER_RAISES = 3 };

/* What one alarm keeps from its rule and its site. */
struct alarm_conf {
    uint64_t raise_after_ns;
    uint64_t clear_after_ns; /* of a class that does not latch */
    const struct alarm_times *times;
    uint8_t class;    /* enum alarm_class */
    uint8_t priority; /* enum priority */
    bool latched;
    bool test;          /* its place is under test */
    bool unsure;        /* it is of a point whose quality is not good at present */
    bool promoted_idly; /* it is promoted, and nothing came of it: its zone was confirmed already */
};

/* One bit each: a site has many alarms. */
struct alarm_axes {
    bool pending : 1;
    bool active : 1;
    bool acked : 1;
    bool latched : 1;
    bool attended : 1;
    bool open : 1; /* the only one of RETURNED_UNACKED: without it that alarm would look normal */
    bool silenced : 1;
    bool test : 1;
    bool shelved : 1;
    bool by_design : 1;
    bool out_of_service : 1;
    bool investigated : 1;
    bool real : 1;
    bool promoted : 1;
    bool chattering : 1;
    bool agreed : 1; /* a second person in another role wanted it out of service, too */
};

/* Normal: nothing is pending and nothing is owed. It may be shelved or out of service. */
static inline bool alarm_axes_are_normal(struct alarm_axes axes) {
    return !axes.pending && !axes.open;
}

/* Is there anything to show of it? Not of a normal alarm in service. */
static inline bool alarm_axes_are_idle(struct alarm_axes axes) {
    return alarm_axes_are_normal(axes) && !axes.shelved && !axes.out_of_service;
}

static inline bool alarm_axes_are_suppressed(struct alarm_axes axes) {
    return axes.shelved || axes.by_design || axes.out_of_service;
}

/* Kinds of suppression, the highest last. */
enum suppression {
    SUPPRESSION_NONE,
    SUPPRESSION_SHELVED,
    SUPPRESSION_BY_DESIGN,
    SUPPRESSION_OUT_OF_SERVICE,
    SUPPRESSION_COUNT,
};

/* The one that is shown. */
enum suppression alarm_axes_suppression(struct alarm_axes axes);

/* "none", "shelved", "by_design", "out_of_service". Static storage. */
const char *suppression_name(enum suppression suppression);

/* The names of the combinations that occur. */
enum alarm_state {
    ALARM_NORMAL,
    ALARM_PENDING,
    ALARM_UNACKNOWLEDGED,
    ALARM_ACKNOWLEDGED,
    ALARM_RETURNED_UNACKED,
    ALARM_RETURNED_ACKED,
    ALARM_LATCHED_UNACKED,
    ALARM_LATCHED_ACKED,
    ALARM_STATE_COUNT,
};

enum alarm_state alarm_axes_state(struct alarm_axes axes);

/* "normal", "unacknowledged", "returned_unacked" … Static storage. */
const char *alarm_state_name(enum alarm_state state);

/* What happened to an alarm; several at once are possible and stand in this order. */
enum alarm_change {
    ALARM_CHANGE_RAISED = 1 << 0,
    ALARM_CHANGE_RERAISED = 1 << 1,
    ALARM_CHANGE_ACKNOWLEDGED = 1 << 2,
    ALARM_CHANGE_REALARMED = 1 << 3,
    ALARM_CHANGE_ATTENDED = 1 << 4,
    ALARM_CHANGE_INVESTIGATED = 1 << 5,
    ALARM_CHANGE_SILENCED = 1 << 6,
    ALARM_CHANGE_UNSILENCED = 1 << 7,
    ALARM_CHANGE_SHELVED = 1 << 8,
    ALARM_CHANGE_UNSHELVED = 1 << 9,
    ALARM_CHANGE_OUT_OF_SERVICE = 1 << 10,
    ALARM_CHANGE_IN_SERVICE = 1 << 11,
    ALARM_CHANGE_SUPPRESSED = 1 << 12,
    ALARM_CHANGE_UNSUPPRESSED = 1 << 13,
    ALARM_CHANGE_CLEARED = 1 << 14,
    ALARM_CHANGE_RESET = 1 << 15,
    ALARM_CHANGE_DISPOSED = 1 << 16,
    ALARM_CHANGE_CLOSED = 1 << 17,
    /* Not told: */
    ALARM_CHANGE_PROMOTED = 1 << 18, /* a fire has become a confirmed one, which is told */
    ALARM_CHANGE_SILENT = 1 << 19,   /* the record changed, but there is nothing to say */
};

/* How many kinds of change are told, and the most that one call tells. */
enum { ALARM_CHANGES_TOLD = 18, ALARM_TOLD_MAX = 5 };

/* What an alarm waits for by the minute. */
enum alarm_clock {
    ALARM_CLOCK_SILENCE,
    ALARM_CLOCK_SHELVE,
    ALARM_CLOCK_SERVICE,
    ALARM_CLOCK_REALARM,
    ALARM_CLOCK_PROMOTION,
    ALARM_CLOCK_DISPOSITION, /* runs after closing, as long as a disposition is taken */
    ALARM_CLOCK_COUNT,
};

struct alarm {
    struct alarm_axes axes;
    uint8_t condition;   /* enum truth, at the last evaluation */
    uint8_t disposition; /* enum disposition, of the present or the last occurrence */
    uint32_t occurrence; /* of the present or the last one; 0: never raised */
    uint32_t raises;     /* how often the present occurrence was raised: 1, more when reraised */
    struct moment clocks[ALARM_CLOCK_COUNT]; /* MOMENT_NEVER for one that does not run */
    struct moment raised_before[ALARM_CHATTER_RAISES - 1]; /* the last raises, newest first */
    bool delay_runs;
    /* Of a delay: alarm_deadline() while it runs, alarm_left_ns() while it stands. */
    uint64_t delay_ns;
    struct wall raised;   /* when the present or last occurrence was raised, first */
    struct wall acked_at; /* 0 while it is not; likewise attended_at */
    struct wall attended_at;
};

/* When the delay ends; INSTANT_NEVER unless it runs. */
static inline struct instant alarm_deadline(const struct alarm *alarm) {
    return alarm->delay_runs ? (struct instant){alarm->delay_ns} : INSTANT_NEVER;
}

/* What is left of a delay that stands still on an unknown condition; else 0. */
static inline uint64_t alarm_left_ns(const struct alarm *alarm) {
    return alarm->delay_runs ? 0 : alarm->delay_ns;
}

/* What survives a restart. The journal stores it field by field. */
struct alarm_record {
    struct alarm_axes axes;
    uint8_t condition; /* enum truth; TRUTH_UNKNOWN while normal */
    uint8_t disposition;
    uint32_t occurrence;
    uint32_t raises;
    uint32_t left_ds[ALARM_CLOCK_COUNT]; /* of each clock, in tenths of a second; 0: it stands */
    uint64_t remaining_ns;               /* of a running or standing delay; else 0 */
    uint64_t condition_identity;         /* what a delay waits on; the core's, see identity.h */
    struct wall raised, acked_at, attended_at;
};

/* When a clock of a record that was taken at `taken` comes; 0 when it stands. */
static inline struct wall alarm_record_until(const struct alarm_record *record, struct wall taken,
                                             enum alarm_clock clock) {
    uint32_t left_ds = record->left_ds[clock];
    return (struct wall){left_ds == 0 ? 0 : taken.ns + (int64_t)(left_ds * NS_PER_DS)};
}

/* Start in normal, with an unknown condition. Nothing to release. */
void alarm_init(struct alarm *alarm);

/* When the alarm wants to be stepped because time has passed; INSTANT_NEVER when it does not. */
struct instant alarm_due(const struct alarm *alarm);

/*
 * The condition was evaluated, or time has passed. Returns a set of enum alarm_change. Constant
 * time, cannot fail. `now` is not earlier than in any call before.
 *
 * A delay that was over before the condition turned is told: RAISED and CLEARED at once. A delay of
 * clearing that was over when the condition had come back is not: then it never was. SILENT is
 * returned when a delay begins, ends early, stops or goes on, and when the condition of an alarm
 * that is not normal changed without a word to tell.
 */
unsigned alarm_step(struct alarm *alarm, const struct alarm_conf *conf, enum truth condition,
                    struct instant now, struct wall wall);

/*
 * A person acts: one of the verbs about an alarm. Sets `ret_refusal`; returns a set of enum
 * alarm_change, 0 when refused. The alarm was stepped at `now` before.
 */
unsigned alarm_command(struct alarm *alarm, const struct alarm_conf *conf,
                       const struct command *command, struct instant now, struct wall wall,
                       enum command_refusal *ret_refusal);

/*
 * An acknowledgement that alarm_command() refused as COMMAND_REFUSED_ACKED, and that counts all the
 * same because of who gives it. A disposition that it brings is kept; the clock for going there runs
 * on from the first one. Returns a set of enum alarm_change.
 */
unsigned alarm_acknowledge_again(struct alarm *alarm, const struct alarm_conf *conf,
                                 const struct command *command);

/*
 * Its cause is another alarm, or is no longer. Only an open alarm is inhibited, and never a managed
 * one. Returns a set of enum alarm_change.
 */
unsigned alarm_inhibit(struct alarm *alarm, const struct alarm_conf *conf, bool inhibited,
                       struct instant now);

/*
 * What it says has come once more, and whoever acknowledged it cannot have known: it counts as realarmed,
 * if people are to hear of it and anybody had acknowledged it. Returns a set of enum alarm_change.
 */
unsigned alarm_come_again(struct alarm *alarm, const struct alarm_conf *conf, struct instant now);

/*
 * The test of its place is over, as conf->test says. What is still active was no test: it counts as
 * realarmed. Returns a set of enum alarm_change.
 */
unsigned alarm_test_end(struct alarm *alarm, const struct alarm_conf *conf, struct instant now);

/* Write down what must survive; `now` is not earlier than in any call before. */
void alarm_record(const struct alarm *alarm, struct instant now, struct alarm_record *ret_record);

/*
 * Give a fresh alarm its recorded life back at `now`. The condition is unknown until it is
 * evaluated: nothing is lowered by a restart. The delay of an emergency and every clock run on from
 * `now`, another delay stands still. A record that contradicts itself is mended towards the graver
 * side, never refused.
 */
void alarm_restore(struct alarm *alarm, const struct alarm_conf *conf,
                   const struct alarm_record *record, struct instant now);

bool alarm_is_normal(const struct alarm *alarm);

/* Abort if an invariant does not hold. */
void alarm_check(const struct alarm *alarm, const struct alarm_conf *conf);

#endif
