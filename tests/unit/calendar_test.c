/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The calendar in two zones: one that never changes its offset and one that does twice a year
 *
 * Moments are written as people write them, with their offset; what the zone database says is then
 * checked along the way.
 */

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "gateway/clock.h"
#include "gateway/engine/calendar_told.h"
#include "gateway/zone.h"
#include "tests/support/cmocka.h"

enum { MON, TUE, WED, THU, FRI, SAT, SUN };
enum { ALWAYS, OFFICE, NIGHT_HOURS, LATE, CALENDARS };
enum { NIGHT, MORNING, NEVER, UNTIL_MIDNIGHT, BETWEENS };

#define AT(hour, minute) ((hour)*60 + (minute))

static const struct site_span spans[] = {
    /* OFFICE */
    {.weekday = MON, .begin_min = AT(8, 30), .end_min = AT(17, 30)},
    {.weekday = TUE, .begin_min = AT(8, 30), .end_min = AT(17, 30)},
    {.weekday = WED, .begin_min = AT(8, 30), .end_min = AT(17, 30)},
    {.weekday = THU, .begin_min = AT(8, 30), .end_min = AT(12, 0)},
    {.weekday = THU, .begin_min = AT(13, 0), .end_min = AT(17, 30)},
    {.weekday = FRI, .begin_min = AT(8, 30), .end_min = AT(17, 30)},
    {.weekday = SAT, .begin_min = AT(9, 0), .end_min = AT(12, 0)},
    /* NIGHT_HOURS: on Sundays, around the hour that a change of offset leaves out or repeats */
    {.weekday = SUN, .begin_min = AT(2, 30), .end_min = AT(2, 45)},
    {.weekday = SUN, .begin_min = AT(2, 50), .end_min = AT(5, 0)},
    /* LATE */
    {.weekday = FRI, .begin_min = AT(20, 0), .end_min = AT(24, 0)},
};

static const struct site_calendar calendars[CALENDARS] = {
    [ALWAYS] = {0, 0},
    [OFFICE] = {0, 7},
    [NIGHT_HOURS] = {7, 2},
    [LATE] = {9, 1},
};

static const struct expr_between betweens[BETWEENS] = {
    [NIGHT] = {AT(22, 0), AT(6, 0)},
    [MORNING] = {AT(6, 0), AT(9, 15)},
    [NEVER] = {AT(12, 0), AT(12, 0)},
    [UNTIL_MIDNIGHT] = {AT(23, 0), AT(24, 0)},
};

/* 2026-10-01 and 02, a Thursday and a Friday. */
static const int32_t holidays[] = {20727, 20728};

static const struct calendar calendar = {
    .calendars = calendars,
    .spans = spans,
    .betweens = betweens,
    .holidays = holidays,
    .calendar_count = CALENDARS,
    .between_count = BETWEENS,
    .holiday_count = 2,
    .east_s = zone_east_s,
};

static struct wall wall(const char *text) {
    struct wall parsed;
    assert_int_equal(clock_parse_wall(text, &parsed), 0);
    return parsed;
}

static struct calendar_moment moment(const char *text) {
    return calendar_moment(&calendar, wall(text));
}

static bool open_at(uint32_t index, const char *text) {
    return calendar_is_open(&calendar, index, moment(text));
}

static bool between_at(uint32_t index, const char *text) {
    return calendar_is_between(&calendar, index, moment(text));
}

/* The boundary after `text` is `expected`. */
static void next_is(const struct calendar *of, const char *text, const char *expected) {
    char found[CLOCK_TEXT_SIZE];
    char wanted[CLOCK_TEXT_SIZE];
    clock_format(calendar_next(of, wall(text)), found);
    clock_format(wall(expected), wanted);
    assert_string_equal(found, wanted);
}

static int in_shanghai(void **state) {
    (void)state;
    zone_init("Asia/Shanghai");
    return 0;
}

static int in_berlin(void **state) {
    (void)state;
    zone_init("Europe/Berlin");
    return 0;
}

/* ---- truths ---- */

static void a_moment_is_the_local_day_and_second(void **state) {
    (void)state;
    assert_int_equal(moment("1970-01-01T08:00:00+08:00").day, 0);
    assert_int_equal(moment("1970-01-01T08:00:00+08:00").second, 8 * 3600);
    assert_int_equal(moment("2026-10-01T00:00:00+08:00").day, 20727);
    assert_int_equal(moment("2026-10-01T00:00:00+08:00").second, 0);
    assert_int_equal(moment("2026-09-30T23:59:59.999+08:00").day, 20726);
    assert_int_equal(moment("2026-09-30T23:59:59.999+08:00").second, 86399);
}

static void hours_begin_and_their_end_is_not_open_any_more(void **state) {
    (void)state;
    assert_false(open_at(OFFICE, "2026-11-23T08:29:59+08:00"));
    assert_true(open_at(OFFICE, "2026-11-23T08:30:00+08:00"));
    assert_true(open_at(OFFICE, "2026-11-23T17:29:59+08:00"));
    assert_false(open_at(OFFICE, "2026-11-23T17:30:00+08:00"));
}

static void each_weekday_has_hours_of_its_own(void **state) {
    (void)state;
    assert_true(open_at(OFFICE, "2026-11-25T12:30:00+08:00"));  /* Wednesday */
    assert_false(open_at(OFFICE, "2026-11-26T12:30:00+08:00")); /* Thursday: lunch */
    assert_true(open_at(OFFICE, "2026-11-26T13:00:00+08:00"));
    assert_true(open_at(OFFICE, "2026-11-28T09:00:00+08:00")); /* Saturday */
    assert_false(open_at(OFFICE, "2026-11-28T13:00:00+08:00"));
    assert_false(open_at(OFFICE, "2026-11-29T10:00:00+08:00")); /* Sunday */
}

static void hours_that_end_at_midnight_last_until_midnight(void **state) {
    (void)state;
    assert_true(open_at(LATE, "2026-11-27T23:59:59+08:00"));
    assert_false(open_at(LATE, "2026-11-28T00:00:00+08:00"));
    next_is(&calendar, "2026-11-27T23:30:00+08:00", "2026-11-28T00:00:00+08:00");
}

static void a_holiday_is_closed_all_day_but_for_what_is_always_open(void **state) {
    (void)state;
    assert_true(open_at(OFFICE, "2026-09-30T10:00:00+08:00"));
    assert_false(open_at(OFFICE, "2026-10-01T10:00:00+08:00"));
    assert_false(open_at(OFFICE, "2026-10-02T10:00:00+08:00"));
    assert_false(open_at(LATE, "2026-10-02T21:00:00+08:00"));
    assert_true(open_at(OFFICE, "2026-10-03T10:00:00+08:00"));
    assert_true(open_at(ALWAYS, "2026-10-01T10:00:00+08:00"));
    assert_true(open_at(ALWAYS, "2026-10-04T03:00:00+08:00"));
}

static void a_holiday_is_a_local_day(void **state) {
    (void)state;
    /* In UTC it is still 30 September, and still 2 October. */
    assert_false(open_at(OFFICE, "2026-10-01T08:30:00+08:00"));
    assert_false(open_at(OFFICE, "2026-10-01T00:30:00Z"));
    assert_true(open_at(OFFICE, "2026-09-30T09:29:59Z"));
}

static void between_goes_across_midnight(void **state) {
    (void)state;
    assert_false(between_at(NIGHT, "2026-11-23T21:59:59+08:00"));
    assert_true(between_at(NIGHT, "2026-11-23T22:00:00+08:00"));
    assert_true(between_at(NIGHT, "2026-11-24T00:00:00+08:00"));
    assert_true(between_at(NIGHT, "2026-11-24T05:59:59+08:00"));
    assert_false(between_at(NIGHT, "2026-11-24T06:00:00+08:00"));
}

static void between_holds_within_a_day_and_never_when_it_is_empty(void **state) {
    (void)state;
    assert_false(between_at(MORNING, "2026-11-23T05:59:59+08:00"));
    assert_true(between_at(MORNING, "2026-11-23T06:00:00+08:00"));
    assert_false(between_at(MORNING, "2026-11-23T09:15:00+08:00"));
    assert_false(between_at(NEVER, "2026-11-23T11:59:59+08:00"));
    assert_false(between_at(NEVER, "2026-11-23T12:00:00+08:00"));
    assert_false(between_at(NEVER, "2026-11-23T12:00:01+08:00"));
    assert_true(between_at(UNTIL_MIDNIGHT, "2026-11-23T23:59:59+08:00"));
    assert_false(between_at(UNTIL_MIDNIGHT, "2026-11-24T00:00:00+08:00"));
}

static void between_does_not_mind_holidays(void **state) {
    (void)state;
    assert_true(between_at(MORNING, "2026-10-01T07:00:00+08:00"));
}

static void weekdays_are_monday_to_friday_holiday_or_not(void **state) {
    (void)state;
    static const char *const days[] = {
        "2026-11-23T12:00:00+08:00", "2026-11-24T12:00:00+08:00", "2026-11-25T12:00:00+08:00",
        "2026-11-26T12:00:00+08:00", "2026-11-27T12:00:00+08:00", "2026-11-28T12:00:00+08:00",
        "2026-11-29T12:00:00+08:00",
    };
    for (int day = MON; day <= SUN; day++) {
        assert_int_equal(calendar_is_weekday(moment(days[day])), day < SAT);
    }
    assert_true(calendar_is_weekday(moment("2026-10-01T12:00:00+08:00")));
    /* Monday begins at the local midnight. */
    assert_false(calendar_is_weekday(moment("2026-11-22T23:59:59+08:00")));
    assert_true(calendar_is_weekday(moment("2026-11-23T00:00:00+08:00")));
}

/* ---- boundaries ---- */

static void the_next_boundary_is_the_nearest_begin_or_end(void **state) {
    (void)state;
    next_is(&calendar, "2026-11-23T05:59:59.500+08:00", "2026-11-23T06:00:00+08:00");
    next_is(&calendar, "2026-11-23T06:00:00+08:00", "2026-11-23T08:30:00+08:00");
    next_is(&calendar, "2026-11-23T08:45:00+08:00", "2026-11-23T09:00:00+08:00");
    next_is(&calendar, "2026-11-23T09:00:00+08:00", "2026-11-23T09:15:00+08:00");
    next_is(&calendar, "2026-11-23T17:30:00+08:00", "2026-11-23T20:00:00+08:00");
}

static void without_hours_and_clauses_the_boundary_is_midnight(void **state) {
    (void)state;
    const struct calendar bare = {
        .calendars = calendars, .calendar_count = 1, .east_s = zone_east_s};
    next_is(&bare, "2026-11-23T00:00:00+08:00", "2026-11-24T00:00:00+08:00");
    next_is(&bare, "2026-11-23T23:59:59.999+08:00", "2026-11-24T00:00:00+08:00");
}

/* One bit for each truth of a moment. */
static unsigned truths(struct wall at) {
    struct calendar_moment now = calendar_moment(&calendar, at);
    unsigned bits = calendar_is_weekday(now);
    for (uint32_t c = 0; c < CALENDARS; c++) {
        bits = bits << 1 | calendar_is_open(&calendar, c, now);
    }
    for (uint32_t b = 0; b < BETWEENS; b++) {
        bits = bits << 1 | calendar_is_between(&calendar, b, now);
    }
    return bits;
}

static void nothing_changes_between_two_boundaries_of_a_whole_year(void **state) {
    (void)state;
    const int64_t minute_ns = 60 * (int64_t)NS_PER_S;
    const int64_t day_ns = 1440 * minute_ns;
    struct wall at = wall("2025-12-31T12:00:00Z");
    struct wall end = wall("2027-01-01T12:00:00Z");
    unsigned changes = 0;
    while (at.ns < end.ns) {
        struct wall next = calendar_next(&calendar, at);
        unsigned now = truths(at);
        assert_true(next.ns > at.ns);
        assert_true(next.ns - at.ns <= day_ns);
        for (int64_t ns = at.ns; ns < next.ns; ns += minute_ns) {
            assert_int_equal(truths((struct wall){ns}), now);
        }
        assert_int_equal(truths((struct wall){next.ns - 1}), now);
        changes += truths(next) != now;
        at = next;
    }
    /* Two clauses turn twice a day, and one into the other. */
    assert_true(changes > 3 * 365);
}

/* ---- shifts ---- */

static const struct site_span duty[] = {
    {.weekday = WED, .begin_min = AT(19, 0), .end_min = AT(24, 0)}, /* the night of Wednesday … */
    {.weekday = THU, .begin_min = AT(0, 0), .end_min = AT(7, 0)},
    {.weekday = THU, .begin_min = AT(6, 30), .end_min = AT(15, 0)}, /* … and the next one, early */
};
enum { CARE, GUARD, SHIFTS };
static const struct site_shift shifts[SHIFTS] = {
    [CARE] = {.span_count = 3}, [GUARD] = {.span_first = 3}};

static struct calendar calendar_of_shifts(void) {
    return (struct calendar){.spans = duty,
                             .shifts = shifts,
                             .holidays = holidays,
                             .calendar_count = 1,
                             .shift_count = SHIFTS,
                             .holiday_count = 2,
                             .east_s = zone_east_s};
}

/* 2026-10-01 is a holiday, and a Thursday. */
static void a_shift_is_on_duty_across_midnight_and_on_a_holiday(void **state) {
    (void)state;
    static const struct {
        const char *at;
        bool on_duty;
    } rows[] = {
        {"2026-09-30T18:59:59+08:00", false}, {"2026-09-30T19:00:00+08:00", true},
        {"2026-09-30T23:59:59+08:00", true},  {"2026-10-01T00:00:00+08:00", true},
        {"2026-10-01T06:59:59+08:00", true},  {"2026-10-01T07:00:00+08:00", true},
        {"2026-10-01T14:59:59+08:00", true},  {"2026-10-01T15:00:00+08:00", false},
        {"2026-10-02T03:00:00+08:00", false},
    };
    const struct calendar of = calendar_of_shifts();
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct calendar_moment at = calendar_moment(&of, wall(rows[i].at));
        assert_int_equal(calendar_is_on_duty(&of, CARE, at), rows[i].on_duty);
        assert_true(calendar_is_on_duty(&of, GUARD, at)); /* without hours always */
    }
}

static void the_hour_of_levelling_is_a_boundary_and_begins_a_day_of_its_own(void **state) {
    (void)state;
    const struct calendar levelled = {
        .calendar_count = 1, .level_min = AT(4, 0), .east_s = zone_east_s};
    next_is(&levelled, "2026-11-22T12:00:00+08:00", "2026-11-23T00:00:00+08:00");
    next_is(&levelled, "2026-11-23T00:00:00+08:00", "2026-11-23T04:00:00+08:00");
    next_is(&levelled, "2026-11-23T04:00:00+08:00", "2026-11-24T00:00:00+08:00");
    int32_t before = calendar_level_day(&levelled, moment("2026-11-23T03:59:59+08:00"));
    int32_t after = calendar_level_day(&levelled, moment("2026-11-23T04:00:00+08:00"));
    assert_int_equal(after, before + 1);
    assert_int_equal(calendar_level_day(&levelled, moment("2026-11-24T03:59:59+08:00")), after);
}

static void count_levellings(void *context, enum input_kind kind, uint32_t subject,
                             enum truth state) {
    uint32_t *count = context;
    (void)subject;
    (void)state;
    *count += kind == INPUT_LEVEL;
}

static uint32_t levellings_at(const struct calendar *of, struct calendar_told *told,
                              const char *text) {
    uint32_t count = 0;
    calendar_tell(of, told, wall(text), count_levellings, &count);
    return count;
}

static void a_levelling_is_told_once_also_when_it_was_due_while_nobody_looked(void **state) {
    (void)state;
    const struct calendar levelled = {
        .calendars = calendars, .calendar_count = 1, .level_min = AT(4, 0), .east_s = zone_east_s};
    struct calendar_told told;
    assert_int_equal(calendar_told_init(&told, &levelled), 0);
    /* The first look does not know of any before it. */
    assert_int_equal(levellings_at(&levelled, &told, "2026-11-23T12:00:00+08:00"), 0);
    assert_int_equal(levellings_at(&levelled, &told, "2026-11-24T03:59:59+08:00"), 0);
    assert_int_equal(levellings_at(&levelled, &told, "2026-11-24T04:00:00+08:00"), 1);
    assert_int_equal(levellings_at(&levelled, &told, "2026-11-24T23:00:00+08:00"), 0);
    /* After a restart the first look makes up for it. */
    calendar_told_levelled(&told, &levelled, wall("2026-11-25T03:00:00+08:00"));
    assert_int_equal(levellings_at(&levelled, &told, "2026-11-25T05:00:00+08:00"), 1);
    calendar_told_levelled(&told, &levelled, wall("2026-11-25T04:30:00+08:00"));
    assert_int_equal(levellings_at(&levelled, &told, "2026-11-25T05:00:00+08:00"), 0);
    calendar_told_deinit(&told);
}

static void a_clock_that_is_set_to_and_fro_levels_no_counter_twice(void **state) {
    (void)state;
    const struct calendar levelled = {
        .calendars = calendars, .calendar_count = 1, .level_min = AT(4, 0), .east_s = zone_east_s};
    struct calendar_told told;
    assert_int_equal(calendar_told_init(&told, &levelled), 0);
    assert_int_equal(levellings_at(&levelled, &told, "2026-11-23T03:00:00+08:00"), 0);
    assert_int_equal(levellings_at(&levelled, &told, "2026-11-23T04:00:05+08:00"), 1);
    assert_int_equal(levellings_at(&levelled, &told, "2026-11-23T03:59:55+08:00"), 0);
    assert_int_equal(levellings_at(&levelled, &told, "2026-11-23T04:00:05+08:00"), 0);
    assert_int_equal(levellings_at(&levelled, &told, "2026-11-22T12:00:00+08:00"), 0);
    assert_int_equal(levellings_at(&levelled, &told, "2026-11-23T12:00:00+08:00"), 0);
    assert_int_equal(levellings_at(&levelled, &told, "2026-11-24T04:00:00+08:00"), 1);
    /* A clock that had been years ahead does not put the levelling off for years. */
    assert_int_equal(levellings_at(&levelled, &told, "2038-01-01T12:00:00+08:00"), 1);
    assert_int_equal(levellings_at(&levelled, &told, "2026-11-24T12:00:00+08:00"), 0);
    assert_int_equal(levellings_at(&levelled, &told, "2026-11-25T04:00:00+08:00"), 1);
    calendar_told_deinit(&told);
}

/* When the last turn of `shift` began, seen from `text`; "" if none ever does. */
static void turn_is(const struct calendar *of, uint32_t shift, const char *text,
                    const char *expected) {
    struct calendar_moment began;
    bool found = calendar_turn_began(of, shift, calendar_moment(of, wall(text)), &began);
    assert_int_equal(found, expected[0] != '\0');
    if (found) {
        char local[CLOCK_TEXT_SIZE];
        int64_t utc_s = zone_utc_s((int64_t)began.day * 86400 + began.second);
        clock_format((struct wall){utc_s * (int64_t)NS_PER_S}, local);
        char wanted[CLOCK_TEXT_SIZE];
        clock_format(wall(expected), wanted);
        assert_string_equal(local, wanted);
    }
}

static void a_turn_that_goes_on_past_midnight_began_the_day_before(void **state) {
    (void)state;
    static const struct site_span turn_spans[] = {
        {.weekday = MON, .begin_min = AT(7, 0), .end_min = AT(19, 0)},
        {.weekday = MON, .begin_min = AT(19, 0), .end_min = AT(24, 0)},
        {.weekday = TUE, .begin_min = AT(0, 0), .end_min = AT(7, 0)},
        {.weekday = SUN, .begin_min = AT(22, 0), .end_min = AT(24, 0)},
        {.weekday = MON, .begin_min = AT(0, 0), .end_min = AT(6, 0)},
        {.weekday = WED, .begin_min = AT(0, 0), .end_min = AT(8, 0)},
    };
    enum { DAY_AND_NIGHT, SUNDAYS, EARLY, ALL_DAYS, TURNS };
    static const struct site_shift turns[TURNS] = {[DAY_AND_NIGHT] = {.span_count = 3},
                                                   [SUNDAYS] = {.span_first = 3, .span_count = 2},
                                                   [EARLY] = {.span_first = 5, .span_count = 1},
                                                   [ALL_DAYS] = {.span_count = 0}};
    const struct calendar of = {
        .spans = turn_spans, .shifts = turns, .shift_count = TURNS, .east_s = zone_east_s};
    /* 2026-11-23 is a Monday. */
    turn_is(&of, DAY_AND_NIGHT, "2026-11-23T06:59:59+08:00", "2026-11-16T19:00:00+08:00");
    turn_is(&of, DAY_AND_NIGHT, "2026-11-23T07:00:00+08:00", "2026-11-23T07:00:00+08:00");
    turn_is(&of, DAY_AND_NIGHT, "2026-11-23T18:59:59+08:00", "2026-11-23T07:00:00+08:00");
    turn_is(&of, DAY_AND_NIGHT, "2026-11-23T23:59:59+08:00", "2026-11-23T19:00:00+08:00");
    turn_is(&of, DAY_AND_NIGHT, "2026-11-24T03:00:00+08:00", "2026-11-23T19:00:00+08:00");
    turn_is(&of, DAY_AND_NIGHT, "2026-11-27T12:00:00+08:00", "2026-11-23T19:00:00+08:00");
    turn_is(&of, SUNDAYS, "2026-11-23T05:00:00+08:00", "2026-11-22T22:00:00+08:00");
    turn_is(&of, SUNDAYS, "2026-11-29T21:59:59+08:00", "2026-11-22T22:00:00+08:00");
    turn_is(&of, EARLY, "2026-11-25T00:00:00+08:00", "2026-11-25T00:00:00+08:00");
    turn_is(&of, EARLY, "2026-11-24T23:59:59+08:00", "2026-11-18T00:00:00+08:00");
    turn_is(&of, ALL_DAYS, "2026-11-25T12:00:00+08:00", "");
}

static void hours_without_an_end_have_no_turn(void **state) {
    (void)state;
    static const struct site_span round[] = {
        {.weekday = MON, .end_min = AT(24, 0)}, {.weekday = TUE, .end_min = AT(24, 0)},
        {.weekday = WED, .end_min = AT(24, 0)}, {.weekday = THU, .end_min = AT(24, 0)},
        {.weekday = FRI, .end_min = AT(24, 0)}, {.weekday = SAT, .end_min = AT(24, 0)},
        {.weekday = SUN, .end_min = AT(24, 0)},
    };
    static const struct site_shift turns[] = {{.span_count = 7}};
    const struct calendar of = {
        .spans = round, .shifts = turns, .shift_count = 1, .east_s = zone_east_s};
    turn_is(&of, 0, "2026-11-25T12:00:00+08:00", "");
}

static void a_change_of_shift_is_a_boundary(void **state) {
    (void)state;
    const struct calendar of = calendar_of_shifts();
    next_is(&of, "2026-09-30T18:00:00+08:00", "2026-09-30T19:00:00+08:00");
    next_is(&of, "2026-10-01T06:00:00+08:00", "2026-10-01T06:30:00+08:00");
    next_is(&of, "2026-10-01T06:30:00+08:00", "2026-10-01T07:00:00+08:00");
}

/* ---- Europe/Berlin ---- */

static void hours_in_the_hour_that_spring_leaves_out_begin_right_after_it(void **state) {
    (void)state;
    /* 2026-03-29: 02:00 is 03:00. */
    next_is(&calendar, "2026-03-29T00:30:00+01:00", "2026-03-29T03:00:00+02:00");
    assert_false(open_at(NIGHT_HOURS, "2026-03-29T01:59:59+01:00"));
    assert_true(open_at(NIGHT_HOURS, "2026-03-29T03:00:00+02:00"));
    assert_int_equal(moment("2026-03-29T01:00:00Z").second, 3 * 3600);
    next_is(&calendar, "2026-03-29T03:00:00+02:00", "2026-03-29T05:00:00+02:00");
    next_is(&calendar, "2026-03-29T05:00:00+02:00", "2026-03-29T06:00:00+02:00");
}

static void hours_in_the_hour_that_autumn_repeats_are_open_twice(void **state) {
    (void)state;
    /* 2026-10-25: 03:00 is 02:00 once more. */
    next_is(&calendar, "2026-10-25T02:00:00+02:00", "2026-10-25T02:30:00+02:00");
    assert_true(open_at(NIGHT_HOURS, "2026-10-25T02:30:00+02:00"));
    assert_false(open_at(NIGHT_HOURS, "2026-10-25T02:45:00+02:00"));
    next_is(&calendar, "2026-10-25T02:45:00+02:00", "2026-10-25T02:50:00+02:00");
    next_is(&calendar, "2026-10-25T02:50:00+02:00", "2026-10-25T02:00:00+01:00");
    assert_false(open_at(NIGHT_HOURS, "2026-10-25T02:00:00+01:00"));
    next_is(&calendar, "2026-10-25T02:00:00+01:00", "2026-10-25T02:30:00+01:00");
    assert_true(open_at(NIGHT_HOURS, "2026-10-25T02:30:00+01:00"));
    assert_true(open_at(NIGHT_HOURS, "2026-10-25T04:59:59+01:00"));
    assert_false(open_at(NIGHT_HOURS, "2026-10-25T05:00:00+01:00"));
}

static void the_night_of_a_change_is_one_night(void **state) {
    (void)state;
    static const char *const nights[] = {
        "2026-03-28T22:00:00+01:00", "2026-03-29T01:59:59+01:00", "2026-03-29T03:00:00+02:00",
        "2026-03-29T05:59:59+02:00", "2026-10-24T22:00:00+02:00", "2026-10-25T02:59:59+02:00",
        "2026-10-25T02:00:00+01:00", "2026-10-25T05:59:59+01:00",
    };
    for (size_t i = 0; i < sizeof nights / sizeof nights[0]; i++) {
        assert_true(between_at(NIGHT, nights[i]));
    }
    assert_false(between_at(NIGHT, "2026-03-29T06:00:00+02:00"));
    assert_false(between_at(NIGHT, "2026-10-25T06:00:00+01:00"));
}

static void a_change_of_offset_is_a_boundary_of_its_own(void **state) {
    (void)state;
    const struct calendar bare = {
        .calendars = calendars, .calendar_count = 1, .east_s = zone_east_s};
    next_is(&bare, "2026-03-29T00:00:00+01:00", "2026-03-29T01:00:00Z");
    next_is(&bare, "2026-03-29T01:00:00Z", "2026-03-30T00:00:00+02:00");
    next_is(&bare, "2026-10-25T00:00:00+02:00", "2026-10-25T01:00:00Z");
    next_is(&bare, "2026-10-25T01:00:00Z", "2026-10-26T00:00:00+01:00");
    /* The day before ends at its midnight, not at the change. */
    next_is(&bare, "2026-10-24T12:00:00+02:00", "2026-10-25T00:00:00+02:00");
}

static void an_offset_is_that_of_the_moment(void **state) {
    (void)state;
    assert_true(open_at(OFFICE, "2026-07-01T06:30:00Z"));
    assert_false(open_at(OFFICE, "2026-12-01T06:30:00Z"));
    assert_true(open_at(OFFICE, "2026-12-01T07:30:00Z"));
}

int main(void) {
#define SHANGHAI(test) cmocka_unit_test_setup(test, in_shanghai)
#define BERLIN(test)   cmocka_unit_test_setup(test, in_berlin)
    const struct CMUnitTest tests[] = {
        SHANGHAI(a_moment_is_the_local_day_and_second),
        SHANGHAI(hours_begin_and_their_end_is_not_open_any_more),
        SHANGHAI(each_weekday_has_hours_of_its_own),
        SHANGHAI(hours_that_end_at_midnight_last_until_midnight),
        SHANGHAI(a_holiday_is_closed_all_day_but_for_what_is_always_open),
        SHANGHAI(a_holiday_is_a_local_day),
        SHANGHAI(between_goes_across_midnight),
        SHANGHAI(between_holds_within_a_day_and_never_when_it_is_empty),
        SHANGHAI(between_does_not_mind_holidays),
        SHANGHAI(weekdays_are_monday_to_friday_holiday_or_not),
        SHANGHAI(the_next_boundary_is_the_nearest_begin_or_end),
        SHANGHAI(without_hours_and_clauses_the_boundary_is_midnight),
        SHANGHAI(nothing_changes_between_two_boundaries_of_a_whole_year),
        SHANGHAI(a_shift_is_on_duty_across_midnight_and_on_a_holiday),
        SHANGHAI(the_hour_of_levelling_is_a_boundary_and_begins_a_day_of_its_own),
        SHANGHAI(a_levelling_is_told_once_also_when_it_was_due_while_nobody_looked),
        SHANGHAI(a_clock_that_is_set_to_and_fro_levels_no_counter_twice),
        SHANGHAI(a_change_of_shift_is_a_boundary),
        SHANGHAI(a_turn_that_goes_on_past_midnight_began_the_day_before),
        SHANGHAI(hours_without_an_end_have_no_turn),
        BERLIN(hours_in_the_hour_that_spring_leaves_out_begin_right_after_it),
        BERLIN(hours_in_the_hour_that_autumn_repeats_are_open_twice),
        BERLIN(the_night_of_a_change_is_one_night),
        BERLIN(a_change_of_offset_is_a_boundary_of_its_own),
        BERLIN(an_offset_is_that_of_the_moment),
        BERLIN(nothing_changes_between_two_boundaries_of_a_whole_year),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
