/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SENSORS_PAYLOAD_H
#define SENSORS_PAYLOAD_H

/*
 * Payload: from a published JSON text to a reading
 *
 * A sensor that speaks MQTT publishes JSON; the site says by JSON pointers (RFC 6901) where in it
 * the value, the card number, the result and the time stand. The empty pointer is the whole text,
 * so that a sensor that publishes a bare number is read too.
 *
 *     value   a number, true or false, or one of the words on/off, true/false, open/closed, or a
 *             number in quotes; of what is on or off only 0 and 1, for a 2 is neither
 *     code    a whole number from 0, or its decimal digits in quotes
 *     result  true (1: granted) or false (0: denied)
 *     time    RFC 3339, or seconds or milliseconds since 1970; where it is absent or null the reading
 *             is of its arrival, and where it cannot be read it is uncertain as well: it matters more
 *             than its stamp
 *
 * The text is a stranger's: at most PAYLOAD_SIZE_MAX bytes and PAYLOAD_DEPTH_MAX brackets deep, or
 * refused unread.
 */

#include <stddef.h>

#include "sensors/driver.h"
#include "sensors/registers.h"

enum {
    PAYLOAD_SIZE_MAX = 8192,
    /* jansson's parser is recursive: this bounds its stack, long before its own limit of 2,048. */
    PAYLOAD_DEPTH_MAX = 32,
};

struct payload_format {
    /* JSON pointers, "" for the whole message; NULL when not given. Borrowed. Without value and result
       the value is 1, whatever the message says. */
    const char *value;
    const char *code;
    const char *result;
    const char *time;
    /* How the number becomes a value; type, order and bit are not used. */
    struct register_format number;
};

/*
 * Read `size` bytes at `text`. Returns
 *   SENSOR_CAUSE_NONE     with a good reading, or an uncertain one whose own time cannot be read
 *   SENSOR_CAUSE_VALUE    with a QUALITY_FAULT reading: no finite number, out of range, or neither on nor off
 *   SENSOR_CAUSE_GARBLED  not the JSON expected: a QUALITY_FAULT reading, or a QUALITY_STALE one of
 *                         sound JSON that has nothing at the place of the value, or of neither code
 *                         nor result, and so says nothing of this point. `ret_detail` says what is wrong.
 * The reading's point is left 0. It is measured at its own time; at `arrival`, when it has none or none
 * that can be read.
 */
enum sensor_cause payload_read(const struct payload_format *format, const char *text, size_t size,
                               struct wall arrival, struct reading *ret_reading,
                               char ret_detail[SENSOR_DETAIL_SIZE]);

/* Parse RFC 3339 with a zone, to the nanosecond. Returns false when it is not that. */
bool payload_parse_time(const char *text, struct wall *ret_wall);

#endif
