/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The drawings of alarm.h as code: the table of arrows, the three moves that more than one arrow
 * uses (raise, return, close), and one function for each thing that may happen to an alarm. Each
 * public step ends in the same two checks, the arrow and the invariants.
 */
#include "rules/alarm.h"

#include <assert.h>
#include <string.h>

#define TO(name) (1u << ALARM_##name)

/*
 * The arrows of the drawings, and nothing else. A step may take two: a delay ends, then it is
 * false.
 */
static const struct {
    const char *name;
    unsigned allowed;
} states[ALARM_STATE_COUNT] = {
    [ALARM_NORMAL] = {"normal", TO(PENDING) | TO(UNACKNOWLEDGED)},
    [ALARM_PENDING] = {"pending", TO(NORMAL) | TO(UNACKNOWLEDGED) | TO(RETURNED_UNACKED) |
                                      TO(LATCHED_UNACKED)},
    [ALARM_UNACKNOWLEDGED] = {"unacknowledged",
                              TO(ACKNOWLEDGED) | TO(RETURNED_UNACKED) | TO(LATCHED_UNACKED)},
    [ALARM_ACKNOWLEDGED] = {"acknowledged", TO(NORMAL) | TO(RETURNED_ACKED) | TO(LATCHED_ACKED)},
    [ALARM_RETURNED_UNACKED] = {"returned_unacked",
                                TO(NORMAL) | TO(UNACKNOWLEDGED) | TO(RETURNED_ACKED)},
    [ALARM_RETURNED_ACKED] = {"returned_acked", TO(NORMAL) | TO(UNACKNOWLEDGED)},
    [ALARM_LATCHED_UNACKED] = {"latched_unacked", TO(UNACKNOWLEDGED) | TO(LATCHED_ACKED)},
    [ALARM_LATCHED_ACKED] = {"latched_acked", TO(NORMAL) | TO(UNACKNOWLEDGED)},
};

static const char *const verbs[ALARM_VERB_COUNT] = {
    [ALARM_VERB_ACKNOWLEDGE] = "acknowledge",
    [ALARM_VERB_ATTEND] = "attend",
    [ALARM_VERB_RESET] = "reset",
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

const char *alarm_verb_name(enum alarm_verb verb) {
    assert(verb < ALARM_VERB_COUNT);
    return verbs[verb];
}

enum alarm_verb alarm_verb_find(const char *word, size_t len) {
    enum alarm_verb verb = 0;
    while (verb < ALARM_VERB_COUNT &&
           (strlen(verbs[verb]) != len || memcmp(verbs[verb], word, len) != 0)) {
        verb++;
    }
    return verb;
}

const char *alarm_refusal_name(enum alarm_refusal refusal) {
    static const char *const names[ALARM_REFUSAL_COUNT] = {
        [ALARM_ACCEPTED] = "accepted",
        [ALARM_REFUSED_UNKNOWN] = "unknown_alarm",
        [ALARM_REFUSED_NORMAL] = "not_raised",
        [ALARM_REFUSED_ACKED] = "already_acknowledged",
        [ALARM_REFUSED_ATTENDED] = "already_attended",
        [ALARM_REFUSED_ACK_REQUIRED] = "ack_required",
        [ALARM_REFUSED_STILL_ACTIVE] = "still_active",
        [ALARM_REFUSED_UNKNOWN_STATE] = "quality_not_good",
        [ALARM_REFUSED_ATTEND_REQUIRED] = "attend_required",
        [ALARM_REFUSED_NOT_LATCHED] = "not_latched",
    };
    assert(refusal < ALARM_REFUSAL_COUNT);
    return names[refusal];
}

static bool alarm_closes_at_origin(const struct alarm_conf *conf) {
    return alarm_class_facts((enum alarm_class)conf->class)->origin;
}

/* Begin an occurrence, or go on with the open one: what people did before counts no longer. */
static unsigned alarm_raise(struct alarm *alarm, const struct alarm_conf *conf, struct wall wall) {
    bool again = alarm->axes.open;
    alarm->axes = (struct alarm_axes){
        .open = true,
        .active = true,
        .latched = conf->latched || alarm->axes.latched,
    };
    if (!again) {
        alarm->occurrence++;
        alarm->raised = wall;
    }
    alarm->raises = again ? alarm->raises + 1 : 1;
    alarm->acked_at = (struct wall){0};
    alarm->attended_at = (struct wall){0};
    alarm->deadline = INSTANT_NEVER;
    alarm->remaining_ns = 0;
    return again ? ALARM_CHANGE_RERAISED : ALARM_CHANGE_RAISED;
}

/* Close the alarm if nobody is owed anything any more. */
static unsigned alarm_close_if_done(struct alarm *alarm, const struct alarm_conf *conf) {
    const struct alarm_axes *axes = &alarm->axes;
    if (axes->active || axes->latched || !axes->acked ||
        (alarm_closes_at_origin(conf) && !axes->attended)) {
        return 0;
    }
    alarm->axes = (struct alarm_axes){0};
    return ALARM_CHANGE_CLOSED;
}

/* The delay has been waited out, whatever the condition is by now. */
static unsigned alarm_delay_end(struct alarm *alarm, const struct alarm_conf *conf,
                                struct instant now, struct wall wall) {
    return instant_reached(now, alarm->deadline) ? alarm_raise(alarm, conf, wall) : 0;
}

static unsigned alarm_true(struct alarm *alarm, const struct alarm_conf *conf, struct instant now,
                           struct wall wall) {
    bool running = alarm->deadline.ns != INSTANT_NEVER.ns;
    if (alarm->axes.active || running) {
        return 0; /* nothing new */
    } else if (alarm->axes.open) {
        return alarm_raise(alarm, conf, wall);
    } else if (alarm->axes.pending) {
        alarm->deadline = instant_after(now, alarm->remaining_ns);
        alarm->remaining_ns = 0;
    } else {
        alarm->axes.pending = true;
        alarm->deadline = instant_after(now, conf->raise_after_ns);
    }
    /* A delay of nothing, or one that had nothing left, is over as it begins. */
    unsigned changes = alarm_delay_end(alarm, conf, now, wall);
    return changes == 0 ? ALARM_CHANGE_SILENT : changes;
}

static unsigned alarm_false(struct alarm *alarm, const struct alarm_conf *conf) {
    if (alarm->axes.pending) {
        alarm->axes.pending = false;
        alarm->deadline = INSTANT_NEVER;
        alarm->remaining_ns = 0;
        return ALARM_CHANGE_SILENT;
    } else if (alarm->axes.active) {
        alarm->axes.active = false;
        return ALARM_CHANGE_CLEARED | alarm_close_if_done(alarm, conf);
    }
    return 0;
}

static unsigned alarm_unknown(struct alarm *alarm, const struct alarm_conf *conf,
                              struct instant now) {
    if (alarm->deadline.ns == INSTANT_NEVER.ns || conf->priority == PRIORITY_EMERGENCY) {
        return 0;
    }
    alarm->remaining_ns = instant_span_ns(now, alarm->deadline);
    alarm->deadline = INSTANT_NEVER;
    return ALARM_CHANGE_SILENT;
}

/* Let time pass up to `now`, and assert that it goes forward. */
static void alarm_advance(struct alarm *alarm, struct instant now) {
    assert(now.ns >= alarm->newest.ns);
    alarm->newest = now;
}

/* Assert that the step from `from` to the present state was along an arrow, and all invariants. */
static void alarm_arrive(const struct alarm *alarm, const struct alarm_conf *conf,
                         enum alarm_state from) {
    enum alarm_state to = alarm_axes_state(alarm->axes);
    assert(to == from || (states[from].allowed & (1u << to)) != 0); /* A5 */
    alarm_check(alarm, conf);
}

void alarm_init(struct alarm *alarm, struct instant now) {
    *alarm = (struct alarm){
        .condition = TRUTH_UNKNOWN,
        .deadline = INSTANT_NEVER,
        .newest = now,
    };
}

unsigned alarm_step(struct alarm *alarm, const struct alarm_conf *conf, enum truth condition,
                    struct instant now, struct wall wall) {
    assert(condition < TRUTH_COUNT);
    alarm_advance(alarm, now);
    enum alarm_state from = alarm_axes_state(alarm->axes);
    bool turned = alarm->condition != condition;

    unsigned changes = alarm_delay_end(alarm, conf, now, wall);
    alarm->condition = (uint8_t)condition;
    switch (condition) {
    case TRUTH_TRUE:
        changes |= alarm_true(alarm, conf, now, wall);
        break;
    case TRUTH_FALSE:
        changes |= alarm_false(alarm, conf);
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

/* Why `verb` has no arrow here; ALARM_ACCEPTED when it has one. The worst reason comes first. */
static enum alarm_refusal alarm_refuse(const struct alarm *alarm, const struct alarm_conf *conf,
                                       enum alarm_verb verb) {
    const struct alarm_axes *axes = &alarm->axes;
    if (!axes->open) {
        return ALARM_REFUSED_NORMAL;
    }
    switch (verb) {
    case ALARM_VERB_ACKNOWLEDGE:
        return axes->acked ? ALARM_REFUSED_ACKED : ALARM_ACCEPTED;
    case ALARM_VERB_ATTEND:
        return axes->attended ? ALARM_REFUSED_ATTENDED : ALARM_ACCEPTED;
    case ALARM_VERB_RESET:
        if (!axes->latched) {
            return ALARM_REFUSED_NOT_LATCHED;
        } else if (alarm->condition == TRUTH_TRUE) {
            return ALARM_REFUSED_STILL_ACTIVE;
        } else if (!axes->acked) {
            return ALARM_REFUSED_ACK_REQUIRED;
        } else if (alarm->condition == TRUTH_UNKNOWN) {
            return ALARM_REFUSED_UNKNOWN_STATE;
        } else if (alarm_closes_at_origin(conf) && !axes->attended) {
            return ALARM_REFUSED_ATTEND_REQUIRED;
        }
        return ALARM_ACCEPTED;
    case ALARM_VERB_COUNT:
        break;
    }
    assert(false && "a verb out of range");
    return ALARM_REFUSED_UNKNOWN;
}

unsigned alarm_command(struct alarm *alarm, const struct alarm_conf *conf, enum alarm_verb verb,
                       struct instant now, struct wall wall, enum alarm_refusal *ret_refusal) {
    alarm_advance(alarm, now);
    enum alarm_state from = alarm_axes_state(alarm->axes);
    *ret_refusal = alarm_refuse(alarm, conf, verb);
    if (*ret_refusal != ALARM_ACCEPTED) {
        return 0;
    }

    unsigned changes = 0;
    switch (verb) {
    case ALARM_VERB_ACKNOWLEDGE:
        alarm->axes.acked = true;
        alarm->acked_at = wall;
        changes = ALARM_CHANGE_ACKNOWLEDGED;
        break;
    case ALARM_VERB_ATTEND:
        alarm->axes.attended = true;
        alarm->attended_at = wall;
        changes = ALARM_CHANGE_ATTENDED;
        break;
    case ALARM_VERB_RESET:
        alarm->axes.latched = false;
        changes = ALARM_CHANGE_RESET;
        break;
    case ALARM_VERB_COUNT:
        break;
    }
    changes |= alarm_close_if_done(alarm, conf);
    alarm_arrive(alarm, conf, from);
    return changes;
}

void alarm_record(const struct alarm *alarm, struct instant now, struct alarm_record *ret_record) {
    bool running = alarm->deadline.ns != INSTANT_NEVER.ns;
    *ret_record = (struct alarm_record){
        .axes = alarm->axes,
        .condition = alarm_is_normal(alarm) ? (uint8_t)TRUTH_UNKNOWN : alarm->condition,
        .occurrence = alarm->occurrence,
        .raises = alarm->raises,
        .remaining_ns = running ? instant_span_ns(now, alarm->deadline) : alarm->remaining_ns,
        .raised = alarm->raised,
        .acked_at = alarm->acked_at,
        .attended_at = alarm->attended_at,
    };
}

/* Mend axes that contradict each other: what claims to be raised is, and is no longer pending. */
static struct alarm_axes alarm_axes_mend(struct alarm_axes axes) {
    axes.open = axes.open || axes.active || axes.latched;
    if (axes.open) {
        axes.pending = false;
    } else {
        axes.acked = false;
        axes.attended = false;
    }
    return axes;
}

void alarm_restore(struct alarm *alarm, const struct alarm_conf *conf,
                   const struct alarm_record *record, struct instant now) {
    *alarm = (struct alarm){
        .axes = alarm_axes_mend(record->axes),
        .condition = TRUTH_UNKNOWN,
        .occurrence = record->occurrence,
        .raises = record->raises,
        .deadline = INSTANT_NEVER,
        .raised = record->raised,
        .acked_at = record->acked_at,
        .attended_at = record->attended_at,
        .newest = now,
    };
    if (alarm->axes.open) {
        alarm->occurrence += alarm->occurrence == 0;
        alarm->raises += alarm->raises == 0;
        /* Its rule may close otherwise since, so that it waits for nothing: a known false will. */
        alarm->axes.active |= !alarm->axes.latched && alarm->axes.acked &&
                              (!alarm_closes_at_origin(conf) || alarm->axes.attended);
    } else if (alarm->axes.pending) {
        uint64_t left_ns = record->remaining_ns < conf->raise_after_ns ? record->remaining_ns
                                                                       : conf->raise_after_ns;
        if (conf->priority == PRIORITY_EMERGENCY) {
            alarm->deadline = instant_after(now, left_ns);
        } else {
            alarm->remaining_ns = left_ns;
        }
    }
    alarm_check(alarm, conf);
}

bool alarm_is_normal(const struct alarm *alarm) {
    return alarm_axes_are_normal(alarm->axes);
}

void alarm_check(const struct alarm *alarm, const struct alarm_conf *conf) {
    const struct alarm_axes *axes = &alarm->axes;
    bool running = alarm->deadline.ns != INSTANT_NEVER.ns;
    assert(alarm->condition < TRUTH_COUNT);
    if (axes->pending) { /* A1 */
        assert(running == (alarm->condition == TRUTH_TRUE || conf->priority == PRIORITY_EMERGENCY));
        assert(!running || alarm->remaining_ns == 0);
    } else {
        assert(!running && alarm->remaining_ns == 0);
    }
    assert(!(axes->pending && axes->open)); /* A2 */
    assert(axes->open || (!axes->active && !axes->acked && !axes->latched && !axes->attended));
    assert(!axes->open || (alarm->occurrence > 0 && alarm->raises > 0));   /* A3 */
    assert(!axes->open || axes->active || axes->latched || !axes->acked || /* A4 */
           (alarm_closes_at_origin(conf) && !axes->attended));
}
