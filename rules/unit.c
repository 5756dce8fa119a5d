/* SPDX-License-Identifier: Apache-2.0 */
#include "rules/unit.h"

#include <assert.h>
#include <string.h>

static const struct unit_facts units[UNIT_COUNT] = {
    [UNIT_NONE] = {"", 1, DIMENSION_NONE, 1},
    [UNIT_S] = {"s", 1, DIMENSION_TIME, 1},
    [UNIT_MS] = {"ms", 0.001, DIMENSION_TIME, 1000},
    [UNIT_MIN] = {"min", 60, DIMENSION_TIME, 1},
    [UNIT_H] = {"h", 3600, DIMENSION_TIME, 1},
    [UNIT_D] = {"d", 86400, DIMENSION_TIME, 1},
    [UNIT_PERCENT] = {"%", 1, DIMENSION_RATIO, 1},
    [UNIT_CELSIUS] = {"°C", 1, DIMENSION_TEMPERATURE, 1},
    [UNIT_PPM] = {"ppm", 1, DIMENSION_CONCENTRATION, 1},
    [UNIT_PPB] = {"ppb", 0.001, DIMENSION_CONCENTRATION, 1000},
    [UNIT_LX] = {"lx", 1, DIMENSION_ILLUMINANCE, 1},
    [UNIT_M2] = {"m2", 1, DIMENSION_AREA, 1},
    [UNIT_V] = {"V", 1, DIMENSION_VOLTAGE, 1},
    [UNIT_MV] = {"mV", 0.001, DIMENSION_VOLTAGE, 1000},
    [UNIT_DB] = {"dB", 1, DIMENSION_SOUND, 1},
};

const struct unit_facts *unit_facts(enum unit unit) {
    assert(unit < UNIT_COUNT);
    return &units[unit];
}

const char *dimension_name(enum dimension dimension) {
    static const char *const names[DIMENSION_COUNT] = {
        [DIMENSION_NONE] = "a plain number",
        [DIMENSION_TIME] = "a time",
        [DIMENSION_RATIO] = "a percentage",
        [DIMENSION_TEMPERATURE] = "a temperature",
        [DIMENSION_CONCENTRATION] = "a concentration",
        [DIMENSION_ILLUMINANCE] = "an illuminance",
        [DIMENSION_AREA] = "an area",
        [DIMENSION_VOLTAGE] = "a voltage",
        [DIMENSION_SOUND] = "a sound level",
    };
    assert(dimension < DIMENSION_COUNT);
    return names[dimension];
}

enum unit dimension_base(enum dimension dimension) {
    for (enum unit unit = UNIT_NONE; unit < UNIT_COUNT; unit++) {
        if (units[unit].dimension == dimension) {
            return unit;
        }
    }
    assert(false && "every dimension has a unit");
    return UNIT_NONE;
}

/* The powers of ten that are exact as doubles and needed here: 15 decimals of a thousandth. */
static double unit_power_of_ten(unsigned exponent) {
    static const double powers[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8, 1e9,
                                    1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18};
    assert(exponent < sizeof powers / sizeof *powers);
    return powers[exponent];
}

double unit_base_value(enum unit unit, uint64_t digits, unsigned decimals) {
    const struct unit_facts *facts = unit_facts(unit);
    assert(decimals <= 15);
    /* Both sides of the division are exact up to 2^53, so that the one rounding is the division's.
     */
    if (facts->per_base > 1) {
        assert(facts->per_base == 1000);
        return (double)digits / unit_power_of_ten(decimals + 3);
    }
    return (double)digits * facts->factor / unit_power_of_ten(decimals);
}

uint64_t unit_span_ns(enum unit unit, uint64_t digits, unsigned decimals) {
    const struct unit_facts *facts = unit_facts(unit);
    assert(facts->dimension == DIMENSION_TIME);
    uint64_t unit_ns =
        facts->per_base > 1 ? NS_PER_S / facts->per_base : NS_PER_S * (uint64_t)facts->factor;
    /* Digits behind the point from the last to the first: dropping a part at each step drops no
     * more than dropping it once at the end. */
    uint64_t behind_ns = 0;
    for (; decimals > 0; decimals--) {
        behind_ns = (behind_ns + digits % 10 * unit_ns) / 10;
        digits /= 10;
    }
    return digits > (UINT64_MAX - behind_ns) / unit_ns ? UINT64_MAX : digits * unit_ns + behind_ns;
}

enum unit unit_find(const char *word, size_t len) {
    for (enum unit unit = UNIT_S; unit < UNIT_COUNT; unit++) {
        if (strlen(units[unit].name) == len && memcmp(units[unit].name, word, len) == 0) {
            return unit;
        }
    }
    return UNIT_COUNT;
}
