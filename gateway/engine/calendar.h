/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_ENGINE_CALENDAR_H
#define GATEWAY_ENGINE_CALENDAR_H

/*
 * The calendar: opening hours, shifts, `between`, weekday
 *
 * The core knows no time zone. The engine tells it what is open, what `between` clause is true and
 * whether it is a weekday, at the start and at each moment when one of these may change:
 *
 *     utc ──zone──▶ local day and second ──▶ truths now
 *                                        ──▶ the next boundary: begin or end of any hours or
 * clause, midnight, or the zone's own change of offset
 *
 * At a change of offset local time jumps. That moment is a boundary of its own, so that hours which
 * begin in the hour that spring leaves out begin right after it, and those in the hour that autumn
 * repeats are looked at twice.
 *
 * Pure but for the zone, which the caller provides.
 */

#include "gateway/site.h"

struct calendar {
    const struct site_calendar *calendars; /* entry 0 is always open */
    const struct site_span *spans;
    const struct expr_between *betweens;
    const struct site_shift *shifts;
    const int32_t *holidays; /* days since 1970-01-01, local; closed all day */
    uint32_t calendar_count, between_count, shift_count, holiday_count;
    int32_t level_min; /* minutes after local midnight at which the counters are levelled */
    int32_t (*east_s)(int64_t utc_s); /* how far local time is ahead of UTC */
};

/* A local moment. */
struct calendar_moment {
    int32_t day;    /* since 1970-01-01 */
    int32_t second; /* 0…86399, of the day */
};

/* The calendar of a site, which is kept. */
struct calendar calendar_of_site(const struct site *site, int32_t (*east_s)(int64_t utc_s));

struct calendar_moment calendar_moment(const struct calendar *calendar, struct wall wall);

/* Is calendar `index` open? The end of its hours is not. */
bool calendar_is_open(const struct calendar *calendar, uint32_t index,
                      struct calendar_moment moment);

/* Is clause `index` true? From its beginning, its end not included; never if both are the same. */
bool calendar_is_between(const struct calendar *calendar, uint32_t index,
                         struct calendar_moment moment);

/* Is shift `index` on duty? Holiday or not; the end of its hours is not; always without hours. */
bool calendar_is_on_duty(const struct calendar *calendar, uint32_t index,
                         struct calendar_moment moment);

/*
 * When did the last turn of shift `index` begin, at `moment` or before? Hours that go on from the
 * midnight before began then; two turns that meet at midnight cannot be told from one. False: it has no
 * hours, or they never end.
 */
NODISCARD bool calendar_turn_began(const struct calendar *calendar, uint32_t index,
                                   struct calendar_moment moment, struct calendar_moment *ret);

/* Monday to Friday, holiday or not. */
bool calendar_is_weekday(struct calendar_moment moment);

/* The local day that the last levelling of the counters belongs to: each day has one. */
int32_t calendar_level_day(const struct calendar *calendar, struct calendar_moment moment);

/* The earliest wall time after `wall` at which any of these may change; at most a day later. */
struct wall calendar_next(const struct calendar *calendar, struct wall wall);

#endif
