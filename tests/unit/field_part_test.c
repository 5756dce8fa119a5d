/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Which changes of a site a field process can live through
 *
 * Each row changes a word of one and the same site, which is then compiled and compared.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "gateway/config/config.h"
#include "gateway/field_part.h"
#include "tests/support/scratch.h"

enum { TEXT_SIZE = 8 * 1024, BUSES_MAX = 8 };

static const char base[] =
    "tocsin: 1\n"
    "site: {id: test, name: {zh: 测试, en: Test}, timezone: Asia/Shanghai}\n"
    "gateway: {id: main, state: state, console: {listen: \"127.0.0.1:8080\"}}\n"
    "mqtt: {brokers: [\"ssl://127.0.0.1:8883\"], ca: ca.pem}\n"
    "rules: [rules.yaml]\n"
    "places:\n"
    "  - {id: room, kind: day_care_room, name: {zh: 房, en: Room}, capacity: 12}\n"
    "devices:\n"
    "  - {id: io, driver: modbus, address: \"tcp://10.0.0.7:502\", unit: 1, poll: 100 ms, timeout: 50 ms,\n"
    "     points: [\n"
    "      {point: button, place: room, kind: emergency_button, read: discrete 0},\n"
    "      {point: warmth, place: room, kind: temperature, read: input 1, type: i16, scale: 0.5, min: -40, max: 85, unit: °C, deadband: 0.25},\n"
    "      {point: cord, place: room, kind: pull_cord, read: holding 3, states: {normal: 1, alarm: 2, open: 3, short: 4}},\n"
    "      {point: lamp, place: room, kind: call_lamp, write: coil 2}]}\n"
    "  - {id: line, driver: modbus, address: \"rtu:/dev/ttyS9?baud=9600&parity=none&stop=1\", unit: 9, points: [\n"
    "      {point: damp, place: room, kind: humidity, read: input 4, type: f32, order: CDAB}]}\n"
    "  - {id: doors, driver: mqtt, broker: \"tcp://10.0.0.9:1883\", silence: 10 min, points: [\n"
    "      {point: door, place: room, kind: door_contact, topic: field/door, value: /open}]}\n";

static const char rules[] = "rules:\n"
                            "  - rule: call\n"
                            "    each: point emergency_button\n"
                            "    raise: value\n"
                            "    class: call.emergency\n"
                            "    message: {zh: 呼叫, en: call}\n"
                            "    response: {zh: 去, en: go}\n";

struct loaded {
    struct config_result result;
    struct site site;
};

static void file_write(const char *directory, const char *name, const char *text) {
    char path[128];
    (void)snprintf(path, sizeof path, "%s/%s", directory, name);
    FILE *file = fopen(path, "we");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

/* `text` with `before` replaced, which must be there. */
static void text_replace(const char *text, const char *before, const char *after,
                         char ret[TEXT_SIZE]) {
    const char *at = strstr(text, before);
    assert_non_null(at);
    (void)snprintf(ret, TEXT_SIZE, "%.*s%s%s", (int)(at - text), text, after, at + strlen(before));
}

static void site_load(struct loaded *loaded, const char *directory, const char *site_text,
                      const char *rules_text) {
    char path[128];
    file_write(directory, "site.yaml", site_text);
    file_write(directory, "rules.yaml", rules_text);
    (void)snprintf(path, sizeof path, "%s/site.yaml", directory);
    const struct config_options options = {0};
    loaded->result = (struct config_result)CONFIG_RESULT_NULL;
    int r = config_load(path, &options, &loaded->result);
    if (r != 0) {
        config_print(&loaded->result, LANGUAGE_EN, stderr);
    }
    assert_int_equal(r, 0);
    assert_int_equal(site_view(loaded->result.image, loaded->result.image_size, &loaded->site), 0);
}

static char directory[] = "/tmp/field_part_test.XXXXXX";
static struct loaded old;

static int begin(void **state) {
    (void)state;
    if (mkdtemp(directory) == NULL) {
        return -1;
    }
    site_load(&old, directory, base, rules);
    return 0;
}

static int end(void **state) {
    (void)state;
    config_result_deinit(&old.result);
    return scratch_remove(directory);
}

struct row {
    const char *before, *after;
};

static void expect_site(const struct row *row, bool same) {
    static char text[TEXT_SIZE];
    struct loaded new;
    text_replace(base, row->before, row->after, text);
    print_message("%s -> %s\n", row->before, row->after);
    site_load(&new, directory, text, rules);
    assert_true(old.site.header->generation != new.site.header->generation);
    assert_int_equal(field_part_is_same(&old.site, &new.site, 0), same);
    assert_int_equal(field_part_is_same(&new.site, &old.site, 0), same);
    config_result_deinit(&new.result);
}

static void what_is_polled_decoded_and_called_alike_is_the_same(void **state) {
    (void)state;
    static const struct row rows[] = {
        {"en: Test", "en: Trial"},
        {"en: Room", "en: Chamber"},
        {"capacity: 12", "capacity: 13"},
        {"127.0.0.1:8080", "127.0.0.1:8081"},
        {"127.0.0.1:8883", "127.0.0.1:8884"}, /* the uplink's; sensors have their own */
        {"silence: 10 min", "silence: 20 min"},
        {"capacity: 12}\n",
         "capacity: 12}\n  - {id: yard, kind: outdoor, name: {zh: 院, en: Yard}}\n"},
        /* Places before it move the place's number, which a field process never says. */
        {"places:\n", "places:\n  - {id: attic, kind: corridor, name: {zh: 廊, en: Attic}}\n"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        expect_site(&rows[i], true);
    }
}

static void whatever_a_field_process_looks_at_makes_a_difference(void **state) {
    (void)state;
    static const struct row rows[] = {
        {"Asia/Shanghai", "Europe/Berlin"},
        {"ca: ca.pem", "ca: other.pem"},
        {"10.0.0.7:502", "10.0.0.8:502"},
        {"10.0.0.7:502", "10.0.0.7:503"},
        {"id: io", "id: module"},
        {"unit: 1,", "unit: 2,"},
        {"poll: 100 ms", "poll: 101 ms"},
        {"timeout: 50 ms", "timeout: 51 ms"},
        {"point: button", "point: knob"},
        {"kind: door_contact", "kind: motion"},
        {"read: discrete 0", "read: discrete 1"},
        {"read: discrete 0", "read: coil 0"},
        {"read: discrete 0", "read: discrete 0, invert: true"},
        {"read: input 1", "read: holding 1"},
        {"type: i16", "type: u16"},
        {"scale: 0.5", "scale: 0.25"},
        {"scale: 0.5", "scale: 0.5, offset: 1"},
        {"min: -40", "min: -41"},
        {"max: 85", "max: 86"},
        {"deadband: 0.25", "deadband: 0.5"},
        {"open: 3", "open: 5"},
        {", short: 4", ""},
        {"write: coil 2", "write: coil 3"},
        {"write: coil 2", "write: coil 2, invert: true"},
        {"/dev/ttyS9", "/dev/ttyS8"},
        {"baud=9600", "baud=19200"},
        {"parity=none", "parity=even"},
        {"stop=1", "stop=2"},
        {"order: CDAB", "order: BADC"},
        {"10.0.0.9:1883", "10.0.0.9:1884"},
        {"topic: field/door", "topic: field/gate"},
        {"value: /open", "value: /state"},
        {"      {point: button,",
         "      {point: alarm, place: room, kind: emergency_button, read: discrete 7},\n"
         "      {point: button,"},
        {"      {point: button, place: room, kind: emergency_button, read: discrete 0},\n",
         "      {point: button, place: room, kind: emergency_button, read: discrete 0},\n"
         "      {point: zeal, place: room, kind: motion, read: discrete 9},\n"},
        {"  - {id: line,",
         "  - {id: more, driver: modbus, address: \"tcp://10.0.0.1:502\", points: [\n"
         "      {point: stir, place: room, kind: motion, read: discrete 0}]}\n"
         "  - {id: line,"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        expect_site(&rows[i], false);
    }
}

/* The log names rooms. */
static void a_place_that_is_called_otherwise_makes_a_difference(void **state) {
    (void)state;
    static char text[TEXT_SIZE], renamed[TEXT_SIZE];
    struct loaded new;
    text_replace(base, "id: room,", "id: hall,", text);
    while (strstr(text, "place: room") != NULL) {
        text_replace(text, "place: room", "place: hall", renamed);
        memcpy(text, renamed, sizeof text);
    }
    site_load(&new, directory, text, rules);
    assert_false(field_part_is_same(&old.site, &new.site, 0));
    config_result_deinit(&new.result);
}

static void rules_make_no_difference(void **state) {
    (void)state;
    static const struct row rows[] = {
        {"en: call", "en: help"},
        {"raise: value", "raise: value or age > 1 h"},
        {"class: call.emergency", "class: call.assist"}, /* no emergency depends on it any more */
        {"  - rule: call\n",
         "  - rule: warm\n    each: point temperature\n    raise: value > 30 °C\n"
         "    class: space.climate\n    message: {zh: 热, en: hot}\n"
         "  - rule: call\n"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        static char text[TEXT_SIZE];
        struct loaded new;
        text_replace(rules, rows[i].before, rows[i].after, text);
        site_load(&new, directory, base, text);
        assert_true(old.site.header->generation != new.site.header->generation);
        assert_true(field_part_is_same(&old.site, &new.site, 0));
        config_result_deinit(&new.result);
    }
}

/* A site whose buses two processes share, the last one being the second's. */
struct shared {
    struct site site;
    struct site_header header;
    struct site_bus buses[BUSES_MAX];
};

static void site_share(struct shared *shared, const struct site *site) {
    shared->site = *site;
    shared->header = *site->header;
    shared->header.field_count = 2;
    assert_in_range(site->bus_count, 2, BUSES_MAX);
    memcpy(shared->buses, site->buses, site->bus_count * sizeof *site->buses);
    for (uint32_t i = 0; i < site->bus_count; i++) {
        shared->buses[i].field = i + 1 == site->bus_count;
    }
    shared->site.header = &shared->header;
    shared->site.buses = shared->buses;
}

static void the_change_of_one_process_is_not_the_others(void **state) {
    (void)state;
    static char text[TEXT_SIZE];
    struct loaded new;
    struct shared before, after;
    const char *last = site_text(&old.site, old.site.buses[old.site.bus_count - 1].address);
    assert_non_null(strstr(base, last));
    text_replace(base, last, "tcp://10.0.0.99:999", text);
    site_load(&new, directory, text, rules);
    site_share(&before, &old.site);
    site_share(&after, &new.site);
    /* The buses keep their order, or this would compare others. */
    assert_string_equal(site_text(&new.site, new.site.buses[new.site.bus_count - 1].address),
                        "tcp://10.0.0.99:999");
    assert_true(field_part_is_same(&before.site, &after.site, 0));
    assert_false(field_part_is_same(&before.site, &after.site, 1));
    assert_false(field_part_is_same(&before.site, &after.site, 2)); /* there is no such process */
    config_result_deinit(&new.result);
}

static void a_bus_that_goes_to_another_process_changes_both(void **state) {
    (void)state;
    struct shared before, after;
    site_share(&before, &old.site);
    site_share(&after, &old.site);
    assert_true(field_part_is_same(&before.site, &after.site, 0));
    assert_true(field_part_is_same(&before.site, &after.site, 1));
    after.buses[0].field = 1;
    assert_false(field_part_is_same(&before.site, &after.site, 0));
    assert_false(field_part_is_same(&before.site, &after.site, 1));
}

static void a_process_that_only_one_of_them_has_is_not_the_same(void **state) {
    (void)state;
    struct shared shared;
    site_share(&shared, &old.site);
    assert_false(field_part_is_same(&old.site, &shared.site, 1));
    assert_false(field_part_is_same(&shared.site, &old.site, 1));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_polled_decoded_and_called_alike_is_the_same),
        cmocka_unit_test(whatever_a_field_process_looks_at_makes_a_difference),
        cmocka_unit_test(a_place_that_is_called_otherwise_makes_a_difference),
        cmocka_unit_test(rules_make_no_difference),
        cmocka_unit_test(the_change_of_one_process_is_not_the_others),
        cmocka_unit_test(a_bus_that_goes_to_another_process_changes_both),
        cmocka_unit_test(a_process_that_only_one_of_them_has_is_not_the_same),
    };
    return cmocka_run_group_tests(tests, begin, end);
}
