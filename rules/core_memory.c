/* SPDX-License-Identifier: Apache-2.0 */

/*
 * What an alarm's expression remembers, as records that outlive the core, and back
 *
 * A record goes to the memory of the same identity, wherever both stand. Under the same rules they
 * stand in the same order, and nothing is searched; at the first that does not fit the records are
 * sorted, so that a site with many thousand points is restored in no time all the same.
 */
#include <assert.h>
#include <float.h>
#include <string.h>

#include "rules/core_state.h"
#include "rules/identity.h"
#include "rules/search.h"

/* The age at `now` of what ended at `until`, modulo 2^64 as expr_past.h has it. */
static uint64_t core_age_ns(struct instant until, struct instant now) {
    return until.ns == INSTANT_NEVER.ns ? UINT64_MAX : now.ns - until.ns;
}

static struct instant core_age_end(uint64_t age_ns, struct instant now) {
    if (age_ns == UINT64_MAX) {
        return INSTANT_NEVER;
    }
    struct instant end = {now.ns - age_ns};
    end.ns -= end.ns == INSTANT_NEVER.ns; /* that one instant has another meaning */
    return end;
}

static struct memory_record core_record_memory(const struct expr_memory *memory, uint64_t identity,
                                               struct instant now) {
    struct memory_record record = {.identity = identity,
                                   .true_age_ns = UINT64_MAX,
                                   .unknown_age_ns = UINT64_MAX,
                                   .now = memory->now,
                                   .kind = memory->kind};
    switch ((enum expr_memory_kind)memory->kind) {
    case EXPR_MEMORY_WITHIN:
    case EXPR_MEMORY_SINCE:
        record.true_age_ns = memory->now == TRUTH_TRUE ? 0 : core_age_ns(memory->true_until, now);
        record.unknown_age_ns =
            memory->now == TRUTH_UNKNOWN ? 0 : core_age_ns(memory->unknown_until, now);
        break;
    case EXPR_MEMORY_HELD:
        record.true_age_ns =
            core_age_ns(memory->held_from, memory->now == TRUTH_UNKNOWN ? memory->frozen_at : now);
        break;
    case EXPR_MEMORY_COUNTED: /* numbers, bit by bit */
        memcpy(&record.true_age_ns, &memory->counter, sizeof memory->counter);
        memcpy(&record.unknown_age_ns, &memory->level, sizeof memory->level);
        break;
    case EXPR_MEMORY_FRESH:
    case EXPR_MEMORY_KIND_COUNT:
        break;
    }
    return record;
}

static bool core_is_finite(double number) {
    return number >= -DBL_MAX && number <= DBL_MAX;
}

/* A record that no build of ours wrote gives a fresh memory. */
static struct expr_memory core_restore_memory(const struct memory_record *record,
                                              struct instant now) {
    if (record->now >= TRUTH_COUNT) {
        return (struct expr_memory){0};
    }
    struct expr_memory memory = {.now = record->now, .kind = record->kind};
    switch ((enum expr_memory_kind)record->kind) {
    case EXPR_MEMORY_SINCE:
        if (record->unknown_age_ns == UINT64_MAX) { /* it was watched from some instant on */
            break;
        }
        memory.true_until = core_age_end(record->true_age_ns, now);
        memory.unknown_until = core_age_end(record->unknown_age_ns, now);
        memory.resumed = 1;
        return memory;
    case EXPR_MEMORY_WITHIN:
        memory.true_until = core_age_end(record->true_age_ns, now);
        memory.unknown_until = core_age_end(record->unknown_age_ns, now);
        memory.resumed = 1;
        return memory;
    case EXPR_MEMORY_HELD:
        memory.held_from = core_age_end(record->true_age_ns, now);
        memory.frozen_at = now;
        return memory;
    case EXPR_MEMORY_COUNTED:
        memcpy(&memory.counter, &record->true_age_ns, sizeof memory.counter);
        memcpy(&memory.level, &record->unknown_age_ns, sizeof memory.level);
        if (core_is_finite(memory.counter) && core_is_finite(memory.level)) {
            return memory;
        }
        break;
    case EXPR_MEMORY_FRESH:
    case EXPR_MEMORY_KIND_COUNT:
        break;
    }
    return (struct expr_memory){0};
}

void core_record_memories(const struct core *core, uint32_t alarm, struct instant now,
                          struct memory_record *ret) {
    const struct expr_memory *memory = &core->memories[core->ruleset->alarms[alarm].memory_first];
    struct identity_walk walk;
    struct identity identity;
    identity_begin(&walk, core->ruleset, alarm);
    while (identity_next(&walk, &identity)) {
        *ret++ = core_record_memory(memory++, identity.digest, now);
    }
}

/* Let the record at `at` sink to where no greater one is below it, in a heap of `count`. */
static void core_sink_record(struct memory_record *records, uint32_t at, uint32_t count) {
    const struct memory_record sinking = records[at];
    for (uint32_t child = 2 * at + 1; child < count; child = 2 * at + 1) {
        if (child + 1 < count && records[child + 1].identity > records[child].identity) {
            child++;
        }
        if (records[child].identity <= sinking.identity) {
            break;
        }
        records[at] = records[child];
        at = child;
    }
    records[at] = sinking;
}

/* Sort by identity, in place. */
static void core_sort_records(struct memory_record *records, uint32_t count) {
    for (uint32_t i = count / 2; i > 0; i--) {
        core_sink_record(records, i - 1, count);
    }
    for (uint32_t left = count; left > 1; left--) {
        const struct memory_record greatest = records[0];
        records[0] = records[left - 1];
        records[left - 1] = greatest;
        core_sink_record(records, 0, left - 1);
    }
}

static bool core_record_is_before(const void *records, uint32_t at, uint64_t identity) {
    return ((const struct memory_record *)records)[at].identity < identity;
}

/*
 * How many records know something that no memory goes on with. The same thing may be remembered more
 * than once, in what raises and in what clears: then each of its records is as good as the others.
 */
static uint32_t core_count_dropped(struct memory_record *records, uint32_t count) {
    uint32_t dropped = 0;
    core_sort_records(records, count);
    for (uint32_t first = 0, end = 0; first < count; first = end) {
        uint32_t known = 0;
        bool taken = false;
        for (; end < count && records[end].identity == records[first].identity; end++) {
            known += records[end].kind != EXPR_MEMORY_FRESH;
            taken = taken || records[end].taken != 0;
        }
        dropped += taken ? 0 : known;
    }
    return dropped;
}

struct core_kept core_restore_memories(struct core *core, uint32_t alarm,
                                       struct memory_record *records, uint32_t count,
                                       struct instant now) {
    const struct ruleset_alarm *bound = &core->ruleset->alarms[alarm];
    struct core_kept kept = {0};
    struct identity_walk walk;
    struct identity identity;
    bool sorted = false;
    identity_begin(&walk, core->ruleset, alarm);
    for (uint32_t i = 0; identity_next(&walk, &identity); i++) {
        assert(i < bound->memory_count);
        uint32_t at = i;
        if (!sorted && (i >= count || records[i].identity != identity.digest)) {
            core_sort_records(records, count);
            sorted = true;
        }
        if (sorted) {
            at = search_first(records, 0, count, identity.digest, core_record_is_before);
        }
        if (at == count || records[at].identity != identity.digest) {
            kept.anew++;
            kept.anew_kinds |= 1u << identity.kind;
            continue;
        }
        core->memories[bound->memory_first + i] = core_restore_memory(&records[at], now);
        kept.kept++;
        records[at].taken = 1;
    }
    bool all_taken = !sorted && bound->memory_count == count;
    kept.dropped = all_taken ? 0 : core_count_dropped(records, count);
    return kept;
}
