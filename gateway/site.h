/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_SITE_H
#define GATEWAY_SITE_H

/*
 * The site image
 *
 * The accepted site, compiled by gateway/config and sealed into a memfd by the supervisor; every
 * process maps it read-only and looks at the same bytes. A restarted process gets the same image
 * again, never the edited file. Inside are only indexes and offsets: tables of fixed structs, and
 * one table of strings, UTF-8, each ending in NUL; string offset 0 is the empty string and means
 * "not given".
 *
 *     struct site_header | tables, each aligned to 8 bytes | strings
 *
 * The generation is the first 8 bytes of the SHA-256 over all that the site says: a reading
 * from a process that runs another generation is dropped, so that an index can never mean another
 * room.
 */

#include <stddef.h>

#include "gateway/err.h"
#include "rules/ruleset.h"

/* Texts for people, in the languages of the product. */
struct site_name {
    uint32_t zh, en; /* string offsets */
};

enum site_language { LANGUAGE_ZH, LANGUAGE_EN };

enum {
    SITE_TABLE_PLACES,          /* struct ruleset_place */
    SITE_TABLE_PLACE_TEXTS,     /* struct site_place, parallel to PLACES */
    SITE_TABLE_POINTS,          /* struct ruleset_point */
    SITE_TABLE_POINT_TEXTS,     /* struct site_point, parallel to POINTS */
    SITE_TABLE_DEVICES,         /* struct ruleset_device */
    SITE_TABLE_DEVICE_TEXTS,    /* struct site_device, parallel to DEVICES */
    SITE_TABLE_BUSES,           /* struct site_bus */
    SITE_TABLE_RULES,           /* struct ruleset_rule */
    SITE_TABLE_RULE_TEXTS,      /* struct site_rule, parallel to RULES */
    SITE_TABLE_ALARMS,          /* struct ruleset_alarm */
    SITE_TABLE_OPS,             /* struct expr_op */
    SITE_TABLE_SETS,            /* struct expr_set */
    SITE_TABLE_BOUNDS,          /* struct expr_bound */
    SITE_TABLE_MEMBERS,         /* uint32_t */
    SITE_TABLE_DEPENDENT_FIRST, /* uint32_t */
    SITE_TABLE_DEPENDENTS,      /* uint32_t */
    SITE_TABLE_BETWEENS,        /* struct expr_between */
    SITE_TABLE_CALENDARS,       /* struct site_calendar; entry 0 is always open */
    SITE_TABLE_SPANS,           /* struct site_span, referred to by calendars and shifts */
    SITE_TABLE_HOLIDAYS,        /* int32_t, days since 1970-01-01 in the site's zone */
    SITE_TABLE_BROKERS,         /* uint32_t: string offsets of broker addresses, in order */
    SITE_TABLE_CHAINS,          /* struct ruleset_chain */
    SITE_TABLE_STEPS,           /* struct chain_step, referred to by the chains */
    SITE_TABLE_SHIFTS,          /* struct site_shift */
    SITE_TABLE_WEBHOOKS,        /* struct site_webhook */
    SITE_TABLE_TIMES,           /* struct alarm_times: one */
    SITE_TABLE_LISTENER_SHIFTS, /* uint64_t, parallel to the first of WEBHOOKS: a set of shifts */
    SITE_TABLE_SHIFT_PEOPLE,    /* uint32_t: names or ids, by shift */
    SITE_TABLE_PLANS,           /* struct site_plan, by place */
    SITE_TABLE_COUNT,
};

struct site_table {
    uint64_t offset; /* from the start of the image */
    uint32_t count;
    uint32_t row_size;
};

/* What the times count that are written to the database. */
enum site_precision { SITE_PRECISION_NS, SITE_PRECISION_MS };

struct site_header {
    char magic[8]; /* "tocsin1\n" */
    uint64_t size; /* of the whole image */
    uint64_t generation;
    unsigned char digest[32]; /* SHA-256 of everything after it */
    struct site_table tables[SITE_TABLE_COUNT];
    uint64_t strings_offset;
    uint64_t strings_size;
    uint32_t site_id, gateway_id;
    struct site_name site_name;
    uint32_t timezone;                  /* "Asia/Shanghai" */
    uint32_t state_directory;           /* absolute */
    uint32_t console_listen;            /* 0: no browser can reach the console */
    uint32_t console_cert, console_key; /* paths, absolute; 0: of the site's own authority */
    uint32_t mqtt_version;              /* 5 or 3 (3.1.1) */
    uint32_t mqtt_commands;             /* 1: people give commands by the broker, signed */
    uint32_t mqtt_ca, mqtt_cert, mqtt_key, mqtt_user, mqtt_password_file; /* paths, absolute */
    uint32_t home_assistant_prefix;   /* 0: points are not announced to it */
    uint32_t home_assistant_language; /* enum site_language */
    uint32_t push_contact, push_ca;   /* an address of mail or the web; a path, absolute; or 0 */
    uint32_t influx_url;              /* 0: there is no database */
    uint32_t influx_database, influx_org, influx_bucket, influx_user;
    uint32_t influx_token_file, influx_password_file, influx_ca; /* paths, absolute */
    uint32_t influx_precision;                                   /* enum site_precision */
    uint32_t field_count; /* processes that the buses are spread over */
    uint32_t component_count;
    uint32_t memory_count, window_count; /* of the ruleset */
    uint32_t journal_signing_key_file;   /* absolute; 0: none */
    uint32_t level_min;       /* minutes after local midnight at which the counters are levelled */
    uint64_t recordings_size; /* bytes of inputs kept for replay; 0: none */
    uint64_t history_size;    /* bytes that the history for charts may take; 0: none is kept */
    uint64_t journal_keep_ns; /* events are kept so long after everybody has confirmed them */
    uint64_t journal_size;    /* bytes that journal.db may take */
    uint64_t influx_spool_size; /* bytes of lines kept while the database is away; 0: none */
};

/* Where what the digest covers begins. */
#define SITE_DIGEST_FROM offsetof(struct site_header, tables)

struct site_place {
    uint32_t id; /* "care/day-care" */
    struct site_name name;
};

/*
 * The drawn floor plan of a place: SVG of shapes alone, made of the file by config_drawing.h. Elements with
 * `data-place` are places in it, by their ids.
 */
struct site_plan {
    uint64_t digest;  /* tells one drawing from another: the first 8 bytes of its SHA-256 */
    uint32_t place;   /* index */
    uint32_t drawing; /* string offset */
};

/* Where and how a Modbus point is read; the words are those of the site file. */
enum site_modbus_table {
    SITE_MODBUS_NONE, /* not a Modbus point */
    SITE_MODBUS_COIL,
    SITE_MODBUS_DISCRETE,
    SITE_MODBUS_INPUT,
    SITE_MODBUS_HOLDING,
};

enum site_modbus_type {
    SITE_TYPE_U16,
    SITE_TYPE_I16,
    SITE_TYPE_U32,
    SITE_TYPE_I32,
    SITE_TYPE_U64,
    SITE_TYPE_I64,
    SITE_TYPE_F32,
    SITE_TYPE_F64,
    SITE_TYPE_BCD16,
    SITE_TYPE_BCD32,
    SITE_TYPE_COUNT,
};

enum site_modbus_order { SITE_ORDER_ABCD, SITE_ORDER_CDAB, SITE_ORDER_BADC, SITE_ORDER_DCBA };

/* What a supervised input tells apart, in the order of `states:`. */
enum site_state {
    SITE_STATE_NORMAL,
    SITE_STATE_ALARM,
    SITE_STATE_OPEN,
    SITE_STATE_SHORT,
    SITE_STATE_COUNT
};

struct site_point {
    uint32_t id;  /* "care/day-care/button-1" */
    uint32_t bus; /* index of its bus */
    double scale; /* value = raw × scale + offset */
    double offset;
    double deadband; /* smallest change that is published; 0: each */
    double min, max; /* range of a good value; -inf and +inf when not given */
    uint8_t unit;    /* enum unit, as published; values are converted to the kind's unit */
    uint8_t output;  /* 1: written, not read */
    uint8_t modbus_table;
    uint8_t modbus_type;
    uint8_t modbus_order;
    uint8_t invert;
    int8_t modbus_bit; /* -1: the whole register */
    uint8_t states;    /* a supervised input: the set of 1 << enum site_state it has; or 0 */
    uint16_t modbus_address;
    uint8_t mqtt_whole; /* 1: the value is the whole message, and mqtt_value is 0 */
    uint8_t reserved;
    uint16_t state_raw[4]; /* by enum site_state */
    /* MQTT: the topic and JSON pointers (RFC 6901); 0 where not given */
    uint32_t mqtt_topic, mqtt_value, mqtt_code, mqtt_result, mqtt_time;
};

struct site_device {
    uint32_t id; /* "care-io" */
    uint32_t bus;
    uint32_t unit; /* Modbus unit identifier, 0…255 */
    uint32_t poll_ms;
    uint32_t timeout_ms;
    uint32_t reserved;
};

enum site_bus_kind { SITE_BUS_MODBUS_TCP, SITE_BUS_MODBUS_RTU, SITE_BUS_MQTT };

/* One connection or line; devices that name the same address share it. */
struct site_bus {
    uint32_t kind;    /* enum site_bus_kind */
    uint32_t field;   /* which field process owns it */
    uint32_t address; /* as written, for messages */
    uint32_t host;    /* TCP and MQTT: host; RTU: absolute path of the line */
    uint32_t port;
    uint32_t baud;
    uint32_t parity; /* 'N', 'E' or 'O' */
    uint32_t stop_bits;
    uint32_t device_first; /* devices stand sorted by bus */
    uint32_t device_count;
};

struct site_rule {
    uint32_t id;              /* "emergency_call" */
    struct site_name message; /* templates with {place}, {value} … */
    struct site_name response;
    uint32_t expression; /* raise: as written */
};

/* A week of opening hours. */
struct site_calendar {
    uint32_t span_first;
    uint32_t span_count;
};

/* Open from begin to end; weekday 0 is Monday; end 1440 is midnight. Never across midnight. */
struct site_span {
    uint16_t weekday;
    uint16_t begin_min;
    uint16_t end_min;
    uint16_t reserved;
};

/* Who is on duty when: like opening hours, but holidays are days of duty as well. */
struct site_shift {
    uint32_t id;           /* "care" */
    struct site_name name; /* "" where the site gives it none */
    uint32_t span_first;   /* spans may overlap */
    uint32_t span_count;   /* 0: always */
    uint32_t role;         /* enum role: whose it is; ROLE_COUNT: nobody's in particular */
    uint32_t people_first;
    uint32_t people_count; /* 0: its list says nothing of who is in it */
};

/* What a webhook is sent: the event as it is published, or a message to the robot of a group chat. */
enum site_format {
    SITE_FORMAT_CLOUDEVENTS,
    SITE_FORMAT_WECOM,
    SITE_FORMAT_DINGTALK,
    SITE_FORMAT_FEISHU,
    SITE_FORMAT_COUNT,
};

/*
 * An audience: who is called by a step, and where. All but single persons are listeners of the ruleset, and
 * stand before them.
 */
struct site_webhook {
    uint32_t id;  /* the word of the role, the shift's id, the person's name or id; "everyone" */
    uint32_t url; /* http or https; 0: on people's phones and open pages alone */
    uint32_t secret_file; /* absolute; 0: none */
    uint32_t ca;          /* absolute: who signs the receiver's certificate; 0: the system's own */
    uint32_t token_file;  /* absolute: what tells this robot from others; 0 unless it is one */
    uint32_t format;      /* enum site_format */
    uint32_t language;    /* enum site_language: of messages to people */
    uint32_t to;          /* enum chain_to, never CHAIN_TO_NOBODY */
    /* enum role, ROLE_COUNT where the webhook's name is none; index of a shift; else 0. */
    uint32_t receiver;
};

/* A mapped image: pointers into it. */
struct site {
    const struct site_header *header;
    size_t size;
    const char *strings;
    struct ruleset ruleset;
    const struct site_place *places;
    const struct site_point *points;
    const struct site_device *devices;
    const struct site_bus *buses;
    const struct site_rule *rules;
    const struct site_calendar *calendars;
    const struct site_span *spans;
    const int32_t *holidays;
    const uint32_t *brokers;
    const struct site_shift *shifts;
    const uint32_t *shift_people;
    const struct site_webhook *webhooks;
    const struct site_plan *plans;
    uint32_t bus_count, holiday_count, broker_count, webhook_count, plan_count;
};

#define SITE_E_IMAGE 1 /* the bytes are not an image of this build */

/*
 * Look at an image of `size` bytes at `bytes`, aligned to 8, which the view borrows. Checks magic,
 * digest and that every table and index-free bound lies inside. Returns 0, or SITE_E_IMAGE.
 */
NODISCARD int site_view(const void *bytes, size_t size, struct site *ret_site);

/*
 * Map the sealed memfd `fd` and view it. The mapping lives until site_unmap(), or as long as the
 * process. Returns 0, SITE_E_IMAGE or a negative errno.
 */
NODISCARD int site_map(int fd, struct site *ret_site);

/* Nothing of the site may be looked at any more. */
void site_unmap(struct site *site);

/* The string at an offset; "" for 0. */
static inline const char *site_text(const struct site *site, uint32_t offset) {
    return site->strings + offset;
}

/* The name in a language, the other one where it is missing. */
const char *site_name_text(const struct site *site, struct site_name name,
                           enum site_language language);

/*
 * May announcements to Home Assistant stand under this prefix? One or more levels of a-z, A-Z, 0-9, _ and -,
 * none empty, at most SITE_PREFIX_LEN_MAX bytes, and not below our own "tocsin".
 */
enum { SITE_PREFIX_LEN_MAX = 64 };
bool site_prefix_is_good(const char *prefix);

/* Write a span as a site file has it, in the largest unit that keeps it whole: "90 s", "24 h". */
enum { SITE_SPAN_SIZE = 16 };
void site_span_format(uint32_t span_s, char ret[SITE_SPAN_SIZE]);

/* Find by id; RULESET_NONE when there is none. */
uint32_t site_point_find(const struct site *site, const char *id);
uint32_t site_place_find(const struct site *site, const char *id);

/* The plan of a place; NULL when none is drawn. */
const struct site_plan *site_plan_of(const struct site *site, uint32_t place);

/* Is `inner` the id of the place `outer` or of one in it? */
bool site_place_is_within(const char *inner, const char *outer);

/* Longest alarm name and topic part, with the final NUL: a rule, a slash, an entity. */
enum { SITE_ENTITY_SIZE = 320, SITE_ALARM_NAME_SIZE = 360 };

/*
 * Name a component: 0… are the field processes, "field-0", then "uplink", "console",
 * "engine".
 */
void site_component_name(const struct site *site, uint32_t component, char *ret, size_t size);

/* "ours", "authority" or "broker". */
const char *site_certificate_name(enum certificate certificate);

/* The engine's own number: it is the last one. All before it are processes that the engine watches. */
uint32_t site_component_engine(const struct site *site);

/* Write the entity of an alarm: a place id, a point id, "device/<id>", "component/<name>",
 * "role/<name>", "certificate/<name>", "gateway". */
void site_entity_format(const struct site *site, uint32_t alarm, char ret[SITE_ENTITY_SIZE]);

/* Write `<rule>/<entity>`. */
void site_alarm_format(const struct site *site, uint32_t alarm, char ret[SITE_ALARM_NAME_SIZE]);

/* The reverse; RULESET_NONE when no alarm has that name. */
uint32_t site_alarm_find(const struct site *site, const char *name);

/* Is it one that people are called for at once? False for RULESET_NONE and what is no alarm. */
bool site_alarm_is_urgent(const struct site *site, uint32_t alarm);

#endif
