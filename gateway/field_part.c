/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/field_part.h"

#include <string.h>

/* Whoever adds to one of these rows decides whether a field process looks at it. */
_Static_assert(sizeof(struct site_bus) == 40 && sizeof(struct site_device) == 24 &&
                   sizeof(struct site_point) == 88,
               "everything that a field process looks at is compared");

/* Two sites, and whose part is compared. */
struct parts {
    const struct site *from, *to;
    uint32_t instance;
};

static bool part_same_text(const struct parts *parts, uint32_t from, uint32_t to) {
    return strcmp(site_text(parts->from, from), site_text(parts->to, to)) == 0;
}

static bool part_has_bus(const struct site *site, uint32_t instance, uint32_t bus) {
    return bus < site->bus_count && site->buses[bus].field == instance;
}

static bool part_has_device(const struct site *site, uint32_t instance, uint32_t device) {
    return device < site->ruleset.device_count &&
           part_has_bus(site, instance, site->devices[device].bus);
}

static bool part_has_point(const struct site *site, uint32_t instance, uint32_t point) {
    return point < site->ruleset.point_count &&
           part_has_bus(site, instance, site->points[point].bus);
}

static bool part_same_bus(const struct parts *parts, uint32_t index) {
    const struct site_bus *from = &parts->from->buses[index], *to = &parts->to->buses[index];
    return from->kind == to->kind && part_same_text(parts, from->address, to->address) &&
           part_same_text(parts, from->host, to->host) && from->port == to->port &&
           from->baud == to->baud && from->parity == to->parity &&
           from->stop_bits == to->stop_bits && from->device_first == to->device_first &&
           from->device_count == to->device_count;
}

static bool part_same_device(const struct parts *parts, uint32_t index) {
    const struct site_device *from = &parts->from->devices[index];
    const struct site_device *to = &parts->to->devices[index];
    return part_same_text(parts, from->id, to->id) && from->bus == to->bus &&
           from->unit == to->unit && from->poll_ms == to->poll_ms &&
           from->timeout_ms == to->timeout_ms;
}

/* How its value is made. */
static bool part_same_decoding(const struct site_point *from, const struct site_point *to) {
    return from->scale == to->scale && from->offset == to->offset &&
           from->deadband == to->deadband && from->min == to->min && from->max == to->max &&
           from->unit == to->unit && from->output == to->output &&
           from->modbus_table == to->modbus_table && from->modbus_type == to->modbus_type &&
           from->modbus_order == to->modbus_order && from->invert == to->invert &&
           from->modbus_bit == to->modbus_bit && from->states == to->states &&
           from->modbus_address == to->modbus_address &&
           memcmp(from->state_raw, to->state_raw, sizeof from->state_raw) == 0;
}

/* What it is, and what the log calls it and its place. */
static bool part_same_name(const struct parts *parts, uint32_t index) {
    const struct ruleset_point *from = &parts->from->ruleset.points[index];
    const struct ruleset_point *to = &parts->to->ruleset.points[index];
    return from->device == to->device && from->kind == to->kind &&
           part_same_text(parts, parts->from->places[from->place].id,
                          parts->to->places[to->place].id) &&
           part_same_text(parts, parts->from->points[index].id, parts->to->points[index].id);
}

static bool part_same_topic(const struct parts *parts, const struct site_point *from,
                            const struct site_point *to) {
    return part_same_text(parts, from->mqtt_topic, to->mqtt_topic) &&
           from->mqtt_whole == to->mqtt_whole &&
           part_same_text(parts, from->mqtt_value, to->mqtt_value) &&
           part_same_text(parts, from->mqtt_code, to->mqtt_code) &&
           part_same_text(parts, from->mqtt_result, to->mqtt_result) &&
           part_same_text(parts, from->mqtt_time, to->mqtt_time);
}

static bool part_same_point(const struct parts *parts, uint32_t index) {
    const struct site_point *from = &parts->from->points[index];
    const struct site_point *to = &parts->to->points[index];
    return from->bus == to->bus && part_same_decoding(from, to) && part_same_name(parts, index) &&
           part_same_topic(parts, from, to);
}

/*
 * Compare one table: a row that only one of them has in this part is a difference, one that neither
 * has is none.
 */
static bool part_same_rows(const struct parts *parts, uint32_t from_count, uint32_t to_count,
                           bool (*has)(const struct site *site, uint32_t instance, uint32_t index),
                           bool (*same)(const struct parts *parts, uint32_t index)) {
    uint32_t count = from_count > to_count ? from_count : to_count;
    for (uint32_t i = 0; i < count; i++) {
        bool has_from = has(parts->from, parts->instance, i);
        bool has_to = has(parts->to, parts->instance, i);
        if (has_from != has_to || (has_from && !same(parts, i))) {
            return false;
        }
    }
    return true;
}

bool field_part_is_same(const struct site *from, const struct site *to, uint32_t instance) {
    const struct parts parts = {.from = from, .to = to, .instance = instance};
    const struct site_header *old = from->header, *new = to->header;
    return instance < old->field_count &&
           instance < new->field_count &&part_same_text(&parts, old->site_id, new->site_id) &&
           part_same_text(&parts, old->gateway_id, new->gateway_id) &&
           part_same_text(&parts, old->state_directory, new->state_directory) &&
           part_same_text(&parts, old->timezone, new->timezone) &&
           part_same_text(&parts, old->mqtt_ca, new->mqtt_ca) &&
           part_same_rows(&parts, from->bus_count, to->bus_count, part_has_bus, part_same_bus) &&
           part_same_rows(&parts, from->ruleset.device_count, to->ruleset.device_count,
                          part_has_device, part_same_device) &&
           part_same_rows(&parts, from->ruleset.point_count, to->ruleset.point_count,
                          part_has_point, part_same_point);
}
