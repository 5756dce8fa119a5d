/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/engine/restore.h"

uint64_t restore_elapsed_ns(const struct journal_alarm *alarm, struct instant now) {
    return instant_span_ns(alarm->at, now);
}

/* Tenths of a second that are left after `span_ns`: never nothing of something. */
static uint32_t restore_left_ds(uint32_t left_ds, uint64_t span_ns) {
    uint64_t span_ds = span_ns / NS_PER_DS;
    return left_ds > span_ds ? left_ds - (uint32_t)span_ds : left_ds > 0;
}

/* Time by the wall clock alone. */
static uint64_t restore_wall_ns(struct wall at_wall, struct wall wall) {
    return wall.ns > at_wall.ns ? (uint64_t)(wall.ns - at_wall.ns) : 0;
}

uint32_t restore_test_left_ds(const struct journal_standing *recorded, uint32_t left_ds,
                              struct instant now, struct wall wall) {
    uint32_t least = left_ds > 0 ? left_ds : 1;
    if (wall.ns < recorded->at_wall.ns) {
        return now.ns >= recorded->at.ns ? restore_left_ds(least, now.ns - recorded->at.ns) : 1;
    }
    uint32_t by_instant = restore_left_ds(least, instant_span_ns(recorded->at, now));
    uint32_t by_wall = restore_left_ds(least, restore_wall_ns(recorded->at_wall, wall));
    return by_instant < by_wall ? by_instant : by_wall;
}

/* Add to an age; never (UINT64_MAX) stays never. */
static uint64_t restore_older(uint64_t age_ns, uint64_t elapsed_ns) {
    return age_ns > UINT64_MAX - elapsed_ns ? UINT64_MAX : age_ns + elapsed_ns;
}

/* The age of a stretch that is over, unless it never was or lasts. */
static uint64_t restore_over_ns(uint64_t age_ns, uint64_t less_ns, uint64_t elapsed_ns) {
    return age_ns < CORE_TRIP_LASTS ? restore_older(age_ns - less_ns, elapsed_ns) : age_ns;
}

struct core_trip_record restore_trip(const struct journal_standing *recorded,
                                     const struct core_trip_record *trip, struct instant now) {
    uint64_t elapsed_ns = instant_span_ns(recorded->at, now);
    uint64_t earnest_ns = trip->earnest_age_ns;
    uint64_t tested_ns = trip->tested_age_ns;
    uint64_t less_ns = 0;
    bool lasts = earnest_ns == CORE_TRIP_LASTS || tested_ns == CORE_TRIP_LASTS;
    if (recorded->at.ns == JOURNAL_INSTANT_FOREIGN.ns && !lasts) {
        less_ns = earnest_ns < tested_ns ? earnest_ns : tested_ns;
    }
    return (struct core_trip_record){
        .earnest_age_ns = restore_over_ns(earnest_ns, less_ns, elapsed_ns),
        .tested_age_ns = restore_over_ns(tested_ns, less_ns, elapsed_ns),
    };
}

void restore_age(struct journal_alarm *alarm, uint64_t elapsed_ns, bool emergency) {
    struct alarm_record *record = &alarm->record;
    if (record->axes.pending && (emergency || record->condition == TRUTH_TRUE)) {
        record->remaining_ns =
            record->remaining_ns > elapsed_ns ? record->remaining_ns - elapsed_ns : 1;
    }
    for (unsigned i = 0; i < ALARM_CLOCK_COUNT; i++) {
        record->left_ds[i] = restore_left_ds(record->left_ds[i], elapsed_ns);
    }
    struct chain_record *chain = &alarm->chain;
    if (chain->state == CHAIN_RUNNING) {
        chain->age_ns = restore_older(chain->age_ns, elapsed_ns);
        if (chain->receipt_ns > 0) {
            chain->receipt_ns = chain->receipt_ns > elapsed_ns ? chain->receipt_ns - elapsed_ns : 1;
        }
    }
    for (uint32_t i = 0; i < alarm->memory_count; i++) {
        struct memory_record *memory = &alarm->memories[i];
        if (memory->kind == EXPR_MEMORY_COUNTED) {
            continue;
        }
        /* The age of `held` is how long it went on, the others' how long ago something ended. */
        if ((memory->now == TRUTH_TRUE) == (memory->kind == EXPR_MEMORY_HELD)) {
            memory->true_age_ns = restore_older(memory->true_age_ns, elapsed_ns);
        }
        if (memory->now != TRUTH_UNKNOWN) {
            memory->unknown_age_ns = restore_older(memory->unknown_age_ns, elapsed_ns);
        }
    }
}

void restore_life(struct journal_alarm *alarm, struct instant now, struct wall wall,
                  bool emergency) {
    static const enum alarm_clock told[] = {ALARM_CLOCK_SHELVE, ALARM_CLOCK_SERVICE};
    uint32_t *left_ds = alarm->record.left_ds;
    uint64_t wall_ns = restore_wall_ns(alarm->at_wall, wall);
    uint32_t by_wall_ds[sizeof told / sizeof told[0]];
    for (size_t i = 0; i < sizeof told / sizeof told[0]; i++) {
        by_wall_ds[i] = restore_left_ds(left_ds[told[i]], wall_ns);
    }
    restore_age(alarm, restore_elapsed_ns(alarm, now), emergency);
    for (size_t i = 0; i < sizeof told / sizeof told[0]; i++) {
        if (by_wall_ds[i] < left_ds[told[i]]) {
            left_ds[told[i]] = by_wall_ds[i];
        }
    }
}
