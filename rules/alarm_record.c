/* SPDX-License-Identifier: Apache-2.0 */

/* What survives a restart of an alarm, and what holds of it at any time. */
#include <assert.h>

#include "rules/alarm_parts.h"

void alarm_record(const struct alarm *alarm, struct instant now, struct alarm_record *ret_record) {
    *ret_record = (struct alarm_record){
        .axes = alarm->axes,
        .condition = alarm_is_normal(alarm) ? (uint8_t)TRUTH_UNKNOWN : alarm->condition,
        .disposition = alarm->disposition,
        .occurrence = alarm->occurrence,
        .raises = alarm->raises,
        .remaining_ns =
            alarm->delay_runs ? instant_span_ns(now, alarm_deadline(alarm)) : alarm_left_ns(alarm),
        .raised = alarm->raised,
        .acked_at = alarm->acked_at,
        .attended_at = alarm->attended_at,
    };
    for (unsigned i = 0; i < ALARM_CLOCK_COUNT; i++) {
        if (alarm->clocks[i].ds != MOMENT_NEVER.ds) {
            uint64_t left_ns = instant_span_ns(now, moment_instant(alarm->clocks[i]));
            ret_record->left_ds[i] = moment_after((struct instant){0}, left_ns).ds;
            ret_record->left_ds[i] += ret_record->left_ds[i] == 0;
        }
    }
}

/* Mend axes that contradict each other: what claims to be raised is, and is no longer pending. */
static struct alarm_axes alarm_axes_mend(struct alarm_axes axes, const struct alarm_conf *conf) {
    bool managed = alarm_class_facts((enum alarm_class)conf->class)->managed;
    axes.open = axes.open || axes.active || axes.latched;
    if (managed) { /* its class may be another since; what people did ends by its clock, and is told */
        axes.by_design = false;
    }
    axes.latched = axes.latched || (axes.active && conf->latched);
    axes.real = axes.real && axes.investigated;
    axes.agreed = axes.agreed && axes.out_of_service;
    axes.promoted = axes.promoted && conf->class == CLASS_FIRE_ALARM;
    if (axes.open) {
        axes.pending = false;
        return axes;
    }
    return (struct alarm_axes){
        .pending = axes.pending,
        .shelved = axes.shelved,
        .out_of_service = axes.out_of_service,
        .agreed = axes.agreed,
    };
}

/* May the clock run, as the axes are? */
static bool alarm_clock_has_cause(const struct alarm *alarm, const struct alarm_conf *conf,
                                  enum alarm_clock clock) {
    const struct alarm_axes axes = alarm->axes;
    bool heard = axes.open && !alarm_axes_are_suppressed(axes);
    switch (clock) {
    case ALARM_CLOCK_SILENCE:
        return axes.silenced;
    case ALARM_CLOCK_SHELVE:
        return axes.shelved;
    case ALARM_CLOCK_SERVICE:
        return axes.out_of_service;
    case ALARM_CLOCK_REALARM:
        return heard && axes.acked && !axes.attended && conf->priority <= PRIORITY_URGENT;
    case ALARM_CLOCK_PROMOTION:
        return heard && conf->class == CLASS_FIRE_ALARM && !axes.investigated && !axes.promoted &&
               !axes.test;
    case ALARM_CLOCK_DISPOSITION:
        return !axes.open && alarm->occurrence > 0;
    case ALARM_CLOCK_COUNT:
        break;
    }
    assert(false && "a clock out of range");
    return false;
}

/* Does the axis last only as long as its clock? Then one does not stand without the other. */
static bool alarm_clock_is_owed(enum alarm_clock clock) {
    return clock != ALARM_CLOCK_DISPOSITION;
}

/*
 * Let the clocks run on. One that should run and is not recorded, because the record is older than
 * the clock, begins anew where it waits for people, and else comes at once.
 */
static void alarm_restore_clocks(struct alarm *alarm, const struct alarm_conf *conf,
                                 const struct alarm_record *record, struct instant now) {
    alarm_wind_realarm(alarm, conf, now);
    alarm_wind_promotion(alarm, conf, now);
    for (enum alarm_clock i = 0; i < ALARM_CLOCK_COUNT; i++) {
        bool waits_for_people = i == ALARM_CLOCK_REALARM || i == ALARM_CLOCK_PROMOTION;
        bool recorded = record->left_ds[i] > 0;
        if (!alarm_clock_has_cause(alarm, conf, i) || (!recorded && !alarm_clock_is_owed(i))) {
            alarm->clocks[i] = MOMENT_NEVER;
        } else if (recorded || !waits_for_people) {
            alarm->clocks[i] = moment_after(now, record->left_ds[i] * NS_PER_DS);
        }
    }
    bool managed = alarm_class_facts((enum alarm_class)conf->class)->managed;
    if (managed && alarm->axes.shelved) {
        alarm->clocks[ALARM_CLOCK_SHELVE] = moment_after(now, 0); /* its class may not be shelved */
    }
    if (managed && alarm->axes.out_of_service && !alarm->axes.agreed) {
        alarm->clocks[ALARM_CLOCK_SERVICE] = moment_after(now, 0); /* … nor this by one person */
    }
}

void alarm_restore(struct alarm *alarm, const struct alarm_conf *conf,
                   const struct alarm_record *record, struct instant now) {
    alarm_init(alarm);
    alarm->axes = alarm_axes_mend(record->axes, conf);
    alarm->disposition = record->disposition;
    alarm->occurrence = record->occurrence;
    alarm->raises = record->raises;
    alarm->raised = record->raised;
    alarm->acked_at = record->acked_at;
    alarm->attended_at = record->attended_at;
    if (alarm->axes.open) {
        alarm->occurrence += alarm->occurrence == 0;
        alarm->raises += alarm->raises == 0;
        /* Its rule may close otherwise since, so that it waits for nothing: a known false will. */
        alarm->axes.active |= !alarm->axes.latched && alarm->axes.acked &&
                              (!alarm_closes_at_origin(conf) || alarm->axes.attended);
        if (alarm->axes.active && !alarm->axes.latched) {
            alarm_delay_stand(alarm, record->remaining_ns < conf->clear_after_ns
                                         ? record->remaining_ns
                                         : conf->clear_after_ns);
        }
    } else if (alarm->axes.pending) {
        uint64_t left_ns = record->remaining_ns < conf->raise_after_ns ? record->remaining_ns
                                                                       : conf->raise_after_ns;
        if (conf->priority == PRIORITY_EMERGENCY) {
            alarm_delay_run(alarm, now, left_ns);
        } else {
            alarm_delay_stand(alarm, left_ns);
        }
    }
    /* When it was raised before is not recorded: it chatters on as if that had been just now. */
    for (unsigned i = 0; alarm->axes.chattering && i < ALARM_CHATTER_RAISES - 1; i++) {
        alarm->raised_before[i] = moment_after(now, 0);
    }
    alarm_restore_clocks(alarm, conf, record, now);
    alarm_check(alarm, conf);
}

void alarm_check(const struct alarm *alarm, const struct alarm_conf *conf) {
    const struct alarm_axes axes = alarm->axes;
    assert(alarm->condition < TRUTH_COUNT && alarm->disposition < DISPOSITION_COUNT);
    if (axes.pending) { /* A1 */
        assert(alarm->delay_runs ==
               (alarm->condition == TRUTH_TRUE || conf->priority == PRIORITY_EMERGENCY));
    } else if (alarm->delay_runs) {
        assert(axes.active && alarm->condition == TRUTH_FALSE && conf->clear_after_ns > 0);
    } else {
        assert(alarm_left_ns(alarm) == 0 || (axes.active && alarm->condition == TRUTH_UNKNOWN));
    }
    assert(!(axes.pending && axes.open)); /* A2 */
    assert(axes.open || (!axes.active && !axes.acked && !axes.latched && !axes.attended));
    assert(axes.open || (!axes.silenced && !axes.test && !axes.by_design && !axes.investigated));
    assert(axes.open || (!axes.promoted && !axes.chattering));
    assert(axes.investigated || !axes.real);
    assert(axes.out_of_service || !axes.agreed);
    assert(!axes.open || (alarm->occurrence > 0 && alarm->raises > 0)); /* A3 */
    assert(!axes.open || axes.active || axes.latched || !axes.acked ||  /* A4 */
           (alarm_closes_at_origin(conf) && !axes.attended));
    for (enum alarm_clock i = 0; i < ALARM_CLOCK_COUNT; i++) { /* A6 */
        bool runs = alarm->clocks[i].ds != MOMENT_NEVER.ds;
        bool may = alarm_clock_has_cause(alarm, conf, i);
        assert(alarm_clock_is_owed(i) ? runs == may : may || !runs);
    }
    assert(!alarm_class_facts((enum alarm_class)conf->class)->managed || !axes.by_design);
}
