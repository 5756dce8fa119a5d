/* SPDX-License-Identifier: Apache-2.0 */

/*
 * What was tripped in earnest, and what in a test
 *
 * A rule for a place has one alarm for all its rooms, and one of them may be tested alone: what a
 * button or detector under test raises is a test too, or a walk through one room would sound the sirens
 * everywhere. It is one if the rule would not be true without what was tested, taken as at rest: of two
 * detectors that confirm a fire, one in a test is not enough, and each is told by its own alarm at once.
 * From there on it is in earnest. What a drill once confirmed, and nobody reset, does not make a test of
 * what comes later.
 *
 * A rule may look back: `within(smoke, 60 s)` is true long after the detector came to rest, and after
 * the test ended. So it is known of each button and detector until when it was last true in earnest,
 * and until when in a test, and both count for as long as the rule looks back at most, whether a test
 * still runs or not. One that counts as both is in earnest. A restart forgets nothing of it that counts
 * while anything is tested. What was in earnest before that is not recorded, but the rules remember it: it
 * is forgotten of a detector alone that is tripped again, in a test of its room, within the same minute.
 *
 *     true in a test    counts as a test until it is at rest, and for as long as the rule looks back;
 *                       still true as the test ends, it is in earnest from there on
 *     true in earnest   likewise, also when a test begins while it is
 *     lost              its last word stands: whoever takes a detector off its base in a test does not
 *                       end its trip, nor does the end of the test, until it is back and says what is so
 *
 * The alarm of a place that is of a test stays one while nobody knows whether the rule is true without
 * it: detectors that are lost confirm no fire which a test has begun. That they are lost is told, and the
 * alarm of such a detector itself becomes one in earnest as its test ends: somebody is to go and look.
 */
#include <assert.h>

#include "rules/core_state.h"

static bool trip_lasts(struct moment until) {
    return until.ds == MOMENT_NEVER.ds;
}

static bool trip_is_true(const struct core *core, uint32_t point) {
    const struct point_state *state = &core->points[point];
    return quality_usable((enum quality)state->quality) && state->value != 0;
}

static void trip_note_tested(struct core *core, uint32_t point, struct moment until) {
    struct moment *tested = &core_trips_of(core, point)->tested;
    core->trips_tested += trip_lasts(until);
    core->trips_tested -= trip_lasts(*tested);
    if (!trip_lasts(until) && until.ds > core->trip_tested_last.ds) {
        core->trip_tested_last = until;
    }
    *tested = until;
}

/* What was tripped in a test that is over, and is known to be true, is in earnest from now on. */
static void trip_leave(struct core *core, uint32_t point, struct instant now) {
    struct core_trips *trips = core_trips_of(core, point);
    if (trip_lasts(trips->tested) && trip_is_true(core, point) &&
        !core_place_is_tested(core, core->ruleset->points[point].place)) {
        trip_note_tested(core, point, moment_after(now, 0));
        trips->earnest = MOMENT_NEVER;
        core->trips_turned = true;
    }
}

void core_trip_follow(struct core *core, uint32_t point, struct instant now) {
    if (!core_point_is_walked(core, point)) {
        return;
    }
    struct core_trips *trips = core_trips_of(core, point);
    bool is_true = trip_is_true(core, point);
    bool known = quality_usable((enum quality)core->points[point].quality);
    trip_leave(core, point, now);
    bool lasts = trip_lasts(trips->earnest) || trip_lasts(trips->tested);
    if (!known || is_true == lasts) {
        return;
    }
    bool tested = is_true ? core_place_is_tested(core, core->ruleset->points[point].place)
                          : trip_lasts(trips->tested);
    struct moment until = is_true ? MOMENT_NEVER : moment_after(now, 0);
    if (tested) {
        trip_note_tested(core, point, until);
    } else {
        trips->earnest = until;
    }
    core->trips_turned |= core->test_count > 0 || trips->tested.ds != 0;
}

void core_trip_leave(struct core *core, uint32_t place, struct instant now) {
    const struct ruleset_place *site = &core->ruleset->places[place];
    for (uint32_t point = site->point_first; point < site->point_end; point++) {
        if (core_point_is_walked(core, point)) {
            trip_leave(core, point, now);
        }
    }
}

/* How far back the operation looks. `since` does not say; those over time stand together. */
static uint64_t trip_op_back_ns(const struct expr_op *op) {
    if (op->code == EXPR_SINCE) {
        return UINT64_MAX / 2;
    }
    return op->code >= EXPR_WITHIN && op->code <= EXPR_MAX_OVER ? op->span_ns : 0;
}

/* For how long at most may the alarm go on by what is over? */
static uint64_t trip_back_ns(const struct ruleset *ruleset, const struct ruleset_rule *rule) {
    const struct expr_op *ops = &ruleset->ops[rule->op_first];
    uint64_t longest_ns = 0;
    for (uint32_t i = 0; i < rule->op_count + rule->clear_op_count; i++) {
        uint64_t back_ns = trip_op_back_ns(&ops[i]);
        longest_ns = back_ns > longest_ns ? back_ns : longest_ns;
    }
    return longest_ns + rule->clear_after_ns;
}

/* Until when a trip counts that was over, or was not, at `until`; {0} if there was none. */
static struct instant trip_end(struct moment until, uint64_t back_ns) {
    struct instant end = moment_instant(until);
    return until.ds == 0 ? end : instant_after(end, back_ns);
}

/* Until when any point of the site was true in a test. */
static struct moment trip_latest(const struct core *core) {
    return core->trips_tested > 0 ? MOMENT_NEVER : core->trip_tested_last;
}

/* What of that which an alarm reads was tripped, as far as it counts still. */
struct trip_sum {
    struct instant tested_until; /* until when anything counts as a test; {0} if nothing does */
    bool earnest;                /* something counts as in earnest */
};

/* Adds what counts as a test now, and not in earnest as well, to `tested` unless that is NULL. */
static struct trip_sum trip_gather(const struct core *core, uint32_t alarm,
                                   struct index_set *tested) {
    const struct ruleset *ruleset = core->ruleset;
    const struct ruleset_alarm *bound = &ruleset->alarms[alarm];
    const struct ruleset_place *place = &ruleset->places[bound->place];
    uint64_t back_ns = trip_back_ns(ruleset, &ruleset->rules[bound->rule]);
    struct trip_sum sum = {.earnest = false};
    if (trip_end(trip_latest(core), back_ns).ns <= core->newest.ns) {
        return sum; /* as nearly always */
    }
    for (uint32_t i = place->point_first; i < place->point_end; i++) {
        if (!core_point_is_walked(core, i)) {
            continue;
        }
        const struct core_trips *trips = core_trips_of(core, i);
        struct instant end = trip_end(trips->tested, back_ns);
        bool earnest = trip_end(trips->earnest, back_ns).ns > core->newest.ns;
        bool counts = end.ns > core->newest.ns;
        if ((!counts && !earnest) || !core_depends(ruleset, i, alarm)) {
            continue;
        }
        sum.earnest |= earnest;
        if (counts && end.ns > sum.tested_until.ns) {
            sum.tested_until = end;
        }
        if (counts && !earnest && tested != NULL) {
            index_set_add(tested, i);
        }
    }
    return sum;
}

/* Is it so only because of what is tested? */
static bool core_alarm_is_of_test(const struct core *core, uint32_t alarm) {
    uint64_t words[INDEX_SET_WORDS(LIMIT_POINTS)];
    struct index_set tested;
    assert(index_set_words(core->ruleset->point_count) <= sizeof words / sizeof words[0]);
    index_set_init(&tested, core->ruleset->point_count, words);
    const struct ruleset_alarm *bound = &core->ruleset->alarms[alarm];
    bool of_place = bound->entity_kind == ENTITY_PLACE;
    struct trip_sum sum = trip_gather(core, alarm, &tested);
    bool remembers = sum.tested_until.ns > 0;
    if ((!remembers && !(of_place && core->alarms[alarm].axes.test)) ||
        (!of_place && core_point_is_walked(core, bound->entity) &&
         trip_lasts(core_trips_of(core, bound->entity)->tested))) {
        return false;
    }
    enum truth without = core_judge_without(core, alarm, &tested, sum.earnest);
    return without != TRUTH_TRUE && (remembers || without == TRUTH_UNKNOWN);
}

bool core_alarm_is_tested(const struct core *core, uint32_t alarm) {
    const struct ruleset_alarm *bound = &core->ruleset->alarms[alarm];
    const struct alarm_axes axes = core->alarms[alarm].axes;
    uint8_t builtin = core->ruleset->rules[bound->rule].builtin;
    if (builtin == BUILTIN_FIRE_PROMOTED) {
        return false; /* a test promotes nothing: what is promoted burned before it */
    }
    bool joins = bound->entity_kind == ENTITY_PLACE && !axes.active;
    return core_place_is_tested(core, bound->place) ||
           (builtin == BUILTIN_NONE && (axes.test || joins) && core_alarm_is_of_test(core, alarm));
}

struct instant core_trip_due(const struct core *core, uint32_t alarm) {
    const struct alarm_axes axes = core->alarms[alarm].axes;
    if (!axes.test || !axes.active) {
        return INSTANT_NEVER;
    }
    struct instant end = trip_gather(core, alarm, NULL).tested_until;
    return end.ns > 0 ? end : INSTANT_NEVER;
}

/* --- what a restart must find again --- */

/* For how long at most may any alarm go on by what is over of the point? */
static uint64_t trip_longest_back_ns(const struct ruleset *ruleset, uint32_t point) {
    uint64_t longest_ns = 0;
    for (uint32_t i = ruleset->dependent_first[point]; i < ruleset->dependent_first[point + 1];
         i++) {
        uint32_t rule = ruleset->alarms[ruleset->dependents[i]].rule;
        uint64_t back_ns = trip_back_ns(ruleset, &ruleset->rules[rule]);
        longest_ns = back_ns > longest_ns ? back_ns : longest_ns;
    }
    return longest_ns;
}

static uint64_t trip_age_ns(struct moment until, struct instant now) {
    return until.ds == 0       ? CORE_TRIP_NEVER
           : trip_lasts(until) ? CORE_TRIP_LASTS
                               : instant_span_ns(moment_instant(until), now);
}

/* Before the origin of the instants is as good as at it: it counts for longer, never for less. */
static struct moment trip_until(uint64_t age_ns, struct instant now) {
    if (age_ns == CORE_TRIP_NEVER) {
        return (struct moment){0};
    } else if (age_ns == CORE_TRIP_LASTS) {
        return MOMENT_NEVER;
    }
    return moment_after((struct instant){age_ns < now.ns ? now.ns - age_ns : 1}, 0);
}

bool core_record_trip(const struct core *core, uint32_t point, struct instant now,
                      struct core_trip_record *ret_record) {
    assert(point < core->ruleset->point_count);
    if (!core_point_is_walked(core, point)) {
        return false;
    }
    const struct core_trips *trips = core_trips_of(core, point);
    if (trips->earnest.ds == 0 && trips->tested.ds == 0) {
        return false;
    }
    uint64_t back_ns = trip_longest_back_ns(core->ruleset, point);
    *ret_record = (struct core_trip_record){.earnest_age_ns = trip_age_ns(trips->earnest, now),
                                            .tested_age_ns = trip_age_ns(trips->tested, now)};
    return trip_end(trips->earnest, back_ns).ns > now.ns ||
           trip_end(trips->tested, back_ns).ns > now.ns;
}

void core_restore_trip(struct core *core, uint32_t point, const struct core_trip_record *record,
                       struct instant now) {
    assert(point < core->ruleset->point_count);
    if (core_point_is_walked(core, point)) {
        /* Where nothing is tested its end was not to be recorded: as if it ended now, unless the next reading
           says that it lasts. */
        bool stale = record->earnest_age_ns == CORE_TRIP_LASTS && core->test_count == 0;
        core_trips_of(core, point)->earnest =
            stale ? moment_after(now, 0) : trip_until(record->earnest_age_ns, now);
        trip_note_tested(core, point, trip_until(record->tested_age_ns, now));
    }
}

bool core_trips_turned(const struct core *core) {
    return core->trips_turned;
}
