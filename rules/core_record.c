/* SPDX-License-Identifier: Apache-2.0 */

/*
 * What the core gives away: what a restart must find again, and what others may look at
 */
#include <assert.h>

#include "rules/core_state.h"
#include "rules/identity.h"

uint32_t core_changed(struct core *core, uint32_t *alarms, uint32_t room) {
    return index_set_take(&core->changed, alarms, room);
}

void core_record(const struct core *core, uint32_t alarm, struct instant now,
                 struct alarm_record *ret_record) {
    alarm_record(core_alarm(core, alarm), now, ret_record);
    ret_record->condition_identity = identity_of_condition(core->ruleset, alarm);
}

/*
 * A delay that another condition began is none of this one's: it waits anew when this one says so.
 * Returns whether there was one.
 */
static bool core_forget_delay(struct alarm_record *record) {
    bool waited = record->axes.pending || record->remaining_ns > 0;
    record->axes.pending = false;
    record->remaining_ns = 0;
    return waited;
}

struct core_kept core_restore(struct core *core, uint32_t alarm, const struct alarm_record *record,
                              struct memory_record *memories, uint32_t memory_count,
                              struct instant now) {
    assert(alarm < core->ruleset->alarm_count);
    const struct alarm_conf conf = core_alarm_conf(core, alarm);
    const struct alarm_axes before = core->alarms[alarm].axes;
    struct core_kept kept = core_restore_memories(core, alarm, memories, memory_count, now);
    struct alarm_record own = *record;
    if (own.condition_identity != identity_of_condition(core->ruleset, alarm)) {
        kept.delay_ended = core_forget_delay(&own);
    }
    alarm_restore(&core->alarms[alarm], &conf, &own, now);
    if (alarm_left_ns(&core->alarms[alarm]) > 0 && own.condition != TRUTH_UNKNOWN) {
        /* It ran when it was recorded, and stands: by that record, time would be taken off again. */
        index_set_add(&core->changed, alarm);
    }
    core_note_cause(core, alarm, before);
    core->causes_turned = false;
    (void)core_note_promotion(core, alarm, before, 0); /* all alarms are looked at at the start */
    core_schedule(core, alarm);
    return kept;
}

void core_record_flood(const struct core *core, struct flood_record *ret_record) {
    *ret_record = (struct flood_record){core->flood.incident, core->flood.runs};
}

void core_restore_flood(struct core *core, const struct flood_record *record, struct instant now) {
    flood_restore(&core->flood, core->ruleset->times, record->incident, record->runs != 0, now);
    timers_set(&core->timers, core_flood_timer(core),
               flood_due(&core->flood, core->ruleset->times));
}

struct instant core_deadline(const struct core *core) {
    return timers_first(&core->timers);
}

const struct point_state *core_point(const struct core *core, uint32_t point) {
    assert(point < core->ruleset->point_count);
    return &core->points[point];
}

const struct alarm *core_alarm(const struct core *core, uint32_t alarm) {
    assert(alarm < core->ruleset->alarm_count);
    return &core->alarms[alarm];
}

enum truth core_condition(const struct core *core, uint32_t alarm) {
    return (enum truth)core_alarm(core, alarm)->condition;
}

const char *core_event_name(enum core_event_type type) {
    static const char *const names[EVENT_TYPE_COUNT] = {
        [EVENT_ALARM_RAISED] = "alarm.raised",
        [EVENT_ALARM_RERAISED] = "alarm.reraised",
        [EVENT_ALARM_ACKNOWLEDGED] = "alarm.acknowledged",
        [EVENT_ALARM_REALARMED] = "alarm.realarmed",
        [EVENT_ALARM_ATTENDED] = "alarm.attended",
        [EVENT_ALARM_INVESTIGATED] = "alarm.investigated",
        [EVENT_ALARM_SILENCED] = "alarm.silenced",
        [EVENT_ALARM_UNSILENCED] = "alarm.unsilenced",
        [EVENT_ALARM_SHELVED] = "alarm.shelved",
        [EVENT_ALARM_UNSHELVED] = "alarm.unshelved",
        [EVENT_ALARM_OUT_OF_SERVICE] = "alarm.out_of_service",
        [EVENT_ALARM_IN_SERVICE] = "alarm.in_service",
        [EVENT_ALARM_SUPPRESSED] = "alarm.suppressed",
        [EVENT_ALARM_UNSUPPRESSED] = "alarm.unsuppressed",
        [EVENT_ALARM_CLEARED] = "alarm.cleared",
        [EVENT_ALARM_RESET] = "alarm.reset",
        [EVENT_ALARM_DISPOSED] = "alarm.disposed",
        [EVENT_ALARM_CLOSED] = "alarm.closed",
        [EVENT_ALARM_ESCALATED] = "alarm.escalated",
        [EVENT_TEST_BEGUN] = "test.begun",
        [EVENT_TEST_TRIPPED] = "test.tripped",
        [EVENT_TEST_UNTESTED] = "test.untested",
        [EVENT_TEST_ENDED] = "test.ended",
        [EVENT_FLOOD_BEGUN] = "flood.begun",
        [EVENT_FLOOD_ENDED] = "flood.ended",
        [EVENT_ACCESS_GRANTED] = "access.granted",
        [EVENT_ACCESS_DENIED] = "access.denied",
        [EVENT_PATROL_CHECKPOINT] = "patrol.checkpoint",
        [EVENT_SYSTEM_STARTED] = "system.started",
        [EVENT_SYSTEM_CLOCK_STEPPED] = "system.clock_stepped",
        [EVENT_SYSTEM_CONFIG_CHANGED] = "system.config_changed",
        [EVENT_SYSTEM_CONFIG_REFUSED] = "system.config_refused",
        [EVENT_SYSTEM_WALK_TEST_DUE] = "system.walk_test_due",
    };
    assert(type < EVENT_TYPE_COUNT);
    return names[type];
}

enum core_lane core_event_lane(enum core_event_type type) {
    assert(type < EVENT_TYPE_COUNT);
    return type <= EVENT_ALARM_ESCALATED ? LANE_ALARM : LANE_ACTIVITY;
}

/* Each zone's counts are of the fires that are active, promoted and confirmed there. */
static void core_check_causes(const struct core *core) {
    uint32_t fires = 0;
    uint32_t promotions = 0;
    uint32_t confirmed = 0;
    uint32_t refuted = 0;
    for (uint32_t i = 0; i < core->ruleset->alarm_count; i++) {
        const struct ruleset_rule *rule = &core->ruleset->rules[core->ruleset->alarms[i].rule];
        bool fire = rule->class == CLASS_FIRE_ALARM || rule->class == CLASS_FIRE_CONFIRMED;
        fires += fire && core_fire_counts(core->alarms[i].axes);
        promotions += core->alarms[i].axes.promoted;
        bool confirms = rule->class == CLASS_FIRE_CONFIRMED && rule->builtin == BUILTIN_NONE;
        confirmed += confirms && core_fire_counts(core->alarms[i].axes);
        refuted += confirms && core_fire_is_refuted(core->alarms[i].axes);
    }
    for (uint32_t place = 0; place < core->ruleset->place_count; place++) {
        fires -= core->fires[place];
        promotions -= core->promotions[place].fires;
        confirmed -= core->promotions[place].confirmed;
        refuted -= core->promotions[place].refuted;
        assert(core->promotions[place].anew == 0);
    }
    assert(fires == 0 && promotions == 0 && confirmed == 0 && refuted == 0);
    assert(!core->causes_turned && !core->receivers_turned && core->attended == RULESET_NONE);
}

void core_check(const struct core *core) {
    for (uint32_t i = 0; i < core->ruleset->alarm_count; i++) {
        const struct alarm_conf conf = core_alarm_conf(core, i);
        const struct alarm *state = &core->alarms[i];
        alarm_check(state, &conf);
        assert(core->timers.due[i].ns == core_due(core, i).ns);
    }
    core_chain_check(core);
    core_check_causes(core);
    for (uint32_t p = 0; p < core->ruleset->point_count; p++) {
        assert(core->points[p].quality < QUALITY_COUNT);
        bool lost = core->devices[core->ruleset->points[p].device].lost == TRUTH_TRUE;
        assert(!lost || !quality_usable((enum quality)core->points[p].quality));
    }
    assert(index_set_is_empty(&core->touched));
    assert(core_deadline(core).ns >= core->newest.ns);
    timers_check(&core->timers);
}
