/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_CONFIG_MODEL_H
#define GATEWAY_CONFIG_MODEL_H

/*
 * The site as it was read
 *
 * What the checkers write down and look up in each other's parts, before it becomes an image. Rows
 * refer to each other by index, because the arrays move while they grow. A row that has an error is
 * still there, so that what refers to it does not look wrong as well; `sound` says whether the
 * image could be made of it.
 */

#include "gateway/config/config.h"
#include "gateway/config/config_arena.h"
#include "gateway/config/config_note.h"
#include "gateway/config/config_source.h"
#include "rules/ruleset.h"

struct fy_parser;
struct fy_event;
struct fy_diag;
struct XML_ParserStruct;
struct config_layout;

struct config_name {
    const char *zh, *en; /* at least one */
};

struct config_place {
    const struct config_node *node;
    const char *id; /* its path */
    struct config_name name;
    enum place_kind kind;
    uint32_t parent;
    uint32_t end; /* one past the last place below it */
    uint32_t calendar;
    double area_m2;                 /* negative: not given */
    double capacity;                /* negative: not given */
    const struct config_node *plan; /* the file of its drawn plan; NULL: none */
    const char *drawing;            /* what was read of that; NULL: none, or wrong */
    bool is_drawn;                  /* stands in the drawing of a place it lies in */
};

struct config_calendar {
    struct site_span *spans; /* sorted */
    uint32_t count;
};

struct config_bus {
    const struct config_node *node; /* the address, where it stands first */
    enum site_bus_kind kind;
    const char *address; /* as written */
    const char *host;
    uint32_t port;
    uint32_t baud, parity, stop_bits;
};

enum config_driver { CONFIG_DRIVER_MODBUS, CONFIG_DRIVER_MQTT, CONFIG_DRIVER_COUNT };

struct config_device {
    const struct config_node *node;
    const char *id;
    uint32_t driver; /* enum config_driver; its COUNT when it is unknown */
    uint32_t bus;    /* RULESET_NONE when its address is wrong */
    uint32_t unit;
    uint64_t poll_ns, timeout_ns;
    uint64_t silence_ns;       /* of the device; 0: the default */
    uint64_t point_silence_ns; /* default of its points; 0: none */
    uint64_t call_silence_ns;  /* … of those that call for help */
};

struct config_point {
    const struct config_node *node;
    const char *id;
    uint32_t place; /* RULESET_NONE when it is unknown */
    uint32_t device;
    enum point_kind kind; /* POINT_KIND_COUNT when it is unknown */
    bool attends;         /* a card that is read here says that somebody has come */
    uint64_t silence_ns;
    const char *topic, *value, *code, *result, *time; /* MQTT; NULL: not given */
    struct site_point row; /* the numbers; offsets of strings and bus come with the image */
};

struct config_shift {
    const char *id;
    struct config_name name; /* what people call it; may have neither */
    enum role role;          /* whose it is; ROLE_COUNT: nobody's in particular */
    struct site_span *spans; /* in the order of the file; may overlap */
    uint32_t span_count, span_room;
    const char **people; /* names or ids */
    uint32_t people_count, people_room;
};

struct config_webhook {
    const char *id;
    enum chain_to to;        /* whom it calls; as in struct site_webhook */
    uint32_t receiver;       /* likewise */
    const char *url;         /* NULL: wrong, or phones and pages alone */
    const char *secret_file; /* absolute; NULL: none */
    const char *ca;          /* likewise */
    const char *token_file;  /* likewise */
    uint32_t format;         /* enum site_format */
    uint32_t language;       /* enum site_language */
};

struct config_step {
    const struct config_node *node;
    struct chain_step row;
};

struct config_chain {
    const struct config_node *node;
    const char *id;
    struct config_step *steps;
    uint32_t step_count;
};

struct config_rule {
    const struct config_node *node;
    const struct config_node *each, *raise, *clear; /* NULL where absent or wrong */
    const char *id;
    struct config_name message, response;
    struct ruleset_draft_rule draft;
    bool sound;
};

struct config {
    struct config_arena arena;
    struct config_notes notes;
    struct config_summary summary;
    const char *zoneinfo;
    const char *rules_path; /* see struct config_options */
    const struct config_file *given;
    uint32_t given_count;

    /* What a load that runs out of memory has to release besides the arena. */
    struct fy_parser *parser;
    struct fy_event *event;
    struct fy_diag *diag;
    struct XML_ParserStruct *drawing_parser;
    int file;

    uint32_t source_count;
    const struct config_source *site_source;
    struct config_file *files; /* that were read */
    uint32_t file_count, file_room;
    struct config_identity identity;

    /* the site */
    const char *site_id, *gateway_id, *timezone, *state_directory, *console_listen;
    const char *console_cert, *console_key;
    uint32_t level_min; /* minutes after local midnight at which counters are levelled */
    struct config_name site_name;
    uint64_t recordings_size;
    uint64_t history_size;
    uint64_t journal_keep_ns, journal_size;
    const char *journal_signing_key_file; /* absolute; NULL: none */
    struct alarm_times times;
    uint32_t mqtt_version;
    uint32_t mqtt_commands; /* 0 or 1 */
    const char *mqtt_ca, *mqtt_cert, *mqtt_key, *mqtt_user, *mqtt_password_file;
    const char *home_assistant_prefix;  /* NULL: points are not announced to it */
    uint32_t home_assistant_language;   /* enum site_language */
    const char *push_contact, *push_ca; /* NULL: none */
    const char *influx_url;             /* NULL: there is no database */
    const char *influx_database, *influx_org, *influx_bucket, *influx_token_file, *influx_user,
        *influx_password_file, *influx_ca;
    uint32_t influx_precision; /* enum site_precision */
    uint64_t influx_spool_size;
    const char **brokers;
    uint32_t broker_count, broker_room;
    int32_t *holidays;
    uint32_t holiday_count, holiday_room;

    struct config_place *places;
    uint32_t place_count, place_room;
    uint32_t plan_count, plan_size; /* drawings, and the bytes of what was read of all of them */
    struct config_index place_index;
    struct config_calendar *calendars;
    uint32_t calendar_count, calendar_room;

    struct config_device *devices;
    uint32_t device_count, device_room;
    struct config_index device_index;
    struct config_bus *buses;
    uint32_t bus_count, bus_room;
    struct config_index bus_index;
    struct config_index output_index; /* which coils are written, by bus, unit and address */
    struct config_point *points;
    uint32_t point_count, point_room;
    struct config_index point_index;
    bool field_sound; /* places and points are good enough to bind rules to them */

    struct config_rule *rules;
    uint32_t rule_count, rule_room;
    struct config_index rule_index;
    struct config_chain *chains;
    uint32_t chain_count, chain_room;
    struct config_index chain_index;
    struct config_webhook *webhooks;
    uint32_t webhook_count, webhook_room;
    struct config_index webhook_index;
    struct config_shift *shifts;
    uint32_t shift_count, shift_room;
    struct config_index shift_index;
    struct config_index person_index;
    struct config_index tour_index;
    const char **chain_names, **webhook_names, **shift_names; /* for suggestions */
    uint32_t chain_name_room, webhook_name_room, shift_name_room;
    const char **place_ids, **point_ids; /* likewise; NULL until one is needed */

    struct ruleset_draft draft;
    void *image;
    size_t image_size;
};

/* Where a gateway keeps its state unless it is told otherwise, beside the site file. */
#define CONFIG_STATE_DIRECTORY "state"

/*
 * The parts, in the order in which they are read: each knows those before it. A node that is NULL
 * is an absent section.
 */
void config_site_check(struct config *config, const struct config_node *site);
void config_gateway_check(struct config *config, const struct config_node *gateway);
void config_mqtt_check(struct config *config, const struct config_node *mqtt);
void config_alarms_check(struct config *config, const struct config_node *alarms);
void config_influx_check(struct config *config, const struct config_node *influx);
void config_push_check(struct config *config, const struct config_node *push);
void config_places_check(struct config *config, const struct config_node *places);
void config_plans_check(struct config *config); /* the drawings of the places */
void config_devices_check(struct config *config, const struct config_node *devices);
void config_shifts_check(struct config *config, const struct config_node *shifts);
/* Is an audience one that system_nobody_listening tells of? A single person is none. */
static inline bool config_is_listener(const struct config_webhook *audience) {
    return audience->to != CHAIN_TO_PERSON;
}

uint32_t config_listener_count(const struct config *config);

void config_webhooks_check(struct config *config, const struct config_node *webhooks);
void config_chains_check(struct config *config, const struct config_node *chains);
void config_rules_check(struct config *config, const struct config_node *rules);
void config_tours_check(struct config *config, const struct config_node *tours);
void config_standard_check(struct config *config, const struct config_node *standard);

/* Add a name to a list for suggestions; `room` grows with it. Returns the list, perhaps elsewhere. */
const char **config_name_add(struct config *config, const char **names, uint32_t count,
                             uint32_t *room, const char *name);

/* Hints for a place or a point that is not there; all of them must have been read. */
const char *config_place_hint(struct config *config, const char *wrong);
const char *config_point_hint(struct config *config, const char *wrong);

/* Check the points of one device; `nodes` is its list. */
void config_points_check(struct config *config, uint32_t device, const struct config_node *nodes);

/* Note what is read for two points, once all devices have been read. */
void config_inputs_check(struct config *config);

/* Return the index of the calendar for these opening hours; equal ones are one. 0 if they are
 * wrong. */
uint32_t config_hours(struct config *config, const struct config_node *hours);

/* Warn of what is legal and yet odd, once all parts have been read. */
void config_lint(struct config *config, const struct config_layout *layout);

/*
 * Warn where the condition at `node`, which is `raise:` or `clear:` of a sound rule, or a part of it
 * is never true, always true, or so for a moment only. Returns whether it did.
 */
bool config_lint_truth(struct config *config, const struct config_layout *layout,
                       const struct config_rule *rule, const struct config_node *node);

/* Warn of places with sensors that the drawing does not have. */
void config_lint_plans(struct config *config);

/* Warn of the hours in which a chain that calls shifts calls nobody by them. */
void config_lint_shifts(struct config *config, const struct config_chain *chain);

/* Warn of calls and detectors that no rule reads; only after config_image_build(). */
void config_lint_unread(struct config *config, const struct config_layout *layout);

/* Warn where a call or a fire is silent at certain hours, which no other rule has. */
void config_lint_hours(struct config *config, const struct config_layout *layout,
                       const struct config_rule *rule);

/* Warn where no value raises or clears the alarm of a sound rule, or every value raises it. */
void config_lint_value(struct config *config, const struct config_rule *rule);

/* Bind the rules to the site and note what does not fit; true if the image can be made. */
bool config_bind_check(struct config *config, const struct config_layout *layout);

/* Compile. Only after config_bind_check() and without any error. */
void config_image_build(struct config *config, const struct config_layout *layout);

/*
 * Read what a refused site says of itself: `source` is its file, NULL when that could not be read at
 * `path`. Notes nothing.
 */
void config_identity_read(struct config *config, const char *path,
                          const struct config_source *source, const struct config_options *options);

/*
 * Override or add one scalar of the site file's tree, `setting` being "PATH=VALUE". Notes what is
 * wrong with it.
 */
void config_set(struct config *config, struct config_node *root, const char *setting);

#endif
