/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RULES_UNIT_H
#define RULES_UNIT_H

/*
 * Units
 *
 * A number in an expression or a site file carries its unit in writing, and every unit belongs to
 * one dimension. Within a dimension values are kept in its base unit, so that `30 s` and `0.5 min`
 * are the same number and `temperature > 30 s` does not load.
 */

#include <stddef.h>

#include "rules/instant.h"

enum dimension {
    DIMENSION_NONE, /* a plain number: a count of people, a factor */
    DIMENSION_TIME,
    DIMENSION_RATIO,
    DIMENSION_TEMPERATURE,
    DIMENSION_CONCENTRATION,
    DIMENSION_ILLUMINANCE,
    DIMENSION_AREA,
    DIMENSION_VOLTAGE,
    DIMENSION_SOUND,
    DIMENSION_COUNT,
};

enum unit {
    UNIT_NONE,
    UNIT_S, /* base of its dimension, as each first one below */
    UNIT_MS,
    UNIT_MIN,
    UNIT_H,
    UNIT_D,
    UNIT_PERCENT,
    UNIT_CELSIUS,
    UNIT_PPM,
    UNIT_PPB,
    UNIT_LX,
    UNIT_M2,
    UNIT_V,
    UNIT_MV,
    UNIT_DB,
    UNIT_COUNT,
};

struct unit_facts {
    const char *name; /* as written: "°C", "min" */
    double factor;    /* multiplied with a number in this unit gives the base unit */
    enum dimension dimension;
    uint32_t per_base; /* of a unit smaller than the base: how many make one; else 1 */
};

const struct unit_facts *unit_facts(enum unit unit);

/* "a time", "a temperature" ...: for messages. */
const char *dimension_name(enum dimension dimension);

/* The unit that values of a dimension are kept in. */
enum unit dimension_base(enum dimension dimension);

/*
 * Return the exact decimal `digits` / 10^`decimals` of `unit` in the base unit, rounded once where
 * a double allows it. `digits` has at most 15 digits, `decimals` is at most 15.
 */
double unit_base_value(enum unit unit, uint64_t digits, unsigned decimals);

/*
 * The same for a unit of DIMENSION_TIME as a span in nanoseconds, without any rounding but that of
 * a part of a nanosecond, which is dropped. UINT64_MAX when it does not fit.
 */
uint64_t unit_span_ns(enum unit unit, uint64_t digits, unsigned decimals);

/* Find a unit by its written form of `len` bytes; UNIT_COUNT when there is none. */
enum unit unit_find(const char *word, size_t len);

#endif
