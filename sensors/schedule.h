/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SENSORS_SCHEDULE_H
#define SENSORS_SCHEDULE_H

/*
 * Schedule: which device of a bus is polled next, and when
 *
 * Each device has an absolute timeline: after a first poll at once, its polls lie at the multiples
 * of its period on the clock, so that lateness never adds up; a slot that passed while the bus was
 * busy is skipped and counted. The earliest slot is served first. Devices of one period, on
 * whatever bus, share their slots, so that one timer interrupt wakes all: a thread's own would cost
 * as much as its poll.
 *
 *            good answer                 3 misses, and 1 s since it was last heard
 *     HEARD ─────────────▶ HEARD   HEARD ───────────────────────────────▶ LOST
 *            a miss: next slot                                            │ probes, back-off
 * doubling LOST ──────────────▶ HEARD                                          ▼ from 500 ms the
 * first good answer
 *
 * On a line that living devices share, probing must not cost them their time: a failed probe that
 * took t forbids any further probe on that line for 9 t, so that all dead devices together take at
 * most a tenth of it, and the back-off grows to 30 s. A device alone on its connection harms nobody
 * by being tried more often: its back-off ends at 5 s.
 *
 * Pure: it reads no clock. All times are of one monotonic timeline in nanoseconds.
 */

#include "rules/instant.h"

enum { SCHEDULE_MISSES = 3 };

#define SCHEDULE_LOST_AFTER_NS     (1 * NS_PER_S)
#define SCHEDULE_BACKOFF_MIN_NS    (NS_PER_S / 2)
#define SCHEDULE_BACKOFF_ALONE_NS  (5 * NS_PER_S)
#define SCHEDULE_BACKOFF_SHARED_NS (30 * NS_PER_S)
#define SCHEDULE_PROBE_REST        9 /* a probe's cost, times this, is kept free of probes */

struct schedule_entry {
    uint64_t period_ns;
    uint64_t due_ns;
    uint64_t heard_ns;   /* the last good answer, or the start */
    uint64_t backoff_ns; /* of a lost device; else 0 */
    uint64_t skipped;    /* slots that passed while the bus was busy */
    uint32_t misses;     /* since the last good answer */
    bool lost;
};

struct schedule {
    struct schedule_entry *entries; /* borrowed */
    uint32_t count;
    uint64_t probe_after_ns; /* no lost device of a shared line is probed before */
};

/*
 * Begin with every device due at `now_ns`. The caller has set each entry's period (not 0); the
 * array is borrowed until the schedule is no longer used. `count` is at least 1.
 */
void schedule_init(struct schedule *schedule, struct schedule_entry *entries, uint32_t count,
                   uint64_t now_ns);

/* The device that is due first, and when: that may be past. Equal ones go by index. */
uint32_t schedule_next(const struct schedule *schedule, uint64_t *ret_due_ns);

/* The device answered well at `now_ns`. */
void schedule_answered(struct schedule *schedule, uint32_t index, uint64_t now_ns);

/* A poll from `began_ns` to `now_ns` failed. Returns true when the device is given up by it. */
bool schedule_missed(struct schedule *schedule, uint32_t index, uint64_t began_ns, uint64_t now_ns);

/* Try this device at once: what it was missing, its line, is back. Its back-off begins anew. */
void schedule_prompt(struct schedule *schedule, uint32_t index, uint64_t now_ns);

#endif
