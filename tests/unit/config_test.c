/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a good site becomes
 *
 * The image is looked at through gateway/site.h, as the processes do. Sites stand in the tests;
 * what is said about wrong ones is in config_cases_test.c.
 */
#include <float.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "gateway/config/config.h"
#include "gateway/config/config_alarms.h"
#include "gateway/config/config_layout.h"
#include "gateway/config/config_source.h"
#include "tests/support/notes.h"
#include "tests/support/scarce_memory.h"

#define EXAMPLE TEST_SOURCE_DIR "/deploy/example/site.yaml"

/* What every small site here begins with. */
#define HEAD                                                                                       \
    "tocsin: 1\n"                                                                                  \
    "site: {id: t, name: {en: T}, timezone: UTC}\n"
#define ROOM "places: [{id: room, kind: bedroom, name: {en: Room}}]\n"

/* ---- loading -------------------------------------------------------------------------------- */

struct loaded {
    struct config_result result;
    struct site site;
    char path[64];
};

static void site_write(const char *text, size_t len, char path[64]) {
    (void)snprintf(path, 64, "/tmp/tocsin-config-XXXXXX");
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    FILE *file = fdopen(fd, "w");
    assert_non_null(file);
    assert_int_equal(fwrite(text, 1, len, file), len);
    assert_int_equal(fclose(file), 0);
}

static int load_path(struct loaded *loaded, const char *path, const char *setting) {
    struct config_options options = {.settings = &setting, .setting_count = setting != NULL};
    int r = config_load(path, &options, &loaded->result);
    if (r == 0) {
        assert_int_equal(site_view(loaded->result.image, loaded->result.image_size, &loaded->site),
                         0);
    }
    return r;
}

static int load_text(struct loaded *loaded, const char *text) {
    *loaded = (struct loaded){0};
    site_write(text, strlen(text), loaded->path);
    return load_path(loaded, loaded->path, NULL);
}

static void unload(struct loaded *loaded) {
    config_result_deinit(&loaded->result);
    config_result_deinit(&loaded->result);
    if (loaded->path[0] != '\0') {
        assert_int_equal(unlink(loaded->path), 0);
    }
}

static void load_good(struct loaded *loaded, const char *text) {
    int r = load_text(loaded, text);
    if (r != 0) {
        config_print(&loaded->result, LANGUAGE_EN, stderr);
    }
    assert_int_equal(r, 0);
}

static void load_example(struct loaded *loaded, const char *setting) {
    *loaded = (struct loaded){0};
    int r = load_path(loaded, EXAMPLE, setting);
    if (r != 0) {
        config_print(&loaded->result, LANGUAGE_EN, stderr);
    }
    assert_int_equal(r, 0);
}

/* A growing text, for large sites. */
struct text {
    char *bytes;
    size_t size;
    FILE *out;
};

static FILE *text_begin(struct text *text) {
    text->out = open_memstream(&text->bytes, &text->size);
    assert_non_null(text->out);
    return text->out;
}

static const char *text_end(struct text *text) {
    assert_int_equal(fclose(text->out), 0);
    return text->bytes;
}

/* ---- the example ---------------------------------------------------------------------------- */

static void the_example_site_loads_as_it_stands(void **state) {
    (void)state;
    struct loaded loaded;
    load_example(&loaded, NULL);
    const struct ruleset *ruleset = &loaded.site.ruleset;
    assert_int_equal(ruleset->place_count, 17);
    assert_int_equal(ruleset->device_count, 5);
    assert_int_equal(ruleset->point_count, 45);
    assert_int_equal(loaded.result.summary.rule_count, 13);
    assert_int_equal(ruleset->rule_count, 13 + BUILTIN_COUNT - 1);
    assert_string_equal(site_text(&loaded.site, loaded.site.header->timezone), "Asia/Shanghai");
    assert_string_equal(site_text(&loaded.site, loaded.site.header->state_directory),
                        TEST_SOURCE_DIR "/deploy/example/state");
    assert_int_equal(loaded.site.header->component_count, 4);
    assert_true(site_alarm_find(&loaded.site, "emergency_call/care/day-care/button-1") !=
                RULESET_NONE);
    unload(&loaded);
}

static void the_same_site_gives_the_same_bytes(void **state) {
    (void)state;
    struct loaded first, second, other;
    load_example(&first, NULL);
    load_example(&second, NULL);
    load_example(&other, "devices.care-io.poll=200 ms");
    size_t size;
    const void *image = config_image(&first.result, &size);
    assert_int_equal(size, second.result.image_size);
    assert_memory_equal(image, second.result.image, size);
    assert_true(first.site.header->generation != other.site.header->generation);
    unload(&first);
    unload(&second);
    unload(&other);
}

/* ---- order ---------------------------------------------------------------------------------- */

static void a_place_and_all_below_it_are_one_stretch_of_points(void **state) {
    (void)state;
    struct loaded loaded;
    load_example(&loaded, NULL);
    const struct ruleset *ruleset = &loaded.site.ruleset;
    for (uint32_t i = 0; i < ruleset->place_count; i++) {
        const struct ruleset_place *place = &ruleset->places[i];
        assert_true(place->parent == RULESET_NONE || place->parent < i);
        for (uint32_t point = 0; point < ruleset->point_count; point++) {
            uint32_t at = ruleset->points[point].place;
            bool below = at >= i && at < place->end;
            bool inside = point >= place->point_first && point < place->point_end;
            assert_int_equal(below, inside);
        }
    }
    unload(&loaded);
}

static void devices_of_one_address_share_a_bus(void **state) {
    (void)state;
    struct loaded loaded;
    load_good(&loaded,
              HEAD ROOM "devices:\n"
                        "  - {id: a, driver: modbus, address: tcp://h:1, points: []}\n"
                        "  - {id: b, driver: modbus, address: tcp://h:2, points: []}\n"
                        "  - {id: c, driver: modbus, address: tcp://h:1, unit: 2, points: []}\n"
                        "  - {id: d, driver: mqtt, broker: tcp://h:1, points: []}\n"
                        "  - {id: e, driver: modbus, address: \"tcp://[::1]\", points: []}\n");
    const struct site *site = &loaded.site;
    static const char *const order[] = {"a", "c", "b", "d", "e"};
    assert_int_equal(site->bus_count, 4);
    for (uint32_t i = 0; i < 5; i++) {
        assert_string_equal(site_text(site, site->devices[i].id), order[i]);
    }
    assert_int_equal(site->buses[0].device_first, 0);
    assert_int_equal(site->buses[0].device_count, 2);
    assert_int_equal(site->buses[1].device_first, 2);
    assert_int_equal(site->devices[1].unit, 2);
    assert_int_equal(site->buses[2].kind, SITE_BUS_MQTT);
    assert_string_equal(site_text(site, site->buses[3].host), "::1");
    assert_int_equal(site->buses[3].port, 502);
    unload(&loaded);
}

static void more_than_800_buses_are_spread_over_field_processes(void **state) {
    (void)state;
    for (uint32_t count = 800; count <= 801; count++) {
        struct text text;
        FILE *out = text_begin(&text);
        (void)fputs(HEAD ROOM "devices:\n", out);
        for (uint32_t i = 0; i < count; i++) {
            (void)fprintf(out, "- {id: d%u, driver: modbus, address: tcp://h%u:502, points: []}\n",
                          i, i);
        }
        struct loaded loaded;
        load_good(&loaded, text_end(&text));
        assert_int_equal(loaded.site.header->field_count, count == 800 ? 1 : 2);
        assert_int_equal(loaded.site.header->component_count, count == 800 ? 4 : 5);
        assert_int_equal(loaded.site.buses[799].field, 0);
        assert_int_equal(loaded.site.buses[count - 1].field, count == 800 ? 0 : 1);
        unload(&loaded);
        free(text.bytes);
    }
}

/* ---- what is read --------------------------------------------------------------------------- */

static const struct site_point *point_at(const struct loaded *loaded, const char *id) {
    uint32_t point = site_point_find(&loaded->site, id);
    assert_true(point != RULESET_NONE);
    return &loaded->site.points[point];
}

static void a_modbus_point_is_read_as_it_is_written_down(void **state) {
    (void)state;
    struct loaded loaded;
    load_good(
        &loaded, HEAD ROOM
        "devices:\n"
        "- id: d\n"
        "  driver: modbus\n"
        "  address: rtu:bus.tty?baud=19200&parity=odd&stop=2\n"
        "  unit: 247\n"
        "  points:\n"
        "  - {point: a, place: room, kind: smoke, read: holding 65535, bit: 15, invert: true}\n"
        "  - {point: b, place: room, kind: temperature, read: input 7, type: f32, order: DCBA, "
        "scale: -0.25, offset: 1.5, deadband: 0.125, min: -40, max: 80.5}\n"
        "  - {point: c, place: room, kind: battery, read: holding 1, type: bcd16}\n"
        "  - {point: d, place: room, kind: humidity, read: holding 2, min: -10, max: 60}\n"
        "  - {point: o, place: room, kind: sounder, write: coil 3}\n");
    const struct site_point *bit = point_at(&loaded, "room/a");
    assert_int_equal(bit->modbus_table, SITE_MODBUS_HOLDING);
    assert_int_equal(bit->modbus_address, 65535);
    assert_int_equal(bit->modbus_bit, 15);
    assert_int_equal(bit->invert, 1);
    const struct site_point *number = point_at(&loaded, "room/b");
    assert_int_equal(number->modbus_type, SITE_TYPE_F32);
    assert_int_equal(number->modbus_order, SITE_ORDER_DCBA);
    assert_true(number->scale == -0.25 && number->offset == 1.5 && number->deadband == 0.125);
    assert_true(number->min == -40 && number->max == 80.5);
    assert_int_equal(number->unit, UNIT_CELSIUS);
    assert_int_equal(number->modbus_bit, -1);
    const struct site_point *decimal = point_at(&loaded, "room/c");
    assert_int_equal(decimal->modbus_type, SITE_TYPE_BCD16);
    /* A battery has no more than all, and the site's own range is never wider than the kind's. */
    assert_true(decimal->scale == 1 && decimal->min == 0 && decimal->max == 100);
    const struct site_point *wide = point_at(&loaded, "room/d");
    assert_true(wide->min == 0 && wide->max == 60);
    const struct site_point *output = point_at(&loaded, "room/o");
    assert_int_equal(output->output, 1);
    assert_int_equal(output->modbus_table, SITE_MODBUS_COIL);
    const struct site_bus *bus = &loaded.site.buses[0];
    assert_int_equal(bus->kind, SITE_BUS_MODBUS_RTU);
    assert_string_equal(site_text(&loaded.site, bus->host), "/tmp/bus.tty");
    assert_int_equal(bus->baud, 19200);
    assert_int_equal(bus->parity, 'O');
    assert_int_equal(bus->stop_bits, 2);
    unload(&loaded);
}

static void silence_is_three_polls_and_what_the_heartbeat_takes(void **state) {
    (void)state;
    struct loaded loaded;
    load_good(&loaded,
              HEAD ROOM "devices:\n"
                        "- {id: fast, driver: modbus, address: tcp://a, poll: 100 ms, points: []}\n"
                        "- {id: slow, driver: modbus, address: tcp://b, poll: 2 s, points: []}\n"
                        "- {id: own, driver: modbus, address: tcp://c, silence: 9 s, points: []}\n"
                        "- id: m\n"
                        "  driver: mqtt\n"
                        "  broker: tcp://d\n"
                        "  points:\n"
                        "  - {point: a, place: room, kind: motion, topic: a}\n"
                        "  - {point: b, place: room, kind: motion, topic: b, silence: 5 min}\n"
                        "  - {point: c, place: room, kind: checkpoint, topic: c, code: /card}\n"
                        "- id: n\n"
                        "  driver: mqtt\n"
                        "  broker: tcp://d\n"
                        "  silence: 1 h\n"
                        "  points: [{point: d, place: room, kind: motion, topic: d}]\n");
    const struct ruleset *ruleset = &loaded.site.ruleset;
    assert_int_equal(ruleset->devices[0].silence_ns, 3500 * NS_PER_MS);
    assert_int_equal(ruleset->devices[1].silence_ns, 7500 * NS_PER_MS);
    assert_int_equal(ruleset->devices[2].silence_ns, 9 * NS_PER_S);
    assert_int_equal(ruleset->devices[3].silence_ns, 5 * NS_PER_S);
    assert_int_equal(ruleset->points[0].silence_ns, 25 * 3600 * NS_PER_S);
    assert_int_equal(ruleset->points[1].silence_ns, 300 * NS_PER_S);
    assert_int_equal(ruleset->points[2].silence_ns, 0);
    assert_int_equal(ruleset->points[3].silence_ns, 3600 * NS_PER_S);
    unload(&loaded);
}

/* One sensor of each kind that a broker can bring, on a device that says `settings` of itself. */
static void load_a_sensor_of_each_kind(struct loaded *loaded, const char *settings) {
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    assert_non_null(out);
    (void)fprintf(out,
                  HEAD ROOM "devices:\n- id: m\n  driver: mqtt\n  broker: tcp://d\n%s  points:\n",
                  settings);
    for (enum point_kind kind = 0; kind < POINT_KIND_COUNT; kind++) {
        const struct point_kind_facts *facts = point_kind_facts(kind);
        if (facts->form != POINT_FORM_OUTPUT) {
            (void)fprintf(out, "  - {point: p%d, place: room, kind: %s, topic: t%d%s%s}\n",
                          (int)kind, facts->name, (int)kind,
                          facts->form == POINT_FORM_EVENT ? ", code: /card" : "",
                          kind == POINT_ACCESS_READER ? ", result: /granted" : "");
        }
    }
    assert_int_equal(fclose(out), 0);
    load_good(loaded, text);
    free(text);
}

/* A quantity that nobody says the place of is all of the message, a contact is told by each message. */
static void a_quantity_without_a_place_in_the_message_is_the_whole_message(void **state) {
    (void)state;
    struct loaded loaded;
    load_a_sensor_of_each_kind(&loaded, "");
    for (uint32_t i = 0; i < loaded.site.ruleset.point_count; i++) {
        enum point_kind kind = (enum point_kind)loaded.site.ruleset.points[i].kind;
        enum point_form form = point_kind_facts(kind)->form;
        bool whole = form == POINT_FORM_NUMBER || form == POINT_FORM_COUNTER;
        assert_int_equal(loaded.site.points[i].mqtt_whole, whole);
        assert_int_equal(loaded.site.points[i].mqtt_value, 0);
    }
    unload(&loaded);
}

/* What calls for help is missed within 2 h, moments never, anything else within 25 h. */
static void a_button_that_reports_by_itself_is_missed_within_two_hours(void **state) {
    (void)state;
    static const point_kind_set calls =
        UINT64_C(1) << POINT_EMERGENCY_BUTTON | UINT64_C(1) << POINT_PULL_CORD |
        UINT64_C(1) << POINT_PENDANT | UINT64_C(1) << POINT_BED_EXIT | UINT64_C(1) << POINT_FALL |
        UINT64_C(1) << POINT_ASSIST_BUTTON | UINT64_C(1) << POINT_PANIC_BUTTON |
        UINT64_C(1) << POINT_ATTEND_BUTTON;
    static const point_kind_set moments =
        UINT64_C(1) << POINT_ACCESS_READER | UINT64_C(1) << POINT_CHECKPOINT;
    static const struct {
        const char *settings;
        uint64_t call_h, other_h;
    } rows[] = {{"", 2, 25}, {"  silence: 3 h\n", 3, 3}};
    for (size_t row = 0; row < sizeof rows / sizeof *rows; row++) {
        struct loaded loaded;
        load_a_sensor_of_each_kind(&loaded, rows[row].settings);
        const struct ruleset *ruleset = &loaded.site.ruleset;
        assert_true(ruleset->point_count > 30);
        for (uint32_t i = 0; i < ruleset->point_count; i++) {
            point_kind_set kind = UINT64_C(1) << ruleset->points[i].kind;
            uint64_t hours = (kind & calls) != 0     ? rows[row].call_h
                             : (kind & moments) != 0 ? 0
                                                     : rows[row].other_h;
            assert_int_equal(ruleset->points[i].silence_ns, hours * 3600 * NS_PER_S);
        }
        unload(&loaded);
    }
}

static void a_device_of_calls_or_fire_serves_an_emergency(void **state) {
    (void)state;
    struct loaded loaded;
    load_example(&loaded, NULL);
    for (uint32_t i = 0; i < loaded.site.ruleset.device_count; i++) {
        const char *id = site_text(&loaded.site, loaded.site.devices[i].id);
        bool plain = strcmp(id, "climate") == 0 || strcmp(id, "doors") == 0;
        assert_int_equal(loaded.site.ruleset.devices[i].serves_emergency, !plain);
    }
    unload(&loaded);
}

static void hours_are_inherited_and_equal_ones_are_one_calendar(void **state) {
    (void)state;
    struct loaded loaded;
    load_good(&loaded,
              "tocsin: 1\n"
              "site:\n"
              "  id: t\n"
              "  name: {en: T}\n"
              "  timezone: Asia/Shanghai\n"
              "  holidays: [\"2000-03-01\", \"1970-01-02\"]\n"
              "places:\n"
              "- id: a\n"
              "  kind: building\n"
              "  name: {en: A}\n"
              "  hours: {sat: [\"14:00-24:00\", \"00:00-12:00\"], mon-tue: \"08:00-09:30\"}\n"
              "  places:\n"
              "  - {id: x, kind: bedroom, name: {en: X}}\n"
              "  - {id: y, kind: bedroom, name: {en: Y}, hours: {sun: \"10:00-11:00\"}}\n"
              "- {id: b, kind: bedroom, name: {en: B}}\n"
              "- {id: c, kind: bedroom, name: {en: C}, hours: {sun: \"10:00-11:00\"}}\n"
              "devices: []\n");
    const struct ruleset_place *places = loaded.site.ruleset.places;
    assert_int_equal(places[0].calendar, 1);
    assert_int_equal(places[1].calendar, 1);
    assert_int_equal(places[2].calendar, 2);
    assert_int_equal(places[3].calendar, 0);
    assert_int_equal(places[4].calendar, 2);
    assert_int_equal(loaded.site.ruleset.calendar_count, 3);
    const struct site_calendar *calendar = &loaded.site.calendars[1];
    assert_int_equal(calendar->span_count, 4);
    const struct site_span *spans = loaded.site.spans + calendar->span_first;
    static const struct site_span expected[] = {
        {0, 480, 570, 0}, {1, 480, 570, 0}, {5, 0, 720, 0}, {5, 840, 1440, 0}};
    assert_memory_equal(spans, expected, sizeof expected);
    assert_int_equal(loaded.site.holiday_count, 2);
    assert_int_equal(loaded.site.holidays[0], 1);
    assert_int_equal(loaded.site.holidays[1], 11017);
    unload(&loaded);
}

static void what_a_place_does_not_say_is_not_zero(void **state) {
    (void)state;
    struct loaded loaded;
    load_good(&loaded, HEAD ROOM "devices: []\n");
    assert_true(loaded.site.ruleset.places[0].capacity < 0);
    assert_true(loaded.site.ruleset.places[0].area_m2 < 0);
    assert_string_equal(site_text(&loaded.site, loaded.site.header->gateway_id), "main");
    assert_int_equal(loaded.site.broker_count, 0);
    unload(&loaded);
}

/* ---- --set ---------------------------------------------------------------------------------- */

static void a_setting_overrides_and_adds_a_scalar(void **state) {
    (void)state;
    struct loaded loaded;
    load_example(&loaded, "devices.climate.points.co2.deadband=7.5");
    assert_true(point_at(&loaded, "care/day-care/co2")->deadband == 7.5);
    unload(&loaded);
    load_example(&loaded, "devices.4.silence=2 h");
    uint32_t door = site_point_find(&loaded.site, "hall/gate/door");
    assert_int_equal(loaded.site.ruleset.points[door].silence_ns, 2 * 3600 * NS_PER_S);
    unload(&loaded);
    load_example(&loaded, "mqtt.brokers.1=tcp://second:1883");
    assert_int_equal(loaded.site.broker_count, 2);
    assert_string_equal(site_text(&loaded.site, loaded.site.brokers[1]), "tcp://second:1883");
    unload(&loaded);
    load_example(&loaded, "gateway.state=/var/lib/tocsin");
    assert_string_equal(site_text(&loaded.site, loaded.site.header->state_directory),
                        "/var/lib/tocsin");
    assert_int_equal(loaded.site.header->recordings_size, 256 << 20);
    assert_int_equal(loaded.site.header->history_size, 1 << 30);
    unload(&loaded);
    load_example(&loaded, "gateway.recordings=16 MiB");
    assert_int_equal(loaded.site.header->recordings_size, 16 << 20);
    unload(&loaded);
    load_example(&loaded, "gateway.recordings=64 GiB");
    assert_int_equal(loaded.site.header->recordings_size, UINT64_C(64) << 30);
    unload(&loaded);
    load_example(&loaded, "gateway.recordings=0 MiB");
    assert_int_equal(loaded.site.header->recordings_size, 0);
    assert_int_equal(loaded.site.header->journal_keep_ns, 30 * 86400 * NS_PER_S);
    assert_int_equal(loaded.site.header->journal_size, 1 << 30);
    unload(&loaded);
    load_example(&loaded, "gateway.journal.keep=7 d");
    assert_int_equal(loaded.site.header->journal_keep_ns, 7 * 86400 * NS_PER_S);
    unload(&loaded);
    load_example(&loaded, "gateway.journal.size=64 MiB");
    assert_int_equal(loaded.site.header->journal_size, 64 << 20);
    unload(&loaded);
}

/* ---- numbers of the alarms -------------------------------------------------------------------- */

/* A site that gives one number this value; the name is "key" or "map.key". */
static int load_number(struct loaded *loaded, const struct alarm_number *number, uint32_t value,
                       const char *more) {
    char text[512], shown[SITE_SPAN_SIZE];
    const char *dot = strchr(number->name, '.');
    /* In seconds, so that one past a bound can be said of every number. */
    (void)snprintf(shown, sizeof shown, "%u%s", value,
                   number->form == ALARM_NUMBER_SECONDS   ? " s"
                   : number->form == ALARM_NUMBER_PERCENT ? " %"
                                                          : "");
    int len = dot != NULL ? (int)(dot - number->name) : 0;
    (void)snprintf(text, sizeof text, HEAD ROOM "devices: []\nalarms: {%.*s%s%s: %s%s%s}\n", len,
                   number->name, dot != NULL ? ": {" : "", dot != NULL ? dot + 1 : number->name,
                   shown, more, dot != NULL ? "}" : "");
    return load_text(loaded, text);
}

static void
each_number_of_the_alarms_is_taken_within_its_bounds_and_refused_past_them(void **state) {
    (void)state;
    uint32_t count;
    const struct alarm_number *numbers = alarm_numbers(&count);
    assert_true(count >= 19);
    for (uint32_t i = 0; i < count; i++) {
        const struct alarm_number *number = &numbers[i];
        uint32_t usual = alarm_number_value(number, &alarm_times_default);
        assert_true(number->min <= usual && usual <= number->max);
        const uint32_t values[] = {number->min, number->max, number->min - 1, number->max + 1};
        for (int v = 0; v < 4; v++) {
            struct loaded loaded;
            /* A flood ends with no more than it began with. */
            const char *more =
                strcmp(number->name, "flood.until_fewer_than") == 0 ? ", more_than: 31"
                : strcmp(number->name, "flood.more_than") == 0      ? ", until_fewer_than: 1"
                                                                    : "";
            if (number->min == 0 && v == 2) {
                continue; /* less than nothing cannot be written */
            }
            int r = load_number(&loaded, number, values[v], more);
            assert_int_equal(r, v < 2 ? 0 : CONFIG_E_REFUSED);
            if (r == 0) {
                assert_int_equal(alarm_number_value(number, loaded.site.ruleset.times), values[v]);
            } else {
                char *told = notes_of(&loaded.result);
                assert_non_null(strstr(told, "must be from "));
                assert_int_equal(strstr(told, "hint: ") != NULL, number->reason != NULL);
                free(told);
            }
            unload(&loaded);
        }
    }
}

static void a_site_without_numbers_has_those_of_the_model(void **state) {
    (void)state;
    struct loaded loaded;
    load_example(&loaded, NULL);
    assert_memory_equal(loaded.site.ruleset.times, &alarm_times_default,
                        sizeof alarm_times_default);
    unload(&loaded);
}

/* Another number is another configuration: a reload must not take it for the same. */
static void another_number_is_another_generation(void **state) {
    (void)state;
    struct loaded one, other;
    load_good(&one, HEAD ROOM "devices: []\nalarms: {silence_at_most: 30 s}\n");
    load_good(&other, HEAD ROOM "devices: []\nalarms: {silence_at_most: 31 s}\n");
    assert_true(one.site.header->generation != other.site.header->generation);
    unload(&other);
    load_good(&other,
              "tocsin: 1\nsite: {id: t, name: {en: T}, timezone: UTC, levelling: \"03:17\"}\n" ROOM
              "devices: []\nalarms: {silence_at_most: 30 s}\n");
    assert_true(one.site.header->generation != other.site.header->generation);
    unload(&other);
    unload(&one);
}

static uint64_t identity_of(const char *unit) {
    struct loaded loaded;
    char text[512];
    (void)snprintf(text, sizeof text,
                   HEAD ROOM
                   "devices:\n- id: d\n  driver: modbus\n  address: tcp://127.0.0.1:502\n"
                   "  poll: 1 s\n  points:\n"
                   "  - {point: c, place: room, kind: co2, read: input 0, type: u16, unit: %s}\n",
                   unit);
    load_good(&loaded, text);
    uint64_t identity = loaded.site.ruleset.points[0].identity;
    unload(&loaded);
    return identity;
}

/* What is remembered of it would be a thousand times off. */
static void a_point_in_another_unit_is_another_point(void **state) {
    (void)state;
    assert_true(identity_of("ppm") == identity_of("ppm"));
    assert_true(identity_of("ppm") != identity_of("ppb"));
}

/* ---- limits --------------------------------------------------------------------------------- */

static void expect_place_count(uint32_t count, bool good) {
    struct text text;
    FILE *out = text_begin(&text);
    (void)fputs(HEAD "devices: []\nplaces:\n", out);
    for (uint32_t i = 0; i < count; i++) {
        (void)fprintf(out, "- {id: p%u, kind: bedroom, name: {en: P}}\n", i);
    }
    struct loaded loaded;
    assert_int_equal(load_text(&loaded, text_end(&text)), good ? 0 : CONFIG_E_REFUSED);
    unload(&loaded);
    free(text.bytes);
}

static void as_many_places_as_the_limit_and_not_one_more(void **state) {
    (void)state;
    expect_place_count(LIMIT_PLACES, true);
    expect_place_count(LIMIT_PLACES + 1, false);
}

/* `count` devices, each on a bus of its own, which takes the most field processes. */
static void expect_device_count(uint32_t count, bool good) {
    struct text text;
    FILE *out = text_begin(&text);
    (void)fputs(HEAD ROOM "devices:\n", out);
    for (uint32_t i = 0; i < count; i++) {
        (void)fprintf(out,
                      "- {id: d%u, driver: modbus, address: \"tcp://10.0.%u.%u\", points: []}\n", i,
                      i / 256, i % 256);
    }
    struct loaded loaded;
    assert_int_equal(load_text(&loaded, text_end(&text)), good ? 0 : CONFIG_E_REFUSED);
    if (good) {
        const struct ruleset *ruleset = &loaded.site.ruleset;
        uint32_t fields = (count + CONFIG_BUSES_PER_FIELD - 1) / CONFIG_BUSES_PER_FIELD;
        assert_int_equal(ruleset->device_count, count);
        assert_int_equal(ruleset->component_count, fields + CONFIG_OTHER_COMPONENTS);
        assert_true(ruleset->component_count <= LIMIT_COMPONENTS);
    } else {
        assert_int_equal(loaded.result.error_count, 1);
    }
    unload(&loaded);
    free(text.bytes);
}

static void as_many_devices_as_the_limit_and_not_one_more(void **state) {
    (void)state;
    expect_device_count(CONFIG_BUSES_PER_FIELD, true);
    expect_device_count(CONFIG_BUSES_PER_FIELD + 1, true);
    expect_device_count(LIMIT_DEVICES, true);
    expect_device_count(LIMIT_DEVICES + 1, false);
}

static void expect_point_count(uint32_t count, bool good) {
    struct text text;
    FILE *out = text_begin(&text);
    (void)fputs(HEAD ROOM "devices:\n- id: m\n  driver: mqtt\n  broker: tcp://d\n  points:\n", out);
    for (uint32_t i = 0; i < count; i++) {
        (void)fprintf(out, "  - {point: p%u, place: room, kind: motion, topic: t%u}\n", i, i);
    }
    struct loaded loaded;
    assert_int_equal(load_text(&loaded, text_end(&text)), good ? 0 : CONFIG_E_REFUSED);
    assert_int_equal(good ? loaded.site.ruleset.point_count : loaded.result.error_count,
                     good ? count : 1);
    unload(&loaded);
    free(text.bytes);
}

static void as_many_points_as_the_limit_and_not_one_more(void **state) {
    (void)state;
    expect_point_count(LIMIT_POINTS, true);
    expect_point_count(LIMIT_POINTS + 1, false);
}

/* Places with `count` different opening hours; one calendar more is that of what is always open. */
static void expect_hours_count(uint32_t count, bool good) {
    struct text text;
    FILE *out = text_begin(&text);
    (void)fputs(HEAD "devices: []\nplaces:\n", out);
    for (uint32_t i = 0; i < count; i++) {
        (void)fprintf(
            out, "- {id: p%u, kind: bedroom, name: {en: P}, hours: {mon: \"%02u:%02u-24:00\"}}\n",
            i, i / 60, i % 60);
    }
    struct loaded loaded;
    assert_int_equal(load_text(&loaded, text_end(&text)), good ? 0 : CONFIG_E_REFUSED);
    assert_int_equal(good ? loaded.site.ruleset.calendar_count : loaded.result.error_count,
                     good ? count + 1 : 1);
    unload(&loaded);
    free(text.bytes);
}

static void as_many_opening_hours_as_the_limit_and_not_one_more(void **state) {
    (void)state;
    expect_hours_count(LIMIT_CALENDARS - 1, true);
    expect_hours_count(LIMIT_CALENDARS, false);
}

static void places_stand_inside_each_other_as_deep_as_the_limit(void **state) {
    (void)state;
    /* The file, its list, and then a map and a list for each place: 15 places are 31 deep. */
    for (int depth = 15; depth <= 16; depth++) {
        struct text text;
        FILE *out = text_begin(&text);
        (void)fputs(HEAD "devices: []\nplaces: ", out);
        for (int i = 0; i < depth; i++) {
            (void)fputs("[{id: p, kind: floor, name: {en: P}", out);
            (void)fputs(i + 1 < depth ? ", places: " : "", out);
        }
        for (int i = 0; i < depth; i++) {
            (void)fputs("}]", out);
        }
        (void)fputs("\n", out);
        struct loaded loaded;
        assert_int_equal(load_text(&loaded, text_end(&text)), depth == 15 ? 0 : CONFIG_E_REFUSED);
        unload(&loaded);
        free(text.bytes);
    }
}

static void a_file_of_more_than_16_mib_is_refused_unread(void **state) {
    (void)state;
    struct loaded loaded = {0};
    site_write("", 0, loaded.path);
    assert_int_equal(truncate(loaded.path, CONFIG_FILE_SIZE_MAX + 1), 0);
    assert_int_equal(load_path(&loaded, loaded.path, NULL), CONFIG_E_REFUSED);
    char *text = notes_of(&loaded.result);
    assert_non_null(strstr(text, "it is larger than 16 MiB"));
    free(text);
    unload(&loaded);
}

static void of_a_thousand_errors_five_hundred_are_told_and_the_rest_counted(void **state) {
    (void)state;
    struct text text;
    FILE *out = text_begin(&text);
    (void)fputs(HEAD ROOM "devices: []\n", out);
    for (int i = 0; i < 1000; i++) {
        (void)fprintf(out, "nonsense%d: 1\n", i);
    }
    struct loaded loaded;
    assert_int_equal(load_text(&loaded, text_end(&text)), CONFIG_E_REFUSED);
    assert_int_equal(loaded.result.error_count, 1000);
    char *told = notes_of(&loaded.result);
    assert_non_null(strstr(told, "\nand 500 more\n"));
    free(told);
    unload(&loaded);
    free(text.bytes);
}

/* ---- bad bytes ------------------------------------------------------------------------------ */

static void bytes_that_are_no_text_are_told_with_their_place(void **state) {
    (void)state;
    static const struct {
        const char *bytes;
        size_t len;
        const char *said;
    } cases[] = {
        {"tocsin: 1\na: \xff\n", 14, ":2:4: error: this is not text in UTF-8\na: ?\n   ^\n"},
        {"a: \xed\xa0\x80\n", 7, ":1:4: error: this is not text"},
        {"a\0b\n", 4, ":1:2: error: this is not text"},
        {"\xe4\xb8", 2, ":1:1: error: this is not text"},
        {"# \x1b[2J\n", 8, ":1:3: error: this is not text"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct loaded loaded = {0};
        site_write(cases[i].bytes, cases[i].len, loaded.path);
        assert_int_equal(load_path(&loaded, loaded.path, NULL), CONFIG_E_REFUSED);
        char *text = notes_of(&loaded.result);
        if (strstr(text, cases[i].said) == NULL) {
            fail_msg("case %zu: %s", i, text);
        }
        assert_null(strchr(text, '\x1b'));
        free(text);
        unload(&loaded);
    }
}

static void a_site_that_is_not_there_is_told_and_not_guessed(void **state) {
    (void)state;
    struct loaded loaded = {0};
    assert_int_equal(load_path(&loaded, "/nonexistent/site.yaml", NULL), CONFIG_E_REFUSED);
    char *text = notes_of(&loaded.result);
    assert_string_equal(
        text, "error: the file /nonexistent/site.yaml cannot be read: No such file or directory\n");
    free(text);
    unload(&loaded);
}

static void a_long_line_is_shown_around_the_mark(void **state) {
    (void)state;
    struct text text;
    FILE *out = text_begin(&text);
    (void)fputs(HEAD "devices: []\nplaces: [", out);
    for (int i = 0; i < 100; i++) {
        (void)fprintf(out, "{id: p%d, kind: %s, name: {zh: 房间}}, ", i, i == 50 ? "x" : "bedroom");
    }
    (void)fputs("]\n", out);
    struct loaded loaded;
    assert_int_equal(load_text(&loaded, text_end(&text)), CONFIG_E_REFUSED);
    char *told = notes_of(&loaded.result);
    char *line = strchr(told, '\n') + 1;
    char *caret = strchr(line, '\n') + 1;
    assert_true(caret - line < 300);
    assert_memory_equal(line, "…", strlen("…"));
    assert_non_null(strstr(line, "{id: p50, kind: x, name"));
    free(told);
    unload(&loaded);
    free(text.bytes);
}

/* ---- memory --------------------------------------------------------------------------------- */

static void running_out_of_memory_anywhere_leaves_nothing_behind(void **state) {
    (void)state;
    int r = -ENOMEM;
    unsigned tries = 0;
    while (r == -ENOMEM) {
        assert_true(tries < 1000);
        struct config_options options = {0};
        struct config_result result;
        allocations_left = tries++;
        r = config_load(EXAMPLE, &options, &result);
        allocations_left = UINT32_MAX;
        if (r == 0) {
            config_result_deinit(&result);
        }
    }
    assert_int_equal(r, 0);
    assert_true(tries > 3);
}

int main(void) {
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_example_site_loads_as_it_stands),
        cmocka_unit_test(the_same_site_gives_the_same_bytes),
        cmocka_unit_test(a_place_and_all_below_it_are_one_stretch_of_points),
        cmocka_unit_test(devices_of_one_address_share_a_bus),
        cmocka_unit_test(more_than_800_buses_are_spread_over_field_processes),
        cmocka_unit_test(a_modbus_point_is_read_as_it_is_written_down),
        cmocka_unit_test(silence_is_three_polls_and_what_the_heartbeat_takes),
        cmocka_unit_test(a_quantity_without_a_place_in_the_message_is_the_whole_message),
        cmocka_unit_test(a_button_that_reports_by_itself_is_missed_within_two_hours),
        cmocka_unit_test(a_device_of_calls_or_fire_serves_an_emergency),
        cmocka_unit_test(hours_are_inherited_and_equal_ones_are_one_calendar),
        cmocka_unit_test(what_a_place_does_not_say_is_not_zero),
        cmocka_unit_test(a_setting_overrides_and_adds_a_scalar),
        cmocka_unit_test(
            each_number_of_the_alarms_is_taken_within_its_bounds_and_refused_past_them),
        cmocka_unit_test(a_site_without_numbers_has_those_of_the_model),
        cmocka_unit_test(another_number_is_another_generation),
        cmocka_unit_test(a_point_in_another_unit_is_another_point),
        cmocka_unit_test(as_many_places_as_the_limit_and_not_one_more),
        cmocka_unit_test(as_many_devices_as_the_limit_and_not_one_more),
        cmocka_unit_test(as_many_points_as_the_limit_and_not_one_more),
        cmocka_unit_test(as_many_opening_hours_as_the_limit_and_not_one_more),
        cmocka_unit_test(places_stand_inside_each_other_as_deep_as_the_limit),
        cmocka_unit_test(a_file_of_more_than_16_mib_is_refused_unread),
        cmocka_unit_test(of_a_thousand_errors_five_hundred_are_told_and_the_rest_counted),
        cmocka_unit_test(bytes_that_are_no_text_are_told_with_their_place),
        cmocka_unit_test(a_site_that_is_not_there_is_told_and_not_guessed),
        cmocka_unit_test(a_long_line_is_shown_around_the_mark),
        cmocka_unit_test(running_out_of_memory_anywhere_leaves_nothing_behind),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
