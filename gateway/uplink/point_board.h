/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_UPLINK_POINT_BOARD_H
#define GATEWAY_UPLINK_POINT_BOARD_H

/*
 * The board of point values
 *
 * One entry per point: its newest value, what was published last, and whether it waits. A value is
 * published when it has moved by the point's deadband since it was last published, when its quality
 * has changed, and every ten minutes; truths and points without a deadband at each change. Values
 * coalesce, so that a slow line carries the newest one and nothing piles up. The ten minutes go
 * round all points in turn, a few at a time, never all at once.
 *
 * Event points have no value to hold (each reading is a moment and may carry a card's number): they
 * are never published here, whatever comes in. Pure; instants come from the caller.
 */

#include "gateway/site.h"
#include "gateway/wire.h"

#define POINT_BOARD_ROUND_NS (600 * NS_PER_S)

struct point_board_entry {
    double value, published;
    struct wall measured;
    uint8_t quality, published_quality;
    bool known; /* a value has come */
    bool said;  /* something was published in this session */
    bool queued;
    bool excluded; /* an event point */
};

struct point_board {
    struct point_board_entry *entries;
    double *deadbands; /* one per point; 0: each change */
    uint32_t count;
    uint32_t *queue; /* ring of `count` indexes */
    uint32_t first, queued;
    uint32_t round;          /* the point that the ten-minute round has come to */
    struct instant round_at; /* when it was there */
};

/* Make a board; `points` and `deadbands` are read once. */
NODISCARD int point_board_init(struct point_board *board, uint32_t count,
                               const struct ruleset_point *points, const double *deadbands,
                               struct instant now);

/* Make one for the points of a site and their deadbands. */
NODISCARD int point_board_init_site(struct point_board *board, const struct site *site,
                                    struct instant now);

void point_board_deinit(struct point_board *board);

/* Take a value from the engine. An unknown point is ignored. */
void point_board_update(struct point_board *board, const struct wire_point_value *value);

/* A session with a broker has begun: all that is known is published again. */
void point_board_session(struct point_board *board);

/* Time has passed: queue those whose ten minutes are over. */
void point_board_tick(struct point_board *board, struct instant now);

/* Take the point whose value shall be published next, and count it as published. */
bool point_board_next(struct point_board *board, uint32_t *ret_point);

/* Put one back that could not be published. */
void point_board_again(struct point_board *board, uint32_t point);

#endif
