/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/console_site.h"

#include <assert.h>
#include <string.h>

/* Offset 0 is the empty string, as in a real image. */
static char strings[4096];
static size_t strings_size = 1;
static struct site_bus buses[CONSOLE_SITE_BUSES];

static uint32_t text(const char *words) {
    size_t size = strlen(words) + 1;
    assert(strings_size + size <= sizeof strings);
    memcpy(strings + strings_size, words, size);
    strings_size += size;
    return (uint32_t)(strings_size - size);
}

static struct site_name name(const char *zh, const char *en) {
    return (struct site_name){.zh = text(zh), .en = text(en)};
}

static struct site_header header;
static struct site_place places[CONSOLE_SITE_PLACES];
static struct site_point points[CONSOLE_SITE_POINTS];
static struct site_device devices[1];
static struct site_rule rules[CONSOLE_SITE_ALARMS];

static const struct ruleset_place place_facts[CONSOLE_SITE_PLACES] = {
    [CONSOLE_SITE_PLACE_CARE] = {.parent = RULESET_NONE,
                                 .end = CONSOLE_SITE_PLACES,
                                 .point_end = CONSOLE_SITE_POINTS,
                                 .kind = PLACE_HOME_CARE_CENTRE,
                                 .capacity = -1,
                                 .area_m2 = 236.5},
    [CONSOLE_SITE_PLACE_ROOM] = {.parent = CONSOLE_SITE_PLACE_CARE,
                                 .end = CONSOLE_SITE_PLACES,
                                 .point_end = CONSOLE_SITE_POINTS,
                                 .kind = PLACE_DAY_CARE_ROOM,
                                 .capacity = 12,
                                 .area_m2 = -1},
};
static const struct ruleset_point point_facts[CONSOLE_SITE_POINTS] = {
    [CONSOLE_SITE_BUTTON] = {.place = CONSOLE_SITE_PLACE_ROOM, .kind = POINT_EMERGENCY_BUTTON},
    [CONSOLE_SITE_SMOKE] = {.place = CONSOLE_SITE_PLACE_ROOM, .kind = POINT_SMOKE},
    [CONSOLE_SITE_TEMPERATURE] = {.place = CONSOLE_SITE_PLACE_ROOM, .kind = POINT_TEMPERATURE},
    [CONSOLE_SITE_READER] = {.place = CONSOLE_SITE_PLACE_ROOM, .kind = POINT_ACCESS_READER},
};
static const struct ruleset_device device_facts[1];
static const struct ruleset_rule rule_facts[CONSOLE_SITE_ALARMS] = {
    [CONSOLE_SITE_CALL] = {.alarm_first = CONSOLE_SITE_CALL,
                           .alarm_count = 1,
                           .class = CLASS_CALL_EMERGENCY,
                           .priority = PRIORITY_EMERGENCY,
                           .chain = RULESET_NONE,
                           .latched = 1},
    [CONSOLE_SITE_FIRE] = {.alarm_first = CONSOLE_SITE_FIRE,
                           .alarm_count = 1,
                           .class = CLASS_FIRE_ALARM,
                           .priority = PRIORITY_EMERGENCY,
                           .chain = RULESET_NONE,
                           .latched = 1},
    [CONSOLE_SITE_UPLINK] = {.alarm_first = CONSOLE_SITE_UPLINK,
                             .alarm_count = 1,
                             .class = CLASS_SYSTEM_UPLINK_LOST,
                             .priority = PRIORITY_LOW,
                             .chain = RULESET_NONE,
                             .builtin = BUILTIN_UPLINK_LOST},
};
static const struct ruleset_alarm alarm_facts[CONSOLE_SITE_ALARMS] = {
    [CONSOLE_SITE_CALL] = {.rule = CONSOLE_SITE_CALL,
                           .entity = CONSOLE_SITE_BUTTON,
                           .place = CONSOLE_SITE_PLACE_ROOM,
                           .entity_kind = ENTITY_POINT,
                           .priority = PRIORITY_EMERGENCY},
    [CONSOLE_SITE_FIRE] = {.rule = CONSOLE_SITE_FIRE,
                           .entity = CONSOLE_SITE_SMOKE,
                           .place = CONSOLE_SITE_PLACE_ROOM,
                           .entity_kind = ENTITY_POINT,
                           .priority = PRIORITY_EMERGENCY},
    [CONSOLE_SITE_UPLINK] = {.rule = CONSOLE_SITE_UPLINK,
                             .place = RULESET_NONE,
                             .entity_kind = ENTITY_GATEWAY,
                             .priority = PRIORITY_LOW},
};

/* Who reads the button and the smoke detector; nobody the others. */
static const uint32_t dependents[] = {CONSOLE_SITE_CALL, CONSOLE_SITE_FIRE};
static const uint32_t dependent_first[CONSOLE_SITE_POINTS + 1] = {0, 1, 2, 2, 2};

static void console_site_texts(const char *state_directory) {
    strings_size = 1;
    header = (struct site_header){
        .journal_keep_ns = UINT64_C(7) * 24 * 3600 * NS_PER_S,
        .journal_size = UINT64_C(64) << 20,
        .generation = CONSOLE_SITE_GENERATION,
        .site_id = text("gulou-demo"),
        .gateway_id = text("main"),
        .site_name = name("鼓楼示范社区", "Gulou demonstration community"),
        .timezone = text("Asia/Shanghai"),
        .state_directory = text(state_directory),
        .field_count = 1,
        .component_count = CONSOLE_SITE_COMPONENTS,
    };
    places[CONSOLE_SITE_PLACE_CARE] =
        (struct site_place){text("care"), name("社区居家养老服务中心", "Home-care centre")};
    places[CONSOLE_SITE_PLACE_ROOM] =
        (struct site_place){text("care/day-care"), name("日间照料室", "Day-care room")};
    points[CONSOLE_SITE_BUTTON] = (struct site_point){.id = text("care/day-care/button-1")};
    points[CONSOLE_SITE_SMOKE] = (struct site_point){.id = text("care/day-care/smoke-1")};
    points[CONSOLE_SITE_TEMPERATURE] = (struct site_point){
        .id = text("care/day-care/temperature"), .unit = UNIT_CELSIUS, .min = -40, .max = 85};
    points[CONSOLE_SITE_READER] = (struct site_point){.id = text("care/day-care/reader")};
    devices[0] = (struct site_device){.id = text("care-io")};
    rules[CONSOLE_SITE_CALL] =
        (struct site_rule){.id = text("emergency_call"),
                           .message = name("{place}：紧急呼叫", "{place}: emergency call"),
                           .response = name("立即到场", "Go there at once")};
    rules[CONSOLE_SITE_FIRE] = (struct site_rule){
        .id = text("fire_alarm"), .message = name("{place}：火灾报警", "{place}: fire alarm")};
    rules[CONSOLE_SITE_UPLINK] = (struct site_rule){.id = text("system_uplink_lost")};
}

struct site console_site(const char *state_directory) {
    console_site_texts(state_directory);
    uint32_t odd = text("rtu:/dev/\"odd\\line\"");
    uint32_t plain = text("tcp://io:502");
    for (uint32_t i = 0; i < CONSOLE_SITE_BUSES; i++) {
        buses[i] = (struct site_bus){.address = i == 0 ? odd : plain};
    }
    return (struct site){
        .header = &header,
        .strings = strings,
        .places = places,
        .points = points,
        .devices = devices,
        .buses = buses,
        .bus_count = CONSOLE_SITE_BUSES,
        .rules = rules,
        .ruleset =
            {
                .places = place_facts,
                .points = point_facts,
                .devices = device_facts,
                .rules = rule_facts,
                .alarms = alarm_facts,
                .dependent_first = dependent_first,
                .dependents = dependents,
                .dependent_count = sizeof dependents / sizeof *dependents,
                .times = &alarm_times_default,
                .place_count = CONSOLE_SITE_PLACES,
                .point_count = CONSOLE_SITE_POINTS,
                .device_count = 1,
                .component_count = CONSOLE_SITE_COMPONENTS,
                .rule_count = CONSOLE_SITE_ALARMS,
                .alarm_count = CONSOLE_SITE_ALARMS,
            },
    };
}
