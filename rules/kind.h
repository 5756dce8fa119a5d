/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RULES_KIND_H
#define RULES_KIND_H

/*
 * Kinds: the closed lists of the site model
 *
 * What a point measures, what a place is, how grave an alarm is and what may be done with it. The
 * lists are closed so that a page, a report and a rule mean the same by the same word. The words
 * are the field's: Brick 1.4 for points and places, ISA-18.2 for priorities, EN 54-2 and EN 50134
 * for the fire and call classes.
 */

#include "rules/unit.h"

enum point_kind {
    /* occupancy */
    POINT_MOTION,
    POINT_PRESENCE,
    POINT_OCCUPANCY_COUNT,
    POINT_PEOPLE_IN,
    POINT_PEOPLE_OUT,
    /* calls */
    POINT_EMERGENCY_BUTTON,
    POINT_PULL_CORD,
    POINT_PENDANT,
    POINT_BED_EXIT,
    POINT_FALL,
    POINT_ASSIST_BUTTON,
    POINT_PANIC_BUTTON,
    POINT_ATTEND_BUTTON,
    /* fire */
    POINT_SMOKE,
    POINT_HEAT,
    POINT_MANUAL_CALL_POINT,
    POINT_CARBON_MONOXIDE,
    POINT_GAS,
    POINT_SPRINKLER_FLOW,
    POINT_FIRE_PANEL_FAULT,
    /* access */
    POINT_DOOR_CONTACT,
    POINT_DOOR_LOCK,
    POINT_ACCESS_READER,
    POINT_REQUEST_TO_EXIT,
    POINT_TURNSTILE,
    /* patrol */
    POINT_CHECKPOINT,
    /* technical */
    POINT_TAMPER,
    POINT_BATTERY,
    POINT_MAINS_POWER,
    POINT_WATER_LEAK,
    POINT_TEMPERATURE,
    POINT_HUMIDITY,
    POINT_CO2,
    POINT_ILLUMINANCE,
    POINT_NOISE,
    /* outputs */
    POINT_SOUNDER,
    POINT_BEACON,
    POINT_CALL_LAMP,
    POINT_DOOR_RELEASE,
    POINT_KIND_COUNT,
};

/* A set of point kinds, one bit each. */
typedef uint64_t point_kind_set;
_Static_assert(POINT_KIND_COUNT <= 64, "a set of kinds is one word");

enum point_form {
    POINT_FORM_TRUTH,   /* 0 or 1 */
    POINT_FORM_NUMBER,  /* a quantity with a dimension */
    POINT_FORM_COUNTER, /* counts up, wraps and resets */
    POINT_FORM_EVENT,   /* each reading is a moment of its own and carries a code */
    POINT_FORM_OUTPUT,  /* switched by the gateway */
};

struct point_kind_facts {
    const char *name;
    enum point_form form;
    enum unit unit;        /* what a value is kept in */
    bool serves_emergency; /* a call or fire input: its edges are never merged away */
};

const struct point_kind_facts *point_kind_facts(enum point_kind kind);

/* What a value of a kind can be at all, in the kind's unit and in those of its dimension. */
struct point_kind_range {
    double least;
    double most;
};

/*
 * The range that follows from what the kind measures: a share is from nothing to all of it, a count, a
 * concentration and an illuminance are not negative, and nothing is colder than absolute zero,
 * -273.15 °C (SI Brochure, 9th edition, 2.3.1). Every finite number where nothing follows.
 */
struct point_kind_range point_kind_range(enum point_kind kind);

/* Does it call for help: one of the calls in the list above? */
bool point_kind_is_call(enum point_kind kind);

enum place_kind {
    PLACE_SITE,
    PLACE_BUILDING,
    PLACE_FLOOR,
    PLACE_CORRIDOR,
    PLACE_ENTRANCE,
    PLACE_OUTDOOR,
    PLACE_SERVICE_CENTRE,
    PLACE_SERVICE_HALL,
    PLACE_HOME_CARE_CENTRE,
    PLACE_DAY_CARE_ROOM,
    PLACE_DINING_ROOM,
    PLACE_REHABILITATION_ROOM,
    PLACE_COUNSELLING_ROOM,
    PLACE_ACTIVITY_ROOM,
    PLACE_READING_ROOM,
    PLACE_BEDROOM,
    PLACE_BATHROOM,
    PLACE_KITCHEN,
    PLACE_SPORTS_ROOM,
    PLACE_SPORTS_COURT,
    PLACE_HEALTH_STATION,
    PLACE_KINDERGARTEN,
    PLACE_POLICE_ROOM,
    PLACE_MARKET,
    PLACE_SHOP,
    PLACE_PLANT_ROOM,
    PLACE_KIND_COUNT,
};

const char *place_kind_name(enum place_kind kind);

enum priority {
    PRIORITY_EMERGENCY,
    PRIORITY_URGENT,
    PRIORITY_HIGH,
    PRIORITY_LOW,
    PRIORITY_JOURNAL,
    PRIORITY_COUNT,
};

const char *priority_name(enum priority priority);

enum alarm_class {
    CLASS_FIRE_ALARM,
    CLASS_FIRE_CONFIRMED,
    CLASS_FIRE_SUPERVISORY,
    CLASS_FIRE_FAULT,
    CLASS_FIRE_DISABLED,
    CLASS_GAS_ALARM,
    CLASS_WATER_LEAK,
    CLASS_CALL_EMERGENCY,
    CLASS_CALL_BATHROOM,
    CLASS_CALL_ASSIST,
    CLASS_CALL_DURESS,
    CLASS_CARE_FALL,
    CLASS_CARE_INACTIVITY,
    CLASS_CARE_OVERSTAY,
    CLASS_CARE_BED_EXIT,
    CLASS_CARE_WANDER,
    CLASS_DOOR_FORCED,
    CLASS_DOOR_HELD,
    CLASS_ACCESS_DENIED_BURST,
    CLASS_INTRUSION,
    CLASS_SPACE_OVER_CAPACITY,
    CLASS_SPACE_CLIMATE,
    CLASS_PATROL_NOT_STARTED,
    CLASS_PATROL_LATE,
    CLASS_PATROL_MISSED,
    CLASS_PATROL_OUT_OF_ORDER,
    CLASS_PATROL_INCOMPLETE,
    CLASS_PATROL_GUARD_OVERDUE,
    CLASS_SYSTEM_DEVICE_LOST,
    CLASS_SYSTEM_SENSOR_FAULT,
    CLASS_SYSTEM_STUCK,
    CLASS_SYSTEM_BATTERY_LOW,
    CLASS_SYSTEM_TAMPER,
    CLASS_SYSTEM_UPLINK_LOST,
    CLASS_SYSTEM_STORAGE,
    CLASS_SYSTEM_CLOCK,
    CLASS_SYSTEM_COMPONENT_LOST,
    CLASS_SYSTEM_CONFIG_CHANGED,
    CLASS_SYSTEM_NOBODY_LISTENING,
    CLASS_SYSTEM_CERTIFICATE,
    ALARM_CLASS_COUNT,
};

struct alarm_class_facts {
    const char *name; /* "call.emergency" */
    enum priority priority;
    bool managed;        /* acknowledged one by one; never shelved or inhibited */
    bool latched;        /* stays until reset */
    bool origin;         /* closes only after somebody attended at the place */
    bool delay_capped;   /* no raise_after at all: a call or a fire is told at once */
    bool silent;         /* nothing may sound at the place */
    bool needs_response; /* an emergency without a response text draws a warning */
};

const struct alarm_class_facts *alarm_class_facts(enum alarm_class class);

/*
 * Find a word of `len` bytes in one of the lists. Returns the enumerator, or the list's COUNT when
 * the word is not in it. The word need not end in NUL.
 */
enum point_kind point_kind_find(const char *word, size_t len);
enum place_kind place_kind_find(const char *word, size_t len);
enum priority priority_find(const char *word, size_t len);
enum alarm_class alarm_class_find(const char *word, size_t len);

#endif
