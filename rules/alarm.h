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
 *     │ ▲ ▲◀──────── false ──────┘                  ▼
 *     │ │ │      true, no delay
 *     └─┼─┼─────────────────────────────▶ UNACKNOWLEDGED ─── acknowledge ──▶ ACKNOWLEDGED
 *       │ │                                 │ ▲   ▲                             │
 *       │ │                           false │ │   └─────────── true ────────┐   │ false
 *       │ │                                 ▼ │ true                        │   ▼
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
 *                           │ ▲   ▲                             │
 *                     false │ │   └─────────── true ────────┐   │ false
 *                           ▼ │ true                        │   ▼
 *                         LATCHED_UNACKED ── acknowledge ──▶ LATCHED_ACKED ── reset ──▶ NORMAL
 *
 * Attending is possible wherever it is open and changes no other axis. A true condition that comes
 * back to an open alarm raises it again at once, without the delay: people were not done with it.
 * What they had done counts no longer, `acked` and `attended` fall, for it is a new press or a new
 * fire at the same place; the occurrence stays the same and `raises` counts on.
 *
 * Unknown neither raises nor clears, and a reset needs the condition known to be false: a lost
 * detector is never good news. The one thing that unknown does not stop is the running delay of an
 * emergency; a delay of any other priority stands still and goes on, with what was left, when the
 * condition is true.
 *
 * Invariants, checked by alarm_check() after every step:
 *   A1  a deadline is set exactly while pending with a running delay.
 *   A2  pending excludes open; active, acked, latched and attended need open.
 *   A3  an alarm that is not normal was seen true; what is open has an occurrence number.
 *   A4  an open alarm is owed something: it is active, latched, not acknowledged or not attended.
 *   A5  a state is left only along an arrow above.
 */

#include "rules/kind.h"
#include "rules/limits.h"
#include "rules/reading.h"

/* What one alarm keeps from its rule. */
struct alarm_conf {
    uint64_t raise_after_ns;
    uint8_t class;    /* enum alarm_class */
    uint8_t priority; /* enum priority */
    bool latched;
};

struct alarm_axes {
    bool pending;
    bool active;
    bool acked;
    bool latched;
    bool attended;
    bool open; /* the only axis of RETURNED_UNACKED: without it that alarm would look normal */
};

/* Normal: nothing is pending and nothing is owed. The other axes cannot stand without these two. */
static inline bool alarm_axes_are_normal(struct alarm_axes axes) {
    return !axes.pending && !axes.open;
}

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

enum alarm_verb {
    ALARM_VERB_ACKNOWLEDGE,
    ALARM_VERB_ATTEND,
    ALARM_VERB_RESET,
    ALARM_VERB_COUNT,
};

/* Why a command changed nothing. The names are part of the API. */
enum alarm_refusal {
    ALARM_ACCEPTED,
    ALARM_REFUSED_UNKNOWN,         /* "unknown_alarm": no such alarm */
    ALARM_REFUSED_NORMAL,          /* "not_raised": it is normal, there is nothing to act on */
    ALARM_REFUSED_ACKED,           /* "already_acknowledged" */
    ALARM_REFUSED_ATTENDED,        /* "already_attended" */
    ALARM_REFUSED_ACK_REQUIRED,    /* "ack_required": acknowledge before reset */
    ALARM_REFUSED_STILL_ACTIVE,    /* "still_active": the condition is still true */
    ALARM_REFUSED_UNKNOWN_STATE,   /* "quality_not_good": its sensor cannot say that it is over */
    ALARM_REFUSED_ATTEND_REQUIRED, /* "attend_required": nobody has been at the place */
    ALARM_REFUSED_NOT_LATCHED,     /* "not_latched": it closes by itself */
    ALARM_REFUSAL_COUNT,
};

/* "acknowledge", "attend", "reset". Static storage. */
const char *alarm_verb_name(enum alarm_verb verb);

/* Find a verb by its word of `len` bytes; ALARM_VERB_COUNT when there is none. */
enum alarm_verb alarm_verb_find(const char *word, size_t len);

/* "accepted", or the word that stands beside the refusal above. Static storage. */
const char *alarm_refusal_name(enum alarm_refusal refusal);

/* What an alarm_step() did; several at once are possible and stand in this order. */
enum alarm_change {
    ALARM_CHANGE_RAISED = 1 << 0,
    ALARM_CHANGE_RERAISED = 1 << 1,
    ALARM_CHANGE_ACKNOWLEDGED = 1 << 2,
    ALARM_CHANGE_ATTENDED = 1 << 3,
    ALARM_CHANGE_CLEARED = 1 << 4,
    ALARM_CHANGE_RESET = 1 << 5,
    ALARM_CHANGE_CLOSED = 1 << 6,
    ALARM_CHANGE_SILENT = 1 << 7, /* the record changed, but there is nothing to tell */
};

/* The most that one call tells: RAISED with CLEARED, RESET with CLOSED. */
enum { ALARM_TOLD_MAX = 2 };

struct alarm {
    struct alarm_axes axes;
    uint8_t condition;   /* enum truth, at the last evaluation */
    uint32_t occurrence; /* of the present or the last one; 0: never raised */
    uint32_t raises;     /* how often the present occurrence was raised: 1, more when reraised */
    struct instant deadline; /* when the delay ends; INSTANT_NEVER unless it runs */
    uint64_t remaining_ns;   /* of a delay that stands still on an unknown condition; else 0 */
    struct wall raised;      /* when the present or last occurrence was raised, first */
    struct wall acked_at;    /* 0 while it is not; likewise attended_at */
    struct wall attended_at;
    struct instant newest; /* the latest instant seen */
};

/* What survives a restart. The journal stores it field by field. */
struct alarm_record {
    struct alarm_axes axes;
    uint8_t condition; /* enum truth; TRUTH_UNKNOWN while normal */
    uint32_t occurrence;
    uint32_t raises;
    uint64_t remaining_ns; /* of a running or standing delay; 0 unless pending */
    struct wall raised, acked_at, attended_at;
};

/* Start in normal at `now`, with an unknown condition. Nothing to release. */
void alarm_init(struct alarm *alarm, struct instant now);

/*
 * The condition was evaluated, or time has passed. Returns a set of enum alarm_change. Constant
 * time, cannot fail. `now` is not earlier than in any call before.
 *
 * A delay that was over before the condition turned is told: RAISED and CLEARED at once. SILENT is
 * returned when a delay begins, ends early, stops or goes on, and when the condition of an alarm
 * that is not normal changed without a word to tell.
 */
unsigned alarm_step(struct alarm *alarm, const struct alarm_conf *conf, enum truth condition,
                    struct instant now, struct wall wall);

/* A person acts. Sets `ret_refusal`; returns a set of enum alarm_change, 0 when refused. */
unsigned alarm_command(struct alarm *alarm, const struct alarm_conf *conf, enum alarm_verb verb,
                       struct instant now, struct wall wall, enum alarm_refusal *ret_refusal);

/* Write down what must survive; `now` is not earlier than in any call before. */
void alarm_record(const struct alarm *alarm, struct instant now, struct alarm_record *ret_record);

/*
 * Give a fresh alarm its recorded life back at `now`. The condition is unknown until it is
 * evaluated: nothing is lowered by a restart. The delay of an emergency runs on from `now`, another
 * one stands still. A record that contradicts itself is mended towards the graver side, never
 * refused.
 */
void alarm_restore(struct alarm *alarm, const struct alarm_conf *conf,
                   const struct alarm_record *record, struct instant now);

bool alarm_is_normal(const struct alarm *alarm);

/* Abort if an invariant does not hold. */
void alarm_check(const struct alarm *alarm, const struct alarm_conf *conf);

#endif
