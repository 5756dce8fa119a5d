/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/engine/calendar.h"

enum { DAY_S = 86400, MINUTE_S = 60, WEEK_DAYS = 7 };

/* Division that rounds down, so that times before 1970 have a day and a second as well. */
static int64_t calendar_floor(int64_t value, int64_t by) {
    return value / by - (value % by < 0);
}

static int64_t calendar_utc_s(struct wall wall) {
    return calendar_floor(wall.ns, (int64_t)NS_PER_S);
}

struct calendar calendar_of_site(const struct site *site, int32_t (*east_s)(int64_t utc_s)) {
    return (struct calendar){
        .calendars = site->calendars,
        .spans = site->spans,
        .betweens = site->ruleset.betweens,
        .shifts = site->shifts,
        .holidays = site->holidays,
        .calendar_count = site->ruleset.calendar_count,
        .between_count = site->ruleset.between_count,
        .shift_count = site->ruleset.shift_count,
        .holiday_count = site->holiday_count,
        .level_min = (int32_t)site->header->level_min,
        .east_s = east_s,
    };
}

struct calendar_moment calendar_moment(const struct calendar *calendar, struct wall wall) {
    int64_t utc_s = calendar_utc_s(wall);
    int64_t local_s = utc_s + calendar->east_s(utc_s);
    int64_t day = calendar_floor(local_s, DAY_S);
    return (struct calendar_moment){
        .day = (int32_t)day,
        .second = (int32_t)(local_s - day * DAY_S),
    };
}

/* 0 is Monday; 1970-01-01 was a Thursday. */
static int32_t calendar_weekday(struct calendar_moment moment) {
    return (int32_t)(moment.day + 3 - calendar_floor(moment.day + 3, WEEK_DAYS) * WEEK_DAYS);
}

bool calendar_is_weekday(struct calendar_moment moment) {
    return calendar_weekday(moment) < 5;
}

static bool calendar_is_holiday(const struct calendar *calendar, struct calendar_moment moment) {
    for (uint32_t i = 0; i < calendar->holiday_count; i++) {
        if (calendar->holidays[i] == moment.day) {
            return true;
        }
    }
    return false;
}

/* Is the moment in one of these spans? */
static bool calendar_is_within(const struct calendar *calendar, uint32_t first, uint32_t count,
                               struct calendar_moment moment) {
    for (uint32_t i = first; i < first + count; i++) {
        const struct site_span *span = &calendar->spans[i];
        if (span->weekday == calendar_weekday(moment) &&
            moment.second >= span->begin_min * MINUTE_S &&
            moment.second < span->end_min * MINUTE_S) {
            return true;
        }
    }
    return false;
}

bool calendar_is_open(const struct calendar *calendar, uint32_t index,
                      struct calendar_moment moment) {
    if (index == 0) {
        return true;
    }
    if (calendar_is_holiday(calendar, moment)) {
        return false;
    }
    const struct site_calendar *hours = &calendar->calendars[index];
    return calendar_is_within(calendar, hours->span_first, hours->span_count, moment);
}

bool calendar_is_on_duty(const struct calendar *calendar, uint32_t index,
                         struct calendar_moment moment) {
    const struct site_shift *shift = &calendar->shifts[index];
    return shift->span_count == 0 ||
           calendar_is_within(calendar, shift->span_first, shift->span_count, moment);
}

/* Do the hours of a shift that `span` is one of begin with it, or go on from the day before? */
static bool calendar_span_begins(const struct calendar *calendar, const struct site_shift *shift,
                                 const struct site_span *span) {
    for (uint32_t i = 0; i < shift->span_count && span->begin_min == 0; i++) {
        const struct site_span *before = &calendar->spans[shift->span_first + i];
        if (before->end_min == DAY_S / MINUTE_S &&
            (before->weekday + 1) % WEEK_DAYS == span->weekday) {
            return false;
        }
    }
    return true;
}

bool calendar_turn_began(const struct calendar *calendar, uint32_t index,
                         struct calendar_moment moment, struct calendar_moment *ret) {
    const struct site_shift *shift = &calendar->shifts[index];
    for (int32_t back = 0; back <= WEEK_DAYS; back++) {
        const struct calendar_moment day = {.day = moment.day - back};
        int32_t latest_s = -1;
        for (uint32_t i = 0; i < shift->span_count; i++) {
            const struct site_span *span = &calendar->spans[shift->span_first + i];
            int32_t begin_s = span->begin_min * MINUTE_S;
            bool is_past = back > 0 || begin_s <= moment.second;
            if (span->weekday == calendar_weekday(day) && is_past && begin_s > latest_s &&
                calendar_span_begins(calendar, shift, span)) {
                latest_s = begin_s;
            }
        }
        if (latest_s >= 0) {
            *ret = (struct calendar_moment){.day = day.day, .second = latest_s};
            return true;
        }
    }
    return false;
}

bool calendar_is_between(const struct calendar *calendar, uint32_t index,
                         struct calendar_moment moment) {
    const struct expr_between *between = &calendar->betweens[index];
    bool begun = moment.second >= between->begin_min * MINUTE_S;
    bool ended = moment.second >= between->end_min * MINUTE_S;
    /* A clause that ends before it begins holds across midnight. */
    return between->begin_min <= between->end_min ? begun && !ended : begun || !ended;
}

int32_t calendar_level_day(const struct calendar *calendar, struct calendar_moment moment) {
    return moment.second >= calendar->level_min * MINUTE_S ? moment.day : moment.day - 1;
}

/* Take `minute` of the day as the nearest boundary if it lies after `second` and before the others.
 */
static void calendar_consider(int32_t second, int32_t minute, int32_t *nearest_s) {
    int32_t at = minute * MINUTE_S;
    if (at > second && at < *nearest_s) {
        *nearest_s = at;
    }
}

static void calendar_consider_spans(const struct calendar *calendar, uint32_t first, uint32_t count,
                                    int32_t second, int32_t *nearest_s) {
    for (uint32_t i = first; i < first + count; i++) {
        calendar_consider(second, calendar->spans[i].begin_min, nearest_s);
        calendar_consider(second, calendar->spans[i].end_min, nearest_s);
    }
}

/* The first second after `from_s`, at most `until_s`, at which the zone has the offset of
 * `until_s`. */
static int64_t calendar_offset_change(const struct calendar *calendar, int64_t from_s,
                                      int64_t until_s) {
    int32_t east_s = calendar->east_s(from_s);
    while (until_s - from_s > 1) {
        int64_t middle_s = from_s + (until_s - from_s) / 2;
        if (calendar->east_s(middle_s) == east_s) {
            from_s = middle_s;
        } else {
            until_s = middle_s;
        }
    }
    return until_s;
}

struct wall calendar_next(const struct calendar *calendar, struct wall wall) {
    struct calendar_moment now = calendar_moment(calendar, wall);
    int32_t nearest_s = DAY_S;
    for (uint32_t c = 1; c < calendar->calendar_count; c++) {
        const struct site_calendar *hours = &calendar->calendars[c];
        calendar_consider_spans(calendar, hours->span_first, hours->span_count, now.second,
                                &nearest_s);
    }
    for (uint32_t s = 0; s < calendar->shift_count; s++) {
        const struct site_shift *shift = &calendar->shifts[s];
        calendar_consider_spans(calendar, shift->span_first, shift->span_count, now.second,
                                &nearest_s);
    }
    for (uint32_t b = 0; b < calendar->between_count; b++) {
        calendar_consider(now.second, calendar->betweens[b].begin_min, &nearest_s);
        calendar_consider(now.second, calendar->betweens[b].end_min, &nearest_s);
    }
    calendar_consider(now.second, calendar->level_min, &nearest_s);
    int64_t utc_s = calendar_utc_s(wall);
    int64_t next_s = utc_s + (nearest_s - now.second);
    if (calendar->east_s(next_s) != calendar->east_s(utc_s)) {
        next_s = calendar_offset_change(calendar, utc_s, next_s);
    }
    return (struct wall){next_s * (int64_t)NS_PER_S};
}
