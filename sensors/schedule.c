/* SPDX-License-Identifier: Apache-2.0 */
#include "sensors/schedule.h"

#include <assert.h>

void schedule_init(struct schedule *schedule, struct schedule_entry *entries, uint32_t count,
                   uint64_t now_ns) {
    assert(count > 0);
    *schedule = (struct schedule){.entries = entries, .count = count};
    for (uint32_t i = 0; i < count; i++) {
        assert(entries[i].period_ns > 0);
        entries[i] = (struct schedule_entry){
            .period_ns = entries[i].period_ns,
            .due_ns = now_ns,
            .heard_ns = now_ns,
        };
    }
}

static uint64_t schedule_due_ns(const struct schedule *schedule, uint32_t index) {
    const struct schedule_entry *entry = &schedule->entries[index];
    if (entry->lost && entry->due_ns < schedule->probe_after_ns) {
        return schedule->probe_after_ns;
    }
    return entry->due_ns;
}

uint32_t schedule_next(const struct schedule *schedule, uint64_t *ret_due_ns) {
    uint32_t next = 0;
    uint64_t next_due_ns = schedule_due_ns(schedule, 0);
    for (uint32_t i = 1; i < schedule->count; i++) {
        uint64_t due_ns = schedule_due_ns(schedule, i);
        if (due_ns < next_due_ns) {
            next = i;
            next_due_ns = due_ns;
        }
    }
    *ret_due_ns = next_due_ns;
    return next;
}

/* The first slot after `ns`. */
static uint64_t schedule_slot_after(uint64_t period_ns, uint64_t ns) {
    return (ns / period_ns + 1) * period_ns;
}

/* Move to the next slot of the device's timeline, over those that are past. */
static void schedule_advance(struct schedule_entry *entry, uint64_t now_ns) {
    uint64_t next_ns = schedule_slot_after(entry->period_ns, entry->due_ns);
    entry->due_ns = schedule_slot_after(entry->period_ns, now_ns);
    if (entry->due_ns > next_ns) {
        entry->skipped += (entry->due_ns - next_ns) / entry->period_ns;
    }
    entry->due_ns = entry->due_ns > next_ns ? entry->due_ns : next_ns;
}

void schedule_answered(struct schedule *schedule, uint32_t index, uint64_t now_ns) {
    struct schedule_entry *entry = &schedule->entries[index];
    if (entry->lost) {
        entry->due_ns = now_ns; /* a new timeline: the slots it was lost for are not skipped ones */
    }
    entry->lost = false;
    entry->misses = 0;
    entry->backoff_ns = 0;
    entry->heard_ns = now_ns;
    schedule_advance(entry, now_ns);
}

static void schedule_back_off(struct schedule *schedule, struct schedule_entry *entry,
                              uint64_t now_ns) {
    uint64_t max_ns = schedule->count > 1 ? SCHEDULE_BACKOFF_SHARED_NS : SCHEDULE_BACKOFF_ALONE_NS;
    uint64_t backoff_ns = entry->backoff_ns == 0 ? SCHEDULE_BACKOFF_MIN_NS : 2 * entry->backoff_ns;
    entry->backoff_ns = backoff_ns < max_ns ? backoff_ns : max_ns;
    uint64_t wait_ns = entry->backoff_ns > entry->period_ns ? entry->backoff_ns : entry->period_ns;
    entry->due_ns = now_ns + wait_ns;
}

bool schedule_missed(struct schedule *schedule, uint32_t index, uint64_t began_ns,
                     uint64_t now_ns) {
    assert(now_ns >= began_ns);
    struct schedule_entry *entry = &schedule->entries[index];
    bool was_lost = entry->lost;
    if (entry->misses < UINT32_MAX) {
        entry->misses++;
    }
    entry->lost = was_lost || (entry->misses >= SCHEDULE_MISSES &&
                               now_ns - entry->heard_ns >= SCHEDULE_LOST_AFTER_NS);
    if (!entry->lost) {
        schedule_advance(entry, now_ns);
        return false;
    }
    schedule_back_off(schedule, entry, now_ns);
    if (schedule->count > 1) {
        schedule->probe_after_ns = now_ns + SCHEDULE_PROBE_REST * (now_ns - began_ns);
    }
    return !was_lost;
}

void schedule_prompt(struct schedule *schedule, uint32_t index, uint64_t now_ns) {
    struct schedule_entry *entry = &schedule->entries[index];
    entry->due_ns = now_ns;
    entry->backoff_ns = 0;
    schedule->probe_after_ns = now_ns;
}
