/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RULES_ALARM_PARTS_H
#define RULES_ALARM_PARTS_H

/* What the parts of an alarm share: for alarm.c, alarm_order.c and alarm_record.c only. */

#include "rules/alarm.h"

/* The delay runs from now on for as long, stands still with as much left, or is no more. */
static inline void alarm_delay_run(struct alarm *alarm, struct instant now, uint64_t span_ns) {
    alarm->delay_runs = true;
    alarm->delay_ns = instant_after(now, span_ns).ns;
}

static inline void alarm_delay_stand(struct alarm *alarm, uint64_t left_ns) {
    alarm->delay_runs = false;
    alarm->delay_ns = left_ns;
}

static inline void alarm_delay_stop(struct alarm *alarm) {
    alarm_delay_stand(alarm, 0);
}

/* Must somebody attend before an alarm of this class closes? */
bool alarm_closes_at_origin(const struct alarm_conf *conf);

/* Close the alarm if nobody is owed anything any more. Returns a set of enum alarm_change. */
unsigned alarm_close_if_done(struct alarm *alarm, const struct alarm_conf *conf,
                             struct instant now);

/* Let the clock for going there begin anew, or stop it, as the present state wants it. */
void alarm_wind_realarm(struct alarm *alarm, const struct alarm_conf *conf, struct instant now);

/* Likewise the clock of a fire that nobody looks after. */
void alarm_wind_promotion(struct alarm *alarm, const struct alarm_conf *conf, struct instant now);

/* Forget a promotion of which nothing came. Before the clock of promotion is wound. */
void alarm_forget_promotion(struct alarm *alarm, const struct alarm_conf *conf);

/* Count the fire as confirmed, unless it is only a test or out of service. */
unsigned alarm_promote(struct alarm *alarm, const struct alarm_conf *conf);

/* The sound is on again, if it was off. */
unsigned alarm_unsilence(struct alarm *alarm);

/* A suppression begins or has ended; `was_suppressed` says whether there was any before. */
void alarm_follow_suppression(struct alarm *alarm, const struct alarm_conf *conf,
                              bool was_suppressed, struct instant now);

/* Assert that the step from `from` to the present state was along an arrow, and all invariants. */
void alarm_arrive(const struct alarm *alarm, const struct alarm_conf *conf, enum alarm_state from);

#endif
