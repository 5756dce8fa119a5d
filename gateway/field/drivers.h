/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_FIELD_DRIVERS_H
#define GATEWAY_FIELD_DRIVERS_H

/*
 * Drivers: a driver for each bus that this process owns
 *
 * Turns the rows of the site image into what the drivers of sensors/ want: numbers in the unit of
 * the point's kind, poll periods in real time, host names apart from addresses. Names are resolved
 * here, in the loop and without waiting, and handed to the drivers as literals: a slow or dead name
 * server delays no poll, and the last good address is kept.
 */
#include "gateway/retired.h"
#include "gateway/site.h"
#include "gateway/wire.h"
#include "sensors/driver.h"
#include "sensors/mqtt_source.h"

struct event_base;
struct drivers;

/*
 * Make a driver for each bus of field process `instance`; coils in `retired` that are still to be
 * brought to rest become outputs of their devices. Borrows `site` and `base`. Returns 0 or a negative
 * errno.
 */
NODISCARD int drivers_new(const struct site *site, uint32_t instance, const struct retired *retired,
                          struct event_base *base, const struct sensor_sink *sink,
                          struct drivers **ret_drivers);

/* Start polling: every driver's thread, and the poller in the loop of `base`. */
NODISCARD int drivers_start(struct drivers *drivers);

/* How many buses this process owns. */
uint32_t drivers_count(const struct drivers *drivers);

/*
 * Write what was counted of our Modbus buses, from the `*next`-th on and round again, up to `room` and
 * each once; moves `*next` on. Returns how many.
 */
uint32_t drivers_buses(const struct drivers *drivers, uint32_t *next, struct wire_bus *ret,
                       uint32_t room);

/* What was counted of the sensors that publish to brokers, all sources of this process together. */
struct mqtt_source_counts drivers_messages(const struct drivers *drivers);

/* Want an output on or off. Ignores one of another process. */
void drivers_output(struct drivers *drivers, uint32_t point, bool on);

/* What a retired coil is to one of our buses. */
enum drivers_retired { DRIVERS_NOT_OURS, DRIVERS_RETIRING, DRIVERS_RESTED };

/* Bring a coil to rest for good, if it is an output of ours; look how far that is. */
enum drivers_retired drivers_retire(struct drivers *drivers, const struct retired_coil *coil);

/* Leave a retired coil as it is. Ignores one of another process. */
void drivers_leave(struct drivers *drivers, const struct retired_coil *coil);

/* Stop all drivers together, wait for their threads, release. Accepts NULL, returns NULL. */
struct drivers *drivers_free(struct drivers *drivers);

#endif
