/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Line protocol: tables of what is written and what is refused, and lines read back by the reader of
 * exports, which knows nothing of the writer.
 */

#include <string.h>

#include "gateway/replay/history.h"
#include "gateway/uplink/database/line_protocol.h"
#include "tests/support/cmocka.h"

#define AT ((struct wall){1763770000123456789})

static void a_reading_is_a_line(void **state) {
    (void)state;
    char text[200];
    struct line line;
    line_begin(&line, text, sizeof text, "temperature");
    line_tag(&line, "gateway", "main");
    line_tag(&line, "place", "care/club");
    line_tag(&line, "point", "care/club/temperature");
    line_tag(&line, "site", "gulou-demo");
    line_number(&line, "value", 23.1);
    line_integer(&line, "quality", 0);
    size_t size = line_end(&line, AT, LINE_NS);
    const char *want = "temperature,gateway=main,place=care/club,point=care/club/temperature,"
                       "site=gulou-demo value=23.1,quality=0i 1763770000123456789\n";
    assert_int_equal(size, strlen(want));
    assert_memory_equal(text, want, size);
}

/* One tag, one field of the text's kind; what stands before the time. */
static size_t write_words(const char *measurement, const char *key, const char *value,
                          const char *text, char ret[200]) {
    struct line line;
    line_begin(&line, ret, 200, measurement);
    line_tag(&line, key, value);
    line_text(&line, "text", text);
    return line_end(&line, AT, LINE_MS);
}

static void what_has_a_meaning_is_escaped(void **state) {
    (void)state;
    static const struct {
        const char *measurement, *key, *value, *text, *want;
    } cases[] = {
        {"a b,c=d", "k", "v", "t", "a\\ b\\,c=d,k=v text=\"t\" 1763770000123\n"},
        {"m", "k e,y=", "v a,l=", "t", "m,k\\ e\\,y\\==v\\ a\\,l\\= text=\"t\" 1763770000123\n"},
        {"m", "k", "\"v\"", "say \"hi\" \\ a,b = c",
         "m,k=\"v\" text=\"say \\\"hi\\\" \\\\ a,b = c\" 1763770000123\n"},
        {"m", "k", "日间", "日间照料室：紧急呼叫",
         "m,k=日间 text=\"日间照料室：紧急呼叫\" 1763770000123\n"},
        {"m", "k", "", "", "m text=\"\" 1763770000123\n"},
        {"m", "k", "#v", "#", "m,k=#v text=\"#\" 1763770000123\n"},
    };
    char text[200];
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        size_t size =
            write_words(cases[i].measurement, cases[i].key, cases[i].value, cases[i].text, text);
        assert_int_equal(size, strlen(cases[i].want));
        assert_memory_equal(text, cases[i].want, size);
    }
}

static void what_has_no_form_is_no_line(void **state) {
    (void)state;
    static const struct {
        const char *measurement, *key, *value, *text;
    } cases[] = {
        {"", "k", "v", "t"},     {"#m", "k", "v", "t"},    {"m\\", "k", "v", "t"},
        {"m\n", "k", "v", "t"},  {"m", "k\\", "v", "t"},   {"m", "k\t", "v", "t"},
        {"m", "k", "v\\", "t"},  {"m", "k", "a\\,b", "t"}, {"m", "k", "v\n", "t"},
        {"m", "k", "v", "t\nu"}, {"m", "k", "v", "t\x7f"},
    };
    char text[200];
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_int_equal(
            write_words(cases[i].measurement, cases[i].key, cases[i].value, cases[i].text, text),
            0);
    }
}

static void a_line_without_a_field_is_none(void **state) {
    (void)state;
    char text[64];
    struct line line;
    line_begin(&line, text, sizeof text, "m");
    line_tag(&line, "k", "v");
    assert_int_equal(line_end(&line, AT, LINE_NS), 0);
}

static void a_line_that_fits_exactly_is_one_and_a_byte_less_is_none(void **state) {
    (void)state;
    const char *want = "m,k=v a=1,b=-7i,c=t,d=f 1763770000123456789\n";
    char text[64];
    for (size_t size = 0; size <= strlen(want); size++) {
        struct line line;
        memset(text, '!', sizeof text);
        line_begin(&line, text, size, "m");
        line_tag(&line, "k", "v");
        line_number(&line, "a", 1);
        line_integer(&line, "b", -7);
        line_truth(&line, "c", true);
        line_truth(&line, "d", false);
        assert_int_equal(line_end(&line, AT, LINE_NS), size == strlen(want) ? size : 0);
        assert_int_equal(text[size], '!');
    }
    assert_memory_equal(text, want, strlen(want));
}

static void a_head_is_written_once_and_used_again(void **state) {
    (void)state;
    char head[64];
    char text[200];
    struct line line;
    line_begin(&line, head, sizeof head, "smoke");
    line_tag(&line, "point", "a");
    size_t head_size = line_head(&line);
    assert_int_equal(head_size, strlen("smoke,point=a"));
    for (int i = 0; i < 2; i++) {
        line_begin_head(&line, text, sizeof text, head, head_size);
        line_integer(&line, "quality", i);
        size_t size = line_end(&line, AT, LINE_NS);
        assert_int_equal(size, strlen("smoke,point=a quality=0i 1763770000123456789\n"));
    }
    assert_memory_equal(text, "smoke,point=a quality=1i 1", 26);
}

static void a_head_that_was_refused_makes_no_line(void **state) {
    (void)state;
    char head[64];
    char text[64];
    struct line line;
    line_begin(&line, head, sizeof head, "smoke");
    line_tag(&line, "point", "a\\");
    assert_int_equal(line_head(&line), 0);
    line_begin_head(&line, text, sizeof text, head, 0);
    line_integer(&line, "quality", 0);
    assert_int_equal(line_end(&line, AT, LINE_NS), 0);
}

static void times_before_1970_and_of_both_ends_are_written(void **state) {
    (void)state;
    static const struct {
        int64_t ns;
        enum line_unit unit;
        const char *want;
    } cases[] = {
        {0, LINE_NS, "m a=t 0\n"},
        {-1500000, LINE_NS, "m a=t -1500000\n"},
        {1999999, LINE_MS, "m a=t 1\n"},
        {INT64_MAX, LINE_NS, "m a=t 9223372036854775807\n"},
    };
    char text[64];
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct line line;
        line_begin(&line, text, sizeof text, "m");
        line_truth(&line, "a", true);
        size_t size = line_end(&line, (struct wall){cases[i].ns}, cases[i].unit);
        assert_int_equal(size, strlen(cases[i].want));
        assert_memory_equal(text, cases[i].want, size);
    }
    assert_string_equal(line_precision(LINE_NS), "ns");
    assert_string_equal(line_precision(LINE_MS), "ms");
}

static uint64_t random_next(uint64_t *state) {
    *state = *state * 6364136223846793005u + 1442695040888963407u;
    return *state ^ *state >> 29;
}

/* A word of characters with and without a meaning to the protocol. */
static void random_word(uint64_t *random, char *ret, size_t most) {
    static const char *const pieces[] = {"a", "B", "7", ",", "=", " ", "\"", "/", "-", "é", "室"};
    size_t len = 0;
    ret[0] = '\0';
    for (uint64_t count = random_next(random) % 12 + 1; count > 0 && len + 4 < most; count--) {
        const char *piece = pieces[random_next(random) % (sizeof pieces / sizeof *pieces)];
        strcpy(ret + len, piece);
        len += strlen(piece);
    }
}

static void any_reading_is_read_back_as_it_was(void **state) {
    (void)state;
    uint64_t random = 3;
    for (int i = 0; i < 20000; i++) {
        char measurement[64], point[64], note[64], text[600];
        random_word(&random, measurement, sizeof measurement);
        random_word(&random, point, sizeof point);
        random_word(&random, note, sizeof note);
        double value =
            (double)(int64_t)random_next(&random) / (double)(random_next(&random) % 1000 + 1);
        int64_t quality = (int64_t)(random_next(&random) % 5);
        int64_t at = 1500000000000000000 + (int64_t)(random_next(&random) >> 8);
        struct line line;
        line_begin(&line, text, sizeof text, measurement);
        line_tag(&line, "note,= ", note);
        line_tag(&line, "point", point);
        line_text(&line, "say", note);
        line_number(&line, "value", value);
        line_integer(&line, "quality", quality);
        size_t size = line_end(&line, (struct wall){at}, LINE_NS);
        assert_int_not_equal(size, 0);

        struct history_line back;
        struct history_error error;
        enum history_sort sort = history_line_parse(text, size - 1, &back, &error);
        if (strcmp(measurement, "event") == 0) {
            continue;
        }
        assert_int_equal(sort, HISTORY_DATA);
        assert_string_equal(back.measurement, measurement);
        assert_string_equal(back.point, point);
        assert_memory_equal(&back.value, &value, sizeof value);
        assert_int_equal(back.quality, quality);
        assert_true(back.wall.ns == at);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_reading_is_a_line),
        cmocka_unit_test(what_has_a_meaning_is_escaped),
        cmocka_unit_test(what_has_no_form_is_no_line),
        cmocka_unit_test(a_line_without_a_field_is_none),
        cmocka_unit_test(a_line_that_fits_exactly_is_one_and_a_byte_less_is_none),
        cmocka_unit_test(a_head_is_written_once_and_used_again),
        cmocka_unit_test(a_head_that_was_refused_makes_no_line),
        cmocka_unit_test(times_before_1970_and_of_both_ends_are_written),
        cmocka_unit_test(any_reading_is_read_back_as_it_was),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
