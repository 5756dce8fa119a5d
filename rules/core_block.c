/* SPDX-License-Identifier: Apache-2.0 */

/*
 * How the core's block is laid out, and what it holds before the first input
 *
 * core_lay() walks over the arrays once for both: without a base it only adds up how many bytes
 * they need, with one it also says where each begins.
 *
 * What there is many of, in bytes (core_memory of tests/bench/run adds them up for a site):
 *
 *     a point              56.4   state 32, time of the reading 8, timer 16, 2 sets 1/8 each, which are walked 3/16
 *       that is walked     +9     when it was tripped
 *     an alarm             96.4   the alarm 80, timer 16, 3 sets 1/8 each
 *       of a site's rule  +16     due and value of its expression
 *       with a chain      +56     the run of the chain
 *       about a door       +4     by place
 *     a memory             24     of an operation of an expression
 *     a window          1,088     likewise
 *     a device             32     when it was heard 16, timer 16
 *     a place              32     fires, doors, test, walk test 4 each, promotions 16
 *     an output             8     its place in the list 4, its holders 4
 *
 * Nearly every point has one alarm, that of its own fault: 153 bytes for a point before there are
 * any rules.
 */
#include <assert.h>
#include <string.h>

#include "rules/core_state.h"

_Static_assert(sizeof(struct point_state) == 32 && sizeof(struct alarm) == 80 &&
                   sizeof(struct core_evaluation) == 16 && sizeof(struct core_chain) == 56 &&
                   sizeof(struct expr_memory) == 24 && sizeof(struct expr_window) == 1088 &&
                   sizeof(struct core_device) == 16,
               "the table above says what they take");

/* Every array begins at a multiple of this, so that it suits any type. */
#define CORE_ALIGNMENT (_Alignof(max_align_t))

struct core_room {
    unsigned char *base; /* NULL while only measuring */
    size_t used;
};

static void *core_take(struct core_room *room, size_t count, size_t size) {
    size_t at = (room->used + CORE_ALIGNMENT - 1) / CORE_ALIGNMENT * CORE_ALIGNMENT;
    room->used = at + count * size;
    return room->base == NULL ? NULL : room->base + at;
}

/* How many alarms the site's own rules have: they stand before those of the product's own. */
static uint32_t core_evaluation_count(const struct ruleset *ruleset) {
    uint32_t own = 0;
    while (ruleset->rules[own].builtin == BUILTIN_NONE) {
        own++; /* every site has some */
    }
    return ruleset->rules[own].alarm_first;
}

/* Return `core` with its arrays behind it in `room`; what is no address stays as it is. */
static struct core core_lay(struct core_room *room, const struct ruleset *ruleset,
                            struct core core) {
    uint32_t alarms = ruleset->alarm_count;
    uint32_t points = ruleset->point_count;
    uint32_t devices = ruleset->device_count;
    uint32_t places = ruleset->place_count;
    uint32_t outputs = reach_count(ruleset->points, points);
    uint32_t timers = core_timer_count(ruleset);
    (void)core_take(room, 1, sizeof(struct core));

    core.ruleset = ruleset;
    core.points = core_take(room, points, sizeof *core.points);
    core.measured = core_take(room, points, sizeof *core.measured);
    core.aged.words = core_take(room, index_set_words(points), sizeof *core.aged.words);
    core.devices = core_take(room, devices, sizeof *core.devices);
    core.alarms = core_take(room, alarms, sizeof *core.alarms);
    core.evaluations = core_take(room, core_evaluation_count(ruleset), sizeof *core.evaluations);
    core.touched.words = core_take(room, index_set_words(alarms), sizeof *core.touched.words);
    core.changed.words = core_take(room, index_set_words(alarms), sizeof *core.changed.words);
    core.memories = core_take(room, ruleset->memory_count, sizeof *core.memories);
    core.windows = core_take(room, ruleset->window_count, sizeof *core.windows);
    core.rule_reads = core_take(room, ruleset->rule_count, sizeof *core.rule_reads);
    core.calendars = core_take(room, (size_t)ruleset->calendar_count + 1, sizeof *core.calendars);
    core.betweens = core_take(room, ruleset->between_count, sizeof *core.betweens);
    core.components_lost = core_take(room, ruleset->component_count, sizeof *core.components_lost);
    core.shifts_on = core_take(room, ruleset->shift_count, sizeof *core.shifts_on);
    core.listeners_lost = core_take(room, ruleset->listener_count, sizeof *core.listeners_lost);
    core.chains = core_take(room, core_chain_slots(ruleset), sizeof *core.chains);
    core.rule_slots = core_take(room, ruleset->rule_count, sizeof *core.rule_slots);
    core.outputs.points = core_take(room, outputs, sizeof *core.outputs.points);
    core.output_holders = core_take(room, outputs, sizeof *core.output_holders);
    core.outputs_changed.words =
        core_take(room, index_set_words(points), sizeof *core.outputs_changed.words);
    core.fires = core_take(room, places, sizeof *core.fires);
    core.door_first = core_take(room, (size_t)places + 1, sizeof *core.door_first);
    core.doors = core_take(room, core_door_count(ruleset), sizeof *core.doors);
    core.doors_open.words = core_take(room, index_set_words(alarms), sizeof *core.doors_open.words);
    core.promotions = core_take(room, places, sizeof *core.promotions);
    core.tests = core_take(room, places, sizeof *core.tests);
    core.walks = core_take(room, places, sizeof *core.walks);
    core.walked = core_take(room, core_walked_words(ruleset), sizeof *core.walked);
    core.walked_before = core_take(room, core_walked_words(ruleset), sizeof *core.walked_before);
    core.tripped = core_take(room, core_walked_count(ruleset), sizeof *core.tripped);
    core.trips = core_take(room, core_walked_count(ruleset), sizeof *core.trips);
    core.timers.due = core_take(room, timers, sizeof *core.timers.due);
    core.timers.position = core_take(room, timers, sizeof *core.timers.position);
    core.timers.heap = core_take(room, timers, sizeof *core.timers.heap);
    return core;
}

size_t core_size(const struct ruleset *ruleset) {
    struct core_room room = {0};
    (void)core_lay(&room, ruleset, (struct core){0});
    return room.used;
}

/* Link the points of each device in the order of their indexes: the last one first. */
static void core_link_points(struct core *core) {
    const struct ruleset *ruleset = core->ruleset;
    for (uint32_t p = ruleset->point_count; p-- > 0;) {
        assert(ruleset->points[p].device < ruleset->device_count);
        struct core_device *device = &core->devices[ruleset->points[p].device];
        core->points[p].beside = device->point_first;
        device->point_first = p;
    }
}

/* What the expressions of a rule read besides the values of points. */
static uint8_t core_program_reads(const struct ruleset *ruleset, const struct ruleset_rule *rule) {
    const struct expr_op *ops = &ruleset->ops[rule->op_first];
    unsigned reads = 0;
    for (uint32_t i = 0; i < rule->op_count + rule->clear_op_count; i++) {
        if (ops[i].code == EXPR_OPEN || ops[i].code == EXPR_CLOSED) {
            reads |= CORE_READS_HOURS;
        } else if (ops[i].code == EXPR_WEEKDAY) {
            reads |= CORE_READS_WEEKDAY;
        } else if (ops[i].code == EXPR_BETWEEN) {
            reads |= CORE_READS_BETWEEN;
        } else if (ops[i].code == EXPR_MOMENT) {
            reads |= CORE_READS_MOMENT;
        } else if (ops[i].code == EXPR_AGE) {
            reads |= CORE_READS_AGE;
        } else if (ops[i].code == EXPR_COUNTED) {
            reads |= CORE_READS_COUNTER;
        }
    }
    return (uint8_t)reads;
}

uint32_t core_events_max(const struct ruleset *ruleset) {
    /*
     * Each alarm is stepped once, once more after a moment, and follows its cause; a command acts
     * once more; each time a chain may go on by a step. In the activity lane: a point's own, each
     * point that was not tested, each test that ends and each place whose walk test is due, and both
     * ends of a flood.
     */
    uint32_t moments = 0;
    for (uint32_t r = 0; r < ruleset->rule_count; r++) {
        const struct ruleset_rule *rule = &ruleset->rules[r];
        unsigned reads = core_program_reads(ruleset, rule);
        moments += (reads & CORE_READS_MOMENT) != 0 ? rule->alarm_count : 0;
    }
    uint32_t steps = ruleset->alarm_count + moments + 1;
    uint32_t activity = ruleset->point_count + 2 * ruleset->place_count + 5;
    return ALARM_TOLD_MAX * steps + ruleset->alarm_count + 2 * core_chain_slots(ruleset) + moments +
           activity;
}

/* Mark the points whose age is read; only a point's own alarms can do that. */
static void core_mark_aged(struct core *core, const struct ruleset_rule *rule) {
    for (uint32_t i = rule->alarm_first; i < rule->alarm_first + rule->alarm_count; i++) {
        index_set_add(&core->aged, core->ruleset->alarms[i].entity);
    }
}

static void core_read_rules(struct core *core) {
    const struct ruleset *ruleset = core->ruleset;
    for (uint32_t r = 0; r < ruleset->rule_count; r++) {
        const struct ruleset_rule *rule = &ruleset->rules[r];
        assert(rule->builtin < BUILTIN_COUNT);
        core->rule_reads[r] = core_program_reads(ruleset, rule);
        if ((core->rule_reads[r] & CORE_READS_AGE) != 0) {
            core_mark_aged(core, rule);
        }
        core->builtin_first[rule->builtin] = rule->alarm_first;
        core->builtin_count[rule->builtin] = rule->alarm_count;
    }
}

/* Fill `count` truths with unknown. */
static void core_forget(uint8_t *truths, uint32_t count) {
    for (uint32_t i = 0; i < count; i++) {
        truths[i] = TRUTH_UNKNOWN;
    }
}

struct core *core_init(void *block, const struct ruleset *ruleset, struct instant now) {
    assert(block != NULL && (uintptr_t)block % CORE_ALIGNMENT == 0);
    struct core_room room = {.base = block};
    struct core *core = block;
    *core =
        core_lay(&room, ruleset, (struct core){0}); /* no test, no trip, a clock that is right */
    core->newest = now;
    core->events_max = core_events_max(ruleset);
    core->evaluation_count = core_evaluation_count(ruleset);

    for (uint32_t p = 0; p < ruleset->point_count; p++) {
        core->points[p] = (struct point_state){.heard = now,
                                               .changed = now,
                                               .quality = QUALITY_STALE,
                                               .fault = TRUTH_UNKNOWN,
                                               .stuck = TRUTH_UNKNOWN};
        core->measured[p] = (struct wall){0};
    }
    index_set_init(&core->aged, ruleset->point_count, core->aged.words);
    for (uint32_t d = 0; d < ruleset->device_count; d++) {
        core->devices[d] =
            (struct core_device){.heard = now, .point_first = RULESET_NONE, .lost = TRUTH_UNKNOWN};
    }
    core_link_points(core);
    memset(core->alarms, 0, ruleset->alarm_count * sizeof *core->alarms); /* with its padding */
    for (uint32_t i = 0; i < ruleset->alarm_count; i++) {
        alarm_init(&core->alarms[i]);
    }
    for (uint32_t i = 0; i < core->evaluation_count; i++) {
        core->evaluations[i] = (struct core_evaluation){.due = INSTANT_NEVER};
    }
    memset(core->memories, 0, ruleset->memory_count * sizeof *core->memories);
    memset(core->windows, 0, ruleset->window_count * sizeof *core->windows);
    core_read_rules(core);
    core_forget(core->calendars, ruleset->calendar_count + 1);
    core->calendars[0] = TRUTH_TRUE;
    core_forget(core->betweens, ruleset->between_count);
    core_forget(core->components_lost, ruleset->component_count);
    core_forget(core->shifts_on, ruleset->shift_count);
    core_forget(core->listeners_lost, ruleset->listener_count);
    reach_list_init(&core->outputs, ruleset->points, ruleset->point_count, core->outputs.points);
    core_chain_init(core);
    core->weekday = TRUTH_UNKNOWN;
    core->uplink_lost = TRUTH_UNKNOWN;
    core->storage_lost = TRUTH_UNKNOWN;
    core->site_refused = TRUTH_UNKNOWN;
    core_forget(core->certificates_ending, CERTIFICATE_COUNT);

    index_set_init(&core->touched, ruleset->alarm_count, core->touched.words);
    index_set_init(&core->changed, ruleset->alarm_count, core->changed.words);
    index_set_init(&core->doors_open, ruleset->alarm_count, core->doors_open.words);
    index_set_init(&core->outputs_changed, ruleset->point_count, core->outputs_changed.words);
    core_list_doors(core);
    for (uint32_t place = 0; place < ruleset->place_count; place++) {
        core->fires[place] = 0;
        core->promotions[place] = (struct core_promotions){0};
        core->tests[place] = MOMENT_NEVER;
        core->walks[place] = MOMENT_NEVER;
    }
    core_walked_init(core);
    core->attended = RULESET_NONE;
    flood_init(&core->flood);
    timers_init(&core->timers, core_timer_count(ruleset), core->timers.due, core->timers.position,
                core->timers.heap);
    return core;
}

/* Zero what is only room for a step and says nothing between two. */
static void core_forget_scratch(const struct core *laid) {
    for (uint32_t i = laid->timers.running; i < laid->timers.count; i++) {
        laid->timers.heap[i] = 0;
    }
    for (uint32_t i = 0; i < laid->timers.count; i++) {
        if (laid->timers.due[i].ns == INSTANT_NEVER.ns) {
            laid->timers.position[i] = 0;
        }
    }
}

void core_snapshot(const struct core *core, void *ret) {
    assert((uintptr_t)ret % CORE_ALIGNMENT == 0);
    assert(index_set_is_empty(&core->touched) && index_set_is_empty(&core->changed));
    memcpy(ret, core, core_size(core->ruleset));
    struct core_room copy = {.base = ret};
    struct core laid = core_lay(&copy, core->ruleset, *core);
    index_set_clear(&laid.outputs_changed);
    core_forget_scratch(&laid);
    struct core_room nowhere = {0};
    laid = core_lay(&nowhere, core->ruleset, laid);
    laid.ruleset = NULL;
    *(struct core *)ret = laid;
}

struct core *core_resume(void *block, const struct ruleset *ruleset) {
    assert(block != NULL && (uintptr_t)block % CORE_ALIGNMENT == 0);
    struct core_room room = {.base = block};
    struct core *core = block;
    *core = core_lay(&room, ruleset, *core);
    return core;
}
