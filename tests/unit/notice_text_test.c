/* SPDX-License-Identifier: Apache-2.0 */

/* What a person reads of a step, in both languages. */
#include <string.h>

#include "gateway/uplink/notice_text.h"
#include "gateway/zone.h"
#include "tests/support/cmocka.h"

#define EVENT(data) "{\"id\":\"g.m.1.2\",\"time\":\"2026-11-22T07:17:00.123Z\",\"data\":{" data "}}"
#define TEXTS                                                                                        \
    "\"text\":{\"zh\":\"日间照料室：紧急呼叫\",\"en\":\"Day-care room: emergency call\"}," \
    "\"response\":{\"zh\":\"立即到场\",\"en\":\"Go there at once\"}"

static void reads(const char *event, enum site_language language, const char *wanted) {
    struct notice_text text;
    char whole[2048];
    assert_true(notice_text_read(event, strlen(event), language, &text));
    notice_text_write(&text, whole, sizeof whole);
    assert_string_equal(whole, wanted);
}

static void a_step_is_told_in_the_reader_s_language_and_time(void **state) {
    (void)state;
    const char *event = EVENT("\"priority\":\"emergency\",\"step\":3,\"steps\":4," TEXTS);
    reads(event, LANGUAGE_ZH, "【紧急】日间照料室：紧急呼叫\n立即到场\n15:17 · 第 3 步，共 4 步");
    reads(event, LANGUAGE_EN,
          "[EMERGENCY] Day-care room: emergency call\nGo there at once\n15:17 · step 3 of 4");
}

static void what_is_missing_is_left_out_and_the_other_language_serves(void **state) {
    (void)state;
    reads(EVENT("\"priority\":\"odd\",\"text\":{\"zh\":\"门\",\"en\":\"\"}"), LANGUAGE_EN,
          "[alarm] 门\n15:17");
    reads("{\"data\":{\"text\":{\"en\":\"door\"}}}", LANGUAGE_ZH, "【告警】door\n--:--");
}

static void what_is_no_event_has_no_text(void **state) {
    (void)state;
    static const char *const wrong[] = {"",
                                        "{",
                                        "[]",
                                        "7",
                                        "{\"data\":7}",
                                        "{\"data\":{}}",
                                        EVENT("\"text\":\"x\""),
                                        EVENT("\"text\":{\"zh\":1}"),
                                        "{\"data\":{\"text\":{\"zh\":\"\xff\"}}}"};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        struct notice_text text;
        assert_false(notice_text_read(wrong[i], strlen(wrong[i]), LANGUAGE_ZH, &text));
    }
}

static void a_cut_never_parts_a_character(void **state) {
    (void)state;
    char cut[16];
    for (size_t size = 5; size <= sizeof cut; size++) {
        notice_text_cut("呼叫呼叫呼叫", cut, size);
        size_t len = strlen(cut);
        assert_true(len < size && len % 3 == 0);
        assert_string_equal(cut + len - 3, "…");
    }
    notice_text_cut("呼叫", cut, 7);
    assert_string_equal(cut, "呼叫");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_step_is_told_in_the_reader_s_language_and_time),
        cmocka_unit_test(what_is_missing_is_left_out_and_the_other_language_serves),
        cmocka_unit_test(what_is_no_event_has_no_text),
        cmocka_unit_test(a_cut_never_parts_a_character),
    };
    zone_init("Asia/Shanghai");
    return cmocka_run_group_tests(tests, NULL, NULL);
}
