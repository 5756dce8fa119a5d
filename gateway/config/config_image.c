/* SPDX-License-Identifier: Apache-2.0 */
#include <assert.h>
#include <string.h>

#include "gateway/config/config_layout.h"
#include "gateway/digest.h"

/*
 * The compiled site
 *
 * Every table is built in the arena first, its strings entering the table of strings on the way;
 * then one block takes header, tables and strings. All memory comes zeroed and every row is made
 * field by field, so that the same site gives the same bytes, padding included, and the digest
 * means something.
 */

enum { IMAGE_ALIGN = 8 };

static const char image_magic[8] = {'t', 'o', 'c', 's', 'i', 'n', '1', '\n'};

struct image_builder {
    struct config *config;
    const struct config_layout *layout;
    struct site_header header;
    struct {
        const void *rows;
        uint32_t count, row_size;
    } tables[SITE_TABLE_COUNT];
    struct config_index string_index;
    char *strings;
    uint32_t string_size, string_room;
};

/* The offset of a string, entered once; 0 for NULL and for "". */
static uint32_t image_string(struct image_builder *image, const char *text) {
    if (text == NULL || text[0] == '\0') {
        return 0;
    }
    uint32_t known = config_index_find(&image->string_index, text);
    if (known != UINT32_MAX) {
        return known;
    }
    uint32_t size = (uint32_t)strlen(text) + 1;
    struct config_arena *arena = &image->config->arena;
    if (image->string_room - image->string_size < size) {
        uint32_t room = (image->string_size + size) * 2;
        char *moved = config_alloc(arena, room, 1);
        memcpy(moved, image->strings, image->string_size);
        image->strings = moved;
        image->string_room = room;
    }
    uint32_t offset = image->string_size;
    memcpy(image->strings + offset, text, size);
    image->string_size += size;
    config_index_add(arena, &image->string_index, text, offset);
    return offset;
}

static struct site_name image_name(struct image_builder *image, struct config_name name) {
    return (struct site_name){.zh = image_string(image, name.zh),
                              .en = image_string(image, name.en)};
}

static void image_table(struct image_builder *image, int table, const void *rows, uint32_t count,
                        size_t row_size) {
    image->tables[table].rows = rows;
    image->tables[table].count = count;
    image->tables[table].row_size = (uint32_t)row_size;
}

static void *image_rows(struct image_builder *image, uint32_t count, size_t row_size) {
    return config_alloc(&image->config->arena, (size_t)count + 1, row_size);
}

static void image_places(struct image_builder *image) {
    const struct config *config = image->config;
    struct site_place *rows = image_rows(image, config->place_count, sizeof *rows);
    for (uint32_t i = 0; i < config->place_count; i++) {
        rows[i].id = image_string(image, config->places[i].id);
        rows[i].name = image_name(image, config->places[i].name);
    }
    image_table(image, SITE_TABLE_PLACES, image->layout->places, config->place_count,
                sizeof *image->layout->places);
    image_table(image, SITE_TABLE_PLACE_TEXTS, rows, config->place_count, sizeof *rows);
}

static void image_plans(struct image_builder *image) {
    const struct config *config = image->config;
    struct site_plan *rows = image_rows(image, config->plan_count, sizeof *rows);
    uint32_t count = 0;
    for (uint32_t i = 0; i < config->place_count; i++) {
        const char *drawing = config->places[i].drawing;
        if (drawing != NULL) {
            unsigned char digest[DIGEST_SIZE];
            digest_of(drawing, strlen(drawing), digest);
            memcpy(&rows[count].digest, digest, sizeof rows[count].digest);
            rows[count].place = i;
            rows[count++].drawing = image_string(image, drawing);
        }
    }
    image_table(image, SITE_TABLE_PLANS, rows, count, sizeof *rows);
}

static void image_points(struct image_builder *image) {
    const struct config *config = image->config;
    struct site_point *rows = image_rows(image, config->point_count, sizeof *rows);
    for (uint32_t i = 0; i < config->point_count; i++) {
        const struct config_point *point = &config->points[image->layout->point_at[i]];
        const struct site_point *row = &point->row;
        rows[i].id = image_string(image, point->id);
        rows[i].bus = config->devices[point->device].bus;
        rows[i].scale = row->scale;
        rows[i].offset = row->offset;
        rows[i].deadband = row->deadband;
        rows[i].min = row->min;
        rows[i].max = row->max;
        rows[i].unit = row->unit;
        rows[i].output = row->output;
        rows[i].modbus_table = row->modbus_table;
        rows[i].modbus_type = row->modbus_type;
        rows[i].modbus_order = row->modbus_order;
        rows[i].invert = row->invert;
        rows[i].states = row->states;
        memcpy(rows[i].state_raw, row->state_raw, sizeof rows[i].state_raw);
        rows[i].modbus_bit = row->modbus_bit;
        rows[i].modbus_address = row->modbus_address;
        rows[i].mqtt_topic = image_string(image, point->topic);
        rows[i].mqtt_whole = row->mqtt_whole;
        rows[i].mqtt_value = image_string(image, point->value);
        rows[i].mqtt_code = image_string(image, point->code);
        rows[i].mqtt_result = image_string(image, point->result);
        rows[i].mqtt_time = image_string(image, point->time);
    }
    image_table(image, SITE_TABLE_POINTS, image->layout->points, config->point_count,
                sizeof *image->layout->points);
    image_table(image, SITE_TABLE_POINT_TEXTS, rows, config->point_count, sizeof *rows);
}

static void image_devices(struct image_builder *image) {
    const struct config *config = image->config;
    struct site_device *rows = image_rows(image, config->device_count, sizeof *rows);
    struct site_bus *buses = image_rows(image, config->bus_count, sizeof *buses);
    for (uint32_t i = 0; i < config->bus_count; i++) {
        const struct config_bus *bus = &config->buses[i];
        buses[i].kind = bus->kind;
        buses[i].field = i / CONFIG_BUSES_PER_FIELD;
        buses[i].address = image_string(image, bus->address);
        buses[i].host = image_string(image, bus->host);
        buses[i].port = bus->port;
        buses[i].baud = bus->baud;
        buses[i].parity = bus->parity;
        buses[i].stop_bits = bus->stop_bits;
    }
    for (uint32_t i = 0; i < config->device_count; i++) {
        const struct config_device *device = &config->devices[image->layout->device_at[i]];
        rows[i].id = image_string(image, device->id);
        rows[i].bus = device->bus;
        rows[i].unit = device->unit;
        rows[i].poll_ms = (uint32_t)(device->poll_ns / NS_PER_MS);
        rows[i].timeout_ms = (uint32_t)(device->timeout_ns / NS_PER_MS);
        struct site_bus *bus = &buses[device->bus];
        if (bus->device_count++ == 0) {
            bus->device_first = i;
        }
    }
    image_table(image, SITE_TABLE_DEVICES, image->layout->devices, config->device_count,
                sizeof *image->layout->devices);
    image_table(image, SITE_TABLE_DEVICE_TEXTS, rows, config->device_count, sizeof *rows);
    image_table(image, SITE_TABLE_BUSES, buses, config->bus_count, sizeof *buses);
}

static void image_rule_texts(struct image_builder *image, uint32_t count) {
    const struct config *config = image->config;
    struct site_rule *rows = image_rows(image, count, sizeof *rows);
    for (uint32_t i = 0; i < config->rule_count; i++) {
        const struct config_rule *rule = &config->rules[i];
        rows[i].id = image_string(image, rule->id);
        rows[i].message = image_name(image, rule->message);
        rows[i].response = image_name(image, rule->response);
        rows[i].expression = image_string(image, rule->raise->text);
    }
    for (uint32_t i = config->rule_count; i < count; i++) {
        enum ruleset_builtin builtin = (enum ruleset_builtin)(i - config->rule_count + 1);
        assert(builtin < BUILTIN_COUNT);
        rows[i].id = image_string(image, ruleset_builtin_name(builtin));
        /* What it says stands in event_text.c; the site has no words of its own for it. */
    }
    image_table(image, SITE_TABLE_RULE_TEXTS, rows, count, sizeof *rows);
}

static void image_rules(struct image_builder *image) {
    struct config *config = image->config;
    struct ruleset_sizes sizes;
    struct ruleset_finding finding;
    (void)ruleset_measure(&config->draft, &sizes, &finding, 1);
    struct ruleset_arrays arrays = {
        .rules = image_rows(image, sizes.rules, sizeof *arrays.rules),
        .alarms = image_rows(image, sizes.alarms, sizeof *arrays.alarms),
        .ops = image_rows(image, sizes.ops, sizeof *arrays.ops),
        .sets = image_rows(image, sizes.sets, sizeof *arrays.sets),
        .bounds = image_rows(image, sizes.bounds, sizeof *arrays.bounds),
        .members = image_rows(image, sizes.members, sizeof *arrays.members),
        .dependent_first =
            image_rows(image, config->point_count + 1, sizeof *arrays.dependent_first),
        .dependents = image_rows(image, sizes.dependents, sizeof *arrays.dependents),
        .betweens = image_rows(image, sizes.betweens, sizeof *arrays.betweens),
    };
    ruleset_bind(&config->draft, &sizes, &arrays);
    image_table(image, SITE_TABLE_RULES, arrays.rules, sizes.rules, sizeof *arrays.rules);
    image_table(image, SITE_TABLE_ALARMS, arrays.alarms, sizes.alarms, sizeof *arrays.alarms);
    image_table(image, SITE_TABLE_OPS, arrays.ops, sizes.ops, sizeof *arrays.ops);
    image_table(image, SITE_TABLE_SETS, arrays.sets, sizes.sets, sizeof *arrays.sets);
    image_table(image, SITE_TABLE_BOUNDS, arrays.bounds, sizes.bounds, sizeof *arrays.bounds);
    image_table(image, SITE_TABLE_MEMBERS, arrays.members, sizes.members, sizeof *arrays.members);
    image_table(image, SITE_TABLE_DEPENDENT_FIRST, arrays.dependent_first, config->point_count + 1,
                sizeof *arrays.dependent_first);
    image_table(image, SITE_TABLE_DEPENDENTS, arrays.dependents, sizes.dependents,
                sizeof *arrays.dependents);
    image_table(image, SITE_TABLE_BETWEENS, arrays.betweens, sizes.betweens,
                sizeof *arrays.betweens);
    image->header.memory_count = sizes.memories;
    image->header.window_count = sizes.windows;
    image_rule_texts(image, sizes.rules);
}

static void image_spans(struct site_span *ret, const struct site_span *spans, uint32_t count) {
    if (count > 0) {
        memcpy(ret, spans, count * sizeof *spans);
    }
}

static void image_shift_people(struct image_builder *image, struct site_shift *shifts) {
    const struct config *config = image->config;
    uint32_t count = 0;
    for (uint32_t i = 0; i < config->shift_count; i++) {
        shifts[i].people_first = count;
        shifts[i].people_count = config->shifts[i].people_count;
        count += config->shifts[i].people_count;
    }
    uint32_t *people = image_rows(image, count, sizeof *people);
    for (uint32_t i = 0; i < config->shift_count; i++) {
        for (uint32_t j = 0; j < shifts[i].people_count; j++) {
            people[shifts[i].people_first + j] = image_string(image, config->shifts[i].people[j]);
        }
    }
    image_table(image, SITE_TABLE_SHIFT_PEOPLE, people, count, sizeof *people);
}

static void image_calendar(struct image_builder *image) {
    const struct config *config = image->config;
    struct site_calendar *rows = image_rows(image, config->calendar_count, sizeof *rows);
    uint32_t span_count = 0;
    for (uint32_t i = 0; i < config->calendar_count; i++) {
        rows[i].span_first = span_count;
        rows[i].span_count = config->calendars[i].count;
        span_count += config->calendars[i].count;
    }
    struct site_shift *shifts = image_rows(image, config->shift_count, sizeof *shifts);
    for (uint32_t i = 0; i < config->shift_count; i++) {
        shifts[i].id = image_string(image, config->shifts[i].id);
        shifts[i].name = image_name(image, config->shifts[i].name);
        shifts[i].span_first = span_count;
        shifts[i].span_count = config->shifts[i].span_count;
        shifts[i].role = (uint32_t)config->shifts[i].role;
        span_count += config->shifts[i].span_count;
    }
    image_shift_people(image, shifts);
    struct site_span *spans = image_rows(image, span_count, sizeof *spans);
    for (uint32_t i = 0; i < config->calendar_count; i++) {
        image_spans(spans + rows[i].span_first, config->calendars[i].spans, rows[i].span_count);
    }
    for (uint32_t i = 0; i < config->shift_count; i++) {
        image_spans(spans + shifts[i].span_first, config->shifts[i].spans, shifts[i].span_count);
    }
    image_table(image, SITE_TABLE_SHIFTS, shifts, config->shift_count, sizeof *shifts);
    image_table(image, SITE_TABLE_CALENDARS, rows, config->calendar_count, sizeof *rows);
    image_table(image, SITE_TABLE_SPANS, spans, span_count, sizeof *spans);
    image_table(image, SITE_TABLE_HOLIDAYS, config->holidays, config->holiday_count,
                sizeof *config->holidays);
}

static void image_times(struct image_builder *image) {
    image_table(image, SITE_TABLE_TIMES, &image->config->times, 1, sizeof image->config->times);
}

/* Where an audience stands in the image: single persons behind all listeners. */
static uint32_t image_audience(const struct config *config, uint32_t index) {
    bool listens = config_is_listener(&config->webhooks[index]);
    uint32_t at = listens ? 0 : config_listener_count(config);
    for (uint32_t i = 0; i < index; i++) {
        at += config_is_listener(&config->webhooks[i]) == listens;
    }
    return at;
}

/* Is the shift one in which the audience is to be reached? */
static bool image_is_duty(const struct config *config, const struct config_webhook *audience,
                          uint32_t shift) {
    return audience->to == CHAIN_TO_SHIFT
               ? audience->receiver == shift
               : audience->to == CHAIN_TO_ROLE && audience->receiver < ROLE_COUNT &&
                     audience->receiver == (uint32_t)config->shifts[shift].role;
}

/* The shifts of each role or shift that is called: it is to be reached while one of them is on. */
static void image_listener_shifts(struct image_builder *image) {
    const struct config *config = image->config;
    uint32_t count = config_listener_count(config);
    uint64_t *rows = image_rows(image, count, sizeof *rows);
    for (uint32_t i = 0; i < config->webhook_count; i++) {
        for (uint32_t s = 0; config_is_listener(&config->webhooks[i]) && s < config->shift_count;
             s++) {
            bool duty = image_is_duty(config, &config->webhooks[i], s);
            rows[image_audience(config, i)] |= (uint64_t)duty << s;
        }
    }
    image_table(image, SITE_TABLE_LISTENER_SHIFTS, rows, count, sizeof *rows);
}

static void image_audiences(struct image_builder *image) {
    const struct config *config = image->config;
    struct site_webhook *rows = image_rows(image, config->webhook_count, sizeof *rows);
    for (uint32_t i = 0; i < config->webhook_count; i++) {
        const struct config_webhook *from = &config->webhooks[i];
        struct site_webhook *row = &rows[image_audience(config, i)];
        row->id = image_string(image, from->id);
        row->url = image_string(image, from->url);
        row->secret_file = image_string(image, from->secret_file);
        row->ca = image_string(image, from->ca);
        row->token_file = image_string(image, from->token_file);
        row->format = from->format;
        row->language = from->language;
        row->to = (uint32_t)from->to;
        row->receiver = from->receiver;
    }
    image_table(image, SITE_TABLE_WEBHOOKS, rows, config->webhook_count, sizeof *rows);
}

/* Whom an alarm's chain tells, step by step, and how. */
static void image_chains(struct image_builder *image) {
    const struct config *config = image->config;
    struct ruleset_chain *chains = image_rows(image, config->chain_count, sizeof *chains);
    uint32_t step_count = 0;
    for (uint32_t i = 0; i < config->chain_count; i++) {
        chains[i].step_first = step_count;
        chains[i].step_count = config->chains[i].step_count;
        step_count += config->chains[i].step_count;
    }
    struct chain_step *steps = image_rows(image, step_count, sizeof *steps);
    for (uint32_t i = 0; i < config->chain_count; i++) {
        for (uint32_t s = 0; s < chains[i].step_count; s++) {
            struct chain_step *step = &steps[chains[i].step_first + s];
            *step = config->chains[i].steps[s].row;
            if (step->webhook != CHAIN_NO_WEBHOOK) {
                step->webhook = image_audience(config, step->webhook);
            }
        }
    }
    image_table(image, SITE_TABLE_CHAINS, chains, config->chain_count, sizeof *chains);
    image_table(image, SITE_TABLE_STEPS, steps, step_count, sizeof *steps);
}

static void image_header(struct image_builder *image) {
    const struct config *config = image->config;
    struct site_header *header = &image->header;
    memcpy(header->magic, image_magic, sizeof header->magic);
    header->site_id = image_string(image, config->site_id);
    header->gateway_id = image_string(image, config->gateway_id);
    header->site_name = image_name(image, config->site_name);
    header->timezone = image_string(image, config->timezone);
    header->state_directory = image_string(image, config->state_directory);
    header->console_listen = image_string(image, config->console_listen);
    header->console_cert = image_string(image, config->console_cert);
    header->console_key = image_string(image, config->console_key);
    header->recordings_size = config->recordings_size;
    header->history_size = config->history_size;
    header->journal_keep_ns = config->journal_keep_ns;
    header->journal_size = config->journal_size;
    header->journal_signing_key_file = image_string(image, config->journal_signing_key_file);
    header->level_min = config->level_min;
    header->mqtt_version = config->mqtt_version;
    header->mqtt_commands = config->mqtt_commands;
    header->home_assistant_prefix = image_string(image, config->home_assistant_prefix);
    header->home_assistant_language = config->home_assistant_language;
    header->push_contact = image_string(image, config->push_contact);
    header->push_ca = image_string(image, config->push_ca);
    header->influx_url = image_string(image, config->influx_url);
    header->influx_database = image_string(image, config->influx_database);
    header->influx_org = image_string(image, config->influx_org);
    header->influx_bucket = image_string(image, config->influx_bucket);
    header->influx_token_file = image_string(image, config->influx_token_file);
    header->influx_user = image_string(image, config->influx_user);
    header->influx_password_file = image_string(image, config->influx_password_file);
    header->influx_ca = image_string(image, config->influx_ca);
    header->influx_precision = config->influx_precision;
    header->influx_spool_size = config->influx_spool_size;
    header->mqtt_ca = image_string(image, config->mqtt_ca);
    header->mqtt_cert = image_string(image, config->mqtt_cert);
    header->mqtt_key = image_string(image, config->mqtt_key);
    header->mqtt_user = image_string(image, config->mqtt_user);
    header->mqtt_password_file = image_string(image, config->mqtt_password_file);
    header->field_count = image->layout->field_count;
    header->component_count = image->layout->field_count + CONFIG_OTHER_COMPONENTS;
    uint32_t *brokers = image_rows(image, config->broker_count, sizeof *brokers);
    for (uint32_t i = 0; i < config->broker_count; i++) {
        brokers[i] = image_string(image, config->brokers[i]);
    }
    image_table(image, SITE_TABLE_BROKERS, brokers, config->broker_count, sizeof *brokers);
}

static size_t image_aligned(size_t size) {
    return (size + IMAGE_ALIGN - 1) & ~(size_t)(IMAGE_ALIGN - 1);
}

/* Put header, tables and strings into one block. */
static void image_join(struct image_builder *image) {
    struct config *config = image->config;
    struct site_header *header = &image->header;
    size_t size = image_aligned(sizeof *header);
    for (int i = 0; i < SITE_TABLE_COUNT; i++) {
        header->tables[i] = (struct site_table){
            .offset = size, .count = image->tables[i].count, .row_size = image->tables[i].row_size};
        size += image_aligned((size_t)image->tables[i].count * image->tables[i].row_size);
    }
    header->strings_offset = size;
    header->strings_size = image->string_size;
    size = image_aligned(size + image->string_size);
    header->size = size;
    unsigned char *bytes = config_alloc(&config->arena, size, 1);
    for (int i = 0; i < SITE_TABLE_COUNT; i++) {
        if (image->tables[i].count > 0) {
            memcpy(bytes + header->tables[i].offset, image->tables[i].rows,
                   (size_t)image->tables[i].count * image->tables[i].row_size);
        }
    }
    memcpy(bytes + header->strings_offset, image->strings, image->string_size);
    memcpy(bytes, header, sizeof *header);
    digest_of(bytes + SITE_DIGEST_FROM, size - SITE_DIGEST_FROM, header->digest);
    memcpy(&header->generation, header->digest, sizeof header->generation);
    memcpy(bytes, header, sizeof *header);
    config->image = bytes;
    config->image_size = size;
}

void config_image_build(struct config *config, const struct config_layout *layout) {
    struct image_builder *image = config_alloc(&config->arena, 1, sizeof *image);
    image->config = config;
    image->layout = layout;
    /* Offset 0 is the empty string. */
    image->strings = config_alloc(&config->arena, 1, 1);
    image->string_size = 1;
    image->string_room = 1;
    image_header(image);
    image_places(image);
    image_plans(image);
    image_points(image);
    image_devices(image);
    image_calendar(image);
    image_times(image);
    image_chains(image);
    image_audiences(image);
    image_listener_shifts(image);
    image_rules(image);
    image_join(image);
}
