/* SPDX-License-Identifier: Apache-2.0 */

/*
 * What sensors publish, by tables: the text, and what must come of it.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "sensors/payload.h"

static const struct wall arrival = {1700000000 * (int64_t)NS_PER_S};

static struct register_format number(void) {
    return (struct register_format){
        .bit = -1, .scale = 1, .min = -(double)INFINITY, .max = (double)INFINITY};
}

static enum sensor_cause read_text(const struct payload_format *format, const char *text,
                                   struct reading *ret_reading) {
    char detail[SENSOR_DETAIL_SIZE];
    enum sensor_cause cause =
        payload_read(format, text, strlen(text), arrival, ret_reading, detail);
    assert_true((cause != SENSOR_CAUSE_NONE) == (detail[0] != '\0')); /* a refusal says why */
    return cause;
}

static void a_value_is_found_by_its_pointer(void **state) {
    (void)state;
    static const struct {
        const char *pointer, *text;
        double want;
    } rows[] = {
        {"/open", "{\"open\":true}", 1},
        {"/open", "{\"open\":false}", 0},
        {"/a/b/2", "{\"a\":{\"b\":[1,2,22.5]}}", 22.5},
        {"", "17", 17},
        {"", "\"on\"", 1},
        {"/s", "{\"s\":\"OFF\"}", 0},
        {"/s", "{\"s\":\"Open\"}", 1},
        {"/s", "{\"s\":\"-3.25\"}", -3.25},
        {"/a~1b", "{\"a/b\":4}", 4},
        {"/m~0n", "{\"m~n\":5}", 5},
        {"/~01", "{\"~1\":6}", 6}, /* RFC 6901, 4: ~01 is ~1, not a slash */
        {"/", "{\"\":7}", 7},
        {"/温度", "{\"温度\":8}", 8},
        {"/0", "{\"0\":9}", 9},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const struct payload_format format = {.value = rows[i].pointer, .number = number()};
        struct reading reading;
        if (read_text(&format, rows[i].text, &reading) != SENSOR_CAUSE_NONE ||
            reading.value != rows[i].want) {
            fail_msg("%s in %s", rows[i].pointer, rows[i].text);
        }
        assert_int_equal(reading.quality, QUALITY_GOOD);
        assert_int_equal(reading.measured.ns, arrival.ns);
    }
}

static void what_is_not_the_json_expected_is_refused(void **state) {
    (void)state;
    static const struct {
        const char *pointer, *text;
    } rows[] = {
        {"/open", ""},
        {"/open", "{\"open\":tru"},
        {"/open", "{\"open\":true} and more"},
        {"/open", "{\"opened\":true}"},
        {"/open", "{\"open\":null}"},
        {"/open", "{\"open\":{}}"},
        {"/open", "{\"open\":\"maybe\"}"},
        {"/open", "{\"open\":\"\"}"},
        {"/open", "{\"open\":NaN}"},
        {"/open", "{\"open\":1e999}"},
        {"/open/deeper", "{\"open\":true}"},
        {"open", "{\"open\":true}"}, /* no pointer at all */
        {"/a/01", "{\"a\":[1,2]}"},  /* RFC 6901, 4: no leading zero */
        {"/a/-", "{\"a\":[1,2]}"},
        {"/a/2", "{\"a\":[1,2]}"},
        {"/a/99999999999", "{\"a\":[1,2]}"},
        {"/a~2", "{\"a~2\":1}"},
        {"/a~", "{\"a~\":1}"},
        {"/open", "\xFF\xFE{}"},
        {"/open", "{\"open\":[1]}"},
        {"", "NaN"},
        {"", "null"},
        {"", "[1]"},
        {"", "1e400"},
        {"", "\"unavailable\""},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const struct payload_format format = {.value = rows[i].pointer, .number = number()};
        struct reading reading;
        if (read_text(&format, rows[i].text, &reading) != SENSOR_CAUSE_GARBLED) {
            fail_msg("%s in %s", rows[i].pointer, rows[i].text);
        }
        /* Whatever it is, it is not what the point said before. */
        assert_true(reading.quality == QUALITY_FAULT || reading.quality == QUALITY_STALE);
        assert_int_equal(reading.measured.ns, arrival.ns);
    }
}

static void what_a_text_leaves_out_is_told_apart_from_what_it_says_wrongly(void **state) {
    (void)state;
    static const struct {
        const char *pointer, *text;
        enum quality want;
    } rows[] = {
        {"/t", "{\"humidity\":40}", QUALITY_STALE},
        {"/a/2", "{\"a\":[1,2]}", QUALITY_STALE},
        {"/t", "17", QUALITY_STALE},
        {"/t", "{\"t\":null}", QUALITY_FAULT},
        {"/t", "{\"t\":[1]}", QUALITY_FAULT},
        {"/t", "{\"t\":NaN}", QUALITY_FAULT},
        {"/t", "", QUALITY_FAULT},
        {"", "null", QUALITY_FAULT},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const struct payload_format format = {.value = rows[i].pointer, .number = number()};
        struct reading reading;
        assert_int_equal(read_text(&format, rows[i].text, &reading), SENSOR_CAUSE_GARBLED);
        if (reading.quality != rows[i].want) {
            fail_msg("%s in %s", rows[i].pointer, rows[i].text);
        }
    }
}

static void what_is_no_finite_number_or_out_of_range_is_a_fault(void **state) {
    (void)state;
    struct payload_format format = {.value = "/t", .number = number()};
    struct reading reading;
    static const char *const no_numbers[] = {"{\"t\":\"nan\"}", "{\"t\":\"-inf\"}",
                                             "{\"t\":\"1e999\"}"};
    for (size_t i = 0; i < sizeof no_numbers / sizeof *no_numbers; i++) {
        assert_int_equal(read_text(&format, no_numbers[i], &reading), SENSOR_CAUSE_VALUE);
        assert_int_equal(reading.quality, QUALITY_FAULT);
        assert_true(reading.value == 0);
    }
    format.number.max = 60;
    assert_int_equal(read_text(&format, "{\"t\":60}", &reading), SENSOR_CAUSE_NONE);
    assert_int_equal(read_text(&format, "{\"t\":60.1}", &reading), SENSOR_CAUSE_VALUE);
    assert_int_equal(reading.quality, QUALITY_FAULT);
}

static void scale_offset_and_invert_apply(void **state) {
    (void)state;
    struct payload_format format = {.value = "", .number = number()};
    format.number.scale = 0.1;
    format.number.offset = -5;
    struct reading reading;
    assert_int_equal(read_text(&format, "250", &reading), SENSOR_CAUSE_NONE);
    assert_true(reading.value == 20);
    format.number = number();
    format.number.truth = true;
    format.number.invert = true;
    assert_int_equal(read_text(&format, "true", &reading), SENSOR_CAUSE_NONE);
    assert_true(reading.value == 0);
}

static void a_card_is_a_whole_number_or_its_digits(void **state) {
    (void)state;
    const struct payload_format format = {.code = "/card", .number = number()};
    static const struct {
        const char *text;
        enum sensor_cause want;
        uint64_t code;
    } rows[] = {
        {"{\"card\":40213344}", SENSOR_CAUSE_NONE, 40213344},
        {"{\"card\":0}", SENSOR_CAUSE_NONE, 0},
        {"{\"card\":9223372036854775807}", SENSOR_CAUSE_NONE, 9223372036854775807u},
        {"{\"card\":\"18446744073709551615\"}", SENSOR_CAUSE_NONE, UINT64_MAX},
        {"{\"card\":\"18446744073709551616\"}", SENSOR_CAUSE_GARBLED, 0},
        {"{\"card\":\"0007001\"}", SENSOR_CAUSE_NONE, 7001},
        {"{\"card\":-1}", SENSOR_CAUSE_GARBLED, 0},
        {"{\"card\":4.5}", SENSOR_CAUSE_GARBLED, 0},
        {"{\"card\":\"BC614E\"}", SENSOR_CAUSE_GARBLED, 0},
        {"{\"card\":\"\"}", SENSOR_CAUSE_GARBLED, 0},
        {"{\"card\":true}", SENSOR_CAUSE_GARBLED, 0},
        {"{}", SENSOR_CAUSE_GARBLED, 0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct reading reading = {0};
        if (read_text(&format, rows[i].text, &reading) != rows[i].want ||
            reading.code != rows[i].code) {
            fail_msg("%s", rows[i].text);
        }
        assert_true(rows[i].want != SENSOR_CAUSE_NONE || reading.value == 1);
    }
}

static void a_readers_result_must_be_true_or_false(void **state) {
    (void)state;
    const struct payload_format format = {
        .code = "/card", .result = "/granted", .number = number()};
    struct reading reading;
    assert_int_equal(read_text(&format, "{\"card\":5,\"granted\":true}", &reading),
                     SENSOR_CAUSE_NONE);
    assert_true(reading.value == 1);
    assert_int_equal(read_text(&format, "{\"card\":5,\"granted\":false}", &reading),
                     SENSOR_CAUSE_NONE);
    assert_true(reading.value == 0);
    assert_int_equal(read_text(&format, "{\"card\":5,\"granted\":\"no\"}", &reading),
                     SENSOR_CAUSE_GARBLED);
    assert_int_equal(read_text(&format, "{\"card\":5}", &reading), SENSOR_CAUSE_GARBLED);
}

static void a_time_is_read_in_each_form_and_one_that_cannot_be_read_is_uncertain(void **state) {
    (void)state;
    const struct payload_format format = {.value = "/v", .time = "/at", .number = number()};
    static const struct {
        const char *time;
        int64_t want_ms; /* 0: the arrival */
    } rows[] = {
        {"\"2026-11-22T07:17:00Z\"", 1795331820000},
        {"\"2026-11-22T15:17:00.5+08:00\"", 1795331820500},
        {"\"2026-11-22t07:17:00.123456789z\"", 1795331820123},
        {"\"2026-11-21T23:17:00-08:00\"", 1795331820000},
        {"\"2024-02-29T00:00:00Z\"", 1709164800000},
        {"\"1970-01-01T00:00:01Z\"", 1000},
        {"1795331820", 1795331820000},
        {"1795331820.25", 1795331820250},
        {"1795331820123", 1795331820123},
        {"\"2026-11-22T07:17:00\"", 0},
        {"\"2026-13-22T07:17:00Z\"", 0},
        {"\"2026-11-22T07:17:00.Z\"", 0},
        {"\"2026-11-22T07:17:00+0800\"", 0},
        {"\"2026-11-22T07:17:00Z and\"", 0},
        {"\"yesterday\"", 0},
        {"\"\"", 0},
        {"-5", 0},
        {"1e300", 0},
        {"false", 0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char text[128];
        (void)snprintf(text, sizeof text, "{\"v\":1,\"at\":%s}", rows[i].time);
        struct reading reading;
        assert_int_equal(read_text(&format, text, &reading), SENSOR_CAUSE_NONE);
        int64_t want_ms = rows[i].want_ms != 0 ? rows[i].want_ms : arrival.ns / 1000000;
        assert_int_equal(reading.quality, rows[i].want_ms != 0 ? QUALITY_GOOD : QUALITY_UNCERTAIN);
        if (reading.measured.ns / 1000000 != want_ms) {
            fail_msg("%s: %lld", rows[i].time, (long long)(reading.measured.ns / 1000000));
        }
    }
}

static void a_message_without_a_time_is_of_its_arrival(void **state) {
    (void)state;
    const struct payload_format format = {.value = "/v", .time = "/at", .number = number()};
    struct reading reading;
    static const char *const texts[] = {"{\"v\":1}", "{\"v\":1,\"at\":null}"};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        assert_int_equal(read_text(&format, texts[i], &reading), SENSOR_CAUSE_NONE);
        assert_int_equal(reading.quality, QUALITY_GOOD);
        assert_int_equal(reading.measured.ns, arrival.ns);
    }
}

static void a_value_that_is_at_fault_is_not_made_better_by_its_time(void **state) {
    (void)state;
    struct payload_format format = {.value = "/v", .time = "/at", .number = number()};
    struct reading reading;
    format.number.max = 60;
    assert_int_equal(read_text(&format, "{\"v\":61}", &reading), SENSOR_CAUSE_VALUE);
    assert_int_equal(reading.quality, QUALITY_FAULT);
    format.time = NULL; /* nobody asked for one */
    assert_int_equal(read_text(&format, "{\"v\":1,\"at\":\"yesterday\"}", &reading),
                     SENSOR_CAUSE_NONE);
    assert_int_equal(reading.quality, QUALITY_GOOD);
}

static void a_text_is_read_up_to_the_bound_and_refused_beyond(void **state) {
    (void)state;
    const struct payload_format format = {.value = "/v", .number = number()};
    static char text[PAYLOAD_SIZE_MAX + 2];
    memset(text, ' ', sizeof text);
    memcpy(text, "{\"v\":3}", 7);
    struct reading reading;
    char detail[SENSOR_DETAIL_SIZE];
    assert_int_equal(payload_read(&format, text, PAYLOAD_SIZE_MAX, arrival, &reading, detail),
                     SENSOR_CAUSE_NONE);
    assert_int_equal(payload_read(&format, text, PAYLOAD_SIZE_MAX + 1, arrival, &reading, detail),
                     SENSOR_CAUSE_GARBLED);
}

static void nesting_is_read_up_to_the_bound_and_refused_beyond(void **state) {
    (void)state;
    const struct payload_format format = {.value = "", .number = number()};
    for (int depth = PAYLOAD_DEPTH_MAX; depth <= PAYLOAD_DEPTH_MAX + 1; depth++) {
        char text[256], detail[SENSOR_DETAIL_SIZE];
        memset(text, '[', (size_t)depth);
        memset(text + depth, ']', (size_t)depth);
        struct reading reading;
        (void)payload_read(&format, text, 2 * (size_t)depth, arrival, &reading, detail);
        if (depth > PAYLOAD_DEPTH_MAX) {
            assert_string_equal(detail, "nested deeper than 32");
        } else {
            assert_string_not_equal(detail, "nested deeper than 32");
        }
    }
    struct reading reading; /* brackets in a text are none */
    const struct payload_format word = {.value = "/v", .number = number()};
    assert_int_equal(read_text(&word,
                               "{\"n\":\"[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[\\\"[[[\",\"v\":1}",
                               &reading),
                     SENSOR_CAUSE_NONE);
}

/* A contact that says 2 is no open door; the rule tests and the simulator refuse it, too. */
static void what_is_on_or_off_is_neither_more_nor_less(void **state) {
    (void)state;
    static const struct {
        const char *text;
        bool good;
    } rows[] = {{"0", true},    {"1", true},     {"2", false},     {"-1", false},
                {"0.5", false}, {"\"1\"", true}, {"\"2\"", false}, {"1.0", true}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct payload_format format = {.value = "", .number = number()};
        struct reading reading;
        format.number.truth = true;
        enum sensor_cause cause = read_text(&format, rows[i].text, &reading);
        assert_int_equal(cause, rows[i].good ? SENSOR_CAUSE_NONE : SENSOR_CAUSE_VALUE);
        assert_int_equal(reading.quality, rows[i].good ? QUALITY_GOOD : QUALITY_FAULT);
        format.number.truth = false; /* a quantity is what it is */
        assert_int_equal(read_text(&format, rows[i].text, &reading), SENSOR_CAUSE_NONE);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_on_or_off_is_neither_more_nor_less),
        cmocka_unit_test(a_value_is_found_by_its_pointer),
        cmocka_unit_test(what_is_not_the_json_expected_is_refused),
        cmocka_unit_test(what_a_text_leaves_out_is_told_apart_from_what_it_says_wrongly),
        cmocka_unit_test(what_is_no_finite_number_or_out_of_range_is_a_fault),
        cmocka_unit_test(scale_offset_and_invert_apply),
        cmocka_unit_test(a_card_is_a_whole_number_or_its_digits),
        cmocka_unit_test(a_readers_result_must_be_true_or_false),
        cmocka_unit_test(a_time_is_read_in_each_form_and_one_that_cannot_be_read_is_uncertain),
        cmocka_unit_test(a_message_without_a_time_is_of_its_arrival),
        cmocka_unit_test(a_value_that_is_at_fault_is_not_made_better_by_its_time),
        cmocka_unit_test(a_text_is_read_up_to_the_bound_and_refused_beyond),
        cmocka_unit_test(nesting_is_read_up_to_the_bound_and_refused_beyond),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
