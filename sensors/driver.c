/* SPDX-License-Identifier: Apache-2.0 */
#include "sensors/driver.h"

#include <assert.h>

/* The words for people: they stand in log lines after "reason=". */
static const char *const texts[SENSOR_CAUSE_COUNT] = {
    [SENSOR_CAUSE_NONE] = "answers",
    [SENSOR_CAUSE_UNREACHABLE] = "cannot be reached",
    [SENSOR_CAUSE_TIMEOUT] = "no answer in time",
    [SENSOR_CAUSE_CLOSED] = "closed the connection",
    [SENSOR_CAUSE_UNIT] = "another unit answered",
    [SENSOR_CAUSE_SHORT] = "the answer is too short",
    [SENSOR_CAUSE_LONG] = "more bytes than were asked for",
    [SENSOR_CAUSE_EXCEPTION] = "answered with an exception",
    [SENSOR_CAUSE_GARBLED] = "the answer makes no sense",
    [SENSOR_CAUSE_VALUE] = "the value is refused",
};

const char *sensor_cause_text(enum sensor_cause cause) {
    assert(cause < SENSOR_CAUSE_COUNT);
    return texts[cause];
}

const char *sensor_cause_name(enum sensor_cause cause) {
    static const char *const names[SENSOR_CAUSE_COUNT] = {
        [SENSOR_CAUSE_NONE] = "none",       [SENSOR_CAUSE_UNREACHABLE] = "unreachable",
        [SENSOR_CAUSE_TIMEOUT] = "timeout", [SENSOR_CAUSE_CLOSED] = "closed",
        [SENSOR_CAUSE_UNIT] = "unit",       [SENSOR_CAUSE_SHORT] = "short",
        [SENSOR_CAUSE_LONG] = "long",       [SENSOR_CAUSE_EXCEPTION] = "exception",
        [SENSOR_CAUSE_GARBLED] = "garbled", [SENSOR_CAUSE_VALUE] = "value",
    };
    assert(cause < SENSOR_CAUSE_COUNT);
    return names[cause];
}
