/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_REPLAY_COMPARISON_H
#define GATEWAY_REPLAY_COMPARISON_H

/*
 * What would have been different
 *
 * Two lists of events from the same inputs. An event of an alarm is the same in both if it is of the
 * same type, or the same step of its chain, at the same time; one that comes at another time within
 * COMPARISON_MOVED has moved, and any other is only in one of them.
 */

#include "gateway/engine/event_json.h"
#include "gateway/replay/rehearsal.h"

/* A delay that was changed moves an event by at most so much; farther apart they are two. */
#define COMPARISON_MOVED_NS (3600 * NS_PER_S)

enum comparison_side { COMPARISON_BEFORE, COMPARISON_AFTER, COMPARISON_SIDES };

enum comparison_kind {
    COMPARISON_ONLY_BEFORE,
    COMPARISON_ONLY_AFTER,
    COMPARISON_MOVED,   /* both, at different times */
    COMPARISON_CHANGED, /* both, at the same time, and they say different things */
};

struct comparison_event {
    char *subject; /* type and alarm (and step), or type and what it is about */
    struct wall wall;
    uint32_t number; /* in its list */
    size_t size;
    char *body; /* a JSON object without sequence (and generation); ends in NUL */
};

struct comparison_list {
    struct comparison_event *events;
    size_t count, room;
};

struct comparison {
    struct comparison_list lists[COMPARISON_SIDES];
    int error; /* <0: memory has ended */
};

struct comparison_difference {
    enum comparison_kind kind;
    const struct comparison_event *before, *after; /* NULL where there is none */
};

/* Add an event that was told. */
void comparison_add(struct comparison *comparison, enum comparison_side side,
                    const struct site *site, const struct core_event *event,
                    const struct event_json *json);

/*
 * Hand out the differences in order of time: that of `after`, if there is one. Returns how many, or <0. Changes the
 * lists' order.
 */
NODISCARD int64_t comparison_run(struct comparison *comparison,
                                 void (*difference)(void *context,
                                                    const struct comparison_difference *difference),
                                 void *context);

void comparison_deinit(struct comparison *comparison);

#endif
