/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Escalation and outputs: what follows from an alarm for those who are to hear of it
 *
 * Each alarm of a rule with a chain has a slot. After every step of the alarm core_escalate() brings
 * its chain along: it begins when there is somebody to be told, ends when there is not, and goes one
 * step on when that has come. What the steps that were reached switch on is counted by output: each
 * slot remembers what it holds, and only the difference is added or taken away, so that an output is
 * on exactly as long as at least one alarm wants it.
 *
 * A lamp is a receiver of its own: it has confirmed once it reads back as lit. While it is at fault
 * or its device is lost it is none. An audience that is called, by its webhook, on phones and on open pages,
 * is one unless it is known to be out of reach when its step comes.
 */
#include <assert.h>
#include <string.h>

#include "rules/core_state.h"

/* One that chatters calls no more often than this. */
#define CHATTER_CALL_NS (60 * NS_PER_S)

#define KIND_BIT(kind)  ((point_kind_set)1 << (kind))

/* --- slots --- */

static struct core_chain *core_slot(const struct core *core, uint32_t alarm) {
    uint32_t rule = core->ruleset->alarms[alarm].rule;
    if (core->ruleset->rules[rule].chain == RULESET_NONE) {
        return NULL;
    }
    return &core->chains[core->rule_slots[rule] + alarm - core->ruleset->rules[rule].alarm_first];
}

uint32_t core_chain_slots(const struct ruleset *ruleset) {
    uint32_t count = 0;
    for (uint32_t r = 0; r < ruleset->rule_count; r++) {
        count += ruleset->rules[r].chain == RULESET_NONE ? 0 : ruleset->rules[r].alarm_count;
    }
    return count;
}

void core_chain_init(struct core *core) {
    uint32_t slot = 0;
    for (uint32_t r = 0; r < core->ruleset->rule_count; r++) {
        const struct ruleset_rule *rule = &core->ruleset->rules[r];
        assert(rule->chain == RULESET_NONE || rule->chain < core->ruleset->chain_count);
        core->rule_slots[r] = slot;
        slot += rule->chain == RULESET_NONE ? 0 : rule->alarm_count;
    }
    for (uint32_t i = 0; i < slot; i++) {
        core->chains[i] = (struct core_chain){.due = INSTANT_NEVER};
        chain_init(&core->chains[i].chain);
    }
    memset(core->output_holders, 0,
           core->outputs.first[REACH_KINDS] * sizeof *core->output_holders);
}

static const struct ruleset_chain *core_chain_conf(const struct core *core, uint32_t alarm,
                                                   const struct chain_step **ret_steps) {
    const struct ruleset *ruleset = core->ruleset;
    const struct ruleset_chain *conf =
        &ruleset->chains[ruleset->rules[ruleset->alarms[alarm].rule].chain];
    *ret_steps = &ruleset->steps[conf->step_first];
    return conf;
}

struct instant core_chain_due(const struct core *core, uint32_t alarm) {
    const struct core_chain *slot = core_slot(core, alarm);
    return slot == NULL ? INSTANT_NEVER : slot->due;
}

bool core_chain_rests(const struct core *core, uint32_t alarm, struct instant now) {
    const struct core_chain *slot = core_slot(core, alarm);
    /* What comes at once was put off by the least time that there is. */
    return slot == NULL ||
           (instant_after(now, 1).ns < slot->due.ns && !slot->heard && !core->receivers_turned);
}

/* --- outputs --- */

/* Which kinds of outputs the alarm keeps on, in its present state. */
static point_kind_set core_lit_kinds(const struct core *core, uint32_t alarm) {
    struct alarm_axes axes = core->alarms[alarm].axes;
    enum alarm_class class =
        (enum alarm_class)core->ruleset->rules[core->ruleset->alarms[alarm].rule].class;
    if (!axes.open) {
        return 0;
    }
    point_kind_set kinds = KIND_BIT(POINT_BEACON) | KIND_BIT(POINT_DOOR_RELEASE);
    if (!axes.attended) {
        kinds |= KIND_BIT(POINT_CALL_LAMP);
    }
    if (!axes.silenced && !alarm_class_facts(class)->silent) {
        kinds |= KIND_BIT(POINT_SOUNDER);
    }
    return kinds;
}

/* The outputs of one kind that a step of the alarm means. */
static struct reach_range core_step_outputs(const struct core *core, uint32_t alarm,
                                            const struct chain_step *step, enum point_kind kind) {
    return reach_outputs(core->ruleset->places, &core->outputs, core->ruleset->alarms[alarm].place,
                         kind, (enum chain_reach)step->reach);
}

/* One more alarm holds the outputs of `kinds` that the step means, or one less. */
static void core_hold(struct core *core, uint32_t alarm, const struct chain_step *step,
                      point_kind_set kinds, bool more) {
    for (enum point_kind kind = POINT_SOUNDER; kind < POINT_KIND_COUNT; kind++) {
        if ((step->outputs & kinds & KIND_BIT(kind)) == 0) {
            continue;
        }
        struct reach_range range = core_step_outputs(core, alarm, step, kind);
        for (uint32_t i = range.first; i < range.end; i++) {
            assert(more || core->output_holders[i] > 0);
            core->output_holders[i] += more ? 1 : UINT32_MAX;
            if (core->output_holders[i] == (more ? 1 : 0)) {
                index_set_add(&core->outputs_changed, core->outputs.points[i]);
            }
        }
    }
}

/* Bring what the slot holds in line with the steps that were reached and the state of the alarm. */
static void core_switch(struct core *core, uint32_t alarm, struct core_chain *slot) {
    const struct chain_step *steps;
    (void)core_chain_conf(core, alarm, &steps);
    point_kind_set kinds = slot->chain.reached == 0 ? 0 : core_lit_kinds(core, alarm);
    uint8_t most = slot->chain.reached > slot->held_steps ? slot->chain.reached : slot->held_steps;
    for (uint8_t s = 0; s < most; s++) {
        point_kind_set before = s < slot->held_steps ? slot->held_kinds : 0;
        point_kind_set after = s < slot->chain.reached ? kinds : 0;
        core_hold(core, alarm, &steps[s], after & ~before, true);
        core_hold(core, alarm, &steps[s], before & ~after, false);
    }
    slot->held_steps = slot->chain.reached;
    slot->held_kinds = kinds;
}

bool core_output(const struct core *core, uint32_t point) {
    assert(point < core->ruleset->point_count);
    uint32_t at = reach_find(&core->outputs, core->ruleset->points, point);
    return at != RULESET_NONE && core->output_holders[at] > 0;
}

uint32_t core_outputs_changed(struct core *core, uint32_t *points, uint32_t room) {
    return index_set_take(&core->outputs_changed, points, room);
}

/* --- what has come of a step's receivers --- */

/* What an output that is wanted says of itself. */
static enum chain_hearing core_output_hearing(const struct core *core, uint32_t point) {
    const struct point_state *state = &core->points[point];
    if (core->devices[core->ruleset->points[point].device].lost == TRUTH_TRUE ||
        state->quality == QUALITY_FAULT || state->quality == QUALITY_OUT_OF_SERVICE) {
        return CHAIN_HEARD_BY_NOBODY;
    }
    return quality_usable((enum quality)state->quality) && state->value != 0 ? CHAIN_HEARD
                                                                             : CHAIN_AWAITED;
}

/*
 * The best that any receiver of the newest step says, while a receipt of it is awaited. Somebody
 * who has come, or has silenced the alarm, knows of it, whatever became of the lamp.
 */
static enum chain_hearing core_hearing(const struct core *core, uint32_t alarm,
                                       const struct core_chain *slot) {
    struct alarm_axes axes = core->alarms[alarm].axes;
    const struct chain_step *steps;
    (void)core_chain_conf(core, alarm, &steps);
    if (slot->chain.receipt_due.ns == INSTANT_NEVER.ns) {
        return CHAIN_AWAITED; /* nobody asks */
    } else if (axes.attended || axes.silenced) {
        return CHAIN_HEARD;
    }
    const struct chain_step *step = &steps[slot->chain.reached - 1];
    point_kind_set kinds = step->outputs & core_lit_kinds(core, alarm);
    enum chain_hearing best = slot->awaits_webhook ? CHAIN_AWAITED : CHAIN_HEARD_BY_NOBODY;
    for (enum point_kind kind = POINT_SOUNDER; kind < POINT_KIND_COUNT; kind++) {
        if ((kinds & KIND_BIT(kind)) == 0) {
            continue;
        }
        struct reach_range range = core_step_outputs(core, alarm, step, kind);
        for (uint32_t i = range.first; i < range.end; i++) {
            enum chain_hearing hearing = core_output_hearing(core, core->outputs.points[i]);
            best = hearing > best ? hearing : best;
        }
    }
    return best;
}

/* --- the chain of an alarm --- */

/* Are people to be told of the alarm? Not of a test, and not while it is suppressed. */
static bool core_is_told(struct alarm_axes axes) {
    return axes.open && !axes.test && !alarm_axes_are_suppressed(axes);
}

/* Begin, stop or end the chain as the alarm has changed. Returns whether it did. */
static bool core_follow(const struct core_turn *turn, uint32_t alarm, struct core_chain *slot,
                        unsigned changes, const struct command *command) {
    const struct chain_step *steps;
    const struct ruleset_chain *conf = core_chain_conf(turn->core, alarm, &steps);
    struct alarm_axes axes = turn->core->alarms[alarm].axes;
    struct chain *chain = &slot->chain;
    if (!core_is_told(axes)) {
        bool was = chain->state != CHAIN_IDLE;
        chain_end(chain);
        return was;
    }
    /*
     * Who presses again while the chain still runs is on the way to be heard; afterwards is not. One that
     * chatters calls everybody once a minute, and not with each raise.
     */
    bool again = !axes.chattering || chain_age_ns(chain, turn->input->at) >= CHATTER_CALL_NS;
    bool over = chain->state == CHAIN_STOPPED || (chain->reached == conf->step_count && again);
    bool anew = (changes & (ALARM_CHANGE_RAISED | ALARM_CHANGE_REALARMED)) != 0 ||
                (over && (changes & ALARM_CHANGE_RERAISED) != 0);
    if (!axes.acked && (anew || chain->state == CHAIN_IDLE)) {
        chain_begin(chain, turn->input->at);
        return true;
    }
    bool right = command != NULL && (changes & ALARM_CHANGE_ACKNOWLEDGED) != 0 &&
                 chain->state == CHAIN_RUNNING && chain_accepts(chain, steps, command->role);
    if (right) {
        chain_stop(chain);
    }
    return right;
}

static void core_tell_step(const struct core_turn *turn, uint32_t alarm,
                           const struct core_chain *slot, enum chain_reason reason) {
    const struct core *core = turn->core;
    const struct chain_step *steps;
    (void)core_chain_conf(core, alarm, &steps);
    const struct chain_step *step = &steps[slot->chain.reached - 1];
    const struct alarm *state = &core->alarms[alarm];
    const struct ruleset_alarm *bound = &core->ruleset->alarms[alarm];
    uint32_t point = bound->entity_kind == ENTITY_POINT ? bound->entity : RULESET_NONE;
    turn->step->events[turn->step->event_count++] = (struct core_event){
        .type = EVENT_ALARM_ESCALATED,
        .at = turn->input->at,
        .wall = turn->input->wall,
        .alarm = alarm,
        .place = bound->place,
        .point = point,
        .axes = state->axes,
        .occurrence = state->occurrence,
        .raises = state->raises,
        .disposition = (enum disposition)state->disposition,
        .quality = point == RULESET_NONE ? QUALITY_GOOD : (enum quality)core->points[point].quality,
        .value = core_alarm_value(core, alarm),
        .measured = point == RULESET_NONE ? (struct wall){0} : core->measured[point],
        .escalation = {.step = slot->chain.reached,
                       .run = slot->chain.run,
                       .reason = reason,
                       .on_duty = step->to == CHAIN_TO_SHIFT
                                      ? (enum truth)core->shifts_on[step->receiver]
                                      : TRUTH_UNKNOWN},
    };
}

/*
 * An audience that is known to be out of reach is no receiver. Of one that is no listener, a single person,
 * nothing is known beforehand: that nobody can be reached is said as soon as the step is told.
 */
static void core_await_webhook(const struct core *core, struct core_chain *slot,
                               const struct chain_step *step) {
    bool lost = step->webhook < core->ruleset->listener_count &&
                core->listeners_lost[step->webhook] == TRUTH_TRUE;
    slot->awaits_webhook = step->webhook != CHAIN_NO_WEBHOOK && !lost;
}

void core_escalate(const struct core_turn *turn, uint32_t alarm, unsigned changes,
                   const struct command *command) {
    struct core *core = turn->core;
    struct core_chain *slot = core_slot(core, alarm);
    if (slot == NULL) {
        return;
    }
    const struct chain_step *steps;
    uint32_t count = core_chain_conf(core, alarm, &steps)->step_count;
    struct chain *chain = &slot->chain;
    struct instant awaited = chain->receipt_due;
    bool changed = core_follow(turn, alarm, slot, changes, command);
    enum chain_hearing hearing = core_hearing(core, alarm, slot);
    enum chain_reason reason;
    if (chain_advance(chain, steps, count, hearing, core->ruleset->times->receipt_s,
                      turn->input->at, &reason)) {
        core_await_webhook(core, slot, &steps[chain->reached - 1]);
        if (slot->awaits_webhook) {
            chain_gather(chain, ruleset_gather_ns(core->ruleset, alarm));
        }
        core_tell_step(turn, alarm, slot, reason);
        hearing = core_hearing(core, alarm, slot);
        changed = true;
    }
    core_switch(core, alarm, slot);
    slot->heard = hearing == CHAIN_HEARD && chain->receipt_due.ns != INSTANT_NEVER.ns;
    slot->due = chain_deadline(chain, steps, count, hearing, turn->input->at);
    if (changed || awaited.ns != chain->receipt_due.ns) {
        index_set_add(&core->changed, alarm);
    }
}

bool core_chain_stops(const struct core *core, const struct command *command) {
    const struct core_chain *slot = core_slot(core, command->alarm);
    const struct chain_step *steps;
    if (slot == NULL || slot->chain.state != CHAIN_RUNNING) {
        return false;
    }
    (void)core_chain_conf(core, command->alarm, &steps);
    return chain_accepts(&slot->chain, steps, command->role);
}

void core_touch_waiting(struct core *core) {
    core->receivers_turned = true;
    for (uint32_t r = 0; r < core->ruleset->rule_count; r++) {
        const struct ruleset_rule *rule = &core->ruleset->rules[r];
        for (uint32_t i = 0; rule->chain != RULESET_NONE && i < rule->alarm_count; i++) {
            if (core->chains[core->rule_slots[r] + i].chain.receipt_due.ns != INSTANT_NEVER.ns) {
                index_set_add(&core->touched, rule->alarm_first + i);
            }
        }
    }
}

void core_receipt(struct core *core, const struct input *input) {
    uint32_t alarm = input->subject;
    struct core_chain *slot = alarm < core->ruleset->alarm_count ? core_slot(core, alarm) : NULL;
    if (slot == NULL || input->run != slot->chain.run || input->step != slot->chain.reached) {
        return; /* of an earlier step or run, which waits for nothing */
    }
    slot->awaits_webhook = false;
    core->receivers_turned = true;
    if (input->state == TRUTH_TRUE && slot->chain.receipt_due.ns != INSTANT_NEVER.ns) {
        chain_receive(&slot->chain);
        index_set_add(&core->changed, alarm);
    }
    index_set_add(&core->touched, alarm);
}

/* --- what survives --- */

void core_record_chain(const struct core *core, uint32_t alarm, struct instant now,
                       struct chain_record *ret_record) {
    const struct core_chain *slot = core_slot(core, alarm);
    *ret_record = (struct chain_record){0};
    if (slot != NULL) {
        const struct chain_step *steps;
        (void)core_chain_conf(core, alarm, &steps);
        chain_write(&slot->chain, steps, now, ret_record);
    }
}

void core_restore_chain(struct core *core, uint32_t alarm, const struct chain_record *record,
                        struct instant now) {
    struct core_chain *slot = core_slot(core, alarm);
    if (slot == NULL) {
        return;
    }
    const struct chain_step *steps;
    uint32_t count = core_chain_conf(core, alarm, &steps)->step_count;
    chain_restore(&slot->chain, record, steps, count, now);
    bool awaits = slot->chain.receipt_due.ns != INSTANT_NEVER.ns;
    if (awaits) {
        core_await_webhook(core, slot, &steps[slot->chain.reached - 1]);
    }
    core_switch(core, alarm, slot);
    /* What is due meanwhile waits for the first input, which looks at every alarm. */
    slot->due = INSTANT_NEVER;
}

/* --- invariants --- */

/* Does the alarm hold the output, by what it has reached and what state it is in? */
static bool core_holds(const struct core *core, uint32_t alarm, uint32_t point) {
    const struct core_chain *slot = core_slot(core, alarm);
    const struct chain_step *steps;
    enum point_kind kind = (enum point_kind)core->ruleset->points[point].kind;
    if (slot == NULL || (core_lit_kinds(core, alarm) & KIND_BIT(kind)) == 0) {
        return false;
    }
    (void)core_chain_conf(core, alarm, &steps);
    for (uint8_t s = 0; s < slot->chain.reached; s++) {
        struct reach_range range = core_step_outputs(core, alarm, &steps[s], kind);
        for (uint32_t i = range.first; i < range.end; i++) {
            if ((steps[s].outputs & KIND_BIT(kind)) != 0 && core->outputs.points[i] == point) {
                return true;
            }
        }
    }
    return false;
}

void core_chain_check(const struct core *core) {
    const struct ruleset *ruleset = core->ruleset;
    for (uint32_t i = 0; i < ruleset->alarm_count; i++) {
        const struct core_chain *slot = core_slot(core, i);
        const struct chain_step *steps;
        if (slot != NULL) {
            chain_check(&slot->chain, core_chain_conf(core, i, &steps)->step_count);
            assert(core_is_told(core->alarms[i].axes) || slot->chain.state == CHAIN_IDLE);
        }
    }
    for (uint32_t p = 0; p < ruleset->point_count; p++) {
        enum point_kind kind = (enum point_kind)ruleset->points[p].kind;
        bool held = false;
        if (point_kind_facts(kind)->form == POINT_FORM_OUTPUT) {
            for (uint32_t i = 0; i < ruleset->alarm_count; i++) {
                held = held || core_holds(core, i, p);
            }
        }
        assert(held == core_output(core, p));
    }
}
