/* SPDX-License-Identifier: Apache-2.0 */

/* What people are told of a broker's refusals, and how often. */

#include <stdio.h>
#include <string.h>

#include "gateway/uplink/refusals.h"
#include "tests/support/cmocka.h"

#define BEGIN_NS UINT64_C(1000)

static void each_topic_is_told_at_once_and_again_after_ten_minutes_with_its_number(void **state) {
    (void)state;
    struct refusals refusals = {0};
    struct refusals_line line;
    assert_true(refusals_note(&refusals, "a", BEGIN_NS, &line));
    assert_int_equal(line.times, 1);
    assert_int_equal(line.kept_back, 0);
    assert_false(refusals_note(&refusals, "a", BEGIN_NS + 1, &line));
    assert_true(refusals_note(&refusals, "b", BEGIN_NS + 1, &line));
    assert_false(refusals_note(&refusals, "a", BEGIN_NS + REFUSALS_TELL_NS - 1, &line));
    assert_true(refusals_note(&refusals, "a", BEGIN_NS + REFUSALS_TELL_NS, &line));
    assert_int_equal(line.times, 3);
    assert_false(refusals_note(&refusals, "b", BEGIN_NS + REFUSALS_TELL_NS, &line));
}

static void more_topics_than_the_bound_are_counted_and_told_when_there_is_room(void **state) {
    (void)state;
    struct refusals refusals = {0};
    struct refusals_line line;
    char topic[16];
    for (uint32_t i = 0; i < REFUSALS_MAX; i++) {
        (void)snprintf(topic, sizeof topic, "t/%u", i);
        assert_true(refusals_note(&refusals, topic, BEGIN_NS + i, &line));
    }
    assert_false(refusals_note(&refusals, "more", BEGIN_NS + REFUSALS_MAX, &line));
    assert_false(refusals_note(&refusals, "more", BEGIN_NS + REFUSALS_TELL_NS - 1, &line));
    assert_true(refusals_note(&refusals, "more", BEGIN_NS + REFUSALS_TELL_NS, &line));
    assert_int_equal(line.times, 1);
    assert_int_equal(line.kept_back, 2);
    assert_false(refusals_note(&refusals, "t/1", BEGIN_NS + REFUSALS_TELL_NS, &line));
    assert_true(refusals_note(&refusals, "t/0", BEGIN_NS + REFUSALS_TELL_NS + 1, &line));
}

static void a_topic_longer_than_is_kept_is_known_again(void **state) {
    (void)state;
    struct refusals refusals = {0};
    struct refusals_line line;
    char topic[FLIGHT_TOPIC_SIZE + 10];
    memset(topic, 'x', sizeof topic - 1);
    topic[sizeof topic - 1] = '\0';
    assert_true(refusals_note(&refusals, topic, BEGIN_NS, &line));
    assert_false(refusals_note(&refusals, topic, BEGIN_NS, &line));
}

static void each_reason_has_its_advice(void **state) {
    (void)state;
    assert_non_null(strstr(refusals_advice(0x87), "access rules"));
    assert_non_null(strstr(refusals_advice(0x97), "quota"));
    assert_non_null(strstr(refusals_advice(0x90), "rules for topics"));
    assert_non_null(strstr(refusals_advice(0x95), "8,900 bytes"));
    assert_non_null(strstr(refusals_advice(0x80), "broker's log"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_topic_is_told_at_once_and_again_after_ten_minutes_with_its_number),
        cmocka_unit_test(more_topics_than_the_bound_are_counted_and_told_when_there_is_room),
        cmocka_unit_test(a_topic_longer_than_is_kept_is_known_again),
        cmocka_unit_test(each_reason_has_its_advice),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
