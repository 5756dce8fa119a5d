/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Topics: a table of what is published where. A subscriber's filters depend on every character.
 */

#include <string.h>

#include "gateway/uplink/topic.h"
#include "tests/support/cmocka.h"

#define ROOT "tocsin/v1/gulou-demo/main"

static struct topic_root root_make(void) {
    struct topic_root root;
    topic_root_init(&root, "gulou-demo", "main");
    return root;
}

static void each_message_has_the_topic_of_the_contract(void **state) {
    (void)state;
    const struct topic_root root = root_make();
    char topic[TOPIC_SIZE];
    topic_status(&root, topic);
    assert_string_equal(topic, ROOT "/status");
    topic_command(&root, topic);
    assert_string_equal(topic, ROOT "/command");
    topic_reply(&root, "li.na-2", topic);
    assert_string_equal(topic, ROOT "/reply/li.na-2");
    topic_reply(&root, "", topic);
    assert_string_equal(topic, ROOT "/reply/unknown");
    topic_alarm(&root, "emergency_call/care/day-care/button-1", topic);
    assert_string_equal(topic, ROOT "/alarm/emergency_call/care/day-care/button-1");
    topic_alarm(&root, "system_device_lost/device/care-io", topic);
    assert_string_equal(topic, ROOT "/alarm/system_device_lost/device/care-io");
    topic_point(&root, "care/day-care/temperature", topic);
    assert_string_equal(topic, ROOT "/point/care/day-care/temperature");
    topic_alarm_filter(&root, topic);
    assert_string_equal(topic, ROOT "/alarm/#");
    topic_point_filter(&root, topic);
    assert_string_equal(topic, ROOT "/point/#");
    assert_string_equal(topic_point_id(&root, ROOT "/point/care/day-care/temperature"),
                        "care/day-care/temperature");
    assert_null(topic_point_id(&root, ROOT "/alarm/care"));
    assert_null(topic_point_id(&root, "tocsin/v1/gulou-demo/other/point/care"));
}

static void an_event_is_sorted_by_lane_and_class_with_a_level_for_each_dot(void **state) {
    (void)state;
    static const struct {
        enum core_lane lane;
        enum alarm_class class;
        const char *type;
        const char *want;
    } table[] = {
        {LANE_ALARM, CLASS_CALL_EMERGENCY, "alarm.raised", ROOT "/event/alarm/call/emergency"},
        {LANE_ALARM, CLASS_FIRE_CONFIRMED, "alarm.closed", ROOT "/event/alarm/fire/confirmed"},
        {LANE_ALARM, CLASS_INTRUSION, "alarm.raised", ROOT "/event/alarm/intrusion"},
        {LANE_ALARM, CLASS_SYSTEM_DEVICE_LOST, "alarm.raised",
         ROOT "/event/alarm/system/device_lost"},
        {LANE_ACTIVITY, ALARM_CLASS_COUNT, "access.granted", ROOT "/event/activity/access/granted"},
        {LANE_ACTIVITY, ALARM_CLASS_COUNT, "system.clock_stepped",
         ROOT "/event/activity/system/clock_stepped"},
    };
    const struct topic_root root = root_make();
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        char topic[TOPIC_SIZE];
        topic_event(&root, table[i].lane, table[i].class, table[i].type, topic);
        assert_string_equal(topic, table[i].want);
    }
}

static void every_class_makes_a_topic(void **state) {
    (void)state;
    const struct topic_root root = root_make();
    for (int class = 0; class < ALARM_CLASS_COUNT; class ++) {
        char topic[TOPIC_SIZE];
        topic_event(&root, LANE_ALARM, (enum alarm_class) class, "", topic);
        assert_null(strchr(topic, '.'));
    }
}

static void an_alarm_is_found_again_in_its_topic_and_in_no_other(void **state) {
    (void)state;
    const struct topic_root root = root_make();
    assert_string_equal(topic_alarm_name(&root, ROOT "/alarm/fire_alarm/care/dining/smoke-1"),
                        "fire_alarm/care/dining/smoke-1");
    assert_null(topic_alarm_name(&root, ROOT "/point/care/dining/smoke-1"));
    assert_null(topic_alarm_name(&root, "tocsin/v1/gulou-demo/other/alarm/fire_alarm/care"));
    assert_null(topic_alarm_name(&root, "tocsin"));
    assert_null(topic_alarm_name(&root, ""));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_message_has_the_topic_of_the_contract),
        cmocka_unit_test(an_event_is_sorted_by_lane_and_class_with_a_level_for_each_dot),
        cmocka_unit_test(every_class_makes_a_topic),
        cmocka_unit_test(an_alarm_is_found_again_in_its_topic_and_in_no_other),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
