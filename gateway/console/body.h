/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_CONSOLE_BODY_H
#define GATEWAY_CONSOLE_BODY_H

/*
 * JSON bodies
 *
 * What the tables of the view look like as JSON. Each list carries `engine` and `engine_age_ms`, so
 * that nobody can mistake old content for the present, and the `tests` that run, so that nobody takes
 * a place for watched where people are not called. Names and texts are given in every language;
 * which one is shown is the reader's choice. A number that is not finite never gets in: it is null,
 * and the quality says why.
 */

#include <jansson.h>

#include "gateway/console/view.h"

/* How much a list holds at most, and how many alarms or points it looks at for it. */
enum { BODY_ROWS_MAX = 1000 };

/* A number as JSON: whole ones without a point, null unless finite. */
json_t *body_number(double value);

/* An instant of wall time as RFC 3339, null for 0. */
json_t *body_wall(struct wall wall);

/* A name in each language. */
json_t *body_name(const struct site *site, struct site_name name);

/* The words of a set of 1 << enum role. */
json_t *body_roles(uint32_t roles);

/* What every list begins with: how fresh it is, and where nobody is called. */
json_t *body_head(const struct view *view, uint64_t real_ns);

/* … and ends with: `next`, unless that is `count`, and nothing is left. */
void body_next(json_t *body, uint32_t next, uint32_t count);

/* One alarm. */
json_t *body_alarm(const struct view *view, uint32_t alarm);

/*
 * Lists, at most BODY_ROWS_MAX rows from index `first` on. When there are more, `next` in the body
 * is the `first` of the next page, else null.
 */
json_t *body_alarms(const struct view *view, bool all, uint32_t first, uint64_t real_ns);

/* Points of `place` and all below it, or of the whole site (RULESET_NONE). */
json_t *body_points(const struct view *view, uint32_t place, uint32_t first, struct wall now,
                    uint64_t real_ns);

/* The places with their names, and the site's time zone: what a reader needs to show the rest. */
json_t *body_places(const struct view *view, uint32_t first);

json_t *body_version(const struct view *view);

#endif
