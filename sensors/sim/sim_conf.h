/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SENSORS_SIM_CONF_H
#define SENSORS_SIM_CONF_H

/*
 * What the simulated field is made of
 *
 * Plain structs that refer to each other by index: the site's buses, devices, places and points as
 * far as a device knows them, and the story. Whoever reads site and story files fills them in; all
 * strings and arrays outlive the field.
 *
 * A value is in the unit that the site's reading of the point has after scale and offset. Spans and
 * times ending in _ns are the story's, and run as fast as the clock that the field is given; those
 * ending in _ms are real.
 */

#include "rules/kind.h"
#include "sensors/sim/sim_answer.h"

#define SIM_NONE UINT32_MAX

enum sim_bus_kind { SIM_BUS_TCP, SIM_BUS_RTU, SIM_BUS_MQTT };

struct sim_bus_conf {
    enum sim_bus_kind kind;
    const char *host; /* TCP: where to listen; MQTT: of the broker */
    uint16_t port;
    const char *path; /* RTU: absolute */
};

struct sim_device_conf {
    const char *id;
    uint32_t bus; /* devices stand sorted by bus */
    uint8_t unit; /* Modbus */
    uint32_t timeout_ms;
};

struct sim_place_conf {
    const char *id;
};

struct sim_point_conf {
    const char *id;
    uint32_t place;
    uint32_t device;
    enum point_kind kind;
    bool output;                  /* switched by the gateway */
    struct sim_encoding encoding; /* Modbus; of MQTT points truth, invert, scale and offset */
    const char *topic;            /* MQTT; NULL for Modbus */
    const char *pointer;          /* MQTT: where the value stands; NULL for event points */
    uint64_t silence_ns;          /* longest silence that the gateway takes for normal; 0: any */
};

/* Times are from the start of the story. */
enum sim_act_kind { SIM_ACT_SET, SIM_ACT_MQTT, SIM_ACT_DOWN, SIM_ACT_ANSWER };

struct sim_act {
    uint64_t at_ns;
    uint64_t for_ns; /* then back to what it was; 0: it stays. Never with SIM_ACT_MQTT */
    enum sim_act_kind kind;
    uint32_t point;         /* SET */
    double value;           /* SET */
    uint32_t device;        /* DOWN, ANSWER; MQTT: whose broker the topic is at */
    enum sim_answer answer; /* ANSWER */
    const char *topic;      /* MQTT */
    const char *payload;    /* MQTT: a JSON text */
};

struct sim_people_conf {
    uint32_t place;
    double count;
};

struct sim_climate_conf {
    uint32_t place;
    enum point_kind kind; /* of a number that wanders: temperature, humidity … */
    double value;         /* where it begins, and what it keeps coming back to */
};

struct sim_story_conf {
    const char *name;
    double speed; /* story time per clock time; greater than 0 */
    uint64_t seed;
    const struct sim_people_conf *people;
    uint32_t people_count;
    const struct sim_climate_conf *climate;
    uint32_t climate_count;
    const struct sim_act *acts; /* in any order */
    uint32_t act_count;
};

struct sim_conf {
    const char *name; /* of the site; part of the name under which a broker knows the sensors */
    const struct sim_bus_conf *buses;
    const struct sim_device_conf *devices;
    const struct sim_place_conf *places;
    const struct sim_point_conf *points;
    uint32_t bus_count, device_count, place_count, point_count;
    struct sim_story_conf story;
};

/* Where the field learns the time, and how long a span of it takes in real time. */
struct sim_clock {
    struct instant (*instant)(void);
    uint64_t (*real_span_ns)(uint64_t span_ns);
};

#endif
