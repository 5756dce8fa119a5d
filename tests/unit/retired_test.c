/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Which coils a change of the site leaves behind
 *
 * Each site is compiled from text; only its devices differ.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "gateway/config/config.h"
#include "gateway/retired.h"

enum { TEXT_SIZE = 64 * 1024, STORY_SIZE = 16 * 1024 };

#define NOW_NS (1000 * NS_PER_S)

static const char head[] = "tocsin: 1\n"
                           "site: {id: test, name: {zh: 测试, en: Test}, timezone: Asia/Shanghai}\n"
                           "gateway: {id: main, state: state}\n"
                           "mqtt: {brokers: [\"tcp://127.0.0.1:1883\"]}\n"
                           "places:\n"
                           "  - {id: room, kind: day_care_room, name: {zh: 房, en: Room}}\n"
                           "  - {id: hall, kind: service_hall, name: {zh: 厅, en: Hall}}\n"
                           "devices:\n";

#define DEVICE(id, address, unit)                                                                  \
    "  - {id: " id ", driver: modbus, address: \"" address "\", unit: " unit ", points: [\n"       \
    "      {point: button-" id ", place: room, kind: emergency_button, read: discrete 0},\n"
#define END                  "    ]}\n"

#define IO(outputs)          DEVICE("io", "tcp://10.0.0.7:502", "1") outputs END
#define LAMP(coil)           "      {point: lamp, place: room, kind: call_lamp, write: coil " coil "},\n"
#define SIREN(coil)          "      {point: siren, place: room, kind: sounder, write: coil " coil "},\n"
#define LINE(unit, settings) DEVICE("line", "rtu:/dev/ttyS9?" settings, unit) SIREN("4") END
#define SETTINGS             "baud=9600&parity=none&stop=1"

struct loaded {
    struct config_result result;
    struct site site;
};

static void site_load(struct loaded *loaded, const char *devices) {
    char path[] = "/tmp/retired_test.XXXXXX";
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    FILE *file = fdopen(fd, "w");
    assert_non_null(file);
    assert_true(fprintf(file, "%s%s", head, devices) > 0);
    (void)fclose(file);
    const struct config_options options = {0};
    loaded->result = (struct config_result)CONFIG_RESULT_NULL;
    int r = config_load(path, &options, &loaded->result);
    if (r != 0) {
        config_print(&loaded->result, LANGUAGE_EN, stderr);
    }
    (void)unlink(path);
    assert_int_equal(r, 0);
    assert_int_equal(site_view(loaded->result.image, loaded->result.image_size, &loaded->site), 0);
}

static struct retired *retired;
static int retired_fd;

static int begin(void **state) {
    (void)state;
    return retired_new(&retired, &retired_fd);
}

static int end(void **state) {
    (void)state;
    retired_unmap(retired);
    return close(retired_fd);
}

static void change(const char *from, const char *to, uint64_t now_ns) {
    struct loaded before, after;
    site_load(&before, from);
    site_load(&after, to);
    assert_int_equal(retired_change(retired, &before.site, &after.site, now_ns), 0);
    config_result_deinit(&before.result);
    config_result_deinit(&after.result);
}

/* What waits to be switched off: "room/siren@1:4 ", in the order of the list. */
static void expect_waiting(const char *want) {
    char story[STORY_SIZE] = "";
    for (uint32_t i = 0; i < RETIRED_MAX; i++) {
        const struct retired_coil *coil = &retired->coils[i];
        if (atomic_load(&coil->state) == RETIRED_WANTED) {
            size_t len = strlen(story);
            (void)snprintf(story + len, sizeof story - len, "%s@%u:%u ", coil->point,
                           (unsigned)coil->unit, (unsigned)coil->address);
        }
    }
    assert_string_equal(story, want);
}

static struct retired_coil *first(void) {
    return &retired->coils[0];
}

static void a_coil_is_what_it_is_on_the_wire_whatever_it_is_called(void **state) {
    (void)state;
    static const struct {
        const char *what, *from, *to, *waiting;
    } rows[] = {
        {"nothing changed", IO(SIREN("3")), IO(SIREN("3")), ""},
        {"taken out", IO(LAMP("2") SIREN("3")), IO(LAMP("2")), "room/siren@1:3 "},
        {"renamed", IO(SIREN("3")),
         IO("      {point: horn, place: room, kind: sounder, write: coil 3},\n"), ""},
        {"another room", IO(SIREN("3")),
         IO("      {point: siren, place: hall, kind: sounder, write: coil 3},\n"), ""},
        {"another kind", IO(SIREN("3")),
         IO("      {point: siren, place: room, kind: beacon, write: coil 3},\n"), ""},
        {"on is coil off now", IO(SIREN("3")),
         IO("      {point: siren, place: room, kind: sounder, write: coil 3, invert: true},\n"),
         ""},
        {"moved", IO(SIREN("3")), IO(SIREN("4")), "room/siren@1:3 "},
        {"swapped", IO(LAMP("2") SIREN("3")), IO(LAMP("3") SIREN("2")), ""},
        {"its device has another name", IO(SIREN("3")),
         DEVICE("module", "tcp://10.0.0.7:502", "1") SIREN("3") END, ""},
        {"another unit", IO(SIREN("3")), DEVICE("io", "tcp://10.0.0.7:502", "2") SIREN("3") END,
         "room/siren@1:3 "},
        {"another port", IO(SIREN("3")), DEVICE("io", "tcp://10.0.0.7:503", "1") SIREN("3") END,
         "room/siren@1:3 "},
        {"another host", IO(SIREN("3")), DEVICE("io", "tcp://10.0.0.8:502", "1") SIREN("3") END,
         "room/siren@1:3 "},
        {"its device is gone", IO(LAMP("2")) LINE("9", SETTINGS), IO(LAMP("2")), "room/siren@9:4 "},
        {"a line at another speed is the same line", LINE("9", SETTINGS),
         LINE("9", "baud=19200&parity=even&stop=1"), ""},
        {"another device of the line", LINE("9", SETTINGS), LINE("8", SETTINGS), "room/siren@9:4 "},
        {"a coil that is read now", IO(SIREN("3")),
         IO("      {point: motion, place: room, kind: motion, read: coil 3},\n"),
         "room/siren@1:3 "},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        assert_int_equal(begin(NULL), 0);
        change(rows[i].from, rows[i].to, NOW_NS);
        print_message("%s\n", rows[i].what);
        expect_waiting(rows[i].waiting);
        assert_int_equal(end(NULL), 0);
    }
}

static void what_is_needed_to_switch_it_off_and_to_find_it_is_kept(void **state) {
    (void)state;
    change(IO("      {point: siren, place: room, kind: sounder, write: coil 3, invert: true},\n"),
           IO(""), NOW_NS);
    const struct retired_coil *coil = first();
    assert_int_equal(coil->kind, SITE_BUS_MODBUS_TCP);
    assert_int_equal(coil->port, 502);
    assert_true(coil->invert);
    assert_int_equal(coil->since_ns, NOW_NS);
    assert_string_equal(coil->host, "10.0.0.7");
    assert_string_equal(coil->bus, "tcp://10.0.0.7:502");
    assert_string_equal(coil->device, "io");
    assert_string_equal(coil->point, "room/siren");
}

static void a_second_reload_forgets_nothing_that_is_still_to_be_done(void **state) {
    (void)state;
    change(IO(LAMP("2") SIREN("3")), IO(LAMP("2")), NOW_NS);
    change(IO(LAMP("2")), IO(""), NOW_NS + 1);
    expect_waiting("room/siren@1:3 room/lamp@1:2 ");
    assert_int_equal(retired_waiting(retired, NOW_NS), 2);
    assert_int_equal(retired_waiting(retired, NOW_NS + 1), 1);
    assert_int_equal(retired_waiting(retired, NOW_NS + 2), 0);
}

static void one_that_comes_back_into_the_site_is_nobodys_to_switch_off(void **state) {
    (void)state;
    change(IO(SIREN("3")), IO(""), NOW_NS);
    expect_waiting("room/siren@1:3 ");
    change(IO(""), IO("      {point: horn, place: hall, kind: sounder, write: coil 3},\n"),
           NOW_NS + 1);
    expect_waiting("");
}

static void what_is_at_rest_makes_room_with_the_next_reload(void **state) {
    (void)state;
    change(IO(SIREN("3")), IO(""), NOW_NS);
    atomic_store(&first()->state, RETIRED_RESTED);
    expect_waiting("");
    change(IO(LAMP("5")), IO(""), NOW_NS + 1);
    expect_waiting("room/lamp@1:5 ");
    assert_int_equal(atomic_load(&first()->state), RETIRED_WANTED);
}

static void what_was_not_switched_off_for_a_day_is_dropped_and_not_before(void **state) {
    (void)state;
    change(IO(SIREN("3")), IO(""), NOW_NS);
    change(IO(""), IO(""), NOW_NS + RETIRED_TRY_NS - 1);
    expect_waiting("room/siren@1:3 ");
    assert_false(retired_is_old(first(), NOW_NS + RETIRED_TRY_NS - 1));
    assert_true(retired_is_old(first(), NOW_NS + RETIRED_TRY_NS));
    change(IO(""), IO(""), NOW_NS + RETIRED_TRY_NS);
    expect_waiting("");
}

/* Take `count` outputs out of a site at once. */
static void take_out(uint32_t count) {
    static char text[TEXT_SIZE];
    size_t len = (size_t)snprintf(text, sizeof text, "%s", DEVICE("io", "tcp://10.0.0.7:502", "1"));
    for (uint32_t i = 0; i < count; i++) {
        len += (size_t)snprintf(text + len, sizeof text - len,
                                "      {point: lamp-%u, place: room, kind: call_lamp, write: coil "
                                "%u},\n",
                                i, i);
    }
    (void)snprintf(text + len, sizeof text - len, "%s", END);
    change(text, IO(""), NOW_NS);
}

static void as_many_as_there_is_room_for_are_kept(void **state) {
    (void)state;
    take_out(RETIRED_MAX);
    assert_int_equal(retired_waiting(retired, 0), RETIRED_MAX);
}

static void one_more_is_told_and_costs_the_others_nothing(void **state) {
    (void)state;
    take_out(RETIRED_MAX + 1);
    assert_int_equal(retired_waiting(retired, 0), RETIRED_MAX);
    for (uint32_t i = 0; i < RETIRED_MAX; i++) {
        assert_int_equal(retired->coils[i].unit, 1);
        assert_string_equal(retired->coils[i].device, "io");
    }
}

static void a_coil_is_at_a_device_by_its_address_and_not_by_its_name(void **state) {
    (void)state;
    struct loaded loaded;
    change(IO(SIREN("3")), IO(""), NOW_NS);
    site_load(&loaded,
              DEVICE("io", "tcp://10.0.0.8:502", "1")
                  END DEVICE("module", "tcp://10.0.0.7:502",
                             "1") "      {point: motion, place: hall, kind: motion, read: discrete "
                                  "1},\n" END);
    const char *at = "";
    for (uint32_t i = 0; i < loaded.site.ruleset.device_count; i++) {
        if (retired_is_at(first(), &loaded.site, i)) {
            at = site_text(&loaded.site, loaded.site.devices[i].id);
        }
    }
    assert_string_equal(at, "module");
    config_result_deinit(&loaded.result);
}

static void another_process_sees_the_same_list(void **state) {
    (void)state;
    struct retired *other = NULL;
    change(IO(SIREN("3")), IO(""), NOW_NS);
    assert_int_equal(retired_map(retired_fd, &other), 0);
    assert_string_equal(other->coils[0].point, "room/siren");
    atomic_store(&other->coils[0].state, RETIRED_RESTED);
    assert_int_equal(retired_waiting(retired, 0), 0);
    retired_unmap(other);
}

static void what_is_no_list_is_not_mapped(void **state) {
    (void)state;
    struct retired *other = NULL;
    int pipes[2];
    assert_int_equal(pipe(pipes), 0);
    assert_true(err_fold(retired_map(pipes[0], &other)) < 0);
    assert_null(other);
    (void)close(pipes[0]);
    (void)close(pipes[1]);
    assert_true(err_fold(retired_map(pipes[0], &other)) < 0);
    assert_null(other);
}

int main(void) {
#define RETIRED_TEST(test) cmocka_unit_test_setup_teardown(test, begin, end)
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_coil_is_what_it_is_on_the_wire_whatever_it_is_called),
        RETIRED_TEST(what_is_needed_to_switch_it_off_and_to_find_it_is_kept),
        RETIRED_TEST(a_second_reload_forgets_nothing_that_is_still_to_be_done),
        RETIRED_TEST(one_that_comes_back_into_the_site_is_nobodys_to_switch_off),
        RETIRED_TEST(what_is_at_rest_makes_room_with_the_next_reload),
        RETIRED_TEST(what_was_not_switched_off_for_a_day_is_dropped_and_not_before),
        RETIRED_TEST(as_many_as_there_is_room_for_are_kept),
        RETIRED_TEST(one_more_is_told_and_costs_the_others_nothing),
        RETIRED_TEST(a_coil_is_at_a_device_by_its_address_and_not_by_its_name),
        RETIRED_TEST(another_process_sees_the_same_list),
        RETIRED_TEST(what_is_no_list_is_not_mapped),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
