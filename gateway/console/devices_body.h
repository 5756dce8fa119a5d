/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_CONSOLE_DEVICES_BODY_H
#define GATEWAY_CONSOLE_DEVICES_BODY_H

/*
 * The devices of the site as JSON
 *
 *     {…, "devices": [{"device": "care-io", "bus": "tcp://io:502", "unit": 1, "poll_ms": 1000,
 *                      "timeout_ms": 500, "places": ["care/day-care"], "place_count": 1,
 *                      "point_count": 9, "output_count": 1, "unheard_count": 0,
 *                      "qualities": {"good": 8, …}, "state": "answering", "lost_since": null,
 *                      "heard": TIME, "age_ms": 312}],
 *      "buses": [{"bus": "tcp://io:502", "protocol": "modbus_tcp", "component": "field-0",
 *                 "counts": {"polls": 9, "answers": 9, "skipped": 0, "failures": {…}}}], "next": null}
 *
 * A device is "answering" when one of its points is fresh, "lost" while its alarm says so, "unheard"
 * when it has said nothing yet, else "silent"; "unknown" without the engine, for then nobody knows.
 * Outputs are written and not read: they have no quality here. Buses are those of the page's devices;
 * what one counts is null while its process is not there, and for a broker of sensors (MQTT) always.
 */

#include "gateway/console/body.h"

/* How many places of a device are named; the rest is counted. */
enum { DEVICE_PLACES_MAX = 8 };

/* At most BODY_ROWS_MAX from device `first` on. */
json_t *devices_body(const struct view *view, uint32_t first, struct wall now, uint64_t real_ns);

#endif
