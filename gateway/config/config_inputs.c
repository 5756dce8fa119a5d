/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "gateway/config/config_note.h"
#include "gateway/config/config_scalar.h"

/*
 * Inputs: what is read for two points
 *
 * A line of the site file is often made from a copy of the one above, and a device from a copy of
 * another. Where the address is forgotten two points read one input: a press calls at two places,
 * the other button is dead and nobody ever misses it, and one contact counts as the two detectors
 * that confirm a fire. For a kind that serves an emergency that is an error; no site means it, since
 * one point and a rule for its place say the same. For any other kind it is a warning, for a contact
 * may well be a door and the switch of a light.
 *
 * An input is what it is on the wire, whatever device of the file it is listed under: the bus, the
 * unit, the table, the address and the bit; over MQTT the broker, the topic and where in the message.
 * There, one card of a reader may be both an entry and a checkpoint of a round.
 */

/* What makes the input, or NULL for a point that reads none, or whose address is wrong. */
static const char *input_identity(struct config *config, const struct config_point *point) {
    const struct config_device *device = &config->devices[point->device];
    const struct site_point *row = &point->row;
    bool is_sound = device->bus != RULESET_NONE && point->kind != POINT_KIND_COUNT &&
                    point->place != RULESET_NONE && row->output == 0;
    if (is_sound && row->modbus_table != SITE_MODBUS_NONE) {
        return config_format(&config->arena, "%u %u %u %u %d", device->bus, device->unit,
                             row->modbus_table, row->modbus_address, row->modbus_bit);
    } else if (!is_sound || point->topic == NULL) {
        return NULL;
    }
    bool is_event = point_kind_facts(point->kind)->form == POINT_FORM_EVENT;
    const char *where = is_event ? point->code : point->value;
    return config_format(&config->arena, "%u\n%s\n%s\n%s", device->bus, point->topic,
                         is_event ? point_kind_facts(point->kind)->name : "value",
                         where != NULL ? where : "");
}

/* What stands in the file for it. */
static const struct config_node *input_node(const struct config_point *point) {
    return config_node_member(point->node, point->topic != NULL ? "topic" : "read");
}

static uint32_t input_line(const struct config_node *node) {
    return config_source_line_at(node->mark.source, node->mark.at) + 1;
}

static void input_tell(struct config *config, const struct config_point *point,
                       const struct config_point *other) {
    const struct config_node *node = input_node(point);
    bool is_urgent = point_kind_facts(point->kind)->serves_emergency ||
                     point_kind_facts(other->kind)->serves_emergency;
    config_note(config, is_urgent ? CONFIG_ERROR : CONFIG_WARNING, node->mark,
                "give each point the input that it is wired to; a copied line keeps the address "
                "of the first",
                "%s and %s read one input, %s (line %u): what happens at one is told for both%s",
                other->id, point->id, node->text, input_line(input_node(other)),
                is_urgent ? ", and the sensor that is wired elsewhere calls nobody" : "");
}

/* Two devices of the file that are one on the wire. */
static void inputs_devices(struct config *config) {
    struct config_index seen = {0};
    for (uint32_t i = 0; i < config->device_count; i++) {
        const struct config_device *device = &config->devices[i];
        if (device->driver != CONFIG_DRIVER_MODBUS || device->bus == RULESET_NONE) {
            continue;
        }
        const char *identity = config_format(&config->arena, "%u %u", device->bus, device->unit);
        uint32_t other = config_index_find(&seen, identity);
        if (other == UINT32_MAX) {
            config_index_add(&config->arena, &seen, identity, i);
            continue;
        }
        const struct config_node *unit = config_node_member(device->node, "unit");
        config_warn(config, unit != NULL ? unit : config_node_member(device->node, "address"),
                    "give it its own `address` or `unit`; two lists of points that one device is "
                    "polled for at two paces may stay so",
                    "%s and %s (line %u) are one device, unit %u at %s", config->devices[other].id,
                    device->id, input_line(config->devices[other].node), device->unit,
                    config->buses[device->bus].address);
    }
}

void config_inputs_check(struct config *config) {
    struct config_index seen = {0};
    inputs_devices(config);
    for (uint32_t i = 0; i < config->point_count; i++) {
        const struct config_point *point = &config->points[i];
        const char *identity = input_identity(config, point);
        if (identity == NULL) {
            continue;
        }
        uint32_t other = config_index_find(&seen, identity);
        if (other != UINT32_MAX && strcmp(point->id, config->points[other].id) != 0) {
            input_tell(config, point, &config->points[other]);
        } else if (other == UINT32_MAX) {
            config_index_add(&config->arena, &seen, identity, i);
        }
    }
}
