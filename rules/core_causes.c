/* SPDX-License-Identifier: Apache-2.0 */

/*
 * What one alarm means for others
 *
 * A lost device is the cause of its points' faults, and a fire of the doors that stand open in its
 * zone: those are inhibited while the cause is active. A detector that nobody looks after makes its
 * zone a confirmed fire. What is caused follows in the same step.
 *
 * A point's faults are what follows from its device being gone: a value that is missing, wrong or does
 * not move. Its battery and its tamper contact say something else, and said it before: a lost device
 * has no value that could raise them. A battery that ran down is why the device is gone, and what has
 * to be brought; a case that was opened before the line was cut must not be hidden by the cut. Nothing
 * inhibits either.
 */
#include <assert.h>

#include "rules/core_state.h"
#include "rules/search.h"

/* --- which alarm is a cause --- */

static const struct ruleset_rule *core_rule_of(const struct core *core, uint32_t alarm) {
    return &core->ruleset->rules[core->ruleset->alarms[alarm].rule];
}

static bool core_is_fire(const struct core *core, uint32_t alarm) {
    uint8_t class = core_rule_of(core, alarm)->class;
    return class == CLASS_FIRE_ALARM || class == CLASS_FIRE_CONFIRMED;
}

static bool core_is_cause(const struct core *core, uint32_t alarm) {
    return core_is_fire(core, alarm) || core_rule_of(core, alarm)->builtin == BUILTIN_DEVICE_LOST;
}

static bool core_is_point_fault(const struct core *core, uint32_t alarm) {
    uint8_t builtin = core_rule_of(core, alarm)->builtin;
    return builtin == BUILTIN_SENSOR_FAULT || builtin == BUILTIN_STUCK;
}

static bool core_has_cause(const struct core *core, uint32_t alarm) {
    return core_is_door(core->ruleset, alarm) || core_is_point_fault(core, alarm);
}

static uint32_t core_fire_zone(const struct core *core, uint32_t alarm) {
    const struct ruleset *ruleset = core->ruleset;
    return ruleset->places[ruleset->alarms[alarm].place].zone;
}

/* --- doors --- */

/* A fire inhibits the doors of its zone, and must not look through all rules for them. */

static bool core_class_is_door(uint8_t class) {
    return class == CLASS_DOOR_FORCED || class == CLASS_DOOR_HELD;
}

bool core_is_door(const struct ruleset *ruleset, uint32_t alarm) {
    return core_class_is_door(ruleset->rules[ruleset->alarms[alarm].rule].class);
}

uint32_t core_door_count(const struct ruleset *ruleset) {
    uint32_t count = 0;
    for (uint32_t r = 0; r < ruleset->rule_count; r++) {
        count += core_class_is_door(ruleset->rules[r].class) ? ruleset->rules[r].alarm_count : 0;
    }
    return count;
}

/* Count, sum up, enter, and move the firsts back. */
void core_list_doors(struct core *core) {
    const struct ruleset *ruleset = core->ruleset;
    uint32_t *first = core->door_first;
    for (uint32_t place = 0; place <= ruleset->place_count; place++) {
        first[place] = 0;
    }
    for (uint32_t i = 0; i < ruleset->alarm_count; i++) {
        first[core_is_door(ruleset, i) ? ruleset->alarms[i].place + 1 : 0]++;
    }
    first[0] = 0;
    for (uint32_t place = 0; place < ruleset->place_count; place++) {
        first[place + 1] += first[place];
    }
    for (uint32_t i = 0; i < ruleset->alarm_count; i++) {
        if (core_is_door(ruleset, i)) {
            core->doors[first[ruleset->alarms[i].place]++] = i;
        }
    }
    for (uint32_t place = ruleset->place_count; place > 0; place--) {
        first[place] = first[place - 1];
    }
    first[0] = 0;
}

/* --- inhibition --- */

/* Is another alarm the cause of this one? */
static bool core_is_inhibited(const struct core *core, uint32_t alarm) {
    const struct ruleset *ruleset = core->ruleset;
    const struct ruleset_alarm *bound = &ruleset->alarms[alarm];
    if (core_is_point_fault(core, alarm)) {
        uint32_t device = ruleset->points[bound->entity].device;
        return core->alarms[core->builtin_first[BUILTIN_DEVICE_LOST] + device].axes.active;
    }
    for (uint32_t place = bound->place; place != RULESET_NONE;
         place = ruleset->places[place].parent) {
        if (core->fires[place] > 0) {
            return true;
        }
    }
    return false;
}

unsigned core_follow_cause(struct core *core, uint32_t alarm, struct instant now) {
    struct alarm *state = &core->alarms[alarm];
    if (!state->axes.open || !core_has_cause(core, alarm)) {
        return 0;
    }
    const struct alarm_conf conf = core_alarm_conf(core, alarm);
    return alarm_inhibit(state, &conf, core_is_inhibited(core, alarm), now);
}

bool core_fire_counts(struct alarm_axes axes) {
    return axes.active && !axes.test && !axes.out_of_service;
}

void core_note_cause(struct core *core, uint32_t alarm, struct alarm_axes before) {
    struct alarm_axes after = core->alarms[alarm].axes;
    if (!core_is_cause(core, alarm)) {
        return;
    }
    bool fire = core_is_fire(core, alarm);
    bool was = fire ? core_fire_counts(before) : before.active;
    bool is = fire ? core_fire_counts(after) : after.active;
    if (was == is) {
        return;
    }
    core->causes_turned = true;
    if (fire) {
        uint32_t *fires = &core->fires[core_fire_zone(core, alarm)];
        assert(is || *fires > 0);
        *fires = is ? *fires + 1 : *fires - 1;
    }
}

static void core_spread_to_doors(const struct core_turn *turn, uint32_t zone) {
    struct core *core = turn->core;
    uint32_t end = core->door_first[core->ruleset->places[zone].end];
    struct index_set *open = &core->doors_open; /* doors stand by place; what is told, by alarm */
    assert(index_set_is_empty(open));
    for (uint32_t i = core->door_first[zone]; i < end; i++) {
        if (core->alarms[core->doors[i]].axes.open) {
            index_set_add(open, core->doors[i]);
        }
    }
    for (uint32_t alarm = index_set_next(open, 0); alarm != INDEX_NONE;
         alarm = index_set_next(open, alarm + 1)) {
        core_conclude(turn, alarm, core_follow_cause(core, alarm, turn->input->at), NULL);
    }
    index_set_clear(open);
}

/*
 * The doors of a fire need not be touched in its step. The faults of a device that is lost or back are,
 * and stand behind its own alarm.
 */
void core_spread_causes(const struct core_turn *turn) {
    struct core *core = turn->core;
    uint32_t first = core->causes_turned ? index_set_next(&core->touched, 0) : INDEX_NONE;
    for (uint32_t alarm = first; alarm != INDEX_NONE;
         alarm = index_set_next(&core->touched, alarm + 1)) {
        if (core_is_fire(core, alarm)) {
            core_spread_to_doors(turn, core_fire_zone(core, alarm));
        }
    }
    core->causes_turned = false;
}

/* --- promotion --- */

static bool core_entity_is_before(const void *alarms, uint32_t at, uint64_t entity) {
    return ((const struct ruleset_alarm *)alarms)[at].entity < entity;
}

/* The alarm of a zone in which a first detector counts as confirmed; RULESET_NONE: it has none. */
static uint32_t core_promoted_alarm(const struct core *core, uint32_t zone) {
    uint32_t first = core->builtin_first[BUILTIN_FIRE_PROMOTED];
    uint32_t end = first + core->builtin_count[BUILTIN_FIRE_PROMOTED];
    uint32_t at = search_first(core->ruleset->alarms, first, end, zone, core_entity_is_before);
    return at < end && core->ruleset->alarms[at].entity == zone ? at : RULESET_NONE;
}

bool core_promotion_is_idle(const struct core *core, uint32_t alarm) {
    return core->alarms[alarm].axes.promoted &&
           !core->alarms[core_promoted_alarm(core, core_fire_zone(core, alarm))].axes.open;
}

bool core_fire_is_refuted(struct alarm_axes axes) {
    return core_fire_counts(axes) && axes.investigated && !axes.real;
}

/* A rule of the site says that a fire is confirmed in its zone, in earnest and now, or no longer. */
static uint32_t core_note_confirmed(struct core *core, uint32_t alarm, struct alarm_axes before) {
    struct alarm_axes after = core->alarms[alarm].axes;
    bool was = core_fire_counts(before);
    bool is = core_fire_counts(after);
    uint32_t zone = core_fire_zone(core, alarm);
    struct core_promotions *promotions = &core->promotions[zone];
    promotions->confirmed += (uint32_t)is - was;
    promotions->refuted += (uint32_t)core_fire_is_refuted(after) - core_fire_is_refuted(before);
    assert(promotions->refuted <= promotions->confirmed);
    return was && promotions->confirmed == 0 ? core_promoted_alarm(core, zone) : RULESET_NONE;
}

uint32_t core_note_promotion(struct core *core, uint32_t alarm, struct alarm_axes before,
                             unsigned changes) {
    const struct ruleset_rule *rule = core_rule_of(core, alarm);
    struct alarm_axes after = core->alarms[alarm].axes;
    bool promoted = (changes & ALARM_CHANGE_PROMOTED) != 0;
    if (rule->class == CLASS_FIRE_CONFIRMED && rule->builtin == BUILTIN_NONE) {
        return core_note_confirmed(core, alarm, before);
    } else if (rule->class != CLASS_FIRE_ALARM ||
               (before.promoted == after.promoted && !promoted)) {
        return RULESET_NONE;
    }
    uint32_t zone = core_fire_zone(core, alarm);
    struct core_promotions *promotions = &core->promotions[zone];
    assert(after.promoted || promotions->fires > 0);
    promotions->fires = promotions->fires + after.promoted - before.promoted;
    promotions->anew |= promoted;
    return core_promoted_alarm(core, zone);
}

/* Does a promoted fire of the zone still burn, and has nobody been to see what it is? */
static bool core_zone_is_unattended(const struct core *core, uint32_t zone) {
    bool unattended = false;
    for (uint32_t i = core->ruleset->alarm_count; i > 0 && !unattended; i--) {
        struct alarm_axes axes = core->alarms[i - 1].axes;
        unattended = axes.promoted && axes.active && !axes.investigated &&
                     core_fire_zone(core, i - 1) == zone;
    }
    return unattended;
}

/*
 * A fire that is confirmed need not be confirmed again: nothing comes of a promotion while a rule of
 * the site says so. When it no longer does, what was promised of a first detector holds again, if that
 * is still active and nobody has been there; a fire that is over, or that somebody has seen, does not
 * confirm itself because its other alarms are put away. One that was found to be no fire, and goes on because its
 * call point is broken, confirms nothing of the detectors that trip later and that nobody looks after. A promoted
 * fire stays one until all the alarms are closed that made it one, or until one that somebody found to be no fire
 * comes again.
 */
enum truth core_judge_promotion(const struct core *core, uint32_t zone) {
    const struct core_promotions *promotions = &core->promotions[zone];
    if (promotions->fires == 0) {
        return TRUTH_FALSE;
    } else if (core->alarms[core_promoted_alarm(core, zone)].axes.open) {
        return TRUTH_TRUE;
    }
    bool confirms = promotions->anew != 0
                        ? promotions->confirmed == promotions->refuted
                        : promotions->confirmed == 0 && core_zone_is_unattended(core, zone);
    return confirms ? TRUTH_TRUE : TRUTH_FALSE;
}

bool core_promotion_comes_again(struct core *core, uint32_t alarm) {
    if (core_rule_of(core, alarm)->builtin != BUILTIN_FIRE_PROMOTED) {
        return false;
    }
    struct core_promotions *promotions = &core->promotions[core->ruleset->alarms[alarm].entity];
    bool again = promotions->anew != 0 && promotions->confirmed == promotions->refuted &&
                 core->alarms[alarm].axes.open;
    promotions->anew = 0;
    return again;
}
