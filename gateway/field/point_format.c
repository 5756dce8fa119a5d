/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/field/point_format.h"

#include <string.h>

/* The site's words and the decoder's are the same lists in the same order. */
_Static_assert((int)SITE_TYPE_U16 == (int)REGISTER_U16 && (int)SITE_TYPE_U32 == (int)REGISTER_U32 &&
                   (int)SITE_TYPE_U64 == (int)REGISTER_U64 &&
                   (int)SITE_TYPE_F32 == (int)REGISTER_F32 &&
                   (int)SITE_TYPE_F64 == (int)REGISTER_F64 &&
                   (int)SITE_TYPE_BCD32 == (int)REGISTER_BCD32 &&
                   (int)SITE_TYPE_COUNT == (int)REGISTER_TYPE_COUNT,
               "types");
_Static_assert((int)SITE_ORDER_CDAB == (int)REGISTER_CDAB &&
                   (int)SITE_ORDER_BADC == (int)REGISTER_BADC &&
                   (int)SITE_ORDER_DCBA == (int)REGISTER_DCBA,
               "orders");
_Static_assert((int)SITE_STATE_ALARM == (int)REGISTER_STATE_ALARM &&
                   (int)SITE_STATE_OPEN == (int)REGISTER_STATE_OPEN &&
                   (int)SITE_STATE_COUNT == (int)REGISTER_STATE_COUNT,
               "states");

/*
 * How many units of the point's kind one unit as published is: a value in mV becomes one in V.
 * `scale`, `offset` and `deadband` of the site are in the unit as published, its range in the
 * kind's.
 */
static double point_unit_factor(const struct ruleset_point *point, const struct site_point *row) {
    const struct point_kind_facts *facts = point_kind_facts((enum point_kind)point->kind);
    if (row->unit == UNIT_NONE || row->unit == (uint8_t)facts->unit) {
        return 1;
    }
    return unit_facts((enum unit)row->unit)->factor / unit_facts(facts->unit)->factor;
}

struct register_format point_format(const struct site *site, uint32_t point) {
    const struct site_point *row = &site->points[point];
    const struct ruleset_point *kind = &site->ruleset.points[point];
    enum point_form form = point_kind_facts((enum point_kind)kind->kind)->form;
    double factor = point_unit_factor(kind, row);
    struct register_format format = {
        .type = (enum register_type)row->modbus_type,
        .order = (enum register_order)row->modbus_order,
        .bit = row->modbus_bit,
        .truth = form == POINT_FORM_TRUTH || form == POINT_FORM_EVENT,
        .invert = row->invert != 0,
        .scale = row->scale * factor,
        .offset = row->offset * factor,
        .min = row->min,
        .max = row->max,
        .states = row->states,
    };
    memcpy(format.state_raw, row->state_raw, sizeof format.state_raw);
    return format;
}

double point_deadband(const struct site *site, uint32_t point) {
    const struct site_point *row = &site->points[point];
    return row->deadband * point_unit_factor(&site->ruleset.points[point], row);
}

/* A JSON pointer or NULL; an empty text means "not given". */
static const char *point_pointer(const struct site *site, uint32_t offset) {
    return offset == 0 ? NULL : site_text(site, offset);
}

struct payload_format point_payload_format(const struct site *site, uint32_t point) {
    const struct site_point *row = &site->points[point];
    return (struct payload_format){
        .value = row->mqtt_whole != 0 ? "" : point_pointer(site, row->mqtt_value),
        .code = point_pointer(site, row->mqtt_code),
        .result = point_pointer(site, row->mqtt_result),
        .time = point_pointer(site, row->mqtt_time),
        .number = point_format(site, point),
    };
}
