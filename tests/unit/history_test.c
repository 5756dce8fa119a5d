/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Line protocol, as the uplink writes it and as databases give it back: what a line says, or what is
 * wrong with it and where.
 */
#include <stdlib.h>
#include <string.h>

#include "gateway/replay/history.h"
#include "tests/support/cmocka.h"
#include "tests/support/console_site.h"

#define TIME " 1763770000000000000"

static void data(const char *text, const char *measurement, const char *point, double value,
                 uint32_t quality) {
    struct history_line line;
    struct history_error error = {0};
    enum history_sort sort = history_line_parse(text, strlen(text), &line, &error);
    if (sort != HISTORY_DATA) {
        fail_msg("%s: column %u: %s", text, error.column, error.what);
    }
    assert_string_equal(line.measurement, measurement);
    assert_string_equal(line.point, point);
    assert_true(line.value == value);
    assert_int_equal(line.quality, quality);
    assert_int_equal(line.wall.ns, 1763770000000000000);
}

static void a_line_says_which_point_had_which_value_when(void **state) {
    (void)state;
    data("co2,gateway=main,place=care,point=care/co2,site=s value=800.5,quality=0i" TIME, "co2",
         "care/co2", 800.5, 0);
    data("smoke,point=a value=1i,quality=4i" TIME "\n", "smoke", "a", 1, 4);
    data("smoke,point=a value=t" TIME "\r\n", "smoke", "a", 1, 0);
    data("smoke,point=a value=False" TIME, "smoke", "a", 0, 0);
    data("  smoke,point=a   value=-1.5e3   1763770000000000000  ", "smoke", "a", -1500, 0);
    data("smoke,point=a text=\"a \\\"b\\\", c=d\",value=2u" TIME, "smoke", "a", 2, 0);
    data("a\\ b\\,c,x\\=y=z\\ z,point=p\\,q value=1" TIME, "a b,c", "p,q", 1, 0);
}

static void what_is_no_data_is_read_over(void **state) {
    static const char event[] = "event,rule=fire_alarm seq=1i,text=\"x\"" TIME;
    const char *const texts[] = {"", "   \r\n", "# DDL", "CREATE DATABASE tocsin WITH NAME autogen",
                                 event};
    (void)state;
    for (unsigned i = 0; i < sizeof texts / sizeof *texts; i++) {
        struct history_line line;
        struct history_error error;
        assert_int_equal(history_line_parse(texts[i], strlen(texts[i]), &line, &error),
                         HISTORY_NONE);
    }
}

static void wrong(const char *text, uint32_t column, const char *what) {
    /* A copy of its exact length, so that a read past the end is seen. */
    size_t size = strlen(text);
    char *exact = malloc(size);
    struct history_line line;
    struct history_error error = {0};
    assert_non_null(exact);
    memcpy(exact, text, size);
    assert_int_equal(history_line_parse(exact, size, &line, &error), HISTORY_WRONG);
    assert_string_equal(error.what, what);
    assert_int_equal(error.column, column);
    free(exact);
}

static void what_is_wrong_is_told_with_its_column(void **state) {
    (void)state;
    wrong("junk", 5, "a line is: measurement,tags fields time");
    wrong("smoke,point value=1" TIME, 7, "a tag is key=value");
    wrong("smoke,=a value=1" TIME, 7, "a tag is key=value");
    wrong("smoke,point=a value" TIME, 15, "a field is key=value");
    wrong("smoke,point=a value=one" TIME, 21, "not a number");
    wrong("smoke,point=a value=nan" TIME, 21, "not a number");
    wrong("smoke,point=a value=1e999" TIME, 21, "not a number");
    wrong("smoke,point=a value=0x10" TIME, 21, "not a number");
    wrong("smoke,point=a value=1,quality=5i" TIME, 31, "a quality is a whole number from 0 to 4");
    wrong("smoke,point=a value=1,quality=-1i" TIME, 31, "a quality is a whole number from 0 to 4");
    wrong("smoke,point=a value=1,text=\"open" TIME, 28, "a text without its closing quote");
    wrong("smoke,point=a value=1", 22, "the time is missing");
    wrong("smoke,point=a value=1 yesterday", 23,
          "the time is a whole number of nanoseconds since 1970");
    wrong("smoke,point=a value=1 1763770000000000000 1", 23,
          "the time is a whole number of nanoseconds since 1970");
    wrong("smoke,point=a value=1 1763770000000", 23,
          "the time is not in nanoseconds: export with precision ns");
    wrong("smoke,point=a value=1 9999999999999999999", 23,
          "the time is not in nanoseconds: export with precision ns");
    wrong("smoke,point=a text=\"x\",y=1" TIME, 15, "there is no field `value`");
    wrong("smoke,point=a value=\"1\"" TIME, 21, "it is a text; a number is wanted here");
    wrong("smoke,point=a quality=\"good\"" TIME, 23, "it is a text; a number is wanted here");
    wrong("smoke,place=a value=1" TIME, 1, "there is no tag `point`");
}

struct complaints {
    char text[1024];
};

static void complain(void *context, uint64_t line, uint32_t column, const char *what,
                     const char *about) {
    struct complaints *complaints = context;
    size_t len = strlen(complaints->text);
    snprintf(complaints->text + len, sizeof complaints->text - len, "%d:%u %s %s\n", (int)line,
             column, what, about);
}

static void an_export_is_put_into_the_order_of_time_and_its_mistakes_are_told(void **state) {
    static char text[] =
        "# an export\n"
        "temperature,point=care/day-care/temperature value=21 1763770003000000000\n"
        "temperature,point=care/day-care/temperature value=20 1763770001000000000\n"
        "\n"
        "smoke,point=care/day-care/smoke-1 value=1i 1763770002000000000\n"
        "smoke,point=care/day-care/smoke-1 value=0i 1763770002000000000\n"
        "smoke,point=care/day-care/smoke-9 value=1i 1763770002000000000\n"
        "heat,point=care/day-care/smoke-1 value=1i 1763770002000000000\n"
        "smoke,point=care/day-care/smoke-1 value=1i 17637700020000000\n";
    struct site site = console_site("/nowhere");
    struct complaints complaints = {""};
    struct history history;
    (void)state;
    FILE *file = fmemopen(text, strlen(text), "r");
    assert_non_null(file);
    assert_int_equal(history_read(&history, file, &site, complain, &complaints), 0);
    fclose(file);
    assert_int_equal(history.lines, 9);
    assert_int_equal(history.wrong, 1);
    assert_int_equal(history.strange, 2);
    assert_string_equal(complaints.text,
                        "7:0 the site has no such point care/day-care/smoke-9\n"
                        "8:0 the point is of another kind in the site care/day-care/smoke-1\n"
                        "9:44 the time is not in nanoseconds: export with precision ns \n");
    assert_int_equal(history.count, 3);
    static const double values[] = {20, 0, 21}; /* of two for one time the later one counts */
    for (unsigned i = 0; i < 3; i++) {
        assert_true(history.rows[i].value == values[i]);
    }
    assert_int_equal(history.rows[1].point, CONSOLE_SITE_SMOKE);
    history_deinit(&history);
}

/* Read `text`, for which nothing but `wanted` is to be complained of. */
static void history_of(const char *text, const char *wanted, struct history *ret_history) {
    struct site site = console_site("/nowhere");
    struct complaints complaints = {""};
    FILE *file = fmemopen((char *)(uintptr_t)text, strlen(text), "r");
    assert_non_null(file);
    assert_int_equal(history_read(ret_history, file, &site, complain, &complaints), 0);
    fclose(file);
    assert_string_equal(complaints.text, wanted);
}

#define SMOKE       "smoke,point=care/day-care/smoke-1 "
#define TEMPERATURE "temperature,point=care/day-care/temperature "

/* The same readings, with their fields in one line, in a line each, and in any order. */
static void a_field_in_a_line_of_its_own_belongs_to_the_reading_of_its_time(void **state) {
    static const char *const texts[] = {
        SMOKE "value=1i,quality=3i 1763770001000000000\n" TEMPERATURE
              "value=20 1763770001000000000\n" SMOKE "value=0i,quality=0i 1763770002000000000\n",
        SMOKE "value=1i 1763770001000000000\n" SMOKE "value=0i 1763770002000000000\n" TEMPERATURE
              "value=20 1763770001000000000\n" SMOKE "quality=3i 1763770001000000000\n" SMOKE
              "quality=0i 1763770002000000000\n",
        SMOKE "quality=0i 1763770002000000000\n" SMOKE
              "quality=3i 1763770001000000000\n" TEMPERATURE "value=20 1763770001000000000\n" SMOKE
              "value=0i 1763770002000000000\n" SMOKE "value=1i 1763770001000000000\n",
    };
    (void)state;
    for (unsigned i = 0; i < sizeof texts / sizeof *texts; i++) {
        struct history history;
        history_of(texts[i], "", &history);
        assert_int_equal(history.count, 3);
        assert_int_equal(history.wrong, 0);
        const struct history_row *row = history.rows;
        assert_int_equal(row[0].point, CONSOLE_SITE_SMOKE);
        assert_true(row[0].value == 1 && row[0].quality == 3);
        assert_true(row[1].value == 20 && row[1].quality == 0);
        assert_int_equal(row[1].wall.ns, row[0].wall.ns);
        assert_true(row[2].value == 0 && row[2].quality == 0);
        assert_int_equal(row[2].wall.ns, 1763770002000000000);
        history_deinit(&history);
    }
}

static void a_quality_without_any_value_is_told_with_its_line(void **state) {
    struct history history;
    (void)state;
    history_of(TEMPERATURE "value=20 1763770001000000000\n" SMOKE
                           "quality=3i 1763770001000000000\n" SMOKE
                           "value=1i 1763770002000000000\n",
               "2:0 a reading has a quality and no field `value`, here or elsewhere "
               "care/day-care/smoke-1\n",
               &history);
    assert_int_equal(history.count, 2);
    assert_int_equal(history.wrong, 1);
    history_deinit(&history);
}

static void a_history_spans_as_many_years_as_an_alarm_has_clocks_for(void **state) {
    (void)state;
    const int64_t most_ns = (int64_t)HISTORY_YEARS_MAX * 366 * 86400 * (int64_t)NS_PER_S;
    struct history_row rows[3] = {{.wall = {-7}}, {.wall = {0}}, {.wall = {most_ns - 7}}};
    struct history history = {.rows = rows};
    assert_false(history_is_too_long(&history));
    history.count = 3;
    assert_false(history_is_too_long(&history));
    rows[2].wall.ns++;
    assert_true(history_is_too_long(&history));
    history.count = 2;
    assert_false(history_is_too_long(&history));
    rows[0].wall.ns = INT64_MIN;
    rows[1].wall.ns = INT64_MAX;
    assert_true(history_is_too_long(&history));
    /* The longest clock of an alarm still ends after the last reading. */
    uint64_t left_ns = 366 * 86400 * NS_PER_S;
    assert_true(moment_instant(moment_after((struct instant){(uint64_t)most_ns}, left_ns)).ns ==
                (uint64_t)most_ns + left_ns);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_line_says_which_point_had_which_value_when),
        cmocka_unit_test(what_is_no_data_is_read_over),
        cmocka_unit_test(what_is_wrong_is_told_with_its_column),
        cmocka_unit_test(an_export_is_put_into_the_order_of_time_and_its_mistakes_are_told),
        cmocka_unit_test(a_field_in_a_line_of_its_own_belongs_to_the_reading_of_its_time),
        cmocka_unit_test(a_quality_without_any_value_is_told_with_its_line),
        cmocka_unit_test(a_history_spans_as_many_years_as_an_alarm_has_clocks_for),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
