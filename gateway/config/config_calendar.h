/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_CONFIG_CALENDAR_H
#define GATEWAY_CONFIG_CALENDAR_H

/*
 * Days, dates and times of day, for opening hours, shifts, tours and holidays
 */

#include <stdbool.h>

#include "gateway/config/config_scalar.h"

/*
 * Read days, "mon" or "mon-fri", as a set of bits, Monday first. Notes what is wrong at `node`, a
 * value or a key.
 */
bool config_days(struct config *config, const struct config_node *node, uint32_t *ret_days);

/* The word for a day, 0 is Monday: "mon". */
const char *config_day_name(uint32_t day);

/* Read a date, "2026-10-01", as days since 1970-01-01. */
bool config_date(struct config *config, const struct config_node *node, int32_t *ret_day);

/* Is it a time zone of this machine? */
bool config_timezone(struct config *config, const struct config_node *node, const char **ret);

#endif
