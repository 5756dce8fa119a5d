/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RULES_REACH_H
#define RULES_REACH_H

/*
 * Reach: which outputs a step of a chain means, seen from the place of an alarm
 *
 *     own   the smallest place, going up from the alarm's to its top-level place, that has an output
 *           of the kind; all of the kind in it
 *     zone  all of the kind in the zone
 *     site  all of the kind
 *
 * The zone of a place is the smallest place around it with a rule of class fire.confirmed, else its
 * top-level place. An alarm without a place, the gateway's own, reaches nothing but the site.
 *
 * Sites have few outputs among many points, and alarms ask for them often: they stand in a list.
 */

#include "rules/ruleset.h"

/* Kinds of outputs: the last of the kinds of points. */
enum { REACH_KINDS = POINT_KIND_COUNT - POINT_SOUNDER };

/* The outputs of a site: those of a kind stand together, in the order of their indexes. */
struct reach_list {
    uint32_t *points;
    uint32_t first[REACH_KINDS + 1]; /* of each kind, from POINT_SOUNDER on, and the end of all */
};

/* A part of the list. */
struct reach_range {
    uint32_t first, end;
};

/* How many outputs there are. */
uint32_t reach_count(const struct ruleset_point *points, uint32_t point_count);

/* List them. Keeps `room`, which has room for reach_count(). */
void reach_list_init(struct reach_list *list, const struct ruleset_point *points,
                     uint32_t point_count, uint32_t *room);

/* Where in the list the point stands, which is one of those listed; RULESET_NONE: it is no output. */
uint32_t reach_find(const struct reach_list *list, const struct ruleset_point *points,
                    uint32_t point);

/*
 * Work out the zone of every place of a draft; `places` are the draft's own. A rule for each call point
 * confirms the fire of the zone that the point is in, and makes no zone of its room.
 */
void reach_zones(const struct ruleset_draft *draft, struct ruleset_place *places);

/* Where in the list the outputs of `kind` are; an empty range when there are none. */
struct reach_range reach_outputs(const struct ruleset_place *places, const struct reach_list *list,
                                 uint32_t place, enum point_kind kind, enum chain_reach reach);

#endif
