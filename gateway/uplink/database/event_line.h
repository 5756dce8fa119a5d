/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_UPLINK_DATABASE_EVENT_LINE_H
#define GATEWAY_UPLINK_DATABASE_EVENT_LINE_H

/*
 * A recorded event as a line, so that a chart can be annotated with what happened
 *
 *     event,class=call.emergency,entity=care/day-care/button-1,gateway=main,place=care/day-care,
 *       priority=emergency,rule=emergency_call,site=gulou-demo,type=alarm.raised
 *       seq=4201i,state="active latched",text="…",text_en="…" 1763795820123000000
 *
 * (one line). `type` and `entity` are tags because a database keeps one point per series and time:
 * what one press causes at one place must not overwrite itself. `state` names the axes that are set,
 * `text` is Chinese. An event without a class, a rule or a state has none here either. One
 * that happened while the wall clock was behind has no line: its time is known to be wrong.
 */

#include <stdint.h>

#include "gateway/journal/journal_reader.h"
#include "gateway/uplink/database/line_protocol.h"

/* Longer than the line of any event: both texts at their limit, every byte of them escaped. */
enum { EVENT_LINE_SIZE = 16384 };

/* Whose events they are. */
struct event_line_source {
    const char *site, *gateway;
    enum line_unit unit;
};

/* The row cannot be read, most likely for want of memory: Jansson does not say which. To be tried again. */
#define EVENT_LINE_UNREADABLE SIZE_MAX

/* Write the line. Returns its size, 0 when the row is not an event that has a line, EVENT_LINE_UNREADABLE. */
size_t event_line_write(const struct event_line_source *source, const struct journal_row *row,
                        char ret[EVENT_LINE_SIZE]);

#endif
