/* SPDX-License-Identifier: Apache-2.0 */
#include "rules/expr_past.h"

/* What is left to the end of a counter's range when it wraps: a small part of it, or it was reset. */
#define WRAP_SHARE 16

/* The age at `now` of a stretch that ended at `until`; UINT64_MAX when there was none. */
static uint64_t past_age_ns(struct instant until, struct instant now) {
    return until.ns == INSTANT_NEVER.ns ? UINT64_MAX : now.ns - until.ns;
}

/*
 * Did a stretch that ended at `until` touch the last `span_ns`? Then the answer changes when it no
 * longer does.
 */
static bool past_is_recent(struct instant until, uint64_t span_ns, struct instant now,
                           struct instant *deadline) {
    uint64_t age_ns = past_age_ns(until, now);
    if (age_ns >= span_ns) {
        return false;
    }
    *deadline = instant_earlier(*deadline, instant_after(now, span_ns - age_ns));
    return true;
}

/*
 * Note the ends of the stretches of a memory of `within` or `since`, and the present truth. What is resumed
 * goes on until somebody says what is so.
 */
static void past_note(struct expr_memory *memory, enum truth truth, struct instant now) {
    if (memory->resumed != 0 && truth == TRUTH_UNKNOWN) {
        return;
    }
    memory->resumed = 0;
    if (memory->now == TRUTH_TRUE) {
        memory->true_until = now;
    } else if (memory->now == TRUTH_UNKNOWN) {
        memory->unknown_until = now;
    }
    memory->now = (uint8_t)truth;
}

enum truth expr_past_within(struct expr_memory *memory, uint64_t span_ns, enum truth truth,
                            struct instant now, struct instant *deadline) {
    if (memory->kind == EXPR_MEMORY_WITHIN) {
        past_note(memory, truth, now);
    } else if (truth == TRUTH_UNKNOWN) {
        return TRUTH_UNKNOWN;
    } else {
        *memory = (struct expr_memory){.true_until = INSTANT_NEVER,
                                       .unknown_until = INSTANT_NEVER,
                                       .now = (uint8_t)truth,
                                       .kind = EXPR_MEMORY_WITHIN};
    }
    if (truth == TRUTH_TRUE || past_is_recent(memory->true_until, span_ns, now, deadline)) {
        return TRUTH_TRUE;
    }
    if (truth == TRUTH_UNKNOWN || past_is_recent(memory->unknown_until, span_ns, now, deadline)) {
        return TRUTH_UNKNOWN;
    }
    return TRUTH_FALSE;
}

/* From what the memory says, up to now, to what is true from now on. */
static void past_hold(struct expr_memory *memory, enum truth truth, struct instant now) {
    bool held = memory->held_from.ns != INSTANT_NEVER.ns;
    if (truth == TRUTH_FALSE) {
        memory->held_from = INSTANT_NEVER;
    } else if (truth == TRUTH_TRUE && !held) {
        memory->held_from = now;
    } else if (truth == TRUTH_TRUE && memory->now == TRUTH_UNKNOWN) {
        memory->held_from.ns += now.ns - memory->frozen_at.ns; /* that time does not count */
    } else if (truth == TRUTH_UNKNOWN && memory->now != TRUTH_UNKNOWN) {
        memory->frozen_at = now;
    }
    memory->now = (uint8_t)truth;
}

enum truth expr_past_held(struct expr_memory *memory, uint64_t span_ns, enum truth truth,
                          struct instant now, struct instant *deadline) {
    if (memory->kind != EXPR_MEMORY_HELD) {
        if (truth == TRUTH_UNKNOWN) {
            return TRUTH_UNKNOWN;
        }
        *memory = (struct expr_memory){
            .held_from = INSTANT_NEVER, .frozen_at = now, .kind = EXPR_MEMORY_HELD};
    }
    past_hold(memory, truth, now);
    uint64_t held_ns = past_age_ns(memory->held_from, now);
    if (truth != TRUTH_TRUE) {
        return truth;
    } else if (held_ns >= span_ns) {
        return TRUTH_TRUE;
    }
    *deadline = instant_earlier(*deadline, instant_after(now, span_ns - held_ns));
    return TRUTH_FALSE;
}

struct expr_moving expr_past_since(struct expr_memory *memory, enum truth truth,
                                   struct instant now) {
    if (memory->kind == EXPR_MEMORY_SINCE) {
        past_note(memory, truth, now);
    } else if (truth == TRUTH_UNKNOWN) {
        return expr_moving_still(expr_range_at_least(0));
    } else {
        *memory = (struct expr_memory){.true_until = INSTANT_NEVER,
                                       .unknown_until = now,
                                       .now = (uint8_t)truth,
                                       .kind = EXPR_MEMORY_SINCE};
    }
    if (truth == TRUTH_TRUE) {
        return expr_moving_still(expr_range_exact(0));
    }
    uint64_t longest_ns = past_age_ns(memory->true_until, now);
    uint64_t unknown_ns = past_age_ns(memory->unknown_until, now);
    uint64_t shortest_ns = truth == TRUTH_UNKNOWN    ? 0
                           : unknown_ns < longest_ns ? unknown_ns
                                                     : longest_ns;
    struct expr_moving since =
        expr_moving_still(expr_range_at_least((double)shortest_ns / (double)NS_PER_S));
    since.slope.low = truth == TRUTH_UNKNOWN ? 0 : 1;
    if (longest_ns != UINT64_MAX) {
        since.range.high = (double)longest_ns / (double)NS_PER_S;
        since.slope.high = 1;
    }
    return since;
}

/* Did a counter that is less now than it was begin at 0 again? A small step down is a wrong reading. */
static bool past_began_again(double was, double is) {
    return is < was / 2;
}

/* How far the counter went on from what it was, when it is that much less now. */
static double past_wrapped(double was, double is) {
    static const double ranges[] = {65536, 4294967296};
    for (unsigned i = 0; i < sizeof ranges / sizeof ranges[0]; i++) {
        double over = ranges[i] - was + is;
        if (was < ranges[i] && over <= ranges[i] / WRAP_SHARE) {
            return over;
        }
    }
    return is;
}

struct expr_range expr_past_counted(struct expr_memory *memory, const struct point_state *point,
                                    bool levelled) {
    bool known = quality_usable((enum quality)point->quality);
    struct expr_memory was = *memory;
    if (memory->kind != EXPR_MEMORY_COUNTED) {
        if (!known) {
            return expr_range_unknown();
        }
        *memory = (struct expr_memory){
            .counter = point->value, .level = point->value, .kind = EXPR_MEMORY_COUNTED};
    } else if (known && (point->value > memory->counter ||
                         past_began_again(memory->counter, point->value))) {
        double more = point->value > memory->counter ? point->value - memory->counter
                                                     : past_wrapped(memory->counter, point->value);
        memory->level = point->value - (memory->counter - memory->level + more);
        memory->counter = point->value;
    }
    if (levelled) {
        memory->counter = known ? point->value : memory->counter;
        memory->level = memory->counter;
    }
    if (was.kind != memory->kind || was.counter != memory->counter || was.level != memory->level) {
        memory->now = was.now == TRUTH_TRUE ? TRUTH_FALSE : TRUTH_TRUE;
    }
    return known ? expr_range_exact(memory->counter - memory->level) : expr_range_unknown();
}
