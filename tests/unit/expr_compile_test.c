/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The compiler: its limits, each at the limit and one past it, and what it says about a program.
 * The language itself is tested in tests/expr.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rules/expr.h"
#include "tests/support/cmocka.h"

static const struct expr_scope place = {.each = EXPR_EACH_PLACE};
static const struct expr_scope smoke = {.each = EXPR_EACH_POINT,
                                        .kinds = (point_kind_set)1 << POINT_SMOKE};

static struct expr_program program;
static struct expr_error error;

static bool compile(const char *text, const struct expr_scope *scope) {
    memset(&error, 0, sizeof error);
    return expr_compile(text, strlen(text), scope, &program, &error);
}

/* Does `text` fail because of `words`, and does that point at the `len` bytes from `at` on? */
static void check_refused(const char *text, const struct expr_scope *scope, const char *words,
                          size_t at, size_t len) {
    if (compile(text, scope)) {
        fail_msg("compiles: %s", text);
    }
    if (strstr(error.message, words) == NULL || error.at != at || error.len != len) {
        fail_msg("%u bytes at %u: %s", error.len, error.at, error.message);
    }
}

static void check_compiles(const char *text, const struct expr_scope *scope) {
    if (!compile(text, scope)) {
        fail_msg("at %u: %s: %s", error.at, error.message, text);
    }
}

/* `count` times `part`, then `end`. */
static char *repeated(const char *begin, const char *part, unsigned count, const char *end) {
    static char text[8192];
    size_t len = (size_t)snprintf(text, sizeof text, "%s", begin);
    for (unsigned i = 0; i < count; i++) {
        len += (size_t)snprintf(text + len, sizeof text - len, "%s", part);
    }
    snprintf(text + len, sizeof text - len, "%s", end);
    return text;
}

static void length_is_limited(void **state) {
    (void)state;
    check_compiles(repeated("open", " ", LIMIT_EXPR_LENGTH - 4, ""), &place);
    check_refused(repeated("open", " ", LIMIT_EXPR_LENGTH - 3, ""), &place, "at most 1024 bytes",
                  LIMIT_EXPR_LENGTH, 1);
}

static void depth_is_limited(void **state) {
    (void)state;
    char close[LIMIT_EXPR_DEPTH + 2] = "";
    memset(close, ')', LIMIT_EXPR_DEPTH);
    char inner[LIMIT_EXPR_DEPTH + 8];
    snprintf(inner, sizeof inner, "open%s", close);
    check_compiles(repeated("", "(", LIMIT_EXPR_DEPTH, inner), &place);
    snprintf(inner, sizeof inner, "open%s)", close);
    check_refused(repeated("", "(", LIMIT_EXPR_DEPTH + 1, inner), &place, "more than 32 brackets",
                  LIMIT_EXPR_DEPTH, 1);
    /* Calls count like brackets. */
    check_refused(repeated("within(", "(", LIMIT_EXPR_DEPTH, "open"), &place,
                  "more than 32 brackets", 7 + LIMIT_EXPR_DEPTH - 1, 1);
    check_refused(repeated("", "(", LIMIT_EXPR_DEPTH, "any(smoke"), &place, "more than 32 brackets",
                  LIMIT_EXPR_DEPTH + 3, 1);
    /* And a bracket that was closed does not count. */
    check_compiles(repeated("(open)", " or (open)", 40, ""), &place);
    check_compiles(repeated("within(open, 1 s)", " or within(open, 1 s)", 40, ""), &place);
}

/* n ones and n-1 additions, what {value} shows, one more number and the comparison: 2n + 2. */
static void operations_are_limited(void **state) {
    (void)state;
    unsigned ones = (LIMIT_EXPR_OPS - 2) / 2;
    check_compiles(repeated("1", "+1", ones - 1, ">0"), &place);
    assert_int_equal(program.op_count, LIMIT_EXPR_OPS);
    const char *more = repeated("not 1", "+1", ones - 1, ">0");
    check_refused(more, &place, "more than 256 operations", 0, strlen(more));
    assert_string_equal(error.message,
                        "this rule needs more than 256 operations: split it into several rules");
}

/* A condition that takes `count` operations, at least four, in a rule of either kind, and "or". */
static char *padding(unsigned count) {
    char end[16];
    snprintf(end, sizeof end, ">0 or ");
    return repeated(count % 2 == 0 ? "1" : "not 1", "+1", count / 2 - 2, end);
}

/* Wherever in an expression the limit is met, that is where the message points. */
static void the_operation_past_the_limit_is_pointed_at(void **state) {
    (void)state;
    static const struct {
        const char *text;
        const struct expr_scope *scope;
    } cases[] = {
        {"any(smoke)", &place},
        {"count(within(heat, 5 s), smoke) > 3", &place},
        {"max(max(temperature), 5 min) > 3 °C", &place},
        {"between 08:00 and 09:00", &place},
        {"value", &smoke},
        {"heat", &smoke},
        {"not (heat)", &smoke},
        {"access_reader != granted", &smoke},
        {"quality == good", &smoke},
        {"-capacity > 1 + 2 * 3", &smoke},
        {"open and weekday", &smoke},
        {"within(value, 5 s) == true", &smoke},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char text[2 * LIMIT_EXPR_LENGTH];
        snprintf(text, sizeof text, "%s%s", padding(4), cases[i].text);
        check_compiles(text, cases[i].scope);
        unsigned count = program.op_count - 4 - 1;
        for (unsigned past = 0; past < count; past++) {
            const char *before = padding(LIMIT_EXPR_OPS - past);
            size_t begin = strlen(before);
            snprintf(text, sizeof text, "%s%s", before, cases[i].text);
            assert_false(compile(text, cases[i].scope));
            assert_non_null(strstr(error.message, "more than 256 operations"));
            assert_in_range(error.at, begin, strlen(text) - 1);
            assert_in_range(error.len, 1, strlen(text) - error.at);
        }
        snprintf(text, sizeof text, "%s%s", padding(LIMIT_EXPR_OPS - count - 1), cases[i].text);
        check_compiles(text, cases[i].scope);
        assert_int_equal(program.op_count, LIMIT_EXPR_OPS);
    }
}

/* An aggregate that does not fit is shown by the first letter of what it is of. */
static void an_aggregate_that_does_not_fit_is_shown_at_its_beginning(void **state) {
    (void)state;
    char text[LIMIT_EXPR_LENGTH];
    snprintf(text, sizeof text, "%sany(smoke)", padding(LIMIT_EXPR_OPS - 1));
    assert_false(compile(text, &place));
    assert_non_null(strstr(error.message, "more than 256 operations"));
    assert_string_equal(text + error.at, "smoke)");
    assert_int_equal(error.len, 1);
}

/* Each `1+1*(` leaves two values waiting. */
static void values_at_once_are_limited(void **state) {
    (void)state;
    unsigned levels = LIMIT_EXPR_STACK / 2 - 1;
    char close[LIMIT_EXPR_STACK] = "";
    char end[LIMIT_EXPR_STACK + 16];
    memset(close, ')', levels);
    snprintf(end, sizeof end, "1+1%s>0", close);
    check_compiles(repeated("", "1+1*(", levels, end), &place);
    snprintf(end, sizeof end, "1+1*1%s>0", close);
    check_refused(repeated("", "1+1*(", levels, end), &place, "more than 64 values at once",
                  levels * strlen("1+1*(") + 4, 1);
}

static void groups_of_points_are_limited(void **state) {
    (void)state;
    check_compiles(repeated("any(smoke", ",smoke", LIMIT_EXPR_SETS - 1, ")"), &place);
    assert_int_equal(program.set_count, LIMIT_EXPR_SETS);
    check_refused(repeated("any(smoke", ",smoke", LIMIT_EXPR_SETS, ")"), &place,
                  "more than 16 groups of points", 4 + 6 * LIMIT_EXPR_SETS, 1);
    /* A sibling is one group however often it is named; the point itself is one too. */
    static const char siblings[] =
        "heat or motion or presence or emergency_button or pull_cord or pendant or bed_exit or fall or "
        "assist_button or panic_button or attend_button or gas or tamper or water_leak or heat or door_lock";
    check_compiles(siblings, &smoke);
    assert_int_equal(program.set_count, LIMIT_EXPR_SETS);
    char more[512];
    snprintf(more, sizeof more, "%s or mains_power", siblings);
    check_refused(more, &smoke, "more than 16 groups of points", strlen(siblings) + 4,
                  strlen("mains_power"));
}

static void times_of_day_are_limited(void **state) {
    (void)state;
    char full[1024] = "open";
    char text[1100];
    size_t len = strlen(full);
    for (unsigned i = 0; i < LIMIT_EXPR_SETS; i++) {
        len += (size_t)snprintf(full + len, sizeof full - len, " or between 08:%02u and 09:00", i);
    }
    check_compiles(full, &place);
    assert_int_equal(program.between_count, LIMIT_EXPR_SETS);
    snprintf(text, sizeof text, "%s or between 08:00 and 09:00", full);
    check_compiles(text, &place); /* one of them again */
    snprintf(text, sizeof text, "%s or between 08:59 and 09:00", full);
    check_refused(text, &place, "more than 16 different times of day", len + 4,
                  strlen("between 08:59 and 09:00"));
}

static void a_time_span_is_limited(void **state) {
    (void)state;
    check_compiles("within(open, 366 d)", &place);
    check_refused("within(open, 366.00000000001 d)", &place, "at most 366 d", 13,
                  strlen("366.00000000001 d"));
}

static void digits_are_limited(void **state) {
    (void)state;
    check_compiles("capacity > 123456789012345", &place);
    check_refused("capacity > 1234567890123456", &place, "at most 15", 11, 16);
    check_compiles("capacity > 100000000000000", &place);
    check_refused("capacity > 1000000000000000", &place, "at most 15", 11, 16);
    check_compiles("capacity > 0.000000000000001", &place);
    check_refused("capacity > 0.0000000000000001", &place, "at most 15", 11, 18);
    check_compiles("capacity > 00000000000000000000000000000001", &place);
}

static void a_span_is_exact_to_the_nanosecond(void **state) {
    (void)state;
    static const struct {
        const char *text;
        uint64_t span_ns;
    } cases[] = {
        {"within(open, 1 ms)", 1000000},
        {"within(open, 0.000001 ms)", 1},
        {"within(open, 1.000000001 s)", 1000000001},
        {"within(open, 0.1 min)", 6000000000},
        {"within(open, 1.00000000000001 d)", 86400000000000},
        {"within(open, 0.33333333333333 d)", 28799999999999},
        {"within(open, 366 d)", 31622400000000000},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        check_compiles(cases[i].text, &place);
        assert_int_equal(program.ops[1].code, EXPR_WITHIN);
        assert_true(program.ops[1].span_ns == cases[i].span_ns);
    }
}

static void a_point_rule_begins_with_the_point_itself(void **state) {
    (void)state;
    check_compiles("heat and not heat and value", &smoke);
    assert_int_equal(program.set_count, 2);
    assert_int_equal(program.sets[0].binding, EXPR_BIND_SELF);
    assert_int_equal(program.sets[0].text_len, 0);
    assert_int_equal(program.sets[1].binding, EXPR_BIND_SIBLING);
    assert_int_equal(program.sets[1].kind, POINT_HEAT);
    assert_int_equal(program.sets[1].text_at, 0);
    assert_int_equal(program.sets[1].text_len, 4);
    check_compiles("heat", &smoke);
    assert_int_equal(program.sets[0].binding, EXPR_BIND_SELF);
}

static void each_argument_of_an_aggregate_is_a_set_of_its_own(void **state) {
    (void)state;
    check_compiles("any(smoke) and any(within(smoke, 5 s) or within(smoke, 9 s), heat)", &place);
    assert_int_equal(program.set_count, 3);
    assert_int_equal(program.sets[0].kind, POINT_SMOKE);
    assert_int_equal(program.sets[0].each.memories, 0);
    assert_int_equal(program.sets[1].kind, POINT_SMOKE);
    assert_int_equal(program.sets[1].each.memories, 2);
    assert_int_equal(program.sets[1].text_at, 26);
    assert_int_equal(program.sets[2].kind, POINT_HEAT);
    assert_int_equal(program.own.memories, 0);
    for (uint32_t i = 0; i < program.set_count; i++) {
        assert_int_equal(program.sets[i].binding, EXPR_BIND_SUBTREE);
    }
}

static void equal_times_of_day_are_one_clause(void **state) {
    (void)state;
    check_compiles("between 22:30 and 05:30 or between 12:00 and 13:00 or between 22:30 and 05:30",
                   &place);
    assert_int_equal(program.between_count, 2);
    assert_int_equal(program.betweens[0].begin_min, 22 * 60 + 30);
    assert_int_equal(program.betweens[0].end_min, 5 * 60 + 30);
    assert_int_equal(program.betweens[1].begin_min, 720);
    assert_int_equal(program.betweens[1].end_min, 780);
    check_compiles("between 22:30 and 05:30 or between 22:30 and 05:31 or between 22:31 and 05:30",
                   &place);
    assert_int_equal(program.between_count, 3);
}

/* The bytes go into an image whose digest is the generation: the same text must give the same
 * bytes. */
static void the_same_text_gives_the_same_bytes(void **state) {
    (void)state;
    static struct expr_program other;
    static const char text[] = "count(within(smoke, 60 s)) >= 2 and between 22:00 and 06:00";
    memset(&program, 0xaa, sizeof program);
    memset(&other, 0x55, sizeof other);
    assert_true(expr_compile(text, strlen(text), &place, &program, &error));
    assert_true(expr_compile(text, strlen(text), &place, &other, &error));
    assert_memory_equal(&program, &other, sizeof program);
}

static void only_the_given_bytes_are_read(void **state) {
    (void)state;
    assert_true(expr_compile("open or xyzzy", 4, &place, &program, &error));
    assert_false(expr_compile("open or xyzzy", 0, &place, &program, &error));
    assert_int_equal(error.at, 0);
    assert_true(strstr(error.message, "empty") != NULL);
    check_refused("   ", &place, "empty", 3, 0);
}

static void blanks_stand_anywhere(void **state) {
    (void)state;
    check_compiles("\topen\r\n  or\n\tnot\tweekday \n", &place);
    check_refused("open\v", &place, "control character", 4, 1);
}

static void broken_utf8_is_refused_where_it_stands(void **state) {
    (void)state;
    static const char *const broken[] = {"open \x80",
                                         "open \xc3",
                                         "open \xc0\xaf",
                                         "open \xe2\x82",
                                         "open \xe2(\xa1",
                                         "open \xe2\x82(",
                                         "open \xc3(",
                                         "open \xe0\x9f\xbf",
                                         "open \xed\xbf\xbf",
                                         "open \xf0\x8f\xbf\xbf",
                                         "open \xf5\x80\x80\x80",
                                         "open \xed\xa0\x80",
                                         "open \xf4\x90\x80\x80",
                                         "open \xf0\x80\x80\x80",
                                         "open \xff"};
    for (size_t i = 0; i < sizeof broken / sizeof *broken; i++) {
        check_refused(broken[i], &place, "not UTF-8", 5, 1);
    }
    check_refused("open \x01", &place, "control character", 5, 1);
    check_refused("open \x1f", &place, "control character", 5, 1);
    check_refused("open \x7f", &place, "control character", 5, 1);
    /* The last characters before those, and the first and last behind. */
    static const char *const whole[] = {
        "open \x7e",         "open \xc2\x80",         "open \xdf\xbf",
        "open \xe0\xa0\x80", "open \xed\x9f\xbf",     "open \xee\x80\x80",
        "open \xef\xbf\xbf", "open \xf0\x90\x80\x80", "open \xf4\x8f\xbf\xbf"};
    for (size_t i = 0; i < sizeof whole / sizeof *whole; i++) {
        check_refused(whole[i], &place, "has no meaning", 5, strlen(whole[i]) - 5);
    }
    /* The text ends in the middle of a character, and what is behind it is not of it. */
    assert_false(expr_compile("open \xe7\x81\xab", 7, &place, &program, &error));
    assert_non_null(strstr(error.message, "not UTF-8"));
    assert_false(expr_compile("open\0or", 7, &place, &program, &error));
    assert_int_equal(error.at, 4);
    check_refused("open \xf0\x9f\x94\xa5", &place, "has no meaning", 5, 4);
}

/* A message is one line of whole characters that fits, whatever is quoted in it. */
static void a_message_stays_in_bounds(void **state) {
    (void)state;
    static const char *const begins[] = {"any(", "1 + ", "", "value == ", "within(open, "};
    for (size_t i = 0; i < sizeof begins / sizeof *begins; i++) {
        char *text = repeated(begins[i], "温度\n", 60, "");
        assert_false(compile(text, &smoke));
        assert_true(memchr(error.message, '\0', sizeof error.message) != NULL);
        assert_null(strchr(error.message, '\n'));
        text = repeated(begins[i], "x_very_long_word", 30, "");
        assert_false(compile(text, &smoke));
        assert_true(strlen(error.message) < sizeof error.message);
        assert_true(error.at + error.len <= strlen(text));
    }
    /* A term of several lines is quoted on one. */
    check_refused("(capacity\n+\n1)", &place, "`(capacity + 1)`", 0, 14);
    assert_null(strchr(error.message, '\n'));
    check_refused("8\n* 9", &place, "`value > 8 * 9`", 0, 5);
    assert_null(strchr(error.message, '\n'));
}

static void a_rule_without_kinds_is_an_error_and_no_crash(void **state) {
    (void)state;
    const struct expr_scope none = {.each = EXPR_EACH_POINT};
    check_refused("value", &none, "names no kind of point", 0, 5);
    check_compiles("open", &none);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(length_is_limited),
        cmocka_unit_test(depth_is_limited),
        cmocka_unit_test(operations_are_limited),
        cmocka_unit_test(the_operation_past_the_limit_is_pointed_at),
        cmocka_unit_test(an_aggregate_that_does_not_fit_is_shown_at_its_beginning),
        cmocka_unit_test(values_at_once_are_limited),
        cmocka_unit_test(groups_of_points_are_limited),
        cmocka_unit_test(times_of_day_are_limited),
        cmocka_unit_test(a_time_span_is_limited),
        cmocka_unit_test(digits_are_limited),
        cmocka_unit_test(a_span_is_exact_to_the_nanosecond),
        cmocka_unit_test(a_point_rule_begins_with_the_point_itself),
        cmocka_unit_test(each_argument_of_an_aggregate_is_a_set_of_its_own),
        cmocka_unit_test(equal_times_of_day_are_one_clause),
        cmocka_unit_test(the_same_text_gives_the_same_bytes),
        cmocka_unit_test(only_the_given_bytes_are_read),
        cmocka_unit_test(blanks_stand_anywhere),
        cmocka_unit_test(broken_utf8_is_refused_where_it_stands),
        cmocka_unit_test(a_message_stays_in_bounds),
        cmocka_unit_test(a_rule_without_kinds_is_an_error_and_no_crash),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
