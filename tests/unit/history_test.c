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
    struct history_line line;
    struct history_error error;
    static const char whose[] = "smoke,gateway=main,point=a,site=gulou\\ demo value=1" TIME;
    assert_int_equal(history_line_parse(whose, strlen(whose), &line, &error), HISTORY_DATA);
    assert_string_equal(line.site, "gulou demo");
    assert_string_equal(line.gateway, "main");
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
        assert_true(row[0].value == 0 && row[0].quality == 3); /* a fault has no value */
        assert_true(row[1].value == 20 && row[1].quality == 0);
        assert_int_equal(row[1].wall.ns, row[0].wall.ns);
        assert_true(row[2].value == 0 && row[2].quality == 0);
        assert_int_equal(row[2].wall.ns, 1763770002000000000);
        history_deinit(&history);
    }
}

/* The gateway writes no value that is not to be relied on. */
static void a_quality_without_any_value_is_a_reading_unless_it_is_good(void **state) {
    struct history history;
    (void)state;
    history_of(TEMPERATURE
               "value=20 1763770001000000000\n" SMOKE "quality=2i 1763770001000000000\n" SMOKE
               "quality=1i 1763770002000000000\n" SMOKE "quality=0i 1763770003000000000\n",
               "3:0 a reading has a good quality and no `value`, here or elsewhere "
               "care/day-care/smoke-1\n"
               "4:0 a reading has a good quality and no `value`, here or elsewhere "
               "care/day-care/smoke-1\n",
               &history);
    assert_int_equal(history.count, 2);
    assert_int_equal(history.wrong, 2);
    assert_true(history.rows[0].quality == QUALITY_STALE ||
                history.rows[1].quality == QUALITY_STALE);
    history_deinit(&history);
}

/* As a driver makes it of the same value; what is true or false has no range. */
static void a_value_outside_the_range_of_its_point_is_a_fault(void **state) {
    struct history history;
    (void)state;
    history_of(TEMPERATURE "value=-40 1763770001000000000\n" TEMPERATURE
                           "value=-40.1 1763770002000000000\n" TEMPERATURE
                           "value=85 1763770003000000000\n" TEMPERATURE
                           "value=85.1 1763770004000000000\n" TEMPERATURE
                           "value=-400,quality=2i 1763770005000000000\n" SMOKE
                           "value=1 1763770006000000000\n",
               "", &history);
    static const uint8_t qualities[] = {QUALITY_GOOD,  QUALITY_FAULT, QUALITY_GOOD,
                                        QUALITY_FAULT, QUALITY_STALE, QUALITY_GOOD};
    static const double values[] = {-40, 0, 85, 0, 0, 1};
    assert_int_equal(history.count, 6);
    assert_int_equal(history.impossible, 2);
    for (unsigned i = 0; i < 6; i++) {
        assert_int_equal(history.rows[i].quality, qualities[i]);
        assert_true(history.rows[i].value == values[i]);
    }
    history_deinit(&history);
}

static void what_is_of_another_site_or_gateway_is_counted_and_left_out(void **state) {
    struct history history;
    (void)state;
#define OF(gateway, site)                                                                          \
    "smoke,gateway=" gateway ",point=care/day-care/smoke-1,site=" site " value=1 176377000"
    history_of(OF("main", "gulou-demo") "1000000000\n" OF("west", "gulou-demo") "2000000000\n" OF(
                   "main", "other") "3000000000\n" SMOKE "value=1 1763770004000000000\n"
                                    "smoke,gateway=main,point=nowhere,site=other "
                                    "value=1 1763770005000000000\n",
               "", &history);
#undef OF
    assert_int_equal(history.count, 2);
    assert_int_equal(history.foreign, 3);
    assert_int_equal(history.strange, 0);
    assert_string_equal(history.foreign_site, "gulou-demo");
    assert_string_equal(history.foreign_gateway, "west");
    assert_int_equal(history.rows[1].wall.ns, 1763770004000000000);
    history_deinit(&history);
}

/* A file that is none that can be read. */
static void unreadable(const char *text, size_t size, enum history_format format) {
    struct site site = console_site("/nowhere");
    struct complaints complaints = {""};
    struct history history;
    FILE *file = fmemopen((char *)(uintptr_t)text, size, "r");
    assert_non_null(file);
    assert_int_equal(history_read(&history, file, &site, complain, &complaints), HISTORY_E_FORMAT);
    fclose(file);
    assert_int_equal(history.format, format);
    assert_string_equal(complaints.text, "");
}

static void what_a_file_is_shows_in_how_it_begins(void **state) {
    struct history history;
    (void)state;
    static const struct {
        const char *text;
        enum history_format format;
    } rows[] = {
        {"\n", HISTORY_FORMAT_EMPTY},
        {" \r\n\n\t", HISTORY_FORMAT_EMPTY},
        {"\xef\xbb\xbf\r\n", HISTORY_FORMAT_EMPTY},
        {"\x1f\x8b\x08\x08", HISTORY_FORMAT_COMPRESSED},
        {"\xff\xfes\x01m", HISTORY_FORMAT_WIDE},
        {"\xfe\xff\x01s\x01", HISTORY_FORMAT_WIDE},
        {"name,tags,time,gateway,place,point,quality,site,value\n", HISTORY_FORMAT_TABLE},
        {"#group,false,false,true\n", HISTORY_FORMAT_TABLE},
        {"#datatype,string,long\n", HISTORY_FORMAT_TABLE},
        {"#default,_result,,\n", HISTORY_FORMAT_TABLE},
        {"\n,result,table,_time\n", HISTORY_FORMAT_TABLE},
        {"temperature_value,17,1764000000\n", HISTORY_FORMAT_TABLE},
        {"{\"results\":[{\"statement_id\":0,\"series\":[]}]}\n", HISTORY_FORMAT_JSON},
        {"\xef\xbb\xbf{\"status\":\"success\"}", HISTORY_FORMAT_JSON},
        {"[{\"metric\":{}}]\n", HISTORY_FORMAT_JSON},
    };
    for (unsigned i = 0; i < sizeof rows / sizeof *rows; i++) {
        unreadable(rows[i].text, strlen(rows[i].text), rows[i].format);
    }
    /* A byte order mark of UTF-8 is read over, and a comment is no table. */
    history_of("\xef\xbb\xbf" SMOKE "value=1 1763770001000000000\n", "", &history);
    assert_int_equal(history.count, 1);
    history_deinit(&history);
    history_of("# DDL, and more\n" SMOKE "value=1 1763770001000000000", "", &history);
    assert_int_equal(history.count, 1);
    assert_int_equal(history.lines, 2);
    history_deinit(&history);
    history_of("{\"metric\":\n", "1:10 it is no JSON \n", &history);
    assert_int_equal(history.format, HISTORY_FORMAT_SERIES);
    history_deinit(&history);
}

/* The two fields of a point are two series, and a series may have several lines. */
static void series_become_the_readings_that_they_were(void **state) {
    struct history history;
    (void)state;
#define SERIES(kind, field, point)                                                                 \
    "{\"metric\":{\"__name__\":\"" kind "_" field "\",\"db\":\"tocsin\",\"gateway\":\"main\","     \
    "\"point\":\"care/day-care/" point "\",\"site\":\"gulou-demo\"},"
    history_of(
        SERIES(
            "smoke", "quality",
            "smoke-1") "\"values\":[0,2,0],"
                       "\"timestamps\":[1763770001000,1763770002000,1763770003000]}\n" SERIES(
                           "temperature", "value",
                           "temperature") "\"values\":[21.5],"
                                          "\"timestamps\":[1763770002000]}\n\n" SERIES("smoke", "value", "smoke-1") "\"values\":[1],\"timestamps\":[1763770001000]}\n" SERIES(
                                              "smoke", "value",
                                              "smoke-1") "\"values\":[1,0,1],"
                                                         "\"timestamps\":[1763770003000,1763770003000,1763770004000]}\n"
                                                         "{\"metric\":{\"__name__\":\"event_seq\"},\"values\":[7],\"timestamps\":[1763770001000]}\n"
                                                         "{\"metric\":{\"__name__\":\"up\"},\"values\":[1],\"timestamps\":[1763770001000]}\n" SERIES("smoke", "value", "smoke-9") "\"values\":[1],\"timestamps\":[1763770001000]}\n" SERIES(
                                                             "smoke", "value",
                                                             "smoke-1") "\"values\":[null,1,null],"
                                                                        "\"timestamps\":[1763770001000,1763770001,1763770001000]}\n" SERIES(
                                                                            "smoke", "value",
                                                                            "smoke-1") "\"values\":[1],\"timestamps\":[]}\n",
        "8:0 the site has no such point care/day-care/smoke-9\n"
        "9:0 not a number care/day-care/smoke-1\n"
        "10:1 there are not as many values as timestamps \n",
        &history);
#undef SERIES
    static const struct {
        uint32_t point;
        double value;
        uint8_t quality;
        int64_t s;
    } wanted[] = {
        {CONSOLE_SITE_SMOKE, 1, QUALITY_GOOD, 1763770001},
        {CONSOLE_SITE_SMOKE, 0, QUALITY_STALE, 1763770002},
        {CONSOLE_SITE_TEMPERATURE, 21.5, QUALITY_GOOD, 1763770002},
        {CONSOLE_SITE_SMOKE, 0, QUALITY_GOOD, 1763770003}, /* of two for one time the later one */
        {CONSOLE_SITE_SMOKE, 1, QUALITY_GOOD, 1763770004},
    };
    assert_int_equal(history.format, HISTORY_FORMAT_SERIES);
    assert_int_equal(history.count, sizeof wanted / sizeof *wanted);
    assert_int_equal(history.wrong, 4);
    assert_int_equal(history.strange, 1);
    for (unsigned i = 0; i < sizeof wanted / sizeof *wanted; i++) {
        const struct history_row *row = &history.rows[i];
        assert_int_equal(row->point, wanted[i].point);
        assert_true(row->value == wanted[i].value);
        assert_int_equal(row->quality, wanted[i].quality);
        assert_int_equal(row->wall.ns, wanted[i].s * (int64_t)NS_PER_S);
    }
    history_deinit(&history);
}

/* A line of `size` bytes: a reading behind spaces. */
static void read_long_line(size_t size, struct history *ret_history) {
    static const char reading[] = SMOKE "value=1 1763770001000000000";
    struct site site = console_site("/nowhere");
    struct complaints complaints = {""};
    size_t len = sizeof reading - 1;
    char *text = malloc(size + 1 + sizeof reading);
    assert_non_null(text);
    memset(text, ' ', size - len);
    memcpy(text + size - len, reading, len);
    text[size] = '\n';
    memcpy(text + size + 1, reading, len);
    FILE *file = fmemopen(text, size + 1 + len, "r");
    assert_non_null(file);
    assert_int_equal(history_read(ret_history, file, &site, complain, &complaints), 0);
    fclose(file);
    free(text);
    assert_int_equal(ret_history->lines, 2);
    assert_true((ret_history->wrong > 0) ==
                (strstr(complaints.text, "1:0 the line is too long: "
                                         "export with max_rows_per_line") != NULL));
}

static void a_line_has_a_bound_and_the_next_one_is_read(void **state) {
    struct history history;
    (void)state;
    read_long_line(HISTORY_LINE_MAX, &history);
    assert_int_equal(history.wrong, 0);
    assert_int_equal(history.count, 1); /* both lines are of one reading */
    history_deinit(&history);
    read_long_line(HISTORY_LINE_MAX + 1, &history);
    assert_int_equal(history.wrong, 1);
    assert_int_equal(history.count, 1);
    history_deinit(&history);
}

static void a_history_has_room_for_so_many_rows(void **state) {
    (void)state;
    assert_int_equal(history_room_after(0), 1024);
    assert_int_equal(history_room_after(HISTORY_ROWS_MAX / 2), HISTORY_ROWS_MAX);
    assert_int_equal(history_room_after(HISTORY_ROWS_MAX), 0);
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
        cmocka_unit_test(a_quality_without_any_value_is_a_reading_unless_it_is_good),
        cmocka_unit_test(a_value_outside_the_range_of_its_point_is_a_fault),
        cmocka_unit_test(what_is_of_another_site_or_gateway_is_counted_and_left_out),
        cmocka_unit_test(what_a_file_is_shows_in_how_it_begins),
        cmocka_unit_test(series_become_the_readings_that_they_were),
        cmocka_unit_test(a_line_has_a_bound_and_the_next_one_is_read),
        cmocka_unit_test(a_history_has_room_for_so_many_rows),
        cmocka_unit_test(a_history_spans_as_many_years_as_an_alarm_has_clocks_for),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
