/* SPDX-License-Identifier: Apache-2.0 */

/*
 * What is published as JSON: the marks of one sending at the end of a journalled body, and the
 * whole payloads of states, values and status.
 */

#include <math.h>
#include <string.h>

#include <jansson.h>

#include "gateway/uplink/uplink_json.h"
#include "tests/support/cmocka.h"

#define BODY                                                                                        \
    "{\"specversion\":\"1.0\",\"id\":\"gulou-demo.main.17.4201\",\"type\":\"tocsin.alarm.raised\"," \
    "\"data\":{\"rule\":\"r\",\"class\":\"call.emergency\",\"text\":{\"en\":\"a \\\"class\\\":\\\"x\\\"\"}}}"

/* Parse a payload, or fail. */
static json_t *parse(const char *payload, size_t size) {
    json_error_t error;
    json_t *object = json_loadb(payload, size, JSON_REJECT_DUPLICATES, &error);
    assert_non_null(object);
    return object;
}

static void the_marks_stand_at_the_end_of_the_object(void **state) {
    (void)state;
    char payload[UPLINK_JSON_SIZE];
    const struct uplink_json_marks live = {.durable = true};
    size_t size = uplink_json_event(BODY, strlen(BODY), &live, payload);
    static const char tail[] = ",\"durable\":true,\"replayed\":false}";
    assert_memory_equal(payload + size - strlen(tail), tail, strlen(tail));
    assert_memory_equal(payload, BODY, strlen(BODY) - 1);
    json_decref(parse(payload, size));
}

static void a_replay_and_an_early_event_say_so(void **state) {
    (void)state;
    char payload[UPLINK_JSON_SIZE];
    const struct uplink_json_marks replay = {.durable = true, .replayed = true};
    json_t *object = parse(payload, uplink_json_event(BODY, strlen(BODY), &replay, payload));
    assert_true(json_is_true(json_object_get(object, "replayed")));
    json_decref(object);
    const struct uplink_json_marks early = {.durable = false};
    object = parse(payload, uplink_json_event(BODY, strlen(BODY), &early, payload));
    assert_true(json_is_false(json_object_get(object, "durable")));
    json_decref(object);
}

static void an_event_that_went_out_early_names_its_first_id_with_the_boot_it_had(void **state) {
    (void)state;
    char payload[UPLINK_JSON_SIZE];
    const struct uplink_json_marks marks = {.durable = true, .first_sent_as = 3};
    json_t *object = parse(payload, uplink_json_event(BODY, strlen(BODY), &marks, payload));
    assert_string_equal(json_string_value(json_object_get(object, "first_sent_as")),
                        "gulou-demo.main.17.u3");
    json_decref(object);
}

static void a_body_that_is_no_object_or_too_long_is_not_sent(void **state) {
    (void)state;
    char payload[UPLINK_JSON_SIZE];
    char large[UPLINK_JSON_SIZE];
    memset(large, ' ', sizeof large);
    large[0] = '{';
    large[sizeof large - 1] = '}';
    const struct uplink_json_marks marks = {.durable = true};
    assert_int_equal(uplink_json_event("", 0, &marks, payload), 0);
    assert_int_equal(uplink_json_event("{}", 2, &marks, payload), 0);
    assert_int_equal(uplink_json_event("[1]", 3, &marks, payload), 0);
    assert_int_equal(uplink_json_event("{\"a\":1", 6, &marks, payload), 0);
    assert_int_equal(uplink_json_event(large, sizeof large, &marks, payload), 0);
}

static void the_id_is_copied_whole_or_not_at_all(void **state) {
    (void)state;
    static const char body[] = "{\"specversion\":\"1.0\",\"id\":\"a.b.7.12\",\"data\":{}}";
    char id[9];
    assert_true(uplink_json_id(body, strlen(body), id, 9));
    assert_string_equal(id, "a.b.7.12");
    assert_false(uplink_json_id(body, strlen(body), id, 8));
    assert_false(uplink_json_id(body, 30, id, 9)); /* cut in the middle of it */
    assert_false(uplink_json_id("{\"id\":\"\"}", 9, id, 9));
    assert_false(uplink_json_id("{}", 2, id, 9));
}

static void the_class_is_found_and_a_quoted_text_does_not_pass_for_it(void **state) {
    (void)state;
    static const char text_only[] = "{\"data\":{\"text\":\"\\\"class\\\":\\\"fire.alarm\\\"\"}}";
    static const char unknown[] = "{\"data\":{\"class\":\"fire.of.tomorrow\"}}";
    static const char open[] = "{\"class\":\"fire.alarm";
    assert_int_equal(uplink_json_class(BODY, strlen(BODY)), CLASS_CALL_EMERGENCY);
    assert_int_equal(uplink_json_class(text_only, strlen(text_only)), ALARM_CLASS_COUNT);
    assert_int_equal(uplink_json_class(unknown, strlen(unknown)), ALARM_CLASS_COUNT);
    assert_int_equal(uplink_json_class(open, strlen(open)), ALARM_CLASS_COUNT);
}

static void an_alarm_says_what_it_is_and_where_it_stands(void **state) {
    (void)state;
    const struct uplink_json_alarm alarm = {
        .rule = "emergency_call",
        .entity = "care/day-care/button-1",
        .place = "care/day-care",
        .class = CLASS_CALL_EMERGENCY,
        .priority = PRIORITY_EMERGENCY,
        .record = {.axes = {.active = true, .latched = true, .open = true, .out_of_service = true},
                   .occurrence = 2,
                   .raises = 3,
                   .left_ds = {[ALARM_CLOCK_SERVICE] = 600},
                   .raised = {INT64_C(1795331820123000000)}},
        .taken = {INT64_C(1795331820123000000)},
        .value = 1,
        .quality = QUALITY_GOOD,
        .changed = {INT64_C(1795331820123000000)},
    };
    char payload[UPLINK_JSON_SIZE];
    json_t *object = parse(payload, uplink_json_alarm(&alarm, payload));
    assert_string_equal(json_string_value(json_object_get(object, "class")), "call.emergency");
    assert_string_equal(json_string_value(json_object_get(object, "priority")), "emergency");
    json_t *axes = json_object_get(object, "state");
    assert_true(json_is_true(json_object_get(axes, "active")));
    assert_true(json_is_false(json_object_get(axes, "acked")));
    assert_string_equal(json_string_value(json_object_get(object, "raised")),
                        "2026-11-22T07:17:00.123Z");
    assert_true(json_is_null(json_object_get(object, "acknowledged")));
    assert_string_equal(json_string_value(json_object_get(axes, "suppression")), "out_of_service");
    assert_true(json_is_false(json_object_get(axes, "silenced")));
    assert_true(json_is_null(json_object_get(axes, "investigated")));
    assert_int_equal(json_integer_value(json_object_get(object, "raises")), 3);
    assert_string_equal(json_string_value(json_object_get(object, "out_of_service_until")),
                        "2026-11-22T07:18:00.123Z");
    assert_true(json_is_null(json_object_get(object, "shelved_until")));
    json_decref(object);
}

static void a_value_is_exact_and_an_untrusted_one_is_no_number(void **state) {
    (void)state;
    static const struct {
        double value;
        enum quality quality;
        const char *want;
    } table[] = {
        {23.4, QUALITY_GOOD, "{\"value\":23.4,"},
        {0.1 + 0.2, QUALITY_GOOD, "{\"value\":0.30000000000000004,"},
        {1, QUALITY_UNCERTAIN, "{\"value\":1,"},
        {-0.5, QUALITY_GOOD, "{\"value\":-0.5,"},
        {23.4, QUALITY_STALE, "{\"value\":null,"},
        {0, QUALITY_FAULT, "{\"value\":null,"},
        {(double)NAN, QUALITY_GOOD, "{\"value\":null,"},
        {(double)INFINITY, QUALITY_GOOD, "{\"value\":null,"},
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        char payload[UPLINK_JSON_SIZE];
        size_t size = uplink_json_point(table[i].value, table[i].quality, "°C",
                                        (struct wall){INT64_C(1795331820123000000)}, payload);
        assert_memory_equal(payload, table[i].want, strlen(table[i].want));
        json_decref(parse(payload, size));
    }
}

static void a_value_carries_its_unit_its_quality_and_when_it_was_measured(void **state) {
    (void)state;
    char payload[UPLINK_JSON_SIZE];
    size_t size = uplink_json_point(1, QUALITY_GOOD, "", (struct wall){0}, payload);
    payload[size] = '\0';
    assert_string_equal(payload, "{\"value\":1,\"unit\":null,\"quality\":\"good\",\"time\":null}");
}

static void a_shortened_event_keeps_what_a_machine_needs(void **state) {
    (void)state;
    char event[2048];
    char payload[UPLINK_JSON_SIZE];
    char longest[159];
    memset(longest, 'x', sizeof longest - 1);
    longest[sizeof longest - 1] = '\0'; /* 160 with its quotes: just short enough */
    (void)snprintf(event, sizeof event,
                   "{\"id\":\"a.b.1.7\",\"sequence\":7,\"data\":{\"rule\":\"r\",\"class\":"
                   "\"call.emergency\",\"text\":{\"zh\":\"叫\"},\"response\":{\"zh\":\"去\"},"
                   "\"kept\":\"%s\",\"dropped\":\"%sx\",\"state\":{\"active\":true}},"
                   "\"durable\":true,\"replayed\":true}",
                   longest, longest);
    size_t size = uplink_json_shorten(event, strlen(event), UPLINK_JSON_BRIEF, payload);
    assert_true(size < strlen(event));
    json_t *object = parse(payload, size);
    json_t *data = json_object_get(object, "data");
    assert_string_equal(json_string_value(json_object_get(object, "id")), "a.b.1.7");
    assert_int_equal(json_integer_value(json_object_get(object, "sequence")), 7);
    assert_true(json_is_true(json_object_get(object, "replayed")));
    assert_true(json_is_true(json_object_get(object, "shortened")));
    assert_int_equal(json_object_size(data), 4);
    assert_string_equal(json_string_value(json_object_get(data, "kept")), longest);
    assert_non_null(json_object_get(data, "state"));
    json_decref(object);
    /* Cut off it cannot be read, as it cannot be without memory. */
    size = uplink_json_shorten(event, strlen(event) - 1, UPLINK_JSON_BRIEF, payload);
    payload[size] = '\0';
    assert_string_equal(payload, "{\"id\":\"a.b.1.7\",\"shortened\":true}");
    assert_int_equal(uplink_json_shorten("{", 1, UPLINK_JSON_BARE, payload), 2);
    assert_string_equal(payload, "{}");
}

/* It is still one CloudEvents 1.0 object. */
static void a_bare_event_says_what_happened_to_what_and_under_which_number(void **state) {
    (void)state;
    char payload[UPLINK_JSON_SIZE];
    static const char event[] =
        "{\"specversion\":\"1.0\",\"id\":\"a.b.1.7\",\"source\":\"/tocsin/a/b\",\"type\":"
        "\"tocsin.alarm.raised\",\"subject\":\"hall/button\",\"time\":\"2026-11-22T07:17:00.123Z\","
        "\"sequence\":7,\"data\":{\"rule\":\"r\"},\"durable\":true,\"replayed\":true}";
    size_t size = uplink_json_shorten(event, strlen(event), UPLINK_JSON_BARE, payload);
    payload[size] = '\0';
    assert_string_equal(payload,
                        "{\"specversion\":\"1.0\",\"id\":\"a.b.1.7\",\"source\":\"/tocsin/a/b\","
                        "\"type\":\"tocsin.alarm.raised\",\"subject\":\"hall/button\","
                        "\"sequence\":7,\"shortened\":true}");
}

static void the_status_names_state_build_and_boot(void **state) {
    (void)state;
    char payload[UPLINK_JSON_SIZE];
    json_t *object = parse(payload, uplink_json_status("online", "0123", "17", payload));
    assert_string_equal(json_string_value(json_object_get(object, "state")), "online");
    assert_string_equal(json_string_value(json_object_get(object, "build")), "0123");
    assert_string_equal(json_string_value(json_object_get(object, "boot")), "17");
    json_decref(object);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_marks_stand_at_the_end_of_the_object),
        cmocka_unit_test(a_replay_and_an_early_event_say_so),
        cmocka_unit_test(an_event_that_went_out_early_names_its_first_id_with_the_boot_it_had),
        cmocka_unit_test(a_body_that_is_no_object_or_too_long_is_not_sent),
        cmocka_unit_test(the_id_is_copied_whole_or_not_at_all),
        cmocka_unit_test(the_class_is_found_and_a_quoted_text_does_not_pass_for_it),
        cmocka_unit_test(an_alarm_says_what_it_is_and_where_it_stands),
        cmocka_unit_test(a_value_is_exact_and_an_untrusted_one_is_no_number),
        cmocka_unit_test(a_value_carries_its_unit_its_quality_and_when_it_was_measured),
        cmocka_unit_test(a_shortened_event_keeps_what_a_machine_needs),
        cmocka_unit_test(a_bare_event_says_what_happened_to_what_and_under_which_number),
        cmocka_unit_test(the_status_names_state_build_and_boot),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
