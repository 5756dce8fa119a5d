/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_FIELD_INBOX_H
#define GATEWAY_FIELD_INBOX_H

/*
 * Inbox: where the drivers leave what they have, and the loop finds it
 *
 *     drivers ───── readings ───▶ holding ─────────┐
 *                 ── notes ─────▶ newest, per      ├─▶ loop
 *                                 device and kind  │
 *                 ── heartbeats ▶ a flag per device┘
 *
 * A driver holds the lock for some hundred nanoseconds and rings at most once until the loop
 * has looked; it never waits for the loop, the engine or a log. Everything is bounded by the site:
 * a note replaces the one of its kind that the loop has not read, and counts how many that were.
 */
#include "gateway/field/holding.h"
#include "gateway/site.h"
#include "sensors/driver.h"

struct inbox;

/* The site outlives the inbox. Returns 0, or -ENOMEM or another negative errno. */
NODISCARD int inbox_new(const struct site *site, struct inbox **ret_inbox);
struct inbox *inbox_free(struct inbox *inbox);

/* The sink for drivers; valid as long as the inbox. */
struct sensor_sink inbox_sink(struct inbox *inbox);

/* Readable when there is something to take. inbox_hush() makes it wait for the next ring. */
int inbox_fd(const struct inbox *inbox);
void inbox_hush(struct inbox *inbox);

/* As holding_take(), holding_restart() and holding_confirm(). */
uint32_t inbox_readings(struct inbox *inbox, struct wire_reading *ret, uint32_t room);
void inbox_restart(struct inbox *inbox, const struct wire_reading *unsent, uint32_t count);
void inbox_confirm(struct inbox *inbox, uint64_t token);
struct holding_counts inbox_counts(struct inbox *inbox);

/* Notes that a newer one of their device and kind replaced before they were read, ever. */
uint64_t inbox_notes_replaced(struct inbox *inbox);

/* The next unread note, in the order of devices. Returns false when there is none. */
bool inbox_note(struct inbox *inbox, struct sensor_note *ret_note, uint64_t *ret_replaced);

/* Devices that answered since they were last asked for, up to `room`; the rest next time. */
uint32_t inbox_heartbeats(struct inbox *inbox, uint32_t *ret_devices, uint32_t room);

#endif
