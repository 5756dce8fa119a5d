/* SPDX-License-Identifier: Apache-2.0 */

/*
 * What the rules say and who answers, from the core to the JSON: of the example site, whose core says
 * its conditions to a view as the engine does. A rule that cannot know is never shown as one that says no.
 */
#include <stdlib.h>
#include <string.h>

#include "gateway/config/config.h"
#include "gateway/console/devices_body.h"
#include "gateway/console/rules_body.h"
#include "gateway/engine/truths.h"
#include "tests/support/cmocka.h"

#define SMOKE  "care/dining/smoke-1"
#define FIRE   "fire_alarm/care/dining/smoke-1"
#define STUFFY "stuffy/care/day-care/co2"

static const uint64_t second = NS_PER_S;
static struct config_result config;

struct scene {
    struct site site;
    void *block;
    struct core *core;
    struct core_event *events;
    struct truths truths;
    struct view view;
};

static uint32_t alarm_of(const struct scene *scene, const char *name) {
    uint32_t alarm = site_alarm_find(&scene->site, name);
    assert_int_not_equal(alarm, RULESET_NONE);
    return alarm;
}

static int set_up(void **state) {
    const struct config_options options = {.setting_count = 0};
    (void)state;
    return config_load(TEST_SOURCE_DIR "/deploy/example/site.yaml", &options, &config);
}

static int tear_down(void **state) {
    (void)state;
    config_result_deinit(&config);
    return 0;
}

static int scene_open(void **state) {
    struct scene *scene = calloc(1, sizeof *scene);
    assert_int_equal(site_view(config.image, config.image_size, &scene->site), 0);
    const struct ruleset *ruleset = &scene->site.ruleset;
    scene->block = aligned_alloc(64, (core_size(ruleset) + 63) / 64 * 64);
    scene->events = calloc(core_events_max(ruleset), sizeof *scene->events);
    scene->core = core_init(scene->block, ruleset, (struct instant){second});
    assert_int_equal(truths_init(&scene->truths, scene->core, ruleset->alarm_count), 0);
    assert_int_equal(view_init(&scene->view, &scene->site, 0), 0);
    *state = scene;
    return 0;
}

static int scene_close(void **state) {
    struct scene *scene = *state;
    view_deinit(&scene->view);
    truths_deinit(&scene->truths);
    free(scene->events);
    free(scene->block);
    free(scene);
    return 0;
}

static void scene_step(struct scene *scene, struct input input, uint64_t at_s) {
    struct step step = {.events = scene->events};
    input.at.ns = at_s * second;
    input.wall.ns = (int64_t)(at_s * second);
    core_step(scene->core, &input, &step);
}

static void scene_read(struct scene *scene, const char *point, double value, uint64_t at_s) {
    const struct reading reading = {.point = site_point_find(&scene->site, point), .value = value};
    assert_int_not_equal(reading.point, RULESET_NONE);
    scene_step(scene, (struct input){.kind = INPUT_READING, .reading = reading}, at_s);
}

/* The engine is there, and its snapshot complete. */
static void scene_welcome(struct scene *scene, uint64_t at_s) {
    const struct wire_welcome welcome = {.boot = "17"};
    const struct wire_alarm_state end = {.header = wire_header_of(WIRE_ALARM_STATE, sizeof end),
                                         .snapshot = 2};
    view_welcome(&scene->view, &welcome, at_s * second);
    view_receive(&scene->view, &end.header, at_s * second);
    truths_forget(&scene->truths);
}

/* Tell the console what the core says; returns how many messages that took. */
static unsigned scene_tell(struct scene *scene, uint64_t at_s) {
    struct wire_truths message;
    unsigned told = 0;
    do {
        if (truths_look(&scene->truths, &message)) {
            assert_true(message.header.size <= WIRE_SIZE_MAX);
            truths_sent(&scene->truths, &message);
            view_receive(&scene->view, &message.header, at_s * second);
            told++;
        }
    } while (scene->truths.next != 0);
    return told;
}

/* Say of every point that it was heard and is good, but for one. */
static void scene_points(struct scene *scene, uint32_t but, enum quality quality, uint64_t at_s) {
    for (uint32_t i = 0; i < scene->site.ruleset.point_count; i++) {
        const struct wire_point_values message = {
            .header = wire_header_of(WIRE_POINT_VALUES, wire_size(WIRE_POINT_VALUES, 1)),
            .count = 1,
            .values = {{.point = i,
                        .quality = i == but ? quality : QUALITY_GOOD,
                        .heard = {i == but && quality == QUALITY_STALE ? 0 : 7}}},
        };
        view_receive(&scene->view, &message.header, at_s * second);
    }
}

static void scene_alarm(struct scene *scene, uint32_t alarm, struct alarm_axes axes,
                        uint64_t at_s) {
    const struct wire_alarm_state message = {
        .header = wire_header_of(WIRE_ALARM_STATE, sizeof message),
        .alarm = alarm,
        .record = {.axes = axes, .raised = {1795331820123000000}},
    };
    view_receive(&scene->view, &message.header, at_s * second);
}

static const char *text_of(const json_t *row, const char *key) {
    const char *text = json_string_value(json_object_get(row, key));
    assert_non_null(text);
    return text;
}

/* The instance of an alarm in a body; NULL when it is not there. */
static const json_t *instance_of(const json_t *body, const char *alarm) {
    const json_t *rules = json_object_get(body, "rules");
    for (size_t i = 0; i < json_array_size(rules); i++) {
        const json_t *rows = json_object_get(json_array_get(rules, i), "instances");
        for (size_t j = 0; j < json_array_size(rows); j++) {
            if (strcmp(text_of(json_array_get(rows, j), "alarm"), alarm) == 0) {
                return json_array_get(rows, j);
            }
        }
    }
    return NULL;
}

/* What is shown of an alarm: its truth, and what it is unknown for ("" when it is known). */
static void assert_truth(struct scene *scene, uint64_t at_s, const char *alarm, const char *truth,
                         const char *cause) {
    json_t *body = rules_body(&scene->view, 0, at_s * second);
    const json_t *row = instance_of(body, alarm);
    assert_non_null(row);
    assert_string_equal(text_of(row, "truth"), truth);
    const json_t *reason = json_object_get(row, "reason");
    assert_string_equal(json_is_null(reason) ? "" : text_of(reason, "cause"), cause);
    json_decref(body);
}

static void
conditions_are_told_once_and_again_when_one_changes_or_the_console_is_new(void **state) {
    struct scene *scene = *state;
    assert_int_equal(scene_tell(scene, 1), 1);
    assert_int_equal(scene_tell(scene, 1), 0);
    scene_read(scene, SMOKE, 0, 2);
    assert_int_equal(scene_tell(scene, 2), 1);
    assert_int_equal(scene_tell(scene, 2), 0);
    truths_forget(&scene->truths);
    assert_int_equal(scene_tell(scene, 2), 1);
    /* What did not fit into the socket was not sent, and is to be told still. */
    struct wire_truths message;
    scene_read(scene, SMOKE, 1, 3);
    assert_true(truths_look(&scene->truths, &message));
    assert_int_equal(scene_tell(scene, 3), 1);
}

static void what_the_core_says_is_what_is_shown(void **state) {
    struct scene *scene = *state;
    const uint32_t count = scene->site.ruleset.alarm_count;
    scene_welcome(scene, 1);
    scene_read(scene, SMOKE, 1, 2);
    scene_read(scene, "care/dining/heat-1", 0, 2);
    (void)scene_tell(scene, 2);
    unsigned seen[TRUTH_COUNT] = {0};
    for (uint32_t i = 0; i < count; i++) {
        assert_int_equal(scene->view.truths[i], core_condition(scene->core, i));
        seen[scene->view.truths[i]]++;
    }
    assert_true(seen[TRUTH_TRUE] > 0 && seen[TRUTH_FALSE] > 0 && seen[TRUTH_UNKNOWN] > 0);
    scene_points(scene, RULESET_NONE, QUALITY_GOOD, 2);
    assert_truth(scene, 2, FIRE, "true", "");
    assert_truth(scene, 2, "fire_alarm/care/dining/heat-1", "false", "");
}

static void a_rule_that_does_not_know_says_why(void **state) {
    struct scene *scene = *state;
    uint32_t smoke = site_point_find(&scene->site, SMOKE);
    assert_truth(scene, 1, FIRE, "unknown", "engine");
    scene_welcome(scene, 1);
    assert_truth(scene, 1, FIRE, "unknown", "engine"); /* it has not said it yet */
    (void)scene_tell(scene, 1);
    scene_points(scene, smoke, QUALITY_FAULT, 1);
    assert_truth(scene, 1, FIRE, "unknown", "points");
    assert_truth(scene, 1, STUFFY, "unknown", "past"); /* its sensor is well */
    assert_truth(scene, 1, "system_uplink_lost/gateway", "unknown", "waiting");
    /* The engine that falls silent takes all it said with it. */
    assert_truth(scene, 2 + VIEW_SILENT_MS / 1000, FIRE, "unknown", "engine");
    view_lost(&scene->view);
    assert_truth(scene, 1, STUFFY, "unknown", "engine");
    /* And one that comes back has said nothing yet. */
    scene_read(scene, SMOKE, 1, 3);
    (void)scene_tell(scene, 3);
    scene_welcome(scene, 4);
    assert_truth(scene, 4, FIRE, "unknown", "engine");
}

static void the_reason_names_the_points_and_what_is_wrong_with_each(void **state) {
    static const struct {
        enum quality quality;
        bool lost;
        const char *why;
    } cases[] = {
        {QUALITY_STALE, false, "unheard"},
        {QUALITY_FAULT, false, "fault"},
        {QUALITY_FAULT, true, "lost"},
        {QUALITY_OUT_OF_SERVICE, false, "out_of_service"},
    };
    struct scene *scene = *state;
    uint32_t smoke = site_point_find(&scene->site, SMOKE);
    uint32_t device = scene->site.ruleset.points[smoke].device;
    scene_welcome(scene, 1);
    (void)scene_tell(scene, 1);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        scene_points(scene, smoke, cases[i].quality, 1);
        scene_alarm(scene, view_device_alarm(&scene->view, device),
                    (struct alarm_axes){.active = cases[i].lost}, 1);
        json_t *body = rules_body(&scene->view, 0, second);
        /* Both the rule for the point and the one for its room read it. */
        const char *const alarms[] = {FIRE, "fire_confirmed/care"};
        for (size_t a = 0; a < 2; a++) {
            const json_t *reason = json_object_get(instance_of(body, alarms[a]), "reason");
            const json_t *points = json_object_get(reason, "points");
            assert_string_equal(text_of(reason, "cause"), "points");
            assert_true(json_integer_value(json_object_get(reason, "point_count")) >= 1);
            assert_string_equal(text_of(json_array_get(points, 0), "point"), SMOKE);
            assert_string_equal(text_of(json_array_get(points, 0), "why"), cases[i].why);
        }
        json_decref(body);
    }
}

static void the_points_of_a_reason_are_counted_and_no_more_are_named_than_are_read(void **state) {
    struct scene *scene = *state;
    scene_welcome(scene, 1);
    (void)scene_tell(scene, 1);
    json_t *body = rules_body(&scene->view, 0, second); /* no point was ever heard */
    const json_t *reason = json_object_get(instance_of(body, "fire_confirmed/care"), "reason");
    assert_int_equal(json_array_size(json_object_get(reason, "points")), RULE_POINTS_MAX);
    assert_true(json_integer_value(json_object_get(reason, "point_count")) > RULE_POINTS_MAX);
    json_decref(body);
}

static void a_page_goes_on_in_the_middle_of_a_rule(void **state) {
    struct scene *scene = *state;
    json_t *whole = rules_body(&scene->view, 0, second);
    json_t *rest = rules_body(&scene->view, 1, second);
    json_t *none = rules_body(&scene->view, UINT32_MAX, second);
    const json_t *first = json_array_get(json_object_get(whole, "rules"), 0);
    const json_t *again = json_array_get(json_object_get(rest, "rules"), 0);
    assert_string_equal(text_of(first, "rule"), text_of(again, "rule"));
    size_t count = json_array_size(json_object_get(first, "instances"));
    assert_int_equal(json_integer_value(json_object_get(again, "instance_count")), count);
    assert_int_equal(json_array_size(json_object_get(again, "instances")), count - 1);
    assert_int_equal(json_array_size(json_object_get(none, "rules")), 0);
    assert_true(json_is_null(json_object_get(whole, "next")));
    json_decref(whole);
    json_decref(rest);
    json_decref(none);
}

static void conditions_of_alarms_that_are_not_there_are_a_fault_and_change_nothing(void **state) {
    struct scene *scene = *state;
    const uint32_t count = scene->site.ruleset.alarm_count;
    const struct {
        uint32_t first, count;
    } cases[] = {{count + 1, 0}, {0, wire_truths_rows(count) + 1}, {UINT32_MAX - 3, 1}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct wire_truths message = {
            .header = wire_header_of(WIRE_TRUTHS, wire_size(WIRE_TRUTHS, cases[i].count)),
            .first = cases[i].first,
            .count = cases[i].count,
        };
        view_receive(&scene->view, &message.header, second);
        assert_int_equal(scene->view.faults, i + 1);
        for (uint32_t alarm = 0; alarm < count; alarm++) {
            assert_int_equal(scene->view.truths[alarm], VIEW_TRUTH_UNTOLD);
        }
    }
}

static const json_t *device_of(const json_t *body, const char *id) {
    const json_t *rows = json_object_get(body, "devices");
    for (size_t i = 0; i < json_array_size(rows); i++) {
        if (strcmp(text_of(json_array_get(rows, i), "device"), id) == 0) {
            return json_array_get(rows, i);
        }
    }
    return NULL;
}

static void assert_device(struct scene *scene, uint64_t at_s, const char *id, const char *want) {
    json_t *body = devices_body(&scene->view, 0, (struct wall){9}, at_s * second);
    assert_string_equal(text_of(device_of(body, id), "state"), want);
    json_decref(body);
}

static void a_device_answers_is_lost_was_never_heard_or_nobody_knows(void **state) {
    struct scene *scene = *state;
    uint32_t lost = alarm_of(scene, "system_device_lost/device/fire-panel");
    assert_device(scene, 1, "fire-panel", "unknown");
    scene_welcome(scene, 1);
    assert_device(scene, 1, "fire-panel", "unheard");
    scene_points(scene, RULESET_NONE, QUALITY_GOOD, 1);
    assert_device(scene, 1, "fire-panel", "answering");
    scene_alarm(scene, lost, (struct alarm_axes){.active = true, .open = true}, 1);
    assert_device(scene, 1, "fire-panel", "lost");
    assert_device(scene, 1, "care-io", "answering");
    json_t *body = devices_body(&scene->view, 0, (struct wall){9}, second);
    const json_t *row = device_of(body, "fire-panel");
    assert_string_equal(text_of(row, "lost_since"), "2026-11-22T07:17:00.123Z");
    assert_true(json_is_null(json_object_get(device_of(body, "care-io"), "lost_since")));
    json_decref(body);
    assert_device(scene, 2 + VIEW_SILENT_MS / 1000, "fire-panel", "unknown");
}

static void what_a_bus_counts_is_shown_while_its_process_is_there(void **state) {
    struct scene *scene = *state;
    const struct wire_buses buses = {
        .header = wire_header_of(WIRE_BUSES, wire_size(WIRE_BUSES, 1)),
        .count = 1,
        .buses = {{.polls = 12, .answers = 9, .failures = {[SENSOR_CAUSE_TIMEOUT] = 3}}},
    };
    struct wire_components components = {
        .header = wire_header_of(WIRE_COMPONENTS, sizeof components), .present = {TRUTH_TRUE}};
    scene_welcome(scene, 1);
    view_receive(&scene->view, &buses.header, second);
    view_receive(&scene->view, &components.header, second);
    json_t *body = devices_body(&scene->view, 0, (struct wall){9}, second);
    const json_t *bus = json_array_get(json_object_get(body, "buses"), 0);
    const json_t *counts = json_object_get(bus, "counts");
    assert_string_equal(text_of(bus, "protocol"), "modbus_tcp");
    assert_int_equal(json_integer_value(json_object_get(counts, "polls")), 12);
    assert_int_equal(
        json_integer_value(json_object_get(json_object_get(counts, "failures"), "timeout")), 3);
    json_decref(body);
    components.present[0] = TRUTH_FALSE;
    view_receive(&scene->view, &components.header, second);
    body = devices_body(&scene->view, 0, (struct wall){9}, second);
    bus = json_array_get(json_object_get(body, "buses"), 0);
    assert_true(json_is_null(json_object_get(bus, "counts")));
    json_decref(body);
}

static void the_points_of_all_devices_are_those_of_the_site(void **state) {
    struct scene *scene = *state;
    json_t *body = devices_body(&scene->view, 0, (struct wall){9}, second);
    const json_t *rows = json_object_get(body, "devices");
    json_int_t points = 0;
    for (size_t i = 0; i < json_array_size(rows); i++) {
        points += json_integer_value(json_object_get(json_array_get(rows, i), "point_count"));
    }
    assert_int_equal(json_array_size(rows), scene->site.ruleset.device_count);
    assert_int_equal(json_array_size(json_object_get(body, "buses")), scene->site.bus_count);
    assert_int_equal(points, scene->site.ruleset.point_count);
    json_decref(body);
    body = devices_body(&scene->view, 1, (struct wall){9}, second);
    assert_int_equal(json_array_size(json_object_get(body, "devices")),
                     scene->site.ruleset.device_count - 1);
    json_decref(body);
}

#define SCENE(test) cmocka_unit_test_setup_teardown(test, scene_open, scene_close)

int main(void) {
    const struct CMUnitTest tests[] = {
        SCENE(conditions_are_told_once_and_again_when_one_changes_or_the_console_is_new),
        SCENE(what_the_core_says_is_what_is_shown),
        SCENE(a_rule_that_does_not_know_says_why),
        SCENE(the_reason_names_the_points_and_what_is_wrong_with_each),
        SCENE(the_points_of_a_reason_are_counted_and_no_more_are_named_than_are_read),
        SCENE(a_page_goes_on_in_the_middle_of_a_rule),
        SCENE(conditions_of_alarms_that_are_not_there_are_a_fault_and_change_nothing),
        SCENE(a_device_answers_is_lost_was_never_heard_or_nobody_knows),
        SCENE(what_a_bus_counts_is_shown_while_its_process_is_there),
        SCENE(the_points_of_all_devices_are_those_of_the_site),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
