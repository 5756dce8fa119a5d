/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_CLI_EVENT_DIFFERENCE_H
#define GATEWAY_CLI_EVENT_DIFFERENCE_H

/*
 * What two documents of one event say differently, one member a line
 *
 *     ~ 15:17:41  high  Day-care room  acknowledged  Day-care room: call  wang (engineer, local)
 *         state.latched: true → false
 *         text: Day-care room: call → Day-care room: HELP
 *
 * A line for people does not show all that an event says, and two of them can look alike.
 */

#include "gateway/cli/reader.h"

/*
 * Print a line for each member that one of the events has and the other does not, or has otherwise;
 * a text in the reader's language alone, where that differs. When it happened is left out if
 * `but_time`: of an event that has moved that is known.
 */
void event_difference_print(const struct reader *reader, const json_t *before, const json_t *after,
                            bool but_time);

#endif
