/* SPDX-License-Identifier: Apache-2.0 */

/* Times as people write them, and a clock that runs faster than the world. */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "gateway/clock.h"
#include "gateway/zone.h"
#include "tests/support/cmocka.h"

static void a_wall_time_is_written_in_utc_with_milliseconds(void **state) {
    (void)state;
    static const struct {
        int64_t ns;
        const char *text;
    } table[] = {
        {0, "1970-01-01T00:00:00.000Z"},
        {1763795820123456789, "2025-11-22T07:17:00.123Z"},
        {4102444799999999999, "2099-12-31T23:59:59.999Z"},
        {-1, "1969-12-31T23:59:59.999Z"},
        {951782400000000000, "2000-02-29T00:00:00.000Z"},
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        char text[CLOCK_TEXT_SIZE];
        clock_format((struct wall){table[i].ns}, text);
        assert_string_equal(text, table[i].text);
    }
}

static void every_written_form_of_a_moment_is_read_as_that_moment(void **state) {
    (void)state;
    static const char *const same[] = {
        "2025-11-22T07:17:00Z",
        "2025-11-22T15:17:00+08:00",
        "2025-11-22T02:47:00-04:30",
        "2025-11-22T07:17:00.000Z",
    };
    for (size_t i = 0; i < sizeof same / sizeof *same; i++) {
        struct wall wall;
        assert_int_equal(clock_parse_wall(same[i], &wall), 0);
        assert_int_equal(wall.ns, 1763795820000000000);
    }
    struct wall half;
    assert_int_equal(clock_parse_wall("1970-01-01T00:00:00.5Z", &half), 0);
    assert_int_equal(half.ns, 500000000);
}

static void what_is_not_a_time_is_refused(void **state) {
    (void)state;
    static const char *const wrong[] = {
        "",
        "now",
        "2025-11-22",
        "2025-11-22T07:17:00",
        "2025-11-22T07:17:00z",
        "2025-02-30T00:00:00Z",
        "2025-13-01T00:00:00Z",
        "2025-11-22T24:00:00Z",
        "2025-11-22T07:60:00Z",
        "2025-11-22T07:17:00.Z",
        "2025-11-22T07:17:00+8:00",
        "2025-11-22T07:17:00+08:00 ",
        "1969-12-31T23:59:59Z",
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        struct wall wall;
        assert_int_equal(clock_parse_wall(wrong[i], &wall), CLOCK_E_FORMAT);
    }
}

static void a_time_that_64_bits_of_nanoseconds_do_not_hold_is_refused(void **state) {
    (void)state;
    static const char *const beyond[] = {
        "2262-04-11T23:47:16.854775808Z", "2262-04-11T23:47:17Z", "2262-04-11T19:47:17-04:00",
        "2263-01-01T00:00:00Z",           "2611-06-17T00:00:00Z", "2999-01-01T00:00:00Z",
        "9999-12-31T23:59:60Z",
    };
    struct wall wall = {0};
    struct clock_origin clock;
    for (size_t i = 0; i < sizeof beyond / sizeof *beyond; i++) {
        assert_int_equal(clock_parse_wall(beyond[i], &wall), CLOCK_E_FORMAT);
    }
    assert_int_equal(clock_parse("2611-06-17T00:00:00Z@60", &clock), CLOCK_E_FORMAT);

    assert_int_equal(clock_parse_wall("2262-04-11T23:47:16.854775807Z", &wall), 0);
    assert_true(wall.ns == INT64_MAX);
    assert_int_equal(clock_parse_wall("1970-01-01T00:00:00+23:59", &wall), 0);
    assert_true(wall.ns == -(23 * 3600 + 59 * 60) * INT64_C(1000000000));
}

/* The last day that can be named ends after the last moment that can. */
static void a_day_whose_end_64_bits_of_nanoseconds_do_not_hold_is_refused(void **state) {
    (void)state;
    struct wall wall = {0};
    assert_int_equal(setenv("TZ", "UTC", 1), 0);
    tzset();
    assert_true(zone_parse_wall("2262-04-11", false, &wall));
    assert_false(zone_parse_wall("2262-04-11", true, &wall));
    assert_false(zone_parse_wall("2262-04-12", false, &wall));
    assert_true(zone_parse_wall("2262-04-10", true, &wall));
}

/* What second a wall time is of, and the moment just before and after what can be held, at both ends. */
static void seconds_and_nanoseconds_are_a_wall_time_only_where_it_can_be_held(void **state) {
    (void)state;
    struct wall wall = {0};
    assert_true(clock_wall_of(INT64_C(9223372036), 854775807, &wall) && wall.ns == INT64_MAX);
    assert_false(clock_wall_of(INT64_C(9223372036), 854775808, &wall));
    assert_true(clock_wall_of(-INT64_C(9223372036), -854775808, &wall) && wall.ns == INT64_MIN);
    assert_false(clock_wall_of(-INT64_C(9223372036), -854775809, &wall));
    assert_false(clock_wall_of(INT64_MAX, 0, &wall) || clock_wall_of(INT64_MIN, 0, &wall));
}

static void a_clock_setting_needs_a_start_and_a_rate_from_1_to_60(void **state) {
    (void)state;
    struct clock_origin origin;
    assert_int_equal(clock_parse("2025-11-22T07:17:00Z@60", &origin), 0);
    assert_int_equal(origin.rate, 60);
    assert_int_equal(origin.wall_ns, 1763795820000000000);
    assert_int_equal(clock_parse("2025-11-22T07:17:00Z@1", &origin), 0);
    static const char *const wrong[] = {
        "2025-11-22T07:17:00Z",
        "2025-11-22T07:17:00Z@",
        "2025-11-22T07:17:00Z@0",
        "2025-11-22T07:17:00Z@61",
        "2025-11-22T07:17:00Z@-1",
        "2025-11-22T07:17:00Z@1.5",
        "@10",
        "2025-11-22T07:17:00Z@99999999999999999999",
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        assert_int_equal(clock_parse(wrong[i], &origin), CLOCK_E_FORMAT);
    }
}

static void a_scaled_clock_moves_wall_and_instants_alike(void **state) {
    (void)state;
    struct clock_origin origin;
    assert_int_equal(clock_parse("2025-11-22T07:17:00Z@60", &origin), 0);
    clock_init(&origin);
    assert_int_equal(clock_rate(), 60);

    struct instant instant = clock_instant();
    struct wall wall = clock_wall();
    struct wall later_wall;
    struct instant later;
    do { /* one scaled second: 17 ms of real time */
        later = clock_instant();
        later_wall = clock_wall();
    } while (instant_span_ns(instant, later) < NS_PER_S);
    int64_t wall_ns = later_wall.ns - wall.ns;
    int64_t instant_ns = (int64_t)instant_span_ns(instant, later);
    /* Both derive from one clock; they differ only by the two moments of reading it. */
    assert_true(wall_ns >= (int64_t)(NS_PER_S / 2));
    assert_true(wall_ns - instant_ns < 60 * (int64_t)NS_PER_S);
    assert_true(wall.ns >= origin.wall_ns);

    assert_int_equal(clock_real_span_ns(60), 1);
    assert_int_equal(clock_real_span_ns(61), 2);
    assert_int_equal(clock_real_span_ns(0), 0);
    clock_init(&(struct clock_origin){0});
    assert_int_equal(clock_rate(), 1);
    assert_int_equal(clock_real_span_ns(61), 61);
}

/* Whoever runs this was made before now, and after this was written. */
static void no_time_is_before_the_program_but_a_scaled_one_may_be(void **state) {
    (void)state;
    struct wall written;
    struct clock_origin origin;
    assert_int_equal(clock_parse_wall("2025-11-22T00:00:00Z", &written), 0);
    assert_true(clock_floor().ns > written.ns);
    assert_true(clock_floor().ns <= clock_wall().ns);
    assert_int_equal(clock_parse("2001-01-01T00:00:00Z@1", &origin), 0);
    clock_init(&origin);
    assert_int_equal(clock_floor().ns, 0);
    clock_init(&(struct clock_origin){0});
}

/* Instants of a boot can be compared, unless they run faster: then since their clock began. */
static void a_timeline_is_a_boot_or_the_beginning_of_a_faster_clock(void **state) {
    (void)state;
    uint64_t real = clock_timeline();
    assert_int_not_equal(real, 0);
    assert_int_equal(clock_timeline(), real);
    clock_init(&(struct clock_origin){.boottime_ns = 5, .rate = 1});
    assert_int_equal(clock_timeline(), real);
    clock_init(&(struct clock_origin){.boottime_ns = 5, .rate = 2});
    uint64_t fast = clock_timeline();
    assert_int_not_equal(fast, real);
    assert_int_equal(clock_timeline(), fast);
    clock_init(&(struct clock_origin){.boottime_ns = 6, .rate = 2});
    assert_int_not_equal(clock_timeline(), fast);
    clock_init(&(struct clock_origin){0});
}

int main(void) {
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_wall_time_is_written_in_utc_with_milliseconds),
        cmocka_unit_test(every_written_form_of_a_moment_is_read_as_that_moment),
        cmocka_unit_test(what_is_not_a_time_is_refused),
        cmocka_unit_test(a_time_that_64_bits_of_nanoseconds_do_not_hold_is_refused),
        cmocka_unit_test(a_day_whose_end_64_bits_of_nanoseconds_do_not_hold_is_refused),
        cmocka_unit_test(seconds_and_nanoseconds_are_a_wall_time_only_where_it_can_be_held),
        cmocka_unit_test(a_clock_setting_needs_a_start_and_a_rate_from_1_to_60),
        cmocka_unit_test(a_scaled_clock_moves_wall_and_instants_alike),
        cmocka_unit_test(no_time_is_before_the_program_but_a_scaled_one_may_be),
        cmocka_unit_test(a_timeline_is_a_boot_or_the_beginning_of_a_faster_clock),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
