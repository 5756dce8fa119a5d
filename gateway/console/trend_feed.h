/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_CONSOLE_TREND_FEED_H
#define GATEWAY_CONSOLE_TREND_FEED_H

/*
 * From what the engine says to minutes of history
 *
 * Each value that comes over the wire goes to the board, and when the wall clock enters another minute the
 * one before is cut and handed over. What is not known is a gap: while the engine is away or silent, while
 * this process is not there, and where the wall clock jumps. Minutes are those of the wall clock in UTC,
 * which no time zone moves; how long something stood is measured by instants, which no clock step moves.
 *
 * Event points, whose readings may carry a card's number, have no history, and neither have points
 * beyond TREND_POINTS_MAX.
 */

#include "gateway/console/trend/trend_board.h"
#include "gateway/console/trend/trends.h"
#include "gateway/site.h"
#include "gateway/wire.h"

/* The time, as the loop knows it. */
struct trend_moment {
    struct instant instant;
    struct wall wall;
    uint64_t real_ns;
};

struct trend_feed {
    const struct site *site;
    struct trends *trends; /* NULL: no history is kept */
    uint32_t *columns;     /* by point; RULESET_NONE: it has none */
    uint64_t *ids;         /* by column */
    struct trend_bucket *buckets;
    struct trend_board board;
    int64_t minute;            /* that is being measured, since 1970 */
    bool begun;                /* there is one */
    bool whole;                /* and it began on its border */
    bool connected;            /* the engine has welcomed us, and is not lost */
    struct trend_moment heard; /* the last message */
};

#define TREND_FEED_NULL ((struct trend_feed){.board = {.paused = true}})

/* Start with nothing known. Keeps `site`; the history stands in its state directory. Returns 0 or <0. */
NODISCARD int trend_feed_init(struct trend_feed *feed, const struct site *site,
                              struct event_base *base, trends_answered *answered, void *context);

/* Hand over the minute as far as it is, and end. */
void trend_feed_deinit(struct trend_feed *feed, const struct trend_moment *now);

/* The engine welcomed us, said something, or is gone; and once a second. */
void trend_feed_welcome(struct trend_feed *feed, const struct trend_moment *now);
void trend_feed_receive(struct trend_feed *feed, const struct wire_header *message,
                        const struct trend_moment *now);
void trend_feed_lost(struct trend_feed *feed, const struct trend_moment *now);
void trend_feed_tick(struct trend_feed *feed, const struct trend_moment *now);

/* Has the point a history? Sets what it is known by. */
bool trend_feed_point(const struct trend_feed *feed, uint32_t point, uint64_t *ret_id);

/*
 * Add to the buckets of the point `id`, slots of `step_s` from `first` on, the minute that is being
 * measured.
 */
void trend_feed_add_present(const struct trend_feed *feed, uint64_t id, uint32_t step_s,
                            int64_t first, uint32_t slots, struct trend_bucket *buckets,
                            struct instant now);

#endif
