/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_CONFIG_LAYOUT_H
#define GATEWAY_CONFIG_LAYOUT_H

/*
 * Layout: the order in which rows stand in the image
 *
 * Devices stand by bus, points by place, so that the devices of a bus and the points of a place and
 * all below it are stretches; within those everything keeps the order of the file. The rows that
 * the rules are bound to are made here, once, for the check and for the image alike.
 */

#include "gateway/config/config_model.h"

enum {
    /* libmodbus cannot use a descriptor above 1023; a process has others besides its buses
       (faults.md 3). */
    CONFIG_BUSES_PER_FIELD = 800,
    /* Besides the field processes: the uplink, the console, and the engine itself. */
    CONFIG_OTHER_COMPONENTS = 3,
};

struct config_layout {
    const uint32_t *device_at; /* by row in the image: index in config->devices */
    const uint32_t *point_at;  /* likewise in config->points */
    struct ruleset_place *places;
    struct ruleset_point *points;
    struct ruleset_device *devices;
    uint32_t field_count;
};

/* Lay the site out. Places and points must be sound. */
void config_layout(struct config *config, struct config_layout *ret_layout);

/* Write 1 for each place that has an alarm of the rule, and 0 for the others, into `ret_marks`. */
void config_layout_alarm_places(const struct config *config, const struct config_layout *layout,
                                const struct ruleset_draft_rule *rule, uint8_t *ret_marks);

#endif
