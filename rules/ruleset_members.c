/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Which entities a rule is for, and which points its sets mean for each
 *
 * Places stand in pre-order and points in the order of their places, so that both are ranges.
 */
#include <assert.h>

#include "rules/ruleset_parts.h"

bool ruleset_entity_next(const struct ruleset_draft *draft, const struct ruleset_draft_rule *rule,
                         uint32_t from, struct ruleset_entity *ret_entity) {
    bool is_point = rule->each == EXPR_EACH_POINT;
    uint32_t end = is_point ? draft->point_count : draft->place_count;
    uint32_t first = 0;
    if (rule->in_place != RULESET_NONE) {
        const struct ruleset_place *place = &draft->places[rule->in_place];
        first = is_point ? place->point_first : rule->in_place;
        end = is_point ? place->point_end : place->end;
    }
    for (uint32_t i = from > first ? from : first; i < end; i++) {
        uint64_t wanted = is_point ? rule->point_kinds : rule->place_kinds;
        uint16_t kind = is_point ? draft->points[i].kind : draft->places[i].kind;
        if ((wanted >> kind & 1) != 0) {
            *ret_entity = (struct ruleset_entity){i, is_point ? draft->points[i].place : i};
            return true;
        }
    }
    return false;
}

/* Does `set` mean `point` when it is bound for `entity`? */
static bool ruleset_is_member(const struct ruleset_draft *draft, const struct expr_set *set,
                              const struct ruleset_entity *entity, uint32_t point) {
    const struct ruleset_place *place = &draft->places[entity->place];
    switch ((enum expr_binding)set->binding) {
    case EXPR_BIND_SELF:
        return point == entity->index;
    case EXPR_BIND_SIBLING:
        return draft->points[point].kind == set->kind &&
               draft->points[point].place == entity->place;
    case EXPR_BIND_SUBTREE:
        return draft->points[point].kind == set->kind && point >= place->point_first &&
               point < place->point_end;
    }
    assert(false && "a binding out of range");
    return false;
}

bool ruleset_is_met(const struct ruleset_draft *draft, const struct expr_set *sets, uint32_t count,
                    const struct ruleset_entity *entity, uint32_t point) {
    bool met = false;
    for (uint32_t s = 0; s < count && !met; s++) {
        met = ruleset_is_member(draft, &sets[s], entity, point);
    }
    return met;
}

uint32_t ruleset_members(const struct ruleset_draft *draft, const struct expr_set *sets, uint32_t s,
                         const struct ruleset_entity *entity, uint32_t *members, uint32_t *fresh) {
    const struct ruleset_place *place = &draft->places[entity->place];
    bool self = sets[s].binding == EXPR_BIND_SELF;
    uint32_t end = self ? entity->index + 1 : place->point_end;
    uint32_t count = 0;
    for (uint32_t point = self ? entity->index : place->point_first; point < end; point++) {
        if (sets[s].binding == EXPR_BIND_SIBLING && draft->points[point].place != entity->place) {
            break; /* a place's own points stand before those of the places in it */
        }
        if (ruleset_is_member(draft, &sets[s], entity, point)) {
            if (members != NULL) {
                members[count] = point;
            }
            *fresh += !ruleset_is_met(draft, sets, s, entity, point);
            count++;
        }
    }
    return count;
}
