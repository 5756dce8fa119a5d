/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_ENGINE_CALENDAR_TOLD_H
#define GATEWAY_ENGINE_CALENDAR_TOLD_H

/*
 * What the core has been told of the calendar
 *
 * Remembers each truth as it was told last, so that the core hears of a change once. The engine and a
 * replay that follows the site's own hours tell it alike.
 */

#include "gateway/engine/calendar.h"
#include "gateway/err.h"
#include "rules/core.h"

struct calendar_told {
    uint8_t *open, *between, *duty; /* enum truth, by index; unknown at first */
    uint8_t weekday;
    bool levelled;     /* the day below is known */
    int32_t level_day; /* of the last levelling of the counters */
};

/* Returns 0 or <0. */
NODISCARD int calendar_told_init(struct calendar_told *told, const struct calendar *calendar);
void calendar_told_deinit(struct calendar_told *told);

/* At `wall` the counters had been levelled when they were due. Without it the first look says so. */
void calendar_told_levelled(struct calendar_told *told, const struct calendar *calendar,
                            struct wall wall);

/*
 * Call `tell` for each truth that is another at `wall` than was told, in the order of their kinds,
 * and last for a levelling that has come since.
 */
void calendar_tell(const struct calendar *calendar, struct calendar_told *told, struct wall wall,
                   void (*tell)(void *context, enum input_kind kind, uint32_t subject,
                                enum truth state),
                   void *context);

#endif
