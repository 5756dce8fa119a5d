/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_UPLINK_ALARM_BOARD_H
#define GATEWAY_UPLINK_ALARM_BOARD_H

/*
 * The board of alarm states
 *
 * One entry per alarm of the site: its newest state, and whether the broker still has to hear of
 * it. Changes coalesce: an alarm that changes ten times while the line is full is published once,
 * as it stands then. What a broker may hold under an alarm's topic (`held`) is remembered, so that
 * the topic is emptied when the alarm is normal; that includes what an earlier life of this
 * process, or another broker's past, has left there.
 *
 * Pure: the caller publishes, and reports what became of it.
 */

#include "gateway/wire.h"

struct alarm_board_entry {
    struct alarm_record record;
    struct wall taken; /* when the record was */
    struct wall changed;
    double value;
    uint8_t quality;  /* enum quality */
    bool held;        /* the broker may hold a state */
    bool queued;      /* waits to be published */
    bool listed;      /* was in the snapshot that is coming in */
    bool refused;     /* the broker did not take it */
    bool overwritten; /* somebody else has published in its place */
};

struct alarm_board {
    struct alarm_board_entry *entries;
    uint32_t count;
    bool overwritten; /* one of them is */
    bool complete;    /* a whole snapshot has been seen: what is not open is normal */
    uint32_t *queue;  /* ring of `count` indexes: each alarm stands in it at most once */
    uint32_t first, queued;
};

/* Make a board of `count` alarms, all normal. */
NODISCARD int alarm_board_init(struct alarm_board *board, uint32_t count);
void alarm_board_deinit(struct alarm_board *board);

/* Take a state from the engine, or the end of its snapshot. An unknown alarm is ignored. */
void alarm_board_update(struct alarm_board *board, const struct wire_alarm_state *state);

/* The engine was restarted: what its new snapshot does not list is normal. */
void alarm_board_welcome(struct alarm_board *board);

/* A session with a broker has begun: all that is open or may be held is published again. */
void alarm_board_session(struct alarm_board *board);

/* The broker holds a state of `alarm`. */
void alarm_board_held(struct alarm_board *board, uint32_t alarm);

/*
 * Somebody else has published in the place of a state; and publish all such again: by turns, so that whoever does
 * so without end is answered once in each.
 */
void alarm_board_overwritten(struct alarm_board *board, uint32_t alarm);
void alarm_board_mend(struct alarm_board *board);

/* Take the alarm whose state shall be published next; false when none waits. */
bool alarm_board_next(struct alarm_board *board, uint32_t *ret_alarm);

/* Put one back that could not be published. */
void alarm_board_again(struct alarm_board *board, uint32_t alarm);

/* The broker has refused the last publication of `alarm`; and is tried again with all that it refused. */
void alarm_board_refused(struct alarm_board *board, uint32_t alarm);
void alarm_board_resume(struct alarm_board *board);

/* How many states has the broker refused, and not taken since? */
uint32_t alarm_board_unheard(const struct alarm_board *board);

/* Is its state one that is told? Else its topic is empty. A delay that runs is not told. */
bool alarm_board_is_open(const struct alarm_board *board, uint32_t alarm);

/* The broker has taken the last publication of `alarm`. */
void alarm_board_taken(struct alarm_board *board, uint32_t alarm);

#endif
