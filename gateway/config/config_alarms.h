/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_CONFIG_ALARMS_H
#define GATEWAY_CONFIG_ALARMS_H

/*
 * The numbers of the alarms: `alarms:` of a site
 *
 * Each number that model.md marks with * and that no rule, device or chain of the site says by itself
 * has one row here: its key, where it is kept, and its range. A range ends where a number would defeat
 * what it is there for, and says so.
 */

#include "gateway/site.h"

enum alarm_number_form { ALARM_NUMBER_SECONDS, ALARM_NUMBER_COUNT, ALARM_NUMBER_PERCENT };

struct alarm_number {
    const char *name; /* "attend_within.urgent": the way to it below `alarms` */
    uint32_t min, max;
    const char *reason; /* why no less and no more; NULL where that is plain */
    size_t offset;      /* in struct alarm_times */
    uint8_t form;       /* enum alarm_number_form */
    uint8_t shape;      /* enum config_shape of the map that it stands in, … */
    uint8_t key;        /* … and which of its keys it is */
};

/* All of them, in the order in which they are shown. Static storage. */
const struct alarm_number *alarm_numbers(uint32_t *ret_count);

uint32_t alarm_number_value(const struct alarm_number *number, const struct alarm_times *times);

/* A value as a site file has it: "90 s", "15 min", "24 h", "10 %", "12". */
void alarm_number_format(enum alarm_number_form form, uint32_t value, char ret[SITE_SPAN_SIZE]);

#endif
