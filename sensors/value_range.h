/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SENSORS_VALUE_RANGE_H
#define SENSORS_VALUE_RANGE_H

/*
 * The range of a point: what it can be at all
 *
 * A point's range is what its kind can measure, narrowed by the site's `min` and `max`. What lies
 * outside was never measured: it is a fault of the sensor and no value. One rule for what a driver
 * reads, and for what an export or a rule test says that it read, so that all decide alike.
 */

#include <stdbool.h>

/* Is `value` finite, and from `min` to `max`, both inclusive? They are infinite when not given. */
static inline bool value_is_possible(double value, double min, double max) {
    /* The difference is a NaN for an infinity and a NaN alike. */
    return value - value == 0 && value >= min && value <= max;
}

#endif
