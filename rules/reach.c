/* SPDX-License-Identifier: Apache-2.0 */
#include "rules/reach.h"

#include <assert.h>

#include "rules/search.h"

/* Has `place` a rule that confirms a fire? */
static bool reach_confirms(const struct ruleset_draft *draft, uint32_t place) {
    for (uint32_t r = 0; r < draft->rule_count; r++) {
        const struct ruleset_draft_rule *rule = &draft->rules[r];
        bool inside = rule->in_place == RULESET_NONE ||
                      (place >= rule->in_place && place < draft->places[rule->in_place].end);
        if (rule->class == CLASS_FIRE_CONFIRMED && rule->each == EXPR_EACH_PLACE && inside &&
            (rule->place_kinds >> draft->places[place].kind & 1) != 0) {
            return true;
        }
    }
    return false;
}

void reach_zones(const struct ruleset_draft *draft, struct ruleset_place *places) {
    assert(draft->places == places);
    /* Each place stands before those below it, which therefore find a zone that they can share. */
    for (uint32_t p = 0; p < draft->place_count; p++) {
        bool own = places[p].parent == RULESET_NONE || reach_confirms(draft, p);
        places[p].zone = own ? p : places[places[p].parent].zone;
    }
}

uint32_t reach_count(const struct ruleset_point *points, uint32_t point_count) {
    uint32_t count = 0;
    for (uint32_t p = 0; p < point_count; p++) {
        count += points[p].kind >= POINT_SOUNDER;
    }
    return count;
}

void reach_list_init(struct reach_list *list, const struct ruleset_point *points,
                     uint32_t point_count, uint32_t *room) {
    *list = (struct reach_list){.points = room};
    uint32_t count = 0;
    for (unsigned kind = 0; kind < REACH_KINDS; kind++) {
        list->first[kind] = count;
        for (uint32_t p = 0; p < point_count; p++) {
            if (points[p].kind == POINT_SOUNDER + kind) {
                room[count++] = p;
            }
        }
    }
    list->first[REACH_KINDS] = count;
}

/* The first in a part of the list that is not before `point`. */
static uint32_t reach_from(const struct reach_list *list, struct reach_range part, uint32_t point) {
    return search_first(list->points, part.first, part.end, point, search_index_is_before);
}

/* All outputs of a kind. */
static struct reach_range reach_kind(const struct reach_list *list, enum point_kind kind) {
    return (struct reach_range){list->first[kind - POINT_SOUNDER],
                                list->first[kind - POINT_SOUNDER + 1]};
}

uint32_t reach_find(const struct reach_list *list, const struct ruleset_point *points,
                    uint32_t point) {
    enum point_kind kind = (enum point_kind)points[point].kind;
    return kind < POINT_SOUNDER ? RULESET_NONE : reach_from(list, reach_kind(list, kind), point);
}

/* Those of a part that are in the place. */
static struct reach_range reach_in(const struct reach_list *list, struct reach_range part,
                                   const struct ruleset_place *place) {
    return (struct reach_range){reach_from(list, part, place->point_first),
                                reach_from(list, part, place->point_end)};
}

struct reach_range reach_outputs(const struct ruleset_place *places, const struct reach_list *list,
                                 uint32_t place, enum point_kind kind, enum chain_reach reach) {
    assert(kind >= POINT_SOUNDER && kind < POINT_KIND_COUNT);
    struct reach_range all = reach_kind(list, kind);
    if (reach == CHAIN_REACH_SITE) {
        return all;
    } else if (place == RULESET_NONE) {
        return (struct reach_range){all.first, all.first};
    } else if (reach == CHAIN_REACH_ZONE) {
        return reach_in(list, all, &places[places[place].zone]);
    }
    struct reach_range own = reach_in(list, all, &places[place]);
    while (own.first == own.end && places[place].parent != RULESET_NONE) {
        place = places[place].parent;
        own = reach_in(list, all, &places[place]);
    }
    return own;
}
