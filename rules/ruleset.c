/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Binding: from a draft of a site to the arrays that the core runs on
 *
 * One walk over all rules and the entities they are for does both steps. ruleset_measure() runs it
 * without arrays, so that it only counts and finds faults; ruleset_bind() runs it again and writes.
 * What was measured is therefore what is written, by construction, and no scratch memory is needed.
 */
#include "rules/ruleset.h"

#include <assert.h>
#include <string.h>

/* How long a broker may be away before somebody is called: reconnecting may take 30 s. */
#define UPLINK_LOST_AFTER_NS (30 * NS_PER_S)

/* A set of places, one bit each. */
enum { PLACE_SET_SIZE = LIMIT_PLACES / 8 };

/* While the smallest place of a device is searched: no point of it has been met yet. */
#define PLACE_UNSEEN (RULESET_NONE - 1)

#define KIND(kind)   ((point_kind_set)1 << POINT_##kind)

static const struct {
    const char *name;
    enum alarm_class class;
    enum priority priority; /* of a device that serves no emergency */
    enum entity_kind entity_kind;
    uint64_t raise_after_ns; /* 0 also where the site says it */
    point_kind_set kinds;    /* of the points that have one each; 0: not for points */
} builtins[BUILTIN_COUNT] = {
    [BUILTIN_DEVICE_LOST] = {"system_device_lost", CLASS_SYSTEM_DEVICE_LOST, PRIORITY_LOW,
                             ENTITY_DEVICE, 0, 0},
    /* Every kind that has a state, and not only moments. */
    [BUILTIN_SENSOR_FAULT] = {"system_sensor_fault", CLASS_SYSTEM_SENSOR_FAULT, PRIORITY_LOW,
                              ENTITY_POINT, 0, ~(KIND(ACCESS_READER) | KIND(CHECKPOINT))},
    /*
     * Only what is never quite still: an empty room counts nobody for days, a dark one has 0 lx, and
     * a counter at night does not move.
     */
    [BUILTIN_STUCK] = {"system_stuck", CLASS_SYSTEM_STUCK, PRIORITY_LOW, ENTITY_POINT, 0,
                       KIND(TEMPERATURE) | KIND(HUMIDITY) | KIND(CO2) | KIND(NOISE)},
    [BUILTIN_BATTERY_LOW] = {"system_battery_low", CLASS_SYSTEM_BATTERY_LOW, PRIORITY_LOW,
                             ENTITY_POINT, 0, KIND(BATTERY)},
    [BUILTIN_TAMPER] = {"system_tamper", CLASS_SYSTEM_TAMPER, PRIORITY_LOW, ENTITY_POINT, 0,
                        KIND(TAMPER)},
    [BUILTIN_COMPONENT_LOST] = {"system_component_lost", CLASS_SYSTEM_COMPONENT_LOST, PRIORITY_HIGH,
                                ENTITY_COMPONENT, 0, 0},
    [BUILTIN_UPLINK_LOST] = {"system_uplink_lost", CLASS_SYSTEM_UPLINK_LOST, PRIORITY_HIGH,
                             ENTITY_GATEWAY, UPLINK_LOST_AFTER_NS, 0},
    [BUILTIN_NOBODY_LISTENING] = {"system_nobody_listening", CLASS_SYSTEM_NOBODY_LISTENING,
                                  PRIORITY_HIGH, ENTITY_LISTENER, 0, 0},
    [BUILTIN_STORAGE] = {"system_storage", CLASS_SYSTEM_STORAGE, PRIORITY_HIGH, ENTITY_GATEWAY, 0,
                         0},
    [BUILTIN_FIRE_PROMOTED] = {"system_fire_promoted", CLASS_FIRE_CONFIRMED, PRIORITY_EMERGENCY,
                               ENTITY_PLACE, 0, 0},
    [BUILTIN_CLOCK] = {"system_clock", CLASS_SYSTEM_CLOCK, PRIORITY_LOW, ENTITY_GATEWAY, 0, 0},
};

/* One walk: counts into `sizes`, and writes where `arrays` is not NULL. */
struct ruleset_walk {
    const struct ruleset_draft *draft;
    const struct ruleset_arrays *arrays;
    struct ruleset_sizes sizes;
    struct expr_between betweens[LIMIT_BETWEENS]; /* met so far */
    /* Of the present rule: those of `raise`, then those of `clear`. */
    struct expr_set sets[2 * LIMIT_EXPR_SETS];
    uint32_t set_count;
    struct expr_keeps own;
    struct ruleset_finding *findings;
    uint32_t finding_room;
    uint32_t finding_count;
    bool full;                     /* a bound was reached: nothing more is counted or written */
    uint8_t zones[PLACE_SET_SIZE]; /* of fire, in which a first detector may be promoted */
};

/* What a rule is for, one at a time. */
struct ruleset_entity {
    uint32_t index; /* point or place, by the rule's each */
    uint32_t place;
};

static void ruleset_find(struct ruleset_walk *walk, enum ruleset_finding_kind kind, uint32_t rule,
                         uint32_t set, uint32_t entity) {
    if (walk->finding_count < walk->finding_room) {
        walk->findings[walk->finding_count] =
            (struct ruleset_finding){.kind = kind, .rule = rule, .set = set, .entity = entity};
    }
    walk->finding_count++;
}

/* A bound was passed: say so once, at the rule that did it. */
static void ruleset_stop(struct ruleset_walk *walk, enum ruleset_finding_kind kind, uint32_t rule) {
    if (!walk->full) {
        ruleset_find(walk, kind, rule, RULESET_NONE, RULESET_NONE);
    }
    walk->full = true;
}

/* --- which entities, and which points --- */

/* Find the rule's first entity at or after `from`; false when there is none. */
static bool ruleset_entity_next(const struct ruleset_draft *draft,
                                const struct ruleset_draft_rule *rule, uint32_t from,
                                struct ruleset_entity *ret_entity) {
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

/*
 * Does one of the first `count` sets mean `point`? A set asks it about those before it, so that an
 * alarm that names a point twice depends on it once.
 */
static bool ruleset_is_met(const struct ruleset_draft *draft, const struct expr_set *sets,
                           uint32_t count, const struct ruleset_entity *entity, uint32_t point) {
    bool met = false;
    for (uint32_t s = 0; s < count && !met; s++) {
        met = ruleset_is_member(draft, &sets[s], entity, point);
    }
    return met;
}

/*
 * Count the points that set `s` means for `entity`, and write them to `members` unless that is
 * NULL. Adds to `fresh` how many of them no set before it means.
 */
static uint32_t ruleset_members(const struct ruleset_draft *draft, const struct expr_set *sets,
                                uint32_t s, const struct ruleset_entity *entity, uint32_t *members,
                                uint32_t *fresh) {
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

/* --- the alarms of a rule --- */

static void ruleset_alarm(struct ruleset_walk *walk, const struct ruleset_alarm *alarm) {
    if (walk->arrays != NULL) {
        walk->arrays->alarms[walk->sizes.alarms] = *alarm;
    }
    walk->sizes.alarms++;
}

/* Bind one rule for one entity: its bounds, its members, what it keeps, and the alarm itself. */
static void ruleset_bind_entity(struct ruleset_walk *walk, uint32_t index,
                                const struct ruleset_entity *entity) {
    const struct ruleset_draft_rule *rule = &walk->draft->rules[index];
    const struct ruleset_arrays *arrays = walk->arrays;
    struct expr_bound bounds[2 * LIMIT_EXPR_SETS];
    uint32_t distinct = 0;
    for (uint32_t s = 0; s < walk->set_count; s++) {
        uint32_t first = walk->sizes.members;
        uint32_t count =
            ruleset_members(walk->draft, walk->sets, s, entity,
                            arrays == NULL ? NULL : &arrays->members[first], &distinct);
        bounds[s] = (struct expr_bound){first, count};
        if (arrays != NULL) {
            arrays->bounds[walk->sizes.bounds + s] = bounds[s];
        }
        walk->sizes.members += count;
    }
    struct expr_keeps keeps = expr_keeps(walk->sets, walk->set_count, walk->own, bounds);
    ruleset_alarm(walk,
                  &(struct ruleset_alarm){
                      .rule = index,
                      .entity = entity->index,
                      .place = entity->place,
                      .bound_first = walk->sizes.bounds,
                      .memory_first = walk->sizes.memories,
                      .memory_count = keeps.memories,
                      .window_first = walk->sizes.windows,
                      .window_count = keeps.windows,
                      .entity_kind = rule->each == EXPR_EACH_POINT ? ENTITY_POINT : ENTITY_PLACE,
                      .priority = (uint8_t)rule->priority,
                  });
    walk->sizes.bounds += walk->set_count;
    walk->sizes.memories += keeps.memories;
    walk->sizes.windows += keeps.windows;
    walk->sizes.dependents += distinct;
    if (walk->sizes.alarms > LIMIT_ALARMS) {
        ruleset_stop(walk, RULESET_TOO_MANY_ALARMS, index);
    } else if (walk->sizes.members > LIMIT_BINDINGS || walk->sizes.memories > LIMIT_BINDINGS) {
        ruleset_stop(walk, RULESET_TOO_MANY_BINDINGS, index);
    } else if (walk->sizes.windows > LIMIT_WINDOWS) {
        ruleset_stop(walk, RULESET_TOO_MANY_WINDOWS, index);
    }
}

/* How one set binds for one entity: a finding's kind, or false when there is nothing to say. */
static bool ruleset_set_is_odd(enum expr_binding binding, uint32_t count,
                               enum ruleset_finding_kind *ret_kind) {
    if (binding == EXPR_BIND_SUBTREE && count == 0) {
        *ret_kind = RULESET_SET_EMPTY_HERE;
        return true;
    } else if (binding == EXPR_BIND_SIBLING && count != 1) {
        *ret_kind = count == 0 ? RULESET_SIBLING_NONE : RULESET_SIBLING_MANY;
        return true;
    }
    return false;
}

/* Report how set `s` binds over all entities of its rule. Only a measuring walk looks. */
static void ruleset_check_set(struct ruleset_walk *walk, uint32_t index, uint32_t s) {
    const struct ruleset_draft_rule *rule = &walk->draft->rules[index];
    const struct expr_set *sets = walk->sets;
    struct ruleset_entity entity;
    uint32_t all = 0;
    uint32_t fresh = 0;
    for (uint32_t i = 0; ruleset_entity_next(walk->draft, rule, i, &entity); i = entity.index + 1) {
        all += ruleset_members(walk->draft, sets, s, &entity, NULL, &fresh);
    }
    if (all == 0 && sets[s].binding == EXPR_BIND_SUBTREE) {
        ruleset_find(walk, RULESET_SET_EMPTY, index, s, RULESET_NONE);
        return;
    }
    for (uint32_t i = 0; ruleset_entity_next(walk->draft, rule, i, &entity); i = entity.index + 1) {
        uint32_t count = ruleset_members(walk->draft, sets, s, &entity, NULL, &fresh);
        enum ruleset_finding_kind kind;
        if (ruleset_set_is_odd((enum expr_binding)sets[s].binding, count, &kind)) {
            ruleset_find(walk, kind, index, s, entity.index);
        }
    }
}

/* --- the program of a rule --- */

/* Return the index of a `between` clause in the list of all rules, which it joins if it is new. */
static uint32_t ruleset_between(struct ruleset_walk *walk, uint32_t rule,
                                struct expr_between between) {
    uint32_t count = walk->sizes.betweens;
    for (uint32_t i = 0; i < count; i++) {
        if (walk->betweens[i].begin_min == between.begin_min &&
            walk->betweens[i].end_min == between.end_min) {
            return i;
        }
    }
    if (count == LIMIT_BETWEENS) {
        ruleset_stop(walk, RULESET_TOO_MANY_BETWEENS, rule);
        return 0;
    }
    walk->betweens[count] = between;
    if (walk->arrays != NULL) {
        walk->arrays->betweens[count] = between;
    }
    walk->sizes.betweens++;
    return count;
}

/*
 * Add a program to the rule's: its operations with their sets numbered on behind those that the rule
 * has already, and its `between` clauses renumbered to the list of all rules.
 */
static void ruleset_program(struct ruleset_walk *walk, uint32_t rule,
                            const struct expr_program *program) {
    assert(program->set_count <= LIMIT_EXPR_SETS && program->op_count <= LIMIT_EXPR_OPS);
    for (uint32_t i = 0; i < program->op_count; i++) {
        struct expr_op op = program->ops[i];
        op.set = (uint8_t)(op.set + walk->set_count);
        if (op.code == EXPR_BETWEEN) {
            op.slot = ruleset_between(walk, rule, program->betweens[op.slot]);
        }
        if (walk->arrays != NULL) {
            walk->arrays->ops[walk->sizes.ops + i] = op;
        }
    }
    for (uint32_t s = 0; s < program->set_count; s++) {
        walk->sets[walk->set_count++] = program->sets[s];
        if (walk->arrays != NULL) {
            walk->arrays->sets[walk->sizes.sets + s] = program->sets[s];
        }
    }
    walk->own.memories += program->own.memories;
    walk->own.windows += program->own.windows;
    walk->sizes.ops += program->op_count;
    walk->sizes.sets += program->set_count;
}

static void ruleset_rule(struct ruleset_walk *walk, const struct ruleset_rule *rule) {
    if (walk->arrays != NULL) {
        walk->arrays->rules[walk->sizes.rules] = *rule;
    }
    walk->sizes.rules++;
}

static void ruleset_draft_rule(struct ruleset_walk *walk, uint32_t index) {
    const struct ruleset_draft_rule *rule = &walk->draft->rules[index];
    struct ruleset_rule bound = {
        .op_first = walk->sizes.ops,
        .op_count = rule->program->op_count,
        .clear_op_count = rule->clear == NULL ? 0 : rule->clear->op_count,
        .set_first = walk->sizes.sets,
        .alarm_first = walk->sizes.alarms,
        .raise_after_ns = rule->raise_after_ns,
        .clear_after_ns = rule->clear_after_ns,
        .chain = rule->chain,
        .class = (uint8_t)rule->class,
        .priority = (uint8_t)rule->priority,
        .builtin = BUILTIN_NONE,
        .each = (uint8_t)rule->each,
        .latched = rule->latched,
    };
    walk->set_count = 0;
    walk->own = (struct expr_keeps){0};
    ruleset_program(walk, index, rule->program);
    if (rule->clear != NULL) {
        ruleset_program(walk, index, rule->clear);
    }
    bound.set_count = walk->set_count;

    struct ruleset_entity entity;
    for (uint32_t i = 0; !walk->full && ruleset_entity_next(walk->draft, rule, i, &entity);
         i = entity.index + 1) {
        ruleset_bind_entity(walk, index, &entity);
    }
    bound.alarm_count = walk->sizes.alarms - bound.alarm_first;
    ruleset_rule(walk, &bound);
    if (walk->arrays != NULL || walk->full) {
        return;
    } else if (bound.alarm_count == 0) {
        ruleset_find(walk, RULESET_NO_ENTITY, index, RULESET_NONE, RULESET_NONE);
        return;
    }
    for (uint32_t s = 0; s < walk->set_count; s++) {
        ruleset_check_set(walk, index, s);
    }
}

/* --- zones of fire --- */

static bool ruleset_place_is_in(const uint8_t *set, uint32_t place) {
    return (set[place / 8] >> place % 8 & 1) != 0;
}

static void ruleset_place_add(uint8_t *set, uint32_t place) {
    set[place / 8] |= (uint8_t)(1u << place % 8);
}

/* The smallest place in `confirmed` that contains `place`, else its top-level place. */
static uint32_t ruleset_zone(const struct ruleset_place *places, const uint8_t *confirmed,
                             uint32_t place) {
    while (!ruleset_place_is_in(confirmed, place) && places[place].parent != RULESET_NONE) {
        place = places[place].parent;
    }
    return place;
}

/* Add the places of all entities that the rules of a class are for. */
static void ruleset_places_of_class(const struct ruleset_draft *draft, enum alarm_class class,
                                    uint8_t *places) {
    struct ruleset_entity entity;
    for (uint32_t r = 0; r < draft->rule_count; r++) {
        const struct ruleset_draft_rule *rule = &draft->rules[r];
        for (uint32_t i = 0; rule->class == class && ruleset_entity_next(draft, rule, i, &entity);
             i = entity.index + 1) {
            ruleset_place_add(places, entity.place);
        }
    }
}

/* Find the zones in which a first detector may be promoted. */
static void ruleset_find_zones(struct ruleset_walk *walk) {
    const struct ruleset_draft *draft = walk->draft;
    uint8_t confirmed[PLACE_SET_SIZE] = {0};
    uint8_t detecting[PLACE_SET_SIZE] = {0};
    ruleset_places_of_class(draft, CLASS_FIRE_CONFIRMED, confirmed);
    ruleset_places_of_class(draft, CLASS_FIRE_ALARM, detecting);
    for (uint32_t place = 0; place < draft->place_count; place++) {
        if (ruleset_place_is_in(detecting, place)) {
            ruleset_place_add(walk->zones, ruleset_zone(draft->places, confirmed, place));
        }
    }
}

/* The chain of the first rule of the class that has one. */
static uint32_t ruleset_class_chain(const struct ruleset_draft *draft, enum alarm_class class) {
    for (uint32_t r = 0; r < draft->rule_count; r++) {
        if (draft->rules[r].class == class && draft->rules[r].chain != RULESET_NONE) {
            return draft->rules[r].chain;
        }
    }
    return RULESET_NONE;
}

/*
 * The chain of a promoted fire: of those who hear of a confirmed one. Where no rule has one for that,
 * those who were told of the first detector are called again, rather than nobody.
 */
static uint32_t ruleset_promoted_chain(const struct ruleset_draft *draft) {
    uint32_t chain = ruleset_class_chain(draft, CLASS_FIRE_CONFIRMED);
    return chain != RULESET_NONE ? chain : ruleset_class_chain(draft, CLASS_FIRE_ALARM);
}

/* --- the product's own rules --- */

/* Has each point of its kind an alarm of this rule of the product's own? */
static bool ruleset_builtin_watches(enum ruleset_builtin builtin,
                                    const struct ruleset_point *point) {
    return (builtins[builtin].kinds >> point->kind & 1) != 0;
}

/* The smallest place around both; `b` is not before `a` in the order of places. */
static uint32_t ruleset_common_place(const struct ruleset_draft *draft, uint32_t a, uint32_t b) {
    while (a != RULESET_NONE && draft->places[a].end <= b) {
        a = draft->places[a].parent;
    }
    return a;
}

/* Write into each device's alarm the smallest place with all its points. */
static void ruleset_device_places(const struct ruleset_draft *draft, struct ruleset_alarm *alarms) {
    for (uint32_t i = 0; i < draft->point_count; i++) {
        const struct ruleset_point *point = &draft->points[i];
        uint32_t *place = &alarms[point->device].place;
        *place = *place == PLACE_UNSEEN ? point->place
                                        : ruleset_common_place(draft, *place, point->place);
    }
    for (uint32_t i = 0; i < draft->device_count; i++) {
        if (alarms[i].place == PLACE_UNSEEN) {
            alarms[i].place = RULESET_NONE;
        }
    }
}

/* How many entities a rule of the product's own may have at most. */
static uint32_t ruleset_builtin_range(const struct ruleset_draft *draft,
                                      enum ruleset_builtin builtin) {
    switch (builtin) {
    case BUILTIN_DEVICE_LOST:
        return draft->device_count;
    case BUILTIN_SENSOR_FAULT:
    case BUILTIN_STUCK:
    case BUILTIN_BATTERY_LOW:
    case BUILTIN_TAMPER:
        return draft->point_count;
    case BUILTIN_COMPONENT_LOST:
        return draft->component_count;
    case BUILTIN_NOBODY_LISTENING:
        return draft->listener_count;
    case BUILTIN_FIRE_PROMOTED:
        return draft->place_count;
    case BUILTIN_UPLINK_LOST:
    case BUILTIN_STORAGE:
    case BUILTIN_CLOCK:
        return 1;
    case BUILTIN_NONE:
    case BUILTIN_COUNT:
        break;
    }
    return 0;
}

static void ruleset_builtin_alarm(struct ruleset_walk *walk, enum ruleset_builtin builtin,
                                  uint32_t entity) {
    const struct ruleset_draft *draft = walk->draft;
    struct ruleset_alarm alarm = {
        .rule = walk->sizes.rules,
        .entity = entity,
        .place = RULESET_NONE,
        .bound_first = walk->sizes.bounds,
        .memory_first = walk->sizes.memories,
        .window_first = walk->sizes.windows,
        .entity_kind = (uint8_t)builtins[builtin].entity_kind,
        .priority = (uint8_t)builtins[builtin].priority,
    };
    bool serves_emergency = false;
    if (builtin == BUILTIN_DEVICE_LOST) {
        alarm.place = PLACE_UNSEEN;
        serves_emergency = draft->devices[entity].serves_emergency != 0;
    } else if (builtins[builtin].kinds != 0) {
        const struct ruleset_point *point = &draft->points[entity];
        if (!ruleset_builtin_watches(builtin, point)) {
            return;
        }
        alarm.place = point->place;
        /* A battery or a contact in the case is its device's: it serves what the device serves. */
        serves_emergency = builtin == BUILTIN_BATTERY_LOW || builtin == BUILTIN_TAMPER
                               ? draft->devices[point->device].serves_emergency != 0
                               : point->serves_emergency != 0;
        walk->sizes.dependents++;
    } else if (builtin == BUILTIN_FIRE_PROMOTED) {
        if (!ruleset_place_is_in(walk->zones, entity)) {
            return;
        }
        alarm.place = entity;
    }
    if (serves_emergency) {
        alarm.priority = PRIORITY_HIGH;
    }
    ruleset_alarm(walk, &alarm);
}

static void ruleset_builtin_rule(struct ruleset_walk *walk, enum ruleset_builtin builtin) {
    struct ruleset_rule rule = {
        .op_first = walk->sizes.ops,
        .set_first = walk->sizes.sets,
        .alarm_first = walk->sizes.alarms,
        .raise_after_ns = builtin == BUILTIN_NOBODY_LISTENING
                              ? walk->draft->times->nobody_listening_s * NS_PER_S
                              : builtins[builtin].raise_after_ns,
        .chain =
            builtin == BUILTIN_FIRE_PROMOTED ? ruleset_promoted_chain(walk->draft) : RULESET_NONE,
        .class = (uint8_t)builtins[builtin].class,
        .priority = (uint8_t)builtins[builtin].priority,
        .builtin = (uint8_t)builtin,
        .latched = alarm_class_facts(builtins[builtin].class)->latched,
        .each = builtins[builtin].kinds != 0 ? EXPR_EACH_POINT : EXPR_EACH_PLACE,
    };
    uint32_t range = ruleset_builtin_range(walk->draft, builtin);
    for (uint32_t entity = 0; entity < range; entity++) {
        ruleset_builtin_alarm(walk, builtin, entity);
    }
    rule.alarm_count = walk->sizes.alarms - rule.alarm_first;
    if (builtin == BUILTIN_DEVICE_LOST && walk->arrays != NULL) {
        ruleset_device_places(walk->draft, &walk->arrays->alarms[rule.alarm_first]);
    }
    if (walk->sizes.alarms > LIMIT_ALARMS) {
        ruleset_stop(walk, RULESET_TOO_MANY_ALARMS, walk->sizes.rules);
    }
    ruleset_rule(walk, &rule);
}

static void ruleset_walk_all(struct ruleset_walk *walk) {
    ruleset_find_zones(walk);
    for (uint32_t i = 0; i < walk->draft->rule_count && !walk->full; i++) {
        ruleset_draft_rule(walk, i);
    }
    for (enum ruleset_builtin b = BUILTIN_NONE + 1; b < BUILTIN_COUNT && !walk->full; b++) {
        ruleset_builtin_rule(walk, b);
    }
}

/* --- who depends on whom --- */

/* Without `dependents` count at first[point + 1]; else enter `alarm` at first[point], which moves
 * on. */
static void ruleset_depend(uint32_t point, uint32_t alarm, uint32_t *first, uint32_t *dependents) {
    if (dependents == NULL) {
        first[point + 1]++;
    } else {
        dependents[first[point]++] = alarm;
    }
}

/* Go through the points that each alarm depends on, alarms ascending. */
static void ruleset_depend_all(const struct ruleset_walk *walk, uint32_t *first,
                               uint32_t *dependents) {
    const struct ruleset_arrays *arrays = walk->arrays;
    for (uint32_t i = 0; i < walk->sizes.alarms; i++) {
        const struct ruleset_alarm *alarm = &arrays->alarms[i];
        const struct ruleset_rule *rule = &arrays->rules[alarm->rule];
        const struct expr_set *sets = &arrays->sets[rule->set_first];
        const struct ruleset_entity entity = {alarm->entity, alarm->place};
        if (builtins[rule->builtin].kinds != 0) {
            ruleset_depend(alarm->entity, i, first, dependents);
        }
        for (uint32_t s = 0; s < rule->set_count; s++) {
            struct expr_bound bound = arrays->bounds[alarm->bound_first + s];
            for (uint32_t m = bound.first; m < bound.first + bound.count; m++) {
                uint32_t point = arrays->members[m];
                if (!ruleset_is_met(walk->draft, sets, s, &entity, point)) {
                    ruleset_depend(point, i, first, dependents);
                }
            }
        }
    }
}

/* Sort the dependents by point: count, sum up, enter, and move the firsts back. */
static void ruleset_dependents(const struct ruleset_walk *walk) {
    uint32_t *first = walk->arrays->dependent_first;
    uint32_t count = walk->draft->point_count;
    memset(first, 0, ((size_t)count + 1) * sizeof *first);
    ruleset_depend_all(walk, first, NULL);
    for (uint32_t i = 0; i < count; i++) {
        first[i + 1] += first[i];
    }
    assert(first[count] == walk->sizes.dependents);
    ruleset_depend_all(walk, first, walk->arrays->dependents);
    for (uint32_t i = count; i > 0; i--) {
        first[i] = first[i - 1];
    }
    first[0] = 0;
}

/* --- public --- */

bool ruleset_finding_is_error(enum ruleset_finding_kind kind) {
    return kind != RULESET_SET_EMPTY_HERE;
}

uint32_t ruleset_measure(const struct ruleset_draft *draft, struct ruleset_sizes *ret_sizes,
                         struct ruleset_finding *findings, uint32_t finding_room) {
    struct ruleset_walk walk = {
        .draft = draft,
        .findings = findings,
        .finding_room = finding_room,
    };
    ruleset_walk_all(&walk);
    *ret_sizes = walk.sizes;
    return walk.finding_count;
}

void ruleset_bind(const struct ruleset_draft *draft, const struct ruleset_sizes *sizes,
                  const struct ruleset_arrays *arrays) {
    struct ruleset_walk walk = {.draft = draft, .arrays = arrays};
    ruleset_walk_all(&walk);
    assert(!walk.full);
    assert(memcmp(&walk.sizes, sizes, sizeof *sizes) == 0);
    ruleset_dependents(&walk);
}

void ruleset_zones(const struct ruleset *ruleset, uint32_t *zones) {
    uint8_t confirmed[PLACE_SET_SIZE] = {0};
    for (uint32_t i = 0; i < ruleset->alarm_count; i++) {
        const struct ruleset_alarm *alarm = &ruleset->alarms[i];
        const struct ruleset_rule *rule = &ruleset->rules[alarm->rule];
        if (rule->class == CLASS_FIRE_CONFIRMED && rule->builtin == BUILTIN_NONE) {
            ruleset_place_add(confirmed, alarm->place);
        }
    }
    for (uint32_t place = 0; place < ruleset->place_count; place++) {
        zones[place] = ruleset_zone(ruleset->places, confirmed, place);
    }
}

uint64_t ruleset_gather_ns(const struct ruleset *ruleset, uint32_t alarm) {
    assert(alarm < ruleset->alarm_count);
    const struct ruleset_rule *rule = &ruleset->rules[ruleset->alarms[alarm].rule];
    return rule->priority == PRIORITY_EMERGENCY ? 0 : ruleset->times->gather_s * NS_PER_S;
}

const char *ruleset_builtin_name(enum ruleset_builtin builtin) {
    assert(builtin < BUILTIN_COUNT);
    return builtins[builtin].name;
}
