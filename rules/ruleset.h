/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RULES_RULESET_H
#define RULES_RULESET_H

/*
 * The ruleset: a site as the core sees it
 *
 * Arrays of small structs that refer to each other by index, so that the whole can lie in one
 * sealed image that every process maps read-only. No names, no texts, no addresses: only what
 * decisions need.
 *
 * Places stand in pre-order (each before its children), so that a place and all below it are one
 * range of indexes. Points are sorted by place, so that the points of that subtree are one range as
 * well. Alarms are the pairs of a rule and an entity it is for; they stand in the order of their
 * rules, and within a rule in the order of their entities.
 *
 * Building goes in two steps over a draft: ruleset_measure() checks how each rule binds and says
 * how large the arrays must be, the caller provides them, ruleset_bind() fills them.
 */

#include "rules/alarm.h"
#include "rules/chain.h"
#include "rules/expr.h"

#define RULESET_NONE UINT32_MAX

struct ruleset_place {
    uint32_t parent; /* RULESET_NONE at the top level */
    uint32_t end;    /* one past the last place of the subtree that begins here */
    uint32_t point_first;
    uint32_t point_end; /* one past the last point of the subtree */
    uint16_t kind;      /* enum place_kind */
    uint16_t calendar;  /* 0 is always open */
    uint32_t zone;      /* of its fires; reach_zones() */
    double capacity;    /* people; negative when the site does not say */
    double area_m2;
};

struct ruleset_point {
    uint32_t place;
    uint32_t device;
    uint16_t kind;             /* enum point_kind */
    uint16_t serves_emergency; /* 1: an emergency depends on it; see emergency.h */
    uint32_t attends; /* 1: a card that is read here says that somebody has come to the place */
    /* Longest time without a reading of its own; 0: its device speaks for it. */
    uint64_t silence_ns;
    uint64_t identity; /* a digest of what it is, whatever its index; no two have the same */
};

struct ruleset_device {
    uint64_t silence_ns;       /* longest time without a heartbeat; 0: never missed */
    uint32_t serves_emergency; /* 1 when one of its points does: its faults are `high` */
    uint32_t reserved;
};

/*
 * Rules that are the product's own; a site cannot write them. They stand last, in this order, and
 * each is there even when it has no alarm.
 */
enum ruleset_builtin {
    BUILTIN_NONE,
    BUILTIN_DEVICE_LOST,      /* system_device_lost, each device */
    BUILTIN_SENSOR_FAULT,     /* system_sensor_fault, each point */
    BUILTIN_COMPONENT_LOST,   /* system_component_lost, each component */
    BUILTIN_UPLINK_LOST,      /* system_uplink_lost, one */
    BUILTIN_STORAGE,          /* system_storage, one */
    BUILTIN_NOBODY_LISTENING, /* system_nobody_listening, each role that has a receiver */
    BUILTIN_STUCK,            /* system_stuck, each point that measures (core_upkeep.h) */
    BUILTIN_BATTERY_LOW,      /* system_battery_low, each battery */
    BUILTIN_TAMPER,           /* system_tamper, each tamper contact */
    BUILTIN_FIRE_PROMOTED,    /* system_fire_promoted, each zone with a rule for a first detector */
    BUILTIN_CLOCK,            /* system_clock, one */
    BUILTIN_SITE_REFUSED,     /* system_site_refused, one */
    BUILTIN_CERTIFICATE,      /* system_certificate, each that the line outside needs */
    BUILTIN_COUNT,
};

enum entity_kind {
    ENTITY_PLACE,
    ENTITY_POINT,
    ENTITY_DEVICE,
    ENTITY_COMPONENT,
    ENTITY_GATEWAY,     /* the gateway itself; index 0 */
    ENTITY_LISTENER,    /* a role, a shift or everyone that is called; its webhook's index */
    ENTITY_CERTIFICATE, /* enum certificate */
    ENTITY_KIND_COUNT,
};

/* Without any of these the line outside cannot be made anew. */
enum certificate {
    CERTIFICATE_OURS,
    CERTIFICATE_AUTHORITY,
    CERTIFICATE_BROKER,
    CERTIFICATE_COUNT,
};

struct ruleset_rule {
    uint32_t op_first;
    uint32_t op_count;       /* of `raise` */
    uint32_t clear_op_count; /* of `clear`, which stand behind them; 0: there is none */
    uint32_t set_first;      /* those of `raise`, then those of `clear` */
    uint32_t set_count;
    uint32_t alarm_first;
    uint32_t alarm_count;
    uint32_t chain; /* RULESET_NONE: nobody is told step by step */
    uint64_t raise_after_ns;
    uint64_t clear_after_ns;
    uint8_t class;    /* enum alarm_class */
    uint8_t priority; /* enum priority */
    uint8_t builtin;  /* enum ruleset_builtin */
    uint8_t each;     /* enum expr_each */
    uint8_t latched;
    uint8_t reserved[3];
};
_Static_assert(sizeof(struct ruleset_rule) == 56,
               "no padding: a rule is part of the image's format");

struct ruleset_alarm {
    uint32_t rule;
    uint32_t entity; /* by entity_kind */
    /* A device's: the smallest with all its points; RULESET_NONE: the gateway's own. */
    uint32_t place;
    uint32_t bound_first;
    uint32_t memory_first;
    uint32_t memory_count;
    uint32_t window_first;
    uint32_t window_count;
    uint8_t entity_kind;
    uint8_t priority; /* the rule's, or `high` for a fault that touches an emergency class */
    uint8_t reserved[6];
};
_Static_assert(sizeof(struct ruleset_alarm) == 40, "no padding, likewise");

/* An escalation chain: its steps, in order. */
struct ruleset_chain {
    uint32_t step_first;
    uint32_t step_count; /* 1…LIMIT_CHAIN_STEPS */
};

/* A view: pointers into an image or a test's arrays, which outlive it. */
struct ruleset {
    const struct ruleset_place *places;
    const struct ruleset_point *points;
    const struct ruleset_device *devices;
    const struct ruleset_rule *rules;
    const struct ruleset_alarm *alarms;
    const struct expr_op *ops;
    const struct expr_set *sets;
    const struct expr_bound *bounds;
    const uint32_t *members;
    /*
     * Alarms that a reading of point p touches: dependents[dependent_first[p] … dependent_first[p +
     * 1]), ascending; a point's system_sensor_fault stands last.
     */
    const uint32_t *dependent_first; /* point_count + 1 entries */
    const uint32_t *dependents;
    const struct expr_between *betweens;
    const struct ruleset_chain *chains;
    const struct chain_step *steps;
    const struct alarm_times *times;
    /* By listener: a set of the shifts in which it is to be reached, one bit each; 0: always. */
    const uint64_t *listener_shifts;
    uint32_t place_count, point_count, device_count, component_count;
    uint32_t rule_count, alarm_count;
    uint32_t chain_count, step_count, shift_count, listener_count;
    uint32_t op_count, set_count, bound_count, member_count, dependent_count;
    uint32_t between_count, calendar_count;
    uint32_t memory_count, window_count;
};

/* The site's own part of a rule, before binding. */
struct ruleset_draft_rule {
    enum expr_each each;
    point_kind_set point_kinds;         /* each point */
    uint64_t place_kinds;               /* each place: a set of enum place_kind, one bit each */
    uint32_t in_place;                  /* narrows to a subtree; RULESET_NONE: the whole site */
    const struct expr_program *program; /* `raise` */
    const struct expr_program *clear;   /* NULL: cleared when `raise` is false */
    enum alarm_class class;
    enum priority priority;
    bool latched;
    uint64_t raise_after_ns;
    uint32_t chain; /* RULESET_NONE: none */
    uint64_t clear_after_ns;
};

/* What is odd about a rule's binding. `set` indexes the sets of `raise`, and then those of `clear`. */
enum ruleset_finding_kind {
    RULESET_NO_ENTITY,         /* error: nothing in the site is what the rule is for */
    RULESET_SIBLING_NONE,      /* error: the entity's place has no point of the set's kind */
    RULESET_SIBLING_MANY,      /* error: more than one */
    RULESET_SET_EMPTY_HERE,    /* note: this place has no point of the kind */
    RULESET_SET_EMPTY,         /* error: no place of the rule has any */
    RULESET_TOO_MANY_ALARMS,   /* error: more than LIMIT_ALARMS together */
    RULESET_TOO_MANY_BINDINGS, /* error: more than LIMIT_BINDINGS points or memories of all alarms
                                */
    RULESET_TOO_MANY_WINDOWS,  /* error: more than LIMIT_WINDOWS windows of all alarms */
    RULESET_TOO_MANY_BETWEENS, /* error: more than LIMIT_BETWEENS different `between` clauses */
};

struct ruleset_finding {
    enum ruleset_finding_kind kind;
    uint32_t rule;   /* of the draft */
    uint32_t set;    /* RULESET_NONE where the finding is about the whole rule */
    uint32_t entity; /* point or place index; RULESET_NONE where it is about no single one */
};

/*
 * A site to be bound. The caller owns every array; rules are in the order of the site's files, and the
 * places know their zones.
 */
struct ruleset_draft {
    const struct ruleset_place *places;
    const struct ruleset_point *points;
    const struct ruleset_device *devices;
    uint32_t place_count, point_count, device_count, component_count, calendar_count;
    uint32_t listener_count;
    uint32_t certificate_count; /* CERTIFICATE_COUNT, or 0 where the line needs none */
    const struct ruleset_draft_rule *rules;
    uint32_t rule_count;
    const struct alarm_times *times;
};

/* How long each array of a bound ruleset must be. */
struct ruleset_sizes {
    uint32_t rules; /* with the built-in ones, which stand last */
    uint32_t alarms, ops, sets, bounds, members, dependents, betweens, memories, windows;
};

/* Is a finding an error, or a note that lets the site load? */
bool ruleset_finding_is_error(enum ruleset_finding_kind kind);

/*
 * Check the binding of every rule and count. Writes up to `finding_room` findings, in the order of
 * the rules, and returns how many there were in all; `ret_sizes` is complete when none of them is
 * an error.
 */
uint32_t ruleset_measure(const struct ruleset_draft *draft, struct ruleset_sizes *ret_sizes,
                         struct ruleset_finding *findings, uint32_t finding_room);

/* Where ruleset_bind() writes; each array as long as the sizes say, dependent_first point_count
 * + 1. */
struct ruleset_arrays {
    struct ruleset_rule *rules;
    struct ruleset_alarm *alarms;
    struct expr_op *ops;
    struct expr_set *sets;
    struct expr_bound *bounds;
    uint32_t *members;
    uint32_t *dependent_first;
    uint32_t *dependents;
    struct expr_between *betweens;
};

/*
 * Fill the arrays of a draft that was measured without an error. Zeroes every padding byte. The
 * `between` clauses of all rules become one list without doubles, in the order of their first use.
 */
void ruleset_bind(const struct ruleset_draft *draft, const struct ruleset_sizes *sizes,
                  const struct ruleset_arrays *arrays);

/*
 * How long a call to people for this alarm waits for others of its place (model.md 4, grouping);
 * 0: not at all, because it is an emergency.
 */
uint64_t ruleset_gather_ns(const struct ruleset *ruleset, uint32_t alarm);

/* A rule id of the product's own, "system_device_lost". NULL for BUILTIN_NONE. */
const char *ruleset_builtin_name(enum ruleset_builtin builtin);

#endif
