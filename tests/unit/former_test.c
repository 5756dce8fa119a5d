/* SPDX-License-Identifier: Apache-2.0 */

/* What stands at a broker under a name that the gateway had before: whose it is, and what becomes of it. */
#include <string.h>

#include "gateway/uplink/former.h"
#include "tests/support/cmocka.h"

#define BOOT   "913714349898239"
#define BEFORE "913714349898238"

static struct former former_of(uint32_t prefix_count) {
    static const struct note_list identities = {
        .texts = {"village/second", "village/main", "hamlet/main"}, .count = 3};
    struct note_list prefixes = {.texts = {"homeassistant", "home/assistant"},
                                 .count = prefix_count};
    struct former former;
    former_init(&former, &identities, &prefixes);
    return former;
}

static enum former_topic look(struct former *former, const char *topic, const char *start) {
    uint32_t name;
    return former_look(former, topic, start, BOOT, &name);
}

static void a_name_that_was_left_is_asked_for_all_that_stands_there(void **state) {
    (void)state;
    struct former former = former_of(1);
    char filter[TOPIC_SIZE];
    uint32_t name = 99;
    assert_int_equal(former.count, 2);
    former_status(&former, 1, filter);
    assert_string_equal(filter, "tocsin/v1/hamlet/main/status");
    assert_int_equal(former_look(&former, "tocsin/v1/hamlet/main/status",
                                 "{\"state\":\"offline\",\"build\":\"1\",\"boot\":\"" BEFORE "\"}",
                                 BOOT, &name),
                     FORMER_GONE);
    assert_int_equal(name, 1);
    static const char *const filters[] = {"tocsin/v1/hamlet/main/alarm/#",
                                          "tocsin/v1/hamlet/main/point/#",
                                          "homeassistant/+/tocsin_hamlet_main/+/config"};
    for (uint32_t i = 0; i < sizeof filters / sizeof *filters; i++) {
        assert_true(former_filter(&former, name, i, filter));
        assert_string_equal(filter, filters[i]);
    }
    assert_false(former_filter(&former, name, 3, filter));
}

static void what_stands_there_is_emptied_and_the_status_is_not(void **state) {
    (void)state;
    struct former former = former_of(1);
    const char *offline = "{\"state\":\"offline\",\"boot\":\"" BOOT "\"}";
    assert_int_equal(look(&former, "tocsin/v1/village/main/point/room/a", "{}"), FORMER_FOREIGN);
    assert_int_equal(look(&former, "tocsin/v1/village/main/status", offline), FORMER_GONE);
    assert_int_equal(look(&former, "tocsin/v1/village/main/point/room/a", "{}"), FORMER_LEFT);
    assert_int_equal(look(&former, "tocsin/v1/village/main/alarm/call/room/a", "{}"), FORMER_LEFT);
    assert_int_equal(look(&former, "homeassistant/sensor/tocsin_village_main/room_a/config", "{}"),
                     FORMER_LEFT);
    /* … nor what is of another name, or of the present one. */
    assert_int_equal(look(&former, "tocsin/v1/hamlet/main/point/room/a", "{}"), FORMER_FOREIGN);
    assert_int_equal(look(&former, "tocsin/v1/village/second/point/room/a", "{}"), FORMER_FOREIGN);
    assert_int_equal(look(&former, "homeassistant/sensor/somebody/room_a/config", "{}"),
                     FORMER_FOREIGN);
    former_session(&former);
    assert_int_equal(look(&former, "tocsin/v1/village/main/point/room/a", "{}"), FORMER_FOREIGN);
}

/* Another gateway may have the name now, or may only be away for a while. */
static void what_another_gateway_has_retained_is_left_alone(void **state) {
    (void)state;
    static const char *const others[] = {
        "{\"state\":\"online\",\"boot\":\"" BEFORE "\"}",
        "{\"state\":\"offline\",\"boot\":\"913714349898240\"}", /* newer than this one */
        "{\"state\":\"offline\",\"boot\":\"913713301322238\"}", /* one past FORMER_BOOTS */
        "{\"state\":\"offline\",\"boot\":\"r0123456789abcdef\"}",
        "{\"state\":\"offline\",\"boot\":\"\"}",
        "{\"state\":\"offline\"}",
        "{}",
        "",
    };
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        struct former former = former_of(0);
        if (look(&former, "tocsin/v1/village/main/status", others[i]) != FORMER_FOREIGN) {
            fail_msg("%s", others[i]);
        }
        assert_int_equal(look(&former, "tocsin/v1/village/main/point/a", "{}"), FORMER_FOREIGN);
    }
    struct former former = former_of(0);
    uint32_t name;
    assert_int_equal(former_look(&former, "tocsin/v1/village/main/status",
                                 "{\"state\":\"offline\",\"boot\":\"913713301322239\"}", BOOT,
                                 &name),
                     FORMER_GONE); /* FORMER_BOOTS ago */
    assert_int_equal(former_look(&former, "tocsin/v1/village/main/status",
                                 "{\"state\":\"offline\",\"boot\":\"" BEFORE "\"}",
                                 "r0123456789abcdef", &name),
                     FORMER_FOREIGN); /* a boot without a journal counts nothing */
}

static void a_name_is_two_ids(void **state) {
    (void)state;
    assert_true(former_is_identity("village/main"));
    assert_true(former_is_identity("a-1/b-2"));
    static const char *const wrong[] = {"",      "/",   "village", "village/", "/main",
                                        "a/b/c", "A/b", "a/b ",    "a/+",      "#/b"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        if (former_is_identity(wrong[i])) {
            fail_msg("%s", wrong[i]);
        }
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_name_that_was_left_is_asked_for_all_that_stands_there),
        cmocka_unit_test(what_stands_there_is_emptied_and_the_status_is_not),
        cmocka_unit_test(what_another_gateway_has_retained_is_left_alone),
        cmocka_unit_test(a_name_is_two_ids),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
