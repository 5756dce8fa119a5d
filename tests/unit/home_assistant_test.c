/* SPDX-License-Identifier: Apache-2.0 */

/*
 * What Home Assistant is told: of each kind of point what its documentation asks for, nothing that must not
 * leave, and nothing left of an earlier site.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <jansson.h>

#include "gateway/uplink/home_assistant.h"
#include "gateway/uplink/note_list.h"
#include "tests/support/cmocka.h"
#include "tests/support/console_site.h"
#include "tests/support/scratch.h"

#define NODE "tocsin_gulou-demo_main"

/* The site of one room, whose points are of the kinds that a test wants. */
struct scene {
    struct site_header header;
    struct ruleset_point points[CONSOLE_SITE_POINTS];
    struct site site;
    struct topic_root root;
    struct home_assistant announcements;
};

/* `prefix` is any text of the site; NULL: the option is off. */
static void scene_begin(struct scene *scene, bool on, enum site_language language) {
    scene->site = console_site("/nowhere");
    scene->header = *scene->site.header;
    /* A text that the site has, and that could be a prefix. */
    scene->header.home_assistant_prefix = on ? scene->header.gateway_id : 0;
    scene->header.home_assistant_language = language;
    memcpy(scene->points, scene->site.ruleset.points, sizeof scene->points);
    scene->site.header = &scene->header;
    scene->site.ruleset.points = scene->points;
    topic_root_init(&scene->root, "gulou-demo", "main");
    home_assistant_init(&scene->announcements, &scene->site, &scene->root);
    home_assistant_session(&scene->announcements);
}

/* The next announcement; NULL at the end. */
static json_t *scene_next(struct scene *scene, char topic[TOPIC_SIZE]) {
    char payload[UPLINK_JSON_SIZE];
    size_t size = home_assistant_next(&scene->announcements, topic, payload);
    if (size == 0) {
        return NULL;
    }
    home_assistant_done(&scene->announcements);
    json_t *object = json_loadb(payload, size, JSON_REJECT_DUPLICATES, NULL);
    assert_non_null(object);
    return object;
}

/* The announcement of the button when it is of another kind; NULL when it has none. */
static json_t *scene_kind(struct scene *scene, enum point_kind kind, char topic[TOPIC_SIZE]) {
    scene_begin(scene, true, LANGUAGE_EN);
    scene->points[CONSOLE_SITE_BUTTON].kind = (uint16_t)kind;
    json_t *object = scene_next(scene, topic);
    while (object != NULL && strstr(topic, "_button-1/config") == NULL) {
        json_decref(object);
        object = scene_next(scene, topic);
    }
    return object;
}

static void assert_text(json_t *object, const char *key, const char *expected) {
    const char *text = json_string_value(json_object_get(object, key));
    if (expected == NULL) {
        assert_null(text);
    } else {
        assert_non_null(text);
        assert_string_equal(text, expected);
    }
}

static void each_point_that_is_published_is_announced_once_and_the_gateway_first(void **state) {
    (void)state;
    static const char *const topics[] = {
        "main/binary_sensor/" NODE "/status/config",
        "main/binary_sensor/" NODE "/care_day-care_button-1/config",
        "main/binary_sensor/" NODE "/care_day-care_smoke-1/config",
        "main/sensor/" NODE "/care_day-care_temperature/config",
    };
    struct scene scene;
    char topic[TOPIC_SIZE];
    scene_begin(&scene, true, LANGUAGE_ZH);
    for (int session = 0; session < 2; session++) {
        for (size_t i = 0; i < sizeof topics / sizeof *topics; i++) {
            json_t *object = scene_next(&scene, topic);
            assert_non_null(object);
            assert_string_equal(topic, topics[i]);
            json_decref(object);
        }
        assert_null(scene_next(&scene, topic));
        home_assistant_session(&scene.announcements);
    }
}

static void a_point_names_topics_that_there_are_and_when_it_is_to_be_relied_on(void **state) {
    (void)state;
    struct scene scene;
    char topic[TOPIC_SIZE];
    json_t *object = scene_kind(&scene, POINT_SMOKE, topic);
    assert_text(object, "state_topic", "tocsin/v1/gulou-demo/main/point/care/day-care/button-1");
    assert_text(object, "value_template", "{{ value_json.value }}");
    assert_text(object, "unique_id", NODE "_care_day-care_button-1");
    assert_text(object, "availability_mode", "all");
    json_t *availability = json_object_get(object, "availability");
    assert_int_equal(json_array_size(availability), 2);
    assert_text(json_array_get(availability, 0), "topic", "tocsin/v1/gulou-demo/main/status");
    assert_text(json_array_get(availability, 1), "topic",
                "tocsin/v1/gulou-demo/main/point/care/day-care/button-1");
    json_t *device = json_object_get(object, "device");
    assert_text(device, "name", "Day-care room");
    assert_text(device, "model", "day_care_room");
    assert_text(device, "via_device", NODE);
    assert_string_equal(
        json_string_value(json_array_get(json_object_get(device, "identifiers"), 0)),
        NODE "_care_day-care");
    /* Two smoke detectors in the room now: the word alone would name both. */
    assert_text(object, "name", "Smoke button-1");
    json_decref(object);
}

static void names_are_in_the_language_of_the_site(void **state) {
    (void)state;
    struct scene scene;
    char topic[TOPIC_SIZE];
    scene_begin(&scene, true, LANGUAGE_ZH);
    json_decref(scene_next(&scene, topic));
    json_t *object = scene_next(&scene, topic);
    assert_text(object, "name", "紧急按钮");
    assert_text(json_object_get(object, "device"), "name", "日间照料室");
    json_decref(object);
}

/* The classes and units are those of Home Assistant's own lists. */
static void each_kind_has_the_class_and_unit_that_home_assistant_knows(void **state) {
    (void)state;
    static const struct {
        enum point_kind kind;
        const char *component, *device_class, *unit, *state_class, *on;
    } kinds[] = {
        {POINT_MOTION, "binary_sensor", "motion", NULL, NULL, "1"},
        {POINT_PRESENCE, "binary_sensor", "occupancy", NULL, NULL, "1"},
        {POINT_OCCUPANCY_COUNT, "sensor", NULL, NULL, "measurement", NULL},
        {POINT_PEOPLE_IN, "sensor", NULL, NULL, "total_increasing", NULL},
        {POINT_EMERGENCY_BUTTON, "binary_sensor", "safety", NULL, NULL, "1"},
        {POINT_BED_EXIT, "binary_sensor", NULL, NULL, NULL, "1"},
        {POINT_SMOKE, "binary_sensor", "smoke", NULL, NULL, "1"},
        {POINT_CARBON_MONOXIDE, "binary_sensor", "carbon_monoxide", NULL, NULL, "1"},
        {POINT_FIRE_PANEL_FAULT, "binary_sensor", "problem", NULL, NULL, "1"},
        {POINT_DOOR_CONTACT, "binary_sensor", "door", NULL, NULL, "1"},
        {POINT_DOOR_LOCK, "binary_sensor", NULL, NULL, NULL, "1"},
        {POINT_WATER_LEAK, "binary_sensor", "moisture", NULL, NULL, "1"},
        {POINT_BATTERY, "sensor", "battery", "%", "measurement", NULL},
        {POINT_TEMPERATURE, "sensor", "temperature", "°C", "measurement", NULL},
        {POINT_HUMIDITY, "sensor", "humidity", "%", "measurement", NULL},
        {POINT_CO2, "sensor", "carbon_dioxide", "ppm", "measurement", NULL},
        {POINT_ILLUMINANCE, "sensor", "illuminance", "lx", "measurement", NULL},
        {POINT_NOISE, "sensor", "sound_pressure", "dB", "measurement", NULL},
        {POINT_SOUNDER, "binary_sensor", "running", NULL, NULL, "1"},
    };
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        struct scene scene;
        char topic[TOPIC_SIZE], expected[TOPIC_SIZE];
        json_t *object = scene_kind(&scene, kinds[i].kind, topic);
        assert_non_null(object);
        (void)snprintf(expected, sizeof expected, "main/%s/" NODE "/care_day-care_button-1/config",
                       kinds[i].component);
        assert_string_equal(topic, expected);
        assert_text(object, "device_class", kinds[i].device_class);
        assert_text(object, "unit_of_measurement", kinds[i].unit);
        assert_text(object, "state_class", kinds[i].state_class);
        assert_text(object, "payload_on", kinds[i].on);
        json_decref(object);
    }
}

static void every_kind_is_announced_but_cards_and_what_is_silent_at_the_place(void **state) {
    (void)state;
    for (enum point_kind kind = 0; kind < POINT_KIND_COUNT; kind++) {
        struct scene scene;
        char topic[TOPIC_SIZE];
        json_t *object = scene_kind(&scene, kind, topic);
        bool absent =
            kind == POINT_ACCESS_READER || kind == POINT_CHECKPOINT || kind == POINT_PANIC_BUTTON;
        assert_int_equal(object == NULL, absent);
        if (object != NULL) {
            assert_true(json_string_length(json_object_get(object, "name")) > 0);
            json_decref(object);
        }
    }
}

static void nothing_is_announced_without_the_option(void **state) {
    (void)state;
    struct scene scene;
    char topic[TOPIC_SIZE];
    scene_begin(&scene, false, LANGUAGE_ZH);
    assert_null(scene_next(&scene, topic));
}

static void a_broker_that_refuses_is_not_asked_again_in_its_session(void **state) {
    (void)state;
    struct scene scene;
    char topic[TOPIC_SIZE];
    scene_begin(&scene, true, LANGUAGE_ZH);
    json_decref(scene_next(&scene, topic));
    home_assistant_refused(&scene.announcements);
    assert_null(scene_next(&scene, topic));
    home_assistant_session(&scene.announcements);
    json_t *object = scene_next(&scene, topic);
    assert_non_null(object);
    json_decref(object);
}

static void what_was_announced_once_is_told_from_what_is_and_from_what_others_have(void **state) {
    (void)state;
    static const struct {
        const char *topic;
        enum home_assistant_topic on, off;
    } topics[] = {
        {"main/binary_sensor/" NODE "/status/config", HOME_ASSISTANT_CURRENT, HOME_ASSISTANT_STALE},
        {"main/sensor/" NODE "/care_day-care_temperature/config", HOME_ASSISTANT_CURRENT,
         HOME_ASSISTANT_STALE},
        /* another component, another prefix, a point that is gone, one that is never announced */
        {"main/sensor/" NODE "/status/config", HOME_ASSISTANT_STALE, HOME_ASSISTANT_STALE},
        {"old/sensor/" NODE "/care_day-care_temperature/config", HOME_ASSISTANT_STALE,
         HOME_ASSISTANT_STALE},
        {"a/b/sensor/" NODE "/care_old/config", HOME_ASSISTANT_STALE, HOME_ASSISTANT_STALE},
        {"main/binary_sensor/" NODE "/care_day-care_reader/config", HOME_ASSISTANT_STALE,
         HOME_ASSISTANT_STALE},
        /* others' */
        {"main/sensor/tocsin_gulou-demo_other/care_old/config", HOME_ASSISTANT_FOREIGN,
         HOME_ASSISTANT_FOREIGN},
        {"main/sensor/x" NODE "/care_old/config", HOME_ASSISTANT_FOREIGN, HOME_ASSISTANT_FOREIGN},
        {"main/sensor/" NODE "/care_old/state", HOME_ASSISTANT_FOREIGN, HOME_ASSISTANT_FOREIGN},
        {NODE "/care_old/config", HOME_ASSISTANT_FOREIGN, HOME_ASSISTANT_FOREIGN},
        {"/config", HOME_ASSISTANT_FOREIGN, HOME_ASSISTANT_FOREIGN},
        {"config", HOME_ASSISTANT_FOREIGN, HOME_ASSISTANT_FOREIGN},
        {"", HOME_ASSISTANT_FOREIGN, HOME_ASSISTANT_FOREIGN},
    };
    struct scene on, off;
    char filter[TOPIC_SIZE];
    scene_begin(&on, true, LANGUAGE_ZH);
    scene_begin(&off, false, LANGUAGE_ZH);
    for (size_t i = 0; i < sizeof topics / sizeof *topics; i++) {
        assert_int_equal(home_assistant_topic(&on.announcements, topics[i].topic), topics[i].on);
        assert_int_equal(home_assistant_topic(&off.announcements, topics[i].topic), topics[i].off);
    }
    home_assistant_filter(off.announcements.node, "home/assistant", filter);
    assert_string_equal(filter, "home/assistant/+/" NODE "/+/config");
}

static void a_prefix_is_levels_of_plain_characters_and_not_our_own(void **state) {
    (void)state;
    static const char *const good[] = {"homeassistant", "a", "Home_Assistant-2/x", "tocsins",
                                       "a/tocsin"};
    static const char *const bad[] = {"",    "/a", "a/",  "a//b",   "a/+",      "#",
                                      "a b", "家", "a.b", "tocsin", "tocsin/v1"};
    char longest[SITE_PREFIX_LEN_MAX + 2];
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        assert_true(site_prefix_is_good(good[i]));
    }
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_false(site_prefix_is_good(bad[i]));
    }
    memset(longest, 'a', sizeof longest);
    longest[SITE_PREFIX_LEN_MAX + 1] = '\0';
    assert_false(site_prefix_is_good(longest));
    longest[SITE_PREFIX_LEN_MAX] = '\0';
    assert_true(site_prefix_is_good(longest));
}

/* ---- the prefixes that were used ---- */

static int state_begin(void **state) {
    static char directory[64];
    (void)snprintf(directory, sizeof directory, "/tmp/home_assistant_test.XXXXXX");
    *state = mkdtemp(directory);
    return *state == NULL || chdir(*state) != 0 || mkdir("uplink", 0700) != 0 ? -1 : 0;
}

static int state_end(void **state) {
    return chdir("/") != 0 ? -1 : scratch_remove(*state);
}

static void a_site_that_never_had_the_option_leaves_no_file_and_asks_nothing(void **state) {
    struct note_list prefixes;
    assert_int_equal(note_list_take(*state, "home_assistant", NULL, site_prefix_is_good, &prefixes),
                     0);
    assert_int_equal(prefixes.count, 0);
    assert_int_not_equal(access("uplink/home_assistant", F_OK), 0);
}

static void the_newest_prefixes_are_remembered_up_to_the_limit(void **state) {
    static const char *const used[] = {"p1", "p2", "p3", "p4", "p5", "p5", NULL, "p3"};
    static const char *const expected[] = {"p1",          "p2 p1",       "p3 p2 p1",
                                           "p4 p3 p2 p1", "p5 p4 p3 p2", "p5 p4 p3 p2",
                                           "p5 p4 p3 p2", "p3 p5 p4 p2"};
    _Static_assert(NOTE_LIST_MAX == 4, "the table above goes to the limit and one past it");
    for (size_t i = 0; i < sizeof used / sizeof *used; i++) {
        struct note_list prefixes;
        char all[300] = "";
        assert_int_equal(
            note_list_take(*state, "home_assistant", used[i], site_prefix_is_good, &prefixes), 0);
        size_t len = 0;
        for (uint32_t k = 0; k < prefixes.count; k++) {
            len += (size_t)snprintf(all + len, sizeof all - len, "%s%s", k == 0 ? "" : " ",
                                    prefixes.texts[k]);
        }
        assert_string_equal(all, expected[i]);
    }
}

static void a_damaged_file_loses_what_is_no_prefix_and_nothing_else(void **state) {
    struct note_list prefixes;
    FILE *file = fopen("uplink/home_assistant", "w");
    assert_non_null(file);
    (void)fputs("tocsin/v1\n\n#\ngood\ngood\nalso-good", file);
    assert_int_equal(fclose(file), 0);
    assert_int_equal(note_list_take(*state, "home_assistant", NULL, site_prefix_is_good, &prefixes),
                     0);
    assert_int_equal(prefixes.count, 2);
    assert_string_equal(prefixes.texts[0], "good");
    assert_string_equal(prefixes.texts[1], "also-good");
}

static void a_prefix_that_cannot_be_noted_is_told_and_used_all_the_same(void **state) {
    struct note_list prefixes;
    assert_int_equal(rmdir("uplink"), 0);
    assert_true(note_list_take(*state, "home_assistant", "p1", site_prefix_is_good, &prefixes) < 0);
    assert_int_equal(prefixes.count, 1);
    assert_string_equal(prefixes.texts[0], "p1");
}

#define STATE_TEST(name) cmocka_unit_test_setup_teardown(name, state_begin, state_end)

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_point_that_is_published_is_announced_once_and_the_gateway_first),
        cmocka_unit_test(a_point_names_topics_that_there_are_and_when_it_is_to_be_relied_on),
        cmocka_unit_test(names_are_in_the_language_of_the_site),
        cmocka_unit_test(each_kind_has_the_class_and_unit_that_home_assistant_knows),
        cmocka_unit_test(every_kind_is_announced_but_cards_and_what_is_silent_at_the_place),
        cmocka_unit_test(nothing_is_announced_without_the_option),
        cmocka_unit_test(a_broker_that_refuses_is_not_asked_again_in_its_session),
        cmocka_unit_test(what_was_announced_once_is_told_from_what_is_and_from_what_others_have),
        cmocka_unit_test(a_prefix_is_levels_of_plain_characters_and_not_our_own),
        STATE_TEST(a_site_that_never_had_the_option_leaves_no_file_and_asks_nothing),
        STATE_TEST(the_newest_prefixes_are_remembered_up_to_the_limit),
        STATE_TEST(a_damaged_file_loses_what_is_no_prefix_and_nothing_else),
        STATE_TEST(a_prefix_that_cannot_be_noted_is_told_and_used_all_the_same),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
