/* SPDX-License-Identifier: Apache-2.0 */

/*
 * What the console says: the view's tables, the JSON made from them, and the figures. Above all
 * that the past is never shown as the present, and that no number that is none gets out.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <event2/buffer.h>

#include "gateway/clock.h"
#include "gateway/console/asker.h"
#include "gateway/console/body.h"
#include "gateway/console/document.h"
#include "gateway/console/handover.h"
#include "gateway/console/health_body.h"
#include "gateway/console/metrics.h"
#include "gateway/console/reply.h"
#include "gateway/console/unheard.h"
#include "tests/support/cmocka.h"
#include "tests/support/console_site.h"

static const uint64_t second = NS_PER_S;

struct scene {
    struct site site;
    struct view view;
};

static void scene_tell(struct scene *scene, const void *message, uint64_t now) {
    view_receive(&scene->view, message, now);
}

static void scene_welcome(struct scene *scene, uint64_t now) {
    const struct wire_welcome welcome = {.boot = "17", .newest_seq = 4200};
    view_welcome(&scene->view, &welcome, now);
}

static void scene_alarm(struct scene *scene, uint32_t alarm, struct alarm_axes axes, uint64_t now) {
    const struct wire_alarm_state message = {
        .header = wire_header_of(WIRE_ALARM_STATE, sizeof message),
        .alarm = alarm,
        .record = {.axes = axes, .occurrence = 3, .raised = {1795331820123000000}},
        .value = 1,
    };
    scene_tell(scene, &message, now);
}

static void scene_snapshot_end(struct scene *scene, uint64_t now) {
    const struct wire_alarm_state message = {
        .header = wire_header_of(WIRE_ALARM_STATE, sizeof message), .snapshot = 2};
    scene_tell(scene, &message, now);
}

static void scene_point(struct scene *scene, uint32_t point, double value, uint64_t now) {
    const struct wire_point_values message = {
        .header = wire_header_of(WIRE_POINT_VALUES, wire_size(WIRE_POINT_VALUES, 1)),
        .count = 1,
        .values = {{.point = point, .value = value, .measured = {1}, .heard = {1}}},
    };
    scene_tell(scene, &message, now);
}

static void scene_components_and_uplink(struct scene *scene, uint8_t field, uint8_t delivers,
                                        uint64_t now) {
    const struct wire_components message = {
        .header = wire_header_of(WIRE_COMPONENTS, sizeof message),
        .count = CONSOLE_SITE_COMPONENTS,
        .journal_ok = 1,
        .present = {field, TRUTH_TRUE, TRUTH_TRUE},
        .uplink_connected = TRUTH_TRUE,
        .uplink_delivers = delivers,
        .commit_ns_max = 1500000,
        .readings = 12,
    };
    scene_tell(scene, &message, now);
}

static void scene_components(struct scene *scene, uint8_t field, uint64_t now) {
    scene_components_and_uplink(scene, field, TRUTH_TRUE, now);
}

static void scene_test(struct scene *scene, uint32_t place, uint64_t now) {
    const struct wire_test message = {
        .header = wire_header_of(WIRE_TEST, sizeof message),
        .place = place,
        .role = ROLE_ENGINEER,
        .begun = {1795331820123000000},
        .until = {1795333620123000000},
        .actor = "wang",
        .reason = "yearly test",
    };
    scene_tell(scene, &message, now);
}

static const struct alarm_axes raised = {.active = true, .latched = true, .open = true};

static int scene_open(void **state) {
    struct scene *scene = calloc(1, sizeof *scene);
    scene->site = console_site("/nowhere");
    scene->site.broker_count = 1;
    assert_int_equal(view_init(&scene->view, &scene->site, 0), 0);
    *state = scene;
    return 0;
}

static int scene_close(void **state) {
    struct scene *scene = *state;
    view_deinit(&scene->view);
    free(scene);
    return 0;
}

/* The member at a path of keys: "journal", "state", NULL. */
static const char *text_at(const json_t *body, const char *first, const char *second_key) {
    const json_t *member = json_object_get(body, first);
    member = second_key == NULL ? member : json_object_get(member, second_key);
    assert_true(json_is_string(member));
    return json_string_value(member);
}

static void before_the_snapshot_is_complete_no_alarm_cannot_be_said(void **state) {
    struct scene *scene = *state;
    assert_int_equal(view_engine(&scene->view, 0), VIEW_AWAY);
    scene_welcome(scene, second);
    json_t *body = body_alarms(&scene->view, false, 0, second);
    assert_string_equal(text_at(body, "engine", NULL), "syncing");
    json_decref(body);
    scene_snapshot_end(scene, second);
    body = body_alarms(&scene->view, false, 0, second);
    assert_string_equal(text_at(body, "engine", NULL), "present");
    assert_int_equal(json_array_size(json_object_get(body, "alarms")), 0);
    json_decref(body);
}

/* Every list says where nobody is called, until the engine no longer does. */
static void places_under_test_are_told_with_every_list(void **state) {
    struct scene *scene = *state;
    uint32_t place = scene->site.ruleset.place_count - 1;
    scene_welcome(scene, second);
    scene_snapshot_end(scene, second);
    scene_components(scene, TRUTH_TRUE, second);
    scene_test(scene, place, second);
    assert_false(view_is_tested(&scene->view, place)); /* the list is not complete yet */
    scene_components(scene, TRUTH_TRUE, second);
    assert_true(view_is_tested(&scene->view, place));
    json_t *const bodies[] = {
        body_alarms(&scene->view, false, 0, second),
        body_points(&scene->view, RULESET_NONE, 0, (struct wall){1}, second),
        health_body(&scene->view, DOOR_NONE, second),
    };
    for (size_t i = 0; i < sizeof bodies / sizeof bodies[0]; i++) {
        json_t *tests = json_object_get(bodies[i], "tests");
        assert_int_equal(json_array_size(tests), 1);
        json_t *test = json_array_get(tests, 0);
        assert_string_equal(text_at(test, "place", NULL),
                            site_text(&scene->site, scene->site.places[place].id));
        assert_string_equal(text_at(test, "by", NULL), "wang");
        assert_string_equal(text_at(test, "role", NULL), "engineer");
        assert_string_equal(text_at(test, "reason", NULL), "yearly test");
        assert_string_equal(text_at(test, "until", NULL), "2026-11-22T07:47:00.123Z");
        json_decref(bodies[i]);
    }
    scene_components(scene, TRUTH_TRUE, second);
    assert_false(view_is_tested(&scene->view, place));
    scene_test(scene, place + 1, second); /* which the site does not have */
    assert_int_equal(scene->view.faults, 1);
}

static void assert_handed_over(const struct scene *scene,
                               const uint32_t expected[TAKEOVER_COUNTS]) {
    uint32_t counts[TAKEOVER_COUNTS];
    handover_count(&scene->view, counts);
    for (uint32_t i = 0; i < TAKEOVER_COUNTS; i++) {
        assert_int_equal(counts[i], expected[i]);
    }
}

/* Each count has been one, and what is in one of them is in no other of alarms. */
static void whoever_takes_over_is_told_each_kind_of_what_is_open(void **state) {
    struct scene *scene = *state;
    struct alarm_axes acked = raised, shelved = raised, out = raised;
    acked.acked = shelved.shelved = out.out_of_service = true;
    scene_welcome(scene, second);
    scene_alarm(scene, CONSOLE_SITE_CALL, raised, second);
    scene_alarm(scene, CONSOLE_SITE_FIRE, acked, second);
    scene_alarm(scene, CONSOLE_SITE_UPLINK, out, second);
    scene_snapshot_end(scene, second);
    scene_components(scene, TRUTH_TRUE, second);
    scene_test(scene, CONSOLE_SITE_PLACE_ROOM, second);
    scene_components(scene, TRUTH_TRUE, second); /* the list of tests is complete */
    assert_handed_over(scene, (const uint32_t[TAKEOVER_COUNTS]){[TAKEOVER_UNACKNOWLEDGED] = 1,
                                                                [TAKEOVER_ACKNOWLEDGED] = 1,
                                                                [TAKEOVER_OUT_OF_SERVICE] = 1,
                                                                [TAKEOVER_TESTS] = 1});

    scene->view.device_alarm_first = CONSOLE_SITE_UPLINK; /* as of the device, which is lost */
    scene_alarm(scene, CONSOLE_SITE_FIRE, shelved, second);
    scene_alarm(scene, CONSOLE_SITE_UPLINK, raised, second);
    assert_handed_over(scene, (const uint32_t[TAKEOVER_COUNTS]){[TAKEOVER_UNACKNOWLEDGED] = 2,
                                                                [TAKEOVER_ASIDE] = 1,
                                                                [TAKEOVER_TESTS] = 1,
                                                                [TAKEOVER_DEVICES_LOST] = 1});
}

static void a_place_says_for_how_many_it_is_and_null_where_the_site_does_not(void **state) {
    struct scene *scene = *state;
    json_t *body = body_places(&scene->view, 0);
    json_t *care = json_array_get(json_object_get(body, "places"), CONSOLE_SITE_PLACE_CARE);
    json_t *room = json_array_get(json_object_get(body, "places"), CONSOLE_SITE_PLACE_ROOM);
    assert_true(json_is_null(json_object_get(care, "capacity")));
    assert_true(json_real_value(json_object_get(care, "area_m2")) == 236.5);
    assert_int_equal(json_integer_value(json_object_get(room, "capacity")), 12);
    assert_true(json_is_null(json_object_get(room, "area_m2")));
    json_decref(body);
}

static void an_engine_that_says_nothing_for_five_seconds_is_not_present(void **state) {
    struct scene *scene = *state;
    scene_welcome(scene, second);
    scene_snapshot_end(scene, second);
    assert_int_equal(view_engine(&scene->view, 6 * second), VIEW_PRESENT);
    assert_int_equal(view_engine(&scene->view, 6 * second + 1), VIEW_SILENT);
    scene_components(scene, TRUTH_TRUE, 6 * second + 2);
    assert_int_equal(view_engine(&scene->view, 6 * second + 2), VIEW_PRESENT);
}

static void an_alarm_that_the_next_snapshot_does_not_name_has_become_normal(void **state) {
    struct scene *scene = *state;
    scene_welcome(scene, second);
    scene_alarm(scene, CONSOLE_SITE_CALL, raised, second);
    scene_alarm(scene, CONSOLE_SITE_FIRE, raised, second);
    scene_snapshot_end(scene, second);
    view_lost(&scene->view);
    /* While the engine is away both stand as they were. */
    json_t *body = body_alarms(&scene->view, false, 0, 2 * second);
    assert_int_equal(json_array_size(json_object_get(body, "alarms")), 2);
    assert_string_equal(text_at(body, "engine", NULL), "away");
    json_decref(body);
    scene_welcome(scene, 3 * second);
    scene_alarm(scene, CONSOLE_SITE_FIRE, raised, 3 * second);
    scene_snapshot_end(scene, 3 * second);
    body = body_alarms(&scene->view, false, 0, 3 * second);
    const json_t *alarms = json_object_get(body, "alarms");
    assert_int_equal(json_array_size(alarms), 1);
    assert_string_equal(text_at(json_array_get(alarms, 0), "rule", NULL), "fire_alarm");
    json_decref(body);
}

static void an_alarm_carries_names_texts_and_axes(void **state) {
    struct scene *scene = *state;
    scene_welcome(scene, second);
    scene_alarm(scene, CONSOLE_SITE_CALL, raised, second);
    json_t *alarm = body_alarm(&scene->view, CONSOLE_SITE_CALL);
    assert_non_null(alarm);
    assert_string_equal(text_at(alarm, "alarm", NULL), "emergency_call/care/day-care/button-1");
    assert_string_equal(text_at(alarm, "priority", NULL), "emergency");
    assert_string_equal(text_at(alarm, "state_name", NULL), "unacknowledged");
    assert_string_equal(text_at(alarm, "text", "zh"), "日间照料室：紧急呼叫");
    assert_string_equal(text_at(alarm, "text", "en"), "Day-care room: emergency call");
    assert_string_equal(text_at(alarm, "response", "zh"), "立即到场");
    assert_string_equal(text_at(alarm, "raised", NULL), "2026-11-22T07:17:00.123Z");
    assert_true(json_is_true(json_object_get(json_object_get(alarm, "state"), "latched")));
    assert_true(json_is_false(json_object_get(alarm, "normal")));
    json_decref(alarm);
    alarm = body_alarm(&scene->view, CONSOLE_SITE_UPLINK);
    assert_non_null(alarm);
    assert_true(json_is_null(json_object_get(alarm, "place")));
    json_decref(alarm);
}

static void a_value_that_is_no_number_never_gets_into_json(void **state) {
    struct scene *scene = *state;
    scene_welcome(scene, second);
    scene_snapshot_end(scene, second);
    scene_point(scene, CONSOLE_SITE_TEMPERATURE, NAN, second);
    scene_point(scene, CONSOLE_SITE_SMOKE, INFINITY, second);
    json_t *body = body_points(&scene->view, RULESET_NONE, 0, (struct wall){1}, second);
    char *text = json_dumps(body, JSON_COMPACT);
    assert_non_null(text);
    assert_null(strstr(text, "nan"));
    assert_null(strstr(text, "inf"));
    const json_t *point = json_array_get(json_object_get(body, "points"), CONSOLE_SITE_TEMPERATURE);
    assert_string_equal(text_at(point, "quality", NULL), "fault");
    free(text);
    json_decref(body);

    json_t *number = body_number(NAN);
    assert_true(json_is_null(number));
    json_decref(number);
    number = body_number(-INFINITY);
    assert_true(json_is_null(number));
    json_decref(number);
    number = body_number(21.5);
    assert_true(json_real_value(number) == 21.5);
    json_decref(number);
    number = body_number(4);
    assert_int_equal(json_integer_value(number), 4);
    json_decref(number);
}

static const char *scene_quality(struct scene *scene, uint64_t now) {
    json_t *body = body_points(&scene->view, CONSOLE_SITE_PLACE_ROOM, 0, (struct wall){1}, now);
    const json_t *point = json_array_get(json_object_get(body, "points"), CONSOLE_SITE_TEMPERATURE);
    const char *name = text_at(point, "quality", NULL);
    enum quality quality = 0;
    while (strcmp(quality_name(quality), name) != 0) {
        quality++;
    }
    json_decref(body);
    return quality_name(quality);
}

static void a_value_is_good_only_while_the_engine_is_there_to_confirm_it(void **state) {
    struct scene *scene = *state;
    assert_string_equal(scene_quality(scene, 0), "stale");
    scene_welcome(scene, second);
    scene_snapshot_end(scene, second);
    scene_point(scene, CONSOLE_SITE_TEMPERATURE, 21.5, second);
    assert_string_equal(scene_quality(scene, second), "good");
    assert_string_equal(scene_quality(scene, 60 * second), "stale");
    view_lost(&scene->view);
    assert_string_equal(scene_quality(scene, second), "stale");
    /* Connected again, but nobody has said anything about this point since. */
    scene_welcome(scene, 2 * second);
    scene_snapshot_end(scene, 2 * second);
    assert_string_equal(scene_quality(scene, 2 * second), "stale");
    scene_point(scene, CONSOLE_SITE_TEMPERATURE, 21.5, 2 * second);
    assert_string_equal(scene_quality(scene, 2 * second), "good");
}

static void an_index_of_another_site_is_counted_and_changes_nothing(void **state) {
    struct scene *scene = *state;
    scene_welcome(scene, second);
    scene_alarm(scene, CONSOLE_SITE_ALARMS, raised, second);
    scene_point(scene, CONSOLE_SITE_POINTS, 1, second);
    assert_int_equal(scene->view.faults, 2);
}

static void an_event_points_reading_is_never_shown_as_a_value(void **state) {
    struct scene *scene = *state;
    scene_welcome(scene, second);
    scene_point(scene, CONSOLE_SITE_READER, 1, second);
    json_t *body = body_points(&scene->view, RULESET_NONE, 0, (struct wall){1}, second);
    const json_t *point = json_array_get(json_object_get(body, "points"), CONSOLE_SITE_READER);
    assert_true(json_is_null(json_object_get(point, "value")));
    json_decref(body);
}

/* Say a value of the button that was measured at `at_s`, and return since when the console says that it is so. */
static int64_t said_since(struct scene *scene, double value, enum quality quality, int64_t at_s) {
    const struct wire_point_values message = {
        .header = wire_header_of(WIRE_POINT_VALUES, wire_size(WIRE_POINT_VALUES, 1)),
        .count = 1,
        .values = {{.point = CONSOLE_SITE_BUTTON,
                    .value = value,
                    .quality = quality,
                    .measured = {at_s * (int64_t)NS_PER_S},
                    .heard = {at_s * (int64_t)NS_PER_S}}},
    };
    scene_tell(scene, &message, (uint64_t)NS_PER_S);
    json_t *body = body_points(&scene->view, RULESET_NONE, 0, (struct wall){1}, NS_PER_S);
    const json_t *point = json_array_get(json_object_get(body, "points"), CONSOLE_SITE_BUTTON);
    const char *text = json_string_value(json_object_get(point, "since"));
    struct wall since = {0};
    assert_true(text == NULL || clock_parse_wall(text, &since) == 0);
    json_decref(body);
    return since.ns / (int64_t)NS_PER_S;
}

static void a_door_says_since_when_it_stands_as_it_does(void **state) {
    struct scene *scene = *state;
    scene_welcome(scene, second);
    assert_int_equal(said_since(scene, 0, QUALITY_GOOD, 10), 0); /* for longer than is known */
    assert_int_equal(said_since(scene, 0, QUALITY_GOOD, 20), 0);
    assert_int_equal(said_since(scene, 1, QUALITY_GOOD, 30), 30);
    assert_int_equal(said_since(scene, 1, QUALITY_GOOD, 40), 30);
    assert_int_equal(said_since(scene, 0, QUALITY_STALE, 50),
                     30); /* its line is cut: nobody knows */
    assert_int_equal(said_since(scene, 0, QUALITY_GOOD, 60), 60);
    /* The engine was away, and tells it anew. */
    view_lost(&scene->view);
    scene_welcome(scene, second);
    assert_int_equal(said_since(scene, 0, QUALITY_GOOD, 60), 60);
}

/* Its device is well: the engine calls that good, and so does whoever counts what is at fault. */
static void a_card_reader_that_had_no_card_yet_is_not_known_to_be_good(void **state) {
    struct scene *scene = *state;
    scene_welcome(scene, second);
    scene_snapshot_end(scene, second);
    const struct wire_point_values never = {
        .header = wire_header_of(WIRE_POINT_VALUES, wire_size(WIRE_POINT_VALUES, 1)),
        .count = 1,
        .values = {{.point = CONSOLE_SITE_READER, .quality = QUALITY_GOOD}},
    };
    scene_tell(scene, &never, second);
    for (int heard = 0; heard < 2; heard++) {
        json_t *body = body_points(&scene->view, RULESET_NONE, 0, (struct wall){1}, second);
        const json_t *point = json_array_get(json_object_get(body, "points"), CONSOLE_SITE_READER);
        assert_string_equal(text_at(point, "quality", NULL), heard == 1 ? "good" : "unknown");
        assert_int_equal(json_is_null(json_object_get(point, "age_ms")), heard == 0);
        json_decref(body);
        scene_point(scene, CONSOLE_SITE_READER, 1, second);
    }
    assert_int_equal(view_point_quality(&scene->view, CONSOLE_SITE_READER, VIEW_PRESENT),
                     QUALITY_GOOD);
}

static void health_is_failed_without_the_engine_and_degraded_without_a_part(void **state) {
    struct scene *scene = *state;
    assert_int_equal(health_of(&scene->view, DOOR_NONE, 0), HEALTH_FAILED);
    scene_welcome(scene, second);
    scene_components(scene, TRUTH_TRUE, second);
    assert_int_equal(health_of(&scene->view, DOOR_NONE, second), HEALTH_FAILED);
    scene_snapshot_end(scene, second);
    assert_int_equal(health_of(&scene->view, DOOR_NONE, second), HEALTH_OK);
    scene_components(scene, TRUTH_FALSE, second);
    assert_int_equal(health_of(&scene->view, DOOR_NONE, second), HEALTH_DEGRADED);
    json_t *body = health_body(&scene->view, DOOR_NONE, second);
    assert_string_equal(text_at(body, "status", NULL), "degraded");
    assert_string_equal(text_at(body, "uplink", "state"), "connected");
    const json_t *field = json_array_get(json_object_get(body, "components"), 0);
    assert_string_equal(text_at(field, "name", NULL), "field-0");
    assert_string_equal(text_at(field, "state", NULL), "lost");
    json_decref(body);
    /* A broker that is there and refuses what it is given. */
    scene_components_and_uplink(scene, TRUTH_TRUE, TRUTH_FALSE, second);
    assert_int_equal(health_of(&scene->view, DOOR_NONE, second), HEALTH_DEGRADED);
    body = health_body(&scene->view, DOOR_NONE, second);
    assert_string_equal(text_at(body, "uplink", "state"), "refusing");
    json_decref(body);
    scene_components(scene, TRUTH_FALSE, second);
    view_lost(&scene->view);
    body = health_body(&scene->view, DOOR_NONE, 2 * second);
    assert_string_equal(text_at(body, "status", NULL), "failed");
    /* What was known of the parts is the past, too. */
    assert_string_equal(text_at(body, "journal", "state"), "unknown");
    assert_string_equal(text_at(body, "uplink", "state"), "unknown");
    json_decref(body);
}

static void
a_site_file_that_is_wrong_is_degraded_and_it_says_since_when_the_other_is_watched(void **state) {
    struct scene *scene = *state;
    struct wire_components message = {
        .header = wire_header_of(WIRE_COMPONENTS, sizeof message),
        .count = CONSOLE_SITE_COMPONENTS,
        .journal_ok = 1,
        .present = {TRUTH_TRUE, TRUTH_TRUE, TRUTH_TRUE},
        .uplink_connected = TRUTH_TRUE,
        .uplink_delivers = TRUTH_TRUE,
        .site_accepted = {1795331820123000000},
    };
    scene_welcome(scene, second);
    scene_snapshot_end(scene, second);
    for (uint8_t refused = 0; refused < 2; refused++) {
        message.site_refused = refused;
        scene_tell(scene, &message, second);
        json_t *body = health_body(&scene->view, DOOR_NONE, second);
        assert_string_equal(text_at(body, "status", NULL), refused ? "degraded" : "ok");
        assert_string_equal(text_at(body, "site", "state"), refused ? "refused" : "ok");
        assert_string_equal(text_at(body, "site", "accepted"), "2026-11-22T07:17:00.123Z");
        json_decref(body);
    }
    view_lost(&scene->view);
    json_t *body = health_body(&scene->view, DOOR_NONE, 2 * second);
    assert_string_equal(text_at(body, "site", "state"), "unknown");
    json_decref(body);
}

static void what_is_not_configured_is_neither_away_nor_degraded(void **state) {
    struct scene *scene = *state;
    scene->site.broker_count = 0;
    scene_welcome(scene, second);
    scene_snapshot_end(scene, second);
    scene_components_and_uplink(scene, TRUTH_TRUE, TRUTH_UNKNOWN, second);
    assert_int_equal(health_of(&scene->view, DOOR_NONE, second), HEALTH_OK);
    json_t *body = health_body(&scene->view, DOOR_NONE, second);
    assert_string_equal(text_at(body, "status", NULL), "ok");
    assert_string_equal(text_at(body, "uplink", "state"), "none");
    assert_string_equal(text_at(body, "database", "state"), "none");
    assert_true(json_is_null(json_object_get(json_object_get(body, "database"), "since")));
    json_decref(body);
    view_lost(&scene->view); /* that is so whoever is there */
    body = health_body(&scene->view, DOOR_NONE, second);
    assert_string_equal(text_at(body, "uplink", "state"), "none");
    assert_string_equal(text_at(body, "database", "state"), "none");
    json_decref(body);
}

static void a_door_that_is_not_as_it_is_meant_degrades_and_is_named(void **state) {
    static const struct {
        enum door_state door;
        const char *want;
        enum health health;
    } rows[] = {
        {DOOR_NONE, "none", HEALTH_OK},
        {DOOR_OPEN, "open", HEALTH_OK},
        {DOOR_ENDING_CERTIFICATE, "ending_certificate", HEALTH_DEGRADED},
        {DOOR_OLD_CERTIFICATE, "old_certificate", HEALTH_DEGRADED},
        {DOOR_UNKNOWN_CERTIFICATE, "unknown_certificate", HEALTH_DEGRADED},
        {DOOR_CLOSED, "closed", HEALTH_DEGRADED},
    };
    struct scene *scene = *state;
    scene_welcome(scene, second);
    scene_snapshot_end(scene, second);
    scene_components(scene, TRUTH_TRUE, second);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        assert_int_equal(health_of(&scene->view, rows[i].door, second), rows[i].health);
        json_t *body = health_body(&scene->view, rows[i].door, second);
        assert_string_equal(text_at(body, "door", "state"), rows[i].want);
        json_decref(body);
    }
}

static void health_says_what_is_missing_of_the_recordings(void **state) {
    static const struct {
        uint64_t inputs, dropped, failures;
        const char *want;
    } rows[] = {{0, 0, 0, "nothing"}, {812, 0, 0, "ok"}, {812, 3, 0, "gaps"}, {0, 0, 2, "gaps"}};
    struct scene *scene = *state;
    struct site_header header = *scene->site.header;
    scene->site.header = &header;
    header.recordings_size = 0;
    json_t *body = health_body(&scene->view, DOOR_NONE, second);
    assert_string_equal(text_at(body, "recordings", "state"), "none");
    json_decref(body);
    header.recordings_size = 1000000;
    scene_welcome(scene, second);
    scene_snapshot_end(scene, second);
    scene_components(scene, TRUTH_TRUE, second);
    body = health_body(&scene->view, DOOR_NONE, second);
    assert_string_equal(text_at(body, "recordings", "state"), "unknown");
    json_decref(body);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const struct wire_figures figures = {
            .header = wire_header_of(WIRE_FIGURES, sizeof figures),
            .owner = FIGURE_OWNER_ENGINE,
            .values = {[FIGURE_ENGINE_RECORDING_INPUTS] = rows[i].inputs,
                       [FIGURE_ENGINE_RECORDING_DROPPED] = rows[i].dropped,
                       [FIGURE_ENGINE_RECORDING_FAILURES] = rows[i].failures},
        };
        scene_tell(scene, &figures, second);
        assert_int_equal(health_of(&scene->view, DOOR_NONE, second), HEALTH_OK);
        body = health_body(&scene->view, DOOR_NONE, second);
        const json_t *told = json_object_get(body, "recordings");
        assert_string_equal(text_at(body, "recordings", "state"), rows[i].want);
        assert_int_equal(json_integer_value(json_object_get(told, "inputs_dropped")),
                         rows[i].dropped);
        assert_int_equal(json_integer_value(json_object_get(told, "failures")), rows[i].failures);
        json_decref(body);
    }
}

/* A scene in which the engine has told all points, but none of them has spoken. */
static void scene_silence(struct scene *scene, uint64_t now) {
    struct wire_point_values message = {
        .header =
            wire_header_of(WIRE_POINT_VALUES, wire_size(WIRE_POINT_VALUES, CONSOLE_SITE_POINTS)),
        .count = CONSOLE_SITE_POINTS,
    };
    for (uint32_t i = 0; i < CONSOLE_SITE_POINTS; i++) {
        message.values[i] = (struct wire_point_value){.point = i, .quality = QUALITY_STALE};
    }
    scene_tell(scene, &message, now);
}

/* The sensors that health says were never heard, with a rule of each: "a (b) c (d)"; "?": nobody knows. */
static void assert_unheard(struct scene *scene, int64_t count, const char *want) {
    char text[256] = "";
    size_t at = 0;
    const json_t *point = NULL;
    json_t *body = health_body(&scene->view, DOOR_NONE, second);
    const json_t *unheard = json_object_get(body, "unheard");
    json_array_foreach(json_object_get(unheard, "points"), at, point) {
        const json_t *rules = json_object_get(point, "rules");
        assert_int_equal(json_integer_value(json_object_get(point, "rule_count")), 1);
        assert_int_equal(json_array_size(rules), 1);
        size_t len = strlen(text);
        (void)snprintf(text + len, sizeof text - len, "%s%s (%s)", at == 0 ? "" : " ",
                       text_at(point, "point", NULL), json_string_value(json_array_get(rules, 0)));
    }
    if (json_is_null(json_object_get(unheard, "count"))) {
        (void)snprintf(text, sizeof text, "?");
    }
    assert_int_equal(json_integer_value(json_object_get(unheard, "count")), count);
    assert_string_equal(text, want);
    json_decref(body);
}

static void health_names_the_sensors_that_were_never_heard_and_that_a_rule_needs(void **state) {
    struct scene *scene = *state;
    assert_unheard(scene, 0, "?");
    scene_welcome(scene, second);
    scene_snapshot_end(scene, second);
    scene_components(scene, TRUTH_TRUE, second);
    assert_unheard(scene, 0, ""); /* the engine has not come to the points */
    scene_silence(scene, second);
    /* Nobody waits for the thermometer, and a card reader has nothing to say before a card is read. */
    assert_unheard(scene, 2,
                   "care/day-care/button-1 (emergency_call) care/day-care/smoke-1 (fire_alarm)");
    /* It says nothing of whether the rooms are watched. */
    assert_int_equal(health_of(&scene->view, DOOR_NONE, second), HEALTH_OK);
    scene_point(scene, CONSOLE_SITE_BUTTON, 0, second);
    assert_unheard(scene, 1, "care/day-care/smoke-1 (fire_alarm)");
    /* What the engine before said is the past. */
    view_lost(&scene->view);
    assert_unheard(scene, 0, "?");
    scene_welcome(scene, second);
    assert_unheard(scene, 0, "");
}

static void a_device_that_is_lost_is_told_by_its_alarm_and_its_points_are_not_named(void **state) {
    struct scene *scene = *state;
    struct ruleset *ruleset = &scene->site.ruleset;
    struct ruleset_rule rules[CONSOLE_SITE_ALARMS];
    memcpy(rules, ruleset->rules, sizeof rules);
    rules[CONSOLE_SITE_UPLINK].builtin = BUILTIN_DEVICE_LOST; /* of the one device */
    ruleset->rules = rules;
    view_deinit(&scene->view);
    assert_int_equal(view_init(&scene->view, &scene->site, 0), 0);
    scene_welcome(scene, second);
    scene_silence(scene, second);
    scene_alarm(scene, CONSOLE_SITE_UPLINK, raised, second);
    scene_snapshot_end(scene, second);
    scene_components(scene, TRUTH_TRUE, second);
    assert_unheard(scene, 0, "");
    scene_alarm(scene, CONSOLE_SITE_UPLINK, (struct alarm_axes){.acked = true}, second);
    assert_unheard(scene, 2,
                   "care/day-care/button-1 (emergency_call) care/day-care/smoke-1 (fire_alarm)");
}

/* A list stays a list that somebody reads, however large the site is. */
static void no_more_sensors_are_named_than_are_read(void **state) {
    enum { MANY = UNHEARD_POINTS_MAX + 7 };
    struct scene *scene = *state;
    struct ruleset *ruleset = &scene->site.ruleset;
    struct ruleset_point points[MANY];
    struct site_point names[MANY];
    uint32_t first[MANY + 1];
    uint32_t dependents[MANY];
    for (uint32_t i = 0; i < MANY; i++) {
        points[i] = ruleset->points[CONSOLE_SITE_SMOKE];
        names[i] = scene->site.points[CONSOLE_SITE_SMOKE];
        first[i] = i;
        dependents[i] = CONSOLE_SITE_FIRE;
    }
    first[MANY] = MANY;
    ruleset->points = points;
    scene->site.points = names;
    ruleset->dependent_first = first;
    ruleset->dependents = dependents;
    ruleset->point_count = MANY;
    view_deinit(&scene->view);
    assert_int_equal(view_init(&scene->view, &scene->site, 0), 0);
    scene_welcome(scene, second);
    scene_snapshot_end(scene, second);
    scene_components(scene, TRUTH_TRUE, second);
    for (uint32_t i = 0; i < MANY; i++) {
        const struct wire_point_values message = {
            .header = wire_header_of(WIRE_POINT_VALUES, wire_size(WIRE_POINT_VALUES, 1)),
            .count = 1,
            .values = {{.point = i, .quality = QUALITY_STALE}},
        };
        scene_tell(scene, &message, second);
    }
    json_t *body = health_body(&scene->view, DOOR_NONE, second);
    const json_t *unheard = json_object_get(body, "unheard");
    assert_int_equal(json_integer_value(json_object_get(unheard, "count")), MANY);
    assert_int_equal(json_array_size(json_object_get(unheard, "points")), UNHEARD_POINTS_MAX);
    json_decref(body);
    view_deinit(&scene->view);
    scene->site = console_site("/nowhere");
    assert_int_equal(view_init(&scene->view, &scene->site, 0), 0);
}

static void a_reader_that_is_understood_and_has_a_wrong_clock_is_shown_at_fault(void **state) {
    static const uint32_t dependents[] = {CONSOLE_SITE_UPLINK, CONSOLE_SITE_UPLINK};
    static const uint32_t first[CONSOLE_SITE_POINTS + 1] = {0, 0, 0, 1, 2};
    struct scene *scene = *state;
    struct ruleset *ruleset = &scene->site.ruleset;
    struct ruleset_rule rules[CONSOLE_SITE_ALARMS];
    memcpy(rules, ruleset->rules, sizeof rules);
    rules[CONSOLE_SITE_UPLINK].builtin =
        BUILTIN_SENSOR_FAULT; /* of the thermometer and the reader */
    ruleset->rules = rules;
    ruleset->dependent_first = first;
    ruleset->dependents = dependents;
    scene_welcome(scene, second);
    scene_snapshot_end(scene, second);
    for (uint32_t point = 0; point < CONSOLE_SITE_POINTS; point++) {
        scene_point(scene, point, 1, second);
    }
    const uint32_t reader = CONSOLE_SITE_READER;
    assert_int_equal(view_point_quality(&scene->view, reader, VIEW_PRESENT), QUALITY_GOOD);
    scene_alarm(scene, CONSOLE_SITE_UPLINK, raised, second);
    assert_int_equal(view_point_quality(&scene->view, reader, VIEW_PRESENT), QUALITY_FAULT);
    /* Of a point that measures the quality says so itself: it is good again before its alarm is over. */
    assert_int_equal(view_point_quality(&scene->view, CONSOLE_SITE_TEMPERATURE, VIEW_PRESENT),
                     QUALITY_GOOD);
    scene_alarm(scene, CONSOLE_SITE_UPLINK, (struct alarm_axes){.acked = true}, second);
    assert_int_equal(view_point_quality(&scene->view, reader, VIEW_PRESENT), QUALITY_GOOD);
}

static int64_t database_count(json_t *body, const char *key) {
    return json_integer_value(json_object_get(json_object_get(body, "database"), key));
}

static void health_names_the_database_and_what_waits_for_it(void **state) {
    static const struct {
        uint64_t since_s, reachable, refusing;
        const char *want;
        enum health health;
    } rows[] = {
        {0, 0, 0, "unknown", HEALTH_OK}, /* nothing was tried yet */
        {1795331820, 1, 0, "connected", HEALTH_OK},
        {1795331820, 0, 0, "away", HEALTH_DEGRADED},
        {1795331820, 0, 1, "refusing", HEALTH_DEGRADED},
    };
    struct scene *scene = *state;
    struct site_header header = *scene->site.header;
    header.influx_url = header.site_id; /* any text */
    header.influx_spool_size = 1000;
    scene->site.header = &header;
    scene_welcome(scene, second);
    scene_snapshot_end(scene, second);
    scene_components(scene, TRUTH_TRUE, second);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const struct wire_figures figures = {
            .header = wire_header_of(WIRE_FIGURES, sizeof figures),
            .owner = FIGURE_OWNER_UPLINK,
            .component = header.field_count,
            .values = {[FIGURE_UPLINK_DATABASE_SINCE] = rows[i].since_s,
                       [FIGURE_UPLINK_DATABASE_REACHABLE] = rows[i].reachable,
                       [FIGURE_UPLINK_DATABASE_REFUSING] = rows[i].refusing,
                       [FIGURE_UPLINK_SPOOL_LINES] = 4321,
                       [FIGURE_UPLINK_SPOOL_BYTES] = 120,
                       [FIGURE_UPLINK_SPOOL_DROPPED] = 15,
                       [FIGURE_UPLINK_DATABASE_LOST] = 2},
        };
        scene_tell(scene, &figures, second);
        assert_int_equal(health_of(&scene->view, DOOR_NONE, second), rows[i].health);
        json_t *body = health_body(&scene->view, DOOR_NONE, second);
        assert_string_equal(text_at(body, "database", "state"), rows[i].want);
        if (rows[i].since_s > 0) {
            assert_string_equal(text_at(body, "database", "since"), "2026-11-22T07:17:00.000Z");
        }
        assert_int_equal(database_count(body, "spool_lines"), 4321);
        assert_int_equal(database_count(body, "spool_bytes"), 120);
        assert_int_equal(database_count(body, "spool_size"), 1000);
        assert_int_equal(database_count(body, "lines_dropped"), 17);
        json_decref(body);
    }
    /* Of an uplink that is gone nothing is known. */
    struct wire_components gone = scene->view.components;
    gone.present[header.field_count] = TRUTH_FALSE;
    scene_tell(scene, &gone, second);
    json_t *body = health_body(&scene->view, DOOR_NONE, second);
    assert_string_equal(text_at(body, "database", "state"), "unknown");
    assert_int_equal(database_count(body, "spool_lines"), 0);
    json_decref(body);
}

/* --- OpenMetrics --- */

static char *metrics_text_at(struct scene *scene, struct wall wall, uint64_t now) {
    const struct metrics_console own = {.requests = 3};
    struct evbuffer *out = evbuffer_new();
    metrics_write(out, &scene->view, &own, wall, now);
    size_t size = evbuffer_get_length(out);
    char *text = calloc(1, size + 1);
    (void)evbuffer_remove(out, text, size);
    evbuffer_free(out);
    return text;
}

static char *metrics_text(struct scene *scene, uint64_t now) {
    return metrics_text_at(scene, (struct wall){(int64_t)now}, now);
}

/* Does the sample's name belong to the family, with the ending that its type asks for? */
static bool sample_belongs(const char *sample, const char *family, const char *type) {
    size_t len = strlen(family);
    size_t name_len = strcspn(sample, "{ ");
    const char *ending = strcmp(type, "counter") == 0 ? "_total"
                         : strcmp(type, "info") == 0  ? "_info"
                                                      : "";
    return strncmp(sample, family, len) == 0 && name_len == len + strlen(ending) &&
           strncmp(sample + len, ending, strlen(ending)) == 0;
}

/* Every family is announced once, its samples follow, and the last line is # EOF. */
static void metrics_check(char *text) {
    char family[128] = "";
    char type[16] = "";
    char seen[16384] = "";
    bool ended = false;
    size_t samples = 0;
    assert_int_equal(text[strlen(text) - 1], '\n');
    char *rest = NULL;
    for (char *line = strtok_r(text, "\n", &rest); line != NULL;
         line = strtok_r(NULL, "\n", &rest)) {
        assert_false(ended);
        if (strcmp(line, "# EOF") == 0) {
            ended = true;
        } else if (sscanf(line, "# TYPE %127s %15s", family, type) == 2) {
            char word[140];
            (void)snprintf(word, sizeof word, " %s ", family);
            assert_null(strstr(seen, word));
            assert_true(strlen(seen) + strlen(word) < sizeof seen);
            strcat(seen, word);
            assert_memory_equal(family, "tocsin_", 7);
        } else if (line[0] == '#') {
            char about[128];
            assert_int_equal(sscanf(line, "# %*s %127s", about), 1);
            assert_string_equal(about, family);
        } else {
            char *end = NULL;
            const char *value = strrchr(line, ' ');
            assert_true(sample_belongs(line, family, type));
            assert_non_null(value);
            assert_true(isfinite(strtod(value + 1, &end)));
            assert_int_equal(*end, '\0');
            samples++;
        }
    }
    assert_true(ended);
    assert_true(samples > 5);
}

static void metrics_are_valid_openmetrics_with_and_without_the_engine(void **state) {
    struct scene *scene = *state;
    char *text = metrics_text(scene, second);
    assert_non_null(strstr(text, "\ntocsin_engine_up 0\n"));
    assert_null(strstr(text, "tocsin_alarms_active"));
    metrics_check(text);
    free(text);
    scene_welcome(scene, second);
    scene_alarm(scene, CONSOLE_SITE_CALL, raised, second);
    scene_components(scene, TRUTH_UNKNOWN, second);
    scene_snapshot_end(scene, second);
    text = metrics_text(scene, second);
    assert_non_null(strstr(text, "\ntocsin_engine_up 1\n"));
    assert_non_null(strstr(text, "\ntocsin_alarms_active{priority=\"emergency\"} 1\n"));
    assert_non_null(strstr(text, "\ntocsin_commit_max_seconds 0.001500000\n"));
    assert_non_null(strstr(text, "\ntocsin_readings_total 12\n"));
    assert_null(strstr(text, "component=\"field-0\"")); /* not known is not lost */
    metrics_check(text);
    free(text);
}

static void scene_figures(struct scene *scene, enum figure_owner owner, uint32_t component,
                          enum figure figure, uint64_t value) {
    struct wire_figures message = {.header = wire_header_of(WIRE_FIGURES, sizeof message),
                                   .owner = owner,
                                   .component = component};
    message.values[figure] = value;
    scene_tell(scene, &message, second);
}

/* Field processes have their name; what is lost or was told to another engine is not given. */
static void figures_are_those_of_processes_that_are_there(void **state) {
    struct scene *scene = *state;
    enum { FIELD, UPLINK };
    scene_welcome(scene, second);
    scene_components(scene, TRUTH_TRUE, second);
    scene_snapshot_end(scene, second);
    char *text = metrics_text(scene, second);
    assert_null(strstr(text, "tocsin_field_edges_merged_total"));
    assert_null(strstr(text, "tocsin_webhook_failures_total"));
    assert_null(strstr(text, "tocsin_notices_waiting"));
    free(text);
    scene_figures(scene, FIGURE_OWNER_FIELD, FIELD, FIGURE_FIELD_EDGES_MERGED, 5);
    scene_figures(scene, FIGURE_OWNER_UPLINK, UPLINK, FIGURE_UPLINK_WEBHOOK_FAILURES, 6);
    scene_figures(scene, FIGURE_OWNER_ENGINE, 0, FIGURE_ENGINE_NOTICES_WAITING, 7);
    text = metrics_text(scene, second);
    assert_non_null(strstr(text, "\ntocsin_field_edges_merged_total{component=\"field-0\"} 5\n"));
    assert_non_null(strstr(text, "\ntocsin_webhook_failures_total 6\n"));
    assert_non_null(strstr(text, "\ntocsin_notices_waiting 7\n"));
    metrics_check(text);
    free(text);
    scene_components(scene, TRUTH_FALSE, second);
    text = metrics_text(scene, second);
    assert_null(strstr(text, "tocsin_field_edges_merged_total{"));
    assert_non_null(strstr(text, "tocsin_webhook_failures_total 6"));
    free(text);
    scene_welcome(scene, second);
    scene_snapshot_end(scene, second);
    text = metrics_text(scene, second);
    assert_null(strstr(text, "tocsin_webhook_failures_total"));
    assert_null(strstr(text, "tocsin_notices_waiting"));
    free(text);
    uint64_t faults = scene->view.faults;
    scene_figures(scene, FIGURE_OWNER_FIELD, LIMIT_COMPONENTS - 1, FIGURE_FIELD_EDGES_MERGED, 1);
    scene_figures(scene, FIGURE_OWNER_COUNT, 0, FIGURE_FIELD_EDGES_MERGED, 1);
    assert_int_equal(scene->view.faults, faults + 1);
    scene_figures(scene, FIGURE_OWNER_FIELD, LIMIT_COMPONENTS, FIGURE_FIELD_EDGES_MERGED, 1);
    assert_int_equal(scene->view.faults, faults + 2);
}

static void scene_bus(struct scene *scene, uint32_t bus, uint64_t polls) {
    struct wire_buses message = {
        .header = wire_header_of(WIRE_BUSES, wire_size(WIRE_BUSES, 1)),
        .count = 1,
        .buses = {{.bus = bus,
                   .polls = polls,
                   .answers = polls - 1,
                   .failures = {[SENSOR_CAUSE_TIMEOUT] = 1, [SENSOR_CAUSE_VALUE] = 2}}},
    };
    scene_tell(scene, &message, second);
}

static void buses_have_figures_by_cause_and_past_the_bound_they_are_one(void **state) {
    struct scene *scene = *state;
    scene_welcome(scene, second);
    scene_components(scene, TRUTH_TRUE, second);
    scene_snapshot_end(scene, second);
    for (uint32_t i = 0; i < METRICS_BUSES_MAX; i++) {
        scene_bus(scene, i, 10);
    }
    char *text = metrics_text(scene, second);
    assert_non_null(
        strstr(text, "\ntocsin_bus_polls_total{bus=\"rtu:/dev/\\\"odd\\\\line\\\"\"} 10\n"));
    assert_non_null(strstr(text, "\ntocsin_bus_answers_total{bus=\"tcp://io:502\"} 9\n"));
    assert_non_null(
        strstr(text, "\ntocsin_bus_failures_total{bus=\"tcp://io:502\",cause=\"timeout\"} 1\n"));
    assert_non_null(
        strstr(text, "\ntocsin_bus_failures_total{bus=\"tcp://io:502\",cause=\"value\"} 2\n"));
    assert_null(strstr(text, "bus=\"others\""));
    metrics_check(text);
    free(text);
    scene_bus(scene, METRICS_BUSES_MAX, 10);
    scene_bus(scene, METRICS_BUSES_MAX + 1, 30);
    text = metrics_text(scene, second);
    assert_non_null(strstr(text, "\ntocsin_bus_polls_total{bus=\"others\"} 40\n"));
    assert_non_null(
        strstr(text, "\ntocsin_bus_failures_total{bus=\"others\",cause=\"value\"} 4\n"));
    free(text);
    uint64_t faults = scene->view.faults;
    scene_bus(scene, CONSOLE_SITE_BUSES, 1);
    assert_int_equal(scene->view.faults, faults + 1);
}

/* Late is who is told of an alarm and has not acknowledged it within what the site says. */
static void an_alarm_is_overdue_past_the_time_of_its_priority(void **state) {
    struct scene *scene = *state;
    const struct wall taken = {1795331820123000000};
    const struct alarm_axes acked = {.active = true, .acked = true, .open = true};
    const struct alarm_axes tested = {.active = true, .test = true, .open = true};
    const struct alarm_axes shelved = {.active = true, .shelved = true, .open = true};
    const struct {
        struct alarm_axes axes;
        uint64_t after_s;
        const char *line;
    } rows[] = {
        {raised, 60, "\ntocsin_alarms_overdue{priority=\"emergency\"} 0\n"},
        {raised, 61, "\ntocsin_alarms_overdue{priority=\"emergency\"} 1\n"},
        {acked, 61, "\ntocsin_alarms_overdue{priority=\"emergency\"} 0\n"},
        {tested, 61, "\ntocsin_alarms_overdue{priority=\"emergency\"} 0\n"},
        {shelved, 61, "\ntocsin_alarms_overdue{priority=\"emergency\"} 0\n"},
    };
    scene_welcome(scene, second);
    scene_snapshot_end(scene, second);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        scene_alarm(scene, CONSOLE_SITE_CALL, rows[i].axes, second);
        struct wall now = {taken.ns + (int64_t)(rows[i].after_s * NS_PER_S)};
        char *text = metrics_text_at(scene, now, second);
        assert_non_null(strstr(text, rows[i].line));
        free(text);
    }
}

/* --- documents --- */

static char *document_text(const struct document *document) {
    struct evbuffer *out = evbuffer_new();
    document_add(out, document);
    size_t size = evbuffer_get_length(out);
    char *text = calloc(1, size + 1);
    (void)evbuffer_remove(out, text, size);
    evbuffer_free(out);
    return text;
}

static void a_document_says_whether_it_is_durable_and_what_it_was_first_sent_as(void **state) {
    static const char body[] = "{\"id\":\"gulou-demo.main.17.4201\",\"data\":{}}";
    (void)state;
    struct document document = {.body = body, .size = strlen(body), .durable = true};
    char *text = document_text(&document);
    assert_string_equal(text, "{\"id\":\"gulou-demo.main.17.4201\",\"data\":{},\"durable\":true,"
                              "\"replayed\":false}");
    free(text);
    document.early = 9;
    document.replayed = true;
    text = document_text(&document);
    assert_string_equal(text, "{\"id\":\"gulou-demo.main.17.4201\",\"data\":{},\"durable\":true,"
                              "\"replayed\":true,\"first_sent_as\":\"gulou-demo.main.17.u9\"}");
    free(text);
    document.durable = false;
    text = document_text(&document);
    assert_null(strstr(text, "first_sent_as"));
    free(text);
}

static void a_body_that_would_break_the_framing_is_not_sound(void **state) {
    (void)state;
    const char *const bodies[] = {"", "{", "{}", "[1,2]", "{\"a\":\n1}", "{\"a\":1}\r"};
    for (size_t i = 0; i < sizeof bodies / sizeof *bodies; i++) {
        const struct document document = {.body = bodies[i], .size = strlen(bodies[i])};
        assert_false(document_is_sound(&document));
    }
}

/* --- people --- */

static void the_longest_name_in_the_longest_role_fits_an_actor(void **state) {
    char by[PEER_BY_MAX + 1];
    char actor[LIMIT_ACTOR];
    (void)state;
    memset(by, 'w', PEER_BY_MAX);
    by[PEER_BY_MAX] = '\0';
    for (enum role role = 0; role < ROLE_COUNT; role++) {
        char wanted[2 * LIMIT_ACTOR];
        (void)snprintf(wanted, sizeof wanted, "%s (%s, local)", by, role_name(role));
        asker_actor_format(ASKER_LOCAL, by, role, actor);
        assert_string_equal(actor, wanted);
    }
}

static void every_refusal_has_a_sentence_of_its_own_in_both_languages(void **state) {
    (void)state;
    for (enum command_refusal a = 0; a < COMMAND_REFUSAL_COUNT; a++) {
        char text[PROBLEM_REFUSAL_SIZE], zh[PROBLEM_REFUSAL_SIZE], other[PROBLEM_REFUSAL_SIZE];
        problem_refusal_format(a, &alarm_times_default, LANGUAGE_ZH, "call/care/bath/cord", zh);
        problem_refusal_format(a, &alarm_times_default, LANGUAGE_EN, "call/care/bath/cord", text);
        assert_true(strlen(zh) > 0 && strlen(text) > 0 && strlen(text) < sizeof text - 1);
        assert_string_not_equal(text, zh);
        for (enum command_refusal b = 0; b < a; b++) {
            problem_refusal_format(b, &alarm_times_default, LANGUAGE_EN, "call/care/bath/cord",
                                   other);
            assert_string_not_equal(text, other);
        }
    }
}

static void a_refusal_names_the_times_of_the_site_and_not_those_of_the_model(void **state) {
    (void)state;
    char text[PROBLEM_REFUSAL_SIZE];
    struct alarm_times times = alarm_times_default;
    times.silence_max_s = 45;
    times.shelve_max_s = 90 * 60;
    times.disposition_s = 7200;
    problem_refusal_format(COMMAND_REFUSED_TOO_LONG, &times, LANGUAGE_EN, "call/care/bath/cord",
                           text);
    assert_non_null(
        strstr(text, "at most 45 s, a shelving 90 min, out of service 366 days, a test 480 min"));
    problem_refusal_format(COMMAND_REFUSED_TOO_LONG, &times, LANGUAGE_ZH, "call/care/bath/cord",
                           text);
    assert_non_null(strstr(text, "45 秒"));
    problem_refusal_format(COMMAND_REFUSED_TOO_LATE, &times, LANGUAGE_EN, "call/care/bath/cord",
                           text);
    assert_non_null(strstr(text, "more than 2 h ago"));
}

static void a_refusal_for_a_bad_sensor_names_it(void **state) {
    (void)state;
    for (enum site_language language = LANGUAGE_ZH; language <= LANGUAGE_EN; language++) {
        char text[PROBLEM_REFUSAL_SIZE];
        problem_refusal_format(COMMAND_REFUSED_QUALITY, &alarm_times_default, language,
                               "call/care/bath/cord", text);
        assert_non_null(strstr(text, " care/bath/cord "));
        /* The longest name leaves the sentence whole. */
        char longest[SITE_ALARM_NAME_SIZE];
        (void)memset(longest, '/', sizeof longest);
        longest[sizeof longest - 1] = '\0';
        problem_refusal_format(COMMAND_REFUSED_QUALITY, &alarm_times_default, language, longest,
                               text);
        assert_true(strlen(text) < sizeof text - 1);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(before_the_snapshot_is_complete_no_alarm_cannot_be_said,
                                        scene_open, scene_close),
        cmocka_unit_test_setup_teardown(places_under_test_are_told_with_every_list, scene_open,
                                        scene_close),
        cmocka_unit_test_setup_teardown(
            a_place_says_for_how_many_it_is_and_null_where_the_site_does_not, scene_open,
            scene_close),
        cmocka_unit_test_setup_teardown(whoever_takes_over_is_told_each_kind_of_what_is_open,
                                        scene_open, scene_close),
        cmocka_unit_test_setup_teardown(an_engine_that_says_nothing_for_five_seconds_is_not_present,
                                        scene_open, scene_close),
        cmocka_unit_test_setup_teardown(
            an_alarm_that_the_next_snapshot_does_not_name_has_become_normal, scene_open,
            scene_close),
        cmocka_unit_test_setup_teardown(an_alarm_carries_names_texts_and_axes, scene_open,
                                        scene_close),
        cmocka_unit_test_setup_teardown(a_value_that_is_no_number_never_gets_into_json, scene_open,
                                        scene_close),
        cmocka_unit_test_setup_teardown(
            a_value_is_good_only_while_the_engine_is_there_to_confirm_it, scene_open, scene_close),
        cmocka_unit_test_setup_teardown(an_index_of_another_site_is_counted_and_changes_nothing,
                                        scene_open, scene_close),
        cmocka_unit_test_setup_teardown(an_event_points_reading_is_never_shown_as_a_value,
                                        scene_open, scene_close),
        cmocka_unit_test_setup_teardown(a_door_says_since_when_it_stands_as_it_does, scene_open,
                                        scene_close),
        cmocka_unit_test_setup_teardown(a_card_reader_that_had_no_card_yet_is_not_known_to_be_good,
                                        scene_open, scene_close),
        cmocka_unit_test_setup_teardown(
            health_is_failed_without_the_engine_and_degraded_without_a_part, scene_open,
            scene_close),
        cmocka_unit_test_setup_teardown(
            a_site_file_that_is_wrong_is_degraded_and_it_says_since_when_the_other_is_watched,
            scene_open, scene_close),
        cmocka_unit_test_setup_teardown(what_is_not_configured_is_neither_away_nor_degraded,
                                        scene_open, scene_close),
        cmocka_unit_test_setup_teardown(health_names_the_database_and_what_waits_for_it, scene_open,
                                        scene_close),
        cmocka_unit_test_setup_teardown(
            health_names_the_sensors_that_were_never_heard_and_that_a_rule_needs, scene_open,
            scene_close),
        cmocka_unit_test_setup_teardown(
            a_device_that_is_lost_is_told_by_its_alarm_and_its_points_are_not_named, scene_open,
            scene_close),
        cmocka_unit_test_setup_teardown(
            a_reader_that_is_understood_and_has_a_wrong_clock_is_shown_at_fault, scene_open,
            scene_close),
        cmocka_unit_test_setup_teardown(no_more_sensors_are_named_than_are_read, scene_open,
                                        scene_close),
        cmocka_unit_test_setup_teardown(a_door_that_is_not_as_it_is_meant_degrades_and_is_named,
                                        scene_open, scene_close),
        cmocka_unit_test_setup_teardown(health_says_what_is_missing_of_the_recordings, scene_open,
                                        scene_close),
        cmocka_unit_test_setup_teardown(metrics_are_valid_openmetrics_with_and_without_the_engine,
                                        scene_open, scene_close),
        cmocka_unit_test_setup_teardown(figures_are_those_of_processes_that_are_there, scene_open,
                                        scene_close),
        cmocka_unit_test_setup_teardown(buses_have_figures_by_cause_and_past_the_bound_they_are_one,
                                        scene_open, scene_close),
        cmocka_unit_test_setup_teardown(an_alarm_is_overdue_past_the_time_of_its_priority,
                                        scene_open, scene_close),
        cmocka_unit_test(a_document_says_whether_it_is_durable_and_what_it_was_first_sent_as),
        cmocka_unit_test(a_body_that_would_break_the_framing_is_not_sound),
        cmocka_unit_test(the_longest_name_in_the_longest_role_fits_an_actor),
        cmocka_unit_test(every_refusal_has_a_sentence_of_its_own_in_both_languages),
        cmocka_unit_test(a_refusal_names_the_times_of_the_site_and_not_those_of_the_model),
        cmocka_unit_test(a_refusal_for_a_bad_sensor_names_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
