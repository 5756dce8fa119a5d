/* SPDX-License-Identifier: Apache-2.0 */
#include "rules/kind.h"

#include <assert.h>
#include <float.h>
#include <string.h>

#define TRUTH   POINT_FORM_TRUTH
#define NUMBER  POINT_FORM_NUMBER
#define COUNTER POINT_FORM_COUNTER
#define EVENT   POINT_FORM_EVENT
#define OUTPUT  POINT_FORM_OUTPUT

static const struct point_kind_facts point_kinds[POINT_KIND_COUNT] = {
    [POINT_MOTION] = {"motion", TRUTH, UNIT_NONE, false},
    [POINT_PRESENCE] = {"presence", TRUTH, UNIT_NONE, false},
    [POINT_OCCUPANCY_COUNT] = {"occupancy_count", NUMBER, UNIT_NONE, false},
    [POINT_PEOPLE_IN] = {"people_in", COUNTER, UNIT_NONE, false},
    [POINT_PEOPLE_OUT] = {"people_out", COUNTER, UNIT_NONE, false},
    [POINT_EMERGENCY_BUTTON] = {"emergency_button", TRUTH, UNIT_NONE, true},
    [POINT_PULL_CORD] = {"pull_cord", TRUTH, UNIT_NONE, true},
    [POINT_PENDANT] = {"pendant", TRUTH, UNIT_NONE, true},
    [POINT_BED_EXIT] = {"bed_exit", TRUTH, UNIT_NONE, true},
    [POINT_FALL] = {"fall", TRUTH, UNIT_NONE, true},
    [POINT_ASSIST_BUTTON] = {"assist_button", TRUTH, UNIT_NONE, true},
    [POINT_PANIC_BUTTON] = {"panic_button", TRUTH, UNIT_NONE, true},
    [POINT_ATTEND_BUTTON] = {"attend_button", TRUTH, UNIT_NONE, true},
    [POINT_SMOKE] = {"smoke", TRUTH, UNIT_NONE, true},
    [POINT_HEAT] = {"heat", TRUTH, UNIT_NONE, true},
    [POINT_MANUAL_CALL_POINT] = {"manual_call_point", TRUTH, UNIT_NONE, true},
    [POINT_CARBON_MONOXIDE] = {"carbon_monoxide", TRUTH, UNIT_NONE, true},
    [POINT_GAS] = {"gas", TRUTH, UNIT_NONE, true},
    [POINT_SPRINKLER_FLOW] = {"sprinkler_flow", TRUTH, UNIT_NONE, true},
    [POINT_FIRE_PANEL_FAULT] = {"fire_panel_fault", TRUTH, UNIT_NONE, true},
    [POINT_DOOR_CONTACT] = {"door_contact", TRUTH, UNIT_NONE, false},
    [POINT_DOOR_LOCK] = {"door_lock", TRUTH, UNIT_NONE, false},
    [POINT_ACCESS_READER] = {"access_reader", EVENT, UNIT_NONE, false},
    [POINT_REQUEST_TO_EXIT] = {"request_to_exit", TRUTH, UNIT_NONE, false},
    [POINT_TURNSTILE] = {"turnstile", COUNTER, UNIT_NONE, false},
    [POINT_CHECKPOINT] = {"checkpoint", EVENT, UNIT_NONE, false},
    [POINT_TAMPER] = {"tamper", TRUTH, UNIT_NONE, false},
    [POINT_BATTERY] = {"battery", NUMBER, UNIT_PERCENT, false},
    [POINT_MAINS_POWER] = {"mains_power", TRUTH, UNIT_NONE, false},
    [POINT_WATER_LEAK] = {"water_leak", TRUTH, UNIT_NONE, false},
    [POINT_TEMPERATURE] = {"temperature", NUMBER, UNIT_CELSIUS, false},
    [POINT_HUMIDITY] = {"humidity", NUMBER, UNIT_PERCENT, false},
    [POINT_CO2] = {"co2", NUMBER, UNIT_PPM, false},
    [POINT_ILLUMINANCE] = {"illuminance", NUMBER, UNIT_LX, false},
    [POINT_NOISE] = {"noise", NUMBER, UNIT_DB, false},
    [POINT_SOUNDER] = {"sounder", OUTPUT, UNIT_NONE, false},
    [POINT_BEACON] = {"beacon", OUTPUT, UNIT_NONE, false},
    [POINT_CALL_LAMP] = {"call_lamp", OUTPUT, UNIT_NONE, false},
    [POINT_DOOR_RELEASE] = {"door_release", OUTPUT, UNIT_NONE, false},
};

static const char *const place_kinds[PLACE_KIND_COUNT] = {
    [PLACE_SITE] = "site",
    [PLACE_BUILDING] = "building",
    [PLACE_FLOOR] = "floor",
    [PLACE_CORRIDOR] = "corridor",
    [PLACE_ENTRANCE] = "entrance",
    [PLACE_OUTDOOR] = "outdoor",
    [PLACE_SERVICE_CENTRE] = "service_centre",
    [PLACE_SERVICE_HALL] = "service_hall",
    [PLACE_HOME_CARE_CENTRE] = "home_care_centre",
    [PLACE_DAY_CARE_ROOM] = "day_care_room",
    [PLACE_DINING_ROOM] = "dining_room",
    [PLACE_REHABILITATION_ROOM] = "rehabilitation_room",
    [PLACE_COUNSELLING_ROOM] = "counselling_room",
    [PLACE_ACTIVITY_ROOM] = "activity_room",
    [PLACE_READING_ROOM] = "reading_room",
    [PLACE_BEDROOM] = "bedroom",
    [PLACE_BATHROOM] = "bathroom",
    [PLACE_KITCHEN] = "kitchen",
    [PLACE_SPORTS_ROOM] = "sports_room",
    [PLACE_SPORTS_COURT] = "sports_court",
    [PLACE_HEALTH_STATION] = "health_station",
    [PLACE_KINDERGARTEN] = "kindergarten",
    [PLACE_POLICE_ROOM] = "police_room",
    [PLACE_MARKET] = "market",
    [PLACE_SHOP] = "shop",
    [PLACE_PLANT_ROOM] = "plant_room",
};

static const char *const priorities[PRIORITY_COUNT] = {
    [PRIORITY_EMERGENCY] = "emergency", [PRIORITY_URGENT] = "urgent",
    [PRIORITY_HIGH] = "high",           [PRIORITY_LOW] = "low",
    [PRIORITY_JOURNAL] = "journal",
};

#define MANAGED  .managed = true
#define LATCHED  .latched = true
#define ORIGIN   .origin = true
#define CAPPED   .delay_capped = true
#define RESPONSE .needs_response = true

static const struct alarm_class_facts classes[ALARM_CLASS_COUNT] = {
    [CLASS_FIRE_ALARM] =
        {.name = "fire.alarm", .priority = PRIORITY_EMERGENCY, MANAGED, LATCHED, CAPPED, RESPONSE},
    [CLASS_FIRE_CONFIRMED] = {.name = "fire.confirmed",
                              .priority = PRIORITY_EMERGENCY,
                              MANAGED,
                              LATCHED,
                              CAPPED,
                              RESPONSE},
    [CLASS_FIRE_SUPERVISORY] = {.name = "fire.supervisory", .priority = PRIORITY_HIGH},
    [CLASS_FIRE_FAULT] = {.name = "fire.fault", .priority = PRIORITY_HIGH},
    [CLASS_FIRE_DISABLED] = {.name = "fire.disabled", .priority = PRIORITY_HIGH},
    [CLASS_GAS_ALARM] = {.name = "gas.alarm", .priority = PRIORITY_EMERGENCY, LATCHED, RESPONSE},
    [CLASS_WATER_LEAK] = {.name = "water.leak", .priority = PRIORITY_URGENT, LATCHED},
    [CLASS_CALL_EMERGENCY] = {.name = "call.emergency",
                              .priority = PRIORITY_EMERGENCY,
                              MANAGED,
                              LATCHED,
                              ORIGIN,
                              CAPPED,
                              RESPONSE},
    [CLASS_CALL_BATHROOM] = {.name = "call.bathroom",
                             .priority = PRIORITY_EMERGENCY,
                             MANAGED,
                             LATCHED,
                             ORIGIN,
                             CAPPED,
                             RESPONSE},
    [CLASS_CALL_ASSIST] = {.name = "call.assist", .priority = PRIORITY_HIGH, ORIGIN, CAPPED},
    [CLASS_CALL_DURESS] = {.name = "call.duress",
                           .priority = PRIORITY_EMERGENCY,
                           MANAGED,
                           LATCHED,
                           CAPPED,
                           RESPONSE,
                           .silent = true},
    [CLASS_CARE_FALL] = {.name = "care.fall", .priority = PRIORITY_EMERGENCY, RESPONSE},
    [CLASS_CARE_INACTIVITY] = {.name = "care.inactivity", .priority = PRIORITY_URGENT},
    [CLASS_CARE_OVERSTAY] = {.name = "care.overstay", .priority = PRIORITY_URGENT},
    [CLASS_CARE_BED_EXIT] = {.name = "care.bed_exit", .priority = PRIORITY_HIGH},
    [CLASS_CARE_WANDER] = {.name = "care.wander", .priority = PRIORITY_URGENT},
    [CLASS_DOOR_FORCED] = {.name = "door.forced", .priority = PRIORITY_URGENT},
    [CLASS_DOOR_HELD] = {.name = "door.held", .priority = PRIORITY_HIGH},
    [CLASS_ACCESS_DENIED_BURST] = {.name = "access.denied_burst", .priority = PRIORITY_LOW},
    [CLASS_INTRUSION] = {.name = "intrusion", .priority = PRIORITY_URGENT},
    [CLASS_SPACE_OVER_CAPACITY] = {.name = "space.over_capacity", .priority = PRIORITY_HIGH},
    [CLASS_SPACE_CLIMATE] = {.name = "space.climate", .priority = PRIORITY_LOW},
    [CLASS_PATROL_NOT_STARTED] = {.name = "patrol.not_started", .priority = PRIORITY_HIGH},
    [CLASS_PATROL_LATE] = {.name = "patrol.late", .priority = PRIORITY_HIGH},
    [CLASS_PATROL_MISSED] = {.name = "patrol.missed", .priority = PRIORITY_HIGH},
    [CLASS_PATROL_OUT_OF_ORDER] = {.name = "patrol.out_of_order", .priority = PRIORITY_LOW},
    [CLASS_PATROL_INCOMPLETE] = {.name = "patrol.incomplete", .priority = PRIORITY_HIGH},
    [CLASS_PATROL_GUARD_OVERDUE] = {.name = "patrol.guard_overdue", .priority = PRIORITY_URGENT},
    [CLASS_SYSTEM_DEVICE_LOST] = {.name = "system.device_lost", .priority = PRIORITY_LOW},
    [CLASS_SYSTEM_SENSOR_FAULT] = {.name = "system.sensor_fault", .priority = PRIORITY_LOW},
    [CLASS_SYSTEM_STUCK] = {.name = "system.stuck", .priority = PRIORITY_LOW},
    [CLASS_SYSTEM_BATTERY_LOW] = {.name = "system.battery_low", .priority = PRIORITY_LOW},
    [CLASS_SYSTEM_TAMPER] = {.name = "system.tamper", .priority = PRIORITY_LOW},
    [CLASS_SYSTEM_UPLINK_LOST] = {.name = "system.uplink_lost", .priority = PRIORITY_LOW},
    [CLASS_SYSTEM_STORAGE] = {.name = "system.storage", .priority = PRIORITY_LOW},
    [CLASS_SYSTEM_CLOCK] = {.name = "system.clock", .priority = PRIORITY_LOW},
    [CLASS_SYSTEM_COMPONENT_LOST] = {.name = "system.component_lost", .priority = PRIORITY_LOW},
    [CLASS_SYSTEM_CONFIG_CHANGED] = {.name = "system.config_changed", .priority = PRIORITY_LOW},
    [CLASS_SYSTEM_NOBODY_LISTENING] = {.name = "system.nobody_listening",
                                       .priority = PRIORITY_HIGH},
    [CLASS_SYSTEM_CERTIFICATE] = {.name = "system.certificate", .priority = PRIORITY_HIGH},
};

/* Does `name` equal the word of `len` bytes? */
static bool kind_is(const char *name, const char *word, size_t len) {
    return strlen(name) == len && memcmp(name, word, len) == 0;
}

const struct point_kind_facts *point_kind_facts(enum point_kind kind) {
    assert(kind < POINT_KIND_COUNT);
    return &point_kinds[kind];
}

struct point_kind_range point_kind_range(enum point_kind kind) {
    const struct point_kind_facts *facts = point_kind_facts(kind);
    struct point_kind_range range = {-DBL_MAX, DBL_MAX};
    if ((facts->form != NUMBER && facts->form != COUNTER) || facts->unit == UNIT_DB) {
        return range;
    } else if (facts->unit == UNIT_CELSIUS) {
        range.least = -273.15;
        return range;
    }
    range.least = 0;
    if (facts->unit == UNIT_PERCENT) {
        range.most = 100;
    }
    return range;
}

bool point_kind_is_call(enum point_kind kind) {
    assert(kind < POINT_KIND_COUNT);
    return kind >= POINT_EMERGENCY_BUTTON && kind <= POINT_ATTEND_BUTTON;
}

const char *place_kind_name(enum place_kind kind) {
    assert(kind < PLACE_KIND_COUNT);
    return place_kinds[kind];
}

const char *priority_name(enum priority priority) {
    assert(priority < PRIORITY_COUNT);
    return priorities[priority];
}

const struct alarm_class_facts *alarm_class_facts(enum alarm_class class) {
    assert(class < ALARM_CLASS_COUNT);
    return &classes[class];
}

enum point_kind point_kind_find(const char *word, size_t len) {
    enum point_kind kind = 0;
    while (kind < POINT_KIND_COUNT && !kind_is(point_kinds[kind].name, word, len)) {
        kind++;
    }
    return kind;
}

enum place_kind place_kind_find(const char *word, size_t len) {
    enum place_kind kind = 0;
    while (kind < PLACE_KIND_COUNT && !kind_is(place_kinds[kind], word, len)) {
        kind++;
    }
    return kind;
}

enum priority priority_find(const char *word, size_t len) {
    enum priority priority = 0;
    while (priority < PRIORITY_COUNT && !kind_is(priorities[priority], word, len)) {
        priority++;
    }
    return priority;
}

enum alarm_class alarm_class_find(const char *word, size_t len) {
    enum alarm_class found = 0;
    while (found < ALARM_CLASS_COUNT && !kind_is(classes[found].name, word, len)) {
        found++;
    }
    return found;
}
