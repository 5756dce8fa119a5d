/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/cli/sim_site.h"

#include <stdlib.h>
#include <string.h>

static struct sim_bus_conf bus_of(const struct site *site, uint32_t index) {
    static const enum sim_bus_kind kinds[] = {
        [SITE_BUS_MODBUS_TCP] = SIM_BUS_TCP,
        [SITE_BUS_MODBUS_RTU] = SIM_BUS_RTU,
        [SITE_BUS_MQTT] = SIM_BUS_MQTT,
    };
    const struct site_bus *bus = &site->buses[index];
    return (struct sim_bus_conf){
        .kind = kinds[bus->kind],
        .host = site_text(site, bus->host),
        .port = (uint16_t)bus->port,
        .path = site_text(site, bus->host), /* of a serial line it is the path */
    };
}

static struct sim_device_conf device_of(const struct site *site, uint32_t index) {
    const struct site_device *device = &site->devices[index];
    return (struct sim_device_conf){
        .id = site_text(site, device->id),
        .bus = device->bus,
        .unit = (uint8_t)device->unit,
        .timeout_ms = device->timeout_ms,
    };
}

static struct sim_encoding encoding_of(const struct site_point *point, enum point_kind kind) {
    static const enum sim_table tables[] = {
        [SITE_MODBUS_NONE] = SIM_TABLE_COIL, /* an MQTT point's is never looked at */
        [SITE_MODBUS_COIL] = SIM_TABLE_COIL,   [SITE_MODBUS_DISCRETE] = SIM_TABLE_DISCRETE,
        [SITE_MODBUS_INPUT] = SIM_TABLE_INPUT, [SITE_MODBUS_HOLDING] = SIM_TABLE_HOLDING,
    };
    static const enum sim_type types[SITE_TYPE_COUNT] = {
        [SITE_TYPE_U16] = SIM_TYPE_U16,     [SITE_TYPE_I16] = SIM_TYPE_I16,
        [SITE_TYPE_U32] = SIM_TYPE_U32,     [SITE_TYPE_I32] = SIM_TYPE_I32,
        [SITE_TYPE_U64] = SIM_TYPE_U64,     [SITE_TYPE_I64] = SIM_TYPE_I64,
        [SITE_TYPE_F32] = SIM_TYPE_F32,     [SITE_TYPE_F64] = SIM_TYPE_F64,
        [SITE_TYPE_BCD16] = SIM_TYPE_BCD16, [SITE_TYPE_BCD32] = SIM_TYPE_BCD32,
    };
    static const enum sim_order orders[] = {
        [SITE_ORDER_ABCD] = SIM_ORDER_ABCD,
        [SITE_ORDER_CDAB] = SIM_ORDER_CDAB,
        [SITE_ORDER_BADC] = SIM_ORDER_BADC,
        [SITE_ORDER_DCBA] = SIM_ORDER_DCBA,
    };
    enum point_form form = point_kind_facts(kind)->form;
    struct sim_encoding encoding = {
        .table = tables[point->modbus_table],
        .type = types[point->modbus_type],
        .order = orders[point->modbus_order],
        .bit = point->modbus_bit,
        .truth = form == POINT_FORM_TRUTH || form == POINT_FORM_OUTPUT,
        .invert = point->invert != 0,
        .address = point->modbus_address,
        .scale = point->scale,
        .offset = point->offset,
        .supervised = point->states != 0,
    };
    memcpy(encoding.states, point->state_raw, sizeof encoding.states);
    return encoding;
}

static struct sim_point_conf point_of(const struct site *site, uint32_t index) {
    const struct site_point *point = &site->points[index];
    const struct ruleset_point *decided = &site->ruleset.points[index];
    enum point_kind kind = (enum point_kind)decided->kind;
    return (struct sim_point_conf){
        .id = site_text(site, point->id),
        .place = decided->place,
        .device = decided->device,
        .kind = kind,
        .output = point->output != 0,
        .encoding = encoding_of(point, kind),
        .topic = point->mqtt_topic == 0 ? NULL : site_text(site, point->mqtt_topic),
        .pointer = point->mqtt_value == 0 ? NULL : site_text(site, point->mqtt_value),
        .silence_ns = decided->silence_ns,
    };
}

int sim_site_init(const struct site *site, struct sim_site *ret_arrays, struct sim_conf *ret_conf) {
    const struct ruleset *ruleset = &site->ruleset;
    /* One more of each than there are: calloc of nothing may be NULL. */
    struct sim_site arrays = {
        .buses = calloc(site->bus_count + 1, sizeof *arrays.buses),
        .devices = calloc(ruleset->device_count + 1, sizeof *arrays.devices),
        .places = calloc(ruleset->place_count + 1, sizeof *arrays.places),
        .points = calloc(ruleset->point_count + 1, sizeof *arrays.points),
    };
    if (arrays.buses == NULL || arrays.devices == NULL || arrays.places == NULL ||
        arrays.points == NULL) {
        sim_site_deinit(&arrays);
        return -ENOMEM;
    }
    for (uint32_t i = 0; i < site->bus_count; i++) {
        arrays.buses[i] = bus_of(site, i);
    }
    for (uint32_t i = 0; i < ruleset->device_count; i++) {
        arrays.devices[i] = device_of(site, i);
    }
    for (uint32_t i = 0; i < ruleset->place_count; i++) {
        arrays.places[i] = (struct sim_place_conf){.id = site_text(site, site->places[i].id)};
    }
    for (uint32_t i = 0; i < ruleset->point_count; i++) {
        arrays.points[i] = point_of(site, i);
    }
    *ret_arrays = arrays;
    *ret_conf = (struct sim_conf){
        .name = site_text(site, site->header->site_id),
        .buses = arrays.buses,
        .devices = arrays.devices,
        .places = arrays.places,
        .points = arrays.points,
        .bus_count = site->bus_count,
        .device_count = ruleset->device_count,
        .place_count = ruleset->place_count,
        .point_count = ruleset->point_count,
    };
    return 0;
}

void sim_site_deinit(struct sim_site *arrays) {
    free(arrays->buses);
    free(arrays->devices);
    free(arrays->places);
    free(arrays->points);
    *arrays = (struct sim_site){0};
}
