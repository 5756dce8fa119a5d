/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_FIELD_REPORT_H
#define GATEWAY_FIELD_REPORT_H

/*
 * Report: what the drivers' notes say in the log
 *
 *     event=device_lost device=care-io reason="no answer within 500 ms"
 *         effect="15 points stale in care/day-care, care/dining and 6 more places"
 *
 * A device that is lost or back has a line each time. Answers, values and outputs that fail could
 * fail with every poll: per device and kind a line at once, then at most one a minute with the
 * count.
 */
#include "gateway/site.h"
#include "sensors/driver.h"

struct report;

/* Borrows `site`. Returns 0 or -ENOMEM. */
NODISCARD int report_new(const struct site *site, struct report **ret_report);
struct report *report_free(struct report *report);

/* Log a note; `replaced` more like it came before it was read. */
void report_note(struct report *report, const struct sensor_note *note, uint64_t replaced);

/* Room for report_reason(), with the final NUL. */
enum { REPORT_REASON_SIZE = 120 };

/* Write why a device is lost, for people: the note's own words, else those for its cause. */
void report_reason(const struct sensor_note *note, char ret[REPORT_REASON_SIZE]);

#endif
