/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RULES_INSTANT_H
#define RULES_INSTANT_H

/*
 * Instants and wall times
 *
 * An instant is a point on the gateway's monotonic timeline, in nanoseconds since an origin that
 * means nothing. The core never reads a clock: every entry point takes its instant from the caller,
 * so that a test, a replay and the live loop drive the same code. A wall time is what people read;
 * it is carried along and never compared, because it may step.
 *
 * Both are structs, so that adding two of them or mixing them up does not compile. A span is a
 * plain uint64_t whose name ends in its unit: hold_ns, poll_ms.
 */

#include <stdbool.h>
#include <stdint.h>

struct instant {
    uint64_t ns;
};

/* UTC, nanoseconds since 1970-01-01. */
struct wall {
    int64_t ns;
};

/* Later than every reachable instant; the value of a timer that is not running. */
#define INSTANT_NEVER ((struct instant){UINT64_MAX})

#define NS_PER_MS     1000000ull
#define NS_PER_S      1000000000ull

/* Return `from` moved `span_ns` later, or INSTANT_NEVER where that would overflow. */
static inline struct instant instant_after(struct instant from, uint64_t span_ns) {
    return (struct instant){from.ns > UINT64_MAX - span_ns ? UINT64_MAX : from.ns + span_ns};
}

/* Has `deadline` come at `now`? A timer that is not running never comes. */
static inline bool instant_reached(struct instant now, struct instant deadline) {
    return deadline.ns != UINT64_MAX && now.ns >= deadline.ns;
}

/* Return the span from `from` to `to`, or 0 if `to` is not later. */
static inline uint64_t instant_span_ns(struct instant from, struct instant to) {
    return to.ns > from.ns ? to.ns - from.ns : 0;
}

/*
 * An instant to a tenth of a second, in half the room: for the minutes and hours of people's
 * commands, of which every alarm keeps some. 13 years of running fit.
 */
struct moment {
    uint32_t ds;
};

#define NS_PER_DS 100000000ull

/* Later than every reachable moment, likewise. */
#define MOMENT_NEVER ((struct moment){UINT32_MAX})

/* The first moment that is not before `from` moved `span_ns` later; never MOMENT_NEVER. */
static inline struct moment moment_after(struct instant from, uint64_t span_ns) {
    uint64_t ns = instant_after(from, span_ns).ns;
    uint64_t ds = ns / NS_PER_DS + (ns % NS_PER_DS != 0);
    return (struct moment){ds < UINT32_MAX ? (uint32_t)ds : UINT32_MAX - 1};
}

static inline struct instant moment_instant(struct moment moment) {
    return (struct instant){moment.ds == UINT32_MAX ? UINT64_MAX : moment.ds * NS_PER_DS};
}

/* What is left at `now` until `end`, in tenths of a second and never nothing; 0 if it never comes. */
static inline uint32_t moment_left_ds(struct moment end, struct instant now) {
    if (end.ds == MOMENT_NEVER.ds) {
        return 0;
    }
    struct instant span = {instant_span_ns(now, moment_instant(end))};
    uint32_t left_ds = moment_after(span, 0).ds;
    return left_ds > 0 ? left_ds : 1;
}

static inline struct instant instant_earlier(struct instant a, struct instant b) {
    return a.ns < b.ns ? a : b;
}

#endif
