/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_ZONE_H
#define GATEWAY_ZONE_H

/*
 * The site's time zone
 *
 * The C library knows one zone per process, named by TZ; ours take the site's. It is for the times of
 * day in texts and rules alone: logs, events and the journal are UTC.
 */

#include <stdbool.h>

#include "rules/instant.h"

/* Use the zone `name` ("Asia/Shanghai") from now on. Called before any thread starts. */
void zone_init(const char *name);

/* How far the zone was ahead of UTC at `utc_s` seconds since 1970. */
int32_t zone_east_s(int64_t utc_s);

/* The second since 1970 at which the clocks of the zone show `local_s`, counted as if they were UTC. */
int64_t zone_utc_s(int64_t local_s);

/*
 * Parse RFC 3339 with a zone, or a day of the zone, "2026-11-25": its first instant, or its `last`. False
 * when the text is neither, or that is no time a wall clock here can show.
 */
bool zone_parse_wall(const char *text, bool last, struct wall *ret_wall);

/* Write the local time of day, "07:17". */
enum { ZONE_TEXT_SIZE = 8 };
void zone_format(struct wall wall, char ret[ZONE_TEXT_SIZE]);

#endif
