/* SPDX-License-Identifier: Apache-2.0 */
#include "rules/reach.h"

#include <assert.h>

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

static bool reach_has(const struct ruleset_point *points, struct reach_range range,
                      enum point_kind kind) {
    for (uint32_t p = range.first; p < range.end; p++) {
        if (points[p].kind == kind) {
            return true;
        }
    }
    return false;
}

static struct reach_range reach_of_place(const struct ruleset_place *place) {
    return (struct reach_range){place->point_first, place->point_end};
}

struct reach_range reach_outputs(const struct ruleset_place *places,
                                 const struct ruleset_point *points, uint32_t point_count,
                                 uint32_t place, enum point_kind kind, enum chain_reach reach) {
    struct reach_range range = {0, 0};
    if (reach == CHAIN_REACH_SITE) {
        range.end = point_count;
    } else if (place == RULESET_NONE) {
        return range;
    } else if (reach == CHAIN_REACH_ZONE) {
        range = reach_of_place(&places[places[place].zone]);
    } else {
        range = reach_of_place(&places[place]);
        while (!reach_has(points, range, kind) && places[place].parent != RULESET_NONE) {
            place = places[place].parent;
            range = reach_of_place(&places[place]);
        }
    }
    return reach_has(points, range, kind) ? range : (struct reach_range){0, 0};
}
