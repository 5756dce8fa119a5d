/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The drawings of alarm.h as code: the table of arrows, the three moves that more than one arrow
 * uses (raise, return, close), and one function for each thing that may happen to an alarm. Each
 * public step ends in the same two checks, the arrow and the invariants. What people do is in
 * alarm_order.c, what survives a restart in alarm_record.c.
 */
#include <assert.h>

#include "rules/alarm_parts.h"

#define MINUTE_S 60u
#define HOUR_S   (60 * MINUTE_S)
#define DAY_S    (24 * HOUR_S)

const struct alarm_times alarm_times_default = {
    .acknowledge_s = {[PRIORITY_EMERGENCY] = 60,
                      [PRIORITY_URGENT] = 3 * MINUTE_S,
                      [PRIORITY_HIGH] = 15 * MINUTE_S,
                      [PRIORITY_LOW] = 8 * HOUR_S},
    .realarm_emergency_s = 5 * MINUTE_S,
    .realarm_urgent_s = 15 * MINUTE_S,
    .silence_max_s = 120,
    .shelve_max_s = 480 * MINUTE_S,
    .service_max_s = 366 * DAY_S,
    .test_max_s = 480 * MINUTE_S,
    .unacknowledged_fire_s = 15,
    .uninvestigated_fire_s = 180,
    .disposition_s = 24 * HOUR_S,
    .gather_s = 30,
    .chatter_window_s = 60,
    .flood_window_s = 10 * MINUTE_S,
    .flood_begin = 10,
    .flood_end = 5,
    .receipt_s = 15,
    .nobody_listening_s = 10 * MINUTE_S,
    .battery_low_percent = 10,
    .walk_test_reminder_s = 7 * DAY_S,
};

#define TO(name) (1u << ALARM_##name)

/*
 * The arrows of the drawings, and those that a step takes at once: a delay ends and it is false; it
 * is realarmed and false; it is over and was suppressed, so that nobody is owed anything.
 */
static const struct {
    const char *name;
    unsigned allowed;
} states[ALARM_STATE_COUNT] = {
    [ALARM_NORMAL] = {"normal", TO(PENDING) | TO(UNACKNOWLEDGED)},
    [ALARM_PENDING] = {"pending", TO(NORMAL) | TO(UNACKNOWLEDGED) | TO(RETURNED_UNACKED) |
                                      TO(LATCHED_UNACKED)},
    [ALARM_UNACKNOWLEDGED] = {"unacknowledged", TO(NORMAL) | TO(ACKNOWLEDGED) |
                                                    TO(RETURNED_UNACKED) | TO(LATCHED_UNACKED)},
    [ALARM_ACKNOWLEDGED] = {"acknowledged", TO(NORMAL) | TO(UNACKNOWLEDGED) | TO(RETURNED_ACKED) |
                                                TO(LATCHED_ACKED) | TO(RETURNED_UNACKED) |
                                                TO(LATCHED_UNACKED)},
    [ALARM_RETURNED_UNACKED] = {"returned_unacked",
                                TO(NORMAL) | TO(UNACKNOWLEDGED) | TO(RETURNED_ACKED)},
    [ALARM_RETURNED_ACKED] = {"returned_acked",
                              TO(NORMAL) | TO(UNACKNOWLEDGED) | TO(RETURNED_UNACKED)},
    [ALARM_LATCHED_UNACKED] = {"latched_unacked", TO(UNACKNOWLEDGED) | TO(LATCHED_ACKED)},
    [ALARM_LATCHED_ACKED] = {"latched_acked",
                             TO(NORMAL) | TO(UNACKNOWLEDGED) | TO(LATCHED_UNACKED)},
};

enum alarm_state alarm_axes_state(struct alarm_axes axes) {
    if (!axes.open) {
        return axes.pending ? ALARM_PENDING : ALARM_NORMAL;
    } else if (axes.active) {
        return axes.acked ? ALARM_ACKNOWLEDGED : ALARM_UNACKNOWLEDGED;
    } else if (axes.latched) {
        return axes.acked ? ALARM_LATCHED_ACKED : ALARM_LATCHED_UNACKED;
    }
    return axes.acked ? ALARM_RETURNED_ACKED : ALARM_RETURNED_UNACKED;
}

const char *alarm_state_name(enum alarm_state state) {
    assert(state < ALARM_STATE_COUNT);
    return states[state].name;
}

enum suppression alarm_axes_suppression(struct alarm_axes axes) {
    if (axes.out_of_service) {
        return SUPPRESSION_OUT_OF_SERVICE;
    } else if (axes.by_design) {
        return SUPPRESSION_BY_DESIGN;
    }
    return axes.shelved ? SUPPRESSION_SHELVED : SUPPRESSION_NONE;
}

const char *suppression_name(enum suppression suppression) {
    static const char *const names[SUPPRESSION_COUNT] = {
        [SUPPRESSION_NONE] = "none",
        [SUPPRESSION_SHELVED] = "shelved",
        [SUPPRESSION_BY_DESIGN] = "by_design",
        [SUPPRESSION_OUT_OF_SERVICE] = "out_of_service",
    };
    assert(suppression < SUPPRESSION_COUNT);
    return names[suppression];
}

bool alarm_closes_at_origin(const struct alarm_conf *conf) {
    return alarm_class_facts((enum alarm_class)conf->class)->origin;
}

/* --- clocks --- */

void alarm_wind_realarm(struct alarm *alarm, const struct alarm_conf *conf, struct instant now) {
    const struct alarm_axes axes = alarm->axes;
    struct moment *clock = &alarm->clocks[ALARM_CLOCK_REALARM];
    *clock = MOMENT_NEVER;
    if (!axes.open || !axes.acked || axes.attended || alarm_axes_are_suppressed(axes)) {
        return;
    } else if (conf->priority == PRIORITY_EMERGENCY) {
        *clock = moment_after(now, conf->times->realarm_emergency_s * NS_PER_S);
    } else if (conf->priority == PRIORITY_URGENT) {
        *clock = moment_after(now, conf->times->realarm_urgent_s * NS_PER_S);
    }
}

void alarm_wind_promotion(struct alarm *alarm, const struct alarm_conf *conf, struct instant now) {
    const struct alarm_axes axes = alarm->axes;
    bool waits = conf->class == CLASS_FIRE_ALARM && axes.open && !axes.investigated &&
                 !axes.promoted && !axes.test && !alarm_axes_are_suppressed(axes);
    uint32_t wait_s =
        axes.acked ? conf->times->uninvestigated_fire_s : conf->times->unacknowledged_fire_s;
    alarm->clocks[ALARM_CLOCK_PROMOTION] =
        waits ? moment_after(now, wait_s * NS_PER_S) : MOMENT_NEVER;
}

void alarm_forget_promotion(struct alarm *alarm, const struct alarm_conf *conf) {
    alarm->axes.promoted = alarm->axes.promoted && !conf->promoted_idly;
}

unsigned alarm_promote(struct alarm *alarm, const struct alarm_conf *conf) {
    if (conf->class != CLASS_FIRE_ALARM || alarm->axes.promoted || alarm->axes.test ||
        alarm_axes_are_suppressed(alarm->axes)) {
        return 0;
    }
    alarm->axes.promoted = true;
    alarm->clocks[ALARM_CLOCK_PROMOTION] = MOMENT_NEVER;
    return ALARM_CHANGE_PROMOTED;
}

unsigned alarm_unsilence(struct alarm *alarm) {
    alarm->clocks[ALARM_CLOCK_SILENCE] = MOMENT_NEVER;
    if (!alarm->axes.silenced) {
        return 0;
    }
    alarm->axes.silenced = false;
    return ALARM_CHANGE_UNSILENCED;
}

/* Nobody has taken notice of it, and nobody has been there. */
static void alarm_forget_people(struct alarm *alarm) {
    alarm->axes.acked = false;
    alarm->axes.attended = false;
    alarm->acked_at = (struct wall){0};
    alarm->attended_at = (struct wall){0};
}

void alarm_follow_suppression(struct alarm *alarm, const struct alarm_conf *conf,
                              bool was_suppressed, struct instant now) {
    bool suppressed = alarm_axes_are_suppressed(alarm->axes);
    if (suppressed == was_suppressed) {
        return;
    }
    if (!suppressed && alarm->axes.active) {
        alarm_forget_people(alarm);
    }
    alarm_forget_promotion(alarm, conf);
    alarm_wind_realarm(alarm, conf, now);
    alarm_wind_promotion(alarm, conf, now);
}

/* Has the clock come? Then it stops. */
static bool alarm_clock_take(struct alarm *alarm, enum alarm_clock clock, struct instant now) {
    bool due = instant_reached(now, moment_instant(alarm->clocks[clock]));
    if (due) {
        alarm->clocks[clock] = MOMENT_NEVER;
    }
    return due;
}

/* Nobody has gone there: it is as if nobody had acknowledged. */
static unsigned alarm_realarm(struct alarm *alarm) {
    alarm_forget_people(alarm);
    return ALARM_CHANGE_REALARMED | alarm_unsilence(alarm);
}

/* What time alone brings, besides the delay. */
static unsigned alarm_elapse(struct alarm *alarm, const struct alarm_conf *conf,
                             struct instant now) {
    bool was_suppressed = alarm_axes_are_suppressed(alarm->axes);
    unsigned changes = 0;
    if (alarm_clock_take(alarm, ALARM_CLOCK_SILENCE, now)) {
        changes |= alarm_unsilence(alarm);
    }
    if (alarm_clock_take(alarm, ALARM_CLOCK_PROMOTION, now)) {
        changes |= alarm_promote(alarm, conf);
    }
    if (alarm_clock_take(alarm, ALARM_CLOCK_REALARM, now)) {
        changes |= alarm_realarm(alarm);
        alarm_wind_promotion(alarm, conf, now);
    }
    if (alarm_clock_take(alarm, ALARM_CLOCK_SHELVE, now)) {
        alarm->axes.shelved = false;
        changes |= ALARM_CHANGE_UNSHELVED;
    }
    if (alarm_clock_take(alarm, ALARM_CLOCK_SERVICE, now)) {
        alarm->axes.out_of_service = false;
        alarm->axes.agreed = false;
        changes |= ALARM_CHANGE_IN_SERVICE;
    }
    if (alarm_clock_take(alarm, ALARM_CLOCK_DISPOSITION, now)) {
        changes |= ALARM_CHANGE_SILENT;
    }
    alarm_follow_suppression(alarm, conf, was_suppressed, now);
    return changes;
}

struct instant alarm_due(const struct alarm *alarm) {
    struct moment first = alarm->clocks[0];
    for (unsigned i = 1; i < ALARM_CLOCK_COUNT; i++) {
        first = alarm->clocks[i].ds < first.ds ? alarm->clocks[i] : first;
    }
    return instant_earlier(alarm_deadline(alarm), moment_instant(first));
}

/* --- raising, returning, closing --- */

/* Note a raise, and say whether it was one of several within the window. */
static bool alarm_is_chattering(struct alarm *alarm, const struct alarm_conf *conf,
                                struct instant now) {
    enum { OLDEST = ALARM_CHATTER_RAISES - 2 };
    struct moment oldest = alarm->raised_before[OLDEST];
    struct moment raised = moment_after(now, 0);
    for (unsigned i = OLDEST; i > 0; i--) {
        alarm->raised_before[i] = alarm->raised_before[i - 1];
    }
    alarm->raised_before[0] = raised;
    return oldest.ds != MOMENT_NEVER.ds &&
           (raised.ds - oldest.ds) * NS_PER_DS <= conf->times->chatter_window_s * NS_PER_S;
}

/* Begin an occurrence, or go on with the open one: what people did before counts no longer. */
static unsigned alarm_raise(struct alarm *alarm, const struct alarm_conf *conf, struct instant now,
                            struct wall wall) {
    struct alarm_axes before = alarm->axes;
    bool again = before.open;
    unsigned changes = again ? ALARM_CHANGE_RERAISED : ALARM_CHANGE_RAISED;
    changes |= alarm_unsilence(alarm);
    alarm->axes = (struct alarm_axes){
        .open = true,
        .active = true,
        .latched = conf->latched || before.latched,
        .shelved = before.shelved,
        .by_design = before.by_design,
        .out_of_service = before.out_of_service,
        .agreed = before.agreed,
        /* What somebody found to be no fire is promoted anew. */
        .promoted = before.promoted && (!before.investigated || before.real),
        /* One that was in earnest does not become a test because it is pressed again. */
        .test = conf->test && (!again || before.test),
        .chattering = alarm_is_chattering(alarm, conf, now),
    };
    if (!again) {
        alarm->occurrence++;
        alarm->raised = wall;
    }
    alarm->raises = again ? alarm->raises + 1 : 1;
    alarm->acked_at = (struct wall){0};
    alarm->attended_at = (struct wall){0};
    alarm->disposition = DISPOSITION_UNSTATED;
    alarm_delay_stop(alarm);
    alarm->clocks[ALARM_CLOCK_DISPOSITION] = MOMENT_NEVER;
    alarm_forget_promotion(alarm, conf);
    alarm_wind_realarm(alarm, conf, now);
    alarm_wind_promotion(alarm, conf, now);
    return changes;
}

static unsigned alarm_close(struct alarm *alarm, const struct alarm_conf *conf,
                            struct instant now) {
    const struct alarm_axes axes = alarm->axes;
    if (axes.test && alarm->disposition == DISPOSITION_UNSTATED) {
        alarm->disposition = DISPOSITION_TEST;
    }
    alarm->axes = (struct alarm_axes){
        .shelved = axes.shelved,
        .out_of_service = axes.out_of_service,
        .agreed = axes.agreed,
    };
    alarm->clocks[ALARM_CLOCK_SILENCE] = MOMENT_NEVER;
    alarm_wind_realarm(alarm, conf, now);
    alarm_wind_promotion(alarm, conf, now);
    alarm->clocks[ALARM_CLOCK_DISPOSITION] =
        moment_after(now, conf->times->disposition_s * NS_PER_S);
    return ALARM_CHANGE_CLOSED;
}

unsigned alarm_close_if_done(struct alarm *alarm, const struct alarm_conf *conf,
                             struct instant now) {
    const struct alarm_axes axes = alarm->axes;
    bool owed = axes.active || axes.latched || !axes.acked ||
                (alarm_closes_at_origin(conf) && !axes.attended);
    return owed ? 0 : alarm_close(alarm, conf, now);
}

/* The condition is over, and has been for long enough. */
static unsigned alarm_return(struct alarm *alarm, const struct alarm_conf *conf,
                             struct instant now) {
    alarm->axes.active = false;
    alarm_delay_stop(alarm);
    if (!alarm->axes.latched && alarm_axes_are_suppressed(alarm->axes)) {
        /* What came and went while nobody was to hear of it owes nothing to anybody. */
        return ALARM_CHANGE_CLEARED | alarm_close(alarm, conf, now);
    }
    return ALARM_CHANGE_CLEARED | alarm_close_if_done(alarm, conf, now);
}

/* --- the condition --- */

/* The delay has been waited out, whatever the condition is by now. */
static unsigned alarm_delay_end(struct alarm *alarm, const struct alarm_conf *conf,
                                struct instant now, struct wall wall) {
    return alarm->axes.pending && instant_reached(now, alarm_deadline(alarm))
               ? alarm_raise(alarm, conf, now, wall)
               : 0;
}

static unsigned alarm_true(struct alarm *alarm, const struct alarm_conf *conf, struct instant now,
                           struct wall wall) {
    if (alarm->axes.active) {
        bool was_clearing = alarm->delay_runs || alarm_left_ns(alarm) > 0;
        alarm_delay_stop(alarm);
        return was_clearing ? ALARM_CHANGE_SILENT : 0;
    } else if (alarm->axes.open) {
        return alarm_raise(alarm, conf, now, wall);
    } else if (alarm->delay_runs) {
        return 0; /* nothing new */
    } else if (alarm->axes.pending) {
        alarm_delay_run(alarm, now, alarm_left_ns(alarm));
    } else {
        alarm->axes.pending = true;
        alarm_delay_run(alarm, now, conf->raise_after_ns);
    }
    /* A delay of nothing, or one that had nothing left, is over as it begins. */
    unsigned changes = alarm_delay_end(alarm, conf, now, wall);
    return changes == 0 ? ALARM_CHANGE_SILENT : changes;
}

static unsigned alarm_false(struct alarm *alarm, const struct alarm_conf *conf,
                            struct instant now) {
    if (alarm->axes.pending) {
        alarm->axes.pending = false;
        alarm_delay_stop(alarm);
        return ALARM_CHANGE_SILENT;
    } else if (!alarm->axes.active) {
        return 0;
    } else if (alarm->axes.latched || conf->clear_after_ns == 0) {
        return alarm_return(alarm, conf, now);
    } else if (alarm->delay_runs) {
        return instant_reached(now, alarm_deadline(alarm)) ? alarm_return(alarm, conf, now) : 0;
    }
    uint64_t left_ns = alarm_left_ns(alarm);
    alarm_delay_run(alarm, now, left_ns > 0 ? left_ns : conf->clear_after_ns);
    return ALARM_CHANGE_SILENT;
}

static unsigned alarm_unknown(struct alarm *alarm, const struct alarm_conf *conf,
                              struct instant now) {
    bool runs_on = alarm->axes.pending && conf->priority == PRIORITY_EMERGENCY;
    if (!alarm->delay_runs || runs_on) {
        return 0;
    }
    /* One that was over all the same stands with the least that is left: it ends when it goes on. */
    uint64_t left_ns = instant_span_ns(now, alarm_deadline(alarm));
    alarm_delay_stand(alarm, left_ns > 0 ? left_ns : 1);
    return ALARM_CHANGE_SILENT;
}

void alarm_arrive(const struct alarm *alarm, const struct alarm_conf *conf, enum alarm_state from) {
    enum alarm_state to = alarm_axes_state(alarm->axes);
    assert(to == from || (states[from].allowed & (1u << to)) != 0); /* A5 */
    alarm_check(alarm, conf);
}

void alarm_init(struct alarm *alarm) {
    *alarm = (struct alarm){.condition = TRUTH_UNKNOWN};
    for (unsigned i = 0; i < ALARM_CLOCK_COUNT; i++) {
        alarm->clocks[i] = MOMENT_NEVER;
    }
    for (unsigned i = 0; i < ALARM_CHATTER_RAISES - 1; i++) {
        alarm->raised_before[i] = MOMENT_NEVER;
    }
}

unsigned alarm_step(struct alarm *alarm, const struct alarm_conf *conf, enum truth condition,
                    struct instant now, struct wall wall) {
    assert(condition < TRUTH_COUNT);
    enum alarm_state from = alarm_axes_state(alarm->axes);
    bool turned = alarm->condition != condition;

    unsigned changes = alarm_elapse(alarm, conf, now);
    changes |= alarm_delay_end(alarm, conf, now, wall);
    alarm->condition = (uint8_t)condition;
    switch (condition) {
    case TRUTH_TRUE:
        changes |= alarm_true(alarm, conf, now, wall);
        break;
    case TRUTH_FALSE:
        changes |= alarm_false(alarm, conf, now);
        break;
    case TRUTH_UNKNOWN:
        changes |= alarm_unknown(alarm, conf, now);
        break;
    case TRUTH_COUNT:
        break;
    }
    if (changes == 0 && turned && !alarm_is_normal(alarm)) {
        changes = ALARM_CHANGE_SILENT;
    }
    alarm_arrive(alarm, conf, from);
    return changes;
}

unsigned alarm_inhibit(struct alarm *alarm, const struct alarm_conf *conf, bool inhibited,
                       struct instant now) {
    assert(!inhibited || !alarm_class_facts((enum alarm_class)conf->class)->managed);
    enum alarm_state from = alarm_axes_state(alarm->axes);
    if (!alarm->axes.open || alarm->axes.by_design == inhibited) {
        return 0;
    }
    bool was_suppressed = alarm_axes_are_suppressed(alarm->axes);
    alarm->axes.by_design = inhibited;
    alarm_follow_suppression(alarm, conf, was_suppressed, now);
    alarm_arrive(alarm, conf, from);
    return inhibited ? ALARM_CHANGE_SUPPRESSED : ALARM_CHANGE_UNSUPPRESSED;
}

static unsigned alarm_call_again(struct alarm *alarm, const struct alarm_conf *conf,
                                 struct instant now) {
    enum alarm_state from = alarm_axes_state(alarm->axes);
    unsigned changes = alarm_realarm(alarm);
    alarm_wind_realarm(alarm, conf, now);
    alarm_wind_promotion(alarm, conf, now);
    alarm_arrive(alarm, conf, from);
    return changes;
}

unsigned alarm_come_again(struct alarm *alarm, const struct alarm_conf *conf, struct instant now) {
    bool stands = alarm->axes.acked && !alarm_axes_are_suppressed(alarm->axes);
    return stands ? alarm_call_again(alarm, conf, now) : 0;
}

unsigned alarm_test_end(struct alarm *alarm, const struct alarm_conf *conf, struct instant now) {
    assert(!conf->test);
    if (!alarm->axes.test || !alarm->axes.active) {
        return 0;
    }
    alarm->axes.test = false;
    return alarm_call_again(alarm, conf, now);
}

bool alarm_is_normal(const struct alarm *alarm) {
    return alarm_axes_are_normal(alarm->axes);
}
