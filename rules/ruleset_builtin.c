/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The product's own rules: devices and sensors at fault, the gateway's own troubles, and a fire that
 * nobody looks after
 *
 * They have no expressions: what each says is in core_judge_builtin(). Here stands which of them there
 * are, for what, and how grave.
 */
#include <assert.h>

#include "rules/ruleset_parts.h"

/* How long a broker may be away before somebody is called: reconnecting may take 30 s. */
#define UPLINK_LOST_AFTER_NS (30 * NS_PER_S)

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
    [BUILTIN_SENSOR_FAULT] = {"system_sensor_fault", CLASS_SYSTEM_SENSOR_FAULT, PRIORITY_LOW,
                              ENTITY_POINT, 0, ~(point_kind_set)0},
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
    [BUILTIN_SITE_REFUSED] = {"system_site_refused", CLASS_SYSTEM_CONFIG_CHANGED, PRIORITY_LOW,
                              ENTITY_GATEWAY, 0, 0},
    [BUILTIN_CERTIFICATE] = {"system_certificate", CLASS_SYSTEM_CERTIFICATE, PRIORITY_HIGH,
                             ENTITY_CERTIFICATE, 0, 0},
};

/* --- a fire that nobody looks after --- */

/* A set of places, one bit each. */
enum { PLACE_SET_SIZE = LIMIT_PLACES / 8 };

static bool ruleset_place_is_in(const uint8_t *set, uint32_t place) {
    return (set[place / 8] >> place % 8 & 1) != 0;
}

static void ruleset_place_add(uint8_t *set, uint32_t place) {
    set[place / 8] |= (uint8_t)(1u << place % 8);
}

/* Find the zones in which a first detector may be promoted: those with a rule for one. */
static void ruleset_find_zones(const struct ruleset_draft *draft, uint8_t *zones) {
    struct ruleset_entity entity;
    for (uint32_t r = 0; r < draft->rule_count; r++) {
        const struct ruleset_draft_rule *rule = &draft->rules[r];
        for (uint32_t i = 0;
             rule->class == CLASS_FIRE_ALARM && ruleset_entity_next(draft, rule, i, &entity);
             i = entity.index + 1) {
            ruleset_place_add(zones, draft->places[entity.place].zone);
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

/* --- their alarms --- */

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
    case BUILTIN_CERTIFICATE:
        return draft->certificate_count;
    case BUILTIN_UPLINK_LOST:
    case BUILTIN_STORAGE:
    case BUILTIN_CLOCK:
    case BUILTIN_SITE_REFUSED:
        return 1;
    case BUILTIN_NONE:
    case BUILTIN_COUNT:
        break;
    }
    return 0;
}

static void ruleset_builtin_alarm(struct ruleset_walk *walk, const uint8_t *zones,
                                  enum ruleset_builtin builtin, uint32_t entity) {
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
        if (!ruleset_place_is_in(zones, entity)) {
            return;
        }
        alarm.place = entity;
    }
    if (serves_emergency) {
        alarm.priority = PRIORITY_HIGH;
    }
    ruleset_add_alarm(walk, &alarm);
}

static void ruleset_builtin_rule(struct ruleset_walk *walk, const uint8_t *zones,
                                 enum ruleset_builtin builtin) {
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
        ruleset_builtin_alarm(walk, zones, builtin, entity);
    }
    rule.alarm_count = walk->sizes.alarms - rule.alarm_first;
    if (builtin == BUILTIN_DEVICE_LOST && walk->arrays != NULL) {
        ruleset_device_places(walk->draft, &walk->arrays->alarms[rule.alarm_first]);
    }
    if (walk->sizes.alarms > LIMIT_ALARMS) {
        /* Those alone are never so many: it is the site's last rule that there is no room for. */
        assert(walk->draft->rule_count > 0);
        ruleset_stop(walk, RULESET_TOO_MANY_ALARMS, walk->draft->rule_count - 1);
    }
    ruleset_add_rule(walk, &rule);
}

void ruleset_bind_builtins(struct ruleset_walk *walk) {
    uint8_t zones[PLACE_SET_SIZE] = {0};
    ruleset_find_zones(walk->draft, zones);
    for (enum ruleset_builtin b = BUILTIN_NONE + 1; b < BUILTIN_COUNT && !walk->full; b++) {
        ruleset_builtin_rule(walk, zones, b);
    }
}

const char *ruleset_builtin_name(enum ruleset_builtin builtin) {
    assert(builtin < BUILTIN_COUNT);
    return builtins[builtin].name;
}
