/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RULES_CHAIN_H
#define RULES_CHAIN_H

/*
 * Escalation: who is told next, until the right person has taken notice
 *
 * A chain is a list of steps, each with the time after which it comes. This follows one run of it
 * for one alarm. It decides when a step comes; telling people and switching outputs is done by
 * those who hear of it.
 *
 *            begin                 acknowledged by a right role
 *     IDLE ────────▶ RUNNING ─────────────────────────────────▶ STOPPED
 *      ▲ ▲             │ ▲ │                                       │ │
 *      │ └──── end ────┘ └─┘ begin (raised or realarmed anew) ◀────┘ │
 *      └───────────────────────────── end ───────────────────────────┘
 *
 * A step comes when its time has come, counted from the beginning of the run. It comes earlier when
 * the step before it was in vain: at once when that one has no receiver at all, and
 * the time for receipts after it when none has confirmed by then. Nothing else shortens the way: a step
 * that anybody or any lamp has confirmed waits for the next one's time.
 *
 * Whoever runs it looks at the receivers; here they are one word (enum chain_hearing). A receipt
 * stays: a lamp that goes dark later does not take it back.
 *
 * A right role is one named by a step that was reached, or a role above it. Steps to a shift, a
 * person or everyone name none; where no step that was reached names one, caregiver, security and
 * manager are all right.
 *
 * Invariants, checked by chain_check():
 *   C1  an idle chain has reached no step, and none has reached more than there are.
 *   C2  a receipt is awaited exactly while it runs and its newest step has not been confirmed.
 */

#include "rules/instant.h"
#include "rules/role.h"

/* The longest that a step may wait for the first of its receivers to confirm. */
enum { CHAIN_RECEIPT_S_MAX = 60 };

/* The longest that a step may be kept back to be told together with others. */
#define CHAIN_GATHER_NS_MAX (300 * NS_PER_S)

#define CHAIN_NO_WEBHOOK    UINT32_MAX

enum chain_to {
    CHAIN_TO_NOBODY,
    CHAIN_TO_ROLE,
    CHAIN_TO_SHIFT,
    CHAIN_TO_PERSON,
    CHAIN_TO_EVERYONE
};

/* How far a step's outputs reach from the alarm's place. */
enum chain_reach { CHAIN_REACH_OWN, CHAIN_REACH_ZONE, CHAIN_REACH_SITE };

struct chain_step {
    uint64_t after_ns; /* since the run began; never less than the step before it */
    uint64_t outputs;  /* a set of enum point_kind that it switches on */
    uint32_t receiver; /* enum role, index of a shift; 0 for the others */
    /* Index of whom it calls: a listener, or one behind them; or CHAIN_NO_WEBHOOK. */
    uint32_t webhook;
    uint8_t to;    /* enum chain_to */
    uint8_t reach; /* enum chain_reach */
    uint8_t reserved[2];
    /* A digest of the shift's or person's name, whatever its index; 0 for the others. */
    uint32_t name;
};
_Static_assert(sizeof(struct chain_step) == 32, "no padding: a step is part of the image's format");

/* What has come of the receivers of the newest step. */
enum chain_hearing {
    CHAIN_HEARD_BY_NOBODY, /* there is none, or none that works */
    CHAIN_AWAITED,         /* one of them may still confirm */
    CHAIN_HEARD,           /* one of them has */
};

/* Why a step came. */
enum chain_reason {
    CHAIN_REASON_DUE,         /* its time has come */
    CHAIN_REASON_NO_RECEIVER, /* nobody received the step before it */
};

enum chain_state { CHAIN_IDLE, CHAIN_RUNNING, CHAIN_STOPPED, CHAIN_STATE_COUNT };

struct chain {
    struct instant began;
    uint64_t before_ns; /* of the run before `began`: what a restart found */
    /* When waiting for a receipt ends; INSTANT_NEVER while it does not wait. */
    struct instant receipt_due;
    uint32_t run;    /* how often it began, ever: tells a receipt of an earlier run */
    uint8_t state;   /* enum chain_state */
    uint8_t reached; /* steps that came; kept when it stops, for the outputs */
};

/* What survives a restart. */
struct chain_record {
    uint64_t age_ns;     /* of the run */
    uint64_t receipt_ns; /* left of waiting for a receipt; 0: it does not wait */
    uint64_t steps;      /* a digest of the steps it reached, but for their times; 0: not known */
    uint32_t run;
    uint8_t state;
    uint8_t reached;
    uint8_t reserved[2];
};

void chain_init(struct chain *chain);

/* Begin a new run at `now`, whatever it did before. */
void chain_begin(struct chain *chain, struct instant now);

/* Stop: somebody of a right role has taken notice. Nothing more comes; what was reached stays. */
void chain_stop(struct chain *chain);

/* The alarm is closed, or nobody is to be told of it any more. */
void chain_end(struct chain *chain);

/* The newest step, which has just come, is told up to `gather_ns` later: so long its receivers have more. */
void chain_gather(struct chain *chain, uint64_t gather_ns);

/* A receiver of the newest step has confirmed. */
void chain_receive(struct chain *chain);

/*
 * Take the next step if it comes at `now`; returns whether one did, and sets `ret_reason`. One call
 * takes one step at most, its index being chain->reached - 1 then; its receivers have `receipt_s` to
 * confirm, at most CHAIN_RECEIPT_S_MAX. `hearing` is of the newest step and means nothing before the
 * first one.
 */
bool chain_advance(struct chain *chain, const struct chain_step *steps, uint32_t step_count,
                   enum chain_hearing hearing, uint32_t receipt_s, struct instant now,
                   enum chain_reason *ret_reason);

/*
 * When chain_advance() is to be called next; later than `now`, or INSTANT_NEVER. A step that comes
 * at once, because the newest one has no receiver, comes one nanosecond later.
 */
struct instant chain_deadline(const struct chain *chain, const struct chain_step *steps,
                              uint32_t step_count, enum chain_hearing hearing, struct instant now);

/* Does an acknowledgement by `role` stop the chain, as far as it has come? */
bool chain_accepts(const struct chain *chain, const struct chain_step *steps, enum role role);

/* How long ago its run began; means nothing of one that is idle. */
uint64_t chain_age_ns(const struct chain *chain, struct instant now);

void chain_write(const struct chain *chain, const struct chain_step *steps, struct instant now,
                 struct chain_record *ret_record);

/*
 * Give a fresh chain its recorded run back. One that runs and has reached other steps than these keeps
 * its age and begins with the first: that somebody is told twice is better than that somebody is not
 * told. A record that does not know its steps and has more than there are is at the end.
 */
void chain_restore(struct chain *chain, const struct chain_record *record,
                   const struct chain_step *steps, uint32_t step_count, struct instant now);

/* Abort if an invariant does not hold. */
void chain_check(const struct chain *chain, uint32_t step_count);

#endif
