/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_CONSOLE_TREND_TREND_BOARD_H
#define GATEWAY_CONSOLE_TREND_TREND_BOARD_H

/*
 * The board: one meter for each point, running towards the bucket that is to come
 *
 *     unknown ──hear──▶ watched ◀──resume── paused
 *        ▲                │ └─────pause───────▲
 *        └──── forget ────┴──────────────────-┘
 *
 * A value that was heard stands until another one is: but only while somebody would have said so. From
 * pause() to resume() nothing is watched, and after forget() a point is unknown until it is heard again.
 * The time that is not watched is missing in the bucket; no value is put into it.
 *
 * Time is the caller's. An instant that is earlier than one before is taken for that one. Pure, but for
 * the memory at the beginning.
 */

#include "gateway/console/trend/trend_bucket.h"
#include "gateway/err.h"
#include "rules/instant.h"

struct trend_meter {
    double value;          /* the last one that could be trusted */
    double min, max, mean; /* since the last cut; valid if `touched` */
    uint64_t good_ns, watched_ns;
    struct instant counted; /* up to when; valid if `known` */
    uint32_t changes;
    bool known;   /* something was heard of it */
    bool usable;  /* and could be trusted */
    bool touched; /* a value came or stood since the last cut */
};

struct trend_board {
    struct trend_meter *meters;
    uint32_t count;
    bool paused;
};

/* Begin with `count` points, all unknown, and paused. Returns 0 or -ENOMEM. */
NODISCARD int trend_board_init(struct trend_board *board, uint32_t count);
void trend_board_deinit(struct trend_board *board);

/* Point `column` has this value; a value that cannot be trusted is not looked at. Ignored while paused. */
void trend_board_hear(struct trend_board *board, uint32_t column, double value, bool usable,
                      struct instant now);

/* From `at` on nobody says anything, or does so again. Twice is harmless. */
void trend_board_pause(struct trend_board *board, struct instant at);
void trend_board_resume(struct trend_board *board, struct instant now);

/* What was said is void: each point is unknown until it is heard again. */
void trend_board_forget(struct trend_board *board);

/*
 * End the buckets at `now`, write all of them, and begin the next. `whole_ms` is the span if they
 * began and end on its borders, else 0: a clock that is being slewed makes no gaps. Returns false when
 * all are empty.
 */
bool trend_board_cut(struct trend_board *board, struct instant now, uint32_t whole_ms,
                     struct trend_bucket *ret_buckets);

/* The bucket of one point as it is so far. */
struct trend_bucket trend_board_bucket(const struct trend_board *board, uint32_t column,
                                       struct instant now);

#endif
